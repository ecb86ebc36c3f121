//! The picture: who said what to whom on the left, and on the right what each of them has. On a phone the talk is a
//! transcript.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec::Vec;

use crate::actors::hotplug::qemu_dm::Libpci;
use crate::actors::hotplug::xend::TestAssign;
use crate::actors::log::hotplug::Process;
use crate::machine::hotplug::GuestSystem;
use crate::telling::drawing::{Anchor, Drawing, Face, Goes, Paint, Shape, Tone, Unit, Weight, px, words};
use crate::telling::hotplug::frame::{Lane, Row};
use crate::telling::hotplug::lanes::{Chart, push_seconds, push_speakers};
use crate::telling::hotplug::panes::{Pane, verdict, wrap};
use crate::telling::hotplug::run::HotplugRun;
use crate::telling::story::Layout;
use crate::words::text::Text;

/// Draws one frame.
pub(crate) fn draw(run: &HotplugRun, step: u32, layout: Layout) -> Drawing {
    let mut drawing = Drawing {
        width: px(896),
        height: px(424),
        title: "xend, the store, the device model, Xen and the guest, and what they say about a card",
        description: description(run, step),
        shapes: Vec::new(),
    };
    match layout {
        Layout::Wide => wide(&mut drawing, run, step),
        Layout::Narrow => {
            (drawing.width, drawing.height) = (px(328), px(648));
            narrow(&mut drawing, run, step);
        }
        Layout::Film => {
            (drawing.width, drawing.height) = (px(264), px(112));
            film(&mut drawing, run, step);
        }
    }
    drawing
}

fn wide(drawing: &mut Drawing, run: &HotplugRun, step: u32) {
    let chart = Chart { x: px(104), y: px(30), lane: px(112), row: px(24), rows: 16, said: true };
    chart.draw(drawing, run, step);
    if step == 0 {
        outset(drawing, run, (px(122), px(64)));
    }
    let (x, width) = (px(604), px(276));
    Pane { x, y: px(8), width, height: px(100) }.keys(drawing, &run.frames[step as usize]);
    Pane { x, y: px(116), width, height: px(116) }.log(drawing, run, step, Process::Xend);
    Pane { x, y: px(240), width, height: px(100) }.log(drawing, run, step, Process::QemuDm);
    Pane { x, y: px(348), width, height: px(70) }.guest(drawing, run, step);
}

/// What is wanted, and how things stand, before anybody has said anything.
fn outset(drawing: &mut Drawing, run: &HotplugRun, (x, y): (Unit, Unit)) {
    let mut wanted = Text::new();
    wanted.push_str("The guest is to have card ");
    run.wanted.push(&mut wanted);
    wanted.push_str(if run.later { ", while it runs." } else { " when it boots." });
    let built = match run.libpci {
        Libpci::Found => "The device model was built with libpci's headers.",
        Libpci::Missing => "The device model was built without libpci's headers.",
    };
    let iommu = match run.test {
        TestAssign::Assignable => "The IOMMU is on.",
        TestAssign::NoIommu => "The IOMMU is off.",
        TestAssign::Unavailable => "The IOMMU is on, and another guest has the card.",
    };
    let deaf = (run.guest == GuestSystem::Deaf).then_some("Its system knows nothing of ACPI's hot-plugging.");
    let lines = [wanted.as_str()].into_iter().chain(deaf).chain([built, iommu]).map(|line| (line, Tone::Ink));
    let nothing = [("Nobody has said anything yet.", Tone::Soft)];
    for (place, (line, tone)) in lines.chain(nothing).enumerate() {
        let base = y + px(22) * place as Unit;
        drawing.add(words(x, base, Anchor::Start, Face::Overlay, tone, line));
    }
}

/// Height of what one says on a phone, and how many fit.
const SAID: Unit = px(42);
const ROOM: u32 = 6;

