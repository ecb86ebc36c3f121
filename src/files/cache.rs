//! What genblog remembers between two builds, in the folder `.genblog/` of a site.
//!
//! For every output folder there is a [`Manifest`], which names the files that genblog owns there, and while a build writes
//! there is a [`Journal`], which names those that it is about to write. A build that is killed leaves its journal behind;
//! the next one reads both, so that it knows its files in whatever state they are. A manifest that cannot be read owns
//! nothing: it is as if the folder had never been built. Beside them lies the last build's [`Receipt`]. `genblog explain` tells
//! people what is in there.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use blake3::Hash;
use serde::{Deserialize, Deserializer, Serialize};

use crate::files::hash_bytes;
use crate::files::hash_of::hash_of;
use crate::files::receipt::Receipt;

/// The folder in a site's root.
pub const FOLDER: &str = ".genblog";

/// The form of manifests and journals.
const FORM: u32 = 2;

/// The program and its version: what another one made is never taken for fresh.
pub const PROGRAM: &str = concat!("genblog ", env!("CARGO_PKG_VERSION"));

/// The files that genblog owns in an output folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    form: u32,
    program: String,
    /// The output folder.
    output: String,
    /// By path, relative to the output folder.
    #[serde(deserialize_with = "at_once")]
    files: BTreeMap<String, Owned>,
}

/// Postcard writes a map as the list of its pairs. Where they are in order it is made of all at once, several times as fast as one by one.
fn at_once<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Owned>, D::Error> {
    Vec::<(String, Owned)>::deserialize(deserializer).map(|files| files.into_iter().collect())
}

/// A file that genblog owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owned {
    /// Hash of everything that its bytes depend on.
    #[serde(with = "hash_bytes")]
    pub fingerprint: Hash,
    /// Hash of its bytes.
    #[serde(with = "hash_bytes")]
    pub hash: Hash,
}

impl Manifest {
    /// A manifest of this program.
    #[must_use]
    pub fn new(output: &str, files: BTreeMap<String, Owned>) -> Self {
        Self { form: FORM, program: PROGRAM.to_owned(), output: output.to_owned(), files }
    }

    /// What genblog last wrote at `path`.
    #[must_use]
    pub fn owned(&self, path: &str) -> Option<Owned> {
        self.files.get(path).copied()
    }

    /// Whether the file at `path`, whose bytes hash to `hash`, is what an output with this fingerprint would be again.
    #[must_use]
    pub fn is_fresh(&self, path: &str, fingerprint: Hash, hash: Hash) -> bool {
        self.program == PROGRAM && self.owned(path) == Some(Owned { fingerprint, hash })
    }

    /// Stands for the manifest: for every file, its fingerprint and its bytes.
    #[must_use]
    pub fn hash(&self) -> Hash {
        let files = self.files.iter().map(|(path, owned)| (path.as_str(), [owned.fingerprint, owned.hash]));
        hash_of([(self.program.as_str(), [Hash::from_bytes([0; blake3::OUT_LEN]); 2])].into_iter().chain(files))
    }

    /// The manifest with these files besides its own, or in their place.
    #[must_use]
    pub fn with(&self, files: BTreeMap<String, Owned>) -> Self {
        let mut all = self.clone();
        all.files.extend(files);
        all
    }

    /// Every file, by path.
    pub fn files(&self) -> impl Iterator<Item = (&str, Owned)> {
        self.files.iter().map(|(path, &owned)| (path.as_str(), owned))
    }
}

/// The files that builds which did not end were about to write, with the hashes of their bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    form: u32,
    files: BTreeMap<String, BTreeSet<String>>,
}

impl Journal {
    /// This journal with what the next build is about to write: when that is killed too, either's bytes may be there.
    #[must_use]
    pub fn with<'a>(&self, files: impl Iterator<Item = (&'a str, Hash)>) -> Self {
        let mut journal = Self { form: FORM, files: self.files.clone() };
        for (path, hash) in files {
            journal.files.entry(path.to_owned()).or_default().insert(hash.to_hex().to_string());
        }
        journal
    }

    /// Whether a build was about to write these bytes at `path`.
    #[must_use]
    pub fn has(&self, path: &str, hash: Hash) -> bool {
        self.files.get(path).is_some_and(|hashes| hashes.contains(hash.to_hex().as_str()))
    }

    /// Whether there is no such file.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The paths in it.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }
}

/// Where the manifest, the journal and the receipt of one output folder are kept, and what its outputs are made of.
#[derive(Debug)]
pub struct Memory {
    name: String,
    manifest: PathBuf,
    journal: PathBuf,
    receipt: PathBuf,
    parts: PathBuf,
    site: PathBuf,
    amended: PathBuf,
}

