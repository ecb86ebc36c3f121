//! dom0 of the machine: its packets, netback, the stack between the interfaces, and the card.
//!
//! Not modelled: several cards, and traffic of dom0's own.

use alloc::vec;
use alloc::vec::Vec;

use crate::actors::bridge::BridgePort;
use crate::actors::kernel::{Kernel, Task};
use crate::actors::log::Log;
use crate::actors::nic::Nic;
use crate::actors::parts;
use crate::actors::skb::{SkbId, Skbs};
use crate::actors::stack::{Stack, StackSettings};
use crate::hypervisor::xen::Xen;
use crate::machine::metrics::counters::Count;
use crate::machine::network::backend::Backend;
use crate::machine::network::lend::lend;
use crate::machine::network::packets::{self, STAMP_END, read_stamp};
use crate::machine::network::settings::{Filling, Settings};
use crate::machine::network::upcalls::Interrupts;
use crate::machine::network::{Appointment, Network};
use crate::words::ids::{DomId, Mac, Pfn, VifId};
use crate::words::time::Time;

/// What dom0 consists of.
#[derive(Clone, Debug)]
pub(super) struct Dom0 {
    pub(super) skbs: Skbs,
    pub(super) back: Backend,
    pub(super) stack: Stack,
    pub(super) card: Nic,
    pub(super) interrupts: Interrupts,
    softirq_due: bool,
    pub(super) tap_due: Option<Time>,
    /// Packets of the outside world so far, workload by workload.
    pub(super) from_wire: Vec<u64>,
    pub(super) wire_sequence: u32,
    pub(super) wire_bytes: Vec<u8>,
}

impl Dom0 {
    /// dom0 with a card and without interfaces for guests.
    pub(super) fn new(xen: &mut Xen, settings: &Settings) -> Dom0 {
        let pages = settings.dom0.pages;
        // The lowest page goes first and the page freed last goes next, so few pages are ever touched.
        let mut skbs = Skbs::new(DomId::DOM0, (0..pages).rev().map(Pfn).collect());
        let (mut log, mut asks) = (Log::off(), Vec::new());
        let mut kernel = Kernel { xen, skbs: &mut skbs, now: Time::ZERO, log: &mut log, asks: &mut asks };
        let back = Backend::new(&mut kernel, settings.epoch, settings.dom0.intent, settings.dom0.back);
        let local = Some(packets::DOM0);
        let mut stack = Stack::new(StackSettings { local, ..settings.dom0.stack.clone() });
        stack.add_port(BridgePort::Card, settings.dom0.card_queue);
        stack.add_port(BridgePort::Local, settings.dom0.card_queue);
        stack.learn(Time::ZERO, BridgePort::Card, packets::OUTSIDE);
        Dom0 {
            skbs,
            back,
            stack,
            card: Nic::new(settings.card),
            interrupts: Interrupts::new(),
            softirq_due: false,
            tap_due: None,
            from_wire: vec![0; settings.outside.len()],
            wire_sequence: 0,
            wire_bytes: Vec::new(),
        }
    }
}

impl Network {
    /// Runs a piece of netback's work; true when there is more.
    pub(super) fn run_back(&mut self, task: Task) -> bool {
        self.metrics.count_machine(self.now, Count::Passes, 1);
        let again = self.dom0.back.run(lend!(self, self.dom0.skbs), task);
        if let (Task::BackPoll(vif) | Task::BackRx(vif), false) = (task, again) {
            self.end_polled(vif);
        }
        if parts::TROUBLE {
            self.let_leaving_go();
        }
        again
    }

    /// Netback built a packet: it waits for dom0's stack.
    pub(super) fn received(&mut self, vif: VifId, skb: SkbId) {
        self.netif_rx(BridgePort::Vif(vif), skb);
    }

    pub(super) fn netif_rx(&mut self, from: BridgePort, skb: SkbId) {
        if self.dom0.stack.netif_rx(lend!(self, self.dom0.skbs), from, skb) {
            self.raise_softirq();
        }
    }

    fn raise_softirq(&mut self) {
        if !self.dom0.softirq_due {
            self.dom0.softirq_due = true;
            self.agenda.push(self.now + self.settings.delays.softirq, Appointment::Softirq);
        }
    }

    /// The stack works off its backlog, and the ports take what the bridge sends to them.
    pub(super) fn softirq(&mut self) {
        self.dom0.softirq_due = false;
        let Dom0 { skbs, back, stack, .. } = &mut self.dom0;
        let mut kernel = Kernel { xen: &mut self.xen, skbs, now: self.now, log: &mut self.log, asks: &mut self.asks };
        let again = stack.softirq(&mut kernel, &mut |k, skb| back.orphan(k, skb));
        if again {
            self.raise_softirq();
        }
        self.feed_card();
        self.feed_the_rest();
    }

