//! `genblog serve` over real connections.

#![cfg(unix)]

mod site;

mod attacks;
mod edits;

use std::process::Command;
use std::time::{Duration, Instant};

use crate::site::{PATIENCE, Served, header};

#[test]
fn pages_come_with_the_headers_of_production_and_the_script_that_follows_edits() {
    let site = Served::new("/");
    let (status, head, body) = site.get("/", "");
    assert_eq!(status, 200);
    assert!(header(&head, "content-security-policy").starts_with("default-src 'none'; script-src 'self';"));
    assert_eq!(header(&head, "content-type"), "text/html; charset=utf-8");
    assert!(body.contains("<script type=\"module\" src=\"/_genblog/follow.js\"></script>"));
    assert!(!site.folder.join("public").exists(), "nothing is written");
    for name in ["follow.js", "patch.js", "serve.css"] {
        assert_eq!(site.get(&format!("/_genblog/{name}"), "").0, 200, "{name}");
    }

    let (_, head, body) = site.get("/feed.xml", "");
    assert_eq!(header(&head, "content-type"), "application/rss+xml; charset=utf-8");
    assert!(body.contains(&format!("<link>http://{}/posts/first/</link>", site.address)));
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
fn a_part_of_a_film_is_sent_to_who_asks_for_it() {
    let site = Served::from("/", &[], &[("static/film.mp4", "0123456789")]);
    let (status, head, body) = site.get("/film.mp4", "Range: bytes=3-5\r\n");
    assert_eq!((status, body.as_str(), header(&head, "content-range")), (206, "345", "bytes 3-5/10"));
    assert_eq!((header(&head, "content-type"), header(&head, "content-length")), ("video/mp4", "3"));
    assert_eq!(site.get("/film.mp4", "Range: bytes=10-\r\n").0, 416);
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
