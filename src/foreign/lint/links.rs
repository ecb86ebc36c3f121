//! Links of Atom, in Atom's feeds and in RSS: where the feed itself is, its hub, its archives, and what an entry leads to.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::foreign::lint::addresses::{self, Wanted};
use crate::foreign::lint::codes::Code;
use crate::foreign::lint::findings::Findings;
use crate::foreign::lint::namespaces::Space;
use crate::foreign::lint::structure::{attributes, missing_attribute};
use crate::foreign::lint::tree::{Element, Index, Tree};
use crate::foreign::lint::values;
use crate::words::address::scheme;
use crate::words::nearest::nearest;

/// Relations that IANA knows and feeds use.
const RELATIONS: [&str; 46] = [
    "about",
    "alternate",
    "amphtml",
    "appendix",
    "archives",
    "author",
    "bookmark",
    "canonical",
    "chapter",
    "collection",
    "contents",
    "copyright",
    "current",
    "describedby",
    "edit",
    "edit-media",
    "enclosure",
    "first",
    "glossary",
    "help",
    "hub",
    "icon",
    "index",
    "last",
    "latest-version",
    "license",
    "me",
    "next",
    "next-archive",
    "payment",
    "prev",
    "prev-archive",
    "previous",
    "privacy-policy",
    "related",
    "replies",
    "search",
    "section",
    "self",
    "service",
    "start",
    "tag",
    "terms-of-service",
    "up",
    "via",
    "webmention",
];

/// The attributes of a link.
pub(super) const ATTRIBUTES: [&str; 6] = ["href", "rel", "type", "hreflang", "title", "length"];

/// Relations of RFC 5005.
const HISTORY: [&str; 7] = ["current", "first", "last", "next", "next-archive", "prev-archive", "previous"];

/// A link.
#[derive(Debug, Clone)]
pub(super) struct Link {
    /// How what it leads to is related to us.
    pub(super) relation: String,
    /// The media type, or nothing.
    pub(super) kind: String,
    /// Where it leads.
    pub(super) address: String,
    language: String,
    /// Its tag.
    pub(super) tag: Range<usize>,
    relation_at: Range<usize>,
    kind_at: Range<usize>,
}

/// Where a link stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Around {
    /// In an RSS channel.
    Channel,
    /// In an Atom feed.
    Feed,
    /// In an item or entry.
    Entry,
}

/// Looks at the links of an element, each by itself.
pub(super) fn check(tree: &Tree, index: Index, around: Around, findings: &mut Findings) -> Vec<Link> {
    // Atom's own elements have had their attributes looked at.
    if tree.get(index).space != Space::Atom {
        tree.all(index, Space::Atom, "link").for_each(|element| attributes(element, &ATTRIBUTES, findings));
    }
    tree.all(index, Space::Atom, "link").filter_map(|element| link(element, around, findings)).collect()
}

fn link(element: &Element, around: Around, findings: &mut Findings) -> Option<Link> {
    let source = findings.text();
    let value = |name: &str| element.attribute(&source.text, name);
    let word = |name: &str| value(name).map(|text| text.trimmed().to_owned());
    let relation = word("rel").unwrap_or_else(|| "alternate".to_owned());
    let relation = relation.trim_start_matches("http://www.iana.org/assignments/relation/").to_owned();
    if let Some(at) = &element.text_at {
        findings.tell(
            Code::UnexpectedText,
            "atom link",
            at.clone(),
            || "text stands in an Atom `link`".to_owned(),
            |finding| finding.help("its address is the attribute `href`; RSS has a `link` without a prefix for text"),
        );
    }
    if !RELATIONS.contains(&relation.to_ascii_lowercase().as_str()) && scheme(&relation).is_none() {
        findings.tell(
            Code::UnknownRelation,
            &relation,
            element.place_of("rel"),
            || format!("no reader knows the relation `{relation}`"),
            |finding| match nearest(&relation, RELATIONS) {
                Some(near) => finding.help(format!("did you mean `{near}`?")).suggest(near),
                None => finding.help("use a registered relation such as `alternate`, `self` or `related`"),
            },
        );
    }
    if around == Around::Entry && HISTORY.contains(&&*relation) {
        findings.tell(
            Code::FeedLinkInEntry,
            &relation,
            element.tag.clone(),
            || format!("`{relation}` is a relation of feeds, not of entries"),
            |finding| finding.help("move it out of the entry"),
        );
    }
    if let Some(kind) = value("type") {
        values::media_type(&kind, "link", element.place_of("type"), findings);
    }
    if let Some(language) = value("hreflang") {
        values::language(&language, "`hreflang`", element.place_of("hreflang"), findings);
    }
    if let Some(length) = value("length") {
        values::whole_number(&length, "`length` of `link`", element.place_of("length"), findings);
    }
    let Some(href) = value("href") else {
        missing_attribute(element, "href", "an Atom link has its address in `href`", findings);
        return None;
    };
    let what = format!("`href` of `{relation}`");
    let address = href.trimmed().to_owned();
    if scheme(&address).is_none() && around != Around::Channel && !address.is_empty() {
        findings.tell(
            Code::RelativeUrl,
            &what,
            element.place_of("href"),
            || format!("{what} is not a whole address"),
            |finding| {
                finding.help("write all of it, from `https://` on: whoever has a copy of the feed cannot complete it")
            },
        );
    } else {
        let wanted = if around == Around::Channel { Wanted::Uri } else { Wanted::Iri };
        addresses::check(&href, wanted, &what, element.place_of("href"), findings);
    }
    Some(Link {
        relation,
        kind: word("type").unwrap_or_default(),
        address,
        language: word("hreflang").unwrap_or_default(),
        tag: element.tag.clone(),
        relation_at: element.place_of("rel"),
        kind_at: element.place_of("type"),
    })
}

