//! Names of languages: whatever the letter case in which authors write a tag, it is one.

use crate::words::source_text::Located;
use crate::words::table::Reader;

/// A key that holds a language tag, in the case that BCP 47 recommends.
pub fn language_key(reader: &mut Reader<'_>, key: &'static str) -> Option<String> {
    let Located { value, span } = reader.filled_text(key)?;
    if is_language_tag(&value) {
        return Some(in_usual_case(&value));
    }
    reader.bad_value(&span, format!("`{value}` is not a language tag"), "write one as in BCP 47: `en`, `de-AT`");
    None
}

/// A tag in the case that BCP 47 recommends (RFC 5646, section 2.1.1): small letters, but for countries of two letters (`AT`) and
/// scripts of four (`Hant`), which stand neither first nor behind a part of one character.
fn in_usual_case(tag: &str) -> String {
    let small = tag.to_ascii_lowercase();
    let mut parts = small.split('-');
    let mut usual = parts.next().unwrap_or_default().to_owned();
    let mut is_extension = usual.len() == 1;
    for part in parts {
        is_extension |= part.len() == 1;
        usual.push('-');
        match part.split_at_checked(1) {
            _ if is_extension => usual.push_str(part),
            _ if part.len() == 2 => usual.push_str(&part.to_ascii_uppercase()),
            Some((first, rest)) if part.len() == 4 => usual.extend([&*first.to_ascii_uppercase(), rest]),
            _ => usual.push_str(part),
        }
    }
    usual
}

/// Languages whose usual script runs from right to left, and scripts that do.
const FROM_RIGHT: &str = "ar arc arz ckb dv fa he iw khw ks mzn nqo pnb ps sd syr ug ur yi";
const SCRIPTS_FROM_RIGHT: &str = "adlm arab hebr mand nkoo rohg samr syrc thaa";

/// The direction in which a language is written, as HTML's `dir` has it. A script in the tag says it (`az-Arab`, `ks-Deva`), else the
/// language.
#[must_use]
pub fn direction(tag: &str) -> &'static str {
    let tag = tag.to_ascii_lowercase();
    let mut parts = tag.split('-');
    let language = parts.next().unwrap_or_default();
    let among = |list: &str, name: &str| list.split(' ').any(|known| known == name);
    let from_right =
        match parts.next().filter(|part| part.len() == 4 && part.bytes().all(|byte| byte.is_ascii_lowercase())) {
            Some(script) => among(SCRIPTS_FROM_RIGHT, script),
            None => among(FROM_RIGHT, language),
        };
    if from_right { "rtl" } else { "ltr" }
}

/// The languages of two letters (ISO 639-1), those that were withdrawn among them.
const OF_TWO_LETTERS: &str = "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz \
                              ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii \
                              ik in io is it iu iw ja ji jv jw ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu \
                              lv mg mh mi mk ml mn mo mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu \
                              rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr \
                              ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu";

/// Whether a text is a language tag (BCP 47): a language of two or three letters (ISO 639), or `x` for one's own or `i` for old ones
/// before it, then parts of up to eight letters and digits. Languages of two letters are looked up, since `jp` and `cn` are countries;
/// of those of three there are thousands.
#[must_use]
pub fn is_language_tag(text: &str) -> bool {
    let (language, parts) = text.split_once('-').map_or((text, None), |(language, parts)| (language, Some(parts)));
    let small = language.to_ascii_lowercase();
    let known = match small.len() {
        1 => matches!(&*small, "x" | "i") && parts.is_some(),
        2 => OF_TWO_LETTERS.split_ascii_whitespace().any(|known| known == small),
        3 => small.bytes().all(|byte| byte.is_ascii_lowercase()),
        _ => false,
    };
    known
        && parts.is_none_or(|parts| {
            parts
                .split('-')
                .all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_tell_the_direction() {
        for (tag, expected) in [
            ("en", "ltr"),
            ("ar", "rtl"),
            ("he-IL", "rtl"),
            ("az-Arab", "rtl"),
            ("ks-Deva-IN", "ltr"),
            ("ur-PK", "rtl"),
            ("ja", "ltr"),
        ] {
            assert_eq!(direction(tag), expected, "{tag}");
        }
    }

    #[test]
    fn a_language_is_a_code_and_no_word() {
        for (text, expect) in [
            ("en", true),
            ("de-AT", true),
            ("zh-Hant-TW", true),
            ("gsw", true),
            ("x-klingon", true),
            ("i-klingon", true),
            ("EN-gb", true),
            ("jp", false),
            ("cn", false),
            ("i", false),
            ("english", false),
            ("en_GB", false),
            ("x", false),
            ("en-", false),
            ("", false),
            ("größe", false),
        ] {
            assert_eq!(is_language_tag(text), expect, "{text}");
        }
    }

    #[test]
    fn a_tag_is_one_whatever_its_letter_case() {
        for (tag, expect) in [
            ("EN", "en"),
            ("De-aT", "de-AT"),
            ("ZH-hANT-tw", "zh-Hant-TW"),
            ("sl-ROZAJ-1994", "sl-rozaj-1994"),
            ("EN-ca-X-CA", "en-CA-x-ca"),
            ("X-Klingon", "x-klingon"),
            ("az-latn-x-latn", "az-Latn-x-latn"),
            ("de-x-my-OWN-Part", "de-x-my-own-part"),
            ("de-1996", "de-1996"),
        ] {
            assert_eq!(in_usual_case(tag), expect, "{tag}");
        }
    }
}
