//! Somebody else's server: a port of its own, answers by path, and a list of what it was asked.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What a server is asked.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// `HEAD /path`.
    pub(crate) line: String,
    pub(crate) agent: String,
    /// How often the same was asked before.
    pub(crate) before: usize,
}

/// What it answers: a whole answer, or nothing, and the connection stays open.
pub(crate) type Answer = Option<String>;

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    pub(crate) fn new(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        // Of five digits, as most are: columns of the golden files depend on it.
        let (listener, address) = std::iter::repeat_with(|| TcpListener::bind("127.0.0.1:0").expect("a free port"))
            .map(|listener| (listener.local_addr().expect("bound"), listener))
            .find_map(|(address, listener)| (address.port() >= 10_000).then_some((listener, address)))
            .expect("there are such ports");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (asked_here, answer) = (Arc::clone(&asked), Arc::new(answer));
        std::thread::spawn(move || {
            let mut times: BTreeMap<String, usize> = BTreeMap::new();
            for stream in listener.incoming().flatten() {
                let Some(mut request) = read(&stream) else { continue };
                let count = times.entry(request.line.clone()).or_default();
                request.before = *count;
                *count += 1;
                // Told before it is answered: who has the answer finds all that the server was asked.
                asked_here.lock().expect("sound").push(request.clone());
                let answer = Arc::clone(&answer);
                std::thread::spawn(move || match answer(&request) {
                    // Who has given up does not listen.
                    Some(text) => drop((&stream).write_all(text.as_bytes())),
                    None => std::mem::forget(stream),
                });
            }
        });
        Self { address, asked }
    }

    /// What it was asked since this was called last, without the agents.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.requests().into_iter().map(|request| request.line).collect()
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        std::mem::take(&mut *self.asked.lock().expect("sound"))
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    let first = lines.next()?;
    let line = first.strip_suffix(" HTTP/1.1")?.to_owned();
    let agent =
        lines.filter_map(|line| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned())));
    let agent = agent.filter(|(name, _)| name == "user-agent").map(|(_, value)| value).last().unwrap_or_default();
    Some(Request { line, agent, before: 0 })
}

/// An answer without a page; `more` are headers, each with its end.
pub(crate) fn status(status: &str, more: &str) -> Answer {
    Some(format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 0\r\n{more}\r\n"))
}

/// A page; nobody reads it of an answer to `HEAD`.
pub(crate) fn page(html: &str) -> Answer {
    let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/html; charset=utf-8";
    Some(format!("{head}\r\nContent-Length: {}\r\n\r\n{html}", html.len()))
}

/// A server with one of each.
pub(crate) fn usual() -> Server {
    Server::new(|request| {
        let (method, path) = request.line.split_once(' ').expect("two words");
        match path {
            "/there" | "/place" => page("<h2 id=here>Here</h2>"),
            "/large" => page(&"x".repeat((1 << 20) + 1)),
            "/moved" => status("301 Moved Permanently", "Location: /there\r\n"),
            "/moved-twice" => status("308 Permanent Redirect", "Location: /moved\r\n"),
            "/elsewhere" => status("302 Found", "Location: there\r\n"),
            "/circle" => status("302 Found", "Location: /circle\r\n"),
            "/forbidden" => status("403 Forbidden", ""),
            "/broken" => status("500 Internal Server Error", ""),
            "/no-head" if method == "HEAD" => status("405 Method Not Allowed", ""),
            "/no-head" => page(""),
            "/busy" if request.before == 0 => status("429 Too Many Requests", "Retry-After: 0\r\n"),
            "/busy" => page(""),
            "/busy-for-long" => status("429 Too Many Requests", "Retry-After: 3600\r\n"),
            "/withdrawn" => status("410 Gone", ""),
            "/no-http" => Some("SSH-2.0-somebody\r\n".to_owned()),
            "/silent" => None,
            _ => status("404 Not Found", ""),
        }
    })
}
