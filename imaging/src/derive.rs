//! [`derive()`]: one picture, decoded once, at every size that is wanted.

use std::cmp::Reverse;

use crate::colour::{self, Conversion};
use crate::decode::{Decoded, decode, takes};
use crate::encode::encode;
use crate::format::Format;
use crate::header::{self, Header};
use crate::limits::{Gate, Limits};
use crate::pixels::Pixels;
use crate::refused::{Refused, guarded};
use crate::resize::resize;

/// A size to make of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// Pixels from left to right, when the picture stands upright. The shape is the caller's to keep.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
    /// What it is written as.
    pub format: Format,
}

/// Makes every wanted size of a picture, in the order in which they are wanted.
///
/// A picture that moves shows its first frame. It is decoded behind the `gate`.
///
/// # Errors
///
/// The picture goes beyond `limits`, is damaged or cut off, or a wanted size has no pixels or more than its format holds.
pub fn derive(bytes: &[u8], wanted: &[Wanted], limits: &Limits, gate: &Gate) -> Result<Vec<Vec<u8>>, Refused> {
    guarded(|| {
        limits.check_bytes(bytes)?;
        let header = header::read(bytes)?;
        limits.check_pixels(header.width, header.height)?;
        wanted.iter().try_for_each(|wanted| check(wanted, limits))?;
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let largest = (longest(wanted, |wanted| wanted.width), longest(wanted, |wanted| wanted.height));
        limits.check_pixels(largest.0, largest.1)?;
        let base = base(bytes, &header, largest, limits, gate)?;
        make(&base, wanted)
    })
}

fn check(wanted: &Wanted, limits: &Limits) -> Result<(), Refused> {
    let &Wanted { width, height, format } = wanted;
    if width.min(height) == 0 || width.max(height) > format.longest() {
        return Err(Refused::Size { format, width, height });
    }
    limits.check_pixels(width, height)
}

fn longest(wanted: &[Wanted], length: impl Fn(&Wanted) -> u32) -> u32 {
    wanted.iter().map(length).max().unwrap_or(0)
}

/// The picture at the size of the largest, upright and in sRGB: the decoded pixels are gone when this returns.
///
/// Colours and orientation are dealt with after the resize, when there are fewer pixels.
fn base(bytes: &[u8], header: &Header, upright: (u32, u32), limits: &Limits, gate: &Gate) -> Result<Pixels, Refused> {
    let (width, height) = if header.lies() { (upright.1, upright.0) } else { upright };
    let takes = takes(header, (width, height));
    limits.check_memory(takes)?;
    let _room = gate.enter(takes);
    let Decoded { pixels, covers } = decode(bytes, header, (width, height), limits)?;
    let same = covers == (f64::from(width), f64::from(height));
    let resized = if same { pixels } else { resize(&pixels, covers, width, height)? };
    let conversion = header.profile.as_ref().and_then(|profile| Conversion::to_srgb(profile, resized.channels));
    let srgb = match conversion {
        Some(conversion) if !conversion.changes_nothing() => conversion.apply(resized)?,
        _ => colour::without_profile(resized),
    };
    Ok(srgb.turned(header.orientation).without_needless_alpha())
}

/// From large to small, each size from the one before: less work, and the same picture to the eye.
fn make(base: &Pixels, wanted: &[Wanted]) -> Result<Vec<Vec<u8>>, Refused> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by_key(|&index| Reverse(u64::from(wanted[index].width) * u64::from(wanted[index].height)));
    let mut made = vec![Vec::new(); wanted.len()];
    let mut last: Option<Pixels> = None;
    for index in order {
        let Wanted { width, height, format } = wanted[index];
        let before = last.as_ref().filter(|last| last.width >= width && last.height >= height).unwrap_or(base);
        if (before.width, before.height) == (width, height) {
            made[index] = encode(before, format)?;
            continue;
        }
        let resized = resize(before, (f64::from(before.width), f64::from(before.height)), width, height)?;
        made[index] = encode(&resized, format)?;
        last = Some(resized);
    }
    Ok(made)
}
