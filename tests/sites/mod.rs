//! Whole sites written as one text.
//!
//! ```text
//! --- content/posts/a.md            a file, with the text up to the next line of this kind
//! --- content/gallery/x/1.png (png 3x2)      a picture of that size, or (jpg 3x2)
//! --- content/gallery/x/2.jpg (jpg 3x2 EOS 40D, 2008-06-12T17:40:00+10:00, A pier)
//!                                            one that tells camera, time, with an offset or none, and a description
//! --- content/posts/b.md (bytes ff fe)       a file of these bytes
//! --- static/link (link ../elsewhere)        a symbolic link
//! ```

use std::io::Cursor;
use std::path::Path;

use exif::experimental::Writer;
use exif::{Field, In, Rational, Tag, Value};
use genblog::files::{config, source};
use genblog::graph::site::Site;
use genblog::graph::{Choice, assemble};
use genblog::words::diagnostic::Diagnostic;
use image::ImageEncoder;
use tempfile::TempDir;

/// What a site has unless it says otherwise.
const CONFIG: &str = "base_url = \"https://example.org/blog/\"\ntitle = \"Notes\"\ntimezone = \"Europe/Berlin\"\n";

/// Puts the files of a site into a new folder.
pub(crate) fn folder(text: &str) -> TempDir {
    let root = tempfile::tempdir().expect("a temporary folder");
    if !text.contains("--- genblog.toml") {
        put(root.path(), "genblog.toml", CONFIG);
    }
    put_all(root.path(), text);
    root
}

/// Puts the files of a text into a folder.
pub(crate) fn put_all(root: &Path, text: &str) {
    let mut rest = text.strip_prefix("--- ").unwrap_or(text);
    while !rest.is_empty() {
        let (file, after) = rest.split_once("\n--- ").unwrap_or((rest, ""));
        let (header, body) = file.split_once('\n').unwrap_or((file, ""));
        // `--- (…)` is a word to the test that uses the site.
        if !header.starts_with('(') {
            put(root, header, body);
        }
        rest = after;
    }
}

fn put(root: &Path, header: &str, body: &str) {
    let (path, how) = header.split_once(" (").map_or((header, ""), |(path, how)| (path, how.trim_end_matches(')')));
    let file = root.join(path);
    std::fs::create_dir_all(file.parent().expect("a folder")).expect("writable");
    match how.split_once(' ') {
        Some((kind @ ("png" | "jpg"), size)) => {
            let (size, told) = size.split_once(' ').unwrap_or((size, ""));
            let (width, height) = size.split_once('x').expect("a size");
            let picture = image::RgbImage::new(width.parse().expect("a width"), height.parse().expect("a height"));
            let format = image::ImageFormat::from_extension(kind).expect("one that is known");
            match told.split(", ").collect::<Vec<_>>().as_slice() {
                [model, taken, words] => {
                    let mut bytes = Vec::new();
                    let mut encoder = image::codecs::jpeg::JpegEncoder::new(&mut bytes);
                    encoder.set_exif_metadata(exif(model, taken, words)).expect("EXIF fits");
                    picture.write_with_encoder(encoder).expect("encodes");
                    std::fs::write(&file, bytes).expect("writable");
                }
                _ => picture.save_with_format(&file, format).expect("writable"),
            }
        }
        Some(("bytes", bytes)) => {
            let bytes = bytes.split(' ').map(|byte| u8::from_str_radix(byte, 16).expect("a byte"));
            std::fs::write(&file, bytes.collect::<Vec<_>>()).expect("writable");
        }
        Some(("link", target)) => std::os::unix::fs::symlink(target, &file).expect("writable"),
        _ => std::fs::write(&file, body).expect("writable"),
    }
}

/// What a camera writes: its name, its clock, some words, and where it stood, which nobody is to learn.
fn exif(model: &str, taken: &str, words: &str) -> Vec<u8> {
    let ascii = |text: &str| Value::Ascii(vec![text.as_bytes().to_vec()]);
    let place = ["59", "20", "1"].map(|number| Rational { num: number.parse().expect("a number"), denom: 1 });
    let mut fields = vec![(Tag::Model, ascii(model)), (Tag::ImageDescription, ascii(words))];
    fields.extend([(Tag::GPSLatitudeRef, ascii("N")), (Tag::GPSLatitude, Value::Rational(place.to_vec()))]);
    if let Some(local) = taken.get(..19) {
        fields.push((Tag::DateTimeOriginal, ascii(&local.replace('-', ":").replace('T', " "))));
        fields.extend((taken.len() > 19).then(|| (Tag::OffsetTimeOriginal, ascii(&taken[19..]))));
    }
    let fields: Vec<Field> =
        fields.into_iter().map(|(tag, value)| Field { tag, ifd_num: In::PRIMARY, value }).collect();
    let mut writer = Writer::new();
    fields.iter().for_each(|field| writer.push_field(field));
    let mut bytes = Cursor::new(Vec::new());
    writer.write(&mut bytes, false).expect("encodes");
    bytes.into_inner()
}

/// The site in a folder, at a moment that is the same for all tests: 2026-12-01.
pub(crate) fn site(root: &Path) -> (Option<Site>, Vec<Diagnostic>) {
    let (config, mut diagnostics) = config::read(root, None, &config::Overrides::default());
    let Some(config) = config else { return (None, diagnostics) };
    let (source, problems) = source::read(root);
    diagnostics.extend(problems);
    let now = "2026-12-01T00:00:00Z".parse().expect("a moment");
    let (site, problems) = assemble(config, &source, &Choice { now, drafts: false, future: false, expired: false });
    diagnostics.extend(problems);
    (Some(site), diagnostics)
}
