//! `genblog serve`: from the moment at which a word was saved to the new page.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::SETTLED;

/// Words that are written one after the other.
const WORDS: u32 = 9;

/// Ends the server whatever happens.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// How long it takes from a word saved in `file` to the page at `path` that has it, as a client gets it that waits for what open pages
/// are told: the median.
pub(crate) fn word(program: &Path, root: &Path, file: &Path, path: &str) -> Option<Duration> {
    let mut command = Command::new(program);
    command.arg("--root").arg(root).args(["serve", "--port", "0"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut server = Server(command.spawn().ok()?);
    // It may say more later, to somebody who is there.
    let mut said = BufReader::new(server.0.stdout.take()?).lines().map_while(Result::ok);
    let address = said.find_map(|line| Some(line.split_once("http://")?.1.split('/').next()?.to_owned()))?;
    let mut told = BufReader::new(ask(&address, "/_genblog/events")?);
    next_event(&mut told)?;
    let mut took = Vec::new();
    for number in 0..WORDS {
        let text = fs::read_to_string(file).ok()?;
        thread::sleep(SETTLED);
        let (word, saved) = (format!("measured{number}"), Instant::now());
        fs::write(file, format!("{}\n\n{word}\n", text.trim_end())).ok()?;
        next_event(&mut told)?;
        let mut page = String::new();
        ask(&address, path)?.read_to_string(&mut page).ok()?;
        took.push(saved.elapsed());
        assert!(page.contains(&word), "what was saved is shown");
    }
    took.sort_unstable();
    Some(took[took.len() / 2])
}

fn ask(address: &str, path: &str) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(address).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").ok()?;
    Some(stream)
}

/// Waits until something is told.
fn next_event(told: &mut impl BufRead) -> Option<()> {
    told.lines().map_while(Result::ok).find(|line| line.starts_with("data:")).map(drop)
}
