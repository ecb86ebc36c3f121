//! Hugo's folder.
//!
//! ```text
//! hugo.toml  config.yaml  config/_default/hugo.toml …     title, address, zone, permalinks
//! content/SECTION/name.md                                 dated: a post; undated: a page
//! content/SECTION/name/index.md                           with what lies beside it
//! content/SECTION/_index.md                               a page if it says more than its title
//! content/SECTION/other.png  static/                      files, at their addresses
//! ```

use std::collections::{BTreeMap, BTreeSet};

use crate::foreign::folder::common::{
    Draft, author, carry, carry_folder, date_part, dated, document, free_data, is_left_behind, need_title, permalink,
    settle_kind,
};
use crate::foreign::folder::head::{Keys, Split, split};
use crate::foreign::folder::place::{Naming, Place, lies_in};
use crate::foreign::folder::tree::Tree;
use crate::foreign::site::{Carried, Document, Facts, Kind};
use crate::foreign::told::{Told, Verdict};

/// What a folder of Hugo or Zola gives.
pub(super) struct Taken {
    pub(super) facts: Facts,
    pub(super) drafts: Vec<Draft>,
    pub(super) files: BTreeMap<String, Carried>,
    pub(super) site: Keys,
}

/// Configurations in the order in which Hugo looks for them.
const CONFIGS: [&str; 16] = [
    "hugo.toml",
    "hugo.yaml",
    "hugo.yml",
    "hugo.json",
    "config.toml",
    "config.yaml",
    "config.yml",
    "config.json",
    "config/_default/hugo.toml",
    "config/_default/hugo.yaml",
    "config/_default/hugo.yml",
    "config/_default/hugo.json",
    "config/_default/config.toml",
    "config/_default/config.yaml",
    "config/_default/config.yml",
    "config/_default/config.json",
];

/// Keys that mean something to Hugo and its themes' machinery only.
const IGNORED: [&str; 14] = [
    "layout",
    "type",
    "weight",
    "menu",
    "outputs",
    "url",
    "slug",
    "publishdate",
    "expirydate",
    "lastmod",
    "date",
    "cascade",
    "build",
    "_build",
];

/// Sections whose posts need no folder of their own.
const POSTS: [&str; 7] = ["posts", "post", "blog", "articles", "article", "entries", "news"];

pub(super) fn take(tree: &Tree, told: &mut Vec<Told>) -> Taken {
    let config = CONFIGS.iter().find_map(|path| tree.file(path));
    let mut site = config.map(|file| Keys::of_file(&file.path, &tree.text(file, told), told)).unwrap_or_default();
    let mut params = site.table("params");
    let (author, people) = author(&mut params, config.map_or("", |file| &file.path), told);
    let facts = Facts {
        title: site.text("title"),
        base_url: site.text("baseurl"),
        language: site.first(&["languagecode", "locale", "defaultcontentlanguage"]),
        description: params.first(&["description", "subtitle"]),
        author,
        people,
        copyright: site.text("copyright"),
        timezone: site.text("timezone").parse().ok(),
        ..Facts::default()
    };
    let naming = Naming { languages: languages(tree, &mut site, told), endings: &[".md", ".html", ".markdown"] };
    let bundles = naming.bundles(tree);
    let mut permalinks = site.table("permalinks");
    let mut of_pages = permalinks.table("page");
    let ugly = site.boolean("uglyurls").unwrap_or(false);
    let mut drafts = Vec::new();
    let mut files = BTreeMap::new();
    for file in tree.files.iter().filter(|file| file.path.starts_with("content/") && naming.is_text(&file.path)) {
        let inside = &file.path["content/".len()..];
        let place = naming.place(inside);
        if place.is_in(&bundles) {
            continue;
        }
        let text = tree.text(file, told);
        let mut head = split(&file.path, &text, told);
        if !head.is_there && file.path.ends_with(".html") {
            carry(&mut files, file, inside, told);
            continue;
        }
        if place.is_list() && head.body.trim().is_empty() {
            continue;
        }
        if place.is_home() {
            told.push(place.lost_home());
            continue;
        }
        let mut document = one(tree, &place, &naming, &mut head.keys, told);
        document.body = head.body.replace("<!--more-->", "\n<!--more-->\n");
        let section = inside.split_once('/').map_or("", |(section, _)| section).to_owned();
        let pattern =
            [of_pages.text(&section), permalinks.text(&section)].into_iter().find(|pattern| !pattern.is_empty());
        let address = address(&document, &place, &mut head.keys, pattern.as_deref(), ugly);
        document.address = address.unwrap_or_else(|| {
            told.push(Told::of_line(
                &document.source.0,
                1,
                Verdict::Hand,
                "the pattern of its old address is not known: write it into `aliases`",
            ));
            String::new()
        });
        document.extra = free_data(&mut head.keys, &IGNORED);
        drafts.push(Draft { document, keys: head.keys, line: head.line });
    }
    carry_folder(&mut files, tree, "static", told);
    others(tree, &naming, &bundles, &mut files, told);
    Taken { facts, drafts, files, site }
}

