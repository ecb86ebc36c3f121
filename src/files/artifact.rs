//! The bytes of an output between making and writing: an [`Artifact`].
//!
//! Everything is made before anything is written, and a site's photographs are more than memory holds. So what is dear to make
//! or large waits on disk: results that are kept, files of the author's, and what goes beyond the measure of a [`Spool`].

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use blake3::Hash;

use crate::files::cache::{write_by, write_whole};
use crate::files::seen::read_stamped;
use crate::files::stamp::Stamp;
use crate::words::diagnostic::Diagnostic;

/// What an output holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Artifact {
    /// These bytes.
    Bytes(Vec<u8>),
    /// The bytes of a file, which were seen to hash to `hash`.
    File {
        /// Where they are.
        file: PathBuf,
        /// Hash of the bytes.
        hash: Hash,
    },
    /// Bytes that wait in a spool.
    Spooled(Spooled),
}

/// Bytes in the file of a spool's, where nobody but this build writes.
#[derive(Debug, Clone)]
pub struct Spooled {
    file: Arc<File>,
    start: u64,
    length: usize,
    hash: Hash,
}

impl PartialEq for Spooled {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash
    }
}

impl Eq for Spooled {}

impl Spooled {
    fn read(&self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; self.length];
        read_at(&self.file, &mut bytes, self.start)?;
        Ok(bytes)
    }
}

/// Makes an output, or says why that cannot be. A function that gives the bytes is one of these.
pub trait Make: Send + Sync {
    /// Makes it.
    fn make(&self) -> Result<Artifact, Vec<Diagnostic>>;
}

impl<F: Fn() -> Result<Vec<u8>, Vec<Diagnostic>> + Send + Sync> Make for F {
    fn make(&self) -> Result<Artifact, Vec<Diagnostic>> {
        self().map(Artifact::Bytes)
    }
}

impl Artifact {
    /// The file at `file` as an artifact, if it can be read and its bytes hash to `hash`. It is not held in memory.
    #[must_use]
    pub fn of_file(file: PathBuf, hash: Hash) -> Option<Self> {
        let (has, _) = read_stamped(&file, None, |_| {}).ok()?;
        (has == hash).then_some(Self::File { file, hash })
    }

    /// Hash of the bytes.
    #[must_use]
    pub fn hash(&self) -> Hash {
        match self {
            Self::Bytes(bytes) => blake3::hash(bytes),
            Self::File { hash, .. } | Self::Spooled(Spooled { hash, .. }) => *hash,
        }
    }

    /// How many bytes; none of a file that is gone.
    #[must_use]
    pub fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File { file, .. } => file.metadata().map_or(0, |file| file.len()),
            Self::Spooled(spooled) => spooled.length as u64,
        }
    }

    /// All bytes at once.
    pub fn into_bytes(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::Spooled(spooled) => spooled.read(),
            Self::File { file, hash } => {
                let bytes = fs::read(&file)?;
                if blake3::hash(&bytes) == hash { Ok(bytes) } else { Err(changed(&file)) }
            }
        }
    }

    /// Writes the bytes to `file`, as [`write_whole`] does, and gives the stamp of the file that is there now.
    ///
    /// An author's file that is no longer what it was, and one that is gone, is an error; nothing is written then.
    pub(super) fn write(&self, file: &Path) -> io::Result<Option<Stamp>> {
        match self {
            Self::Bytes(bytes) => write_whole(file, bytes)?,
            Self::File { file: from, hash } => write_by(file, |new| copy(from, *hash, new))?,
            Self::Spooled(spooled) => write_whole(file, &spooled.read()?)?,
        }
        Ok(Stamp::of(&file.symlink_metadata()?))
    }
}

/// The bytes of the author's file at `path`, which were seen to hash to `hash`.
pub fn read_unchanged(file: &Path, path: &str, hash: Hash) -> Result<Vec<u8>, Box<Diagnostic>> {
    let bytes = fs::read(file).map_err(|error| unreadable(path, &error))?;
    if blake3::hash(&bytes) == hash {
        return Ok(bytes);
    }
    let changed = Diagnostic::error("changed-file", "this file was changed while the site was built").in_path(path);
    Err(Box::new(changed.help("build again when nobody writes to it")))
}

/// What to say of an author's file that was there a moment ago.
#[must_use]
pub fn unreadable(path: &str, error: &io::Error) -> Box<Diagnostic> {
    let diagnostic = Diagnostic::error("unreadable", format!("this cannot be read: {error}")).in_path(path);
    Box::new(diagnostic.help("put it back, mend its permissions, or build again"))
}

/// Copies a file whose bytes hash to `hash`.
fn copy(from: &Path, hash: Hash, to: &Path) -> io::Result<()> {
    let mut written = File::create(to)?;
    let mut result = Ok(());
    let (has, _) = read_stamped(from, None, |piece| {
        if result.is_ok() {
            result = written.write_all(piece);
        }
    })?;
    result?;
    if has == hash { Ok(()) } else { Err(changed(from)) }
}

fn changed(file: &Path) -> io::Error {
    io::Error::other(format!("`{}` was changed while the site was built", file.display()))
}

/// Where artifacts wait for the others: in memory as long as all of them together are not too much, and one behind the other in a
/// file beyond.
#[derive(Debug)]
pub(super) struct Spool {
    path: PathBuf,
    /// The file, once something waits in it.
    file: Mutex<Option<Arc<File>>>,
    /// Bytes that memory may hold.
    most: u64,
    held: AtomicU64,
    /// Where the next one goes.
    end: AtomicU64,
}

