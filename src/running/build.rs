//! `genblog build`: the site is written to its output folder, or nothing is.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::time::Instant;

use rayon::prelude::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

use crate::files::config;
use crate::files::kept::{Access, Kept};
use crate::files::output::{Failure, Output, Phase, Report};
use crate::graph::site::Site;
use crate::rendering::making::Work;
use crate::rendering::plan::{Plan, plan};
use crate::running::pipeline::{Inputs, all_problems, in_order, prepare};
use crate::running::progress::Progress;
use crate::running::report::{self, Form, Outcome, many};
use crate::words::diagnostic::has_error;

/// What `build` takes besides the inputs.
#[derive(Debug, Clone)]
pub struct Build {
    /// The site and what to take of it.
    pub inputs: Inputs,
    /// Where to write.
    pub output: PathBuf,
    /// How to tell what is wrong.
    pub form: Form,
    /// Say nothing when all is well.
    pub quiet: bool,
}

/// Builds the site.
pub fn build(build: &Build) -> io::Result<Outcome> {
    let started = Instant::now();
    let inputs = &build.inputs;
    if let (None, problems) = config::read(&inputs.root, inputs.config.as_deref(), &inputs.overrides) {
        // A folder that is no site gets nothing from genblog, not even a lock.
        return report::failure(&Failure::Site(problems), build.form);
    }
    let mut problems = Vec::new();
    let output = match Output::open(&build.inputs.root, &build.output) {
        Ok(output) => Some(output),
        Err(Failure::Site(found)) => {
            problems.extend(found);
            None
        }
        Err(failure) => return report::failure(&failure, build.form),
    };
    // Where nothing may be written, nothing is remembered either.
    let access = if output.is_some() { Access::Write } else { Access::Read };
    let mut prepared = match prepare(&build.inputs, access) {
        Ok(prepared) => prepared,
        Err(found) => {
            problems.extend(found);
            return report::failure(&Failure::Site(problems), build.form);
        }
    };
    problems.append(&mut prepared.problems);
    let kept = Kept::new(&build.inputs.root, access);
    let renderer = prepared.renderer();
    let (plan, found) = plan(&renderer, &kept);
    problems.extend(found);
    let Some(mut output) = output.filter(|_| !has_error(&problems)) else {
        if access == Access::Write {
            let all = plan.outputs.iter().map(|planned| &planned.route).collect();
            decode(&plan.to_decode(&all), build);
        }
        return report::failure(&Failure::Site(all_problems(problems, &plan)), build.form);
    };
    let looked = output.look(&plan.outputs);
    decode(&plan.to_decode(&looked.stale().map(|planned| &planned.route).collect()), build);
    let written = match output.write(&looked) {
        Ok(written) => written,
        Err(Failure::Site(found)) => {
            problems.extend(found);
            return report::failure(&Failure::Site(in_order(problems)), build.form);
        }
        Err(failure) => return report::failure(&failure, build.form),
    };
    kept.retain(plan.kept());
    let problems = in_order(problems);
    if !problems.is_empty() || build.form == Form::Json {
        report::diagnostics(&problems, build.form)?;
    }
    if !build.quiet && build.form == Form::Text {
        report::line(&summary(&prepared.site, &plan, written, started))?;
    }
    Ok(Outcome::Fine)
}

/// Makes and keeps the sizes of photographs: each is a piece of work by itself, so that all processors have some to the end, and
/// a build that is killed loses those in hand only.
fn decode(pictures: &[&Work], build: &Build) {
    let shown = !build.quiet && build.form == Form::Text;
    let progress = Progress::new("photographs", pictures.len(), shown);
    pictures.par_iter().with_max_len(1).for_each(|work| {
        work.make_all();
        progress.step();
    });
}

/// What there is now, and what was done for it. Only a person at a terminal is told the time: it differs from run to run.
fn summary(site: &Site, plan: &Plan<'_>, report: Report, started: Instant) -> String {
    let pages = plan.outputs.iter().filter(|output| output.phase == Phase::Page).count();
    let photos = site.albums.iter().map(|album| album.photos.len()).sum();
    let time = if io::stdout().is_terminal() {
        let tenths = started.elapsed().as_millis() / 100;
        format!(" in {}.{} s", tenths / 10, tenths % 10)
    } else {
        String::new()
    };
    let claims = if site.claims == 0 { String::new() } else { format!(", {} checked", many(site.claims, "number")) };
    format!(
        "built {} ({}, {}{claims}): {} written, {} unchanged, {} removed{time}",
        many(pages, "page"),
        many(site.posts.len(), "post"),
        many(photos, "photo"),
        report.written,
        report.unchanged,
        report.removed,
    )
}
