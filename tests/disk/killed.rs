//! Builds that are killed, and the build after.

use std::process::{Child, Stdio};
use std::time::Duration;

use crate::site::{Files, Site, assert_same};

const PHOTOGRAPHS: u32 = 12;

/// Files that are made of each.
const SIZES: usize = 4;

/// Starts a build, and kills it as soon as a folder holds so many files. A build that is done before cannot be killed.
fn kill_at(site: &Site, folder: &str, files: usize) -> bool {
    let quiet = |command: &mut std::process::Command| -> Child {
        command.env("RAYON_NUM_THREADS", "2").stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("genblog runs")
    };
    let mut build = quiet(&mut site.command(&[]));
    let count = || std::fs::read_dir(site.path(folder)).map_or(0, Iterator::count);
    while count() < files {
        if build.try_wait().expect("it can be asked").is_some() {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    build.kill().expect("it can be killed");
    build.wait().expect("it ends");
    true
}

/// Results that are whole, by their names.
fn results(site: &Site) -> Files<std::time::SystemTime> {
    site.times(".genblog/kept").into_iter().filter(|(name, _)| !name.ends_with(".new")).collect()
}

#[test]
fn a_build_that_was_killed_goes_on_where_it_was() {
    let first = Site::new();
    first.album(PHOTOGRAPHS, (640, 420));
    let clean = first.clean_build();
    let all = PHOTOGRAPHS as usize * SIZES;
    let mut random = 2008_u32;
    // Twice while pictures are made, and twice while they are written.
    for folder in [".genblog/kept", ".genblog/kept", "public/assets/photos", "public/assets/photos"] {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let drawn = 1 + (random >> 16) as usize % (all - SIZES);
        let site = first.copied();
        let killed = kill_at(&site, folder, drawn);
        // Files are copied so quickly that a build may be done before.
        assert!(killed || folder != ".genblog/kept", "the build was done before it was killed");
        let kept = results(&site);
        for (name, bytes) in site.files("public") {
            assert!(name.ends_with(".tmp") || clean.get(&name) == Some(&bytes), "`{name}` is not whole");
        }
        site.build(0);
        assert_same(&site.files("public"), &clean);
        let after = results(&site);
        assert_eq!((after.len(), site.files(".genblog/kept").len()), (all, all));
        assert!(!site.path(".genblog/spool").exists());
        // Whatever was kept is not made again, its file is the same; but for the pictures in hand, of which there were two.
        let again = kept.iter().filter(|(name, time)| after.get(*name) != Some(*time)).count();
        assert!(again <= 2 * (SIZES - 1), "{again} of {} were made again", kept.len());
        println!("killed at {drawn} in {folder}: {} kept, {again} made again", kept.len());
    }
}

/// Builds that are killed one after the other come to an end, too.
#[test]
fn builds_that_are_killed_again_and_again_come_to_an_end() {
    let site = Site::new();
    site.album(PHOTOGRAPHS, (640, 420));
    let mut builds = 0;
    while kill_at(&site, ".genblog/kept", results(&site).len() + 2 * SIZES) {
        builds += 1;
        assert!(builds < PHOTOGRAPHS, "no build gets further than the one before");
    }
    assert!(builds > 0, "nothing was killed");
    site.build(0);
    assert_same(&site.files("public"), &site.clean_build());
}
