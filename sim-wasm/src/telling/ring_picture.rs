//! The picture of the shared ring: the array as a circle, the same array unrolled with its six indexes, and the registers.

use crate::actors::log::{Entry, Event};
use crate::protocols::ring::Index;
use crate::telling::circle::{TURN, point, sector};
use crate::telling::drawing::{
    Anchor, Drawing, Face, Fill, Key, Line, Paint, PathData, Shape, Tone, Unit, px, rule, words,
};
use crate::telling::narration::push_index;
use crate::telling::ring_figure::{Frame, Registers, STOP_LINE};
use crate::telling::story::Layout;
use crate::words::text::Text;

/// What a slot holds, seen from one position of the endless sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    /// Read and done with.
    Past,
    /// Nothing yet.
    Free,
    /// A request that only the front end knows of.
    PrivateRequest,
    /// A request that both know of.
    Request,
    /// A request that the back end has copied.
    Taken,
    /// A response that only the back end knows of.
    PrivateResponse,
    /// A response that both know of.
    Response,
    /// Nothing, whatever the producer says.
    Claimed,
}

impl Holds {
    fn at(now: &Registers, entries: u32, index: Index) -> Self {
        let ahead = index.since(now.rsp_cons);
        let before = |end: Index| ahead < end.since(now.rsp_cons);
        match () {
            () if ahead >= entries => Self::Past,
            () if before(now.rsp_prod) => Self::Response,
            () if before(now.rsp_prod_pvt) => Self::PrivateResponse,
            () if before(now.req_cons) => Self::Taken,
            () if before(now.req_prod_pvt) && before(now.req_prod) => Self::Request,
            () if before(now.req_prod_pvt) => Self::PrivateRequest,
            () if before(now.req_prod) => Self::Claimed,
            () => Self::Free,
        }
    }

    const fn paint(self) -> Paint {
        match self {
            Self::Past => Paint::stroke(Tone::Hair).line(Line::Dotted),
            Self::Free => Paint { fill: Fill::Tint(Tone::Free), ..Paint::stroke(Tone::Hair) },
            Self::PrivateRequest => Paint::cell(Tone::Domu).line(Line::Dashed),
            Self::Request => Paint::cell(Tone::Domu),
            Self::Taken => Paint { fill: Fill::Tint(Tone::Domu), ..Paint::stroke(Tone::Dom0).line(Line::Dotted) },
            Self::PrivateResponse => Paint::cell(Tone::Dom0).line(Line::Dashed),
            Self::Response => Paint::cell(Tone::Dom0),
            Self::Claimed => Paint::cell(Tone::Fault).line(Line::Dashed),
        }
    }

    /// A word for a wide cell.
    const fn word(self) -> &'static str {
        match self {
            Self::Past => "",
            Self::Free => "free",
            Self::PrivateRequest | Self::Request => "req ",
            Self::Taken => "took ",
            Self::PrivateResponse | Self::Response => "rsp ",
            Self::Claimed => "?",
        }
    }

    /// A letter for a narrow cell.
    const fn letter(self) -> &'static str {
        match self {
            Self::Past | Self::Free => "",
            Self::PrivateRequest | Self::Request => "q",
            Self::Taken => "t",
            Self::PrivateResponse | Self::Response => "r",
            Self::Claimed => "?",
        }
    }

    const fn tone(self) -> Tone {
        match self {
            Self::Past | Self::Free => Tone::Soft,
            Self::PrivateRequest | Self::Request => Tone::Domu,
            Self::Taken | Self::PrivateResponse | Self::Response => Tone::Dom0,
            Self::Claimed => Tone::Fault,
        }
    }

    const fn has_id(self) -> bool {
        !matches!(self, Self::Past | Self::Free | Self::Claimed)
    }
}

