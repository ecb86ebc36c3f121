//! RSS and Atom.
//!
//! Elements are known by their names wherever they stand, so that an item outside its channel (RSS 1.0), an element that
//! nobody closed or a file that was cut off lose nothing but what is not there.

use std::collections::HashMap;
use std::ops::Range;

use crate::foreign::feed::markup::{Token, Tokens, attribute, attributes};
use crate::foreign::feed::text::{Content, Placed};
use crate::foreign::feed::{Feed, Format, Item};
use crate::foreign::html::{mend, short};
use crate::foreign::moment::{Written, written};
use crate::foreign::told::Remarks;
use crate::parsing::html;

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
const FIELDS: [&str; 35] = [
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
];

/// Those that hold HTML.
const BODIES: [&str; 4] = ["description", "summary", "content", "content:encoded"];

/// Elements with texts of their own that are not the item's or channel's.
const APART: [&str; 7] = ["image", "textinput", "source", "contributor", "media:group", "cloud", "media:content"];

/// Elements about which nothing is said: they are made anew, or say nothing.
const SILENT: [&str; 25] = [
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
    "icon",
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
    /// The dates by the names of their elements.
    dates: Vec<(String, usize, Written)>,
    /// An entry of Atom has a summary or a content; an item's description may be either.
    is_entry: bool,
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
        if FIELDS.contains(&&*name) && !self.is_apart() {
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
        let address = || attribute(attributes, "url").unwrap_or_default().trim().to_owned();
        match (name, &mut self.item) {
            ("media:content" | "media:thumbnail" | "enclosure", Some(open)) => {
                let kind = attribute(attributes, "type").unwrap_or_default();
                let medium = attribute(attributes, "medium").unwrap_or_default();
                let picture = kind.starts_with("image/") || medium == "image" || name == "media:thumbnail";
                if picture && (open.item.image.is_empty() || name == "media:content") {
                    open.item.image = address();
                } else if name == "enclosure" && !picture {
                    self.remarks.hand(
                        range.start,
                        format!("the enclosure `{}` has no counterpart: link to it in the text", short(&address())),
                    );
                }
            }
            ("image", None) => self.remarks.lost(range.start, "the channel's picture has no counterpart"),
            ("managingeditor" | "webmaster", None) => {
                self.remarks.lost(range.start, format!("`<{raw_name}>`: addresses for mail have no counterpart"));
            }
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
        let mut tokens = Tokens::new(self.text, from..self.text.len());
        let (mut depth, mut has_tags) = (0_usize, false);
        let is_body = BODIES.contains(&name);
        while let Some((token, range)) = tokens.next() {
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

    fn field(&mut self, name: &str, attributes: &str, at: usize, inner: Inner) {
        let is_own = matches!(
            self.parent(),
            "item" | "entry" | "author" | "channel" | "feed" | "rss" | "rdf:rdf" | "skiphours" | "skipdays" | ""
        );
        if !is_own {
            return;
        }
        if self.item.is_some() {
            self.item_field(name, attributes, at, inner)
        } else {
            self.channel_field(name, attributes, at, inner)
        }
    }

    fn item_field(&mut self, name: &str, attributes: &str, at: usize, inner: Inner) {
        if BODIES.contains(&name) {
            return self.body(name, attributes, at, inner);
        }
        let title_is_html =
            name == "title" && matches!(attribute(attributes, "type").as_deref(), Some("html" | "xhtml"));
        let value = match name {
            "author" => self.person(inner.range),
            _ => self.line(inner),
        };
        let value = if name == "title" && !self.is_ours() {
            plain_title(value, title_is_html, at, self.remarks)
        } else {
            value
        };
        let Some(open) = &mut self.item else { return };
        let item = &mut open.item;
        let set = |target: &mut String| {
            if target.is_empty() {
                *target = value.clone();
            }
        };
        match name {
            "title" => set(&mut item.title),
            "guid" | "id" => {
                set(&mut item.id);
                let permanent =
                    attribute(attributes, "ispermalink").is_none_or(|value| !value.eq_ignore_ascii_case("false"));
                if name == "guid" && permanent && item.link.is_empty() && item.id.starts_with("http") {
                    item.link.clone_from(&item.id);
                }
            }
            "link" => match attribute(attributes, "href") {
                Some(href) => {
                    let relation = attribute(attributes, "rel").unwrap_or_default();
                    if relation == "enclosure" {
                        let picture = attribute(attributes, "type").is_some_and(|kind| kind.starts_with("image/"));
                        if picture {
                            item.image = href.into_owned();
                        } else {
                            self.remarks.hand(
                                at,
                                format!("the enclosure `{}` has no counterpart: link to it in the text", short(&href)),
                            );
                        }
                    } else if (relation.is_empty() || relation == "alternate") && item.link.is_empty() {
                        item.link = href.trim().to_owned();
                    }
                }
                // What a permalink said was only a guess.
                None if !value.is_empty() => item.link = value,
                None => {}
            },
            "feedburner:origlink" if !value.is_empty() => item.link = value,
            "author" | "dc:creator" if !value.is_empty() && !item.authors.contains(&value) => item.authors.push(value),
            "category" | "dc:subject" => {
                let term = attribute(attributes, "label").or_else(|| attribute(attributes, "term"));
                let term = term.map_or(value, |term| term.trim().to_owned());
                if !term.is_empty() && !item.tags.contains(&term) {
                    item.tags.push(term);
                }
            }
            "language" | "dc:language" => set(&mut item.language),
            "pubdate" | "dc:date" | "dcterms:created" | "dcterms:issued" | "dcterms:modified" | "published"
            | "issued" | "created" | "updated" | "modified" => match written(&value) {
                Some(date) => {
                    if let Some(remark) = &date.remark {
                        self.remarks.changed(at, format!("the date `{}` {remark}", short(&value)));
                    }
                    open.dates.push((name.to_owned(), at, date));
                }
                None => self.remarks.hand(at, format!("`{}` is no date", short(&value))),
            },
            _ => {}
        }
    }

    fn channel_field(&mut self, name: &str, attributes: &str, at: usize, inner: Inner) {
        let author = (name == "author").then(|| self.person(inner.range.clone()));
        let value = self.line(inner);
        let feed = &mut self.feed;
        let set = |target: &mut String| {
            if target.is_empty() {
                *target = value.clone();
            }
        };
        match name {
            "title" => set(&mut feed.title),
            "description" | "subtitle" | "tagline" => set(&mut feed.description),
            "language" | "dc:language" => set(&mut feed.language),
            "copyright" | "rights" | "dc:rights" => set(&mut feed.copyright),
            "generator" => set(&mut feed.generator),
            "author" | "dc:creator" => {
                if feed.author.is_empty() {
                    feed.author = author.unwrap_or(value);
                }
            }
            "link" => {
                match (attribute(attributes, "href"), attribute(attributes, "rel").as_deref().unwrap_or_default()) {
                    (Some(href), "self") => feed.address = href.into_owned(),
                    (Some(href), "hub") => feed.hub = href.into_owned(),
                    (Some(href), "" | "alternate") if feed.home.is_empty() => feed.home = href.into_owned(),
                    (Some(_), _) => {}
                    (None, _) => set(&mut feed.home),
                }
            }
            "lastbuilddate" | "pubdate" | "updated" | "modified" | "dc:date" => {
                feed.changed = feed.changed.take().or_else(|| written(&value));
            }
            "ttl" => match value.parse() {
                Ok(minutes @ 1..) => feed.ttl = Some(minutes),
                _ => self.remarks.lost(at, format!("`{}` is no number of minutes", short(&value))),
            },
            "hour" => match value.parse::<u8>() {
                Ok(hour @ 0..=24) if !feed.skip_hours.contains(&(hour % 24)) => feed.skip_hours.push(hour % 24),
                Ok(0..=24) => self.remarks.changed(at, format!("hour {value} is there twice")),
                _ => self.remarks.lost(at, format!("`{}` is no hour of the day", short(&value))),
            },
            "day" => match value.parse::<chrono::Weekday>() {
                Ok(day) => {
                    let name = crate::files::config::Day::ALL[day.num_days_from_monday() as usize].name().to_owned();
                    if !feed.skip_days.contains(&name) {
                        feed.skip_days.push(name);
                    }
                }
                Err(_) => self.remarks.lost(at, format!("`{}` is no day of the week", short(&value))),
            },
            _ => {}
        }
    }

    /// Plain text, without the tags in it.
    fn line(&mut self, inner: Inner) -> String {
        Placed::new(self.text, inner.range, Content::Decoded, self.remarks).line(self.remarks)
    }

    /// A person's name: that within the element, or the one beside an address for mail.
    fn person(&mut self, range: Range<usize>) -> String {
        let inside = &self.text[range.clone()];
        let named = inside.find("name>").and_then(|at| {
            let start = at + "name>".len();
            inside[start..].find("</").map(|length| range.start + start..range.start + start + length)
        });
        let text = Placed::new(self.text, named.unwrap_or(range), Content::Decoded, self.remarks).line(self.remarks);
        match text.split_once('(').and_then(|(address, name)| Some((address, name.strip_suffix(')')?))) {
            Some((address, name)) if address.contains('@') => name.trim().to_owned(),
            _ => text,
        }
    }

    fn body(&mut self, name: &str, attributes: &str, at: usize, inner: Inner) {
        let kind = attribute(attributes, "type").unwrap_or_default().to_ascii_lowercase();
        if attribute(attributes, "src").is_some() {
            return self.remarks.lost(at, "the text is not in the feed but at the address that `src` names");
        }
        let is_xhtml = kind == "xhtml" || kind == "application/xhtml+xml";
        let content = if is_xhtml || inner.has_tags { Content::Markup } else { Content::Decoded };
        let mut placed = Placed::new(self.text, inner.range, content, self.remarks);
        if is_xhtml {
            placed = without_div(&placed);
        }
        let Some(open) = &mut self.item else { return };
        if let Some(base) = attribute(attributes, "xml:base") {
            open.item.base = base.into_owned();
        }
        if open.is_entry && content == Content::Decoded && matches!(&*kind, "" | "text" | "text/plain") {
            placed.text = escaped(&placed.text);
        } else if !matches!(&*kind, "" | "text" | "text/plain" | "html" | "text/html") && !is_xhtml {
            return self.remarks.lost(at, format!("a text of the type `{}` has no counterpart", short(&kind)));
        }
        let target = if matches!(name, "description" | "summary") { &mut open.short } else { &mut open.full };
        if target.is_none() {
            *target = Some(placed);
        }
    }

    /// Ends the item that is under way.
    fn finish(&mut self) {
        let Some(Open { mut item, short, full, dates, is_entry }) = self.item.take() else { return };
        let (body, summary) = match (full, short) {
            (Some(full), summary) => (Some(full), summary),
            (None, short) => {
                if is_entry && short.is_some() {
                    self.remarks.hand(item.at, "the feed has only a summary of this; it became the text");
                }
                (short, None)
            }
        };
        if let Some(body) = body {
            let body = body.dedented();
            let mut said = Remarks::default();
            item.html = mend(&body.text, &mut said);
            body.tell(said, self.remarks);
            let end = item.html.trim_end().trim_end_matches("</p>");
            if ["[…]", "[...]", "[&#8230;]", "[&hellip;]"].iter().any(|mark| end.ends_with(mark)) {
                self.remarks.hand(item.at, "this text looks cut off: the feed may hold only the start of it");
            }
        }
        if let Some(summary) = summary {
            let plain = html::scan(&summary.text).map(|scan| scan.plain).unwrap_or_default();
            item.summary = Placed::at(&plain, item.at).line(self.remarks);
        }
        let find = |names: &[&str]| {
            let found = names.iter().find_map(|name| dates.iter().find(|(found, ..)| found == name));
            found.map(|(_, _, date)| date.clone())
        };
        item.published =
            find(&["pubdate", "published", "issued", "created", "dcterms:created", "dcterms:issued", "dc:date"]);
        item.updated = find(&["updated", "modified", "dcterms:modified"]);
        if item.published.is_none() {
            item.published = item.updated.take();
        }
        if item.updated == item.published {
            item.updated = None;
        }
        self.feed.items.push(item);
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

/// Atom wants XHTML in a `div` that is none of its content.
fn without_div(placed: &Placed) -> Placed {
    let text = &placed.text;
    let start = text.find('<').filter(|at| text[*at..].starts_with("<div") || text[*at..].starts_with("<xhtml:div"));
    let inner = start
        .and_then(|at| Some((at + text[at..].find('>')? + 1, text.rfind("</")?)))
        .filter(|(start, end)| start <= end);
    match inner {
        Some((start, end)) => placed.part(start..end),
        None => placed.clone(),
    }
}

/// Plain text as HTML.
fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + 7);
    html.push_str("<p>");
    pulldown_cmark_escape::escape_html_body_text(&mut html, text.trim()).expect("a string takes everything");
    html.push_str("</p>");
    html
}

/// Titles that were escaped twice, or hold tags.
fn plain_title(title: String, is_html: bool, at: usize, remarks: &mut Remarks) -> String {
    let tags = ["<b>", "<i>", "<em>", "<strong>", "<code>", "<tt>", "<span", "<a ", "<br", "<sup>", "<sub>"];
    let lower = title.to_lowercase();
    let has_tags = tags.iter().any(|tag| lower.contains(tag));
    let unescaped = htmlize::unescape(&title);
    if !is_html && !has_tags && *unescaped == *title {
        return title;
    }
    let plain = if is_html || has_tags {
        html::scan(&title).map(|scan| scan.plain).unwrap_or_default()
    } else {
        unescaped.into_owned()
    };
    if !is_html && plain != title {
        remarks.changed(at, format!("the title was HTML; it is plain text now: `{}`", short(&plain)));
    }
    plain
}
