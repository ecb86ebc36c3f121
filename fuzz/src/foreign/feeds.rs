//! Any bytes as a feed: what the lint says of it, and the site that the importer makes of it.

use genblog::foreign::feed::posts::{self, Wanted};
use genblog::foreign::feed::read;
use genblog::foreign::lint::lint;
use genblog::foreign::writing::{Content, Planned};
use genblog::words::characters::is_legal;

use super::{imported, told};

/// Diagnostics that a feed of a few kilobytes may have; what there is more of is told once.
const MOST_DIAGNOSTICS: usize = 5_000;

/// Lints the bytes: places lie in the text, the same is said again, and what is drawn for a terminal cannot command it.
pub fn check(bytes: &[u8]) {
    let found = lint(bytes, "feed");
    assert!(found.len() < MOST_DIAGNOSTICS, "{} diagnostics", found.len());
    told::check(&found);
    assert_eq!(lint(bytes, "feed"), found);
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
