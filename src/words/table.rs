//! Tables of keys and values as authors write them, whatever the notation: TOML, YAML or `#key value` lines.
//!
//! A notation's parser makes a [`Table`] in which every key and value knows its place. A [`Reader`] then asks it for the
//! keys that mean something, remembers which these were, and reports the others.

use crate::words::diagnostic::Diagnostic;
use crate::words::nearest::nearest;
use crate::words::source_text::{Located, Span};

/// Keys and values in the author's order, each key once.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// A short place that stands for the table, for example the line that opens it.
    pub span: Span,
    /// Its entries.
    pub entries: Vec<Entry>,
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: Located<String>,
    /// The value.
    pub value: Located<Value>,
}

/// A value of any notation.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `true` or `false`.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// Text in quotes: text and nothing else.
    Text(String),
    /// Text without quotes: whatever the key that it stands for makes of it.
    Plain(String),
    /// A date, with or without time and offset, as it was written.
    Moment(String),
    /// Values in order.
    List(Vec<Located<Value>>),
    /// A table within the table.
    Table(Table),
}

impl Value {
    fn kind(&self) -> &'static str {
        match self {
            Self::Boolean(_) => "a boolean",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Text(_) | Self::Plain(_) => "text",
            Self::Moment(_) => "a date",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

/// A table on its way to a typed value.
pub struct Reader<'a> {
    table: &'a Table,
    what: &'static str,
    known: Vec<&'static str>,
    diagnostics: Vec<Diagnostic>,
}

/// What a key must hold.
#[derive(Debug, Clone, Copy)]
enum Wanted {
    Text,
    Boolean,
    Integer,
    Moment,
    Texts,
    Integers,
    Table,
    Tables,
}

impl Wanted {
    fn words(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Boolean => "a boolean",
            Self::Integer => "an integer",
            Self::Moment => "a date",
            Self::Texts => "a list of texts",
            Self::Integers => "a list of integers",
            Self::Table => "a table",
            Self::Tables => "a list of tables",
        }
    }

    fn example(self) -> &'static str {
        match self {
            Self::Text => "\"…\"",
            Self::Boolean => "true",
            Self::Integer => "1",
            Self::Moment => "2026-11-20T09:30:00",
            Self::Texts => "[\"…\", \"…\"]",
            Self::Integers => "[1, 2]",
            Self::Table => "{ … }",
            Self::Tables => "[{ … }, { … }]",
        }
    }
}

impl<'a> Reader<'a> {
    /// Starts to read; `what` completes "not a key of …".
    #[must_use]
    pub fn new(table: &'a Table, what: &'static str) -> Self {
        Self { table, what, known: Vec::new(), diagnostics: Vec::new() }
    }

    /// Whether a key holds text: some keys take text or something else.
    #[must_use]
    pub fn holds_text(&self, key: &str) -> bool {
        self.holds(key, |value| text(value).is_some())
    }

    /// Whether a key holds a table: some keys take text or a table.
    #[must_use]
    pub fn holds_table(&self, key: &str) -> bool {
        self.holds(key, |value| matches!(value, Value::Table(_)))
    }

    /// Whether a key holds a list: an empty one is not the same as none.
    #[must_use]
    pub fn holds_list(&self, key: &str) -> bool {
        self.holds(key, |value| matches!(value, Value::List(_)))
    }

    fn holds(&self, key: &str, is: impl Fn(&Value) -> bool) -> bool {
        self.table.entries.iter().any(|entry| entry.key.value == key && is(&entry.value.value))
    }

    /// Text.
    pub fn text(&mut self, key: &'static str) -> Option<Located<String>> {
        self.get(key, Wanted::Text, text)
    }

    /// Text that is not blank.
    pub fn filled_text(&mut self, key: &'static str) -> Option<Located<String>> {
        let text = self.text(key)?;
        if text.value.trim().is_empty() {
            self.bad_value(&text.span, format!("`{key}` is empty"), "write something, or leave the key out");
            return None;
        }
        Some(text)
    }

