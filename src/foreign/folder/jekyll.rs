//! Jekyll's folder.
//!
//! ```text
//! _config.yml                       title, address, zone, permalinks
//! _posts/2026-11-20-name.md         posts, also in folders, which are categories
//! _drafts/name.md                   drafts
//! about.md                          pages: texts with front matter
//! assets/…                          everything else, at its address
//! ```

use std::collections::BTreeMap;

use crate::foreign::folder::common::{
    Draft, add_tag, author, carry, date_part, dated, document, free_data, is_left_behind, need_title, permalink,
};
use crate::foreign::folder::head::{Keys, Split, split};
use crate::foreign::folder::hugo::Taken;
use crate::foreign::folder::tree::{Tree, TreeFile};
use crate::foreign::moment::Written;
use crate::foreign::site::{Document, Facts, Form, Kind};
use crate::foreign::told::{Told, Verdict};
use crate::words::slug::slug;

const IGNORED: [&str; 9] = [
    "layout",
    "permalink",
    "published",
    "date",
    "slug",
    "redirect_from",
    "last_modified_at",
    "excerpt_separator",
    "sitemap",
];

/// Files at the root that are of the program or of its host.
const OF_JEKYLL: [&str; 8] =
    ["Gemfile", "Gemfile.lock", "README.md", "LICENSE", "LICENSE.txt", "LICENSE.md", "Rakefile", "package.json"];

/// Named permalinks.
const STYLES: [(&str, &str); 5] = [
    ("date", "/:categories/:year/:month/:day/:title:output_ext"),
    ("pretty", "/:categories/:year/:month/:day/:title/"),
    ("ordinal", "/:categories/:year/:y_day/:title:output_ext"),
    ("weekdate", "/:categories/:year/W:week/:short_day/:title:output_ext"),
    ("none", "/:categories/:title:output_ext"),
];

pub(super) fn take(tree: &Tree, told: &mut Vec<Told>) -> Taken {
    let config = ["_config.yml", "_config.yaml", "_config.toml"].iter().find_map(|path| tree.file(path));
    let mut site = config.map(|file| Keys::of_file(&file.path, &tree.text(file, told), told)).unwrap_or_default();
    let (author, people) = author(&mut site, config.map_or("", |file| &file.path), told);
    let url = site.text("url");
    let facts = Facts {
        title: site.text("title"),
        base_url: if url.is_empty() { url } else { format!("{}{}", url.trim_end_matches('/'), site.text("baseurl")) },
        language: site.first(&["lang", "locale"]),
        description: site.text("description").split_whitespace().collect::<Vec<_>>().join(" "),
        author,
        people,
        timezone: site.text("timezone").parse().ok(),
        ..Facts::default()
    };
    let style = Some(site.text("permalink")).filter(|style| !style.is_empty()).unwrap_or_else(|| "date".to_owned());
    let separator = site.text("excerpt_separator");
    let (mut drafts, mut files) = (Vec::new(), BTreeMap::new());
    for file in &tree.files {
        let parts: Vec<&str> = file.path.split('/').collect();
        let name = parts.last().copied().unwrap_or_default();
        let special = parts.iter().position(|part| part.starts_with('_'));
        let is_text = [".md", ".markdown", ".html", ".htm"].iter().any(|end| name.ends_with(end));
        if is_left_behind(&file.path)
            || parts[0].starts_with('.') && parts[0] != ".well-known"
            || matches!(parts[0], "vendor" | "_site")
        {
            continue;
        }
        match special.map(|at| parts[at]) {
            Some("_posts" | "_drafts") if is_text => drafts.extend(post(tree, file, &style, &separator, told)),
            Some(_) => {}
            None if OF_JEKYLL.contains(&&*file.path) => {}
            None if is_text || name.ends_with(".xml") || name.ends_with(".scss") => {
                drafts.extend(page(tree, file, &style, &mut files, told));
            }
            None => carry(&mut files, file, &file.path, told),
        }
    }
    for (folder, what) in [
        ("_layouts", "templates"),
        ("_includes", "templates"),
        ("_sass", "style sheets"),
        ("_data", "data for templates"),
        ("_plugins", "programs"),
    ] {
        let count = tree.below(folder).len();
        if count > 0 {
            told.push(Told::of_file(
                folder,
                Verdict::Lost,
                format!("{what}: {count} of them, which genblog cannot use"),
            ));
        }
    }
    Taken { facts, drafts, files, site }
}

