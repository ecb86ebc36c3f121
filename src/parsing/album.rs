//! An album: a folder of pictures, and perhaps an `index.md` that describes them.
//!
//! Pictures that `[[photos]]` entries name come first, in the order of the entries; the others follow by file name.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::DateTime;
use chrono_tz::Tz;

use crate::files::picture::Size;
use crate::files::source::{Content, SourceFile};
use crate::parsing::front_matter::split;
use crate::parsing::keys::moment_key;
use crate::parsing::layout::AlbumFiles;
use crate::parsing::markdown;
use crate::parsing::text::{Piece, Text};
use crate::words::diagnostic::{Diagnostic, has_error};
use crate::words::nearest::nearest;
use crate::words::source_text::{Located, SourceText, Span};
use crate::words::table::{Reader, Table};

/// An album that is not yet part of a site.
#[derive(Debug)]
pub struct Album {
    /// Its `index.md`, or an empty text in its place.
    pub source: Arc<SourceText>,
    /// Where its title is, or the start of the text.
    pub span: Span,
    /// The folder's name.
    pub folder: String,
    /// Plain text.
    pub title: String,
    /// Plain text.
    pub summary: Option<String>,
    /// When it was made.
    pub date: Option<DateTime<Tz>>,
    /// The introduction.
    pub text: Text,
    /// In the order in which they are shown.
    pub photos: Vec<Photo>,
    /// The one that stands for the album.
    pub cover: usize,
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
    /// Inline pieces; none when there is no caption.
    pub caption: Vec<Located<Piece>>,
    /// What a person who cannot see the picture should know.
    pub alt: String,
    /// The place that stands for it.
    pub span: Span,
}

/// What an entry of `[[photos]]` says.
struct Entry<'a> {
    file: Located<String>,
    title: Option<String>,
    caption: Option<Located<String>>,
    alt: Option<String>,
    span: &'a Span,
}

/// Parses the album in the folder `gallery/<folder>/`; `None` when there is no picture to show.
pub(crate) fn parse(folder: &str, files: &AlbumFiles<'_>, zone: Tz) -> (Option<Album>, Vec<Diagnostic>) {
    let empty = SourceText::new(format!("content/gallery/{folder}"), "");
    let source = files.index.unwrap_or(&empty);
    let (parts, mut diagnostics) = split(source);
    let (text, problems) = markdown::parse(source, parts.body);
    diagnostics.extend(problems);
    let mut reader = Reader::new(&parts.table, "an album");
    let title = reader.filled_text("title");
    let summary = reader.filled_text("summary").map(|summary| summary.value);
    let date = moment_key(&mut reader, "date", zone);
    let cover = reader.filled_text("cover");
    let entries: Vec<Entry<'_>> =
        reader.tables("photos").into_iter().filter_map(|table| entry(&mut reader, table)).collect();
    let pictures = ordered(&mut reader, &entries, files);
    let mut photos = Vec::with_capacity(pictures.len());
    for (picture, entry) in pictures {
        match &picture.content {
            Content::Picture(Ok(size)) => photos.push(photo(&mut reader, picture, *size, entry, source)),
            Content::Picture(Err(error)) => reader.report(broken_picture(&picture.path, error)),
            Content::Text(_) | Content::Bytes | Content::Unread => {}
        }
    }
    let cover = cover.map_or(0, |cover| cover_index(&mut reader, &cover, &photos, files));
    if files.pictures.is_empty() && entries.is_empty() {
        let diagnostic = Diagnostic::warning("empty-album", format!("the album `{folder}` has no picture yet"))
            .in_path(&source.path);
        reader.report(diagnostic.help("put PNG or JPEG files into its folder: until then it is not on the site"));
    }
    if !has_error(&diagnostics) {
        diagnostics.extend(reader.finish());
    }
    let span = title.as_ref().map_or_else(|| parts.table.span.clone(), |title| title.span.clone());
    let title = title.map_or_else(|| folder.to_owned(), |title| title.value);
    let folder = folder.to_owned();
    let album = Album { source: Arc::clone(source), span, folder, title, summary, date, text, photos, cover };
    (Some(album).filter(|album| !album.photos.is_empty()), diagnostics)
}

