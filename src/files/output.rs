//! From planned outputs to files in the output folder.
//!
//! ```text
//! Output::open ── checks the folder and locks it (Locked), reads manifest and journal
//! Output::look
//!    look      every planned path on disk        fingerprint and bytes as remembered: fresh, not made
//! Output::write
//!    make      what is not fresh, in parallel    any diagnostic: stop, nothing was written
//!    begin     the journal names what will be written
//!    write     assets, then pages, then feeds    temporary file, rename; equal bytes are not touched
//!    remove    what is owned and no longer planned, then folders that are empty now
//!    finish    the manifest, and the journal is gone
//! ```
//!
//! Every file is whole at every moment, and every file that genblog wrote is known as its own at every moment.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use blake3::Hash;
use chrono::{DateTime, Utc};
use rayon::prelude::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

use crate::files::answers;
use crate::files::artifact::{Artifact, Spool};
use crate::files::cache::{FOLDER, Journal, Manifest, Memory, Owned, PROGRAM, temporary};
use crate::files::conflict::{foreign_files, not_as_made, repeated};
use crate::files::lock::{cannot_be_locked, lock};
use crate::files::place;
pub use crate::files::planned::{Phase, Planned, examine, problems, render};
use crate::files::present::{Disk, Found, Present};
use crate::files::receipt::{Receipt, Said};
use crate::files::seen::{Entry, Seen, read_stamped};
use crate::files::stamp::{Moment, Stamp};
use crate::words::diagnostic::Diagnostic;

/// Bytes of outputs that wait in memory until all are made; what goes beyond waits on disk.
const HELD: u64 = 8 << 20;

/// Where they wait there, below a site's root.
const SPOOL: &str = ".genblog/spooled";

/// What a build did to the output folder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Outputs whose bytes were made.
    pub rendered: usize,
    /// Files that are new or have new bytes.
    pub written: usize,
    /// Files that were not touched.
    pub unchanged: usize,
    /// Files that were deleted.
    pub removed: usize,
}

/// Why nothing, or not everything, was written.
#[derive(Debug)]
pub enum Failure {
    /// The site or its output folder is at fault; nothing was written.
    Site(Vec<Diagnostic>),
    /// The machine is at fault: a full disk, a missing permission, another build at work.
    Machine(Box<Diagnostic>),
}

/// The output folder of a site before anything is known of it, locked for as long as this lives.
#[derive(Debug)]
pub struct Locked {
    root: PathBuf,
    folder: PathBuf,
    name: String,
    opened: Moment,
    lock: File,
}

/// The output folder of a site, locked for as long as this lives.
#[derive(Debug)]
pub struct Output {
    root: PathBuf,
    name: String,
    memory: Memory,
    disk: Disk,
    _lock: File,
}

/// Planned outputs, and what is at their places.
pub struct Looked<'p, 'a> {
    outputs: Vec<Place<'p, 'a>>,
}

/// A planned output, and what is at its place.
struct Place<'p, 'a> {
    path: String,
    planned: &'p Planned<'a>,
    found: Found,
    /// Whether that is what the output would be again.
    fresh: bool,
}

impl Looked<'_, '_> {
    /// Outputs that have to be made.
    pub fn stale(&self) -> impl Iterator<Item = &Planned<'_>> {
        self.outputs.iter().filter(|place| !place.fresh).map(|place| place.planned)
    }
}

/// What becomes of files that genblog wrote and that are not among the outputs at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Others {
    /// They are not planned any more.
    Gone,
    /// They are outputs too.
    Stay,
}

/// A planned output that was made, because its file is not fresh.
struct Made<'a> {
    path: &'a str,
    phase: Phase,
    artifact: Artifact,
    hash: Hash,
    present: Present,
}

/// Outputs that were made and wait to be written.
pub struct Making<'p> {
    made: Vec<Made<'p>>,
    /// Where some of them wait.
    _spool: Spool,
}

/// What kept an output from being made.
enum Unmade {
    Site(Vec<Diagnostic>),
    Machine(io::Error),
}

