//! Whole runs, drawn: a seed names the [`settings`] of a network, the same on every machine.
//!
//! Every generation of the drivers takes part, one to four guests, packets of any shape in every direction, guests and a dom0
//! that break rules, and things that go wrong at any time. Runs are short: some milliseconds for most, so that many fit into
//! a test, and most of a second for a few, which is what the slow timers need. [`devices`] draws what is no network.

mod attacks;

pub mod devices;

pub mod marks;

use sim::actors::bridge::BridgePort;
use sim::actors::epoch::{Epoch, FrontEpoch};
use sim::actors::netback::settings::{BackSettings, CopySkb, Repairs};
use sim::actors::netfilter::Filter;
use sim::actors::nic::{CardSettings, Moderation};
use sim::actors::stack::{StackSettings, TapSettings};
use sim::machine::network::Network;
use sim::machine::network::settings::{
    Delays, Destination, Dom0, Fault, FaultKind, Filling, Guest, Intent, Logging, PacketLayout, Settings, Workload,
};
use sim::words::ids::VifId;
use sim::words::rng::Rng;
use sim::words::time::Time;

/// Changes of state after which a run is left, wherever it is. The classic netback, unless it is repaired, answers all that a
/// forged producer claims (XSA-39): milliards of requests, in no time at all where a pass takes none.
const MOST_EVENTS: usize = 50_000;

/// The settings that a seed names.
#[must_use]
pub fn settings(seed: u64) -> Settings {
    let mut draw = Draw { rng: Rng::new(seed), guests: 1 };
    draw.guests = 1 + draw.below(4) as u16;
    draw.settings()
}

/// The run that a seed names, at its end, or after so many changes of state that it need not go on.
///
/// # Panics
/// If no machine can be made of its settings: only what can be is drawn.
#[must_use]
pub fn run(seed: u64) -> Network {
    let mut network = Network::new(&settings(seed)).expect("drawn settings make a machine");
    while network.log().entries().len() < MOST_EVENTS && network.step() {}
    network
}

/// What is drawn from.
struct Draw {
    rng: Rng,
    /// Guests of the machine.
    guests: u16,
}

impl Draw {
    fn below(&mut self, bound: u32) -> u32 {
        self.rng.below(bound)
    }

    /// A number of nanoseconds below a bound.
    fn nanos(&mut self, bound: u32) -> u64 {
        u64::from(self.rng.below(bound))
    }

    /// True once in so many draws on average.
    fn once_in(&mut self, draws: u32) -> bool {
        self.rng.chance(1, draws)
    }

