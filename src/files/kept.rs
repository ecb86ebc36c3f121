//! Results that are dear to make, kept between builds under `.genblog/kept/`.
//!
//! A name stands for everything that the result depends on, so an entry is right for ever. It is a file with the bytes of the
//! result and nothing else, and is called by a hash of the name and one of the bytes: what does not agree with it is made again,
//! never trusted. Nothing here can fail a build; a full disk only costs time.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use blake3::Hash;

use crate::files::artifact::Artifact;
use crate::files::cache::FOLDER;

/// What may be done with kept results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Look only; for commands that write nothing.
    Read,
    /// Look, and keep what is made.
    Write,
}

/// The kept results of one site; copies share what they know.
#[derive(Debug, Clone)]
pub struct Kept {
    folder: PathBuf,
    access: Access,
    /// Hashes of the results that are there, by the keys of their names; looked up at the first demand.
    results: Arc<OnceLock<Mutex<BTreeMap<String, Hash>>>>,
}

impl Kept {
    /// The kept results of the site in `root`.
    #[must_use]
    pub fn new(root: &Path, access: Access) -> Self {
        Self { folder: root.join(FOLDER).join("kept"), access, results: Arc::default() }
    }

    /// No results, and none are kept.
    #[must_use]
    pub fn nothing() -> Self {
        let results = OnceLock::from(Mutex::new(BTreeMap::new()));
        Self { folder: PathBuf::new(), access: Access::Read, results: Arc::new(results) }
    }

    /// Whether there is a result of that name; it may be damaged.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.hash(&key(name)).is_some()
    }

    /// The result of that name, if it is there and whole.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Artifact> {
        let key = key(name);
        let hash = self.hash(&key)?;
        Artifact::of_file(self.file(&key, hash), hash)
    }

    /// Keeps a result, and gives it back as what is kept; as it was given when it cannot be kept, or must not be. The name is
    /// unique to what the result was made from.
    #[must_use]
    pub fn keep(&self, name: &str, content: Vec<u8>) -> Artifact {
        if self.access == Access::Read {
            return Artifact::Bytes(content);
        }
        let (key, hash) = (key(name), blake3::hash(&content));
        let file = self.file(&key, hash);
        let temporary = self.folder.join(format!("{key}.{}.new", std::process::id()));
        let written = fs::create_dir_all(&self.folder)
            .and_then(|()| fs::write(&temporary, &content))
            .and_then(|()| fs::rename(&temporary, &file));
        if written.is_err() {
            // Nothing is lost but time: the next build makes it again.
            let _ = fs::remove_file(&temporary);
            return Artifact::Bytes(content);
        }
        self.results().lock().unwrap_or_else(PoisonError::into_inner).insert(key, hash);
        Artifact::File { file, hash }
    }

    /// Forgets everything but `names`, and what killed builds have left.
    pub fn retain<'a>(&self, names: impl Iterator<Item = &'a str>) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        if self.access == Access::Read {
            return;
        }
        let results = self.results().lock().unwrap_or_else(PoisonError::into_inner);
        let wanted: BTreeSet<String> = names
            .filter_map(|name| {
                let key = key(name);
                results.get(&key).map(|hash| file_name(&key, *hash))
            })
            .collect();
        for entry in entries.flatten() {
            if entry.file_name().to_str().is_none_or(|name| !wanted.contains(name)) {
                // An entry that stays is only in the way of tidiness.
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    fn file(&self, key: &str, hash: Hash) -> PathBuf {
        self.folder.join(file_name(key, hash))
    }

    fn hash(&self, key: &str) -> Option<Hash> {
        self.results().lock().unwrap_or_else(PoisonError::into_inner).get(key).copied()
    }

    fn results(&self) -> &Mutex<BTreeMap<String, Hash>> {
        self.results.get_or_init(|| {
            let names = fs::read_dir(&self.folder).into_iter().flatten().flatten();
            let result = |name: &str| {
                let (key, hash) = name.split_once('-')?;
                Some((key.to_owned(), Hash::from_hex(hash).ok()?))
            };
            Mutex::new(names.filter_map(|entry| result(entry.file_name().to_str()?)).collect())
        })
    }
}

/// What stands for a name in the name of a file: names may be long, and are in any language.
fn key(name: &str) -> String {
    blake3::hash(name.as_bytes()).to_hex()[..32].to_owned()
}

fn file_name(key: &str, hash: Hash) -> String {
    format!("{key}-{}", hash.to_hex())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(kept: &Kept, name: &str) -> Option<Vec<u8>> {
        kept.find(name).and_then(|artifact| artifact.into_bytes().ok())
    }

    #[test]
    fn what_was_kept_comes_back_unless_it_was_damaged() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let kept = Kept::new(root.path(), Access::Write);
        let Artifact::File { file, .. } = kept.keep("a.png", b"picture".to_vec()) else {
            panic!("it can be kept");
        };
        assert_eq!(bytes(&kept, "a.png").as_deref(), Some(b"picture".as_slice()));
        assert_eq!(bytes(&kept, "b.png"), None);
        let later = Kept::new(root.path(), Access::Read);
        assert_eq!(bytes(&later, "a.png").as_deref(), Some(b"picture".as_slice()));
        assert_eq!(later.keep("b.png", b"picture".to_vec()), Artifact::Bytes(b"picture".to_vec()));
        assert_eq!(bytes(&later, "b.png"), None);

        fs::write(&file, b"pictura").expect("written");
        assert_eq!(bytes(&kept, "a.png"), None);
        let again = kept.keep("a.png", b"picture".to_vec());
        assert_eq!(kept.find("a.png"), Some(again));
    }

    #[test]
    fn what_is_not_wanted_goes_and_so_do_the_remains_of_killed_builds() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let kept = Kept::new(root.path(), Access::Write);
        for name in ["a", "b"] {
            let _ = kept.keep(name, name.into());
        }
        fs::write(root.path().join(".genblog/kept/x.1.new"), "half").expect("written");
        let kept = Kept::new(root.path(), Access::Write);
        kept.retain(["b"].into_iter());
        assert_eq!((bytes(&kept, "a"), bytes(&kept, "b")), (None, Some(b"b".to_vec())));
        assert_eq!(fs::read_dir(root.path().join(".genblog/kept")).expect("there").count(), 1);
    }
}
