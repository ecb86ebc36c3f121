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
    lines: OnceLock<Lines>,
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

    /// Where its lines start. The text is looked through once, however often this is asked.
    #[must_use]
    pub fn lines(&self) -> &Lines {
        self.lines.get_or_init(|| Lines::new(&self.text))
    }

    /// The line that a byte is in, from 1, and the byte that it starts at.
    #[must_use]
    pub fn line(&self, at: usize) -> (usize, usize) {
        self.lines().line(at)
    }
}

/// Where the lines of a text start.
#[derive(Debug)]
pub struct Lines(Vec<usize>);

/// Bytes of a line that [`Lines::place`] counts as characters.
const COUNTED: usize = 4096;

impl Lines {
    /// Looks the text through.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(std::iter::once(0).chain(text.match_indices('\n').map(|(end, _)| end + 1)).collect())
    }

    /// The line that a byte is in, from 1, and the byte that it starts at.
    #[must_use]
    pub fn line(&self, at: usize) -> (usize, usize) {
        let line = self.0.partition_point(|start| *start <= at);
        (line, self.0[line - 1])
    }

    /// Line and column of a byte of `text`, both from 1. The column counts characters, but bytes where that would be many: no
    /// person looks there, and a text that is a single line must not be counted again for each of its places.
    #[must_use]
    pub fn place(&self, text: &str, at: usize) -> (usize, usize) {
        let (line, start) = self.line(at);
        let bytes = at - start;
        let before = text.get(start..at).filter(|_| bytes <= COUNTED);
        (line, before.map_or(bytes, |before| before.chars().count()) + 1)
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

    /// Line and column of the start, as [`Lines::place`] has them.
    #[must_use]
    pub fn line_and_column(&self) -> (usize, usize) {
        self.source.lines().place(&self.source.text, self.range.start)
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
        let text = "é".repeat(COUNTED);
        let lines = Lines::new(&text);
        assert_eq!([4, COUNTED, COUNTED + 2].map(|at| lines.place(&text, at)), [(1, 3), (1, 2049), (1, 4099)]);
        assert_eq!([0, 3, 4, 7, 99].map(|at| source.line(at)), [(1, 0), (1, 0), (2, 4), (2, 4), (2, 4)]);
    }
}
