//! What a `Range` header asks for (RFC 9110, section 14): one piece of a file. Players of films ask so, and some browsers play
//! nothing from a server that cannot answer.

use std::ops;

/// What to send of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Range {
    /// All of it: nothing else is asked for, or more than one piece, or not in bytes.
    Whole,
    /// These bytes.
    Part(ops::Range<usize>),
    /// The file ends before it.
    Beyond,
}

/// What a header asks for, of a file of so many bytes.
#[must_use]
pub fn range(header: &str, length: usize) -> Range {
    let Some((first, last)) = header.strip_prefix("bytes=").and_then(|range| range.trim().split_once('-')) else {
        return Range::Whole;
    };
    let number = |text: &str| {
        (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().unwrap_or(usize::MAX))
    };
    let part = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(length),
        (Some(first), None) if last.is_empty() => first..length,
        (None, Some(last)) if first.is_empty() => length.saturating_sub(last)..length,
        _ => return Range::Whole,
    };
    if part.is_empty() { Range::Beyond } else { Range::Part(part) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_the_ones_of_the_rfc() {
        for (header, expected) in [
            ("bytes=0-0", Range::Part(0..1)),
            ("bytes=0-", Range::Part(0..10)),
            ("bytes=3-99", Range::Part(3..10)),
            ("bytes=-3", Range::Part(7..10)),
            ("bytes=-99", Range::Part(0..10)),
            ("bytes=0-18446744073709551616", Range::Part(0..10)),
            ("bytes=10-", Range::Beyond),
            ("bytes=99-100", Range::Beyond),
            ("bytes=-0", Range::Beyond),
            ("bytes=4-3", Range::Whole),
            ("bytes=0-1,3-4", Range::Whole),
            ("bytes=-", Range::Whole),
            ("bytes=+1-2", Range::Whole),
            ("lines=0-1", Range::Whole),
            ("", Range::Whole),
        ] {
            assert_eq!(range(header, 10), expected, "{header}");
        }
        assert_eq!(range("bytes=0-", 0), Range::Beyond);
    }
}
