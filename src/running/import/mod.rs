//! `genblog import`: another program's feed or folder becomes a site, or part of one.
//!
//! ```text
//! read     the source, whatever is wrong with it
//! write    names, addresses, links: the new files, in memory
//! try      the site as it would be, mended where it would not build
//! look     what is there already: equal files stay, others keep everything from being written
//! put      each file whole: beside the site first, then in its place
//! ```

mod mend;

mod place;

mod trial;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::files::config::{self, CONFIG_FILE, Config, Overrides};
use crate::files::output::Failure;
use crate::files::picture::is_picture;
use crate::foreign::feed::{self, posts};
use crate::foreign::folder::{self, Generator};
use crate::foreign::pictures::Pictures;
use crate::foreign::site::{Form, Site};
use crate::foreign::told::{Told, Verdict};
use crate::foreign::writing::{self, Content, Planned, Writing};
use crate::running::report::{self, Outcome, many};
use crate::words::diagnostic::Diagnostic;
use crate::words::source_text::SourceText;

/// What to take over, and how.
#[derive(Debug, Clone)]
pub struct Import {
    /// A feed's file or a generator's folder.
    pub source: PathBuf,
    /// The source as it is called in what is told.
    pub name: String,
    /// The site's folder, which need not exist.
    pub root: PathBuf,
    /// What wrote the source; guessed otherwise.
    pub from: Option<Generator>,
    /// Where a feed's pictures are.
    pub pictures: Option<PathBuf>,
    /// How a feed's posts are written; as the feed suggests otherwise.
    pub form: Option<Form>,
    /// Only tell.
    pub dry_run: bool,
    /// The moment that "future" is measured from.
    pub now: DateTime<Utc>,
}

/// Takes it over, and says what became of it.
pub fn import(import: &Import) -> io::Result<Outcome> {
    match prepare(import) {
        Ok(prepared) => finish(import, prepared),
        Err(failure) => report::failure(&failure, report::Form::Text),
    }
}

/// Everything that is to be written and told.
struct Prepared {
    kind: String,
    writing: Writing,
    told: Vec<Told>,
    /// Whether the new site has errors that could not be mended.
    broken: bool,
}

/// A failure of this machine or of its user.
fn machine(code: &'static str, message: String, path: &Path, help: &str) -> Failure {
    Failure::Machine(Box::new(Diagnostic::error(code, message).in_path(path.display().to_string()).help(help)))
}

fn prepare(import: &Import) -> Result<Prepared, Failure> {
    let mut site = read(import)?;
    if site.documents.is_empty() {
        let message = format!("there is no post and no page in `{}`", import.name);
        let help = format!("it was read as {}: if it is something else, say so with `--from`", site.kind);
        return Err(Failure::Site(vec![Diagnostic::error("no-source", message).in_path(&import.name).help(help)]));
    }
    let mut told = std::mem::take(&mut site.told);
    let existing = existing(&import.root)?;
    let zone = existing.as_ref().map_or(site.facts.timezone.unwrap_or(Tz::UTC), |(config, _)| config.timezone);
    let name =
        import.source.file_name().map_or_else(|| import.name.clone(), |name| name.to_string_lossy().into_owned());
    let (text, said) = writing::configuration(&site.facts, site.facts.timezone.unwrap_or(Tz::UTC), &name);
    let mut writing = writing::write(&site, zone);
    told.append(&mut writing.told);
    match &existing {
        Some((_, old)) if *old != text => {
            let said = format!("this is there already and stays: `{}` is what the source says", import.name);
            told.push(Told::of_file(CONFIG_FILE, Verdict::Chosen, said));
            told.extend(differences(old, &text));
        }
        Some(_) | None => {
            told.extend(said);
            writing.files.push(Planned { path: CONFIG_FILE.to_owned(), content: Content::Text(text) });
        }
    }
    let trial =
        trial::Trial { root: &import.root, base: &site.facts.base_url, documents: &site.documents, now: import.now };
    let broken = trial.run(&mut writing, &mut told);
    Ok(Prepared { kind: site.kind, writing, told, broken })
}

/// Reads the source.
fn read(import: &Import) -> Result<Site, Failure> {
    let Import { source, name, .. } = import;
    let metadata = source.metadata().map_err(|error| {
        machine(
            "no-source",
            format!("`{name}` cannot be read: {error}"),
            source,
            "name a feed's file or a generator's folder",
        )
    })?;
    if metadata.is_dir() {
        return read_folder(import);
    }
    if let Some(generator) = import.from.filter(|generator| *generator != Generator::Feed) {
        let message = format!("{generator} keeps a site in a folder, and `{name}` is a file");
        return Err(machine("no-source", message, source, "name the folder, or leave `--from` out"));
    }
    let bytes = std::fs::read(source).map_err(|error| {
        machine("no-source", format!("`{name}` cannot be read: {error}"), source, "name a file that you may read")
    })?;
    let pictures = import.pictures.as_ref().map(|folder| {
        Pictures::read(folder).map_err(|error| {
            machine(
                "no-source",
                format!("the pictures cannot be read: {error}"),
                folder,
                "name a folder that you may read",
            )
        })
    });
    let pictures = pictures.transpose()?;
    let reading = feed::read(&bytes).map_err(|error| {
        let diagnostic = Diagnostic::error("no-feed", format!("`{name}` is no feed: {error}")).in_path(name);
        Failure::Site(vec![diagnostic.help("name a file of RSS, Atom or JSON Feed, or the folder of a generator")])
    })?;
    Ok(posts::site(reading, name, posts::Wanted { form: import.form, pictures: pictures.as_ref() }))
}

