//! An SVG becomes a PNG: for feed readers, and for everybody who wants a picture to keep.

use std::sync::{Arc, OnceLock};

use resvg::tiny_skia::{Pixmap, Transform};
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
