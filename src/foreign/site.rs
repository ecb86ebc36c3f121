//! What is taken over, whatever it came from: the facts about a site, its documents, its files.

use std::path::PathBuf;

use chrono_tz::Tz;
use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization;

use crate::foreign::html::short;
use crate::foreign::moment::Written;
use crate::foreign::told::Told;
use crate::words::address::is_web_address;
use crate::words::language::is_language_tag;
use crate::words::slug::slug;

/// A site on its way into genblog's form.
#[derive(Debug, Default)]
pub struct Site {
    /// What it came from, to complete "read as …".
    pub kind: String,
    /// What the configuration will say.
    pub facts: Facts,
    /// Posts and pages.
    pub documents: Vec<Document>,
    /// Files for `static/`.
    pub files: Vec<Carried>,
    /// What there is to say about the source.
    pub told: Vec<Told>,
}

/// What a configuration says.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Facts {
    /// The site's name; may be empty.
    pub title: String,
    /// Where it is served, with scheme; may be empty.
    pub base_url: String,
    /// One sentence; may be empty.
    pub description: String,
    /// BCP 47 tag; may be empty.
    pub language: String,
    /// The zone of local times.
    pub timezone: Option<Tz>,
    /// Who writes; may be empty.
    pub author: String,
    /// People of whom more than the name is known, the author among them; each name once.
    pub people: Vec<Person>,
    /// Who answers for the server, with an address for mail.
    pub webmaster: Option<Person>,
    /// May be empty.
    pub copyright: String,
    /// Minutes that a reader may keep the feed.
    pub ttl: Option<u32>,
    /// Hours of Greenwich, in their order.
    pub skip_hours: Vec<u8>,
    /// English names of days, in their order.
    pub skip_days: Vec<String>,
    /// The site's address as its feed gave it, where that is a path without a slash at its end; otherwise empty.
    pub link: String,
    /// A WebSub hub; may be empty.
    pub hub: String,
    /// What the feed is about as a whole, each once.
    pub categories: Vec<String>,
    /// The picture that stands for the feed, as a path of the site; may be empty.
    pub image: String,
    /// Items of the feed, when that is not the usual number.
    pub limit: Option<usize>,
    /// Whether items have a summary beside their text.
    pub summaries: bool,
}

/// Somebody whom a source names. What is not known of them is empty.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Person {
    /// As posts name them.
    pub name: String,
    /// An address for mail.
    pub email: String,
    /// Their own page on the web.
    pub url: String,
    /// The address of a picture.
    pub avatar: String,
}

impl Person {
    /// Whether more than the name is known.
    #[must_use]
    pub fn has_details(&self) -> bool {
        [&self.email, &self.url, &self.avatar].iter().any(|text| !text.is_empty())
    }
}

/// A file that goes with a post.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Enclosure {
    /// Where it is: a URL, an address of the site, or a file beside the post.
    pub url: String,
    /// What it is; empty when nothing says it, or when its name does.
    pub media_type: String,
    /// Bytes; 0 when nothing says it, or when it is a file of the site.
    pub length: u64,
}

/// A post or a page.
#[derive(Debug, Clone, Default)]
pub struct Document {
    /// The file that it came from, and the line where it begins there; 0 for the whole file.
    pub source: (String, usize),
    /// Post or page.
    pub kind: Kind,
    /// How it is written.
    pub form: Form,
    /// Folders below `posts/` or `pages/`, without slashes at the ends; may be empty.
    pub folder: String,
    /// The name of its file without date and ending.
    pub name: String,
    /// Whether the file's name begins with the date.
    pub dated: bool,
    /// Plain text, never empty when it is written.
    pub title: String,
    /// When it was published; posts have one.
    pub date: Option<Written>,
    /// When it was changed.
    pub updated: Option<Written>,
    /// When it stops being part of the site.
    pub expires: Option<Written>,
    /// Its part of the address, if that is not its name.
    pub slug: String,
    /// Its guid; may be empty.
    pub id: String,
    /// The address that feeds give for it; may be empty.
    pub link: String,
    /// Names.
    pub tags: Vec<String>,
    /// Names.
    pub authors: Vec<String>,
    /// Plain text; may be empty.
    pub summary: String,
    /// Not for readers yet.
    pub draft: bool,
    /// Its old address, as a path of the site; may be empty.
    pub address: String,
    /// Other old addresses, as paths of the site.
    pub aliases: Vec<String>,
    /// BCP 47 tag; may be empty.
    pub language: String,
    /// The address of a picture that stands for it; may be empty.
    pub image: String,
    /// The file that goes with it.
    pub enclosure: Option<Enclosure>,
    /// Free data.
    pub extra: Map<String, Value>,
    /// What it says, in its form.
    pub body: String,
    /// Files that lie beside it.
    pub beside: Vec<Carried>,
}

