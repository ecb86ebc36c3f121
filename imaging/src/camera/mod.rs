//! What a page may show of what a camera, or a person after it, wrote into a picture: [`camera`].
//!
//! [`Camera`] is a list of what is shown, so that what is not in it cannot be: the place, serial numbers, owners' names that a
//! camera adds, comments of makers.

mod exif;
mod iptc;
mod xmp;

use std::fmt;

use chrono::{FixedOffset, NaiveDateTime};
use serde::{Deserialize, Serialize};

use crate::header::{self, Notes};
use crate::refused::{Refused, guarded};

/// What a picture tells about itself. What it does not tell, or not in a form that can be understood, is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Camera {
    /// When the shutter opened.
    pub taken: Option<Taken>,
    /// Who made the camera, as the camera writes it.
    pub make: Option<String>,
    /// The camera.
    pub model: Option<String>,
    /// The lens.
    pub lens: Option<String>,
    /// Seconds for which the shutter was open.
    pub exposure: Option<Ratio>,
    /// The focal length divided by the width of the opening.
    pub aperture: Option<Ratio>,
    /// ISO 12232.
    pub sensitivity: Option<u32>,
    /// Millimetres.
    pub focal_length: Option<Ratio>,
    /// Millimetres of the lens that shows the same on a frame of 36 by 24 millimetres.
    pub focal_length_35: Option<u32>,
    /// A few words.
    pub title: Option<String>,
    /// A sentence or more.
    pub description: Option<String>,
    /// Whose the rights are.
    pub copyright: Option<String>,
    /// Who took it, or several.
    pub artist: Option<String>,
    /// What a person who cannot see the picture should know.
    pub alt: Option<String>,
}

impl Camera {
    /// Maker and model as people say them: most cameras write the maker into the model too.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        let (make, model) = (self.make.as_deref().unwrap_or_default(), self.model.as_deref()?);
        let maker = make.split_whitespace().next().unwrap_or_default();
        let said = maker.is_empty() || model.to_lowercase().contains(&maker.to_lowercase());
        Some(if said { model.to_owned() } else { format!("{maker} {model}") })
    }
}

/// A time as the camera's clock showed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "(NaiveDateTime, Option<i32>)", from = "(NaiveDateTime, Option<i32>)")]
pub struct Taken {
    /// With the fraction of the second, when the camera tells one.
    pub local: NaiveDateTime,
    /// How far the clock was ahead of UTC, when the camera tells.
    pub offset: Option<FixedOffset>,
}

impl From<Taken> for (NaiveDateTime, Option<i32>) {
    fn from(taken: Taken) -> Self {
        (taken.local, taken.offset.map(|offset| offset.local_minus_utc()))
    }
}

impl From<(NaiveDateTime, Option<i32>)> for Taken {
    fn from((local, seconds): (NaiveDateTime, Option<i32>)) -> Self {
        Self { local, offset: seconds.and_then(FixedOffset::east_opt) }
    }
}

/// A positive number as EXIF has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "(u32, u32)", try_from = "(u32, u32)")]
pub struct Ratio {
    numerator: u32,
    denominator: u32,
}

impl Ratio {
    /// `None` when it is no positive number.
    #[must_use]
    pub fn new(numerator: u32, denominator: u32) -> Option<Self> {
        (numerator > 0 && denominator > 0).then_some(Self { numerator, denominator })
    }

    /// The part above the line.
    #[must_use]
    pub fn numerator(self) -> u32 {
        self.numerator
    }

    /// The part below it.
    #[must_use]
    pub fn denominator(self) -> u32 {
        self.denominator
    }

    /// As shutter speeds are written: `1/250` below a third of a second, and `0.5` or `30` above.
    #[must_use]
    pub fn shutter(self) -> String {
        let (numerator, denominator) = (u64::from(self.numerator), u64::from(self.denominator));
        if denominator < 3 * numerator {
            return self.to_string();
        }
        format!("1/{}", (denominator + numerator / 2) / numerator)
    }
}

impl From<Ratio> for (u32, u32) {
    fn from(ratio: Ratio) -> Self {
        (ratio.numerator, ratio.denominator)
    }
}

impl TryFrom<(u32, u32)> for Ratio {
    type Error = &'static str;

    fn try_from((numerator, denominator): (u32, u32)) -> Result<Self, Self::Error> {
        Self::new(numerator, denominator).ok_or("not a positive number")
    }
}

impl fmt::Display for Ratio {
    /// With one decimal, unless that is a zero: `5.6`, `50`. What is smaller has two.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hundredths = (u64::from(self.numerator) * 200 / u64::from(self.denominator)).div_ceil(2);
        let tenths = (u64::from(self.numerator) * 20 / u64::from(self.denominator)).div_ceil(2);
        match (tenths / 10, tenths % 10) {
            (0, _) if hundredths % 10 > 0 => write!(formatter, "0.{hundredths:02}"),
            (0, 0) => write!(formatter, "0"),
            (whole, 0) => write!(formatter, "{whole}"),
            (whole, tenth) => write!(formatter, "{whole}.{tenth}"),
        }
    }
}

