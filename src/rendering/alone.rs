//! A figure as a page of its own: one file that needs no other, to be shown in a frame of somebody's page or kept on a disk.
//!
//! Style, shell, bindings and engine stand in the page itself: browsers load no modules from `file:`. The page states its
//! own policy, by which it fetches nothing at all; no header is sent for it, so that any page may frame it.

use crate::files::composition::{Composition, Part};
use crate::files::output::{Phase, Planned};
use crate::graph::site::FigureUse;
use crate::rendering::figure::{Figure, Standing};
use crate::rendering::hashing::{hash_figure, hash_json};
use crate::rendering::pages::title_at;
use crate::rendering::renderer::{FIGURE_TEMPLATE, Renderer, is_foreign};
use crate::rendering::view::figure::{AlonePage, FigurePart};
use crate::words::diagnostic::Diagnostic;
use crate::words::route::Route;

const TEMPLATE: &str = "alone.html";

/// Plans the page of its own of a figure that stands in the page at `route`.
pub fn alone<'a>(renderer: &'a Renderer<'_>, wanted: &'a FigureUse, route: &'a Route) -> Planned<'a> {
    let theme = renderer.theme;
    let assets: Vec<String> = theme.assets.all().map(|asset| asset.hash.to_hex().to_string()).collect();
    let (title, config) = (title_at(renderer, route), &renderer.site.config);
    let parts = [
        (Part::Figure, hash_figure(wanted)),
        (Part::Templates, theme.closure(TEMPLATE)),
        (Part::Templates, theme.closure(FIGURE_TEMPLATE)),
        (Part::View, hash_json(&(&assets, &title, &config.base_url, &config.title, &config.language))),
    ];
    let made_of = Composition::new("figure alone", &parts).from(&*wanted.span.source.path);
    let made_of = made_of.shown_in(vec![TEMPLATE, FIGURE_TEMPLATE]);
    Planned {
        route: Figure::new(wanted, route).alone_route(),
        phase: Phase::Asset,
        fingerprint: renderer.fingerprint(&made_of),
        made_of,
        make: Box::new(move || page(renderer, wanted, route, &title).map(String::into_bytes)),
    }
}

fn page(renderer: &Renderer<'_>, wanted: &FigureUse, route: &Route, title: &str) -> Result<String, Vec<Diagnostic>> {
    let (theme, assets) = (renderer.theme, &renderer.theme.assets);
    let (site, language) = (renderer.site_view(route), &*renderer.site.config.language);
    let figure = Figure::new(wanted, route);
    let module = &assets.modules[figure.module()].bytes;
    let mut figure = figure.view(&renderer.site.config, assets, Standing::Alone);
    figure.bindings = String::new();
    figure.module = format!("data:application/wasm;base64,{}", base64(module));
    figure.caption_html = from_root(&figure.caption_html, &renderer.site.config.base_url);
    let figure_html = theme.render(
        FIGURE_TEMPLATE,
        &FigurePart { site: &site, figure: figure.clone(), language, foreign: is_foreign(language) },
        title,
    )?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (style, shell, bindings) =
        (text(&assets.style.bytes), text(&assets.whole_shell.bytes), text(&assets.bindings.bytes));
    let nonce = hash_json(&(&style, &shell, &bindings)).to_hex()[..32].to_owned();
    let page = AlonePage { site, figure, figure_html, title: title.to_owned(), nonce, style, shell, bindings };
    theme.render(TEMPLATE, &page, title)
}

/// Links from the site's root lead to the site wherever the page is.
fn from_root(html: &str, base_url: &str) -> String {
    let host = base_url.find("://").map_or(0, |at| at + 3);
    let origin = &base_url[..base_url[host..].find('/').map_or(base_url.len(), |at| host + at)];
    html.replace("href=\"/", &format!("href=\"{origin}/"))
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let of = |index: usize| u32::from(three.get(index).copied().unwrap_or(0));
        let bits = of(0) << 16 | of(1) << 8 | of(2);
        for digit in 0..4 {
            let value = bits >> (18 - 6 * digit) & 63;
            text.push(if digit <= three.len() { char::from(DIGITS[value as usize]) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_standard() {
        let pairs =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")];
        for (bytes, text) in pairs {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn links_of_the_site_lead_there_from_a_disk() {
        let html = r##"<a href="/blog/x/">x</a> <a href="#ring=v1">y</a> <a href="https://a.example/">z</a>"##;
        let expect = r##"<a href="https://b.example/blog/x/">x</a> <a href="#ring=v1">y</a> <a href="https://a.example/">z</a>"##;
        assert_eq!(from_root(html, "https://b.example/blog/"), expect);
    }
}
