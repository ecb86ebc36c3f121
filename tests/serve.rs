//! `genblog serve` over real connections.

#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Longer than anything takes on a busy machine; only a failure waits that long.
const PATIENCE: Duration = Duration::from_secs(60);

/// A site that is served until the test ends.
struct Served {
    folder: PathBuf,
    child: Child,
    address: String,
}

impl Served {
    fn new(base_path: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("genblog-serve-{}-{number}", std::process::id()));
        fs::create_dir_all(folder.join("content/posts")).expect("a folder for the test");
        let config = format!("base_url = \"https://example.org{base_path}\"\ntitle = \"Notes\"\n");
        fs::write(folder.join("genblog.toml"), config).expect("written");
        fs::write(folder.join("content/posts/2026-11-01-first.md"), post("Before.")).expect("written");
        let mut child = Command::new(env!("CARGO_BIN_EXE_genblog"))
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

    fn write(&self, path: &str, text: &str) {
        fs::write(self.folder.join(path), text).expect("written");
    }

    fn connect(&self, path: &str, more: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        let host = if more.contains("Host:") { String::new() } else { format!("Host: {}\r\n", self.address) };
        write!(stream, "GET {path} HTTP/1.1\r\n{host}{more}\r\n").expect("sent");
        stream
    }

    /// Status, head and body.
    fn get(&self, path: &str, more: &str) -> (u16, String, String) {
        let mut text = String::new();
        self.connect(path, &format!("{more}Connection: close\r\n")).read_to_string(&mut text).expect("an answer");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, head.to_lowercase(), body.to_owned())
    }

    fn listen(&self) -> Events {
        Events(BufReader::new(self.connect("/_genblog/events", "")))
    }

    fn interrupt(&self) {
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

/// The numbers of what is shown, as a page gets them.
struct Events(BufReader<TcpStream>);

impl Events {
    /// `None` when the server has ended the stream.
    fn next(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if let Some(number) = line.strip_prefix("data: ") {
                return Some(number.trim().to_owned());
            }
        }
    }

    /// Waits for the event after which something holds; an edit may be seen half written at first.
    fn until(&mut self, holds: impl Fn() -> bool) -> String {
        loop {
            let number = self.next().expect("an event");
            if holds() {
                return number;
            }
        }
    }
}

fn post(text: &str) -> String {
    format!("+++\ntitle = \"First\"\n+++\n\n{text}\n")
}

fn header<'h>(head: &'h str, name: &str) -> &'h str {
    let line = head.lines().find_map(|line| line.strip_prefix(name).and_then(|rest| rest.strip_prefix(": ")));
    line.unwrap_or_else(|| panic!("no {name} in {head}"))
}

#[test]
fn pages_come_with_the_headers_of_production_and_the_script_that_follows_edits() {
    let site = Served::new("/");
    let (status, head, body) = site.get("/", "");
    assert_eq!(status, 200);
    assert!(header(&head, "content-security-policy").starts_with("default-src 'none'; script-src 'self';"));
    assert_eq!(header(&head, "content-type"), "text/html; charset=utf-8");
    assert!(body.contains("<script type=\"module\" src=\"/_genblog/reload.js\"></script>"));
    assert!(!site.folder.join("public").exists(), "nothing is written");
    assert_eq!(site.get("/_genblog/reload.js", "").0, 200);

    let (_, head, body) = site.get("/feed.xml", "");
    assert_eq!(header(&head, "content-type"), "application/rss+xml; charset=utf-8");
    assert!(body.contains(&format!("<link>http://{}/posts/first/</link>", site.address)));
}

#[test]
fn addresses_lead_to_the_site_and_nowhere_else() {
    let site = Served::new("/blog/");
    assert_eq!(site.get("/blog/posts/first/", "").0, 200);
    let (status, head, _) = site.get("/blog/posts/first", "");
    assert_eq!((status, header(&head, "location")), (307, "/blog/posts/first/"));
    let (status, _, body) = site.get("/blog/nope/", "");
    assert_eq!(status, 404);
    assert!(body.contains("There is nothing at this address"));
    for path in [
        "/../genblog.toml",
        "/blog/../../etc/passwd",
        "/blog/%2e%2e/genblog.toml",
        "//etc/passwd",
        "/blog/..%2fgenblog.toml",
    ] {
        assert_eq!(site.get(path, "").0, 404, "{path}");
    }
    assert_eq!(site.get("/blog/", "Host: evil.example\r\n").0, 403);
    assert_eq!(site.get("/_genblog/events", "Host: evil.example\r\n").0, 403);
}

#[test]
fn an_unchanged_page_is_not_sent_again() {
    let site = Served::new("/");
    let (_, head, _) = site.get("/posts/first/", "");
    let tag = header(&head, "etag").to_owned();
    let (status, _, body) = site.get("/posts/first/", &format!("If-None-Match: {tag}\r\n"));
    assert_eq!((status, body.as_str()), (304, ""));
}

#[test]
fn an_edit_reaches_open_pages() {
    let site = Served::new("/");
    let mut events = site.listen();
    let first = events.next().expect("a greeting");
    assert_eq!(site.listen().next(), Some(first.clone()), "pages agree on what is shown");

    site.write("content/posts/2026-11-01-first.md", &post("After."));
    let second = events.until(|| site.get("/posts/first/", "").2.contains("After."));
    assert_ne!(first, second);

    fs::create_dir(site.folder.join("templates")).expect("a folder");
    site.write("templates/404.html", "mine");
    events.until(|| site.get("/nope", "").2.starts_with("mine"));
}

#[test]
fn errors_are_shown_over_the_last_whole_site() {
    let site = Served::new("/");
    let mut events = site.listen();
    events.next().expect("a greeting");
    site.write("content/posts/2026-11-02-second.md", "+++\ntitle = \"Second\"\n\"<b>\" = 1\n+++\n");
    events.until(|| site.get("/posts/first/", "").2.contains("error[unknown-key]"));
    let (status, _, body) = site.get("/posts/first/", "");
    assert_eq!(status, 200);
    assert!(body.contains("Before."));
    assert!(body.contains("&lt;b&gt;") && !body.contains("`<b>`"));

    fs::remove_file(site.folder.join("content/posts/2026-11-02-second.md")).expect("removed");
    events.until(|| !site.get("/posts/first/", "").2.contains("error["));
}

#[test]
fn a_port_that_is_taken_is_told() {
    let site = Served::new("/");
    let port = site.address.rsplit(':').next().expect("a port");
    let second = Command::new(env!("CARGO_BIN_EXE_genblog"))
        .args(["serve", "--port", port, "--root"])
        .arg(&site.folder)
        .output()
        .expect("genblog runs");
    assert_eq!(second.status.code(), Some(2));
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains("something else listens at 127.0.0.1:") && said.contains("--port 0"), "{said}");
}

#[test]
fn an_interrupt_ends_the_server_while_pages_listen() {
    let mut site = Served::new("/");
    let mut events = site.listen();
    events.next().expect("a greeting");
    site.interrupt();
    assert_eq!(events.next(), None, "the stream ends");
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        if let Some(status) = site.child.try_wait().expect("a child") {
            assert!(status.success());
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("the server is still there");
}
