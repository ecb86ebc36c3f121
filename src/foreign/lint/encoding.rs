//! What is wrong with how a feed's text came out of its bytes.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use crate::foreign::encoding::{Decoded, HEAD, declaration, meant};
use crate::foreign::lint::codes::Code;
use crate::foreign::lint::findings::Findings;

/// Encodings that every XML parser in use reads; all others are a risk.
const COMMON: [&str; 5] = ["UTF-8", "UTF-16LE", "UTF-16BE", "windows-1252", "ISO-8859-1"];

/// Says what is wrong with the encoding.
pub(super) fn check(decoded: &Decoded<'_>, is_json: bool, findings: &mut Findings) {
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

fn check_declaration(decoded: &Decoded<'_>, findings: &mut Findings) {
    let source = findings.text();
    let head = &source.text[..source.text.floor_char_boundary(HEAD)];
    let Some(at) = declaration(head).and_then(|declaration| declaration.encoding) else { return };
    let name = &head[at.clone()];
    let Some(encoding) = Encoding::for_label(name.as_bytes()) else {
        findings.tell(
            Code::UnknownEncoding,
            "",
            at,
            || format!("there is no encoding `{name}`"),
            |finding| {
                let finding = finding.help("save the file as UTF-8 and declare that");
                if decoded.is_damaged() { finding } else { finding.suggest("UTF-8") }
            },
        );
        return;
    };
    let is_wide = |encoding: &'static Encoding| [UTF_16LE, UTF_16BE].contains(&encoding);
    let is_other = encoding != UTF_8 && (decoded.mark == Some(UTF_8) || !source.text.is_ascii());
    if is_wide(encoding) != is_wide(decoded.encoding) || (decoded.encoding == UTF_8 && is_other) {
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

fn check_damage(decoded: &Decoded<'_>, findings: &mut Findings) {
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
                match damage.byte.map(meant) {
                    Some(letter) if letter.chars().all(char::is_alphabetic) => finding
                        .help(format!("in Latin-1 it would be `{letter}`: save the file as UTF-8, or declare `encoding=\"ISO-8859-1\"`")),
                    _ => finding.help("save the file as UTF-8"),
                }
            },
        );
    }
    findings.count(Code::UndecodableBytes, "", decoded.damages - decoded.damage.len());
}
