//! A drawing of Graphviz' becomes one of a page: [`Drawing::read`] takes from its SVG what draws, and nothing else.
//!
//! What is left is written anew: no script, no style, no picture, no address that was not resolved as links of the text are, no name that
//! another part of the page could have. Black, which stands for "nobody said", becomes the colour of the page's words. Where an author
//! has filled areas, letters in them stay as they are; where areas lie below other things, the whole drawing keeps its white paper.

use std::borrow::Cow;
use std::collections::BTreeMap;

use quick_xml::escape::{resolve_predefined_entity, unescape};
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use crate::files::graphviz::{Failure, Graphviz, MOST_DRAWING, name};
use crate::files::source::Content::Text;
use crate::files::source::Source;
use crate::parsing::html::{address, attribute, escape};

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

/// Elements that draw.
const ELEMENTS: [&str; 12] = [
    "svg",
    "g",
    "a",
    "defs",
    "linearGradient",
    "radialGradient",
    "stop",
    "polygon",
    "polyline",
    "path",
    "ellipse",
    "text",
];

/// Elements that have an area.
const SHAPES: [&str; 3] = ["polygon", "path", "ellipse"];

/// Attributes that say where something is and how it looks.
const ATTRIBUTES: [&str; 37] = [
    "baseline-shift",
    "cx",
    "cy",
    "d",
    "fill",
    "fill-opacity",
    "font-size",
    "font-style",
    "font-weight",
    "fx",
    "fy",
    "gradientTransform",
    "gradientUnits",
    "height",
    "id",
    "offset",
    "points",
    "r",
    "rx",
    "ry",
    "stop-color",
    "stop-opacity",
    "stroke",
    "stroke-dasharray",
    "stroke-opacity",
    "stroke-width",
    "text-anchor",
    "text-decoration",
    "transform",
    "viewBox",
    "width",
    "x",
    "x1",
    "x2",
    "y",
    "y1",
    "y2",
];

/// Elements within elements; Graphviz has five or six.
const DEEPEST: usize = 64;

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

/// What an element lies in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Standing {
    /// The graph itself or a cluster: areas lie below other things.
    #[default]
    Ground,
    Edge,
    /// A node whose letters have the page's ground behind them.
    Node,
    /// A node that its author has filled.
    Filled,
}

impl Standing {
    fn within(self, element: &Element) -> Self {
        match &*element.class {
            "node" if is_filled(element) => Self::Filled,
            "node" => Self::Node,
            "edge" => Self::Edge,
            "cluster" | "graph" => Self::Ground,
            _ => self,
        }
    }
}

fn fill(element: &Element) -> Option<&str> {
    let fill = element.attributes.iter().find(|(name, _)| *name == "fill").map(|(_, fill)| fill.as_str())?;
    SHAPES.contains(&element.name).then_some(fill)
}

fn is_black(colour: &str) -> bool {
    matches!(colour, "black" | "#000000")
}

/// Whether nobody chose a fill: none, or the grey that Graphviz takes where only "filled" is said.
fn is_default(fill: &str) -> bool {
    matches!(fill, "none" | "transparent" | "lightgrey" | "#d3d3d3")
}

/// The fills of a node that its author chose, and whether the first area has one of them.
fn fills(node: &Element) -> (usize, bool) {
    let (mut chosen, mut first, mut has_words) = (0, None, false);
    each(node, &mut |element| {
        has_words |= element.name == "text";
        if let Some(fill) = fill(element) {
            let is_chosen = !is_default(fill);
            first = first.or(Some(is_chosen));
            chosen += usize::from(is_chosen);
        }
    });
    // A point is black as lines are.
    if has_words { (chosen, first.unwrap_or(false)) } else { (0, false) }
}

fn is_filled(node: &Element) -> bool {
    fills(node) == (1, true)
}

/// Whether an author's areas lie below things that have the page's colours otherwise.
fn needs_paper(element: &Element, standing: Standing) -> bool {
    if element.class == "node" {
        let fills = fills(element);
        return fills.0 > 0 && fills != (1, true);
    }
    let standing = standing.within(element);
    element.content.iter().any(|content| match content {
        Content::Text(_) => false,
        Content::Element(inner) => {
            let is_area =
                standing == Standing::Ground && fill(inner).is_some_and(|fill| !is_default(fill) && fill != "white");
            is_area || needs_paper(inner, standing)
        }
    })
}

struct Writer<'a> {
    shown: Shown<'a>,
    paper: Paper,
    in_page: bool,
    out: &'a mut String,
}

