//! What keeps a new site from being built is made harmless where it is clear how, and told.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::foreign::site::Document;
use crate::foreign::told::{Told, Verdict};
use crate::foreign::writing::{Content, Writing, alias_line, is_alias};
use crate::running::import::trial::path_of;
use crate::words::address::absolute;
use crate::words::diagnostic::{Diagnostic, Subject};
use crate::words::source_text::Span;

/// Changes of the new files.
#[derive(Debug, Default)]
pub(super) struct Mending {
    edits: BTreeMap<String, Vec<(Range<usize>, String)>>,
    /// Files that are not written after all.
    removed: BTreeSet<String>,
    /// Old addresses that are not kept after all, by file.
    aliases: BTreeMap<String, Removed>,
    told: Vec<Told>,
    /// How places of a file are called anew.
    numbers: BTreeMap<String, Numbers>,
}

/// Old addresses that a file loses.
#[derive(Debug)]
struct Removed {
    /// The line that has them, with its end.
    line: Range<usize>,
    /// Whether that is a key line of genBlog's form.
    is_key: bool,
    addresses: BTreeSet<String>,
}

/// Numbers for the names of places.
#[derive(Debug)]
struct Numbers {
    /// Those that some name of the file may end with.
    taken: BTreeSet<usize>,
    /// The last that was given, by the name before it.
    last: BTreeMap<String, usize>,
}

impl Numbers {
    /// All numbers behind a hyphen, whatever they belong to.
    fn new(text: &str) -> Self {
        let number = |(at, _): (usize, &str)| {
            let digits = text[at + 1..].bytes().take_while(u8::is_ascii_digit).take(9).count();
            text[at + 1..at + 1 + digits].parse().ok()
        };
        Self { taken: text.match_indices('-').filter_map(number).collect(), last: BTreeMap::new() }
    }

    /// A name that nothing in the file has.
    fn free(&mut self, id: &str) -> String {
        let last = self.last.entry(id.to_owned()).or_insert(1);
        *last = (*last + 1..).find(|number| !self.taken.contains(number)).unwrap_or_default();
        format!("{id}-{last}")
    }
}

impl Mending {
    pub(super) fn is_empty(&self) -> bool {
        self.edits.is_empty() && self.removed.is_empty() && self.aliases.is_empty()
    }

    /// The files that change or go.
    pub(super) fn changed(&self) -> BTreeSet<String> {
        self.edits.keys().chain(self.aliases.keys()).chain(&self.removed).cloned().collect()
    }

    /// Makes the changes, and tells them.
    pub(super) fn apply(mut self, writing: &mut Writing) -> Vec<Told> {
        for (path, Removed { line, is_key, addresses }) in std::mem::take(&mut self.aliases) {
            let Some(aliases) = writing.aliases.get_mut(&path) else { continue };
            aliases.retain(|alias| !addresses.contains(alias));
            let new = alias_line(aliases, is_key);
            self.edits.entry(path).or_default().push((line, new));
        }
        for file in &mut writing.files {
            if let (Some(edits), Content::Text(text)) = (self.edits.get(&file.path), &mut file.content) {
                *text = edited(text, edits);
            }
        }
        writing.files.retain(|file| !self.removed.contains(&file.path));
        for path in &self.removed {
            if writing.sources.remove(path).is_some() {
                writing.aliases.remove(path);
                if path.starts_with("content/posts/") { writing.posts -= 1 } else { writing.pages -= 1 }
            }
        }
        self.told
    }

    fn edit(&mut self, span: &Span, range: Range<usize>, text: String) {
        self.edits.entry(span.source.path.clone()).or_default().push((range, text));
    }

    fn tell(&mut self, span: &Span, verdict: Verdict, text: String) {
        self.told.push(Told::at(span, verdict, text));
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
pub(super) fn mend(problem: &Diagnostic, writing: &Writing, base: &str, documents: &[Document], mending: &mut Mending) {
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
            if !settled && problem.subject == Some(Subject::Generated) {
                mending.remove(&path, "genblog makes a page of this address itself".to_owned());
            }
        }
        ("duplicate-route", None) if problem.subject == Some(Subject::Generated) => {
            mending.remove(&path, "genblog has something at this address itself".to_owned());
        }
        ("duplicate-route", None) => mending.remove(&path, format!("{}; it was not taken", problem.message)),
        ("broken-picture", _) if !writing.sources.contains_key(&path) => {
            mending.remove(&path, format!("{}; it was not taken", problem.message));
        }
        ("unpublished" | "bad-name", None) if !writing.sources.contains_key(&path) => {
            mending.remove(&path, "nothing would publish this".to_owned());
        }
        _ => {}
    }
}

