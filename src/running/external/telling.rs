//! What is known of a link's address becomes what its author is told: [`tell`].

use crate::running::external::errand::Answer;
use crate::running::external::{Link, Stands};
use crate::words::diagnostic::Diagnostic;
use crate::words::source_text::Span;

/// What to say of a link; nothing when all is well.
pub(super) fn tell(link: &Link, answer: Option<&Answer>) -> Option<Diagnostic> {
    let written = &link.written;
    let told = match answer {
        None => {
            let message = format!("`{written}` is no address that can be asked for");
            let help = "write it with `https://`, a host and no spaces";
            return Some(at(link, Diagnostic::error("dead-link", message)).help(help));
        }
        Some(Answer::Gone(why)) => Diagnostic::error("dead-link", format!("`{written}` leads nowhere: {why}"))
            .help("lead it to where that is now, or to an archive; `skip` below `[check]` keeps an address from being asked for"),
        Some(Answer::Unknown(why)) => {
            Diagnostic::warning("unanswered-link", format!("whether `{written}` is there is not known: {why}"))
                .help("look for yourself; `skip` below `[check]` keeps an address from being asked for")
        }
        Some(Answer::There(_, lost)) if link.place.as_ref().is_some_and(|place| lost.contains(place)) => {
            let (place, page) = (link.place.as_deref().unwrap_or_default(), before_fragment(written));
            Diagnostic::warning("lost-place", format!("`{page}` has no place called `{place}`"))
                .help("lead to one that it has, or to the page; a place that only a script makes is not seen")
        }
        Some(Answer::There(good, _)) => return good.moved.as_deref().map(|new| moved(link, new)),
    };
    Some(at(link, told))
}

fn moved(link: &Link, new: &str) -> Diagnostic {
    let written = &link.written;
    // A place stays one where the page is now, unless the server names another (RFC 9110, section 10.2.2).
    let new = match written.split_once('#') {
        Some((_, fragment)) if !new.contains('#') => format!("{new}#{fragment}"),
        _ => new.to_owned(),
    };
    let message = format!("`{written}` has moved for good");
    let told = at(link, Diagnostic::warning("moved-link", message)).help(format!("it is at `{new}` now"));
    match &link.stands {
        // Markdown would read some signs otherwise than they are meant.
        Stands::At(span)
            if narrowed(span, written).text() == written
                && !new.contains(|c: char| "()<>\"'".contains(c) || c.is_whitespace() || c.is_control()) =>
        {
            told.suggest(narrowed(span, written), new)
        }
        Stands::At(_) | Stands::In(_) => told,
    }
}

fn before_fragment(url: &str) -> &str {
    url.split('#').next().unwrap_or(url)
}

fn at(link: &Link, told: Diagnostic) -> Diagnostic {
    match &link.stands {
        Stands::At(span) => told.at(narrowed(span, &link.written), ""),
        Stands::In(path) => told.in_path(path),
    }
}

/// Where in a link its address stands: in the link, or where a reference is defined.
fn narrowed(span: &Span, written: &str) -> Span {
    let found = span.text().find(written).map(|at| span.range.start + at);
    let start = found.or_else(|| definition(&span.source.text, written));
    start.map_or_else(|| span.clone(), |start| Span::new(&span.source, start..start + written.len()))
}

/// Where an address stands in a line such as `[name]: https://example.org/`.
fn definition(text: &str, written: &str) -> Option<usize> {
    text.match_indices(written).map(|(at, _)| at).find(|&at| {
        let before = text[..at].trim_end_matches('<').trim_end_matches([' ', '\t']);
        let after = text[at + written.len()..].chars().next();
        before.ends_with("]:") && after.is_none_or(|c| c.is_whitespace() || c == '>')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::source_text::SourceText;

    #[test]
    fn an_address_is_found_where_it_is_written() {
        let text = "[a](x) <https://a.example/> [b][c]\n\n[d]: https://a.example/b\n[c]: <https://a.example/> 'A'\n";
        let source = SourceText::new("a.md", text);
        let at = |start: usize, end: usize, written: &str| {
            let narrowed = narrowed(&Span::new(&source, start..end), written);
            (narrowed.range.start, narrowed.text() == written)
        };
        let link = text.find('<').expect("there");
        assert_eq!(at(link, link + 20, "https://a.example/"), (link + 1, true));
        let reference = text.find("[b]").expect("there");
        assert_eq!(at(reference, reference + 6, "https://a.example/"), (text.rfind('<').expect("there") + 1, true));
        assert_eq!(at(reference, reference + 6, "https://b.example/"), (reference, false));
    }
}
