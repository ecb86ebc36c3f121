//! A folder of pictures, in which those that a feed names are found again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::foreign::site::folded;

/// The files of a folder, by name.
#[derive(Debug, Default)]
pub struct Pictures {
    /// Paths from the folder, and the files, by folded name.
    by_name: BTreeMap<String, Vec<(String, PathBuf)>>,
}

/// What was found for an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<'a> {
    /// This file.
    File(&'a Path),
    /// Several files of that name; nothing says which.
    Several(usize),
    /// No file of that name.
    Nothing,
}

impl Pictures {
    /// Reads the names in a folder and those below it; links are not followed.
    pub fn read(folder: &Path) -> std::io::Result<Self> {
        let mut pictures = Self::default();
        for entry in WalkDir::new(folder).sort_by_file_name() {
            let entry = entry?;
            if !entry.file_type().is_file() {
                continue;
            }
            let relative = entry.path().strip_prefix(folder).unwrap_or(entry.path());
            if let (Some(path), Some(name)) = (relative.to_str(), entry.file_name().to_str()) {
                let files = pictures.by_name.entry(folded(name)).or_default();
                files.push((path.replace('\\', "/"), entry.path().to_owned()));
            }
        }
        Ok(pictures)
    }

    /// The file for a path of an address: that of the same name, and of several the one in the folders of the same names.
    #[must_use]
    pub fn find(&self, path: &str) -> Found<'_> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let Some(files) = self.by_name.get(&folded(name)) else { return Found::Nothing };
        let alike = |file: &str| {
            let pairs = file.rsplit('/').zip(path.rsplit('/'));
            pairs.take_while(|(one, other)| folded(one) == folded(other)).count()
        };
        let most = files.iter().map(|(file, _)| alike(file)).max().unwrap_or(0);
        let mut best = files.iter().filter(|(file, _)| alike(file) == most);
        match (best.next(), best.count()) {
            (Some((_, file)), 0) => Found::File(file),
            (_, others) => Found::Several(others + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_found_by_its_name_and_of_several_by_its_folders() {
        let root = tempfile::tempdir().expect("a temporary folder");
        for file in ["a.png", "x/b.png", "y/b.png", "y/z/c.png", "z/c.png"] {
            let file = root.path().join(file);
            std::fs::create_dir_all(file.parent().expect("a folder")).expect("writable");
            std::fs::write(file, "").expect("writable");
        }
        let pictures = Pictures::read(root.path()).expect("readable");
        let found = |path| match pictures.find(path) {
            Found::File(file) => file.strip_prefix(root.path()).expect("inside").display().to_string(),
            Found::Several(count) => count.to_string(),
            Found::Nothing => String::new(),
        };
        assert_eq!(
            ["blog/A.png", "q/y/b.png", "b.png", "c.png", "d.png"].map(found),
            ["a.png", "y/b.png", "2", "2", ""]
        );
    }
}
