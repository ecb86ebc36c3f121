//! Packets that come in: from the wire, to the guests, to dom0 itself, and to whoever listens on a port.
//!
//! Not modelled: answers: nobody here reacts to a packet by sending one.

use alloc::sync::Arc;

use crate::actors::bridge::BridgePort;
use crate::actors::handshake::Xmit;
use crate::actors::parts;
use crate::actors::skb::SkbId;
use crate::actors::stack::TapSettings;
use crate::machine::metrics::counters::Count;
use crate::machine::network::lend::lend;
use crate::machine::network::outbound::next_delay;
use crate::machine::network::packets::{self, FROM_OUTSIDE, STAMP_END, Stamp, read_stamp};
use crate::machine::network::settings::Filling;
use crate::machine::network::{Appointment, Network};
use crate::words::ids::VifId;

impl Network {
    /// Whoever but the card has packets waiting takes them.
    pub(super) fn feed_the_rest(&mut self) {
        if parts::RECEPTION {
            for vif in 0..self.guests.len() as u16 {
                self.feed_vif(VifId(vif));
            }
            self.take_local();
        }
        if parts::TAPS {
            self.put_tap_down();
        }
    }

    /// dom0 itself takes what was sent to it.
    fn take_local(&mut self) {
        while let Some(skb) = self.dom0.stack.dequeue(BridgePort::Local) {
            self.dom0.skbs.free(skb);
        }
    }

    /// Netback takes packets for a guest while its queue runs.
    pub(super) fn feed_vif(&mut self, vif: VifId) {
        let port = BridgePort::Vif(vif);
        self.dom0.stack.wake(port);
        while self.dom0.stack.has_work(port)
            && self.dom0.back.can_queue(vif)
            && let Some(skb) = self.dom0.stack.dequeue(port)
        {
            match self.dom0.back.start_xmit(lend!(self, self.dom0.skbs), vif, skb) {
                Xmit::Sent | Xmit::Dropped => {}
                Xmit::Busy(skb) => {
                    self.dom0.stack.requeue(lend!(self, self.dom0.skbs), port, skb);
                    break;
                }
            }
        }
        if !self.dom0.back.can_queue(vif) {
            self.dom0.stack.stop(port);
        }
    }

    /// The outside world sends its next packets.
    pub(super) fn receive_from_wire(&mut self, number: u16) {
        let settings = Arc::clone(&self.settings);
        let workload = &settings.outside[usize::from(number)];
        for _ in 0..workload.burst {
            let sent = &mut self.dom0.from_wire[usize::from(number)];
            if *sent >= workload.count {
                return;
            }
            *sent += 1;
            let stamp = Stamp { origin: FROM_OUTSIDE, sequence: self.dom0.wire_sequence, born: self.now };
            self.dom0.wire_sequence = self.dom0.wire_sequence.wrapping_add(1);
            let mut bytes = core::mem::take(&mut self.dom0.wire_bytes);
            packets::write_linear(&mut bytes, workload, stamp, settings.filling);
            if let Some(arrival) = self.dom0.card.receive(lend!(self, self.dom0.skbs), &bytes)
                && let Some(time) = arrival.interrupt
            {
                self.agenda.push(time, Appointment::ReceiveDone);
            }
            self.dom0.wire_bytes = bytes;
        }
        if self.dom0.from_wire[usize::from(number)] < workload.count {
            let next = self.now + next_delay(workload, &mut self.rng);
            self.agenda.push(next, Appointment::Outside(number));
        }
    }

    /// The card's receive interrupt: its driver hands everything to the stack.
    pub(super) fn receive_done(&mut self) {
        if !self.dom0.card.receive_irq(self.now) {
            return;
        }
        while let Some(skb) = self.dom0.card.take_received() {
            self.netif_rx(BridgePort::Card, skb);
        }
    }

    /// A packet socket is opened or closed.
    pub(super) fn set_tap(&mut self, port: BridgePort, tap: Option<TapSettings>) {
        self.dom0.stack.set_tap(lend!(self, self.dom0.skbs), port, tap);
    }

    /// Puts down when the next clone of a packet socket will have been read.
    fn put_tap_down(&mut self) {
        if let Some(time) = self.dom0.stack.taps_due()
            && self.dom0.tap_due.is_none_or(|due| time < due)
        {
            self.dom0.tap_due = Some(time);
            self.agenda.push(time, Appointment::TapDone);
        }
    }

    /// Packet sockets let their clones go.
    pub(super) fn tap_done(&mut self) {
        self.dom0.tap_due = None;
        self.dom0.stack.free_taps(lend!(self, self.dom0.skbs));
        self.put_tap_down();
    }

    /// A guest's stack gets a packet: an application takes it, and frees it some time later.
    pub(super) fn arrived(&mut self, vif: VifId, skb: SkbId) {
        let consumes = self.settings.guests[usize::from(vif.0)].consumes;
        self.account_arrival(vif, skb);
        if consumes == 0 {
            self.guests[usize::from(vif.0)].skbs.free(skb);
        } else {
            self.agenda.push(self.now + consumes, Appointment::Consumed(vif, skb));
        }
    }

    /// A guest's stack got a packet.
    pub(super) fn account_arrival(&mut self, vif: VifId, skb: SkbId) {
        let skbs = &self.guests[usize::from(vif.0)].skbs;
        let start: [u8; STAMP_END] = skbs.read_start(&self.xen, skb);
        let len = skbs.get(skb).len;
        self.metrics.count(self.now, vif, Count::Delivered, 1);
        self.metrics.count(self.now, vif, Count::DeliveredBytes, u64::from(len));
        let Some(stamp) = read_stamp(&start, len) else {
            self.receipts.unstamped += 1;
            return;
        };
        self.metrics.latency(stamp.origin, self.now.since(stamp.born));
        self.receipts.stamped += 1;
        if self.settings.filling == Filling::Whole {
            let sound = packets::is_whole(&self.xen, skbs, skb, stamp);
            self.receipts.damaged += u64::from(!sound);
        }
    }
}
