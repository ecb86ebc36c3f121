//! Blogs (`cargo bench --bench blog`): genblog and Hugo in turn on the same posts with equivalent templates, in memory-backed
//! storage, and the ratios.
//!
//! What is measured: a build from nothing, one in which nothing has changed, one after each of four edits, how soon `genblog serve` has
//! the new page, and a build from nothing of posts whose blocks of code differ: genblog colours equal ones once. Hugo has no
//! incremental build, so each of its builds is one from nothing. Goals at 10,000 posts: an eighth of Hugo's processor time and 300 MB
//! from nothing; 100 ms where nothing or one word has changed, 50 ms in `serve`. `POSTS=1000,10000,100000` chooses how many; `HUGO` is
//! the program. Nothing fails here: a busy machine is slow.

mod corpus;
#[path = "../cost.rs"]
mod cost;
mod serving;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::corpus::{GENBLOG, HUGO, name, post, with_other_code, write};
use crate::cost::{Cost, measure};

/// Something that an author does between two builds.
struct Edit {
    name: &'static str,
    /// Does it in both sites; they have so many posts.
    make: fn(&Path, u64),
}

/// What genblog is called beside the two sites.
const PROGRAM: &str = "program";

/// After so long a file that nobody writes to need not be read again.
const SETTLED: Duration = Duration::from_millis(200);

const EDITS: [Edit; 6] = [
    Edit { name: "nothing changed", make: |_, _| {} },
    Edit { name: "nothing changed, again", make: |_, _| {} },
    Edit {
        name: "one word changed",
        make: |root, posts| {
            let file = root.join(name(posts / 2));
            let text = fs::read_to_string(&file).expect("written before");
            // The last word of the text: no list shows it.
            let at = text.trim_end().trim_end_matches("```").trim_end().rfind(' ').expect("a blank");
            fs::write(file, format!("{} typo{}", &text[..at], &text[at..])).expect("room");
        },
    },
    Edit { name: "one new post", make: |root, posts| fs::write(root.join(name(posts)), post(posts)).expect("room") },
    Edit {
        name: "one line of a template",
        make: |root, _| {
            replace(root, ["templates/post.html", "layouts/single.html"], "<article>", "<article class=\"post\">");
        },
    },
    Edit {
        name: "one value of the configuration",
        make: |root, _| replace(root, ["genblog.toml", "hugo.toml"], "\"Notes\"", "\"Other notes\""),
    },
];

fn main() {
    let posts = env::var("POSTS").unwrap_or_else(|_| "1000,10000".to_owned());
    let folder = storage().join(format!("genblog-blogs-{}", std::process::id()));
    for posts in posts.split(',').filter_map(|posts| posts.trim().parse().ok()) {
        compare(&folder, posts);
        fs::remove_dir_all(&folder).expect("removed");
    }
}

/// Replaces a text in the one of two files that a site has.
fn replace(root: &Path, files: [&str; 2], from: &str, to: &str) {
    for file in files.map(|file| root.join(file)) {
        if let Ok(text) = fs::read_to_string(&file) {
            assert!(text.contains(from), "an edit changes something");
            fs::write(file, text.replace(from, to)).expect("room");
        }
    }
}

/// A folder in memory, where there is one.
fn storage() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() { memory } else { env::temp_dir() }
}

/// Prints the table for a blog of so many posts.
fn compare(folder: &Path, posts: u64) {
    let [ours, theirs] = ["genblog", "hugo"].map(|name| folder.join(name));
    write(&ours, GENBLOG, posts).expect("room");
    write(&theirs, HUGO, posts).expect("room");
    // As a program that was installed long ago it is on the sites' own file system, where it is read once.
    fs::copy(env!("CARGO_BIN_EXE_genblog"), folder.join(PROGRAM)).expect("room");
    thread::sleep(SETTLED);
    println!("{posts} posts");
    println!("{:34} {:>11} {:>11} {:>10}", "", "clock", "processors", "memory");
    row("from nothing", genblog(&ours), hugo(&theirs));
    let copied = measure(Command::new("cp").arg("-r").arg(ours.join("public")).arg(folder.join("copy")));
    println!("{:34} {}", "  cp -r of genblog's result", copied.map_or_else(String::new, Cost::row));
    for edit in &EDITS {
        thread::sleep(SETTLED);
        (edit.make)(&ours, posts);
        (edit.make)(&theirs, posts);
        thread::sleep(SETTLED);
        row(edit.name, genblog(&ours), hugo(&theirs));
    }
    let (file, page) = (
        ours.join(name(posts / 2)),
        format!("/{}/", name(posts / 2).trim_start_matches("content/").trim_end_matches(".md")),
    );
    let served = serving::word(&folder.join(PROGRAM), &ours, &file, &page);
    let served = served.map_or("did not run".to_owned(), |took| format!("{:>8.1} ms", took.as_secs_f64() * 1000.0));
    println!("one word while it is served, from the save to the new page\n  {:32} {served}", "genblog");
    for root in [&ours, &theirs] {
        (0..posts).for_each(|number| fs::write(root.join(name(number)), with_other_code(number)).expect("room"));
        for made in ["public", ".genblog", "resources"].map(|made| root.join(made)).iter().filter(|made| made.is_dir())
        {
            fs::remove_dir_all(made).expect("removed");
        }
    }
    thread::sleep(SETTLED);
    row("from nothing, all code different", genblog(&ours), hugo(&theirs));
    println!();
}

fn row(name: &str, ours: Option<Cost>, theirs: Option<Cost>) {
    println!("{name}");
    for (program, cost) in [("genblog", ours), ("Hugo", theirs)] {
        println!("  {program:32} {}", cost.map_or("did not run".to_owned(), Cost::row));
    }
    if let (Some(ours), Some(theirs)) = (ours, theirs) {
        #[expect(clippy::cast_precision_loss, reason = "a ratio to two digits")]
        let memory = ours.memory as f64 / theirs.memory as f64;
        let (clock, work) = (ours.clock / theirs.clock, ours.work / theirs.work);
        println!("  {:32} {clock:>9.3}   {work:>9.3}   {memory:>9.3}", "ratio");
    }
}

fn genblog(root: &Path) -> Option<Cost> {
    measure(Command::new(root.with_file_name(PROGRAM)).arg("--root").arg(root).args(["build", "--quiet"]))
}

fn hugo(root: &Path) -> Option<Cost> {
    let program = env::var("HUGO").unwrap_or_else(|_| "hugo".to_owned());
    measure(Command::new(program).arg("--source").arg(root).args(["build", "--quiet"]))
}
