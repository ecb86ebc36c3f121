//! A folder of texts as genBlog, blosxom and pyblosxom have them: the title on the first line, perhaps lines of keys, then
//! HTML. Folders are categories.

use chrono::{NaiveDate, NaiveDateTime};

use crate::foreign::folder::common::Draft;
use crate::foreign::folder::common::{add_tag, carry, is_left_behind, need_title};
use crate::foreign::folder::head::Keys;
use crate::foreign::folder::hugo::Taken;
use crate::foreign::folder::tree::{Tree, TreeFile};
use crate::foreign::html::mend;
use crate::foreign::moment::{Written, written};
use crate::foreign::site::{Document, Facts, Form, language, web_address};
use crate::foreign::told::{Remarks, Told, Verdict};
use crate::parsing::front_matter::key_line;

pub(super) fn take(tree: &Tree, form: Option<Form>, told: &mut Vec<Told>) -> Taken {
    let mut drafts = Vec::new();
    let mut files = std::collections::BTreeMap::new();
    for file in tree.files.iter().filter(|file| !is_left_behind(&file.path)) {
        if file.path.ends_with(".txt") {
            let document = one(tree, file, form.unwrap_or(Form::GenBlog), told);
            drafts.push(Draft { document, keys: Keys::default(), line: 1 });
        } else if crate::files::picture::is_picture(&file.path) {
            carry(&mut files, file, &file.path, told);
        } else {
            told.push(Told::of_file(&file.path, Verdict::Lost, "neither a text nor a picture"));
        }
    }
    Taken { facts: Facts::default(), drafts, files, site: Keys::default() }
}

fn one(tree: &Tree, file: &TreeFile, form: Form, told: &mut Vec<Told>) -> Document {
    let text = tree.text(file, told);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
    let stem = name.strip_suffix(".txt").unwrap_or(name);
    let (title, mut rest) = text.split_once('\n').unwrap_or((text, ""));
    let mut document = Document { source: (file.path.clone(), 1), form, dated: true, ..Document::default() };
    let mut remarks = Remarks::default();
    document.title = htmlize::unescape(mend(title.trim(), &mut remarks)).into_owned();
    let mut line = 2;
    while let Some((key, value)) = rest.lines().next().and_then(any_key_line) {
        keys(&mut document, key, value, line, told);
        rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
        line += 1;
    }
    for part in folder.split('/').filter(|part| !part.is_empty()) {
        add_tag(&mut document, part, told);
    }
    let (in_name, rest_of_name) = dated(stem);
    let said = document.date.is_some();
    document.date = document.date.take().or(in_name.map(Written::local));
    if document.date.is_none() {
        document.date = file.modified.map(Written::local).or_else(|| written("1970-01-01"));
        told.push(Told::of_file(&file.path, Verdict::Chosen, "the date: when the file was last written (UTC)"));
    }
    let is_genblog = rest_of_name.is_empty() && !said;
    document.name = if rest_of_name.is_empty() {
        crate::foreign::site::short_slug(&document.title)
    } else {
        rest_of_name.to_owned()
    };
    if !is_genblog {
        let place = if folder.is_empty() { stem.to_owned() } else { format!("{folder}/{stem}") };
        document.address = format!("/{place}.html");
    }
    need_title(&mut document, rest_of_name, told);
    let mut said = Remarks::default();
    document.body = mend(rest, &mut said);
    let skipped = text.len() - rest.len();
    for remark in said.0 {
        remarks.say(skipped + remark.at, remark.verdict, remark.text);
    }
    told.extend(remarks.told(&file.path, text));
    document
}

/// `#key value` or `meta-key: value`. Names are of more kinds than genblog's own form has.
fn any_key_line(line: &str) -> Option<(&str, &str)> {
    if let Some((key, value)) = line.strip_prefix("meta-").and_then(|line| line.split_once(':')) {
        return Some((key.trim(), value.trim()));
    }
    key_line(line, |c| c.is_ascii_alphanumeric() || "_-".contains(c))
}

fn keys(document: &mut Document, key: &str, value: &str, line: usize, told: &mut Vec<Told>) {
    let path = document.source.0.clone();
    let tell = |said| told.push(Told::of_line(path, line, Verdict::Lost, said));
    let list = || value.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty());
    match &*key.to_lowercase() {
        "tags" | "keywords" | "categories" => list().for_each(|tag| add_tag(document, &tag, told)),
        "author" | "authors" => document.authors.extend(list()),
        "id" | "guid" => value.clone_into(&mut document.id),
        "link" => document.link = web_address(value, tell),
        "slug" => value.clone_into(&mut document.slug),
        "summary" | "description" => value.clone_into(&mut document.summary),
        "lang" | "language" => document.language = language(value, tell),
        "image" => value.clone_into(&mut document.image),
        "aliases" => document.aliases.extend(list()),
        "draft" => document.draft = matches!(value, "true" | "yes" | "on" | "1"),
        "date" | "creation_date" | "updated" | "expires" => match (written(value), key) {
            (None, _) => {
                told.push(Told::of_line(&document.source.0, line, Verdict::Hand, format!("`{value}` is no date")));
            }
            (date, "updated") => document.updated = date,
            (date, "expires") => document.expires = date,
            (date, _) => document.date = date,
        },
        "parser" | "format" if value != "html" => {
            told.push(Told::of_line(
                &document.source.0,
                line,
                Verdict::Hand,
                format!("this text is written for the parser `{value}`; it was taken as HTML"),
            ));
        }
        _ => {
            document.extra.insert(key.to_owned(), value.into());
        }
    }
}

/// The date in a name, and the rest: `2008-12-12T17_35_11`, `name-2008-12-12`, `name-2008-12-12-17-35`.
fn dated(stem: &str) -> (Option<NaiveDateTime>, &str) {
    if let Ok(date) = NaiveDateTime::parse_from_str(stem, "%Y-%m-%dT%H_%M_%S") {
        return (Some(date), "");
    }
    for (length, form) in [(16, "%Y-%m-%d-%H-%M"), (10, "%Y-%m-%d")] {
        let Some((rest, end)) = stem.len().checked_sub(length).and_then(|at| stem.split_at_checked(at)) else {
            continue;
        };
        let date = NaiveDateTime::parse_from_str(end, form)
            .ok()
            .or_else(|| NaiveDate::parse_from_str(end, form).ok().map(|day| day.and_time(chrono::NaiveTime::MIN)));
        if let (Some(date), true) = (date, rest.is_empty() || rest.ends_with('-')) {
            return (Some(date), rest.trim_end_matches('-'));
        }
    }
    (None, stem)
}
