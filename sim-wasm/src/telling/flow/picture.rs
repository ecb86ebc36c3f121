//! The picture: the queues on a packet's way as tanks, what is lost under the tank that overflowed, and the slots' way back.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec;
use alloc::vec::Vec;

use crate::actors::epoch::FrontEpoch;
use crate::actors::netback::MAX_PENDING_REQS;
use crate::actors::nic::CardSettings;
use crate::actors::stack::CARD_QUEUE_LEN;
use crate::machine::network::settings::Guest;
use crate::protocols::netif::TX_RING;
use crate::telling::drawing::{
    Anchor, Drawing, Face, Fill, Goes, Line, Paint, PathData, Shape, Tone, Unit, Weight, named, px, rule, words,
};
use crate::telling::flow::frame::{Counts, Frame};
use crate::telling::flow::plan::{Plan, Twist};
use crate::telling::flow::tank::{Part, Place, Tank};
use crate::telling::marks::{arrow, cross};
use crate::telling::narration::phrases::push_time;
use crate::telling::story::Layout;
use crate::words::text::Text;
use crate::words::time::Time;

/// Draws one frame.
pub(crate) fn draw(plan: &Plan, frames: &[Frame], step: usize, layout: Layout) -> Drawing {
    let picture = Picture { plan, frames, now: &frames[step] };
    let mut drawing = Drawing {
        width: 0,
        height: 0,
        title: "The way of packets from a guest to the card: five queues, how full they are, and what is lost",
        description: picture.description(),
        shapes: Vec::new(),
    };
    match layout {
        Layout::Wide => {
            (drawing.width, drawing.height) = (px(896), px(310));
            picture.wide(&mut drawing);
        }
        Layout::Narrow => {
            (drawing.width, drawing.height) = (px(328), px(500));
            picture.narrow(&mut drawing);
        }
        Layout::Film => {
            (drawing.width, drawing.height) = (px(264), px(112));
            picture.film(&mut drawing);
        }
    }
    drawing
}

/// Tanks on the way.
const TANKS: usize = 5;

/// A place where packets can be lost.
struct Loss {
    /// Under which tank they are counted.
    tank: usize,
    /// What prose calls them.
    entity: &'static str,
    word: &'static str,
    place: &'static str,
    count: fn(&Counts) -> u64,
}

static LOSSES: [Loss; 3] = [
    Loss { tank: 0, entity: "guest-drops", word: "lost", place: "in the guest", count: |counts| counts.lost_in_guest },
    Loss { tank: 2, entity: "filtered", word: "dropped", place: "by the filter", count: |counts| counts.filtered },
    Loss { tank: 3, entity: "dom0-drops", word: "lost", place: "in dom0", count: Counts::lost_in_dom0 },
];

struct Picture<'a> {
    plan: &'a Plan,
    frames: &'a [Frame],
    now: &'a Frame,
}

