//! What becomes of the host when a device's request is answered as unsupported, or is an interrupt that Xen does not survive.
//!
//! ```text
//!   request that nobody can take ─> unsupported request ─> chipset: system error (SERR) ─> NMI ─> Xen stops
//!                                                          └─ its reporting is masked ──> nothing
//! ```
//!
//! A guest brings it about without a fault of anybody's: a write into the window of interrupts that is no message, say of two
//! bytes, cannot be remapped and is refused by the unit (XSA-59). Some chipsets report that as a system error. Xen cannot keep
//! the guest from it, and masks the reporting in those that it knows.
//!
//! And where messages are not remapped, a forged vector of a call stops Xen by itself
//! ([`intremap`](crate::hypervisor::passthrough::intremap)).
//!
//! Source: `xen/drivers/passthrough/vtd/quirks.c`, `pci_vtd_quirk`; XSA-59.
//!
//! Not modelled: which chipsets report, errors of other kinds, and what firmware does with them.

use crate::hypervisor::passthrough::intremap::Taken;
use crate::hypervisor::passthrough::iommus::Iommus;
use crate::hypervisor::vtd::write_requests::Ending;

/// What becomes of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HostFate {
    /// It goes on.
    GoesOn,
    /// An NMI for a system error stops it, or Xen itself does, with all guests.
    Stops,
}

impl Iommus {
    /// What a device's request comes to for the host, if its chipset reports unsupported requests.
    #[must_use]
    pub fn host_fate(&self, ending: Ending) -> HostFate {
        match ending {
            Ending::Unsupported if !self.repairs.masks_errors => HostFate::Stops,
            Ending::Interrupt(arrival) if matches!(self.taken(arrival), Taken::XenStops(_)) => HostFate::Stops,
            Ending::Unsupported | Ending::Done | Ending::Blocked(_) | Ending::Interrupt(_) => HostFate::GoesOn,
        }
    }
}