/// Draws one frame. `before` is the frame one step earlier, and `entries_of_step` what happened in between.
pub(crate) fn draw(entries: u32, frame: &Frame, before: &Frame, entries_of_step: &[Entry], layout: Layout) -> Drawing {
    let picture = Picture { entries, frame, before };
    let mut drawing = Drawing {
        width: 0,
        height: 0,
        title: "A shared ring: its slots, its indexes and the page that holds them",
        description: picture.description(),
        shapes: Vec::new(),
    };
    match layout {
        Layout::Wide => {
            (drawing.width, drawing.height) = (px(896), px(412));
            picture.circle(
                &mut drawing,
                Circle { centre: (px(150), px(150)), outer: px(104), inner: px(56), numbers: true },
            );
            picture.tape(
                &mut drawing,
                &Tape { x: px(306), y: px(124), width: px(476), height: px(48), row: px(26), labels: true },
            );
            picture.registers_in_a_row(&mut drawing, entries_of_step);
        }
        Layout::Narrow => {
            (drawing.width, drawing.height) = (px(328), px(712));
            picture.circle(
                &mut drawing,
                Circle { centre: (px(164), px(122)), outer: px(96), inner: px(50), numbers: true },
            );
            picture.tape(
                &mut drawing,
                &Tape { x: px(12), y: px(334), width: px(188), height: px(40), row: px(24), labels: true },
            );
            picture.registers_in_a_column(&mut drawing, entries_of_step);
        }
        Layout::Film => {
            (drawing.width, drawing.height) = (px(264), px(112));
            picture.circle(
                &mut drawing,
                Circle { centre: (px(58), px(56)), outer: px(46), inner: px(26), numbers: false },
            );
            picture.tape(
                &mut drawing,
                &Tape { x: px(122), y: px(42), width: px(130), height: px(26), row: 0, labels: false },
            );
        }
    }
    drawing
}

/// Where the circle stands.
struct Circle {
    centre: (Unit, Unit),
    outer: Unit,
    inner: Unit,
    numbers: bool,
}

/// Where the unrolled ring stands; `row` is the distance between two rows of index names.
struct Tape {
    x: Unit,
    y: Unit,
    width: Unit,
    height: Unit,
    row: Unit,
    labels: bool,
}

struct Picture<'a> {
    entries: u32,
    frame: &'a Frame,
    before: &'a Frame,
}

