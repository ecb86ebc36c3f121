//! The picture: both programs, the page between them, what can still come of it, and the interleaving so far.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec;
use alloc::vec::Vec;

use crate::protocols::notification_model::{At, End};
use crate::telling::barriers::lanes::Lanes;
use crate::telling::barriers::play::REQUEST;
use crate::telling::barriers::program::Card;
use crate::telling::barriers::run::{BarrierRun, is_stale};
use crate::telling::drawing::{Anchor, Drawing, Face, Fill, Paint, Shape, Tone, Unit, Weight, named, px, rule, words};
use crate::telling::story::{Layout, Run};
use crate::words::text::Text;

/// Draws one frame.
pub(crate) fn draw(run: &BarrierRun, step: u32, layout: Layout) -> Drawing {
    let view = View { run, step };
    let mut drawing = Drawing {
        width: 0,
        height: 0,
        title: "Two sides of a ring, their store buffers and the page between them, step by step",
        description: view.description(),
        shapes: Vec::new(),
    };
    let log = run.log();
    match layout {
        Layout::Wide => {
            (drawing.width, drawing.height) = (px(896), px(380));
            view.card(End::Front).draw(&mut drawing, (px(24), px(16)), px(316), px(224));
            view.card(End::Back).draw(&mut drawing, (px(556), px(16)), px(316), px(224));
            view.page(&mut drawing, (px(356), px(16)), px(184));
            view.outlook(&mut drawing, (px(356), px(126)), px(184));
            let (x, y) = (px(136), px(280));
            Lanes { x, y, width: px(736), lane: px(34), left: px(24), numbers: true, said: true }.draw(
                &mut drawing,
                log,
                step,
            );
        }
        Layout::Narrow => {
            (drawing.width, drawing.height) = (px(328), px(686));
            view.card(End::Front).draw(&mut drawing, (px(8), px(8)), px(312), px(202));
            view.page(&mut drawing, (px(8), px(222)), px(148));
            view.outlook(&mut drawing, (px(168), px(222)), px(152));
            view.card(End::Back).draw(&mut drawing, (px(8), px(352)), px(312), px(224));
            let (x, y) = (px(98), px(606));
            Lanes { x, y, width: px(222), lane: px(28), left: px(8), numbers: false, said: false }.draw(
                &mut drawing,
                log,
                step,
            );
        }
        Layout::Film => {
            (drawing.width, drawing.height) = (px(264), px(112));
            let (x, y) = (px(54), px(16));
            Lanes { x, y, width: px(202), lane: px(24), left: px(8), numbers: false, said: false }.draw(
                &mut drawing,
                log,
                step,
            );
            let (verdict, tone) = view.verdict();
            let mut text = Text::new();
            view.push_page(&mut text);
            drawing.add(words(px(8), px(100), Anchor::Start, Face::Note, Tone::Xen, text.as_str()));
            drawing.add(words(px(256), px(100), Anchor::End, Face::Name, tone, verdict));
        }
    }
    drawing
}

struct View<'a> {
    run: &'a BarrierRun,
    step: u32,
}

