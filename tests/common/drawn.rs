//! Drawn posts on their way into feeds.

use std::path::Path;

use genblog::files::config::FeedFormat;
use genblog::graph::site::{Body, Post, Site};
use genblog::rendering::feeds::asking::asking;
use genblog::rendering::feeds::of_site;
use genblog::rendering::renderer::Renderer;
use genblog::rendering::theme::Theme;

use crate::common::{body, site};

/// A body of one paragraph that says `text`.
pub(crate) fn paragraph(text: &str) -> Body {
    let mut html = String::from("<p>");
    pulldown_cmark_escape::escape_html(&mut html, text).expect("a string takes everything");
    html.push_str("</p>");
    body(&html)
}

/// The small site with these posts alone, each with an id of its own.
pub(crate) fn site_with(posts: Vec<Post>) -> Site {
    let mut site = site("https://example.org/blog/", Path::new("/nowhere/stone.png"));
    site.tags.clear();
    site.posts = posts;
    for (number, post) in site.posts.iter_mut().enumerate() {
        post.id = format!("{}-{number}", post.id);
    }
    site
}

/// The site's feed in each format.
pub(crate) fn feeds(site: &Site) -> [(FeedFormat, Vec<u8>); 3] {
    let theme = Theme::new(&[]).expect("the built-in theme is sound");
    let renderer = Renderer::new(site, &theme, blake3::hash(b"test"));
    let (asking, _) = asking(&renderer);
    FeedFormat::ALL.map(|format| {
        let bytes = of_site(&renderer).write(&renderer, format, &asking);
        (format, bytes.expect("writing to memory does not fail"))
    })
}
