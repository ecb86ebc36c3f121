//! Message signalled interrupts with a table: the table and its pending bits as bytes in a BAR.
//!
//! ```text
//!   capability   +2 control: 10:0 entries - 1, 14 all masked, 15 enable
//!                +4 table: 31:3 offset, 2:0 BAR     +8 pending bits: likewise
//!   table entry  0 address low   4 address high   8 data   c control: 0 masked
//! ```
//!
//! Whoever may write the table's page chooses where the function's interrupts go, which is why that page is never a guest's
//! to write. Page and pending bits may share a page with each other and with registers.
//!
//! Not modelled: tables written while their entry is not masked, which the specification leaves open: here the next message
//! has what stands there.

use alloc::vec;
use alloc::vec::Vec;

use crate::hypervisor::message::Message;
use crate::protocols::pci::config::{ConfigSpace, Width};
use crate::protocols::pci::registers::PCI_CAP_ID_MSIX;

/// Control, two bytes.
pub const PCI_MSIX_FLAGS: u16 = 2;
/// Control: entries, less one.
pub const PCI_MSIX_FLAGS_QSIZE: u16 = 0x7FF;
/// Control: every entry counts as masked.
pub const PCI_MSIX_FLAGS_MASKALL: u16 = 1 << 14;
/// Control: on.
pub const PCI_MSIX_FLAGS_ENABLE: u16 = 1 << 15;
/// Where the table is, four bytes.
pub const PCI_MSIX_TABLE: u16 = 4;
/// Where the pending bits are, four bytes.
pub const PCI_MSIX_PBA: u16 = 8;
/// Bytes of the capability.
pub const PCI_MSIX_CAP_SIZEOF: u16 = 12;
/// Bytes of a table entry.
pub const PCI_MSIX_ENTRY_SIZE: u32 = 16;
/// Entry: address, lower half.
pub const PCI_MSIX_ENTRY_LOWER_ADDR: usize = 0;
/// Entry: address, upper half.
pub const PCI_MSIX_ENTRY_UPPER_ADDR: usize = 4;
/// Entry: data.
pub const PCI_MSIX_ENTRY_DATA: usize = 8;
/// Entry: control.
pub const PCI_MSIX_ENTRY_VECTOR_CTRL: usize = 12;
/// Entry control: held back.
pub const PCI_MSIX_ENTRY_CTRL_MASKBIT: u32 = 1;

/// A place in a BAR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InBar {
    /// Which BAR, from 0.
    pub bar: u8,
    /// Bytes from its base, a multiple of eight.
    pub offset: u32,
}

/// What a function's MSI-X capability looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MsixShape {
    /// Entries of the table, 1 to 2048.
    pub entries: u16,
    /// Where the table is.
    pub table: InBar,
    /// Where the pending bits are.
    pub pba: InBar,
}

impl MsixShape {
    /// Reads a function's capability; nothing if there is none.
    #[must_use]
    pub fn of(config: &ConfigSpace) -> Option<MsixShape> {
        let at = config.find_capability(PCI_CAP_ID_MSIX)?;
        let place = |offset| {
            let value = config.read_u32(at + offset);
            InBar { bar: (value & 7) as u8, offset: value & !7 }
        };
        let entries = (config.read_u16(at + PCI_MSIX_FLAGS) & PCI_MSIX_FLAGS_QSIZE) + 1;
        Some(MsixShape { entries, table: place(PCI_MSIX_TABLE), pba: place(PCI_MSIX_PBA) })
    }

    /// Bytes of the table.
    #[must_use]
    pub const fn table_size(&self) -> u32 {
        self.entries as u32 * PCI_MSIX_ENTRY_SIZE
    }

    /// Bytes of the pending bits: whole numbers of 64 bits.
    #[must_use]
    pub const fn pba_size(&self) -> u32 {
        (self.entries as u32).div_ceil(64) * 8
    }
}

/// The control register of a function's MSI-X capability; nothing if it has none.
#[must_use]
pub fn flags(config: &ConfigSpace) -> Option<u16> {
    config.find_capability(PCI_CAP_ID_MSIX).map(|at| config.read_u16(at + PCI_MSIX_FLAGS))
}

/// Whether MSI-X is on.
#[must_use]
pub fn is_enabled(config: &ConfigSpace) -> bool {
    flags(config).is_some_and(|flags| flags & PCI_MSIX_FLAGS_ENABLE != 0)
}

/// Turns MSI-X on or off.
pub fn enable(config: &mut ConfigSpace, enable: bool) {
    let Some(at) = config.find_capability(PCI_CAP_ID_MSIX) else { return };
    let flags = config.read_u16(at + PCI_MSIX_FLAGS) & !PCI_MSIX_FLAGS_ENABLE;
    let enable = if enable { PCI_MSIX_FLAGS_ENABLE } else { 0 };
    config.write(at + PCI_MSIX_FLAGS, Width::Word, (flags | enable).into());
}

/// Table and pending bits of one function, as they lie in its BARs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MsixMemory {
    shape: MsixShape,
    table: Vec<u8>,
    pba: Vec<u8>,
}

impl MsixMemory {
    /// As after a reset: every entry masked, nothing pending.
    #[must_use]
    pub fn new(shape: MsixShape) -> MsixMemory {
        let mut memory =
            MsixMemory { shape, table: vec![0; shape.table_size() as usize], pba: vec![0; shape.pba_size() as usize] };
        memory.reset();
        memory
    }

