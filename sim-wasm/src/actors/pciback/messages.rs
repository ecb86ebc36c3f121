//! MSI and MSI-X for a guest: it asks, and gets physical interrupts; what a device sends it never learns.
//!
//! Today's driver refuses what the kernel cannot bear: MSI beside MSI-X, twice the same (XSA-157). The classic one does not look,
//! and dom0 meets one of its own assertions. The classic one also checks entries where they lie, and a guest may change them
//! before they are used (XSA-155); an entry beyond the table then reaches Xen.
//!
//! Sources: `conf_space_capability_msi.c` of linux-2.6.18-xen, `pciback_ops.c` of mainline Linux,
//! `drivers/pci/msi-xen.c` of linux-2.6.18-xen.
//!
//! Not modelled: several vectors of MSI, which pciback does not offer, and what becomes of dom0 after an assertion.

use alloc::vec::Vec;

use crate::actors::log::pciif::Pciif;
use crate::actors::log::{Event, Log};
use crate::actors::pciback::overlay::{Generation, Overlay};
use crate::hypervisor::message::Message;
use crate::hypervisor::page::{PAGE_SIZE, Page};
use crate::hypervisor::pirqs::{PirqId, Pirqs};
use crate::protocols::pci::function::Function;
use crate::protocols::pci::msi::Msi;
use crate::protocols::pci::msix::{self, MsixShape};
use crate::protocols::pci::owners::Owners;
use crate::protocols::pciif::{
    EALREADY, EINVAL, ENODEV, ENXIO, MSIX_ENTRY_SIZE, MsixEntry, OP_MSIX_ENTRIES, PciCmd, SH_INFO_MAX_VEC,
    XEN_PCI_ERR_OP_FAILED,
};
use crate::words::ids::DomId;
use crate::words::time::Time;

/// How many entries fit between the array's beginning and the page's end, should nobody look at the count.
const ENTRIES_IN_PAGE: u32 = ((PAGE_SIZE - OP_MSIX_ENTRIES) / MSIX_ENTRY_SIZE) as u32;

/// Which messages of a device are on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Messages {
    Off,
    Msi(PirqId),
    Msix(Vec<PirqId>),
}

/// One request's work.
pub(super) struct Work<'call> {
    pub(super) function: &'call mut Function,
    /// Whether the device's memory answers; a virtual function's by its physical function's word.
    pub(super) decodes: bool,
    pub(super) overlay: &'call mut Overlay,
    pub(super) messages: &'call mut Messages,
    pub(super) page: &'call mut Page,
    pub(super) pirqs: &'call mut Pirqs,
    pub(super) owners: &'call Owners,
    pub(super) guest: DomId,
    pub(super) generation: Generation,
    pub(super) now: Time,
    pub(super) log: &'call mut Log,
}

