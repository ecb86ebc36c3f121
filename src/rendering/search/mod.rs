//! Search without a server: a page with a field, and an index of which a reader's question loads a few files.

mod index;

mod words;

use serde_json::json;

use crate::files::composition::{Composition, Part};
use crate::files::output::{Phase, Planned};
use crate::graph::site::{Album, Block, Body, Page, Post};
use crate::rendering::draft::Draft;
use crate::rendering::renderer::Renderer;
use crate::rendering::search::index::{Said, TOGETHER, index, near_file, pieces, word_files};
use crate::rendering::search::words::text;
use crate::rendering::view::page::SearchPage;
use crate::rendering::view::shared::DateView;
use crate::words::phrases::Phrases;
use crate::words::route::Route;

/// Where the page is, and below it the index.
const PAGE: &str = "search/";

/// Whether the output at `route` is a part of the index.
#[must_use]
pub fn is_index(route: &str) -> bool {
    route.strip_prefix(PAGE).is_some_and(|name| !matches!(name, "" | "index.html"))
}

/// The words of a text, as the index has them.
#[must_use]
pub fn words_of(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    words::words(text, |word| found.push(word.to_owned()));
    found
}

/// The page with the field.
pub fn page<'a>(renderer: &'a Renderer<'_>) -> Option<Planned<'a>> {
    let route = Renderer::fixed(PAGE);
    renderer.site.config.search.then(|| {
        renderer.page(Draft {
            view: SearchPage {
                head: renderer.head_saying(&route, "search", "search_about"),
                index: renderer.href(&route),
            },
            route,
            template: "search.html",
            content: "genblog.toml",
            listed: None,
            language: None,
            body: None,
        })
    })
}

/// Something that can be found.
enum Found<'a> {
    Post(&'a Post),
    Page(&'a Page),
    Album(&'a Album),
}

impl Found<'_> {
    fn route(&self) -> &Route {
        match self {
            Self::Post(Post { route, .. }) | Self::Page(Page { route, .. }) | Self::Album(Album { route, .. }) => route,
        }
    }

    /// Title, address, date and summary.
    fn line(&self, renderer: &Renderer<'_>) -> serde_json::Value {
        let (title, date, summary) = match self {
            Self::Post(post) => (&post.title, short_date(post, renderer.phrases()), &post.summary),
            Self::Page(page) => (&page.title, String::new(), &page.summary),
            Self::Album(album) => (&album.title, String::new(), &album.summary),
        };
        json!([title, renderer.href(self.route()), date, summary])
    }

    fn said(&self, renderer: &Renderer<'_>) -> Said {
        match self {
            Self::Post(post) => {
                let mut said = of_body(&post.title, &post.body);
                let names = renderer.tags(post).into_iter().map(|tag| tag.name).chain(post.authors.iter().cloned());
                names.for_each(|name| add(&mut said.headings, &name));
                add(&mut said.text, &post.summary);
                said
            }
            Self::Page(page) => {
                let mut said = of_body(&page.title, &page.body);
                add(&mut said.text, &page.summary);
                said
            }
            Self::Album(album) => {
                let mut said = of_body(&album.title, &album.body);
                add(&mut said.text, &album.summary);
                for photo in &album.photos {
                    add(&mut said.text, &photo.alt);
                    add(&mut said.text, &text(&photo.caption));
                }
                said
            }
        }
    }
}

fn short_date(post: &Post, phrases: &Phrases) -> String {
    let date = DateView::new(&post.date, phrases);
    format!("{} {}", date.short, date.year)
}

fn of_body(title: &str, body: &Body) -> Said {
    let mut said = Said { title: title.to_owned(), ..Said::default() };
    body.headings.iter().for_each(|heading| add(&mut said.headings, &heading.title));
    // As one text: a word may go on behind a figure's or a block's end, but no element begins in one block and ends in another.
    for block in &body.blocks {
        match block {
            Block::Html(html) => add(&mut said.text, &text(html)),
            Block::Code(code) => {
                add(&mut said.text, &code.title);
                add(&mut said.text, &code.text);
            }
            Block::Diagram(diagram) => {
                add(&mut said.text, &text(&diagram.caption));
                add(&mut said.text, &diagram.drawing.words());
            }
            Block::Figure(figure) => add(&mut said.text, &text(&figure.caption)),
        }
    }
    said
}

fn add(text: &mut String, more: &str) {
    text.push(' ');
    text.push_str(more);
}

/// The index of the whole site.
pub fn plan<'a>(renderer: &'a Renderer<'_>) -> Vec<Planned<'a>> {
    let site = renderer.site;
    if !site.config.search {
        return Vec::new();
    }
    let posts = site.posts.iter().rev().map(Found::Post);
    let others = site.pages.iter().map(Found::Page).chain(site.albums.iter().map(Found::Album));
    let pages: Vec<Found<'_>> = others.chain(posts).collect();
    let mut routes = blake3::Hasher::new();
    for page in &pages {
        routes.update(page.route().as_str().as_bytes()).update(b"\n");
    }
    let words = index(pages.len(), |number| pages[number].said(renderer));
    let pieces = pieces(&words);
    // Whoever has the first words of other pieces would look for words in the wrong one.
    for piece in &pieces {
        routes.update(words[piece.start].0.as_bytes()).update(b"\n");
    }
    let numbering = routes.finalize().to_hex()[..8].to_owned();
    let files = word_files(&words, &pieces, &numbering);
    let firsts: Vec<&str> = files.iter().map(|(first, _)| &**first).collect();
    let head = json!({ "numbering": numbering, "pages": pages.len(), "together": TOGETHER, "words": firsts });
    let mut outputs = vec![file(renderer, "index.json", head.to_string())];
    outputs.push(file(renderer, "near.txt", near_file(&words, &numbering)));
    for (number, pages) in pages.chunks(TOGETHER).enumerate() {
        let lines: Vec<serde_json::Value> = pages.iter().map(|page| page.line(renderer)).collect();
        let text = json!({ "numbering": numbering, "pages": lines }).to_string();
        outputs.push(file(renderer, &format!("page/{number}.json"), text));
    }
    let files = files.into_iter().enumerate();
    outputs.extend(files.map(|(number, (_, text))| file(renderer, &format!("word/{number}.txt"), text)));
    outputs
}

fn file<'a>(renderer: &'a Renderer<'_>, name: &str, text: String) -> Planned<'a> {
    let made_of = Composition::new("search", &[(Part::Text, blake3::hash(text.as_bytes()))]);
    Planned {
        route: Renderer::fixed(&format!("{PAGE}{name}")),
        phase: Phase::Feed,
        fingerprint: renderer.fingerprint(&made_of),
        made_of,
        make: Box::new(move || Ok(text.clone().into_bytes())),
    }
}
