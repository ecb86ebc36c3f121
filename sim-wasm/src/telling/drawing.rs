//! A picture as a plain list of shapes, before anyone decides how to write it down.
//!
//! Lengths are whole numbers of tenths of a pixel ([`Unit`]), so that the same picture has the same bytes everywhere.
//! One grammar holds for all figures: who owns a thing decides its [`Tone`], and every tone comes with a shape or a word.
//!
//! Not modelled: text that wraps or is measured, gradients, and motion.

use alloc::vec::Vec;

use crate::words::text::Text;

/// A tenth of a CSS pixel.
pub type Unit = i32;

/// Whole pixels as [`Unit`]s.
#[must_use]
pub const fn px(pixels: i32) -> Unit {
    pixels * 10
}

/// Whose a thing is, or what part of the page it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// The guest.
    Domu,
    /// The driver domain.
    Dom0,
    /// The hypervisor.
    Xen,
    /// Hardware.
    Hardware,
    /// Refusals, drops, attacks.
    Fault,
    /// Nobody's at the moment.
    Free,
    /// The page's ground.
    Paper,
    /// Text and strong lines.
    Ink,
    /// Quiet text and lines.
    Soft,
    /// The faintest lines.
    Hair,
}

/// How an area is filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// Not at all.
    None,
    /// With the tone itself.
    Solid(Tone),
    /// With the tone's pale or deep companion, on which its own text is readable.
    Tint(Tone),
}

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// Unbroken.
    Solid,
    /// What is private, or what comes back.
    Dashed,
    /// What has not happened yet.
    Dotted,
}

/// How thick a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// 1 px.
    Thin,
    /// 1.5 px.
    Normal,
    /// 2.5 px: the thing this step is about.
    Thick,
}

/// Fill and outline of a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paint {
    /// The area.
    pub fill: Fill,
    /// The outline's tone, if it has one.
    pub stroke: Option<Tone>,
    /// The outline's thickness.
    pub weight: Weight,
    /// The outline's pattern.
    pub line: Line,
    /// Pushed into the background.
    pub dim: bool,
}

impl Paint {
    /// An area without an outline.
    #[must_use]
    pub const fn fill(fill: Fill) -> Self {
        Self { fill, stroke: None, weight: Weight::Normal, line: Line::Solid, dim: false }
    }

    /// An outline without an area.
    #[must_use]
    pub const fn stroke(tone: Tone) -> Self {
        Self { fill: Fill::None, stroke: Some(tone), weight: Weight::Normal, line: Line::Solid, dim: false }
    }

    /// The tone's tint within an outline of the tone.
    #[must_use]
    pub const fn cell(tone: Tone) -> Self {
        Self { fill: Fill::Tint(tone), stroke: Some(tone), weight: Weight::Normal, line: Line::Solid, dim: false }
    }

    /// The same with another thickness.
    #[must_use]
    pub const fn weight(mut self, weight: Weight) -> Self {
        self.weight = weight;
        self
    }

    /// The same with another pattern.
    #[must_use]
    pub const fn line(mut self, line: Line) -> Self {
        self.line = line;
        self
    }

    /// The same, pushed into the background when `dim`.
    #[must_use]
    pub const fn dimmed(mut self, dim: bool) -> Self {
        self.dim = dim;
        self
    }
}

/// A face for words in a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// Names of things: sans, 12 px, semibold.
    Name,
    /// Remarks: sans, 11 px.
    Note,
    /// Remarks that cross lines: the same, within a halo of the ground.
    Overlay,
    /// Kernel names and bytes: mono, 11 px.
    Mono,
    /// The one number that matters: sans, 20 px, semibold.
    Big,
}

/// Which point of the words is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Their left end.
    Start,
    /// Their middle.
    Middle,
    /// Their right end.
    End,
}

/// What stays the same thing from one frame to the next, so that it can move instead of being replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(pub &'static str, pub u32);

/// One mark.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are named as in SVG")]
pub enum Shape {
    /// A rectangle, with its corners' radius.
    Rect { x: Unit, y: Unit, width: Unit, height: Unit, radius: Unit, paint: Paint },
    /// A disc or circle.
    Circle { x: Unit, y: Unit, radius: Unit, paint: Paint },
    /// Straight lines and arcs, as SVG path data.
    Path { data: PathData, paint: Paint },
    /// Words on one line, with their baseline at `y`.
    Words { x: Unit, y: Unit, anchor: Anchor, face: Face, tone: Tone, words: Text },
    /// Things that move together, from their own origin.
    Group { key: Key, x: Unit, y: Unit, shapes: Vec<Shape> },
    /// What leads to a frame of another figure, as a state names it: for a page with that figure on it. The label is its
    /// name, for a reader who does not see it.
    Link { state: Text, label: Text, shapes: Vec<Shape> },
    /// What turns a knob to a value when it is pressed, and whether the knob is there now. The label is its name, for a
    /// reader who does not see it.
    Choice { knob: usize, value: u32, chosen: bool, label: Text, shapes: Vec<Shape> },
    /// What words of the page can name: it lights up when a reader points at its name, in picture and chart alike.
    Mark { entity: &'static str, goes: Option<Goes>, shapes: Vec<Shape> },
}

/// Where a reader gets to by pressing a mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goes {
    /// The frame.
    pub frame: u32,
    /// What it is, for a reader who does not see it.
    pub label: Text,
}

