//! What JSON is made of besides its brackets: blanks, strings, numbers, literals, and comments, which it has not.

use std::ops::Range;

use crate::foreign::html::short;
use crate::foreign::lint::codes::Code;
use crate::foreign::lint::findings::Findings;
use crate::foreign::lint::json_text::{Expect, KEYS, Walk};
use crate::foreign::lint::json_values::{Index, Key, Kind, Values, inner, string};

/// Whether a character looks like nothing.
pub(super) fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}

/// What looks like nothing and is something to JSON (RFC 8259, section 2).
fn is_odd_blank(c: char) -> bool {
    is_blank(c) && !matches!(c, ' ' | '\t' | '\r' | '\n')
}

impl<F: FnMut(&Values, Index, &mut Findings)> Walk<'_, '_, F> {
    /// Passes over what looks like nothing, and says so of what JSON does not take for nothing.
    pub(super) fn blanks(&mut self) {
        loop {
            let rest = &self.source[self.at..];
            let rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
            self.at = self.source.len() - rest.len();
            let odd = rest.len() - rest.trim_start_matches(is_odd_blank).len();
            if odd == 0 {
                return;
            }
            let code = rest.chars().next().map_or(0, u32::from);
            self.wrong(
                "blank",
                self.at..self.at + odd,
                format!("the character U+{code:04X} stands outside of strings"),
                "take it out: JSON knows spaces, tabs and line ends only",
            );
            self.at += odd;
        }
    }

    pub(super) fn text(&mut self) {
        let start = self.at;
        let bytes = self.source.as_bytes();
        let mut at = start + 1;
        let mut control = None;
        let mut odd = None;
        while at < bytes.len() && bytes[at] != b'"' {
            match bytes[at] {
                b'\\' => {
                    let next = bytes.get(at + 1).copied().unwrap_or(b'"');
                    let digits = self
                        .source
                        .get(at + 2..at + 6)
                        .is_some_and(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()));
                    if !b"\"\\/bfnrtu".contains(&next) || (next == b'u' && !digits) {
                        odd.get_or_insert(at);
                    }
                    at += 2;
                    continue;
                }
                0..0x20 => {
                    control.get_or_insert(at);
                }
                _ => {}
            }
            at += 1;
        }
        let closed = at < bytes.len();
        let end = (at + 1).min(bytes.len());
        if !closed {
            self.wrong(
                "string",
                start..start + 1,
                "this string has no second quote",
                "close it; a quote within a string is written `\\\"`",
            );
        }
        if let Some(control) = control.filter(|_| closed) {
            let code = bytes[control];
            let name = if code == b'\n' || code == b'\r' {
                "a line end".to_owned()
            } else {
                format!("the control character U+{code:04X}")
            };
            self.wrong(
                "control",
                control..control,
                format!("{name} stands in a string"),
                "write `\\n` for a line end, `\\t` for a tab, and leave other control characters out",
            );
        }
        if let Some(odd) = odd.filter(|_| closed) {
            let width = 1 + self.source[odd + 1..].chars().next().map_or(0, char::len_utf8);
            let shown = self.source[odd..odd + width].to_owned();
            self.wrong(
                "escape",
                odd..odd + width,
                format!("JSON has no escape `{shown}`"),
                "a backslash that is meant as one is written `\\\\`",
            );
        }
        self.at = end;
        self.string(start..end);
    }

    /// A string, which is a key or a value.
    fn string(&mut self, at: Range<usize>) {
        let is_key = self
            .open
            .last()
            .is_some_and(|frame| frame.is_object && !matches!(frame.expect, Expect::Member | Expect::Colon));
        if !is_key {
            let index = self.push(Kind::Text, at);
            self.leaf(index);
            return;
        }
        if self.open.last().is_some_and(|frame| frame.expect == Expect::Comma) {
            self.wrong(
                "comma",
                at.start..at.end.min(at.start + 40),
                "a comma is missing before this",
                "put a comma between two values",
            );
        }
        let name = string(self.source, at.clone()).value;
        let inner = inner(self.source, at.clone());
        let Some(frame) = self.open.last_mut() else { return };
        let first = frame.keys.get(&name).copied();
        if first.is_none() && frame.keys.len() < KEYS {
            frame.keys.insert(name.clone(), inner.start);
        }
        frame.expect = Expect::Colon;
        frame.key = Some(Key { name: name.clone(), at: inner.clone() });
        if let Some(first) = first {
            let length = inner.len();
            self.findings.tell(
                Code::DuplicateKey,
                &name,
                inner,
                || format!("the key `{name}` stands twice"),
                |finding| finding.also(first..first + length, "first here").help("keep one of them"),
            );
        }
    }

    /// A value without anything in it, which may itself be in the place of an item.
    fn leaf(&mut self, index: Option<Index>) {
        self.after_value();
        if let Some(index) = index.filter(|index| self.values.is_item(*index)) {
            self.hand_over(index);
        }
    }

    pub(super) fn comment(&mut self) {
        let start = self.at;
        let rest = &self.source[start..];
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        };
        self.wrong(
            "comment",
            start..start + 2,
            "JSON has no comments",
            "take it out; `user_comment` is for people who look at the feed",
        );
        self.at = start + length;
    }

    /// A number, a literal, or something that is nothing.
    pub(super) fn word(&mut self, first: char) {
        let start = self.at;
        let rest = &self.source[start..];
        let length =
            rest.find(|c: char| is_blank(c) || ",:[]{}\"".contains(c)).unwrap_or(rest.len()).max(first.len_utf8());
        let word = &rest[..length];
        self.at = start + length;
        let at = start..start + length;
        let kind = match word {
            "true" | "false" => Kind::Boolean,
            "null" => Kind::Null,
            _ if word.len() < 400 && serde_json::from_str::<serde_json::Number>(word).is_ok() => Kind::Number,
            _ => {
                self.wrong(
                    "word",
                    at.clone(),
                    format!("`{}` is no value", short(word)),
                    "strings and keys stand in double quotes; other values are numbers, `true`, `false` and `null`",
                );
                Kind::Text
            }
        };
        let is_key = self
            .open
            .last()
            .is_some_and(|frame| frame.is_object && matches!(frame.expect, Expect::First | Expect::Next));
        if is_key && let Some(frame) = self.open.last_mut() {
            frame.expect = Expect::Colon;
            frame.key = Some(Key { name: word.trim_matches('\'').to_owned(), at });
            return;
        }
        let index = self.push(kind, at);
        self.leaf(index);
    }
}
