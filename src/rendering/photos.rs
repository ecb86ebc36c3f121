//! Photographs become the sizes that pages show.
//!
//! A derivative's name holds a hash of the original and of the recipe, so names and sizes are known without opening the file:
//! [`Picture::derivatives`] plans, [`Work`](crate::rendering::making::Work) has every size made of one decoding. A photograph is there as WebP too, for
//! browsers that take it. Pictures stand upright and in sRGB, and all metadata (the place where a picture was taken, for one)
//! stays behind, since derivatives are encoded anew.

use std::path::PathBuf;

use imaging::Format;

use crate::files::picture::{Size, measure_file};
use crate::graph::site::{Photo, PlainFile};
use crate::rendering::view::shared::ImageView;
use crate::words::media_type::ending;
use crate::words::route::Route;

/// Changes whenever the same original would give other bytes in the same sizes and formats.
const RECIPE: &str = "imaging 1";

/// Squares that derivatives fit in, in pixels: two for lists, on plain and on dense screens, and one for a picture's own page.
const BOXES: [u32; 3] = [480, 960, 1600];

/// What every browser shows.
const JPEG: Format = Format::Jpeg { quality: 82 };

/// Fewer bytes, for browsers that know it.
const WEBP: Format = Format::WebP { quality: 80 };

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
        }
    }

    /// A picture that is published as a file, when it is one that can be made smaller.
    #[must_use]
    pub fn of_file(file: &PlainFile) -> Option<Self> {
        let path = file.route.as_str();
        let known = matches!(&*ending(path), "png" | "jpg" | "jpeg");
        let Size { width, height } = known.then(|| measure_file(&file.file).ok())??;
        Some(Self {
            file: file.file.clone(),
            path: path.to_owned(),
            hash: file.hash,
            width,
            height,
            alt: String::new(),
        })
    }

    /// Width and height in pixels.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// Line art stays sharp as PNG, and smaller than a JPEG of it.
    fn is_line_art(&self) -> bool {
        ending(&self.path) == "png"
    }

    /// The sizes for every browser, smallest first; a picture is never made larger.
    #[must_use]
    pub fn derivatives(&self) -> Vec<Derivative> {
        if self.is_line_art() { self.sizes(Format::Png, "png") } else { self.sizes(JPEG, "jpg") }
    }

    /// The same sizes for browsers that know WebP; none of line art.
    #[must_use]
    pub fn webp(&self) -> Vec<Derivative> {
        if self.is_line_art() { Vec::new() } else { self.sizes(WEBP, "webp") }
    }

    /// All files that are made of it.
    #[must_use]
    pub fn files(&self) -> Vec<Derivative> {
        [self.derivatives(), self.webp()].concat()
    }

    fn sizes(&self, format: Format, extension: &str) -> Vec<Derivative> {
        let mut sizes: Vec<(u32, u32)> = BOXES.iter().map(|side| fit(self.width, self.height, *side)).collect();
        sizes.dedup();
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.hash.as_bytes()).update(format!("{RECIPE} {BOXES:?} {format:?}").as_bytes());
        let hash = hasher.finalize().to_hex();
        let file = self.path.rsplit('/').next().unwrap_or_default();
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        let derivative = |(width, height)| {
            let route = Route::new(format!("assets/photos/{stem}.{}.{width}.{extension}", &hash[..16]));
            Derivative { route: route.expect("the stem is part of a route already"), width, height, format }
        };
        sizes.into_iter().map(derivative).collect()
    }

    /// The picture in a list.
    #[must_use]
    pub fn small(&self, base_path: &str) -> ImageView {
        self.view(base_path, 0, "(max-width: 40rem) 90vw, 20rem")
    }

    /// The picture on its own page.
    #[must_use]
    pub fn large(&self, base_path: &str) -> ImageView {
        self.view(base_path, BOXES.len() - 1, "(max-width: 60rem) 100vw, 56rem")
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

/// The largest size with the same shape that fits in a square of `side`, and no larger than the original.
fn fit(width: u32, height: u32, side: u32) -> (u32, u32) {
    let longer = width.max(height);
    if longer <= side {
        return (width, height);
    }
    let scale = |length: u32| {
        let scaled = (u64::from(length) * u64::from(side) + u64::from(longer) / 2) / u64::from(longer);
        u32::try_from(scaled).unwrap_or(side).max(1)
    };
    (scale(width), scale(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(file: PathBuf, width: u32, height: u32) -> Picture {
        let path = file.to_string_lossy().into_owned();
        Picture { file, path, hash: blake3::hash(b"x"), width, height, alt: "a".to_owned() }
    }

    #[test]
    fn derivatives_keep_the_shape_and_never_grow() {
        let sizes = |width, height| -> Vec<(u32, u32)> {
            picture("a/b.png".into(), width, height).derivatives().iter().map(|one| (one.width, one.height)).collect()
        };
        assert_eq!(sizes(3200, 1600), [(480, 240), (960, 480), (1600, 800)]);
        assert_eq!(sizes(600, 700), [(411, 480), (600, 700)]);
        assert_eq!(sizes(10, 20), [(10, 20)]);
        assert_eq!(sizes(60_000, 1), [(480, 1), (960, 1), (1600, 1)]);
    }

    #[test]
    fn photographs_are_there_as_webp_too() {
        let names = |path: &str| -> Vec<String> {
            let files = picture(path.into(), 1000, 500).files();
            files.iter().map(|file| file.name().rsplit_once('.').map_or("", |(_, end)| end).to_owned()).collect()
        };
        assert_eq!(names("a/b.jpeg"), ["jpg", "jpg", "jpg", "webp", "webp", "webp"]);
        assert_eq!(names("a/b.PNG"), ["png", "png", "png"]);
        let view = picture("a/b.jpg".into(), 400, 300).small("/blog/");
        assert_eq!((&*view.srcset, &*view.sizes, view.webp.ends_with(".400.webp")), ("", "", true));
    }
}
