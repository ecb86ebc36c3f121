//! Code by Sublime Text's grammars.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::OnceLock;

use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxReference, SyntaxSet};

use crate::rendering::code::kind::{Kind, Stretch, Stretches};

/// What the names of a grammar's scopes begin with, and what such a scope is; the longest beginning counts. Where nothing is said of a
/// scope, what lies around it decides; `None` stands for text as it is, whatever it lies in.
const KINDS: &[(&str, Option<Kind>)] = &[
    ("comment", Some(Kind::Comment)),
    ("constant", Some(Kind::Constant)),
    ("entity.name.class", Some(Kind::Type)),
    ("entity.name.constant", Some(Kind::Constant)),
    ("entity.name.enum", Some(Kind::Type)),
    ("entity.name.function", Some(Kind::Function)),
    ("entity.name.impl", Some(Kind::Type)),
    ("entity.name.interface", Some(Kind::Type)),
    ("entity.name.label", Some(Kind::Name)),
    ("entity.name.macro", Some(Kind::Function)),
    ("entity.name.section", Some(Kind::Heading)),
    ("entity.name.struct", Some(Kind::Type)),
    ("entity.name.tag", Some(Kind::Keyword)),
    ("entity.name.trait", Some(Kind::Type)),
    ("entity.name.type", Some(Kind::Type)),
    ("entity.name.union", Some(Kind::Type)),
    ("entity.other.attribute-name", Some(Kind::Name)),
    ("entity.other.inherited-class", Some(Kind::Type)),
    ("keyword", Some(Kind::Keyword)),
    // Signs among words stay quiet.
    ("keyword.operator", None),
    ("keyword.operator.logical.python", Some(Kind::Keyword)),
    ("keyword.operator.word", Some(Kind::Keyword)),
    ("markup.bold", Some(Kind::Keyword)),
    ("markup.deleted", Some(Kind::Deleted)),
    ("markup.heading", Some(Kind::Heading)),
    ("markup.inserted", Some(Kind::Inserted)),
    ("markup.list.bullet", Some(Kind::Keyword)),
    ("markup.quote", Some(Kind::Comment)),
    ("markup.raw", Some(Kind::String)),
    ("markup.underline.link", Some(Kind::Name)),
    ("meta.annotation", Some(Kind::Meta)),
    ("meta.diff.header", Some(Kind::Heading)),
    ("meta.diff.index", Some(Kind::Meta)),
    ("meta.diff.range", Some(Kind::Meta)),
    // A program within a text.
    ("meta.embedded", None),
    ("meta.interpolation", None),
    ("source", None),
    ("storage", Some(Kind::Keyword)),
    ("string", Some(Kind::String)),
    // Words of a shell, values of YAML.
    ("string.unquoted", None),
    ("string.unquoted.heredoc", Some(Kind::String)),
    ("support.class", Some(Kind::Type)),
    ("support.constant", Some(Kind::Constant)),
    ("support.function", Some(Kind::Function)),
    ("support.macro", Some(Kind::Function)),
    ("support.type", Some(Kind::Type)),
    ("support.type.property-name", Some(Kind::Name)),
    ("variable.annotation", Some(Kind::Meta)),
    ("variable.function", Some(Kind::Function)),
    ("variable.language", Some(Kind::Keyword)),
    ("variable.other.readwrite.shell", Some(Kind::Name)),
    ("variable.parameter.option", Some(Kind::Name)),
    ("variable.parameter.shell", Some(Kind::Name)),
    ("punctuation.definition.variable", Some(Kind::Name)),
];

/// Words for languages that the grammars have under another name.
const ALIASES: &[(&str, &str)] = &[
    ("ada", "adb"),
    ("bash", "sh"),
    ("cfg", "ini"),
    ("conf", "ini"),
    ("csharp", "cs"),
    ("docker", "dockerfile"),
    ("dts", "c"),
    ("golang", "go"),
    ("h", "c"),
    ("jsonc", "json"),
    ("jsx", "js"),
    ("kconfig", "ini"),
    ("make", "makefile"),
    ("mjs", "js"),
    ("node", "js"),
    ("objc", "m"),
    ("patch", "diff"),
    ("python3", "py"),
    ("qml", "js"),
    ("shell", "sh"),
    ("svg", "xml"),
    ("tera", "twig"),
    ("udiff", "diff"),
    ("viml", "vim"),
    ("wast", "lisp"),
    ("wat", "lisp"),
    ("zsh", "sh"),
];

fn grammars() -> &'static SyntaxSet {
    static GRAMMARS: OnceLock<SyntaxSet> = OnceLock::new();
    GRAMMARS.get_or_init(two_face::syntax::extra_newlines)
}

/// The grammar of a language by its name in lower case.
fn of(language: &str) -> Option<&'static SyntaxReference> {
    if language.is_empty() || matches!(language, "text" | "txt" | "plain" | "plaintext") {
        return None;
    }
    let name = ALIASES.iter().find(|(alias, _)| *alias == language).map_or(language, |(_, name)| name);
    grammars().find_syntax_by_token(name)
}

/// What is in the text, as far as the grammar understands it; nothing without a grammar.
pub(super) fn read(language: &str, text: &str) -> Vec<Stretch> {
    let mut stretches = Stretches::default();
    let Some(grammar) = of(language) else { return Vec::new() };
    let (mut state, mut scopes) = (ParseState::new(grammar), ScopeStack::new());
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let Ok(operations) = state.parse_line(line, grammars()) else { break };
        let mut at = 0;
        for (next, operation) in operations {
            push(&mut stretches, start + at..start + next, &scopes);
            at = next;
            if scopes.apply(&operation).is_err() {
                return stretches.done();
            }
        }
        push(&mut stretches, start + at..start + line.len(), &scopes);
        start += line.len();
    }
    stretches.done()
}

fn push(stretches: &mut Stretches, range: std::ops::Range<usize>, scopes: &ScopeStack) {
    if range.is_empty() {
        return;
    }
    if let Some(kind) = scopes.as_slice().iter().rev().find_map(|scope| kind_of(*scope)).flatten() {
        stretches.push(range, kind);
    }
}

/// What is said of a scope, if anything is.
fn kind_of(scope: Scope) -> Option<Option<Kind>> {
    thread_local! {
        static KNOWN: RefCell<HashMap<Scope, Option<Option<Kind>>>> = RefCell::default();
    }
    KNOWN.with_borrow_mut(|known| *known.entry(scope).or_insert_with(|| looked_up(&scope.build_string())))
}

fn looked_up(scope: &str) -> Option<Option<Kind>> {
    let begins =
        |beginning: &str| scope.strip_prefix(beginning).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    let known = KINDS.iter().filter(|(beginning, _)| begins(beginning));
    known.max_by_key(|(beginning, _)| beginning.len()).map(|(_, kind)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As many as the documents say.
    #[test]
    fn there_are_as_many_languages_as_is_said() {
        let named = grammars().syntaxes().iter().filter(|grammar| !grammar.hidden).count();
        assert!(named >= 190, "{named}");
    }

    #[test]
    fn every_other_name_leads_to_a_grammar() {
        for (alias, name) in ALIASES {
            assert!(grammars().find_syntax_by_token(name).is_some(), "{alias}: {name}");
        }
    }
}
