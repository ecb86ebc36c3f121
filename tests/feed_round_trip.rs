//! Whatever a post says, a feed reader gets it back from every format: drawn posts go out as RSS, Atom and JSON, and feed-rs reads
//! them again.

#[expect(dead_code, reason = "other tests need more of it")]
mod common;

#[path = "common/drawn.rs"]
mod drawn;

use chrono::{DateTime, TimeZone, Utc};
use chrono_tz::Tz;
use common::post;
use drawn::{feeds, paragraph, site_with};
use feed_rs::model::Entry;
use genblog::files::config::FeedFormat;
use genblog::graph::site::Post;
use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::select;

/// Offsets of whole hours, of half and quarter hours, and zones that once had seconds or change by half an hour.
const ZONES: [Tz; 10] = [
    Tz::UTC,
    Tz::Asia__Tokyo,
    Tz::Asia__Kolkata,
    Tz::Asia__Kathmandu,
    Tz::Australia__Sydney,
    Tz::Australia__Lord_Howe,
    Tz::America__St_Johns,
    Tz::Europe__Amsterdam,
    Tz::Africa__Monrovia,
    Tz::Pacific__Apia,
];

/// Text with everything that trips writers up.
fn texts() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        4 => "[a-z ]{1,8}",
        2 => any::<char>().prop_map(String::from),
        1 => select(vec!["]]>", "<![CDATA[", "&amp;", "&nbsp;", "&#1;", "<b>", "\u{1}", "\u{fffe}", "\u{a0}", "\u{202e}", "\"'", "é", "e\u{301}"])
            .prop_map(str::to_owned),
    ];
    proptest::collection::vec(pieces, 0..8).prop_map(|pieces| pieces.concat())
}

/// Between 1900 and 2100, in any of the zones.
fn moments() -> impl Strategy<Value = DateTime<Tz>> {
    (-2_208_988_800_i64..4_102_444_800, select(ZONES.to_vec()))
        .prop_map(|(seconds, zone)| zone.timestamp_opt(seconds, 0).single().expect("a moment"))
}

fn posts() -> impl Strategy<Value = Post> {
    // A post without authors has the site's.
    let names = || proptest::collection::btree_set("[A-Za-zÀ-ž&<>]{1,10}", 1..3).prop_map(Vec::from_iter);
    ("[a-z]{1,12}", texts(), texts(), moments(), proptest::option::of(moments()), names()).prop_map(
        |(slug, title, text, date, updated, authors)| Post {
            title,
            date,
            updated,
            authors,
            tags: Vec::new(),
            ..post(&slug, 1, paragraph(&text))
        },
    )
}

/// What XML can hold of a text, with white space as readers show it.
fn seen(text: &str) -> String {
    let legal =
        |c: &char| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..);
    let text: String = text.chars().filter(legal).collect();
    text.split_ascii_whitespace().collect::<Vec<_>>().join(" ").trim().to_owned()
}

fn html_of(entry: &Entry) -> String {
    let content = entry.content.as_ref().and_then(|content| content.body.clone());
    content.or_else(|| entry.summary.as_ref().map(|summary| summary.content.clone())).unwrap_or_default()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_post_comes_back_from_every_format(posts in proptest::collection::vec(posts(), 1..4)) {
        let site = site_with(posts);
        for (format, bytes) in feeds(&site) {
            let feed = feed_rs::parser::parse(&bytes[..]).expect("feed-rs reads it");
            prop_assert_eq!(feed.entries.len(), site.posts.len());
            for (entry, post) in feed.entries.iter().zip(&site.posts) {
                prop_assert_eq!(&entry.id, &post.id, "{:?}", format);
                prop_assert_eq!(&entry.links[0].href, &format!("https://example.org/blog/{}", post.route.as_str()));
                let title = entry.title.as_ref().map(|title| seen(&title.content)).unwrap_or_default();
                prop_assert_eq!(title, seen(&post.title), "{:?}", format);
                prop_assert_eq!(entry.published, Some(post.date.with_timezone(&Utc)), "{:?} of {}", format, post.date);
                let changed = post.updated.map(|date| date.with_timezone(&Utc));
                match format {
                    FeedFormat::Atom => prop_assert_eq!(entry.updated, changed.or(entry.published)),
                    FeedFormat::Json => prop_assert_eq!(entry.updated, changed),
                    FeedFormat::Rss => {}
                }
                let genblog::graph::site::Block::Html(html) = &post.body.blocks[0] else { unreachable!("drawn so") };
                prop_assert_eq!(seen(&html_of(entry)), seen(html), "{:?}", format);
                let authors: Vec<String> = entry.authors.iter().filter_map(|author| author.name.clone()).collect();
                prop_assert_eq!(&authors, &post.authors, "{:?}", format);
            }
        }
    }
}
