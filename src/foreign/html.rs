//! Other people's HTML, mended where browsers would lose something or the rest of a page would suffer: tags without their
//! `>`, quotes and elements that nobody closes, ends of elements that nobody began.
//!
//! What is sound keeps its bytes, old-fashioned or not. The text is read once from start to end, and nothing recurses.

use std::collections::HashMap;

use crate::foreign::quotes::{Quote, Quotes};
use crate::foreign::told::Remarks;
use crate::words::characters::is_legal;

/// Elements without content (HTML, section 13.1.2).
const VOID: [&str; 18] = [
    "area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input", "keygen", "link",
    "meta", "param", "source", "track", "wbr",
];

/// Elements that end by themselves.
const OPTIONAL: [&str; 16] = [
    "p", "li", "td", "th", "tr", "dt", "dd", "option", "optgroup", "thead", "tbody", "tfoot", "colgroup", "rt", "rp",
    "caption",
];

/// Elements whose content is no HTML.
const RAW: [&str; 8] = ["script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"];

/// Elements that belong to a whole page, not to a part of it.
const OF_A_PAGE: [&str; 6] = ["html", "head", "body", "base", "meta", "plaintext"];

/// Mends a piece of HTML; remarks are about bytes of `html`.
#[must_use]
pub fn mend(html: &str, remarks: &mut Remarks) -> String {
    if !html.contains(is_illegal) {
        return mend_legal(html, remarks);
    }
    // Without these characters, wherever they stand: a page may have them in tags and comments no more than in its text.
    let mut legal = String::with_capacity(html.len());
    // Where in `legal` something is missing, and how many bytes are missing up to there.
    let mut gaps: Vec<(usize, usize)> = Vec::new();
    for (at, c) in html.char_indices() {
        if is_illegal(c) {
            remarks.lost(at, format!("the character U+{:04X} cannot stand in a text", u32::from(c)));
            gaps.push((legal.len(), at + c.len_utf8() - legal.len()));
        } else {
            legal.push(c);
        }
    }
    let mut said = Remarks::default();
    let mended = mend_legal(&legal, &mut said);
    for remark in said.0 {
        let missing =
            gaps.partition_point(|(place, _)| *place <= remark.at).checked_sub(1).map_or(0, |gap| gaps[gap].1);
        remarks.say(remark.at + missing, remark.verdict, remark.text);
    }
    mended
}

fn mend_legal(html: &str, remarks: &mut Remarks) -> String {
    let mut mender = Mender {
        html,
        at: 0,
        mended: String::with_capacity(html.len() + 16),
        open: Vec::new(),
        counts: HashMap::new(),
        remarks,
        quotes: Quotes::new(),
        declarations: [true; 2],
    };
    mender.run();
    mender.mended
}

struct Mender<'a, 'r> {
    html: &'a str,
    at: usize,
    mended: String,
    /// Elements that are open, with the place of their tags.
    open: Vec<(String, usize)>,
    /// How many of each name are open.
    counts: HashMap<String, usize>,
    remarks: &'r mut Remarks,
    quotes: Quotes,
    /// Whether there may be another end of a comment, of another declaration: what is not there is looked for once.
    declarations: [bool; 2],
}

impl Mender<'_, '_> {
    fn run(&mut self) {
        while self.at < self.html.len() {
            let rest = &self.html[self.at..];
            match rest.find(['<', '&']) {
                Some(0) if rest.starts_with('&') => self.reference(),
                Some(0) => self.markup(),
                found => {
                    let end = self.at + found.unwrap_or(rest.len());
                    self.text(end);
                }
            }
        }
        for (name, at) in std::mem::take(&mut self.open).into_iter().rev() {
            if !OPTIONAL.contains(&&*name) {
                self.remarks.changed(at, format!("`<{name}>` is never closed; it ends with the text now"));
                self.mended.push_str(&format!("</{name}>"));
            }
        }
    }

    /// Takes text as it is.
    fn text(&mut self, end: usize) {
        self.mended.push_str(&self.html[self.at..end]);
        self.at = end;
    }

