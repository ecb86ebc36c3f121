//! `genblog check`: everything that `build` does, in memory.

use std::io;

use crate::files::kept::{Access, Kept};
use crate::files::output::Failure;
use crate::rendering::plan::plan;
use crate::running::pipeline::{Inputs, all_problems, prepare};
use crate::running::report::{self, Form, Outcome, many};
use crate::running::timings::Timings;
use crate::words::diagnostic::has_error;

/// Checks the site.
pub fn check(inputs: &Inputs, form: Form) -> io::Result<Outcome> {
    let mut prepared = match prepare(inputs, Access::Read, &mut Timings::start()) {
        Ok(prepared) => prepared,
        Err(problems) => return report::failure(&Failure::Site(problems), form),
    };
    let mut problems = std::mem::take(&mut prepared.problems);
    let renderer = prepared.renderer();
    let (plan, found) = plan(&renderer, &Kept::new(&inputs.root, Access::Read));
    problems.extend(found);
    let problems = all_problems(problems, &plan);
    if !problems.is_empty() || form == Form::Json {
        report::diagnostics(&problems, form)?;
    }
    if has_error(&problems) {
        return Ok(Outcome::Site);
    }
    if form == Form::Text {
        let posts = many(prepared.site.posts.len(), "post");
        report::line(&format!("checked {posts}, {}", many(plan.outputs.len(), "file")))?;
    }
    Ok(Outcome::Fine)
}
