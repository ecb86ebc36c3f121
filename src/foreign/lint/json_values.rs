//! The values of a JSON Feed, as far as they are remembered, with their keys and places.

use std::ops::Range;

use crate::foreign::lint::text::{Surroundings, Text};

/// A value, named by its place in the tree.
pub(super) type Index = usize;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Object,
    Array,
    Text,
    Number,
    Boolean,
    Null,
}

impl Kind {
    /// As messages call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Object => "an object",
            Self::Array => "an array",
            Self::Text => "a string",
            Self::Number => "a number",
            Self::Boolean => "`true` or `false`",
            Self::Null => "`null`",
        }
    }
}

/// A value.
#[derive(Debug)]
pub(super) struct Value {
    /// What it is.
    pub(super) kind: Kind,
    /// Where it stands; a string with its quotes.
    pub(super) at: Range<usize>,
    /// Its key, if it stands in an object.
    pub(super) key: Option<Key>,
    /// What stands in it.
    pub(super) children: Vec<Index>,
    pub(super) parent: Option<Index>,
}

/// A key and where it stands, without quotes.
#[derive(Debug, Clone)]
pub(super) struct Key {
    /// What it says.
    pub(super) name: String,
    /// Where.
    pub(super) at: Range<usize>,
}

/// The values that are remembered.
#[derive(Debug, Default)]
pub(super) struct Values {
    pub(super) values: Vec<Value>,
}

impl Values {
    /// A value.
    pub(super) fn get(&self, index: Index) -> &Value {
        &self.values[index]
    }

    /// The values in an object with their keys.
    pub(super) fn members(&self, index: Index) -> impl Iterator<Item = (Index, &Key)> {
        self.values[index].children.iter().filter_map(|child| Some((*child, self.values[*child].key.as_ref()?)))
    }

    /// The value of a key.
    pub(super) fn member(&self, index: Index, name: &str) -> Option<Index> {
        self.members(index).find(|(_, key)| key.name == name).map(|(index, _)| index)
    }

    /// Whether a value is one of the feed's items.
    pub(super) fn is_item(&self, index: Index) -> bool {
        let parent = self.values[index].parent;
        let is_items = |items: Index| {
            let items = &self.values[items];
            items.kind == Kind::Array
                && items.parent == Some(0)
                && items.key.as_ref().is_some_and(|key| key.name == "items")
        };
        parent.is_some_and(is_items)
    }
}

/// What stands between the quotes of a string, which may lack one or both.
pub(super) fn inner(source: &str, at: Range<usize>) -> Range<usize> {
    let text = &source[at.clone()];
    let start = usize::from(text.starts_with('"'));
    let end = usize::from(text.len() > start && text.ends_with('"'));
    at.start + start..at.end - end
}

/// What a string says.
pub(super) fn string(source: &str, at: Range<usize>) -> Text {
    let mut text = Text::default();
    let inner = inner(source, at);
    let mut here = inner.start;
    while here < inner.end {
        let rest = &source[here..inner.end];
        let stop = rest.find('\\').unwrap_or(rest.len());
        text.push(source, here..here + stop, Surroundings::Json);
        here += stop;
        if here < inner.end {
            let (letter, length) = escape(&source[here..inner.end]);
            text.push_reference(letter.encode_utf8(&mut [0; 4]), here..here + length, Surroundings::Json);
            here += length;
        }
    }
    text
}

/// The character of the escape that a text starts with, and its length.
fn escape(text: &str) -> (char, usize) {
    let unit =
        |at: usize| text.get(at..at + 6).and_then(|unit| u32::from_str_radix(unit.strip_prefix("\\u")?, 16).ok());
    let simple = match text.as_bytes().get(1) {
        Some(b'n') => '\n',
        Some(b't') => '\t',
        Some(b'r') => '\r',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'u') => {
            return match (unit(0), unit(6)) {
                (Some(high @ 0xD800..=0xDBFF), Some(low @ 0xDC00..=0xDFFF)) => {
                    (char::from_u32(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)).unwrap_or('\u{fffd}'), 12)
                }
                (Some(code), _) => (char::from_u32(code).unwrap_or('\u{fffd}'), 6),
                (None, _) => ('u', 2),
            };
        }
        _ => match text[1..].chars().next() {
            Some(other) => return (other, 1 + other.len_utf8()),
            None => return ('\\', 1),
        },
    };
    (simple, 2)
}
