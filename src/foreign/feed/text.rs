//! The text of an element, with the place in the file that each part of it came from.

use std::ops::Range;

use crate::foreign::feed::markup::{Token, Tokens, decode};
use crate::foreign::html::is_illegal;
use crate::foreign::told::Remarks;

/// A text put together out of pieces of a file.
#[derive(Debug, Default, Clone)]
pub(super) struct Placed {
    pub(super) text: String,
    /// Bytes of the text, and of the file, where a piece begins.
    marks: Vec<(usize, usize)>,
}

/// How an element's content is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// References and sections decoded once; tags within it are left out.
    Decoded,
    /// Tags within it are its own: everything as it stands, and what sections hold.
    Markup,
    /// XHTML: everything as it stands, and sections are text.
    Xhtml,
}

impl Placed {
    /// The content of an element, which stands at `range` of `file`.
    pub(super) fn new(file: &str, range: Range<usize>, content: Content, remarks: &mut Remarks) -> Self {
        let mut placed = Self::default();
        for (token, at) in Tokens::new(file, range) {
            match (token, content) {
                (Token::Cdata(text), Content::Xhtml) => placed.push_escaped(text, at.start + "<![CDATA[".len()),
                (Token::Cdata(text), _) => placed.push(text, at.start + "<![CDATA[".len()),
                (Token::Text(text), Content::Decoded) => {
                    decode(text, at.start, remarks, |text, at| placed.push(text, at));
                }
                (Token::Text(_) | Token::Start { .. } | Token::End { .. }, Content::Markup | Content::Xhtml) => {
                    placed.push(&file[at.clone()], at.start);
                }
                (Token::Start { .. } | Token::End { .. } | Token::Other, _) => {}
            }
        }
        placed
    }

    /// A text that stands at one place.
    pub(super) fn at(text: &str, at: usize) -> Self {
        let mut placed = Self::default();
        placed.push(text, at);
        placed
    }

    fn push(&mut self, text: &str, at: usize) {
        self.marks.push((self.text.len(), at));
        self.text.push_str(text);
    }

    /// Text as HTML.
    fn push_escaped(&mut self, text: &str, at: usize) {
        let mut done = 0;
        for (found, escaped) in text.match_indices(['<', '>', '&']) {
            self.push(&text[done..found], at + done);
            self.push(
                if escaped == "<" {
                    "&lt;"
                } else if escaped == ">" {
                    "&gt;"
                } else {
                    "&amp;"
                },
                at + found,
            );
            done = found + 1;
        }
        self.push(&text[done..], at + done);
    }

    /// Where in the file a byte of the text stands.
    fn place(&self, at: usize) -> usize {
        let mark = self.marks.partition_point(|(start, _)| *start <= at);
        mark.checked_sub(1).and_then(|mark| self.marks.get(mark)).map_or(0, |(start, place)| place + (at - start))
    }

    /// Says in terms of the file what was said in terms of the text.
    pub(super) fn tell(&self, said: Remarks, remarks: &mut Remarks) {
        for remark in said.0 {
            remarks.say(self.place(remark.at), remark.verdict, remark.text);
        }
    }

    /// One line of plain text, without what no feed can hold.
    pub(super) fn line(&self, remarks: &mut Remarks) -> String {
        for (at, c) in self.text.char_indices().filter(|(_, c)| is_illegal(*c)) {
            remarks.lost(self.place(at), format!("the character U+{:04X} cannot stand in a text", u32::from(c)));
        }
        let breaks = |c: char| matches!(c, '\n' | '\r' | '\t');
        let legal: String = self.text.chars().filter(|c| !is_illegal(*c)).collect();
        let lines = legal.split(breaks).map(|line| line.trim_matches(' ')).filter(|line| !line.is_empty());
        lines.collect::<Vec<_>>().join(" ")
    }

