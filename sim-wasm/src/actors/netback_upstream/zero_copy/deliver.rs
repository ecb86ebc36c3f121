//! A packet's way into a guest's buffers (`xenvif_rx_skb`, `xenvif_rx_copy_add`, `xenvif_rx_copy_flush`).
//!
//! Buffers are filled one after the other, each to its end. What lies in another guest's page is copied straight from
//! there: by that guest's grant, into this one's.
//!
//! Not modelled: extra infos about hashes and XDP.

use alloc::vec::Vec;

use crate::actors::kernel::Kernel;
use crate::actors::log::Event;
use crate::actors::log::receive::Receive;
use crate::actors::netback_upstream::bounce::Bounce;
use crate::actors::netback_upstream::limits::COPY_BATCH;
use crate::actors::netback_upstream::zero_copy::ZeroCopy;
use crate::actors::skb::{FragPage, SkbId};
use crate::hypervisor::grant_copies::{CopyFrame, CopyOp, CopyPointer, GrantCopy};
use crate::hypervisor::page::PAGE_SIZE;
use crate::protocols::netif::{ExtraInfo, Gso, NETRXF_EXTRA_INFO, NETRXF_MORE_DATA, RxRequest, RxResponse};
use crate::protocols::ring::Index;
use crate::words::ids::VifId;

/// Copies for one guest that wait for their hypercall.
#[derive(Clone, Debug, Default)]
pub(super) struct Batch {
    copies: Vec<CopyOp>,
    /// The buffer that each copy is for.
    buffers: Vec<Index>,
    /// Packets whose copies all are in this batch or were in earlier ones.
    completed: Vec<SkbId>,
    bytes: u32,
}

/// How far a packet's bytes are copied.
struct Walk {
    /// 0 in the head, else in the fragment before.
    piece: usize,
    offset: u16,
    remaining: u32,
}

impl ZeroCopy {
    /// Plans the copies of a packet for which there are buffers, and writes what will be answered.
    pub(super) fn deliver(&mut self, k: &mut Kernel, vif: VifId, skb: SkbId) {
        let Some(queue) = self.queue_mut(vif) else { return };
        let data = k.skbs.get(skb);
        let (total, gso) = (data.len, data.gso);
        let first_flags = queue.link.receive.checksum_flags(data);
        let mut extra = (gso.size != 0 && queue.link.receive.gso)
            .then(|| ExtraInfo::gso(Gso { size: gso.size, kind: gso.kind, features: 0 }));
        let mut walk = Walk { piece: 0, offset: 0, remaining: total };
        let mut first = true;
        while first || walk.remaining > 0 || extra.is_some() {
            let Some(queue) = self.queue_mut(vif) else { return };
            let (index, request) = queue.link.receive.take(k);
            if !first && let Some(extra) = extra.take() {
                queue.link.receive.write(k, index, &extra.encode());
                continue;
            }
            let filled = self.fill(k, vif, (skb, &mut walk), (index, request));
            let mut flags = if walk.remaining > 0 { NETRXF_MORE_DATA } else { 0 };
            if first {
                flags |= first_flags | if extra.is_some() { NETRXF_EXTRA_INFO } else { 0 };
            }
            let response = RxResponse { id: request.id, offset: 0, flags, status: filled as i16 };
            let Some(queue) = self.queue_mut(vif) else { return };
            queue.link.receive.write(k, index, &response.encode());
            first = false;
        }
        let Some(queue) = self.queue_mut(vif) else { return };
        let index = queue.link.receive.req_cons();
        queue.link.receive.answered_to(index);
        queue.link.counters.receive_packets += 1;
        queue.link.counters.receive_bytes += u64::from(total);
        self.batch.completed.push(skb);
        self.batch.bytes += total;
    }

