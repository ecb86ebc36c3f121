//! Packets for a guest are accepted or dropped (`netif_be_start_xmit`, `tx_queue_callback` in
//! `drivers/xen/netback/netback.c`).
//!
//! ```text
//!   req_cons ───── peek ───────────── req_prod ──────── rsp_prod_pvt + 256
//!     promised to      posted and free    slots that are
//!     packets that     to promise         not posted
//!     wait
//! ```
//!
//! A packet is accepted if 20 buffers are posted where packets of several pieces are agreed on, or one where not, however
//! many it needs itself. A queue that stops is started after half a second even if no buffer came: what waits in it is then
//! dropped here, and lets go of whatever pages it holds.
//!
//! A packet that is to be given away must lie alone in pages of its own. Whatever does not is copied into such pages first,
//! and in linux-2.6.18-xen that is every packet.
//!
//! Not modelled: the stack cutting a packet up for a guest that takes none to be segmented; such a packet is delivered as it
//! is. A packet that would need more buffers than are promised for any is dropped; linux-2.6.18-xen relies on its never
//! coming.

use crate::actors::handshake::Xmit;
use crate::actors::kernel::{Ask, Kernel, Task, Timer};
use crate::actors::log::Event;
use crate::actors::log::receive::{DropReason, Receive};
use crate::actors::netback::Netback;
use crate::actors::netback::copying::{MOST_HEAD, head_len, linear_copy, paged_copy};
use crate::actors::netback::vif::{State, Vif};
use crate::actors::skb::{Frag, FragPage, Shared, SkbId, Skbs};
use crate::protocols::ring;
use crate::words::ids::VifId;

/// Buffers that a packet takes: its head, its extra info, its fragments.
fn slots_taken(vif: &Vif, skbs: &Skbs, skb: SkbId) -> u32 {
    let shared = skbs.get(skb);
    let fragments = shared.frags().len() as u32 - u32::from(shared.linear);
    1 + fragments + u32::from(vif.gso && shared.gso.size > 0)
}

/// Whether nobody else has the packet, and a page of the kernel's own holds it and nothing else.
fn is_alone(shared: &Shared) -> bool {
    let [Frag { page: FragPage::Own(_), .. }] = shared.frags() else { return false };
    shared.dataref() == 1 && shared.linear == 1 && shared.head.is_empty()
}

impl Netback {
    /// dom0's stack sends a packet to a guest. It waits for the receive tasklet, or is dropped.
    pub fn start_xmit(&mut self, k: &mut Kernel, id: VifId, skb: SkbId) -> Xmit {
        k.log.about(id);
        let domain = k.domain();
        let bytes = k.skbs.get(skb).len;
        let Some(vif) = self.vif(id).filter(|vif| vif.state == State::Connected) else {
            return self.refuse(k, id, skb, DropReason::NoCarrier);
        };
        if vif.is_stopped {
            return Xmit::Busy(skb);
        }
        if vif.is_full(vif.rx_page(k.xen, domain)) {
            return self.refuse(k, id, skb, DropReason::NoBuffers);
        }
        let (sg, copies, required) = (vif.sg, vif.copies, vif.slots_required());
        let Some(skb) = self.suit(k, skb, sg, copies) else {
            return self.refuse(k, id, skb, DropReason::NoMemory);
        };
        let vif = self.vifs[usize::from(id.0)].as_mut().expect("it is connected");
        let slots = slots_taken(vif, k.skbs, skb);
        if slots > required {
            return self.refuse(k, id, skb, DropReason::NoBuffers);
        }

        vif.peek = vif.peek.plus(slots);
        vif.references += 1;
        self.rx_queue.push_back((id, skb));
        let waiting = self.rx_queue.len() as u32;
        k.step(Event::Receive(Receive::PacketAccepted { bytes, slots, waiting }));
        let page = k.xen.mapped_page_mut(domain, vif.rx_handle).expect("a connected ring is mapped for writing");
        if vif.can_queue && vif.is_full(page) {
            let event = vif.peek.plus(required);
            ring::Shared::ReqEvent.store(page, event);
            // Here the driver has a full barrier and looks once more; nobody runs in between.
            vif.is_stopped = true;
            let until = self.clock.timer(self.clock.at(k.now).plus(self.clock.half_a_second()), k.now);
            k.also(Event::Receive(Receive::QueueWaits { event: event.0 }));
            k.ask(Ask::Arm(Timer::RxQueue(id), Some(until)));
        }
        k.ask(Ask::Run(Task::NetRx));
        Xmit::Sent
    }