    /// Yes or no.
    pub fn boolean(&mut self, key: &'static str) -> Option<Located<bool>> {
        self.get(key, Wanted::Boolean, |value| match value {
            Value::Boolean(value) => Some(*value),
            Value::Plain(text) if ["true", "yes", "on"].contains(&&*text.to_lowercase()) => Some(true),
            Value::Plain(text) if ["false", "no", "off"].contains(&&*text.to_lowercase()) => Some(false),
            _ => None,
        })
    }

    /// A whole number.
    pub fn integer(&mut self, key: &'static str) -> Option<Located<i64>> {
        self.get(key, Wanted::Integer, integer)
    }

    /// A date as it was written.
    pub fn moment(&mut self, key: &'static str) -> Option<Located<String>> {
        self.get(key, Wanted::Moment, |value| match value {
            Value::Moment(text) | Value::Text(text) | Value::Plain(text) => Some(text.clone()),
            _ => None,
        })
    }

    /// Texts in order; a text without quotes is split at its commas.
    pub fn texts(&mut self, key: &'static str) -> Vec<Located<String>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        match &value.value {
            Value::Plain(_) => at_commas(&value.span),
            Value::List(items) => {
                let mut texts = Vec::with_capacity(items.len());
                for item in items {
                    match text(&item.value) {
                        Some(value) => texts.push(Located { value, span: item.span.clone() }),
                        None => self.wrong_type(key, item, Wanted::Texts),
                    }
                }
                texts
            }
            _ => {
                self.wrong_type(key, value, Wanted::Texts);
                Vec::new()
            }
        }
    }

    /// Whole numbers in order.
    pub fn integers(&mut self, key: &'static str) -> Vec<Located<i64>> {
        let mut integers = Vec::new();
        for item in self.list(key, Wanted::Integers) {
            match integer(&item.value) {
                Some(value) => integers.push(Located { value, span: item.span.clone() }),
                None => self.wrong_type(key, item, Wanted::Integers),
            }
        }
        integers
    }

    /// A table within this one.
    pub fn table(&mut self, key: &'static str) -> Option<&'a Table> {
        let value = self.value(key)?;
        match &value.value {
            Value::Table(table) => Some(table),
            _ => {
                self.wrong_type(key, value, Wanted::Table);
                None
            }
        }
    }

    /// Tables within this one, in order.
    pub fn tables(&mut self, key: &'static str) -> Vec<&'a Table> {
        let mut tables = Vec::new();
        for item in self.list(key, Wanted::Tables) {
            match &item.value {
                Value::Table(table) => tables.push(table),
                _ => self.wrong_type(key, item, Wanted::Tables),
            }
        }
        tables
    }

    /// The place that stands for the whole table.
    #[must_use]
    pub fn span(&self) -> &'a Span {
        &self.table.span
    }

    /// Reports a value of the right type that cannot be meant.
    pub fn bad_value(&mut self, span: &Span, message: impl Into<String>, help: impl Into<String>) {
        self.report(Diagnostic::error("bad-value", message).at(span.clone(), "").help(help));
    }

    /// Reports that a key is missing, unless it is there and what it holds was reported.
    pub fn missing(&mut self, key: &'static str, help: impl Into<String>) {
        if self.table.entries.iter().any(|entry| entry.key.value == key) {
            return;
        }
        let diagnostic = Diagnostic::error("missing-key", format!("`{key}` is missing"));
        self.report(diagnostic.at(self.table.span.clone(), format!("`{key}` belongs here")).help(help));
    }

    /// Adds to what [`Reader::finish`] returns.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Ends the reading: keys that nobody asked for are errors.
    #[must_use]
    pub fn finish(mut self) -> Vec<Diagnostic> {
        for Entry { key, .. } in &self.table.entries {
            if self.known.contains(&&*key.value) {
                continue;
            }
            let unknown = Diagnostic::error("unknown-key", format!("unknown key `{}`", key.value))
                .at(key.span.clone(), format!("not a key of {}", self.what));
            self.diagnostics.push(match nearest(&key.value, self.known.iter().copied()) {
                Some(known) => unknown.help(format!("did you mean `{known}`?")).suggest(key.span.clone(), known),
                None if self.known.contains(&"extra") => unknown.help("free data goes into the table `extra`"),
                None => unknown.help(format!("known are {}", in_backticks(&self.known))),
            });
        }
        self.diagnostics
    }

    fn value(&mut self, key: &'static str) -> Option<&'a Located<Value>> {
        self.known.push(key);
        self.table.entries.iter().find(|entry| entry.key.value == key).map(|entry| &entry.value)
    }

    fn get<T>(&mut self, key: &'static str, wanted: Wanted, read: impl Fn(&Value) -> Option<T>) -> Option<Located<T>> {
        let value = self.value(key)?;
        let Some(read) = read(&value.value) else {
            self.wrong_type(key, value, wanted);
            return None;
        };
        Some(Located { value: read, span: value.span.clone() })
    }

    fn list(&mut self, key: &'static str, wanted: Wanted) -> &'a [Located<Value>] {
        let Some(value) = self.value(key) else { return &[] };
        let Value::List(items) = &value.value else {
            self.wrong_type(key, value, wanted);
            return &[];
        };
        items
    }

    fn wrong_type(&mut self, key: &str, value: &Located<Value>, wanted: Wanted) {
        let diagnostic = Diagnostic::error("wrong-type", format!("`{key}` must be {}", wanted.words()));
        let diagnostic = diagnostic.at(value.span.clone(), format!("this is {}", value.value.kind()));
        self.report(diagnostic.help(format!("write `{key} = {}`", wanted.example())));
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) | Value::Plain(text) => Some(text.clone()),
        _ => None,
    }
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(value) => Some(*value),
        Value::Plain(text) => text.parse().ok(),
        _ => None,
    }
}

