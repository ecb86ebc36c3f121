//! A body on its way from source to HTML: pieces, of which those that depend on the site know their places.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use pulldown_cmark::Event;
use sim::telling::knobs::Knob;
use sim::telling::story::FigureSpec;

use crate::parsing::code::Code;
use crate::parsing::html::{HtmlEngineLink, HtmlHeading};
use crate::words::source_text::{Located, SourceText, Span};

/// The body of a document.
#[derive(Debug)]
pub struct Text {
    /// Where it was written.
    pub source: Arc<SourceText>,
    /// What it says.
    pub said: Said,
    /// Where the first thing stands that wants a page of its own: a figure, a diagram, a heading, a footnote, or the mark after the lead.
    pub wants_page: Option<Span>,
    /// Headings of level 2 and 3, in order.
    pub headings: Vec<Heading>,
    /// What a fragment may name.
    pub anchors: Anchors,
    /// Plain text of its start, for a summary.
    pub opening: String,
    /// Words of prose.
    pub words: usize,
    /// Where it begins in the source: what stands before it is the document's keys.
    pub start: usize,
}

/// What a body says.
#[derive(Debug, Default)]
pub struct Said {
    /// Its pieces in order.
    pub pieces: Vec<Piece>,
    /// Footnotes that are referred to, in the order of their numbers, which count from 1.
    pub footnotes: Vec<Footnote>,
}

impl Text {
    /// The body of a document that has none.
    #[must_use]
    pub fn empty(source: &Arc<SourceText>) -> Self {
        Self {
            source: Arc::clone(source),
            said: Said::default(),
            wants_page: None,
            headings: Vec::new(),
            anchors: Anchors::default(),
            opening: String::new(),
            words: 0,
            start: 0,
        }
    }
}

/// A part of a body. What does not depend on the rest of the site is finished HTML.
#[derive(Debug)]
pub enum Piece {
    /// Finished HTML.
    Written(String),
    /// A link begins.
    Link(Box<Link>),
    /// The link that began last ends.
    LinkEnd,
    /// A picture.
    Image(Box<Image>),
    /// The author's own HTML.
    Html(Box<Located<Html>>),
    /// A figure.
    Figure(Box<Located<Figure>>),
    /// A block of code of which there is more to say than the code.
    Code(Arc<Code>),
    /// A diagram that Graphviz lays out.
    Diagram(Box<Located<Diagram>>),
    /// The author's `<!-- more -->`: what comes before it stands for the whole in lists.
    More,
}

/// A link as its author wrote it.
#[derive(Debug)]
pub struct Link {
    /// Where it is to lead.
    pub destination: String,
    /// May be empty.
    pub title: String,
    /// Plain text; only of a link that speaks of the engine, and empty otherwise.
    pub text: String,
    /// Where the whole link stands.
    pub span: Span,
}

/// A picture as its author wrote it.
#[derive(Debug)]
pub struct Image {
    /// Where its file is.
    pub destination: String,
    /// May be empty.
    pub title: String,
    /// What it shows.
    pub alt: String,
    /// Where all of it stands.
    pub span: Span,
}

/// A part of a body on its way to being a [`Piece`].
#[derive(Debug)]
pub(crate) enum Mark<'a> {
    /// What the Markdown parser found, when nothing had to be prepared.
    Markdown(Event<'a>),
    /// A heading begins.
    Heading(HeadingStart),
    /// The heading that began last ends; its level.
    HeadingEnd(u8),
    /// The author's own HTML.
    Html(Html),
    /// A reference to a footnote.
    FootnoteReference(FootnoteReference),
    /// A figure.
    Figure(Figure),
    /// A block of code.
    Code(Code),
    /// A diagram that Graphviz lays out.
    Diagram(Diagram),
    /// A formula, as finished HTML.
    Formula(String),
    /// The author's `<!-- more -->`.
    More,
}

