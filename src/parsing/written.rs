//! Marks become pieces: [`written`] writes all HTML that does not depend on the rest of the site.

use std::sync::Arc;

use pulldown_cmark::{Alignment, BlockQuoteKind, Event, Tag, TagEnd};
use pulldown_cmark_escape::escape_html_body_text;

use crate::parsing::code::open;
use crate::parsing::engine_link::scheme;
use crate::parsing::html::{attribute, permalink};
use crate::parsing::text::{FootnoteReference, HeadingStart, Image, Link, Mark, Piece};
use crate::words::source_text::{Located, Span};

/// Where the first thing stands that wants a page of its own.
pub(crate) fn wants_page(marks: &[Located<Mark<'_>>]) -> Option<Span> {
    let wants = |mark: &&Located<Mark<'_>>| {
        matches!(
            mark.value,
            Mark::Figure(_) | Mark::Diagram(_) | Mark::Heading(_) | Mark::FootnoteReference(_) | Mark::More
        )
    };
    marks.iter().find(wants).map(|mark| mark.span.clone())
}

/// Writes marks whose ids are settled.
pub(crate) fn written(marks: Vec<Located<Mark<'_>>>) -> Vec<Piece> {
    let mut writer = Writer::default();
    writer.marks(marks);
    writer.flush();
    writer.pieces.shrink_to_fit();
    writer.pieces
}

/// Pieces on their way.
#[derive(Default)]
struct Writer {
    pieces: Vec<Piece>,
    /// What has been written since the last piece.
    html: String,
    /// The id of the heading that is open.
    heading: String,
    /// Alignments of the columns of the table that is open, and the column that comes next.
    columns: (Vec<Alignment>, usize),
    in_table_head: bool,
}

impl Writer {
    fn marks(&mut self, marks: Vec<Located<Mark<'_>>>) {
        let mut rest = marks.into_iter();
        while let Some(Located { value, span }) = rest.next() {
            match value {
                Mark::Markdown(Event::Start(Tag::Image { dest_url, title, .. })) => {
                    let is_image = |tag: &Tag<'_>| matches!(tag, Tag::Image { .. });
                    let length = length_inside(rest.as_slice(), is_image, TagEnd::Image);
                    let alt = plain(&rest.as_slice()[..length]);
                    // The end goes too.
                    rest.by_ref().take(length + 1).for_each(drop);
                    let (destination, title) = (dest_url.to_string(), title.to_string());
                    self.push(Piece::Image(Box::new(Image { destination, title, alt, span })));
                }
                Mark::Markdown(Event::Start(Tag::Link { dest_url, title, .. })) => {
                    let speaks_of_engine = scheme(&dest_url).is_some();
                    let text = if speaks_of_engine {
                        let is_link = |tag: &Tag<'_>| matches!(tag, Tag::Link { .. });
                        plain(&rest.as_slice()[..length_inside(rest.as_slice(), is_link, TagEnd::Link)])
                    } else {
                        String::new()
                    };
                    let (destination, title) = (dest_url.to_string(), title.to_string());
                    self.push(Piece::Link(Box::new(Link { destination, title, text, span })));
                }
                Mark::Markdown(Event::End(TagEnd::Link)) => self.push(Piece::LinkEnd),
                Mark::Markdown(event) => self.event(&event),
                Mark::Heading(heading) => self.heading(&heading),
                Mark::HeadingEnd(level) => {
                    let link = permalink(&std::mem::take(&mut self.heading));
                    self.raw(&format!("{link}</h{level}>\n"));
                }
                Mark::Html(html) => self.push(Piece::Html(Box::new(Located { value: html, span }))),
                Mark::FootnoteReference(reference) => self.footnote_reference(reference),
                Mark::Figure(figure) => self.push(Piece::Figure(Box::new(Located { value: figure, span }))),
                Mark::Diagram(diagram) => self.push(Piece::Diagram(Box::new(Located { value: diagram, span }))),
                Mark::Formula(html) => self.raw(&html),
                Mark::Code(code) if code.is_plain() => {
                    self.raw(open(&code.text));
                    self.raw("<code>");
                    self.text(&code.text);
                    self.raw("</code></pre>\n");
                }
                Mark::Code(code) => self.push(Piece::Code(Arc::new(code))),
                Mark::More => self.push(Piece::More),
            }
        }
    }

    /// A piece that is not written here.
    fn push(&mut self, piece: Piece) {
        self.flush();
        self.pieces.push(piece);
    }

