//! What a build would find in the output folder, for commands that only look: nothing is locked, and nothing is written.

use std::io;
use std::path::{Path, PathBuf};

use blake3::Hash;

use crate::files::cache::{Journal, Manifest, Memory, Owned};
use crate::files::composition::Remembered;
use crate::files::place;
use crate::files::seen::read_stamped;
use crate::words::diagnostic::Diagnostic;

/// An output folder and what is remembered of it, as they were at one moment.
#[derive(Debug)]
pub struct Inspected {
    /// Where it is.
    pub folder: PathBuf,
    /// What it is called: its path relative to the site when it lies in it.
    pub name: String,
    /// The parts of its outputs.
    pub parts: Remembered,
    manifest: Manifest,
    journal: Journal,
}

/// What is at the place of an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bytes {
    /// Nothing.
    None,
    /// A file with bytes of this hash.
    File(Hash),
    /// A folder, a symbolic link, or what cannot be read.
    Other,
}

/// What the next build would do about an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing: it is what it would be again.
    Unchanged,
    /// Make it for the first time.
    New,
    /// Make it again: what it is made of has changed.
    Differs,
    /// Write it again: somebody has deleted its file.
    Deleted,
    /// Write it again: somebody has changed its file.
    Changed,
    /// Make it, and stop if the file that lies in its place, which is none of genblog's, has other bytes.
    Blocked,
    /// Delete its file: nothing makes it any more.
    Gone,
    /// Leave its file, which nothing makes any more and which somebody has changed.
    Left,
}

impl Inspected {
    /// Looks at the output folder of the site in `root`; a relative `folder` is relative to `root`.
    pub fn open(root: &Path, folder: &Path) -> Result<Self, Box<Diagnostic>> {
        let (folder, name) = place::check(root, folder)?;
        let memory = Memory::new(root, &name);
        let (manifest, journal) = (memory.manifest(&name), memory.journal());
        Ok(Self { folder, name, parts: Remembered::read(&memory), manifest, journal })
    }

    /// Paths of all files that builds have written.
    pub fn owned_paths(&self) -> impl Iterator<Item = &str> {
        self.manifest.files().map(|(path, _)| path)
    }

    /// What was last written at `path`.
    #[must_use]
    pub fn owned(&self, path: &str) -> Option<Owned> {
        self.manifest.owned(path)
    }

    /// What is at `path` now.
    #[must_use]
    pub fn bytes(&self, path: &str) -> Bytes {
        let file = self.folder.join(path);
        match file.symlink_metadata() {
            Ok(metadata) if metadata.is_file() => {
                read_stamped(&file, None, |_| {}).map_or(Bytes::Other, |(hash, _)| Bytes::File(hash))
            }
            Ok(_) => Bytes::Other,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Bytes::None,
            // A file lies where a folder is to be.
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => Bytes::None,
            Err(_) => Bytes::Other,
        }
    }

    /// What the next build would do about the output at `path`, which would have this fingerprint, or is not planned any more.
    #[must_use]
    pub fn verdict(&self, path: &str, fingerprint: Option<Hash>, bytes: Bytes) -> Verdict {
        let owned = self.manifest.owned(path);
        let is_ours = match bytes {
            Bytes::None => true,
            Bytes::File(hash) => owned.is_some_and(|owned| owned.hash == hash) || self.journal.has(path, hash),
            Bytes::Other => false,
        };
        match (fingerprint, owned) {
            (None, _) if is_ours => Verdict::Gone,
            (None, _) => Verdict::Left,
            (Some(_), None) if is_ours => Verdict::New,
            (Some(_), None) => Verdict::Blocked,
            (Some(_), Some(_)) if bytes == Bytes::Other => Verdict::Blocked,
            (Some(now), Some(owned)) if !self.manifest.is_fresh(path, now, owned.hash) => Verdict::Differs,
            (Some(_), Some(owned)) if bytes == Bytes::File(owned.hash) => Verdict::Unchanged,
            (Some(_), Some(_)) if bytes == Bytes::None => Verdict::Deleted,
            (Some(_), Some(_)) => Verdict::Changed,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_verdict_is_what_a_build_would_do() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let memory = Memory::new(root.path(), "public");
        let hash = |text: &str| blake3::hash(text.as_bytes());
        let owned = Owned { fingerprint: hash("as it was"), hash: hash("bytes") };
        let manifest = Manifest::new("public", BTreeMap::from([("a".to_owned(), owned)]));
        memory.finish(&manifest).expect("writable");
        memory.begin(&Journal::default().with([("b", hash("half"))].into_iter())).expect("writable");
        let inspected = Inspected::open(root.path(), Path::new("public")).expect("a folder for output");
        let (same, other) = (Some(owned.fingerprint), Some(hash("another")));
        let (written, strange) = (Bytes::File(owned.hash), Bytes::File(hash("strange")));
        for (path, fingerprint, bytes, expected) in [
            ("a", same, written, Verdict::Unchanged),
            ("a", other, written, Verdict::Differs),
            ("a", other, strange, Verdict::Differs),
            ("a", same, strange, Verdict::Changed),
            ("a", same, Bytes::None, Verdict::Deleted),
            ("a", same, Bytes::Other, Verdict::Blocked),
            ("b", same, Bytes::None, Verdict::New),
            ("b", same, Bytes::File(hash("half")), Verdict::New),
            ("b", same, strange, Verdict::Blocked),
            ("a", None, written, Verdict::Gone),
            ("a", None, strange, Verdict::Left),
        ] {
            assert_eq!(inspected.verdict(path, fingerprint, bytes), expected, "{path} {bytes:?}");
        }
    }
}
