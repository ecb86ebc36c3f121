//! Addresses on the web, resolved as browsers resolve them.

use crate::words::characters::is_legal;

/// Resolves `reference` as a browser would on the page at `page_url`, an absolute URL with a path (RFC 3986, section 5.2).
#[must_use]
pub fn absolute(reference: &str, page_url: &str) -> String {
    let reference = reference.trim();
    let page = page_url.split(['?', '#']).next().unwrap_or_default();
    let origin = origin(page);
    let path = &page[origin.len()..];
    if has_scheme(reference) {
        reference.to_owned()
    } else if reference.starts_with("//") {
        format!("{}{reference}", &origin[..origin.find("//").unwrap_or(0)])
    } else if reference.starts_with(['#', '?']) {
        format!("{page}{reference}")
    } else if reference.is_empty() {
        page.to_owned()
    } else {
        let folder = if reference.starts_with('/') { "" } else { path.rfind('/').map_or("/", |last| &path[..=last]) };
        let tail = reference.find(['?', '#']).unwrap_or(reference.len());
        let path = without_dots(&format!("{folder}{}", &reference[..tail]));
        format!("{origin}{path}{}", &reference[tail..])
    }
}

/// Scheme and host of an absolute URL.
pub(crate) fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    &url[..url[host..].find('/').map_or(url.len(), |at| host + at)]
}

/// The scheme of an address that has one (RFC 3986, section 3.1).
#[must_use]
pub fn scheme(reference: &str) -> Option<&str> {
    let (scheme, _) = reference.split_once(':')?;
    let sound = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    sound.then_some(scheme)
}

/// Whether a reference is an address of its own, with a scheme.
#[must_use]
pub fn has_scheme(reference: &str) -> bool {
    scheme(reference).is_some()
}

/// Whether a text is an `http` or `https` URL, as far as can be seen without asking.
#[must_use]
pub fn is_web_address(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        rest.starts_with(|c: char| c.is_alphanumeric() || c == '[')
            && !rest.contains(|c: char| c.is_whitespace() || c.is_control() || !is_legal(c) || "<>\"".contains(c))
    })
}

fn without_dots(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let mut folder = false;
    for part in path.split('/').skip(1) {
        folder = matches!(part, "." | "..");
        match part {
            "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    format!("/{}{}", parts.join("/"), if folder && !parts.is_empty() { "/" } else { "" })
}

/// Percent-encoded bytes decoded; what is not UTF-8 then stays as it was.
pub(crate) fn percent_decode(text: &str) -> String {
    let hex = |byte: Option<&u8>| byte.and_then(|&byte| char::from(byte).to_digit(16));
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], hex(bytes.get(at + 1)), hex(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                decoded.push(u8::try_from(high * 16 + low).expect("two hexadecimal digits are a byte"));
                at += 3;
            }
            (byte, ..) => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(decoded).unwrap_or_else(|_| text.to_owned())
}

/// Percent-encodes what may not stand in a URL's path (RFC 3986, `pchar` and `/`).
pub(crate) fn percent_encode(path: &str) -> String {
    const STAYS: [bool; 256] = {
        let (mut stays, mut byte) = ([false; 256], 0);
        while byte < 128 {
            stays[byte] = (byte as u8).is_ascii_alphanumeric();
            byte += 1;
        }
        let (marks, mut at) = (b"-._~/!$&'()*+,;=:@", 0);
        while at < marks.len() {
            stays[marks[at] as usize] = true;
            at += 1;
        }
        stays
    };
    percent_encode_but(path, |byte| STAYS[usize::from(byte)])
}

/// Percent-encodes all bytes of a text but those that stay.
pub(crate) fn percent_encode_but(text: &str, stays: impl Fn(u8) -> bool) -> String {
    if text.bytes().all(&stays) {
        return text.to_owned();
    }
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if stays(byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "https://example.org/blog/posts/ring/";

    #[test]
    fn a_scheme_starts_with_a_letter_and_ends_before_anything_else() {
        for (address, expect) in [
            ("https://example.org/", Some("https")),
            ("tag:a,2026:b", Some("tag")),
            ("a+b-c.d:", Some("a+b-c.d")),
            ("/a:b", None),
            ("a/b:c", None),
            ("?a:b", None),
            ("1a:b", None),
            (":a", None),
            ("a", None),
        ] {
            assert_eq!(scheme(address), expect, "{address}");
        }
    }

    #[test]
    fn references_resolve_as_in_a_browser() {
        for (reference, expect) in [
            ("https://other.example/x", "https://other.example/x"),
            ("mailto:a@example.org", "mailto:a@example.org"),
            ("//cdn.example/x", "https://cdn.example/x"),
            ("/blog/x/?a=1#b", "https://example.org/blog/x/?a=1#b"),
            ("#fn-1", "https://example.org/blog/posts/ring/#fn-1"),
            ("?q", "https://example.org/blog/posts/ring/?q"),
            ("a.png", "https://example.org/blog/posts/ring/a.png"),
            ("../b/./c.png", "https://example.org/blog/posts/b/c.png"),
            ("../../../../d", "https://example.org/d"),
            ("..", "https://example.org/blog/posts/"),
            ("a:b", "a:b"),
            ("./a:b", "https://example.org/blog/posts/ring/a:b"),
        ] {
            assert_eq!(absolute(reference, PAGE), expect, "{reference}");
        }
    }

    #[test]
    fn an_address_on_the_web_can_stand_in_any_feed() {
        for (text, expect) in [
            ("https://example.org/", true),
            ("http://[::1]/", true),
            ("https://größe.example/a?b=c&d#e", true),
            ("https:///a", false),
            ("ftp://example.org/", false),
            ("https://example.org/a b", false),
            ("https://example.org/\u{b}", false),
            ("https://example.org/\u{fffe}", false),
        ] {
            assert_eq!(is_web_address(text), expect, "{text:?}");
        }
    }
}
