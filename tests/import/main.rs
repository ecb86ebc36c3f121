//! `genblog import` as a user types it: whole folders written as one text, what is told of them, and what is there afterwards.

mod damage;

mod feeds;

mod folders;

mod places;

#[path = "../../fuzz/src/foreign/mod.rs"]
pub mod fuzz;

#[path = "../sites/mod.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod sites;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

/// 2026-12-01, for all imports.
const NOW: &str = "1796083200";

/// A folder with the files of a text, all last written at the start of 2009.
pub(crate) fn folder(text: &str) -> TempDir {
    let root = tempfile::tempdir().expect("a temporary folder");
    sites::put_all(root.path(), text);
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_230_768_000);
    for entry in walkdir::WalkDir::new(root.path()) {
        let entry = entry.expect("readable");
        if entry.file_type().is_file() {
            File::options().append(true).open(entry.path()).and_then(|file| file.set_modified(time)).expect("a time");
        }
    }
    root
}

/// Runs genblog in a folder: its exit code, and what it said on standard output and error.
pub(crate) fn genblog(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_genblog"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GENBLOG_")) {
        command.env_remove(name);
    }
    let output =
        command.current_dir(folder).env("SOURCE_DATE_EPOCH", NOW).args(arguments).output().expect("genblog runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Every file below a folder, with its bytes and when it was written; what genblog remembers is none of the site.
pub(crate) fn snapshot(folder: &Path) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
    let mut files = BTreeMap::new();
    for entry in walkdir::WalkDir::new(folder).into_iter().flatten() {
        let path = entry.path().strip_prefix(folder).expect("inside").to_owned();
        if entry.file_type().is_file() && !path.starts_with(".genblog") {
            let time = entry.metadata().ok().and_then(|metadata| metadata.modified().ok()).expect("a time");
            files.insert(path, (fs::read(entry.path()).expect("readable"), time));
        }
    }
    files
}

/// The files of a site as one text; bytes that are no text are only counted.
fn shown(folder: &Path) -> String {
    let show = |(path, (bytes, _)): (PathBuf, (Vec<u8>, SystemTime))| match String::from_utf8(bytes) {
        Ok(text) => format!("--- {}\n{text}", path.display()),
        Err(error) => format!("--- {} ({} bytes)\n", path.display(), error.as_bytes().len()),
    };
    snapshot(folder).into_iter().map(show).collect()
}

/// Each file in `golden/` holds a command, a folder, a line `===`, then what is told and what is written. With
/// `UPDATE_GOLDEN=1` the second part is written anew; read the difference before you commit it.
#[test]
fn every_source_is_taken_over_and_told() {
    let mut wrong = Vec::new();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import/golden");
    for entry in fs::read_dir(golden).expect("golden files") {
        let path = entry.expect("readable").path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("readable");
        let (source, expected) = text.split_once("\n===\n").unwrap_or((&text, ""));
        let (command, files) = source.split_once('\n').expect("a command");
        let root = folder(files);
        let arguments: Vec<&str> = command.trim_start_matches("$ genblog ").split(' ').collect();
        let (code, told, complaints) = genblog(root.path(), &arguments);
        assert_eq!((code, &*complaints), (Some(0), ""), "{name}: {told}");
        let new = root.path().join("new");
        let actual = format!("{told}\n{}", shown(&new));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&path, format!("{source}\n===\n{actual}")).expect("writable");
        } else if actual != expected {
            wrong.push(format!("{name}:\n{actual}"));
        }
        // What was written builds, and whatever a build says was told.
        let (code, _, complaints) = genblog(&new, &["build", "--quiet"]);
        assert_eq!(code, Some(0), "{name}: {complaints}");
        let warnings = complaints.lines().filter_map(|line| Some(line.strip_prefix("warning[")?.split_once("]: ")?.1));
        for warning in warnings {
            assert!(told.contains(warning), "{name}: `{warning}` was not told:\n{told}");
        }
        // Again, and there is nothing to do.
        let before = snapshot(&new);
        let (code, told, complaints) = genblog(root.path(), &arguments);
        assert_eq!((code, &*complaints), (Some(0), ""), "{name}");
        assert!(told.contains(": nothing to write: all "), "{name}: {told}");
        assert_eq!(snapshot(&new), before, "{name}");
    }
    assert!(wrong.is_empty(), "UPDATE_GOLDEN=1 would accept these:\n{}", wrong.join("\n"));
}