    /// Fills one buffer from where the packet's last one ended, and tells with how many bytes.
    fn fill(
        &mut self,
        k: &mut Kernel,
        vif: VifId,
        (skb, walk): (SkbId, &mut Walk),
        (index, request): (Index, RxRequest),
    ) -> u16 {
        let domain = k.domain();
        let mut filled = 0;
        while usize::from(filled) < PAGE_SIZE && walk.remaining > 0 {
            if self.batch.copies.len() == COPY_BATCH {
                self.flush(k, vif);
            }
            let room = PAGE_SIZE - usize::from(filled);
            let (size, source) = match walk.piece.checked_sub(1) {
                None => {
                    let size = k.skbs.get(skb).head.len();
                    let len = (size - usize::from(walk.offset)).min(room);
                    let place = match self.bounce.reserve(k, len as u16) {
                        Some(place) => place,
                        None => {
                            self.flush(k, vif);
                            self.bounce.reserve(k, len as u16).expect("who delivers has a page")
                        }
                    };
                    let bytes = &k.skbs.get(skb).head[usize::from(walk.offset)..][..len];
                    Bounce::write(k.xen, domain, place, bytes);
                    (size, CopyPointer { frame: CopyFrame::Own(place.frame), offset: place.offset })
                }
                Some(number) => {
                    let frag = k.skbs.get(skb).frags()[number];
                    let offset = frag.offset + walk.offset;
                    (usize::from(frag.size), CopyPointer { frame: self.source(k, frag.page), offset })
                }
            };
            let len = (size - usize::from(walk.offset)).min(room) as u16;
            walk.offset += len;
            walk.remaining -= u32::from(len);
            if usize::from(walk.offset) == size {
                walk.piece += 1;
                walk.offset = 0;
            }
            if len == 0 {
                continue;
            }
            let Some(queue) = self.queue(vif) else { break };
            let frame = CopyFrame::Granted(queue.link.frontend, request.gref);
            let dest = CopyPointer { frame, offset: filled };
            self.batch.copies.push(CopyOp::new(GrantCopy { source, dest, len }));
            self.batch.buffers.push(index);
            filled += len;
        }
        filled
    }

    /// Where the hypervisor finds a fragment.
    fn source(&self, k: &Kernel, page: FragPage) -> CopyFrame {
        match page {
            FragPage::Own(pfn) => {
                let dom0 = k.xen.domain(k.domain()).expect("who runs a driver exists");
                CopyFrame::Own(dom0.mfn(pfn).expect("a packet lies in pages that its kernel has"))
            }
            FragPage::Foreign { vif, pending, .. } => {
                let origin = self.queue(vif).expect("an interface stays while packets point into its guest");
                CopyFrame::Granted(origin.link.frontend, origin.pool.get(pending).request.gref)
            }
        }
    }

    /// Copies what was gathered, with one hypercall, writes the status of what failed over that of its buffer, publishes the
    /// answers of packets that are complete, and frees these.
    pub(super) fn flush(&mut self, k: &mut Kernel, vif: VifId) {
        let Self { queues, batch, bounce, .. } = self;
        let Some(queue) = queues.get_mut(usize::from(vif.0)).and_then(Option::as_deref_mut) else { return };
        let domain = k.domain();
        k.xen.grant_copies(domain, &mut batch.copies);
        let (mut count, mut bytes) = (0, 0);
        for (op, &index) in batch.copies.iter().zip(&batch.buffers) {
            match op.result {
                Ok(()) => {
                    count += 1;
                    bytes += u32::from(op.copy.len);
                }
                Err(status) => {
                    queue.link.counters.receive_errors += 1;
                    queue.link.receive.overwrite_status(k, index, status.code());
                    k.step(Event::Receive(Receive::DeliveryRefused { index: index.0, status: status.code() }));
                }
            }
        }
        if count > 0 {
            k.step(Event::Receive(Receive::BytesCopied { count, bytes }));
        }
        batch.copies.clear();
        batch.buffers.clear();
        bounce.clear();
        let (first, answered) = queue.link.receive.unpublished();
        if answered > 0 {
            let bytes = core::mem::take(&mut batch.bytes);
            k.step(Event::Receive(Receive::BuffersAnswered { index: first.0, count: answered, bytes }));
        }
        if queue.link.receive.push(k) {
            queue.link.receive.notify(k, &mut queue.link.counters);
        }
        for skb in batch.completed.drain(..) {
            k.skbs.free(skb);
        }
    }
}
