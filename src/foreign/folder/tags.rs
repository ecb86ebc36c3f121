//! Shortcodes and template tags in a text: where they stand, what they say, and what stands in their places.

use std::collections::BTreeMap;
use std::ops::Range;

use pulldown_cmark::{Event, Parser, Tag as Markup};

use crate::foreign::html::short;
use crate::foreign::site::Form;
use crate::foreign::told::{Told, Verdict};
use crate::parsing::markdown::OPTIONS;
use crate::words::source_text::Lines;

/// A tag of some template language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tag<'a> {
    /// With its braces.
    pub(super) range: Range<usize>,
    pub(super) kind: Kind,
    /// Between the braces, trimmed, without the hyphens that eat white space.
    pub(super) inner: &'a str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `{{< >}}` and `{{% %}}`.
    Shortcode,
    /// `{{ }}`.
    Output,
    /// `{% %}`.
    Statement,
}

/// The next tag at or after a place.
pub(super) fn next(text: &str, from: usize) -> Option<Tag<'_>> {
    let mut at = from;
    loop {
        let start = at + text.get(at..)?.find('{')?;
        let rest = &text[start..];
        let (kind, open, close) = if rest.starts_with("{{<") {
            (Kind::Shortcode, 3, ">}}")
        } else if rest.starts_with("{{%") {
            (Kind::Shortcode, 3, "%}}")
        } else if rest.starts_with("{{") {
            (Kind::Output, 2, "}}")
        } else if rest.starts_with("{%") {
            (Kind::Statement, 2, "%}")
        } else {
            at = start + 1;
            continue;
        };
        match rest[open..].find(close) {
            // A tag that seems to begin within another is the one that was meant.
            Some(length) if rest[open..open + length].contains(&rest[..2]) => at = start + open,
            Some(length) => {
                let inner = rest[open..open + length].trim_matches('-').trim();
                return Some(Tag { range: start..start + open + length + close.len(), kind, inner });
            }
            None => at = start + open,
        }
    }
}

/// The words after a tag's name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) plain: Vec<String>,
    pub(super) named: BTreeMap<String, String>,
}

impl Words {
    /// Reads `"a" b c="d", e=f`.
    pub(super) fn new(text: &str) -> Self {
        let mut words = Self::default();
        let mut rest = text.trim_start_matches([' ', ',', '\n', '\t']);
        while !rest.is_empty() {
            let name_end = rest.find(|c: char| !(c.is_alphanumeric() || "_-".contains(c))).unwrap_or(rest.len());
            let after = rest[name_end..].trim_start();
            let (name, value) = match after.strip_prefix('=') {
                Some(value) if name_end > 0 => (&rest[..name_end], value.trim_start()),
                _ => ("", rest),
            };
            let (value, after) = match value.chars().next() {
                Some(quote @ ('"' | '\'' | '`')) => value[1..].split_once(quote).unwrap_or((&value[1..], "")),
                _ => value.split_at(value.find([' ', ',', '\n', '\t']).unwrap_or(value.len())),
            };
            if name.is_empty() {
                words.plain.push(value.to_owned());
            } else {
                words.named.insert(name.to_lowercase(), value.to_owned());
            }
            rest = after.trim_start_matches([' ', ',', '\n', '\t']);
        }
        words
    }

    /// The first of these names that says something, or the word at that place.
    pub(super) fn get(&self, names: &[&str], place: usize) -> Option<&str> {
        let named = names.iter().find_map(|name| self.named.get(*name)).map(String::as_str);
        named.or_else(|| self.plain.get(place).map(String::as_str)).filter(|text| !text.is_empty())
    }
}

/// A text in which tags are replaced, from its start to its end.
pub(super) struct Body<'a> {
    pub(super) text: &'a str,
    pub(super) form: Form,
    path: &'a str,
    first_line: usize,
    lines: Lines,
    code: Vec<Range<usize>>,
    written: String,
    done: usize,
    told: Vec<Told>,
}

impl<'a> Body<'a> {
    /// `line` is the line of the file on which the text begins.
    pub(super) fn new(text: &'a str, form: Form, path: &'a str, line: usize) -> Self {
        let code = if form == Form::Markdown { code(text) } else { Vec::new() };
        let lines = Lines::new(text);
        Self { text, form, path, first_line: line, lines, code, written: String::new(), done: 0, told: Vec::new() }
    }

