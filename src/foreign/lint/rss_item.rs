//! The items of an RSS channel, one after the other.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::foreign::html::short;
use crate::foreign::lint::addresses::{self, Wanted};
use crate::foreign::lint::codes::Code;
use crate::foreign::lint::dates::{Moment, rfc_822, rfc_3339};
use crate::foreign::lint::findings::Findings;
use crate::foreign::lint::links::{self, Around};
use crate::foreign::lint::namespaces::Space;
use crate::foreign::lint::rss::{VOCABULARY, is_two};
use crate::foreign::lint::structure::{
    self, Allowed, empty, leaf, many_with, missing_attribute, once, once_with, same_meaning, twice,
};
use crate::foreign::lint::text::Text;
use crate::foreign::lint::tree::{Element, Index, Tree};
use crate::foreign::lint::{html, media, plain, values};
use crate::words::address::scheme;

const ITEM: [Allowed; 10] = [
    once("title"),
    once("link"),
    once("description"),
    once("author"),
    many_with("category", &["domain"]),
    once("comments"),
    many_with("enclosure", &["url", "length", "type"]),
    once_with("guid", &["isPermaLink"]),
    once("pubDate"),
    once_with("source", &["url"]),
];

/// As many dates are kept for the question when posts come out.
const DATES: usize = 1000;

/// What the items have told so far.
#[derive(Debug, Default)]
pub(super) struct Items {
    /// How many there are.
    pub(super) count: usize,
    /// The first one's tag.
    pub(super) first: Option<Range<usize>>,
    /// The newest date and where it stands.
    pub(super) newest: Option<(Moment, Range<usize>)>,
    /// When the first items came out.
    pub(super) dates: Vec<(Moment, Range<usize>)>,
    guids: BTreeMap<String, usize>,
}

impl Items {
    /// Looks at an item.
    pub(super) fn check(&mut self, tree: &Tree, index: Index, findings: &mut Findings) {
        let item = tree.get(index);
        self.count += 1;
        self.first.get_or_insert_with(|| item.tag.clone());
        structure::attributes(item, &[], findings);
        structure::check(tree, index, &ITEM, &VOCABULARY, findings);
        if !["title", "description"].iter().any(|name| tree.first(index, Space::None, name).is_some()) {
            nothing(tree, index, findings);
        }
        if tree.first(index, Space::None, "guid").is_none() && is_two(tree.get(0), findings) {
            findings.tell(
                Code::MissingGuid,
                "",
                item.tag.clone(),
                || "the item has no `guid`".to_owned(),
                |finding| finding.help("give it a text that stays the same for ever, such as `<guid isPermaLink=\"false\">tag:example.org,2026:name</guid>`"),
            );
        }
        let mut enclosure = None;
        for (child_index, child) in tree.children(index) {
            match child.space {
                Space::None if ITEM.iter().any(|rule| rule.name == child.name) => {
                    self.value(tree, child_index, child, findings);
                    if child.name == "enclosure" {
                        second_enclosure(child, enclosure.replace(child), findings);
                    }
                }
                Space::Atom if matches!(&*child.name, "updated" | "published") => {
                    let source = findings.text();
                    let text = child.text(&source.text).or_at(child.tag.clone());
                    let moment = rfc_3339(&text, &format!("atom:{}", child.name), findings);
                    self.newer(moment, text.place());
                }
                _ => {}
            }
        }
        encoded(tree, index, findings);
        meanings(tree, index, findings);
        links::check(tree, index, Around::Entry, findings);
        media::check(tree, index, findings);
    }

    fn newer(&mut self, moment: Option<Moment>, at: Range<usize>) {
        if let Some(moment) = moment
            && self.newest.as_ref().is_none_or(|(newest, _)| *newest < moment)
        {
            self.newest = Some((moment, at));
        }
    }

    fn value(&mut self, tree: &Tree, index: Index, element: &Element, findings: &mut Findings) {
        let name = element.name.as_str();
        leaf(tree, index, findings);
        let source = findings.text();
        let text = element.text(&source.text);
        let at = text.place_or(&element.tag);
        match name {
            "title" | "category" => {
                if text.trimmed().is_empty() {
                    empty(element, "say something, or leave it out", findings);
                }
                plain::check(&text, &format!("`{name}`"), findings);
            }
            "description" => html::check(&text, "`description`", findings),
            "link" | "comments" => {
                addresses::check(&text, Wanted::Uri, &format!("`{name}`"), at, findings);
            }
            "author" => values::contact(&text, name, at, findings),
            "pubDate" => {
                let moment = rfc_822(&text.or_at(element.tag.clone()), "pubDate", findings);
                self.newer(moment, at.clone());
                self.dates.extend(moment.filter(|_| self.dates.len() < DATES).map(|moment| (moment, at)));
            }
            "guid" => self.guid(element, &text, at, findings),
            "enclosure" => enclosure(element, findings),
            "source" => match element.attribute(&source.text, "url") {
                Some(url) => {
                    addresses::check(&url, Wanted::Uri, "`url` of `source`", element.place_of("url"), findings);
                }
                None => {
                    missing_attribute(
                        element,
                        "url",
                        "give the address of the feed that the item comes from",
                        findings,
                    );
                }
            },
            _ => {}
        }
    }

