//! Pieces become HTML, now that every link can be resolved.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::files::graphviz::{Failure, MOST_SECONDS, name};
use crate::graph::engine::{self, Element, Written};
use crate::graph::image;
use crate::graph::link_spans::{destination_span, text_span};
use crate::graph::links::{FrameLink, Leads, Linker, Origin, Resolved, is_on_the_web};
use crate::graph::site::{Block, Body, DiagramUse, FigureUse};
use crate::parsing::code::Code;
use crate::parsing::dot;
use crate::parsing::engine_link::scheme;
use crate::parsing::html::{self, HtmlEngineLink, Reference, Tags, Target, address, attribute, rewrite};
use crate::parsing::html_body::place;
use crate::parsing::text::{Diagram, Figure, Footnote, FootnoteReference, Html, Image, Link, Piece, Said, Text};
use crate::words::address::scheme as scheme_of;
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
    /// Addresses on the web that links and pictures lead to, and where they stand.
    pub(crate) elsewhere: Vec<Located<String>>,
    /// Where links lead that lead to another page or a file of this site.
    pub(crate) leads: Leads,
}

impl Findings {
    /// Takes in what came to light elsewhere.
    pub(crate) fn append(&mut self, other: Findings) {
        self.diagnostics.extend(other.diagnostics);
        self.frames.extend(other.frames);
        self.claims += other.claims;
        self.elsewhere.extend(other.elsewhere);
        self.leads.extend(other.leads);
    }

    /// Takes down where a link leads.
    fn lead(&mut self, destination: &str, resolved: &Resolved, span: Span) {
        if resolved.route.is_some() {
            if !destination.starts_with('#') {
                self.leads.insert(destination.to_owned(), resolved.clone());
            }
        } else if is_on_the_web(&resolved.href) {
            self.elsewhere.push(Located { value: resolved.href.clone(), span });
        }
    }
}

/// Writes what the body of a text says.
pub(crate) fn write(text: &Text, said: &Said, linker: Linker<'_>, origin: Origin<'_>) -> (Body, Findings) {
    let mut writer = Writer::new(linker, origin);
    // Tags take about as much as what is left out: marks, front matter, and the addresses of references.
    writer.html.reserve(text.source.text.len());
    writer.pieces(&said.pieces);
    writer.footnotes(&said.footnotes);
    writer.flush();
    writer.blocks.shrink_to_fit();
    let Writer { blocks, lead, plain, findings, .. } = writer;
    let body = Body { blocks, headings: text.headings.clone(), words: text.words, lead, plain };
    (body, findings)
}

