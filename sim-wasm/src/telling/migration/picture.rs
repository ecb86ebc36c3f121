//! The picture: a host on either side with the guest in one of them and its two ways to the network, the memory between them,
//! and the steps as cards underneath; on a phone one above the other.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec;
use alloc::vec::Vec;

use crate::actors::log::migration::Interface;
use crate::actors::migration::Place;
use crate::telling::drawing::{
    Anchor, Drawing, Face, Fill, Line, Paint, Shape, Tone, Unit, Weight, named, px, rule, words,
};
use crate::telling::migration::cards::{Cards, cards, last, push_grouped, rounds};
use crate::telling::migration::frame::Frame;
use crate::telling::migration::orders::Orders;
use crate::telling::migration::run::MigrationRun;
use crate::telling::narration::phrases::push_time;
use crate::telling::story::Layout;
use crate::words::text::Text;
use crate::words::time::Time;

/// Draws one frame.
pub(crate) fn draw(run: &MigrationRun, frame: &Frame, layout: Layout) -> Drawing {
    let mut drawing = Drawing {
        width: px(896),
        height: px(362),
        title: "Two hosts, a guest with a card and a split interface, its memory on the way, and the steps taken",
        description: description(run, frame),
        shapes: Vec::new(),
    };
    match layout {
        Layout::Wide => wide(&mut drawing, run, frame),
        Layout::Narrow => {
            (drawing.width, drawing.height) = (px(328), px(650));
            narrow(&mut drawing, run, frame);
        }
        Layout::Film => {
            (drawing.width, drawing.height) = (px(264), px(112));
            film(&mut drawing, run, frame);
        }
    }
    drawing
}

fn wide(drawing: &mut Drawing, run: &MigrationRun, frame: &Frame) {
    let size = (px(262), px(186));
    for (place, x) in [(Place::Source, px(16)), (Place::Target, px(618))] {
        Host { place, at: (x, px(32)), size, inset: px(14), lowest: px(240) }.draw(drawing, frame);
    }
    network(drawing, (px(16), px(880)), px(240));
    memory(drawing, run, frame, &Panel { at: (px(304), px(32)), width: px(288), lines: 6 });
    let at = (px(16), px(272));
    cards(drawing, &run.taken, frame, &Cards { at, size: (px(90), px(48)), apart: (px(967) / 10, 0), columns: 9 });
    let [lost, silence] = sums(frame);
    let y = px(350);
    drawing.add(named("lost", vec![words(px(16), y, Anchor::Start, Face::Name, lost.0, lost.1.as_str())]));
    drawing.add(named("longest", vec![words(px(170), y, Anchor::Start, Face::Note, silence.0, silence.1.as_str())]));
    orders(drawing, run, frame, (px(350), y));
    let (tone, said) = verdict(frame);
    drawing.add(named("home", vec![words(px(880), y, Anchor::End, Face::Name, tone, said)]));
}

fn narrow(drawing: &mut Drawing, run: &MigrationRun, frame: &Frame) {
    let size = (px(152), px(178));
    for (place, x) in [(Place::Source, px(8)), (Place::Target, px(168))] {
        Host { place, at: (x, px(26)), size, inset: px(8), lowest: px(222) }.draw(drawing, frame);
    }
    network(drawing, (px(8), px(320)), px(222));
    memory(drawing, run, frame, &Panel { at: (px(8), px(266)), width: px(312), lines: 5 });
    let at = (px(8), px(426));
    cards(drawing, &run.taken, frame, &Cards { at, size: (px(98), px(44)), apart: (px(107), px(52)), columns: 3 });
    let [lost, silence] = sums(frame);
    drawing.add(named("lost", vec![words(px(8), px(602), Anchor::Start, Face::Name, lost.0, lost.1.as_str())]));
    let (tone, said) = verdict(frame);
    drawing.add(named("home", vec![words(px(320), px(602), Anchor::End, Face::Name, tone, said)]));
    drawing
        .add(named("longest", vec![words(px(8), px(620), Anchor::Start, Face::Note, silence.0, silence.1.as_str())]));
    orders(drawing, run, frame, (px(8), px(638)));
}

