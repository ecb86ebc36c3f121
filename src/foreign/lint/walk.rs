//! From tags to elements, and everything that can be said of XML whatever its vocabulary.
//!
//! [`walk`] hands over each item as soon as it is closed and forgets it, so that memory follows the largest item and not the file.
//! Nothing here calls itself: elements may be nested as deeply as anybody likes.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::foreign::encoding::{self, Declaration};
use crate::foreign::lint::codes::Code;
use crate::foreign::lint::findings::Findings;
use crate::foreign::lint::markup::{RawAttribute, Tag, Token, tokens};
use crate::foreign::lint::namespaces::{self, Space};
use crate::foreign::lint::text::{self, check_references};
use crate::foreign::lint::tree::{Attribute, Element, Index, Tree, Visitor};

/// Deeper than this, parsers give up, and so do we: what is deeper is checked as markup only.
const DEEP: usize = 256;

/// As many elements are remembered at once; what comes after is checked as markup only.
const MANY: usize = 200_000;

/// A file that is nested as deeply as this is an attack, and the rest of it is not looked at.
const HOPELESS: usize = 1_000_000;

/// As many names of namespaces are remembered; a feed has a dozen.
const NAMESPACES: usize = 1000;

/// As many entities of document types are remembered.
const ENTITIES: usize = 1000;

/// As far up an end tag looks for its start.
const NEAR: usize = 64;

/// An element that is not closed yet.
struct Open {
    name: Range<usize>,
    tag: Range<usize>,
    /// Its place in the tree, if it is remembered.
    element: Option<Index>,
    is_item: bool,
    /// Prefixes that it declares.
    declared: Vec<String>,
}

/// A walk through a text.
struct Walk<'a, V> {
    source: &'a str,
    visitor: &'a mut V,
    tree: Tree,
    open: Vec<Open>,
    /// What each prefix means, the innermost last.
    prefixes: BTreeMap<String, Vec<Space>>,
    /// Which namespaces were meant by those that are declared.
    meant: BTreeMap<String, Option<&'static str>>,
    entities: BTreeSet<String>,
    roots: usize,
    /// Whether an item is open.
    in_item: bool,
    /// Whether it has been said that not everything is remembered.
    told: bool,
}

/// Walks through a text, from the first to the last tag.
pub(super) fn walk<V: Visitor>(source: &str, visitor: &mut V, findings: &mut Findings) {
    let prefixes = BTreeMap::from([("xml".to_owned(), vec![Space::Xml])]);
    let mut walk = Walk {
        source,
        visitor,
        tree: Tree::default(),
        open: Vec::new(),
        prefixes,
        meant: BTreeMap::new(),
        entities: BTreeSet::new(),
        roots: 0,
        in_item: false,
        told: false,
    };
    let mut tokens = tokens(source);
    while let Some(token) = tokens.next(findings) {
        if walk.open.len() >= HOPELESS {
            break;
        }
        match token {
            Token::Start(tag) => walk.start(&tag, findings),
            Token::End { at, name } => walk.end(at, name, findings),
            Token::Text(at) => {
                check_references(source, at.clone(), &walk.entities, findings);
                if let Some(end) = source[at.clone()].find("]]>") {
                    section_end(at.start + end, findings);
                }
                walk.text(at, findings);
            }
            Token::Section(at) => walk.text(at, findings),
            Token::Doctype(at) => walk.doctype(at, findings),
            Token::Declaration(at) => declaration(source, at, findings),
            Token::Aside => {}
        }
    }
    walk.finish(findings);
}

