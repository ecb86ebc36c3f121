//! What a page makes a browser load: [`loads`] reads it off the page, and [`fonts`] off a style sheet.
//!
//! Files of this site only; how large others are nobody knows without asking.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use lol_html::html_content::Element;
use lol_html::{RewriteStrSettings, element, end_tag, rewrite_str};

use crate::files::config::Kind;
use crate::rendering::portable::{absolute, decode};
use crate::words::media_type;
use crate::words::route::Route;
use crate::words::source_set::candidates;

/// What is loaded. Of files in one choice a browser takes one.
pub type Choice = (Kind, Vec<Route>);

/// What the page at `page_url` names: scripts, modules, style sheets, pictures, and what its figures load.
#[must_use]
pub fn loads(html: &str, page_url: &str, base_url: &str) -> Vec<Choice> {
    let found: RefCell<Vec<Choice>> = RefCell::default();
    let in_picture = Rc::new(Cell::new(false));
    let route = |address: &str| Route::of_url(&absolute(&decode(address), page_url), base_url);
    let attribute = |element: &Element<'_, '_>, name: &str| element.get_attribute(name).and_then(|it| route(&it));
    let on_element = |element: &mut Element<'_, '_>| {
        let mut found = found.borrow_mut();
        match &*element.tag_name() {
            "script" => found.extend(attribute(element, "src").map(|route| (Kind::Script, vec![route]))),
            "link" => {
                let loaded = kind_of_link(element).zip(attribute(element, "href"));
                found.extend(loaded.map(|(kind, route)| (kind, vec![route])));
            }
            "picture" => {
                found.push((Kind::Images, Vec::new()));
                in_picture.set(true);
                let open = Rc::clone(&in_picture);
                if let Some(handlers) = element.end_tag_handlers() {
                    handlers.push(end_tag!(move |_| {
                        open.set(false);
                        Ok(())
                    }));
                }
            }
            tag @ ("img" | "source") if tag == "img" || in_picture.get() => {
                if !in_picture.get() {
                    found.push((Kind::Images, Vec::new()));
                }
                let srcset = element.get_attribute("srcset").map(|srcset| decode(&srcset)).unwrap_or_default();
                if let Some((_, choice)) = found.last_mut() {
                    choice.extend(attribute(element, "src"));
                    choice.extend(candidates(&srcset).filter_map(|(address, _)| route(address)));
                }
            }
            _ => {
                let of_figure = [("data-module", Kind::Script), ("data-wasm", Kind::Wasm)];
                found
                    .extend(of_figure.iter().filter_map(|(name, kind)| Some((*kind, vec![attribute(element, name)?]))));
            }
        }
        Ok(())
    };
    let settings =
        RewriteStrSettings::new().append_element_content_handler(element!("*", on_element)).with_strict(false);
    rewrite_str(html, settings).expect("no handler fails and memory is not limited");
    found.into_inner()
}

/// What a `link` element makes a browser load.
fn kind_of_link(element: &Element<'_, '_>) -> Option<Kind> {
    let rel = element.get_attribute("rel")?.to_ascii_lowercase();
    let is = |wanted: &str| rel.split_ascii_whitespace().any(|word| word == wanted);
    let purpose = element.get_attribute("as").unwrap_or_default().to_ascii_lowercase();
    match &*purpose {
        _ if is("stylesheet") => Some(Kind::Style),
        _ if is("modulepreload") => Some(Kind::Script),
        "script" if is("preload") => Some(Kind::Script),
        "style" if is("preload") => Some(Kind::Style),
        "font" if is("preload") => Some(Kind::Fonts),
        "image" if is("preload") => Some(Kind::Images),
        _ => None,
    }
}

/// The fonts that the style sheet at `sheet_url` names: each `@font-face` is a choice.
#[must_use]
pub fn fonts(sheet: &str, sheet_url: &str, base_url: &str) -> Vec<Choice> {
    let faces = sheet.split("@font-face").skip(1).filter_map(|rest| rest.split('}').next());
    let choice = |face: &str| {
        let urls = face.split("url(").skip(1).filter_map(|rest| rest.split(')').next());
        let urls = urls.map(|url| absolute(url.trim().trim_matches(['"', '\'']), sheet_url));
        (Kind::Fonts, urls.filter_map(|url| Route::of_url(&url, base_url)).collect())
    };
    faces.map(choice).collect()
}

/// Whether an output is a style sheet.
#[must_use]
pub fn is_sheet(route: &Route) -> bool {
    media_type::ending(&route.file()) == "css"
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "https://example.org/blog/";

    fn told(choices: &[Choice]) -> Vec<String> {
        let choice = |(kind, routes): &Choice| {
            let routes: Vec<&str> = routes.iter().map(Route::as_str).collect();
            format!("{} {}", kind.key(), routes.join(" "))
        };
        choices.iter().map(choice).collect()
    }

    #[test]
    fn a_page_names_what_it_loads() {
        let html = r#"<link rel="icon" href="/blog/i.svg"><link rel=stylesheet href=/blog/s.css><link rel="modulepreload" href="m.js">
            <link rel=preload as=font href=/blog/f.woff2><script src="https://elsewhere.example/x.js"></script><script>y</script>
            <script type=module src="/blog/s.js?v#x"></script>
            <sim-figure data-module="/blog/sim.js#ring" data-wasm="/blog/ring.wasm"></sim-figure>
            <picture><source srcset="1.webp 1w, 2.webp 2w"><img src="1.jpg" srcset="1.jpg 1w, /blog/2.jpg 2w"></picture>
            <img src="a&amp;b.png"><video><source src="v.mp4"></video><img src="data:image/png;base64,AA==">"#;
        let expected = [
            "style s.css",
            "script p/m.js",
            "fonts f.woff2",
            "script s.js",
            "script sim.js",
            "wasm ring.wasm",
            "images p/1.webp p/2.webp p/1.jpg p/1.jpg 2.jpg",
            "images p/a&b.png",
            "images ",
        ];
        assert_eq!(told(&loads(html, &format!("{BASE}p/"), BASE)), expected);
    }

    #[test]
    fn a_style_sheet_names_fonts() {
        let sheet = "@font-face{font-family:a;src:url(a.woff2) format('woff2'),url(\"/blog/a.woff\")}b{background:url(c.png)}\
            @font-face { src: local(x), url('https://elsewhere.example/y.woff2') }";
        let expected = ["fonts assets/a.woff2 a.woff", "fonts "];
        assert_eq!(told(&fonts(sheet, &format!("{BASE}assets/s.css"), BASE)), expected);
    }
}
