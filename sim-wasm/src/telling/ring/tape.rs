//! The array of slots unrolled: positions go on for ever, and six indexes stand on their boundaries.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec;
use alloc::vec::Vec;

use crate::protocols::ring::Index;
use crate::telling::drawing::{
    Anchor, Drawing, Face, Fill, Key, Line, Paint, Shape, Tone, Unit, named, px, rule, words,
};
use crate::telling::narration::phrases::push_index;
use crate::telling::ring::circle::cell_words;
use crate::telling::ring::frame::{Frame, Holds};
use crate::telling::ring::registers::push_short_index;
use crate::words::text::Text;

/// Where the unrolled ring stands.
pub(crate) struct Tape {
    pub(crate) x: Unit,
    pub(crate) y: Unit,
    pub(crate) width: Unit,
    pub(crate) height: Unit,
    /// The distance between two rows of index names.
    pub(crate) row: Unit,
    /// Whether anything is written.
    pub(crate) labels: bool,
}

impl Tape {
    /// Draws the stretch from two positions before `rsp_cons` to a lap after it.
    pub(crate) fn draw(&self, drawing: &mut Drawing, frame: &Frame) {
        let now = &frame.registers;
        let past = 2;
        let first = Index(now.rsp_cons.0.wrapping_sub(past));
        let shown = frame.entries + past;
        if self.labels {
            let mut title = Text::new();
            title.push_str("the same ring, unrolled: slot = index & ").push_u32(frame.entries - 1);
            let y = self.y - self.row * 3 - px(14);
            drawing.add(words(self.x, y, Anchor::Start, Face::Note, Tone::Soft, title.as_str()));
        }
        let cells =
            if frame.entries > 32 { self.stretches(frame, first, shown) } else { self.cells(frame, first, shown) };
        drawing.add(named("slots", cells));
        if self.labels {
            let place = |index: Index| {
                let steps = index.since(first).min(shown);
                self.x + (i64::from(self.width) * i64::from(steps) / i64::from(shown)) as Unit
            };
            let above = [
                (0, "rsp_cons", now.rsp_cons, Line::Dashed),
                (1, "req_prod", now.req_prod, Line::Solid),
                (2, "req_prod_pvt", now.req_prod_pvt, Line::Dashed),
            ];
            for (row, name, index, line) in above {
                let y = self.y - self.row * (3 - row) + px(8);
                let pointer = Pointer { x: place(index), y, to: self.y - px(3), tone: Tone::Domu, line };
                drawing.add(pointer.draw(row as u32, name, index, index.since(first) > shown));
            }
            let below = [
                (3, "req_cons", now.req_cons, Line::Dashed),
                (4, "rsp_prod_pvt", now.rsp_prod_pvt, Line::Dashed),
                (5, "rsp_prod", now.rsp_prod, Line::Solid),
            ];
            for (row, name, index, line) in below {
                let y = self.y + self.height + self.row * (row - 2) - px(2);
                let pointer = Pointer { x: place(index), y, to: self.y + self.height + px(3), tone: Tone::Dom0, line };
                drawing.add(pointer.draw(row as u32, name, index, false));
            }
        }
    }

    fn cells(&self, frame: &Frame, first: Index, shown: u32) -> Vec<Shape> {
        let mut cells = Vec::new();
        let cell = self.width / shown as Unit;
        for (position, index) in first.until(first.plus(shown)).enumerate() {
            let holds = frame.holds(index);
            let slot = index.0 & (frame.entries - 1);
            let gap = if cell > px(12) { px(2) } else { 5 };
            let mut shapes = vec![Shape::Rect {
                x: gap / 2,
                y: 0,
                width: cell - gap,
                height: self.height,
                radius: if cell > px(12) { px(5) } else { px(1) },
                paint: holds.paint(),
            }];
            let middle = cell / 2;
            if self.labels && cell >= px(40) {
                shapes.push(cell_words(frame, (middle, px(20)), holds, slot, Face::Name));
                let mut name = Text::new();
                push_short_index(&mut name, index);
                shapes.push(words(middle, self.height - px(9), Anchor::Middle, Face::Mono, Tone::Soft, name.as_str()));
            } else if self.labels && cell >= px(10) {
                shapes.push(words(
                    middle,
                    self.height / 2 + px(4),
                    Anchor::Middle,
                    Face::Name,
                    holds.tone(),
                    holds.letter(),
                ));
            }
            let x = self.x + cell * position as Unit;
            cells.push(Shape::Group { key: Key("cell", index.0), x, y: self.y, shapes });
        }
        cells
    }