/// Looks at alternate links together.
pub(super) fn check_alternates(links: &[Link], findings: &mut Findings) {
    let mut seen: BTreeMap<(&str, &str), &Link> = BTreeMap::new();
    for link in links.iter().filter(|link| link.relation == "alternate") {
        if let Some(first) = seen.insert((&link.kind, &link.language), link) {
            let first = first.tag.clone();
            findings.tell(
                Code::DuplicateLink,
                "",
                link.tag.clone(),
                || "a second alternate link has the same type and language".to_owned(),
                |finding| {
                    finding.also(first, "first here").help("give each its `type` and `hreflang`, or keep one of them")
                },
            );
        }
    }
}

/// Looks at a feed's links together: to itself, its hub and its archives.
pub(super) fn check_feed(tree: &Tree, feed: Index, links: &[Link], around: Around, findings: &mut Findings) {
    let of = |relation: &'static str| links.iter().filter(move |link| link.relation == relation);
    let element = tree.get(feed);
    let (prefix, kind) = match around {
        Around::Channel => ("atom:", "application/rss+xml"),
        Around::Feed | Around::Entry => ("", "application/atom+xml"),
    };
    let own: Vec<&Link> = of("self").collect();
    match own[..] {
        [] => {
            let hub = of("hub").next();
            let (code, place) = hub.map_or((Code::MissingSelf, &element.tag), |hub| (Code::HubWithoutSelf, &hub.tag));
            findings.tell(
                code,
                "",
                place.clone(),
                || match hub {
                    Some(_) => "the feed names a hub, but not itself".to_owned(),
                    None => format!("`{}` does not say where the feed is", element.name),
                },
                |finding| {
                    let declare = if prefix.is_empty() { "" } else { ", and `xmlns:atom=\"http://www.w3.org/2005/Atom\"` on `rss`" };
                    finding.help(format!(
                        "put `<{prefix}link rel=\"self\" type=\"{kind}\" href=\"…\"/>` into it, with the feed's own address{declare}"
                    ))
                },
            );
        }
        [first, ref more @ ..] => {
            for second in more {
                findings.tell(
                    Code::DuplicateSelf,
                    "",
                    second.tag.clone(),
                    || "the feed has a second address of its own".to_owned(),
                    |finding| {
                        finding.also(first.tag.clone(), "first here").help("keep the one that readers should use")
                    },
                );
            }
            let essence = first.kind.split(';').next().unwrap_or_default().trim();
            let is_feed = [
                "application/rss+xml",
                "application/atom+xml",
                "application/rdf+xml",
                "application/xml",
                "text/xml",
                "",
            ];
            if !is_feed.contains(&essence) {
                findings.tell(
                    Code::SelfNotFeed,
                    "",
                    first.kind_at.clone(),
                    || format!("the link to the feed itself says that it is `{essence}`"),
                    |finding| finding.help("give the feed's type").suggest(kind),
                );
            }
        }
    }
    check_history(tree, feed, links, findings);
}

/// Looks at what a feed says about its archives (RFC 5005).
fn check_history(tree: &Tree, feed: Index, links: &[Link], findings: &mut Findings) {
    let archive = tree.first(feed, Space::History, "archive");
    let complete = tree.first(feed, Space::History, "complete");
    let own = links.iter().find(|link| link.relation == "self");
    let contradiction =
        |at: Range<usize>, about: &str, message: String, help: &'static str, findings: &mut Findings| {
            findings.tell(Code::ContradictoryArchive, about, at, || message, |finding| finding.help(help));
        };
    if let (Some(archive), Some(_)) = (archive, complete) {
        let message = "a feed is an archive or complete, not both".to_owned();
        contradiction(archive.tag.clone(), "both", message, "keep one of `fh:archive` and `fh:complete`", findings);
    }
    for link in links.iter().filter(|link| HISTORY.contains(&&*link.relation)) {
        let relation = &link.relation;
        if complete.is_some() && relation != "current" {
            let message = format!("a complete feed has no `{relation}`");
            contradiction(
                link.relation_at.clone(),
                "complete",
                message,
                "take out the link, or `fh:complete`",
                findings,
            );
        }
        let is_own = own.is_some_and(|own| own.address == link.address);
        if is_own && !["current", "first", "last"].contains(&&**relation) {
            let message = format!("`{relation}` leads to the feed itself");
            contradiction(
                link.tag.clone(),
                "itself",
                message,
                "lead to the other page, or take the link out",
                findings,
            );
        }
    }
    let has = |relation: &str| links.iter().any(|link| link.relation == relation);
    if let Some(archive) = archive.filter(|_| !has("current")) {
        findings.tell(
            Code::IncompleteArchive,
            "current",
            archive.tag.clone(),
            || "an archive does not say where the current feed is".to_owned(),
            |finding| finding.help("add a link with `rel=\"current\"`"),
        );
    }
    if let (Some(next), None) = (links.iter().find(|link| link.relation == "next-archive"), archive) {
        findings.tell(
            Code::IncompleteArchive,
            "next",
            next.tag.clone(),
            || "the feed has a later archive, but does not say that it is one itself".to_owned(),
            |finding| finding.help("add `<fh:archive xmlns:fh=\"http://purl.org/syndication/history/1.0\"/>`"),
        );
    }
}
