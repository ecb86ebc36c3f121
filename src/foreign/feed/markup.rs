//! XML taken apart as it stands.
//!
//! A reader of XML must stop at the first mistake, and feeds have some in every hundredth file. This one has no mistakes to
//! stop at: whatever is no markup is text. It takes linear time, and nothing recurses.

use std::borrow::Cow;
use std::ops::Range;

use crate::foreign::told::Remarks;

/// A piece of markup or text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Start {
        name: &'a str,
        attributes: &'a str,
        empty: bool,
    },
    End {
        name: &'a str,
    },
    Text(&'a str),
    /// The content of a CDATA section.
    Cdata(&'a str),
    /// Comments, declarations, instructions.
    Other,
}

/// The pieces of a text with their places.
#[derive(Debug, Clone)]
pub(super) struct Tokens<'a> {
    text: &'a str,
    pub(super) at: usize,
    end: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str, range: Range<usize>) -> Self {
        Self { text, at: range.start, end: range.end }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..self.end]
    }

    /// `length` bytes, or all that is left.
    fn take(&mut self, length: usize) -> Range<usize> {
        let start = self.at;
        self.at = (start + length).min(self.end);
        start..self.at
    }

    /// Up to and with `close`; the length of what stands before it, and whether it is there.
    fn until(&self, from: usize, close: &str) -> (usize, usize) {
        let rest = self.rest();
        match rest.get(from..).and_then(|rest| rest.find(close)) {
            Some(length) => (from + length, from + length + close.len()),
            None => (rest.len(), rest.len()),
        }
    }

    fn tag(&mut self) -> (Token<'a>, Range<usize>) {
        let rest = self.rest();
        let is_end = rest.starts_with("</");
        let from = if is_end { 2 } else { 1 };
        let bytes = rest.as_bytes();
        let mut at = from;
        // The tag ends at its `>`, or before the next `<`, which cannot stand in one.
        while at < bytes.len() && bytes[at] != b'>' && bytes[at] != b'<' {
            at += match bytes[at] {
                quote @ (b'"' | b'\'') if !is_end => {
                    let value = &bytes[at + 1..];
                    let stop = value.iter().position(|byte| *byte == quote || *byte == b'<').unwrap_or(value.len());
                    if value.get(stop) == Some(&quote) { stop + 2 } else { 1 }
                }
                _ => 1,
            };
        }
        let inside = &rest[from..at];
        let closed = bytes.get(at) == Some(&b'>');
        let range = self.take(at + usize::from(closed));
        let name_end = inside.find(|c: char| c.is_whitespace() || c == '/').unwrap_or(inside.len());
        let name = &inside[..name_end];
        if is_end {
            return (Token::End { name }, range);
        }
        let attributes = inside[name_end..].trim_end();
        let empty = closed && attributes.ends_with('/');
        (
            Token::Start {
                name,
                attributes: attributes.strip_suffix('/').filter(|_| empty).unwrap_or(attributes),
                empty,
            },
            range,
        )
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = (Token<'a>, Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest();
        let mut chars = rest.chars();
        if chars.next()? != '<' {
            let range = self.take(rest.find('<').unwrap_or(rest.len()));
            return Some((Token::Text(&self.text[range.clone()]), range));
        }
        let named = |c: char| c.is_alphabetic() || c == '_';
        Some(match chars.next() {
            Some('!') if rest.starts_with("<!--") => {
                let (_, end) = self.until(4, "-->");
                (Token::Other, self.take(end))
            }
            Some('!') if rest.starts_with("<![CDATA[") => {
                let (content, end) = self.until(9, "]]>");
                (Token::Cdata(&rest[9.min(content)..content]), self.take(end))
            }
            Some('!') => {
                let (end, _) = self.until(2, ">");
                let close = if rest[..end].contains('[') { "]>" } else { ">" };
                let (_, end) = self.until(2, close);
                (Token::Other, self.take(end))
            }
            Some('?') => {
                let (_, end) = self.until(2, "?>");
                (Token::Other, self.take(end))
            }
            Some('/') if chars.next().is_some_and(named) => self.tag(),
            Some(c) if named(c) => self.tag(),
            _ => {
                let range = self.take(1);
                (Token::Text(&self.text[range.clone()]), range)
            }
        })
    }
}

