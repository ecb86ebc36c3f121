//! Pictures in texts: which files of the site stand there, and each `img` element with its sizes.
//!
//! A body names the file that its author named, and so do feeds. A page shows the sizes of it that are made, through [`Texts::responsive`]:
//! widths for the theme's column, as WebP too. What the author wrote into the element stays. An element that has its own `srcset`, or
//! stands in a `picture`, is the author's affair, and pictures from elsewhere are as they are, but loaded late.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use lol_html::html_content::{ContentType, Element};
use lol_html::{RewriteStrSettings, element, end_tag, rewrite_str};
use memchr::memchr_iter;
use rayon::prelude::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};

use crate::files::config::Config;
use crate::graph::site::{Block, Body, Site};
use crate::parsing::html::escape;
use crate::rendering::photos::Picture;
use crate::rendering::portable::{absolute, decode};
use crate::words::route::Route;

/// CSS pixels of the theme's column: `--text` of its style, at the size of letters that browsers have.
const COLUMN: u32 = 640;

/// CSS pixels beside the column, where the window is narrower: twice the theme's `--edge`.
const EDGES: u32 = 40;

/// In a window narrower than this many CSS pixels a picture beside the text takes at most 45 in a hundred of the column.
const NARROW: u32 = 576;

/// All pictures that texts and lists of a site show and that can be made smaller.
#[derive(Debug, Default)]
pub struct Pictures {
    /// By the addresses of their files.
    by_file: BTreeMap<Route, Picture>,
    /// Those addresses of this site that the pictures of each page's text lead to.
    on_page: BTreeMap<Route, Vec<Route>>,
}

impl Pictures {
    /// Looks for them in every text.
    #[must_use]
    pub fn of_site(site: &Site) -> Self {
        let posts = site.posts.iter().map(|post| (&post.route, &post.body));
        let pages = site.pages.iter().map(|page| (&page.route, &page.body));
        let albums = site.albums.iter().map(|album| (&album.route, &album.body));
        let bodies: Vec<_> = posts.chain(pages).chain(albums).filter(|(_, body)| !body.plain).collect();
        let shown = bodies.par_iter().map(|(route, body)| ((*route).clone(), shown(route, body, &site.config)));
        let on_page: BTreeMap<Route, Vec<Route>> = shown.filter(|(_, shown)| !shown.is_empty()).collect();
        let beside: BTreeSet<&Route> = site.posts.iter().filter_map(|post| post.image.as_ref()).collect();
        let routes: BTreeSet<&Route> = on_page.values().flatten().chain(beside.iter().copied()).collect();
        let routes: Vec<&Route> = routes.into_iter().collect();
        let pictures = routes.into_par_iter().filter_map(|route| {
            let picture = Picture::of_file(site.file(route)?)?;
            (picture.gains_in_text() || beside.contains(route)).then(|| (route.clone(), picture))
        });
        let by_file = pictures.collect();
        Self { by_file, on_page }
    }

    /// The picture in the file at `route`.
    #[must_use]
    pub fn get(&self, route: &Route) -> Option<&Picture> {
        self.by_file.get(route)
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Picture> {
        self.by_file.values()
    }

    /// Those that the text of the page at `route` shows.
    pub fn on(&self, route: &Route) -> impl Iterator<Item = &Picture> {
        let shown = self.on_page.get(route).into_iter().flatten();
        shown.filter_map(|route| self.by_file.get(route))
    }
}

/// Addresses of this site that the pictures of a text lead to.
fn shown(route: &Route, body: &Body, config: &Config) -> Vec<Route> {
    let mut found = Vec::new();
    let url = route.url(&config.base_url);
    for block in &body.blocks {
        let Block::Html(html) = block else { continue };
        each_image(html, |element, standing| {
            if standing == Standing::Alone && !element.has_attribute("srcset") {
                found.extend(file_of(element, &url, &config.base_url));
            }
        });
    }
    found
}

/// The texts of one page, in the order in which they stand there.
#[derive(Debug)]
pub struct Texts<'a> {
    pictures: &'a Pictures,
    config: &'a Config,
    url: String,
    /// How many pictures the page has shown so far.
    shown: usize,
}

impl<'a> Texts<'a> {
    /// Those of the page at `route`.
    #[must_use]
    pub fn new(pictures: &'a Pictures, config: &'a Config, route: &Route) -> Self {
        Self { pictures, config, url: route.url(&config.base_url), shown: 0 }
    }

    /// The next text with the sizes of its pictures. All but the page's first are loaded when the reader comes near.
    #[must_use]
    pub fn responsive(&mut self, html: &str) -> String {
        each_image(html, |element, standing| {
            self.shown += 1;
            if self.shown > 1 && !element.has_attribute("loading") {
                set(element, "loading", "lazy");
            }
            let Some(route) = file_of(element, &self.url, &self.config.base_url) else { return };
            side_as_class(element);
            if standing == Standing::Alone
                && !element.has_attribute("srcset")
                && let Some(picture) = self.pictures.get(&route).filter(|picture| picture.gains_in_text())
            {
                show(element, picture, self.config.base_path());
            }
        })
    }
}

