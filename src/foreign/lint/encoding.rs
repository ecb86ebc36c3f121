//! Bytes to text, as the byte order mark and the declaration say, and what is wrong with that.
//!
//! Whatever the bytes are, there is a text afterwards: what is no text in its encoding becomes U+FFFD.

use std::ops::Range;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use crate::foreign::lint::codes::Code;
use crate::foreign::lint::findings::Findings;

/// Encodings that every XML parser in use reads; all others are a risk.
const COMMON: [&str; 5] = ["UTF-8", "UTF-16LE", "UTF-16BE", "windows-1252", "ISO-8859-1"];

/// As far as a declaration is looked for.
const DECLARATION: usize = 512;

/// A text and how it came out of its bytes.
#[derive(Debug)]
pub(super) struct Decoded {
    /// The text, without a byte order mark.
    pub(super) text: String,
    /// What it was decoded as.
    encoding: &'static Encoding,
    mark: Option<&'static Encoding>,
    /// Whether the bytes have the pattern of UTF-16, mark or not.
    wide: bool,
    damage: Vec<Damage>,
    count: usize,
}

/// Bytes that are no text in their encoding.
#[derive(Debug)]
struct Damage {
    /// Where U+FFFD stands for them.
    at: usize,
    byte: Option<u8>,
}

/// As many damaged places are remembered.
const DAMAGES: usize = 1000;

impl Decoded {
    /// Whether there are bytes that are no text.
    pub(super) fn is_damaged(&self) -> bool {
        self.count > 0
    }
}

/// Decodes a file.
pub(super) fn decode(bytes: &[u8]) -> Decoded {
    let (mark, rest) = match Encoding::for_bom(bytes) {
        Some((encoding, length)) => (Some(encoding), &bytes[length..]),
        None => (None, bytes),
    };
    let pattern = match rest {
        [b'<' | b'{', 0, ..] => Some(UTF_16LE),
        [0, b'<' | b'{', ..] => Some(UTF_16BE),
        _ => None,
    };
    let wide = pattern.or(mark.filter(|encoding| *encoding != UTF_8)).is_some();
    let encoding = mark.or(pattern).or_else(|| declared_in(rest)).unwrap_or(UTF_8);
    let mut decoded = Decoded { text: String::new(), encoding, mark, wide, damage: Vec::new(), count: 0 };
    if encoding == UTF_8 {
        decoded.utf8(rest);
    } else {
        let (text, _) = encoding.decode_without_bom_handling(rest);
        decoded.text = text.into_owned();
        let damage: Vec<usize> = decoded.text.match_indices('\u{fffd}').map(|(at, _)| at).take(DAMAGES).collect();
        damage.into_iter().for_each(|at| decoded.damaged(at, None));
    }
    decoded
}

impl Decoded {
    fn utf8(&mut self, bytes: &[u8]) {
        self.text.reserve(bytes.len());
        for chunk in bytes.utf8_chunks() {
            self.text.push_str(chunk.valid());
            if let Some(byte) = chunk.invalid().first() {
                self.damaged(self.text.len(), Some(*byte));
                self.text.push('\u{fffd}');
            }
        }
    }

    fn damaged(&mut self, at: usize, byte: Option<u8>) {
        self.count += 1;
        if self.damage.len() < DAMAGES {
            self.damage.push(Damage { at, byte });
        }
    }
}

/// The encoding that the first bytes declare, if a parser knows it. A declaration that could be read as single bytes cannot be one
/// of UTF-16.
fn declared_in(bytes: &[u8]) -> Option<&'static Encoding> {
    let head: String = bytes.iter().take(DECLARATION).map(|byte| char::from(*byte)).collect();
    let name = head.get(declared(&head)?)?.to_owned();
    Encoding::for_label(name.as_bytes()).filter(|encoding| ![UTF_16LE, UTF_16BE].contains(encoding))
}

