//! What each party has: the keys of the store, the last lines of each log, and the guest's slots.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec::Vec;

use crate::actors::hotplug::qemu_dm::Libpci;
use crate::actors::log::hotplug::Process;
use crate::telling::drawing::{
    Anchor, Drawing, Face, Fill, Line as Pattern, Paint, Shape, Tone, Unit, Weight, named, px, words,
};
use crate::telling::hotplug::frame::{Card, Frame, KEYS, Lane, Line, push_count};
use crate::telling::hotplug::run::HotplugRun;
use crate::words::text::Text;

/// A box with a title.
#[derive(Clone, Copy)]
pub(super) struct Pane {
    pub(super) x: Unit,
    pub(super) y: Unit,
    pub(super) width: Unit,
    pub(super) height: Unit,
}

/// The distance of two lines of a log.
const LEADING: Unit = px(15);

impl Pane {
    fn frame(&self, shapes: &mut Vec<Shape>, tone: Tone, title: &str) {
        let Pane { x, y, width, height } = *self;
        let paint = Paint::stroke(tone).weight(Weight::Thin);
        shapes.push(Shape::Rect { x, y, width, height, radius: px(6), paint });
        shapes.push(words(x + px(10), y + px(17), Anchor::Start, Face::Name, tone, title));
    }

    /// The four keys, and what stands in each.
    pub(super) fn keys(&self, drawing: &mut Drawing, frame: &Frame) {
        let mut shapes = Vec::new();
        self.frame(&mut shapes, Lane::Store.tone(), "xenstore");
        for (place, (text, (_, name))) in frame.keys.iter().zip(KEYS).enumerate() {
            let base = self.y + px(36) + px(18) * place as Unit;
            let changed = frame.changed == Some(place);
            if changed {
                let (x, y, width) = (self.x + px(5), base - px(13), self.width - px(10));
                let paint = Paint::fill(Fill::Tint(Lane::Store.tone()));
                shapes.push(Shape::Rect { x, y, width, height: px(18), radius: px(3), paint });
            }
            let tone = if changed { Tone::Ink } else { Tone::Soft };
            shapes.push(words(self.x + px(10), base, Anchor::Start, Face::Mono, tone, name));
            let said = if text.is_empty() { "–" } else { text.as_str() };
            shapes.push(words(self.x + self.width - px(10), base, Anchor::End, Face::Mono, tone, said));
        }
        drawing.add(named("messages", shapes));
    }

    /// The last lines of a process's log.
    pub(super) fn log(&self, drawing: &mut Drawing, run: &HotplugRun, step: u32, by: Process) {
        let (title, entity) =
            if by == Process::Xend { ("xend.log", "xend-lines") } else { ("qemu-dm.log", "model-lines") };
        let mut shapes = Vec::new();
        self.frame(&mut shapes, Lane::of(by).tone(), title);
        if by == Process::Xend {
            let mut text = Text::new();
            text.push_str("counts ");
            push_count(&mut text, run.frames[step as usize].known);
            text.push_str(" as the guest's");
            let (x, y) = (self.x + self.width - px(10), self.y + px(17));
            let counts = words(x, y, Anchor::End, Face::Note, Tone::Soft, text.as_str());
            shapes.push(named("known", alloc::vec![counts]));
        } else if run.libpci == Libpci::Missing {
            let (x, y) = (self.x + self.width - px(10), self.y + px(17));
            shapes.push(words(x, y, Anchor::End, Face::Note, Tone::Fault, "built without libpci"));
        }
        let columns = ((self.width - px(20)) / 66) as usize;
        let lines = run.lines.iter().filter(|line| line.by == by && line.step <= step);
        let mut parts: Vec<(&Line, bool, &str)> = Vec::new();
        for line in lines {
            let wrapped = wrap(line.text.as_str(), columns).into_iter().enumerate();
            parts.extend(wrapped.map(|(place, part)| (line, place == 0, part)));
        }
        let room = ((self.height - px(24)) / LEADING) as usize;
        let latest = &parts[parts.len().saturating_sub(room)..];
        // A line whose beginning has no room any more is not shown.
        let whole = latest.iter().position(|(_, begins, _)| *begins).unwrap_or(0);
        let shown = &latest[whole..];
        for (place, (line, _, part)) in shown.iter().enumerate() {
            let tone = match (line.fails, line.step == step) {
                (true, _) => Tone::Fault,
                (false, true) => Tone::Ink,
                (false, false) => Tone::Soft,
            };
            let base = self.y + px(34) + LEADING * place as Unit;
            shapes.push(words(self.x + px(10), base, Anchor::Start, Face::Mono, tone, part));
        }
        if shown.is_empty() {
            shapes.push(words(self.x + px(10), self.y + px(34), Anchor::Start, Face::Note, Tone::Soft, "nothing yet"));
        }
        drawing.add(named(entity, shapes));
    }

