//! What a site would write: outputs before they are made, and all of them made in memory.

use blake3::Hash;
use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};

use crate::files::artifact::{Artifact, Make};
use crate::files::composition::Composition;
use crate::files::conflict::repeated;
use crate::words::diagnostic::Diagnostic;
use crate::words::route::Route;

/// One output: everything about it but its bytes.
pub struct Planned<'a> {
    /// Where it lives.
    pub route: Route,
    /// When it is written.
    pub phase: Phase,
    /// Hash of everything that its bytes depend on.
    pub fingerprint: Hash,
    /// The same by parts, for people who ask why it was made.
    pub made_of: Composition<'a>,
    /// Makes its bytes.
    pub make: Box<dyn Make + 'a>,
}

impl Planned<'_> {
    /// Says how many posts it shows, besides the one that it is about.
    #[must_use]
    pub fn showing(mut self, posts: usize) -> Self {
        self.made_of.posts = posts;
        self
    }
}

/// The order in which files are written, so that a reader in between never sees a page that lacks its assets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// What pages need: style, scripts, pictures.
    Asset,
    /// What people read.
    Page,
    /// What announces pages: feeds, the sitemap.
    Feed,
}

/// Makes all outputs in memory, in the order of `planned`.
pub fn render(planned: &[Planned<'_>]) -> Result<Vec<Vec<u8>>, Vec<Diagnostic>> {
    let render = |planned: &Planned<'_>| {
        planned.make.make()?.into_bytes().map_err(|error| {
            let diagnostic = Diagnostic::error("io", format!("`/{}` cannot be made: {error}", planned.route.file()));
            vec![diagnostic.help("try again when nothing else writes into the site")]
        })
    };
    let made: Vec<_> = planned.par_iter().map(render).collect();
    let paths: Vec<String> = planned.iter().map(|planned| planned.route.file()).collect();
    let mut problems = repeated(paths.iter().map(String::as_str));
    let mut outputs = Vec::with_capacity(made.len());
    for result in made {
        match result {
            Ok(bytes) => outputs.push(bytes),
            Err(diagnostics) => problems.extend(diagnostics),
        }
    }
    if problems.is_empty() { Ok(outputs) } else { Err(problems) }
}

/// What keeps outputs from being made. Each is made, and forgotten at once.
#[must_use]
pub fn problems(planned: &[Planned<'_>]) -> Vec<Diagnostic> {
    examine(planned, |_, _| ()).1
}

/// The same, with what `look` sees in each output that can be made.
pub fn examine<'p, T: Send>(
    planned: &'p [Planned<'_>],
    look: impl Fn(&'p Planned<'_>, &Artifact) -> T + Sync,
) -> (Vec<T>, Vec<Diagnostic>) {
    let make = |planned: &'p Planned<'_>| planned.make.make().map(|artifact| look(planned, &artifact));
    let made: Vec<_> = planned.par_iter().map(make).collect();
    let paths: Vec<String> = planned.iter().map(|planned| planned.route.file()).collect();
    let mut problems = repeated(paths.iter().map(String::as_str));
    let mut seen = Vec::with_capacity(made.len());
    for result in made {
        match result {
            Ok(one) => seen.push(one),
            Err(found) => problems.extend(found),
        }
    }
    (seen, problems)
}
