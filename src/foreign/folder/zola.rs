//! Zola's folder, which differs from Hugo's in its configuration, its keys and its addresses.

use std::collections::BTreeMap;

use crate::foreign::folder::common::{Draft, carry_folder, dated, document, free_data, need_title, settle_kind};
use crate::foreign::folder::head::{Keys, Split, split};
use crate::foreign::folder::hugo::{Taken, others};
use crate::foreign::folder::place::Naming;
use crate::foreign::folder::tree::Tree;
use crate::foreign::site::{Facts, Kind};
use crate::foreign::told::Told;
use crate::words::slug::slug;

const IGNORED: [&str; 14] = [
    "template",
    "weight",
    "date",
    "updated",
    "path",
    "slug",
    "render",
    "in_search_index",
    "taxonomies",
    "sort_by",
    "paginate_by",
    "page_template",
    "insert_anchor_links",
    "transparent",
];

pub(super) fn take(tree: &Tree, told: &mut Vec<Told>) -> Taken {
    let config = ["zola.toml", "config.toml"].iter().find_map(|path| tree.file(path));
    let mut site = config.map(|file| Keys::of_file(&file.path, &tree.text(file, told), told)).unwrap_or_default();
    let facts = Facts {
        title: site.text("title"),
        base_url: site.text("base_url"),
        language: site.text("default_language"),
        description: site.text("description"),
        author: site.text("author"),
        limit: site.text("feed_limit").parse().ok().filter(|limit| *limit > 0),
        ..Facts::default()
    };
    let keeps_case = site.table("slugify").text("paths");
    let keeps_dates = site.table("slugify").boolean("paths_keep_dates").unwrap_or(false);
    let main = Some(facts.language.clone()).filter(|main| !main.is_empty()).unwrap_or_else(|| "en".to_owned());
    let languages = std::iter::once(main).chain(site.table("languages").names()).collect();
    let naming = Naming { languages, endings: &[".md"] };
    let bundles = naming.bundles(tree);
    let mut drafts = Vec::new();
    let mut files = BTreeMap::new();
    for file in tree.files.iter().filter(|file| file.path.starts_with("content/") && naming.is_text(&file.path)) {
        let place = naming.place(&file.path["content/".len()..]);
        if place.is_in(&bundles) {
            continue;
        }
        let text = tree.text(file, told);
        let mut head = split(&file.path, &text, told);
        if place.is_list() && head.body.trim().is_empty() {
            continue;
        }
        if place.is_home() {
            told.push(place.lost_home());
            continue;
        }
        let path = &file.path;
        let mut document = document(&mut head.keys, path, Split::Never, told);
        let mut taxonomies = head.keys.table("taxonomies");
        for tag in
            ["tags", "categories"].into_iter().flat_map(|key| taxonomies.texts(key, Split::Never)).collect::<Vec<_>>()
        {
            super::common::add_tag(&mut document, &tag, told);
        }
        if document.authors.is_empty() {
            document.authors = taxonomies.texts("authors", Split::Never);
        }
        place.name_language(&mut document, told);
        let (folder, name) = place.named();
        let (in_name, rest) = dated(name);
        document.date = head.keys.date("date", path, told).or(in_name.clone());
        document.updated = head.keys.date("updated", path, told);
        document.slug = head.keys.text("slug");
        document.body = head.body.clone();
        settle_kind(&mut document, folder.is_empty(), name);
        if place.is_list() {
            document.kind = Kind::Page;
        }
        document.dated = in_name.is_some();
        rest.clone_into(&mut document.name);
        let (section, below) = folder.split_once('/').unwrap_or((folder, ""));
        let short = document.kind == Kind::Post && ["posts", "post", "blog", "articles"].contains(&section);
        (if short { below } else { folder }).clone_into(&mut document.folder);
        need_title(&mut document, rest, told);
        document.beside = naming.beside(tree, &place, told);
        let last = if document.slug.is_empty() { if keeps_dates { name } else { rest } } else { &document.slug };
        let slugged = |part: &str| match &*keeps_case {
            "off" => part.to_owned(),
            "safe" => part.trim().replace(' ', "_"),
            _ => ascii_slug(part),
        };
        let own = head.keys.text("path");
        document.address = if own.is_empty() {
            let folders: String =
                folder.split('/').filter(|part| !part.is_empty()).map(|part| format!("{}/", slugged(part))).collect();
            let language = if place.is_translation { format!("{}/", place.language) } else { String::new() };
            format!("/{language}{folders}{}/", slugged(last))
        } else {
            format!("/{}/", own.trim_matches('/'))
        };
        place.name_translation(&mut document);
        document.extra = free_data(&mut head.keys, &IGNORED);
        drafts.push(Draft { document, keys: head.keys, line: head.line });
    }
    carry_folder(&mut files, tree, "static", told);
    others(tree, &naming, &bundles, &mut files, told);
    Taken { facts, drafts, files, site }
}

/// Zola writes addresses in ASCII; letters with accents lose them, and others are kept as genblog has them.
fn ascii_slug(part: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    let bare: String = part.nfd().filter(|c| !('\u{300}'..='\u{36f}').contains(c)).collect();
    slug(&bare.replace('ß', "ss").replace(['ø', 'Ø'], "o").replace(['æ', 'Æ'], "ae"))
}
