//! A feed in XML: which format it is, and then the rules of that.

use crate::foreign::lint::atom::{self, Entries};
use crate::foreign::lint::codes::Code;
use crate::foreign::lint::findings::Findings;
use crate::foreign::lint::namespaces::Space;
use crate::foreign::lint::rss;
use crate::foreign::lint::rss_item::Items;
use crate::foreign::lint::tree::{Element, Index, Tree, Visitor};
use crate::foreign::lint::walk::walk;
use crate::words::characters::is_legal;

/// Looks at a text that is meant to be XML. `damaged` says that U+FFFD in it stands for bytes that were told already.
pub(super) fn check(damaged: bool, findings: &mut Findings) {
    let source = findings.text();
    characters(&source.text, damaged, findings);
    let mut feed = Feed::default();
    walk(&source.text, &mut feed, findings);
    if feed.is_page {
        findings.only(Code::NotAFeed);
    }
    if !feed.seen {
        let is_empty = source.text.trim().is_empty();
        let end = source.text.lines().next().unwrap_or_default().len();
        findings.tell(
            Code::NotAFeed,
            "",
            0..end,
            || if is_empty { "the file is empty" } else { "there is no element in the file" }.to_owned(),
            |finding| finding.help("see whether this is the file that you meant"),
        );
    }
}

/// Characters that XML cannot hold, or that are traces of an accident.
fn characters(text: &str, damaged: bool, findings: &mut Findings) {
    let is_trace = |c: char| matches!(c, '\u{80}'..='\u{9f}') || (c == '\u{fffd}' && !damaged);
    // Most of most feeds are letters that need no second look.
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~' | b'\n' | b'\t' | b'\r');
    let suspects = text.bytes().enumerate().filter(|(at, byte)| !is_plain(*byte) && text.is_char_boundary(*at));
    for (at, _) in suspects {
        let Some(letter) = text[at..].chars().next().filter(|c| !is_legal(*c) || is_trace(*c)) else { continue };
        let place = at..at + letter.len_utf8();
        let code = u32::from(letter);
        if is_trace(letter) {
            findings.tell(
                Code::BadCharacters,
                "",
                place,
                || format!("the character U+{code:04X} stands here"),
                |finding| finding.help("the text was damaged on its way, mostly by two programs that disagree about its encoding; write what was meant"),
            );
        } else {
            findings.tell(
                Code::IllegalCharacter,
                "",
                place,
                || format!("the character U+{code:04X} cannot stand in XML"),
                |finding| finding.label("parsers stop here: what follows is lost").help("leave it out"),
            );
        }
    }
}

/// What kind of document it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rss,
    Atom,
    /// RSS 1.0 and 0.90.
    Rdf,
    Other,
}

#[derive(Debug, Default)]
struct Feed {
    items: Items,
    entries: Entries,
    seen: bool,
    /// Whether it is a web page, which has its own rules.
    is_page: bool,
}

fn kind(root: &Element) -> Kind {
    match (root.space, root.name.as_str()) {
        (Space::None, "rss") => Kind::Rss,
        (Space::Atom, "feed") => Kind::Atom,
        (Space::Rdf, "RDF") => Kind::Rdf,
        _ => Kind::Other,
    }
}

impl Visitor for Feed {
    fn is_item(&self, tree: &Tree, index: Index) -> bool {
        let (element, parent) = (tree.get(index), tree.parent(index));
        match kind(tree.get(0)) {
            Kind::Rss => {
                element.is(Space::None, "item") && parent.is_some_and(|parent| parent.is(Space::None, "channel"))
            }
            Kind::Atom => element.is(Space::Atom, "entry") && parent.is_some_and(|parent| parent.parent.is_none()),
            Kind::Rdf => element.name == "item" && parent.is_some_and(|parent| parent.parent.is_none()),
            // Nothing more is to be said of it, so nothing needs to be remembered.
            Kind::Other => parent.is_some_and(|parent| parent.parent.is_none()),
        }
    }