impl Picture<'_> {
    fn holds(&self, index: Index) -> Holds {
        Holds::at(&self.frame.registers, self.entries, index)
    }

    fn outstanding(&self) -> u32 {
        self.frame.registers.req_prod_pvt.since(self.frame.registers.rsp_cons)
    }

    /// The position that a slot stands for now: the one between `rsp_cons` and a lap further.
    fn index_of_slot(&self, slot: u32) -> Index {
        let start = self.frame.registers.rsp_cons;
        start.plus(slot.wrapping_sub(start.0) & (self.entries - 1))
    }

    fn id_of_slot(&self, slot: u32) -> Option<u16> {
        self.frame.ids.get(slot as usize).copied()
    }

    fn circle(&self, drawing: &mut Drawing, circle: Circle) {
        let radii = (circle.inner, circle.outer);
        if self.entries > 32 {
            // Too many slots to draw one by one: stretches of slots that hold the same, cut into pieces of a sixteenth.
            let piece = self.entries / 16;
            let mut from = 0;
            while from < self.entries {
                let holds = self.holds(self.index_of_slot(from));
                let mut to = from + 1;
                while to < self.entries && to % piece != 0 && self.holds(self.index_of_slot(to)) == holds {
                    to += 1;
                }
                let paint = Paint { stroke: None, ..filled(holds) };
                let scale = TURN / self.entries;
                drawing.add(Shape::Path { data: sector(circle.centre, radii, from * scale, to * scale), paint });
                from = to;
            }
            drawing.add(Shape::Circle {
                x: circle.centre.0,
                y: circle.centre.1,
                radius: circle.outer,
                paint: Paint::stroke(Tone::Hair),
            });
            drawing.add(Shape::Circle {
                x: circle.centre.0,
                y: circle.centre.1,
                radius: circle.inner,
                paint: Paint::stroke(Tone::Hair),
            });
        } else {
            let turn = TURN / self.entries;
            let gap = if self.entries > 8 { 3 } else { 6 };
            for slot in 0..self.entries {
                let holds = self.holds(self.index_of_slot(slot));
                let data = sector(circle.centre, radii, slot * turn + gap, (slot + 1) * turn - gap);
                drawing.add(Shape::Path { data, paint: holds.paint() });
                let middle = slot * turn + turn / 2;
                if circle.numbers && self.entries <= 8 {
                    let at = point(circle.centre, (circle.inner + circle.outer) / 2, middle);
                    drawing.add(self.cell_words(at.0, at.1 + px(4), holds, slot, Face::Name));
                }
                if circle.numbers && (self.entries <= 8 || slot % 4 == 0) {
                    let at = point(circle.centre, circle.outer + px(12), middle);
                    drawing.add(number(at.0, at.1 + px(4), slot));
                }
            }
        }
        self.circle_middle(drawing, &circle);
    }

    fn circle_middle(&self, drawing: &mut Drawing, circle: &Circle) {
        let (x, y) = circle.centre;
        let mut count = Text::new();
        count.push_u32(self.outstanding());
        let full = self.outstanding() >= if self.entries == 256 { STOP_LINE } else { self.entries };
        let tone = if full { Tone::Fault } else { Tone::Ink };
        let lift = if circle.numbers { px(2) } else { px(-4) };
        drawing.add(words(x, y - lift, Anchor::Middle, Face::Big, tone, count.as_str()));
        let mut remark = Text::new();
        remark.push_str("of ").push_u32(self.entries);
        if circle.numbers {
            remark.push_str(" in use");
        }
        drawing.add(words(
            x,
            y + px(if circle.numbers { 14 } else { 18 }),
            Anchor::Middle,
            Face::Note,
            Tone::Soft,
            remark.as_str(),
        ));
        if circle.numbers && full {
            let word = if self.entries == 256 { "stopped" } else { "full" };
            drawing.add(words(x, y + px(29), Anchor::Middle, Face::Name, Tone::Fault, word));
        }
    }

    /// `req 3` and its like.
    fn cell_words(&self, x: Unit, y: Unit, holds: Holds, slot: u32, face: Face) -> Shape {
        let mut text = Text::new();
        text.push_str(holds.word());
        if let (true, Some(id)) = (holds.has_id(), self.id_of_slot(slot)) {
            text.push_u32(u32::from(id));
        }
        words(x, y, Anchor::Middle, face, holds.tone(), text.as_str())
    }

    fn tape(&self, drawing: &mut Drawing, tape: &Tape) {
        let now = &self.frame.registers;
        let past = 2;
        let first = Index(now.rsp_cons.0.wrapping_sub(past));
        let shown = self.entries + past;
        if tape.labels {
            let mut title = Text::new();
            title.push_str("the same ring, unrolled: slot = index & ").push_u32(self.entries - 1);
            let y = tape.y - tape.row * 3 - px(14);
            drawing.add(words(tape.x, y, Anchor::Start, Face::Note, Tone::Soft, title.as_str()));
        }
        if self.entries > 32 {
            self.tape_stretches(drawing, tape, first, shown);
        } else {
            self.tape_cells(drawing, tape, first, shown);
        }
        if tape.labels {
            let place = |index: Index| {
                let steps = index.since(first).min(shown);
                tape.x + (i64::from(tape.width) * i64::from(steps) / i64::from(shown)) as Unit
            };
            let above = [
                (0, "rsp_cons", now.rsp_cons, Line::Dashed),
                (1, "req_prod", now.req_prod, Line::Solid),
                (2, "req_prod_pvt", now.req_prod_pvt, Line::Dashed),
            ];
            for (row, name, index, line) in above {
                let y = tape.y - tape.row * (3 - row) + px(8);
                let pointer = Pointer { x: place(index), y, to: tape.y - px(3), tone: Tone::Domu, line };
                drawing.add(pointer.draw(row as u32, name, index, index.since(first) > shown));
            }
            let below = [
                (3, "req_cons", now.req_cons, Line::Dashed),
                (4, "rsp_prod_pvt", now.rsp_prod_pvt, Line::Dashed),
                (5, "rsp_prod", now.rsp_prod, Line::Solid),
            ];
            for (row, name, index, line) in below {
                let y = tape.y + tape.height + tape.row * (row - 2) - px(2);
                let pointer = Pointer { x: place(index), y, to: tape.y + tape.height + px(3), tone: Tone::Dom0, line };
                drawing.add(pointer.draw(row as u32, name, index, false));
            }
        }
    }

    fn tape_cells(&self, drawing: &mut Drawing, tape: &Tape, first: Index, shown: u32) {
        let cell = tape.width / shown as Unit;
        for (position, index) in first.until(first.plus(shown)).enumerate() {
            let holds = self.holds(index);
            let slot = index.0 & (self.entries - 1);
            let gap = if cell > px(12) { px(2) } else { 5 };
            let mut shapes = vec![Shape::Rect {
                x: gap / 2,
                y: 0,
                width: cell - gap,
                height: tape.height,
                radius: if cell > px(12) { px(5) } else { px(1) },
                paint: holds.paint(),
            }];
            let middle = cell / 2;
            if tape.labels && cell >= px(40) {
                shapes.push(self.cell_words(middle, px(20), holds, slot, Face::Name));
                let mut name = Text::new();
                push_short_index(&mut name, index);
                shapes.push(words(middle, tape.height - px(9), Anchor::Middle, Face::Mono, Tone::Soft, name.as_str()));
            } else if tape.labels && cell >= px(10) {
                shapes.push(words(
                    middle,
                    tape.height / 2 + px(4),
                    Anchor::Middle,
                    Face::Name,
                    holds.tone(),
                    holds.letter(),
                ));
            }
            drawing.add(Shape::Group {
                key: Key("cell", index.0),
                x: tape.x + cell * position as Unit,
                y: tape.y,
                shapes,
            });
        }
    }

    /// Stretches of positions that hold the same, for rings whose cells would be too thin to see.
    fn tape_stretches(&self, drawing: &mut Drawing, tape: &Tape, first: Index, shown: u32) {
        let place = |steps: u32| tape.x + (i64::from(tape.width) * i64::from(steps) / i64::from(shown)) as Unit;
        let mut from = 0;
        while from < shown {
            let holds = self.holds(first.plus(from));
            let mut to = from + 1;
            while to < shown && self.holds(first.plus(to)) == holds {
                to += 1;
            }
            let (x, width) = (place(from), place(to) - place(from));
            drawing.add(Shape::Rect { x, y: tape.y, width, height: tape.height, radius: px(2), paint: holds.paint() });
            if tape.labels && width > px(44) && holds.has_id() {
                let mut text = Text::new();
                text.push_u32(to - from).push_char(' ').push_str(if holds == Holds::Taken {
                    "taken"
                } else {
                    holds.word().trim_end()
                });
                let baseline = tape.y + tape.height / 2 + px(4);
                drawing.add(words(x + width / 2, baseline, Anchor::Middle, Face::Name, holds.tone(), text.as_str()));
            }
            from = to;
        }
    }

    fn registers_in_a_row(&self, drawing: &mut Drawing, happened: &[Entry]) {
        let y = px(296);
        self.private_front(drawing, (px(24), y), px(216));
        self.shared_page(drawing, (px(260), y), px(376), 16);
        self.private_back(drawing, (px(656), y), px(216));
        let bell = Bell::of(happened);
        bell.draw(drawing, (px(640), px(280)), (px(256), px(280)));
    }

    fn registers_in_a_column(&self, drawing: &mut Drawing, happened: &[Entry]) {
        self.private_front(drawing, (px(12), px(484)), px(148));
        self.private_back(drawing, (px(168), px(484)), px(148));
        self.shared_page(drawing, (px(12), px(584)), px(304), 8);
        let bell = Bell::of(happened);
        bell.draw(drawing, (px(316), px(466)), (px(12), px(466)));
    }

    fn private_front(&self, drawing: &mut Drawing, at: (Unit, Unit), width: Unit) {
        let (now, was) = (&self.frame.registers, &self.before.registers);
        let lines = [("req_prod_pvt", now.req_prod_pvt, was.req_prod_pvt), ("rsp_cons", now.rsp_cons, was.rsp_cons)];
        private(drawing, at, width, Tone::Domu, "front end, private", &lines);
    }

    fn private_back(&self, drawing: &mut Drawing, at: (Unit, Unit), width: Unit) {
        let (now, was) = (&self.frame.registers, &self.before.registers);
        let lines = [("req_cons", now.req_cons, was.req_cons), ("rsp_prod_pvt", now.rsp_prod_pvt, was.rsp_prod_pvt)];
        let title = if self.frame.broken { "back end: gave up" } else { "back end, private" };
        private(drawing, at, width, if self.frame.broken { Tone::Fault } else { Tone::Dom0 }, title, &lines);
    }

    /// The four shared indexes, and the first bytes of the page that hold them.
    fn shared_page(&self, drawing: &mut Drawing, at: (Unit, Unit), width: Unit, bytes_a_line: usize) {
        let (x, y) = at;
        let (now, was) = (&self.frame.registers, &self.before.registers);
        let lines = 16 / bytes_a_line as Unit;
        let height = px(88) + px(16) * lines;
        drawing.add(Shape::Rect {
            x,
            y,
            width,
            height: height - px(4),
            radius: px(8),
            paint: Paint::stroke(Tone::Xen),
        });
        drawing.add(words(x + px(14), y + px(20), Anchor::Start, Face::Name, Tone::Xen, "shared page"));
        let half = width / 2;
        register(drawing, (x + px(14), y + px(42)), half - px(20), "req_prod", now.req_prod, was.req_prod);
        register(drawing, (x + half + px(6), y + px(42)), half - px(20), "req_event", now.req_event, was.req_event);
        register(drawing, (x + px(14), y + px(64)), half - px(20), "rsp_prod", now.rsp_prod, was.rsp_prod);
        register(drawing, (x + half + px(6), y + px(64)), half - px(20), "rsp_event", now.rsp_event, was.rsp_event);
        let bytes: Vec<u8> = [now.req_prod, now.req_event, now.rsp_prod, now.rsp_event]
            .iter()
            .flat_map(|index| index.0.to_le_bytes())
            .collect();
        for (line, chunk) in bytes.chunks(bytes_a_line).enumerate() {
            let mut text = Text::new();
            for (position, &byte) in chunk.iter().enumerate() {
                if position > 0 {
                    text.push_char(' ');
                }
                text.push_hex(u64::from(byte), 2);
            }
            let baseline = y + px(90) + px(16) * line as Unit;
            drawing.add(words(x + px(14), baseline, Anchor::Start, Face::Mono, Tone::Soft, text.as_str()));
        }
    }

    fn description(&self) -> Text {
        let now = &self.frame.registers;
        let mut text = Text::new();
        text.push_u32(self.outstanding()).push_str(" of ").push_u32(self.entries).push_str(" slots in use");
        for (name, index) in [
            ("rsp_cons", now.rsp_cons),
            ("rsp_prod", now.rsp_prod),
            ("rsp_prod_pvt", now.rsp_prod_pvt),
            ("req_cons", now.req_cons),
            ("req_prod", now.req_prod),
            ("req_prod_pvt", now.req_prod_pvt),
            ("req_event", now.req_event),
            ("rsp_event", now.rsp_event),
        ] {
            text.push_str(", ").push_str(name).push_char(' ');
            push_index(&mut text, index.0);
        }
        text
    }
}

