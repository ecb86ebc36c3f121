//! What is wrong with a site, where, and what to do about it.
//!
//! A stage never stops at the first problem: it collects diagnostics, and the program stops after the stage when any of
//! them is an error. [`Diagnostic::render`] draws one in the manner of rustc; `serde` writes the same as JSON.

use serde::Serialize;

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
    /// What to do.
    pub help: Option<String>,
    /// A replacement that would mend it, shown as a patch.
    pub suggestion: Option<Suggestion>,
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
        Self { severity, code, message, labels: Vec::new(), path: None, help: None, suggestion: None }
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
}

/// Draws diagnostics in the manner of rustc, one after the other with an empty line between them.
#[must_use]
pub fn render(diagnostics: &[Diagnostic], colour: bool) -> String {
    let _ = (diagnostics, colour);
    unimplemented!()
}

/// The same as JSON: an array of objects.
#[must_use]
pub fn json(diagnostics: &[Diagnostic]) -> String {
    let _ = diagnostics;
    unimplemented!()
}
