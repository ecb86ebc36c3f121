//! The one source of chance, so that a seed tells the whole run.
//!
//! Not modelled: distributions other than the even one.

/// SplitMix64: G. L. Steele, D. Lea and C. H. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014,
/// with the constants of S. Vigna's reference code. One word of state, and every seed is a good one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rng {
    state: u64,
}

impl Rng {
    /// The generator that this seed names.
    pub const fn new(seed: u64) -> Rng {
        Rng { state: seed }
    }

    /// 64 even bits.
    pub const fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// 32 even bits.
    pub const fn next_u32(&mut self) -> u32 {
        (self.next_u64() >> 32) as u32
    }

    /// A number in `0..bound`, each equally likely.
    ///
    /// D. Lemire, "Fast random integer generation in an interval", ACM TOMACS 2019: the high half of a product is the
    /// number, and the few low halves that would favour some numbers are drawn again.
    ///
    /// # Panics
    /// If `bound` is 0: there is no such number.
    pub const fn below(&mut self, bound: u32) -> u32 {
        assert!(bound > 0, "an empty range has no number to draw");
        let biased = bound.wrapping_neg() % bound;
        loop {
            let product = self.next_u32() as u64 * bound as u64;
            if product as u32 >= biased {
                return (product >> 32) as u32;
            }
        }
    }

    /// True in `numerator` of `denominator` draws on average.
    pub const fn chance(&mut self, numerator: u32, denominator: u32) -> bool {
        self.below(denominator) < numerator
    }
}

#[cfg(test)]
mod tests {
    use super::Rng;

    #[test]
    fn the_reference_sequence_comes_out() {
        let mut rng = Rng::new(1_234_567);
        let drawn = [rng.next_u64(), rng.next_u64(), rng.next_u64()];
        assert_eq!(drawn, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn every_number_below_the_bound_is_drawn_about_equally() {
        let mut rng = Rng::new(3);
        let mut counts = [0_u32; 7];
        for _ in 0..70_000 {
            counts[rng.below(7) as usize] += 1;
        }
        assert!(counts.iter().all(|count| (9_500..10_500).contains(count)), "{counts:?}");
    }

    #[test]
    fn chance_knows_never_and_always() {
        let mut rng = Rng::new(9);
        assert!((0..100).all(|_| !rng.chance(0, 3) && rng.chance(3, 3)));
    }
}
