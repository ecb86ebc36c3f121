//! Links as authors write them become what a page on the site may say.
//!
//! ```text
//! @/posts/a.md#part   a text or file under content/, from anywhere
//! ../b.md  pic.png    a text or file, from where the text lies
//! /posts/a/  ../b/    an address on the site, from its root or from the page's own
//! #part               a place on the same page; for a figure, a state of it
//! https:  mailto:     elsewhere, and left as it is
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sim::telling::claim::Claims;

use crate::files::picture::Size;
use crate::graph::diagram::Layouts;
use crate::graph::places::{Document, Kind, Places, is_anchor, state_of_figure};
use crate::parsing::engine_link::scheme;
use crate::parsing::text::Anchors;
use crate::words::address::{self, has_scheme, percent_decode};
use crate::words::diagnostic::{Diagnostic, Subject};
use crate::words::nearest::nearest;
use crate::words::route::Route;
use crate::words::source_text::Span;

/// Where a link stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin<'a> {
    /// The text's path, relative to the site's root.
    pub(crate) path: &'a str,
    /// The page's address.
    pub(crate) route: &'a Route,
    /// The page's own anchors.
    pub(crate) anchors: &'a Anchors,
}

/// Where links of a text lead, by their destinations as they are written.
pub(crate) type Leads = BTreeMap<String, Resolved>;

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Resolved {
    /// What a page on the site may say.
    pub(crate) href: String,
    /// The address, when it is one of this site.
    pub(crate) route: Option<Route>,
    /// The size of the picture that is there.
    pub(crate) size: Option<Size>,
}

/// A link to a frame of a figure.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FrameLink {
    /// The figure's page.
    pub(crate) route: Route,
    /// The fragment: `ring=v1.burst.n10`.
    pub(crate) fragment: String,
}

impl Resolved {
    /// The frame of a figure that the link leads to, as far as its form tells.
    pub(crate) fn frame(&self) -> Option<FrameLink> {
        let (_, fragment) = self.href.split_once('#')?;
        let route = self.route.clone().filter(|_| fragment.contains('='))?;
        Some(FrameLink { route, fragment: percent_decode(fragment) })
    }
}

/// Resolves links of one site.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Linker<'a> {
    pub(crate) places: &'a Places<'a>,
    /// The path of the base URL, with slashes at both ends.
    pub(crate) base_path: &'a str,
    /// What the engine has to say.
    pub(crate) claims: &'a Claims,
    /// Whether a broken link is told what it may have meant: each such answer looks through all names of the site.
    pub(crate) suggests: bool,
    /// What diagrams look like.
    pub(crate) layouts: &'a Layouts<'a>,
    /// Where links of the text led before, if nothing else has changed since: then nobody asks what is at `places`.
    pub(crate) known: Option<&'a Leads>,
}

/// A destination in its parts: `path?query#fragment`.
struct Parts<'a> {
    path: &'a str,
    /// With its question mark; may be empty.
    query: &'a str,
    fragment: Option<&'a str>,
}

