//! The interleaving so far: a numbered step after the other, each in its side's lane, and between them what becomes visible.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec::Vec;

use crate::actors::log::Event;
use crate::actors::log::Log;
use crate::actors::log::interleaving::Interleaving;
use crate::telling::barriers::program::disc;
use crate::telling::drawing::{Anchor, Drawing, Face, Fill, Goes, Paint, Shape, Tone, Unit, Weight, px, rule, words};
use crate::words::text::Text;

/// Steps that fit with their words.
const FEW: u32 = 14;

/// Where the lanes stand.
pub(crate) struct Lanes {
    pub(crate) x: Unit,
    pub(crate) y: Unit,
    pub(crate) width: Unit,
    /// The distance of two lanes.
    pub(crate) lane: Unit,
    /// Where the lanes' names begin.
    pub(crate) left: Unit,
    /// Whether steps have numbers.
    pub(crate) numbers: bool,
    /// Whether steps have words.
    pub(crate) said: bool,
}

impl Lanes {
    pub(crate) fn draw(&self, drawing: &mut Drawing, log: &Log, step: u32) {
        let names = if self.numbers {
            [("front end", Tone::Domu), ("becomes visible", Tone::Xen), ("back end", Tone::Dom0)]
        } else {
            [("front", Tone::Domu), ("visible", Tone::Xen), ("back", Tone::Dom0)]
        };
        for (number, (name, tone)) in names.into_iter().enumerate() {
            let y = self.y + self.lane * number as Unit;
            let paint = Paint::stroke(Tone::Hair).weight(Weight::Thin);
            drawing.add(rule((self.x, y), (self.x + self.width, y), paint));
            drawing.add(words(self.left, y + px(4), Anchor::Start, Face::Note, tone, name));
        }
        let slots = log.steps().max(FEW);
        let at = |number: u32, lane: Unit| {
            let across = i64::from(self.width) * i64::from(2 * number - 1) / i64::from(2 * slots);
            (self.x + across as Unit, self.y + self.lane * lane)
        };
        for entry in log.until(step) {
            let Event::Interleaving(event) = &entry.event else { continue };
            let Some((lane, word)) = place(event) else { continue };
            let place = at(entry.step, lane);
            let tone = if event.fails() { Tone::Fault } else { names[lane as usize].1 };
            let now = entry.step == step;
            let mut shapes = Vec::new();
            if self.numbers {
                disc(&mut shapes, place, entry.step, tone, now);
            } else {
                let fill = if now { Fill::Solid(tone) } else { Fill::Tint(tone) };
                let paint = Paint { fill, ..Paint::stroke(tone) };
                shapes.push(Shape::Circle { x: place.0, y: place.1, radius: px(if now { 5 } else { 4 }), paint });
            }
            if self.said && slots <= FEW + 3 {
                let dy = if lane == 0 { -px(14) } else { px(22) };
                let tone = if now { Tone::Ink } else { Tone::Soft };
                shapes.push(words(place.0, place.1 + dy, Anchor::Middle, Face::Overlay, tone, word));
            }
            let mut label = Text::new();
            label.push_str("Step ").push_u32(entry.step).push_str(": ").push_str(word);
            let goes = self.numbers.then_some(Goes { frame: entry.step, label });
            drawing.add(Shape::Mark { entity: "steps", goes, shapes });
        }
    }
}

/// The lane of an event, and a word for it; nothing for what comes of it.
const fn place(event: &Interleaving) -> Option<(Unit, &'static str)> {
    Some(match event {
        Interleaving::EntryStored { .. } => (0, "write"),
        Interleaving::ProducerStored { .. } => (0, "publish"),
        Interleaving::EventLoaded { .. } => (0, "look"),
        Interleaving::Notified => (0, "ring"),
        Interleaving::EntryVisible { .. } => (1, "request"),
        Interleaving::ProducerVisible { .. } => (1, "req_prod"),
        Interleaving::EventVisible { .. } => (1, "req_event"),
        Interleaving::ProducerLoaded { .. } => (2, "look"),
        Interleaving::EntryReadEarly { .. } => (2, "early"),
        Interleaving::EntryTaken { .. } => (2, "take"),
        Interleaving::EventStored { .. } => (2, "ask"),
        Interleaving::ProducerRechecked { .. } => (2, "recheck"),
        Interleaving::Woken => (2, "wake"),
        Interleaving::Forgotten { .. } => return None,
    })
}