    fn in_code(&self, at: usize) -> bool {
        let next = self.code.partition_point(|range| range.end <= at);
        self.code.get(next).is_some_and(|range| range.contains(&at))
    }

    /// Puts something in the place of a part, and says what.
    pub(super) fn replace(&mut self, range: Range<usize>, with: &str, verdict: Verdict, said: &str) {
        let written = short(&self.text[range.clone()]);
        self.tell(range.start, verdict, format!("`{written}` {said}"));
        self.put(range, with);
    }

    /// Puts something in the place of a part, about which there is nothing to say.
    pub(super) fn put(&mut self, range: Range<usize>, with: &str) {
        if range.start >= self.done {
            self.written.push_str(&self.text[self.done..range.start]);
            self.written.push_str(with);
            self.done = range.end;
        }
    }

    /// Leaves a tag as text that readers see.
    pub(super) fn leave(&mut self, range: Range<usize>, why: &str) {
        let text = &self.text[range.clone()];
        let before = self.text[..range.start].chars().next_back();
        let in_attribute = matches!(before, Some('"' | '\'' | '=' | '('));
        let with = if self.in_code(range.start) || in_attribute { text.to_owned() } else { literal(text, self.form) };
        self.replace(range, &with, Verdict::Hand, why);
    }

    pub(super) fn tell(&mut self, at: usize, verdict: Verdict, text: String) {
        let (line, column) = self.lines.place(self.text, at);
        self.told.push(Told { path: self.path.to_owned(), line: line + self.first_line - 1, column, verdict, text });
    }

    pub(super) fn finish(mut self, told: &mut Vec<Told>) -> String {
        self.written.push_str(&self.text[self.done..]);
        told.append(&mut self.told);
        self.written
    }
}

/// Where code stands in Markdown.
fn code(text: &str) -> Vec<Range<usize>> {
    let parser = Parser::new_ext(text, OPTIONS).into_offset_iter();
    let ranges = parser.filter_map(|(event, range)| {
        matches!(event, Event::Code(_) | Event::Start(Markup::CodeBlock(_))).then_some(range)
    });
    ranges.collect()
}

/// Text that stands for itself.
fn literal(text: &str, form: Form) -> String {
    if form == Form::Markdown {
        let one_line = text.split('\n').map(str::trim).collect::<Vec<_>>().join(" ");
        let longest = one_line.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat(longest + 1);
        let space = if one_line.contains('`') { " " } else { "" };
        return format!("{fence}{space}{one_line}{space}{fence}");
    }
    format!("<code>{}</code>", escaped(text))
}

pub(super) fn escaped(text: &str) -> String {
    let mut html = String::new();
    pulldown_cmark_escape::escape_html(&mut html, text).expect("a string takes everything");
    html
}

/// Code in a language.
pub(super) fn code_block(language: &str, code: &str, form: Form) -> String {
    let code = code.trim_matches('\n');
    let language: String = language.chars().filter(|c| c.is_alphanumeric() || "+-#_.".contains(*c)).collect();
    if form == Form::Markdown {
        let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat(longest.max(2) + 1);
        return format!("\n{fence}{language}\n{code}\n{fence}\n");
    }
    format!("<pre><code class=\"language-{language}\">{}\n</code></pre>", escaped(code))
}

fn link(words: &str, address: &str, form: Form) -> String {
    if form == Form::Markdown {
        format!("[{words}](<{}>)", address.replace(['<', '>'], ""))
    } else {
        format!("<a href=\"{}\">{}</a>", escaped(address), escaped(words))
    }
}

