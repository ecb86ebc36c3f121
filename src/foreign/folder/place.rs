//! Where the texts of Hugo and Zola lie, and in which languages they are.

use std::collections::BTreeSet;

use crate::foreign::folder::common::is_left_behind;
use crate::foreign::folder::tree::Tree;
use crate::foreign::site::{Carried, Document, Kind, language, sound_path};
use crate::foreign::told::{Told, Verdict};

/// How a site names its texts.
pub(super) struct Naming {
    /// The first is that of texts whose names say none.
    pub(super) languages: Vec<String>,
    /// What the names of texts end with.
    pub(super) endings: &'static [&'static str],
}

impl Naming {
    /// Whether a file of that name is a text.
    pub(super) fn is_text(&self, path: &str) -> bool {
        self.endings.iter().any(|end| path.ends_with(end))
    }

    /// Whether a file of that name stands for its folder. HTML may be a whole page, beside which others lie by chance.
    pub(super) fn stands_for_folder(&self, name: &str) -> bool {
        self.is_text(name) && !name.ends_with(".html") && !name.contains('/') && self.place(name).is_bundle()
    }

    /// Where a text lies whose path is this, from `content/` on.
    pub(super) fn place<'a>(&self, path: &'a str) -> Place<'a> {
        let (folder, file_name) = path.rsplit_once('/').unwrap_or(("", path));
        let stem = file_name.rsplit_once('.').map_or(file_name, |(stem, _)| stem);
        let known = |tag: &str| self.languages.iter().position(|language| language.eq_ignore_ascii_case(tag));
        let found = stem.rsplit_once('.').and_then(|(stem, tag)| Some((stem, tag, known(tag)?)));
        match found {
            Some((stem, language, number)) => Place { path, folder, stem, language, is_translation: number > 0 },
            None => Place { path, folder, stem, language: "", is_translation: false },
        }
    }

    /// Folders below `content/` that one of their files stands for, in its language or in several; all in them belongs to it.
    pub(super) fn bundles<'t>(&self, tree: &'t Tree) -> BTreeSet<&'t str> {
        let places = tree.files.iter().filter_map(|file| file.path.rsplit_once('/'));
        let below = places.filter(|(folder, _)| folder.starts_with("content/"));
        below.filter(|(_, name)| self.stands_for_folder(name)).map(|(folder, _)| folder).collect()
    }

    /// The files of the folder that a text stands for, if it does for one, but for the texts that it is itself.
    pub(super) fn beside(&self, tree: &Tree, place: &Place<'_>, told: &mut Vec<Told>) -> Vec<Carried> {
        // HTML may be a whole page, beside which others lie by chance.
        if !place.is_bundle() || place.path.ends_with(".html") {
            return Vec::new();
        }
        let folder = format!("content/{}", place.folder);
        let mut found = Vec::new();
        for file in tree.below(&folder) {
            let to = &file.path[folder.len() + 1..];
            if self.stands_for_folder(to) || is_left_behind(to) {
                continue;
            }
            if self.is_text(to) && !to.ends_with(".html") {
                told.push(Told::of_file(&file.path, Verdict::Lost, "a text beside another is no page of its own"));
                continue;
            }
            match sound_path(to).filter(|to| to.split('/').all(|part| !part.starts_with('.') && !part.ends_with('~'))) {
                Some(sound) => found.push(Carried { from: file.file.clone(), to: sound, source: file.path.clone() }),
                None => {
                    let said = "this cannot be the name of a file beside a post";
                    told.push(Told::of_file(&file.path, Verdict::Lost, said));
                }
            }
        }
        found
    }
}

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
    pub(super) fn is_bundle(&self) -> bool {
        self.stem == "index"
    }

    pub(super) fn is_list(&self) -> bool {
        self.stem == "_index"
    }

    /// Whether it stands for the home page.
    pub(super) fn is_home(&self) -> bool {
        self.folder.is_empty() && (self.is_bundle() || self.is_list())
    }

    /// What becomes of the text of a home page.
    pub(super) fn lost_home(&self) -> Told {
        let said = "the home page lists posts here; what this says has no place on it";
        Told::of_file(format!("content/{}", self.path), Verdict::Lost, said)
    }

    /// The folder and the name under which the document is known: those of the folder where its file stands for that.
    pub(super) fn named(&self) -> (&'a str, &'a str) {
        if self.is_bundle() || self.is_list() {
            self.folder.rsplit_once('/').unwrap_or(("", self.folder))
        } else {
            (self.folder, self.stem)
        }
    }

    /// Whether it belongs to another text's folder. A translation of that text lies beside it, and is as much a document.
    pub(super) fn is_in(&self, bundles: &BTreeSet<&str>) -> bool {
        lies_in(bundles, &format!("content/{}", if self.is_bundle() { self.folder } else { self.path }))
    }

    /// The language that a document says, or its file's name, as a tag; what is none is told.
    pub(super) fn name_language(&self, document: &mut Document, told: &mut Vec<Told>) {
        if document.language.is_empty() {
            let tell = |said| told.push(Told::of_file(format!("content/{}", self.path), Verdict::Lost, said));
            document.language = language(self.language, tell);
        }
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

/// Whether a file or a folder lies in a bundle, however deep.
pub(super) fn lies_in(bundles: &BTreeSet<&str>, path: &str) -> bool {
    path.match_indices('/').any(|(end, _)| bundles.contains(&path[..end]))
}
