//! The eight indexes as numbers: four in the shared page with its bytes, two with each side; and the bell between them.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec;
use alloc::vec::Vec;

use crate::actors::log::{Entry, Event};
use crate::protocols::ring::Index;
use crate::telling::drawing::{Anchor, Drawing, Face, Fill, Line, Paint, Shape, Tone, Unit, named, px, words};
use crate::telling::marks::{arrow, bell};
use crate::telling::ring::frame::{Frame, stop_line};
use crate::words::text::Text;

/// Two frames, one step apart.
pub(crate) struct RegistersPicture<'a> {
    /// After the step.
    pub(crate) frame: &'a Frame,
    /// Before it.
    pub(crate) before: &'a Frame,
}

impl RegistersPicture<'_> {
    /// The boxes side by side, with their upper edge at 296 px.
    pub(crate) fn in_a_row(&self, drawing: &mut Drawing, happened: &[Entry]) {
        let y = px(296);
        self.private_front(drawing, (px(24), y), px(216));
        self.shared_page(drawing, (px(260), y), px(376), 16);
        self.private_back(drawing, (px(656), y), px(216));
        let bell = Bell::of(happened);
        bell.draw(drawing, (px(640), px(280)), (px(256), px(280)));
    }

    /// The boxes one below the other, from 504 px on.
    pub(crate) fn in_a_column(&self, drawing: &mut Drawing, happened: &[Entry]) {
        self.private_front(drawing, (px(12), px(504)), px(148));
        self.private_back(drawing, (px(168), px(504)), px(148));
        self.shared_page(drawing, (px(12), px(632)), px(304), 8);
        let bell = Bell::of(happened);
        bell.draw(drawing, (px(316), px(486)), (px(12), px(486)));
    }

    fn private_front(&self, drawing: &mut Drawing, at: (Unit, Unit), width: Unit) {
        let (now, was) = (&self.frame.registers, &self.before.registers);
        let lines = [("req_prod_pvt", now.req_prod_pvt, was.req_prod_pvt), ("rsp_cons", now.rsp_cons, was.rsp_cons)];
        private(drawing, at, width, Tone::Domu, "front end, private", &lines);
        let most = stop_line(self.frame.entries);
        let place = (at.0 + px(14), at.1 + px(86));
        drawing.add(gauge(place, width - px(28), ("outstanding", Tone::Domu), self.frame.outstanding(), most));
    }

    fn private_back(&self, drawing: &mut Drawing, at: (Unit, Unit), width: Unit) {
        let (now, was) = (&self.frame.registers, &self.before.registers);
        let lines = [("req_cons", now.req_cons, was.req_cons), ("rsp_prod_pvt", now.rsp_prod_pvt, was.rsp_prod_pvt)];
        let title = if self.frame.broken { "back end: gave up" } else { "back end, private" };
        let tone = if self.frame.broken { Tone::Fault } else { Tone::Dom0 };
        private(drawing, at, width, tone, title, &lines);
        let most = self.frame.entries;
        let place = (at.0 + px(14), at.1 + px(86));
        drawing.add(gauge(place, width - px(28), ("in-progress", Tone::Dom0), self.frame.in_progress(), most));
    }

    /// The four shared indexes, and the first bytes of the page that hold them.
    fn shared_page(&self, drawing: &mut Drawing, at: (Unit, Unit), width: Unit, bytes_a_line: usize) {
        let (x, y) = at;
        let (now, was) = (&self.frame.registers, &self.before.registers);
        let lines = 16 / bytes_a_line as Unit;
        let height = px(100) + px(16) * lines;
        let outline =
            Shape::Rect { x, y, width, height: height - px(4), radius: px(8), paint: Paint::stroke(Tone::Xen) };
        let title = words(x + px(14), y + px(20), Anchor::Start, Face::Name, Tone::Xen, "shared page");
        drawing.add(named("page", vec![outline, title]));
        let half = width / 2;
        register(drawing, (x + px(14), y + px(42)), half - px(20), "req_prod", now.req_prod, was.req_prod);
        register(drawing, (x + half + px(6), y + px(42)), half - px(20), "req_event", now.req_event, was.req_event);
        register(drawing, (x + px(14), y + px(64)), half - px(20), "rsp_prod", now.rsp_prod, was.rsp_prod);
        register(drawing, (x + half + px(6), y + px(64)), half - px(20), "rsp_event", now.rsp_event, was.rsp_event);
        let bytes: Vec<u8> = [now.req_prod, now.req_event, now.rsp_prod, now.rsp_event]
            .iter()
            .flat_map(|index| index.0.to_le_bytes())
            .collect();
        for (line, chunk) in bytes.chunks(bytes_a_line).enumerate() {
            let mut text = Text::new();
            for (position, &byte) in chunk.iter().enumerate() {
                if position > 0 {
                    text.push_char(' ');
                }
                text.push_hex(u64::from(byte), 2);
            }
            let baseline = y + px(92) + px(16) * line as Unit;
            drawing.add(words(x + px(14), baseline, Anchor::Start, Face::Mono, Tone::Soft, text.as_str()));
        }
    }
}

