//! One pass's copies, and the packets that come of them (`xen_netbk_get_requests`, `xen_netbk_tx_check_gop`,
//! `xen_netbk_tx_submit`).
//!
//! ```text
//!   slots          │ first            │ second  │ third │ fourth            │
//!   dom0's pages   │ at its own offset│    │ second│third│ four│    │th      │
//!                    head, and its rest     one fragment           another
//! ```
//!
//! The first slot is copied into a page of its own, of which the head is taken; the further ones are put together. Whatever
//! ends in a page is answered as the copies of that page went.
//!
//! Not modelled: completed checksums.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::actors::kernel::{Ask, Kernel};
use crate::actors::log::Event;
use crate::actors::log::backend::Backend;
use crate::actors::netback_upstream::grant_copy::Vif;
use crate::actors::netback_upstream::limits::LEGACY_SLOTS_MAX;
use crate::actors::netback_upstream::link::Link;
use crate::actors::netback_upstream::requests::Requests;
use crate::actors::skb::{Checksum, Frag, FragPage, Segmentation, SkbId};
use crate::hypervisor::grant_copies::{CopyFrame, CopyOp, CopyPointer, GrantCopy};
use crate::hypervisor::page::PAGE_SIZE;
use crate::protocols::netif::{NETIF_RSP_ERROR, NETIF_RSP_OKAY, TxRequest, TxResponse};
use crate::words::ids::{DomId, Mfn, Pfn, VifId};

/// A packet whose copies are planned.
#[derive(Clone, Copy, Debug)]
struct Planned {
    vif: VifId,
    first: TxRequest,
    extras: u8,
    /// Where the first slot is copied to, at the offset that it has in its own page.
    page: Pfn,
    head_len: u16,
    total: u16,
    /// Pages with further slots, of those of the pass.
    pages: u8,
    gso: Segmentation,
    checksum: Checksum,
}

/// A page into which further slots are copied.
#[derive(Clone, Copy, Debug)]
struct Gathered {
    page: Pfn,
    size: u16,
    /// Slots that end in it, and copies into it, of those of the pass.
    slots: u8,
    copies: u8,
}

/// What one pass asks of the hypervisor, and for which packets.
#[derive(Clone, Debug, Default)]
pub(super) struct Pass {
    planned: Vec<Planned>,
    copies: Vec<CopyOp>,
    pages: Vec<Gathered>,
    /// Identifiers of further slots.
    further: Vec<u16>,
    frags: Vec<Frag>,
}

/// Which of a pass's copies, pages and slots are the next packet's.
#[derive(Clone, Copy, Default)]
struct Cursor {
    copy: usize,
    page: usize,
    slot: usize,
}

impl Pass {
    pub(super) fn begin(&mut self) {
        self.planned.clear();
        self.copies.clear();
        self.pages.clear();
        self.further.clear();
    }

    /// Slots that are under way.
    pub(super) fn slots(&self) -> u32 {
        (self.planned.len() + self.further.len()) as u32
    }

    pub(super) fn copies(&self) -> usize {
        self.copies.len()
    }

    /// Plans a packet's copies. False if dom0 has no memory for it: then nothing has changed.
    pub(super) fn plan(&mut self, k: &mut Kernel, link: &Link, (packet, header): (&Requests, u16)) -> bool {
        let before = (self.copies.len(), self.pages.len(), self.further.len());
        let first = packet.slots()[0];
        let long = first.size > header && packet.further() < LEGACY_SLOTS_MAX;
        let head_len = if long { header } else { first.size };
        let Some((page, frame)) = take_page(k) else { return false };
        self.copy(link.frontend, first, (frame, first.offset));
        if !self.gather(k, link.frontend, &packet.slots()[1..]) {
            k.skbs.free_page(page);
            for gathered in self.pages.drain(before.1..) {
                k.skbs.free_page(gathered.page);
            }
            self.copies.truncate(before.0);
            self.further.truncate(before.2);
            return false;
        }
        self.planned.push(Planned {
            vif: link.vif,
            first,
            extras: packet.extras,
            page,
            head_len,
            total: packet.total,
            pages: (self.pages.len() - before.1) as u8,
            gso: packet.gso,
            checksum: packet.checksum(),
        });
        true
    }