/// The attributes of a tag; quotes may be missing.
pub(super) fn attributes(text: &str) -> Vec<(&str, Cow<'_, str>)> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let end = rest.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let after = after.trim_start();
        let Some(value) = after.strip_prefix('=') else {
            rest = after;
            continue;
        };
        let value = value.trim_start();
        let (value, after) = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => value[1..].split_once(quote).unwrap_or((&value[1..], "")),
            _ => value.split_at(value.find(char::is_whitespace).unwrap_or(value.len())),
        };
        found.push((name, htmlize::unescape_attribute(value)));
        rest = after.trim_start();
    }
    found
}

/// The value of an attribute.
pub(super) fn attribute<'a>(text: &'a str, wanted: &str) -> Option<Cow<'a, str>> {
    attributes(text).into_iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
}

/// Decodes the references of a text that stands at `at`, piece by piece: `push` gets each with its place.
pub(super) fn decode(text: &str, at: usize, remarks: &mut Remarks, mut push: impl FnMut(&str, usize)) {
    let mut done = 0;
    while let Some(found) = text[done..].find('&') {
        let start = done + found;
        if start > done {
            push(&text[done..start], at + done);
        }
        let rest = &text[start + 1..];
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '#').unwrap_or(rest.len());
        let ended = rest[length..].starts_with(';');
        let reference = &text[start..start + 1 + length + usize::from(ended)];
        let name = &rest[..length];
        if matches!(name, "amp" | "lt" | "gt" | "quot" | "apos") && ended {
            push(&htmlize::unescape(reference), at + start);
        } else if (1..=32).contains(&length) && *htmlize::unescape(reference) != *reference {
            let meant = htmlize::unescape(reference);
            if !(name.starts_with('#') && ended) {
                let codes: Vec<String> = meant.chars().map(|c| format!("U+{:04X}", u32::from(c))).collect();
                remarks.changed(at + start, format!("`{reference}` is not XML; it became {}", codes.join(" ")));
            }
            push(&meant, at + start);
        } else {
            remarks.changed(at + start, "`&` stands by itself; it was taken as it is");
            push(reference, at + start);
        }
        done = start + reference.len();
    }
    if done < text.len() {
        push(&text[done..], at + done);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> String {
        let show = |(token, range): (Token<'_>, Range<usize>)| match token {
            Token::Start { name, attributes, empty } => {
                let attributes: Vec<String> =
                    super::attributes(attributes).into_iter().map(|(name, value)| format!(" {name}={value}")).collect();
                format!("<{name}{}{}", attributes.concat(), if empty { "/" } else { "" })
            }
            Token::End { name } => format!("/{name}"),
            Token::Text(text) => format!("'{text}'"),
            Token::Cdata(text) => format!("[{text}]"),
            Token::Other => format!("~{}", range.len()),
        };
        Tokens::new(text, 0..text.len()).map(show).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn markup_is_taken_apart_as_it_stands() {
        for (text, expected) in [
            ("<a b='c' d=e f>x</a>", "<a b=c d=e 'x' /a"),
            ("<a/><b c=\"d>\"/>", "<a/ <b c=d>/"),
            ("a < b <3 &amp;", "'a ' '<' ' b ' '<' '3 &amp;'"),
            ("<![CDATA[<b>]]>y", "[<b>] 'y'"),
            ("<![CDATA[cut", "[cut]"),
            ("<!--x--><?y?><!DOCTYPE z [<!ENTITY a \"b>\">]>", "~8 ~5 ~31"),
            ("<title<link>", "<title <link"),
            ("<a b=\"c<d>", "<a b=c <d"),
            ("<g x=false>", "<g x=false"),
            ("</", "'<' '/'"),
            ("<![CDATA[", "[]"),
        ] {
            assert_eq!(tokens(text), expected, "{text}");
        }
    }

    #[test]
    fn references_are_decoded_and_odd_ones_told() {
        let mut remarks = Remarks::default();
        let mut decoded = String::new();
        decode("a&nbsp;b &amp; &lt; &#8217; AT&T &bogus; &#150;&eacute", 10, &mut remarks, |text, _| {
            decoded.push_str(text);
        });
        assert_eq!(decoded, "a\u{a0}b & < ’ AT&T &bogus; –é");
        let places: Vec<usize> = remarks.0.iter().map(|remark| remark.at).collect();
        assert_eq!(places, [11, 40, 43, 57]);
    }
}
