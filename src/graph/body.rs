//! Pieces become HTML, now that every link can be resolved.

use pulldown_cmark::{Alignment, BlockQuoteKind, CodeBlockKind, Event, Tag, TagEnd};
use pulldown_cmark_escape::escape_html_body_text;

use crate::graph::engine::{self, Element, Written};
use crate::graph::image::{self, Image};
use crate::graph::links::{FrameLink, Linker, Origin, Resolved};
use crate::graph::pieces::{destination_span, image_length, link_length, plain, text_span};
use crate::graph::site::{Block, Body, FigureUse};
use crate::parsing::engine_link::scheme;
use crate::parsing::html::{HtmlEngineLink, Reference, Tags, Target, permalink, rewrite};
use crate::parsing::html_body::place;
use crate::parsing::text::{Figure, Footnote, FootnoteReference, HeadingStart, Html, Piece, Text};
use crate::words::diagnostic::Diagnostic;
use crate::words::source_text::{Located, Span};

/// What came to light while something was written.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// What is wrong.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Frames of figures that links lead to.
    pub(crate) frames: Vec<FrameLink>,
    /// Numbers that the engine has confirmed.
    pub(crate) claims: usize,
}

impl Findings {
    /// Takes in what came to light elsewhere.
    pub(crate) fn append(&mut self, other: Findings) {
        self.diagnostics.extend(other.diagnostics);
        self.frames.extend(other.frames);
        self.claims += other.claims;
    }
}

/// Writes a body.
pub(crate) fn write(text: &Text, linker: Linker<'_>, origin: Origin<'_>) -> (Body, Findings) {
    let mut writer = Writer::new(linker, origin);
    // Tags take about as much as what is left out: marks, front matter, and the addresses of references.
    writer.html.reserve(text.source.text.len());
    writer.pieces(&text.pieces);
    writer.footnotes(&text.footnotes);
    writer.flush();
    let body = Body { blocks: writer.blocks, headings: text.headings.clone(), words: text.words, lead: writer.lead };
    (body, writer.findings)
}

/// Writes a caption.
pub(crate) fn inline(pieces: &[Located<Piece>], linker: Linker<'_>, origin: Origin<'_>) -> (String, Findings) {
    let mut writer = Writer::new(linker, origin);
    writer.pieces(pieces);
    (writer.html, writer.findings)
}

/// HTML on its way.
struct Writer<'a> {
    linker: Linker<'a>,
    origin: Origin<'a>,
    html: String,
    blocks: Vec<Block>,
    lead: Option<usize>,
    findings: Findings,
    /// The id of the heading that is open.
    heading: String,
    /// Alignments of the columns of the table that is open, and the column that comes next.
    columns: (Vec<Alignment>, usize),
    in_table_head: bool,
    /// Whether what is written is part of a link.
    in_link: bool,
}

impl<'a> Writer<'a> {
    fn new(linker: Linker<'a>, origin: Origin<'a>) -> Self {
        Self {
            linker,
            origin,
            html: String::new(),
            blocks: Vec::new(),
            lead: None,
            findings: Findings::default(),
            heading: String::new(),
            columns: (Vec::new(), 0),
            in_table_head: false,
            in_link: false,
        }
    }

    fn pieces(&mut self, pieces: &[Located<Piece>]) {
        let mut rest = pieces;
        while let Some((piece, after)) = rest.split_first() {
            rest = after;
            match &piece.value {
                Piece::Markdown(Event::Start(Tag::Image { dest_url, title, .. })) => {
                    let length = image_length(after);
                    self.image(dest_url, title, &plain(&after[..length]), &piece.span);
                    rest = &after[length..];
                }
                Piece::Markdown(Event::Start(Tag::Link { dest_url, title, .. })) if scheme(dest_url).is_some() => {
                    let length = link_length(after);
                    self.engine_link(dest_url, title, &after[..length], &piece.span);
                    rest = after.get(length + 1..).unwrap_or_default();
                }
                Piece::Markdown(event) => self.event(event, &piece.span),
                Piece::Heading(heading) => self.heading(heading),
                Piece::HeadingEnd(level) => {
                    let link = permalink(&std::mem::take(&mut self.heading));
                    self.raw(&format!("{link}</h{level}>\n"));
                }
                Piece::Html(html) => self.html(html, &piece.span),
                Piece::FootnoteReference(reference) => self.footnote_reference(*reference),
                Piece::Figure(figure) => self.figure(figure, &piece.span),
                Piece::More => {
                    self.flush();
                    self.lead = Some(self.blocks.len());
                }
            }
        }
    }

