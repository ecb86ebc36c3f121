//! Bytes to [`Pixels`]: [`decode`], of a JPEG at an eighth, a quarter or half of its size when that is enough.

use std::io::Cursor;

use image::codecs::gif::GifDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::{DynamicImage, ImageDecoder, ImageError};
use jpeg_decoder::PixelFormat;

use crate::header::{Coding, Colours, Header, Inks, Kind};
use crate::limits::Limits;
use crate::pixels::{Channels, Pixels};
use crate::refused::{Refused, refusal};

/// A picture as its file stores it, perhaps smaller.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) pixels: Pixels,
    /// How many of the pixels, from the left and from the top, the picture covers: of a JPEG at half of its size the last column
    /// may be half outside.
    pub(crate) covers: (f64, f64),
}

/// How much larger a JPEG is decoded than it is wanted at least, as a fraction: resizing needs something to choose from.
const MARGIN: (u64, u64) = (6, 5);

/// Decodes a picture to at least the given width and height, as stored.
pub(crate) fn decode(bytes: &[u8], header: &Header, least: (u32, u32), limits: &Limits) -> Result<Decoded, Refused> {
    let whole = |pixels: Pixels| {
        let covers = (f64::from(pixels.width), f64::from(pixels.height));
        Decoded { pixels, covers }
    };
    let damage = |error: &ImageError| refusal(header.kind, error);
    match header.kind {
        Kind::Jpeg => decode_jpeg(bytes, header, shrink(header, least)),
        Kind::Png => {
            let decoder = PngDecoder::new(Cursor::new(bytes)).map_err(|error| damage(&error))?;
            decode_whole(decoder, limits).map(whole).map_err(|error| damage(&error))
        }
        Kind::Gif => {
            let decoder = GifDecoder::new(Cursor::new(bytes)).map_err(|error| damage(&error))?;
            decode_whole(decoder, limits).map(whole).map_err(|error| damage(&error))
        }
        Kind::WebP => {
            let decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(|error| damage(&error))?;
            decode_whole(decoder, limits).map(whole).map_err(|error| damage(&error))
        }
    }
}

/// The largest of 8, 4, 2 and 1 by which a JPEG's width and height may be divided; other pictures are decoded whole.
fn shrink(header: &Header, least: (u32, u32)) -> u32 {
    if header.kind != Kind::Jpeg {
        return 1;
    }
    let (more, than) = MARGIN;
    let enough =
        |length: u32, least: u32, shrink: u32| u64::from(length) * than >= u64::from(least) * u64::from(shrink) * more;
    let fits = |&shrink: &u32| enough(header.width, least.0, shrink) && enough(header.height, least.1, shrink);
    [8, 4, 2].into_iter().find(fits).unwrap_or(1)
}

/// Bytes that decoding takes, about: never less than half, hardly more than twice as many.
pub(crate) fn takes(header: &Header, least: (u32, u32)) -> u64 {
    let shrink = shrink(header, least);
    let pixels = u64::from(header.width) * u64::from(header.height);
    let colours = header.colours.channels().count() as u64;
    match header.kind {
        Kind::Jpeg => {
            // A plane for each component, then all of them interleaved.
            let planes = 2 * colours * pixels / u64::from(shrink * shrink);
            let coefficients = match header.coding {
                Coding::Sequential => 0,
                Coding::Progressive => 2 * colours * pixels,
            };
            planes + coefficients
        }
        // Frames are drawn on a canvas of RGBA.
        Kind::Gif => 8 * pixels,
        Kind::Png | Kind::WebP => 2 * (colours + u64::from(header.alpha)) * pixels * u64::from(header.bits) / 8,
    }
}

