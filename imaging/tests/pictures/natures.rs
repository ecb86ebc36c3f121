//! What a picture shows, and whether it tells a place.

use image::{DynamicImage, RgbImage};
use imaging::{Format, Kind, Limits, Nature, Subject, Wanted, nature, tells_place};

use crate::common::{Beside, Written, chunk, derive, exif, file, plain, seen};

/// Noise, always the same.
fn noise() -> DynamicImage {
    let mut state = 1_u32;
    let mut next = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    RgbImage::from_fn(90, 60, |_, _| image::Rgb([next() / 8, next() / 8, next() / 8])).into()
}

#[test]
fn noise_is_a_photograph_and_areas_are_a_drawing() {
    for (written, image, subject) in [
        (Written::Jpeg, noise(), Subject::Photograph),
        (Written::Jpeg, plain(90, 60, [9; 3]), Subject::Photograph),
        (Written::Png, noise(), Subject::Photograph),
        (Written::Png, plain(90, 60, [9; 3]), Subject::Drawing),
        (Written::WebP, noise(), Subject::Photograph),
        (Written::WebP, plain(90, 60, [9; 3]), Subject::Drawing),
    ] {
        let bytes = file(written, &image, &Beside::turned(6));
        let told = nature(&bytes).expect("sound");
        let kind = match written {
            Written::Jpeg => Kind::Jpeg,
            Written::Png => Kind::Png,
            Written::WebP => Kind::WebP,
        };
        assert_eq!(told, Nature { kind, width: 60, height: 90, alpha: false, subject }, "{written:?}");
    }
}

/// Programs write whole documents into their pictures.
#[test]
fn what_a_file_holds_besides_pixels_makes_no_photograph() {
    let bytes = file(Written::Png, &plain(90, 60, [9; 3]), &Beside::default());
    let (header, rest) = bytes.split_at(33);
    let told = [header, &chunk(b"tEXt", &[b'x'; 9_000]), rest].concat();
    assert_eq!(nature(&told).map(|nature| nature.subject), Ok(Subject::Drawing));
    let cut = file(Written::Png, &noise(), &Beside::default());
    assert_eq!(nature(&cut[..cut.len() - 100]).map(|nature| nature.subject), Ok(Subject::Photograph));
}

#[test]
fn without_loss_is_without_loss() {
    let image = noise();
    let made = seen(&file(Written::Png, &image, &Beside::default()), 90, 60, Format::WebPWithoutLoss);
    assert_eq!(made.to_rgb8(), image.to_rgb8());
}

#[test]
fn a_picture_without_coordinates_tells_no_place() {
    let bytes = file(Written::Jpeg, &plain(9, 6, [9; 3]), &Beside { exif: Some(exif(6)), profile: None });
    assert_eq!(tells_place(&bytes), Ok(false));
}

/// A colour by a pixel's place and a random number.
type Pixel = fn(u32, u32, u32) -> [u8; 4];

/// Areas, edges, fades, periods short and long, few colours; and noise, which nothing makes smaller.
const DRAWN: [(&str, Pixel); 8] = [
    ("one colour", |_, _, _| [9, 150, 77, 255]),
    ("two colours at random", |_, _, noise| if noise & 1 == 0 { [0, 0, 0, 255] } else { [255; 4] }),
    ("lines", |x, y, _| if x % 40 == 0 || y % 40 == 0 { [0, 0, 0, 255] } else { [250, 250, 250, 255] }),
    ("a board", |x, y, _| if (x + y) % 2 == 0 { [0, 0, 0, 255] } else { [255; 4] }),
    ("a fade", |x, y, _| [x as u8, y as u8, (x + y) as u8, 255]),
    ("a transparent fade", |x, y, _| [20, 90, 200, (x ^ y) as u8]),
    ("a long period", |x, y, _| {
        let turn = (x * 7 + y * 13) % 251;
        [turn as u8, (turn * 3) as u8, (turn * 5) as u8, 255]
    }),
    ("squares", |x, y, _| [(x / 8 * 37) as u8, (y / 8 * 59) as u8, (x * y) as u8, 255]),
];

const NOISE: [(&str, Pixel); 2] = [
    ("noise", |_, _, noise| [noise as u8, (noise >> 8) as u8, (noise >> 16) as u8, 255]),
    ("transparent noise", |_, _, noise| noise.to_le_bytes()),
];

/// Bytes of the picture as PNG and as WebP without loss.
fn lengths(pixel: Pixel, (width, height): (u32, u32)) -> (usize, usize) {
    let mut state = 1_u32;
    let image = image::RgbaImage::from_fn(width, height, |x, y| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        image::Rgba(pixel(x, y, state.rotate_left(13) ^ (state >> 7)))
    });
    let bytes = file(Written::Png, &image.into(), &Beside::default());
    let wanted = [Format::Png, Format::WebPWithoutLoss].map(|format| Wanted { width, height, format });
    let made = derive(&bytes, &wanted, &Limits::default()).expect("sound");
    (made[0].len(), made[1].len())
}

/// So pages name the WebP of a picture without looking at it.
#[test]
fn webp_without_loss_has_fewer_bytes_than_png() {
    for size in [(40, 30), (120, 80), (480, 320)] {
        for (name, pixel) in DRAWN {
            let (png, webp) = lengths(pixel, size);
            assert!(webp < png, "{name} {size:?}: {webp} bytes instead of {png}");
        }
        for (name, pixel) in NOISE {
            let (png, webp) = lengths(pixel, size);
            assert!(webp <= png + png / 50, "{name} {size:?}: {webp} bytes instead of {png}");
        }
    }
}
