//! RSS and Atom.
//!
//! Elements are known by their names wherever they stand, so that an item outside its channel (RSS 1.0), an element that
//! nobody closed or a file that was cut off lose nothing but what is not there.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use crate::foreign::feed::markup::{Token, Tokens, attribute, attributes};
use crate::foreign::feed::text::Placed;
use crate::foreign::feed::xml::fields::plain_title;
use crate::foreign::feed::{Feed, Format, Item};
use crate::foreign::moment::Written;
use crate::foreign::site::Enclosure;
use crate::foreign::told::Remarks;

mod fields;

/// What a prefix stands for.
const SPACES: [(&str, &str); 8] = [
    ("http://purl.org/rss/1.0/modules/content/", "content"),
    ("http://purl.org/dc/elements/1.1/", "dc"),
    ("http://purl.org/dc/terms/", "dcterms"),
    ("http://www.w3.org/2005/Atom", ""),
    ("http://purl.org/atom/ns#", ""),
    ("http://search.yahoo.com/mrss/", "media"),
    ("http://purl.org/rss/1.0/", ""),
    ("http://backend.userland.com/rss2", ""),
];

/// Elements that hold one text, in an item or a channel.
const FIELDS: [&str; 39] = [
    "title",
    "link",
    "guid",
    "id",
    "description",
    "summary",
    "content",
    "content:encoded",
    "pubdate",
    "dc:date",
    "dcterms:created",
    "dcterms:issued",
    "dcterms:modified",
    "published",
    "issued",
    "created",
    "updated",
    "modified",
    "author",
    "dc:creator",
    "category",
    "dc:subject",
    "language",
    "dc:language",
    "copyright",
    "rights",
    "dc:rights",
    "subtitle",
    "tagline",
    "generator",
    "lastbuilddate",
    "ttl",
    "hour",
    "day",
    "feedburner:origlink",
    "managingeditor",
    "webmaster",
    "logo",
    "icon",
];

/// Those that hold HTML.
const BODIES: [&str; 4] = ["description", "summary", "content", "content:encoded"];

/// Elements with texts of their own that are not the item's or channel's.
const APART: [&str; 7] = ["image", "textinput", "source", "contributor", "media:group", "cloud", "media:content"];

/// Elements about which nothing is said: they are made anew, or say nothing.
const SILENT: [&str; 24] = [
    "docs",
    "generator",
    "lastbuilddate",
    "cloud",
    "sy:updateperiod",
    "sy:updatefrequency",
    "sy:updatebase",
    "name",
    "uri",
    "email",
    "url",
    "comments",
    "slash:comments",
    "wfw:commentrss",
    "thr:total",
    "media:thumbnail",
    "media:content",
    "fh:archive",
    "fh:complete",
    "items",
    "rdf:seq",
    "rdf:li",
    "skiphours",
    "skipdays",
];

pub(super) fn read(text: &str, remarks: &mut Remarks) -> Result<Feed, String> {
    let mut reader = Reader {
        text,
        remarks,
        tokens: Tokens::new(text, 0..text.len()),
        feed: Feed::default(),
        item: None,
        open: Vec::new(),
        counts: HashMap::new(),
        prefixes: HashMap::new(),
        unknown: Vec::new(),
        categories: Known::default(),
        is_feed: false,
        ended: false,
    };
    reader.run();
    if !reader.is_feed {
        return Err("there is no feed in it: neither `<rss>`, `<feed>` nor `<rdf:RDF>`".to_owned());
    }
    Ok(reader.feed)
}

struct Reader<'a, 'r> {
    text: &'a str,
    remarks: &'r mut Remarks,
    tokens: Tokens<'a>,
    feed: Feed,
    item: Option<Open>,
    open: Vec<String>,
    counts: HashMap<String, usize>,
    prefixes: HashMap<String, &'static str>,
    /// Elements that have no counterpart: name, first place, how many.
    unknown: Vec<(String, usize, usize)>,
    /// What the channel is about.
    categories: Known,
    is_feed: bool,
    /// Whether the root element has ended.
    ended: bool,
}

/// An item under way.
#[derive(Default)]
struct Open {
    item: Item,
    /// `description` or `summary`, and the full text.
    short: Option<Placed>,
    full: Option<Placed>,
    /// The authors and tags that it has.
    authors: Known,
    tags: Known,
    /// The small picture of it.
    thumbnail: String,
    /// The dates by the names of their elements.
    dates: Vec<(String, usize, Written)>,
    /// An entry of Atom has a summary or a content; an item's description may be either.
    is_entry: bool,
}