/// Who was woken in a step, if anybody was.
enum Bell {
    Nobody,
    Back,
    Front,
    Silent,
}

impl Bell {
    fn of(happened: &[Entry]) -> Self {
        for entry in happened {
            match entry.event {
                Event::RequestsPublished { notify: true, .. } => return Self::Back,
                Event::ResponsesPublished { notify: true, .. } => return Self::Front,
                Event::RequestsPublished { .. } | Event::ResponsesPublished { .. } => return Self::Silent,
                _ => {}
            }
        }
        Self::Nobody
    }

    /// `right` is the end of the line towards the back end, `left` of the one towards the front end.
    fn draw(&self, drawing: &mut Drawing, right: (Unit, Unit), left: (Unit, Unit)) {
        let middle = (left.0 + right.0) / 2;
        match self {
            Self::Nobody => {}
            Self::Silent => drawing.add(words(
                middle,
                right.1 + px(4),
                Anchor::Middle,
                Face::Note,
                Tone::Soft,
                "published, and no bell",
            )),
            Self::Back => {
                drawing.add(bell(middle - px(52), right.1));
                drawing.add(words(
                    middle - px(40),
                    right.1 + px(4),
                    Anchor::Start,
                    Face::Name,
                    Tone::Ink,
                    "event to the back end",
                ));
                drawing.add(arrow((middle + px(92), right.1), right, px(5), Paint::stroke(Tone::Hardware)));
            }
            Self::Front => {
                drawing.add(bell(middle - px(52), left.1));
                drawing.add(words(
                    middle - px(40),
                    left.1 + px(4),
                    Anchor::Start,
                    Face::Name,
                    Tone::Ink,
                    "event to the front end",
                ));
                drawing.add(arrow((middle - px(64), left.1), left, -px(5), Paint::stroke(Tone::Hardware)));
            }
        }
    }
}

/// A box of private indexes.
fn private(
    drawing: &mut Drawing,
    at: (Unit, Unit),
    width: Unit,
    tone: Tone,
    title: &str,
    lines: &[(&'static str, Index, Index); 2],
) {
    let (x, y) = at;
    let paint = Paint::stroke(tone).line(Line::Dashed);
    drawing.add(Shape::Rect { x, y, width, height: px(112), radius: px(8), paint });
    drawing.add(words(x + px(14), y + px(20), Anchor::Start, Face::Name, tone, title));
    for (position, (name, now, was)) in lines.iter().enumerate() {
        register(drawing, (x + px(14), y + px(42) + px(22) * position as Unit), width - px(28), name, *now, *was);
    }
}

/// A name and its value; one that has just changed stands out.
fn register(drawing: &mut Drawing, at: (Unit, Unit), width: Unit, name: &'static str, now: Index, was: Index) {
    let (x, y) = at;
    let changed = now != was;
    let mut shapes = Vec::new();
    if changed {
        let paint = Paint::fill(Fill::Tint(Tone::Hardware));
        let (width, height) = (width + px(10), px(18));
        shapes.push(Shape::Rect { x: x - px(5), y: y - px(13), width, height, radius: px(4), paint });
    }
    let tone = if changed { Tone::Ink } else { Tone::Soft };
    shapes.push(words(x, y, Anchor::Start, Face::Mono, tone, name));
    let mut value = Text::new();
    push_short_index(&mut value, now);
    shapes.push(words(x + width, y, Anchor::End, Face::Mono, tone, value.as_str()));
    drawing.add(named(name, shapes));
}

/// A difference of two indexes as a number and as a bar: how many, and how many there may be.
fn gauge(at: (Unit, Unit), width: Unit, (name, tone): (&'static str, Tone), now: u32, most: u32) -> Shape {
    let (x, y) = at;
    let label = if name == "outstanding" { "outstanding" } else { "in progress" };
    let mut value = Text::new();
    value.push_u32(now).push_str(" / ").push_u32(most);
    let paint = Paint::fill(Fill::Tint(Tone::Free));
    let bar = Shape::Rect { x, y: y + px(6), width, height: px(6), radius: px(3), paint };
    let filled = (i64::from(width) * i64::from(now.min(most)) / i64::from(most)) as Unit;
    let full = if now >= most { Tone::Fault } else { tone };
    let mut shapes = vec![bar];
    if filled > 0 {
        let (radius, paint) = (px(3).min(filled / 2), Paint::fill(Fill::Solid(full)));
        shapes.push(Shape::Rect { x, y: y + px(6), width: filled, height: px(6), radius, paint });
    }
    shapes.push(words(x, y, Anchor::Start, Face::Note, tone, label));
    shapes.push(words(x + width, y, Anchor::End, Face::Mono, Tone::Ink, value.as_str()));
    named(name, shapes)
}

/// An index in few characters: its last four digits in hexadecimal near the wrap, where the others are all f.
pub(crate) fn push_short_index(out: &mut Text, index: Index) {
    if index.0 < 100_000 {
        out.push_u32(index.0);
    } else {
        out.push_char('…').push_hex(u64::from(index.0 & 0xffff), 4);
    }
}
