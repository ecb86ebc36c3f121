//! JPEG: segments up to the first scan (ITU T.81, annex B).

use super::{Coding, Colours, Header, Inks, Kind, Notes, orientation};
use crate::refused::Refused;

const START_OF_SCAN: u8 = 0xda;
const END_OF_IMAGE: u8 = 0xd9;

/// Markers that no length follows: TEM, RST0 to RST7, SOI.
const ALONE: [u8; 10] = [0x01, 0xd0, 0xd1, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8];

const EXIF: &[u8] = b"Exif\0\0";
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const PROFILE: &[u8] = b"ICC_PROFILE\0";
const RESOURCES: &[u8] = b"Photoshop 3.0\0";
const ADOBE: &[u8] = b"Adobe";

/// A frame header (ITU T.81, B.2.2).
struct Frame {
    coding: Coding,
    precision: u8,
    width: u32,
    height: u32,
    components: u8,
}

/// The header of a JPEG.
pub(super) fn read(bytes: &[u8]) -> Result<Header, Refused> {
    let mut frame = None;
    let mut inks = Inks::AsTheyAre;
    let mut notes = Notes::default();
    // Number and total of each part, and the part (ICC.1, B.4).
    let mut profile: Vec<(u8, u8, &[u8])> = Vec::new();
    let mut rest = bytes.get(2..).ok_or(Refused::CutOff)?;
    loop {
        let (marker, body, after) = segment(rest)?;
        rest = after;
        match marker {
            START_OF_SCAN | END_OF_IMAGE => break,
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) && frame.is_none() => {
                frame = Some(parse_frame(marker, body)?);
            }
            // Of several the last counts, as where the generator measures.
            0xe1 if body.starts_with(EXIF) => notes.exif = Some(body[EXIF.len()..].to_vec()),
            0xe1 if body.starts_with(XMP) && notes.xmp.is_none() => notes.xmp = Some(body[XMP.len()..].to_vec()),
            0xe2 => {
                if let Some([number, total, part @ ..]) = body.strip_prefix(PROFILE) {
                    profile.push((*number, *total, part));
                }
            }
            0xed => notes.resources.extend(body.strip_prefix(RESOURCES).unwrap_or_default()),
            0xee if body.starts_with(ADOBE) => inks = Inks::Inverted,
            _ => {}
        }
    }
    let frame = frame.ok_or_else(|| damaged("there is no frame before the first scan"))?;
    let colours = match frame.components {
        1 => Colours::Grey,
        3 => Colours::Rgb,
        4 => Colours::Cmyk(inks),
        components => return Err(unsupported(format!("{components} components"))),
    };
    Ok(Header {
        kind: Kind::Jpeg,
        width: frame.width,
        height: frame.height,
        orientation: orientation(notes.exif.as_deref()),
        colours,
        coding: frame.coding,
        alpha: false,
        bits: frame.precision,
        moves: false,
        loss: true,
        profile: join(profile),
        notes,
    })
}

/// A marker, what belongs to it, and what follows.
fn segment(bytes: &[u8]) -> Result<(u8, &[u8], &[u8]), Refused> {
    // Any number of fill bytes may stand before a marker (ITU T.81, B.1.1.2).
    let fill = bytes.iter().take_while(|&&byte| byte == 0xff).count();
    let &marker = bytes.get(fill).ok_or(Refused::CutOff)?;
    if fill == 0 {
        return Err(damaged("there is no marker where one must be"));
    }
    let rest = &bytes[fill + 1..];
    // What a scan's own header says is the decoder's to read.
    if matches!(marker, END_OF_IMAGE | START_OF_SCAN) || ALONE.contains(&marker) {
        return Ok((marker, &[], rest));
    }
    let &length = rest.first_chunk().ok_or(Refused::CutOff)?;
    let length = usize::from(u16::from_be_bytes(length));
    if length < 2 {
        return Err(damaged("a segment is shorter than its length"));
    }
    let (segment, after) = rest.split_at_checked(length).ok_or(Refused::CutOff)?;
    Ok((marker, &segment[2..], after))
}

fn parse_frame(marker: u8, body: &[u8]) -> Result<Frame, Refused> {
    let &[precision, height1, height0, width1, width0, components] =
        body.first_chunk().ok_or_else(|| damaged("the frame header is too short"))?;
    let coding = match marker {
        0xc0 | 0xc1 => Coding::Sequential,
        0xc2 => Coding::Progressive,
        0xc3 => return Err(unsupported("lossless coding".to_owned())),
        0xc9..=0xcb => return Err(unsupported("arithmetic coding".to_owned())),
        _ => return Err(unsupported("hierarchical coding".to_owned())),
    };
    if precision != 8 {
        return Err(unsupported(format!("{precision} bits")));
    }
    let (width, height) = (u16::from_be_bytes([width1, width0]), u16::from_be_bytes([height1, height0]));
    if height == 0 {
        // It may follow the first scan (ITU T.81, B.2.5).
        return Err(unsupported("no height in its frame".to_owned()));
    }
    Ok(Frame { coding, precision, width: width.into(), height: height.into(), components })
}

/// A profile of all its parts; `None` when one is missing or there twice.
fn join(mut parts: Vec<(u8, u8, &[u8])>) -> Option<Vec<u8>> {
    parts.sort_by_key(|&(number, ..)| number);
    let whole = parts
        .iter()
        .zip(1..)
        .all(|(&(number, total, _), expected)| usize::from(number) == expected && usize::from(total) == parts.len());
    (whole && !parts.is_empty()).then(|| parts.iter().flat_map(|(.., part)| part.iter().copied()).collect())
}

fn damaged(reason: &str) -> Refused {
    Refused::Damaged { kind: Kind::Jpeg, reason: reason.to_owned() }
}

fn unsupported(what: String) -> Refused {
    Refused::Unsupported { kind: Kind::Jpeg, what }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_joined_in_the_order_of_its_parts() {
        for (parts, expected) in [
            (vec![(2, 2, b"cd".as_slice()), (1, 2, b"ab")], Some("abcd")),
            (vec![(1, 1, b"ab".as_slice())], Some("ab")),
            (vec![(1, 2, b"ab".as_slice())], None),
            (vec![(1, 2, b"ab".as_slice()), (1, 2, b"cd")], None),
            (vec![], None),
        ] {
            assert_eq!(join(parts.clone()).as_deref(), expected.map(str::as_bytes), "{parts:?}");
        }
    }

    #[test]
    fn what_is_hardly_in_use_is_named() {
        let frame = |marker, precision, height| {
            let frame = [0xff, 0xd8, 0xff, marker, 0, 8, precision, 0, height, 0, 9, 1, 0xff, 0xda, 0, 2];
            read(&frame).map(|header| (header.width, header.height)).map_err(|refused| refused.to_string())
        };
        assert_eq!(frame(0xc0, 8, 7), Ok((9, 7)));
        for (marker, precision, height, expected) in [
            (0xc3, 8, 7, "it is a JPEG with lossless coding, which is not read here"),
            (0xc9, 8, 7, "it is a JPEG with arithmetic coding, which is not read here"),
            (0xc1, 12, 7, "it is a JPEG with 12 bits, which is not read here"),
            (0xc0, 8, 0, "it is a JPEG with no height in its frame, which is not read here"),
        ] {
            assert_eq!(frame(marker, precision, height), Err(expected.to_owned()));
        }
    }
}
