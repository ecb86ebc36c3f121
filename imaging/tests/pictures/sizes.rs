//! Sizes at the edge of what there is, and several at a time.

use imaging::{Format, Limits, Refused, Wanted, look};

use crate::common::{ALL, Beside, Written, derive, file, near, plain, scene, seen};

const FORMATS: [Format; 3] = [Format::Png, Format::Jpeg { quality: 95 }, Format::WebP { quality: 95 }];

#[test]
fn one_pixel_is_a_picture() {
    for written in ALL {
        let bytes = file(written, &plain(1, 1, [200, 100, 50]), &Beside::default());
        for format in FORMATS {
            near(seen(&bytes, 1, 1, format).to_rgb8().get_pixel(0, 0).0, [200, 100, 50], 6);
            // A picture may be made larger, too.
            near(seen(&bytes, 9, 7, format).to_rgb8().get_pixel(4, 3).0, [200, 100, 50], 6);
        }
    }
}

#[test]
fn lines_stay_lines() {
    for (width, height) in [(60_000, 1), (1, 60_000)] {
        for written in [Written::Jpeg, Written::Png] {
            let bytes = file(written, &plain(width, height, [10, 200, 90]), &Beside::default());
            let look = look(&bytes).expect("sound");
            assert_eq!((look.width, look.height), (width, height));
            for format in FORMATS {
                let image = seen(&bytes, width.min(1600), height.min(1600), format).to_rgb8();
                near(image.get_pixel(0, 0).0, [10, 200, 90], 6);
            }
        }
    }
}

#[test]
fn sizes_come_in_the_order_in_which_they_are_wanted() {
    let bytes = file(Written::Jpeg, &scene(900, 600), &Beside::default());
    let wanted = |width, height, format| Wanted { width, height, format };
    let jpeg = Format::Jpeg { quality: 80 };
    // Small before large, a shape of its own, the same size in two formats and twice in one.
    let all = [
        wanted(90, 60, jpeg),
        wanted(300, 200, jpeg),
        wanted(50, 550, Format::Png),
        wanted(300, 200, Format::WebP { quality: 80 }),
        wanted(300, 200, jpeg),
    ];
    let made = derive(&bytes, &all, &Limits::default()).expect("sound");
    for (bytes, wanted) in made.iter().zip(all) {
        let image = image::load_from_memory(bytes).expect("a picture");
        assert_eq!((image.width(), image.height()), (wanted.width, wanted.height));
    }
    assert_eq!(made[1], made[4]);
    assert_eq!(made, derive(&bytes, &all, &Limits::default()).expect("sound"));
    assert_eq!(derive(&bytes, &[], &Limits::default()), Ok(Vec::new()));
}

#[test]
fn sizes_that_a_format_cannot_hold_are_refused() {
    let bytes = file(Written::Png, &plain(10, 10, [0; 3]), &Beside::default());
    for (width, height, format, expected) in [
        (0, 1, Format::Png, "no PNG is 0 × 1 pixels large"),
        (16_384, 1, Format::WebP { quality: 80 }, "no WebP is 16384 × 1 pixels large"),
        (1, 65_536, Format::Jpeg { quality: 80 }, "no JPEG is 1 × 65536 pixels large"),
        (20_000, 20_000, Format::Png, "it has 400000000 pixels, more than 200000000"),
    ] {
        let refused = derive(&bytes, &[Wanted { width, height, format }], &Limits::default()).expect_err("refused");
        assert_eq!(refused.to_string(), expected);
    }
}

#[test]
fn limits_are_looked_at_before_decoding() {
    let whole = file(Written::Jpeg, &scene(900, 600), &Beside::default());
    // Half of it, which decoding would find cut off.
    let bytes = &whole[..whole.len() / 2];
    let wanted = |width, height| [Wanted { width, height, format: Format::Png }];
    let has = u64::try_from(bytes.len()).expect("small");
    let limits = Limits { bytes: has - 1, ..Limits::default() };
    assert_eq!(derive(bytes, &wanted(90, 60), &limits), Err(Refused::Bytes { has, most: has - 1 }));
    let limits = Limits { pixels: 539_999, ..Limits::default() };
    assert_eq!(derive(bytes, &wanted(90, 60), &limits), Err(Refused::Pixels { has: 540_000, most: 539_999 }));
    // What is decoded smaller takes less.
    let limits = Limits { memory: 1_000_000, ..Limits::default() };
    assert_eq!(derive(bytes, &wanted(900, 600), &limits), Err(Refused::Memory { takes: 3_240_000, most: 1_000_000 }));
    assert_eq!(derive(bytes, &wanted(90, 60), &limits), Err(Refused::CutOff));
    assert!(derive(&whole, &wanted(90, 60), &limits).is_ok());
}
