//! [`nature()`] tells what may become of a picture when it is made smaller.

use crate::header::{self, Colours, Header, Kind};
use crate::refused::{Refused, guarded};

/// What a picture is, as far as its header and the length of its file tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// Tells what a picture is by the first of its bytes, as far as the first of its pixels, and by the length of the whole file.
///
/// # Errors
///
/// The bytes are no picture of a known format, its header is damaged, or it does not end within `bytes`.
pub fn nature(bytes: &[u8], length: u64) -> Result<Nature, Refused> {
    guarded(|| {
        let header = header::read(bytes)?;
        let (width, height) = header.upright();
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
    if length * 8 * NOISE > bits { Subject::Photograph } else { Subject::Drawing }
}
