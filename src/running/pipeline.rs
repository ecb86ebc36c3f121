//! The way that `build`, `check` and `serve` share: from a folder to a site and its theme.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use blake3::Hash;

use crate::files::cache::{FOLDER, PROGRAM};
use crate::files::config::{self, Config, Overrides};
use crate::files::kept::{Access, Kept};
use crate::files::output;
use crate::files::seen::{Entries, Seen};
use crate::files::source::{self, Known, Source, Survey};
use crate::files::stamp::{Moment, Stamp};
use crate::graph::site::Site;
use crate::graph::{Choice, assemble};
use crate::rendering::feeds;
use crate::rendering::plan::Plan;
use crate::rendering::renderer::{GENERATOR, Renderer};
use crate::rendering::template_error::merge_failures;
use crate::rendering::theme::Theme;
use crate::running::timings::Timings;
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
    /// Stands for this program among all versions and builds of it.
    pub program: Hash,
    /// Stands for everything that the site is a function of but for the moment, if all of it could be read.
    pub inputs: Option<Hash>,
    /// Hashes of the files under `content/`.
    pub texts: BTreeMap<String, Hash>,
    /// Errors and warnings.
    pub problems: Vec<Diagnostic>,
}

/// Reads and understands a site. It fails only where there is nothing to go on with: no configuration, or templates that
/// cannot be used. With [`Access::Write`] it remembers what it read.
pub fn prepare(inputs: &Inputs, access: Access, timings: &mut Timings) -> Result<Prepared, Vec<Diagnostic>> {
    survey(inputs, access, timings)?.prepare(timings)
}

/// The same without anything that is remembered: all files are read.
pub fn afresh(inputs: &Inputs) -> Result<Prepared, Vec<Diagnostic>> {
    let (config, problems) = config::read(&inputs.root, inputs.config.as_deref(), &inputs.overrides);
    let Some(config) = config else { return Err(problems) };
    let survey = source::survey(&inputs.root, &Seen::default(), None, Kept::nothing());
    let program = program(&inputs.root, None);
    Surveyed { config, survey, program, choice: inputs.choice, problems }.prepare(&mut Timings::start())
}

/// A site whose files are known, and not yet understood.
#[derive(Debug)]
pub struct Surveyed {
    config: Config,
    survey: Survey,
    program: Hash,
    choice: Choice,
    problems: Vec<Diagnostic>,
}

/// Looks at the files of a site. It fails where there is no configuration. With [`Access::Write`] it remembers what it read.
pub fn survey(inputs: &Inputs, access: Access, timings: &mut Timings) -> Result<Surveyed, Vec<Diagnostic>> {
    let (config, problems) = config::read(&inputs.root, inputs.config.as_deref(), &inputs.overrides);
    let Some(config) = config else { return Err(problems) };
    // Without the folder of its own genblog remembers nothing.
    let now = if access == Access::Write { Moment::of(&inputs.root.join(FOLDER)).ok() } else { None };
    let program = program(&inputs.root, now);
    timings.ended("know the program");
    let (memory, name) = ("sources", program.to_hex());
    let seen = Seen::<Known>::read(&inputs.root, memory, &name);
    let kept = if now.is_some() { Access::Write } else { Access::Read };
    let survey = source::survey(&inputs.root, &seen, now, Kept::new(&inputs.root, kept));
    if now.is_some() {
        seen.write(&inputs.root, memory, &name, &survey.seen());
    }
    timings.ended("look at sources");
    Ok(Surveyed { config, survey, program, choice: inputs.choice, problems })
}

impl Surveyed {
    /// Stands for everything that the site is a function of but for the moment; `None` when not all of it could be read.
    #[must_use]
    pub fn hash(&self) -> Option<Hash> {
        Some(hash(self.program, &self.config, &self.choice, self.survey.hash()?))
    }

    /// The same if the file at `path` under `content/` had this hash.
    #[must_use]
    pub fn hash_with(&self, path: &str, file: Hash) -> Option<Hash> {
        Some(hash(self.program, &self.config, &self.choice, self.survey.hash_with(path, file)?))
    }

