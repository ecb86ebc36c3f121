//! One pass's hypercalls, and the packets that come of them (`xenvif_get_requests`, `xenvif_tx_check_gop`,
//! `xenvif_tx_submit`).
//!
//! The head of a packet is gathered by copies from as many slots as it takes (XSA-423). A slot that is copied whole needs
//! no mapping and is answered at once. The rest of a slot that is copied in part, and every later slot, is mapped.
//!
//! ```text
//!   slots     │ 54 │ 1460      │        │ 66 │ 1448     │       │ 1514          │
//!   copied    ├────┼──74──┐    │        ├────┼─62──┐    │       ├──128──┐       │
//!   mapped    │    │      └────┤        │    │     └────┤       │       └───────┤
//!             answered at once          answered at once
//! ```
//!
//! Every slot of a packet that fails is answered: with an error if it was its own fault, or if it was in part in a head
//! that failed; otherwise as if nothing had happened. What was mapped is unmapped before.
//!
//! Not modelled: heads that cross a page of dom0's, completed checksums, and the number of segments.

use alloc::vec::Vec;

use crate::actors::kernel::{Ask, Kernel, Task};
use crate::actors::log::Event;
use crate::actors::log::backend::Backend;
use crate::actors::netback_upstream::bounce::{Bounce, Place};
use crate::actors::netback_upstream::limits::{LEGACY_SLOTS_MAX, MAX_SKB_FRAGS};
use crate::actors::netback_upstream::link::Link;
use crate::actors::netback_upstream::requests::Requests;
use crate::actors::netback_upstream::zero_copy::Queue;
use crate::actors::netback_upstream::zero_copy::release::copy_fragments;
use crate::actors::skb::{Checksum, Frag, FragPage, Segmentation, SkbId};
use crate::hypervisor::grant_calls::{MapOp, UnmapOp};
use crate::hypervisor::grant_copies::{CopyFrame, CopyOp, CopyPointer, GrantCopy};
use crate::hypervisor::grant_entry::Access;
use crate::hypervisor::page::PAGE_SIZE;
use crate::protocols::netif::{NETIF_RSP_ERROR, NETIF_RSP_OKAY, TxResponse};

/// A packet whose hypercalls are planned.
#[derive(Clone, Copy, Debug)]
struct Planned {
    /// Where its head will be.
    head: Place,
    head_len: u16,
    total: u16,
    /// How many copies and mappings it takes, of those of the pass.
    copies: u16,
    maps: u16,
    gso: Segmentation,
    checksum: Checksum,
}

/// What one pass asks of the hypervisor, and for which packets.
#[derive(Clone, Debug, Default)]
pub(super) struct Pass {
    planned: Vec<Planned>,
    copies: Vec<CopyOp>,
    /// The slot that each copy is from.
    copied: Vec<u16>,
    maps: Vec<MapOp>,
}

/// Which of a pass's copies and mappings are the next packet's.
#[derive(Clone, Copy, Default)]
struct Cursor {
    copy: usize,
    map: usize,
}

impl Pass {
    pub(super) fn begin(&mut self, bounce: &mut Bounce) {
        bounce.clear();
        self.planned.clear();
        self.copies.clear();
        self.copied.clear();
        self.maps.clear();
    }

    /// Packets that are planned.
    pub(super) fn packets(&self) -> u32 {
        self.planned.len() as u32
    }

    /// Plans a packet's copies and mappings (`xenvif_get_requests`). Further slots without bytes are answered at once
    /// (XSA-448). False if dom0 has no memory for the head: then nothing has changed.
    pub(super) fn plan(
        &mut self,
        k: &mut Kernel,
        bounce: &mut Bounce,
        queue: &mut Queue,
        (packet, header): (&Requests, u16),
    ) -> bool {
        let mut head_len = packet.total.min(header).min(PAGE_SIZE as u16);
        let first = packet.slots()[0];
        if packet.further() >= LEGACY_SLOTS_MAX - 1 && head_len < first.size {
            head_len = first.size;
        }
        let Some(head) = bounce.reserve(k, head_len) else { return false };
        let (copies, maps) = (self.copies.len(), self.maps.len());
        let mut left = head_len;
        let frontend = queue.link.frontend;
        for (number, &slot) in packet.slots().iter().enumerate() {
            let mut rest = slot;
            let extras = if number == 0 { packet.extras } else { 0 };
            let mut pending = None;
            if left > 0 {
                let amount = left.min(slot.size);
                let source = CopyPointer { frame: CopyFrame::Granted(frontend, slot.gref), offset: slot.offset };
                let dest = CopyPointer { frame: CopyFrame::Own(head.frame), offset: head.offset + (head_len - left) };
                let slot = queue.pool.take(slot, extras);
                self.copies.push(CopyOp::new(GrantCopy { source, dest, len: amount }));
                self.copied.push(slot);
                left -= amount;
                rest.offset += amount;
                rest.size -= amount;
                if rest.size == 0 {
                    continue;
                }
                queue.pool.get_mut(slot).request = rest;
                pending = Some(slot);
            } else if slot.size == 0 {
                let Link { transmit, counters, .. } = &mut queue.link;
                transmit.answer(k, counters, TxResponse { id: slot.id, status: NETIF_RSP_OKAY }, 0);
                transmit.publish(k, counters);
                continue;
            }
            let pending = pending.unwrap_or_else(|| queue.pool.take(rest, extras));
            self.maps.push(MapOp::new(queue.pool.host(pending), frontend, rest.gref, Access::ReadOnly));
        }
        self.planned.push(Planned {
            head,
            head_len,
            total: packet.total,
            copies: (self.copies.len() - copies) as u16,
            maps: (self.maps.len() - maps) as u16,
            gso: packet.gso,
            checksum: packet.checksum(),
        });
        true
    }

