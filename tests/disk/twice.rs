//! Nothing is done twice.

use std::fs;

use crate::site::{Site, assert_same, photograph};

/// How many files of a folder are new or gone since.
fn new_and_gone<T>(before: &crate::site::Files<T>, after: &crate::site::Files<T>) -> (usize, usize) {
    let missing = |from: &crate::site::Files<T>, to: &crate::site::Files<T>| {
        to.keys().filter(|path| !from.contains_key(*path)).count()
    };
    (missing(before, after), missing(after, before))
}

#[test]
fn a_caption_decodes_nothing() {
    let site = Site::new();
    site.album(3, (600, 400));
    site.build(0);
    let (kept, photos) = (site.times(".genblog/kept"), site.times("public/assets/photos"));
    assert_eq!((kept.len(), photos.len()), (12, 12));
    let index = String::from_utf8(site.files("content/gallery/walk").remove("index.md").expect("there")).expect("text");
    site.put(
        "content/gallery/walk/index.md",
        index.replace("alt = \"Tree 1\"", "alt = \"Oak\"\ncaption = \"An oak.\""),
    );
    assert!(site.build(0).contains("written"));
    assert_same(&site.times(".genblog/kept"), &kept);
    assert_same(&site.times("public/assets/photos"), &photos);
    let pages = site.files("public/gallery/walk");
    assert!(pages.values().any(|page| page.windows(7).any(|text| text == b"An oak.")));
    assert_same(&site.files("public"), &site.clean_build());
}

#[test]
fn what_belongs_to_no_photograph_goes() {
    let site = Site::new();
    site.album(4, (600, 400));
    site.build(0);
    let folder = site.path("content/gallery/walk");
    let index = fs::read_to_string(folder.join("index.md")).expect("there");
    for (what, new, gone) in [("removed", 0, 4), ("renamed", 4, 4), ("changed", 4, 4)] {
        let (kept, photos) = (site.files(".genblog/kept"), site.files("public/assets/photos"));
        match what {
            "removed" => fs::remove_file(folder.join("00.jpg")).expect("there"),
            "renamed" => fs::rename(folder.join("01.jpg"), folder.join("05.jpg")).expect("there"),
            _ => site.put("content/gallery/walk/02.jpg", photograph(9, (600, 400))),
        }
        let described = |entry: &&str| {
            entry.split('"').nth(1).is_none_or(|file| !file.ends_with(".jpg") || folder.join(file).exists())
        };
        let entries: Vec<&str> = index.trim_end_matches("+++\n").split("[[photos]]").filter(described).collect();
        site.put("content/gallery/walk/index.md", entries.join("[[photos]]") + "+++\n");
        site.build(0);
        assert_eq!(new_and_gone(&kept, &site.files(".genblog/kept")), (new, gone), "{what}");
        assert_eq!(new_and_gone(&photos, &site.files("public/assets/photos")), (new, gone), "{what}");
        assert_same(&site.files("public"), &site.clean_build());
    }
}

/// Bytes that a build does not look at can be anything, as long as the memory says that it knows them.
#[cfg(unix)]
#[test]
fn what_is_known_is_neither_read_nor_decoded() {
    let site = Site::new();
    site.album(3, (600, 400));
    site.put("static/film.bin", [7; 5000]);
    site.build(0);
    wait_until_settled();
    // The second build remembers what was too new for the first.
    assert!(site.build(0).contains(": 0 written"));
    let public = site.times("public");
    let (photo, film) = ("content/gallery/walk/01.jpg", "static/film.bin");
    let output = site.times("public/assets/photos").into_keys().next().expect("a derivative");
    let output = format!("public/assets/photos/{output}");
    for file in [photo, film, &output] {
        forge(&site, file);
    }
    assert!(site.build(0).contains(": 0 written"));
    assert_same(
        &site.times("public").into_keys().map(|path| (path, ())).collect(),
        &public.into_keys().map(|path| (path, ())).collect(),
    );
    // Without the memory, everything is seen.
    fs::remove_dir_all(site.path(".genblog/seen")).expect("there");
    site.build(1);
}

/// Longer than a tick of any clock that writes nanoseconds down.
fn wait_until_settled() {
    std::thread::sleep(std::time::Duration::from_millis(150));
}

/// Puts other bytes of the same length into a file, and makes the memory believe that they are the ones that it knows.
#[cfg(unix)]
fn forge(site: &Site, path: &str) {
    use std::os::unix::fs::MetadataExt;
    let file = site.path(path);
    let stamp = || {
        let it = file.metadata().expect("there");
        let time = |seconds: i64, nanoseconds: i64| seconds * 1_000_000_000 + nanoseconds;
        let (modified, changed) = (time(it.mtime(), it.mtime_nsec()), time(it.ctime(), it.ctime_nsec()));
        postcard::to_allocvec(&(it.dev(), it.ino(), it.len(), modified, changed)).expect("plain data")
    };
    let before = stamp();
    let length = usize::try_from(file.metadata().expect("there").len()).expect("small");
    fs::write(&file, vec![0; length]).expect("writable");
    let mut known = 0;
    for (name, bytes) in site.files(".genblog/seen") {
        let mut memory =
            bytes[bytes.iter().position(|byte| *byte == b'\n').expect("a hash, then the memory") + 1..].to_vec();
        if let Some(at) = memory.windows(before.len()).position(|window| window == before) {
            known += 1;
            memory.splice(at..at + before.len(), stamp());
        }
        let hash = blake3::hash(&memory).to_hex();
        site.put(&format!(".genblog/seen/{name}"), [hash.as_bytes(), b"\n", &memory].concat());
    }
    assert_eq!(known, 1, "{path} is remembered");
}
