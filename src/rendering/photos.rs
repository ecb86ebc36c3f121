//! Photographs become the sizes that pages show.
//!
//! A derivative's name holds a hash of the original and of the recipe, so names and sizes are known without opening the file:
//! [`Picture::derivatives`] plans, [`Work::make`] decodes once and makes every size. Orientation is applied, the colour profile is
//! kept, and all other metadata (the place where a picture was taken, for one) stays behind, since derivatives are encoded anew.

use std::fs;
use std::io::Cursor;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::sync::OnceLock;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{DynamicImage, ImageDecoder, ImageEncoder, ImageReader, Limits, imageops};

use crate::files::kept::Kept;
use crate::graph::site::{Photo, PlainFile};
use crate::rendering::view::shared::ImageView;
use crate::words::diagnostic::Diagnostic;
use crate::words::route::Route;

/// Changes whenever the same original would give other bytes.
const RECIPE: &str = "fit 480 960 1600, lanczos3, jpeg 82, png best, 2";

/// Squares that derivatives fit in, in pixels: two for lists, on plain and on dense screens, and one for a picture's own page.
const BOXES: [u32; 3] = [480, 960, 1600];

const JPEG_QUALITY: u8 = 82;

/// More bytes than any camera's file has.
const MOST_BYTES: u64 = 256 << 20;

/// More pixels than any camera's picture has; a bomb of zeros stops here.
const MOST_PIXELS: u64 = 200_000_000;

/// Bytes that a decoder may take for itself.
const MOST_MEMORY: u64 = 2 << 30;

/// A picture that the site shows.
#[derive(Debug, Clone)]
pub struct Picture {
    file: PathBuf,
    /// As the author sees it.
    path: String,
    hash: blake3::Hash,
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
}

impl Derivative {
    /// The name under which the result is kept: the last part of the route.
    #[must_use]
    pub fn name(&self) -> &str {
        self.route.as_str().rsplit('/').next().unwrap_or_default()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Jpeg,
    /// Line art: stays sharp, and smaller than a JPEG of it.
    Png,
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
        let known = [".png", ".jpg", ".jpeg"].iter().any(|ending| path.to_ascii_lowercase().ends_with(ending));
        let (width, height) = known.then(|| dimensions(&file.file))??;
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

    fn format(&self) -> Format {
        if self.path.to_ascii_lowercase().ends_with(".png") { Format::Png } else { Format::Jpeg }
    }

    /// The sizes to publish, smallest first; a picture is never made larger.
    #[must_use]
    pub fn derivatives(&self) -> Vec<Derivative> {
        let mut sizes: Vec<(u32, u32)> = BOXES.iter().map(|side| fit(self.width, self.height, *side)).collect();
        sizes.dedup();
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.hash.as_bytes()).update(RECIPE.as_bytes());
        let hash = hasher.finalize().to_hex();
        let file = self.path.rsplit('/').next().unwrap_or_default();
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        let extension = match self.format() {
            Format::Jpeg => "jpg",
            Format::Png => "png",
        };
        let derivative = |(width, height)| {
            let route = Route::new(format!("assets/photos/{stem}.{}.{width}.{extension}", &hash[..16]));
            Derivative { route: route.expect("the stem is part of a route already"), width, height }
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
        let candidates: Vec<String> = derivatives
            .iter()
            .map(|derivative| format!("{} {}w", derivative.route.href(base_path), derivative.width))
            .collect();
        let several = candidates.len() > 1;
        ImageView {
            src: chosen.route.href(base_path),
            srcset: if several { candidates.join(", ") } else { String::new() },
            sizes: if several { sizes.to_owned() } else { String::new() },
            width: chosen.width,
            height: chosen.height,
            alt: self.alt.clone(),
        }
    }
}

/// Makes the derivatives of one picture, all at the first demand.
#[derive(Debug)]
pub struct Work {
    picture: Picture,
    kept: Kept,
    made: OnceLock<Result<Vec<Vec<u8>>, Box<Diagnostic>>>,
}

impl Work {
    /// The work on `picture`; results are kept in `kept`.
    #[must_use]
    pub fn new(picture: Picture, kept: Kept) -> Self {
        Self { picture, kept, made: OnceLock::new() }
    }

