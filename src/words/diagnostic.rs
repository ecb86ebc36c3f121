//! What is wrong with a site, where, and what to do about it.
//!
//! A stage never stops at the first problem: it collects diagnostics, and the program stops after the stage when any of
//! them is an error. [`render`] draws them in the manner of rustc; [`json`] says the same to programs, and
//! [`crate::words::sarif`] to those that show problems beside code.

use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Element, Group, Level, Origin, Patch, Renderer, Snippet};
use serde::Serialize;

use crate::words::excerpt::{Excerpt, tame};
use crate::words::source_text::Span;

/// How bad a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The site is built, but its author should know.
    Warning,
    /// Nothing is written.
    Error,
}

/// One problem.
///
/// Wording: lower case, no full stop, the author's own text in backticks; the help line says what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// A stable name, for example `unknown-key`; one golden message exists per code.
    pub code: &'static str,
    /// What is wrong, in one sentence.
    pub message: String,
    /// Where it is wrong; the first label is the primary one. Empty when no text is at fault (a folder, a picture).
    pub labels: Vec<Label>,
    /// The file or folder at fault when there is no text to point into, relative to the site's root.
    pub path: Option<String>,
    /// What led to it, one fact each.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Option<String>,
    /// A replacement that would mend it, shown as a patch.
    pub suggestion: Option<Suggestion>,
    /// What the message is about, for code that mends it.
    pub subject: Option<Subject>,
}

/// What a message is about, as data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// What an author wrote and nothing is called, or two things are: a path, a place on a page, an id.
    Name(String),
    /// An address that genblog itself has something at.
    Generated,
}

/// A place and what is to be said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// A few words beside the carets; may be empty.
    pub text: String,
}

/// A replacement for the text at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// What to replace.
    pub span: Span,
    /// What to put there.
    pub replacement: String,
}

impl Diagnostic {
    /// An error.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message.into())
    }

    /// A warning.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message.into())
    }

    fn new(severity: Severity, code: &'static str, message: String) -> Self {
        Self {
            severity,
            code,
            message,
            labels: Vec::new(),
            path: None,
            notes: Vec::new(),
            help: None,
            suggestion: None,
            subject: None,
        }
    }

    /// Whether it points into the text at this path, or at the file as a whole.
    #[must_use]
    pub fn concerns(&self, path: &str) -> bool {
        self.path.as_deref() == Some(path) || self.labels.iter().any(|label| label.span.source.path == path)
    }

    /// Says as data what the message is about.
    #[must_use]
    pub fn about(mut self, subject: Subject) -> Self {
        self.subject = Some(subject);
        self
    }

    /// Points at a place; the first call gives the primary label.
    #[must_use]
    pub fn at(mut self, span: Span, label: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: label.into() });
        self
    }

    /// Names the file or folder at fault where there is no text to point into.
    #[must_use]
    pub fn in_path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Says what led to it.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Offers a replacement.
    #[must_use]
    pub fn suggest(mut self, span: Span, replacement: impl Into<String>) -> Self {
        self.suggestion = Some(Suggestion { span, replacement: replacement.into() });
        self
    }

    /// Offers a text in place of the one that stands there, in the quotes that that one has, if it has any.
    #[must_use]
    pub fn suggest_text(self, span: Span, text: &str) -> Self {
        let replacement = match span.text().chars().next() {
            Some(quote @ ('"' | '\'')) => format!("{quote}{text}{quote}"),
            _ => text.to_owned(),
        };
        self.suggest(span, replacement)
    }
}

/// Whether any of them keeps the site from being written.
#[must_use]
pub fn has_error(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
}

/// Orders diagnostics as a reader of the sources meets them, and drops repetitions.
pub fn sort(diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.sort_by(|a, b| place(a).cmp(&place(b)).then_with(|| a.message.cmp(&b.message)));
    diagnostics.dedup();
}

/// File and offset of a diagnostic.
fn place(diagnostic: &Diagnostic) -> (&str, usize, &'static str) {
    match diagnostic.labels.first() {
        Some(label) => (&label.span.source.path, label.span.range.start, diagnostic.code),
        None => (diagnostic.path.as_deref().unwrap_or(""), 0, diagnostic.code),
    }
}

/// Draws diagnostics in the manner of rustc, with an empty line after each.
#[must_use]
pub fn render(diagnostics: &[Diagnostic], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    diagnostics.iter().map(|diagnostic| format!("{}\n\n", renderer.render(&report(diagnostic)))).collect()
}

