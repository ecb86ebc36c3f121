//! The site's configuration: `genblog.toml` becomes a [`Config`].
//!
//! ```toml
//! base_url = "https://example.org/blog/"   # needed
//! title = "Notes"                          # needed
//! timezone = "Europe/Berlin"               # else UTC
//! author = { name = "A. Writer", url = "https://example.org/me/" }   # or the name alone
//! search = true                            # a page that finds words; not there otherwise
//! theme = "weblog"                         # else "default"
//! navigation = [{ name = "About", link = "/about/" }]
//!
//! [photos]
//! camera = true                            # the default: pages tell camera, lens and exposure
//! originals = false                        # the default: the largest that can be had is 1600 pixels wide or high
//!
//! [feed]
//! formats = ["rss", "atom", "json"]        # the default
//! ttl = 60                                 # or "computed"
//! skip_hours = { timezone = "Asia/Tokyo", hours = [0, 1, 2, 22, 23] }
//!
//! [themes]
//! offer = ["weblog", "book"]                 # readers may choose; else the site's theme stands
//!
//! [check]
//! skip = ["https://example.org/private/"]  # not asked for by `genblog check --external`
//!
//! [budgets]
//! script = "60 kB"                         # what a page may load; only `genblog check` looks
//! ```

mod person;

mod photos;

mod feed;

mod check;

mod themes;

mod phrases;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use chrono_tz::Tz;

pub use self::check::{Budgets, CheckConfig, Kind};
pub use self::feed::{Day, FeedConfig, FeedFormat, IMAGE_TYPES, LARGEST_IMAGE, Rule, SkipHours};
pub use self::person::Person;
use self::person::person;
pub use self::photos::PhotosConfig;
pub use self::themes::{ThemesConfig, is_theme_name};
use crate::words::diagnostic::Diagnostic;
use crate::words::language::language_key;
use crate::words::phrases::Phrase;
use crate::words::source_text::{Located, SourceText, Span};
use crate::words::table::{Reader, Table, to_json};
use crate::words::toml_table;
use crate::words::zone::zone_key;

/// The file that makes a folder a site.
pub const CONFIG_FILE: &str = "genblog.toml";

/// What `genblog.toml` says, checked and with every default filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Stands for the file, and for what was said over it.
    pub hash: blake3::Hash,
    /// Where the site will be served, with scheme and a slash at the end.
    pub base_url: String,
    /// The site's name.
    pub title: String,
    /// One sentence about the site; the feed's channel needs it, so it falls back to the title.
    pub description: String,
    /// BCP 47 tag, for example `en`.
    pub language: String,
    /// The zone that local times in sources are in.
    pub timezone: Tz,
    /// Who writes, when posts do not say; may be empty.
    pub author: String,
    /// What is known of people whom posts name, the site's author among them; each name once.
    pub people: Vec<Person>,
    /// A line for the footer and the feed; may be empty.
    pub copyright: String,
    /// Posts on a page of the home list; at least 1.
    pub page_size: usize,
    /// Whether readers can search.
    pub search: bool,
    /// Whether posts without a picture and without a figure have a card with their title, for previews elsewhere.
    pub social_cards: bool,
    /// Links in the header: name and where they go (a path on the site or a URL).
    pub navigation: Vec<(String, String)>,
    /// How the site looks.
    pub themes: ThemesConfig,
    /// What albums tell and give away, where they do not say otherwise.
    pub photos: PhotosConfig,
    /// The feed.
    pub feed: FeedConfig,
    /// What `genblog check` asks for.
    pub check: CheckConfig,
    /// What a page may load.
    pub budgets: Budgets,
    /// What pages say in place of genblog's own words, by key.
    pub phrases: BTreeMap<String, Phrase>,
    /// Free data, for templates.
    pub extra: BTreeMap<String, serde_json::Value>,
}