    /// The bytes of the derivative at `index` of [`Picture::derivatives`].
    pub fn make(&self, index: usize) -> Result<Vec<u8>, Vec<Diagnostic>> {
        let derivatives = self.picture.derivatives();
        if let Some(bytes) = self.kept.read(derivatives[index].name()) {
            return Ok(bytes);
        }
        let made = self.made.get_or_init(|| {
            // A decoder's bug must not take the other pictures along.
            let made = panic::catch_unwind(AssertUnwindSafe(|| make_all(&self.picture, &derivatives)))
                .unwrap_or_else(|_| Err("the decoder failed".to_owned()))
                .map_err(|reason| {
                    let message = format!("the picture cannot be shown: {reason}");
                    let diagnostic = Diagnostic::error("broken-picture", message).in_path(&self.picture.path);
                    Box::new(diagnostic.help("save it again from where it came, smaller if it is very large"))
                })?;
            for (derivative, bytes) in derivatives.iter().zip(&made) {
                self.kept.write(derivative.name(), bytes);
            }
            Ok(made)
        });
        made.as_ref().map(|made| made[index].clone()).map_err(|diagnostic| vec![Diagnostic::clone(diagnostic)])
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

/// Width and height after orientation, from the file's header.
fn dimensions(file: &std::path::Path) -> Option<(u32, u32)> {
    let mut decoder = ImageReader::open(file).ok()?.with_guessed_format().ok()?.into_decoder().ok()?;
    let (width, height) = decoder.dimensions();
    let turned = decoder.orientation().ok().is_some_and(|orientation| matches!(orientation.to_exif(), 5..=8));
    Some(if turned { (height, width) } else { (width, height) })
}

fn make_all(picture: &Picture, derivatives: &[Derivative]) -> Result<Vec<Vec<u8>>, String> {
    let size = fs::metadata(&picture.file).map_err(|error| error.to_string())?.len();
    if size > MOST_BYTES {
        return Err(format!("it has {size} bytes, more than {MOST_BYTES}"));
    }
    let bytes = fs::read(&picture.file).map_err(|error| error.to_string())?;
    let (mut image, profile) = decode(&bytes).map_err(|error| error.to_string())?;
    let mut made = Vec::new();
    // From large to small, each from the one before: less work, and the same picture to the eye.
    for derivative in derivatives.iter().rev() {
        if (image.width(), image.height()) != (derivative.width, derivative.height) {
            image = image.resize_exact(derivative.width, derivative.height, imageops::FilterType::Lanczos3);
        }
        made.push(encode(&image, picture.format(), profile.clone()).map_err(|error| error.to_string())?);
    }
    made.reverse();
    Ok(made)
}

/// The picture as it is to be seen, in eight bits, and its colour profile.
fn decode(bytes: &[u8]) -> Result<(DynamicImage, Option<Vec<u8>>), image::ImageError> {
    let mut limits = Limits::default();
    limits.max_alloc = Some(MOST_MEMORY);
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        let limit = image::error::LimitErrorKind::DimensionError;
        return Err(image::ImageError::Limits(image::error::LimitError::from_kind(limit)));
    }
    let orientation = decoder.orientation()?;
    let profile = decoder.icc_profile()?;
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(orientation);
    let image = match (image.color().has_alpha(), image.color().has_color()) {
        (true, _) => DynamicImage::ImageRgba8(image.into_rgba8()),
        (false, true) => DynamicImage::ImageRgb8(image.into_rgb8()),
        (false, false) => DynamicImage::ImageLuma8(image.into_luma8()),
    };
    Ok((image, profile))
}

/// `profile` is kept where its colour space (ICC.1, 7.2.8) is that of the pixels.
fn encode(image: &DynamicImage, format: Format, profile: Option<Vec<u8>>) -> Result<Vec<u8>, image::ImageError> {
    let mut bytes = Vec::new();
    // A profile for inks, or for grey where there is colour, would be wrong now.
    let space = if image.color().has_color() { b"RGB " } else { b"GRAY" };
    let profile = profile.filter(|profile| profile.get(16..20) == Some(space));
    match format {
        Format::Jpeg => {
            let image = if image.color().has_color() {
                DynamicImage::ImageRgb8(image.to_rgb8())
            } else {
                DynamicImage::ImageLuma8(image.to_luma8())
            };
            let mut encoder = JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY);
            keep_profile(&mut encoder, profile)?;
            image.write_with_encoder(encoder)?;
        }
        Format::Png => {
            let mut encoder = PngEncoder::new_with_quality(&mut bytes, CompressionType::Best, FilterType::Adaptive);
            keep_profile(&mut encoder, profile)?;
            image.write_with_encoder(encoder)?;
        }
    }
    Ok(bytes)
}

fn keep_profile(encoder: &mut impl ImageEncoder, profile: Option<Vec<u8>>) -> Result<(), image::ImageError> {
    profile.map_or(Ok(()), |profile| encoder.set_icc_profile(profile).map_err(image::ImageError::Unsupported))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::kept::Access;

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
    fn a_turned_photograph_stands_upright_and_loses_its_metadata() {
        let root = std::env::temp_dir().join(format!("genblog-photos-{}", std::process::id()));
        fs::create_dir_all(&root).expect("a folder");
        let file = root.join("turned.jpg");
        let mut bytes = Vec::new();
        let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 90);
        // A TIFF header and one tag: orientation 6, "turn right".
        let exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        encoder.set_exif_metadata(exif.to_vec()).expect("EXIF fits");
        DynamicImage::new_rgb8(1000, 500).write_with_encoder(encoder).expect("encodes");
        fs::write(&file, bytes).expect("written");
        assert_eq!(dimensions(&file), Some((500, 1000)));

        let work = Work::new(picture(file, 500, 1000), Kept::new(&root, Access::Write));
        let small = work.make(0).expect("a derivative");
        let shown = image::load_from_memory(&small).expect("a picture");
        assert_eq!((shown.width(), shown.height()), (240, 480));
        assert!(!small.windows(4).any(|window| window == b"Exif"));
        fs::remove_dir_all(root).expect("removed");
    }

