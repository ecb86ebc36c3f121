//! What all pages have in common: the site's view, heads, lines of posts, phrases.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde::Serialize;
use sim::telling::knobs::Offers;
use sim::telling::story::Answers;
use tera::Value;

use crate::files::composition::{Common, Composition};
use crate::files::config::FeedFormat;
use crate::graph::related::{related, series};
use crate::graph::site::{Block, Body, FigureUse, Post, PostIndex, Site};
use crate::rendering::aside::aside;
use crate::rendering::feed_address::FeedAddress;
use crate::rendering::hashing::hash_body;
use crate::rendering::listed::{Line, Listed};
use crate::rendering::mark;
use crate::rendering::photos::Picture;
use crate::rendering::pictures::{Pictures, Texts};
use crate::rendering::shared::Shared;
use crate::rendering::theme::{Offered, Theme};
use crate::rendering::view::page::SeriesView;
use crate::rendering::view::shared::{
    AssetsView, DateView, FeedView, HeadView, ImageView, NavigationView, PostLine, SiteView, TagLink, ThemeView,
    TitledLink,
};
use crate::words::language::direction;
use crate::words::phrases::{Phrases, primary, speaks};
use crate::words::route::Route;

/// Program and version, as feeds and pages name it.
pub const GENERATOR: &str = concat!("genblog ", env!("CARGO_PKG_VERSION"));

/// The template that shows a figure in a body.
pub const FIGURE_TEMPLATE: &str = "figure.html";

/// A site and the theme that it is shown in.
#[derive(Debug)]
pub struct Renderer<'a> {
    /// The site.
    pub site: &'a Site,
    /// The theme.
    pub theme: &'a Theme,
    /// Stands for the program: outputs of another one are made again.
    pub program: blake3::Hash,
    /// Pictures of texts and lists that are there in several sizes.
    pub pictures: Pictures,
    /// Hashes of what posts say, in the order of the site's list, of those that were asked for.
    post_bodies: Vec<OnceLock<blake3::Hash>>,
    /// Posts that are named beside each post, of those that were asked for.
    related: Vec<OnceLock<Vec<PostIndex>>>,
    /// Those of [`Site::languages`].
    pub languages: BTreeSet<&'a str>,
    /// The site as pages show it, by which links of the header lead to the page or above it.
    sites: Mutex<BTreeMap<Vec<bool>, Arc<Shared<SiteView>>>>,
    /// Posts as lists show them, in the order of the site's list, of those that were asked for.
    lines: Vec<OnceLock<Line>>,
    /// Links to tags as templates take them, of those that were asked for.
    tags: BTreeMap<&'a str, OnceLock<Value>>,
    /// What pages say, by language; that of the site stands first.
    phrases: Vec<(&'a str, Shared<Phrases>)>,
    /// The posts of each series.
    series: BTreeMap<&'a str, Vec<PostIndex>>,
}

impl<'a> Renderer<'a> {
    /// What shows `site` in `theme`; `program` stands for the program.
    #[must_use]
    pub fn new(site: &'a Site, theme: &'a Theme, program: blake3::Hash) -> Self {
        let (pictures, sites) = (Pictures::of_site(site), Mutex::default());
        let post_bodies = vec![OnceLock::new(); site.posts.len()];
        let related = vec![OnceLock::new(); site.posts.len()];
        let lines = site.posts.iter().map(|_| OnceLock::new()).collect();
        let tags = site.tags.keys().map(|slug| (slug.as_str(), OnceLock::new())).collect();
        let (languages, series, phrases) = (site.languages(), series(site), phrases(site));
        Self { site, theme, program, pictures, post_bodies, related, languages, sites, lines, tags, phrases, series }
    }

    /// Hash of what the post at `index` of the site's list says.
    #[must_use]
    pub fn post_body(&self, index: usize) -> blake3::Hash {
        *self.post_bodies[index].get_or_init(|| hash_body(&self.site.posts[index].body))
    }

