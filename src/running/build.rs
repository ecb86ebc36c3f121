//! `genblog build`: the site is written to its output folder, or nothing is.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use blake3::Hash;
use rayon::prelude::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

use crate::files::composition;
use crate::files::config;
use crate::files::kept::{Access, Kept};
use crate::files::output::{Failure, Locked, Output, Phase, Report};
use crate::files::receipt::Said;
use crate::graph::site::Site;
use crate::rendering::making::Work;
use crate::rendering::plan::{Plan, plan};
use crate::running::amend::{amended, keep_site};
use crate::running::pipeline::{Inputs, afresh, all_problems, in_order, survey};
use crate::running::progress::Progress;
use crate::running::report::{self, Form, Outcome, many};
use crate::running::timings::Timings;
use crate::words::diagnostic::{self, Diagnostic, has_error};
use crate::words::sarif;

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
    /// Say where the time went.
    pub timings: bool,
    /// Hold the outputs against a build from nothing.
    pub verify: bool,
}

/// Builds the site.
pub fn build(build: &Build) -> io::Result<Outcome> {
    let mut timings = Timings::start();
    let inputs = &build.inputs;
    if let (None, problems) = config::read(&inputs.root, inputs.config.as_deref(), &inputs.overrides) {
        // A folder that is no site gets nothing from genblog, not even a lock.
        return report::failure(&Failure::Site(problems), build.form);
    }
    let mut problems = Vec::new();
    let locked = match Locked::new(&inputs.root, &build.output) {
        Ok(locked) => Some(locked),
        Err(Failure::Site(found)) => {
            problems.extend(found);
            None
        }
        Err(failure) => return report::failure(&failure, build.form),
    };
    // Where nothing may be written, nothing is remembered either.
    let access = if locked.is_some() { Access::Write } else { Access::Read };
    let (mut output, surveyed) = rayon::join(|| locked.map(Locked::recall), || survey(inputs, access, &mut timings));
    let surveyed = match surveyed {
        Ok(surveyed) => surveyed,
        Err(found) => {
            problems.extend(found);
            return report::failure(&Failure::Site(problems), build.form);
        }
    };
    let now = inputs.choice.now;
    let receipt = surveyed.hash().and_then(|inputs| Some((inputs, output.as_mut()?.unchanged(inputs, now)?)));
    timings.ended("look for something to do");
    if let (Some((inputs, (said, written))), Some(output)) = (receipt, &output) {
        return ended(build, &said, written, (output, Some(inputs)), timings);
    }
    if let Some(output) = &mut output {
        match amended(&surveyed, output, &inputs.root, now) {
            Ok(Some((said, written, inputs))) => {
                timings.ended("build what quotes the edit");
                return ended(build, &said, written, (output, Some(inputs)), timings);
            }
            Ok(None) => {}
            Err(failure) => return report::failure(&failure, build.form),
        }
    }
    let mut prepared = match surveyed.prepare(&mut timings) {
        Ok(prepared) => prepared,
        Err(found) => {
            problems.extend(found);
            return report::failure(&Failure::Site(problems), build.form);
        }
    };
    problems.append(&mut prepared.problems);
    prepared.site.forget_elsewhere();
    let kept = Kept::new(&build.inputs.root, access);
    let renderer = prepared.renderer();
    let (plan, found) = plan(&renderer, &kept);
    problems.extend(found);
    timings.ended("plan outputs");
    let Some(mut output) = output.filter(|_| !has_error(&problems)) else {
        if access == Access::Write {
            let all = plan.outputs.iter().map(|planned| &planned.route).collect();
            decode(&plan.to_decode(&all), build);
        }
        return report::failure(&Failure::Site(all_problems(problems, &plan)), build.form);
    };
    let looked = output.look(&plan.outputs);
    timings.ended("look at outputs");
    decode(&plan.to_decode(&looked.stale().map(|planned| &planned.route).collect()), build);
    timings.ended("make photographs");
    let made = output.make(&looked);
    timings.ended("render");
    let written = match made.and_then(|made| output.commit(&looked, made)) {
        Ok(written) => written,
        Err(Failure::Site(found)) => {
            problems.extend(found);
            return report::failure(&Failure::Site(in_order(problems)), build.form);
        }
        Err(failure) => return report::failure(&failure, build.form),
    };
    kept.retain(plan.kept());
    timings.ended("write");
    let problems = in_order(problems);
    let said = Said {
        warnings: [false, true].map(|colour| report::told(&problems, colour)),
        json: diagnostic::json(&problems),
        sarif: sarif::document(&problems),
        amounts: amounts(&prepared.site, &plan),
        due: prepared.site.due,
    };
    if let Some(inputs) = prepared.inputs {
        output.keep_receipt(inputs, now, said.clone());
        // With an index of all words every edit asks for all texts.
        if !prepared.site.config.search {
            keep_site(&output, &prepared.site, inputs, &prepared.texts);
        }
    }
    if written.rendered + written.removed > 0 || !composition::is_kept(&inputs.root, output.name()) {
        let outputs = plan.outputs.iter().map(|one| (one.route.file(), one.fingerprint, &one.made_of));
        composition::keep(&inputs.root, output.name(), &renderer.common(), outputs);
    }
    timings.ended("remember");
    let outcome = ended(build, &said, written, (&output, prepared.inputs), timings);
    drop(looked);
    drop(plan);
    drop(renderer);
    // To take ten thousand texts apart takes as long as to parse a thousand, and nobody has to wait for it.
    thread::spawn(move || drop(prepared));
    outcome
}

