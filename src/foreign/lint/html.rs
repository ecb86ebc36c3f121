//! HTML within a feed: what readers will take out, what they cannot complete, and what is broken.
//!
//! A reader shows an item away from its page, without scripts and styles, and mends its HTML in its own way. The HTML is looked
//! through once, from the left, and each finding is told where it stands in the feed's own file, through its escapes.

use std::borrow::Cow;
use std::ops::Range;

use crate::foreign::lint::codes::Code;
use crate::foreign::lint::findings::Findings;
use crate::foreign::lint::text::Text;
use crate::words::address::scheme;
use crate::words::source_set::candidates;

/// Elements of HTML, past and present.
const ELEMENTS: &str = " a abbr acronym address applet area article aside audio b base basefont bdi bdo big blockquote body br button \
    canvas caption center cite code col colgroup data datalist dd del details dfn dialog dir div dl dt em embed fieldset figcaption \
    figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe img input ins kbd label legend li \
    link main map mark menu meta meter nav nobr noframes noscript object ol optgroup option output p param picture pre progress q rp \
    rt ruby s samp script search section select slot small source span strike strong style sub summary sup table tbody td template \
    textarea tfoot th thead time title tr track tt u ul var video wbr ";

/// Elements that readers take out, most of them with what is in them.
const REMOVED: &str = " applet base body button canvas dialog embed fieldset form frame frameset head html iframe input link meta noscript \
    object optgroup option script select style template textarea title ";

/// Elements without an end.
const VOID: &str = " area base basefont br col embed frame hr img input link meta param source track wbr ";

/// Elements whose end may be left out.
const OPEN_ENDED: &str =
    " body caption colgroup dd dt head html li optgroup option p rp rt tbody td tfoot th thead tr ";

/// Elements whose content is no markup.
const RAW: [&str; 4] = ["script", "style", "textarea", "title"];

/// Attributes that hold one address.
const ADDRESSES: [&str; 8] = ["href", "src", "poster", "cite", "data", "background", "longdesc", "lowsrc"];

/// Attributes where scripts look for a picture's address.
const LAZY: [&str; 5] = ["data-src", "data-lazy-src", "data-original", "data-srcset", "data-lazy"];

/// As many attributes of a tag are remembered.
const ATTRIBUTES: usize = 256;

/// As many open elements are remembered.
const DEEP: usize = 256;

/// Whether HTML has an element.
pub(super) fn is_element(name: &str) -> bool {
    among(ELEMENTS, name)
}

/// Whether a word stands in a list of words with spaces around them.
fn among(list: &str, word: &str) -> bool {
    !word.is_empty() && list.split_ascii_whitespace().any(|known| known == word)
}

/// Looks through the HTML of an element.
pub(super) fn check(text: &Text, element: &str, findings: &mut Findings) {
    let mut page = Page { text, html: &text.value, element, findings, open: Vec::new() };
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
    open: Vec<(String, Range<usize>)>,
}