/// A tag that several generators and their themes have by that name: what stands in its place, and what to say of it.
pub(super) fn embedded(name: &str, words: &Words, form: Form) -> Option<(String, &'static str)> {
    let is_a_link = "is a link now: pages have no frames and scripts of other sites";
    let id = || words.get(&["id", "user_id", "video"], 0).filter(|id| !id.contains(char::is_whitespace));
    Some(match name {
        "youtube" | "youtube-lite" | "youtube_embed" => {
            (link("Video at YouTube", &format!("https://www.youtube.com/watch?v={}", id()?), form), is_a_link)
        }
        "vimeo" => (link("Video at Vimeo", &format!("https://vimeo.com/{}", id()?), form), is_a_link),
        "streamable" => (link("Video at Streamable", &format!("https://streamable.com/{}", id()?), form), is_a_link),
        "instagram" => {
            (link("Picture at Instagram", &format!("https://www.instagram.com/p/{}/", id()?), form), is_a_link)
        }
        "gist" => {
            let address = match (words.get(&["url"], 0)?, words.plain.get(1)) {
                (url, _) if url.starts_with("http") => url.to_owned(),
                (user, Some(id)) => format!("https://gist.github.com/{user}/{id}"),
                (id, None) => format!("https://gist.github.com/{id}"),
            };
            (link("Gist at GitHub", &address, form), is_a_link)
        }
        "tweet" | "twitter" | "x" | "twitter_simple" | "x_simple" => {
            let user = words.get(&["user"], 9).unwrap_or("i");
            let address = match words.get(&["id"], 0)? {
                url if url.starts_with("http") => url.to_owned(),
                id => format!("https://x.com/{user}/status/{id}"),
            };
            (link("Post at X", &address, form), is_a_link)
        }
        "figure" | "image" | "img" | "picture" => (picture(words, form)?, "is a picture in the text now"),
        _ => return None,
    })
}

fn picture(words: &Words, form: Form) -> Option<String> {
    let address = words.get(&["src", "path", "url", "link_to"], 0)?;
    let caption = words.get(&["caption", "title"], 9);
    let alt = words.get(&["alt"], 9).or(caption).unwrap_or_default();
    let page = words.get(&["link", "href"], 9);
    if form == Form::Markdown && caption.is_none() {
        let alt = alt.replace(['[', ']'], "");
        let picture = format!("![{alt}](<{address}>)");
        return Some(page.map_or(picture.clone(), |page| format!("[{picture}](<{page}>)")));
    }
    let mut html = format!("<img src=\"{}\" alt=\"{}\">", escaped(address), escaped(alt));
    if let Some(page) = page {
        html = format!("<a href=\"{}\">{html}</a>", escaped(page));
    }
    let caption = caption.map(|caption| format!("<figcaption>{caption}</figcaption>")).unwrap_or_default();
    Some(format!("<figure>{html}{caption}</figure>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_found_in_all_their_braces() {
        let text = "{ a {{< x \"y\" >}} {{% z %}}{{ v | f }}{%- if q -%} {{ open {#id}";
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(tag) = next(text, at) {
            at = tag.range.end;
            found.push((tag.kind, tag.inner));
        }
        let expected =
            [(Kind::Shortcode, "x \"y\""), (Kind::Shortcode, "z"), (Kind::Output, "v | f"), (Kind::Statement, "if q")];
        assert_eq!(found, expected);
    }

    #[test]
    fn words_have_quotes_and_names() {
        let words = Words::new("\"a b\" c d=\"e f\", g='h'");
        assert_eq!(words.plain, ["a b", "c"]);
        assert_eq!(
            (words.get(&["d"], 9), words.get(&["x"], 1), words.get(&["g"], 9)),
            (Some("e f"), Some("c"), Some("h"))
        );
    }

    #[test]
    fn what_is_left_stands_for_itself() {
        for (form, expected) in [
            (Form::Markdown, "a ``` {{< x `` >}} ``` `{{< y >}}`"),
            (Form::Html, "a <code>{{&lt; x `` &gt;}}</code> `<code>{{&lt; y &gt;}}</code>`"),
        ] {
            let text = "a {{< x `` >}} `{{< y >}}`";
            let mut body = Body::new(text, form, "a.md", 3);
            let mut at = 0;
            while let Some(tag) = next(text, at) {
                at = tag.range.end;
                body.leave(tag.range, "is left");
            }
            let mut told = Vec::new();
            assert_eq!(body.finish(&mut told), expected);
            assert_eq!((told[0].line, told.len()), (3, 2));
        }
    }
}