impl Linker<'_> {
    /// Resolves `destination`; `span` is its place, or that of the whole link.
    pub(crate) fn resolve(
        &self,
        origin: Origin<'_>,
        destination: &str,
        span: &Span,
    ) -> Result<Resolved, Box<Diagnostic>> {
        if let Some(scheme) = scheme(destination) {
            let message = format!("`{scheme}` stands in a Markdown link or a whole `<a>` element, and nowhere else");
            let diagnostic = Diagnostic::error("broken-link", message).at(span.clone(), "").about(name(destination));
            return Err(Box::new(diagnostic.help(format!("write `[words]({scheme}…)`"))));
        }
        if is_elsewhere(destination) {
            return Ok(Resolved { href: destination.to_owned(), route: None, size: None });
        }
        let parts = Parts::of(destination);
        if parts.path.is_empty() {
            return own_page(origin, destination, &parts, span, self.suggests);
        }
        if let Some(known) = self.known {
            let lead = known.get(destination).cloned();
            return lead.ok_or_else(|| self.broken_link(origin, destination, parts.path, span));
        }
        let (route, kind) = self.find(origin, destination, parts.path, span)?;
        if let Some(fragment) = parts.fragment
            && !self.places.has_anchor(&kind, &percent_decode(fragment))
        {
            return Err(broken_anchor(fragment, &format!("`{route}`"), &kind, span, self.suggests));
        }
        let fragment = parts.fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
        let size = if let Kind::File(size) = kind { size } else { None };
        Ok(Resolved {
            href: format!("{}{}{fragment}", route.href(self.base_path), parts.query),
            route: Some(route),
            size,
        })
    }

    /// What a path leads to.
    fn find(
        &self,
        origin: Origin<'_>,
        destination: &str,
        path: &str,
        span: &Span,
    ) -> Result<(Route, Kind<'_>), Box<Diagnostic>> {
        let decoded = percent_decode(path);
        let source = match decoded.strip_prefix("@/") {
            Some(path) => join("content/", path),
            None if decoded.starts_with('/') => None,
            None => join(origin.path, &decoded),
        };
        if let Some(source) = &source {
            match self.places.document(source) {
                Some(Document::Published { route, anchors }) => return Ok((route.clone(), Kind::Page(anchors))),
                Some(Document::LeftOut(why)) => return Err(left_out(destination, source, why, span)),
                Some(Document::Broken) => return Err(broken_document(destination, source, span)),
                None => {}
            }
            if let Some(file) = self.places.file(source) {
                return Ok((file.route.clone(), Kind::File(file.size)));
            }
        }
        let address = match decoded.strip_prefix('/') {
            Some(path) => Some(path.to_owned()),
            None if decoded.starts_with("@/") => None,
            None => join(origin.route.as_str(), &decoded),
        };
        let found = address.and_then(|address| self.places.route(&address));
        let (route, kind) = found.ok_or_else(|| self.broken_link(origin, destination, path, span))?;
        Ok((route, kind.clone()))
    }

    fn broken_link(&self, origin: Origin<'_>, destination: &str, path: &str, span: &Span) -> Box<Diagnostic> {
        let diagnostic =
            Diagnostic::error("broken-link", format!("nothing on this site is called `{path}`")).at(span.clone(), "");
        let diagnostic = diagnostic.about(name(path));
        let decoded = percent_decode(path);
        let near = if !self.suggests {
            None
        } else if decoded.starts_with('/') {
            let names: Vec<String> = self.places.route_names().collect();
            nearest(&decoded, names.iter().map(String::as_str)).map(str::to_owned)
        } else {
            let wanted = match decoded.strip_prefix("@/") {
                Some(_) => Some(decoded.clone()),
                None => {
                    join(origin.path, &decoded).and_then(|path| Some(format!("@/{}", path.strip_prefix("content/")?)))
                }
            };
            // Nobody misspells the text that they write in.
            let own = origin.path.strip_prefix("content/").map(|path| format!("@/{path}"));
            let names: Vec<String> = self.places.source_names().filter(|name| Some(name) != own.as_ref()).collect();
            wanted.and_then(|wanted| nearest(&wanted, names.iter().map(String::as_str)).map(str::to_owned))
        };
        Box::new(match near {
            Some(near) if span.text() == destination => {
                let mended = destination.replacen(path, &near, 1);
                diagnostic.help(format!("did you mean `{near}`?")).suggest(span.clone(), mended)
            }
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic
                .help("name a text or file from `content/` as `@/posts/name.md`, or an address as `/posts/name/`"),
        })
    }
}

/// A link to a place on the page that it stands on.
fn own_page(
    origin: Origin<'_>,
    destination: &str,
    parts: &Parts<'_>,
    span: &Span,
    suggests: bool,
) -> Result<Resolved, Box<Diagnostic>> {
    match parts.fragment {
        // An empty fragment is the top of the page (HTML, section 7.4.6.4).
        Some(fragment) if fragment.is_empty() || is_anchor(origin.anchors, &percent_decode(fragment)) => {
            Ok(Resolved { href: destination.to_owned(), route: Some(origin.route.clone()), size: None })
        }
        Some(fragment) => Err(broken_anchor(fragment, "this page", &Kind::Page(origin.anchors), span, suggests)),
        None => {
            let diagnostic = Diagnostic::error("broken-link", "this link leads nowhere").at(span.clone(), "");
            Err(Box::new(diagnostic.help("write where it leads")))
        }
    }
}

