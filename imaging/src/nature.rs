//! [`nature()`] tells what may become of a picture when it is made smaller.

use serde::{Deserialize, Serialize};

use crate::header::{self, Colours, Header, Kind};
use crate::refused::{Refused, guarded};

/// What a picture is, as far as its header and the number of its bytes tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nature {
    /// The format.
    pub kind: Kind,
    /// Pixels from left to right, when the picture stands upright.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
    /// Whether pixels may be transparent.
    pub alpha: bool,
    /// What it shows.
    pub subject: Subject,
}

/// What a picture shows, which decides what it is best written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Subject {
    /// Something with noise in it: a photograph, a scan, a rendering. Loss is not seen.
    Photograph,
    /// Areas and edges: a diagram, a screenshot. Loss is seen.
    Drawing,
    /// More than one frame. [`derive()`](crate::derive()) would show the first only.
    Film,
}

/// Of so many bits of pixels a file without loss keeps more than one when they have noise in them. PNG files of photographs keep
/// about half, those of diagrams and screenshots a tenth or less.
const NOISE: u64 = 4;

/// Tells what a picture is; its pixels are not decoded.
///
/// # Errors
///
/// The bytes are no picture of a known format, or its header is damaged.
pub fn nature(bytes: &[u8]) -> Result<Nature, Refused> {
    guarded(|| {
        let header = header::read(bytes)?;
        let (width, height) = header.upright();
        // What programs write into a PNG besides its pixels may be more than these.
        let length = if header.kind == Kind::Png { header::length_of_pixels(bytes) } else { bytes.len() };
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        Ok(Nature { kind: header.kind, width, height, alpha: header.alpha, subject: subject(&header, length) })
    })
}

fn subject(header: &Header, length: u64) -> Subject {
    if header.moves {
        return Subject::Film;
    }
    if header.loss {
        return Subject::Photograph;
    }
    let samples = if header.colours == Colours::Grey { 1 } else { 3 };
    let pixels = u64::from(header.width) * u64::from(header.height);
    let bits = pixels * samples * u64::from(header.bits);
    if length.saturating_mul(8 * NOISE) > bits { Subject::Photograph } else { Subject::Drawing }
}
