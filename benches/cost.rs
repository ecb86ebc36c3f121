//! What a program takes: time by the clock, time of processors, memory.

use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// What a program took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// Seconds.
    pub(crate) clock: f64,
    /// Seconds of all processors.
    pub(crate) work: f64,
    /// Kilobytes.
    pub(crate) memory: u64,
}

impl Cost {
    /// As columns of a table.
    pub(crate) fn row(self) -> String {
        format!("{:>9.2} s {:>9.2} s {:>7} MB", self.clock, self.work, self.memory / 1000)
    }
}

/// Runs a program to its end; `None` when it does not run, or fails.
pub(crate) fn measure(command: &mut Command) -> Option<Cost> {
    let (before, start) = (children_work(), Instant::now());
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().ok()?;
    let mut memory = 0;
    let status = loop {
        memory = memory.max(peak(child.id()));
        match child.try_wait().ok()? {
            Some(status) => break status,
            None => thread::sleep(Duration::from_millis(1)),
        }
    };
    let clock = start.elapsed().as_secs_f64();
    status.success().then(|| Cost { clock, work: children_work() - before, memory })
}

/// Seconds that the children which have ended took: `cutime` and `cstime` of proc(5), in hundredths.
fn children_work() -> f64 {
    let status = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = status.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(13).take(2).filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// The most kilobytes that a process had: `VmHWM` of proc(5).
fn peak(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