/// The drawing of one diagnostic: title, snippets, notes, help; then the patch.
fn report(diagnostic: &Diagnostic) -> Vec<Group<'_>> {
    let level = || match diagnostic.severity {
        Severity::Warning => Level::WARNING,
        Severity::Error => Level::ERROR,
    };
    let title = level().primary_title(tame(&diagnostic.message)).id(diagnostic.code);
    let (snippets, is_cut) = snippets(&diagnostic.labels);
    let (mut groups, mut group) = match diagnostic.labels.first().filter(|_| is_cut) {
        // Columns of what is drawn are not those of the text.
        Some(Label { span, .. }) => {
            let (line, column) = span.line_and_column();
            let origin = Origin::path(tame(&span.source.path)).line(line).char_column(column);
            (vec![title.element(origin)], Group::with_level(level()).elements(snippets))
        }
        None => (Vec::new(), title.elements(snippets)),
    };
    if let Some(path) = &diagnostic.path {
        group = group.element(Origin::path(tame(path)));
    }
    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(tame(note)));
    }
    match (&diagnostic.suggestion, &diagnostic.help) {
        (None, None) => groups.push(group),
        (None, Some(help)) => groups.push(group.element(Level::HELP.message(tame(help)))),
        (Some(suggestion), help) => {
            let help = help.as_deref().unwrap_or("this would do");
            groups.extend([group, Level::HELP.secondary_title(tame(help)).element(patch(suggestion))]);
        }
    }
    groups
}

/// Labels that are further apart than so many bytes are drawn apart, without the lines between.
const FAR: usize = 64 << 10;

/// A snippet for each part of a text that labels point into, the primary label's first, and whether its lines are cut.
fn snippets(labels: &[Label]) -> (Vec<Element<'_>>, bool) {
    let Some(primary) = labels.first() else { return (Vec::new(), false) };
    let mut ordered: Vec<(usize, &Label)> = labels.iter().enumerate().collect();
    ordered.sort_by_key(|(_, label)| {
        (label.span.source.path != primary.span.source.path, &label.span.source.path, label.span.range.start)
    });
    let is_near = |one: &(usize, &Label), next: &(usize, &Label)| {
        let (one, next) = (&one.1.span, &next.1.span);
        one.source.path == next.source.path && next.range.start.saturating_sub(one.range.end) < FAR
    };
    let mut parts: Vec<&[(usize, &Label)]> = ordered.chunk_by(is_near).collect();
    parts.sort_by_key(|part| part.iter().map(|(index, _)| *index).min());
    let excerpts: Vec<Excerpt<'_>> = parts
        .iter()
        .map(|part| {
            let marks: Vec<Range<usize>> = part.iter().map(|(_, label)| label.span.range.clone()).collect();
            Excerpt::new(&part[0].1.span.source, &marks)
        })
        .collect();
    let is_cut = excerpts.iter().any(Excerpt::is_cut);
    let is_own = |part: &[(usize, &Label)]| part[0].1.span.source.path == primary.span.source.path;
    let drawn = parts.iter().zip(excerpts).map(|(part, excerpt)| {
        let path = (!is_cut || !is_own(part)).then(|| tame(&part[0].1.span.source.path));
        snippet(excerpt, part).path(path).into()
    });
    (drawn.collect(), is_cut)
}

/// A part of a text with its labels, each with its place among all.
fn snippet<'a>(excerpt: Excerpt<'a>, labels: &[(usize, &'a Label)]) -> Snippet<'a, Annotation<'a>> {
    let mut labels = labels.to_vec();
    labels.sort_by_key(|(index, _)| *index);
    let annotations: Vec<_> = labels
        .into_iter()
        .map(|(index, label)| {
            let kind = if index == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
            let text = (!label.text.is_empty()).then(|| tame(&label.text));
            kind.span(excerpt.within(&label.span.range)).label(text)
        })
        .collect();
    Snippet::source(excerpt.text).line_start(excerpt.first_line).annotations(annotations)
}

fn patch(suggestion: &Suggestion) -> Snippet<'_, Patch<'_>> {
    let Suggestion { span, replacement } = suggestion;
    let excerpt = Excerpt::new(&span.source, std::slice::from_ref(&span.range));
    let range = excerpt.within(&span.range);
    Snippet::source(excerpt.text)
        .path(tame(&span.source.path))
        .line_start(excerpt.first_line)
        .patch(Patch::new(range, tame(replacement)))
}

/// The same as JSON: an array of objects, one a diagnostic.
#[must_use]
pub fn json(diagnostics: &[Diagnostic]) -> String {
    let entries: Vec<_> = diagnostics.iter().map(JsonDiagnostic::new).collect();
    serde_json::to_string_pretty(&entries).expect("texts and numbers are always JSON")
}

/// A diagnostic as programs read it.
#[derive(Serialize)]
struct JsonDiagnostic<'a> {
    severity: Severity,
    code: &'a str,
    message: &'a str,
    path: Option<&'a str>,
    labels: Vec<JsonPlace<'a>>,
    notes: &'a [String],
    help: Option<&'a str>,
    suggestion: Option<JsonPlace<'a>>,
}

