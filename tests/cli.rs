//! The commands as a user types them, run in folders of their own.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

/// A folder that is gone when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("genblog-cli-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder for the test");
        Self(folder)
    }

    /// A folder with a site in it.
    fn with_site() -> Self {
        let folder = Self::new();
        folder.write(
            "genblog.toml",
            "base_url = \"https://example.org/\"\ntitle = \"Notes\"\ntimezone = \"Asia/Tokyo\"\n",
        );
        folder.post("2026-11-01-first", "title = \"First\"", "The first *post*.\n");
        folder
    }

    fn write(&self, path: &str, text: &str) {
        let file = self.0.join(path);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(file, text).expect("written");
    }

    fn post(&self, name: &str, keys: &str, text: &str) {
        self.write(&format!("content/posts/{name}.md"), &format!("+++\n{keys}\n+++\n\n{text}"));
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.0.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn has(&self, path: &str) -> bool {
        self.0.join(path).exists()
    }

    fn genblog(&self, arguments: &[&str]) -> Output {
        command(&self.0).args(arguments).output().expect("genblog runs")
    }

    /// Runs a command that must end with `code`, and gives what it said on standard output and error.
    #[track_caller]
    fn run(&self, arguments: &[&str], code: i32) -> (String, String) {
        let output = self.genblog(arguments);
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{out}\n{err}");
        (out, err)
    }

    /// Every file below `path`, with its bytes and when it was written.
    fn snapshot(&self, path: &str) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.0.join(path)];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                if entry.path().is_dir() {
                    folders.push(entry.path());
                } else {
                    let time = entry.metadata().and_then(|metadata| metadata.modified()).expect("a time");
                    files.insert(entry.path(), (fs::read(entry.path()).expect("read"), time));
                }
            }
        }
        files
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_genblog"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GENBLOG_")) {
        command.env_remove(name);
    }
    command.current_dir(folder).env_remove("SOURCE_DATE_EPOCH");
    command
}

#[test]
fn a_new_site_builds_without_a_word_of_complaint() {
    let folder = Folder::new();
    let (made, _) = folder.run(&["new", "site", "blog"], 0);
    assert_eq!(made.lines().count(), 5, "{made}");
    assert!(made.contains("next: `genblog serve` in `"), "{made}");
    let (said, complaints) = folder.run(&["--root", "blog", "build"], 0);
    assert_eq!(complaints, "");
    assert!(said.starts_with("built ") && said.contains("(1 post, 0 photos)"), "{said}");
    assert!(folder.has("blog/public/index.html") && folder.has("blog/public/feed.xml"));
    let (said, complaints) = folder.run(&["--root", "blog", "check"], 0);
    assert_eq!((said.starts_with("checked 1 post"), complaints.as_str()), (true, ""));
}

#[test]
fn new_never_touches_what_is_there() {
    let folder = Folder::new();
    folder.run(&["init"], 0);
    let before = folder.snapshot(".");
    let (_, err) = folder.run(&["new", "site"], 2);
    assert!(err.contains("`genblog.toml` is there already"), "{err}");
    assert_eq!(folder.snapshot("."), before);
}

#[test]
fn new_entries_are_part_of_the_site() {
    let folder = Folder::with_site();
    let (path, _) = folder.run(&["new", "post", "A \"quoted\" title"], 0);
    assert!(path.trim_end().ends_with("-a-quoted-title.md"), "{path}");
    folder.run(&["new", "page", "Über uns"], 0);
    folder.run(&["build"], 0);
    assert!(folder.has("public/posts/a-quoted-title/index.html"));
    assert!(folder.read("public/über-uns/index.html").contains("Über uns"));
    let (_, err) = folder.run(&["new", "page", "Über uns"], 2);
    assert!(err.contains("is there already"), "{err}");
    folder.run(&["new", "post", "?!"], 1);
}

