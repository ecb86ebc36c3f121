//! YAML becomes a [`Table`].
//!
//! Front matter needs keys, texts, lists and tables. What only makes YAML surprising is refused: anchors and aliases, tags,
//! keys that are not text. Scalars without quotes stay uninterpreted ([`Value::Plain`]), so that `title: no` is a title.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, StrInput};

use crate::words::diagnostic::Diagnostic;
use crate::words::source_text::{Located, SourceText, Span};
use crate::words::table::{Entry, Table, Value};

/// Deeper nesting than any front matter has.
const DEPTH: usize = 32;

/// Parses the YAML in `range` of `source`; `span` is the place that stands for the table.
pub(crate) fn parse(source: &Arc<SourceText>, range: Range<usize>, span: Span) -> Result<Table, Box<Diagnostic>> {
    let mut notation = Notation { source, start: range.start, parser: Parser::new_from_str(&source.text[range]) };
    let (event, at) = notation.next_node()?;
    match event {
        Event::MappingStart(..) => notation.table(span, DEPTH),
        Event::DocumentEnd | Event::StreamEnd => Ok(Table { span, entries: Vec::new() }),
        _ => Err(notation.refuse(at, "this is not a table", "write `key: value` lines")),
    }
}

/// YAML on its way through the parser.
struct Notation<'a> {
    source: &'a Arc<SourceText>,
    start: usize,
    parser: Parser<'a, StrInput<'a>>,
}

impl<'a> Notation<'a> {
    /// The next event that is part of the content.
    fn next_node(&mut self) -> Result<(Event<'a>, Span), Box<Diagnostic>> {
        loop {
            let (event, at) = match self.parser.next_event() {
                None => return Ok((Event::StreamEnd, self.span(0..0))),
                Some(Err(error)) => return Err(Box::new(self.syntax(&error))),
                Some(Ok((event, at))) => (event, self.span(at.byte_range().unwrap_or(0..0))),
            };
            let anchor_or_tag = match &event {
                Event::StreamStart | Event::DocumentStart(..) | Event::Comment(..) => continue,
                Event::Scalar(_, _, anchor, tag)
                | Event::SequenceStart(_, anchor, tag)
                | Event::MappingStart(_, anchor, tag) => *anchor != 0 || tag.is_some(),
                Event::Alias(_) | Event::UnresolvedAlias(_) | Event::Anchor(..) => true,
                _ => false,
            };
            if anchor_or_tag {
                return Err(self.refuse(at, "anchors, aliases and tags have no place here", "write the value itself"));
            }
            return Ok((event, at));
        }
    }

    /// The entries of a mapping that has begun.
    fn table(&mut self, span: Span, depth: usize) -> Result<Table, Box<Diagnostic>> {
        let (mut entries, mut seen) = (Vec::new(), BTreeSet::new());
        loop {
            let (event, at) = self.next_node()?;
            let key = match event {
                Event::Scalar(key, ..) => Located { value: key.into_owned(), span: at },
                Event::MappingEnd => return Ok(Table { span, entries }),
                _ => return Err(self.refuse(at, "a key must be text", "write `key: value` lines")),
            };
            if !seen.insert(key.value.clone()) {
                let message = format!("the key `{}` is there twice", key.value);
                return Err(Box::new(Diagnostic::error("syntax", message).at(key.span, "write it once")));
            }
            let (event, at) = self.next_node()?;
            let value = self.value(event, at, depth)?;
            // A key without a value is a key that was left empty.
            if !matches!(&value.value, Value::Plain(text) if text.is_empty() || text == "~") {
                entries.push(Entry { key, value });
            }
        }
    }

    fn value(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Located<Value>, Box<Diagnostic>> {
        let Some(deeper) = depth.checked_sub(1) else {
            return Err(self.refuse(span, "this is nested too deeply", "write it flatter"));
        };
        let value = match event {
            Event::Scalar(text, ScalarStyle::Plain, ..) => Value::Plain(text.into_owned()),
            Event::Scalar(text, ..) => Value::Text(text.into_owned()),
            Event::MappingStart(..) => Value::Table(self.table(span.first_line(), deeper)?),
            Event::SequenceStart(..) => {
                let mut items = Vec::new();
                loop {
                    let (event, at) = self.next_node()?;
                    if matches!(event, Event::SequenceEnd) {
                        break Value::List(items);
                    }
                    items.push(self.value(event, at, deeper)?);
                }
            }
            _ => return Err(self.refuse(span, "a value is missing", "write `key: value` lines")),
        };
        Ok(Located { value, span })
    }

    fn span(&self, range: Range<usize>) -> Span {
        Span::new(self.source, self.start + range.start..self.start + range.end)
    }

    fn syntax(&self, error: &ScanError) -> Diagnostic {
        let at = error.marker().byte_offset().unwrap_or(0);
        Diagnostic::error("syntax", "this is not valid YAML").at(self.span(at..at + 1), error.kind().to_string())
    }

    fn refuse(&self, at: Span, message: &str, help: &str) -> Box<Diagnostic> {
        Box::new(Diagnostic::error("syntax", message).at(at, "").help(help))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::table::{Reader, to_json};

    fn table(text: &str) -> Result<Table, String> {
        let source = SourceText::new("a.md", text);
        parse(&source, 0..text.len(), Span::new(&source, 0..0)).map_err(|diagnostic| diagnostic.message)
    }

    #[test]
    fn plain_scalars_become_what_their_key_needs() {
        let table = table("title: no\ndraft: no\ntags: xen, pci\nnumber: 3\nempty:\n").expect("sound");
        let mut reader = Reader::new(&table, "a post");
        assert_eq!(reader.text("title").expect("there").value, "no");
        assert!(!reader.boolean("draft").expect("there").value);
        let tags: Vec<_> =
            reader.texts("tags").iter().map(|tag| (tag.value.clone(), tag.span.line_and_column().1)).collect();
        assert_eq!(tags, [("xen".to_owned(), 7), ("pci".to_owned(), 12)]);
        assert_eq!(reader.text("empty"), None);
    }

    #[test]
    fn free_data_follows_the_core_schema() {
        let table = table("a: [1, -2.5, 'x', yes, true, ~, 1e3, 0x]\nb: {c: d}").expect("sound");
        let json = to_json(&Value::Table(table)).to_string();
        assert_eq!(json, r#"{"a":[1,-2.5,"x","yes",true,null,1000.0,"0x"],"b":{"c":"d"}}"#);
    }

    #[test]
    fn what_makes_yaml_surprising_is_refused() {
        assert_eq!(table("a: &x 1\nb: *x").expect_err("refused"), "anchors, aliases and tags have no place here");
        assert_eq!(table("a: 1\na: 2").expect_err("refused"), "the key `a` is there twice");
        assert_eq!(table("- a").expect_err("refused"), "this is not a table");
        assert_eq!(table("a: [1").expect_err("refused"), "this is not valid YAML");
        let deep = format!("a: {}{}", "[".repeat(99), "]".repeat(99));
        assert_eq!(table(&deep).expect_err("refused"), "this is nested too deeply");
        assert_eq!(table("").expect("nothing is fine").entries, []);
    }
}
