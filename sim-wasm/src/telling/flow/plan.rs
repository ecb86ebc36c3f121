//! What the knobs ask for: a machine's settings, and how long a run is watched in how many stretches.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec;

use crate::actors::epoch::{Drivers, Epoch, FrontEpoch};
use crate::actors::netback::settings::BackSettings;
use crate::actors::netfilter::Filter;
use crate::actors::nic::{CardSettings, Moderation};
use crate::machine::metrics::Watch;
use crate::machine::metrics::counters::Count;
use crate::machine::network::settings::{Dom0, Guest, Logging, Settings, Workload};
use crate::words::time::Time;

const OFFERED: usize = 0;
const BYTES: usize = 1;
const MEGABITS: usize = 2;
const TWIST: usize = 3;

/// Stretches of a run.
pub(crate) const STRETCHES: u64 = 80;

/// Packets that a run offers at most, so that a reader's action is answered at once: enough to fill the guest's queue.
const MOST_PACKETS: u64 = 7_000;

/// The same of small packets and of those that go nowhere: a shorter run shows as much, and each costs interrupts of its own.
const FEWER_PACKETS: u64 = 3_500;

/// No netback takes more of a packet than this as its header.
const SMALL: u32 = 138;

/// The longest run, in nanoseconds.
const LONGEST: u64 = 100_000_000;

/// The longest packet that is sent as it is; a longer one is segmented by the card.
const ETHERNET: u32 = 1514;

/// Payload of a segment of such a packet.
const SEGMENT: u16 = 1460;

/// From a packet's end to the card's interrupt, in nanoseconds: an assumption.
const INTERRUPT_DELAY: u64 = 20_000;

/// The same of a card that reports late.
const LATE_INTERRUPT: u64 = 1_000_000;

/// Packets that a rate is taken of at least.
const RATED: u64 = 24;

/// What is out of the ordinary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Twist {
    Nothing,
    /// A filter in dom0 drops every packet.
    Filter,
    /// The card stops fetching when a quarter of the run is over.
    Stall,
    /// The card interrupts a millisecond late.
    LateInterrupts,
    /// dom0 has the netback of Linux 3.4.
    Copies,
    /// Guest and dom0 have the drivers of mainline Linux.
    Mainline,
}

impl Twist {
    const fn of(value: u32) -> Twist {
        match value {
            1 => Twist::Filter,
            2 => Twist::Stall,
            3 => Twist::LateInterrupts,
            4 => Twist::Copies,
            5 => Twist::Mainline,
            _ => Twist::Nothing,
        }
    }
}

/// What a run is made from.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// What the guest offers, in Mb/s.
    pub(crate) offered: u32,
    /// Bytes in a packet.
    pub(crate) bytes: u32,
    /// What the card sends, in Mb/s.
    pub(crate) megabits: u32,
    pub(crate) twist: Twist,
    /// Length of a stretch, in nanoseconds.
    pub(crate) stretch: u64,
}

impl Plan {
    pub(crate) fn of(knobs: &[u32]) -> Plan {
        let (offered, bytes) = (knobs[OFFERED], knobs[BYTES]);
        let plan = Plan { offered, bytes, megabits: knobs[MEGABITS], twist: Twist::of(knobs[TWIST]), stretch: 0 };
        let fewer = bytes <= SMALL || plan.twist == Twist::Filter;
        let packets = if fewer { FEWER_PACKETS } else { MOST_PACKETS };
        let longest = (packets * every(offered, bytes)).min(LONGEST);
        Plan { stretch: round_down(longest / STRETCHES), ..plan }
    }

    /// Stretches that the rate on the wire is taken over.
    pub(crate) fn rated(&self) -> usize {
        (RATED * every(self.megabits, self.bytes)).div_ceil(self.stretch) as usize
    }

    pub(crate) fn drivers(&self) -> Drivers {
        match self.twist {
            Twist::Nothing | Twist::Filter | Twist::Stall | Twist::LateInterrupts => Drivers::default(),
            Twist::Copies => Drivers { front: FrontEpoch::Classic, back: Epoch::GrantCopy },
            Twist::Mainline => Drivers { front: FrontEpoch::Modern, back: Epoch::ZeroCopy },
        }
    }

    /// Whether a packet's slots go back before the packet has left: it is copied whole, or it never goes to the card.
    pub(crate) fn answers_early(&self) -> bool {
        match self.twist {
            Twist::Filter | Twist::Copies => true,
            Twist::Nothing | Twist::Stall | Twist::LateInterrupts | Twist::Mainline => {
                self.bytes <= u32::from(BackSettings::of(self.drivers().back).header)
            }
        }
    }

    pub(crate) fn settings(&self) -> Settings {
        let Drivers { front, back } = self.drivers();
        let gso = if self.bytes > ETHERNET { SEGMENT } else { 0 };
        let sends = Workload { gso, ..Workload::every(self.bytes, every(self.offered, self.bytes), u64::MAX) };
        let late = self.twist == Twist::LateInterrupts;
        let delay = if late { LATE_INTERRUPT } else { INTERRUPT_DELAY };
        let mut dom0 = Dom0 { back: BackSettings::of(back), ..Dom0::default() };
        if self.twist == Twist::Filter {
            dom0.stack.filter = Filter::DROP;
        }
        Settings {
            epoch: back,
            guests: vec![Guest { front, sends: vec![sends], ..Guest::default() }],
            dom0,
            card: CardSettings { transmit: Moderation::after(delay), ..CardSettings::e1000(self.megabits) },
            until: Time(self.stretch * STRETCHES),
            log: Logging::TurningPoints,
            watched: vec![Watch::Count(Count::Sent)],
            ..Settings::default()
        }
    }
}

/// Nanoseconds from one packet to the next.
fn every(megabits: u32, bytes: u32) -> u64 {
    u64::from(bytes) * 8_000 / u64::from(megabits)
}

/// The largest round number of nanoseconds that is not larger.
fn round_down(nanos: u64) -> u64 {
    let mut tenth = 100;
    while tenth * 10 <= nanos {
        tenth *= 10;
    }
    [750, 500, 250, 200, 125, 100]
        .into_iter()
        .map(|part| tenth * part / 100)
        .find(|round| *round <= nanos)
        .unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::round_down;

    #[test]
    fn stretches_are_round() {
        for (nanos, expect) in
            [(60, 100), (100, 100), (757_000, 750_000), (1_249_999, 1_000_000), (1_250_000, 1_250_000)]
        {
            assert_eq!(round_down(nanos), expect);
        }
    }
}
