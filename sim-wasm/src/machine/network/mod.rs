//! Guests, dom0 and a card: the whole path of packets, in both directions.
//!
//! ```text
//!   guest: queue ─► netfront ═ring═► netback ─► backlog ─► bridge ─► qdisc ─► card ─► wire
//!   guest: stack ◄─ netfront ◄═ring═ netback ◄─ qdisc ◄─ bridge ◄─ backlog ◄──── card ◄─┘
//! ```
//!
//! [`Network::step`] keeps one appointment of the agenda: it lends the hypervisor, a kernel's packets and the log to the
//! driver whose turn it is, and does what the driver [asks](crate::actors::kernel::Ask) for. A run is a function of its
//! [`Settings`].
//!
//! Not modelled: the time that code takes, save for the delays of the settings; several vCPUs of a domain and several queues of
//! an interface; whatever lies above Ethernet.

pub mod accounts;

mod backend;

mod bus;

mod connect;

mod dom0;

mod faults;

mod front;

mod guest;

mod inbound;

mod lend;

mod measure;

mod outbound;

mod packets;

pub mod settings;

mod timers;

mod travel;

mod upcalls;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::hash::Hash;

use crate::actors::bridge::BridgePort;
use crate::actors::kernel::{Ask, Task, Timer};
use crate::actors::log::Log;
use crate::actors::netback::outcome;
use crate::actors::netfront::Netfront;
use crate::actors::parts;
use crate::actors::skb::SkbId;
use crate::actors::stack::TapSettings;
use crate::hypervisor::xen::Xen;
use crate::machine::metrics::Metrics;
use crate::machine::metrics::counters::Count;
use crate::machine::network::accounts::{Levels, Receipts};
use crate::machine::network::bus::Bus;
use crate::machine::network::dom0::Dom0;
use crate::machine::network::guest::Guest;
use crate::machine::network::settings::Settings;
use crate::words::hash::Fnv1a;
use crate::words::ids::{DomId, Pfn, VcpuId, VifId};
use crate::words::rng::Rng;
use crate::words::time::{Agenda, AgendaKey, Time};

/// What the agenda holds.
#[derive(Clone, Copy, Debug)]
enum Appointment {
    /// A guest's workload makes its next packets.
    Send(VifId, u16),
    /// A workload of the outside world does.
    Outside(u16),
    /// A vCPU looks at its pending ports.
    Upcall(DomId, VcpuId),
    /// A driver's piece of work.
    Run(Task),
    /// A driver's timer.
    Timer(Timer),
    /// dom0's stack works off its backlog.
    Softirq,
    /// The wire is done with a packet.
    WireDone,
    /// The card's transmit interrupt.
    TransmitDone,
    /// The card's receive interrupt.
    ReceiveDone,
    /// Something goes wrong.
    Fault(u16),
    /// An application in a guest frees a packet.
    Consumed(VifId, SkbId),
    /// A packet socket in dom0 has read a packet.
    TapDone,
    /// A half of a device sees what the other wrote.
    Bus,
}

impl Appointment {
    /// Whether this build has the part that it is for.
    const fn is_possible(self) -> bool {
        match self {
            Appointment::Outside(_) | Appointment::ReceiveDone => parts::RECEPTION,
            Appointment::Bus => parts::TROUBLE,
            Appointment::TapDone => parts::TAPS,
            Appointment::Send(..)
            | Appointment::Upcall(..)
            | Appointment::Run(_)
            | Appointment::Timer(_)
            | Appointment::Softirq
            | Appointment::WireDone
            | Appointment::TransmitDone
            | Appointment::Fault(_)
            | Appointment::Consumed(..) => true,
        }
    }
}

/// The machine.
#[derive(Clone, Debug)]
pub struct Network {
    settings: Arc<Settings>,
    xen: Xen,
    guests: Vec<Guest>,
    dom0: Dom0,
    bus: Option<Box<Bus>>,
    agenda: Agenda<Appointment>,
    now: Time,
    kept: u64,
    /// Whether levels are followed.
    follows: bool,
    due: Vec<Task>,
    timers: Vec<(Timer, AgendaKey)>,
    asks: Vec<Ask>,
    rng: Rng,
    metrics: Metrics,
    receipts: Receipts,
    log: Log,
}

impl Network {
    /// Keeps one appointment. False when nothing is left to happen, or the run's end is reached.
    pub fn step(&mut self) -> bool {
        if self.agenda.peek_time().is_none_or(|time| time > self.settings.until) {
            return false;
        }
        let Some((now, appointment)) = self.agenda.pop() else { return false };
        self.now = now;
        self.kept += 1;
        self.keep(appointment);
        self.settle();
        if self.follows {
            self.follow();
        }
        true
    }

