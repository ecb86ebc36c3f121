//! Every address and every guid belongs to one thing only.

use std::collections::BTreeMap;

use crate::words::diagnostic::{Diagnostic, Subject};
use crate::words::route::{Route, composed, folders_above};
use crate::words::source_text::Span;

/// What genblog makes for every site, and what it is.
pub(crate) const GENERATED: [(&str, &str); 13] = [
    ("", "the home page"),
    ("archives/", "the archives"),
    ("tags/", "the list of tags"),
    ("gallery/", "the list of albums"),
    ("feed.xml", "the feed"),
    ("atom.xml", "the feed as Atom"),
    ("feed.json", "the feed as JSON"),
    ("feeds.opml", "the list of feeds"),
    ("feed/", "the page about feeds"),
    ("sitemap.xml", "the site map"),
    ("robots.txt", "the file for crawlers"),
    ("_headers", "the file of HTTP headers"),
    ("404.html", "the page for what is not there"),
];

/// What it makes where readers can search, and the folder of that.
pub(crate) const SEARCH: (&str, &str) = ("search/", "the search page");

/// Folders that genblog fills itself.
const GENERATED_FOLDERS: [(&str, &str); 3] =
    [("assets", "the theme's files"), ("feed", "the feed's archives"), ("page", "the pages of the home list")];

/// Bytes in a file's name (Linux, `NAME_MAX` in include/uapi/linux/limits.h; others count differently and take no more).
const LONGEST_NAME: usize = 255;

/// What two names have in common that are one to some file systems, and to some people: those that differ in case, or in the way in
/// which accents are written.
fn key(file: &str) -> String {
    composed(&composed(file).to_lowercase()).into_owned()
}

/// Who wants an address.
#[derive(Debug, Clone)]
pub(crate) enum Claimant {
    /// genblog itself; what for.
    Generator(&'static str),
    /// A text, at the place that decided its address.
    Text(Span),
    /// A file without a text to point into.
    File(String),
}

/// The addresses and guids given so far.
pub(crate) struct Claims {
    /// By the file that holds the route, in the form of [`key`].
    files: BTreeMap<String, Claimant>,
    /// Folders that hold a file.
    folders: BTreeMap<String, Claimant>,
    ids: BTreeMap<String, Span>,
    searches: bool,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Claims {
    /// Nothing is given but what genblog makes; `searches` says whether readers can search.
    pub(crate) fn new(searches: bool) -> Self {
        let mut claims = Self {
            searches,
            files: BTreeMap::new(),
            folders: BTreeMap::new(),
            ids: BTreeMap::new(),
            diagnostics: Vec::new(),
        };
        for (path, what) in GENERATED.into_iter().chain(searches.then_some(SEARCH)) {
            let route = Route::new(path).expect("fixed routes are sound");
            claims.insert(&route.file(), &Claimant::Generator(what));
        }
        claims
    }

    /// Gives `route` to `claimant` unless it is taken; then the answer is no, and a diagnostic tells why.
    pub(crate) fn route(&mut self, route: &Route, claimant: &Claimant) -> bool {
        let file = route.file();
        if let Some(long) = file.split('/').find(|part| part.len() > LONGEST_NAME) {
            let message =
                format!("an address has a part of {} bytes, and file systems take {LONGEST_NAME}", long.len());
            let diagnostic = Diagnostic::error("bad-name", message).help("give it a shorter name");
            self.diagnostics.push(match claimant {
                Claimant::Text(span) => diagnostic.at(span.first_line(), "its name is made from this"),
                Claimant::File(path) => diagnostic.in_path(path),
                Claimant::Generator(_) => diagnostic,
            });
            return false;
        }
        let key = key(&file);
        let below_a_file = folders_above(&key).find_map(|parent| self.files.get(parent).cloned());
        let search = self.searches.then_some(("search", "the search's index"));
        let mut folders = GENERATED_FOLDERS.into_iter().chain(search);
        let generated_folder = folders.find(|(folder, _)| key.split('/').next() == Some(folder));
        let generated = generated_folder.map(|(_, what)| Claimant::Generator(what));
        let taken = self.files.get(&key).or_else(|| self.folders.get(&key)).cloned().or(below_a_file).or(generated);
        if let Some(first) = taken {
            let diagnostic = Diagnostic::error("duplicate-route", format!("two things would live at `{route}`"));
            let diagnostic = match (&first, claimant) {
                (Claimant::Generator(_), _) | (_, Claimant::Generator(_)) => diagnostic.about(Subject::Generated),
                _ => diagnostic,
            };
            let help = match (&first, claimant) {
                (Claimant::Generator(_), _) => "choose another address: this one is genblog's own",
                (Claimant::File(_), Claimant::File(_)) => "rename one of the files",
                (Claimant::Text(_) | Claimant::File(_), _) => "give one of them another address",
            };
            self.diagnostics.push(pointed(diagnostic, claimant, &first).help(help));
            return false;
        }
        self.insert(&file, claimant);
        true
    }

    /// Keeps an address for what genblog makes there, unless an author has put a file there.
    pub(crate) fn keep(&mut self, path: &str, what: &'static str) {
        if !self.files.contains_key(&key(path)) {
            self.insert(path, &Claimant::Generator(what));
        }
    }

    fn insert(&mut self, file: &str, claimant: &Claimant) {
        let key = key(file);
        for parent in folders_above(&key) {
            self.folders.entry(parent.to_owned()).or_insert_with(|| claimant.clone());
        }
        self.files.insert(key, claimant.clone());
    }

    /// Gives a guid away unless it is taken.
    pub(crate) fn id(&mut self, id: &str, span: &Span) {
        if let Some(first) = self.ids.get(id) {
            let diagnostic = Diagnostic::error("duplicate-id", format!("two posts have the guid `{id}`"));
            let diagnostic = diagnostic.at(span.clone(), "this post").at(first.clone(), "and this one");
            self.diagnostics.push(diagnostic.help("give one of them a guid of its own: `id = \"…\"`"));
        } else {
            self.ids.insert(id.to_owned(), span.clone());
        }
    }
}

/// Shows both claimants: those that are texts with labels, the others by name.
fn pointed(diagnostic: Diagnostic, second: &Claimant, first: &Claimant) -> Diagnostic {
    let named = |diagnostic: Diagnostic, what: String| Diagnostic {
        message: format!("{}: {what}", diagnostic.message),
        ..diagnostic
    };
    match (second, first) {
        (Claimant::Text(second), Claimant::Text(first)) => {
            diagnostic.at(second.clone(), "this").at(first.clone(), "and this")
        }
        (Claimant::Text(text), Claimant::File(file)) | (Claimant::File(file), Claimant::Text(text)) => {
            named(diagnostic.at(text.clone(), "this"), format!("this and the file `{file}`"))
        }
        (Claimant::Text(text), Claimant::Generator(what)) | (Claimant::Generator(what), Claimant::Text(text)) => {
            named(diagnostic.at(text.clone(), "this"), format!("this and {what}"))
        }
        (Claimant::File(second), Claimant::File(first)) => {
            named(diagnostic.in_path(second), format!("this and the file `{first}`"))
        }
        (Claimant::File(file), Claimant::Generator(what)) | (Claimant::Generator(what), Claimant::File(file)) => {
            named(diagnostic.in_path(file), format!("this and {what}"))
        }
        (Claimant::Generator(second), Claimant::Generator(first)) => named(diagnostic, format!("{second} and {first}")),
    }
}
