//! The head of a foreign text, in any notation, and its keys as they are asked for.

use std::collections::BTreeSet;
use std::ops::Range;

use serde_json::Map;

use crate::foreign::moment::{Written, written};
use crate::foreign::told::{Told, Verdict};
use crate::parsing::yaml_table;
use crate::words::source_text::{Located, SourceText, Span};
use crate::words::table::{Entry, Table, Value, to_json};
use crate::words::toml_table;

/// A text taken apart.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) keys: Keys,
    pub(super) body: String,
    /// The line on which the body begins.
    pub(super) line: usize,
    /// Whether the text has a head at all.
    pub(super) is_there: bool,
}

/// The keys of a head. Names have no case, as in Hugo.
#[derive(Debug, Default)]
pub(super) struct Keys {
    entries: Vec<(String, Value)>,
    used: BTreeSet<String>,
}

/// How a text stands for several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Split {
    Never,
    AtSpaces,
}

/// Splits a text into head and body: TOML between `+++`, YAML between `---`, JSON between `---json` and `---` or by itself.
pub(super) fn split(path: &str, text: &str, told: &mut Vec<Told>) -> Head {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let first = text.lines().next().unwrap_or_default();
    let fence = first.trim_end();
    let without = |is_there| Head { keys: Keys::default(), body: text.to_owned(), line: 1, is_there };
    if fence.starts_with('{') && !fence.starts_with("{{") && !fence.starts_with("{%") {
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<serde_json::Value>();
        let Some(Ok(serde_json::Value::Object(object))) = values.next() else { return without(false) };
        let end = values.byte_offset();
        let body = text[end..].trim_start_matches([' ', '\t']).trim_start_matches('\n').to_owned();
        let line = text[..text.len() - body.len()].matches('\n').count() + 1;
        return Head { keys: Keys::of_json(object), body, line, is_there: true };
    }
    let close = match fence {
        "+++" => "+++",
        "---" | "---json" | "---toml" | "---yaml" => "---",
        _ => return without(false),
    };
    let start = first.len() + 1;
    let mut at = start.min(text.len());
    let mut end = None;
    for line in text[at..].split_inclusive('\n') {
        if line.trim_end() == close {
            end = Some((at, at + line.len()));
            break;
        }
        at += line.len();
    }
    let Some((head_end, body_start)) = end else {
        told.push(Told::of_line(
            path,
            1,
            Verdict::Hand,
            format!("the `{close}` that ends the front matter is missing"),
        ));
        return without(true);
    };
    let keys = match fence {
        "---json" => match serde_json::from_str(&text[start..head_end]) {
            Ok(serde_json::Value::Object(object)) => Keys::of_json(object),
            _ => {
                told.push(Told::of_line(path, 1, Verdict::Hand, "the front matter is not JSON: its keys are lost"));
                Keys::default()
            }
        },
        "+++" | "---toml" => Keys::of_text(path, text, start..head_end, true, told),
        _ => Keys::of_text(path, text, start..head_end, false, told),
    };
    let line = text[..body_start].matches('\n').count() + 1;
    Head { keys, body: text[body_start..].to_owned(), line, is_there: true }
}

impl Keys {
    /// The keys of a whole file: a configuration in TOML, YAML or JSON.
    pub(super) fn of_file(path: &str, text: &str, told: &mut Vec<Told>) -> Self {
        match path.rsplit('.').next() {
            Some("json") => match serde_json::from_str(text) {
                Ok(serde_json::Value::Object(object)) => Self::of_json(object),
                _ => {
                    told.push(Told::of_file(path, Verdict::Hand, "this is not JSON"));
                    Self::default()
                }
            },
            Some("toml") => Self::of_text(path, text, 0..text.len(), true, told),
            _ => Self::of_text(path, text, 0..text.len(), false, told),
        }
    }

    fn of_text(path: &str, text: &str, range: Range<usize>, is_toml: bool, told: &mut Vec<Told>) -> Self {
        let source = SourceText::new(path, text);
        let span = Span::new(&source, range.start..range.start);
        let (table, problems) = if is_toml {
            toml_table::parse(&source, range, span)
        } else {
            match yaml_table::parse(&source, range, span.clone()) {
                Ok(table) => (table, Vec::new()),
                Err(problem) => (Table { span, entries: Vec::new() }, vec![*problem]),
            }
        };
        for problem in problems {
            let line = problem.labels.first().map_or(0, |label| label.span.line_and_column().0);
            told.push(Told::of_line(path, line, Verdict::Hand, format!("{}: what it says is lost", problem.message)));
        }
        let entries = table.entries.into_iter().map(|entry| (entry.key.value, entry.value.value)).collect();
        Self { entries, used: BTreeSet::new() }
    }

    fn of_json(object: Map<String, serde_json::Value>) -> Self {
        Self { entries: object.into_iter().map(|(key, value)| (key, of_json(value))).collect(), used: BTreeSet::new() }
    }

