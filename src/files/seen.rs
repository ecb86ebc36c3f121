//! What was found out about files by reading them, so that nothing is read twice: files in `.genblog/seen/`.
//!
//! An [`Entry`] holds for as long as its file has the same [`Stamp`]. It is a shortcut only: the truth is the hash of the bytes,
//! and a site that is copied elsewhere is read once more and nothing else is done for it. A memory that is damaged, or was
//! written by anything but the same program, is as good as none.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use blake3::Hash;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::files::cache::{FOLDER, read_sealed, write_sealed};
use crate::files::hash_bytes;
use crate::files::stamp::{Moment, Stamp};

/// The form of these files.
const FORM: u32 = 2;

/// What is known of the files of a folder, by their names; `F` is what their bytes told besides their hash.
#[derive(Debug)]
pub struct Seen<F> {
    entries: Entries<F>,
}

/// Entries by the names of their files.
pub type Entries<F> = HashMap<String, Entry<F>>;

/// What is known of a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry<F> {
    /// What the file system said of it then.
    pub stamp: Stamp,
    /// Hash of its bytes.
    #[serde(with = "hash_bytes")]
    pub hash: Hash,
    /// What its bytes told.
    pub facts: F,
}

/// The whole of a memory, as it is written and as it is read.
#[derive(Serialize, Deserialize)]
struct Remembered<P, E> {
    form: u32,
    /// Stands for whoever found the facts out.
    program: P,
    files: E,
}

impl<F> Default for Seen<F> {
    /// Nothing is known.
    fn default() -> Self {
        Self { entries: Entries::new() }
    }
}

impl<F> From<Entries<F>> for Seen<F> {
    fn from(entries: Entries<F>) -> Self {
        Self { entries }
    }
}

impl<F: Serialize + DeserializeOwned + PartialEq> Seen<F> {
    /// What `program` remembers by the name of `memory` in the site in `root`.
    #[must_use]
    pub fn read(root: &Path, memory: &str, program: &str) -> Self {
        let remembered = read_sealed::<Remembered<String, Entries<F>>>(&file(root, memory));
        let same = remembered.filter(|seen| seen.form == FORM && seen.program == program);
        Self { entries: same.map(|seen| seen.files).unwrap_or_default() }
    }

    /// What is known of the file of that name, if it is still the one with this stamp.
    #[must_use]
    pub fn entry(&self, name: &str, stamp: Option<Stamp>) -> Option<&Entry<F>> {
        self.entries.get(name).filter(|entry| Some(entry.stamp) == stamp)
    }

    /// Forgets all of a memory. What stays is a file that nobody trusts.
    pub fn forget(&self, root: &Path, memory: &str) {
        let _ = std::fs::remove_file(file(root, memory));
    }

    /// Remembers `entries` and nothing else. Nothing is lost but time when it cannot be written.
    pub fn write(&self, root: &Path, memory: &str, program: &str, entries: &Entries<F>) {
        if self.entries != *entries {
            write(root, memory, program, entries);
        }
    }

    /// Remembers `news` besides what is known; `None` forgets.
    pub fn amend(
        &mut self,
        root: &Path,
        memory: &str,
        program: &str,
        news: impl IntoIterator<Item = (String, Option<Entry<F>>)>,
    ) {
        let mut is_other = false;
        for (name, entry) in news {
            is_other |= self.entries.get(&name) != entry.as_ref();
            match entry {
                Some(entry) => self.entries.insert(name, entry),
                None => self.entries.remove(&name),
            };
        }
        if is_other {
            write(root, memory, program, &self.entries);
        }
    }
}

fn write<F: Serialize>(root: &Path, memory: &str, program: &str, entries: &Entries<F>) {
    let remembered = Remembered { form: FORM, program, files: entries };
    let _ = write_sealed(&file(root, memory), &remembered);
}

impl Seen<()> {
    /// The hash of a file's bytes, which are read when nothing is known of the file with this stamp, and what is known of it now.
    pub fn hash(
        &self,
        name: &str,
        file: &Path,
        stamp: Option<Stamp>,
        moment: Option<Moment>,
    ) -> io::Result<(Hash, Knowledge)> {
        if let Some(entry) = self.entry(name, stamp) {
            return Ok((entry.hash, Knowledge::Old(entry.clone())));
        }
        let (hash, stamp) = read_stamped(file, moment, |_| {})?;
        let entry = stamp.map(|stamp| Entry { stamp, hash, facts: () });
        Ok((hash, entry.map_or(Knowledge::None, Knowledge::New)))
    }
}

