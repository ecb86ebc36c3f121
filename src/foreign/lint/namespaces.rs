//! The namespaces that feeds use, and those that are almost one of them.

use crate::words::nearest::nearest;

/// A namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Space {
    /// None at all: RSS 2.0's own elements.
    None,
    Atom,
    Content,
    Dc,
    DcTerms,
    Media,
    History,
    Itunes,
    Rdf,
    Rss1,
    Atom03,
    Xhtml,
    Xml,
    /// Any other.
    Other,
}

/// Names, the prefix that everybody uses, and what we call it.
const KNOWN: [(&str, &str, Space); 26] = [
    ("http://www.w3.org/2005/Atom", "atom", Space::Atom),
    ("http://purl.org/rss/1.0/modules/content/", "content", Space::Content),
    ("http://purl.org/dc/elements/1.1/", "dc", Space::Dc),
    ("http://purl.org/dc/terms/", "dcterms", Space::DcTerms),
    ("http://search.yahoo.com/mrss/", "media", Space::Media),
    ("http://purl.org/syndication/history/1.0", "fh", Space::History),
    ("http://www.itunes.com/dtds/podcast-1.0.dtd", "itunes", Space::Itunes),
    ("http://www.w3.org/1999/02/22-rdf-syntax-ns#", "rdf", Space::Rdf),
    ("http://purl.org/rss/1.0/", "rss", Space::Rss1),
    ("http://channel.netscape.com/rdf/simple/0.9/", "rss", Space::Rss1),
    ("http://my.netscape.com/rdf/simple/0.9/", "rss", Space::Rss1),
    ("http://purl.org/atom/ns#", "atom", Space::Atom03),
    ("http://www.w3.org/1999/xhtml", "xhtml", Space::Xhtml),
    ("http://www.w3.org/XML/1998/namespace", "xml", Space::Xml),
    ("http://www.w3.org/2000/svg", "svg", Space::Other),
    ("http://www.w3.org/1998/Math/MathML", "math", Space::Other),
    ("http://purl.org/rss/1.0/modules/syndication/", "sy", Space::Other),
    ("http://purl.org/rss/1.0/modules/slash/", "slash", Space::Other),
    ("http://wellformedweb.org/CommentAPI/", "wfw", Space::Other),
    ("http://purl.org/syndication/thread/1.0", "thr", Space::Other),
    ("http://www.georss.org/georss", "georss", Space::Other),
    ("https://podcastindex.org/namespace/1.0", "podcast", Space::Other),
    ("http://www.google.com/schemas/play-podcasts/1.0", "googleplay", Space::Other),
    ("http://a9.com/-/spec/opensearch/1.1/", "opensearch", Space::Other),
    ("http://backend.userland.com/creativeCommonsRssModule", "creativeCommons", Space::Other),
    ("http://source.scripting.com/", "source", Space::Other),
];

/// The namespace of a name.
pub(super) fn space(name: &str) -> Space {
    if name.is_empty() {
        return Space::None;
    }
    KNOWN.iter().find(|(known, ..)| *known == name).map_or(Space::Other, |(.., space)| *space)
}

/// The namespace's name that somebody meant who wrote `name`, if that is none that is known.
pub(super) fn meant(name: &str) -> Option<&'static str> {
    if name.len() > 100 || KNOWN.iter().any(|(known, ..)| *known == name) {
        return None;
    }
    let bare = |name: &str| {
        let name = name.to_ascii_lowercase();
        let name = name.trim_start_matches("https://").trim_start_matches("http://").trim_start_matches("www.");
        name.trim_end_matches(['/', '#']).to_owned()
    };
    let written = bare(name);
    let same = KNOWN.iter().map(|(known, ..)| *known).find(|known| bare(known) == written);
    // Versions of one vocabulary differ in one digit, and are others.
    let letters = |name: &str| name.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    let near = || {
        nearest(name, KNOWN.iter().map(|(known, ..)| *known))
            .filter(|known| letters(known) != letters(name) && strsim::damerau_levenshtein(known, name) <= 2)
    };
    same.or_else(near)
}

/// The namespace's name that a prefix stands for everywhere.
pub(super) fn usual(prefix: &str) -> Option<&'static str> {
    KNOWN.iter().find(|(_, known, _)| *known == prefix).map(|(name, ..)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_wrong_by_a_letter_is_recognised() {
        for (name, expected) in [
            ("http://search.yahoo.com/mrss", Some("http://search.yahoo.com/mrss/")),
            ("https://www.w3.org/2005/Atom", Some("http://www.w3.org/2005/Atom")),
            ("http://www.w3.org/2005/atom", Some("http://www.w3.org/2005/Atom")),
            ("http://purl.org/rss/1.0/module/content/", Some("http://purl.org/rss/1.0/modules/content/")),
            ("http://www.w3.org/2005/Atom", None),
            ("http://purl.org/dc/elements/1.0/", None),
            ("urn:mine", None),
        ] {
            assert_eq!(meant(name), expected, "{name}");
        }
    }
}
