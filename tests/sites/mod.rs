//! Whole sites written as one text.
//!
//! ```text
//! --- content/posts/a.md            a file, with the text up to the next line of this kind
//! --- content/gallery/x/1.png (png 3x2)      a picture of that size, or (jpg 3x2)
//! --- content/posts/b.md (bytes ff fe)       a file of these bytes
//! --- static/link (link ../elsewhere)        a symbolic link
//! ```

use std::path::Path;

use genblog::files::{config, source};
use genblog::graph::site::Site;
use genblog::graph::{Choice, assemble};
use genblog::words::diagnostic::Diagnostic;
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
            let (width, height) = size.split_once('x').expect("a size");
            let picture = image::RgbImage::new(width.parse().expect("a width"), height.parse().expect("a height"));
            let format = image::ImageFormat::from_extension(kind).expect("one that is known");
            picture.save_with_format(&file, format).expect("writable");
        }
        Some(("bytes", bytes)) => {
            let bytes = bytes.split(' ').map(|byte| u8::from_str_radix(byte, 16).expect("a byte"));
            std::fs::write(&file, bytes.collect::<Vec<_>>()).expect("writable");
        }
        Some(("link", target)) => std::os::unix::fs::symlink(target, &file).expect("writable"),
        _ => std::fs::write(&file, body).expect("writable"),
    }
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
