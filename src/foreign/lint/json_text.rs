//! JSON taken apart, whatever is wrong with it. [`walk`] hands over each item as soon as it ends and forgets it, as it is done
//! with XML.
//!
//! serde_json stops at the first mistake, keeps one of two equal keys, and does not say where a value stands; here all three matter.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::foreign::lint::codes::Code;
use crate::foreign::lint::findings::Findings;
use crate::foreign::lint::json_values::{Index, Key, Kind, Value, Values};

/// Deeper than this no feed is; what is deeper is passed over.
const DEEP: usize = 64;

/// As many values are remembered at once.
const MANY: usize = 200_000;

/// As many keys of an object are compared.
pub(super) const KEYS: usize = 10_000;

/// What a container expects next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expect {
    /// A key or a value, or the end.
    First,
    /// A key or a value, since a comma came before.
    Next,
    /// The colon behind a key.
    Colon,
    /// The value of a key.
    Member,
    /// A comma or the end.
    Comma,
}

/// An object or an array that is not closed yet.
pub(super) struct Frame {
    value: Option<Index>,
    pub(super) is_object: bool,
    /// What comes next in it.
    pub(super) expect: Expect,
    /// The key whose value comes next.
    pub(super) key: Option<Key>,
    /// The keys so far, and where they stand.
    pub(super) keys: BTreeMap<String, usize>,
    start: usize,
    comma: usize,
}

/// A walk through a text; its words are read in [`json_words`](crate::foreign::lint::json_words).
pub(super) struct Walk<'a, 'f, F> {
    pub(super) source: &'a str,
    /// Where it has come to.
    pub(super) at: usize,
    pub(super) values: Values,
    pub(super) open: Vec<Frame>,
    item: F,
    pub(super) findings: &'f mut Findings,
}

/// Walks through a text; gives what is left when the items have been handed over.
pub(super) fn walk(source: &str, findings: &mut Findings, item: impl FnMut(&Values, Index, &mut Findings)) -> Values {
    let mut walk = Walk { source, at: 0, values: Values::default(), open: Vec::new(), item, findings };
    walk.run();
    walk.values
}

impl<F: FnMut(&Values, Index, &mut Findings)> Walk<'_, '_, F> {
    pub(super) fn wrong(&mut self, about: &str, at: Range<usize>, message: impl Into<String>, help: &'static str) {
        let message = message.into();
        self.findings.tell(Code::InvalidJson, about, at, || message, |finding| finding.help(help));
    }

    fn run(&mut self) {
        let mut ended = false;
        loop {
            self.blanks();
            let start = self.at;
            let Some(letter) = self.source[start..].chars().next() else { break };
            if ended {
                let line = self.source[start..].lines().next().unwrap_or_default().trim_end().len();
                self.wrong(
                    "after",
                    start..start + line,
                    "something stands behind the feed",
                    "take it out: a file holds one object",
                );
                break;
            }
            match letter {
                '{' | '[' if self.open.len() >= DEEP => self.skip(),
                '{' | '[' => self.start(letter == '{'),
                '}' | ']' => {
                    self.end(letter == '}');
                    ended = self.open.is_empty();
                }
                ',' => self.comma(),
                ':' => self.colon(),
                '"' => self.text(),
                '/' if self.source[start..].starts_with("//") || self.source[start..].starts_with("/*") => {
                    self.comment();
                }
                _ => self.word(letter),
            }
        }
        if let Some(frame) = self.open.last() {
            let start = frame.start;
            let what = if frame.is_object { "object" } else { "array" };
            let message = format!("this {what} is still open when the file ends");
            self.wrong("open", start..start + 1, message, "close it, or see whether the file was cut off");
        }
        while !self.open.is_empty() {
            self.close(self.source.len());
        }
    }

    /// Passes over a value that is nested too deeply.
    fn skip(&mut self) {
        let start = self.at;
        let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
        let mut end = self.source.len();
        for (at, byte) in self.source.bytes().enumerate().skip(start) {
            match (quoted, byte) {
                (true, _) if escaped => escaped = false,
                (true, b'\\') => escaped = true,
                (_, b'"') => quoted = !quoted,
                (false, b'{' | b'[') => depth += 1,
                (false, b'}' | b']') => {
                    depth -= 1;
                    if depth == 0 {
                        end = at + 1;
                        break;
                    }
                }
                _ => {}
            }
        }
        self.findings.tell(
            Code::TooComplex,
            "deep",
            start..start + 1,
            || format!("values are nested more than {DEEP} deep"),
            |finding| finding.label("from here on it is not checked").help("a feed has a few levels only"),
        );
        self.at = end;
        self.expecting(start..start + 1);
        self.after_value();
    }

