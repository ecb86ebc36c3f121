//! What an author should know about the feeds: characters that cannot stand there, posts in hours that readers skip, and size.

use std::sync::Arc;

use crate::files::config::{CONFIG_FILE, Config, SkipHours};
use crate::graph::site::{Block, Photo, Post};
use crate::rendering::feeds::asking::asking;
use crate::rendering::feeds::history::has_time;
use crate::rendering::feeds::hours::is_skipped;
use crate::rendering::feeds::of_site;
use crate::rendering::renderer::Renderer;
use crate::words::characters::is_legal;
use crate::words::diagnostic::Diagnostic;
use crate::words::source_text::{SourceText, Span};

/// Posts that are looked at for the hours they were published in.
const RECENT: usize = 10;

/// How many of those, when they lie in skipped hours, are worth a warning: one may be chance.
const OFTEN: usize = 2;

/// More bytes than some services take.
const MOST_BYTES: usize = 512 << 10;

/// All warnings about the site's feeds.
#[must_use]
pub fn check(renderer: &Renderer<'_>) -> Vec<Diagnostic> {
    let site = renderer.site;
    let (asking, mut problems) = asking(renderer);
    // Every post stands in some feed: in a tag's or a year's, when not in the site's.
    problems.extend(site.posts.iter().filter_map(illegal_in_post));
    problems.extend(site.albums.iter().flat_map(|album| album.photos.iter().filter_map(illegal_in_photo)));
    problems.extend(site.posts.iter().filter_map(inline_svg));
    problems.extend(illegal_in_config(&site.config));
    let posts = of_site(renderer).posts(renderer);
    problems.extend(asking.hours.and_then(|skip| skipped(&skip, &posts)));
    problems.extend(large(&posts));
    problems
}

/// What is wrong with a character.
fn left_out(c: char) -> Diagnostic {
    let message = format!("U+{:04X} cannot stand in a feed and is left out there", u32::from(c));
    Diagnostic::warning("feed-character", message)
}

/// Warns of characters that the feed leaves out, since XML has no way to write them.
fn illegal_in_post(post: &Post) -> Option<Diagnostic> {
    let source = &post.source;
    if let Some((at, c)) = source.text.char_indices().find(|(_, c)| !is_legal(*c)) {
        let span = Span::new(source, at..at + c.len_utf8());
        return Some(left_out(c).at(span, "here").help("remove the character"));
    }
    // Not in the source, so a reference such as `&#1;` or an escape such as `\u0001` made it.
    let html = post.body.blocks.iter().filter_map(|block| match block {
        Block::Html(html) => Some(html.as_str()),
        Block::Figure(_) => None,
    });
    let c = html.chain([post.title.as_str(), &post.id]).flat_map(str::chars).find(|c| !is_legal(*c))?;
    let problem = left_out(c).help("remove what stands for the character");
    Some(match written(source, c) {
        Some(span) => problem.at(span, "this stands for it"),
        None => problem.in_path(&source.path),
    })
}

/// Warns of a drawing that stands in the text itself: readers refuse it, or show its words without its lines.
fn inline_svg(post: &Post) -> Option<Diagnostic> {
    let shown = |block: &Block| matches!(block, Block::Html(html) if html.contains("<svg"));
    post.body.blocks.iter().find(|block| shown(block))?;
    let problem = Diagnostic::warning("feed-svg", "a drawing in the text is left out of the feed").help(
        "put it into a file beside the post, PNG for readers that show nothing else, and write `![…](drawing.png)`",
    );
    let source = &post.source;
    Some(match source.text.find("<svg") {
        Some(at) => problem.at(Span::new(source, at..at + "<svg".len()), "here"),
        None => problem.in_path(&source.path),
    })
}

/// Where a text has a reference or an escape that stands for `wanted`.
fn written(source: &Arc<SourceText>, wanted: char) -> Option<Span> {
    let text = &source.text;
    let number = |at: usize, skip: usize, radix: u32| {
        let digits: String = text[at + skip..].chars().take_while(|c| c.is_digit(radix)).take(8).collect();
        let found = u32::from_str_radix(&digits, radix).ok().and_then(char::from_u32) == Some(wanted);
        found.then(|| Span::new(source, at..at + skip + digits.len()))
    };
    let find = |start: &'static str, radix| {
        text.match_indices(start).filter_map(move |(at, _)| number(at, start.len(), radix)).next()
    };
    [("&#x", 16), ("&#X", 16), ("&#", 10), ("\\u", 16), ("\\U", 16), ("\\x", 16)]
        .into_iter()
        .filter_map(|(start, radix)| find(start, radix))
        .min_by_key(|span| span.range.start)
}

/// Warns of such characters in what is said about a photograph.
fn illegal_in_photo(photo: &Photo) -> Option<Diagnostic> {
    let c =
        [&photo.title, &photo.caption, &photo.alt].into_iter().flat_map(|text| text.chars()).find(|c| !is_legal(*c))?;
    Some(left_out(c).in_path(&photo.path).help("remove it from the picture's title, caption and alternative text"))
}

/// Warns of such characters in what the configuration says about the feed.
fn illegal_in_config(config: &Config) -> Option<Diagnostic> {
    let texts = [&config.title, &config.description, &config.author, &config.copyright];
    let texts = texts.into_iter().chain(&config.feed.categories);
    let c = texts.flat_map(|text| text.chars()).find(|c| !is_legal(*c))?;
    Some(left_out(c).in_path(CONFIG_FILE).help("remove the escape that stands for it"))
}

/// Warns when the newest posts came out in hours in which readers were told not to ask: they were read late.
fn skipped(skip: &SkipHours, posts: &[&Post]) -> Option<Diagnostic> {
    let recent = &posts[..posts.len().min(RECENT)];
    let late: Vec<&&Post> = recent.iter().filter(|post| has_time(&post.date) && is_skipped(skip, &post.date)).collect();
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
    Some(Diagnostic::warning("feed-hours", message).in_path(CONFIG_FILE).help(help))
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
        Diagnostic::warning("feed-size", message).in_path(CONFIG_FILE).help(help)
    })
}