    /// Links to the posts that have most in common with the one at `index` of the site's list.
    #[must_use]
    pub fn related(&self, index: usize) -> Vec<TitledLink> {
        let related = self.related[index].get_or_init(|| related(self.site, PostIndex(index)));
        related.iter().map(|other| self.post_link(&self.site.posts[other.0])).collect()
    }

    /// A link on this site.
    #[must_use]
    pub fn href(&self, route: &Route) -> String {
        route.href(self.site.config.base_path())
    }

    /// The figure shell that a page with this body loads; empty when it needs none.
    #[must_use]
    pub fn shell(&self, body: &Body) -> String {
        let assets = &self.theme.assets;
        let whole = figures(body).any(wants_whole_shell);
        let shell = if whole { &assets.whole_shell } else { &assets.shell };
        figures(body).next().map_or_else(String::new, |_| self.href(&shell.route))
    }

    /// Whether there is code in a body, which readers may want to copy.
    #[must_use]
    pub fn has_code(body: &Body) -> bool {
        body.blocks.iter().any(|block| match block {
            Block::Code(_) => true,
            Block::Html(html) => holds_code(html),
            Block::Figure(_) | Block::Diagram(_) => false,
        })
    }

    /// A link from elsewhere.
    #[must_use]
    pub fn url(&self, route: &Route) -> String {
        route.url(&self.site.config.base_url)
    }

    /// The route of something that every site has.
    #[must_use]
    pub fn fixed(path: &str) -> Route {
        Route::new(path).expect("fixed routes are sound")
    }

    /// The template that an author named, or `usual` where there is none of that name, so that the rest can be checked.
    #[must_use]
    pub fn template<'t>(&self, named: &'t str, usual: &'t str) -> &'t str {
        if self.theme.has(named) { named } else { usual }
    }

    /// The site as the page at `current` shows it.
    #[must_use]
    pub fn site_view(&self, current: &Route) -> SiteView {
        let config = &self.site.config;
        let assets = &self.theme.assets;
        let feed = |format: &FeedFormat| FeedAddress::of_site(config, *format).view(config);
        let feeds: Vec<FeedView> = config.feed.formats.iter().map(feed).collect();
        SiteView {
            title: config.title.clone(),
            description: config.description.clone(),
            language: config.language.clone(),
            direction: direction(&config.language),
            base_url: config.base_url.clone(),
            home: self.href(&Route::home()),
            nav: config.navigation.iter().map(|(name, to)| self.navigation(name, to, current)).collect(),
            author: config.author.clone(),
            generator: GENERATOR,
            copyright: config.copyright.clone(),
            feed: feeds[0].clone(),
            feeds,
            feed_page: self.href(&Self::fixed("feed/")),
            archives: self.href(&Self::fixed("archives/")),
            tags: self.href(&Self::fixed("tags/")),
            search: if config.search { self.href(&Self::fixed("search/")) } else { String::new() },
            assets: AssetsView {
                style: self.href(&assets.style.route),
                copy: self.href(&assets.copy.route),
                viewer: self.href(&assets.viewer.route),
                viewer_style: self.href(&assets.viewer_style.route),
                neighbours: self.href(&assets.neighbours.route),
                search: self.href(&assets.search.route),
                reader: self.href(&assets.reader.route),
                icon: self.href(&assets.icon.route),
                touch_icon: self.href(&mark::touch(self.theme)),
                manifest: self.href(&Self::fixed(mark::MANIFEST)),
            },
            theme: self.theme.name.clone(),
            themes: self.theme.offered.iter().map(|offered| self.theme_view(offered)).collect(),
            theme_color_light: self.theme.papers.0.clone(),
            theme_color_dark: self.theme.papers.1.clone(),
            aside: self.theme.aside.then(|| aside(self.site)),
            extra: json(&config.extra),
        }
    }

    /// The same, made once for all pages that it is equal for.
    #[must_use]
    pub fn shared_site(&self, current: &Route) -> Arc<Shared<SiteView>> {
        let leads_here = self.site.config.navigation.iter().map(|(_, to)| leads_to(to, current)).collect();
        let mut sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(sites.entry(leads_here).or_insert_with(|| Arc::new(Shared::new(self.site_view(current)))))
    }

