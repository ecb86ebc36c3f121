//! A queue as a tank whose level is its length: upright on a desk, lying on a phone.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec::Vec;

use crate::telling::drawing::{
    Anchor, Drawing, Face, Fill, Line, Paint, Shape, Tone, Unit, Weight, named, px, rule, words,
};
use crate::words::text::Text;

/// A part of what is in a tank.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    pub(crate) amount: u32,
    pub(crate) paint: Paint,
    /// What it is, for tanks with several parts.
    pub(crate) word: &'static str,
    pub(crate) tone: Tone,
}

impl Part {
    /// All that is in a tank of one part.
    pub(crate) const fn whole(amount: u32, tone: Tone) -> Part {
        Part { amount, paint: Paint::fill(Fill::Solid(tone)).dimmed(true), word: "", tone }
    }
}

/// A queue of so many at most.
#[derive(Clone, Debug)]
pub(crate) struct Tank<'a> {
    /// What prose calls it.
    pub(crate) entity: &'static str,
    pub(crate) name: &'static str,
    /// A name for a picture without room.
    pub(crate) short: &'static str,
    /// Whose it is.
    pub(crate) tone: Tone,
    /// `packets`, `slots`.
    pub(crate) things: &'static str,
    pub(crate) capacity: u32,
    /// A level at which something happens.
    pub(crate) line: Option<u32>,
    /// From the bottom up, or from left to right.
    pub(crate) parts: &'a [Part],
}

/// Room between a tank's wall and what is in it.
const INSET: Unit = 15;

/// Where a tank stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) x: Unit,
    pub(crate) y: Unit,
    pub(crate) width: Unit,
    pub(crate) height: Unit,
}

impl Place {
    /// The room within the walls.
    const fn inside(self) -> Place {
        let Place { x, y, width, height } = self;
        Place { x: x + INSET, y: y + INSET, width: width - 2 * INSET, height: height - 2 * INSET }
    }

    const fn filled(self, paint: Paint) -> Shape {
        let Place { x, y, width, height } = self;
        Shape::Rect { x, y, width, height, radius: 0, paint }
    }
}

impl Tank<'_> {
    /// All that is in it.
    pub(crate) fn level(&self) -> u32 {
        self.parts.iter().map(|part| part.amount).sum()
    }

    /// An upright tank with its name above, and its level in figures below.
    pub(crate) fn upright(&self, drawing: &mut Drawing, place: Place) {
        let Place { x, y, width, height } = place;
        let mut shapes = Vec::new();
        let mut filled = 0;
        let room = place.inside();
        for part in self.parts {
            let (low, high) = (self.scale(filled, room.height), self.scale(filled + part.amount, room.height));
            filled += part.amount;
            if high > low {
                let part_of = Place { y: room.y + room.height - high, height: high - low, ..room };
                shapes.push(part_of.filled(part.paint));
                if high - low >= px(15) && !part.word.is_empty() {
                    let middle = part_of.y + part_of.height / 2 + px(4);
                    shapes.push(in_part(part, (x + width / 2, middle)));
                }
            }
        }
        shapes.push(self.outline(place));
        if let Some(line) = self.line {
            let at = room.y + room.height - self.scale(line, room.height);
            shapes.push(rule((x - px(5), at), (x + width + px(5), at), limit()));
            let mut text = Text::new();
            text.push_u32(line);
            shapes.push(words(x + width + px(8), at + px(4), Anchor::Start, Face::Mono, Tone::Soft, text.as_str()));
        }
        let middle = x + width / 2;
        shapes.push(words(middle, y - px(12), Anchor::Middle, Face::Name, self.tone, self.name));
        shapes.push(words(middle, y + height + px(26), Anchor::Middle, Face::Big, self.tone, self.figures().as_str()));
        shapes.push(words(middle, y + height + px(43), Anchor::Middle, Face::Note, Tone::Soft, self.of_all().as_str()));
        drawing.add(named(self.entity, shapes));
    }

    /// A lying tank with its name and its level above.
    pub(crate) fn lying(&self, drawing: &mut Drawing, place: Place) {
        let Place { x, y, width, height } = place;
        let mut shapes = Vec::new();
        let mut filled = 0;
        let room = place.inside();
        for part in self.parts {
            let (left, right) = (self.scale(filled, room.width), self.scale(filled + part.amount, room.width));
            filled += part.amount;
            if right > left {
                shapes.push(Place { x: room.x + left, width: right - left, ..room }.filled(part.paint));
                if right - left >= px(84) && !part.word.is_empty() {
                    shapes.push(in_part(part, (room.x + (left + right) / 2, y + height / 2 + px(4))));
                }
            }
        }
        shapes.push(self.outline(place));
        if let Some(line) = self.line {
            let at = room.x + self.scale(line, room.width);
            shapes.push(rule((at, y), (at, y + height + px(5)), limit()));
        }
        let mut level = self.figures();
        level.push_char(' ').push_str(self.of_all().as_str());
        shapes.push(words(x, y - px(9), Anchor::Start, Face::Name, self.tone, self.name));
        shapes.push(words(x + width, y - px(9), Anchor::End, Face::Name, self.tone, level.as_str()));
        drawing.add(named(self.entity, shapes));
    }

    /// A small upright tank.
    pub(crate) fn small(&self, drawing: &mut Drawing, place: Place) {
        let Place { x, y, width, height } = place;
        let room = place.inside();
        let level = self.scale(self.level(), room.height);
        let mut shapes = Vec::new();
        if level > 0 {
            let paint = Part::whole(0, self.tone).paint;
            shapes.push(Place { y: room.y + room.height - level, height: level, ..room }.filled(paint));
        }
        shapes.push(self.outline(place));
        let middle = x + width / 2;
        shapes.push(words(middle, y - px(7), Anchor::Middle, Face::Note, self.tone, self.short));
        shapes.push(words(middle, y + height + px(15), Anchor::Middle, Face::Name, self.tone, self.figures().as_str()));
        drawing.add(named(self.entity, shapes));
    }

    fn outline(&self, place: Place) -> Shape {
        let Place { x, y, width, height } = place;
        // Hardware has square corners.
        let radius = if self.tone == Tone::Hardware { 0 } else { px(4) };
        Shape::Rect { x, y, width, height, radius, paint: Paint::stroke(self.tone) }
    }

    /// Something that is not empty is seen, however little it is.
    fn scale(&self, amount: u32, length: Unit) -> Unit {
        let scaled = i64::from(length) * i64::from(amount.min(self.capacity)) / i64::from(self.capacity);
        if amount > 0 { (scaled as Unit).max(px(1)) } else { 0 }
    }

    fn figures(&self) -> Text {
        let mut text = Text::new();
        text.push_u32(self.level());
        text
    }

    fn of_all(&self) -> Text {
        let mut text = Text::new();
        text.push_str("of ").push_u32(self.capacity).push_char(' ').push_str(self.things);
        text
    }
}

fn in_part(part: &Part, (x, y): (Unit, Unit)) -> Shape {
    let mut text = Text::new();
    text.push_u32(part.amount).push_char(' ').push_str(part.word);
    words(x, y, Anchor::Middle, Face::Note, part.tone, text.as_str())
}

const fn limit() -> Paint {
    Paint::stroke(Tone::Ink).line(Line::Dashed).weight(Weight::Thin)
}
