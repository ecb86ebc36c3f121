//! `genblog feed lint`: what is wrong with feeds, whoever wrote them.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use crate::foreign::lint::lint_at;
use crate::running::report::{self, Form, Outcome, many};
use crate::words::diagnostic::{Diagnostic, has_error};

/// What standard input is called in messages.
const STANDARD_INPUT: &str = "<stdin>";

/// Says what is wrong with feeds, each by itself. `-` is standard input.
pub fn lint(files: &[PathBuf], form: Form, now: DateTime<Utc>) -> io::Result<Outcome> {
    let mut problems = Vec::new();
    let mut unreadable = false;
    for file in files {
        let name = if is_standard_input(file) { STANDARD_INPUT.into() } else { file.to_string_lossy() };
        match read(file) {
            Ok(bytes) => problems.extend(lint_at(&bytes, &name, Some(now))),
            Err(error) => {
                unreadable = true;
                let message = format!("cannot read the feed: {error}");
                problems.push(
                    Diagnostic::error("unreadable", message).in_path(name).help("give the name of a file, or `-`"),
                );
            }
        }
    }
    if !problems.is_empty() || form.is_document() {
        report::diagnostics(&problems, form)?;
    }
    if unreadable {
        return Ok(Outcome::Machine);
    }
    if has_error(&problems) {
        return Ok(Outcome::Site);
    }
    if form == Form::Text {
        report::line(&format!("checked {}", many(files.len(), "feed")))?;
    }
    Ok(Outcome::Fine)
}

fn is_standard_input(file: &Path) -> bool {
    file.as_os_str() == "-"
}

fn read(file: &Path) -> io::Result<Vec<u8>> {
    if !is_standard_input(file) {
        return fs::read(file);
    }
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}
