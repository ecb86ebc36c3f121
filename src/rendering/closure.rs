//! What a template reaches: what it extends and includes, and the templates that define the components it calls ([`closures`]).

use std::collections::{BTreeMap, BTreeSet};

/// A template with all that it reaches.
#[derive(Debug)]
pub(super) struct Closure {
    /// Of all their texts.
    pub(super) hash: blake3::Hash,
    /// In order.
    pub(super) names: Vec<String>,
}

/// For each template the hash of its text and of all texts that it reaches.
pub(super) fn closures(templates: &[(&str, &str)]) -> BTreeMap<String, Closure> {
    let mut definitions: BTreeMap<&str, &str> = BTreeMap::new();
    let mut references: BTreeMap<&str, Vec<Reference<'_>>> = BTreeMap::new();
    for (name, text) in templates {
        let found = scan(text);
        definitions.extend(found.iter().filter_map(|reference| match reference {
            Reference::Defines(component) => Some((*component, *name)),
            Reference::Template(_) | Reference::Calls(_) => None,
        }));
        references.insert(name, found);
    }
    let texts: BTreeMap<&str, &str> = templates.iter().copied().collect();
    let closure = |start: &str| {
        let mut reached = BTreeSet::new();
        let mut open = vec![start];
        while let Some(name) = open.pop() {
            let Some((name, _)) = texts.get_key_value(name) else { continue };
            if reached.insert(*name) {
                open.extend(references[name].iter().filter_map(|reference| match reference {
                    Reference::Template(other) => Some(*other),
                    Reference::Calls(component) => definitions.get(component).copied(),
                    Reference::Defines(_) => None,
                }));
            }
        }
        let mut hasher = blake3::Hasher::new();
        for name in &reached {
            for part in [name, texts[name]] {
                hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
            }
        }
        Closure { hash: hasher.finalize(), names: reached.into_iter().map(str::to_owned).collect() }
    };
    texts.keys().map(|name| ((*name).to_owned(), closure(name))).collect()
}

/// What ties a template to another one.
#[derive(Debug, PartialEq, Eq)]
enum Reference<'t> {
    /// `{% extends "…" %}` or `{% include "…" %}`; the engine takes literals only.
    Template(&'t str),
    /// `{{<name …` or `{% <name …`.
    Calls(&'t str),
    /// `{% component name(…`.
    Defines(&'t str),
}

/// Finds the references of one template. A tag in a comment or a string counts too: a closure too large is only slower.
fn scan(text: &str) -> Vec<Reference<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("{%").into_iter().chain(rest.find("{{")).min() {
        rest = &rest[at + 2..];
        let tag = rest.strip_prefix('-').unwrap_or(rest).trim_start();
        if let Some(call) = tag.strip_prefix('<') {
            found.push(Reference::Calls(word(call)));
        } else if let Some(definition) = tag.strip_prefix("component ") {
            found.push(Reference::Defines(word(definition.trim_start())));
        } else if let Some(name) = tag.strip_prefix("extends ").or_else(|| tag.strip_prefix("include ")) {
            let name = name.trim_start();
            let quoted = name.chars().next().and_then(|quote| name[quote.len_utf8()..].split(quote).next());
            found.extend(quoted.map(Reference::Template));
        }
    }
    found
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '.').unwrap_or(text.len());
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_names_what_it_extends_includes_calls_and_defines() {
        let text = r#"{% extends "base.html" %}{%- include 'x.html' -%}{{<line post={p}/>}}{% <box> %}{% component mark() %}{{ a < b }}"#;
        let expected = [
            Reference::Template("base.html"),
            Reference::Template("x.html"),
            Reference::Calls("line"),
            Reference::Calls("box"),
            Reference::Defines("mark"),
        ];
        assert_eq!(scan(text), expected);
    }

    #[test]
    fn a_closure_changes_with_what_is_reached_and_with_nothing_else() {
        let site = |parts: &str, other: &str| {
            let page = r#"{% extends "base.html" %}{{<line/>}}"#.to_owned();
            let texts = [
                ("base.html", "base".to_owned()),
                ("components.html", format!("{{% component line() %}}{parts}{{% endcomponent line %}}")),
                ("other.html", other.to_owned()),
                ("page.html", page),
            ];
            let texts: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
            closures(&texts)["page.html"].hash
        };
        assert_eq!(site("a", "b"), site("a", "c"));
        assert_ne!(site("a", "b"), site("d", "b"));
    }
}
