//! Packets' way into guests' buffers: the receive half of the thread (`xen_netbk_rx_action`, `netbk_gop_skb`).
//!
//! A piece that does not fit into what is left of a buffer begins the next one: so small pieces are put together, and large
//! ones have buffers of their own. That takes more buffers than filling each to its end, as is done later.
//!
//! Not modelled: GSO prefixes, which came before extra infos on this ring.

use alloc::vec::Vec;

use crate::actors::kernel::Kernel;
use crate::actors::log::Event;
use crate::actors::log::receive::{DropReason, Receive};
use crate::actors::netback_upstream::bounce::{Bounce, Place};
use crate::actors::netback_upstream::grant_copy::{GrantCopy, Vif};
use crate::actors::netback_upstream::limits::MAX_SKB_FRAGS;
use crate::actors::skb::{Shared as Data, SkbId};
use crate::hypervisor::grant_copies::{CopyFrame, CopyOp, CopyPointer, GrantCopy as Copy};
use crate::hypervisor::page::PAGE_SIZE;
use crate::protocols::netif::{
    ExtraInfo, Gso, NETIF_RSP_ERROR, NETRXF_EXTRA_INFO, NETRXF_MORE_DATA, RxRequest, RxResponse,
};
use crate::protocols::ring::Index;
use crate::words::ids::VifId;

/// Slots of a receive ring, which a batch does not exceed by more than a packet.
const RING: usize = 256;

/// A buffer that is being filled (`struct netbk_rx_meta`).
#[derive(Clone, Copy, Debug)]
struct Buffer {
    index: Index,
    request: RxRequest,
    size: u16,
}

/// A packet whose copies are planned.
#[derive(Clone, Copy, Debug)]
struct Planned {
    vif: VifId,
    skb: SkbId,
    buffers: usize,
    copies: usize,
    /// Where what is said of its segmentation goes.
    extra: Option<Index>,
}

/// What one pass asks of the hypervisor, for which packets.
#[derive(Clone, Debug, Default)]
pub(super) struct Batch {
    planned: Vec<Planned>,
    buffers: Vec<Buffer>,
    copies: Vec<CopyOp>,
    /// Where the pages of one packet's head lie.
    places: Vec<Place>,
    /// Interfaces whose guests are to be notified, each once.
    notify: Vec<VifId>,
}

/// Whether a piece of so many bytes begins a new buffer (`start_new_rx_buffer`). The very first one never does: frontends
/// rely on there being something in a packet's first buffer.
const fn begins_buffer(filled: usize, size: usize, first: bool) -> bool {
    filled == PAGE_SIZE || (filled + size > PAGE_SIZE && filled > 0 && !first)
}

/// The pieces of a packet as they are copied: bytes of its head by the page, then its fragments. Each with the fragment that
/// it is, and where it begins there or in the head.
fn pieces(data: &Data) -> impl Iterator<Item = (Option<usize>, usize, usize)> + '_ {
    let head = (0..data.head.len()).step_by(PAGE_SIZE).map(|at| (None, at, PAGE_SIZE.min(data.head.len() - at)));
    let frags = data.frags().iter().enumerate().map(|(number, frag)| (Some(number), 0, usize::from(frag.size)));
    head.chain(frags)
}

/// Buffers that a packet takes (`xen_netbk_count_skb_slots`): what planning its copies would take.
pub(super) fn buffers_for(data: &Data, gso: bool) -> u32 {
    let (mut count, mut filled, mut first) = (1, 0, true);
    for (_, _, mut size) in pieces(data) {
        while size > 0 {
            if begins_buffer(filled, size, first) {
                count += 1;
                filled = 0;
            }
            let len = size.min(PAGE_SIZE - filled);
            filled += len;
            size -= len;
            first = false;
        }
    }
    count + u32::from(gso && data.gso.size != 0)
}

