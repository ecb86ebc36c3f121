//! [`Pixels`] to a file of a [`Format`], which holds nothing else.

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};
use jpeg_encoder::{ChromaSubsamplingMethod, ColorType};
use webp::{PixelLayout, WebPConfig};

use crate::format::Format;
use crate::pixels::{Channels, Pixels};
use crate::refused::Refused;

/// The file of a picture in sRGB.
pub(crate) fn encode(pixels: &Pixels, format: Format) -> Result<Vec<u8>, Refused> {
    match format {
        Format::Jpeg { quality } => encode_jpeg(pixels.over_white().as_ref().unwrap_or(pixels), quality),
        Format::WebP { quality } => encode_webp(pixels.in_colour().as_ref().unwrap_or(pixels), Some(quality)),
        Format::WebPWithoutLoss => encode_webp(pixels.in_colour().as_ref().unwrap_or(pixels), None),
        Format::Png => encode_png(pixels),
    }
}

fn encode_jpeg(pixels: &Pixels, quality: u8) -> Result<Vec<u8>, Refused> {
    let colours = if pixels.channels == Channels::Grey { ColorType::Luma } else { ColorType::Rgb };
    let length = |length: u32| u16::try_from(length).expect("wanted lengths are checked");
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, quality.clamp(1, 100));
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    encoder
        .encode(&pixels.bytes, length(pixels.width), length(pixels.height), colours)
        .map_err(|error| Refused::Encoder(error.to_string()))?;
    Ok(bytes)
}

/// Without loss when there is no quality.
fn encode_webp(pixels: &Pixels, quality: Option<u8>) -> Result<Vec<u8>, Refused> {
    let layout = if pixels.channels == Channels::Rgba { PixelLayout::Rgba } else { PixelLayout::Rgb };
    let mut config = WebPConfig::new().map_err(|()| Refused::Encoder("libwebp does not start".to_owned()))?;
    match quality {
        Some(quality) => config.quality = f32::from(quality.min(100)),
        None => {
            config.lossless = 1;
            // How hard it tries; beyond this there are hardly fewer bytes.
            config.quality = 75.0;
        }
    }
    webp::Encoder::new(&pixels.bytes, layout, pixels.width, pixels.height)
        .encode_advanced(&config)
        .map(|memory| memory.to_vec())
        .map_err(|error| Refused::Encoder(format!("`{error:?}`")))
}

fn encode_png(pixels: &Pixels) -> Result<Vec<u8>, Refused> {
    let colours = match pixels.channels {
        Channels::Grey => ExtendedColorType::L8,
        Channels::GreyAlpha => ExtendedColorType::La8,
        Channels::Rgb => ExtendedColorType::Rgb8,
        Channels::Rgba => ExtendedColorType::Rgba8,
        Channels::Cmyk => ExtendedColorType::Cmyk8,
    };
    let mut bytes = Vec::new();
    PngEncoder::new_with_quality(&mut bytes, CompressionType::Best, FilterType::Adaptive)
        .write_image(&pixels.bytes, pixels.width, pixels.height, colours)
        .map_err(|error| Refused::Encoder(error.to_string()))?;
    Ok(bytes)
}
