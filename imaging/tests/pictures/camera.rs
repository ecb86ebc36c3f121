//! What cameras write, and what is told of it.

use chrono::{FixedOffset, NaiveDate};
use exif::experimental::Writer;
use exif::{Field, In, Rational, Tag, Value};
use imaging::{Camera, Ratio, Taken, camera};

use crate::common::{Beside, Written, file, plain};

fn field(tag: Tag, value: Value) -> Field {
    Field { tag, ifd_num: In::PRIMARY, value }
}

fn ascii(text: &str) -> Value {
    Value::Ascii(text.split('\0').map(|part| part.as_bytes().to_vec()).collect())
}

fn rational(num: u32, denom: u32) -> Value {
    Value::Rational(vec![Rational { num, denom }])
}

fn block(fields: &[Field]) -> Vec<u8> {
    let mut writer = Writer::new();
    fields.iter().for_each(|field| writer.push_field(field));
    let mut bytes = std::io::Cursor::new(Vec::new());
    writer.write(&mut bytes, false).expect("encodes");
    bytes.into_inner()
}

fn of(fields: &[Field]) -> Camera {
    let beside = Beside { exif: Some(block(fields)), profile: None };
    let told = camera(&file(Written::Jpeg, &plain(8, 8, [1, 2, 3]), &beside)).expect("a picture");
    for written in [Written::Png, Written::WebP] {
        assert_eq!(camera(&file(written, &plain(8, 8, [1, 2, 3]), &beside)).as_ref(), Ok(&told), "{written:?}");
    }
    told
}

/// What a camera of 2024 writes, the place and the numbers of its parts too.
fn full() -> Vec<Field> {
    vec![
        field(Tag::Make, ascii("NIKON CORPORATION")),
        field(Tag::Model, ascii("NIKON Z 8  ")),
        field(Tag::LensModel, ascii("NIKKOR Z 24-120mm f/4 S")),
        field(Tag::DateTimeOriginal, ascii("2024:05:17 19:03:21")),
        field(Tag::SubSecTimeOriginal, ascii("25")),
        field(Tag::OffsetTimeOriginal, ascii("+02:00")),
        field(Tag::ExposureTime, rational(10, 2_500)),
        field(Tag::FNumber, rational(56, 10)),
        field(Tag::PhotographicSensitivity, Value::Short(vec![400])),
        field(Tag::FocalLength, rational(500, 10)),
        field(Tag::FocalLengthIn35mmFilm, Value::Short(vec![50])),
        field(Tag::Orientation, Value::Short(vec![6])),
        field(Tag::ImageDescription, ascii("A pier, early")),
        field(Tag::Copyright, ascii("Ada\0Grace")),
        field(Tag::Artist, ascii("Ada")),
        field(Tag::BodySerialNumber, ascii("SERIAL-1")),
        field(Tag::LensSerialNumber, ascii("SERIAL-2")),
        field(Tag::CameraOwnerName, ascii("SERIAL-3")),
        field(Tag::ImageUniqueID, ascii("SERIAL-4")),
        field(Tag::GPSLatitudeRef, ascii("N")),
        field(Tag::GPSLatitude, Value::Rational([59, 20, 6].map(|num| Rational { num, denom: 1 }).to_vec())),
        field(Tag::GPSAreaInformation, Value::Undefined(b"SERIAL-5".to_vec(), 0)),
    ]
}

#[test]
fn a_camera_tells_all_that_a_page_may_show() {
    let expected = Camera {
        taken: Some(Taken {
            local: NaiveDate::from_ymd_opt(2024, 5, 17)
                .expect("a day")
                .and_hms_milli_opt(19, 3, 21, 250)
                .expect("a time"),
            offset: FixedOffset::east_opt(7_200),
        }),
        make: Some("NIKON CORPORATION".to_owned()),
        model: Some("NIKON Z 8".to_owned()),
        lens: Some("NIKKOR Z 24-120mm f/4 S".to_owned()),
        exposure: Ratio::new(10, 2_500),
        aperture: Ratio::new(56, 10),
        sensitivity: Some(400),
        focal_length: Ratio::new(500, 10),
        focal_length_35: Some(50),
        title: None,
        description: Some("A pier, early".to_owned()),
        copyright: Some("Ada, Grace".to_owned()),
        artist: Some("Ada".to_owned()),
        alt: None,
    };
    assert_eq!(of(&full()), expected);
}

