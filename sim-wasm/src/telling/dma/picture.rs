//! The picture: driver and card on the left, the IOMMU's look-up in the middle, memory by owners on the right; on a phone one
//! above the other.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec;
use alloc::vec::Vec;

use crate::telling::dma::frame::{Frame, Outcome, ROWS, Row, Stage};
use crate::telling::dma::guard::{Guard, WINDOW};
use crate::telling::dma::map::{Map, memory, whose};
use crate::telling::drawing::{
    Anchor, Drawing, Face, Fill, Line, Paint, PathData, Shape, Tone, Unit, Weight, named, px, rule, words,
};
use crate::telling::marks;
use crate::telling::story::Layout;
use crate::words::ids::Dfn;
use crate::words::text::Text;

/// What is looked up in each row.
const LOOKS_UP: [&str; ROWS] = ["root: bus 3", "context: 00.0", "level 4", "level 3", "level 2", "level 1"];

const LEGEND: &str = "filled: what the card can reach; corners: aimed at";

/// Draws one frame.
pub(crate) fn draw(guard: Guard, target: Dfn, frame: &Frame, layout: Layout) -> Drawing {
    let mut drawing = Drawing {
        width: px(896),
        height: px(348),
        title: "A card's request: the driver's descriptor, the IOMMU's look-up, and the machine's memory",
        description: description(guard, frame),
        shapes: Vec::new(),
    };
    match layout {
        Layout::Wide => wide(&mut drawing, guard, target, frame),
        Layout::Narrow => {
            (drawing.width, drawing.height) = (px(328), px(950));
            narrow(&mut drawing, guard, target, frame);
        }
        Layout::Film => {
            (drawing.width, drawing.height) = (px(264), px(112));
            film(&mut drawing, guard, target, frame);
        }
    }
    drawing
}

fn wide(drawing: &mut Drawing, guard: Guard, target: Dfn, frame: &Frame) {
    let said = match (frame.alive, guard.is_paravirtual()) {
        (false, _) => "domU 1, destroyed",
        (true, true) => "domU 1, paravirtual",
        (true, false) => "domU 1, HVM",
    };
    let tone = if frame.alive { Tone::Domu } else { Tone::Soft };
    drawing.add(words(px(16), px(24), Anchor::Start, Face::Name, tone, said));
    descriptor(drawing, frame, (px(16), px(44)), px(170));
    card(drawing, frame, (px(16), px(178)), px(170));
    if frame.stage != Stage::Idle {
        arrow(drawing, (px(101), px(110)), (px(101), px(178)), Tone::Domu);
    }
    unit(drawing, guard, frame, &Panel { x: px(236), y: px(44), width: px(330), row: px(34) });
    let map = Map { x: px(620), y: px(28), cell: (px(32), px(34)), row: px(62), columns: 8 };
    memory(drawing, frame, target, &map);
    drawing.add(words(px(880), px(338), Anchor::End, Face::Note, Tone::Soft, LEGEND));
    if frame.stage == Stage::Sent && frame.master {
        arrow(drawing, (px(186), px(211)), (px(236), px(211)), Tone::Hardware);
    }
    match frame.outcome {
        Outcome::Reached { frame: reached, meant } => {
            let tone = if meant { Tone::Hardware } else { Tone::Fault };
            if !guard.has_unit() {
                drawing.add(rule((px(236), px(211)), (px(566), px(211)), Paint::stroke(tone)));
            }
            arrow(drawing, (px(566), px(211)), (px(612), map.edge(reached.0).1), tone);
        }
        Outcome::Interrupt { .. } => {
            if !guard.has_unit() {
                drawing.add(rule((px(236), px(211)), (px(566), px(211)), Paint::stroke(Tone::Fault)));
            }
            arrow(drawing, (px(566), px(211)), (px(612), map.edge(WINDOW).1), Tone::Fault);
        }
        Outcome::Blocked { .. } => {
            let y = px(44) + px(34) * stopped_at(frame) + px(24);
            drawing.add(marks::cross(px(586), y, px(6)));
        }
        // Before any table: the cross stands where the request comes in.
        Outcome::InterruptBlocked { .. } => drawing.add(marks::cross(px(211), px(211), px(6))),
        Outcome::Open | Outcome::Nothing | Outcome::Silent => {}
    }
    outcome(drawing, frame, (px(16), px(336)));
}

