//! The items of a feed become posts.
//!
//! A feed that genBlog wrote gives genBlog's own files, named by local time; any other gives HTML with front matter. Guids are
//! kept, and so are addresses: as aliases where they are paths, and where they are places on a page, as a page with those
//! places.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;

use crate::foreign::feed::{Feed, Item, Reading};
use crate::foreign::html::{is_illegal, short};
use crate::foreign::moment::{Written, written};
use crate::foreign::pictures::Pictures;
use crate::foreign::site::{Carried, Document, Facts, Form, Kind, Site, below, language, short_slug, web_address};
use crate::foreign::told::{Told, Verdict};
use crate::foreign::zone::{Fit, fit};
use crate::parsing::html;
use crate::words::address::{absolute, is_web_address, origin, percent_decode};
use crate::words::slug::slug;
use crate::words::source_text::Lines;

/// Items that a feed has unless its site says otherwise, and the most that one is taken to have on purpose.
const LIMITS: (usize, usize) = (20, 100);

/// How a feed is to be taken.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// How its posts are written; otherwise as the feed suggests.
    pub form: Option<Form>,
    /// Where its pictures are found.
    pub pictures: Option<&'a Pictures>,
}

/// Makes a site of a feed, whose file is called `path`.
#[must_use]
pub fn site(reading: Reading, path: &str, wanted: Wanted<'_>) -> Site {
    let Reading { feed, remarks, text } = reading;
    let lines = Lines::new(&text);
    let line = |at: usize| lines.place(&text, at).0;
    let mut told = remarks.told(path, &text);
    let base = base(&feed);
    if base.is_empty() {
        told.push(Told::of_file(
            path,
            Verdict::Hand,
            "nothing says where the site is served: write `base_url` in genblog.toml",
        ));
    }
    let dates = feed.items.iter().flat_map(|item| item.published.iter().chain(&item.updated));
    let timezone = fit(dates);
    told.extend(timezone.as_ref().map(|fit| Told::of_file(path, Verdict::Chosen, zone_words(fit))));
    let form = wanted.form.unwrap_or_else(|| if is_genblog(&feed) { Form::GenBlog } else { Form::Html });
    let mut taker = Taker {
        path,
        base: &base,
        form,
        pictures: wanted.pictures,
        told,
        files: BTreeMap::new(),
        ids: BTreeMap::new(),
        places: BTreeMap::new(),
        left: 0,
        line: 0,
    };
    let (home, changed) = (feed.home.clone(), feed.changed.clone());
    let mut facts = facts(&feed, &base, timezone);
    facts.language = language(&feed.language, |said| taker.tell_of_feed(Verdict::Lost, said));
    facts.link = without_slash(&home, &base);
    facts.hub = web_address(&feed.hub, |said| taker.tell_of_feed(Verdict::Lost, said));
    facts.image = taker.channel_image(&feed.image, &home);
    let mut documents = Vec::with_capacity(feed.items.len());
    let kind = format!("{}{}", feed.format, if form == Form::GenBlog { " of genBlog" } else { "" });
    let author = facts.author.clone();
    for item in feed.items {
        taker.line = line(item.at);
        let mut document = taker.document(item, changed.as_ref(), &home);
        if document.authors.len() == 1 && document.authors[0] == author {
            document.authors.clear();
        }
        if document.language == facts.language {
            document.language.clear();
        }
        documents.push(document);
    }
    let Taker { mut told, files, places, left, .. } = taker;
    if left > 0 {
        let pictures = if left == 1 {
            "1 picture stays at its address".to_owned()
        } else {
            format!("{left} pictures stay at their addresses")
        };
        told.push(Told::of_file(
            path,
            Verdict::Hand,
            format!("{pictures}: name a folder that has them with `--pictures`"),
        ));
    }
    for (place, posts) in places {
        documents.push(page_of_places(path, &place, &posts, &documents));
    }
    let files = files.into_iter().map(|(to, from)| Carried { from, to, source: String::new() }).collect();
    Site { kind, facts, documents, files, told }
}

