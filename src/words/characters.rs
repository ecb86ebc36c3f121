//! Which characters XML can hold; whatever ends up in a feed is held against this.

/// What may stand in XML 1.0 (section 2.2, `Char`).
#[must_use]
pub fn is_legal(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// The first character of a text that XML cannot hold, and where it is.
#[must_use]
pub fn first_illegal(text: &str) -> Option<(usize, char)> {
    // Nearly every text has none, and bytes tell that many at a time: a control character is below a blank, and the two
    // noncharacters begin with 0xEF.
    let may_be = |found, &byte: &u8| found | ((byte < b' ') & !matches!(byte, b'\t' | b'\n' | b'\r')) | (byte == 0xef);
    let piece = text.as_bytes().chunks(256).position(|piece| piece.iter().fold(false, may_be))?;
    // A character that begins in the piece before has been looked at there.
    let from = (0..=piece * 256).rev().find(|&at| text.is_char_boundary(at))?;
    text[from..].char_indices().find(|(_, c)| !is_legal(*c)).map(|(at, c)| (from + at, c))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::*;

    proptest! {
        #[test]
        fn the_first_of_them_is_found_wherever_it_stands(
            before in "[a-z\\t\u{fffd}ä🔔]{0,600}", c in any::<char>(), after in ".{0,9}",
        ) {
            let text = format!("{before}{c}{after}");
            assert_eq!(first_illegal(&text), text.char_indices().find(|(_, c)| !is_legal(*c)));
        }
    }

    #[test]
    fn noncharacters_and_controls_are_found_at_the_edges_of_pieces() {
        for c in ['\u{fffe}', '\u{ffff}', '\0', '\u{1f}'] {
            for at in 250..260 {
                let text = format!("{}{c}\u{fffd}{}", "a".repeat(at), "b".repeat(300));
                assert_eq!(first_illegal(&text), Some((at, c)));
            }
        }
    }

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
