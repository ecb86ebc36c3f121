//! What `serve` shows: the outputs of the last build that had no errors, in memory, and the problems of the newest one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::body::Bytes;
use chrono::{DateTime, Utc};
use serde_json::json;

use crate::files::config::{self, Overrides};
use crate::files::kept::{Access, Kept};
use crate::files::output::{self, Planned};
use crate::files::source::{is_passing, text};
use crate::graph::site::Site;
use crate::graph::{amend, post_at, read_again};
use crate::rendering::feeds::FEED_SIZE;
use crate::rendering::headers::Headers;
use crate::rendering::plan::{plan, plan_text};
use crate::rendering::search;
use crate::running::pipeline::{Inputs, Prepared, in_order, prepare};
use crate::running::report::count;
use crate::running::timings::Timings;
use crate::words::address::percent_encode;
use crate::words::diagnostic::{self, Diagnostic, has_error};

/// The site as it is shown at one moment.
#[derive(Debug, Default)]
pub struct Shown {
    /// The last whole site.
    pub files: Option<Arc<Files>>,
    /// What the terminal said about the newest attempt; empty when it is the one that is shown.
    pub problems: String,
    /// Changes exactly when something that is shown changes.
    pub number: String,
    /// The number of what was shown before.
    before: String,
    /// Paths of addresses at which there was something else then; what came or went is not among them.
    changed: Vec<String>,
    /// When posts come or go by themselves, if the newest attempt was understood.
    pub due: Option<DateTime<Utc>>,
}

/// What is kept of the last build besides what is shown: the site, if it had no errors, and what was said about it. An edit of a few
/// words changes it, and need not wait for all the rest.
#[derive(Debug, Default)]
pub struct Last(Option<(Prepared, Vec<Diagnostic>)>);

/// All outputs of a build.
#[derive(Debug, Clone, Default)]
pub struct Files {
    /// The path of the site's address, with slashes at both ends.
    pub base_path: String,
    files: BTreeMap<Arc<str>, Served>,
}

/// One output and how to send it.
#[derive(Debug, Clone)]
pub struct Served {
    /// Its bytes.
    pub bytes: Bytes,
    /// Hash of its bytes.
    pub hash: blake3::Hash,
    /// Name and value.
    pub headers: Arc<[(&'static str, String)]>,
    fingerprint: blake3::Hash,
}

impl Files {
    /// The output in that file of the output folder.
    #[must_use]
    pub fn get(&self, file: &str) -> Option<&Served> {
        self.files.get(file)
    }

    /// All outputs, by their files in the output folder.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Served)> {
        self.files.iter().map(|(file, served)| (&**file, served))
    }

    /// The addresses, as paths in browsers' form, of files that were there before with other bytes.
    fn changed_since(&self, before: &Self) -> Vec<String> {
        let differs =
            |(file, served): &(&Arc<str>, &Served)| before.get(file).is_some_and(|old| old.hash != served.hash);
        let path = |(file, _): (&Arc<str>, &Served)| format!("{}{}", self.base_path, percent_encode(file));
        self.files.iter().filter(differs).map(path).collect()
    }
}

impl Shown {
    /// Builds the site anew, for the address `origin` (`http://127.0.0.1:1111`), and takes from `self` what has not changed. What
    /// was shown stays when the new site has errors.
    #[must_use]
    pub fn next(&self, inputs: &Inputs, origin: &str, last: &mut Last) -> (Self, Vec<Diagnostic>) {
        let (mut due, before) = (None, self.files.as_deref());
        let (files, problems) = match make(inputs, origin, before, &mut due, last) {
            Ok((files, warnings)) => (Some(Arc::new(files)), warnings),
            Err(problems) => (self.files.clone(), problems),
        };
        let text = if has_error(&problems) {
            format!("{}{}\n", diagnostic::render(&problems, false), count(&problems).unwrap_or_default())
        } else {
            String::new()
        };
        (self.followed_by(files, text, due), problems)
    }

