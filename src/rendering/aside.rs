//! What may stand beside every page: the years and the tags of a site's posts. It is made of what lists say of posts, and of nothing that
//! stands in their texts.

use std::cmp::Reverse;

use chrono::Datelike;

use crate::graph::site::{Site, Tag};
use crate::rendering::view::shared::{AsideView, TagLink, YearLink};

/// Tags that stand there at most: those of most posts.
const TAGS: usize = 24;

pub(super) fn aside(site: &Site) -> AsideView {
    let base_path = site.config.base_path();
    let mut years: Vec<YearLink> = Vec::new();
    for post in &site.posts {
        let year = post.date.year().to_string();
        match years.last_mut().filter(|last| last.year == year) {
            Some(last) => last.count += 1,
            None => years.push(YearLink { href: format!("{base_path}archives/#{year}"), year, count: 1 }),
        }
    }
    let link = |tag: &Tag| TagLink { name: tag.name.clone(), href: tag.route.href(base_path), count: tag.posts.len() };
    let mut tags: Vec<TagLink> = site.tags.values().map(link).collect();
    tags.sort_by_key(|tag| Reverse(tag.count));
    tags.truncate(TAGS);
    tags.sort_by(|one, other| one.name.cmp(&other.name));
    AsideView { years, tags }
}
