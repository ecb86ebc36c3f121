//! A text from the site's folder, and places in it.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// One text that an author wrote: its path as the author sees it, and its content.
#[derive(Debug)]
pub struct SourceText {
    /// Path relative to the site's root, with `/` between its parts, for example `content/posts/hello.md`.
    pub path: String,
    /// The whole text, as UTF-8.
    pub text: String,
    /// Where its lines start, once somebody has asked.
    lines: OnceLock<Vec<usize>>,
}

impl PartialEq for SourceText {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path && self.text == other.text
    }
}

// So that two spans of one shared text need not compare it.
impl Eq for SourceText {}

impl SourceText {
    /// Joins a path and its text; shared, since every span points back to it.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { path: path.into(), text: text.into(), lines: OnceLock::new() })
    }

    /// The line that a byte is in, from 1, and the byte that it starts at. The text is looked through once, however often this is
    /// asked.
    #[must_use]
    pub fn line(&self, at: usize) -> (usize, usize) {
        let ends = || self.text.match_indices('\n').map(|(end, _)| end + 1);
        let lines = self.lines.get_or_init(|| std::iter::once(0).chain(ends()).collect());
        let line = lines.partition_point(|start| *start <= at);
        (line, lines[line - 1])
    }
}

/// A place in a source text, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The text that the place is in.
    pub source: Arc<SourceText>,
    /// Bytes from the start of the text; always on character boundaries and within the text.
    pub range: Range<usize>,
}

impl Span {
    /// Marks `range` in `source`, shrunk to the text and to character boundaries where it leaves them.
    #[must_use]
    pub fn new(source: &Arc<SourceText>, range: Range<usize>) -> Self {
        let start = floor_boundary(&source.text, range.start);
        let end = floor_boundary(&source.text, range.end.max(start));
        Self { source: Arc::clone(source), range: start..end }
    }

    /// The text at this place.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.source.text[self.range.clone()]
    }

    /// The first line of this place, without its end.
    #[must_use]
    pub fn first_line(&self) -> Self {
        let length = self.text().find(['\r', '\n']).unwrap_or(self.range.len());
        Self { source: Arc::clone(&self.source), range: self.range.start..self.range.start + length }
    }

    /// Line and column of the start, both from 1; the column counts characters.
    #[must_use]
    pub fn line_and_column(&self) -> (usize, usize) {
        let (line, start) = self.source.line(self.range.start);
        (line, self.source.text[start..self.range.start].chars().count() + 1)
    }
}

/// Something that an author wrote, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    /// What was written.
    pub value: T,
    /// Where.
    pub span: Span,
}

/// The last character boundary at or before `at`.
fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_stays_on_character_boundaries() {
        let source = SourceText::new("a.md", "aé\nb");
        assert_eq!(Span::new(&source, 2..99).text(), "é\nb");
        assert_eq!(Span::new(&source, 99..120).text(), "");
    }

    #[test]
    fn lines_and_columns_count_from_one_and_in_characters() {
        let source = SourceText::new("a.md", "aé\néb");
        assert_eq!(Span::new(&source, 0..1).line_and_column(), (1, 1));
        assert_eq!(Span::new(&source, 6..7).line_and_column(), (2, 2));
        assert_eq!([0, 3, 4, 7, 99].map(|at| source.line(at)), [(1, 0), (1, 0), (2, 4), (2, 4), (2, 4)]);
    }
}
