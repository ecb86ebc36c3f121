//! Files that are published under their own names, as readers get them.

use std::fs;

use crate::graph::site::{PlainFile, Publishing};
use crate::rendering::metadata::{has_metadata, without_metadata};
use crate::words::diagnostic::Diagnostic;

/// The bytes that are published.
pub fn publish(file: &PlainFile) -> Result<Vec<u8>, Vec<Diagnostic>> {
    let failed = |code, message: String| vec![Diagnostic::error(code, message).in_path(file.file.to_string_lossy())];
    let bytes =
        fs::read(&file.file).map_err(|error| failed("unreadable", format!("the file cannot be read: {error}")))?;
    match file.publishing {
        Publishing::AsItIs => Ok(bytes),
        Publishing::WithoutMetadata => without_metadata(file.route.as_str(), bytes).ok_or_else(|| {
            let message = "this picture is damaged: what the camera wrote into it cannot be taken out";
            failed("broken-picture", message.to_owned())
        }),
    }
}

/// How many bytes are published. Only a picture that loses something is read for it; one that cannot be published is told elsewhere.
#[must_use]
pub fn published_length(file: &PlainFile) -> u64 {
    if file.publishing == Publishing::AsItIs || !has_metadata(file.route.as_str()) {
        return file.length;
    }
    publish(file).map_or(file.length, |bytes| bytes.len() as u64)
}