impl Locked {
    /// Locks the site in `root` for writing to its output folder; a relative `folder` is relative to `root`.
    pub fn new(root: &Path, folder: &Path) -> Result<Self, Failure> {
        let (folder, name) = place::check(root, folder).map_err(|diagnostic| Failure::Site(vec![*diagnostic]))?;
        let refuse = |problem| Failure::Machine(Box::new(problem));
        let lock = lock(root).map_err(refuse)?;
        let opened = Moment::of(&root.join(FOLDER)).map_err(|error| refuse(cannot_be_locked(&error)))?;
        Ok(Self { root: root.to_owned(), folder, name, opened, lock })
    }

    /// Reads what is remembered of the folder.
    #[must_use]
    pub fn recall(self) -> Output {
        let Self { root, folder, name, opened, lock } = self;
        // What a build that was killed has left.
        let _ = std::fs::remove_file(root.join(SPOOL));
        let memory = Memory::new(&root, &name);
        let (manifest, journal) = (memory.manifest(&name), memory.journal());
        let seen = Seen::read(&root, memory.name(), PROGRAM);
        let disk = Disk { folder, manifest, journal, seen, opened };
        Output { root, name, memory, disk, _lock: lock }
    }
}

impl Output {
    /// Locks the site in `root` and reads what is remembered of its output folder; a relative `folder` is relative to `root`.
    pub fn open(root: &Path, folder: &Path) -> Result<Self, Failure> {
        Locked::new(root, folder).map(Locked::recall)
    }

    /// What the folder is called: its path relative to the site when it lies in it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the last build said, if it was one of these inputs and everything that it wrote is there.
    pub fn unchanged(&mut self, inputs: Hash, now: DateTime<Utc>) -> Option<(Said, Report)> {
        let Disk { manifest, journal, .. } = &self.disk;
        let of_manifest = |receipt: &Receipt| receipt.holds(inputs, now) && receipt.manifest == manifest.hash();
        let receipt = self.memory.receipt().filter(of_manifest).filter(|_| journal.is_empty())?;
        let files: Vec<(&str, Owned)> = manifest.files().collect();
        let folders = self.disk.folders(files.iter().map(|(path, _)| *path));
        // Either that a file is another one, or what is new of it.
        let differs = |&(path, owned): &(&str, Owned)| match self.disk.find(path, &folders) {
            Found { present: Present::File(hash), known } if hash == owned.hash => {
                known.news().map(|entry| Ok((path.to_owned(), Some(entry))))
            }
            _ => Some(Err(())),
        };
        let news: Vec<_> = files.par_iter().filter_map(differs).collect::<Result<_, ()>>().ok()?;
        let report = Report { unchanged: files.len(), ..Report::default() };
        self.disk.seen.amend(&self.root, self.memory.name(), PROGRAM, news);
        Some((receipt.said, report))
    }

    /// What is remembered of the folder besides its files.
    #[must_use]
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Keeps a receipt of the build that has just been written: of what, when, and what it said.
    pub fn keep_receipt(&self, inputs: Hash, from: DateTime<Utc>, said: Said) {
        let manifest = self.disk.manifest.hash();
        self.memory.keep_receipt(&Receipt { inputs, manifest, from, said });
    }