/// SVG path data (SVG 2, section 9.3), absolute commands only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PathData(Text);

impl PathData {
    /// Starts at a point.
    #[must_use]
    pub fn from(x: Unit, y: Unit) -> Self {
        let mut data = Self::default();
        data.command('M', &[x, y]);
        data
    }

    /// A straight line to a point.
    #[must_use]
    pub fn to(mut self, x: Unit, y: Unit) -> Self {
        self.command('L', &[x, y]);
        self
    }

    /// Jumps to a point.
    #[must_use]
    pub fn jump(mut self, x: Unit, y: Unit) -> Self {
        self.command('M', &[x, y]);
        self
    }

    /// A quadratic curve to a point, drawn towards another.
    #[must_use]
    pub fn bend(mut self, toward: (Unit, Unit), to: (Unit, Unit)) -> Self {
        self.command('Q', &[toward.0, toward.1, to.0, to.1]);
        self
    }

    /// A circle's arc to a point: clockwise or not, always the short way round.
    #[must_use]
    pub fn arc(mut self, radius: Unit, clockwise: bool, to: (Unit, Unit)) -> Self {
        self.command('A', &[radius, radius]);
        self.0.push_str(" 0 0 ").push_char(if clockwise { '1' } else { '0' }).push_char(' ');
        push_units(&mut self.0, &[to.0, to.1]);
        self
    }

    /// Back to where it started.
    #[must_use]
    pub fn close(mut self) -> Self {
        self.0.push_char('Z');
        self
    }

    /// The data as SVG has it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    fn command(&mut self, letter: char, numbers: &[Unit]) {
        self.0.push_char(letter);
        push_units(&mut self.0, numbers);
    }
}

fn push_units(text: &mut Text, numbers: &[Unit]) {
    for (position, &number) in numbers.iter().enumerate() {
        if position > 0 {
            text.push_char(' ');
        }
        push_unit(text, number);
    }
}

/// Writes a length in pixels, with its tenth if it has one.
pub fn push_unit(text: &mut Text, tenths: Unit) {
    if tenths < 0 {
        text.push_char('-');
    }
    let size = tenths.unsigned_abs();
    text.push_u32(size / 10);
    if !size.is_multiple_of(10) {
        text.push_char('.').push_u32(size % 10);
    }
}

/// A finished picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawing {
    /// Width in tenths of a pixel.
    pub width: Unit,
    /// Height in tenths of a pixel.
    pub height: Unit,
    /// What it is, for those who cannot see it.
    pub title: &'static str,
    /// What it shows at this moment, in words.
    pub description: Text,
    /// Back to front.
    pub shapes: Vec<Shape>,
}

impl Drawing {
    /// Adds a mark in front.
    pub fn add(&mut self, shape: Shape) {
        self.shapes.push(shape);
    }
}

/// Words at a point; short for the commonest [`Shape::Words`].
#[must_use]
pub fn words(x: Unit, y: Unit, anchor: Anchor, face: Face, tone: Tone, words: &str) -> Shape {
    let mut text = Text::new();
    text.push_str(words);
    Shape::Words { x, y, anchor, face, tone, words: text }
}

/// A mark that words of the page can name.
#[must_use]
pub const fn named(entity: &'static str, shapes: Vec<Shape>) -> Shape {
    Shape::Mark { entity, goes: None, shapes }
}

/// A fine, medium or heavy rule between two points.
#[must_use]
pub fn rule(from: (Unit, Unit), to: (Unit, Unit), paint: Paint) -> Shape {
    Shape::Path { data: PathData::from(from.0, from.1).to(to.0, to.1), paint }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_a_tenth_only_when_needed() {
        let mut text = Text::new();
        for tenths in [0, 5, -5, 10, -125] {
            push_unit(&mut text, tenths);
            text.push_char(' ');
        }
        assert_eq!(text.as_str(), "0 0.5 -0.5 1 -12.5 ");
    }

    #[test]
    fn a_path_is_svg_path_data() {
        let data = PathData::from(0, 0).to(px(3), 5).arc(px(4), true, (px(1), px(2))).close();
        assert_eq!(data.as_str(), "M0 0L3 0.5A4 4 0 0 1 1 2Z");
    }
}
