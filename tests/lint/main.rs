//! Damaged feeds and what the lint says about them, and sound ones about which it says nothing.
//!
//! Each file in `tests/golden-feeds/` holds a feed, then a line `===`, then the diagnostics as a terminal shows them. In the feed
//! `{xE9}` stands for one byte, `{BOM}` for a byte order mark, and `{repeat 3:ab}` for `ababab`. With `UPDATE_GOLDEN=1` the second
//! part is written anew; read the difference before you commit it.

#[path = "../common/mod.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod common;

#[path = "../common/drawn.rs"]
mod drawn;

mod suggestions;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

use chrono::{DateTime, TimeZone, Utc};
use chrono_tz::Tz;
use common::{Picture, body, outputs, post, route, site};
use drawn::{feeds, paragraph, site_with};
use genblog::files::config::{Day, Rule};
use genblog::foreign::lint::{Code, lint, lint_at};
use genblog::graph::site::{Block, Post, Site};
use genblog::words::diagnostic::{Diagnostic, render};
use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::{Index, select};
use suggestions::{breaking, fatal};

const BASE: &str = "https://example.org/blog/";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// When the golden feeds are looked at.
fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 29, 12, 0, 0).single().expect("a moment")
}

/// The bytes of a feed as a golden file has it.
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        bytes.extend_from_slice(&rest.as_bytes()[..start]);
        rest = &rest[start..];
        let end = rest.find('}').map(|end| (&rest[1..end], end + 1));
        let byte = |inner: &str| inner.strip_prefix('x').and_then(|code| u8::from_str_radix(code, 16).ok());
        let repeated = |inner: &str| {
            let (count, text) = inner.strip_prefix("repeat ")?.split_once(':')?;
            Some(text.repeat(count.parse().ok()?))
        };
        match end {
            Some(("BOM", length)) => {
                bytes.extend_from_slice("\u{feff}".as_bytes());
                rest = &rest[length..];
            }
            Some((inner, length)) if byte(inner).is_some() => {
                bytes.extend(byte(inner));
                rest = &rest[length..];
            }
            Some((inner, length)) if repeated(inner).is_some() => {
                bytes.extend_from_slice(repeated(inner).unwrap_or_default().as_bytes());
                rest = &rest[length..];
            }
            _ => {
                bytes.push(b'{');
                rest = &rest[1..];
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

/// The golden feeds: the code that each is about, the feed, and what is said of it.
pub(crate) fn golden() -> Vec<(String, String, String)> {
    let mut golden = Vec::new();
    for entry in std::fs::read_dir(root().join("tests/golden-feeds")).expect("golden feeds") {
        let path = entry.expect("readable").path();
        let text = std::fs::read_to_string(&path).expect("readable");
        let (feed, expected) = text.split_once("\n===\n").expect("a feed and its messages");
        let name = path.file_stem().and_then(|stem| stem.to_str()).expect("a name").to_owned();
        golden.push((name, feed.to_owned(), expected.to_owned()));
    }
    golden.sort();
    golden
}

/// The code that a golden feed is about: its name, up to a hyphen behind which it may say more.
fn code_of(name: &str) -> Option<&'static str> {
    let begins = |code: &&str| name.strip_prefix(*code).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    Code::ALL.iter().map(|code| code.name()).filter(begins).max_by_key(|code| code.len())
}

#[test]
fn every_damaged_feed_is_told_what_is_wrong() {
    let mut wrong = Vec::new();
    for (name, feed, expected) in golden() {
        let diagnostics = lint_at(&bytes(&feed), "feed.xml", Some(now()));
        let shown = render(&diagnostics, false);
        let shown = shown.trim_end();
        let named = diagnostics.iter().any(|diagnostic| Some(diagnostic.code) == code_of(&name));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            let path = root().join("tests/golden-feeds").join(format!("{name}.txt"));
            std::fs::write(path, format!("{feed}\n===\n{shown}\n")).expect("writable");
        }
        if (std::env::var_os("UPDATE_GOLDEN").is_none() && expected.trim_end() != shown) || !named {
            wrong.push(format!("{name}:\n{shown}\n"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_code_has_a_golden_feed_and_its_line_in_the_documentation() {
    let golden: BTreeSet<String> = golden().into_iter().map(|(name, ..)| name).collect();
    let documentation = std::fs::read_to_string(root().join("docs/feeds.md")).expect("readable");
    let rows: BTreeSet<&str> = documentation.lines().filter(|line| line.starts_with("| `")).collect();
    let codes: BTreeSet<&str> = Code::ALL.iter().map(|code| code.name()).collect();
    assert_eq!(codes.len(), Code::ALL.len(), "two codes have one name");
    for code in Code::ALL {
        assert!(golden.contains(code.name()), "no golden feed for `{}`", code.name());
        let severity = if lint_is_error(*code) { "error" } else { "warning" };
        let row = format!("| `{}` | {severity} | {} |", code.name(), code.rule().replace('|', "\\|"));
        assert!(rows.contains(row.as_str()), "docs/feeds.md wants the line\n{row}");
    }
    let unknown: Vec<_> = golden.iter().filter(|name| code_of(name).is_none()).collect();
    assert!(unknown.is_empty(), "golden feeds of no code: {unknown:?}");
}

fn lint_is_error(code: Code) -> bool {
    code.severity() == genblog::words::diagnostic::Severity::Error
}

/// Codes of everything that is said of all feeds of a site, with the feed's name.
fn said(site: &Site) -> Vec<(String, String)> {
    let (outputs, problems) = outputs(site);
    let is_feed = |file: &str| {
        let name = file.rsplit('/').next().unwrap_or(file);
        matches!(name, "feed.xml" | "atom.xml" | "feed.json") || (file.starts_with("feed/") && file.ends_with(".xml"))
    };
    let feeds: Vec<_> = outputs.iter().filter(|(file, _)| is_feed(file)).collect();
    assert!(!feeds.is_empty(), "{}", render(&problems, false));
    let messages = |(file, bytes): (&String, &Vec<u8>)| {
        let file = file.clone();
        lint(bytes, &file)
            .into_iter()
            .map(move |found| (file.clone(), format!("{}: {}", found.code, found.message)))
            .collect::<Vec<_>>()
    };
    feeds.into_iter().flat_map(messages).collect()
}

fn moment(text: &str) -> DateTime<Tz> {
    DateTime::parse_from_rfc3339(text).expect("a moment").with_timezone(&Tz::Australia__Sydney)
}

#[test]
fn the_lint_has_nothing_to_say_of_our_own_feeds() {
    let picture = Picture::new("lint-own");
    let plain = || site(BASE, &picture.0);
    let silent = |site: &Site| assert_eq!(said(site), []);
    silent(&plain());

    let mut summaries = plain();
    summaries.posts[0].summary = "1 < 2 & more".to_owned();
    summaries.config.feed.summaries = true;
    summaries.config.feed.skip_days = Some(Rule::Given(vec![Day::ALL[6], Day::ALL[5]]));
    summaries.config.feed.hub = Some("https://hub.example/".to_owned());
    summaries.posts[0].image = Some(route("stone.png"));
    summaries.posts[0].updated = Some(moment("2008-12-20T09:00:00+11:00"));
    silent(&summaries);

    let html = concat!(
        "<p>a \u{b}]]> b ",
        r##"<a href="/blog/about/">a</a> <a href="#how">b</a> <img src="x.png" srcset="x.png 1x, y.png 2x" alt="">"##,
        r##"<q cite="//c.example/">c</q> <a href="mailto:a@example.org">d</a></p><script>1</script><p onclick="x()">e</p>"##,
        r##"<form><input></form><svg><path/></svg><my-figure><p>f</p></my-figure><iframe src="https://a.example/"></iframe>"##,
    );
    let mut hostile = plain();
    hostile.posts[0].body.blocks.push(Block::Html(html.to_owned()));
    hostile.posts[0].title = "a <em> & ]]>".to_owned();
    hostile.posts[1].id = "größe 17".to_owned();
    silent(&hostile);

    let mut years = plain();
    for (slug, date) in [("middle", "2007-06-01T12:00:00+10:00"), ("early", "2005-01-01T00:30:00+11:00")] {
        let mut older = post(slug, 1, body("<p>a</p>"));
        older.date = moment(date);
        years.posts.push(older);
    }
    years.config.feed.limit = 1;
    silent(&years);

    let mut nameless = plain();
    nameless.config.author = String::new();
    nameless.posts.iter_mut().for_each(|post| post.authors.clear());
    silent(&nameless);
}

/// Atom wants a date of every feed and every entry, and some have none to give.
#[test]
fn feeds_without_a_date_of_their_own_are_sound() {
    let picture = Picture::new("lint-empty");
    let mut site = site(BASE, &picture.0);
    site.albums[0].date = None;
    assert_eq!(said(&site), Vec::new());
    site.posts.clear();
    site.tags.clear();
    assert_eq!(said(&site), Vec::new());
}

/// A feed of so many items, each with the same mistakes.
fn repeated(items: usize) -> String {
    let item = "<item>\n<title>A&nbsp;B</title>\n<guid>1</guid>\n<pubDate>Mon, 20 Nov 2026 09:30:00 +0900</pubDate>\n</item>\n";
    format!("<rss version=\"2.0\"><channel><title>a</title>\n{}</channel></rss>", item.repeat(items))
}

#[test]
fn many_alike_are_one() {
    let found = lint(repeated(1000).as_bytes(), "feed.xml");
    assert!(found.len() < 15, "{}", render(&found, false));
    let day = found.iter().find(|found| found.code == "incorrect-dow").expect("told");
    assert_eq!(day.notes[1], "and 999 more like this, at lines 10, 15, 20, 25, 30, 35, 40, 45, …");
    let few = lint(repeated(3).as_bytes(), "feed.xml");
    assert_eq!(few.iter().filter(|found| found.code == "incorrect-dow").count(), 3);
}

#[test]
fn deep_nesting_is_no_trouble() {
    for (open, close) in [
        ("<a>", "</a>"),
        ("<a>", ""),
        ("<a x:b='", "'>"),
        ("<![CDATA[", ""),
        ("<!--", ""),
        ("<!DOCTYPE [", ""),
        ("</a>", ""),
    ] {
        let deep = format!("<rss version='2.0'><channel><item>{}{}", open.repeat(100_000), close.repeat(100_000));
        assert!(!lint(deep.as_bytes(), "feed.xml").is_empty());
    }
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("{", ""), ("\"", ""), ("[,", "]")] {
        let deep = format!("{{\"version\":{}{}", open.repeat(100_000), close.repeat(100_000));
        assert!(!lint(deep.as_bytes(), "feed.json").is_empty());
    }
    let html = format!("{}{}", "<b>".repeat(100_000), "</i>".repeat(100_000));
    let feed = format!(
        "<rss version='2.0'><channel><item><description><![CDATA[{html}]]></description></item></channel></rss>"
    );
    assert!(!lint(feed.as_bytes(), "feed.xml").is_empty());
}

#[test]
fn of_hostile_feeds_little_is_told() {
    let entities: String = (0..1000).map(|number| format!("<!ENTITY e{number} \"x\">")).collect();
    let channel = "<rss version='2.0' xmlns:media='http://search.yahoo.com/mrss/'><channel>";
    for (open, piece) in [
        ("<item><title>", "&lt;b&gt; "),
        ("<item><title>", "&amp;"),
        ("<item><title>", "<![CDATA[x"),
        ("<item>", "<media:content/>"),
        ("", "<!DOCTYPE<!--x-->"),
        ("", "<x xmlns='http://www.w3.org/2005/Atam'/>"),
        ("<item><description><![CDATA[", "<!-- <a <? </x "),
        ("<item><description><![CDATA[", "<a b=\"x <c d='y "),
        ("<item><description><![CDATA[", "<b></i>"),
        ("<item><description><![CDATA[", "<p><li>"),
        ("<item>", "<a xmlns:b='x'>"),
        (&*format!("<!DOCTYPE rss [{entities}]><item><title>"), "&e999;"),
    ] {
        let feed = format!("{channel}{open}{}", piece.repeat(20_000));
        let found = lint(feed.as_bytes(), "feed.xml");
        assert!(render(&found, false).len() < 100_000, "{piece}");
    }
    let long = format!("{channel}<{}>", "n".repeat(1_000_000));
    assert!(render(&lint(long.as_bytes(), "feed.xml"), false).len() < 10_000);
}

/// Every place lies in the text, on the boundaries of characters.
fn places_are_sound(diagnostics: &[Diagnostic]) -> bool {
    let places = diagnostics.iter().flat_map(|found| {
        let patch = found.suggestion.iter().map(|suggestion| &suggestion.span);
        found.labels.iter().map(|label| &label.span).chain(patch)
    });
    places.into_iter().all(|span| span.source.text.get(span.range.clone()).is_some())
}

/// Pieces that feeds are made of, sound and damaged.
fn pieces() -> impl Strategy<Value = String> {
    let words = vec![
        "<rss version=\"2.0\">",
        "<channel>",
        "</channel>",
        "<item>",
        "</item>",
        "</rss>",
        "<title>",
        "</title>",
        "<link>",
        "</link>",
        "<guid isPermaLink='false'>",
        "<guid>",
        "</guid>",
        "<pubDate>",
        "Fri, 20 Nov 2026 09:30:00 +0900",
        "</pubDate>",
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "&amp;",
        "&nbsp;",
        "&#1;",
        "&",
        "<",
        ">",
        "\"",
        "'",
        "/>",
        "<a href=\"",
        "<img src=x",
        "<feed xmlns=\"http://www.w3.org/2005/Atom\">",
        "<entry>",
        "</entry>",
        "<id>",
        "tag:example.org,2026:a",
        "</id>",
        "<updated>",
        "2026-11-20T09:30:00Z",
        "</updated>",
        "<content type=\"xhtml\">",
        "<div xmlns=\"http://www.w3.org/1999/xhtml\">",
        "</div>",
        "<atom:link rel=\"self\" href=\"",
        "xmlns:media=\"http://search.yahoo.com/mrss\"",
        "<media:group>",
        "<?xml version=\"1.0\"?>",
        "<!DOCTYPE a [",
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"version\"",
        "\"items\"",
        "\"id\"",
        "\"https://jsonfeed.org/version/1.1\"",
        "\\u00",
        "\\",
        "null",
        "1e9",
        "\n",
        "é",
        "\u{1}",
        "\u{1b}[2J",
        "\u{9b}1m",
        "\u{fffd}",
        "]]]]>",
    ];
    prop_oneof![6 => select(words).prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from)]
}

fn mutations() -> impl Strategy<Value = Vec<(Index, Index, String)>> {
    proptest::collection::vec((any::<Index>(), any::<Index>(), pieces()), 1..6)
}

/// A text with some of its parts replaced by others.
fn mutated(text: &str, mutations: &[(Index, Index, String)]) -> String {
    let mut text: Vec<char> = text.chars().collect();
    for (start, length, piece) in mutations {
        let start = start.index(text.len() + 1);
        let end = (start + length.index(12)).min(text.len());
        text.splice(start..end, piece.chars());
    }
    text.into_iter().collect()
}

/// What readers see of text that a browser has read.
fn texts() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        4 => "[a-z ]{1,8}",
        // What is left of a damaged text deserves its message.
        1 => any::<char>().prop_filter("a trace of damage", |c| !matches!(c, '\u{80}'..='\u{9f}' | '\u{fffd}')).prop_map(String::from),
        1 => select(vec!["]]>", "<![CDATA[", "& more", "a < b", "\u{1}", "\u{fffe}", "\u{a0}", "\"'", "é"]).prop_map(str::to_owned),
    ];
    proptest::collection::vec(pieces, 0..8).prop_map(|pieces| format!("A{}", pieces.concat()))
}

fn posts() -> impl Strategy<Value = Post> {
    let zones = vec![
        Tz::UTC,
        Tz::Asia__Tokyo,
        Tz::Asia__Kathmandu,
        Tz::Australia__Lord_Howe,
        Tz::America__St_Johns,
        Tz::Pacific__Apia,
    ];
    // Since the Web began.
    let moments = (662_688_000_i64..1_795_000_000, select(zones));
    ("[a-z]{1,12}", texts(), texts(), moments, proptest::option::of(0_i64..100_000_000)).prop_map(
        |(slug, title, text, (seconds, zone), later)| {
            let moment = |seconds: i64| zone.timestamp_opt(seconds, 0).single().expect("a moment");
            let updated = later.map(|later| moment(seconds + later));
            Post { title, date: moment(seconds), updated, ..post(&slug, 1, paragraph(&text)) }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let found = lint(&bytes, "feed.xml");
        prop_assert!(!found.is_empty(), "no random bytes are a feed");
        prop_assert!(places_are_sound(&found));
        prop_assert_eq!(render(&found, false).is_empty(), found.is_empty());
    }

    #[test]
    fn any_markup_is_answered(pieces in proptest::collection::vec(pieces(), 0..60)) {
        let found = lint(pieces.concat().as_bytes(), "feed.xml");
        prop_assert!(places_are_sound(&found));
        let drawn = render(&found, false);
        prop_assert_eq!(drawn.is_empty(), found.is_empty());
        prop_assert!(!drawn.contains(|c: char| c.is_control() && c != '\n'), "{:?}", drawn);
    }

    #[test]
    fn any_damage_is_answered(feed in any::<Index>(), mutations in mutations()) {
        static GOLDEN: LazyLock<Vec<(String, String, String)>> = LazyLock::new(golden);
        let (_, feed, _) = feed.get(&GOLDEN);
        let short: String = feed.chars().take(2000).collect();
        let found = lint(mutated(&short, &mutations).as_bytes(), "feed.xml");
        prop_assert!(places_are_sound(&found));
        prop_assert_eq!(render(&found, false).is_empty(), found.is_empty());
        // Where quotes or ends are missing, one that is put in shows what was wrong behind it.
        if fatal(&found).is_empty() {
            prop_assert_eq!(breaking(&found).concat(), "");
        }
    }

    #[test]
    fn drawn_feeds_of_ours_are_sound(posts in proptest::collection::vec(posts(), 1..4)) {
        let mut site = site_with(posts);
        site.config.feed.skip_hours = None;
        for (format, bytes) in feeds(&site) {
            let found = lint(&bytes, "feed");
            prop_assert_eq!(render(&found, false), "", "{:?}", format);
        }
    }
}
