//! Points on a circle in whole numbers: the sine comes from a table that the compiler works out, so that no machine's
//! mathematical library has a say in a picture.
//!
//! Not modelled: what the figure's own entry lists.

use crate::telling::drawing::{PathData, Unit};

/// Parts of a full turn.
pub(crate) const TURN: u32 = 1024;

const QUARTER: usize = (TURN / 4) as usize;

/// Fixed-point one of the table.
const ONE: i64 = 1 << 16;

const SINE: [i32; QUARTER + 1] = sine_table();

/// Taylor's series around zero, in fixed point with 30 bits; enough terms for a quarter turn to 16 bits.
const fn sine_table() -> [i32; QUARTER + 1] {
    const BITS: u32 = 30;
    const HALF_PI: i128 = 1_686_629_713; // pi / 2 * 2^30
    let mut table = [0; QUARTER + 1];
    let mut step = 0;
    while step <= QUARTER {
        let angle = HALF_PI * step as i128 / QUARTER as i128;
        let square = (angle * angle) >> BITS;
        let mut term = angle;
        let mut sum = angle;
        let mut order = 1;
        while order < 13 {
            term = -((term * square) >> BITS) / ((order + 1) * (order + 2));
            sum += term;
            order += 2;
        }
        table[step] = ((sum + (1 << 13)) >> 14) as i32;
        step += 1;
    }
    table
}

/// The point at `angle` (in 1/1024 turns, clockwise from the top) on a circle.
#[must_use]
pub(crate) fn point(centre: (Unit, Unit), radius: Unit, angle: u32) -> (Unit, Unit) {
    (centre.0 + scale(radius, sine(angle)), centre.1 - scale(radius, sine(angle + TURN / 4)))
}

/// A piece of a flat ring between two radii and two angles; at most a third of a turn, so that every arc goes the short way.
#[must_use]
pub(crate) fn sector(centre: (Unit, Unit), radii: (Unit, Unit), from: u32, to: u32) -> PathData {
    let (inner, outer) = radii;
    let start = point(centre, outer, from);
    let turn = point(centre, inner, to);
    PathData::from(start.0, start.1)
        .arc(outer, true, point(centre, outer, to))
        .to(turn.0, turn.1)
        .arc(inner, false, point(centre, inner, from))
        .close()
}

fn sine(angle: u32) -> i32 {
    let angle = angle % TURN;
    let within = (angle as usize) % QUARTER;
    match angle / (TURN / 4) {
        0 => SINE[within],
        1 => SINE[QUARTER - within],
        2 => -SINE[within],
        _ => -SINE[QUARTER - within],
    }
}

/// `radius * sine`, rounded to the nearest unit.
fn scale(radius: Unit, sine: i32) -> Unit {
    let product = i64::from(radius) * i64::from(sine);
    ((product + (ONE / 2) * product.signum()) / ONE) as Unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_agrees_with_the_standard_library() {
        for angle in 0..TURN {
            let exact = (f64::from(angle) / f64::from(TURN) * core::f64::consts::TAU).sin();
            assert!((f64::from(sine(angle)) / ONE as f64 - exact).abs() < 2e-5, "angle {angle}");
        }
    }

    #[test]
    fn quarters_are_exact() {
        let at = |angle| point((0, 0), 1000, angle);
        assert_eq!([at(0), at(256), at(512), at(768)], [(0, -1000), (1000, 0), (0, 1000), (-1000, 0)]);
    }
}
