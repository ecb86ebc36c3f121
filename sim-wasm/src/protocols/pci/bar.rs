//! Base address registers: what the low bits say, how software learns a size, and which addresses a function answers.
//!
//! ```text
//!   bit 0 = 1: I/O      31:2 address
//!   bit 0 = 0: memory   31:4 address, 3 prefetchable, 2:1 = 00 for 32 bits, 10 for 64: the next register is the upper half
//!   ROM                 31:11 address, 0 enable
//! ```
//!
//! A register keeps only the address bits above its size, so ones that are written to it read back as the size's two's
//! complement beside the type bits. [`probe`] does to hardware what systems do, [`Sizing::of`] reads the answer.
//!
//! Not modelled: memory below 1 MiB (type 01), and resizable BARs.

use crate::protocols::pci::config::{ConfigSpace, Width};
use crate::protocols::pci::registers::{
    PCI_BASE_ADDRESS_0, PCI_COMMAND, PCI_COMMAND_IO, PCI_COMMAND_MEMORY, PCI_ROM_ADDRESS,
};

/// A BAR of I/O space has this bit.
pub const PCI_BASE_ADDRESS_SPACE_IO: u32 = 1;
/// The type of a memory BAR.
pub const PCI_BASE_ADDRESS_MEM_TYPE_MASK: u32 = 6;
/// The type of a memory BAR with a second register for its upper half.
pub const PCI_BASE_ADDRESS_MEM_TYPE_64: u32 = 4;
/// Reads of a memory BAR have no side effects.
pub const PCI_BASE_ADDRESS_MEM_PREFETCH: u32 = 8;
/// The address bits of a memory BAR.
pub const PCI_BASE_ADDRESS_MEM_MASK: u32 = !0xF;
/// The address bits of an I/O BAR.
pub const PCI_BASE_ADDRESS_IO_MASK: u32 = !3;
/// The ROM answers.
pub const PCI_ROM_ADDRESS_ENABLE: u32 = 1;
/// The address bits of the ROM's BAR.
pub const PCI_ROM_ADDRESS_MASK: u32 = !0x7FF;

/// A place for a base address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BarPlace {
    /// One of the six, from 0.
    Bar(u8),
    /// The ROM's.
    Rom,
}

impl BarPlace {
    /// Its number among a function's resources: the ROM's is the one behind the six (`PCI_ROM_RESOURCE`).
    #[must_use]
    pub const fn index(self) -> u8 {
        match self {
            BarPlace::Bar(index) => index,
            BarPlace::Rom => 6,
        }
    }

    /// Where the register lies.
    #[must_use]
    pub const fn offset(self) -> u16 {
        match self {
            BarPlace::Bar(index) => PCI_BASE_ADDRESS_0 + 4 * index as u16,
            BarPlace::Rom => PCI_ROM_ADDRESS,
        }
    }
}

/// What a BAR is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BarKind {
    /// I/O ports.
    Io,
    /// Memory below 4 GiB.
    Memory32 {
        /// Whether reads have no side effects.
        prefetchable: bool,
    },
    /// Memory anywhere.
    Memory64 {
        /// Whether reads have no side effects.
        prefetchable: bool,
    },
    /// The expansion ROM.
    Rom,
}

impl BarKind {
    /// The bits that no write changes.
    #[must_use]
    pub const fn type_bits(self) -> u32 {
        match self {
            BarKind::Io => PCI_BASE_ADDRESS_SPACE_IO,
            BarKind::Memory32 { prefetchable } => prefetch_bit(prefetchable),
            BarKind::Memory64 { prefetchable } => PCI_BASE_ADDRESS_MEM_TYPE_64 | prefetch_bit(prefetchable),
            BarKind::Rom => 0,
        }
    }

    /// The bits below the address.
    #[must_use]
    pub const fn low_bits(self) -> u32 {
        match self {
            BarKind::Io => !PCI_BASE_ADDRESS_IO_MASK,
            BarKind::Memory32 { .. } | BarKind::Memory64 { .. } => !PCI_BASE_ADDRESS_MEM_MASK,
            BarKind::Rom => !PCI_ROM_ADDRESS_MASK,
        }
    }

    /// The smallest size that leaves room for the low bits.
    #[must_use]
    pub const fn least_size(self) -> u64 {
        self.low_bits() as u64 + 1
    }

    /// Whether the next register is this one's upper half.
    #[must_use]
    pub const fn is_64(self) -> bool {
        matches!(self, BarKind::Memory64 { .. })
    }

    /// Whether it is for ports.
    #[must_use]
    pub const fn is_io(self) -> bool {
        matches!(self, BarKind::Io)
    }

    /// What the low bits of a register's value say.
    #[must_use]
    pub const fn of(place: BarPlace, value: u32) -> BarKind {
        if matches!(place, BarPlace::Rom) {
            return BarKind::Rom;
        }
        let prefetchable = value & PCI_BASE_ADDRESS_MEM_PREFETCH != 0;
        if value & PCI_BASE_ADDRESS_SPACE_IO != 0 {
            BarKind::Io
        } else if value & PCI_BASE_ADDRESS_MEM_TYPE_MASK == PCI_BASE_ADDRESS_MEM_TYPE_64 {
            BarKind::Memory64 { prefetchable }
        } else {
            BarKind::Memory32 { prefetchable }
        }
    }
}

const fn prefetch_bit(prefetchable: bool) -> u32 {
    if prefetchable { PCI_BASE_ADDRESS_MEM_PREFETCH } else { 0 }
}

