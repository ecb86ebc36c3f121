//! The head of a text: its keys, and where its body starts.
//!
//! ```text
//! +++                     ---                     A title on the first line
//! title = "TOML"          title: YAML             #tags xen, pci
//! +++                     ---                     <p>genBlog's own form.</p>
//! The body.               The body.
//! ```
//!
//! The fences of TOML and YAML are found by hand and only at the very start: the Markdown parser's own metadata blocks match
//! anywhere in a text and would swallow paragraphs between two rules.

use std::ops::Range;
use std::sync::Arc;

use lol_html::{RewriteStrSettings, element, rewrite_str};

use crate::parsing::yaml_table;
use crate::words::diagnostic::Diagnostic;
use crate::words::source_text::{Located, SourceText, Span};
use crate::words::table::{Entry, Table, Value};
use crate::words::toml_table;

/// A text in two parts.
#[derive(Debug)]
pub(crate) struct Parts {
    /// Its keys; none when the text has no head.
    pub(crate) table: Table,
    /// The rest.
    pub(crate) body: Range<usize>,
}

/// Splits a text with TOML or YAML between fences.
pub(crate) fn split(source: &Arc<SourceText>) -> (Parts, Vec<Diagnostic>) {
    let text = &source.text;
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let first = line(text, start);
    let opening = Span::new(source, start..start + text[first.clone()].trim_end().len());
    let fence = opening.text().to_owned();
    let empty = Table { span: Span::new(source, start..start), entries: Vec::new() };
    if fence != "+++" && fence != "---" {
        return (Parts { table: empty, body: start..text.len() }, Vec::new());
    }
    let mut at = first.end;
    while at < text.len() {
        let next = line(text, at);
        if text[next.clone()].trim_end() == fence {
            let (table, diagnostics) = keys(source, first.end..at, opening, empty);
            return (Parts { table, body: next.end..text.len() }, diagnostics);
        }
        at = next.end;
    }
    let diagnostic = Diagnostic::error("syntax", format!("the `{fence}` that ends the front matter is missing"));
    let diagnostic = diagnostic
        .at(opening, "it starts here")
        .help(format!("write `{fence}` on a line of its own after the last key"));
    (Parts { table: empty, body: text.len()..text.len() }, vec![diagnostic])
}

fn keys(source: &Arc<SourceText>, range: Range<usize>, opening: Span, empty: Table) -> (Table, Vec<Diagnostic>) {
    if opening.text() == "+++" {
        return toml_table::parse(source, range, opening);
    }
    match yaml_table::parse(source, range, opening) {
        Ok(table) => (table, Vec::new()),
        Err(diagnostic) => (empty, vec![*diagnostic]),
    }
}

/// Splits a text in genBlog's form: the title line becomes the key `title`, and `#key value` lines after it become keys.
pub(crate) fn split_genblog(source: &Arc<SourceText>) -> Parts {
    let text = &source.text;
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut at = line(text, start);
    let title = trimmed(source, at.clone());
    let span = title.clone();
    let mut entries = vec![entry(&title, "title", plain(title.text()))];
    loop {
        at = line(text, at.end);
        let Some((key, value)) = own_key_line(source, at.clone()) else { break };
        let written = value.text().to_owned();
        entries.push(Entry { key, value: Located { value: Value::Plain(written), span: value } });
    }
    entries.retain(|entry| !entry.value.span.range.is_empty());
    Parts { table: Table { span, entries }, body: at.start..text.len() }
}

/// What the HTML of a title says, without its tags.
fn plain(html: &str) -> String {
    let tag = element!("*", |tag| {
        tag.remove_and_keep_content();
        Ok(())
    });
    let settings = RewriteStrSettings::new().append_element_content_handler(tag).with_strict(false);
    // The parser gives up for want of memory only.
    let bare = rewrite_str(html, settings).unwrap_or_else(|_| html.to_owned());
    htmlize::unescape(bare.trim()).into_owned()
}

