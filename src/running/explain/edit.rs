//! Edits of a file that leave a site sound, and what they reach.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use blake3::Hash;
use chrono::NaiveDateTime;
use serde::{Serialize, Serializer};

use crate::files::config::{CONFIG_FILE, Config};
use crate::files::output::Phase;
use crate::files::source::{Content, Source, SourceFile};
use crate::words::diagnostic::{self, Diagnostic};
use crate::words::excerpt::tame;
use crate::words::media_type::ending;
use crate::words::source_text::SourceText;

/// An edit of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edit {
    /// The text says one word more at its end.
    Word,
    /// The text, or the site, has another title.
    Title,
    /// There is a comment at the end, which readers of the site do not get.
    Comment,
    /// There is one rule or statement more at the end, which does nothing.
    Rule,
    /// The file has other bytes.
    Bytes,
}

impl Edit {
    /// The edits that are tried of the file at `path`.
    pub(super) fn of(path: &str) -> Vec<Self> {
        let folder = path.split('/').next().unwrap_or_default();
        match (folder, &*ending(path)) {
            (CONFIG_FILE, _) => vec![Self::Comment, Self::Title],
            ("templates" | "themes", "html" | "svg") | ("themes", "toml") => vec![Self::Comment],
            ("templates" | "themes", "css" | "js") => vec![Self::Comment, Self::Rule],
            ("content", "md" | "html" | "txt") => vec![Self::Word, Self::Title],
            _ => vec![Self::Bytes],
        }
    }

    /// The edit in words.
    fn words(self) -> &'static str {
        match self {
            Self::Word => "with one more word at its end",
            Self::Title => "with another title",
            Self::Comment => "with a comment at its end",
            Self::Rule => "with a rule or statement at its end",
            Self::Bytes => "with other bytes",
        }
    }

    /// The edit in a word, for programs.
    fn name(self) -> &'static str {
        match self {
            Self::Word => "word",
            Self::Title => "title",
            Self::Comment => "comment",
            Self::Rule => "rule",
            Self::Bytes => "bytes",
        }
    }

    /// Edits the file in memory; `false` when it has nothing to be edited so.
    pub(super) fn apply(self, path: &str, config: &mut Config, source: &mut Source) -> bool {
        if path == CONFIG_FILE {
            if self == Self::Title {
                config.title.push_str(" edited");
            }
            config.hash = blake3::hash(config.hash.as_bytes());
            return true;
        }
        let looks = source.templates.iter_mut().chain(&mut source.themes);
        let mut files = source.content.iter_mut().chain(&mut source.statics).chain(looks).chain(&mut source.diagrams);
        let Some(file) = files.find(|file| file.path == path) else { return false };
        match &file.content {
            Content::Text(text) => {
                let Some(edited) = self.edited(path, &text.text) else { return false };
                replace(file, &edited);
            }
            Content::Picture(_) | Content::Bytes | Content::Unread => file.hash = blake3::hash(file.hash.as_bytes()),
        }
        true
    }

    /// The text after the edit.
    fn edited(self, path: &str, text: &str) -> Option<String> {
        let ending = ending(path);
        let more = match (self, &*ending) {
            (Self::Title, _) => return with_other_title(path, text),
            // A line of its own ends whatever stands before.
            (Self::Word, "md") => "\n\nedited\n",
            (Self::Comment, "html") => "{# edited #}",
            (Self::Comment, "css" | "js") => "\n/* edited */\n",
            (Self::Comment, "toml") => "\n# edited\n",
            (Self::Comment, "svg") => "<!-- edited -->\n",
            (Self::Rule, "css") => "\n.edited { color: inherit; }\n",
            (Self::Rule, "js") => "\nvoid 0;\n",
            (Self::Word | Self::Comment | Self::Rule | Self::Bytes, _) => " edited\n",
        };
        Some(format!("{}{more}", text.trim_end()))
    }
}

fn replace(file: &mut SourceFile, text: &str) {
    file.hash = blake3::hash(text.as_bytes());
    file.length = text.len() as u64;
    file.content = Content::Text(Arc::clone(&SourceText::new(&*file.path, text)));
}

/// The text with one more word in its title, which stands in a line of the front matter, or first in genBlog's own form.
fn with_other_title(path: &str, text: &str) -> Option<String> {
    let name = path.rsplit('/').next().unwrap_or_default();
    if name.strip_suffix(".txt").is_some_and(|stem| NaiveDateTime::parse_from_str(stem, "%Y-%m-%dT%H_%M_%S").is_ok()) {
        let (title, rest) = text.split_once('\n').unwrap_or((text, ""));
        return (!title.trim().is_empty()).then(|| format!("{} edited\n{rest}", title.trim_end()));
    }
    let mut lines = text.trim_start_matches('\u{feff}').split_inclusive('\n');
    let fence = lines.next().map(str::trim_end).filter(|fence| ["+++", "---"].contains(fence))?;
    let sign = if fence == "+++" { '=' } else { ':' };
    let head = lines.take_while(|line| line.trim_end() != fence);
    let is_title = |line: &&str| line.strip_prefix("title").is_some_and(|rest| rest.trim_start().starts_with(sign));
    let line = head.take_while(|line| !line.starts_with('[')).find(is_title)?.trim_end();
    let value = line.split_once(sign)?.1.trim();
    let quote = value.chars().next().filter(|quote| ['"', '\''].contains(quote));
    let edited = match quote {
        Some(quote) => format!("{} edited{quote}", line.strip_suffix(quote).filter(|_| value.len() > 2)?),
        None => format!("{line} edited"),
    };
    // A line of the same words may be a part of one before.
    let at = line.as_ptr().addr() - text.as_ptr().addr();
    Some(format!("{}{edited}{}", &text[..at], &text[at + line.len()..]))
}

