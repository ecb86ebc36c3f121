//! Files use lower floors only, and within a floor of the generator no two modules use each other in a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The floors of both packages, the lowest first.
const PACKAGES: [(&str, &[&str]); 2] = [
    ("src", &["words", "files", "parsing", "foreign", "graph", "rendering", "running"]),
    ("sim-wasm/src", &["words", "hypervisor", "protocols", "actors", "machine", "telling"]),
];

/// The modules that each module of a package uses, as `floor::module`; a floor's own `mod.rs` is `floor`.
fn uses(folder: &str) -> BTreeMap<String, BTreeSet<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for entry in walkdir::WalkDir::new(&root) {
        let entry = entry.expect("readable");
        let path = entry.path().strip_prefix(&root).expect("inside").to_str().expect("UTF-8");
        let Some(module) = path.strip_suffix(".rs") else { continue };
        let module = module.trim_end_matches("/mod").split('/').take(2).collect::<Vec<_>>().join("::");
        let text = std::fs::read_to_string(entry.path()).expect("readable");
        // Tests may look down from anywhere.
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        uses.entry(module).or_default().extend(used(code));
    }
    uses
}

/// What follows `crate::` in code, two names deep; comments link in every direction.
fn used(code: &str) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    for path in lines.flat_map(|line| line.split("crate::").skip(1)) {
        let name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let (floor, rest) = path.split_at(path.find(|c| !name(c)).unwrap_or(path.len()));
        let rest = rest.strip_prefix("::").unwrap_or_default();
        match rest.strip_prefix('{').and_then(|names| names.split('}').next()) {
            Some(names) => used.extend(names.split(',').map(|name| pair(floor, name.trim()))),
            None => {
                used.insert(pair(floor, &rest[..rest.find(|c| !name(c)).unwrap_or(rest.len())]));
            }
        }
    }
    used
}

/// A module of a floor, or the floor itself when the name is no module: types start with a capital.
fn pair(floor: &str, name: &str) -> String {
    let module = name.split("::").next().unwrap_or_default();
    if module.starts_with(|c: char| c.is_ascii_lowercase()) { format!("{floor}::{module}") } else { floor.to_owned() }
}

fn floor_of(module: &str) -> &str {
    module.split("::").next().unwrap_or(module)
}

#[test]
fn files_use_lower_floors_only() {
    let mut wrong = Vec::new();
    for (folder, floors) in PACKAGES {
        let height = |module: &str| floors.iter().position(|floor| *floor == floor_of(module));
        for (module, used) in uses(folder) {
            if matches!(&*module, "lib" | "main") {
                continue;
            }
            let own = height(&module).unwrap_or_else(|| panic!("`{folder}/{module}` stands on no floor"));
            let higher = used.iter().filter(|used| height(used).is_some_and(|floor| floor > own));
            wrong.extend(higher.map(|used| format!("{folder}: `{module}` uses `{used}`")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_modules_of_a_floor_use_each_other_in_a_circle() {
    // In the engine a figure and its picture are two halves of one thing.
    let uses = uses("src");
    let modules = uses.keys().filter(|module| module.contains("::"));
    let circles: Vec<_> = modules.filter(|module| reaches(&uses, module, module)).cloned().collect();
    assert!(circles.is_empty(), "each of these uses itself by way of others:\n{}", circles.join("\n"));
}

/// Whether the modules of `from`'s floor lead from `from` to `to`.
fn reaches(uses: &BTreeMap<String, BTreeSet<String>>, from: &str, to: &str) -> bool {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(module) = open.pop() {
        let same_floor =
            uses.get(module).into_iter().flatten().filter(|used| floor_of(used) == floor_of(from) && *used != module);
        for used in same_floor {
            if used == to {
                return true;
            }
            if seen.insert(used.as_str()) {
                open.push(used);
            }
        }
    }
    false
}

#[test]
fn uses_are_found_in_every_form() {
    let code = "use crate::words::route::Route;\nuse crate::parsing::{post, page};\n/// [`crate::running::cli`]\nlet x = crate::graph::assemble(y);\nuse crate::telling::Player;";
    let expected = ["graph::assemble", "parsing::page", "parsing::post", "telling", "words::route"];
    assert_eq!(used(code).iter().map(String::as_str).collect::<Vec<_>>(), expected);
}