    /// The files.
    #[must_use]
    pub fn survey(&self) -> &Survey {
        &self.survey
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Stands for this program among all versions and builds of it.
    #[must_use]
    pub fn program(&self) -> Hash {
        self.program
    }

    /// Reads the files.
    #[must_use]
    pub fn read(self) -> (Config, Source, Vec<Diagnostic>) {
        let (source, found) = self.survey.read();
        let mut problems = self.problems;
        problems.extend(found);
        (self.config, source, problems)
    }

    /// Reads and understands the site.
    pub fn prepare(self, timings: &mut Timings) -> Result<Prepared, Vec<Diagnostic>> {
        self.prepare_edited(|_, _| {}, timings)
    }

    /// The same for the site as it would be after an edit.
    pub fn prepare_edited(
        self,
        edit: impl FnOnce(&mut Config, &mut Source),
        timings: &mut Timings,
    ) -> Result<Prepared, Vec<Diagnostic>> {
        let Self { mut config, survey, program, choice, mut problems } = self;
        let (mut source, found) = survey.read();
        edit(&mut config, &mut source);
        let inputs = found.is_empty().then(|| hash(program, &config, &choice, source.hash()));
        problems.extend(found);
        timings.ended("read sources");
        let theme = Theme::of(&config.themes, &source.themes, &source.templates);
        timings.ended("prepare templates");
        let (site, found) = assemble(config, &source, &choice);
        timings.ended("understand sources");
        problems.extend(found);
        match theme {
            Ok(theme) => {
                problems.extend(feeds::check(&Renderer::new(&site, &theme, program), &source));
                // Their words are in the site now, and nobody asks for their places any more.
                let texts = source.content.into_iter().map(|file| (file.path, file.hash)).collect();
                timings.ended("check feeds");
                Ok(Prepared { site, theme, program, inputs, texts, problems })
            }
            Err(found) => {
                problems.extend(found);
                Err(in_order(problems))
            }
        }
    }
}

/// Stands for everything that a site is a function of but for the moment.
fn hash(program: Hash, config: &Config, choice: &Choice, sources: Hash) -> Hash {
    let Choice { now: _, drafts, future, expired } = choice;
    let asked = [*drafts, *future, *expired].map(u8::from);
    let mut hasher = blake3::Hasher::new();
    hasher.update(program.as_bytes()).update(config.hash.as_bytes()).update(&asked).update(sources.as_bytes());
    hasher.finalize()
}

impl Prepared {
    /// The renderer for this site.
    #[must_use]
    pub fn renderer(&self) -> Renderer<'_> {
        Renderer::new(&self.site, &self.theme, self.program)
    }
}

/// All problems of a site that has errors: renders it in memory too, so that what templates have to say comes in the same run.
#[must_use]
pub fn all_problems(mut problems: Vec<Diagnostic>, plan: &Plan<'_>) -> Vec<Diagnostic> {
    problems.extend(output::problems(&plan.outputs));
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
/// The version alone would do for those who never change the program; the file itself serves those who do. It is read once, and
/// remembered like a source.
fn program(root: &Path, now: Option<Moment>) -> Hash {
    static PROGRAM_HASH: OnceLock<Hash> = OnceLock::new();
    *PROGRAM_HASH.get_or_init(|| {
        let file = env::current_exe().unwrap_or_default();
        let seen = Seen::<()>::read(root, "program", PROGRAM);
        let name = file.to_string_lossy().into_owned();
        let stamp = file.metadata().ok().and_then(|metadata| Stamp::of(&metadata));
        let now = now.zip(stamp).map(|(now, stamp)| now.where_program_is(stamp));
        let bytes = match seen.hash(&name, &file, stamp, now) {
            Ok((hash, known)) => {
                if let Some(entry) = known.news() {
                    seen.write(root, "program", PROGRAM, &Entries::from([(name, entry)]));
                }
                hash
            }
            Err(_) => blake3::hash(b""),
        };
        let mut hasher = blake3::Hasher::new();
        hasher.update(GENERATOR.as_bytes()).update(bytes.as_bytes());
        hasher.finalize()
    })
}

/// The path as the caller's working folder sees it, made absolute.
#[must_use]
pub fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
