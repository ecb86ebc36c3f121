//! Bytes of other people become text: by their mark, by what they declare, by what they are, and otherwise as UTF-8, in which
//! windows-1252 was meant nearly always where it is none.

use std::borrow::Cow;
use std::ops::Range;

use encoding_rs::{Encoding, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::foreign::told::Remarks;

/// How much of a file is looked through for what it declares.
pub(crate) const HEAD: usize = 512;

/// As many damaged places are remembered.
const DAMAGES: usize = 1000;

/// A text and how it came out of its bytes.
#[derive(Debug)]
pub(crate) struct Decoded<'a> {
    /// The text, without a byte order mark.
    pub(crate) text: Cow<'a, str>,
    /// What it was decoded as.
    pub(crate) encoding: &'static Encoding,
    /// What its byte order mark says, if it has one.
    pub(crate) mark: Option<&'static Encoding>,
    /// What it declares, whether that is true or not.
    declared: Option<&'static Encoding>,
    /// The first of the bytes that are no text in the encoding.
    pub(crate) damage: Vec<Damage>,
    /// How many of them there are.
    pub(crate) damages: usize,
}

/// Bytes that are no text in their encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Damage {
    /// Where something stands in the text in their place.
    pub(crate) at: usize,
    /// The first of them, if it is known.
    pub(crate) byte: Option<u8>,
}

/// What stands in a text for bytes that are no UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stray {
    /// A character of windows-1252 for each.
    Meant,
    /// U+FFFD for each piece of a character.
    Marked,
}

/// Decodes a file, and says nothing.
pub(crate) fn decoded(bytes: &[u8], stray: Stray) -> Decoded<'_> {
    let (mark, rest) = match Encoding::for_bom(bytes) {
        Some((encoding, length)) => (Some(encoding), &bytes[length..]),
        None => (None, bytes),
    };
    let wide = match rest {
        [b'<' | b'{' | b'[' | b' ' | b'\t' | b'\r' | b'\n', 0, ..] => Some(UTF_16LE),
        [0, b'<' | b'{' | b'[' | b' ' | b'\t' | b'\r' | b'\n', ..] => Some(UTF_16BE),
        _ => None,
    };
    // A declaration that could be read as single bytes cannot be one of UTF-16.
    let declared = declared_in(rest).filter(|encoding| ![UTF_16LE, UTF_16BE, REPLACEMENT].contains(encoding));
    let encoding = mark.or(wide).unwrap_or_else(|| {
        let is_utf_8 = |text: &str, declared: &'static Encoding| {
            // Of two letters in an encoding of several bytes, UTF-8 can be made by chance.
            declared.is_ascii_compatible() && (declared.is_single_byte() || text.chars().any(|c| c >= '\u{800}'))
        };
        match (std::str::from_utf8(rest), declared) {
            (Ok(text), Some(declared)) if declared != UTF_8 && is_utf_8(text, declared) => UTF_8,
            (_, declared) => declared.unwrap_or(UTF_8),
        }
    });
    let mut decoded = Decoded { text: Cow::Borrowed(""), encoding, mark, declared, damage: Vec::new(), damages: 0 };
    if encoding == UTF_8 {
        decoded.utf_8(rest, stray);
    } else {
        let (text, is_damaged) = encoding.decode_without_bom_handling(rest);
        if is_damaged {
            let places = text.match_indices(char::REPLACEMENT_CHARACTER);
            places.for_each(|(at, _)| decoded.damaged(at, None));
        }
        decoded.text = text;
    }
    decoded
}

impl<'a> Decoded<'a> {
    /// Whether there are bytes that are no text.
    pub(crate) fn is_damaged(&self) -> bool {
        self.damages > 0
    }

    fn utf_8(&mut self, bytes: &'a [u8], stray: Stray) {
        if let Ok(text) = std::str::from_utf8(bytes) {
            self.text = Cow::Borrowed(text);
            return;
        }
        let mut text = String::with_capacity(bytes.len() + bytes.len() / 8);
        for chunk in bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            match (stray, chunk.invalid()) {
                (_, []) => {}
                (Stray::Marked, [first, ..]) => {
                    self.damaged(text.len(), Some(*first));
                    text.push(char::REPLACEMENT_CHARACTER);
                }
                (Stray::Meant, invalid) => {
                    for byte in invalid {
                        self.damaged(text.len(), Some(*byte));
                        text.push_str(&meant(*byte));
                    }
                }
            }
        }
        self.text = Cow::Owned(text);
    }

    fn damaged(&mut self, at: usize, byte: Option<u8>) {
        self.damages += 1;
        if self.damage.len() < DAMAGES {
            self.damage.push(Damage { at, byte });
        }
    }
}

