//! The picture of one packet's life: swim lanes with a numbered hop for every step, and below them what is held how long.
//!
//! The whole life is drawn from the start, faint; the steps taken so far are filled in. Columns are steps, not times.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec;
use alloc::vec::Vec;

use crate::actors::log::{Entry, Event, Log};
use crate::telling::drawing::{
    Anchor, Drawing, Face, Fill, Key, Line, Paint, Shape, Tone, Unit, Weight, px, rule, words,
};
use crate::telling::marks::bell;
use crate::telling::narration::phrases::push_time;
use crate::telling::packet::hop::{Hop, LANES, Lane};
use crate::telling::story::Layout;
use crate::words::text::Text;
use crate::words::time::Time;

/// Something that is held from one step to another.
struct Hold {
    name: &'static str,
    tone: Tone,
    from: u32,
    to: u32,
    time: u64,
}

/// Draws one frame.
pub(crate) fn draw(log: &Log, step: u32, layout: Layout) -> Drawing {
    let hops: Vec<Hop> = (1..=log.steps()).map(|number| Hop::of(log.of_step(number))).collect();
    let life = Life { log, hops: &hops, step };
    let mut drawing = Drawing {
        width: 0,
        height: 0,
        title: "The life of one packet: its way through guest, Xen, dom0 and card, and what is held meanwhile",
        description: life.description(),
        shapes: Vec::new(),
    };
    match layout {
        Layout::Wide => {
            (drawing.width, drawing.height) = (px(896), px(474));
            life.lanes(&mut drawing, &Grid { x: px(148), y: px(34), width: px(728), lane: px(46), labels: true });
            life.holds(&mut drawing, &Bars { x: px(148), y: px(326), width: px(728), row: px(26), name: px(132) });
            life.grant_entry(&mut drawing, px(20), px(454));
        }
        Layout::Narrow => {
            let list = px(24) * hops.len() as Unit;
            (drawing.width, drawing.height) = (px(328), list + px(206));
            life.list(&mut drawing);
            life.holds(
                &mut drawing,
                &Bars { x: px(112), y: list + px(36), width: px(204), row: px(26), name: px(104) },
            );
            life.grant_entry(&mut drawing, px(8), list + px(168));
        }
        Layout::Film => {
            (drawing.width, drawing.height) = (px(264), px(112));
            life.lanes(&mut drawing, &Grid { x: px(14), y: px(10), width: px(240), lane: px(13), labels: false });
            life.slot_bar(&mut drawing);
        }
    }
    drawing
}

/// Where lanes stand.
struct Grid {
    x: Unit,
    y: Unit,
    width: Unit,
    lane: Unit,
    labels: bool,
}

/// Where the bars of what is held stand.
struct Bars {
    x: Unit,
    y: Unit,
    width: Unit,
    row: Unit,
    name: Unit,
}

struct Life<'a> {
    log: &'a Log,
    hops: &'a [Hop],
    step: u32,
}

