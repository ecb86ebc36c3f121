//! The slots of one guest that netback holds: which are free, what each stands for, and which are to be unmapped
//! (`pending_ring`, `pending_tx_info` and `dealloc_ring` of `struct xenvif_queue`).
//!
//! ```text
//!   free ── take ──> under way ── mapped ──> in a packet ── release_later ──> dealloc ring
//!     ▲                  └────────── put back, when answered ◄──────────────────┘
//! ```
//!
//! There are as many as the ring has slots, so a guest cannot run out of them, and other guests have their own.
//!
//! Not modelled: the pages' own reference counts, and the locks between those who release slots.

use alloc::boxed::Box;

use crate::actors::netback_upstream::limits::MAX_PENDING_REQS;
use crate::protocols::netif::TxRequest;
use crate::words::ids::{GrantRef, Handle, Pfn};

const SLOTS: usize = MAX_PENDING_REQS as usize;

/// What is known of a slot that is under way (`struct pending_tx_info`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pending {
    /// Its request, as it was copied from the ring.
    pub(crate) request: TxRequest,
    /// Extra infos that came with it.
    pub(crate) extras: u8,
    /// The mapping of its page (`grant_tx_handle`).
    pub(crate) handle: Option<Handle>,
}

impl Pending {
    const NONE: Pending = Pending {
        request: TxRequest { gref: GrantRef(0), offset: 0, flags: 0, id: 0, size: 0 },
        extras: 0,
        handle: None,
    };
}

/// A ring of 256 slots' numbers, written at one end and read at the other.
#[derive(Clone, Debug)]
struct Numbers {
    numbers: Box<[u16; SLOTS]>,
    prod: u32,
    cons: u32,
}

impl Numbers {
    fn len(&self) -> u32 {
        self.prod.wrapping_sub(self.cons)
    }

    fn push(&mut self, number: u16) {
        assert!(self.len() < MAX_PENDING_REQS, "a slot is in one place at a time");
        self.numbers[self.prod as usize % SLOTS] = number;
        self.prod = self.prod.wrapping_add(1);
    }

    fn pop(&mut self) -> Option<u16> {
        if self.len() == 0 {
            return None;
        }
        let number = self.numbers[self.cons as usize % SLOTS];
        self.cons = self.cons.wrapping_add(1);
        Some(number)
    }
}

/// The slots of one guest.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    window: Pfn,
    slots: Box<[Pending; SLOTS]>,
    free: Numbers,
    dealloc: Numbers,
}

impl Pool {
    /// All free; slot `n`'s page is seen at page `window + n` of dom0's kernel.
    pub(crate) fn new(window: Pfn) -> Pool {
        let numbers = Box::new(core::array::from_fn(|number| number as u16));
        Pool {
            window,
            slots: Box::new([Pending::NONE; SLOTS]),
            free: Numbers { numbers: numbers.clone(), prod: MAX_PENDING_REQS, cons: 0 },
            dealloc: Numbers { numbers, prod: 0, cons: 0 },
        }
    }

    /// Where slot 0's page is seen.
    pub(crate) const fn window(&self) -> Pfn {
        self.window
    }

    /// Where a slot's page is seen.
    pub(crate) const fn host(&self, slot: u16) -> Pfn {
        Pfn(self.window.0 + slot as u32)
    }

    /// The slot whose page is seen there.
    pub(crate) const fn slot_at(&self, host: Pfn) -> u16 {
        (host.0 - self.window.0) as u16
    }

    /// Takes a free slot for a request.
    pub(crate) fn take(&mut self, request: TxRequest, extras: u8) -> u16 {
        let slot = self.free.pop().expect("a ring has no more unanswered requests than slots");
        self.slots[usize::from(slot)] = Pending { request, extras, handle: None };
        slot
    }

    /// What a slot stands for.
    pub(crate) fn get(&self, slot: u16) -> &Pending {
        &self.slots[usize::from(slot)]
    }

    /// What a slot stands for, to change.
    pub(crate) fn get_mut(&mut self, slot: u16) -> &mut Pending {
        &mut self.slots[usize::from(slot)]
    }

    /// The slot is answered.
    pub(crate) fn put_back(&mut self, slot: u16) {
        debug_assert!(self.slots[usize::from(slot)].handle.is_none(), "a page is unmapped before its slot is answered");
        self.free.push(slot);
    }

    /// Nobody needs the slot's page any more: it is to be unmapped, and answered.
    pub(crate) fn release_later(&mut self, slot: u16) {
        self.dealloc.push(slot);
    }

    /// The next slot whose page is to be unmapped.
    pub(crate) fn next_released(&mut self) -> Option<u16> {
        self.dealloc.pop()
    }

    /// Slots that are not free.
    pub(crate) fn held(&self) -> u32 {
        MAX_PENDING_REQS - self.free.len()
    }

    /// Slots that wait to be unmapped.
    pub(crate) fn to_dealloc(&self) -> u32 {
        self.dealloc.len()
    }
}

#[cfg(test)]
mod tests {
    use super::{Pending, Pool};
    use crate::words::ids::Pfn;

    #[test]
    fn slots_go_round() {
        let mut pool = Pool::new(Pfn(1000));
        let taken: Vec<u16> = (0..256).map(|_| pool.take(Pending::NONE.request, 0)).collect();
        assert_eq!((taken[0], taken[255], pool.held()), (0, 255, 256));
        assert_eq!((pool.host(255), pool.slot_at(Pfn(1255))), (Pfn(1255), 255));
        for slot in [7, 3] {
            pool.release_later(slot);
        }
        assert_eq!((pool.held(), pool.to_dealloc(), pool.next_released()), (256, 2, Some(7)));
        pool.put_back(7);
        assert_eq!((pool.held(), pool.take(Pending::NONE.request, 0)), (255, 7));
        assert_eq!((pool.next_released(), pool.next_released()), (Some(3), None));
    }
}
