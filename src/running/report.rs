//! What a command says on the terminal, and how it ends.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::files::output::Failure;
use crate::words::diagnostic::{self, Diagnostic, Severity};
use crate::words::sarif;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All is well; there may have been warnings.
    Fine,
    /// The site has errors.
    Site,
    /// Wrong usage, or the machine is at fault.
    Machine,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Fine => Self::SUCCESS,
            Outcome::Site => Self::from(1),
            Outcome::Machine => Self::from(2),
        }
    }
}

/// How diagnostics are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For people, on standard error.
    Text,
    /// For programs, on standard output.
    Json,
    /// For programs that show problems beside code, on standard output.
    Sarif,
    /// Not at all: a caller only asks how it ended.
    Silent,
}

impl Form {
    /// Whether what is told is a document, which is there although nothing is wrong.
    #[must_use]
    pub fn is_document(self) -> bool {
        matches!(self, Self::Json | Self::Sarif)
    }
}

/// Tells diagnostics, and people also how many there are.
pub fn diagnostics(diagnostics: &[Diagnostic], form: Form) -> io::Result<()> {
    match form {
        Form::Json => line(&diagnostic::json(diagnostics)),
        Form::Sarif => line(&sarif::document(diagnostics)),
        Form::Silent => Ok(()),
        Form::Text => unless_closed(io::stderr().lock().write_all(told(diagnostics, colour()).as_bytes())),
    }
}

/// What people are told of diagnostics.
#[must_use]
pub fn told(diagnostics: &[Diagnostic], colour: bool) -> String {
    let mut text = diagnostic::render(diagnostics, colour);
    if let Some(count) = count(diagnostics) {
        text.push_str(&count);
        text.push('\n');
    }
    text
}

/// Tells people what was [`told`] before, without colours or with them.
pub fn warnings([plain, coloured]: &[String; 2]) -> io::Result<()> {
    let text = if colour() { coloured } else { plain };
    unless_closed(io::stderr().lock().write_all(text.as_bytes()))
}

/// Tells why a command could not do its work.
pub fn failure(failure: &Failure, form: Form) -> io::Result<Outcome> {
    match failure {
        Failure::Site(problems) => diagnostics(problems, form).map(|()| Outcome::Site),
        Failure::Machine(problem) => diagnostics(std::slice::from_ref(problem), form).map(|()| Outcome::Machine),
    }
}

/// Writes a line to standard output.
pub fn line(text: &str) -> io::Result<()> {
    unless_closed(writeln!(io::stdout().lock(), "{text}"))
}

/// Writes to standard output.
pub fn text(bytes: &[u8]) -> io::Result<()> {
    unless_closed(io::stdout().lock().write_all(bytes))
}

/// Writes lines to standard error.
pub fn notes(lines: &[String]) -> io::Result<()> {
    unless_closed(lines.iter().try_for_each(|line| writeln!(io::stderr().lock(), "{line}")))
}

/// Writes lines to standard output.
pub fn lines<T: std::fmt::Display>(lines: &[T]) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = lines.iter().try_for_each(|line| writeln!(out, "{line}")).and_then(|()| out.flush());
    unless_closed(written)
}

/// `2 errors, 1 warning`.
#[must_use]
pub fn count(diagnostics: &[Diagnostic]) -> Option<String> {
    let of = |severity| diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count();
    let counts = [(of(Severity::Error), "error"), (of(Severity::Warning), "warning")];
    let parts: Vec<String> =
        counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, noun)| many(count, noun)).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// `1 page`, `2 pages`.
#[must_use]
pub fn many(count: usize, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

/// A moment as it is typed: `2026-12-24T09:00:00Z`.
#[must_use]
pub fn moment(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// Whether a person looks at standard error, and has not asked for plain text (<https://no-color.org>).
fn colour() -> bool {
    io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// A reader that has seen enough, as in `genblog build | head`, is no failure.
fn unless_closed(result: io::Result<()>) -> io::Result<()> {
    result.or_else(|error| if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_counted_by_severity() {
        let (error, warning) = (Diagnostic::error("a", "a"), Diagnostic::warning("b", "b"));
        assert_eq!(count(&[error.clone(), warning.clone(), error]).as_deref(), Some("2 errors, 1 warning"));
        assert_eq!(count(&[warning]).as_deref(), Some("1 warning"));
        assert_eq!(count(&[]), None);
    }
}
