//! Disks that fill up while a build writes: what is there stays whole, and a build after it ends right.

use std::process::{Command, Output, Stdio};

use crate::site::{Site, assert_same};

/// More than the small disk has room for beside the site.
const TOO_MUCH: usize = 3_000_000;

/// Does as many builds as there are `steps` with a small disk at `folder`: before each its commands are run, after each the disk is copied
/// to `left-NUMBER`, and its exit status to `status-NUMBER`. The disk is gone in the end.
///
/// A disk of two megabytes is a mount of its own, in a namespace where everybody may mount. Where the system grants none the same
/// happens to each file by its size: writing beyond a megabyte fails.
fn on_small_disk(site: &Site, folder: &str, steps: &[&str]) -> String {
    let alone = |arguments: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount"]).args(arguments).stdin(Stdio::null());
        command
    };
    let try_it = "mount -t tmpfs -o size=2m small \"$0\"";
    let mounts =
        alone(&["sh", "-c", try_it, "/mnt"]).stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    let (mut command, disk) = if mounts {
        let kept = "cp -a \"$0\" was; mount -t tmpfs -o size=2m small \"$0\"; cp -a was/. \"$0\"";
        (alone(&["sh", "-c"]), kept)
    } else {
        (Command::new("sh"), "trap '' XFSZ; ulimit -f 2000")
    };
    if !mounts {
        command.arg("-c");
    }
    let mut script = format!("set -e\n{disk}\n");
    for (number, step) in steps.iter().enumerate() {
        let build = format!("{:?} build >>said 2>&1", env!("CARGO_BIN_EXE_genblog"));
        script.push_str(&format!(
            "{step}\nset +e\n{build}\necho $? >status-{number}\ncp -a \"$0\" left-{number}\nset -e\n"
        ));
    }
    let folder = site.path(folder);
    std::fs::create_dir_all(&folder).expect("writable");
    command.arg(script).arg(folder).current_dir(site.path(".")).env("SOURCE_DATE_EPOCH", "1796000000");
    let Output { status, stdout, stderr } = command.output().expect("a shell runs");
    assert!(status.success(), "{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    std::fs::read_to_string(site.path("said")).expect("something was said")
}

fn blog() -> Site {
    let site = Site::new();
    for number in 0..6 {
        let head = format!("+++\ntitle = \"Post {number}\"\ndate = 2026-11-0{}\n+++\n", number + 1);
        site.put(&format!("content/posts/p{number}.md"), head + "Some words.\n");
    }
    site
}

fn status(site: &Site, number: usize) -> String {
    std::fs::read_to_string(site.path(&format!("status-{number}"))).expect("a status").trim().to_owned()
}

#[test]
fn a_full_disk_loses_nothing_of_what_is_published() {
    let site = blog();
    site.build(0);
    let old = site.files("public");
    let next = site.copied();
    let config = std::fs::read_to_string(site.path("genblog.toml")).expect("readable");
    next.put("genblog.toml", config.replace("Notes", "Notices"));
    next.build(0);
    let new = next.files("public");

    site.put("large", vec![b'.'; TOO_MUCH]);
    let fill = "sed -i s/Notes/Notices/ genblog.toml; mkdir static; ln large static/zz.bin";
    let said = on_small_disk(&site, "public", &[fill, "rm static/zz.bin"]);
    assert!(said.contains("error[io]: the output cannot be written: `zz.bin`"), "{said}");
    assert!(said.contains("help: what is there is whole"), "{said}");
    assert_eq!([status(&site, 0), status(&site, 1)], ["2", "0"]);

    let left = site.files("left-0");
    for (name, bytes) in left.iter().filter(|(name, _)| !name.ends_with(".tmp")) {
        assert!([&old, &new].iter().any(|state| state.get(name) == Some(bytes)), "`{name}` is neither old nor new");
    }
    for name in old.keys().filter(|name| new.contains_key(*name)) {
        assert!(left.contains_key(name), "`{name}` is missing");
    }
    assert_same(&site.files("left-1"), &new);
}

/// What genblog remembers makes builds shorter, and no build needs it.
#[test]
fn a_full_disk_below_what_is_remembered_is_told_or_does_not_matter() {
    let site = blog();
    site.build(0);
    site.put("large", vec![b'.'; TOO_MUCH]);
    let fill = "sed -i s/Notes/Notices/ genblog.toml; cp large .genblog/large 2>/dev/null || true";
    let said = on_small_disk(&site, ".genblog", &[fill, "rm .genblog/large"]);
    assert!(["0", "2"].contains(&&*status(&site, 0)), "{said}");
    assert_eq!(status(&site, 1), "0", "{said}");
    assert_same(&site.files("public"), &site.clean_build());
}

/// Where nobody may write, not even root: `/proc` makes no folders.
#[test]
fn a_disk_that_cannot_be_written_is_told_and_nothing_else_is_lost() {
    let site = blog();
    site.build(0);
    let before = (site.files("public"), site.files(".genblog"));
    let Output { status, stderr, .. } =
        site.command(&["--output-dir", "/proc/genblog"]).output().expect("genblog runs");
    let said = String::from_utf8_lossy(&stderr);
    assert_eq!(status.code(), Some(2), "{said}");
    assert!(said.contains("error[io]: the output cannot be written: `assets/"), "{said}");
    assert!(said.contains("--> /proc/genblog"), "{said}");
    assert!(site.build(0).contains(" 0 written, "), "the site is as it was");
    assert_same(&site.files("public"), &before.0);
    for name in before.1.keys().filter(|name| name.starts_with("outputs/")) {
        assert!(site.path(&format!(".genblog/{name}")).exists(), "{name} is forgotten");
    }
}
