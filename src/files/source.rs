//! The snapshot of everything an author made, taken before thinking starts.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fmt::Display;
use std::io;
use std::path::{MAIN_SEPARATOR, Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::{IntoParallelIterator, ParallelIterator};
use serde::{Deserialize, Serialize};
use walkdir::{DirEntry, WalkDir};

use crate::files::graphviz::{FOLDER, Graphviz};
use crate::files::hash_of::hash_of;
use crate::files::kept::Kept;
use crate::files::picture::{Facts, facts, is_picture};
use crate::files::seen::{Entries, Entry, Seen, read_stamped};
use crate::files::stamp::{Moment, Stamp};
use crate::words::diagnostic::Diagnostic;
use crate::words::media_type::ending;
use crate::words::source_text::{SourceText, Span};

/// All files of a site, each list sorted by path.
#[derive(Debug, Default)]
pub struct Source {
    /// Files under `content/`.
    pub content: Vec<SourceFile>,
    /// Files under `static/`.
    pub statics: Vec<SourceFile>,
    /// Files under `templates/`: what the site puts in place of the theme's.
    pub templates: Vec<SourceFile>,
    /// Files under `themes/`: themes of the site's own, a folder for each.
    pub themes: Vec<SourceFile>,
    /// Files under `diagrams/`: drawings of diagrams that were laid out before.
    pub diagrams: Vec<SourceFile>,
    /// What lays out the other diagrams.
    pub graphviz: Graphviz,
}

impl Source {
    /// Stands for all files, their names and their bytes.
    #[must_use]
    pub fn hash(&self) -> blake3::Hash {
        let files = [&self.content, &self.statics, &self.templates, &self.themes, &self.diagrams].into_iter().flatten();
        hash_of(files.map(|file| (&*file.path, [file.hash])).chain([(GRAPHVIZ, [self.graphviz.hash()])]))
    }

    /// The text at `path` under `content/`.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&Arc<SourceText>> {
        let at = self.content.binary_search_by(|file| (*file.path).cmp(path)).ok()?;
        match &self.content[at].content {
            Content::Text(text) => Some(text),
            Content::Picture(_) | Content::Bytes | Content::Unread => None,
        }
    }
}

/// What decides on the looks of a site.
#[derive(Debug)]
pub struct Looks {
    /// Files under `templates/`.
    pub templates: Vec<SourceFile>,
    /// Files under `themes/`.
    pub themes: Vec<SourceFile>,
}

/// What Graphviz is called among the files that a site is made of: no file is called so.
const GRAPHVIZ: &str = "//graphviz";

/// One file.
#[derive(Debug)]
pub struct SourceFile {
    /// Path relative to the site's root, with `/` between its parts, for example `content/posts/hello.md`.
    pub path: String,
    /// Where it is on this machine.
    pub file: PathBuf,
    /// Hash of its bytes.
    pub hash: blake3::Hash,
    /// How many bytes it has.
    pub length: u64,
    /// What it holds.
    pub content: Content,
}

/// What a file holds, as far as the site needs to know.
#[derive(Debug)]
pub enum Content {
    /// A text.
    Text(Arc<SourceText>),
    /// A picture, and what is known of it; or why that is not known.
    Picture(Result<Facts, String>),
    /// Anything else; it is read again when it is published.
    Bytes,
    /// What could not be read, or is not the text that it must be; a diagnostic says why.
    Unread,
}

/// What the bytes of a file told besides their hash, as it is remembered; of texts nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// What [`Content::Picture`] holds, of a picture.
    picture: Option<Result<Facts, String>>,
}

impl Known {
    fn of(path: &str, bytes: &[u8]) -> Self {
        Self { picture: facts(path, bytes).transpose() }
    }

    fn content(&self) -> Content {
        self.picture.clone().map_or(Content::Bytes, Content::Picture)
    }
}