    fn theme_view(&self, offered: &Offered) -> ThemeView {
        let assets = &self.theme.assets;
        let style = offered.style.map_or(&assets.style, |index| &assets.others[index]);
        let (name, title) = (offered.name.clone(), offered.title.clone());
        ThemeView { name, title, style: self.href(&style.route) }
    }

    fn navigation(&self, name: &str, to: &str, current: &Route) -> NavigationView {
        let href = match to.strip_prefix('/') {
            Some(path) => format!("{}{path}", self.site.config.base_path()),
            None => to.to_owned(),
        };
        NavigationView { name: name.to_owned(), current: leads_to(to, current), href }
    }

    /// The head of the page `title` at `route`.
    #[must_use]
    pub fn head(&self, route: &Route, title: &str, description: &str) -> HeadView {
        let site = &self.site.config.title;
        HeadView {
            title: if title.is_empty() { site.clone() } else { format!("{title} · {site}") },
            description: description.to_owned(),
            canonical: self.url(route),
            kind: "website",
            ..HeadView::default()
        }
    }

    /// The head of a page whose title and description are phrases.
    #[must_use]
    pub fn head_saying(&self, route: &Route, title: &str, description: &str) -> HeadView {
        let phrases = self.phrases();
        self.head(route, phrases.text(title), phrases.text(description))
    }

    /// What pages say in the site's language.
    #[must_use]
    pub fn phrases(&self) -> &Phrases {
        &self.phrases[0].1.view
    }

    /// What pages say in a language, or in the site's where there are no phrases for it.
    #[must_use]
    pub fn phrases_in(&self, language: Option<&str>) -> &Shared<Phrases> {
        let known = self.phrases.iter().find(|(known, _)| language == Some(known));
        known.map_or(&self.phrases[0].1, |(_, phrases)| phrases)
    }

    /// A post in a list.
    #[must_use]
    pub fn line(&self, post: &Post) -> PostLine {
        PostLine {
            title: post.title.clone(),
            href: self.href(&post.route),
            date: DateView::new(&post.date, self.phrases()),
            summary: post.summary.clone(),
            tags: self.tags(post),
            minutes: post.body.minutes(),
            lang: if post.language == self.site.config.language { String::new() } else { post.language.clone() },
            fragment: post.archive_fragment(),
            thumb: self.thumb(post),
            html: String::new(),
            film_html: String::new(),
        }
    }

    /// The post at `index` of the site's list, as lists show it.
    #[must_use]
    pub fn listed(&self, index: usize) -> &Line {
        self.lines[index].get_or_init(|| {
            let post = &self.site.posts[index];
            let tag = |slug: &String| {
                let value = self.tags.get(slug.as_str())?;
                Some(value.get_or_init(|| Value::from_serializable(&self.tag(slug))).clone())
            };
            Line::new(self.line(post), post.tags.iter().filter_map(tag).collect())
        })
    }

    /// The lines of posts that a page lists.
    pub(super) fn lines(&self, listed: &Listed<'_>) -> Vec<&Line> {
        listed.indices(self.site.posts.len()).into_iter().map(|index| self.listed(index)).collect()
    }

    /// The post's own picture, where it can be made small.
    #[must_use]
    pub fn picture(&self, post: &Post) -> Option<&Picture> {
        self.pictures.get(post.image.as_ref()?)
    }

