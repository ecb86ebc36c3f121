//! The snapshot of everything an author made, taken before thinking starts.

use std::ffi::OsStr;
use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::{IntoParallelIterator, ParallelIterator};
use serde::{Deserialize, Serialize};
use walkdir::{DirEntry, WalkDir};

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
}

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

/// What the bytes of a file that is no text told besides their hash, as it is remembered.
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

/// The snapshot of a site, and what to remember of it.
#[derive(Debug)]
pub struct Snapshot {
    /// The files.
    pub source: Source,
    /// What is wrong with them.
    pub problems: Vec<Diagnostic>,
    /// What is known now of the files that are no texts, by their paths.
    pub seen: Entries<Known>,
}

/// Takes the snapshot of the site in `root`.
///
/// A file that cannot be read, and a symbolic link that leaves the site, are errors; the other files are still there, and so is
/// the name of one that cannot be read, lest everything that refers to it be reported too.
pub fn read(root: &Path) -> (Source, Vec<Diagnostic>) {
    let snapshot = read_again(root, &Seen::default(), None);
    (snapshot.source, snapshot.problems)
}

/// The same as [`read`], but files that are no texts are read only when `memory` does not know them. What is read is to be
/// remembered if it was settled at `now`, a moment before this call; without one nothing new is.
pub fn read_again(root: &Path, memory: &Seen<Known>, now: Option<Moment>) -> Snapshot {
    let mut diagnostics = Vec::new();
    let mut seen = Entries::new();
    if !root.join("content").is_dir() {
        let missing = Diagnostic::error("no-content", "there is no folder `content` in this site").in_path("content");
        diagnostics.push(missing.help("posts are written in `content/posts/`, pages in `content/pages/`"));
    }
    let mut folder = |part| {
        let (paths, problems) = walk(root, part);
        diagnostics.extend(problems);
        let read: Vec<_> = paths.into_par_iter().map(|(path, file)| read_file(part, path, file, memory, now)).collect();
        let mut files = Vec::with_capacity(read.len());
        for one in read {
            seen.extend(one.entry.map(|entry| (one.file.path.clone(), entry)));
            files.push(one.file);
            diagnostics.extend(one.problem);
        }
        files
    };
    let (content, statics, templates) = (folder(Part::Content), folder(Part::Static), folder(Part::Templates));
    Snapshot { source: Source { content, statics, templates }, problems: diagnostics, seen }
}

/// One of the three folders of a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Content,
    Static,
    Templates,
}

impl Part {
    fn folder(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Static => "static",
            Self::Templates => "templates",
        }
    }

    /// Whether a file or folder of this name is none of the author's work: what editors, version control and file
    /// managers leave behind. Published files may start with a dot (`.well-known/`).
    fn ignores(self, name: &str) -> bool {
        match self {
            Self::Content | Self::Templates => name.starts_with('.') || name.ends_with('~'),
            Self::Static => [".DS_Store", ".git", ".gitignore", ".gitkeep"].contains(&name),
        }
    }

    /// Whether a file must be text, may be, or is not.
    fn text(self, path: &str) -> Text {
        match (self, &*ending(path)) {
            (Self::Content, "md") | (Self::Templates, "html" | "css" | "js" | "xml" | "txt" | "svg") => Text::Always,
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
    relative.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// A file of the snapshot.
struct Read {
    file: SourceFile,
    problem: Option<Diagnostic>,
    /// What to remember of it.
    entry: Option<Entry<Known>>,
}

/// Reads a file, unless it is known, and says what is wrong with it.
fn read_file(part: Part, path: String, file: PathBuf, memory: &Seen<Known>, now: Option<Moment>) -> Read {
    if part.text(&path) != Text::Never {
        let (file, problem) = match std::fs::read(&file) {
            Ok(bytes) => understood(part, path, file, bytes),
            Err(error) => unread(path, file, &error),
        };
        return Read { file, problem, entry: None };
    }
    // A link is followed: it is the file behind it that is published.
    let stamp = file.metadata().ok().and_then(|metadata| Stamp::of(&metadata));
    if let Some(entry) = memory.entry(&path, stamp) {
        let (hash, length, content) = (entry.hash, entry.stamp.length(), entry.facts.content());
        let file = SourceFile { path, file, hash, length, content };
        return Read { file, problem: None, entry: Some(entry.clone()) };
    }
    // Only of a picture must all bytes be there at once.
    let (mut bytes, mut length) = (Vec::new(), 0);
    let is_picture = is_picture(&path);
    let read = read_stamped(&file, now, |piece| {
        length += piece.len() as u64;
        if is_picture {
            bytes.extend_from_slice(piece);
        }
    });
    match read {
        Ok((hash, stamp)) => {
            let facts = if is_picture { Known::of(&path, &bytes) } else { Known { picture: None } };
            let file = SourceFile { path, file, hash, length, content: facts.content() };
            let entry = stamp.map(|stamp| Entry { stamp, hash, facts });
            Read { file, problem: None, entry }
        }
        Err(error) => {
            let (file, problem) = unread(path, file, &error);
            Read { file, problem, entry: None }
        }
    }
}

fn unread(path: String, file: PathBuf, error: &io::Error) -> (SourceFile, Option<Diagnostic>) {
    let problem = unreadable(path.clone(), error);
    (SourceFile { path, file, hash: blake3::hash(b""), length: 0, content: Content::Unread }, Some(problem))
}

/// A file of a site that is not written yet; `path` is relative to the site's root, and `file` holds the bytes if any does.
#[must_use]
pub fn planned(path: String, file: PathBuf, bytes: Vec<u8>) -> (SourceFile, Option<Diagnostic>) {
    let part = if path.starts_with("content/") { Part::Content } else { Part::Static };
    understood(part, path, file, bytes)
}

/// A file whose bytes were read.
fn understood(part: Part, path: String, file: PathBuf, bytes: Vec<u8>) -> (SourceFile, Option<Diagnostic>) {
    let hash = blake3::hash(&bytes);
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
