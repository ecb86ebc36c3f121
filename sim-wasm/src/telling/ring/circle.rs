//! The array of slots as a circle: what comes after the last slot is the first.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec::Vec;

use crate::telling::drawing::{Anchor, Drawing, Face, Paint, Shape, Tone, Unit, named, px, words};
use crate::telling::ring::frame::{Frame, Holds};
use crate::telling::ring::geometry::{TURN, point, sector};
use crate::telling::ring::looks::filled;
use crate::words::text::Text;

/// Where the circle stands.
pub(crate) struct Circle {
    pub(crate) centre: (Unit, Unit),
    pub(crate) outer: Unit,
    pub(crate) inner: Unit,
    /// Whether slots are numbered and the count explained.
    pub(crate) numbers: bool,
}

impl Circle {
    /// Draws the array.
    pub(crate) fn draw(&self, drawing: &mut Drawing, frame: &Frame) {
        drawing.add(named("slots", self.slots(frame)));
        drawing.add(named("outstanding", self.middle(frame)));
    }

    fn slots(&self, frame: &Frame) -> Vec<Shape> {
        let mut slots = Vec::new();
        let radii = (self.inner, self.outer);
        if frame.entries > 32 {
            // Too many slots to draw one by one: stretches of slots that hold the same, cut into pieces of a sixteenth.
            let piece = frame.entries / 16;
            let mut from = 0;
            while from < frame.entries {
                let holds = frame.holds(frame.index_of_slot(from));
                let mut to = from + 1;
                while to < frame.entries && to % piece != 0 && frame.holds(frame.index_of_slot(to)) == holds {
                    to += 1;
                }
                let paint = Paint { stroke: None, ..filled(holds) };
                let scale = TURN / frame.entries;
                slots.push(Shape::Path { data: sector(self.centre, radii, from * scale, to * scale), paint });
                from = to;
            }
            slots.push(Shape::Circle {
                x: self.centre.0,
                y: self.centre.1,
                radius: self.outer,
                paint: Paint::stroke(Tone::Hair),
            });
            slots.push(Shape::Circle {
                x: self.centre.0,
                y: self.centre.1,
                radius: self.inner,
                paint: Paint::stroke(Tone::Hair),
            });
        } else {
            let turn = TURN / frame.entries;
            let gap = if frame.entries > 8 { 3 } else { 6 };
            for slot in 0..frame.entries {
                let holds = frame.holds(frame.index_of_slot(slot));
                let data = sector(self.centre, radii, slot * turn + gap, (slot + 1) * turn - gap);
                slots.push(Shape::Path { data, paint: holds.paint() });
                let middle = slot * turn + turn / 2;
                if self.numbers && frame.entries <= 8 {
                    let at = point(self.centre, (self.inner + self.outer) / 2, middle);
                    slots.push(cell_words(frame, (at.0, at.1 + px(4)), holds, slot, Face::Name));
                }
                if self.numbers && (frame.entries <= 8 || slot % 4 == 0) {
                    let at = point(self.centre, self.outer + px(12), middle);
                    slots.push(number(at.0, at.1 + px(4), slot));
                }
            }
        }
        slots
    }

    /// How many slots are in use.
    fn middle(&self, frame: &Frame) -> Vec<Shape> {
        let mut middle = Vec::new();
        let (x, y) = self.centre;
        let mut count = Text::new();
        count.push_u32(frame.outstanding());
        let full = frame.is_full();
        let tone = if full { Tone::Fault } else { Tone::Ink };
        let lift = if self.numbers { px(2) } else { px(-4) };
        middle.push(words(x, y - lift, Anchor::Middle, Face::Big, tone, count.as_str()));
        let mut remark = Text::new();
        remark.push_str("of ").push_u32(frame.entries);
        if self.numbers {
            remark.push_str(" in use");
        }
        middle.push(words(
            x,
            y + px(if self.numbers { 14 } else { 18 }),
            Anchor::Middle,
            Face::Note,
            Tone::Soft,
            remark.as_str(),
        ));
        if self.numbers && full {
            let word = if frame.entries == 256 { "stopped" } else { "full" };
            middle.push(words(x, y + px(29), Anchor::Middle, Face::Name, Tone::Fault, word));
        }
        middle
    }
}

/// `req 3` and its like.
pub(crate) fn cell_words(frame: &Frame, (x, y): (Unit, Unit), holds: Holds, slot: u32, face: Face) -> Shape {
    let mut text = Text::new();
    text.push_str(holds.word());
    if let (true, Some(id)) = (holds.has_id(), frame.id_of_slot(slot)) {
        text.push_u32(u32::from(id));
    }
    words(x, y, Anchor::Middle, face, holds.tone(), text.as_str())
}

fn number(x: Unit, y: Unit, number: u32) -> Shape {
    let mut text = Text::new();
    text.push_u32(number);
    words(x, y, Anchor::Middle, Face::Mono, Tone::Soft, text.as_str())
}
