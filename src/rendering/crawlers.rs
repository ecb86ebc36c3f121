//! What crawlers read: `sitemap.xml` (<https://www.sitemaps.org/protocol.html>) and `robots.txt`.

use std::io;

use quick_xml::events::BytesText;

use crate::files::output::{Phase, Planned};
use crate::rendering::renderer::{Renderer, hash_json};
use crate::rendering::xml::document;
use crate::words::route::Route;

/// Plans the sitemap; `pages` are the pages to be found, in order.
pub fn sitemap<'a>(renderer: &'a Renderer<'_>, pages: &[Route]) -> Planned<'a> {
    let entries: Vec<(String, Option<String>)> =
        pages.iter().map(|route| (renderer.url(route), changed(renderer, route))).collect();
    Planned {
        route: Renderer::fixed("sitemap.xml"),
        phase: Phase::Feed,
        fingerprint: renderer.fingerprint("sitemap", &[hash_json(&entries)]),
        make: Box::new(move || Ok(write(&entries).expect("writing to memory does not fail"))),
    }
}

/// When the page at `route` last changed, where that is known: crawlers distrust a guess.
fn changed(renderer: &Renderer<'_>, route: &Route) -> Option<String> {
    let site = renderer.site;
    let posts = site.posts.iter().map(|post| (&post.route, Some(post.updated.unwrap_or(post.date))));
    let pages = site.pages.iter().map(|page| (&page.route, page.updated));
    let newest = site.posts.first().map(|post| post.date);
    if *route == Route::home() {
        return newest.map(|date| date.to_rfc3339());
    }
    posts.chain(pages).find(|(at, _)| *at == route)?.1.map(|date| date.to_rfc3339())
}

fn write(entries: &[(String, Option<String>)]) -> io::Result<Vec<u8>> {
    document(|xml| {
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
    Planned {
        route: Renderer::fixed("robots.txt"),
        phase: Phase::Feed,
        fingerprint: renderer.fingerprint("robots", &[hash_json(&text)]),
        make: Box::new(move || Ok(text.clone().into_bytes())),
    }
}
