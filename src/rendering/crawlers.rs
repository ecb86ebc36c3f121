//! What crawlers read: `sitemap.xml` (<https://www.sitemaps.org/protocol.html>) and `robots.txt`.

use std::collections::BTreeMap;
use std::io;
use std::sync::LazyLock;

use quick_xml::events::BytesText;

use crate::files::composition::{Composition, Part};
use crate::files::output::{Phase, Planned};
use crate::rendering::hashing::hash_json;
use crate::rendering::renderer::Renderer;
use crate::rendering::xml::document;
use crate::words::route::Route;

/// Plans the sitemap; `pages` are the pages to be found, in order.
pub fn sitemap<'a>(renderer: &'a Renderer<'_>, pages: &[Route]) -> Planned<'a> {
    let changed = changed(renderer);
    let entries: Vec<(String, Option<String>)> =
        pages.iter().map(|route| (renderer.url(route), changed.get(route).cloned())).collect();
    let made_of = Composition::new("sitemap", &[(Part::View, hash_json(&entries))]);
    Planned {
        route: Renderer::fixed("sitemap.xml"),
        phase: Phase::Feed,
        fingerprint: renderer.fingerprint(&made_of),
        made_of,
        make: Box::new(move || Ok(write(&entries).expect("writing to memory does not fail"))),
    }
}

/// When pages last changed, where that is known: crawlers distrust a guess.
fn changed<'a>(renderer: &Renderer<'a>) -> BTreeMap<&'a Route, String> {
    static HOME: LazyLock<Route> = LazyLock::new(Route::home);
    let site = renderer.site;
    let posts = site.posts.iter().map(|post| (&post.route, Some(post.updated.unwrap_or(post.date))));
    let pages = site.pages.iter().map(|page| (&page.route, page.updated));
    let home = site.posts.first().map(|newest| (&*HOME, Some(newest.date)));
    posts.chain(pages).chain(home).filter_map(|(route, date)| Some((route, date?.to_rfc3339()))).collect()
}

fn write(entries: &[(String, Option<String>)]) -> io::Result<Vec<u8>> {
    document(0, |xml| {
        xml.create_element("urlset")
            .with_attribute(("xmlns", "http://www.sitemaps.org/schemas/sitemap/0.9"))
            .write_inner_content(|xml| {
                entries.iter().try_for_each(|(location, changed)| {
                    xml.create_element("url").write_inner_content(|xml| {
                        xml.create_element("loc").write_text_content(BytesText::new(location))?;
                        if let Some(changed) = changed {
                            xml.create_element("lastmod").write_text_content(BytesText::new(changed))?;
                        }
                        Ok(())
                    })?;
                    Ok(())
                })
            })?;
        Ok(())
    })
}

/// Plans `robots.txt`: everything may be read, and the sitemap says what there is.
pub fn robots<'a>(renderer: &'a Renderer<'_>) -> Planned<'a> {
    let text = format!("User-agent: *\nAllow: /\n\nSitemap: {}\n", renderer.url(&Renderer::fixed("sitemap.xml")));
    let made_of = Composition::new("robots", &[(Part::View, hash_json(&text))]);
    Planned {
        route: Renderer::fixed("robots.txt"),
        phase: Phase::Feed,
        fingerprint: renderer.fingerprint(&made_of),
        made_of,
        make: Box::new(move || Ok(text.clone().into_bytes())),
    }
}