    fn one_of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.rng.below(choices.len() as u32) as usize].clone()
    }

    fn several<T>(&mut self, at_most: u32, one: fn(&mut Draw) -> T) -> Vec<T> {
        (0..self.below(at_most + 1)).map(|_| one(self)).collect()
    }

    fn settings(&mut self) -> Settings {
        let epoch = self.one_of(&[Epoch::Classic, Epoch::GrantCopy, Epoch::ZeroCopy]);
        // Pages that are held for half a second are copied, and guests without buffers are given up, in long runs only.
        let millis = if self.once_in(10) { 800 } else { 3 + u64::from(self.below(6)) };
        Settings {
            epoch,
            guests: (0..self.guests).map(|_| self.guest()).collect(),
            dom0: self.dom0(epoch),
            card: self.card(),
            outside: self.several(2, Draw::workload),
            faults: self.several(8, Draw::fault),
            delays: self.one_of(&[Delays::default(), Delays { event: 0, softirq: 1, xenbus: 7_000 }]),
            until: Time::from_millis(millis),
            seed: self.rng.next_u64(),
            log: self.one_of(&[Logging::On, Logging::FromHandshake]),
            filling: self.one_of(&[Filling::Stamps, Filling::Whole]),
            watched: Vec::new(),
        }
    }

    fn guest(&mut self) -> Guest {
        Guest {
            front: self.one_of(&[FrontEpoch::Classic, FrontEpoch::Modern]),
            intent: if self.once_in(3) { Intent::Hostile } else { Intent::Honest },
            sends: self.several(3, Draw::workload),
            credit: self.once_in(5).then(|| (1_000 + u64::from(self.below(100_000)), self.nanos(5_000))),
            scatter_gather: !self.once_in(4),
            flip: self.once_in(4),
            rx_notify: !self.once_in(4),
            trusted: !self.once_in(4),
            // Near 2³² the indexes of the rings wrap while packets are under way.
            base: self.one_of(&[0, 0, u32::MAX - 40, u32::MAX - 300]),
            queue: self.one_of(&[1000, 1000, 1000, 1000, 5]),
            consumes: self.one_of(&[0, 0, 300_000]),
        }
    }

    fn dom0(&mut self, epoch: Epoch) -> Dom0 {
        let back = BackSettings::of(epoch);
        Dom0 {
            intent: if self.once_in(6) { Intent::Hostile } else { Intent::Honest },
            back: BackSettings {
                copy_skb: self.one_of(&[CopySkb::Never, CopySkb::Always, CopySkb::Delayed]),
                repairs: self.one_of(&[back.repairs, back.repairs, Repairs::ALL, Repairs::NONE]),
                offload: !self.once_in(5),
                rx_flip: self.once_in(2),
                hz: self.one_of(&[100, 250, 1000]),
                ..back
            },
            stack: StackSettings {
                filter: if self.once_in(8) { Filter::DROP } else { Filter::ACCEPT },
                backlog: self.one_of(&[1000, 1000, 1000, 1000, 3]),
                mtu: self.one_of(&[None, None, Some(1500)]),
                ..StackSettings::default()
            },
            card_queue: self.one_of(&[1000, 1000, 1000, 3]),
            vif_queue: self.one_of(&[32, 1]),
            pages: self.one_of(&[2048, 400]),
            ..Dom0::default()
        }
    }

    fn card(&mut self) -> CardSettings {
        let megabits = self.one_of(&[10, 100, 1000, 10_000]);
        let card = self.one_of(&[CardSettings::e1000(megabits), CardSettings::tg3(megabits)]);
        CardSettings {
            transmit: Moderation { delay: self.nanos(200_000), packets: self.one_of(&[u32::MAX, 1, 7]) },
            receive: Moderation { delay: self.nanos(50_000), packets: self.one_of(&[u32::MAX, 1, 7]) },
            ..card
        }
    }

    fn workload(&mut self) -> Workload {
        let bytes = match self.below(4) {
            0 => 14 + self.below(120),
            1 => 1_400 + self.below(200),
            2 => 4_000 + self.below(5_100),
            _ => 14 + self.below(65_522),
        };
        Workload {
            to: self.destination(),
            bytes,
            layout: self.layout(bytes),
            gso: if bytes > 1_514 { self.one_of(&[1_448, 1_448, 0]) } else { 0 },
            start: Time(self.nanos(3_000_000)),
            every: self.nanos(60_000),
            jitter: self.one_of(&[0, 20_000]),
            burst: 1 + self.below(12),
            count: u64::from(self.below(100)),
        }
    }

    fn layout(&mut self, bytes: u32) -> PacketLayout {
        let head = 14 + self.below(4_000);
        let least = bytes.saturating_sub(head).div_ceil(22).max(1);
        // A packet has room for 22 pieces after its head, each within a page.
        if least > 4_096 || self.once_in(2) {
            return PacketLayout::PagesLast;
        }
        PacketLayout::Pieces { head: head as u16, piece: (least + self.below(4_097 - least)) as u16 }
    }

    fn destination(&mut self) -> Destination {
        match self.below(8) {
            0..=2 => Destination::Outside,
            3 | 4 => Destination::Guest(self.vif()),
            5 => Destination::Everybody,
            6 => Destination::Nobody,
            _ => Destination::Dom0,
        }
    }

    fn fault(&mut self) -> Fault {
        let what = match self.below(24) {
            0 => FaultKind::StallCard,
            1 | 2 => FaultKind::ResumeCard,
            3 => FaultKind::SetFilter(Filter::without(self.port())),
            4 => FaultKind::Tap(self.port(), TapSettings { hold: self.nanos(2_000_000), limit: 20 }),
            5 => FaultKind::EndTap(self.port()),
            6 => FaultKind::SleepGuest(self.vif()),
            7 => FaultKind::WakeGuest(self.vif()),
            8 => FaultKind::SqueezeMemory,
            9 => FaultKind::RelieveMemory,
            10 => FaultKind::Unplug(self.vif()),
            11 => FaultKind::Plug(self.vif()),
            12 => FaultKind::UnloadBack(self.vif()),
            13 => FaultKind::LoadBack(self.vif()),
            14 => FaultKind::CloseFront(self.vif()),
            15 => FaultKind::RestartFront(self.vif()),
            16 => FaultKind::Destroy(self.vif()),
            17 | 18 => FaultKind::BackAttack(self.vif(), self.back_attack()),
            _ => FaultKind::Attack(self.vif(), self.front_attack()),
        };
        Fault { at: Time(self.nanos(5_000_000)), what }
    }

    fn vif(&mut self) -> VifId {
        VifId(self.below(u32::from(self.guests)) as u16)
    }

    fn port(&mut self) -> BridgePort {
        match self.below(4) {
            0 => BridgePort::Card,
            1 => BridgePort::Local,
            _ => BridgePort::Vif(self.vif()),
        }
    }
}
