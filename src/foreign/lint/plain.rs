//! Texts that are plain: no tags, and escaped once.

use crate::foreign::lint::codes::Code;
use crate::foreign::lint::findings::Findings;
use crate::foreign::lint::html_elements::is_element;
use crate::foreign::lint::text::Text;

/// Looks at a text that readers show as it stands.
pub(super) fn check(text: &Text, what: &str, findings: &mut Findings) {
    if let Some((at, tag)) = markup(&text.value) {
        findings.tell(
            Code::ContainsHtml,
            what,
            text.locate(at..at + tag.len()),
            || format!("{what} has the tag `{tag}` in it"),
            |finding| finding.label("shown as it stands, or cut out").help("write the words without their markup"),
        );
    } else if let Some((at, reference)) = reference(&text.value) {
        let meant = htmlize::unescape(reference).into_owned();
        findings.tell(
            Code::DoubleEscaped,
            what,
            text.locate(at..at + reference.len()),
            || format!("{what} is escaped twice: readers show `{reference}`"),
            |finding| finding.help("escape it once").mend(text, at..at + reference.len(), &meant),
        );
    }
}

/// No name of an element is longer.
const NAME: usize = 10;

/// No reference that is looked for is longer, from `&` to `;`.
const REFERENCE: usize = 13;

/// The first tag of HTML in a text. What merely looks like one, as in `Vec<T>` or `a <b`, is text.
pub(super) fn markup(text: &str) -> Option<(usize, &str)> {
    let last_end = text.rfind("</");
    text.match_indices('<').find_map(|(at, _)| {
        let rest = &text[at + 1..];
        let name = rest.strip_prefix('/').unwrap_or(rest);
        let length = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
        let is_whole = name[length..].starts_with([' ', '>', '/', '\n', '\t']);
        if !is_whole || length > NAME || !is_element(&name[..length].to_ascii_lowercase()) {
            return None;
        }
        let end = rest.find(['<', '>']).filter(|end| rest[*end..].starts_with('>'))?;
        // A word about a tag is no tag, unless it comes with another one or as an end.
        let has_company = last_end.is_some_and(|last| last >= at) || ["br", "img", "hr"].contains(&&name[..length]);
        has_company.then(|| (at, &text[at..=at + 1 + end]))
    })
}

/// The first character reference in a text that has none left to be read.
fn reference(text: &str) -> Option<(usize, &str)> {
    text.match_indices('&').find_map(|(at, _)| {
        let rest = &text[at..];
        let end = rest.bytes().take(REFERENCE).position(|byte| byte == b';').filter(|end| *end >= 2)?;
        let reference = &rest[..=end];
        let body = reference[1..end].trim_start_matches('#');
        let is_word = !body.is_empty() && body.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (is_word && htmlize::unescape(reference) != reference).then_some((at, reference))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_references_are_found_where_they_are_meant() {
        for (text, tag, double) in [
            ("The <ring> & more", None, None),
            ("a < b > c", None, None),
            ("Vec<T> and <b", None, None),
            ("<b>bold</b>", Some("<b>"), None),
            ("a<br/>b", Some("<br/>"), None),
            ("end </em>", Some("</em>"), None),
            ("Horms &amp; Co", None, Some("&amp;")),
            ("it&#8217;s", None, Some("&#8217;")),
            ("a &b; c & d", None, None),
        ] {
            assert_eq!(markup(text).map(|(_, tag)| tag), tag, "{text}");
            assert_eq!(reference(text).map(|(_, reference)| reference), double, "{text}");
        }
    }
}