    /// A character reference gets the semicolon that it lacks.
    fn reference(&mut self) {
        let rest = &self.html[self.at + 1..];
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let name = &rest[..length];
        let known = (1..=12).contains(&length) && !rest[length..].starts_with(';') && {
            let written = format!("&{name}");
            let meant = htmlize::unescape(&written);
            *meant == *htmlize::unescape(format!("&{name};")) && *meant != written
        };
        self.mended.push_str(&self.html[self.at..self.at + 1 + length]);
        if known {
            self.remarks.changed(self.at, format!("`&{name}` lacked its semicolon"));
            self.mended.push(';');
        }
        self.at += 1 + length;
    }

    fn markup(&mut self) {
        let rest = &self.html[self.at..];
        let mut after = rest[1..].chars();
        match after.next() {
            Some('!' | '?') => self.declaration(),
            Some('/') if after.next().is_some_and(|c| c.is_ascii_alphabetic()) => self.end_tag(),
            Some(c) if c.is_ascii_alphabetic() => self.start_tag(),
            _ => {
                self.mended.push_str("&lt;");
                self.at += 1;
            }
        }
    }

    /// Comments, and what browsers take for one.
    fn declaration(&mut self) {
        let rest = &self.html[self.at..];
        let (close, is_comment) = if rest.starts_with("<!--") { ("-->", true) } else { (">", false) };
        let from = if is_comment { 4 } else { 2 };
        let found = if self.declarations[usize::from(is_comment)] { rest[from..].find(close) } else { None };
        match found {
            Some(length) => {
                let end = from + length + close.len();
                if is_comment {
                    self.mended.push_str(&rest[..end]);
                } else {
                    self.remarks.lost(self.at, format!("`{}` means nothing in a text", short(&rest[..end])));
                }
                self.at += end;
            }
            None => {
                self.declarations[usize::from(is_comment)] = false;
                self.remarks.changed(self.at, "this begins a comment that never ends; it is text now");
                self.mended.push_str("&lt;");
                self.at += 1;
            }
        }
    }

    fn end_tag(&mut self) {
        let rest = &self.html[self.at + 2..];
        let name = tag_name(rest);
        let end = rest.find(['>', '<']).unwrap_or(rest.len());
        let closed = rest[end..].starts_with('>');
        let start = self.at;
        self.at += 2 + end + usize::from(closed);
        if !closed {
            self.remarks.changed(start, format!("`</{name}` lacked its `>`"));
        }
        if self.counts.get(&name).is_none_or(|count| *count == 0) {
            // `</br>` is a line break to every browser.
            match &*name {
                "br" => self.mended.push_str("<br>"),
                "p" => self.mended.push_str("</p>"),
                _ => self.remarks.changed(start, format!("`</{name}>` closes nothing; it was taken out")),
            }
            return;
        }
        while let Some((open, at)) = self.open.pop() {
            if let Some(count) = self.counts.get_mut(&open) {
                *count -= 1;
            }
            if open == name {
                break;
            }
            if !OPTIONAL.contains(&&*open) {
                self.remarks.changed(at, format!("`<{open}>` is not closed within `<{name}>`; now it is"));
                self.mended.push_str(&format!("</{open}>"));
            }
        }
        let written = &self.html[start..self.at];
        self.mended.push_str(written.trim_end());
        if !closed {
            self.mended.push('>');
            self.mended.push_str(&written[written.trim_end().len()..]);
        }
    }