#[test]
fn a_new_theme_is_one_to_start_from() {
    let folder = Folder::with_site();
    let (made, _) = folder.run(&["--root", ".", "new", "theme", "my-own"], 0);
    let told: Vec<&str> = made.lines().map(|line| line.rsplit("/my-own/").next().unwrap_or(line)).collect();
    let next =
        "next: write `theme = \"my-own\"` into `genblog.toml`, above its tables, and `genblog serve` follows edits";
    assert_eq!(told, ["theme.toml", "css/92-my-own.css", "404.html", next]);
    assert!(folder.read("themes/my-own/theme.toml").contains("title = \"My-own\"\n"));
    let config = folder.read("genblog.toml");
    folder.write("genblog.toml", &format!("theme = \"my-own\"\n{config}"));
    let (_, complaints) = folder.run(&["build"], 0);
    assert_eq!(complaints, "");
    assert!(folder.read("public/404.html").contains("<h1>Nothing is here</h1>"));

    let (_, err) = folder.run(&["new", "theme", "my-own"], 2);
    assert!(err.contains("`themes/my-own/theme.toml` is there already"), "{err}");
    for (name, message) in [("book", "the theme `book` is built in"), ("../x", "`../x` cannot be a theme's name")] {
        let (_, err) = folder.run(&["new", "theme", name], 1);
        assert!(err.contains("error[bad-theme]") && err.contains(message), "{err}");
    }
}

#[test]
fn check_writes_nothing() {
    let folder = Folder::with_site();
    let before = folder.snapshot("");
    folder.run(&["check"], 0);
    assert_eq!(folder.snapshot(""), before);
}

#[test]
fn a_second_build_touches_nothing() {
    let folder = Folder::with_site();
    folder.run(&["build"], 0);
    let before = folder.snapshot("public");
    let (said, _) = folder.run(&["build"], 0);
    assert!(said.contains(": 0 written, ") && said.trim_end().ends_with("0 removed"), "{said}");
    assert_eq!(folder.snapshot("public"), before);

    folder.post("2026-11-01-first", "title = \"First\"", "Changed.\n");
    folder.run(&["build"], 0);
    let after = folder.snapshot("public");
    let touched = |name: &str| {
        let file = folder.0.join("public").join(name);
        before[&file].1 != after[&file].1
    };
    assert!(touched("posts/first/index.html") && touched("feed.xml"));
    assert!(!touched("404.html") && !touched("archives/index.html"));
}

#[test]
fn a_build_with_nothing_to_do_does_nothing_and_says_the_same() {
    let folder = Folder::with_site();
    folder.write("content/gallery/walk/index.md", "+++\ntitle = \"A walk\"\n+++\n");
    let (_, complaints) = folder.run(&["build"], 0);
    assert!(complaints.contains("warning[empty-album]"), "{complaints}");
    let (said, again) = folder.run(&["build"], 0);
    assert_eq!(again, complaints);
    assert!(said.starts_with("built ") && said.contains("(1 post, 0 photos): 0 written, "), "{said}");
    let (json, _) = folder.run(&["build", "--json"], 0);
    assert!(json.contains("\"empty-album\""), "{json}");

    // Only a build that has something to do takes the steps in between.
    let steps = |arguments: &[&str]| folder.run(&[&["build", "--quiet", "--timings"], arguments].concat(), 0).1;
    assert!(!steps(&[]).contains("understand sources"));
    for arguments in [&["--drafts"][..], &["--base-url", "https://example.net/"], &["--output-dir", "other"]] {
        assert!(steps(arguments).contains("understand sources"), "{arguments:?}");
        assert!(!steps(arguments).contains("understand sources"), "{arguments:?}");
    }
    fs::remove_file(folder.0.join("other/index.html")).expect("written before");
    assert!(steps(&["--output-dir", "other"]).contains("understand sources"));
    assert!(folder.has("other/index.html"));
}

#[test]
fn posts_come_and_go_with_the_clock() {
    let folder = Folder::with_site();
    folder.post("2026-12-24-eve", "title = \"Eve\"\nexpires = 2026-12-26", "Tomorrow.\n");
    // The zone is nine hours ahead.
    for (clock, there) in [
        ("2026-12-23T14:59:59Z", false),
        ("2026-12-23T15:00:00Z", true),
        ("2026-12-25T14:59:59Z", true),
        ("2026-12-25T15:00:00Z", false),
        ("2027-06-01T00:00:00Z", false),
        ("2026-12-25T00:00:00Z", true),
        ("2026-11-30T00:00:00Z", false),
    ] {
        folder.run(&["build", "--clock", clock], 0);
        assert_eq!(folder.has("public/posts/eve/index.html"), there, "{clock}");
        assert_eq!(folder.read("public/index.html").contains("Eve"), there, "{clock}");
    }
}

