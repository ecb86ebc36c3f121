//! The items of a JSON Feed, and what each key of a feed, an item or an attachment wants.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::foreign::html::short;
use crate::foreign::lint::addresses::{self, Wanted};
use crate::foreign::lint::codes::Code;
use crate::foreign::lint::dates::rfc_3339;
use crate::foreign::lint::findings::Findings;
use crate::foreign::lint::json_values::{Index, Key, Kind, Values, inner, string};
use crate::foreign::lint::text::Text;
use crate::foreign::lint::{html, plain, values};
use crate::words::nearest::nearest;

/// What a key's value must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wants {
    /// Any string.
    Text,
    /// A string that is shown as it stands.
    Plain,
    /// A string of HTML.
    Html,
    /// A string that is a whole address.
    Address,
    /// A string that is a moment.
    Date,
    /// A string that is a language.
    Language,
    /// A string that is a media type.
    MediaType,
    Boolean,
    Number,
    Array,
    /// An author, as version 1.0 has one.
    Author,
    /// Authors, as version 1.1 has them.
    Authors,
    /// Strings.
    Tags,
}

impl Wants {
    /// What kind of value that is.
    fn kind(self) -> Kind {
        match self {
            Self::Boolean => Kind::Boolean,
            Self::Number => Kind::Number,
            Self::Array | Self::Authors | Self::Tags => Kind::Array,
            Self::Author => Kind::Object,
            Self::Text | Self::Plain | Self::Html | Self::Address | Self::Date | Self::Language | Self::MediaType => {
                Kind::Text
            }
        }
    }
}

/// An object: what messages call it, its keys, and what others call them.
pub(super) struct Shape {
    pub(super) name: &'static str,
    pub(super) keys: &'static [(&'static str, Wants)],
    pub(super) synonyms: &'static [(&'static str, &'static str)],
}

const ITEM: Shape = Shape {
    name: "item",
    keys: &[
        ("id", Wants::Text),
        ("url", Wants::Address),
        ("external_url", Wants::Address),
        ("title", Wants::Plain),
        ("content_html", Wants::Html),
        ("content_text", Wants::Text),
        ("summary", Wants::Plain),
        ("image", Wants::Address),
        ("banner_image", Wants::Address),
        ("date_published", Wants::Date),
        ("date_modified", Wants::Date),
        ("author", Wants::Author),
        ("authors", Wants::Authors),
        ("tags", Wants::Tags),
        ("language", Wants::Language),
        ("attachments", Wants::Array),
    ],
    synonyms: &[
        ("guid", "id"),
        ("link", "url"),
        ("content", "content_html"),
        ("description", "summary"),
        ("pubDate", "date_published"),
        ("published", "date_published"),
        ("date", "date_published"),
        ("updated", "date_modified"),
        ("categories", "tags"),
        ("enclosure", "attachments"),
    ],
};

const AUTHOR: Shape = Shape {
    name: "author",
    keys: &[("name", Wants::Text), ("url", Wants::Address), ("avatar", Wants::Address)],
    synonyms: &[],
};

const ATTACHMENT: Shape = Shape {
    name: "attachment",
    keys: &[
        ("url", Wants::Address),
        ("mime_type", Wants::MediaType),
        ("title", Wants::Text),
        ("size_in_bytes", Wants::Number),
        ("duration_in_seconds", Wants::Number),
    ],
    synonyms: &[
        ("type", "mime_type"),
        ("length", "size_in_bytes"),
        ("size", "size_in_bytes"),
        ("duration", "duration_in_seconds"),
    ],
};

/// What the items have told so far.
#[derive(Debug, Default)]
pub(super) struct Items {
    /// How many there are.
    pub(super) count: usize,
    ids: BTreeMap<String, usize>,
}

