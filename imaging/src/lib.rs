//! Bytes of a picture in, smaller pictures out.
//!
//! The way of a picture, in order:
//!
//! 1. [`nature()`] reads the header: what kind of file it is, how large it stands upright, what it shows, and so what its smaller
//!    sizes are best written as. [`camera`] tells what a page may show of what the camera wrote: never the place, never a serial
//!    number.
//! 2. [`derive()`] checks the [`Limits`], decodes once (a JPEG at half, a quarter or an eighth of its size when that is enough),
//!    resizes, converts the colours to sRGB, turns the picture upright, and encodes each [`Wanted`] size.
//!
//! [`look`] tells more of a header, for those who want to see what was made.
//!
//! A [`Gate`] bounds the memory that several threads decode in.
//!
//! Everything is a function of its arguments; nothing touches disk, clock or threads' order. What is encoded here holds pixels
//! and nothing else: no EXIF, XMP, IPTC or profile. No bytes make a function panic; a decoder that does is a [`Refused`].
//!
//! The functions are not generic, so that what is generic below (every pixel type times every processor's instructions) is
//! compiled with this package and not with the ones that use it. What reads headers only does without the feature `pixels`, which is
//! on by default, and without all decoders and encoders.

#![cfg_attr(not(feature = "pixels"), allow(dead_code, reason = "headers tell more than is asked for without pixels"))]

mod camera;
#[cfg(feature = "pixels")]
mod colour;
#[cfg(feature = "pixels")]
mod decode;
#[cfg(feature = "pixels")]
mod derive;
#[cfg(feature = "pixels")]
mod encode;
mod format;
mod header;
#[cfg(feature = "pixels")]
mod limits;
#[cfg(feature = "pixels")]
mod look;
mod nature;
mod pixels;
mod refused;
#[cfg(feature = "pixels")]
mod resize;

pub use camera::{Camera, Ratio, Taken, camera, tells_place};
#[cfg(feature = "pixels")]
pub use derive::{Wanted, derive};
pub use format::Format;
pub use header::Kind;
#[cfg(feature = "pixels")]
pub use limits::{Gate, Limits};
#[cfg(feature = "pixels")]
pub use look::{Look, Profile, look};
pub use nature::{Nature, Subject, nature};
pub use refused::Refused;
