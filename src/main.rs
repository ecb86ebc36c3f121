//! Parses the command line, runs the command, and ends as it ended.

use std::process::ExitCode;

use clap::Parser;
use genblog::running::cli::Cli;
use genblog::running::report::Outcome;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(outcome) => outcome.into(),
        Err(error) => {
            eprintln!("error: {error}");
            Outcome::Machine.into()
        }
    }
}
