//! Markdown becomes a [`Text`].
//!
//! What means something to the site is picked out of the parser's events: `sim` fences, headings, footnotes, the author's own HTML,
//! the `<!-- more -->` mark. The rest is written as HTML at once, but for links and pictures, which wait, with their places, until the
//! whole site is known. Nothing is swapped into the text, so nothing has to be swapped back.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use pulldown_cmark::{
    BrokenLink, CodeBlockKind, CowStr, Event, LinkType, Options, Parser, Tag, TagEnd, TextMergeWithOffset,
};

use crate::parsing::anchors::{Note, settle};
use crate::parsing::code::{Code, Place, code};
use crate::parsing::dot;
use crate::parsing::fence;
use crate::parsing::html_body::{html_mark, is_more, missing_alt, words};
use crate::parsing::math;
use crate::parsing::text::{Anchors, Footnote, FootnoteReference, HeadingStart, Mark, Piece, Said, Text};
use crate::parsing::written::{wants_page, written};
use crate::words::diagnostic::Diagnostic;
use crate::words::source_text::{Located, SourceText, Span};

/// The Markdown that authors write. Front matter is not among it: the parser would find it anywhere.
pub(crate) const OPTIONS: Options = Options::ENABLE_TABLES
    .union(Options::ENABLE_FOOTNOTES)
    .union(Options::ENABLE_STRIKETHROUGH)
    .union(Options::ENABLE_TASKLISTS)
    .union(Options::ENABLE_SMART_PUNCTUATION)
    .union(Options::ENABLE_HEADING_ATTRIBUTES)
    .union(Options::ENABLE_GFM)
    .union(Options::ENABLE_DEFINITION_LIST);

/// Prose has an event in so many bytes or fewer: room for them is made at once.
const BYTES_OF_AN_EVENT: usize = 24;

/// An event and its place in the source.
type Placed<'a> = (Event<'a>, Range<usize>);

/// Parses the Markdown in `body`.
pub(crate) fn parse(source: &Arc<SourceText>, body: Range<usize>) -> (Text, Vec<Diagnostic>) {
    let start = body.start;
    let (events, diagnostics) = events(source, body);
    let mut builder = Builder::new(source, diagnostics);
    builder.build(&events);
    let (text, diagnostics) = builder.finish();
    (Text { start, ..text }, diagnostics)
}

/// Parses one line of Markdown whose text stands, escaped or not, at `text.span`: a caption.
pub(crate) fn inline(text: &Located<String>) -> (Vec<Piece>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let mut marks = Vec::new();
    for event in Parser::new_ext(&text.value, OPTIONS) {
        let mark = match event {
            Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph) => continue,
            Event::Start(Tag::Emphasis | Tag::Strong | Tag::Strikethrough | Tag::Link { .. })
            | Event::End(TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link)
            | Event::Text(_)
            | Event::Code(_)
            | Event::SoftBreak
            | Event::HardBreak => Mark::Markdown(event),
            Event::InlineHtml(html) => html_mark(&html, &text.span, false, &mut diagnostics),
            _ => {
                let message = "a caption is one line: text, emphasis, code, links and inline HTML";
                let diagnostic = Diagnostic::error("caption", message).at(text.span.clone(), "there is more here");
                diagnostics.push(diagnostic.help("put the rest into the text"));
                break;
            }
        };
        marks.push(Located { value: mark, span: text.span.clone() });
    }
    (written(marks), diagnostics)
}

/// The parser's events with their places in the source.
fn events(source: &Arc<SourceText>, body: Range<usize>) -> (Vec<Placed<'_>>, Vec<Diagnostic>) {
    let (start, length) = (body.start, body.len());
    let mut diagnostics = Vec::new();
    let undefined = |link: BrokenLink<'_>| {
        let span = Span::new(source, start + link.span.start..start + link.span.end);
        diagnostics.extend(undefined_reference(&link, span));
        None
    };
    let parser = Parser::new_with_broken_link_callback(&source.text[body], OPTIONS, Some(undefined));
    let merged = TextMergeWithOffset::new(parser.into_offset_iter());
    let mut events = Vec::with_capacity(length / BYTES_OF_AN_EVENT);
    events.extend(merged.map(|(event, at)| (event, start + at.start..start + at.end)));
    (math::in_lines(events), diagnostics)
}