#[cfg(unix)]
#[test]
fn verifying_finds_what_a_clean_build_would_not_make() {
    let folder = Folder::with_site();
    for _ in 0..2 {
        let (said, _) = folder.run(&["build", "--verify"], 0);
        assert!(said.lines().count() == 2 && said.contains("\nverified ") && said.ends_with(" files\n"), "{said}");
    }
    // A stamp that a file system lied about: other bytes are taken for the known ones.
    let page = folder.0.join("public/about.txt");
    folder.write("static/about.txt", "one");
    folder.run(&["build"], 0);
    std::thread::sleep(std::time::Duration::from_millis(150));
    folder.run(&["build"], 0);
    let has = |bytes: &[u8], words: &[u8]| bytes.windows(words.len()).any(|window| window == words);
    let seen = fs::read_dir(folder.0.join(".genblog/seen")).expect("there").flatten();
    let outputs = seen
        .map(|entry| entry.path())
        .find(|path| fs::read(path).is_ok_and(|it| has(&it, b"about.txt") && !has(&it, b"static/")));
    let outputs = outputs.expect("outputs are remembered");
    let remembered = fs::read(&outputs).expect("readable");
    fs::write(&page, "two").expect("writable");
    let lie = forged(&remembered, "about.txt", &page);
    fs::write(&outputs, lie).expect("writable");
    let (said, _) = folder.run(&["build"], 0);
    assert!(said.contains(": 0 written"), "{said}");
    let (said, complaints) = folder.run(&["build", "--verify"], 1);
    assert!(said.starts_with("built ") && !said.contains("verified"), "{said}");
    assert!(
        complaints.contains("error[not-as-made]: `/about.txt` is not what a build from nothing makes"),
        "{complaints}"
    );
    assert!(complaints.contains("--> public/about.txt") && complaints.contains("1 error"), "{complaints}");
    folder.run(&["clean"], 0);
    folder.run(&["build", "--verify"], 0);
    assert_eq!(folder.read("public/about.txt"), "one");

    // The same of a source, which no build but one from nothing reads then.
    std::thread::sleep(std::time::Duration::from_millis(150));
    folder.run(&["build"], 0);
    let (source, memory) = (folder.0.join("static/about.txt"), folder.0.join(".genblog/seen/sources"));
    fs::write(&source, "two").expect("writable");
    let lie = forged(&fs::read(&memory).expect("remembered"), "static/about.txt", &source);
    fs::write(&memory, lie).expect("writable");
    let (said, _) = folder.run(&["build"], 0);
    assert!(said.contains(": 0 written"), "{said}");
    let (_, complaints) = folder.run(&["build", "--verify"], 1);
    assert!(complaints.contains("error[not-as-made]: `/about.txt` is not what"), "{complaints}");
    folder.run(&["clean"], 0);
    folder.run(&["build", "--verify"], 0);
    assert_eq!(folder.read("public/about.txt"), "two");
}

/// What is remembered of files, where the stamp of the one called `name` is that of `file` as it is now.
#[cfg(unix)]
fn forged(remembered: &[u8], name: &str, file: &Path) -> Vec<u8> {
    use std::os::unix::fs::MetadataExt;
    type Stamp = (u64, u64, u64, i64, i64);
    let named = [&[u8::try_from(name.len()).expect("a short name")], name.as_bytes()].concat();
    let at = remembered.windows(named.len()).position(|window| window == named).expect("remembered") + named.len();
    let (_, rest) = postcard::take_from_bytes::<Stamp>(&remembered[at..]).expect("a stamp");
    let now = file.metadata().expect("there");
    let nanoseconds = |seconds: i64, rest: i64| seconds * 1_000_000_000 + rest;
    let stamp: Stamp = (
        now.dev(),
        now.ino(),
        now.len(),
        nanoseconds(now.mtime(), now.mtime_nsec()),
        nanoseconds(now.ctime(), now.ctime_nsec()),
    );
    let seal = remembered.iter().position(|byte| *byte == b'\n').expect("a seal") + 1;
    let stamp = postcard::to_allocvec(&stamp).expect("plain data");
    let memory = [&remembered[seal..at], &stamp, rest].concat();
    [blake3::hash(&memory).to_hex().as_bytes(), b"\n", &memory].concat()
}

