//! Eleventy's folder: texts with front matter, data files for whole folders, and whatever is passed through.

use std::collections::{BTreeMap, HashSet};

use crate::files::picture::is_picture;
use crate::foreign::folder::common::{Draft, author, carry, dated, document, free_data, is_left_behind, need_title};
use crate::foreign::folder::head::{Keys, Split, split};
use crate::foreign::folder::hugo::Taken;
use crate::foreign::folder::tree::Tree;
use crate::foreign::moment::Written;
use crate::foreign::site::{Carried, Facts, Kind, sound_path};
use crate::foreign::told::{Told, Verdict};

const IGNORED: [&str; 8] = [
    "layout",
    "permalink",
    "date",
    "eleventycomputed",
    "eleventynavigation",
    "eleventyexcludefromcollections",
    "templateengineoverride",
    "pagination",
];

/// Configurations, the first of which counts.
const CONFIGS: [&str; 5] =
    [".eleventy.js", "eleventy.config.js", "eleventy.config.mjs", "eleventy.config.cjs", ".eleventy.cjs"];

/// Endings of files that are of the program's, not of the author's.
const OF_PROGRAMS: [&str; 9] = [".js", ".mjs", ".cjs", ".njk", ".liquid", ".json", ".ts", ".webc", ".css.map"];

pub(super) fn take(tree: &Tree, told: &mut Vec<Told>) -> Taken {
    let config = CONFIGS.iter().find_map(|path| tree.file(path)).map(|file| tree.text(file, told)).unwrap_or_default();
    let input = setting(&config, "input").filter(|input| tree.has(input)).unwrap_or_default();
    let below = |path: &str| if input.is_empty() { path.to_owned() } else { format!("{input}/{path}") };
    let data = ["_data/metadata.json", "_data/site.json", "_data/meta.json"]
        .iter()
        .find_map(|path| tree.file(&below(path)).or_else(|| tree.file(path)));
    let mut site = data.map(|file| Keys::of_file(&file.path, &tree.text(file, told), told)).unwrap_or_default();
    let (author, people) = author(&mut site, data.map_or("", |file| &file.path), told);
    let facts = Facts {
        title: site.first(&["title", "name"]),
        base_url: site.first(&["url", "base_url", "baseurl"]),
        language: site.first(&["language", "lang"]),
        description: site.text("description"),
        author,
        people,
        ..Facts::default()
    };
    let (mut drafts, mut files) = (Vec::new(), BTreeMap::new());
    let prefix = if input.is_empty() { String::new() } else { format!("{input}/") };
    for file in &tree.files {
        let Some(inside) = file.path.strip_prefix(&prefix) else { continue };
        let first = inside.split('/').next().unwrap_or_default();
        if is_left_behind(inside)
            || inside.split('/').any(|part| part.starts_with('_'))
            || first.starts_with('.')
            || first == "public"
        {
            continue;
        }
        let name = inside.rsplit('/').next().unwrap_or(inside);
        if name.ends_with(".md") || name.ends_with(".html") {
            let is_of_the_repository =
                input.is_empty() && matches!(inside, "README.md" | "LICENSE.md" | "CHANGELOG.md" | "CONTRIBUTING.md");
            if !is_of_the_repository {
                drafts.extend(one(tree, &file.path, inside, &prefix, told));
            }
        } else if name.ends_with(".njk") || name.ends_with(".liquid") || name.ends_with(".webc") {
            told.push(Told::of_file(&file.path, Verdict::Lost, "a template, which genblog cannot use"));
        } else if name.ends_with(".11tydata.js") || name.ends_with(".11tydata.cjs") {
            told.push(Told::of_file(
                &file.path,
                Verdict::Hand,
                "data made by a program: look whether the texts beside it have their tags",
            ));
        } else if !OF_PROGRAMS.iter().any(|end| name.ends_with(end)) && (!input.is_empty() || inside.contains('/')) {
            carry(&mut files, file, inside, told);
        }
    }
    // What belongs to a text is not passed through as well.
    let beside = drafts.iter().flat_map(|draft: &Draft| &draft.document.beside);
    let beside: HashSet<&str> = beside.map(|file: &Carried| file.source.as_str()).collect();
    files.retain(|_, file: &mut Carried| !beside.contains(file.source.as_str()));
    for file in tree.below("public").iter().filter(|file| !is_left_behind(&file.path)) {
        carry(&mut files, file, &file.path["public/".len()..], told);
    }
    Taken { facts, drafts, files, site }
}

/// A string that a program's text gives a name to: `input: "src"`.
fn setting(config: &str, name: &str) -> Option<String> {
    let at = config.find(&format!("{name}:"))? + name.len() + 1;
    let value = config[at..].trim_start();
    let quote = value.chars().next().filter(|c| ['"', '\''].contains(c))?;
    let value = value[1..].split(quote).next()?;
    Some(value.trim_start_matches("./").trim_matches('/').to_owned()).filter(|value| !value.is_empty() && value != ".")
}

