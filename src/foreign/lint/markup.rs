//! XML taken apart, whatever is wrong with it: [`tokens`] gives every tag with its place and goes on where a parser would stop.
//!
//! A conforming parser must give up at the first violation. Here each violation is told, and the next `<` starts afresh. No part
//! of the text is looked through more than a fixed number of times, so a hostile file takes no longer than a sound one.

use std::ops::Range;

use crate::foreign::html::short;
use crate::foreign::lint::codes::Code;
use crate::foreign::lint::findings::Findings;

/// As many attributes of a tag are remembered; no vocabulary has half as many.
const ATTRIBUTES: usize = 256;

/// A piece of markup, or the text between two; ranges are bytes of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// `<name a="b">` or `<name/>`.
    Start(Tag),
    /// `</name>`.
    End {
        /// All of it.
        at: Range<usize>,
        /// The name.
        name: Range<usize>,
    },
    /// What stands between tags.
    Text(Range<usize>),
    /// What stands in a section; the range is that of the content.
    Section(Range<usize>),
    /// `<?xml … ?>`.
    Declaration(Range<usize>),
    /// `<!DOCTYPE … >`.
    Doctype(Range<usize>),
    /// A comment or a processing instruction.
    Aside,
}

/// A start tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tag {
    /// From `<` to `>`.
    pub(super) at: Range<usize>,
    /// The name with its prefix.
    pub(super) name: Range<usize>,
    /// As they stand.
    pub(super) attributes: Vec<RawAttribute>,
    /// Whether it ends in `/>`.
    pub(super) empty: bool,
}

/// An attribute as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RawAttribute {
    /// The name with its prefix.
    pub(super) name: Range<usize>,
    /// What stands between the quotes.
    pub(super) value: Range<usize>,
}

impl Tag {
    fn keep(&mut self, attribute: RawAttribute) {
        if self.attributes.len() < ATTRIBUTES {
            self.attributes.push(attribute);
        }
    }
}

/// The tokens of a text, one after the other.
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
    /// Ends that do not come any more, so that nobody looks for them again.
    exhausted: Vec<&'static str>,
}

/// Takes a text apart.
pub(super) fn tokens(text: &str) -> Tokens<'_> {
    Tokens { text, at: 0, exhausted: Vec::new() }
}

