//! Posts in lists: a line is drawn up, hashed and turned into what templates take once, however many pages show it.

use std::collections::BTreeSet;

use blake3::Hash;
use chrono::Datelike;
use serde::Serialize;
use tera::Value;
use tera::value::Key;

use crate::graph::site::{Post, PostIndex};
use crate::rendering::hashing::hash_json;
use crate::rendering::view::page::{MonthView, YearView};
use crate::rendering::view::shared::PostLine;
use crate::words::phrases::Phrases;

/// A post's line, as templates take it.
#[derive(Debug)]
pub struct Line {
    /// Hash of what it says.
    pub hash: Hash,
    value: Value,
}

impl Line {
    /// The line with these links to the post's tags, which many posts have.
    #[must_use]
    pub fn new(mut line: PostLine, tags: Vec<Value>) -> Self {
        let hash = hash_json(&line);
        line.tags = Vec::new();
        Self { hash, value: with(Value::from_serializable(&line), [("tags", tags.into())]) }
    }
}

/// Posts that a page lists, and how its template sees them.
#[derive(Debug, Clone)]
pub enum Listed<'a> {
    /// These, as `posts`.
    Posts(&'a [PostIndex]),
    /// As many as there are leads, from this one of the site's list on, as `posts`.
    Leads(usize, Vec<Lead>),
    /// All of the site, by year and month, as `years`.
    Years,
}

/// What the home page shows of a post besides its line: [`PostLine::html`] and [`PostLine::film_html`].
#[derive(Debug, Clone, Serialize)]
pub struct Lead {
    /// The text before the author's mark, or the summary.
    pub html: String,
    /// The moments of the first figure.
    pub film_html: String,
}

impl Listed<'_> {
    /// The places of the posts in the site's list, which is so long.
    #[must_use]
    pub fn indices(&self, all: usize) -> Vec<usize> {
        match self {
            Self::Posts(posts) => posts.iter().map(|index| index.0).collect(),
            Self::Leads(first, leads) => (*first..first + leads.len()).collect(),
            Self::Years => (0..all).collect(),
        }
    }

    /// Hashes of all that is shown of the posts, which have these lines.
    #[must_use]
    pub fn hashes(&self, lines: &[&Line]) -> Vec<Hash> {
        let leads = match self {
            Self::Leads(_, leads) => Some(hash_json(leads)),
            Self::Posts(_) | Self::Years => None,
        };
        lines.iter().map(|line| line.hash).chain(leads).collect()
    }

    /// What the template sees, and what it calls it; the posts have these lines.
    #[must_use]
    pub fn value(&self, posts: &[Post], lines: &[&Line], phrases: &Phrases) -> (&'static str, Value) {
        let lines = lines.iter().map(|line| line.value.clone());
        match self {
            Self::Posts(_) => ("posts", lines.collect::<Vec<_>>().into()),
            Self::Leads(_, leads) => {
                let lead = |(line, Lead { html, film_html }): (Value, &Lead)| {
                    with(line, [("html", html.as_str().into()), ("film_html", film_html.as_str().into())])
                };
                ("posts", lines.zip(leads).map(lead).collect::<Vec<_>>().into())
            }
            Self::Years => ("years", years(posts.iter().zip(lines), phrases)),
        }
    }
}

/// All posts by year and month. Each line has the fragment that genBlog gave the post, so that its old links still work.
fn years<'a>(posts: impl Iterator<Item = (&'a Post, Value)>, phrases: &Phrases) -> Value {
    let mut fragments = BTreeSet::new();
    let line = |(post, line): (&'a Post, Value)| {
        // Two posts of one second: the newer in the list keeps the fragment.
        let is_first = fragments.insert(post.archive_fragment());
        (post, if is_first { line } else { with(line, [("fragment", "".into())]) })
    };
    let listed: Vec<(&Post, Value)> = posts.map(line).collect();
    let month = |posts: &[(&Post, Value)]| {
        let date = &posts[0].0.date;
        let name = phrases.name("months", date.month0() as usize).to_owned();
        let view = MonthView { name, id: date.format("%Y-%m").to_string() };
        let lines: Vec<Value> = posts.iter().map(|(_, line)| line.clone()).collect();
        with(Value::from_serializable(&view), [("posts", lines.into())])
    };
    let year = |posts: &[(&Post, Value)]| {
        let year = posts[0].0.date.year().to_string();
        let view = YearView { id: year.clone(), year, count: posts.len() };
        let months: Vec<Value> = posts.chunk_by(|a, b| a.0.date.month() == b.0.date.month()).map(month).collect();
        with(Value::from_serializable(&view), [("months", months.into())])
    };
    listed.chunk_by(|a, b| a.0.date.year() == b.0.date.year()).map(year).collect::<Vec<_>>().into()
}

/// A map with other values for some of its keys.
fn with(map: Value, others: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let mut map = map.into_map().unwrap_or_default();
    map.extend(others.into_iter().map(|(key, value)| (Key::Str(key), value)));
    map.into()
}
