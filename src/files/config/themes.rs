//! The key `theme` and the table `[themes]`.

use crate::words::source_text::Located;
use crate::words::table::Reader;

/// How a site looks, as far as the configuration says; whether there are such themes is known where their files are.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ThemesConfig {
    /// The site's theme.
    pub theme: Option<Located<String>>,
    /// The themes that readers may choose from, each once.
    pub offer: Vec<Located<String>>,
}

/// Whether a theme may be called so: its name is a folder's and a part of addresses.
#[must_use]
pub fn is_theme_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.len() <= 40 && name.chars().all(allowed)
}

pub(super) fn themes(reader: &mut Reader<'_>) -> ThemesConfig {
    let theme = reader.filled_text("theme");
    let mut offer: Vec<Located<String>> = Vec::new();
    if let Some(table) = reader.table("themes") {
        let mut keys = Reader::new(table, "themes");
        for name in keys.texts("offer") {
            if offer.iter().any(|other| other.value == name.value) {
                keys.bad_value(&name.span, format!("`{}` is offered twice", name.value), "name each theme once");
            } else {
                offer.push(name);
            }
        }
        for diagnostic in keys.finish() {
            reader.report(diagnostic);
        }
    }
    ThemesConfig { theme, offer }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_themes_are_small_words() {
        for (name, expected) in
            [("weblog", true), ("a-2", true), ("", false), ("2a", false), ("A", false), ("..", false), ("a/b", false)]
        {
            assert_eq!(is_theme_name(name), expected, "{name}");
        }
    }
}
