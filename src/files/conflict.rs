//! Files that outputs cannot be written to.

use std::collections::BTreeSet;

use crate::words::diagnostic::Diagnostic;

/// What to say about files that are not genblog's: each by itself while they are few, and all at once when a whole site
/// that genblog does not remember is in the way.
pub(super) fn foreign_files(folder: &str, paths: &[&str]) -> Vec<Diagnostic> {
    let error = |message: String| Diagnostic::error("foreign-file", message);
    if let [first, second, third, others @ ..] = paths
        && !others.is_empty()
    {
        let others = others.len();
        let message = format!(
            "`/{first}`, `/{second}`, `/{third}` and {others} more would replace something that genblog did not make"
        );
        let help = format!(
            "if `{folder}` holds nothing but an earlier build of this site, delete it; else choose another folder"
        );
        return vec![error(message).in_path(folder).help(help)];
    }
    let tell = |path: &&str| {
        error(format!("`/{path}` would replace something that genblog did not make"))
            .in_path(format!("{folder}/{path}"))
            .help("move it away, or to `static/` if it belongs to the site")
    };
    paths.iter().map(tell).collect()
}

/// Errors for outputs that share a file.
pub(super) fn repeated<'a>(paths: impl Iterator<Item = &'a str>) -> Vec<Diagnostic> {
    let mut seen = BTreeSet::new();
    let again = paths.filter(|path| !seen.insert(*path));
    let report =
        |path| Diagnostic::error("duplicate-route", format!("two outputs of this site would be the file `/{path}`"));
    again.map(report).collect()
}

/// An output that a build from nothing would make otherwise, or not at all.
pub(super) fn not_as_made(folder: &str, path: &str) -> Diagnostic {
    let message = format!("`/{path}` is not what a build from nothing makes");
    let help = "this is a fault of genblog's: please report it; `genblog clean` and another build mend it";
    Diagnostic::error("not-as-made", message).in_path(format!("{folder}/{path}")).help(help)
}
