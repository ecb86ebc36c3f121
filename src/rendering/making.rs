//! The sizes of photographs are made: [`Work`], one for each picture, of one decoding.

use std::fs;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use imaging::{Gate, Limits, Refused, Wanted};

use crate::files::artifact::{Artifact, Make, read_unchanged, unreadable};
use crate::files::kept::Kept;
use crate::rendering::photos::{Derivative, Picture};
use crate::words::diagnostic::Diagnostic;

/// Decoding takes so many bytes in all, however many pictures are worked on at a time.
static GATE: Gate = Gate::new(150 << 20);

/// Makes the derivatives of one picture, all at the first demand.
#[derive(Debug)]
pub struct Work {
    picture: Picture,
    files: Vec<Derivative>,
    kept: Kept,
    made: OnceLock<Result<Mutex<Vec<Artifact>>, Box<Diagnostic>>>,
}

impl Work {
    /// The work on `picture`; results are kept in `kept`.
    #[must_use]
    pub fn new(picture: Picture, kept: Kept) -> Self {
        Self { files: picture.files(), picture, kept, made: OnceLock::new() }
    }

    /// What is made, in the order of [`Picture::files`].
    #[must_use]
    pub fn files(&self) -> &[Derivative] {
        &self.files
    }

    /// The picture's file as the author sees it.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.picture.path
    }

    /// Whether the file at `index` has to be made: no earlier build has kept it.
    #[must_use]
    pub fn lacks(&self, index: usize) -> bool {
        !self.kept.has(self.files[index].name())
    }

    /// Makes and keeps every file. What goes wrong is told by [`Work::make`].
    pub fn make_all(&self) {
        let _ = self.made();
    }

    /// The file at `index` of [`Work::files`].
    pub fn make(&self, index: usize) -> Result<Artifact, Vec<Diagnostic>> {
        // What was made a moment ago is not read to see whether it is whole.
        if self.made.get().is_none()
            && let Some(kept) = self.kept.find(self.files[index].name())
        {
            return Ok(kept);
        }
        let made = self.made().as_ref().map_err(|problem| vec![Diagnostic::clone(problem)])?;
        let mut made = made.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut made[index] {
            file @ (Artifact::File { .. } | Artifact::Spooled(_)) => Ok(file.clone()),
            // Bytes that cannot be kept are handed over, lest they all lie in memory; hardly anybody asks for them twice.
            Artifact::Bytes(bytes) if !bytes.is_empty() => Ok(Artifact::Bytes(std::mem::take(bytes))),
            Artifact::Bytes(_) => {
                let mut again = self.derive().map_err(|problem| vec![*problem])?;
                Ok(Artifact::Bytes(again.swap_remove(index)))
            }
        }
    }

    fn made(&self) -> &Result<Mutex<Vec<Artifact>>, Box<Diagnostic>> {
        self.made.get_or_init(|| {
            let made = self.derive()?;
            let keep = |(file, bytes): (&Derivative, Vec<u8>)| self.kept.keep(file.name(), bytes);
            Ok(Mutex::new(self.files.iter().zip(made).map(keep).collect()))
        })
    }

    /// The bytes of all files.
    fn derive(&self) -> Result<Vec<Vec<u8>>, Box<Diagnostic>> {
        let picture = &self.picture;
        let limits = Limits::default();
        let size = fs::metadata(&picture.file).map_err(|error| unreadable(&picture.path, &error))?.len();
        if size > limits.bytes {
            return Err(self.refused(&Refused::Bytes { has: size, most: limits.bytes }));
        }
        // Names and sizes are those of the picture that was there.
        let bytes = read_unchanged(&picture.file, &picture.path, picture.hash)?;
        let wanted = |file: &Derivative| Wanted { width: file.width, height: file.height, format: file.format };
        let wanted: Vec<Wanted> = self.files.iter().map(wanted).collect();
        imaging::derive(&bytes, &wanted, &limits, &GATE).map_err(|refused| self.refused(&refused))
    }

    fn refused(&self, refused: &Refused) -> Box<Diagnostic> {
        let diagnostic = Diagnostic::error("broken-picture", format!("the picture cannot be shown: {refused}"));
        let diagnostic = diagnostic.in_path(&self.picture.path);
        Box::new(diagnostic.help("save it again from where it came, smaller if it is very large"))
    }
}

