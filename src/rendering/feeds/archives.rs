//! Archive documents (RFC 5005): together they hold all posts. When a post comes the newest document changes, or a new one begins and the
//! one before names it; a post that is dated back moves those after it in its year.

use chrono::Datelike;

use crate::graph::site::PostIndex;
use crate::rendering::feed_address::Archive;
use crate::rendering::feeds::{Content, Feed, Scope};
use crate::rendering::renderer::Renderer;

/// Posts in one document. A year of thousands would take a reader tens of megabytes, and a build as long to make for one word.
const POSTS: usize = 100;

/// The archives, newest first, if the site's feed does not hold all posts anyway.
#[must_use]
pub(super) fn archives(renderer: &Renderer<'_>) -> Vec<Feed> {
    let posts = &renderer.site.posts;
    if posts.len() <= renderer.site.config.feed.limit {
        return Vec::new();
    }
    let all: Vec<PostIndex> = (0..posts.len()).map(PostIndex).collect();
    let years = all.chunk_by(|a, b| posts[a.0].date.year() == posts[b.0].date.year());
    // The newest part of a year is the one that is not full yet.
    let documents = years.flat_map(|of_year| {
        let year = posts[of_year[0].0].date.year();
        let parts = of_year.rchunks(POSTS).enumerate();
        let mut parts: Vec<_> = parts.map(|(before, posts)| (Archive { year, part: before + 1 }, posts)).collect();
        parts.reverse();
        parts
    });
    let documents: Vec<(Archive, &[PostIndex])> = documents.collect();
    let at = |place: Option<usize>| place.and_then(|place| documents.get(place)).map(|(archive, _)| *archive);
    let feed = |(place, (archive, posts)): (usize, &(Archive, &[PostIndex]))| Feed {
        scope: Scope::Archive { archive: *archive, before: at(Some(place + 1)), after: at(place.checked_sub(1)) },
        description: format!("Posts of {}.", archive.year),
        page: Renderer::fixed("archives/"),
        content: Content::Posts(posts.to_vec()),
    };
    documents.iter().enumerate().map(feed).collect()
}
