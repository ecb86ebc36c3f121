//! A site that was taken over becomes files: every document gets a name, an address and its links, and is written down in
//! its form. Nothing touches the disk here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use chrono_tz::Tz;

use crate::files::config::sound_base_url;
use crate::foreign::links::{Links, rewrite};
use crate::foreign::site::{Carried, Document, Facts, Form, Kind, Site, folded, short_slug, sound_name, sound_path};
use crate::foreign::told::{Told, Verdict};
use crate::words::route::Route;
use crate::words::slug::{page_slug, slug};

/// A file of the new site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Its path, relative to the site's root, with `/` between its parts.
    pub path: String,
    /// What it holds.
    pub content: Content,
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// This text.
    Text(String),
    /// The bytes of that file.
    Copy(PathBuf),
}

/// The files of a site, and what there is to say about them.
#[derive(Debug, Default)]
pub struct Writing {
    /// In the order in which they are written.
    pub files: Vec<Planned>,
    /// Where each document came from, by its new path.
    pub sources: BTreeMap<String, (String, usize)>,
    /// How many posts.
    pub posts: usize,
    /// How many pages.
    pub pages: usize,
    /// How many old addresses go on working.
    pub aliases: usize,
    /// What there is to say.
    pub told: Vec<Told>,
}

/// Folders of a site's output that genblog fills itself.
const OWN_FOLDERS: [&str; 3] = ["assets", "feed", "page"];

/// Plans the files of a site in `zone`.
#[must_use]
pub fn write(site: &Site, zone: Tz) -> Writing {
    let mut placing = Placing { zone, taken: BTreeSet::new(), slugs: BTreeSet::new(), told: Vec::new() };
    let places: Vec<Place> = site.documents.iter().map(|document| placing.place(document)).collect();
    let paths = places.iter().map(|place| place.path.clone()).collect();
    let mut links = Links::new(&site.facts.base_url, &site.documents, paths);
    let aliases = placing.aliases(&site.documents, &places);
    let mut writing = Writing::default();
    let mut moved: BTreeMap<&str, usize> = BTreeMap::new();
    for file in &site.files {
        let first = file.to.split('/').next().unwrap_or_default();
        let to = if file.to.contains('/') && OWN_FOLDERS.contains(&&*first.to_lowercase()) {
            *moved.entry(first).or_default() += 1;
            format!("files/{}", file.to)
        } else {
            file.to.clone()
        };
        links.add_file(&file.source, &file.to, &to);
        let path = format!("static/{to}");
        if placing.taken.insert(folded(&path)) {
            writing.files.push(Planned { path, content: Content::Copy(file.from.clone()) });
        } else {
            let said = format!("`{path}` is there already, but for its case or its accents");
            placing.told.push(Told::of_file(file.from.display().to_string(), Verdict::Hand, said));
        }
    }
    for (folder, count) in moved {
        let said = format!(
            "genblog has its own things at `/{folder}/`: what was there, {count} in all, is at `/files/{folder}/` now"
        );
        placing.told.push(Told::of_file(format!("static/files/{folder}"), Verdict::Changed, said));
    }
    for ((document, place), aliases) in site.documents.iter().zip(&places).zip(&aliases) {
        let folder = place.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for Carried { from, to, .. } in &document.beside {
            let path = format!("{folder}/{to}");
            if placing.taken.insert(folded(&path)) {
                writing.files.push(Planned { path, content: Content::Copy(from.clone()) });
            } else {
                let said = format!("`{path}` is there already, but for its case or its accents");
                placing.told.push(Told::of_file(from.display().to_string(), Verdict::Hand, said));
            }
        }
        let body = rewrite(document, &links);
        let text = match place.form {
            Form::GenBlog => genblog_text(document, place, aliases, &body, zone),
            Form::Markdown | Form::Html => text(document, place, aliases, &body, zone),
        };
        writing.files.push(Planned { path: place.path.clone(), content: Content::Text(text) });
        writing.sources.insert(place.path.clone(), document.source.clone());
        writing.aliases += aliases.len();
        match document.kind {
            Kind::Post => writing.posts += 1,
            Kind::Page => writing.pages += 1,
        }
    }
    writing.told = placing.told;
    writing
}

/// Where a document is to be.
struct Place {
    path: String,
    form: Form,
    route: Route,
    /// The key `slug`, when the name does not say it.
    slug: Option<String>,
}

struct Placing {
    zone: Tz,
    /// Paths, folded.
    taken: BTreeSet<String>,
    slugs: BTreeSet<String>,
    told: Vec<Told>,
}

impl Placing {
    fn place(&mut self, document: &Document) -> Place {
        let folder = sound_path(&document.folder).unwrap_or_default();
        let within =
            |kind: &str| if folder.is_empty() { format!("content/{kind}") } else { format!("content/{kind}/{folder}") };
        match document.kind {
            Kind::Post => self.post(document, &within("posts")),
            Kind::Page => self.page(document, &within("pages")),
        }
    }

