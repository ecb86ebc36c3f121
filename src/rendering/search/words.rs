//! Texts as the words that readers look for. `templates/search.js` takes a question apart in the same way; a test holds the two together.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Longer ones are nothing that anybody types: a hash, a key, a line of Base64.
const LONGEST: usize = 40;

/// Hands over each word of a text: in small letters, without accents, and in the one form that Unicode has for it. A name with
/// underscores is there as a whole and in parts. Chinese and Japanese, which set no spaces, are there in pairs of signs.
pub(super) fn words(text: &str, mut found: impl FnMut(&str)) {
    let text = normal(text);
    for run in text.split(|c: char| !is_part(c)) {
        // Signs end a run of letters, and letters a run of signs.
        let mut rest = run;
        while let Some(first) = rest.chars().next() {
            let signs = is_sign(first);
            let end = rest.find(|c| is_sign(c) != signs).unwrap_or(rest.len());
            let (part, after) = rest.split_at(end);
            rest = after;
            if signs { pairs(part, &mut found) } else { word(part, &mut found) }
        }
    }
}

/// A text in the form in which words are compared.
fn normal(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(text.to_ascii_lowercase())
        } else {
            Cow::Borrowed(text)
        };
    }
    let bare: String = text.nfkd().filter(|&c| !is_combining_mark(c) && !is_unseen(c)).collect();
    Cow::Owned(bare.to_lowercase().replace('ς', "σ"))
}

/// Signs that say where a word may be cut.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}')
}

fn is_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Signs of Chinese and Japanese.
fn is_sign(c: char) -> bool {
    matches!(c, '\u{3005}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

fn word(run: &str, found: &mut impl FnMut(&str)) {
    let whole = run.trim_matches('_');
    let mut one = |word: &str| {
        if !word.is_empty() && word.chars().count() <= LONGEST {
            found(word);
        }
    };
    one(whole);
    if whole.contains('_') {
        whole.split('_').for_each(one);
    }
}

fn pairs(run: &str, found: &mut impl FnMut(&str)) {
    let starts: Vec<usize> = run.char_indices().map(|(at, _)| at).chain([run.len()]).collect();
    starts.windows(3).for_each(|pair| found(&run[pair[0]..pair[2]]));
    // A single sign is the beginning of a pair, but for the last one.
    found(&run[starts[starts.len() - 2]..]);
}

/// Elements that stand within words.
const WITHIN: &[&str] = &[
    "a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em", "i", "ins", "kbd", "mark", "q", "s",
    "samp", "small", "span", "strong", "sub", "sup", "time", "u", "var", "wbr",
];

/// The text of HTML: without tags, without what scripts and styles say.
pub(super) fn text(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = tag_length(rest);
        if length == 0 {
            text.push('<');
            rest = &rest[1..];
            continue;
        }
        let tag = &rest[1..length];
        rest = &rest[length..];
        let name = tag.trim_start_matches('/');
        let name = &name[..name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len())];
        let name = name.to_ascii_lowercase();
        if matches!(&*name, "script" | "style") && !tag.starts_with('/') {
            rest = &rest[closing(rest, &name)..];
        }
        if !WITHIN.contains(&&*name) {
            text.push(' ');
        }
    }
    text.push_str(rest);
    if text.contains('&') { htmlize::unescape(&text).into_owned() } else { text }
}

/// The length of the tag or the comment that a text begins with; 0 when the sign stands for itself.
fn tag_length(text: &str) -> usize {
    if text.starts_with("<!--") {
        return text.find("-->").map_or(text.len(), |end| end + 3);
    }
    if !text[1..].starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')) {
        return 0;
    }
    let (mut quote, mut before) = (None, b' ');
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return at + 1,
            (None, b'"' | b'\'') if before == b'=' => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
        if byte != b' ' {
            before = byte;
        }
    }
    text.len()
}

/// How far it is to the end tag of a script or a style.
fn closing(text: &str, name: &str) -> usize {
    let end = format!("</{name}");
    text.to_ascii_lowercase().find(&end).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        words(text, |word| found.push(word.to_owned()));
        found
    }

    #[test]
    fn words_are_taken_apart_and_made_alike() {
        for (text, expected) in [
            ("The Ring's 256 slots.", &["the", "ring", "s", "256", "slots"][..]),
            ("netif_page_release()", &["netif_page_release", "netif", "page", "release"]),
            ("__init__ _", &["init"]),
            ("Café Ångström ﬁne ΣΊΣΥΦΟΣ", &["cafe", "angstrom", "fine", "σισυφοσ"]),
            ("仮想化とXen入", &["仮想", "想化", "化と", "と", "xen", "入"]),
            ("İstanbul Donau\u{ad}dampf", &["istanbul", "donaudampf"]),
            ("한국어", &["한국어"].map(|_| "\u{1112}\u{1161}\u{11ab}\u{1100}\u{116e}\u{11a8}\u{110b}\u{1165}")),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
        assert_eq!(found(&"x".repeat(41)), Vec::<String>::new());
    }

    #[test]
    fn the_text_of_html_is_what_is_read() {
        for (html, expected) in [
            ("<p>in<em>side</em> &amp; a &lt; b</p><p>two", " inside & a < b  two"),
            ("a < b <!-- not <this> -->c", "a < b  c"),
            ("<img alt=\"a > b\">x<br>y", " x y"),
            ("<style>p { color: red }</style>x<SCRIPT>let a = '<b>';</SCRIPT>y", "  x  y"),
            ("<", "<"),
            ("a<b", "a"),
            ("<p title=it's>a</p><p title = '>'>b", " a  b"),
        ] {
            assert_eq!(text(html), expected, "{html}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(given in "(<|>|/|!--|--|\"|'|&amp;|&|_|ß|Σ|仮|script|style|\\PC)*") {
            words(&text(&given), |word| assert!(!word.is_empty()));
        }
    }
}
