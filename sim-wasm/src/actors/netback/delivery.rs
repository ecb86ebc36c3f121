//! The receive tasklet: accepted packets into guests' buffers (`net_rx_action`, `netbk_gop_skb`, `netbk_check_gop` in
//! `drivers/xen/netback/netback.c`).
//!
//! ```text
//!   one queue for all guests ── until 238 pieces ──> one hypercall of copies and transfers ──> answers ──> notifications
//! ```
//!
//! Piece *i* of a packet goes into buffer *i* from where the guest's ring was consumed to, and its answer takes that
//! buffer's slot: the guest knows a buffer by its place. The slot after the head's is an extra info's if the packet is still
//! to be segmented, and its buffer is not used. An interface is notified once in a batch, at its end.
//!
//! A piece in another guest's page is copied from that guest's grant to this one's, and never lies in dom0's memory.
//!
//! A page that is given away needs a fresh one in its place. If Xen has none, reception pauses for a second, for everybody.
//!
//! A head that lies in no page of its own, as dom0's copies of headers do, is put into pages that the driver keeps for that,
//! one head after the other: they stand for the memory that heads are allocated from, and the copy into the guest's buffer
//! is one from frame to grant like any other.
//!
//! Not modelled: the stock of 64 fresh frames that the driver keeps, and that its calls about them are fewer for it.

use alloc::vec::Vec;

use crate::actors::kernel::{Ask, Kernel, Task, Timer};
use crate::actors::log::Event;
use crate::actors::log::receive::Receive;
use crate::actors::netback::pool::Place;
use crate::actors::netback::{Netback, tell_of_call};
use crate::actors::skb::{Checksum, FragPage, MAX_SKB_FRAGS, Segmentation, SkbId};
use crate::hypervisor::grant_copies::{CopyFrame, CopyOp, CopyPointer, GrantCopy};
use crate::hypervisor::grant_entry::GrantStatus;
use crate::hypervisor::grant_transfers::TransferOp;
use crate::hypervisor::xen::Translations;
use crate::protocols::netif::{
    ExtraInfo, Gso, NETIF_RSP_ERROR, NETRXF_CSUM_BLANK, NETRXF_DATA_VALIDATED, NETRXF_EXTRA_INFO, NETRXF_MORE_DATA,
    RX_REQUEST_SIZE, RX_RING, RxRequest, RxResponse,
};
use crate::protocols::ring::{Index, Shared};
use crate::words::ids::VifId;

/// A piece of a packet, and the buffer that it goes into.
#[derive(Clone, Copy, Debug)]
struct Piece {
    /// The buffer's id, as its request said.
    id: u16,
    /// Where the piece begins in the page that the guest gets.
    offset: u16,
    size: u16,
}

/// A packet of a batch. Its pieces, and its operations, lie one after the other in the batch's; the operation of the head
/// is the last one.
#[derive(Clone, Copy, Debug)]
struct Delivery {
    vif: VifId,
    skb: SkbId,
    /// The head and the fragments.
    pieces: usize,
    /// Whether its pages are copied, or else given away.
    copies: bool,
    /// What the extra info says; no size without one.
    gso: Segmentation,
}

/// A batch.
#[derive(Clone, Debug, Default)]
pub(super) struct Deliveries {
    packets: Vec<Delivery>,
    pieces: Vec<Piece>,
    copies: Vec<CopyOp>,
    flips: Vec<TransferOp>,
    notifications: Vec<VifId>,
}

