//! The machine's memory as a map: a row of frames for each owner, and which of them the card reaches.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec::Vec;

use crate::telling::dma::frame::{Frame, Outcome};
use crate::telling::dma::world::{EACH, FRAMES};
use crate::telling::drawing::{Anchor, Drawing, Face, Fill, Line, Paint, Shape, Tone, Unit, Weight, named, px, words};
use crate::words::text::Text;

const NAMES: [&str; 4] = ["Xen", "dom0", "domU 1, which has the card", "domU 2"];
const TONES: [Tone; 4] = [Tone::Xen, Tone::Dom0, Tone::Domu, Tone::Domu];

/// Where the map stands; rows lower than 30 px have no words.
pub(super) struct Map {
    pub(super) x: Unit,
    pub(super) y: Unit,
    pub(super) cell: (Unit, Unit),
    pub(super) row: Unit,
}

impl Map {
    const fn has_words(&self) -> bool {
        self.row > px(30)
    }

    const fn head(&self) -> Unit {
        if self.has_words() { px(18) } else { 0 }
    }
}

/// The upper edge of a frame's cell.
pub(super) const fn cell_row(map: &Map, frame: u32) -> Unit {
    map.y + map.row * (frame / EACH) as Unit + map.head()
}

/// Draws all frames.
pub(super) fn memory(drawing: &mut Drawing, frame: &Frame, map: &Map) {
    let mut shapes = Vec::new();
    if map.has_words() {
        for (row, (name, tone)) in NAMES.into_iter().zip(TONES).enumerate() {
            let y = map.y + map.row * row as Unit + px(12);
            shapes.push(words(map.x, y, Anchor::Start, Face::Name, tone, name));
        }
    }
    for number in 0..FRAMES {
        cell(&mut shapes, frame, map, number);
    }
    drawing.add(named("memory", shapes));
}

fn cell(shapes: &mut Vec<Shape>, frame: &Frame, map: &Map, number: u32) {
    let (width, height) = map.cell;
    let x = map.x + width * (number % EACH) as Unit;
    let y = cell_row(map, number);
    let row = (number / EACH) as u8;
    let owner = frame.owners[number as usize];
    let tone = TONES[usize::from(owner.min(3))];
    let now = matches!(frame.outcome, Outcome::Reached { frame: reached, .. } if reached.0 == number);
    let harmed = frame.harmed >> number & 1 != 0;
    let reachable = frame.reachable >> number & 1 != 0;
    let mut paint = match (harmed, reachable) {
        (true, _) => Paint::cell(Tone::Fault),
        (false, true) => Paint { fill: Fill::Tint(tone), ..Paint::stroke(tone) },
        (false, false) => Paint::stroke(tone).line(Line::Dotted),
    };
    if now {
        paint = paint.weight(Weight::Thick);
    }
    let gap = px(2);
    shapes.push(Shape::Rect { x, y, width: width - gap, height: height - gap, radius: px(2), paint });
    if !map.has_words() {
        return;
    }
    let tone = if harmed { Tone::Fault } else { tone };
    let middle = x + (width - gap) / 2;
    let mut said = Text::new();
    said.push_u32(number);
    let moved = owner != row;
    let base = if moved { y + px(13) } else { y + height / 2 + px(3) };
    shapes.push(words(middle, base, Anchor::Middle, Face::Mono, tone, said.as_str()));
    if moved {
        shapes.push(words(middle, y + px(26), Anchor::Middle, Face::Note, tone, "of 2"));
    }
}