fn film(drawing: &mut Drawing, run: &MigrationRun, frame: &Frame) {
    for (place, x, name) in [(Place::Source, px(10), "host A"), (Place::Target, px(188), "host B")] {
        drawing.add(words(x, px(16), Anchor::Start, Face::Note, Tone::Soft, name));
        let here = frame.place == place;
        let paint = Paint::stroke(Tone::Hair);
        drawing.add(Shape::Rect { x, y: px(22), width: px(66), height: px(46), radius: px(4), paint });
        if here {
            let paint = Paint::cell(Tone::Domu);
            drawing.add(Shape::Rect { x: x + px(6), y: px(27), width: px(54), height: px(18), radius: px(3), paint });
            let (tone, name) = way(frame.active);
            drawing.add(rule((x + px(12), px(45)), (x + px(12), px(68)), Paint::stroke(tone).weight(Weight::Thick)));
            drawing.add(words(x + px(20), px(61), Anchor::Start, Face::Mono, tone, name));
        }
    }
    bar(drawing, run, frame, (px(88), px(36)), (px(88), px(14)));
    let (tone, said) = last(&run.taken, frame);
    drawing.add(words(px(10), px(86), Anchor::Start, Face::Note, tone, said.as_str()));
    let [(tone, said), _] = sums(frame);
    drawing.add(words(px(10), px(105), Anchor::Start, Face::Note, tone, said.as_str()));
}

/// The interface and whose way it is.
const fn way(interface: Interface) -> (Tone, &'static str) {
    match interface {
        Interface::Card => (Tone::Hardware, "eth1"),
        Interface::Split => (Tone::Dom0, "eth0"),
    }
}

/// Where a host stands, and how far down the network is.
struct Host {
    place: Place,
    at: (Unit, Unit),
    size: (Unit, Unit),
    inset: Unit,
    lowest: Unit,
}

impl Host {
    fn draw(&self, drawing: &mut Drawing, frame: &Frame) {
        let ((x, y), (width, height)) = (self.at, self.size);
        let name = match self.place {
            Place::Source => "host A",
            Place::Target => "host B",
        };
        let paint = Paint::stroke(Tone::Soft).weight(Weight::Thin);
        let mut shapes = vec![Shape::Rect { x, y, width, height, radius: px(8), paint }];
        shapes.push(words(x, y - px(8), Anchor::Start, Face::Name, Tone::Ink, name));
        drawing.add(named(name, shapes));
        let here = frame.place == self.place;
        self.below(drawing, here.then_some(frame));
        if here {
            self.guest(drawing, frame);
        } else {
            let (x, width) = (x + self.inset, width - self.inset * 2);
            let paint = Paint::stroke(Tone::Free).line(Line::Dashed);
            drawing.add(Shape::Rect { x, y: y + px(12), width, height: px(90), radius: px(4), paint });
            let said = match self.place {
                Place::Target if frame.rounds > 0 => "its memory",
                Place::Target => "no guest yet",
                Place::Source => "gone",
            };
            drawing.add(words(x + width / 2, y + px(61), Anchor::Middle, Face::Note, Tone::Soft, said));
        }
    }

    /// Left edges and width of the two interfaces.
    fn columns(&self) -> ([Unit; 2], Unit) {
        let gap = self.inset;
        let (x, inner) = (self.at.0 + self.inset + px(8), self.size.0 - self.inset * 2 - px(16));
        let width = (inner - gap) / 2;
        ([x, x + width + gap], width)
    }