/// The fill of something too thin to have an outline: the outline's tone stands in where the tints are alike.
const fn filled(holds: Holds) -> Paint {
    match holds {
        Holds::Request => Paint::fill(Fill::Solid(Tone::Domu)),
        Holds::Response => Paint::fill(Fill::Solid(Tone::Dom0)),
        Holds::Taken => Paint::fill(Fill::Solid(Tone::Domu)).dimmed(true),
        Holds::PrivateRequest | Holds::PrivateResponse | Holds::Past | Holds::Free | Holds::Claimed => holds.paint(),
    }
}

/// A named index that points at a boundary of the unrolled ring.
struct Pointer {
    x: Unit,
    y: Unit,
    to: Unit,
    tone: Tone,
    line: Line,
}

impl Pointer {
    fn draw(&self, number: u32, name: &str, index: Index, beyond: bool) -> Shape {
        let reach = self.to - self.y;
        let mut label = Text::new();
        label.push_str(name).push_char(' ');
        push_short_index(&mut label, index);
        if beyond {
            label.push_str(" →");
        }
        let tone = if beyond { Tone::Fault } else { self.tone };
        let start = if reach > 0 { -px(9) } else { px(3) };
        let shapes = vec![
            rule((0, start), (0, reach), Paint::stroke(tone).line(self.line)),
            Shape::Circle { x: 0, y: reach, radius: px(2) + 5, paint: Paint::fill(Fill::Solid(tone)) },
            words(px(5), 0, Anchor::Start, Face::Mono, tone, label.as_str()),
        ];
        Shape::Group { key: Key("pointer", number), x: self.x, y: self.y, shapes }
    }
}

