//! The file that goes with a post: what the key `enclosure` says.
//!
//! ```toml
//! enclosure = "talk.mp3"                                        # beside the post, or an address of this site
//! enclosure = { url = "notes.bin", type = "application/x-notes" }   # when the name does not say what it is
//! enclosure = { url = "https://example.org/talk.mp3", length = 12345, type = "audio/mpeg" }
//! ```

use crate::words::source_text::Located;
use crate::words::table::Reader;

/// An enclosure as its author names it.
#[derive(Debug, Clone)]
pub struct Enclosure {
    /// Where the file is.
    pub url: Located<String>,
    /// What it is.
    pub media_type: Option<Located<String>>,
    /// Bytes; at least 1.
    pub length: Option<Located<u64>>,
}

/// Reads the key.
pub(crate) fn enclosure(reader: &mut Reader<'_>) -> Option<Enclosure> {
    if !reader.holds_table("enclosure") {
        let url = reader.filled_text("enclosure")?;
        return Some(Enclosure { url, media_type: None, length: None });
    }
    let mut keys = Reader::new(reader.table("enclosure")?, "an enclosure");
    let url = keys.filled_text("url");
    if url.is_none() {
        keys.missing("url", "write where the file is");
    }
    let media_type = keys.filled_text("type").filter(|written| {
        let sound = is_media_type(&written.value);
        if !sound {
            keys.bad_value(
                &written.span,
                format!("`{}` is not a media type", written.value),
                "write one as in `audio/mpeg`",
            );
        }
        sound
    });
    let length = keys.integer("length").and_then(|Located { value, span }| {
        let length = u64::try_from(value).ok().filter(|&length| length >= 1);
        if length.is_none() {
            keys.bad_value(&span, format!("`length` cannot be {value}"), "write how many bytes the file has");
        }
        Some(Located { value: length?, span })
    });
    for diagnostic in keys.finish() {
        reader.report(diagnostic);
    }
    Some(Enclosure { url: url?, media_type, length })
}

/// Whether a text is a type and a subtype (RFC 6838, section 4.2), without parameters.
pub(crate) fn is_media_type(text: &str) -> bool {
    let name = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    text.split_once('/').is_some_and(|(kind, subtype)| name(kind) && name(subtype))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_type_has_two_parts() {
        for (text, expect) in [
            ("audio/mpeg", true),
            ("application/vnd.example+json", true),
            ("audio", false),
            ("audio/", false),
            ("audio/mp3/x", false),
            ("text/html; charset=utf-8", false),
        ] {
            assert_eq!(is_media_type(text), expect, "{text}");
        }
    }
}
