//! Tags: one page for each, whatever the case in which authors write them.

use std::collections::BTreeMap;

use crate::graph::claims::{Claimant, Claims};
use crate::graph::members::Member;
use crate::graph::site::{PostIndex, Tag};
use crate::parsing::post::Post;
use crate::words::diagnostic::Diagnostic;
use crate::words::route::Route;
use crate::words::slug::slug;
use crate::words::source_text::Located;

/// The tags of a site, by slug.
pub(crate) struct Tags {
    tags: BTreeMap<String, Tag>,
}

impl Tags {
    /// Collects the tags of posts that stand in their final order. The oldest post decides how a tag is written.
    pub(crate) fn collect(posts: &[Member], claims: &mut Claims) -> Self {
        let mut first: BTreeMap<String, &Located<String>> = BTreeMap::new();
        for tag in posts.iter().rev().flat_map(|member| &member.post.tags) {
            let first = first.entry(slug(&tag.value)).or_insert(tag);
            if first.value.to_lowercase() != tag.value.to_lowercase() {
                let message = format!("the tags `{}` and `{}` share one address", first.value, tag.value);
                let diagnostic =
                    Diagnostic::warning("same-tag", message).at(tag.span.clone(), "shown with the other's posts");
                claims
                    .diagnostics
                    .push(diagnostic.at(first.span.clone(), "first here").help("write both alike, or name them apart"));
            }
        }
        let mut tags = BTreeMap::new();
        for (slug, first) in first {
            let route = Route::new(format!("tags/{slug}/")).expect("a slug is a part of a route");
            if claims.route(&route, &Claimant::Text(first.span.clone())) {
                tags.insert(slug, Tag { name: first.value.clone(), route, posts: Vec::new() });
            }
        }
        let mut tags = Self { tags };
        for (index, member) in posts.iter().enumerate() {
            for slug in tags.of(&member.post) {
                tags.tags.get_mut(&slug).expect("of() gives tags of the site").posts.push(PostIndex(index));
            }
        }
        tags
    }

    /// The slugs of a post's tags, each once, in the author's order.
    pub(crate) fn of(&self, post: &Post) -> Vec<String> {
        let mut slugs: Vec<String> = Vec::new();
        for slug in post.tags.iter().map(|tag| slug(&tag.value)) {
            if self.tags.contains_key(&slug) && !slugs.contains(&slug) {
                slugs.push(slug);
            }
        }
        slugs
    }

    pub(crate) fn routes(&self) -> impl Iterator<Item = &Route> {
        self.tags.values().map(|tag| &tag.route)
    }

    pub(crate) fn finish(self) -> BTreeMap<String, Tag> {
        self.tags
    }
}
