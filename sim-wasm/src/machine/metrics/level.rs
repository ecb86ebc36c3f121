//! How full things were.
//!
//! Not modelled: what happened within a step: a level is taken when the step is over.

use crate::words::time::Time;

/// What has a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Packets in the guests' own queues.
    GuestQueue,
    /// Slots in use on the transmit rings.
    RingOutstanding,
    /// Slots that netback holds.
    PoolHeld,
    /// Packets in front of dom0's stack.
    Backlog,
    /// Packets in dom0's queue in front of the card.
    CardQueue,
    /// Descriptors in use in the card's ring.
    CardRing,
    /// Packets in dom0's queues in front of the interfaces.
    VifQueue,
    /// Empty buffers that guests have posted.
    BuffersPosted,
}

impl Level {
    /// All there are, in the order of the enum.
    pub const ALL: [Level; 8] = [
        Level::GuestQueue,
        Level::RingOutstanding,
        Level::PoolHeld,
        Level::Backlog,
        Level::CardQueue,
        Level::CardRing,
        Level::VifQueue,
        Level::BuffersPosted,
    ];

    /// Its name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Level::GuestQueue => "guest-queue",
            Level::RingOutstanding => "ring-outstanding",
            Level::PoolHeld => "pool-held",
            Level::Backlog => "backlog",
            Level::CardQueue => "card-queue",
            Level::CardRing => "card-ring",
            Level::VifQueue => "vif-queue",
            Level::BuffersPosted => "buffers-posted",
        }
    }

    /// Its place among all.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// A level over time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gauge {
    now: u32,
    most: u32,
    since: Time,
    /// Height times nanoseconds, up to `since`.
    area: u128,
}

impl Gauge {
    /// The level is this from now on.
    #[inline]
    pub fn set(&mut self, now: Time, height: u32) {
        self.area += u128::from(self.now) * u128::from(now.since(self.since));
        self.since = self.since.max(now);
        self.now = height;
        self.most = self.most.max(height);
    }

    /// The level at last.
    #[must_use]
    pub const fn now(&self) -> u32 {
        self.now
    }

    /// The highest level ever.
    #[must_use]
    pub const fn most(&self) -> u32 {
        self.most
    }

    /// The mean from the run's beginning until `end`, in thousandths, rounded down; 0 at the very beginning.
    #[must_use]
    pub fn mean_thousandths(&self, end: Time) -> u64 {
        let end = self.since.max(end);
        if end == Time::ZERO {
            return 0;
        }
        let area = self.area + u128::from(self.now) * u128::from(end.since(self.since));
        (area * 1000 / u128::from(end.0)) as u64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::*;

    #[test]
    fn each_level_has_its_own_place() {
        assert!(Level::ALL.into_iter().enumerate().all(|(position, level)| level.index() == position));
    }

    proptest! {
        /// Against the level at every single nanosecond.
        #[test]
        fn a_mean_weighs_by_time(changes in proptest::collection::vec((0_u64..50, 0_u32..300), 0..20), rest in 1_u64..50) {
            let (mut gauge, mut at, mut now) = (Gauge::default(), 0, 0);
            let mut heights: Vec<u64> = Vec::new();
            for (wait, height) in changes {
                heights.resize((at + wait) as usize, now);
                at += wait;
                now = u64::from(height);
                gauge.set(Time(at), height);
            }
            heights.resize((at + rest) as usize, now);
            prop_assert_eq!(gauge.mean_thousandths(Time(at + rest)), heights.iter().sum::<u64>() * 1000 / (at + rest));
        }
    }
}