    /// The guest with its bond.
    fn guest(&self, drawing: &mut Drawing, frame: &Frame) {
        let (x, y) = (self.at.0 + self.inset, self.at.1 + px(12));
        let width = self.size.0 - self.inset * 2;
        let paint = Paint::cell(Tone::Domu);
        let middle = x + width / 2;
        let mut shapes = vec![Shape::Rect { x, y, width, height: px(90), radius: px(4), paint }];
        shapes.push(words(x + px(8), y + px(18), Anchor::Start, Face::Name, Tone::Domu, "domU"));
        shapes.push(words(middle, y + px(32), Anchor::Middle, Face::Mono, Tone::Domu, "bond0"));
        let (columns, column) = self.columns();
        for (interface, left) in [Interface::Card, Interface::Split].into_iter().zip(columns) {
            let used = frame.active == interface;
            let there = interface == Interface::Split || frame.has_card;
            let (tone, name) = way(interface);
            let line = if used { Paint::stroke(tone).weight(Weight::Thick) } else { waiting(Tone::Domu) };
            if there {
                shapes.push(rule((middle, y + px(38)), (left + column / 2, y + px(54)), line));
            }
            let paint = match (there, used) {
                (false, _) => Paint::stroke(Tone::Free).line(Line::Dashed),
                (true, true) => Paint { fill: Fill::Solid(Tone::Paper), ..Paint::stroke(tone) }.weight(Weight::Thick),
                (true, false) => Paint { fill: Fill::Solid(Tone::Paper), ..Paint::stroke(tone) },
            };
            shapes.push(Shape::Rect { x: left, y: y + px(54), width: column, height: px(28), radius: px(3), paint });
            let tone = if there { tone } else { Tone::Soft };
            let at = (left + column / 2, y + px(72));
            shapes.push(words(at.0, at.1, Anchor::Middle, Face::Mono, tone, if there { name } else { "no eth1" }));
        }
        drawing.add(named("guest", shapes));
    }

    /// The host's card and dom0, and the ways to them and to the network.
    fn below(&self, drawing: &mut Drawing, frame: Option<&Frame>) {
        let top = self.at.1 + px(136);
        let (columns, column) = self.columns();
        for (interface, left) in [Interface::Card, Interface::Split].into_iter().zip(columns) {
            let (tone, _) = way(interface);
            let there = frame.is_some_and(|frame| interface == Interface::Split || frame.has_card);
            let used = frame.is_some_and(|frame| frame.active == interface);
            let middle = left + column / 2;
            let line = if used { Paint::stroke(tone).weight(Weight::Thick) } else { waiting(tone) };
            let (name, said) = match interface {
                Interface::Card => ("card", "card"),
                Interface::Split => ("netback", "netback"),
            };
            let mut shapes = Vec::new();
            if there {
                shapes.push(rule((middle, self.at.1 + px(94)), (middle, top), line));
            }
            if used {
                shapes.push(rule((middle, top + px(32)), (middle, self.lowest), line));
            }
            let paint = if there { Paint::cell(tone) } else { Paint::stroke(tone).weight(Weight::Thin) };
            shapes.push(Shape::Rect { x: left, y: top, width: column, height: px(32), radius: px(4), paint });
            shapes.push(words(middle, top + px(20), Anchor::Middle, Face::Note, tone, said));
            drawing.add(named(name, shapes));
        }
    }
}

/// A way that no packet takes.
const fn waiting(tone: Tone) -> Paint {
    Paint::stroke(tone).weight(Weight::Thin).line(Line::Dotted)
}

fn network(drawing: &mut Drawing, (left, right): (Unit, Unit), y: Unit) {
    let line = rule((left, y), (right, y), Paint::stroke(Tone::Hardware));
    let name = words((left + right) / 2, y + px(14), Anchor::Middle, Face::Note, Tone::Hardware, "network");
    drawing.add(named("network", vec![line, name]));
}

/// Where the memory stands.
struct Panel {
    at: (Unit, Unit),
    width: Unit,
    /// Rounds that are drawn.
    lines: usize,
}

fn memory(drawing: &mut Drawing, run: &MigrationRun, frame: &Frame, panel: &Panel) {
    let ((x, y), width) = (panel.at, panel.width);
    drawing.add(words(x, y - px(8), Anchor::Start, Face::Name, Tone::Domu, "memory, as host B has it"));
    bar(drawing, run, frame, (x, y), (width, px(22)));
    let mut said = Text::new();
    push_grouped(&mut said, frame.missing);
    said.push_str(" of ");
    push_grouped(&mut said, run.settings.pages);
    said.push_str(" pages missing");
    let line = words(x, y + px(39), Anchor::Start, Face::Note, Tone::Ink, said.as_str());
    drawing.add(named("missing", vec![line]));
    if frame.rounds > 0 {
        drawing.add(words(x + width, y + px(39), Anchor::End, Face::Note, Tone::Soft, "pages sent"));
    }
    let done = &run.rounds[..frame.rounds as usize];
    rounds(drawing, done, run.settings.pages, (x, y + px(52)), width, panel.lines);
}

