//! Requests that no browser of the author's would send.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::symlink;

use crate::site::{Served, header, post};

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
        "/blog/%2E%2E%2Fgenblog.toml",
        "/blog/..%2fgenblog.toml",
        "/blog/..%5cgenblog.toml",
        "/blog/..\\genblog.toml",
        "/blog/%252e%252e%252fgenblog.toml",
        "/blog/%c0%ae%c0%ae/genblog.toml",
        "/blog/%u002e%u002e/genblog.toml",
        "/blog/....//genblog.toml",
        "/blog/;/../genblog.toml",
        "/blog/posts/first/index.html%00.txt",
        "/blog/genblog.toml",
        "/blog/.genblog/outputs",
        "/blog/content/posts/2026-11-01-first.md",
        "//etc/passwd",
        "/blog//etc/passwd",
        "/blog/file:///etc/passwd",
    ] {
        let (status, _, body) = site.get(path, "");
        assert_eq!(status, 404, "{path}");
        assert!(!body.contains("root:") && !body.contains("base_url"), "{path}");
    }
    assert_eq!(site.get("/blog/", "Host: evil.example\r\n").0, 403);
    assert_eq!(site.get("/_genblog/events", "Host: evil.example\r\n").0, 403);
}

#[test]
fn other_sites_pages_get_nothing() {
    let site = Served::new("/");
    for (more, expected) in [
        ("Origin: https://evil.example\r\n", 403),
        ("Origin: null\r\n", 403),
        ("Origin: http://localhost.evil.example\r\n", 403),
        ("Host: evil.example\r\n", 403),
        ("Host: 127.0.0.1.evil.example\r\n", 403),
        ("Host: localhost:1111@evil.example\r\n", 403),
        ("Origin: http://localhost:1\r\n", 200),
    ] {
        for path in ["/", "/feed.xml", "/_genblog/follow.js"] {
            let (status, head, _) = site.get(path, more);
            assert_eq!(status, expected, "{path} {more}");
            assert!(!head.contains("access-control-allow"), "{path} {more}");
        }
    }
}

#[test]
fn a_symbolic_link_leads_to_no_file_outside() {
    let site = Served::new("/");
    fs::create_dir(site.folder.join("static")).expect("a folder");
    symlink("/etc/passwd", site.folder.join("static/names.txt")).expect("a link");
    site.until("/posts/first/", |_, body| body.contains("error[symlink]"));
    let (status, _, body) = site.get("/names.txt", "");
    assert_eq!((status, body.contains("root:")), (404, false));
}

/// Sends bytes, and gives the status of the answer; `None` when there is none.
fn sent(site: &Served, bytes: &[u8]) -> Option<u16> {
    let mut stream = TcpStream::connect(&site.address).expect("a connection");
    // The server may have heard enough before all is sent.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).split(' ').nth(1)?.parse().ok()
}

#[test]
fn what_is_no_request_harms_nobody() {
    let site = Served::new("/");
    let host = format!("Host: {}\r\n", site.address);
    let long = "a".repeat(200_000);
    for (request, expected) in [
        (format!("GET /{long} HTTP/1.1\r\n{host}\r\n"), &[Some(414), Some(431), None][..]),
        (format!("GET / HTTP/1.1\r\n{host}X: {long}{long}{long}\r\n\r\n"), &[Some(431), None]),
        // A connection that is closed with bytes unread takes the answer with it now and then, as TCP has it.
        ("\0\x01\x02 no words\r\n\r\n".to_owned(), &[Some(400), None]),
        ("GET / HTTP/9.9\r\n\r\n".to_owned(), &[Some(400), Some(505), None]),
        (format!("POST / HTTP/1.1\r\n{host}Connection: close\r\nContent-Length: 5\r\n\r\nhello"), &[Some(405), None]),
        (format!("DELETE /posts/first/ HTTP/1.1\r\n{host}Connection: close\r\n\r\n"), &[Some(405)]),
        (String::new(), &[None]),
    ] {
        let status = sent(&site, request.as_bytes());
        assert!(expected.contains(&status), "{status:?} for {}", &request[..request.len().min(60)]);
        assert_eq!(site.get("/", "").0, 200);
    }
}

/// Whoever asks slowly, or reads nothing of what it asked for, keeps nobody else waiting.
#[test]
fn slow_clients_wait_alone() {
    let site = Served::from("/", &[], &[("static/large.txt", &"x".repeat(3_000_000))]);
    let slow: Vec<TcpStream> = (0..200)
        .map(|number| match number % 3 {
            0 => TcpStream::connect(&site.address).expect("a connection"),
            1 => {
                let mut stream = TcpStream::connect(&site.address).expect("a connection");
                stream.write_all(b"GET / HT").expect("sent");
                stream
            }
            _ => site.connect("/large.txt", ""),
        })
        .collect();
    assert_eq!(site.get("/posts/first/", "").0, 200);
    let mut events = site.listen();
    events.next().expect("a greeting");
    site.write("content/posts/2026-11-01-first.md", &post("After."));
    site.until("/posts/first/", |_, body| body.contains("After."));
    drop(slow);
    assert_eq!(site.get("/posts/first/", "").0, 200);
}
