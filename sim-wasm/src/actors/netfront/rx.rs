//! Receiving, the first half: empty buffers for the backend (`network_alloc_rx_buffers`, `xennet_alloc_rx_buffers`).
//!
//! Not modelled: the modern driver's pool of pages, from which it takes buffers.

use alloc::vec;
use alloc::vec::Vec;

use crate::actors::epoch::FrontEpoch;
use crate::actors::kernel::{Ask, Kernel, Timer};
use crate::actors::log::Event;
use crate::actors::log::receive::Receive;
use crate::actors::netfront::device::{Device, Reception};
use crate::actors::netfront::rx_poll::{Outcome, Piece};
use crate::actors::netfront::settings::{FIRST_TARGET, FrontSettings, LEAST_BUFFERS, REFILL_DELAY};
use crate::actors::netfront::shared_ring::SharedRing;
use crate::hypervisor::grant_entry::Access;
use crate::hypervisor::guest_grants::{EndAccess, EndTransfer, ReferenceBatch};
use crate::hypervisor::xen::Translations;
use crate::protocols::netif::{RX_RING, RxRequest};
use crate::protocols::ring::{Index, Shared};
use crate::words::ids::{DomId, GrantRef, Pfn};

/// A posted buffer: a page, or a hole in the guest's memory where one is to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Buffer {
    pub(super) page: Pfn,
    pub(super) gref: GrantRef,
}

/// The receive ring, and the buffers posted on it.
#[derive(Clone, Debug)]
pub(super) struct RxQueue {
    pub(super) shared: SharedRing,
    /// A reference for each slot, while the ring is set up.
    pub(super) references: ReferenceBatch,
    /// By slot.
    pub(super) buffers: Vec<Option<Buffer>>,
    /// Requests are published up to here.
    published: Index,
    /// Pages that wait until there are enough of them to be worth a notification (`rx_batch`).
    batch: Vec<Pfn>,
    /// Buffers that the classic driver wants to have posted, between the settings' bounds (`rx_target`).
    pub(super) target: u32,
    /// Responses that the modern driver knows to wait (`rx_rsp_unconsumed`).
    pub(super) unconsumed: u32,
    /// The pieces of the packet that is being read: kept between calls for its memory.
    pub(super) pieces: Vec<Piece>,
    /// What the present poll has read: likewise.
    pub(super) outcomes: Vec<Outcome>,
}

impl RxQueue {
    pub(super) fn new(domain: DomId, page: Pfn, settings: &FrontSettings) -> RxQueue {
        let (least, most) = settings.rx_bounds();
        RxQueue {
            shared: SharedRing::new(domain, page, RX_RING),
            references: ReferenceBatch::default(),
            buffers: vec![None; RX_RING.entries() as usize],
            published: Index(0),
            batch: Vec::new(),
            target: FIRST_TARGET.clamp(least, most),
            unconsumed: 0,
            pieces: Vec::new(),
            outcomes: Vec::new(),
        }
    }

    /// Begins anew at `base`.
    pub(super) fn reset(&mut self, base: Index) {
        self.published = base;
        self.unconsumed = 0;
    }

    /// Posts what the guest wants to have posted and has memory for, each generation in its way.
    pub(super) fn alloc_rx_buffers(&mut self, device: &mut Device, k: &mut Kernel) {
        match device.settings.epoch {
            FrontEpoch::Classic => self.fill_to_target(device, k),
            FrontEpoch::Modern => self.fill_up(device, k),
        }
    }

    /// Classic: gathers pages up to the target, and posts them when they are half as many as it.
    fn fill_to_target(&mut self, device: &mut Device, k: &mut Kernel) {
        let wanted = self.target.saturating_sub(self.shared.half.outstanding()) as usize;
        let mut short = false;
        while self.batch.len() < wanted {
            let Some(page) = k.skbs.alloc_page() else {
                short = true;
                break;
            };
            self.batch.push(page);
        }
        if short && self.batch.is_empty() {
            self.postpone(device, k);
        }
        // What little there is goes out at once when there is no more to come.
        if !short || self.batch.is_empty() {
            if (self.batch.len() as u32) < self.target / 2 {
                return self.push(device, k);
            }
            self.raise_target(device, k);
        }
        self.post_batch(device, k);
        self.push(device, k);
    }

    /// Doubles the target when less than a quarter of it was left. This looks at the ring's own page, where the backend says
    /// what it likes.
    fn raise_target(&mut self, device: &Device, k: &mut Kernel) {
        let rsp_prod = Shared::RspProd.load(self.shared.page(k.xen));
        if self.shared.half.req_prod_pvt.since(rsp_prod) < self.target / 4 {
            self.set_target((self.target * 2).min(device.settings.rx_bounds().1), k);
        }
    }

    /// Lowers the target by one when more than three quarters of it were left after a poll.
    pub(super) fn lower_target(&mut self, device: &Device, k: &mut Kernel) {
        let rsp_prod = Shared::RspProd.load(self.shared.page(k.xen));
        if self.shared.half.req_prod_pvt.since(rsp_prod) > self.target * 3 / 4 {
            self.set_target(self.target.saturating_sub(1).max(device.settings.rx_bounds().0), k);
        }
    }

    fn set_target(&mut self, target: u32, k: &mut Kernel) {
        if target != self.target {
            self.target = target;
            k.step(Event::Receive(Receive::TargetChanged { target }));
        }
    }

