//! Small marks that several pictures use.
//!
//! Not modelled: nothing of a machine; a run is only walked and read here.

use crate::telling::drawing::{Fill, Paint, PathData, Shape, Tone, Unit, Weight, px};

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
pub(crate) fn arrow(from: (Unit, Unit), to: (Unit, Unit), head: Unit, paint: Paint) -> Shape {
    let data = PathData::from(from.0, from.1)
        .to(to.0, to.1)
        .jump(to.0 - head, to.1 - px(4))
        .to(to.0, to.1)
        .to(to.0 - head, to.1 + px(4));
    Shape::Path { data, paint }
}

/// A cross around a point: what comes to nothing here.
pub(crate) fn cross(x: Unit, y: Unit, half: Unit) -> Shape {
    let data =
        PathData::from(x - half, y - half).to(x + half, y + half).jump(x - half, y + half).to(x + half, y - half);
    Shape::Path { data, paint: Paint::stroke(Tone::Fault).weight(Weight::Thick) }
}

/// A tick around a point: what is so, or was done.
pub(crate) fn tick(x: Unit, y: Unit, tone: Tone) -> Shape {
    let data = PathData::from(x - px(5), y).to(x - px(1), y + px(4)).to(x + px(6), y - px(5));
    Shape::Path { data, paint: Paint::stroke(tone).weight(Weight::Thick) }
}