impl Memory {
    /// The memory of the output folder that is called `output`: its path relative to the site when it lies in the site, and
    /// absolute otherwise, so that a site that is moved keeps what it knows.
    #[must_use]
    pub fn new(root: &Path, output: &str) -> Self {
        let folder = root.join(FOLDER).join("outputs");
        let name = blake3::hash(output.as_bytes()).to_hex()[..16].to_owned();
        let file = |ending: &str| folder.join(format!("{name}{ending}"));
        let (manifest, journal) = (file(".manifest"), file(".journal.json"));
        let (receipt, parts) = (file(".receipt"), file(".parts"));
        let (site, amended) = (file(".site"), file(".amended"));
        Self { name, manifest, journal, receipt, parts, site, amended }
    }

    /// What stands for the output folder in the names of files.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file of what the outputs are made of.
    #[must_use]
    pub fn parts(&self) -> &Path {
        &self.parts
    }

    /// Reads the manifest.
    #[must_use]
    pub fn manifest(&self, output: &str) -> Manifest {
        read_sealed::<Manifest>(&self.manifest)
            .filter(|manifest| {
                manifest.form == FORM && manifest.output == output && manifest.files.keys().all(|path| is_inside(path))
            })
            .unwrap_or_else(|| Manifest::new(output, BTreeMap::new()))
    }

    /// Reads the journal of a build that did not end; empty when the last one did.
    #[must_use]
    pub fn journal(&self) -> Journal {
        read::<Journal>(&self.journal)
            .filter(|journal| journal.form == FORM && journal.files.keys().all(|path| is_inside(path)))
            .unwrap_or_default()
    }

    /// Reads the receipt of the last build.
    #[must_use]
    pub fn receipt(&self) -> Option<Receipt> {
        read_sealed(&self.receipt)
    }

    /// Keeps the receipt of a build. Nothing is lost but time when it cannot be written.
    pub fn keep_receipt(&self, receipt: &Receipt) {
        let _ = write_sealed(&self.receipt, receipt);
    }

    /// Reads what [`Memory::keep_site`] kept.
    #[must_use]
    pub fn site(&self) -> Option<Sealed> {
        Sealed::read(&self.site)
    }

    /// Keeps a site without its texts. Nothing is lost but time when it cannot be written.
    pub fn keep_site(&self, bytes: &[u8]) {
        let _ = write_sealed_bytes(&self.site, bytes);
    }

    /// Reads what [`Memory::keep_amended`] kept.
    #[must_use]
    pub fn amended<T: for<'de> Deserialize<'de>>(&self) -> Option<T> {
        read_sealed(&self.amended)
    }

    /// Keeps which texts of that site are others now.
    pub fn keep_amended(&self, amended: &impl Serialize) {
        let _ = write_sealed(&self.amended, amended);
    }

    /// Forgets everything but what is in `manifest`.
    pub fn clear(&self, manifest: &Manifest) -> io::Result<()> {
        for file in [&self.receipt, &self.journal, &self.manifest, &self.parts, &self.site, &self.amended] {
            remove(&temporary(file))?;
        }
        [&self.receipt, &self.parts, &self.site, &self.amended].into_iter().try_for_each(|file| remove(file))?;
        if manifest.files.is_empty() {
            remove(&self.journal)?;
            remove(&self.manifest)
        } else {
            self.finish(manifest)
        }
    }

    /// Whether nothing is remembered of any output folder.
    #[must_use]
    pub fn is_last(&self) -> bool {
        let folder = self.manifest.parent().map(std::fs::read_dir);
        folder.is_none_or(|entries| entries.is_ok_and(|mut entries| entries.next().is_none()))
    }

    /// Says what is about to be written.
    pub fn begin(&self, journal: &Journal) -> io::Result<()> {
        write_json(&self.journal, journal)
    }

    /// Says what was written.
    pub fn finish(&self, manifest: &Manifest) -> io::Result<()> {
        write_sealed(&self.manifest, manifest)?;
        remove(&self.journal)
    }
}

/// Removes a file, if it is there.
fn remove(file: &Path) -> io::Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Whether a path stays in the folder that it is relative to: its seal has no key, so anyone can write one.
fn is_inside(path: &str) -> bool {
    path.split('/').all(|part| !part.is_empty() && part != "." && part != ".." && !part.contains('\\'))
}

pub(super) fn read<T: for<'de> Deserialize<'de>>(file: &Path) -> Option<T> {
    serde_json::from_slice(&std::fs::read(file).ok()?).ok()
}

pub(super) fn write_json(file: &Path, value: &impl Serialize) -> io::Result<()> {
    let mut bytes = serde_json::to_vec_pretty(value).expect("texts and numbers are always JSON");
    bytes.push(b'\n');
    if std::fs::read(file).is_ok_and(|present| present == bytes) {
        return Ok(());
    }
    write_whole(file, &bytes)
}

