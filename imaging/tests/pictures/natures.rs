//! What a picture shows, and whether it tells a place.

use image::{DynamicImage, RgbImage};
use imaging::{Format, Kind, Nature, Subject, nature, tells_place};

use crate::common::{Beside, Written, chunk, exif, file, plain, seen};

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
