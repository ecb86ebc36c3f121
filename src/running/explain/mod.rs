//! `genblog explain`: what an output is made of and why the next build would or would not make it again ([`explain`]), and what an
//! edit of a file would reach ([`if_edited`]). Both look only: they write nothing and lock nothing.

mod edit;

mod named;

mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;

use crate::files::composition::Common;
use crate::files::config::CONFIG_FILE;
use crate::files::inspected::{Inspected, Verdict};
use crate::files::kept::{Access, Kept};
use crate::files::output::{Failure, Planned};
use crate::graph::list;
use crate::graph::site::Site;
use crate::rendering::plan::plan;
use crate::rendering::theme::{Theme, is_of_theme};
use crate::running::explain::edit::{Edit, Reach, Reached};
use crate::running::explain::named::{Named, named, source};
use crate::running::explain::told::{Fingerprints, Output, Template};
use crate::running::pipeline::{Inputs, Prepared, in_order, prepare, survey};
use crate::running::report::{self, Form, Outcome, many};
use crate::running::timings::Timings;
use crate::words::diagnostic::{Diagnostic, Severity, has_error};
use crate::words::route::Route;

/// What `explain` takes.
#[derive(Debug, Clone)]
pub struct Explain {
    /// The site and what to take of it.
    pub inputs: Inputs,
    /// Where it was built.
    pub output: PathBuf,
    /// An address, a file of the output folder, or a file of the site.
    pub name: String,
    /// How to tell it.
    pub form: Form,
}

/// Lines of a list that people are shown.
const SHOWN: usize = 20;

/// Says what one output is made of, or each that is made of a file, and what the next build would do about it.
pub fn explain(explain: &Explain) -> io::Result<Outcome> {
    let (root, form) = (&explain.inputs.root, explain.form);
    let prepared = match sound(prepare(&explain.inputs, Access::Read, &mut Timings::start())) {
        Ok(prepared) => prepared,
        Err(problems) => return report::failure(&Failure::Site(problems), form),
    };
    let inspected = match Inspected::open(root, &explain.output) {
        Ok(inspected) => inspected,
        Err(problem) => return report::failure(&Failure::Site(vec![*problem]), form),
    };
    let renderer = prepared.renderer();
    let (plan, found) = plan(&renderer, &Kept::nothing());
    if has_error(&found) {
        return report::failure(&Failure::Site(errors(found)), form);
    }
    let planned: BTreeMap<String, &Planned<'_>> = plan.outputs.iter().map(|one| (one.route.file(), one)).collect();
    let files: BTreeSet<&str> = planned.keys().map(String::as_str).chain(inspected.owned_paths()).collect();
    let site =
        Made { prepared: &prepared, inspected: &inspected, common: renderer.common(), abouts: abouts(&prepared.site) };
    let named = match named(explain, &prepared.site.config, &inspected.folder, &files) {
        Ok(named) => named,
        Err(problem) => {
            let problem = named::unknown(*problem, &explain.name, &plan, prepared.site.config.base_path());
            return report::failure(&Failure::Site(vec![problem]), form);
        }
    };
    match named {
        Named::Output(file) => {
            let told = planned.get(&file).map_or_else(|| site.gone(&file), |one| site.output(&file, one));
            if form == Form::Json { json(&[told])? } else { report::line(&told.to_string())? }
        }
        Named::Source(path) => {
            let of_it = planned.iter().filter(|(_, one)| site.comes_from(one, &path));
            let told: Vec<Output> = of_it.map(|(file, one)| site.output(file, one)).collect();
            if told.is_empty() {
                let problem = makes_nothing(explain, &path, &prepared.theme);
                return report::failure(&Failure::Site(vec![problem]), form);
            }
            if form == Form::Json {
                json(&told)?;
            } else {
                report::line(&format!("{path}: {}", many(told.len(), "file")))?;
                lines(told.iter().map(Output::line).collect())?;
            }
        }
    }
    Ok(Outcome::Fine)
}

