//! What an output is made of, and which part of it has changed since a build wrote it.
//!
//! A fingerprint is one hash and tells only that something differs. A [`Composition`] holds the hashes that it is made from, by
//! name. A build that wrote something keeps them beside its manifest ([`keep`]), in a file that no build reads: it is there for
//! people who ask. Each line names the fingerprint that it belongs to, so one that does not go with the manifest explains nothing.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use blake3::Hash;

use crate::files::cache::{Memory, write_whole};

/// The first words of the file; another number when its form changes.
const FORM: &str = "genblog parts 1";

/// Everything that an output's bytes depend on, but for the program.
#[derive(Debug, Clone)]
pub struct Composition<'a> {
    /// For example `page` or `feed`; outputs of two kinds differ even if all parts are equal.
    pub kind: &'static str,
    /// The files or folders that it comes from, as the author sees them; none when it is made of the whole site.
    pub sources: Vec<Cow<'a, str>>,
    /// The templates that it is shown in, without those that they reach.
    pub templates: Vec<&'a str>,
    /// How many posts it shows, besides the one that it is about.
    pub posts: usize,
    /// Hashes; a part may have several.
    pub parts: Vec<(Part, Hash)>,
}

impl<'a> Composition<'a> {
    /// An output that is made of these parts.
    #[must_use]
    pub fn new(kind: &'static str, parts: &[(Part, Hash)]) -> Self {
        Self { kind, sources: Vec::new(), templates: Vec::new(), posts: 0, parts: parts.to_vec() }
    }

    /// Says where it comes from.
    #[must_use]
    pub fn from(self, source: impl Into<Cow<'a, str>>) -> Self {
        Self { sources: vec![source.into()], ..self }
    }

    /// Says what else it comes from.
    #[must_use]
    pub fn and(mut self, sources: impl Iterator<Item = String>) -> Self {
        self.sources.extend(sources.map(Cow::Owned));
        self
    }

    /// Says what shows it.
    #[must_use]
    pub fn shown_in(self, templates: Vec<&'a str>) -> Self {
        Self { templates, ..self }
    }

    /// One hash for each part, short, and the kind: they are compared, and nothing is trusted for them.
    fn short(&self) -> BTreeMap<String, String> {
        let hash = |part: Part| {
            let of_part: Vec<Hash> =
                self.parts.iter().filter(|(other, _)| *other == part).map(|(_, hash)| *hash).collect();
            match of_part[..] {
                [] => None,
                [one] => Some(short(one)),
                _ => {
                    let mut hasher = blake3::Hasher::new();
                    of_part.iter().for_each(|hash| _ = hasher.update(hash.as_bytes()));
                    Some(short(hasher.finalize()))
                }
            }
        };
        let parts = Part::ALL.into_iter().filter_map(|part| Some((part.name().to_owned(), hash(part)?)));
        parts.chain([(KIND.to_owned(), self.kind.to_owned())]).collect()
    }
}

/// A part of an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Templates, with all that they reach.
    Templates,
    /// What all pages or all feeds say of the site.
    Site,
    /// What a template sees of the thing itself.
    View,
    /// The text.
    Text,
    /// Pictures in texts.
    Pictures,
    /// What is shown of posts or photographs in a list.
    Items,
    /// What a figure is set to.
    Figure,
    /// The bytes of the file that it is made of.
    Bytes,
}

impl Part {
    const ALL: [Self; 8] =
        [Self::Templates, Self::Site, Self::View, Self::Text, Self::Pictures, Self::Items, Self::Figure, Self::Bytes];

    /// The part in a word, as it is kept and as programs read it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Templates => "templates",
            Self::Site => "site",
            Self::View => "view",
            Self::Text => "text",
            Self::Pictures => "pictures",
            Self::Items => "items",
            Self::Figure => "figure",
            Self::Bytes => "bytes",
        }
    }

    /// The part as people read it.
    fn words(self) -> &'static str {
        match self {
            Self::Templates => "its templates",
            Self::Site => "what is said of the site everywhere",
            Self::View => "what it says besides its text: title, dates, neighbours",
            Self::Text => "its text",
            Self::Pictures => "pictures in its text",
            Self::Items => "the posts or photographs that it lists",
            Self::Figure => "its figure",
            Self::Bytes => "the file that it is made of",
        }
    }
}

/// What stands for the kind of an output and for the program, among the names of parts.
const KIND: &str = "kind";
const PROGRAM: &str = "program";

/// A part that is not what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// [`Part::name`], `kind` or `program`.
    pub name: &'static str,
    /// The same as people read it.
    pub words: &'static str,
    /// Of templates: the names of those that differ.
    pub templates: Vec<String>,
}

/// What decides on all outputs alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Common {
    /// Stands for the program.
    pub program: Hash,
    /// Hashes of all templates by name.
    pub templates: BTreeMap<String, Hash>,
}

/// Keeps the parts of all outputs of a build that has just been written: their paths, their fingerprints and what they are made of.
/// Nothing is lost but explanations when it cannot be done.
pub fn keep<'a>(
    root: &Path,
    output: &str,
    common: &Common,
    outputs: impl Iterator<Item = (String, Hash, &'a Composition<'a>)>,
) {
    let mut text = format!("{FORM}\n{PROGRAM}\t{}\n", short(common.program));
    let told = common.templates.iter().filter(|(name, _)| !name.contains(char::is_control));
    told.for_each(|(name, hash)| text.push_str(&format!("template\t{name}\t{}\n", short(*hash))));
    outputs.for_each(|output| text.push_str(&line(output)));
    let _: io::Result<()> = write_whole(Memory::new(root, output).parts(), text.as_bytes());
}