impl GrantCopy {
    /// One pass: gathers packets of all guests in order, copies them with one hypercall, answers, and notifies each guest at
    /// most once. True if packets are left.
    pub(super) fn rx_action(&mut self, k: &mut Kernel) -> bool {
        self.bounce.clear();
        let has_page = self.bounce.has_page(k);
        let mut count = 0;
        while count + MAX_SKB_FRAGS < RING
            && let Some((vif, skb)) = self.receive_queue.pop_front()
        {
            k.log.about(vif);
            let frags = k.skbs.get(skb).frags().len();
            if !has_page {
                self.lose(k, vif, skb);
            } else if self.plan(k, vif, skb) {
                count += frags + 1;
            } else if self.batch.planned.is_empty() {
                self.lose(k, vif, skb);
            } else {
                // The heads of this pass have used dom0's memory up, until they are copied.
                self.receive_queue.push_front((vif, skb));
                break;
            }
        }
        let domain = k.domain();
        k.xen.grant_copies(domain, &mut self.batch.copies);
        self.answer(k);
        !self.receive_queue.is_empty()
    }

    /// dom0 has no memory for a packet's head.
    fn lose(&mut self, k: &mut Kernel, vif: VifId, skb: SkbId) {
        let bytes = k.skbs.get(skb).len;
        if let Some(entry) = self.vif_mut(vif) {
            let promised = buffers_for(k.skbs.get(skb), entry.link.receive.gso);
            entry.peek = Index(entry.peek.0.wrapping_sub(promised));
            entry.waiting -= 1;
            entry.link.counters.receive_dropped += 1;
            let why = DropReason::NoMemory;
            k.step(Event::Receive(Receive::PacketRefused { bytes, why, needed: promised, posted: promised }));
        }
        k.skbs.free(skb);
    }

    /// Plans a packet's copies into its guest's next buffers (`netbk_gop_skb`). False if its head finds no room: then nothing
    /// has changed.
    fn plan(&mut self, k: &mut Kernel, vif: VifId, skb: SkbId) -> bool {
        let Self { vifs, batch, bounce, .. } = self;
        let entry = vifs[usize::from(vif.0)].as_deref_mut();
        let entry = entry.expect("an interface stays while packets for it wait");
        let (buffers, copies) = (batch.buffers.len(), batch.copies.len());
        let head = k.skbs.get(skb).head.len();
        batch.places.clear();
        for at in (0..head).step_by(PAGE_SIZE) {
            let Some(place) = bounce.reserve(k, PAGE_SIZE.min(head - at) as u16) else { return false };
            batch.places.push(place);
        }
        let domain = k.domain();
        for (&place, bytes) in batch.places.iter().zip(k.skbs.get(skb).head.chunks(PAGE_SIZE)) {
            Bounce::write(k.xen, domain, place, bytes);
        }
        let data = k.skbs.get(skb);
        let has_extra = entry.link.receive.gso && data.gso.size != 0;
        let mut extra = None;
        let (index, request) = entry.link.receive.take(k);
        let mut buffer = Buffer { index, request, size: 0 };
        let mut first = true;
        let data = k.skbs.get(skb);
        for (frag, start, mut size) in pieces(data) {
            let (frame, mut offset) = match frag {
                None => {
                    let place = batch.places[start / PAGE_SIZE];
                    (place.frame, place.offset)
                }
                Some(number) => {
                    let frag = data.frags()[number];
                    let dom0 = k.xen.domain(domain).expect("who runs a driver exists");
                    (dom0.mfn(frag.page.pfn()).expect("a packet lies in pages that its kernel has"), frag.offset)
                }
            };
            while size > 0 {
                if begins_buffer(usize::from(buffer.size), size, first) {
                    batch.buffers.push(buffer);
                    let (index, request) = entry.link.receive.take(k);
                    buffer = Buffer { index, request, size: 0 };
                }
                let len = size.min(PAGE_SIZE - usize::from(buffer.size)) as u16;
                let source = CopyPointer { frame: CopyFrame::Own(frame), offset };
                let frame = CopyFrame::Granted(entry.link.frontend, buffer.request.gref);
                let dest = CopyPointer { frame, offset: buffer.size };
                batch.copies.push(CopyOp::new(Copy { source, dest, len }));
                buffer.size += len;
                offset += len;
                size -= usize::from(len);
                if first && has_extra {
                    extra = Some(entry.link.receive.take(k).0);
                }
                first = false;
            }
        }
        batch.buffers.push(buffer);
        let (buffers, copies) = (batch.buffers.len() - buffers, batch.copies.len() - copies);
        batch.planned.push(Planned { vif, skb, buffers, copies, extra });
        true
    }

