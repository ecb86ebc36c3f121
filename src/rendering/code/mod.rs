//! Code in colours, made while the site is built: [`html`] for pages, [`plain`] where colours would be lost.
//!
//! What a stretch of code is ([`Kind`]) becomes a class of one letter, so one markup serves light and dark, every theme and paper.
//! [`grammar`] asks the grammars of Sublime Text, of which the program carries 190 and some; [`session`], [`kernel_log`] and [`assembler`] read
//! what these know badly or not at all. Names that the index of public sources knows lead to where they are defined.

mod assembler;

mod grammar;

mod kernel_log;

mod kind;

mod known;

mod names;

mod session;

use std::sync::{Arc, LazyLock};

use pulldown_cmark_escape::{escape_html, escape_html_body_text};

use crate::parsing::code::{Code, open};
use crate::rendering::code::kind::Stretch;
use crate::rendering::code::known::Known;

/// Code without line breaks for so long, or so much of it, is a program's own product. It stays as it is.
const LONGEST_LINE: usize = 10_000;
const MOST: usize = 400_000;

/// The code as a page shows it.
#[must_use]
pub fn html(code: &Code) -> String {
    let mut html = String::with_capacity(code.text.len() * 2 + 100);
    frame(code, &mut html, |html| {
        let stretches = stretches(&code.language, &code.text);
        let links = names::links(code, &stretches);
        let numbered = code.first.is_some() || !code.marked.is_empty();
        let width = code.last().to_string().len();
        let (mut at, mut number) = (0, code.start());
        let mut writer = Writer { text: &code.text, stretches: &stretches, links: &links, html };
        while at < code.text.len() {
            let end = code.text[at..].find('\n').map_or(code.text.len(), |length| at + length + 1);
            let marked = code.marked.iter().any(|lines| lines.contains(&number));
            let element = if marked { "mark" } else { "span" };
            if numbered {
                writer.html.push_str(&format!("<{element} class=\"l\""));
                if code.first.is_some() {
                    writer.html.push_str(&format!(" data-n=\"{number:>width$}\""));
                }
                writer.html.push('>');
            }
            writer.write(at..end);
            if numbered {
                writer.html.push_str(&format!("</{element}>"));
            }
            (at, number) = (end, number.saturating_add(1));
        }
    });
    html
}

/// The code without colours, marks and numbers.
#[must_use]
pub fn plain(code: &Code) -> String {
    let mut html = String::with_capacity(code.text.len() + 100);
    frame(code, &mut html, |html| escape(html, &code.text));
    html
}

/// Writes what stands around the code, and the code by `inside`.
fn frame(code: &Code, html: &mut String, inside: impl FnOnce(&mut String)) {
    if !code.title.is_empty() {
        html.push_str("<figure class=\"code\"><figcaption>");
        escape(html, &code.title);
        html.push_str("</figcaption>\n");
    }
    html.push_str(open(&code.text));
    html.push_str("<code");
    let mut classes = if code.language.is_empty() { String::new() } else { format!("language-{}", code.language) };
    if code.first.is_some() {
        classes.push_str(&format!(" n{}", code.last().to_string().len().min(6)));
    }
    if !classes.is_empty() {
        html.push_str(" class=\"");
        escape_html(&mut *html, classes.trim_start()).expect("a string takes everything");
        html.push('"');
    }
    html.push('>');
    inside(html);
    html.push_str(if code.title.is_empty() { "</code></pre>\n" } else { "</code></pre></figure>\n" });
}

fn escape(html: &mut String, text: &str) {
    escape_html_body_text(html, text).expect("a string takes everything");
}

/// What is in the code, in order and without overlaps; nothing of a language that nobody knows.
fn stretches(language: &str, text: &str) -> Arc<[Stretch]> {
    static KNOWN: LazyLock<Known> = LazyLock::new(Known::default);
    if text.len() > MOST || text.lines().any(|line| line.len() > LONGEST_LINE) {
        return Arc::new([]);
    }
    let language = language.to_ascii_lowercase();
    KNOWN.stretches(&language, text, || match Reader::of(&language) {
        Reader::Session => session::read(text),
        Reader::KernelLog => kernel_log::read(text),
        Reader::Assembler => assembler::read(text),
        Reader::Grammar => grammar::read(&language, text),
    })
}

/// Who reads a language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    Session,
    KernelLog,
    Assembler,
    Grammar,
}

impl Reader {
    /// That of a language by its name in lower case.
    fn of(language: &str) -> Self {
        match language {
            "console" | "terminal" | "session" | "shell-session" | "shellsession" | "sh-session" => Self::Session,
            "log" | "dmesg" | "kmsg" | "syslog" => Self::KernelLog,
            "asm" | "s" | "gas" | "objdump" => Self::Assembler,
            _ => Self::Grammar,
        }
    }
}

/// Lines on their way.
struct Writer<'a> {
    text: &'a str,
    stretches: &'a [Stretch],
    links: &'a [names::Link],
    html: &'a mut String,
}

impl Writer<'_> {
    /// Writes a line. Stretches and links may begin before it and end after it.
    fn write(&mut self, line: std::ops::Range<usize>) {
        let mut at = line.start;
        while at < line.end {
            while self.stretches.first().is_some_and(|stretch| stretch.range.end <= at) {
                self.stretches = &self.stretches[1..];
            }
            let (end, kind) = match self.stretches.first() {
                Some(stretch) if stretch.range.start <= at => (stretch.range.end.min(line.end), Some(stretch.kind)),
                Some(stretch) => (stretch.range.start.min(line.end), None),
                None => (line.end, None),
            };
            // The end of a line has no colour.
            let text_end = if self.text[at..end].ends_with('\n') { end - 1 } else { end };
            match kind.filter(|_| at < text_end) {
                Some(kind) => {
                    self.html.push_str(kind.open());
                    self.linked(at..text_end);
                    self.html.push_str("</span>");
                }
                None => self.linked(at..text_end),
            }
            self.html.push_str(&self.text[text_end..end]);
            at = end;
        }
    }

    /// Writes text of one kind.
    fn linked(&mut self, range: std::ops::Range<usize>) {
        let mut at = range.start;
        while let Some(link) = self.links.first() {
            if link.range.start >= range.end {
                break;
            }
            self.links = &self.links[1..];
            // A name is never cut by a stretch; were it so, it would stay as it is.
            if link.range.start >= at && link.range.end <= range.end {
                escape(self.html, &self.text[at..link.range.start]);
                self.html.push_str(&link.open);
                escape(self.html, &self.text[link.range.clone()]);
                self.html.push_str("</a>");
                at = link.range.end;
            }
        }
        escape(self.html, &self.text[at..range.end]);
    }
}

#[cfg(test)]
mod tests;