fn one(tree: &Tree, path: &str, inside: &str, prefix: &str, told: &mut Vec<Told>) -> Option<Draft> {
    let file = tree.file(path)?;
    let text = tree.text(file, told);
    let mut head = split(path, &text, told);
    if !head.is_there && path.ends_with(".html") {
        told.push(Told::of_file(path, Verdict::Lost, "a template without front matter, which genblog cannot use"));
        return None;
    }
    inherit(tree, inside, prefix, &mut head.keys, told);
    let stem = inside.rsplit_once('.').map_or(inside, |(stem, _)| stem);
    let (folder, name) = stem.rsplit_once('/').unwrap_or(("", stem));
    // A text that is called like its folder stands for the folder, and what lies there belongs to it.
    let is_bundle = (name == "index" || folder.rsplit('/').next() == Some(name)) && !folder.is_empty();
    let (folder, name) = if is_bundle { folder.rsplit_once('/').unwrap_or(("", folder)) } else { (folder, name) };
    let mut tags = head.keys.texts("tags", Split::Never);
    let is_post = tags.iter().any(|tag| matches!(&**tag, "posts" | "post"))
        || matches!(folder.split('/').next(), Some("posts" | "blog" | "post" | "articles"));
    let mut document = document(&mut head.keys, path, Split::Never, told);
    // Collections that every site has are no subjects.
    tags.retain(|tag| matches!(&**tag, "posts" | "post" | "all" | "nav"));
    document.tags.retain(|tag| !tags.contains(tag));
    let (in_name, rest) = dated(name);
    let written = head.keys.text("date");
    document.date = match written.to_lowercase().as_str() {
        "" => in_name.clone(),
        "last modified" | "created" | "git last modified" | "git created" => file.modified.map(Written::local),
        _ => head.keys.date("date", path, told),
    };
    if is_post && document.date.is_none() {
        document.date = file.modified.map(Written::local);
        told.push(Told::of_file(
            path,
            Verdict::Chosen,
            "the date: when the file was last written, since nothing else says one",
        ));
    }
    document.kind = if is_post { Kind::Post } else { Kind::Page };
    if document.kind == Kind::Page && matches!(rest, "index" | "404") && folder.is_empty() {
        told.push(Told::of_file(path, Verdict::Lost, "genblog makes a page of this kind itself"));
        return None;
    }
    document.dated = in_name.is_some() && is_post;
    (if is_post { rest } else { name }).clone_into(&mut document.name);
    let below = if is_post { folder.split_once('/').map_or("", |(_, below)| below) } else { folder };
    below.clone_into(&mut document.folder);
    need_title(&mut document, rest, told);
    document.body = head.body.clone();
    if is_bundle {
        document.beside = bundled(tree, path);
    }
    let usual = if folder.is_empty() { format!("/{rest}/") } else { format!("/{folder}/{rest}/") };
    let permalink = head.keys.text("permalink");
    document.address = if permalink.is_empty() {
        usual
    } else if permalink.contains("{{") || permalink.contains("{%") {
        let filled = ["{{ page.fileSlug }}", "{{page.fileSlug}}", "{{ fileSlug }}"]
            .iter()
            .fold(permalink.clone(), |text, name| text.replace(name, rest));
        let filled = filled
            .replace("{{ title | slugify }}", &crate::words::slug::slug(&document.title))
            .replace("{{ title | slug }}", &crate::words::slug::slug(&document.title));
        if filled.contains("{{") || filled.contains("{%") {
            told.push(Told::of_line(
                path,
                1,
                Verdict::Hand,
                format!("the permalink `{permalink}` is a template: write its old address into `aliases`"),
            ));
            String::new()
        } else {
            format!("/{}", filled.trim_start_matches('/'))
        }
    } else if permalink == "false" {
        document.draft = true;
        String::new()
    } else {
        format!("/{}", permalink.trim_start_matches('/'))
    };
    document.extra = free_data(&mut head.keys, &IGNORED);
    Some(Draft { document, keys: head.keys, line: head.line })
}

/// The pictures in the folder of a text.
fn bundled(tree: &Tree, path: &str) -> Vec<Carried> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let files = tree.below(folder);
    let texts = files.iter().filter(|file| file.path.ends_with(".md") || file.path.ends_with(".html"));
    if texts.count() > 1 {
        return Vec::new();
    }
    let pictures = files.iter().filter(|file| is_picture(&file.path));
    let beside = pictures.filter_map(|file| {
        let to = sound_path(&file.path[folder.len() + 1..])?;
        Some(Carried { from: file.file.clone(), to, source: file.path.clone() })
    });
    beside.collect()
}

/// Adds what the data files of the folders say.
fn inherit(tree: &Tree, inside: &str, prefix: &str, keys: &mut Keys, told: &mut Vec<Told>) {
    let mut folder = inside.rsplit_once('/').map(|(folder, _)| folder);
    while let Some(path) = folder {
        let name = path.rsplit('/').next().unwrap_or(path);
        for ending in [".11tydata.json", ".json"] {
            if let Some(file) = tree.file(&format!("{prefix}{path}/{name}{ending}")) {
                keys.inherit(&Keys::of_file(&file.path, &tree.text(file, told), told));
            }
        }
        folder = path.rsplit_once('/').map(|(above, _)| above);
    }
}