    /// Writes and publishes the answers, packet by packet, and frees the packets; each guest is notified at the end.
    fn answer(&mut self, k: &mut Kernel) {
        let Self { vifs, batch, .. } = self;
        let (mut buffers, mut copies) = (&batch.buffers[..], &batch.copies[..]);
        for planned in &batch.planned {
            let (its_buffers, other_buffers) = buffers.split_at(planned.buffers);
            let (its_copies, other_copies) = copies.split_at(planned.copies);
            (buffers, copies) = (other_buffers, other_copies);
            let entry = vifs[usize::from(planned.vif.0)].as_deref_mut();
            let entry = entry.expect("an interface stays while packets for it wait");
            k.log.about(planned.vif);
            if entry.answer(k, planned, its_buffers, its_copies) && !entry.notify {
                entry.notify = true;
                batch.notify.push(planned.vif);
            }
            entry.wake_if_schedulable(k);
            entry.waiting -= 1;
            k.skbs.free(planned.skb);
        }
        for vif in batch.notify.drain(..) {
            if let Some(Some(entry)) = vifs.get_mut(usize::from(vif.0)) {
                k.log.about(vif);
                entry.notify = false;
                entry.link.receive.notify(k, &mut entry.link.counters);
            }
        }
        batch.planned.clear();
        batch.buffers.clear();
        batch.copies.clear();
    }
}

impl Vif {
    /// Answers one packet's buffers: with their sizes, or all with an error if one copy failed. Tells whether the guest is to
    /// be notified.
    fn answer(&mut self, k: &mut Kernel, planned: &Planned, buffers: &[Buffer], copies: &[CopyOp]) -> bool {
        let (gso, first_flags, total) = {
            let data = k.skbs.get(planned.skb);
            (data.gso, self.link.receive.checksum_flags(data), data.len)
        };
        let failed = copies.iter().find_map(|op| op.result.err());
        let receive = &mut self.link.receive;
        for (number, buffer) in buffers.iter().enumerate() {
            let mut flags = if number + 1 < buffers.len() { NETRXF_MORE_DATA } else { 0 };
            if number == 0 {
                flags |= first_flags | if planned.extra.is_some() { NETRXF_EXTRA_INFO } else { 0 };
            }
            let status = if failed.is_some() { NETIF_RSP_ERROR } else { buffer.size as i16 };
            let response = RxResponse { id: buffer.request.id, offset: 0, flags, status };
            receive.write(k, buffer.index, &response.encode());
        }
        if let Some(index) = planned.extra {
            let extra = ExtraInfo::gso(Gso { size: gso.size, kind: gso.kind, features: 0 });
            receive.write(k, index, &extra.encode());
        }
        let (first, count) = (buffers[0].index, buffers.len() as u32 + u32::from(planned.extra.is_some()));
        receive.answered_to(first.plus(count));
        match failed {
            None => {
                self.link.counters.receive_packets += 1;
                self.link.counters.receive_bytes += u64::from(total);
                k.step(Event::Receive(Receive::BytesCopied { count: copies.len() as u32, bytes: total }));
            }
            Some(status) => {
                self.link.counters.receive_errors += 1;
                k.step(Event::Receive(Receive::DeliveryRefused { index: first.0, status: status.code() }));
            }
        }
        k.step(Event::Receive(Receive::BuffersAnswered { index: first.0, count, bytes: total }));
        self.link.receive.push(k)
    }
}
