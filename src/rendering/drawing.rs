//! A drawing that stands in a text as SVG. Readers of feeds refuse it, or show its words without its lines, so feeds show a PNG in its
//! place, which lies beside the page as those of figures do.
//!
//! Only what stands for itself is drawn: well-formed, and with nothing that the page gives it, neither colours nor parts nor sizes.
//! Words are set in the fonts that feeds' pictures have, whichever are wanted.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;
use std::rc::Rc;

use lol_html::{RewriteStrSettings, element, end_tag, rewrite_str};
use quick_xml::escape::escape;
use resvg::usvg::roxmltree::{Document, Node};

use crate::graph::site::{Block, Body};
use crate::rendering::raster::{rasterise, size};
use crate::words::diagnostic::Diagnostic;
use crate::words::route::Route;

/// A drawing that has its picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawing {
    /// Where its PNG lives.
    pub route: Route,
    /// A document of its own.
    pub svg: String,
    /// Width and height in CSS pixels.
    size: (u32, u32),
    /// What it says to those who do not see it; may be empty.
    alternative: String,
}

/// An outermost `svg` element of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The number of the text's block.
    block: usize,
    /// Bytes of the block.
    bytes: Range<usize>,
    /// What feeds show there, if it stands for itself.
    pub drawing: Option<Drawing>,
}

/// CSS pixels that a drawing may be wide or high; a reader's column is far narrower.
pub const LARGEST: u32 = 2000;

/// Elements that show what is elsewhere, or that an SVG alone cannot show.
const FOREIGN: [&str; 4] = ["image", "feImage", "foreignObject", "script"];

/// The namespace of SVG.
const SVG: &str = "http://www.w3.org/2000/svg";

/// Units that are the same on every page.
const ABSOLUTE: [&str; 6] = ["px", "pt", "pc", "mm", "cm", "in"];

/// Words of CSS whose meaning the page decides.
const OF_PAGES: [&str; 6] = ["currentcolor", "var(", "@import", "inherit", "canvas", "linktext"];

/// SVG's elements whose names have capitals.
const ELEMENTS: &str = "altGlyph altGlyphDef altGlyphItem animateColor animateMotion animateTransform clipPath feBlend feColorMatrix \
    feComponentTransfer feComposite feConvolveMatrix feDiffuseLighting feDisplacementMap feDistantLight feDropShadow feFlood feFuncA \
    feFuncB feFuncG feFuncR feGaussianBlur feImage feMerge feMergeNode feMorphology feOffset fePointLight feSpecularLighting \
    feSpotLight feTile feTurbulence foreignObject glyphRef linearGradient radialGradient textPath";

/// SVG's attributes whose names have capitals.
const ATTRIBUTES: &str = "attributeName attributeType baseFrequency baseProfile calcMode clipPathUnits diffuseConstant edgeMode \
    filterUnits glyphRef gradientTransform gradientUnits kernelMatrix kernelUnitLength keyPoints keySplines keyTimes lengthAdjust \
    limitingConeAngle markerHeight markerUnits markerWidth maskContentUnits maskUnits numOctaves pathLength patternContentUnits \
    patternTransform patternUnits pointsAtX pointsAtY pointsAtZ preserveAlpha preserveAspectRatio primitiveUnits refX refY \
    repeatCount repeatDur requiredExtensions requiredFeatures specularConstant specularExponent spreadMethod startOffset \
    stdDeviation stitchTiles surfaceScale systemLanguage tableValues targetX targetY textLength viewBox viewTarget \
    xChannelSelector yChannelSelector zoomAndPan";