    /// Calls the hypervisor, once for all copies and once for all mappings, and hands on the packets that come of it
    /// (`xenvif_tx_submit`). Tells how many.
    pub(super) fn carry_out(&mut self, k: &mut Kernel, queue: &mut Queue, scratch: &mut Vec<u8>) -> u32 {
        if self.planned.is_empty() {
            return 0;
        }
        let domain = k.domain();
        k.xen.grant_copies(domain, &mut self.copies);
        if !k.log.is_off() {
            self.tell_copies(k);
        }
        k.xen.map_grant_refs(domain, &mut self.maps);
        if !k.log.is_off() {
            self.tell_maps(k, queue);
        }
        let (mut at, mut done) = (Cursor::default(), 0);
        for planned in &self.planned {
            let next = Cursor { copy: at.copy + usize::from(planned.copies), map: at.map + usize::from(planned.maps) };
            let copied = &self.copied[at.copy..next.copy];
            let maps = &self.maps[at.map..next.map];
            let whole = queue.whole(copied, maps);
            if queue.check(k, (&self.copies[at.copy..next.copy], copied, whole), maps) {
                done += u32::from(queue.submit(k, (planned, &copied[..whole]), maps, scratch));
            } else {
                queue.link.transmit.publish(k, &mut queue.link.counters);
            }
            at = next;
        }
        done
    }

    fn tell_copies(&self, k: &mut Kernel) {
        let done = self.copies.iter().filter(|op| op.result.is_ok());
        let bytes = done.clone().map(|op| u32::from(op.copy.len)).sum();
        let (count, good) = (self.copies.len() as u32, done.count() as u32);
        k.step(Event::Backend(Backend::GrantsCopied { count, bytes, failed: count - good }));
    }

    fn tell_maps(&self, k: &mut Kernel, queue: &Queue) {
        let count = self.maps.iter().filter(|op| op.result.is_ok()).count() as u32;
        let first = self.maps.iter().find_map(|op| Some((op.gref, op.result.ok()?)));
        if let Some((first, mapped)) = first {
            let flags = k.xen.grant_entry(queue.link.frontend, first).map_or(0, |entry| entry.flags);
            k.step(Event::GrantsMapped { first, frame: mapped.frame, count, flags });
        }
    }
}

impl Queue {
    /// How many of a head's slots were copied whole: the last may be the first fragment's, too, and is answered with that.
    fn whole(&self, copied: &[u16], maps: &[MapOp]) -> usize {
        match (copied.last(), maps.first()) {
            (Some(&slot), Some(op)) if self.pool.slot_at(op.host) == slot => copied.len() - 1,
            (Some(_) | None, Some(_) | None) => copied.len(),
        }
    }

    /// Looks at what Xen said of a packet's copies and mappings, remembers the handles, and answers what was copied whole.
    /// If anything failed, everything is answered and unmapped, and there is no packet (`xenvif_tx_check_gop`).
    fn check(&mut self, k: &mut Kernel, (copies, copied, whole): (&[CopyOp], &[u16], usize), maps: &[MapOp]) -> bool {
        let shared = whole < copied.len();
        let mut failed = false;
        for (number, (op, &slot)) in copies.iter().zip(copied).enumerate() {
            failed |= op.result.is_err();
            if number < whole {
                self.release(k, slot, status_of(op.result.is_ok()));
            }
        }
        for (number, op) in maps.iter().enumerate() {
            let slot = self.pool.slot_at(op.host);
            match op.result {
                Ok(mapped) => {
                    self.pool.get_mut(slot).handle = Some(mapped.handle);
                    if failed {
                        self.unmap(k, slot);
                        self.release(k, slot, status_of(!(number == 0 && shared)));
                    }
                }
                Err(status) => {
                    k.step(Event::Backend(Backend::MapRefused { gref: op.gref, status: status.code() }));
                    self.release(k, slot, NETIF_RSP_ERROR);
                    if !failed {
                        for op in &maps[..number] {
                            let slot = self.pool.slot_at(op.host);
                            self.unmap(k, slot);
                            self.release(k, slot, NETIF_RSP_OKAY);
                        }
                    }
                    failed = true;
                }
            }
        }
        if failed {
            self.link.counters.transmit_errors += 1;
        }
        !failed
    }