impl Life<'_> {
    /// How a step stands to the present one: taken, being told, or to come.
    fn paint(&self, number: u32, tone: Tone) -> Paint {
        match number {
            _ if number < self.step => Paint::cell(tone),
            _ if number == self.step => Paint { fill: Fill::Solid(tone), ..Paint::stroke(tone).weight(Weight::Thick) },
            _ => {
                Paint { fill: Fill::Solid(Tone::Paper), ..Paint::stroke(tone).line(Line::Dashed).weight(Weight::Thin) }
            }
        }
    }

    fn column(&self, x: Unit, width: Unit, number: u32) -> Unit {
        let columns = self.hops.len() as Unit;
        x + width * (2 * number as Unit - 1) / (2 * columns.max(1))
    }

    fn lanes(&self, drawing: &mut Drawing, grid: &Grid) {
        let height = grid.lane;
        for (position, lane) in LANES.iter().enumerate() {
            let y = grid.y + height * position as Unit;
            let middle = y + height / 2;
            drawing.add(rule(
                (grid.x, middle),
                (grid.x + grid.width, middle),
                Paint::stroke(Tone::Hair).weight(Weight::Thin),
            ));
            if grid.labels {
                drawing.add(words(grid.x - px(16), middle + px(4), Anchor::End, Face::Name, lane.tone(), lane.name()));
            }
        }
        let at = |number: u32| {
            let lane = LANES.iter().position(|lane| *lane == self.hops[number as usize - 1].lane).unwrap_or(0);
            (self.column(grid.x, grid.width, number), grid.y + height * lane as Unit + height / 2)
        };
        let total = self.hops.len() as u32;
        self.way(drawing, at);
        for number in 1..=total {
            let hop = &self.hops[number as usize - 1];
            let (x, y) = at(number);
            let tone = if hop.fails { Tone::Fault } else { hop.lane.tone() };
            if grid.labels {
                self.disc(drawing, number, (x, y), tone);
                let dy = if self.word_above(number) { -px(14) } else { px(22) };
                let tone = if number == self.step { Tone::Ink } else { Tone::Soft };
                drawing.add(words(x, y + dy, Anchor::Middle, Face::Overlay, tone, hop.word));
                if hop.rings {
                    drawing.add(bell(x + px(14), y - px(14)));
                }
            } else {
                let radius = if number == self.step { px(5) } else { px(3) };
                drawing.add(Shape::Circle { x, y, radius, paint: self.paint(number, tone) });
            }
        }
    }

    /// The way from hop to hop: drawn as far as it was gone, dotted from there on.
    fn way(&self, drawing: &mut Drawing, at: impl Fn(u32) -> (Unit, Unit)) {
        for number in 2..=self.hops.len() as u32 {
            let (tone, line) = if number <= self.step { (Tone::Soft, Line::Solid) } else { (Tone::Free, Line::Dotted) };
            drawing.add(rule(at(number - 1), at(number), Paint::stroke(tone).line(line)));
        }
    }

    /// Neighbours on one lane take turns above and below it, so that their words never meet; a bell takes the place above.
    fn word_above(&self, number: u32) -> bool {
        let at = number as usize - 1;
        let lane = self.hops[at].lane;
        let next_rings = self.hops.get(at + 1).is_some_and(|next| next.lane == lane && next.rings);
        let run = self.hops[..at].iter().rev().take_while(|hop| hop.lane == lane).count();
        next_rings || (run % 2 == 1 && !self.hops[at].rings)
    }

    fn disc(&self, drawing: &mut Drawing, number: u32, at: (Unit, Unit), tone: Tone) {
        let mut count = Text::new();
        count.push_u32(number);
        let ink = if number == self.step { Tone::Paper } else { tone };
        let shapes = vec![
            Shape::Circle { x: 0, y: 0, radius: px(10), paint: self.paint(number, tone) },
            words(0, px(4), Anchor::Middle, Face::Note, ink, count.as_str()),
        ];
        drawing.add(Shape::Group { key: Key("hop", number), x: at.0, y: at.1, shapes });
    }

    /// The same steps top to bottom: every row has its six lanes as short rails.
    fn list(&self, drawing: &mut Drawing) {
        let row = px(24);
        let rail = |lane: Lane| px(20) + px(22) * LANES.iter().position(|other| *other == lane).unwrap_or(0) as Unit;
        let total = self.hops.len() as u32;
        for lane in LANES {
            let x = rail(lane);
            drawing.add(rule(
                (x, px(8)),
                (x, row * total as Unit + px(4)),
                Paint::stroke(lane.tone()).weight(Weight::Thin).dimmed(true),
            ));
        }
        let at = |number: u32| (rail(self.hops[number as usize - 1].lane), row * number as Unit - px(6));
        self.way(drawing, at);
        for number in 1..=total {
            let hop = &self.hops[number as usize - 1];
            let tone = if hop.fails { Tone::Fault } else { hop.lane.tone() };
            let (x, y) = at(number);
            self.disc(drawing, number, (x, y), tone);
            let now = if number == self.step { Tone::Ink } else { Tone::Soft };
            drawing.add(words(px(156), y + px(4), Anchor::Start, Face::Name, now, hop.word));
            drawing.add(words(px(320), y + px(4), Anchor::End, Face::Note, tone, hop.lane.name()));
            if hop.rings {
                drawing.add(bell(px(146), y));
            }
        }
    }

    /// What is held, from which step to which, and for how long.
    fn held(&self) -> Vec<Hold> {
        let first = |test: fn(&Event) -> bool| self.log.entries().iter().find(|entry| test(&entry.event));
        let last = |test: fn(&Event) -> bool| self.log.entries().iter().rev().find(|entry| test(&entry.event));
        let hold = |name, tone, from: Option<&Entry>, to: Option<&Entry>| {
            let (from, to) = (from?, to?);
            Some(Hold { name, tone, from: from.step, to: to.step, time: to.time.since(from.time) })
        };
        let departs = last(|event| matches!(event, Event::TransmitDone | Event::PacketDropped { .. }));
        [
            hold(
                "ring slot in use",
                Tone::Domu,
                first(|event| matches!(event, Event::RequestWritten { .. })),
                last(|event| matches!(event, Event::ResponsesReaped { .. })),
            ),
            hold(
                "grant given",
                Tone::Domu,
                first(|event| matches!(event, Event::GrantsGiven { .. })),
                last(|event| matches!(event, Event::GrantsEnded { .. })),
            ),
            hold(
                "mapped: pinned",
                Tone::Xen,
                first(|event| matches!(event, Event::GrantsMapped { .. })),
                last(|event| matches!(event, Event::GrantsUnmapped { .. })),
            ),
            hold("packet in dom0", Tone::Dom0, first(|event| matches!(event, Event::HeaderCopied { .. })), departs),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn holds(&self, drawing: &mut Drawing, bars: &Bars) {
        for (position, hold) in self.held().iter().enumerate() {
            let y = bars.y + bars.row * position as Unit;
            let height = bars.row - px(10);
            drawing.add(words(bars.name, y + px(12), Anchor::End, Face::Note, Tone::Soft, hold.name));
            let x = self.column(bars.x, bars.width, hold.from);
            let end = self.column(bars.x, bars.width, hold.to);
            let paint = Paint::stroke(hold.tone).line(Line::Dashed).weight(Weight::Thin);
            drawing.add(Shape::Rect { x, y, width: end - x, height, radius: px(4), paint });
            if self.step >= hold.from {
                let reached = self.column(bars.x, bars.width, self.step.min(hold.to));
                let paint = Paint { fill: Fill::Tint(hold.tone), ..Paint::stroke(hold.tone) };
                drawing.add(Shape::Rect { x, y, width: (reached - x).max(px(4)), height, radius: px(4), paint });
            }
            // How long it took is the answer that a reader may want to guess: it appears with the end.
            if self.step >= hold.to {
                let mut time = Text::new();
                push_time(&mut time, Time(hold.time));
                let inside = end - x > px(64);
                let (anchor, at) = if inside { (Anchor::End, end - px(6)) } else { (Anchor::Start, end + px(5)) };
                drawing.add(words(at, y + px(12), anchor, Face::Note, hold.tone, time.as_str()));
            }
        }
        if self.step > 0 {
            let x = self.column(bars.x, bars.width, self.step);
            let bottom = bars.y + bars.row * 4 - px(6);
            drawing.add(rule((x, bars.y - px(6)), (x, bottom), Paint::stroke(Tone::Ink).weight(Weight::Thin)));
        }
    }

    /// The one bar that a film frame has room for.
    fn slot_bar(&self, drawing: &mut Drawing) {
        let Some(hold) = self.held().into_iter().next() else { return };
        let (x, end) = (self.column(px(14), px(240), hold.from), self.column(px(14), px(240), hold.to));
        let paint = Paint::stroke(hold.tone).line(Line::Dashed).weight(Weight::Thin);
        drawing.add(Shape::Rect { x, y: px(94), width: end - x, height: px(10), radius: px(3), paint });
        if self.step >= hold.from {
            let reached = self.column(px(14), px(240), self.step.min(hold.to));
            let width = (reached - x).max(px(4));
            drawing.add(Shape::Rect {
                x,
                y: px(94),
                width,
                height: px(10),
                radius: px(3),
                paint: Paint::cell(hold.tone),
            });
        }
    }

    /// The first grant entry of the packet, flag by flag, as the table's bytes have it.
    fn grant_entry(&self, drawing: &mut Drawing, x: Unit, y: Unit) {
        let mut entry = None;
        for happened in self.log.until(self.step) {
            match happened.event {
                Event::GrantsGiven { first, flags, .. } => entry = Some((first, flags)),
                Event::GrantsMapped { flags, .. }
                | Event::GrantsUnmapped { flags, .. }
                | Event::GrantsEnded { flags, .. } => {
                    entry = entry.map(|(first, _)| (first, flags));
                }
                _ => {}
            }
        }
        let mut text = Text::new();
        match entry {
            None => {
                text.push_str("no grant entry yet");
            }
            Some((gref, flags)) => {
                text.push_str("entry ").push_u32(gref.0).push_str(": flags 0x").push_hex(u64::from(flags), 4);
                let names = [(0, "permit_access"), (2, "readonly"), (3, "reading")];
                let mut separator = " = ";
                for (bit, name) in names {
                    if flags >> bit & 1 == 1 {
                        text.push_str(separator).push_str(name);
                        separator = " | ";
                    }
                }
                if flags == 0 {
                    text.push_str(" = invalid");
                }
            }
        }
        let narrow = drawing.width < px(400);
        let (first, rest) = text.as_str().split_once(" = ").unwrap_or((text.as_str(), ""));
        if narrow && !rest.is_empty() {
            drawing.add(words(x, y, Anchor::Start, Face::Mono, Tone::Xen, first));
            drawing.add(words(x, y + px(18), Anchor::Start, Face::Mono, Tone::Xen, rest));
        } else {
            drawing.add(words(x, y, Anchor::Start, Face::Mono, Tone::Xen, text.as_str()));
        }
    }

    fn description(&self) -> Text {
        let mut text = Text::new();
        text.push_str("Step ").push_u32(self.step).push_str(" of ").push_u32(self.hops.len() as u32).push_str(":");
        for number in 1..=self.hops.len() {
            let hop = &self.hops[number - 1];
            text.push_str(if number == 1 { " " } else { ", " })
                .push_str(hop.lane.name())
                .push_str(": ")
                .push_str(hop.word);
        }
        text
    }
}