impl Writer<'_> {
    fn content(&mut self, element: &Element, standing: Standing) {
        for content in &element.content {
            match content {
                Content::Text(text) if element.name == "text" => self.out.push_str(&escape(text)),
                Content::Text(_) => {}
                Content::Element(inner) => self.element(inner, standing.within(inner)),
            }
        }
    }

    fn element(&mut self, element: &Element, standing: Standing) {
        let is_ground = element.name == "polygon" && element.class.is_empty() && standing == Standing::Ground;
        // Graphviz paints the paper first.
        if self.paper == Paper::Page && is_ground && fill(element) == Some("white") {
            return;
        }
        let link = element.attributes.iter().find(|(name, _)| *name == "href");
        let name = match (element.name, link.and_then(|(_, href)| self.shown.links.get(href))) {
            ("a", Some(href)) => {
                self.out.push_str(&format!("<a{}>", address("href", href)));
                self.content(element, standing);
                self.out.push_str("</a>");
                return;
            }
            ("a", None) => "g",
            (name, _) => name,
        };
        self.out.push('<');
        self.out.push_str(name);
        for (name, value) in &element.attributes {
            self.attribute(element, name, value, standing);
        }
        if element.name == "text" && !element.attributes.iter().any(|(name, _)| *name == "fill") {
            self.attribute(element, "fill", "black", standing);
        }
        if element.content.is_empty() {
            self.out.push_str("/>");
            return;
        }
        self.out.push('>');
        self.content(element, standing);
        self.out.push_str(&format!("</{name}>"));
    }

    fn attribute(&mut self, element: &Element, name: &str, value: &str, standing: Standing) {
        let written = match name {
            "href" => return,
            "id" if !element.name.ends_with("Gradient") => return,
            "id" => format!("{}-{value}", self.shown.id),
            "fill" | "stroke" => match value.strip_prefix("url(#") {
                Some(id) => format!("url(#{}-{id}", self.shown.id),
                None if value == "transparent" => "none".to_owned(),
                None if self.is_ink(element, name, value, standing) => "currentColor".to_owned(),
                None => value.to_owned(),
            },
            _ => value.to_owned(),
        };
        let is_shade = name == "fill" && self.in_page && self.paper == Paper::Page && fill(element).is_some();
        if is_shade && is_default(&written) && written != "none" {
            self.out.push_str(" class=\"shade\"");
        }
        self.out.push_str(&attribute(name, &written));
    }

    /// Whether a colour is that of the page's words.
    fn is_ink(&self, element: &Element, name: &str, value: &str, standing: Standing) -> bool {
        self.in_page
            && self.paper == Paper::Page
            && is_black(value)
            // Letters, and areas that hold letters, stay as they were seen together.
            && !(standing == Standing::Filled && name == "fill" && (element.name == "text" || SHAPES.contains(&element.name)))
    }
}

/// The one drawing in what Graphviz has written.
fn parse(svg: &str) -> Result<Element, String> {
    let mut reader = Reader::from_str(svg);
    let mut open: Vec<Element> = Vec::new();
    // How many elements are open that draw nothing.
    let mut left_out = 0_usize;
    let mut root = None;
    let close = |open: &mut Vec<Element>, root: &mut Option<Element>| -> Result<(), String> {
        let Some(closed) = open.pop() else { return Ok(()) };
        match open.last_mut() {
            Some(outer) => outer.content.push(Content::Element(closed)),
            None if root.is_some() => return Err("there is more than one graph in it".to_owned()),
            None => *root = Some(closed),
        }
        Ok(())
    };
    loop {
        match reader.read_event().map_err(|error| format!("its drawing cannot be read: {error}"))? {
            Event::Eof => break,
            Event::Start(start) | Event::Empty(start) if start.local_name().as_ref() == "image" => {
                return Err("a file would be shown in it".to_owned());
            }
            Event::Start(start) => match element(&start) {
                Some(element) if left_out == 0 && open.len() < DEEPEST => open.push(element),
                _ => left_out += 1,
            },
            Event::Empty(start) => {
                if let (Some(element), 0) = (element(&start), left_out) {
                    open.push(element);
                    close(&mut open, &mut root)?;
                }
            }
            Event::End(_) if left_out > 0 => left_out -= 1,
            Event::End(_) => close(&mut open, &mut root)?,
            Event::Text(text) if left_out == 0 => push(&mut open, &text.xml10_content()),
            Event::GeneralRef(reference) if left_out == 0 => match reference.resolve_char_ref() {
                Ok(Some(character)) => push(&mut open, character.encode_utf8(&mut [0; 4])),
                _ => push(&mut open, resolve_predefined_entity(&reference).unwrap_or_default()),
            },
            _ => {}
        }
    }
    root.filter(|root| root.name == "svg" && open.is_empty()).ok_or_else(|| "there is no graph in it".to_owned())
}

fn push(open: &mut [Element], text: &str) {
    let Some(element) = open.last_mut().filter(|element| element.name == "text") else { return };
    match element.content.last_mut() {
        Some(Content::Text(before)) => before.push_str(text),
        _ => element.content.push(Content::Text(text.to_owned())),
    }
}

