//! The themes that a site may have, built in or in folders of its own: [`Shelf::texts`] puts the files of a theme over those that it
//! extends.
//!
//! ```text
//! themes/mine/theme.toml         extends = "book" (else "default"), title = "Mine"; may be left out
//! themes/mine/css/92-mine.css    a file of the theme: it takes the place of one of that name, or stands beside them
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::files::config::is_theme_name;
use crate::files::source::{Content, SourceFile};
use crate::rendering::built_in::{DEFAULT, USUAL, files, names};
use crate::rendering::template_error::Texts;
use crate::words::diagnostic::Diagnostic;
use crate::words::nearest::nearest;
use crate::words::source_text::{Located, SourceText, Span};
use crate::words::table::Reader;
use crate::words::toml_table;

/// Where a site's own themes are, each in a folder.
pub(crate) const FOLDER: &str = "themes/";

/// What says what a theme is made of.
const SAID: &str = "theme.toml";

/// All themes of a site.
#[derive(Debug)]
pub(crate) struct Shelf<'a> {
    own: BTreeMap<&'a str, Own<'a>>,
}

/// A theme in a folder of the site.
#[derive(Debug, Default)]
struct Own<'a> {
    files: Vec<(&'a str, &'a Arc<SourceText>)>,
    extends: Option<Located<String>>,
    title: Option<String>,
    /// What is wrong with what it says of itself.
    problems: Vec<Diagnostic>,
}

impl<'a> Shelf<'a> {
    /// The themes that are built in and those of these files.
    pub(crate) fn new(sources: &'a [SourceFile]) -> Self {
        let mut own: BTreeMap<&str, Own<'_>> = BTreeMap::new();
        for file in sources {
            let Some((folder, name)) = file.path.strip_prefix(FOLDER).and_then(|path| path.split_once('/')) else {
                // Notes about the themes are nobody's business.
                continue;
            };
            let theme = own.entry(folder).or_default();
            match &file.content {
                Content::Text(text) if name == SAID => theme.learn(text),
                Content::Text(text) => theme.files.push((name, text)),
                Content::Picture(_) | Content::Bytes | Content::Unread => {}
            }
        }
        Self { own }
    }

    /// What is wrong with the themes that a site uses, by these names. Folders that it does not use may hold what they like: other
    /// programs' themes lie in folders of this name, too.
    pub(crate) fn problems<'b>(&'b self, used: impl Iterator<Item = &'b str>) -> Vec<Diagnostic> {
        let used: BTreeSet<&str> = used.flat_map(|name| self.below(name)).collect();
        let mut problems = Vec::new();
        for (name, theme) in self.own.iter().filter(|(name, _)| used.contains(**name)) {
            problems.extend(theme.problems.iter().cloned());
            problems.extend(unfit(name));
            problems.extend(theme.extends.as_ref().and_then(|extends| self.lacks(extends)));
            problems.extend(self.circle(name));
        }
        problems
    }

    /// What to say when there is no theme of that name.
    pub(crate) fn lacks(&self, name: &Located<String>) -> Option<Diagnostic> {
        let mut known: Vec<&str> = names().collect();
        known.extend(self.own.keys());
        if known.contains(&&*name.value) {
            return None;
        }
        let all = known.iter().map(|known| format!("`{known}`")).collect::<Vec<_>>().join(", ");
        let near = nearest(&name.value, known).map_or_else(String::new, |near| format!("did you mean `{near}`? "));
        let problem = Diagnostic::error("unknown-theme", format!("there is no theme `{}`", name.value));
        Some(problem.at(name.span.clone(), "").help(format!("{near}there are {all}")))
    }

    /// All files of a theme, by name.
    pub(crate) fn texts(&self, name: &str) -> Texts {
        let built_in =
            |&(name, text): &(&str, &str)| (name.to_owned(), SourceText::new(format!("{name} (built in)"), text));
        let mut texts: Texts = DEFAULT.iter().map(built_in).collect();
        for name in self.below(name).into_iter().rev() {
            match self.own.get(name) {
                Some(own) => {
                    texts.extend(own.files.iter().map(|(name, text)| ((*name).to_owned(), Arc::clone(text))));
                }
                None => texts.extend(files(name).unwrap_or_default().iter().map(built_in)),
            }
        }
        texts
    }

    /// The theme's name as people read it.
    pub(crate) fn title(&self, name: &str) -> String {
        let said = self.own.get(name).and_then(|own| own.title.clone());
        said.unwrap_or_else(|| shown_name(name))
    }

    /// A theme and all that it extends, itself first; each once.
    fn below<'b>(&'b self, name: &'b str) -> Vec<&'b str> {
        let (mut below, mut next) = (Vec::new(), Some(name));
        while let Some(name) = next.filter(|name| !below.contains(name)) {
            below.push(name);
            next = self.own.get(name).and_then(|own| own.extends.as_ref()).map(|extends| extends.value.as_str());
        }
        below
    }

    /// What to say when a theme extends itself in the end.
    fn circle(&self, name: &str) -> Option<Diagnostic> {
        let mut seen = BTreeSet::new();
        let mut at = name;
        loop {
            let extends = self.own.get(at)?.extends.as_ref()?;
            if extends.value == name {
                let problem = Diagnostic::error("bad-theme", format!("the theme `{name}` extends itself in the end"));
                return Some(
                    problem.at(extends.span.clone(), "").help("let one of them extend a theme that is built in"),
                );
            }
            if !seen.insert(at) {
                return None;
            }
            at = &extends.value;
        }
    }
}

impl Own<'_> {
    /// Takes in what the theme says of itself.
    fn learn(&mut self, text: &Arc<SourceText>) {
        let (table, problems) = toml_table::parse(text, 0..text.text.len(), Span::new(text, 0..0));
        let mut reader = Reader::new(&table, "a theme");
        self.extends = reader.filled_text("extends");
        self.title = reader.filled_text("title").map(|title| title.value);
        self.problems = problems;
        self.problems.extend(reader.finish());
    }
}

/// A theme's name with a capital.
#[must_use]
pub fn shown_name(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}", first.to_uppercase(), letters.as_str()))
}

/// What to say when a folder's name cannot be a theme's.
#[must_use]
pub fn unfit(name: &str) -> Option<Diagnostic> {
    let problem = |message: String| Diagnostic::error("bad-theme", message).in_path(format!("{FOLDER}{name}"));
    if !is_theme_name(name) {
        let help = "begin with a letter from `a` to `z`; digits and `-` may follow, 40 characters in all";
        return Some(problem(format!("`{name}` cannot be a theme's name")).help(help));
    }
    if names().any(|built_in| built_in == name) {
        let extends =
            if name == USUAL { String::new() } else { format!(", with `extends = \"{name}\"` in its {SAID}") };
        let help = format!("give the folder another name{extends}; or put the files into `templates/`");
        return Some(problem(format!("the theme `{name}` is built in")).help(help));
    }
    None
}

/// Whether the file of the site at `path` says what a theme is made of.
pub(crate) fn is_said_of_theme(path: &str) -> bool {
    path.strip_prefix(FOLDER).and_then(|path| path.split_once('/')).is_some_and(|(_, name)| name == SAID)
}
