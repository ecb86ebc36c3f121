//! Other sizes of [`Pixels`], by Lanczos' window of three lobes on the numbers as they are, which is what vips does too.
//!
//! Mixing light instead of numbers would need 16 bits and makes fine dark lines on white thinner than readers are used to.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::{U8, U8x3, U8x4};
use fast_image_resize::{FilterType, PixelTrait, ResizeAlg, ResizeOptions, Resizer};

use crate::pixels::{Channels, Pixels};
use crate::refused::Refused;

/// The picture at another size; `covers` says how many of its pixels are the picture.
pub(crate) fn resize(source: &Pixels, covers: (f64, f64), width: u32, height: u32) -> Result<Pixels, Refused> {
    // Grey with transparency is rare: it takes the way of colours, so that no code is made for it alone.
    if source.channels == Channels::GreyAlpha
        && let Some(colour) = source.in_colour()
    {
        return resize(&colour, covers, width, height).map(Pixels::in_grey);
    }
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3))
        .crop(0.0, 0.0, covers.0, covers.1)
        .use_alpha(source.channels == Channels::Rgba);
    let mut target = Pixels {
        width,
        height,
        channels: source.channels,
        bytes: vec![0; width as usize * height as usize * source.channels.count()],
    };
    match source.channels {
        Channels::Grey => resize_typed::<U8>(source, &mut target, &options),
        Channels::Rgb => resize_typed::<U8x3>(source, &mut target, &options),
        Channels::GreyAlpha | Channels::Rgba | Channels::Cmyk => resize_typed::<U8x4>(source, &mut target, &options),
    }
    .map_err(Refused::Encoder)?;
    Ok(target)
}

/// The typed calls compile the code for these pixels only.
fn resize_typed<P: PixelTrait>(source: &Pixels, target: &mut Pixels, options: &ResizeOptions) -> Result<(), String> {
    let from = TypedImageRef::<P>::from_buffer(source.width, source.height, &source.bytes)
        .map_err(|error| error.to_string())?;
    let mut to = TypedImage::<P>::from_buffer(target.width, target.height, &mut target.bytes)
        .map_err(|error| error.to_string())?;
    Resizer::new().resize_typed(&from, &mut to, options).map_err(|error| error.to_string())
}
