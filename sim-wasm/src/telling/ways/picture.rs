//! The picture: a row for each way, a column for whoever is on it, and to the right what it has taken so far; on a phone the
//! counts stand below each row.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec;
use alloc::vec::Vec;

use crate::actors::costs::Way;
use crate::telling::drawing::{
    Anchor, Drawing, Face, Fill, Key, Line, Paint, PathData, Shape, Tone, Unit, Weight, named, px, rule, words,
};
use crate::telling::marks;
use crate::telling::narration::ways::name;
use crate::telling::story::Layout;
use crate::telling::ways::route::{BURST, Counts, Lane, Load};
use crate::telling::ways::run::{Track, taken};
use crate::telling::ways::weights::Weights;
use crate::words::text::Text;

const LANES: [(Lane, &str, Tone); 6] = [
    (Lane::Guest, "guest", Tone::Domu),
    (Lane::Xen, "Xen", Tone::Xen),
    (Lane::DeviceModel, "qemu-dm", Tone::Dom0),
    (Lane::Dom0, "dom0", Tone::Dom0),
    (Lane::Iommu, "IOMMU", Tone::Hardware),
    (Lane::Card, "card", Tone::Hardware),
];
const COUNTED: [&str; 6] = ["exits", "calls", "switch", "events", "interr.", "copies"];
/// Names of the rows for words of the page.
const ROWS: [&str; 5] = ["row-split", "row-pv-own", "row-emulated", "row-hvm-split", "row-hvm-own"];

/// Draws one frame.
pub(crate) fn draw(load: &Load, tracks: &[Track; 5], step: u32, layout: Layout) -> Drawing {
    let mut drawing = Drawing {
        width: px(896),
        height: px(392),
        title: "Five ways from a guest to a network card, and what each takes",
        description: description(load, tracks, step),
        shapes: Vec::new(),
    };
    match layout {
        Layout::Wide => wide(&mut drawing, load, tracks, step),
        Layout::Narrow => {
            (drawing.width, drawing.height) = (px(328), px(604));
            narrow(&mut drawing, load, tracks, step);
        }
        Layout::Film => {
            (drawing.width, drawing.height) = (px(264), px(112));
            film(&mut drawing, load, tracks, step);
        }
    }
    drawing
}

/// Where lanes stand.
struct Lanes {
    x: Unit,
    apart: Unit,
    radius: Unit,
}

impl Lanes {
    const fn at(&self, lane: Lane) -> Unit {
        self.x + self.apart * lane as Unit
    }
}

fn wide(drawing: &mut Drawing, load: &Load, tracks: &[Track; 5], step: u32) {
    let lanes = Lanes { x: px(264), apart: px(64), radius: px(6) };
    for (lane, said, tone) in LANES {
        drawing.add(words(lanes.at(lane), px(22), Anchor::Middle, Face::Name, tone, said));
    }
    for (column, said) in (0..).zip(COUNTED) {
        drawing.add(words(column_x(column), px(22), Anchor::End, Face::Note, Tone::Soft, said));
    }
    for (number, (track, row)) in tracks.iter().zip(ROWS).enumerate() {
        let top = px(34) + px(66) * number as Unit;
        let middle = top + px(33);
        let mut shapes = Vec::new();
        drawing.add(rule((px(16), top), (px(880), top), Paint::stroke(Tone::Hair).weight(Weight::Thin)));
        shapes.push(words(px(16), top + px(21), Anchor::Start, Face::Name, Tone::Ink, name(track.way)));
        mark(&mut shapes, (px(16), top + px(38)), trusts(track.way));
        mark(&mut shapes, (px(16), top + px(55)), moves(track.way));
        let counts = taken(track, number, load, step);
        way(&mut shapes, &lanes, middle, track, number, load, step);
        for (column, count) in (0..).zip(columns(counts)) {
            shapes.push(words(
                column_x(column),
                middle + px(5),
                Anchor::End,
                Face::Name,
                tone(count),
                shown(count).as_str(),
            ));
        }
        weight(&mut shapes, (px(880), middle + px(24)), load, counts);
        drawing.add(named(row, shapes));
    }
    let said = load_said(load);
    drawing.add(words(px(16), px(384), Anchor::Start, Face::Note, Tone::Soft, said.as_str()));
    let mut note = weights_said(load);
    if note.is_empty() {
        note.push_str("calls: hypercalls. Below each name: whom the guest trusts, and what bounds them.");
    }
    drawing.add(words(px(880), px(384), Anchor::End, Face::Note, Tone::Soft, note.as_str()));
}

