//! What README.md promises of the engine and of the commands around it is there, and what docs/writing.md tells authors.

use std::path::{Path, PathBuf};

use sim_wasm::telling::catalogue;
use sim_wasm::telling::player::Player;
use sim_wasm::telling::source::Tree;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).expect("the repository has the file")
}

/// What stands between each `open` and the next `close`.
fn between<'text>(text: &'text str, open: &'static str, close: char) -> impl Iterator<Item = &'text str> {
    text.split(open).skip(1).filter_map(move |rest| rest.split(close).next())
}

#[test]
fn every_make_target_it_names_exists_and_is_explained() {
    let (readme, makefile) = (read("README.md"), read("Makefile"));
    let named = between(&readme, "`make ", '`').chain(between(&readme, "\nmake ", ' '));
    let targets: Vec<&str> = named.collect();
    assert!(targets.len() >= 4, "{targets:?}");
    for target in targets {
        assert!(makefile.contains(&format!("\n{target}:")), "`{target}` is a target");
        assert!(makefile.contains(&format!("\n## {target}: ")), "`{target}` is explained");
    }
}

#[test]
fn every_frame_it_links_to_opens() {
    let readme = read("README.md");
    let frames: Vec<&str> = between(&readme, "](sim:", ')').collect();
    assert!(!frames.is_empty());
    for frame in frames {
        assert!(Player::open(frame).is_ok(), "{frame}");
    }
}

#[test]
fn it_names_every_figure_and_no_other() {
    let readme = read("README.md");
    let (_, today) = readme.split_once("**Figures** today:").expect("it lists the figures");
    let (list, _) = today.split_once(". A link").expect("the list ends with its sentence");
    let listed: Vec<&str> = list.split('`').skip(1).step_by(2).collect();
    let known: Vec<&str> = catalogue().iter().map(|figure| figure.name).collect();
    assert_eq!(listed, known);
}

#[test]
fn every_place_on_its_map_is_there() {
    let readme = read("README.md");
    let (_, map) = readme.split_once("## Map of the code").expect("it has a map");
    let (map, _) = map.split_once("[ARCHITECTURE.md]").expect("the map ends there");
    let rows = map.lines().filter(|line| line.starts_with("| `"));
    let places = rows.flat_map(|row| row.split('|').nth(1).expect("a first column").split('`').skip(1).step_by(2));
    for place in places {
        assert!(root().join(place).exists(), "{place}");
    }
}

#[test]
fn authors_are_told_every_tree_of_sources() {
    let writing = read("docs/writing.md");
    for tree in Tree::ALL {
        assert!(writing.contains(&format!("`{}` (", tree.key())), "`{}` is named, and what it is", tree.key());
    }
}
