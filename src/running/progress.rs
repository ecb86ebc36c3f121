//! How far long work is, on one line that a person at a terminal sees while it goes on.
//!
//! ```text
//! photographs 17 of 40 · 4.1/s · 6 s left
//! ```
//!
//! The line has no colours. It is rewritten in place, without wrapping however narrow the terminal is, and gone when the work is
//! done. Work that takes no time to speak of shows nothing.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Work shorter than this shows nothing.
const PATIENCE: Duration = Duration::from_millis(400);

/// How long a line stands at least.
const STANDS: Duration = Duration::from_millis(100);

/// Back to the start of the line, and what follows is cut off at the right edge.
const START: &str = "\r\x1b[?7l";

/// What is left of the line before goes, and later lines wrap again.
const END: &str = "\x1b[K\x1b[?7h";

/// How far a piece of work is.
#[derive(Debug)]
pub struct Progress {
    noun: &'static str,
    total: usize,
    started: Instant,
    /// Nothing where nobody looks.
    line: Option<Mutex<Line>>,
}

#[derive(Debug)]
struct Line {
    done: usize,
    shown: Option<Instant>,
}

impl Progress {
    /// Work on so many things, whose name is given in the plural. It is shown when `wanted`, and a person looks.
    #[must_use]
    pub fn new(noun: &'static str, total: usize, wanted: bool) -> Self {
        let dumb = env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
        let looked_at = wanted && total > 1 && !dumb && io::stderr().is_terminal();
        let line = looked_at.then(|| Mutex::new(Line { done: 0, shown: None }));
        Self { noun, total, started: Instant::now(), line }
    }

    /// One more is done.
    pub fn step(&self) {
        let Some(line) = &self.line else { return };
        let mut line = line.lock().unwrap_or_else(PoisonError::into_inner);
        line.done += 1;
        let elapsed = self.started.elapsed();
        if elapsed >= PATIENCE && line.shown.is_none_or(|shown| shown.elapsed() >= STANDS) {
            line.shown = Some(Instant::now());
            show(&format!("{START}{}{END}", told(self.noun, line.done, self.total, elapsed)));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        let Some(line) = &mut self.line else { return };
        if line.get_mut().unwrap_or_else(PoisonError::into_inner).shown.is_some() {
            show("\r\x1b[K");
        }
    }
}

/// Writes all at once, so that nobody else's words come in between. A terminal that is gone is no reason to stop.
fn show(text: &str) {
    let mut terminal = io::stderr().lock();
    let _ = terminal.write_all(text.as_bytes()).and_then(|()| terminal.flush());
}

/// `photographs 17 of 40 · 4.1/s · 6 s left`.
fn told(noun: &str, done: usize, total: usize, elapsed: Duration) -> String {
    let milliseconds = elapsed.as_millis().max(1);
    let tenths = done as u128 * 10_000 / milliseconds;
    let rate = if tenths < 100 { format!("{}.{}", tenths / 10, tenths % 10) } else { (tenths / 10).to_string() };
    let left = milliseconds * total.saturating_sub(done) as u128 / (done as u128).max(1);
    format!("{noun} {done} of {total} · {rate}/s · {} left", time(left.div_ceil(1000)))
}

/// `7 s`, `2 min 05 s`, `1 h 02 min`.
fn time(seconds: u128) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn count_rate_and_time_left_are_told() {
        for (done, total, milliseconds, expected) in [
            (17, 40, 4_150, "photographs 17 of 40 · 4.0/s · 6 s left"),
            (1, 1000, 2_000, "photographs 1 of 1000 · 0.5/s · 33 min 18 s left"),
            (300, 9_000, 1_000, "photographs 300 of 9000 · 300/s · 29 s left"),
            (1, 9_000, 1_000, "photographs 1 of 9000 · 1.0/s · 2 h 29 min left"),
            (40, 40, 9_000, "photographs 40 of 40 · 4.4/s · 0 s left"),
            (0, 2, 0, "photographs 0 of 2 · 0.0/s · 1 s left"),
        ] {
            assert_eq!(told("photographs", done, total, Duration::from_millis(milliseconds)), expected);
        }
    }
}
