//! What a piece of a feed says once its references are read, and where each part of that stands in the file.

use std::collections::BTreeSet;
use std::ops::Range;

use quick_xml::escape::{escape, partial_escape};

use crate::foreign::lint::codes::Code;
use crate::foreign::lint::findings::Findings;
use crate::words::characters::is_legal;

/// A text that was escaped in one way or another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Text {
    /// What it says.
    pub(super) value: String,
    /// Where its parts come from, in order.
    pieces: Vec<Piece>,
}

/// A part that stands in the source as it is, or one that a reference stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Piece {
    /// Where it starts in the value.
    value: usize,
    /// Where it starts in the source.
    source: usize,
    /// How long it is in the source, if it is a reference.
    reference: Option<usize>,
    surroundings: Surroundings,
}

/// What a part stands in, which decides how characters are written there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Surroundings {
    /// The text of an element.
    Element,
    /// An attribute's value.
    Attribute,
    /// A section, where no reference is read.
    Section,
    /// A string of JSON.
    Json,
}

impl Surroundings {
    /// A text as it is written there, if it can be.
    fn write(self, text: &str) -> Option<String> {
        Some(match self {
            Self::Json => {
                let quoted = serde_json::to_string(text).ok()?;
                quoted[1..quoted.len() - 1].to_owned()
            }
            _ if !text.chars().all(is_legal) => return None,
            Self::Element => partial_escape(text).into_owned(),
            Self::Attribute => escape(text).into_owned(),
            // With what stands around it, it could end the section.
            Self::Section if text.contains([']', '>']) => return None,
            Self::Section => text.to_owned(),
        })
    }
}

impl Text {
    /// A text that stands in the source as it is.
    pub(super) fn push(&mut self, source: &str, at: Range<usize>, surroundings: Surroundings) {
        if !at.is_empty() {
            self.pieces.push(Piece { value: self.value.len(), source: at.start, reference: None, surroundings });
            self.value.push_str(&source[at]);
        }
    }

    /// What a reference stands for.
    pub(super) fn push_reference(&mut self, meaning: &str, at: Range<usize>, surroundings: Surroundings) {
        let reference = Some(at.len());
        self.pieces.push(Piece { value: self.value.len(), source: at.start, reference, surroundings });
        self.value.push_str(meaning);
    }

    /// The text, or, if it says nothing, something that stands where its tag or its quotes do.
    pub(super) fn or_at(self, place: Range<usize>) -> Self {
        if !self.trimmed().is_empty() {
            return self;
        }
        let mut shown = Self::default();
        shown.push_reference(" ", place, Surroundings::Element);
        shown
    }

    /// What to write in the source, and in place of what, so that a part of the text says something else. `None` where a replacement
    /// would take something else with it, such as a tag or the end of a section.
    pub(super) fn replacement(&self, source: &str, part: Range<usize>, says: &str) -> Option<(Range<usize>, String)> {
        let piece = |at: usize| {
            let index = self.pieces.partition_point(|piece| piece.value <= at).checked_sub(1)?;
            Some(self.pieces[index].surroundings)
        };
        let surroundings = piece(part.start)?;
        let at = self.locate(part.clone());
        let old = &source[at.clone()];
        let is_one = match surroundings {
            Surroundings::Element => !old.contains('<'),
            Surroundings::Section => !old.contains("]]>"),
            Surroundings::Attribute | Surroundings::Json => true,
        };
        let is_same = piece(part.end.saturating_sub(1).max(part.start)) == Some(surroundings);
        (is_one && is_same).then(|| surroundings.write(says)).flatten().map(|new| (at, new))
    }