    /// The guest's slots for cards, and whether it has found what is in them.
    pub(super) fn guest(&self, drawing: &mut Drawing, run: &HotplugRun, step: u32) {
        let frame = &run.frames[step as usize];
        let mut shapes = Vec::new();
        self.frame(&mut shapes, Lane::Guest.tone(), "guest");
        let (tone, said) = verdict(frame);
        let (x, y) = (self.x + self.width - px(10), self.y + px(17));
        let cards = words(x, y, Anchor::End, Face::Note, tone, said.as_str());
        shapes.push(named("cards", alloc::vec![cards]));
        if run.libpci == Libpci::Missing {
            let said = "no hot-plug slots: that code was left out";
            shapes.push(words(self.x + px(10), self.y + px(44), Anchor::Start, Face::Note, Tone::Soft, said));
            drawing.add(named("slots", shapes));
            return;
        }
        let width = (self.width - px(32)) / 3;
        for (place, name) in (0..).zip(["slot 6", "slot 7", "ordinary"]) {
            let slot = if place == 2 { 0 } else { 6 + place as u8 };
            let card = frame.shown.iter().find(|card| card.slot == slot);
            let x = self.x + px(10) + (width + px(6)) * place;
            let seen = card.is_some_and(|card| frame.seen.contains(card));
            slot_box(&mut shapes, (x, self.y + px(26)), width, (name, card, seen));
        }
        drawing.add(named("slots", shapes));
    }
}

fn slot_box(shapes: &mut Vec<Shape>, (x, y): (Unit, Unit), width: Unit, what: (&str, Option<&Card>, bool)) {
    let (name, card, seen) = what;
    let paint = match (card, seen) {
        (Some(_), true) => Paint::cell(Tone::Domu),
        (Some(_), false) => Paint::stroke(Tone::Domu).line(Pattern::Dashed),
        (None, _) => Paint::stroke(Tone::Free).line(Pattern::Dotted),
    };
    shapes.push(Shape::Rect { x, y, width, height: px(36), radius: px(3), paint });
    let middle = x + width / 2;
    shapes.push(words(middle, y + px(14), Anchor::Middle, Face::Note, Tone::Soft, name));
    let mut text = Text::new();
    match card {
        Some(card) => card.device.push(&mut text),
        None => text.push_str("–"),
    };
    let tone = if card.is_some() { Tone::Domu } else { Tone::Soft };
    shapes.push(words(middle, y + px(29), Anchor::Middle, Face::Mono, tone, text.as_str()));
}

/// How the guest is, in a few words.
pub(super) fn verdict(frame: &Frame) -> (Tone, Text) {
    let mut text = Text::new();
    let tone = match (frame.runs, frame.rests, frame.seen.len() as u32) {
        (false, false, _) => {
            text.push_str("not started yet");
            Tone::Soft
        }
        (false, true, _) if frame.failed => {
            text.push_str("there is none");
            Tone::Fault
        }
        (false, true, _) => {
            text.push_str("not started yet");
            Tone::Soft
        }
        (true, _, cards) => {
            text.push_str("runs with ");
            push_count(&mut text, cards);
            if cards < frame.known { Tone::Fault } else { Tone::Domu }
        }
    };
    (tone, text)
}

/// Breaks a line at spaces into parts of at most so many characters; longer words stand alone.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut end) = (0, 0);
    for (space, _) in text.match_indices(' ').chain([(text.len(), "")]) {
        if end > start && text[start..space].chars().count() > columns {
            parts.push(&text[start..end]);
            start = end + 1;
        }
        end = space;
    }
    if end > start {
        parts.push(&text[start..end]);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("one two three", 100), ["one two three"]);
        assert_eq!(wrap("a muchtoolongword b", 4), ["a", "muchtoolongword", "b"]);
        assert!(wrap("", 4).is_empty());
    }
}
