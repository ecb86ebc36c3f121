//! Text without the standard formatting machinery, which would be most of the browser module.
//!
//! Not modelled: nothing; these are words.

use alloc::string::String;

/// A text that only grows. Every method returns it, so that a line reads as the text it makes:
///
/// ```
/// use sim_wasm::words::text::Text;
///
/// let mut line = Text::new();
/// line.push_str("slot ").push_u32(7).push_str(" of frame 0x").push_hex(0x1A2B, 5);
/// assert_eq!(line.as_str(), "slot 7 of frame 0x01a2b");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text(String);

impl Text {
    /// The empty text.
    pub const fn new() -> Text {
        Text(String::new())
    }

    /// Appends a string.
    #[inline(never)]
    pub fn push_str(&mut self, string: &str) -> &mut Text {
        self.0.push_str(string);
        self
    }

    /// Appends a character.
    #[inline(never)]
    pub fn push_char(&mut self, character: char) -> &mut Text {
        self.0.push(character);
        self
    }

    /// Appends a number in decimal digits.
    #[inline(never)]
    pub fn push_u32(&mut self, number: u32) -> &mut Text {
        self.push_u64(u64::from(number))
    }

    /// Appends a number in decimal digits, with a hyphen if it is negative.
    pub fn push_i32(&mut self, number: i32) -> &mut Text {
        self.push_i64(i64::from(number))
    }

    /// Appends a number in decimal digits, with a hyphen if it is negative.
    pub fn push_i64(&mut self, number: i64) -> &mut Text {
        if number < 0 {
            self.0.push('-');
        }
        self.push_u64(number.unsigned_abs())
    }

    /// Appends a number in decimal digits.
    #[inline(never)]
    pub fn push_u64(&mut self, number: u64) -> &mut Text {
        self.push_digits(number, 10, 1)
    }

    /// Appends a number in decimal digits, with leading zeros up to `width`.
    pub fn push_padded(&mut self, number: u64, width: u32) -> &mut Text {
        self.push_digits(number, 10, width)
    }

    /// Appends a number in small hexadecimal digits, with leading zeros up to `width`.
    #[inline(never)]
    pub fn push_hex(&mut self, number: u64, width: u32) -> &mut Text {
        self.push_digits(number, 16, width)
    }

    /// Empties the text and keeps its memory.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The text so far.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text as a plain string.
    pub fn into_string(self) -> String {
        self.0
    }

    /// Whether nothing was appended yet.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn push_digits(&mut self, number: u64, base: u64, width: u32) -> &mut Text {
        let mut digits = [b'0'; 20];
        let mut rest = number;
        let mut start = digits.len();
        while rest > 0 {
            start -= 1;
            digits[start] = b"0123456789abcdef"[(rest % base) as usize];
            rest /= base;
        }
        let written = (digits.len() - start) as u32;
        for _ in written..width {
            self.0.push('0');
        }
        for digit in &digits[start..] {
            self.0.push(char::from(*digit));
        }
        self
    }
}

/// Reads a number in hexadecimal digits from a text's beginning; the rest is behind it. Nothing if there is no digit, and for
/// a number that is too large.
#[must_use]
pub fn scan_hex(text: &[u8]) -> Option<(u32, &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let (number, rest) = text.split_at(digits);
    let number = core::str::from_utf8(number).ok()?;
    u32::from_str_radix(number, 16).ok().map(|number| (number, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::Text;

    #[test]
    fn zero_has_one_digit_unless_more_are_wanted() {
        let mut text = Text::new();
        text.push_u64(0).push_char(' ').push_hex(0, 4).push_char(' ').push_i64(i64::MIN);
        assert_eq!(text.as_str(), "0 0000 -9223372036854775808");
        text.clear();
        assert!(text.is_empty());
    }

    proptest! {
        #[test]
        fn digits_are_those_of_the_standard_library(number in any::<u64>(), signed in any::<i32>(), width in 1_u32..24) {
            let mut text = Text::new();
            text.push_u64(number).push_char(' ').push_i32(signed).push_char(' ').push_hex(number, width);
            text.push_char(' ').push_padded(number, width).push_char(' ').push_u32(number as u32);
            let width = width as usize;
            let expect = format!("{number} {signed} {number:0width$x} {number:0width$} {}", number as u32);
            prop_assert_eq!(text.into_string(), expect);
        }
    }
}
