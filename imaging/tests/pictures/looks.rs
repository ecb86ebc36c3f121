//! What is seen of a file without decoding it.

use image::codecs::gif::GifEncoder;
use image::{Delay, Frame};
use imaging::{Format, Kind, Limits, Look, Profile, Refused, Wanted, look};

use crate::common::{Beside, Written, derive, file, near, plain, seen};

const STILL: Look =
    Look { kind: Kind::Png, width: 12, height: 8, moves: false, alpha: false, bits: 8, profile: Profile::None };

#[test]
fn kinds_are_told_apart_by_their_first_bytes() {
    for (written, kind) in [(Written::Jpeg, Kind::Jpeg), (Written::Png, Kind::Png), (Written::WebP, Kind::WebP)] {
        let bytes = file(written, &plain(12, 8, [1, 2, 3]), &Beside::default());
        assert_eq!(look(&bytes), Ok(Look { kind, ..STILL }));
    }
}

#[test]
fn a_progressive_jpeg_takes_more_memory() {
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 90);
    encoder.set_progressive(true);
    encoder.encode(&[9; 12 * 8 * 3], 12, 8, jpeg_encoder::ColorType::Rgb).expect("encodes");
    assert_eq!(look(&bytes), Ok(Look { kind: Kind::Jpeg, ..STILL }));
    let wanted = [Wanted { width: 12, height: 8, format: Format::Png }];
    let limits = Limits { memory: 1, ..Limits::default() };
    let sequential = file(Written::Jpeg, &plain(12, 8, [9; 3]), &Beside::default());
    // Two bytes for each sample, and two for each coefficient that waits for further scans.
    for (bytes, takes) in [(sequential, 576), (bytes, 1_152)] {
        assert_eq!(derive(&bytes, &wanted, &limits), Err(Refused::Memory { takes, most: 1 }));
    }
}

fn gif(frames: usize, alpha: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new(&mut bytes);
    for number in 0..frames {
        let red = if number == 0 { 255 } else { 0 };
        let image = image::RgbaImage::from_fn(12, 8, |x, _| image::Rgba([red, 0, 0, if x == 0 { alpha } else { 255 }]));
        encoder.encode_frame(Frame::from_parts(image, 0, 0, Delay::from_numer_denom_ms(100, 1))).expect("encodes");
    }
    drop(encoder);
    bytes
}

#[test]
fn a_gif_moves_when_it_has_two_frames_and_shows_the_first() {
    for (frames, alpha, expected) in [
        (1, 255, Look { kind: Kind::Gif, ..STILL }),
        (1, 0, Look { kind: Kind::Gif, alpha: true, ..STILL }),
        (3, 255, Look { kind: Kind::Gif, moves: true, ..STILL }),
    ] {
        let bytes = gif(frames, alpha);
        assert_eq!(look(&bytes), Ok(expected));
        near(seen(&bytes, 12, 8, Format::Png).to_rgb8().get_pixel(6, 4).0, [255, 0, 0], 0);
    }
}

#[test]
fn a_webp_moves_when_it_is_an_animation_and_shows_the_first_frame() {
    let config = webp::WebPConfig::new().expect("sound");
    let mut encoder = webp::AnimEncoder::new(12, 8, &config);
    let (red, blue) = ([255, 0, 0].repeat(96), [0, 0, 255].repeat(96));
    encoder.add_frame(webp::AnimFrame::from_rgb(&red, 12, 8, 0));
    encoder.add_frame(webp::AnimFrame::from_rgb(&blue, 12, 8, 100));
    let bytes = encoder.encode().to_vec();
    let look = look(&bytes).expect("sound");
    assert_eq!((look.kind, look.moves, look.width, look.height), (Kind::WebP, true, 12, 8));
    near(seen(&bytes, 12, 8, Format::Png).to_rgb8().get_pixel(6, 4).0, [255, 0, 0], 8);
}

#[test]
fn a_png_moves_when_it_says_so() {
    let mut bytes = file(Written::Png, &plain(12, 8, [1, 2, 3]), &Beside::default());
    // Two frames, for ever (PNG specification, third edition, 11.3.6.1), after the signature and IHDR.
    let chunk = b"\0\0\0\x08acTL\0\0\0\x02\0\0\0\0\xf3\x8d\x93\x70";
    bytes.splice(33..33, *chunk);
    assert_eq!(look(&bytes), Ok(Look { moves: true, ..STILL }));
}

#[test]
fn what_is_not_read_is_named() {
    for (bytes, expected) in [
        (b"".as_slice(), "it is no JPEG, PNG, GIF or WebP"),
        (b"hello, this is text", "it is no JPEG, PNG, GIF or WebP"),
        (b"\0\0\0\x20ftypavif\0\0\0\0", "it is AVIF, which is not read here"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "it is HEIC, which is not read here"),
        (b"II*\0\x08\0\0\0", "it is TIFF, which is not read here"),
    ] {
        assert_eq!(look(bytes).expect_err("refused").to_string(), expected);
    }
}