    /// Whether a value may stand here; says so if not.
    fn expecting(&mut self, at: Range<usize>) {
        let Some(frame) = self.open.last() else { return };
        match frame.expect {
            Expect::Comma => {
                self.wrong("comma", at, "a comma is missing before this", "put a comma between two values");
            }
            Expect::Colon => {
                self.wrong("colon", at, "a colon is missing before this", "put a colon between a key and its value");
            }
            Expect::First | Expect::Next if frame.is_object => {
                self.wrong("key", at, "a value stands here without a key", "write `\"key\": value`");
            }
            Expect::First | Expect::Next | Expect::Member => {}
        }
    }

    pub(super) fn after_value(&mut self) {
        if let Some(frame) = self.open.last_mut() {
            frame.expect = Expect::Comma;
            frame.key = None;
        }
    }

    /// Takes note of a value.
    pub(super) fn push(&mut self, kind: Kind, at: Range<usize>) -> Option<Index> {
        self.expecting(at.start..at.end.min(at.start + 40).max(at.start + 1));
        let (parent, key) = match self.open.last_mut() {
            Some(frame) => (Some(frame.value?), frame.key.take()),
            None => (None, None),
        };
        if self.values.values.len() >= MANY {
            let place = at.start..at.start + 1;
            self.findings.tell(
                Code::TooComplex,
                "many",
                place,
                || format!("more than {MANY} values stand here before an item ends"),
                |finding| finding.label("from here on only the JSON is checked").help("a feed is smaller than that"),
            );
            return None;
        }
        self.values.values.push(Value { kind, at, key, children: Vec::new(), parent });
        let index = self.values.values.len() - 1;
        if let Some(parent) = parent {
            self.values.values[parent].children.push(index);
        }
        Some(index)
    }

    fn start(&mut self, is_object: bool) {
        let start = self.at;
        let value = self.push(if is_object { Kind::Object } else { Kind::Array }, start..start + 1);
        self.open.push(Frame {
            value,
            is_object,
            expect: Expect::First,
            key: None,
            keys: BTreeMap::new(),
            start,
            comma: start,
        });
        self.at += 1;
    }

    fn end(&mut self, is_object: bool) {
        let at = self.at..self.at + 1;
        self.at += 1;
        let Some(frame) = self.open.last() else {
            return self.wrong("end", at, "nothing is open that this could close", "take it out");
        };
        let comma = frame.comma;
        match frame.expect {
            Expect::Next => self.wrong(
                "trailing",
                comma..comma + 1,
                "a comma stands before the end",
                "take it out: JSON allows none there",
            ),
            Expect::Colon | Expect::Member => {
                self.wrong("member", at.clone(), "a key has no value", "write `\"key\": value`");
            }
            Expect::First | Expect::Comma => {}
        }
        let Some(frame) = self.open.last().filter(|frame| frame.is_object != is_object) else {
            return self.close(at.end);
        };
        let start = frame.start;
        let (open, close) = if frame.is_object { ('{', '}') } else { ('[', ']') };
        self.findings.tell(
            Code::InvalidJson,
            "bracket",
            at.clone(),
            || format!("`{close}` is expected here"),
            |finding| {
                finding
                    .also(start..start + 1, format!("`{open}` was opened here"))
                    .help("close each bracket with its own")
            },
        );
        // The other kind was forgotten, or this one is a slip.
        if self.open.iter().rev().skip(1).any(|frame| frame.is_object == is_object) {
            while self.open.last().is_some_and(|frame| frame.is_object != is_object) {
                self.close(at.start);
            }
        }
        self.close(at.end);
    }

    fn close(&mut self, end: usize) {
        let Some(frame) = self.open.pop() else { return };
        self.after_value();
        let Some(index) = frame.value else { return };
        self.values.values[index].at.end = end.max(frame.start + 1);
        if self.values.is_item(index) {
            self.hand_over(index);
        }
    }

    pub(super) fn hand_over(&mut self, index: Index) {
        (self.item)(&self.values, index, self.findings);
        let parent = self.values.values[index].parent;
        self.values.values.truncate(index);
        if let Some(parent) = parent {
            self.values.values[parent].children.pop();
        }
    }

    fn comma(&mut self) {
        let at = self.at..self.at + 1;
        self.at += 1;
        let fits = self.open.last().is_some_and(|frame| frame.expect == Expect::Comma);
        if !fits {
            self.wrong("extra", at.clone(), "a comma without a value before it", "take it out");
        }
        if let Some(frame) = self.open.last_mut() {
            frame.expect = Expect::Next;
            frame.comma = at.start;
        }
    }

    fn colon(&mut self) {
        let at = self.at..self.at + 1;
        self.at += 1;
        match self.open.last_mut() {
            Some(frame) if frame.expect == Expect::Colon => frame.expect = Expect::Member,
            _ => self.wrong("colon", at, "a colon without a key before it", "write `\"key\": value`"),
        }
    }
}
