//! Builds that are killed, and the build after.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use proptest::prelude::{ProptestConfig, any};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::site::{Files, Site, assert_same};

const PHOTOGRAPHS: u32 = 12;

/// Files that are made of each.
const SIZES: usize = 4;

/// How often a build is killed at a moment that nothing but chance has chosen.
const MOMENTS: u32 = 200;

/// Endings of files that are not whole yet.
const UNFINISHED: [&str; 2] = [".new", ".tmp"];

fn is_whole(name: &str) -> bool {
    !UNFINISHED.iter().any(|ending| name.ends_with(ending))
}

fn start(site: &Site) -> Child {
    let mut command = site.command(&[]);
    command.env("RAYON_NUM_THREADS", "2").stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("genblog runs")
}

/// Starts a build, and kills it as soon as a folder holds so many whole files. A build that is done before cannot be killed.
fn kill_at(site: &Site, folder: &str, files: usize) -> bool {
    let mut build = start(site);
    let count = || {
        let entries = std::fs::read_dir(site.path(folder)).into_iter().flatten().filter_map(Result::ok);
        entries.filter(|entry| is_whole(&entry.file_name().to_string_lossy())).count()
    };
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
    site.times(".genblog/kept").into_iter().filter(|(name, _)| is_whole(name)).collect()
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
        let mut drawn = 1 + (random >> 16) as usize % (all - SIZES);
        let mut site = first.copied();
        while !kill_at(&site, folder, drawn) && drawn > 1 {
            // The build was done before anybody saw how far it was.
            drawn /= 2;
            site = first.copied();
        }
        let kept = results(&site);
        for (name, bytes) in site.files("public") {
            assert!(!is_whole(&name) || clean.get(&name) == Some(&bytes), "`{name}` is not whole");
        }
        site.build(0);
        assert_same(&site.files("public"), &clean);
        let after = results(&site);
        assert_eq!((after.len(), site.files(".genblog/kept").len()), (all, all));
        assert!(!site.path(".genblog/spooled").exists());
        // Whatever was kept is not made again, its file is the same; but for the pictures in hand, of which there were two.
        let again = kept.iter().filter(|(name, time)| after.get(*name) != Some(*time)).count();
        assert!(again <= 2 * (SIZES - 1), "{again} of {} were made again", kept.len());
        println!("killed at {drawn} in {folder}: {} kept, {again} made again", kept.len());
    }
}

/// Builds that are killed one after the other come to an end, too: each leaves more than it found.
#[test]
fn builds_that_are_killed_again_and_again_come_to_an_end() {
    let site = Site::new();
    site.album(PHOTOGRAPHS, (640, 420));
    let mut found = 0;
    while kill_at(&site, ".genblog/kept", found + 2 * SIZES) {
        let left = results(&site).len();
        assert!(left >= found + 2 * SIZES, "{left} results after {found}");
        found = left;
    }
    assert!(found > 0, "nothing was killed");
    site.build(0);
    assert_same(&site.files("public"), &site.clean_build());
}

/// A site in one of two states, which have hardly a file's bytes in common, and each some files that the other has not.
fn dress(site: &Site, state: usize) {
    let title = ["Notes", "Notices"][state];
    site.put("genblog.toml", format!("base_url = \"https://example.org/\"\ntitle = \"{title}\"\npage_size = 2\n"));
    for number in 0..6 {
        let tag = ["even", "odd", "third"][(number + state) % 3];
        let head = format!("+++\ntitle = \"Post {number}\"\ndate = 2026-11-0{}\ntags = [\"{tag}\"]\n+++\n", number + 1);
        site.put(&format!("content/posts/p{number}.md"), head + "Some words.\n");
    }
    let [there, gone] = [["a", "b"], ["b", "a"]][state];
    site.put(&format!("content/posts/only-{there}.md"), "+++\ntitle = \"Only now\"\ndate = 2026-11-20\n+++\nWords.\n");
    site.put(&format!("static/{there}/large.bin"), vec![b'.'; 300_000]);
    for path in [format!("content/posts/only-{gone}.md"), format!("static/{gone}/large.bin")] {
        if site.path(&path).exists() {
            std::fs::remove_file(site.path(&path)).expect("it can be removed");
        }
    }
}

/// At any instant every file is whole, the old one or the new, none that both states have is missing, and the next build ends right.
#[test]
fn a_build_can_be_killed_at_any_moment() {
    let site = Site::new();
    let states = [0, 1].map(|state| {
        dress(&site, state);
        site.clean_build()
    });
    site.build(0);
    // How long a build takes that has to write every page: moments are drawn from a little more.
    dress(&site, 0);
    let started = Instant::now();
    site.build(0);
    let longest = started.elapsed() * 5 / 4;
    let mut runner = TestRunner::new(ProptestConfig::default());
    let (mut killed, mut between, mut now) = (0, 0, 0);
    for _ in 0..MOMENTS {
        now = 1 - now;
        dress(&site, now);
        let part: u16 = any::<u16>().new_tree(&mut runner).expect("there is one").current();
        let mut build = start(&site);
        std::thread::sleep(longest * u32::from(part) / u32::from(u16::MAX));
        killed += u32::from(build.try_wait().expect("it can be asked").is_none());
        let _ = build.kill();
        build.wait().expect("it ends");

        let left = site.files("public");
        let [old, new] = [&states[1 - now], &states[now]];
        for (name, bytes) in left.iter().filter(|(name, _)| is_whole(name)) {
            assert!([old, new].iter().any(|state| state.get(name) == Some(bytes)), "`{name}` is neither old nor new");
        }
        for name in old.keys().filter(|name| new.contains_key(*name)) {
            assert!(left.contains_key(name), "`{name}` is missing");
        }
        between += u32::from(left != *old && left != *new);
        site.build(0);
        assert_same(&site.files("public"), new);
    }
    println!("{killed} builds were killed, {between} of them half-way through writing");
    assert!(between > 0, "no build was killed half-way through writing");
}
