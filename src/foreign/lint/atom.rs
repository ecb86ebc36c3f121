//! Atom 1.0. Source: RFC 4287.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::foreign::html::short;
use crate::foreign::lint::addresses::{self, Wanted};
use crate::foreign::lint::atom_text;
use crate::foreign::lint::codes::Code;
use crate::foreign::lint::dates::{Moment, rfc_3339};
use crate::foreign::lint::findings::Findings;
use crate::foreign::lint::links::{self, Around};
use crate::foreign::lint::namespaces::Space;
use crate::foreign::lint::structure::{
    self, Allowed, Vocabulary, empty, leaf, many_with, missing, missing_attribute, once, once_with,
};
use crate::foreign::lint::text::Text;
use crate::foreign::lint::tree::{Element, Index, Tree};
use crate::foreign::lint::{media, size};
use crate::words::mail::is_address;

const VOCABULARY: Vocabulary = Vocabulary {
    space: Space::Atom,
    places: &[
        ("generator", "feed"),
        ("icon", "feed"),
        ("logo", "feed"),
        ("subtitle", "feed"),
        ("entry", "feed"),
        ("content", "entry"),
        ("published", "entry"),
        ("source", "entry"),
        ("summary", "entry"),
        ("name", "author"),
        ("uri", "author"),
        ("email", "author"),
    ],
    synonyms: &[
        ("guid", "id"),
        ("pubDate", "published"),
        ("lastBuildDate", "updated"),
        ("modified", "updated"),
        ("issued", "published"),
        ("created", "published"),
        ("description", "summary, or subtitle in a feed"),
        ("tagline", "subtitle"),
        ("copyright", "rights"),
        ("item", "entry"),
        ("url", "uri"),
        ("image", "logo"),
        ("enclosure", "link rel=\"enclosure\""),
    ],
};

const CATEGORY: &[&str] = &["term", "scheme", "label"];

const FEED: [Allowed; 13] = [
    many_with("author", &[]),
    many_with("category", CATEGORY),
    many_with("contributor", &[]),
    once_with("generator", &["uri", "version"]),
    once("icon"),
    once("id"),
    many_with("link", &links::ATTRIBUTES),
    once("logo"),
    once_with("rights", &["type"]),
    once_with("subtitle", &["type"]),
    once_with("title", &["type"]),
    once("updated"),
    many_with("entry", &[]),
];

const ENTRY: [Allowed; 12] = [
    many_with("author", &[]),
    many_with("category", CATEGORY),
    once_with("content", &["type", "src"]),
    many_with("contributor", &[]),
    once("id"),
    many_with("link", &links::ATTRIBUTES),
    once("published"),
    once_with("rights", &["type"]),
    once("source"),
    once_with("summary", &["type"]),
    once_with("title", &["type"]),
    once("updated"),
];

const PERSON: [Allowed; 3] = [once("name"), once("uri"), once("email")];

/// What the entries have told so far.
#[derive(Debug, Default)]
pub(super) struct Entries {
    count: usize,
    first: Option<Range<usize>>,
    newest: Option<(Moment, Range<usize>)>,
    ids: BTreeMap<String, usize>,
    /// Those that have no author of their own.
    without_author: Vec<Range<usize>>,
}

/// Looks at everything about the feed but its entries.
pub(super) fn check(tree: &Tree, feed: Index, entries: &Entries, findings: &mut Findings) {
    let element = tree.get(feed);
    structure::attributes(element, &[], findings);
    structure::check(tree, feed, &FEED, &VOCABULARY, findings);
    for (index, child) in tree.children(feed) {
        value(tree, index, child, findings);
        order(child, entries, findings);
    }
    for (name, help) in [
        ("id", "give it an address that stays the same for ever, such as the site's"),
        ("title", "name the feed, as the site is named"),
        ("updated", "say when it changed last: `2026-11-20T09:30:00+09:00`"),
    ] {
        if tree.first(feed, Space::Atom, name).is_none() {
            missing(element, name, help, findings);
        }
    }
    if tree.first(feed, Space::Atom, "author").is_none() {
        if entries.count == 0 {
            missing(element, "author", "say who writes it: `<author><name>…</name></author>`", findings);
        }
        for at in &entries.without_author {
            findings.tell(
                Code::MissingElement,
                "entry author",
                at.clone(),
                || "neither the entry nor the feed has an `author`".to_owned(),
                |finding| finding.help("give the feed one: `<author><name>…</name></author>`"),
            );
        }
    }
    let links = links::check(tree, feed, Around::Feed, findings);
    links::check_alternates(&links, findings);
    links::check_feed(tree, feed, &links, Around::Feed, findings);
    media::check(tree, feed, findings);
    let changed = tree.first(feed, Space::Atom, "updated").map(|element| (element, "updated"));
    size::stale(changed, entries.newest.as_ref(), |text, findings| rfc_3339(text, "updated", findings), findings);
    let is_archive = tree.first(feed, Space::History, "archive").is_some();
    size::check(entries.count, "entry", is_archive, element.tag.clone(), findings);
}

