//! Hashes of what outputs depend on.

use std::cell::RefCell;

use serde::Serialize;
use sim::telling::source::Tree;

use crate::graph::diagram::Shown;
use crate::graph::site::{Block, Body, DiagramUse, FigureUse};
use crate::parsing::code::Code;

/// Hash of what a body says.
#[must_use]
pub fn hash_body(body: &Body) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for block in &body.blocks {
        match block {
            Block::Html(html) => {
                hasher.update(b"html").update(&(html.len() as u64).to_le_bytes()).update(html.as_bytes())
            }
            Block::Figure(wanted) => {
                let hash = hash_json(&(hash_figure(wanted).to_hex().to_string(), &wanted.places));
                hasher.update(b"figure").update(hash.as_bytes())
            }
            Block::Diagram(wanted) => hasher.update(b"diagram").update(hash_diagram(wanted).as_bytes()),
            Block::Code(code) => hasher.update(b"code").update(hash_code(code).as_bytes()),
        };
    }
    hasher.finalize()
}

fn hash_code(Code { language, title, first, marked, tree, text }: &Code) -> blake3::Hash {
    let marked: Vec<(u32, u32)> = marked.iter().map(|lines| (*lines.start(), *lines.end())).collect();
    hash_json(&(language, title, first, marked, tree.map(Tree::key), text))
}

/// Hash of a diagram as it is shown.
#[must_use]
pub fn hash_diagram(wanted: &DiagramUse) -> blake3::Hash {
    let DiagramUse { id, text, alt, caption, drawing, links, kept: _, span: _ } = wanted;
    let in_page = drawing.element(Shown { id, alt, links });
    hash_json(&("diagram", id, text, alt, caption, in_page, drawing.document(), links))
}

/// Hash of what an author asked for; the engine itself is part of the program.
#[must_use]
pub fn hash_figure(wanted: &FigureUse) -> blake3::Hash {
    hash_json(&("figure", &wanted.figure, &wanted.id, &wanted.preset, &wanted.knobs, &wanted.caption))
}

/// Hash of a value by way of its JSON, whose maps are ordered.
pub fn hash_json(value: &impl Serialize) -> blake3::Hash {
    const ROOM: usize = 1 << 16;
    thread_local! {
        // Values are many and small; what one of them took is there for the next.
        static JSON: RefCell<Vec<u8>> = RefCell::default();
    }
    JSON.with_borrow_mut(|json| {
        serde_json::to_writer(&mut *json, value).expect("views are plain data with text for keys");
        let hash = blake3::hash(json);
        json.clear();
        json.shrink_to(ROOM);
        hash
    })
}