/// Where the declaration of a text names its encoding.
fn declared(text: &str) -> Option<Range<usize>> {
    let start = text.find("<?xml")?;
    let end = start + text[start..].find('>')?;
    let name = start + text[start..end].find("encoding")? + "encoding".len();
    let quote = name + text[name..end].find(['"', '\''])?;
    let length = text[quote + 1..end].find(['"', '\''])?;
    Some(quote + 1..quote + 1 + length)
}

/// Says what is wrong with the encoding.
pub(super) fn check(decoded: &Decoded, is_json: bool, findings: &mut Findings) {
    if is_json && decoded.mark.is_some() {
        findings.tell(
            Code::ByteOrderMark,
            "",
            0..1,
            || "the file starts with a byte order mark".to_owned(),
            |finding| finding.help("save it as UTF-8 without one; JSON parsers may refuse it"),
        );
    }
    if !is_json {
        check_declaration(decoded, findings);
    }
    check_damage(decoded, findings);
}

fn check_declaration(decoded: &Decoded, findings: &mut Findings) {
    let source = findings.text();
    let mut end = source.text.len().min(DECLARATION);
    while !source.text.is_char_boundary(end) {
        end -= 1;
    }
    let head = &source.text[..end];
    let Some(at) = declared(head) else { return };
    let name = &head[at.clone()];
    let Some(encoding) = Encoding::for_label(name.as_bytes()) else {
        findings.tell(
            Code::UnknownEncoding,
            "",
            at,
            || format!("there is no encoding `{name}`"),
            |finding| finding.help("save the file as UTF-8 and declare that").suggest("UTF-8"),
        );
        return;
    };
    let wide = [UTF_16LE, UTF_16BE].contains(&encoding);
    if wide != decoded.wide || (decoded.mark == Some(UTF_8) && encoding != UTF_8) {
        let is = decoded.encoding.name();
        findings.tell(
            Code::EncodingMismatch,
            "",
            at,
            || format!("the declaration says `{name}`, but the bytes are {is}"),
            |finding| {
                finding.help("declare what the file is").suggest(is.trim_end_matches("LE").trim_end_matches("BE"))
            },
        );
    } else if !COMMON.contains(&encoding.name()) {
        findings.tell(
            Code::ObscureEncoding,
            "",
            at,
            || format!("some parsers do not know `{name}`"),
            |finding| finding.help("save the file as UTF-8, which all of them know"),
        );
    }
}

fn check_damage(decoded: &Decoded, findings: &mut Findings) {
    let encoding = decoded.encoding.name();
    for damage in &decoded.damage {
        let at = damage.at..damage.at + '\u{fffd}'.len_utf8();
        let byte = damage.byte.map_or_else(String::new, |byte| format!(" 0x{byte:02X}"));
        findings.tell(
            Code::UndecodableBytes,
            "",
            at,
            || format!("the byte{byte} here is no text in {encoding}"),
            |finding| {
                let finding = finding.label("stands as \u{fffd}");
                match damage.byte.map(|byte| encoding_rs::WINDOWS_1252.decode_without_bom_handling(&[byte]).0.into_owned()) {
                    Some(letter) if letter.chars().all(char::is_alphabetic) => finding
                        .help(format!("in Latin-1 it would be `{letter}`: save the file as UTF-8, or declare `encoding=\"ISO-8859-1\"`")),
                    _ => finding.help("save the file as UTF-8"),
                }
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_as_they_say() {
        let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9</a>";
        assert!(decode(latin).text.ends_with("<a>é</a>"));
        let wide: Vec<u8> = "\u{feff}<a>é</a>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decode(&wide).text, "<a>é</a>");
        assert_eq!(decode(b"\xef\xbb\xbf<a/>").text, "<a/>");
        let broken = decode(b"<a>\xe9</a>");
        assert_eq!((broken.text.as_str(), broken.is_damaged()), ("<a>\u{fffd}</a>", true));
    }
}