/// What came back when ones were written to a BAR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizing {
    /// What the BAR is for.
    pub kind: BarKind,
    /// How many bytes it is for.
    pub size: u64,
}

impl Sizing {
    /// Reads an answer; `high` is the next register's, which counts only for 64 bits. Nothing if there is no BAR. A BAR of 64
    /// bits and at least 4 GiB answers with type bits alone in its lower half.
    #[must_use]
    pub fn of(place: BarPlace, low: u32, high: u32) -> Option<Sizing> {
        let kind = BarKind::of(place, low);
        let address = u64::from(low & !kind.low_bits());
        if kind.is_64() {
            let mask = address | u64::from(high) << 32;
            return (mask != 0).then(|| Sizing { kind, size: mask & mask.wrapping_neg() });
        }
        (address != 0).then(|| Sizing { kind, size: address & address.wrapping_neg() })
    }
}

/// A stretch of addresses that a function answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// By which BAR.
    pub place: BarPlace,
    /// Ports or memory.
    pub kind: BarKind,
    /// The first address.
    pub base: u64,
    /// How many.
    pub size: u64,
}

impl Region {
    /// Whether an address lies in it.
    #[must_use]
    pub const fn contains(&self, address: u64) -> bool {
        address >= self.base && address - self.base < self.size
    }
}

/// What a system does to learn a BAR (`__pci_read_base`): decoding off, all ones (for a ROM all but the enable bit), read,
/// and everything as it was.
pub fn probe(config: &mut ConfigSpace, place: BarPlace) -> Option<Sizing> {
    let command = config.command();
    let quiet = command & !(PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
    config.write(PCI_COMMAND, Width::Word, u32::from(quiet));
    let ones = if place == BarPlace::Rom { !PCI_ROM_ADDRESS_ENABLE } else { u32::MAX };
    let low = write_and_read(config, place.offset(), ones);
    let high = match place {
        BarPlace::Bar(index) if index < 5 && BarKind::of(place, low).is_64() => {
            write_and_read(config, place.offset() + 4, u32::MAX)
        }
        BarPlace::Bar(_) | BarPlace::Rom => 0,
    };
    config.write(PCI_COMMAND, Width::Word, u32::from(command));
    Sizing::of(place, low, high)
}

fn write_and_read(config: &mut ConfigSpace, offset: u16, ones: u32) -> u32 {
    let saved = config.read_u32(offset);
    config.write(offset, Width::Dword, ones);
    let answer = config.read_u32(offset);
    config.write(offset, Width::Dword, saved);
    answer
}

/// What a BAR of a type-0 header stands for, whether or not decoding is on; nothing for none and for an upper half. The size
/// is read off the write mask, as the hardware itself knows it.
#[must_use]
pub fn region(config: &ConfigSpace, place: BarPlace) -> Option<Region> {
    region_among(config, PCI_BASE_ADDRESS_0, place)
}

/// The same for six registers that begin anywhere; the ROM's is where it always is.
pub(crate) fn region_among(config: &ConfigSpace, first: u16, place: BarPlace) -> Option<Region> {
    let offset = match place {
        BarPlace::Bar(index) if is_upper_half_among(config, first, index) => return None,
        BarPlace::Bar(index) => first + 4 * u16::from(index),
        BarPlace::Rom => PCI_ROM_ADDRESS,
    };
    let low = config.read_u32(offset);
    let kind = BarKind::of(place, low);
    let mask = |offset| config.writable(offset, Width::Dword);
    let sizing = Sizing::of(place, kind.type_bits() | (mask(offset) & !kind.low_bits()), mask(offset + 4))?;
    let high = if kind.is_64() { u64::from(config.read_u32(offset + 4)) << 32 } else { 0 };
    Some(Region { place, kind, base: u64::from(low & !kind.low_bits()) | high, size: sizing.size })
}

/// Whether a register holds the upper half of the one before it.
#[must_use]
pub fn is_upper_half(config: &ConfigSpace, place: BarPlace) -> bool {
    match place {
        BarPlace::Bar(index) => is_upper_half_among(config, PCI_BASE_ADDRESS_0, index),
        BarPlace::Rom => false,
    }
}

fn is_upper_half_among(config: &ConfigSpace, first: u16, index: u8) -> bool {
    let mut at = 0;
    while at < index {
        let low = config.read_u32(first + 4 * u16::from(at));
        at += 1 + u8::from(BarKind::of(BarPlace::Bar(at), low).is_64());
    }
    at > index
}

/// The regions of all BARs, whether or not decoding is on.
pub fn regions(config: &ConfigSpace) -> impl Iterator<Item = Region> {
    let places = (0..6).map(BarPlace::Bar).chain([BarPlace::Rom]);
    places.filter_map(|place| region(config, place))
}

/// The regions that the function answers now: decoding is on, and for a ROM its own bit too.
pub fn decoded(config: &ConfigSpace) -> impl Iterator<Item = Region> {
    let rom_on = config.read_u32(PCI_ROM_ADDRESS) & PCI_ROM_ADDRESS_ENABLE != 0;
    regions(config).filter(move |region| match region.kind {
        BarKind::Io => config.decodes_io(),
        BarKind::Memory32 { .. } | BarKind::Memory64 { .. } => config.decodes_memory(),
        BarKind::Rom => config.decodes_memory() && rom_on,
    })
}
