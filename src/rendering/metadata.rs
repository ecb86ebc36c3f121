//! Pictures beside a text are published without what cameras and programs wrote into them: places, names, serial numbers,
//! comments, thumbnails of what was cut away.
//!
//! The pixels are not touched. What decides how they look stays: the colour profile, and the orientation, in an EXIF block that
//! says nothing else.

use std::io::Cursor;

use image::{ImageDecoder, ImageReader};

use crate::rendering::boxes;
use crate::words::media_type::ending;

/// The file of that name without metadata, or `None` when its structure is damaged.
///
/// Files whose names are not those of pictures keep their bytes.
#[must_use]
pub fn without_metadata(path: &str, bytes: Vec<u8>) -> Option<Vec<u8>> {
    if !has_metadata(path) {
        return Some(bytes);
    }
    // Browsers go by the first bytes too, whatever a file is called.
    match bytes.as_slice() {
        jpeg if jpeg.starts_with(JPEG) => without_metadata_in_jpeg(&bytes),
        png if png.starts_with(PNG) => without_metadata_in_png(&bytes),
        webp if webp.starts_with(b"RIFF") => without_metadata_in_webp(&bytes),
        gif if gif.starts_with(b"GIF8") => without_metadata_in_gif(&bytes),
        boxed if boxed.get(4..8) == Some(b"ftyp") => boxes::without_metadata(bytes),
        _ => None,
    }
}

/// Whether a file of that name may hold any.
#[must_use]
pub fn has_metadata(path: &str) -> bool {
    const ENDINGS: [&str; 13] =
        ["jpg", "jpeg", "jpe", "jfif", "png", "apng", "webp", "gif", "avif", "avifs", "heic", "heif", "hif"];
    ENDINGS.contains(&&*ending(path))
}

/// SOI, and the first byte of the marker that follows (ITU T.81, B.1.1.3).
const JPEG: &[u8] = &[0xff, 0xd8, 0xff];

/// The signature (PNG specification, 5.2).
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

const END_OF_IMAGE: u8 = 0xd9;
const START_OF_SCAN: u8 = 0xda;
const APP0: u8 = 0xe0;
const APP1: u8 = 0xe1;
const APP2: u8 = 0xe2;
const APP14: u8 = 0xee;
const APP15: u8 = 0xef;
const COMMENT: u8 = 0xfe;

/// Copies the segments that matter, up to the end of the image: what phones append (videos, other sizes) stays behind.
fn without_metadata_in_jpeg(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut kept = bytes[..2].to_vec();
    let mut oriented = exif(bytes).map(|exif| {
        let body = [b"Exif\0\0", exif.as_slice()].concat();
        let length = u16::try_from(body.len() + 2).expect("one tag is short");
        [&[0xff, APP1], length.to_be_bytes().as_slice(), &body].concat()
    });
    let mut rest = &bytes[2..];
    loop {
        // Any number of fill bytes may stand before a marker (ITU T.81, B.1.1.2).
        let fill = rest.iter().take_while(|&&byte| byte == 0xff).count();
        let &marker = rest.get(fill).filter(|_| fill > 0)?;
        rest = &rest[fill + 1..];
        if marker == END_OF_IMAGE {
            kept.extend([0xff, marker]);
            return Some(kept);
        }
        let length = usize::from(u16::from_be_bytes(*rest.first_chunk()?));
        let (segment, after) = rest.split_at_checked(length)?;
        let body = segment.get(2..)?;
        let wanted = match marker {
            APP0 => body.starts_with(b"JFIF\0"),
            APP2 => body.starts_with(b"ICC_PROFILE\0"),
            // Adobe's says how the colours are coded.
            APP14 => body.starts_with(b"Adobe") && body.len() <= 12,
            APP1..=APP15 | COMMENT => false,
            _ => true,
        };
        if marker != APP0 {
            // EXIF comes before everything but JFIF.
            kept.extend(oriented.take().unwrap_or_default());
        }
        if wanted {
            let segment = if marker == APP0 { without_thumbnail(segment)? } else { segment.to_vec() };
            kept.extend([0xff, marker]);
            kept.extend(segment);
        }
        rest = after;
        if marker == START_OF_SCAN {
            let end = scan_end(rest);
            kept.extend(&rest[..end]);
            rest = &rest[end..];
            if rest.is_empty() {
                // A file that ends too soon is shown as far as it goes.
                return Some(kept);
            }
        }
    }
}

