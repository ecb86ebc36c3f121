//! One row for each policy, on one clock: a tick for each answer, a stroke for each bell, a mark for each look at the ring.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec::Vec;

use crate::telling::bell::policy::{Bell, Moment, PERIOD, Progress, Trace};
use crate::telling::bell::run::waiting;
use crate::telling::drawing::{
    Anchor, Drawing, Face, Fill, Line, Paint, PathData, Shape, Tone, Unit, Weight, named, px, rule, words,
};
use crate::telling::marks::bell;
use crate::telling::narration::phrases::push_time;
use crate::telling::story::Layout;
use crate::words::text::Text;
use crate::words::time::Time;

/// Bells up to which each has its number.
const NUMBERED: u32 = 12;

/// Where a row stands: its plot, and the left and right end of its words.
pub(crate) struct Row {
    pub(crate) x: Unit,
    pub(crate) y: Unit,
    pub(crate) width: Unit,
    pub(crate) left: Unit,
    pub(crate) right: Unit,
    pub(crate) layout: Layout,
    /// The time at the right end.
    pub(crate) end: u64,
    /// Whether it is the row that is told.
    pub(crate) told: bool,
}

impl Row {
    pub(crate) fn draw(&self, drawing: &mut Drawing, trace: &Trace, now: &Progress, time: Time) {
        let mut shapes = Vec::new();
        match self.layout {
            Layout::Wide => {
                if self.told {
                    self.ground(&mut shapes, px(16), px(72));
                }
                self.plot(&mut shapes, trace, now, self.y + px(38), px(14));
                self.name(&mut shapes, trace, (self.y + px(34), self.y + px(50)));
                self.wait(&mut shapes, now, time, self.y + px(56));
                let middle = self.y + px(36);
                shapes.push(number(self.right - px(78), middle, Anchor::End, Face::Big, Tone::Ink, now.interrupts));
                shapes.push(self.remark(self.right - px(72), middle, plural("interrupt", now.interrupts)));
                let mut text = Text::new();
                text.push_u32(now.bells).push_char(' ').push_str(plural("bell", now.bells));
                shapes.push(bell(self.right - px(84), middle + px(13)));
                shapes.push(self.remark(self.right - px(72), middle + px(17), text.as_str()));
            }
            Layout::Narrow => {
                if self.told {
                    self.ground(&mut shapes, px(14), px(97));
                }
                self.name(&mut shapes, trace, (self.y + px(18), self.y + px(18)));
                let line = self.y + px(18);
                let mut text = Text::new();
                text.push_u32(now.interrupts).push_char(' ').push_str(plural("interrupt", now.interrupts));
                text.push_str(", ").push_u32(now.bells).push_char(' ').push_str(plural("bell", now.bells));
                shapes.push(words(self.right, line, Anchor::End, Face::Name, Tone::Ink, text.as_str()));
                self.plot(&mut shapes, trace, now, self.y + px(55), px(14));
                self.wait(&mut shapes, now, time, self.y + px(72));
            }
            Layout::Film => {
                let tone = if self.told { Tone::Ink } else { Tone::Soft };
                let title = trace.play.policy.title();
                shapes.push(words(self.left, self.y + px(18), Anchor::Start, Face::Note, tone, title));
                self.plot(&mut shapes, trace, now, self.y + px(14), px(10));
                let face = if self.told { Face::Name } else { Face::Note };
                shapes.push(number(self.right, self.y + px(18), Anchor::End, face, tone, now.interrupts));
            }
        }
        drawing.add(named(trace.play.policy.entity(), shapes));
    }

    fn ground(&self, shapes: &mut Vec<Shape>, above: Unit, height: Unit) {
        let (x, y) = (self.left - px(12), self.y + px(10) - above + px(4));
        let paint = Paint::stroke(Tone::Domu).weight(Weight::Thin);
        shapes.push(Shape::Rect { x, y, width: self.right - x + px(12), height, radius: px(8), paint });
    }

    fn name(&self, shapes: &mut Vec<Shape>, trace: &Trace, (title, remark): (Unit, Unit)) {
        let policy = trace.play.policy;
        let tone = if self.told { Tone::Domu } else { Tone::Soft };
        shapes.push(words(self.left, title, Anchor::Start, Face::Name, tone, policy.title()));
        if title == remark {
            return;
        }
        shapes.push(words(self.left, remark, Anchor::Start, Face::Note, Tone::Soft, policy.remark()));
    }