/// What a problem is about, as it was written.
fn name(problem: &Diagnostic) -> Option<&str> {
    match &problem.subject {
        Some(Subject::Name(name)) => Some(name.as_str()).filter(|name| !name.is_empty()),
        Some(Subject::Generated) | None => None,
    }
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
    let Some(quoted) = name(problem) else { return };
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
    let Some(id) = name(problem) else { return };
    let written = span.text();
    // The place may be that of an attribute's value, in which references stand, or of a whole line.
    let within = if htmlize::unescape_attribute(written) == id { Some((0, written.len())) } else { None };
    let Some((start, length)) = within.or_else(|| Some((written.rfind(id)?, id.len()))) else { return };
    let path = &span.source.path;
    let numbers = mending.numbers.entry(path.clone()).or_insert_with(|| Numbers::new(&span.source.text));
    let new = numbers.free(&written[start..start + length]);
    let at = span.range.start + start;
    mending.tell(span, Verdict::Changed, format!("two places are called `{id}`: this is `{new}` now"));
    mending.edit(span, at..at + length, new);
}

/// Takes an old address out that something else has; whether the place is that of one.
fn alias(span: &Span, writing: &Writing, mending: &mut Mending) -> bool {
    let (path, text) = (&span.source.path, &span.source.text);
    let start = text[..span.range.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[span.range.end..].find('\n').map_or(text.len(), |at| span.range.end + at + 1);
    let aliases = writing.aliases.get(path).map(Vec::as_slice).unwrap_or_default();
    let is_key = if text[start..end] == alias_line(aliases, true) {
        true
    } else if text[start..end] == alias_line(aliases, false) {
        false
    } else {
        return false;
    };
    let Some(address) = aliases.iter().find(|alias| is_alias(span.text(), alias)) else { return false };
    let removed = mending.aliases.entry(path.clone()).or_insert_with(|| Removed {
        line: start..end,
        is_key,
        addresses: BTreeSet::new(),
    });
    if removed.addresses.insert(address.clone()) {
        mending.tell(span, Verdict::Lost, format!("the address `{address}` is that of something else"));
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::foreign::writing::Planned;
    use crate::words::source_text::SourceText;

    /// A file with old addresses, of which two are other things'.
    #[track_caller]
    fn check(is_key: bool, expected: &str) {
        let aliases = ["/a b/", "/c/", "/d, e/", "/\"f\"/"].map(str::to_owned).to_vec();
        let (path, line) = ("content/posts/x.md", alias_line(&aliases, is_key));
        let text = format!("before\n{line}after\n");
        let mut writing = Writing::default();
        writing.files.push(Planned { path: path.to_owned(), content: Content::Text(text.clone()) });
        writing.aliases.insert(path.to_owned(), aliases);
        let source = SourceText::new(path, text.clone());
        let place = |wanted: &str| {
            let at = text.find(wanted).expect("there");
            Span::new(&source, at..at + wanted.len())
        };
        let mut mending = Mending::default();
        let quote = if is_key { "" } else { "\"" };
        for wanted in ["/a b/", "/c/", "/a b/"] {
            assert!(alias(&place(&format!("{quote}{wanted}{quote}")), &writing, &mut mending), "{wanted}");
        }
        assert!(!alias(&place("before"), &writing, &mut mending));
        assert_eq!(mending.apply(&mut writing).len(), 2);
        assert_eq!((&writing.files[0].content, writing.aliases[path].len()), (&Content::Text(expected.to_owned()), 2));
    }

    #[test]
    fn old_addresses_are_taken_out_each_once() {
        check(false, "before\naliases = [\"/d, e/\", '/\"f\"/']\nafter\n");
        check(true, "before\n#aliases /d, e/, /\"f\"/\nafter\n");
    }

    #[test]
    fn places_get_numbers_that_no_name_of_the_file_has() {
        let mut numbers = Numbers::new("a-2 a-3x b-5 -");
        assert_eq!(["a", "a", "b", "a"].map(|id| numbers.free(id)), ["a-4", "a-6", "b-4", "a-7"]);
    }
}
