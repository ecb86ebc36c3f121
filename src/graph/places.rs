//! Everything on the site that a link can lead to.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use sim::telling::player::Player;

use crate::files::picture::Size;
use crate::graph::claims::GENERATED;
use crate::parsing::text::{Anchors, FigureStart};
use crate::words::route::{Route, composed};

/// What links can lead to, by source file and by address.
#[derive(Debug, Default)]
pub(crate) struct Places<'a> {
    documents: BTreeMap<&'a str, Document<'a>>,
    files: BTreeMap<&'a str, File>,
    routes: BTreeMap<String, Kind<'a>>,
    /// How paths and addresses with accents are spelt, by their composed form: keyboards write that, and some file systems take
    /// accents apart.
    spelt: BTreeMap<String, String>,
    /// Ids of posts on the archive page.
    archive: BTreeSet<String>,
}

/// A text that becomes a page.
#[derive(Debug, Clone)]
pub(crate) enum Document<'a> {
    /// Part of the site.
    Published { route: Route, anchors: &'a Anchors },
    /// Not part of it; why, to complete "it is …".
    LeftOut(&'static str),
    /// Broken, which is reported where it is broken.
    Broken,
}

/// A file that is published as it is.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) route: Route,
    pub(crate) size: Option<Size>,
}

/// What lives at an address.
#[derive(Debug, Clone)]
pub(crate) enum Kind<'a> {
    /// A page whose anchors are known.
    Page(&'a Anchors),
    /// The archives: a fragment names a post or a year or month.
    Archives,
    /// A list that genblog makes.
    List,
    /// A file.
    File(Option<Size>),
}

impl<'a> Places<'a> {
    /// A site with nothing on it but what genblog makes for every site.
    pub(crate) fn new() -> Self {
        let mut places = Self::default();
        for (path, _) in GENERATED {
            let kind = if path == "archives/" { Kind::Archives } else { Kind::List };
            places.routes.insert(path.to_owned(), kind);
        }
        places
    }

    pub(crate) fn add_document(&mut self, path: &'a str, document: Document<'a>) {
        if let Document::Published { route, anchors } = &document {
            self.note_spelling(route.as_str());
            self.routes.insert(route.as_str().to_owned(), Kind::Page(anchors));
        }
        self.note_spelling(path);
        self.documents.insert(path, document);
    }

    pub(crate) fn add_file(&mut self, path: &'a str, route: Route, size: Option<Size>) {
        self.note_spelling(route.as_str());
        self.note_spelling(path);
        self.routes.insert(route.as_str().to_owned(), Kind::File(size));
        self.files.insert(path, File { route, size });
    }

    pub(crate) fn add_list(&mut self, route: &Route) {
        self.note_spelling(route.as_str());
        self.routes.entry(route.as_str().to_owned()).or_insert(Kind::List);
    }

    /// Adds what the archive page calls a post and the year and month that it stands in.
    pub(crate) fn add_to_archive(&mut self, ids: impl IntoIterator<Item = String>) {
        self.archive.extend(ids);
    }

    pub(crate) fn document(&self, path: &str) -> Option<&Document<'a>> {
        self.documents.get(self.spelt(path))
    }

    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        self.files.get(self.spelt(path))
    }

    /// What lives at a path, and the route in its proper form: a page may be named without its last slash.
    pub(crate) fn route(&self, path: &str) -> Option<(Route, &Kind<'a>)> {
        let path = path.strip_suffix("index.html").unwrap_or(path);
        let page = format!("{path}/");
        let (path, page) = (self.spelt(path), self.spelt(&page));
        let (route, kind) = self.routes.get_key_value(path).or_else(|| self.routes.get_key_value(page))?;
        Some((Route::new(route.as_str())?, kind))
    }

    fn note_spelling(&mut self, path: &str) {
        if let Cow::Owned(composed) = composed(path) {
            self.spelt.insert(composed, path.to_owned());
        }
    }

    /// A path as it is spelt here.
    fn spelt<'p>(&'p self, path: &'p str) -> &'p str {
        match composed(path) {
            Cow::Owned(composed) => self.spelt.get(&composed).map_or(path, String::as_str),
            Cow::Borrowed(path) => path,
        }
    }

    /// Whether a page of that kind has a place called `fragment`.
    pub(crate) fn has_anchor(&self, kind: &Kind<'_>, fragment: &str) -> bool {
        match kind {
            Kind::Page(anchors) => is_anchor(anchors, fragment),
            Kind::Archives => self.archive.contains(fragment),
            // The theme decides which ids its lists have, and a file's fragments are its own affair.
            Kind::List | Kind::File(_) => true,
        }
    }

    /// The pages with a figure of that id.
    pub(crate) fn figures(&self, id: &str) -> impl Iterator<Item = (&Route, &'a FigureStart)> {
        self.pages().filter_map(move |(route, anchors)| Some((route, anchors.figures.get(id)?)))
    }

    /// Ids of all figures; an id stands for each page that has it.
    pub(crate) fn figure_ids(&self) -> impl Iterator<Item = &'a str> {
        self.pages().flat_map(|(_, anchors)| anchors.figures.keys().map(String::as_str))
    }

    /// Whether all figures of the site are known: one in a text that could not be read is not.
    pub(crate) fn knows_all_figures(&self) -> bool {
        let broken = |document: &Document<'_>| match document {
            Document::Published { anchors, .. } => anchors.unread_figures,
            Document::LeftOut(_) => false,
            Document::Broken => true,
        };
        !self.documents.values().any(broken)
    }

    fn pages(&self) -> impl Iterator<Item = (&Route, &'a Anchors)> {
        self.documents.values().filter_map(|document| match document {
            Document::Published { route, anchors } => Some((route, *anchors)),
            Document::LeftOut(_) | Document::Broken => None,
        })
    }

    /// Source files, as links name them: `@/posts/a.md`.
    pub(crate) fn source_names(&self) -> impl Iterator<Item = String> {
        let paths = self.documents.keys().chain(self.files.keys());
        paths.filter_map(|path| path.strip_prefix("content/")).map(|path| format!("@/{path}"))
    }

    /// Addresses, as links name them: `/posts/a/`.
    pub(crate) fn route_names(&self) -> impl Iterator<Item = String> {
        self.routes.keys().map(|route| format!("/{route}"))
    }
}

/// Whether a fragment names an id of a body, or a state of one of its figures.
pub(crate) fn is_anchor(anchors: &Anchors, fragment: &str) -> bool {
    anchors.ids.contains(fragment) || matches!(state_of_figure(anchors, fragment), Some(Ok(())))
}

/// Whether a fragment names a state of one of a body's figures, or why it does not; nothing when it is about none of them.
pub(crate) fn state_of_figure(anchors: &Anchors, fragment: &str) -> Option<Result<(), String>> {
    let (id, state) = fragment.split_once('=')?;
    let figure = anchors.figures.get(id)?.name;
    let opened = Player::open(&format!("{figure}={state}")).map(drop).map_err(|error| error.to_string());
    Some(opened)
}
