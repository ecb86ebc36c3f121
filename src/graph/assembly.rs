//! From documents to a site: every link resolved, every view of it complete.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};
use sim::telling::claim::Claims as Engine;

use crate::files::config::{CONFIG_FILE, Config};
use crate::files::picture::Facts;
use crate::files::source::{Content, Source};
use crate::graph::albums;
use crate::graph::attached;
use crate::graph::body::{self, Findings};
use crate::graph::claims::{Claims, SEARCH};
use crate::graph::diagram::Layouts;
use crate::graph::links::{FrameLink, Linker, Origin};
use crate::graph::members::{Choice, FileMember, Member, Members, Parsed};
use crate::graph::outline::outline;
use crate::graph::places::Places;
use crate::graph::site::{Block, Body, EnclosureFile, Page, PlainFile, Post, Publishing, Site, Tag, Ties};
use crate::graph::summary::summary;
use crate::graph::tags::Tags;
use crate::parsing::keys::Keys;
use crate::parsing::layout::layout;
use crate::parsing::page;
use crate::parsing::text::Said;
use crate::words::diagnostic::{Diagnostic, sort};
use crate::words::route::Route;

/// Makes the site out of its sources.
///
/// What could not be understood is left out and reported; the site may be shown, but not written, when an error is among
/// the diagnostics.
pub fn assemble(config: Config, source: &Source, choice: &Choice) -> (Site, Vec<Diagnostic>) {
    assembled(config, source, choice, true)
}

/// The same for a site whose broken links are mended by code, which asks for no suggestions.
pub fn assemble_to_mend(config: Config, source: &Source, choice: &Choice) -> (Site, Vec<Diagnostic>) {
    assembled(config, source, choice, false)
}

fn assembled(config: Config, source: &Source, choice: &Choice, suggests: bool) -> (Site, Vec<Diagnostic>) {
    let (layout, mut diagnostics) = layout(source);
    let parsed = Parsed::new(&layout, &config, &mut diagnostics);
    let mut claims = Claims::new(config.search);
    let mut members = Members::choose(parsed, choice, &config, &mut claims);
    members.add_files(&layout, source, &mut claims, &mut diagnostics);
    claims.keep("site.webmanifest", "the web manifest");
    let tags = Tags::collect(&members.posts, &mut claims);
    members.claim_aliases(&mut claims);
    // Each is dropped as soon as it is written, lest all are there twice.
    let said: Vec<Said> = members.posts.iter_mut().map(|member| std::mem::take(&mut member.post.text.said)).collect();
    let search = config.search.then(|| Route::new(SEARCH.0).expect("fixed routes are sound"));
    let places = members.places(tags.routes().chain(&search));
    let engine = Engine::default();
    let layouts = Layouts::new(source);
    let linker = Linker {
        places: &places,
        base_path: config.base_path(),
        claims: &engine,
        suggests,
        layouts: &layouts,
        known: None,
    };
    diagnostics.extend(navigation(&config, &places));
    diagnostics.extend(attached::avatars(&config, linker));
    let channel_image = attached::channel_image(&config, linker).unwrap_or_else(|problem| {
        diagnostics.push(*problem);
        None
    });
    let post = |(member, said): (&Member, Said)| post(member, &said, linker, &config, &tags);
    let (mut posts, mut findings) = found_in(members.posts.par_iter().zip(said).map(post));
    let (mut pages, found) = found_in(members.pages.par_iter().map(|page| self::page(page, linker, &config)));
    findings.append(found);
    let (mut albums, found) = albums::assemble(&members.albums, linker);
    findings.append(found);
    let bodies = posts.iter_mut().map(|post| (&post.route, &mut post.body));
    let bodies = bodies.chain(pages.iter_mut().map(|page| (&page.route, &mut page.body)));
    let bodies = bodies.chain(albums.iter_mut().map(|album| (&album.route, &mut album.body)));
    bodies.for_each(|(route, body)| give_places(route, body, &findings.frames));
    posts.iter_mut().for_each(|post| post.ties.places = places_of(&post.body));
    diagnostics.extend(findings.diagnostics);
    diagnostics.extend(claims.diagnostics);
    sort(&mut diagnostics);
    let tags: BTreeMap<String, Tag> = tags.finish();
    let files = members.files.iter().map(|file| PlainFile {
        route: file.route.clone(),
        file: file.file.file.clone(),
        path: file.file.path.clone(),
        hash: file.file.hash,
        length: file.file.length,
        publishing: if file.file.path.starts_with("static/") {
            Publishing::AsItIs
        } else {
            Publishing::WithoutMetadata
        },
        tells_place: facts(file).is_some_and(|facts| facts.tells_place),
        nature: facts(file).and_then(|facts| facts.nature),
    });
    let files = files.collect();
    let (aliases, due) = (members.aliases, members.due);
    let (claims, elsewhere) = (findings.claims, findings.elsewhere);
    (Site { posts, pages, albums, tags, files, aliases, config, channel_image, claims, elsewhere, due }, diagnostics)
}

