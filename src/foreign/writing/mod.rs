//! A site that was taken over becomes files: every document gets a name, an address and its links, and is written down in
//! its form. Nothing touches the disk here.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

use chrono_tz::Tz;
use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};

use crate::foreign::links::{Links, rewrite};
use crate::foreign::site::{
    Carried, Document, Form, Kind, Site, folded, own_folder, short_slug, sound_name, sound_path, static_place,
};
use crate::foreign::told::{Told, Verdict};
use crate::words::route::Route;
use crate::words::slug::{page_slug, slug};

mod text;

pub use self::text::{alias_line, configuration, is_alias};

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
    /// The number of each document, by its new path.
    pub sources: BTreeMap<String, usize>,
    /// How many posts.
    pub posts: usize,
    /// How many pages.
    pub pages: usize,
    /// The old addresses that go on working, by the new path of their document.
    pub aliases: BTreeMap<String, Vec<String>>,
    /// What there is to say.
    pub told: Vec<Told>,
}

/// Plans the files of a site in `zone`.
#[must_use]
pub fn write(site: &Site, zone: Tz) -> Writing {
    let mut placing =
        Placing { zone, taken: BTreeSet::new(), slugs: BTreeSet::new(), numbers: HashMap::new(), told: Vec::new() };
    let places: Vec<Place> = site.documents.iter().map(|document| placing.place(document)).collect();
    let paths = places.iter().map(|place| place.path.clone()).collect();
    let mut links = Links::new(&site.facts.base_url, &site.documents, paths);
    let aliases = placing.aliases(&site.documents, &places);
    let mut writing = Writing::default();
    let mut moved: BTreeMap<&str, usize> = BTreeMap::new();
    for file in &site.files {
        if let Some(folder) = own_folder(&file.to) {
            *moved.entry(folder).or_default() += 1;
        }
        let to = static_place(&file.to);
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
    let bodies: Vec<String> = site.documents.par_iter().map(|document| rewrite(document, &links)).collect();
    let documents = site.documents.iter().zip(&places).zip(&aliases).zip(&bodies);
    for (number, (((document, place), aliases), body)) in documents.enumerate() {
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
        let lost = if document.kind == Kind::Page { text::without_counterpart(document, zone) } else { Vec::new() };
        if !lost.is_empty() {
            let keys: Vec<String> = lost.iter().map(|key| format!("`{key}`")).collect();
            let said = format!("a page has no {}: only posts do", keys.join(", "));
            placing.told.push(Told::of_line(&document.source.0, document.source.1, Verdict::Lost, said));
        }
        let written = match place.form {
            Form::GenBlog => text::genblog(document, place, aliases, body, zone),
            Form::Markdown | Form::Html => text::with_front_matter(document, place, aliases, body, zone),
        };
        writing.files.push(Planned { path: place.path.clone(), content: Content::Text(written) });
        writing.sources.insert(place.path.clone(), number);
        if !aliases.is_empty() {
            writing.aliases.insert(place.path.clone(), aliases.clone());
        }
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
    /// The next number for a name or an address that is not free: of many that are alike none is tried again.
    numbers: HashMap<String, usize>,
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
        let number = self.numbers.entry(folded(&wanted)).or_insert(2);
        while !self.slugs.insert(folded(&address)) {
            address = format!("{wanted}-{number}");
            *number += 1;
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
        let enclosed = document.enclosure.as_ref();
        let fits = document.extra.is_empty()
            && document.beside.is_empty()
            && enclosed.is_none_or(|enclosure| enclosure.media_type.is_empty() && enclosure.length == 0)
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
        let key = format!("{folder}/{name}/{is_bundle}");
        loop {
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
            if within && !is_bundle && name == first {
                // Out of the bundle's folder, with the folder's name in front.
                let (above, last) = folder.rsplit_once('/').unwrap_or((folder, ""));
                return self.free(above, &format!("{last}-{name}"), form, false);
            }
            let number = self.numbers.entry(key.clone()).or_insert(2);
            name = format!("{first}-{number}");
            *number += 1;
        }
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
