//! How what a slot holds looks: who wrote it decides the colour, and who knows of it the line.
//!
//! Not modelled: what the figure's own entry lists.

use crate::telling::drawing::{Fill, Line, Paint, Tone};
use crate::telling::ring::frame::Holds;

impl Holds {
    pub(crate) const fn paint(self) -> Paint {
        match self {
            Self::Past => Paint::stroke(Tone::Hair).line(Line::Dotted),
            Self::Free => Paint { fill: Fill::Tint(Tone::Free), ..Paint::stroke(Tone::Hair) },
            Self::PrivateRequest => Paint::cell(Tone::Domu).line(Line::Dashed),
            Self::Request => Paint::cell(Tone::Domu),
            Self::Taken => Paint { fill: Fill::Tint(Tone::Domu), ..Paint::stroke(Tone::Dom0).line(Line::Dotted) },
            Self::PrivateResponse => Paint::cell(Tone::Dom0).line(Line::Dashed),
            Self::Response => Paint::cell(Tone::Dom0),
            Self::Claimed => Paint::cell(Tone::Fault).line(Line::Dashed),
        }
    }

    /// A word for a wide cell.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Past => "",
            Self::Free => "free",
            Self::PrivateRequest | Self::Request => "req ",
            Self::Taken => "took ",
            Self::PrivateResponse | Self::Response => "rsp ",
            Self::Claimed => "?",
        }
    }

    /// A letter for a narrow cell.
    pub(crate) const fn letter(self) -> &'static str {
        match self {
            Self::Past | Self::Free => "",
            Self::PrivateRequest | Self::Request => "q",
            Self::Taken => "t",
            Self::PrivateResponse | Self::Response => "r",
            Self::Claimed => "?",
        }
    }

    pub(crate) const fn tone(self) -> Tone {
        match self {
            Self::Past | Self::Free => Tone::Soft,
            Self::PrivateRequest | Self::Request => Tone::Domu,
            Self::Taken | Self::PrivateResponse | Self::Response => Tone::Dom0,
            Self::Claimed => Tone::Fault,
        }
    }

    pub(crate) const fn has_id(self) -> bool {
        !matches!(self, Self::Past | Self::Free | Self::Claimed)
    }
}

/// The fill of something too thin to have an outline: the outline's tone stands in where the tints are alike.
pub(crate) const fn filled(holds: Holds) -> Paint {
    match holds {
        Holds::Request => Paint::fill(Fill::Solid(Tone::Domu)),
        Holds::Response => Paint::fill(Fill::Solid(Tone::Dom0)),
        Holds::Taken => Paint::fill(Fill::Solid(Tone::Domu)).dimmed(true),
        Holds::PrivateRequest | Holds::PrivateResponse | Holds::Past | Holds::Free | Holds::Claimed => holds.paint(),
    }
}
