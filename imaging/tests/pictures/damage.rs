//! Files that are damaged, cut off, or made to do harm.

use imaging::{Format, Limits, Refused, Wanted, camera, look};
use proptest::prelude::{ProptestConfig, any, prop, prop_oneof, proptest};
use proptest::strategy::{Just, Strategy};

use crate::common::{ALL, Beside, Written, chunk, derive, exif, file, scene};

const SMALL: [Wanted; 2] = [
    Wanted { width: 30, height: 20, format: Format::Jpeg { quality: 80 } },
    Wanted { width: 9, height: 6, format: Format::WebP { quality: 80 } },
];

fn sound(written: Written) -> Vec<u8> {
    let profile = moxcms::ColorProfile::new_display_p3().encode().expect("encodes");
    file(written, &scene(120, 80), &Beside { exif: Some(exif(6)), profile: Some(profile) })
}

/// A PNG that promises a square of pixels with 16 bits, and holds none.
fn deep(side: u32) -> Vec<u8> {
    let header = [side.to_be_bytes(), side.to_be_bytes()].concat();
    [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        chunk(b"IHDR", &[&header[..], &[16, 6, 0, 0, 0]].concat()),
        chunk(b"IDAT", b"\x78\x9c\x63\0\0"),
        chunk(b"IEND", b""),
    ]
    .concat()
}

#[test]
fn bombs_are_refused_before_they_grow() {
    let jpeg =
        b"\xff\xd8\xff\xc2\0\x11\x08\xff\xff\xff\xff\x03\x01\x22\0\x02\x11\x01\x03\x11\x01\xff\xda\0\x0c\x03".to_vec();
    let gif = b"GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\x02\x01\0\0;".to_vec();
    // Lossless, of 16383 pixels each way in 14 bits (RFC 9649, 3.4).
    let webp = b"RIFF\x16\0\0\0WEBPVP8L\x0a\0\0\0\x2f\xfe\xbf\xff\x0f\0\0\0\0\0".to_vec();
    for (name, bytes) in [("png", deep(60_000)), ("jpeg", jpeg), ("gif", gif), ("webp", webp)] {
        assert_eq!(look(&bytes).map(|look| look.pixels() > 200_000_000), Ok(true), "{name}");
        let refused = derive(&bytes, &SMALL, &Limits::default()).expect_err("refused");
        assert!(matches!(refused, Refused::Pixels { most: 200_000_000, .. }), "{name}: {refused}");
    }
}

#[test]
fn pictures_whose_pixels_take_too_much_memory_are_refused() {
    let refused = derive(&deep(14_000), &SMALL, &Limits::default()).expect_err("refused");
    assert!(matches!(refused, Refused::Memory { .. }), "{refused}");
}

#[test]
fn files_that_end_too_soon_are_refused_and_said_to() {
    for written in ALL {
        let whole = sound(written);
        for length in [whole.len() / 3, whole.len() / 2, whole.len() * 9 / 10] {
            let refused = derive(&whole[..length], &SMALL, &Limits::default()).expect_err("refused");
            assert_eq!(refused, Refused::CutOff, "{written:?} of {length}: {refused}");
        }
    }
}

#[test]
fn damage_is_told() {
    let mut png = sound(Written::Png);
    let data = png.windows(4).position(|window| window == b"IDAT").expect("sound");
    png[data + 40] ^= 0xff;
    let refused = derive(&png, &SMALL, &Limits::default()).expect_err("refused").to_string();
    assert!(refused.starts_with("the PNG is damaged: `"), "{refused}");
    let refused = look(b"\xff\xd8\xff\xe0\0\x01").expect_err("refused").to_string();
    assert_eq!(refused, "the JPEG is damaged: a segment is shorter than its length");
    assert_eq!(
        look(b"\xff\xd8\xff\xd9").expect_err("refused").to_string(),
        "the JPEG is damaged: there is no frame before the first scan"
    );
}