impl Items {
    /// Looks at an item.
    pub(super) fn check(&mut self, values: &Values, index: Index, findings: &mut Findings) {
        self.count += 1;
        let item = values.get(index);
        if item.kind != Kind::Object {
            return wrong_type("item", item.kind, Kind::Object, item.at.clone(), findings);
        }
        shape(values, index, &ITEM, findings);
        required(values, index, "item", "id", findings);
        self.id(values, index, findings);
        if !["content_html", "content_text"].iter().any(|name| values.member(index, name).is_some()) {
            findings.tell(
                Code::MissingContent,
                "",
                item.at.start..item.at.start + 1,
                || "the item has neither `content_html` nor `content_text`".to_owned(),
                |finding| finding.help("add one of them, if only an empty `content_text`"),
            );
        }
        if let Some(attachments) = values.member(index, "attachments") {
            for attachment in elements(values, attachments, "attachments", Kind::Object, findings) {
                shape(values, attachment, &ATTACHMENT, findings);
                required(values, attachment, "attachment", "url", findings);
                required(values, attachment, "attachment", "mime_type", findings);
            }
        }
    }

    fn id(&mut self, values: &Values, index: Index, findings: &mut Findings) {
        let source = findings.text();
        let Some(id) = values.member(index, "id").map(|id| values.get(id)).filter(|id| id.kind == Kind::Text) else {
            return;
        };
        let value = string(&source.text, id.at.clone()).value;
        if value.is_empty() {
            return blank("id", id.at.clone(), "give it a text that stays the same for ever", findings);
        }
        match self.ids.get(&value) {
            Some(first) => {
                let first = *first..*first + id.at.len();
                findings.tell(
                    Code::DuplicateGuid,
                    "",
                    id.at.clone(),
                    || format!("the id `{}` stands twice", short(&value)),
                    |finding| finding.also(first, "first here").help("give each item its own"),
                );
            }
            None => {
                self.ids.insert(value, id.at.start);
            }
        }
    }
}

/// Says that an object lacks a key.
pub(super) fn required(values: &Values, index: Index, object: &str, name: &str, findings: &mut Findings) {
    if values.member(index, name).is_none() {
        let start = values.get(index).at.start;
        findings.tell(
            Code::MissingKey,
            &format!("{object} {name}"),
            start..start + 1,
            || format!("the {object} has no `{name}`"),
            |finding| match (object, name) {
                ("item", "id") => finding.help("give it a text that stays the same for ever, best the item's address"),
                _ => finding.help("add it"),
            },
        );
    }
}

/// Looks at the keys of an object and at their values.
pub(super) fn shape(values: &Values, index: Index, shape: &Shape, findings: &mut Findings) {
    for (member, key) in values.members(index) {
        match shape.keys.iter().find(|(name, _)| *name == key.name) {
            Some((name, wants)) => value(values, member, name, *wants, findings),
            None if key.name.starts_with('_') => extension(values, member, &key.name, key.at.clone(), findings),
            None => unknown(values, index, member, shape, findings),
        }
    }
}

fn extension(values: &Values, index: Index, name: &str, at: Range<usize>, findings: &mut Findings) {
    let is_named = name[1..].starts_with(|c: char| c.is_ascii_alphabetic()) && !name.contains('.');
    if values.get(index).kind == Kind::Object && is_named {
        return;
    }
    findings.tell(
        Code::UnknownKey,
        "extension",
        at,
        || format!("the extension `{name}` is no object with a proper name"),
        |finding| finding.help("name it `_` and a word without dots, and put what it says into an object"),
    );
}

fn unknown(values: &Values, object: Index, member: Index, shape: &Shape, findings: &mut Findings) {
    let Some(Key { name, at }) = &values.get(member).key else { return };
    let (taken, kind) = (|key: &str| values.member(object, key).is_some(), values.get(member).kind);
    let object = shape.name;
    findings.tell(
        Code::UnknownKey,
        &format!("{object} {name}"),
        at.clone(),
        || {
            format!(
                "JSON Feed knows no `{name}` of {} {object}",
                if object.starts_with(['a', 'i']) { "an" } else { "a" }
            )
        },
        |finding| {
            let synonym = shape.synonyms.iter().find(|(other, _)| other == name).map(|(_, ours)| *ours);
            let near = synonym.or_else(|| nearest(name, shape.keys.iter().map(|(known, _)| *known)));
            let fits = |near| shape.keys.iter().any(|(known, wants)| *known == near && wants.kind() == kind);
            match near {
                Some(near) if taken(near) || !fits(near) => finding.help(format!("did you mean `{near}`?")),
                Some(near) => finding.help(format!("did you mean `{near}`?")).suggest(near),
                None => finding.help("take it out, or put it into an object whose key starts with `_`"),
            }
        },
    );
}