    fn start_tag(&mut self) {
        let start = self.at;
        let name = tag_name(&self.html[start + 1..]);
        let Some(tag) = self.tag(start + 1 + name.len()) else {
            self.remarks.lost(start, format!("the text ends within `<{name}`"));
            self.at = self.html.len();
            return;
        };
        let Tag { written, end, self_closing } = tag;
        self.at = end;
        if OF_A_PAGE.contains(&&*name) {
            self.remarks.lost(start, format!("`<{name}>` belongs to a whole page"));
            return;
        }
        if self_closing
            && !VOID.contains(&&*name)
            && !self.is_open("svg")
            && !self.is_open("math")
            && !matches!(&*name, "svg" | "math")
        {
            // XHTML: to a browser this would be an open tag.
            let mut bare = written.trim_end_matches('>').trim_end();
            while let Some(before) = bare.strip_suffix('/').filter(|_| !unquoted_value(&bare[1 + name.len()..])) {
                bare = before.trim_end();
            }
            self.mended.push_str(&format!("{bare}></{name}>"));
            return;
        }
        self.mended.push_str(&written);
        if VOID.contains(&&*name) || self_closing {
            return;
        }
        if RAW.contains(&&*name) {
            self.raw(&name, start);
            return;
        }
        *self.counts.entry(name.clone()).or_default() += 1;
        self.open.push((name, start));
    }

    fn is_open(&self, name: &str) -> bool {
        self.counts.get(name).is_some_and(|count| *count > 0)
    }

    /// What stands in a script and its like, to its end.
    fn raw(&mut self, name: &str, start: usize) {
        let rest = &self.html[self.at..];
        let is_end =
            |at: &usize| rest.get(at + 2..at + 2 + name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name));
        let Some(at) = rest.match_indices("</").map(|(at, _)| at).find(is_end) else {
            self.remarks.changed(start, format!("`<{name}>` is never closed; it ends with the text now"));
            self.mended.push_str(rest);
            self.mended.push_str(&format!("</{name}>"));
            self.at = self.html.len();
            return;
        };
        let end = rest[at..].find('>').map_or(rest.len(), |length| at + length + 1);
        self.mended.push_str(&rest[..end]);
        if !rest[..end].ends_with('>') {
            self.mended.push('>');
        }
        self.at += end;
    }

    /// The rest of a start tag, whose attributes begin at `from`. `None` when the text ends within it.
    fn tag(&mut self, from: usize) -> Option<Tag> {
        let bytes = self.html.as_bytes();
        let mut at = from;
        let mut copied = self.at;
        let mut written = String::new();
        loop {
            match *bytes.get(at)? {
                b'>' => {
                    written.push_str(&self.html[copied..=at]);
                    let self_closing = at > from && bytes[at - 1] == b'/' && !unquoted_value(&self.html[from..at]);
                    return Some(Tag { written, end: at + 1, self_closing });
                }
                // A tag begins before this one has ended.
                b'<' if bytes.get(at + 1).is_some_and(|next| next.is_ascii_alphabetic() || b"/!".contains(next)) => {
                    let before = &self.html[copied..at];
                    self.remarks
                        .changed(self.at, format!("`{}` lacked its `>`", short(self.html[self.at..at].trim_end())));
                    written.push_str(before.trim_end());
                    written.push_str(if written.ends_with('/') { " >" } else { ">" });
                    return Some(Tag {
                        written,
                        end: at - (before.len() - before.trim_end().len()),
                        self_closing: false,
                    });
                }
                quote @ (b'"' | b'\'') if self.html[from..at].trim_end().ends_with('=') => {
                    at = match self.quotes.close(self.html, at, quote) {
                        Quote::At(close) => close + 1,
                        Quote::Missing(end) => {
                            self.remarks
                                .changed(at, format!("the quote `{}` is never closed; now it is", char::from(quote)));
                            written.push_str(&self.html[copied..end]);
                            written.push(char::from(quote));
                            copied = end;
                            end
                        }
                    };
                }
                _ => at += 1,
            }
        }
    }
}

/// A start tag.
struct Tag {
    /// As it is to be.
    written: String,
    /// Where the text after it begins.
    end: usize,
    self_closing: bool,
}

/// Whether the last attribute has a value without quotes, to which a slash at its end belongs: `<a href=/>`.
fn unquoted_value(attributes: &str) -> bool {
    let last = attributes.rsplit(char::is_whitespace).next().unwrap_or_default();
    last.split_once('=').is_some_and(|(_, value)| !value.starts_with(['"', '\'']) && value != "/")
}

fn tag_name(rest: &str) -> String {
    let end = rest.find(|c: char| c.is_ascii_whitespace() || "/><".contains(c)).unwrap_or(rest.len());
    rest[..end].to_ascii_lowercase()
}

