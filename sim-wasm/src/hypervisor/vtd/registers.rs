//! Where a unit's registers are in its page, and the fields of those that do something when they are written.
//!
//! Sources: VT-d specification, "Register descriptions"; `xen/drivers/passthrough/vtd/iommu.h`, `DMAR_*_REG` and the fields
//! below each.
//!
//! Not modelled: the registers of protected memory regions, page requests, performance counters and the advanced fault log.

/// Version: major in bits 7:4, minor in bits 3:0.
pub const VER: u16 = 0x00;
/// Capabilities, 64 bits.
pub const CAP: u16 = 0x08;
/// Extended capabilities, 64 bits.
pub const ECAP: u16 = 0x10;
/// Global command.
pub const GCMD: u16 = 0x18;
/// Global status: the same bits, as the unit has done what they say.
pub const GSTS: u16 = 0x1C;
/// Root table, 64 bits; taken over by [`GCMD_SRTP`].
pub const RTADDR: u16 = 0x20;
/// Context command, 64 bits.
pub const CCMD: u16 = 0x28;
/// Fault status.
pub const FSTS: u16 = 0x34;
/// Fault event control.
pub const FECTL: u16 = 0x38;
/// Data of the fault event's message.
pub const FEDATA: u16 = 0x3C;
/// Address of the fault event's message, 64 bits.
pub const FEADDR: u16 = 0x40;
/// Head of the invalidation queue, 64 bits: the offset of the descriptor that is fetched next.
pub const IQH: u16 = 0x80;
/// Tail of the invalidation queue, 64 bits: the offset of the first descriptor that is not there yet.
pub const IQT: u16 = 0x88;
/// Address of the invalidation queue, 64 bits; bits 2:0 are its size, as `2^n` pages.
pub const IQA: u16 = 0x90;
/// Invalidation completion status: bit 0 says that a wait descriptor asked for an event.
pub const ICS: u16 = 0x9C;
/// Invalidation event control.
pub const IECTL: u16 = 0xA0;
/// Data of the invalidation event's message.
pub const IEDATA: u16 = 0xA4;
/// Address of the invalidation event's message, 64 bits.
pub const IEADDR: u16 = 0xA8;
/// Interrupt remapping table, 64 bits; taken over by [`GCMD_SIRTP`].
pub const IRTA: u16 = 0xB8;

/// Translation enable.
pub const GCMD_TE: u32 = 1 << 31;
/// Set root table pointer.
pub const GCMD_SRTP: u32 = 1 << 30;
/// Write buffer flush.
pub const GCMD_WBF: u32 = 1 << 27;
/// Queued invalidation enable.
pub const GCMD_QIE: u32 = 1 << 26;
/// Interrupt remapping enable.
pub const GCMD_IRE: u32 = 1 << 25;
/// Set interrupt remap table pointer.
pub const GCMD_SIRTP: u32 = 1 << 24;
/// Compatibility format interrupts may pass.
pub const GCMD_CFI: u32 = 1 << 23;
/// The bits of GCMD that are states rather than commands: software writes them all each time.
pub const GCMD_STATES: u32 = GCMD_TE | GCMD_QIE | GCMD_IRE | GCMD_CFI;

/// Invalidate context cache; the unit clears it when that is done (ICC).
pub const CCMD_ICC: u64 = 1 << 63;
/// Where the requested granularity is: 1 global, 2 domain, 3 device (CIRG).
pub const CCMD_REQUEST_SHIFT: u32 = 61;
/// Where the granularity that was done is (CAIG).
pub const CCMD_ACTUAL_SHIFT: u32 = 59;

/// Invalidate translations; the unit clears it when that is done (IVT).
pub const IOTLB_IVT: u64 = 1 << 63;
/// Where the requested granularity is: 1 global, 2 domain, 3 page (IIRG).
pub const IOTLB_REQUEST_SHIFT: u32 = 60;
/// Where the granularity that was done is, 0 if none (IAIG).
pub const IOTLB_ACTUAL_SHIFT: u32 = 57;
/// Wait for reads under way (DR).
pub const IOTLB_DRAIN_READS: u64 = 1 << 49;
/// Wait for writes under way (DW).
pub const IOTLB_DRAIN_WRITES: u64 = 1 << 48;

/// Primary fault overflow: a fault was lost. Write one to clear.
pub const FSTS_PFO: u32 = 1;
/// Primary pending fault: some record holds a fault. Read only.
pub const FSTS_PPF: u32 = 1 << 1;
/// Invalidation queue error: the queue stands. Write one to clear.
pub const FSTS_IQE: u32 = 1 << 4;
/// Invalidation completion error and time-out error. Write one to clear.
pub const FSTS_ICE_ITE: u32 = 3 << 5;
/// Where the index of the first pending record is (FRI, bits 15:8).
pub const FSTS_FRI_SHIFT: u32 = 8;

/// Bit 31 of FECTL and IECTL: no message is sent.
pub const EVENT_MASKED: u32 = 1 << 31;
/// Bit 30 of FECTL and IECTL: a message would have been sent.
pub const EVENT_PENDING: u32 = 1 << 30;

/// Bytes of a fault record.
pub const FRCD_SIZE: u16 = 16;
/// Bit 127 of a fault record, in its upper half: it holds a fault (F). Write one to clear.
pub const FRCD_F: u64 = 1 << 63;
/// Bit 126 of a fault record, in its upper half: the request was a read (T).
pub const FRCD_READ: u64 = 1 << 62;
/// Where the reason is, in a fault record's upper half.
pub const FRCD_REASON_SHIFT: u32 = 32;

/// Bit 11 of IRTA: 32-bit numbers of processors (EIME).
pub const IRTA_EIME: u64 = 1 << 11;