#[test]
fn clean_takes_what_builds_wrote_and_nothing_else() {
    let folder = Folder::with_site();
    let before = folder.snapshot("");
    folder.run(&["build"], 0);
    folder.run(&["build", "--output-dir", "other"], 0);
    folder.write("public/CNAME", "example.org\n");
    folder.write("public/index.html", "somebody's own");
    let (said, complaints) = folder.run(&["clean"], 0);
    assert!(said.ends_with(" files removed\n"), "{said}");
    assert!(complaints.contains("warning[changed-output]") && complaints.contains("public/index.html"), "{complaints}");
    let left: Vec<PathBuf> = folder.snapshot("public").into_keys().collect();
    assert_eq!(left, ["public/CNAME", "public/index.html"].map(|path| folder.0.join(path)));
    // What was changed is genblog's to write over still, with or without `clean`.
    folder.run(&["build"], 0);
    assert!(folder.read("public/index.html").contains("<html"));
    assert_eq!(folder.run(&["clean"], 0).1, "");
    assert_eq!(folder.snapshot("public").into_keys().collect::<Vec<_>>(), [folder.0.join("public/CNAME")]);

    // The other folder's files are still known.
    let (said, _) = folder.run(&["build", "--output-dir", "other"], 0);
    assert!(said.contains(": 0 written"), "{said}");
    folder.run(&["clean", "--output-dir", "other"], 0);
    assert!(!folder.has("other"));
    // A folder that genblog did not make is nobody's to take.
    fs::create_dir(folder.0.join("empty")).expect("writable");
    assert_eq!(folder.run(&["clean", "--output-dir", "empty"], 0).0, "0 files removed\n");
    fs::remove_dir(folder.0.join("empty")).expect("still there");
    fs::remove_dir_all(folder.0.join("public")).expect("there");
    fs::remove_dir_all(folder.0.join(".genblog")).expect("there");
    assert_eq!(folder.snapshot(""), before);
    folder.run(&["clean", "--output-dir", "content"], 1);
    assert_eq!(folder.snapshot(""), before);
}

#[test]
fn shells_learn_the_commands() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (script, _) = folder.run(&["completions", shell], 0);
        assert!(script.contains("genblog") && script.contains("output-dir"), "{shell}");
    }
}