impl Netback {
    /// One pass. True if packets are left for another.
    pub(super) fn net_rx_action(&mut self, k: &mut Kernel) -> bool {
        if self.squeezed_until.is_some() {
            return false;
        }
        let mut batch = core::mem::take(&mut self.deliveries);
        let mut count = 0;
        while count + MAX_SKB_FRAGS < RX_RING.entries() as usize
            && let Some((id, skb)) = self.rx_queue.pop_front()
        {
            let Some(pieces) = self.gop_skb(k, &mut batch, id, skb) else {
                self.rx_queue.push_front((id, skb));
                break;
            };
            count += pieces;
        }
        if !batch.copies.is_empty() {
            k.xen.grant_copies(k.skbs.domain(), &mut batch.copies);
        }
        flip_pages(k, &mut batch.flips);
        self.answer_buffers(k, &mut batch);
        // The driver takes them from the end of its list.
        while let Some(id) = batch.notifications.pop() {
            let vif = self.vifs[usize::from(id.0)].as_mut().expect("who gets a packet is not gone");
            vif.owes_notification = false;
            vif.counters.notifications += 1;
            k.log.about(id);
            k.notify(vif.port);
        }
        batch.packets.clear();
        batch.pieces.clear();
        batch.copies.clear();
        batch.flips.clear();
        self.heads.clear();
        self.deliveries = batch;
        !self.rx_queue.is_empty() && self.squeezed_until.is_none()
    }

    /// The second is over (`net_alarm`).
    pub(super) fn squeeze_alarm(&mut self, k: &mut Kernel) {
        self.squeezed_until = None;
        k.ask(Ask::Run(Task::NetRx));
    }

    /// Adds a packet to the batch (`netbk_gop_skb`), and tells how many pieces it has. Nothing if there is no memory for it
    /// in this batch.
    fn gop_skb(&mut self, k: &mut Kernel, batch: &mut Deliveries, id: VifId, skb: SkbId) -> Option<usize> {
        let domain = k.domain();
        let vif = self.vifs[usize::from(id.0)].as_ref().expect("who gets a packet is not gone");
        let (frontend, copies, takes_gso) = (vif.frontend, vif.copies, vif.gso);
        let pieces = 1 + k.skbs.get(skb).frags().len() - usize::from(k.skbs.get(skb).linear);
        if !copies && batch.flips.len() + pieces > k.xen.memory.free_frames() as usize {
            self.squeeze(k, id);
            return None;
        }
        let head_len = k.skbs.get(skb).head.len();
        if head_len > 0 && !self.heads.make_room(k.skbs, head_len) {
            return None;
        }

        let shared = k.skbs.get(skb);
        let (linear, fragments) = shared.frags().split_at(usize::from(shared.linear));
        let head = match linear.first() {
            Some(frag) => (frag.page, frag.offset, frag.size),
            None => {
                let (pfn, offset) = self.heads.write(k.xen, domain, &shared.head);
                (FragPage::Own(pfn), offset, shared.head.len() as u16)
            }
        };
        let gso = if takes_gso { shared.gso } else { Segmentation::NONE };
        let extra = u32::from(gso.size > 0);
        let vif = self.vifs[usize::from(id.0)].as_mut().expect("who gets a packet is not gone");
        let first = vif.rx.req_cons;
        vif.rx.req_cons = first.plus(pieces as u32 + extra);

        let at = batch.pieces.len();
        batch.pieces.push(Piece { id: 0, offset: 0, size: 0 });
        let ring = vif.rx;
        let rx_handle = vif.rx_handle;
        let gop = |batch: &mut Deliveries, at: usize, index: Index, (page, offset, size): (FragPage, u16, u16)| {
            let ring_page = k.xen.mapped_page(domain, rx_handle).expect("a connected ring is mapped");
            let request = RxRequest::decode(ring.copy_request::<RX_REQUEST_SIZE>(ring_page, index));
            batch.pieces[at] = Piece { id: request.id, offset: if copies { 0 } else { offset }, size };
            if !copies {
                batch.flips.push(TransferOp::new(page.pfn(), frontend, request.gref));
                return;
            }
            let source = match page {
                FragPage::Own(pfn) => {
                    let own = k.xen.domain(domain).and_then(|domain| domain.mfn(pfn));
                    CopyFrame::Own(own.expect("the allocator has the kernel's own pages"))
                }
                FragPage::Foreign { pending, .. } => {
                    let pending = self.pool.get(Place(pending));
                    let owner = self.vifs[usize::from(pending.vif.0)].as_ref().expect("who holds a slot is not gone");
                    CopyFrame::Granted(owner.frontend, pending.request.gref)
                }
            };
            let dest = CopyPointer { frame: CopyFrame::Granted(frontend, request.gref), offset: 0 };
            let source = CopyPointer { frame: source, offset };
            batch.copies.push(CopyOp::new(GrantCopy { source, dest, len: size }));
        };
        for (number, frag) in fragments.iter().enumerate() {
            batch.pieces.push(Piece { id: 0, offset: 0, size: 0 });
            let index = first.plus(1 + extra + number as u32);
            gop(batch, at + 1 + number, index, (frag.page, frag.offset, frag.size));
        }
        gop(batch, at, first, head);
        batch.packets.push(Delivery { vif: id, skb, pieces, copies, gso });
        Some(pieces)
    }