/// The first line of a genBlog text as a key; its text is HTML.
fn entry(span: &Span, key: &str, value: String) -> Entry {
    let key = Located { value: key.to_owned(), span: span.clone() };
    Entry { key, value: Located { value: Value::Text(value), span: span.clone() } }
}

/// A key line of genBlog's own form, with its places.
fn own_key_line(source: &Arc<SourceText>, line: Range<usize>) -> Option<(Located<String>, Span)> {
    let (key, _) = key_line(&source.text[line.clone()], |c| c.is_ascii_lowercase())?;
    let place = line.start + 1..line.start + 1 + key.len();
    let value = trimmed(source, place.end..line.end);
    Some((Located { value: key.to_owned(), span: Span::new(source, place) }, value))
}

/// A line of the form `#key value`, taken apart; a key is made of `letters`.
pub(crate) fn key_line(line: &str, letters: impl Fn(char) -> bool) -> Option<(&str, &str)> {
    let written = line.strip_prefix('#')?;
    let (key, value) = written.split_at(written.find(|c| !letters(c)).unwrap_or(written.len()));
    let ends = value.is_empty() || value.starts_with(char::is_whitespace);
    (ends && !key.is_empty()).then(|| (key, value.trim()))
}

/// The line that starts at `start`, with its end.
fn line(text: &str, start: usize) -> Range<usize> {
    start..text[start..].find('\n').map_or(text.len(), |at| start + at + 1)
}

fn trimmed(source: &Arc<SourceText>, range: Range<usize>) -> Span {
    let text = &source.text[range.clone()];
    let start = range.start + (text.len() - text.trim_start().len());
    Span::new(source, start..start + text.trim().len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::*;

    fn parts(text: &str) -> (Vec<String>, String, usize) {
        let source = SourceText::new("a.md", text);
        let (parts, diagnostics) = split(&source);
        let keys = parts.table.entries.iter().map(|entry| entry.key.value.clone()).collect();
        (keys, source.text[parts.body].to_owned(), diagnostics.len())
    }

    #[test]
    fn fences_are_found_at_the_start_only() {
        for (text, keys, body, problems) in [
            ("+++\na = 1\n+++\nbody", &["a"][..], "body", 0),
            ("\u{feff}---\r\na: 1\r\n---\r\nbody", &["a"], "body", 0),
            ("body\n\n---\nnot keys\n---\n", &[], "body\n\n---\nnot keys\n---\n", 0),
            ("+++\na = 1\n", &[], "", 1),
            ("+++\n+++", &[], "", 0),
            ("", &[], "", 0),
            ("---\n+++\n---\nx", &[], "x", 1),
        ] {
            let keys = keys.iter().map(|key| (*key).to_owned()).collect();
            assert_eq!(parts(text), (keys, body.to_owned(), problems), "{text:?}");
        }
    }

    #[test]
    fn genblog_texts_have_a_title_line_and_key_lines() {
        let source = SourceText::new("a.txt", "<b>A</b> &amp; B <br>\r\n#tags a, b\n#draft true\n# not a key\n<p>x");
        let parts = split_genblog(&source);
        let entries: Vec<_> = parts.table.entries.iter().map(|entry| (&*entry.key.value, &entry.value.value)).collect();
        let plain = |text: &str| Value::Plain(text.to_owned());
        let expected =
            [("title", &Value::Text("A & B".to_owned())), ("tags", &plain("a, b")), ("draft", &plain("true"))];
        assert_eq!(entries, expected);
        assert_eq!(&source.text[parts.body], "# not a key\n<p>x");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(\\+\\+\\+|---)?\n?(\\PC|\n|: |= |\\[|\\{|#a )*(\n(\\+\\+\\+|---)\n)?\\PC*") {
            let source = SourceText::new("a.md", text);
            let _ = (split(&source), split_genblog(&source));
        }
    }
}
