//! Atom 1.0. Source: RFC 4287.

use std::borrow::Cow;
use std::io;

use chrono::{DateTime, FixedOffset};
use quick_xml::events::BytesText;

use crate::files::config::{Config, FeedFormat};
use crate::rendering::feeds::item::Item;
use crate::rendering::feeds::{Feed, Scope};
use crate::rendering::portable::has_scheme;
use crate::rendering::renderer::{GENERATOR, Renderer};
use crate::rendering::xml::{Xml, document, without_illegal, write_text};

/// A feed must say when it changed, and so must an entry; an empty feed has not yet, and a picture may have no date. These say the
/// month of Atom's standard: nothing in this format is older, and readers take 1970 for a clock that was never set.
const NEVER: &str = "2005-12-01T00:00:00+00:00";

/// Writes a feed.
pub(super) fn write(renderer: &Renderer<'_>, feed: &Feed, items: &[Cow<'_, Item>]) -> io::Result<Vec<u8>> {
    let language = feed.language(renderer);
    document(feed.bytes(renderer), |xml| {
        xml.create_element("feed")
            .with_attributes([("xmlns", "http://www.w3.org/2005/Atom"), ("xml:lang", language)])
            .write_inner_content(|xml| {
                write_feed(xml, renderer, feed, feed.changed(renderer))?;
                items.iter().try_for_each(|item| write_entry(xml, renderer, feed, item))
            })?;
        Ok(())
    })
}

fn write_feed(
    xml: &mut Xml,
    renderer: &Renderer<'_>,
    feed: &Feed,
    changed: Option<DateTime<FixedOffset>>,
) -> io::Result<()> {
    let config = &renderer.site.config;
    let own = feed.address(renderer, FeedFormat::Atom);
    // Languages share a page, and no two feeds an id.
    let shared = matches!(feed.scope, Scope::Language(_));
    write_text(xml, "id", &if shared { renderer.url(&own.route) } else { renderer.url(&feed.page) })?;
    write_text(xml, "title", &own.title)?;
    write_text(xml, "subtitle", &feed.description)?;
    write_text(xml, "updated", &moment(changed))?;
    // Entries without an author have the feed's, and one of both there must be.
    let author = if config.author.is_empty() { &config.title } else { &config.author };
    write_author(xml, config, author)?;
    for category in &config.feed.categories {
        write_category(xml, category)?;
    }
    write_link(xml, "alternate", "text/html", &feed.link(renderer))?;
    write_link(xml, "self", FeedFormat::Atom.media_type(), &renderer.url(&own.route))?;
    if let Some(hub) = config.feed.hub.as_ref().filter(|_| feed.scope == Scope::Site) {
        xml.create_element("link").with_attributes([("rel", "hub"), ("href", hub.as_str())]).write_empty()?;
    }
    if !config.copyright.is_empty() {
        write_text(xml, "rights", &config.copyright)?;
    }
    if let Some(image) = &renderer.site.channel_image {
        let url = renderer.url(&image.route);
        if image.width == image.height {
            // An icon is square (RFC 4287, section 4.2.5).
            write_text(xml, "icon", &url)?;
        }
        write_text(xml, "logo", &url)?;
    }
    write_text(xml, "generator", GENERATOR)
}

fn write_entry(xml: &mut Xml, renderer: &Renderer<'_>, feed: &Feed, item: &Item) -> io::Result<()> {
    let mut entry = xml.create_element("entry");
    if item.language != feed.language(renderer) {
        entry = entry.with_attribute(("xml:lang", item.language.as_str()));
    }
    entry.write_inner_content(|xml| {
        write_text(xml, "id", &iri(&item.id, &item.page))?;
        write_text(xml, "title", &item.title)?;
        if let Some(date) = item.published {
            write_text(xml, "published", &date.to_rfc3339())?;
        }
        write_text(xml, "updated", &moment(item.updated.or(item.published)))?;
        for author in &item.authors {
            write_author(xml, &renderer.site.config, author)?;
        }
        write_link(xml, "alternate", "text/html", &item.url)?;
        if let Some(image) = &item.image {
            write_link(xml, "enclosure", image.media_type, &image.url)?;
        }
        if let Some(enclosure) = &item.enclosure {
            let length = enclosure.length.to_string();
            let attributes = [
                ("rel", "enclosure"),
                ("type", enclosure.media_type.as_str()),
                ("length", &length),
                ("href", &enclosure.url),
            ];
            xml.create_element("link").with_attributes(attributes).write_empty()?;
        }
        for tag in &item.tags {
            write_category(xml, tag)?;
        }
        if renderer.site.config.feed.summaries {
            write_text(xml, "summary", &item.summary)?;
        }
        xml.create_element("content")
            .with_attribute(("type", "html"))
            .write_text_content(BytesText::new(&item.html))?;
        Ok(())
    })?;
    Ok(())
}

/// A moment that must stand there.
fn moment(date: Option<DateTime<FixedOffset>>) -> String {
    date.map_or_else(|| NEVER.to_owned(), |date| date.to_rfc3339())
}

/// An id must be an IRI. One that an author chose may be any text; then it becomes a fragment of the page's address.
fn iri(id: &str, page: &str) -> String {
    let id = without_illegal(id);
    let is_iri = has_scheme(&id) && !id.contains(|c: char| c.is_whitespace() || "<>\"{}|\\^`".contains(c));
    if is_iri { id } else { format!("{page}#{}", percent(&id)) }
}

/// Everything but unreserved characters (RFC 3986) percent-encoded.
fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

fn write_author(xml: &mut Xml, config: &Config, name: &str) -> io::Result<()> {
    xml.create_element("author").write_inner_content(|xml| {
        write_text(xml, "name", name)?;
        let Some(person) = config.person(name) else { return Ok(()) };
        if let Some(url) = &person.url {
            write_text(xml, "uri", url)?;
        }
        person.email.as_ref().map_or(Ok(()), |email| write_text(xml, "email", email))
    })?;
    Ok(())
}

fn write_category(xml: &mut Xml, term: &str) -> io::Result<()> {
    xml.create_element("category").with_attribute(("term", &*without_illegal(term))).write_empty()?;
    Ok(())
}

fn write_link(xml: &mut Xml, relation: &str, media_type: &str, address: &str) -> io::Result<()> {
    xml.create_element("link")
        .with_attributes([("rel", relation), ("type", media_type), ("href", address)])
        .write_empty()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_an_iri_whatever_the_author_chose() {
        let page = "https://example.org/a/";
        for (id, expected) in [
            ("tag:example.org,2008:a", "tag:example.org,2008:a"),
            (
                "http://example.org/archives#2008-12-12T17_35_11.txt",
                "http://example.org/archives#2008-12-12T17_35_11.txt",
            ),
            ("größe:1", "https://example.org/a/#gr%C3%B6%C3%9Fe%3A1"),
            ("17", "https://example.org/a/#17"),
            ("urn:a b", "https://example.org/a/#urn%3Aa%20b"),
        ] {
            assert_eq!(iri(id, page), expected, "{id}");
        }
    }
}
