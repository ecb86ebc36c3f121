//! From planned outputs to files in the output folder.
//!
//! ```text
//! Output::open ── locks, checks the folder, reads manifest and journal
//! Output::write
//!    look      every planned path on disk        fingerprint and bytes as remembered: fresh, not made
//!    make      what is not fresh, in parallel    any diagnostic: stop, nothing was written
//!    begin     the journal names what will be written
//!    write     assets, then pages, then feeds    temporary file, rename; equal bytes are not touched
//!    remove    what is owned and no longer planned, then folders that are empty now
//!    finish    the manifest, and the journal is gone
//! ```
//!
//! Every file is whole at every moment, and every file that genblog wrote is known as its own at every moment.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use blake3::Hash;
use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};

use crate::files::cache::{FOLDER, Journal, Manifest, Memory, Owned, temporary, write_whole};
use crate::files::place;
use crate::words::diagnostic::Diagnostic;
use crate::words::route::Route;

/// One output: everything about it but its bytes.
pub struct Planned<'a> {
    /// Where it lives.
    pub route: Route,
    /// When it is written.
    pub phase: Phase,
    /// Hash of everything that its bytes depend on.
    pub fingerprint: Hash,
    /// Makes its bytes.
    pub make: Make<'a>,
}

/// Makes the bytes of an output, or says why it cannot.
pub type Make<'a> = Box<dyn Fn() -> Result<Vec<u8>, Vec<Diagnostic>> + Send + Sync + 'a>;

/// The order in which files are written, so that a reader in between never sees a page that lacks its assets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// What pages need: style, scripts, pictures.
    Asset,
    /// What people read.
    Page,
    /// What announces pages: feeds, the sitemap.
    Feed,
}

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

/// The output folder of a site, locked for as long as this lives.
#[derive(Debug)]
pub struct Output {
    folder: PathBuf,
    name: String,
    memory: Memory,
    manifest: Manifest,
    journal: Journal,
    _lock: File,
}

/// A planned output that was made, because its file is not fresh.
struct Made<'a> {
    path: &'a str,
    phase: Phase,
    bytes: Vec<u8>,
    hash: Hash,
    present: Present,
}

/// What is at a path of the output folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Present {
    Nothing,
    File(Hash),
    /// A folder, a symbolic link, or anything else that genblog never makes in the place of a file.
    Other,
}

impl Output {
    /// Locks the site in `root` and looks at its output folder; a relative `folder` is relative to `root`.
    pub fn open(root: &Path, folder: &Path) -> Result<Self, Failure> {
        let (folder, name) = place::check(root, folder).map_err(|diagnostic| Failure::Site(vec![*diagnostic]))?;
        let lock = lock(root)?;
        let memory = Memory::new(root, &name);
        let (manifest, journal) = (memory.manifest(&name), memory.journal());
        Ok(Self { folder, name, memory, manifest, journal, _lock: lock })
    }

