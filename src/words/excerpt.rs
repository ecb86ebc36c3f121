//! What of a text is drawn: the lines that something points into, cut where they are very long, and nothing that a terminal
//! would obey.
//!
//! A text may be a single line of many megabytes, and it may be anybody's: an escape sequence in it could move the cursor, change
//! colours or hide what stands before it.

use std::borrow::Cow;
use std::ops::Range;

use annotate_snippets::normalize_untrusted_str;

use crate::words::source_text::SourceText;

/// Lines of so many bytes are drawn whole.
const WHOLE: usize = 1000;

/// Of longer ones, so many bytes before what is marked, and so many behind it.
const BEFORE: usize = 80;
const BEHIND: usize = 160;

/// Lines of a text as they are drawn.
#[derive(Debug)]
pub(crate) struct Excerpt<'a> {
    /// What is drawn.
    pub(crate) text: Cow<'a, str>,
    /// The number of its first line, from 1.
    pub(crate) first_line: usize,
    pieces: Vec<Piece>,
}

/// A part that is drawn as it stands.
#[derive(Debug)]
struct Piece {
    /// Where it starts in the source.
    source: usize,
    /// Where it starts in what is drawn.
    drawn: usize,
    length: usize,
}

impl<'a> Excerpt<'a> {
    /// The lines that `marks` are in, and those between.
    pub(crate) fn new(source: &'a SourceText, marks: &[Range<usize>]) -> Self {
        let first = marks.iter().map(|mark| mark.start).min().unwrap_or(0);
        let last = marks.iter().map(|mark| mark.end).max().unwrap_or(source.text.len());
        let (first_line, start) = source.line(first);
        let end = source.text[last..].find('\n').map_or(source.text.len(), |at| last + at + 1);
        let text = &source.text[start..end];
        let mut excerpt = Self { text: Cow::Borrowed(""), first_line, pieces: Vec::new() };
        if text.split('\n').all(|line| line.len() <= WHOLE) {
            excerpt.pieces.push(Piece { source: start, drawn: 0, length: text.len() });
            excerpt.text = Cow::Borrowed(text);
        } else {
            let mut at = start;
            for line in text.split_inclusive('\n') {
                excerpt.push_line(&source.text, at..at + line.len(), marks);
                at += line.len();
            }
        }
        if excerpt.text.contains(is_late_control) {
            // Of the same length, so that places stay what they are.
            excerpt.text = Cow::Owned(excerpt.text.replace(is_late_control, "\u{bf}"));
        }
        excerpt
    }

    /// Whether something is left out, so that columns are others than in the text.
    pub(crate) fn is_cut(&self) -> bool {
        self.pieces.len() > 1
    }

    /// A range of the source as one of what is drawn.
    pub(crate) fn within(&self, range: &Range<usize>) -> Range<usize> {
        self.place(range.start)..self.place(range.end)
    }

    fn place(&self, at: usize) -> usize {
        let index = self.pieces.partition_point(|piece| piece.source <= at).saturating_sub(1);
        self.pieces.get(index).map_or(0, |piece| piece.drawn + at.saturating_sub(piece.source).min(piece.length))
    }

    fn push_line(&mut self, source: &str, line: Range<usize>, marks: &[Range<usize>]) {
        if line.len() <= WHOLE {
            return self.push(source, line);
        }
        let end = line.start + source[line.clone()].trim_end_matches(['\n', '\r']).len();
        let around = |mark: &Range<usize>| {
            let start = mark.start.saturating_sub(BEFORE).max(line.start);
            let stop = (mark.end.max(line.start) + BEHIND).min(end);
            source.floor_char_boundary(start)..source.ceil_char_boundary(stop)
        };
        let touches = |mark: &&Range<usize>| mark.start <= end && mark.end >= line.start;
        let mut shown: Vec<Range<usize>> = marks.iter().filter(touches).map(around).collect();
        shown.sort_unstable_by_key(|part| part.start);
        if shown.is_empty() {
            shown.push(around(&(line.start..line.start)));
        }
        let mut at = line.start;
        for part in shown {
            if part.start > at {
                self.text.to_mut().push('…');
            }
            if part.end > at {
                self.push(source, part.start.max(at)..part.end);
                at = part.end;
            }
        }
        if at < end {
            self.text.to_mut().push('…');
        }
        self.push(source, end..line.end);
    }

    fn push(&mut self, source: &str, at: Range<usize>) {
        self.pieces.push(Piece { source: at.start, drawn: self.text.len(), length: at.len() });
        self.text.to_mut().push_str(&source[at]);
    }
}

/// Control characters that the drawing itself does not know, though terminals do: U+009B starts what U+001B and `[` start.
fn is_late_control(c: char) -> bool {
    matches!(c, '\u{80}'..='\u{9f}')
}

/// A text in which nothing is left that a terminal would obey.
pub(crate) fn tame(text: &str) -> String {
    normalize_untrusted_str(text).replace(is_late_control, "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_cut_around_what_is_marked() {
        let long = format!("é{}<a>{}\nnext\n{}", "x".repeat(5000), "y".repeat(5000), "z".repeat(2000));
        let source = SourceText::new("a.xml", long);
        let (mark, next) = (5002..5005, 10_006..10_010);
        for marks in [&[mark.clone()][..], &[next.clone(), mark.clone()]] {
            let excerpt = Excerpt::new(&source, marks);
            assert!(excerpt.is_cut() && excerpt.text.len() < 300, "{}", excerpt.text);
            for mark in marks {
                assert_eq!(excerpt.text[excerpt.within(mark)], source.text[mark.clone()]);
            }
            assert!(excerpt.text.starts_with("…x") && excerpt.text.contains("y…\n"), "{}", excerpt.text);
        }
        let far = [3..4, 5002..5005, 9000..9010];
        let excerpt = Excerpt::new(&source, &far);
        assert_eq!((excerpt.text.matches('…').count(), excerpt.first_line), (3, 1));
        far.iter().for_each(|mark| assert_eq!(excerpt.text[excerpt.within(mark)], source.text[mark.clone()]));
        let short = Excerpt::new(&source, &[next]);
        assert_eq!((&*short.text, short.first_line, short.is_cut()), ("next\n", 2, false));
    }

    #[test]
    fn nothing_is_left_that_a_terminal_would_obey() {
        assert_eq!(tame("a\u{1b}[31m\u{9b}2J\u{202e}b\té"), "a␛[31m\u{fffd}2J\u{fffd}b    é");
        let source = SourceText::new("a.xml", "a\u{9b}b");
        let mark = 3..4;
        let excerpt = Excerpt::new(&source, std::slice::from_ref(&mark));
        assert_eq!(excerpt.text[excerpt.within(&mark)], *"b");
        assert!(!excerpt.text.contains(char::is_control));
    }
}