    fn post(&mut self, document: &Document, folder: &str) -> Place {
        let genblog = (document.form == Form::GenBlog).then(|| self.genblog_name(document, folder)).flatten();
        let (path, form, named) = match genblog {
            Some(path) => (path, Form::GenBlog, slug(&document.title)),
            None => {
                let form = if document.form == Form::GenBlog { Form::Html } else { document.form };
                let mut name = sound_name(&document.name);
                if slug(&name).is_empty() || name.starts_with('.') {
                    name = short_slug(&document.title);
                }
                if name.is_empty() {
                    "post".clone_into(&mut name);
                }
                let date = document.date.as_ref().filter(|_| document.dated).map(|date| self.local_day(date));
                let stem = date.map_or_else(|| name.clone(), |date| format!("{date}-{name}"));
                (self.free(folder, &stem, form, !document.beside.is_empty()), form, slug(&name))
            }
        };
        let wanted = [short_slug(&document.slug), short_slug(&named), short_slug(&document.title)];
        let wanted = wanted.into_iter().find(|slug| !slug.is_empty()).unwrap_or_else(|| "post".to_owned());
        let mut address = wanted.clone();
        for number in 2.. {
            if self.slugs.insert(folded(&address)) {
                break;
            }
            address = format!("{wanted}-{number}");
        }
        if address != wanted {
            let said = format!("`/posts/{wanted}/` is another post's: this one lives at `/posts/{address}/`");
            self.told.push(Told::of_line(&document.source.0, document.source.1, Verdict::Chosen, said));
        }
        let route = Route::new(format!("posts/{address}/")).unwrap_or_else(Route::home);
        let slug = (address != named).then_some(address);
        Place { path, form, route, slug }
    }

    fn page(&mut self, document: &Document, folder: &str) -> Place {
        let form = if document.form == Form::GenBlog { Form::Html } else { document.form };
        let mut name = sound_name(&document.name);
        if slug(&name).is_empty() || name == "index" {
            name = short_slug(&document.title);
        }
        if name.is_empty() {
            "page".clone_into(&mut name);
        }
        let path = self.free(folder, &name, form, !document.beside.is_empty());
        let inside = path.strip_prefix("content/pages/").unwrap_or(&path);
        let stem = inside.rsplit_once('.').map_or(inside, |(stem, _)| stem);
        let stem = stem.strip_suffix("/index").unwrap_or(stem);
        let parts: Vec<String> = stem.split('/').map(page_slug).collect();
        let route = Route::new(format!("{}/", parts.join("/"))).unwrap_or_else(Route::home);
        Place { path, form, route, slug: None }
    }

    /// The local day of a date.
    fn local_day(&self, date: &crate::foreign::moment::Written) -> String {
        match date.offset {
            Some(_) => date.moment(self.zone).with_timezone(&self.zone).format("%Y-%m-%d").to_string(),
            None => date.local.format("%Y-%m-%d").to_string(),
        }
    }

    /// The path of a post in genBlog's form, which is named by its local time; `None` when that form cannot hold it.
    fn genblog_name(&mut self, document: &Document, folder: &str) -> Option<String> {
        let lists = document.tags.iter().chain(&document.authors).chain(&document.aliases);
        let fits = document.extra.is_empty()
            && document.beside.is_empty()
            && !lists.into_iter().any(|text| text.contains(','));
        let date = document.date.as_ref().filter(|_| fits)?;
        let local = match date.offset {
            Some(_) => date.moment(self.zone).with_timezone(&self.zone).naive_local(),
            None => date.local,
        };
        let path = format!("{folder}/{}.txt", local.format("%Y-%m-%dT%H_%M_%S"));
        self.taken.insert(folded(&path)).then_some(path)
    }

    /// A path that nothing else has.
    fn free(&mut self, folder: &str, first: &str, form: Form, is_bundle: bool) -> String {
        let ending = if form == Form::Html { "html" } else { "md" };
        let mut name = first.to_owned();
        for number in 2.. {
            let path =
                if is_bundle { format!("{folder}/{name}/index.{ending}") } else { format!("{folder}/{name}.{ending}") };
            // A name stands for one document, whatever its ending; what lies in a bundle's folder belongs to the bundle.
            let stem = folded(&format!("{folder}/{name}"));
            let mut above = stem.match_indices('/').map(|(at, _)| &stem[..at]);
            let within = above.any(|folder| self.taken.contains(&format!("{folder}/index")));
            let around = is_bundle
                && self
                    .taken
                    .range(format!("{stem}/")..)
                    .next()
                    .is_some_and(|path| path.starts_with(&format!("{stem}/")));
            if !within && !around && self.taken.insert(stem.clone()) {
                if is_bundle {
                    self.taken.insert(format!("{stem}/index"));
                }
                self.taken.insert(folded(&path));
                return path;
            }
            if within && !is_bundle && number == 2 {
                // Out of the bundle's folder, with the folder's name in front.
                let (above, last) = folder.rsplit_once('/').unwrap_or((folder, ""));
                return self.free(above, &format!("{last}-{name}"), form, false);
            }
            name = format!("{first}-{number}");
        }
        unreachable!("numbers do not end")
    }

