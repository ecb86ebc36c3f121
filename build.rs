//! Has the engine compiled for the browser, so that the program carries its modules and nothing built lies in git.

use std::process::ExitCode;

#[cfg(feature = "site")]
#[path = "sim-wasm/browser/modules.rs"]
mod modules;

fn main() -> ExitCode {
    for path in ["sim-wasm/Cargo.toml", "sim-wasm/src", "sim-wasm/browser", "Cargo.toml", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={path}");
    }
    #[cfg(feature = "site")]
    if let Err(error) = modules::build() {
        for line in error.to_string().lines() {
            println!("cargo::error={line}");
        }
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
