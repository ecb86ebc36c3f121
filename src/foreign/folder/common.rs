//! What the generators have in common: keys that mean the same, files that lie about, addresses.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::Value;

use crate::foreign::folder::head::{Keys, Split};
use crate::foreign::folder::tree::{Tree, TreeFile};
use crate::foreign::moment::Written;
use crate::foreign::people::know;
use crate::foreign::site::{Carried, Document, Form, Kind, Person, language, sound_path};
use crate::foreign::told::{Remarks, Told, Verdict};
use crate::words::slug::slug;

/// A document on its way, with what its templates may name.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) document: Document,
    pub(super) keys: Keys,
    /// The line on which its body begins.
    pub(super) line: usize,
}

/// Names that are of pages wherever they lie.
const PAGES: [&str; 16] = [
    "about",
    "contact",
    "imprint",
    "impressum",
    "privacy",
    "search",
    "archives",
    "archive",
    "now",
    "uses",
    "projects",
    "links",
    "cv",
    "resume",
    "404",
    "legal",
];

/// Whether a text without a folder of its own is a page by its name.
pub(super) fn is_page_name(name: &str) -> bool {
    PAGES.contains(&&*name.to_lowercase())
}

/// Reads the keys that all generators have under these names.
pub(super) fn document(keys: &mut Keys, path: &str, split: Split, told: &mut Vec<Told>) -> Document {
    let mut document =
        Document { source: (path.to_owned(), 1), title: keys.text("title").trim().to_owned(), ..Document::default() };
    document.form = if path.ends_with(".html") || path.ends_with(".htm") { Form::Html } else { Form::Markdown };
    let tags = [("tags", split), ("tag", split), ("categories", split), ("category", Split::Never)];
    for tag in tags.into_iter().flat_map(|(key, split)| keys.texts(key, split)) {
        add_tag(&mut document, &tag, told);
    }
    document.authors = keys.texts("authors", Split::Never);
    if document.authors.is_empty() {
        document.authors = keys.texts("author", Split::Never);
    }
    document.summary = keys.first(&["summary", "description", "excerpt"]).trim().to_owned();
    document.draft = keys.boolean("draft").unwrap_or(false);
    document.aliases = keys
        .texts("aliases", Split::Never)
        .into_iter()
        .map(|alias| if alias.starts_with('/') { alias } else { format!("/{alias}") })
        .collect();
    let written = keys.first(&["lang", "language", "locale"]);
    document.language = language(&written, |said| told.push(Told::of_line(path, 1, Verdict::Lost, said)));
    document
}

/// Who writes a site: a name, or a table that says more of them.
pub(super) fn author(keys: &mut Keys, path: &str, told: &mut Vec<Told>) -> (String, Vec<Person>) {
    let mut table = keys.table("author");
    let [name, email] = ["name", "email"].map(|key| table.text(key).trim().to_owned());
    if name.is_empty() {
        return (keys.text("author").trim().to_owned(), Vec::new());
    }
    let (mut people, mut remarks) = (BTreeMap::new(), Remarks::default());
    let url = table.first(&["url", "uri", "homepage"]);
    know(&mut people, Person { name: name.clone(), email, url, avatar: String::new() }, 0, &mut remarks);
    told.extend(remarks.0.into_iter().map(|remark| Told::of_file(path, remark.verdict, remark.text)));
    (name, people.into_values().filter(Person::has_details).collect())
}

/// Adds a tag, unless it is there or cannot be one.
pub(super) fn add_tag(document: &mut Document, tag: &str, told: &mut Vec<Told>) {
    let tag = tag.trim().to_owned();
    let slugged = slug(&tag);
    if slugged.is_empty() {
        if !tag.is_empty() {
            told.push(Told::of_line(
                &document.source.0,
                1,
                Verdict::Lost,
                format!("the tag `{tag}` has no letter and no digit"),
            ));
        }
    } else if document.tags.iter().all(|other| slug(other) != slugged) {
        document.tags.push(tag);
    }
}

/// The date that a name begins with, and the rest.
pub(super) fn dated(name: &str) -> (Option<Written>, &str) {
    let date = name.get(..10).and_then(|date| NaiveDate::parse_from_str(date, "%Y-%m-%d").ok());
    match (date, name.get(10..)) {
        (Some(date), Some(rest)) if rest.starts_with(['-', '_']) && rest.len() > 1 => {
            (Some(Written::local(date.and_time(chrono::NaiveTime::MIN))), rest.trim_start_matches(['-', '_']))
        }
        _ => (None, name),
    }
}

