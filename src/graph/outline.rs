//! What the rest of a site can know of a post: [`outline`] stands for it.
//!
//! An edit that leaves the outline alone has changed words that only the post's own page shows, and what quotes them: feeds and the home
//! list. No list, no address, no link of another text and no figure is another one after it.

use blake3::{Hash, Hasher};

use crate::graph::site::minutes;
use crate::parsing::post::Post;
use crate::parsing::text::{FigureStart, Footnote, Piece, Said};

/// Stands for all of a post but words of its text: its keys, its start as summaries show it, the time that it takes to read, its anchors,
/// figures, pictures and HTML, and where its links lead.
pub(crate) fn outline(post: &Post, said: &Said) -> Hash {
    let text = &post.text;
    let mut outline = Outline(Hasher::new());
    outline.text(&post.source.text[..text.start]);
    outline.text(&text.opening);
    outline.number(minutes(text.words));
    outline.number(text.anchors.ids.len());
    text.anchors.ids.iter().for_each(|id| outline.text(id));
    outline.number(text.anchors.figures.len() * 2 + usize::from(text.anchors.unread_figures));
    for (id, FigureStart { name, knobs }) in &text.anchors.figures {
        outline.text(id);
        outline.text(name);
        knobs.iter().for_each(|&knob| outline.number(knob as usize));
    }
    outline.pieces(&said.pieces);
    for Footnote { pieces, references } in &said.footnotes {
        outline.number(*references);
        outline.pieces(pieces);
    }
    outline.0.finalize()
}

/// An outline on its way. Every part says how long it is, so that no two run into each other.
struct Outline(Hasher);

impl Outline {
    fn text(&mut self, text: &str) {
        self.number(text.len());
        self.0.update(text.as_bytes());
    }

    fn number(&mut self, number: usize) {
        self.0.update(&(number as u64).to_le_bytes());
    }

    fn pieces(&mut self, pieces: &[Piece]) {
        for piece in pieces {
            match piece {
                Piece::Written(_) | Piece::Code(_) => {}
                Piece::Diagram(diagram) => {
                    self.text("diagram");
                    self.text(&diagram.value.text);
                }
                Piece::Link(link) => {
                    self.text("link");
                    self.text(&link.destination);
                    // What a link that speaks of the engine says is a number, and counted.
                    self.text(&link.text);
                }
                Piece::LinkEnd => self.text("end of link"),
                Piece::Image(image) => {
                    self.text("image");
                    self.text(&image.destination);
                }
                Piece::Html(html) => {
                    self.text("html");
                    self.text(&html.value.html);
                }
                Piece::Figure(figure) => {
                    let figure = &figure.value;
                    self.text("figure");
                    [figure.spec.name, &figure.id, figure.preset].iter().for_each(|name| self.text(name));
                    for &(knob, value) in &figure.knobs {
                        self.text(knob);
                        self.number(value as usize);
                    }
                    self.caption(&figure.caption);
                }
                Piece::More => self.text("more"),
            }
        }
        self.text("end");
    }

    /// A caption also stands on the figure's own page.
    fn caption(&mut self, pieces: &[Piece]) {
        for piece in pieces {
            if let Piece::Written(html) = piece {
                self.text(html);
            }
        }
        self.pieces(pieces);
    }
}
