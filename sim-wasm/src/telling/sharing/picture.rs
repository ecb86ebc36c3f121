//! The picture: three guests with their rings, netback with its list and its pool, the card, and below them who got how much.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec;
use alloc::vec::Vec;

use crate::protocols::netif::TX_RING;
use crate::telling::drawing::{Anchor, Drawing, Face, Line, Paint, Shape, Tone, Unit, named, px, words};
use crate::telling::marks;
use crate::telling::sharing::bars::{self, Bar, Place, paint_of};
use crate::telling::sharing::frame::{Frame, GATE, OfGuest, bytes, packets};
use crate::telling::sharing::plan::{Plan, SENDERS, Third};
use crate::telling::story::Layout;
use crate::words::text::Text;

/// Slots of netback's pool, or of each pool.
const POOL: u64 = 256;

const OUTSTANDING: [&str; SENDERS] = ["outstanding-1", "outstanding-2", "outstanding-3"];
const HELD: [&str; SENDERS] = ["held-1", "held-2", "held-3"];
const PACKET_SHARES: [&str; SENDERS] = ["packet-share-1", "packet-share-2", "packet-share-3"];
const BYTE_SHARES: [&str; SENDERS] = ["byte-share-1", "byte-share-2", "byte-share-3"];

/// Draws one frame.
pub(crate) fn draw(plan: &Plan, frame: &Frame, layout: Layout) -> Drawing {
    let picture = Picture { plan, frame };
    let mut drawing = Drawing {
        width: px(264),
        height: px(112),
        title: "Guests that share one netback: their rings, its pool, the card, and the shares of packets and bytes",
        description: picture.description(),
        shapes: Vec::new(),
    };
    match layout {
        Layout::Wide => {
            (drawing.width, drawing.height) = (px(896), px(348));
            picture.wide(&mut drawing);
        }
        Layout::Narrow => {
            (drawing.width, drawing.height) = (px(328), px(432));
            picture.narrow(&mut drawing);
        }
        Layout::Film => picture.film(&mut drawing),
    }
    drawing
}

struct Picture<'a> {
    plan: &'a Plan,
    frame: &'a Frame,
}