    /// Runs until nothing is left to happen, or the run's end.
    pub fn run(&mut self) {
        while self.step() {}
    }

    /// Runs through all that happens up to and including `time`.
    pub fn run_until(&mut self, time: Time) {
        while self.agenda.peek_time().is_some_and(|next| next <= time) && self.step() {}
    }

    /// When the next appointment is; nothing when none is left before the run's end.
    #[must_use]
    pub fn next(&self) -> Option<Time> {
        self.agenda.peek_time().filter(|time| *time <= self.settings.until)
    }

    /// From a moment on, between the last appointment and the next, the card does not fetch, or fetches again.
    pub fn set_stalled(&mut self, from: Time, stalled: bool) {
        self.now = self.now.max(from);
        if stalled {
            self.stall_card();
        } else {
            self.resume_card();
        }
        self.settle();
    }

    /// Whether the card does not fetch.
    #[must_use]
    pub fn is_stalled(&self) -> bool {
        self.dom0.card.is_stalled()
    }

    /// From a moment on, between the last appointment and the next, a packet socket in dom0 listens to a guest's interface, or
    /// none does any more.
    pub fn set_listener(&mut self, from: Time, vif: VifId, listener: Option<TapSettings>) {
        self.now = self.now.max(from);
        self.set_tap(BridgePort::Vif(vif), listener);
        self.settle();
    }

    /// Whether a packet socket in dom0 listens to a guest's interface.
    #[must_use]
    pub fn is_listened_to(&self, vif: VifId) -> bool {
        self.dom0.stack.is_tapped(BridgePort::Vif(vif))
    }

    /// When the last appointment was kept.
    #[must_use]
    pub fn now(&self) -> Time {
        self.now
    }

    /// Appointments kept so far.
    #[must_use]
    pub fn steps_taken(&self) -> u64 {
        self.kept
    }

    /// What happened.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// What happened, without the machine.
    #[must_use]
    pub fn into_log(self) -> Log {
        self.log
    }

