//! A site with an album, in a folder of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::SystemTime;

use image::codecs::jpeg::JpegEncoder;
use tempfile::TempDir;

/// A site's folder.
pub(crate) struct Site(TempDir);

/// Files by their paths.
pub(crate) type Files<T> = BTreeMap<String, T>;

impl Site {
    /// A site with nothing on it.
    pub(crate) fn new() -> Self {
        let site = Self(tempfile::tempdir().expect("a temporary folder"));
        let config = "base_url = \"https://example.org/\"\ntitle = \"Notes\"\ntimezone = \"Asia/Tokyo\"\n";
        site.put("genblog.toml", config);
        fs::create_dir(site.path("content")).expect("writable");
        site
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    pub(crate) fn put(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let file = self.path(path);
        fs::create_dir_all(file.parent().expect("a folder")).expect("writable");
        fs::write(file, bytes).expect("writable");
    }

    /// Puts photographs of that size into an album, and describes them.
    pub(crate) fn album(&self, photographs: u32, size: (u32, u32)) {
        let mut index = "+++\ntitle = \"Walk\"\n".to_owned();
        for number in 0..photographs {
            self.put(&format!("content/gallery/walk/{number:02}.jpg"), photograph(number, size));
            index.push_str(&format!("[[photos]]\nfile = \"{number:02}.jpg\"\nalt = \"Tree {number}\"\n"));
        }
        self.put("content/gallery/walk/index.md", index + "+++\n");
    }

    /// `genblog build`, with these arguments more.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_genblog"));
        command.arg("build").args(arguments).current_dir(self.0.path()).env("SOURCE_DATE_EPOCH", "1796000000");
        command
    }

    /// Builds, and gives what was said; it must end with `code`.
    #[track_caller]
    pub(crate) fn build(&self, code: i32) -> String {
        let Output { status, stdout, stderr } = self.command(&[]).output().expect("genblog runs");
        let said = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        assert_eq!(status.code(), Some(code), "{said}");
        said
    }

    /// Every file below a folder.
    pub(crate) fn files(&self, folder: &str) -> Files<Vec<u8>> {
        files(&self.path(folder), |file| fs::read(file).expect("readable"))
    }

    /// Every file below a folder, with when it was written: another time when it was written again.
    pub(crate) fn times(&self, folder: &str) -> Files<SystemTime> {
        files(&self.path(folder), |file| file.metadata().and_then(|file| file.modified()).expect("a time"))
    }

    /// The site's sources as another site, where nothing is remembered.
    pub(crate) fn copied(&self) -> Self {
        let copy = Self::new();
        copy.put("genblog.toml", fs::read(self.path("genblog.toml")).expect("there"));
        for folder in ["content", "static", "templates"] {
            for (path, bytes) in self.files(folder) {
                copy.put(&format!("{folder}/{path}"), bytes);
            }
        }
        copy
    }

    /// What a build from nothing writes.
    pub(crate) fn clean_build(&self) -> Files<Vec<u8>> {
        let copy = self.copied();
        copy.build(0);
        copy.files("public")
    }
}

fn files<T>(folder: &Path, what: impl Fn(&Path) -> T) -> Files<T> {
    let entries = walkdir::WalkDir::new(folder).into_iter().filter_map(Result::ok);
    let file = |entry: walkdir::DirEntry| {
        let path = entry.path().strip_prefix(folder).expect("inside").to_str().expect("UTF-8").to_owned();
        (path, what(entry.path()))
    };
    entries.filter(|entry| entry.file_type().is_file()).map(file).collect()
}

/// Fails with the paths at which two folders differ.
#[track_caller]
pub(crate) fn assert_same<T: PartialEq>(has: &Files<T>, expected: &Files<T>) {
    let paths: BTreeSet<&String> = has.keys().chain(expected.keys()).collect();
    let different: Vec<&&String> = paths.iter().filter(|path| has.get(**path) != expected.get(**path)).collect();
    assert!(different.is_empty(), "these differ: {different:?}");
}

/// A JPEG that differs from those of other numbers and is hard to compress.
pub(crate) fn photograph(number: u32, (width, height): (u32, u32)) -> Vec<u8> {
    let mut random = number.wrapping_mul(0x9e37_79b9) | 1;
    let picture = image::RgbImage::from_fn(width, height, |x, y| {
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        let [grain, ..] = random.to_le_bytes();
        let shade = |of: u32| u8::try_from(of % 192).expect("below 192") + grain % 64;
        image::Rgb([shade(x / 3 + number), shade(y / 3), shade((x + y) / 7)])
    });
    let mut bytes = Vec::new();
    picture.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 85)).expect("memory");
    bytes
}