/// What was made, and all that came to light meanwhile.
fn found_in<T: Send>(made: impl ParallelIterator<Item = (T, Findings)>) -> (Vec<T>, Findings) {
    let (made, found): (Vec<T>, Vec<Findings>) = made.unzip();
    let mut findings = Findings::default();
    found.into_iter().for_each(|found| findings.append(found));
    (made, findings)
}

/// Gives each figure of the page at `route` a place for every frame that a link of the site leads to.
fn give_places(route: &Route, body: &mut Body, frames: &[FrameLink]) {
    for block in &mut body.blocks {
        let Block::Figure(figure) = block else { continue };
        let of_figure = |frame: &&FrameLink| {
            frame.route == *route && frame.fragment.split_once('=').is_some_and(|(id, _)| id == figure.id)
        };
        let places: BTreeSet<&str> = frames.iter().filter(of_figure).map(|frame| &*frame.fragment).collect();
        figure.places = places.into_iter().map(str::to_owned).collect();
    }
}

/// The places of all figures in a body.
fn places_of(body: &Body) -> Vec<Vec<String>> {
    let places = body.blocks.iter().filter_map(|block| match block {
        Block::Figure(figure) => Some(figure.places.clone()),
        Block::Html(_) | Block::Code(_) | Block::Diagram(_) => None,
    });
    places.collect()
}

/// What is known of a file that is a picture.
fn facts<'a>(file: &'a FileMember<'_>) -> Option<&'a Facts> {
    match &file.file.content {
        Content::Picture(facts) => facts.as_ref().ok(),
        Content::Text(_) | Content::Bytes | Content::Unread => None,
    }
}

/// The header's links must lead somewhere too.
fn navigation(config: &Config, places: &Places<'_>) -> Vec<Diagnostic> {
    let broken = |(_, link): &&(String, String)| match link.strip_prefix('/') {
        Some(path) => places.route(path.split(['?', '#']).next().unwrap_or(path)).is_none(),
        None => !link.contains(':'),
    };
    let report = |(name, link): &(String, String)| {
        let message = format!("the navigation entry `{name}` leads to `{link}`, and nothing is there");
        let diagnostic = Diagnostic::error("broken-link", message).in_path(CONFIG_FILE);
        diagnostic.help("write an address of this site that starts with a slash, or a URL")
    };
    config.navigation.iter().filter(broken).map(report).collect()
}

fn post(member: &Member, said: &Said, linker: Linker<'_>, config: &Config, tags: &Tags) -> (Post, Findings) {
    let Member { post, route, id } = member;
    let keys = &post.keys;
    let origin = Origin { path: &post.source.path, route, anchors: &post.text.anchors };
    let (body, mut findings) = body::write(&post.text, said, linker, origin);
    let image = post.image.as_ref().and_then(|image| match linker.resolve(origin, &image.value, &image.span) {
        Ok(resolved) => resolved.route,
        Err(diagnostic) => {
            findings.diagnostics.push(*diagnostic);
            None
        }
    });
    let enclosure = post.enclosure.as_ref().and_then(|wanted| match attached::enclosure(wanted, linker, origin) {
        Ok(enclosure) => {
            if let EnclosureFile::Elsewhere { .. } = enclosure.file {
                findings.elsewhere.push(wanted.url.clone());
            }
            Some(enclosure)
        }
        Err(diagnostic) => {
            findings.diagnostics.push(*diagnostic);
            None
        }
    });
    let site_author = || (!config.author.is_empty()).then(|| config.author.clone()).into_iter().collect();
    let post = Post {
        route: route.clone(),
        path: post.source.path.clone(),
        id: id.clone(),
        link: post.link.clone(),
        title: keys.title.clone(),
        date: post.date,
        updated: keys.updated,
        tags: tags.of(post),
        authors: if post.authors.is_empty() { site_author() } else { post.authors.clone() },
        series: post.series.clone().unwrap_or_default(),
        summary: summary(keys.summary.as_deref(), &post.text.opening),
        is_summarised: keys.summary.is_some(),
        language: language(keys, config),
        image,
        enclosure,
        template: keys.template.clone().unwrap_or_else(|| "post.html".to_owned()),
        extra: keys.extra.clone(),
        body,
        ties: Ties { outline: outline(post, said), leads: std::mem::take(&mut findings.leads), places: Vec::new() },
    };
    (post, findings)
}

fn page(page: &page::Page, linker: Linker<'_>, config: &Config) -> (Page, Findings) {
    let keys = &page.keys;
    let origin = Origin { path: &page.source.path, route: &page.route, anchors: &page.text.anchors };
    let (body, findings) = body::write(&page.text, &page.text.said, linker, origin);
    let page = Page {
        route: page.route.clone(),
        path: page.source.path.clone(),
        title: keys.title.clone(),
        summary: summary(keys.summary.as_deref(), &page.text.opening),
        updated: keys.updated,
        language: language(keys, config),
        template: keys.template.clone().unwrap_or_else(|| "page.html".to_owned()),
        extra: keys.extra.clone(),
        body,
    };
    (page, findings)
}

fn language(keys: &Keys, config: &Config) -> String {
    keys.language.clone().unwrap_or_else(|| config.language.clone())
}