impl Tokens<'_> {
    /// The next token; what is wrong on the way is told.
    pub(super) fn next(&mut self, findings: &mut Findings) -> Option<Token> {
        let start = self.at;
        let rest = &self.text[start..];
        if rest.is_empty() {
            return None;
        }
        if !rest.starts_with('<') {
            self.at = start + rest.find('<').unwrap_or(rest.len());
            return Some(Token::Text(start..self.at));
        }
        if rest.starts_with("<!--") {
            if self.delimited("<!--", "-->", findings).is_none() {
                // What comes before the next tag was meant to be part of it.
                self.at += self.text[self.at..].find('<').unwrap_or(self.text.len() - self.at);
            }
            return Some(Token::Aside);
        }
        if rest.starts_with("<![CDATA[") {
            let section = self.delimited("<![CDATA[", "]]>", findings);
            return Some(section.map_or(Token::Text(start..start), Token::Section));
        }
        if let Some(target) = rest.strip_prefix("<?") {
            let is_declaration =
                target.strip_prefix("xml").is_some_and(|rest| rest.starts_with([' ', '\t', '\n', '\r', '?']));
            let inner = self.delimited("<?", "?>", findings);
            return Some(match inner {
                Some(_) if is_declaration => Token::Declaration(start..self.at),
                Some(_) => Token::Aside,
                None => Token::Text(start..start),
            });
        }
        if rest.get(..9).is_some_and(|word| word.eq_ignore_ascii_case("<!DOCTYPE")) {
            return Some(self.doctype(findings));
        }
        if let Some(name) = rest.strip_prefix("</") {
            let length = name_length(name);
            if length > 0 {
                return Some(self.end_tag(length, findings));
            }
        } else if name_length(&rest[1..]) > 0 {
            return Some(Token::Start(self.start_tag(findings)));
        }
        self.at = start + 1;
        findings.tell(
            Code::MalformedMarkup,
            "<",
            start..start + 1,
            || "a `<` that starts nothing".to_owned(),
            |finding| finding.help("a `<` that is meant as one is written `&lt;`").suggest("&lt;"),
        );
        Some(Token::Text(start..self.at))
    }

    /// Everything up to `close`; `None` if that never comes, and then only `open` is passed over.
    fn delimited(&mut self, open: &'static str, close: &'static str, findings: &mut Findings) -> Option<Range<usize>> {
        let start = self.at;
        let inner = start + open.len();
        let known = self.exhausted.contains(&close);
        if let Some(length) = (!known).then(|| self.text[inner..].find(close)).flatten() {
            self.at = inner + length + close.len();
            return Some(inner..inner + length);
        }
        if !known {
            self.exhausted.push(close);
        }
        self.at = inner;
        findings.tell(
            Code::MalformedMarkup,
            open,
            start..inner,
            || format!("this `{open}` has no `{close}` after it"),
            |finding| finding.label("everything after it is swallowed").help(format!("close it with `{close}`")),
        );
        None
    }

    fn doctype(&mut self, findings: &mut Findings) -> Token {
        let start = self.at;
        let rest = if self.exhausted.contains(&"]>") { "" } else { &self.text[start..] };
        let (mut depth, mut quote) = (0_usize, None);
        for (at, byte) in rest.bytes().enumerate() {
            match (quote, byte) {
                (Some(open), _) if byte == open => quote = None,
                (Some(_), _) => {}
                (None, b'"' | b'\'') => quote = Some(byte),
                (None, b'[') => depth += 1,
                (None, b']') => depth = depth.saturating_sub(1),
                (None, b'>') if depth == 0 => {
                    self.at = start + at + 1;
                    return Token::Doctype(start..self.at);
                }
                _ => {}
            }
        }
        if !self.exhausted.contains(&"]>") {
            self.exhausted.push("]>");
        }
        self.at = start + "<!DOCTYPE".len();
        findings.tell(
            Code::MalformedMarkup,
            "doctype",
            start..self.at,
            || "this document type never ends".to_owned(),
            |finding| finding.help("take it out: feeds have none"),
        );
        Token::Text(start..start)
    }

    fn end_tag(&mut self, length: usize, findings: &mut Findings) -> Token {
        let start = self.at;
        let name = start + 2..start + 2 + length;
        let rest = &self.text[name.end..];
        let stop = rest.find(['<', '>']).unwrap_or(rest.len());
        let closed = rest[stop..].starts_with('>');
        self.at = name.end + stop + usize::from(closed);
        if !closed || !rest[..stop].trim().is_empty() {
            self.unclosed_tag(start..name.end, &self.text[start..name.end], findings);
        }
        Token::End { at: start..self.at, name }
    }

    fn unclosed_tag(&self, at: Range<usize>, tag: &str, findings: &mut Findings) {
        findings.tell(
            Code::MalformedMarkup,
            "tag",
            at,
            || format!("the tag `{}` has no `>`", short(tag)),
            |finding| finding.label("a tag that does not end").help("close it with `>`"),
        );
    }

    fn start_tag(&mut self, findings: &mut Findings) -> Tag {
        let start = self.at;
        let name = start + 1..start + 1 + name_length(&self.text[start + 1..]);
        let mut tag = Tag { at: start..name.end, name: name.clone(), attributes: Vec::new(), empty: false };
        let mut at = name.end;
        loop {
            let rest = &self.text[at..];
            let space = rest.len() - rest.trim_start().len();
            at += space;
            let rest = &rest[space..];
            if rest.starts_with('>') {
                at += 1;
                break;
            }
            if rest.starts_with("/>") {
                tag.empty = true;
                at += 2;
                break;
            }
            if rest.is_empty() || rest.starts_with('<') {
                self.unclosed_tag(start..name.end, &self.text[start..name.end], findings);
                break;
            }
            let length = name_length(rest);
            if length == 0 {
                let character = rest.chars().next().map_or(1, char::len_utf8);
                malformed(at..at + character, "is no attribute", findings);
                at += character;
                continue;
            }
            let attribute = at..at + length;
            if space == 0 {
                malformed(attribute.clone(), "wants a space before it", findings);
            }
            at = self.attribute(attribute, &mut tag, findings);
        }
        tag.at.end = at;
        self.at = at;
        tag
    }

    /// The value of an attribute whose name has been read; gives where it ends.
    fn attribute(&self, name: Range<usize>, tag: &mut Tag, findings: &mut Findings) -> usize {
        let skip = |at: usize| at + (self.text[at..].len() - self.text[at..].trim_start().len());
        let equals = skip(name.end);
        if !self.text[equals..].starts_with('=') {
            malformed(name.clone(), "has no value", findings);
            return name.end;
        }
        let open = skip(equals + 1);
        let rest = &self.text[open..];
        let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            let length = rest.find(|c: char| c.is_whitespace() || matches!(c, '>' | '<')).unwrap_or(rest.len());
            let length = if rest[..length].ends_with('/') { length - 1 } else { length };
            malformed(open..open + length, "wants quotes around it", findings);
            tag.keep(RawAttribute { name, value: open..open + length });
            return open + length;
        };
        // In sound XML no value has a `<`, so whoever forgot the second quote loses one tag and not the whole file.
        let inner = open + 1;
        let rest = &self.text[inner..];
        let stop = rest.find([quote, '<']).unwrap_or(rest.len());
        if rest[stop..].starts_with(quote) {
            tag.keep(RawAttribute { name, value: inner..inner + stop });
            return inner + stop + 1;
        }
        let length = rest[..stop].find('>').unwrap_or(stop);
        malformed(open..inner + length, "has no second quote, or a `<` in it", findings);
        tag.keep(RawAttribute { name, value: inner..inner + length });
        inner + length
    }
}

