//! Colours look as they did, whatever the file's numbers mean.

use image::{DynamicImage, GenericImageView};
use imaging::{Format, Profile, look};
use jpeg_encoder::ColorType;
use moxcms::{ColorProfile, DataColorSpace, LutDataType, LutStore, LutType, LutWarehouse, Matrix3d, ProfileClass};

use crate::common::{ALL, Beside, Written, file, middle, near, plain, seen};

const GENTLE: [Format; 3] = [Format::Png, Format::Jpeg { quality: 100 }, Format::WebP { quality: 100 }];

#[test]
fn wide_colours_become_srgb() {
    let (p3, adobe) = (
        ColorProfile::new_display_p3().encode().expect("encodes"),
        ColorProfile::new_adobe_rgb().encode().expect("encodes"),
    );
    // The numbers that the colours of sRGB have elsewhere, and grey, which is the same everywhere.
    for (profile, numbers, expected) in [
        (&p3, [234, 51, 35], [255, 0, 0]),
        (&p3, [117, 251, 76], [0, 255, 0]),
        (&p3, [200, 80, 60], [216, 67, 46]),
        (&p3, [128, 128, 128], [128, 128, 128]),
        (&adobe, [219, 0, 0], [255, 0, 0]),
        (&adobe, [144, 255, 60], [0, 255, 0]),
        (&adobe, [128, 128, 128], [128, 128, 128]),
    ] {
        for written in ALL {
            let bytes = file(written, &plain(64, 48, numbers), &Beside::profile(profile.clone()));
            assert_eq!(look(&bytes).expect("sound").profile, Profile::Other);
            near(middle(&seen(&bytes, 32, 24, Format::Png)), expected, 5);
        }
        let bytes = file(Written::Png, &plain(64, 48, numbers), &Beside::profile(profile.clone()));
        for format in GENTLE {
            near(middle(&seen(&bytes, 32, 24, format)), expected, 8);
        }
    }
}

#[test]
fn profiles_that_say_srgb_change_nothing() {
    let bytes = file(
        Written::Png,
        &plain(8, 8, [9, 150, 77]),
        &Beside::profile(ColorProfile::new_srgb().encode().expect("encodes")),
    );
    assert_eq!(look(&bytes).expect("sound").profile, Profile::Srgb);
    assert_eq!(middle(&seen(&bytes, 4, 4, Format::Png)), [9, 150, 77]);
    assert_eq!(
        look(&file(Written::Png, &plain(8, 8, [9, 150, 77]), &Beside::default())).expect("sound").profile,
        Profile::None
    );
}

#[test]
fn profiles_that_do_not_fit_are_told_and_passed_over() {
    let grey = ColorProfile::new_gray_with_gamma(1.0).encode().expect("encodes");
    for profile in [grey, b"no profile at all".to_vec()] {
        let bytes = file(Written::Png, &plain(8, 8, [9, 150, 77]), &Beside::profile(profile));
        assert_eq!(look(&bytes).expect("sound").profile, Profile::Unfit);
        assert_eq!(middle(&seen(&bytes, 4, 4, Format::Png)), [9, 150, 77]);
    }
}

#[test]
fn grey_stays_grey_and_its_gamma_is_minded() {
    let grey = |value| DynamicImage::from(image::GrayImage::from_pixel(32, 32, image::Luma([value])));
    let linear = Beside::profile(ColorProfile::new_gray_with_gamma(1.0).encode().expect("encodes"));
    let screen = Beside::profile(ColorProfile::new_adobe_rgb().encode().expect("encodes"));
    for (beside, value, expected) in [(Beside::default(), 100, 100), (linear, 55, 128), (screen, 128, 128)] {
        for written in [Written::Jpeg, Written::Png] {
            let bytes = file(written, &grey(value), &beside);
            for format in [Format::Png, Format::Jpeg { quality: 100 }] {
                let image = seen(&bytes, 16, 16, format);
                assert!(!image.color().has_color(), "{written:?} {format:?}");
                near(middle(&image), [expected; 3], 2);
            }
            near(middle(&seen(&bytes, 16, 16, Format::WebP { quality: 100 })), [expected; 3], 4);
        }
    }
}

#[test]
fn sixteen_bits_become_eight() {
    let deep = image::ImageBuffer::<image::Rgb<u16>, Vec<u16>>::from_fn(256, 8, |x, _| {
        image::Rgb([u16::try_from(x).expect("small") * 257, 65_535, 128 * 257 + 100])
    });
    let bytes = file(Written::Png, &DynamicImage::from(deep), &Beside::default());
    assert_eq!(look(&bytes).expect("sound").bits, 16);
    let image = seen(&bytes, 256, 8, Format::Png).to_rgb8();
    assert!((0..256).all(|x| image.get_pixel(x, 4).0 == [u8::try_from(x).expect("small"), 255, 128]));
    assert_eq!(image::load_from_memory(&bytes).expect("a picture").color(), image::ColorType::Rgb16);
    assert_eq!(seen(&bytes, 128, 4, Format::Png).color(), image::ColorType::Rgb8);
}

