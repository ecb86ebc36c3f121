//! The 256 slots of guests that dom0 holds at most, whoever's they are (`pending_ring`, `pending_tx_info`, `mmap_pages`,
//! `dealloc_ring` in `drivers/xen/netback/netback.c`).
//!
//! ```text
//!   free ── take ──> held: a window, a request ── release ──> in the dealloc ring ── dealloc ──> unmapped, answered ──┐
//!    ^                 └── Xen did not map it ────────────────────────────────────────────────────────────────────────┤
//!    └────────────────────────────────────────────── give_back ───────────────────────────────────────────────────────┘
//! ```
//!
//! Each place has a window, a page of dom0's kernel without a frame of its own. Both rings have as many entries as the pool,
//! so neither overflows: a place is in one of them or in neither.
//!
//! Not modelled: the barriers between the destructor, which may run on any processor, and the tasklet.

use alloc::vec;
use alloc::vec::Vec;

use crate::hypervisor::xen::Xen;
use crate::protocols::netif::TxRequest;
use crate::words::ids::{DomId, GrantRef, Handle, Pfn, VifId};

/// Slots that netback holds at most, all interfaces together, `MAX_PENDING_REQS`.
pub const MAX_PENDING_REQS: u32 = 256;

const PLACES: usize = MAX_PENDING_REQS as usize;

/// A place in the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(pub(super) u16);

/// A slot that is held (`struct pending_tx_info`, `grant_tx_handle`).
#[derive(Clone, Copy, Debug)]
pub(super) struct Pending {
    /// What the guest asked for.
    pub(super) request: TxRequest,
    /// Extra infos that are answered together with it.
    pub(super) extras: u8,
    /// Whose it is.
    pub(super) vif: VifId,
    /// By what it is unmapped.
    pub(super) handle: Handle,
}

const NOBODY: Pending = Pending {
    request: TxRequest { gref: GrantRef(0), offset: 0, flags: 0, id: 0, size: 0 },
    extras: 0,
    vif: VifId(0),
    handle: Handle(u32::MAX),
};

/// A queue of places.
#[derive(Clone, Debug)]
struct Fifo {
    places: [u16; PLACES],
    /// Both run freely through `u32`.
    producer: u32,
    consumer: u32,
}

impl Fifo {
    const EMPTY: Fifo = Fifo { places: [0; PLACES], producer: 0, consumer: 0 };

    const fn len(&self) -> u32 {
        self.producer.wrapping_sub(self.consumer)
    }

    fn push(&mut self, place: Place) {
        self.places[self.producer as usize % PLACES] = place.0;
        self.producer = self.producer.wrapping_add(1);
    }

    fn pop(&mut self) -> Option<Place> {
        if self.len() == 0 {
            return None;
        }
        let place = self.places[self.consumer as usize % PLACES];
        self.consumer = self.consumer.wrapping_add(1);
        Some(Place(place))
    }
}

/// All places.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    free: Fifo,
    dealloc: Fifo,
    held: Vec<Pending>,
    windows: Vec<Pfn>,
}

impl Pool {
    /// A pool with nothing held. Its windows are made among the pages of the kernel that the driver runs in.
    pub(super) fn new(xen: &mut Xen, domain: DomId) -> Pool {
        let first = xen.add_holes(domain, MAX_PENDING_REQS);
        let mut free = Fifo::EMPTY;
        (0..MAX_PENDING_REQS).for_each(|place| free.push(Place(place as u16)));
        Pool {
            free,
            dealloc: Fifo::EMPTY,
            held: vec![NOBODY; PLACES],
            windows: (0..MAX_PENDING_REQS).map(|place| Pfn(first.0 + place)).collect(),
        }
    }

    /// Places in use, those in the dealloc ring included (`NR_PENDING_REQS`).
    pub(super) const fn in_use(&self) -> u32 {
        MAX_PENDING_REQS - self.free.len()
    }

    /// Places that wait in the dealloc ring.
    pub(super) const fn released(&self) -> u32 {
        self.dealloc.len()
    }

    /// Takes the place that has been free for longest.
    pub(super) fn take(&mut self, vif: VifId, request: TxRequest, extras: u8) -> Place {
        let place = self.free.pop().expect("a packet is begun only when its slots have places");
        self.held[usize::from(place.0)] = Pending { request, extras, vif, handle: NOBODY.handle };
        place
    }

    /// Nobody needs the place's page any more (`netif_idx_release`): it is unmapped and answered in the next pass.
    pub(super) fn release(&mut self, place: Place) {
        debug_assert!(self.dealloc.len() < MAX_PENDING_REQS, "a place is released once");
        self.dealloc.push(place);
    }

    /// The place that was released first.
    pub(super) fn next_released(&mut self) -> Option<Place> {
        self.dealloc.pop()
    }

    /// Makes a place free.
    pub(super) fn give_back(&mut self, place: Place) {
        debug_assert!(self.free.len() < MAX_PENDING_REQS, "a place is given back once");
        self.free.push(place);
    }

    /// What a place holds.
    pub(super) fn get(&self, place: Place) -> &Pending {
        &self.held[usize::from(place.0)]
    }

    /// What a place holds, to change.
    pub(super) fn get_mut(&mut self, place: Place) -> &mut Pending {
        &mut self.held[usize::from(place.0)]
    }

    /// Where the kernel sees the page of a place.
    pub(super) fn window(&self, place: Place) -> Pfn {
        self.windows[usize::from(place.0)]
    }

    /// Gives a place another window: the old one has become an ordinary page (`gnttab_copy_grant_page`).
    pub(super) fn replace_window(&mut self, place: Place, window: Pfn) {
        self.windows[usize::from(place.0)] = window;
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_PENDING_REQS, NOBODY, Place, Pool};
    use crate::hypervisor::xen::Xen;
    use crate::words::ids::{DomId, VifId};

    #[test]
    fn places_go_round() {
        let mut xen = Xen::new(8);
        xen.create_domain(DomId::DOM0, 1).expect("there is room for a domain");
        let mut pool = Pool::new(&mut xen, DomId::DOM0);
        // Indexes of both queues pass their wrap.
        for fifo in [&mut pool.free, &mut pool.dealloc] {
            fifo.producer = fifo.producer.wrapping_sub(1_024);
            fifo.consumer = fifo.consumer.wrapping_sub(1_024);
        }
        for round in 0..2_000_u32 {
            let place = pool.take(VifId(3), NOBODY.request, 0);
            assert_eq!((place, pool.in_use()), (Place((round % MAX_PENDING_REQS) as u16), 1));
            pool.release(place);
            assert_eq!((pool.in_use(), pool.released()), (1, 1));
            assert_eq!(pool.next_released(), Some(place));
            assert_eq!((pool.next_released(), pool.in_use()), (None, 1));
            pool.give_back(place);
        }
        let all: Vec<Place> = (0..MAX_PENDING_REQS).map(|_| pool.take(VifId(0), NOBODY.request, 0)).collect();
        assert_eq!((pool.in_use(), all.len()), (MAX_PENDING_REQS, 256));
    }
}