/// What a list has already.
#[derive(Default)]
struct Known(HashSet<String>);

impl Known {
    /// Adds a text, unless it is empty or there.
    fn add(&mut self, list: &mut Vec<String>, text: String) {
        if !text.is_empty() && self.0.insert(text.clone()) {
            list.push(text);
        }
    }
}

impl Open {
    /// A picture or another file, which an element without content names.
    fn attach(&mut self, name: &str, attributes: &str) {
        let value = |name| attribute(attributes, name).unwrap_or_default().trim().to_owned();
        let (url, media_type) = (value("url"), value("type"));
        let is_picture = media_type.starts_with("image/") || value("medium") == "image";
        match name {
            "media:thumbnail" if self.thumbnail.is_empty() => self.thumbnail = url,
            "media:thumbnail" => {}
            // The first of them stands for the item.
            "media:content" if is_picture && self.item.image.is_empty() => self.item.image = url,
            "media:content" if is_picture => {}
            _ => {
                let length = bytes(&value(if name == "enclosure" { "length" } else { "filesize" }));
                self.item.enclosures.push(Enclosure { url, media_type, length });
            }
        }
    }
}

/// A number of bytes as front matter can have it; 0 for what is none.
fn bytes(text: &str) -> u64 {
    text.parse().ok().filter(|length| i64::try_from(*length).is_ok()).unwrap_or(0)
}

