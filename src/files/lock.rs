//! One genblog at a time writes a site: `.genblog/lock`.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use crate::files::cache::FOLDER;
use crate::words::diagnostic::Diagnostic;

/// Keeps every other genblog from writing outputs of this site.
pub(super) fn lock(root: &Path) -> Result<File, Diagnostic> {
    let folder = root.join(FOLDER);
    std::fs::create_dir_all(&folder).map_err(|error| cannot_be_locked(&error))?;
    let file = File::create(folder.join("lock")).map_err(|error| cannot_be_locked(&error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let diagnostic = Diagnostic::error("locked", "another genblog is writing this site");
            Err(diagnostic.in_path(format!("{FOLDER}/lock")).help("wait until it is done"))
        }
        Err(TryLockError::Error(error)) => Err(cannot_be_locked(&error)),
    }
}

/// What to say when the folder of genblog's own cannot be written to.
pub(super) fn cannot_be_locked(error: &io::Error) -> Diagnostic {
    let diagnostic = Diagnostic::error("io", format!("the site cannot be locked: {error}"));
    let diagnostic = diagnostic.in_path(format!("{FOLDER}/lock"));
    diagnostic.help(format!("`{FOLDER}` must be a folder that you may write to"))
}
