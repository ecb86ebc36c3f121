//! Config space as hardware has it: bytes, and for every bit what a write does to it.
//!
//! A bit of a config space is read-only, writable, or cleared by writing one. [`ConfigSpace`] keeps the bytes, both masks,
//! and what a reset brings back. What a write sets going besides, [`Function`](crate::protocols::pci::function::Function)
//! knows.
//!
//! Not modelled: registers that do something when they are read, and what a write does to a bit while others keep it shut
//! (SR-IOV's `NumVFs` is [`Function`](crate::protocols::pci::function::Function)'s).

use alloc::vec;
use alloc::vec::Vec;

use crate::protocols::pci::registers::{
    PCI_CAPABILITY_LIST, PCI_CFG_SPACE_EXP_SIZE, PCI_CFG_SPACE_SIZE, PCI_COMMAND, PCI_COMMAND_INTX_DISABLE,
    PCI_COMMAND_IO, PCI_COMMAND_MASTER, PCI_COMMAND_MEMORY, PCI_DEVICE_ID, PCI_STATUS, PCI_STATUS_CAP_LIST,
    PCI_STD_HEADER_SIZEOF, PCI_VENDOR_ID,
};

/// How many bytes an access is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Width {
    /// One.
    Byte,
    /// Two.
    Word,
    /// Four.
    Dword,
}

impl Width {
    /// All widths.
    pub const ALL: [Width; 3] = [Width::Byte, Width::Word, Width::Dword];

    /// The width of so many bytes, if there is such an access.
    #[must_use]
    pub const fn from_bytes(bytes: u32) -> Option<Width> {
        match bytes {
            1 => Some(Width::Byte),
            2 => Some(Width::Word),
            4 => Some(Width::Dword),
            _ => None,
        }
    }

    /// In bytes.
    #[must_use]
    pub const fn bytes(self) -> u16 {
        match self {
            Width::Byte => 1,
            Width::Word => 2,
            Width::Dword => 4,
        }
    }

    /// As many ones as the access has bits.
    #[must_use]
    pub const fn ones(self) -> u32 {
        match self {
            Width::Byte => 0xFF,
            Width::Word => 0xFFFF,
            Width::Dword => u32::MAX,
        }
    }

    /// Whether an access at this offset stays within its four bytes, as the bus demands of all that it carries.
    #[must_use]
    pub const fn is_aligned(self, offset: u16) -> bool {
        offset.is_multiple_of(self.bytes())
    }
}

/// One function's config space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigSpace {
    bytes: Vec<u8>,
    writable: Vec<u8>,
    one_clears: Vec<u8>,
    at_reset: Vec<u8>,
}

impl ConfigSpace {
    /// Zeros that nobody can write: 256 bytes, or 4096 for an express function.
    #[must_use]
    pub fn blank(is_express: bool) -> ConfigSpace {
        let size = usize::from(if is_express { PCI_CFG_SPACE_EXP_SIZE } else { PCI_CFG_SPACE_SIZE });
        let zeros = vec![0; size];
        ConfigSpace { bytes: zeros.clone(), writable: zeros.clone(), one_clears: zeros.clone(), at_reset: zeros }
    }

    /// Bytes that there are; beyond them reads give ones and writes nothing.
    #[must_use]
    pub fn size(&self) -> u16 {
        self.bytes.len() as u16
    }

    /// All bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What the bus reads.
    ///
    /// # Panics
    /// If the access is not aligned: no bus carries it.
    #[must_use]
    pub fn read(&self, offset: u16, width: Width) -> u32 {
        assert!(width.is_aligned(offset), "the bus carries aligned accesses only");
        number(&self.bytes, offset, width).unwrap_or_else(|| width.ones())
    }

    /// Writes as the bus does: read-only bits stay, and writing one clears the bits that are made so.
    ///
    /// # Panics
    /// If the access is not aligned: no bus carries it.
    pub fn write(&mut self, offset: u16, width: Width, value: u32) {
        assert!(width.is_aligned(offset), "the bus carries aligned accesses only");
        let start = usize::from(offset);
        if start + usize::from(width.bytes()) > self.bytes.len() {
            return;
        }
        for (place, byte) in (start..).zip(value.to_le_bytes()).take(usize::from(width.bytes())) {
            let (writable, one_clears) = (self.writable[place], self.one_clears[place]);
            self.bytes[place] = (self.bytes[place] & !writable & !(byte & one_clears)) | (byte & writable);
        }
    }

    /// Which bits of a register a write can set.
    #[must_use]
    pub fn writable(&self, offset: u16, width: Width) -> u32 {
        number(&self.writable, offset, width).unwrap_or(0)
    }

    /// Everything is as after a reset of the function.
    pub fn reset(&mut self) {
        self.bytes.copy_from_slice(&self.at_reset);
    }

    /// The device changes a register of its own, whatever its masks: a status bit is raised, say.
    pub fn set(&mut self, offset: u16, width: Width, value: u32) {
        put(&mut self.bytes, offset, width, value);
    }

