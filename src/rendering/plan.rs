//! The whole site as planned outputs: [`plan`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::{IntoParallelIterator, ParallelIterator};

use crate::files::composition::{Composition, Part as Of};
use crate::files::kept::Kept;
use crate::files::output::{Phase, Planned};
use crate::graph::site::{Body, PlainFile, Post, PostIndex, Publishing, Site};
use crate::rendering::card::Card;
use crate::rendering::diagram::{Diagram, diagrams};
use crate::rendering::drawing::drawings;
use crate::rendering::figure::Figure;
use crate::rendering::hashing::{hash_diagram, hash_figure};
use crate::rendering::headers::{Headers, Policy};
use crate::rendering::making::{Part, Work};
use crate::rendering::photos::{Derivative, Picture};
use crate::rendering::published::{Published, tell_places};
use crate::rendering::renderer::{Renderer, figures};
use crate::rendering::theme::{Asset, Theme};
use crate::rendering::{alone, crawlers, feeds, gallery, icons, lists, pages, search};
use crate::words::diagnostic::Diagnostic;
use crate::words::nearest::nearest;
use crate::words::route::Route;
use crate::words::source_text::SourceText;

/// Everything that a build makes.
pub struct Plan<'a> {
    /// The outputs.
    pub outputs: Vec<Planned<'a>>,
    /// Their headers.
    pub headers: Headers,
    /// The pictures among them, each once for all its outputs.
    pub pictures: Vec<Arc<Work>>,
    /// Names of the layouts of diagrams that are kept.
    layouts: Vec<&'a str>,
}

impl Plan<'_> {
    /// The pictures that have to be decoded for some of the outputs.
    #[must_use]
    pub fn to_decode(&self, stale: &BTreeSet<&Route>) -> Vec<&Work> {
        let lacks = |work: &&Work| {
            let mut files = work.files().iter().enumerate();
            files.any(|(index, file)| stale.contains(&file.route) && work.lacks(index))
        };
        self.pictures.iter().map(|work| &**work).filter(lacks).collect()
    }

    /// Names of the kept results that the outputs use.
    pub fn kept(&self) -> impl Iterator<Item = &str> {
        let pictures = self.pictures.iter().flat_map(|work| work.files()).map(Derivative::name);
        pictures.chain(self.layouts.iter().copied())
    }
}

/// Plans all outputs of a site; nothing is rendered yet.
///
/// Errors are templates that do not exist; warnings are about pictures that tell a place.
pub fn plan<'a>(renderer: &'a Renderer<'_>, kept: &Kept) -> (Plan<'a>, Vec<Diagnostic>) {
    let site = renderer.site;
    let mut problems = unknown_templates(site, renderer.theme);
    problems.extend(tell_places(site));

    let pages = plan_pages(renderer);
    let found: Vec<Route> = pages.iter().map(|page| page.route.clone()).collect();
    let mut signs = vec![pages::missing(renderer)];
    signs.extend(site.aliases.iter().map(|(from, to)| pages::redirect(renderer, from, to)));
    let mut policies: BTreeMap<Route, Policy> =
        pages.iter().chain(&signs).map(|page| (page.route.clone(), Policy::Plain)).collect();
    for (route, _) in bodies(site).filter(|(_, body)| figures(body).next().is_some()) {
        policies.insert(route.clone(), Policy::Figures);
    }
    let headers = Headers::new(policies);

    let mut outputs: Vec<Planned<'a>> = renderer.theme.assets.all().map(|it| asset(renderer, it)).collect();
    outputs.extend(icons::plan(renderer));
    outputs.extend(site.files.iter().map(|file| plain_file(renderer, file)));
    let (planned, pictures) = plan_pictures(renderer, kept);
    outputs.extend(planned);
    outputs.extend(bodies(site).flat_map(|(route, body)| plan_figures(renderer, route, body)));
    outputs.extend(bodies(site).flat_map(|(route, body)| plan_diagrams(renderer, route, body)));
    outputs.extend(plan_drawings(renderer));
    outputs.extend(plan_cards(renderer));
    outputs.extend(pages);
    outputs.extend(signs);
    outputs.extend(feeds::plan(renderer));
    outputs.extend(search::plan(renderer));
    outputs.push(crawlers::sitemap(renderer, &found));
    outputs.push(crawlers::robots(renderer));
    let routes: Vec<Route> = outputs.iter().map(|output| output.route.clone()).collect();
    outputs.push(headers.file(renderer, &routes));
    let layouts =
        bodies(site).flat_map(|(_, body)| diagrams(body)).filter_map(|diagram| diagram.kept.as_deref()).collect();
    (Plan { outputs, headers, pictures, layouts }, problems)
}

