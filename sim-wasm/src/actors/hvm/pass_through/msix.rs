//! The table of a function's MSI-X entries as the guest writes it: in pages that are cut out of the BAR's mapping, so that
//! each access comes to the device model (`tools/ioemu/hw/pt-msi.c`, `pci_msix_writel`).
//!
//! The guest's address and data are never the hardware's. An entry that is unmasked is bound: Xen programs the real entry with
//! a vector of its own and injects the guest's. Until XSA-164 the entry's number followed from the offset without a look at
//! how many there are, and the page is longer than the table.
//!
//! Until XSA-130 a write that made no sense, behind the table's end or to an entry in use, was a line in the device model's log,
//! which lies on dom0's disk: a guest that writes on and on fills it. Since then none of them says anything.
//!
//! Not modelled: reads of pending bits, which go to hardware.

use alloc::vec;
use alloc::vec::Vec;

use crate::actors::hvm::release::Release;
use crate::hypervisor::message::Message;
use crate::protocols::pci::msix::{MsixShape, PCI_MSIX_ENTRY_CTRL_MASKBIT, PCI_MSIX_ENTRY_SIZE};

/// What a write to the table's pages led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableWrite {
    /// The entry was changed, and is not in use.
    Kept {
        /// Which.
        entry: u32,
    },
    /// The entry is in use now, with this message.
    Bound {
        /// Which.
        entry: u32,
        /// What the guest wants to get.
        message: Message,
    },
    /// There is no such entry, and nothing happened.
    Refused {
        /// Which there would be.
        entry: u32,
    },
    /// There is no such entry, and memory behind the device model's table was written.
    Overrun {
        /// Which there would be.
        entry: u32,
    },
}

/// The table as the guest sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MsixTable {
    shape: MsixShape,
    entries: Vec<[u32; 4]>,
    checked: bool,
    /// Lines in the device model's log, if it writes any.
    lines: Option<u64>,
}

impl MsixTable {
    /// A table with every entry masked. Whether an entry's number is checked is the release's.
    #[must_use]
    pub fn new(shape: MsixShape, release: Release) -> MsixTable {
        let entries = vec![[0, 0, 0, PCI_MSIX_ENTRY_CTRL_MASKBIT]; usize::from(shape.entries)];
        let checked = matches!(release, Release::Today);
        MsixTable { shape, entries, checked, lines: (!checked).then_some(0) }
    }

    /// Lines that the guest's writes have left in the device model's log.
    #[must_use]
    pub const fn lines(&self) -> u64 {
        match self.lines {
            Some(lines) => lines,
            None => 0,
        }
    }

    /// Four bytes of the table's BAR as the guest reads them.
    #[must_use]
    pub fn read(&self, offset: u32) -> u32 {
        let (entry, word) = self.place(offset);
        self.entries.get(entry as usize).map_or(0, |entry| entry[word])
    }

    /// What the guest wants to get by an entry; nothing while it has the entry masked.
    #[must_use]
    pub fn wanted(&self, entry: u16) -> Option<Message> {
        let [low, high, data, control] = *self.entries.get(usize::from(entry))?;
        let message = Message { address: u64::from(high) << 32 | u64::from(low), data };
        (control & PCI_MSIX_ENTRY_CTRL_MASKBIT == 0).then_some(message)
    }

    /// Four bytes of the table's BAR as the guest writes them.
    pub fn write(&mut self, offset: u32, value: u32) -> TableWrite {
        let (number, word) = self.place(offset);
        let in_use = |entry: &[u32; 4]| word < 3 && entry[3] & PCI_MSIX_ENTRY_CTRL_MASKBIT == 0;
        if self.entries.get(number as usize).is_none_or(in_use)
            && let Some(lines) = &mut self.lines
        {
            *lines += 1;
        }
        let Some(entry) = self.entries.get_mut(number as usize) else {
            return if self.checked {
                TableWrite::Refused { entry: number }
            } else {
                TableWrite::Overrun { entry: number }
            };
        };
        entry[word] = value;
        match self.wanted(number as u16) {
            Some(message) => TableWrite::Bound { entry: number, message },
            None => TableWrite::Kept { entry: number },
        }
    }

    fn place(&self, offset: u32) -> (u32, usize) {
        let from = offset.wrapping_sub(self.shape.table.offset);
        (from / PCI_MSIX_ENTRY_SIZE, from as usize % PCI_MSIX_ENTRY_SIZE as usize / 4)
    }
}
