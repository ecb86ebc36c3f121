//! What `serve` answers: [`answer`] is a function of what is shown and what is asked, and touches neither disk nor network.
//!
//! Paths are looked up among the outputs and never on the disk, so none can lead out of the site. Names in the `Host` header that
//! are not this machine's are refused: another site's script could otherwise read ours by pointing its own name here (DNS
//! rebinding).

use std::net::IpAddr;

use axum::body::Bytes;

use crate::rendering::headers::Policy;
use crate::running::shown::{Files, Served, Shown};

/// Where the server's own files live; no route starts like this.
const OWN: &str = "/_genblog/";

const RELOAD: &str = include_str!("../../templates/reload.js");
const STYLE: &str = include_str!("serve.css");

/// A request, as far as it matters.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// `GET`, `HEAD` or anything else.
    pub method: &'a str,
    /// The `Host` header.
    pub host: Option<&'a str>,
    /// The path, percent-encoded, without query.
    pub path: &'a str,
    /// The `If-None-Match` header.
    pub if_none_match: Option<&'a str>,
}

/// How a request is met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// With an answer, and that is all.
    Once(Answer),
    /// With an event for every change, for as long as the page is open.
    Events,
}

/// A response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Name and value.
    pub headers: Vec<(&'static str, String)>,
    /// What to send, unless only the head was asked for.
    pub body: Bytes,
}

/// Answers a request.
#[must_use]
pub fn answer(shown: &Shown, asked: Asked<'_>) -> Reply {
    let answer = if !asked.host.is_some_and(is_own_name) {
        text(403, "this server answers for its own address only")
    } else if !matches!(asked.method, "GET" | "HEAD") {
        let mut answer = text(405, "this server is for reading");
        answer.headers.push(("Allow", "GET, HEAD".to_owned()));
        answer
    } else if let Some(name) = asked.path.strip_prefix(OWN) {
        match name {
            "events" => return Reply::Events,
            "reload.js" => own(RELOAD, "text/javascript; charset=utf-8"),
            "serve.css" => own(STYLE, "text/css; charset=utf-8"),
            _ => text(404, "there is nothing at this address"),
        }
    } else if let Some(files) = &shown.files {
        from_site(shown, files, asked)
    } else {
        no_site(shown)
    };
    Reply::Once(answer)
}

fn from_site(shown: &Shown, files: &Files, asked: Asked<'_>) -> Answer {
    let path = decode(asked.path).unwrap_or_default();
    let Some(route) = path.strip_prefix(&files.base_path) else {
        return if path == "/" || format!("{path}/") == files.base_path {
            redirect(&files.base_path)
        } else {
            missing(shown, files)
        };
    };
    let index = if route.is_empty() || route.ends_with('/') { format!("{route}index.html") } else { route.to_owned() };
    if let Some(served) = files.get(&index) {
        return fresh_or_whole(with_tools(shown, served), 200, asked.if_none_match);
    }
    if !route.is_empty() && files.get(&format!("{route}/index.html")).is_some() {
        return redirect(&format!("{}/", asked.path));
    }
    missing(shown, files)
}

fn missing(shown: &Shown, files: &Files) -> Answer {
    match files.get("404.html") {
        Some(served) => fresh_or_whole(with_tools(shown, served), 404, None),
        None => text(404, "there is nothing at this address"),
    }
}

/// An output as it is sent: pages carry the script that follows edits, and the problems of the newest attempt.
fn with_tools(shown: &Shown, served: &Served) -> Served {
    let html = served.headers.iter().any(|(name, value)| *name == "Content-Type" && value.starts_with("text/html"));
    // A page that states its own policy, as a figure's own page does, would refuse the script.
    const POLICY: &[u8] = b"http-equiv=\"Content-Security-Policy\"";
    if !html || served.bytes.windows(POLICY.len()).any(|window| window == POLICY) {
        return served.clone();
    }
    let mut served = served.clone();
    served.bytes = inject(&served.bytes, &tools(shown));
    served.hash = blake3::hash(&served.bytes);
    served
}

fn tools(shown: &Shown) -> String {
    let script = format!("<script type=\"module\" src=\"{OWN}reload.js\"></script>\n");
    if shown.problems.is_empty() {
        return script;
    }
    let mut problems = String::new();
    pulldown_cmark_escape::escape_html(&mut problems, &shown.problems).expect("writing to a string does not fail");
    format!(
        "{script}<link rel=\"stylesheet\" href=\"{OWN}serve.css\">\n\
         <aside class=\"genblog-problems\" role=\"alert\"><h2>The site has errors</h2>\
         <pre tabindex=\"0\">{problems}</pre></aside>\n"
    )
}

/// Puts `tools` at the end of the page's body.
fn inject(page: &[u8], tools: &str) -> Bytes {
    const END: &[u8] = b"</body>";
    let at = page.windows(END.len()).rposition(|window| window.eq_ignore_ascii_case(END)).unwrap_or(page.len());
    Bytes::from([&page[..at], tools.as_bytes(), &page[at..]].concat())
}

fn fresh_or_whole(served: Served, status: u16, if_none_match: Option<&str>) -> Answer {
    let tag = format!("\"{}\"", &served.hash.to_hex()[..16]);
    // The comparison is a weak one (RFC 9110, section 13.1.2).
    let known = if_none_match.is_some_and(|tags| {
        tags.split(',').map(|tag| tag.trim().trim_start_matches("W/")).any(|known| known == tag || known == "*")
    });
    let mut headers = served.headers;
    headers.push(("ETag", tag));
    if known {
        Answer { status: 304, headers, body: Bytes::new() }
    } else {
        Answer { status, headers, body: served.bytes }
    }
}

