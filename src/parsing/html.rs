//! HTML that authors wrote themselves: what it says ([`scan`]), and its addresses made those of the site ([`rewrite`]).
//!
//! The HTML is streamed and never repaired: what an author left open stays open, and what is not touched keeps its bytes.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use lol_html::html_content::{ContentType, Element, TextType};
use lol_html::{RewriteStrSettings, doc_text, element, end_tag, rewrite_str};

use crate::files::picture::Size;
use crate::parsing::engine_link::scheme;
use crate::words::source_set::candidates;

/// What a piece of HTML says that a site has to know. Ranges are bytes of the piece.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// `id` attributes, and `name` attributes of links, which serve the same end.
    pub(crate) ids: Vec<(String, Range<usize>)>,
    /// All headings that are closed and not empty.
    pub(crate) headings: Vec<HtmlHeading>,
    /// Links that speak of the engine, as far as they are closed.
    pub(crate) engine_links: Vec<HtmlEngineLink>,
    /// Pictures that do not say what is to be seen.
    pub(crate) without_alt: Vec<Range<usize>>,
    /// The text without its tags.
    pub(crate) plain: String,
}

/// A heading in HTML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HtmlHeading {
    /// 1 to 6.
    pub level: u8,
    /// The author's, or one that is given later.
    pub id: Option<String>,
    /// Plain text.
    pub title: String,
    /// Where its opening tag starts; names the heading.
    pub start: usize,
}

/// A link that speaks of the engine: `<a href="claim:STOP_LINE">236</a>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HtmlEngineLink {
    /// Where its opening tag starts; names the link.
    pub(crate) start: usize,
    /// Where it leads, with character references decoded, and where that stands.
    pub(crate) destination: (String, Range<usize>),
    /// What it says, as plain text, and where that stands; tags and all where they lie between the words.
    pub(crate) text: (String, Range<usize>),
    /// Its `title`; may be empty.
    pub(crate) title: String,
}

/// What a link becomes: the opening tag and the closing one, both perhaps empty.
pub(crate) struct Tags {
    pub(crate) open: String,
    pub(crate) close: &'static str,
}

/// An address in an attribute.
pub(crate) struct Reference<'a> {
    /// The address, with character references decoded.
    pub(crate) address: &'a str,
    /// Where the attribute's value stands in the piece.
    pub(crate) range: Range<usize>,
    /// The element that has it, in lower case.
    pub(crate) tag: &'a str,
}

/// What an address becomes.
pub(crate) struct Target {
    /// What a page on the site may say.
    pub(crate) href: String,
    /// The size of the picture that it leads to.
    pub(crate) size: Option<Size>,
}

/// Looks through a piece of HTML.
pub(crate) fn scan(html: &str) -> Result<Scan, String> {
    let scan = Rc::new(RefCell::new(Scan::default()));
    let open: Rc<RefCell<Option<HtmlHeading>>> = Rc::default();
    let open_link: Rc<RefCell<Option<HtmlEngineLink>>> = Rc::default();
    let on_element = |element: &mut Element<'_, '_>| {
        scan.borrow_mut().element(element);
        if let Some(level) = heading_level(&element.tag_name()) {
            let id = element.get_attribute("id").map(|id| htmlize::unescape_attribute(id).into_owned());
            let start = element.source_location().bytes().start;
            *open.borrow_mut() = Some(HtmlHeading { level, id, title: String::new(), start });
            let (scan, open) = (Rc::clone(&scan), Rc::clone(&open));
            element.on_end_tag(end_tag!(move |_| {
                let heading = open.borrow_mut().take();
                scan.borrow_mut().headings.extend(heading.and_then(HtmlHeading::tidy));
                Ok(())
            }))?;
        }
        // A link that was left open ends where the next one begins, and cannot be replaced.
        if element.tag_name() == "a" {
            *open_link.borrow_mut() = HtmlEngineLink::begun(element);
            let (scan, open_link) = (Rc::clone(&scan), Rc::clone(&open_link));
            element.on_end_tag(end_tag!(move |end| {
                let link = open_link.borrow_mut().take();
                let end = end.source_location().bytes().start;
                scan.borrow_mut().engine_links.extend(link.map(|link| link.ended(end)));
                Ok(())
            }))?;
        }
        Ok(())
    };
    let on_text = |chunk: &mut lol_html::html_content::TextChunk<'_>| {
        if matches!(chunk.text_type(), TextType::Data | TextType::RCData | TextType::PlainText) {
            scan.borrow_mut().plain.push_str(chunk.as_str());
            if let Some(heading) = open.borrow_mut().as_mut() {
                heading.title.push_str(chunk.as_str());
            }
            if let Some(link) = open_link.borrow_mut().as_mut() {
                link.text.0.push_str(chunk.as_str());
            }
        }
        Ok(())
    };
    let settings = RewriteStrSettings::new()
        .append_element_content_handler(element!("*", on_element))
        .append_document_content_handler(doc_text!(on_text))
        .with_strict(false);
    rewrite_str(html, settings).map_err(|error| error.to_string())?;
    let mut scan = scan.take();
    scan.plain = tidy(&scan.plain);
    scan.engine_links.iter_mut().for_each(|link| link.narrow(html));
    Ok(scan)
}

