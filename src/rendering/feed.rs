//! The feed: RSS 2.0 with the full text of the newest posts ([`write()`]), and what an author should know about it ([`check()`]).
//!
//! Sources: the RSS 2.0 specification (<https://www.rssboard.org/rss-specification>) and the RSS Best Practices Profile. The bytes
//! depend on the site only: the build date is the newest post's, so that a feed changes when its content does.

use std::io;

use chrono::{DateTime, Offset, TimeZone};
use chrono_tz::Tz;
use quick_xml::events::{BytesCData, BytesText, Event};

use crate::files::config::SkipHours;
use crate::files::output::{Phase, Planned};
use crate::graph::site::{Block, Body, Post};
use crate::rendering::figure::Figure;
use crate::rendering::portable::{Destination, portable};
use crate::rendering::renderer::{GENERATOR, Renderer, hash_body, hash_json};
use crate::rendering::xml::{Xml, document};
use crate::words::diagnostic::Diagnostic;
use crate::words::route::Route;
use crate::words::source_text::Span;

/// What the feed's own documentation element points to.
const DOCS: &str = "https://www.rssboard.org/rss-specification";

/// RFC 822 with the year in full: the day's name and the offset are those of that date.
const RFC_822: &str = "%a, %d %b %Y %H:%M:%S %z";

/// Plans the feed.
pub fn feed<'a>(renderer: &'a Renderer<'_>) -> Planned<'a> {
    let config = &renderer.site.config;
    let skip_hours = config.feed.skip_hours.as_ref().map(|skip| (skip.timezone.name(), &skip.hours));
    let channel = hash_json(&(
        (&config.base_url, &config.title, &config.description, &config.language, &config.copyright),
        (config.feed.ttl, skip_hours),
    ));
    let mut parts = vec![channel];
    for post in newest(renderer) {
        parts.push(hash_json(&(
            (&post.id, &post.route.as_str(), &post.title, post.date.to_rfc3339()),
            renderer.tags(post).iter().map(|tag| tag.name.clone()).collect::<Vec<_>>(),
        )));
        parts.push(hash_body(&post.body));
    }
    Planned {
        route: Renderer::feed_route(),
        phase: Phase::Feed,
        fingerprint: renderer.fingerprint("feed", &parts),
        make: Box::new(|| Ok(write(renderer).expect("writing to memory does not fail"))),
    }
}

/// The posts that the feed holds, newest first.
fn newest<'a>(renderer: &Renderer<'a>) -> &'a [Post] {
    let posts = &renderer.site.posts;
    &posts[..posts.len().min(renderer.site.config.feed.limit)]
}

/// Writes the feed.
pub fn write(renderer: &Renderer<'_>) -> io::Result<Vec<u8>> {
    document(|xml| {
        xml.create_element("rss")
            .with_attributes([("version", "2.0"), ("xmlns:atom", "http://www.w3.org/2005/Atom")])
            .write_inner_content(|xml| {
                xml.create_element("channel").write_inner_content(|xml| {
                    write_channel(xml, renderer)?;
                    newest(renderer).iter().try_for_each(|post| write_item(xml, renderer, post))
                })?;
                Ok(())
            })?;
        Ok(())
    })
}

/// Everything about the channel stands before its items: some readers stop at the first one.
fn write_channel(xml: &mut Xml, renderer: &Renderer<'_>) -> io::Result<()> {
    let config = &renderer.site.config;
    write_text(xml, "title", &config.title)?;
    write_text(xml, "link", &renderer.url(&Route::home()))?;
    write_text(xml, "description", &config.description)?;
    write_text(xml, "language", &config.language)?;
    if !config.copyright.is_empty() {
        write_text(xml, "copyright", &config.copyright)?;
    }
    let newest = renderer.site.posts.first().map(|post| &post.date);
    if let Some(date) = newest {
        write_text(xml, "lastBuildDate", &date.format(RFC_822).to_string())?;
    }
    write_text(xml, "generator", GENERATOR)?;
    write_text(xml, "docs", DOCS)?;
    if let Some(minutes) = config.feed.ttl {
        write_text(xml, "ttl", &minutes.to_string())?;
    }
    if let (Some(skip), Some(date)) = (&config.feed.skip_hours, newest) {
        let hours = greenwich_hours(skip, date);
        xml.create_element("skipHours")
            .write_inner_content(|xml| hours.iter().try_for_each(|hour| write_text(xml, "hour", &hour.to_string())))?;
    }
    let own = renderer.url(&Renderer::feed_route());
    xml.create_element("atom:link")
        .with_attributes([("href", own.as_str()), ("rel", "self"), ("type", "application/rss+xml")])
        .write_empty()?;
    Ok(())
}

fn write_item(xml: &mut Xml, renderer: &Renderer<'_>, post: &Post) -> io::Result<()> {
    xml.create_element("item").write_inner_content(|xml| {
        let id = without_illegal(&post.id);
        // A guid is a permalink unless it says otherwise; ours outlives the address.
        xml.create_element("guid").with_attribute(("isPermaLink", "false")).write_text_content(BytesText::new(&id))?;
        write_text(xml, "link", &renderer.url(&post.route))?;
        write_text(xml, "pubDate", &post.date.format(RFC_822).to_string())?;
        write_text(xml, "title", &post.title)?;
        for tag in renderer.tags(post) {
            write_text(xml, "category", &tag.name)?;
        }
        let html = without_illegal(&plain_body(renderer, post));
        xml.create_element("description").write_inner_content(|xml| {
            BytesCData::escaped(&html).try_for_each(|part| xml.write_event(Event::CData(part)))
        })?;
        Ok(())
    })?;
    Ok(())
}