fn broken_anchor(fragment: &str, page: &str, kind: &Kind<'_>, span: &Span, suggests: bool) -> Box<Diagnostic> {
    let diagnostic =
        Diagnostic::error("broken-anchor", format!("{page} has no place called `{fragment}`")).at(span.clone(), "");
    let diagnostic = diagnostic.about(name(fragment));
    let Kind::Page(anchors) = kind else {
        return Box::new(diagnostic.help("the archives call a post by its time: `#2026-11-20T09_30_00.txt`"));
    };
    if let Some(Err(reason)) = state_of_figure(anchors, &percent_decode(fragment)) {
        return Box::new(diagnostic.help(format!("{reason}; the figure's own link button copies a state that it has")));
    }
    let decoded = percent_decode(fragment);
    let near = if suggests { nearest(&decoded, anchors.ids.iter().map(String::as_str)) } else { None };
    Box::new(match near {
        Some(near) => {
            let at = span.text().rfind(fragment).map(|at| span.range.start + at);
            let diagnostic = diagnostic.help(format!("did you mean `#{near}`?"));
            match at {
                Some(start) => diagnostic.suggest(Span::new(&span.source, start..start + fragment.len()), near),
                None => diagnostic,
            }
        }
        None => diagnostic.help("headings can be named: `## A heading {#name}`"),
    })
}

fn left_out(destination: &str, path: &str, why: &str, span: &Span) -> Box<Diagnostic> {
    let diagnostic = Diagnostic::error("link-to-left-out", format!("`{destination}` is not on this site: it is {why}"));
    let diagnostic = diagnostic.at(span.clone(), "").about(name(destination));
    Box::new(diagnostic.help(format!("take the link out, or publish `{path}` first")))
}

fn broken_document(destination: &str, path: &str, span: &Span) -> Box<Diagnostic> {
    let diagnostic = Diagnostic::error("link-to-left-out", format!("`{destination}` could not be read"));
    let diagnostic = diagnostic.at(span.clone(), "").about(name(destination));
    Box::new(diagnostic.help(format!("mend `{path}` first: its errors are among these")))
}

fn name(written: &str) -> Subject {
    Subject::Name(written.to_owned())
}

/// Whether an address is none of this site's: it has a scheme or names a host.
fn is_elsewhere(destination: &str) -> bool {
    destination.starts_with("//") || has_scheme(destination)
}

/// Whether an address that is none of this site's is one that a browser would ask for.
pub(crate) fn is_on_the_web(address: &str) -> bool {
    let is_web = |scheme: &str| scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http");
    address.starts_with("//") || address::scheme(address).is_some_and(is_web)
}

impl<'a> Parts<'a> {
    fn of(destination: &'a str) -> Self {
        let (rest, fragment) = match destination.split_once('#') {
            Some((rest, fragment)) => (rest, Some(fragment)),
            None => (destination, None),
        };
        let (path, query) = rest.split_at(rest.find('?').unwrap_or(rest.len()));
        Self { path, query, fragment }
    }
}

