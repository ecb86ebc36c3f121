//! What an author should know about the feeds: characters that cannot stand there, posts in hours that readers skip, and size.

use crate::files::config::FeedFormat;
use crate::graph::site::{Block, Post};
use crate::rendering::feeds::hours::is_skipped;
use crate::rendering::feeds::of_site;
use crate::rendering::renderer::Renderer;
use crate::rendering::xml::is_legal;
use crate::words::diagnostic::Diagnostic;
use crate::words::source_text::Span;

/// Posts that are looked at for the hours they were published in.
const RECENT: usize = 10;

/// How many of those, when they lie in skipped hours, are worth a warning: one may be chance.
const OFTEN: usize = 2;

/// More bytes than some services take.
const MOST_BYTES: usize = 512 << 10;

/// All warnings about the site's feed. Tags' feeds hold nothing else.
#[must_use]
pub fn check(renderer: &Renderer<'_>) -> Vec<Diagnostic> {
    let posts = of_site(renderer).posts(renderer);
    let mut problems: Vec<Diagnostic> = posts.iter().filter_map(|post| illegal(post)).collect();
    problems.extend(skipped(renderer, &posts));
    problems.extend(large(&posts));
    problems
}

/// Warns of characters that the feed leaves out, since XML has no way to write them.
fn illegal(post: &Post) -> Option<Diagnostic> {
    let name = |c: char| format!("U+{:04X} cannot stand in a feed and is left out there", u32::from(c));
    let source = &post.source;
    if let Some((at, c)) = source.text.char_indices().find(|(_, c)| !is_legal(*c)) {
        let span = Span::new(source, at..at + c.len_utf8());
        return Some(Diagnostic::warning("feed-character", name(c)).at(span, "here").help("remove the character"));
    }
    // Not in the source, so an entity such as `&#1;` made it.
    let html = post.body.blocks.iter().filter_map(|block| match block {
        Block::Html(html) => Some(html.as_str()),
        Block::Figure(_) => None,
    });
    let c = html.chain([post.title.as_str(), &post.id]).flat_map(str::chars).find(|c| !is_legal(*c))?;
    Some(Diagnostic::warning("feed-character", name(c)).in_path(&source.path).help("remove the character reference"))
}

/// Warns when the newest posts came out in hours in which readers were told not to ask: they were read late.
fn skipped(renderer: &Renderer<'_>, posts: &[&Post]) -> Option<Diagnostic> {
    let feed = &renderer.site.config.feed;
    let skip = feed.skip_hours.as_ref().filter(|_| feed.formats.contains(&FeedFormat::Rss))?;
    let recent = &posts[..posts.len().min(RECENT)];
    let late: Vec<&&Post> = recent.iter().filter(|post| is_skipped(skip, &post.date)).collect();
    let newest = late.first().filter(|_| late.len() >= OFTEN)?;
    let message = format!(
        "{} of the {} newest posts came out in hours that `skip_hours` tells readers to skip",
        late.len(),
        recent.len()
    );
    let local = newest.date.with_timezone(&skip.timezone).format("%H:%M");
    let help = format!(
        "`{}` came out at {local} in {}: take that hour out of the list",
        newest.source.path,
        skip.timezone.name()
    );
    Some(Diagnostic::warning("feed-hours", message).in_path("genblog.toml").help(help))
}

/// Warns of a feed that some services cut or refuse.
fn large(posts: &[&Post]) -> Option<Diagnostic> {
    // What a build renders anyway is not rendered for this: addresses and figures' captions add little.
    let size = |post: &&Post| -> usize {
        let blocks = post.body.blocks.iter();
        blocks.map(|block| if let Block::Html(html) = block { html.len() } else { 0 }).sum()
    };
    let sizes: Vec<usize> = posts.iter().map(size).collect();
    let bytes: usize = sizes.iter().sum();
    let sums = sizes.iter().scan(0, |sum, bytes| {
        *sum += bytes;
        Some(*sum)
    });
    let fit = sums.take_while(|sum| *sum <= MOST_BYTES).count().max(1);
    (bytes > MOST_BYTES && fit < sizes.len()).then(|| {
        let message = format!(
            "the {} posts of the feed have {} kB, and some services take 512 at most",
            sizes.len(),
            bytes >> 10
        );
        let help = format!("`limit = {fit}` below `[feed]` stays within that");
        Diagnostic::warning("feed-size", message).in_path("genblog.toml").help(help)
    })
}