    /// What was counted and measured, up to now.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        let mut metrics = self.metrics.clone();
        self.add_parts(&mut metrics);
        metrics
    }

    /// What became of the packets' bytes.
    #[must_use]
    pub fn receipts(&self) -> Receipts {
        self.receipts
    }

    /// How full everything is at this moment.
    #[must_use]
    pub fn levels(&self) -> Levels {
        let of_each = |level: fn(&Guest) -> u32| self.guests.iter().map(level).collect();
        Levels {
            outstanding: of_each(|guest| guest.front.outstanding()),
            guest_queue: of_each(|guest| guest.queue.len() as u32),
            posted: of_each(|guest| guest.front.posted_buffers()),
            held: self.dom0.back.held(),
            backlog: self.dom0.stack.backlog(),
            card_queue: self.dom0.stack.waiting(BridgePort::Card),
            descriptors: self.dom0.card.used(),
        }
    }

    /// Tells two states of a run apart: time, counts, levels, the rings' pages and the log. Equal on every machine.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let mut hash = Fnv1a::new();
        hash.write_u64(self.now.0);
        hash.write_u64(self.kept);
        self.receipts.hash(&mut hash);
        self.levels().hash(&mut hash);
        for guest in self.guests.iter().filter(|guest| guest.alive) {
            for ring in [Pfn(0), Pfn(1)] {
                if let Ok(page) = self.xen.guest_page(guest.domain, ring) {
                    hash.write(page.bytes());
                }
            }
        }
        hash.write_u64(self.log.hash());
        Fnv1a::finish(hash)
    }

    /// The hypervisor, to look at.
    #[must_use]
    pub fn xen(&self) -> &Xen {
        &self.xen
    }

    /// A guest's driver, to look at; nothing when there is no such guest, or it is hostile.
    #[must_use]
    pub fn front(&self, vif: VifId) -> Option<&Netfront> {
        self.guests.get(usize::from(vif.0)).and_then(|guest| guest.front.honest())
    }

    /// Whether netback gave a guest up.
    #[must_use]
    pub fn is_disabled(&self, vif: VifId) -> bool {
        self.dom0.back.is_disabled(vif)
    }

    /// What netback counted of a guest.
    #[must_use]
    pub fn back_counters(&self, vif: VifId) -> outcome::Counters {
        self.dom0.back.counters(vif)
    }

    /// How often something has happened to an interface so far, of what is counted as it happens: cheaper than
    /// [`metrics`](Network::metrics), which is a copy of everything.
    #[must_use]
    pub fn counted(&self, vif: VifId, what: Count) -> u64 {
        self.metrics.vifs().get(usize::from(vif.0)).map_or(0, |of_vif| of_vif.counters.get(what))
    }

    /// The guests that wait for netback's next pass, the next one first; only the classic driver has such a list.
    #[must_use]
    pub fn turns(&self) -> Vec<VifId> {
        self.dom0.back.turns()
    }

    /// Bytes that a guest may still send in its window; nothing without a limit, and in drivers other than the classic one.
    #[must_use]
    pub fn credit(&self, vif: VifId) -> Option<u64> {
        self.dom0.back.credit(vif)
    }

    /// Packets of a guest's interface that a packet socket in dom0 keeps.
    #[must_use]
    pub fn tapped(&self, vif: VifId) -> u32 {
        self.dom0.stack.tapped(BridgePort::Vif(vif))
    }

    /// Bytes that a backend gone bad saw beside a guest's packets.
    #[must_use]
    pub fn seen_beside(&self, vif: VifId) -> u32 {
        self.dom0.back.seen_beside(vif)
    }

    /// Packets that are not freed: dom0's, and each guest's.
    #[must_use]
    pub fn packets_alive(&self) -> (u32, Vec<u32>) {
        (self.dom0.skbs.alive(), self.guests.iter().map(|guest| guest.skbs.alive()).collect())
    }

    fn keep(&mut self, appointment: Appointment) {
        if !appointment.is_possible() {
            parts::missing();
        }
        match appointment {
            Appointment::Send(vif, workload) => self.send(vif, workload),
            Appointment::Outside(workload) => self.receive_from_wire(workload),
            Appointment::Upcall(domain, vcpu) => self.upcall(domain, vcpu),
            Appointment::Run(task) => self.run_task(task),
            Appointment::Timer(timer) => self.run_timer(timer),
            Appointment::Softirq => self.softirq(),
            Appointment::WireDone => self.wire_done(),
            Appointment::TransmitDone => self.transmit_done(),
            Appointment::ReceiveDone => self.receive_done(),
            Appointment::Fault(number) => self.fault(number),
            Appointment::Consumed(vif, skb) => self.guests[usize::from(vif.0)].skbs.free(skb),
            Appointment::TapDone => self.tap_done(),
            Appointment::Bus => self.dispatch_bus(),
        }
    }

    /// Does what was asked for, and what that asks for, until nobody wants anything.
    #[inline]
    fn settle(&mut self) {
        // Most packets leave the wire and nobody asks for anything.
        if !self.asks.is_empty() || self.dom0.skbs.has_unpinned() {
            self.serve_all();
        }
    }

    fn serve_all(&mut self) {
        let mut served = 0;
        loop {
            if let Some(&ask) = self.asks.get(served) {
                served += 1;
                self.serve(ask);
            } else if !self.release_pages() {
                break;
            }
        }
        self.asks.clear();
    }

    fn serve(&mut self, ask: Ask) {
        match ask {
            Ask::Upcall(domain, vcpu) => {
                self.agenda.push(self.now + self.settings.delays.event, Appointment::Upcall(domain, vcpu));
            }
            Ask::Run(task) => {
                if !self.due.contains(&task) {
                    self.due.push(task);
                    self.agenda.push(self.now + self.settings.delays.softirq, Appointment::Run(task));
                }
            }
            Ask::Arm(timer, at) => self.arm(timer, at),
            Ask::Received(vif, skb) => self.received(vif, skb),
            Ask::Arrived(vif, skb) if parts::RECEPTION => self.arrived(vif, skb),
            Ask::WakeVif(vif) if parts::RECEPTION => self.feed_vif(vif),
            // Without reception nothing waits for an interface.
            Ask::Arrived(..) | Ask::WakeVif(_) => {}
            Ask::SlotReturned(vif, nanos) => self.metrics.residence(vif, nanos),
            Ask::WakeFront(vif) => self.feed_front(vif),
            Ask::CarrierOff(vif) => self.carrier_off(vif),
        }
    }

    fn run_task(&mut self, task: Task) {
        self.due.retain(|other| *other != task);
        let again = match task {
            Task::FrontPoll(vif) => self.poll_front(vif),
            Task::NetTx | Task::NetRx | Task::BackPoll(_) | Task::BackRx(_) | Task::BackDealloc(_) => {
                self.run_back(task)
            }
        };
        if again {
            self.asks.push(Ask::Run(task));
        }
        // Whatever netback does may be the last thing that an interface waits for.
        if parts::TROUBLE {
            for vif in (0..self.guests.len() as u16).map(VifId) {
                self.let_go(vif);
            }
        }
    }
}