impl Work<'_> {
    /// Error and value of the answer.
    pub(super) fn carry_out(&mut self, cmd: PciCmd, value: u32, entries: &[MsixEntry]) -> (i32, u32) {
        if cmd == PciCmd::EnableMsix {
            return self.enable_msix(value, entries);
        }
        if cmd == PciCmd::EnableMsi {
            return self.enable_msi();
        }
        self.disable(cmd);
        (0, self.overlay.host.irq.into())
    }

    fn tell(&mut self, event: Pciif) {
        self.log.step(self.now, Event::Pciif(event));
    }

    fn enable_msi(&mut self) -> (i32, u32) {
        match (&*self.messages, self.generation) {
            (Messages::Off, _) => {}
            (_, Generation::Modern) => return (XEN_PCI_ERR_OP_FAILED, 0),
            (Messages::Msi(pirq), Generation::Classic) => {
                let pirq = *pirq;
                self.tell(Pciif::OrderUnchecked { cmd: PciCmd::EnableMsi as u8 });
                return (0, pirq.0.into());
            }
            (Messages::Msix(_), Generation::Classic) => {
                self.tell(Pciif::OrderUnchecked { cmd: PciCmd::EnableMsi as u8 });
            }
        }
        if Msi::of(&self.function.config).is_none() {
            return (XEN_PCI_ERR_OP_FAILED, 0);
        }
        let Some(pirq) = self.map(0) else { return (XEN_PCI_ERR_OP_FAILED, 0) };
        Msi::program(&mut self.function.config, message_of(pirq), 0);
        *self.messages = Messages::Msi(pirq);
        self.tell(Pciif::MessagesEnabled { count: 1, pirq: pirq.0 });
        (0, pirq.0.into())
    }

    fn enable_msix(&mut self, count: u32, entries: &[MsixEntry]) -> (i32, u32) {
        let modern = self.generation == Generation::Modern;
        if modern && count > SH_INFO_MAX_VEC {
            return (EINVAL, count);
        }
        match (&*self.messages, modern) {
            (Messages::Off, true) if !self.decodes => return (ENXIO, count),
            (Messages::Off, _) => {}
            (Messages::Msix(_), true) => return (EALREADY, count),
            (Messages::Msi(_), true) => return (ENXIO, count),
            (Messages::Msi(_) | Messages::Msix(_), false) => {
                self.tell(Pciif::OrderUnchecked { cmd: PciCmd::EnableMsix as u8 });
            }
        }
        let Some(shape) = MsixShape::of(&self.function.config) else { return (EINVAL, EINVAL as u32) };
        let checked = |entry: &MsixEntry| entry.entry < shape.entries;
        let twice = |place: usize| entries[..place].iter().any(|other| other.entry == entries[place].entry);
        let sound = entries.iter().all(checked) && !(0..entries.len()).any(twice);
        if count == 0 || count > shape.entries.into() || !sound {
            return (EINVAL, EINVAL as u32);
        }
        let mut pirqs = Vec::new();
        for number in 0..count.min(ENTRIES_IN_PAGE) {
            let entry = match entries.get(number as usize) {
                Some(&entry) if modern => entry,
                _ => self.entry_where_it_lies(number, entries, shape),
            };
            let Some(pirq) = self.map(entry.entry) else {
                self.forget(&pirqs);
                return (ENODEV, ENODEV as u32);
            };
            if let Some(memory) = self.function.msix.as_mut().filter(|_| entry.entry < shape.entries) {
                memory.program(entry.entry, message_of(pirq));
            }
            pirqs.push(pirq);
            MsixEntry { vector: pirq.0, entry: entry.entry }.store(self.page, number);
        }
        msix::enable(&mut self.function.config, true);
        let first = pirqs[0].0;
        *self.messages = Messages::Msix(pirqs);
        self.tell(Pciif::MessagesEnabled { count, pirq: first });
        (0, 0)
    }

    /// The classic driver's second look at an entry, and whether it is still what was checked.
    fn entry_where_it_lies(&mut self, number: u32, checked: &[MsixEntry], shape: MsixShape) -> MsixEntry {
        let entry = MsixEntry::load(self.page, number);
        let before = checked.get(number as usize).map_or(entry.entry, |checked| checked.entry);
        if before != entry.entry || entry.entry >= shape.entries {
            let (checked, used) = (before.into(), entry.entry.into());
            self.tell(Pciif::RequestChanged { checked, used });
        }
        entry
    }

    fn disable(&mut self, cmd: PciCmd) {
        let msix = cmd == PciCmd::DisableMsix;
        let pirqs = match &*self.messages {
            Messages::Msi(pirq) if !msix => Vec::from([*pirq]),
            Messages::Msix(pirqs) if msix => pirqs.clone(),
            Messages::Off => return,
            Messages::Msi(_) | Messages::Msix(_) => {
                if self.generation == Generation::Classic {
                    self.tell(Pciif::OrderUnchecked { cmd: cmd as u8 });
                }
                return;
            }
        };
        self.forget(&pirqs);
        if msix {
            msix::enable(&mut self.function.config, false);
        } else {
            Msi::enable(&mut self.function.config, false);
        }
        *self.messages = Messages::Off;
        self.tell(Pciif::MessagesDisabled);
    }

    fn map(&mut self, entry: u16) -> Option<PirqId> {
        let bdf = self.function.bdf;
        self.pirqs.map_message(self.guest, self.owners.of(bdf), bdf, entry).ok()
    }

    fn forget(&mut self, pirqs: &[PirqId]) {
        for &pirq in pirqs {
            self.pirqs.unmap(self.guest, pirq).expect("it was mapped");
        }
    }
}

/// What Xen has a device send for a physical interrupt: to the first processor, with a vector of its choice. The vector here is
/// the interrupt's number.
const fn message_of(pirq: PirqId) -> Message {
    Message::to(0, pirq.0 as u8)
}
