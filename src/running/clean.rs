//! `genblog clean`: what builds have written goes, and what is remembered of it.

use std::io;
use std::path::Path;

use crate::files::config::{self, CONFIG_FILE, Overrides};
use crate::files::output::{Failure, Output};
use crate::running::report::{self, Form, Outcome, many};
use crate::words::diagnostic::Diagnostic;

/// Clears the output folder `output` of the site in `root`; what somebody else wrote or changed there stays, and is told.
pub fn clean(root: &Path, config: Option<&Path>, output: &Path) -> io::Result<Outcome> {
    // One with errors is a site all the same.
    let (_, problems) = config::read(root, config, &Overrides::default());
    if !config.map_or_else(|| root.join(CONFIG_FILE), Path::to_path_buf).is_file() {
        return report::failure(&Failure::Site(problems), Form::Text);
    }
    let cleared = Output::open(root, output).and_then(|output| Ok((output.name().to_owned(), output.clear()?)));
    let (name, (removed, left)) = match cleared {
        Ok(cleared) => cleared,
        Err(failure) => return report::failure(&failure, Form::Text),
    };
    let changed = |path: &String| {
        let message = "this was changed by somebody else, and stays";
        Diagnostic::warning("changed-output", message).in_path(format!("{name}/{path}"))
    };
    let changed: Vec<Diagnostic> = left.iter().map(changed).collect();
    if !changed.is_empty() {
        report::diagnostics(&changed, Form::Text)?;
    }
    report::line(&format!("{} removed", many(removed, "file")))?;
    Ok(Outcome::Fine)
}