    /// Whether the queue in front of an interface runs. Without notifications of posted buffers it always does.
    #[must_use]
    pub fn can_queue(&self, id: VifId) -> bool {
        self.vif(id).is_some_and(|vif| vif.state == State::Connected && !vif.is_stopped)
    }

    /// How many packets the queue in front of an interface takes: one where the guest does not notify of buffers, since the
    /// queue could not stop for them.
    #[must_use]
    pub fn queue_len(&self, id: VifId) -> u32 {
        self.vif(id).map_or(0, |vif| vif.queue_len)
    }

    /// What the driver does with packets that it did not take, beside freeing them: nothing. A packet keeps its guest's
    /// pages whoever gets hold of it.
    pub fn orphan(&mut self, _: &mut Kernel, _: SkbId) {}

    /// The queue has been stopped for half a second (`tx_queue_callback`).
    pub(super) fn queue_callback(&mut self, k: &mut Kernel, id: VifId) {
        let Some(vif) = self.vif_mut(id) else { return };
        if vif.state == State::Connected && vif.is_stopped {
            vif.is_stopped = false;
            k.log.about(id);
            k.step(Event::Receive(Receive::QueueDrains));
            k.ask(Ask::WakeVif(id));
        }
    }

    /// Starts a stopped queue if there are buffers.
    pub(super) fn wake_if_room(&mut self, k: &mut Kernel, id: VifId) {
        let domain = k.domain();
        let Some(vif) = self.vif_mut(id) else { return };
        if vif.is_stopped && vif.state == State::Connected && !vif.is_full(vif.rx_page(k.xen, domain)) {
            vif.is_stopped = false;
            k.log.about(id);
            k.step(Event::Receive(Receive::QueueRuns));
            k.ask(Ask::WakeVif(id));
        }
    }

    /// The packet as the guest can take it: of one piece if several were not agreed on; in pages that may be given away, or
    /// at least none of whose pieces crosses a page. The packet that it was is freed, unless there is no memory.
    fn suit(&mut self, k: &mut Kernel, skb: SkbId, sg: bool, copies: bool) -> Option<SkbId> {
        let shared = k.skbs.get(skb);
        let bytes = shared.len;
        let has_fragments = shared.frags().len() > usize::from(shared.linear);
        let head_len = if sg { head_len(k.skbs, skb) } else { shared.len };
        let places = usize::from(shared.linear) + usize::from(!shared.head.is_empty());
        let crosses = places > 1 || head_len > MOST_HEAD;
        let gives = self.settings.gives_own_pages && is_alone(shared);
        let suited = if crosses || (!copies && !gives) {
            paged_copy(k.xen, k.skbs, skb, &mut self.bytes)?
        } else if has_fragments && !sg {
            linear_copy(k.xen, k.skbs, skb, &mut self.bytes)
        } else {
            return self.heads.has_page(k.skbs).then_some(skb);
        };
        if !self.heads.has_page(k.skbs) {
            k.skbs.free(suited);
            return None;
        }
        k.skbs.free(skb);
        let pages = k.skbs.get(suited).frags().len() as u32;
        k.step(Event::Receive(Receive::CopiedFirst { bytes, pages }));
        Some(suited)
    }

    fn refuse(&mut self, k: &mut Kernel, id: VifId, skb: SkbId, why: DropReason) -> Xmit {
        let domain = k.domain();
        let bytes = k.skbs.get(skb).len;
        let (mut needed, mut posted) = (0, 0);
        if let Some(vif) = self.vif_mut(id) {
            vif.counters.receive_dropped += 1;
            needed = vif.slots_required();
            posted = ring::Shared::ReqProd.load(vif.rx_page(k.xen, domain)).since(vif.peek).min(vif.unpromised());
        }
        k.skbs.free(skb);
        k.step(Event::Receive(Receive::PacketRefused { bytes, why, needed, posted }));
        Xmit::Dropped
    }
}
