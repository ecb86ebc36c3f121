//! What the template engine complains about, as diagnostics that point into templates.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use tera::{Error, ErrorKind};

use crate::words::diagnostic::Diagnostic;
use crate::words::source_text::{SourceText, Span};

/// The texts of all templates, by the names that the engine knows.
pub(crate) type Texts = BTreeMap<String, Arc<SourceText>>;

/// Templates that cannot be used: everything that is wrong with them.
pub(crate) fn unusable(error: &Error, texts: &Texts) -> Vec<Diagnostic> {
    if let Some((message, span)) = located(error, texts) {
        return vec![failure("", &message).at(span, "")];
    }
    // Mistakes in references between templates come as one text that holds a report for each.
    let text = error.to_string();
    let reports: Option<Vec<Diagnostic>> = reports(&text).map(|report| parsed(report, texts)).collect();
    reports
        .filter(|reports| !reports.is_empty())
        .unwrap_or_else(|| vec![failure("the templates cannot be used: ", &text).in_path("templates")])
}

/// A template that cannot be filled for the file `content`.
pub(crate) fn unfilled(error: &Error, template: &str, content: &str, texts: &Texts) -> Diagnostic {
    match located(error, texts) {
        Some((message, span)) => failure(&format!("`{content}` cannot be rendered: "), &message).at(span, ""),
        None => failure(&format!("`{template}` cannot be filled: "), &error.to_string()).in_path(content),
    }
}

/// Keeps one of all failures at the same place of a template, and says how many more pages fail there.
#[must_use]
pub fn merge_failures(diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut merged: Vec<(Diagnostic, usize)> = Vec::new();
    for diagnostic in diagnostics {
        let same = merged.iter_mut().find(|(first, _)| {
            let at_one_place =
                diagnostic.code == "template" && !first.labels.is_empty() && first.labels == diagnostic.labels;
            diagnostic == *first || (first.code == "template" && at_one_place)
        });
        match same {
            Some((first, more)) => *more += usize::from(first.message != diagnostic.message),
            None => merged.push((diagnostic, 0)),
        }
    }
    let say = |(diagnostic, more): (Diagnostic, usize)| {
        let others = match more {
            0 => return diagnostic,
            1 => "one more page fails in the same way".to_owned(),
            _ => format!("{more} more pages fail in the same way"),
        };
        let help = diagnostic.help.iter().cloned().chain([others]).collect::<Vec<_>>().join("; ");
        diagnostic.help(help)
    };
    merged.into_iter().map(say).collect()
}

/// The engine's words behind `start`; what it says after its first sentence is help.
fn failure(start: &str, words: &str) -> Diagnostic {
    let (message, help) = words.split_once(". ").map_or((words, None), |(message, help)| (message, Some(help)));
    let diagnostic = Diagnostic::error("template", format!("{start}{}", sentence(message)));
    match help {
        Some(help) => diagnostic.help(sentence(help)),
        None => diagnostic,
    }
}

/// What an error says and where, when it knows.
fn located(error: &Error, texts: &Texts) -> Option<(String, Span)> {
    let (ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report)) = error.kind() else { return None };
    let text = texts.get(report.filename())?;
    Some((report.message().to_owned(), Span::new(text, report.span().range.clone())))
}

/// The reports in a text, each from `error: ` to the next.
fn reports(text: &str) -> impl Iterator<Item = &str> {
    text.split("\n\nerror: ").map(|report| report.strip_prefix("error: ").unwrap_or(report))
}

/// A report: a message, then ` --> post.html:2:10`, then the line and carets under it.
fn parsed(report: &str, texts: &Texts) -> Option<Diagnostic> {
    let (message, rest) = report.split_once('\n')?;
    let place = rest.lines().next()?.trim_start().strip_prefix("--> ")?;
    let mut place = place.rsplitn(3, ':');
    let column: usize = place.next()?.parse().ok()?;
    let line: usize = place.next()?.parse().ok()?;
    let text = texts.get(place.next()?)?;
    let carets = rest.lines().find(|line| line.ends_with('^')).map_or(1, |line| line.matches('^').count());
    let span = Span::new(text, bytes(&text.text, line, column, carets)?);
    Some(failure("", message).at(span, ""))
}

/// Where `length` characters from a line and column (both from 1) on are in a text.
fn bytes(text: &str, line: usize, column: usize, length: usize) -> Option<Range<usize>> {
    let start: usize = text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let line = text.get(start..)?.lines().next()?;
    let offset = |characters| line.char_indices().nth(characters).map_or(line.len(), |(at, _)| at);
    let first = column.checked_sub(1)?;
    Some(start + offset(first)..start + offset(first + length))
}

/// The engine's words as this program writes: no capital at the start and no full stop at the end.
fn sentence(message: &str) -> String {
    let message = message.strip_suffix('.').unwrap_or(message);
    let mut characters = message.chars();
    match (characters.next(), characters.next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => {
            format!("{}{}", first.to_lowercase(), &message[first.len_utf8()..])
        }
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_failure_is_told_once() {
        let text = SourceText::new("templates/post.html", "{{ nope }}");
        let failure = |path: &str| {
            let message = format!("`{path}` cannot be rendered: there is no `nope`");
            Diagnostic::error("template", message).at(Span::new(&text, 3..7), "")
        };
        let merged = merge_failures(vec![failure("a.md"), failure("b.md"), failure("c.md")]);
        assert_eq!(merged.len(), 1);
        assert!(merged[0].message.starts_with("`a.md`"));
        assert_eq!(merged[0].help.as_deref(), Some("2 more pages fail in the same way"));
    }

    #[test]
    fn a_place_is_found_by_line_and_column() {
        assert_eq!(bytes("é\näb c\n", 2, 2, 1), Some(5..6));
        assert_eq!(bytes("a", 1, 9, 3), Some(1..1));
        assert_eq!(bytes("a", 9, 1, 1), None);
    }
}