    /// The old addresses of each document: those that are not its own now, each given to one document only.
    fn aliases(&mut self, documents: &[Document], places: &[Place]) -> Vec<Vec<String>> {
        let mut taken: BTreeSet<String> = places.iter().map(|place| folded(&place.route.file())).collect();
        let mut all = Vec::with_capacity(documents.len());
        for (document, place) in documents.iter().zip(places) {
            let mut own = Vec::new();
            for address in
                std::iter::once(&document.address).chain(&document.aliases).filter(|address| !address.is_empty())
            {
                let mut tell =
                    |verdict, said| self.told.push(Told::of_line(&document.source.0, document.source.1, verdict, said));
                let path = address.trim_start_matches('/');
                let is_file = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
                let path = path
                    .strip_suffix("index.html")
                    .filter(|path| path.is_empty() || path.ends_with('/'))
                    .unwrap_or(path);
                let path = if path.is_empty() || path.ends_with('/') || is_file {
                    path.to_owned()
                } else {
                    format!("{path}/")
                };
                let usable = !path.is_empty() && !path.contains(['?', '#', '%', ',']);
                let Some(route) =
                    Route::new(path).filter(|route| usable && route.file().split('/').all(|part| part.len() <= 255))
                else {
                    tell(Verdict::Lost, format!("the address `{address}` cannot be kept"));
                    continue;
                };
                if route == place.route {
                    continue;
                }
                if taken.insert(folded(&route.file())) {
                    own.push(format!("/{}", route.as_str()));
                } else {
                    tell(Verdict::Lost, format!("the address `{address}` is that of something else"));
                }
            }
            all.push(own);
        }
        all
    }
}

/// A document with front matter.
fn text(document: &Document, place: &Place, aliases: &[String], body: &str, zone: Tz) -> String {
    let mut head = String::from("+++\n");
    let mut key = |key: &str, value: &str| head.push_str(&format!("{key} = {value}\n"));
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let list = |texts: &[String]| format!("[{}]", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", "));
    key("title", &quoted(&document.title));
    for (name, date) in [("date", &document.date), ("updated", &document.updated), ("expires", &document.expires)] {
        // Pages are not dated.
        let date = date.as_ref().filter(|_| document.kind == Kind::Post || name == "updated");
        if let Some(date) = date {
            let date = date.in_zone(zone);
            key(name, date.strip_suffix("T00:00:00").unwrap_or(&date));
        }
    }
    let of_post = document.kind == Kind::Post;
    for (name, text) in [
        ("slug", place.slug.as_deref().unwrap_or_default()),
        ("id", if of_post { &document.id } else { "" }),
        ("link", if of_post { &document.link } else { "" }),
    ] {
        if !text.is_empty() {
            key(name, &quoted(text));
        }
    }
    for (name, texts) in [("tags", &document.tags), ("authors", &document.authors)] {
        if of_post && !texts.is_empty() {
            key(name, &list(texts));
        }
    }
    for (name, text) in [
        ("summary", document.summary.as_str()),
        ("lang", &document.language),
        ("image", if of_post { &document.image } else { "" }),
    ] {
        if !text.trim().is_empty() {
            key(name, &quoted(text));
        }
    }
    if document.draft {
        key("draft", "true");
    }
    if !aliases.is_empty() {
        key("aliases", &list(aliases));
    }
    if let Some(extra) = extra(document) {
        head.push_str(&format!("\n{extra}"));
    }
    let body = body.trim_end();
    if body.is_empty() {
        format!("{head}+++\n")
    } else {
        format!("{head}+++\n\n{}\n", body.trim_start_matches(['\n', '\r']))
    }
}

/// The free data as TOML, which knows no null.
fn extra(document: &Document) -> Option<String> {
    let extra: toml::Table =
        document.extra.iter().filter_map(|(key, value)| Some((key.clone(), toml_value(value)?))).collect();
    let table = toml::Table::from_iter([("extra".to_owned(), toml::Value::Table(extra.clone()))]);
    (!extra.is_empty()).then(|| toml::to_string(&table).unwrap_or_default())
}