#[test]
fn posts_are_listed_with_their_states() {
    let folder = Folder::with_site();
    folder.post("2026-11-02-draft", "title = \"Half\"\ndraft = true", "");
    folder.post("2026-12-24-eve", "title = \"Eve\"\nexpires = 2026-12-26", "");
    folder.post("2026-10-01-gone", "title = \"Gone\"\nexpires = 2026-10-02", "");
    let list =
        |arguments: &[&str]| folder.run(&[&["list", "--clock", "2026-12-01T00:00:00Z"], arguments].concat(), 0).0;
    let lines = "\
2026-12-24 00:00  future     content/posts/2026-12-24-eve.md  Eve
2026-11-02 00:00  draft      content/posts/2026-11-02-draft.md  Half
2026-11-01 00:00  published  content/posts/2026-11-01-first.md  First
2026-10-01 00:00  expired    content/posts/2026-10-01-gone.md  Gone
";
    assert_eq!(list(&[]), lines);
    for (which, title) in [("published", "First"), ("drafts", "Half"), ("future", "Eve"), ("expired", "Gone")] {
        let listed = list(&[which]);
        assert!(listed.lines().count() == 1 && listed.trim_end().ends_with(title), "{listed}");
    }
    let rows: serde_json::Value = serde_json::from_str(&list(&["future", "--json"])).expect("JSON");
    let row = serde_json::json!({
        "path": "content/posts/2026-12-24-eve.md",
        "title": "Eve",
        "state": "future",
        "date": "2026-12-24T00:00:00+09:00",
        "expires": "2026-12-26T00:00:00+09:00",
        "due": "2026-12-23T15:00:00Z",
    });
    assert_eq!(rows, serde_json::json!([row]));

    // A title is one line, and nothing that a terminal would obey.
    folder.post("2026-11-04-odd", "title = \"A\\n\\u001b[2JB\"", "");
    let odd = list(&["published"]);
    assert!(odd.lines().count() == 2 && !odd.contains('\u{1b}'), "{odd}");
    fs::remove_file(folder.0.join("content/posts/2026-11-04-odd.md")).expect("there");
    folder.post("2026-11-03-broken", "title = 5", "");
    let (listed, complaints) = folder.run(&["list", "--clock", "2026-12-01T00:00:00Z"], 1);
    assert_eq!(listed, lines);
    assert!(complaints.contains("2026-11-03-broken.md"), "{complaints}");
    folder.write("genblog.toml", "title = \"Notes\"\ntimezone = \"Asia/Tokyo\"\n");
    let (listed, complaints) = folder.run(&["list", "--json"], 1);
    assert!(listed == "[]\n" && complaints.contains("`base_url`"), "{listed}{complaints}");
    folder.run(&["clean"], 0);
}

#[test]
fn the_same_site_gives_the_same_bytes_anywhere() {
    let (one, other) = (Folder::with_site(), Folder::with_site());
    one.run(&["build"], 0);
    let mut elsewhere = command(&std::env::temp_dir());
    elsewhere.env("TZ", "America/Lima").env("LC_ALL", "C").args(["build", "--quiet", "--root"]).arg(&other.0);
    let output = elsewhere.output().expect("genblog runs");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0));
    let bytes = |folder: &Folder| -> BTreeMap<PathBuf, Vec<u8>> {
        let relative = |file: &Path| file.strip_prefix(&folder.0).expect("inside").to_owned();
        folder.snapshot("public").into_iter().map(|(file, (bytes, _))| (relative(&file), bytes)).collect()
    };
    assert_eq!(bytes(&one), bytes(&other));
}

#[test]
fn what_is_no_longer_planned_goes_and_what_is_foreign_stays() {
    let folder = Folder::with_site();
    folder.post("2026-11-02-second", "title = \"Second\"", "Text.\n");
    folder.write("public/CNAME", "example.org\n");
    folder.run(&["build"], 0);
    assert!(folder.has("public/posts/second/index.html"));
    fs::remove_file(folder.0.join("content/posts/2026-11-02-second.md")).expect("removed");
    folder.run(&["build"], 0);
    assert!(!folder.has("public/posts/second"));
    assert_eq!(folder.read("public/CNAME"), "example.org\n");
}

#[test]
fn a_site_with_errors_leaves_the_last_output_alone() {
    let folder = Folder::with_site();
    folder.run(&["build"], 0);
    let before = folder.snapshot("public");
    folder.post("2026-11-02-second", "title = \"Second\"\ntgas = []", "[x](@/posts/nope.md)\n");
    folder.write("templates/page.html", "{{ page.nope }}");
    folder.write("content/pages/about.md", "+++\ntitle = \"About\"\n+++\n\nText.\n");
    let (_, err) = folder.run(&["build"], 1);
    for code in ["error[unknown-key]", "error[template]", "content/pages/about.md"] {
        assert!(err.contains(code), "{code} in\n{err}");
    }
    assert!(err.contains("content/posts/2026-11-02-second.md:3:1"), "{err}");
    assert_eq!(folder.snapshot("public"), before);

    let (out, _) = folder.run(&["build", "--json"], 1);
    let problems: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert!(problems.as_array().expect("a list").len() >= 2);
    let (_, err) = folder.run(&["check"], 1);
    assert!(err.contains("error[unknown-key]"), "{err}");
}