    /// Reception pauses for a second: Xen has too few frames to replace those that would be given away.
    fn squeeze(&mut self, k: &mut Kernel, id: VifId) {
        let until = self.clock.timer(self.clock.at(k.now).plus(self.clock.second()), k.now);
        self.squeezed_until = Some(until);
        k.log.about(id);
        k.step(Event::Receive(Receive::MemorySqueeze { until: until.0 }));
        k.ask(Ask::Arm(Timer::Squeeze, Some(until)));
    }

    /// Answers the buffers of a batch, packet by packet, and frees the packets.
    fn answer_buffers(&mut self, k: &mut Kernel, batch: &mut Deliveries) {
        tell_done(k, batch);
        let (mut at, mut copy, mut flip) = (0, 0, 0);
        for number in 0..batch.packets.len() {
            let delivery = batch.packets[number];
            let pieces = at..at + delivery.pieces;
            at = pieces.end;
            let failed = if delivery.copies {
                let ops = &batch.copies[copy..copy + delivery.pieces];
                copy += delivery.pieces;
                self.check_gop(k, &delivery, ops.iter().map(|op| op.result))
            } else {
                let ops = &batch.flips[flip..flip + delivery.pieces];
                flip += delivery.pieces;
                self.check_gop(k, &delivery, ops.iter().map(|op| op.result))
            };
            if self.answer_packet(k, &delivery, &batch.pieces[pieces], failed) {
                batch.notifications.push(delivery.vif);
            }
            self.wake_if_room(k, delivery.vif);
            k.skbs.free(delivery.skb);
        }
    }

    /// Whether Xen refused any of a packet's operations (`netbk_check_gop`).
    fn check_gop(
        &self,
        k: &mut Kernel,
        delivery: &Delivery,
        results: impl Iterator<Item = Result<(), GrantStatus>>,
    ) -> bool {
        let vif = self.vifs[usize::from(delivery.vif.0)].as_ref().expect("who gets a packet is not gone");
        let mut failed = false;
        for (number, result) in results.enumerate() {
            let Err(status) = result else { continue };
            failed = true;
            let is_head = number + 1 == delivery.pieces;
            let before = if is_head { 0 } else { 1 + u32::from(delivery.gso.size > 0) + number as u32 };
            let index = vif.rx.rsp_prod_pvt.plus(before).0;
            k.log.about(delivery.vif);
            k.step(Event::Receive(Receive::DeliveryRefused { index, status: status.code() }));
        }
        failed
    }

