//! The feed as readers get it.

#[path = "../common/mod.rs"]
mod common;
#[path = "../sites/mod.rs"]
mod sites;

mod channel;

mod items;

mod asking;

mod lists;

mod publish;

use std::collections::BTreeSet;
use std::path::Path;

use chrono::DateTime;
use chrono_tz::Australia::Sydney;
use chrono_tz::Tz;
use genblog::graph::site::Site;
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;
use tempfile::TempDir;

use crate::common::{Picture, body, outputs, post, site, text};

const BASE: &str = "https://example.org/blog/";

/// The feed of a site.
fn feed(site: &Site) -> String {
    xml(site, "feed.xml")
}

/// An XML file of a site, which must be well-formed.
fn xml(site: &Site, file: &str) -> String {
    let (outputs, _) = outputs(site);
    let text = text(&outputs, file).to_owned();
    let mut reader = Reader::from_str(&text);
    while reader.read_event().expect("well-formed") != Event::Eof {}
    text
}

/// A JSON file of a site.
fn json(site: &Site, file: &str) -> Value {
    let (outputs, _) = outputs(site);
    serde_json::from_slice(&outputs[file]).expect("JSON")
}

/// A site as its files say it, which must have nothing wrong with it.
fn site_of(files: &str) -> (Site, TempDir) {
    let root = sites::folder(files);
    let (site, problems) = sites::site(root.path());
    assert_eq!(problems, []);
    (site.expect("a site"), root)
}

fn moment(text: &str) -> DateTime<Tz> {
    DateTime::parse_from_rfc3339(text).expect("a moment").with_timezone(&Sydney)
}

/// What stands in the only `name` element of `xml`.
fn only<'x>(xml: &'x str, name: &str) -> &'x str {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    assert_eq!(xml.matches(&open).count(), 1, "{name} in {xml}");
    xml.split(&open).nth(1).and_then(|rest| rest.split(&close).next()).expect("an element")
}

/// A site of one post.
fn one(test: &str, html: &str) -> (Site, Picture) {
    let picture = Picture::new(test);
    let mut site = site(BASE, &picture.0);
    site.posts = vec![post("only", 17, body(html))];
    if let Some(tag) = site.tags.get_mut("xen") {
        tag.posts.truncate(1);
    }
    (site, picture)
}

/// The names of all tests in a source.
fn tests_of(code: &str) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    let mut lines = code.lines().map(str::trim);
    while let Some(line) = lines.next() {
        // Attributes and comments may stand between.
        if line == "#[test]"
            && let Some(function) = lines.by_ref().find_map(|line| line.strip_prefix("fn "))
        {
            names.extend(function.split('(').next());
        }
    }
    names
}

#[test]
fn a_test_is_told_from_a_function() {
    let code = "fn one() {}\n\n/// Says.\n#[test]\n#[ignore]\nfn two() {\n    fn three() {}\n}\n// #[test]\nfn four() {}\nproptest! {\n    #[test]\n    fn five(a in 0..3) {}\n}\n";
    assert_eq!(tests_of(code), BTreeSet::from(["two", "five"]));
}

/// Each promise of the tables at the end of the documentation names the tests that show it.
#[test]
fn every_promise_has_its_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = ["tests", "src", "imaging"].iter().flat_map(|folder| walkdir::WalkDir::new(root.join(folder)));
    let sources: Vec<String> = sources
        .map(|entry| entry.expect("readable").into_path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| std::fs::read_to_string(path).expect("readable"))
        .collect();
    let known: BTreeSet<&str> = sources.iter().flat_map(|code| tests_of(code)).collect();
    let mut promises = Vec::new();
    for file in ["docs/albums.md", "docs/building.md", "docs/feeds.md", "docs/moving-in.md", "docs/pictures.md"] {
        let text = std::fs::read_to_string(root.join(file)).expect("readable");
        let (_, table) = text.split_once("## What holds").expect("the table");
        let rows = table.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.rsplit_once(" | "));
        // Heads and the lines below them name none.
        let rows = rows.filter(|(_, tests)| !["Test", "Tests"].contains(tests) && !tests.starts_with('-'));
        promises.extend(rows.map(|(promise, tests)| (promise.to_owned(), tests.to_owned())));
    }
    for (promise, tests) in &promises {
        for name in tests.split(", ").map(|name| name.trim_matches('`')) {
            assert!(known.contains(name), "{promise}: {name}");
        }
    }
    // The points that a feed has to hold.
    let numbers = promises.iter().filter_map(|(promise, _)| promise.split(' ').next()?.parse().ok());
    assert_eq!(numbers.collect::<Vec<usize>>(), (1..=58).collect::<Vec<usize>>());
}
