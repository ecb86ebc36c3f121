//! Links among documents, which have new places now.
//!
//! ```text
//! https://old.example/2008/a/  /2008/a/  ../a/     its old address, in full, from the root, from the document's own
//! a.md  ../a/index.md  @/blog/a.md                 its file, from the document's own or from the root of the content
//! document:7                                       the seventh document, in what an importer itself writes
//! ```
//!
//! All of them become `@/posts/a.md`, which a build checks. What leads to no document stays as it is, but for the path that
//! the old site was served under.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use pulldown_cmark::{Event, Parser, Tag};

use crate::foreign::site::{Document, Form, below};
use crate::parsing::engine_link::scheme;
use crate::parsing::html::{self, Target};
use crate::parsing::markdown::OPTIONS;
use crate::words::address::{absolute, has_scheme, origin, percent_decode, percent_encode};

/// Where documents were and where they are.
#[derive(Debug, Default)]
pub(crate) struct Links {
    /// With a slash at the end; may be empty.
    base: String,
    by_source: HashMap<String, usize>,
    /// The same by the names of files alone.
    by_name: HashMap<String, Vec<(String, usize)>>,
    by_address: HashMap<String, usize>,
    /// By the place on a page that a post was called by: its whole address, with the fragment.
    by_place: HashMap<String, usize>,
    /// The new files, in the order of the documents, relative to the site's root.
    paths: Vec<String>,
    /// Other files: where they were, in the folder and as addresses, and their addresses now.
    files: HashMap<String, String>,
}

impl Links {
    /// `paths` are the new files of `documents`.
    pub(crate) fn new(base: &str, documents: &[Document], paths: Vec<String>) -> Self {
        let mut links = Self { base: format!("{}/", base.trim_end_matches('/')), paths, ..Self::default() };
        for (number, document) in documents.iter().enumerate() {
            if let Entry::Vacant(entry) = links.by_source.entry(document.source.0.clone()) {
                let path = entry.key().clone();
                let name = path.rsplit('/').next().unwrap_or(&path).to_owned();
                links.by_name.entry(name).or_default().push((path, number));
                entry.insert(number);
            }
            if document.link.contains('#') {
                links.by_place.entry(document.link.clone()).or_insert(number);
            }
            for address in
                std::iter::once(&document.address).chain(&document.aliases).filter(|address| !address.is_empty())
            {
                links.by_address.entry(plain(address)).or_insert(number);
            }
        }
        links
    }

    /// Adds a file that lives at `to`, relative to the site's root; it was called `source` in its folder, and lived at
    /// `address`.
    pub(crate) fn add_file(&mut self, source: &str, address: &str, to: &str) {
        let now = format!("/{}", percent_encode(to));
        if !source.is_empty() {
            self.files.insert(source.to_owned(), now.clone());
        }
        if address != to {
            self.files.insert(format!("/{address}"), now);
        }
    }

