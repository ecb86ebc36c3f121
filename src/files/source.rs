//! The snapshot of everything an author made, taken before thinking starts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::words::diagnostic::Diagnostic;
use crate::words::source_text::SourceText;

/// All files of a site, each list sorted by path.
#[derive(Debug, Default)]
pub struct Source {
    /// Files under `content/`.
    pub content: Vec<SourceFile>,
    /// Files under `static/`.
    pub statics: Vec<SourceFile>,
    /// Files under `templates/`: what the site puts in place of the theme's.
    pub templates: Vec<SourceFile>,
}

/// One file.
#[derive(Debug)]
pub struct SourceFile {
    /// Path relative to the site's root, with `/` between its parts, for example `content/posts/hello.md`.
    pub path: String,
    /// Where it is on this machine.
    pub file: PathBuf,
    /// Hash of its bytes.
    pub hash: blake3::Hash,
    /// What it holds.
    pub content: Content,
}

/// What a file holds, as far as the site needs to know.
#[derive(Debug)]
pub enum Content {
    /// A text.
    Text(Arc<SourceText>),
    /// A picture, and how large it is; or why that is not known.
    Picture(Result<Size, String>),
    /// Anything else; it is read again when it is published.
    Bytes,
}

/// Pixels of a picture as it is shown, that is after the orientation that the file asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// From left to right.
    pub width: u32,
    /// From top to bottom.
    pub height: u32,
}

/// Takes the snapshot of the site in `root`.
///
/// A file that cannot be read, and a symbolic link that leaves the site, are errors; the other files are still there.
pub fn read(root: &Path) -> (Source, Vec<Diagnostic>) {
    let _ = root;
    unimplemented!()
}