impl Config {
    /// The path of the base URL, with slashes at both ends: `/` or `/blog/`.
    #[must_use]
    pub fn base_path(&self) -> &str {
        // Behind the two slashes of the scheme.
        let path = self.base_url.match_indices('/').nth(2).map_or(self.base_url.len() - 1, |(at, _)| at);
        &self.base_url[path..]
    }

    /// The name of the machine or the domain that the site will be served at, without a port.
    #[must_use]
    pub fn host(&self) -> &str {
        self.base_url.split("://").nth(1).and_then(|rest| rest.split(['/', ':']).next()).unwrap_or_default()
    }

    /// What is known of somebody.
    #[must_use]
    pub fn person(&self, name: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.name == name)
    }

    /// An address as the author wrote it, a URL or a path of this site that starts with a slash, for readers elsewhere.
    #[must_use]
    pub fn absolute(&self, address: &str) -> String {
        address.strip_prefix('/').map_or_else(|| address.to_owned(), |path| format!("{}{path}", self.base_url))
    }
}

/// What the command line says over the file.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// Where the site will be served instead.
    pub base_url: Option<String>,
}

/// Reads the configuration of the site in `root`: `config_file`, or [`CONFIG_FILE`] there.
///
/// A configuration with errors has defaults in their places, so that the rest of the site can be checked in the same run; `None`
/// when there is none, or it lacks what every site needs.
pub fn read(root: &Path, config_file: Option<&Path>, overrides: &Overrides) -> (Option<Config>, Vec<Diagnostic>) {
    let file = config_file.map_or_else(|| root.join(CONFIG_FILE), Path::to_path_buf);
    let path = file.strip_prefix(root).unwrap_or(&file).display().to_string();
    match std::fs::read_to_string(&file) {
        Ok(text) => parse(&SourceText::new(path, text), overrides),
        Err(error) => (None, vec![no_config(root, path, &error)]),
    }
}

fn no_config(root: &Path, path: String, error: &io::Error) -> Diagnostic {
    let (message, help) = if error.kind() == io::ErrorKind::NotFound {
        let above = root.ancestors().skip(1).find(|folder| folder.join(CONFIG_FILE).is_file());
        let help = match above {
            Some(site) => format!("the site is in `{0}`: go there, or say `--root {0}`", site.display()),
            None => "go to a site's folder, or make one: `genblog new site blog`".to_owned(),
        };
        (format!("there is no `{path}` in `{}`", root.display()), help)
    } else {
        let help = "it must be a text in UTF-8 that you may read".to_owned();
        (format!("`{path}` cannot be read: {error}"), help)
    };
    Diagnostic::error("no-config", message).in_path(path).help(help)
}

/// Understands a configuration.
pub fn parse(source: &Arc<SourceText>, overrides: &Overrides) -> (Option<Config>, Vec<Diagnostic>) {
    let start = Span::new(source, 0..0);
    let (table, mut diagnostics) = toml_table::parse(source, 0..source.text.len(), start);
    let mut reader = Reader::new(&table, "a site's configuration");
    let config = site(&mut reader, hash(source, overrides), overrides);
    diagnostics.extend(reader.finish());
    (config, diagnostics)
}

/// Stands for a configuration and what was said over it.
fn hash(source: &SourceText, overrides: &Overrides) -> blake3::Hash {
    let said = overrides.base_url.as_deref().map_or_else(String::new, |url| format!("base_url {url}\n"));
    blake3::Hasher::new().update(said.as_bytes()).update(b"\0").update(source.text.as_bytes()).finalize()
}