    /// What a destination in `document` has to say now, unless that is the same.
    fn target(&self, document: &Document, destination: &str) -> Option<String> {
        let destination = destination.trim();
        let cut = destination.find(['?', '#']).unwrap_or(destination.len());
        let (bare, tail) = destination.split_at(cut);
        if bare.is_empty() {
            return None;
        }
        let to = |number: usize| {
            let path = self.paths.get(number)?.strip_prefix("content/")?;
            Some(format!("@/{}{}", percent_encode(path), if tail.starts_with('#') { tail } else { "" }))
        };
        if let Some(number) = bare.strip_prefix("document:") {
            return to(number.parse().ok()?);
        }
        if let Some(number) = self.by_place.get(destination) {
            let path = self.paths.get(*number)?.strip_prefix("content/")?;
            return Some(format!("@/{}", percent_encode(path)));
        }
        if let Some(scheme) = scheme(destination) {
            // Nobody else speaks of our engine. In capitals it is the same scheme to a browser, and none of ours.
            return Some(format!("{}{}", scheme.to_ascii_uppercase(), &destination[scheme.len()..]));
        }
        if has_scheme(bare) || bare.starts_with("//") {
            let path = below(bare, &self.base).filter(|_| !tail.starts_with('?'))?;
            return to(*self.by_address.get(&plain(&percent_decode(path)))?);
        }
        let decoded = percent_decode(bare);
        if !decoded.starts_with('/')
            && let Some(path) = joined(document, &decoded)
        {
            if let Some(number) = self.by_source.get(&path) {
                return to(*number);
            }
            let is_beside = document.beside.iter().any(|file| file.source == path);
            if let Some(now) = self.files.get(&path).filter(|_| !is_beside) {
                return Some(format!("{now}{tail}"));
            }
        }
        let address = if document.address.is_empty() { "/" } else { &document.address };
        let full = absolute(bare, &format!("{}{}", self.base, percent_encode(address.trim_start_matches('/'))));
        let path = if decoded.starts_with('/') && below(&full, &self.base).is_none() {
            decoded.as_str()
        } else {
            below(&full, &self.base)?
        };
        if let Some(number) = self.by_address.get(&plain(&percent_decode(path))) {
            return to(*number);
        }
        if let Some(now) = self.files.get(&percent_decode(path)) {
            return Some(format!("{now}{tail}"));
        }
        let base_path = &self.base[origin(&self.base).len()..];
        let stripped = bare.starts_with('/') && base_path.len() > 1 && bare.starts_with(base_path);
        stripped.then(|| format!("/{}{tail}", &bare[base_path.len()..]))
    }

    /// The document in a file that is called so from the content's root, with or without the ends of its name.
    pub(crate) fn named(&self, path: &str, root: &str) -> Option<usize> {
        let path = path.trim_matches('/');
        let ends = ["", ".md", ".html", "/index.md", "/_index.md", "/index.html"];
        ends.iter().find_map(|end| self.by_source.get(&format!("{root}{path}{end}")).copied())
    }

    /// The number of a document whose file's name ends so, if there is but one.
    pub(crate) fn ending(&self, end: &str) -> Option<usize> {
        let slashed = format!("/{end}");
        let named = self.by_name.get(end.rsplit('/').next().unwrap_or(end)).map(Vec::as_slice).unwrap_or_default();
        let mut found = named.iter().filter(|(path, _)| path.ends_with(&slashed)).map(|(_, number)| *number);
        found.next().filter(|_| found.next().is_none())
    }
}

/// A path in the folder, named from the content's root or from another document; nothing when it leaves the folder.
fn joined(document: &Document, path: &str) -> Option<String> {
    let own = &document.source.0;
    let root = if own.starts_with("content/") { "content/" } else { "" };
    let (base, path) = match path.strip_prefix("@/") {
        Some(path) => (root, path),
        None => (&own[..own.rfind('/').map_or(0, |at| at + 1)], path),
    };
    let full = format!("{base}{path}");
    let mut parts: Vec<&str> = Vec::new();
    for part in full.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// An address as it is compared: without the slash at its end and the names that servers add.
fn plain(address: &str) -> String {
    let bare = address.split(['?', '#']).next().unwrap_or_default();
    let bare = bare.strip_suffix("/index.html").or_else(|| bare.strip_suffix(".html")).unwrap_or(bare);
    format!("/{}", bare.trim_matches('/'))
}

/// The body of a document with its links made new.
pub(crate) fn rewrite(document: &Document, links: &Links) -> String {
    let body = &document.body;
    match document.form {
        Form::Html | Form::GenBlog => html_links(body, document, links).unwrap_or_else(|| body.clone()),
        Form::Markdown => {
            let mut edits = edits(document, links);
            edits.sort_by_key(|(range, _)| range.start);
            let (mut rewritten, mut done) = (String::with_capacity(body.len()), 0);
            for (range, text) in edits.into_iter() {
                if range.start >= done {
                    rewritten.push_str(&body[done..range.start]);
                    rewritten.push_str(&text);
                    done = range.end;
                }
            }
            rewritten.push_str(&body[done..]);
            rewritten
        }
    }
}

/// Rewritten HTML, when anything changes.
fn html_links(html: &str, document: &Document, links: &Links) -> Option<String> {
    if !html.contains('<') {
        return None;
    }
    let mut changed = false;
    let resolve = |reference: html::Reference<'_>| {
        let href = links.target(document, reference.address)?;
        changed = true;
        Some(Target { href, size: None })
    };
    let rewritten = html::rewrite(html, &[], &BTreeMap::new(), resolve).ok()?;
    changed.then_some(rewritten)
}