/// An output as far as edits are concerned.
#[derive(Debug, Clone)]
pub(super) struct Reached {
    pub(super) address: String,
    pub(super) about: &'static str,
    pub(super) phase: Phase,
    pub(super) fingerprint: Hash,
}

/// What an edit reaches.
#[derive(Debug, Serialize)]
pub(super) struct Reach {
    #[serde(serialize_with = "edit_name")]
    pub(super) edit: Edit,
    /// Pages, then feeds, then what pages need.
    pub(super) outputs: Vec<Line>,
    /// Why the edited site would not be built.
    #[serde(serialize_with = "as_json")]
    pub(super) problems: Vec<Diagnostic>,
}

/// An output that an edit reaches.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Line {
    about: &'static str,
    address: String,
    becomes: Becomes,
}

/// What becomes of an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Becomes {
    Again,
    New,
    Gone,
}

impl Reach {
    /// What differs between the outputs of two sites.
    pub(super) fn new(
        edit: Edit,
        before: &BTreeMap<String, Reached>,
        after: Result<BTreeMap<String, Reached>, Vec<Diagnostic>>,
    ) -> Self {
        let after = match after {
            Ok(after) => after,
            Err(problems) => return Self { edit, outputs: Vec::new(), problems },
        };
        let of_after = after.iter().filter_map(|(file, now)| match before.get(file) {
            Some(was) if was.fingerprint == now.fingerprint => None,
            Some(_) => Some((now, Becomes::Again)),
            None => Some((now, Becomes::New)),
        });
        let gone = before.iter().filter(|(file, _)| !after.contains_key(*file)).map(|(_, was)| (was, Becomes::Gone));
        let mut outputs: Vec<(&Reached, Becomes)> = of_after.chain(gone).collect();
        let rank = |phase: Phase| [Phase::Page, Phase::Feed, Phase::Asset].iter().position(|it| *it == phase);
        outputs.sort_by_key(|(one, _)| (rank(one.phase), one.about, one.address.clone()));
        let line = |(one, becomes): (&Reached, Becomes)| {
            let Reached { about, address, .. } = one.clone();
            Line { about, address, becomes }
        };
        Self { edit, outputs: outputs.into_iter().map(line).collect(), problems: Vec::new() }
    }

    /// How much of all.
    pub(super) fn count(&self, all: usize) -> String {
        match self.outputs.len() {
            _ if !self.problems.is_empty() => "nothing, since the site would have errors".to_owned(),
            0 => "nothing".to_owned(),
            count => format!("{count} of {all} files"),
        }
    }
}

impl fmt::Display for Edit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.words())
    }
}

impl fmt::Display for Line {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let becomes = match self.becomes {
            Becomes::Again => "",
            Becomes::New => "  new",
            Becomes::Gone => "  gone",
        };
        write!(formatter, "  {:12}  {}{becomes}", self.about, tame(&self.address))
    }
}

fn edit_name<S: Serializer>(edit: &Edit, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(edit.name())
}

fn as_json<S: Serializer>(problems: &[Diagnostic], serializer: S) -> Result<S::Ok, S::Error> {
    let value: serde_json::Value = serde_json::from_str(&diagnostic::json(problems)).expect("it is JSON");
    value.serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_gets_a_word_where_it_stands_on_one_line() {
        let table = [
            ("a.md", "+++\ntitle = \"A\"\ndate = 1\n+++\nx", Some("+++\ntitle = \"A edited\"\ndate = 1\n+++\nx")),
            ("a.md", "---\ndate: x\ntitle: A b\n---\n", Some("---\ndate: x\ntitle: A b edited\n---\n")),
            ("a.md", "---\ntitle: 'A'\n---\n", Some("---\ntitle: 'A edited'\n---\n")),
            ("a.md", "+++\ntitle = \"A\" # why\n+++\n", None),
            ("a.md", "+++\n[extra]\ntitle = \"A\"\n+++\n", None),
            ("a.md", "+++\n+++\ntitle = \"A\"\n", None),
            ("2026-11-14T21_05_37.txt", "A\n#tags x\nB", Some("A edited\n#tags x\nB")),
            ("notes.txt", "A\nB", None),
        ];
        for (path, text, expected) in table {
            assert_eq!(with_other_title(path, text).as_deref(), expected, "{path}: {text}");
        }
    }
}
