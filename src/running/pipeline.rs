//! The way that `build`, `check` and `serve` share: from a folder to a site and its theme.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::files::config::{self, Overrides};
use crate::files::output;
use crate::files::source;
use crate::graph::site::Site;
use crate::graph::{Choice, assemble};
use crate::rendering::plan::Plan;
use crate::rendering::renderer::{GENERATOR, Renderer};
use crate::rendering::template_error::merge_failures;
use crate::rendering::theme::Theme;
use crate::words::diagnostic::{self, Diagnostic};

/// What a command takes from its caller.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// The site's folder.
    pub root: PathBuf,
    /// The configuration, when it is not the one in `root`.
    pub config: Option<PathBuf>,
    /// What the caller says over the configuration.
    pub overrides: Overrides,
    /// Which posts to take.
    pub choice: Choice,
}

/// A site that can be rendered, and all that is wrong with it so far.
#[derive(Debug)]
pub struct Prepared {
    /// The site.
    pub site: Site,
    /// Its theme.
    pub theme: Theme,
    /// Errors and warnings.
    pub problems: Vec<Diagnostic>,
}

/// Reads and understands a site. It fails only where there is nothing to go on with: no configuration, or templates that
/// cannot be used.
pub fn prepare(inputs: &Inputs) -> Result<Prepared, Vec<Diagnostic>> {
    let (config, mut problems) = config::read(&inputs.root, inputs.config.as_deref(), &inputs.overrides);
    let Some(config) = config else { return Err(problems) };
    let (source, found) = source::read(&inputs.root);
    problems.extend(found);
    let theme = Theme::new(&source.templates);
    let (site, found) = assemble(config, &source, &inputs.choice);
    problems.extend(found);
    match theme {
        Ok(theme) => Ok(Prepared { site, theme, problems }),
        Err(found) => {
            problems.extend(found);
            Err(in_order(problems))
        }
    }
}

impl Prepared {
    /// The renderer for this site.
    #[must_use]
    pub fn renderer(&self) -> Renderer<'_> {
        Renderer::new(&self.site, &self.theme, program())
    }
}

/// All problems of a site that has errors: renders it in memory too, so that what templates have to say comes in the same run.
#[must_use]
pub fn all_problems(mut problems: Vec<Diagnostic>, plan: &Plan<'_>) -> Vec<Diagnostic> {
    if let Err(found) = output::render(&plan.outputs) {
        problems.extend(found);
    }
    in_order(problems)
}

/// Each problem once, in the order of the sources.
#[must_use]
pub fn in_order(problems: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut problems = merge_failures(problems);
    diagnostic::sort(&mut problems);
    problems
}

/// Stands for this program among all versions and builds of it: another one makes every output again.
///
/// The version alone would do for those who never change the program; the file itself serves those who do.
fn program() -> blake3::Hash {
    static PROGRAM: OnceLock<blake3::Hash> = OnceLock::new();
    *PROGRAM.get_or_init(|| {
        let file = env::current_exe().and_then(fs::read).unwrap_or_default();
        let mut hasher = blake3::Hasher::new();
        hasher.update(GENERATOR.as_bytes()).update(&file);
        hasher.finalize()
    })
}

/// The path as the caller's working folder sees it, made absolute.
#[must_use]
pub fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