/// What changes in a Markdown text, and where.
fn edits(document: &Document, links: &Links) -> Vec<(Range<usize>, String)> {
    let body = &document.body;
    let mut edits = Vec::new();
    let mut parser = Parser::new_ext(body, OPTIONS).into_offset_iter();
    for (event, at) in parser.by_ref() {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                let Some(new) = links.target(document, &dest_url) else { continue };
                let text = &body[at.clone()];
                let behind = |bracket: &str| {
                    text.rfind(&format!("{bracket}{dest_url}")).map(|found| at.start + found + bracket.len())
                };
                if let Some(start) = behind("](").or_else(|| behind("](<")).or_else(|| behind("<")) {
                    edits.push((start..start + dest_url.len(), new));
                }
            }
            Event::Start(Tag::HtmlBlock) | Event::InlineHtml(_) => {
                edits.extend(html_links(&body[at.clone()], document, links).map(|html| (at, html)));
            }
            _ => {}
        }
    }
    for (_, definition) in parser.reference_definitions().iter() {
        let Some(new) = links.target(document, &definition.dest) else { continue };
        let text = &body[definition.span.clone()];
        if let Some(found) = text.rfind(&*definition.dest) {
            let start = definition.span.start + found;
            edits.push((start..start + definition.dest.len(), new));
        }
    }
    edits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(form: Form, body: &str, expected: &str) {
        let document = |source: &str, address: &str, form, body: &str| Document {
            source: (source.to_owned(), 1),
            address: address.to_owned(),
            form,
            body: body.to_owned(),
            ..Document::default()
        };
        let documents = [
            document("content/blog/a.md", "/blog/a/", form, body),
            document("content/blog/b/index.md", "/2008/b.html", form, ""),
        ];
        let paths = vec!["content/posts/a.md".to_owned(), "content/posts/b/index.md".to_owned()];
        let links = Links::new("https://old.example/site", &documents, paths);
        assert_eq!(rewrite(&documents[0], &links), expected);
    }

    #[test]
    fn every_way_to_name_a_document_becomes_one() {
        let new = "@/posts/b/index.md";
        for old in [
            "https://old.example/site/2008/b.html",
            "http://old.example/site/2008/b",
            "/site/2008/b/",
            "/2008/b.html",
            "../../2008/b.html",
            "b/index.md",
            "./b/index.md",
            "@/blog/b/index.md",
            "document:1",
        ] {
            check(Form::Markdown, &format!("[x]({old}#y) `[x]({old})`"), &format!("[x]({new}#y) `[x]({old})`"));
            check(Form::Html, &format!("<a href='{old}'>x</a>"), &format!("<a href=\"{new}\">x</a>"));
        }
        check(Form::Markdown, "[x][r]\n\n[r]: b/index.md 'T'\n", &format!("[x][r]\n\n[r]: {new} 'T'\n"));
        check(Form::Markdown, "a <a href=\"/2008/b\">x</a>", &format!("a <a href=\"{new}\">x</a>"));
        check(Form::Markdown, "![p](/site/img/p.png)", "![p](/img/p.png)");
        check(Form::Markdown, "[x](sim:a) <claim:1+>", "[x](SIM:a) <CLAIM:1+>");
        check(Form::Html, "<a href='src:f'>x</a> <img src=knob:a/b>", "<a href=\"SRC:f\">x</a> <img src=\"KNOB:a/b\">");
        for other in ["[x](#y)", "[x](mailto:a@b.c)", "[x](c.md)", "![x](p.png)", "[x](https://old.example/site/?p=1)"]
        {
            check(Form::Markdown, other, other);
        }
    }
}