    /// A register as the device's maker has it: its value after a reset, which bits can be written, and which are cleared by
    /// writing one.
    pub fn define(&mut self, offset: u16, width: Width, value: u32, writable: u32, one_clears: u32) {
        put(&mut self.bytes, offset, width, value);
        put(&mut self.at_reset, offset, width, value);
        put(&mut self.writable, offset, width, writable);
        put(&mut self.one_clears, offset, width, one_clears);
    }

    /// Vendor and device ID.
    #[must_use]
    pub fn ids(&self) -> (u16, u16) {
        (self.read_u16(PCI_VENDOR_ID), self.read_u16(PCI_DEVICE_ID))
    }

    /// The command register.
    #[must_use]
    pub fn command(&self) -> u16 {
        self.read_u16(PCI_COMMAND)
    }

    /// Whether the function answers in I/O space.
    #[must_use]
    pub fn decodes_io(&self) -> bool {
        self.command() & PCI_COMMAND_IO != 0
    }

    /// Whether the function answers in memory space.
    #[must_use]
    pub fn decodes_memory(&self) -> bool {
        self.command() & PCI_COMMAND_MEMORY != 0
    }

    /// Whether the function may send requests: DMA and interrupt messages alike.
    #[must_use]
    pub fn masters_bus(&self) -> bool {
        self.command() & PCI_COMMAND_MASTER != 0
    }

    /// Whether the function may raise its interrupt line.
    #[must_use]
    pub fn may_raise_intx(&self) -> bool {
        self.command() & PCI_COMMAND_INTX_DISABLE == 0
    }

    /// One byte.
    #[must_use]
    pub fn read_u8(&self, offset: u16) -> u8 {
        self.read(offset, Width::Byte) as u8
    }

    /// Two bytes.
    #[must_use]
    pub fn read_u16(&self, offset: u16) -> u16 {
        self.read(offset, Width::Word) as u16
    }

    /// Four bytes.
    #[must_use]
    pub fn read_u32(&self, offset: u16) -> u32 {
        self.read(offset, Width::Dword)
    }

    /// Where a capability lies (`pci_find_capability`). Lists that run in a circle end.
    #[must_use]
    pub fn find_capability(&self, id: u8) -> Option<u16> {
        self.capabilities().find(|&(_, found)| found == id).map(|(offset, _)| offset)
    }

    /// Offsets and IDs of all capabilities, in the list's order.
    pub fn capabilities(&self) -> impl Iterator<Item = (u16, u8)> {
        /// As many as fit, `PCI_FIND_CAP_TTL`.
        const MOST: usize = 48;
        let has_list = self.read_u16(PCI_STATUS) & PCI_STATUS_CAP_LIST != 0;
        let mut next = if has_list { self.read_u8(PCI_CAPABILITY_LIST) } else { 0 };
        core::iter::from_fn(move || {
            let at = u16::from(next & !3);
            if at < PCI_STD_HEADER_SIZEOF {
                return None;
            }
            next = self.read_u8(at + 1);
            Some((at, self.read_u8(at)))
        })
        .take(MOST)
    }

    /// Where an extended capability lies (`pci_find_ext_capability`).
    #[must_use]
    pub fn find_extended_capability(&self, id: u16) -> Option<u16> {
        /// As many as fit into 3840 bytes, eight bytes each.
        const MOST: usize = 480;
        let mut at = PCI_CFG_SPACE_SIZE;
        for _ in 0..MOST {
            if at < PCI_CFG_SPACE_SIZE || at >= self.size() {
                return None;
            }
            let header = self.read_u32(at);
            if header == 0 {
                return None;
            }
            if header as u16 == id {
                return Some(at);
            }
            at = (header >> 20) as u16 & !3;
        }
        None
    }
}

fn number(bytes: &[u8], offset: u16, width: Width) -> Option<u32> {
    let start = usize::from(offset);
    let bytes = bytes.get(start..start + usize::from(width.bytes()))?;
    Some(bytes.iter().rev().fold(0, |number, &byte| number << 8 | u32::from(byte)))
}

fn put(bytes: &mut [u8], offset: u16, width: Width, value: u32) {
    let (start, size) = (usize::from(offset), usize::from(width.bytes()));
    bytes[start..start + size].copy_from_slice(&value.to_le_bytes()[..size]);
}

#[cfg(test)]
mod tests {
    use super::{ConfigSpace, Width};

    #[test]
    fn a_write_changes_the_bits_that_can_be_written() {
        let mut config = ConfigSpace::blank(false);
        config.define(0x40, Width::Dword, 0xFF00_00F0, 0x0000_FF0F, 0xFF00_0000);
        config.write(0x40, Width::Dword, 0x0F00_AAAA);
        assert_eq!(config.read(0x40, Width::Dword), 0xF000_AAFA);
        config.write(0x43, Width::Byte, 0x80);
        assert_eq!(config.read(0x42, Width::Word), 0x7000);
        config.reset();
        assert_eq!(config.read(0x40, Width::Dword), 0xFF00_00F0);
    }

    #[test]
    fn beyond_the_end_are_ones() {
        let mut config = ConfigSpace::blank(false);
        config.write(0x100, Width::Word, 5);
        assert_eq!((config.read(0x100, Width::Word), config.read(0xFC, Width::Dword)), (0xFFFF, 0));
    }
}