    /// The texts of the page at `route`, for the pictures in them.
    #[must_use]
    pub fn texts(&self, route: &Route) -> Texts<'_> {
        Texts::new(&self.pictures, &self.site.config, route)
    }

    fn thumb(&self, post: &Post) -> Option<ImageView> {
        self.picture(post).map(|picture| picture.beside_line(self.site.config.base_path()))
    }

    /// Links to the post's tags.
    #[must_use]
    pub fn tags(&self, post: &Post) -> Vec<TagLink> {
        post.tags.iter().filter_map(|slug| self.tag(slug)).collect()
    }

    /// A link to a tag's list.
    #[must_use]
    pub fn tag(&self, slug: &str) -> Option<TagLink> {
        let tag = self.site.tags.get(slug)?;
        Some(TagLink { name: tag.name.clone(), href: self.href(&tag.route), count: tag.posts.len() })
    }

    /// The post among the parts of its series, if it has others.
    #[must_use]
    pub fn series(&self, post: &Post) -> Option<SeriesView> {
        let parts = self.series.get(&*post.series).filter(|parts| parts.len() > 1)?;
        let parts = parts.iter().map(|part| &self.site.posts[part.0]);
        let part = parts.clone().position(|part| std::ptr::eq(part, post))? + 1;
        Some(SeriesView { title: post.series.clone(), part, parts: parts.map(|part| self.post_link(part)).collect() })
    }

    /// A link to a post.
    #[must_use]
    pub fn post_link(&self, post: &Post) -> TitledLink {
        TitledLink { title: post.title.clone(), href: self.href(&post.route) }
    }

    /// Hash of everything that an output depends on: what it is made of, and the program.
    #[must_use]
    pub fn fingerprint(&self, made_of: &Composition<'_>) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.program.as_bytes()).update(blake3::hash(made_of.kind.as_bytes()).as_bytes());
        for (_, hash) in &made_of.parts {
            hasher.update(hash.as_bytes());
        }
        hasher.finalize()
    }

    /// What decides on all outputs alike.
    #[must_use]
    pub fn common(&self) -> Common {
        Common { program: self.program, templates: self.theme.texts() }
    }
}

/// Whether a reader can put something of a figure in order, is asked for an order, or writes a knob's number. Places of a picture
/// turn no other knobs.
fn wants_whole_shell(wanted: &FigureUse) -> bool {
    let spec = sim::telling::figure(&wanted.figure);
    spec.is_some_and(|spec| {
        let guessed = spec.guess.is_some_and(|guess| matches!(guess.answers, Answers::Order { .. }));
        let written = spec.knobs.iter().any(|knob| matches!(knob.offers, Offers::Number(_)));
        guessed || written || spec.order.is_some()
    })
}

/// Whether the engine's words, which are English, are of another language than this one.
#[must_use]
pub fn is_foreign(language: &str) -> bool {
    primary(language) != "en"
}

/// What the pages of a site say: in its own language, and in those of its posts and pages that genblog speaks. What an author says is said
/// in the author's language only.
fn phrases(site: &Site) -> Vec<(&str, Shared<Phrases>)> {
    let (own, config) = (&site.config.language, &site.config);
    let posts = site.posts.iter().map(|post| post.language.as_str());
    let others: BTreeSet<&str> = posts.chain(site.pages.iter().map(|page| page.language.as_str())).collect();
    let others = others.into_iter().filter(|language| language != own && speaks(language));
    let of = |language: &'_ str| {
        let nothing = BTreeMap::new();
        let same = primary(language) == primary(own);
        Shared::new(Phrases::new(language, if same { &config.phrases } else { &nothing }))
    };
    std::iter::once(own.as_str()).chain(others).map(|language| (language, of(language))).collect()
}

/// Whether there is code in a piece of HTML.
#[must_use]
pub fn holds_code(html: &str) -> bool {
    html.contains("<pre") || html.contains("<PRE")
}

/// Whether a link of the header leads to the page at `current`, or to one that it lies below.
fn leads_to(to: &str, current: &Route) -> bool {
    let here = current.href("");
    to.strip_prefix('/').is_some_and(|there| here == there || (there.ends_with('/') && here.starts_with(there)))
}

/// The figures of a body, in order.
pub fn figures(body: &Body) -> impl Iterator<Item = &FigureUse> {
    body.blocks.iter().filter_map(|block| match block {
        Block::Figure(wanted) => Some(wanted),
        Block::Html(_) | Block::Code(_) | Block::Diagram(_) => None,
    })
}

/// Free data for a view.
pub fn json(value: &impl Serialize) -> serde_json::Value {
    serde_json::to_value(value).expect("free data is JSON already")
}
