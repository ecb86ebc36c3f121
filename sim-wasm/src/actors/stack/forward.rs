//! From the bridge's decision to the queues: one port or all, the filter, the limit of length.
//!
//! Not modelled: multicast groups: what is not for one address is for all.

use crate::actors::bridge::{BridgePort, Learned, Way};
use crate::actors::kernel::Kernel;
use crate::actors::log::Event;
use crate::actors::log::stack::Stack as Told;
use crate::actors::netfilter::Verdict;
use crate::actors::qdisc::Priority;
use crate::actors::skb::SkbId;
use crate::actors::stack::{Orphan, Stack, about};
use crate::words::ids::Mac;

/// The Ethernet header, which the MTU does not count.
const ETH_HLEN: u32 = 14;

/// A packet's way through the bridge.
#[derive(Clone, Copy)]
struct Passage {
    from: BridgePort,
    to: BridgePort,
    priority: Priority,
}

impl Stack {
    /// The bridge's part (`br_handle_frame_finish`).
    pub(super) fn handle_frame(
        &mut self,
        k: &mut Kernel<'_>,
        from: BridgePort,
        skb: SkbId,
        priority: Priority,
        orphan: &mut Orphan<'_>,
    ) {
        about(k, from);
        // A packet whose interface went away while it was on the backlog has nobody to bridge it.
        let Some(state) = self.port_mut(from) else { return self.not_forwarded(k, skb) };
        state.tap(k, skb, orphan);
        let (destination, source) = k.skbs.addresses(k.xen, skb);
        if self.bridge.learn(k.now, from, source) == Learned::News {
            k.step(Event::Stack(Told::AddressLearned { port: from.number() }));
        }
        match self.bridge.way(k.now, from, destination) {
            Way::Nowhere => self.not_forwarded(k, skb),
            Way::Port(to) => self.forward(k, Passage { from, to, priority }, skb, orphan),
            Way::Flood => self.flood(k, Passage { from, to: from, priority }, destination, skb, orphan),
        }
    }

    /// Sends a packet out of one port (`br_forward`).
    fn forward(&mut self, k: &mut Kernel<'_>, passage: Passage, skb: SkbId, orphan: &mut Orphan<'_>) {
        let Passage { from, to, .. } = passage;
        if !self.port(to).is_some_and(|state| state.carrier) {
            return self.not_forwarded(k, skb);
        }
        if self.settings.filter.verdict(from, to) == Verdict::Drop {
            let bytes = k.skbs.get(skb).len;
            k.step(Event::PacketDropped { bytes });
            return self.filtered(k, skb);
        }
        self.counters.forwarded += 1;
        k.step(Event::PacketForwarded);
        if to != BridgePort::Card {
            k.also(Event::Stack(Told::ForwardedTo { port: to.number() }));
        }
        self.queue_xmit(k, passage, skb, orphan);
    }

    /// Sends a packet out of all ports but its own, with a clone for each but the last (`br_flood`). Packets to everybody
    /// reach dom0 itself too.
    fn flood(&mut self, k: &mut Kernel<'_>, passage: Passage, destination: Mac, skb: SkbId, orphan: &mut Orphan<'_>) {
        let mut receivers = core::mem::take(&mut self.receivers);
        receivers.extend(self.order.iter().copied().filter(|&port| {
            let meant = port != BridgePort::Local || destination.is_multicast();
            meant && port != passage.from && self.port(port).is_some_and(|state| state.carrier)
        }));
        match *receivers {
            [] => self.not_forwarded(k, skb),
            [to] => self.forward(k, Passage { to, ..passage }, skb, orphan),
            [ref others @ .., last] => {
                let copies = others.len() as u32;
                self.counters.flooded += 1;
                self.counters.copies += u64::from(copies);
                k.step(Event::Stack(Told::Flooded { copies: copies + 1 }));
                orphan(k, skb);
                for &to in others {
                    let clone = k.skbs.clone_skb(skb);
                    self.pass(k, Passage { to, ..passage }, clone, orphan);
                }
                self.pass(k, Passage { to: last, ..passage }, skb, orphan);
            }
        }
        receivers.clear();
        self.receivers = receivers;
    }

    /// One way out of a flooded packet.
    fn pass(&mut self, k: &mut Kernel<'_>, passage: Passage, skb: SkbId, orphan: &mut Orphan<'_>) {
        if self.settings.filter.verdict(passage.from, passage.to) == Verdict::Drop {
            let bytes = k.skbs.get(skb).len;
            k.also(Event::PacketDropped { bytes });
            return self.filtered(k, skb);
        }
        k.also(Event::Stack(Told::ForwardedTo { port: passage.to.number() }));
        self.queue_xmit(k, passage, skb, orphan);
    }

    /// Puts a packet into the queue of the port that it leaves by (`br_dev_queue_push_xmit`, `dev_queue_xmit`). A packet
    /// socket sees it here, and not when the device takes it.
    fn queue_xmit(&mut self, k: &mut Kernel<'_>, passage: Passage, skb: SkbId, orphan: &mut Orphan<'_>) {
        let data = k.skbs.get(skb);
        let too_long = self.settings.mtu.is_some_and(|mtu| data.len > mtu + ETH_HLEN && data.gso.size == 0);
        if too_long {
            return self.not_forwarded(k, skb);
        }
        if passage.to == BridgePort::Local {
            orphan(k, skb);
        }
        let state = self.port_mut(passage.to).expect("a way leads to a port that is there");
        state.enqueue(k, passage.to, skb, passage.priority, orphan);
    }

    fn not_forwarded(&mut self, k: &mut Kernel<'_>, skb: SkbId) {
        let bytes = k.skbs.get(skb).len;
        self.counters.not_forwarded += 1;
        k.step(Event::Stack(Told::NotForwarded { bytes }));
        k.skbs.free(skb);
    }

    fn filtered(&mut self, k: &mut Kernel<'_>, skb: SkbId) {
        self.counters.filtered += 1;
        k.skbs.free(skb);
    }
}
