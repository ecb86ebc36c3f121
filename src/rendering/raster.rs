//! An SVG becomes a PNG: for feed readers, and for everybody who wants a picture to keep.

use std::sync::{Arc, OnceLock};

use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::roxmltree::Document;
use resvg::usvg::{self, Options, Tree, fontdb};

/// Pixels of a PNG for each CSS pixel, so that it is sharp on dense screens.
const DENSITY: u32 = 2;

/// The fonts that drawings are set in where the reader's own are not at hand.
const FONTS: [&[u8]; 3] = [
    include_bytes!("fonts/Inter-Medium.otf"),
    include_bytes!("fonts/Inter-SemiBold.otf"),
    include_bytes!("fonts/DejaVuSansMono.ttf"),
];

/// What the first two fonts have besides the Latin of Europe.
const SIGNS: &str = "‐‑‒–—―‘’‚“”„†‡•…‰′″‹›€™−≈≠≤≥←↑→↓↔↕↖↗↘↙✓✗";

/// Whether every letter and sign of a text is in the fonts, and none would be an empty box.
#[must_use]
pub fn draws(text: &str) -> bool {
    text.chars()
        .all(|c| matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{148}' | '\u{14a}'..='\u{17f}') || SIGNS.contains(c))
}

/// Draws an SVG at twice its size with the built-in fonts and nothing of the machine's.
pub fn rasterise(svg: &str) -> Result<Vec<u8>, String> {
    rasterise_at(svg, DENSITY)
}

/// Draws an SVG so that each of its CSS pixels is `density` pixels wide and high.
pub fn rasterise_at(svg: &str, density: u32) -> Result<Vec<u8>, String> {
    let document = Document::parse(svg).map_err(|error| error.to_string())?;
    let tree = tree(&document)?;
    let size = tree.size().to_int_size();
    let mut pixmap = Pixmap::new(size.width() * density, size.height() * density).ok_or("it has no area")?;
    // A small whole number, so exact.
    let scale = density as f32;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    pixmap.encode_png().map_err(|error| error.to_string())
}

/// Draws an SVG into the middle of a square of `side` pixels and of one colour, `#rrggbb`, so that its longer side takes `inside` of them.
pub fn rasterise_on(svg: &str, side: u32, inside: u32, paper: &str) -> Result<Vec<u8>, String> {
    let tree = tree(&Document::parse(svg).map_err(|error| error.to_string())?)?;
    let mut pixmap = Pixmap::new(side, side).ok_or("it has no area")?;
    let part = |at: usize| paper.get(at..at + 2).and_then(|digits| u8::from_str_radix(digits, 16).ok()).unwrap_or(255);
    pixmap.fill(Color::from_rgba8(part(1), part(3), part(5), 255));
    let (width, height) = (tree.size().width(), tree.size().height());
    let scale = inside as f32 / width.max(height);
    let margin = |length: f32| (side as f32 - length * scale) / 2.0;
    let placed = Transform::from_row(scale, 0.0, 0.0, scale, margin(width), margin(height));
    resvg::render(&tree, placed, &mut pixmap.as_mut());
    pixmap.encode_png().map_err(|error| error.to_string())
}

/// Width and height of an SVG in CSS pixels.
pub fn size(svg: &Document<'_>) -> Result<(u32, u32), String> {
    let size = tree(svg)?.size().to_int_size();
    Ok((size.width(), size.height()))
}

fn tree(svg: &Document<'_>) -> Result<Tree, String> {
    static FONT_DATABASE: OnceLock<Arc<fontdb::Database>> = OnceLock::new();
    let fonts = FONT_DATABASE.get_or_init(|| {
        let mut database = fontdb::Database::new();
        for font in FONTS {
            database.load_font_data(font.to_vec());
        }
        database.set_sans_serif_family("Inter");
        database.set_monospace_family("DejaVu Sans Mono");
        Arc::new(database)
    });
    let options = Options { fontdb: Arc::clone(fonts), font_family: "Inter".to_owned(), ..Options::default() };
    Tree::from_xmltree(svg, &options).map_err(|error: usvg::Error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(c: char) -> Vec<u8> {
        let text = quick_xml::escape::escape(c.to_string());
        let svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"30\" height=\"30\"><text y=\"22\" font-family=\"Inter\" \
             font-size=\"20\" font-weight=\"600\">{text}</text></svg>"
        );
        rasterise_at(&svg, 1).expect("it can be drawn")
    }

    #[test]
    fn what_is_said_to_be_drawn_is_drawn() {
        let nothing = [drawn('\u{4e2d}'), drawn('\u{10fffd}'), drawn(' ')];
        let blank = |c: char| c.is_whitespace() || c == '\u{ad}';
        for c in (' '..='\u{17f}').chain(SIGNS.chars()).filter(|c| !c.is_control() && !blank(*c)) {
            assert_eq!(draws(c.encode_utf8(&mut [0; 4])), c != '\u{149}', "{c}");
            assert!(c == '\u{149}' || !nothing.contains(&drawn(c)), "{c}");
        }
        for text in ["中文", "שלום", "مرحبا", "Привет", "🎉"] {
            assert!(!draws(text), "{text}");
        }
    }
}