impl Spool {
    /// A spool in the file at `path`, which is its own: what a build that was killed has left there is written over.
    pub(super) fn new(path: PathBuf, most: u64) -> Self {
        Self { path, file: Mutex::default(), most, held: AtomicU64::new(0), end: AtomicU64::new(0) }
    }

    /// Holds an artifact, whose bytes hash to `hash`, until it is written.
    pub(super) fn hold(&self, artifact: Artifact, hash: Hash) -> io::Result<Artifact> {
        let Artifact::Bytes(mut bytes) = artifact else { return Ok(artifact) };
        let length = bytes.len() as u64;
        if self.held.fetch_add(length, Ordering::Relaxed) + length <= self.most {
            // Whoever makes an output makes room for more than it takes.
            bytes.shrink_to_fit();
            return Ok(Artifact::Bytes(bytes));
        }
        self.held.fetch_sub(length, Ordering::Relaxed);
        let file = self.file()?;
        let start = self.end.fetch_add(length, Ordering::Relaxed);
        write_at(&file, &bytes, start)?;
        Ok(Artifact::Spooled(Spooled { file, start, length: bytes.len(), hash }))
    }

    fn file(&self) -> io::Result<Arc<File>> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = &*file {
            return Ok(Arc::clone(file));
        }
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let opened = File::options().read(true).write(true).create(true).truncate(true).open(&self.path)?;
        Ok(Arc::clone(file.insert(Arc::new(opened))))
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        if self.file.lock().is_ok_and(|file| file.is_some()) {
            // The next build takes away what stays.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], start: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, start)
}

#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], start: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, start)
}

/// One at a time: place and reading are two steps.
#[cfg(not(unix))]
static CURSOR: std::sync::Mutex<()> = std::sync::Mutex::new(());

#[cfg(not(unix))]
fn read_at(mut file: &File, bytes: &mut [u8], start: u64) -> io::Result<()> {
    let _mine = CURSOR.lock();
    io::Seek::seek(&mut file, io::SeekFrom::Start(start))?;
    io::Read::read_exact(&mut file, bytes)
}

#[cfg(not(unix))]
fn write_at(mut file: &File, bytes: &[u8], start: u64) -> io::Result<()> {
    let _mine = CURSOR.lock();
    io::Seek::seek(&mut file, io::SeekFrom::Start(start))?;
    file.write_all(bytes)
}

#[cfg(test)]
mod tests {
    use rayon::prelude::{IntoParallelIterator, ParallelIterator};

    use super::*;

    #[test]
    fn an_artifact_is_written_as_it_was_seen_or_not_at_all() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (from, to) = (folder.path().join("from"), folder.path().join("a/to"));
        fs::write(&from, "one").expect("writable");
        assert_eq!(Artifact::of_file(from.clone(), blake3::hash(b"two")), None);
        let artifact = Artifact::of_file(from.clone(), blake3::hash(b"one")).expect("it is so");
        artifact.write(&to).expect("writable");
        assert_eq!(fs::read(&to).expect("written"), b"one");
        fs::write(&from, "two").expect("writable");
        assert!(artifact.write(&to).is_err() && artifact.into_bytes().is_err());
        assert_eq!(fs::read(&to).expect("written before"), b"one");
        assert_eq!(fs::read_dir(folder.path().join("a")).expect("there").count(), 1);
    }

    #[test]
    fn a_spool_holds_no_more_in_memory_than_it_may() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let place = folder.path().join("spool");
        let spool = Spool::new(place.clone(), 5);
        let held: Vec<Artifact> = ["one", "two", "22", "3"]
            .map(|text| spool.hold(Artifact::Bytes(text.into()), blake3::hash(text.as_bytes())).expect("room on disk"))
            .into();
        let in_memory: Vec<bool> = held.iter().map(|one| matches!(one, Artifact::Bytes(_))).collect();
        assert_eq!(in_memory, [true, false, true, false]);
        held[1].write(&folder.path().join("a/two")).expect("writable");
        assert_eq!(fs::read(folder.path().join("a/two")).expect("written"), b"two");
        let bytes: Vec<Vec<u8>> = held.into_iter().map(|one| one.into_bytes().expect("there")).collect();
        assert_eq!(bytes, [b"one".to_vec(), b"two".to_vec(), b"22".to_vec(), b"3".to_vec()]);
        drop(spool);
        assert!(!place.exists());
        // Where no file can be made, that is said; a folder stands there.
        fs::create_dir(&place).expect("writable");
        let held = Spool::new(place, 0).hold(Artifact::Bytes(b"one".to_vec()), blake3::hash(b"one"));
        assert!(held.is_err_and(|error| error.raw_os_error().is_some()));
    }

    #[test]
    fn what_many_hold_at_once_is_what_they_get() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let spool = Spool::new(folder.path().join("spool"), 1_000);
        let bytes = |n: usize| n.to_string().repeat(n % 700).into_bytes();
        (0..2_000).into_par_iter().for_each(|n| {
            let held = spool.hold(Artifact::Bytes(bytes(n)), blake3::hash(&bytes(n))).expect("room on disk");
            assert_eq!(held.length(), bytes(n).len() as u64);
            let file = folder.path().join(format!("of/{n}"));
            held.write(&file).expect("writable");
            assert_eq!(fs::read(file).expect("written"), bytes(n));
        });
    }
}
