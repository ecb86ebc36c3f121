//! When a card interrupts: some time after the first packet that its driver does not know of, or once there are enough.
//!
//! Cards call the time and the count by many names: `TIDV` and `RDTR` of the e1000, `rx-usecs` and `tx-frames` of ethtool.
//!
//! Not modelled: the second time that starts anew with each packet, and rates that adapt.

use crate::words::time::Time;

/// How interrupts are held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moderation {
    /// From the first packet to the interrupt, in nanoseconds.
    pub delay: u64,
    /// Packets that make it come at once, at least 1.
    pub packets: u32,
}

impl Moderation {
    /// An interrupt so many nanoseconds after the first packet, however many follow.
    #[must_use]
    pub const fn after(delay: u64) -> Moderation {
        Moderation { delay, packets: u32::MAX }
    }
}

/// One cause of interrupts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cause {
    due: Option<Time>,
    packets: u32,
}

impl Cause {
    /// There is a packet more. The time of the interrupt is given when it is new.
    pub(super) fn packet(&mut self, now: Time, moderation: Moderation) -> Option<Time> {
        self.packets += 1;
        let due = if self.packets >= moderation.packets { now } else { now + moderation.delay };
        if self.due.is_some_and(|before| before <= due) {
            return None;
        }
        self.due = Some(due);
        self.due
    }

    /// Whether the interrupt comes now; one that was put off or forestalled does not.
    pub(super) fn take(&mut self, now: Time) -> bool {
        let comes = self.due.is_some_and(|due| due <= now);
        if comes {
            *self = Cause::default();
        }
        comes
    }
}

#[cfg(test)]
mod tests {
    use super::{Cause, Moderation};
    use crate::words::time::Time;

    #[test]
    fn the_first_packet_sets_the_time_and_the_last_one_may_shorten_it() {
        let moderation = Moderation { delay: 100, packets: 3 };
        let mut cause = Cause::default();
        let times = [0, 10, 20, 30].map(|now| cause.packet(Time(now), moderation));
        assert_eq!(times, [Some(Time(100)), None, Some(Time(20)), None]);
        assert!(!cause.take(Time(19)) && cause.take(Time(20)));
        // The appointment that was made first finds nothing.
        assert!(!cause.take(Time(100)));
        assert_eq!(cause.packet(Time(200), moderation), Some(Time(300)));
    }
}
