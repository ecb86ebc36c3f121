//! Any bytes as a feed: what the lint says of it, and the site that the importer makes of it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::DateTime;
use chrono_tz::Tz;
use genblog::files::config::{self, CONFIG_FILE, Overrides};
use genblog::files::source::{self, Source};
use genblog::foreign::feed::posts::{self, Wanted};
use genblog::foreign::feed::read;
use genblog::foreign::lint::lint;
use genblog::foreign::writing::{Content, Planned, configuration, write};
use genblog::graph::{Choice, assemble};
use genblog::words::characters::is_legal;
use genblog::words::diagnostic::{json, render};
use genblog::words::source_text::{SourceText, Span};

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
    let told: serde_json::Value = serde_json::from_str(&json(&found)).expect("it is JSON");
    assert!(told.is_array() || told.is_object());
}

/// Imports the bytes: no file lies outside the new site or in another's place, texts hold what feeds can hold, and the site
/// can be assembled.
pub fn import(bytes: &[u8]) {
    let Ok(reading) = read(bytes) else { return };
    let site = posts::site(reading, "feed", Wanted::default());
    let zone = site.facts.timezone.unwrap_or(Tz::UTC);
    let (text, _) = configuration(&site.facts, zone, "feed");
    let files = write(&site, zone).files;
    let mut paths = BTreeSet::new();
    for Planned { path, content } in &files {
        assert!(path.starts_with("content/"), "{path:?}");
        assert!(
            path.split('/').all(|part| !part.is_empty() && part != "." && part != ".." && part.len() < 200),
            "{path:?}"
        );
        assert!(paths.insert(path.to_lowercase()), "{path:?} twice");
        match content {
            Content::Text(text) => assert!(text.chars().all(is_legal), "{path}: {text:?}"),
            Content::Copy(from) => panic!("no folder of pictures was given, and {} is one", from.display()),
        }
    }
    let config: Arc<SourceText> = SourceText::new(CONFIG_FILE, text);
    let (config, problems) = config::parse(&config, &Overrides::default());
    // A feed may not say what a site needs; then its author is asked.
    let Some(config) = config else { return assert!(!problems.is_empty()) };
    let choice = Choice { now: DateTime::UNIX_EPOCH, drafts: true, future: true, expired: true };
    assemble(config, &snapshot(files), &choice);
}

/// The files as a build would find them.
fn snapshot(files: Vec<Planned>) -> Source {
    let mut source = Source::default();
    for Planned { path, content } in files {
        if let Content::Text(text) = content {
            source.content.push(source::planned(path, PathBuf::new(), text.into_bytes()).0);
        }
    }
    source.content.sort_by(|a, b| a.path.cmp(&b.path));
    source
}