fn narrow(drawing: &mut Drawing, guard: Guard, target: Dfn, frame: &Frame) {
    descriptor(drawing, frame, (px(8), px(8)), px(150));
    card(drawing, frame, (px(188), px(8)), px(132));
    if frame.stage != Stage::Idle {
        arrow(drawing, (px(158), px(41)), (px(188), px(41)), Tone::Domu);
    }
    if frame.stage == Stage::Sent && frame.master {
        arrow(drawing, (px(254), px(74)), (px(254), px(104)), Tone::Hardware);
    }
    if let Outcome::InterruptBlocked { .. } = frame.outcome {
        drawing.add(marks::cross(px(254), px(89), px(6)));
    }
    unit(drawing, guard, frame, &Panel { x: px(8), y: px(104), width: px(312), row: px(30) });
    outcome(drawing, frame, (px(8), px(378)));
    let map = Map { x: px(8), y: px(396), cell: (px(78), px(48)), row: px(120), columns: 4 };
    memory(drawing, frame, target, &map);
    drawing.add(words(px(8), px(944), Anchor::Start, Face::Note, Tone::Soft, LEGEND));
}

fn film(drawing: &mut Drawing, guard: Guard, target: Dfn, frame: &Frame) {
    let said = if guard.has_unit() { "look-up" } else { "no IOMMU" };
    drawing.add(words(px(10), px(18), Anchor::Start, Face::Note, Tone::Soft, said));
    for (number, row) in frame.rows.iter().enumerate() {
        let x = px(10) + px(19) * number as Unit;
        let paint = if guard.has_unit() { row_paint(*row) } else { absent() };
        drawing.add(Shape::Rect { x, y: px(28), width: px(16), height: px(34), radius: px(2), paint });
    }
    memory(drawing, frame, target, &Map { x: px(140), y: px(8), cell: (px(14), px(18)), row: px(21), columns: 8 });
    let (tone, said) = told(frame);
    drawing.add(words(px(10), px(106), Anchor::Start, Face::Note, tone, said.as_str()));
}

/// The guest's descriptor: a box with the address.
fn descriptor(drawing: &mut Drawing, frame: &Frame, (x, y): (Unit, Unit), width: Unit) {
    let written = frame.stage != Stage::Idle;
    let fresh = frame.stage == Stage::Described;
    let paint = match (written, fresh) {
        (false, _) => absent(),
        (true, false) => Paint::cell(Tone::Domu),
        (true, true) => Paint::cell(Tone::Domu).weight(Weight::Thick),
    };
    let mut shapes = vec![Shape::Rect { x, y, width, height: px(66), radius: px(4), paint }];
    let what = if frame.write { "descriptor: store at" } else { "descriptor: fetch from" };
    shapes.push(words(x + px(10), y + px(22), Anchor::Start, Face::Note, Tone::Domu, what));
    let mut address = Text::new();
    address.push_str("0x").push_hex(frame.address, 1);
    let tone = if written { Tone::Domu } else { Tone::Soft };
    shapes.push(words(x + px(10), y + px(46), Anchor::Start, Face::Mono, tone, address.as_str()));
    drawing.add(named("descriptor", shapes));
}

fn card(drawing: &mut Drawing, frame: &Frame, (x, y): (Unit, Unit), width: Unit) {
    let paint = match (frame.master, frame.stage) {
        (false, _) => Paint::stroke(Tone::Fault).line(Line::Dashed),
        (true, Stage::Sent) => Paint::cell(Tone::Hardware).weight(Weight::Thick),
        (true, Stage::Idle | Stage::Described) => Paint::cell(Tone::Hardware),
    };
    let mut shapes = vec![Shape::Rect { x, y, width, height: px(66), radius: px(4), paint }];
    let tone = if frame.master { Tone::Hardware } else { Tone::Fault };
    shapes.push(words(x + px(10), y + px(22), Anchor::Start, Face::Name, tone, "card"));
    shapes.push(words(x + px(10), y + px(46), Anchor::Start, Face::Mono, tone, "03:00.0"));
    if !frame.master {
        shapes.push(words(x + width - px(10), y + px(22), Anchor::End, Face::Note, tone, "no master"));
    }
    drawing.add(named("card", shapes));
}