#[test]
fn transparency_is_kept_or_shows_white() {
    // Opaque red beside transparent green, of which nothing may be seen.
    let half =
        image::RgbaImage::from_fn(64, 64, |x, _| image::Rgba(if x < 32 { [255, 0, 0, 255] } else { [0, 255, 0, 0] }));
    for written in [Written::Png, Written::WebP] {
        let bytes = file(written, &DynamicImage::from(half.clone()), &Beside::default());
        assert!(look(&bytes).expect("sound").alpha);
        let jpeg = seen(&bytes, 32, 32, Format::Jpeg { quality: 100 }).to_rgb8();
        near(jpeg.get_pixel(4, 16).0, [255, 0, 0], 6);
        near(jpeg.get_pixel(28, 16).0, [255, 255, 255], 6);
        for format in [Format::Png, Format::WebP { quality: 100 }] {
            let kept = seen(&bytes, 32, 32, format).to_rgba8();
            assert_eq!((kept.get_pixel(4, 16)[3], kept.get_pixel(28, 16)[3]), (255, 0), "{format:?}");
        }
        let png = seen(&bytes, 31, 31, Format::Png);
        assert!(png.pixels().all(|(.., pixel)| pixel[3] < 8 || pixel[1] < 8), "green shines through");
    }
    let opaque = DynamicImage::from(image::RgbaImage::from_pixel(8, 8, image::Rgba([1, 2, 3, 255])));
    let image = seen(&file(Written::Png, &opaque, &Beside::default()), 4, 4, Format::Png);
    assert_eq!(image.color(), image::ColorType::Rgb8);
}

#[test]
fn grey_with_transparency_stays_grey() {
    let grey = DynamicImage::from(image::GrayAlphaImage::from_pixel(16, 16, image::LumaA([100, 51])));
    let bytes = file(Written::Png, &grey, &Beside::default());
    let png = seen(&bytes, 8, 8, Format::Png);
    assert_eq!((png.color(), png.as_bytes()[..2].to_vec()), (image::ColorType::La8, vec![100, 51]));
    let jpeg = seen(&bytes, 8, 8, Format::Jpeg { quality: 100 });
    assert_eq!(jpeg.color(), image::ColorType::L8);
    near(middle(&jpeg), [224; 3], 2);
    assert_eq!(seen(&bytes, 8, 8, Format::WebP { quality: 100 }).to_rgba8().get_pixel(4, 4)[3], 51);
}

#[test]
fn transparent_colours_are_converted_too() {
    let profile = Beside::profile(ColorProfile::new_display_p3().encode().expect("encodes"));
    let image = DynamicImage::from(image::RgbaImage::from_pixel(16, 16, image::Rgba([234, 51, 35, 128])));
    let pixel = seen(&file(Written::Png, &image, &profile), 8, 8, Format::Png).to_rgba8().get_pixel(4, 4).0;
    near([pixel[0], pixel[1], pixel[2]], [255, 0, 0], 8);
    assert_eq!(pixel[3], 128);
}

/// A JPEG of one mixture of inks.
fn inks(mixture: [u8; 4], colours: ColorType, profile: Option<&[u8]>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 100);
    if let Some(profile) = profile {
        encoder.add_icc_profile(profile).expect("encodes");
    }
    encoder.encode(&mixture.repeat(64 * 48), 64, 48, colours).expect("encodes");
    bytes
}

#[test]
fn inks_become_light() {
    for (mixture, expected) in [
        ([0, 0, 0, 0], [255, 255, 255]),
        ([255, 0, 0, 0], [0, 255, 255]),
        ([0, 255, 0, 0], [255, 0, 255]),
        ([0, 0, 255, 0], [255, 255, 0]),
        ([0, 0, 0, 255], [0, 0, 0]),
        ([102, 51, 0, 51], [122, 163, 204]),
    ] {
        for colours in [ColorType::Cmyk, ColorType::CmykAsYcck] {
            for width in [64, 32, 4] {
                near(middle(&seen(&inks(mixture, colours, None), width, width * 3 / 4, Format::Png)), expected, 5);
            }
        }
        // Without Adobe's marker the numbers are not inverted.
        let mut bytes = inks(mixture.map(|ink| !ink), ColorType::Cmyk, None);
        let marker = bytes.windows(9).position(|window| window == b"\xff\xee\0\x0eAdobe").expect("sound");
        bytes.drain(marker..marker + 16);
        near(middle(&seen(&bytes, 32, 24, Format::Png)), expected, 5);
    }
}

#[test]
fn a_profile_says_what_inks_look_like() {
    // Of an absurd press: the first ink is red, the others cannot be seen. Lab, as sixteen bits had it first (ICC.1, 10.10).
    let (paper, red) = ([65_280, 32_768, 32_768], [35_440, 53_455, 50_660]);
    let table: Vec<u16> = (0..16).flat_map(|corner| if corner < 8 { paper } else { red }).collect();
    let straight = |count: usize| LutStore::Store16([0, u16::MAX].repeat(count));
    let lut = LutWarehouse::Lut(LutDataType {
        num_input_channels: 4,
        num_output_channels: 3,
        num_clut_grid_points: 2,
        matrix: Matrix3d::IDENTITY,
        num_input_table_entries: 2,
        num_output_table_entries: 2,
        input_table: straight(4),
        clut_table: LutStore::Store16(table),
        output_table: straight(3),
        lut_type: LutType::Lut16,
    });
    let mut press = ColorProfile::new_lab();
    press.color_space = DataColorSpace::Cmyk;
    press.pcs = DataColorSpace::Lab;
    press.profile_class = ProfileClass::OutputDevice;
    press.lut_a_to_b_perceptual = Some(lut);
    let press = press.encode().expect("encodes");
    let bytes = inks([255, 0, 0, 0], ColorType::Cmyk, Some(&press));
    assert_eq!(look(&bytes).expect("sound").profile, Profile::Other);
    near(middle(&seen(&bytes, 32, 24, Format::Png)), [255, 0, 0], 12);
    near(middle(&seen(&inks([0, 0, 0, 255], ColorType::Cmyk, Some(&press)), 32, 24, Format::Png)), [255; 3], 3);
}