/// What host B has, from the left; the rest was not sent, or was written since.
fn bar(drawing: &mut Drawing, run: &MigrationRun, frame: &Frame, (x, y): (Unit, Unit), (width, height): (Unit, Unit)) {
    let pages = run.settings.pages.max(1);
    let mut shapes = Vec::new();
    let missing = (frame.missing * width as u64).div_ceil(pages) as Unit;
    if missing < width {
        let paint = Paint::fill(Fill::Solid(Tone::Domu));
        shapes.push(Shape::Rect { x, y, width: width - missing, height, radius: 0, paint });
    }
    if frame.rounds > 0 && missing > 0 {
        let long = missing.max(px(3));
        let paint = Paint::fill(Fill::Solid(Tone::Fault));
        shapes.push(Shape::Rect { x: x + width - long, y, width: long, height, radius: 0, paint });
    }
    shapes.push(Shape::Rect { x, y, width, height, radius: px(2), paint: Paint::stroke(Tone::Domu) });
    drawing.add(named("memory", shapes));
}

/// Packets lost, and the longest silence.
fn sums(frame: &Frame) -> [(Tone, Text); 2] {
    let tone = if frame.lost > 0 { Tone::Fault } else { Tone::Ink };
    let mut lost = Text::new();
    push_grouped(&mut lost, frame.lost);
    lost.push_str(if frame.lost == 1 { " packet lost" } else { " packets lost" });
    let mut silence = Text::new();
    silence.push_str("longest silence: ");
    if frame.longest == 0 {
        silence.push_str("none");
    } else {
        push_time(&mut silence, Time(frame.longest));
    }
    [(tone, lost), (Tone::Soft, silence)]
}

/// How many orders of the steps that are left come to something.
fn orders(drawing: &mut Drawing, run: &MigrationRun, frame: &Frame, (x, y): (Unit, Unit)) {
    if frame.is_home() {
        return;
    }
    let Orders { all, work, late } = run.orders(frame);
    let mut said = Text::new();
    said.push_str("orders from here: ").push_u64(all).push_str("; ");
    match (work, late) {
        (0, 0) => said.push_str("none without taking a step twice"),
        (_, 0) => said.push_u64(work).push_str(if work == 1 { " works" } else { " work" }),
        _ => said.push_u64(work).push_str(" without and ").push_u64(late).push_str(" with an outage"),
    };
    drawing.add(named("orders", vec![words(x, y, Anchor::Start, Face::Note, Tone::Soft, said.as_str())]));
}

/// Where it stands, in words.
const fn verdict(frame: &Frame) -> (Tone, &'static str) {
    match (frame.place, frame.active) {
        (Place::Source, Interface::Card) => (Tone::Domu, "on host A, by its card"),
        (Place::Source, Interface::Split) => (Tone::Domu, "on host A, by dom0"),
        (Place::Target, Interface::Split) => (Tone::Domu, "on host B, by dom0"),
        (Place::Target, Interface::Card) => (Tone::Domu, "arrived: by its card"),
    }
}

fn description(run: &MigrationRun, frame: &Frame) -> Text {
    let mut text = Text::new();
    text.push_str("The guest is on host ").push_char(if frame.place == Place::Source { 'A' } else { 'B' });
    text.push_str(if frame.has_card { ", has a card" } else { ", has no card" });
    text.push_str(match frame.active {
        Interface::Card => ", and uses it. ",
        Interface::Split => ", and uses netfront. ",
    });
    text.push_str("Pages that host B lacks: ").push_u64(frame.missing);
    text.push_str(" of ").push_u64(run.settings.pages);
    text.push_str("; rounds of copying: ").push_u32(frame.rounds).push_str(". ");
    if frame.taken > 0 {
        text.push_str("The last step: ").push_str(last(&run.taken, frame).1.as_str()).push_str(". ");
    }
    text.push_str("Packets lost: ").push_u64(frame.lost);
    text.push_str(", steps refused: ").push_u32(frame.refused).push_char('.');
    text
}