/// Who was woken in a step, if anybody was.
enum Bell {
    Nobody,
    Back,
    Front,
    Silent,
}

impl Bell {
    fn of(happened: &[Entry]) -> Self {
        for entry in happened {
            match entry.event {
                Event::RequestsPublished { notify: true, .. } => return Self::Back,
                Event::ResponsesPublished { notify: true, .. } => return Self::Front,
                Event::RequestsPublished { .. } | Event::ResponsesPublished { .. } => return Self::Silent,
                _ => {}
            }
        }
        Self::Nobody
    }

    /// `right` is the end of the line towards the back end, `left` of the one towards the front end.
    fn draw(&self, drawing: &mut Drawing, right: (Unit, Unit), left: (Unit, Unit)) {
        let middle = (left.0 + right.0) / 2;
        match self {
            Self::Nobody => {}
            Self::Silent => drawing.add(words(
                middle,
                right.1 + px(4),
                Anchor::Middle,
                Face::Note,
                Tone::Soft,
                "published, and no bell",
            )),
            Self::Back => {
                drawing.add(bell(middle - px(52), right.1));
                drawing.add(words(
                    middle - px(40),
                    right.1 + px(4),
                    Anchor::Start,
                    Face::Name,
                    Tone::Ink,
                    "event to the back end",
                ));
                drawing.add(arrow((middle + px(92), right.1), right, px(5)));
            }
            Self::Front => {
                drawing.add(bell(middle - px(52), left.1));
                drawing.add(words(
                    middle - px(40),
                    left.1 + px(4),
                    Anchor::Start,
                    Face::Name,
                    Tone::Ink,
                    "event to the front end",
                ));
                drawing.add(arrow((middle - px(64), left.1), left, -px(5)));
            }
        }
    }
}

