//! What parts of a text say to those who hear a page. Texts themselves hold it in English; a page in another language says it in its own.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::parsing::html::escape;
use crate::words::phrases::{LANGUAGE, Phrases, primary};

/// The phrases, as elements of a body have them.
const KEYS: [&str; 6] = ["link_to_section", "footnotes", "back", "back_again", "to_do", "done"];

/// What they begin with there.
const LABEL: &str = "aria-label=\"";

/// How the elements begin that have them: no text holds a `<` that is not one.
const ELEMENTS: [&str; 4] = [
    "<a class=\"anchor\" ",
    "<a class=\"footnote-backref\" ",
    "<section class=\"footnotes\" ",
    "<input type=\"checkbox\" disabled ",
];

static ENGLISH: LazyLock<Phrases> = LazyLock::new(|| Phrases::new("en", &BTreeMap::new()));

/// A body's HTML, which is in this language, with these phrases. A phrase in another language is marked so, but for the name of a
/// section, whose text is not.
#[must_use]
pub(super) fn in_language<'h>(html: &'h str, language: &str, phrases: &Phrases) -> Cow<'h, str> {
    let english = KEYS.iter().all(|key| phrases.text(key) == ENGLISH.text(key)) && primary(language) == "en";
    if english || !html.contains(LABEL) {
        return html.into();
    }
    let mut said = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, behind)) = rest.split_once(LABEL) {
        said.push_str(before);
        let label = behind.split('"').next().unwrap_or_default();
        let element = before.rfind('<').map_or("", |start| &before[start..]);
        let ours = ELEMENTS.iter().any(|start| element.starts_with(start)) && !element.contains('>');
        let known = KEYS.iter().filter(|_| ours).find_map(|key| Some((key, number(label, ENGLISH.text(key))?)));
        match known {
            Some((key, number)) => {
                let phrase = phrases.filled(key, &[("n", number)]);
                let spoken = if phrase == label { "en" } else { phrases.text(LANGUAGE) };
                if primary(spoken) != primary(language) && *key != "footnotes" {
                    said.extend(["lang=\"", spoken, "\" "]);
                }
                said.extend([LABEL, &escape(&phrase)]);
            }
            None => said.extend([LABEL, label]),
        }
        rest = &behind[label.len()..];
    }
    said.push_str(rest);
    said.into()
}

/// The number in a label, if it is this phrase; nothing in one without a place for a number.
fn number<'l>(label: &'l str, phrase: &str) -> Option<&'l str> {
    let Some((before, behind)) = phrase.split_once("{n}") else { return (label == phrase).then_some("") };
    let number = label.strip_prefix(before)?.strip_suffix(behind)?;
    number.bytes().all(|byte| byte.is_ascii_digit()).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::phrases::Phrase;

    #[test]
    fn labels_are_said_in_the_language_of_the_page() {
        let html = r##"<a class="anchor" href="#a" aria-label="Link to this section">#</a>
<a class="footnote-backref" href="#r" role="doc-backlink" aria-label="Back to the text">↩</a>
<a class="footnote-backref" href="#s" role="doc-backlink" aria-label="Back to the text, 12">↩</a>
<section class="footnotes" role="doc-endnotes" aria-label="Footnotes"></section>
<input type="checkbox" disabled checked aria-label="Done"><b aria-label="Done">by hand</b>
<code>&lt;input type="checkbox" disabled aria-label="To do"&gt;</code><pre> aria-label="Done"</pre>"##;
        let own = BTreeMap::new();
        assert_eq!(
            in_language(html, "de-AT", &Phrases::new("de", &own)),
            r##"<a class="anchor" href="#a" aria-label="Link zu diesem Abschnitt">#</a>
<a class="footnote-backref" href="#r" role="doc-backlink" aria-label="Zurück zum Text">↩</a>
<a class="footnote-backref" href="#s" role="doc-backlink" aria-label="Zurück zum Text, 12">↩</a>
<section class="footnotes" role="doc-endnotes" aria-label="Fußnoten"></section>
<input type="checkbox" disabled checked aria-label="Erledigt"><b aria-label="Done">by hand</b>
<code>&lt;input type="checkbox" disabled aria-label="To do"&gt;</code><pre> aria-label="Done"</pre>"##
        );
        // An English site has words of its own, too.
        assert_eq!(in_language(html, "en", &Phrases::new("en", &own)), html);
        let own_words = BTreeMap::from([("done".to_owned(), Phrase::Text("Over \"&\"".to_owned()))]);
        let said = in_language(html, "en-GB", &Phrases::new("en", &own_words));
        assert!(said.contains("checked aria-label=\"Over &quot;&amp;&quot;\"><b aria-label=\"Done\">"), "{said}");
        let polish = in_language(html, "pl", &Phrases::new("pl", &own));
        assert_eq!(polish.matches("lang=\"en\" aria-label").count(), 4);
        assert_eq!(polish.replace("lang=\"en\" ", ""), html);
        // A Polish post of a German site.
        let german = in_language(html, "pl", &Phrases::new("de", &own));
        assert_eq!(german.matches("lang=\"de\" aria-label").count(), 4);
        assert_eq!(in_language("<p>x</p>", "de", &Phrases::new("de", &own)), "<p>x</p>");
    }
}
