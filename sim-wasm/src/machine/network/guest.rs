//! A guest of the machine: its kernel's packets, its driver, the queue in front of it, and what it sends.
//!
//! Not modelled: the guest's other work, and queues with more than one band.

use alloc::collections::VecDeque;
use alloc::vec;
use alloc::vec::Vec;

use crate::actors::netfront::FrontSettings;
use crate::actors::skb::Skbs;
use crate::hypervisor::xen::Xen;
use crate::machine::network::front::Front;
use crate::machine::network::settings::{self, Workload};
use crate::machine::network::upcalls::Interrupts;
use crate::protocols::ring::Index;
use crate::words::ids::{DomId, Mac, Pfn, VifId};
use crate::words::time::Time;

/// Pages of a guest: the two rings, what lies on them and in the posted buffers, and what its applications hold.
pub(super) const PAGES: u32 = 2 + RING_PAGES + 512;
/// Pages for packets under way: a packet keeps its pages until its last slot is answered.
const RING_PAGES: u32 = 1024;

/// A packet that waits for the driver's queue: its pages are an application's until then.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    /// Which of the guest's workloads made it.
    pub(super) workload: u16,
    pub(super) sequence: u32,
    pub(super) born: Time,
}

/// One guest.
#[derive(Clone, Debug)]
pub(super) struct Guest {
    pub(super) vif: VifId,
    pub(super) domain: DomId,
    pub(super) skbs: Skbs,
    pub(super) front: Front,
    pub(super) interrupts: Interrupts,
    /// Packets in front of the driver (`pfifo_fast`), oldest first.
    pub(super) queue: VecDeque<Waiting>,
    /// Packets of each workload that were made so far.
    pub(super) made: Vec<u64>,
    pub(super) sequence: u32,
    /// Whether it looks at its receive ring.
    pub(super) awake: bool,
    pub(super) alive: bool,
    pub(super) plug: Plug,
}

/// Whether a guest has its interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plug {
    In,
    /// It was taken away, and netback still has packets or slots of it.
    Leaving,
    Out,
}

impl Guest {
    /// A guest whose domain exists and whose device is not set up yet.
    pub(super) fn new(xen: &mut Xen, vif: VifId, guest: &settings::Guest, timed: bool) -> Guest {
        let domain = domain_of(vif);
        let settings = FrontSettings {
            epoch: guest.front,
            base: Index(guest.base),
            sg: guest.scatter_gather,
            gso: guest.scatter_gather,
            rx_flip: guest.flip,
            rx_notify: guest.rx_notify,
            trusted: guest.trusted,
            timed,
            ..FrontSettings::default()
        };
        let front = Front::new(xen, vif, domain, guest.intent, settings);
        // The lowest page goes first and the page freed last goes next, so few pages are ever touched.
        let pages = (2..PAGES).rev().map(Pfn).collect();
        Guest {
            vif,
            domain,
            skbs: Skbs::new(domain, pages),
            front,
            interrupts: Interrupts::new(),
            queue: VecDeque::new(),
            made: vec![0; guest.sends.len()],
            sequence: 0,
            awake: true,
            alive: true,
            plug: Plug::Out,
        }
    }

    /// The interface's address.
    pub(super) fn mac(&self) -> Mac {
        Mac::of_guest(self.vif)
    }

    /// One more packet of a workload; nothing when the workload is over.
    pub(super) fn offer(&mut self, number: u16, workload: &Workload, now: Time) -> Option<Waiting> {
        let made = &mut self.made[usize::from(number)];
        if *made >= workload.count {
            return None;
        }
        *made += 1;
        let waiting = Waiting { workload: number, sequence: self.sequence, born: now };
        self.sequence = self.sequence.wrapping_add(1);
        Some(waiting)
    }
}

/// The domain behind an interface: guests are counted from 1.
pub(super) const fn domain_of(vif: VifId) -> DomId {
    DomId(vif.0 + 1)
}

/// The interface of a guest's domain.
pub(super) const fn vif_of(domain: DomId) -> VifId {
    VifId(domain.0 - 1)
}
