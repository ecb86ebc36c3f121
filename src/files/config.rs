//! The site's configuration: `genblog.toml` becomes a [`Config`].
//!
//! ```toml
//! base_url = "https://example.org/blog/"   # needed
//! title = "Notes"                          # needed
//! timezone = "Europe/Berlin"               # else UTC
//! navigation = [{ name = "About", link = "/about/" }]
//!
//! [feed]
//! formats = ["rss", "atom", "json"]        # the default
//! ttl = 60
//! skip_hours = { timezone = "Asia/Tokyo", hours = [0, 1, 2, 22, 23] }
//! ```

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use chrono_tz::Tz;

use crate::words::diagnostic::Diagnostic;
use crate::words::nearest::nearest;
use crate::words::source_text::{Located, SourceText, Span};
use crate::words::table::{Reader, Table, to_json};
use crate::words::toml_table;

/// The file that makes a folder a site.
pub const CONFIG_FILE: &str = "genblog.toml";

/// What `genblog.toml` says, checked and with every default filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
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
    /// A line for the footer and the feed; may be empty.
    pub copyright: String,
    /// Posts on a page of the home list; at least 1.
    pub page_size: usize,
    /// Links in the header: name and where they go (a path on the site or a URL).
    pub navigation: Vec<(String, String)>,
    /// The feed.
    pub feed: FeedConfig,
    /// Free data, for templates.
    pub extra: BTreeMap<String, serde_json::Value>,
}

/// The `[feed]` table.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedConfig {
    /// The formats that every feed is written in, the first of which is the one that pages name first; at least one.
    pub formats: Vec<FeedFormat>,
    /// Items at most; at least 1.
    pub limit: usize,
    /// Whether items have their summary beside the full text.
    pub summaries: bool,
    /// A WebSub hub that hears of new posts.
    pub hub: Option<String>,
    /// Minutes that a reader may keep the feed; at least 1. `None` leaves the element out.
    pub ttl: Option<u32>,
    /// Hours in which readers need not ask.
    pub skip_hours: Option<SkipHours>,
    /// Days of Greenwich's week on which readers need not ask, each once, in the author's order.
    pub skip_days: Vec<Day>,
}

/// A way to write a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedFormat {
    /// RSS 2.0.
    Rss,
    /// Atom 1.0.
    Atom,
    /// JSON Feed 1.1.
    Json,
}

impl FeedFormat {
    /// All of them, as they are offered.
    pub const ALL: [FeedFormat; 3] = [FeedFormat::Rss, FeedFormat::Atom, FeedFormat::Json];

    /// Its name to people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rss => "RSS",
            Self::Atom => "Atom",
            Self::Json => "JSON Feed",
        }
    }

    /// Its name in the configuration.
    const fn key(self) -> &'static str {
        match self {
            Self::Rss => "rss",
            Self::Atom => "atom",
            Self::Json => "json",
        }
    }

    /// Its media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Rss => "application/rss+xml",
            Self::Atom => "application/atom+xml",
            Self::Json => "application/feed+json",
        }
    }
}

/// A day of the week, as RSS names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day(chrono::Weekday);

impl Day {
    /// All of them.
    pub const ALL: [Day; 7] = [
        Day(chrono::Weekday::Mon),
        Day(chrono::Weekday::Tue),
        Day(chrono::Weekday::Wed),
        Day(chrono::Weekday::Thu),
        Day(chrono::Weekday::Fri),
        Day(chrono::Weekday::Sat),
        Day(chrono::Weekday::Sun),
    ];

    /// Its English name in full.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            chrono::Weekday::Mon => "Monday",
            chrono::Weekday::Tue => "Tuesday",
            chrono::Weekday::Wed => "Wednesday",
            chrono::Weekday::Thu => "Thursday",
            chrono::Weekday::Fri => "Friday",
            chrono::Weekday::Sat => "Saturday",
            chrono::Weekday::Sun => "Sunday",
        }
    }
}

/// Hours of the day in some zone, in the author's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkipHours {
    /// The zone that the hours are in.
    pub timezone: Tz,
    /// Distinct hours, 0 to 23, in the order given.
    pub hours: Vec<u8>,
}

