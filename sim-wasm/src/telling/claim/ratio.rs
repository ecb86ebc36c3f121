//! Exact fractions: what the engine says is compared with what a text says, and neither may be rounded before.
//!
//! Not modelled: numbers beyond 127 bits; an operation that would need them has no result.

use alloc::format;
use alloc::string::String;
use core::fmt;

/// A fraction in its lowest terms, with a denominator above 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    numerator: i128,
    denominator: i128,
}

/// Places behind the point that are shown of a fraction that has no end.
const SHOWN: u32 = 6;

/// Places behind the point up to which an end is looked for.
const MOST_PLACES: u32 = 18;

impl Ratio {
    /// A fraction; nothing when the denominator is 0.
    fn new(numerator: i128, denominator: i128) -> Option<Self> {
        let divisor = i128::try_from(gcd(numerator.unsigned_abs(), denominator.unsigned_abs())).ok()?;
        if denominator == 0 {
            return None;
        }
        let sign = denominator.signum();
        Some(Self { numerator: numerator / divisor * sign, denominator: denominator / divisor * sign })
    }

    /// The sum, if it can be held.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        let left = self.numerator.checked_mul(other.denominator)?;
        let right = other.numerator.checked_mul(self.denominator)?;
        Self::new(left.checked_add(right)?, self.denominator.checked_mul(other.denominator)?)
    }

    /// The difference, if it can be held.
    #[must_use]
    pub fn minus(self, other: Self) -> Option<Self> {
        self.plus(Self { numerator: other.numerator.checked_neg()?, ..other })
    }

    /// The product, if it can be held.
    #[must_use]
    pub fn times(self, other: Self) -> Option<Self> {
        let numerator = self.numerator.checked_mul(other.numerator)?;
        Self::new(numerator, self.denominator.checked_mul(other.denominator)?)
    }

    /// The quotient, if there is one and it can be held.
    #[must_use]
    pub fn over(self, other: Self) -> Option<Self> {
        let numerator = self.numerator.checked_mul(other.denominator)?;
        Self::new(numerator, self.denominator.checked_mul(other.numerator)?)
    }

    /// Whether it is 0.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.numerator == 0
    }

    /// So many tenths, hundredths and so on, rounded to the nearest, and halves away from zero; nothing when that cannot be
    /// held.
    #[must_use]
    pub fn rounded(self, places: u32) -> Option<i128> {
        let scaled = self.numerator.checked_mul(10_i128.checked_pow(places)?)?;
        let (whole, rest) = (scaled / self.denominator, scaled % self.denominator);
        let up = rest.unsigned_abs() >= self.denominator.unsigned_abs() - rest.unsigned_abs();
        Some(if up { whole + scaled.signum() } else { whole })
    }

    /// Places behind the point that write it whole, if [`MOST_PLACES`] do.
    fn places(self) -> Option<u32> {
        (0..=MOST_PLACES).find(|&places| 10_i128.pow(places) % self.denominator == 0)
    }
}

impl From<i128> for Ratio {
    fn from(number: i128) -> Self {
        Self { numerator: number, denominator: 1 }
    }
}

impl From<u64> for Ratio {
    fn from(number: u64) -> Self {
        Self::from(i128::from(number))
    }
}

impl fmt::Display for Ratio {
    /// As a decimal number; one without an end has six places and says so.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = self.places();
        if places.is_none() {
            formatter.write_str("about ")?;
        }
        let places = places.unwrap_or(SHOWN);
        match self.rounded(places) {
            Some(scaled) => formatter.write_str(&decimal(scaled, places)),
            None => write!(formatter, "{} / {}", self.numerator, self.denominator),
        }
    }
}

/// A whole number of tenths, hundredths and so on, as it is written.
#[must_use]
pub fn decimal(scaled: i128, places: u32) -> String {
    let sign = if scaled < 0 { "-" } else { "" };
    let width = places as usize + 1;
    let digits = format!("{:0>width$}", scaled.unsigned_abs());
    let (whole, rest) = digits.split_at(digits.len() - places as usize);
    if rest.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest}") }
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(numerator: i128, denominator: i128) -> Ratio {
        Ratio::new(numerator, denominator).expect("the denominator is not 0")
    }

    #[test]
    fn halves_are_rounded_away_from_zero() {
        for (numerator, denominator, places, rounded) in [
            (5, 2, 0, 3),
            (-5, 2, 0, -3),
            (7, 3, 0, 2),
            (8, 3, 0, 3),
            (-8, 3, 1, -27),
            (1, 8, 2, 13),
            (286, 100, 2, 286),
            (0, 7, 3, 0),
            (1, -2, 0, -1),
        ] {
            assert_eq!(ratio(numerator, denominator).rounded(places), Some(rounded), "{numerator} / {denominator}");
        }
    }

    #[test]
    fn arithmetic_is_exact_or_refused() {
        let (third, half) = (ratio(1, 3), ratio(1, 2));
        assert_eq!(third.plus(half), Some(ratio(5, 6)));
        assert_eq!(third.minus(half), Some(ratio(-1, 6)));
        assert_eq!(third.times(half), Some(ratio(1, 6)));
        assert_eq!(third.over(half), Some(ratio(2, 3)));
        assert_eq!(third.over(Ratio::from(0_u64)), None);
        assert_eq!(Ratio::from(i128::MAX).plus(Ratio::from(1_u64)), None);
        assert_eq!(Ratio::from(i128::MAX).times(half).and_then(|large| large.rounded(3)), None);
    }

    #[test]
    fn a_fraction_without_an_end_says_so() {
        for (value, shown) in [
            (ratio(236, 1), "236"),
            (ratio(-1, 4), "-0.25"),
            (ratio(2_858_432, 1_000_000), "2.858432"),
            (ratio(1, 3), "about 0.333333"),
        ] {
            assert_eq!(value.to_string(), shown);
        }
    }
}
