//! The picture: the stretch of requests that are out, and below it the three policies on one clock.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec;
use alloc::vec::Vec;

use crate::telling::bell::policy::{PERIOD, Policy, Progress, Trace};
use crate::telling::bell::rows::Row;
use crate::telling::bell::run::BellRun;
use crate::telling::bell::stretch::Stretch;
use crate::telling::drawing::{Anchor, Drawing, Face, Paint, Tone, Unit, Weight, named, px, rule, words};
use crate::telling::narration::phrases::push_time;
use crate::telling::story::Layout;
use crate::words::text::Text;
use crate::words::time::Time;

/// Draws one frame.
pub(crate) fn draw(run: &BellRun, step: u32, layout: Layout) -> Drawing {
    let (time, progress) = run.progress(step);
    let play = run.trace().play;
    let told = &progress[run.told];
    let mut drawing = Drawing {
        width: 0,
        height: 0,
        title: "Answers, bells and interrupts under three rules, on one clock",
        description: description(&progress),
        shapes: Vec::new(),
    };
    let end = PERIOD * u64::from(play.out + 1) + play.delay;
    let mut picture = |stretch: Stretch, first: Row, pitch: Unit| {
        stretch.draw(&mut drawing, told, play.out, play.policy);
        for (index, (trace, now)) in run.traces.iter().zip(&progress).enumerate() {
            let (y, told) = (first.y + pitch * index as Unit, index == run.told);
            Row { y, told, ..first }.draw(&mut drawing, trace, now, time);
        }
    };
    let row = |y, (x, width), (left, right)| Row { x, y, width, left, right, layout, end, told: false };
    match layout {
        Layout::Wide => {
            picture(
                Stretch { x: px(36), y: px(60), width: px(686), height: px(34), limit: px(872), labels: true },
                row(px(154), (px(176), px(480)), (px(36), px(860))),
                px(80),
            );
            (drawing.width, drawing.height) = (px(896), px(412));
            queue(&mut drawing, run.trace(), told, (px(872), px(82)));
            clock(&mut drawing, (px(176), px(480)), px(404), end);
        }
        Layout::Narrow => {
            picture(
                Stretch { x: px(16), y: px(52), width: px(296), height: px(34), limit: px(324), labels: true },
                row(px(152), (px(20), px(272)), (px(20), px(308))),
                px(98),
            );
            (drawing.width, drawing.height) = (px(328), px(484));
            queue(&mut drawing, run.trace(), told, (px(312), px(142)));
            clock(&mut drawing, (px(20), px(272)), px(472), end);
        }
        Layout::Film => {
            picture(
                Stretch { x: px(8), y: px(18), width: px(248), height: px(8), limit: px(256), labels: false },
                row(px(32), (px(84), px(138)), (px(8), px(256))),
                px(26),
            );
            (drawing.width, drawing.height) = (px(264), px(112));
        }
    }
    drawing
}

/// Whether the guest's queue is stopped.
fn queue(drawing: &mut Drawing, trace: &Trace, now: &Progress, (x, y): (Unit, Unit)) {
    let stopped = trace.is_stopped(now.read);
    let mut text = Text::new();
    text.push_u32(trace.play.out - now.read).push_str(if stopped { " of 256: stopped" } else { " of 256 in use" });
    let tone = if stopped { Tone::Fault } else { Tone::Domu };
    drawing.add(named("outstanding", vec![words(x, y, Anchor::End, Face::Name, tone, text.as_str())]));
}

/// The clock's two ends.
fn clock(drawing: &mut Drawing, (x, width): (Unit, Unit), y: Unit, end: u64) {
    let paint = Paint::stroke(Tone::Hair).weight(Weight::Thin);
    drawing.add(rule((x, y - px(14)), (x + width, y - px(14)), paint));
    drawing.add(words(x, y, Anchor::Start, Face::Note, Tone::Soft, "0"));
    let mut text = Text::new();
    text.push_str("a tick is an answer");
    if width > px(400) {
        text.push_str(": one in ");
        push_time(&mut text, Time(PERIOD));
    }
    drawing.add(words(x + width / 2, y, Anchor::Middle, Face::Note, Tone::Soft, text.as_str()));
    text.clear();
    push_time(&mut text, Time(end));
    drawing.add(words(x + width, y, Anchor::End, Face::Note, Tone::Soft, text.as_str()));
}

fn description(progress: &[Progress; 3]) -> Text {
    let mut text = Text::new();
    for (policy, now) in Policy::ALL.into_iter().zip(progress) {
        if !text.is_empty() {
            text.push_str("; ");
        }
        text.push_str(policy.title()).push_str(": answers ").push_u32(now.answered);
        text.push_str(", read ").push_u32(now.read).push_str(", bells ").push_u32(now.bells);
        text.push_str(", interrupts ").push_u32(now.interrupts);
    }
    text
}
