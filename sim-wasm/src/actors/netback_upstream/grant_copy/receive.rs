//! What waits for guests: one queue for all, and buffers promised when a packet is taken (`xenvif_start_xmit`,
//! `xen_netbk_rx_ring_full`, `xen_netbk_must_stop_queue`).
//!
//! A packet is taken only if its guest has posted as many buffers as the largest packet needs, even if it needs one itself:
//! 19 where packets may have several pieces. Nobody looks by the clock here: a queue that is stopped runs again when the
//! guest rings.
//!
//! Not modelled: frames longer than 1500 bytes by setting (`mtu`).

use crate::actors::handshake::Xmit;
use crate::actors::kernel::{Ask, Kernel, Task};
use crate::actors::log::Event;
use crate::actors::log::receive::{DropReason, Receive};
use crate::actors::netback_upstream::grant_copy::deliver::buffers_for;
use crate::actors::netback_upstream::grant_copy::{GrantCopy, Health, Vif};
use crate::actors::netback_upstream::limits::MAX_SKB_FRAGS;
use crate::actors::skb::SkbId;
use crate::words::ids::VifId;

impl GrantCopy {
    pub(super) fn queue_for_guest(&mut self, k: &mut Kernel, vif: VifId, skb: SkbId) -> Xmit {
        k.log.about(vif);
        let bytes = k.skbs.get(skb).len;
        let waiting = self.waiting() + 1;
        let Some(entry) = self.vif_mut(vif).filter(|entry| entry.health == Health::Sound) else {
            return self.drop_for_guest(k, vif, skb, (DropReason::NoCarrier, 0, 0));
        };
        let slots = buffers_for(k.skbs.get(skb), entry.link.receive.gso);
        let (needed, posted) = (slots.max(entry.most_buffers()), entry.posted(k));
        if entry.is_full(k, needed) {
            return self.drop_for_guest(k, vif, skb, (DropReason::NoBuffers, needed, posted));
        }
        entry.peek = entry.peek.plus(slots);
        entry.waiting += 1;
        k.step(Event::Receive(Receive::PacketAccepted { bytes, slots, waiting }));
        if entry.can_queue && entry.must_stop(k) {
            entry.stopped = true;
        }
        self.receive_queue.push_back((vif, skb));
        k.ask(Ask::Run(Task::NetRx));
        Xmit::Sent
    }

    fn drop_for_guest(
        &mut self,
        k: &mut Kernel,
        vif: VifId,
        skb: SkbId,
        (why, needed, posted): (DropReason, u32, u32),
    ) -> Xmit {
        let bytes = k.skbs.get(skb).len;
        if let Some(entry) = self.vif_mut(vif) {
            entry.link.counters.receive_dropped += 1;
        }
        k.step(Event::Receive(Receive::PacketRefused { bytes, why, needed, posted }));
        k.skbs.free(skb);
        Xmit::Dropped
    }
}

impl Vif {
    /// Buffers that are posted and not promised. A guest may claim any number.
    fn posted(&self, k: &Kernel) -> u32 {
        self.link.receive.req_prod(k).since(self.peek)
    }

    /// Buffers that the largest packet takes (`max_required_rx_slots`): one for a frame of 1500 bytes, and where there may
    /// be pieces one for each, and one for what is said of the segmentation.
    fn most_buffers(&self) -> u32 {
        let pieces = self.link.receive.sg || self.link.receive.gso;
        1 + if pieces { MAX_SKB_FRAGS as u32 + 1 } else { 0 }
    }

    /// Whether there are too few buffers, or too few slots for their answers.
    fn is_full(&self, k: &Kernel, needed: u32) -> bool {
        let room = self.link.receive.rsp_prod().plus(self.link.receive.entries()).since(self.peek);
        self.posted(k) < needed || room < needed
    }

    /// Asks for an event when there are buffers for the largest packet, and looks once more.
    fn must_stop(&self, k: &mut Kernel) -> bool {
        let needed = self.most_buffers();
        if !self.is_full(k, needed) {
            return false;
        }
        self.link.receive.await_buffers(k, self.peek.plus(needed));
        self.is_full(k, needed)
    }

    /// Lets a stopped queue run again if there are buffers (`xenvif_rx_schedulable`, `netif_wake_queue`).
    pub(super) fn wake_if_schedulable(&mut self, k: &mut Kernel) -> bool {
        let runs = self.stopped && self.health == Health::Sound && !self.is_full(k, self.most_buffers());
        if runs {
            self.stopped = false;
            k.step(Event::Receive(Receive::QueueRuns));
            k.ask(Ask::WakeVif(self.link.vif));
        }
        runs
    }
}
