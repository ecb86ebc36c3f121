//! Bytes of other people become text: by their mark, by what they declare, by what they are, and otherwise as windows-1252,
//! which is what was meant nearly always.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::foreign::told::Remarks;

/// How much of a file is looked through for what it declares.
const HEAD: usize = 512;

/// Decodes a file.
pub(crate) fn decode<'a>(bytes: &'a [u8], remarks: &mut Remarks) -> Cow<'a, str> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        let rest = &bytes[mark..];
        if encoding == encoding_rs::UTF_8 {
            return utf8(rest, remarks);
        }
        return other(rest, encoding, remarks);
    }
    match bytes {
        [0, b'<' | b'{', ..] => return other(bytes, UTF_16BE, remarks),
        [b'<' | b'{', 0, ..] => return other(bytes, UTF_16LE, remarks),
        _ => {}
    }
    let declared = declared(bytes).filter(|encoding| *encoding != UTF_16LE && *encoding != UTF_16BE);
    match (std::str::from_utf8(bytes), declared) {
        (Ok(_), Some(encoding)) if !encoding.is_ascii_compatible() => other(bytes, encoding, remarks),
        (Ok(text), declared) => {
            let wrong = declared.filter(|encoding| *encoding != encoding_rs::UTF_8 && !text.is_ascii());
            if let Some(encoding) = wrong {
                remarks.changed(0, format!("this says that it is {}; it is UTF-8 and was read so", encoding.name()));
            }
            Cow::Borrowed(text)
        }
        (Err(_), Some(encoding)) if encoding != encoding_rs::UTF_8 => other(bytes, encoding, remarks),
        (Err(_), _) => utf8(bytes, remarks),
    }
}

/// Another encoding.
fn other<'a>(bytes: &'a [u8], encoding: &'static Encoding, remarks: &mut Remarks) -> Cow<'a, str> {
    let (text, errors) = encoding.decode_without_bom_handling(bytes);
    if errors {
        let at = text.find(char::REPLACEMENT_CHARACTER).unwrap_or(0);
        remarks.hand(at, format!("some bytes mean nothing in {}; U+FFFD stands in their places", encoding.name()));
    }
    text
}

/// UTF-8, in which other bytes stand for characters of windows-1252.
fn utf8<'a>(bytes: &'a [u8], remarks: &mut Remarks) -> Cow<'a, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 8);
    let (mut first, mut count) = (None, 0);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            first = first.or(Some((text.len(), *byte)));
            count += 1;
            let (character, _) = WINDOWS_1252.decode_without_bom_handling(std::slice::from_ref(byte));
            text.push_str(&character);
        }
    }
    if let Some((at, byte)) = first {
        let character = text[at..].chars().next().unwrap_or_default();
        let more = if count > 1 { format!(", and so were {} more", count - 1) } else { String::new() };
        remarks.changed(
            at,
            format!("the byte {byte:#04x} is not UTF-8; it was read as windows-1252, `{character}`{more}"),
        );
    }
    Cow::Owned(text)
}

/// What an XML declaration says.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(HEAD)];
    let start = find(head, b"<?xml")?;
    let end = start + find(&head[start..], b"?>")?;
    let declaration = &head[start..end];
    let value = &declaration[find(declaration, b"encoding")? + b"encoding".len()..];
    let value = value.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let quote = *value.first()?;
    let label = value[1..].split(|byte| *byte == quote).next()?;
    Encoding::for_label(label)
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
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
    }
}