    /// The same without the white space that all its lines begin with, and without blank lines around it.
    ///
    /// Only a text that begins on a line of its own was indented as a whole. Line ends become those of Unix.
    pub(super) fn dedented(self) -> Self {
        let start = self.text.len() - self.text.trim_start_matches([' ', '\t', '\r', '\n']).len();
        let starts_a_line = self.text[..start].contains('\n');
        let filled = self.text.split('\n').filter(|line| !line.trim().is_empty());
        let indent = filled.map(|line| &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]).reduce(common);
        let indent = indent.filter(|_| starts_a_line).unwrap_or_default();
        let mut dedented = Self::default();
        let mut at = 0;
        for line in self.text.split_inclusive('\n') {
            let skipped = common(line, indent).len();
            let end = line.len() - usize::from(line.ends_with("\r\n")) - usize::from(line.ends_with('\n'));
            dedented.copy(&self, at + skipped..at + end.max(skipped));
            if line.ends_with('\n') {
                dedented.text.push('\n');
            }
            at += line.len();
        }
        let trimmed = dedented.text.trim_matches(['\n', '\r', ' ', '\t']);
        let skipped = dedented.text.len() - dedented.text.trim_start_matches(['\n', '\r', ' ', '\t']).len();
        let mut result = Self::default();
        if !trimmed.is_empty() {
            // Blanks of the first line belong to it.
            let line = dedented.text[..skipped].rfind('\n').map_or(skipped, |at| at + 1);
            let start = if starts_a_line { line } else { skipped };
            let end = dedented.text.trim_end_matches(['\n', '\r', ' ', '\t']).len();
            result.copy(&dedented, start..end);
        }
        result
    }

    /// A part of it.
    pub(super) fn part(&self, range: Range<usize>) -> Self {
        let mut part = Self::default();
        part.copy(self, range);
        part
    }

    /// Plain text as a paragraph of HTML.
    pub(super) fn paragraph(&self) -> Self {
        let start = self.text.len() - self.text.trim_start().len();
        let end = start + self.text.trim().len();
        let mut paragraph = Self::default();
        paragraph.push("<p>", self.place(start));
        for piece in self.pieces(start..end) {
            paragraph.push_escaped(&self.text[piece.clone()], self.place(piece.start));
        }
        paragraph.push("</p>", self.place(end));
        paragraph
    }

    /// Takes over a part of another text with its places.
    fn copy(&mut self, other: &Self, range: Range<usize>) {
        for piece in other.pieces(range) {
            self.push(&other.text[piece.clone()], other.place(piece.start));
        }
    }

    /// A part of the text, cut where another piece of the file begins.
    fn pieces(&self, range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let first = self.marks.partition_point(|(start, _)| *start <= range.start);
        let starts = self.marks[first..].iter().map(|(start, _)| *start).take_while(move |start| *start < range.end);
        let mut from = range.start;
        starts.chain([range.end]).map(move |to| {
            let piece = from..to;
            from = to;
            piece
        })
    }
}

/// What two texts begin with.
fn common<'a>(one: &'a str, other: &str) -> &'a str {
    let same = one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
    let end = (0..=same).rev().find(|end| one.is_char_boundary(*end)).unwrap_or(0);
    &one[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(Placed::at(text, 0).dedented().text, expected);
    }

    #[test]
    fn a_paragraph_knows_its_places() {
        let mut remarks = Remarks::default();
        let placed = Placed::new("  &#97; \u{ff}&lt;b&gt;\u{ff} ", 0..22, Content::Decoded, &mut remarks);
        let paragraph = placed.paragraph();
        assert_eq!(paragraph.text, "<p>a \u{ff}&lt;b&gt;\u{ff}</p>");
        let places = ["a", "\u{ff}", "&lt;", "b", "&gt;", "\u{ff}</p>"].map(|part| {
            let at = paragraph.text.find(part).expect("it is there");
            paragraph.place(at)
        });
        assert_eq!(places, [2, 8, 10, 14, 15, 19]);
        assert_eq!(paragraph.part(3..8).text, "a \u{ff}&");
    }

    #[test]
    fn the_indentation_that_all_lines_have_goes_and_no_more() {
        check("\n\t\t<p>\n\t\t<pre>\n\t\t\tx\n\n\t\t \n\t\t</pre>\n\t\t", "<p>\n<pre>\n\tx\n\n \n</pre>");
        check("<p>\n  a\n  b", "<p>\n  a\n  b");
        check("\r\n  a\r\n  b\r\n", "a\nb");
        check("\n    a\n  b", "  a\nb");
        check("  a  ", "a");
        check(" \n ", "");
    }

    #[test]
    fn a_section_is_text_in_xhtml_and_html_elsewhere() {
        let file = "<p>a</p><![CDATA[b < <i>&amp;]]>";
        for (content, expected) in [
            (Content::Decoded, "ab < <i>&amp;"),
            (Content::Markup, "<p>a</p>b < <i>&amp;"),
            (Content::Xhtml, "<p>a</p>b &lt; &lt;i&gt;&amp;amp;"),
        ] {
            let placed = Placed::new(file, 0..file.len(), content, &mut Remarks::default());
            assert_eq!(placed.text, expected, "{content:?}");
        }
    }

    #[test]
    fn places_outlive_decoding_and_dedenting() {
        let file = "<d>\n\t&lt;b>\n\tx</d>";
        let placed = Placed::new(file, 3..file.len() - 4, Content::Decoded, &mut Remarks::default()).dedented();
        assert_eq!(placed.text, "<b>\nx");
        let at = |text: &str| placed.place(placed.text.find(text).expect("there"));
        assert_eq!((at("b>"), at("x")), (9, 13));
    }
}
