//! What an author should know about the feeds: characters that cannot stand there, posts in hours that readers skip, and size.

use std::sync::Arc;

use rayon::prelude::{IntoParallelRefIterator, ParallelExtend, ParallelIterator};

use crate::files::config::{CONFIG_FILE, Config, SkipHours};
use crate::files::source::Source;
use crate::graph::site::{Album, Block, Photo, Post, Site};
use crate::rendering::drawing::{LARGEST, drawings};
use crate::rendering::feeds::asking::asking;
use crate::rendering::feeds::history::has_time;
use crate::rendering::feeds::hours::is_skipped;
use crate::rendering::feeds::of_site;
use crate::rendering::renderer::Renderer;
use crate::words::characters::first_illegal;
use crate::words::diagnostic::Diagnostic;
use crate::words::feed_limits::{IN_SKIPPED_HOURS, MOST_BYTES, NEWEST};
use crate::words::source_text::{SourceText, Span};

/// The code of the warning about a feed that is too large.
pub const FEED_SIZE: &str = "feed-size";

/// All warnings about the site's feeds; what is wrong in a text is shown there, if the text is in `sources`.
#[must_use]
pub fn check(renderer: &Renderer<'_>, sources: &Source) -> Vec<Diagnostic> {
    let site = renderer.site;
    let (asking, mut problems) = asking(renderer);
    // Every post stands in some feed: in a tag's or a year's, when not in the site's.
    problems.par_extend(site.posts.par_iter().filter_map(|post| illegal_in_post(site, post, sources.text(&post.path))));
    problems.extend(site.albums.iter().flat_map(|album| album.photos.iter().filter_map(illegal_in_photo)));
    problems.extend(site.albums.iter().filter_map(illegal_in_album));
    problems.par_extend(site.posts.par_iter().filter_map(|post| inline_svg(post, sources.text(&post.path))));
    problems.extend(illegal_in_config(&site.config));
    let posts = of_site(renderer).posts(renderer);
    problems.extend(asking.hours.and_then(|skip| skipped(&skip, &posts)));
    problems.extend(large(&posts));
    problems
}

/// The warnings that depend on what the post at `index` of the site's list says, which is in this text.
#[must_use]
pub fn check_text(renderer: &Renderer<'_>, index: usize, written: &Arc<SourceText>) -> Vec<Diagnostic> {
    let (site, newest) = (renderer.site, of_site(renderer).posts(renderer));
    let post = &site.posts[index];
    let size = if index < newest.len() { large(&newest) } else { None };
    illegal_in_post(site, post, Some(written)).into_iter().chain(inline_svg(post, Some(written))).chain(size).collect()
}

/// What is wrong with a character.
fn left_out(c: char) -> Diagnostic {
    let message = format!("U+{:04X} cannot stand in a feed and is left out there", u32::from(c));
    Diagnostic::warning("feed-character", message)
}

/// Warns of characters that the feed leaves out, since XML has no way to write them.
fn illegal_in_post(site: &Site, post: &Post, source: Option<&Arc<SourceText>>) -> Option<Diagnostic> {
    if let Some((source, (at, c))) = source.and_then(|source| Some((source, first_illegal(&source.text)?))) {
        let span = Span::new(source, at..at + c.len_utf8());
        return Some(left_out(c).at(span, "here").help("remove the character"));
    }
    // Not in the source, so a reference such as `&#1;` or an escape such as `\u0001` made it.
    let html = post.body.blocks.iter().map(|block| match block {
        Block::Html(html) => html.as_str(),
        Block::Figure(figure) => figure.caption.as_str(),
        Block::Code(code) => code.text.as_str(),
        Block::Diagram(diagram) => diagram.caption.as_str(),
    });
    let config = &site.config;
    // The site's author and a tag that another post wrote are told once, where they stand.
    let authors = post.authors.iter().filter(|name| **name != config.author && config.person(name).is_none());
    let tags = post.tags.iter().filter_map(|slug| site.tags.get(slug));
    let tags = tags.filter(|tag| tag.posts.last().is_some_and(|oldest| std::ptr::eq(&site.posts[oldest.0], post)));
    let texts = authors.chain(tags.map(|tag| &tag.name)).map(String::as_str);
    let c = html
        .chain([post.title.as_str(), &post.id, &post.summary])
        .chain(texts)
        .find_map(first_illegal)
        .map(|(_, c)| c)?;
    let problem = left_out(c).help("remove what stands for the character");
    Some(match source.and_then(|source| written(source, c)) {
        Some(span) => problem.at(span, "this stands for it"),
        None => problem.in_path(&post.path),
    })
}

