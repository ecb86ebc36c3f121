//! The tables that a remapping unit reads, entry by entry, with the bits of VT-d's legacy mode.
//!
//! ```text
//!   root table                context table             second-level tables
//!   256 × 16 bytes, by bus ─> 256 × 16 bytes, by devfn ─> 512 × 8 bytes a level ─> frame
//! ```
//!
//! Sources: *Intel Virtualization Technology for Directed I/O, Architecture Specification*, chapter "Translation
//! structure formats"; `xen/drivers/passthrough/vtd/iommu.h`, `struct root_entry`, `struct context_entry`, `struct dma_pte`.
//!
//! Not modelled: scalable mode with its process address spaces, extended root entries, first-level tables, and accessed and
//! dirty bits.

use crate::hypervisor::memory::Memory;
use crate::hypervisor::page::Page;
use crate::words::ids::Mfn;

/// Bits of an address within a page.
pub const PAGE_SHIFT: u8 = 12;

/// Bits of an address that each level of tables looks up (`LEVEL_STRIDE`).
pub const LEVEL_STRIDE: u8 = 9;

/// Bytes of a root or a context entry.
pub const ENTRY_SIZE: usize = 16;

/// Bytes of an entry of a second-level table.
pub const PTE_SIZE: usize = 8;

/// Bit 0 of a root or context entry: the entry is present.
pub const PRESENT: u64 = 1;

/// Bit 1 of a context entry: faults behind it are not recorded (FPD).
pub const FAULT_PROCESSING_DISABLE: u64 = 1 << 1;

/// Bits 63:12 of any entry: where what it names begins.
pub const ADDRESS_MASK: u64 = !0xFFF;

/// Bits 3:2 of a context entry.
const TRANSLATION_TYPE_SHIFT: u32 = 2;

/// Bits 11:4 of a context entry, which must be zero.
const CONTEXT_RESERVED_LOW: u64 = 0xFF0;

/// Bit 7 and bits 63:24 of a context entry's upper half, which must be zero.
const CONTEXT_RESERVED_HIGH: u64 = 0xFFFF_FFFF_FF00_0080;

/// Bits 11:1 of a root entry, which must be zero, as must its upper half.
const ROOT_RESERVED_LOW: u64 = 0xFFE;

/// Bit 0 of a second-level entry: reads may pass (`DMA_PTE_READ`).
pub const PTE_READ: u64 = 1;

/// Bit 1 of a second-level entry: writes may pass (`DMA_PTE_WRITE`).
pub const PTE_WRITE: u64 = 1 << 1;

/// Bit 7 of a second-level entry: at level 2 it maps 2 MiB, at level 3 it maps 1 GiB (`DMA_PTE_SP`).
pub const PTE_SUPERPAGE: u64 = 1 << 7;

/// Bit 11 of a second-level entry that maps a page: the access snoops caches (`DMA_PTE_SNP`).
pub const PTE_SNOOP: u64 = 1 << 11;

/// Bits 51:12 of a second-level entry.
pub const PTE_ADDRESS: u64 = 0x000F_FFFF_FFFF_F000;

/// Bit 62 of a second-level entry, for devices that cache translations; reserved in a unit without such.
const PTE_TRANSIENT: u64 = 1 << 62;

/// The number by which a unit tells domains apart: what cached translations are tagged with. Xen's own domain numbers are
/// others; one domain may have another number in each unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Did(pub u16);

/// What a context entry does with requests (TT).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TranslationType {
    /// Untranslated requests are looked up; others are blocked (0).
    MultiLevel,
    /// Untranslated requests are looked up, those that the device translated itself pass (1).
    DeviceIotlb,
    /// Untranslated requests pass as they are (2).
    PassThrough,
}

/// An entry of the root table, for one bus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RootEntry {
    /// Bits 63:0.
    pub low: u64,
    /// Bits 127:64.
    pub high: u64,
}

impl RootEntry {
    /// An entry that names a context table.
    #[must_use]
    pub const fn new(context_table: Mfn) -> RootEntry {
        RootEntry { low: address_of(context_table) | PRESENT, high: 0 }
    }

    /// The entry of a bus.
    #[must_use]
    pub fn read(table: &Page, bus: u8) -> RootEntry {
        let offset = usize::from(bus) * ENTRY_SIZE;
        RootEntry { low: table.read_u64(offset), high: table.read_u64(offset + 8) }
    }