/// Whatever is wrong is told in one run, each with its file and line, and the last good output stays as it was.
#[test]
fn many_different_faults_are_told_at_once() {
    let folder = Folder::with_site();
    folder.write("content/pages/about.md", "+++\ntitle = \"About\"\n+++\n\nText.\n");
    folder.run(&["build"], 0);
    let before = folder.snapshot("public");

    let faulty = "tgas = [\"x\"]\ndate = \"2026-13-40\"";
    let body = "[a](@/posts/nope.md) ![b](none.png) [c](#nope) [d][e]\n\n\
                ```sim\nfigure = \"rnig\"\n```\n\n```sim\nfigure = \"ring\"\npreset = \"brust\"\n```\n";
    folder.post("faulty", &format!("title = \"Faulty\"\n{faulty}"), body);
    folder.post("2026-11-03-one", "title = \"One\"\nslug = \"same\"", "Text.\n");
    folder.post("2026-11-04-two", "title = \"Two\"\nslug = \"same\"", "Text.\n");
    folder.post("2026-11-06-three", "title = \"Three\"\nid = \"one\"", "Text.\n");
    folder.post("2026-11-07-four", "title = \"Four\"\nid = \"one\"", "Text.\n");
    folder.write("content/posts/2026-11-05-bytes.md", "+++\ntitle = \n+++\n");
    folder.write("templates/page.html", "{{ page.nope }}");

    let (_, err) = folder.run(&["build"], 1);
    let places = [
        ("unknown-key", "content/posts/faulty.md:3:1"),
        ("bad-date", "content/posts/faulty.md:4:8"),
        ("broken-link", "content/posts/faulty.md:7:5"),
        ("broken-link", "content/posts/faulty.md:7:27"),
        ("broken-anchor", "content/posts/faulty.md:7:41"),
        ("broken-reference", "content/posts/faulty.md:7:48"),
        ("unknown-figure", "content/posts/faulty.md:10:10"),
        ("unknown-preset", "content/posts/faulty.md:15:10"),
        ("duplicate-route", "content/posts/2026-11-04-two.md:3"),
        ("duplicate-id", "content/posts/2026-11-0"),
        ("syntax", "content/posts/2026-11-05-bytes.md:2"),
        ("template", "templates/page.html:1:"),
    ];
    for (code, place) in places {
        let told = err.split("\n\n").any(|part| part.starts_with(&format!("error[{code}]")) && part.contains(place));
        assert!(told, "{code} at {place} in\n{err}");
    }
    assert_eq!(folder.snapshot("public"), before);
}

#[test]
fn drafts_and_posts_of_another_time_stay_out_unless_asked_for() {
    let folder = Folder::with_site();
    folder.post("2026-11-02-draft", "title = \"Draft\"\ndraft = true", "Text.\n");
    folder.post("2026-11-03-gone", "title = \"Gone\"\nexpires = 2026-11-10", "Text.\n");
    folder.post("2027-01-01-future", "title = \"Future\"", "Text.\n");
    let built = |arguments: &[&str]| {
        let all = [&["build", "--clock", "2026-11-20T00:00:00Z"], arguments].concat();
        folder.run(&all, 0);
        ["first", "draft", "gone", "future"].map(|slug| folder.has(&format!("public/posts/{slug}/index.html")))
    };
    assert_eq!(built(&[]), [true, false, false, false]);
    assert_eq!(built(&["-D"]), [true, true, false, false]);
    assert_eq!(built(&["--expired"]), [true, false, true, false]);
    assert_eq!(built(&["-F"]), [true, false, false, true]);
    assert_eq!(built(&["-DFE"]), [true, true, true, true]);

    let mut early = command(&folder.0);
    assert!(early.env("SOURCE_DATE_EPOCH", "0").arg("build").status().expect("genblog runs").success());
    assert!(!folder.has("public/posts/first"), "the clock of reproducible builds is taken");
}