impl Config {
    /// The path of the base URL, with slashes at both ends: `/` or `/blog/`.
    #[must_use]
    pub fn base_path(&self) -> &str {
        let after_scheme = self.base_url.find("://").map_or(0, |at| at + 3);
        let path = self.base_url[after_scheme..].find('/').map_or(self.base_url.len() - 1, |at| after_scheme + at);
        &self.base_url[path..]
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
    let config = site(&mut reader, overrides);
    diagnostics.extend(reader.finish());
    (config, diagnostics)
}

/// All keys; `None` when a needed one is missing or wrong, which the reader then knows.
fn site(reader: &mut Reader<'_>, overrides: &Overrides) -> Option<Config> {
    let base_url = base_url(reader, overrides);
    let title = reader.filled_text("title");
    if title.is_none() {
        reader.missing("title", "give the site a name: `title = \"…\"`");
    }
    let title = title.map(|title| title.value);
    let timezone = timezone(reader, Tz::UTC);
    let optional = |text: Option<Located<String>>| text.map(|text| text.value);
    let description = optional(reader.filled_text("description"));
    let language = optional(reader.filled_text("language"));
    let author = optional(reader.text("author"));
    let copyright = optional(reader.text("copyright"));
    let page_size = at_least_one(reader, "page_size");
    let navigation = navigation(reader);
    let feed = feed(reader, timezone);
    let extra = reader.table("extra").map(free_data).unwrap_or_default();
    let (base_url, title) = (base_url?, title?);
    Some(Config {
        description: description.unwrap_or_else(|| title.clone()),
        base_url,
        title,
        language: language.unwrap_or_else(|| "en".to_owned()),
        timezone,
        author: author.unwrap_or_default(),
        copyright: copyright.unwrap_or_default(),
        page_size: page_size.map_or(10, |size| usize::try_from(size).unwrap_or(usize::MAX)),
        navigation,
        feed,
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

/// The `timezone` key of the site or of its skip hours.
fn timezone(reader: &mut Reader<'_>, default: Tz) -> Tz {
    let Some(Located { value: name, span }) = reader.text("timezone") else { return default };
    name.parse().unwrap_or_else(|_| {
        let diagnostic = Diagnostic::error("bad-value", format!("there is no time zone `{name}`")).at(span.clone(), "");
        let zones = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
        reader.report(match nearest(&name, zones) {
            Some(zone) => diagnostic.help(format!("did you mean `{zone}`?")).suggest_text(span, zone),
            None => diagnostic.help("write a name of the time zone database, for example `Europe/Berlin`"),
        });
        default
    })
}

fn at_least_one(reader: &mut Reader<'_>, key: &'static str) -> Option<u32> {
    let Located { value, span } = reader.integer(key)?;
    let number = u32::try_from(value).ok().filter(|&number| number >= 1);
    if number.is_none() {
        reader.bad_value(&span, format!("`{key}` cannot be {value}"), "write a whole number from 1 up");
    }
    number
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

impl Default for FeedConfig {
    fn default() -> Self {
        Self {
            formats: FeedFormat::ALL.to_vec(),
            limit: 20,
            summaries: false,
            hub: None,
            ttl: None,
            skip_hours: None,
            skip_days: Vec::new(),
        }
    }
}

fn feed(reader: &mut Reader<'_>, site_zone: Tz) -> FeedConfig {
    let mut feed = FeedConfig::default();
    let Some(table) = reader.table("feed") else { return feed };
    let mut keys = Reader::new(table, "the feed's configuration");
    let formats = named(&mut keys, "formats", &FeedFormat::ALL.map(|format| (format.key(), format)));
    if !formats.is_empty() {
        feed.formats = formats;
    }
    if let Some(limit) = at_least_one(&mut keys, "limit") {
        feed.limit = usize::try_from(limit).unwrap_or(usize::MAX);
    }
    feed.summaries = keys.boolean("summaries").is_some_and(|summaries| summaries.value);
    if let Some(Located { value, span }) = keys.filled_text("hub") {
        if value.starts_with("https://") || value.starts_with("http://") {
            feed.hub = Some(value);
        } else {
            keys.bad_value(&span, format!("`{value}` is not an address on the web"), "write the hub's URL");
        }
    }
    feed.ttl = at_least_one(&mut keys, "ttl");
    if let Some(table) = keys.table("skip_hours") {
        let mut hours = Reader::new(table, "the feed's skip hours");
        feed.skip_hours = Some(skip_hours(&mut hours, site_zone));
        for diagnostic in hours.finish() {
            keys.report(diagnostic);
        }
    }
    feed.skip_days = named(&mut keys, "skip_days", &Day::ALL.map(|day| (day.name(), day)));
    for diagnostic in keys.finish() {
        reader.report(diagnostic);
    }
    feed
}

/// A list of things with known names, each at most once.
fn named<T: Copy + PartialEq>(reader: &mut Reader<'_>, key: &'static str, known: &[(&'static str, T)]) -> Vec<T> {
    let mut found: Vec<T> = Vec::new();
    for Located { value, span } in reader.texts(key) {
        match known.iter().find(|(name, _)| *name == value) {
            Some((_, thing)) if !found.contains(thing) => found.push(*thing),
            Some(_) => reader.bad_value(&span, format!("`{value}` is there twice"), "name each once"),
            None => {
                let names: Vec<String> = known.iter().map(|(name, _)| format!("`{name}`")).collect();
                reader.bad_value(
                    &span,
                    format!("`{key}` knows no `{value}`"),
                    format!("write some of {}", names.join(", ")),
                );
            }
        }
    }
    found
}

fn skip_hours(reader: &mut Reader<'_>, site_zone: Tz) -> SkipHours {
    let timezone = timezone(reader, site_zone);
    let mut hours: Vec<u8> = Vec::new();
    for Located { value, span } in reader.integers("hours") {
        match u8::try_from(value).ok().filter(|&hour| hour <= 24) {
            // The first RSS drafts counted hours from 1 to 24; midnight is one hour whatever its name.
            Some(hour) if !hours.contains(&(hour % 24)) => hours.push(hour % 24),
            Some(_) => reader.bad_value(&span, format!("hour {value} is there twice"), "name every hour once"),
            None => reader.bad_value(&span, format!("{value} is not an hour of the day"), "write hours from 0 to 23"),
        }
    }
    SkipHours { timezone, hours }
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
        assert_eq!(config.feed.skip_hours, Some(hours));
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
