//! What an import says about its source: one line for each thing that was changed, lost, or wants a person.

use std::fmt;

use crate::words::source_text::{Lines, Span};

/// What became of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Nothing says it, so it was decided.
    Chosen,
    /// It is written otherwise and means the same.
    Changed,
    /// It was not taken along.
    Lost,
    /// A person has to look.
    Hand,
}

impl Verdict {
    /// How it is told.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Chosen => "chosen",
            Self::Changed => "changed",
            Self::Lost => "lost",
            Self::Hand => "by hand",
        }
    }
}

/// One line about a place of the source, or of what is written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Told {
    /// The file.
    pub path: String,
    /// From 1; 0 when the whole file is meant.
    pub line: usize,
    /// In characters, from 1; 0 when the whole line is meant.
    pub column: usize,
    /// What became of it.
    pub verdict: Verdict,
    /// The rest of the line.
    pub text: String,
}

impl Told {
    /// A line about a whole file.
    pub fn of_file(path: impl Into<String>, verdict: Verdict, text: impl Into<String>) -> Self {
        Self { path: path.into(), line: 0, column: 0, verdict, text: text.into() }
    }

    /// A line about a line of a file.
    pub fn of_line(path: impl Into<String>, line: usize, verdict: Verdict, text: impl Into<String>) -> Self {
        Self { path: path.into(), line, column: 0, verdict, text: text.into() }
    }

    /// A line about a place.
    pub fn at(span: &Span, verdict: Verdict, text: impl Into<String>) -> Self {
        let (line, column) = span.line_and_column();
        Self { path: span.source.path.clone(), line, column, verdict, text: text.into() }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, column, verdict, text } = self;
        // Names and texts are other people's: one line stays one line.
        let path: String = path.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        match (line, column) {
            (0, _) => write!(formatter, "{path}: {}: {text}", verdict.words()),
            (_, 0) => write!(formatter, "{path}:{line}: {}: {text}", verdict.words()),
            _ => write!(formatter, "{path}:{line}:{column}: {}: {text}", verdict.words()),
        }
    }
}

/// Something about a place that is still a byte of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// Bytes from the start of the text.
    pub at: usize,
    /// What became of it.
    pub verdict: Verdict,
    /// What is said.
    pub text: String,
}

/// What came to light about one text.
#[derive(Debug, Default)]
pub struct Remarks(pub Vec<Remark>);

impl Remarks {
    /// Something is written otherwise now.
    pub fn changed(&mut self, at: usize, text: impl Into<String>) {
        self.say(at, Verdict::Changed, text);
    }

    /// Something was left behind.
    pub fn lost(&mut self, at: usize, text: impl Into<String>) {
        self.say(at, Verdict::Lost, text);
    }

    /// Something wants a person.
    pub fn hand(&mut self, at: usize, text: impl Into<String>) {
        self.say(at, Verdict::Hand, text);
    }

    /// Says it.
    pub fn say(&mut self, at: usize, verdict: Verdict, text: impl Into<String>) {
        self.0.push(Remark { at, verdict, text: text.into() });
    }

    /// The same with lines and columns of `text`, whose path is `path`, in order.
    #[must_use]
    pub fn told(self, path: &str, text: &str) -> Vec<Told> {
        let lines = Lines::new(text);
        let told = |Remark { at, verdict, text: said }: Remark| {
            let (line, column) = lines.place(text, at);
            Told { path: path.to_owned(), line, column, verdict, text: said }
        };
        let mut all: Vec<Told> = self.0.into_iter().map(told).collect();
        all.sort();
        all.dedup();
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_lines_and_characters() {
        let mut remarks = Remarks::default();
        remarks.lost(6, "b");
        remarks.changed(0, "a");
        let told: Vec<String> = remarks.told("x.rss", "aé\néb").iter().map(ToString::to_string).collect();
        assert_eq!(told, ["x.rss:1:1: changed: a", "x.rss:2:2: lost: b"]);
        assert_eq!(Told::of_file("a\nb", Verdict::Hand, "c\nd").to_string(), "a\u{fffd}b: by hand: c d");
    }
}