/// Where the unit's rows stand.
struct Panel {
    x: Unit,
    y: Unit,
    width: Unit,
    row: Unit,
}

/// The unit: what it looks up, what it remembers, and its fault record.
fn unit(drawing: &mut Drawing, guard: Guard, frame: &Frame, panel: &Panel) {
    let Panel { x, y, width, row } = *panel;
    let height = row * (ROWS as Unit + 2) + px(14);
    if !guard.has_unit() {
        let paint = Paint::stroke(Tone::Free).line(Line::Dashed);
        drawing.add(Shape::Rect { x, y, width, height, radius: px(8), paint });
        let middle = x + width / 2;
        drawing.add(words(middle, y + px(60), Anchor::Middle, Face::Name, Tone::Soft, "no IOMMU"));
        let said = "an address of the card is the machine's";
        drawing.add(words(middle, y + px(82), Anchor::Middle, Face::Note, Tone::Soft, said));
        return;
    }
    let paint = Paint::stroke(Tone::Hardware);
    drawing.add(Shape::Rect { x, y, width, height, radius: px(8), paint });
    drawing.add(words(x + px(10), y - px(6), Anchor::Start, Face::Name, Tone::Hardware, "IOMMU"));
    let mut shapes = Vec::new();
    for (number, (row_state, name)) in frame.rows.iter().zip(LOOKS_UP).enumerate() {
        let top = y + px(8) + row * number as Unit;
        let paint = row_paint(*row_state);
        shapes.push(Shape::Rect {
            x: x + px(8),
            y: top,
            width: width - px(16),
            height: row - px(6),
            radius: px(3),
            paint,
        });
        let base = top + (row - px(6)) / 2 + px(4);
        shapes.push(words(x + px(18), base, Anchor::Start, Face::Note, Tone::Ink, name));
        let (tone, said) = entry(*row_state);
        shapes.push(words(x + width - px(18), base, Anchor::End, Face::Mono, tone, said.as_str()));
    }
    drawing.add(named("walk", shapes));
    let base = y + row * ROWS as Unit + px(28);
    let mut said = Text::new();
    said.push_str("IOTLB: ");
    match frame.remembered.first() {
        None => said.push_str("empty"),
        Some((page, frame)) => said.push_str("page ").push_u64(*page).push_str(" is frame ").push_u32(*frame),
    };
    let line = words(x + px(18), base, Anchor::Start, Face::Mono, Tone::Hardware, said.as_str());
    drawing.add(named("iotlb", vec![line]));
    let (tone, said) = record(frame);
    let line = words(x + px(18), base + row - px(6), Anchor::Start, Face::Mono, tone, said.as_str());
    drawing.add(named("fault-record", vec![line]));
}

fn record(frame: &Frame) -> (Tone, Text) {
    let mut said = Text::new();
    said.push_str("fault record: ");
    match frame.record {
        None => {
            said.push_str("free");
            (Tone::Soft, said)
        }
        Some(code) => {
            said.push_str("03:00.0, code 0x").push_hex(code.into(), 1);
            (Tone::Fault, said)
        }
    }
}

const fn row_paint(row: Row) -> Paint {
    match row {
        Row::Waits | Row::NotAsked => absent(),
        Row::Read(_) => Paint::cell(Tone::Hardware),
        Row::Remembered => Paint { fill: Fill::None, ..Paint::stroke(Tone::Hardware).line(Line::Dotted) },
        Row::Denies(_) => Paint::cell(Tone::Fault).weight(Weight::Thick),
    }
}

const fn absent() -> Paint {
    Paint::stroke(Tone::Free).line(Line::Dashed)
}

