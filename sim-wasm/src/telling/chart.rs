//! Quantities over a run: one small chart for each, side by side, on the clock that the picture shows.
//!
//! What the run has come to is drawn in the quantity's tone, what lies ahead is faint, and not there at all where a reader
//! was asked to guess. A second run can lie beside the first, dashed, on the same clock and the same scale.
//!
//! Not modelled: nothing of a machine; numbers are only drawn here.

use alloc::vec::Vec;

use crate::telling::drawing::{
    Anchor, Drawing, Face, Fill, Line, Paint, PathData, Shape, Tone, Unit, Weight, named, px, rule, words,
};
use crate::telling::narration::phrases::push_time;
use crate::telling::story::{FigureSpec, Layout, Quantity, Run};
use crate::words::text::Text;
use crate::words::time::Time;

/// A run and the frame that is shown.
#[derive(Clone, Copy)]
pub(crate) struct Charted<'a> {
    pub(crate) run: &'a dyn Run,
    pub(crate) at: u32,
}

/// Draws the charts of a run, with a second run's lines where there is one. No shapes when nothing is charted.
pub(crate) fn draw(spec: &FigureSpec, run: Charted<'_>, beside: Option<Charted<'_>>, layout: Layout) -> Drawing {
    let charted = || spec.quantities.iter().enumerate().filter(|(_, quantity)| quantity.charted);
    let count = charted().count() as Unit;
    let (columns, width) = match layout {
        Layout::Wide => (count.max(1), px(896)),
        Layout::Narrow | Layout::Film => (1, px(328)),
    };
    let rows = (count + columns - 1) / columns;
    let mut drawing = Drawing {
        width,
        height: (PLOT + TITLE + GAP) * rows,
        title: "Charts on the clock of the picture",
        description: Text::new(),
        shapes: Vec::new(),
    };
    let clock = Clock::of(run.run, beside.map(|beside| beside.run));
    let room = (width - SIDE * (columns - 1)) / columns;
    for (position, (index, quantity)) in charted().enumerate() {
        let (column, row) = (position as Unit % columns, position as Unit / columns);
        let chart = Chart {
            quantity,
            index,
            x: (room + SIDE) * column,
            y: (PLOT + TITLE + GAP) * row,
            width: room,
            clock,
            hidden: spec.guess.is_some(),
        };
        chart.draw(&mut drawing, run, beside);
    }
    drawing
}

/// Height of a plot.
const PLOT: Unit = px(44);
/// Height of the line above it.
const TITLE: Unit = px(18);
/// Room below it.
const GAP: Unit = px(14);
/// Room between two plots.
const SIDE: Unit = px(24);
/// Columns of a plot that can differ: a pixel and a half each at the least.
const POINTS: u64 = 160;

/// What the horizontal axis counts: nanoseconds, or steps where a run has no time.
#[derive(Clone, Copy)]
struct Clock {
    timed: bool,
    end: u64,
}

impl Clock {
    fn of(run: &dyn Run, beside: Option<&dyn Run>) -> Clock {
        let timed = end(run, true) > 0;
        let other = beside.map_or(0, |beside| end(beside, timed));
        Clock { timed, end: end(run, timed).max(other).max(1) }
    }

    fn at(self, run: &dyn Run, step: u32) -> u64 {
        if self.timed { time_of(run, step).0 } else { u64::from(step) }
    }
}

fn end(run: &dyn Run, timed: bool) -> u64 {
    let steps = run.log().steps();
    if timed { time_of(run, steps).0 } else { u64::from(steps) }
}

/// When a step is done.
pub(crate) fn time_of(run: &dyn Run, step: u32) -> Time {
    run.log().of_step(step).last().map_or(Time::ZERO, |entry| entry.time)
}

struct Chart<'a> {
    quantity: &'a Quantity,
    index: usize,
    x: Unit,
    y: Unit,
    width: Unit,
    clock: Clock,
    hidden: bool,
}

