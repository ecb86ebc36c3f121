//! Documents and the configuration as they are written down.

use chrono_tz::Tz;

use crate::files::config::sound_base_url;
use crate::foreign::moment::Written;
use crate::foreign::site::{Document, Facts, Kind};
use crate::foreign::told::{Told, Verdict};
use crate::foreign::writing::Place;

/// A document with front matter.
pub(super) fn with_front_matter(
    document: &Document,
    place: &Place,
    aliases: &[String],
    body: &str,
    zone: Tz,
) -> String {
    let mut head = String::from("+++\n");
    let mut key = |key: &str, value: &str| head.push_str(&format!("{key} = {value}\n"));
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let list = |texts: &[String]| format!("[{}]", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", "));
    key("title", &quoted(&document.title));
    for (name, date) in [("date", &document.date), ("updated", &document.updated), ("expires", &document.expires)] {
        // Pages are not dated.
        let date = date.as_ref().filter(|_| document.kind == Kind::Post || name == "updated");
        if let Some(date) = date {
            let date = date.in_zone(zone);
            key(name, date.strip_suffix("T00:00:00").unwrap_or(&date));
        }
    }
    let of_post = document.kind == Kind::Post;
    for (name, text) in [
        ("slug", place.slug.as_deref().unwrap_or_default()),
        ("id", if of_post { &document.id } else { "" }),
        ("link", if of_post { &document.link } else { "" }),
    ] {
        if !text.is_empty() {
            key(name, &quoted(text));
        }
    }
    for (name, texts) in [("tags", &document.tags), ("authors", &document.authors)] {
        if of_post && !texts.is_empty() {
            key(name, &list(texts));
        }
    }
    for (name, text) in [
        ("summary", document.summary.as_str()),
        ("lang", &document.language),
        ("image", if of_post { &document.image } else { "" }),
    ] {
        if !text.trim().is_empty() {
            key(name, &quoted(text));
        }
    }
    if document.draft {
        key("draft", "true");
    }
    if !aliases.is_empty() {
        key("aliases", &list(aliases));
    }
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
    key("draft", if document.draft { "true" } else { "" });
    key("aliases", &aliases.join(", "));
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
    let quoted = |text: &str| toml::Value::from(text).to_string();
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
    for (key, value) in [
        ("description", &facts.description),
        ("language", &facts.language),
        ("author", &facts.author),
        ("copyright", &facts.copyright),
    ] {
        if !value.trim().is_empty() {
            text.push_str(&format!("{key} = {}\n", quoted(value.trim())));
        }
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
    if facts.hub.starts_with("https://") || facts.hub.starts_with("http://") {
        key("hub", toml::Value::from(facts.hub.as_str()).to_string());
    }
    text
}
