//! What authors write, with mistakes that nobody thought of: the seeds of fuzzers, as they are and damaged.

use proptest::prelude::ProptestConfig;
use proptest::proptest;

#[path = "../fuzz/src/authored/mod.rs"]
pub mod authored;

#[path = "import/damage.rs"]
mod damage;

use crate::damage::{damaged, seeds};

/// What trips readers of TOML, YAML and Markdown up.
const TRIPS: &[&str] = &[
    "\"",
    "'''",
    "[[",
    "]",
    "{",
    "= ",
    ": ",
    "- ",
    "\n+++\n",
    "\n---\n",
    "&a ",
    "*a",
    "```",
    "```sim\n",
    "![",
    "](",
    "[^1]",
    "|",
    "<",
    "<!--",
    "</",
    "&#0;",
    "\u{0}",
    "\u{202e}",
    "\u{feff}",
    "é",
    "e\u{301}",
    "\t",
    "\r\n",
    "    ",
    "{#",
    "sim:",
    "claim:",
    "src:",
    "@/",
    "9999999999999999999",
];

#[test]
fn every_seed_is_understood_or_told_of() {
    seeds("configuration", 3).iter().for_each(|seed| authored::configuration(seed));
    seeds("front_matter", 3).iter().for_each(|seed| authored::front_matter(seed));
    seeds("markdown", 3).iter().for_each(|seed| authored::markdown(seed));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_damaged_configuration_is_told_of(bytes in damaged(seeds("configuration", 3), TRIPS)) {
        authored::configuration(&bytes);
    }

    #[test]
    fn damaged_front_matter_is_told_of(bytes in damaged(seeds("front_matter", 3), TRIPS)) {
        authored::front_matter(&bytes);
    }

    #[test]
    fn damaged_markdown_is_told_of(bytes in damaged(seeds("markdown", 3), TRIPS)) {
        authored::markdown(&bytes);
    }
}