    fn item(&mut self, tree: &Tree, item: Index, findings: &mut Findings) {
        match kind(tree.get(0)) {
            Kind::Rss => self.items.check(tree, item, findings),
            Kind::Atom => self.entries.check(tree, item, findings),
            Kind::Rdf | Kind::Other => {}
        }
        bases(tree, item, findings);
    }

    fn root(&mut self, tree: &Tree, root: Index, findings: &mut Findings) {
        self.seen = true;
        let element = tree.get(root);
        match kind(element) {
            Kind::Rss => rss::check(tree, root, &self.items, findings),
            Kind::Atom => atom::check(tree, root, &self.entries, findings),
            Kind::Rdf => obsolete(element, "RSS 1.0 (RDF); of it only the XML is checked", findings),
            Kind::Other => {
                self.is_page = element.name.eq_ignore_ascii_case("html");
                other(element, findings);
            }
        }
        bases(tree, root, findings);
    }
}

/// Says of every `xml:base` that many readers do not look at it.
fn bases(tree: &Tree, from: Index, findings: &mut Findings) {
    let mut open = vec![from];
    while let Some(index) = open.pop() {
        let element = tree.get(index);
        open.extend(&element.children);
        for attribute in
            element.attributes.iter().filter(|attribute| attribute.space == Space::Xml && attribute.name == "base")
        {
            findings.tell(
                Code::XmlBase,
                "",
                attribute.at.start..attribute.value.end,
                || "addresses here are to be completed by `xml:base`".to_owned(),
                |finding| finding.help("write every address in full, and leave `xml:base` out"),
            );
        }
    }
}

fn obsolete(root: &Element, what: &'static str, findings: &mut Findings) {
    findings.tell(
        Code::ObsoleteVersion,
        "",
        root.tag.clone(),
        || format!("this is {what}"),
        |finding| finding.help("offer RSS 2.0 or Atom 1.0 at its side"),
    );
}

fn other(root: &Element, findings: &mut Findings) {
    let name = root.name.as_str();
    let lower = name.to_ascii_lowercase();
    match (root.space, &*lower) {
        (Space::Atom03, "feed") => return obsolete(root, "Atom 0.3; of it only the XML is checked", findings),
        (_, "feed") => {
            return namespace(
                root,
                "Atom's `feed` is in the namespace `http://www.w3.org/2005/Atom`",
                "write `<feed xmlns=\"http://www.w3.org/2005/Atom\">`",
                findings,
            );
        }
        (_, "rdf") => {
            return namespace(
                root,
                "RSS 1.0's `RDF` is in the namespace of RDF",
                "declare `xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"`",
                findings,
            );
        }
        (Space::None, "rss") => {}
        (_, "rss") => {
            return namespace(
                root,
                "RSS 2.0's own elements are in no namespace",
                "take `xmlns=\"…\"` out of `rss`; prefixes with namespaces may stay",
                findings,
            );
        }
        _ => {}
    }
    let what = match &*lower {
        "html" => "this is a web page",
        "opml" => "this is OPML, a list of feeds",
        "urlset" | "sitemapindex" => "this is a sitemap",
        "svg" => "this is a picture",
        "entry" => "this is a single entry",
        "rss" => "`rss` is written in small letters",
        "channel" => "`channel` stands in no `rss`",
        "item" => "this is a single item",
        "error" => "a server wrote this to say that something is wrong",
        _ => "no reader knows this",
    };
    findings.tell(
        Code::NotAFeed,
        "",
        root.tag.clone(),
        || format!("{what}, and no feed: its outermost element is `{name}`"),
        |finding| match &*lower {
            "html" => finding.help("the page's head names its feeds: look for `rel=\"alternate\"`"),
            _ => finding
                .help("a feed starts with `<rss version=\"2.0\">` or `<feed xmlns=\"http://www.w3.org/2005/Atom\">`"),
        },
    );
}

fn namespace(root: &Element, message: &'static str, help: &'static str, findings: &mut Findings) {
    findings.tell(Code::WrongNamespace, "root", root.tag.clone(), || message.to_owned(), |finding| finding.help(help));
}
