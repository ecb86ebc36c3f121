//! EXIF, which cameras write (CIPA DC-008).

use chrono::{FixedOffset, NaiveDate};
use exif::{DateTime, Exif, In, Reader, Tag, Value};

use super::{Camera, Ratio, Taken, text};

/// What cameras write where a person's words belong, unless told otherwise; the whole text or its beginning.
const FILLERS: [&str; 8] = [
    "OLYMPUS DIGITAL CAMERA",
    "SONY DSC",
    "MINOLTA DIGITAL CAMERA",
    "KONICA MINOLTA",
    "SAMSUNG",
    "DCIM\\",
    "Exif_JPEG",
    "default",
];

/// `PhotographicSensitivity` of a camera whose number does not fit it (CIPA DC-008, 4.6.6.7).
const TOO_SENSITIVE: u32 = 65_535;

/// What of a TIFF structure can be read.
fn parsed(block: Vec<u8>) -> Option<Exif> {
    let exif = Reader::new().continue_on_error(true).read_raw(block);
    exif.or_else(|error| error.distill_partial_result(drop)).ok()
}

/// Whether a TIFF structure tells coordinates.
pub(super) fn tells_place(block: Vec<u8>) -> bool {
    let tells = |exif: Exif| [Tag::GPSLatitude, Tag::GPSLongitude].into_iter().any(|tag| value(&exif, tag).is_some());
    parsed(block).is_some_and(tells)
}

/// Reads a TIFF structure. What is damaged in it is left out.
pub(super) fn read(block: Vec<u8>) -> Camera {
    let Some(exif) = parsed(block) else { return Camera::default() };
    Camera {
        taken: taken(&exif, [Tag::DateTimeOriginal, Tag::SubSecTimeOriginal, Tag::OffsetTimeOriginal])
            .or_else(|| taken(&exif, [Tag::DateTimeDigitized, Tag::SubSecTimeDigitized, Tag::OffsetTimeDigitized])),
        make: words(&exif, Tag::Make),
        model: words(&exif, Tag::Model),
        lens: words(&exif, Tag::LensModel).filter(|lens| lens.chars().any(char::is_alphanumeric)),
        exposure: ratio(&exif, Tag::ExposureTime),
        aperture: ratio(&exif, Tag::FNumber),
        sensitivity: sensitivity(&exif),
        focal_length: ratio(&exif, Tag::FocalLength),
        focal_length_35: number(&exif, Tag::FocalLengthIn35mmFilm),
        title: None,
        description: words(&exif, Tag::ImageDescription)
            .filter(|words| !FILLERS.iter().any(|filler| words.starts_with(filler))),
        copyright: words(&exif, Tag::Copyright),
        artist: words(&exif, Tag::Artist),
        alt: None,
    }
}

fn value(exif: &Exif, tag: Tag) -> Option<&Value> {
    exif.get_field(tag, In::PRIMARY).map(|field| &field.value)
}

/// The parts of a text: `Copyright` has two, the photographer's and the editor's.
fn parts(exif: &Exif, tag: Tag) -> &[Vec<u8>] {
    match value(exif, tag) {
        Some(Value::Ascii(parts)) => parts,
        _ => &[],
    }
}

fn words(exif: &Exif, tag: Tag) -> Option<String> {
    let words: Vec<String> = parts(exif, tag).iter().filter_map(|part| text(part)).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

fn number(exif: &Exif, tag: Tag) -> Option<u32> {
    value(exif, tag)?.get_uint(0).filter(|&number| number > 0)
}

fn ratio(exif: &Exif, tag: Tag) -> Option<Ratio> {
    match value(exif, tag)? {
        Value::Rational(ratios) => ratios.first().and_then(|ratio| Ratio::new(ratio.num, ratio.denom)),
        _ => None,
    }
}

fn sensitivity(exif: &Exif) -> Option<u32> {
    match number(exif, Tag::PhotographicSensitivity)? {
        TOO_SENSITIVE => [Tag::ISOSpeed, Tag::RecommendedExposureIndex].iter().find_map(|&tag| number(exif, tag)),
        sensitivity => Some(sensitivity),
    }
}

/// The time at a tag, with its fraction and offset. A clock that was never set shows zeros.
fn taken(exif: &Exif, [time, fraction, offset]: [Tag; 3]) -> Option<Taken> {
    let mut read = DateTime::from_ascii(parts(exif, time).first()?).ok()?;
    // A fraction or an offset that makes no sense is left out.
    if let Some(fraction) = parts(exif, fraction).first() {
        let _ = read.parse_subsec(fraction);
    }
    if let Some(offset) = parts(exif, offset).first() {
        let _ = read.parse_offset(offset);
    }
    let local = NaiveDate::from_ymd_opt(read.year.into(), read.month.into(), read.day.into())?.and_hms_nano_opt(
        read.hour.into(),
        read.minute.into(),
        read.second.into(),
        read.nanosecond.unwrap_or(0),
    )?;
    let offset = read.offset.and_then(|minutes| FixedOffset::east_opt(i32::from(minutes) * 60));
    (read.year > 0).then_some(Taken { local, offset })
}