impl<'a, V: Visitor> Walk<'a, V> {
    fn start(&mut self, tag: &Tag, findings: &mut Findings) {
        if self.open.is_empty() {
            self.roots += 1;
            if self.roots > 1 {
                outside(tag.at.clone(), "a second document starts here", findings);
            }
        }
        let declared = self.declare(&tag.attributes, findings);
        let parent = self.open.last().map(|open| open.element);
        let remembered = self.open.len() < DEEP && self.tree.elements.len() < MANY && self.roots == 1;
        if !remembered && self.roots == 1 && !std::mem::replace(&mut self.told, true) {
            too_complex(tag.at.clone(), self.open.len() >= DEEP, findings);
        }
        let (space, name) = self.resolve(tag.name.clone(), true, findings);
        let attributes = self.attributes(&tag.attributes, findings);
        let element = (remembered && parent.is_none_or(|parent| parent.is_some())).then(|| {
            let parent = parent.flatten();
            self.tree.elements.push(Element {
                name: name.to_owned(),
                space,
                tag: tag.at.clone(),
                at: tag.name.clone(),
                inner: tag.at.end..tag.at.end,
                attributes,
                children: Vec::new(),
                text_at: None,
                parent,
            });
            let index = self.tree.elements.len() - 1;
            if let Some(parent) = parent {
                self.tree.elements[parent].children.push(index);
            }
            index
        });
        let is_item = !self.in_item && element.is_some_and(|element| self.visitor.is_item(&self.tree, element));
        self.in_item |= is_item;
        self.open.push(Open { name: tag.name.clone(), tag: tag.at.clone(), element, is_item, declared });
        if tag.empty {
            self.close(tag.at.end, findings);
        }
    }

    /// Takes note of the prefixes that a tag declares.
    fn declare(&mut self, attributes: &[RawAttribute], findings: &mut Findings) -> Vec<String> {
        let mut declared = Vec::new();
        for attribute in attributes {
            let name = &self.source[attribute.name.clone()];
            let prefix = if name == "xmlns" { Some("") } else { name.strip_prefix("xmlns:") };
            let Some(prefix) = prefix else { continue };
            let value = text::attribute(self.source, attribute.value.clone()).value;
            // Names that are declared again and again are looked up once.
            let known = self.meant.get(&value).copied();
            let meant = known.unwrap_or_else(|| namespaces::meant(&value));
            if known.is_none() && self.meant.len() < NAMESPACES {
                self.meant.insert(value.clone(), meant);
            }
            if let Some(meant) = meant {
                findings.tell(
                    Code::WrongNamespace,
                    meant,
                    attribute.value.clone(),
                    || format!("`{value}` is no namespace that readers know"),
                    |finding| {
                        finding
                            .label("readers see nothing of what has this namespace")
                            .help(format!("did you mean `{meant}`?"))
                            .suggest(meant)
                    },
                );
            }
            // Taken as it was meant, so that what is in it can be checked.
            let space = namespaces::space(meant.unwrap_or(&value));
            self.prefixes.entry(prefix.to_owned()).or_default().push(space);
            declared.push(prefix.to_owned());
        }
        declared
    }

    /// The namespace and the local part of a name.
    fn resolve(&self, at: Range<usize>, is_element: bool, findings: &mut Findings) -> (Space, &'a str) {
        let name: &'a str = &self.source[at.clone()];
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        if prefix.is_empty() && !is_element {
            return (Space::None, local);
        }
        match self.prefixes.get(prefix).and_then(|meanings| meanings.last()) {
            Some(space) => (*space, local),
            None if prefix.is_empty() => (Space::None, local),
            None => {
                let usual = namespaces::usual(prefix);
                findings.tell(
                    Code::UndeclaredPrefix,
                    prefix,
                    at.start..at.start + prefix.len(),
                    || format!("nothing declares the prefix `{prefix}`"),
                    |finding| {
                        let finding = finding.label("parsers stop here: what follows is lost");
                        match usual {
                            Some(usual) => finding
                                .help(format!("declare it on the outermost element: `xmlns:{prefix}=\"{usual}\"`")),
                            None => {
                                finding.help(format!("declare it on the outermost element: `xmlns:{prefix}=\"…\"`"))
                            }
                        }
                    },
                );
                (usual.map_or(Space::Other, namespaces::space), local)
            }
        }
    }