/// Plans the outputs that say what the post at `index` of the site's list says: its page, its place in the home list, and feeds. When
/// nothing has changed but words of it, all other outputs of the site are what they were.
///
/// The problems are those that such words can have; `written` is the text that they stand in.
pub fn plan_text<'a>(
    renderer: &'a Renderer<'_>,
    PostIndex(index): PostIndex,
    written: &Arc<SourceText>,
) -> (Vec<Planned<'a>>, Vec<Diagnostic>) {
    let mut outputs = vec![pages::post(renderer, index), lists::home_page_with(renderer, index)];
    outputs.extend(feeds::plan_with(renderer, index));
    (outputs, feeds::check_text(renderer, index, written))
}

/// The posts whose texts stand in the outputs of [`plan_text`].
#[must_use]
pub fn quoted_with(renderer: &Renderer<'_>, PostIndex(index): PostIndex) -> BTreeSet<PostIndex> {
    let page_size = renderer.site.config.page_size;
    let first = index / page_size * page_size;
    let of_page = (first..(first + page_size).min(renderer.site.posts.len())).map(PostIndex);
    feeds::posts_with(renderer, index).into_iter().chain(of_page).collect()
}

/// Pages that people look for, as the sitemap names them.
fn plan_pages<'a>(renderer: &'a Renderer<'_>) -> Vec<Planned<'a>> {
    let site = renderer.site;
    // Lists ask for all of them, one after the other.
    (0..site.posts.len()).into_par_iter().for_each(|index| _ = renderer.listed(index));
    let mut planned = lists::home(renderer);
    let posts = (0..site.posts.len()).into_par_iter().map(|index| pages::post(renderer, index));
    planned.extend(posts.collect::<Vec<_>>());
    planned.extend(site.pages.iter().map(|page| pages::page(renderer, page)));
    planned.push(lists::archives(renderer));
    planned.extend(lists::tags(renderer));
    planned.push(feeds::page::page(renderer));
    planned.extend(search::page(renderer));
    planned.extend(gallery::gallery(renderer));
    planned
}

/// All texts of the site, with the page that each stands in.
pub fn bodies(site: &Site) -> impl Iterator<Item = (&Route, &Body)> {
    let posts = site.posts.iter().map(|post| (&post.route, &post.body));
    let pages = site.pages.iter().map(|page| (&page.route, &page.body));
    let albums = site.albums.iter().map(|album| (&album.route, &album.body));
    posts.chain(pages).chain(albums)
}

fn asset<'a>(renderer: &'a Renderer<'_>, asset: &'a Asset) -> Planned<'a> {
    let sources = asset.files.iter().map(|file| file.as_str().into()).collect();
    let made_of = Composition { sources, ..Composition::new("asset", &[(Of::Bytes, asset.hash)]) };
    Planned {
        route: asset.route.clone(),
        phase: Phase::Asset,
        fingerprint: renderer.fingerprint(&made_of),
        made_of,
        make: Box::new(|| Ok(asset.bytes.clone())),
    }
}

fn plain_file<'a>(renderer: &'a Renderer<'_>, file: &'a PlainFile) -> Planned<'a> {
    // The same bytes lose what cameras wrote in one folder and keep it in another.
    let kind = match file.publishing {
        Publishing::AsItIs => "file",
        Publishing::WithoutMetadata => "file without metadata",
    };
    let made_of = Composition::new(kind, &[(Of::Bytes, file.hash)]).from(&*file.path);
    Planned {
        route: file.route.clone(),
        phase: Phase::Asset,
        fingerprint: renderer.fingerprint(&made_of),
        made_of,
        make: Box::new(Published(file)),
    }
}

/// The sizes of all pictures; a picture that stands in two places is made once.
fn plan_pictures<'a>(renderer: &'a Renderer<'_>, kept: &Kept) -> (Vec<Planned<'a>>, Vec<Arc<Work>>) {
    let site = renderer.site;
    let photos = site.albums.iter().flat_map(|album| album.photos.iter().map(Picture::of_album));
    let mut planned: BTreeMap<Route, Planned<'a>> = BTreeMap::new();
    let mut works = Vec::new();
    for picture in photos.chain(renderer.pictures.all().cloned()) {
        let work = Arc::new(Work::new(picture, kept.clone()));
        let before = planned.len();
        for (index, file) in work.files().iter().enumerate() {
            let work = Arc::clone(&work);
            // The name says all that the bytes depend on.
            let made_of = Composition::new("picture", &[(Of::Bytes, blake3::hash(file.name().as_bytes()))]);
            let made_of = made_of.from(work.source().to_owned());
            planned.entry(file.route.clone()).or_insert_with(|| Planned {
                route: file.route.clone(),
                phase: Phase::Asset,
                fingerprint: renderer.fingerprint(&made_of),
                made_of,
                make: Box::new(Part { work, index }),
            });
        }
        if planned.len() > before {
            works.push(work);
        }
    }
    (planned.into_values().collect(), works)
}