/// A picture with all that must not be published, in each of the ways in which it is written.
fn telltale(written: Written) -> Vec<u8> {
    let exif = b"II*\0\x08\0\0\0\x01\0\x0f\x01\x02\0\x08\0\0\0\x1a\0\0\0\0\0\0\0TELLTALE".to_vec();
    let mut bytes = file(written, &scene(120, 80), &Beside { exif: Some(exif), profile: None });
    let segment = |marker: u8, body: &[u8]| {
        [&[0xff, marker], &u16::try_from(body.len() + 2).expect("small").to_be_bytes()[..], body].concat()
    };
    match written {
        Written::Jpeg => {
            let more = [
                segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0<x>TELLTALE</x>"),
                segment(0xed, b"Photoshop 3.0\08BIM\x04\x04\0\0\0\0\0\x0d\x1c\x02\x78\0\x08TELLTALE\0"),
                segment(0xfe, b"TELLTALE"),
            ];
            bytes.splice(2..2, more.concat());
            bytes.extend(b"TELLTALE, as phones append it");
        }
        Written::Png => {
            let more = [chunk(b"tEXt", b"Comment\0TELLTALE"), chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0TELLTALE")];
            bytes.splice(33..33, more.concat());
        }
        Written::WebP => bytes.extend(b"XMP \x08\0\0\0TELLTALE"),
    }
    bytes
}

#[test]
fn derivatives_hold_pixels_and_nothing_else() {
    let has = |bytes: &[u8], word: &[u8]| bytes.windows(word.len()).any(|window| window == word);
    for written in ALL {
        let bytes = telltale(written);
        assert!(has(&bytes, b"TELLTALE"), "{written:?}");
        // The size of the original too: nothing is passed through.
        for (width, height) in [(120, 80), (30, 20)] {
            for format in [Format::Jpeg { quality: 90 }, Format::WebP { quality: 90 }, Format::Png] {
                let made = derive(&bytes, &[Wanted { width, height, format }], &Limits::default()).expect("sound");
                let words: [&[u8]; 8] =
                    [b"TELLTALE", b"Exif", b"EXIF", b"eXIf", b"XMP", b"ns.adobe", b"Photoshop", b"ICC"];
                for word in words {
                    assert!(!has(&made[0], word), "{written:?} as {format:?} holds {}", String::from_utf8_lossy(word));
                }
            }
        }
    }
}

fn any_written() -> impl Strategy<Value = Written> {
    prop_oneof![Just(Written::Jpeg), Just(Written::Png), Just(Written::WebP)]
}

/// Everything, with whatever comes of it.
fn read(bytes: &[u8]) {
    assert_ne!(camera(bytes), Err(Refused::Panicked));
    assert_ne!(look(bytes), Err(Refused::Panicked));
    let limits = Limits { pixels: 1_000_000, memory: 64 << 20, ..Limits::default() };
    assert_ne!(derive(bytes, &SMALL, &limits), Err(Refused::Panicked));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn random_bytes_are_no_panic(
        magic in prop_oneof![
            Just(b"\xff\xd8\xff".as_slice()),
            Just(b"\xff\xd8\xff\xe1\0\x40Exif\0\0II*\0\x08\0\0\0".as_slice()),
            Just(b"\xff\xd8\xff\xed\0\x40Photoshop 3.0\08BIM\x04\x04\0\0".as_slice()),
            Just(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x08\0\0\0\x08\x08\x02\0\0\0".as_slice()),
            Just(b"GIF89a".as_slice()),
            Just(b"GIF89a\x08\0\x08\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x08\0\x08\0\0\x02".as_slice()),
            Just(b"RIFF\0\x01\0\0WEBPVP8L".as_slice()),
            Just(b"RIFF\0\x01\0\0WEBPVP8X\x0a\0\0\0\x3e\0\0\0\x07\0\0\x07\0\0".as_slice()),
            Just(b"".as_slice()),
        ],
        noise in proptest::collection::vec(any::<u8>(), 0..600),
    ) {
        read(&[magic, &noise].concat());
    }

    #[test]
    fn damaged_files_are_no_panic(
        written in any_written(),
        wounds in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in any::<prop::sample::Index>(),
        whole in any::<bool>(),
    ) {
        let mut bytes = sound(written);
        for (place, byte) in wounds {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if !whole {
            bytes.truncate(cut.index(bytes.len()));
        }
        read(&bytes);
    }

    #[test]
    fn damaged_headers_are_no_panic(written in any_written(), place in 0..700_usize, byte in any::<u8>()) {
        let mut bytes = sound(written);
        let place = place % bytes.len();
        bytes[place] = byte;
        read(&bytes);
    }
}