impl Drawing {
    fn new(written: &str, page: &Route, number: usize) -> Option<Self> {
        let svg = as_document(written)?;
        let document = Document::parse(&svg).ok()?;
        let root = document.root_element();
        let is_absolute = |name| root.attribute(name).is_some_and(is_absolute);
        let has_size = root.has_attribute("viewBox") || (is_absolute("width") && is_absolute("height"));
        if !has_size || !root.has_children() || !Parts::new(&document).stand_for_themselves() {
            return None;
        }
        let size = size(&document)
            .ok()
            .filter(|(width, height)| (1..=LARGEST).contains(width) && (1..=LARGEST).contains(height))?;
        let title = root.children().find(|node| node.tag_name().name() == "title").and_then(|title| title.text());
        let alternative = root.attribute("aria-label").or(title).unwrap_or_default().trim().to_owned();
        let route = page.beside(&format!("drawing-in-text-{number}.png"));
        Some(Self { route, size, alternative, svg })
    }

    /// The picture.
    pub fn png(&self) -> Result<Vec<u8>, Vec<Diagnostic>> {
        rasterise(&self.svg).map_err(|reason| {
            let message = format!("the drawing at `{}` cannot be drawn as a PNG: {reason}", self.route);
            vec![Diagnostic::error("drawing-picture", message)]
        })
    }

    fn html(&self, base_url: &str) -> String {
        let (src, alt, (width, height)) = (self.route.url(base_url), escape(&*self.alternative), self.size);
        format!("<img src=\"{}\" width=\"{width}\" height=\"{height}\" alt=\"{alt}\">", escape(src))
    }
}

/// All drawings of the text of the page at `page`, in order.
#[must_use]
pub fn drawings(page: &Route, body: &Body) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    if body.plain {
        return places;
    }
    for (block, html) in body.blocks.iter().enumerate() {
        let Block::Html(html) = html else { continue };
        for bytes in outermost(html) {
            let drawing = Drawing::new(&html[bytes.clone()], page, places.len() + 1);
            places.push(Place { block, bytes, drawing });
        }
    }
    places
}

/// The HTML of a block with pictures in place of drawings; `places` are those of the whole text.
#[must_use]
pub fn with_pictures(html: &str, block: usize, places: &[Place], base_url: &str) -> String {
    let (mut shown, mut from) = (String::new(), 0);
    for place in places.iter().filter(|place| place.block == block) {
        let Some(drawing) = &place.drawing else { continue };
        shown.push_str(&html[from..place.bytes.start]);
        shown.push_str(&drawing.html(base_url));
        from = place.bytes.end;
    }
    shown.push_str(&html[from..]);
    shown
}

/// Where the outermost `svg` elements stand. One without an end has its start tag only.
fn outermost(html: &str) -> Vec<Range<usize>> {
    let begins = |at: usize| html.as_bytes()[at..].get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"<svg"));
    if !html.match_indices('<').any(|(at, _)| begins(at)) {
        return Vec::new();
    }
    let found: Rc<RefCell<Vec<Range<usize>>>> = Rc::default();
    let each = element!("svg", |element| {
        let mut places = found.borrow_mut();
        let number = places.len();
        places.push(element.source_location().bytes());
        let found = Rc::clone(&found);
        if let Some(handlers) = element.end_tag_handlers() {
            handlers.push(end_tag!(move |end| {
                found.borrow_mut()[number].end = end.source_location().bytes().end;
                Ok(())
            }));
        }
        Ok(())
    });
    rewrite_str(html, RewriteStrSettings::new().append_element_content_handler(each).with_strict(false))
        .expect("no handler fails and memory is not limited");
    let mut reached = 0;
    let mut places = found.take();
    places.retain(|place| {
        let outside = place.start >= reached;
        reached = reached.max(place.end);
        outside
    });
    places
}

/// An element of HTML as a document; HTML knows the namespaces by itself.
fn as_document(written: &str) -> Option<String> {
    let rest = written.strip_prefix("<svg")?;
    let tag = rest.split('>').next()?;
    let mut svg = "<svg".to_owned();
    for (name, address) in [("xmlns", "http://www.w3.org/2000/svg"), ("xmlns:xlink", "http://www.w3.org/1999/xlink")] {
        if !tag.contains(&format!("{name}=")) {
            svg.push_str(&format!(" {name}=\"{address}\""));
        }
    }
    Some(svg + rest)
}

