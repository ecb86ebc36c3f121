//! A block of code as its author wrote it: [`Code`], from what stands behind the opening fence and from what lies between the fences.
//!
//! ````markdown
//! ```c title="drivers/xen/netback/netback.c" lines=361 mark="363-365 370" tree="classic"
//! ````
//!
//! The first word is the language. CommonMark leaves the rest to the program, so the spellings that Zola, Hugo and Docusaurus gave it
//! are understood too. An option that means nothing is a warning; a word that is near none of ours is another program's.

use std::ops::{Range, RangeInclusive};
use std::str::FromStr;
use std::sync::Arc;

use sim::telling::source::Tree;

use crate::words::diagnostic::Diagnostic;
use crate::words::nearest::nearest;
use crate::words::source_text::{SourceText, Span};

/// A block of code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Code {
    /// What it is written in, as its author calls it; may be empty.
    pub language: String,
    /// Stands above it, mostly a file's name; may be empty.
    pub title: String,
    /// The number of its first line, if its lines are numbered.
    pub first: Option<u32>,
    /// Lines that are marked, counted as they are numbered, from 1 where they are not.
    pub marked: Vec<RangeInclusive<u32>>,
    /// The tree of public source code that its names are from, where the author says so.
    pub tree: Option<Tree>,
    /// The code, with the end of its last line.
    pub text: String,
}

impl Code {
    /// Whether there is nothing to do but to show it.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        *self == Self { text: self.text.clone(), ..Self::default() }
    }

    /// The number of the first line, shown or not.
    #[must_use]
    pub fn start(&self) -> u32 {
        self.first.unwrap_or(1)
    }

    /// The number of the last line.
    #[must_use]
    pub fn last(&self) -> u32 {
        let lines = u32::try_from(self.text.lines().count()).unwrap_or(u32::MAX);
        self.start().saturating_add(lines.saturating_sub(1))
    }
}

/// Letters of a line that a narrow window shows.
const NARROW: usize = 28;

/// The tag that opens a block of code. What may be wider than a window scrolls, so the keyboard must reach it.
#[must_use]
pub fn open(text: &str) -> &'static str {
    if text.lines().any(|line| line.chars().count() > NARROW) { "<pre tabindex=\"0\">" } else { "<pre>" }
}

/// The names by which options are known; the first of each is ours.
const TITLE: &[&str] = &["title", "name", "filename"];
const LINES: &[&str] = &["lines", "linenos", "showLineNumbers"];
const START: &[&str] = &["start", "linenostart"];
const MARK: &[&str] = &["mark", "hl_lines"];
const TREE: &[&str] = &["tree"];

/// Understands `info`, the words behind the opening fence; `at` is where these stand in the source, if they stand there as they are.
pub(crate) fn code(info: &str, text: String, at: Place<'_>) -> (Code, Vec<Diagnostic>) {
    let end = info.find([' ', '\t', ',', '{']).unwrap_or(info.len());
    let mut reading = Reading { code: Code::default(), start: None, hides_numbers: false, at, problems: Vec::new() };
    reading.code.language = info[..end].to_owned();
    for word in options(info, end) {
        reading.option(info, word);
    }
    let Reading { mut code, start, hides_numbers, problems, .. } = reading;
    code.first = if hides_numbers { None } else { start.filter(|_| code.first.is_some()).or(code.first) };
    code.text = text;
    let lines = u32::try_from(code.text.lines().count()).unwrap_or(u32::MAX);
    let shown = code.start()..code.start().saturating_add(lines);
    let outside = code.marked.iter().find(|range| !shown.contains(range.start()) || !shown.contains(range.end()));
    let outside = outside.map(|range| {
        let (from, to) = (shown.start, shown.end.saturating_sub(1));
        let shown =
            if from == to { format!("the only line is {from}") } else { format!("the lines are {from} to {to}") };
        let message = match (range.start() == range.end(), lines) {
            (_, 0) => "there is no line to mark".to_owned(),
            (true, _) => format!("line {} is marked, and {shown}", range.start()),
            (false, _) => {
                format!("lines {} to {} are marked, and {shown}", range.start(), range.end())
            }
        };
        at.problem(message, 0..info.len()).help("lines are counted as they are numbered, or from 1")
    });
    let problems = problems.into_iter().chain(outside).collect();
    (code, problems)
}