fn malformed(at: Range<usize>, what: &'static str, findings: &mut Findings) {
    let source = findings.text();
    let text = &source.text[at.clone()];
    findings.tell(
        Code::MalformedAttribute,
        what,
        at,
        || format!("`{}` {what}", short(text)),
        |finding| finding.help("write attributes as `name=\"value\"`, with `&lt;` for a `<`"),
    );
}

/// How long the name is that a text starts with (XML 1.0, section 2.3, `Name`, a little wider).
fn name_length(text: &str) -> usize {
    let starts = |c: char| c.is_alphabetic() || matches!(c, '_' | ':');
    let goes_on = |c: char| starts(c) || c.is_numeric() || matches!(c, '-' | '.' | '\u{b7}');
    if !text.starts_with(starts) {
        return 0;
    }
    text.find(|c| !goes_on(c)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::source_text::SourceText;

    /// The tokens of a text, as text, and the codes of what is wrong with it.
    fn taken(text: &str) -> (Vec<String>, Vec<&'static str>) {
        let mut findings = Findings::new(SourceText::new("feed.xml", text), None);
        let mut tokens = tokens(text);
        let mut shown = Vec::new();
        while let Some(token) = tokens.next(&mut findings) {
            shown.push(match token {
                Token::Start(tag) => {
                    let attributes =
                        tag.attributes.iter().map(|a| format!("{}={}", &text[a.name.clone()], &text[a.value.clone()]));
                    format!("+{} {}", &text[tag.name], attributes.collect::<Vec<_>>().join(" ")).trim().to_owned()
                }
                Token::End { name, .. } => format!("-{}", &text[name]),
                Token::Text(at) | Token::Section(at) => text[at].to_owned(),
                Token::Declaration(_) => "?".to_owned(),
                Token::Doctype(_) => "!".to_owned(),
                Token::Aside => "#".to_owned(),
            });
        }
        (shown, findings.finish().iter().map(|diagnostic| diagnostic.code).collect())
    }

    #[test]
    fn markup_is_taken_apart_whatever_is_wrong_with_it() {
        for (text, expected, codes) in [
            ("<a b='c'>d</a>", &["+a b=c", "d", "-a"][..], &[][..]),
            ("<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b '>'>]><!-- c --><a/>", &["?", "!", "#", "+a"], &[]),
            ("<a><![CDATA[<b>]]></a>", &["+a", "<b>", "-a"], &[]),
            ("<a b=c d>e</a>", &["+a b=c", "e", "-a"], &["malformed-attribute", "malformed-attribute"]),
            ("<a b=\"c>d</a>", &["+a b=c", "d", "-a"], &["malformed-attribute"]),
            ("<a <b>c</b>", &["+a", "+b", "c", "-b"], &["malformed-markup"]),
            ("a < b <![CDATA[ c", &["a ", "<", " b ", "", " c"], &["malformed-markup", "malformed-markup"]),
            ("</a b></c", &["-a", "-c"], &["malformed-markup", "malformed-markup"]),
        ] {
            let (shown, found) = taken(text);
            assert_eq!(
                (shown.iter().map(String::as_str).collect::<Vec<_>>(), &*found),
                (expected.to_vec(), codes),
                "{text}"
            );
        }
    }
}