fn wrong_type(name: &str, is: Kind, wanted: Kind, at: Range<usize>, findings: &mut Findings) {
    findings.tell(
        Code::WrongType,
        name,
        at,
        || format!("`{name}` is {} and must be {}", is.name(), wanted.name()),
        |finding| match is {
            Kind::Null => finding.help("leave the key out instead"),
            Kind::Number if wanted == Kind::Text => finding.help("put it into quotes"),
            _ => finding.help(format!("write {}", wanted.name())),
        },
    );
}

fn blank(name: &str, at: Range<usize>, help: &'static str, findings: &mut Findings) {
    findings.tell(Code::EmptyElement, name, at, || format!("`{name}` is empty"), |finding| finding.help(help));
}

/// The values in an array that are of the right kind; others are told.
pub(super) fn elements(values: &Values, array: Index, name: &str, wanted: Kind, findings: &mut Findings) -> Vec<Index> {
    if values.get(array).kind != Kind::Array {
        return Vec::new();
    }
    let (right, wrong): (Vec<_>, Vec<_>) =
        values.get(array).children.iter().partition(|child| values.get(**child).kind == wanted);
    for child in wrong {
        let child = values.get(child);
        wrong_type(&format!("{name}[]"), child.kind, wanted, child.at.clone(), findings);
    }
    right
}

fn value(values: &Values, index: Index, name: &str, wants: Wants, findings: &mut Findings) {
    let value = values.get(index);
    let wanted = wants.kind();
    if value.kind != wanted {
        let end = if matches!(value.kind, Kind::Object | Kind::Array) { value.at.start + 1 } else { value.at.end };
        return wrong_type(name, value.kind, wanted, value.at.start..end, findings);
    }
    match wants {
        Wants::Boolean | Wants::Number | Wants::Array => {}
        Wants::Tags => {
            elements(values, index, name, Kind::Text, findings);
        }
        Wants::Authors => {
            for author in elements(values, index, name, Kind::Object, findings) {
                person(values, author, findings);
            }
        }
        Wants::Author => {
            obsolete(values, index, findings);
            person(values, index, findings);
        }
        _ => text(&string(&findings.text().text, value.at.clone()), name, wants, value.at.clone(), findings),
    }
}

fn person(values: &Values, index: Index, findings: &mut Findings) {
    shape(values, index, &AUTHOR, findings);
    if values.members(index).next().is_none() {
        let start = values.get(index).at.start;
        blank("author", start..start + 1, "give it a `name`, a `url` or an `avatar`", findings);
    }
}

/// Says that `author` is `authors` now, in a feed of version 1.1.
fn obsolete(values: &Values, index: Index, findings: &mut Findings) {
    let source = findings.text();
    let version = values.member(0, "version").map(|version| string(&source.text, values.get(version).at.clone()).value);
    if version.is_some_and(|version| version.ends_with("/version/1")) {
        return;
    }
    let Some(key) = &values.get(index).key else { return };
    findings.tell(
        Code::ObsoleteKey,
        "",
        key.at.clone(),
        || "`author` is of JSON Feed 1.0".to_owned(),
        |finding| finding.help("write `\"authors\": [{ … }]`; `author` may stay beside it for old readers"),
    );
}

fn text(text: &Text, name: &str, wants: Wants, at: Range<usize>, findings: &mut Findings) {
    let shown = format!("`{name}`");
    let inner = inner(&findings.source.text, at.clone());
    match wants {
        Wants::Plain => plain::check(text, &shown, findings),
        Wants::Html => html::check(text, &shown, findings),
        Wants::Address => {
            addresses::check(text, Wanted::Iri, &shown, at, findings);
        }
        Wants::Date => {
            rfc_3339(&text.clone().or_at(at), name, findings);
        }
        Wants::Language => values::language(text, &shown, inner, findings),
        Wants::MediaType => values::media_type(text, name, inner, findings),
        _ => {}
    }
}