impl Scan {
    fn element(&mut self, element: &Element<'_, '_>) {
        // Words in neighbouring elements are words of their own.
        self.plain.push(' ');
        let tag = element.tag_name();
        for attribute in element.attributes() {
            let name = attribute.name();
            let names_a_place = name == "id" || (name == "name" && tag == "a");
            if let (true, Some(at)) = (names_a_place, attribute.value_source_location()) {
                self.ids.push((htmlize::unescape_attribute(attribute.value()).into_owned(), at.bytes()));
            }
        }
        if tag == "img" && !element.has_attribute("alt") {
            self.without_alt.push(element.source_location().bytes());
        }
    }
}

impl HtmlHeading {
    fn tidy(mut self) -> Option<Self> {
        self.title = tidy(&self.title);
        (!self.title.is_empty()).then_some(self)
    }
}

impl HtmlEngineLink {
    /// The link that begins with `element`, if it speaks of the engine.
    fn begun(element: &Element<'_, '_>) -> Option<Self> {
        let start = element.source_location().bytes();
        let href = element.attributes().iter().find(|attribute| attribute.name() == "href")?;
        let destination = htmlize::unescape_attribute(href.value()).trim().to_owned();
        scheme(&destination)?;
        let title = element.get_attribute("title").unwrap_or_default();
        Some(Self {
            start: start.start,
            destination: (destination, href.value_source_location()?.bytes()),
            text: (String::new(), start.end..start.end),
            title: htmlize::unescape_attribute(&title).into_owned(),
        })
    }

    fn ended(mut self, end: usize) -> Self {
        self.text.0 = tidy(&self.text.0);
        self.text.1.end = end;
        self
    }

    /// Leaves the tags around the words out of their place.
    fn narrow(&mut self, html: &str) {
        let (text, place) = &mut self.text;
        if let Some(at) = html[place.clone()].find(&**text).filter(|_| !text.is_empty()) {
            let start = place.start + at;
            *place = start..start + text.len();
        }
    }
}