    /// Makes what is not fresh, then writes what differs, then deletes what is no longer planned.
    pub fn write(&mut self, planned: &[Planned<'_>]) -> Result<Report, Failure> {
        let paths: Vec<String> = planned.iter().map(|planned| planned.route.file()).collect();
        let mut problems = repeated(&paths);
        let outputs: Vec<(&str, &Planned<'_>)> = paths.iter().map(String::as_str).zip(planned).collect();
        let looked: Vec<_> = outputs.par_iter().map(|&(path, planned)| self.look(path, planned)).collect();
        let (mut made, mut foreign) = (Vec::new(), Vec::new());
        for result in looked {
            match result {
                Ok(Some(output)) if self.may_write(&output) => made.push(output),
                Ok(Some(output)) => foreign.push(output.path),
                Ok(None) => {}
                Err(diagnostics) => problems.extend(diagnostics),
            }
        }
        problems.extend(self.foreign(&foreign));
        if !problems.is_empty() {
            return Err(Failure::Site(problems));
        }
        self.commit(&outputs, made).map_err(|error| {
            let diagnostic = Diagnostic::error("io", format!("the output cannot be written: {error}"));
            let help = "what is there is whole; build again when this is mended";
            Failure::Machine(Box::new(diagnostic.in_path(&self.name).help(help)))
        })
    }

    /// Makes an output unless its file is fresh.
    fn look<'a>(&self, path: &'a str, planned: &Planned<'_>) -> Result<Option<Made<'a>>, Vec<Diagnostic>> {
        let present = self.present(path);
        if let Present::File(hash) = present
            && self.manifest.is_fresh(path, planned.fingerprint, hash)
        {
            return Ok(None);
        }
        let bytes = (planned.make)()?;
        Ok(Some(Made { path, phase: planned.phase, hash: blake3::hash(&bytes), bytes, present }))
    }

    fn present(&self, path: &str) -> Present {
        let mut at = self.folder.clone();
        let (folders, _) = path.rsplit_once('/').unwrap_or(("", path));
        for part in folders.split('/').filter(|part| !part.is_empty()) {
            at.push(part);
            match at.symlink_metadata() {
                Ok(metadata) if metadata.is_dir() => {}
                // A file of ours where a folder is to be is no longer planned, and goes before anything is written.
                Ok(metadata) if metadata.is_file() => return self.in_the_way(&at),
                Ok(_) => return Present::Other,
                Err(_) => return Present::Nothing,
            }
        }
        let file = self.folder.join(path);
        match file.symlink_metadata() {
            Ok(metadata) if metadata.is_file() => {
                std::fs::read(&file).map_or(Present::Other, |bytes| Present::File(blake3::hash(&bytes)))
            }
            Ok(metadata) if metadata.is_dir() => self.in_the_way(&file),
            Ok(_) => Present::Other,
            Err(_) => Present::Nothing,
        }
    }

    /// A file or folder that must go before a planned file can be written: nothing, when all of it is ours.
    fn in_the_way(&self, at: &Path) -> Present {
        let ours = |file: &Path| {
            let path = file.strip_prefix(&self.folder).ok().and_then(Path::to_str);
            path.is_some_and(|path| std::fs::read(file).is_ok_and(|bytes| self.is_ours(path, blake3::hash(&bytes))))
        };
        let all_ours = walkdir::WalkDir::new(at).into_iter().all(|entry| {
            entry.is_ok_and(|entry| entry.file_type().is_dir() || (entry.file_type().is_file() && ours(entry.path())))
        });
        if all_ours { Present::Nothing } else { Present::Other }
    }

    /// Whether the bytes at a path are what genblog wrote there.
    fn is_ours(&self, path: &str, hash: Hash) -> bool {
        self.manifest.owned(path).is_some_and(|owned| owned.hash == hash) || self.journal.has(path, hash)
    }

    /// Whether a file may be put at its path: nothing is there, or the same, or something that is genblog's.
    fn may_write(&self, made: &Made<'_>) -> bool {
        match made.present {
            Present::Nothing => true,
            Present::File(hash) => {
                hash == made.hash || self.manifest.owned(made.path).is_some() || self.journal.has(made.path, hash)
            }
            Present::Other => false,
        }
    }

    /// What to say about files that are not genblog's: each by itself while they are few, and all at once when a whole site
    /// that genblog does not remember is in the way.
    fn foreign(&self, paths: &[&str]) -> Vec<Diagnostic> {
        let error = |message: String| Diagnostic::error("foreign-file", message);
        if let [first, second, third, others @ ..] = paths
            && !others.is_empty()
        {
            let others = others.len();
            let message = format!(
                "`/{first}`, `/{second}`, `/{third}` and {others} more would replace something that genblog did not make"
            );
            let help = format!(
                "if `{}` holds nothing but an earlier build of this site, delete it; else choose another folder",
                self.name
            );
            return vec![error(message).in_path(&self.name).help(help)];
        }
        let tell = |path: &&str| {
            error(format!("`/{path}` would replace something that genblog did not make"))
                .in_path(format!("{}/{path}", self.name))
                .help("move it away, or to `static/` if it belongs to the site")
        };
        paths.iter().map(tell).collect()
    }

    /// Writes, removes and remembers.
    fn commit(&mut self, outputs: &[(&str, &Planned<'_>)], made: Vec<Made<'_>>) -> io::Result<Report> {
        let rendered = made.len();
        let mut files: BTreeMap<String, Owned> = BTreeMap::new();
        let hashes: BTreeMap<&str, Hash> = made.iter().map(|made| (made.path, made.hash)).collect();
        for &(path, planned) in outputs {
            let hash = hashes.get(path).copied().or_else(|| self.manifest.owned(path).map(|owned| owned.hash));
            let hash = hash.expect("an output that was not made is fresh, and the manifest knows its bytes");
            files.insert(path.to_owned(), Owned { fingerprint: planned.fingerprint, hash });
        }
        let stale = self.stale(&files);
        let differs = |made: &Made<'_>| made.present != Present::File(made.hash);
        let mut changed: Vec<Made<'_>> = made.into_iter().filter(differs).collect();
        changed.sort_by(|a, b| (a.phase, a.path).cmp(&(b.phase, b.path)));

        self.clean()?;
        if !changed.is_empty() || !stale.is_empty() {
            self.memory.begin(&self.journal.with(hashes.iter().map(|(&path, &hash)| (path, hash))))?;
        }
        let (blocking, stale): (Vec<_>, Vec<_>) = stale.into_iter().partition(|(path, _)| blocks(path, &changed));
        self.remove(&blocking)?;
        for phase in changed.chunk_by(|a, b| a.phase == b.phase) {
            phase.par_iter().try_for_each(|made| {
                let named = |error: io::Error| io::Error::new(error.kind(), format!("`{}`: {error}", made.path));
                write_whole(&self.folder.join(made.path), &made.bytes).map_err(named)
            })?;
        }
        self.remove(&stale)?;
        let report = Report {
            rendered,
            written: changed.len(),
            unchanged: outputs.len() - changed.len(),
            removed: blocking.len() + stale.len(),
        };
        self.manifest = Manifest::new(&self.name, files);
        self.memory.finish(&self.manifest)?;
        self.journal = Journal::default();
        Ok(report)
    }

    /// Files that genblog wrote, that nobody changed since, and that are no longer planned; with the hashes of their bytes.
    fn stale(&self, planned: &BTreeMap<String, Owned>) -> Vec<(String, Hash)> {
        let known: BTreeSet<&str> = self.manifest.files().map(|(path, _)| path).chain(self.journal.paths()).collect();
        let gone: Vec<&str> = known.into_iter().filter(|path| !planned.contains_key(*path)).collect();
        let stale = gone.par_iter().filter_map(|&path| match self.present(path) {
            Present::File(hash) if self.is_ours(path, hash) => Some((path.to_owned(), hash)),
            Present::File(_) | Present::Nothing | Present::Other => None,
        });
        stale.collect()
    }

    /// Takes away the temporary files of a build that was killed.
    fn clean(&self) -> io::Result<()> {
        self.journal.paths().try_for_each(|path| self.remove_file(&temporary(&self.folder.join(path))))
    }

    fn remove(&self, files: &[(String, Hash)]) -> io::Result<()> {
        files.iter().try_for_each(|(path, _)| self.remove_file(&self.folder.join(path)))
    }

    /// Removes a file when it is there, then the folders that are empty without it.
    fn remove_file(&self, file: &Path) -> io::Result<()> {
        match std::fs::remove_file(file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let folders = file.ancestors().skip(1).take_while(|folder| *folder != self.folder);
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

/// Errors for outputs that share a file.
fn repeated(paths: &[String]) -> Vec<Diagnostic> {
    let mut seen = BTreeSet::new();
    let again = paths.iter().filter(|path| !seen.insert(path.as_str()));
    let report =
        |path| Diagnostic::error("duplicate-route", format!("two outputs of this site would be the file `/{path}`"));
    again.map(report).collect()
}

/// Keeps every other genblog from writing outputs of this site.
fn lock(root: &Path) -> Result<File, Failure> {
    let machine = |error: &dyn std::fmt::Display| {
        let diagnostic = Diagnostic::error("io", format!("the site cannot be locked: {error}"));
        let diagnostic = diagnostic.in_path(format!("{FOLDER}/lock"));
        Failure::Machine(Box::new(diagnostic.help(format!("`{FOLDER}` must be a folder that you may write to"))))
    };
    let folder = root.join(FOLDER);
    std::fs::create_dir_all(&folder).map_err(|error| machine(&error))?;
    let file = File::create(folder.join("lock")).map_err(|error| machine(&error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let diagnostic = Diagnostic::error("locked", "another genblog is writing this site");
            let diagnostic = diagnostic.in_path(format!("{FOLDER}/lock")).help("wait until it is done");
            Err(Failure::Machine(Box::new(diagnostic)))
        }
        Err(TryLockError::Error(error)) => Err(machine(&error)),
    }
}

/// Makes all outputs in memory, in the order of `planned`.
pub fn render(planned: &[Planned<'_>]) -> Result<Vec<Vec<u8>>, Vec<Diagnostic>> {
    let made: Vec<_> = planned.par_iter().map(|planned| (planned.make)()).collect();
    let mut problems = repeated(&planned.iter().map(|planned| planned.route.file()).collect::<Vec<_>>());
    let mut outputs = Vec::with_capacity(made.len());
    for result in made {
        match result {
            Ok(bytes) => outputs.push(bytes),
            Err(diagnostics) => problems.extend(diagnostics),
        }
    }
    if problems.is_empty() { Ok(outputs) } else { Err(problems) }
}