/// Adds parts of outputs that were made again; their lines take the place of those before.
pub fn add<'a>(root: &Path, output: &str, outputs: impl Iterator<Item = (String, Hash, &'a Composition<'a>)>) {
    let text: String = outputs.map(line).collect();
    let file = OpenOptions::new().append(true).open(Memory::new(root, output).parts());
    let _ = file.and_then(|mut file| file.write_all(text.as_bytes()));
}

fn line((path, fingerprint, made_of): (String, Hash, &Composition<'_>)) -> String {
    let mut line = format!("output\t{path}\t{}", short(fingerprint));
    made_of.short().iter().for_each(|(name, hash)| line.push_str(&format!("\t{name}={hash}")));
    line + "\n"
}

/// Whether a build has kept parts of the outputs in the folder that is called `output`.
#[must_use]
pub fn is_kept(root: &Path, output: &str) -> bool {
    Memory::new(root, output).parts().is_file()
}

/// The parts that the last build kept.
#[derive(Debug, Default)]
pub struct Remembered {
    program: String,
    templates: BTreeMap<String, String>,
    outputs: BTreeMap<String, Line>,
}

#[derive(Debug)]
struct Line {
    fingerprint: String,
    parts: BTreeMap<String, String>,
}

impl Remembered {
    /// Reads them; nothing is known when there are none.
    #[must_use]
    pub fn read(memory: &Memory) -> Self {
        let text = std::fs::read_to_string(memory.parts()).unwrap_or_default();
        let mut remembered = Self::default();
        for line in text.strip_prefix(FORM).unwrap_or_default().lines() {
            match line.split('\t').collect::<Vec<_>>()[..] {
                [PROGRAM, hash] => hash.clone_into(&mut remembered.program),
                ["template", name, hash] => {
                    remembered.templates.insert(name.to_owned(), hash.to_owned());
                }
                ["output", path, fingerprint, ref parts @ ..] => {
                    let pairs = parts.iter().filter_map(|pair| pair.split_once('='));
                    let parts = pairs.map(|(name, hash)| (name.to_owned(), hash.to_owned())).collect();
                    let line = Line { fingerprint: fingerprint.to_owned(), parts };
                    remembered.outputs.insert(path.to_owned(), line);
                }
                _ => {}
            }
        }
        remembered
    }

    /// What differs in an output at `path` from the one whose fingerprint was `before`; `None` when that is not known.
    /// `reached` are the names of all templates that it is shown in.
    #[must_use]
    pub fn changes(
        &self,
        (path, before): (&str, Hash),
        now: &Composition<'_>,
        common: &Common,
        reached: &BTreeSet<&str>,
    ) -> Option<Vec<Change>> {
        let line = self.outputs.get(path).filter(|line| line.fingerprint == short(before))?;
        let parts = now.short();
        let differs = |name: &str| line.parts.get(name) != parts.get(name);
        let plain = |name, words| Change { name, words, templates: Vec::new() };
        let mut changes = Vec::new();
        if self.program != short(common.program) {
            changes.push(plain(PROGRAM, "the program"));
        }
        if differs(KIND) {
            changes.push(plain(KIND, "what kind of output it is"));
        }
        for part in Part::ALL.into_iter().filter(|part| differs(part.name())) {
            let templates = if part == Part::Templates { self.other_templates(common, reached) } else { Vec::new() };
            changes.push(Change { templates, ..plain(part.name(), part.words()) });
        }
        Some(changes)
    }

    fn other_templates(&self, common: &Common, reached: &BTreeSet<&str>) -> Vec<String> {
        let now = |name: &str| common.templates.get(name).map(|hash| short(*hash));
        let other = reached.iter().filter(|name| self.templates.get(**name).cloned() != now(name));
        other.map(|name| (*name).to_owned()).collect()
    }
}

/// Eight digits: of four thousand million hashes one is taken for another.
fn short(hash: Hash) -> String {
    hash.to_hex()[..8].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(text: &str, template: &str) -> Composition<'static> {
        let parts = [(Part::Templates, blake3::hash(template.as_bytes())), (Part::Text, blake3::hash(text.as_bytes()))];
        Composition::new("page", &parts)
    }

    #[test]
    fn what_differs_is_named_when_the_fingerprint_is_the_one_that_was_kept() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let common = |text: &str| Common {
            program: blake3::hash(b"program"),
            templates: BTreeMap::from([("post.html".to_owned(), blake3::hash(text.as_bytes()))]),
        };
        let (path, fingerprint) = ("a/index.html", blake3::hash(b"fingerprint"));
        let before = page("one", "x");
        keep(root.path(), "public", &common("x"), [(path.to_owned(), fingerprint, &before)].into_iter());
        let remembered = Remembered::read(&Memory::new(root.path(), "public"));
        let reached = BTreeSet::from(["post.html"]);
        let names = |fingerprint: Hash, now: &Composition<'_>, template: &str| {
            let changes = remembered.changes((path, fingerprint), now, &common(template), &reached)?;
            Some(changes.into_iter().map(|it| format!("{} {}", it.name, it.templates.join(","))).collect::<Vec<_>>())
        };
        let of = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert_eq!(names(fingerprint, &before, "x"), of(&[]));
        assert_eq!(names(fingerprint, &page("two", "x"), "x"), of(&["text "]));
        assert_eq!(names(fingerprint, &page("two", "y"), "y"), of(&["templates post.html", "text "]));
        assert_eq!(names(blake3::hash(b"of another build"), &before, "x"), None);
    }
}
