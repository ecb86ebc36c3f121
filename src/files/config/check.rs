//! The tables `[check]` and `[budgets]`: what `genblog check` looks at beyond what a build does.

use std::collections::BTreeMap;

use crate::words::address::is_web_address;
use crate::words::source_text::{Located, Span};
use crate::words::table::Reader;

/// What a page loads, by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The page itself.
    Html,
    /// Scripts, and modules that are named beside them.
    Script,
    /// Style sheets.
    Style,
    /// The engine's modules.
    Wasm,
    /// Pictures.
    Images,
    /// Fonts that style sheets name.
    Fonts,
}

impl Kind {
    /// All of them, as the table names them.
    pub const ALL: [Self; 6] = [Self::Html, Self::Script, Self::Style, Self::Wasm, Self::Images, Self::Fonts];

    /// The key that holds its budget.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Script => "script",
            Self::Style => "style",
            Self::Wasm => "wasm",
            Self::Images => "images",
            Self::Fonts => "fonts",
        }
    }
}

/// Bytes that a page may load of a kind; a kind without a budget may be of any size.
pub type Budgets = BTreeMap<Kind, u64>;

/// What the table `[check]` says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckConfig {
    /// Addresses elsewhere that begin so are not asked for.
    pub skip: Vec<String>,
}

impl CheckConfig {
    /// Whether nobody is to ask for an address.
    #[must_use]
    pub fn skips(&self, url: &str) -> bool {
        self.skip.iter().any(|start| url.starts_with(start.as_str()))
    }
}

/// Reads `[check]`.
pub(super) fn check(reader: &mut Reader<'_>) -> CheckConfig {
    let Some(table) = reader.table("check") else { return CheckConfig::default() };
    let mut keys = Reader::new(table, "what `genblog check` is told");
    let mut skip = Vec::new();
    for Located { value, span } in keys.texts("skip") {
        if is_web_address(&value) {
            skip.push(value);
        } else {
            let help = "write the start of an address, for example `https://example.org/`";
            keys.bad_value(&span, format!("`{value}` is not an address on the web"), help);
        }
    }
    for diagnostic in keys.finish() {
        reader.report(diagnostic);
    }
    CheckConfig { skip }
}

/// Reads `[budgets]`.
pub(super) fn budgets(reader: &mut Reader<'_>) -> Budgets {
    let Some(table) = reader.table("budgets") else { return Budgets::new() };
    let mut keys = Reader::new(table, "a page's budgets");
    let budget = |kind: Kind| Some((kind, size(&mut keys, kind.key())?));
    let budgets = Kind::ALL.into_iter().filter_map(budget).collect();
    for diagnostic in keys.finish() {
        reader.report(diagnostic);
    }
    budgets
}

/// A number of bytes, or a text with a unit.
fn size(keys: &mut Reader<'_>, key: &'static str) -> Option<u64> {
    let (size, written, span): (Option<u64>, String, Span) = if keys.holds_text(key) {
        let Located { value, span } = keys.text(key)?;
        (bytes(&value), value, span)
    } else {
        let Located { value, span } = keys.integer(key)?;
        (u64::try_from(value).ok(), value.to_string(), span)
    };
    if size.is_none() {
        let help = "write a number of bytes, or one with a unit, for example `\"60 kB\"`: B, kB, MB, KiB or MiB";
        keys.bad_value(&span, format!("`{key}` cannot be `{written}`"), help);
    }
    size
}

/// `60 kB`, `1.5 MB` or `64 KiB` in bytes; a kilobyte has 1,000, as the unit says (IEC 80000-13).
fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len()));
    let unit: u64 = match unit {
        "" | "B" => 1,
        "kB" => 1000,
        "MB" => 1_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        _ => return None,
    };
    let (whole, part) = number.trim().split_once('.').unwrap_or((number.trim(), "0"));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(part) || part.len() > 6 {
        return None;
    }
    let places = u32::try_from(part.len()).ok()?;
    let part = part.parse::<u64>().ok()? * unit / 10_u64.pow(places);
    whole.parse::<u64>().ok()?.checked_mul(unit)?.checked_add(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (text, expected) in [
            ("60 kB", Some(60_000)),
            ("1.5MB", Some(1_500_000)),
            ("64 KiB", Some(65_536)),
            ("0.5 MiB", Some(524_288)),
            ("12", Some(12)),
            ("12 B", Some(12)),
            ("0", Some(0)),
            ("60 KB", None),
            ("kB", None),
            ("-1 kB", None),
            ("1. kB", None),
            ("1e3", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(bytes(text), expected, "{text}");
        }
    }

    #[test]
    fn an_address_is_skipped_by_its_start() {
        let check = CheckConfig { skip: vec!["https://example.org/a".to_owned()] };
        let skipped =
            ["https://example.org/a/b", "https://example.org/b", "http://example.org/a"].map(|url| check.skips(url));
        assert_eq!(skipped, [true, false, false]);
    }
}