#[test]
fn a_site_below_a_path_links_below_it() {
    let folder = Folder::with_site();
    folder.run(&["build", "--base-url", "https://example.org/blog", "--output-dir", "out"], 0);
    assert!(!folder.has("public"));
    let home = folder.read("out/index.html");
    assert!(home.contains("href=\"/blog/posts/first/\"") && !home.contains("href=\"/posts/"));
    assert!(folder.read("out/feed.xml").contains("<link>https://example.org/blog/posts/first/</link>"));
    assert!(
        folder
            .read("out/posts/first/index.html")
            .contains("rel=\"canonical\" href=\"https://example.org/blog/posts/first/\"")
    );
}

#[test]
fn an_output_folder_that_holds_the_sources_is_refused() {
    let folder = Folder::with_site();
    let before = folder.snapshot("content");
    for output in [".", "content", "content/posts"] {
        folder.run(&["build", "--output-dir", output], 1);
    }
    assert_eq!(folder.snapshot("content"), before);
    assert!(!folder.has("index.html"));
}

#[test]
fn a_foreign_file_in_the_way_is_named_and_kept() {
    let folder = Folder::with_site();
    folder.write("public/index.html", "mine");
    let (_, err) = folder.run(&["build"], 1);
    assert!(err.contains("error[foreign-file]") && err.contains("public/index.html"), "{err}");
    assert_eq!(folder.read("public/index.html"), "mine");
    assert!(!folder.has("public/feed.xml"));
}

#[test]
fn wrong_usage_is_told_apart_from_wrong_sites() {
    let folder = Folder::new();
    folder.run(&["bulid"], 2);
    folder.run(&["build", "--clock", "yesterday"], 2);
    let (_, err) = folder.run(&["build"], 1);
    assert!(err.contains("genblog.toml"), "{err}");
}

#[test]
fn a_reader_that_closes_the_pipe_is_no_failure() {
    let folder = Folder::with_site();
    let mut child = command(&folder.0).arg("build").stdout(std::process::Stdio::piped()).spawn().expect("genblog runs");
    drop(child.stdout.take());
    assert!(child.wait().expect("it ends").success());
}

#[cfg(unix)]
#[test]
fn a_build_that_is_killed_leaves_every_file_whole() {
    let folder = Folder::with_site();
    let text = "A sentence that fills the page. ".repeat(2000);
    let site = |word: &str| {
        for number in 0..40 {
            folder.post(
                &format!("2026-10-01-post-{number}"),
                &format!("title = \"{number}\""),
                &format!("{word} {text}\n"),
            );
        }
    };
    site("old");
    folder.run(&["build"], 0);
    site("new");
    let mut killed = 0;
    for delay in (20..).step_by(20) {
        let mut child = command(&folder.0).args(["build", "--quiet"]).spawn().expect("genblog runs");
        std::thread::sleep(std::time::Duration::from_millis(delay));
        let _ = child.kill();
        let done = child.wait().expect("it ends").success();
        for (file, (bytes, _)) in folder.snapshot("public") {
            let hidden = file.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
            if file.extension().is_some_and(|extension| extension == "html") && !hidden {
                assert!(bytes.trim_ascii_end().ends_with(b"</html>"), "{} is torn", file.display());
            }
        }
        killed += u32::from(!done);
        if done {
            break;
        }
    }
    assert!(killed > 0, "no build was killed");
    folder.run(&["build"], 0);
    assert!(folder.read("public/posts/post-39/index.html").contains("new A sentence"));
    let fresh = Folder::new();
    let copied =
        Command::new("cp").args(["-r", "content", "genblog.toml"]).arg(&fresh.0).current_dir(&folder.0).status();
    assert!(copied.expect("cp runs").success());
    fresh.run(&["build"], 0);
    let names = |folder: &Folder| -> Vec<PathBuf> {
        let files = folder.snapshot("public").into_keys();
        files.map(|file| file.strip_prefix(&folder.0).expect("inside").to_owned()).collect()
    };
    assert_eq!(names(&folder), names(&fresh), "nothing of the killed builds is left");
}

#[test]
fn a_folder_without_a_site_stays_as_it_was() {
    let folder = Folder::with_site();
    let (_, err) = folder.run(&["--root", "content", "build"], 1);
    assert!(err.contains("the site is in `") && !folder.has("content/.genblog"), "{err}");
}

