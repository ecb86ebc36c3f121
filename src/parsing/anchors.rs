//! Every heading and every figure gets an id that no other thing on the page has.

use std::collections::BTreeMap;

use crate::parsing::dot;
use crate::parsing::html::HtmlHeading;
use crate::parsing::text::{Anchors, FootnoteReference, Heading, Mark};
use crate::words::diagnostic::{Diagnostic, Subject};
use crate::words::slug::slug;
use crate::words::source_text::{Located, Span};

/// A footnote whose ids are not settled.
pub(crate) struct Note<'a> {
    /// What it says.
    pub(crate) marks: Vec<Located<Mark<'a>>>,
    /// How often it is referred to; at least once.
    pub(crate) references: usize,
}

/// Settles the ids of a body. The author's own come first, then figures, which keep the engine's names, since those stand in
/// addresses that readers share; then headings, which are named after their titles.
pub(crate) fn settle<'m>(
    marks: &mut [Located<Mark<'m>>],
    footnotes: &mut [Note<'m>],
    diagnostics: &mut Vec<Diagnostic>,
) -> (Vec<Heading>, Anchors) {
    let mut taken = Taken { ids: BTreeMap::new(), numbers: BTreeMap::new(), diagnostics };
    for (index, footnote) in footnotes.iter().enumerate() {
        for occurrence in 1..=footnote.references {
            let reference = FootnoteReference { number: index + 1, occurrence };
            taken.ids.insert(reference.id(), None);
            taken.ids.insert(reference.footnote_id(), None);
        }
    }
    let mut headings = Vec::new();
    let mut figures = BTreeMap::new();
    let mut all: Vec<&mut Located<Mark<'m>>> =
        marks.iter_mut().chain(footnotes.iter_mut().flat_map(|note| &mut note.marks)).collect();
    for mark in &all {
        taken.authors_own(mark);
    }
    for mark in &mut all {
        if let Mark::Figure(figure) = &mut mark.value {
            figure.id = taken.figure(figure.spec.name, &mark.span);
            figures.insert(figure.id.clone(), figure.start());
        }
    }
    for mark in &mut all {
        if let Mark::Diagram(diagram) = &mut mark.value {
            diagram.id = diagram.wanted.as_ref().map_or_else(|| taken.free(dot::FENCE), |id| id.value.clone());
        }
    }
    for mark in &mut all {
        match &mut mark.value {
            Mark::Heading(heading) => {
                let id = taken.heading(heading.id.take(), &heading.title);
                headings.extend(listed(heading.level, &id, &heading.title));
                heading.id = Some(id);
            }
            Mark::Html(html) => {
                for HtmlHeading { level, id, title, .. } in &mut html.headings {
                    let settled = taken.heading(id.take(), title);
                    headings.extend(listed(*level, &settled, title));
                    *id = Some(settled);
                }
            }
            Mark::Markdown(_)
            | Mark::HeadingEnd(_)
            | Mark::FootnoteReference(_)
            | Mark::Figure(_)
            | Mark::Code(_)
            | Mark::Diagram(_)
            | Mark::Formula(_)
            | Mark::More => {}
        }
    }
    (headings, Anchors { ids: taken.ids.into_keys().collect(), figures, unread_figures: false })
}

/// Headings of level 2 and 3 make the table of contents.
fn listed(level: u8, id: &str, title: &str) -> Option<Heading> {
    (2..=3).contains(&level).then(|| Heading { level, id: id.to_owned(), title: title.to_owned() })
}

/// The ids of a page, with the places of those that the author chose.
struct Taken<'a> {
    ids: BTreeMap<String, Option<Span>>,
    /// For names that were not free: the last number that one of them got.
    numbers: BTreeMap<String, usize>,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Taken<'_> {
    fn authors_own(&mut self, mark: &Located<Mark<'_>>) {
        match &mark.value {
            Mark::Heading(heading) => {
                if let Some(id) = &heading.id {
                    self.claim(id, &mark.span.first_line());
                }
            }
            Mark::Html(html) => html.ids.iter().for_each(|id| self.claim(&id.value, &id.span)),
            Mark::Markdown(_)
            | Mark::HeadingEnd(_)
            | Mark::FootnoteReference(_)
            | Mark::Figure(_)
            | Mark::Code(_)
            | Mark::Formula(_)
            | Mark::More => {}
            Mark::Diagram(diagram) => diagram.wanted.iter().for_each(|id| self.claim(&id.value, &id.span)),
        }
    }

    fn claim(&mut self, id: &str, span: &Span) {
        if let Some(first) = self.ids.get(id) {
            self.duplicate(id, span, first.clone());
        } else {
            self.ids.insert(id.to_owned(), Some(span.clone()));
        }
    }

    fn duplicate(&mut self, id: &str, span: &Span, first: Option<Span>) {
        let diagnostic = Diagnostic::error("duplicate-anchor", format!("two places on this page are called `{id}`"));
        let diagnostic = diagnostic.at(span.clone(), "called so here").about(Subject::Name(id.to_owned()));
        let diagnostic = match first {
            Some(first) => diagnostic.at(first, "and here"),
            None => diagnostic,
        };
        self.diagnostics.push(diagnostic.help("give one of them another id"));
    }

    fn figure(&mut self, name: &str, span: &Span) -> String {
        if let Some(Some(first)) = self.ids.get(name) {
            let first = first.clone();
            // An author's anchor of that name would take the place of the figure's address.
            self.duplicate(name, &span.first_line(), Some(first));
        }
        self.free(name)
    }

    fn heading(&mut self, own: Option<String>, title: &str) -> String {
        own.unwrap_or_else(|| match &*slug(title) {
            "" => self.free("section"),
            slug => self.free(slug),
        })
    }

    /// `name`, or `name-2`, `name-3` and so on when it is taken.
    fn free(&mut self, name: &str) -> String {
        let mut id = name.to_owned();
        while self.ids.contains_key(&id) {
            let number = self.numbers.entry(name.to_owned()).or_insert(1);
            *number += 1;
            id = format!("{name}-{number}");
        }
        self.ids.insert(id.clone(), None);
        id
    }
}
