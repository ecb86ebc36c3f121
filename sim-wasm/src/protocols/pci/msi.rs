//! Message signalled interrupts in a config space: which message a vector is, if any leaves.
//!
//! ```text
//!   +2 control: 0 enable, 3:1 log2 of vectors wanted, 6:4 log2 of vectors given, 7 64 bits, 8 masks
//!   +4 address low    +8 data                    without 64 bits
//!   +4 address low    +8 address high   +c data  with 64 bits
//!   then, on the next dword, mask and pending bits, if it has masks
//! ```
//!
//! A vector's number is put into the data's low bits. A message is a memory write of the function's, so it needs bus
//! mastering as any other.
//!
//! Not modelled: messages elsewhere than into the processors' window; whoever takes a [`Message`] knows.

use crate::hypervisor::message::Message;
use crate::protocols::pci::config::{ConfigSpace, Width};
use crate::protocols::pci::registers::PCI_CAP_ID_MSI;

/// Control, two bytes.
pub const PCI_MSI_FLAGS: u16 = 2;
/// Control: on.
pub const PCI_MSI_FLAGS_ENABLE: u16 = 1 << 0;
/// Control: log2 of the vectors wanted.
pub const PCI_MSI_FLAGS_QMASK: u16 = 7 << 1;
/// Control: log2 of the vectors given.
pub const PCI_MSI_FLAGS_QSIZE: u16 = 7 << 4;
/// Control: addresses of 64 bits.
pub const PCI_MSI_FLAGS_64BIT: u16 = 1 << 7;
/// Control: a mask bit for each vector.
pub const PCI_MSI_FLAGS_MASKBIT: u16 = 1 << 8;
/// Address, lower half.
pub const PCI_MSI_ADDRESS_LO: u16 = 4;
/// Address, upper half, with 64 bits only.
pub const PCI_MSI_ADDRESS_HI: u16 = 8;

/// What a function's MSI capability looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MsiShape {
    /// Log2 of the vectors that it wants, at most 5.
    pub vectors_log2: u8,
    /// Whether its address has 64 bits.
    pub is_64: bool,
    /// Whether vectors can be masked one by one.
    pub has_masks: bool,
}

impl MsiShape {
    /// Where the data lies, from the capability on.
    #[must_use]
    pub const fn data(self) -> u16 {
        if self.is_64 { 12 } else { 8 }
    }

    /// Where the mask bits lie, if there are any.
    #[must_use]
    pub const fn mask(self) -> Option<u16> {
        if self.has_masks { Some(self.data() + 4) } else { None }
    }

    /// Bytes of the capability.
    #[must_use]
    pub const fn size(self) -> u16 {
        self.data() + if self.has_masks { 12 } else { 2 }
    }

    /// Reads it off a control register.
    #[must_use]
    pub const fn of(flags: u16) -> MsiShape {
        MsiShape {
            vectors_log2: ((flags & PCI_MSI_FLAGS_QMASK) >> 1) as u8,
            is_64: flags & PCI_MSI_FLAGS_64BIT != 0,
            has_masks: flags & PCI_MSI_FLAGS_MASKBIT != 0,
        }
    }

    /// A control register with this shape, off and with one vector given.
    #[must_use]
    pub const fn flags(self) -> u16 {
        let wide = if self.is_64 { PCI_MSI_FLAGS_64BIT } else { 0 };
        let masks = if self.has_masks { PCI_MSI_FLAGS_MASKBIT } else { 0 };
        (self.vectors_log2 as u16) << 1 | wide | masks
    }
}

/// A function's MSI capability as its registers stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Msi {
    /// Where the capability lies.
    pub at: u16,
    /// What it looks like.
    pub shape: MsiShape,
    /// Whether it is on.
    pub enabled: bool,
    /// Log2 of the vectors that it was given.
    pub given_log2: u8,
    /// What vector 0 sends.
    pub message: Message,
    /// A bit for each vector that is held back.
    pub masked: u32,
}

impl Msi {
    /// Reads the capability; nothing if there is none.
    #[must_use]
    pub fn of(config: &ConfigSpace) -> Option<Msi> {
        let at = config.find_capability(PCI_CAP_ID_MSI)?;
        let flags = config.read_u16(at + PCI_MSI_FLAGS);
        let shape = MsiShape::of(flags);
        let high = if shape.is_64 { config.read_u32(at + PCI_MSI_ADDRESS_HI) } else { 0 };
        let address = u64::from(high) << 32 | u64::from(config.read_u32(at + PCI_MSI_ADDRESS_LO));
        Some(Msi {
            at,
            shape,
            enabled: flags & PCI_MSI_FLAGS_ENABLE != 0,
            given_log2: ((flags & PCI_MSI_FLAGS_QSIZE) >> 4) as u8,
            message: Message { address, data: config.read_u16(at + shape.data()).into() },
            masked: shape.mask().map_or(0, |mask| config.read_u32(at + mask)),
        })
    }

    /// Sets the capability to a message and turns it on, as the system that owns the interrupt does.
    pub fn program(config: &mut ConfigSpace, message: Message, given_log2: u8) {
        let Some(Msi { at, shape, .. }) = Msi::of(config) else { return };
        config.write(at + PCI_MSI_ADDRESS_LO, Width::Dword, message.address as u32);
        if shape.is_64 {
            config.write(at + PCI_MSI_ADDRESS_HI, Width::Dword, (message.address >> 32) as u32);
        }
        config.write(at + shape.data(), Width::Word, message.data);
        let flags = config.read_u16(at + PCI_MSI_FLAGS) & !PCI_MSI_FLAGS_QSIZE;
        let flags = flags | u16::from(given_log2.min(shape.vectors_log2)) << 4 | PCI_MSI_FLAGS_ENABLE;
        config.write(at + PCI_MSI_FLAGS, Width::Word, flags.into());
    }

    /// Turns the capability on or off.
    pub fn enable(config: &mut ConfigSpace, enable: bool) {
        let Some(at) = config.find_capability(PCI_CAP_ID_MSI) else { return };
        let flags = config.read_u16(at + PCI_MSI_FLAGS) & !PCI_MSI_FLAGS_ENABLE;
        let enable = if enable { PCI_MSI_FLAGS_ENABLE } else { 0 };
        config.write(at + PCI_MSI_FLAGS, Width::Word, (flags | enable).into());
    }

    /// The function wants attention by a vector; what leaves it. A masked vector is noted as pending.
    pub fn signal(config: &mut ConfigSpace, vector: u8) -> Option<Message> {
        let msi = Msi::of(config)?;
        if !msi.enabled || !config.masters_bus() {
            return None;
        }
        let vector = vector & ((1 << msi.given_log2.min(5)) - 1);
        if let Some(mask) = msi.shape.mask().filter(|_| msi.masked & 1 << vector != 0) {
            let pending = msi.at + mask + 4;
            config.set(pending, Width::Dword, config.read_u32(pending) | 1 << vector);
            return None;
        }
        let low = (1_u32 << msi.given_log2.min(5)) - 1;
        Some(Message { data: msi.message.data & !low | u32::from(vector), ..msi.message })
    }
}