/// All keys; `None` when a needed one is missing or wrong, which the reader then knows.
fn site(reader: &mut Reader<'_>, hash: blake3::Hash, overrides: &Overrides) -> Option<Config> {
    let base_url = base_url(reader, overrides);
    let title = reader.filled_text("title");
    if title.is_none() {
        reader.missing("title", "give the site a name: `title = \"…\"`");
    }
    let title = title.map(|title| title.value);
    let timezone = zone_key(reader).unwrap_or(Tz::UTC);
    let optional = |text: Option<Located<String>>| text.map(|text| text.value);
    let description = optional(reader.filled_text("description"));
    let language = language_key(reader, "language");
    let (author, people) = people(reader);
    let copyright = optional(reader.text("copyright"));
    let page_size = at_least_one(reader, "page_size");
    let search = reader.boolean("search").is_some_and(|search| search.value);
    let social_cards = reader.boolean("social_cards").is_some_and(|cards| cards.value);
    let navigation = navigation(reader);
    let themes = themes::themes(reader);
    let photos = photos::photos(reader);
    let feed = feed::feed(reader, timezone);
    let check = check::check(reader);
    let budgets = check::budgets(reader);
    let phrases = phrases::phrases(reader);
    let extra = reader.table("extra").map(free_data).unwrap_or_default();
    let (base_url, title) = (base_url?, title?);
    Some(Config {
        hash,
        description: description.unwrap_or_else(|| title.clone()),
        base_url,
        title,
        language: language.unwrap_or_else(|| "en".to_owned()),
        timezone,
        author,
        people,
        copyright: copyright.unwrap_or_default(),
        page_size: page_size.map_or(10, |size| usize::try_from(size).unwrap_or(usize::MAX)),
        search,
        social_cards,
        navigation,
        themes,
        photos,
        feed,
        check,
        budgets,
        phrases,
        extra,
    })
}

fn base_url(reader: &mut Reader<'_>, overrides: &Overrides) -> Option<String> {
    let written = reader.text("base_url");
    let help = "write where the site will be served, for example `https://example.org/blog/`";
    if let Some(url) = &overrides.base_url {
        let sound = sound_base_url(url);
        if sound.is_none() {
            let message = format!("`{url}`, given for the base URL, is not an address on the web");
            reader.report(Diagnostic::error("bad-value", message).in_path("--base-url").help(help));
        }
        return sound;
    }
    let Some(written) = written else {
        reader.missing("base_url", help);
        return None;
    };
    let sound = sound_base_url(&written.value);
    if sound.is_none() {
        reader.bad_value(&written.span, format!("`{}` is not an address on the web", written.value), help);
    }
    sound
}

/// A base URL with a slash at its end; `None` unless it is `http` or `https`, a host and perhaps a path.
pub(crate) fn sound_base_url(url: &str) -> Option<String> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let host = rest.split('/').next().filter(|host| !host.is_empty() && !host.starts_with(':'))?;
    let allowed = |c: char| c.is_ascii_graphic() && !"?#<>\"\\^`{|}".contains(c);
    let sound = rest.chars().all(allowed) && !host.contains('@') && !rest[host.len()..].contains("//");
    sound.then(|| format!("{}/", url.trim_end_matches('/')))
}

fn at_least_one(reader: &mut Reader<'_>, key: &'static str) -> Option<u32> {
    let Located { value, span } = reader.integer(key)?;
    let number = u32::try_from(value).ok().filter(|&number| number >= 1);
    if number.is_none() {
        reader.bad_value(&span, format!("`{key}` cannot be {value}"), "write a whole number from 1 up");
    }
    number
}

/// The site's author, and everybody of whom more than the name is known.
fn people(reader: &mut Reader<'_>) -> (String, Vec<Person>) {
    let mut people: Vec<Person> = Vec::new();
    let author = if reader.holds_table("author") {
        people.extend(reader.table("author").and_then(|table| person(reader, table)));
        people.first().map(|author| author.name.clone())
    } else {
        reader.text("author").map(|author| author.value)
    };
    for table in reader.tables("authors") {
        let Some(person) = person(reader, table) else { continue };
        if people.iter().any(|known| known.name == person.name) {
            let message = format!("`{}` is there twice", person.name);
            reader.bad_value(&table.span, message, "say everything about somebody in one table");
        } else {
            people.push(person);
        }
    }
    (author.unwrap_or_default(), people)
}

