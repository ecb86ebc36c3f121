//! What the elements of an item and of a channel say.

use std::ops::Range;

use crate::files::config::Day;
use crate::foreign::feed::markup::{Token, Tokens, attribute};
use crate::foreign::feed::text::{Content, Placed};
use crate::foreign::feed::xml::{BODIES, Inner, Open, Reader, bytes};
use crate::foreign::html::{mend, short};
use crate::foreign::moment::written;
use crate::foreign::people::{know, person};
use crate::foreign::site::{Enclosure, Person};
use crate::foreign::told::Remarks;
use crate::parsing::html;
use crate::words::mail::is_address;

impl Reader<'_, '_> {
    pub(super) fn field(&mut self, name: &str, attributes: &str, at: usize, inner: Inner) {
        let is_own = matches!(
            self.parent(),
            "item"
                | "entry"
                | "author"
                | "channel"
                | "feed"
                | "rss"
                | "rdf:rdf"
                | "skiphours"
                | "skipdays"
                | "image"
                | ""
        );
        if !is_own {
            return;
        }
        if self.item.is_some() {
            self.item_field(name, attributes, at, inner);
        } else {
            self.channel_field(name, attributes, at, inner);
        }
    }

    fn item_field(&mut self, name: &str, attributes: &str, at: usize, inner: Inner) {
        if BODIES.contains(&name) {
            return self.body(name, attributes, at, inner);
        }
        let title_is_html =
            name == "title" && matches!(attribute(attributes, "type").as_deref(), Some("html" | "xhtml"));
        let value = match name {
            "author" | "dc:creator" => {
                let person = self.person(inner.range);
                let shown = shown(&person).to_owned();
                know(&mut self.feed.people, person, at, self.remarks);
                shown
            }
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
                        let value = |name| attribute(attributes, name).unwrap_or_default().trim().to_owned();
                        let (media_type, length) = (value("type"), bytes(&value("length")));
                        item.enclosures.push(Enclosure { url: href.trim().to_owned(), media_type, length });
                    } else if (relation.is_empty() || relation == "alternate") && item.link.is_empty() {
                        item.link = href.trim().to_owned();
                    }
                }
                // What a permalink said was only a guess.
                None if !value.is_empty() => item.link = value,
                None => {}
            },
            "feedburner:origlink" if !value.is_empty() => item.link = value,
            "author" | "dc:creator" => open.authors.add(&mut item.authors, value),
            "category" | "dc:subject" => open.tags.add(&mut item.tags, term(attributes, &value)),
            "language" | "dc:language" => set(&mut item.language),
            "url" => set(&mut item.image),
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
        if matches!(name, "author" | "dc:creator" | "managingeditor" | "webmaster") {
            return self.of_channel(name, at, inner.range);
        }
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
            "logo" if !value.is_empty() => feed.image = value,
            "url" | "icon" => set(&mut feed.image),
            "category" | "dc:subject" => self.categories.add(&mut feed.categories, term(attributes, &value)),
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
                    let name = Day::ALL[day.num_days_from_monday() as usize].name().to_owned();
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

    /// Somebody whom the channel names for all of it.
    fn of_channel(&mut self, name: &str, at: usize, range: Range<usize>) {
        let element = if name == "webmaster" { "webMaster" } else { "managingEditor" };
        let person = self.person(range);
        match name {
            "author" | "dc:creator" => {
                if self.feed.author.is_empty() {
                    shown(&person).clone_into(&mut self.feed.author);
                }
                know(&mut self.feed.people, person, at, self.remarks);
            }
            _ if person.name.is_empty() && !person.email.is_empty() => {
                let key = if name == "webmaster" { "webmaster" } else { "author" };
                let email = short(&person.email);
                self.remarks.hand(
                    at,
                    format!("`<{element}>` has no name: write `{key} = {{ name = \"…\", email = \"{email}\" }}`"),
                );
            }
            "webmaster" if !is_address(&person.email) => {
                self.remarks.lost(at, format!("`<{element}>` has no address for mail, and genblog knows it by that"));
            }
            "webmaster" => self.feed.webmaster = Some(person),
            // Whom the feed names is the site's author, whoever wrote its items.
            _ if !person.name.is_empty() => {
                self.feed.author.clone_from(&person.name);
                know(&mut self.feed.people, person, at, self.remarks);
            }
            _ => {}
        }
    }

    /// Somebody, in elements of their own or in one text.
    fn person(&mut self, range: Range<usize>) -> Person {
        let mut found = Person::default();
        let mut open: Option<(String, usize)> = None;
        for (token, place) in Tokens::new(self.text, range.clone()) {
            match token {
                Token::Start { name, empty: false, .. } => open = Some((self.name(name), place.end)),
                Token::End { .. } => {
                    let Some((name, start)) = open.take() else { continue };
                    let target = match &*name {
                        "name" => &mut found.name,
                        "email" => &mut found.email,
                        "uri" | "url" => &mut found.url,
                        _ => continue,
                    };
                    let inside = Placed::new(self.text, start..place.start, Content::Decoded, self.remarks);
                    *target = inside.line(self.remarks);
                }
                _ => {}
            }
        }
        if found == Person::default() {
            found = person(&Placed::new(self.text, range, Content::Decoded, self.remarks).line(self.remarks));
        }
        found
    }

    fn body(&mut self, name: &str, attributes: &str, at: usize, inner: Inner) {
        let kind = attribute(attributes, "type").unwrap_or_default().to_ascii_lowercase();
        if attribute(attributes, "src").is_some() {
            return self.remarks.lost(at, "the text is not in the feed but at the address that `src` names");
        }
        let is_xhtml = kind == "xhtml" || kind == "application/xhtml+xml";
        let content = match (is_xhtml, inner.has_tags) {
            (true, _) => Content::Xhtml,
            (false, true) => Content::Markup,
            (false, false) => Content::Decoded,
        };
        let mut placed = Placed::new(self.text, inner.range, content, self.remarks);
        if is_xhtml {
            placed = without_div(&placed);
        }
        let Some(open) = &mut self.item else { return };
        if let Some(base) = attribute(attributes, "xml:base") {
            open.item.base = base.into_owned();
        }
        if open.is_entry && content == Content::Decoded && matches!(&*kind, "" | "text" | "text/plain") {
            placed = placed.paragraph();
        } else if !matches!(&*kind, "" | "text" | "text/plain" | "html" | "text/html") && !is_xhtml {
            return self.remarks.lost(at, format!("a text of the type `{}` has no counterpart", short(&kind)));
        }
        let target = if matches!(name, "description" | "summary") { &mut open.short } else { &mut open.full };
        if target.is_none() {
            *target = Some(placed);
        }
    }

    /// Ends the item that is under way.
    pub(super) fn finish(&mut self) {
        let Some(Open { mut item, short, full, thumbnail, dates, is_entry, .. }) = self.item.take() else { return };
        if item.image.is_empty() {
            item.image = thumbnail;
        }
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

/// How somebody is named: by their name, or else by their address for mail.
fn shown(person: &Person) -> &str {
    if person.name.is_empty() { &person.email } else { &person.name }
}

/// What a category is called: as people are to see it, where Atom says that.
fn term(attributes: &str, content: &str) -> String {
    let term = attribute(attributes, "label").or_else(|| attribute(attributes, "term"));
    term.map_or_else(|| content.trim().to_owned(), |term| term.trim().to_owned())
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

/// Titles that were escaped twice, or hold tags.
pub(super) fn plain_title(title: String, is_html: bool, at: usize, remarks: &mut Remarks) -> String {
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
