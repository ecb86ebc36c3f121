//! Pages that list posts: home, archives, tags.

use std::borrow::Cow;

use crate::files::config::FeedFormat;
use crate::files::output::Planned;
use crate::graph::site::{Block, Post};
use crate::rendering::code;
use crate::rendering::draft::Draft;
use crate::rendering::feed_address::FeedAddress;
use crate::rendering::figure::Figure;
use crate::rendering::listed::{Lead, Listed};
use crate::rendering::pictures::Texts;
use crate::rendering::portable::{Destination, portable};
use crate::rendering::renderer::{Renderer, holds_code};
use crate::rendering::view::page::{ArchivesPage, HomePage, PaginationLink, PaginationView, TagPage, TagsPage};
use crate::rendering::view::shared::HeadView;
use crate::words::route::Route;

/// Pages of the home list that a page links to on either side.
const AROUND: usize = 2;

/// The home list, `page_size` posts on a page; a site without posts has one empty page.
pub fn home<'a>(renderer: &'a Renderer<'_>) -> Vec<Planned<'a>> {
    let pages = renderer.site.posts.len().div_ceil(renderer.site.config.page_size).max(1);
    (1..=pages).map(|page| home_page(renderer, page, pages)).collect()
}

/// The page of the home list that the post at `index` of the site's list stands on.
pub fn home_page_with<'a>(renderer: &'a Renderer<'_>, index: usize) -> Planned<'a> {
    let page_size = renderer.site.config.page_size;
    home_page(renderer, index / page_size + 1, renderer.site.posts.len().div_ceil(page_size))
}

/// A page of the home list, from 1, of so many.
fn home_page<'a>(renderer: &'a Renderer<'_>, page: usize, pages: usize) -> Planned<'a> {
    let config = &renderer.site.config;
    let href = |page: usize| if (1..=pages).contains(&page) { renderer.href(&home_route(page)) } else { String::new() };
    let route = home_route(page);
    let title = if page == 1 { String::new() } else { renderer.phrases().filled("page", &[("n", &page.to_string())]) };
    let mut head =
        HeadView { prev: href(page - 1), next: href(page + 1), ..renderer.head(&route, &title, &config.description) };
    let first = (page - 1) * config.page_size;
    let posts = renderer.site.posts.iter().skip(first).take(config.page_size);
    let mut texts = renderer.texts(&route);
    let pagination =
        PaginationView { page, pages, newer: href(page - 1), older: href(page + 1), links: links(page, pages, href) };
    let leads: Vec<Lead> = posts.map(|post| lead(renderer, post, &mut texts)).collect();
    head.code = leads.iter().any(|lead| holds_code(&lead.html));
    renderer.page(Draft {
        view: HomePage { head, pagination },
        route,
        template: "home.html",
        content: "content/posts",
        listed: Some(Listed::Leads(first, leads)),
        language: None,
        body: None,
    })
}

/// Links to the first page and the last, to `page` and to those around it.
fn links(page: usize, pages: usize, href: impl Fn(usize) -> String) -> Vec<PaginationLink> {
    let around = page.saturating_sub(AROUND)..=page + AROUND;
    let mut links: Vec<PaginationLink> = Vec::new();
    // The page beside the first or the last takes no more room than a gap.
    let shown = |n: &usize| around.contains(n) || *n == 1 || *n == pages;
    let near = |n: &usize| shown(n) || (shown(&(n - 1)) && shown(&(n + 1)));
    let from = around.start().saturating_sub(2).max(2)..=(around.end() + 2).min(pages);
    for n in std::iter::once(1).chain(from).chain([pages]).filter(near) {
        let last = links.last().map_or(0, |link| link.n);
        if n > last {
            links.push(PaginationLink { n, href: href(n), current: n == page, after_gap: n > last + 1 });
        }
    }
    links
}

fn home_route(page: usize) -> Route {
    if page == 1 { Route::home() } else { Renderer::fixed(&format!("page/{page}/")) }
}

