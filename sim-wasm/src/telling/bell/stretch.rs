//! The requests that are out, as one stretch of the ring: read, answered, still out; and where the bell is asked for.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec;

use crate::telling::bell::policy::{Policy, Progress};
use crate::telling::drawing::{
    Anchor, Drawing, Face, Fill, Line, Paint, Shape, Tone, Unit, Weight, named, px, rule, words,
};
use crate::telling::marks::bell;
use crate::words::text::Text;

/// Where the stretch stands. Two lines of names fit above it and two below, 18 px each.
pub(crate) struct Stretch {
    pub(crate) x: Unit,
    pub(crate) y: Unit,
    pub(crate) width: Unit,
    pub(crate) height: Unit,
    /// How far to the right names may reach.
    pub(crate) limit: Unit,
    /// Whether the indexes are named.
    pub(crate) labels: bool,
}

impl Stretch {
    pub(crate) fn draw(&self, drawing: &mut Drawing, now: &Progress, out: u32, policy: Policy) {
        let place = |index: u32| self.x + (i64::from(self.width) * i64::from(index) / i64::from(out)) as Unit;
        let parts = [
            ("read", 0, now.read, Paint { fill: Fill::Tint(Tone::Free), ..Paint::stroke(Tone::Hair) }, Tone::Soft),
            ("unread", now.read, now.answered, Paint::cell(Tone::Dom0), Tone::Dom0),
            ("still-out", now.answered, out, Paint::cell(Tone::Domu), Tone::Domu),
        ];
        for (entity, from, to, paint, tone) in parts {
            if from == to {
                continue;
            }
            let (x, width) = (place(from), place(to) - place(from));
            let mut shapes = vec![Shape::Rect { x, y: self.y, width, height: self.height, radius: px(3), paint }];
            let mut text = Text::new();
            text.push_u32(to - from);
            let room = width - px(8);
            if self.labels && room > px(16) {
                text.push_str(match (entity, room > px(100)) {
                    ("read", true) => " answers read",
                    ("read", false) if room > px(46) => " read",
                    ("unread", true) => " answers not read",
                    ("unread", false) if room > px(60) => " unread",
                    ("still-out", _) if room > px(66) => " still out",
                    _ => "",
                });
                let y = self.y + self.height / 2 + px(4);
                shapes.push(words(x + width / 2, y, Anchor::Middle, Face::Name, tone, text.as_str()));
            }
            drawing.add(named(entity, shapes));
        }
        let asked =
            (policy != Policy::Always).then(|| place(now.event.min(out)) + if now.event > out { px(4) } else { 0 });
        if let Some(x) = asked {
            self.wish(drawing, x, now.event);
        }
        if self.labels {
            let read = place(now.read);
            // Its name stands clear of the line that goes up to the bell.
            let clear = asked.filter(|x| *x < read + px(100)).map_or(read, |x| x.max(read));
            let side = if read > self.x + px(100) { Side::Left(read) } else { Side::Right(clear) };
            self.pointer(drawing, Pointer { name: "rsp_cons", index: now.read, x: read, row: -1, side });
            for (name, index, row) in [("rsp_prod", now.answered, 1), ("req_prod", out, 2)] {
                let x = place(index);
                let side = if x < self.x + self.width * 3 / 5 { Side::Right(x) } else { Side::Left(x) };
                self.pointer(drawing, Pointer { name, index, x, row, side });
            }
        }
    }

    /// The bell above the index that it is asked for at.
    fn wish(&self, drawing: &mut Drawing, x: Unit, event: u32) {
        if !self.labels {
            drawing.add(named("rsp_event", vec![bell(x.min(self.x + self.width - px(2)), self.y - px(9))]));
            return;
        }
        let top = self.y - px(36);
        let paint = Paint::stroke(Tone::Domu);
        let notch = rule((x, self.y), (x, self.y + px(8)), paint.weight(Weight::Thick));
        let right = x + px(106) < self.limit;
        let (anchor, side) = if right { (Anchor::Start, 1) } else { (Anchor::End, -1) };
        let mut text = Text::new();
        text.push_str("rsp_event ").push_u32(event);
        let shapes = vec![
            rule((x, top), (x, self.y - px(2)), paint),
            notch,
            bell(x + side * px(10), top + px(2)),
            words(x + side * px(20), top + px(6), anchor, Face::Mono, Tone::Domu, text.as_str()),
        ];
        drawing.add(named("rsp_event", shapes));
    }

    fn pointer(&self, drawing: &mut Drawing, pointer: Pointer) {
        let Pointer { name, index, x, row, side } = pointer;
        let (tone, line) = match name {
            "rsp_cons" => (Tone::Domu, Line::Dashed),
            "rsp_prod" => (Tone::Dom0, Line::Solid),
            _ => (Tone::Domu, Line::Solid),
        };
        let (start, end, baseline) = if row < 0 {
            (self.y - px(16), self.y - px(2), self.y - px(8))
        } else {
            let end = self.y + self.height + px(18) * row - px(4);
            (self.y + self.height + px(2), end, end)
        };
        let mut text = Text::new();
        text.push_str(name).push_char(' ').push_u32(index);
        let (at, anchor) = match side {
            Side::Left(from) => (from - px(5), Anchor::End),
            Side::Right(from) => (from + px(5), Anchor::Start),
        };
        let stem = rule((x, start), (x, end), Paint::stroke(tone).line(line));
        drawing.add(named(name, vec![stem, words(at, baseline, anchor, Face::Mono, tone, text.as_str())]));
    }
}

/// A named index.
struct Pointer {
    name: &'static str,
    index: u32,
    x: Unit,
    /// The row of its name: above the stretch or below.
    row: Unit,
    side: Side,
}

/// On which side of a point a name stands.
enum Side {
    Left(Unit),
    Right(Unit),
}
