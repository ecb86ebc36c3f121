//! Diagnostics as SARIF, the form in which tools that show problems beside code take them: [`document`].
//!
//! Static Analysis Results Interchange Format, version 2.1.0
//! (<https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>); sections are named below.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;

use serde::Serialize;

use crate::words::address::percent_encode;
use crate::words::diagnostic::{Diagnostic, Label, Severity, Suggestion};
use crate::words::source_text::Span;

/// The schema that documents hold to.
const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// What paths are relative to: the root of what is looked at, whatever it is called where the document is read (3.14.14).
const ROOT: &str = "%SRCROOT%";

/// A document of one run.
#[must_use]
pub fn document(diagnostics: &[Diagnostic]) -> String {
    let codes: BTreeSet<&str> = diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    let codes: Vec<&str> = codes.into_iter().collect();
    let log = Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "genblog",
                    version: env!("CARGO_PKG_VERSION"),
                    rules: codes.iter().copied().map(Rule::new).collect(),
                },
            },
            column_kind: "unicodeCodePoints",
            results: diagnostics.iter().map(|diagnostic| Outcome::new(diagnostic, &codes)).collect(),
        }],
    };
    serde_json::to_string_pretty(&log).expect("texts and numbers are always JSON")
}

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool<'a>,
    column_kind: &'static str,
    results: Vec<Outcome<'a>>,
}

#[derive(Serialize)]
struct Tool<'a> {
    driver: Driver<'a>,
}

#[derive(Serialize)]
struct Driver<'a> {
    name: &'static str,
    version: &'static str,
    rules: Vec<Rule<'a>>,
}

/// A code (3.49). What shows results has lists of them, and wants words.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule<'a> {
    id: &'a str,
    short_description: Message<'a>,
}

/// A result (3.27).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome<'a> {
    rule_id: &'a str,
    rule_index: usize,
    level: Severity,
    message: Message<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locations: Vec<Location<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixes: Vec<Fix<'a>>,
}

#[derive(Serialize)]
struct Message<'a> {
    text: Cow<'a, str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    physical_location: Place,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    artifact_location: Artifact,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

/// A file (3.4).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Artifact {
    uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri_base_id: Option<&'static str>,
}