/// The parts of a place between commas, without blanks around them and without empty ones.
fn at_commas(span: &Span) -> Vec<Located<String>> {
    let mut start = span.range.start;
    let mut parts = Vec::new();
    for part in span.text().split(',') {
        let value = part.trim();
        let at = start + (part.len() - part.trim_start().len());
        if !value.is_empty() {
            parts.push(Located { value: value.to_owned(), span: Span::new(&span.source, at..at + value.len()) });
        }
        start += part.len() + 1;
    }
    parts
}

fn in_backticks(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Free data as templates see it. Text without quotes becomes what YAML 1.2's core schema makes of it.
#[must_use]
pub fn to_json(value: &Value) -> serde_json::Value {
    match value {
        Value::Boolean(value) => (*value).into(),
        Value::Integer(value) => (*value).into(),
        Value::Float(value) => (*value).into(),
        Value::Text(text) | Value::Moment(text) => text.clone().into(),
        Value::Plain(text) => plain_to_json(text),
        Value::List(items) => items.iter().map(|item| to_json(&item.value)).collect(),
        Value::Table(table) => {
            let entry = |entry: &Entry| (entry.key.value.clone(), to_json(&entry.value.value));
            serde_json::Value::Object(table.entries.iter().map(entry).collect())
        }
    }
}

fn plain_to_json(text: &str) -> serde_json::Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return serde_json::Value::Null,
        "true" | "True" | "TRUE" => return true.into(),
        "false" | "False" | "FALSE" => return false.into(),
        _ => {}
    }
    if let Ok(integer) = text.parse::<i64>() {
        return integer.into();
    }
    let numeric = text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first));
    match text.parse::<f64>() {
        Ok(float) if numeric && float.is_finite() => float.into(),
        _ => text.into(),
    }
}