fn post(tree: &Tree, file: &TreeFile, style: &str, separator: &str, told: &mut Vec<Told>) -> Option<Draft> {
    let text = tree.text(file, told);
    let mut head = split(&file.path, &text, told);
    let mut document = document(&mut head.keys, &file.path, Split::AtSpaces, told);
    let (folders, file_name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
    let stem = file_name.rsplit_once('.').map_or(file_name, |(stem, _)| stem);
    let (in_name, rest) = dated(stem);
    let is_draft = folders.split('/').any(|part| part == "_drafts");
    document.date = head.keys.date("date", &file.path, told).or(in_name.clone());
    if document.date.is_none() {
        if !is_draft {
            told.push(Told::of_file(&file.path, Verdict::Lost, "a file in `_posts` whose name has no date is no post"));
            return None;
        }
        document.date = file.modified.map(Written::local);
        told.push(Told::of_file(&file.path, Verdict::Chosen, "the date of this draft: when its file was last written"));
    }
    document.updated = head.keys.date("last_modified_at", &file.path, told);
    document.draft |= is_draft || head.keys.boolean("published") == Some(false);
    document.dated = true;
    rest.clone_into(&mut document.name);
    document.slug = head.keys.text("slug");
    // Folders before `_posts` are categories, and those after it for the author only.
    let mut categories: Vec<String> = folders
        .split('/')
        .take_while(|part| !part.starts_with('_'))
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect();
    for category in categories.clone() {
        add_tag(&mut document, &category, told);
    }
    categories.extend(head.keys.texts("categories", Split::AtSpaces));
    categories.extend(head.keys.texts("category", Split::Never));
    document.aliases.extend(head.keys.texts("redirect_from", Split::Never));
    need_title(&mut document, rest, told);
    document.body = head.body.clone();
    let own = head.keys.text("excerpt_separator");
    let separator = if own.is_empty() { separator } else { &own };
    if !separator.is_empty() && !matches!(separator, "<!--more-->" | "<!-- more -->") {
        document.body = document.body.replacen(separator, "\n\n<!-- more -->\n\n", 1);
    }
    let pattern = Some(head.keys.text("permalink")).filter(|own| !own.is_empty()).unwrap_or_else(|| style.to_owned());
    if !is_draft {
        document.address = address(&document, &pattern, &categories).unwrap_or_else(|| {
            told.push(Told::of_line(
                &document.source.0,
                1,
                Verdict::Hand,
                format!("the permalink `{pattern}` is not known: write its old address into `aliases`"),
            ));
            String::new()
        });
    }
    document.extra = free_data(&mut head.keys, &IGNORED);
    Some(Draft { document, keys: head.keys, line: head.line })
}

fn address(document: &Document, pattern: &str, categories: &[String]) -> Option<String> {
    let pattern = STYLES.iter().find(|(name, _)| *name == pattern).map_or(pattern, |(_, pattern)| pattern);
    let date = document.date.as_ref()?;
    let title = if document.slug.is_empty() { document.name.clone() } else { document.slug.clone() };
    permalink(pattern, |part| match part {
        "title" => Some(title.clone()),
        "slug" => Some(slug(&title)),
        "name" => Some(slug(&title)),
        "output_ext" => Some(".html".to_owned()),
        "categories" => Some(
            categories
                .iter()
                .map(|category| category.to_lowercase().replace(' ', "%20"))
                .collect::<Vec<_>>()
                .join("/")
                .replace("%20", " "),
        ),
        "slugified_categories" => Some(categories.iter().map(|category| slug(category)).collect::<Vec<_>>().join("/")),
        _ => date_part(part, date),
    })
}

/// A page, if the file is one; otherwise it is taken along as it is.
fn page(
    tree: &Tree,
    file: &TreeFile,
    style: &str,
    files: &mut BTreeMap<String, crate::foreign::site::Carried>,
    told: &mut Vec<Told>,
) -> Option<Draft> {
    let text = tree.text(file, told);
    let mut head = split(&file.path, &text, told);
    if !head.is_there {
        carry(files, file, &file.path, told);
        return None;
    }
    let stem = file.path.rsplit_once('.').map_or(&*file.path, |(stem, _)| stem);
    let is_text = !file.path.ends_with(".xml") && !file.path.ends_with(".scss");
    let name = stem.rsplit('/').next().unwrap_or(stem);
    if !is_text || matches!(stem, "index" | "404" | "feed" | "archive" | "archives" | "tags" | "categories") {
        told.push(Told::of_file(&file.path, Verdict::Lost, "genblog makes a file of this kind itself"));
        return None;
    }
    let mut document = document(&mut head.keys, &file.path, Split::AtSpaces, told);
    document.kind = Kind::Page;
    let place = stem.strip_suffix("/index").unwrap_or(stem);
    let (folder, last) = place.rsplit_once('/').unwrap_or(("", place));
    folder.clone_into(&mut document.folder);
    last.clone_into(&mut document.name);
    document.updated = head.keys.date("last_modified_at", &file.path, told);
    document.draft |= head.keys.boolean("published") == Some(false);
    document.aliases.extend(head.keys.texts("redirect_from", Split::Never));
    need_title(&mut document, last, told);
    document.body = head.body.clone();
    let own = head.keys.text("permalink");
    document.address = if !own.is_empty() {
        if own.starts_with('/') { own } else { format!("/{own}") }
    } else if name == "index" {
        format!("/{place}/")
    } else if style == "pretty" || style.ends_with('/') {
        format!("/{stem}/")
    } else {
        format!("/{stem}.html")
    };
    if document.form == Form::Html && document.body.contains("{%") {
        told.push(Told::of_file(
            &file.path,
            Verdict::Hand,
            "this page is a template more than a text: look at what is left of it",
        ));
    }
    document.extra = free_data(&mut head.keys, &IGNORED);
    Some(Draft { document, keys: head.keys, line: head.line })
}
