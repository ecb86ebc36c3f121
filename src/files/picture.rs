//! What is known of a picture without its pixels: [`Facts`].

use std::io::Cursor;

use image::metadata::Orientation;
use image::{ImageDecoder, ImageReader};
use imaging::{Camera, Nature};
use quick_xml::events::{BytesStart, Event};
use serde::{Deserialize, Serialize};

use crate::words::media_type::ending;

/// What is known of a picture without its pixels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// How large it is shown.
    pub size: Size,
    /// What its camera, or a person after it, wrote into it; of pictures in albums only, for nobody else asks.
    pub camera: Option<Box<Camera>>,
    /// Whether it says where it was taken; of pictures in `static/` only, for those in `content/` lose it.
    pub tells_place: bool,
    /// What may become of it when it is made smaller; `None` where that cannot be told.
    pub nature: Option<Nature>,
}

/// Pixels of a picture as it is shown, that is after the orientation that the file asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// From left to right.
    pub width: u32,
    /// From top to bottom.
    pub height: u32,
}

impl Size {
    /// The same shape where a side of `longer` pixels becomes one of at most `most`; never larger.
    #[must_use]
    pub fn scaled(self, longer: u32, most: u32) -> Self {
        if longer <= most {
            return self;
        }
        let scale = |length: u32| {
            let scaled = (u64::from(length) * u64::from(most) + u64::from(longer) / 2) / u64::from(longer);
            u32::try_from(scaled).unwrap_or(u32::MAX).max(1)
        };
        Self { width: scale(self.width), height: scale(self.height) }
    }

    /// The same shape within a square of that side; never larger.
    #[must_use]
    pub fn within(self, side: u32) -> Self {
        self.scaled(self.width.max(self.height), side)
    }
}

/// Whether a file of this name holds a picture whose size can be known.
#[must_use]
pub fn is_picture(path: &str) -> bool {
    matches!(&*ending(path), "png" | "jpg" | "jpeg" | "gif" | "webp" | "avif" | "svg")
}

/// The facts of the picture at `path` of a site. `None` when it is sound but says no size, as an SVG may; an error when it is not
/// sound.
pub fn facts(path: &str, bytes: &[u8]) -> Result<Option<Facts>, String> {
    let Some(size) = measure(path, bytes)? else { return Ok(None) };
    // What a camera wrote is of use, and damage to it is no damage to the picture.
    let camera = path.starts_with("content/gallery/").then(|| imaging::camera(bytes).ok()).flatten();
    let camera = camera.filter(|camera| *camera != Camera::default()).map(Box::new);
    let tells_place = path.starts_with("static/") && imaging::tells_place(bytes) == Ok(true);
    let nature = imaging::nature(bytes).ok();
    Ok(Some(Facts { size, camera, tells_place, nature }))
}

/// Measures a picture. `None` when it is sound but says no size, as an SVG may; an error when it is not sound.
pub fn measure(path: &str, bytes: &[u8]) -> Result<Option<Size>, String> {
    match &*ending(path) {
        "svg" => Ok(measure_svg(&String::from_utf8_lossy(bytes))),
        "png" | "jpg" | "jpeg" | "webp" => measure_photo(bytes).map(Some),
        _ => match imagesize::blob_size(bytes) {
            Ok(size) => Ok(Some(Size { width: pixels(size.width), height: pixels(size.height) })),
            Err(error) => Err(error.to_string()),
        },
    }
}

fn pixels(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// PNG, JPEG and WebP: what cameras and screenshots make, turned as their EXIF orientation says.
fn measure_photo(bytes: &[u8]) -> Result<Size, String> {
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|error| error.to_string())?;
    let mut decoder = reader.into_decoder().map_err(|error| error.to_string())?;
    let (width, height) = decoder.dimensions();
    let turned = match decoder.orientation().map_err(|error| error.to_string())? {
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH => {
            true
        }
        Orientation::NoTransforms
        | Orientation::Rotate180
        | Orientation::FlipHorizontal
        | Orientation::FlipVertical => false,
    };
    Ok(if turned { Size { width: height, height: width } } else { Size { width, height } })
}

/// `width` and `height` of the root element in pixels, or the size of its `viewBox` (SVG 2, section 8.2).
fn measure_svg(text: &str) -> Option<Size> {
    let mut reader = quick_xml::Reader::from_str(text);
    loop {
        match reader.read_event().ok()? {
            Event::Start(root) | Event::Empty(root) => return svg_size(&root),
            Event::Eof => return None,
            _ => {}
        }
    }
}

fn svg_size(root: &BytesStart<'_>) -> Option<Size> {
    let attribute = |name: &str| {
        let attribute = root.attributes().filter_map(Result::ok).find(|attribute| attribute.key.as_ref() == name)?;
        Some(attribute.value.into_owned())
    };
    let length = |text: String| whole(text.trim().trim_end_matches("px"));
    if let (Some(width), Some(height)) = (attribute("width").and_then(length), attribute("height").and_then(length)) {
        return Some(Size { width, height });
    }
    let view_box = attribute("viewBox")?;
    let mut numbers = view_box.split([' ', ',']).filter(|number| !number.is_empty()).skip(2).map(whole);
    Some(Size { width: numbers.next()??, height: numbers.next()?? })
}

/// The whole part of a positive decimal number.
fn whole(number: &str) -> Option<u32> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let sound = fraction.bytes().all(|digit| digit.is_ascii_digit());
    whole.parse().ok().filter(|&pixels| sound && pixels > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_svg_is_measured_by_its_root() {
        for (svg, expected) in [
            ("<?xml version='1.0'?><svg width='12px' height='8.5'/>", Some((12, 8))),
            ("<svg viewBox='0 0 640,360'></svg>", Some((640, 360))),
            ("<svg width='100%' height='100%' viewBox='0 0 4 3'/>", Some((4, 3))),
            ("<svg/>", None),
            ("not xml", None),
        ] {
            let size =
                measure("a.svg", svg.as_bytes()).expect("SVG is never unsound").map(|size| (size.width, size.height));
            assert_eq!(size, expected, "{svg}");
        }
    }

    #[test]
    fn a_png_is_measured_and_a_broken_one_is_not() {
        let mut bytes = Cursor::new(Vec::new());
        image::RgbImage::new(3, 2).write_to(&mut bytes, image::ImageFormat::Png).expect("memory");
        let bytes = bytes.into_inner();
        assert_eq!(measure("a.png", &bytes), Ok(Some(Size { width: 3, height: 2 })));
        assert!(measure("a.png", &bytes[..12]).is_err());
        assert!(measure("a.jpg", b"hello").is_err());
    }
}