    fn flush(&mut self) {
        if !self.html.is_empty() {
            let mut html = std::mem::take(&mut self.html);
            html.shrink_to_fit();
            self.pieces.push(Piece::Written(html));
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
        self.raw(&attribute(name, value));
    }

    fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
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
            // Formulas and the other kinds are marks of their own.
            Event::InlineMath(text)
            | Event::DisplayMath(text)
            | Event::Html(text)
            | Event::InlineHtml(text)
            | Event::FootnoteReference(text) => self.text(text),
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::Paragraph => self.raw("<p>"),
            Tag::BlockQuote(kind) => self.block_quote(*kind),
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
                self.raw("<div class=\"table\" tabindex=\"0\" role=\"group\" aria-label=\"Table\"><table>\n");
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
            // Marks or pieces of their own, or left out by the parser's options.
            Tag::Heading { .. }
            | Tag::CodeBlock(_)
            | Tag::Link { .. }
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
            TagEnd::Heading(_)
            | TagEnd::CodeBlock
            | TagEnd::Link
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
        self.raw(&format!("<h{}{}", heading.level, attribute("id", &self.heading)));
        if !heading.classes.is_empty() {
            self.attribute("class", &heading.classes.join(" "));
        }
        self.raw(">");
    }

    fn footnote_reference(&mut self, reference: FootnoteReference) {
        let (id, note, number) = (reference.id(), reference.footnote_id(), reference.number);
        self.raw(&format!(
            "<sup class=\"footnote-reference\" id=\"{id}\"><a href=\"#{note}\" role=\"doc-noteref\">{number}</a></sup>"
        ));
    }
}

/// How many marks stand before the end of the element that has begun. Others of its kind may lie in it: an address in angle
/// brackets in a link, a picture in a picture's words.
fn length_inside(marks: &[Located<Mark<'_>>], begins: fn(&Tag<'_>) -> bool, ends: TagEnd) -> usize {
    let mut open = 1;
    let end = marks.iter().position(|mark| {
        match &mark.value {
            Mark::Markdown(Event::Start(tag)) if begins(tag) => open += 1,
            Mark::Markdown(Event::End(tag)) if *tag == ends => open -= 1,
            _ => {}
        }
        open == 0
    });
    end.unwrap_or(marks.len())
}

/// Marks as plain text.
fn plain(marks: &[Located<Mark<'_>>]) -> String {
    let text = |mark: &Located<Mark<'_>>| match &mark.value {
        Mark::Markdown(Event::Text(text) | Event::Code(text)) => text.to_string(),
        Mark::Markdown(Event::SoftBreak | Event::HardBreak) => " ".to_owned(),
        _ => String::new(),
    };
    marks.iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use crate::parsing::markdown;
    use crate::parsing::text::Piece;
    use crate::words::source_text::SourceText;

    /// Pieces, shortened.
    fn told(markdown: &str) -> String {
        let source = SourceText::new("a.md", markdown);
        let (text, _) = markdown::parse(&source, 0..markdown.len());
        let word = |piece: &Piece| match piece {
            Piece::Written(html) => html.trim().to_owned(),
            Piece::Link(link) => format!("[{} {}]", link.destination, link.text),
            Piece::LinkEnd => "[/]".to_owned(),
            Piece::Image(image) => format!("[{} {}]", image.destination, image.alt),
            Piece::Html(html) => format!("[{}]", html.value.html.trim()),
            Piece::Figure(figure) => format!("[{}]", figure.value.id),
            Piece::Code(code) => format!("[{} {}]", code.language, code.text.trim()),
            Piece::Diagram(diagram) => format!("[{}]", diagram.value.id),
            Piece::More => "[more]".to_owned(),
        };
        text.said.pieces.iter().map(word).collect()
    }

    #[test]
    fn only_what_depends_on_the_site_is_left() {
        for (markdown, expected) in [
            ("One *two* `3 < 4`.", "<p>One <em>two</em> <code>3 &lt; 4</code>.</p>"),
            ("a [b *c*](d.md \"e\") f", "<p>a[d.md ]b <em>c</em>[/]f</p>"),
            ("![b *c*](d.png)", "<p>[d.png b c]</p>"),
            ("[a ![b](c.png) d](e.md)", "<p>[e.md ]a[c.png b]d[/]</p>"),
            ("[a *b* `c`](sim:ring=v1)", "<p>[sim:ring=v1 a b c]a <em>b</em> <code>c</code>[/]</p>"),
            // An address in angle brackets stands in links and in words for pictures, too.
            ("[a <http://b> c](sim:ring)", "<p>[sim:ring a http://b c]a[http://b ]http://b[/]c[/]</p>"),
            (
                "[x ![alt <http://b> tail](i.png) more](sim:ring)",
                "<p>[sim:ring x alt http://b tail more]x[i.png alt http://b tail]more[/]</p>",
            ),
            ("a <b>c</b>", "<p>a[<b>]c[</b>]</p>"),
            ("a\n\n<!-- more -->\n\n```sim\nfigure = 'ring'\n```\n", "<p>a</p>[more][ring]"),
            ("    3 < 4\n", "<pre><code>3 &lt; 4\n</code></pre>"),
            ("```\n3\n```\n\n```c\n3 < 4\n```\n", "<pre><code>3\n</code></pre>[c 3 < 4]"),
        ] {
            assert_eq!(told(markdown), expected, "{markdown}");
        }
    }
}
