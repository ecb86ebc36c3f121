//! GIF: blocks up to the second picture (Graphics Interchange Format, version 89a).

use image::metadata::Orientation;

use super::{Coding, Colours, Header, Kind, Notes};
use crate::refused::Refused;

/// The header of a GIF.
pub(super) fn read(bytes: &[u8]) -> Result<Header, Refused> {
    // Logical screen descriptor (section 18).
    let &[width0, width1, height0, height1, packed, ..] =
        bytes.get(6..).and_then(|rest| rest.first_chunk::<7>()).ok_or(Refused::CutOff)?;
    let (width, height) = (u16::from_le_bytes([width0, width1]), u16::from_le_bytes([height0, height1]));
    let (mut pictures, mut alpha) = (0_u8, false);
    let mut rest = bytes.get(13 + table(packed)..).unwrap_or_default();
    // A file that ends too soon has the pictures that it has.
    while pictures < 2 {
        match rest {
            // Image descriptor (section 20), colour table, the least length of a code.
            [0x2c, _, _, _, _, _, _, _, _, packed, after @ ..] => {
                pictures += 1;
                rest = blocks(after.get(table(*packed) + 1..).unwrap_or_default());
            }
            // Graphic control extension (section 23).
            [0x21, 0xf9, _, packed, ..] => {
                alpha |= packed & 1 == 1;
                rest = blocks(&rest[2..]);
            }
            [0x21, _, after @ ..] => rest = blocks(after),
            _ => break,
        }
    }
    Ok(Header {
        kind: Kind::Gif,
        width: width.into(),
        height: height.into(),
        orientation: Orientation::NoTransforms,
        colours: Colours::Rgb,
        coding: Coding::Sequential,
        alpha,
        bits: 8,
        moves: pictures > 1,
        loss: false,
        profile: None,
        notes: Notes::default(),
    })
}

/// Bytes of the colour table that a packed field tells.
fn table(packed: u8) -> usize {
    if packed & 0x80 == 0 { 0 } else { 3 << ((packed & 7) + 1) }
}

/// What follows a chain of data blocks (section 15).
fn blocks(mut bytes: &[u8]) -> &[u8] {
    loop {
        match bytes {
            [] => return &[],
            [0, after @ ..] => return after,
            [length, after @ ..] => bytes = after.get(usize::from(*length)..).unwrap_or_default(),
        }
    }
}