#[test]
fn the_place_and_serial_numbers_are_not_told() {
    let told = format!("{:?}", of(&full()));
    assert!(!told.contains("SERIAL") && !told.contains("59"), "{told}");
}

#[test]
fn what_makes_no_sense_is_left_out() {
    for (tag, value) in [
        (Tag::DateTimeOriginal, ascii("0000:00:00 00:00:00")),
        (Tag::DateTimeOriginal, ascii("2023:02:30 10:00:00")),
        (Tag::DateTimeOriginal, ascii("    :  :     :  :  ")),
        (Tag::DateTimeOriginal, ascii("yesterday")),
        (Tag::ExposureTime, rational(1, 0)),
        (Tag::FNumber, rational(0, 1)),
        (Tag::PhotographicSensitivity, Value::Short(vec![0])),
        (Tag::Orientation, Value::Short(vec![9])),
        (Tag::LensModel, ascii("----")),
        (Tag::Make, ascii("   ")),
        (Tag::ImageDescription, ascii("OLYMPUS DIGITAL CAMERA         ")),
        (Tag::ImageDescription, ascii("DCIM\\100MEDIA\\DJI_0001.JPG")),
    ] {
        let shown = format!("{value:?}");
        assert_eq!(of(&[field(tag, value)]), Camera::default(), "{tag} {shown}");
    }
}

#[test]
fn a_time_without_fraction_or_offset_is_a_time() {
    let told = of(&[
        field(Tag::DateTimeDigitized, ascii("1999:12:31 23:59:59")),
        field(Tag::OffsetTimeDigitized, ascii("Z")),
        field(Tag::SubSecTimeDigitized, ascii("x")),
    ]);
    let local = NaiveDate::from_ymd_opt(1999, 12, 31).expect("a day").and_hms_opt(23, 59, 59).expect("a time");
    assert_eq!(told.taken, Some(Taken { local, offset: None }));
}

#[test]
fn a_persons_words_come_before_a_cameras() {
    let segment = |marker: u8, body: &[u8]| {
        [&[0xff, marker], &u16::try_from(body.len() + 2).expect("small").to_be_bytes()[..], body].concat()
    };
    let xmp = r#"<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
        <rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title><rdf:Alt><rdf:li xml:lang="x-default">By XMP
        </rdf:li></rdf:Alt></dc:title></rdf:Description></rdf:RDF></x:xmpmeta>"#;
    let iptc = b"Photoshop 3.0\08BIM\x04\x04\0\0\0\0\0\x1b\x1c\x02\x05\0\x04IPTC\x1c\x02\x78\0\x0dBy IPTC-IIM 4\0";
    let mut bytes = file(Written::Jpeg, &plain(8, 8, [1, 2, 3]), &Beside { exif: Some(block(&full())), profile: None });
    bytes.splice(
        2..2,
        [segment(0xe1, &[b"http://ns.adobe.com/xap/1.0/\0", xmp.as_bytes()].concat()), segment(0xed, iptc)].concat(),
    );
    let told = camera(&bytes).expect("a picture");
    assert_eq!(told.title.as_deref(), Some("By XMP"));
    assert_eq!(told.description.as_deref(), Some("By IPTC-IIM 4"));
    assert_eq!(told.copyright.as_deref(), Some("Ada, Grace"));
    assert_eq!(told.sensitivity, Some(400));
}

#[test]
fn what_is_no_picture_tells_nothing() {
    for bytes in [b"".as_slice(), b"hello", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"] {
        assert!(camera(bytes).is_err());
    }
}
