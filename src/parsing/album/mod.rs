//! An album: a folder of pictures, and perhaps an `index.md` that describes them.
//!
//! What is said of a picture may stand in three places: an entry `[[photos]]` of `index.md`, a [note] that is called as the
//! picture is, and the picture itself, where cameras and programs wrote it (EXIF, IPTC, XMP). The first that says it counts.
//!
//! ```toml
//! title = "Kii peninsula"
//! order = "taken"                # or "name", or "hand": as the entries stand
//! reverse = false
//! cover = "03.jpg"               # or one of an album in it: "shore/03.jpg"
//! timezone = "Asia/Tokyo"
//!
//! [[photos]]
//! file = "03.jpg"
//! title = "The pier"
//! caption = "Before the *storm*."
//! alt = "A wooden pier, and rain over the sea."
//! taken = 2008-06-12T17:40:00
//! ```

mod clocks;

mod entries;

mod note;

mod order;

use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, FixedOffset};
use chrono_tz::Tz;
use imaging::Camera;

use crate::files::config::PhotosConfig;
use crate::files::picture::{Facts, Size};
use crate::files::source::{Content, SourceFile};
use crate::parsing::album::clocks::Clocks;
use crate::parsing::album::entries::{Entry, entries, no_such_file};
use crate::parsing::album::note::Note;
use crate::parsing::album::order::{Order, order_key};
use crate::parsing::front_matter::split;
use crate::parsing::keys::moment_key;
use crate::parsing::layout::AlbumFiles;
use crate::parsing::markdown;
use crate::parsing::text::{Piece, Text};
use crate::words::diagnostic::{Diagnostic, has_error};
use crate::words::source_text::{Located, SourceText, Span};
use crate::words::table::Reader;
use crate::words::zone::zone_key;

/// An album that is not yet part of a site.
#[derive(Debug)]
pub struct Album {
    /// Its `index.md`, or an empty text in its place.
    pub source: Arc<SourceText>,
    /// Where its title is, or the start of the text.
    pub span: Span,
    /// The folder's path below `gallery/`.
    pub folder: String,
    /// Plain text.
    pub title: String,
    /// Plain text.
    pub summary: Option<String>,
    /// When it was made, if it says so.
    pub date: Option<DateTime<Tz>>,
    /// Not for readers yet.
    pub draft: bool,
    /// The introduction.
    pub text: Text,
    /// In the order in which they are shown; none when all pictures lie in albums below this one.
    pub photos: Vec<Photo>,
    /// Path of the picture that stands for the album, if it says which; it may be one of an album below.
    pub cover: Option<String>,
    /// What its pages tell and give away.
    pub shown: PhotosConfig,
}

/// A picture of an album.
#[derive(Debug)]
pub struct Photo {
    /// Where it is on this machine.
    pub file: PathBuf,
    /// Path relative to the site's root.
    pub path: String,
    /// Hash of its bytes.
    pub hash: blake3::Hash,
    /// As it is shown.
    pub size: Size,
    /// Plain text.
    pub title: String,
    /// What is said about it.
    pub caption: Caption,
    /// What a person who cannot see the picture should know.
    pub alt: String,
    /// When it was taken, as clocks showed it.
    pub taken: Option<DateTime<FixedOffset>>,
    /// What its camera says.
    pub camera: Option<Box<Camera>>,
    /// Where its entry names it.
    pub span: Option<Span>,
}

/// What is said about a picture.
#[derive(Debug)]
pub enum Caption {
    /// A line of `index.md`; no pieces when nothing is said.
    Line(Vec<Piece>),
    /// Paragraphs of a note.
    Text(Vec<Piece>),
    /// Plain text that the picture brought along.
    Plain(String),
}

/// What an album's keys say of all its pictures.
struct Said {
    entries: Vec<Entry>,
    clocks: Clocks,
    order: Order,
}

