//! The files of a folder, by name; a text is read when it is asked for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDateTime, Utc};
use walkdir::WalkDir;

use crate::foreign::encoding::decode;
use crate::foreign::told::{Remarks, Told, Verdict};

/// Folders in which no generator keeps anything of its author's.
const IGNORED: [&str; 5] = ["node_modules", ".git", ".genblog", "__MACOSX", ".cache"];

/// A folder.
#[derive(Debug)]
pub struct Tree {
    /// What it is called in what is told.
    pub name: String,
    /// Its files, in the order of their paths.
    pub files: Vec<TreeFile>,
    /// What was left out on the way.
    pub told: Vec<Told>,
}

/// A file of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeFile {
    /// Its path from the folder, with `/` between its parts.
    pub path: String,
    /// Where it is on this machine.
    pub file: PathBuf,
    /// When it was last written, in UTC.
    pub modified: Option<NaiveDateTime>,
    /// Its bytes, if it is not on this machine's disk.
    bytes: Option<Vec<u8>>,
}

/// Reads the names in a folder. Symbolic links are told and not followed.
pub fn read(folder: &Path, name: &str) -> std::io::Result<Tree> {
    let mut tree = Tree { name: name.to_owned(), files: Vec::new(), told: Vec::new() };
    let walk = WalkDir::new(folder).sort_by_file_name().into_iter();
    for entry in walk.filter_entry(|entry| entry.file_name().to_str().is_none_or(|name| !IGNORED.contains(&name))) {
        let entry = entry?;
        let relative = entry.path().strip_prefix(folder).unwrap_or(entry.path());
        let Some(path) = relative.to_str().map(|path| path.replace('\\', "/")) else {
            tree.told.push(Told::of_file(relative.display().to_string(), Verdict::Lost, "this name is not UTF-8"));
            continue;
        };
        if entry.path_is_symlink() && entry.depth() > 0 {
            tree.told.push(Told::of_file(path, Verdict::Lost, "symbolic links are not followed"));
        } else if entry.file_type().is_file() {
            let modified = entry.metadata().ok().and_then(|metadata| metadata.modified().ok());
            let modified = modified.map(|time| DateTime::<Utc>::from(time).naive_utc());
            tree.files.push(TreeFile { path, file: entry.path().to_owned(), modified, bytes: None });
        }
    }
    tree.files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(tree)
}

impl Tree {
    /// A folder that is not on disk.
    #[must_use]
    pub fn in_memory(name: &str, files: BTreeMap<String, Vec<u8>>) -> Self {
        let file = |(path, bytes): (String, Vec<u8>)| TreeFile {
            file: PathBuf::from(&path),
            path,
            modified: None,
            bytes: Some(bytes),
        };
        Self { name: name.to_owned(), files: files.into_iter().map(file).collect(), told: Vec::new() }
    }

    /// The file at a path.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<&TreeFile> {
        self.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok().map(|at| &self.files[at])
    }

    /// Whether there is a file at that path, or below it.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        self.file(path).is_some() || !self.below(path).is_empty()
    }

    /// The files below a folder.
    #[must_use]
    pub fn below(&self, folder: &str) -> &[TreeFile] {
        let prefix = format!("{folder}/");
        let start = self.files.partition_point(|file| file.path < prefix);
        let length = self.files[start..].partition_point(|file| file.path.starts_with(&prefix));
        &self.files[start..start + length]
    }

    /// The text of a file, and what is wrong with its bytes. One that cannot be read is told and empty.
    pub(crate) fn text(&self, file: &TreeFile, told: &mut Vec<Told>) -> String {
        match file.bytes.clone().map_or_else(|| std::fs::read(&file.file), Ok) {
            Ok(bytes) => {
                let mut remarks = Remarks::default();
                let text = decode(&bytes, &mut remarks).replace("\r\n", "\n");
                told.extend(remarks.told(&file.path, &text));
                text
            }
            Err(error) => {
                told.push(Told::of_file(&file.path, Verdict::Lost, format!("this cannot be read: {error}")));
                String::new()
            }
        }
    }
}
