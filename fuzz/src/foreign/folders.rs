//! Any bytes as a folder: a line `--- PATH` begins a file, and what stands below is in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use genblog::foreign::folder::tree::Tree;
use genblog::foreign::folder::{Generator, guess, site};
use genblog::foreign::writing::{Content, Planned};

use super::imported;

/// Imports the bytes as a folder of the generator that it looks like: what holds of every site does, and
/// what is copied is the folder's.
pub fn import(bytes: &[u8]) {
    let tree = tree(bytes);
    let generator = guess(&tree).unwrap_or(Generator::GenBlog);
    let known: BTreeSet<PathBuf> = tree.files.iter().map(|file| file.file.clone()).collect();
    for Planned { path, content } in imported::check(&site(tree, generator, None)) {
        if let Content::Copy(from) = content {
            assert!(known.contains(&from), "{path}: {} is none of the folder's", from.display());
        }
    }
}

/// The folder that the bytes say.
pub fn tree(bytes: &[u8]) -> Tree {
    Tree::in_memory("folder", files(bytes))
}

/// Files as a disk could have them: no path leads out, and none lies below a file.
fn files(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut path = None;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if let Some(name) = line.strip_prefix(b"--- ") {
            path = Some(String::from_utf8_lossy(name).trim().to_owned()).filter(|path| is_path(path));
            if let Some(path) = &path {
                files.entry(path.clone()).or_default();
            }
        } else if let Some(path) = &path {
            files.entry(path.clone()).or_default().extend(line);
        }
    }
    let below = |path: &str| path.match_indices('/').any(|(end, _)| files.contains_key(&path[..end]));
    let impossible: Vec<String> = files.keys().filter(|path| below(path)).cloned().collect();
    files.retain(|path, _| !impossible.contains(path));
    files
}

fn is_path(path: &str) -> bool {
    path.split('/')
        .all(|part| !part.is_empty() && part != "." && part != ".." && !part.contains('\0') && part.len() < 200)
}
