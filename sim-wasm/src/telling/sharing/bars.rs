//! Bars: how much of something is whose.
//!
//! A guest has its own way of being filled besides its number, so that the parts of a bar are told apart without colour.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec;
use alloc::vec::Vec;

use crate::telling::drawing::{Anchor, Face, Fill, Line, Paint, Shape, Tone, Unit, Weight, named, px, rule, words};
use crate::telling::sharing::plan::SENDERS;
use crate::words::text::Text;

/// Where a bar lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) x: Unit,
    pub(crate) y: Unit,
    pub(crate) width: Unit,
    pub(crate) height: Unit,
}

impl Place {
    pub(crate) fn rect(self, paint: Paint) -> Shape {
        let Place { x, y, width, height } = self;
        Shape::Rect { x, y, width, height, radius: px(3), paint }
    }
}

/// A guest's way of being filled, and the tone of words on it.
pub(crate) const fn paint_of(guest: usize) -> (Paint, Tone) {
    match guest {
        0 => (Paint::fill(Fill::Solid(Tone::Domu)), Tone::Paper),
        1 => (Paint::cell(Tone::Domu), Tone::Domu),
        _ => (
            Paint {
                fill: Fill::Solid(Tone::Paper),
                stroke: Some(Tone::Domu),
                weight: Weight::Normal,
                line: Line::Dashed,
                dim: false,
            },
            Tone::Domu,
        ),
    }
}

/// What is written on a bar's parts, where there is room for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bar {
    /// Each guest's number.
    Numbers,
    /// The same, and its part in percent.
    Shares,
}

/// Parts of a whole, from left to right, each with the name under which pages speak of it. What is left stays empty.
pub(crate) fn parts(
    shapes: &mut Vec<Shape>,
    place: Place,
    amounts: &[(&'static str, u64); SENDERS],
    whole: u64,
    bar: Bar,
) {
    shapes.push(place.rect(Paint { fill: Fill::Tint(Tone::Free), ..Paint::stroke(Tone::Hair) }));
    let mut x = place.x;
    for (guest, &(entity, amount)) in amounts.iter().enumerate() {
        let width = (place.width as u64 * amount).checked_div(whole).unwrap_or(0) as Unit;
        if width == 0 {
            continue;
        }
        let (paint, tone) = paint_of(guest);
        let mut marks = vec![Place { x, width, ..place }.rect(paint)];
        if width >= px(12) && place.height >= px(14) {
            let mut text = Text::new();
            text.push_u32(guest as u32 + 1);
            if bar == Bar::Shares && width >= px(56) {
                text.push_str(": ").push_u64((amount * 100 + whole / 2) / whole).push_str(" %");
            }
            let y = place.y + place.height / 2 + px(4);
            // A mark may cross the middle of a bar that bears numbers alone, and a number keeps clear of it.
            let mut middle = if bar == Bar::Shares { width / 2 } else { (width / 2).min(px(10)) };
            if bar == Bar::Numbers && (x + middle - place.x - place.width / 2).abs() < px(8) {
                middle = (middle + px(14)).min(width - px(6));
            }
            marks.push(words(x + middle, y, Anchor::Middle, Face::Name, tone, text.as_str()));
        }
        shapes.push(named(entity, marks));
        x += width;
    }
}

/// How full something of one owner is.
pub(crate) fn level(shapes: &mut Vec<Shape>, place: Place, tone: Tone, amount: u64, whole: u64) {
    shapes.push(place.rect(Paint { fill: Fill::Tint(Tone::Free), ..Paint::stroke(Tone::Hair) }));
    let width = (place.width as u64 * amount.min(whole)).checked_div(whole).unwrap_or(0) as Unit;
    if width > 0 {
        shapes.push(Place { width, ..place }.rect(Paint::fill(Fill::Solid(tone))));
    }
}

/// A line across a bar at which something happens.
pub(crate) fn mark(shapes: &mut Vec<Shape>, place: Place, at: u64, whole: u64, tone: Tone) {
    let x = place.x + (place.width as u64 * at / whole) as Unit;
    let (top, foot) = (place.y - px(4), place.y + place.height + px(4));
    shapes.push(rule((x, top), (x, foot), Paint::stroke(tone).weight(Weight::Thick)));
}