const fn column_x(column: Unit) -> Unit {
    px(655) + px(45) * column
}

fn narrow(drawing: &mut Drawing, load: &Load, tracks: &[Track; 5], step: u32) {
    let lanes = Lanes { x: px(26), apart: px(55), radius: px(6) };
    for (lane, said, tone) in LANES {
        drawing.add(words(lanes.at(lane), px(18), Anchor::Middle, Face::Note, tone, said));
    }
    for (number, (track, row)) in tracks.iter().zip(ROWS).enumerate() {
        let top = px(28) + px(112) * number as Unit;
        let mut shapes = Vec::new();
        drawing.add(rule((px(8), top), (px(320), top), Paint::stroke(Tone::Hair).weight(Weight::Thin)));
        shapes.push(words(px(8), top + px(18), Anchor::Start, Face::Name, Tone::Ink, name(track.way)));
        mark(&mut shapes, (px(8), top + px(34)), trusts(track.way));
        mark(&mut shapes, (px(214), top + px(18)), moves(track.way));
        way(&mut shapes, &lanes, top + px(56), track, number, load, step);
        let counts = taken(track, number, load, step);
        for (column, (count, said)) in (0..).zip(columns(counts).into_iter().zip(COUNTED)) {
            let x = px(26) + px(55) * column;
            shapes.push(words(x, top + px(86), Anchor::Middle, Face::Name, tone(count), shown(count).as_str()));
            shapes.push(words(x, top + px(101), Anchor::Middle, Face::Note, Tone::Soft, said));
        }
        weight(&mut shapes, (px(320), top + px(34)), load, counts);
        drawing.add(named(row, shapes));
    }
    let weights = weights_said(load);
    if !weights.as_str().is_empty() {
        drawing.add(words(px(8), px(600), Anchor::Start, Face::Note, Tone::Soft, weights.as_str()));
        return;
    }
    let said = load_said(load);
    drawing.add(words(px(8), px(600), Anchor::Start, Face::Note, Tone::Soft, said.as_str()));
    drawing.add(words(px(320), px(600), Anchor::End, Face::Note, Tone::Soft, "calls: hypercalls"));
}

fn film(drawing: &mut Drawing, load: &Load, tracks: &[Track; 5], step: u32) {
    let lanes = Lanes { x: px(14), apart: px(27), radius: px(3) };
    drawing.add(words(px(205), px(12), Anchor::End, Face::Note, Tone::Soft, "exits"));
    drawing.add(words(px(258), px(12), Anchor::End, Face::Note, Tone::Soft, "copies"));
    for (number, track) in tracks.iter().enumerate() {
        let middle = px(25) + px(19) * number as Unit;
        let mut shapes = Vec::new();
        way(&mut shapes, &lanes, middle, track, number, load, step);
        let counts = columns(taken(track, number, load, step));
        for (x, count) in [(px(205), counts[0]), (px(258), counts[5])] {
            shapes.push(words(x, middle + px(4), Anchor::End, Face::Note, tone(count), shown(count).as_str()));
        }
        drawing.shapes.extend(shapes);
    }
}

