//! [`Pixels`]: a decoded picture of eight bits a sample, and what is done to it besides resizing.

use image::metadata::Orientation;

/// What a pixel's bytes are, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channels {
    Grey,
    GreyAlpha,
    Rgb,
    Rgba,
    /// Amounts of ink, 0 for none.
    Cmyk,
}

impl Channels {
    /// Bytes of a pixel.
    pub(crate) fn count(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::GreyAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba | Self::Cmyk => 4,
        }
    }
}

/// A picture, row by row from the top, without gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pixels {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) channels: Channels,
    pub(crate) bytes: Vec<u8>,
}

impl Pixels {
    /// The picture as it is to be seen when its file asks for `orientation`.
    pub(crate) fn turned(self, orientation: Orientation) -> Self {
        if orientation == Orientation::NoTransforms {
            return self;
        }
        match self.channels.count() {
            1 => turned::<1>(&self, orientation),
            2 => turned::<2>(&self, orientation),
            3 => turned::<3>(&self, orientation),
            _ => turned::<4>(&self, orientation),
        }
    }

    /// Without transparency when no pixel makes use of it.
    pub(crate) fn without_needless_alpha(self) -> Self {
        let opaque = |count: usize| self.bytes.chunks_exact(count).all(|pixel| pixel[count - 1] == u8::MAX);
        let (channels, bytes) = match self.channels {
            Channels::GreyAlpha if opaque(2) => (Channels::Grey, without_last::<2, 1>(&self.bytes)),
            Channels::Rgba if opaque(4) => (Channels::Rgb, without_last::<4, 3>(&self.bytes)),
            _ => return self,
        };
        Self { channels, bytes, ..self }
    }

    /// Grey or RGB: what is transparent shows white paper. `None` when nothing was.
    pub(crate) fn over_white(&self) -> Option<Self> {
        let (channels, bytes) = match self.channels {
            Channels::Grey | Channels::Rgb | Channels::Cmyk => return None,
            Channels::GreyAlpha => (Channels::Grey, over_white::<2, 1>(&self.bytes)),
            Channels::Rgba => (Channels::Rgb, over_white::<4, 3>(&self.bytes)),
        };
        Some(Self { channels, bytes, ..*self })
    }

    /// RGB with or without transparency. `None` when it is that already.
    pub(crate) fn in_colour(&self) -> Option<Self> {
        let (channels, bytes) = match self.channels {
            Channels::Rgb | Channels::Rgba | Channels::Cmyk => return None,
            Channels::Grey => (Channels::Rgb, self.bytes.iter().flat_map(|&grey| [grey; 3]).collect()),
            Channels::GreyAlpha => {
                let pixels = self.bytes.chunks_exact(2).flat_map(|pixel| [pixel[0], pixel[0], pixel[0], pixel[1]]);
                (Channels::Rgba, pixels.collect())
            }
        };
        Some(Self { channels, bytes, ..*self })
    }

    /// Grey with transparency, of RGBA whose colours are all grey.
    pub(crate) fn in_grey(self) -> Self {
        let bytes = self.bytes.as_chunks::<4>().0.iter().flat_map(|pixel| [pixel[0], pixel[3]]).collect();
        Self { channels: Channels::GreyAlpha, bytes, ..self }
    }
}

/// `N` is the bytes of a pixel.
fn turned<const N: usize>(source: &Pixels, orientation: Orientation) -> Pixels {
    let (pixels, _) = source.bytes.as_chunks::<N>();
    let (across, down) = (source.width as usize, source.height as usize);
    let exif = orientation.to_exif();
    let (width, height) = if exif >= 5 { (source.height, source.width) } else { (source.width, source.height) };
    let mut bytes = Vec::with_capacity(source.bytes.len());
    for y in 0..height as usize {
        for x in 0..width as usize {
            // Where the pixel is taken from (CIPA DC-008, 4.6.5.1, `Orientation`).
            let (column, row) = match exif {
                2 => (across - 1 - x, y),
                3 => (across - 1 - x, down - 1 - y),
                4 => (x, down - 1 - y),
                5 => (y, x),
                6 => (y, down - 1 - x),
                7 => (across - 1 - y, down - 1 - x),
                8 => (across - 1 - y, x),
                _ => (x, y),
            };
            bytes.extend_from_slice(&pixels[row * across + column]);
        }
    }
    Pixels { width, height, channels: source.channels, bytes }
}

fn without_last<const N: usize, const M: usize>(bytes: &[u8]) -> Vec<u8> {
    bytes.as_chunks::<N>().0.iter().flat_map(|pixel| pixel[..M].iter().copied()).collect()
}

fn over_white<const N: usize, const M: usize>(bytes: &[u8]) -> Vec<u8> {
    let mix = |colour: u8, alpha: u8| {
        let (colour, alpha) = (u16::from(colour), u16::from(alpha));
        let mixed = (colour * alpha + 255 * (255 - alpha) + 127) / 255;
        u8::try_from(mixed).expect("a mean of bytes is a byte")
    };
    let pixel = |pixel: &[u8; N]| -> [u8; M] { std::array::from_fn(|channel| mix(pixel[channel], pixel[M])) };
    bytes.as_chunks::<N>().0.iter().flat_map(pixel).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two rows of three pixels: `abc` above `def`.
    fn letters() -> Pixels {
        Pixels { width: 3, height: 2, channels: Channels::Grey, bytes: b"abcdef".to_vec() }
    }

    #[test]
    fn all_orientations_turn_as_exif_has_them() {
        for (exif, width, expected) in [
            (1, 3, "abcdef"),
            (2, 3, "cbafed"),
            (3, 3, "fedcba"),
            (4, 3, "defabc"),
            (5, 2, "adbecf"),
            (6, 2, "daebfc"),
            (7, 2, "fcebda"),
            (8, 2, "cfbead"),
        ] {
            let turned = letters().turned(Orientation::from_exif(exif).expect("1 to 8"));
            assert_eq!((turned.width, turned.bytes.as_slice()), (width, expected.as_bytes()), "{exif}");
        }
    }

    #[test]
    fn transparency_goes_when_it_is_not_needed() {
        let pixels = |channels, bytes: &[u8]| Pixels { width: 1, height: 1, channels, bytes: bytes.to_vec() };
        for (before, bytes, after, expected) in [
            (Channels::GreyAlpha, &[7_u8, 255][..], Channels::Grey, &[7_u8][..]),
            (Channels::Rgba, &[1, 2, 3, 255], Channels::Rgb, &[1, 2, 3]),
            (Channels::Rgba, &[1, 2, 3, 254], Channels::Rgba, &[1, 2, 3, 254]),
            (Channels::Cmyk, &[1, 2, 3, 255], Channels::Cmyk, &[1, 2, 3, 255]),
        ] {
            assert_eq!(pixels(before, bytes).without_needless_alpha(), pixels(after, expected));
        }
    }

    #[test]
    fn paper_is_white() {
        let pixels = Pixels { width: 3, height: 1, channels: Channels::GreyAlpha, bytes: vec![9, 0, 9, 255, 0, 51] };
        assert_eq!(pixels.over_white().map(|pixels| pixels.bytes), Some(vec![255, 9, 204]));
    }
}
