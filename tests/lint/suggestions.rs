//! Feeds with something in their channel, and what becomes of them when suggestions are followed.

use std::collections::BTreeSet;

use genblog::foreign::lint::lint;
use genblog::words::diagnostic::{Diagnostic, render};
use genblog::words::language::is_language_tag;
use genblog::words::mail::is_address;

use crate::{bytes, golden};

/// An RSS feed with something in its channel.
fn channel(inner: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\"><channel><title>a</title>\
         <link>https://example.org/</link><description>b</description>\
         <atom:link rel=\"self\" href=\"https://example.org/feed.xml\"/>{inner}</channel></rss>"
    )
}

/// The codes of everything that is said of a feed.
fn codes(feed: &str) -> Vec<&'static str> {
    lint(feed.as_bytes(), "feed.xml").iter().map(|found| found.code).collect()
}

#[test]
fn what_a_site_may_say_is_sound() {
    for language in ["en", "de-AT", "zh-Hant-TW", "gsw", "x-klingon", "i-klingon", "jp", "english", "en_GB", "x"] {
        let feed = channel(&format!("<language>{language}</language>"));
        assert_eq!(codes(&feed).is_empty(), is_language_tag(language), "{language}");
    }
    for mail in
        ["root@localhost", "größe@example.org", "a.b+c@mail.example.org", "a@b@c", "a@example..org", "a@exa_mple"]
    {
        let feed = channel(&format!("<webMaster>{mail} (R. Root)</webMaster>"));
        assert_eq!(codes(&feed).is_empty(), is_address(mail), "{mail}");
    }
}

#[test]
fn blanks_in_a_declaration_mean_nothing() {
    for declaration in ["<?xml version = \"1.0\"?>", "<?xml\nversion\t=\n'1.0' encoding = 'utf-8' ?>"] {
        assert_eq!(codes(&channel("").replace("<?xml version=\"1.0\"?>", declaration)), [""; 0], "{declaration}");
    }
}

#[test]
fn html_may_be_nested_deeply_and_ends_be_left_out() {
    let deep = |open: &str, close: &str| format!("{}x{}", open.repeat(2000), close.repeat(2000));
    for html in [deep("<b>", "</b>"), format!("<b>{}</b>", "<p>x".repeat(2000)), deep("<ul><li>", "</ul>")] {
        let feed = channel(&format!(
            "<item><title>a</title><guid isPermaLink=\"false\">tag:a.b,2026:c</guid><description><![CDATA[{html}]]></description></item>"
        ));
        assert_eq!(codes(&feed), [""; 0], "{}", &html[..20]);
    }
}

#[test]
fn bytes_that_are_no_text_are_counted_all() {
    let mut feed = channel("<copyright>{}</copyright>").into_bytes();
    let at = feed.iter().position(|byte| *byte == b'{').expect("there");
    feed.splice(at..at + 2, [0xe9; 5000]);
    let found = lint(&feed, "feed.xml");
    let count = found[0].notes.iter().find(|note| note.contains("more like this")).expect("counted");
    assert!(found[0].code == "undecodable-bytes" && count.starts_with("and 4999 more"), "{count}");
}

/// What keeps a parser from reading on.
const FATAL: [&str; 13] = [
    "bad-declaration",
    "undefined-entity",
    "bare-ampersand",
    "illegal-character",
    "mismatched-tag",
    "unclosed-element",
    "duplicate-attribute",
    "malformed-attribute",
    "malformed-markup",
    "undeclared-prefix",
    "text-outside-root",
    "invalid-json",
    "duplicate-key",
];

pub(crate) fn fatal(found: &[Diagnostic]) -> BTreeSet<&'static str> {
    found.iter().map(|found| found.code).filter(|code| FATAL.contains(code)).collect()
}

/// Follows each suggestion by itself, and gives those after which something more keeps a parser from reading on.
pub(crate) fn breaking(found: &[Diagnostic]) -> Vec<String> {
    let before = fatal(found);
    let follow = |diagnostic: &Diagnostic| {
        let suggestion = diagnostic.suggestion.as_ref()?;
        let mut text = suggestion.span.source.text.clone();
        text.replace_range(suggestion.span.range.clone(), &suggestion.replacement);
        let after = fatal(&lint(text.as_bytes(), "feed.xml"));
        let drawn = || render(std::slice::from_ref(diagnostic), false);
        (!after.is_subset(&before)).then(|| format!("{}{after:?}\n", drawn()))
    };
    found.iter().filter_map(follow).collect()
}

#[test]
fn a_suggestion_that_is_followed_breaks_nothing() {
    for (name, feed, _) in golden() {
        let found = lint(&bytes(&feed), "feed.xml");
        assert_eq!(breaking(&found).concat(), "", "{name}");
    }
    for inner in [
        "<link>www.example.org/?a&amp;b=&lt;</link>",
        "<webMaster>A &amp; B &lt;a@example.org&gt;</webMaster>",
        "<item><guid isPermaLink=\"true\">one</guid></item>",
        "<item><guid isPermalink='false' isPermaLink='false'>one</guid></item>",
        "<item><title><![CDATA[a ]]&gt; b]]></title></item>",
        "<item><title>&amp;#1; &nvlt;</title></item>",
        "<item><pubDate><![CDATA[Thu]]>, 20 Nov 2026 09:30:00 +0900</pubDate></item>",
        "<item><titel>a</titel ><titel/></item>",
        "<item><titel>a</titel></item>",
        "<language>a_<![CDATA[b]]></language>",
    ] {
        let found = lint(channel(inner).as_bytes(), "feed.xml");
        assert!(!found.is_empty(), "{inner}");
        assert_eq!(breaking(&found).concat(), "", "{inner}");
    }
    for feed in [
        r#"{"version":"https://jsonfeed.org/version/1.1","items":[{"id":"a","title":"&quot; &amp;quot;","ulr":"a","url":"b"}]}"#,
        r#"{"version":"https://jsonfeed.org/version/1.1","titel":"\u0026lt;","title":"&#10;","items":[]}"#,
    ] {
        let found = lint(feed.as_bytes(), "feed.json");
        assert_eq!(breaking(&found).concat(), "", "{feed}");
    }
}
