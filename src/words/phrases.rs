//! What a site's own pages say besides what its author writes: [`Phrases`] in a language, and what may be filled into them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use intl_pluralrules::{PluralRuleType, PluralRules};
use serde::{Deserialize, Serialize};
use unic_langid::LanguageIdentifier;

/// The languages that genblog speaks, English first: it lends its phrases to all others.
const SETS: [(&str, &str); 4] = [
    ("en", include_str!("phrases/en.toml")),
    ("de", include_str!("phrases/de.toml")),
    ("fr", include_str!("phrases/fr.toml")),
    ("es", include_str!("phrases/es.toml")),
];

static KNOWN: LazyLock<Vec<(&str, BTreeMap<String, Phrase>)>> =
    LazyLock::new(|| SETS.map(|(language, text)| (language, toml::from_str(text).expect("the sets are sound"))).into());

/// The key among phrases that tells what language they are in, English where only some are in another one; and beside a phrase's forms
/// whose rules choose among them.
pub const LANGUAGE: &str = "language";

/// One thing that pages say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Phrase {
    /// A text, perhaps with places such as `{n}`.
    Text(String),
    /// Texts by CLDR's plural categories: `other`, and others that the language has; and [`LANGUAGE`].
    Counted(BTreeMap<String, String>),
    /// Names in order.
    Names(Vec<String>),
}

impl Phrase {
    /// The same with the language whose rules choose among its forms.
    fn in_language(&self, tag: &str) -> Self {
        let mut phrase = self.clone();
        if let Self::Counted(forms) = &mut phrase {
            forms.insert(LANGUAGE.to_owned(), primary(tag).to_owned());
        }
        phrase
    }
}

/// All that the pages of one language say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Phrases {
    said: BTreeMap<String, Phrase>,
}

/// The keys of all phrases with what they say in English.
pub fn all() -> impl Iterator<Item = (&'static str, &'static Phrase)> {
    KNOWN[0].1.iter().map(|(key, phrase)| (key.as_str(), phrase))
}

/// The tags of the languages that genblog speaks.
pub fn languages() -> impl Iterator<Item = &'static str> {
    SETS.into_iter().map(|(language, _)| language)
}

/// Whether genblog has phrases in the language of a tag.
#[must_use]
pub fn speaks(tag: &str) -> bool {
    languages().any(|language| language == primary(tag))
}

/// The language of a tag, without its script and its country.
#[must_use]
pub fn primary(tag: &str) -> &str {
    tag.split('-').next().unwrap_or(tag)
}

impl Phrases {
    /// The phrases of a language, with the author's `own` in their places; what there is in neither is English.
    #[must_use]
    pub fn new(tag: &str, own: &BTreeMap<String, Phrase>) -> Self {
        let set = KNOWN.iter().find(|(language, _)| *language == primary(tag)).map(|(_, set)| set);
        let complete = set.is_some() || all().all(|(key, _)| own.contains_key(key));
        let mut said = BTreeMap::new();
        for (language, phrases) in [("en", Some(&KNOWN[0].1)), (tag, set), (tag, Some(own))] {
            said.extend(phrases.into_iter().flatten().map(|(key, phrase)| (key.clone(), phrase.in_language(language))));
        }
        let language = if complete { tag } else { "en" };
        said.insert(LANGUAGE.to_owned(), Phrase::Text(language.to_owned()));
        Self { said }
    }

    /// A phrase without places.
    #[must_use]
    pub fn text<'a>(&'a self, key: &'a str) -> &'a str {
        match self.said.get(key) {
            Some(Phrase::Text(text)) => text,
            _ => key,
        }
    }

    /// A phrase with something in its places.
    #[must_use]
    pub fn filled(&self, key: &str, places: &[(&str, &str)]) -> String {
        fill(self.text(key), places.iter().copied())
    }

    /// The form of a phrase for a number, with the number in its place.
    #[must_use]
    pub fn counted(&self, key: &str, n: u64) -> String {
        match self.said.get(key) {
            Some(Phrase::Counted(forms)) => counted(|form| forms.get(form).map(String::as_str), n),
            _ => key.to_owned(),
        }
    }

    /// The name at a place of a list, from 0.
    #[must_use]
    pub fn name(&self, key: &str, at: usize) -> &str {
        match self.said.get(key) {
            Some(Phrase::Names(names)) => names.get(at).map_or("", String::as_str),
            _ => "",
        }
    }
}

/// Puts something in the places of a text: `{name}`.
pub fn fill<'a>(text: &str, places: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let places: BTreeMap<&str, &str> = places.into_iter().collect();
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, name, behind)) = next_place(rest) {
        filled.push_str(before);
        // What stands for nothing stands for itself.
        match places.get(name) {
            Some(value) => filled.push_str(value),
            None => filled.extend(["{", name, "}"]),
        }
        rest = behind;
    }
    filled.push_str(rest);
    filled
}