    /// Writes the entry of a bus.
    pub fn write(self, table: &mut Page, bus: u8) {
        write_halves(table, bus, self.low, self.high);
    }

    /// Whether it names a context table.
    #[must_use]
    pub const fn is_present(self) -> bool {
        self.low & PRESENT != 0
    }

    /// Where the context table is.
    #[must_use]
    pub const fn context_table(self) -> u64 {
        self.low & ADDRESS_MASK
    }

    /// Whether bits are set that must not be, in a machine whose addresses have so many bits.
    #[must_use]
    pub const fn has_reserved_bits(self, host_width: u8) -> bool {
        self.low & (ROOT_RESERVED_LOW | beyond(host_width)) != 0 || self.high != 0
    }
}

/// An entry of a context table, for one function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContextEntry {
    /// Bits 63:0.
    pub low: u64,
    /// Bits 127:64.
    pub high: u64,
}

impl ContextEntry {
    /// An entry through whose tables requests are looked up; `levels` is 3, 4 or 5.
    #[must_use]
    pub const fn new(table: Mfn, levels: u8, did: Did) -> ContextEntry {
        ContextEntry { low: address_of(table) | PRESENT, high: (did.0 as u64) << 8 | (levels as u64 - 2) }
    }

    /// An entry that lets requests pass as they are.
    #[must_use]
    pub const fn pass_through(levels: u8, did: Did) -> ContextEntry {
        ContextEntry { low: PRESENT | 2 << TRANSLATION_TYPE_SHIFT, high: (did.0 as u64) << 8 | (levels as u64 - 2) }
    }

    /// The entry of a device and function.
    #[must_use]
    pub fn read(table: &Page, devfn: u8) -> ContextEntry {
        let offset = usize::from(devfn) * ENTRY_SIZE;
        ContextEntry { low: table.read_u64(offset), high: table.read_u64(offset + 8) }
    }

    /// Writes the entry of a device and function, both halves at once.
    pub fn write(self, table: &mut Page, devfn: u8) {
        write_halves(table, devfn, self.low, self.high);
    }

    /// Whether the function has tables.
    #[must_use]
    pub const fn is_present(self) -> bool {
        self.low & PRESENT != 0
    }

    /// Whether faults behind it are recorded.
    #[must_use]
    pub const fn records_faults(self) -> bool {
        self.low & FAULT_PROCESSING_DISABLE == 0
    }

    /// What it does with requests; nothing for the value 3, which has no meaning.
    #[must_use]
    pub const fn translation_type(self) -> Option<TranslationType> {
        match self.low >> TRANSLATION_TYPE_SHIFT & 3 {
            0 => Some(TranslationType::MultiLevel),
            1 => Some(TranslationType::DeviceIotlb),
            2 => Some(TranslationType::PassThrough),
            _ => None,
        }
    }

    /// Where its uppermost second-level table is.
    #[must_use]
    pub const fn table(self) -> u64 {
        self.low & ADDRESS_MASK
    }

    /// The field AW: levels of tables less two.
    #[must_use]
    pub const fn address_width(self) -> u8 {
        (self.high & 7) as u8
    }

    /// How many levels of tables it has.
    #[must_use]
    pub const fn levels(self) -> u8 {
        self.address_width() + 2
    }

    /// What the unit tags its translations with.
    #[must_use]
    pub const fn did(self) -> Did {
        Did((self.high >> 8) as u16)
    }

    /// Whether bits are set that must not be, in a machine whose addresses have so many bits.
    #[must_use]
    pub const fn has_reserved_bits(self, host_width: u8) -> bool {
        self.low & (CONTEXT_RESERVED_LOW | beyond(host_width)) != 0 || self.high & CONTEXT_RESERVED_HIGH != 0
    }
}

/// An entry of a second-level table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pte(pub u64);

impl Pte {
    /// An entry for a frame or a further table, with these permission and size bits.
    #[must_use]
    pub const fn new(frame: Mfn, bits: u64) -> Pte {
        Pte(address_of(frame) | bits)
    }

    /// The entry at an index below 512.
    #[must_use]
    #[inline]
    pub fn read(table: &Page, index: u16) -> Pte {
        Pte(table.read_u64(usize::from(index) * PTE_SIZE))
    }

    /// Whether anything may pass: no single bit says so.
    #[must_use]
    pub const fn is_present(self) -> bool {
        self.0 & (PTE_READ | PTE_WRITE) != 0
    }