    /// Plans the copies of further slots, page by page.
    fn gather(&mut self, k: &mut Kernel, frontend: DomId, slots: &[TxRequest]) -> bool {
        let mut left = slots.iter().copied();
        let mut next = left.next();
        while next.is_some() {
            let Some((page, frame)) = take_page(k) else { return false };
            let mut gathered = Gathered { page, size: 0, slots: 0, copies: 0 };
            while usize::from(gathered.size) < PAGE_SIZE
                && let Some(slot) = next
            {
                let room = PAGE_SIZE as u16 - gathered.size;
                let len = slot.size.min(room);
                self.copy(frontend, TxRequest { size: len, ..slot }, (frame, gathered.size));
                gathered.size += len;
                gathered.copies += 1;
                next = if len < slot.size {
                    Some(TxRequest { offset: slot.offset + len, size: slot.size - len, ..slot })
                } else {
                    self.further.push(slot.id);
                    gathered.slots += 1;
                    left.next()
                };
            }
            self.pages.push(gathered);
        }
        true
    }

    fn copy(&mut self, frontend: DomId, from: TxRequest, (frame, offset): (Mfn, u16)) {
        let source = CopyPointer { frame: CopyFrame::Granted(frontend, from.gref), offset: from.offset };
        let dest = CopyPointer { frame: CopyFrame::Own(frame), offset };
        self.copies.push(CopyOp::new(GrantCopy { source, dest, len: from.size }));
    }

    /// Calls the hypervisor once, and answers and hands on what comes of it.
    pub(super) fn carry_out(&mut self, k: &mut Kernel, vifs: &mut [Option<Box<Vif>>], header: u16) {
        if self.planned.is_empty() {
            return;
        }
        let domain = k.domain();
        k.xen.grant_copies(domain, &mut self.copies);
        if !k.log.is_off() {
            self.tell_copies(k);
        }
        let mut at = Cursor::default();
        for planned in &self.planned {
            let pages = &self.pages[at.page..at.page + usize::from(planned.pages)];
            let copies: usize = pages.iter().map(|page| usize::from(page.copies)).sum();
            let slots: usize = pages.iter().map(|page| usize::from(page.slots)).sum();
            let outcome = Outcome {
                planned,
                pages,
                head: &self.copies[at.copy],
                copies: &self.copies[at.copy + 1..][..copies],
                ids: &self.further[at.slot..][..slots],
            };
            k.log.about(planned.vif);
            let entry = vifs[usize::from(planned.vif.0)].as_deref_mut();
            let entry = entry.expect("an interface stays while the thread is at its packets");
            if outcome.failed() {
                outcome.give_up(k, entry);
            } else {
                outcome.submit(k, entry, header, &mut self.frags);
            }
            at = Cursor { copy: at.copy + 1 + copies, page: at.page + pages.len(), slot: at.slot + slots };
        }
    }

    fn tell_copies(&self, k: &mut Kernel) {
        let done = self.copies.iter().filter(|op| op.result.is_ok());
        let bytes = done.clone().map(|op| u32::from(op.copy.len)).sum();
        let (count, good) = (self.copies.len() as u32, done.count() as u32);
        k.step(Event::Backend(Backend::GrantsCopied { count, bytes, failed: count - good }));
    }
}

/// What came of one packet's copies.
struct Outcome<'pass> {
    planned: &'pass Planned,
    pages: &'pass [Gathered],
    head: &'pass CopyOp,
    copies: &'pass [CopyOp],
    ids: &'pass [u16],
}

impl<'pass> Outcome<'pass> {
    fn failed(&self) -> bool {
        self.head.result.is_err() || self.copies.iter().any(|op| op.result.is_err())
    }

