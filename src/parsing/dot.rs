//! A `dot` fence becomes a diagram: [`parse`] reads its options, and looks whether its text would have Graphviz read files.
//!
//! ````markdown
//! ```dot id="stages" alt="Five stages in a row." caption="What becomes of a *text*."
//! digraph { rankdir=LR; source -> site -> outputs }
//! ```
//! ````

use std::ops::Range;
use std::sync::Arc;

use crate::files::graphviz::MOST_TEXT;
use crate::parsing::code::{Word, options};
use crate::parsing::text::Diagram;
use crate::words::diagnostic::Diagnostic;
use crate::words::nearest::nearest;
use crate::words::slug::slug;
use crate::words::source_text::{Located, SourceText, Span};

/// The first word of a fence that holds a diagram.
pub(crate) const FENCE: &str = "dot";

/// What may be said of a diagram.
const OPTIONS: [&str; 4] = ["alt", "caption", "id", "title"];

/// Attributes by which Graphviz reads other files, or says how to read them, and one that leads a browser to another sheet.
const READING: [&str; 8] =
    ["image", "imagepath", "shapefile", "fontpath", "_background", "stylesheet", "postaction", "xdotversion"];

/// A byte order mark, which Graphviz passes over.
const MARK: char = '\u{feff}';

/// Bytes of an id: names of files, which have some more, may have 255.
const MOST_ID: usize = 200;

/// A diagram whose caption is still Markdown.
pub(crate) struct Fence {
    pub(crate) diagram: Diagram,
    pub(crate) caption: Option<Located<String>>,
}

/// Understands a fence whose words are `info` and whose text is `text`; `inside` is where that stands, `span` is its first line.
pub(crate) fn parse(
    source: &Arc<SourceText>,
    info: &str,
    text: String,
    inside: Range<usize>,
    span: &Span,
) -> (Option<Fence>, Vec<Diagnostic>) {
    let start = span.text().ends_with(info).then(|| span.range.end - info.len());
    let place = |range: &Range<usize>| match start {
        Some(start) => Span::new(source, start + range.start..start + range.end),
        None => span.clone(),
    };
    let mut problems = Vec::new();
    let mut diagram =
        Diagram { wanted: None, id: String::new(), alt: String::new(), caption: Vec::new(), text, lines: inside };
    let mut caption = None;
    for Word { name, value, whole } in options(info, FENCE.len().min(info.len())) {
        let value = value.map(|value| Located { value: info[value.clone()].to_owned(), span: place(&value) });
        match (&info[name.clone()], value) {
            ("alt", Some(alt)) => diagram.alt = alt.value.trim().to_owned(),
            ("caption" | "title", Some(words)) if !words.value.trim().is_empty() => caption = Some(words),
            ("caption" | "title", Some(_)) => {}
            ("id", Some(id)) if slug(&id.value) == id.value && (1..=MOST_ID).contains(&id.value.len()) => {
                diagram.wanted = Some(id);
            }
            ("id", Some(id)) => {
                let message = format!("`{}` cannot be a diagram's id, which names files too", id.value);
                let problem = Diagnostic::error("bad-diagram", message).at(id.span, "");
                let help = format!("write small letters, digits and hyphens, {MOST_ID} bytes at most");
                problems.push(problem.help(help));
            }
            (name, _) => {
                let message = format!("`{name}` means nothing of a diagram");
                let help = nearest(name, OPTIONS).map_or_else(
                    || "what may be said is `alt`, `caption`, `id`".to_owned(),
                    |near| format!("write {near}=\"…\""),
                );
                problems.push(Diagnostic::warning("code-option", message).at(place(&whole), "").help(help));
            }
        }
    }
    if diagram.text.len() > MOST_TEXT {
        let message = format!("a diagram has at most {MOST_TEXT} bytes, and this one has {}", diagram.text.len());
        problems.push(Diagnostic::error("bad-diagram", message).at(span.clone(), "").help("draw less at a time"));
        return (None, problems);
    }
    if let Some(problem) = reading(source, &diagram, span) {
        problems.push(problem);
        return (None, problems);
    }
    if diagram.alt.is_empty() && caption.is_none() {
        let problem = Diagnostic::warning("missing-alt", "this diagram does not say what is to be seen");
        let problem = problem.at(span.clone(), "no alternative text");
        problems.push(problem.help("describe it: ```` ```dot alt=\"Two guests, and a ring between them.\" ````"));
    }
    (Some(Fence { diagram, caption }), problems)
}

/// The line of a diagram, counted from 0, as a place of the source: the fence's own line where there is no such line.
pub(crate) fn line(source: &Arc<SourceText>, lines: &Range<usize>, number: usize, fence: &Span) -> Span {
    let text = &source.text[lines.clone()];
    let mut at = lines.start;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        if index == number {
            let bare = line.trim_end();
            // What marks a block quote is not the diagram's.
            let indent = bare.len() - bare.trim_start_matches([' ', '\t', '>']).len();
            return Span::new(source, at + indent..at + bare.len());
        }
        at += line.len();
    }
    fence.clone()
}

/// What would have Graphviz read a file.
fn reading(source: &Arc<SourceText>, diagram: &Diagram, fence: &Span) -> Option<Diagnostic> {
    let (number, name) = reads(&diagram.text)?;
    let message = format!("a diagram may not read files, and `{name}` has Graphviz do so");
    let problem = Diagnostic::error("bad-diagram", message).at(line(source, &diagram.lines, number, fence), "");
    Some(problem.help("show pictures beside the diagram, or draw them with shapes"))
}

