//! The machine's memory as a map: rows of frames for each owner, which of them the card reaches, and the one whose number the
//! driver writes. A reader moves that mark.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec;
use alloc::vec::Vec;

use crate::telling::dma::frame::{Frame, Outcome, TARGET};
use crate::telling::dma::guard::WINDOW;
use crate::telling::dma::world::{EACH, FRAMES};
use crate::telling::drawing::{
    Anchor, Drawing, Face, Fill, Key, Line, Paint, PathData, Shape, Tone, Unit, Weight, named, px, words,
};
use crate::words::ids::Dfn;
use crate::words::text::Text;

const NAMES: [&str; 4] = ["Xen", "dom0", "domU 1, which has the card", "domU 2"];
const TONES: [Tone; 5] = [Tone::Xen, Tone::Dom0, Tone::Domu, Tone::Domu, Tone::Free];
/// Whose a frame is, by the owner's number.
const WHOSE: [&str; 5] = ["Xen's", "dom0's", "domU 1's", "domU 2's", "nobody's"];

/// Where the map stands; rows lower than 30 px have no words, and nothing in them can be pressed.
pub(super) struct Map {
    pub(super) x: Unit,
    pub(super) y: Unit,
    pub(super) cell: (Unit, Unit),
    pub(super) row: Unit,
    /// Cells beside each other.
    pub(super) columns: u32,
}

/// Between two cells.
const GAP: Unit = px(2);

impl Map {
    const fn has_words(&self) -> bool {
        self.row > px(30)
    }

    const fn head(&self) -> Unit {
        if self.has_words() { px(18) } else { 0 }
    }

    /// Left and upper edge of a page's cell, and its size: a frame, or the window for interrupts under all of them.
    fn cell(&self, page: u32) -> ((Unit, Unit), (Unit, Unit)) {
        let (width, height) = self.cell;
        if page >= FRAMES {
            let y = self.y + self.row * (FRAMES / EACH) as Unit + px(6);
            return ((self.x, y), (width * self.columns as Unit - GAP, height - GAP));
        }
        let (across, down) = (page % EACH % self.columns, page % EACH / self.columns);
        let y = self.y + self.row * (page / EACH) as Unit + self.head();
        ((self.x + width * across as Unit, y + height * down as Unit), (width - GAP, height - GAP))
    }

    /// The middle of a page's left edge.
    pub(super) fn edge(&self, page: u32) -> (Unit, Unit) {
        let ((x, y), (_, height)) = self.cell(page);
        (x, y + height / 2)
    }
}

/// Whose a frame is, in a word.
pub(super) fn whose(frame: &Frame, page: u32) -> &'static str {
    WHOSE[usize::from(frame.owners.get(page as usize).copied().unwrap_or(0).min(4))]
}

/// Draws all frames, and where the driver aims.
pub(super) fn memory(drawing: &mut Drawing, frame: &Frame, target: Dfn, map: &Map) {
    let mut shapes = Vec::new();
    if map.has_words() {
        for (row, (name, tone)) in NAMES.into_iter().zip(TONES).enumerate() {
            let y = map.y + map.row * row as Unit + px(12);
            shapes.push(words(map.x, y, Anchor::Start, Face::Name, tone, name));
        }
    }
    for number in 0..FRAMES {
        let drawn = cell(frame, map, number);
        choice(&mut shapes, frame, target, map, (number, drawn));
    }
    if map.has_words() {
        let drawn = window(frame, map);
        choice(&mut shapes, frame, target, map, (WINDOW, drawn));
        let ((x, y), size) = map.cell(target.0);
        shapes.push(Shape::Group { key: Key("aim", 0), x, y, shapes: vec![brackets(size)] });
    }
    drawing.add(named("memory", shapes));
}

/// A place that the reader can have the driver aim at.
fn choice(shapes: &mut Vec<Shape>, frame: &Frame, target: Dfn, map: &Map, (page, drawn): (u32, Vec<Shape>)) {
    if !map.has_words() {
        shapes.extend(drawn);
        return;
    }
    let mut label = Text::new();
    if page == WINDOW {
        label.push_str("Frame 0x").push_hex(page.into(), 1).push_str(", the window for interrupts");
    } else {
        label.push_str("Frame ").push_u32(page).push_str(", ").push_str(whose(frame, page));
        label.push_str(if frame.reachable >> page & 1 != 0 { "; the card can reach it" } else { "; out of reach" });
    }
    shapes.push(Shape::Choice { knob: TARGET, value: page, chosen: page == target.0, label, shapes: drawn });
}

fn cell(frame: &Frame, map: &Map, number: u32) -> Vec<Shape> {
    let ((x, y), (width, height)) = map.cell(number);
    let row = (number / EACH) as u8;
    let owner = frame.owners[number as usize];
    let tone = TONES[usize::from(owner.min(4))];
    let now = matches!(frame.outcome, Outcome::Reached { frame: reached, .. } if reached.0 == number);
    let harmed = frame.harmed >> number & 1 != 0;
    let reachable = frame.reachable >> number & 1 != 0;
    let mut paint = match (harmed, reachable) {
        (true, _) => Paint::cell(Tone::Fault),
        (false, true) => Paint { fill: Fill::Tint(tone), ..Paint::stroke(tone) },
        (false, false) => Paint { fill: Fill::Solid(Tone::Paper), ..Paint::stroke(tone) }.line(Line::Dotted),
    };
    if now {
        paint = paint.weight(Weight::Thick);
    }
    let mut shapes = vec![Shape::Rect { x, y, width, height, radius: px(2), paint }];
    if !map.has_words() {
        return shapes;
    }
    let tone = if harmed { Tone::Fault } else { tone };
    let middle = x + width / 2;
    let mut said = Text::new();
    said.push_u32(number);
    let moved = owner != row;
    let base = if moved { y + height / 2 - px(3) } else { y + height / 2 + px(4) };
    shapes.push(words(middle, base, Anchor::Middle, Face::Mono, tone, said.as_str()));
    if moved {
        let said = if owner == 4 { "free" } else { "of 2" };
        shapes.push(words(middle, y + height / 2 + px(10), Anchor::Middle, Face::Note, tone, said));
    }
    shapes
}

/// The addresses at which writes are interrupts, and no memory is.
fn window(frame: &Frame, map: &Map) -> Vec<Shape> {
    let ((x, y), (width, height)) = map.cell(WINDOW);
    let tone = if frame.counts.interrupts > 0 { Tone::Fault } else { Tone::Hardware };
    let paint = Paint { fill: Fill::Solid(Tone::Paper), ..Paint::stroke(tone).line(Line::Dashed) };
    let base = y + height / 2 + px(4);
    vec![
        Shape::Rect { x, y, width, height, radius: px(2), paint },
        words(x + width / 2, base, Anchor::Middle, Face::Mono, tone, "0xfee00: interrupts"),
    ]
}

/// What stands around the page that the descriptor names.
fn brackets((width, height): (Unit, Unit)) -> Shape {
    let (out, arm) = (px(1), px(9));
    let (left, top, right, bottom) = (-out, -out, width + out, height + out);
    let data = PathData::from(left, top + arm)
        .to(left, top)
        .to(left + arm, top)
        .jump(right - arm, top)
        .to(right, top)
        .to(right, top + arm)
        .jump(right, bottom - arm)
        .to(right, bottom)
        .to(right - arm, bottom)
        .jump(left + arm, bottom)
        .to(left, bottom)
        .to(left, bottom - arm);
    Shape::Path { data, paint: Paint::stroke(Tone::Ink).weight(Weight::Thick) }
}
