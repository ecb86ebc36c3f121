//! What pictures are written as: [`Format`].

use std::fmt;

/// What a derivative is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// In one scan, which every reader takes; the encoder's scans under tables of their own read as noise in some (zune-jpeg 0.5.15,
    /// issue 422). What is transparent shows white.
    Jpeg {
        /// 1 to 100; from 90 on colours have the resolution of light.
        quality: u8,
    },
    /// With loss, by libwebp.
    WebP {
        /// 0 to 100.
        quality: u8,
    },
    /// Without loss, by libwebp: fewer bytes than PNG, for line art and screenshots.
    WebPWithoutLoss,
    /// Without loss: for line art and screenshots.
    Png,
}

impl Format {
    /// The longest side that the format can hold, in pixels.
    #[must_use]
    pub fn longest(self) -> u32 {
        match self {
            Self::Jpeg { .. } => 65_535,
            // `WEBP_MAX_DIMENSION` in `webp/encode.h`.
            Self::WebP { .. } | Self::WebPWithoutLoss => 16_383,
            Self::Png => 0x7fff_ffff,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Jpeg { .. } => "JPEG",
            Self::WebP { .. } | Self::WebPWithoutLoss => "WebP",
            Self::Png => "PNG",
        })
    }
}