    fn post_batch(&mut self, device: &mut Device, k: &mut Kernel) {
        let count = self.batch.len().min(self.shared.half.free_requests() as usize);
        for at in 0..count {
            self.post(device, k, self.batch[at]);
        }
        if count > 0 && device.reception == Reception::Flip {
            k.xen.multicall(Translations::Flushed);
        }
        self.batch.drain(..count);
    }

    /// Modern: fills every free slot, and publishes if a packet could come in.
    fn fill_up(&mut self, device: &mut Device, k: &mut Kernel) {
        let mut short = false;
        while !self.shared.half.is_full() {
            let Some(page) = k.skbs.alloc_page() else {
                short = true;
                break;
            };
            // Mainline zeroes every page; only here it matters.
            if !device.settings.trusted {
                k.xen.guest_page_mut(device.domain, page).expect("a free page is the guest's own").clear();
            }
            self.post(device, k, page);
        }
        if short || self.shared.half.outstanding() < LEAST_BUFFERS {
            self.postpone(device, k);
        } else {
            self.push(device, k);
        }
    }

    fn postpone(&self, device: &Device, k: &mut Kernel) {
        k.step(Event::Receive(Receive::RefillPostponed { posted: self.shared.half.outstanding() }));
        k.ask(Ask::Arm(Timer::Refill(device.vif), Some(k.now + REFILL_DELAY)));
    }

    /// Writes one request, for a page of the guest's. To be flipped, the page is given back to Xen first, and what comes will
    /// be seen in its place.
    pub(super) fn post(&mut self, device: &mut Device, k: &mut Kernel, page: Pfn) {
        let gref = self.references.claim().expect("there are as many references as slots");
        match device.reception {
            Reception::Copy => device.grant(k, gref, page, Access::ReadWrite),
            Reception::Flip => {
                if k.xen.domain(device.domain).is_some_and(|guest| guest.mfn(page).is_some()) {
                    k.xen.decrease_reservation(device.domain, page).expect("a guest gives back a page that it has");
                }
                device.grants.grant_transfer(&mut k.xen.memory, gref, device.backend, page);
            }
        }
        device.counters.buffers += 1;
        self.write(k, Buffer { page, gref });
    }

    /// Writes the request for a buffer into the next slot, whose number is its id.
    pub(super) fn write(&mut self, k: &mut Kernel, buffer: Buffer) {
        let slot = RX_RING.slot(self.shared.half.req_prod_pvt);
        let request = RxRequest { id: slot as u16, gref: buffer.gref };
        self.buffers[slot as usize] = Some(buffer);
        self.shared.half.write_request(self.shared.page_mut(k.xen), &request.encode());
    }

    /// Publishes what was written, if anything was. The classic driver looks whether its index is greater than the shared one,
    /// so just across the wrap it keeps buffers that were posted again to itself until the next batch; that is not modelled.
    fn push(&mut self, device: &mut Device, k: &mut Kernel) {
        let (old, new) = (self.published, self.shared.half.req_prod_pvt);
        if new == old {
            return;
        }
        self.published = new;
        let notify = self.shared.half.push_requests_and_check_notify(self.shared.page_mut(k.xen));
        let (count, target) = (new.since(old), self.target_of(device));
        k.step(Event::Receive(Receive::BuffersPosted { index: old.0, count, target }));
        self.shared.notify(device, k, notify);
    }

    /// Buffers that the guest wants to have posted; the modern driver wants as many as there are slots.
    pub(super) fn target_of(&self, device: &Device) -> u32 {
        match device.settings.epoch {
            FrontEpoch::Classic => self.target,
            FrontEpoch::Modern => RX_RING.entries(),
        }
    }

    /// Takes every posted buffer back after the loss of the backend. The modern driver frees the pages
    /// (`xennet_release_rx_bufs`), the classic one keeps them for the next connection.
    pub(super) fn release(&mut self, device: &mut Device, k: &mut Kernel) {
        for slot in 0..self.buffers.len() {
            let Some(Buffer { page, gref }) = self.buffers[slot].take() else { continue };
            let ended = match device.reception {
                Reception::Copy => device.end_foreign_access(k, gref, Some(page)),
                Reception::Flip => {
                    if let EndTransfer::Completed(frame) = device.grants.end_transfer(&mut k.xen.memory, gref) {
                        let placed = k.xen.update_va_mapping(device.domain, page, frame);
                        placed.expect("a page that was given back left a hole");
                    }
                    device.grants.release_reference(gref);
                    EndAccess::Ended
                }
            };
            match (ended, device.settings.epoch) {
                (EndAccess::StillInUse, _) => {}
                (EndAccess::Ended, FrontEpoch::Classic) => self.batch.push(page),
                (EndAccess::Ended, FrontEpoch::Modern) => k.skbs.free_page(page),
            }
        }
    }

    /// Posts again what was posted when the backend was lost (`network_connect`, its second step), however little it is. A
    /// page that was to be flipped is missing if it is to be copied to now; without memory it stays missing.
    pub(super) fn requeue(&mut self, device: &mut Device, k: &mut Kernel) {
        if device.reception == Reception::Copy {
            let domain = device.domain;
            let has_page = |k: &Kernel, page| k.xen.domain(domain).is_some_and(|guest| guest.mfn(page).is_some());
            self.batch.retain(|&page| has_page(k, page) || k.xen.populate(domain, page).is_ok());
        }
        self.post_batch(device, k);
    }

    /// Pages that wait in the batch.
    pub(super) fn waiting_pages(&self) -> u32 {
        self.batch.len() as u32
    }
}
