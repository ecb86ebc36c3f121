//! Files that are published under their own names, as readers get them, and what is said of those that go with posts.

use crate::files::artifact::{Artifact, Make, read_unchanged};
use crate::graph::site::{Enclosure, EnclosureFile, PlainFile, Publishing, Site};
use crate::rendering::metadata::{has_metadata, without_metadata};
use crate::rendering::renderer::Renderer;
use crate::words::diagnostic::Diagnostic;

/// Bytes of a file that is copied from where it is, without being held in memory until everything is made.
const LARGE: u64 = 1 << 20;

/// A file that is published.
pub(super) struct Published<'a>(pub(super) &'a PlainFile);

impl Make for Published<'_> {
    fn make(&self) -> Result<Artifact, Vec<Diagnostic>> {
        let file = self.0;
        let is_kept = file.publishing == Publishing::AsItIs || !has_metadata(file.route.as_str());
        if is_kept && file.length > LARGE {
            // Whether the file cannot be read or has changed, reading it once more tells.
            if let Some(artifact) = Artifact::of_file(file.file.clone(), file.hash) {
                return Ok(artifact);
            }
        }
        publish(file).map(Artifact::Bytes)
    }
}

/// The bytes that are published.
fn publish(file: &PlainFile) -> Result<Vec<u8>, Vec<Diagnostic>> {
    let bytes = read_unchanged(&file.file, &file.path, file.hash).map_err(|problem| vec![*problem])?;
    match file.publishing {
        Publishing::AsItIs => Ok(bytes),
        Publishing::WithoutMetadata => without_metadata(file.route.as_str(), bytes).ok_or_else(|| {
            let message = "this picture is damaged: what the camera wrote into it cannot be taken out";
            vec![Diagnostic::error("broken-picture", message).in_path(&file.path)]
        }),
    }
}

/// Warnings for pictures that are published as they are and tell where they were taken: nobody but the author can take that out.
pub fn tell_places(site: &Site) -> Vec<Diagnostic> {
    let warning = |file: &PlainFile| {
        let message = "this picture tells where it was taken, and is published as it is";
        let help =
            "put it beside a text in `content/`, where pictures lose what cameras wrote, or save it without its place";
        Diagnostic::warning("tells-place", message).in_path(&file.path).help(help)
    };
    site.files.iter().filter(|file| file.tells_place).map(warning).collect()
}

/// The file that goes with a post, as its page and the feeds tell of it.
#[derive(Debug, Clone)]
pub struct Attachment {
    /// A link on this site, or the address elsewhere.
    pub href: String,
    /// Absolute URL.
    pub url: String,
    /// Its media type, for example `audio/mpeg`.
    pub media_type: String,
    /// Bytes.
    pub length: u64,
}

impl Attachment {
    /// What is known of an enclosure.
    #[must_use]
    pub fn new(renderer: &Renderer<'_>, enclosure: &Enclosure) -> Self {
        let (href, url, length) = match &enclosure.file {
            EnclosureFile::OfSite(route) => {
                let length = renderer.site.file(route).map_or(0, published_length);
                (renderer.href(route), renderer.url(route), length)
            }
            EnclosureFile::Elsewhere { url, length } => (url.clone(), url.clone(), *length),
        };
        Self { href, url, media_type: enclosure.media_type.clone(), length }
    }
}

/// How many bytes are published. Only a picture that loses something is read for it; one that cannot be published is told elsewhere.
fn published_length(file: &PlainFile) -> u64 {
    if file.publishing == Publishing::AsItIs || !has_metadata(file.route.as_str()) {
        return file.length;
    }
    publish(file).map_or(file.length, |bytes| bytes.len() as u64)
}