/// The beginning of a heading.
#[derive(Debug)]
pub(crate) struct HeadingStart {
    /// 1 to 6.
    pub(crate) level: u8,
    /// The author's id; every heading has one when the body is complete.
    pub(crate) id: Option<String>,
    /// The author's classes.
    pub(crate) classes: Vec<String>,
    /// Plain text.
    pub(crate) title: String,
}

/// A heading that can be linked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// 2 or 3.
    pub level: u8,
    /// Unique within the page.
    pub id: String,
    /// Plain text.
    pub title: String,
}

/// HTML as its author wrote it.
#[derive(Debug)]
pub struct Html {
    /// The HTML.
    pub html: String,
    /// Its headings.
    pub headings: Vec<HtmlHeading>,
    /// Its ids, and where they stand.
    pub ids: Vec<Located<String>>,
    /// Its links that speak of the engine.
    pub engine_links: Vec<HtmlEngineLink>,
    /// Whether its bytes are those at its place: they are not where a block quote or a list marks every line.
    pub exact: bool,
}

/// A footnote.
#[derive(Debug)]
pub struct Footnote {
    /// What it says.
    pub pieces: Vec<Piece>,
    /// How often it is referred to; at least once.
    pub references: usize,
}

/// A reference to a footnote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FootnoteReference {
    /// The footnote's number, from 1.
    pub number: usize,
    /// Which reference to that footnote this is, from 1.
    pub occurrence: usize,
}

impl FootnoteReference {
    /// Its HTML id, which the footnote links back to.
    #[must_use]
    pub fn id(self) -> String {
        match self.occurrence {
            1 => format!("fnref-{}", self.number),
            occurrence => format!("fnref-{}-{occurrence}", self.number),
        }
    }

    /// The HTML id of the footnote.
    #[must_use]
    pub fn footnote_id(self) -> String {
        format!("fn-{}", self.number)
    }
}

/// A figure as an author asked for it, checked against the engine's catalogue.
#[derive(Debug)]
pub struct Figure {
    /// What the engine draws.
    pub spec: &'static FigureSpec,
    /// Unique within the page; empty until the body is complete.
    pub id: String,
    /// The preset's name.
    pub preset: &'static str,
    /// Knob names and values that differ from the preset.
    pub knobs: Vec<(&'static str, u32)>,
    /// Inline pieces; none when there is no caption.
    pub caption: Vec<Piece>,
}

impl Figure {
    /// What it shows at first.
    #[must_use]
    pub fn start(&self) -> FigureStart {
        let preset = self.spec.preset(self.preset).and_then(|at| self.spec.presets.get(at));
        let supplied = preset.map_or(&[][..], |preset| preset.knobs);
        let turned = |name| self.knobs.iter().find(|(turned, _)| *turned == name).map(|(_, value)| *value);
        let value = |(knob, &value): (&Knob, &u32)| turned(knob.name).unwrap_or(value);
        FigureStart { name: self.spec.name, knobs: self.spec.knobs.iter().zip(supplied).map(value).collect() }
    }
}

/// A diagram as an author wrote it down.
#[derive(Debug)]
pub struct Diagram {
    /// The author's id.
    pub wanted: Option<Located<String>>,
    /// Unique within the page; empty until the body is complete.
    pub id: String,
    /// What it says to those who do not see it; may be empty.
    pub alt: String,
    /// Inline pieces; none when there is no caption.
    pub caption: Vec<Piece>,
    /// Its text, in Graphviz' language.
    pub text: String,
    /// Where the text stands.
    pub lines: Range<usize>,
}

/// What the fragment of a link to a page may name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Anchors {
    /// Every id of the body.
    pub ids: BTreeSet<String>,
    /// Ids of figures, and what stands there.
    pub figures: BTreeMap<String, FigureStart>,
    /// Whether a fence could not be understood, which is reported there: then not all figures are known.
    pub unread_figures: bool,
}

/// What a figure shows at first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FigureStart {
    /// The name by which the engine knows it.
    pub name: &'static str,
    /// One value for each knob, in the engine's order.
    pub knobs: Vec<u32>,
}
