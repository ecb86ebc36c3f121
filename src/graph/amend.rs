//! An edit of one post that the rest of the site need not know of: [`amend`].

use std::sync::Arc;

use sim::telling::claim::Claims as Engine;

use crate::files::source::{Source, SourceFile};
use crate::graph::body;
use crate::graph::diagram::Layouts;
use crate::graph::links::{Linker, Origin};
use crate::graph::outline::outline;
use crate::graph::places::Places;
use crate::graph::site::{Block, Body, PostIndex, Site};
use crate::parsing::layout::layout;
use crate::parsing::post;
use crate::words::source_text::SourceText;

/// A post's text, understood by itself.
#[derive(Debug)]
pub struct Amended {
    /// The text.
    pub source: Arc<SourceText>,
    body: Body,
}

/// The place in the site's list of the post that was written in the file at `path`.
#[must_use]
pub fn post_at(site: &Site, path: &str) -> Option<PostIndex> {
    site.posts.iter().position(|post| post.path == path).map(PostIndex)
}

/// Understands a text of a post of a site that has no errors. `None` when the text may differ from the one before in more than words, or
/// when there is something to be said about it: then the site has to be assembled anew.
#[must_use]
pub fn read_again(site: &Site, post: PostIndex, file: SourceFile) -> Option<Amended> {
    let old = &site.posts[post.0];
    let source = Source { content: vec![file], ..Source::default() };
    let (layout, problems) = layout(&source);
    let [file] = &layout.posts[..] else { return None };
    let (Some(mut post), found) = post::parse(file, site.config.timezone) else { return None };
    let said = std::mem::take(&mut post.text.said);
    if !problems.is_empty() || !found.is_empty() || outline(&post, &said) != old.ties.outline {
        return None;
    }
    // Nothing is laid out here: a text with a diagram has something to be said about it.
    let (places, engine, layouts) = (Places::new(), Engine::default(), Layouts::default());
    let known = Some(&old.ties.leads);
    let linker = Linker {
        places: &places,
        base_path: site.config.base_path(),
        claims: &engine,
        suggests: false,
        layouts: &layouts,
        known,
    };
    let origin = Origin { path: &post.source.path, route: &old.route, anchors: &post.text.anchors };
    let (mut body, findings) = body::write(&post.text, &said, linker, origin);
    let figures = body.blocks.iter_mut().filter_map(|block| match block {
        Block::Figure(figure) => Some(figure),
        Block::Html(_) | Block::Code(_) | Block::Diagram(_) => None,
    });
    figures.zip(&old.ties.places).for_each(|(figure, places)| figure.places.clone_from(places));
    findings.diagnostics.is_empty().then_some(Amended { source: post.source, body })
}

/// Puts texts that were understood in the place of those before.
pub fn amend(site: &mut Site, texts: impl IntoIterator<Item = (PostIndex, Amended)>) {
    for (PostIndex(index), Amended { source: _, body }) in texts {
        site.posts[index].body = body;
    }
}
