//! A site that is served until the test ends, asked over real connections.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Longer than anything takes on a busy machine; only a failure waits that long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A site that is served until the test ends.
pub(crate) struct Served {
    pub(crate) folder: PathBuf,
    pub(crate) child: Child,
    pub(crate) address: String,
}

impl Served {
    pub(crate) fn new(base_path: &str) -> Self {
        Self::from(base_path, &[], &[])
    }

    /// A site that is served by this command (`env`, or a shell that runs what follows), with these files more.
    pub(crate) fn from(base_path: &str, through: &[&str], files: &[(&str, &str)]) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("genblog-serve-{}-{number}", std::process::id()));
        fs::create_dir_all(folder.join("content/posts")).expect("a folder for the test");
        let config = format!("base_url = \"https://example.org{base_path}\"\ntitle = \"Notes\"\n");
        fs::write(folder.join("genblog.toml"), config).expect("written");
        fs::write(folder.join("content/posts/2026-11-01-first.md"), post("Before.")).expect("written");
        for (path, text) in files {
            let file = folder.join(path);
            fs::create_dir_all(file.parent().expect("a folder")).expect("a folder for the file");
            fs::write(file, text).expect("written");
        }
        let program: Vec<&str> = through.iter().copied().chain([env!("CARGO_BIN_EXE_genblog")]).collect();
        let mut child = Command::new(program[0])
            .args(&program[1..])
            .args(["serve", "--port", "0", "--root"])
            .arg(&folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("genblog runs");
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        out.read_line(&mut line).expect("a line");
        // Somebody reads on, so that the server can go on talking.
        std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
        let address =
            line.split("http://").nth(1).and_then(|rest| rest.split('/').next()).expect("an address").to_owned();
        Self { folder, child, address }
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        fs::write(self.folder.join(path), text).expect("written");
    }

    pub(crate) fn connect(&self, path: &str, more: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        let host = if more.contains("Host:") { String::new() } else { format!("Host: {}\r\n", self.address) };
        write!(stream, "GET {path} HTTP/1.1\r\n{host}{more}\r\n").expect("sent");
        stream
    }

    /// Status, head and body.
    pub(crate) fn get(&self, path: &str, more: &str) -> (u16, String, String) {
        let mut text = String::new();
        self.connect(path, &format!("{more}Connection: close\r\n")).read_to_string(&mut text).expect("an answer");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, head.to_lowercase(), body.to_owned())
    }

    /// Waits until a page says something.
    #[track_caller]
    pub(crate) fn until(&self, path: &str, holds: impl Fn(u16, &str) -> bool) {
        let started = Instant::now();
        let mut last = String::new();
        while started.elapsed() < PATIENCE {
            let (status, _, body) = self.get(path, "");
            if holds(status, &body) {
                return;
            }
            last = format!("{status}: {body}");
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("{path} stays so: {last}");
    }

    pub(crate) fn listen(&self) -> Events {
        Events(BufReader::new(self.connect("/_genblog/events", "")))
    }

    pub(crate) fn interrupt(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().expect("kill runs").success());
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// What open pages are told.
pub(crate) struct Events(BufReader<TcpStream>);

impl Events {
    /// The number of what is shown now; `None` when the server has ended the stream.
    pub(crate) fn next(&mut self) -> Option<String> {
        Some(self.told()?["number"].as_str().expect("a number").to_owned())
    }

    pub(crate) fn told(&mut self) -> Option<Value> {
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if let Some(told) = line.strip_prefix("data: ") {
                return Some(serde_json::from_str(told).expect("JSON"));
            }
        }
    }

    /// Waits for the event after which something holds; an edit may be seen half written at first.
    pub(crate) fn until(&mut self, holds: impl Fn() -> bool) -> String {
        loop {
            let number = self.next().expect("an event");
            if holds() {
                return number;
            }
        }
    }
}

pub(crate) fn post(text: &str) -> String {
    format!("+++\ntitle = \"First\"\n+++\n\n{text}\n")
}

pub(crate) fn header<'h>(head: &'h str, name: &str) -> &'h str {
    let line = head.lines().find_map(|line| line.strip_prefix(name).and_then(|rest| rest.strip_prefix(": ")));
    line.unwrap_or_else(|| panic!("no {name} in {head}"))
}