/// The character that a byte is in windows-1252.
pub(crate) fn meant(byte: u8) -> String {
    WINDOWS_1252.decode_without_bom_handling(&[byte]).0.into_owned()
}

/// Decodes a file as it was meant, and tells what is wrong with it.
pub(crate) fn decode<'a>(bytes: &'a [u8], remarks: &mut Remarks) -> Cow<'a, str> {
    let Decoded { text, encoding, declared, damage, damages, .. } = decoded(bytes, Stray::Meant);
    match (damage.first(), declared) {
        (Some(Damage { at, byte: Some(byte) }), _) => {
            let character = meant(*byte);
            let more = if damages > 1 { format!(", and so were {} more", damages - 1) } else { String::new() };
            let text = format!("the byte {byte:#04x} is not UTF-8; it was read as windows-1252, `{character}`{more}");
            remarks.changed(*at, text);
        }
        (Some(Damage { at, byte: None }), _) => {
            let name = encoding.name();
            remarks.hand(*at, format!("some bytes mean nothing in {name}; U+FFFD stands in their places"));
        }
        (None, Some(declared)) if encoding == UTF_8 && declared != UTF_8 && !text.is_ascii() => {
            remarks.changed(0, format!("this says that it is {}; it is UTF-8 and was read so", declared.name()));
        }
        (None, _) => {}
    }
    text
}

/// The encoding that the first bytes declare, if anybody knows it.
fn declared_in(bytes: &[u8]) -> Option<&'static Encoding> {
    // The declaration is ASCII, whatever follows.
    let head: String =
        bytes.iter().take(HEAD).map(|byte| if byte.is_ascii() { char::from(*byte) } else { '?' }).collect();
    let name = declaration(&head)?.encoding?;
    Encoding::for_label(head[name].as_bytes())
}

/// What an XML declaration says, as places of the text that it stands in.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Declaration {
    /// The value of `version`.
    pub(crate) version: Option<Range<usize>>,
    /// The value of `encoding`.
    pub(crate) encoding: Option<Range<usize>>,
    /// Whether there is nothing else in it but `standalone`.
    pub(crate) is_sound: bool,
}

