//! Where the texts of Hugo and Zola lie, and in which languages they are.

use std::collections::BTreeSet;

use crate::foreign::folder::tree::Tree;
use crate::foreign::site::{Document, Kind};

/// Where a text lies: `posts/name.de.md`, `posts/name/index.de.md`.
pub(super) struct Place<'a> {
    /// From `content/` on.
    pub(super) path: &'a str,
    /// The folder that its file lies in.
    pub(super) folder: &'a str,
    /// Its file's name without language and ending.
    pub(super) stem: &'a str,
    /// The language that its file's name says; may be empty.
    pub(super) language: &'a str,
    /// Whether that is another than the site's own.
    pub(super) is_translation: bool,
}

impl<'a> Place<'a> {
    pub(super) fn new(path: &'a str, languages: &[String]) -> Self {
        let (folder, file_name) = path.rsplit_once('/').unwrap_or(("", path));
        let stem = file_name.rsplit_once('.').map_or(file_name, |(stem, _)| stem);
        let known = |tag: &str| languages.iter().position(|language| language.eq_ignore_ascii_case(tag));
        let found = stem.rsplit_once('.').and_then(|(stem, tag)| Some((stem, tag, known(tag)?)));
        match found {
            Some((stem, language, number)) => Self { path, folder, stem, language, is_translation: number > 0 },
            None => Self { path, folder, stem, language: "", is_translation: false },
        }
    }

    pub(super) fn is_bundle(&self) -> bool {
        self.stem == "index"
    }

    pub(super) fn is_list(&self) -> bool {
        self.stem == "_index"
    }

    /// The folder and the name under which the document is known: those of the folder where its file stands for that.
    pub(super) fn named(&self) -> (&'a str, &'a str) {
        if self.is_bundle() || self.is_list() {
            self.folder.rsplit_once('/').unwrap_or(("", self.folder))
        } else {
            (self.folder, self.stem)
        }
    }

    /// Whether it is the text of the folder itself that it is looked at in.
    pub(super) fn is_index(&self) -> bool {
        self.folder.is_empty() && self.is_bundle()
    }

    /// Whether it belongs to another text's folder. A translation of that text lies beside it, and is as much a document.
    pub(super) fn is_in(&self, bundles: &BTreeSet<&str>) -> bool {
        lies_in(bundles, &format!("content/{}", if self.is_bundle() { self.folder } else { self.path }))
    }

    /// Gives the document of a translation a name that its original does not have.
    pub(super) fn name_translation(&self, document: &mut Document) {
        if !self.is_translation {
            return;
        }
        // Posts have no folders in their addresses, and pages do.
        let language = self.language.to_lowercase();
        if document.kind == Kind::Page {
            document.folder = format!("{language}/{}", document.folder).trim_end_matches('/').to_owned();
            return;
        }
        document.name = format!("{}-{language}", document.name);
        if !document.slug.is_empty() {
            document.slug = format!("{}-{language}", document.slug);
        }
    }
}

/// Folders below `content/` that one of their files stands for, in its language or in several; all in them belongs to it.
pub(super) fn bundles<'t>(tree: &'t Tree, languages: &[String]) -> BTreeSet<&'t str> {
    let places = tree.files.iter().filter_map(|file| file.path.rsplit_once('/'));
    // HTML may be a whole page, beside which others lie by chance.
    let stands_for_folder =
        |name: &str| is_text(name) && !name.ends_with(".html") && Place::new(name, languages).is_index();
    let below = places.filter(|(folder, _)| folder.starts_with("content/"));
    below.filter(|(_, name)| stands_for_folder(name)).map(|(folder, _)| folder).collect()
}

/// Whether a file or a folder lies in a bundle, however deep.
pub(super) fn lies_in(bundles: &BTreeSet<&str>, path: &str) -> bool {
    path.match_indices('/').any(|(end, _)| bundles.contains(&path[..end]))
}

/// Whether a file of that name is a text.
pub(super) fn is_text(path: &str) -> bool {
    [".md", ".html", ".markdown"].iter().any(|end| path.ends_with(end))
}