/// Each figure's picture, table and page of its own, for feeds, previews, other people's pages and downloads.
fn plan_figures<'a>(renderer: &'a Renderer<'_>, route: &'a Route, body: &'a Body) -> impl Iterator<Item = Planned<'a>> {
    figures(body).flat_map(move |wanted| {
        let figure = Figure::new(wanted, route);
        let hash = hash_figure(wanted);
        let made_of = |kind| Composition::new(kind, &[(Of::Figure, hash)]).from(&*wanted.span.source.path);
        let png = Planned {
            route: figure.png_route(),
            phase: Phase::Asset,
            fingerprint: renderer.fingerprint(&made_of("figure png")),
            made_of: made_of("figure png"),
            make: Box::new(move || Figure::new(wanted, route).png()),
        };
        let svg = Planned {
            route: figure.svg_route(),
            phase: Phase::Asset,
            fingerprint: renderer.fingerprint(&made_of("figure svg")),
            made_of: made_of("figure svg"),
            make: Box::new(move || Ok(Figure::new(wanted, route).svg().into_bytes())),
        };
        let csv = Planned {
            route: figure.csv_route(),
            phase: Phase::Asset,
            fingerprint: renderer.fingerprint(&made_of("figure csv")),
            made_of: made_of("figure csv"),
            make: Box::new(move || Ok(Figure::new(wanted, route).csv().into_bytes())),
        };
        [png, svg, csv, alone::alone(renderer, wanted, route)]
    })
}

/// Each diagram's text, and its picture for feeds.
fn plan_diagrams<'a>(
    renderer: &'a Renderer<'_>,
    route: &'a Route,
    body: &'a Body,
) -> impl Iterator<Item = Planned<'a>> {
    diagrams(body).flat_map(move |wanted| {
        let (diagram, hash) = (Diagram::new(wanted, route), hash_diagram(wanted));
        let made_of = |kind| {
            let made_of = Composition::new(kind, &[(Of::Text, hash)]).from(&*wanted.span.source.path);
            made_of.and(diagram.held().into_iter())
        };
        let text = Planned {
            route: diagram.text_route(),
            phase: Phase::Asset,
            fingerprint: renderer.fingerprint(&made_of("diagram text")),
            made_of: made_of("diagram text"),
            make: Box::new(|| Ok(wanted.text.clone().into_bytes())),
        };
        let png = Planned {
            route: diagram.png_route(),
            phase: Phase::Asset,
            fingerprint: renderer.fingerprint(&made_of("diagram png")),
            made_of: made_of("diagram png"),
            make: Box::new(move || diagram.png()),
        };
        [Some(text), diagram.has_png().then_some(png)].into_iter().flatten()
    })
}

/// Pictures of the drawings in posts, for feeds.
fn plan_drawings<'a>(renderer: &'a Renderer<'_>) -> impl Iterator<Item = Planned<'a>> {
    let of_post = |post: &'a Post| drawings(&post.route, &post.body).into_iter().map(move |place| (post, place));
    let places = renderer.site.posts.iter().flat_map(of_post);
    places.filter_map(|(post, place)| Some((post, place.drawing?))).map(|(post, drawing)| {
        let made_of = Composition::new("drawing", &[(Of::Text, blake3::hash(drawing.svg.as_bytes()))]);
        let made_of = made_of.from(&*post.path);
        Planned {
            route: drawing.route.clone(),
            phase: Phase::Asset,
            fingerprint: renderer.fingerprint(&made_of),
            made_of,
            make: Box::new(move || drawing.png()),
        }
    })
}

/// The cards of posts; an author's own file of that name takes a card's place.
fn plan_cards<'a>(renderer: &'a Renderer<'_>) -> impl Iterator<Item = Planned<'a>> {
    let site = renderer.site;
    let cards = site.posts.iter().filter_map(|post| {
        Some((post, Card::of(post, &site.config, &renderer.phrases_in(Some(&post.language)).view)?))
    });
    let planned = cards.map(|(post, card)| {
        let figure = card.figure().map(|figure| (Of::Figure, hash_figure(figure)));
        let parts: Vec<_> = figure.into_iter().chain([(Of::View, card.words())]).collect();
        let made_of = Composition::new("card", &parts).from(&*post.path);
        Planned {
            route: card.route(),
            phase: Phase::Asset,
            fingerprint: renderer.fingerprint(&made_of),
            made_of,
            make: Box::new(move || card.png()),
        }
    });
    planned.filter(|planned| site.file(&planned.route).is_none())
}

fn unknown_templates(site: &Site, theme: &Theme) -> Vec<Diagnostic> {
    let posts = site.posts.iter().map(|post| (&post.template, &post.path));
    let pages = site.pages.iter().map(|page| (&page.template, &page.path));
    let unknown = posts.chain(pages).filter(|(template, _)| !theme.has(template));
    let tell = |(template, path): (&String, &String)| {
        let help = nearest(template, theme.names())
            .map_or_else(|| format!("put it at `templates/{template}`"), |near| format!("did you mean `{near}`?"));
        Diagnostic::error("unknown-template", format!("there is no template `{template}`")).in_path(path).help(help)
    };
    unknown.map(tell).collect()
}
