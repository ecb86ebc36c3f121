//! Pictures become the sizes that pages show.
//!
//! A derivative's name holds a hash of the original and of the recipe, so names and sizes are known without opening the file:
//! [`Picture::derivatives`] plans, [`Work`](crate::rendering::making::Work) has every size made of one decoding. A picture is
//! there as WebP too, for browsers that take it. Pictures stand upright and in sRGB, and all metadata (the place where a picture was taken, for one)
//! stays behind, since derivatives are encoded anew.

use std::path::PathBuf;

use imaging::{Format, Nature, Subject};

use crate::files::picture::Size;
use crate::graph::site::{Photo, PlainFile};
use crate::rendering::formats::{Formats, Ladder, extension};
use crate::rendering::view::shared::ImageView;
use crate::words::route::Route;

/// Changes whenever the same original would give other bytes in the same sizes and formats.
const RECIPE: &str = "imaging 1";

/// Bytes of a drawing that is shown in texts as it is. What is scaled has soft edges, which take more bytes than the sharp ones did: a
/// screenshot of 63 kB and 1344 pixels takes 114 kB in half of them, without loss.
const LIGHT: u64 = 200 << 10;

/// Pixels of such a drawing: a browser holds all of them.
const HELD: u64 = 16_000_000;

/// A picture that the site shows.
#[derive(Debug, Clone)]
pub struct Picture {
    /// Where the original is.
    pub(super) file: PathBuf,
    /// The same, as the author sees it.
    pub(super) path: String,
    /// Hash of its bytes.
    pub(super) hash: blake3::Hash,
    width: u32,
    height: u32,
    alt: String,
    formats: Formats,
    ladder: Ladder,
    /// Whether it is a drawing of so few bytes that smaller sizes have no fewer.
    is_light: bool,
}

/// One size of a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Derivative {
    /// Where it lives.
    pub route: Route,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// What it is written as.
    pub(super) format: Format,
}

impl Derivative {
    /// The name under which the result is kept: the last part of the route.
    #[must_use]
    pub fn name(&self) -> &str {
        self.route.as_str().rsplit('/').next().unwrap_or_default()
    }
}

impl Picture {
    /// A picture of an album.
    #[must_use]
    pub fn of_album(photo: &Photo) -> Self {
        Self {
            file: photo.file.clone(),
            path: photo.path.clone(),
            hash: photo.hash,
            width: photo.width,
            height: photo.height,
            alt: photo.alt.clone(),
            formats: Formats::of_album(&photo.path),
            ladder: Ladder::Album,
            is_light: false,
        }
    }

    /// A picture that is published as a file and stands in texts and lists, when it is one that can be made smaller.
    #[must_use]
    pub fn of_file(file: &PlainFile) -> Option<Self> {
        let nature = file.nature?;
        let picture = Self {
            file: file.file.clone(),
            path: file.path.clone(),
            hash: file.hash,
            width: nature.width,
            height: nature.height,
            alt: String::new(),
            formats: Formats::of(&nature)?,
            ladder: Ladder::Text,
            is_light: is_light(&nature, file.length),
        };
        (!picture.derivatives().is_empty()).then_some(picture)
    }

    /// Hash of the author's file.
    #[must_use]
    pub fn hash(&self) -> blake3::Hash {
        self.hash
    }

    /// Width and height in pixels.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// The sizes for every browser, smallest first, at least one; a picture is never made larger.
    #[must_use]
    pub fn derivatives(&self) -> Vec<Derivative> {
        self.sizes(self.formats.for_all)
    }

    /// The same sizes for browsers that know WebP; none where that has no use, or holds no picture so long.
    #[must_use]
    pub fn webp(&self) -> Vec<Derivative> {
        self.formats.webp.map(|format| self.sizes(format)).unwrap_or_default()
    }

    /// All files that are made of it.
    #[must_use]
    pub fn files(&self) -> Vec<Derivative> {
        [self.derivatives(), self.webp()].concat()
    }