    #[test]
    fn a_profile_is_kept_for_its_own_colours_only() {
        let profile = |space: &[u8]| [&[0; 16], space, &[0; 108]].concat();
        let (grey, colour) = (DynamicImage::new_luma8(2, 2), DynamicImage::new_rgb8(2, 2));
        for (image, space, expected) in
            [(&colour, b"RGB ", true), (&colour, b"CMYK", false), (&colour, b"GRAY", false), (&grey, b"GRAY", true)]
        {
            for format in [Format::Jpeg, Format::Png] {
                let bytes = encode(image, format, Some(profile(space))).expect("encodes");
                let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().expect("memory");
                let mut decoder = reader.into_decoder().expect("sound");
                assert_eq!(decoder.icc_profile().expect("sound").is_some(), expected, "{format:?} {space:?}");
            }
        }
    }

    #[test]
    fn a_broken_picture_is_named() {
        let root = std::env::temp_dir().join(format!("genblog-broken-{}", std::process::id()));
        fs::create_dir_all(&root).expect("a folder");
        let file = root.join("broken.png");
        fs::write(&file, b"\x89PNG\r\n\x1a\nno more").expect("written");
        let problems =
            Work::new(picture(file, 5, 5), Kept::new(&root, Access::Read)).make(0).expect_err("it is broken");
        assert!(problems[0].path.as_deref().is_some_and(|path| path.ends_with("broken.png")));
        fs::remove_dir_all(root).expect("removed");
    }
}
