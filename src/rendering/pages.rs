//! Pages that show one thing: posts, pages, what a missing address shows, and signs at old addresses.

use crate::files::config::FeedFormat;
use crate::files::output::Planned;
use crate::graph::site::{Enclosure, EnclosureFile, Page, Post};
use crate::rendering::card::{self, Card};
use crate::rendering::draft::{Draft, Filling};
use crate::rendering::feed_address::FeedAddress;
use crate::rendering::hashing::hash_body;
use crate::rendering::linked_data;
use crate::rendering::published::Attachment;
use crate::rendering::renderer::{Renderer, json};
use crate::rendering::view::page::{EnclosureView, MissingPage, PagePage, PageView, PostPage, PostView, RedirectPage};
use crate::rendering::view::shared::{DateView, FeedView, HeadView, TitledLink, TocEntry};
use crate::words::language::direction;
use crate::words::route::Route;

/// The post at `index` of the site's list.
pub fn post<'a>(renderer: &'a Renderer<'_>, index: usize) -> Planned<'a> {
    renderer.page_again(move || post_page(renderer, index))
}

fn post_page<'a>(renderer: &'a Renderer<'_>, index: usize) -> Draft<'a, PostPage> {
    let posts = &renderer.site.posts;
    let post = &posts[index];
    let newer = index.checked_sub(1).map(|newer| renderer.post_link(&posts[newer]));
    let older = posts.get(index + 1).map(|older| renderer.post_link(older));
    let link = |link: &Option<TitledLink>| link.as_ref().map_or_else(String::new, |link| link.href.clone());
    let mut head = HeadView {
        kind: "article",
        published: post.date.to_rfc3339(),
        updated: post.updated.map_or_else(String::new, |date| date.to_rfc3339()),
        prev: link(&older),
        next: link(&newer),
        feeds: of_its_language(renderer, post),
        ..with_picture(renderer, renderer.head(&post.route, &post.title, &post.summary), post)
    };
    head.linked_data = linked_data::of_post(renderer, post, &head);
    let phrases = renderer.phrases_in(Some(&post.language));
    let view = PostView {
        title: post.title.clone(),
        date: DateView::new(&post.date, &phrases.view),
        updated: post.updated.as_ref().map(|date| DateView::new(date, &phrases.view)),
        minutes: post.body.minutes(),
        words: post.body.words,
        tags: renderer.tags(post),
        authors: post.authors.clone(),
        summary: post.summary.clone(),
        lede: if post.is_summarised { post.summary.clone() } else { String::new() },
        lang: post.language.clone(),
        direction: direction(&post.language),
        toc: TocEntry::tree(&post.body.headings),
        html: String::new(),
        enclosure: post.enclosure.as_ref().map(|enclosure| enclosure_view(renderer, enclosure)),
        series: renderer.series(post),
        related: renderer.related(index),
        newer,
        older,
        source: post.path.strip_prefix("content/").unwrap_or(&post.path).to_owned(),
        extra: json(&post.extra),
    };
    Draft {
        route: post.route.clone(),
        template: renderer.template(&post.template, "post.html"),
        content: &post.path,
        view: PostPage { head, post: view },
        listed: None,
        language: Some(&post.language),
        body: Some(Filling { body: &post.body, hash: renderer.post_body(index), place: |view| &mut view.post.html }),
    }
}

/// The feeds of the post's language, where the site has several.
fn of_its_language(renderer: &Renderer<'_>, post: &Post) -> Vec<FeedView> {
    let config = &renderer.site.config;
    let address = |format: &FeedFormat| FeedAddress::of_language(config, &post.language, *format).view(config);
    config.feed.formats.iter().filter(|_| renderer.languages.contains(&*post.language)).map(address).collect()
}

fn enclosure_view(renderer: &Renderer<'_>, enclosure: &Enclosure) -> EnclosureView {
    let name = match &enclosure.file {
        EnclosureFile::OfSite(route) => route.as_str(),
        EnclosureFile::Elsewhere { url, .. } => url.split(['?', '#']).next().unwrap_or_default(),
    };
    let Attachment { href, media_type, length, .. } = Attachment::new(renderer, enclosure);
    EnclosureView {
        name: name.rsplit('/').find(|part| !part.is_empty()).unwrap_or(name).to_owned(),
        href,
        media_type,
        size: size_in_words(length),
    }
}