impl Picture<'_> {
    /// What is on the ring: answers that nobody has read, what dom0 has in hand, and requests that wait.
    fn on_ring(&self) -> [Part; 3] {
        let now = self.now;
        let answered = now.answered.min(now.outstanding);
        let taken = now.held.min(now.outstanding - answered);
        let waiting = now.outstanding - answered - taken;
        let taken_paint = Paint { fill: Fill::Tint(Tone::Dom0), ..Paint::stroke(Tone::Dom0).line(Line::Dotted) };
        [
            Part { amount: answered, paint: Paint::cell(Tone::Dom0), word: "answered", tone: Tone::Dom0 },
            Part { amount: taken, paint: taken_paint, word: "in dom0", tone: Tone::Dom0 },
            Part { amount: waiting, paint: Paint::cell(Tone::Domu), word: "waiting", tone: Tone::Domu },
        ]
    }

    fn stop_line(&self) -> u32 {
        let front: FrontEpoch = self.plan.drivers().front;
        front.stop_line()
    }

    /// Calls with each tank and its place among them.
    fn tanks(&self, draw: &mut dyn FnMut(usize, &Tank<'_>)) {
        let now = self.now;
        let ring = self.on_ring();
        let descriptors = CardSettings::e1000(self.plan.megabits).descriptors;
        let guest_queue = Guest::default().queue;
        let alone = |amount, tone| [Part::whole(amount, tone)];
        let tanks: [Tank<'_>; TANKS] = [
            Tank {
                entity: "qdisc",
                name: "guest's queue",
                short: "guest",
                tone: Tone::Domu,
                things: "packets",
                capacity: guest_queue,
                line: None,
                parts: &alone(now.queue, Tone::Domu),
            },
            Tank {
                entity: "outstanding",
                name: "shared ring",
                short: "ring",
                tone: Tone::Xen,
                things: "slots",
                capacity: TX_RING.entries(),
                line: Some(self.stop_line()),
                parts: &ring,
            },
            Tank {
                entity: "pool",
                name: "netback's pool",
                short: "pool",
                tone: Tone::Dom0,
                things: "slots",
                capacity: MAX_PENDING_REQS,
                line: None,
                parts: &alone(now.held, Tone::Dom0),
            },
            Tank {
                entity: "dom0-queue",
                name: "dom0's queue",
                short: "dom0",
                tone: Tone::Dom0,
                things: "packets",
                capacity: CARD_QUEUE_LEN,
                line: None,
                parts: &alone(now.waiting, Tone::Dom0),
            },
            Tank {
                entity: "card",
                name: "card's ring",
                short: "card",
                tone: Tone::Hardware,
                things: "descriptors",
                capacity: descriptors,
                line: None,
                parts: &alone(now.descriptors, Tone::Hardware),
            },
        ];
        for (position, tank) in tanks.iter().enumerate() {
            draw(position, tank);
        }
    }

    fn wide(&self, drawing: &mut Drawing) {
        const WIDTH: Unit = px(88);
        const STEP: Unit = px(136);
        const FIRST: Unit = px(134);
        const TOP: Unit = px(38);
        const HEIGHT: Unit = px(140);
        const LOST: Unit = TOP + HEIGHT + px(66);
        let x = |tank: usize| FIRST + STEP * tank as Unit;
        let middle = TOP + HEIGHT / 2;
        self.tanks(&mut |position, tank| {
            tank.upright(drawing, Place { x: x(position), y: TOP, width: WIDTH, height: HEIGHT });
        });
        for tank in 0..TANKS {
            self.gap(drawing, tank, ((x(tank) - STEP + WIDTH, x(tank)), middle));
        }
        let end = x(TANKS - 1) + WIDTH;
        self.gap(drawing, TANKS, ((end, end + STEP - WIDTH), middle));

        let offered = self.plan.offered;
        let source = [
            words(px(20), middle - px(8), Anchor::Start, Face::Big, Tone::Domu, number(offered).as_str()),
            words(px(20), middle + px(9), Anchor::Start, Face::Note, Tone::Soft, "Mb/s offered,"),
            words(px(20), middle + px(24), Anchor::Start, Face::Note, Tone::Soft, self.sizes().as_str()),
        ];
        drawing.add(named("offered", source.into()));
        let right = px(876);
        let sink = [
            words(right, TOP - px(12), Anchor::End, Face::Name, Tone::Hardware, "wire"),
            words(right, middle - px(22), Anchor::End, Face::Big, Tone::Hardware, number(self.now.goodput).as_str()),
            words(right, middle - px(7), Anchor::End, Face::Note, Tone::Soft, "Mb/s"),
        ];
        drawing.add(named("goodput", sink.into()));

        for loss in &LOSSES {
            let centre = x(loss.tank) + WIDTH / 2;
            self.lost(drawing, loss, (centre - px(30), LOST), Face::Name);
        }
        self.way_back(drawing, (x(1) + WIDTH / 2, x(if self.plan.answers_early() { 2 } else { 4 }) + WIDTH / 2));
        let foot = px(300);
        drawing.add(named(
            "pipe-bytes",
            vec![words(px(876), foot, Anchor::End, Face::Note, Tone::Soft, self.pipe(" for the card").as_str())],
        ));
    }

    fn narrow(&self, drawing: &mut Drawing) {
        const ROW: Unit = px(80);
        const TOP: Unit = px(70);
        let width = px(312);
        let mut offered = number(self.plan.offered);
        offered.push_str(" Mb/s offered, ").push_str(self.sizes().as_str());
        let line = words(px(8), px(18), Anchor::Start, Face::Name, Tone::Domu, offered.as_str());
        drawing.add(named("offered", vec![line]));
        self.tanks(&mut |position, tank| {
            let y = TOP + ROW * position as Unit;
            tank.lying(drawing, Place { x: px(8), y, width, height: px(22) });
        });
        for loss in &LOSSES {
            self.lost(drawing, loss, (px(16), TOP + ROW * loss.tank as Unit + px(38)), Face::Name);
        }
        for gap in 0..=TANKS {
            self.gap_below(drawing, gap, (px(304), TOP + ROW * gap as Unit - px(50)));
        }
        let y = TOP + ROW * TANKS as Unit;
        let mut left = number(self.now.goodput);
        left.push_str(" Mb/s on the wire");
        drawing.add(named(
            "goodput",
            vec![words(px(8), y - px(22), Anchor::Start, Face::Name, Tone::Hardware, left.as_str())],
        ));
        drawing.add(named(
            "pipe-bytes",
            vec![words(px(8), y, Anchor::Start, Face::Note, Tone::Soft, self.pipe("").as_str())],
        ));
        let back = self.back();
        drawing.add(named("answered", vec![words(px(8), y + px(18), Anchor::Start, Face::Note, Tone::Soft, back)]));
    }

    fn film(&self, drawing: &mut Drawing) {
        const STEP: Unit = px(52);
        let x = |tank: usize| px(8) + STEP * tank as Unit;
        self.tanks(&mut |position, tank| {
            tank.small(drawing, Place { x: x(position), y: px(22), width: px(40), height: px(52) });
        });
        for loss in &LOSSES {
            self.lost(drawing, loss, (x(loss.tank) + px(4), px(103)), Face::Note);
        }
    }

    /// What lies before a tank: an arrow, or what keeps packets from going on.
    fn gap(&self, drawing: &mut Drawing, before: usize, ((left, right), y): ((Unit, Unit), Unit)) {
        let (from, to) = ((left + px(8), y), (right - px(8), y));
        let Some((entity, word)) = self.barrier(before) else {
            if self.flows(before) {
                drawing.add(arrow(from, to, px(5), Paint::stroke(Tone::Hardware)));
            }
            return;
        };
        let middle = (left + right) / 2;
        let bar = rule((middle, y - px(14)), (middle, y + px(14)), Paint::stroke(Tone::Ink).weight(Weight::Thick));
        let said = words(middle, y + px(30), Anchor::Middle, Face::Note, Tone::Ink, word);
        drawing.add(named(entity, vec![bar, said]));
    }

    /// The same before a lying tank.
    fn gap_below(&self, drawing: &mut Drawing, before: usize, (x, y): (Unit, Unit)) {
        let Some((entity, word)) = self.barrier(before) else {
            if !self.flows(before) {
                return;
            }
            let data = PathData::from(x, y)
                .to(x, y + px(18))
                .jump(x - px(4), y + px(13))
                .to(x, y + px(18))
                .to(x + px(4), y + px(13));
            drawing.add(Shape::Path { data, paint: Paint::stroke(Tone::Hardware) });
            return;
        };
        let at = y + px(9);
        let bar = rule((x - px(10), at), (x + px(10), at), Paint::stroke(Tone::Ink).weight(Weight::Thick));
        let said = words(x - px(16), at + px(4), Anchor::End, Face::Note, Tone::Ink, word);
        drawing.add(named(entity, vec![bar, said]));
    }

    /// Whether packets get that far.
    fn flows(&self, before: usize) -> bool {
        match before {
            TANKS => self.now.goodput > 0,
            4 => self.plan.twist != Twist::Filter,
            _ => true,
        }
    }

    /// What stands before a tank.
    fn barrier(&self, before: usize) -> Option<(&'static str, &'static str)> {
        match before {
            1 if self.now.stopped => Some(("stops", "stopped")),
            3 if self.plan.twist == Twist::Filter => Some(("filtered", "filter")),
            TANKS if self.now.stalled => Some(("card", "stalled")),
            _ => None,
        }
    }

    /// How many were lost at a place, with a way to the moment at which it began.
    fn lost(&self, drawing: &mut Drawing, loss: &Loss, (x, y): (Unit, Unit), face: Face) {
        let &Loss { entity, word, count, .. } = loss;
        let lost = count(&self.now.counts);
        if lost == 0 {
            return;
        }
        let mut text = Text::new();
        text.push_u64(lost);
        if face == Face::Name {
            text.push_char(' ').push_str(word);
        }
        let shapes =
            vec![cross(x, y - px(4), px(4)), words(x + px(10), y, Anchor::Start, face, Tone::Fault, text.as_str())];
        let first = self.frames.iter().position(|frame| count(&frame.counts) > 0).unwrap_or(0);
        let mut label = Text::new();
        label.push_str("To the first packet that is ").push_str(word);
        drawing.add(Shape::Mark { entity, goes: Some(Goes { frame: first as u32, label }), shapes });
    }

    /// The slots' way back to the ring.
    fn way_back(&self, drawing: &mut Drawing, (to, from): (Unit, Unit)) {
        let (top, low) = (px(262), px(280));
        let data = PathData::from(from, top)
            .to(from, low)
            .to(to, low)
            .to(to, top)
            .jump(to - px(4), top + px(5))
            .to(to, top)
            .to(to + px(4), top + px(5));
        let path = Shape::Path { data, paint: Paint::stroke(Tone::Dom0).line(Line::Dashed) };
        let said = words(px(128), low + px(20), Anchor::Start, Face::Note, Tone::Soft, self.back());
        drawing.add(named("answered", vec![path, said]));
    }

    fn back(&self) -> &'static str {
        match self.plan.twist {
            Twist::Filter => "A slot comes back when the filter has freed its packet.",
            Twist::Copies => "A slot comes back as soon as netback has copied it.",
            Twist::Nothing | Twist::Stall | Twist::LateInterrupts | Twist::Mainline => {
                if self.plan.answers_early() {
                    "A slot comes back as soon as netback has copied it."
                } else {
                    "A slot comes back when the card is done with its packet."
                }
            }
        }
    }

    fn sizes(&self) -> Text {
        let mut text = Text::new();
        text.push_u32(self.plan.bytes).push_str(" B each");
        text
    }

    /// What is between netfront and the wire, in bytes and in time, and where there is room whose time it is.
    fn pipe(&self, whose: &str) -> Text {
        let packets = self.now.counts.in_pipe();
        let bytes = packets * u64::from(self.plan.bytes);
        let mut text = Text::new();
        text.push_u64(packets).push_str(if packets == 1 { " packet" } else { " packets" });
        text.push_str(" on the way, ").push_u64(bytes).push_str(" B: ");
        push_time(&mut text, Time(bytes * 8_000 / u64::from(self.plan.megabits)));
        text.push_str(whose);
        text
    }

    fn description(&self) -> Text {
        let mut text = Text::new();
        push_time(&mut text, self.now.time);
        self.tanks(&mut |_, tank| {
            text.push_str("; ").push_str(tank.name).push_char(' ').push_u32(tank.level());
            text.push_str(" of ").push_u32(tank.capacity).push_char(' ').push_str(tank.things);
        });
        for loss in &LOSSES {
            let lost = (loss.count)(&self.now.counts);
            if lost > 0 {
                text.push_str("; ").push_u64(lost).push_char(' ').push_str(loss.word).push_char(' ');
                text.push_str(loss.place);
            }
        }
        text.push_str("; ").push_u32(self.now.goodput).push_str(" Mb/s on the wire");
        text
    }
}

fn number(number: u32) -> Text {
    let mut text = Text::new();
    text.push_u32(number);
    text
}
