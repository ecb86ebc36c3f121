//! Links that leave the site: [`check`] asks the servers that they lead to.
//!
//! [`errand`] knows what to ask next, [`queue`] whose turn it is, [`client`] how to ask once, and [`asking`] lets several ask at a
//! time. What is known in the end is told where each link stands.

mod errand;

mod queue;

mod client;

mod asking;

mod telling;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::files::answers::Answers;
use crate::files::config::{CONFIG_FILE, Config};
use crate::graph::site::Site;
use crate::running::external::asking::ask_all;
use crate::running::external::errand::{Answer, Wanted, place};
use crate::running::external::telling::tell;
use crate::running::progress::Progress;
use crate::words::address::absolute;
use crate::words::ascii_url::ascii_url;
use crate::words::diagnostic::Diagnostic;
use crate::words::route::Route;
use crate::words::source_text::{Located, Span};

/// How to ask.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// The site's folder, where good answers are remembered.
    pub root: &'a Path,
    /// The moment that their age is measured from.
    pub now: DateTime<Utc>,
    /// How long one request may take.
    pub timeout: Duration,
    /// Whether people are told how far it is.
    pub shown: bool,
}

/// What came of it.
#[derive(Debug)]
pub struct Checked {
    /// Addresses that the site leads to.
    pub addresses: usize,
    /// Those that somebody was asked for.
    pub asked: usize,
    /// What is wrong with them.
    pub problems: Vec<Diagnostic>,
}

/// A link that leaves the site.
#[derive(Debug)]
struct Link {
    /// As it is written.
    written: String,
    /// As it is asked for; none when it cannot be.
    url: Option<String>,
    /// The place on the page there that it leads to, decoded.
    place: Option<String>,
    stands: Stands,
}

/// Where a link stands.
#[derive(Debug)]
enum Stands {
    At(Span),
    In(String),
}

/// Looks at all links of `site` that leave it. What lies at one of `routes` is on it, and nobody is asked.
pub fn check(site: &Site, routes: &BTreeSet<&Route>, asking: Asking<'_>) -> Checked {
    let links: Vec<Link> = links(site).into_iter().filter(|link| leaves(link, &site.config, routes)).collect();
    let mut wanted: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for link in &links {
        if let Some(url) = &link.url {
            wanted.entry(url).or_default().extend(link.place.clone());
        }
    }
    let mut answers = Answers::read(asking.root, asking.now);
    let mut known: BTreeMap<String, Answer> = BTreeMap::new();
    let mut to_ask = Vec::new();
    for (url, places) in wanted {
        match answers.get(url, &places) {
            Some(good) => drop(known.insert(url.to_owned(), Answer::There(good.clone(), BTreeSet::new()))),
            None => to_ask.push(Wanted { url: url.to_owned(), places }),
        }
    }
    let (addresses, asked) = (known.len() + to_ask.len(), to_ask.len());
    let progress = Progress::new("addresses", asked, asking.shown);
    let found = ask_all(&to_ask, &site.config.check, asking.timeout, &progress);
    for (Wanted { url, .. }, answer) in to_ask.into_iter().zip(found) {
        match &answer {
            Answer::There(good, lost) if lost.is_empty() => answers.remember(&url, good.clone()),
            _ => answers.forget(&url),
        }
        known.insert(url, answer);
    }
    if asked > 0 {
        answers.write();
    }
    let problems = links.iter().filter_map(|link| tell(link, link.url.as_ref().and_then(|url| known.get(url))));
    Checked { addresses, asked, problems: problems.collect() }
}

/// Every address on the web that the site's author wrote.
fn links(site: &Site) -> Vec<Link> {
    let config = &site.config;
    let in_texts = site.elsewhere.iter().map(|Located { value, span }| (value, Stands::At(span.clone())));
    let of_posts = site.posts.iter().filter_map(|post| Some((post.link.as_ref()?, in_file(&post.path))));
    let of_header = config.navigation.iter().map(|(_, link)| (link, in_file(CONFIG_FILE)));
    let of_people = config.people.iter().filter_map(|person| Some((person.url.as_ref()?, in_file(CONFIG_FILE))));
    let all = in_texts.chain(of_posts).chain(of_header).chain(of_people);
    all.filter_map(|(written, stands)| Link::new(written, stands, config)).collect()
}

fn in_file(path: &str) -> Stands {
    Stands::In(path.to_owned())
}

impl Link {
    /// A link to an address on the web.
    fn new(written: &str, stands: Stands, config: &Config) -> Option<Self> {
        let whole = absolute(written, &config.base_url);
        let scheme = whole.split(':').next().unwrap_or_default();
        if written.starts_with('/') && !written.starts_with("//")
            || !["http", "https"].contains(&&*scheme.to_lowercase())
        {
            return None;
        }
        let place = whole.split_once('#').and_then(|(_, fragment)| place(fragment));
        Some(Self { written: written.to_owned(), url: ascii_url(&whole), place, stands })
    }
}

/// Whether a link leads to something that is not of this site, and that may be asked for.
fn leaves(link: &Link, config: &Config, routes: &BTreeSet<&Route>) -> bool {
    let Some(url) = &link.url else { return true };
    let is_skipped = config.check.skips(&link.written) || config.check.skips(url);
    let is_here = Route::of_url(url, &config.base_url).is_some_and(|route| {
        let as_folder = Route::new(format!("{}/", route.as_str()));
        routes.contains(&route) || as_folder.is_some_and(|route| routes.contains(&route))
    });
    !is_skipped && !is_here
}