/// Says which outputs would be made again if a file of the site were another one.
pub fn if_edited(explain: &Explain) -> io::Result<Outcome> {
    let (inputs, form) = (&explain.inputs, explain.form);
    let path = match source(explain) {
        Ok(path) => path,
        Err(problem) => return report::failure(&Failure::Site(vec![*problem]), form),
    };
    let before = match reached(sound(prepare(inputs, Access::Read, &mut Timings::start()))) {
        Ok(before) => before,
        Err(problems) => return report::failure(&Failure::Site(problems), form),
    };
    let mut reaches = Vec::new();
    for edit in Edit::of(&path) {
        let mut is_done = false;
        let surveyed = survey(inputs, Access::Read, &mut Timings::start());
        let edited = surveyed.and_then(|surveyed| {
            let apply = |config: &mut _, source: &mut _| is_done = edit.apply(&path, config, source);
            surveyed.prepare_edited(apply, &mut Timings::start())
        });
        let after = reached(sound(edited));
        if is_done {
            reaches.push(Reach::new(edit, &before, after));
        }
    }
    if form == Form::Json {
        report::line(&serde_json::to_string_pretty(&reaches).expect("texts are always JSON"))?;
    } else {
        report::line(&format!("if `{path}` were edited, a build would make again"))?;
        for reach in &reaches {
            report::line(&format!("{}: {}", reach.edit, reach.count(before.len())))?;
            lines(reach.outputs.iter().map(ToString::to_string).collect())?;
            report::diagnostics(&reach.problems, form)?;
        }
    }
    let is_sound = reaches.first().is_none_or(|reach| reach.problems.is_empty());
    Ok(if is_sound { Outcome::Fine } else { Outcome::Site })
}

/// The site, if a build would write it.
fn sound(prepared: Result<Prepared, Vec<Diagnostic>>) -> Result<Prepared, Vec<Diagnostic>> {
    let prepared = prepared?;
    if has_error(&prepared.problems) { Err(errors(prepared.problems)) } else { Ok(prepared) }
}

fn errors(problems: Vec<Diagnostic>) -> Vec<Diagnostic> {
    in_order(problems).into_iter().filter(|problem| problem.severity == Severity::Error).collect()
}

/// All outputs of a site by file.
fn reached(prepared: Result<Prepared, Vec<Diagnostic>>) -> Result<BTreeMap<String, Reached>, Vec<Diagnostic>> {
    let prepared = prepared?;
    let renderer = prepared.renderer();
    let (plan, found) = plan(&renderer, &Kept::nothing());
    if has_error(&found) {
        return Err(errors(found));
    }
    let abouts = abouts(&prepared.site);
    let base_path = prepared.site.config.base_path();
    let reached = |one: &Planned<'_>| {
        let (address, about) = (one.route.href(base_path), about(one, &abouts));
        (one.route.file(), Reached { address, about, phase: one.phase, fingerprint: one.fingerprint })
    };
    Ok(plan.outputs.iter().map(reached).collect())
}

/// What is told of outputs follows from all of this.
struct Made<'a> {
    prepared: &'a Prepared,
    inspected: &'a Inspected,
    common: Common,
    abouts: BTreeMap<&'a Route, (&'static str, &'a str)>,
}

