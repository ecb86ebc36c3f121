//! `genblog check`: everything that `build` does, in memory, and what only this command looks at: links that leave the site, and
//! what pages load.

use std::collections::BTreeSet;
use std::io;
use std::time::Duration;

use crate::files::config::{CONFIG_FILE, Config};
use crate::files::kept::{Access, Kept};
use crate::files::output::Failure;
use crate::rendering::plan::plan;
use crate::running::budgets;
use crate::running::external::{self, Asking, Checked};
use crate::running::pipeline::{Inputs, all_problems, in_order, prepare};
use crate::running::report::{self, Form, Outcome, many};
use crate::running::timings::Timings;
use crate::words::diagnostic::{Diagnostic, has_error};
use crate::words::phrases::{all, speaks};
use crate::words::route::Route;

/// What `check` takes.
#[derive(Debug, Clone)]
pub struct Check {
    /// The site and what to take of it.
    pub inputs: Inputs,
    /// How to tell what is wrong.
    pub form: Form,
    /// How long one request may take, if links that leave the site are to be asked for.
    pub external: Option<Duration>,
}

/// Checks the site.
pub fn check(Check { inputs, form, external }: &Check) -> io::Result<Outcome> {
    let form = *form;
    let mut prepared = match prepare(inputs, Access::Read, &mut Timings::start()) {
        Ok(prepared) => prepared,
        Err(problems) => return report::failure(&Failure::Site(problems), form),
    };
    let mut problems = std::mem::take(&mut prepared.problems);
    let renderer = prepared.renderer();
    let (plan, found) = plan(&renderer, &Kept::new(&inputs.root, Access::Read));
    problems.extend(found);
    problems.extend(in_english(&prepared.site.config));
    let checked = external.map(|timeout| {
        let routes: BTreeSet<&Route> = plan.outputs.iter().map(|planned| &planned.route).collect();
        let asking = Asking { root: &inputs.root, now: inputs.choice.now, timeout, shown: form == Form::Text };
        external::check(&prepared.site, &routes, asking)
    });
    let (mut addresses, mut asked) = (0, 0);
    if let Some(Checked { addresses: all, asked: some, problems: found }) = checked {
        (addresses, asked) = (all, some);
        problems.extend(found);
    }
    let problems = if prepared.site.config.budgets.is_empty() {
        all_problems(problems, &plan)
    } else {
        problems.extend(budgets::check(&prepared.site, &plan));
        in_order(problems)
    };
    if !problems.is_empty() || form.is_document() {
        report::diagnostics(&problems, form)?;
    }
    if has_error(&problems) {
        return Ok(Outcome::Site);
    }
    if form == Form::Text {
        let (posts, files) = (many(prepared.site.posts.len(), "post"), many(plan.outputs.len(), "file"));
        let links = match external {
            Some(_) => format!(", {} elsewhere ({asked} asked)", many(addresses, "link")),
            None => String::new(),
        };
        report::line(&format!("checked {posts}, {files}{links}"))?;
    }
    Ok(Outcome::Fine)
}

/// Tells which phrases a site says in English although its language is another one; a build does not, since nothing is wrong.
fn in_english(config: &Config) -> Option<Diagnostic> {
    const SHOWN: usize = 5;
    if speaks(&config.language) {
        return None;
    }
    let lacking: Vec<String> =
        all().filter(|(key, _)| !config.phrases.contains_key(*key)).map(|(key, _)| format!("`{key}`")).collect();
    let more = lacking.len().saturating_sub(SHOWN);
    let shown = lacking[..lacking.len() - more].join(", ");
    let help = if more == 0 { shown } else { format!("{shown} and {more} more") };
    let message =
        format!("{} of the site's phrases are in English, and its language is `{}`", lacking.len(), config.language);
    let problem = Diagnostic::warning("english-phrase", message).in_path(CONFIG_FILE);
    (!lacking.is_empty()).then(|| problem.help(format!("say them below `[phrases]`: {help}")))
}