/// Warns of a drawing in the text that does not stand for itself, so that feeds have no picture of it.
fn inline_svg(post: &Post, source: Option<&Arc<SourceText>>) -> Option<Diagnostic> {
    let places = drawings(&post.route, &post.body);
    let number = places.iter().position(|place| place.drawing.is_none())?;
    let problem = Diagnostic::warning("feed-svg", "a drawing in the text is left out of the feed").help(format!(
        "it needs a size of at most {LARGEST} pixels and must be well-formed by itself, without classes, colours, parts or sizes \
         of the page; or put it into a file beside the post, and write `![…](drawing.png)`"
    ));
    let shown = source.and_then(|source| {
        let starts = starts_of_drawings(&source.text);
        // Code may show some, too, and which is which is not known then.
        let at = *starts.get(number).filter(|_| starts.len() == places.len())?;
        Some(Span::new(source, at..at + SVG.len()))
    });
    Some(match shown {
        Some(span) => problem.at(span, "here"),
        None => problem.in_path(&post.path),
    })
}

/// What a drawing begins with, in letters of any case.
const SVG: &str = "<svg";

fn starts_of_drawings(text: &str) -> Vec<usize> {
    let small = text.to_ascii_lowercase();
    let ends_there =
        |at: usize| small[at + SVG.len()..].starts_with(|c: char| c.is_ascii_whitespace() || "/>".contains(c));
    small.match_indices(SVG).map(|(at, _)| at).filter(|at| ends_there(*at)).collect()
}

/// How a character can be written without standing there: what begins it, its digits' radix, and how many digits there are.
const NUMBERED: [(&str, u32, Option<usize>); 6] = [
    ("&#x", 16, None),
    ("&#X", 16, None),
    ("&#", 10, None),
    ("\\u", 16, Some(4)),
    ("\\U", 16, Some(8)),
    ("\\x", 16, Some(2)),
];

/// Escapes of TOML, YAML and JSON that have a letter.
const LETTERED: [(&str, char); 6] =
    [("\\0", '\0'), ("\\a", '\u{7}'), ("\\b", '\u{8}'), ("\\v", '\u{b}'), ("\\f", '\u{c}'), ("\\e", '\u{1b}')];

/// Where a text has a reference or an escape that stands for `wanted`.
fn written(source: &Arc<SourceText>, wanted: char) -> Option<Span> {
    let text = &source.text;
    let number = |at: usize, start: &str, radix: u32, length: Option<usize>| {
        let rest = &text[at + start.len()..];
        let end = rest.find(|c: char| !c.is_digit(radix)).unwrap_or(rest.len());
        let digits = &rest[..length.unwrap_or(end).min(end)];
        let complete = length.is_none_or(|length| digits.len() == length);
        // However many zeros stand before it; a number too large for `u32` is no character's.
        let number = u32::from_str_radix(digits, radix).ok();
        (complete && number == Some(wanted.into())).then_some(at..at + start.len() + digits.len())
    };
    let numbered = NUMBERED.iter().flat_map(|&(start, radix, length)| {
        text.match_indices(start).filter_map(move |(at, _)| number(at, start, radix, length))
    });
    let lettered = LETTERED.iter().filter(|(_, c)| *c == wanted);
    let lettered = lettered.flat_map(|(escape, _)| text.match_indices(escape).map(|(at, it)| at..at + it.len()));
    // A backslash and a letter may be anything.
    let first = numbered.min_by_key(|range| range.start).or_else(|| lettered.min_by_key(|range| range.start))?;
    Some(Span::new(source, first))
}

