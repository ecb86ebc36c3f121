//! The picture: cells in the colour of what holds packets back there, the name of it in the midst of each region, and dashed
//! where Little's law puts the borders.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec;
use alloc::vec::Vec;

use crate::actors::log::summary::Limiter;
use crate::telling::drawing::{
    Anchor, Drawing, Face, Fill, Line, Paint, PathData, Shape, Tone, Unit, Weight, named, px, rule, words,
};
use crate::telling::flow;
use crate::telling::link::{self, Place};
use crate::telling::map::cells::{DELAYS, Map, SIZES};
use crate::telling::story::{Layout, Setup};
use crate::words::text::Text;

const LIMITERS: [Limiter; 5] = [Limiter::Guest, Limiter::Ring, Limiter::Pool, Limiter::Descriptors, Limiter::Wire];

/// Draws a map; from step 1 on with one row marked.
pub(crate) fn draw(map: &Map, step: usize, layout: Layout) -> Drawing {
    let mut drawing = Drawing {
        width: 0,
        height: 0,
        title: "What limits throughput, for packets of 60 to 65226 bytes and a card that reports after 0 to 1000 µs",
        description: description(map),
        shapes: Vec::new(),
    };
    let all = |count: usize| (0..count).collect::<Vec<usize>>();
    match layout {
        Layout::Wide => {
            (drawing.width, drawing.height) = (px(896), px(516));
            let grid = Grid {
                map,
                rows: all(DELAYS.len()),
                columns: all(SIZES.len()),
                corner: (px(64), px(28)),
                cell: (px(34), px(24)),
                labelled: 1,
                edges: (px(20), px(876)),
            };
            grid.draw(&mut drawing, step);
        }
        Layout::Narrow => {
            (drawing.width, drawing.height) = (px(328), px(374));
            let grid = Grid {
                map,
                // Twelve of eighteen, and every other one of twenty-four: the first and the last among them.
                rows: (0..12).map(|row| row * 17 / 11).collect(),
                columns: (0..12).map(|column| column * 23 / 11).collect(),
                corner: (px(38), px(28)),
                cell: (px(24), px(24)),
                labelled: 2,
                edges: (px(4), px(320)),
            };
            grid.draw(&mut drawing, step);
        }
        Layout::Film => {
            (drawing.width, drawing.height) = (px(264), px(112));
            let grid = Grid {
                map,
                rows: all(DELAYS.len()),
                columns: all(SIZES.len()),
                corner: (px(12), px(11)),
                cell: (px(10), px(5)),
                labelled: 1,
                edges: (px(12), px(252)),
            };
            grid.stretches(&mut drawing);
            grid.names(&mut drawing, step);
            grid.mark(&mut drawing, step);
        }
    }
    drawing
}

/// Some rows and columns of a map, and where they are drawn.
struct Grid<'a> {
    map: &'a Map,
    rows: Vec<usize>,
    columns: Vec<usize>,
    corner: (Unit, Unit),
    /// Width and height of a cell.
    cell: (Unit, Unit),
    /// Every so manieth column has its size below it.
    labelled: usize,
    /// Left and right edges of all that is written.
    edges: (Unit, Unit),
}

