//! Values of one word or two: languages, addresses for mail, media types, whole numbers, yes and no.

use std::ops::Range;

use crate::foreign::lint::codes::Code;
use crate::foreign::lint::findings::Findings;
use crate::foreign::lint::text::Text;
use crate::words::language::is_language_tag;
use crate::words::mail::is_address;

/// Names that stand where a tag should, and the tag.
const NAMES: [(&str, &str); 14] = [
    ("english", "en"),
    ("german", "de"),
    ("deutsch", "de"),
    ("french", "fr"),
    ("français", "fr"),
    ("spanish", "es"),
    ("español", "es"),
    ("italian", "it"),
    ("japanese", "ja"),
    ("jp", "ja"),
    ("chinese", "zh"),
    ("cn", "zh"),
    ("korean", "ko"),
    ("russian", "ru"),
];

/// Looks at a language (RFC 5646: `en`, `en-AU`, `zh-Hant-TW`).
pub(super) fn language(text: &Text, what: &str, at: Range<usize>, findings: &mut Findings) {
    let tag = text.trimmed();
    if is_language_tag(tag) {
        return;
    }
    let lower = tag.to_lowercase();
    let named = NAMES.iter().find(|(name, _)| *name == lower).map(|(_, tag)| (*tag).to_owned());
    let mend = named.or_else(|| Some(tag.replace('_', "-")).filter(|mend| is_language_tag(mend)));
    findings.tell(
        Code::InvalidLanguage,
        what,
        at,
        || if tag.is_empty() { format!("{what} is empty") } else { format!("`{tag}` is no language tag") },
        |finding| match mend {
            Some(mend) => finding.help("write the tag").mend(text, text.trimmed_part(), &mend),
            None => finding.help("write a tag such as `en`, `en-AU` or `ja`, or leave it out"),
        },
    );
}

/// Looks at an address for mail, as RSS has it: `mail@example.org (Name)`.
pub(super) fn contact(text: &Text, element: &str, at: Range<usize>, findings: &mut Findings) {
    let value = text.trimmed();
    let value = value.strip_prefix("mailto:").unwrap_or(value);
    let (outer, name) = match value.strip_suffix(')').and_then(|rest| rest.split_once('(')) {
        Some((mail, name)) => (mail.trim(), Some(name.trim())),
        None => (value, None),
    };
    if is_address(outer) {
        if name.is_none_or(str::is_empty) {
            let outer = outer.to_owned();
            findings.tell(
                Code::EmailFormat,
                element,
                at,
                || format!("`{element}` has an address and no name"),
                |finding| finding.help(format!("put the name behind it: `{outer} (Name)`")),
            );
        }
        return;
    }
    let angled = value
        .split_once('<')
        .and_then(|(name, rest)| Some((name.trim().trim_matches('"'), rest.split_once('>')?.0.trim())));
    let spaced = value.split_whitespace().find(|word| is_address(word.trim_matches(['(', ')', '<', '>', ','])));
    let mend = match (angled, spaced) {
        (Some((name, mail)), _) if is_address(mail) => Some(format!("{mail} ({name})")),
        (_, Some(mail)) => {
            let name = value.replace(mail, "");
            Some(format!("{} ({})", mail.trim_matches(['(', ')', '<', '>', ',']), name.trim()))
        }
        _ => None,
    };
    if let Some(mend) = mend {
        findings.tell(
            Code::EmailFormat,
            element,
            at,
            || format!("`{element}` has address and name the other way round"),
            |finding| {
                finding.help("the address comes first, the name in brackets").mend(text, text.trimmed_part(), &mend)
            },
        );
        return;
    }
    findings.tell(
        Code::InvalidContact,
        element,
        at,
        || {
            if value.is_empty() {
                format!("`{element}` is empty")
            } else {
                format!("`{element}` is no address for mail")
            }
        },
        |finding| match element {
            "author" => finding.help(
                "for a name without an address there is `dc:creator` (`xmlns:dc=\"http://purl.org/dc/elements/1.1/\"`)",
            ),
            _ => finding.help("write `mail@example.org (Name)`, or leave it out"),
        },
    );
}

/// Whether a text is a media type with parameters (RFC 6838).
pub(super) fn is_media_type(text: &str) -> bool {
    let token = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&byte))
    };
    let mut parts = text.split(';');
    let essence = parts.next().unwrap_or_default().trim();
    let sound = essence.split_once('/').is_some_and(|(kind, name)| token(kind) && token(name));
    sound && parts.all(|part| part.split_once('=').is_some_and(|(name, _)| token(name.trim())))
}

/// Looks at a media type.
pub(super) fn media_type(text: &Text, what: &str, at: Range<usize>, findings: &mut Findings) {
    let value = text.trimmed();
    if is_media_type(value) {
        return;
    }
    let guess = match value.trim_start_matches('.').to_ascii_lowercase().as_str() {
        "mp3" | "mpeg" => Some("audio/mpeg"),
        "jpg" | "jpeg" => Some("image/jpeg"),
        "png" => Some("image/png"),
        "mp4" => Some("video/mp4"),
        "html" => Some("text/html"),
        _ => None,
    };
    findings.tell(
        Code::InvalidMimeType,
        what,
        at,
        || format!("`{value}` is no media type"),
        |finding| match guess {
            Some(guess) => finding.help("write type and subtype").suggest(guess),
            None => finding.help("write type and subtype, for example `audio/mpeg`"),
        },
    );
}

/// Looks at a number of bytes, pixels or seconds.
pub(super) fn whole_number(text: &Text, what: &str, at: Range<usize>, findings: &mut Findings) {
    let value = text.trimmed();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return;
    }
    findings.tell(
        Code::InvalidInteger,
        what,
        at,
        || if value.is_empty() { format!("{what} is empty") } else { format!("{what} is no whole number: `{value}`") },
        |finding| match what {
            "`length` of `enclosure`" => {
                finding.help("write the size in bytes, or `0` if it is not known").suggest("0")
            }
            _ => finding.help("write digits only, or leave the attribute out"),
        },
    );
}

/// Looks at `true` or `false`.
pub(super) fn boolean(text: &Text, what: &str, at: Range<usize>, findings: &mut Findings) {
    let value = text.value.as_str();
    if matches!(value, "true" | "false") {
        return;
    }
    let mend = match value.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Some("true"),
        "false" | "no" | "0" => Some("false"),
        _ => None,
    };
    findings.tell(
        Code::InvalidBoolean,
        what,
        at,
        || format!("{what} is neither `true` nor `false`"),
        |finding| match mend {
            Some(mend) => finding.help("write it in full and in small letters").suggest(mend),
            None => finding.help("write `true` or `false`"),
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_are_recognised() {
        for (text, expected) in [
            ("audio/mpeg", true),
            ("text/html; charset=utf-8", true),
            ("application/atom+xml;type=feed", true),
            ("mp3", false),
            ("audio/", false),
            ("", false),
        ] {
            assert_eq!(is_media_type(text), expected, "{text}");
        }
    }
}