    fn attributes(&self, raw: &[RawAttribute], findings: &mut Findings) -> Vec<Attribute> {
        let mut attributes: Vec<Attribute> = Vec::new();
        let mut seen: BTreeMap<&str, Range<usize>> = BTreeMap::new();
        for RawAttribute { name, value } in raw {
            let written = &self.source[name.clone()];
            if let Some(first) = seen.insert(written, name.clone()) {
                findings.tell(
                    Code::DuplicateAttribute,
                    written,
                    name.clone(),
                    || format!("`{written}` stands twice in one tag"),
                    |finding| finding.also(first, "first here").help("take one of them out"),
                );
            }
            check_references(self.source, value.clone(), &self.entities, findings);
            if written == "xmlns" || written.starts_with("xmlns:") {
                continue;
            }
            let (space, local) = self.resolve(name.clone(), false, findings);
            attributes.push(Attribute { name: local.to_owned(), space, at: name.clone(), value: value.clone() });
        }
        attributes
    }

    fn end(&mut self, at: Range<usize>, name: Range<usize>, findings: &mut Findings) {
        let written = &self.source[name.clone()];
        let near = self.open.iter().rev().take(NEAR);
        let Some(above) = near.map(|open| &self.source[open.name.clone()]).position(|open| open == written) else {
            let open = self.open.last().map(|open| (self.source[open.name.clone()].to_owned(), open.name.clone()));
            let about = if self.open.is_empty() { "outside" } else { written };
            findings.tell(
                Code::MismatchedTag,
                about,
                at,
                || format!("`</{written}>` closes nothing"),
                |finding| match open {
                    Some((open, place)) => finding
                        .label("no such element is open")
                        .also(place, format!("`{open}` is open here"))
                        .help(format!("take it out, or close `{open}` with it")),
                    None => finding.label("no element is open").help("take it out"),
                },
            );
            return;
        };
        for _ in 0..above {
            let open = self.open.last().map(|open| open.name.clone()).unwrap_or_default();
            let unclosed = &self.source[open.clone()];
            findings.tell(
                Code::MismatchedTag,
                unclosed,
                at.clone(),
                || format!("`</{written}>` comes before `</{unclosed}>`"),
                |finding| {
                    finding
                        .label(format!("`{unclosed}` is still open"))
                        .also(open, "opened here")
                        .help(format!("close it first, with `</{unclosed}>`"))
                },
            );
            self.close(at.start, findings);
        }
        self.close(at.start, findings);
    }

    /// Closes the innermost element, whose content ends at `end`.
    fn close(&mut self, end: usize, findings: &mut Findings) {
        let Some(open) = self.open.pop() else { return };
        for prefix in &open.declared {
            if let Some(meanings) = self.prefixes.get_mut(prefix) {
                meanings.pop();
            }
        }
        let Some(index) = open.element else { return };
        let inner = &mut self.tree.elements[index].inner;
        inner.end = end.max(inner.start);
        if open.is_item {
            self.in_item = false;
            self.visitor.item(&self.tree, index, findings);
            self.tree.elements.truncate(index);
            if let Some(parent) = self.open.last().and_then(|open| open.element) {
                // It was the last one, since nothing else is put into what stands around it meanwhile.
                self.tree.elements[parent].children.pop();
            }
        } else if self.open.is_empty() && self.roots == 1 {
            self.visitor.root(&self.tree, index, findings);
        }
    }

    fn text(&mut self, at: Range<usize>, findings: &mut Findings) {
        let text = &self.source[at.clone()];
        let start = at.start + (text.len() - text.trim_start().len());
        let shown = start..start + text.trim().lines().next().unwrap_or_default().trim_end().len();
        if shown.is_empty() {
            return;
        }
        match self.open.last() {
            Some(open) => {
                if let Some(element) = open.element {
                    self.tree.elements[element].text_at.get_or_insert(shown);
                }
            }
            None => outside(shown, "text stands outside the document's element", findings),
        }
    }