    /// The pages with further slots: each with the identifiers that it answers for, and whether its copies went well.
    fn gathered(&self) -> impl Iterator<Item = (Gathered, &'pass [u16], bool)> + use<'pass> {
        let (mut copies, mut ids) = (self.copies, self.ids);
        self.pages.iter().map(move |&page| {
            let (its_copies, other_copies) = copies.split_at(usize::from(page.copies));
            let (its_ids, other_ids) = ids.split_at(usize::from(page.slots));
            (copies, ids) = (other_copies, other_ids);
            (page, its_ids, its_copies.iter().all(|op| op.result.is_ok()))
        })
    }

    /// Answers the slots of a packet that failed: what failed with errors, the rest as if nothing had happened
    /// (`xen_netbk_tx_check_gop`). The first fault is answered first, then what came before it.
    fn give_up(&self, k: &mut Kernel, entry: &mut Vif) {
        let link = &mut entry.link;
        let mut failed = self.head.result.is_err();
        if failed {
            self.answer_first(k, link, NETIF_RSP_ERROR);
        }
        for (number, (page, ids, good)) in self.gathered().enumerate() {
            k.skbs.free_page(page.page);
            if good {
                if failed {
                    answer_all(k, link, ids, NETIF_RSP_OKAY);
                }
                continue;
            }
            answer_all(k, link, ids, NETIF_RSP_ERROR);
            if !failed {
                failed = true;
                self.answer_first(k, link, NETIF_RSP_OKAY);
                for (_, ids, _) in self.gathered().take(number) {
                    answer_all(k, link, ids, NETIF_RSP_OKAY);
                }
            }
        }
        k.skbs.free_page(self.planned.page);
        link.counters.transmit_errors += 1;
        link.transmit.publish(k, &mut link.counters);
    }

    /// Builds the packet, answers its slots, and hands it on.
    fn submit(&self, k: &mut Kernel, entry: &mut Vif, header: u16, frags: &mut Vec<Frag>) {
        let Planned { first, page, head_len, total, gso, checksum, vif, .. } = *self.planned;
        let skb = k.skbs.alloc();
        let domain = k.domain();
        let bytes = k.xen.guest_page(domain, page).expect("a kernel has the pages of its allocator");
        let data = k.skbs.get_mut(skb);
        data.head.extend_from_slice(&bytes.bytes()[usize::from(first.offset)..][..usize::from(head_len)]);
        data.len = u32::from(total);
        data.gso = gso;
        data.checksum = checksum;
        data.born = k.now;
        data.origin = vif;
        if head_len < first.size {
            let (offset, size) = (first.offset + head_len, first.size - head_len);
            data.push_frag(Frag { page: FragPage::Own(page), offset, size });
        } else {
            k.skbs.free_page(page);
        }
        for gathered in self.pages {
            k.skbs.get_mut(skb).push_frag(Frag { page: FragPage::Own(gathered.page), offset: 0, size: gathered.size });
        }
        pull(k, skb, header, frags);
        let data = k.skbs.get(skb);
        let (bytes, pages_kept) = (data.head.len() as u32, data.frags().len() as u32);
        k.step(Event::HeaderCopied { bytes, pages_kept });
        k.also(Event::SlotReleased { id: first.id });
        let link = &mut entry.link;
        self.answer_first(k, link, NETIF_RSP_OKAY);
        answer_all(k, link, self.ids, NETIF_RSP_OKAY);
        link.transmit.publish(k, &mut link.counters);
        link.counters.transmit_packets += 1;
        link.counters.transmit_bytes += u64::from(total);
        k.step(Event::PacketReceived { bytes: u32::from(total) });
        k.ask(Ask::Received(vif, skb));
    }

    fn answer_first(&self, k: &mut Kernel, link: &mut Link, status: i16) {
        let answer = TxResponse { id: self.planned.first.id, status };
        link.transmit.answer(k, &mut link.counters, answer, self.planned.extras);
    }
}

fn answer_all(k: &mut Kernel, link: &mut Link, ids: &[u16], status: i16) {
    for &id in ids {
        link.transmit.answer(k, &mut link.counters, TxResponse { id, status }, 0);
    }
}

/// A page of the kernel's own, and its frame.
fn take_page(k: &mut Kernel) -> Option<(Pfn, Mfn)> {
    let page = k.skbs.alloc_page()?;
    let domain = k.xen.domain(k.domain()).expect("who runs a driver exists");
    Some((page, domain.mfn(page).expect("a kernel has the pages of its allocator")))
}

/// Moves bytes from the first fragments into a head that is too short for what the stack reads there (`__pskb_pull_tail`).
/// Fragments without bytes go.
fn pull(k: &mut Kernel, skb: SkbId, header: u16, frags: &mut Vec<Frag>) {
    let data = k.skbs.get(skb);
    let wanted = (data.len as usize).min(usize::from(header));
    if data.head.len() >= wanted && data.frags().iter().all(|frag| frag.size > 0) {
        return;
    }
    frags.clear();
    frags.extend_from_slice(data.frags());
    let domain = k.domain();
    k.skbs.get_mut(skb).clear_frags();
    for frag in &mut *frags {
        let data = k.skbs.get_mut(skb);
        let len = (wanted.saturating_sub(data.head.len())).min(usize::from(frag.size));
        let page = k.xen.guest_page(domain, frag.page.pfn()).expect("a packet lies in pages that its kernel has");
        data.head.extend_from_slice(&page.bytes()[usize::from(frag.offset)..][..len]);
        frag.offset += len as u16;
        frag.size -= len as u16;
        if frag.size > 0 {
            data.push_frag(*frag);
        } else {
            k.skbs.free_page(frag.page.pfn());
        }
    }
}