    /// Stretches of positions that hold the same, for rings whose cells would be too thin to see.
    fn stretches(&self, frame: &Frame, first: Index, shown: u32) -> Vec<Shape> {
        let mut cells = Vec::new();
        let place = |steps: u32| self.x + (i64::from(self.width) * i64::from(steps) / i64::from(shown)) as Unit;
        let mut from = 0;
        while from < shown {
            let holds = frame.holds(first.plus(from));
            let mut to = from + 1;
            while to < shown && frame.holds(first.plus(to)) == holds {
                to += 1;
            }
            let (x, width) = (place(from), place(to) - place(from));
            cells.push(Shape::Rect { x, y: self.y, width, height: self.height, radius: px(2), paint: holds.paint() });
            if self.labels && width > px(44) && holds.has_id() {
                let mut text = Text::new();
                text.push_u32(to - from).push_char(' ').push_str(if holds == Holds::Taken {
                    "taken"
                } else {
                    holds.word().trim_end()
                });
                let baseline = self.y + self.height / 2 + px(4);
                cells.push(words(x + width / 2, baseline, Anchor::Middle, Face::Name, holds.tone(), text.as_str()));
            }
            from = to;
        }
        cells
    }

    /// Near 2³² the larger index is the earlier one: said while the requests under way lie on both sides.
    pub(crate) fn wrap_note(drawing: &mut Drawing, frame: &Frame, at: (Unit, Unit), anchor: Anchor) {
        if frame.is_across_the_wrap() {
            let now = &frame.registers;
            let mut text = Text::new();
            push_index(&mut text, now.req_prod_pvt.0);
            text.push_str(" < ");
            push_index(&mut text, now.rsp_cons.0);
            text.push_str(", and yet ");
            push_index(&mut text, now.req_prod_pvt.0);
            text.push_str(" − ");
            push_index(&mut text, now.rsp_cons.0);
            text.push_str(" = ").push_u32(frame.outstanding());
            drawing.add(named("wrap", vec![words(at.0, at.1, anchor, Face::Note, Tone::Ink, text.as_str())]));
        }
    }
}

/// A named index that points at a boundary of the unrolled ring.
struct Pointer {
    x: Unit,
    y: Unit,
    to: Unit,
    tone: Tone,
    line: Line,
}

impl Pointer {
    fn draw(&self, number: u32, name: &'static str, index: Index, beyond: bool) -> Shape {
        let reach = self.to - self.y;
        let mut label = Text::new();
        label.push_str(name).push_char(' ');
        push_short_index(&mut label, index);
        if beyond {
            label.push_str(" →");
        }
        let tone = if beyond { Tone::Fault } else { self.tone };
        let start = if reach > 0 { -px(9) } else { px(3) };
        let shapes = vec![
            rule((0, start), (0, reach), Paint::stroke(tone).line(self.line)),
            Shape::Circle { x: 0, y: reach, radius: px(2) + 5, paint: Paint::fill(Fill::Solid(tone)) },
            words(px(5), 0, Anchor::Start, Face::Mono, tone, label.as_str()),
        ];
        named(name, vec![Shape::Group { key: Key("pointer", number), x: self.x, y: self.y, shapes }])
    }
}
