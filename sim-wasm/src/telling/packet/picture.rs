//! The picture of one packet's life: swim lanes with a numbered hop for every step, and below them what is held how long.
//!
//! The whole life is drawn from the start, faint; the steps taken so far are filled in. Columns are steps, not times.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec;
use alloc::vec::Vec;

use crate::actors::epoch::Epoch;
use crate::actors::log::{Event, Log};
use crate::telling::drawing::{
    Anchor, Drawing, Face, Fill, Goes, Key, Line, Paint, Shape, Tone, Unit, Weight, named, px, rule, words,
};
use crate::telling::marks::bell;
use crate::telling::narration::phrases::push_grant_flags;
use crate::telling::packet::held::{Bars, slot_bar};
use crate::telling::packet::hop::{Hop, LANES, Lane};
use crate::telling::story::Layout;
use crate::words::ids::GrantRef;
use crate::words::text::Text;

/// Draws one frame.
pub(crate) fn draw(log: &Log, back: Epoch, step: u32, layout: Layout) -> Drawing {
    let hops: Vec<Hop> = (1..=log.steps()).map(|number| Hop::of(log.of_step(number), back)).collect();
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
            life.bars(&mut drawing, px(148), px(326), px(728), px(132));
            life.grant_entry(&mut drawing, px(20), px(454));
        }
        Layout::Narrow => {
            let list = px(24) * hops.len() as Unit;
            (drawing.width, drawing.height) = (px(328), list + px(206));
            life.list(&mut drawing);
            life.bars(&mut drawing, px(112), list + px(36), px(204), px(104));
            life.grant_entry(&mut drawing, px(8), list + px(168));
        }
        Layout::Film => {
            (drawing.width, drawing.height) = (px(264), px(112));
            life.lanes(&mut drawing, &Grid { x: px(14), y: px(10), width: px(240), lane: px(13), labels: false });
            slot_bar(&mut drawing, log, step, &|number| life.column(px(14), px(240), number));
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
            let line = Paint::stroke(Tone::Hair).weight(Weight::Thin);
            drawing.add(rule((grid.x, middle), (grid.x + grid.width, middle), line));
            if grid.labels {
                let name = words(grid.x - px(16), middle + px(4), Anchor::End, Face::Name, lane.tone(), lane.name());
                drawing.add(named(lane.entity(), vec![name]));
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

    fn bars(&self, drawing: &mut Drawing, x: Unit, y: Unit, width: Unit, name: Unit) {
        let column = |number| self.column(x, width, number);
        let steps = self.hops.len() as u32;
        Bars { x, y, width, row: px(26), name, step: self.step, steps, column: &column }.draw(drawing, self.log);
    }

    /// A numbered disc, which leads to its step.
    fn disc(&self, drawing: &mut Drawing, number: u32, at: (Unit, Unit), tone: Tone) {
        let hop = &self.hops[number as usize - 1];
        let mut label = Text::new();
        label.push_str("Step ").push_u32(number).push_str(", ").push_str(hop.lane.name());
        label.push_str(": ").push_str(hop.word);
        let mut count = Text::new();
        count.push_u32(number);
        let ink = if number == self.step { Tone::Paper } else { tone };
        let shapes = vec![
            Shape::Circle { x: 0, y: 0, radius: px(10), paint: self.paint(number, tone) },
            words(0, px(4), Anchor::Middle, Face::Note, ink, count.as_str()),
        ];
        let group = Shape::Group { key: Key("hop", number), x: at.0, y: at.1, shapes };
        let goes = Some(Goes { frame: number, label });
        drawing.add(Shape::Mark { entity: hop.lane.entity(), goes, shapes: vec![group] });
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
            let name = words(px(320), y + px(4), Anchor::End, Face::Note, tone, hop.lane.name());
            drawing.add(named(hop.lane.entity(), vec![name]));
            if hop.rings {
                drawing.add(bell(px(146), y));
            }
        }
    }

    /// A grant entry of the packet, flag by flag, as the table's bytes have it: the first one that is mapped, or else the
    /// first.
    fn grant_entry(&self, drawing: &mut Drawing, x: Unit, y: Unit) {
        let mapped = self.log.entries().iter().find_map(|entry| match entry.event {
            Event::GrantsMapped { first, .. } => Some(first),
            _ => None,
        });
        let mut entry = None;
        for happened in self.log.until(self.step) {
            match happened.event {
                Event::GrantsGiven { first, flags, .. } => entry = Some((mapped.unwrap_or(first), flags)),
                // The run's first packet finds the entries in their order.
                Event::GrantsMapped { first, count, flags, .. }
                | Event::GrantsUnmapped { first, count, flags }
                | Event::GrantsEnded { first, count, flags } => {
                    let about = |gref: GrantRef| (first.0..first.0 + count).contains(&gref.0);
                    entry = entry.map(|(gref, before)| (gref, if about(gref) { flags } else { before }));
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
                text.push_str("entry ").push_u32(gref.0).push_str(": flags ");
                push_grant_flags(&mut text, flags);
            }
        }
        let narrow = drawing.width < px(400);
        let (first, rest) = text.as_str().split_once('=').unwrap_or((text.as_str(), ""));
        let (first, rest) = (first.strip_suffix(' ').unwrap_or(first), rest.strip_prefix(' ').unwrap_or(rest));
        if narrow && !rest.is_empty() {
            let lines = [(y, first), (y + px(18), rest)];
            let lines = lines.map(|(y, line)| words(x, y, Anchor::Start, Face::Mono, Tone::Xen, line));
            drawing.add(named("grant", lines.into()));
        } else {
            let line = words(x, y, Anchor::Start, Face::Mono, Tone::Xen, text.as_str());
            drawing.add(named("grant", vec![line]));
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
