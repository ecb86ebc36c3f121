//! A drawing is written down, in a page's colours or in its own: [`Writer`].

use crate::graph::diagram::{Content, Element, Paper, Shown, each};
use crate::parsing::html::{address, attribute, escape};

/// Elements that have an area.
const SHAPES: [&str; 3] = ["polygon", "path", "ellipse"];

/// What an element lies in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Standing {
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
pub(super) fn needs_paper(element: &Element, standing: Standing) -> bool {
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

pub(super) struct Writer<'a> {
    pub(super) shown: Shown<'a>,
    pub(super) paper: Paper,
    pub(super) in_page: bool,
    pub(super) out: &'a mut String,
}

impl Writer<'_> {
    pub(super) fn content(&mut self, element: &Element, standing: Standing) {
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
