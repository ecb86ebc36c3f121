//! What a file says before its pixels: [`read`] takes bytes to a [`Header`].

mod gif;
mod jpeg;
mod others;

use std::fmt;

use image::metadata::Orientation;
use serde::{Deserialize, Serialize};

use crate::pixels::Channels;
use crate::refused::Refused;

pub(crate) use self::others::length_of_pixels;

/// The format of a file, by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// What cameras write.
    Jpeg,
    /// Screenshots and line art.
    Png,
    /// Short films without sound, mostly.
    Gif,
    /// Of either sort.
    WebP,
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Gif => "GIF",
            Self::WebP => "WebP",
        })
    }
}

/// What a file's pixels are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colours {
    Grey,
    Rgb,
    /// Only in JPEG.
    Cmyk(Inks),
}

impl Colours {
    /// What an opaque pixel's bytes are when it is decoded.
    pub(crate) fn channels(self) -> Channels {
        match self {
            Self::Grey => Channels::Grey,
            Self::Rgb => Channels::Rgb,
            Self::Cmyk(_) => Channels::Cmyk,
        }
    }
}

/// How a CMYK JPEG counts its inks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inks {
    /// 0 is no ink.
    AsTheyAre,
    /// 0 is all ink, as every file with Adobe's marker has it, YCCK too.
    Inverted,
}

/// How a JPEG's coefficients are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    /// Block by block, so that a decoder need hold only a row of them.
    Sequential,
    /// In several scans: a decoder holds all of them.
    Progressive,
}

/// What a file says before its pixels.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) kind: Kind,
    /// Pixels as they are stored, before [`Header::orientation`].
    pub(crate) width: u32,
    /// Pixels as they are stored.
    pub(crate) height: u32,
    pub(crate) orientation: Orientation,
    pub(crate) colours: Colours,
    pub(crate) coding: Coding,
    /// Whether pixels may be transparent.
    pub(crate) alpha: bool,
    /// Bits of a sample.
    pub(crate) bits: u8,
    /// Whether there is more than one frame.
    pub(crate) moves: bool,
    /// Whether the pixels are nearly those that were written, and not quite.
    pub(crate) loss: bool,
    /// An ICC profile.
    pub(crate) profile: Option<Vec<u8>>,
    pub(crate) notes: Notes,
}

/// What cameras and people wrote into a file, in the three forms that there are.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// A TIFF structure, without the marker before it.
    pub(crate) exif: Option<Vec<u8>>,
    /// An XMP packet.
    pub(crate) xmp: Option<Vec<u8>>,
    /// Photoshop's image resources, one of which is IPTC-IIM.
    pub(crate) resources: Vec<u8>,
}

impl Header {
    /// Width and height as the picture is to be seen.
    pub(crate) fn upright(&self) -> (u32, u32) {
        if self.lies() { (self.height, self.width) } else { (self.width, self.height) }
    }

    /// Whether the orientation exchanges width and height (5 to 8).
    pub(crate) fn lies(&self) -> bool {
        self.orientation.to_exif() >= 5
    }
}

/// Reads the header of a picture.
pub(crate) fn read(bytes: &[u8]) -> Result<Header, Refused> {
    let header = match kind(bytes)? {
        Kind::Jpeg => jpeg::read(bytes),
        Kind::Png => others::read_png(bytes),
        Kind::Gif => gif::read(bytes),
        Kind::WebP => others::read_webp(bytes),
    }?;
    if header.width == 0 || header.height == 0 {
        return Err(Refused::Damaged { kind: header.kind, reason: "it has no pixels".to_owned() });
    }
    Ok(header)
}

/// The format of these bytes.
fn kind(bytes: &[u8]) -> Result<Kind, Refused> {
    let at = |start: usize, magic: &[u8]| bytes.get(start..).is_some_and(|rest| rest.starts_with(magic));
    if at(0, &[0xff, 0xd8, 0xff]) {
        return Ok(Kind::Jpeg);
    }
    if at(0, b"\x89PNG\r\n\x1a\n") {
        return Ok(Kind::Png);
    }
    if at(0, b"GIF87a") || at(0, b"GIF89a") {
        return Ok(Kind::Gif);
    }
    if at(0, b"RIFF") && at(8, b"WEBP") {
        return Ok(Kind::WebP);
    }
    // An ISO base media file names its brand in the first box (ISO/IEC 14496-12, 4.3).
    if at(4, b"ftypavif") || at(4, b"ftypavis") {
        return Err(Refused::Unread("AVIF"));
    }
    let heic: [&[u8]; 5] = [b"ftypheic", b"ftypheix", b"ftyphevc", b"ftypmif1", b"ftypmsf1"];
    if heic.iter().any(|brand| at(4, brand)) {
        return Err(Refused::Unread("HEIC"));
    }
    if at(0, &[0xff, 0x0a]) || at(4, b"JXL \r\n") {
        return Err(Refused::Unread("JPEG XL"));
    }
    if at(0, b"II*\0") || at(0, b"MM\0*") {
        return Err(Refused::Unread("TIFF"));
    }
    if at(0, b"BM") {
        return Err(Refused::Unread("BMP"));
    }
    Err(Refused::Unknown)
}

/// The orientation of an EXIF block; upright when it says none, or one that there is not.
fn orientation(exif: Option<&[u8]>) -> Orientation {
    exif.and_then(Orientation::from_exif_chunk).unwrap_or(Orientation::NoTransforms)
}
