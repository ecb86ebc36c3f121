//! Pictures stand upright, whichever way the camera was held.

use image::DynamicImage;
use imaging::{Format, Limits, Wanted, look};

use crate::common::{ALL, Beside, Written, derive, file, near};

const RED: [u8; 3] = [200, 30, 30];
const GREEN: [u8; 3] = [30, 200, 30];
const BLUE: [u8; 3] = [30, 30, 200];
const WHITE: [u8; 3] = [230, 230, 230];

/// As stored: red and green above blue and white.
fn quarters(width: u32, height: u32) -> DynamicImage {
    image::RgbImage::from_fn(width, height, |x, y| {
        image::Rgb(match (x * 2 < width, y * 2 < height) {
            (true, true) => RED,
            (false, true) => GREEN,
            (true, false) => BLUE,
            (false, false) => WHITE,
        })
    })
    .into()
}

/// Top left, top right, bottom left and bottom right, as CIPA DC-008 says of the first row and column: "5: the 0th row is the
/// visual left-hand side of the image, and the 0th column is the visual top".
const SEEN: [(u8, [[u8; 3]; 4]); 8] = [
    (1, [RED, GREEN, BLUE, WHITE]),
    (2, [GREEN, RED, WHITE, BLUE]),
    (3, [WHITE, BLUE, GREEN, RED]),
    (4, [BLUE, WHITE, RED, GREEN]),
    (5, [RED, BLUE, GREEN, WHITE]),
    (6, [BLUE, RED, WHITE, GREEN]),
    (7, [WHITE, GREEN, BLUE, RED]),
    (8, [GREEN, WHITE, RED, BLUE]),
];

fn corners(image: &DynamicImage) -> [[u8; 3]; 4] {
    let image = image.to_rgb8();
    let (right, bottom) = (image.width() * 7 / 8, image.height() * 7 / 8);
    let (left, top) = (image.width() / 8, image.height() / 8);
    [(left, top), (right, top), (left, bottom), (right, bottom)].map(|(x, y)| image.get_pixel(x, y).0)
}

#[test]
fn all_eight_orientations_stand_upright_in_all_formats() {
    for written in ALL {
        for (orientation, expected) in SEEN {
            let bytes = file(written, &quarters(240, 160), &Beside::turned(orientation));
            let upright = if orientation < 5 { (240, 160) } else { (160, 240) };
            let look = look(&bytes).expect("sound");
            assert_eq!((look.width, look.height), upright, "{written:?} {orientation}");
            // The same size, half of it, and a twelfth: a JPEG's three ways.
            for divisor in [1, 2, 12] {
                let (width, height) = (upright.0 / divisor, upright.1 / divisor);
                for format in [Format::Png, Format::Jpeg { quality: 95 }, Format::WebP { quality: 95 }] {
                    let made = derive(&bytes, &[Wanted { width, height, format }], &Limits::default()).expect("sound");
                    let image = image::load_from_memory(&made[0]).expect("a picture");
                    assert_eq!((image.width(), image.height()), (width, height), "{written:?} {orientation}");
                    for (seen, expected) in corners(&image).into_iter().zip(expected) {
                        near(seen, expected, 12);
                    }
                }
            }
        }
    }
}

#[test]
fn an_orientation_that_there_is_not_is_upright() {
    for orientation in [0, 9, 255] {
        let bytes = file(Written::Jpeg, &quarters(40, 20), &Beside::turned(orientation));
        let look = look(&bytes).expect("sound");
        assert_eq!((look.width, look.height), (40, 20), "{orientation}");
    }
}
