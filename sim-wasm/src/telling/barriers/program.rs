//! The two sides' programs: which line was carried out in which step, what it found, and which line is next.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec;
use alloc::vec::Vec;

use crate::actors::log::interleaving::Interleaving;
use crate::actors::log::{Entry, Event};
use crate::protocols::notification_model::{Action, At, Barriers, End, Protocol, State};
use crate::telling::drawing::{
    Anchor, Drawing, Face, Fill, Key, Line, Paint, Shape, Tone, Unit, Weight, named, px, rule, words,
};
use crate::words::text::Text;

/// A line of a program.
struct Code {
    text: &'static str,
    /// The name that words of a page have for it.
    entity: &'static str,
    /// A barrier, by its knob.
    barrier: Option<fn(&Barriers) -> bool>,
}

const fn code(text: &'static str, entity: &'static str) -> Code {
    Code { text, entity, barrier: None }
}

static FRONT: [Code; 6] = [
    code("ring[1] = request", "front-write"),
    Code { text: "wmb()", entity: "front-wmb", barrier: Some(|barriers| barriers.producer_wmb) },
    code("req_prod = 2", "front-publish"),
    Code { text: "mb()", entity: "front-mb", barrier: Some(|barriers| barriers.producer_mb) },
    code("read req_event", "front-look"),
    code("ring, if just passed", "front-ring"),
];

static BACK: [Code; 7] = [
    code("read req_prod", "back-look"),
    Code { text: "rmb()", entity: "back-rmb", barrier: Some(|barriers| barriers.consumer_rmb) },
    code("take ring[1]", "back-take"),
    code("req_event = req_cons + 1", "back-ask"),
    Code { text: "mb()", entity: "back-mb", barrier: Some(|barriers| barriers.consumer_mb) },
    code("read req_prod again", "back-recheck"),
    code("sleep", "back-sleep"),
];

/// One side as a card.
pub(crate) struct Card<'a> {
    pub(crate) end: End,
    pub(crate) protocol: &'a Protocol,
    pub(crate) state: &'a State,
    /// What has happened so far.
    pub(crate) happened: &'a [Entry],
    /// The present step.
    pub(crate) step: u32,
}

/// Height of a line.
const LINE: Unit = px(22);

