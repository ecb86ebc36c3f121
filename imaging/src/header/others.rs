//! PNG and WebP, whose headers the decoders read.

use std::io::Cursor;

use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::{ColorType, ImageDecoder, ImageError};

use super::{Coding, Colours, Header, Kind, Notes, orientation};
use crate::refused::{Refused, refusal};

/// The header of a PNG: all chunks before the first of its pixels.
pub(super) fn read_png(bytes: &[u8]) -> Result<Header, Refused> {
    let decoder = PngDecoder::new(Cursor::new(bytes)).map_err(|error| refusal(Kind::Png, &error))?;
    let moves = decoder.is_apng().map_err(|error| refusal(Kind::Png, &error))?;
    header(Kind::Png, decoder, moves, false).map_err(|error| refusal(Kind::Png, &error))
}

/// The header of a WebP.
pub(super) fn read_webp(bytes: &[u8]) -> Result<Header, Refused> {
    // The length of all that follows (RFC 9649, 2.4).
    let length =
        bytes.get(4..).and_then(|rest| rest.first_chunk()).map(|&length| u64::from(u32::from_le_bytes(length)));
    if length.is_none_or(|length| length + 8 > bytes.len() as u64) {
        return Err(Refused::CutOff);
    }
    let decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(|error| refusal(Kind::WebP, &error))?;
    let moves = decoder.has_animation();
    header(Kind::WebP, decoder, moves, has_loss(bytes)).map_err(|error| refusal(Kind::WebP, &error))
}

/// Whether a WebP's pixels, those of its first frame, were written with loss: `VP8 ` and not `VP8L` (RFC 9649, 2.5 and 2.6).
fn has_loss(bytes: &[u8]) -> bool {
    let mut rest = bytes.get(12..).unwrap_or_default();
    while let Some((name, after)) = rest.split_first_chunk::<4>() {
        match name {
            b"VP8 " => return true,
            b"VP8L" => return false,
            _ => {}
        }
        let Some((&length, after)) = after.split_first_chunk() else { break };
        let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
        rest = after.get(length.saturating_add(length % 2)..).unwrap_or_default();
    }
    false
}

/// Bytes of a PNG that hold pixels: those of its IDAT chunks (PNG specification, 11.2.3).
pub(crate) fn length_of_pixels(bytes: &[u8]) -> usize {
    let (mut rest, mut found) = (bytes.get(8..).unwrap_or_default(), 0_usize);
    while let Some((&length, after)) = rest.split_first_chunk() {
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if after.starts_with(b"IDAT") {
            found = found.saturating_add(length);
        }
        // Type, data, check.
        rest = after.get(length.saturating_add(8)..).unwrap_or_default();
    }
    found
}

fn header(kind: Kind, mut decoder: impl ImageDecoder, moves: bool, loss: bool) -> Result<Header, ImageError> {
    let (width, height) = decoder.dimensions();
    let colours = decoder.color_type();
    // Some programs write the marker of JPEG before it.
    let exif = decoder.exif_metadata()?.map(|exif| exif.strip_prefix(b"Exif\0\0").map_or(exif.clone(), <[u8]>::to_vec));
    Ok(Header {
        kind,
        width,
        height,
        orientation: orientation(exif.as_deref()),
        colours: if colours.has_color() { Colours::Rgb } else { Colours::Grey },
        coding: Coding::Sequential,
        alpha: colours.has_alpha(),
        bits: bits(colours),
        moves,
        loss,
        profile: decoder.icc_profile()?,
        // Text that cannot be unpacked says nothing.
        notes: Notes { exif, xmp: decoder.xmp_metadata().unwrap_or_default(), resources: Vec::new() },
    })
}

fn bits(colours: ColorType) -> u8 {
    u8::try_from(colours.bits_per_pixel() / u16::from(colours.channel_count())).unwrap_or(u8::MAX)
}
