//! The sequence chart: a lane for each party, a numbered row for each step, and xend's waits as bars. [`Chart::draw`].
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec::Vec;

use crate::actors::hotplug::xend::POLL_NANOS;
use crate::telling::drawing::{
    Anchor, Drawing, Face, Fill, Goes, Paint, Shape, Tone, Unit, Weight, named, px, rule, words,
};
use crate::telling::hotplug::frame::{Lane, Row, Wait};
use crate::telling::hotplug::run::HotplugRun;
use crate::telling::marks;
use crate::words::text::Text;
use crate::words::time::Time;

/// Where the chart stands.
pub(super) struct Chart {
    /// The first lane.
    pub(super) x: Unit,
    /// The lanes' upper end.
    pub(super) y: Unit,
    /// The distance of two lanes.
    pub(super) lane: Unit,
    /// The height of a step.
    pub(super) row: Unit,
    /// How many steps fit; the latest ones are shown.
    pub(super) rows: u32,
    /// Whether steps have numbers, times and words.
    pub(super) said: bool,
}

impl Chart {
    /// Draws the lanes and the steps up to this one.
    pub(super) fn draw(&self, drawing: &mut Drawing, run: &HotplugRun, step: u32) {
        let bottom = self.y + self.row * self.rows as Unit + px(6);
        for lane in Lane::ALL {
            let x = self.at(lane);
            let paint = Paint::stroke(Tone::Hair).weight(Weight::Thin);
            drawing.add(rule((x, self.y), (x, bottom), paint));
            let face = if self.said { Face::Name } else { Face::Note };
            let name = if !self.said && lane == Lane::Store { "store" } else { lane.name() };
            drawing.add(words(x, self.y - px(6), Anchor::Middle, face, lane.tone(), name));
        }
        let first = step.saturating_sub(self.rows) + 1;
        for wait in run.waits.iter().filter(|wait| wait.first <= step && wait.last >= first) {
            self.bar(drawing, *wait, first, step);
        }
        for number in first..=step {
            let row = &run.rows[number as usize - 1];
            self.step(drawing, row, number, first, number == step);
        }
    }

    const fn at(&self, lane: Lane) -> Unit {
        self.x + self.lane * lane.place()
    }

    /// The line of a step's arrow.
    const fn level(&self, number: u32, first: u32) -> Unit {
        self.y + self.row * (number - first + 1) as Unit - px(2)
    }

    fn bar(&self, drawing: &mut Drawing, wait: Wait, first: u32, step: u32) {
        let top = if wait.first < first { self.y } else { self.level(wait.first, first) };
        let bottom = self.level(wait.last.min(step), first);
        let vain = wait.last <= step && !wait.found;
        let tone = if vain { Tone::Fault } else { Tone::Dom0 };
        let half = if self.said { px(4) } else { px(2) };
        let paint = Paint { fill: Fill::Tint(tone), ..Paint::stroke(tone).weight(Weight::Thin) };
        let x = self.at(Lane::Xend) - half;
        let height = (bottom - top).max(px(3));
        drawing.add(named(
            "waited",
            alloc::vec![Shape::Rect { x, y: top, width: half * 2, height, radius: px(2), paint }],
        ));
    }

    fn step(&self, drawing: &mut Drawing, row: &Row, number: u32, first: u32, now: bool) {
        let y = self.level(number, first);
        let tone = match (row.fails, now) {
            (true, _) => Tone::Fault,
            (false, true) => row.from.tone(),
            (false, false) => Tone::Soft,
        };
        let mut shapes = Vec::new();
        let (from, to) = (self.at(row.from), self.at(row.to));
        if from == to {
            let fill = if now { Fill::Solid(tone) } else { Fill::Tint(tone) };
            let radius = if self.said { px(4) } else { px(3) };
            shapes.push(Shape::Circle { x: from, y, radius, paint: Paint { fill, ..Paint::stroke(tone) } });
        } else {
            shapes.push(arrow((from, y), to, tone, now));
        }
        if !self.said {
            drawing.add(named("steps", shapes));
            return;
        }
        let mut text = Text::new();
        text.push_u32(number);
        let ink = if now { Tone::Ink } else { Tone::Soft };
        shapes.push(words(px(24), y + px(4), Anchor::End, Face::Name, ink, text.as_str()));
        text.clear();
        push_seconds(&mut text, row.time);
        shapes.push(words(self.x - px(14), y + px(4), Anchor::End, Face::Mono, ink, text.as_str()));
        let ink = if row.fails { Tone::Fault } else { ink };
        let said = row.label.as_str();
        shapes.push(if from != to {
            // Room for the head of an arrow that points to the left.
            let left = if from < to { from + px(8) } else { to + px(13) };
            words(left, y - px(4), Anchor::Start, Face::Overlay, ink, said)
        } else if row.from == Lane::Guest {
            words(from - px(10), y + px(4), Anchor::End, Face::Overlay, ink, said)
        } else {
            words(from + px(10), y + px(4), Anchor::Start, Face::Overlay, ink, said)
        });
        let mut label = Text::new();
        label.push_str("Step ").push_u32(number).push_str(": ");
        push_speakers(&mut label, row);
        label.push_str(", ").push_str(said);
        drawing.add(Shape::Mark { entity: "steps", goes: Some(Goes { frame: number, label }), shapes });
    }
}

/// `xend to xenstore`, or the one that does something alone.
pub(super) fn push_speakers(out: &mut Text, row: &Row) {
    out.push_str(row.from.name());
    if row.from != row.to {
        out.push_str(" to ").push_str(row.to.name());
    }
}

/// Seconds to the millisecond; the clock of a wait has tenths.
pub(super) fn push_seconds(out: &mut Text, time: Time) {
    let millis = time.0 / 1_000_000;
    out.push_u64(millis / 1_000).push_char('.');
    if millis.is_multiple_of(POLL_NANOS / 1_000_000) {
        out.push_u64(millis % 1_000 / 100);
    } else {
        out.push_padded(millis % 1_000, 3);
    }
    out.push_str(" s");
}

fn arrow(from: (Unit, Unit), to: Unit, tone: Tone, now: bool) -> Shape {
    let head = if to > from.0 { px(7) } else { -px(7) };
    let weight = if now { Weight::Thick } else { Weight::Normal };
    marks::arrow(from, (to, from.1), head, Paint::stroke(tone).weight(weight))
}
