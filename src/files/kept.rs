//! Results that are dear to make, kept between builds under `.genblog/kept/`.
//!
//! A name stands for everything that the result depends on, so an entry is right for ever. Each file starts with a hash of the
//! rest: what does not agree with it is made again, never trusted. Nothing here can fail a build; a full disk only costs time.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What may be done with kept results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Look only; for commands that write nothing.
    Read,
    /// Look, and keep what is made.
    Write,
}

/// The kept results of one site.
#[derive(Debug, Clone)]
pub struct Kept {
    folder: PathBuf,
    access: Access,
}

impl Kept {
    /// The kept results of the site in `root`.
    #[must_use]
    pub fn new(root: &Path, access: Access) -> Self {
        Self { folder: root.join(".genblog/kept"), access }
    }

    /// The result of that name, if it is there and whole.
    #[must_use]
    pub fn read(&self, name: &str) -> Option<Vec<u8>> {
        let mut bytes = fs::read(self.folder.join(name)).ok()?;
        let (hash, content) = bytes.split_at_checked(blake3::OUT_LEN)?;
        if blake3::hash(content).as_bytes() != hash {
            return None;
        }
        bytes.drain(..blake3::OUT_LEN);
        Some(bytes)
    }

    /// Keeps a result. The name is a plain file name, unique to what the result was made from.
    pub fn write(&self, name: &str, content: &[u8]) {
        if self.access == Access::Read {
            return;
        }
        let temporary = self.folder.join(format!("{name}.{}.new", std::process::id()));
        let bytes = [blake3::hash(content).as_bytes(), content].concat();
        let written = fs::create_dir_all(&self.folder)
            .and_then(|()| fs::write(&temporary, bytes))
            .and_then(|()| fs::rename(&temporary, self.folder.join(name)));
        if written.is_err() {
            // Nothing is lost but time: the next build makes it again.
            let _ = fs::remove_file(&temporary);
        }
    }

    /// Forgets everything but `names`.
    pub fn retain(&self, names: &BTreeSet<String>) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        if self.access == Access::Read {
            return;
        }
        for entry in entries.flatten() {
            if entry.file_name().to_str().is_none_or(|name| !names.contains(name)) {
                // An entry that stays is only in the way of tidiness.
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_comes_back_unless_it_was_damaged() {
        let root = std::env::temp_dir().join(format!("genblog-kept-{}", std::process::id()));
        let kept = Kept::new(&root, Access::Write);
        kept.write("a.png", b"picture");
        assert_eq!(kept.read("a.png").as_deref(), Some(b"picture".as_slice()));

        Kept::new(&root, Access::Read).write("b.png", b"picture");
        assert_eq!(kept.read("b.png"), None);

        let file = root.join(".genblog/kept/a.png");
        let mut bytes = fs::read(&file).expect("read");
        *bytes.last_mut().expect("not empty") ^= 1;
        fs::write(&file, bytes).expect("written");
        assert_eq!(kept.read("a.png"), None);

        kept.retain(&BTreeSet::new());
        assert!(!file.exists());
        fs::remove_dir_all(root).expect("removed");
    }
}