/// Writes a caption.
pub(crate) fn inline(pieces: &[Piece], linker: Linker<'_>, origin: Origin<'_>) -> (String, Findings) {
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
    /// Whether there was neither a picture nor HTML of the author's.
    plain: bool,
    /// Whether what is written is part of a link.
    in_link: bool,
    /// What ends the links that are open, the innermost last: an address in angle brackets may stand in a link.
    link_ends: Vec<&'static str>,
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
            plain: true,
            in_link: false,
            link_ends: Vec::new(),
        }
    }

    fn pieces(&mut self, pieces: &[Piece]) {
        for piece in pieces {
            match piece {
                Piece::Written(html) => self.raw(html),
                Piece::Link(link) => self.link(link),
                Piece::LinkEnd => {
                    let end = self.link_ends.pop().unwrap_or_default();
                    self.in_link = !self.link_ends.is_empty();
                    self.raw(end);
                }
                Piece::Image(image) => self.image(image),
                Piece::Html(html) => self.html(&html.value, &html.span),
                Piece::Figure(figure) => self.figure(&figure.value, &figure.span),
                Piece::Code(code) => {
                    self.flush();
                    self.blocks.push(Block::Code(Arc::clone(code)));
                }
                Piece::Diagram(diagram) => self.diagram(&diagram.value, &diagram.span),
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

    fn flush(&mut self) {
        if !self.html.trim().is_empty() {
            // A copy takes as much as it holds; the room is there for the next block.
            self.blocks.push(Block::Html(self.html.clone()));
            self.html.clear();
        }
    }

    fn link(&mut self, link: &Link) {
        self.in_link = true;
        if scheme(&link.destination).is_some() {
            return self.engine_link(link);
        }
        let resolved = self.resolve(&link.destination, &link.span);
        self.raw("<a");
        self.raw(&address("href", &resolved.href));
        if !link.title.is_empty() {
            self.raw(&attribute("title", &link.title));
        }
        self.raw(">");
        self.link_ends.push("</a>");
    }

    fn image(&mut self, Image { destination, title, alt, span }: &Image) {
        self.plain = false;
        let resolved = self.resolve(destination, span);
        self.raw(&image::Image { alt, title, in_link: self.in_link }.html(&resolved));
    }

    fn html(&mut self, html: &Html, span: &Span) {
        self.plain = false;
        let links =
            html.engine_links.iter().map(|link| (link.start, self.html_engine_link(html, link, span))).collect();
        self.in_link = image::leaves_link(&html.html).unwrap_or(self.in_link);
        let (linker, origin, findings) = (self.linker, self.origin, &mut self.findings);
        let resolve = |Reference { address, range, .. }: Reference<'_>| {
            let place = place(span, html.exact, range);
            match linker.resolve(origin, address, &place) {
                Ok(resolved) => {
                    findings.frames.extend(resolved.frame());
                    findings.lead(address, &resolved, place);
                    Some(Target { href: resolved.href, size: resolved.size })
                }
                Err(diagnostic) => {
                    findings.diagnostics.push(*diagnostic);
                    None
                }
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

    fn diagram(&mut self, diagram: &Diagram, span: &Span) {
        self.flush();
        let (drawing, kept) = match self.linker.layouts.drawing(&diagram.text) {
            Ok(found) => found,
            Err(failure) => {
                self.findings.diagnostics.push(undrawn(diagram, span, failure));
                let code = Code { language: dot::FENCE.to_owned(), text: diagram.text.clone(), ..Code::default() };
                return self.blocks.push(Block::Code(Arc::new(code)));
            }
        };
        let (caption, findings) = inline(&diagram.caption, self.linker, self.origin);
        self.findings.append(findings);
        let fence = span.first_line();
        let mut links = BTreeMap::new();
        for wanted in drawing.addresses() {
            if scheme_of(&wanted)
                .is_some_and(|scheme| !["http", "https", "mailto"].contains(&&*scheme.to_ascii_lowercase()))
            {
                let message = format!("a diagram may not lead to `{wanted}`");
                let problem = Diagnostic::error("bad-diagram", message).at(fence.clone(), "");
                self.findings.diagnostics.push(problem.help("link to `https:`, `mailto:`, or a place of this site"));
                continue;
            }
            let resolved = self.resolve(&wanted, &fence);
            links.insert(wanted, resolved.href);
        }
        let alt = if diagram.alt.is_empty() { plain_text(&caption) } else { diagram.alt.clone() };
        let alt = if alt.is_empty() { "Diagram".to_owned() } else { alt };
        let (id, text) = (diagram.id.clone(), diagram.text.clone());
        let span = span.clone();
        self.blocks.push(Block::Diagram(Box::new(DiagramUse { id, text, alt, caption, drawing, links, kept, span })));
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
    fn engine_link(&mut self, Link { destination, title, text, span }: &Link) {
        let destination_span = destination_span(span, destination);
        let text_span = text_span(span, &destination_span, text);
        let written = Written { destination, span: &destination_span, text, text_span: &text_span, title };
        let Tags { open, close } = self.engine_element(written);
        self.raw(&open);
        self.link_ends.push(close);
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
        let place = destination_span(span, destination);
        match self.linker.resolve(self.origin, destination, &place) {
            Ok(resolved) => {
                self.findings.frames.extend(resolved.frame());
                self.findings.lead(destination, &resolved, place);
                resolved
            }
            Err(diagnostic) => {
                self.findings.diagnostics.push(*diagnostic);
                Resolved { href: destination.to_owned(), route: None, size: None }
            }
        }
    }
}

/// What to say of a diagram that there is no drawing of.
fn undrawn(diagram: &Diagram, span: &Span, failure: Failure) -> Diagnostic {
    let fence = span.first_line();
    let bad = |message: String, place: Span| Diagnostic::error("bad-diagram", message).at(place, "");
    match failure {
        Failure::Missing => {
            let message = "there is no Graphviz on this machine, so this diagram is shown as its text";
            let help = format!(
                "install it (`apt-get install graphviz`, `brew install graphviz`), or put its drawing at `diagrams/{}`: where there is \
                 Graphviz, `genblog diagrams` does so",
                name(&diagram.text)
            );
            Diagnostic::warning("no-graphviz", message).at(fence, "").help(help)
        }
        Failure::Text { line, message } => {
            let place = line.and_then(|line| line.checked_sub(1));
            let place =
                place.map_or_else(|| fence.clone(), |line| dot::line(&span.source, &diagram.lines, line, &fence));
            let problem = bad(format!("Graphviz does not understand this diagram: {message}"), place);
            problem.help("its language is described at https://graphviz.org/doc/info/lang.html; code that is only to be shown is a `gv` fence")
        }
        Failure::Start(message) => {
            bad(format!("Graphviz does not start: {message}"), fence).help("`dot -V` in a shell should say its version")
        }
        Failure::Slow => {
            let message = format!("Graphviz was at work on this diagram for {MOST_SECONDS} seconds, and was stopped");
            bad(message, fence).help("draw less at a time, or try another `layout`")
        }
        Failure::Large => bad("the drawing of this diagram is too large".to_owned(), fence).help("draw less at a time"),
    }
}

/// HTML in a line without its tags, as the value of an attribute is meant.
fn plain_text(html: &str) -> String {
    let scan = html::scan(html).map(|scan| scan.plain).unwrap_or_default();
    scan.trim().to_owned()
}
