//! dom0's network stack between the interfaces: packets come in from netback and from the card, wait in the backlog of the
//! processor, pass the bridge and its filter, and wait in the queue of the port that they leave by.
//!
//! ```text
//!   netif_rx ──► backlog ──softirq──► tap ─► bridge ─► filter ─┬─► queue ─► card
//!                (1000)     (64 a run)          │              ├─► queue ─► vif
//!                             flooded: a clone for each port   └─► queue ─► dom0 itself
//! ```
//!
//! Whatever waits here keeps its pages: a clone in the slowest port's queue holds a guest's slots as surely as the packet
//! itself. Zero-copy netback therefore takes its pages back before a packet is cloned or delivered to dom0
//! (`skb_orphan_frags`), so every method that may do either takes a function that is called first.
//!
//! The bridge, the backlog and the queues are those of linux-2.6.18 (`net/core/dev.c`, `net/bridge/`, `net/sched/`), which
//! later kernels changed in speed rather than in kind.
//!
//! Not modelled: IP, sockets but packet sockets, several processors with a backlog each, steering and coalescing of
//! received packets, segmentation in software for a port that cannot segment, and the program behind dom0's own port.

mod settings;

mod forward;

mod port;

mod tap;

pub use crate::actors::stack::port::PortCounters;
pub use crate::actors::stack::settings::{
    BACKLOG_WEIGHT, CARD_QUEUE_LEN, NETDEV_MAX_BACKLOG, StackCounters, StackSettings, VIF_QUEUE_LEN,
};
pub use crate::actors::stack::tap::TapSettings;

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::actors::bridge::{Bridge, BridgePort};
use crate::actors::handshake::Xmit;
use crate::actors::kernel::Kernel;
use crate::actors::log::Event;
use crate::actors::log::stack::Stack as Told;
use crate::actors::netfilter::Filter;
use crate::actors::qdisc::Priority;
use crate::actors::skb::SkbId;
use crate::actors::stack::port::PortState;
use crate::words::ids::{Mac, VifId};
use crate::words::time::Time;

/// Called with a packet before it is cloned or delivered to dom0 itself.
pub type Orphan<'call> = dyn FnMut(&mut Kernel<'_>, SkbId) + 'call;

/// Whether a device takes packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceQueue {
    /// It does.
    Runs,
    /// It has stopped its queue (`netif_stop_queue`).
    Stopped,
}

/// The stack.
#[derive(Clone, Debug)]
pub struct Stack {
    settings: StackSettings,
    bridge: Bridge,
    backlog: VecDeque<(BridgePort, SkbId)>,
    /// By place, see [`place`].
    ports: Vec<Option<PortState>>,
    /// The ports of the bridge in the order in which it floods: the newest first (`br_add_if`), and dom0 itself last.
    order: Vec<BridgePort>,
    /// The receivers of the packet that is being flooded; empty between calls.
    receivers: Vec<BridgePort>,
    counters: StackCounters,
}

/// Where a port lies in [`Stack::ports`].
const fn place(port: BridgePort) -> usize {
    match port {
        BridgePort::Card => 0,
        BridgePort::Local => 1,
        BridgePort::Vif(VifId(vif)) => 2 + vif as usize,
    }
}

impl Stack {
    /// A stack without ports.
    #[must_use]
    pub fn new(settings: StackSettings) -> Stack {
        Stack {
            bridge: Bridge::new(settings.local, settings.ageing),
            settings,
            backlog: VecDeque::new(),
            ports: Vec::new(),
            order: Vec::new(),
            receivers: Vec::new(),
            counters: StackCounters::default(),
        }
    }

    /// Adds a port with an empty queue of that `tx_queue_len` (`br_add_if`). A port that is there already stays as it is.
    pub fn add_port(&mut self, port: BridgePort, queue_len: u32) {
        let place = place(port);
        if self.ports.len() <= place {
            self.ports.resize_with(place + 1, || None);
        }
        if self.ports[place].is_none() {
            self.ports[place] = Some(PortState::new(queue_len));
            match port {
                BridgePort::Local => self.order.push(port),
                BridgePort::Card | BridgePort::Vif(_) => self.order.insert(0, port),
            }
        }
    }

