//! Texts and contents of Atom, which say themselves whether they are plain, HTML or XHTML (RFC 4287, sections 3.1 and 4.1.3).

use crate::foreign::lint::addresses::{self, Wanted};
use crate::foreign::lint::codes::Code;
use crate::foreign::lint::findings::Findings;
use crate::foreign::lint::namespaces::Space;
use crate::foreign::lint::structure::{empty, leaf};
use crate::foreign::lint::text::{Surroundings, Text};
use crate::foreign::lint::tree::{Element, Index, Tree};
use crate::foreign::lint::{html, plain, values};
use crate::words::nearest::nearest;

const TYPES: [&str; 3] = ["text", "html", "xhtml"];

/// Looks at a text: a title, subtitle, summary or rights.
pub(super) fn check(tree: &Tree, index: Index, findings: &mut Findings) {
    let element = tree.get(index);
    let kind = kind(element, findings);
    if !TYPES.contains(&&*kind) {
        findings.tell(
            Code::InvalidTextType,
            &element.name,
            element.place_of("type"),
            || format!("`{}` cannot be of the type `{kind}`", element.name),
            |finding| match nearest(&kind, TYPES).or((kind == "text/html").then_some("html")) {
                Some(near) => finding.help(format!("did you mean `{near}`?")).suggest(near),
                None => finding.help("write `text`, `html` or `xhtml`"),
            },
        );
        return;
    }
    typed(tree, index, &kind, findings);
}

/// Looks at the content of an entry, or says that there is none.
pub(super) fn check_content(tree: &Tree, entry: Index, has_alternate: bool, findings: &mut Findings) {
    let has_summary = tree.first(entry, Space::Atom, "summary").is_some();
    let content = tree.children(entry).find(|(_, child)| child.is(Space::Atom, "content"));
    let Some((index, element)) = content else {
        let place = tree.get(entry).tag.clone();
        if !has_alternate {
            findings.tell(
                Code::MissingContent,
                "",
                place,
                || "the entry has neither `content` nor a link to it".to_owned(),
                |finding| finding.help("add `content`, or `<link rel=\"alternate\" href=\"…\"/>`"),
            );
        } else if !has_summary {
            no_summary(place, "the entry has nothing to read: neither `content` nor `summary`", findings);
        }
        return;
    };
    let source = findings.text();
    if let Some(address) = element.attribute(&source.text, "src") {
        addresses::check(&address, Wanted::Iri, "`src` of `content`", element.place_of("src"), findings);
        if let Some(at) = &element.text_at {
            findings.tell(
                Code::UnexpectedText,
                "content src",
                at.clone(),
                || "text stands in a `content` that stands elsewhere".to_owned(),
                |finding| finding.help("take out `src` or the text"),
            );
        }
        if !has_summary {
            no_summary(element.tag.clone(), "content that stands elsewhere has no summary here", findings);
        }
        media_type(element, findings);
        return;
    }
    let kind = kind(element, findings);
    if TYPES.contains(&&*kind) {
        return typed(tree, index, &kind, findings);
    }
    media_type(element, findings);
    if kind.starts_with("text/") || kind.ends_with("+xml") || kind.ends_with("/xml") || !kind.contains('/') {
        return;
    }
    if !has_summary {
        no_summary(element.tag.clone(), "content that is no text has no summary", findings);
    }
    let text = element.text(&source.text);
    let is_base64 = text.value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/= \t\r\n".contains(&byte));
    if !is_base64 {
        findings.tell(
            Code::InvalidTextType,
            "base64",
            text.place(),
            || format!("content of the type `{kind}` is written in Base64, and this is not"),
            |finding| finding.help("encode it, or give the type of what stands here: `html` for most posts"),
        );
    }
}

fn kind(element: &Element, findings: &Findings) -> String {
    let said = element.attribute(&findings.source.text, "type");
    said.map_or_else(|| "text".to_owned(), |said| said.trimmed().to_ascii_lowercase())
}

fn media_type(element: &Element, findings: &mut Findings) {
    let source = findings.text();
    if let Some(kind) = element.attribute(&source.text, "type") {
        values::media_type(&kind, "content", element.place_of("type"), findings);
    }
}

fn no_summary(at: std::ops::Range<usize>, message: &'static str, findings: &mut Findings) {
    findings.tell(
        Code::MissingSummary,
        message,
        at,
        || message.to_owned(),
        |finding| finding.help("add a `summary` for readers that do not show it"),
    );
}

/// Looks at a text of a type that Atom itself has.
fn typed(tree: &Tree, index: Index, kind: &str, findings: &mut Findings) {
    let element = tree.get(index);
    let name = format!("`{}`", element.name);
    let source = findings.text();
    if kind == "xhtml" {
        return xhtml(tree, index, findings);
    }
    leaf(tree, index, findings);
    let text = element.text(&source.text);
    if text.trimmed().is_empty() {
        if element.name != "subtitle" {
            empty(element, "say something", findings);
        }
    } else if kind == "html" {
        html::check(&text, &name, findings);
    } else if let Some((at, tag)) =
        plain::markup(&text.value).filter(|_| element.name == "content" || element.name == "summary")
    {
        findings.tell(
            Code::ContainsHtml,
            &element.name,
            text.locate(at..at + tag.len()),
            || format!("{name} has the tag `{tag}` in it, but does not say that it is HTML"),
            |finding| finding.label("readers show it as it stands").help("write `type=\"html\"` in its tag"),
        );
    } else if element.name != "content" {
        plain::check(&text, &name, findings);
    }
}

/// Looks at XHTML: one `div`, with what readers show in it.
fn xhtml(tree: &Tree, index: Index, findings: &mut Findings) {
    let element = tree.get(index);
    let children: Vec<&Element> = tree.children(index).map(|(_, child)| child).collect();
    let is_sound = matches!(children[..], [only] if only.is(Space::Xhtml, "div")) && element.text_at.is_none();
    if !is_sound {
        let place = children.first().map_or(element.tag.clone(), |child| child.tag.clone());
        findings.tell(
            Code::MissingXhtmlDiv,
            &element.name,
            place,
            || format!("the XHTML in `{}` is not one `div`", element.name),
            |finding| finding.help("put it into `<div xmlns=\"http://www.w3.org/1999/xhtml\">…</div>`; if it is escaped, write `type=\"html\"`"),
        );
        return;
    }
    let source = findings.text();
    // Without prefixes it can be read as HTML where it stands.
    if children.iter().all(|child| !source.text[child.at.clone()].contains(':')) {
        let mut text = Text::default();
        text.push(&source.text, element.inner.clone(), Surroundings::Element);
        html::check(&text, &format!("`{}`", element.name), findings);
    }
}
