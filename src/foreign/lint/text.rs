//! What a piece of a feed says once its references are read, and where each part of that stands in the file.

use std::ops::Range;

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
}

impl Text {
    /// A text that stands in the source as it is.
    pub(super) fn push(&mut self, source: &str, at: Range<usize>) {
        if !at.is_empty() {
            self.pieces.push(Piece { value: self.value.len(), source: at.start, reference: None });
            self.value.push_str(&source[at]);
        }
    }

    /// What a reference stands for.
    pub(super) fn push_reference(&mut self, meaning: &str, at: Range<usize>) {
        self.pieces.push(Piece { value: self.value.len(), source: at.start, reference: Some(at.len()) });
        self.value.push_str(meaning);
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
        let start = self.value.len() - self.value.trim_start().len();
        self.locate(start..start + self.value.trim().len())
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
        read(source, here..here + stop, &mut text);
        here += stop;
        let rest = &source[here..at.end];
        let length =
            |open: usize, close: &str| rest[open..].find(close).map_or(rest.len(), |end| open + end + close.len());
        here += if let Some(section) = rest.strip_prefix("<![CDATA[") {
            let start = here + "<![CDATA[".len();
            let inner = section.find("]]>");
            text.push(source, start..start + inner.unwrap_or(section.len()));
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
    read(source, at, &mut text);
    text
}

/// Adds a piece of text with its references read.
fn read(source: &str, at: Range<usize>, text: &mut Text) {
    let mut here = at.start;
    while here < at.end {
        let rest = &source[here..at.end];
        let stop = rest.find('&').unwrap_or(rest.len());
        text.push(source, here..here + stop);
        here += stop;
        let Some(reference) = reference(&source[here..at.end]) else {
            let ampersand = usize::from(here < at.end);
            text.push(source, here..here + ampersand);
            here += ampersand;
            continue;
        };
        text.push_reference(&meaning(reference), here..here + reference.len());
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
pub(super) fn check_references(source: &str, at: Range<usize>, declared: &[String], findings: &mut Findings) {
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
        } else if !["amp", "lt", "gt", "quot", "apos"].contains(&name) && !declared.iter().any(|known| known == name) {
            undefined(reference, start..here, findings);
        }
    }
}

fn undefined(reference: &str, at: Range<usize>, findings: &mut Findings) {
    let meant = htmlize::unescape(reference);
    let mut letters = meant.chars();
    let code = (meant != reference).then(|| (letters.next(), letters.next()));
    findings.tell(
        Code::UndefinedEntity,
        "",
        at,
        || format!("XML does not know `{reference}`"),
        |finding| {
            let finding = finding.label("parsers stop here: what follows is lost");
            match code {
                Some((Some(letter), None)) => {
                    finding.help("it is HTML's; write its number").suggest(format!("&#{};", u32::from(letter)))
                }
                Some(_) => finding.help("it is HTML's; write the characters themselves").suggest(meant.to_string()),
                None => finding.help(format!("if it is meant as it stands, write `&amp;{}`", &reference[1..])),
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
}