/// Writes a file so that whoever looks sees its old bytes or its new ones and nothing in between, even after a kill.
pub fn write_whole(file: &Path, bytes: &[u8]) -> io::Result<()> {
    write_by(file, |new| write_new(new, bytes))
}

/// The same where `write` puts the bytes into the file that is to take the place of the old one.
pub(super) fn write_by(file: &Path, write: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let temporary = temporary(file);
    let written = write(&temporary).and_then(|()| std::fs::rename(&temporary, file));
    if written.is_err() {
        // The first error is the one to tell; a file that stays behind is taken away by the next build.
        let _ = std::fs::remove_file(&temporary);
    }
    written
}

/// Reads what [`write_sealed`] wrote; `None` when a byte of it is another one.
pub(super) fn read_sealed<T: for<'de> Deserialize<'de>>(file: &Path) -> Option<T> {
    postcard::from_bytes(Sealed::read(file)?.bytes()).ok()
}

/// Bytes that were read behind their seal, none of which is another one.
#[derive(Debug)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    fn read(file: &Path) -> Option<Self> {
        let all = std::fs::read(file).ok()?;
        let (seal, text) = all.split_at_checked(SEAL)?;
        (seal == self::seal(text)).then_some(Self(all))
    }

    /// What was sealed.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0[SEAL..]
    }
}

/// Writes a value so that damage to the file is seen.
pub(super) fn write_sealed(file: &Path, value: &impl Serialize) -> io::Result<()> {
    write_sealed_bytes(file, &postcard::to_allocvec(value).expect("plain data"))
}

fn write_sealed_bytes(file: &Path, bytes: &[u8]) -> io::Result<()> {
    write_whole(file, &[&seal(bytes), bytes].concat())
}

/// Bytes of a seal: a hash in hexadecimal digits, and the end of the line.
const SEAL: usize = blake3::OUT_LEN * 2 + 1;

/// The first line of a sealed file: the hash of what follows.
fn seal(text: &[u8]) -> Vec<u8> {
    format!("{}\n", blake3::hash(text).to_hex()).into_bytes()
}

fn write_new(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = std::fs::File::create(file)?;
    file.write_all(bytes)
}

/// The file that holds the bytes of `file` until it is renamed: beside it, since a rename cannot leave the file system.
#[must_use]
pub fn temporary(file: &Path) -> PathBuf {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    file.with_file_name(format!(".genblog-{}.tmp", &blake3::hash(name.as_bytes()).to_hex()[..16]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let owned = Owned { fingerprint: blake3::hash(b"view"), hash: blake3::hash(b"bytes") };
        Manifest::new("public", BTreeMap::from([("posts/a/index.html".to_owned(), owned)]))
    }

    #[test]
    fn what_was_remembered_is_known_again() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let memory = Memory::new(root.path(), "public");
        let journal = Journal::default().with([("a", blake3::hash(b"x"))].into_iter());
        memory.begin(&journal).expect("writable");
        assert_eq!(memory.journal(), journal);
        memory.finish(&manifest()).expect("writable");
        assert_eq!((memory.manifest("public"), memory.journal()), (manifest(), Journal::default()));
    }

    #[test]
    fn a_corrupt_or_hostile_manifest_owns_nothing() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let memory = Memory::new(root.path(), "public");
        let count = || memory.manifest("public").files().count();
        let owned = manifest().owned("posts/a/index.html").expect("there");
        let outside = Manifest::new("public", BTreeMap::from([("../../etc/index.html".to_owned(), owned)]));
        let elsewhere = Manifest { output: "docs".to_owned(), ..manifest() };
        let other_form = Manifest { form: 9, ..manifest() };
        for (hostile, owns) in [(manifest(), 1), (outside, 0), (elsewhere, 0), (other_form, 0)] {
            write_sealed(&memory.manifest, &hostile).expect("writable");
            assert_eq!(count(), owns, "{hostile:?}");
        }
        write_sealed(&memory.manifest, &manifest()).expect("writable");
        let sound = std::fs::read(&memory.manifest).expect("written");
        for at in 0..sound.len() {
            let mut damaged = sound.clone();
            damaged[at] ^= 1;
            std::fs::write(&memory.manifest, damaged).expect("writable");
            assert_eq!(count(), 0, "byte {at}");
        }
    }

    #[test]
    fn another_version_owns_files_but_makes_none_fresh() {
        let mut manifest = manifest();
        let (path, owned) = ("posts/a/index.html", manifest.owned("posts/a/index.html").expect("there"));
        assert!(manifest.is_fresh(path, owned.fingerprint, owned.hash));
        manifest.program = "genblog 0.0.1".to_owned();
        assert!(!manifest.is_fresh(path, owned.fingerprint, owned.hash));
        assert_eq!(manifest.owned(path), Some(owned));
    }
}
