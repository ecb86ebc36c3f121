//! What `serve` answers: [`answer`] is a function of what is shown and what is asked, and touches neither disk nor network.
//!
//! Paths are looked up among the outputs and never on the disk, so none can lead out of the site. Names in the `Host` header that
//! are not this machine's are refused: another site's script could otherwise read ours by pointing its own name here (DNS
//! rebinding). So are requests that other sites' scripts and frames say they come from.

use std::net::IpAddr;

use axum::body::Bytes;

use crate::rendering::headers::Policy;
use crate::running::range::{Range, range};
use crate::running::shown::{Files, Served, Shown};
use crate::words::address::percent_decode;

/// Where the server's own files live; no route starts like this.
const OWN: &str = "/_genblog/";

const FOLLOW: &str = include_str!("../../templates/live/follow.js");
const PATCH: &str = include_str!("../../templates/live/patch.js");
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
    /// The `Origin` header.
    pub origin: Option<&'a str>,
    /// The `If-None-Match` header.
    pub if_none_match: Option<&'a str>,
    /// The `Range` header.
    pub range: Option<&'a str>,
    /// The `If-Range` header.
    pub if_range: Option<&'a str>,
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
    } else if asked.origin.is_some_and(|origin| !is_own_origin(origin)) {
        text(403, "this server answers its own pages only")
    } else if !matches!(asked.method, "GET" | "HEAD") {
        let mut answer = text(405, "this server is for reading");
        answer.headers.push(("Allow", "GET, HEAD".to_owned()));
        answer
    } else if let Some(name) = asked.path.strip_prefix(OWN) {
        match name {
            "events" => return Reply::Events,
            "follow.js" => own(FOLLOW, "text/javascript; charset=utf-8"),
            "patch.js" => own(PATCH, "text/javascript; charset=utf-8"),
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
    let Some(route) = asked.path.strip_prefix(&files.base_path) else {
        return if asked.path == "/" || format!("{}/", asked.path) == files.base_path {
            redirect(&files.base_path)
        } else {
            missing(shown, files)
        };
    };
    let route = percent_decode(route);
    let index = if route.is_empty() || route.ends_with('/') { format!("{route}index.html") } else { route.clone() };
    if let Some(served) = files.get(&index) {
        return fresh_or_whole(with_tools(shown, served), asked);
    }
    if !route.is_empty() && files.get(&format!("{route}/index.html")).is_some() {
        return redirect(&format!("{}/", asked.path));
    }
    missing(shown, files)
}

fn missing(shown: &Shown, files: &Files) -> Answer {
    match files.get("404.html") {
        Some(served) => {
            let Served { bytes, headers, .. } = with_tools(shown, served);
            Answer { status: 404, headers: headers.to_vec(), body: bytes }
        }
        None => text(404, "there is nothing at this address"),
    }
}

/// An output as it is sent: pages carry the script that follows edits, and the problems of the newest attempt.
fn with_tools(shown: &Shown, served: &Served) -> Served {
    let html = served.headers.iter().any(|(name, value)| *name == "Content-Type" && value.starts_with("text/html"));
    // A page that states its own policy, as a figure's own page does, would refuse the script.
    const POLICY: &[u8] = b"<meta http-equiv=\"Content-Security-Policy\"";
    if !html || served.bytes.windows(POLICY.len()).any(|window| window == POLICY) {
        return served.clone();
    }
    let bytes = inject(&served.bytes, &script(shown), &problems(shown));
    let mut served = served.clone();
    served.hash = blake3::hash(&bytes);
    served.bytes = bytes;
    served
}

/// What makes a page follow edits: the script, and the number of the site that it is a page of.
fn script(shown: &Shown) -> String {
    format!(
        "<meta name=\"genblog-site\" content=\"{}\"><script type=\"module\" src=\"{OWN}follow.js\"></script>",
        shown.number
    )
}

fn problems(shown: &Shown) -> String {
    if shown.problems.is_empty() {
        return String::new();
    }
    let mut problems = String::new();
    pulldown_cmark_escape::escape_html(&mut problems, &shown.problems).expect("writing to a string does not fail");
    format!(
        "<link rel=\"stylesheet\" href=\"{OWN}serve.css\">\n\
         <aside class=\"genblog-problems\" role=\"alert\"><h2>The site has errors</h2>\
         <pre tabindex=\"0\">{problems}</pre></aside>\n"
    )
}

/// Puts the script before all others of a page, and the problems at the end of its body.
fn inject(page: &[u8], script: &str, problems: &str) -> Bytes {
    let find =
        |text: &[u8], wanted: &[u8]| text.windows(wanted.len()).position(|found| found.eq_ignore_ascii_case(wanted));
    const END: &[u8] = b"</body>";
    let end = page.windows(END.len()).rposition(|window| window.eq_ignore_ascii_case(END)).unwrap_or(page.len());
    // Pages without a head get the script where their body ends.
    let head = find(&page[..end], b"<head>").map_or(end, |at| at + b"<head>".len());
    Bytes::from([&page[..head], script.as_bytes(), &page[head..end], problems.as_bytes(), &page[end..]].concat())
}

/// A file, a part of it, or only word that it is what the asker has.
fn fresh_or_whole(served: Served, asked: Asked<'_>) -> Answer {
    let tag = format!("\"{}\"", &served.hash.to_hex()[..16]);
    // The comparison is a weak one (RFC 9110, section 13.1.2).
    let known = asked.if_none_match.is_some_and(|tags| {
        tags.split(',').map(|tag| tag.trim().trim_start_matches("W/")).any(|known| known == tag || known == "*")
    });
    let Served { bytes, headers, .. } = served;
    let mut headers = headers.to_vec();
    headers.push(("ETag", tag.clone()));
    if known {
        return Answer { status: 304, headers, body: Bytes::new() };
    }
    headers.push(("Accept-Ranges", "bytes".to_owned()));
    // A part of another version is of no use (RFC 9110, section 13.1.5).
    let wanted = asked.range.filter(|_| asked.method == "GET" && asked.if_range.is_none_or(|known| known == tag));
    match wanted.map_or(Range::Whole, |wanted| range(wanted, bytes.len())) {
        Range::Whole => Answer { status: 200, headers, body: bytes },
        Range::Part(part) => {
            headers.push(("Content-Range", format!("bytes {}-{}/{}", part.start, part.end - 1, bytes.len())));
            Answer { status: 206, headers, body: bytes.slice(part) }
        }
        Range::Beyond => {
            let mut answer = text(416, "the file ends before this range");
            answer.headers.push(("Content-Range", format!("bytes */{}", bytes.len())));
            answer
        }
    }
}

/// A page of the server's own, while there has been no site without errors yet.
fn no_site(shown: &Shown) -> Answer {
    const PAGE: &[u8] =
        b"<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Errors</title></head><body></body></html>";
    let headers = vec![
        ("Content-Type", "text/html; charset=utf-8".to_owned()),
        ("Cache-Control", "no-store".to_owned()),
        ("Content-Security-Policy", Policy::Plain.text()),
    ];
    Answer { status: 500, headers, body: inject(PAGE, &script(shown), &problems(shown)) }
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
    let bracket = host.find(']').map_or(0, |end| end + 1);
    let (name, port) = match host[bracket..].find(':') {
        Some(colon) => (&host[..bracket + colon], &host[bracket + colon + 1..]),
        None => (host, ""),
    };
    let name = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name).to_ascii_lowercase();
    let is_own = name == "localhost" || name.ends_with(".localhost") || name.parse::<IpAddr>().is_ok();
    is_own && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a request's `Origin` is a page of this machine's. A page in a sandbox of its own says `null`.
fn is_own_origin(origin: &str) -> bool {
    origin.split_once("://").is_some_and(|(_, host)| is_own_name(host))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::running::shown::example;

    const ASKED: Asked<'_> = Asked {
        method: "GET",
        host: Some("localhost:1111"),
        path: "/",
        origin: None,
        if_none_match: None,
        range: None,
        if_range: None,
    };

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
            (Some("localhost:1111@evil.example"), 403),
            (Some("[::1].evil.example"), 403),
            (None, 403),
        ] {
            assert_eq!(ask(&shown, Asked { host, ..ASKED }).status, status, "{host:?}");
        }
        assert_eq!(ask(&shown, Asked { method: "POST", ..ASKED }).status, 405);
        let events = Asked { path: "/_genblog/events", ..ASKED };
        assert_eq!(answer(&shown, events), Reply::Events);
        assert_eq!(ask(&shown, Asked { host: Some("evil.example"), ..events }).status, 403);
        for (origin, status) in
            [("http://localhost:1111", 200), ("http://127.0.0.1:9", 200), ("https://evil.example", 403), ("null", 403)]
        {
            assert_eq!(ask(&shown, Asked { origin: Some(origin), ..ASKED }).status, status, "{origin}");
        }
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
    fn a_part_of_a_file_is_sent_when_one_is_asked_for() {
        let shown = example("/", &[("a.txt", "0123456789")]);
        let tag = header(&get(&shown, "/a.txt"), "ETag").expect("a tag").to_owned();
        let part = |range, if_range| ask(&shown, Asked { path: "/a.txt", range: Some(range), if_range, ..ASKED });
        let answer = part("bytes=2-4", None);
        assert_eq!(
            (answer.status, &*answer.body, header(&answer, "Content-Range")),
            (206, &b"234"[..], Some("bytes 2-4/10"))
        );
        assert_eq!((part("bytes=2-4", Some(&tag)).status, part("bytes=2-4", Some("\"old\"")).status), (206, 200));
        let beyond = part("bytes=10-", None);
        assert_eq!((beyond.status, header(&beyond, "Content-Range")), (416, Some("bytes */10")));
        assert_eq!(header(&get(&shown, "/a.txt"), "Accept-Ranges"), Some("bytes"));
    }

    #[test]
    fn problems_are_shown_over_the_last_whole_site() {
        let mut shown = example("/", &[("", "<html><body>home</body></html>"), ("a.txt", "text")]);
        shown.problems = "error: <b> & more".to_owned();
        let page = String::from_utf8(get(&shown, "/").body.to_vec()).expect("text");
        assert!(page.starts_with("<html><body>home<meta name=\"genblog-site\""));
        assert!(page.contains("error: &lt;b&gt; &amp; more"));
        assert!(page.ends_with("</body></html>"));
        assert_eq!(get(&shown, "/a.txt").body, "text");

        shown.files = None;
        let answer = get(&shown, "/anything");
        assert_eq!(answer.status, 500);
        assert!(String::from_utf8_lossy(&answer.body).contains("&lt;b&gt;"));
    }
}