    fn guid(&mut self, element: &Element, text: &Text, at: Range<usize>, findings: &mut Findings) {
        let source = findings.text();
        let value = text.trimmed();
        let permalink = element.attribute(&source.text, "isPermaLink");
        if let Some(said) = &permalink {
            values::boolean(said, "`isPermaLink`", element.place_of("isPermaLink"), findings);
        }
        if value.is_empty() {
            return empty(element, "give it a text that stays the same for ever, or leave it out", findings);
        }
        let is_permalink = permalink.as_ref().is_none_or(|said| said.trimmed().eq_ignore_ascii_case("true"));
        let is_web =
            scheme(value).is_some_and(|scheme| ["http", "https"].iter().any(|web| scheme.eq_ignore_ascii_case(web)));
        if is_permalink && is_web {
            addresses::check(text, Wanted::Uri, "`guid`", at.clone(), findings);
        } else if is_permalink {
            findings.tell(
                Code::InvalidPermalink,
                "",
                at.clone(),
                || format!("`{}` is no address of a page", short(value)),
                |finding| {
                    let finding = finding.label("readers take it for the item's link").help("say that it is none");
                    match permalink {
                        Some(_) => finding.suggest_at(element.place_of("isPermaLink"), "false"),
                        None => finding.suggest_at(element.at.clone(), "guid isPermaLink=\"false\""),
                    }
                },
            );
        } else if value.len() < 9 && value.bytes().all(|byte| byte.is_ascii_digit()) {
            findings.tell(
                Code::WeakGuid,
                "",
                at.clone(),
                || format!("`{value}` may be another feed's guid as well"),
                |finding| finding.help("put your host before it, as in `tag:example.org,2026:17`; but leave guids alone that readers have seen"),
            );
        }
        if let Some(first) = self.guids.get(value) {
            let first = *first..*first + at.len();
            findings.tell(
                Code::DuplicateGuid,
                "",
                at,
                || format!("the guid `{}` stands twice", short(value)),
                |finding| finding.also(first, "first here").help("give each item its own"),
            );
        } else {
            self.guids.insert(value.to_owned(), at.start);
        }
    }
}

fn nothing(tree: &Tree, index: Index, findings: &mut Findings) {
    let item = tree.get(index);
    findings.tell(
        Code::MissingElement,
        "item title",
        item.tag.clone(),
        || "the item has neither a `title` nor a `description`".to_owned(),
        |finding| finding.help("give it one of them at least"),
    );
}

fn enclosure(element: &Element, findings: &mut Findings) {
    let source = findings.text();
    for (name, help) in [
        ("url", "give the address of the file"),
        ("length", "give the size in bytes, or `0` if it is not known"),
        ("type", "give the media type, such as `audio/mpeg`"),
    ] {
        let Some(text) = element.attribute(&source.text, name) else {
            missing_attribute(element, name, help, findings);
            continue;
        };
        let at = element.place_of(name);
        match name {
            "url" => {
                addresses::check(&text, Wanted::Web, "`url` of `enclosure`", at, findings);
            }
            "length" => values::whole_number(&text, "`length` of `enclosure`", at, findings),
            _ => values::media_type(&text, "enclosure", at, findings),
        }
    }
}

fn second_enclosure(element: &Element, first: Option<&Element>, findings: &mut Findings) {
    let Some(first) = first else { return };
    findings.tell(
        Code::DuplicateEnclosure,
        "",
        element.tag.clone(),
        || "the item has a second `enclosure`".to_owned(),
        |finding| {
            finding.also(first.tag.clone(), "another here").help("keep one; `media:content` may stand several times")
        },
    );
}

/// Looks at `content:encoded`.
fn encoded(tree: &Tree, index: Index, findings: &mut Findings) {
    let source = findings.text();
    let description = tree.first(index, Space::None, "description");
    let mut first: Option<&Element> = None;
    for (child_index, child) in tree.children(index).filter(|(_, child)| child.is(Space::Content, "encoded")) {
        if let Some(first) = first {
            twice(child, tree.get(index), first.tag.clone(), findings);
            continue;
        }
        first = Some(child);
        leaf(tree, child_index, findings);
        html::check(&child.text(&source.text), "`content:encoded`", findings);
        let after = description.map(|description| description.tag.start < child.tag.start);
        if after == Some(true) {
            continue;
        }
        findings.tell(
            Code::ContentBeforeDescription,
            if after.is_none() { "none" } else { "before" },
            child.tag.clone(),
            || match after {
                None => "`content:encoded` has no `description` before it".to_owned(),
                Some(_) => "`content:encoded` stands before `description`".to_owned(),
            },
            |finding| finding.help("put a `description` before it, with a summary; without one the full text belongs into `description`"),
        );
    }
}

fn meanings(tree: &Tree, index: Index, findings: &mut Findings) {
    for (own, space, other, shown) in [
        ("author", Space::Dc, "creator", "dc:creator"),
        ("category", Space::Dc, "subject", "dc:subject"),
        ("pubDate", Space::Dc, "date", "dc:date"),
        ("pubDate", Space::Atom, "published", "atom:published"),
        ("guid", Space::Atom, "id", "atom:id"),
        ("source", Space::Dc, "source", "dc:source"),
    ] {
        if let (Some(first), Some(second)) = (tree.first(index, Space::None, own), tree.first(index, space, other)) {
            same_meaning(first, second, (own, shown), findings);
        }
    }
}
