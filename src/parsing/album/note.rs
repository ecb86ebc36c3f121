//! A note: a text about one picture that lies beside it and is called as it is, `01.md` for `01.jpg`.
//!
//! ```text
//! +++
//! title = "The pier"
//! alt = "A wooden pier, and rain over the sea."
//! +++
//! Before the *storm*, which came at six.
//! ```

use std::sync::Arc;

use chrono::DateTime;
use chrono_tz::Tz;

use crate::parsing::album::{file_name, name, stem};
use crate::parsing::front_matter::split;
use crate::parsing::keys::moment_key;
use crate::parsing::layout::AlbumFiles;
use crate::parsing::markdown;
use crate::parsing::text::Piece;
use crate::words::diagnostic::Diagnostic;
use crate::words::source_text::SourceText;
use crate::words::table::Reader;

/// What a note says.
pub(super) struct Note {
    /// Its own path.
    pub(super) path: String,
    /// The picture's path.
    pub(super) picture: String,
    pub(super) title: Option<String>,
    pub(super) alt: Option<String>,
    pub(super) taken: Option<DateTime<Tz>>,
    /// The caption.
    pub(super) pieces: Vec<Piece>,
}

/// Reads a note; one of no picture is reported.
pub(super) fn read(
    reader: &mut Reader<'_>,
    source: &Arc<SourceText>,
    files: &AlbumFiles<'_>,
    zone: Tz,
) -> Option<Note> {
    let called = stem(file_name(&source.path));
    let picture = files.pictures.iter().find(|picture| name(picture) == called || stem(name(picture)) == called);
    let Some(picture) = picture else {
        let message = format!("this album has no picture called `{called}` that this could describe");
        let diagnostic = Diagnostic::warning("unpublished", message).in_path(&source.path);
        reader.report(diagnostic.help("call it as the picture is: `01.md` for `01.jpg`"));
        return None;
    };
    let (parts, problems) = split(source);
    problems.into_iter().for_each(|problem| reader.report(problem));
    let mut keys = Reader::new(&parts.table, "a note about a picture");
    let title = keys.filled_text("title").map(|title| title.value);
    let alt = keys.text("alt").map(|alt| alt.value);
    let taken = moment_key(&mut keys, "taken", zone);
    let (text, problems) = markdown::parse(source, parts.body);
    problems.into_iter().for_each(|problem| keys.report(problem));
    if let Some(span) = &text.wants_page {
        let message = "a note about a picture has no figures, headings and footnotes";
        let diagnostic = Diagnostic::error("caption", message).at(span.clone(), "here is one");
        keys.report(diagnostic.help("put it into the album's `index.md`"));
    }
    keys.finish().into_iter().for_each(|problem| reader.report(problem));
    Some(Note { path: source.path.clone(), picture: picture.path.clone(), title, alt, taken, pieces: text.said.pieces })
}
