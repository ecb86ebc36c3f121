//! A diagram in a page, in feeds, and the two files of it beside the page: its text, and a picture of it for feeds.

use crate::files::graphviz::{FOLDER, name};
use crate::graph::diagram::{COLUMN, Shown};
use crate::graph::site::{Block, Body, DiagramUse};
use crate::rendering::raster::{draws, rasterise_at};
use crate::words::diagnostic::Diagnostic;
use crate::words::route::Route;

/// Pixels of a picture that are twice as many as its drawing's in each direction; a larger one has as many.
const DENSE: u64 = 4_000_000;

/// A diagram on the page at a route.
#[derive(Debug, Clone, Copy)]
pub struct Diagram<'a> {
    wanted: &'a DiagramUse,
    page: &'a Route,
}

/// The diagrams of a body, in order.
pub fn diagrams(body: &Body) -> impl Iterator<Item = &DiagramUse> {
    body.blocks.iter().filter_map(|block| match block {
        Block::Diagram(wanted) => Some(&**wanted),
        Block::Html(_) | Block::Code(_) | Block::Figure(_) => None,
    })
}

/// The files of the site that hold drawings of a body's diagrams.
pub fn held(body: &Body) -> impl Iterator<Item = String> {
    diagrams(body).filter_map(held_drawing)
}

fn held_drawing(diagram: &DiagramUse) -> Option<String> {
    diagram.kept.is_none().then(|| format!("{FOLDER}/{}", name(&diagram.text)))
}

impl<'a> Diagram<'a> {
    /// What stands in the page at `page`.
    #[must_use]
    pub fn new(wanted: &'a DiagramUse, page: &'a Route) -> Self {
        Self { wanted, page }
    }

    /// The file of the site that holds its drawing, if one does.
    #[must_use]
    pub fn held(&self) -> Option<String> {
        held_drawing(self.wanted)
    }

    /// Where its text lives. Hosts and browsers know no type of texts by Graphviz' own ending, and save them.
    #[must_use]
    pub fn text_route(&self) -> Route {
        self.page.beside(&format!("diagram-{}.dot.txt", self.wanted.id))
    }

    /// Where its picture lives.
    #[must_use]
    pub fn png_route(&self) -> Route {
        self.page.beside(&format!("diagram-{}.png", self.wanted.id))
    }

    /// Whether there is a picture of it: in one with letters that our fonts lack nobody could read them, and feeds show the text.
    #[must_use]
    pub fn has_png(&self) -> bool {
        draws(&self.wanted.drawing.words())
    }

    /// What stands in the page; `text` is the address of its text.
    #[must_use]
    pub fn html(&self, text: &str) -> String {
        let DiagramUse { id, alt, caption, drawing, links, .. } = self.wanted;
        let svg = drawing.element(Shown { id, alt, links });
        // What may be wider than the page scrolls, so the keyboard must reach it, and it needs a name.
        let scrolls =
            if drawing.size().0 > COLUMN { " tabindex=\"0\" role=\"group\" aria-label=\"Diagram\"" } else { "" };
        let space = if caption.is_empty() { "" } else { " " };
        format!(
            "<figure class=\"diagram\" id=\"{id}\">\n<div class=\"diagram-drawing\"{scrolls}>{svg}</div>\n\
             <figcaption>{caption}{space}<a href=\"{}\" type=\"text/plain\">Diagram as text</a></figcaption>\n</figure>\n",
            escaped(text)
        )
    }

    /// What feeds show.
    #[must_use]
    pub fn plain_html(&self, base_url: &str) -> String {
        let (src, text) = (escaped(&self.png_route().url(base_url)), escaped(&self.text_route().url(base_url)));
        let ((width, height), alt) = (self.wanted.drawing.size(), escaped(&self.wanted.alt));
        let caption = &self.wanted.caption;
        let space = if caption.is_empty() { "" } else { " " };
        if !self.has_png() {
            let shown = escaped(&self.wanted.text);
            return format!(
                "<pre><code>{shown}</code></pre>\n<p>{caption}{space}<a href=\"{text}\">Diagram as text</a></p>\n"
            );
        }
        format!(
            "<p><img src=\"{src}\" width=\"{width}\" height=\"{height}\" alt=\"{alt}\"></p>\n\
             <p>{caption}{space}<a href=\"{text}\">Diagram as text</a></p>\n"
        )
    }

    /// The picture.
    pub fn png(&self) -> Result<Vec<u8>, Vec<Diagnostic>> {
        let (width, height) = self.wanted.drawing.size();
        let density = if u64::from(width) * u64::from(height) <= DENSE { 2 } else { 1 };
        rasterise_at(&self.wanted.drawing.document(), density).map_err(|reason| {
            let message = format!("the diagram at `{}` cannot be drawn as a PNG: {reason}", self.png_route());
            vec![Diagnostic::error("drawing-picture", message)]
        })
    }
}

fn escaped(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}