/// The line, counted from 0, and the word of what reads a file.
fn reads(text: &str) -> Option<(usize, &'static str)> {
    let mut scanner = Scanner { rest: text, line: 0 };
    let (mut last, mut joined): (Option<(usize, String)>, _) = (None, None);
    let whole = |before: Option<(usize, String)>, line, word: String| match before {
        Some((line, before)) => (line, before + &word),
        None => (line, word),
    };
    while let Some((line, token)) = scanner.next() {
        match token {
            Token::Word(word) => last = Some(whole(joined.take(), line, word)),
            // Parts of one word.
            Token::Plus => joined = last.take(),
            Token::Html(html) => {
                let small = html.to_ascii_lowercase();
                if small.match_indices('<').any(|(at, _)| small[at + 1..].trim_start().starts_with("img")) {
                    return Some((line, "<img>"));
                }
                // It is a name as well as any other.
                let inside = html.strip_prefix('<').and_then(|html| html.strip_suffix('>')).unwrap_or_default();
                last = Some(whole(joined.take(), line, inside.to_owned()));
            }
            Token::Other('=') => {
                let found = last.take().and_then(|(line, word)| {
                    READING.iter().find(|name| name.eq_ignore_ascii_case(&word)).map(|name| (line, *name))
                });
                if found.is_some() {
                    return found;
                }
            }
            Token::Other(_) => (last, joined) = (None, None),
        }
    }
    None
}

/// A piece of Graphviz' language.
enum Token {
    /// A name, a number or a text in quotes, as it is meant.
    Word(String),
    /// Joins two texts.
    Plus,
    /// What stands between angle brackets.
    Html(String),
    Other(char),
}

struct Scanner<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Scanner<'a> {
    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }

    /// The next piece, and the line on which it begins.
    fn next(&mut self) -> Option<(usize, Token)> {
        loop {
            let blank = self.rest.len() - self.rest.trim_start_matches(|c: char| c.is_whitespace() || c == MARK).len();
            self.take(blank);
            let comment = if self.rest.starts_with("/*") {
                self.rest[2..].find("*/").map_or(self.rest.len(), |end| end + 4)
            } else if self.rest.starts_with("//") || self.rest.starts_with('#') {
                self.rest.find('\n').unwrap_or(self.rest.len())
            } else {
                break;
            };
            self.take(comment);
        }
        let (line, first) = (self.line, self.rest.chars().next()?);
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || (!c.is_ascii() && c != MARK);
        let is_digit = |c: char| c.is_ascii_digit() || c == '.';
        let token = match first {
            '"' => {
                let mut end = self.rest.len();
                let mut escaped = false;
                for (at, c) in self.rest.char_indices().skip(1) {
                    if c == '"' && !escaped {
                        end = at + 1;
                        break;
                    }
                    escaped = c == '\\' && !escaped;
                }
                let quoted = self.take(end);
                let inside = quoted[1..].strip_suffix('"').unwrap_or(&quoted[1..]);
                Token::Word(inside.replace("\\\r\n", "").replace("\\\n", ""))
            }
            '<' => {
                let mut depth = 0_usize;
                let end = self.rest.char_indices().find_map(|(at, c)| {
                    match c {
                        '<' => depth += 1,
                        '>' => depth -= 1,
                        _ => {}
                    }
                    (depth == 0).then_some(at + 1)
                });
                Token::Html(self.take(end.unwrap_or(self.rest.len())).to_owned())
            }
            '+' => {
                self.take(1);
                Token::Plus
            }
            c if is_digit(c) || is_part(c) => {
                // A number ends where its digits do, and what follows is a name.
                let ends = |next| if is_digit(c) { !is_digit(next) } else { !is_part(next) };
                let end = self.rest.find(ends).unwrap_or(self.rest.len());
                Token::Word(self.take(end).to_owned())
            }
            c => {
                self.take(c.len_utf8());
                Token::Other(c)
            }
        };
        Some((line, token))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::*;

    #[test]
    fn what_reads_files_is_found_and_nothing_else() {
        for (text, expected) in [
            ("digraph { a -> b }", None),
            ("digraph { a [image=\"x.png\"] }", Some((0, "image"))),
            ("digraph {\n a [\"ima\" + \"ge\" = x] }", Some((1, "image"))),
            ("digraph {\n\n \"sha\\\npefile\" = \"/etc/passwd\" }", Some((2, "shapefile"))),
            ("digraph { graph [fontpath=\"/\"] }", Some((0, "fontpath"))),
            ("digraph { a /* = */ [image /* x */ = y] }", Some((0, "image"))),
            ("digraph { a [label=<<table><tr><td>< IMG src=\"x\"/></td></tr></table>>] }", Some((0, "<img>"))),
            ("digraph { image -> shapefile; a [label=\"image=x\"] // image=y\n }", None),
            ("digraph { a [label=\"a \\\" image=b\", imagescale=true] }", None),
            ("digraph { a [label=<x<br/>y>] \"unfinished", None),
            ("# \"\ndigraph { a [image=x] }", Some((1, "image"))),
            ("digraph { a # \"\n b [image=x] \"}", Some((1, "image"))),
            ("digraph { a [<image>=\"x.png\"] }", Some((0, "image"))),
            ("digraph { a [width=1image=\"x.png\"] }", Some((0, "image"))),
            ("digraph { a [width=.5image=\"x.png\"] }", Some((0, "image"))),
            ("digraph { a [\"ima\" + <ge> = \"x.png\"] }", Some((0, "image"))),
            ("digraph { a [image\u{feff}=\"x.png\"] }", Some((0, "image"))),
            ("digraph { a [imäge=x, label=\"i\" + <mage>] }", None),
            ("<", None),
            ("\"", None),
            ("\"\\", None),
            ("/*", None),
        ] {
            assert_eq!(reads(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "([<>\"\\\\+=/*\n é]|image|<img|\\PC)*") {
            let _ = reads(&text);
        }
    }
}
