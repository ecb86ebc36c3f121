//! Where the new files go: what is there is never touched, and what is new is whole or not there.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use walkdir::WalkDir;

use crate::foreign::site::folded;
use crate::foreign::writing::{Content, Planned};
use crate::words::diagnostic::Diagnostic;

/// Where files lie until they are whole: in the site, since a rename cannot leave the file system, and in no folder that is
/// published.
const UNDER_WAY: &str = ".genblog/import";

/// The files that are not there yet. Files that are there with other bytes are errors, all of them at once.
pub(super) fn look<'a>(root: &Path, files: &'a [Planned]) -> Result<Vec<&'a Planned>, Vec<Diagnostic>> {
    let (mut new, mut problems) = (Vec::new(), Vec::new());
    let there = there(root);
    let refuse =
        |path: &str, message: String, help: &str| Diagnostic::error("import-exists", message).in_path(path).help(help);
    for file in files {
        match present(root, file) {
            Present::Nothing if there.contains(&folded(&file.path)) => {
                let message = format!("`{}` is there already, but for the case or the accents of its name", file.path);
                problems.push(refuse(
                    &file.path,
                    message,
                    "nothing was written; move it away, or import into another folder",
                ));
            }
            Present::Nothing => new.push(file),
            Present::Same => {}
            Present::Other => {
                let message = format!("`{}` is there already, and says something else", file.path);
                problems.push(refuse(
                    &file.path,
                    message,
                    "nothing was written; move it away, or import into another folder",
                ));
            }
            Present::Blocked(folder) => {
                let message = format!("`{folder}` is in the way of `{}`: it is no folder of this site", file.path);
                problems.push(refuse(&folder, message, "nothing was written; links are not followed"));
            }
        }
    }
    if let Present::Blocked(folder) =
        present(root, &Planned { path: format!("{UNDER_WAY}/0"), content: Content::Text(String::new()) })
    {
        problems.push(refuse(
            &folder,
            format!("`{folder}` is no folder of this site"),
            "nothing was written; links are not followed",
        ));
    }
    if problems.is_empty() { Ok(new) } else { Err(problems) }
}

/// Names that are there, folded.
fn there(root: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for part in ["content", "static"] {
        for entry in WalkDir::new(root.join(part)).into_iter().flatten().filter(|entry| !entry.file_type().is_dir()) {
            if let Some(path) = entry.path().strip_prefix(root).ok().and_then(Path::to_str) {
                names.insert(folded(&path.replace('\\', "/")));
            }
        }
    }
    names
}

enum Present {
    Nothing,
    Same,
    Other,
    /// This is where a folder has to be.
    Blocked(String),
}

fn present(root: &Path, file: &Planned) -> Present {
    let (folders, _) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
    let mut at = root.to_path_buf();
    for part in folders.split('/').filter(|part| !part.is_empty()) {
        at.push(part);
        match at.symlink_metadata() {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => return Present::Blocked(at.strip_prefix(root).unwrap_or(&at).display().to_string()),
            Err(_) => return Present::Nothing,
        }
    }
    let there = root.join(&file.path);
    match there.symlink_metadata() {
        Err(_) => Present::Nothing,
        Ok(metadata) if !metadata.is_file() => Present::Other,
        Ok(_) => {
            let wanted = match &file.content {
                Content::Text(text) => Ok(text.clone().into_bytes()),
                Content::Copy(from) => fs::read(from),
            };
            match (fs::read(&there), wanted) {
                (Ok(one), Ok(other)) if one == other => Present::Same,
                _ => Present::Other,
            }
        }
    }
}

/// Writes new files.
pub(super) fn put(root: &Path, files: &[&Planned]) -> Result<(), Box<Diagnostic>> {
    if files.is_empty() {
        return Ok(());
    }
    let under_way = root.join(UNDER_WAY);
    let run = || -> io::Result<()> {
        // What an import that was killed has left.
        if under_way.exists() {
            fs::remove_dir_all(&under_way)?;
        }
        fs::create_dir_all(&under_way)?;
        let temporary = under_way.join("file");
        for file in files {
            let named = |error: io::Error| io::Error::new(error.kind(), format!("`{}`: {error}", file.path));
            put_one(root, &temporary, file).map_err(named)?;
        }
        fs::remove_dir(&under_way)
    };
    run().map_err(|error| {
        // What lies there belongs to nobody now.
        let _ = fs::remove_dir_all(&under_way);
        let diagnostic = Diagnostic::error("io", format!("the site cannot be written: {error}"));
        Box::new(
            diagnostic
                .in_path(root.display().to_string())
                .help("what is there is whole; import again when this is mended"),
        )
    })
}

fn put_one(root: &Path, temporary: &Path, file: &Planned) -> io::Result<()> {
    let target = root.join(&file.path);
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut written = File::create(temporary)?;
    match &file.content {
        Content::Text(text) => written.write_all(text.as_bytes())?,
        Content::Copy(from) => {
            io::copy(&mut File::open(from)?, &mut written)?;
        }
    }
    drop(written);
    // A link is never made in the place of a file, whoever put that there in the meantime; not every file system has links.
    match fs::hard_link(temporary, &target) {
        Ok(()) => fs::remove_file(temporary),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        Err(_) if target.symlink_metadata().is_err() => fs::rename(temporary, &target),
        Err(error) => Err(error),
    }
}