/// Lines and columns from 1; the end is the column after the last character (3.30).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fix<'a> {
    description: Message<'a>,
    artifact_changes: [Change<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Change<'a> {
    artifact_location: Artifact,
    replacements: [Replacement<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Replacement<'a> {
    deleted_region: Region,
    inserted_content: Message<'a>,
}

impl<'a> Rule<'a> {
    fn new(id: &'a str) -> Self {
        Self { id, short_description: Message { text: id.replace('-', " ").into() } }
    }
}

impl<'a> Outcome<'a> {
    /// `codes` are those of all results, in order.
    fn new(diagnostic: &'a Diagnostic, codes: &[&str]) -> Self {
        let mut labels = diagnostic.labels.iter();
        let primary = labels.next().map(|label| Location::of_label(label, None));
        let of_path = || diagnostic.path.as_deref().map(Location::of_path);
        Self {
            rule_id: diagnostic.code,
            rule_index: codes.partition_point(|code| *code < diagnostic.code),
            level: diagnostic.severity,
            message: Message::of(diagnostic),
            locations: primary.or_else(of_path).into_iter().collect(),
            related_locations: labels.zip(1..).map(|(label, id)| Location::of_label(label, Some(id))).collect(),
            fixes: diagnostic.suggestion.iter().map(|suggestion| Fix::new(suggestion, diagnostic)).collect(),
        }
    }
}

impl<'a> Message<'a> {
    fn new(text: &'a str) -> Self {
        Self { text: text.into() }
    }

    /// All that a reader is told in words: there is no other place for notes and help.
    fn of(diagnostic: &'a Diagnostic) -> Self {
        let notes = diagnostic.notes.iter().map(|note| format!("\nnote: {note}"));
        let more: String = notes.chain(diagnostic.help.iter().map(|help| format!("\nhelp: {help}"))).collect();
        if more.is_empty() {
            Self::new(&diagnostic.message)
        } else {
            Self { text: (diagnostic.message.clone() + &more).into() }
        }
    }
}

impl<'a> Location<'a> {
    fn of_label(label: &'a Label, id: Option<usize>) -> Self {
        let place =
            Place { artifact_location: Artifact::of(&label.span.source.path), region: Some(Region::of(&label.span)) };
        let message = (!label.text.is_empty()).then(|| Message::new(&label.text));
        Self { id, physical_location: place, message }
    }

    fn of_path(path: &str) -> Self {
        Self {
            id: None,
            physical_location: Place { artifact_location: Artifact::of(path), region: None },
            message: None,
        }
    }
}

impl Artifact {
    fn of(path: &str) -> Self {
        // A configuration may lie anywhere.
        if Path::new(path).is_absolute() {
            Self { uri: format!("file://{}", percent_encode(path)), uri_base_id: None }
        } else {
            // A colon in the first part would end a scheme (RFC 3986, section 4.2).
            Self { uri: percent_encode(path).replace(':', "%3A"), uri_base_id: Some(ROOT) }
        }
    }
}

impl Region {
    fn of(span: &Span) -> Self {
        let (start_line, start_column) = place(span, span.range.start);
        let (end_line, end_column) = place(span, span.range.end);
        Self { start_line, start_column, end_line, end_column }
    }
}

/// Line and column of a byte, both from 1; columns are characters however long the line is, as the document says.
fn place(span: &Span, at: usize) -> (usize, usize) {
    let (line, start) = span.source.line(at);
    (line, span.source.text[start..at].chars().count() + 1)
}

impl<'a> Fix<'a> {
    fn new(suggestion: &'a Suggestion, diagnostic: &'a Diagnostic) -> Self {
        let Suggestion { span, replacement } = suggestion;
        let change = Change {
            artifact_location: Artifact::of(&span.source.path),
            replacements: [Replacement {
                deleted_region: Region::of(span),
                inserted_content: Message::new(replacement),
            }],
        };
        let description = Message::new(diagnostic.help.as_deref().unwrap_or("this would do"));
        Self { description, artifact_changes: [change] }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::words::source_text::SourceText;

    fn results(diagnostics: &[Diagnostic]) -> Value {
        let document: Value = serde_json::from_str(&document(diagnostics)).expect("JSON");
        document["runs"][0]["results"].clone()
    }

    #[test]
    fn places_are_characters_and_ends_are_behind_them() {
        let source = SourceText::new("content/größe 1.md", "é\nxé𝄞é\ny");
        let diagnostic = Diagnostic::warning("unpublished", "no").at(Span::new(&source, 4..14), "");
        let found = results(&[diagnostic]);
        let place = &found[0]["locations"][0]["physicalLocation"];
        assert_eq!(place["region"], json!({ "startLine": 2, "startColumn": 2, "endLine": 3, "endColumn": 2 }));
        assert_eq!(place["artifactLocation"]["uri"], "content/gr%C3%B6%C3%9Fe%201.md");
        assert_eq!((&found[0]["level"], &found[0]["message"]["text"]), (&json!("warning"), &json!("no")));
    }

    #[test]
    fn a_result_without_a_text_names_its_file_and_one_without_either_names_none() {
        let of_file = Diagnostic::error("unpublished", "no").in_path("content/x.pdf").note("a").help("b");
        let found = results(&[
            of_file,
            Diagnostic::error("bad-value", "no"),
            Diagnostic::error("bad-value", "no").in_path("/etc/a b"),
        ]);
        let file = json!({ "artifactLocation": { "uri": "content/x.pdf", "uriBaseId": ROOT } });
        assert_eq!(found[0]["locations"], json!([{ "physicalLocation": file }]));
        assert_eq!((&found[0]["message"]["text"], &found[0]["ruleIndex"]), (&json!("no\nnote: a\nhelp: b"), &json!(1)));
        assert_eq!(found[1]["locations"], Value::Null);
        let elsewhere = &found[2]["locations"][0]["physicalLocation"]["artifactLocation"];
        assert_eq!(elsewhere, &json!({ "uri": "file:///etc/a%20b" }));
    }
}