impl Chart<'_> {
    fn draw(&self, drawing: &mut Drawing, run: Charted<'_>, beside: Option<Charted<'_>>) {
        let most = self.most(run.run).max(beside.map_or(0, |beside| self.most(beside.run))).max(1);
        let foot = self.y + TITLE + PLOT;
        let mut shapes = Vec::new();
        shapes.push(rule((self.x, foot), (self.x + self.width, foot), Paint::stroke(Tone::Hair)));
        if !self.hidden {
            self.line(&mut shapes, run.run, (run.at, run.run.log().steps()), most, ahead());
        }
        if let Some(beside) = beside {
            let paint = Paint::stroke(self.quantity.tone).line(Line::Dashed).weight(Weight::Thin);
            self.line(&mut shapes, beside.run, (0, beside.at), most, paint);
        }
        self.line(&mut shapes, run.run, (0, run.at), most, Paint::stroke(self.quantity.tone));
        let now = run.run.value(run.at, self.index);
        let (x, y) = self.point(run.run, run.at, now, most);
        if run.at > 0 {
            shapes.push(rule((x, self.y + TITLE), (x, foot), Paint::stroke(Tone::Soft).weight(Weight::Thin)));
        }
        let paint = Paint { fill: Fill::Solid(self.quantity.tone), ..Paint::stroke(Tone::Paper) };
        shapes.push(Shape::Circle { x, y, radius: px(3), paint });

        let mut value = Text::new();
        push_value(&mut value, now, self.quantity.unit);
        if let Some(beside) = beside {
            value.push_str(" | ");
            push_value(&mut value, beside.run.value(beside.at, self.index), self.quantity.unit);
        }
        let line = self.y + px(12);
        shapes.push(words(self.x, line, Anchor::Start, Face::Note, Tone::Soft, self.quantity.title));
        shapes.push(words(self.x + self.width, line, Anchor::End, Face::Name, self.quantity.tone, value.as_str()));
        drawing.add(named(self.quantity.name, shapes));
        let said = &mut drawing.description;
        if !said.is_empty() {
            said.push_str("; ");
        }
        said.push_str(self.quantity.title).push_str(": ").push_str(value.as_str());
    }

    fn most(&self, run: &dyn Run) -> u64 {
        (0..=run.log().steps()).map(|step| run.value(step, self.index)).max().unwrap_or(0)
    }

    fn point(&self, run: &dyn Run, step: u32, value: u64, most: u64) -> (Unit, Unit) {
        let across = self.width as u64 * self.clock.at(run, step) / self.clock.end;
        let up = PLOT as u64 * value / most;
        (self.x + across as Unit, self.y + TITLE + PLOT - up as Unit)
    }

    /// A stepped line from one frame to another. Of frames that share a column the highest is drawn.
    fn line(&self, shapes: &mut Vec<Shape>, run: &dyn Run, (from, to): (u32, u32), most: u64, paint: Paint) {
        if from >= to {
            return;
        }
        let column = |step| self.clock.at(run, step) * POINTS / self.clock.end;
        let start = self.point(run, from, run.value(from, self.index), most);
        let mut data = PathData::from(start.0, start.1);
        let mut last = start;
        let mut step = from + 1;
        while step <= to {
            let mut value = run.value(step, self.index);
            let first = step;
            while step < to && column(step + 1) == column(first) {
                step += 1;
                value = value.max(run.value(step, self.index));
            }
            if step == to {
                value = run.value(to, self.index);
            }
            let next = self.point(run, step, value, most);
            if next.1 != last.1 || step == to {
                data = data.to(next.0, last.1);
                if next.1 != last.1 {
                    data = data.to(next.0, next.1);
                }
                last = next;
            }
            step += 1;
        }
        shapes.push(Shape::Path { data, paint });
    }
}

const fn ahead() -> Paint {
    Paint::stroke(Tone::Free).line(Line::Dotted).weight(Weight::Thin)
}

/// A value with its unit, as a reader wants it: times in the unit that suits them, bytes in full.
pub(crate) fn push_value(out: &mut Text, value: u64, unit: &str) {
    if unit == "ns" {
        push_time(out, Time(value));
        return;
    }
    out.push_u64(value);
    if !unit.is_empty() {
        out.push_char(' ').push_str(unit);
    }
}