/// Where a fence's words stand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// The text.
    pub(crate) source: &'a Arc<SourceText>,
    /// The fence's first line.
    pub(crate) line: &'a Span,
    /// Where the words begin, if they stand there as they are: not with escapes in them.
    pub(crate) start: Option<usize>,
}

impl Place<'_> {
    fn problem(&self, message: String, range: Range<usize>) -> Diagnostic {
        let span = match self.start {
            Some(start) => Span::new(self.source, start + range.start..start + range.end),
            None => self.line.clone(),
        };
        Diagnostic::warning("code-option", message).at(span, "")
    }
}

/// A fence's words, half understood.
struct Reading<'a> {
    code: Code,
    /// What the first number is to be, if there are numbers.
    start: Option<u32>,
    hides_numbers: bool,
    at: Place<'a>,
    problems: Vec<Diagnostic>,
}

impl Reading<'_> {
    fn option(&mut self, info: &str, Word { name, value, whole }: Word) {
        let (name, value) = (&info[name], value.map(|value| &info[value]));
        let known = |names: &[&str]| names.contains(&name);
        match value {
            // As Docusaurus has it: {2,4-6}. The end of Zola's hl_lines=3-4 8-9, too.
            None if name.starts_with(|c: char| c.is_ascii_digit()) => self.mark(name, whole),
            _ if known(LINES) => match value.unwrap_or("true") {
                "false" => self.hides_numbers = true,
                "true" | "inline" | "table" => self.code.first = Some(1),
                value => match value.parse() {
                    Ok(first) => self.code.first = Some(first),
                    Err(_) => self.problem(format!("`{value}` is no number of a line"), whole, "write a number"),
                },
            },
            Some(value) if known(TITLE) => value.clone_into(&mut self.code.title),
            Some(value) if known(START) => match value.parse() {
                Ok(start) => self.start = Some(start),
                Err(_) => self.problem(format!("`{value}` is no number of a line"), whole, "write a number"),
            },
            Some(value) if known(MARK) => self.mark(value, whole),
            Some(value) if known(TREE) => {
                self.code.tree = Tree::ALL.into_iter().find(|tree| tree.key() == value);
                if self.code.tree.is_none() {
                    let keys: Vec<String> = Tree::ALL.iter().map(|tree| format!("`{}`", tree.key())).collect();
                    let help = format!("the trees are {}", keys.join(", "));
                    self.problem(format!("there is no source tree `{value}`"), whole, &help);
                }
            }
            None if [TITLE, START, MARK, TREE].into_iter().any(known) => {
                self.problem(format!("`{name}` says nothing"), whole, &format!("write {name}=\"…\""));
            }
            _ => {
                let names = [TITLE, LINES, START, MARK, TREE].map(|names| names[0]);
                let help = match (nearest(name, names), value) {
                    (Some(near), _) => format!("did you mean `{near}`?"),
                    (None, Some(_)) => {
                        format!("what may be said of code is {}", names.map(|name| format!("`{name}`")).join(", "))
                    }
                    // A word for another program: Rust's `ignore`, mdBook's `editable`.
                    (None, None) => return,
                };
                self.problem(format!("`{name}` means nothing here"), whole, &help);
            }
        }
    }

    fn problem(&mut self, message: String, range: Range<usize>, help: &str) {
        self.problems.push(self.at.problem(message, range).help(help));
    }

    /// `2-4 7`, with commas or without.
    fn mark(&mut self, lines: &str, whole: Range<usize>) {
        for range in lines.split([' ', ',', '"']).filter(|range| !range.is_empty()) {
            match range_of(range) {
                Some(range) => self.code.marked.push(range),
                None => {
                    self.problem(format!("`{range}` is no line and no range of lines"), whole, "write `2-4 7`");
                    return;
                }
            }
        }
    }
}

fn range_of(text: &str) -> Option<RangeInclusive<u32>> {
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    let (from, to) = (u32::from_str(from.trim()).ok()?, u32::from_str(to.trim()).ok()?);
    (from <= to).then_some(from..=to)
}

/// An option: places in the words behind the fence.
pub(crate) struct Word {
    pub(crate) name: Range<usize>,
    /// Without its quotes or brackets.
    pub(crate) value: Option<Range<usize>>,
    pub(crate) whole: Range<usize>,
}