fn navigation(reader: &mut Reader<'_>) -> Vec<(String, String)> {
    let mut links = Vec::new();
    for table in reader.tables("navigation") {
        let mut entry = Reader::new(table, "a navigation entry");
        let (name, link) = (entry.filled_text("name"), entry.filled_text("link"));
        match (name, link) {
            (Some(name), Some(link)) => links.push((name.value, link.value)),
            _ => entry.missing("name` or `link", "write `{ name = \"About\", link = \"/about/\" }`"),
        }
        for diagnostic in entry.finish() {
            reader.report(diagnostic);
        }
    }
    links
}

fn free_data(table: &Table) -> BTreeMap<String, serde_json::Value> {
    table.entries.iter().map(|entry| (entry.key.value.clone(), to_json(&entry.value.value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Result<Config, Vec<&'static str>> {
        let (config, diagnostics) = parse(&SourceText::new(CONFIG_FILE, text), &Overrides::default());
        config.filter(|_| diagnostics.is_empty()).ok_or(diagnostics.iter().map(|diagnostic| diagnostic.code).collect())
    }

    #[test]
    fn a_small_configuration_gets_every_default() {
        let config = config("base_url = 'https://example.org/blog'\ntitle = 'Notes'").expect("sound");
        assert_eq!((&*config.base_url, config.base_path()), ("https://example.org/blog/", "/blog/"));
        assert_eq!((&*config.description, &*config.language, config.timezone), ("Notes", "en", Tz::UTC));
        assert_eq!((config.page_size, config.feed.limit, config.feed.ttl), (10, 20, None));
    }

    #[test]
    fn the_hours_of_a_feed_keep_their_order_and_zone() {
        let feed = "[feed]\nttl = 60\nskip_hours = { timezone = 'Asia/Tokyo', hours = [24, 1, 22] }";
        let config = config(&format!("base_url = 'https://a.b'\ntitle = 'x'\n{feed}")).expect("sound");
        let hours = SkipHours { timezone: Tz::Asia__Tokyo, hours: vec![0, 1, 22] };
        assert_eq!(config.feed.skip_hours, Some(Rule::Given(hours)));
    }

    #[test]
    fn people_are_known_by_the_names_that_posts_use() {
        let site = "base_url = 'https://a.b/c/'\ntitle = 'x'";
        let people = "author = { name = 'A', email = 'a@a.b' }\nauthors = [{ name = 'B', avatar = '/b.png' }]";
        let config = config(&format!("{site}\n{people}\n[feed]\nttl = 'computed'")).expect("sound");
        let email = |name| config.person(name).map(|person| person.email.as_deref());
        assert_eq!((&*config.author, email("A"), email("B"), email("C")), ("A", Some(Some("a@a.b")), Some(None), None));
        assert_eq!(
            (config.absolute("/b.png"), config.feed.ttl),
            ("https://a.b/c/b.png".to_owned(), Some(Rule::Computed))
        );
    }

    #[test]
    fn all_mistakes_are_found_at_once() {
        let text = "base_url = 'example.org'\ntimezone = 'Europe/Berln'\nbogus = 1\n[feed]\nlimit = 0\nskip_hours = { hours = [25, 3, 3] }";
        let expected = ["bad-value", "missing-key", "bad-value", "bad-value", "bad-value", "bad-value", "unknown-key"];
        assert_eq!(config(text), Err(expected.to_vec()));
    }

    #[test]
    fn a_base_url_is_scheme_host_and_path() {
        for (url, expected) in [
            ("https://example.org", Some("https://example.org/")),
            ("http://127.0.0.1:1111/a/b/", Some("http://127.0.0.1:1111/a/b/")),
            ("https://", None),
            ("https://a.b/?x", None),
            ("ftp://a.b", None),
            ("https://a.b//c", None),
        ] {
            assert_eq!(sound_base_url(url).as_deref(), expected, "{url}");
        }
    }
}