/// What XML 1.0 has no way to write (section 2.2, `Char`), so that no feed of the new site could hold it.
pub(crate) fn is_illegal(c: char) -> bool {
    !is_legal(c)
}

/// The start of a text, on one line, for a remark.
pub(crate) fn short(text: &str) -> String {
    let line: Vec<&str> = text.split_whitespace().take(12).collect();
    let line = line.join(" ");
    match line.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::*;

    #[track_caller]
    fn check(html: &str, expected: &str, remarks: usize) {
        let mut said = Remarks::default();
        assert_eq!((&*mend(html, &mut said), said.0.len()), (expected, remarks), "{:?}", said.0);
    }

    #[test]
    fn what_browsers_would_lose_is_mended() {
        check(
            "<a href=\"x.dot\"\n<img src=\"x.png\" alt='a > b'></a>",
            "<a href=\"x.dot\">\n<img src=\"x.png\" alt='a > b'></a>",
            1,
        );
        check("an </tt>sk_buff</tt>", "an sk_buff", 2);
        check("&nbsp<tt>a</tt> AT&T &amp &copy; ?a&b", "&nbsp;<tt>a</tt> AT&T &amp; &copy; ?a&b", 2);
        check("<b><i>x</b> y", "<b><i>x</i></b> y", 1);
        check("<div><p>x", "<div><p>x</div>", 1);
        check("<ul><li>a<li>b</ul><p>c<p>d", "<ul><li>a<li>b</ul><p>c<p>d", 0);
        check("<a href=\"x>y</a> <a href=\"z\">w</a>", "<a href=\"x\">y</a> <a href=\"z\">w</a>", 1);
        check("<a href='x>y</a>", "<a href='x'>y</a>", 1);
        check("a < b <3 <", "a &lt; b &lt;3 &lt;", 0);
        check("x<img src=", "x", 1);
        check("a\u{1}b", "ab", 1);
        check("<a title='\u{1}'><!--\u{2}-->\u{fffe}</a>", "<a title=''><!----></a>", 3);
        check("<!-- a --><?php x ?><![CDATA[y]]>", "<!-- a -->", 2);
        check("<div/><br/><span class='x' />", "<div></div><br/><span class='x'></span>", 0);
        check("<script/\n/><div a=/x/ />", "<script></script><div a=/x/></div>", 0);
        check("<a href=/x/>y</a>", "<a href=/x/>y</a>", 0);
        check("<script>if (a < b) '</p>'</script>", "<script>if (a < b) '</p>'</script>", 0);
        check("<body><base href='/'><p>x</body>", "<p>x", 3);
        check(
            "<IMG SRC=a.png WIDTH=3 ALIGN=left><BR CLEAR=all>",
            "<IMG SRC=a.png WIDTH=3 ALIGN=left><BR CLEAR=all>",
            0,
        );
    }

    #[test]
    fn places_are_those_of_the_text_with_its_characters() {
        let mut said = Remarks::default();
        assert_eq!(mend("\u{1}</b>a\u{fffe}\u{2}</i>b", &mut said), "ab");
        let mut places: Vec<usize> = said.0.iter().map(|remark| remark.at).collect();
        places.sort_unstable();
        assert_eq!(places, [0, 1, 6, 9, 10]);
    }

    #[test]
    fn deep_nesting_and_many_damages_have_an_end() {
        for piece in ["<div>", "<a href=\"", "</b>", "<", "<!--", "&amp", "<b></i>", "<a href='x", "<script>", "<p"] {
            let html = piece.repeat(50_000);
            let _ = mend(&html, &mut Remarks::default());
        }
    }

    proptest! {
        #[test]
        fn mended_html_wants_no_mending(html in "(<|>|/|a|b|p|div|img|br| |href|=|\"|'|&|nbsp|;|!--|-->|script|\n|\\PC)*") {
            let once = mend(&html, &mut Remarks::default());
            let twice = mend(&once, &mut Remarks::default());
            assert_eq!(once, twice);
        }
    }
}
