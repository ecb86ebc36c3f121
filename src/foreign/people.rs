//! Whom a source names, in the ways that formats have: a name, an address for mail, or both in one text.

use std::collections::BTreeMap;

use crate::foreign::html::short;
use crate::foreign::site::Person;
use crate::foreign::told::Remarks;
use crate::words::address::is_web_address;
use crate::words::mail::is_address;

/// Somebody in one text: `mail (Name)`, `Name <mail>`, an address for mail, or a name.
pub(crate) fn person(text: &str) -> Person {
    let text = text.trim();
    let bare = |address: &str| address.trim().trim_start_matches("mailto:").to_owned();
    let pair = |open: char, close: char| {
        let (before, after) = text.split_once(open)?;
        Some((before.trim(), after.trim_end().strip_suffix(close)?.trim()))
    };
    let (name, email) = match (pair('(', ')'), pair('<', '>')) {
        (Some((address, name)), _) if address.contains('@') => (name, bare(address)),
        (_, Some((name, address))) if address.contains('@') => (name.trim_matches('"'), bare(address)),
        _ if is_address(&bare(text)) => ("", bare(text)),
        _ => (text, String::new()),
    };
    Person { name: name.to_owned(), email, ..Person::default() }
}

/// Adds what is known of somebody who has a name; of two that differ the first counts. What no site could say is told.
pub(crate) fn know(people: &mut BTreeMap<String, Person>, person: Person, at: usize, remarks: &mut Remarks) {
    if person.name.trim().is_empty() || !person.has_details() {
        return;
    }
    let known = people.entry(person.name.clone()).or_insert_with(|| Person { name: person.name, ..Person::default() });
    let mut take = |target: &mut String, text: String, is_sound: fn(&str) -> bool, what: &str| {
        if is_sound(&text) {
            if target.is_empty() {
                *target = text;
            }
        } else if !text.is_empty() {
            remarks.lost(at, format!("`{}` is not {what}", short(&text)));
        }
    };
    take(&mut known.email, person.email, is_address, "an address for mail");
    take(&mut known.url, person.url, is_web_address, "an address on the web");
    take(&mut known.avatar, person.avatar, is_web_address, "an address on the web");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_a_name_an_address_or_both() {
        for (text, name, email) in [
            ("a@b.example (A. Writer)", "A. Writer", "a@b.example"),
            ("A. Writer <mailto:a@b.example>", "A. Writer", "a@b.example"),
            ("\"A. Writer\" <a@b.example>", "A. Writer", "a@b.example"),
            ("a@b.example", "", "a@b.example"),
            ("A. Writer (she)", "A. Writer (she)", ""),
            (" A. Writer ", "A. Writer", ""),
            ("", "", ""),
        ] {
            let found = person(text);
            assert_eq!((&*found.name, &*found.email), (name, email), "{text}");
        }
    }

    #[test]
    fn what_was_said_first_counts_and_nonsense_is_told() {
        let (mut people, mut remarks) = (BTreeMap::new(), Remarks::default());
        for (email, url) in [("a b@c", "https://a.example/"), ("a@b.example", "ftp://x"), ("c@d.example", "")] {
            let person =
                Person { name: "A".to_owned(), email: email.to_owned(), url: url.to_owned(), ..Person::default() };
            know(&mut people, person, 3, &mut remarks);
        }
        let known = &people["A"];
        assert_eq!((&*known.email, &*known.url, remarks.0.len()), ("a@b.example", "https://a.example/", 2));
    }
}
