//! TOML becomes a [`Table`].

use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::words::diagnostic::Diagnostic;
use crate::words::source_text::{Located, SourceText, Span};
use crate::words::table::{Entry, Table, Value};

/// Parses the TOML in `range` of `source`; `span` is the place that stands for the table.
///
/// All mistakes are reported, and what is sound is there nevertheless.
pub fn parse(source: &Arc<SourceText>, range: Range<usize>, span: Span) -> (Table, Vec<Diagnostic>) {
    let text = &source.text[range.clone()];
    let (table, errors) = DeTable::parse_recoverable(text);
    let notation = Notation { source, start: range.start };
    let report = |error: &toml::de::Error| {
        let at = error.span().unwrap_or(text.len()..text.len());
        Diagnostic::error("syntax", "this is not valid TOML").at(notation.span(at), error.message().replace('\n', ", "))
    };
    (notation.table(table.get_ref(), span), errors.iter().map(report).collect())
}

/// Where the TOML stands in its source.
struct Notation<'a> {
    source: &'a Arc<SourceText>,
    start: usize,
}

impl Notation<'_> {
    fn span(&self, range: Range<usize>) -> Span {
        Span::new(self.source, self.start + range.start..self.start + range.end)
    }

    fn table(&self, table: &DeTable<'_>, span: Span) -> Table {
        let mut entries: Vec<Entry> = table.iter().map(|(key, value)| self.entry(key, value)).collect();
        entries.sort_by_key(|entry| entry.key.span.range.start);
        Table { span, entries }
    }

    fn entry(&self, key: &Spanned<std::borrow::Cow<'_, str>>, value: &Spanned<DeValue<'_>>) -> Entry {
        let key = Located { value: key.get_ref().to_string(), span: self.span(key.span()) };
        Entry { key, value: self.value(value) }
    }

    fn value(&self, value: &Spanned<DeValue<'_>>) -> Located<Value> {
        let span = self.span(value.span());
        let value = match value.get_ref() {
            DeValue::String(text) => Value::Text(text.to_string()),
            // Numbers that do not fit stay text, and whoever wanted a number says so.
            DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
                .map_or_else(|_| Value::Text(integer.as_str().to_owned()), Value::Integer),
            DeValue::Float(float) => {
                float.as_str().parse().map_or_else(|_| Value::Text(float.as_str().to_owned()), Value::Float)
            }
            DeValue::Boolean(boolean) => Value::Boolean(*boolean),
            DeValue::Datetime(moment) => Value::Moment(moment.to_string()),
            DeValue::Array(items) => Value::List(items.iter().map(|item| self.value(item)).collect()),
            DeValue::Table(table) => Value::Table(self.table(table, span.first_line())),
        };
        Located { value, span }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::table::{Reader, to_json};

    fn table(text: &str) -> (Table, Vec<Diagnostic>) {
        let source = SourceText::new("genblog.toml", text);
        parse(&source, 0..text.len(), Span::new(&source, 0..0))
    }

    #[test]
    fn keys_keep_their_order_and_know_their_places() {
        let (table, diagnostics) = table("title = 'x'\nbase = 3\n\n[feed]\nhours = [1, 2]\n");
        assert_eq!(diagnostics, []);
        let keys: Vec<_> =
            table.entries.iter().map(|entry| (&*entry.key.value, entry.key.span.line_and_column().0)).collect();
        assert_eq!(keys, [("title", 1), ("base", 2), ("feed", 4)]);
        let mut reader = Reader::new(&table, "a site");
        let feed = reader.table("feed").expect("there");
        let hours = Reader::new(feed, "a feed").integers("hours");
        assert_eq!(hours.iter().map(|hour| (hour.value, hour.span.text())).collect::<Vec<_>>(), [(1, "1"), (2, "2")]);
    }

    #[test]
    fn every_mistake_is_reported_at_its_place() {
        let (_, diagnostics) = table("a = \nb = 1\nb = 2\n");
        let lines: Vec<_> =
            diagnostics.iter().map(|diagnostic| diagnostic.labels[0].span.line_and_column().0).collect();
        assert_eq!(lines, [1, 3]);
    }

    #[test]
    fn unknown_keys_and_wrong_types_are_errors() {
        let (table, _) = table("titel = 'x'\nquux = 1\ndraft = 'no'\n");
        let mut reader = Reader::new(&table, "a post");
        let _ = (reader.text("title"), reader.boolean("draft"));
        let codes: Vec<_> = reader.finish().iter().map(|diagnostic| diagnostic.code).collect();
        assert_eq!(codes, ["wrong-type", "unknown-key", "unknown-key"]);
    }

    #[test]
    fn free_data_becomes_json() {
        let (table, _) = table("a = { b = [1, 2.5, 'x', true], c = 2026-01-02 }");
        let json = to_json(&Value::Table(table)).to_string();
        assert_eq!(json, r#"{"a":{"b":[1,2.5,"x",true],"c":"2026-01-02"}}"#);
    }
}
