//! Why a picture is not read or made: [`Refused`], in words that follow "the picture cannot be shown: ".

use std::error::Error;
use std::fmt;
use std::io::ErrorKind;
use std::panic::{self, AssertUnwindSafe};

use image::ImageError;

use crate::format::Format;
use crate::header::Kind;

/// The reason for which there is no picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// The first bytes are those of no picture.
    Unknown,
    /// A format that is known by its first bytes and no more.
    Unread(&'static str),
    /// A part of the format that is hardly in use.
    Unsupported {
        /// The format.
        kind: Kind,
        /// What it uses.
        what: String,
    },
    /// The file ends before the picture does.
    CutOff,
    /// The bytes contradict the format.
    Damaged {
        /// The format.
        kind: Kind,
        /// What the decoder says.
        reason: String,
    },
    /// The file is larger than [`Limits::bytes`](crate::Limits::bytes).
    Bytes {
        /// How large it is.
        has: u64,
        /// How large it may be.
        most: u64,
    },
    /// The picture has more pixels than [`Limits::pixels`](crate::Limits::pixels), or is wanted with more.
    Pixels {
        /// How many there are.
        has: u64,
        /// How many there may be.
        most: u64,
    },
    /// Decoding takes more memory than [`Limits::memory`](crate::Limits::memory).
    Memory {
        /// Bytes that it takes.
        takes: u64,
        /// Bytes that it may take.
        most: u64,
    },
    /// The wanted format cannot hold the wanted size.
    Size {
        /// The format.
        format: Format,
        /// Pixels from left to right.
        width: u32,
        /// Pixels from top to bottom.
        height: u32,
    },
    /// An encoder gave up.
    Encoder(String),
    /// A decoder panicked: a mistake of its, not of the file's.
    Panicked,
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => write!(formatter, "it is no JPEG, PNG, GIF or WebP"),
            Self::Unread(name) => write!(formatter, "it is {name}, which is not read here"),
            Self::Unsupported { kind, what } => write!(formatter, "it is a {kind} with {what}, which is not read here"),
            Self::CutOff => write!(formatter, "the file ends before the picture does"),
            Self::Damaged { kind, reason } => write!(formatter, "the {kind} is damaged: {reason}"),
            Self::Bytes { has, most } => write!(formatter, "it has {has} bytes, more than {most}"),
            Self::Pixels { has, most } => write!(formatter, "it has {has} pixels, more than {most}"),
            Self::Memory { takes, most } => write!(formatter, "it takes {takes} bytes of memory, more than {most}"),
            Self::Size { format, width, height } => write!(formatter, "no {format} is {width} × {height} pixels large"),
            Self::Encoder(reason) => write!(formatter, "it cannot be written: {reason}"),
            Self::Panicked => write!(formatter, "the decoder failed"),
        }
    }
}

impl std::error::Error for Refused {}

/// What `work` says, or that it panicked. A decoder's bug must not take other pictures along.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, Refused>) -> Result<T, Refused> {
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(Refused::Panicked))
}

/// What a decoder's error means.
pub(crate) fn refusal(kind: Kind, error: &ImageError) -> Refused {
    match error {
        ImageError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => Refused::CutOff,
        ImageError::Unsupported(error) => Refused::Unsupported { kind, what: format!("`{error}`") },
        error => {
            let reason = error.source().map_or_else(|| error.to_string(), ToString::to_string);
            Refused::Damaged { kind, reason: format!("`{reason}`") }
        }
    }
}