/// Post or page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kind {
    /// In the stream of posts.
    #[default]
    Post,
    /// Outside it.
    Page,
}

/// How a document is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Form {
    /// Markdown with front matter.
    #[default]
    Markdown,
    /// HTML with front matter.
    Html,
    /// genBlog's own form, a post with a title line.
    GenBlog,
}

/// A file that is taken along as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// Where it is on this machine.
    pub from: PathBuf,
    /// Its path in `static/`, or from the document that it lies beside.
    pub to: String,
    /// Its path in the folder that it came from; may be empty.
    pub source: String,
}

/// Bytes of a name that every file system takes, with room for a date, a number and an ending.
const LONGEST: usize = 120;

/// Names that Windows keeps for itself, whatever their ending.
const RESERVED: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];

/// A name as a part of a path that every system can have: composed, without separators and control characters, not reserved, not
/// too long. Empty when nothing is left of it.
#[must_use]
pub fn sound_name(name: &str) -> String {
    let sound = |c: char| if c.is_control() || "/\\:*?\"<>|".contains(c) { '-' } else { c };
    let composed: String = name.nfc().map(sound).collect();
    let mut name = composed.trim_matches([' ', '.']).trim_end_matches('~').to_owned();
    let stem = name.split('.').next().unwrap_or_default().to_lowercase();
    let device = RESERVED.iter().any(|reserved| {
        stem.strip_prefix(reserved).is_some_and(|rest| match *reserved {
            "com" | "lpt" => rest.len() == 1 && rest.bytes().all(|byte| byte.is_ascii_digit()),
            _ => rest.is_empty(),
        })
    });
    if device {
        name.insert(stem.len(), '-');
    }
    if name.len() <= LONGEST {
        return name;
    }
    let (stem, ending) = name.rsplit_once('.').filter(|(_, ending)| ending.len() <= 10).unwrap_or((&name, ""));
    let mut end = LONGEST - ending.len() - 1;
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    let stem = stem[..end].trim_end_matches([' ', '.', '-']);
    if ending.is_empty() { stem.to_owned() } else { format!("{stem}.{ending}") }
}

/// A relative path whose parts are all sound; `None` when nothing is left, or when it would leave its folder.
#[must_use]
pub fn sound_path(path: &str) -> Option<String> {
    let parts = path.split('/').filter(|part| !part.is_empty() && *part != ".");
    let mut sound = Vec::new();
    for part in parts {
        // `.well-known` is a name like any other, in `static/`.
        let name = if part.starts_with('.') && !part.starts_with("..") {
            format!(".{}", sound_name(part))
        } else {
            sound_name(part)
        };
        if part == ".." || name.is_empty() || name == "." {
            return None;
        }
        sound.push(name);
    }
    (!sound.is_empty()).then(|| sound.join("/"))
}

/// Folders of a site's output that genblog fills itself.
const OWN_FOLDERS: [&str; 3] = ["assets", "feed", "page"];

/// The folder of a path in `static/` in which genblog has its own things.
#[must_use]
pub fn own_folder(path: &str) -> Option<&str> {
    let (first, _) = path.split_once('/')?;
    OWN_FOLDERS.contains(&&*first.to_lowercase()).then_some(first)
}

/// Where a file for `static/` goes: to its path, or out of genblog's way.
#[must_use]
pub fn static_place(path: &str) -> String {
    if own_folder(path).is_some() { format!("files/{path}") } else { path.to_owned() }
}

/// A language as it was written, as a tag: `de_AT` is `de-AT`. What is none is told, and empty.
#[must_use]
pub fn language(written: &str, tell: impl FnOnce(String)) -> String {
    let tag = written.trim().replace('_', "-");
    if tag.is_empty() || is_language_tag(&tag) {
        return tag;
    }
    tell(format!("`{}` is not a language tag", short(written)));
    String::new()
}

/// An address on the web. What is none is told, and empty.
#[must_use]
pub fn web_address(written: &str, tell: impl FnOnce(String)) -> String {
    let address = written.trim();
    if address.is_empty() || is_web_address(address) {
        return address.to_owned();
    }
    tell(format!("`{}` is not an address on the web", short(address)));
    String::new()
}

