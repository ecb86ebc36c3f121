//! Assembler as people and disassemblers write it, in AT&T's and Intel's order alike.

use crate::rendering::code::kind::{Kind, Stretch, Stretches, lines};

/// Labels, instructions, registers, numbers, strings and comments.
pub(super) fn read(text: &str) -> Vec<Stretch> {
    let mut stretches = Stretches::default();
    let mut in_comment = false;
    for (start, line) in lines(text) {
        let mut reading = Reading { line, at: 0, start, operation: false, stretches: &mut stretches };
        in_comment = reading.read(in_comment);
    }
    stretches.done()
}

/// A line half read.
struct Reading<'a> {
    line: &'a str,
    at: usize,
    start: usize,
    /// Whether the line's instruction has been seen.
    operation: bool,
    stretches: &'a mut Stretches,
}

impl Reading<'_> {
    /// Reads the line; whether a comment goes on in the next one.
    fn read(&mut self, in_comment: bool) -> bool {
        if in_comment && !self.comment_to_its_end() {
            return true;
        }
        while let Some(c) = self.line[self.at..].chars().next() {
            let rest = &self.line[self.at..];
            if rest.starts_with("/*") {
                if !self.comment_to_its_end() {
                    return true;
                }
            } else if matches!(c, ';' | '#') && !self.is_number(rest, c) || rest.starts_with("//") {
                self.take(rest.len(), Some(Kind::Comment));
            } else if matches!(c, '"' | '\'') {
                self.take(quoted(rest, c), Some(Kind::String));
            } else if c == '%' {
                self.take(1 + word(&rest[1..]), Some(Kind::Name));
            } else if c.is_ascii_digit() || c == '$' {
                let length = c.len_utf8() + word(&rest[c.len_utf8()..]);
                let label = !self.operation && rest[length..].starts_with(':');
                self.take(length, Some(if label { Kind::Function } else { Kind::Constant }));
            } else if is_part(c) {
                self.word(rest);
            } else {
                self.take(c.len_utf8(), None);
            }
        }
        false
    }

    fn take(&mut self, length: usize, kind: Option<Kind>) {
        if let Some(kind) = kind {
            self.stretches.push(self.start + self.at..self.start + self.at + length, kind);
        }
        self.at += length;
    }

    fn comment_to_its_end(&mut self) -> bool {
        let rest = &self.line[self.at..];
        let end = rest.find("*/").map(|end| end + 2);
        self.take(end.unwrap_or(rest.len()), Some(Kind::Comment));
        end.is_some()
    }

    /// ARM writes numbers with a hash.
    fn is_number(&self, rest: &str, c: char) -> bool {
        c == '#' && self.operation && rest[1..].starts_with(|c: char| c.is_ascii_digit() || c == '-')
    }

    fn word(&mut self, rest: &str) {
        let length = word(rest);
        let (text, after) = rest.split_at(length);
        let kind = if self.operation {
            is_register(text).then_some(Kind::Name)
        } else if after.starts_with(':') {
            Some(Kind::Function)
        } else if text.starts_with('.') {
            self.operation = true;
            Some(Kind::Meta)
        } else {
            // What stands before `rep`'s instruction is one, too.
            self.operation = !matches!(text, "rep" | "repe" | "repne" | "repz" | "repnz" | "lock");
            Some(Kind::Keyword)
        };
        self.take(length, kind);
    }
}

fn is_part(c: char) -> bool {
    c.is_alphanumeric() || "_.@".contains(c)
}

fn word(text: &str) -> usize {
    text.find(|c: char| !is_part(c)).unwrap_or(text.len())
}

/// The length of a string with its quotes.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|&(_, c)| {
        let ends = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |(at, _)| at + 1)
}

/// Registers that are written without a mark: x86 as Intel has it, ARM, RISC-V.
fn is_register(word: &str) -> bool {
    const NAMED: &[&str] =
        &["sp", "lr", "pc", "ra", "gp", "tp", "zero", "xzr", "wzr", "cs", "ds", "es", "fs", "gs", "ss"];
    const X86: &[&str] = &["ax", "bx", "cx", "dx", "si", "di", "bp", "sp", "ip"];
    const BYTES: &[&str] = &["al", "bl", "cl", "dl", "ah", "bh", "ch", "dh", "sil", "dil", "bpl", "spl"];
    let lower = word.to_ascii_lowercase();
    let wide = lower.strip_prefix(['r', 'e']).is_some_and(|rest| X86.contains(&rest));
    let numbered = |prefix: &str| {
        let rest = lower.strip_prefix(prefix).map(|rest| rest.trim_end_matches(['d', 'w', 'b']));
        rest.is_some_and(|rest| (1..=2).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let numbered = ["r", "x", "w", "xmm", "ymm", "zmm", "cr", "dr", "a", "s", "t"].into_iter().any(numbered);
    wide || numbered || NAMED.contains(&&*lower) || X86.contains(&&*lower) || BYTES.contains(&&*lower)
}
