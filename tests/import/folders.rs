//! Folders of other generators as they should not be.

use proptest::prelude::{ProptestConfig, Strategy, any, proptest};

use crate::damage::{damaged, seeds};
use crate::fuzz;

/// What trips readers of texts up.
const TRIPS: [&str; 30] = [
    "---",
    "\n---\n",
    "+++\n",
    "\n--- content/x.md\n",
    "\n--- _posts/2020-02-30-x.md\n",
    "\n--- content/a/index.de.md\n",
    "{{",
    "}}",
    "{%",
    "%}",
    "{{<",
    ">}}",
    "{% raw %}",
    "{{< ref ",
    "@/",
    "](",
    "<",
    ">",
    "\"",
    "'",
    ":",
    "[",
    "]",
    "../",
    "date = ",
    "slug: ..\n",
    "lang: x_y\n",
    "\u{0}",
    "\u{1b}",
    "\u{feff}",
];

fn damaged_folders() -> impl Strategy<Value = Vec<u8>> {
    damaged(seeds("folders"), &TRIPS)
}

/// What a fuzzer began with and what it found.
#[test]
fn seeds_are_played() {
    seeds("folders").iter().for_each(|seed| fuzz::folders::import(seed));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_bytes_are_the_texts_of_a_folder(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        for start in ["--- hugo.toml\n--- content/a.md\n", "--- _config.yml\n--- _posts/2020-01-01-a.md\n", "--- a.txt\n"] {
            fuzz::folders::import(&[start.as_bytes(), &bytes].concat());
        }
    }

    #[test]
    fn whatever_damage_a_folder_has_its_files_stay_in_the_new_one(bytes in damaged_folders()) {
        fuzz::folders::import(&bytes);
    }
}
