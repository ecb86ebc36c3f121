//! What is held while a packet is on its way, from which step to which: ring slots, grants, mappings, the packet itself.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec;
use alloc::vec::Vec;

use crate::actors::log::stack::Stack;
use crate::actors::log::{Entry, Event, Log};
use crate::telling::drawing::{
    Anchor, Drawing, Face, Fill, Line, Paint, Shape, Tone, Unit, Weight, named, px, rule, words,
};
use crate::telling::narration::phrases::push_time;
use crate::words::text::Text;
use crate::words::time::Time;

/// Something that is held from one step to another.
pub(crate) struct Hold {
    /// Its row's name.
    title: &'static str,
    /// The thing, and how many of it there are: what words of the page can name.
    entities: [&'static str; 2],
    tone: Tone,
    /// When it began and when it ended; nothing when it never was.
    stay: Option<Stay>,
}

/// A stretch of steps, and of time.
#[derive(Clone, Copy)]
struct Stay {
    from: u32,
    to: u32,
    since: Time,
    until: Time,
}

/// A test for the events that begin or end something.
type Test = fn(&Event) -> bool;

impl Hold {
    /// From the first event of one kind to the last of another.
    fn of(log: &Log, title: &'static str, entities: [&'static str; 2], tone: Tone, tests: [Test; 2]) -> Hold {
        let [begins, ends] = tests;
        let first: Option<&Entry> = log.entries().iter().find(|entry| begins(&entry.event));
        let last: Option<&Entry> = log.entries().iter().rev().find(|entry| ends(&entry.event));
        let stay = match (first, last) {
            (Some(first), Some(last)) => {
                Some(Stay { from: first.step, to: last.step, since: first.time, until: last.time })
            }
            _ => None,
        };
        Hold { title, entities, tone, stay }
    }

    /// Nanoseconds that it was held up to the end of a step.
    pub(crate) fn nanos(&self, log: &Log, step: u32) -> u64 {
        match self.stay {
            Some(stay) if step >= stay.from => {
                let now = log.until(step).last().map_or(stay.since, |entry| entry.time);
                now.min(stay.until).since(stay.since)
            }
            Some(_) | None => 0,
        }
    }
}

/// The ring's slots.
pub(crate) const SLOT: usize = 0;
/// The mappings in dom0.
pub(crate) const MAPPING: usize = 2;
/// The packet in dom0.
pub(crate) const SKB: usize = 3;

/// What is held, in the order in which it begins.
pub(crate) fn held(log: &Log) -> [Hold; 4] {
    [
        Hold::of(
            log,
            "ring slot in use",
            ["slot", "slots-held"],
            Tone::Domu,
            [
                |event| matches!(event, Event::RequestWritten { .. }),
                |event| matches!(event, Event::ResponsesReaped { .. }),
            ],
        ),
        Hold::of(
            log,
            "grant given",
            ["grant", "grants-given"],
            Tone::Domu,
            [|event| matches!(event, Event::GrantsGiven { .. }), |event| matches!(event, Event::GrantsEnded { .. })],
        ),
        Hold::of(
            log,
            "mapped: pinned",
            ["mapping", "pages-mapped"],
            Tone::Xen,
            [
                |event| matches!(event, Event::GrantsMapped { .. }),
                |event| matches!(event, Event::GrantsUnmapped { .. }),
            ],
        ),
        Hold::of(
            log,
            "packet in dom0",
            ["skb", "packets-in-dom0"],
            Tone::Dom0,
            [|event| matches!(event, Event::HeaderCopied { .. }), leaves],
        ),
    ]
}

/// Whether dom0 lets the packet go, or one of its clones.
pub(crate) const fn leaves(event: &Event) -> bool {
    matches!(event, Event::TransmitDone | Event::PacketDropped { .. } | Event::Stack(Stack::TapFreed { .. }))
}

/// Where the bars of what is held stand; `column` finds a step's place between `x` and `x + width`.
pub(crate) struct Bars<'a> {
    pub(crate) x: Unit,
    pub(crate) y: Unit,
    pub(crate) width: Unit,
    pub(crate) row: Unit,
    /// The right end of the names.
    pub(crate) name: Unit,
    pub(crate) step: u32,
    pub(crate) steps: u32,
    pub(crate) column: &'a dyn Fn(u32) -> Unit,
}

impl Bars<'_> {
    /// One bar for each thing, as far as the run has come: how long it will last is for the reader to guess.
    pub(crate) fn draw(&self, drawing: &mut Drawing, log: &Log) {
        for (position, hold) in held(log).iter().enumerate() {
            let y = self.y + self.row * position as Unit;
            let middle = y + self.row / 2 - px(5);
            let track = Paint::stroke(Tone::Hair).weight(Weight::Thin);
            let mut shapes = vec![
                words(self.name, y + px(12), Anchor::End, Face::Note, Tone::Soft, hold.title),
                rule((self.x, middle), (self.x + self.width, middle), track),
            ];
            match hold.stay {
                Some(stay) if self.step >= stay.from => self.bar(&mut shapes, hold.tone, stay, y),
                None if self.step == self.steps => {
                    shapes.push(words(self.x, y + px(12), Anchor::Start, Face::Overlay, Tone::Soft, "never"));
                }
                Some(_) | None => {}
            }
            let [thing, count] = hold.entities;
            drawing.add(named(thing, vec![named(count, shapes)]));
        }
        if self.step > 0 {
            let x = (self.column)(self.step);
            let bottom = self.y + self.row * 4 - px(6);
            drawing.add(rule((x, self.y - px(6)), (x, bottom), Paint::stroke(Tone::Ink).weight(Weight::Thin)));
        }
    }

    fn bar(&self, shapes: &mut Vec<Shape>, tone: Tone, stay: Stay, y: Unit) {
        let height = self.row - px(10);
        let x = (self.column)(stay.from);
        let end = (self.column)(self.step.min(stay.to));
        let over = self.step >= stay.to;
        let paint = Paint::cell(tone).weight(if over { Weight::Normal } else { Weight::Thick });
        shapes.push(Shape::Rect { x, y, width: (end - x).max(px(4)), height, radius: px(4), paint });
        if over {
            let mut time = Text::new();
            push_time(&mut time, Time(stay.until.since(stay.since)));
            let inside = end - x > px(64);
            let (anchor, at) = if inside { (Anchor::End, end - px(6)) } else { (Anchor::Start, end + px(5)) };
            let face = if inside { Face::Note } else { Face::Overlay };
            shapes.push(words(at, y + px(12), anchor, face, tone, time.as_str()));
        }
    }
}

/// The one bar that a frame of the film has room for: the slots', with its whole length dashed.
pub(crate) fn slot_bar(drawing: &mut Drawing, log: &Log, step: u32, column: &dyn Fn(u32) -> Unit) {
    let [slot, ..] = held(log);
    let Some(stay) = slot.stay else { return };
    let (y, height, radius) = (px(94), px(10), px(3));
    let x = column(stay.from);
    let paint = Paint::stroke(slot.tone).line(Line::Dashed).weight(Weight::Thin);
    drawing.add(Shape::Rect { x, y, width: column(stay.to) - x, height, radius, paint });
    if step >= stay.from {
        let width = (column(step.min(stay.to)) - x).max(px(4));
        let paint = Paint { fill: Fill::Tint(slot.tone), ..Paint::stroke(slot.tone) };
        drawing.add(Shape::Rect { x, y, width, height, radius, paint });
    }
}