    /// The same after an edit of these files; `None` when they are not one post of which nothing but words has changed. Then the site has
    /// to be built anew.
    #[must_use]
    pub fn amended(
        &self,
        inputs: &Inputs,
        edited: &BTreeSet<PathBuf>,
        last: &mut Last,
    ) -> Option<(Self, Vec<Diagnostic>)> {
        // Whatever fails from here on may have left the site half amended.
        let (mut prepared, problems) = last.0.take()?;
        let before = self.files.as_deref().filter(|_| self.problems.is_empty())?;
        if self.due.is_some_and(|due| due <= inputs.choice.now) {
            return None;
        }
        let path = only_text(&inputs.root, edited, &prepared.site)?;
        // Places move with the words, and sizes of feeds grow.
        let may_differ = |problem: &Diagnostic| problem.concerns(&path) || problem.code == FEED_SIZE;
        if problems.iter().any(may_differ) {
            return None;
        }
        let post = post_at(&prepared.site, &path)?;
        let amended = read_again(&prepared.site, post, text(&inputs.root, &path)?)?;
        let written = Arc::clone(&amended.source);
        amend(&mut prepared.site, [(post, amended)]);
        let renderer = prepared.renderer();
        let (planned, found) = plan_text(&renderer, post, &written);
        let made = output::render(&planned).ok().filter(|_| found.is_empty())?;
        let mut files = before.clone();
        for (planned, bytes) in planned.iter().zip(made) {
            let shown = files.files.get_mut(&*planned.route.file())?;
            *shown = served(planned, bytes, Arc::clone(&shown.headers));
        }
        drop(planned);
        // Words of all texts are at hand, and their index is no page's business. Where there is none, the folder may be an author's.
        if renderer.site.config.search {
            let index = search::plan(&renderer);
            files.files.retain(|file, _| !search::is_index(file));
            for (planned, bytes) in index.iter().zip(output::render(&index).ok()?) {
                let headers = Headers::default().of(&planned.route).into();
                files.files.insert(planned.route.file().into(), served(planned, bytes, headers));
            }
        }
        let next = self.followed_by(Some(Arc::new(files)), String::new(), self.due);
        let told = problems.clone();
        last.0 = Some((prepared, problems));
        Some((next, told))
    }

    /// What is shown when these are the files, and this is wrong.
    fn followed_by(&self, files: Option<Arc<Files>>, problems: String, due: Option<DateTime<Utc>>) -> Self {
        let changed = match (self.files.as_deref(), &files) {
            (Some(before), Some(files)) => files.changed_since(before),
            (None, _) | (_, None) => Vec::new(),
        };
        let mut hasher = blake3::Hasher::new();
        for (path, served) in files.iter().flat_map(|files| &files.files) {
            hasher.update(path.as_bytes()).update(served.hash.as_bytes());
        }
        hasher.update(problems.as_bytes());
        let number = hasher.finalize().to_hex()[..16].to_owned();
        Self { files, problems, number, before: self.number.clone(), changed, due }
    }

