//! Slots on their way back: freed packets, unmapping, answers, and copies in the place of what lingers (`netif_page_release`,
//! `net_tx_action_dealloc`, `copy_pending_req` in `drivers/xen/netback/netback.c`; `gnttab_copy_grant_page` in
//! `drivers/xen/core/gnttab.c`).
//!
//! ```text
//!   the last reference to a packet's data goes ──> its foreign pages' destructor ──> dealloc ring ──> the tasklet:
//!       unmap all in one hypercall ──> answer each ──> the places are free
//!   a page has been a packet's for half a second ──> a copy takes its place in dom0's memory ──> its slot is answered,
//!       and the packet stays
//! ```
//!
//! Unmapping comes first: once the answer is out, the guest takes the page back.
//!
//! A page whose address a device was told (`dma_mapped`) cannot be replaced; it is watched no longer, though the device may
//! be done with it soon.
//!
//! Not modelled: pages that are freed or told to a device on another processor while they are copied.

use alloc::vec::Vec;

use crate::actors::kernel::{Ask, Kernel, Task};
use crate::actors::log::Event;
use crate::actors::log::backend::Backend;
use crate::actors::netback::answers::Answer;
use crate::actors::netback::pool::Place;
use crate::actors::netback::settings::CopySkb;
use crate::actors::netback::watch::Watched;
use crate::actors::netback::{Netback, tell_of_call};
use crate::actors::skb::{FragPage, SharedId};
use crate::hypervisor::grant_calls::UnmapOp;
use crate::protocols::netif::NETIF_RSP_OKAY;

/// What came of an attempt to copy a held page.
enum Replacement {
    Done,
    /// A device knows the page's address (`-EBUSY`).
    Busy,
    /// The page is being freed (`-ENOENT`).
    Gone,
    /// dom0 has no page for the copy (`-ENOMEM`).
    NoMemory,
}

impl Netback {
    /// A packet's last header was freed and some of its pages are guests': their destructor queues the slots, and the
    /// packet's data may be forgotten.
    pub fn page_release(&mut self, k: &mut Kernel, data: SharedId) {
        let mut count = 0;
        let mut vif = None;
        for frag in k.skbs.data(data).frags() {
            if let FragPage::Foreign { pending, vif: owner, .. } = frag.page {
                self.pool.release(Place(pending));
                vif = Some(owner);
                count += 1;
            }
        }
        k.skbs.recycle(data);
        let Some(vif) = vif else { return };
        k.log.about(vif);
        k.step(Event::PagesFreed { count });
        k.ask(Ask::Run(Task::NetTx));
    }

    /// Unmaps what nobody needs any more, copies what is held too long, and answers both.
    pub(super) fn net_tx_action_dealloc(&mut self, k: &mut Kernel) {
        let domain = k.domain();
        let mut done = core::mem::take(&mut self.done);
        self.unmaps.clear();
        while let Some(place) = self.pool.next_released() {
            self.watched.remove(place);
            self.unmaps.push(UnmapOp::new(self.pool.window(place), self.pool.get(place).handle));
            done.push(place);
        }
        let unmapped = done.len();
        if self.settings.copy_skb == CopySkb::Delayed {
            self.copy_lingering(k, &mut done);
        }
        if unmapped > 0 {
            k.xen.unmap_grant_refs(domain, &mut self.unmaps);
            debug_assert!(self.unmaps.iter().all(|op| op.result.is_ok()), "a held page is mapped once");
            if !k.log.is_off() {
                self.tell_unmapped(k, &done[..unmapped]);
            }
        }
        for place in &done {
            let pending = self.pool.get(*place);
            let (id, extras) = (pending.request.id, pending.extras);
            let vif = self.vifs[usize::from(pending.vif.0)].as_mut().expect("who holds a slot is not gone");
            vif.references -= 1;
            self.answers.push(Answer { vif: pending.vif, id, status: NETIF_RSP_OKAY, extras });
            self.pool.give_back(*place);
        }
        done.clear();
        self.done = done;
        self.flush_answers(k);
    }

    /// Copies pages that have been held for half a second, oldest first, and adds their places to those that are done.
    fn copy_lingering(&mut self, k: &mut Kernel, done: &mut Vec<Place>) {
        let now = self.clock.at(k.now);
        let mut next = self.watched.first();
        while let Some(watched) = next
            && watched.since.plus(self.clock.half_a_second()) <= now
        {
            next = self.watched.after(watched.place);
            let place = watched.place;
            k.log.about(self.pool.get(place).vif);
            match self.copy_pending_req(k, watched) {
                Replacement::Done => {
                    self.watched.remove(place);
                    done.push(place);
                    k.step(Event::Backend(Backend::PageReplaced { pending: place.0 }));
                }
                Replacement::Busy => {
                    self.watched.remove(place);
                    k.step(Event::Backend(Backend::PageBusy { pending: place.0 }));
                }
                Replacement::Gone => {}
                Replacement::NoMemory => return,
            }
        }
    }

    /// Puts a copy in the place of a held page, under the packet's feet: the window becomes an ordinary page of dom0's, and
    /// the fresh page, which has no frame any more, becomes the window.
    fn copy_pending_req(&mut self, k: &mut Kernel, watched: Watched) -> Replacement {
        let domain = k.domain();
        let host = self.pool.window(watched.place);
        if k.skbs.data(watched.data).dataref() == 0 {
            return Replacement::Gone;
        }
        let Some(new) = k.skbs.alloc_page() else { return Replacement::NoMemory };
        if k.skbs.data(watched.data).dma_mapped {
            k.skbs.free_page(new);
            return Replacement::Busy;
        }
        let bytes = *k.xen.guest_page(domain, host).expect("a held page is mapped").bytes();
        k.xen.guest_page_mut(domain, new).expect("the allocator has the kernel's own pages").write(0, &bytes);
        let handle = self.pool.get(watched.place).handle;
        k.xen.unmap_and_replace(domain, host, new, handle).expect("a held page is mapped once");
        self.pool.replace_window(watched.place, new);
        for frag in k.skbs.data_mut(watched.data).frags_mut() {
            if frag.page.pfn() == host {
                frag.page = FragPage::Own(host);
            }
        }
        let vif = self.vifs[usize::from(self.pool.get(watched.place).vif.0)].as_mut();
        vif.expect("who holds a slot is not gone").counters.copied_pages += 1;
        Replacement::Done
    }

    /// Tells of the one hypercall that unmapped, interface by interface.
    fn tell_unmapped(&self, k: &mut Kernel, done: &[Place]) {
        let mut told = false;
        for run in done.chunk_by(|one, next| self.pool.get(*one).vif == self.pool.get(*next).vif) {
            let pending = self.pool.get(run[0]);
            let vif = self.vifs[usize::from(pending.vif.0)].as_ref().expect("who holds a slot is not gone");
            let gref = pending.request.gref;
            let flags = k.xen.grant_entry(vif.frontend, gref).map_or(0, |entry| entry.flags);
            k.log.about(pending.vif);
            let event = Event::GrantsUnmapped { first: gref, count: run.len() as u32, flags };
            tell_of_call(k, &mut told, event);
        }
    }
}
