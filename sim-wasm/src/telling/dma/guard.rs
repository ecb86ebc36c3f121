//! How a guest's card is kept from memory, and which frames the guest has by which numbers.
//!
//! Not modelled: what the figure's own entry lists.

use crate::hypervisor::message::MSI_BASE;
use crate::hypervisor::passthrough::options::Quarantine;
use crate::hypervisor::vtd::structures::PAGE_SHIFT;
use crate::words::ids::{Dfn, Mfn};

/// The page that the driver means, as its kernel counts it, and the frame that it is.
pub(crate) const BUFFER: u32 = 5;

/// The guest's pages as it counts them itself, and the frame that each is. As in any PC there is a hole below the last.
pub(crate) const P2M: [(u32, u32); 8] = [(0, 18), (1, 23), (2, 16), (3, 22), (4, 19), (5, 20), (6, 17), (12, 21)];

/// The page at which writes are interrupts.
pub(crate) const WINDOW: u32 = (MSI_BASE >> PAGE_SHIFT) as u32;

/// The frame that is a page table of a paravirtual guest.
pub(crate) const PAGE_TABLE: Mfn = Mfn(19);

/// How a guest's card is kept from memory that is not the guest's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    /// A paravirtual guest and no IOMMU.
    PvOpen,
    /// A guest with hardware virtualisation and no IOMMU.
    HvmOpen,
    /// A paravirtual guest on Xen 3.3 with `iommu=1`: its card stays in dom0's tables.
    PvInDom0s,
    /// A paravirtual guest on Xen 3.3 with `iommu=pv`: a filter.
    PvFilter,
    /// A guest with hardware virtualisation behind an IOMMU of today, which remaps interrupts too.
    HvmTranslated,
    /// The same, started with `iommu=no-quarantine`: what was the rule before XSA-302.
    HvmUnquarantined,
}

impl Guard {
    pub(crate) const fn of(knob: u32) -> Guard {
        match knob {
            0 => Guard::PvOpen,
            1 => Guard::HvmOpen,
            2 => Guard::PvInDom0s,
            3 => Guard::PvFilter,
            4 => Guard::HvmTranslated,
            _ => Guard::HvmUnquarantined,
        }
    }

    pub(crate) const fn has_unit(self) -> bool {
        !matches!(self, Guard::PvOpen | Guard::HvmOpen)
    }

    /// Whether the guest's addresses are the machine's.
    pub(crate) const fn is_paravirtual(self) -> bool {
        !matches!(self, Guard::HvmOpen | Guard::HvmTranslated | Guard::HvmUnquarantined)
    }

    /// Whether Xen takes a card's bus master bit after ten faults; Xen 3.3 only wrote lines.
    pub(crate) const fn stops_storms(self) -> bool {
        self.is_of_today()
    }

    pub(crate) const fn is_of_today(self) -> bool {
        matches!(self, Guard::HvmTranslated | Guard::HvmUnquarantined)
    }

    /// What the card sees once its guest is gone; nothing if it never was the guest's as far as Xen knows.
    pub(crate) const fn quarantine(self) -> Option<Quarantine> {
        match self {
            Guard::PvOpen | Guard::HvmOpen | Guard::PvInDom0s => None,
            Guard::PvFilter | Guard::HvmUnquarantined => Some(Quarantine::No),
            Guard::HvmTranslated => Some(Quarantine::Basic),
        }
    }

    /// The page of the driver's own buffer: a machine's frame in a paravirtual guest, which knows them, and in another one
    /// a page as the guest counts.
    pub(crate) fn own_page(self, page: u32) -> Dfn {
        let frame = || P2M.iter().find(|(own, _)| *own == page).map(|(_, frame)| *frame);
        Dfn(if self.is_paravirtual() { frame().unwrap_or(page) } else { page })
    }

    /// The frame that a page of the guest's is, if it is one that Xen could take: it does not take a page table.
    pub(crate) fn frame_of(self, page: Dfn) -> Option<Mfn> {
        let is = |(own, frame): &&(u32, u32)| page.0 == if self.is_paravirtual() { *frame } else { *own };
        let found = P2M.iter().find(is).map(|(_, frame)| Mfn(*frame));
        found.filter(|frame| *frame != PAGE_TABLE || !self.is_paravirtual())
    }
}

/// The page that one of six places was, among which links of former times chose.
pub(crate) fn former_aim(guard: Guard, aim: u32) -> u32 {
    match aim {
        0 => guard.own_page(BUFFER).0,
        1 => 27,
        2 => 11,
        3 => 3,
        4 => guard.own_page(4).0,
        _ => WINDOW,
    }
}