impl View<'_> {
    fn card(&self, end: End) -> Card<'_> {
        Card {
            end,
            protocol: &self.run.protocol,
            state: &self.run.states[self.step as usize],
            happened: self.run.log().until(self.step),
            step: self.step,
        }
    }

    /// How it stands, in a word or two.
    fn verdict(&self) -> (&'static str, Tone) {
        let protocol = &self.run.protocol;
        let state = &self.run.states[self.step as usize];
        let stale = self.run.log().until(self.step).iter().any(|entry| is_stale(&entry.event));
        match () {
            () if stale => ("no request", Tone::Fault),
            () if state.is_lost_wakeup(protocol) => ("asleep for ever", Tone::Fault),
            () if state.is_good_end(protocol) => ("all taken", Tone::Dom0),
            () if state.place(End::Back) == At::Asleep => ("asleep", Tone::Dom0),
            () => ("awake", Tone::Soft),
        }
    }

    fn push_page(&self, out: &mut Text) {
        let state = &self.run.states[self.step as usize];
        out.push_str("req_prod ").push_u32(state.req_prod(&self.run.protocol).0);
        out.push_str(" req_event ").push_u32(state.req_event(&self.run.protocol).0);
    }

    /// What everybody sees.
    fn page(&self, drawing: &mut Drawing, (x, y): (Unit, Unit), width: Unit) {
        let protocol = &self.run.protocol;
        let state = &self.run.states[self.step as usize];
        let before = &self.run.states[self.step.saturating_sub(1) as usize];
        let paint = Paint::stroke(Tone::Xen);
        let frame = Shape::Rect { x, y, width, height: px(98), radius: px(8), paint };
        let title = words(x + px(14), y + px(20), Anchor::Start, Face::Name, Tone::Xen, "shared page");
        drawing.add(named("page", vec![frame, title]));
        let mut line = |number: Unit, name: &'static str, value: &str, changed: bool| {
            let baseline = y + px(42) + px(21) * number;
            let mut shapes = Vec::new();
            if changed {
                let paint = Paint::fill(Fill::Tint(Tone::Hardware));
                let (x, y, width) = (x + px(8), baseline - px(14), width - px(16));
                shapes.push(Shape::Rect { x, y, width, height: px(19), radius: px(4), paint });
            }
            let tone = if changed { Tone::Ink } else { Tone::Soft };
            shapes.push(words(x + px(14), baseline, Anchor::Start, Face::Mono, tone, name));
            shapes.push(words(x + width - px(14), baseline, Anchor::End, Face::Mono, tone, value));
            drawing.add(named(name, shapes));
        };
        let index = |value: u32| {
            let mut text = Text::new();
            text.push_u32(value);
            text
        };
        let (now, was) = (state.has_request(protocol, REQUEST), before.has_request(protocol, REQUEST));
        line(0, "ring[1]", if now { "request" } else { "old" }, now != was);
        let (now, was) = (state.req_prod(protocol), before.req_prod(protocol));
        line(1, "req_prod", index(now.0).as_str(), now != was);
        let (now, was) = (state.req_event(protocol), before.req_event(protocol));
        line(2, "req_event", index(now.0).as_str(), now != was);
    }

    /// In how many ways it can go on, and how many of them go wrong.
    fn outlook(&self, drawing: &mut Drawing, (x, y): (Unit, Unit), width: Unit) {
        let futures = self.run.futures(self.step);
        let middle = x + width / 2;
        let (verdict, tone) = self.verdict();
        drawing.add(named("verdict", vec![words(middle, y + px(20), Anchor::Middle, Face::Big, tone, verdict)]));
        let paint = Paint::stroke(Tone::Hair).weight(Weight::Thin);
        drawing.add(rule((x, y + px(34)), (x + width, y + px(34)), paint));
        let lines = [
            ("ways", futures.all, if futures.all == 1 { "way on from here" } else { "ways on from here" }),
            ("asleep", futures.lost, "asleep for ever"),
            ("stale", futures.stale, "with a false request"),
        ];
        for (number, (entity, count, said)) in lines.into_iter().enumerate() {
            let baseline = y + px(54) + px(20) * number as Unit;
            let tone = match number {
                0 => Tone::Ink,
                _ if count > 0 => Tone::Fault,
                _ => Tone::Soft,
            };
            let mut text = Text::new();
            text.push_u64(count);
            let value = words(x + px(40), baseline, Anchor::End, Face::Name, tone, text.as_str());
            let said = words(x + px(45), baseline, Anchor::Start, Face::Note, tone, said);
            drawing.add(named(entity, vec![value, said]));
        }
    }

    fn description(&self) -> Text {
        let futures = self.run.futures(self.step);
        let mut text = Text::new();
        self.push_page(&mut text);
        text.push_str("; the back end: ").push_str(self.verdict().0);
        text.push_str("; ways on: ").push_u64(futures.all);
        text.push_str(", asleep for ever: ").push_u64(futures.lost);
        text.push_str(", with a false request: ").push_u64(futures.stale);
        text
    }
}