/// Whether HTML may have an `img` element: most has none and need not be taken apart.
pub(super) fn may_have_image(html: &str) -> bool {
    let html = html.as_bytes();
    memchr_iter(b'<', html).any(|at| html.get(at + 1..at + 4).is_some_and(|name| name.eq_ignore_ascii_case(b"img")))
}

/// Whether an `img` element is the one of a `picture` element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Alone,
    InPicture,
}

/// The text, with what `each` does to its `img` elements.
fn each_image(html: &str, mut each: impl FnMut(&mut Element<'_, '_>, Standing)) -> String {
    if !may_have_image(html) {
        return html.to_owned();
    }
    let open = Rc::new(Cell::new(0_usize));
    let opened = Rc::clone(&open);
    let picture = element!("picture", move |element| {
        if let Some(handlers) = element.end_tag_handlers() {
            opened.set(opened.get() + 1);
            let open = Rc::clone(&opened);
            handlers.push(end_tag!(move |_| {
                open.set(open.get() - 1);
                Ok(())
            }));
        }
        Ok(())
    });
    let image = element!("img[src]", |element| {
        each(element, if open.get() > 0 { Standing::InPicture } else { Standing::Alone });
        Ok(())
    });
    let settings = RewriteStrSettings::new()
        .append_element_content_handler(picture)
        .append_element_content_handler(image)
        .with_strict(false);
    rewrite_str(html, settings).expect("no handler fails and memory is not limited")
}

/// The address of the file of this site that an `img` element shows.
fn file_of(element: &Element<'_, '_>, page_url: &str, base_url: &str) -> Option<Route> {
    let src = element.get_attribute("src")?;
    Route::of_url(&absolute(&decode(&src), page_url), base_url)
}

/// Gives a picture that HTML of 2008 aligns (`align="left"`) the class that themes know.
fn side_as_class(element: &mut Element<'_, '_>) {
    let align = element.get_attribute("align").unwrap_or_default();
    let known = ["left", "right"].into_iter().find(|side| align.trim().eq_ignore_ascii_case(side));
    if let Some(side) = known.filter(|_| !is_beside_text(element)) {
        let class = element.get_attribute("class").map(|class| decode(&class)).unwrap_or_default();
        set(element, "class", format!("{class} {side}").trim_start());
    }
}

/// Gives an element the sizes of its picture.
fn show(element: &mut Element<'_, '_>, picture: &Picture, base_path: &str) {
    let sizes = element.get_attribute("sizes").map_or_else(|| sizes(element, picture), |sizes| decode(&sizes));
    let view = picture.in_text(base_path, &sizes);
    set(element, "src", &view.src);
    set(element, "srcset", &view.srcset);
    set(element, "sizes", &view.sizes);
    if !view.webp.is_empty() {
        let (srcset, sizes) = (escape(&view.webp), escape(&view.sizes));
        let source = format!("<picture><source type=\"image/webp\" srcset=\"{srcset}\" sizes=\"{sizes}\">");
        element.before(&source, ContentType::Html);
        element.after("</picture>", ContentType::Html);
    }
}

/// How wide the theme shows a picture of a text, as the attribute `sizes` says it.
fn sizes(element: &Element<'_, '_>, picture: &Picture) -> String {
    let width = width(element, picture);
    if is_beside_text(element) {
        let from = NARROW.min(width.saturating_mul(20) / 9 + EDGES);
        return format!("(min-width: {from}px) {}px, calc(45vw - {}px)", width.min(COLUMN), EDGES * 9 / 20);
    }
    let width = width.min(COLUMN);
    format!("(min-width: {}px) {width}px, calc(100vw - {EDGES}px)", width + EDGES)
}

/// CSS pixels that a picture would be wide where there is room: as its author says, or its own.
fn width(element: &Element<'_, '_>, picture: &Picture) -> u32 {
    let (width, height) = picture.size();
    let pixels = |name| element.get_attribute(name).and_then(|pixels| pixels.trim().parse::<u32>().ok());
    let of_height = |pixels: u32| {
        let width = u64::from(pixels) * u64::from(width) / u64::from(height.max(1));
        u32::try_from(width).unwrap_or(u32::MAX)
    };
    pixels("width").or_else(|| pixels("height").map(of_height)).filter(|&pixels| pixels > 0).unwrap_or(width)
}

/// Whether an element is a picture that the text flows around.
fn is_beside_text(element: &Element<'_, '_>) -> bool {
    let class = element.get_attribute("class").unwrap_or_default();
    class.split_ascii_whitespace().any(|class| matches!(class, "left" | "right"))
}

fn set(element: &mut Element<'_, '_>, name: &str, value: &str) {
    element.set_attribute(name, &escape(value)).expect("the name is one of HTML's");
}
