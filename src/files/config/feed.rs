//! The `[feed]` table.

use chrono_tz::Tz;

use crate::files::config::at_least_one;
use crate::files::config::person::{Person, is_on_the_web, person};
use crate::words::calendar::DAYS;
use crate::words::source_text::Located;
use crate::words::table::{Reader, Table};
use crate::words::zone::zone_key;

/// The largest picture that can stand for a feed, in pixels (RSS 2.0, `image`).
pub const LARGEST_IMAGE: (u32, u32) = (144, 400);

/// What such a picture may be (RSS 2.0, `image`).
pub const IMAGE_TYPES: [&str; 3] = ["image/png", "image/jpeg", "image/gif"];

/// What stands for "as the posts so far say".
const COMPUTED: &str = "computed";

/// The `[feed]` table.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedConfig {
    /// The formats that every feed is written in, the first of which is the one that pages name first; at least one.
    pub formats: Vec<FeedFormat>,
    /// Items at most; at least 1.
    pub limit: usize,
    /// Whether items have their summary beside the full text.
    pub summaries: bool,
    /// The site's address as its feed gives it, where that is not its base URL.
    pub link: Option<String>,
    /// A WebSub hub that hears of new posts.
    pub hub: Option<String>,
    /// Minutes that a reader may keep the feed; at least 1. `None` leaves the element out.
    pub ttl: Option<Rule<u32>>,
    /// Hours in which readers need not ask.
    pub skip_hours: Option<Rule<SkipHours>>,
    /// Days of Greenwich's week on which readers need not ask, each once, in the author's order.
    pub skip_days: Option<Rule<Vec<Day>>>,
    /// What the feed is about as a whole, each once, in the author's order.
    pub categories: Vec<String>,
    /// The picture that stands for the feed, as the author names it.
    pub image: Option<Located<String>>,
    /// Who answers for the server, with an address for mail.
    pub webmaster: Option<Person>,
}

/// Something that the author says, or leaves to the posts so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule<T> {
    /// As the author says.
    Given(T),
    /// As the history of posts says.
    Computed,
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

    /// The day in calendars.
    #[must_use]
    pub const fn weekday(self) -> chrono::Weekday {
        self.0
    }

    /// Its English name in full.
    #[must_use]
    pub const fn name(self) -> &'static str {
        DAYS[self.0.num_days_from_monday() as usize]
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

impl Default for FeedConfig {
    fn default() -> Self {
        Self {
            formats: FeedFormat::ALL.to_vec(),
            limit: 20,
            summaries: false,
            link: None,
            hub: None,
            ttl: None,
            skip_hours: None,
            skip_days: None,
            categories: Vec::new(),
            image: None,
            webmaster: None,
        }
    }
}

/// Reads it.
pub(super) fn feed(reader: &mut Reader<'_>, site_zone: Tz) -> FeedConfig {
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
    [feed.link, feed.hub] = ["link", "hub"].map(|key| {
        let text = keys.filled_text(key)?;
        is_on_the_web(&mut keys, &text).then_some(text.value)
    });
    feed.ttl = rule(&mut keys, "ttl", "a number of minutes", |keys| at_least_one(keys, "ttl"));
    feed.skip_hours = rule(&mut keys, "skip_hours", "a table with the hours", |keys| {
        let table = keys.table("skip_hours")?;
        let mut hours = Reader::new(table, "the feed's skip hours");
        let skip = skip_hours(&mut hours, site_zone);
        for diagnostic in hours.finish() {
            keys.report(diagnostic);
        }
        Some(skip)
    });
    feed.skip_days = rule(&mut keys, "skip_days", "a list of days", |keys| {
        let days = named(keys, "skip_days", &Day::ALL.map(|day| (day.name(), day)));
        Some(days).filter(|days| !days.is_empty())
    });
    feed.categories = categories(&mut keys);
    feed.image = keys.filled_text("image");
    feed.webmaster = keys.table("webmaster").and_then(|table| webmaster(&mut keys, table));
    for diagnostic in keys.finish() {
        reader.report(diagnostic);
    }
    feed
}

/// A key that holds `"computed"` or what `given` reads; `otherwise` names the latter.
fn rule<'a, T>(
    keys: &mut Reader<'a>,
    key: &'static str,
    otherwise: &str,
    given: impl FnOnce(&mut Reader<'a>) -> Option<T>,
) -> Option<Rule<T>> {
    if !keys.holds_text(key) {
        return given(keys).map(Rule::Given);
    }
    let Located { value, span } = keys.text(key)?;
    if value == COMPUTED {
        return Some(Rule::Computed);
    }
    let help = format!("write `\"{COMPUTED}\"`, or {otherwise}");
    keys.bad_value(&span, format!("`{key}` cannot be `{value}`"), help);
    None
}

fn categories(keys: &mut Reader<'_>) -> Vec<String> {
    let mut categories: Vec<String> = Vec::new();
    for Located { value, span } in keys.texts("categories") {
        let value = value.trim().to_owned();
        if value.is_empty() {
            keys.bad_value(&span, "a category is empty", "name it, or take it out");
        } else if categories.contains(&value) {
            keys.bad_value(&span, format!("`{value}` is there twice"), "name each once");
        } else {
            categories.push(value);
        }
    }
    categories
}

/// Who answers for the server: RSS knows such a person by an address for mail only.
fn webmaster(keys: &mut Reader<'_>, table: &Table) -> Option<Person> {
    let webmaster = person(keys, table)?;
    if webmaster.email.is_none() && !table.entries.iter().any(|entry| entry.key.value == "email") {
        keys.bad_value(&table.span, "`webmaster` has no `email`", "write `{ name = \"…\", email = \"…\" }`");
    }
    Some(webmaster)
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
    let timezone = zone_key(reader).unwrap_or(site_zone);
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