    /// Where a part of the value stands.
    pub(super) fn locate(&self, part: Range<usize>) -> Range<usize> {
        let place = |at: usize| {
            let index = self.pieces.partition_point(|piece| piece.value <= at).checked_sub(1)?;
            Some((self.pieces[index], at - self.pieces[index].value))
        };
        let Some((piece, into)) = place(part.start) else { return 0..0 };
        let start = piece.source + if piece.reference.is_some() { 0 } else { into };
        let end = match part.end.checked_sub(1).filter(|last| *last >= part.start).and_then(place) {
            Some((Piece { reference: Some(length), source, .. }, _)) => source + length,
            Some((piece, into)) => piece.source + into + 1,
            None => start,
        };
        start..end.max(start)
    }

    /// Where all of it stands, without the white space around it.
    pub(super) fn place(&self) -> Range<usize> {
        self.locate(self.trimmed_part())
    }

    /// As above, or another place if it says nothing.
    pub(super) fn place_or(&self, other: &Range<usize>) -> Range<usize> {
        if self.trimmed().is_empty() { other.clone() } else { self.place() }
    }

    /// All of it without the white space around it, as a part of the value.
    pub(super) fn trimmed_part(&self) -> Range<usize> {
        let start = self.value.len() - self.value.trim_start().len();
        start..start + self.trimmed().len()
    }

    /// What it says, without the white space around it.
    pub(super) fn trimmed(&self) -> &str {
        self.value.trim()
    }
}

/// What an element's content says, without its elements.
pub(super) fn content(source: &str, at: Range<usize>) -> Text {
    let mut text = Text::default();
    let mut here = at.start;
    while here < at.end {
        let rest = &source[here..at.end];
        let stop = rest.find('<').unwrap_or(rest.len());
        read(source, here..here + stop, Surroundings::Element, &mut text);
        here += stop;
        let rest = &source[here..at.end];
        let length =
            |open: usize, close: &str| rest[open..].find(close).map_or(rest.len(), |end| open + end + close.len());
        here += if let Some(section) = rest.strip_prefix("<![CDATA[") {
            let start = here + "<![CDATA[".len();
            let inner = section.find("]]>");
            text.push(source, start..start + inner.unwrap_or(section.len()), Surroundings::Section);
            inner.map_or(rest.len(), |inner| "<![CDATA[".len() + inner + "]]>".len())
        } else if rest.starts_with("<!--") {
            length("<!--".len(), "-->")
        } else if rest.starts_with('<') {
            length(1, ">")
        } else {
            0
        };
    }
    text
}

/// What an attribute's value says.
pub(super) fn attribute(source: &str, at: Range<usize>) -> Text {
    let mut text = Text::default();
    read(source, at, Surroundings::Attribute, &mut text);
    text
}

/// Adds a piece of text with its references read.
fn read(source: &str, at: Range<usize>, surroundings: Surroundings, text: &mut Text) {
    let mut here = at.start;
    while here < at.end {
        let rest = &source[here..at.end];
        let stop = rest.find('&').unwrap_or(rest.len());
        text.push(source, here..here + stop, surroundings);
        here += stop;
        let Some(reference) = reference(&source[here..at.end]) else {
            let ampersand = usize::from(here < at.end);
            text.push(source, here..here + ampersand, surroundings);
            here += ampersand;
            continue;
        };
        text.push_reference(&meaning(reference), here..here + reference.len(), surroundings);
        here += reference.len();
    }
}

/// The reference that a text starts with, from `&` to `;`.
fn reference(text: &str) -> Option<&str> {
    let body = text.strip_prefix('&')?;
    let name = body.strip_prefix('#').unwrap_or(body);
    let length = name.find(|c: char| !c.is_alphanumeric()).filter(|length| (1..=32).contains(length))?;
    let end = text.len() - name.len() + length;
    text[end..].starts_with(';').then(|| &text[..=end])
}

/// What a reference stands for; those of HTML are read as they were meant.
fn meaning(reference: &str) -> String {
    let number = reference.strip_prefix("&#").map(|rest| rest.trim_end_matches(';'));
    match number.map(code) {
        Some(code) => code.and_then(char::from_u32).unwrap_or('\u{fffd}').to_string(),
        None => htmlize::unescape(reference).into_owned(),
    }
}

