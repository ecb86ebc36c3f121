//! Which machine and which tools the numbers are from.

use std::fs;
use std::process::Command;
use std::thread::available_parallelism;

/// Processor, cores, system and tools, in one line.
pub(crate) fn describe() -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    let cores = available_parallelism().map_or(1, usize::from);
    let parts = [
        model.unwrap_or("unknown processor").to_owned(),
        format!("{cores} cores"),
        format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        version("rustc"),
        format!("node {}", version("node")),
    ];
    parts.join(", ")
}

/// What a tool says of itself; `missing` if it is.
fn version(tool: &str) -> String {
    let said = Command::new(tool).arg("--version").output().ok().filter(|said| said.status.success());
    said.map_or_else(|| "missing".to_owned(), |said| String::from_utf8_lossy(&said.stdout).trim().to_owned())
}