/// One way: its stations, the hops made so far, the hop of this step, and where the packet is.
fn way(shapes: &mut Vec<Shape>, lanes: &Lanes, y: Unit, track: &Track, number: usize, load: &Load, step: u32) {
    let step = step as usize;
    let made = match (load.burst, number < step) {
        (true, true) => track.legs.len(),
        (true, false) => 0,
        (false, _) => step.min(track.legs.len()),
    };
    let touched = |lane: Lane, legs: usize| track.legs.iter().take(legs).any(|leg| leg.touches(lane));
    if let Some((first, last)) = ends(track, track.legs.len()) {
        let dotted = Paint::stroke(Tone::Free).line(Line::Dotted);
        shapes.push(rule((lanes.at(first), y), (lanes.at(last), y), dotted));
    }
    if let Some((first, last)) = ends(track, made).filter(|(first, last)| first != last) {
        shapes.push(rule((lanes.at(first), y), (lanes.at(last), y), Paint::stroke(Tone::Soft)));
    }
    let now = (!load.burst && made == step && made > 0).then(|| track.legs[made - 1]);
    for (lane, _, tone) in LANES {
        let (x, radius) = (lanes.at(lane), lanes.radius);
        let paint = match (touched(lane, track.legs.len()), touched(lane, made)) {
            (false, _) => continue,
            (true, false) => Paint { fill: Fill::Solid(Tone::Paper), ..Paint::stroke(Tone::Free) },
            (true, true) => Paint::cell(tone),
        };
        shapes.push(Shape::Circle { x, y, radius, paint });
    }
    if let Some(leg) = now.filter(|leg| leg.from != leg.to) {
        arrow(shapes, lanes, y, leg.from, leg.to);
    }
    if load.burst {
        return;
    }
    let Some(at) = (if made == 0 { track.legs.first().map(|leg| leg.from) } else { Some(track.legs[made - 1].to) })
    else {
        return;
    };
    let moving = made < track.legs.len() || made == step;
    let tone = LANES[at as usize].2;
    let paint = Paint { fill: Fill::Solid(tone), ..Paint::stroke(tone).weight(Weight::Thick) }.dimmed(!moving);
    let token = Shape::Circle { x: 0, y: 0, radius: lanes.radius, paint };
    shapes.push(Shape::Group { key: Key("token", number as u32), x: lanes.at(at), y, shapes: vec![token] });
}

/// The leftmost and the rightmost lane of the first so many hops.
fn ends(track: &Track, legs: usize) -> Option<(Lane, Lane)> {
    let lanes = || track.legs.iter().take(legs).flat_map(|leg| [leg.from, leg.to]);
    Some((lanes().min()?, lanes().max()?))
}

/// This step's hop, above the row.
fn arrow(shapes: &mut Vec<Shape>, lanes: &Lanes, y: Unit, from: Lane, to: Lane) {
    let sign = if to > from { 1 } else { -1 };
    let lift = lanes.radius + lanes.radius / 2;
    let (start, end) = (lanes.at(from), lanes.at(to));
    let head = lanes.radius * 2 / 3;
    let (x, top) = (end - sign * lanes.radius / 2, y - lift);
    let data = PathData::from(start, y - lift)
        .to(x, top)
        .jump(x - sign * head, top - head)
        .to(x, top)
        .to(x - sign * head, top + head);
    shapes.push(Shape::Path { data, paint: Paint::stroke(Tone::Ink) });
}

fn columns(counts: Option<Counts>) -> [Option<u32>; 6] {
    counts.map_or([None; 6], |counts| counts.columns().map(Some))
}

fn shown(count: Option<u32>) -> Text {
    let mut text = Text::new();
    match count {
        Some(count) => text.push_u32(count),
        None => text.push_char('–'),
    };
    text
}

const fn tone(count: Option<u32>) -> Tone {
    match count {
        None | Some(0) => Tone::Soft,
        Some(_) => Tone::Ink,
    }
}