    /// Builds the packet and hands it on; false if dom0 has no memory for it.
    fn submit(
        &mut self,
        k: &mut Kernel,
        (planned, whole): (&Planned, &[u16]),
        maps: &[MapOp],
        scratch: &mut Vec<u8>,
    ) -> bool {
        let vif = self.link.vif;
        let skb = k.skbs.alloc();
        scratch.clear();
        scratch.extend_from_slice(Bounce::read(k, planned.head, planned.head_len));
        let data = k.skbs.get_mut(skb);
        data.head.extend_from_slice(scratch);
        data.len = u32::from(planned.total);
        data.gso = planned.gso;
        data.checksum = planned.checksum;
        data.born = k.now;
        data.origin = vif;
        for op in maps {
            let pending = self.pool.slot_at(op.host);
            let request = self.pool.get(pending).request;
            let page = FragPage::Foreign { host: op.host, vif, pending };
            data.push_frag(Frag { page, offset: request.offset, size: request.size });
        }
        k.step(Event::HeaderCopied { bytes: u32::from(planned.head_len), pages_kept: maps.len() as u32 });
        for &slot in whole {
            k.also(Event::SlotReleased { id: self.pool.get(slot).request.id });
        }
        self.link.transmit.publish(k, &mut self.link.counters);
        if maps.len() > MAX_SKB_FRAGS {
            return self.consolidate(k, skb, maps, scratch);
        }
        if !maps.is_empty() {
            self.inflight += 1;
        }
        self.hand_on(k, skb)
    }

    /// A packet with more fragments than a packet can have is copied into pages of dom0's own, and its slots go back
    /// (`xenvif_handle_frag_list`).
    fn consolidate(&mut self, k: &mut Kernel, skb: SkbId, maps: &[MapOp], scratch: &mut Vec<u8>) -> bool {
        let data = k.skbs.shared_of(skb);
        let copied = copy_fragments(k, data, scratch);
        for op in maps {
            let slot = self.pool.slot_at(op.host);
            self.pool.release_later(slot);
        }
        k.ask(Ask::Run(Task::BackDealloc(self.link.vif)));
        match copied {
            Some(bytes) => {
                let count = maps.len() as u32;
                self.link.counters.copied_pages += u64::from(count);
                k.step(Event::Backend(Backend::PacketLinearized { bytes, count }));
                self.hand_on(k, skb)
            }
            None => {
                k.skbs.get_mut(skb).clear_frags();
                k.skbs.free(skb);
                self.link.counters.transmit_errors += 1;
                false
            }
        }
    }

    fn hand_on(&mut self, k: &mut Kernel, skb: SkbId) -> bool {
        let bytes = k.skbs.get(skb).len;
        self.link.counters.transmit_packets += 1;
        self.link.counters.transmit_bytes += u64::from(bytes);
        k.step(Event::PacketReceived { bytes });
        k.ask(Ask::Received(self.link.vif, skb));
        true
    }

    /// Answers a slot and makes it free (`xenvif_idx_release`).
    pub(super) fn release(&mut self, k: &mut Kernel, slot: u16, status: i16) {
        let pending = self.pool.get(slot);
        let (id, extras) = (pending.request.id, pending.extras);
        self.link.transmit.answer(k, &mut self.link.counters, TxResponse { id, status }, extras);
        self.pool.put_back(slot);
    }

    /// Unmaps one slot's page (`xenvif_idx_unmap`).
    fn unmap(&mut self, k: &mut Kernel, slot: u16) {
        let handle = self.pool.get_mut(slot).handle.take().expect("a page is unmapped that was mapped");
        let mut ops = [UnmapOp::new(self.pool.host(slot), handle)];
        let domain = k.domain();
        k.xen.unmap_grant_refs(domain, &mut ops);
        assert!(ops[0].result.is_ok(), "a page is unmapped once");
    }
}

const fn status_of(good: bool) -> i16 {
    if good { NETIF_RSP_OKAY } else { NETIF_RSP_ERROR }
}