fn code(number: &str) -> Option<u32> {
    match number.strip_prefix(['x', 'X']) {
        Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok(),
        None => number.parse().ok(),
    }
}

/// Says which references in a text or a value a parser will not read. `declared` are the entities of the document type.
pub(super) fn check_references(source: &str, at: Range<usize>, declared: &BTreeSet<String>, findings: &mut Findings) {
    let mut here = at.start;
    while let Some(stop) = source[here..at.end].find('&') {
        let start = here + stop;
        here = start + 1;
        let Some(reference) = reference(&source[start..at.end]) else {
            findings.tell(
                Code::BareAmpersand,
                "",
                start..start + 1,
                || "an ampersand stands alone".to_owned(),
                |finding| finding.help("write it as a reference").suggest("&amp;"),
            );
            continue;
        };
        here = start + reference.len();
        let name = reference.trim_start_matches('&').trim_end_matches(';');
        if let Some(number) = name.strip_prefix('#') {
            // `&#X41;` with a capital is no reference either, but everybody reads it.
            if !code(number).and_then(char::from_u32).is_some_and(is_legal) {
                findings.tell(
                    Code::IllegalCharacter,
                    "reference",
                    start..here,
                    || format!("`{reference}` stands for a character that XML has no way to write"),
                    |finding| finding.help("leave it out"),
                );
            }
        } else if !["amp", "lt", "gt", "quot", "apos"].contains(&name) && !declared.contains(name) {
            undefined(reference, start..here, findings);
        }
    }
}

fn undefined(reference: &str, at: Range<usize>, findings: &mut Findings) {
    let meant = htmlize::unescape(reference);
    let numbers: String = meant.chars().map(|letter| format!("&#{};", u32::from(letter))).collect();
    findings.tell(
        Code::UndefinedEntity,
        "",
        at,
        || format!("XML does not know `{reference}`"),
        |finding| {
            let finding = finding.label("parsers stop here: what follows is lost");
            if meant == reference {
                finding.help(format!("if it is meant as it stands, write `&amp;{}`", &reference[1..]))
            } else {
                finding.help("it is HTML's; write its number").suggest(numbers)
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_knows_where_its_parts_stand() {
        let source = "<a>x &lt;b&gt;<!-- no --><![CDATA[&amp;]]> é&nbsp;</a>";
        let text = content(source, 3..source.len() - 4);
        assert_eq!(text.value, "x <b>&amp; é\u{a0}");
        for (part, expected) in
            [("x ", "x "), ("<b>", "&lt;b&gt;"), ("&amp;", "&amp;"), ("é", "é"), ("\u{a0}", "&nbsp;")]
        {
            let at = text.value.find(part).expect("there");
            assert_eq!(&source[text.locate(at..at + part.len())], expected);
        }
    }

    #[test]
    fn a_part_is_replaced_as_its_surroundings_want_it() {
        let source = "<a>x &amp;lt; <![CDATA[&amp;]]>]]&gt;<b>y</b></a>";
        let text = content(source, 3..source.len() - 4);
        let replaced = |part: &str, says: &str| {
            let at = text.value.find(part).expect("there");
            let (at, new) = text.replacement(source, at..at + part.len(), says)?;
            Some(format!("{}|{new}", &source[at]))
        };
        for (part, says, expected) in [
            ("&lt;", "<", Some("&amp;lt;|&lt;")),
            ("&lt;", "\u{1}", None),
            ("&amp;", "&", Some("&amp;|&")),
            ("&amp;", ">", None),
            // From an element's text into a section, and over a tag.
            ("&lt; &", "x", None),
            ("]>y", "x", None),
        ] {
            assert_eq!(replaced(part, says).as_deref(), expected, "{part}");
        }
        let value = attribute("a&quot;", 0..7);
        assert_eq!(value.replacement("a&quot;", 0..2, "\"'"), Some((0..7, "&quot;&apos;".to_owned())));
    }
}