impl<'a> Page<'a, '_> {
    fn tell(&mut self, code: Code, about: &str, at: Range<usize>, message: String, help: String) {
        let at = self.text.locate(at);
        self.findings.tell(code, about, at, || message, |finding| finding.help(help));
    }

    /// What starts with the `<` at `at`; gives where to go on.
    fn markup(&mut self, at: usize) -> usize {
        let rest = &self.html[at..];
        if rest.starts_with("<!--") {
            return rest.find("-->").map_or(self.html.len(), |end| at + end + 3);
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

    fn end(&mut self, name: &str, at: Range<usize>) {
        if let Some(above) = self.open.iter().rev().position(|(open, _)| open == name) {
            let keep = self.open.len() - above;
            let unclosed = self.open[keep..].iter().find(|(name, _)| !among(OPEN_ENDED, name)).cloned();
            if let Some((inner, place)) = unclosed {
                let message = format!("`<{inner}>` in {} is not closed before `</{name}>`", self.element);
                self.tell(Code::NotHtml, "unclosed", place, message, format!("close it first, with `</{inner}>`"));
            }
            self.open.truncate(keep - 1);
        } else if self.open.len() < DEEP && !among(VOID, name) {
            let message = format!("`</{name}>` in {} closes nothing", self.element);
            self.tell(Code::NotHtml, "stray", at, message, "take it out".to_owned());
        }
    }

    fn start(&mut self, at: usize) -> usize {
        let (tag, end) = match self.read(at) {
            Ok(read) => read,
            Err(broken_at) => return broken_at,
        };
        let name = tag.name.as_str();
        self.judge_element(&tag);
        if !among(REMOVED, name) {
            self.judge_attributes(&tag);
        }
        let closed = self.html[..end].ends_with("/>");
        if RAW.contains(&name) || name == "svg" || name == "math" {
            if closed && !RAW.contains(&name) {
                return end;
            }
            return self.after(name, end);
        }
        if (!closed || is_element(name)) && !among(VOID, name) && self.open.len() < DEEP {
            self.open.push((tag.name, tag.at));
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
                if !among(VOID, &name) && self.open.len() < DEEP {
                    self.open.push((name, start..at));
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
            let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
            let value = match quote {
                Some(quote) => match rest[1..].find(quote) {
                    Some(length) => at + 1..at + 1 + length,
                    None => {
                        self.broken(&name, start..at + 1);
                        return Err(html.len());
                    }
                },
                None => at..at + rest.find(|c: char| c.is_ascii_whitespace() || c == '>').unwrap_or(rest.len()),
            };
            at = value.end + usize::from(quote.is_some());
            keep(&mut attributes, (attribute, htmlize::unescape_attribute(&html[value.clone()]), value));
        }
    }

    fn broken(&mut self, name: &str, at: Range<usize>) {
        let shown = at.start..at.start + self.html[at.clone()].trim_end().len();
        let message = format!("the tag `<{name}` in {} has no `>`", self.element);
        let help = "close it; until then it swallows what follows, be it a picture or a sentence".to_owned();
        self.tell(Code::BrokenTag, name, shown, message, help);
    }

    fn judge_element(&mut self, tag: &Tag<'_>) {
        let (name, at) = (tag.name.as_str(), tag.at.clone());
        let element = self.element;
        if among(REMOVED, name) {
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
            self.tell(
                Code::SecurityRisk,
                name,
                at,
                format!("readers take `<{name}>` out of {element}"),
                help.to_owned(),
            );
        } else if name == "svg" || name == "math" {
            let help = "put a picture (PNG or JPEG) with an `alt` text in its place";
            self.tell(
                Code::NotHtml,
                name,
                at,
                format!("many readers drop `<{name}>` from {element}, or leave only its words"),
                help.to_owned(),
            );
        } else if name.contains('-') {
            let message = format!("`<{name}>` in {element} is an element of your page, which no reader knows");
            self.tell(
                Code::NotHtml,
                "custom",
                at,
                message,
                "write plain HTML in its place: some readers drop it with all that is in it".to_owned(),
            );
        } else if !is_element(name) {
            let message = format!("HTML has no element `<{name}>`, as in {element}");
            let help = format!("if it is meant as text, write `&lt;{name}&gt;` in the HTML");
            self.tell(Code::NotHtml, name, at, message, help);
        }
    }

    fn judge_attributes(&mut self, tag: &Tag<'_>) {
        for (name, value, at) in &tag.attributes {
            if name.len() > 2 && name.starts_with("on") && name.bytes().all(|byte| byte.is_ascii_alphabetic()) {
                let message = format!("readers take the attribute `{name}` out of {}", self.element);
                self.tell(
                    Code::SecurityRiskAttribute,
                    name,
                    at.clone(),
                    message,
                    "leave it out of the feed".to_owned(),
                );
            } else if name == "style" {
                let message = format!("readers take inline styles out of {}", self.element);
                self.tell(
                    Code::StyleAttribute,
                    "",
                    at.clone(),
                    message,
                    "say it with elements, such as `<em>` or `<table>`".to_owned(),
                );
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
        let shown: String = value.chars().take(60).collect();
        let element = self.element;
        match judge(value) {
            Address::Whole => {}
            Address::Code => {
                let message = format!("readers take `{name}=\"{shown}\"` out of {element}");
                self.tell(Code::SecurityRiskAttribute, name, at, message, "link to the page where it works".to_owned());
            }
            Address::Fragment => {
                let message = format!("`{name}=\"{shown}\"` in {element} leads nowhere outside its page");
                self.tell(Code::FragmentUrl, name, at, message, "write the page's address before it".to_owned());
            }
            Address::Relative => {
                let message = format!("`{name}=\"{shown}\"` in {element} is not a whole address");
                let help = "write all of it, from `https://` on: to a reader it is relative to nothing";
                self.tell(Code::RelativeUrl, name, at, message, help.to_owned());
            }
        }
    }

    fn image(&mut self, tag: &Tag<'_>) {
        let of = |name: &str| tag.attributes.iter().find(|(attribute, ..)| attribute == name);
        let placeholder = of("src").is_none_or(|(_, value, _)| value.trim().is_empty() || value.starts_with("data:"));
        let lazy = LAZY.into_iter().find(|name| of(name).is_some());
        if let (true, Some(lazy)) = (placeholder, lazy) {
            let message =
                format!("a picture in {} has its address in `{lazy}`, where only a script finds it", self.element);
            self.tell(Code::LazyImage, "", tag.at.clone(), message, "put the address into `src`".to_owned());
        }
        if of("alt").is_none() {
            let message = format!("a picture in {} does not say what is to be seen", self.element);
            self.tell(
                Code::MissingAlt,
                "",
                tag.at.clone(),
                message,
                "describe it in `alt`; `alt=\"\"` if it says nothing".to_owned(),
            );
        }
    }

    /// References without their `;`, of those that HTML reads all the same.
    fn references(&mut self, at: Range<usize>) {
        let text = &self.html[at.clone()];
        for (found, _) in text.match_indices('&') {
            let rest = &text[found + 1..];
            let length = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
            let name = &rest[..length];
            let is_short =
                ["nbsp", "lt", "gt", "amp", "quot", "copy", "reg", "laquo", "raquo", "middot"].contains(&name);
            if is_short && !rest[length..].starts_with([';', '=']) {
                let place = at.start + found..at.start + found + 1 + length;
                let message = format!("`&{name}` in {} has no `;`", self.element);
                self.tell(Code::NotHtml, "reference", place, message, format!("write `&{name};`"));
            }
        }
    }

    fn finish(&mut self) {
        let open = std::mem::take(&mut self.open);
        if let Some((name, at)) = open.into_iter().find(|(name, _)| !among(OPEN_ENDED, name)) {
            let message = format!("`<{name}>` in {} is never closed", self.element);
            self.tell(Code::NotHtml, "open", at, message, format!("close it with `</{name}>`"));
        }
    }
}

/// What a name of an element goes on with.
fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':' | '.')
}
