//! Links that speak of the engine become elements of the page, once the engine has confirmed what they say.
//!
//! Each kind has a file: [`frame`] for `sim:`, [`number`] for `claim:`, [`knob`] for
//! `knob:`, [`source`] for `src:`.

mod frame;

mod number;

mod knob;

mod source;

pub use source::source_link;

use pulldown_cmark_escape::{escape_href, escape_html};

use crate::graph::links::{FrameLink, Linker, Origin};
use crate::parsing::engine_link::{EngineLink, FormError, Word, part};
use crate::words::diagnostic::Diagnostic;
use crate::words::nearest::{did_you_mean, nearest};
use crate::words::source_text::Span;

/// A link as its author wrote it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Written<'a> {
    /// Where it leads.
    pub(crate) destination: &'a str,
    /// The place of the destination, or of the whole link where the destination stands elsewhere.
    pub(crate) span: &'a Span,
    /// What it says, as plain text.
    pub(crate) text: &'a str,
    /// The place of that.
    pub(crate) text_span: &'a Span,
    /// The author's title; may be empty.
    pub(crate) title: &'a str,
}

/// What the page says in place of a link.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    /// The opening tag.
    pub(crate) open: String,
    /// The closing tag.
    pub(crate) close: &'static str,
    /// The frame that it leads to.
    pub(crate) frame: Option<FrameLink>,
    /// Whether it is a number that the engine has confirmed.
    pub(crate) is_claim: bool,
}

/// What the page says in place of a link that speaks of the engine; nothing when the link is wrong.
pub(crate) fn element<'a>(
    written: Written<'a>,
    linker: Linker<'a>,
    origin: Origin<'a>,
) -> (Option<Element>, Vec<Diagnostic>) {
    let Some(link) = EngineLink::of(written.destination) else { return (None, Vec::new()) };
    let one = |outcome: Result<Option<Element>, Diagnostic>| match outcome {
        Ok(element) => (element, Vec::new()),
        Err(diagnostic) => (None, vec![diagnostic]),
    };
    match link {
        Ok(EngineLink::Sim(link)) => frame::element(written, &link, linker, origin),
        Ok(EngineLink::Claim(expression)) => one(number::element(written, expression, linker.claims).map(Some)),
        Ok(EngineLink::Knob { id, knob }) => one(knob::element(written, id, knob, origin)),
        Ok(EngineLink::Source(name)) => one(source::element(written, name).map(Some)),
        Err(FormError { at, what, help }) => {
            let span = part(written.span, written.destination, &at);
            (None, vec![Diagnostic::error("broken-link", what).at(span, "").help(help)])
        }
    }
}

impl Written<'_> {
    /// The place of a word of the destination.
    fn place(&self, word: Word<'_>) -> Span {
        part(self.span, self.destination, &word.range())
    }

    /// Something at `span` that should be one of the `known` names, with the nearest of them.
    fn unknown<'k>(
        &self,
        diagnostic: Diagnostic,
        span: Span,
        known: impl IntoIterator<Item = &'k str> + Clone,
    ) -> Diagnostic {
        let word = if self.span.range == span.range { String::new() } else { span.text().to_owned() };
        let diagnostic = diagnostic.at(span.clone(), "");
        match nearest(&word, known.clone()) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")).suggest(span, near),
            None => match did_you_mean(&word, known) {
                Some(help) => diagnostic.help(help),
                None => diagnostic,
            },
        }
    }
}

/// An opening tag.
fn open(name: &str, attributes: &[(&str, &str)]) -> String {
    let mut tag = format!("<{name}");
    for (attribute, value) in attributes.iter().filter(|(_, value)| !value.is_empty()) {
        tag.push_str(&format!(" {attribute}=\""));
        let written = if *attribute == "href" { escape_href(&mut tag, value) } else { escape_html(&mut tag, value) };
        written.expect("a string takes everything");
        tag.push('"');
    }
    tag.push('>');
    tag
}