/// A small bell around a point.
pub(crate) fn bell(x: Unit, y: Unit) -> Shape {
    let data = PathData::from(x - px(6), y + px(4))
        .bend((x - px(4), y + px(2)), (x - px(4), y - px(1)))
        .bend((x - px(4), y - px(6)), (x, y - px(6)))
        .bend((x + px(4), y - px(6)), (x + px(4), y - px(1)))
        .bend((x + px(4), y + px(2)), (x + px(6), y + px(4)))
        .close()
        .jump(x - px(1), y + px(6))
        .to(x + px(1), y + px(6));
    Shape::Path { data, paint: Paint { fill: Fill::Tint(Tone::Hardware), ..Paint::stroke(Tone::Hardware) } }
}

/// A line with a head; `head` is its length along x, with the line's direction as its sign.
fn arrow(from: (Unit, Unit), to: (Unit, Unit), head: Unit) -> Shape {
    let data = PathData::from(from.0, from.1)
        .to(to.0, to.1)
        .jump(to.0 - head, to.1 - px(4))
        .to(to.0, to.1)
        .to(to.0 - head, to.1 + px(4));
    Shape::Path { data, paint: Paint::stroke(Tone::Hardware) }
}

/// A box of private indexes.
fn private(
    drawing: &mut Drawing,
    at: (Unit, Unit),
    width: Unit,
    tone: Tone,
    title: &str,
    lines: &[(&str, Index, Index); 2],
) {
    let (x, y) = at;
    let paint = Paint::stroke(tone).line(Line::Dashed);
    drawing.add(Shape::Rect { x, y, width, height: px(84), radius: px(8), paint });
    drawing.add(words(x + px(14), y + px(20), Anchor::Start, Face::Name, tone, title));
    for (position, (name, now, was)) in lines.iter().enumerate() {
        register(drawing, (x + px(14), y + px(42) + px(22) * position as Unit), width - px(28), name, *now, *was);
    }
}

/// A name and its value; one that has just changed stands out.
fn register(drawing: &mut Drawing, at: (Unit, Unit), width: Unit, name: &str, now: Index, was: Index) {
    let (x, y) = at;
    let changed = now != was;
    if changed {
        let paint = Paint::fill(Fill::Tint(Tone::Hardware));
        drawing.add(Shape::Rect {
            x: x - px(5),
            y: y - px(13),
            width: width + px(10),
            height: px(18),
            radius: px(4),
            paint,
        });
    }
    let tone = if changed { Tone::Ink } else { Tone::Soft };
    drawing.add(words(x, y, Anchor::Start, Face::Mono, tone, name));
    let mut value = Text::new();
    push_short_index(&mut value, now);
    drawing.add(words(x + width, y, Anchor::End, Face::Mono, tone, value.as_str()));
}

fn number(x: Unit, y: Unit, number: u32) -> Shape {
    let mut text = Text::new();
    text.push_u32(number);
    words(x, y, Anchor::Middle, Face::Mono, Tone::Soft, text.as_str())
}

/// An index in few characters: its last four digits in hexadecimal near the wrap, where the others are all f.
fn push_short_index(out: &mut Text, index: Index) {
    if index.0 < 100_000 {
        out.push_u32(index.0);
    } else {
        out.push_char('…').push_hex(u64::from(index.0 & 0xffff), 4);
    }
}
