//! A guest as the machine keeps it: which of its pages are for what, its drivers, and what it has instead of real buses.
//!
//! ```text
//!   page 0     shared with pciback, of a PV guest
//!   1 to 7     nothing: what it gives back and takes again
//!   8, 25, 42  the page of a driver's two rings, and behind each eight pages for either ring to point to
//! ```
//!
//! Not modelled: whatever else a guest has in its memory.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::actors::pcifront::Pcifront;
use crate::hypervisor::passthrough::options::{GuestKind, Version};
use crate::hypervisor::shared_info::UpcallScan;
use crate::machine::given_away::GivenAway;
use crate::machine::given_away::driver::Driver;
use crate::machine::given_away::hvm::HvmSide;
use crate::machine::given_away::pv::PvSide;
use crate::machine::given_away::settings::{CardId, GuestId, Settings};
use crate::words::ids::{DomId, Pfn, VcpuId};

/// The page that pcifront and pciback share.
pub(super) const SHARED_PAGE: Pfn = Pfn(0);
/// The first driver's rings; the others' follow.
const FIRST_RINGS: u32 = 8;
/// Descriptors of a ring, and pages of its buffers.
pub(super) const DESCRIPTORS: u32 = 8;
/// Pages of a driver.
const DRIVER_PAGES: u32 = 1 + 2 * DESCRIPTORS;
/// Drivers that have room.
const MOST_DRIVERS: u32 = 3;
/// Pages of a guest.
pub(super) const GUEST_PAGES: u32 = FIRST_RINGS + MOST_DRIVERS * DRIVER_PAGES;

/// What a guest has of buses.
#[derive(Clone, Debug)]
pub(super) enum Side {
    /// pcifront, and pciback for it.
    Pv(Box<PvSide>),
    /// A device model.
    Hvm(Box<HvmSide>),
}

/// A guest.
#[derive(Clone, Debug)]
pub(super) struct Guest {
    pub(super) id: GuestId,
    pub(super) domain: DomId,
    pub(super) kind: GuestKind,
    pub(super) alive: bool,
    pub(super) scan: UpcallScan,
    pub(super) side: Side,
    pub(super) drivers: Vec<Driver>,
    /// The cards that the toolstack counts as its.
    pub(super) cards: Vec<CardId>,
}

impl Guest {
    /// One that is not built yet.
    pub(super) fn new(id: GuestId, kind: GuestKind, settings: &Settings) -> Guest {
        let domain = GivenAway::domain_of(id);
        let side = match kind {
            GuestKind::Pv => Side::Pv(Box::new(PvSide::new(domain, settings))),
            GuestKind::Hvm => Side::Hvm(Box::new(HvmSide::new(domain, settings))),
        };
        let scan = UpcallScan::new(VcpuId(0));
        Guest { id, domain, kind, alive: false, scan, side, drivers: Vec::new(), cards: Vec::new() }
    }

    /// Whether its pcifront waits for an answer.
    pub(super) fn is_asking(&self) -> bool {
        match &self.side {
            Side::Pv(pv) => pv.front.as_ref().is_some_and(Pcifront::is_waiting),
            Side::Hvm(_) => false,
        }
    }

    pub(super) fn driver_of(&self, card: CardId) -> Option<&Driver> {
        self.drivers.iter().find(|driver| driver.card == card)
    }

    pub(super) fn driver_mut(&mut self, card: CardId) -> Option<&mut Driver> {
        self.drivers.iter_mut().find(|driver| driver.card == card)
    }

    /// Pages for the rings and buffers of one more driver: the first of them.
    pub(super) fn room(&self) -> Option<Pfn> {
        let rings = |number: u32| Pfn(FIRST_RINGS + number * DRIVER_PAGES);
        (0..MOST_DRIVERS).map(rings).find(|rings| self.drivers.iter().all(|driver| driver.rings != *rings))
    }

    pub(super) fn pv(&mut self) -> Option<&mut PvSide> {
        match &mut self.side {
            Side::Pv(pv) => Some(pv),
            Side::Hvm(_) => None,
        }
    }

    pub(super) fn hvm_ref(&self) -> Option<&HvmSide> {
        match &self.side {
            Side::Hvm(hvm) => Some(hvm),
            Side::Pv(_) => None,
        }
    }

    pub(super) fn hvm(&mut self) -> Option<&mut HvmSide> {
        match &mut self.side {
            Side::Hvm(hvm) => Some(hvm),
            Side::Pv(_) => None,
        }
    }
}

impl GivenAway {
    pub(super) fn guest(&mut self, guest: GuestId) -> &mut Guest {
        &mut self.guests[usize::from(guest.0)]
    }

    /// Whether xend and a device model of 2008 speak over the store.
    pub(super) fn is_old(&self) -> bool {
        self.settings.options.version == Version::Xen33
    }
}