/// Whether a length is the same on every page.
fn is_absolute(length: &str) -> bool {
    let bare = length.trim();
    let number = ABSOLUTE.iter().find_map(|unit| bare.strip_suffix(unit)).unwrap_or(bare);
    number.parse::<f32>().is_ok()
}

/// Whether CSS gives letters a size that is the same on every page.
fn sets_size(css: &str) -> bool {
    css.split([';', '{', '}']).filter_map(|rule| rule.split_once(':')).any(|(key, value)| match key.trim() {
        "font-size" => is_absolute(value),
        // A length without a unit is the weight, if it is one of letters at all.
        "font" => {
            value.split([' ', '/']).any(|part| ABSOLUTE.iter().any(|unit| part.ends_with(unit)) && is_absolute(part))
        }
        _ => false,
    })
}

/// The parts of a drawing.
struct Parts<'a> {
    document: &'a Document<'a>,
    /// Their names, of those that have one.
    ids: BTreeSet<&'a str>,
    /// The drawing's own style sheets.
    styles: Vec<&'a str>,
}

impl<'a> Parts<'a> {
    fn new(document: &'a Document<'a>) -> Self {
        let ids = document.descendants().filter_map(|node| node.attribute("id")).collect();
        let styles = document.descendants().filter(|node| node.has_tag_name((SVG, "style")));
        Self { document, ids, styles: styles.filter_map(|node| node.text()).collect() }
    }

    fn stand_for_themselves(&self) -> bool {
        self.document.descendants().filter(Node::is_element).all(|node| self.stands_for_itself(&node))
    }

    fn stands_for_itself(&self, node: &Node<'_, '_>) -> bool {
        let name = node.tag_name().name();
        // Others' elements, such as those of editors, show nothing.
        if node.tag_name().namespace() != Some(SVG) {
            return true;
        }
        is_read_alike(name, ELEMENTS)
            && !FOREIGN.contains(&name)
            && (name != "style" || self.is_style_of_its_own(node))
            && (name != "text" || self.has_size_of_letters(node))
            && node.attributes().all(|attribute| match attribute.name() {
                "class" => attribute.value().split_ascii_whitespace().all(|class| self.is_styled(class)),
                // A link leads elsewhere and shows nothing of it.
                "href" => name == "a" || self.is_own(attribute.value()),
                name if ["id", "role"].contains(&name) || name.starts_with("aria-") || name.starts_with("data-") => {
                    true
                }
                name => {
                    let is_known = attribute.namespace().is_some() || is_read_alike(name, ATTRIBUTES);
                    is_known && !self.takes(attribute.value())
                }
            })
    }

    /// A style sheet that a page and a file read alike: CSS, in one piece.
    fn is_style_of_its_own(&self, node: &Node<'_, '_>) -> bool {
        node.attribute("type").is_none_or(|kind| kind == "text/css")
            && node.children().count() <= 1
            && node.text().is_none_or(|text| !self.takes(text))
    }

    /// Whether somebody but the page says how large letters are.
    fn has_size_of_letters(&self, node: &Node<'_, '_>) -> bool {
        let says = |node: Node<'_, '_>| {
            node.attribute("font-size").is_some_and(is_absolute) || node.attribute("style").is_some_and(sets_size)
        };
        node.ancestors().any(says) || self.styles.iter().any(|style| sets_size(style))
    }

    /// Whether one of the drawing's style sheets names a class.
    fn is_styled(&self, class: &str) -> bool {
        let is_part = |c: char| c.is_alphanumeric() || "-_".contains(c);
        let names = self.styles.iter().flat_map(|style| style.split('.').skip(1));
        names.into_iter().any(|rest| rest.strip_prefix(class).is_some_and(|rest| !rest.starts_with(is_part)))
    }