/// The names of a text's places.
#[must_use]
pub fn places(mut text: &str) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    while let Some((_, name, behind)) = next_place(text) {
        names.insert(name);
        text = behind;
    }
    names
}

/// What stands before the first place of a text, its name, and what stands behind it.
fn next_place(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('{')?;
    let (name, behind) = rest.split_once('}')?;
    Some((before, name, behind))
}

/// The form of a phrase for a number, with the number in its place; `forms` are those of a [`Phrase::Counted`] by key.
pub fn counted<'a>(forms: impl Fn(&str) -> Option<&'a str>, n: u64) -> String {
    let category = category(forms(LANGUAGE).unwrap_or_default(), n);
    let form = forms(category).or_else(|| forms("other")).unwrap_or_default();
    fill(form, [("n", &*n.to_string())])
}

/// CLDR's plural category of a number in a language; `other` where the language has no rules.
#[must_use]
pub fn category(tag: &str, n: u64) -> &'static str {
    use intl_pluralrules::PluralCategory::{FEW, MANY, ONE, OTHER, TWO, ZERO};
    let tag: Option<LanguageIdentifier> = primary(tag).parse().ok();
    let rules = tag.and_then(|tag| PluralRules::create(tag, PluralRuleType::CARDINAL).ok());
    match rules.and_then(|rules| rules.select(n).ok()).unwrap_or(OTHER) {
        ZERO => "zero",
        ONE => "one",
        TWO => "two",
        FEW => "few",
        MANY => "many",
        OTHER => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(phrase: &Phrase) -> Vec<&str> {
        match phrase {
            Phrase::Text(text) => vec![text],
            Phrase::Counted(forms) => forms.values().map(String::as_str).collect(),
            Phrase::Names(names) => names.iter().map(String::as_str).collect(),
        }
    }

    #[test]
    fn each_language_says_everything_with_the_same_places() {
        for (language, set) in &*KNOWN {
            let keys: Vec<&str> = set.keys().map(String::as_str).collect();
            assert_eq!(keys, all().map(|(key, _)| key).collect::<Vec<_>>(), "{language}");
            for (key, english) in all() {
                let phrase = &set[key];
                assert_eq!(std::mem::discriminant(phrase), std::mem::discriminant(english), "{language}: {key}");
                let (here, there) = (texts(phrase), texts(english));
                assert!(here.iter().all(|text| !text.trim().is_empty()), "{language}: {key}");
                if let Phrase::Names(names) = phrase {
                    assert_eq!(names.len(), there.len(), "{language}: {key}");
                }
                let wanted: BTreeSet<&str> = there.iter().flat_map(|text| places(text)).collect();
                assert!(here.iter().all(|text| places(text) == wanted), "{language}: {key}: {here:?}");
            }
        }
    }

    #[test]
    fn places_are_filled_and_braces_stay() {
        assert_eq!(fill("{a} of {b}", [("a", "{b}"), ("b", "2")]), "{b} of 2");
        assert_eq!(fill("{c} {", [("a", "1")]), "{c} {");
        assert_eq!(places("{n} of {count}, {n"), BTreeSet::from(["count", "n"]));
    }

    #[test]
    fn numbers_have_the_categories_of_their_language() {
        let told = |tag, numbers: &[u64]| numbers.iter().map(|&n| category(tag, n)).collect::<Vec<_>>().join(" ");
        assert_eq!(told("en-GB", &[0, 1, 2]), "other one other");
        assert_eq!(told("fr", &[0, 1, 2]), "one one other");
        assert_eq!(told("pl", &[1, 2, 5, 22]), "one few many few");
        assert_eq!(told("ar", &[0, 1, 2, 3, 11, 100]), "zero one two few many other");
        assert_eq!(told("ja", &[1, 2]), "other other");
        assert_eq!(told("x-none", &[1]), "other");
    }

    #[test]
    fn what_an_author_says_stands_in_its_place_and_the_rest_is_of_the_language() {
        let own = BTreeMap::from([("search".to_owned(), Phrase::Text("Stöbern".to_owned()))]);
        let phrases = Phrases::new("de-AT", &own);
        assert_eq!((phrases.text("search"), phrases.text("older")), ("Stöbern", "Älter"));
        assert_eq!(phrases.filled("page_of", &[("n", "2"), ("count", "3")]), "Seite 2 von 3");
        assert_eq!(phrases.text(LANGUAGE), "de-AT");
        // What is English has the forms of English, whatever the language around it.
        for tag in ["pl", "ja", "ru"] {
            let phrases = Phrases::new(tag, &own);
            assert_eq!((phrases.text("older"), phrases.text(LANGUAGE)), ("Older", "en"));
            assert_eq!(
                (phrases.counted("minutes", 1), phrases.counted("minutes", 21)),
                ("1 minute".into(), "21 minutes".into())
            );
        }
        assert_eq!(phrases.name("months", 2), "März");
    }
}