/// The words from `at` on: between spaces, commas and braces, but not where these stand between quotes or brackets.
pub(crate) fn options(info: &str, mut at: usize) -> Vec<Word> {
    let bytes = info.as_bytes();
    let mut words = Vec::new();
    while at < bytes.len() {
        if matches!(bytes[at], b' ' | b'\t' | b',' | b'{' | b'}') {
            at += 1;
            continue;
        }
        let start = at;
        let end_of = |from: usize, ends: &[u8]| {
            bytes[from..].iter().position(|byte| ends.contains(byte)).map_or(bytes.len(), |length| from + length)
        };
        let name = start..end_of(start, b" \t,{}=");
        at = name.end;
        let value = (bytes.get(at) == Some(&b'=')).then(|| {
            at += 1;
            match bytes.get(at) {
                Some(quote @ (b'"' | b'\'' | b'[')) => {
                    let from = at + 1;
                    let to = end_of(from, if *quote == b'[' { b"]" } else { std::slice::from_ref(quote) });
                    at = (to + 1).min(bytes.len());
                    from..to
                }
                _ => {
                    let from = at;
                    at = end_of(from, b" \t,{}");
                    from..at
                }
            }
        });
        words.push(Word { name, value, whole: start..at });
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Code of nine lines, and the problems' messages.
    fn read(info: &str) -> (Code, Vec<String>) {
        let source = SourceText::new("a.md", info);
        let line = Span::new(&source, 0..info.len());
        let (code, problems) = code(info, "x\n".repeat(9), Place { source: &source, line: &line, start: Some(0) });
        (Code { text: String::new(), ..code }, problems.into_iter().map(|problem| problem.message).collect())
    }

    fn expected(language: &str, title: &str, first: Option<u32>, marked: &[RangeInclusive<u32>]) -> Code {
        let (language, title) = (language.to_owned(), title.to_owned());
        Code { language, title, first, marked: marked.to_vec(), tree: None, text: String::new() }
    }

    #[test]
    fn what_is_said_of_code_is_understood_in_four_spellings() {
        for (info, code) in [
            ("", expected("", "", None, &[])),
            ("c", expected("c", "", None, &[])),
            (
                "c title=\"net back.c\" lines=361 mark=\"363-365 369\"",
                expected("c", "net back.c", Some(361), &[363..=365, 369..=369]),
            ),
            (
                "rust,linenos,linenostart=20,hl_lines=22-23 25,name=mod.rs",
                expected("rust", "mod.rs", Some(20), &[22..=23, 25..=25]),
            ),
            ("go {linenos=inline hl_lines=[8,\"2-4\"]}", expected("go", "", Some(1), &[8..=8, 2..=4])),
            ("jsx {1,3-5} showLineNumbers title='a.jsx'", expected("jsx", "a.jsx", Some(1), &[1..=1, 3..=5])),
            ("go {linenos=false}", expected("go", "", None, &[])),
            ("{title=x}", expected("", "x", None, &[])),
            ("rust,no_run,edition2024", expected("rust", "", None, &[])),
        ] {
            assert_eq!(read(info), (code, vec![]), "{info}");
        }
        assert_eq!(read("c tree=classic").0.tree, Some(Tree::Classic));
    }

    #[test]
    fn what_means_nothing_is_told() {
        for (info, message) in [
            ("c titel=x", "`titel` means nothing here"),
            ("c colour=x", "`colour` means nothing here"),
            ("c titles", "`titles` means nothing here"),
            ("c title", "`title` says nothing"),
            ("c mark=3-1", "`3-1` is no line and no range of lines"),
            ("c mark=10", "line 10 is marked, and the lines are 1 to 9"),
            ("c lines=5 mark=4-6", "lines 4 to 6 are marked, and the lines are 5 to 13"),
            ("c lines start=x", "`x` is no number of a line"),
            ("c lines=36l", "`36l` is no number of a line"),
            ("c tree=oak", "there is no source tree `oak`"),
        ] {
            assert_eq!(read(info).1, [message], "{info}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_words_make_it_panic(info in "(c|=|\\{|\\}|\"|'|\\[|\\]|,| |-|mark|lines|title|start|9|4294967295|ä|\\PC)*") {
            let _ = read(&info);
        }
    }
}
