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

static ENGLISH: LazyLock<Phrases> = LazyLock::new(|| Phrases::new("en", &BTreeMap::new()));

/// A body's HTML, which is in this language, with these phrases. A phrase in another language is marked so, but for the name of a
/// section, whose text is not.
#[must_use]
pub(super) fn in_language<'h>(html: &'h str, language: &str, phrases: &Phrases) -> Cow<'h, str> {
    if !html.contains(LABEL) {
        return html.into();
    }
    let mut said = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, behind)) = rest.split_once(LABEL) {
        said.push_str(before);
        let label = behind.split('"').next().unwrap_or_default();
        match KEYS.iter().find_map(|key| Some((key, number(label, ENGLISH.text(key))?))) {
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

    #[test]
    fn labels_are_said_in_the_language_of_the_page() {
        let html = "<a aria-label=\"Link to this section\">#</a> <a aria-label=\"Back to the text\">↩</a> \
                    <a aria-label=\"Back to the text, 12\">↩</a> <input aria-label=\"To do\"> <b aria-label=\"To do it\">";
        let own = BTreeMap::new();
        let german = in_language(html, "de-AT", &Phrases::new("de", &own));
        assert_eq!(
            german,
            "<a aria-label=\"Link zu diesem Abschnitt\">#</a> <a aria-label=\"Zurück zum Text\">↩</a> \
             <a aria-label=\"Zurück zum Text, 12\">↩</a> <input aria-label=\"Zu tun\"> <b aria-label=\"To do it\">"
        );
        let polish = in_language(html, "pl", &Phrases::new("pl", &own));
        assert_eq!(polish.matches("lang=\"en\" aria-label").count(), 4);
        assert_eq!(polish.replace("lang=\"en\" ", ""), html);
        // A Polish post of a German site.
        let german = in_language(html, "pl", &Phrases::new("de", &own));
        assert_eq!(german.matches("lang=\"de\" aria-label").count(), 4);
        assert_eq!(in_language("<p>x</p>", "de", &Phrases::new("de", &own)), "<p>x</p>");
    }
}