fn toml_value(value: &serde_json::Value) -> Option<toml::Value> {
    Some(match value {
        serde_json::Value::Null => return None,
        serde_json::Value::Bool(value) => (*value).into(),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(integer) => integer.into(),
            None => number.as_f64()?.into(),
        },
        serde_json::Value::String(text) => text.as_str().into(),
        serde_json::Value::Array(items) => items.iter().filter_map(toml_value).collect::<Vec<_>>().into(),
        serde_json::Value::Object(entries) => {
            let entries = entries.iter().filter_map(|(key, value)| Some((key.clone(), toml_value(value)?)));
            toml::Value::Table(entries.collect())
        }
    })
}

/// A post in genBlog's form.
fn genblog_text(document: &Document, place: &Place, aliases: &[String], body: &str, zone: Tz) -> String {
    let mut text = String::new();
    pulldown_cmark_escape::escape_html_body_text(&mut text, &one_line(&document.title))
        .expect("a string takes everything");
    text.push('\n');
    let mut key = |key: &str, value: &str| {
        if !value.trim().is_empty() {
            text.push_str(&format!("#{key} {}\n", one_line(value)));
        }
    };
    if let Some(date) = document.date.as_ref().map(|date| date.in_zone(zone)) {
        // The name says whole seconds of a clock that was not turned back.
        key("date", if date.len() == 19 { "" } else { &date });
    }
    let moment = |date: &Option<crate::foreign::moment::Written>| {
        date.as_ref().map(|date| date.in_zone(zone)).unwrap_or_default()
    };
    key("updated", &moment(&document.updated));
    key("expires", &moment(&document.expires));
    key("slug", place.slug.as_deref().unwrap_or_default());
    key("id", &document.id);
    key("link", &document.link);
    key("tags", &document.tags.join(", "));
    key("authors", &document.authors.join(", "));
    key("summary", &document.summary);
    key("lang", &document.language);
    key("image", &document.image);
    key("draft", if document.draft { "true" } else { "" });
    key("aliases", &aliases.join(", "));
    let body = body.trim_end();
    if body.starts_with('#') {
        // Not a key.
        text.push('\n');
    }
    format!("{text}{body}\n")
}

fn one_line(text: &str) -> String {
    text.split(['\n', '\r']).map(str::trim).collect::<Vec<_>>().join(" ").trim().to_owned()
}

/// The configuration of a site that was made from `source`, and what a person has to add.
#[must_use]
pub fn configuration(facts: &Facts, zone: Tz, source: &str) -> (String, Vec<Told>) {
    let mut told = Vec::new();
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let mut text = format!("# Taken over from `{}` by `genblog import`.\n", one_line(source).replace('`', "'"));
    let base = sound_base_url(&facts.base_url);
    if base.is_none() {
        let said = "`base_url` is made up: write where the site will be served";
        told.push(Told::of_file("genblog.toml", Verdict::Hand, said));
    }
    text.push_str(&format!("base_url = {}\n", quoted(base.as_deref().unwrap_or("https://example.org/"))));
    if facts.title.trim().is_empty() {
        told.push(Told::of_file(
            "genblog.toml",
            Verdict::Hand,
            "nothing says what the site is called: write its `title`",
        ));
    }
    let title = if facts.title.trim().is_empty() { "Untitled" } else { &facts.title };
    text.push_str(&format!("title = {}\n", quoted(title)));
    for (key, value) in [
        ("description", &facts.description),
        ("language", &facts.language),
        ("author", &facts.author),
        ("copyright", &facts.copyright),
    ] {
        if !value.trim().is_empty() {
            text.push_str(&format!("{key} = {}\n", quoted(value.trim())));
        }
    }
    text.push_str(&format!("timezone = {}\n", quoted(zone.name())));
    let feed = feed(facts);
    if !feed.is_empty() {
        text.push_str(&format!("\n[feed]\n{feed}"));
    }
    (text, told)
}

fn feed(facts: &Facts) -> String {
    let mut text = String::new();
    let mut key = |key: &str, value: String| text.push_str(&format!("{key} = {value}\n"));
    if let Some(limit) = facts.limit {
        key("limit", limit.to_string());
    }
    if facts.summaries {
        key("summaries", "true".to_owned());
    }
    if let Some(minutes) = facts.ttl {
        key("ttl", minutes.to_string());
    }
    if !facts.skip_hours.is_empty() {
        // As they stand in the feed: nothing says which zone they were meant in.
        let hours: Vec<String> = facts.skip_hours.iter().map(ToString::to_string).collect();
        key("skip_hours", format!("{{ timezone = \"UTC\", hours = [{}] }}", hours.join(", ")));
    }
    if !facts.skip_days.is_empty() {
        let days: Vec<String> = facts.skip_days.iter().map(|day| format!("\"{day}\"")).collect();
        key("skip_days", format!("[{}]", days.join(", ")));
    }
    if facts.hub.starts_with("https://") || facts.hub.starts_with("http://") {
        key("hub", toml::Value::from(facts.hub.as_str()).to_string());
    }
    text
}