    /// Answers the buffers of one packet (`make_rx_response`, `netbk_add_frag_responses`). True if the guest is to be
    /// notified and was not going to be already.
    fn answer_packet(&mut self, k: &mut Kernel, delivery: &Delivery, pieces: &[Piece], failed: bool) -> bool {
        let domain = k.domain();
        let vif = self.vifs[usize::from(delivery.vif.0)].as_mut().expect("who gets a packet is not gone");
        let shared = k.skbs.get(delivery.skb);
        let len = shared.len;
        let checked = match shared.checksum {
            Checksum::Partial => NETRXF_CSUM_BLANK | NETRXF_DATA_VALIDATED,
            Checksum::Unnecessary => NETRXF_DATA_VALIDATED,
            Checksum::None => 0,
        };
        let page = k.xen.mapped_page_mut(domain, vif.rx_handle).expect("a connected ring is mapped for writing");
        let (old, event) = (vif.rx.rsp_prod_pvt, Shared::RspEvent.load(page));
        for (number, piece) in pieces.iter().enumerate() {
            let mut flags = if number + 1 < pieces.len() { NETRXF_MORE_DATA } else { 0 };
            if number == 0 {
                flags |= checked;
                flags |= if delivery.gso.size > 0 { NETRXF_EXTRA_INFO } else { 0 };
            }
            let status = if failed { NETIF_RSP_ERROR } else { piece.size as i16 };
            let response = RxResponse { id: piece.id, offset: piece.offset, flags, status };
            vif.rx.write_response(page, &response.encode());
            if number == 0 && delivery.gso.size > 0 {
                let Segmentation { size, kind } = delivery.gso;
                vif.rx.write_response(page, &ExtraInfo::gso(Gso { size, kind, features: 0 }).encode());
            }
        }
        let notify = vif.rx.push_responses_and_check_notify(page);
        let fresh = notify && !vif.owes_notification;
        vif.owes_notification |= notify;
        vif.references -= 1;
        if failed {
            vif.counters.receive_errors += 1;
        } else {
            vif.counters.receive_packets += 1;
            vif.counters.receive_bytes += u64::from(len);
        }
        let new = vif.rx.rsp_prod_pvt;
        let bytes = if failed { 0 } else { pieces.iter().map(|piece| u32::from(piece.size)).sum() };
        k.log.about(delivery.vif);
        k.step(Event::Receive(Receive::BuffersAnswered { index: old.0, count: new.since(old), bytes }));
        k.step(Event::Receive(Receive::AnswersPublished { old: old.0, new: new.0, event: event.0, notify }));
        fresh
    }
}

/// Gives pages away and has Xen put fresh ones in their place, of which there are enough. No processor may see what it gave
/// away any more.
fn flip_pages(k: &mut Kernel, flips: &mut [TransferOp]) {
    if flips.is_empty() {
        return;
    }
    let domain = k.domain();
    k.xen.transfers(domain, flips);
    k.xen.multicall(Translations::Flushed);
    for flip in flips {
        if flip.result != Err(GrantStatus::BadPage) {
            k.xen.populate(domain, flip.pfn).expect("the frames were counted");
        }
    }
}

/// Tells of the one hypercall that carried a batch out, packet by packet, and then of what Xen refused.
fn tell_done(k: &mut Kernel, batch: &Deliveries) {
    if k.log.is_off() {
        return;
    }
    let mut told = false;
    let (mut copy, mut flip) = (0, 0);
    for delivery in &batch.packets {
        let event = if delivery.copies {
            let ops = &batch.copies[copy..copy + delivery.pieces];
            copy += delivery.pieces;
            let done = ops.iter().filter(|op| op.result.is_ok());
            let (count, bytes) = done.fold((0, 0), |(count, bytes), op| (count + 1, bytes + u32::from(op.copy.len)));
            Receive::BytesCopied { count, bytes }
        } else {
            let ops = &batch.flips[flip..flip + delivery.pieces];
            flip += delivery.pieces;
            Receive::PagesFlipped { count: ops.iter().filter(|op| op.result.is_ok()).count() as u32 }
        };
        k.log.about(delivery.vif);
        tell_of_call(k, &mut told, Event::Receive(event));
    }
}
