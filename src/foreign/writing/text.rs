//! Documents and the configuration as they are written down.

use chrono_tz::Tz;

use crate::files::config::sound_base_url;
use crate::foreign::moment::Written;
use crate::foreign::site::{Document, Enclosure, Facts, Kind, Person};
use crate::foreign::told::{Told, Verdict};
use crate::foreign::writing::Place;

/// Keys that pages do not have.
const OF_POSTS: [&str; 8] = ["date", "expires", "id", "link", "tags", "authors", "image", "enclosure"];

/// A document with front matter.
pub(super) fn with_front_matter(
    document: &Document,
    place: &Place,
    aliases: &[String],
    body: &str,
    zone: Tz,
) -> String {
    let mut head = format!("+++\ntitle = {}\n", quoted(&document.title));
    for (key, value) in said(document, place.slug.as_deref(), zone) {
        if document.kind == Kind::Post || !OF_POSTS.contains(&key) {
            head.push_str(&format!("{key} = {value}\n"));
        }
    }
    if document.draft {
        head.push_str("draft = true\n");
    }
    head.push_str(&alias_line(aliases, false));
    if let Some(extra) = extra(document) {
        head.push_str(&format!("\n{extra}"));
    }
    let body = body.trim_end();
    if body.is_empty() {
        format!("{head}+++\n")
    } else {
        format!("{head}+++\n\n{}\n", body.trim_start_matches(['\n', '\r']))
    }
}

/// An enclosure as TOML: its address alone where that says everything.
fn enclosure(Enclosure { url, media_type, length }: &Enclosure) -> String {
    let url = quoted(url);
    if media_type.is_empty() && *length == 0 {
        return url;
    }
    let length = if *length == 0 { String::new() } else { format!(", length = {length}") };
    let media_type = if media_type.is_empty() { String::new() } else { format!(", type = {}", quoted(media_type)) };
    format!("{{ url = {url}{length}{media_type} }}")
}

/// Somebody as TOML: the name alone where no more is known.
fn person(person: &Person) -> String {
    if !person.has_details() {
        return quoted(&person.name);
    }
    let keys = [("name", &person.name), ("email", &person.email), ("url", &person.url), ("avatar", &person.avatar)];
    let keys = keys.into_iter().filter(|(_, text)| !text.is_empty());
    let keys: Vec<String> = keys.map(|(key, text)| format!("{key} = {}", quoted(text))).collect();
    format!("{{ {} }}", keys.join(", "))
}

/// The line that has the old addresses of a document, with its end: a key line of genBlog's form, or TOML. Empty without any.
#[must_use]
pub fn alias_line(aliases: &[String], is_key: bool) -> String {
    match (aliases.is_empty(), is_key) {
        (true, _) => String::new(),
        (false, true) => format!("#aliases {}\n", aliases.join(", ")),
        (false, false) => format!("aliases = {}\n", list(aliases)),
    }
}

/// Whether an old address stands in such a line as `written`.
#[must_use]
pub fn is_alias(written: &str, alias: &str) -> bool {
    written == alias || written == quoted(alias)
}

/// What a page has no key for, of all that was said about it.
pub(super) fn without_counterpart(document: &Document, zone: Tz) -> Vec<&'static str> {
    let keys = said(document, None, zone).into_iter().map(|(key, _)| key);
    keys.filter(|key| OF_POSTS.contains(key)).collect()
}

/// What there is to say of a document besides its title: keys, and values as TOML.
fn said(document: &Document, slug: Option<&str>, zone: Tz) -> Vec<(&'static str, String)> {
    let date = |date: &Option<Written>| {
        let date = date.as_ref().map(|date| date.in_zone(zone)).unwrap_or_default();
        date.strip_suffix("T00:00:00").map(str::to_owned).unwrap_or(date)
    };
    let text = |text: &str| if text.trim().is_empty() { String::new() } else { quoted(text) };
    let texts = |texts: &[String]| if texts.is_empty() { String::new() } else { list(texts) };
    let keys = [
        ("date", date(&document.date)),
        ("updated", date(&document.updated)),
        ("expires", date(&document.expires)),
        ("slug", text(slug.unwrap_or_default())),
        ("id", text(&document.id)),
        ("link", text(&document.link)),
        ("tags", texts(&document.tags)),
        ("authors", texts(&document.authors)),
        ("summary", text(&document.summary)),
        ("lang", text(&document.language)),
        ("image", text(&document.image)),
        ("enclosure", document.enclosure.as_ref().map(enclosure).unwrap_or_default()),
    ];
    keys.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn list(texts: &[String]) -> String {
    format!("[{}]", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", "))
}

/// The free data as TOML, which knows no null.
fn extra(document: &Document) -> Option<String> {
    let extra: toml::Table =
        document.extra.iter().filter_map(|(key, value)| Some((key.clone(), toml_value(value)?))).collect();
    let table = toml::Table::from_iter([("extra".to_owned(), toml::Value::Table(extra.clone()))]);
    (!extra.is_empty()).then(|| toml::to_string(&table).unwrap_or_default())
}

fn toml_value(value: &serde_json::Value) -> Option<toml::Value> {
    Some(match value {
        serde_json::Value::Null => return None,
        serde_json::Value::Bool(value) => (*value).into(),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(integer) => integer.into(),
            None => number.as_f64()?.into(),
        },
        serde_json::Value::String(text) => text.as_str().into(),
        serde_json::Value::Array(items) => items.iter().filter_map(toml_value).collect::<Vec<_>>().into(),
        serde_json::Value::Object(entries) => {
            let entries = entries.iter().filter_map(|(key, value)| Some((key.clone(), toml_value(value)?)));
            toml::Value::Table(entries.collect())
        }
    })
}