/// Parses the album in the folder `gallery/<folder>/`; `None` when its text has errors.
pub(crate) fn parse(
    folder: &str,
    files: &AlbumFiles<'_>,
    zone: Tz,
    shown: PhotosConfig,
) -> (Option<Album>, Vec<Diagnostic>) {
    let empty = SourceText::new(format!("content/gallery/{folder}"), "");
    let source = files.index.unwrap_or(&empty);
    let (parts, mut diagnostics) = split(source);
    let (text, problems) = markdown::parse(source, parts.body);
    let mut reader = Reader::new(&parts.table, "an album");
    let title = reader.filled_text("title");
    let summary = reader.filled_text("summary").map(|summary| summary.value);
    let date = moment_key(&mut reader, "date", zone);
    let draft = reader.boolean("draft").is_some_and(|draft| draft.value);
    let shown = shown.with(&mut reader);
    let cover = reader.filled_text("cover").and_then(|cover| cover_path(&mut reader, &cover, folder, files));
    let zone = zone_key(&mut reader).unwrap_or(zone);
    let entries = entries(&mut reader, zone);
    let said =
        Said { order: order_key(&mut reader, !entries.is_empty()), entries, clocks: Clocks::read(&mut reader, zone) };
    let notes = files.notes.iter().filter_map(|note| note::read(&mut reader, note, files, zone)).collect();
    let photos = photos(&mut reader, &said, notes, files);
    if files.pictures.is_empty() && files.below.is_empty() && said.entries.is_empty() {
        let diagnostic = Diagnostic::warning("empty-album", format!("the album `{folder}` has no picture yet"))
            .in_path(&source.path);
        reader.report(diagnostic.help("put JPEG, PNG or WebP files into its folder: until then it is not on the site"));
    }
    if !has_error(&diagnostics) {
        diagnostics.extend(reader.finish());
    }
    diagnostics.extend(problems);
    let span = title.as_ref().map_or_else(|| parts.table.span.clone(), |title| title.span.clone());
    let name = folder.rsplit('/').next().unwrap_or(folder);
    let title = title.map_or_else(|| name.to_owned(), |title| title.value);
    let (source, folder) = (Arc::clone(source), folder.to_owned());
    let album = Album { source, span, folder, title, summary, date, draft, text, photos, cover, shown };
    (Some(album).filter(|_| !has_error(&diagnostics)), diagnostics)
}

/// The album's own pictures in their order.
fn photos(reader: &mut Reader<'_>, said: &Said, mut notes: Vec<Note>, files: &AlbumFiles<'_>) -> Vec<Photo> {
    let pictures = entries::matched(reader, &said.entries, files);
    let mut photos = Vec::with_capacity(pictures.len());
    for (picture, entry) in pictures {
        match &picture.content {
            Content::Picture(Ok(facts)) => {
                let note = notes.iter().position(|note| note.picture == picture.path).map(|at| notes.swap_remove(at));
                photos.push(photo(reader, said, (picture, facts), (entry, note)));
            }
            Content::Picture(Err(error)) => reader.report(broken_picture(&picture.path, error)),
            Content::Text(_) | Content::Bytes | Content::Unread => {}
        }
    }
    for note in notes.iter().filter(|note| photos.iter().any(|photo| photo.path == note.picture)) {
        let message = format!("`{}` has two notes", file_name(&note.picture));
        let diagnostic = Diagnostic::error("bad-value", message).in_path(&note.path);
        reader.report(diagnostic.help("put all that is said of it into one"));
    }
    let cameras: Vec<&Camera> = photos.iter().filter_map(|photo| photo.camera.as_deref()).collect();
    said.clocks.check(reader, &cameras);
    missing_alts(reader, &photos);
    said.order.sort(&mut photos, said.entries.len());
    photos
}