/// A place in a file, with what is said about it or put there; `start` and `end` are bytes.
#[derive(Serialize)]
struct JsonPlace<'a> {
    path: &'a str,
    line: usize,
    column: usize,
    start: usize,
    end: usize,
    text: &'a str,
}

impl<'a> JsonDiagnostic<'a> {
    fn new(diagnostic: &'a Diagnostic) -> Self {
        Self {
            severity: diagnostic.severity,
            code: diagnostic.code,
            message: &diagnostic.message,
            path: diagnostic.path.as_deref(),
            labels: diagnostic.labels.iter().map(|label| JsonPlace::new(&label.span, &label.text)).collect(),
            notes: &diagnostic.notes,
            help: diagnostic.help.as_deref(),
            suggestion: diagnostic.suggestion.as_ref().map(|patch| JsonPlace::new(&patch.span, &patch.replacement)),
        }
    }
}

impl<'a> JsonPlace<'a> {
    fn new(span: &'a Span, text: &'a str) -> Self {
        let (line, column) = span.line_and_column();
        Self { path: &span.source.path, line, column, start: span.range.start, end: span.range.end, text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::source_text::SourceText;

    fn example() -> Diagnostic {
        let source = SourceText::new("content/posts/a.md", "+++\ntgas = []\n+++\n");
        let key = Span::new(&source, 4..8);
        Diagnostic::error("unknown-key", "unknown key `tgas`")
            .at(key.clone(), "not a key of a post")
            .help("did you mean `tags`?")
            .suggest(key, "tags")
    }

    #[test]
    fn a_diagnostic_shows_its_place_and_a_patch() {
        let expected = "\
error[unknown-key]: unknown key `tgas`
 --> content/posts/a.md:2:1
  |
2 | tgas = []
  | ^^^^ not a key of a post
  |
help: did you mean `tags`?
  |
2 - tgas = []
2 + tags = []
  |

";
        assert_eq!(render(&[example()], false), expected);
        assert!(render(&[example()], true).contains("\u{1b}["));
    }

    #[test]
    fn a_diagnostic_without_a_text_names_its_path() {
        let diagnostic = Diagnostic::warning("unpublished", "nothing publishes this file").in_path("content/x.pdf");
        assert_eq!(
            render(&[diagnostic], false),
            "warning[unpublished]: nothing publishes this file\n--> content/x.pdf\n\n"
        );
    }

    #[test]
    fn nothing_that_a_terminal_would_obey_is_drawn() {
        let source = SourceText::new("a\u{1b}[1m.xml", "x\u{1b}[2Jy\u{9b}3mz\n");
        let at = |range| Span::new(&source, range);
        let said = "\u{1b}[31m\u{9b}1m\u{7}";
        let drawn =
            Diagnostic::error("unknown-key", said).at(at(0..1), said).at(at(5..6), said).in_path(said).note(said);
        for diagnostic in [drawn.clone().help(said), drawn.help(said).suggest(at(5..6), said)] {
            let shown = render(&[diagnostic], false);
            assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{shown:?}");
        }
    }

    #[test]
    fn a_place_in_a_long_line_is_drawn_with_the_column_that_it_has() {
        let source = SourceText::new("a.xml", format!("{}<a>{}", "x".repeat(5000), "y".repeat(5000)));
        let at = Span::new(&source, 5000..5003);
        let shown = render(&[Diagnostic::error("unknown-key", "no").at(at.clone(), "here").suggest(at, "<b>")], false);
        assert!(shown.len() < 2000, "{shown}");
        for part in ["--> a.xml:1:5001\n", "x<a>y", "^^^ here", "+ …x", "x<b>y"] {
            assert!(shown.contains(part), "{part}\n{shown}");
        }
    }

    #[test]
    fn places_far_apart_are_drawn_apart() {
        let source = SourceText::new("a.xml", format!("<a>\n{}<b>\n", "line\n".repeat(20_000)));
        let end = source.text.len() - 4;
        let labels = |first: Range<usize>, second: Range<usize>| {
            Diagnostic::error("unknown-key", "no")
                .at(Span::new(&source, first), "one")
                .at(Span::new(&source, second), "other")
        };
        for diagnostic in [labels(0..3, end..end + 3), labels(end..end + 3, 0..3)] {
            let shown = render(&[diagnostic], false);
            assert!(shown.contains("a.xml:1:1\n") && shown.contains("a.xml:20002:1\n"), "{shown}");
            assert!(!shown.contains("line"), "{shown}");
        }
    }

    #[test]
    fn json_has_places_in_lines_and_bytes() {
        let value: serde_json::Value = serde_json::from_str(&json(&[example()])).expect("JSON");
        assert_eq!(value[0]["severity"], "error");
        assert_eq!(value[0]["labels"][0]["line"], 2);
        assert_eq!(value[0]["suggestion"]["text"], "tags");
        assert_eq!(value[0]["suggestion"]["end"], 8);
    }
}