    fn doctype(&mut self, at: Range<usize>, findings: &mut Findings) {
        let text = &self.source[at.clone()];
        for declaration in text.split("<!ENTITY").skip(1).take(ENTITIES.saturating_sub(self.entities.len())) {
            self.entities.extend(declaration.split_whitespace().next().map(str::to_owned));
        }
        let first = text.find('[').map_or(text.len(), |start| start + 1);
        findings.tell(
            Code::Doctype,
            "",
            at.start..at.start + first,
            || "the feed has a document type".to_owned(),
            |finding| finding.help("take it out, and write characters instead of the entities that it declares"),
        );
    }

    fn finish(mut self, findings: &mut Findings) {
        if let Some(open) = self.open.last() {
            let tag = open.tag.clone();
            let names = self.open.iter().rev().take(4).map(|open| format!("`{}`", &self.source[open.name.clone()]));
            let names = names.collect::<Vec<_>>().join(", ");
            let verb = if self.open.len() > 1 { "are" } else { "is" };
            findings.tell(
                Code::UnclosedElement,
                "",
                tag,
                || format!("the file ends while {names} {verb} open"),
                |finding| finding.label("opened here").help("close them, or see whether the file was cut off"),
            );
        }
        while !self.open.is_empty() {
            self.close(self.source.len(), findings);
        }
    }
}

fn outside(at: Range<usize>, message: &'static str, findings: &mut Findings) {
    findings.tell(Code::TextOutsideRoot, "", at, || message.to_owned(), |finding| finding.help("take it out"));
}

fn too_complex(at: Range<usize>, is_deep: bool, findings: &mut Findings) {
    let message = if is_deep {
        format!("elements are nested more than {DEEP} deep")
    } else {
        format!("more than {MANY} elements stand here before an item ends")
    };
    findings.tell(
        Code::TooComplex,
        "",
        at,
        || message,
        |finding| {
            finding.label("from here on only the markup is checked").help("escape HTML, or put it into `<![CDATA[…]]>`")
        },
    );
}

fn section_end(at: usize, findings: &mut Findings) {
    findings.tell(
        Code::MalformedMarkup,
        "]]>",
        at..at + 3,
        || "`]]>` stands outside a section".to_owned(),
        |finding| {
            finding
                .help("in text it is written `]]&gt;`; within a section it ends the section, and `]]]]><![CDATA[>` says it")
                .suggest("]]&gt;")
        },
    );
}

fn declaration(source: &str, at: Range<usize>, findings: &mut Findings) {
    let text = &source[at.clone()];
    if at.start > 0 {
        let blank = source[..at.start].trim().is_empty();
        findings.tell(
            Code::BlankBeforeDeclaration,
            "",
            at.clone(),
            || {
                if blank {
                    "blanks stand before the declaration"
                } else {
                    "the declaration is not the first thing in the file"
                }
                .to_owned()
            },
            |finding| {
                finding
                    .label("parsers stop here: what follows is lost")
                    .help("put `<?xml` at the very start of the file")
            },
        );
    }
    let Declaration { version, is_sound, .. } = encoding::declaration(text).unwrap_or_default();
    let is_one = version.as_ref().is_some_and(|version| text[version.clone()] == *"1.0");
    if is_one && !is_sound {
        findings.tell(
            Code::BadDeclaration,
            "rest",
            at.clone(),
            || "the declaration is not what XML wants".to_owned(),
            |finding| {
                finding.help("write `version`, then `encoding`, each with its value in quotes and a space before it")
            },
        );
    }
    if !is_one {
        findings.tell(
            Code::BadDeclaration,
            "",
            at.clone(),
            || "the declaration does not say XML 1.0".to_owned(),
            |finding| {
                let finding = finding.help("this is the version that every parser reads");
                match version {
                    Some(version) => finding.suggest_at(at.start + version.start..at.start + version.end, "1.0"),
                    // What else it says may be no sound declaration behind a version.
                    None => finding
                        .help("write `<?xml version=\"1.0\" encoding=\"…\"?>`, with the encoding that the file has"),
                }
            },
        );
    }
}
