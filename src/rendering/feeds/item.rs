//! What every format says of a post: addresses, and a body that a reader of feeds can show.

use crate::graph::site::{Block, Body, Post};
use crate::rendering::figure::Figure;
use crate::rendering::headers::media_type;
use crate::rendering::portable::{Destination, portable};
use crate::rendering::renderer::Renderer;

/// A post on its way into a feed.
#[derive(Debug, Clone)]
pub struct Item<'a> {
    /// The post.
    pub post: &'a Post,
    /// The page's absolute URL.
    pub url: String,
    /// The full text as readers take it: absolute links, figures as pictures.
    pub html: String,
    /// Plain text.
    pub tags: Vec<String>,
    /// The picture that stands for the post.
    pub image: Option<Image>,
}

/// A picture in a feed.
#[derive(Debug, Clone)]
pub struct Image {
    /// Absolute URL.
    pub url: String,
    /// Its media type, for example `image/png`.
    pub media_type: &'static str,
    /// Width and height in pixels, where the file tells.
    pub size: Option<(u32, u32)>,
}

impl<'a> Item<'a> {
    pub(super) fn of(renderer: &Renderer<'a>, post: &'a Post) -> Self {
        let url = renderer.url(&post.route);
        let image = post.image.as_ref().map(|route| Image {
            url: renderer.url(route),
            media_type: media_type(route),
            size: renderer.picture(post).map(|picture| picture.size()),
        });
        Self {
            html: without_illegal(&plain_body(renderer, post, &url)),
            tags: renderer.tags(post).into_iter().map(|tag| tag.name).collect(),
            post,
            url,
            image,
        }
    }
}

fn plain_body(renderer: &Renderer<'_>, post: &Post, url: &str) -> String {
    let Body { blocks, .. } = &post.body;
    let html: String = blocks
        .iter()
        .map(|block| match block {
            Block::Html(html) => html.clone(),
            Block::Figure(wanted) => Figure::new(wanted, &post.route).plain_html(url, &renderer.site.config.base_url),
        })
        .collect();
    // As one text: an element of the author's may reach over a figure.
    portable(html.trim(), url, Destination::Feed)
}

/// What may stand in XML 1.0 (section 2.2, `Char`); the writer does not look.
pub(super) fn is_legal(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

pub(super) fn without_illegal(text: &str) -> String {
    text.chars().filter(|c| is_legal(*c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn illegal_characters_are_left_out() {
        assert_eq!(without_illegal("a\u{b}b\u{fffe}\tc\u{1f514}"), "ab\tc\u{1f514}");
    }
}
