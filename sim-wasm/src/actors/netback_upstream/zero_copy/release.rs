//! How slots come back: the end of a packet, or of its hold on the guest's pages, and the dealloc thread
//! (`xenvif_zerocopy_callback`, `xenvif_tx_dealloc_action`).
//!
//! Not modelled: the lock between callbacks, and that the thread may find more while it unmaps.

use alloc::vec::Vec;

use crate::actors::kernel::{Ask, Kernel, Task};
use crate::actors::log::Event;
use crate::actors::log::backend::Backend;
use crate::actors::netback_upstream::zero_copy::ZeroCopy;
use crate::actors::skb::{Frag, FragPage, SharedId, SkbId};
use crate::hypervisor::grant_calls::UnmapOp;
use crate::hypervisor::page::PAGE_SIZE;
use crate::protocols::netif::NETIF_RSP_OKAY;
use crate::words::ids::VifId;

impl ZeroCopy {
    /// The last packet that pointed into a guest's pages was freed: its slots are to be unmapped, and what was dom0's own
    /// goes back.
    pub fn page_release(&mut self, k: &mut Kernel, data: SharedId) {
        let released = self.queue_slots(k.skbs.data(data).frags());
        k.skbs.recycle(data);
        if let Some((vif, count)) = released {
            k.log.about(vif);
            k.step(Event::PagesFreed { count });
            k.ask(Ask::Run(Task::BackDealloc(vif)));
        }
    }

    /// Somebody wants the packet for longer than netback can wait, or wants a clone of it: its pages are copied into dom0's
    /// own, and the slots go back (`skb_orphan_frags`, `skb_copy_ubufs`). Without memory for the copies the packet keeps the
    /// guest's pages.
    pub fn orphan(&mut self, k: &mut Kernel, skb: SkbId) {
        let data = k.skbs.shared_of(skb);
        if !k.skbs.data(data).has_foreign() {
            return;
        }
        let mut before = core::mem::take(&mut self.orphans);
        before.clear();
        before.extend_from_slice(k.skbs.data(data).frags());
        let bytes = copy_fragments(k, data, &mut self.bytes);
        let queued = if bytes.is_some() { self.queue_slots(&before) } else { None };
        self.orphans = before;
        let (Some(bytes), Some((vif, count))) = (bytes, queued) else { return };
        if let Some(queue) = self.queue_mut(vif) {
            queue.link.counters.copied_pages += u64::from(count);
        }
        k.log.about(vif);
        k.step(Event::Backend(Backend::PagesOrphaned { count, bytes }));
        k.ask(Ask::Run(Task::BackDealloc(vif)));
    }

    /// Unmaps what nobody refers to any more, with one hypercall, and answers it, in that order.
    pub(super) fn dealloc(&mut self, k: &mut Kernel, vif: VifId) {
        k.log.about(vif);
        let Self { queues, unmaps, .. } = self;
        let Some(queue) = queues.get_mut(usize::from(vif.0)).and_then(Option::as_deref_mut) else { return };
        unmaps.clear();
        while let Some(slot) = queue.pool.next_released() {
            let handle = queue.pool.get_mut(slot).handle.take().expect("a slot in a packet is mapped");
            unmaps.push(UnmapOp::new(queue.pool.host(slot), handle));
        }
        let Some(first) = unmaps.first() else { return };
        let first = queue.pool.get(queue.pool.slot_at(first.host)).request.gref;
        let domain = k.domain();
        k.xen.unmap_grant_refs(domain, unmaps);
        if !k.log.is_off() {
            let flags = k.xen.grant_entry(queue.link.frontend, first).map_or(0, |entry| entry.flags);
            k.step(Event::GrantsUnmapped { first, count: unmaps.len() as u32, flags });
        }
        for op in unmaps {
            assert!(op.result.is_ok(), "a page is unmapped once");
            let slot = queue.pool.slot_at(op.host);
            queue.release(k, slot, NETIF_RSP_OKAY);
        }
        queue.link.transmit.publish(k, &mut queue.link.counters);
    }

    /// Puts a packet's slots into the dealloc ring, and tells whose they are and how many.
    fn queue_slots(&mut self, frags: &[Frag]) -> Option<(VifId, u32)> {
        let (mut from, mut count) = (None, 0);
        for frag in frags {
            if let FragPage::Foreign { vif, pending, .. } = frag.page {
                let queue = self.queue_mut(vif).expect("an interface stays while packets point into its guest");
                queue.pool.release_later(pending);
                from = Some(vif);
                count += 1;
            }
        }
        let vif = from?;
        if let Some(queue) = self.queue_mut(vif) {
            queue.inflight -= 1;
        }
        Some((vif, count))
    }
}

/// Copies all fragments of a packet into pages of the kernel's own, each but the last full, and puts those in their place.
/// Tells how many bytes that were, or nothing if there is too little memory: then nothing has changed.
pub(super) fn copy_fragments(k: &mut Kernel, data: SharedId, scratch: &mut Vec<u8>) -> Option<u32> {
    let domain = k.domain();
    scratch.clear();
    for frag in k.skbs.data(data).frags() {
        let page = k.xen.guest_page(domain, frag.page.pfn()).expect("a packet lies in pages that its kernel has");
        scratch.extend_from_slice(&page.bytes()[usize::from(frag.offset)..][..usize::from(frag.size)]);
    }
    if (k.skbs.free_pages() as usize) < scratch.len().div_ceil(PAGE_SIZE) {
        return None;
    }
    for frag in 0..k.skbs.data(data).frags().len() {
        if let FragPage::Own(pfn) = k.skbs.data(data).frags()[frag].page {
            k.skbs.free_page(pfn);
        }
    }
    k.skbs.data_mut(data).clear_frags();
    for bytes in scratch.chunks(PAGE_SIZE) {
        let pfn = k.skbs.alloc_page().expect("so many pages are free");
        k.xen.guest_page_mut(domain, pfn).expect("a kernel has the pages of its allocator").write(0, bytes);
        let frag = Frag { page: FragPage::Own(pfn), offset: 0, size: bytes.len() as u16 };
        k.skbs.data_mut(data).push_frag(frag);
    }
    Some(scratch.len() as u32)
}