    /// Looks at the places of planned outputs.
    #[must_use]
    pub fn look<'p, 'a>(&self, planned: &'p [Planned<'a>]) -> Looked<'p, 'a> {
        let paths: Vec<String> = planned.iter().map(|planned| planned.route.file()).collect();
        let folders = self.disk.folders(paths.iter().map(String::as_str));
        let look = |(planned, path): (&'p Planned<'a>, String)| {
            let found = self.disk.find(&path, &folders);
            let fresh = match found.present {
                Present::File(hash) => self.disk.manifest.is_fresh(&path, planned.fingerprint, hash),
                Present::Nothing | Present::Other => false,
            };
            Place { path, planned, found, fresh }
        };
        Looked { outputs: planned.par_iter().zip(paths.clone()).map(look).collect() }
    }

    /// Makes what is not fresh, then writes what differs, then deletes what is no longer planned.
    pub fn write(&mut self, looked: &Looked<'_, '_>) -> Result<Report, Failure> {
        let made = self.make(looked)?;
        self.commit(looked, made)
    }

    /// Makes what is not fresh; nothing is written.
    pub fn make<'p>(&self, looked: &'p Looked<'_, '_>) -> Result<Making<'p>, Failure> {
        let mut problems = repeated(looked.outputs.iter().map(|place| &*place.path));
        let spool = Spool::new(self.root.join(SPOOL), HELD);
        let stale = looked.outputs.par_iter().filter(|place| !place.fresh);
        let (mut made, mut foreign) = (Vec::new(), Vec::new());
        for result in stale.map(|place| make(place, &spool)).collect::<Vec<_>>() {
            match result {
                Ok(output) if self.may_write(&output) => made.push(output),
                Ok(output) => foreign.push(output.path),
                Err(Unmade::Site(diagnostics)) => problems.extend(diagnostics),
                Err(Unmade::Machine(error)) => return Err(self.machine(&error)),
            }
        }
        problems.extend(foreign_files(&self.name, &foreign));
        if !problems.is_empty() {
            return Err(Failure::Site(problems));
        }
        Ok(Making { made, _spool: spool })
    }

    /// Writes what was made and differs from what is there, then deletes what is no longer planned.
    pub fn commit(&mut self, looked: &Looked<'_, '_>, made: Making<'_>) -> Result<Report, Failure> {
        self.put(&looked.outputs, made.made, Others::Gone).map_err(|error| self.machine(&error))
    }

    /// Makes some outputs of those that the manifest names, and writes what differs; all others are what they were. `None` when one of
    /// them is new, or cannot be made: then nothing was written.
    pub fn amend(&mut self, planned: &[Planned<'_>]) -> Result<Option<Report>, Failure> {
        if planned.iter().any(|planned| self.disk.manifest.owned(&planned.route.file()).is_none()) {
            return Ok(None);
        }
        let looked = self.look(planned);
        let made = match self.make(&looked) {
            Ok(made) => made,
            Err(Failure::Site(_)) => return Ok(None),
            Err(failure) => return Err(failure),
        };
        self.put(&looked.outputs, made.made, Others::Stay).map(Some).map_err(|error| self.machine(&error))
    }

    fn machine(&self, error: &io::Error) -> Failure {
        let diagnostic = Diagnostic::error("io", format!("the output cannot be written: {error}"));
        let help = "what is there is whole; build again when this is mended";
        Failure::Machine(Box::new(diagnostic.in_path(&self.name).help(help)))
    }

    /// Whether a file may be put at its path: nothing is there, or the same, or something that is genblog's.
    fn may_write(&self, made: &Made<'_>) -> bool {
        match made.present {
            Present::Nothing => true,
            Present::File(hash) => {
                let Disk { manifest, journal, .. } = &self.disk;
                hash == made.hash || manifest.owned(made.path).is_some() || journal.has(made.path, hash)
            }
            Present::Other => false,
        }
    }

    /// Writes, removes and remembers.
    fn put(&mut self, outputs: &[Place<'_, '_>], made: Vec<Made<'_>>, others: Others) -> io::Result<Report> {
        let rendered = made.len();
        let mut files: BTreeMap<String, Owned> = BTreeMap::new();
        let hashes: BTreeMap<&str, Hash> = made.iter().map(|made| (made.path, made.hash)).collect();
        let owned = |path: &str| self.disk.manifest.owned(path).map(|owned| owned.hash);
        for Place { path, planned, .. } in outputs {
            let hash = hashes.get(&**path).copied().or_else(|| owned(path));
            let hash = hash.expect("an output that was not made is fresh, and the manifest knows its bytes");
            files.insert(path.clone(), Owned { fingerprint: planned.fingerprint, hash });
        }
        let manifest = match others {
            Others::Gone => Manifest::new(&self.name, files),
            Others::Stay => self.disk.manifest.with(files),
        };
        let stale = if others == Others::Gone { self.stale(&manifest) } else { Vec::new() };
        let differs = |made: &Made<'_>| made.present != Present::File(made.hash);
        let mut changed: Vec<Made<'_>> = made.into_iter().filter(differs).collect();
        changed.sort_by(|a, b| (a.phase, a.path).cmp(&(b.phase, b.path)));

        self.clean()?;
        if !changed.is_empty() || !stale.is_empty() {
            let about = hashes.iter().map(|(&path, &hash)| (path, hash));
            self.memory.begin(&self.disk.journal.with(about))?;
        }
        let (blocking, stale): (Vec<_>, Vec<_>) = stale.into_iter().partition(|(path, _)| blocks(path, &changed));
        self.remove(&blocking)?;
        let written = self.write_all(&changed)?;
        self.remove(&stale)?;
        let report = Report {
            rendered,
            written: changed.len(),
            unchanged: manifest.files().count() - changed.len(),
            removed: blocking.len() + stale.len(),
        };
        if report.written + report.removed > 0 || manifest != self.disk.manifest || !self.disk.journal.is_empty() {
            self.memory.finish(&manifest)?;
        }
        self.disk.manifest = manifest;
        self.disk.journal = Journal::default();
        self.remember(outputs, written, others);
        Ok(report)
    }

    /// Writes files, phase by phase, and gives their paths, hashes and stamps.
    fn write_all<'a>(&self, changed: &[Made<'a>]) -> io::Result<Vec<(&'a str, Hash, Option<Stamp>)>> {
        let mut written = Vec::with_capacity(changed.len());
        for phase in changed.chunk_by(|a, b| a.phase == b.phase) {
            let write = |made: &Made<'a>| {
                let named = |error: io::Error| io::Error::new(error.kind(), format!("`{}`: {error}", made.path));
                let stamp = made.artifact.write(&self.disk.folder.join(made.path)).map_err(named)?;
                Ok((made.path, made.hash, stamp))
            };
            written.extend(phase.par_iter().map(write).collect::<io::Result<Vec<_>>>()?);
        }
        Ok(written)
    }

    /// Remembers which files need not be read next time: those that were known or read now, and those that were written long
    /// enough ago. Nobody but the build that has the lock writes here.
    fn remember(&mut self, outputs: &[Place<'_, '_>], written: Vec<(&str, Hash, Option<Stamp>)>, others: Others) {
        let known = outputs.iter().map(|place| (place.path.clone(), place.found.known.entry().cloned()));
        // Without a moment of its own an output is read once more.
        let now = if written.is_empty() { None } else { Moment::of(&self.root.join(FOLDER)).ok() };
        let now = now.unwrap_or(self.disk.opened);
        let written = written.into_iter().map(|(path, hash, stamp)| {
            let stamp = stamp.filter(|stamp| stamp.is_settled(now));
            (path.to_owned(), stamp.map(|stamp| Entry { stamp, hash, facts: () }))
        });
        let news = known.chain(written);
        match others {
            Others::Stay => self.disk.seen.amend(&self.root, self.memory.name(), PROGRAM, news),
            Others::Gone => {
                // What was written stands behind what was there before.
                let last: BTreeMap<String, Option<Entry<()>>> = news.collect();
                let entries = last.into_iter().filter_map(|(path, entry)| Some((path, entry?))).collect();
                self.disk.seen.write(&self.root, self.memory.name(), PROGRAM, &entries);
                self.disk.seen = entries.into();
            }
        }
    }

    /// Files that genblog wrote, that nobody changed since, and that are no longer planned; with the hashes of their bytes.
    fn stale(&self, planned: &Manifest) -> Vec<(String, Hash)> {
        let Disk { manifest, journal, .. } = &self.disk;
        let known: BTreeSet<&str> = manifest.files().map(|(path, _)| path).chain(journal.paths()).collect();
        let gone: Vec<&str> = known.into_iter().filter(|path| planned.owned(path).is_none()).collect();
        let folders = self.disk.folders(gone.iter().copied());
        let stale = gone.par_iter().filter_map(|&path| match self.disk.find(path, &folders).present {
            Present::File(hash) if self.disk.is_ours(path, hash) => Some((path.to_owned(), hash)),
            Present::File(_) | Present::Nothing | Present::Other => None,
        });
        stale.collect()
    }

    /// Makes every output and holds it against the file that is there; tells of each that differs.
    pub fn verify(&self, planned: &[Planned<'_>]) -> Result<(), Failure> {
        let check = |planned: &Planned<'_>| -> Result<Option<String>, Vec<Diagnostic>> {
            let (path, made) = (planned.route.file(), planned.make.make()?);
            let there = read_stamped(&self.disk.folder.join(&path), None, |_| {});
            Ok(there.map_or(true, |(there, _)| there != made.hash()).then_some(path))
        };
        let checked: Vec<_> = planned.par_iter().map(check).collect();
        let routes: BTreeSet<String> = planned.iter().map(|planned| planned.route.file()).collect();
        let left = self.disk.manifest.files().map(|(path, _)| path).filter(|path| !routes.contains(*path));
        let mut different: Vec<String> = left.map(str::to_owned).collect();
        let mut problems = Vec::new();
        for one in checked {
            match one {
                Ok(path) => different.extend(path),
                Err(found) => problems.extend(found),
            }
        }
        different.sort();
        problems.extend(different.iter().map(|path| not_as_made(&self.name, path)));
        if problems.is_empty() { Ok(()) } else { Err(Failure::Site(problems)) }
    }

    /// Deletes what genblog wrote and nobody changed since, and what is remembered of it and of sources; gives how many files went,
    /// and the paths of those that somebody changed, which stay and are genblog's to write over.
    pub fn clear(self) -> Result<(usize, Vec<String>), Failure> {
        let Disk { manifest, journal, .. } = &self.disk;
        let known: BTreeSet<&str> = manifest.files().map(|(path, _)| path).chain(journal.paths()).collect();
        let (knew, ours) = (!known.is_empty(), self.stale(&Manifest::new(&self.name, BTreeMap::new())));
        let going: BTreeSet<&str> = ours.iter().map(|(path, _)| path.as_str()).collect();
        let is_there = |path: &str| self.disk.folder.join(path).symlink_metadata().is_ok();
        let left: Vec<String> =
            known.into_iter().filter(|path| !going.contains(path) && is_there(path)).map(str::to_owned).collect();
        // What stays is still genblog's to write over.
        let owned = |path: &String| Some((path.clone(), self.disk.manifest.owned(path)?));
        let manifest = Manifest::new(&self.name, left.iter().filter_map(owned).collect());
        let cleared = self.clean().and_then(|()| self.remove(&ours)).and_then(|()| self.memory.clear(&manifest));
        cleared.map_err(|error| self.machine(&error))?;
        for memory in [self.memory.name(), "sources", "program"] {
            self.disk.seen.forget(&self.root, memory);
        }
        // What stays costs room only.
        let _ = std::fs::remove_file(self.root.join(FOLDER).join(answers::FILE));
        if self.memory.is_last() {
            let _ = std::fs::remove_dir_all(self.root.join(FOLDER).join("kept"));
        }
        if knew {
            let _ = std::fs::remove_dir(&self.disk.folder);
        }
        Ok((ours.len(), left))
    }

    /// Takes away the temporary files of a build that was killed.
    fn clean(&self) -> io::Result<()> {
        let journal = &self.disk.journal;
        journal.paths().try_for_each(|path| self.remove_file(&temporary(&self.disk.folder.join(path))))
    }

    fn remove(&self, files: &[(String, Hash)]) -> io::Result<()> {
        files.iter().try_for_each(|(path, _)| self.remove_file(&self.disk.folder.join(path)))
    }

    /// Removes a file when it is there, then the folders that are empty without it.
    fn remove_file(&self, file: &Path) -> io::Result<()> {
        match std::fs::remove_file(file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let folders = file.ancestors().skip(1).take_while(|folder| *folder != self.disk.folder);
        // A folder that is not empty stays, and so do those above it.
        folders.take_while(|folder| std::fs::remove_dir(folder).is_ok()).for_each(drop);
        Ok(())
    }
}

/// Whether a file has to go before the others can be written: one of them needs its place for a folder, or lies where the
/// file's own folder is.
fn blocks(path: &str, changed: &[Made<'_>]) -> bool {
    let above = |upper: &str, lower: &str| lower.strip_prefix(upper).is_some_and(|rest| rest.starts_with('/'));
    changed.iter().any(|made| above(path, made.path) || above(made.path, path))
}

/// Makes an output whose file is not fresh.
fn make<'a>(place: &'a Place<'_, '_>, spool: &Spool) -> Result<Made<'a>, Unmade> {
    let artifact = place.planned.make.make().map_err(Unmade::Site)?;
    let hash = artifact.hash();
    let artifact = spool.hold(artifact, hash).map_err(Unmade::Machine)?;
    Ok(Made { path: &place.path, phase: place.planned.phase, artifact, hash, present: place.found.present })
}