    /// Takes a port away: what waits for it is freed, and the addresses behind it are forgotten (`br_del_if`).
    pub fn remove_port(&mut self, k: &mut Kernel<'_>, port: BridgePort) {
        let Some(state) = self.ports.get_mut(place(port)).and_then(Option::take) else { return };
        self.counters.flushed += u64::from(state.close(k, port));
        self.order.retain(|other| *other != port);
        self.bridge.forget(port);
    }

    /// Changes a port's `tx_queue_len`.
    pub fn set_queue_len(&mut self, port: BridgePort, queue_len: u32) {
        if let Some(state) = self.port_mut(port) {
            state.qdisc.set_limit(queue_len);
        }
    }

    /// Changes what the bridge may forward.
    pub fn set_filter(&mut self, filter: Filter) {
        self.settings.filter = filter;
    }

    /// A port's carrier goes (`netif_carrier_off`) or comes. Without one, what waits is freed, the addresses behind it are
    /// forgotten, and nothing is forwarded to it.
    pub fn set_carrier(&mut self, k: &mut Kernel<'_>, port: BridgePort, carrier: bool) {
        let Some(state) = self.port_mut(port) else { return };
        state.carrier = carrier;
        if !carrier {
            let flushed = state.flush(k);
            self.counters.flushed += u64::from(flushed);
            self.bridge.forget(port);
        }
    }

    /// Opens a packet socket on a port, or closes the one that is there.
    pub fn set_tap(&mut self, k: &mut Kernel<'_>, port: BridgePort, settings: Option<TapSettings>) {
        if let Some(state) = self.port_mut(port) {
            about(k, port);
            state.set_tap(k, port, settings);
        }
    }

    /// The bridge knows an address without having seen a packet from it: a guest's first packet, with which it says where it
    /// is when it connects, is not worth telling (`send_fake_arp` of netfront).
    pub fn learn(&mut self, now: Time, port: BridgePort, address: Mac) {
        self.bridge.learn(now, port, address);
    }

    /// Puts a packet onto the backlog (`netif_rx`); true if the softirq has to be raised for it. A full backlog loses the
    /// newcomer.
    pub fn netif_rx(&mut self, k: &mut Kernel<'_>, from: BridgePort, skb: SkbId) -> bool {
        self.counters.received += 1;
        if self.backlog.len() as u32 > self.settings.backlog {
            self.counters.backlog_dropped += 1;
            let bytes = k.skbs.get(skb).len;
            about(k, from);
            k.step(Event::Stack(Told::BacklogOverflowed { bytes }));
            k.skbs.free(skb);
            return false;
        }
        self.backlog.push_back((from, skb));
        self.backlog.len() == 1
    }

    /// The receive softirq: takes packets off the backlog as far as its weight goes (`process_backlog`); true if some are
    /// left, and it must run again.
    pub fn softirq(&mut self, k: &mut Kernel<'_>, orphan: &mut Orphan<'_>) -> bool {
        for _ in 0..self.settings.weight.max(1) {
            let Some((from, skb)) = self.backlog.pop_front() else { break };
            self.handle_frame(k, from, skb, Priority::BEST_EFFORT, orphan);
        }
        !self.backlog.is_empty()
    }

    /// Handles a packet at once, as a driver that polls hands it over (`netif_receive_skb`).
    pub fn receive_skb(&mut self, k: &mut Kernel<'_>, from: BridgePort, skb: SkbId, orphan: &mut Orphan<'_>) {
        self.counters.received += 1;
        self.handle_frame(k, from, skb, Priority::BEST_EFFORT, orphan);
    }

    /// dom0 itself sends a packet onto the bridge (`br_dev_xmit`).
    pub fn transmit(&mut self, k: &mut Kernel<'_>, skb: SkbId, priority: Priority, orphan: &mut Orphan<'_>) {
        self.counters.received += 1;
        self.handle_frame(k, BridgePort::Local, skb, priority, orphan);
    }

    /// Takes the next packet that waits in front of a port, unless its device has stopped.
    #[inline]
    pub fn dequeue(&mut self, to: BridgePort) -> Option<SkbId> {
        let state = self.port_mut(to)?;
        if state.stopped { None } else { state.qdisc.dequeue() }
    }

