//! Addresses on the web as people write them become what is sent: [`ascii_url`].

use unicode_normalization::UnicodeNormalization;

use crate::words::address::{is_web_address, percent_encode_but};

/// An `http` or `https` URL as a request names it: without a fragment, letters of other scripts encoded, in the host too.
/// `None` when it is not one.
///
/// Of international host names (RFC 5891) the part is done that names in use need: small letters, composed, in Punycode.
#[must_use]
pub fn ascii_url(url: &str) -> Option<String> {
    let (scheme, rest) = url.trim().split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let rest = rest.split('#').next().unwrap_or_default();
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    if !is_web_address(&format!("{scheme}://{authority}")) {
        return None;
    }
    let slash = if path.starts_with('/') { "" } else { "/" };
    Some(format!("{scheme}://{}{slash}{}", ascii_host(authority)?, encoded(path)))
}

/// A host, perhaps with a port.
fn ascii_host(authority: &str) -> Option<String> {
    let host: String = authority.to_lowercase().nfc().collect();
    let labels: Option<Vec<String>> = host.split('.').map(ascii_label).collect();
    Some(labels?.join("."))
}

fn ascii_label(label: &str) -> Option<String> {
    if label.is_ascii() {
        return Some(label.to_owned());
    }
    // A port stands behind the last label.
    let (label, port) = label.split_at(label.find(':').unwrap_or(label.len()));
    let letters: Vec<char> = label.chars().collect();
    // Names have at most 63 bytes (RFC 1035, section 2.3.4).
    (letters.len() <= 59).then(|| format!("xn--{}{port}", punycode(&letters)))
}

/// The parameters of RFC 3492, section 5.
const BASE: u32 = 36;
const LEAST: u32 = 1;
const MOST: u32 = 26;
const SKEW: u32 = 38;
const DAMP: u32 = 700;
const FIRST_BIAS: u32 = 72;
const FIRST_BEYOND_ASCII: u32 = 128;

/// Letters as digits of a number with changing places (RFC 3492, section 6.3). They are few enough for nothing to overflow.
fn punycode(letters: &[char]) -> String {
    let mut text: String = letters.iter().filter(|letter| letter.is_ascii()).collect();
    let plain = text.len();
    if plain > 0 {
        text.push('-');
    }
    let (mut least, mut delta, mut bias, mut handled) = (FIRST_BEYOND_ASCII, 0, FIRST_BIAS, plain);
    while let Some(next) = letters.iter().map(|&letter| u32::from(letter)).filter(|&letter| letter >= least).min() {
        delta += (next - least) * (count(handled) + 1);
        for letter in letters.iter().map(|&letter| u32::from(letter)) {
            if letter < next {
                delta += 1;
            } else if letter == next {
                push_number(&mut text, delta, bias);
                bias = adapted(delta, count(handled) + 1, handled == plain);
                delta = 0;
                handled += 1;
            }
        }
        delta += 1;
        least = next + 1;
    }
    text
}

fn count(letters: usize) -> u32 {
    u32::try_from(letters).expect("a label has at most 63 letters")
}

fn push_number(text: &mut String, mut number: u32, bias: u32) {
    let mut place = BASE;
    loop {
        let threshold = place.saturating_sub(bias).clamp(LEAST, MOST);
        if number < threshold {
            text.push(digit(number));
            return;
        }
        text.push(digit(threshold + (number - threshold) % (BASE - threshold)));
        number = (number - threshold) / (BASE - threshold);
        place += BASE;
    }
}

fn digit(value: u32) -> char {
    char::from_digit(if value < MOST { value + 10 } else { value - MOST }, BASE).expect("a digit is less than the base")
}

fn adapted(delta: u32, letters: u32, is_first: bool) -> u32 {
    let mut delta = if is_first { delta / DAMP } else { delta / 2 };
    delta += delta / letters;
    let mut places = 0;
    while delta > (BASE - LEAST) * MOST / 2 {
        delta /= BASE - LEAST;
        places += BASE;
    }
    places + (BASE - LEAST + 1) * delta / (delta + SKEW)
}

/// Percent-encodes what no URL may hold; what is encoded already stays.
fn encoded(path: &str) -> String {
    percent_encode_but(path, |byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_is_ascii() {
        for (url, expected) in [
            ("https://example.org", Some("https://example.org/")),
            ("HTTPS://Example.ORG/A?b=C#d", Some("https://example.org/A?b=C")),
            ("http://127.0.0.1:80?a", Some("http://127.0.0.1:80/?a")),
            ("http://[::1]:8080/", Some("http://[::1]:8080/")),
            (
                "https://bücher.example:81/größe 1/%C3%A9",
                Some("https://xn--bcher-kva.example:81/gr%C3%B6%C3%9Fe%201/%C3%A9"),
            ),
            ("https://BU\u{308}CHER.example/", Some("https://xn--bcher-kva.example/")),
            ("https://例え.テスト/", Some("https://xn--r8jz45g.xn--zckzah/")),
            ("https://größe/", Some("https://xn--gre-6ka8i/")),
            ("https://", None),
            ("https:///a", None),
            ("https://a b/", None),
            ("mailto:a@example.org", None),
            ("example.org", None),
        ] {
            assert_eq!(ascii_url(url).as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn labels_are_those_of_the_standard() {
        // RFC 3492, section 7.1: (I) Russian, (L) Japanese.
        for (label, expected) in [
            ("почемужеонинеговорятпорусски", "b1abfaaepdrnnbgefbadotcwatmq2g4l"),
            ("3年b組金八先生", "3b-ww4c5e180e575a65lsy2b"),
        ] {
            assert_eq!(punycode(&label.chars().collect::<Vec<_>>()), expected);
        }
    }
}