/// Takes the snapshot of the site in `root`.
///
/// A file that cannot be read, and a symbolic link that leaves the site, are errors; the other files are still there, and so is
/// the name of one that cannot be read, lest everything that refers to it be reported too.
pub fn read(root: &Path) -> (Source, Vec<Diagnostic>) {
    survey(root, &Seen::default(), None, Kept::nothing()).read()
}

/// All files of a site by name and hash; what `memory` knows was not read for it.
#[derive(Debug, Default)]
pub struct Survey {
    files: [Vec<SurveyedFile>; 5],
    graphviz: Graphviz,
    problems: Vec<Diagnostic>,
}

/// A file, and what is known of it.
#[derive(Debug)]
struct SurveyedFile {
    path: String,
    file: PathBuf,
    found: io::Result<Found>,
}

/// What is known of a file.
#[derive(Debug)]
struct Found {
    hash: blake3::Hash,
    length: u64,
    /// What its bytes told; of a file that is no text.
    known: Known,
    /// What to remember of it by.
    stamp: Option<Stamp>,
    /// The bytes, where they were read just now and are asked for later.
    bytes: Option<Vec<u8>>,
}

/// Looks at all files of the site in `root`, and reads those that `memory` does not know. What is read is to be remembered if it
/// was settled at `now`, a moment before this call; without one nothing new is. `kept` has what was made of sources before.
pub fn survey(root: &Path, memory: &Seen<Known>, now: Option<Moment>, kept: Kept) -> Survey {
    let mut problems = Vec::new();
    if !root.join("content").is_dir() {
        let missing = Diagnostic::error("no-content", "there is no folder `content` in this site").in_path("content");
        problems.push(missing.help("posts are written in `content/posts/`, pages in `content/pages/`"));
    }
    let files = PARTS.map(|part| {
        let (paths, found) = walk(root, part);
        problems.extend(found);
        let look = |(path, file): (String, PathBuf)| {
            let found = look(part, &path, &file, memory, now);
            SurveyedFile { path, file, found }
        };
        paths.into_par_iter().map(look).collect()
    });
    Survey { files, graphviz: Graphviz::find(kept), problems }
}

impl Survey {
    /// What [`Source::hash`] will be, unless a file changes before it is read; `None` when not all of them could be read.
    #[must_use]
    pub fn hash(&self) -> Option<blake3::Hash> {
        self.hash_if(|_, hash| hash)
    }

    /// What [`Source::hash`] would be if the file at `path` under `content/` had this hash.
    #[must_use]
    pub fn hash_with(&self, path: &str, hash: blake3::Hash) -> Option<blake3::Hash> {
        self.hash_if(|other, known| if other == path { hash } else { known })
    }

    fn hash_if(&self, hash: impl Fn(&str, blake3::Hash) -> blake3::Hash) -> Option<blake3::Hash> {
        let files = self.files.iter().flatten();
        let of = |one: &'_ SurveyedFile| Some([hash(&one.path, one.found.as_ref().ok()?.hash)]);
        let all: Option<Vec<_>> = files.map(|one| Some((&*one.path, of(one)?))).collect();
        let graphviz = (GRAPHVIZ, [self.graphviz.hash()]);
        all.filter(|_| self.problems.is_empty()).map(|all| hash_of(all.into_iter().chain([graphviz])))
    }

    /// The hash of the file at `path` under `content/`.
    #[must_use]
    pub fn hash_at(&self, path: &str) -> Option<blake3::Hash> {
        let [content, ..] = &self.files;
        let at = content.binary_search_by(|one| one.path.as_str().cmp(path)).ok()?;
        content[at].found.as_ref().ok().map(|found| found.hash)
    }

    /// The hashes of all files under `content/` that could be read.
    #[must_use]
    pub fn hashes(&self) -> HashMap<&str, blake3::Hash> {
        let [content, ..] = &self.files;
        content.iter().filter_map(|one| Some((&*one.path, one.found.as_ref().ok()?.hash))).collect()
    }

