//! Why a request was blocked: the codes that a unit writes into its fault records.
//!
//! Sources: VT-d specification, appendix "Fault reason encodings"; `xen/drivers/passthrough/vtd/utils.c` and
//! `vtd/iommu.c`, `dma_remap_fault_reasons`, `intr_remap_fault_reasons`.
//!
//! Not modelled: codes of scalable mode.

/// A fault, with its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Fault {
    /// The bus has no context table.
    RootNotPresent = 0x1,
    /// The function has no tables.
    ContextNotPresent = 0x2,
    /// The context entry makes no sense in this unit, or its uppermost table cannot be read.
    ContextInvalid = 0x3,
    /// The address has more bits than the tables or the unit look up.
    AddressBeyondLimit = 0x4,
    /// An entry on the way lets no write pass. An empty one lets none.
    WriteDenied = 0x5,
    /// An entry on the way lets no read pass. An empty one lets none.
    ReadDenied = 0x6,
    /// A table below the uppermost cannot be read.
    TableUnreadable = 0x7,
    /// The root table cannot be read.
    RootTableUnreadable = 0x8,
    /// The context table cannot be read.
    ContextTableUnreadable = 0x9,
    /// The root entry has reserved bits set.
    RootReserved = 0xA,
    /// The context entry has reserved bits set.
    ContextReserved = 0xB,
    /// A second-level entry has reserved bits set.
    PteReserved = 0xC,
    /// The context entry lets no requests pass that the device translated itself.
    RequestTypeBlocked = 0xD,
    /// An interrupt request has reserved bits set.
    InterruptReserved = 0x20,
    /// An interrupt request names an entry beyond the table.
    InterruptIndexTooLarge = 0x21,
    /// An interrupt request names an entry that is not present.
    InterruptNotPresent = 0x22,
    /// The interrupt remapping table, or a vCPU's descriptor that an entry of it names, is not in memory.
    InterruptTableUnreadable = 0x23,
    /// The interrupt remapping entry has reserved bits set.
    InterruptEntryReserved = 0x24,
    /// An interrupt request has the old format, which is blocked.
    CompatibilityBlocked = 0x25,
    /// An interrupt request is not from the function to which the entry belongs.
    SourceMismatch = 0x26,
}

impl Fault {
    /// Every fault, by code.
    pub const ALL: [Fault; 20] = [
        Fault::RootNotPresent,
        Fault::ContextNotPresent,
        Fault::ContextInvalid,
        Fault::AddressBeyondLimit,
        Fault::WriteDenied,
        Fault::ReadDenied,
        Fault::TableUnreadable,
        Fault::RootTableUnreadable,
        Fault::ContextTableUnreadable,
        Fault::RootReserved,
        Fault::ContextReserved,
        Fault::PteReserved,
        Fault::RequestTypeBlocked,
        Fault::InterruptReserved,
        Fault::InterruptIndexTooLarge,
        Fault::InterruptNotPresent,
        Fault::InterruptTableUnreadable,
        Fault::InterruptEntryReserved,
        Fault::CompatibilityBlocked,
        Fault::SourceMismatch,
    ];

    /// The code, as it stands in a fault record.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The fault of a code.
    #[must_use]
    pub fn of_code(code: u8) -> Option<Fault> {
        Fault::ALL.into_iter().find(|fault| fault.code() == code)
    }

    /// Whether an entry's FPD bit keeps it from being recorded. What goes wrong before there is an entry to ask is always
    /// recorded.
    #[must_use]
    pub const fn is_qualified(self) -> bool {
        match self {
            Fault::RootNotPresent
            | Fault::RootTableUnreadable
            | Fault::ContextTableUnreadable
            | Fault::RootReserved
            | Fault::InterruptReserved
            | Fault::InterruptIndexTooLarge
            | Fault::InterruptTableUnreadable
            | Fault::CompatibilityBlocked => false,
            Fault::ContextNotPresent
            | Fault::ContextInvalid
            | Fault::AddressBeyondLimit
            | Fault::WriteDenied
            | Fault::ReadDenied
            | Fault::TableUnreadable
            | Fault::ContextReserved
            | Fault::PteReserved
            | Fault::RequestTypeBlocked
            | Fault::InterruptNotPresent
            | Fault::InterruptEntryReserved
            | Fault::SourceMismatch => true,
        }
    }

    /// Whether it is about an interrupt request.
    #[must_use]
    pub const fn is_interrupt(self) -> bool {
        self as u8 >= 0x20
    }
}
