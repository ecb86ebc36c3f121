//! A small site in a folder of its own, and genblog run in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::SystemTime;

use serde_json::Value;
use tempfile::TempDir;

/// A site in a folder of its own.
pub(crate) struct Site(TempDir);

impl Site {
    /// Two posts of one tag, of which the older has an old address and a file beside it, and a page.
    pub(crate) fn new() -> Self {
        let site = Self(tempfile::tempdir().expect("a temporary folder"));
        site.put("genblog.toml", "base_url = \"https://example.org/\"\ntitle = \"Notes\"\ntimezone = \"Asia/Tokyo\"\n");
        let first = "+++\ntitle = \"First\"\ntags = [\"xen\"]\naliases = [\"/old.html\"]\n+++\n\nThe first *post*.\n";
        site.put("content/posts/2026-11-01-first/index.md", first);
        site.put("content/posts/2026-11-01-first/table.csv", "a,b\n");
        site.put("content/posts/2026-11-02-second.md", "+++\ntitle = \"Second\"\ntags = [\"xen\"]\n+++\n\nMore.\n");
        site.put("content/pages/about.md", "---\ntitle: About\n---\n\nUs.\n");
        site.put("static/robots.png", "no picture");
        site
    }

    /// Where a file of the site is.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    pub(crate) fn put(&self, path: &str, text: &str) {
        let file = self.0.path().join(path);
        fs::create_dir_all(file.parent().expect("a folder")).expect("writable");
        fs::write(file, text).expect("writable");
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_genblog"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GENBLOG_")) {
            command.env_remove(name);
        }
        command.current_dir(self.0.path()).env("SOURCE_DATE_EPOCH", "1796000000");
        command
    }

    /// Runs a command that must end with `code`, and gives what it said on standard output and error.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str], code: i32) -> (String, String) {
        said(&self.command().args(arguments).output().expect("genblog runs"), code)
    }

    /// The same with variables in the environment.
    #[track_caller]
    pub(crate) fn run_with(&self, variables: &[(&str, &str)], arguments: &[&str], code: i32) -> (String, String) {
        let mut command = self.command();
        said(&command.envs(variables.iter().copied()).args(arguments).output().expect("genblog runs"), code)
    }

    /// What is told of one output, with letters in place of hashes: equal hashes have equal letters.
    #[track_caller]
    pub(crate) fn explain(&self, name: &str) -> String {
        lettered(&self.run(&["explain", name], 0).0)
    }

    /// The verdict and what differs, as programs read it.
    #[track_caller]
    pub(crate) fn verdict(&self, name: &str) -> (String, Value) {
        let (told, _) = self.run(&["explain", name, "--json"], 0);
        let told: Value = serde_json::from_str(&told).expect("JSON");
        let [one] = told.as_array().expect("a list").as_slice() else { panic!("{told}") };
        (one["verdict"].as_str().expect("a word").to_owned(), one["changes"].clone())
    }

    /// Every file with its bytes and when it was written.
    pub(crate) fn snapshot(&self) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
        let files = walkdir::WalkDir::new(self.0.path()).into_iter().map(|entry| entry.expect("readable"));
        let file = |path: &Path| {
            let time = path.metadata().and_then(|metadata| metadata.modified()).expect("a time");
            (path.to_owned(), (fs::read(path).expect("readable"), time))
        };
        files.filter(|entry| entry.file_type().is_file()).map(|entry| file(entry.path())).collect()
    }
}

#[track_caller]
pub(crate) fn said(output: &Output, code: i32) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{out}\n{err}");
    (out, err)
}

/// A text with letters in place of hashes.
fn lettered(text: &str) -> String {
    let mut seen: Vec<&str> = Vec::new();
    let is_hash = |word: &&str| word.len() == 16 && word.chars().all(|c| c.is_ascii_hexdigit());
    for word in text.split([' ', ',', '\n']).filter(is_hash) {
        if !seen.contains(&word) {
            seen.push(word);
        }
    }
    let letter = |place: usize| char::from(b'A' + u8::try_from(place).expect("few hashes")).to_string();
    seen.iter().enumerate().fold(text.to_owned(), |text, (place, hash)| text.replace(hash, &letter(place)))
}
