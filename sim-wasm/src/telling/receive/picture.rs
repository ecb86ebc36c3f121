//! The picture: the guest's buffers on the left, dom0's pages on the right, and Xen between them, a row for each packet.
//!
//! A cell is a page with the number of the frame that it shows; the cell's colour is the frame's owner, and a page without a
//! frame is a dashed outline. What moves is drawn in the step in which it moves.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec;
use alloc::vec::Vec;

use crate::actors::log::Event;
use crate::actors::log::receive::Receive;
use crate::hypervisor::xen::Calls;
use crate::telling::drawing::{
    Anchor, Drawing, Face, Fill, Key, Line, Paint, PathData, Shape, Tone, Unit, Weight, named, px, rule, words,
};
use crate::telling::marks;
use crate::telling::narration::phrases::push_time;
use crate::telling::receive::run::ReceiveRun;
use crate::telling::receive::tally::{Place, Way};
use crate::telling::receive::totals;
use crate::telling::story::Layout;
use crate::words::ids::{Mfn, Pfn};
use crate::words::text::Text;
use crate::words::time::Time;

/// Rows at most.
const ROWS: usize = 8;

/// Where everything stands.
struct Grid {
    /// Left edges of the guest's cells, of dom0's, and of what netback copies from.
    guest: Unit,
    dom0: Unit,
    source: Unit,
    cell: Unit,
    /// The lane between them.
    lane: (Unit, Unit),
    top: Unit,
    row: Unit,
    height: Unit,
    /// Whether pages have their numbers beside them.
    pages: bool,
    /// Whether there are words at all.
    words: bool,
}

const WIDE: Grid = Grid {
    guest: px(132),
    dom0: px(588),
    source: px(764),
    cell: px(60),
    lane: (px(212), px(572)),
    top: px(48),
    row: px(34),
    height: px(22),
    pages: true,
    words: true,
};

const NARROW: Grid = Grid {
    guest: px(6),
    dom0: px(204),
    source: px(270),
    cell: px(44),
    lane: (px(68), px(184)),
    top: px(48),
    row: px(34),
    height: px(22),
    pages: false,
    words: true,
};

const FILM: Grid = Grid {
    guest: px(12),
    dom0: px(158),
    source: px(214),
    cell: px(38),
    lane: (px(62), px(150)),
    top: px(26),
    row: px(21),
    height: px(16),
    pages: false,
    words: false,
};

/// The same with twice the rows.
const FILM_OF_MANY: Grid = Grid { top: px(22), row: px(11), height: px(8), ..FILM };

/// Draws one frame.
pub(crate) fn draw(run: &ReceiveRun, step: u32, layout: Layout) -> Drawing {
    let grid = match layout {
        Layout::Wide => &WIDE,
        Layout::Narrow => &NARROW,
        Layout::Film if run.ways.len() > 4 => &FILM_OF_MANY,
        Layout::Film => &FILM,
    };
    let frame = Frame { run, step, grid };
    let rows = frame.rows();
    let foot = grid.top + grid.row * rows.len() as Unit;
    let mut drawing = Drawing {
        width: px(264),
        height: px(112),
        title: "Packets for a guest: the guest's buffers, dom0's pages, and what Xen does between them",
        description: frame.description(),
        shapes: Vec::new(),
    };
    if grid.words {
        frame.panels(&mut drawing, foot);
    }
    for (position, &number) in rows.iter().enumerate() {
        let mut shapes = Vec::new();
        frame.row(&mut shapes, number, grid.top + grid.row * position as Unit);
        shapes.into_iter().for_each(|shape| drawing.add(shape));
    }
    frame.squeeze(&mut drawing, foot);
    match layout {
        Layout::Wide => {
            (drawing.width, drawing.height) = (px(896), foot + px(116));
            totals::in_a_row(&mut drawing, &run.tally(step), px(20), foot + px(48));
        }
        Layout::Narrow => {
            (drawing.width, drawing.height) = (px(328), foot + px(172));
            totals::in_columns(&mut drawing, &run.tally(step), foot + px(40));
        }
        Layout::Film => {
            let centre = (grid.lane.0 + grid.lane.1) / 2;
            for (x, anchor, tone, name) in [
                (grid.guest, Anchor::Start, Tone::Domu, "guest"),
                (centre, Anchor::Middle, Tone::Xen, "Xen"),
                (grid.dom0, Anchor::Start, Tone::Dom0, "dom0"),
            ] {
                drawing.add(words(x, px(15), anchor, Face::Note, tone, name));
            }
        }
    }
    drawing
}

