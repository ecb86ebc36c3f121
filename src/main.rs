//! Parses the command line, runs the command, and ends as it ended.

use std::process::ExitCode;

use genblog::running::cli::Cli;
use genblog::running::report::Outcome;

/// Texts become thousands of small pieces, on all processors at once.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match Cli::of_command_line().run() {
        Ok(outcome) => outcome.into(),
        Err(error) => {
            eprintln!("error: {error}");
            Outcome::Machine.into()
        }
    }
}
