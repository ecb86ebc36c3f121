//! Shortcodes of Hugo and Zola.

use crate::foreign::folder::head::Keys;
use crate::foreign::folder::tags::{Body, Kind, Tag, Words, code_block, embedded, next};
use crate::foreign::links::Links;
use crate::foreign::told::Verdict;

const NO_COUNTERPART: &str = "has no counterpart and is left as text";

/// Replaces Hugo's.
pub(super) fn hugo(body: &mut Body<'_>, keys: &Keys, links: &Links) {
    let text = body.text;
    let mut at = 0;
    while let Some(tag) = next(text, at) {
        at = tag.range.end;
        if tag.kind != Kind::Shortcode {
            continue;
        }
        if let Some(quoted) = tag.inner.strip_prefix("/*").and_then(|inner| inner.strip_suffix("*/")) {
            let braces = &text[tag.range.start..tag.range.start + 3];
            let close = if braces == "{{<" { ">}}" } else { "%}}" };
            body.put(tag.range.clone(), &format!("{braces}{quoted}{close}"));
            continue;
        }
        let inner = tag.inner.trim_end_matches('/').trim();
        let (name, rest) = inner.split_once(char::is_whitespace).unwrap_or((inner, ""));
        let words = Words::new(rest);
        match name {
            "highlight" => match end_of(text, &tag, |inner| inner.replace(' ', "") == "/highlight") {
                Some(end) => {
                    let code = code_block(
                        words.get(&["lang"], 0).unwrap_or_default(),
                        &text[tag.range.end..end.range.start],
                        body.form,
                    );
                    body.tell(tag.range.start, Verdict::Changed, format!("`{}` is a block of code now", tag.inner));
                    body.put(tag.range.start..end.range.end, &code);
                    at = end.range.end;
                }
                None => body.leave(tag.range, "never ends and is left as text"),
            },
            "comment" => match end_of(text, &tag, |inner| inner.replace(' ', "") == "/comment") {
                Some(end) => {
                    body.tell(tag.range.start, Verdict::Lost, "a comment for authors only".to_owned());
                    body.put(tag.range.start..end.range.end, "");
                    at = end.range.end;
                }
                None => body.leave(tag.range, "never ends and is left as text"),
            },
            "ref" | "relref" => {
                let path = words.get(&["path"], 0).unwrap_or_default();
                let (path, fragment) =
                    path.split_once('#').map_or((path, String::new()), |(path, place)| (path, format!("#{place}")));
                let number = links
                    .named(path, "content/")
                    .or_else(|| links.ending(path))
                    .or_else(|| links.ending(&format!("{path}.md")));
                match number {
                    Some(number) => body.replace(
                        tag.range,
                        &format!("document:{number}{fragment}"),
                        Verdict::Changed,
                        "is the link itself now",
                    ),
                    None if path.is_empty() => {
                        body.replace(tag.range, &fragment, Verdict::Changed, "is the link itself now");
                    }
                    None => body.replace(
                        tag.range,
                        &format!("/{}{fragment}", path.trim_start_matches('/')),
                        Verdict::Hand,
                        "names no document that was taken over",
                    ),
                }
            }
            "param" => match keys.shown(words.get(&["name"], 0).unwrap_or_default()) {
                Some(value) => body.replace(tag.range, &value, Verdict::Changed, "is its value now"),
                None => body.leave(tag.range, "has no value here and is left as text"),
            },
            "details" => {
                let summary = words.get(&["summary", "title"], 0).unwrap_or("Details");
                let open = if words.named.get("open").is_some_and(|open| open == "true") { " open" } else { "" };
                body.replace(
                    tag.range,
                    &format!("<details{open}>\n<summary>{summary}</summary>\n\n"),
                    Verdict::Changed,
                    "is an element now",
                );
            }
            "/details" => body.put(tag.range, "\n</details>\n"),
            _ => match embedded(name, &words, body.form) {
                Some((with, said)) => body.replace(tag.range, &with, Verdict::Changed, said),
                None => body.leave(tag.range, NO_COUNTERPART),
            },
        }
    }
}

/// Replaces Zola's: `{{ name(…) }}`, `{% name(…) %}` to `{% end %}`, and the components of its later versions.
pub(super) fn zola(body: &mut Body<'_>) {
    let text = body.text;
    let mut at = 0;
    let mut open: Vec<String> = Vec::new();
    while let Some(tag) = next(text, at) {
        at = tag.range.end;
        if let Some(quoted) = tag.inner.strip_prefix("/*").and_then(|inner| inner.strip_suffix("*/")) {
            let (start, end) = if tag.kind == Kind::Output { ("{{", "}}") } else { ("{%", "%}") };
            body.put(tag.range.clone(), &format!("{start}{quoted}{end}"));
            continue;
        }
        if tag.kind == Kind::Statement && matches!(tag.inner, "end" | "endblock") {
            match open.pop().as_deref() {
                Some("quote") => body.put(tag.range, "\n</blockquote>\n"),
                Some(_) => body.replace(tag.range, "", Verdict::Changed, "was taken out with the tag that it ends"),
                None => body.leave(tag.range, "ends nothing and is left as text"),
            }
            continue;
        }
        let (name, rest) = match (tag.kind, tag.inner.split_once('(')) {
            (Kind::Output | Kind::Statement, Some((name, rest))) => {
                (name.trim(), rest.trim_end().trim_end_matches(')'))
            }
            (Kind::Shortcode, _) => {
                let inner = tag.inner.trim_end_matches('/').trim();
                inner.split_once(char::is_whitespace).unwrap_or((inner, ""))
            }
            _ => {
                body.leave(tag.range, NO_COUNTERPART);
                continue;
            }
        };
        let words = Words::new(rest);
        match (embedded(name, &words, body.form), tag.kind) {
            (Some((with, said)), Kind::Output | Kind::Shortcode) => {
                body.replace(tag.range, &with, Verdict::Changed, said);
            }
            (_, Kind::Statement) if name == "quote" => {
                let author =
                    words.get(&["author", "by"], 9).map(|author| format!("\n<p>{author}:</p>")).unwrap_or_default();
                body.replace(tag.range, &format!("<blockquote>{author}\n\n"), Verdict::Changed, "is a quotation now");
                open.push(name.to_owned());
            }
            (_, Kind::Statement) => {
                body.replace(tag.range, "", Verdict::Hand, "has no counterpart: what it holds is plain text now");
                open.push(name.to_owned());
            }
            _ => body.leave(tag.range, NO_COUNTERPART),
        }
    }
}

/// The tag of the same kind that ends another.
pub(super) fn end_of<'a>(text: &'a str, tag: &Tag<'_>, is_end: impl Fn(&str) -> bool) -> Option<Tag<'a>> {
    let mut at = tag.range.end;
    while let Some(end) = next(text, at) {
        at = end.range.end;
        if end.kind == tag.kind && is_end(end.inner) {
            return Some(end);
        }
    }
    None
}