struct Frame<'a> {
    run: &'a ReceiveRun,
    step: u32,
    grid: &'static Grid,
}

impl Frame<'_> {
    /// The packets that have a row: those of the present burst, and as many before as there is room for.
    fn rows(&self) -> Vec<usize> {
        let batch = self.run.plan.batch as usize;
        let made = self.run.ways.iter().filter(|way| way.made <= self.step.max(1)).count().max(1);
        let first = (made - 1) / ROWS.max(batch) * ROWS;
        (first..self.run.ways.len().min(first + ROWS)).collect()
    }

    /// Whether dom0 has a packet already: all of a burst come together.
    fn has(&self, number: usize) -> bool {
        let first = number - number % self.run.plan.batch as usize;
        first == 0 || self.run.ways[first].made <= self.step
    }

    fn done(&self, step: u32) -> bool {
        step > 0 && self.step >= step
    }

    fn now(&self, step: u32) -> bool {
        step > 0 && self.step == step
    }

    fn panels(&self, drawing: &mut Drawing, foot: Unit) {
        let now = self.run.tally(self.step);
        let grid = self.grid;
        let (top, height) = (px(12), foot + px(4) - px(12));
        let wide = grid.pages;
        let (guest, xen, dom0) = if wide {
            ((px(20), px(200)), (px(240), px(304)), (px(564), px(312)))
        } else {
            ((px(1), px(61)), (px(68), px(114)), (px(188), px(139)))
        };
        for ((x, width), tone, radius) in
            [(guest, Tone::Domu, px(8)), (xen, Tone::Xen, px(8)), (dom0, Tone::Dom0, px(8))]
        {
            let paint = Paint::stroke(tone).weight(Weight::Thin);
            drawing.add(Shape::Rect { x, y: top, width, height, radius, paint });
        }
        let mut title = |entity, (x, width): (Unit, Unit), tone, name: &str, count: u32, unit: &str| {
            let mut text = Text::new();
            text.push_u32(count).push_str(unit);
            let mut shapes = Vec::new();
            if wide {
                shapes.push(words(x + px(12), px(30), Anchor::Start, Face::Name, tone, name));
                shapes.push(words(x + width - px(12), px(30), Anchor::End, Face::Note, Tone::Soft, text.as_str()));
            } else {
                shapes.push(words(x + px(6), px(27), Anchor::Start, Face::Name, tone, name));
                shapes.push(words(x + px(6), px(41), Anchor::Start, Face::Note, Tone::Soft, text.as_str()));
            }
            drawing.add(named(entity, shapes));
        };
        let (owned, free) = if wide { (" frames", " free frames") } else { ("", " free") };
        title("guest-frames", guest, Tone::Domu, "guest", now.guest, owned);
        title("free-frames", xen, Tone::Xen, "Xen", now.free, free);
        title("dom0-frames", dom0, Tone::Dom0, "dom0", now.dom0, owned);
    }

    fn row(&self, shapes: &mut Vec<Shape>, number: usize, y: Unit) {
        let way = &self.run.ways[number];
        let grid = self.grid;
        let middle = y + grid.height / 2;
        let buffer = self.buffer(way, y);
        shapes.push(named("buffers", buffer));
        if self.has(number) {
            shapes.push(named("pages", self.pages(way, y)));
            self.moves(shapes, way, middle);
            if grid.words
                && let Some(x) = self.packet_at(way)
            {
                let mut text = Text::new();
                text.push_u32(number as u32 + 1);
                let paint = Paint { fill: Fill::Solid(Tone::Ink), ..Paint::stroke(Tone::Paper) };
                let disc = vec![
                    Shape::Circle { x: 0, y: 0, radius: px(8), paint },
                    words(0, px(4), Anchor::Middle, Face::Note, Tone::Paper, text.as_str()),
                ];
                shapes.push(Shape::Group { key: Key("packet", number as u32), x, y: middle, shapes: disc });
            } else if let Some(x) = self.packet_at(way) {
                let paint = Paint::fill(Fill::Solid(Tone::Ink));
                let disc = vec![Shape::Circle { x: 0, y: 0, radius: px(3), paint }];
                shapes.push(Shape::Group { key: Key("packet", number as u32), x, y: middle, shapes: disc });
            }
        }
    }

    /// Where a packet's disc is: on the edge of the cell that holds it; nowhere once an application has it.
    fn packet_at(&self, way: &Way) -> Option<Unit> {
        let grid = self.grid;
        if self.done(way.handed) {
            return None;
        }
        // Netback's queue is on the near side of dom0's cells, the stack on the far one.
        Some(if self.done(way.delivered) {
            grid.guest + grid.cell
        } else if self.is_copied_first(way) && !self.done(way.copied) {
            grid.source + grid.cell
        } else if self.done(way.accepted) {
            grid.dom0
        } else {
            grid.dom0 + grid.cell
        })
    }

    fn is_copied_first(&self, way: &Way) -> bool {
        // Before a reader's listener began nobody knew that it would be.
        way.copied > 0 && (self.step >= self.run.listens_from || !way.shared)
    }

    /// The guest's page that the packet comes to.
    fn buffer(&self, way: &Way, y: Unit) -> Vec<Shape> {
        let grid = self.grid;
        let mut shapes = Vec::new();
        let frame = if self.run.plan.flips {
            if self.done(way.delivered) && !self.done(way.posted) { way.given() } else { None }
        } else {
            way.frame
        };
        let is_mapped = !self.run.plan.flips || self.done(way.taken);
        let changes = self.now(way.delivered) || (self.run.plan.flips && (self.now(way.taken) || self.now(way.posted)));
        let mut paint = match frame {
            Some(_) if is_mapped => Paint::cell(Tone::Domu),
            Some(_) => Paint::cell(Tone::Domu).line(Line::Dashed),
            // A buffer that is promised to a packet, and one that is only posted.
            None if self.done(way.accepted) && !self.done(way.posted) => Paint::stroke(Tone::Domu).line(Line::Dashed),
            None => Paint::stroke(Tone::Free).line(Line::Dashed),
        };
        if changes {
            paint = paint.weight(Weight::Thick);
        }
        self.cell(&mut shapes, (grid.guest, y), paint, frame, Tone::Domu);
        if grid.pages {
            let word = self.page(way.buffer);
            shapes.push(words(grid.guest - px(8), y + px(15), Anchor::End, Face::Note, Tone::Soft, word.as_str()));
        }
        shapes
    }

    /// dom0's pages: what the packet lies in, and netback's copy of it.
    fn pages(&self, way: &Way, y: Unit) -> Vec<Shape> {
        let grid = self.grid;
        let mut shapes = Vec::new();
        let gone = self.done(way.delivered);
        if self.is_copied_first(way) {
            let left = self.done(way.copied);
            let paint = Paint::cell(Tone::Dom0).dimmed(left && !way.shared);
            if let Some(place) = way.page {
                self.cell(&mut shapes, (grid.source, y), paint, Some(place.mfn), Tone::Dom0);
            } else {
                self.cell(&mut shapes, (grid.source, y), paint.line(Line::Dotted), None, Tone::Dom0);
                if grid.pages {
                    let at = (grid.source + grid.cell / 2, y + px(15));
                    shapes.push(words(at.0, at.1, Anchor::Middle, Face::Note, Tone::Dom0, "kernel"));
                }
            }
            if !left {
                return shapes;
            }
        }
        let place = if self.is_copied_first(way) { way.copy } else { way.page };
        let Some(Place { pfn, mfn }) = place else { return shapes };
        let frame = if gone { way.fresh.unwrap_or(mfn) } else { mfn };
        let mut paint = Paint::cell(Tone::Dom0).dimmed(gone && way.fresh.is_none());
        if self.now(way.copied) || (self.now(way.delivered) && way.fresh.is_some()) {
            paint = paint.weight(Weight::Thick);
        }
        self.cell(&mut shapes, (grid.dom0, y), paint, Some(frame), Tone::Dom0);
        if grid.pages {
            let text = self.page(pfn);
            let x = grid.dom0 + grid.cell + px(13);
            shapes.push(words(x, y + px(15), Anchor::Start, Face::Note, Tone::Soft, text.as_str()));
        }
        shapes
    }

    fn cell(&self, shapes: &mut Vec<Shape>, (x, y): (Unit, Unit), paint: Paint, frame: Option<Mfn>, tone: Tone) {
        let grid = self.grid;
        let (width, height) = (grid.cell, grid.height);
        shapes.push(Shape::Rect { x, y, width, height, radius: height / 6, paint });
        if height >= px(16)
            && let Some(mfn) = frame
        {
            let text = self.number(mfn);
            let at = (x + width / 2, y + height / 2 + px(4));
            shapes.push(words(at.0, at.1, Anchor::Middle, Face::Name, tone, text.as_str()));
        }
    }

    /// What moves in this step.
    fn moves(&self, shapes: &mut Vec<Shape>, way: &Way, middle: Unit) {
        let grid = self.grid;
        let (left, right) = grid.lane;
        let centre = (left + right) / 2;
        let mut text = Text::new();
        if self.now(way.delivered) {
            if way.fresh.is_some() {
                if let Some(mfn) = way.given() {
                    text.push_str("gives ").push_u32(mfn.0);
                }
                let (from, to) = (right, left);
                let up = if grid.words { px(4) } else { px(2) };
                self.labelled(shapes, (from, to, middle - up), Line::Solid, text.as_str());
                let fresh = middle + if grid.words { px(9) } else { px(2) };
                let start = if grid.pages { centre + px(90) } else { centre + px(36) };
                let mut marks = vec![arrow((start, fresh), (right, fresh), Line::Dashed)];
                if grid.pages {
                    let x = start - px(6);
                    marks.push(words(x, fresh + px(4), Anchor::End, Face::Note, Tone::Xen, "fresh"));
                }
                shapes.push(named("fresh", marks));
            } else {
                text.push_u32(u32::from(self.run.plan.bytes)).push_str(" bytes");
                self.labelled(shapes, (right, left, middle), Line::Solid, text.as_str());
            }
        }
        if self.now(way.posted) && self.run.plan.flips {
            if let Some(mfn) = way.given() {
                text.push_str("gives back ").push_u32(mfn.0);
            }
            let mut shapes_of_return = Vec::new();
            shapes_of_return.push(arrow((left, middle), (left + px(28), middle), Line::Dashed));
            if grid.words {
                let x = left + px(34);
                let short = if grid.pages { text.as_str() } else { "back" };
                shapes_of_return.push(words(x, middle + px(4), Anchor::Start, Face::Note, Tone::Xen, short));
            }
            shapes.push(named("returned", shapes_of_return));
        }
        if self.now(way.copied) {
            let from = grid.source - px(2);
            let to = grid.dom0 + grid.cell + if grid.pages { px(62) } else { px(2) };
            if from - to > px(4) {
                shapes.push(named("copied-in-dom0", vec![arrow((from, middle), (to, middle), Line::Solid)]));
            }
        }
    }

    /// An arrow to the left through the lane, with words in its middle.
    fn labelled(&self, shapes: &mut Vec<Shape>, (from, to, y): (Unit, Unit, Unit), line: Line, text: &str) {
        let centre = (from + to) / 2;
        if !self.grid.words {
            shapes.push(arrow((from, y), (to, y), line));
            return;
        }
        let half = if self.grid.pages { px(44) } else { px(32) };
        let marks = vec![
            rule((from, y), (centre + half, y), Paint::stroke(Tone::Xen).line(line)),
            words(centre, y + px(4), Anchor::Middle, Face::Note, Tone::Xen, text),
            arrow((centre - half, y), (to, y), line),
        ];
        shapes.push(named(if self.run.plan.flips { "transfers" } else { "copied-by-xen" }, marks));
    }

    /// While Xen has no frame to give, nothing moves.
    fn squeeze(&self, drawing: &mut Drawing, foot: Unit) {
        let mut until = None;
        for entry in self.run.log.until(self.step) {
            match entry.event {
                Event::Receive(Receive::MemorySqueeze { until: end }) => until = Some(end),
                Event::Receive(Receive::PagesFlipped { .. }) => until = None,
                _ => {}
            }
        }
        let Some(until) = until else { return };
        let grid = self.grid;
        let (x, y) = ((grid.lane.0 + grid.lane.1) / 2, (grid.top + foot) / 2 - px(6));
        let size = if grid.words { px(7) } else { px(5) };
        let cross =
            PathData::from(x - size, y - size).to(x + size, y + size).jump(x + size, y - size).to(x - size, y + size);
        let mut marks = vec![Shape::Path { data: cross, paint: Paint::stroke(Tone::Fault).weight(Weight::Thick) }];
        if grid.words {
            let mut text = Text::new();
            text.push_str("paused until ");
            push_time(&mut text, Time(until));
            marks.push(words(x, y + px(26), Anchor::Middle, Face::Name, Tone::Fault, "no free frame"));
            marks.push(words(x, y + px(42), Anchor::Middle, Face::Note, Tone::Soft, text.as_str()));
        }
        drawing.add(named("waiting", marks));
    }

    fn page(&self, pfn: Pfn) -> Text {
        let mut text = Text::new();
        text.push_str("page ").push_u32(pfn.0);
        text
    }

    fn number(&self, mfn: Mfn) -> Text {
        let mut text = Text::new();
        text.push_u32(mfn.0);
        text
    }

    fn description(&self) -> Text {
        let now = self.run.tally(self.step);
        let Calls { transfers, fresh, returned, placed, copied_bytes, .. } = now.calls;
        let mut text = Text::new();
        for (count, words) in [
            (u64::from(now.packets), " packets delivered, "),
            (u64::from(now.waiting), " waiting; the guest owns "),
            (u64::from(now.guest), " frames, dom0 "),
            (u64::from(now.dom0), ", nobody "),
            (u64::from(now.free), "; pages transferred: "),
        ] {
            text.push_u64(count).push_str(words);
        }
        text.push_u64(transfers).push_str(", fresh frames: ").push_u64(fresh);
        text.push_str(", frames given back: ").push_u64(returned);
        text.push_str(", frames mapped: ").push_u64(placed);
        text.push_str(", bytes copied by Xen: ").push_u64(copied_bytes);
        text.push_str(", bytes copied in dom0: ").push_u64(now.copied_first);
        text
    }
}

/// A line with a head, in Xen's tone: only Xen moves what moves here.
fn arrow(from: (Unit, Unit), to: (Unit, Unit), line: Line) -> Shape {
    let head = if to.0 > from.0 { px(5) } else { -px(5) };
    marks::arrow(from, to, head, Paint::stroke(Tone::Xen).line(line))
}
