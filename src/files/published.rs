//! What the site's hub has been told: `.genblog/published.json`.
//!
//! The file can be lost at any time; then the hub is told once more than it need be.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::files::cache::{FOLDER, read, write_json};

/// The form of the file.
const FORM: u32 = 1;

/// The feeds that a hub knows, and what they held when it was told.
#[derive(Debug)]
pub struct Published {
    file: PathBuf,
    told: Told,
}

#[derive(Debug, Serialize, Deserialize)]
struct Told {
    form: u32,
    hub: String,
    /// Hashes of the feeds' bytes in hexadecimal, by address.
    feeds: BTreeMap<String, String>,
}

impl Published {
    /// What `hub` knows of the site in `root`; another hub's knowledge is of no use.
    #[must_use]
    pub fn read(root: &Path, hub: &str) -> Self {
        let file = root.join(FOLDER).join("published.json");
        let told = read::<Told>(&file).filter(|told| told.form == FORM && told.hub == hub);
        Self { told: told.unwrap_or_else(|| Told { form: FORM, hub: hub.to_owned(), feeds: BTreeMap::new() }), file }
    }

    /// Whether the hub knows the feed at `url` as it is now.
    #[must_use]
    pub fn knows(&self, url: &str, bytes: &[u8]) -> bool {
        self.told.feeds.get(url).is_some_and(|hash| *hash == blake3::hash(bytes).to_hex().as_str())
    }

    /// Remembers that the hub was told.
    pub fn remember(&mut self, url: &str, bytes: &[u8]) -> io::Result<()> {
        self.told.feeds.insert(url.to_owned(), blake3::hash(bytes).to_hex().to_string());
        write_json(&self.file, &self.told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hub_knows_what_it_was_told_and_no_other_hub_does() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let (hub, url) = ("https://hub.example/", "https://example.org/feed.xml");
        let mut published = Published::read(root.path(), hub);
        assert!(!published.knows(url, b"one"));
        published.remember(url, b"one").expect("writable");
        let published = Published::read(root.path(), hub);
        assert!(published.knows(url, b"one") && !published.knows(url, b"two"));
        assert!(!Published::read(root.path(), "https://other.example/").knows(url, b"one"));
        std::fs::write(root.path().join(".genblog/published.json"), b"{").expect("writable");
        assert!(!Published::read(root.path(), hub).knows(url, b"one"));
    }
}