/// The channel's address, if it lacks the slash that ends a site's. One of a host alone is the same with and without.
fn without_slash(home: &str, base: &str) -> String {
    let is_path = is_web_address(home) && home.len() > origin(home).len();
    if is_path && base.strip_suffix('/') == Some(home) { home.to_owned() } else { String::new() }
}

fn zone_words(Fit { zone, others, misfits }: &Fit) -> String {
    let fits = match misfits {
        0 => "its clocks had the offset of every date".to_owned(),
        1 => "it fits all dates but one, which keeps its moment".to_owned(),
        misfits => format!("it fits all dates but {misfits}, which keep their moments"),
    };
    let others = match others {
        0 => String::new(),
        1 => "; one other zone would do".to_owned(),
        others => format!("; {others} others would do"),
    };
    format!("the zone `{zone}`: {fits}{others}")
}

fn facts(feed: &Feed, base: &str, timezone: Option<Fit>) -> Facts {
    // Whom the feed names for all of it, or who alone writes everything, is the site's author.
    let mut authors = feed.items.iter().map(|item| item.authors.as_slice());
    let first = authors.next().filter(|first| first.len() == 1);
    let author = match first.filter(|first| authors.all(|other| other == *first)) {
        _ if !feed.author.is_empty() && feed.author != feed.title => feed.author.clone(),
        Some([author]) => author.clone(),
        _ => String::new(),
    };
    let summaries = !feed.items.is_empty() && feed.items.iter().all(|item| !item.summary.is_empty());
    Facts {
        title: feed.title.clone(),
        base_url: base.to_owned(),
        description: feed.description.clone(),
        timezone: timezone.map(|fit| fit.zone),
        author,
        people: feed.people.values().filter(|person| person.has_details()).cloned().collect(),
        webmaster: feed.webmaster.clone(),
        copyright: feed.copyright.clone(),
        ttl: feed.ttl,
        skip_hours: feed.skip_hours.clone(),
        skip_days: feed.skip_days.clone(),
        categories: feed.categories.clone(),
        limit: Some(feed.items.len()).filter(|count| (LIMITS.0 + 1..=LIMITS.1).contains(count)),
        summaries,
        ..Facts::default()
    }
}

/// Where the site is served: the channel's address, or as much of it as its items have in common with it.
fn base(feed: &Feed) -> String {
    let is_web = |address: &&str| address.starts_with("http://") || address.starts_with("https://");
    let links = || feed.items.iter().map(|item| item.link.as_str()).filter(is_web);
    let home = [feed.home.as_str(), &feed.address].into_iter().filter(is_web).chain(links()).next();
    let Some(home) = home else { return String::new() };
    let bare = |address: &str| address.split(['?', '#']).next().unwrap_or_default().to_owned();
    let home = bare(home);
    let site = origin(&home).to_owned();
    let host = |address: &str| origin(address).split_once("://").map(|(_, host)| host.to_lowercase());
    let own = host(&site);
    let mut folders: Vec<String> = folder(&home[site.len()..], feed.home.is_empty());
    for link in links().filter(|link| host(link) == own) {
        let link = bare(link);
        let other = folder(&link[origin(&link).len()..], true);
        let same = folders.iter().zip(&other).take_while(|(one, other)| one == other).count();
        folders.truncate(same);
    }
    let path: String = folders.iter().map(|folder| format!("{folder}/")).collect();
    format!("{site}/{path}")
}

/// The folders of a path; its last part is one too unless it is the name of a file.
fn folder(path: &str, is_page: bool) -> Vec<String> {
    let mut parts: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
    let is_file = parts.last().is_some_and(|last| {
        [".html", ".htm", ".php", ".xml", ".rss", ".cgi", ".json"].iter().any(|end| last.ends_with(end))
    });
    if is_file || (is_page && !path.ends_with('/')) {
        parts.pop();
    }
    parts
}

/// Whether all items are called by the names of genBlog's files.
fn is_genblog(feed: &Feed) -> bool {
    let named = |item: &Item| genblog_name(&item.link).or_else(|| genblog_name(&item.id)).is_some();
    !feed.items.is_empty() && feed.items.iter().all(named)
}

