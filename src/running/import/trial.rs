//! The new site is assembled in memory before anything is written: what would not build is mended, and what a build would
//! say is said now.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, Utc};

use crate::files::config::{self, CONFIG_FILE, Overrides};
use crate::files::source::{self, Source, SourceFile};
use crate::foreign::site::Document;
use crate::foreign::told::{Told, Verdict};
use crate::foreign::writing::{Content, Writing};
use crate::graph::{Choice, assemble};
use crate::rendering::feeds;
use crate::rendering::renderer::Renderer;
use crate::rendering::theme::Theme;
use crate::running::import::mend::{Mending, mend};
use crate::running::import::source_text;
use crate::words::diagnostic::{Diagnostic, Severity};

/// Rounds of mending. One mends nearly everything; another finds what was hidden by that.
const ROUNDS: usize = 4;

/// What a trial knows.
pub(super) struct Trial<'a> {
    pub(super) root: &'a Path,
    /// Where the old site was.
    pub(super) base: &'a str,
    pub(super) documents: &'a [Document],
    pub(super) now: DateTime<Utc>,
}

impl Trial<'_> {
    /// Tries the site, mends it, and tells what is left; whether errors are among it.
    pub(super) fn run(&self, writing: &mut Writing, told: &mut Vec<Told>) -> bool {
        let (existing, _) =
            if self.root.join("content").is_dir() { source::read(self.root) } else { Default::default() };
        let mut existing = Some(existing);
        let mut rounds = 0;
        loop {
            let (source, mut problems) = self.source(existing.take().unwrap_or_default(), writing);
            problems.extend(self.problems(&source, writing));
            existing = Some(without(source, writing));
            let ours: Vec<Diagnostic> = problems.into_iter().filter(|problem| is_ours(problem, writing)).collect();
            rounds += 1;
            let mut mending = Mending::default();
            if rounds < ROUNDS {
                for problem in &ours {
                    mend(problem, writing, self.base, self.documents, &mut mending);
                }
            }
            if mending.is_empty() {
                let broken = ours.iter().any(|problem| problem.severity == Severity::Error);
                told.extend(ours.iter().map(left));
                return broken;
            }
            told.extend(mending.apply(writing));
        }
    }

    /// The snapshot that a build would take.
    fn source(&self, mut source: Source, writing: &Writing) -> (Source, Vec<Diagnostic>) {
        let mut problems = Vec::new();
        let mut planned: BTreeMap<&str, SourceFile> = BTreeMap::new();
        for file in writing.files.iter().filter(|file| file.path != CONFIG_FILE) {
            let (from, bytes) = match &file.content {
                Content::Text(text) => (self.root.join(&file.path), text.clone().into_bytes()),
                Content::Copy(from) => (from.clone(), std::fs::read(from).unwrap_or_default()),
            };
            let (read, problem) = source::planned(file.path.clone(), from, bytes);
            problems.extend(problem);
            planned.insert(&file.path, read);
        }
        source.content.retain(|file| !planned.contains_key(file.path.as_str()));
        source.statics.retain(|file| !planned.contains_key(file.path.as_str()));
        for (path, file) in planned {
            if path.starts_with("content/") { source.content.push(file) } else { source.statics.push(file) }
        }
        source.content.sort_by(|a, b| a.path.cmp(&b.path));
        source.statics.sort_by(|a, b| a.path.cmp(&b.path));
        (source, problems)
    }

    /// What a build would say.
    fn problems(&self, source: &Source, writing: &Writing) -> Vec<Diagnostic> {
        let planned = writing.files.iter().find(|file| file.path == CONFIG_FILE);
        let (config, mut problems) = match planned.map(|file| &file.content) {
            Some(Content::Text(text)) => config::parse(&source_text(CONFIG_FILE, text), &Overrides::default()),
            _ => config::read(self.root, None, &Overrides::default()),
        };
        let Some(config) = config else { return problems };
        let choice = Choice { now: self.now, drafts: false, future: false, expired: false };
        let (site, found) = assemble(config, source, &choice);
        let sound = found.iter().all(|problem| problem.severity == Severity::Warning);
        problems.extend(found);
        if let (true, Ok(theme)) = (sound, Theme::new(&source.templates)) {
            let renderer = Renderer { site: &site, theme: &theme, program: blake3::hash(b"") };
            // Of what a build plans only the feeds say more, and the rest would take the memory of a build.
            problems.extend(feeds::check(&renderer));
        }
        problems
    }
}

/// The files that are there without those that are planned.
fn without(mut source: Source, writing: &Writing) -> Source {
    let planned: std::collections::BTreeSet<&str> = writing.files.iter().map(|file| file.path.as_str()).collect();
    source.content.retain(|file| !planned.contains(file.path.as_str()));
    source.statics.retain(|file| !planned.contains(file.path.as_str()));
    source
}

/// Where a problem is.
pub(super) fn path_of(problem: &Diagnostic) -> &str {
    match (&problem.path, problem.labels.first()) {
        (_, Some(label)) => &label.span.source.path,
        (Some(path), None) => path,
        (None, None) => "",
    }
}

/// Whether a problem is one of the new files, not of what was there.
fn is_ours(problem: &Diagnostic, writing: &Writing) -> bool {
    let path = path_of(problem);
    writing.sources.contains_key(path) || writing.files.iter().any(|file| file.path == path)
}

/// A problem that stays, as a line.
fn left(problem: &Diagnostic) -> Told {
    let (line, column) = problem.labels.first().map_or((0, 0), |label| label.span.line_and_column());
    let help = problem
        .help
        .as_deref()
        .filter(|_| problem.code != "missing-alt")
        .map(|help| format!(" ({help})"))
        .unwrap_or_default();
    Told {
        path: path_of(problem).to_owned(),
        line,
        column,
        verdict: Verdict::Hand,
        text: format!("{}{help}", problem.message),
    }
}
