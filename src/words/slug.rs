//! Names that may stand in an address.

/// Turns a title, tag or file name into a part of a route: letters and digits of any script in lower case, and single
/// hyphens for everything between them. Empty when there is no letter and no digit.
///
/// Combining marks count as letters, so that a name reads the same whether its accents are written apart or not.
#[must_use]
pub fn slug(name: &str) -> String {
    let mut slug = String::with_capacity(name.len());
    for character in name.chars().flat_map(char::to_lowercase) {
        if character.is_alphanumeric() || is_mark(character) {
            slug.push(character);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

/// The same for a part of a page's address, which is its path and may have been somebody's old one: underscores stay.
#[must_use]
pub fn page_slug(name: &str) -> String {
    let parts: Vec<String> = name.split('_').map(slug).collect();
    if parts.iter().any(String::is_empty) { slug(name) } else { parts.join("_") }
}

/// Combining Diacritical Marks, the block that decomposed Latin, Greek and Cyrillic text uses.
fn is_mark(character: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&character)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::*;
    use crate::words::route::Route;

    #[test]
    fn names_become_slugs() {
        let table = [
            ("Transmit flow control", "transmit-flow-control"),
            ("  It's -- “done”!  ", "it-s-done"),
            ("Größe & Ärger", "größe-ärger"),
            ("日本語 2", "日本語-2"),
            ("qemu-dm", "qemu-dm"),
            ("../..", ""),
        ];
        for (name, expected) in table {
            assert_eq!(slug(name), expected, "{name}");
        }
    }

    #[test]
    fn pages_keep_their_underscores() {
        for (name, expected) in [("Pleb_Blossom", "pleb_blossom"), ("_a", "a"), ("a__b", "a-b"), ("a b_c", "a-b_c")] {
            assert_eq!(page_slug(name), expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn a_slug_is_a_part_of_a_route_and_its_own_slug(name in ".*") {
            let slugged = slug(&name);
            assert!(slugged.is_empty() || Route::new(format!("posts/{slugged}/")).is_some());
            assert!(!slugged.contains('/'));
            assert_eq!(slug(&slugged), slugged);
        }
    }
}
