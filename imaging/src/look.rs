//! [`look`] tells what a file holds, from its header.

use crate::colour;
use crate::header::{self, Kind};
use crate::refused::{Refused, guarded};

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// The format.
    pub kind: Kind,
    /// Pixels from left to right, when the picture stands upright.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
    /// Whether there is more than one frame. [`derive()`](crate::derive()) shows the first.
    pub moves: bool,
    /// Whether pixels may be transparent.
    pub alpha: bool,
    /// Bits of a sample: 8 or 16.
    pub bits: u8,
    /// Which colours the numbers mean.
    pub profile: Profile,
}

/// What is said about colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Nothing: sRGB by custom, or inks of no particular press.
    None,
    /// A profile that says sRGB.
    Srgb,
    /// A profile of other colours; they are converted to sRGB.
    Other,
    /// A profile that is damaged, or one for pixels of another sort. It is passed over, as browsers do.
    Unfit,
}

impl Look {
    /// How many pixels there are.
    #[must_use]
    pub fn pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }
}

/// Looks at a picture without decoding its pixels.
///
/// # Errors
///
/// The bytes are no picture of a known format, or its header is damaged.
pub fn look(bytes: &[u8]) -> Result<Look, Refused> {
    guarded(|| {
        let header = header::read(bytes)?;
        let (width, height) = header.upright();
        let profile = match &header.profile {
            None => Profile::None,
            Some(profile) => match colour::Conversion::to_srgb(profile, header.colours.channels()) {
                None => Profile::Unfit,
                Some(conversion) if conversion.changes_nothing() => Profile::Srgb,
                Some(_) => Profile::Other,
            },
        };
        Ok(Look {
            kind: header.kind,
            width,
            height,
            moves: header.moves,
            alpha: header.alpha,
            bits: header.bits,
            profile,
        })
    })
}