/// A relative path from the folder of `base`; `None` when it leaves the site.
fn join(base: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = base.split('/').collect();
    parts.pop();
    let mut steps = path.split('/').peekable();
    while let Some(step) = steps.next() {
        match step {
            "." | ".." if steps.peek().is_none() => {
                if step == ".." {
                    parts.pop()?;
                }
                parts.push("");
            }
            "." => {}
            ".." => {
                parts.pop()?;
            }
            _ => parts.push(step),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::parsing::text::FigureStart;
    use crate::words::source_text::SourceText;

    fn anchors() -> Anchors {
        Anchors {
            ids: BTreeSet::from(["part".to_owned(), "ring".to_owned()]),
            figures: BTreeMap::from([("ring".to_owned(), FigureStart { name: "ring", knobs: vec![8, 0] })]),
            unread_figures: false,
        }
    }

    fn resolve(destination: &str) -> Result<String, (&'static str, Option<String>)> {
        let anchors = anchors();
        let route = |path| Route::new(path).expect("sound");
        let mut places = Places::new();
        places.add_document(
            "content/posts/a/index.md",
            Document::Published { route: route("posts/a/"), anchors: &anchors },
        );
        places.add_document(
            "content/posts/größe.md",
            Document::Published { route: route("posts/größe/"), anchors: &anchors },
        );
        places.add_document("content/posts/draft.md", Document::LeftOut("a draft"));
        places.add_file("content/posts/a/pic.png", route("posts/a/pic.png"), Some(Size { width: 3, height: 2 }));
        places.add_to_archive(["2026".to_owned(), "2026-11-20T09_30_00.txt".to_owned()]);
        let claims = Claims::default();
        let layouts = Layouts::default();
        let linker = Linker {
            places: &places,
            base_path: "/blog/",
            claims: &claims,
            suggests: true,
            layouts: &layouts,
            known: None,
        };
        let source = SourceText::new("content/posts/a/index.md", destination);
        let span = Span::new(&source, 0..destination.len());
        let here = route("posts/a/");
        let origin = Origin { path: "content/posts/a/index.md", route: &here, anchors: &anchors };
        let resolved = linker.resolve(origin, destination, &span);
        resolved
            .map(|resolved| resolved.href)
            .map_err(|diagnostic| (diagnostic.code, diagnostic.suggestion.map(|patch| patch.replacement)))
    }

    #[test]
    fn links_are_resolved_from_root_text_and_page() {
        for (destination, expected) in [
            ("@/posts/a/index.md", "/blog/posts/a/"),
            ("@/posts/a/index.md?x=1#part", "/blog/posts/a/?x=1#part"),
            ("../gr%C3%B6%C3%9Fe.md", "/blog/posts/gr%C3%B6%C3%9Fe/"),
            ("pic.png", "/blog/posts/a/pic.png"),
            ("./pic.png", "/blog/posts/a/pic.png"),
            ("/posts/a", "/blog/posts/a/"),
            ("/posts/a/index.html", "/blog/posts/a/"),
            ("/", "/blog/"),
            ("/feed.xml", "/blog/feed.xml"),
            ("../../archives#2026-11-20T09_30_00.txt", "/blog/archives/#2026-11-20T09_30_00.txt"),
            ("/tags/#anything", "/blog/tags/#anything"),
            ("..", "/blog/posts/"),
            ("#part", "#part"),
            ("#", "#"),
            ("#ring=v1.one-request.n0", "#ring=v1.one-request.n0"),
            ("https://example.org/a#b", "https://example.org/a#b"),
            ("//example.org/", "//example.org/"),
            ("mailto:a@b.c", "mailto:a@b.c"),
        ] {
            let resolved = resolve(destination);
            if destination == ".." {
                assert!(resolved.is_err(), "no page lists the posts");
            } else {
                assert_eq!(resolved.as_deref(), Ok(expected), "{destination}");
            }
        }
    }

    #[test]
    fn what_is_not_there_is_an_error_with_a_way_out() {
        for (destination, code, suggestion) in [
            ("@/posts/größ.md#part", "broken-link", Some("@/posts/größe.md#part")),
            // The text itself is not meant.
            ("@/posts/a/indx.md", "broken-link", None),
            ("pik.png", "broken-link", Some("@/posts/a/pic.png")),
            ("/post/a/", "broken-link", Some("/posts/a/")),
            ("../../../../etc/passwd", "broken-link", None),
            ("@/../genblog.toml", "broken-link", None),
            ("", "broken-link", None),
            ("sim:ring", "broken-link", None),
            ("#prt", "broken-anchor", Some("part")),
            ("/posts/a/#nowhere-near", "broken-anchor", None),
            ("#ring=v1.bogus.n0", "broken-anchor", None),
            ("/archives/#2025", "broken-anchor", None),
            ("../draft.md", "link-to-left-out", None),
        ] {
            assert_eq!(resolve(destination), Err((code, suggestion.map(str::to_owned))), "{destination}");
        }
    }
}