/// A post in genBlog's form.
pub(super) fn genblog(document: &Document, place: &Place, aliases: &[String], body: &str, zone: Tz) -> String {
    let mut text = String::new();
    pulldown_cmark_escape::escape_html_body_text(&mut text, &one_line(&document.title))
        .expect("a string takes everything");
    text.push('\n');
    let mut key = |key: &str, value: &str| {
        if !value.trim().is_empty() {
            text.push_str(&format!("#{key} {}\n", one_line(value)));
        }
    };
    if let Some(date) = document.date.as_ref().map(|date| date.in_zone(zone)) {
        // The name says whole seconds of a clock that was not turned back.
        key("date", if date.len() == 19 { "" } else { &date });
    }
    let moment = |date: &Option<Written>| date.as_ref().map(|date| date.in_zone(zone)).unwrap_or_default();
    key("updated", &moment(&document.updated));
    key("expires", &moment(&document.expires));
    key("slug", place.slug.as_deref().unwrap_or_default());
    key("id", &document.id);
    key("link", &document.link);
    key("tags", &document.tags.join(", "));
    key("authors", &document.authors.join(", "));
    key("summary", &document.summary);
    key("lang", &document.language);
    key("image", &document.image);
    key("enclosure", document.enclosure.as_ref().map_or("", |enclosure| &enclosure.url));
    key("draft", if document.draft { "true" } else { "" });
    text.push_str(&alias_line(aliases, true));
    let body = body.trim_end();
    if body.starts_with('#') {
        // Not a key.
        text.push('\n');
    }
    format!("{text}{body}\n")
}

fn one_line(text: &str) -> String {
    text.split(['\n', '\r']).map(str::trim).collect::<Vec<_>>().join(" ").trim().to_owned()
}

/// The configuration of a site that was made from `source`, and what a person has to add.
#[must_use]
pub fn configuration(facts: &Facts, zone: Tz, source: &str) -> (String, Vec<Told>) {
    let mut told = Vec::new();
    let mut text = format!("# Taken over from `{}` by `genblog import`.\n", one_line(source).replace('`', "'"));
    let base = sound_base_url(&facts.base_url);
    if base.is_none() {
        let said = "`base_url` is made up: write where the site will be served";
        told.push(Told::of_file("genblog.toml", Verdict::Hand, said));
    }
    text.push_str(&format!("base_url = {}\n", quoted(base.as_deref().unwrap_or("https://example.org/"))));
    if facts.title.trim().is_empty() {
        told.push(Told::of_file(
            "genblog.toml",
            Verdict::Hand,
            "nothing says what the site is called: write its `title`",
        ));
    }
    let title = if facts.title.trim().is_empty() { "Untitled" } else { &facts.title };
    text.push_str(&format!("title = {}\n", quoted(title)));
    for (key, value) in [("description", &facts.description), ("language", &facts.language)] {
        if !value.trim().is_empty() {
            text.push_str(&format!("{key} = {}\n", quoted(value.trim())));
        }
    }
    let is_author = |person: &&Person| person.name == facts.author;
    let author = facts.people.iter().find(is_author).cloned();
    let author = author.unwrap_or_else(|| Person { name: facts.author.trim().to_owned(), ..Person::default() });
    if !author.name.is_empty() {
        text.push_str(&format!("author = {}\n", person(&author)));
    }
    let others: Vec<String> = facts.people.iter().filter(|person| !is_author(person)).map(person).collect();
    if !others.is_empty() {
        text.push_str(&format!("authors = [{}]\n", others.join(", ")));
    }
    if !facts.copyright.trim().is_empty() {
        text.push_str(&format!("copyright = {}\n", quoted(facts.copyright.trim())));
    }
    text.push_str(&format!("timezone = {}\n", quoted(zone.name())));
    let feed = feed(facts);
    if !feed.is_empty() {
        text.push_str(&format!("\n[feed]\n{feed}"));
    }
    (text, told)
}

fn feed(facts: &Facts) -> String {
    let mut text = String::new();
    let mut key = |key: &str, value: String| text.push_str(&format!("{key} = {value}\n"));
    if let Some(limit) = facts.limit {
        key("limit", limit.to_string());
    }
    if facts.summaries {
        key("summaries", "true".to_owned());
    }
    if let Some(minutes) = facts.ttl {
        key("ttl", minutes.to_string());
    }
    if !facts.skip_hours.is_empty() {
        // As they stand in the feed: nothing says which zone they were meant in.
        let hours: Vec<String> = facts.skip_hours.iter().map(ToString::to_string).collect();
        key("skip_hours", format!("{{ timezone = \"UTC\", hours = [{}] }}", hours.join(", ")));
    }
    if !facts.skip_days.is_empty() {
        let days: Vec<String> = facts.skip_days.iter().map(|day| format!("\"{day}\"")).collect();
        key("skip_days", format!("[{}]", days.join(", ")));
    }
    for (name, address) in [("link", &facts.link), ("hub", &facts.hub)] {
        if !address.is_empty() {
            key(name, quoted(address));
        }
    }
    if !facts.categories.is_empty() {
        key("categories", list(&facts.categories));
    }
    if !facts.image.is_empty() {
        key("image", quoted(&facts.image));
    }
    if let Some(webmaster) = &facts.webmaster {
        key("webmaster", person(webmaster));
    }
    text
}