    /// How long the first answer lies unread: as a line from when it came, and in words.
    fn wait(&self, shapes: &mut Vec<Shape>, now: &Progress, time: Time, y: Unit) {
        if now.answered == 0 {
            return;
        }
        let until = now.first_read.unwrap_or(time);
        let (from, to) = (self.at(Time(PERIOD)), self.at(until));
        let mut text = Text::new();
        text.push_str("answer 1 read after ");
        if now.first_read.is_none() {
            text.clear();
            text.push_str("answer 1 unread for ");
        }
        match waiting(now.first_read, time) {
            0 => {
                text.clear();
                text.push_str("answer 1 read at once");
            }
            nanos => push_time(&mut text, Time(nanos)),
        }
        if to > from + px(2) {
            shapes.push(rule((from, y), (to, y), Paint::stroke(Tone::Domu).line(Line::Dashed)));
        }
        let x = if to > from + px(2) { to + px(6) } else { from };
        let limit = if self.layout == Layout::Wide { self.x + self.width + px(90) } else { self.right + px(6) };
        let fits = x + px(156) < limit;
        let (x, y) = if fits { (x, y) } else { (from, y + px(12)) };
        shapes.push(words(x, y + px(4), Anchor::Start, Face::Note, Tone::Domu, text.as_str()));
    }

    fn plot(&self, shapes: &mut Vec<Shape>, trace: &Trace, now: &Progress, base: Unit, stroke: Unit) {
        let line = Paint::stroke(Tone::Hair).weight(Weight::Thin);
        shapes.push(rule((self.x, base), (self.x + self.width, base), line));
        let (mut ticks, mut bells, mut reads) = (Strokes::default(), Strokes::default(), Strokes::default());
        let mut last = Vec::new();
        for (time, moment) in &trace.moments[..now.count] {
            let x = self.at(*time);
            match moment {
                Moment::Answer { index, bell: rung, .. } => {
                    ticks.add(x, base, base - px(5));
                    if *rung != Bell::Silent {
                        bells.add(x, base - px(5), base - stroke);
                        last.push((x, *index));
                    }
                }
                Moment::Read { .. } => reads.add(x, base + px(2), base + px(7)),
            }
        }
        ticks.draw(shapes, Paint::stroke(Tone::Dom0).weight(Weight::Thin));
        bells.draw(shapes, Paint::stroke(Tone::Hardware).weight(Weight::Normal));
        reads.draw(shapes, Paint::stroke(Tone::Domu).weight(Weight::Normal));
        if self.layout != Layout::Film && trace.end().bells <= NUMBERED {
            self.numbers(shapes, &last, base - stroke);
        }
    }

    /// The bells' numbers, side by side where the strokes are too close.
    fn numbers(&self, shapes: &mut Vec<Shape>, bells: &[(Unit, u32)], top: Unit) {
        let room = px(26);
        let limit = self.x + self.width + if self.layout == Layout::Wide { px(24) } else { px(8) };
        let mut places: Vec<Unit> = bells.iter().map(|(x, _)| *x).collect();
        for at in 1..places.len() {
            places[at] = places[at].max(places[at - 1] + room);
        }
        for (behind, place) in places.iter_mut().rev().enumerate() {
            *place = (*place).min(limit - room * behind as Unit);
        }
        for ((x, index), place) in bells.iter().zip(places) {
            let paint = Paint::stroke(Tone::Hardware).weight(Weight::Thin);
            if place != *x {
                shapes.push(rule((*x, top), (place, top - px(6)), paint));
            }
            shapes.push(number(place, top - px(8), Anchor::Middle, Face::Mono, Tone::Hardware, *index));
        }
    }

    fn at(&self, time: Time) -> Unit {
        self.x + (self.width as u64 * time.0.min(self.end) / self.end) as Unit
    }

    fn remark(&self, x: Unit, y: Unit, text: &str) -> Shape {
        words(x, y, Anchor::Start, Face::Note, Tone::Soft, text)
    }
}

/// Many short strokes as one path.
#[derive(Default)]
struct Strokes(Option<PathData>);

impl Strokes {
    fn add(&mut self, x: Unit, from: Unit, to: Unit) {
        let data = match self.0.take() {
            Some(data) => data.jump(x, from),
            None => PathData::from(x, from),
        };
        self.0 = Some(data.to(x, to));
    }

    fn draw(self, shapes: &mut Vec<Shape>, paint: Paint) {
        if let Some(data) = self.0 {
            shapes.push(Shape::Path { data, paint: Paint { fill: Fill::None, ..paint } });
        }
    }
}

fn number(x: Unit, y: Unit, anchor: Anchor, face: Face, tone: Tone, number: u32) -> Shape {
    let mut text = Text::new();
    text.push_u32(number);
    words(x, y, anchor, face, tone, text.as_str())
}

fn plural(thing: &'static str, count: u32) -> &'static str {
    match (thing, count) {
        ("interrupt", 1) => "interrupt",
        ("interrupt", _) => "interrupts",
        (_, 1) => "bell",
        _ => "bells",
    }
}