/// An entry as bytes and what it lets pass.
fn entry(row: Row) -> (Tone, Text) {
    let mut said = Text::new();
    let tone = match row {
        Row::Waits => Tone::Soft,
        Row::NotAsked => {
            said.push_str("not asked");
            Tone::Soft
        }
        Row::Remembered => {
            said.push_str("remembered");
            Tone::Hardware
        }
        Row::Read(entry) => {
            said.push_str("0x").push_hex(entry, 1);
            Tone::Hardware
        }
        Row::Denies(entry) => {
            said.push_str(if entry & 3 == 0 { "empty  0x" } else { "0x" }).push_hex(entry, 1);
            Tone::Fault
        }
    };
    (tone, said)
}

/// The row at which a request was stopped.
fn stopped_at(frame: &Frame) -> Unit {
    frame.rows.iter().position(|row| matches!(row, Row::Denies(_))).unwrap_or(ROWS - 1) as Unit
}

fn arrow(drawing: &mut Drawing, from: (Unit, Unit), to: (Unit, Unit), tone: Tone) {
    let paint = Paint::stroke(tone).weight(Weight::Thick);
    if to.0 > from.0 {
        drawing.add(marks::arrow(from, to, px(7), paint));
        return;
    }
    let down = PathData::from(from.0, from.1).to(to.0, to.1).jump(to.0 - px(4), to.1 - px(7)).to(to.0, to.1);
    drawing.add(Shape::Path { data: down.to(to.0 + px(4), to.1 - px(7)), paint });
}

/// What became of the request, in words.
fn told(frame: &Frame) -> (Tone, Text) {
    let mut said = Text::new();
    let tone = match frame.outcome {
        Outcome::Open => {
            said.push_str(match frame.stage {
                Stage::Idle => "nothing asked yet",
                Stage::Described => "the card is told",
                Stage::Sent => "under way",
            });
            Tone::Soft
        }
        Outcome::Reached { frame: reached, meant } => {
            said.push_str("reaches frame ").push_u32(reached.0);
            if !meant {
                said.push_str(": ").push_str(whose(frame, reached.0));
            }
            if meant { Tone::Hardware } else { Tone::Fault }
        }
        Outcome::Interrupt { vector } => {
            said.push_str("interrupt 0x").push_hex(vector.into(), 2);
            Tone::Fault
        }
        Outcome::Blocked { code } => {
            said.push_str("blocked, code 0x").push_hex(code.into(), 1);
            Tone::Fault
        }
        Outcome::InterruptBlocked { code } => {
            said.push_str("interrupt blocked, code 0x").push_hex(code.into(), 1);
            Tone::Fault
        }
        Outcome::Nothing => {
            said.push_str("nothing answers");
            Tone::Fault
        }
        Outcome::Silent => {
            said.push_str("the card is silent");
            Tone::Fault
        }
    };
    (tone, said)
}

fn outcome(drawing: &mut Drawing, frame: &Frame, (x, y): (Unit, Unit)) {
    let (tone, said) = told(frame);
    drawing.add(named("outcome", vec![words(x, y, Anchor::Start, Face::Name, tone, said.as_str())]));
}

fn description(guard: Guard, frame: &Frame) -> Text {
    let mut text = Text::new();
    text.push_str(match guard {
        Guard::PvOpen => "A paravirtual guest has a card, and there is no IOMMU. ",
        Guard::HvmOpen => "An HVM guest has a card, and there is no IOMMU. ",
        Guard::PvInDom0s => "A paravirtual guest has a card, which is looked up in dom0's tables. ",
        Guard::PvFilter => "A paravirtual guest has a card behind a filter of its own pages. ",
        Guard::HvmTranslated | Guard::HvmUnquarantined => "An HVM guest has a card whose addresses are translated. ",
    });
    if !frame.alive {
        text.push_str("The guest is destroyed. ");
    }
    text.push_str("The driver aims at frame ").push_u64(frame.address >> 12).push_str(". ");
    if frame.stage != Stage::Idle {
        text.push_str("The request for 0x").push_hex(frame.address, 1).push_str(": ");
        text.push_str(told(frame).1.as_str()).push_str(". ");
    }
    let read = frame.rows.iter().filter(|row| matches!(row, Row::Read(_) | Row::Denies(_))).count();
    if read > 0 {
        text.push_str("Entries read on the way: ").push_u32(read as u32).push_str(". ");
    }
    text.push_str("Frames that the card can reach: ").push_u32(frame.reachable.count_ones()).push_str(" of 32.");
    text
}