/// The languages of a site: the first is that of texts whose names say none.
fn languages(tree: &Tree, site: &mut Keys, told: &mut Vec<Told>) -> Vec<String> {
    let main = Some(site.text("defaultcontentlanguage")).filter(|main| !main.is_empty());
    let mut others = site.table("languages").names();
    for ending in ["toml", "yaml", "yml", "json"] {
        if let Some(file) = tree.file(&format!("config/_default/languages.{ending}")) {
            others.extend(Keys::of_file(&file.path, &tree.text(file, told), told).names());
        }
    }
    std::iter::once(main.unwrap_or_else(|| "en".to_owned())).chain(others).map(|tag| tag.to_lowercase()).collect()
}

/// A document, but for its body and address.
fn one(tree: &Tree, place: &Place<'_>, naming: &Naming, keys: &mut Keys, told: &mut Vec<Told>) -> Document {
    let path = format!("content/{}", place.path);
    let mut document = document(keys, &path, Split::Never, told);
    place.name_language(&mut document, told);
    let (folder, name) = place.named();
    let (in_name, rest) = dated(name);
    let publish = keys.date("publishdate", &path, told);
    document.date = keys.date("date", &path, told).or_else(|| publish.clone()).or(in_name.clone());
    if let (Some(date), Some(publish)) = (&document.date, publish)
        && publish.moment(chrono_tz::Tz::UTC) > date.moment(chrono_tz::Tz::UTC)
    {
        document.date = Some(publish);
    }
    document.updated = keys
        .date("lastmod", &path, told)
        .or_else(|| keys.date("updated", &path, told))
        .filter(|updated| Some(updated) != document.date.as_ref());
    document.expires = keys.date("expirydate", &path, told);
    document.slug = keys.text("slug");
    settle_kind(&mut document, folder.is_empty(), name);
    if place.is_list() {
        document.kind = Kind::Page;
    }
    rest.clone_into(&mut document.name);
    document.dated = in_name.is_some();
    let (section, below) = folder.split_once('/').unwrap_or((folder, ""));
    let short = document.kind == Kind::Post && POSTS.contains(&section);
    (if short { below } else { folder }).clone_into(&mut document.folder);
    if document.kind == Kind::Page && document.dated {
        name.clone_into(&mut document.name);
    }
    need_title(&mut document, rest, told);
    document.beside = naming.beside(tree, place, told);
    place.name_translation(&mut document);
    document
}

/// Where the document was.
fn address(
    document: &Document,
    place: &Place<'_>,
    keys: &mut Keys,
    pattern: Option<&str>,
    ugly: bool,
) -> Option<String> {
    // Translations live in a folder of their language, unless they say from the root where.
    let language = if place.is_translation { format!("/{}", place.language.to_lowercase()) } else { String::new() };
    let url = keys.text("url");
    if !url.is_empty() {
        return Some(if url.starts_with('/') { url } else { format!("{language}/{url}") });
    }
    let (folder, name) = place.named();
    let slug = keys.text("slug");
    let last = if slug.is_empty() { name.to_owned() } else { slug.clone() };
    let urlized = |text: &str| {
        let lower = text.trim().to_lowercase();
        let kept: String = lower
            .chars()
            .map(|c| if c.is_whitespace() { '-' } else { c })
            .filter(|c| c.is_alphanumeric() || "-_./".contains(*c))
            .collect();
        kept
    };
    let Some(pattern) = pattern else {
        let path = urlized(&if folder.is_empty() { last } else { format!("{folder}/{last}") });
        return Some(if ugly { format!("{language}/{path}.html") } else { format!("{language}/{path}/") });
    };
    let address = permalink(pattern, |part| match part {
        "title" => Some(urlized(&document.title)),
        "slug" => Some(urlized(if slug.is_empty() { &document.title } else { &slug })),
        "slugorfilename" | "slugorcontentbasename" => Some(urlized(&last)),
        "filename" | "contentbasename" => Some(urlized(name)),
        "section" => Some(urlized(folder.split('/').next().unwrap_or_default())),
        "sections" => Some(urlized(folder)),
        _ => date_part(part, document.date.as_ref()?),
    });
    address.map(|address| format!("{language}{address}"))
}

/// Files in `content/` that lie beside no text, and what is not taken along at all.
pub(super) fn others(
    tree: &Tree,
    naming: &Naming,
    bundles: &BTreeSet<&str>,
    files: &mut BTreeMap<String, Carried>,
    told: &mut Vec<Told>,
) {
    for file in &tree.files {
        let Some(inside) = file.path.strip_prefix("content/") else { continue };
        if naming.is_text(inside) || lies_in(bundles, &file.path) || is_left_behind(inside) {
            continue;
        }
        if [".org", ".adoc", ".rst", ".pandoc", ".ipynb"].iter().any(|end| inside.ends_with(end)) {
            told.push(Told::of_file(
                &file.path,
                Verdict::Hand,
                "this is not Markdown: write it so, and put it into `content/posts/`",
            ));
        } else {
            carry(files, file, inside, told);
        }
    }
    for (folder, what) in [
        ("layouts", "templates"),
        ("templates", "templates"),
        ("themes", "a theme"),
        ("assets", "what a build makes files of"),
        ("sass", "style sheets"),
        ("data", "data for templates"),
        ("i18n", "words for templates"),
    ] {
        let count = tree.below(folder).iter().filter(|file| !is_left_behind(&file.path)).count();
        if count > 0 {
            told.push(Told::of_file(
                folder,
                Verdict::Lost,
                format!("{what}: {count} of them, which genblog cannot use"),
            ));
        }
    }
}
