//! What a picture's smaller sizes are written as, and how wide they are.

use imaging::{Format, Kind, Nature, Subject};

use crate::files::picture::Size;
use crate::words::media_type::ending;

/// What every browser shows.
const JPEG: Format = Format::Jpeg { quality: 82 };

/// Fewer bytes, for browsers that know it.
const WEBP: Format = Format::WebP { quality: 80 };

/// What a picture's sizes are written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Formats {
    /// For every browser.
    pub for_all: Format,
    /// Fewer bytes for browsers that know WebP, where there is such a thing.
    pub webp: Option<Format>,
}

impl Formats {
    /// Those of a photograph in an album, by its name: what is given as PNG, line art mostly, loses nothing as WebP either.
    #[must_use]
    pub fn of_album(path: &str) -> Self {
        match &*ending(path) {
            "png" => Self { for_all: Format::Png, webp: Some(Format::WebPWithoutLoss) },
            _ => Self { for_all: JPEG, webp: Some(WEBP) },
        }
    }

    /// Those of any picture; `None` for one that is shown as it is: films, and GIF, which is a film or small.
    ///
    /// What is transparent stays so, and what has edges is written without loss. An author who gives a WebP asks for WebP.
    #[must_use]
    pub fn of(nature: &Nature) -> Option<Self> {
        let photograph = match nature.subject {
            Subject::Film => return None,
            Subject::Photograph => true,
            Subject::Drawing => false,
        };
        let webp = if photograph { WEBP } else { Format::WebPWithoutLoss };
        let for_all = match nature.kind {
            Kind::Gif => return None,
            Kind::WebP => return Some(Self { for_all: webp, webp: None }),
            Kind::Png if nature.alpha || !photograph => Format::Png,
            Kind::Png | Kind::Jpeg => JPEG,
        };
        Some(Self { for_all, webp: Some(webp) })
    }
}

/// The ending of files of that format.
#[must_use]
pub fn extension(format: Format) -> &'static str {
    match format {
        Format::Jpeg { .. } => "jpg",
        Format::WebP { .. } | Format::WebPWithoutLoss => "webp",
        Format::Png => "png",
    }
}

/// The sizes that a picture is made in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ladder {
    /// For albums: squares that each size fits in, in pixels. Two are for lists, on plain and on dense screens, and one for a picture's
    /// own page.
    Album,
    /// For texts: widths in pixels. The first two are those of a small picture beside the text, the third and the last those of the
    /// text's column, each on plain and on dense screens; phones take what lies between.
    Text,
}

/// Squares.
const BOXES: [u32; 3] = [480, 960, 1600];

/// Widths.
const WIDTHS: [u32; 5] = [240, 480, 640, 960, 1280];

impl Ladder {
    /// The numbers.
    #[must_use]
    pub fn steps(self) -> &'static [u32] {
        match self {
            Self::Album => &BOXES,
            Self::Text => &WIDTHS,
        }
    }

    /// Width and height of each size of a picture, smallest first. A picture is never made larger, and one that is hardly larger than
    /// a step is there without that step.
    #[must_use]
    pub fn sizes(self, size: Size) -> Vec<Size> {
        let width = size.width;
        let mut sizes: Vec<Size> = match self {
            Self::Album => BOXES.iter().map(|&side| size.within(side)).collect(),
            Self::Text => {
                let near = |step: u32| step < width && u64::from(step) * 6 > u64::from(width) * 5;
                let steps = WIDTHS.iter().filter(|&&step| width > WIDTHS[WIDTHS.len() - 1] || !near(step));
                steps.map(|&step| size.scaled(width, step)).collect()
            }
        };
        sizes.dedup();
        sizes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_keep_the_shape_and_never_grow() {
        for (ladder, size, expected) in [
            (Ladder::Album, (3200, 1600), &[(480, 240), (960, 480), (1600, 800)][..]),
            (Ladder::Album, (600, 700), &[(411, 480), (600, 700)]),
            (Ladder::Album, (60_000, 1), &[(480, 1), (960, 1), (1600, 1)]),
            (Ladder::Text, (4000, 500), &[(240, 30), (480, 60), (640, 80), (960, 120), (1280, 160)]),
            (Ladder::Text, (500, 4000), &[(240, 1920), (500, 4000)]),
            (Ladder::Text, (640, 480), &[(240, 180), (480, 360), (640, 480)]),
            (Ladder::Text, (1300, 1300), &[(240, 240), (480, 480), (640, 640), (960, 960), (1280, 1280)]),
            (Ladder::Text, (288, 100), &[(240, 83), (288, 100)]),
            (Ladder::Text, (287, 100), &[(287, 100)]),
            (Ladder::Text, (250, 100), &[(250, 100)]),
            (Ladder::Text, (10, 20), &[(10, 20)]),
        ] {
            let sizes = ladder.sizes(Size { width: size.0, height: size.1 });
            let sizes: Vec<(u32, u32)> = sizes.into_iter().map(|size| (size.width, size.height)).collect();
            assert_eq!(sizes, expected, "{size:?}");
        }
    }

    #[test]
    fn a_picture_stays_what_it_is() {
        let of = |kind, alpha, subject| Formats::of(&Nature { kind, width: 9, height: 9, alpha, subject });
        let formats = |for_all, webp| Some(Formats { for_all, webp });
        use Subject::{Drawing, Film, Photograph};
        for (kind, alpha, subject, expected) in [
            (Kind::Jpeg, false, Photograph, formats(JPEG, Some(WEBP))),
            (Kind::Png, false, Photograph, formats(JPEG, Some(WEBP))),
            (Kind::Png, true, Photograph, formats(Format::Png, Some(WEBP))),
            (Kind::Png, true, Drawing, formats(Format::Png, Some(Format::WebPWithoutLoss))),
            (Kind::Png, false, Drawing, formats(Format::Png, Some(Format::WebPWithoutLoss))),
            (Kind::WebP, true, Photograph, formats(WEBP, None)),
            (Kind::WebP, false, Drawing, formats(Format::WebPWithoutLoss, None)),
            (Kind::Gif, false, Drawing, None),
            (Kind::Png, false, Film, None),
            (Kind::WebP, true, Film, None),
        ] {
            assert_eq!(of(kind, alpha, subject), expected, "{kind} {alpha} {subject:?}");
        }
    }
}
