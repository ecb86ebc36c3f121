//! What has been found so far, with repetitions folded.
//!
//! A feed of a hundred thousand items with one mistake has it a hundred thousand times. Findings of one code about one thing are
//! a group: the first of them is drawn, the others are counted and a few of their lines named.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::foreign::lint::codes::Code;
use crate::foreign::lint::text::Text;
use crate::words::diagnostic::{Diagnostic, Severity, Suggestion, sort};
use crate::words::source_text::{SourceText, Span};

/// As many of a group are drawn one by one; if there are more, only the first is.
const DRAWN: usize = 3;

/// As many lines are named of those that are not drawn.
const NAMED: usize = 6;

/// As many bytes carets mark.
const MARKED: usize = 200;

/// As many bytes are said in a message or a line of help.
const SAID: usize = 500;

/// As many bytes are replaced by a suggestion; longer ones are not drawn.
const REPLACED: usize = 1000;

/// As many groups a code has; what comes later joins the last one.
const GROUPS: usize = 12;

/// What is wrong with one text.
#[derive(Debug)]
pub(super) struct Findings {
    /// The text that is looked at.
    pub(super) source: Arc<SourceText>,
    /// When it is looked at, if that is known.
    pub(super) now: Option<DateTime<Utc>>,
    groups: BTreeMap<Code, Vec<Group>>,
}

/// Findings of one code about one thing.
#[derive(Debug)]
struct Group {
    about: String,
    drawn: Vec<Diagnostic>,
    /// Where those are that are not drawn, as far as they are named.
    more: Vec<usize>,
    count: usize,
}

/// One finding, while it is being put into words.
#[derive(Debug)]
pub(super) struct Finding<'a> {
    source: &'a Arc<SourceText>,
    diagnostic: Diagnostic,
    at: Range<usize>,
}

impl Findings {
    /// Nothing found yet.
    pub(super) fn new(source: Arc<SourceText>, now: Option<DateTime<Utc>>) -> Self {
        Self { source, now, groups: BTreeMap::new() }
    }

    /// The text that is looked at.
    pub(super) fn text(&self) -> Arc<SourceText> {
        Arc::clone(&self.source)
    }

    /// Adds a finding at a place. `about` is what makes it one of many alike, mostly an element's name; `words` is asked only when
    /// the finding may be drawn.
    pub(super) fn tell(
        &mut self,
        code: Code,
        about: &str,
        at: Range<usize>,
        message: impl FnOnce() -> String,
        words: impl FnOnce(Finding<'_>) -> Finding<'_>,
    ) {
        let groups = self.groups.entry(code).or_default();
        let about = start(about);
        let known = groups.iter().position(|group| group.about == about);
        let index = match known {
            Some(index) => index,
            None if groups.len() < GROUPS => {
                groups.push(Group { about: about.to_owned(), drawn: Vec::new(), more: Vec::new(), count: 0 });
                groups.len() - 1
            }
            None => GROUPS - 1,
        };
        let group = &mut groups[index];
        group.count += 1;
        if group.count <= DRAWN {
            let diagnostic = match code.severity() {
                Severity::Error => Diagnostic::error(code.name(), message()),
                Severity::Warning => Diagnostic::warning(code.name(), message()),
            };
            group.drawn.push(words(Finding { source: &self.source, diagnostic, at }).finish(code));
        } else if group.more.len() < NAMED {
            group.more.push(at.start);
        }
    }

    /// Counts more of what has been told, whose places nobody knows.
    pub(super) fn count(&mut self, code: Code, about: &str, more: usize) {
        let groups = self.groups.get_mut(&code).into_iter().flatten();
        groups.filter(|group| group.about == about).for_each(|group| group.count += more);
    }

    /// Forgets everything else: where there is no feed, nothing more matters.
    pub(super) fn only(&mut self, code: Code) {
        self.groups.retain(|found, _| *found == code);
    }

    /// Everything that was found, in the order of the text.
    pub(super) fn finish(self) -> Vec<Diagnostic> {
        let mut all = Vec::new();
        for group in self.groups.into_values().flatten() {
            let Group { mut drawn, more, count, .. } = group;
            if count > DRAWN {
                let first = drawn.swap_remove(0);
                let second = drawn.iter().filter_map(|other| Some(other.labels.first()?.span.range.start));
                let mut places: Vec<usize> = second.chain(more).collect();
                places.sort_unstable();
                let named = lines(&self.source, &places);
                let rest = if count > places.len() + 1 { ", …" } else { "" };
                drawn = vec![first.note(format!("and {} more like this, at lines {named}{rest}", count - 1))];
            }
            all.append(&mut drawn);
        }
        sort(&mut all);
        all
    }
}

impl<'a> Finding<'a> {
    /// A few words beside the carets.
    pub(super) fn label(mut self, text: impl Into<String>) -> Self {
        self.diagnostic = self.diagnostic.at(marked(self.source, self.at.clone()), text);
        self
    }

    /// Another place that belongs to it.
    pub(super) fn also(mut self, at: Range<usize>, text: impl Into<String>) -> Self {
        if self.diagnostic.labels.is_empty() {
            self = self.label("");
        }
        self.diagnostic = self.diagnostic.at(marked(self.source, at), text);
        self
    }

    /// What to do.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.diagnostic = self.diagnostic.help(help);
        self
    }

    /// What would mend it, in place of what is at fault.
    pub(super) fn suggest(self, replacement: impl Into<String>) -> Self {
        let at = self.at.clone();
        self.suggest_at(at, replacement)
    }

    /// What would mend it, in place of what stands somewhere.
    pub(super) fn suggest_at(mut self, at: Range<usize>, replacement: impl Into<String>) -> Self {
        self.diagnostic = self.diagnostic.suggest(Span::new(self.source, at), replacement);
        self
    }

    /// What would mend it, if a part of a text said something else; nothing where that cannot be written there.
    pub(super) fn mend(self, text: &Text, part: Range<usize>, says: &str) -> Self {
        match text.replacement(&self.source.text, part, says) {
            Some((at, new)) => self.suggest_at(at, new),
            None => self,
        }
    }

    fn finish(mut self, code: Code) -> Diagnostic {
        if self.diagnostic.labels.is_empty() {
            self = self.label("");
        }
        let diagnostic = &mut self.diagnostic;
        shorten(&mut diagnostic.message);
        diagnostic.labels.iter_mut().for_each(|label| shorten(&mut label.text));
        diagnostic.help.iter_mut().for_each(shorten);
        let is_long = |patch: &Suggestion| patch.span.range.len().max(patch.replacement.len()) > REPLACED;
        diagnostic.suggestion = diagnostic.suggestion.take().filter(|patch| !is_long(patch));
        self.diagnostic.note(code.rule())
    }
}

/// Cuts what is said. Names and values in it are the feed's, and may be as long as the feed.
fn shorten(said: &mut String) {
    if said.len() > SAID {
        said.truncate(said.floor_char_boundary(SAID));
        said.push('…');
    }
}

/// The start of a name, which is enough to tell it from others.
fn start(about: &str) -> &str {
    &about[..about.floor_char_boundary(SAID)]
}

/// What carets mark of a place: the start of its first line.
fn marked(source: &Arc<SourceText>, at: Range<usize>) -> Span {
    let end = at.end.min(at.start + MARKED);
    Span::new(source, at.start..end).first_line()
}

/// The lines of places, which are in order, counted from 1.
fn lines(source: &SourceText, places: &[usize]) -> String {
    let mut numbers: Vec<usize> = places.iter().map(|place| source.line(*place).0).collect();
    numbers.dedup();
    numbers.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}
