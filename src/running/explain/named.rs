//! What a user means by a name: an output, or a file of the site.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::files::config::{CONFIG_FILE, Config};
use crate::files::output::Planned;
use crate::rendering::built_in::is_built_in;
use crate::rendering::plan::Plan;
use crate::running::explain::Explain;
use crate::running::pipeline::absolute;
use crate::words::address::percent_decode;
use crate::words::diagnostic::Diagnostic;
use crate::words::nearest::nearest;
use crate::words::route::Route;

/// What a name stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// A file, by its path in the output folder.
    Output(String),
    /// A file of the site, by its path as the author sees it.
    Source(String),
}

/// The folders whose files are sources.
const FOLDERS: [&str; 5] = ["content", "static", "templates", "themes", "diagrams"];

/// Finds out what is meant. `files` are the paths of all outputs in their folder.
pub(super) fn named(
    explain: &Explain,
    config: &Config,
    folder: &Path,
    files: &BTreeSet<&str>,
) -> Result<Named, Box<Diagnostic>> {
    let name = explain.name.as_str();
    let known = |file: String| files.contains(file.as_str()).then_some(Named::Output(file));
    if name.contains("://") {
        let route =
            Route::of_url(name, &config.base_url).or_else(|| Route::of_url(&format!("{name}/"), &config.base_url));
        let Some(route) = route else {
            let problem = Diagnostic::error("unknown-output", format!("`{name}` is no address of this site"));
            return Err(Box::new(problem.help(format!("its addresses begin with `{}`", config.base_url))));
        };
        return at(&route).find_map(known).ok_or_else(|| nothing(name));
    }
    let in_output = places(explain).into_iter().filter_map(|place| inside(&place, folder));
    if let Some(named) = in_output.flat_map(|path| of_file(&path)).find_map(known) {
        return Ok(named);
    }
    if let Ok(path) = source(explain) {
        return Ok(Named::Source(path));
    }
    let address = name.split(['?', '#']).next().unwrap_or_default();
    let below = address.strip_prefix(config.base_path()).or_else(|| address.strip_prefix('/')).unwrap_or(address);
    let route = Route::new(percent_decode(below));
    route.iter().flat_map(at).find_map(known).ok_or_else(|| nothing(name))
}

fn nothing(name: &str) -> Box<Diagnostic> {
    Box::new(Diagnostic::error("unknown-output", format!("nothing of this site is called `{name}`")))
}

/// Adds to the message about an unknown name which one of the outputs or their sources may have been meant.
pub(super) fn unknown(problem: Diagnostic, name: &str, plan: &Plan<'_>, base_path: &str) -> Diagnostic {
    if problem.help.is_some() {
        return problem;
    }
    let names = |one: &Planned<'_>| {
        let sources = one.made_of.sources.iter().map(ToString::to_string);
        [one.route.href(base_path), one.route.file()].into_iter().chain(sources).collect::<Vec<_>>()
    };
    let candidates: BTreeSet<String> = plan.outputs.iter().flat_map(names).collect();
    let help = nearest(name, candidates.iter().map(String::as_str)).map_or_else(
        || "write an address of the site, a file of the output folder, or a file of the site".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    problem.help(help)
}

/// The path of the source that is meant, as the author sees it.
pub(super) fn source(explain: &Explain) -> Result<String, Box<Diagnostic>> {
    let root = &explain.inputs.root;
    let config = explain.inputs.config.clone().unwrap_or_else(|| root.join(CONFIG_FILE));
    for place in places(explain).into_iter().filter(|place| place.is_file()) {
        if place == config {
            return Ok(CONFIG_FILE.to_owned());
        }
        let path = inside(&place, root);
        if let Some(path) = path.filter(|path| FOLDERS.contains(&path.split('/').next().unwrap_or_default())) {
            return Ok(path);
        }
    }
    let problem = Diagnostic::error("no-source", format!("`{}` is no file of this site", explain.name));
    let built_in = explain.name.strip_prefix("templates/").filter(|name| is_built_in(name));
    Err(Box::new(match built_in {
        Some(_) => problem.help("it is built into the program: put a file of that name there to take its place"),
        None => problem.help(
            "sources lie in `content/`, `static/`, `templates/`, `themes/` and `diagrams/`; `genblog.toml` is one too",
        ),
    }))
}

/// Where the name may lead on disk: from where the user stands, and from the site's folder.
fn places(explain: &Explain) -> [PathBuf; 2] {
    let name = Path::new(&explain.name);
    [absolute(name), absolute(&explain.inputs.root.join(name))]
}

/// A path relative to `folder`, with `/` between its parts.
fn inside(place: &Path, folder: &Path) -> Option<String> {
    let path = place.strip_prefix(folder).ok()?;
    let parts: Option<Vec<&str>> = path.components().map(|part| part.as_os_str().to_str()).collect();
    Some(parts?.join("/"))
}

/// The files that may hold what lives at a route; people leave the last slash out.
fn at(route: &Route) -> impl Iterator<Item = String> + use<> {
    let folder = Route::new(format!("{}/", route.as_str()));
    [Some(route.file()), folder.map(|folder| folder.file())].into_iter().flatten()
}

/// The same of a path below the output folder.
fn of_file(path: &str) -> Vec<String> {
    if path.is_empty() { vec!["index.html".to_owned()] } else { vec![path.to_owned(), format!("{path}/index.html")] }
}