#[test]
fn an_album_that_was_just_made_keeps_nothing_from_being_built() {
    let folder = Folder::with_site();
    folder.run(&["new", "album", "A walk"], 0);
    let (_, err) = folder.run(&["build"], 0);
    assert!(err.contains("warning[empty-album]"), "{err}");
    assert!(!folder.has("public/gallery"));
}

#[test]
fn pictures_beside_a_post_lose_what_the_camera_wrote_and_static_files_do_not() {
    let folder = Folder::with_site();
    let mut picture = Vec::new();
    let mut encoder = image::codecs::jpeg::JpegEncoder::new(&mut picture);
    // An empty directory of tags, then words.
    image::ImageEncoder::set_exif_metadata(&mut encoder, b"II*\0\x08\0\0\0\0\0\0\0\0\0N 48.8584".to_vec())
        .expect("fits");
    image::DynamicImage::new_rgb8(3, 2).write_with_encoder(encoder).expect("encodes");
    folder.write("content/posts/2026-11-02-walk/index.md", "+++\ntitle = \"Walk\"\n+++\n![Us](us.jpg)\n");
    for path in ["content/posts/2026-11-02-walk/us.jpg", "static/us.jpg"] {
        folder.write(path, "");
        fs::write(folder.0.join(path), &picture).expect("written");
    }
    folder.run(&["build"], 0);
    let tells = |path: &str| {
        let bytes = fs::read(folder.0.join(path)).expect("read");
        bytes.windows(9).any(|window| window == b"N 48.8584")
    };
    assert!(tells("public/us.jpg") && !tells("public/posts/walk/us.jpg"));
}

#[test]
fn feeds_are_linted_from_files_and_from_standard_input() {
    let folder = Folder::with_site();
    folder.run(&["build"], 0);
    for feed in ["public/feed.xml", "public/atom.xml", "public/feed.json"] {
        let (said, complaints) = folder.run(&["feed", "lint", feed], 0);
        assert_eq!((said.as_str(), complaints.as_str()), ("checked 1 feed\n", ""), "{feed}");
    }
    let feed = folder.read("public/feed.xml");
    folder.write("warned.xml", &feed.replace("<atom:link", "<atom:old"));
    let (_, complaints) = folder.run(&["feed", "lint", "warned.xml", "public/atom.xml"], 0);
    assert!(complaints.contains("warning[missing-self]") && complaints.ends_with("1 warning\n"), "{complaints}");
    folder.write("broken.xml", &feed.replace("<title>First</title>", "<title>First&nbsp;</title>"));
    let (_, complaints) = folder.run(&["feed", "lint", "broken.xml"], 1);
    assert!(complaints.contains("error[undefined-entity]") && complaints.contains("--> broken.xml:"), "{complaints}");
    // What can be read is checked, and the rest decides how it ends.
    let (_, complaints) = folder.run(&["feed", "lint", "gone.xml", "broken.xml"], 2);
    assert!(complaints.contains("cannot read the feed") && complaints.contains("undefined-entity"), "{complaints}");
    folder.run(&["feed", "lint"], 2);
    folder.run(&["feed", "lint", "public"], 2);

    let piped = |text: &str, arguments: &[&str]| {
        let mut child = command(&folder.0)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("genblog runs");
        child.stdin.take().expect("piped").write_all(text.as_bytes()).expect("written");
        child.wait_with_output().expect("ends")
    };
    assert_eq!(piped(&feed, &["feed", "lint", "-"]).status.code(), Some(0));
    let output = piped("<rss/>", &["feed", "lint", "--json", "-"]);
    assert_eq!(output.status.code(), Some(1));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&found[0]["severity"], &found[0]["labels"][0]["path"]), (&"error".into(), &"<stdin>".into()));
    assert_eq!(piped(&feed, &["feed", "lint", "--json", "-"]).stdout, b"[]\n");
    // A date in the future is one for whoever looks at it then.
    let (_, complaints) = folder.run(&["feed", "lint", "--clock", "2001-01-01T00:00:00Z", "public/feed.xml"], 0);
    assert!(complaints.contains("warning[implausible-date]"), "{complaints}");
}
