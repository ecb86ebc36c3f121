//! The short way of a JPEG, decoded at a part of its size, against the long one: decoded whole by `image`, then Lanczos' window.

use image::imageops::FilterType;
use image::{DynamicImage, GrayImage};
use imaging::Format;

use crate::common::{Beside, Written, derive, file, scene, seen};

/// Structural similarity (Wang et al. 2004) in squares of eight pixels: 1 for the same picture, and above 0.98 nobody sees a
/// difference side by side. Measured here: 0.995 where a JPEG is decoded hardly larger than it is wanted, 0.997 elsewhere.
fn similarity(one: &GrayImage, other: &GrayImage) -> f64 {
    const SIDE: u32 = 8;
    let (c1, c2) = ((0.01_f64 * 255.0).powi(2), (0.03_f64 * 255.0).powi(2));
    let (mut sum, mut count) = (0.0, 0.0);
    for top in (0..=one.height() - SIDE).step_by(4) {
        for left in (0..=one.width() - SIDE).step_by(4) {
            let mut moments = [0.0; 5];
            for y in top..top + SIDE {
                for x in left..left + SIDE {
                    let (a, b) = (f64::from(one.get_pixel(x, y)[0]), f64::from(other.get_pixel(x, y)[0]));
                    for (moment, value) in moments.iter_mut().zip([a, b, a * a, b * b, a * b]) {
                        *moment += value / f64::from(SIDE * SIDE);
                    }
                }
            }
            let [a, b, aa, bb, ab] = moments;
            let (deviation, covariance) = (aa - a * a + bb - b * b, ab - a * b);
            sum += (2.0 * a * b + c1) * (2.0 * covariance + c2) / ((a * a + b * b + c1) * (deviation + c2));
            count += 1.0;
        }
    }
    sum / count
}

fn reference(whole: &GrayImage, width: u32, height: u32) -> GrayImage {
    image::imageops::resize(whole, width, height, FilterType::Lanczos3)
}

fn decoded(bytes: &[u8]) -> GrayImage {
    image::load_from_memory(bytes).expect("a picture").into_luma8()
}

#[test]
fn a_jpeg_decoded_smaller_looks_the_same() {
    let scene = scene(902, 601);
    let mut progressive = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut progressive, 92);
    encoder.set_progressive(true);
    encoder.encode(scene.as_bytes(), 902, 601, jpeg_encoder::ColorType::Rgb).expect("encodes");
    let grey = file(Written::Jpeg, &DynamicImage::from(scene.to_luma8()), &Beside::default());
    for (name, bytes) in
        [("whole", file(Written::Jpeg, &scene, &Beside::default())), ("progressive", progressive), ("grey", grey)]
    {
        let whole = decoded(&bytes);
        // At half, a quarter and an eighth, each at the largest size that allows it and at a smaller one.
        for width in [600, 375, 300, 187, 150, 93, 57, 32] {
            let height = (width * 601 + 451) / 902;
            let made = seen(&bytes, width, height, Format::Png).into_luma8();
            let similarity = similarity(&made, &reference(&whole, width, height));
            println!("{name} {width}: {similarity:.4}");
            assert!(similarity > 0.99, "{name} at {width}: {similarity:.4}");
        }
    }
}

#[test]
fn a_chain_of_sizes_looks_as_each_would_alone() {
    let bytes = file(Written::Png, &scene(800, 500), &Beside::default());
    let wanted = [(57, 36), (200, 125), (400, 250), (800, 500)].map(|(width, height)| imaging::Wanted {
        width,
        height,
        format: Format::Png,
    });
    let whole = decoded(&bytes);
    let made = derive(&bytes, &wanted, &imaging::Limits::default()).expect("sound");
    assert_eq!(made.len(), wanted.len());
    for (bytes_made, wanted) in made.iter().zip(wanted) {
        let image = image::load_from_memory(bytes_made).expect("a picture");
        assert_eq!((image.width(), image.height()), (wanted.width, wanted.height));
        let similarity = similarity(&image.into_luma8(), &reference(&whole, wanted.width, wanted.height));
        assert!(similarity > 0.98, "{}: {similarity:.4}", wanted.width);
    }
}

#[test]
fn written_pictures_look_as_they_should() {
    let bytes = file(Written::Png, &scene(600, 400), &Beside::default());
    let reference = reference(&decoded(&bytes), 300, 200);
    for (format, least) in
        [(Format::Jpeg { quality: 82 }, 0.93), (Format::WebP { quality: 82 }, 0.90), (Format::Png, 0.99)]
    {
        let similarity = similarity(&seen(&bytes, 300, 200, format).into_luma8(), &reference);
        println!("{format:?}: {similarity:.4}");
        assert!(similarity > least, "{format:?}: {similarity:.4}");
    }
}