/// A title or a name as a part of an address, not too long.
#[must_use]
pub fn short_slug(name: &str) -> String {
    let composed: String = name.nfc().collect();
    let slug = slug(&composed);
    let end = slug.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= 80).last().unwrap_or(0);
    if end == slug.len() {
        return slug;
    }
    let cut = &slug[..end];
    cut.rfind('-').filter(|at| *at > 20).map_or(cut, |at| &cut[..at]).trim_end_matches('-').to_owned()
}

/// What no two names of a site may share: some file systems know no case, and some no two ways to write an accent.
#[must_use]
pub fn folded(path: &str) -> String {
    let lower: String = path.nfc().flat_map(char::to_lowercase).collect();
    lower.nfc().collect()
}

/// The path of an address below a base, with a slash before it, and its fragment. `None` when it lies elsewhere. Schemes do
/// not count: many sites had two.
#[must_use]
pub fn below<'a>(address: &'a str, base: &str) -> Option<&'a str> {
    let bare = |url: &'a str| url.split_once("://").map(|(_, rest)| rest);
    let base = base.split_once("://").map_or(base, |(_, rest)| rest).trim_end_matches('/');
    let address = bare(address)?;
    let host = base.split('/').next().unwrap_or_default();
    let same = address.get(..host.len()).is_some_and(|start| start.eq_ignore_ascii_case(host));
    let rest =
        address.get(base.len()..).filter(|_| same && address.get(host.len()..base.len()) == base.get(host.len()..))?;
    match rest.chars().next() {
        None => Some("/"),
        Some('/') if !base.is_empty() => Some(rest),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::*;

    #[test]
    fn names_are_such_as_every_system_can_have() {
        for (name, expected) in [
            ("a.png", "a.png"),
            ("../../etc/passwd", "-..-etc-passwd"),
            ("..", ""),
            ("con.txt", "con-.txt"),
            ("COM1", "COM1-"),
            ("combo", "combo"),
            (" .hidden. ", "hidden"),
            ("a\u{0}b:c", "a-b-c"),
            ("e\u{301}", "é"),
        ] {
            assert_eq!(sound_name(name), expected, "{name:?}");
        }
        let long = sound_name(&format!("{}.jpeg", "ü".repeat(400)));
        assert!(long.len() <= LONGEST && long.ends_with("ü.jpeg"), "{long}");
    }

    #[test]
    fn a_language_is_a_tag_or_told() {
        for (written, expected, told) in
            [("de_AT", "de-AT", 0), (" en ", "en", 0), ("", "", 0), ("english", "", 1), ("en-", "", 1), ("x", "", 1)]
        {
            let mut said = Vec::new();
            assert_eq!((&*language(written, |text| said.push(text)), said.len()), (expected, told), "{written}");
        }
    }

    #[test]
    fn files_keep_out_of_genblogs_own_folders() {
        for (path, expected) in [
            ("assets/b.png", "files/assets/b.png"),
            ("Feed/x", "files/Feed/x"),
            ("feed", "feed"),
            ("a/feed/x", "a/feed/x"),
        ] {
            assert_eq!(static_place(path), expected);
        }
    }

    #[test]
    fn paths_stay_in_their_folder() {
        for (path, expected) in [
            ("a/b.png", Some("a/b.png")),
            ("/etc/passwd", Some("etc/passwd")),
            ("a/../b", None),
            ("./a//b", Some("a/b")),
            (".well-known/x", Some(".well-known/x")),
            ("...", None),
            ("", None),
        ] {
            assert_eq!(sound_path(path).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn addresses_lie_below_a_base() {
        for (address, base, expected) in [
            ("http://a.b/c/d", "https://a.b/c/", Some("/d")),
            ("http://A.b/c", "https://a.b/c", Some("/")),
            ("http://a.b/cd", "https://a.b/c", None),
            ("http://a.bc/", "https://a.b", None),
            ("/x", "https://a.b", None),
            ("http://a.b/x#y", "https://a.b", Some("/x#y")),
        ] {
            assert_eq!(below(address, base), expected, "{address}");
        }
    }

    proptest! {
        #[test]
        fn whatever_a_name_is_it_leaves_no_folder(name in ".*") {
            let name = sound_name(&name);
            assert!(!name.contains(['/', '\\']) && name != ".." && name != "." && name.len() <= LONGEST);
            assert!(short_slug(&name).len() <= 80);
        }
    }
}