/// JFIF's own segment, of 16 bytes with its length, without the small picture that may follow (JFIF 1.02, page 5).
fn without_thumbnail(segment: &[u8]) -> Option<Vec<u8>> {
    let told = segment.get(2..14)?;
    Some([&[0, 16], told, &[0, 0]].concat())
}

/// Where the marker is that ends a scan's data: not a stuffed zero, and not a restart (ITU T.81, B.1.1.5).
fn scan_end(data: &[u8]) -> usize {
    let ends = |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0 | 0xd0..=0xd7 | 0xff);
    data.windows(2).position(ends).unwrap_or(data.len())
}

/// Chunks that decide how a PNG looks, and those of its further frames (PNG specification, 11.2 and 11.3).
const SEEN: [&[u8; 4]; 19] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"mDCV",
    b"cLLI", b"bKGD", b"pHYs", b"sPLT", b"acTL", b"fcTL", b"fdAT",
];

/// Copies the chunks that decide how the picture looks: texts, times and EXIF stay behind, and what programs add of their own.
fn without_metadata_in_png(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut kept = PNG.to_vec();
    let mut oriented = exif(bytes);
    let mut rest = &bytes[PNG.len()..];
    while !rest.is_empty() {
        let length = usize::try_from(u32::from_be_bytes(*rest.first_chunk()?)).ok()?;
        // Length, type, data, check.
        let (chunk, after) = rest.split_at_checked(length.checked_add(12)?)?;
        let kind = &chunk[4..8];
        if SEEN.iter().any(|seen| seen.as_slice() == kind) {
            kept.extend(chunk);
        }
        if kind == b"IHDR"
            && let Some(exif) = oriented.take()
        {
            kept.extend(png_chunk(*b"eXIf", &exif));
        }
        if kind == b"IEND" {
            break;
        }
        rest = after;
    }
    Some(kept)
}

fn png_chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).expect("one tag is short");
    let checked = [&kind, data].concat();
    [&length.to_be_bytes(), checked.as_slice(), &crc(&checked).to_be_bytes()].concat()
}

/// CRC-32 as PNG has it (PNG specification, annex D).
fn crc(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), step))
}

/// Copies the chunks that decide how a picture looks, up to the end that the file tells, and has the header say that there are no
/// others (WebP container specification, RFC 9649, 2.7).
fn without_metadata_in_webp(bytes: &[u8]) -> Option<Vec<u8>> {
    const EXIF: u8 = 0x08;
    const EXIF_AND_XMP: u8 = 0x0c;
    let oriented = exif(bytes);
    let end = usize::try_from(u32::from_le_bytes(*bytes.get(4..)?.first_chunk()?)).ok()?.checked_add(8)?;
    let mut chunks = Vec::with_capacity(bytes.len());
    let mut rest = bytes.get(12..end.min(bytes.len()))?;
    while !rest.is_empty() {
        let length = usize::try_from(u32::from_le_bytes(*rest.get(4..)?.first_chunk()?)).ok()?;
        let padded = length.checked_add(length % 2 + 8)?;
        let (chunk, after) = rest.split_at_checked(padded.min(rest.len()))?;
        match &chunk[..4] {
            b"VP8X" => {
                let at = chunks.len() + 8;
                chunks.extend(chunk);
                *chunks.get_mut(at)? &= !EXIF_AND_XMP;
                *chunks.get_mut(at)? |= if oriented.is_some() { EXIF } else { 0 };
            }
            b"ICCP" | b"ANIM" | b"ANMF" | b"ALPH" | b"VP8 " | b"VP8L" => chunks.extend(chunk),
            _ => {}
        }
        rest = after;
    }
    if let Some(exif) = oriented {
        let length = u32::try_from(exif.len()).expect("one tag is short");
        chunks.extend([b"EXIF", length.to_le_bytes().as_slice(), &exif].concat());
    }
    let length = u32::try_from(chunks.len() + 4).ok()?;
    Some([b"RIFF", length.to_le_bytes().as_slice(), b"WEBP", &chunks].concat())
}