    /// Takes a packet back that the port's device refused.
    pub fn requeue(&mut self, k: &mut Kernel<'_>, to: BridgePort, skb: SkbId) {
        let Some(state) = self.port_mut(to) else {
            self.counters.flushed += 1;
            k.skbs.free(skb);
            return;
        };
        state.qdisc.requeue(skb);
        state.counters.requeued += 1;
        state.tell_waiting(k, to);
    }

    /// Hands packets to a port's device until it stops or nothing waits (`qdisc_run`). `xmit` passes a packet to the driver
    /// and says besides whether the driver's queue still runs.
    pub fn qdisc_run(
        &mut self,
        k: &mut Kernel<'_>,
        to: BridgePort,
        mut xmit: impl FnMut(&mut Kernel<'_>, SkbId) -> (Xmit, DeviceQueue),
    ) {
        while let Some(skb) = self.dequeue(to) {
            let (xmit, queue) = xmit(k, skb);
            if queue == DeviceQueue::Stopped || matches!(xmit, Xmit::Busy(_)) {
                self.stop(to);
            }
            if let Xmit::Busy(skb) = xmit {
                self.requeue(k, to, skb);
            }
        }
    }

    /// The port's device takes no packets any more (`netif_stop_queue`).
    pub fn stop(&mut self, port: BridgePort) {
        if let Some(state) = self.port_mut(port) {
            state.stopped = true;
        }
    }

    /// The port's device takes packets again (`netif_wake_queue`).
    pub fn wake(&mut self, port: BridgePort) {
        if let Some(state) = self.port_mut(port) {
            state.stopped = false;
        }
    }

    /// Whether a packet waits in front of a port whose device would take it.
    #[must_use]
    pub fn has_work(&self, to: BridgePort) -> bool {
        self.port(to).is_some_and(|state| !state.stopped && state.qdisc.waiting() > 0)
    }

    /// When the next packet will have been read from a packet socket.
    #[must_use]
    pub fn taps_due(&self) -> Option<Time> {
        self.ports.iter().flatten().filter_map(PortState::tap_due).min()
    }

    /// Frees the packets that were read from packet sockets by now.
    pub fn free_taps(&mut self, k: &mut Kernel<'_>) {
        for state in self.ports.iter_mut().flatten() {
            state.free_taps(k);
        }
    }

    /// Packets on the backlog.
    #[must_use]
    pub fn backlog(&self) -> u32 {
        self.backlog.len() as u32
    }

    /// Packets that wait in front of a port.
    #[must_use]
    pub fn waiting(&self, port: BridgePort) -> u32 {
        self.port(port).map_or(0, |state| state.qdisc.waiting())
    }

    /// Whether a packet socket is open on a port.
    #[must_use]
    pub fn is_tapped(&self, port: BridgePort) -> bool {
        self.port(port).is_some_and(PortState::is_tapped)
    }

    /// Clones that a packet socket keeps.
    #[must_use]
    pub fn tapped(&self, port: BridgePort) -> u32 {
        self.port(port).map_or(0, PortState::tapped)
    }

    /// Whether a port's device has stopped.
    #[must_use]
    pub fn is_stopped(&self, port: BridgePort) -> bool {
        self.port(port).is_some_and(|state| state.stopped)
    }

    /// The ports in the order in which a packet is flooded to them.
    #[must_use]
    pub fn ports(&self) -> &[BridgePort] {
        &self.order
    }

    /// What the bridge knows.
    #[must_use]
    pub const fn bridge(&self) -> &Bridge {
        &self.bridge
    }

    /// What happened so far.
    #[must_use]
    pub const fn counters(&self) -> &StackCounters {
        &self.counters
    }

    /// What happened at a port so far; zeros if there is none.
    #[must_use]
    pub fn port_counters(&self, port: BridgePort) -> PortCounters {
        self.port(port).map_or(PortCounters::default(), |state| state.counters)
    }

    fn port(&self, port: BridgePort) -> Option<&PortState> {
        self.ports.get(place(port))?.as_ref()
    }

    fn port_mut(&mut self, port: BridgePort) -> Option<&mut PortState> {
        self.ports.get_mut(place(port))?.as_mut()
    }
}

/// What is told from here on is about the interface that the packet came from, if it came from one.
fn about(k: &mut Kernel<'_>, from: BridgePort) {
    if let BridgePort::Vif(vif) = from {
        k.log.about(vif);
    }
}
