//! What draws is taken out of Graphviz' SVG, and nothing else: [`parse`].

use std::borrow::Cow;

use quick_xml::escape::{resolve_predefined_entity, unescape};
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use crate::graph::diagram::{Content, Element};

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

/// The one drawing in what Graphviz has written.
pub(super) fn parse(svg: &str) -> Result<Element, String> {
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
