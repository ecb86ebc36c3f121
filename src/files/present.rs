//! What is in the output folder, and which of it is genblog's.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use blake3::Hash;
use rayon::prelude::{IntoParallelRefIterator, ParallelExtend, ParallelIterator};

use crate::files::cache::{Journal, Manifest};
use crate::files::seen::{Knowledge, Seen};
use crate::files::stamp::{Moment, Stamp};
use crate::words::route::folders_above;

/// From so many folders in one folder on a list of them is faster than a look at each.
const LISTED: usize = 16;

/// What is at a path of the output folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Present {
    Nothing,
    File(Hash),
    /// A folder, a symbolic link, or anything else that genblog never makes in the place of a file.
    Other,
}

/// What is at a path, and what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub(super) present: Present,
    pub(super) known: Knowledge,
}

impl From<Present> for Found {
    fn from(present: Present) -> Self {
        Self { present, known: Knowledge::None }
    }
}

/// The output folder with all that is known of it.
#[derive(Debug)]
pub(super) struct Disk {
    pub(super) folder: PathBuf,
    pub(super) manifest: Manifest,
    pub(super) journal: Journal,
    /// Files that need not be read again.
    pub(super) seen: Seen<()>,
    /// The moment before which nothing was read.
    pub(super) opened: Moment,
}

/// The folders that planned files lie in: whether each is one, or what is to be said of all files in it.
pub(super) type Folders<'a> = HashMap<&'a str, Result<(), Present>>;

impl Disk {
    /// Looks at the folders of some paths, at each once, the outer ones first.
    pub(super) fn folders<'a>(&self, paths: impl Iterator<Item = &'a str>) -> Folders<'a> {
        let mut by_depth: Vec<Vec<&'a str>> = Vec::new();
        for path in paths {
            let above = folders_above(path).enumerate();
            for (depth, folder) in above {
                if by_depth.len() <= depth {
                    by_depth.push(Vec::new());
                }
                // Files of one folder mostly stand one after the other.
                if by_depth[depth].last() != Some(&folder) {
                    by_depth[depth].push(folder);
                }
            }
        }
        let mut folders = Folders::from([("", Ok(()))]);
        for mut level in by_depth {
            level.sort_unstable();
            level.dedup();
            let beside: Vec<&[&str]> = level.chunk_by(|a, b| folder_of(a) == folder_of(b)).collect();
            let mut found = Vec::with_capacity(level.len());
            for paths in beside {
                let above = folder_of(paths[0]);
                let is_none = matches!(folders.get(above), Some(Err(_)));
                let listed = if is_none || paths.len() < LISTED { HashSet::new() } else { self.folders_in(above) };
                let look = |&path: &&'a str| {
                    let is_listed = listed.contains(name_of(path));
                    (path, if is_listed { Ok(()) } else { self.look_at_folder(path, &folders) })
                };
                found.par_extend(paths.par_iter().map(look));
            }
            folders.extend(found);
        }
        folders
    }

    /// Names of the folders in a folder, of those that are none by way of a link. What cannot be listed has none.
    fn folders_in(&self, path: &str) -> HashSet<String> {
        let entries = std::fs::read_dir(self.folder.join(path)).into_iter().flatten().flatten();
        let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        folders.filter_map(|entry| entry.file_name().into_string().ok()).collect()
    }

    /// Looks at a folder whose own folder is among `folders`.
    fn look_at_folder(&self, path: &str, folders: &Folders<'_>) -> Result<(), Present> {
        folders.get(folder_of(path)).copied().unwrap_or(Ok(()))?;
        let at = self.folder.join(path);
        match at.symlink_metadata() {
            Ok(metadata) if metadata.is_dir() => Ok(()),
            // A file of ours where a folder is to be is no longer planned, and goes before anything is written.
            Ok(metadata) if metadata.is_file() => Err(self.in_the_way(&at)),
            Ok(_) => Err(Present::Other),
            Err(_) => Err(Present::Nothing),
        }
    }

    /// Looks at a path whose folder is among `folders`.
    pub(super) fn find(&self, path: &str, folders: &Folders<'_>) -> Found {
        if let Some(Err(present)) = folders.get(folder_of(path)) {
            return (*present).into();
        }
        let file = self.folder.join(path);
        match file.symlink_metadata() {
            Ok(metadata) if metadata.is_file() => self.read(path, &file, Stamp::of(&metadata)),
            Ok(metadata) if metadata.is_dir() => self.in_the_way(&file).into(),
            Ok(_) => Present::Other.into(),
            Err(_) => Present::Nothing.into(),
        }
    }

    fn read(&self, path: &str, file: &Path, stamp: Option<Stamp>) -> Found {
        match self.seen.hash(path, file, stamp, Some(self.opened)) {
            Ok((hash, known)) => Found { present: Present::File(hash), known },
            Err(_) => Present::Other.into(),
        }
    }

    /// A file or folder that must go before a planned file can be written: nothing, when all of it is ours.
    fn in_the_way(&self, at: &Path) -> Present {
        let ours = |file: &Path| {
            let path = file.strip_prefix(&self.folder).ok().and_then(Path::to_str);
            path.is_some_and(|path| match self.find(path, &Folders::new()).present {
                Present::File(hash) => self.is_ours(path, hash),
                Present::Nothing | Present::Other => false,
            })
        };
        let all_ours = walkdir::WalkDir::new(at).into_iter().all(|entry| {
            entry.is_ok_and(|entry| entry.file_type().is_dir() || (entry.file_type().is_file() && ours(entry.path())))
        });
        if all_ours { Present::Nothing } else { Present::Other }
    }

    /// Whether the bytes at a path are what genblog wrote there.
    pub(super) fn is_ours(&self, path: &str, hash: Hash) -> bool {
        self.manifest.owned(path).is_some_and(|owned| owned.hash == hash) || self.journal.has(path, hash)
    }
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn name_of(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}
