//! HTML within a feed: what readers will take out, what they cannot complete, and what is broken.
//!
//! A reader shows an item away from its page, without scripts and styles, and mends its HTML in its own way. The HTML is looked
//! through once, from the left, and each finding is told where it stands in the feed's own file, through its escapes.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use crate::foreign::html::short;
use crate::foreign::lint::codes::Code;
use crate::foreign::lint::findings::Findings;
use crate::foreign::lint::html_elements::{is_element, is_open_ended, is_raw, is_removed, is_void};
use crate::foreign::lint::text::Text;
use crate::foreign::quotes::{Quote, Quotes};
use crate::words::address::scheme;
use crate::words::source_set::candidates;

/// Attributes that hold one address.
const ADDRESSES: [&str; 8] = ["href", "src", "poster", "cite", "data", "background", "longdesc", "lowsrc"];

/// Attributes where scripts look for a picture's address.
const LAZY: [&str; 5] = ["data-src", "data-lazy-src", "data-original", "data-srcset", "data-lazy"];

/// References that browsers read without their `;`, and people forget it.
const SHORT: [&str; 10] = ["nbsp", "lt", "gt", "amp", "quot", "copy", "reg", "laquo", "raquo", "middot"];

/// As many attributes of a tag are remembered.
const ATTRIBUTES: usize = 256;

/// As many open elements are remembered; where there are more, nothing is said about ends any longer.
const DEEP: usize = 10_000;

/// Looks through the HTML of an element.
pub(super) fn check(text: &Text, element: &str, findings: &mut Findings) {
    let mut page = Page {
        text,
        html: &text.value,
        element,
        findings,
        open: Open::default(),
        quotes: Quotes::new(),
        has_comment_ends: true,
    };
    let mut at = 0;
    while let Some(stop) = page.html[at..].find('<') {
        page.references(at..at + stop);
        at = page.markup(at + stop);
    }
    page.references(at..page.html.len());
    page.finish();
}

/// Whether a reader is expected to complete an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Address {
    Whole,
    Fragment,
    Relative,
    /// `javascript:` and the like.
    Code,
}

fn judge(address: &str) -> Address {
    let address = address.trim();
    match scheme(address) {
        Some(scheme) if ["javascript", "vbscript"].iter().any(|code| scheme.eq_ignore_ascii_case(code)) => {
            Address::Code
        }
        Some(_) => Address::Whole,
        None if address.starts_with('#') => Address::Fragment,
        None => Address::Relative,
    }
}

/// A tag under way.
struct Tag<'h> {
    name: String,
    at: Range<usize>,
    /// Names and values, with references read.
    attributes: Vec<Attribute<'h>>,
}

/// An attribute's name, what it says, and where.
type Attribute<'h> = (String, Cow<'h, str>, Range<usize>);

fn keep<'h>(attributes: &mut Vec<Attribute<'h>>, attribute: Attribute<'h>) {
    if attributes.len() < ATTRIBUTES {
        attributes.push(attribute);
    }
}

struct Page<'a, 'f> {
    text: &'a Text,
    html: &'a str,
    /// The element of the feed that holds it, for messages.
    element: &'a str,
    findings: &'f mut Findings,
    open: Open,
    quotes: Quotes,
    /// Whether there may be another end of a comment: what is not there is looked for once.
    has_comment_ends: bool,
}

/// Elements that are open.
#[derive(Default)]
struct Open {
    /// Their names and tags, the innermost last.
    elements: Vec<(String, Range<usize>)>,
    /// How many of each name there are.
    counts: BTreeMap<String, usize>,
    /// Whether there were too many to be remembered.
    is_lost: bool,
}

impl Open {
    fn push(&mut self, name: String, at: Range<usize>) {
        if self.is_lost {
            return;
        }
        if is_open_ended(&name) && self.elements.last().is_some_and(|(open, _)| *open == name) {
            self.pop();
        }
        if self.elements.len() >= DEEP {
            *self = Self { is_lost: true, ..Self::default() };
            return;
        }
        *self.counts.entry(name.clone()).or_default() += 1;
        self.elements.push((name, at));
    }

    fn pop(&mut self) -> Option<(String, Range<usize>)> {
        let (name, at) = self.elements.pop()?;
        if let Some(count) = self.counts.get_mut(&name) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&name);
            }
        }
        Some((name, at))
    }
}

