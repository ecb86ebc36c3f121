//! Which elements stand where: unknown ones, misplaced ones, those that stand twice, and text where none belongs.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::foreign::lint::codes::Code;
use crate::foreign::lint::findings::Findings;
use crate::foreign::lint::namespaces::Space;
use crate::foreign::lint::tree::{Element, Index, Tree};
use crate::words::nearest::nearest;

/// What may stand in an element.
#[derive(Debug, Clone, Copy)]
pub(super) struct Allowed {
    /// The element's name.
    pub(super) name: &'static str,
    /// How often.
    pub(super) often: Often,
    /// The attributes that it has.
    pub(super) attributes: &'static [&'static str],
}

/// How often an element may stand in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Often {
    /// Once at most.
    Once,
    /// As often as one likes.
    Many,
}

/// An element that may stand once, without attributes.
pub(super) const fn once(name: &'static str) -> Allowed {
    Allowed { name, often: Often::Once, attributes: &[] }
}

/// An element that may stand once, with attributes.
pub(super) const fn once_with(name: &'static str, attributes: &'static [&'static str]) -> Allowed {
    Allowed { name, often: Often::Once, attributes }
}

/// An element that may stand several times, with attributes.
pub(super) const fn many_with(name: &'static str, attributes: &'static [&'static str]) -> Allowed {
    Allowed { name, often: Often::Many, attributes }
}

/// An element of so many bytes is shown whole under another name.
const SHOWN: usize = 200;

/// A vocabulary: its namespace, and what other names people use for its elements or where they belong.
pub(super) struct Vocabulary {
    /// Its namespace.
    pub(super) space: Space,
    /// Names with the elements that they belong into.
    pub(super) places: &'static [(&'static str, &'static str)],
    /// Names of other vocabularies and ours for the same.
    pub(super) synonyms: &'static [(&'static str, &'static str)],
}

/// Looks at the elements in an element.
pub(super) fn check(tree: &Tree, index: Index, allowed: &[Allowed], vocabulary: &Vocabulary, findings: &mut Findings) {
    let parent = tree.get(index);
    if let Some(at) = &parent.text_at {
        findings.tell(
            Code::UnexpectedText,
            &parent.name,
            at.clone(),
            || format!("text stands directly in `{}`", parent.name),
            |finding| finding.help("put it into an element of its own, or take it out"),
        );
    }
    let mut seen: BTreeMap<&str, Range<usize>> = BTreeMap::new();
    for (_, child) in tree.children(index).filter(|(_, child)| child.space == vocabulary.space) {
        let Some(rule) = allowed.iter().find(|rule| rule.name == child.name) else {
            unknown(tree, child, index, allowed, vocabulary, findings);
            continue;
        };
        attributes(child, rule.attributes, findings);
        if rule.often == Often::Many {
            continue;
        }
        match seen.get(rule.name) {
            Some(first) => twice(child, parent, first.clone(), findings),
            None => {
                seen.insert(rule.name, child.tag.clone());
            }
        }
    }
}

/// Says that an element stands twice.
pub(super) fn twice(child: &Element, parent: &Element, first: Range<usize>, findings: &mut Findings) {
    let (name, parent) = (&child.name, &parent.name);
    findings.tell(
        Code::DuplicateElement,
        name,
        child.tag.clone(),
        || format!("`{parent}` has a second `{name}`"),
        |finding| finding.also(first, "first here").help("keep one of them"),
    );
}

/// Says which attributes an element of the format's own should not have.
pub(super) fn attributes(element: &Element, allowed: &[&str], findings: &mut Findings) {
    for attribute in &element.attributes {
        if attribute.space != Space::None || allowed.contains(&attribute.name.as_str()) {
            continue;
        }
        let (name, owner) = (&attribute.name, &element.name);
        findings.tell(
            Code::UnknownAttribute,
            &format!("{owner} {name}"),
            attribute.at.clone(),
            || format!("`{owner}` has no attribute `{name}`"),
            |finding| match nearest(name, allowed.iter().copied()) {
                Some(near) if element.attributes.iter().any(|other| other.name == near) => {
                    finding.help(format!("take it out: `{near}` is there"))
                }
                Some(near) => finding.help(format!("did you mean `{near}`?")).suggest(near),
                None => finding.help("take it out"),
            },
        );
    }
}

fn unknown(
    tree: &Tree,
    child: &Element,
    parent: Index,
    allowed: &[Allowed],
    vocabulary: &Vocabulary,
    findings: &mut Findings,
) {
    let (name, owner) = (child.name.as_str(), tree.get(parent).name.as_str());
    let source = findings.text();
    if let Some((_, place)) = vocabulary.places.iter().find(|(known, _)| *known == name) {
        findings.tell(
            Code::MisplacedElement,
            &format!("{owner} {name}"),
            child.tag.clone(),
            || format!("`{name}` has no place in `{owner}`"),
            |finding| finding.help(format!("move it into `{place}`")),
        );
        return;
    }
    findings.tell(
        Code::UnknownElement,
        &format!("{owner} {name}"),
        child.at.clone(),
        || format!("`{owner}` has no element `{name}`"),
        |finding| {
            if let Some((_, ours)) = vocabulary.synonyms.iter().find(|(other, _)| *other == name) {
                return finding.help(format!("here it is called `{ours}`"));
            }
            match nearest(name, allowed.iter().map(|rule| rule.name)) {
                Some(near) => {
                    let finding = finding.help(format!("did you mean `{near}`?"));
                    let is_many = allowed.iter().any(|rule| rule.name == near && rule.often == Often::Many);
                    let is_free = is_many || tree.first(parent, vocabulary.space, near).is_none();
                    match renamed(child, near, &source.text).filter(|_| is_free) {
                        Some((at, new)) => finding.suggest_at(at, new),
                        None => finding,
                    }
                }
                None => finding.help("take it out, or give it a prefix with a namespace of its own"),
            }
        },
    );
}

/// An element under another name, in both of its tags, if it is short enough to be shown.
fn renamed(element: &Element, name: &str, source: &str) -> Option<(Range<usize>, String)> {
    let old = &source[element.at.clone()];
    let prefix = old.len() - element.name.len();
    let start = element.at.start + prefix;
    if source[element.tag.clone()].ends_with("/>") {
        return Some((start..element.at.end, name.to_owned()));
    }
    let close = format!("</{old}");
    let end = element.inner.end + close.len();
    let is_short = end - start <= SHOWN && !source[start..element.inner.end].contains('\n');
    (is_short && source[element.inner.end..].starts_with(&close)).then(|| {
        let between = &source[element.at.end..element.inner.end];
        (start..end, format!("{name}{between}</{}{name}", &old[..prefix]))
    })
}

/// Looks at an element that holds text only.
pub(super) fn leaf(tree: &Tree, index: Index, findings: &mut Findings) {
    let element = tree.get(index);
    let Some((_, child)) = tree.children(index).next() else { return };
    let (name, owner) = (&child.name, &element.name);
    findings.tell(
        Code::UnknownElement,
        &format!("in {owner}"),
        child.tag.clone(),
        || format!("`<{name}>` stands unescaped in `{owner}`"),
        |finding| {
            finding
                .label("readers take it for an element of the feed and lose what is in it")
                .help("put the HTML into `<![CDATA[…]]>`, or write `&lt;` for each `<`")
        },
    );
}

/// Says that an element lacks one that it must have.
pub(super) fn missing(parent: &Element, name: &str, help: &'static str, findings: &mut Findings) {
    findings.tell(
        Code::MissingElement,
        &format!("{} {name}", parent.name),
        parent.tag.clone(),
        || format!("`{}` has no `{name}`", parent.name),
        |finding| finding.help(help),
    );
}

/// Says that an element lacks an attribute that it must have.
pub(super) fn missing_attribute(element: &Element, name: &str, help: &'static str, findings: &mut Findings) {
    findings.tell(
        Code::MissingAttribute,
        &format!("{} {name}", element.name),
        element.tag.clone(),
        || format!("`{}` has no `{name}`", element.name),
        |finding| finding.help(help),
    );
}

/// Says that an element says nothing.
pub(super) fn empty(element: &Element, help: &'static str, findings: &mut Findings) {
    findings.tell(
        Code::EmptyElement,
        &element.name,
        element.tag.clone(),
        || format!("`{}` is empty", element.name),
        |finding| finding.help(help),
    );
}

/// Says that two elements tell one fact.
pub(super) fn same_meaning(first: &Element, second: &Element, names: (&str, &str), findings: &mut Findings) {
    let (own, other) = names;
    findings.tell(
        Code::DuplicateSemantics,
        &format!("{own} {other}"),
        second.tag.clone(),
        || format!("`{own}` and `{other}` both tell the same"),
        |finding| finding.also(first.tag.clone(), "told here as well").help(format!("keep one of them, best `{own}`")),
    );
}