impl Grid<'_> {
    fn draw(&self, drawing: &mut Drawing, step: usize) {
        self.cells(drawing);
        let measured = self.borders(|row, column| self.map.at(row, column));
        drawing.add(Shape::Path { data: measured, paint: Paint::stroke(Tone::Soft).weight(Weight::Thin) });
        let law = self.borders(|row, column| self.map.predicted(row, column));
        drawing.add(named(
            "as-predicted",
            vec![Shape::Path { data: law, paint: Paint::stroke(Tone::Ink).line(Line::Dashed) }],
        ));
        self.names(drawing, step);
        self.axes(drawing);
        self.mark(drawing, step);
    }

    fn x(&self, column: usize) -> Unit {
        self.corner.0 + self.cell.0 * column as Unit
    }

    fn y(&self, row: usize) -> Unit {
        self.corner.1 + self.cell.1 * row as Unit
    }

    /// A cell each, and behind each a run of the figure that shows one.
    fn cells(&self, drawing: &mut Drawing) {
        for limiter in LIMITERS {
            let mut shapes = Vec::new();
            for (y, &row) in self.rows.iter().enumerate() {
                for (x, &column) in self.columns.iter().enumerate() {
                    if self.map.at(row, column) == limiter {
                        let (width, height) = (self.cell.0 - px(1), self.cell.1 - px(1));
                        let paint = paint(limiter);
                        let cell = Shape::Rect { x: self.x(x), y: self.y(y), width, height, radius: 0, paint };
                        shapes.push(Shape::Link {
                            state: nearest_run(self.map, row, column),
                            label: label(self.map, row, column),
                            shapes: vec![cell],
                        });
                    }
                }
            }
            if !shapes.is_empty() {
                drawing.add(named(entity(limiter), shapes));
            }
        }
    }

    /// The same without cells: in each row, stretches of one colour.
    fn stretches(&self, drawing: &mut Drawing) {
        for (y, &row) in self.rows.iter().enumerate() {
            let mut first = 0;
            for x in 0..self.columns.len() {
                let here = self.map.at(row, self.columns[x]);
                if self.columns.get(x + 1).is_some_and(|next| self.map.at(row, *next) == here) {
                    continue;
                }
                let width = self.cell.0 * (x + 1 - first) as Unit;
                let paint = paint(here);
                drawing.add(Shape::Rect {
                    x: self.x(first),
                    y: self.y(y),
                    width,
                    height: self.cell.1,
                    radius: 0,
                    paint,
                });
                first = x + 1;
            }
        }
    }

    /// Lines between neighbours that differ.
    fn borders(&self, what: impl Fn(usize, usize) -> Limiter) -> PathData {
        let mut data = PathData::default();
        let half = px(1) / 2;
        for (y, &row) in self.rows.iter().enumerate() {
            for (x, &column) in self.columns.iter().enumerate() {
                let here = what(row, column);
                let (left, top) = (self.x(x) - half, self.y(y) - half);
                let (right, low) = (left + self.cell.0, top + self.cell.1);
                if self.columns.get(x + 1).is_some_and(|next| what(row, *next) != here) {
                    data = data.jump(right, top).to(right, low);
                }
                if self.rows.get(y + 1).is_some_and(|next| what(*next, column) != here) {
                    data = data.jump(left, low).to(right, low);
                }
            }
        }
        data
    }

    /// What limits, where there is most room for it within its region.
    fn names(&self, drawing: &mut Drawing, step: usize) {
        for limiter in LIMITERS {
            let name = name(limiter);
            // A letter of this face is some 6.5 px wide, a line 16 px high.
            let wide = ((px(name.len() as Unit) * 13 / 2) / self.cell.0 + 1) as usize;
            let high = (px(16) / self.cell.1).max(1) as usize;
            // A name never lies under the mark of a row.
            let is = |row: usize, column: usize| {
                self.rows[row] + 1 != step && self.map.at(self.rows[row], self.columns[column]) == limiter
            };
            let mut best = None;
            for row in 0..=self.rows.len().saturating_sub(high) {
                for column in 0..=self.columns.len().saturating_sub(wide) {
                    let room = (row..row + high).all(|row| (column..column + wide).all(|column| is(row, column)));
                    if !room {
                        continue;
                    }
                    // As far from the region's borders as can be, to all sides at once.
                    let mut margin = 0;
                    while margin < 8
                        && row > margin
                        && column > margin
                        && row + high + margin < self.rows.len()
                        && column + wide + margin < self.columns.len()
                        && (row - margin - 1..=row + high + margin)
                            .all(|row| (column - margin - 1..=column + wide + margin).all(|column| is(row, column)))
                    {
                        margin += 1;
                    }
                    if best.is_none_or(|(most, _, _)| margin > most) {
                        best = Some((margin, row, column));
                    }
                }
            }
            if let Some((_, row, column)) = best {
                let x = self.x(column) + self.cell.0 * wide as Unit / 2;
                let y = self.y(row) + self.cell.1 * high as Unit / 2 + px(4);
                drawing.add(words(x, y, Anchor::Middle, Face::Name, tone(limiter), name));
            }
        }
    }

    fn axes(&self, drawing: &mut Drawing) {
        let (left, foot) = (self.corner.0, self.y(self.rows.len()));
        for (y, &row) in self.rows.iter().enumerate() {
            let at = self.y(y) + self.cell.1 / 2 + px(4);
            drawing.add(words(left - px(8), at, Anchor::End, Face::Mono, Tone::Soft, number(DELAYS[row]).as_str()));
        }
        for (x, &column) in self.columns.iter().enumerate() {
            if x % self.labelled == 0 {
                let at = self.x(x) + self.cell.0 / 2;
                drawing.add(words(
                    at,
                    foot + px(15),
                    Anchor::Middle,
                    Face::Mono,
                    Tone::Soft,
                    size(SIZES[column]).as_str(),
                ));
            }
        }
        drawing.add(words(
            self.edges.0,
            px(16),
            Anchor::Start,
            Face::Note,
            Tone::Soft,
            "the card reports after so many µs",
        ));
        drawing.add(words(left, foot + px(34), Anchor::Start, Face::Note, Tone::Soft, "bytes in a packet"));
        let right = self.edges.1;
        let law = foot + px(30);
        drawing.add(rule((right - px(102), law), (right - px(76), law), Paint::stroke(Tone::Ink).line(Line::Dashed)));
        drawing.add(words(right, law + px(4), Anchor::End, Face::Note, Tone::Ink, "Little's law"));
    }

    /// The row that the step is about; a line where it would be when it is not drawn.
    fn mark(&self, drawing: &mut Drawing, step: usize) {
        let Some(wanted) = step.checked_sub(1) else { return };
        let row = self.rows.partition_point(|row| *row < wanted);
        let paint = Paint::stroke(Tone::Ink).weight(Weight::Thick);
        let (x, y) = (self.corner.0 - px(2), self.y(row));
        let width = self.cell.0 * self.columns.len() as Unit + px(3);
        if self.rows.get(row) == Some(&wanted) {
            let height = self.cell.1 + px(3);
            drawing.add(Shape::Rect { x, y: y - px(2), width, height, radius: px(3), paint });
        } else {
            drawing.add(rule((x, y), (x + width, y), paint));
        }
    }
}

