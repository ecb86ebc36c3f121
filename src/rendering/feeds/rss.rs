//! RSS 2.0. Sources: the specification (<https://www.rssboard.org/rss-specification>), the RSS Best Practices Profile, and for
//! archives RFC 5005.

use std::borrow::Cow;
use std::io;

use chrono::{DateTime, FixedOffset};
use quick_xml::events::{BytesCData, BytesText, Event};

use crate::files::config::FeedFormat;
use crate::rendering::feed_address::{Archive, FeedAddress};
use crate::rendering::feeds::archives::archives;
use crate::rendering::feeds::asking::Asking;
use crate::rendering::feeds::hours::greenwich_hours;
use crate::rendering::feeds::item::Item;
use crate::rendering::feeds::people::{editor, mail_and_name};
use crate::rendering::feeds::pictures::{Image, in_text};
use crate::rendering::feeds::{Feed, Scope};
use crate::rendering::renderer::{GENERATOR, Renderer};
use crate::rendering::xml::{Xml, document, write_text};

/// What the feed's own documentation element points to.
const DOCS: &str = "https://www.rssboard.org/rss-specification";

/// RFC 822 with the year in full: the day's name and the offset are those of that date.
const RFC_822: &str = "%a, %d %b %Y %H:%M:%S %z";

/// Prefixes that every feed of ours declares, whether its items need them or not.
const NAMESPACES: [(&str, &str); 6] = [
    ("version", "2.0"),
    ("xmlns:atom", "http://www.w3.org/2005/Atom"),
    ("xmlns:content", "http://purl.org/rss/1.0/modules/content/"),
    ("xmlns:dc", "http://purl.org/dc/elements/1.1/"),
    ("xmlns:fh", "http://purl.org/syndication/history/1.0"),
    ("xmlns:media", "http://search.yahoo.com/mrss/"),
];

/// Writes a feed.
pub(super) fn write<'i>(
    renderer: &Renderer<'_>,
    feed: &Feed,
    mut items: impl Iterator<Item = Cow<'i, Item>>,
    asking: &Asking,
) -> io::Result<Vec<u8>> {
    document(feed.bytes(renderer), |xml| {
        xml.create_element("rss").with_attributes(NAMESPACES).write_inner_content(|xml| {
            xml.create_element("channel").write_inner_content(|xml| {
                write_channel(xml, renderer, feed, asking, feed.changed(renderer))?;
                items.try_for_each(|item| write_item(xml, renderer, feed, &item))
            })?;
            Ok(())
        })?;
        Ok(())
    })
}

/// Everything about the channel stands before its items: some readers stop at the first one.
fn write_channel(
    xml: &mut Xml,
    renderer: &Renderer<'_>,
    feed: &Feed,
    asking: &Asking,
    changed: Option<DateTime<FixedOffset>>,
) -> io::Result<()> {
    let config = &renderer.site.config;
    let own = feed.address(renderer, FeedFormat::Rss);
    write_text(xml, "title", &own.title)?;
    write_text(xml, "link", &feed.link(renderer))?;
    write_text(xml, "description", &feed.description)?;
    write_text(xml, "language", feed.language(renderer))?;
    if !config.copyright.is_empty() {
        write_text(xml, "copyright", &config.copyright)?;
    }
    if let Some(editor) = editor(config) {
        write_text(xml, "managingEditor", &editor)?;
    }
    if let Some(webmaster) = config.feed.webmaster.as_ref().and_then(mail_and_name) {
        write_text(xml, "webMaster", &webmaster)?;
    }
    if let Some(date) = changed {
        write_text(xml, "lastBuildDate", &date.format(RFC_822).to_string())?;
    }
    config.feed.categories.iter().try_for_each(|category| write_text(xml, "category", category))?;
    write_text(xml, "generator", GENERATOR)?;
    write_text(xml, "docs", DOCS)?;
    if let Scope::Archive { .. } = feed.scope {
        xml.create_element("fh:archive").write_empty()?;
    } else {
        write_asking(xml, asking, changed)?;
    }
    if let Some(image) = &renderer.site.channel_image {
        // Title and link are the channel's own.
        xml.create_element("image").write_inner_content(|xml| {
            write_text(xml, "url", &renderer.url(&image.route))?;
            write_text(xml, "title", &own.title)?;
            write_text(xml, "link", &feed.link(renderer))?;
            write_text(xml, "width", &image.width.to_string())?;
            write_text(xml, "height", &image.height.to_string())
        })?;
    }
    write_links(xml, renderer, feed, &own)
}

/// When readers may ask, and when they need not.
fn write_asking(xml: &mut Xml, asking: &Asking, changed: Option<DateTime<FixedOffset>>) -> io::Result<()> {
    if let Some(minutes) = asking.ttl {
        write_text(xml, "ttl", &minutes.to_string())?;
    }
    if let (Some(skip), Some(date)) = (&asking.hours, changed) {
        let hours = greenwich_hours(skip, &date);
        xml.create_element("skipHours")
            .write_inner_content(|xml| hours.iter().try_for_each(|hour| write_text(xml, "hour", &hour.to_string())))?;
    }
    if !asking.days.is_empty() {
        xml.create_element("skipDays")
            .write_inner_content(|xml| asking.days.iter().try_for_each(|day| write_text(xml, "day", day.name())))?;
    }
    Ok(())
}