    fn get(&mut self, key: &str) -> Option<&Value> {
        self.used.insert(key.to_lowercase());
        self.entries.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value)
    }

    /// Text; numbers and dates are text too.
    pub(super) fn text(&mut self, key: &str) -> String {
        self.get(key).and_then(text).unwrap_or_default()
    }

    /// The first of several keys that says something.
    pub(super) fn first(&mut self, keys: &[&str]) -> String {
        keys.iter()
            .map(|key| self.text(key))
            .fold(String::new(), |first, text| if first.is_empty() { text } else { first })
    }

    /// Texts in order.
    pub(super) fn texts(&mut self, key: &str, split: Split) -> Vec<String> {
        match self.get(key) {
            Some(Value::List(items)) => items.iter().filter_map(|item| text(&item.value)).collect(),
            Some(Value::Table(_)) | None => Vec::new(),
            Some(value) => {
                let text = text(value).unwrap_or_default();
                let parts: Vec<String> = match split {
                    Split::AtSpaces => text.split_whitespace().map(str::to_owned).collect(),
                    Split::Never => vec![text],
                };
                parts.into_iter().filter(|part| !part.trim().is_empty()).collect()
            }
        }
    }

    /// Yes or no.
    pub(super) fn boolean(&mut self, key: &str) -> Option<bool> {
        match self.get(key)? {
            Value::Boolean(value) => Some(*value),
            Value::Plain(text) | Value::Text(text) => match &*text.to_lowercase() {
                "true" | "yes" | "on" => Some(true),
                "false" | "no" | "off" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// A date; one that cannot be understood is told.
    pub(super) fn date(&mut self, key: &str, path: &str, told: &mut Vec<Told>) -> Option<Written> {
        let text = self.text(key);
        let date = written(&text);
        if date.is_none() && !text.is_empty() {
            told.push(Told::of_line(path, 1, Verdict::Hand, format!("`{key}`: `{text}` is no date")));
        }
        date
    }

    /// What the keys are called, in lower case.
    pub(super) fn names(&self) -> Vec<String> {
        self.entries.iter().map(|(name, _)| name.to_lowercase()).collect()
    }

    /// The keys of a table within.
    pub(super) fn table(&mut self, key: &str) -> Self {
        let Some(Value::Table(table)) = self.get(key) else { return Self::default() };
        let entries = table.entries.iter().map(|entry| (entry.key.value.clone(), entry.value.value.clone())).collect();
        Self { entries, used: BTreeSet::new() }
    }

    /// Gives keys that are not there the values of others.
    pub(super) fn inherit(&mut self, other: &Self) {
        for (key, value) in &other.entries {
            if !self.entries.iter().any(|(name, _)| name.eq_ignore_ascii_case(key)) {
                self.entries.push((key.clone(), value.clone()));
            }
        }
    }

    /// The value of a key as a template would print it, wherever it lies: `a.b`.
    pub(super) fn shown(&self, path: &str) -> Option<String> {
        let (first, rest) = path.split_once('.').map_or((path, ""), |(first, rest)| (first, rest));
        let mut value = self.entries.iter().find(|(name, _)| name == first).map(|(_, value)| value)?;
        for part in rest.split('.').filter(|part| !part.is_empty()) {
            let Value::Table(table) = value else { return None };
            value = &table.entries.iter().find(|entry| entry.key.value == part)?.value.value;
        }
        text(value)
    }

    /// Takes keys as used that mean nothing to another generator.
    pub(super) fn ignore(&mut self, keys: &[&str]) {
        self.used.extend(keys.iter().map(|key| key.to_lowercase()));
    }

    /// Everything that nobody asked for.
    pub(super) fn rest(&self) -> Map<String, serde_json::Value> {
        let unused = self.entries.iter().filter(|(key, _)| !self.used.contains(&key.to_lowercase()));
        unused.map(|(key, value)| (key.clone(), to_json(value))).filter(|(_, value)| !value.is_null()).collect()
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) | Value::Plain(text) | Value::Moment(text) => {
            Some(text.clone()).filter(|text| text != "null")
        }
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(value) => Some(value.to_string()),
        Value::List(_) | Value::Table(_) => None,
    }
}

/// A value of JSON, which has no place.
fn of_json(value: serde_json::Value) -> Value {
    let source = SourceText::new("", "");
    let nowhere = || Span::new(&source, 0..0);
    match value {
        serde_json::Value::Null => Value::Plain("null".to_owned()),
        serde_json::Value::Bool(value) => Value::Boolean(value),
        serde_json::Value::Number(number) => {
            number.as_i64().map_or_else(|| Value::Float(number.as_f64().unwrap_or_default()), Value::Integer)
        }
        serde_json::Value::String(text) => Value::Text(text),
        serde_json::Value::Array(items) => {
            Value::List(items.into_iter().map(|item| Located { value: of_json(item), span: nowhere() }).collect())
        }
        serde_json::Value::Object(object) => {
            let entry = |(key, value)| Entry {
                key: Located { value: key, span: nowhere() },
                value: Located { value: of_json(value), span: nowhere() },
            };
            Value::Table(Table { span: nowhere(), entries: object.into_iter().map(entry).collect() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_found_in_every_notation() {
        for (text, body, line) in [
            ("+++\ntitle = 'T'\n[extra]\na = 1\n+++\nbody", "body", 6),
            ("---\nTitle: T\nextra:\n  a: 1\n---\nbody", "body", 6),
            ("---json\n{\"title\":\"T\",\"extra\":{\"a\":1}}\n---\nbody", "body", 4),
            ("{\"title\": \"T\",\n\"extra\": {\"a\": 1}}\n\nbody", "body", 4),
        ] {
            let mut told = Vec::new();
            let mut head = split("a.md", text, &mut told);
            assert_eq!((head.keys.text("title"), head.body.trim(), told.len()), ("T".to_owned(), body, 0), "{text}");
            assert_eq!(serde_json::Value::Object(head.keys.rest()).to_string(), r#"{"extra":{"a":1}}"#);
            assert!(head.line.abs_diff(line) <= 1, "{} in {text}", head.line);
        }
        let mut told = Vec::new();
        for text in ["---\na: [\n---\nx", "+++\nx", "---json\n[]\n---\n"] {
            let _ = split("a.md", text, &mut told);
        }
        assert_eq!(told.len(), 3);
        assert!(!split("a.md", "plain", &mut told).is_there);
    }
}