    /// What open pages are told, as JSON: the number, and unless it is a greeting how it came from the one before.
    #[must_use]
    pub fn told(&self, greeting: bool) -> String {
        let Self { number, before, changed, .. } = self;
        let told = if greeting {
            json!({ "number": number })
        } else {
            json!({ "number": number, "before": before, "changed": changed })
        };
        told.to_string()
    }
}

/// The outputs and the warnings of a site without errors, or everything that is wrong with it.
fn make(
    inputs: &Inputs,
    origin: &str,
    before: Option<&Files>,
    due: &mut Option<DateTime<Utc>>,
    last: &mut Last,
) -> Result<(Files, Vec<Diagnostic>), Vec<Diagnostic>> {
    last.0 = None;
    let (config, problems) = config::read(&inputs.root, inputs.config.as_deref(), &inputs.overrides);
    let Some(config) = config else { return Err(problems) };
    let overrides = Overrides { base_url: Some(format!("{origin}{}", config.base_path())) };
    let mut prepared = prepare(&Inputs { overrides, ..inputs.clone() }, Access::Write, &mut Timings::start())?;
    *due = prepared.site.due;
    prepared.site.forget_elsewhere();
    let problems = std::mem::take(&mut prepared.problems);
    let (files, problems) = render(inputs, &prepared, before, problems)?;
    last.0 = Some((prepared, problems.clone()));
    Ok((files, problems))
}

/// The same of a site that is understood and has these problems.
fn render(
    inputs: &Inputs,
    prepared: &Prepared,
    before: Option<&Files>,
    mut problems: Vec<Diagnostic>,
) -> Result<(Files, Vec<Diagnostic>), Vec<Diagnostic>> {
    let renderer = prepared.renderer();
    let (plan, found) = plan(&renderer, &Kept::new(&inputs.root, Access::Write));
    problems.extend(found);

    let mut files = BTreeMap::new();
    let mut stale: Vec<Planned<'_>> = Vec::new();
    for planned in plan.outputs {
        match before.and_then(|before| before.get(&planned.route.file())) {
            Some(same) if same.fingerprint == planned.fingerprint => {
                let headers = plan.headers.of(&planned.route).into();
                files.insert(planned.route.file().into(), Served { headers, ..same.clone() });
            }
            _ => stale.push(planned),
        }
    }
    match output::render(&stale) {
        Ok(made) => {
            for (planned, bytes) in stale.iter().zip(made) {
                let headers = plan.headers.of(&planned.route).into();
                files.insert(planned.route.file().into(), served(planned, bytes, headers));
            }
        }
        Err(found) => problems.extend(found),
    }
    let problems = in_order(problems);
    if has_error(&problems) {
        return Err(problems);
    }
    Ok((Files { base_path: prepared.site.config.base_path().to_owned(), files }, problems))
}

/// The one text among edited files, as the author sees it, where all others are gone again: editors write beside a file before they put
/// it in its place.
fn only_text(root: &Path, edited: &BTreeSet<PathBuf>, site: &Site) -> Option<String> {
    let named = edited.iter().map(|file| {
        let parts = file.strip_prefix(root).ok()?.components().map(|part| part.as_os_str().to_str());
        Some(parts.collect::<Option<Vec<_>>>()?.join("/"))
    });
    let named: Vec<String> = named.collect::<Option<_>>()?;
    let is_there = |path: &&String| root.join(path).symlink_metadata().is_ok();
    let (there, gone): (Vec<&String>, Vec<&String>) = named.iter().partition(is_there);
    let [one] = there[..] else { return None };
    let was_shown = |path: &str| site.files.iter().any(|file| file.path == path);
    gone.iter().all(|path| is_passing(path) && !was_shown(path)).then(|| one.clone())
}

fn served(planned: &Planned<'_>, bytes: Vec<u8>, headers: Arc<[(&'static str, String)]>) -> Served {
    Served { hash: blake3::hash(&bytes), bytes: Bytes::from(bytes), headers, fingerprint: planned.fingerprint }
}

/// A site made of these files, for tests of what is sent.
#[cfg(test)]
pub(crate) fn example(base_path: &str, files: &[(&str, &str)]) -> Shown {
    let file = |(path, text): &(&str, &str)| {
        let route = crate::words::route::Route::new(*path).expect("sound");
        let fingerprint = blake3::hash(b"");
        let headers = crate::rendering::headers::Headers::default().of(&route);
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        let headers = headers.into();
        (route.file().into(), Served { hash: blake3::hash(&bytes), bytes, headers, fingerprint })
    };
    let files = files.iter().map(file).collect();
    let files = Files { base_path: base_path.to_owned(), files };
    Shown { files: Some(Arc::new(files)), number: "1".to_owned(), ..Shown::default() }
}
