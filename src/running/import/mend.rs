//! What keeps a new site from being built is made harmless where it is clear how, and told.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::foreign::site::Document;
use crate::foreign::told::{Told, Verdict};
use crate::foreign::writing::{Content, Writing};
use crate::running::import::trial::path_of;
use crate::words::address::absolute;
use crate::words::diagnostic::Diagnostic;
use crate::words::source_text::Span;

/// Changes of the new files.
#[derive(Debug, Default)]
pub(super) struct Mending {
    edits: BTreeMap<String, Vec<(Range<usize>, String)>>,
    /// Files that are not written after all.
    removed: BTreeSet<String>,
    told: Vec<Told>,
    /// Ids that were given in place of others.
    ids: BTreeSet<String>,
}

impl Mending {
    pub(super) fn is_empty(&self) -> bool {
        self.edits.is_empty() && self.removed.is_empty()
    }

    /// Makes the changes, and tells them.
    pub(super) fn apply(self, writing: &mut Writing) -> Vec<Told> {
        for file in &mut writing.files {
            if let (Some(edits), Content::Text(text)) = (self.edits.get(&file.path), &mut file.content) {
                *text = edited(text, edits);
            }
        }
        writing.files.retain(|file| !self.removed.contains(&file.path));
        for path in &self.removed {
            if writing.sources.remove(path).is_some() {
                if path.starts_with("content/posts/") { writing.posts -= 1 } else { writing.pages -= 1 }
            }
        }
        self.told
    }

    fn edit(&mut self, span: &Span, range: Range<usize>, text: String) {
        self.edits.entry(span.source.path.clone()).or_default().push((range, text));
    }

    fn tell(&mut self, span: &Span, verdict: Verdict, text: String) {
        let (line, column) = span.line_and_column();
        self.told.push(Told { path: span.source.path.clone(), line, column, verdict, text });
    }

    fn remove(&mut self, path: &str, text: String) {
        if self.removed.insert(path.to_owned()) {
            self.told.push(Told::of_file(path, Verdict::Lost, text));
        }
    }
}

/// A text with its edits made, which may be in any order; of two that overlap the first is made, the other in another round.
fn edited(text: &str, edits: &[(Range<usize>, String)]) -> String {
    let mut edits: Vec<_> = edits.iter().collect();
    edits.sort_by_key(|(range, _)| (range.start, range.end));
    let (mut result, mut done) = (String::with_capacity(text.len()), 0);
    for (range, new) in edits {
        if range.start >= done && range.end <= text.len() {
            result.push_str(&text[done..range.start]);
            result.push_str(new);
            done = range.end;
        }
    }
    result.push_str(&text[done..]);
    result
}

/// Finds what would mend a problem.
pub(super) fn mend(
    problem: &Diagnostic,
    writing: &mut Writing,
    base: &str,
    documents: &[Document],
    mending: &mut Mending,
) {
    let path = path_of(problem).to_owned();
    let label = problem.labels.first();
    match (problem.code, label) {
        ("broken-link" | "broken-anchor" | "link-to-left-out", Some(label)) => {
            let address = |path: &str| old_address(path, writing, base, documents);
            link(problem, &label.span, &address, &path, mending);
        }
        ("duplicate-anchor", Some(label)) => anchor(problem, &label.span, mending),
        ("broken-reference" | "unknown-footnote", Some(label)) if label.span.text().starts_with('[') => {
            let at = label.span.range.start;
            mending.edit(&label.span, at..at, "\\".to_owned());
            mending.tell(&label.span, Verdict::Changed, format!("{}: it is text", problem.message));
        }
        ("duplicate-route", Some(label)) => {
            let settled = alias(&label.span, writing, mending);
            if !settled && is_generated(problem) {
                mending.remove(&path, "genblog makes a page of this address itself".to_owned());
            }
        }
        ("duplicate-route", None) => mending.remove(&path, "genblog has something at this address itself".to_owned()),
        ("broken-picture", _) if !writing.sources.contains_key(&path) => {
            mending.remove(&path, format!("{}; it was not taken", problem.message));
        }
        ("unpublished" | "bad-name", None) if !writing.sources.contains_key(&path) => {
            mending.remove(&path, "nothing would publish this".to_owned());
        }
        _ => {}
    }
}

/// Whether the other claimant of an address is genblog, which no label and no file can show.
fn is_generated(problem: &Diagnostic) -> bool {
    problem.labels.len() == 1 && !problem.message.contains("the file `")
}

/// Where the document of a new file was.
fn old_address(path: &str, writing: &Writing, base: &str, documents: &[Document]) -> String {
    let base = if base.is_empty() { "https://example.org/" } else { base };
    let base = format!("{}/", base.trim_end_matches('/'));
    let document = writing.sources.get(path).and_then(|number| documents.get(*number));
    let address = document.map_or("", |document| document.address.trim_start_matches('/'));
    format!("{base}{address}")
}

