//! The new site is assembled in memory before anything is written: what would not build is mended, and what a build would
//! say is said now.

use std::collections::HashSet;
use std::path::Path;

use chrono::{DateTime, Utc};

use crate::files::config::{self, CONFIG_FILE, Overrides};
use crate::files::source::{self, Source, SourceFile};
use crate::foreign::site::Document;
use crate::foreign::told::{Told, Verdict};
use crate::foreign::writing::{Content, Writing};
use crate::graph::{Choice, assemble_to_mend};
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
        let (mut source, _) =
            if self.root.join("content").is_dir() { source::read(self.root) } else { Default::default() };
        let of_files = self.read(&mut source, writing, |_| true);
        let mut rounds = 0;
        loop {
            let mut problems = of_files.clone();
            problems.extend(self.problems(&source, writing));
            let paths: HashSet<&str> = writing.files.iter().map(|file| file.path.as_str()).collect();
            let ours: Vec<Diagnostic> =
                problems.into_iter().filter(|problem| paths.contains(path_of(problem))).collect();
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
            let changed = mending.changed();
            told.extend(mending.apply(writing));
            retain(&mut source, |path| !changed.contains(path));
            self.read(&mut source, writing, |path| changed.contains(path));
        }
    }

    /// Puts new files into the snapshot that a build would take, in the place of those with the same paths.
    fn read(&self, source: &mut Source, writing: &Writing, wanted: impl Fn(&str) -> bool) -> Vec<Diagnostic> {
        let mut problems = Vec::new();
        let mut files = Vec::new();
        for file in writing.files.iter().filter(|file| file.path != CONFIG_FILE && wanted(&file.path)) {
            let (from, bytes) = match &file.content {
                Content::Text(text) => (self.root.join(&file.path), text.clone().into_bytes()),
                Content::Copy(from) => (from.clone(), std::fs::read(from).unwrap_or_default()),
            };
            let (read, problem) = source::planned(file.path.clone(), from, bytes);
            problems.extend(problem);
            files.push(read);
        }
        let paths: HashSet<String> = files.iter().map(|file: &SourceFile| file.path.clone()).collect();
        retain(source, |path| !paths.contains(path));
        for file in files {
            if file.path.starts_with("content/") { source.content.push(file) } else { source.statics.push(file) }
        }
        source.content.sort_by(|a, b| a.path.cmp(&b.path));
        source.statics.sort_by(|a, b| a.path.cmp(&b.path));
        problems
    }

    /// What a build would say.
    fn problems(&self, source: &Source, writing: &Writing) -> Vec<Diagnostic> {
        let planned = writing.files.iter().find(|file| file.path == CONFIG_FILE);
        let (config, mut problems) = match planned.map(|file| &file.content) {
            Some(Content::Text(text)) => config::parse(&source_text(CONFIG_FILE, text), &Overrides::default()),
            _ => config::read(self.root, None, &Overrides::default()),
        };
        let Some(config) = config else { return problems };
        let themes = config.themes.clone();
        let choice = Choice { now: self.now, drafts: false, future: false, expired: false };
        let (site, found) = assemble_to_mend(config, source, &choice);
        let sound = found.iter().all(|problem| problem.severity == Severity::Warning);
        problems.extend(found);
        if let (true, Ok(theme)) = (sound, Theme::of(&themes, &source.themes, &source.templates)) {
            let renderer = Renderer::new(&site, &theme, blake3::hash(b""));
            // Of what a build plans only the feeds say more, and the rest would take the memory of a build.
            problems.extend(feeds::check(&renderer, source));
        }
        problems
    }
}

/// Leaves files out of a snapshot.
fn retain(source: &mut Source, keeps: impl Fn(&str) -> bool) {
    source.content.retain(|file| keeps(&file.path));
    source.statics.retain(|file| keeps(&file.path));
}

/// Where a problem is.
pub(super) fn path_of(problem: &Diagnostic) -> &str {
    match (&problem.path, problem.labels.first()) {
        (_, Some(label)) => &label.span.source.path,
        (Some(path), None) => path,
        (None, None) => "",
    }
}

/// A problem that stays, as a line.
fn left(problem: &Diagnostic) -> Told {
    let help = problem
        .help
        .as_deref()
        .filter(|_| problem.code != "missing-alt")
        .map(|help| format!(" ({help})"))
        .unwrap_or_default();
    let text = format!("{}{help}", problem.message);
    match problem.labels.first() {
        Some(label) => Told::at(&label.span, Verdict::Hand, text),
        None => Told::of_file(path_of(problem), Verdict::Hand, text),
    }
}