impl Made<'_> {
    fn output(&self, file: &str, planned: &Planned<'_>) -> Output {
        let theme = &self.prepared.theme;
        let made_of = &planned.made_of;
        let reached: BTreeSet<&str> = made_of.templates.iter().flat_map(|name| theme.reached(name)).collect();
        let bytes = self.inspected.bytes(file);
        let verdict = self.inspected.verdict(file, Some(planned.fingerprint), bytes);
        let owned = self.inspected.owned(file);
        let changes = owned
            .filter(|_| verdict == Verdict::Differs)
            .and_then(|owned| self.inspected.parts.changes((file, owned.fingerprint), made_of, &self.common, &reached));
        let template = |name: &str| {
            let names = [name.to_owned()];
            Template { name: name.to_owned(), file: theme.own_files(&names).next().map(str::to_owned) }
        };
        // The template itself first, then what it reaches.
        let others = reached.iter().filter(|name| !made_of.templates.contains(name));
        Output {
            address: planned.route.href(self.prepared.site.config.base_path()),
            file: format!("{}/{file}", self.inspected.name),
            kind: made_of.kind,
            about: about(planned, &self.abouts),
            sources: self.sources(planned),
            templates: made_of.templates.iter().chain(others).map(|name| template(name)).collect(),
            posts: made_of.posts,
            fingerprint: Fingerprints::new(Some(planned.fingerprint), owned.map(|owned| owned.fingerprint)),
            bytes: Fingerprints::of_bytes(bytes, owned),
            verdict,
            changes,
        }
    }

    /// An output that nothing makes any more.
    fn gone(&self, file: &str) -> Output {
        let (bytes, owned) = (self.inspected.bytes(file), self.inspected.owned(file));
        let route =
            file.strip_suffix("index.html").filter(|rest| rest.is_empty() || rest.ends_with('/')).unwrap_or(file);
        Output {
            address: format!("{}{route}", self.prepared.site.config.base_path()),
            file: format!("{}/{file}", self.inspected.name),
            kind: "none",
            about: "none",
            sources: Vec::new(),
            templates: Vec::new(),
            posts: 0,
            fingerprint: Fingerprints::new(None, owned.map(|owned| owned.fingerprint)),
            bytes: Fingerprints::of_bytes(bytes, owned),
            verdict: self.inspected.verdict(file, None, bytes),
            changes: None,
        }
    }

    /// The files that an output comes from: of a sign at an old address, the text that names it.
    fn sources(&self, planned: &Planned<'_>) -> Vec<String> {
        let target = self.prepared.site.aliases.get(&planned.route).and_then(|to| self.abouts.get(to));
        match target {
            Some((_, source)) => vec![(*source).to_owned()],
            None => planned.made_of.sources.iter().map(ToString::to_string).collect(),
        }
    }

    /// Whether an output is made of the file at `path`.
    fn comes_from(&self, planned: &Planned<'_>, path: &str) -> bool {
        if path == CONFIG_FILE {
            // It has a say in all of them, and makes none.
            return false;
        }
        if is_of_theme(path) {
            let shown = |name: &str| self.prepared.theme.own_files(&[name.to_owned()]).any(|own| own == path);
            let in_template = planned.made_of.templates.iter().any(|it| self.prepared.theme.reached(it).any(shown));
            return in_template || planned.made_of.sources.iter().any(|source| source == path);
        }
        let of_source = |source: &String| {
            let index = path.strip_prefix(source.as_str()).is_some_and(|rest| rest == "/index.md");
            // What there is to say about one photograph lies beside it under its name.
            let note = path.strip_suffix(".md").is_some_and(|stem| stem_of(source) == stem);
            source == path || index || (note && about(planned, &self.abouts) == "photograph")
        };
        self.sources(planned).iter().any(of_source)
    }
}

fn stem_of(path: &str) -> &str {
    path.rsplit_once('.').map_or(path, |(stem, _)| stem)
}

/// What pages are about, with the file or folder that each comes from; lists are none of them.
fn abouts(site: &Site) -> BTreeMap<&Route, (&'static str, &str)> {
    let posts = site.posts.iter().map(|post| (&post.route, ("post", &*post.path)));
    let pages = site.pages.iter().map(|page| (&page.route, ("page", &*page.path)));
    let albums = site.albums.iter().map(|album| (&album.route, ("album", &*album.path)));
    let photos = site.albums.iter().flat_map(|album| &album.photos);
    let photos = photos.map(|photo| (&photo.route, ("photograph", &*photo.path)));
    let redirects = site.aliases.keys().map(|from| (from, ("redirect", "")));
    posts.chain(pages).chain(albums).chain(photos).chain(redirects).collect()
}

/// What an output is about, in a word; of what is no page, its kind.
fn about(planned: &Planned<'_>, abouts: &BTreeMap<&Route, (&'static str, &str)>) -> &'static str {
    match planned.made_of.kind {
        "page" => abouts.get(&planned.route).map_or("list", |(about, _)| about),
        kind => kind,
    }
}

/// A file of the site that no output comes from.
fn makes_nothing(explain: &Explain, path: &str, theme: &Theme) -> Diagnostic {
    let problem = Diagnostic::error("makes-nothing", format!("no file is made of `{path}`")).in_path(path);
    if path == CONFIG_FILE || theme.is_made_of(path) {
        return problem.help(format!("`genblog explain --if-edited {path}` says what an edit of it reaches"));
    }
    let surveyed = survey(&explain.inputs, Access::Read, &mut Timings::start());
    let posts = surveyed.map(|surveyed| {
        let (config, source, _) = surveyed.read();
        list(&config, &source, explain.inputs.choice.now).0
    });
    match posts.unwrap_or_default().into_iter().find(|post| post.path == path) {
        Some(post) => problem.help(format!("its state is `{}`: take it with an option", post.state.name())),
        None => problem.help("genblog publishes nothing that lies there, or it is a draft"),
    }
}

fn json(told: &[Output]) -> io::Result<()> {
    report::line(&serde_json::to_string_pretty(told).expect("texts are always JSON"))
}

/// Shows the first lines of many.
fn lines(mut all: Vec<String>) -> io::Result<()> {
    let more = all.len().saturating_sub(SHOWN);
    all.truncate(SHOWN);
    all.extend((more > 0).then(|| format!("  and {more} more")));
    report::lines(&all)
}