/// Copies all blocks but comments and what programs add of their own; what tells how often a film runs, and colours, stay (Graphics
/// Interchange Format, version 89a, 23 to 26).
fn without_metadata_in_gif(bytes: &[u8]) -> Option<Vec<u8>> {
    const KEPT: [&[u8]; 3] = [b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012"];
    let table = |packed: u8| if packed & 0x80 == 0 { 0 } else { 3 << ((packed & 7) + 1) };
    let (head, mut rest) = bytes.split_at_checked(13 + table(*bytes.get(10)?))?;
    let mut kept = head.to_vec();
    loop {
        let ahead = match rest.first() {
            // A file that ends too soon is shown as far as it goes.
            None => return Some(kept),
            // What follows the end is nobody's.
            Some(0x3b) => {
                kept.push(0x3b);
                return Some(kept);
            }
            Some(0x2c) => 11 + table(rest.get(9).copied().unwrap_or_default()),
            Some(0x21) => 2,
            Some(_) => return None,
        };
        let end = ahead + blocks(rest.get(ahead..).unwrap_or_default());
        let (block, after) = rest.split_at(end.min(rest.len()));
        let is_kept = match block {
            [0x21, 0xfe, ..] => false,
            [0x21, 0xff, _, name @ ..] => KEPT.iter().any(|kept| name.starts_with(kept)),
            _ => true,
        };
        if is_kept {
            kept.extend(block);
        }
        rest = after;
    }
}

/// How long a chain of data blocks is, with the empty one at its end, if it is there.
fn blocks(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(&length) = bytes.get(at) {
        at += usize::from(length) + 1;
        if length == 0 {
            break;
        }
    }
    at.min(bytes.len())
}

/// An EXIF block with the picture's orientation and nothing else; `None` when it stands upright.
///
/// A TIFF header, one directory with one tag, and no directory after it (CIPA DC-008, 4.6).
fn exif(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut decoder = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?.into_decoder().ok()?;
    let orientation = decoder.orientation().ok()?.to_exif();
    let tag = [0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0];
    (orientation != 1).then(|| [b"II*\0\x08\0\0\0\x01\0", tag.as_slice(), &[0; 4]].concat())
}

#[cfg(test)]
mod tests {
    use image::codecs::jpeg::JpegEncoder;
    use image::codecs::png::PngEncoder;
    use image::metadata::Orientation;
    use image::{DynamicImage, ExtendedColorType, ImageEncoder};
    use proptest::prelude::{any, proptest};

    use super::*;

    /// Orientation 6 and a maker called `SECRET`.
    const EXIF: &[u8] = b"II*\0\x08\0\0\0\x02\0\x0f\x01\x02\0\x07\0\0\0\x26\0\0\0\
        \x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0SECRET\0";

    /// A picture of stripes with EXIF and a profile.
    fn encoded(path: &str) -> Vec<u8> {
        let stripes: Vec<u8> = (0..40 * 30 * 3).map(|at| u8::try_from(at * 7 % 251).expect("less than 251")).collect();
        let mut bytes = Vec::new();
        match path {
            "a.jpg" => {
                let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 90);
                encoder.set_exif_metadata(EXIF.to_vec()).expect("EXIF fits");
                encoder.set_icc_profile(b"a profile".to_vec()).expect("a profile fits");
                encoder.write_image(&stripes, 40, 30, ExtendedColorType::Rgb8).expect("encodes");
            }
            _ => {
                let mut encoder = PngEncoder::new(&mut bytes);
                encoder.set_exif_metadata(EXIF.to_vec()).expect("EXIF fits");
                encoder.set_icc_profile(b"a profile".to_vec()).expect("a profile fits");
                encoder.write_image(&stripes, 40, 30, ExtendedColorType::Rgb8).expect("encodes");
            }
        }
        bytes
    }

    fn has(bytes: &[u8], word: &[u8]) -> bool {
        bytes.windows(word.len()).any(|window| window == word)
    }

    /// Pixels, orientation and profile.
    fn seen(bytes: &[u8]) -> (Vec<u8>, Orientation, Option<Vec<u8>>) {
        let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().expect("memory");
        let mut decoder = reader.into_decoder().expect("sound");
        let (orientation, profile) = (decoder.orientation().expect("sound"), decoder.icc_profile().expect("sound"));
        (DynamicImage::from_decoder(decoder).expect("sound").into_bytes(), orientation, profile)
    }

    #[test]
    fn pictures_look_the_same_and_say_nothing() {
        for path in ["a.jpg", "a.png"] {
            let mut original = encoded(path);
            assert!(has(&original, b"SECRET"), "{path}");
            original.extend(b"SECRET, as phones append it");
            let cleaned = without_metadata(path, original.clone()).expect("sound");
            assert!(!has(&cleaned, b"SECRET"), "{path}");
            assert_eq!(seen(&cleaned), seen(&original), "{path}");
            assert_eq!(seen(&cleaned).1, Orientation::Rotate90, "{path}");
            assert_eq!(without_metadata(path, cleaned.clone()), Some(cleaned), "{path}");
        }
    }

    #[test]
    fn webp_loses_its_chunks_and_their_bits() {
        let webp = b"RIFF\x2a\0\0\0WEBPVP8X\x0a\0\0\0\x1c\0\0\0\0\0\0\0\0\0EXIF\x03\0\0\0abc\0XMP \0\0\0\0";
        let expected = b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\x10\0\0\0\0\0\0\0\0\0";
        assert_eq!(without_metadata("a.webp", webp.to_vec()).as_deref(), Some(expected.as_slice()));
    }

    /// Chunks that no list knows go, and so does what follows the end that the file tells.
    #[test]
    fn webp_keeps_what_it_needs_and_no_more() {
        let chunks: [&[u8]; 4] =
            [b"RIFF\x18\0\0\0WEBP", b"VP8L\x02\0\0\0ab", b"\0xyz\x01\0\0\0c\0", b"SECRET, as phones append it"];
        let cleaned = without_metadata("a.webp", chunks.concat());
        assert_eq!(cleaned.as_deref(), Some(b"RIFF\x0e\0\0\0WEBPVP8L\x02\0\0\0ab".as_slice()));
    }

    #[test]
    fn a_turned_webp_stays_turned() {
        let mut bytes = Vec::new();
        let mut encoder = image::codecs::webp::WebPEncoder::new_lossless(&mut bytes);
        encoder.set_exif_metadata(EXIF.to_vec()).expect("EXIF fits");
        encoder.write_image(&[9; 40 * 30 * 3], 40, 30, ExtendedColorType::Rgb8).expect("encodes");
        let cleaned = without_metadata("a.webp", bytes.clone()).expect("sound");
        assert!(has(&bytes, b"SECRET") && !has(&cleaned, b"SECRET"));
        assert_eq!(seen(&cleaned), seen(&bytes));
        assert_eq!(seen(&cleaned).1, Orientation::Rotate90);
    }

    #[test]
    fn the_first_bytes_say_what_a_picture_is() {
        let cleaned = without_metadata("a.webp", encoded("a.jpg")).expect("sound");
        assert!(cleaned.starts_with(JPEG) && !has(&cleaned, b"SECRET"));
        assert_eq!(without_metadata("a.jpg", b"no picture".to_vec()), None);
    }

    #[test]
    fn other_files_keep_their_bytes() {
        assert_eq!(without_metadata("a.svg", b"<svg/>".to_vec()).as_deref(), Some(b"<svg/>".as_slice()));
    }

    #[test]
    fn a_gif_loses_comments_and_packets_and_goes_on_running() {
        let gif = |more: &[u8]| {
            let head = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0";
            [head, more, b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x3b"].concat()
        };
        let told = b"\x21\xfe\x06SECRET\0\x21\xff\x0bXMP DataXMP\x06SECRET\0";
        let bytes = [gif(told), b"SECRET".to_vec()].concat();
        assert_eq!(without_metadata("a.gif", bytes), Some(gif(b"")));
        let cut = gif(b"")[..40].to_vec();
        assert_eq!(without_metadata("a.gif", cut.clone()), Some(cut));
    }

    #[test]
    fn a_thumbnail_of_jfif_stays_behind() {
        let mut bytes = encoded("a.jpg");
        let at = bytes.windows(5).position(|window| window == b"JFIF\0").expect("it is there");
        // One pixel more than none.
        bytes[at + 12..at + 14].copy_from_slice(&[1, 1]);
        bytes[at - 1] += 3;
        bytes.splice(at + 14..at + 14, *b"PIX");
        let cleaned = without_metadata("a.jpg", bytes.clone()).expect("sound");
        assert!(has(&bytes, b"PIX") && !has(&cleaned, b"PIX"));
        assert_eq!(seen(&cleaned), seen(&bytes));
    }

    proptest! {
        #[test]
        fn damage_is_no_panic(at in 0..400_usize, byte in any::<u8>(), length in 0..2000_usize, png in any::<bool>()) {
            let path = if png { "a.png" } else { "a.jpg" };
            let mut bytes = encoded(path);
            let at = at % bytes.len();
            bytes[at] = byte;
            bytes.truncate(length);
            let _ = without_metadata(path, bytes);
        }
    }
}
