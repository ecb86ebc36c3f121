//! The clock of dom0's kernel, which counts in jiffies and rounds to them.
//!
//! Not modelled: a kernel without ticks, and the counter's wrap.

use crate::words::time::Time;

/// How long a jiffy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Jiffies {
    nanos: u64,
}

impl Jiffies {
    /// The clock of a kernel with so many ticks a second (`HZ`); 0 is taken for 1.
    pub(crate) fn per_second(hz: u32) -> Jiffies {
        Jiffies { nanos: 1_000_000_000 / u64::from(hz.max(1)) }
    }

    /// What the counter shows at an instant (`jiffies`).
    pub(crate) const fn at(self, now: Time) -> u64 {
        now.0 / self.nanos
    }

    /// When the counter reaches a number.
    pub(crate) const fn time(self, jiffies: u64) -> Time {
        Time(jiffies.saturating_mul(self.nanos))
    }

    /// So many milliseconds as jiffies, rounded up (`msecs_to_jiffies`).
    pub(crate) const fn of_millis(self, millis: u64) -> u64 {
        millis.saturating_mul(1_000_000).div_ceil(self.nanos)
    }
}

#[cfg(test)]
mod tests {
    use super::Jiffies;
    use crate::words::time::Time;

    #[test]
    fn milliseconds_are_rounded_up_and_instants_down() {
        let clock = Jiffies::per_second(250);
        assert_eq!([0, 1, 4, 5, 50].map(|millis| clock.of_millis(millis)), [0, 1, 1, 2, 13]);
        assert_eq!([0, 3_999_999, 4_000_000].map(|nanos| clock.at(Time(nanos))), [0, 0, 1]);
        assert_eq!(clock.time(13), Time(52_000_000));
    }
}