/// Whether a picture tells where it was taken: coordinates in EXIF or XMP.
///
/// # Errors
///
/// The bytes are no picture of a known format, or its header is damaged.
pub fn tells_place(bytes: &[u8]) -> Result<bool, Refused> {
    guarded(|| {
        let Notes { exif, xmp, .. } = header::read(bytes)?.notes;
        Ok(exif.is_some_and(exif::tells_place) || xmp.is_some_and(|packet| xmp::tells_place(&packet)))
    })
}

/// What a picture tells.
///
/// Where a person's words stand in several places, XMP comes before IPTC, and IPTC before EXIF, where cameras write their names.
///
/// # Errors
///
/// The bytes are no picture of a known format, or its header is damaged.
pub fn camera(bytes: &[u8]) -> Result<Camera, Refused> {
    guarded(|| header::read(bytes).map(|header| of_notes(header.notes)))
}

fn of_notes(notes: Notes) -> Camera {
    let camera = notes.exif.map(exif::read).unwrap_or_default();
    let by_xmp = notes.xmp.map(|packet| xmp::read(&packet)).unwrap_or_default();
    let by_iptc = iptc::read(&notes.resources);
    Camera {
        title: by_xmp.title.or(by_iptc.title).or(camera.title),
        description: by_xmp.description.or(by_iptc.description).or(camera.description),
        copyright: by_xmp.copyright.or(by_iptc.copyright).or(camera.copyright),
        artist: by_xmp.artist.or(by_iptc.artist).or(camera.artist),
        alt: by_xmp.alt,
        ..camera
    }
}

/// What a person wrote.
#[derive(Debug, Default, PartialEq, Eq)]
struct Words {
    title: Option<String>,
    description: Option<String>,
    copyright: Option<String>,
    artist: Option<String>,
    alt: Option<String>,
}

/// Text as a page can show it: UTF-8, or Latin-1 when it is not that, without control characters but for line ends, and without
/// the spaces and zeros that fill fields up.
fn text(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8(bytes.to_vec()).unwrap_or_else(|_| bytes.iter().copied().map(char::from).collect());
    tidy(&text)
}

fn tidy(text: &str) -> Option<String> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let kept: String = text.chars().filter(|&character| character == '\n' || !character.is_control()).collect();
    let kept = kept.trim();
    (!kept.is_empty()).then(|| kept.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shutters_are_written_as_on_a_dial() {
        for (numerator, denominator, expected) in [
            (1, 250, "1/250"),
            (10, 2_500, "1/250"),
            (1, 3, "1/3"),
            (1, 2, "0.5"),
            (4, 10, "0.4"),
            (30, 1, "30"),
            (13, 10, "1.3"),
            (10, 600, "1/60"),
            (u32::MAX, 1, "4294967295"),
            (1, u32::MAX, "1/4294967295"),
        ] {
            assert_eq!(Ratio::new(numerator, denominator).map(Ratio::shutter).as_deref(), Some(expected));
        }
    }

    #[test]
    fn numbers_have_a_decimal_when_it_says_something() {
        for (numerator, denominator, expected) in [
            (56, 10, "5.6"),
            (50, 1, "50"),
            (4, 1, "4"),
            (199, 100, "2"),
            (95, 100, "1"),
            (94, 100, "0.94"),
            (1, 2, "0.5"),
        ] {
            assert_eq!(Ratio::new(numerator, denominator).map(|ratio| ratio.to_string()).as_deref(), Some(expected));
        }
        assert_eq!(Ratio::new(1, 0), None);
        assert_eq!(Ratio::new(0, 1), None);
    }

    #[test]
    fn cameras_have_one_name() {
        for (make, model, expected) in [
            (Some("Canon"), Some("Canon EOS 40D"), Some("Canon EOS 40D")),
            (Some("NIKON CORPORATION"), Some("NIKON D80"), Some("NIKON D80")),
            (Some("FUJIFILM"), Some("X-T3"), Some("FUJIFILM X-T3")),
            (None, Some("X-T3"), Some("X-T3")),
            (Some("Canon"), None, None),
        ] {
            let camera = Camera { make: make.map(Into::into), model: model.map(Into::into), ..Camera::default() };
            assert_eq!(camera.name().as_deref(), expected);
        }
    }

    #[test]
    fn text_is_tidied() {
        for (bytes, expected) in [
            (b" a  \0\0".as_slice(), Some("a")),
            (b"\0 ", None),
            (b"M\xfcller", Some("Müller")),
            ("Müller".as_bytes(), Some("Müller")),
            (b"a\x07\r\nb\rc", Some("a\nb\nc")),
        ] {
            assert_eq!(text(bytes).as_deref(), expected);
        }
    }
}
