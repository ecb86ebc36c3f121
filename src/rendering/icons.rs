//! What stands for the site outside of its pages: its mark as a picture for home screens, and the web manifest
//! (<https://www.w3.org/TR/appmanifest/>) that names them.

use serde_json::json;

use crate::files::composition::{Composition, Part};
use crate::files::output::{Phase, Planned};
use crate::rendering::raster::rasterise_at;
use crate::rendering::renderer::Renderer;
use crate::rendering::theme::Theme;
use crate::words::diagnostic::Diagnostic;
use crate::words::route::Route;

/// Where the manifest is.
pub const MANIFEST: &str = "site.webmanifest";

/// What iOS asks for.
const TOUCH: u32 = 180;

/// What home screens and app switchers ask for.
const LARGE: [u32; 2] = [192, 512];

/// How much of an icon's side the mark takes, in hundredths: home screens cut the corners off.
const MARK: u32 = 64;

/// The icon of so many pixels on a side.
fn route(theme: &Theme, side: u32) -> Route {
    let hash = blake3::hash(drawing(theme, side).as_bytes()).to_hex();
    Renderer::fixed(&format!("assets/icon-{side}.{}.png", &hash[..16]))
}

/// The icon that iOS puts on a home screen.
#[must_use]
pub fn touch(theme: &Theme) -> Route {
    route(theme, TOUCH)
}

/// The mark on the theme's paper.
fn drawing(theme: &Theme, side: u32) -> String {
    let mark = String::from_utf8_lossy(&theme.assets.icon.bytes);
    // Below what XML may have before its root.
    let mark = &mark[mark.find("<svg").unwrap_or(0)..];
    let inside = side * MARK / 100;
    let margin = (side - inside) / 2;
    let placed = format!("<svg x=\"{margin}\" y=\"{margin}\" width=\"{inside}\" height=\"{inside}\" ");
    // An attribute twice is no XML.
    let own = ["x", "y", "width", "height"];
    let (tag, rest) = mark.split_once('>').unwrap_or((mark, ""));
    let tag = own.iter().fold(tag.replacen("<svg", "", 1), |tag, name| without(&tag, name));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{side}\" height=\"{side}\">\
         <rect width=\"{side}\" height=\"{side}\" fill=\"{}\"/>{placed}{}>{rest}</svg>",
        theme.papers.0,
        tag.trim_start()
    )
}

/// A tag's inside without one of its attributes.
fn without(tag: &str, name: &str) -> String {
    let Some(start) = tag.find(&format!(" {name}=")) else { return tag.to_owned() };
    let value = start + name.len() + 2;
    let quote = tag[value..].chars().next().filter(|quote| matches!(quote, '"' | '\''));
    let end = quote.and_then(|quote| tag[value + 1..].find(quote)).map_or(tag.len(), |length| value + length + 2);
    format!("{}{}", &tag[..start], &tag[end..])
}

/// The icons and the manifest. An author's own file at the manifest's address takes its place.
pub fn plan<'a>(renderer: &'a Renderer<'_>) -> Vec<Planned<'a>> {
    let theme = renderer.theme;
    let picture = |side: u32| {
        let route = route(theme, side);
        let made_of = Composition::new("icon", &[(Part::Bytes, blake3::hash(route.as_str().as_bytes()))]);
        let sources = theme.own_files(&theme.assets.icon.files).map(Into::into).collect();
        let made_of = Composition { sources, ..made_of };
        Planned {
            route,
            phase: Phase::Asset,
            fingerprint: renderer.fingerprint(&made_of),
            made_of,
            make: Box::new(move || {
                rasterise_at(&drawing(theme, side), 1).map_err(|why| {
                    let message = format!("the theme's `icon.svg` cannot be drawn: {why}");
                    vec![Diagnostic::error("bad-icon", message).in_path("templates/icon.svg")]
                })
            }),
        }
    };
    let mut outputs: Vec<Planned<'a>> = [TOUCH].into_iter().chain(LARGE).map(picture).collect();
    let manifest = Renderer::fixed(MANIFEST);
    if renderer.site.file(&manifest).is_none() {
        let text = written(renderer);
        let made_of = Composition::new("manifest", &[(Part::View, blake3::hash(text.as_bytes()))]);
        outputs.push(Planned {
            route: manifest,
            phase: Phase::Asset,
            fingerprint: renderer.fingerprint(&made_of),
            made_of,
            make: Box::new(move || Ok(text.clone().into_bytes())),
        });
    }
    outputs
}

fn written(renderer: &Renderer<'_>) -> String {
    let (config, theme) = (&renderer.site.config, renderer.theme);
    let icon = |side: u32| {
        let size = format!("{side}x{side}");
        json!({ "src": renderer.href(&route(theme, side)), "sizes": size, "type": "image/png", "purpose": "any maskable" })
    };
    let mut icons = vec![json!({
        "src": renderer.href(&theme.assets.icon.route),
        "sizes": "any",
        "type": "image/svg+xml",
    })];
    icons.extend(LARGE.map(icon));
    let manifest = json!({
        "name": config.title,
        "description": config.description,
        "lang": config.language,
        "start_url": config.base_path(),
        "scope": config.base_path(),
        "display": "browser",
        "background_color": theme.papers.0,
        "theme_color": theme.papers.0,
        "icons": icons,
    });
    format!("{manifest:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_is_drawn_on_paper() {
        let theme = Theme::new(&[]).expect("the built-in theme");
        let png = rasterise_at(&drawing(&theme, TOUCH), 1).expect("a picture");
        let image = image::load_from_memory(&png).expect("a PNG").to_rgba8();
        assert_eq!(image.dimensions(), (TOUCH, TOUCH));
        let paper = image::Rgba([0xfb, 0xfa, 0xf7, 255]);
        assert_eq!((*image.get_pixel(0, 0), *image.get_pixel(TOUCH / 2, TOUCH / 2)), (paper, paper));
        assert!(image.pixels().any(|pixel| *pixel != paper), "the ring itself");
    }

    #[test]
    fn attributes_go_one_by_one() {
        for (tag, expected) in [
            (" width='3' height=\"4\" a=\"width=5\"", " height=\"4\" a=\"width=5\""),
            (" a=1", " a=1"),
            (" width=", ""),
        ] {
            assert_eq!(without(tag, "width"), expected, "{tag}");
        }
    }
}
