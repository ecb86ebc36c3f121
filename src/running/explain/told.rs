//! What is told of an output, to people and to programs.

use std::fmt;

use blake3::Hash;
use serde::{Serialize, Serializer};

use crate::files::cache::Owned;
use crate::files::composition::Change;
use crate::files::inspected::{Bytes, Verdict};
use crate::running::report::many;
use crate::words::excerpt::tame;

/// An output.
#[derive(Debug, Serialize)]
pub(super) struct Output {
    pub(super) address: String,
    pub(super) file: String,
    pub(super) kind: &'static str,
    pub(super) about: &'static str,
    pub(super) sources: Vec<String>,
    pub(super) templates: Vec<Template>,
    pub(super) posts: usize,
    pub(super) fingerprint: Fingerprints,
    pub(super) bytes: Fingerprints,
    #[serde(serialize_with = "verdict_name")]
    pub(super) verdict: Verdict,
    /// What differs; `None` when nothing does, or it is not known.
    #[serde(serialize_with = "change_names")]
    pub(super) changes: Option<Vec<Change>>,
}

/// A template that an output is shown in.
#[derive(Debug, Serialize)]
pub(super) struct Template {
    pub(super) name: String,
    /// The site's own file; none when it is built in.
    pub(super) file: Option<String>,
}

/// Hashes as they are and as the last build left them, in hexadecimal digits.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Fingerprints {
    now: Option<String>,
    written: Option<String>,
}

impl Fingerprints {
    pub(super) fn new(now: Option<Hash>, written: Option<Hash>) -> Self {
        let digits = |hash: Hash| hash.to_hex().to_string();
        Self { now: now.map(digits), written: written.map(digits) }
    }

    pub(super) fn of_bytes(bytes: Bytes, owned: Option<Owned>) -> Self {
        let now = match bytes {
            Bytes::File(hash) => Some(hash),
            Bytes::None | Bytes::Other => None,
        };
        Self::new(now, owned.map(|owned| owned.hash))
    }
}

impl fmt::Display for Fingerprints {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |digits: &Option<String>| digits.as_ref().map(|digits| digits[..16].to_owned());
        match (short(&self.now), short(&self.written)) {
            (None, None) => write!(formatter, "none"),
            (Some(now), None) => write!(formatter, "{now}, none was written"),
            (None, Some(written)) => write!(formatter, "none, {written} was written"),
            (Some(now), Some(written)) if now == written => write!(formatter, "{now}, as it was written"),
            (Some(now), Some(written)) => write!(formatter, "{now}, {written} was written"),
        }
    }
}

/// A verdict in one word, for programs.
fn name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Unchanged => "unchanged",
        Verdict::New => "new",
        Verdict::Differs => "differs",
        Verdict::Deleted => "deleted",
        Verdict::Changed => "changed",
        Verdict::Blocked => "blocked",
        Verdict::Gone => "gone",
        Verdict::Left => "left",
    }
}

fn words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Unchanged => "unchanged",
        Verdict::New => "would be made: new",
        Verdict::Differs => "would be made: its fingerprint differs",
        Verdict::Deleted => "would be written: somebody deleted the file",
        Verdict::Changed => "would be written: somebody changed the file",
        Verdict::Blocked => "would be made, but what is in its place is not genblog's",
        Verdict::Gone => "would be deleted: nothing makes it any more",
        Verdict::Left => "would stay: nothing makes it any more, and somebody changed the file",
    }
}

fn verdict_name<S: Serializer>(verdict: &Verdict, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(name(*verdict))
}

fn change_names<S: Serializer>(changes: &Option<Vec<Change>>, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Named<'a> {
        part: &'static str,
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        templates: &'a [String],
    }
    let named = changes.iter().flatten().map(|change| Named { part: change.name, templates: &change.templates });
    changes.as_ref().map(|_| named.collect::<Vec<_>>()).serialize(serializer)
}

impl Output {
    /// One line of a list.
    pub(super) fn line(&self) -> String {
        format!("  {:12}  {}  {}", self.about, tame(&self.address), words(self.verdict))
    }

    fn kind(&self) -> String {
        if self.kind == self.about { self.kind.to_owned() } else { format!("{} ({})", self.kind, self.about) }
    }

    fn templates(&self) -> String {
        let name = |template: &Template| template.file.as_ref().unwrap_or(&template.name).clone();
        self.templates.iter().map(name).collect::<Vec<_>>().join(", ")
    }

    /// What differs, a line each.
    fn differences(&self) -> Vec<String> {
        let told = |change: &Change| match &change.templates[..] {
            [] => change.words.to_owned(),
            templates => format!("{}: {}", change.words, templates.join(", ")),
        };
        match &self.changes {
            Some(changes) => changes.iter().map(told).collect(),
            None if self.verdict == Verdict::Differs => vec!["not known: no build kept its parts".to_owned()],
            None => Vec::new(),
        }
    }
}

impl fmt::Display for Output {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", tame(&self.address))?;
        let shows = if self.posts == 0 { String::new() } else { many(self.posts, "post") };
        let facts = [
            ("file", self.file.clone()),
            ("kind", self.kind()),
            ("made of", self.sources.join(", ")),
            ("templates", self.templates()),
            ("shows", shows),
            ("fingerprint", self.fingerprint.to_string()),
            ("bytes", self.bytes.to_string()),
            ("next build", words(self.verdict).to_owned()),
        ];
        let differences = self.differences().into_iter().map(|difference| ("differs", difference));
        for (name, fact) in facts.into_iter().filter(|(_, fact)| !fact.is_empty()).chain(differences) {
            write!(formatter, "\n  {name:11}  {}", tame(&fact))?;
        }
        Ok(())
    }
}
