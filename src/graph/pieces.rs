//! Looking into pieces: how far an element goes, what it says, and where in a link its parts stand.

use pulldown_cmark::{Event, Tag, TagEnd};

use crate::parsing::text::Piece;
use crate::words::source_text::{Located, Span};

/// Where in a link its destination stands; the link itself when that is written elsewhere or otherwise.
pub(crate) fn destination_span(link: &Span, destination: &str) -> Span {
    let text = link.text();
    let behind = |bracket: &str| text.rfind(&format!("{bracket}{destination}")).map(|at| at + bracket.len());
    match behind("](").or_else(|| behind("](<")).filter(|_| !destination.is_empty()) {
        Some(at) => {
            let start = link.range.start + at;
            Span::new(&link.source, start..start + destination.len())
        }
        None => link.first_line(),
    }
}

/// Where in a link its text stands, perhaps within emphasis; the link itself when it is written elsewhere or otherwise.
pub(crate) fn text_span(link: &Span, destination: &Span, text: &str) -> Span {
    let before = &link.source.text[link.range.start..destination.range.start.max(link.range.start)];
    let words = before.trim_end_matches('<').strip_suffix("](").filter(|_| !text.is_empty());
    let found = words.and_then(|words| {
        let at = words.rfind(text)?;
        let behind = &words[at + text.len()..];
        behind.bytes().all(|byte| matches!(byte, b'*' | b'_' | b'`' | b'~')).then_some(at)
    });
    match found {
        Some(at) => {
            let start = link.range.start + at;
            Span::new(&link.source, start..start + text.len())
        }
        None => link.first_line(),
    }
}

/// How many pieces stand before the end of the link that has begun; links do not lie in links.
pub(crate) fn link_length(pieces: &[Located<Piece>]) -> usize {
    let end = pieces.iter().position(|piece| matches!(piece.value, Piece::Markdown(Event::End(TagEnd::Link))));
    end.unwrap_or(pieces.len())
}

/// How many pieces belong to the image that has begun, its end among them.
pub(crate) fn image_length(pieces: &[Located<Piece>]) -> usize {
    let mut open = 1;
    let end = pieces.iter().position(|piece| {
        match &piece.value {
            Piece::Markdown(Event::Start(Tag::Image { .. })) => open += 1,
            Piece::Markdown(Event::End(TagEnd::Image)) => open -= 1,
            _ => {}
        }
        open == 0
    });
    end.map_or(pieces.len(), |end| end + 1)
}

/// Pieces as plain text.
pub(crate) fn plain(pieces: &[Located<Piece>]) -> String {
    let text = |piece: &Located<Piece>| match &piece.value {
        Piece::Markdown(Event::Text(text) | Event::Code(text)) => text.to_string(),
        Piece::Markdown(Event::SoftBreak | Event::HardBreak) => " ".to_owned(),
        _ => String::new(),
    };
    pieces.iter().map(text).collect()
}