/// The local time in the name of genBlog's file that an address ends with.
fn genblog_name(address: &str) -> Option<NaiveDateTime> {
    let stem = address.rsplit(['/', '#']).next()?.strip_suffix(".txt")?;
    (stem.len() == 19).then(|| NaiveDateTime::parse_from_str(stem, "%Y-%m-%dT%H_%M_%S").ok()).flatten()
}

pub(super) struct Taker<'a> {
    pub(super) path: &'a str,
    pub(super) base: &'a str,
    pub(super) form: Form,
    pub(super) pictures: Option<&'a Pictures>,
    pub(super) told: Vec<Told>,
    /// Files for `static/` by their paths there.
    pub(super) files: BTreeMap<String, std::path::PathBuf>,
    /// The lines of guids.
    ids: BTreeMap<String, usize>,
    /// Pages with places that posts were called by: fragments and the posts' numbers.
    places: BTreeMap<String, Vec<(String, usize)>>,
    /// Pictures that nobody was asked for.
    pub(super) left: usize,
    /// Where the item begins that is taken.
    line: usize,
}

impl Taker<'_> {
    pub(super) fn tell(&mut self, verdict: Verdict, text: impl Into<String>) {
        self.told.push(Told::of_line(self.path, self.line, verdict, text));
    }

    /// Says something about the feed as a whole.
    pub(super) fn tell_of_feed(&mut self, verdict: Verdict, text: impl Into<String>) {
        self.told.push(Told::of_file(self.path, verdict, text));
    }

    fn document(&mut self, item: Item, changed: Option<&Written>, home: &str) -> Document {
        let number = self.ids.len();
        let site = if home.is_empty() { self.base } else { home };
        let link = absolute(&item.link, site);
        let page = if item.base.is_empty() { link.clone() } else { absolute(&item.base, &link) };
        // Addresses within the text would have to hold what none can.
        let page = if page.contains(is_illegal) { String::new() } else { page };
        let mut beside = Vec::new();
        let body = self.body(&item.html, &page, &mut beside);
        let title = self.title(&item, &body);
        let date = item.published.clone().or_else(|| changed.cloned()).or_else(|| written("1970-01-01"));
        if item.published.is_none() {
            let day = date.as_ref().map(|date| date.local.format("%Y-%m-%d").to_string()).unwrap_or_default();
            self.tell(Verdict::Hand, format!("`{}` has no date; it was given {day}", short(&title)));
        }
        let mut document = Document {
            source: (self.path.to_owned(), self.line),
            form: self.form,
            dated: true,
            name: name(&link, &title),
            title,
            date,
            updated: item.updated.clone(),
            authors: item.authors.clone(),
            summary: item.summary.clone(),
            language: language(&item.language, |said| self.tell(Verdict::Lost, said)),
            body,
            beside,
            ..Document::default()
        };
        document.id = self.id(if item.id.is_empty() && !item.link.is_empty() { &link } else { &item.id }, number);
        self.attach(&item, &page, &mut document);
        for tag in item.tags {
            if slug(&tag).is_empty() {
                self.tell(Verdict::Lost, format!("the tag `{}` has no letter and no digit", short(&tag)));
            } else {
                document.tags.push(tag);
            }
        }
        self.address(&mut document, &link, number);
        document
    }

    /// A guid, unless an earlier item has it.
    fn id(&mut self, id: &str, number: usize) -> String {
        let id: String = id.trim().chars().filter(|c| !c.is_control()).collect();
        let first = self.ids.get(&id).copied().filter(|_| !id.is_empty());
        if let Some(first) = first {
            self.tell(Verdict::Hand, format!("this has the guid of the item at line {first}: it gets one of its own"));
        }
        let key = if id.is_empty() || first.is_some() { format!("\u{0}{number}") } else { id.clone() };
        self.ids.insert(key, self.line);
        if first.is_some() { String::new() } else { id }
    }

    fn title(&mut self, item: &Item, body: &str) -> String {
        if !item.title.trim().is_empty() {
            return item.title.trim().to_owned();
        }
        let plain = html::scan(body).map(|scan| scan.plain).unwrap_or_default();
        let words: Vec<&str> = plain.split_whitespace().take(8).collect();
        let title = if words.is_empty() { "Untitled".to_owned() } else { short(&words.join(" ")) };
        self.tell(Verdict::Hand, format!("this has no title; it was given `{title}`"));
        title
    }

    /// Keeps an old address: as an alias, or as a place on a page.
    fn address(&mut self, document: &mut Document, link: &str, number: usize) {
        let Some(path) = below(link, self.base) else {
            // An item may point elsewhere on purpose.
            document.link = web_address(link, |said| self.tell(Verdict::Lost, said));
            return;
        };
        let (path, fragment) = path.split_once('#').map_or((path, ""), |(path, fragment)| (path, fragment));
        if !fragment.is_empty() {
            let own = document.date.as_ref().map(|date| date.local.format("%Y-%m-%dT%H_%M_%S.txt").to_string());
            document.link = web_address(link, |said| self.tell(Verdict::Lost, said));
            if path.trim_matches('/') != "archives" || own.as_deref() != Some(fragment) {
                self.places.entry(path.to_owned()).or_default().push((percent_decode(fragment), number));
            }
        } else if path.contains('?') {
            self.tell(
                Verdict::Lost,
                format!("the address `{}` cannot lead anywhere: a site of files has no `?`", short(path)),
            );
        } else if path != "/" {
            document.address = percent_decode(path);
        }
    }
}

