//! The list of the site's own feeds, for a reader to take at once. Source: OPML 2.0 (<http://opml.org/spec2.opml>).

use std::io;

use crate::files::composition::{Composition, Part};
use crate::files::config::FeedFormat;
use crate::files::output::{Phase, Planned};
use crate::rendering::feeds::all;
use crate::rendering::hashing::hash_json;
use crate::rendering::renderer::Renderer;
use crate::rendering::xml::{document, without_illegal, write_text};

/// The list's route.
pub const OPML: &str = "feeds.opml";

/// A line of the list: title, the feed's address, the page's.
type Outline = (String, String, String);

/// Plans the list. Each feed stands in it once, in the site's first format.
pub fn list<'a>(renderer: &'a Renderer<'_>) -> Planned<'a> {
    let config = &renderer.site.config;
    let format = config.feed.formats.first().copied().unwrap_or(FeedFormat::Rss);
    let outlines: Vec<Outline> = all(renderer)
        .into_iter()
        .map(|feed| {
            let address = feed.address(renderer, format);
            (without_illegal(&address.title), renderer.url(&address.route), feed.link(renderer))
        })
        .collect();
    let made_of = Composition::new("opml", &[(Part::View, hash_json(&(&config.title, &outlines)))]);
    Planned {
        route: Renderer::fixed(OPML),
        phase: Phase::Feed,
        fingerprint: renderer.fingerprint(&made_of),
        made_of,
        make: Box::new(move || Ok(write(&config.title, &outlines).expect("writing to memory does not fail"))),
    }
}

fn write(title: &str, outlines: &[Outline]) -> io::Result<Vec<u8>> {
    document(0, |xml| {
        xml.create_element("opml").with_attribute(("version", "2.0")).write_inner_content(|xml| {
            xml.create_element("head").write_inner_content(|xml| write_text(xml, "title", title))?;
            xml.create_element("body").write_inner_content(|xml| {
                for (title, address, page) in outlines {
                    // The type is `rss` for Atom too.
                    let attributes = [
                        ("type", "rss"),
                        ("text", title.as_str()),
                        ("title", title),
                        ("xmlUrl", address),
                        ("htmlUrl", page),
                    ];
                    xml.create_element("outline").with_attributes(attributes).write_empty()?;
                }
                Ok(())
            })?;
            Ok(())
        })?;
        Ok(())
    })
}