/// An element that draws, with those of its attributes that do.
fn element(start: &BytesStart<'_>) -> Option<Element> {
    let name = start.name();
    let name = ELEMENTS.iter().find(|known| **known == name.as_ref())?;
    let (mut class, mut attributes) = (String::new(), Vec::new());
    for one in start.attributes().filter_map(Result::ok) {
        // Graphviz leaves `&` as it is in addresses.
        let value = unescape(&one.value).unwrap_or(Cow::Borrowed(&one.value));
        let known = |key: &str| ATTRIBUTES.iter().find(|known| **known == key).copied();
        match one.key.as_ref() {
            // An author's own classes come behind Graphviz'.
            "class" => class = value.split(' ').next().unwrap_or_default().to_owned(),
            "href" | "xlink:href" if *name == "a" => attributes.push(("href", value.into_owned())),
            "style" if *name == "stop" => attributes.extend(stop(&value)),
            // Of many faces only whether all letters are equally wide matters.
            "font-family" => {
                let small = value.to_ascii_lowercase();
                if ["courier", "mono", "consolas"].iter().any(|face| small.contains(face)) {
                    attributes.push(("font-family", "monospace".to_owned()));
                }
            }
            key => attributes
                .extend(known(key).filter(|known| is_own(known, &value)).map(|known| (known, value.into_owned()))),
        }
    }
    Some(Element { name, class, attributes, content: Vec::new() })
}

/// Whether a value says all of itself: it asks for nothing that lies elsewhere, in whatever spelling.
fn is_own(name: &str, value: &str) -> bool {
    let is_name = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    let gradient = value.strip_prefix("url(#").and_then(|rest| rest.strip_suffix(')'));
    let computes =
        ["rgb(", "rgba("].iter().any(|function| value.starts_with(function)) && value.matches('(').count() == 1;
    let moves = name == "transform" || name == "gradientTransform";
    !value.contains('\\') && (!value.contains('(') || computes || moves || gradient.is_some_and(is_name))
}

