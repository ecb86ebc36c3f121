//! Names of languages.

/// Whether a text can be a language tag (BCP 47): a language of two or three letters (ISO 639), or `x` for one's own, then parts of
/// up to eight letters and digits. Whether there is such a language is not looked up.
#[must_use]
pub fn is_language_tag(text: &str) -> bool {
    let (language, parts) = text.split_once('-').map_or((text, None), |(language, parts)| (language, Some(parts)));
    let known = matches!(language.len(), 2 | 3) || (language.eq_ignore_ascii_case("x") && parts.is_some());
    known
        && language.bytes().all(|byte| byte.is_ascii_alphabetic())
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
    fn a_language_is_a_code_and_no_word() {
        for (text, expect) in [
            ("en", true),
            ("de-AT", true),
            ("zh-Hant-TW", true),
            ("gsw", true),
            ("x-klingon", true),
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
}