    fn sizes(&self, format: Format) -> Vec<Derivative> {
        let sizes = self.ladder.sizes(Size { width: self.width, height: self.height });
        if sizes.iter().any(|size| size.width.max(size.height) > format.longest()) {
            return Vec::new();
        }
        let mut hasher = blake3::Hasher::new();
        let steps = self.ladder.steps();
        hasher.update(self.hash.as_bytes()).update(format!("{RECIPE} {steps:?} {format:?}").as_bytes());
        let hash = hasher.finalize().to_hex();
        let extension = extension(format);
        let file = self.path.rsplit('/').next().unwrap_or_default();
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        let derivative = |Size { width, height }| {
            let route = Route::new(format!("assets/photos/{stem}.{}.{width}.{extension}", &hash[..16]));
            Derivative { route: route.expect("the stem is part of a route already"), width, height, format }
        };
        sizes.into_iter().map(derivative).collect()
    }

    /// The picture in a list of pictures, of which two stand beside each other where there is room.
    #[must_use]
    pub fn small(&self, base_path: &str) -> ImageView {
        self.view(
            base_path,
            0,
            "(min-width: 58.5rem) 27.25rem, (min-width: 44rem) calc(50vw - 2rem), calc(100vw - 2.5rem)",
        )
    }

    /// The picture in its album's rows, shown as wide as `sizes` says.
    #[must_use]
    pub fn tile(&self, base_path: &str, sizes: &str) -> ImageView {
        self.view(base_path, 0, sizes)
    }

    /// The picture on its own page.
    #[must_use]
    pub fn large(&self, base_path: &str) -> ImageView {
        self.view(base_path, usize::MAX, "(max-width: 60rem) 100vw, 56rem")
    }

    /// The picture beside a line of a list, which it fills 4.5 by 3 rem of.
    #[must_use]
    pub fn beside_line(&self, base_path: &str) -> ImageView {
        let width = (3.0 * f64::from(self.width) / f64::from(self.height)).max(4.5);
        self.view(base_path, 0, &format!("{:.1}rem", (width * 10.0).ceil() / 10.0))
    }

    /// Whether a text is better off with smaller sizes than with the file itself.
    #[must_use]
    pub fn gains_in_text(&self) -> bool {
        !self.is_light && self.derivatives().len() > 1
    }

    /// The picture in a text, shown as wide as `sizes` says, an attribute of HTML.
    #[must_use]
    pub fn in_text(&self, base_path: &str, sizes: &str) -> ImageView {
        self.view(base_path, usize::MAX, sizes)
    }

    /// The view whose `src` is the derivative at `index`, or the largest.
    fn view(&self, base_path: &str, index: usize, sizes: &str) -> ImageView {
        let derivatives = self.derivatives();
        let chosen = &derivatives[index.min(derivatives.len() - 1)];
        let candidates = |derivatives: &[Derivative]| {
            if let [only] = derivatives {
                return only.route.href(base_path);
            }
            let candidate = |one: &Derivative| format!("{} {}w", one.route.href(base_path), one.width);
            derivatives.iter().map(candidate).collect::<Vec<_>>().join(", ")
        };
        let several = derivatives.len() > 1;
        ImageView {
            src: chosen.route.href(base_path),
            srcset: if several { candidates(&derivatives) } else { String::new() },
            webp: candidates(&self.webp()),
            sizes: if several { sizes.to_owned() } else { String::new() },
            width: chosen.width,
            height: chosen.height,
            alt: self.alt.clone(),
        }
    }
}

fn is_light(nature: &Nature, length: u64) -> bool {
    let pixels = u64::from(nature.width) * u64::from(nature.height);
    nature.subject == Subject::Drawing && length <= LIGHT && pixels <= HELD
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(file: PathBuf, width: u32, height: u32) -> Picture {
        let path = file.to_string_lossy().into_owned();
        let (formats, alt) = (Formats::of_album(&path), "a".to_owned());
        let hash = blake3::hash(b"x");
        Picture { file, path, hash, width, height, alt, formats, ladder: Ladder::Album, is_light: false }
    }

    #[test]
    fn photographs_are_there_as_webp_too() {
        let names = |path: &str| -> Vec<String> {
            let files = picture(path.into(), 1000, 500).files();
            files.iter().map(|file| file.name().rsplit_once('.').map_or("", |(_, end)| end).to_owned()).collect()
        };
        assert_eq!(names("a/b.jpeg"), ["jpg", "jpg", "jpg", "webp", "webp", "webp"]);
        assert_eq!(names("a/b.PNG"), ["png", "png", "png", "webp", "webp", "webp"]);
        let view = picture("a/b.jpg".into(), 400, 300).small("/blog/");
        assert_eq!((&*view.srcset, &*view.sizes, view.webp.ends_with(".400.webp")), ("", "", true));
    }
}