/// The colour of a gradient's stop, which Graphviz writes as a style.
fn stop(style: &str) -> Vec<(&'static str, String)> {
    let rules = style.split(';').filter_map(|rule| rule.split_once(':'));
    let known = rules.filter_map(|(name, value)| match name.trim() {
        "stop-color" => Some(("stop-color", value.trim().to_owned())),
        "stop-opacity" => Some(("stop-opacity", value.trim().trim_end_matches('.').to_owned())),
        _ => None,
    });
    known.filter(|(name, value)| is_own(name, value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A document as Graphviz writes it, around `inside`.
    fn svg(inside: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?>\n<!DOCTYPE svg>\n<!-- Generated -->\n<svg width=\"40pt\" height=\"30.5pt\" viewBox=\"0 0 40 30.5\" \
             xmlns=\"http://www.w3.org/2000/svg\">\n<g id=\"graph0\" class=\"graph\" transform=\"translate(4 4)\">\n<title>G</title>\n\
             <polygon fill=\"white\" stroke=\"transparent\" points=\"0,0 1,1\"/>\n{inside}</g>\n</svg>\n"
        )
    }

    fn shown(inside: &str) -> String {
        let drawing = Drawing::read(&svg(inside)).expect("a drawing");
        let links = BTreeMap::from([("/a".to_owned(), "/blog/a".to_owned())]);
        let links = if drawing.addresses().is_empty() { BTreeMap::new() } else { links };
        let element = drawing.element(Shown { id: "x", alt: "A & b", links: &links });
        let (_, inside) = element.split_once("<g transform=\"translate(4 4)\">").expect("the graph");
        inside.strip_suffix("</g></svg>").expect("its end").to_owned()
    }

    #[test]
    fn what_draws_is_left_and_nothing_else() {
        for (inside, expected) in [
            (
                "<g class=\"node\" id=\"node1\"><title>a</title><ellipse fill=\"none\" stroke=\"black\" cx=\"1\"/></g>",
                "<g><ellipse fill=\"none\" stroke=\"currentColor\" cx=\"1\"/></g>",
            ),
            ("<script>alert(1)</script><style>a{}</style><foreignObject><text>x</text></foreignObject>", ""),
            ("<use href=\"#a\"/>", ""),
            (
                "<path fill=\"URL(http://x)\" stroke=\"u\\72l(http://x)\" d=\"M0 0\" stroke-width=\"url(#a) url(http://x)\"/>",
                "<path d=\"M0 0\"/>",
            ),
            (
                "<path stroke=\"rgb(1,2,3)\" transform=\"rotate(9 1 1)\"/>",
                "<path stroke=\"rgb(1,2,3)\" transform=\"rotate(9 1 1)\"/>",
            ),
            (
                "<path d=\"M0 0\" onclick=\"x()\" style=\"fill:url(http://x)\" fill=\"url(http://x)\" class=\"node evil\"/>",
                "<path d=\"M0 0\"/>",
            ),
            (
                "<text x=\"1\">a&lt;b&#38;<tspan>c</tspan></text>",
                "<text x=\"1\" fill=\"currentColor\">a&lt;b&amp;</text>",
            ),
            ("<a xlink:href=\"javascript:x\"><text>a</text></a>", "<g><text fill=\"currentColor\">a</text></g>"),
            (
                "<a xlink:href=\"/a\" onmouseover=\"x\" target=\"_top\"><text>a</text></a>",
                "<a href=\"/blog/a\"><text fill=\"currentColor\">a</text></a>",
            ),
        ] {
            assert_eq!(shown(inside), expected, "{inside}");
        }
    }

    #[test]
    fn the_part_that_is_shown_is_four_numbers() {
        for view in
            ["0 0 40 30 &quot; onload=&quot;x()", "0 0 40", "0 0 40 nan", "0 0 40 30 1", "0  40 30", "0 0 40 30&quot;>"]
        {
            let drawing = svg("").replace("0 0 40 30.5", view);
            let drawing = Drawing::read(&drawing).expect("a drawing");
            assert_eq!(drawing.view, "0 0 40 31", "{view}");
        }
        assert_eq!(Drawing::read(&svg("")).expect("a drawing").view, "0 0 40 30.5");
    }

    #[test]
    fn a_drawing_that_shows_a_file_is_none() {
        for inside in ["<image xlink:href=\"/etc/passwd\"/>", "<image href=\"a.png\"></image>", "<svg:image/>"] {
            assert!(Drawing::read(&svg(inside)).is_err(), "{inside}");
        }
    }

    #[test]
    fn colours_are_the_pages_unless_areas_are_filled() {
        let node =
            |fill: &str| format!("<g class=\"node\"><ellipse fill=\"{fill}\" stroke=\"black\"/><text>a</text></g>");
        let paper = |inside: &str| Drawing::read(&svg(inside)).expect("a drawing").paper;
        assert_eq!(
            shown(&node("lightblue")),
            "<g><ellipse fill=\"lightblue\" stroke=\"currentColor\"/><text fill=\"black\">a</text></g>"
        );
        assert_eq!(
            shown(&node("lightgrey")),
            "<g><ellipse class=\"shade\" fill=\"lightgrey\" stroke=\"currentColor\"/><text fill=\"currentColor\">a</text></g>"
        );
        assert!(shown(&node("black")).contains("fill=\"black\""), "white letters on black stay so");
        let point = "<g class=\"node\"><ellipse fill=\"black\" stroke=\"black\"/></g>";
        assert!(shown(point).contains("fill=\"currentColor\""), "a point is a line's end");
        assert_eq!(paper(&node("red")), Paper::Page);
        let cluster = "<g class=\"cluster\"><polygon fill=\"yellow\" points=\"0,0\"/></g>";
        assert_eq!(paper(cluster), Paper::Own);
        assert!(shown(cluster).contains("fill=\"white\""), "the paper stays");
        let cell = "<g class=\"node\"><polygon fill=\"none\"/><polygon fill=\"yellow\"/><text>a</text></g>";
        assert_eq!(paper(cell), Paper::Own);
    }

    #[test]
    fn names_of_gradients_are_the_drawings_own() {
        let gradient = "<g class=\"node\"><defs><linearGradient id=\"l_0\"><stop offset=\"0\" style=\"stop-color:white;stop-opacity:1.;\"/>\
                        </linearGradient></defs><ellipse fill=\"url(#l_0)\"/><text>a</text></g>";
        let expected = "<g><defs><linearGradient id=\"x-l_0\"><stop offset=\"0\" stop-color=\"white\" stop-opacity=\"1\"/></linearGradient>\
                        </defs><ellipse fill=\"url(#x-l_0)\"/><text fill=\"black\">a</text></g>";
        assert_eq!(shown(gradient), expected);
    }

    #[test]
    fn what_is_no_single_drawing_is_told() {
        let two = format!("{}{}", svg(""), svg(""));
        for text in ["", "no graph", "<svg", "<svg width=\"9\"/>", "<html/>", &two, "<svg width=\"1e9\" height=\"1\"/>"]
        {
            assert!(Drawing::read(text).is_err(), "{text}");
        }
        let deep = format!("{}{}", "<g>".repeat(10_000), "</g>".repeat(10_000));
        assert!(Drawing::read(&svg(&deep)).is_ok());
        assert_eq!(Drawing::read(&svg("")).expect("a drawing").size(), (40, 31));
    }
}