    /// Where the table or page that it names begins.
    #[must_use]
    pub const fn address(self) -> u64 {
        self.0 & PTE_ADDRESS
    }

    /// The frame in which that is; Xen names none that do not fit.
    #[must_use]
    pub const fn frame(self) -> Mfn {
        Mfn((self.address() >> PAGE_SHIFT) as u32)
    }

    /// Whether it maps a page at this level, rather than name a further table.
    #[must_use]
    pub const fn is_leaf(self, level: u8) -> bool {
        level == 1 || self.0 & PTE_SUPERPAGE != 0
    }

    /// Whether bits are set that must not be at this level. Bits 63, 61:52 are ignored, of the low ones all but the snoop bit
    /// and the size bit; a superpage begins at a multiple of its size.
    #[must_use]
    pub const fn has_reserved_bits(self, level: u8, rules: PteRules) -> bool {
        let mut reserved = (beyond(rules.host_width) & PTE_ADDRESS) | (PTE_SNOOP & !rules.leaf_bits);
        let leaf = self.is_leaf(level);
        if !leaf {
            reserved |= PTE_SNOOP;
        }
        if rules.leaf_bits & PTE_TRANSIENT == 0 || !leaf {
            reserved |= PTE_TRANSIENT;
        }
        if level > 1 && leaf {
            let allowed = matches!((level, rules.superpages), (2, 1 | 3) | (3, 2 | 3));
            reserved |= if allowed { page_mask(level) & PTE_ADDRESS } else { PTE_SUPERPAGE };
        }
        self.0 & reserved != 0
    }
}

/// What decides which bits of a second-level entry are reserved; a unit's registers say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PteRules {
    /// Bits of the machine's addresses.
    pub host_width: u8,
    /// Bit 0: 2 MiB pages; bit 1: 1 GiB pages (CAP 35:34).
    pub superpages: u8,
    /// The snoop bit, the transient bit, both or none: what an entry that maps a page may have.
    pub leaf_bits: u64,
}

impl PteRules {
    /// The bits that a leaf may have beyond the rest, from whether the unit controls snooping and knows devices' caches.
    #[must_use]
    pub const fn leaf_bits(snoop: bool, device_iotlb: bool) -> u64 {
        let snoop = if snoop { PTE_SNOOP } else { 0 };
        if device_iotlb { snoop | PTE_TRANSIENT } else { snoop }
    }
}

/// The lowest bit of an address that a level looks up: 12 at level 1, 21 at level 2.
#[must_use]
pub const fn level_shift(level: u8) -> u8 {
    PAGE_SHIFT + LEVEL_STRIDE * (level - 1)
}

/// The bits of an address below what a level looks up.
#[must_use]
pub const fn page_mask(level: u8) -> u64 {
    (1 << level_shift(level)) - 1
}

/// Which entry of a table of this level an address leads to.
#[must_use]
pub const fn level_index(address: u64, level: u8) -> u16 {
    (address >> level_shift(level) & 0x1FF) as u16
}

/// Bits of an address that so many levels of tables look up, with those within the page.
#[must_use]
pub const fn width_of(levels: u8) -> u8 {
    PAGE_SHIFT + LEVEL_STRIDE * levels
}

/// Where a frame begins.
#[must_use]
pub const fn address_of(frame: Mfn) -> u64 {
    (frame.0 as u64) << PAGE_SHIFT
}

/// The frame that has an address, if it can have a number.
#[must_use]
#[inline]
pub const fn frame_of(address: u64) -> Option<Mfn> {
    let number = address >> PAGE_SHIFT;
    if number <= u32::MAX as u64 { Some(Mfn(number as u32)) } else { None }
}

/// The table that begins at an address, if there is memory.
#[inline]
pub(crate) fn table_at(memory: &Memory, address: u64) -> Option<&Page> {
    memory.bus_page(frame_of(address)?)
}

/// The two halves of an entry of 16 bytes.
fn write_halves(table: &mut Page, index: u8, low: u64, high: u64) {
    let offset = usize::from(index) * ENTRY_SIZE;
    table.write_u64(offset, low);
    table.write_u64(offset + 8, high);
}

/// All bits of an address from this one on.
const fn beyond(width: u8) -> u64 {
    if width >= 64 { 0 } else { !0 << width }
}
