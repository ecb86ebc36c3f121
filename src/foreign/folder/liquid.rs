//! Template tags in texts of Jekyll and Eleventy: Liquid, and what Nunjucks writes alike.

use crate::foreign::folder::head::Keys;
use crate::foreign::folder::shortcodes::end_of;
use crate::foreign::folder::tags::{Body, Kind, Words, code_block, embedded, next};
use crate::foreign::links::Links;
use crate::foreign::told::Verdict;

/// What a text's templates can name.
pub(super) struct Names<'a> {
    /// The text's own keys.
    pub(super) page: &'a Keys,
    /// The site's configuration.
    pub(super) site: &'a Keys,
    pub(super) links: &'a Links,
}

/// Filters that make an address, and leave it what it is.
const ADDRESSES: [&str; 5] = ["relative_url", "absolute_url", "url", "prepend: site.baseurl", "prepend: site.url"];

/// Replaces tags.
pub(super) fn replace(body: &mut Body<'_>, names: &Names<'_>) {
    let text = body.text;
    let mut at = 0;
    while let Some(tag) = next(text, at) {
        at = tag.range.end;
        let (name, rest) = tag.inner.split_once(char::is_whitespace).unwrap_or((tag.inner, ""));
        match (tag.kind, name) {
            (Kind::Statement, "raw" | "verbatim" | "comment") => {
                let end = end_of(text, &tag, |inner| inner == format!("end{name}"));
                let Some(end) = end else {
                    body.leave(tag.range, "never ends and is left as text");
                    continue;
                };
                at = end.range.end;
                if name == "comment" {
                    body.tell(tag.range.start, Verdict::Lost, "a comment for authors only".to_owned());
                    body.put(tag.range.start..end.range.end, "");
                } else {
                    body.put(tag.range, "");
                    body.put(end.range, "");
                }
            }
            (Kind::Statement, "highlight") => match end_of(text, &tag, |inner| inner == "endhighlight") {
                Some(end) => {
                    let language = rest.split_whitespace().next().unwrap_or_default();
                    let code = code_block(language, &text[tag.range.end..end.range.start], body.form);
                    body.tell(tag.range.start, Verdict::Changed, format!("`{}` is a block of code now", tag.inner));
                    body.put(tag.range.start..end.range.end, &code);
                    at = end.range.end;
                }
                None => body.leave(tag.range, "never ends and is left as text"),
            },
            (Kind::Statement, "post_url" | "link") => {
                let path = rest.trim().trim_matches(['"', '\'']).trim_start_matches('/');
                let found = if name == "link" {
                    names.links.named(path, "")
                } else {
                    [".md", ".markdown", ".html"].iter().find_map(|end| {
                        names
                            .links
                            .named(&format!("_posts/{path}{end}"), "")
                            .or_else(|| names.links.ending(&format!("{path}{end}")))
                    })
                };
                match found {
                    Some(number) => body.replace(
                        tag.range,
                        &format!("document:{number}"),
                        Verdict::Changed,
                        "is the link itself now",
                    ),
                    None if name == "link" => {
                        body.replace(
                            tag.range,
                            &format!("/{path}"),
                            Verdict::Changed,
                            "is the address of the file now",
                        );
                    }
                    None => body.replace(tag.range, "#", Verdict::Hand, "names no post that was taken over"),
                }
            }
            (Kind::Statement, "include" | "include_relative" | "render") => {
                body.leave(tag.range, "takes in a template, which is not taken over: it is left as text");
            }
            (Kind::Statement, _) => match embedded(name, &Words::new(rest), body.form) {
                Some((with, said)) => body.replace(tag.range, &with, Verdict::Changed, said),
                None => body.leave(tag.range, "has no counterpart and is left as text"),
            },
            (Kind::Output, _) => match value(tag.inner, names, &text[tag.range.end..]) {
                Some(value) => body.replace(tag.range, &value, Verdict::Changed, "is its value now"),
                None => body.leave(tag.range, "has no value here and is left as text"),
            },
            (Kind::Shortcode, _) => {}
        }
    }
}

/// What an expression says, if it says something that stays the same.
fn value(expression: &str, names: &Names<'_>, behind: &str) -> Option<String> {
    let mut parts = expression.split('|').map(str::trim);
    let first = parts.next()?;
    let quoted = ['"', '\''].iter().find_map(|quote| first.strip_prefix(*quote)?.strip_suffix(*quote));
    let mut value = match quoted {
        Some(text) => text.to_owned(),
        None if first == "site.baseurl" => String::new(),
        // The address of the whole site, in front of a path.
        None if first == "site.url" && behind.starts_with(['/', '{']) => String::new(),
        None => match first.strip_prefix("site.") {
            Some(key) => names.site.shown(key)?,
            None => names.page.shown(first.strip_prefix("page.").unwrap_or(first))?,
        },
    };
    for filter in parts {
        if ADDRESSES.contains(&filter) {
            if !value.starts_with('/') && !value.contains(':') {
                value.insert(0, '/');
            }
        } else if !matches!(filter, "escape" | "safe" | "strip" | "xml_escape") {
            return None;
        }
    }
    Some(value)
}

/// Takes out what kramdown has beyond Markdown: lists of attributes, and the mark where a table of contents is to be.
pub(super) fn without_kramdown(text: &str, body: &mut Body<'_>) {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        let is_list = trimmed.starts_with("{:") && trimmed.ends_with('}');
        if is_list {
            body.replace(at..at + line.len(), "", Verdict::Lost, "is of kramdown: attributes are not taken along");
        }
        at += line.len();
    }
}
