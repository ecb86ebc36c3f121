//! Any bytes as a feed: what the lint says of it, and the site that the importer makes of it.

use genblog::foreign::feed::posts::{self, Wanted};
use genblog::foreign::feed::read;
use genblog::foreign::lint::lint;
use genblog::foreign::writing::{Content, Planned};
use genblog::words::characters::is_legal;
use genblog::words::diagnostic::{json, render};
use genblog::words::source_text::Span;

use super::imported;

/// Diagnostics that a feed of a few kilobytes may have; what there is more of is told once.
const MOST_DIAGNOSTICS: usize = 5_000;

/// Lints the bytes: places lie in the text, the same is said again, and what is drawn for a terminal cannot command it.
pub fn check(bytes: &[u8]) {
    let found = lint(bytes, "feed");
    assert!(found.len() < MOST_DIAGNOSTICS, "{} diagnostics", found.len());
    for diagnostic in &found {
        let patch = diagnostic.suggestion.iter().map(|suggestion| &suggestion.span);
        for Span { source, range } in diagnostic.labels.iter().map(|label| &label.span).chain(patch) {
            assert!(source.text.get(range.clone()).is_some(), "{}: {range:?}", diagnostic.code);
        }
    }
    assert_eq!(lint(bytes, "feed"), found);
    let drawn = render(&found, false);
    assert!(!drawn.contains(|c: char| c.is_control() && c != '\n'), "{drawn:?}");
    let told: Vec<serde_json::Value> = serde_json::from_str(&json(&found)).expect("it is JSON");
    assert_eq!(told.len(), found.len());
}

/// Imports the bytes: what holds of every site does, all of it is text, and texts hold what feeds can hold.
pub fn import(bytes: &[u8]) {
    let Ok(reading) = read(bytes) else { return };
    for Planned { path, content } in imported::check(&posts::site(reading, "feed", Wanted::default())) {
        assert!(path.starts_with("content/"), "{path:?}");
        match content {
            Content::Text(text) => assert!(text.chars().all(is_legal), "{path}: {text:?}"),
            Content::Copy(from) => panic!("no folder of pictures was given, and {} is one", from.display()),
        }
    }
}