/// Something that holds for a way, or does not.
type Holds = (bool, &'static str);

/// Whom the guest trusts with its packets, beside Xen, and whether something keeps those from the rest of its memory and of
/// the machine: the grants of single pages (`xen/include/public/grant_table.h`), or the IOMMU's tables
/// (`xen/drivers/passthrough/vtd/`). qemu-dm of Xen 3.3 runs in dom0 and may map any page of its guest
/// (`tools/ioemu/hw/xen_machine_fv.c`, `qemu_map_cache`).
const fn trusts(way: Way) -> Holds {
    match way {
        Way::Split | Way::HvmSplit => (true, "trusts dom0; grants bound"),
        Way::PvOwn => (true, "trusts card, pciback; IOMMU bounds"),
        Way::Emulated => (false, "trusts qemu-dm, dom0; unbounded"),
        Way::HvmOwn => (true, "trusts card, qemu-dm; IOMMU bounds"),
    }
}

/// Whether a guest can be moved while it runs. Not with a card of its own: Xen logs no dirty pages for it
/// (`xen/arch/x86/mm/paging.c`, `paging_log_dirty_enable`), and `SUPPORT.md` calls pass-through and migration incompatible.
const fn moves(way: Way) -> Holds {
    match way {
        Way::Split | Way::Emulated | Way::HvmSplit => (true, "migrates live"),
        Way::PvOwn | Way::HvmOwn => (false, "cannot migrate"),
    }
}

/// Words with a tick or a cross before them.
fn mark(shapes: &mut Vec<Shape>, (x, y): (Unit, Unit), (holds, said): Holds) {
    let (middle_x, middle_y) = (x + px(5), y - px(4));
    let tone = if holds {
        shapes.push(marks::tick(middle_x, middle_y, Tone::Soft));
        Tone::Soft
    } else {
        shapes.push(marks::cross(middle_x, middle_y, px(4)));
        Tone::Fault
    };
    shapes.push(words(x + px(16), y, Anchor::Start, Face::Note, tone, said));
}

/// What has been taken so far, weighed.
fn weight(shapes: &mut Vec<Shape>, (x, y): (Unit, Unit), load: &Load, counts: Option<Counts>) {
    let Some(cycles) = load.weighs(&counts.unwrap_or_default()) else { return };
    let mut text = Text::new();
    push_thousands(&mut text, cycles);
    text.push_str(" cycles");
    shapes.push(words(x, y, Anchor::End, Face::Note, if cycles > 0 { Tone::Ink } else { Tone::Soft }, text.as_str()));
}

/// The weights; empty when nothing is weighed.
fn weights_said(load: &Load) -> Text {
    let Weights { exit, hypercall, switch } = load.weights;
    let mut text = Text::new();
    if load.weights.weigh() {
        text.push_str("exit ").push_u32(exit).push_str(", call ").push_u32(hypercall);
        text.push_str(", switch ").push_u32(switch).push_str(" cycles");
    }
    text
}

/// A number with a comma before each group of three digits.
fn push_thousands(text: &mut Text, number: u32) {
    if number >= 1_000 {
        push_thousands(text, number / 1_000);
        text.push_char(',');
        for place in [100, 10, 1] {
            text.push_u32(number / place % 10);
        }
    } else {
        text.push_u32(number);
    }
}

fn load_said(load: &Load) -> Text {
    let mut text = Text::new();
    if load.burst {
        text.push_u32(BURST).push_str(" packets ");
    } else {
        text.push_str("1 packet ");
    }
    text.push_str(if load.sends { "sent" } else { "received" });
    text
}

fn description(load: &Load, tracks: &[Track; 5], step: u32) -> Text {
    let mut text = load_said(load);
    text.push_str(" by five ways. ");
    for (number, track) in tracks.iter().enumerate() {
        let Some(counts) = taken(track, number, load, step) else { continue };
        text.push_str(name(track.way)).push_str(", ").push_str(moves(track.way).1).push_str(", ");
        text.push_str(trusts(track.way).1).push_str(": ");
        for (position, (count, said)) in counts.columns().into_iter().zip(SPOKEN).enumerate() {
            if position > 0 {
                text.push_str(", ");
            }
            text.push_str(said).push_char(' ').push_u32(count);
        }
        if let Some(cycles) = load.weighs(&counts) {
            text.push_str("; weighed ").push_u32(cycles).push_str(" cycles");
        }
        text.push_str(". ");
    }
    text
}

const SPOKEN: [&str; 6] = ["exits", "hypercalls", "domain switches", "events", "interrupts", "copies"];
