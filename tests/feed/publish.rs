//! A hub that hears of news: `genblog feed publish` against a server of the test's own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use tempfile::TempDir;

/// What a hub does with a request.
#[derive(Clone, Copy)]
enum Answer {
    /// Sends this.
    With(&'static str),
    /// Keeps the connection and is silent.
    Never,
}

const ACCEPTED: Answer = Answer::With("HTTP/1.1 204 No Content\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");

/// A hub on a port of its own. Its address, and the bodies that it was sent, each with its request line.
fn hub(answer: Answer) -> (String, Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("http://{}/hub", listener.local_addr().expect("bound"));
    let (tell, told) = channel();
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming().flatten() {
            // Told before it is answered: who has the answer finds all that the hub was sent.
            if tell.send(read(&stream)).is_err() {
                return;
            }
            match answer {
                // Who has given up does not listen.
                Answer::With(text) => drop((&stream).write_all(text.as_bytes())),
                Answer::Never => open.push(stream),
            }
        }
    });
    (address, told)
}

fn read(stream: &TcpStream) -> (String, String) {
    let mut lines = BufReader::new(stream);
    let mut head: Vec<String> = Vec::new();
    loop {
        let mut line = Vec::new();
        let read = lines.read_until(b'\n', &mut line).unwrap_or(0);
        let line = String::from_utf8_lossy(&line).trim().to_owned();
        if read == 0 || line.is_empty() {
            break;
        }
        head.push(line);
    }
    let length = head.iter().find_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    lines.read_exact(&mut body).expect("as long as it says");
    (head.first().cloned().unwrap_or_default(), String::from_utf8(body).expect("text"))
}

/// A site with one post whose feeds name a hub, built.
fn built(hub: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let config = format!(
        "base_url = 'https://example.org/'\ntitle = 'Notes'\n[feed]\nformats = ['rss', 'json']\nhub = '{hub}'\n"
    );
    std::fs::write(folder.path().join("genblog.toml"), config).expect("writable");
    write_post(folder.path(), "One.");
    build(folder.path());
    folder
}

fn write_post(folder: &Path, text: &str) {
    let posts = folder.join("content/posts");
    std::fs::create_dir_all(&posts).expect("writable");
    let post = format!("+++\ntitle = 'A'\n+++\n{text}\n");
    std::fs::write(posts.join("2026-01-02-a.md"), post).expect("writable");
}

fn build(folder: &Path) {
    let output = genblog(folder, &["build"]);
    assert!(output.status.success(), "{}", said(&output));
}

fn genblog(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_genblog"));
    // A proxy would be asked for the hub's address.
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(name);
    }
    command.args(arguments).arg("--root").arg(folder).output().expect("genblog runs")
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

const RSS: &str = "hub.mode=publish&hub.url=https%3A%2F%2Fexample.org%2Ffeed.xml";
const JSON: &str = "hub.mode=publish&hub.url=https%3A%2F%2Fexample.org%2Ffeed.json";

#[test]
fn a_hub_is_told_of_feeds_that_changed_and_of_no_others() {
    let (address, told) = hub(ACCEPTED);
    let site = built(&address);
    let publish = |more: &[&str]| {
        let output = genblog(site.path(), &[&["feed", "publish"], more].concat());
        assert!(output.status.success(), "{}", said(&output));
        let bodies: Vec<String> = told.try_iter().map(|(_, body)| body).collect();
        (said(&output), bodies)
    };
    let (said, bodies) = publish(&["--dry-run"]);
    assert_eq!((bodies, said.matches("would tell").count()), (Vec::new(), 2), "{said}");
    let output = genblog(site.path(), &["feed", "publish"]);
    assert!(output.status.success());
    assert_eq!(told.recv().expect("told"), ("POST /hub HTTP/1.1".to_owned(), RSS.to_owned()));
    assert_eq!(told.recv().expect("told").1, JSON);

    let (said, bodies) = publish(&[]);
    assert_eq!((&*said, bodies), (&*format!("{address} knows of 2 feeds already\n"), Vec::new()));
    assert_eq!(publish(&["--all"]).1, [RSS, JSON]);

    // The same bytes again are no news, other ones are.
    build(site.path());
    assert_eq!(publish(&[]).1, Vec::<String>::new());
    write_post(site.path(), "Two.");
    build(site.path());
    assert_eq!(publish(&[]).1, [RSS, JSON]);
}

/// Publishes to a hub that does not take it, and returns what was said: the hub was asked once for each feed, and nothing is
/// remembered of it.
fn refused(answer: Answer) -> (String, String) {
    let (address, told) = hub(answer);
    let site = built(&address);
    let output = genblog(site.path(), &["feed", "publish", "--timeout", "1"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(!site.path().join(".genblog/published.json").exists());
    for body in [RSS, JSON] {
        let told = told.recv_timeout(Duration::from_secs(10)).expect("asked");
        assert_eq!(told, ("POST /hub HTTP/1.1".to_owned(), body.to_owned()));
    }
    assert_eq!(told.try_recv().ok(), None, "nothing is tried twice");
    (address, said(&output))
}

#[test]
fn what_a_hub_says_when_it_refuses_is_told() {
    let text = "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 38\r\n\r\n\r\n  not \x1b[31myours: ask the owner\nmore\n\n\n\n";
    let (address, said) = refused(Answer::With(text));
    assert!(
        said.contains(&format!("the hub `{address}` answers 403 Forbidden: not [31myours: ask the owner\n")),
        "{said}"
    );
    assert!(said.contains("https://example.org/feed.xml") && said.contains("https://example.org/feed.json"), "{said}");

    let moved = "HTTP/1.1 301 Moved Permanently\r\nConnection: close\r\nLocation: https://hub.example/new\r\nContent-Length: 0\r\n\r\n";
    let (address, said) = refused(Answer::With(moved));
    assert!(
        said.contains(&format!(
            "`{address}` answers 301 Moved Permanently, and says that it is at `https://hub.example/new`"
        )),
        "{said}"
    );
}

#[test]
fn a_hub_that_is_silent_or_no_hub_at_all_is_given_up() {
    let (address, told) = refused(Answer::Never);
    assert!(told.contains(&format!("the hub `{address}` cannot be reached: timeout")), "{told}");
    let (_, told) = refused(Answer::With("SSH-2.0-somebody\r\n"));
    assert!(told.contains("cannot be reached"), "{told}");

    // A port that nobody listens at any more, and one where nobody speaks TLS.
    let closed = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("bound");
    let (plain, _told) = hub(Answer::With("HTTP/1.1 204 No Content\r\n\r\n"));
    for address in [format!("http://{closed}/"), plain.replace("http://", "https://")] {
        let site = built(&address);
        let output = genblog(site.path(), &["feed", "publish", "--timeout", "1"]);
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains(&format!("the hub `{address}` cannot be reached")), "{}", said(&output));
    }
}

#[test]
fn without_a_hub_or_a_build_nothing_is_told() {
    let site = built("https://hub.example/");
    std::fs::remove_file(site.path().join("public/feed.json")).expect("there");
    let output = genblog(site.path(), &["feed", "publish"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("not-built") && said(&output).contains("feed.json"), "{}", said(&output));
    let config = site.path().join("genblog.toml");
    std::fs::write(&config, "base_url = 'https://example.org/'\ntitle = 'Notes'\n").expect("writable");
    let output = genblog(site.path(), &["feed", "publish"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("error[no-hub]: this site's feeds name no hub"), "{}", said(&output));
}
