//! Which characters XML can hold; whatever ends up in a feed is held against this.

/// What may stand in XML 1.0 (section 2.2, `Char`).
#[must_use]
pub fn is_legal(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_and_two_noncharacters_cannot_be_written() {
        for (c, expect) in [
            ('\t', true),
            ('\r', true),
            (' ', true),
            ('\u{7f}', true),
            ('\u{fffd}', true),
            ('\u{1fffe}', true),
            ('\u{10ffff}', true),
            ('\0', false),
            ('\u{b}', false),
            ('\u{1f}', false),
            ('\u{fffe}', false),
            ('\u{ffff}', false),
        ] {
            assert_eq!(is_legal(c), expect, "{c:?}");
        }
    }
}