/// A link that leads nowhere: its place is left out, or it leads where it led.
fn link(problem: &Diagnostic, span: &Span, old_address: &dyn Fn(&str) -> String, path: &str, mending: &mut Mending) {
    let quoted = problem
        .message
        .split('`')
        .nth(if problem.code == "broken-anchor" && !problem.message.starts_with("this page") { 3 } else { 1 });
    let Some(quoted) = quoted.filter(|quoted| !quoted.is_empty()) else { return };
    // The place may be that of the whole link, or only its first line.
    let text = &span.source.text;
    let (start, written) = if span.text().contains(char::is_whitespace) || !span.text().contains(quoted) {
        let from = span.range.start;
        let needle = if problem.code == "broken-anchor" { format!("#{quoted}") } else { quoted.to_owned() };
        let Some(found) = text[from..].find(&needle).map(|at| from + at) else { return };
        let begins = |c: char| c.is_whitespace() || "\"'(<>=".contains(c);
        let start =
            text[..found].rfind(begins).map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
        let length =
            text[found..].find(|c: char| c.is_whitespace() || "\"')>".contains(c)).unwrap_or(text.len() - found);
        (start, &text[start..found + length])
    } else {
        (span.range.start, span.text())
    };
    let (new, said) = if problem.code == "broken-anchor" {
        let page = written.split('#').next().unwrap_or_default();
        // In full an address may name a place that is not there, and goes on saying what it said.
        let target = page.strip_prefix("@/").map(|target| old_address(&format!("content/{target}")));
        let full = target.filter(|full| *full != old_address("")).map(|full| format!("{full}#{quoted}"));
        let new = full.unwrap_or_else(|| if page.is_empty() { "#" } else { page }.to_owned());
        (new, format!("there is no place `#{quoted}`: this leads to the top of its page"))
    } else {
        let decoded = htmlize::unescape_attribute(written);
        let full = match decoded.strip_prefix("@/") {
            // The document itself, or what somebody took for one.
            Some(target) => {
                let there = old_address(&format!("content/{}", target.split('#').next().unwrap_or_default()));
                let base = old_address("");
                if there == base { format!("{base}{target}") } else { there }
            }
            None => absolute(&decoded, &old_address(path)),
        };
        let full = full.replace(' ', "%20");
        let why = if problem.code == "link-to-left-out" {
            "leads to what is not published"
        } else {
            "leads to nothing that was taken over"
        };
        (full.clone(), format!("`{written}` {why}: it is `{full}` now"))
    };
    if new != written {
        mending.edit(span, start..start + written.len(), new);
        mending.tell(span, Verdict::Hand, said);
    }
}

/// The second of two places with one name.
fn anchor(problem: &Diagnostic, span: &Span, mending: &mut Mending) {
    let Some(id) = problem.message.split('`').nth(1) else { return };
    let text = &span.source.text;
    let within = text[span.range.clone()].rfind(id).map(|at| span.range.start + at);
    let Some(start) = within else { return };
    let path = &span.source.path;
    let free = |new: &String| !text.contains(new.as_str()) && !mending.ids.contains(&format!("{path} {new}"));
    let Some(new) = (2..).map(|number| format!("{id}-{number}")).find(free) else { return };
    mending.ids.insert(format!("{path} {new}"));
    mending.edit(span, start..start + id.len(), new.clone());
    mending.tell(span, Verdict::Changed, format!("two places are called `{id}`: this is `{new}` now"));
}

/// Takes an old address out that something else has; whether the place is that of one.
fn alias(span: &Span, writing: &mut Writing, mending: &mut Mending) -> bool {
    let text = &span.source.text;
    let start = text[..span.range.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[span.range.end..].find('\n').map_or(text.len(), |at| span.range.end + at);
    let line = &text[start..end];
    let is_key = line.starts_with("#aliases ");
    if !is_key && !line.starts_with("aliases = [") {
        return false;
    }
    let address = span.text().trim_matches(['"', '\'']);
    let kept: Vec<&str> =
        line.split(['"', ',', ' ', '[', ']', '\'']).filter(|part| part.starts_with('/') && *part != address).collect();
    let quoted: Vec<String> = kept.iter().map(|alias| toml::Value::from(*alias).to_string()).collect();
    let new = match (kept.is_empty(), is_key) {
        (true, _) => String::new(),
        (false, true) => format!("#aliases {}\n", kept.join(", ")),
        (false, false) => format!("aliases = [{}]\n", quoted.join(", ")),
    };
    writing.aliases -= 1;
    mending.edit(span, start..(end + 1).min(text.len()), new);
    mending.tell(span, Verdict::Lost, format!("the address `{address}` is that of something else"));
    true
}
