//! What `[[photos]]` entries of an album's `index.md` say.

use chrono::DateTime;
use chrono_tz::Tz;

use crate::files::source::SourceFile;
use crate::parsing::album::name;
use crate::parsing::keys::moment_key;
use crate::parsing::layout::AlbumFiles;
use crate::words::diagnostic::Diagnostic;
use crate::words::nearest::nearest;
use crate::words::source_text::Located;
use crate::words::table::{Reader, Table};

/// What an entry says.
pub(super) struct Entry {
    pub(super) file: Located<String>,
    pub(super) title: Option<String>,
    pub(super) caption: Option<Located<String>>,
    pub(super) alt: Option<String>,
    pub(super) taken: Option<DateTime<Tz>>,
}

/// Reads the entries.
pub(super) fn entries(reader: &mut Reader<'_>, zone: Tz) -> Vec<Entry> {
    reader.tables("photos").into_iter().filter_map(|table| entry(reader, table, zone)).collect()
}

fn entry(reader: &mut Reader<'_>, table: &Table, zone: Tz) -> Option<Entry> {
    let mut keys = Reader::new(table, "a photo");
    let file = keys.filled_text("file");
    if file.is_none() {
        keys.missing("file", "name the picture: `file = \"01.jpg\"`");
    }
    let title = keys.filled_text("title").map(|title| title.value);
    let caption = keys.filled_text("caption");
    let alt = keys.text("alt").map(|alt| alt.value);
    let taken = moment_key(&mut keys, "taken", zone);
    for diagnostic in keys.finish() {
        reader.report(diagnostic);
    }
    Some(Entry { file: file?, title, caption, alt, taken })
}

/// The pictures, each with its entry: first those that have one, in the order of the entries.
pub(super) fn matched<'a, 'b>(
    reader: &mut Reader<'_>,
    entries: &'b [Entry],
    files: &AlbumFiles<'a>,
) -> Vec<(&'a SourceFile, Option<&'b Entry>)> {
    let mut matched: Vec<(&SourceFile, Option<&Entry>)> = Vec::new();
    for entry in entries {
        match files.pictures.iter().find(|picture| name(picture) == entry.file.value) {
            Some(picture) if matched.iter().any(|(other, _)| other.path == picture.path) => {
                let message = format!("`{}` has two entries", entry.file.value);
                reader.bad_value(&entry.file.span, message, "describe every picture once");
            }
            Some(picture) => matched.push((picture, Some(entry))),
            None => reader.report(no_such_file(&entry.file, files)),
        }
    }
    let described = matched.len();
    for &picture in &files.pictures {
        if matched[..described].iter().all(|(other, _)| other.path != picture.path) {
            matched.push((picture, None));
        }
    }
    matched
}

/// A picture that is named and not there.
pub(super) fn no_such_file(written: &Located<String>, files: &AlbumFiles<'_>) -> Diagnostic {
    let diagnostic = Diagnostic::error("missing-picture", format!("this album has no picture `{}`", written.value));
    let diagnostic = diagnostic.at(written.span.clone(), "");
    match nearest(&written.value, files.pictures.iter().map(|picture| name(picture))) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")).suggest_text(written.span.clone(), near),
        None => diagnostic.help("put the JPEG, PNG or WebP file into the album's folder"),
    }
}
