//! Where in a link its parts stand.

use crate::words::source_text::Span;

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