    /// Whether a value or a style sheet needs something that the drawing does not have.
    fn takes(&self, value: &str) -> bool {
        let small = value.to_ascii_lowercase();
        let target = |at: usize| value[at..].split(')').next().unwrap_or_default();
        OF_PAGES.iter().any(|word| small.contains(word))
            || small.match_indices("url(").any(|(at, start)| !self.is_own(target(at + start.len())))
    }

    /// Whether a reference, in quotes or without, is to a part of the drawing.
    fn is_own(&self, reference: &str) -> bool {
        let bare = reference.trim().trim_matches(['"', '\'']).trim();
        bare.strip_prefix('#').is_some_and(|id| self.ids.contains(id))
    }
}

/// Whether HTML, which minds no case within SVG, and XML, which does, understand a name as the same; `known` are the names that have
/// capitals (HTML, section 13.2.6.1).
fn is_read_alike(name: &str, known: &str) -> bool {
    let mut known = known.split_ascii_whitespace();
    if name.contains(|c: char| c.is_ascii_uppercase()) {
        known.any(|one| one == name)
    } else {
        !known.any(|one| one.eq_ignore_ascii_case(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(html: &str) -> Body {
        Body { blocks: vec![Block::Html(html.to_owned())], ..Body::default() }
    }

    fn shown(html: &str) -> String {
        let page = Route::new("posts/a/").expect("sound");
        with_pictures(html, 0, &drawings(&page, &body(html)), "https://example.org/")
    }

    #[test]
    fn a_drawing_that_stands_for_itself_becomes_a_picture() {
        let image = |number: u32, size: &str, alt: &str| {
            format!("<img src=\"https://example.org/posts/a/drawing-in-text-{number}.png\" {size} alt=\"{alt}\">")
        };
        let html = "<p>é <svg viewBox='0 0 40 20'><title>A &amp; b</title><svg><path d='M0 0h9'/></svg></svg> b</p>\
                    <svg width=\"8\" height=\"6\" aria-label=\"C\"><style>.a { fill: red }</style><g class=\"a\"/></svg>";
        let expected = [image(1, "width=\"40\" height=\"20\"", "A &amp; b"), image(2, "width=\"8\" height=\"6\"", "C")];
        assert_eq!(shown(html), format!("<p>é {} b</p>{}", expected[0], expected[1]));
    }

    #[test]
    fn parts_of_its_own_are_no_dependence() {
        for part in [
            "<path id='a' d='M0 0h9'/><use href='#a'/>",
            "<path id='a' d='M0 0h9'/><use xlink:href='#a'/>",
            "<linearGradient id='g'/><path fill='url(#g)' d='M0 0h9'/>",
            "<linearGradient id='g'/><path style='fill: URL( \"#g\" )' d='M0 0h9'/>",
            "<style>path { mask: url('#m') }</style><mask id='m'/><path d='M0 0h9'/>",
            "<a href='#elsewhere'><path d='M0 0h9'/></a>",
            "<style type='text/css'>.a.b, .wire { fill: red }</style><path class='b wire' d='M0 0h9'/>",
            "<clipPath id='c' clipPathUnits='userSpaceOnUse'/><path clip-path='url(#c)' d='M0 0h9'/>",
            "<g style='font: 3px sans-serif'><text>a</text></g>",
            "<style>text { font-size: 3px }</style><text>a</text>",
            "<g font-size='3'><text font-size='1.2em'>a</text></g>",
            "<path id='canvas' aria-label='What we inherit' d='M0 0h9'/>",
            "<metadata><Work xmlns='urn:x' Kind='y'/></metadata><path d='M0 0h9'/>",
        ] {
            let html = format!("<svg viewBox='0 0 4 4'>{part}</svg>");
            assert!(shown(&html).starts_with("<img "), "{part}");
        }
    }

    #[test]
    fn what_depends_on_its_page_or_is_no_document_stays() {
        for html in [
            "<svg viewBox='0 0 4 4'><path stroke='currentColor' d='M0 0h9'/></svg>",
            "<svg viewBox='0 0 4 4'><path class='wire' d='M0 0h9'/></svg>",
            "<svg viewBox='0 0 4 4'><path style='stroke: var(--ink)' d='M0 0h9'/></svg>",
            "<svg viewBox='0 0 4 4'><use href='#mark'/></svg>",
            "<svg viewBox='0 0 4 4'><use href='marks.svg#mark'/></svg>",
            "<svg viewBox='0 0 4 4'><path fill='url(#elsewhere)' d='M0 0h9'/></svg>",
            "<svg viewBox='0 0 4 4'><path id='a' style='mask: URL( \"#elsewhere\" )' d='M0 0h9'/></svg>",
            "<svg viewBox='0 0 4 4'><linearGradient id='g' href='#elsewhere'/><path fill='url(#g)' d='M0 0h9'/></svg>",
            "<svg viewBox='0 0 4 4'><text font-size='2'><textPath href='#elsewhere'>a</textPath></text></svg>",
            "<svg viewBox='0 0 4 4'><style>path { filter: url(#elsewhere) }</style><path d='M0 0h9'/></svg>",
            "<svg viewBox='0 0 4 4'><style>@import 'a.css';</style><path d='M0 0h9'/></svg>",
            "<svg viewBox='0 0 4 4'><image href='/etc/hostname'/></svg>",
            "<svg viewBox='0 0 4 4'><foreignobject/></svg>",
            "<svg viewBox='0 0 4 4'><lineargradient id='g'/><path fill='url(#g)' d='M0 0h9'/></svg>",
            "<svg viewBox='0 0 4 4'><PATH d='M0 0h9'/></svg>",
            "<svg viewBox='0 0 4 4'><path FILL='red' d='M0 0h9'/></svg>",
            "<svg viewBox='0 0 4 4' preserveaspectratio='none'><path d='M0 0h9'/></svg>",
            "<svg viewBox='0 0 4 4'><style/><path class='wire' d='M0 0h9'/></svg>",
            "<svg viewBox='0 0 4 4'><style>.wired { fill: red }</style><path class='wire' d='M0 0h9'/></svg>",
            "<svg viewBox='0 0 4 4'><style type='x'>.wire { fill: red }</style><path class='wire' d='M0 0h9'/></svg>",
            "<svg viewBox='0 0 4 4'><style>a {}<!-- c -->path { fill: red }</style><path d='M0 0h9'/></svg>",
            "<svg viewBox='0 0 4 4' fill='inherit'><path d='M0 0h9'/></svg>",
            "<svg viewBox='0 0 4 4'><path fill='CanvasText' d='M0 0h9'/></svg>",
            "<svg viewBox='0 0 40 20'><text y='15'>a</text></svg>",
            "<svg viewBox='0 0 40 20'><text font-size='2em'>a</text></svg>",
            "<svg viewBox='0 0 40 20'><text font-size='120%'>a</text></svg>",
            "<svg viewBox='0 0 40 20'><text style='font-weight: bold'>a</text></svg>",
            "<svg viewBox='0 0 40 20'><style>text { font: 700 1em serif }</style><text>a</text></svg>",
            "<svg viewBox='0 0 40 20'><style>text { font-family: serif }</style><text>a</text></svg>",
            "<svg width='100%' height='50%'><path d='M0 0h9'/></svg>",
            "<svg width='4em' height='4em'><path d='M0 0h9'/></svg>",
            "<svg viewBox=none><path></svg>",
            "<svg width='9000' height='9'><path d='M0 0h9'/></svg>",
            "<SVG viewBox='0 0 4 4'></SVG>",
            "<svg viewBox='0 0 4 4'/>a",
            "<svg><path d='M0 0h9'/></svg>",
            "<svg viewBox='0 0 4 4'><path d='M0 0h9'/>",
        ] {
            assert_eq!(shown(html), html);
            assert_eq!(drawings(&Route::home(), &body(html)).len(), 1, "{html}");
        }
        assert_eq!(drawings(&Route::home(), &body("a <!-- <svg> --> <svg-box></svg-box>")), []);
    }
}