fn photo(
    reader: &mut Reader<'_>,
    said: &Said,
    (picture, facts): (&SourceFile, &Facts),
    (entry, note): (Option<&Entry>, Option<Note>),
) -> Photo {
    let camera = facts.camera.as_deref();
    let of_note = note.as_ref();
    let first = |of_entry: Option<&String>, of_note: Option<&String>, of_camera: Option<&String>| {
        of_entry.or(of_note).or(of_camera).cloned()
    };
    let stem = stem(name(picture)).to_owned();
    Photo {
        file: picture.file.clone(),
        path: picture.path.clone(),
        hash: picture.hash,
        size: facts.size,
        title: first(
            entry.and_then(|entry| entry.title.as_ref()),
            of_note.and_then(|note| note.title.as_ref()),
            camera.and_then(|camera| camera.title.as_ref()),
        )
        .unwrap_or(stem),
        alt: first(
            entry.and_then(|entry| entry.alt.as_ref()),
            of_note.and_then(|note| note.alt.as_ref()),
            camera.and_then(|camera| camera.alt.as_ref()),
        )
        .unwrap_or_default(),
        taken: entry
            .and_then(|entry| entry.taken)
            .or(of_note.and_then(|note| note.taken))
            .map(|taken| taken.fixed_offset())
            .or_else(|| said.clocks.taken(camera?)),
        caption: caption(reader, entry, note, camera),
        camera: facts.camera.clone(),
        span: entry.map(|entry| entry.file.span.clone()),
    }
}

fn caption(reader: &mut Reader<'_>, entry: Option<&Entry>, note: Option<Note>, camera: Option<&Camera>) -> Caption {
    if let Some(line) = entry.and_then(|entry| entry.caption.as_ref()) {
        let (pieces, problems) = markdown::inline(line);
        problems.into_iter().for_each(|problem| reader.report(problem));
        return Caption::Line(pieces);
    }
    if let Some(note) = note.filter(|note| !note.pieces.is_empty()) {
        return Caption::Text(note.pieces);
    }
    let told = camera.and_then(|camera| camera.description.clone());
    told.map_or(Caption::Line(Vec::new()), Caption::Plain)
}

/// Pictures without an alternative text that are told one by one; more are told at once.
const TOLD_ONE_BY_ONE: usize = 3;

/// Warns of pictures that do not say what is to be seen.
fn missing_alts(reader: &mut Reader<'_>, photos: &[Photo]) {
    let help = "describe it in the album's `index.md`: `alt = \"…\"`";
    let silent = photos.iter().filter(|photo| photo.alt.trim().is_empty());
    let warning = |photo: &Photo| {
        let message = format!("the picture `{}` does not say what is to be seen", file_name(&photo.path));
        Diagnostic::warning("missing-alt", message).help(help)
    };
    let mut bare = Vec::new();
    for photo in silent {
        match &photo.span {
            Some(span) => reader.report(warning(photo).at(span.clone(), "no alternative text")),
            None => bare.push(photo),
        }
    }
    match bare.as_slice() {
        [first, rest @ ..] if rest.len() >= TOLD_ONE_BY_ONE => {
            let message =
                format!("`{}` and {} more pictures do not say what is to be seen", file_name(&first.path), rest.len());
            let folder = first.path.rsplit_once('/').map_or(&*first.path, |(folder, _)| folder);
            let help = "describe each in the album's `index.md`, or in a note beside it: `alt = \"…\"`";
            reader.report(Diagnostic::warning("missing-alt", message).in_path(folder).help(help));
        }
        few => few.iter().for_each(|photo| reader.report(warning(photo).in_path(&photo.path))),
    }
}

/// The path of the picture that `cover` names, in this album or in one below it.
fn cover_path(
    reader: &mut Reader<'_>,
    cover: &Located<String>,
    folder: &str,
    files: &AlbumFiles<'_>,
) -> Option<String> {
    let path = format!("content/gallery/{folder}/{}", cover.value);
    let found = files.pictures.iter().chain(&files.below).find(|picture| picture.path == path);
    if found.is_none() {
        reader.report(no_such_file(cover, files));
    }
    found.map(|picture| picture.path.clone())
}

/// A picture whose file is damaged.
pub(crate) fn broken_picture(path: &str, error: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error("broken-picture", format!("this picture cannot be read: {error}")).in_path(path);
    diagnostic.help("save it again from where it came, or take it out")
}

fn name(picture: &SourceFile) -> &str {
    file_name(&picture.path)
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}