/// The rest of the keys as free data; what is there for generators only is left out.
pub(super) fn free_data(keys: &mut Keys, ignored: &[&str]) -> serde_json::Map<String, Value> {
    keys.ignore(ignored);
    let mut rest = keys.rest();
    // A table `extra` or `params` is one level that everybody has.
    for table in ["extra", "params"] {
        if let Some(Value::Object(inner)) = rest.get(table).cloned() {
            rest.remove(table);
            for (key, value) in inner {
                rest.entry(key).or_insert(value);
            }
        }
    }
    rest
}

/// A title for a text that has none, from its name.
pub(super) fn title_of(name: &str) -> String {
    let words = name.replace(['-', '_'], " ");
    let mut chars = words.trim().chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => "Untitled".to_owned(),
    }
}

/// Gives a document without a title one, and says so.
pub(super) fn need_title(document: &mut Document, name: &str, told: &mut Vec<Told>) {
    if document.title.is_empty() {
        document.title = title_of(name);
        told.push(Told::of_line(
            &document.source.0,
            1,
            Verdict::Chosen,
            format!("the title `{}`: the text has none", document.title),
        ));
    }
}

/// Files that are taken along to `static/`, by their paths there; names that had to change are told.
pub(super) fn carry(files: &mut BTreeMap<String, Carried>, file: &TreeFile, to: &str, told: &mut Vec<Told>) {
    let Some(sound) = sound_path(to) else {
        told.push(Told::of_file(&file.path, Verdict::Lost, "this cannot be the name of a file everywhere"));
        return;
    };
    if sound != to {
        told.push(Told::of_file(
            &file.path,
            Verdict::Changed,
            format!("this is `static/{sound}` now: its name was not sound"),
        ));
    }
    files.entry(sound.clone()).or_insert(Carried { from: file.file.clone(), to: sound, source: file.path.clone() });
}

/// Everything below a folder, to `static/`.
pub(super) fn carry_folder(files: &mut BTreeMap<String, Carried>, tree: &Tree, folder: &str, told: &mut Vec<Told>) {
    for file in tree.below(folder) {
        let to = &file.path[folder.len() + 1..];
        if !is_left_behind(to) {
            carry(files, file, to, told);
        }
    }
}

/// What file managers and version control leave behind.
pub(super) fn is_left_behind(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(name, ".DS_Store" | "Thumbs.db" | ".gitkeep" | ".gitignore" | ".keep")
}

/// Fills in the parts of an address that a pattern names by `:name`; an empty part leaves no double slash.
pub(super) fn permalink(pattern: &str, value: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut address = String::new();
    let mut rest = pattern;
    while let Some(at) = rest.find(':') {
        address.push_str(&rest[..at]);
        let name = &rest[at + 1..];
        let length = name.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(name.len());
        address.push_str(&value(&name[..length])?);
        rest = &name[length..];
    }
    address.push_str(rest);
    let mut tidy = String::from("/");
    for part in address.split('/').filter(|part| !part.is_empty()) {
        tidy.push_str(part);
        tidy.push('/');
    }
    if !address.ends_with('/') {
        tidy.pop();
    }
    Some(if tidy.is_empty() { "/".to_owned() } else { tidy })
}

/// What patterns say of a date.
pub(super) fn date_part(name: &str, date: &Written) -> Option<String> {
    let form = match name {
        "year" => "%Y",
        "short_year" => "%y",
        "month" => "%m",
        "i_month" => "%-m",
        "monthname" | "long_month" => "%B",
        "short_month" => "%b",
        "day" => "%d",
        "i_day" => "%-d",
        "y_day" | "yearday" => "%j",
        "week" => "%V",
        "weekday" => "%w",
        "weekdayname" | "long_day" => "%A",
        "short_day" => "%a",
        "hour" => "%H",
        "minute" => "%M",
        "second" => "%S",
        _ => return None,
    };
    let text = date.local.format(form).to_string();
    Some(if name == "yearday" { text.trim_start_matches('0').to_owned() } else { text })
}

/// Whether a document is a post: it has a date, and does not stand by itself.
pub(super) fn settle_kind(document: &mut Document, is_alone: bool, name: &str) {
    document.kind = if document.date.is_none() || (is_alone && is_page_name(name)) { Kind::Page } else { Kind::Post };
}