/// Bytes in the unit that people expect, to a tenth.
fn size_in_words(bytes: u64) -> String {
    let (unit, name) = if bytes < 1_000_000 { (1_000, "kB") } else { (1_000_000, "MB") };
    let tenths = bytes.div_ceil(unit / 10);
    format!("{}.{} {name}", tenths / 10, tenths % 10)
}

/// A post stands in other sites' previews with its own picture, or with a card that shows its first figure.
fn with_picture(renderer: &Renderer<'_>, mut head: HeadView, post: &Post) -> HeadView {
    head.shell = renderer.shell(&post.body);
    head.code = Renderer::has_code(&post.body);
    if let Some(image) = &post.image {
        head.image = renderer.url(image);
        head.image_alt.clone_from(&post.title);
    } else if let Some(card) = Card::of(post, &renderer.site.config, &renderer.phrases_in(Some(&post.language)).view) {
        head.image = renderer.url(&card.route());
        head.image_alt = card.alternative();
        // An author's own file of that name has a size of its own.
        let ours = renderer.site.file(&card.route()).is_none();
        head.image_size = ours.then_some((card::WIDTH, card::HEIGHT));
    }
    head
}

/// A page outside the stream of posts.
pub fn page<'a>(renderer: &'a Renderer<'_>, page: &'a Page) -> Planned<'a> {
    let head = HeadView {
        shell: renderer.shell(&page.body),
        code: Renderer::has_code(&page.body),
        updated: page.updated.map_or_else(String::new, |date| date.to_rfc3339()),
        ..renderer.head(&page.route, &page.title, &page.summary)
    };
    let phrases = renderer.phrases_in(Some(&page.language));
    let view = PageView {
        title: page.title.clone(),
        html: String::new(),
        toc: TocEntry::tree(&page.body.headings),
        updated: page.updated.as_ref().map(|date| DateView::new(date, &phrases.view)),
        lang: page.language.clone(),
        direction: direction(&page.language),
        extra: json(&page.extra),
    };
    renderer.page(Draft {
        route: page.route.clone(),
        template: renderer.template(&page.template, "page.html"),
        content: &page.path,
        view: PagePage { head, page: view },
        listed: None,
        language: Some(&page.language),
        body: Some(Filling { body: &page.body, hash: hash_body(&page.body), place: |view| &mut view.page.html }),
    })
}

/// What hosts show at addresses where nothing is.
pub fn missing<'a>(renderer: &'a Renderer<'_>) -> Planned<'a> {
    let route = Renderer::fixed("404.html");
    let head = HeadView {
        // The page is shown at every wrong address; none of them is its own.
        canonical: String::new(),
        robots: "noindex",
        ..renderer.head(&route, renderer.phrases().text("missing"), "")
    };
    renderer.page(Draft {
        view: MissingPage { head },
        route,
        template: "404.html",
        content: "content",
        listed: None,
        language: None,
        body: None,
    })
}

/// A sign at an old address; it works without a script and without the host's help.
pub fn redirect<'a>(renderer: &'a Renderer<'_>, from: &Route, to: &Route) -> Planned<'a> {
    let title = title_at(renderer, to);
    let head = HeadView { robots: "noindex", ..renderer.head(to, &title, "") };
    renderer.page(Draft {
        route: from.clone(),
        template: "redirect.html",
        content: "content",
        view: RedirectPage { head, target: TitledLink { title, href: renderer.href(to) } },
        listed: None,
        language: None,
        body: None,
    })
}

/// The title of the page at `route`.
pub fn title_at(renderer: &Renderer<'_>, route: &Route) -> String {
    let site = renderer.site;
    let posts = site.posts.iter().map(|post| (&post.route, &post.title));
    let pages = site.pages.iter().map(|page| (&page.route, &page.title));
    let albums = site.albums.iter().map(|album| (&album.route, &album.title));
    let mut titles = posts.chain(pages).chain(albums);
    titles.find(|(at, _)| *at == route).map_or_else(|| site.config.title.clone(), |(_, title)| title.clone())
}