/// Says how a build ended that had no errors, and holds its outputs against one from nothing if that is asked for.
fn ended(
    build: &Build,
    said: &Said,
    written: Report,
    (output, inputs): (&Output, Option<Hash>),
    mut timings: Timings,
) -> io::Result<Outcome> {
    if build.form == Form::Text {
        report::warnings(&said.warnings)?;
        if !build.quiet {
            report::line(&summary(&said.amounts, written, timings.all()))?;
            if let Some(due) = said.due {
                report::line(&format!("next due {}: build again then", report::moment(due)))?;
            }
        }
    }
    let mut outcome = Outcome::Fine;
    if build.verify {
        let verified = verify(&build.inputs, said, output, inputs);
        timings.ended("verify");
        match verified {
            Ok(count) if build.form == Form::Text && !build.quiet => {
                report::line(&format!("verified {}", many(count, "file")))?;
            }
            Ok(_) => {}
            Err(failure) => outcome = report::failure(&failure, build.form)?,
        }
    }
    // One document: what is wrong with the outputs is told in place of warnings.
    match build.form {
        Form::Json if outcome == Outcome::Fine => report::line(&said.json)?,
        Form::Sarif if outcome == Outcome::Fine => report::line(&said.sarif)?,
        Form::Text | Form::Json | Form::Sarif | Form::Silent => {}
    }
    if build.timings {
        report::notes(&timings.table())?;
    }
    Ok(outcome)
}

/// Builds once more from nothing, in memory, and holds the outputs and what was said against that; gives how many outputs there are.
fn verify(inputs: &Inputs, said: &Said, output: &Output, of: Option<Hash>) -> Result<usize, Failure> {
    let mut prepared = afresh(inputs).map_err(Failure::Site)?;
    prepared.site.forget_elsewhere();
    let seen_so = prepared.inputs == of;
    if !seen_so && survey(inputs, Access::Read, &mut Timings::start()).is_ok_and(|now| now.hash() != of) {
        let message = "the site was changed while its outputs were held against it";
        let problem = Diagnostic::error("changed-file", message).in_path(output.name());
        return Err(Failure::Site(vec![problem.help("verify again when nobody writes to it")]));
    }
    let mut problems = std::mem::take(&mut prepared.problems);
    let renderer = prepared.renderer();
    let (plan, found) = plan(&renderer, &Kept::nothing());
    problems.extend(found);
    output.verify(&plan.outputs)?;
    if seen_so && diagnostic::json(&in_order(problems)) == said.json {
        return Ok(plan.outputs.len());
    }
    let message = if seen_so {
        "a build from nothing warns of other things"
    } else {
        "a file of the site is not what is remembered of it"
    };
    let problem = Diagnostic::error("not-as-made", message).in_path(output.name());
    let help = "this is a fault of genblog's: please report it; `genblog clean` and another build mend it";
    Err(Failure::Site(vec![problem.help(help)]))
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

/// How much there is.
fn amounts(site: &Site, plan: &Plan<'_>) -> String {
    let pages = plan.outputs.iter().filter(|output| output.phase == Phase::Page).count();
    let photos = site.albums.iter().map(|album| album.photos.len()).sum();
    let claims = if site.claims == 0 { String::new() } else { format!(", {} checked", many(site.claims, "number")) };
    format!("{} ({}, {}{claims})", many(pages, "page"), many(site.posts.len(), "post"), many(photos, "photo"))
}

/// What there is now, and what was done for it. Only a person at a terminal is told the time: it differs from run to run.
fn summary(amounts: &str, report: Report, time: Duration) -> String {
    let time = if io::stdout().is_terminal() {
        let tenths = time.as_millis() / 100;
        format!(" in {}.{} s", tenths / 10, tenths % 10)
    } else {
        String::new()
    };
    let Report { written, unchanged, removed, .. } = report;
    format!("built {amounts}: {written} written, {unchanged} unchanged, {removed} removed{time}")
}