impl<'a> Page<'a, '_> {
    /// `message` and `help` are asked only when they may be drawn; the first is given the element of the feed.
    fn tell(
        &mut self,
        code: Code,
        about: &str,
        at: Range<usize>,
        message: impl FnOnce(&str) -> String,
        help: impl FnOnce() -> String,
    ) {
        let at = self.text.locate(at);
        let element = self.element;
        self.findings.tell(code, about, at, || message(element), |finding| finding.help(help()));
    }

    /// What starts with the `<` at `at`; gives where to go on.
    fn markup(&mut self, at: usize) -> usize {
        let rest = &self.html[at..];
        if rest.starts_with("<!--") {
            return self.comment(at);
        }
        if let Some(name) = rest.strip_prefix("</") {
            let length = name.find(|c: char| !is_name(c)).unwrap_or(name.len());
            let stop = name.find(['>', '<']).unwrap_or(name.len());
            let end = at + 2 + stop + usize::from(name[stop..].starts_with('>'));
            if length > 0 {
                self.end(&name[..length].to_ascii_lowercase(), at..end);
            }
            return end;
        }
        if rest[1..].starts_with(|c: char| c.is_ascii_alphabetic()) {
            return self.start(at);
        }
        let is_odd = rest.starts_with("<!") || rest.starts_with("<?");
        if is_odd {
            return rest.find('>').map_or(self.html.len(), |end| at + end + 1);
        }
        at + 1
    }

    /// Behind the comment that starts at `at`.
    fn comment(&mut self, at: usize) -> usize {
        let inner = at + "<!--".len();
        let length = if self.has_comment_ends { self.html[inner..].find("-->") } else { None };
        if let Some(length) = length {
            return inner + length + "-->".len();
        }
        self.has_comment_ends = false;
        let message = |element: &str| format!("a comment in {element} never ends");
        let help = || "close it with `-->`; until then it hides what follows".to_owned();
        self.tell(Code::BrokenTag, "comment", at..inner, message, help);
        inner
    }

    fn end(&mut self, name: &str, at: Range<usize>) {
        if !self.open.counts.contains_key(name) {
            if !self.open.is_lost && !is_void(name) {
                let message = |element: &str| format!("`</{name}>` in {element} closes nothing");
                self.tell(Code::NotHtml, "stray", at, message, || "take it out".to_owned());
            }
            return;
        }
        let mut unclosed = None;
        while let Some((open, place)) = self.open.pop().filter(|(open, _)| open != name) {
            if !is_open_ended(&open) {
                unclosed = Some((open, place));
            }
        }
        if let Some((inner, place)) = unclosed {
            let message = |element: &str| format!("`<{inner}>` in {element} is not closed before `</{name}>`");
            self.tell(Code::NotHtml, "unclosed", place, message, || format!("close it first, with `</{inner}>`"));
        }
    }

    fn start(&mut self, at: usize) -> usize {
        let (tag, end) = match self.read(at) {
            Ok(read) => read,
            Err(broken_at) => return broken_at,
        };
        let name = tag.name.as_str();
        self.judge_element(&tag);
        if !is_removed(name) {
            self.judge_attributes(&tag);
        }
        let closed = self.html[..end].ends_with("/>");
        if is_raw(name) || name == "svg" || name == "math" {
            if closed && !is_raw(name) {
                return end;
            }
            return self.after(name, end);
        }
        if (!closed || is_element(name)) && !is_void(name) {
            self.open.push(tag.name, tag.at);
        }
        end
    }

    /// Behind the end tag of an element whose content is not looked at.
    fn after(&self, name: &str, from: usize) -> usize {
        let mut at = from;
        while let Some(stop) = self.html[at..].find("</") {
            at += stop + 2;
            let rest = &self.html[at..];
            if rest.get(..name.len()).is_some_and(|word| word.eq_ignore_ascii_case(name)) {
                return rest.find('>').map_or(self.html.len(), |end| at + end + 1);
            }
        }
        self.html.len()
    }

    /// Reads a start tag, which ends behind its `>`, or gives where to go on if it has none.
    fn read(&mut self, start: usize) -> Result<(Tag<'a>, usize), usize> {
        let html = self.html;
        let length = html[start + 1..].find(|c: char| !is_name(c)).unwrap_or(html.len() - start - 1);
        let name = html[start + 1..start + 1 + length].to_ascii_lowercase();
        let mut attributes = Vec::new();
        let mut at = start + 1 + length;
        loop {
            at += html[at..].len() - html[at..].trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/').len();
            let rest = &html[at..];
            if rest.starts_with('>') {
                return Ok((Tag { name, at: start..at + 1, attributes }, at + 1));
            }
            if rest.is_empty() || rest.starts_with('<') {
                self.broken(&name, start..at);
                // Its end is not told as well.
                if !is_void(&name) {
                    self.open.push(name, start..at);
                }
                return Err(at);
            }
            // As HTML has it, a name may even start with `=`.
            let first = rest.chars().next().map_or(1, char::len_utf8);
            let stops = |c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>' | '=' | '<');
            let length = first + rest[first..].find(stops).unwrap_or(rest.len() - first);
            let attribute = rest[..length].to_ascii_lowercase();
            at += length;
            let spaces = html[at..].len() - html[at..].trim_start().len();
            if !html[at + spaces..].starts_with('=') {
                keep(&mut attributes, (attribute, "".into(), at..at));
                continue;
            }
            at += spaces + 1;
            at += html[at..].len() - html[at..].trim_start().len();
            let rest = &html[at..];
            let (value, end) = match rest.as_bytes().first() {
                Some(quote @ (b'"' | b'\'')) => match self.quotes.close(html, at, *quote) {
                    Quote::At(end) => (at + 1..end, end + 1),
                    Quote::Missing(end) => {
                        self.unclosed_quote(&name, at..end);
                        (at + 1..end, end)
                    }
                },
                _ => {
                    let end = at + rest.find(|c: char| c.is_ascii_whitespace() || c == '>').unwrap_or(rest.len());
                    (at..end, end)
                }
            };
            at = end;
            keep(&mut attributes, (attribute, htmlize::unescape_attribute(&html[value.clone()]), value));
        }
    }

    fn broken(&mut self, name: &str, at: Range<usize>) {
        let shown = at.start..at.start + self.html[at.clone()].trim_end().len();
        let message = |element: &str| format!("the tag `<{name}` in {element} has no `>`");
        let help = || "close it; until then it swallows what follows, be it a picture or a sentence".to_owned();
        self.tell(Code::BrokenTag, name, shown, message, help);
    }

    fn unclosed_quote(&mut self, name: &str, at: Range<usize>) {
        let message = |element: &str| format!("a quote in the tag `<{name}` in {element} is never closed");
        let help = || "close it; until then it swallows what follows, up to the next quote".to_owned();
        self.tell(Code::BrokenTag, name, at, message, help);
    }

    fn judge_element(&mut self, tag: &Tag<'_>) {
        let (name, at) = (tag.name.as_str(), tag.at.clone());
        if is_removed(name) {
            let help = match name {
                "iframe" | "object" | "embed" | "applet" | "frame" => {
                    "link to what it shows, with a picture if there is one"
                }
                "script" | "style" | "link" | "meta" | "base" | "head" | "html" | "body" | "title" | "template" => {
                    "leave it out of the feed"
                }
                "noscript" => "write what is in it without it: readers take it out with all of it",
                _ => "link to the page where it works",
            };
            let message = |element: &str| format!("readers take `<{name}>` out of {element}");
            self.tell(Code::SecurityRisk, name, at, message, || help.to_owned());
        } else if name == "svg" || name == "math" {
            let message =
                |element: &str| format!("many readers drop `<{name}>` from {element}, or leave only its words");
            let help = || "put a picture (PNG or JPEG) with an `alt` text in its place".to_owned();
            self.tell(Code::NotHtml, name, at, message, help);
        } else if name.contains('-') {
            let message =
                |element: &str| format!("`<{name}>` in {element} is an element of your page, which no reader knows");
            let help = || "write plain HTML in its place: some readers drop it with all that is in it".to_owned();
            self.tell(Code::NotHtml, "custom", at, message, help);
        } else if !is_element(name) {
            let message = |element: &str| format!("HTML has no element `<{name}>`, as in {element}");
            let help = || format!("if it is meant as text, write `&lt;{name}&gt;` in the HTML");
            self.tell(Code::NotHtml, name, at, message, help);
        }
    }

    fn judge_attributes(&mut self, tag: &Tag<'_>) {
        for (name, value, at) in &tag.attributes {
            if name.len() > 2 && name.starts_with("on") && name.bytes().all(|byte| byte.is_ascii_alphabetic()) {
                let message = |element: &str| format!("readers take the attribute `{name}` out of {element}");
                let help = || "leave it out of the feed".to_owned();
                self.tell(Code::SecurityRiskAttribute, name, at.clone(), message, help);
            } else if name == "style" {
                let message = |element: &str| format!("readers take inline styles out of {element}");
                let help = || "say it with elements, such as `<em>` or `<table>`".to_owned();
                self.tell(Code::StyleAttribute, "", at.clone(), message, help);
            } else if ADDRESSES.contains(&name.as_str()) {
                self.address(name, value, at.clone());
            } else if name == "srcset" {
                candidates(value).for_each(|(address, _)| self.address(name, address, at.clone()));
            }
        }
        if tag.name == "img" {
            self.image(tag);
        }
    }

    fn address(&mut self, name: &str, value: &str, at: Range<usize>) {
        let shown = || short(value);
        match judge(value) {
            Address::Whole => {}
            Address::Code => {
                let message = |element: &str| format!("readers take `{name}=\"{}\"` out of {element}", shown());
                let help = || "link to the page where it works".to_owned();
                self.tell(Code::SecurityRiskAttribute, name, at, message, help);
            }
            Address::Fragment => {
                let message =
                    |element: &str| format!("`{name}=\"{}\"` in {element} leads nowhere outside its page", shown());
                self.tell(Code::FragmentUrl, name, at, message, || "write the page's address before it".to_owned());
            }
            Address::Relative => {
                let message = |element: &str| format!("`{name}=\"{}\"` in {element} is not a whole address", shown());
                let help = || "write all of it, from `https://` on: to a reader it is relative to nothing".to_owned();
                self.tell(Code::RelativeUrl, name, at, message, help);
            }
        }
    }

    fn image(&mut self, tag: &Tag<'_>) {
        let of = |name: &str| tag.attributes.iter().find(|(attribute, ..)| attribute == name);
        let placeholder = of("src").is_none_or(|(_, value, _)| value.trim().is_empty() || value.starts_with("data:"));
        let lazy = LAZY.into_iter().find(|name| of(name).is_some());
        if let (true, Some(lazy)) = (placeholder, lazy) {
            let message = |element: &str| {
                format!("a picture in {element} has its address in `{lazy}`, where only a script finds it")
            };
            self.tell(Code::LazyImage, "", tag.at.clone(), message, || "put the address into `src`".to_owned());
        }
        if of("alt").is_none() {
            let message = |element: &str| format!("a picture in {element} does not say what is to be seen");
            let help = || "describe it in `alt`; `alt=\"\"` if it says nothing".to_owned();
            self.tell(Code::MissingAlt, "", tag.at.clone(), message, help);
        }
    }

    /// References without their `;`, of those that HTML reads all the same.
    fn references(&mut self, at: Range<usize>) {
        let text = &self.html[at.clone()];
        for (found, _) in text.match_indices('&') {
            let rest = &text[found + 1..];
            let length = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
            let name = &rest[..length];
            if SHORT.contains(&name) && !rest[length..].starts_with([';', '=']) {
                let place = at.start + found..at.start + found + 1 + length;
                let message = |element: &str| format!("`&{name}` in {element} has no `;`");
                self.tell(Code::NotHtml, "reference", place, message, || "add the `;`".to_owned());
            }
        }
    }

    fn finish(&mut self) {
        let open = std::mem::take(&mut self.open);
        if let Some((name, at)) = open.elements.into_iter().find(|(name, _)| !is_open_ended(name)) {
            let message = |element: &str| format!("`<{name}>` in {element} is never closed");
            self.tell(Code::NotHtml, "open", at, message, || format!("close it with `</{name}>`"));
        }
    }
}

/// What a name of an element goes on with.
fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':' | '.')
}
