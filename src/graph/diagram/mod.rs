//! A drawing of Graphviz' becomes one of a page: [`Drawing::read`] takes from its SVG what draws, and nothing else.
//!
//! What is left is written anew: no script, no style, no picture, no address that was not resolved as links of the text are, no name that
//! another part of the page could have. Black, which stands for "nobody said", becomes the colour of the page's words. Where an author
//! has filled areas, letters in them stay as they are; where areas lie below other things, the whole drawing keeps its white paper.

mod reading;
mod writing;

use std::collections::BTreeMap;

use crate::files::graphviz::{Failure, Graphviz, MOST_DRAWING, name};
use crate::files::source::Content::Text;
use crate::files::source::Source;
use crate::graph::diagram::reading::parse;
use crate::graph::diagram::writing::{Standing, Writer, needs_paper};
use crate::parsing::html::attribute;

/// What diagrams look like: those that the site holds, and what lays out the others.
#[derive(Debug, Default)]
pub(crate) struct Layouts<'a> {
    /// Drawings by the names of their files.
    held: BTreeMap<&'a str, &'a str>,
    graphviz: Graphviz,
}

impl<'a> Layouts<'a> {
    /// Those of a site.
    pub(crate) fn new(source: &'a Source) -> Self {
        let held = source.diagrams.iter().filter_map(|file| match &file.content {
            Text(text) => Some((file.path.rsplit('/').next()?, &*text.text)),
            _ => None,
        });
        Self { held: held.collect(), graphviz: source.graphviz.clone() }
    }

    /// The drawing of a diagram's text, and the name under which it is kept, unless the site holds it.
    pub(crate) fn drawing(&self, text: &str) -> Result<(Drawing, Option<String>), Failure> {
        let (svg, kept) = match self.held.get(&*name(text)) {
            Some(held) => ((*held).to_owned(), None),
            None => (self.graphviz.lay_out(text)?, Some(self.graphviz.kept_name(text))),
        };
        if svg.len() as u64 > MOST_DRAWING {
            return Err(Failure::Large);
        }
        let drawing = Drawing::read(&svg).map_err(|message| Failure::Text { line: None, message })?;
        Ok((drawing, kept))
    }
}

/// A drawing, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawing {
    /// The part of its plane that is shown, as the attribute `viewBox` has it.
    view: String,
    /// Width and height in CSS pixels.
    size: (u32, u32),
    root: Element,
    paper: Paper,
}

/// What a drawing stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Paper {
    /// The page.
    Page,
    /// White, or what its author says, by night too.
    Own,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Element {
    name: &'static str,
    /// What Graphviz calls it: a node, an edge, a cluster, the graph.
    class: String,
    attributes: Vec<(&'static str, String)>,
    content: Vec<Content>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    Element(Element),
    Text(String),
}

/// CSS pixels of a drawing, as many as a large screen has twice.
const MOST_PIXELS: u64 = 16_000_000;

/// CSS pixels beyond which a drawing is too wide for a column, and may be looked at by scrolling.
pub const COLUMN: u32 = 640;

/// How the drawing is to look.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// Its id, which begins the names of its parts.
    pub id: &'a str,
    /// What it says to those who do not see it.
    pub alt: &'a str,
    /// What to write for each address.
    pub links: &'a BTreeMap<String, String>,
}

impl Drawing {
    /// Understands what Graphviz has written; says what is wrong where it is no single drawing.
    pub fn read(svg: &str) -> Result<Self, String> {
        let root = parse(svg)?;
        let value =
            |name: &str| root.attributes.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
        let points = |length: Option<&str>| {
            let number = length?.trim_end_matches("pt").trim_end_matches("px").parse::<f64>().ok()?;
            (number > 0.0 && number < 100_000.0).then(|| number.ceil() as u32)
        };
        // Graphviz counts in points. A letter of 14 points, its own choice, is one of 14 pixels here.
        let (Some(width), Some(height)) = (points(value("width")), points(value("height"))) else {
            return Err("it has no size".to_owned());
        };
        if u64::from(width) * u64::from(height) > MOST_PIXELS {
            return Err(format!("it has {width} by {height} pixels, more than anybody looks at"));
        }
        let is_number = |part: &str| part.parse().is_ok_and(f64::is_finite);
        let is_view = |view: &&str| view.split(' ').count() == 4 && view.split(' ').all(is_number);
        let view = value("viewBox").filter(is_view).map_or_else(|| format!("0 0 {width} {height}"), str::to_owned);
        let paper = if needs_paper(&root, Standing::default()) { Paper::Own } else { Paper::Page };
        Ok(Self { view, size: (width, height), root, paper })
    }

    /// Width and height in CSS pixels.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        self.size
    }

    /// Where its parts lead, each address once.
    #[must_use]
    pub fn addresses(&self) -> Vec<String> {
        let mut found = Vec::new();
        each(&self.root, &mut |element| {
            if let Some((_, href)) = element.attributes.iter().find(|(name, _)| *name == "href")
                && !found.contains(href)
            {
                found.push(href.clone());
            }
        });
        found
    }

    /// The words in it.
    #[must_use]
    pub fn words(&self) -> String {
        let mut words = String::new();
        each(&self.root, &mut |element| {
            for content in &element.content {
                if let (Content::Text(text), "text") = (content, element.name) {
                    words.push_str(text.trim());
                    words.push(' ');
                }
            }
        });
        words
    }

    /// The element of a page.
    #[must_use]
    pub fn element(&self, shown: Shown<'_>) -> String {
        let (width, height) = self.size();
        // What leads somewhere must be reached by whoever listens, too.
        let role = if shown.links.is_empty() { "img" } else { "group" };
        let class = if width > COLUMN { " class=\"wide\"" } else { "" };
        let alt = attribute("aria-label", shown.alt);
        let view = attribute("viewBox", &self.view);
        let mut svg = format!("<svg{class}{view} width=\"{width}\" height=\"{height}\" role=\"{role}\"{alt}>");
        Writer { shown, paper: self.paper, in_page: true, out: &mut svg }.content(&self.root, Standing::default());
        svg.push_str("</svg>");
        svg
    }

    /// A document of its own, black on white.
    #[must_use]
    pub fn document(&self) -> String {
        let (width, height) = self.size();
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\"{} width=\"{width}\" height=\"{height}\" \
             font-family=\"Inter, sans-serif\"><rect width=\"100%\" height=\"100%\" fill=\"white\"/>",
            attribute("viewBox", &self.view)
        );
        let none = BTreeMap::new();
        let shown = Shown { id: "d", alt: "", links: &none };
        Writer { shown, paper: self.paper, in_page: false, out: &mut svg }.content(&self.root, Standing::default());
        svg.push_str("</svg>");
        svg
    }
}

/// Looks at an element and all that is in it.
fn each<'a>(element: &'a Element, see: &mut impl FnMut(&'a Element)) {
    see(element);
    for content in &element.content {
        if let Content::Element(inner) = content {
            each(inner, see);
        }
    }
}

#[cfg(test)]
mod tests;