/// Its own address, its hub, and its place among the archives.
fn write_links(xml: &mut Xml, renderer: &Renderer<'_>, feed: &Feed, own: &FeedAddress) -> io::Result<()> {
    let mut link = |relation: &str, address: &str| {
        let mut attributes = vec![("href", address), ("rel", relation)];
        if relation != "hub" {
            attributes.push(("type", FeedFormat::Rss.media_type()));
        }
        xml.create_element("atom:link").with_attributes(attributes).write_empty().map(|_| ())
    };
    link("self", &renderer.url(&own.route))?;
    let config = &renderer.site.config;
    let address = |archive: Archive| renderer.url(&FeedAddress::of_archive(config, archive).route);
    match &feed.scope {
        Scope::Site => {
            if let Some(hub) = &config.feed.hub {
                link("hub", hub)?;
            }
            if let Some(Scope::Archive { archive: newest, .. }) = archives(renderer).first().map(|feed| &feed.scope) {
                link("prev-archive", &address(*newest))?;
            }
        }
        Scope::Tag(_) | Scope::Album(_) | Scope::Language(_) => {}
        Scope::Archive { before, after, .. } => {
            link("current", &renderer.url(&FeedAddress::of_site(config, FeedFormat::Rss).route))?;
            if let Some(before) = before {
                link("prev-archive", &address(*before))?;
            }
            if let Some(after) = after {
                link("next-archive", &address(*after))?;
            }
        }
    }
    Ok(())
}

fn write_item(xml: &mut Xml, renderer: &Renderer<'_>, feed: &Feed, item: &Item) -> io::Result<()> {
    xml.create_element("item").write_inner_content(|xml| {
        // A guid is a permalink unless it says otherwise; a post's outlives its address.
        let mut guid = xml.create_element("guid");
        if !item.is_permalink {
            guid = guid.with_attribute(("isPermaLink", "false"));
        }
        guid.write_text_content(BytesText::new(&item.id))?;
        write_text(xml, "link", &item.url)?;
        if let Some(date) = item.published {
            write_text(xml, "pubDate", &date.format(RFC_822).to_string())?;
        }
        if let Some(date) = item.updated {
            write_text(xml, "atom:updated", &date.to_rfc3339())?;
        }
        if !item.title.is_empty() {
            write_text(xml, "title", &item.title)?;
        }
        // An `author` would have to be an address for mail.
        for author in &item.authors {
            write_text(xml, "dc:creator", author)?;
        }
        if item.language != feed.language(renderer) {
            write_text(xml, "dc:language", &item.language)?;
        }
        for tag in &item.tags {
            write_text(xml, "category", tag)?;
        }
        if let Some(enclosure) = &item.enclosure {
            let length = enclosure.length.to_string();
            let attributes = [("url", enclosure.url.as_str()), ("length", &length), ("type", &enclosure.media_type)];
            xml.create_element("enclosure").with_attributes(attributes).write_empty()?;
        }
        write_images(xml, renderer, item)?;
        if renderer.site.config.feed.summaries {
            write_text(xml, "description", &escaped(&item.summary))?;
            return write_html(xml, "content:encoded", &item.html);
        }
        write_html(xml, "description", &item.html)
    })?;
    Ok(())
}

/// Every picture of an item, the one that stands for it first, and one of them small.
fn write_images(xml: &mut Xml, renderer: &Renderer<'_>, item: &Item) -> io::Result<()> {
    let mut images: Vec<Image> = item.image.iter().cloned().collect();
    let further = in_text(renderer, &item.html, &item.page);
    images.extend(further.into_iter().filter(|image| item.image.as_ref().is_none_or(|own| own.url != image.url)));
    images.iter().try_for_each(|image| write_image(xml, image))?;
    if let Some(image) = images.first() {
        xml.create_element("media:thumbnail").with_attribute(("url", image.thumbnail.as_str())).write_empty()?;
    }
    Ok(())
}

fn write_image(xml: &mut Xml, image: &Image) -> io::Result<()> {
    let size = image.size.map(|(width, height)| (width.to_string(), height.to_string()));
    let mut attributes = vec![("url", image.url.as_str()), ("medium", "image"), ("type", image.media_type)];
    if let Some((width, height)) = &size {
        attributes.extend([("width", width.as_str()), ("height", height.as_str())]);
    }
    xml.create_element("media:content").with_attributes(attributes).write_empty()?;
    Ok(())
}

/// Of an item only the description is HTML, so plain text there is escaped once more.
fn escaped(text: &str) -> String {
    quick_xml::escape::partial_escape(text).into_owned()
}

/// HTML as it stands. A section ends at `]]>`, so those are parted.
fn write_html(xml: &mut Xml, name: &str, html: &str) -> io::Result<()> {
    xml.create_element(name).write_inner_content(|xml| {
        BytesCData::escaped(html).try_for_each(|part| xml.write_event(Event::CData(part)))
    })?;
    Ok(())
}
