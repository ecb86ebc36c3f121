//! What stands for the site outside of its pages: its mark as a picture for home screens, and the web manifest
//! (<https://www.w3.org/TR/appmanifest/>) that names them.

use std::borrow::Cow;

use serde_json::json;

use crate::files::composition::{Composition, Part};
use crate::files::output::{Phase, Planned};
use crate::rendering::mark::{MANIFEST, TOUCH, drawn, route};
use crate::rendering::renderer::Renderer;
use crate::rendering::theme::Theme;
use crate::words::diagnostic::Diagnostic;

/// What home screens and app switchers ask for.
const LARGE: [u32; 2] = [192, 512];

/// Files of the site that mark and paper come from.
fn sources(theme: &Theme) -> Vec<Cow<'_, str>> {
    let (icon, style) = (&theme.assets.icon.files, &theme.assets.style.files);
    theme.own_files(icon).chain(theme.own_files(style)).map(Into::into).collect()
}

/// The icons and the manifest. An author's own file at the manifest's address takes its place.
pub fn plan<'a>(renderer: &'a Renderer<'_>) -> Vec<Planned<'a>> {
    let theme = renderer.theme;
    let picture = |side: u32| {
        let route = route(theme, side);
        let made_of = Composition::new("icon", &[(Part::Bytes, blake3::hash(route.as_str().as_bytes()))]);
        let made_of = Composition { sources: sources(theme), ..made_of };
        Planned {
            route,
            phase: Phase::Asset,
            fingerprint: renderer.fingerprint(&made_of),
            made_of,
            make: Box::new(move || {
                let drawn = drawn(theme, side);
                drawn.map_err(|why| {
                    let diagnostic = Diagnostic::error("bad-icon", format!("the site's mark cannot be drawn: {why}"));
                    let path = theme.own_files(&theme.assets.icon.files).next().unwrap_or("icon.svg");
                    vec![
                        diagnostic
                            .in_path(path)
                            .help("it is an SVG of its own, as browsers and other programs read it"),
                    ]
                })
            }),
        }
    };
    let mut outputs: Vec<Planned<'a>> = [TOUCH].into_iter().chain(LARGE).map(picture).collect();
    let manifest = Renderer::fixed(MANIFEST);
    if renderer.site.file(&manifest).is_none() {
        let text = written(renderer);
        let made_of = Composition::new("manifest", &[(Part::View, blake3::hash(text.as_bytes()))]);
        let made_of = Composition { sources: sources(theme), ..made_of };
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
