//! Sites that are built by the program itself, as users build them.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;
use walkdir::WalkDir;

/// A copy of this repository's own site, so that a build here disturbs nobody.
pub(crate) fn own_site() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::copy(root.join("genblog.toml"), folder.path().join("genblog.toml")).expect("the configuration is there");
    for entry in WalkDir::new(root.join("content")) {
        let entry = entry.expect("readable");
        let to = folder.path().join(entry.path().strip_prefix(root).expect("within the repository"));
        if entry.file_type().is_dir() {
            fs::create_dir_all(to).expect("a folder");
        } else {
            fs::copy(entry.path(), to).expect("a copy");
        }
    }
    folder
}

/// Builds, and returns what the build said on standard output and on standard error.
pub(crate) fn build(folder: &Path) -> (String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_genblog"))
        .args(["build", "--clock", "2026-12-01T00:00:00Z", "--root"])
        .arg(folder)
        .output()
        .expect("genblog runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    let (said, complaints) = (text(output.stdout), text(output.stderr));
    assert!(output.status.success(), "{complaints}");
    (said, complaints)
}