    /// The site's own themes and templates, if there is nothing to be said about them.
    #[must_use]
    pub fn looks(&self) -> Option<Looks> {
        let [_, _, templates, themes, _] = &self.files;
        let read = |part: Part, one: &SurveyedFile| {
            let (path, hash) = (one.path.clone(), one.found.as_ref().ok()?.hash);
            let (file, problem) = understood(part, path, one.file.clone(), std::fs::read(&one.file).ok()?, None);
            (problem.is_none() && file.hash == hash).then_some(file)
        };
        let read_all = |part, files: &[SurveyedFile]| files.iter().map(|one| read(part, one)).collect::<Option<_>>();
        Some(Looks { templates: read_all(Part::Templates, templates)?, themes: read_all(Part::Themes, themes)? })
    }

    /// What is known of the files now, by their paths.
    #[must_use]
    pub fn seen(&self) -> Entries<Known> {
        let entry = |one: &SurveyedFile| {
            let Found { hash, known, stamp, .. } = one.found.as_ref().ok()?;
            Some((one.path.clone(), Entry { stamp: (*stamp)?, hash: *hash, facts: known.clone() }))
        };
        self.files.iter().flatten().filter_map(entry).collect()
    }

    /// The snapshot: texts that were not read yet are read now.
    #[must_use]
    pub fn read(self) -> (Source, Vec<Diagnostic>) {
        let mut problems = self.problems;
        let mut parts = PARTS.into_iter().zip(self.files).map(|(part, files)| {
            let read: Vec<_> = files.into_par_iter().map(|one| one.read(part)).collect();
            let (files, found): (Vec<_>, Vec<_>) = read.into_iter().unzip();
            problems.extend(found.into_iter().flatten());
            files
        });
        let mut next = || parts.next().expect("there are five parts");
        let (content, statics, templates, themes, diagrams) = (next(), next(), next(), next(), next());
        drop(parts);
        (Source { content, statics, templates, themes, diagrams, graphviz: self.graphviz }, problems)
    }
}

impl SurveyedFile {
    fn read(self, part: Part) -> (SourceFile, Option<Diagnostic>) {
        let Self { path, file, found } = self;
        let Found { hash, length, known, bytes, .. } = match found {
            Ok(found) => found,
            Err(error) => return unread(path, file, &error),
        };
        if part.text(&path) == Text::Never {
            return (SourceFile { path, file, hash, length, content: known.content() }, None);
        }
        let known_hash = bytes.is_some().then_some(hash);
        match bytes.map_or_else(|| std::fs::read(&file), Ok) {
            Ok(bytes) => understood(part, path, file, bytes, known_hash),
            Err(error) => unread(path, file, &error),
        }
    }
}

/// One of the five folders of a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Content,
    Static,
    Templates,
    Themes,
    Diagrams,
}

/// All of them, in the order in which a [`Survey`] has them.
const PARTS: [Part; 5] = [Part::Content, Part::Static, Part::Templates, Part::Themes, Part::Diagrams];