/// One file of a picture's.
pub(super) struct Part {
    /// The work on the picture.
    pub(super) work: Arc<Work>,
    /// The file's place in [`Work::files`].
    pub(super) index: usize,
}

impl Make for Part {
    fn make(&self) -> Result<Artifact, Vec<Diagnostic>> {
        self.work.make(self.index)
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use image::codecs::jpeg::JpegEncoder;
    use image::{DynamicImage, ImageEncoder};

    use super::*;
    use crate::files::kept::Access;
    use crate::files::picture::{Size, measure};
    use crate::graph::site::Photo;
    use crate::words::route::Route;

    fn picture(file: PathBuf, (width, height): (u32, u32)) -> Picture {
        let path = file.to_string_lossy().into_owned();
        let hash = fs::read(&file).map_or_else(|_| blake3::hash(b""), |bytes| blake3::hash(&bytes));
        let route = Route::new("gallery/a/b/").expect("sound");
        let (title, caption, alt) = (String::new(), String::new(), String::new());
        let (taken, camera, original) = (None, None, None);
        Picture::of_album(&Photo {
            route,
            file,
            path,
            hash,
            width,
            height,
            title,
            caption,
            alt,
            taken,
            camera,
            original,
        })
    }

    /// A photograph of 1000 × 500 pixels that is to be turned to the right.
    fn turned(folder: &Path) -> PathBuf {
        let mut bytes = Vec::new();
        let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 90);
        // A TIFF header and one tag: orientation 6, "turn right".
        let exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        encoder.set_exif_metadata(exif.to_vec()).expect("EXIF fits");
        DynamicImage::new_rgb8(1000, 500).write_with_encoder(encoder).expect("encodes");
        fs::write(folder.join("turned.jpg"), bytes).expect("written");
        folder.join("turned.jpg")
    }

    fn code(work: &Work) -> (&'static str, bool) {
        let problems = work.make(0).expect_err("it cannot be made");
        (problems[0].code, problems[0].path.as_ref().is_some_and(|path| path.starts_with('/')))
    }

    #[test]
    fn a_turned_photograph_stands_upright_and_loses_its_metadata() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let file = turned(root.path());
        let bytes = fs::read(&file).expect("readable");
        assert_eq!(measure("turned.jpg", &bytes), Ok(Some(Size { width: 500, height: 1000 })));
        let work = Work::new(picture(file, (500, 1000)), Kept::new(root.path(), Access::Write));
        let small = work.make(0).and_then(|made| made.into_bytes().map_err(|_| Vec::new())).expect("a derivative");
        let shown = image::load_from_memory(&small).expect("a picture");
        assert_eq!((shown.width(), shown.height()), (240, 480));
        assert!(!small.windows(4).any(|window| window == b"Exif"));
    }

    #[test]
    fn files_are_kept_or_handed_over() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let file = turned(root.path());
        let picture = picture(file.clone(), (500, 1000));
        let of = |access| Work::new(picture.clone(), Kept::new(root.path(), access));
        let work = of(Access::Read);
        let bytes = work.make(1).expect("it can be made");
        assert!(matches!(&bytes, Artifact::Bytes(_)) && work.lacks(1));
        assert_eq!(work.make(1).expect("again"), bytes);
        let work = of(Access::Write);
        assert!(matches!(work.make(1), Ok(Artifact::File { hash, .. }) if hash == bytes.hash()) && !work.lacks(1));
        fs::remove_file(&file).expect("there");
        assert_eq!(of(Access::Read).make(1).map(|made| made.hash()), Ok(bytes.hash()));
    }

    #[test]
    fn a_picture_that_cannot_be_shown_is_named() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let file = root.path().join("broken.png");
        fs::write(&file, b"\x89PNG\r\n\x1a\nno more").expect("written");
        let of = |picture| Work::new(picture, Kept::new(root.path(), Access::Read));
        let broken = picture(file.clone(), (5, 5));
        assert_eq!(code(&of(broken.clone())), ("broken-picture", true));
        fs::write(&file, b"another picture").expect("written");
        assert_eq!(code(&of(broken.clone())), ("changed-file", true));
        fs::remove_file(&file).expect("there");
        assert_eq!(code(&of(broken)), ("unreadable", true));
    }
}