impl<'a> Reader<'a, '_> {
    fn run(&mut self) {
        while let Some((token, range)) = self.tokens.next() {
            match token {
                Token::Start { name, attributes, empty } => self.start(name, attributes, empty, range),
                Token::End { name } => self.end(&self.name(name)),
                Token::Text(_) | Token::Cdata(_) | Token::Other => {}
            }
        }
        if self.item.is_some() || (self.is_feed && !self.ended) {
            self.remarks.hand(self.text.len(), "the file ends in the middle of the feed; what was there was taken");
        }
        self.finish();
        if !self.is_ours() {
            let title = std::mem::take(&mut self.feed.title);
            self.feed.title = plain_title(title, false, 0, &mut Remarks::default());
        }
        for (name, at, count) in std::mem::take(&mut self.unknown) {
            let more = if count > 1 { format!(", here and {} times more", count - 1) } else { String::new() };
            self.remarks.lost(at, format!("`<{name}>` has no counterpart{more}"));
        }
    }

    /// A name in lower case, with the usual prefix of its space.
    fn name(&self, name: &str) -> String {
        let lower = name.to_ascii_lowercase();
        let Some((prefix, local)) = lower.split_once(':') else { return lower };
        let known = match prefix {
            "atom" | "a10" | "rss" => "",
            _ => self.prefixes.get(prefix).copied().unwrap_or(prefix),
        };
        if known.is_empty() { local.to_owned() } else { format!("{known}:{local}") }
    }

    /// Whether this program wrote the feed, which says titles as they are.
    fn is_ours(&self) -> bool {
        self.feed.generator.starts_with("genblog ")
    }

    fn parent(&self) -> &str {
        self.open.last().map_or("", String::as_str)
    }

    fn start(&mut self, raw_name: &'a str, attributes: &'a str, empty: bool, range: Range<usize>) {
        if attributes.contains("xmlns") {
            for (name, value) in self::attributes(attributes) {
                if let (Some(prefix), Some((_, space))) =
                    (name.strip_prefix("xmlns:"), SPACES.iter().find(|(uri, _)| *uri == value))
                {
                    self.prefixes.insert(prefix.to_ascii_lowercase(), space);
                }
            }
        }
        let name = self.name(raw_name);
        match &*name {
            "rss" | "rdf:rdf" | "channel" => self.is_feed = true,
            "feed" => {
                self.is_feed = true;
                self.feed.format = Format::Atom;
                self.feed.language = attribute(attributes, "xml:lang").unwrap_or_default().into_owned();
            }
            "item" | "entry" => return self.begin(&name, attributes, range.start, empty),
            _ => {}
        }
        // An image has an address, and else only what the channel says too.
        let of_image = name == "url" && self.parent() == "image";
        if of_image || (FIELDS.contains(&&*name) && !self.is_apart()) {
            let inner = if empty { Inner::empty(range.end) } else { self.inner(&name, range.end) };
            if !inner.closed && !empty {
                self.remarks
                    .changed(range.start, format!("`<{raw_name}>` is never closed; it ends before the next element"));
            }
            self.tokens.at = inner.next;
            return self.field(&name, attributes, range.start, inner);
        }
        self.other(&name, raw_name, attributes, &range);
        if !empty {
            *self.counts.entry(name.clone()).or_default() += 1;
            self.open.push(name);
        }
    }

    /// Whether the texts of this element belong to something within the item or channel.
    fn is_apart(&self) -> bool {
        APART.contains(&self.parent()) || self.open.iter().rev().take(4).any(|name| APART.contains(&name.as_str()))
    }

    /// Elements whose attributes say everything, and those that say nothing here.
    fn other(&mut self, name: &str, raw_name: &str, attributes: &str, range: &Range<usize>) {
        match (name, &mut self.item) {
            ("media:content" | "media:thumbnail" | "enclosure", Some(open)) => open.attach(name, attributes),
            _ => {
                let known = SILENT.contains(&name)
                    || APART.contains(&name)
                    || matches!(name, "rss" | "rdf:rdf" | "channel" | "feed");
                let nested = self.is_apart() || (self.item.is_some() && !matches!(self.parent(), "item" | "entry"));
                if known || nested || !self.is_feed {
                    return;
                }
                let full = self.unknown.len() >= 100;
                match self.unknown.iter_mut().find(|(known, ..)| known == raw_name) {
                    Some((.., count)) => *count += 1,
                    None if full => {}
                    None => self.unknown.push((raw_name.to_owned(), range.start, 1)),
                }
            }
        }
    }

    fn begin(&mut self, name: &str, attributes: &str, at: usize, empty: bool) {
        if let Some(open) = &self.item {
            self.remarks.changed(open.item.at, format!("this `<{name}>` is never closed; it ends before the next"));
            self.close(if open.is_entry { "entry" } else { "item" });
        }
        self.finish();
        self.is_feed = true;
        let value = |name| attribute(attributes, name).unwrap_or_default().into_owned();
        let item = Item { at, language: value("xml:lang"), base: value("xml:base"), ..Item::default() };
        self.item = Some(Open { item, is_entry: name == "entry", ..Open::default() });
        if empty {
            return self.finish();
        }
        *self.counts.entry(name.to_owned()).or_default() += 1;
        self.open.push(name.to_owned());
    }

    fn end(&mut self, name: &str) {
        self.close(name);
        match name {
            "item" | "entry" => self.finish(),
            "rss" | "feed" | "rdf:rdf" => self.ended = true,
            _ => {}
        }
    }

    /// Closes the innermost element of that name and all within it; an end without a beginning is nothing.
    fn close(&mut self, name: &str) {
        if self.counts.get(name).is_none_or(|count| *count == 0) {
            return;
        }
        while let Some(open) = self.open.pop() {
            if let Some(count) = self.counts.get_mut(&open) {
                *count -= 1;
            }
            if open == name {
                return;
            }
        }
    }

    /// The content of an element whose tag ends at `from`.
    fn inner(&self, name: &str, from: usize) -> Inner {
        let tokens = Tokens::new(self.text, from..self.text.len());
        let (mut depth, mut has_tags) = (0_usize, false);
        let is_body = BODIES.contains(&name);
        for (token, range) in tokens {
            let stop = match token {
                Token::Text(_) | Token::Cdata(_) | Token::Other => continue,
                Token::End { name: raw } => {
                    let found = self.name(raw);
                    if found == name && depth == 0 {
                        return Inner { range: from..range.start, next: range.end, has_tags, closed: true };
                    }
                    depth -= usize::from(found == name);
                    matches!(&*found, "item" | "entry" | "channel" | "rss" | "feed" | "rdf:rdf")
                }
                Token::Start { name: raw, empty, .. } => {
                    let found = self.name(raw);
                    has_tags = true;
                    let next_field = if is_body {
                        found != name
                            && matches!(&*found, "guid" | "pubdate" | "content:encoded" | "dc:date" | "description")
                    } else {
                        FIELDS.contains(&&*found) || found == "enclosure"
                    };
                    depth += usize::from(found == name && !empty && !next_field);
                    next_field || matches!(&*found, "item" | "entry")
                }
            };
            if stop {
                return Inner {
                    range: from..range.start,
                    next: range.start,
                    has_tags: has_tags && is_body,
                    closed: false,
                };
            }
        }
        Inner { range: from..self.text.len(), next: self.text.len(), has_tags, closed: false }
    }
}

/// Where an element's content stands, and where reading goes on.
struct Inner {
    range: Range<usize>,
    next: usize,
    has_tags: bool,
    closed: bool,
}

impl Inner {
    fn empty(at: usize) -> Self {
        Self { range: at..at, next: at, has_tags: false, closed: true }
    }
}