/// The first XML declaration in a text.
pub(crate) fn declaration(text: &str) -> Option<Declaration> {
    let start = text.find("<?xml")? + "<?xml".len();
    let length = text[start..].find("?>").or_else(|| text[start..].find('>'));
    let end = start + length.unwrap_or(text.len() - start);
    let text = &text[..end];
    let skip = |at: usize| at + (text[at..].len() - text[at..].trim_start().len());
    let mut found = Declaration { is_sound: true, ..Declaration::default() };
    let mut at = skip(start);
    if at == start {
        return None;
    }
    loop {
        let name = &text[at..at + text[at..].find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(end - at)];
        let equals = skip(at + name.len());
        let open = skip(equals + usize::from(text[equals..].starts_with('=')));
        let quote = text[open..].chars().next().filter(|c| matches!(c, '"' | '\''));
        let Some((quote, length)) = quote.and_then(|quote| Some((open + 1, text[open + 1..].find(quote)?))) else {
            found.is_sound &= at == end;
            return Some(found);
        };
        let value = quote..quote + length;
        let next = skip(value.end + 1);
        let is_apart = next > value.end + 1 || next == end;
        match name {
            "version" if open > equals && found.version.is_none() => found.version = Some(value),
            "encoding" if open > equals && found.encoding.is_none() => found.encoding = Some(value),
            "standalone" if open > equals => {}
            _ => found.is_sound = false,
        }
        found.is_sound &= is_apart;
        at = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: &str, remarks: usize) {
        let mut said = Remarks::default();
        assert_eq!((decode(bytes, &mut said), said.0.len()), (Cow::Borrowed(expected), remarks));
    }

    #[test]
    fn texts_are_read_as_they_were_meant() {
        check("é".as_bytes(), "é", 0);
        check(b"\xef\xbb\xbfa", "a", 0);
        check(b"\xff\xfea\0\xe9\0", "aé", 0);
        check(b"\xfe\xff\0a\0\xe9", "aé", 0);
        check(b"<\0?\0\xe9\0", "<?é", 0);
        check(b"caf\xe9 \x93x\x94", "café “x”", 1);
        check(b"<?xml version='1.0' encoding='ISO-8859-1'?>\xe9", "<?xml version='1.0' encoding='ISO-8859-1'?>é", 0);
        check("<?xml encoding=\"latin1\"?>é".as_bytes(), "<?xml encoding=\"latin1\"?>é", 1);
        check(b"<?xml encoding='utf-16'?>a", "<?xml encoding='utf-16'?>a", 0);
        check(b"<?xml encoding='koi8-r'?>\xc4\xc1", "<?xml encoding='koi8-r'?>да", 0);
        check("gemischt é ".bytes().chain([0xe9]).collect::<Vec<_>>().as_slice(), "gemischt é é", 1);
        check(b"", "", 0);
        check(b" \0<\0\xe9\0", " <é", 0);
        check(b"<?xml encoding = 'koi8-r' ?>\xc4", "<?xml encoding = 'koi8-r' ?>д", 0);
        // Two letters of GBK that could be UTF-8.
        check(b"<?xml encoding='gbk'?>\xc1\xaa\xcd\xa8", "<?xml encoding='gbk'?>联通", 0);
        check("<?xml encoding='gbk'?>联通".as_bytes(), "<?xml encoding='gbk'?>联通", 1);
        check(b"<?xml encoding='iso-2022-kr'?>a", "<?xml encoding='iso-2022-kr'?>a", 0);
    }

    #[test]
    fn what_is_no_text_is_marked_and_counted() {
        let two = decoded(b"<a>\xe9b\xff</a>", Stray::Marked);
        assert_eq!((&*two.text, two.damages), ("<a>\u{fffd}b\u{fffd}</a>", 2));
        assert_eq!(two.damage[1], Damage { at: 7, byte: Some(0xff) });
        let many = decoded(&[0xff; 3000], Stray::Marked);
        assert_eq!((many.damage.len(), many.damages), (DAMAGES, 3000));
        // Somebody else put it there.
        let wide: Vec<u8> = "\u{feff}<\u{fffd}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(!decoded(&wide, Stray::Marked).is_damaged());
    }

    #[test]
    fn a_declaration_is_read_as_xml_reads_it() {
        for (text, version, encoding) in [
            ("<?xml version=\"1.0\" encoding='a'?>", Some("1.0"), Some("a")),
            ("<?xml version = \"1.0\"\n encoding\t= 'a' standalone='yes' ?>", Some("1.0"), Some("a")),
            ("<?xml standalone=\"encoding='b'\" encoding='a'?>", None, Some("a")),
            ("<?xml version=1.0 encoding='a'?>", None, None),
            ("<?xml version'1.0'?>", None, None),
            ("<?xml version='1.0' encoding=\"a>\"?>", Some("1.0"), Some("a>")),
            ("<?xml version='1.0", None, None),
            ("<?xml version='1.0' encoding='a'", Some("1.0"), Some("a")),
        ] {
            let found = declaration(text).expect("a declaration");
            let shown = |at: Option<Range<usize>>| at.map(|at| &text[at]);
            assert_eq!((shown(found.version), shown(found.encoding)), (version, encoding), "{text}");
        }
        for (text, is_sound) in [
            ("<?xml version = '1.0' encoding='a' standalone='no' ?>", true),
            ("<?xml version='1.0'encoding='a'?>", false),
            ("<?xml version='1.0' encoding='a' b='c'?>", false),
            ("<?xml version='1.0' version='1.0'?>", false),
            ("<?xml version='1.0' encoding=a?>", false),
            ("<?xml version='1.0' /?>", false),
        ] {
            assert_eq!(declaration(text).map(|found| found.is_sound), Some(is_sound), "{text}");
        }
        for text in ["<?xml-stylesheet version='1.0'?>", "<?xml?>", "<a/>", ""] {
            assert_eq!(declaration(text), None, "{text}");
        }
    }
}
