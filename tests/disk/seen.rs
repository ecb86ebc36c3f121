//! Random edits of a site, after each of which what is remembered and what is not agree byte for byte.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use genblog::files::config::Overrides;
use genblog::graph::Choice;
use genblog::running::build::{Build, build};
use genblog::running::pipeline::Inputs;
use genblog::running::report::{Form, Outcome};
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use proptest::sample::Index;

use crate::site::{Site, assert_same, photograph};

/// What an author, or anybody else, does to a site.
#[derive(Debug, Clone)]
enum Edit {
    /// Puts a new picture or file there.
    Add(u8),
    /// Writes other bytes, as many as before; and sets the time of modification back to what it was.
    Change {
        which: Index,
        with: u8,
        set_back: bool,
    },
    /// Sets the time of modification to whatever.
    Touch {
        which: Index,
        seconds: u32,
    },
    Rename {
        which: Index,
        to: u8,
    },
    /// Two files change places.
    Swap(Index, Index),
    Remove(Index),
    /// Somebody writes into what is published, as many bytes as before.
    ChangeOutput {
        which: Index,
        with: u8,
    },
    RemoveOutput(Index),
    /// A byte of what genblog remembers or keeps.
    Damage {
        which: Index,
        at: Index,
    },
    /// All of what is remembered of one kind goes.
    Forget(&'static str),
    /// Time passes, so that what was too new to be remembered is old enough.
    Wait,
}

fn edit() -> impl Strategy<Value = Edit> {
    let index = any::<Index>;
    prop_oneof![
        3 => (0..12_u8).prop_map(Edit::Add),
        5 => (index(), any::<u8>(), any::<bool>())
            .prop_map(|(which, with, set_back)| Edit::Change { which, with, set_back }),
        1 => (index(), any::<u32>()).prop_map(|(which, seconds)| Edit::Touch { which, seconds }),
        2 => (index(), 0..12_u8).prop_map(|(which, to)| Edit::Rename { which, to }),
        2 => (index(), index()).prop_map(|(one, other)| Edit::Swap(one, other)),
        1 => index().prop_map(Edit::Remove),
        2 => (index(), any::<u8>()).prop_map(|(which, with)| Edit::ChangeOutput { which, with }),
        1 => index().prop_map(Edit::RemoveOutput),
        2 => (index(), index()).prop_map(|(which, at)| Edit::Damage { which, at }),
        1 => prop_oneof![Just(".genblog/seen"), Just(".genblog/kept"), Just(".genblog")].prop_map(Edit::Forget),
        2 => Just(Edit::Wait),
    ]
}

/// Names of pictures and of other files; there are few, so that they meet again.
fn name(number: u8) -> String {
    if number.is_multiple_of(4) { format!("static/{number}.bin") } else { format!("content/gallery/walk/{number}.jpg") }
}

/// A picture, or what takes its place; bytes after the end of a JPEG belong to nothing.
fn bytes(number: u8) -> Vec<u8> {
    [photograph(u32::from(number % 3), (24, 16)), vec![number; 9]].concat()
}

impl Edit {
    fn apply(&self, site: &Site) {
        let sources = || -> Vec<String> { (0..12).map(name).filter(|name| site.path(name).exists()).collect() };
        let below = |folder: &str| -> Vec<String> {
            site.times(folder).into_keys().map(|path| format!("{folder}/{path}")).collect()
        };
        let pick = |which: &Index, files: Vec<String>| (!files.is_empty()).then(|| which.get(&files).clone());
        match self {
            Self::Add(number) => site.put(&name(*number), bytes(*number)),
            Self::Change { which, with, set_back } => {
                let Some(name) = pick(which, sources()) else { return };
                let modified = site.path(&name).metadata().and_then(|file| file.modified()).expect("there");
                overwrite(site, &name, *with);
                if *set_back {
                    set_modified(site, &name, modified);
                }
            }
            Self::Touch { which, seconds } => {
                let Some(name) = pick(which, sources()) else { return };
                set_modified(site, &name, SystemTime::UNIX_EPOCH + Duration::from_secs(u64::from(*seconds)));
            }
            Self::Rename { which, to } => {
                let Some(from) = pick(which, sources()) else { return };
                fs::create_dir_all(site.path(&name(*to)).parent().expect("a folder")).expect("writable");
                fs::rename(site.path(&from), site.path(&name(*to))).expect("writable");
            }
            Self::Swap(one, other) => {
                let (Some(one), Some(other)) = (pick(one, sources()), pick(other, sources())) else { return };
                let aside = site.path("aside");
                fs::rename(site.path(&one), &aside).expect("writable");
                if one != other {
                    fs::rename(site.path(&other), site.path(&one)).expect("writable");
                }
                fs::rename(&aside, site.path(&other)).expect("writable");
            }
            Self::Remove(which) => {
                let Some(name) = pick(which, sources()) else { return };
                fs::remove_file(site.path(&name)).expect("there");
            }
            Self::ChangeOutput { which, with } => {
                if let Some(name) = pick(which, below("public")) {
                    overwrite(site, &name, *with);
                }
            }
            Self::RemoveOutput(which) => {
                let Some(name) = pick(which, below("public")) else { return };
                fs::remove_file(site.path(&name)).expect("there");
            }
            Self::Damage { which, at } => {
                // Without its manifest genblog takes its own files for a stranger's if they change next: no question of speed.
                let receipts =
                    below(".genblog/outputs").into_iter().filter(|name| name.ends_with(".receipt")).collect();
                let files = [below(".genblog/seen"), below(".genblog/kept"), receipts].concat();
                let Some(name) = pick(which, files) else { return };
                let mut bytes = fs::read(site.path(&name)).expect("there");
                if let Some(at) = (!bytes.is_empty()).then(|| at.index(bytes.len())) {
                    bytes[at] ^= 4;
                }
                site.put(&name, bytes);
            }
            Self::Forget(folder) => {
                let _ = fs::remove_dir_all(site.path(folder));
                if *folder == ".genblog" {
                    // The files are nobody's now.
                    let _ = fs::remove_dir_all(site.path("public"));
                }
            }
            Self::Wait => std::thread::sleep(Duration::from_millis(120)),
        }
    }
}

/// Other bytes at the end of a file, in place.
fn overwrite(site: &Site, name: &str, with: u8) {
    let mut bytes = fs::read(site.path(name)).expect("there");
    let from = bytes.len().saturating_sub(9);
    bytes[from..].fill(with);
    fs::write(site.path(name), bytes).expect("writable");
}

fn set_modified(site: &Site, name: &str, time: SystemTime) {
    File::options().append(true).open(site.path(name)).and_then(|file| file.set_modified(time)).expect("its owner may");
}

/// Describes what is in the album, and builds.
fn built(site: &Site) {
    let pictures = (0..12).map(name).filter(|name| name.ends_with(".jpg") && site.path(name).exists());
    let entries: String = pictures
        .filter_map(|name| Some(format!("[[photos]]\nfile = \"{}\"\nalt = \"Tree\"\n", name.rsplit('/').next()?)))
        .collect();
    if entries.is_empty() {
        let _ = fs::remove_dir_all(site.path("content/gallery"));
    } else {
        site.put("content/gallery/walk/index.md", format!("+++\n{entries}+++\n"));
    }
    let now: DateTime<Utc> = "2026-12-01T00:00:00Z".parse().expect("a moment");
    let inputs = Inputs {
        root: site.path(""),
        config: None,
        overrides: Overrides::default(),
        choice: Choice { now, drafts: false, future: false, expired: false },
    };
    let done =
        build(&Build { inputs, output: "public".into(), form: Form::Text, quiet: true, timings: false, verify: false })
            .expect("a terminal");
    assert_eq!(done, Outcome::Fine);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, max_shrink_iters: 40, ..ProptestConfig::default() })]

    #[test]
    fn what_is_remembered_makes_no_difference(edits in vec(vec(edit(), 1..4), 1..8)) {
        let site = Site::new();
        for number in [1, 2, 4] {
            Edit::Add(number).apply(&site);
        }
        built(&site);
        for edits in edits {
            edits.iter().for_each(|edit| edit.apply(&site));
            built(&site);
            let clean = site.copied();
            built(&clean);
            assert_same(&site.files("public"), &clean.files("public"));
        }
    }
}