    /// The card takes packets while it has room for them.
    pub(super) fn feed_card(&mut self) {
        self.dom0.stack.wake(BridgePort::Card);
        while !self.dom0.card.is_stopped()
            && let Some(skb) = self.dom0.stack.dequeue(BridgePort::Card)
        {
            if let Err(skb) = self.dom0.card.xmit_frame(lend!(self, self.dom0.skbs), skb) {
                self.dom0.stack.requeue(lend!(self, self.dom0.skbs), BridgePort::Card, skb);
            }
        }
        // Whatever the bridge sends there from now on waits, and is told to.
        if self.dom0.card.is_stopped() {
            self.dom0.stack.stop(BridgePort::Card);
        }
        self.start_wire();
    }

    fn start_wire(&mut self) {
        if let Some(nanos) = self.dom0.card.begin() {
            self.agenda.push(self.now + nanos, Appointment::WireDone);
        }
    }

    /// A packet has left: it is counted, and the card reports it some time later.
    pub(super) fn wire_done(&mut self) {
        let departure = self.dom0.card.finish(lend!(self, self.dom0.skbs));
        self.account_departure(departure.skb);
        if let Some(time) = departure.interrupt {
            self.agenda.push(time, Appointment::TransmitDone);
        }
        self.start_wire();
    }

    /// The driver cleans up, and the card takes what waited.
    pub(super) fn transmit_done(&mut self) {
        self.dom0.card.clean_tx_irq(lend!(self, self.dom0.skbs));
        self.feed_card();
    }

    pub(super) fn stall_card(&mut self) {
        self.dom0.card.stall(lend!(self, self.dom0.skbs));
    }

    pub(super) fn resume_card(&mut self) {
        self.dom0.card.resume(lend!(self, self.dom0.skbs));
        self.feed_card();
    }

    /// Runs the destructor of the pages of one freed packet; false when there is none.
    pub(super) fn release_pages(&mut self) -> bool {
        let Some(data) = self.dom0.skbs.take_unpinned() else { return false };
        self.dom0.back.page_release(lend!(self, self.dom0.skbs), data);
        true
    }

    /// A guest's interface loses its carrier: nothing is sent to it any more.
    pub(super) fn carrier_off(&mut self, vif: VifId) {
        self.dom0.stack.set_carrier(lend!(self, self.dom0.skbs), BridgePort::Vif(vif), false);
    }

    /// dom0 has an interface for the guest, behind a port of the bridge.
    pub(super) fn add_port(&mut self, vif: VifId) {
        let port = BridgePort::Vif(vif);
        self.dom0.stack.add_port(port, self.settings.dom0.vif_queue);
        self.dom0.stack.set_carrier(lend!(self, self.dom0.skbs), port, false);
    }

    /// The interface is connected, and the bridge knows who is behind it.
    pub(super) fn carrier_on(&mut self, vif: VifId) {
        let port = BridgePort::Vif(vif);
        self.dom0.stack.set_carrier(lend!(self, self.dom0.skbs), port, true);
        self.dom0.stack.learn(self.now, port, Mac::of_guest(vif));
    }

    /// The interface goes.
    pub(super) fn remove_port(&mut self, vif: VifId) {
        self.dom0.stack.remove_port(lend!(self, self.dom0.skbs), BridgePort::Vif(vif));
    }

    fn account_departure(&mut self, skb: SkbId) {
        let start: [u8; STAMP_END] = self.dom0.skbs.read_start(&self.xen, skb);
        let data = self.dom0.skbs.get(skb);
        let (len, origin) = (data.len, data.origin);
        let Some(stamp) = read_stamp(&start, len) else {
            self.metrics.count(self.now, origin, Count::Sent, 1);
            self.metrics.count(self.now, origin, Count::SentBytes, u64::from(len));
            self.receipts.unstamped += 1;
            return;
        };
        self.metrics.count(self.now, stamp.origin, Count::Sent, 1);
        self.metrics.count(self.now, stamp.origin, Count::SentBytes, u64::from(len));
        self.metrics.latency(stamp.origin, self.now.since(stamp.born));
        self.receipts.stamped += 1;
        if self.settings.filling == Filling::Whole {
            let sound = packets::is_whole(&self.xen, &self.dom0.skbs, skb, stamp);
            self.receipts.damaged += u64::from(!sound);
        }
    }
}
