//! A number as an author writes it, and other numbers written in the same manner.
//!
//! ```text
//!   236    4,294,967,295    4 294 967 295    2.86    −1    seven    Twelve
//! ```
//!
//! Not modelled: commas for the decimal point, powers of ten, words beyond twenty.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};

use crate::telling::claim::ratio::{Ratio, decimal};

/// What sets thousands apart: a comma, or a space of any width that is used for it.
const GROUPING: [char; 6] = [',', ' ', '\u{a0}', '\u{2009}', '\u{202f}', '_'];

/// Numbers that are also words, from 0.
const WORDS: [&str; 21] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
];

/// More digits than any claim has; so many fit.
const MOST_DIGITS: usize = 30;

/// A number and the manner in which it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// So many tenths, hundredths and so on, by [`Manner::Digits`].
    scaled: i128,
    manner: Manner,
}

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// With so many places behind the point, and perhaps with thousands set apart.
    Digits { places: u32, grouping: Option<char>, minus: char },
    /// As a word, with a capital or without.
    Word { capital: bool },
}

impl Written {
    /// Reads a number; nothing when the text is none.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(value) = WORDS.iter().position(|word| text.eq_ignore_ascii_case(word)) {
            let capital = text.starts_with(|first: char| first.is_ascii_uppercase());
            return Some(Self { scaled: value as i128, manner: Manner::Word { capital } });
        }
        let (minus, digits) = match text.strip_prefix('\u{2212}') {
            Some(rest) => ('\u{2212}', rest),
            None => ('-', text.strip_prefix('-').unwrap_or(text)),
        };
        let negative = digits.len() < text.len();
        let (whole, rest) = digits.split_once('.').map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
        let (whole, grouping) = ungrouped(whole)?;
        let rest = rest.map_or(Some(""), |rest| is_digits(rest).then_some(rest))?;
        if whole.len() + rest.len() > MOST_DIGITS {
            return None;
        }
        let size: i128 = format!("{whole}{rest}").parse().ok()?;
        let places = rest.len() as u32;
        let scaled = if negative { -size } else { size };
        Some(Self { scaled, manner: Manner::Digits { places, grouping, minus } })
    }

    /// Whether it is `value`, rounded to the places that are written.
    #[must_use]
    pub fn says(&self, value: Ratio) -> bool {
        value.rounded(self.places()) == Some(self.scaled)
    }

    /// Another number in the same manner, as far as that has it.
    #[must_use]
    pub fn like(&self, value: Ratio) -> String {
        let Some(scaled) = value.rounded(self.places()) else { return value.to_string() };
        match self.manner {
            Manner::Word { capital } => {
                let word = usize::try_from(scaled).ok().and_then(|at| WORDS.get(at));
                match word.filter(|_| value == Ratio::from(scaled)) {
                    Some(word) if capital => format!("{}{}", word[..1].to_ascii_uppercase(), &word[1..]),
                    Some(word) => (*word).to_owned(),
                    None => value.to_string(),
                }
            }
            Manner::Digits { places, grouping, minus } => {
                let plain = decimal(scaled, places);
                let (sign, digits) = plain.strip_prefix('-').map_or((None, &*plain), |digits| (Some(minus), digits));
                let whole = digits.find('.').unwrap_or(digits.len());
                let mut text: String = sign.into_iter().collect();
                for (at, digit) in digits.char_indices() {
                    let before_point = at > 0 && at < whole && (whole - at).is_multiple_of(3);
                    text.extend(grouping.filter(|_| before_point));
                    text.push(digit);
                }
                text
            }
        }
    }

    /// The number as machines read it: `4294967295`, `2.86`, `-1`.
    #[must_use]
    pub fn plain(&self) -> String {
        decimal(self.scaled, self.places())
    }

    fn places(&self) -> u32 {
        match self.manner {
            Manner::Digits { places, .. } => places,
            Manner::Word { .. } => 0,
        }
    }
}

/// Digits without what sets thousands apart, and what that was; nothing when they are no number, or grouped otherwise.
fn ungrouped(text: &str) -> Option<(String, Option<char>)> {
    let Some(grouping) = text.chars().find(|character| GROUPING.contains(character)) else {
        return is_digits(text).then(|| (text.to_owned(), None));
    };
    let mut groups = text.split(grouping);
    let first = groups.next().filter(|first| first.len() <= 3 && is_digits(first))?;
    let mut digits = first.to_owned();
    for group in groups {
        if group.len() != 3 || !is_digits(group) {
            return None;
        }
        digits.push_str(group);
    }
    Some((digits, Some(grouping)))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_every_manner() {
        for (text, plain) in [
            ("236", Some("236")),
            (" 4,294,967,295 ", Some("4294967295")),
            ("4\u{202f}294\u{202f}967\u{202f}295", Some("4294967295")),
            ("2.86", Some("2.86")),
            ("1,514.0", Some("1514.0")),
            ("\u{2212}1", Some("-1")),
            ("-0.5", Some("-0.5")),
            ("seven", Some("7")),
            ("Twelve", Some("12")),
            ("007", Some("7")),
            ("", None),
            ("12,5", None),
            ("1,2345", None),
            ("1,234 567", None),
            ("2.", None),
            (".5", None),
            ("236 slots", None),
            ("1e6", None),
            ("thirty", None),
            ("1111111111111111111111111111111", None),
        ] {
            assert_eq!(Written::read(text).map(|written| written.plain()).as_deref(), plain, "{text}");
        }
    }

    #[test]
    fn another_number_is_written_alike() {
        let million = Ratio::from(1_234_567_u64);
        let half = Ratio::from(7_u64).over(Ratio::from(2_u64)).expect("3.5");
        for (text, value, like) in [
            ("1,000", million, "1,234,567"),
            ("1 000", million, "1 234 567"),
            ("1000", million, "1234567"),
            ("1.00", half, "3.50"),
            ("3", half, "4"),
            ("seven", Ratio::from(8_u64), "eight"),
            ("Seven", Ratio::from(8_u64), "Eight"),
            ("seven", Ratio::from(21_u64), "21"),
            ("seven", half, "3.5"),
            ("\u{2212}1", Ratio::from(-2_i128), "\u{2212}2"),
        ] {
            assert_eq!(Written::read(text).expect("a number").like(value), like, "{text}");
        }
    }

    #[test]
    fn a_number_says_what_it_is_rounded_from() {
        let value = Ratio::from(2_858_432_u64).over(Ratio::from(1_000_000_u64)).expect("2.858432");
        for (text, says) in [("2.86", true), ("2.9", true), ("3", true), ("three", true), ("2.85", false), ("2", false)]
        {
            assert_eq!(Written::read(text).expect("a number").says(value), says, "{text}");
        }
    }
}