/// The run of the figure "flow" that is nearest to a cell.
fn nearest_run(map: &Map, row: usize, column: usize) -> Text {
    let spec = &flow::FIGURE;
    let nearest = |knob: usize, wanted: u32| {
        let options = spec.knobs[knob].named().iter().map(|option| option.value);
        options.min_by_key(|value| value.abs_diff(wanted)).unwrap_or(wanted)
    };
    let late = DELAYS[row] >= 500;
    let twist = if map.copies() { 4 } else { u32::from(late) * 3 };
    let knobs = vec![nearest(0, 10_000), nearest(1, SIZES[column]), nearest(2, 10_000), twist];
    link::write(spec, &Setup::new(0, knobs), Place::default())
}

/// A cell in words: what packets, what delay, and what holds them back.
fn label(map: &Map, row: usize, column: usize) -> Text {
    let mut text = number(SIZES[column]);
    text.push_str(" bytes, ").push_u32(DELAYS[row]).push_str(" µs: limited by ").push_str(name(map.at(row, column)));
    text
}

const fn tone(limiter: Limiter) -> Tone {
    match limiter {
        Limiter::Guest => Tone::Domu,
        Limiter::Ring => Tone::Xen,
        Limiter::Pool => Tone::Dom0,
        Limiter::Descriptors | Limiter::Wire => Tone::Hardware,
    }
}

const fn paint(limiter: Limiter) -> Paint {
    match limiter {
        Limiter::Descriptors => Paint::fill(Fill::Solid(Tone::Hardware)).dimmed(true),
        Limiter::Guest | Limiter::Ring | Limiter::Pool | Limiter::Wire => Paint::fill(Fill::Tint(tone(limiter))),
    }
}

const fn name(limiter: Limiter) -> &'static str {
    match limiter {
        Limiter::Guest => "guests",
        Limiter::Ring => "ring",
        Limiter::Pool => "pool",
        Limiter::Descriptors => "descriptors",
        Limiter::Wire => "wire",
    }
}

const fn entity(limiter: Limiter) -> &'static str {
    match limiter {
        Limiter::Guest => "guest-cells",
        Limiter::Ring => "ring-cells",
        Limiter::Pool => "pool-cells",
        Limiter::Descriptors => "descriptor-cells",
        Limiter::Wire => "wire-cells",
    }
}

/// Multiples of 1024 in short where they are long.
fn size(bytes: u32) -> Text {
    if bytes < 10_000 || !bytes.is_multiple_of(1_024) {
        return number(bytes);
    }
    let mut text = number(bytes / 1_024);
    text.push_char('K');
    text
}

fn number(number: u32) -> Text {
    let mut text = Text::new();
    text.push_u32(number);
    text
}

fn description(map: &Map) -> Text {
    let mut text = Text::new();
    text.push_u32((SIZES.len() * DELAYS.len()) as u32).push_str(" runs, limited by");
    for limiter in LIMITERS {
        let cells = map.count(limiter);
        if cells > 0 {
            text.push_char(' ').push_str(name(limiter)).push_str(" in ").push_u32(cells).push_char(';');
        }
    }
    text.push_str(" Little's law agrees in ").push_u32(map.as_predicted());
    text
}
