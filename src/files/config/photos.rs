//! The `[photos]` table.

use crate::words::table::Reader;

/// What pages of photographs tell and give away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PhotosConfig {
    /// Whether they tell camera, lens and exposure.
    pub camera: bool,
    /// Whether the pictures themselves are published, without what cameras wrote into them.
    pub originals: bool,
}

impl PhotosConfig {
    /// Reads the keys `camera` and `originals`; what they do not say is as here.
    #[must_use]
    pub fn with(self, reader: &mut Reader<'_>) -> Self {
        let camera = reader.boolean("camera").map_or(self.camera, |camera| camera.value);
        let originals = reader.boolean("originals").map_or(self.originals, |originals| originals.value);
        Self { camera, originals }
    }
}

impl Default for PhotosConfig {
    fn default() -> Self {
        Self { camera: true, originals: false }
    }
}

pub(super) fn photos(reader: &mut Reader<'_>) -> PhotosConfig {
    let Some(table) = reader.table("photos") else { return PhotosConfig::default() };
    let mut keys = Reader::new(table, "photographs");
    let photos = PhotosConfig::default().with(&mut keys);
    for diagnostic in keys.finish() {
        reader.report(diagnostic);
    }
    photos
}
