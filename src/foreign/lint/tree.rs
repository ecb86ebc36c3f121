//! The elements of a feed, as far as they are remembered, with their namespaces and places.

use std::ops::Range;

use crate::foreign::lint::findings::Findings;
use crate::foreign::lint::namespaces::Space;
use crate::foreign::lint::text::{self, Text};

/// An element, named by its place in the tree.
pub(super) type Index = usize;

/// The elements that are remembered at the moment.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) elements: Vec<Element>,
}

/// An element.
#[derive(Debug, Clone)]
pub(super) struct Element {
    /// Its name without the prefix.
    pub(super) name: String,
    /// Its namespace.
    pub(super) space: Space,
    /// Its start tag.
    pub(super) tag: Range<usize>,
    /// Its name in the start tag.
    pub(super) at: Range<usize>,
    /// What stands between its tags.
    pub(super) inner: Range<usize>,
    /// Its attributes.
    pub(super) attributes: Vec<Attribute>,
    /// The elements in it, in order.
    pub(super) children: Vec<Index>,
    /// Where text stands directly in it, if any does.
    pub(super) text_at: Option<Range<usize>>,
    /// What it stands in.
    pub(super) parent: Option<Index>,
}

/// An attribute.
#[derive(Debug, Clone)]
pub(super) struct Attribute {
    /// Its name without the prefix.
    pub(super) name: String,
    /// Its namespace.
    pub(super) space: Space,
    /// Its name as it stands.
    pub(super) at: Range<usize>,
    /// What stands between the quotes.
    pub(super) value: Range<usize>,
}

/// What looks at elements.
pub(super) trait Visitor {
    /// Whether an element is an item, to be looked at and forgotten as soon as it is closed.
    fn is_item(&self, tree: &Tree, element: Index) -> bool;
    /// An item that is closed.
    fn item(&mut self, tree: &Tree, item: Index, findings: &mut Findings);
    /// The outermost element, without its items.
    fn root(&mut self, tree: &Tree, root: Index, findings: &mut Findings);
}

impl Tree {
    /// An element.
    pub(super) fn get(&self, index: Index) -> &Element {
        &self.elements[index]
    }

    /// The elements in an element.
    pub(super) fn children(&self, index: Index) -> impl Iterator<Item = (Index, &Element)> {
        self.elements[index].children.iter().map(|child| (*child, &self.elements[*child]))
    }

    /// The elements of one name in an element.
    pub(super) fn all<'t>(&'t self, index: Index, space: Space, name: &'t str) -> impl Iterator<Item = &'t Element> {
        self.children(index).map(|(_, child)| child).filter(move |child| child.is(space, name))
    }

    /// The first element of a name in an element.
    pub(super) fn first<'t>(&'t self, index: Index, space: Space, name: &'t str) -> Option<&'t Element> {
        self.all(index, space, name).next()
    }

    /// The name of what an element stands in, if it stands in something.
    pub(super) fn parent(&self, index: Index) -> Option<&Element> {
        self.elements[index].parent.map(|parent| &self.elements[parent])
    }
}

impl Element {
    /// Whether it is the element of a vocabulary.
    pub(super) fn is(&self, space: Space, name: &str) -> bool {
        self.space == space && self.name == name
    }

    /// What an attribute without a prefix says.
    pub(super) fn attribute(&self, source: &str, name: &str) -> Option<Text> {
        let found =
            self.attributes.iter().find(|attribute| attribute.space == Space::None && attribute.name == name)?;
        Some(text::attribute(source, found.value.clone()))
    }

    /// Where the value of an attribute stands, or the tag if it has none.
    pub(super) fn place_of(&self, name: &str) -> Range<usize> {
        let found = self.attributes.iter().find(|attribute| attribute.space == Space::None && attribute.name == name);
        found.map_or(self.tag.clone(), |attribute| attribute.value.clone())
    }

    /// What its text says.
    pub(super) fn text(&self, source: &str) -> Text {
        text::content(source, self.inner.clone())
    }
}