fn read_folder(import: &Import) -> Result<Site, Failure> {
    let Import { source, name, root, .. } = import;
    let real = |path: &Path| {
        path.ancestors().find_map(|folder| Some(folder.canonicalize().ok()?.join(path.strip_prefix(folder).ok()?)))
    };
    if let (Some(source_real), Some(root)) = (real(source), real(root))
        && root.starts_with(&source_real)
    {
        let message = format!("the new site would lie in `{name}`, which it is made from");
        return Err(machine("import-place", message, source, "say where it is to be: `--into ../new-site`"));
    }
    if source.join(CONFIG_FILE).is_file() {
        let diagnostic = Diagnostic::error("no-source", format!("`{name}` is a site of genblog already")).in_path(name);
        return Err(Failure::Site(vec![diagnostic.help("there is nothing to take over: `genblog build` builds it")]));
    }
    let tree = folder::tree::read(source, name);
    let tree = tree.map_err(|error| {
        machine("no-source", format!("`{name}` cannot be read: {error}"), source, "name a folder that you may read")
    })?;
    let guessed = import.from.or_else(|| folder::guess(&tree));
    let Some(generator) = guessed.filter(|generator| *generator != Generator::Feed) else {
        let diagnostic = Diagnostic::error("no-source", format!("nothing in `{name}` says which generator it is of"));
        let help = "say it: `--from hugo`, `zola`, `jekyll`, `eleventy` or `genblog`, or name a feed's file";
        return Err(Failure::Site(vec![diagnostic.in_path(name).help(help)]));
    };
    Ok(folder::site(tree, generator, import.form))
}

/// The configuration that is there already, and its text.
fn existing(root: &Path) -> Result<Option<(Config, String)>, Failure> {
    let file = root.join(CONFIG_FILE);
    if file.symlink_metadata().is_err() {
        return Ok(None);
    }
    let (config, problems) = config::read(root, None, &Overrides::default());
    match (config, std::fs::read_to_string(&file)) {
        (Some(config), Ok(text)) => Ok(Some((config, text))),
        _ => Err(Failure::Site(problems)),
    }
}

/// What a configuration that stays does not say, line by line.
fn differences(old: &str, new: &str) -> Vec<Told> {
    let has = |line: &str| old.lines().any(|other| other.trim() == line.trim());
    let says = |line: &&str| !line.trim().is_empty() && !line.starts_with(['#', '[']) && !has(line);
    new.lines()
        .filter(says)
        .map(|line| Told::of_file(CONFIG_FILE, Verdict::Hand, format!("the source says `{line}`")))
        .collect()
}

/// Looks what is there, writes what is not, and tells.
fn finish(import: &Import, prepared: Prepared) -> io::Result<Outcome> {
    let Prepared { kind, writing, mut told, broken } = prepared;
    let looked = match place::look(&import.root, &writing.files) {
        Ok(looked) => looked,
        Err(problems) => return report::failure(&Failure::Site(problems), report::Form::Text),
    };
    told.sort();
    told.dedup();
    let how = if import.from.is_some() { "read as" } else { "looks like, and is read as," };
    report::line(&format!("{}: {how} {kind}", import.name))?;
    report::lines(&told)?;
    if import.dry_run {
        let new = looked.iter().map(|file| format!("would write {}", file.path));
        report::lines(&new.collect::<Vec<_>>())?;
    } else if let Err(problem) = place::put(&import.root, &looked) {
        return report::failure(&Failure::Machine(problem), report::Form::Text);
    }
    report::line(&summary(import, &writing, &told, looked.len()))?;
    if broken {
        report::line("the new site has errors: `genblog check` shows them")?;
    }
    Ok(if broken { Outcome::Site } else { Outcome::Fine })
}

fn summary(import: &Import, writing: &Writing, told: &[Told], new: usize) -> String {
    let pictures =
        writing.files.iter().filter(|file| matches!(file.content, Content::Copy(_)) && is_picture(&file.path)).count();
    let aliases: usize = writing.aliases.values().map(Vec::len).sum();
    let parts = [
        many(writing.posts, "post"),
        many(writing.pages, "page"),
        many(pictures, "picture"),
        if aliases == 1 { "1 old address".to_owned() } else { format!("{aliases} old addresses") },
    ];
    let counts = told.iter().fold(BTreeMap::new(), |mut counts: BTreeMap<Verdict, usize>, told| {
        *counts.entry(told.verdict).or_default() += 1;
        counts
    });
    let verdicts: Vec<String> = counts.iter().map(|(verdict, count)| format!("{count} {}", verdict.words())).collect();
    let verdicts = if verdicts.is_empty() { String::new() } else { format!(" ({})", verdicts.join(", ")) };
    let done = match (new, import.dry_run) {
        (0, _) => format!("nothing to write: all {} are there already", many(writing.files.len(), "file")),
        (new, true) => {
            format!("{} to write, {} there already; nothing was written", many(new, "file"), writing.files.len() - new)
        }
        (new, false) => format!("{} written, {} there already", many(new, "file"), writing.files.len() - new),
    };
    format!("{}{verdicts}: {done}", parts.join(", "))
}

/// A text of the new site, to point into.
fn source_text(path: &str, text: &str) -> std::sync::Arc<SourceText> {
    SourceText::new(path, text)
}