/// The text before the author's mark, or the summary, and the moments of the first figure. The figure itself stays on the post's own
/// page.
fn lead(renderer: &Renderer<'_>, post: &Post, texts: &mut Texts<'_>) -> Lead {
    let html = match post.body.lead {
        Some(lead) => {
            let html = post.body.blocks.iter().take(lead).map(|block| match block {
                Block::Html(html) => Cow::Borrowed(html.as_str()),
                Block::Figure(_) => Cow::Borrowed(""),
                Block::Code(code) => Cow::Owned(code::html(code)),
                // It has its id on the post's own page.
                Block::Diagram(_) => Cow::Borrowed(""),
            });
            texts.responsive(&portable(&html.collect::<String>(), &renderer.url(&post.route), Destination::List))
        }
        None => {
            let mut html = String::from("<p>");
            pulldown_cmark_escape::escape_html(&mut html, &post.summary).expect("writing to a string does not fail");
            html.push_str("</p>");
            html
        }
    };
    let figure = post.body.blocks.iter().find_map(|block| match block {
        Block::Html(_) | Block::Code(_) | Block::Diagram(_) => None,
        Block::Figure(wanted) => Some(Figure::new(wanted, &post.route)),
    });
    let page = renderer.href(&post.route);
    let film_html = figure.map(|figure| figure.film_html(&page)).unwrap_or_default();
    Lead { html, film_html }
}

/// All posts by year and month.
pub fn archives<'a>(renderer: &'a Renderer<'_>) -> Planned<'a> {
    let route = Renderer::fixed("archives/");
    let head = renderer.head_saying(&route, "archives", "archives_about");
    renderer.page(Draft {
        view: ArchivesPage { head },
        route,
        template: "archives.html",
        content: "content/posts",
        listed: Some(Listed::Years),
        language: None,
        body: None,
    })
}

/// The list of tags, and each tag's posts; nothing on a site without tags.
pub fn tags<'a>(renderer: &'a Renderer<'_>) -> Vec<Planned<'a>> {
    let site = renderer.site;
    if site.tags.is_empty() {
        return Vec::new();
    }
    let route = Renderer::fixed("tags/");
    let mut planned = vec![renderer.page(Draft {
        view: TagsPage {
            head: renderer.head_saying(&route, "tags", "tags_about"),
            tags: site.tags.keys().filter_map(|slug| renderer.tag(slug)).collect(),
        },
        route,
        template: "tags.html",
        content: "content/posts",
        listed: None,
        language: None,
        body: None,
    })];
    for (slug, tag) in &site.tags {
        let Some(link) = renderer.tag(slug) else { continue };
        let config = &site.config;
        let feed = |format: &FeedFormat| FeedAddress::of_part(config, &tag.name, &tag.route, *format).view(config);
        let head = HeadView {
            feeds: config.feed.formats.iter().map(feed).collect(),
            ..renderer.head(&tag.route, &tag.name, &renderer.phrases().filled("tag_about", &[("tag", &tag.name)]))
        };
        planned.push(renderer.page(Draft {
            route: tag.route.clone(),
            template: "tag.html",
            content: "content/posts",
            view: TagPage { head, tag: link },
            listed: Some(Listed::Posts(&tag.posts)),
            language: None,
            body: None,
        }));
    }
    planned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_links_to_the_ends_and_to_what_is_near() {
        let told = |page, pages| {
            let links = links(page, pages, |n| n.to_string());
            let word = |link: &PaginationLink| {
                let gap = if link.after_gap { "… " } else { "" };
                if link.current { format!("{gap}[{}]", link.n) } else { format!("{gap}{}", link.n) }
            };
            links.iter().map(word).collect::<Vec<_>>().join(" ")
        };
        for (page, pages, expected) in [
            (1, 1, "[1]"),
            (2, 3, "1 [2] 3"),
            (1, 5, "[1] 2 3 4 5"),
            (1, 9, "[1] 2 3 … 9"),
            (5, 9, "1 2 3 4 [5] 6 7 8 9"),
            (5, 10, "1 2 3 4 [5] 6 7 … 10"),
            (6, 11, "1 … 4 5 [6] 7 8 … 11"),
            (500, 500, "1 … 498 499 [500]"),
        ] {
            assert_eq!(told(page, pages), expected, "{page} of {pages}");
        }
    }
}