/// Warns of such characters in what is said about a photograph.
fn illegal_in_photo(photo: &Photo) -> Option<Diagnostic> {
    let c =
        [&photo.title, &photo.caption, &photo.alt].into_iter().find_map(|text| first_illegal(text)).map(|(_, c)| c)?;
    Some(left_out(c).in_path(&photo.path).help("remove it from the picture's title, caption and alternative text"))
}

/// Warns of such characters in what an album says of itself, which its feed says too.
fn illegal_in_album(album: &Album) -> Option<Diagnostic> {
    let (_, c) = [&album.title, &album.summary].into_iter().find_map(|text| first_illegal(text))?;
    Some(left_out(c).in_path(&album.path).help("remove it from the album's title and summary"))
}

/// Warns of such characters in what the configuration says about the feed.
fn illegal_in_config(config: &Config) -> Option<Diagnostic> {
    let texts = [&config.title, &config.description, &config.author, &config.copyright];
    let people = config.people.iter().chain(&config.feed.webmaster);
    let mut texts = texts.into_iter().chain(&config.feed.categories).chain(people.map(|person| &person.name));
    let (_, c) = texts.find_map(|text| first_illegal(text))?;
    Some(left_out(c).in_path(CONFIG_FILE).help("remove the escape that stands for it"))
}

/// Warns when the newest posts came out in hours in which readers were told not to ask: they were read late.
fn skipped(skip: &SkipHours, posts: &[&Post]) -> Option<Diagnostic> {
    let recent = &posts[..posts.len().min(NEWEST)];
    let late: Vec<&&Post> = recent.iter().filter(|post| has_time(&post.date) && is_skipped(skip, &post.date)).collect();
    let newest = late.first().filter(|_| late.len() >= IN_SKIPPED_HOURS)?;
    let message = format!(
        "{} of the {} newest posts came out in hours that `skip_hours` tells readers to skip",
        late.len(),
        recent.len()
    );
    let local = newest.date.with_timezone(&skip.timezone).format("%H:%M");
    let help =
        format!("`{}` came out at {local} in {}: take that hour out of the list", newest.path, skip.timezone.name());
    Some(Diagnostic::warning("feed-hours", message).in_path(CONFIG_FILE).help(help))
}

/// Warns of a feed that some services cut or refuse.
fn large(posts: &[&Post]) -> Option<Diagnostic> {
    // What a build renders anyway is not rendered for this: addresses and figures' captions add little.
    let sizes: Vec<usize> = posts.iter().map(|post| post.body.bytes()).collect();
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
        Diagnostic::warning(FEED_SIZE, message).in_path(CONFIG_FILE).help(help)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_to_write_a_character_has_its_digits() {
        for (text, wanted, expected) in [
            ("&#10; &#0001; &#1;", '\u{1}', Some("&#0001")),
            ("&#x10FFFF0; &#X0b;", '\u{b}', Some("&#X0b")),
            ("&#000000000000011;", '\u{b}', Some("&#000000000000011")),
            ("&#99999999999999999999; &#xfffe;", '\u{fffe}', Some("&#xfffe")),
            // More digits are no part of these.
            (r"\u00012 \u0001", '\u{1}', Some(r"\u0001")),
            (r"\U0000000B0", '\u{b}', Some(r"\U0000000B")),
            (r"\x0bc", '\u{b}', Some(r"\x0b")),
            // And fewer are no escape.
            (r"\u1", '\u{1}', None),
            (r"C:\b \u0008", '\u{8}', Some(r"\u0008")),
            (r"a\bc", '\u{8}', Some(r"\b")),
            ("1", '\u{1}', None),
        ] {
            let found = written(&SourceText::new("a.md", text), wanted);
            assert_eq!(found.as_ref().map(Span::text), expected, "{text}");
        }
    }
}
