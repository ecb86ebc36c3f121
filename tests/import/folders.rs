//! Folders of other generators as they should not be.

use genblog::foreign::folder::{Generator, guess};
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

/// Folders of which the last text is still to be written.
const STARTS: [(&str, Generator); 5] = [
    ("--- hugo.toml\n--- content/a.png\n--- content/b/index.fr.md\n--- content/b/index.md\n", Generator::Hugo),
    ("--- zola.toml\n--- content/blog/b/p.png\n--- content/blog/b/index.md\n", Generator::Zola),
    ("--- _config.yml\n--- _posts/2020-01-01-a.md\n", Generator::Jekyll),
    ("--- eleventy.config.js\n--- a.md\n", Generator::Eleventy),
    ("--- a.txt\n", Generator::GenBlog),
];

fn damaged_folders() -> impl Strategy<Value = Vec<u8>> {
    damaged(seeds("folders", 5), &TRIPS)
}

/// What a fuzzer began with and what it found.
#[test]
fn seeds_are_played() {
    seeds("folders", 5).iter().for_each(|seed| fuzz::folders::import(seed));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_bytes_are_the_texts_of_a_folder(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        for (start, generator) in STARTS {
            let bytes = [start.as_bytes(), &bytes].concat();
            assert_eq!(guess(&fuzz::folders::tree(&bytes)), Some(generator));
            fuzz::folders::import(&bytes);
        }
    }

    #[test]
    fn whatever_damage_a_folder_has_its_files_stay_in_the_new_one(bytes in damaged_folders()) {
        fuzz::folders::import(&bytes);
    }
}