    fn raw(&mut self, html: &str) {
        self.html.push_str(html);
    }

    fn text(&mut self, text: &str) {
        escape_html_body_text(&mut self.html, text).expect("a string takes everything");
    }

    /// ` name="value"`.
    fn attribute(&mut self, name: &str, value: &str) {
        self.raw(&image::attribute(name, value));
    }

    /// ` name="address"`.
    fn address(&mut self, name: &str, href: &str) {
        self.raw(&image::address(name, href));
    }

    fn flush(&mut self) {
        if !self.html.trim().is_empty() {
            self.blocks.push(Block::Html(std::mem::take(&mut self.html)));
        }
    }

    fn event(&mut self, event: &Event<'_>, span: &Span) {
        match event {
            Event::Start(tag) => self.start(tag, span),
            Event::End(tag) => self.end(*tag),
            Event::Text(text) => self.text(text),
            Event::Code(code) => {
                self.raw("<code>");
                self.text(code);
                self.raw("</code>");
            }
            Event::SoftBreak => self.raw("\n"),
            Event::HardBreak => self.raw("<br>\n"),
            Event::Rule => self.raw("<hr>\n"),
            Event::TaskListMarker(true) => self.raw(r#"<input type="checkbox" disabled checked aria-label="Done"> "#),
            Event::TaskListMarker(false) => self.raw(r#"<input type="checkbox" disabled aria-label="To do"> "#),
            // The parser's options leave mathematics out, and the other kinds are pieces of their own.
            Event::InlineMath(text)
            | Event::DisplayMath(text)
            | Event::Html(text)
            | Event::InlineHtml(text)
            | Event::FootnoteReference(text) => self.text(text),
        }
    }

    fn start(&mut self, tag: &Tag<'_>, span: &Span) {
        match tag {
            Tag::Paragraph => self.raw("<p>"),
            Tag::BlockQuote(kind) => self.block_quote(*kind),
            Tag::CodeBlock(kind) => self.code_block(kind),
            Tag::List(None) => self.raw("<ul>\n"),
            Tag::List(Some(1)) => self.raw("<ol>\n"),
            Tag::List(Some(start)) => self.raw(&format!("<ol start=\"{start}\">\n")),
            Tag::Item => self.raw("<li>"),
            Tag::DefinitionList => self.raw("<dl>\n"),
            Tag::DefinitionListTitle => self.raw("<dt>"),
            Tag::DefinitionListDefinition => self.raw("<dd>"),
            Tag::Table(alignments) => {
                self.columns = (alignments.clone(), 0);
                // A table that is wider than the page scrolls, so the keyboard must reach it, and it needs a name.
                self.raw("<div class=\"table\" tabindex=\"0\" role=\"region\" aria-label=\"Table\"><table>\n");
            }
            Tag::TableHead => {
                self.in_table_head = true;
                self.columns.1 = 0;
                self.raw("<thead><tr>");
            }
            Tag::TableRow => {
                self.columns.1 = 0;
                self.raw("<tr>");
            }
            Tag::TableCell => self.cell(),
            Tag::Emphasis => self.raw("<em>"),
            Tag::Strong => self.raw("<strong>"),
            Tag::Strikethrough => self.raw("<del>"),
            Tag::Superscript => self.raw("<sup>"),
            Tag::Subscript => self.raw("<sub>"),
            Tag::Link { dest_url, title, .. } => {
                let resolved = self.resolve(dest_url, span);
                self.in_link = true;
                self.raw("<a");
                self.address("href", &resolved.href);
                if !title.is_empty() {
                    self.attribute("title", title);
                }
                self.raw(">");
            }
            // Pieces of their own, or left out by the parser's options.
            Tag::Heading { .. }
            | Tag::HtmlBlock
            | Tag::FootnoteDefinition(_)
            | Tag::Image { .. }
            | Tag::MetadataBlock(_) => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        let html = match tag {
            TagEnd::Paragraph => "</p>\n",
            TagEnd::BlockQuote(_) => "</blockquote>\n",
            TagEnd::CodeBlock => "</code></pre>\n",
            TagEnd::List(false) => "</ul>\n",
            TagEnd::List(true) => "</ol>\n",
            TagEnd::Item => "</li>\n",
            TagEnd::DefinitionList => "</dl>\n",
            TagEnd::DefinitionListTitle => "</dt>\n",
            TagEnd::DefinitionListDefinition => "</dd>\n",
            TagEnd::Table => "</tbody></table></div>\n",
            TagEnd::TableHead => {
                self.in_table_head = false;
                "</tr></thead>\n<tbody>\n"
            }
            TagEnd::TableRow => "</tr>\n",
            TagEnd::TableCell => {
                self.columns.1 += 1;
                if self.in_table_head { "</th>" } else { "</td>" }
            }
            TagEnd::Emphasis => "</em>",
            TagEnd::Strong => "</strong>",
            TagEnd::Strikethrough => "</del>",
            TagEnd::Superscript => "</sup>",
            TagEnd::Subscript => "</sub>",
            TagEnd::Link => {
                self.in_link = false;
                "</a>"
            }
            TagEnd::Heading(_)
            | TagEnd::HtmlBlock
            | TagEnd::FootnoteDefinition
            | TagEnd::Image
            | TagEnd::MetadataBlock(_) => "",
        };
        self.raw(html);
    }

    fn block_quote(&mut self, kind: Option<BlockQuoteKind>) {
        let (class, title) = match kind {
            None => return self.raw("<blockquote>\n"),
            Some(BlockQuoteKind::Note) => ("note", "Note"),
            Some(BlockQuoteKind::Tip) => ("tip", "Tip"),
            Some(BlockQuoteKind::Important) => ("important", "Important"),
            Some(BlockQuoteKind::Warning) => ("warning", "Warning"),
            Some(BlockQuoteKind::Caution) => ("caution", "Caution"),
        };
        self.raw(&format!(
            "<blockquote class=\"markdown-alert-{class}\">\n<p class=\"markdown-alert-title\">{title}</p>\n"
        ));
    }

    fn code_block(&mut self, kind: &CodeBlockKind<'_>) {
        let language = match kind {
            CodeBlockKind::Fenced(info) => info.split([' ', '\t', ',', '{']).next().unwrap_or_default(),
            CodeBlockKind::Indented => "",
        };
        self.raw("<pre><code");
        if !language.is_empty() {
            self.attribute("class", &format!("language-{language}"));
        }
        self.raw(">");
    }

    fn cell(&mut self) {
        self.raw(if self.in_table_head { "<th scope=\"col\"" } else { "<td" });
        match self.columns.0.get(self.columns.1) {
            Some(Alignment::Left) => self.attribute("class", "align-left"),
            Some(Alignment::Center) => self.attribute("class", "align-center"),
            Some(Alignment::Right) => self.attribute("class", "align-right"),
            Some(Alignment::None) | None => {}
        }
        self.raw(">");
    }

    fn heading(&mut self, heading: &HeadingStart) {
        self.heading = heading.id.clone().expect("every heading of a complete body has an id");
        self.raw(&format!("<h{}", heading.level));
        self.attribute("id", &self.heading.clone());
        if !heading.classes.is_empty() {
            self.attribute("class", &heading.classes.join(" "));
        }
        self.raw(">");
    }

    fn image(&mut self, destination: &str, title: &str, alt: &str, span: &Span) {
        let resolved = self.resolve(destination, span);
        self.raw(&Image { alt, title, in_link: self.in_link }.html(&resolved));
    }

    fn html(&mut self, html: &Html, span: &Span) {
        let links =
            html.engine_links.iter().map(|link| (link.start, self.html_engine_link(html, link, span))).collect();
        self.in_link = image::leaves_link(&html.html).unwrap_or(self.in_link);
        let (linker, origin, findings) = (self.linker, self.origin, &mut self.findings);
        let resolve = |Reference { address, range, .. }: Reference<'_>| match linker.resolve(
            origin,
            address,
            &place(span, html.exact, range),
        ) {
            Ok(resolved) => {
                findings.frames.extend(resolved.frame());
                Some(Target { href: resolved.href, size: resolved.size })
            }
            Err(diagnostic) => {
                findings.diagnostics.push(*diagnostic);
                None
            }
        };
        // HTML that cannot be read was reported when it was scanned.
        let rewritten = rewrite(&html.html, &html.headings, &links, resolve).unwrap_or_else(|_| html.html.clone());
        self.raw(&rewritten);
    }

    fn figure(&mut self, figure: &Figure, span: &Span) {
        self.flush();
        let (caption, findings) = inline(&figure.caption, self.linker, self.origin);
        self.findings.append(findings);
        self.blocks.push(Block::Figure(FigureUse {
            figure: figure.spec.name.to_owned(),
            id: figure.id.clone(),
            preset: figure.preset.to_owned(),
            knobs: figure.knobs.iter().map(|&(name, value)| (name.to_owned(), value)).collect(),
            caption,
            places: Vec::new(),
            span: span.clone(),
        }));
    }

    fn footnote_reference(&mut self, reference: FootnoteReference) {
        let (id, note, number) = (reference.id(), reference.footnote_id(), reference.number);
        self.raw(&format!(
            "<sup class=\"footnote-reference\" id=\"{id}\"><a href=\"#{note}\" role=\"doc-noteref\">{number}</a></sup>"
        ));
    }

    /// The footnotes at the end, each with links back to where it was referred to.
    fn footnotes(&mut self, footnotes: &[Footnote]) {
        if footnotes.is_empty() {
            return;
        }
        self.raw("<section class=\"footnotes\" role=\"doc-endnotes\" aria-label=\"Footnotes\">\n<ol>\n");
        for (index, footnote) in footnotes.iter().enumerate() {
            let reference = |occurrence| FootnoteReference { number: index + 1, occurrence };
            self.raw(&format!("<li id=\"{}\">", reference(1).footnote_id()));
            self.pieces(&footnote.pieces);
            let paragraph = self.html.ends_with("</p>\n");
            if paragraph {
                self.html.truncate(self.html.len() - "</p>\n".len());
            }
            for occurrence in 1..=footnote.references {
                let id = reference(occurrence).id();
                let label = if occurrence == 1 {
                    "Back to the text".to_owned()
                } else {
                    format!("Back to the text, {occurrence}")
                };
                self.raw(&format!(
                    " <a class=\"footnote-backref\" href=\"#{id}\" role=\"doc-backlink\" aria-label=\"{label}\">↩</a>"
                ));
            }
            self.raw(if paragraph { "</p>\n</li>\n" } else { "</li>\n" });
        }
        self.raw("</ol>\n</section>\n");
    }

    /// A link that speaks of the engine. A wrong one leaves its words, since the site will not be written.
    fn engine_link(&mut self, destination: &str, title: &str, inner: &[Located<Piece>], span: &Span) {
        let destination_span = destination_span(span, destination);
        let text = plain(inner);
        let text_span = text_span(span, &destination_span, &text);
        let written = Written { destination, span: &destination_span, text: &text, text_span: &text_span, title };
        let Tags { open, close } = self.engine_element(written);
        self.raw(&open);
        self.in_link = true;
        self.pieces(inner);
        self.in_link = false;
        self.raw(close);
    }

    /// The same in the author's own HTML.
    fn html_engine_link(&mut self, html: &Html, link: &HtmlEngineLink, span: &Span) -> Tags {
        let [destination_span, text_span] =
            [&link.destination.1, &link.text.1].map(|range| place(span, html.exact, range.clone()));
        let (destination, text, title) = (&*link.destination.0, &*link.text.0, &*link.title);
        self.engine_element(Written { destination, span: &destination_span, text, text_span: &text_span, title })
    }

    fn engine_element(&mut self, written: Written<'_>) -> Tags {
        let (element, problems) = engine::element(written, self.linker, self.origin);
        self.findings.diagnostics.extend(problems);
        let Element { open, close, frame, is_claim } = element.unwrap_or_default();
        self.findings.frames.extend(frame);
        self.findings.claims += usize::from(is_claim);
        Tags { open, close }
    }

    /// What a link leads to; a broken one stays as it is, since the site will not be written.
    fn resolve(&mut self, destination: &str, span: &Span) -> Resolved {
        match self.linker.resolve(self.origin, destination, &destination_span(span, destination)) {
            Ok(resolved) => {
                self.findings.frames.extend(resolved.frame());
                resolved
            }
            Err(diagnostic) => {
                self.findings.diagnostics.push(*diagnostic);
                Resolved { href: destination.to_owned(), route: None, size: None }
            }
        }
    }
}