fn decode_jpeg(bytes: &[u8], header: &Header, shrink: u32) -> Result<Decoded, Refused> {
    let length = |length: u32| u16::try_from(length.div_ceil(shrink)).expect("a JPEG's lengths are of 16 bits");
    let mut decoder = jpeg_decoder::Decoder::new(bytes);
    // The scale that it takes is the first at which either length is reached. Both are longer at each scale than at the one
    // before, so that the lengths of one scale ask for no other; a picture too narrow for that has no `shrink` but 1.
    let lengths = (length(header.width), length(header.height));
    if shrink > 1 {
        decoder.scale(lengths.0, lengths.1).map_err(|error| jpeg_refusal(&error))?;
    }
    let mut samples = decoder.decode().map_err(|error| jpeg_refusal(&error))?;
    let info = decoder.info().ok_or(Refused::CutOff)?;
    let channels = match info.pixel_format {
        PixelFormat::L8 => Channels::Grey,
        PixelFormat::RGB24 => Channels::Rgb,
        PixelFormat::CMYK32 => Channels::Cmyk,
        PixelFormat::L16 => {
            return Err(Refused::Unsupported { kind: Kind::Jpeg, what: "16 bits".to_owned() });
        }
    };
    if channels == Channels::Cmyk && header.colours == Colours::Cmyk(Inks::AsTheyAre) {
        // The decoder inverts what it decodes, as if every file was Adobe's.
        samples.iter_mut().for_each(|ink| *ink = !*ink);
    }
    let covers = if (info.width, info.height) == lengths {
        (f64::from(header.width) / f64::from(shrink), f64::from(header.height) / f64::from(shrink))
    } else {
        (f64::from(info.width), f64::from(info.height))
    };
    let pixels = Pixels { width: info.width.into(), height: info.height.into(), channels, bytes: samples };
    Ok(Decoded { pixels, covers })
}

/// Decodes as `image` does, to eight bits a sample.
fn decode_whole(mut decoder: impl ImageDecoder, limits: &Limits) -> Result<Pixels, ImageError> {
    let mut most = image::Limits::no_limits();
    most.max_alloc = Some(limits.memory);
    decoder.set_limits(most)?;
    let image = DynamicImage::from_decoder(decoder)?;
    let (width, height) = (image.width(), image.height());
    let colours = image.color();
    let (channels, bytes) = match (colours.has_color(), colours.has_alpha()) {
        (false, false) => (Channels::Grey, image.into_luma8().into_raw()),
        (false, true) => (Channels::GreyAlpha, image.into_luma_alpha8().into_raw()),
        (true, false) => (Channels::Rgb, image.into_rgb8().into_raw()),
        (true, true) => (Channels::Rgba, image.into_rgba8().into_raw()),
    };
    Ok(Pixels { width, height, channels, bytes })
}

fn jpeg_refusal(error: &jpeg_decoder::Error) -> Refused {
    let kind = Kind::Jpeg;
    match error {
        jpeg_decoder::Error::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Refused::CutOff,
        jpeg_decoder::Error::Unsupported(what) => Refused::Unsupported { kind, what: format!("`{what:?}`") },
        error => Refused::Damaged { kind, reason: format!("`{error}`") },
    }
}

#[cfg(test)]
mod tests {
    use image::metadata::Orientation;

    use super::*;
    use crate::header::Notes;

    #[test]
    fn a_jpeg_is_decoded_as_small_as_is_enough() {
        for (width, height, least, expected) in [
            (6000, 4000, (1600, 1067), 2),
            (6000, 4000, (400, 267), 8),
            (6000, 4000, (700, 467), 4),
            (4032, 3024, (1600, 1200), 2),
            (3000, 2000, (1600, 1067), 1),
            (60_000, 1, (1600, 1), 1),
            (2, 2, (1, 1), 1),
        ] {
            let header = Header {
                kind: Kind::Jpeg,
                width,
                height,
                orientation: Orientation::NoTransforms,
                colours: Colours::Rgb,
                coding: Coding::Sequential,
                alpha: false,
                bits: 8,
                moves: false,
                profile: None,
                loss: true,
                notes: Notes::default(),
            };
            assert_eq!(shrink(&header, least), expected, "{width} × {height}");
        }
    }
}