/// What is known of a file after it was looked at.
#[derive(Debug, Clone, PartialEq)]
pub enum Knowledge {
    /// It has to be read again.
    None,
    /// It was read for it.
    New(Entry<()>),
    /// It was remembered.
    Old(Entry<()>),
}

impl Knowledge {
    /// What to remember of the file.
    #[must_use]
    pub fn entry(&self) -> Option<&Entry<()>> {
        match self {
            Self::None => None,
            Self::New(entry) | Self::Old(entry) => Some(entry),
        }
    }

    /// What to remember of it that is not remembered yet.
    #[must_use]
    pub fn news(self) -> Option<Entry<()>> {
        if let Self::New(entry) = self { Some(entry) } else { None }
    }
}

fn file(root: &Path, memory: &str) -> std::path::PathBuf {
    root.join(FOLDER).join("seen").join(memory)
}

/// Bytes that are read of a file at a time.
const PIECE: usize = 1 << 16;

/// The hash of a file's bytes, and its stamp if they are sure to belong together: it was settled at `moment`, which was before,
/// and the file did not change meanwhile. The bytes go to `each` in pieces.
pub fn read_stamped(
    file: &Path,
    moment: Option<Moment>,
    mut each: impl FnMut(&[u8]),
) -> io::Result<(Hash, Option<Stamp>)> {
    let mut file = File::open(file)?;
    let metadata = file.metadata()?;
    let before = Stamp::of(&metadata);
    let mut hasher = blake3::Hasher::new();
    // A small file is read at once; one byte more tells that it has ended.
    let mut piece =
        vec![0; usize::try_from(metadata.len()).map_or(PIECE, |length| length.saturating_add(1).min(PIECE))];
    loop {
        match file.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => {
                hasher.update(&piece[..length]);
                each(&piece[..length]);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let after = Stamp::of(&file.metadata()?);
    let stamp = before.filter(|stamp| after == before && moment.is_some_and(|moment| stamp.is_settled(moment)));
    Ok((hasher.finalize(), stamp))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn entries(root: &Path) -> Entries<u32> {
        std::fs::write(root.join("a"), "a").expect("writable");
        let stamp = Stamp::of(&root.join("a").metadata().expect("there")).expect("a time of this century");
        Entries::from([("a".to_owned(), Entry { stamp, hash: blake3::hash(b"a"), facts: 7 })])
    }

    #[test]
    fn what_was_seen_is_known_for_as_long_as_the_stamp_is_the_same() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let entries = entries(root.path());
        let stamp = Some(entries["a"].stamp);
        Seen::default().write(root.path(), "x", "me", &entries);
        let seen = Seen::<u32>::read(root.path(), "x", "me");
        assert_eq!(seen.entry("a", stamp), Some(&entries["a"]));
        assert_eq!((seen.entry("b", stamp), seen.entry("a", None)), (None, None));
        std::fs::write(root.path().join("a"), "bc").expect("writable");
        assert_eq!(seen.entry("a", Stamp::of(&root.path().join("a").metadata().expect("there"))), None);
    }

    #[test]
    fn a_damaged_or_foreign_memory_is_none() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let entries = entries(root.path());
        let stamp = Some(entries["a"].stamp);
        Seen::default().write(root.path(), "x", "me", &entries);
        assert!(Seen::<u32>::read(root.path(), "x", "you").entry("a", stamp).is_none());
        assert!(Seen::<String>::read(root.path(), "x", "me").entry("a", stamp).is_none());
        let file = root.path().join(".genblog/seen/x");
        let sound = std::fs::read(&file).expect("written");
        for at in 0..sound.len() {
            let mut damaged = sound.clone();
            damaged[at] ^= 1;
            std::fs::write(&file, damaged).expect("writable");
            assert!(Seen::<u32>::read(root.path(), "x", "me").entry("a", stamp).is_none(), "byte {at}");
        }
        for length in [0, 10, 65, sound.len() - 1] {
            std::fs::write(&file, &sound[..length]).expect("writable");
            assert!(Seen::<u32>::read(root.path(), "x", "me").entry("a", stamp).is_none(), "{length} bytes");
        }
    }
}
