//! The author's own HTML, as a whole body in genBlog's form or as a piece of Markdown.

use std::ops::Range;
use std::sync::Arc;

use crate::parsing::anchors::settle;
use crate::parsing::html;
use crate::parsing::text::{Html, Mark, Said, Text};
use crate::parsing::written::{wants_page, written};
use crate::words::diagnostic::Diagnostic;
use crate::words::source_text::{Located, SourceText, Span};

/// HTML with what the site has to know about it.
pub(crate) fn html_mark(html: &str, span: &Span, exact: bool, diagnostics: &mut Vec<Diagnostic>) -> Mark<'static> {
    let mut piece =
        Html { html: html.to_owned(), headings: Vec::new(), ids: Vec::new(), engine_links: Vec::new(), exact };
    match html::scan(html) {
        Ok(scan) => {
            piece.ids =
                scan.ids.into_iter().map(|(value, at)| Located { value, span: place(span, exact, at) }).collect();
            piece.headings = scan.headings;
            piece.engine_links = scan.engine_links;
            diagnostics.extend(scan.without_alt.into_iter().map(|at| missing_alt(&place(span, exact, at))));
        }
        Err(error) => {
            let diagnostic = Diagnostic::error("bad-html", format!("this HTML cannot be read: {error}"));
            diagnostics.push(diagnostic.at(span.first_line(), "it starts here"));
        }
    }
    Mark::Html(piece)
}

/// Where `range` of a piece of HTML stands in the source, as exactly as that is known.
pub(crate) fn place(span: &Span, exact: bool, range: Range<usize>) -> Span {
    if exact {
        Span::new(&span.source, span.range.start + range.start..span.range.start + range.end)
    } else {
        span.first_line()
    }
}

/// A body in the author's own HTML, as posts in genBlog's form have it.
pub(crate) fn parse(source: &Arc<SourceText>, body: Range<usize>) -> (Text, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let mut marks = Vec::new();
    let text = &source.text[body.clone()];
    let halves = MORE.iter().find_map(|mark| text.find(mark).map(|at| (at, mark.len())));
    let (lead, rest) = halves.map_or((0..0, 0..text.len()), |(at, length)| (0..at, at + length..text.len()));
    for part in [lead, rest.clone()] {
        let span = Span::new(source, body.start + part.start..body.start + part.end);
        if !part.is_empty() {
            let piece = html_mark(&text[part.clone()], &span, true, &mut diagnostics);
            marks.push(Located { value: piece, span: span.clone() });
        }
        if halves.is_some() && part != rest {
            marks.push(Located { value: Mark::More, span });
        }
    }
    let (headings, anchors) = settle(&mut marks, &mut [], &mut diagnostics);
    let plain = html::scan(text).map(|scan| scan.plain).unwrap_or_default();
    let source = Arc::clone(source);
    let (words, wants_page) = (words(&plain), wants_page(&marks));
    let said = Said { pieces: written(marks), footnotes: Vec::new() };
    let text = Text { source, said, wants_page, headings, anchors, words, opening: plain, start: body.start };
    (text, diagnostics)
}

/// Both ways in which authors write the mark after the lead.
const MORE: [&str; 2] = ["<!-- more -->", "<!--more-->"];

pub(crate) fn is_more(html: &str) -> bool {
    MORE.contains(&html.trim())
}

/// A warning for a picture that has no alternative text.
pub(crate) fn missing_alt(span: &Span) -> Diagnostic {
    let diagnostic = Diagnostic::warning("missing-alt", "this picture does not say what is to be seen");
    diagnostic
        .at(span.first_line(), "no alternative text")
        .help("describe it: `![a ring with two slots filled](ring.png)`")
}

/// What is part of a word in ASCII, and what is between two.
const PART: u8 = 1;
const SPACE: u8 = 2;
const KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut byte = 0;
    while byte < 128_u8 {
        kinds[byte as usize] = if byte.is_ascii_alphanumeric() {
            PART
        } else if byte.is_ascii_whitespace() || byte == b'\x0b' {
            SPACE
        } else {
            0
        };
        byte += 1;
    }
    kinds
};

/// Words with a letter or digit in them.
pub(crate) fn words(text: &str) -> usize {
    // Most texts are ASCII, and most of a build's words are counted here.
    if text.is_ascii() {
        let count = |(words, counted): (usize, u8), &byte: &u8| {
            let kind = KINDS[usize::from(byte)];
            (words + usize::from(kind & PART & !counted), (counted | kind) & PART & !(kind >> 1))
        };
        return text.as_bytes().iter().fold((0, 0), count).0;
    }
    text.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parsing::text::Piece;

    #[test]
    fn html_bodies_are_split_at_the_mark() {
        let html = "<p id=a>One<!-- more --><h2>Two</h2>";
        let (text, problems) = parse(&SourceText::new("a.txt", html), 0..html.len());
        assert_eq!((text.said.pieces.len(), text.words, text.headings.len(), problems.len()), (3, 2, 1, 0));
        let Piece::Html(second) = &text.said.pieces[2] else { panic!("{:?}", text.said.pieces) };
        assert_eq!(second.span.text(), "<h2>Two</h2>");
    }

    #[test]
    fn words_are_counted_alike_in_any_alphabet() {
        let counts = |text: &str| [words(text), words(&text.replace(' ', "\u{3000}")), words(&format!("{text} é")) - 1];
        for (text, count) in [("", 0), (" - ", 0), ("a b\u{b}c\td\n e", 5), ("it's 5 % of x_y", 4), ("... a", 1)] {
            assert_eq!(counts(text), [count; 3], "{text:?}");
        }
    }
}
