//! `feed/`: for people who followed a link to a feed and wonder what it is.

use crate::files::output::Planned;
use crate::rendering::draft::Draft;
use crate::rendering::feeds::opml::OPML;
use crate::rendering::feeds::{Feed, Scope, all, of_site};
use crate::rendering::renderer::Renderer;
use crate::rendering::view::page::{FeedPage, FeedPageLine};
use crate::rendering::view::shared::FeedView;

/// Newest posts that it lists.
const LISTED: usize = 10;

/// Plans the page.
pub fn page<'a>(renderer: &'a Renderer<'_>) -> Planned<'a> {
    let route = Renderer::fixed("feed/");
    let formats = &renderer.site.config.feed.formats;
    let site = of_site(renderer);
    let addresses = |feed: &Feed| -> Vec<FeedView> {
        formats.iter().map(|format| feed.address(renderer, *format).view(&renderer.site.config)).collect()
    };
    let others = all(renderer).into_iter().filter_map(|feed| {
        let title = match &feed.scope {
            Scope::Tag(title) | Scope::Album(title) => title.clone(),
            Scope::Language(language) => renderer.phrases().filled("feed_of_language", &[("language", language)]),
            Scope::Site | Scope::Archive { .. } => return None,
        };
        Some(FeedPageLine { title, page: renderer.href(&feed.page), addresses: addresses(&feed) })
    });
    let posts = site.posts(renderer).into_iter().take(LISTED);
    let count = posts.len();
    let page = renderer.page(Draft {
        view: FeedPage {
            head: renderer.head_saying(&route, "feed", "feed_about"),
            addresses: addresses(&site),
            others: others.collect(),
            opml: renderer.href(&Renderer::fixed(OPML)),
            posts: posts.map(|post| renderer.line(post)).collect(),
        },
        route,
        template: "feed.html",
        content: "genblog.toml",
        listed: None,
        language: None,
        body: None,
    });
    page.showing(count)
}