/// A reference that leads nowhere, unless it is merely text in brackets.
fn undefined_reference(link: &BrokenLink<'_>, span: Span) -> Option<Diagnostic> {
    if !matches!(link.link_type, LinkType::Reference | LinkType::Collapsed) {
        return None;
    }
    let name = &link.reference;
    let diagnostic = Diagnostic::error("broken-reference", format!("there is no link called `{name}`")).at(span, "");
    Some(diagnostic.help(format!("define it: `[{name}]: https://example.org/`, or write `\\[` for a bracket")))
}

/// References to footnotes that are not defined: the parser takes them for text, and some may be meant so.
fn undefined_footnotes(span: &Span) -> Vec<Diagnostic> {
    let text = span.text();
    let mut diagnostics = Vec::new();
    for (at, _) in text.match_indices("[^").filter(|&(at, _)| !text[..at].ends_with('\\')) {
        let Some(length) = text[at..].find(']').filter(|&length| length > 2) else { continue };
        let written = &text[at..=at + length];
        if !written[2..length].contains(|c: char| c.is_whitespace() || c == '[') {
            let start = span.range.start + at;
            let place = Span::new(&span.source, start..start + written.len());
            let diagnostic =
                Diagnostic::warning("unknown-footnote", format!("there is no footnote `{written}`")).at(place, "");
            diagnostics
                .push(diagnostic.help(format!("define it: `{written}: the note`, or write `\\[` for a bracket")));
        }
    }
    diagnostics
}

/// The parts of a body as they come together.
struct Builder<'a> {
    source: &'a Arc<SourceText>,
    diagnostics: Vec<Diagnostic>,
    marks: Vec<Located<Mark<'a>>>,
    /// Footnotes whose definitions have begun, the innermost last.
    open_notes: Vec<(CowStr<'a>, Vec<Located<Mark<'a>>>)>,
    notes: BTreeMap<String, (Span, Vec<Located<Mark<'a>>>)>,
    /// Numbers of the footnotes that were referred to, and how often they were.
    numbers: BTreeMap<String, (usize, usize)>,
    depth: usize,
    opening: String,
    words: usize,
    unread_figures: bool,
}

impl<'a> Builder<'a> {
    fn new(source: &'a Arc<SourceText>, diagnostics: Vec<Diagnostic>) -> Self {
        Self {
            source,
            diagnostics,
            marks: Vec::new(),
            open_notes: Vec::new(),
            notes: BTreeMap::new(),
            numbers: BTreeMap::new(),
            depth: 0,
            opening: String::new(),
            words: 0,
            unread_figures: false,
        }
    }

