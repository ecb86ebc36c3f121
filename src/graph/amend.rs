//! An edit of one post that the rest of the site need not know of: [`amend`].

use sim::telling::claim::Claims as Engine;

use crate::files::source::{Source, SourceFile};
use crate::graph::body;
use crate::graph::links::{Linker, Origin};
use crate::graph::outline::outline;
use crate::graph::places::Places;
use crate::graph::site::{Block, Body, PostIndex, Site};
use crate::parsing::layout::layout;
use crate::parsing::post;

/// Puts a post's new text into a site that had no errors, and gives the post's place in the site's list. `None` when the edit may have
/// changed more than the post's words, or when there is something to be said about it: then the site has to be assembled anew.
pub fn amend(site: &mut Site, file: SourceFile) -> Option<PostIndex> {
    let index = site.posts.iter().position(|post| post.source.path == file.path)?;
    let source = Source { content: vec![file], ..Source::default() };
    let (layout, problems) = layout(&source);
    let [file] = &layout.posts[..] else { return None };
    let (Some(post), found) = post::parse(file, site.config.timezone) else { return None };
    let old = &site.posts[index];
    if !problems.is_empty() || !found.is_empty() || outline(&post) != old.ties.outline {
        return None;
    }
    let (places, engine) = (Places::new(), Engine::default());
    let known = Some(&old.ties.leads);
    let linker =
        Linker { places: &places, base_path: site.config.base_path(), claims: &engine, suggests: false, known };
    let origin = Origin { path: &post.source.path, route: &old.route, anchors: &post.text.anchors };
    let (mut body, findings) = body::write(&post.text, linker, origin);
    if !findings.diagnostics.is_empty() {
        return None;
    }
    keep_places(&old.body, &mut body);
    let amended = &mut site.posts[index];
    amended.source = post.source;
    amended.body = body;
    Some(PostIndex(index))
}

/// Gives the figures of a body the places that links of the site lead to: they are those of the body before, one by one.
fn keep_places(before: &Body, body: &mut Body) {
    let figures = before.blocks.iter().filter_map(|block| match block {
        Block::Figure(figure) => Some(figure),
        Block::Html(_) => None,
    });
    let amended = body.blocks.iter_mut().filter_map(|block| match block {
        Block::Figure(figure) => Some(figure),
        Block::Html(_) => None,
    });
    for (before, figure) in figures.zip(amended) {
        figure.places.clone_from(&before.places);
    }
}
