//! Where Xen finds a function's table of messages when it masks or unmasks an entry.
//!
//! ```text
//!   BAR + offset = entry's control ─> mapped by Xen ─> one bit written
//!    └─ as recorded when the function was found; until XSA-337 as it reads now
//! ```
//!
//! A guest has no way to move a BAR, but a device may have one of its own: a register among its memory that resets it, or that
//! is the BAR once more. A BAR that was reset reads 0, and Xen then writes its bit into low memory, whosever that is.
//!
//! Sources: `msix_capability_init`, `read_pci_mem_bar` in `xen/arch/x86/msi.c`; XSA-337.
//!
//! Not modelled: that Xen maps the table once and keeps the mapping while the function has messages, BARs of virtual functions,
//! and what a toolstack records, which is the toolstack's.

use crate::protocols::pci::bar::{BarPlace, region};
use crate::protocols::pci::config::ConfigSpace;
use crate::protocols::pci::msix::{MsixShape, PCI_MSIX_ENTRY_SIZE, PCI_MSIX_ENTRY_VECTOR_CTRL};

/// A function's table, as Xen recorded it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MsixBase {
    shape: MsixShape,
    /// The BAR's address.
    recorded: u64,
    trusts_record: bool,
}

impl MsixBase {
    /// Records where a function's table is, before any guest has the function; nothing if it has none. `trusts_record` is the
    /// repair of XSA-337.
    #[must_use]
    pub fn record(config: &ConfigSpace, trusts_record: bool) -> Option<MsixBase> {
        let shape = MsixShape::of(config)?;
        let recorded = region(config, BarPlace::Bar(shape.table.bar))?.base;
        Some(MsixBase { shape, recorded, trusts_record })
    }

    /// Where Xen writes to mask or unmask an entry: a machine address. Nothing if there is no such entry.
    #[must_use]
    pub fn control(&self, config: &ConfigSpace, entry: u16) -> Option<u64> {
        if entry >= self.shape.entries {
            return None;
        }
        let base = if self.trusts_record {
            self.recorded
        } else {
            region(config, BarPlace::Bar(self.shape.table.bar)).map_or(0, |region| region.base)
        };
        let within = u32::from(entry) * PCI_MSIX_ENTRY_SIZE + PCI_MSIX_ENTRY_VECTOR_CTRL as u32;
        Some(base + u64::from(self.shape.table.offset) + u64::from(within))
    }
}