/// Character references decoded, white space collapsed.
fn tidy(text: &str) -> String {
    htmlize::unescape(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn heading_level(tag: &str) -> Option<u8> {
    match tag.as_bytes() {
        [b'h', digit @ b'1'..=b'6'] => Some(digit - b'0'),
        _ => None,
    }
}

/// Replaces addresses by what `resolve` makes of them, links by what stands beside where they start in `links`, and gives
/// `headings` their ids and permalinks.
pub(crate) fn rewrite(
    html: &str,
    headings: &[HtmlHeading],
    links: &BTreeMap<usize, Tags>,
    mut resolve: impl FnMut(Reference<'_>) -> Option<Target>,
) -> Result<String, String> {
    let on_element = |element: &mut Element<'_, '_>| {
        let start = element.source_location().bytes().start;
        if let Some(Tags { open, close }) = links.get(&start) {
            element.before(open, ContentType::Html);
            element.after(close, ContentType::Html);
            element.remove_and_keep_content();
            return Ok(());
        }
        addresses(element, &mut resolve)?;
        if let Some(id) = headings.iter().find(|heading| heading.start == start).and_then(|heading| heading.id.as_ref())
        {
            element.set_attribute("id", &escape(id))?;
            element.append(&permalink(id), ContentType::Html);
        }
        Ok(())
    };
    let settings =
        RewriteStrSettings::new().append_element_content_handler(element!("*", on_element)).with_strict(false);
    rewrite_str(html, settings).map_err(|error| error.to_string())
}

/// The link of a heading to itself.
pub(crate) fn permalink(id: &str) -> String {
    format!(r##"<a class="anchor" href="#{}" aria-label="Link to this section">#</a>"##, escape(id))
}

/// Text as the value of an attribute.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    pulldown_cmark_escape::escape_html(&mut escaped, text).expect("a string takes everything");
    escaped
}

/// ` name="value"`.
pub(crate) fn attribute(name: &str, value: &str) -> String {
    format!(" {name}=\"{}\"", escape(value))
}

/// ` name="address"`.
pub(crate) fn address(name: &str, href: &str) -> String {
    let mut html = format!(" {name}=\"");
    pulldown_cmark_escape::escape_href(&mut html, href).expect("a string takes everything");
    html + "\""
}

fn addresses(
    element: &mut Element<'_, '_>,
    resolve: &mut impl FnMut(Reference<'_>) -> Option<Target>,
) -> Result<(), lol_html::errors::AttributeNameError> {
    let tag = element.tag_name();
    let mut changes: Vec<(String, String)> = Vec::new();
    for attribute in element.attributes() {
        let name = attribute.name();
        let Some(at) = attribute.value_source_location() else { continue };
        let value = htmlize::unescape_attribute(attribute.value());
        let mut target = |address: &str| resolve(Reference { address, range: at.bytes(), tag: &tag });
        match (&*tag, &*name) {
            (_, "href" | "src" | "poster") | ("object", "data") => {
                let Some(Target { href, size }) = target(value.trim()) else { continue };
                let unsized_picture =
                    tag == "img" && !element.has_attribute("width") && !element.has_attribute("height");
                if let (true, Some(size)) = (unsized_picture, size) {
                    changes.push(("width".to_owned(), size.width.to_string()));
                    changes.push(("height".to_owned(), size.height.to_string()));
                }
                // A tag in which nothing changes keeps its bytes.
                if escape(&href) != attribute.value() && href != attribute.value() {
                    changes.push((name, href));
                }
            }
            (_, "srcset") => changes.push((name, source_set(&value, &mut target))),
            _ => {}
        }
    }
    changes.iter().try_for_each(|(name, value)| element.set_attribute(name, &escape(value)))
}

/// A `srcset` attribute with other addresses.
fn source_set(value: &str, target: &mut impl FnMut(&str) -> Option<Target>) -> String {
    let candidates = candidates(value).map(|(address, descriptor)| {
        let href = target(address).map_or_else(|| address.to_owned(), |target| target.href);
        format!("{href} {descriptor}").trim_end().to_owned()
    });
    candidates.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::*;

    fn rewritten(html: &str) -> String {
        let headings = scan(html)
            .expect("HTML")
            .headings
            .into_iter()
            .map(|heading| HtmlHeading { id: Some("h".to_owned()), ..heading });
        let resolve = |reference: Reference<'_>| {
            assert!(html[reference.range.clone()].contains('x'), "{:?}", &html[reference.range]);
            Some(Target { href: format!("/{}", reference.address), size: Some(Size { width: 3, height: 2 }) })
        };
        rewrite(html, &headings.collect::<Vec<_>>(), &BTreeMap::new(), resolve).expect("HTML")
    }

    #[test]
    fn addresses_are_replaced_wherever_they_stand() {
        for (html, expected) in [
            ("<a href=x>t</a>", r#"<a href="/x">t</a>"#),
            ("<p>open <A HREF='x?a&amp;b'>", r#"<p>open <A HREF="/x?a&amp;b">"#),
            ("<img src='x.png' alt=''>", r#"<img src="/x.png" alt='' width="3" height="2">"#),
            ("<img src=x.png width=1>", r#"<img src="/x.png" width=1>"#),
            ("<img width=1 srcset='x.png 1x, x,y.png 2x'>", r#"<img width=1 srcset="/x.png 1x, /x,y.png 2x">"#),
            ("<video poster=x></video>", r#"<video poster="/x"></video>"#),
            (
                "<h2>T &amp; U</h2>",
                r##"<h2 id="h">T &amp; U<a class="anchor" href="#h" aria-label="Link to this section">#</a></h2>"##,
            ),
            ("<b title=x>&lt;</b><br", "<b title=x>&lt;</b><br"),
        ] {
            assert_eq!(rewritten(html), expected);
        }
    }

    #[test]
    fn a_scan_knows_ids_headings_text_and_dumb_pictures() {
        let scan =
            scan("<p id=a>One<p>two<h2 id='b&amp;c'>Head <b>ing</b></h2><a name=d><img src=e><script>var x</script>")
                .expect("HTML");
        assert_eq!(scan.ids.iter().map(|(id, _)| &**id).collect::<Vec<_>>(), ["a", "b&c", "d"]);
        let heading = HtmlHeading { level: 2, id: Some("b&c".to_owned()), title: "Head ing".to_owned(), start: 17 };
        assert_eq!(scan.headings, [heading]);
        assert_eq!(scan.plain, "One two Head ing");
        assert_eq!(scan.without_alt.len(), 1);
    }

    proptest! {
        #[test]
        fn no_html_makes_it_panic(html in "(<|>|/|a|h2|img| |href|srcset|=|\"|'|,|&|#|!--|\\PC)*") {
            let headings = scan(&html).map(|scan| scan.headings).unwrap_or_default();
            let _ = rewrite(&html, &headings, &BTreeMap::new(), |reference| Some(Target { href: reference.address.to_owned(), size: None }));
        }
    }
}