/// An element that holds plain text, escaped once.
fn write_text(xml: &mut Xml, name: &str, text: &str) -> io::Result<()> {
    xml.create_element(name).write_text_content(BytesText::new(&without_illegal(text)))?;
    Ok(())
}

/// The full text as readers take it: absolute links, figures as pictures.
fn plain_body(renderer: &Renderer<'_>, post: &Post) -> String {
    let url = renderer.url(&post.route);
    let Body { blocks, .. } = &post.body;
    let html: String = blocks
        .iter()
        .map(|block| match block {
            Block::Html(html) => html.clone(),
            Block::Figure(wanted) => Figure::new(wanted, &post.route).plain_html(&url, &renderer.site.config.base_url),
        })
        .collect();
    // As one text: an element of the author's may reach over a figure.
    portable(html.trim(), &url, Destination::Feed)
}

/// The hours in GMT, as the specification wants them, in the author's order.
///
/// The offset is the zone's at `date`, the newest post's. Where it is not a whole number of hours, an hour there touches two of
/// Greenwich's; both are given, since the author asked for quiet in all of it.
#[must_use]
pub fn greenwich_hours(skip: &SkipHours, date: &DateTime<Tz>) -> Vec<u8> {
    const HOUR: i32 = 3600;
    let offset = skip.timezone.offset_from_utc_datetime(&date.naive_utc()).fix().local_minus_utc();
    let mut hours: Vec<u8> = Vec::new();
    for local in &skip.hours {
        let start = i32::from(*local) * HOUR - offset;
        let last_second = start + HOUR - 1;
        for hour in [start, last_second].map(|second| second.div_euclid(HOUR).rem_euclid(24)) {
            let hour = u8::try_from(hour).expect("a remainder of 24");
            if !hours.contains(&hour) {
                hours.push(hour);
            }
        }
    }
    hours
}

/// What may stand in XML 1.0 (section 2.2, `Char`); the writer does not look.
fn is_legal(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

fn without_illegal(text: &str) -> String {
    text.chars().filter(|c| is_legal(*c)).collect()
}

/// Warns of characters that the feed leaves out, since XML has no way to write them.
#[must_use]
pub fn check(renderer: &Renderer<'_>) -> Vec<Diagnostic> {
    let warn = |post: &Post| {
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
        Some(
            Diagnostic::warning("feed-character", name(c)).in_path(&source.path).help("remove the character reference"),
        )
    };
    newest(renderer).iter().filter_map(warn).collect()
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::*;

    #[track_caller]
    fn check_hours(zone: Tz, local: &[u8], newest: (i32, u32, u32), expect: &[u8]) {
        let date = chrono_tz::Australia::Sydney
            .with_ymd_and_hms(newest.0, newest.1, newest.2, 17, 35, 11)
            .single()
            .expect("not ambiguous");
        let skip = SkipHours { timezone: zone, hours: local.to_vec() };
        assert_eq!(greenwich_hours(&skip, &date), expect);
    }

    const IN_2008: [u8; 13] = [15, 16, 17, 18, 19, 20, 21, 22, 23, 0, 1, 13, 14];

    #[test]
    fn skipped_hours_keep_their_order() {
        let tokyo: Vec<u8> = (0..=10).chain([22, 23]).collect();
        let sydney: Vec<u8> = (2..=12).chain([0, 1]).collect();
        check_hours(chrono_tz::Asia::Tokyo, &tokyo, (2008, 12, 12), &IN_2008);
        check_hours(chrono_tz::Australia::Sydney, &sydney, (2008, 12, 12), &IN_2008);
        check_hours(chrono_tz::UTC, &IN_2008, (2008, 12, 12), &IN_2008);
    }

    #[test]
    fn the_offset_is_the_one_of_the_newest_post() {
        let tokyo: Vec<u8> = (0..=10).chain([22, 23]).collect();
        let sydney: Vec<u8> = (2..=12).chain([0, 1]).collect();
        let winter = [16, 17, 18, 19, 20, 21, 22, 23, 0, 1, 2, 14, 15];
        check_hours(chrono_tz::Asia::Tokyo, &tokyo, (2008, 7, 19), &IN_2008);
        check_hours(chrono_tz::Australia::Sydney, &sydney, (2008, 7, 19), &winter);
        check_hours(chrono_tz::UTC, &IN_2008, (2008, 7, 19), &IN_2008);
    }

    #[test]
    fn an_hour_of_a_half_hour_zone_covers_two() {
        check_hours(chrono_tz::Asia::Kolkata, &[0, 1, 12], (2008, 12, 12), &[18, 19, 20, 6, 7]);
        let all: Vec<u8> = (0..24).collect();
        let skip = SkipHours { timezone: chrono_tz::Asia::Kathmandu, hours: all };
        let date = chrono_tz::UTC.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).single().expect("not ambiguous");
        assert_eq!(greenwich_hours(&skip, &date).len(), 24);
    }

    #[test]
    fn illegal_characters_are_left_out() {
        assert_eq!(without_illegal("a\u{b}b\u{fffe}\tc\u{1f514}"), "ab\tc\u{1f514}");
    }
}