fn narrow(drawing: &mut Drawing, run: &HotplugRun, step: u32) {
    let first = step.saturating_sub(ROOM) + 1;
    for number in first..=step {
        let y = px(6) + SAID * (number - first) as Unit;
        said(drawing, &run.rows[number as usize - 1], number, y, number == step);
    }
    if step == 0 {
        outset(drawing, run, (px(16), px(30)));
    }
    let (x, width) = (px(8), px(312));
    Pane { x, y: px(264), width, height: px(100) }.keys(drawing, &run.frames[step as usize]);
    Pane { x, y: px(370), width, height: px(102) }.log(drawing, run, step, Process::Xend);
    Pane { x, y: px(478), width, height: px(86) }.log(drawing, run, step, Process::QemuDm);
    Pane { x, y: px(570), width, height: px(70) }.guest(drawing, run, step);
}

/// One step of the transcript: xend speaks from the left, the others from the right.
fn said(drawing: &mut Drawing, row: &Row, number: u32, y: Unit, now: bool) {
    let tone = if row.fails { Tone::Fault } else { row.from.tone() };
    let (x, width) = (if row.from == Lane::Xend { px(8) } else { px(60) }, px(260));
    let paint = if now { Paint::cell(tone).weight(Weight::Thick) } else { Paint::stroke(tone).weight(Weight::Thin) };
    let mut shapes = alloc::vec![Shape::Rect { x, y, width, height: SAID - px(6), radius: px(8), paint }];
    let mut text = Text::new();
    text.push_u32(number).push_str(". ");
    push_speakers(&mut text, row);
    shapes.push(words(x + px(10), y + px(15), Anchor::Start, Face::Name, tone, text.as_str()));
    text.clear();
    push_seconds(&mut text, row.time);
    shapes.push(words(x + width - px(10), y + px(15), Anchor::End, Face::Mono, Tone::Soft, text.as_str()));
    let ink = if now { Tone::Ink } else { Tone::Soft };
    shapes.push(words(x + px(10), y + px(30), Anchor::Start, Face::Note, ink, row.label.as_str()));
    let mut label = Text::new();
    label.push_str("Step ").push_u32(number).push_str(": ").push_str(row.label.as_str());
    drawing.add(Shape::Mark { entity: "steps", goes: Some(Goes { frame: number, label }), shapes });
}

fn film(drawing: &mut Drawing, run: &HotplugRun, step: u32) {
    let chart = Chart { x: px(24), y: px(20), lane: px(54), row: px(12), rows: 3, said: false };
    chart.draw(drawing, run, step);
    if let Some(row) = step.checked_sub(1).map(|place| &run.rows[place as usize]) {
        let tone = if row.fails { Tone::Fault } else { Tone::Ink };
        let line = wrap(row.label.as_str(), 42);
        let first = line.first().copied().unwrap_or_default();
        drawing.add(words(px(8), px(82), Anchor::Start, Face::Note, tone, first));
    }
    let (tone, said) = verdict(&run.frames[step as usize]);
    let mut text = Text::new();
    text.push_str("guest: ").push_str(said.as_str());
    drawing.add(words(px(8), px(103), Anchor::Start, Face::Name, tone, text.as_str()));
}

fn description(run: &HotplugRun, step: u32) -> Text {
    let frame = &run.frames[step as usize];
    let mut text = Text::new();
    match step.checked_sub(1).map(|place| &run.rows[place as usize]) {
        None => text.push_str("Nobody has said anything yet. "),
        Some(row) => {
            push_speakers(&mut text, row);
            text.push_str(": ").push_str(row.label.as_str()).push_str(". ")
        }
    };
    text.push_str("The guest: ").push_str(verdict(frame).1.as_str());
    text.push_str(". Lines in xend's log: ").push_u32(frame.counts.xend_lines);
    text.push_str(", in the device model's: ").push_u32(frame.counts.model_lines).push_char('.');
    text
}