impl Picture<'_> {
    fn wide(&self, drawing: &mut Drawing) {
        for guest in 0..SENDERS {
            let y = px(14) + px(78) * guest as Unit;
            let rect = Place { x: px(20), y, width: px(172), height: px(66) };
            drawing.add(Shape::Rect {
                x: rect.x,
                y,
                width: rect.width,
                height: rect.height,
                radius: px(8),
                paint: Paint::stroke(Tone::Domu),
            });
            self.guest_words(drawing, guest, (px(32), y + px(22)), px(180));
            let lost = self.frame.guests[guest].lost;
            if lost > 0 {
                let mut text = Text::new();
                text.push_u64(lost).push_str(" lost in its own queue");
                drawing.add(words(px(32), y + px(56), Anchor::Start, Face::Note, Tone::Fault, text.as_str()));
            }
            let bar = Place { x: px(208), y: y + px(28), width: px(170), height: px(18) };
            self.ring(drawing, guest, bar);
            drawing.add(arrow((px(382), y + px(37)), (px(402), y + px(37))));
        }
        self.dom0_frame(drawing, Place { x: px(408), y: px(14), width: px(300), height: px(222) });
        drawing.add(words(px(422), px(36), Anchor::Start, Face::Name, Tone::Dom0, "dom0: netback"));
        self.turns(drawing, (px(422), px(58)));
        self.pool(drawing, Place { x: px(422), y: px(88), width: px(272), height: px(22) });
        self.credit(drawing, Place { x: px(422), y: px(172), width: px(272), height: px(8) });
        drawing.add(arrow((px(712), px(80)), (px(732), px(80))));
        self.card(drawing, Place { x: px(738), y: px(14), width: px(138), height: px(92) });
        if self.frame.listens {
            let place = Place { x: px(738), y: px(184), width: px(138), height: px(52) };
            self.listener(drawing, place);
            drawing.add(arrow((px(712), px(210)), (px(732), px(210))));
        }
        self.shares(drawing, px(20), Place { x: px(208), y: px(256), width: px(668), height: px(22) }, px(34));
    }

    fn narrow(&self, drawing: &mut Drawing) {
        for guest in 0..SENDERS {
            let y = px(6) + px(50) * guest as Unit;
            self.guest_words(drawing, guest, (px(4), y + px(14)), px(150));
            self.ring(drawing, guest, Place { x: px(172), y: y + px(20), width: px(152), height: px(12) });
        }
        self.dom0_frame(drawing, Place { x: px(2), y: px(158), width: px(324), height: px(176) });
        self.turns(drawing, (px(12), px(180)));
        self.pool(drawing, Place { x: px(12), y: px(208), width: px(304), height: px(18) });
        self.credit(drawing, Place { x: px(12), y: px(290), width: px(304), height: px(8) });
        if self.frame.listens {
            let mut text = Text::new();
            text.push_str("tcpdump in dom0: ").push_str(self.kept().as_str());
            let kept = words(px(12), px(324), Anchor::Start, Face::Note, Tone::Dom0, text.as_str());
            drawing.add(named("kept", vec![kept]));
        }
        let mut shapes = Vec::new();
        let bar = Place { x: px(172), y: px(346), width: px(152), height: px(12) };
        bars::level(&mut shapes, bar, Tone::Hardware, u64::from(self.frame.rate), u64::from(self.plan.megabits()));
        let mut text = Text::new();
        text.push_str("card ").push_str(self.rate().as_str());
        shapes.push(words(px(4), px(357), Anchor::Start, Face::Name, Tone::Hardware, text.as_str()));
        drawing.add(named("card", shapes));
        self.shares(drawing, px(4), Place { x: px(62), y: px(374), width: px(262), height: px(20) }, px(30));
    }

    fn film(&self, drawing: &mut Drawing) {
        let frame = self.frame;
        let label = |drawing: &mut Drawing, y, tone, word| {
            drawing.add(words(px(10), y + px(12), Anchor::Start, Face::Note, tone, word));
        };
        let bar = |y| Place { x: px(60), y, width: px(194), height: px(16) };
        label(drawing, px(8), Tone::Dom0, "pool");
        let mut shapes = Vec::new();
        let whole = if self.plan.has_one_pool() { POOL } else { POOL * SENDERS as u64 };
        bars::parts(&mut shapes, bar(px(8)), &self.held(), whole, Bar::Numbers);
        if self.plan.has_one_pool() {
            let tone = if frame.is_shut(self.plan) && frame.silent { Tone::Fault } else { Tone::Soft };
            bars::mark(&mut shapes, bar(px(8)), u64::from(GATE), POOL, tone);
        }
        label(drawing, px(34), Tone::Hardware, "card");
        bars::level(&mut shapes, bar(px(34)), Tone::Hardware, u64::from(frame.rate), u64::from(self.plan.megabits()));
        label(drawing, px(60), Tone::Domu, "packets");
        bars::parts(&mut shapes, bar(px(60)), &self.of_each(PACKET_SHARES, packets), self.sum(packets), Bar::Numbers);
        label(drawing, px(86), Tone::Domu, "bytes");
        bars::parts(&mut shapes, bar(px(86)), &self.of_each(BYTE_SHARES, bytes), self.sum(bytes), Bar::Numbers);
        shapes.into_iter().for_each(|shape| drawing.add(shape));
    }

    /// A guest's name and what it sends, at the words' baseline.
    fn guest_words(&self, drawing: &mut Drawing, guest: usize, (x, y): (Unit, Unit), right: Unit) {
        let (paint, tone) = paint_of(guest);
        let mut number = Text::new();
        number.push_u32(guest as u32 + 1);
        let swatch = Place { x, y: y - px(12), width: px(16), height: px(16) };
        drawing.add(swatch.rect(paint));
        drawing.add(words(x + px(8), y, Anchor::Middle, Face::Name, tone, number.as_str()));
        let mut name = Text::new();
        name.push_str("domU ").push_str(number.as_str());
        drawing.add(words(x + px(24), y, Anchor::Start, Face::Name, Tone::Domu, name.as_str()));
        let mut vif = Text::new();
        vif.push_str("vif ").push_u32(guest as u32);
        drawing.add(words(right, y, Anchor::End, Face::Mono, Tone::Soft, vif.as_str()));
        let mut text = Text::new();
        if self.plan.sends(guest) {
            text.push_u32(self.plan.bytes[guest]).push_str(" B");
            text.push_str(if guest == 2 && self.plan.third == Third::Listened {
                ", 150 of them"
            } else if self.plan.greedy {
                ", greedily"
            } else {
                ", 1 in 1 ms"
            });
        } else {
            text.push_str("sends nothing");
        }
        drawing.add(words(x + px(24), y + px(17), Anchor::Start, Face::Note, Tone::Soft, text.as_str()));
    }

    /// A guest's ring, with its level above.
    fn ring(&self, drawing: &mut Drawing, guest: usize, place: Place) {
        let now = &self.frame.guests[guest];
        let mut shapes = Vec::new();
        bars::level(&mut shapes, place, Tone::Domu, u64::from(now.outstanding), u64::from(TX_RING.entries()));
        let stop = self.plan.drivers.front.stop_line();
        bars::mark(&mut shapes, place, u64::from(stop), u64::from(TX_RING.entries()), Tone::Soft);
        let mut text = Text::new();
        text.push_str("ring ").push_u32(now.outstanding);
        let y = place.y - px(8);
        shapes.push(words(place.x, y, Anchor::Start, Face::Note, Tone::Domu, text.as_str()));
        if now.queue > 0 {
            let mut text = Text::new();
            text.push_str("queue ").push_u32(now.queue);
            let x = place.x + place.width;
            shapes.push(words(x, y, Anchor::End, Face::Note, Tone::Soft, text.as_str()));
        }
        drawing.add(named(OUTSTANDING[guest], shapes));
    }

    fn dom0_frame(&self, drawing: &mut Drawing, place: Place) {
        let Place { x, y, width, height } = place;
        drawing.add(Shape::Rect { x, y, width, height, radius: px(8), paint: Paint::stroke(Tone::Dom0) });
    }

    /// Who waits for the next pass.
    fn turns(&self, drawing: &mut Drawing, (x, y): (Unit, Unit)) {
        let mut text = Text::new();
        if !self.plan.has_one_pool() {
            text.push_str("no list: each interface has a poll of its own");
        } else if self.frame.turns.is_empty() {
            text.push_str("nobody waits for a turn");
        } else {
            text.push_str("wait for a turn: ");
            for (position, vif) in self.frame.turns.iter().enumerate() {
                if position > 0 {
                    text.push_str(" ▸ ");
                }
                text.push_u32(u32::from(vif.0) + 1);
            }
        }
        let tone = if self.frame.turns.is_empty() { Tone::Soft } else { Tone::Dom0 };
        drawing.add(named("turns", vec![words(x, y, Anchor::Start, Face::Note, tone, text.as_str())]));
    }

    fn pool(&self, drawing: &mut Drawing, place: Place) {
        let mut shapes = Vec::new();
        let mut text = Text::new();
        if !self.plan.has_one_pool() {
            for (guest, (entity, amount)) in self.held().into_iter().enumerate() {
                let mut only = self.held().map(|(entity, _)| (entity, 0));
                only[guest] = (entity, amount);
                let place = Place { y: place.y + px(22) * guest as Unit, height: px(16), ..place };
                bars::parts(&mut shapes, place, &only, POOL, Bar::Numbers);
            }
            text.push_str("a pool of 256 for each: ").push_u32(self.frame.held).push_str(" slots held");
        } else {
            bars::parts(&mut shapes, place, &self.held(), POOL, Bar::Numbers);
            text.push_str("pool: ").push_u32(self.frame.held).push_str(" of 256 slots held");
            let shut = self.frame.is_shut(self.plan);
            let stuck = shut && self.frame.silent;
            let tone = if stuck { Tone::Fault } else { Tone::Soft };
            let mut gate = Vec::new();
            bars::mark(&mut gate, place, u64::from(GATE), POOL, tone);
            let y = place.y + place.height + px(18);
            let (face, word) = if stuck {
                (Face::Name, "gate shut, and no slot comes back")
            } else if shut {
                (Face::Note, "gate shut: a slot that comes back gives a turn")
            } else {
                (Face::Note, "from 128 on no event starts a pass")
            };
            gate.push(words(place.x + place.width / 2, y, Anchor::Middle, face, tone, word));
            shapes.push(named("gate", gate));
        }
        shapes.push(words(place.x, place.y - px(8), Anchor::Start, Face::Note, Tone::Dom0, text.as_str()));
        drawing.add(named("pool", shapes));
    }

    fn credit(&self, drawing: &mut Drawing, place: Place) {
        let (Some(limit), Some(left)) = (self.plan.limit, self.frame.guests[0].credit) else { return };
        let mut shapes = Vec::new();
        let tone = if left < u64::from(self.plan.bytes[0]) { Tone::Fault } else { Tone::Dom0 };
        bars::level(&mut shapes, place, tone, left, limit);
        let mut text = Text::new();
        text.push_str("domU 1 may send ").push_u64(left).push_str(" of ").push_u64(limit).push_str(" B");
        shapes.push(words(place.x, place.y - px(7), Anchor::Start, Face::Note, tone, text.as_str()));
        drawing.add(named("credit", shapes));
    }

    fn card(&self, drawing: &mut Drawing, place: Place) {
        let Place { x, y, width, height } = place;
        let mut shapes = vec![Shape::Rect { x, y, width, height, radius: 0, paint: Paint::stroke(Tone::Hardware) }];
        let mut name = Text::new();
        name.push_str("card, ").push_u32(self.plan.megabits()).push_str(" Mb/s");
        shapes.push(words(x + px(12), y + px(22), Anchor::Start, Face::Name, Tone::Hardware, name.as_str()));
        let bar = Place { x: x + px(12), y: y + px(36), width: width - px(24), height: px(14) };
        bars::level(&mut shapes, bar, Tone::Hardware, u64::from(self.frame.rate), u64::from(self.plan.megabits()));
        let text = self.rate();
        shapes.push(words(x + px(12), y + px(74), Anchor::Start, Face::Note, Tone::Soft, text.as_str()));
        drawing.add(named("card", shapes));
    }

    fn rate(&self) -> Text {
        let mut text = Text::new();
        if self.frame.rate == 0 {
            text.push_str("sends nothing");
        } else {
            text.push_str("sends ").push_u32(self.frame.rate).push_str(" Mb/s");
        }
        text
    }

    /// A program of dom0's that has stopped reading.
    fn listener(&self, drawing: &mut Drawing, place: Place) {
        let Place { x, y, width, height } = place;
        let paint = Paint::stroke(Tone::Dom0).line(Line::Dashed);
        let text = self.kept();
        let marks = vec![
            Shape::Rect { x, y, width, height, radius: px(8), paint },
            words(x + px(12), y + px(22), Anchor::Start, Face::Name, Tone::Dom0, "tcpdump in dom0"),
            words(x + px(12), y + px(40), Anchor::Start, Face::Note, Tone::Soft, text.as_str()),
        ];
        drawing.add(named("kept", marks));
    }

    fn kept(&self) -> Text {
        let mut text = Text::new();
        if self.frame.kept == 0 {
            text.push_str("has no packet");
        } else {
            text.push_str("stopped, keeps ").push_u32(self.frame.kept);
        }
        text
    }

    /// Who got how much so far: two bars, `step` apart, with their names to the left.
    fn shares(&self, drawing: &mut Drawing, x: Unit, place: Place, step: Unit) {
        let wide = place.width > px(400);
        for (position, (name, amounts, sum)) in [
            ("packets", self.of_each(PACKET_SHARES, packets), self.sum(packets)),
            ("bytes", self.of_each(BYTE_SHARES, bytes), self.sum(bytes)),
        ]
        .into_iter()
        .enumerate()
        {
            let place = Place { y: place.y + step * position as Unit, ..place };
            let mut shapes = Vec::new();
            bars::parts(&mut shapes, place, &amounts, sum, Bar::Shares);
            let mut label = Text::new();
            label.push_str(name);
            if wide {
                label.push_str(" taken: ").push_u64(sum);
            }
            let y = place.y + place.height / 2 + px(4);
            shapes.push(words(x, y, Anchor::Start, Face::Name, Tone::Ink, label.as_str()));
            shapes.into_iter().for_each(|shape| drawing.add(shape));
        }
    }

    fn held(&self) -> [(&'static str, u64); SENDERS] {
        self.of_each(HELD, |guest| u64::from(guest.held))
    }

    fn of_each(&self, entities: [&'static str; SENDERS], of: fn(&OfGuest) -> u64) -> [(&'static str, u64); SENDERS] {
        core::array::from_fn(|guest| (entities[guest], of(&self.frame.guests[guest])))
    }

    fn sum(&self, of: fn(&OfGuest) -> u64) -> u64 {
        self.frame.guests.iter().map(of).sum()
    }

    fn description(&self) -> Text {
        let mut text = Text::new();
        for (guest, now) in self.frame.guests.iter().enumerate() {
            text.push_str("domU ").push_u32(guest as u32 + 1).push_str(": ");
            text.push_u32(now.outstanding).push_str(" slots of its ring in use, ");
            text.push_u64(now.packets).push_str(" packets and ");
            text.push_u64(now.bytes).push_str(" bytes taken so far, ");
            text.push_u32(now.held).push_str(" slots held; ");
        }
        text.push_str("in all ").push_u32(self.frame.held).push_str(" slots held");
        if self.frame.is_shut(self.plan) {
            text.push_str(", the gate is shut");
        }
        text.push_str("; the card ").push_str(self.rate().as_str());
        text
    }
}

/// A short line to the right with a head.
fn arrow(from: (Unit, Unit), to: (Unit, Unit)) -> Shape {
    marks::arrow(from, to, px(5), Paint::stroke(Tone::Soft))
}
