//! How durations are spread, in little memory and with a bounded error.
//!
//! Not modelled: single values: they are known to one part in 32.

use alloc::vec::Vec;

/// Bits of a number that its bucket keeps, beside the place of its highest one.
const KEPT_BITS: u32 = 5;

/// Numbers below this have a bucket each.
const LINEAR: u64 = 1 << (KEPT_BITS + 1);

/// Counts of numbers in log-linear buckets, as HdrHistogram has them: exact below 64, and above that 32 buckets for each
/// power of two, so that what is read is never too small, and too large by one part in 32 at most.
///
/// ```
/// use sim_wasm::machine::metrics::histogram::Histogram;
///
/// let mut histogram = Histogram::default();
/// (1..=1000).for_each(|nanos| histogram.record(nanos));
/// assert_eq!((histogram.count(), histogram.least(), histogram.most()), (1000, Some(1), Some(1000)));
/// assert!((500..=515).contains(&histogram.quantile(1, 2).expect("there are numbers")));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// One count for each bucket up to the highest one that was ever needed.
    buckets: Vec<u64>,
    count: u64,
    sum: u128,
    least: u64,
    most: u64,
}

impl Histogram {
    /// Takes in a number.
    #[inline]
    pub fn record(&mut self, number: u64) {
        let bucket = bucket_of(number);
        if bucket >= self.buckets.len() {
            self.buckets.resize(bucket + 1, 0);
        }
        self.buckets[bucket] += 1;
        self.least = if self.count == 0 { number } else { self.least.min(number) };
        self.most = self.most.max(number);
        self.count += 1;
        self.sum += u128::from(number);
    }

    /// Takes in all numbers of another one.
    pub fn merge(&mut self, other: &Histogram) {
        if other.count == 0 {
            return;
        }
        if other.buckets.len() > self.buckets.len() {
            self.buckets.resize(other.buckets.len(), 0);
        }
        for (bucket, more) in self.buckets.iter_mut().zip(&other.buckets) {
            *bucket += more;
        }
        self.least = if self.count == 0 { other.least } else { self.least.min(other.least) };
        self.most = self.most.max(other.most);
        self.count += other.count;
        self.sum += other.sum;
    }

    /// How many numbers there are.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The smallest number, exactly.
    #[must_use]
    pub fn least(&self) -> Option<u64> {
        (self.count > 0).then_some(self.least)
    }

    /// The largest number, exactly.
    #[must_use]
    pub fn most(&self) -> Option<u64> {
        (self.count > 0).then_some(self.most)
    }

    /// The mean, rounded down.
    #[must_use]
    pub fn mean(&self) -> Option<u64> {
        (self.count > 0).then(|| (self.sum / u128::from(self.count)) as u64)
    }

    /// A number that at least `part` in `of` numbers do not exceed: `quantile(99, 100)` is the 99th percentile. It is the
    /// largest that its bucket may hold, so it is too large by one part in 32 at most. Nothing where there are no numbers,
    /// or `of` is 0.
    #[must_use]
    pub fn quantile(&self, part: u32, of: u32) -> Option<u64> {
        if self.count == 0 || of == 0 {
            return None;
        }
        let wanted = (u128::from(self.count) * u128::from(part.min(of))).div_ceil(u128::from(of)).max(1);
        let mut seen = 0_u128;
        for (bucket, count) in self.buckets.iter().enumerate() {
            seen += u128::from(*count);
            if seen >= wanted {
                return Some(last_of(bucket).clamp(self.least, self.most));
            }
        }
        Some(self.most)
    }

    /// The buckets that hold numbers: the least and the greatest number that each may hold, and how many there are.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64, u64)> {
        let filled = self.buckets.iter().enumerate().filter(|(_, count)| **count > 0);
        filled.map(|(bucket, count)| (first_of(bucket), last_of(bucket), *count))
    }
}

/// The bucket of a number: buckets of one number each below [`LINEAR`], then by the place of the highest bit and the
/// [`KEPT_BITS`] below it.
#[inline]
const fn bucket_of(number: u64) -> usize {
    if number < LINEAR {
        return number as usize;
    }
    let dropped = u64::BITS - 1 - number.leading_zeros() - KEPT_BITS;
    ((dropped as u64) << KEPT_BITS) as usize + (number >> dropped) as usize
}

/// The smallest number of a bucket.
const fn first_of(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < LINEAR {
        return bucket;
    }
    let dropped = (bucket >> KEPT_BITS) - 1;
    (bucket - (dropped << KEPT_BITS)) << dropped
}

/// The largest number of a bucket.
const fn last_of(bucket: usize) -> u64 {
    match first_of(bucket + 1) {
        // The bucket after the last one would begin at 2⁶⁴.
        0 => u64::MAX,
        next => next - 1,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

    use super::*;

    fn numbers() -> impl Strategy<Value = Vec<u64>> {
        let number = prop_oneof![0_u64..200, any::<u32>().prop_map(u64::from), any::<u64>()];
        proptest::collection::vec(number, 0..200)
    }

    fn histogram(numbers: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        numbers.iter().for_each(|number| histogram.record(*number));
        histogram
    }

    #[test]
    fn buckets_follow_one_another_without_a_gap() {
        let last = bucket_of(u64::MAX);
        for bucket in 0..last {
            assert_eq!(bucket_of(first_of(bucket)), bucket);
            assert_eq!(bucket_of(last_of(bucket)), bucket);
            assert_eq!(last_of(bucket) + 1, first_of(bucket + 1));
        }
        assert_eq!((bucket_of(first_of(last)), last_of(last)), (last, u64::MAX));
    }

    #[test]
    fn nothing_has_no_quantile() {
        let empty = Histogram::default();
        assert_eq!((empty.quantile(1, 2), empty.mean(), empty.least(), empty.most()), (None, None, None, None));
        assert_eq!(histogram(&[7]).quantile(1, 0), None);
    }

    proptest! {
        #[test]
        fn a_quantile_is_right_to_one_part_in_32(numbers in numbers(), part in 0_u32..=1000) {
            let histogram = histogram(&numbers);
            let mut sorted = numbers;
            sorted.sort_unstable();
            let place = (sorted.len() as u64 * u64::from(part)).div_ceil(1000).max(1) as usize - 1;
            match histogram.quantile(part, 1000) {
                None => prop_assert!(sorted.is_empty()),
                Some(found) => {
                    let exact = sorted[place];
                    prop_assert!(found >= exact && found - exact <= exact / 32, "{found} for {exact}");
                }
            }
            prop_assert_eq!(histogram.least(), sorted.first().copied());
            prop_assert_eq!(histogram.most(), sorted.last().copied());
            prop_assert_eq!(histogram.buckets().map(|(_, _, count)| count).sum::<u64>(), sorted.len() as u64);
        }

        #[test]
        fn merging_is_recording_both(first in numbers(), second in numbers()) {
            let mut merged = histogram(&first);
            merged.merge(&histogram(&second));
            prop_assert_eq!(merged, histogram(&[first, second].concat()));
        }
    }
}
