//! A site with every figure of the catalogue, each in a post of its own, and a host for it that can be worse than ours.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};

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
        let built = Command::new(env!("CARGO_BIN_EXE_genblog")).args(["build", "--root"]).arg(&root).output();
        let built = built.expect("genblog runs");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        root.join("public")
    })
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
    let policies = Arc::new(policies(folder));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let policies = Arc::clone(&policies);
            std::thread::spawn(move || answer(stream, folder, habit, &policies));
        }
    });
    format!("http://{address}")
}

/// The policy of each page, as `_headers` states it.
fn policies(folder: &Path) -> HashMap<String, String> {
    let text = fs::read_to_string(folder.join("_headers")).expect("the site has `_headers`");
    let mut policies = HashMap::new();
    let mut path = "";
    for line in text.lines() {
        match line.trim_start().split_once("Content-Security-Policy: ") {
            Some((_, policy)) => drop(policies.insert(path.to_owned(), policy.to_owned())),
            None if line.starts_with('/') => path = line,
            None => {}
        }
    }
    policies
}

fn answer(mut stream: TcpStream, folder: &Path, habit: Habit, policies: &HashMap<String, String>) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    let request = lines.next()?.ok()?;
    // A request ends with an empty line.
    lines.map_while(Result::ok).find(String::is_empty)?;
    let path = request.split(' ').nth(1)?.split('?').next()?.to_owned();
    let file = if path.ends_with('/') { format!("{path}index.html") } else { path.clone() };
    let (status, bytes) = match fs::read(folder.join(file.trim_start_matches('/'))) {
        Ok(bytes) => ("200 OK", bytes),
        Err(_) => ("404 Not Found", b"nothing is here".to_vec()),
    };
    let ending = file.rsplit('.').next()?;
    let usual = match ending {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css",
        "js" => "text/javascript",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        _ => "application/octet-stream",
    };
    let kind = match habit {
        Habit::WrongType(wrong, kind) if wrong == ending => kind,
        Habit::Proper | Habit::WrongType(..) | Habit::NoWasm => usual,
    };
    let policy = policies.get(&path).map_or_else(String::new, |policy| match habit {
        Habit::NoWasm => policy.replace(" 'wasm-unsafe-eval'", ""),
        Habit::Proper | Habit::WrongType(..) => policy.clone(),
    });
    let policy = if policy.is_empty() { policy } else { format!("Content-Security-Policy: {policy}\r\n") };
    let length = bytes.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nX-Content-Type-Options: nosniff\r\n\
         {policy}Connection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(&bytes).ok()
}
