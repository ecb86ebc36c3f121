//! Colours to sRGB: a [`Conversion`] from a file's profile, and inks without one.

use std::sync::Arc;

use moxcms::{ColorProfile, DataColorSpace, Layout, Transform8BitExecutor, TransformOptions};

use crate::pixels::{Channels, Pixels};
use crate::refused::Refused;

/// The way from a profile's colours to sRGB.
pub(crate) enum Conversion {
    /// What each grey becomes.
    Grey(Box<[u8; 256]>),
    /// Between the channels given and RGB, or RGBA from RGBA.
    Colour(Channels, Arc<Transform8BitExecutor>),
}

impl Conversion {
    /// `None` when the profile is damaged, or made for pixels of another sort: one for inks says nothing about red.
    pub(crate) fn to_srgb(profile: &[u8], channels: Channels) -> Option<Self> {
        let profile = ColorProfile::new_from_slice(profile).ok()?;
        let srgb = ColorProfile::new_srgb();
        let executor = |from, to| profile.create_transform_8bit(from, &srgb, to, TransformOptions::default()).ok();
        match (channels, profile.color_space) {
            (Channels::Grey | Channels::GreyAlpha, DataColorSpace::Gray) => {
                let greys: Vec<u8> = (0..=u8::MAX).collect();
                Some(Self::Grey(table(executor(Layout::Gray, Layout::Rgb)?.as_ref(), &greys)?))
            }
            // Programs write grey pixels under the profile of the screen.
            (Channels::Grey | Channels::GreyAlpha, DataColorSpace::Rgb) => {
                let greys: Vec<u8> = (0..=u8::MAX).flat_map(|grey| [grey; 3]).collect();
                Some(Self::Grey(table(executor(Layout::Rgb, Layout::Rgb)?.as_ref(), &greys)?))
            }
            (Channels::Rgb, DataColorSpace::Rgb) => Some(Self::Colour(channels, executor(Layout::Rgb, Layout::Rgb)?)),
            (Channels::Rgba, DataColorSpace::Rgb) => {
                Some(Self::Colour(channels, executor(Layout::Rgba, Layout::Rgba)?))
            }
            // Four inks lie in memory as RGBA does.
            (Channels::Cmyk, DataColorSpace::Cmyk) => {
                Some(Self::Colour(channels, executor(Layout::Rgba, Layout::Rgb)?))
            }
            _ => None,
        }
    }

    /// Whether no colour becomes another: the profile is one of the many that say sRGB.
    pub(crate) fn changes_nothing(&self) -> bool {
        /// What different roundings of the same curve differ by.
        const TOLERANCE: u8 = 2;
        let near = |(before, after): (&u8, &u8)| before.abs_diff(*after) <= TOLERANCE;
        match self {
            Self::Grey(table) => (0..=u8::MAX).zip(table.iter()).all(|(before, after)| near((&before, after))),
            Self::Colour(Channels::Cmyk, _) => false,
            Self::Colour(channels, executor) => {
                let before = samples(*channels);
                let mut after = vec![0; before.len()];
                executor.transform(&before, &mut after).is_ok() && before.iter().zip(&after).all(near)
            }
        }
    }

    /// The picture in sRGB.
    pub(crate) fn apply(&self, mut pixels: Pixels) -> Result<Pixels, Refused> {
        match self {
            Self::Grey(table) => {
                let alpha = pixels.channels == Channels::GreyAlpha;
                let step = if alpha { 2 } else { 1 };
                pixels.bytes.iter_mut().step_by(step).for_each(|grey| *grey = table[usize::from(*grey)]);
                Ok(pixels)
            }
            Self::Colour(channels, executor) => {
                let channels = if *channels == Channels::Rgba { Channels::Rgba } else { Channels::Rgb };
                let mut bytes = vec![0; pixels.bytes.len() / pixels.channels.count() * channels.count()];
                executor.transform(&pixels.bytes, &mut bytes).map_err(|error| Refused::Encoder(error.to_string()))?;
                Ok(Pixels { channels, bytes, ..pixels })
            }
        }
    }
}

/// Inks that no profile describes, each taking away its part of the light.
pub(crate) fn without_profile(pixels: Pixels) -> Pixels {
    if pixels.channels != Channels::Cmyk {
        return pixels;
    }
    let light = |ink: u8, black: u8| {
        let light = u16::from(u8::MAX - ink) * u16::from(u8::MAX - black);
        u8::try_from((light + 127) / 255).expect("a product of parts is a part")
    };
    let (inks, _) = pixels.bytes.as_chunks::<4>();
    let bytes = inks.iter().flat_map(|&[c, m, y, k]| [light(c, k), light(m, k), light(y, k)]).collect();
    Pixels { channels: Channels::Rgb, bytes, ..pixels }
}

/// What each of 256 greys becomes: the green of what the transform says.
fn table(executor: &Transform8BitExecutor, greys: &[u8]) -> Option<Box<[u8; 256]>> {
    let mut colours = vec![0; 256 * 3];
    executor.transform(greys, &mut colours).ok()?;
    Some(Box::new(std::array::from_fn(|grey| colours[grey * 3 + 1])))
}

/// Every grey, and a lattice of colours.
fn samples(channels: Channels) -> Vec<u8> {
    let alpha: &[u8] = if channels == Channels::Rgba { &[u8::MAX] } else { &[] };
    let steps = || (0..=u8::MAX).step_by(51);
    let lattice = steps().flat_map(|red| steps().flat_map(move |green| steps().map(move |blue| [red, green, blue])));
    let colours = (0..=u8::MAX).map(|grey| [grey; 3]).chain(lattice);
    colours.flat_map(|colour| colour.into_iter().chain(alpha.iter().copied())).collect()
}
