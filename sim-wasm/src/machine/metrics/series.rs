//! How a number went over a run, in a fixed number of stretches of equal length, however long the run becomes.
//!
//! Not modelled: anything shorter than a stretch.

use alloc::vec::Vec;

use crate::words::time::Time;

/// Stretches that a series has at most.
pub const STRETCHES: usize = 256;

/// A stretch's length at the beginning, in nanoseconds: one unit of 2¹⁰, about a microsecond.
const FIRST_WIDTH: u64 = 1 << 10;

/// How two numbers of one stretch become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// They are added: for what is counted.
    Sum,
    /// The higher one stays: for levels.
    Most,
}

/// Numbers over time. When the run outgrows the last stretch, stretches are joined two by two, so that all are of one
/// length again, and what is kept is what would have been kept with that length from the beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    fold: Fold,
    /// Length of a stretch in nanoseconds.
    width: u64,
    /// Up to the last stretch in which there was something; [`STRETCHES`] at most.
    buckets: Vec<u64>,
}

impl Series {
    /// A series without numbers.
    #[must_use]
    pub const fn new(fold: Fold) -> Series {
        Series { fold, width: FIRST_WIDTH, buckets: Vec::new() }
    }

    /// Takes in a number.
    pub fn add(&mut self, now: Time, number: u64) {
        while now.0 / self.width >= STRETCHES as u64 {
            self.widen();
        }
        let stretch = (now.0 / self.width) as usize;
        if stretch >= self.buckets.len() {
            self.buckets.resize(stretch + 1, 0);
        }
        self.buckets[stretch] = join(self.fold, self.buckets[stretch], number);
    }

    /// Takes in another series of the same kind, as two runs side by side.
    pub fn merge(&mut self, other: &Series) {
        let mut other = other.clone();
        while self.width < other.width {
            self.widen();
        }
        while other.width < self.width {
            other.widen();
        }
        if other.buckets.len() > self.buckets.len() {
            self.buckets.resize(other.buckets.len(), 0);
        }
        for (bucket, more) in self.buckets.iter_mut().zip(other.buckets) {
            *bucket = join(self.fold, *bucket, more);
        }
    }

    /// Length of a stretch in nanoseconds.
    #[must_use]
    pub const fn width(&self) -> u64 {
        self.width
    }

    /// The number of each stretch, from the run's beginning to the last stretch in which there was one.
    #[must_use]
    pub fn buckets(&self) -> &[u64] {
        &self.buckets
    }

    fn widen(&mut self) {
        let pairs = self.buckets.len().div_ceil(2);
        for pair in 0..pairs {
            let second = self.buckets.get(2 * pair + 1).copied().unwrap_or(0);
            self.buckets[pair] = join(self.fold, self.buckets[2 * pair], second);
        }
        self.buckets.truncate(pairs);
        self.width *= 2;
    }
}

const fn join(fold: Fold, first: u64, second: u64) -> u64 {
    match fold {
        Fold::Sum => first + second,
        Fold::Most => {
            if first > second {
                first
            } else {
                second
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest};

    use super::*;

    fn numbers() -> impl Strategy<Value = Vec<(u64, u64)>> {
        let time = prop_oneof![0_u64..300_000, 0_u64..50_000_000_000, 0_u64..=u64::MAX / 4];
        proptest::collection::vec((time, 1_u64..1000), 0..50)
    }

    fn series(fold: Fold, numbers: &[(u64, u64)]) -> Series {
        let mut series = Series::new(fold);
        numbers.iter().for_each(|(time, number)| series.add(Time(*time), *number));
        series
    }

    proptest! {
        #[test]
        fn a_series_is_what_its_last_width_would_have_made(numbers in numbers(), most in proptest::bool::ANY) {
            let fold = if most { Fold::Most } else { Fold::Sum };
            let series = series(fold, &numbers);
            prop_assert!(series.buckets().len() <= STRETCHES);
            for (stretch, found) in series.buckets().iter().enumerate() {
                let inside = numbers.iter().filter(|(time, _)| time / series.width() == stretch as u64);
                let expect = inside.fold(0, |sum, (_, number)| join(fold, sum, *number));
                prop_assert_eq!(*found, expect);
            }
            let end = numbers.iter().map(|(time, _)| time / series.width() + 1).max().unwrap_or(0);
            prop_assert_eq!(series.buckets().len() as u64, end);
        }

        #[test]
        fn merging_is_adding_both(first in numbers(), second in numbers()) {
            let mut merged = series(Fold::Sum, &first);
            merged.merge(&series(Fold::Sum, &second));
            prop_assert_eq!(merged, series(Fold::Sum, &[first, second].concat()));
        }
    }
}
