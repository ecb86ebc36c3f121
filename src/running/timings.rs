//! Where the time of a build went: `--timings`.

use std::time::{Duration, Instant};

/// Times the steps of a build.
#[derive(Debug)]
pub struct Timings {
    started: Instant,
    last: Instant,
    steps: Vec<(&'static str, Duration)>,
}

impl Timings {
    /// Starts now.
    #[must_use]
    pub fn start() -> Self {
        let now = Instant::now();
        Self { started: now, last: now, steps: Vec::new() }
    }

    /// Says that a step has ended; the next begins.
    pub fn ended(&mut self, step: &'static str) {
        let now = Instant::now();
        self.steps.push((step, now - self.last));
        self.last = now;
    }

    /// Since the start.
    #[must_use]
    pub fn all(&self) -> Duration {
        self.started.elapsed()
    }

    /// A line for each step, and one for all of them: milliseconds, and parts of a hundred.
    #[must_use]
    pub fn table(&self) -> Vec<String> {
        let all: Duration = self.steps.iter().map(|(_, time)| *time).sum();
        let line = |(step, time): (&str, Duration)| {
            let share = 100.0 * time.as_secs_f64() / all.as_secs_f64().max(f64::EPSILON);
            format!("{step:24} {:>10.1} ms {share:>4.0} %", time.as_secs_f64() * 1000.0)
        };
        self.steps.iter().copied().chain([("all", all)]).map(line).collect()
    }
}