impl Card<'_> {
    const fn tone(&self) -> Tone {
        match self.end {
            End::Front => Tone::Domu,
            End::Back => Tone::Dom0,
        }
    }

    const fn code(&self) -> &'static [Code] {
        match self.end {
            End::Front => &FRONT,
            End::Back => &BACK,
        }
    }

    pub(crate) fn draw(&self, drawing: &mut Drawing, (x, y): (Unit, Unit), width: Unit, height: Unit) {
        let tone = self.tone();
        let title = match self.end {
            End::Front => "front end: publishes request 1",
            End::Back => "back end: looks, then sleeps",
        };
        drawing.add(Shape::Rect { x, y, width, height, radius: px(8), paint: Paint::stroke(tone) });
        drawing.add(words(x + px(14), y + px(20), Anchor::Start, Face::Name, tone, title));
        let next = self.next();
        for (number, code) in self.code().iter().enumerate() {
            let top = y + px(30) + LINE * number as Unit;
            let mut shapes = Vec::new();
            if next == Some(number) {
                let paint = Paint::fill(Fill::Tint(Tone::Hardware));
                let (width, height) = (width - px(12), LINE - px(2));
                shapes.push(Shape::Rect { x: x + px(6), y: top, width, height, radius: px(4), paint });
            }
            match code.barrier {
                Some(there) => self.barrier(&mut shapes, code, there, (x, top), width),
                None => self.line(&mut shapes, number, (x, top), width),
            }
            drawing.add(named(code.entity, shapes));
        }
        self.buffer(drawing, (x, y + height - px(28)), width);
    }

    /// The line that is next; a barrier while it waits.
    fn next(&self) -> Option<usize> {
        let holds = !self.state.waiting(self.protocol, self.end).is_empty();
        let barriers = &self.protocol.barriers[0];
        Some(match (self.end, self.state.place(self.end)) {
            (End::Front, At::Written) => 2,
            (End::Front, At::LoadEvent) if holds && barriers.producer_mb => 3,
            (End::Front, At::LoadEvent) => 4,
            (End::Front, At::Notify) => 5,
            (End::Front, _) if self.state.is_done(self.protocol, End::Front) => return None,
            (End::Back, At::TakeEntry) => 2,
            (End::Back, At::StoreEvent) => 3,
            (End::Back, At::RecheckProd) if holds && barriers.consumer_mb => 4,
            (End::Back, At::RecheckProd) => 5,
            (End::Back, At::Asleep) => 6,
            (End::Front | End::Back, _) => 0,
        })
    }

    fn barrier(
        &self,
        shapes: &mut Vec<Shape>,
        code: &Code,
        there: fn(&Barriers) -> bool,
        (x, y): (Unit, Unit),
        width: Unit,
    ) {
        let baseline = y + px(14);
        let there = there(&self.protocol.barriers[0]);
        let tone = if there { Tone::Ink } else { Tone::Fault };
        shapes.push(words(x + px(38), baseline, Anchor::Start, Face::Mono, tone, code.text));
        let (from, to) = (x + px(76), x + width - px(14));
        let middle = baseline - px(4);
        if there {
            shapes.push(rule((from, middle), (to, middle), Paint::stroke(Tone::Ink).weight(Weight::Thick)));
        } else {
            let paint = Paint::stroke(Tone::Fault).line(Line::Dotted);
            shapes.push(rule((from, middle), (to - px(66), middle), paint));
            shapes.push(words(to, baseline, Anchor::End, Face::Note, Tone::Fault, "taken away"));
        }
    }

    fn line(&self, shapes: &mut Vec<Shape>, number: usize, (x, y): (Unit, Unit), width: Unit) {
        let baseline = y + px(14);
        let done = self.done(number);
        let tone = if done.is_some() { Tone::Ink } else { Tone::Soft };
        shapes.push(words(x + px(38), baseline, Anchor::Start, Face::Mono, tone, self.code()[number].text));
        if let Some((step, event)) = done {
            disc(shapes, (x + px(22), y + LINE / 2 - px(1)), step, self.tone(), step == self.step);
            let mut text = Text::new();
            let fails = result(&mut text, event);
            let tone = if fails { Tone::Fault } else { Tone::Soft };
            shapes.push(words(x + width - px(14), baseline, Anchor::End, Face::Note, tone, text.as_str()));
        } else if number == 6 && self.state.place(End::Back) == At::Asleep {
            let lost = self.state.is_lost_wakeup(self.protocol);
            let (tone, until) = if lost { (Tone::Fault, "for ever") } else { (Tone::Soft, "until the bell") };
            shapes.push(words(x + width - px(14), baseline, Anchor::End, Face::Note, tone, until));
        }
    }

    /// The last step that carried out a line.
    fn done(&self, number: usize) -> Option<(u32, &Interleaving)> {
        self.happened.iter().rev().find_map(|entry| match &entry.event {
            Event::Interleaving(event) if line_of(event) == Some((self.end, number)) => Some((entry.step, event)),
            _ => None,
        })
    }

    /// The stores that wait.
    fn buffer(&self, drawing: &mut Drawing, (x, y): (Unit, Unit), width: Unit) {
        let paint = Paint::stroke(Tone::Hair).weight(Weight::Thin);
        drawing.add(rule((x + px(14), y - px(6)), (x + width - px(14), y - px(6)), paint));
        let waiting = self.state.waiting(self.protocol, self.end);
        let title = if waiting.is_empty() { "no store waits" } else { "waits in the store buffer" };
        let mut shapes = vec![words(x + px(14), y + px(14), Anchor::Start, Face::Note, Tone::Soft, title)];
        let mut right = x + width - px(10);
        for action in waiting.iter().rev() {
            let mut text = Text::new();
            let (key, width) = match action {
                Action::ProdVisible(index) => {
                    text.push_str("req_prod ").push_u32(index.0);
                    (0, px(78))
                }
                Action::EventVisible(index) => {
                    text.push_str("req_event ").push_u32(index.0);
                    (1, px(84))
                }
                _ => {
                    text.push_str("ring[1]");
                    (2, px(58))
                }
            };
            right -= width;
            let paint = Paint::cell(self.tone()).line(Line::Dashed);
            let cell = Shape::Rect { x: 0, y: 0, width: width - px(4), height: px(20), radius: px(4), paint };
            let label = words((width - px(4)) / 2, px(14), Anchor::Middle, Face::Mono, self.tone(), text.as_str());
            shapes.push(Shape::Group { key: Key("store", key), x: right, y, shapes: vec![cell, label] });
        }
        let entity = if self.end == End::Front { "front-buffer" } else { "back-buffer" };
        drawing.add(named(entity, shapes));
    }
}