    fn build(&mut self, events: &[Placed<'a>]) {
        self.marks.reserve(events.len());
        let mut at = 0;
        while let Some((event, range)) = events.get(at) {
            let span = Span::new(self.source, range.clone());
            let rest = &events[at + 1..];
            at += 1;
            match event {
                Event::Start(Tag::CodeBlock(kind)) => {
                    let block = until(rest, TagEnd::CodeBlock);
                    if is_fence(kind, "sim") {
                        self.figure(block, span);
                    } else if is_fence(kind, dot::FENCE) {
                        self.diagram(kind, block, span);
                    } else if is_fence(kind, math::FENCE) {
                        self.formula(block, &span);
                    } else {
                        self.code(kind, block, &span);
                    }
                    at += block.len() + 1;
                }
                Event::Start(Tag::HtmlBlock) => {
                    let block = until(rest, TagEnd::HtmlBlock);
                    self.html_block(block, span);
                    at += block.len() + 1;
                }
                Event::Start(Tag::Heading { level, id, classes, .. }) => {
                    let start = HeadingStart {
                        level: *level as u8,
                        id: id.as_ref().map(ToString::to_string),
                        classes: classes.iter().map(ToString::to_string).collect(),
                        title: plain(until(rest, TagEnd::Heading(*level))),
                    };
                    self.push(Mark::Heading(start), span);
                }
                Event::End(TagEnd::Heading(level)) => self.push(Mark::HeadingEnd(*level as u8), span),
                Event::Start(Tag::FootnoteDefinition(label)) => self.open_notes.push((label.clone(), Vec::new())),
                Event::End(TagEnd::FootnoteDefinition) => self.close_note(span),
                Event::FootnoteReference(label) => self.note_reference(label, span),
                Event::InlineMath(tex) => self.math(tex, false, &span),
                Event::InlineHtml(html) | Event::Html(html) => {
                    let exact = span.text() == &**html;
                    let mark = html_mark(html, &span, exact, &mut self.diagnostics);
                    self.push(mark, span);
                }
                _ => {
                    self.notice(event, rest, &span);
                    self.push(Mark::Markdown(event.clone()), span);
                }
            }
        }
    }

    fn push(&mut self, mark: Mark<'a>, span: Span) {
        let marks = self.open_notes.last_mut().map_or(&mut self.marks, |(_, marks)| marks);
        marks.push(Located { value: mark, span });
    }

    /// Keeps count of depth and words, the opening, and pictures without words.
    fn notice(&mut self, event: &Event<'a>, rest: &[Placed<'a>], span: &Span) {
        match event {
            Event::Start(tag) => {
                if matches!(tag, Tag::Paragraph) && self.depth == 0 && self.opening.is_empty() {
                    self.opening = opening(until(rest, TagEnd::Paragraph));
                }
                if matches!(tag, Tag::Image { .. }) && plain(until(rest, TagEnd::Image)).trim().is_empty() {
                    self.diagnostics.push(missing_alt(span));
                }
                self.depth += 1;
            }
            Event::End(_) => self.depth -= 1,
            Event::Text(text) => {
                self.words += words(text);
                self.diagnostics.extend(undefined_footnotes(span));
            }
            Event::Code(text) => self.words += words(text),
            _ => {}
        }
    }

    /// A fence that holds a formula.
    fn formula(&mut self, block: &[Placed<'a>], span: &Span) {
        self.math(&written_in(block), true, span);
    }

    fn math(&mut self, tex: &str, display: bool, span: &Span) {
        let html = math::html(tex, display).unwrap_or_else(|wrong| {
            self.diagnostics.push(math::problem(span, tex, wrong));
            String::new()
        });
        self.push(Mark::Formula(html), span.clone());
    }

    fn code(&mut self, kind: &CodeBlockKind<'a>, block: &[Placed<'a>], span: &Span) {
        let text = written_in(block);
        let code = match kind {
            CodeBlockKind::Indented => Code { text, ..Code::default() },
            CodeBlockKind::Fenced(info) => {
                let line = span.first_line();
                let start = line.text().ends_with(&**info).then(|| line.range.end - info.len());
                let (code, problems) = code(info, text, Place { source: self.source, line: &line, start });
                self.diagnostics.extend(problems);
                code
            }
        };
        self.push(Mark::Code(code), span.clone());
    }