fn entry<'a>(reader: &mut Reader<'_>, table: &'a Table) -> Option<Entry<'a>> {
    let mut keys = Reader::new(table, "a photo");
    let file = keys.filled_text("file");
    if file.is_none() {
        keys.missing("file", "name the picture: `file = \"01.jpg\"`");
    }
    let title = keys.filled_text("title").map(|title| title.value);
    let caption = keys.filled_text("caption");
    let alt = keys.text("alt").map(|alt| alt.value);
    for diagnostic in keys.finish() {
        reader.report(diagnostic);
    }
    Some(Entry { file: file?, title, caption, alt, span: &table.span })
}

/// The pictures in the order in which they are shown, each with its entry.
fn ordered<'a, 'b>(
    reader: &mut Reader<'_>,
    entries: &'b [Entry<'b>],
    files: &AlbumFiles<'a>,
) -> Vec<(&'a SourceFile, Option<&'b Entry<'b>>)> {
    let mut ordered: Vec<(&SourceFile, Option<&Entry<'_>>)> = Vec::new();
    for entry in entries {
        match files.pictures.iter().find(|picture| name(picture) == entry.file.value) {
            Some(picture) if ordered.iter().any(|(shown, _)| shown.path == picture.path) => {
                let message = format!("`{}` has two entries", entry.file.value);
                reader.bad_value(&entry.file.span, message, "describe every picture once");
            }
            Some(picture) => ordered.push((picture, Some(entry))),
            None => reader.report(no_such_file(&entry.file, files)),
        }
    }
    for picture in &files.pictures {
        if ordered.iter().all(|(shown, _)| shown.path != picture.path) {
            ordered.push((picture, None));
        }
    }
    ordered
}

fn photo(
    reader: &mut Reader<'_>,
    picture: &SourceFile,
    size: Size,
    entry: Option<&Entry<'_>>,
    source: &Arc<SourceText>,
) -> Photo {
    let alt = entry.and_then(|entry| entry.alt.clone());
    if alt.as_ref().is_none_or(|alt| alt.trim().is_empty()) {
        let message = format!("the picture `{}` does not say what is to be seen", name(picture));
        let diagnostic =
            Diagnostic::warning("missing-alt", message).help("describe it in the album's `index.md`: `alt = \"…\"`");
        reader.report(match entry {
            Some(entry) => diagnostic.at(entry.span.clone(), "no alternative text"),
            None => diagnostic.in_path(&picture.path),
        });
    }
    let (caption, problems) = entry.and_then(|entry| entry.caption.as_ref()).map(markdown::inline).unwrap_or_default();
    for problem in problems {
        reader.report(problem);
    }
    let stem = name(picture).rsplit_once('.').map_or(name(picture), |(stem, _)| stem);
    Photo {
        file: picture.file.clone(),
        path: picture.path.clone(),
        hash: picture.hash,
        size,
        title: entry.and_then(|entry| entry.title.clone()).unwrap_or_else(|| stem.to_owned()),
        caption,
        alt: alt.unwrap_or_default(),
        span: entry.map_or_else(|| Span::new(source, 0..0), |entry| entry.file.span.clone()),
    }
}

fn cover_index(reader: &mut Reader<'_>, cover: &Located<String>, photos: &[Photo], files: &AlbumFiles<'_>) -> usize {
    let found = photos.iter().position(|photo| photo.path.rsplit('/').next() == Some(&cover.value));
    if found.is_none() && !files.pictures.iter().any(|picture| name(picture) == cover.value) {
        reader.report(no_such_file(cover, files));
    }
    found.unwrap_or(0)
}

fn no_such_file(written: &Located<String>, files: &AlbumFiles<'_>) -> Diagnostic {
    let diagnostic = Diagnostic::error("missing-picture", format!("this album has no picture `{}`", written.value));
    let diagnostic = diagnostic.at(written.span.clone(), "");
    match nearest(&written.value, files.pictures.iter().map(|picture| name(picture))) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")).suggest_text(written.span.clone(), near),
        None => diagnostic.help("put the PNG or JPEG file into the album's folder"),
    }
}

/// A picture whose file is damaged.
pub(crate) fn broken_picture(path: &str, error: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error("broken-picture", format!("this picture cannot be read: {error}")).in_path(path);
    diagnostic.help("save it again from where it came, or take it out")
}

fn name(picture: &SourceFile) -> &str {
    picture.path.rsplit('/').next().unwrap_or(&picture.path)
}