impl Entries {
    /// Looks at an entry.
    pub(super) fn check(&mut self, tree: &Tree, index: Index, findings: &mut Findings) {
        let entry = tree.get(index);
        self.count += 1;
        self.first.get_or_insert_with(|| entry.tag.clone());
        structure::attributes(entry, &[], findings);
        structure::check(tree, index, &ENTRY, &VOCABULARY, findings);
        for (child_index, child) in tree.children(index) {
            value(tree, child_index, child, findings);
            if child.is(Space::Atom, "id") {
                self.id(child, findings);
            } else if child.is(Space::Atom, "updated") {
                let source = findings.text();
                let text = child.text(&source.text).or_at(child.tag.clone());
                let moment = rfc_3339(&text, "updated", findings);
                if let Some(moment) = moment
                    && self.newest.as_ref().is_none_or(|(newest, _)| *newest < moment)
                {
                    self.newest = Some((moment, text.place()));
                }
            }
        }
        for (name, help) in [
            ("id", "give it an address that stays the same for ever: readers know the entry by it"),
            ("title", "name it; an entry that has no name has an empty `<title/>`"),
            ("updated", "say when it changed last: `2026-11-20T09:30:00+09:00`"),
        ] {
            if tree.first(index, Space::Atom, name).is_none() {
                missing(entry, name, help, findings);
            }
        }
        let source_author = tree
            .children(index)
            .find(|(_, child)| child.is(Space::Atom, "source"))
            .is_some_and(|(source, _)| tree.first(source, Space::Atom, "author").is_some());
        if tree.first(index, Space::Atom, "author").is_none() && !source_author {
            self.without_author.push(entry.tag.clone());
        }
        let links = links::check(tree, index, Around::Entry, findings);
        links::check_alternates(&links, findings);
        media::check(tree, index, findings);
        atom_text::check_content(tree, index, links.iter().any(|link| link.relation == "alternate"), findings);
    }

    fn id(&mut self, element: &Element, findings: &mut Findings) {
        let source = findings.text();
        let text = element.text(&source.text);
        let value = text.trimmed();
        if value.is_empty() {
            return;
        }
        if let Some(first) = self.ids.get(value) {
            let first = *first..*first + text.place().len();
            findings.tell(
                Code::DuplicateEntry,
                "",
                text.place(),
                || format!("the id `{}` stands twice", short(value)),
                |finding| {
                    finding
                        .also(first, "first here")
                        .help("give each entry its own; keep the newest if it is one entry")
                },
            );
        } else {
            self.ids.insert(value.to_owned(), text.place().start);
        }
    }
}

/// Looks at what an element of a feed or an entry says.
fn value(tree: &Tree, index: Index, element: &Element, findings: &mut Findings) {
    if element.space != Space::Atom {
        return;
    }
    let source = findings.text();
    let name = element.name.as_str();
    match name {
        "title" | "subtitle" | "rights" | "summary" => return atom_text::check(tree, index, findings),
        "author" | "contributor" => return person(tree, index, findings),
        "category" => {
            if element.attribute(&source.text, "term").is_none() {
                missing_attribute(element, "term", "give the category's name in `term`", findings);
            }
            return;
        }
        "id" | "icon" | "logo" | "published" | "generator" => leaf(tree, index, findings),
        _ => return,
    }
    let text = element.text(&source.text);
    match name {
        "generator" if text.trimmed().is_empty() => empty(element, "name the program, or leave it out", findings),
        "published" => {
            rfc_3339(&text.or_at(element.tag.clone()), "published", findings);
        }
        "generator" => {}
        _ => address(element, &text, findings),
    }
}

fn address(element: &Element, text: &Text, findings: &mut Findings) {
    let name = element.name.as_str();
    let what = format!("`{name}`");
    if text.trimmed().is_empty() {
        addresses::check(text, Wanted::Iri, &what, element.tag.clone(), findings);
    } else if text.value.len() > text.trimmed().len() {
        findings.tell(
            Code::InvalidUriCharacter,
            name,
            text.place(),
            || format!("blanks stand around the address in {what}"),
            |finding| finding.help("take them out: they are part of the address"),
        );
    } else if name == "id" || text.trimmed().contains(':') {
        addresses::check(text, Wanted::Iri, &what, element.tag.clone(), findings);
    }
}

fn person(tree: &Tree, index: Index, findings: &mut Findings) {
    structure::check(tree, index, &PERSON, &VOCABULARY, findings);
    let element = tree.get(index);
    let source = findings.text();
    if tree.first(index, Space::Atom, "name").is_none() {
        missing(element, "name", "put the name into an element of its own: `<name>…</name>`", findings);
    }
    for child in tree.children(index).map(|(_, child)| child).filter(|child| child.space == Space::Atom) {
        let text = child.text(&source.text);
        let at = text.place_or(&child.tag);
        match child.name.as_str() {
            "name" if text.trimmed().is_empty() => empty(child, "write the name", findings),
            "uri" => {
                addresses::check(&text, Wanted::Iri, "`uri`", at, findings);
            }
            "email" if !is_address(text.trimmed()) => findings.tell(
                Code::InvalidContact,
                "email",
                at,
                || "`email` is no address for mail".to_owned(),
                |finding| finding.help("write `mail@example.org` and nothing else"),
            ),
            _ => {}
        }
    }
}

/// Says so when an element about the feed stands behind an entry.
fn order(child: &Element, entries: &Entries, findings: &mut Findings) {
    let Some(first) = entries.first.clone().filter(|first| first.start < child.tag.start) else { return };
    let name = child.name.as_str();
    findings.tell(
        Code::ItemsBeforeMetadata,
        "",
        child.tag.clone(),
        || format!("`{name}` stands behind the first entry"),
        |finding| finding.also(first, "the first entry").help("put all entries at the end of the feed"),
    );
}