    fn diagram(&mut self, kind: &CodeBlockKind<'a>, block: &[Placed<'a>], span: Span) {
        let opening = span.first_line();
        let info = if let CodeBlockKind::Fenced(info) = kind { &**info } else { "" };
        let text = written_in(block);
        let (fence, problems) = dot::parse(self.source, info, text, inside(block, &opening), &opening);
        self.diagnostics.extend(problems);
        let Some(mut fence) = fence else { return };
        if let Some(caption) = &fence.caption {
            let (pieces, problems) = inline(caption);
            fence.diagram.caption = pieces;
            self.diagnostics.extend(problems);
        }
        self.push(Mark::Diagram(fence.diagram), span);
    }

    fn figure(&mut self, block: &[Placed<'a>], span: Span) {
        let opening = span.first_line();
        let (fence, problems) = fence::parse(self.source, inside(block, &opening), opening);
        self.diagnostics.extend(problems);
        let Some(mut fence) = fence else {
            self.unread_figures = true;
            return;
        };
        if let Some(caption) = &fence.caption {
            let (pieces, problems) = inline(caption);
            fence.figure.caption = pieces;
            self.diagnostics.extend(problems);
        }
        self.push(Mark::Figure(fence.figure), span);
    }

    fn html_block(&mut self, block: &[Placed<'a>], span: Span) {
        let text: String =
            block.iter().map(|(event, _)| if let Event::Html(html) = event { &**html } else { "" }).collect();
        if is_more(&text) && self.depth == 0 && self.open_notes.is_empty() {
            self.push(Mark::More, span);
            return;
        }
        let exact = span.text().starts_with(&text);
        let mark = html_mark(&text, &span, exact, &mut self.diagnostics);
        self.push(mark, span);
    }

    fn note_reference(&mut self, label: &str, span: Span) {
        let next = self.numbers.len() + 1;
        let (number, occurrence) = self.numbers.entry(label.to_owned()).or_insert((next, 0));
        *occurrence += 1;
        let reference = FootnoteReference { number: *number, occurrence: *occurrence };
        self.push(Mark::FootnoteReference(reference), span);
    }

    fn close_note(&mut self, span: Span) {
        if let Some((label, marks)) = self.open_notes.pop() {
            self.notes.entry(label.to_string()).or_insert((span, marks));
        }
    }

    fn finish(mut self) -> (Text, Vec<Diagnostic>) {
        let mut notes: Vec<Option<Note<'_>>> = (0..self.numbers.len()).map(|_| None).collect();
        for (label, (span, marks)) in std::mem::take(&mut self.notes) {
            match self.numbers.get(&label) {
                Some(&(number, references)) => notes[number - 1] = Some(Note { marks, references }),
                None => {
                    let diagnostic =
                        Diagnostic::warning("unused-footnote", format!("nothing refers to the footnote `[^{label}]`"));
                    let diagnostic = diagnostic.at(span.first_line(), "it is left out");
                    self.diagnostics.push(diagnostic.help("refer to it, or take it out"));
                }
            }
        }
        let mut notes: Vec<Note<'_>> = notes.into_iter().flatten().collect();
        let (headings, anchors) = settle(&mut self.marks, &mut notes, &mut self.diagnostics);
        let anchors = Anchors { unread_figures: self.unread_figures, ..anchors };
        let text = Text {
            source: Arc::clone(self.source),
            wants_page: wants_page(&self.marks),
            said: Said { pieces: written(self.marks), footnotes: notes.into_iter().map(footnote).collect() },
            headings,
            anchors,
            opening: self.opening,
            words: self.words,
            start: 0,
        };
        (text, self.diagnostics)
    }
}

fn footnote(Note { marks, references }: Note<'_>) -> Footnote {
    Footnote { pieces: written(marks), references }
}

/// The text of a block of code.
fn written_in(block: &[Placed<'_>]) -> String {
    block.iter().map(|(event, _)| if let Event::Text(text) = event { &**text } else { "" }).collect()
}

/// Where the text of a fence stands that begins with the line `opening`.
fn inside(block: &[Placed<'_>], opening: &Span) -> Range<usize> {
    match (block.first(), block.last()) {
        (Some((_, first)), Some((_, last))) => first.start..last.end,
        _ => opening.range.end..opening.range.end,
    }
}

/// Whether it is a fence with that first word.
fn is_fence(kind: &CodeBlockKind<'_>, word: &str) -> bool {
    matches!(kind, CodeBlockKind::Fenced(info) if info.split_whitespace().next() == Some(word))
}

/// The events before the end of the element that has begun.
fn until<'e, 'a>(rest: &'e [Placed<'a>], end: TagEnd) -> &'e [Placed<'a>] {
    let length = rest.iter().position(|(event, _)| *event == Event::End(end));
    &rest[..length.unwrap_or(rest.len())]
}

/// The words of a paragraph; those that stand for a picture are none of them.
fn opening(paragraph: &[Placed<'_>]) -> String {
    let mut depth = 0_usize;
    let words = paragraph.iter().filter(|(event, _)| {
        match event {
            Event::Start(Tag::Image { .. }) => depth += 1,
            Event::End(TagEnd::Image) => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    plain(&words.cloned().collect::<Vec<_>>()).trim().to_owned()
}

/// Events as plain text.
fn plain(events: &[Placed<'_>]) -> String {
    let text = |(event, _): &Placed<'_>| match event {
        Event::Text(text) | Event::Code(text) | Event::InlineMath(text) => text.to_string(),
        Event::SoftBreak | Event::HardBreak => " ".to_owned(),
        _ => String::new(),
    };
    events.iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::*;

    fn text(markdown: &str) -> (Text, Vec<&'static str>) {
        let source = SourceText::new("a.md", markdown);
        let (text, diagnostics) = parse(&source, 0..markdown.len());
        (text, diagnostics.iter().map(|diagnostic| diagnostic.code).collect())
    }

    #[test]
    fn headings_have_ids_of_their_own() {
        let (text, problems) =
            text("## One\n\n## One\n\n# Two {#x}\n\n### `code` & *more*\n\n## ---\n\n<h2>Raw</h2>\n");
        let headings: Vec<_> =
            text.headings.iter().map(|heading| (heading.level, &*heading.id, &*heading.title)).collect();
        let expected = [
            (2, "one", "One"),
            (2, "one-2", "One"),
            (3, "code-more", "code & more"),
            (2, "section", "—"),
            (2, "raw", "Raw"),
        ];
        assert_eq!(headings, expected);
        assert!(text.anchors.ids.contains("x"));
        assert!(problems.is_empty());
    }

    #[test]
    fn footnotes_are_numbered_as_they_are_referred_to() {
        let (text, problems) = text("A[^b] B[^a] C[^b]\n\n[^a]: first\n\n[^b]: second\n\n[^c]: third\n");
        assert_eq!(text.said.footnotes.iter().map(|note| note.references).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(problems, ["unused-footnote"]);
        assert!(["fn-1", "fn-2", "fnref-1", "fnref-1-2", "fnref-2"].iter().all(|id| text.anchors.ids.contains(*id)));
    }

    #[test]
    fn what_leads_nowhere_is_reported() {
        let (_, problems) = text("[x][nope] [y][] [plain] [^z] \\\\[^0-9] `[^c]` ![](a.png)");
        assert_eq!(problems, ["broken-reference", "broken-reference", "unknown-footnote", "missing-alt"]);
    }

    #[test]
    fn figures_are_checked_against_the_catalogue() {
        let (ring, problems) =
            text("```sim\nfigure = 'ring'\ncaption = 'A *ring*'\n```\n\n```sim\nfigure = 'ring'\n```\n\n## Ring\n");
        assert!(problems.is_empty());
        assert_eq!(
            ring.anchors.figures.iter().map(|(id, start)| (&**id, start.name)).collect::<Vec<_>>(),
            [("ring", "ring"), ("ring-2", "ring")]
        );
        assert_eq!(ring.headings[0].id, "ring-3");
        let (_, problems) =
            text("```sim\nfigure = 'rong'\n```\n```sim\nfigure = 'ring'\npreset = 'x'\nbogus = 1\n```\n## A {#ring}\n");
        assert_eq!(problems, ["unknown-figure", "unknown-preset", "unknown-key"]);
        let (_, problems) = text("## A {#ring}\n```sim\nfigure = 'ring'\n[knobs]\nquux = 1\n```");
        assert_eq!(problems, ["unknown-knob", "duplicate-anchor"]);
    }

    #[test]
    fn the_mark_after_the_lead_is_found_at_the_top_level() {
        let marks =
            |markdown: &str| text(markdown).0.said.pieces.iter().filter(|piece| matches!(piece, Piece::More)).count();
        assert_eq!(marks("a\n\n<!-- more -->\n\nb"), 1);
        assert_eq!(marks("a\n\n<!--more-->\nb"), 1);
        assert_eq!(marks("> <!-- more -->\n\nb `<!-- more -->`"), 0);
    }

    #[test]
    fn words_and_the_opening_leave_code_out() {
        let (text, _) = text("# Title\n\nOne *two*\nthree -- `four`.\n\n```c\nint five;\n```\n");
        assert_eq!((text.words, &*text.opening), (5, "One two three – four."));
    }

    #[test]
    fn the_opening_leaves_pictures_out() {
        for (markdown, expected) in [
            ("![A hill](a.png)\n\nUp *there*.", "Up there."),
            ("[![A ![b](b.png) hill](a.png)](a.png) Up there.", "Up there."),
            ("![A hill](a.png)", ""),
        ] {
            assert_eq!(text(markdown).0.opening, expected, "{markdown}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(markdown in "(\\[|\\]|\\(|\\)|\\^|!|`|~|\n|#|\\{|\\}|>|<|-|\\||:| |a|sim|\\*|&|<!-- more -->|\\PC)*") {
            let _ = text(&markdown);
        }
    }
}