    /// Every entry masked, nothing pending.
    pub fn reset(&mut self) {
        self.table.fill(0);
        self.pba.fill(0);
        for entry in self.table.chunks_exact_mut(PCI_MSIX_ENTRY_SIZE as usize) {
            entry[PCI_MSIX_ENTRY_VECTOR_CTRL] = PCI_MSIX_ENTRY_CTRL_MASKBIT as u8;
        }
    }

    /// The table's bytes.
    #[must_use]
    pub fn table(&self) -> &[u8] {
        &self.table
    }

    /// The pending bits' bytes.
    #[must_use]
    pub fn pba(&self) -> &[u8] {
        &self.pba
    }

    /// Four bytes of a BAR; nothing if neither table nor pending bits are there.
    #[must_use]
    pub fn read(&self, bar: u8, offset: u32) -> Option<u32> {
        let table = within(self.shape.table, &self.table, bar, offset).map(|at| dword(&self.table, at));
        table.or_else(|| within(self.shape.pba, &self.pba, bar, offset).map(|at| dword(&self.pba, at)))
    }

    /// Writes four bytes of a BAR; false if the table is not there. Of an entry's control only the mask is kept, and pending
    /// bits cannot be written.
    pub fn write(&mut self, bar: u8, offset: u32, value: u32) -> bool {
        let Some(at) = within(self.shape.table, &self.table, bar, offset) else {
            return within(self.shape.pba, &self.pba, bar, offset).is_some();
        };
        let kept = match at % PCI_MSIX_ENTRY_SIZE as usize {
            PCI_MSIX_ENTRY_LOWER_ADDR => value & !3,
            PCI_MSIX_ENTRY_VECTOR_CTRL => value & PCI_MSIX_ENTRY_CTRL_MASKBIT,
            _ => value,
        };
        self.table[at..at + 4].copy_from_slice(&kept.to_le_bytes());
        true
    }

    /// What an entry sends.
    ///
    /// # Panics
    /// If the table has no such entry.
    #[must_use]
    pub fn message(&self, entry: u16) -> Message {
        let at = self.place(entry);
        let high = u64::from(dword(&self.table, at + PCI_MSIX_ENTRY_UPPER_ADDR)) << 32;
        let address = high | u64::from(dword(&self.table, at + PCI_MSIX_ENTRY_LOWER_ADDR));
        Message { address, data: dword(&self.table, at + PCI_MSIX_ENTRY_DATA) }
    }

    /// Whether an entry is masked by itself.
    ///
    /// # Panics
    /// If the table has no such entry.
    #[must_use]
    pub fn is_masked(&self, entry: u16) -> bool {
        self.table[self.place(entry) + PCI_MSIX_ENTRY_VECTOR_CTRL] & PCI_MSIX_ENTRY_CTRL_MASKBIT as u8 != 0
    }

    /// Whether an entry's message is held back.
    #[must_use]
    pub fn is_pending(&self, entry: u16) -> bool {
        self.pba[usize::from(entry / 8)] & 1 << (entry % 8) != 0
    }

    /// Sets an entry to a message and unmasks it, as the system that owns the interrupt does.
    ///
    /// # Panics
    /// If the table has no such entry.
    pub fn program(&mut self, entry: u16, message: Message) {
        let at = self.place(entry);
        let words = [message.address as u32, (message.address >> 32) as u32, message.data, 0];
        for (place, word) in words.into_iter().enumerate() {
            self.table[at + 4 * place..][..4].copy_from_slice(&word.to_le_bytes());
        }
    }

    /// The function wants attention by an entry; what leaves it. A masked one is noted as pending.
    ///
    /// # Panics
    /// If the table has no such entry.
    pub fn signal(&mut self, config: &ConfigSpace, entry: u16) -> Option<Message> {
        if !is_enabled(config) || !config.masters_bus() {
            return None;
        }
        if self.is_masked(entry) || all_masked(config) {
            self.pba[usize::from(entry / 8)] |= 1 << (entry % 8);
            return None;
        }
        Some(self.message(entry))
    }

    /// Messages that were held back and may leave now, with their entries.
    pub fn released(&mut self, config: &ConfigSpace) -> Vec<(u16, Message)> {
        let mut released = Vec::new();
        if !is_enabled(config) || !config.masters_bus() || all_masked(config) {
            return released;
        }
        for entry in 0..self.shape.entries {
            if self.is_pending(entry) && !self.is_masked(entry) {
                self.pba[usize::from(entry / 8)] &= !(1 << (entry % 8));
                released.push((entry, self.message(entry)));
            }
        }
        released
    }

    fn place(&self, entry: u16) -> usize {
        assert!(entry < self.shape.entries, "the table has that entry");
        usize::from(entry) * PCI_MSIX_ENTRY_SIZE as usize
    }
}

fn all_masked(config: &ConfigSpace) -> bool {
    flags(config).is_some_and(|flags| flags & PCI_MSIX_FLAGS_MASKALL != 0)
}

/// Where four bytes of a BAR lie in something that is at a place of a BAR.
fn within(place: InBar, bytes: &[u8], bar: u8, offset: u32) -> Option<usize> {
    let at = offset.checked_sub(place.offset).filter(|_| bar == place.bar)? as usize;
    (at + 4 <= bytes.len() && at.is_multiple_of(4)).then_some(at)
}

fn dword(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(*bytes[at..].first_chunk().expect("entries are whole"))
}