impl Part {
    fn folder(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Static => "static",
            Self::Templates => "templates",
            Self::Themes => "themes",
            Self::Diagrams => FOLDER,
        }
    }

    /// Whether a file or folder of this name is none of the author's work: what editors, version control and file
    /// managers leave behind. Published files may start with a dot (`.well-known/`).
    fn ignores(self, name: &str) -> bool {
        match self {
            Self::Content | Self::Templates | Self::Themes | Self::Diagrams => {
                name.starts_with('.') || name.ends_with('~')
            }
            Self::Static => [".DS_Store", ".git", ".gitignore", ".gitkeep"].contains(&name),
        }
    }

    /// Whether a file must be text, may be, or is not.
    fn text(self, path: &str) -> Text {
        match (self, &*ending(path)) {
            (Self::Content, "md") | (Self::Templates | Self::Themes, "html" | "css" | "js" | "xml" | "txt" | "svg") => {
                Text::Always
            }
            (Self::Themes, "toml") | (Self::Diagrams, "svg") => Text::Always,
            // Posts in genBlog's form or in HTML, and whatever else is called so and lies beside a post.
            (Self::Content, "txt" | "html") => Text::IfUtf8,
            _ => Text::Never,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Text {
    Always,
    IfUtf8,
    Never,
}

/// The files of a folder, sorted by their paths.
fn walk(root: &Path, part: Part) -> (Vec<(String, PathBuf)>, Vec<Diagnostic>) {
    let (mut paths, mut diagnostics) = (Vec::new(), Vec::new());
    let folder = root.join(part.folder());
    if !folder.exists() {
        return (paths, diagnostics);
    }
    let ignored = |name: &OsStr| name.to_str().is_some_and(|name| part.ignores(name));
    let walk = WalkDir::new(&folder).into_iter();
    for entry in walk.filter_entry(|entry| entry.depth() == 0 || !ignored(entry.file_name())) {
        match entry {
            Ok(entry) if entry.file_type().is_dir() => {}
            Ok(entry) => match seen(root, &entry) {
                Ok(path) => paths.push((path, entry.into_path())),
                Err(problem) => diagnostics.push(*problem),
            },
            Err(error) => {
                let path = error.path().map_or_else(|| part.folder().to_owned(), |path| shown(root, path));
                // The wrapper's own words name the path once more.
                diagnostics.push(match error.io_error() {
                    Some(error) => unreadable(path, error),
                    None => unreadable(path, &error),
                });
            }
        }
    }
    paths.sort();
    (paths, diagnostics)
}

/// The path of a file as the author sees it, when it is a file of this site.
fn seen(root: &Path, entry: &DirEntry) -> Result<String, Box<Diagnostic>> {
    let path = shown(root, entry.path());
    if entry.path().to_str().is_none() {
        let diagnostic = Diagnostic::error("bad-name", "this file's name is not UTF-8").in_path(path);
        return Err(Box::new(diagnostic.help("rename the file: an address can be made of Unicode names only")));
    }
    if !entry.path_is_symlink() {
        return Ok(path);
    }
    let inside = |target: PathBuf| Ok(target.starts_with(root.canonicalize()?) && target.is_file());
    match entry.path().canonicalize().and_then(inside) {
        Ok(true) => Ok(path),
        Ok(false) => {
            let message = "this symbolic link does not lead to a file of the site";
            let diagnostic = Diagnostic::error("symlink", message).in_path(path);
            Err(Box::new(diagnostic.help("put the file itself here: what is published must lie in the site's folder")))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let diagnostic = Diagnostic::error("symlink", "this symbolic link leads to nothing").in_path(path);
            Err(Box::new(diagnostic.help("put the file itself here, or take the link away")))
        }
        Err(error) => Err(Box::new(unreadable(path, &error))),
    }
}

/// A path relative to the site's root, with `/` between its parts.
fn shown(root: &Path, path: &Path) -> String {
    let relative = path.strip_prefix(root).unwrap_or(path);
    match relative.to_str() {
        Some(relative) if MAIN_SEPARATOR == '/' => relative.to_owned(),
        _ => relative.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/"),
    }
}

/// Finds out what is known of a file, and reads it if nothing is.
fn look(part: Part, path: &str, file: &Path, memory: &Seen<Known>, now: Option<Moment>) -> io::Result<Found> {
    // A link is followed: it is the file behind it that is published.
    let stamp = file.metadata().ok().and_then(|metadata| Stamp::of(&metadata));
    if let Some(Entry { stamp, hash, facts }) = memory.entry(path, stamp) {
        let (length, known) = (stamp.length(), facts.clone());
        return Ok(Found { hash: *hash, length, known, stamp: Some(*stamp), bytes: None });
    }
    let is_text = part.text(path) != Text::Never;
    // Only of a text and of a picture must all bytes be there at once.
    let is_picture = !is_text && is_picture(path);
    let (mut bytes, mut length) = (Vec::new(), 0);
    let (hash, stamp) = read_stamped(file, now, |piece| {
        length += piece.len() as u64;
        if is_text || is_picture {
            bytes.extend_from_slice(piece);
        }
    })?;
    let known = if is_picture { Known::of(path, &bytes) } else { Known { picture: None } };
    Ok(Found { hash, length, known, stamp, bytes: is_text.then_some(bytes) })
}

fn unread(path: String, file: PathBuf, error: &io::Error) -> (SourceFile, Option<Diagnostic>) {
    let problem = unreadable(path.clone(), error);
    (SourceFile { path, file, hash: blake3::hash(b""), length: 0, content: Content::Unread }, Some(problem))
}

/// A file of a site that is not written yet; `path` is relative to the site's root, and `file` holds the bytes if any does.
#[must_use]
pub fn planned(path: String, file: PathBuf, bytes: Vec<u8>) -> (SourceFile, Option<Diagnostic>) {
    let part = if path.starts_with("content/") { Part::Content } else { Part::Static };
    understood(part, path, file, bytes, None)
}

/// A file whose bytes were read; their hash may be known.
fn understood(
    part: Part,
    path: String,
    file: PathBuf,
    bytes: Vec<u8>,
    hash: Option<blake3::Hash>,
) -> (SourceFile, Option<Diagnostic>) {
    let hash = hash.unwrap_or_else(|| blake3::hash(&bytes));
    let length = bytes.len() as u64;
    let mut problem = None;
    let content = match part.text(&path) {
        Text::Always => match String::from_utf8(bytes) {
            Ok(text) => Content::Text(SourceText::new(&*path, text)),
            Err(error) => {
                problem = Some(not_utf8(&path, error.as_bytes(), error.utf8_error().valid_up_to()));
                Content::Unread
            }
        },
        Text::IfUtf8 => match String::from_utf8(bytes) {
            Ok(text) => Content::Text(SourceText::new(&*path, text)),
            Err(_) => Content::Bytes,
        },
        Text::Never if is_picture(&path) => Known::of(&path, &bytes).content(),
        Text::Never => Content::Bytes,
    };
    (SourceFile { path, file, hash, length, content }, problem)
}

/// A text of a site as it is now; `path` is relative to the site's root. `None` when there is no such file, or anything is wrong with it.
#[must_use]
pub fn text(root: &Path, path: &str) -> Option<SourceFile> {
    let file = root.join(path);
    if !file.symlink_metadata().ok()?.is_file() {
        return None;
    }
    let (read, problem) = planned(path.to_owned(), file.clone(), std::fs::read(&file).ok()?);
    (problem.is_none() && matches!(read.content, Content::Text(_))).then_some(read)
}

/// Whether nobody would miss a file of this name under `content/` that is gone: it was neither a text nor a picture.
#[must_use]
pub fn is_passing(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    Part::Content.ignores(name) || (Part::Content.text(path) == Text::Never && !is_picture(path))
}

fn unreadable(path: String, error: &dyn Display) -> Diagnostic {
    let diagnostic = Diagnostic::error("unreadable", format!("this cannot be read: {error}"));
    diagnostic.in_path(path).help("mend its permissions, or take it out of the site")
}

/// Points at the first byte, at `at`, that is not UTF-8; the drawing has a replacement character in its place.
fn not_utf8(path: &str, bytes: &[u8], at: usize) -> Diagnostic {
    let text = SourceText::new(path, String::from_utf8_lossy(bytes));
    let place = Span::new(&text, at..at + char::REPLACEMENT_CHARACTER.len_utf8());
    let diagnostic = Diagnostic::error("not-utf8", "this text is not UTF-8");
    diagnostic.at(place, format!("the byte {:#04x} means nothing here", bytes[at])).help("save the file as UTF-8")
}
