//! What the knobs ask for: a machine with three senders, perhaps with a listener in dom0, and how long it is watched.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec;
use alloc::vec::Vec;

use crate::actors::bridge::BridgePort;
use crate::actors::epoch::{Drivers, Epoch, FrontEpoch};
use crate::actors::netback::settings::BackSettings;
use crate::actors::nic::{CardSettings, Moderation};
use crate::actors::stack::TapSettings;
use crate::machine::metrics::Watch;
use crate::machine::metrics::counters::Count;
use crate::machine::network::settings::{Dom0, Guest, Logging, Settings, Workload};
use crate::words::ids::VifId;
use crate::words::time::Time;

const PACKETS: usize = 0;
const LIMIT: usize = 1;
const THIRD: usize = 2;
const NETBACK: usize = 3;

/// Guests that may send.
pub(crate) const SENDERS: usize = 3;

/// The guest that may be listened to.
pub(crate) const LISTENED: VifId = VifId(2);

/// Stretches of a run.
pub(crate) const STRETCHES: u64 = 60;

/// What the card sends, in Mb/s: more than modest guests ask for, and less than greedy ones. Both are slow, so that a long run
/// has few packets.
const CARD: u32 = 100;
const SLOW_CARD: u32 = 25;

/// Packets that a greedy guest has from the start: more than its ring takes.
const BACKLOG: u64 = 400;

/// From one of its further packets to the next, in nanoseconds: about what the card takes of three, so that it stays greedy.
const GREEDY: u64 = 600_000;

/// The same of a modest one.
const MODEST: u64 = 1_000_000;

/// A credit window in microseconds, the default of the tools.
const WINDOW: u64 = 50_000;

/// When a third guest that is listened to begins to send,
const BEGINS: u64 = 48_000_000;

/// how long it takes from one of its packets to the next,
const LISTENED_EVERY: u64 = 200_000;

/// and how many there are: more than half of the pool.
const LISTENED_PACKETS: u64 = 150;

/// A packet socket whose program has been stopped for half a second, and reads on then.
pub(crate) const STOPPED: TapSettings = TapSettings { hold: 500_000_000, limit: 200 };

/// From a packet's end to the card's interrupt, in nanoseconds: an assumption.
const INTERRUPT_DELAY: u64 = 20_000;

/// What the third guest does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Third {
    Quiet,
    ToCard,
    Listened,
}

/// What a run is made from.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Bytes in each guest's packets.
    pub(crate) bytes: [u32; SENDERS],
    /// Whether guests send more than there is room for.
    pub(crate) greedy: bool,
    /// Bytes that the first guest may send in a window; nothing for no limit.
    pub(crate) limit: Option<u64>,
    pub(crate) third: Third,
    pub(crate) drivers: Drivers,
    /// Whether a pass ends at an interface without credit.
    breaks_off: bool,
    /// Length of a stretch, in nanoseconds.
    pub(crate) stretch: u64,
}

impl Plan {
    pub(crate) fn of(knobs: &[u32]) -> Plan {
        let (bytes, greedy) = match knobs[PACKETS] {
            0 => ([1514, 66, 590], true),
            1 => ([1514, 64, 590], true),
            2 => ([1514; SENDERS], true),
            _ => ([1514; SENDERS], false),
        };
        let limit = (knobs[LIMIT] > 0).then(|| u64::from(knobs[LIMIT]) * 1_000);
        let third = match knobs[THIRD] {
            0 => Third::Quiet,
            1 => Third::ToCard,
            _ => Third::Listened,
        };
        let (front, back) = match knobs[NETBACK] {
            2 => (FrontEpoch::Modern, Epoch::ZeroCopy),
            _ => (FrontEpoch::Classic, Epoch::Classic),
        };
        // Long enough for the listener to read on, for a few windows, or for a share to settle.
        let millis = match (third, limit) {
            (Third::Listened, _) => 720,
            (_, Some(_)) => 360,
            (_, None) => 120,
        };
        let drivers = Drivers { front, back };
        let stretch = millis * 1_000_000 / STRETCHES;
        Plan { bytes, greedy, limit, third, drivers, breaks_off: knobs[NETBACK] == 1, stretch }
    }

    /// What the card sends, in Mb/s.
    pub(crate) const fn megabits(&self) -> u32 {
        if self.greedy { SLOW_CARD } else { CARD }
    }

    /// Whether a guest sends at all.
    pub(crate) fn sends(&self, guest: usize) -> bool {
        guest < 2 || self.third != Third::Quiet
    }

    /// Whether there is one pool for all.
    pub(crate) fn has_one_pool(&self) -> bool {
        self.drivers.back == Epoch::Classic
    }

    pub(crate) fn settings(&self) -> Settings {
        let guests = (0..SENDERS).map(|guest| self.guest(guest)).collect();
        let back = BackSettings { breaks_off: self.breaks_off, ..BackSettings::of(self.drivers.back) };
        let listens = self.third == Third::Listened;
        let taps = if listens { vec![(BridgePort::Vif(LISTENED), STOPPED)] } else { Vec::new() };
        Settings {
            epoch: self.drivers.back,
            guests,
            dom0: Dom0 { back, taps, ..Dom0::default() },
            card: CardSettings { transmit: Moderation::after(INTERRUPT_DELAY), ..CardSettings::e1000(self.megabits()) },
            until: Time(self.stretch * STRETCHES),
            log: Logging::TurningPoints,
            watched: vec![Watch::Count(Count::Sent)],
            ..Settings::default()
        }
    }

    fn guest(&self, guest: usize) -> Guest {
        let every = if self.greedy { GREEDY } else { MODEST };
        let mut sends = Vec::new();
        if guest == 2 && self.third == Third::Listened {
            let packets = Workload::every(self.bytes[guest], LISTENED_EVERY, LISTENED_PACKETS);
            sends.push(Workload { start: Time(BEGINS), ..packets });
        } else if self.sends(guest) {
            if self.greedy {
                sends.push(Workload::at_once(self.bytes[guest], BACKLOG));
            }
            sends.push(Workload::every(self.bytes[guest], every, u64::MAX));
        }
        let credit = if guest == 0 { self.limit.map(|bytes| (bytes, WINDOW)) } else { None };
        Guest { front: self.drivers.front, sends, credit, ..Guest::default() }
    }
}
