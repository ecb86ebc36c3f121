//! Time as a kernel's timers count it: in ticks since the run began (`jiffies`, `include/linux/jiffies.h`).
//!
//! Not modelled: the wrap of a 32-bit counter, and the tick itself; a timer is due at the instant of its tick.

use crate::words::time::Time;

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// A number of ticks, as an instant or as a span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Jiffies(pub(super) u64);

impl Jiffies {
    /// So many ticks later.
    pub(super) const fn plus(self, span: Jiffies) -> Jiffies {
        Jiffies(self.0.saturating_add(span.0))
    }
}

/// How fast a kernel's clock ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    hz: u64,
}

impl Clock {
    /// A clock of `hz` ticks a second, at least one.
    pub(super) const fn new(hz: u32) -> Clock {
        Clock { hz: if hz == 0 { 1 } else { hz as u64 } }
    }

    /// The ticks until now, the present one not counted.
    pub(super) const fn at(self, now: Time) -> Jiffies {
        let seconds = now.0 / NANOS_PER_SECOND;
        let rest = now.0 % NANOS_PER_SECOND;
        Jiffies(seconds.saturating_mul(self.hz).saturating_add(rest * self.hz / NANOS_PER_SECOND))
    }

    /// The instant of a tick, in whole nanoseconds that are not before it.
    pub(super) const fn instant(self, jiffies: Jiffies) -> Time {
        let seconds = jiffies.0 / self.hz;
        let rest = jiffies.0 % self.hz;
        Time(seconds.saturating_mul(NANOS_PER_SECOND).saturating_add((rest * NANOS_PER_SECOND).div_ceil(self.hz)))
    }

    /// When a timer runs that is set now for a tick: not before the next one, however long ago the tick was.
    pub(super) const fn timer(self, jiffies: Jiffies, now: Time) -> Time {
        let next = self.at(now).0.saturating_add(1);
        self.instant(if jiffies.0 > next { jiffies } else { Jiffies(next) })
    }

    /// A second, `HZ`.
    pub(super) const fn second(self) -> Jiffies {
        Jiffies(self.hz)
    }

    /// Half a second, `HZ / 2`, rounded down.
    pub(super) const fn half_a_second(self) -> Jiffies {
        Jiffies(self.hz / 2)
    }

    /// A span in milliseconds, rounded up (`msecs_to_jiffies`).
    pub(super) const fn millis(self, millis: u64) -> Jiffies {
        Jiffies(millis.saturating_mul(self.hz).div_ceil(1_000))
    }
}

#[cfg(test)]
mod tests {
    use super::{Clock, Jiffies};
    use crate::words::time::Time;

    #[test]
    fn a_timer_is_due_in_its_tick() {
        for hz in [1, 3, 100, 250, 300, 1000] {
            let clock = Clock::new(hz);
            for ticks in [0, 1, 2, 7, 299, 1_000_001] {
                let instant = clock.instant(Jiffies(ticks));
                assert_eq!(clock.at(instant), Jiffies(ticks), "{hz} {ticks}");
                assert!(instant == Time::ZERO || clock.at(Time(instant.0 - 1)) < Jiffies(ticks));
            }
        }
    }

    #[test]
    fn spans_are_whole_ticks() {
        let clock = Clock::new(100);
        assert_eq!([0, 1, 10, 11, 50].map(|millis| clock.millis(millis).0), [0, 1, 1, 2, 5]);
        assert_eq!((clock.second(), clock.half_a_second()), (Jiffies(100), Jiffies(50)));
        assert_eq!(clock.at(Time::from_millis(29)), Jiffies(2));
        assert_eq!(clock.instant(Jiffies(u64::MAX)), Time(u64::MAX));
        assert_eq!(clock.timer(Jiffies(3), Time::from_millis(29)), Time::from_millis(30));
        assert_eq!(clock.timer(Jiffies(3), Time::from_millis(30)), Time::from_millis(40));
        assert_eq!(clock.timer(Jiffies(9), Time::from_millis(30)), Time::from_millis(90));
    }
}