/// A numbered disc.
pub(crate) fn disc(shapes: &mut Vec<Shape>, (x, y): (Unit, Unit), number: u32, tone: Tone, now: bool) {
    let paint = if now {
        Paint { fill: Fill::Solid(tone), ..Paint::stroke(tone).weight(Weight::Thick) }
    } else {
        Paint::cell(tone)
    };
    let mut text = Text::new();
    text.push_u32(number);
    let ink = if now { Tone::Paper } else { tone };
    shapes.push(Shape::Circle { x, y, radius: px(9), paint });
    shapes.push(words(x, y + px(4), Anchor::Middle, Face::Note, ink, text.as_str()));
}

/// The line of a program that an event is; nothing for what becomes visible.
const fn line_of(event: &Interleaving) -> Option<(End, usize)> {
    match event {
        Interleaving::EntryStored { .. } => Some((End::Front, 0)),
        Interleaving::ProducerStored { .. } => Some((End::Front, 2)),
        Interleaving::EventLoaded { .. } => Some((End::Front, 4)),
        Interleaving::Notified => Some((End::Front, 5)),
        Interleaving::ProducerLoaded { .. } => Some((End::Back, 0)),
        Interleaving::EntryReadEarly { .. } | Interleaving::EntryTaken { .. } => Some((End::Back, 2)),
        Interleaving::EventStored { .. } => Some((End::Back, 3)),
        Interleaving::ProducerRechecked { .. } => Some((End::Back, 5)),
        Interleaving::Woken => Some((End::Back, 6)),
        Interleaving::EntryVisible { .. }
        | Interleaving::ProducerVisible { .. }
        | Interleaving::EventVisible { .. }
        | Interleaving::Forgotten { .. } => None,
    }
}

/// What a line found; whether that is a fault.
fn result(out: &mut Text, event: &Interleaving) -> bool {
    match *event {
        Interleaving::EventLoaded { event, due } => {
            out.push_u32(event).push_str(if due { ": a bell is due" } else { ": no bell" });
        }
        Interleaving::Notified => {
            out.push_str("rung");
        }
        Interleaving::ProducerLoaded { index, new } => {
            out.push_u32(index).push_str(if new { ": a request" } else { ": nothing new" });
        }
        Interleaving::EntryReadEarly { stale, .. } => {
            out.push_str(if stale { "read early: not there" } else { "read early" });
        }
        Interleaving::EntryTaken { stale, .. } => {
            out.push_str(if stale { "no request there" } else { "" });
            return stale;
        }
        Interleaving::EventStored { index } => {
            out.push_str("= ").push_u32(index);
        }
        Interleaving::ProducerRechecked { index, sleeps } => {
            out.push_u32(index).push_str(if sleeps { ": sleep" } else { ": stay awake" });
        }
        Interleaving::Woken => {
            out.push_str("woken");
        }
        Interleaving::EntryStored { .. }
        | Interleaving::ProducerStored { .. }
        | Interleaving::EntryVisible { .. }
        | Interleaving::ProducerVisible { .. }
        | Interleaving::EventVisible { .. }
        | Interleaving::Forgotten { .. } => {}
    }
    false
}
