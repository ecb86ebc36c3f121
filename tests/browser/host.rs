//! Sites that tests read: one with every figure of the catalogue, each in a post of its own, and this repository's. And a host for them
//! that can be worse than ours.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};

use genblog::rendering::headers::media_type;
use genblog::words::route::Route;
use sim::telling::catalogue;
use sim::telling::player::Player;
use sim::telling::story::FigureSpec;
use tempfile::TempDir;

/// What a host does differently from what the site's `_headers` ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Habit {
    /// Nothing.
    Proper,
    /// Files with this ending are of another type.
    WrongType(&'static str, &'static str),
    /// Pages may run scripts, but compile no WebAssembly.
    NoWasm,
}

/// The built site, made once for all tests and left to the system's cleaning.
pub(crate) fn every_figure() -> &'static Path {
    static SITE: OnceLock<PathBuf> = OnceLock::new();
    SITE.get_or_init(|| {
        let folder: TempDir = tempfile::tempdir().expect("a folder for the site");
        let root = folder.keep();
        fs::create_dir_all(root.join("content/posts")).expect("a folder for posts");
        let config = "base_url = \"https://figures.example/\"\ntitle = \"Every figure\"\ntimezone = \"UTC\"\n";
        fs::write(root.join("genblog.toml"), config).expect("the configuration is written");
        for &spec in catalogue() {
            fs::write(root.join(format!("content/posts/{}.md", spec.name)), post(spec)).expect("a post is written");
        }
        build(&root)
    })
}

/// This repository's own site in its own theme, built in a copy once for all tests that only read it.
pub(crate) fn own_site() -> &'static Path {
    static SITE: OnceLock<PathBuf> = OnceLock::new();
    SITE.get_or_init(|| own_site_with(""))
}

/// The same as its readers would find it if it had the theme of a weblog.
pub(crate) fn own_site_as_weblog() -> &'static Path {
    static SITE: OnceLock<PathBuf> = OnceLock::new();
    SITE.get_or_init(|| own_site_with("theme = \"weblog\"\n"))
}

fn own_site_with(setting: &str) -> PathBuf {
    let root = tempfile::tempdir().expect("a folder for the site").keep();
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    for part in ["content", "static"] {
        if own.join(part).is_dir() {
            let copied = Command::new("cp").arg("-r").arg(own.join(part)).arg(&root).status();
            assert!(copied.expect("cp runs").success());
        }
    }
    let config = fs::read_to_string(own.join("genblog.toml")).expect("readable");
    fs::write(root.join("genblog.toml"), format!("{setting}{config}")).expect("the configuration is written");
    build(&root)
}

/// Builds the site in a folder, and returns where it was written.
pub(crate) fn build(root: &Path) -> PathBuf {
    let built = Command::new(env!("CARGO_BIN_EXE_genblog")).args(["build", "--root"]).arg(root).output();
    let built = built.expect("genblog runs");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    root.join("public")
}

/// A text with one figure, a word that lights something up, a number that is a knob, and a link to the last frame.
fn post(spec: &'static FigureSpec) -> String {
    let name = spec.name;
    let mut text = format!(
        "+++\ntitle = \"Figure {name}\"\ndate = 2026-11-20T09:30:00\nsummary = \"{}\"\n+++\n\nBefore the figure.\n\n",
        spec.title
    );
    if let Some(quantity) = spec.quantities.iter().find(|quantity| quantity.charted) {
        writeln!(text, "A <a class=\"sim\" href=\"#{name}\" data-light=\"{}\">word</a>.\n", quantity.name)
            .expect("text grows");
    }
    for (index, value) in spec.presets[0].knobs.iter().enumerate() {
        writeln!(text, "A number: <span class=\"knob\" data-for=\"{name}\" data-knob=\"{index}\">{value}</span>.\n")
            .expect("text grows");
    }
    let preset = spec.presets[0].name;
    writeln!(text, "```sim\nfigure = \"{name}\"\npreset = \"{preset}\"\ncaption = \"What to look at.\"\n```\n")
        .expect("text grows");
    let mut player = Player::new(spec, 0);
    player.seek(player.steps());
    writeln!(text, "[The end](#{}).", player.state()).expect("text grows");
    text
}

/// Serves a folder until the test program ends; the address ends without a slash.
pub(crate) fn host(folder: &'static Path, habit: Habit) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let rules = Arc::new(rules(folder));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let rules = Arc::clone(&rules);
            std::thread::spawn(move || answer(stream, folder, habit, &rules));
        }
    });
    format!("http://{address}")
}

/// A path, or with `*` the beginning of one, a header's name and its value.
type Rule = (String, String, String);

/// The rules that `_headers` states, but for types: those go by a file's name.
fn rules(folder: &Path) -> Vec<Rule> {
    let text = fs::read_to_string(folder.join("_headers")).expect("the site has `_headers`");
    let mut rules = Vec::new();
    let mut path = "";
    for line in text.lines() {
        match line.trim_start().split_once(": ") {
            Some(("Content-Type", _)) => {}
            Some((name, value)) => rules.push((path.to_owned(), name.to_owned(), value.to_owned())),
            None => path = line,
        }
    }
    rules
}

fn answer(mut stream: TcpStream, folder: &Path, habit: Habit, rules: &[Rule]) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    let request = lines.next()?.ok()?;
    // A request ends with an empty line.
    lines.map_while(Result::ok).find(String::is_empty)?;
    let path = request.split(' ').nth(1)?.split('?').next()?;
    let route = Route::of_url(path, "/")?;
    let file = route.file();
    let (status, bytes) = match fs::read(folder.join(&file)) {
        Ok(bytes) => ("200 OK", bytes),
        Err(_) => ("404 Not Found", b"nothing is here".to_vec()),
    };
    let kind = match habit {
        Habit::WrongType(ending, kind) if file.rsplit('.').next() == Some(ending) => kind,
        Habit::Proper | Habit::WrongType(..) | Habit::NoWasm => media_type(&route),
    };
    let mut head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n",
        bytes.len()
    );
    for (pattern, name, value) in rules {
        let applies = pattern.strip_suffix('*').map_or(pattern == path, |beginning| path.starts_with(beginning));
        if applies {
            let without_engine = value.replace(" 'wasm-unsafe-eval'", "");
            let value = if habit == Habit::NoWasm { &without_engine } else { value };
            head.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(&bytes).ok()
}
