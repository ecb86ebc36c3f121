//! Any text as what an author writes: the configuration, a post's front matter, a post's Markdown with figures, links that speak
//! of the engine, footnotes and HTML.
//!
//! Nothing panics, what is told holds what is promised of it, and the same text is understood in the same way again.

use chrono::{DateTime, Utc};
use genblog::files::config::{CONFIG_FILE, Overrides, parse};
use genblog::files::source::{Source, planned};
use genblog::graph::site::{Block, Site};
use genblog::graph::{Choice, assemble};
use genblog::words::diagnostic::{Diagnostic, has_error};
use genblog::words::source_text::SourceText;

#[path = "../told.rs"]
pub mod told;

/// What the other texts are understood by.
const CONFIG: &str = "base_url = \"https://example.org/blog/\"\ntitle = \"Notes\"\ntimezone = \"Europe/Berlin\"\n";

/// A post that others may lead to.
const OTHER: &str = "+++\ntitle = \"Other\"\ndate = 2026-11-01\n+++\n\n## Part\n\n```sim\nfigure = \"ring\"\n```\n";

/// Takes the bytes for a configuration.
pub fn configuration(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let read = || parse(&SourceText::new(CONFIG_FILE, text.as_ref()), &Overrides::default());
    let (config, found) = read();
    told::check(&found);
    assert_eq!((&config, &found), (&read().0, &read().1));
    match config {
        Some(config) => {
            assert!(config.base_url.ends_with('/') && config.base_path().starts_with('/'), "{}", config.base_url);
            assert!(config.page_size > 0 && !config.title.is_empty());
        }
        None => assert!(has_error(&found), "nothing is told"),
    }
}

/// Takes the bytes for the front matter of a post, TOML or YAML by the first of them.
pub fn front_matter(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let fence = if bytes.first().is_some_and(|byte| byte % 2 == 1) { "---" } else { "+++" };
    let rest = text.char_indices().nth(1).map_or("", |(at, _)| &text[at..]);
    post(&format!("{fence}\n{rest}\n{fence}\n\nSome words.\n"));
}

/// Takes the bytes for the Markdown of a post.
pub fn markdown(bytes: &[u8]) {
    post(&format!("+++\ntitle = \"Post\"\ndate = 2026-11-02\n+++\n\n{}", String::from_utf8_lossy(bytes)));
}

/// Makes a site of the text of a post, and of another.
fn post(text: &str) {
    let [(site, found), (again, same)] = [site(text), site(text)];
    assert_eq!(found, same);
    assert_eq!(format!("{:?}", site.posts), format!("{:?}", again.posts));
    told::check(&found);
    for block in site.posts.iter().filter(|post| post.body.plain).flat_map(|post| &post.body.blocks) {
        let Block::Html(html) = block else { continue };
        let html = html.to_lowercase();
        assert!(!html.contains("<img") && !html.contains("<svg"), "{html}");
    }
    if !has_error(&found) {
        // A draft, and what has expired or is to come, is left out; nothing else is.
        assert!((1..=2).contains(&site.posts.len()), "{} posts", site.posts.len());
    }
}

fn site(text: &str) -> (Site, Vec<Diagnostic>) {
    let (config, _) = parse(&SourceText::new(CONFIG_FILE, CONFIG), &Overrides::default());
    let files = [("content/posts/other.md", OTHER), ("content/posts/post.md", text)];
    let content =
        files.into_iter().map(|(path, text)| planned(path.to_owned(), path.into(), text.as_bytes().to_vec()).0);
    let source = Source { content: content.collect(), ..Source::default() };
    let now = DateTime::<Utc>::from_timestamp(1_796_083_200, 0).expect("in range");
    let choice = Choice { now, drafts: false, future: false, expired: false };
    assemble(config.expect("it is sound"), &source, &choice)
}