/// A page of the server's own, while there has been no site without errors yet.
fn no_site(shown: &Shown) -> Answer {
    const PAGE: &[u8] =
        b"<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Errors</title><body></body></html>";
    let headers = vec![
        ("Content-Type", "text/html; charset=utf-8".to_owned()),
        ("Cache-Control", "no-store".to_owned()),
        ("Content-Security-Policy", Policy::Plain.text()),
    ];
    Answer { status: 500, headers, body: inject(PAGE, &tools(shown)) }
}

fn own(content: &'static str, media_type: &str) -> Answer {
    let headers = vec![("Content-Type", media_type.to_owned()), ("Cache-Control", "no-store".to_owned())];
    Answer { status: 200, headers, body: Bytes::from_static(content.as_bytes()) }
}

fn text(status: u16, message: &'static str) -> Answer {
    Answer { status, ..own(message, "text/plain; charset=utf-8") }
}

fn redirect(to: &str) -> Answer {
    let mut answer = text(307, "this address lacks its slash");
    answer.headers.push(("Location", to.to_owned()));
    answer
}

/// Whether a `Host` header names this machine: by an address, or as `localhost`.
fn is_own_name(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    let name = name.to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost") || name.parse::<IpAddr>().is_ok()
}

/// Undoes percent-encoding; `None` when the result is no text.
fn decode(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.filter(|_| first == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::running::shown::example;

    const ASKED: Asked<'_> = Asked { method: "GET", host: Some("localhost:1111"), path: "/", if_none_match: None };

    #[track_caller]
    fn ask(shown: &Shown, asked: Asked<'_>) -> Answer {
        match answer(shown, asked) {
            Reply::Once(answer) => answer,
            Reply::Events => panic!("a stream of events"),
        }
    }

    #[track_caller]
    fn get(shown: &Shown, path: &str) -> Answer {
        ask(shown, Asked { path, ..ASKED })
    }

    fn header<'a>(answer: &'a Answer, wanted: &str) -> Option<&'a str> {
        answer.headers.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.as_str())
    }

    #[test]
    fn only_the_machine_itself_is_answered() {
        let shown = example("/", &[("", "home")]);
        for (host, status) in [
            (Some("localhost:1111"), 200),
            (Some("127.0.0.1"), 200),
            (Some("[::1]:80"), 200),
            (Some("evil.example:1111"), 403),
            (Some("localhost.evil.example"), 403),
            (None, 403),
        ] {
            assert_eq!(ask(&shown, Asked { host, ..ASKED }).status, status, "{host:?}");
        }
        assert_eq!(ask(&shown, Asked { method: "POST", ..ASKED }).status, 405);
        let events = Asked { path: "/_genblog/events", ..ASKED };
        assert_eq!(answer(&shown, events), Reply::Events);
        assert_eq!(ask(&shown, Asked { host: Some("evil.example"), ..events }).status, 403);
    }

    #[test]
    fn addresses_lead_to_outputs_and_nowhere_else() {
        let shown = example("/blog/", &[("", "home"), ("größe/", "page"), ("a.txt", "text"), ("404.html", "none")]);
        for (path, status) in [
            ("/blog/", 200),
            ("/blog/gr%C3%B6%C3%9Fe/", 200),
            ("/blog/gr%C3%B6%C3%9Fe", 307),
            ("/blog/a.txt", 200),
            ("/", 307),
            ("/blog", 307),
            ("/a.txt", 404),
            ("/blog/../a.txt", 404),
            ("/blog/%2e%2e/%2e%2e/etc/passwd", 404),
            ("/blog//etc/passwd", 404),
            ("/blog/%ff%zz", 404),
        ] {
            assert_eq!(get(&shown, path).status, status, "{path}");
        }
        assert_eq!(header(&get(&shown, "/blog/gr%C3%B6%C3%9Fe"), "Location"), Some("/blog/gr%C3%B6%C3%9Fe/"));
        assert_eq!(header(&get(&shown, "/"), "Location"), Some("/blog/"));
    }

    #[test]
    fn an_unchanged_output_is_not_sent_again() {
        let shown = example("/", &[("a.txt", "text")]);
        let first = get(&shown, "/a.txt");
        let tag = header(&first, "ETag").expect("a tag").to_owned();
        let tags = format!("\"other\", W/{tag}");
        let again = ask(&shown, Asked { path: "/a.txt", if_none_match: Some(&tags), ..ASKED });
        assert_eq!((again.status, again.body.len()), (304, 0));
    }

    #[test]
    fn problems_are_shown_over_the_last_whole_site() {
        let mut shown = example("/", &[("", "<html><body>home</body></html>"), ("a.txt", "text")]);
        shown.problems = "error: <b> & more".to_owned();
        let page = String::from_utf8(get(&shown, "/").body.to_vec()).expect("text");
        assert!(page.starts_with("<html><body>home<script"));
        assert!(page.contains("error: &lt;b&gt; &amp; more"));
        assert!(page.ends_with("</body></html>"));
        assert_eq!(get(&shown, "/a.txt").body, "text");

        shown.files = None;
        let answer = get(&shown, "/anything");
        assert_eq!(answer.status, 500);
        assert!(String::from_utf8_lossy(&answer.body).contains("&lt;b&gt;"));
    }
}
