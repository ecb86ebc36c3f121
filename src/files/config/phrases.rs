//! The table `[phrases]`: what pages say in place of genblog's own words.

use std::collections::BTreeMap;

use crate::words::phrases::{Phrase, all, places};
use crate::words::source_text::{Located, Span};
use crate::words::table::Reader;

/// The names of CLDR's plural categories.
const CATEGORIES: [&str; 6] = ["zero", "one", "two", "few", "many", "other"];

/// Reads `[phrases]`.
pub(super) fn phrases(reader: &mut Reader<'_>) -> BTreeMap<String, Phrase> {
    let Some(table) = reader.table("phrases") else { return BTreeMap::new() };
    let mut keys = Reader::new(table, "what pages say");
    let mut said = BTreeMap::new();
    for (key, english) in all() {
        let phrase = match english {
            Phrase::Text(text) => keys.filled_text(key).map(|own| {
                check(&mut keys, key, &own, text);
                Phrase::Text(own.value)
            }),
            Phrase::Counted(forms) => counted(&mut keys, key, &forms["other"]).map(Phrase::Counted),
            Phrase::Names(names) => listed(&mut keys, key, names.len()).map(Phrase::Names),
        };
        said.extend(phrase.map(|phrase| (key.to_owned(), phrase)));
    }
    for diagnostic in keys.finish() {
        reader.report(diagnostic);
    }
    said
}

/// Forms by plural category, or one text for all numbers.
fn counted(keys: &mut Reader<'_>, key: &'static str, english: &str) -> Option<BTreeMap<String, String>> {
    if !keys.holds_table(key) {
        let own = keys.filled_text(key)?;
        check(keys, key, &own, english);
        return Some(BTreeMap::from([("other".to_owned(), own.value)]));
    }
    let table = keys.table(key)?;
    let mut inner = Reader::new(table, "the forms of a phrase");
    let mut forms = BTreeMap::new();
    for category in CATEGORIES {
        if let Some(own) = inner.filled_text(category) {
            check(&mut inner, key, &own, english);
            forms.insert(category.to_owned(), own.value);
        }
    }
    if !forms.contains_key("other") {
        inner.missing("other", "write the form that most numbers have: `other = \"…\"`");
    }
    for diagnostic in inner.finish() {
        keys.report(diagnostic);
    }
    forms.contains_key("other").then_some(forms)
}

/// As many names as English has.
fn listed(keys: &mut Reader<'_>, key: &'static str, count: usize) -> Option<Vec<String>> {
    let names = keys.texts(key);
    let Some(last) = names.last() else {
        if keys.holds_list(key) {
            keys.bad_value(keys.span(), format!("`{key}` has no names"), format!("write {count} of them, in order"));
        }
        return None;
    };
    if names.len() != count {
        let span = Span { range: names[0].span.range.start..last.span.range.end, ..last.span.clone() };
        keys.bad_value(&span, format!("`{key}` has {} names", names.len()), format!("write {count} of them, in order"));
        return None;
    }
    Some(names.into_iter().map(|name| name.value).collect())
}

/// What stands in braces must be something that the phrase is given.
fn check(keys: &mut Reader<'_>, key: &str, own: &Located<String>, english: &str) {
    let known = places(english);
    if let Some(unknown) = places(&own.value).into_iter().find(|name| !known.contains(name)) {
        let all: Vec<String> = known.iter().map(|name| format!("`{{{name}}}`")).collect();
        let help =
            if all.is_empty() { "write it without braces".to_owned() } else { format!("there is {}", all.join(", ")) };
        keys.bad_value(&own.span, format!("nothing stands for `{{{unknown}}}` in `{key}`"), help);
    }
}
