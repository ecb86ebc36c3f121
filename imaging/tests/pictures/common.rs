//! Files to make, and ways to look at what becomes of them.

use image::codecs::png::PngEncoder;
use image::codecs::webp::WebPEncoder;
use image::{DynamicImage, ExtendedColorType, ImageEncoder};
use imaging::{Format, Gate, Limits, Refused, Wanted};

/// A format that tests write: without loss, or nearly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    Jpeg,
    Png,
    WebP,
}

pub(crate) const ALL: [Written; 3] = [Written::Jpeg, Written::Png, Written::WebP];

/// What stands in a file besides its pixels.
#[derive(Debug, Clone, Default)]
pub(crate) struct Beside {
    pub(crate) exif: Option<Vec<u8>>,
    pub(crate) profile: Option<Vec<u8>>,
}

impl Beside {
    pub(crate) fn profile(profile: Vec<u8>) -> Self {
        Self { profile: Some(profile), ..Self::default() }
    }

    pub(crate) fn turned(orientation: u8) -> Self {
        Self { exif: Some(exif(orientation)), ..Self::default() }
    }
}

/// A TIFF header and one tag: the orientation.
pub(crate) fn exif(orientation: u8) -> Vec<u8> {
    let tag = [0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0];
    [b"II*\0\x08\0\0\0\x01\0", tag.as_slice(), &[0; 4]].concat()
}

/// A file of a picture.
pub(crate) fn file(written: Written, image: &DynamicImage, beside: &Beside) -> Vec<u8> {
    let mut bytes = Vec::new();
    match written {
        Written::Jpeg => {
            let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 100);
            if let Some(exif) = &beside.exif {
                encoder.add_exif_metadata(exif).expect("encodes");
            }
            if let Some(profile) = &beside.profile {
                encoder.add_icc_profile(profile).expect("encodes");
            }
            let colours =
                if image.color().has_color() { jpeg_encoder::ColorType::Rgb } else { jpeg_encoder::ColorType::Luma };
            let (width, height) =
                (u16::try_from(image.width()).expect("small"), u16::try_from(image.height()).expect("small"));
            encoder.encode(image.as_bytes(), width, height, colours).expect("encodes");
        }
        Written::Png => write(PngEncoder::new(&mut bytes), image, beside),
        Written::WebP => write(WebPEncoder::new_lossless(&mut bytes), image, beside),
    }
    bytes
}

fn write(mut encoder: impl ImageEncoder, image: &DynamicImage, beside: &Beside) {
    if let Some(exif) = beside.exif.clone() {
        encoder.set_exif_metadata(exif).expect("encodes");
    }
    if let Some(profile) = beside.profile.clone() {
        encoder.set_icc_profile(profile).expect("encodes");
    }
    let colours: ExtendedColorType = image.color().into();
    encoder.write_image(image.as_bytes(), image.width(), image.height(), colours).expect("encodes");
}

/// An opaque picture of one colour.
pub(crate) fn plain(width: u32, height: u32, colour: [u8; 3]) -> DynamicImage {
    image::RgbImage::from_pixel(width, height, image::Rgb(colour)).into()
}

/// Hills, lines and grain: what photographs have.
pub(crate) fn scene(width: u32, height: u32) -> DynamicImage {
    let mut random = 0x2545_f491_u32;
    image::RgbImage::from_fn(width, height, |x, y| {
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        let (across, down) = (f64::from(x) / f64::from(width), f64::from(y) / f64::from(height));
        let hill = 90.0 * (across * 9.0 + (down * 7.0).sin()).sin() + 60.0 * (down * 40.0 * across).cos();
        let line = if (x / 7 + y / 5) % 23 == 0 { -70.0 } else { 0.0 };
        let edge = if x * 2 + y > width { 35.0 } else { -20.0 };
        let grain = f64::from(random % 17) - 8.0;
        let light = 128.0 + 0.6 * hill + line + edge + grain;
        image::Rgb([light, light * 0.9 + 20.0 * across, 200.0 - 0.5 * light].map(|value| value.clamp(0.0, 255.0) as u8))
    })
    .into()
}

/// One size, decoded again by `image`.
pub(crate) fn seen(bytes: &[u8], width: u32, height: u32, format: Format) -> DynamicImage {
    let wanted = Wanted { width, height, format };
    let made = derive(bytes, &[wanted], &Limits::default()).expect("sound");
    let image = image::load_from_memory(&made[0]).expect("a picture");
    assert_eq!((image.width(), image.height()), (width, height));
    image
}

#[track_caller]
pub(crate) fn near(seen: [u8; 3], expected: [u8; 3], tolerance: u8) {
    let far = seen.iter().zip(expected).any(|(seen, expected)| seen.abs_diff(expected) > tolerance);
    assert!(!far, "{seen:?} is not {expected:?}");
}

/// The colour in the middle of a picture.
pub(crate) fn middle(image: &DynamicImage) -> [u8; 3] {
    image.to_rgb8().get_pixel(image.width() / 2, image.height() / 2).0
}

/// What is derived where nobody waits for room.
pub(crate) fn derive(bytes: &[u8], wanted: &[Wanted], limits: &Limits) -> Result<Vec<Vec<u8>>, Refused> {
    imaging::derive(bytes, wanted, limits, &Gate::new(u64::MAX))
}

/// A PNG's chunk with its check.
pub(crate) fn chunk(kind: &[u8], data: &[u8]) -> Vec<u8> {
    let checked = [kind, data].concat();
    let step = |crc: u32, _| if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 };
    let crc = !checked.iter().fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), step));
    [&u32::try_from(data.len()).expect("small").to_be_bytes(), checked.as_slice(), &crc.to_be_bytes()].concat()
}