/// The name of a post's file: the last part of its address, or its title.
fn name(link: &str, title: &str) -> String {
    let path = link.split(['?', '#']).next().unwrap_or_default();
    let path = &path[origin(path).len()..];
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let stem = last.rsplit_once('.').map_or(last, |(stem, _)| stem);
    let stem = short_slug(&percent_decode(stem));
    let says = stem.contains(|c: char| c.is_alphabetic())
        && !["index", "archives", "archive"].contains(&&*stem)
        && !link.contains(['#', '?']);
    let name = if says { stem } else { short_slug(title) };
    if name.is_empty() { "post".to_owned() } else { name }
}

/// A page that has the places by which posts were called, each with a link to where the post is now.
fn page_of_places(path: &str, place: &str, posts: &[(String, usize)], documents: &[Document]) -> Document {
    let mut body = String::from("<ul>\n");
    for (fragment, number) in posts {
        let Some(post) = documents.get(*number) else { continue };
        let [id, title] = [fragment, &post.title].map(|text| {
            let mut escaped = String::new();
            pulldown_cmark_escape::escape_html(&mut escaped, text).expect("a string takes everything");
            escaped
        });
        let day = post.date.as_ref().map(|date| date.local.format("%Y-%m-%d").to_string()).unwrap_or_default();
        body.push_str(&format!("<li id=\"{id}\">{day} <a href=\"document:{number}\">{title}</a></li>\n"));
    }
    body.push_str("</ul>\n");
    let trimmed = place.trim_matches('/');
    let (folder, name) = trimmed.rsplit_once('/').unwrap_or(("", trimmed));
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    Document {
        source: (path.to_owned(), 0),
        kind: Kind::Page,
        form: Form::Html,
        folder: folder.to_owned(),
        name: if stem.is_empty() { "places".to_owned() } else { percent_decode(stem) },
        title: "Archives".to_owned(),
        address: percent_decode(place),
        body,
        ..Document::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_told_to_lack_its_slash_only_behind_a_path() {
        for (home, base, expected) in [
            ("https://a.example", "https://a.example/", ""),
            ("https://a.example/", "https://a.example/", ""),
            ("https://a.example/~a", "https://a.example/~a/", "https://a.example/~a"),
            ("https://a.example/~a/", "https://a.example/~a/", ""),
            ("https://a.example/blog", "https://a.example/", ""),
            ("", "", ""),
        ] {
            assert_eq!(without_slash(home, base), expected, "{home}");
        }
    }
}
