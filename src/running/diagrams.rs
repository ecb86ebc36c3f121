//! `genblog diagrams`: drawings of a site's diagrams go into its own folder, so that machines without Graphviz build the same site.

use std::collections::BTreeSet;
use std::fs;
use std::io;

use crate::files::cache::write_whole;
use crate::files::graphviz::{FOLDER, is_name, name};
use crate::files::kept::Access;
use crate::graph::{Choice, assemble};
use crate::rendering::diagram::diagrams as in_body;
use crate::rendering::plan::bodies;
use crate::running::pipeline::{Inputs, in_order, survey};
use crate::running::report::{self, Form, Outcome, many};
use crate::running::timings::Timings;
use crate::words::diagnostic::{Diagnostic, has_error};

/// Lays out what is not there yet, of drafts too, and takes away what no text asks for any more.
///
/// What else is wrong with the site is a build's to tell, but nothing is taken away while something is.
pub fn diagrams(inputs: &Inputs) -> io::Result<Outcome> {
    let surveyed = match survey(inputs, Access::Read, &mut Timings::start()) {
        Ok(surveyed) => surveyed,
        Err(problems) => return told(&problems),
    };
    let (config, source, mut problems) = surveyed.read();
    let choice = Choice { drafts: true, future: true, expired: true, ..inputs.choice };
    let (site, found) = assemble(config, &source, &choice);
    problems.extend(found);
    let folder = inputs.root.join(FOLDER);
    let (mut wanted, mut laid_out) = (BTreeSet::new(), 0);
    for diagram in bodies(&site).flat_map(|(_, body)| in_body(body)) {
        let name = name(&diagram.text);
        if diagram.kept.is_some() && !wanted.contains(&name) {
            let Ok(svg) = source.graphviz.lay_out(&diagram.text) else { continue };
            fs::create_dir_all(&folder)?;
            write_whole(&folder.join(&name), svg.as_bytes())?;
            laid_out += 1;
        }
        wanted.insert(name);
    }
    let mut removed = 0;
    if !has_error(&problems) {
        let ours = source.diagrams.iter().filter(|file| file.path.strip_prefix("diagrams/").is_some_and(is_name));
        for file in ours.filter(|file| !wanted.contains(&file.path[FOLDER.len() + 1..])) {
            fs::remove_file(&file.file)?;
            removed += 1;
        }
    }
    problems.retain(|problem| ["bad-diagram", "no-graphviz"].contains(&problem.code));
    report::line(&format!("{} in `{FOLDER}/`: {laid_out} laid out, {removed} removed", many(wanted.len(), "diagram")))?;
    if problems.is_empty() { Ok(Outcome::Fine) } else { told(&problems) }
}

fn told(problems: &[Diagnostic]) -> io::Result<Outcome> {
    report::diagnostics(&in_order(problems.to_vec()), Form::Text)?;
    Ok(Outcome::Site)
}
