//! The folder of another generator becomes a site: which generator it is of ([`guess`]), and what is in it ([`site`]).

use std::collections::HashSet;
use std::fmt;

use crate::foreign::folder::common::Draft;
use crate::foreign::folder::hugo::Taken;
use crate::foreign::folder::liquid::Names;
use crate::foreign::folder::tags::Body;
use crate::foreign::folder::tree::Tree;
use crate::foreign::links::Links;
use crate::foreign::site::{Document, Form, Kind, Site, language};
use crate::foreign::told::{Told, Verdict};
use crate::foreign::zone::fit;

mod blosxom;

mod common;

mod eleventy;

mod head;

mod place;

mod hugo;

mod jekyll;

mod liquid;

mod shortcodes;

mod tags;

pub mod tree;

mod zola;

/// What wrote a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generator {
    /// Any program that writes feeds.
    Feed,
    /// genBlog of 2008, blosxom and its kin: a text a post.
    GenBlog,
    /// Hugo.
    Hugo,
    /// Zola.
    Zola,
    /// Jekyll.
    Jekyll,
    /// Eleventy.
    Eleventy,
}

impl fmt::Display for Generator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Feed => "a feed",
            Self::GenBlog => "genBlog",
            Self::Hugo => "Hugo",
            Self::Zola => "Zola",
            Self::Jekyll => "Jekyll",
            Self::Eleventy => "Eleventy",
        })
    }
}

/// The generator that a folder is of, by its configuration or its texts.
#[must_use]
pub fn guess(tree: &Tree) -> Option<Generator> {
    let text = |path: &str| tree.file(path).map(|file| tree.text(file, &mut Vec::new()));
    let config = text("config.toml").unwrap_or_default().to_lowercase();
    let says = |key: &str| {
        config
            .lines()
            .any(|line| line.trim_start().strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('=')))
    };
    let any = |names: &[&str]| names.iter().any(|name| tree.file(name).is_some());
    if any(&["hugo.toml", "hugo.yaml", "hugo.yml", "hugo.json"]) || tree.has("config/_default") || says("baseurl") {
        Some(Generator::Hugo)
    } else if any(&["zola.toml"]) || says("base_url") {
        Some(Generator::Zola)
    } else if any(&[
        ".eleventy.js",
        ".eleventy.cjs",
        "eleventy.config.js",
        "eleventy.config.mjs",
        "eleventy.config.cjs",
    ]) {
        Some(Generator::Eleventy)
    } else if any(&["_config.yml", "_config.yaml", "_config.toml"]) || tree.has("_posts") {
        Some(Generator::Jekyll)
    } else if any(&["config.yaml", "config.yml", "config.json"]) && tree.has("content") {
        Some(Generator::Hugo)
    } else if tree.files.iter().any(|file| file.path.ends_with(".txt"))
        && !tree.files.iter().any(|file| file.path.ends_with(".md"))
    {
        Some(Generator::GenBlog)
    } else {
        None
    }
}

/// Takes over a folder.
#[must_use]
pub fn site(mut tree: Tree, generator: Generator, form: Option<Form>) -> Site {
    let mut told = std::mem::take(&mut tree.told);
    let Taken { mut facts, drafts, files, site } = match generator {
        Generator::Hugo => hugo::take(&tree, &mut told),
        Generator::Zola => zola::take(&tree, &mut told),
        Generator::Jekyll => jekyll::take(&tree, &mut told),
        Generator::Eleventy => eleventy::take(&tree, &mut told),
        Generator::GenBlog | Generator::Feed => blosxom::take(&tree, form, &mut told),
    };
    let (mut documents, mut rest) = (Vec::with_capacity(drafts.len()), Vec::with_capacity(drafts.len()));
    for Draft { document, keys, line } in drafts {
        documents.push(document);
        rest.push((keys, line));
    }
    let links = Links::new(&facts.base_url, &documents, Vec::new());
    let bodies: Vec<String> = documents
        .iter()
        .zip(&rest)
        .map(|(document, (keys, line))| {
            let mut body = Body::new(&document.body, document.form, &document.source.0, *line);
            match generator {
                Generator::Hugo => shortcodes::hugo(&mut body, keys, &links),
                Generator::Zola => shortcodes::zola(&mut body),
                Generator::Jekyll | Generator::Eleventy => {
                    liquid::replace(&mut body, &Names { page: keys, site: &site, links: &links });
                }
                Generator::GenBlog | Generator::Feed => {}
            }
            let text = body.finish(&mut told);
            if generator == Generator::Jekyll && document.form == Form::Markdown {
                let mut body = Body::new(&text, document.form, &document.source.0, *line);
                liquid::without_kramdown(&text, &mut body);
                return body.finish(&mut told);
            }
            text
        })
        .collect();
    for (document, body) in documents.iter_mut().zip(bodies) {
        document.body = body;
    }
    facts.base_url = facts.base_url.trim().to_owned();
    facts.language = language(&facts.language, |said| {
        told.push(Told::of_file(tree.name.clone(), Verdict::Lost, said));
    });
    if facts.timezone.is_none()
        && let Some(fit) = fit(documents.iter().filter_map(|document| document.date.as_ref()))
    {
        let said = format!("the zone `{}`, from the offsets of the dates", fit.zone);
        told.push(Told::of_file(tree.name.clone(), Verdict::Chosen, said));
        facts.timezone = Some(fit.zone);
    }
    let mut ids = HashSet::new();
    for document in &mut documents {
        guid(document, &facts.base_url, generator);
        if !document.id.is_empty() && !ids.insert(document.id.clone()) {
            let said = format!("another post has the guid `{}`: this gets one of its own", document.id);
            told.push(Told::of_line(&document.source.0, document.source.1, Verdict::Hand, said));
            document.id.clear();
        }
        if document.authors.len() == 1 && document.authors[0] == facts.author {
            document.authors.clear();
        }
        if document.language == facts.language || facts.language.starts_with(&format!("{}-", document.language)) {
            document.language.clear();
        }
    }
    Site { kind: generator.to_string(), facts, documents, files: files.into_values().collect(), told }
}

/// What the generator's own feed called a post, so that readers that know it know it again.
fn guid(document: &mut Document, base: &str, generator: Generator) {
    let base = base.trim_end_matches('/');
    if document.kind != Kind::Post || !document.id.is_empty() || document.address.is_empty() || !base.contains("://") {
        return;
    }
    let address = match generator {
        // jekyll-feed has the address without its ending.
        Generator::Jekyll => document.address.trim_end_matches(".html").trim_end_matches('/'),
        _ => &document.address,
    };
    document.id = format!("{base}{}", crate::words::address::percent_encode(address));
}
