//! The runs of `examples/`, compiled for wasm32 and timed under Node.
//!
//! A program for `wasm32-unknown-unknown` exports its `main`, takes nothing from outside and gives nothing back, which is
//! all that timing it needs: no bindings.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Measured;
use crate::clock::Times;

const TARGET: &str = "wasm32-unknown-unknown";

/// How the module is compiled.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Profile {
    /// For speed.
    Release,
    /// For size, as the module that readers load.
    Browser,
}

impl Profile {
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Profile::Release => "compiled for speed",
            Profile::Browser => "compiled for size",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Profile::Release => "release",
            Profile::Browser => "wasm",
        }
    }
}

/// Times one of the examples.
pub(crate) fn time(example: &str, profile: Profile, runs: u32) -> Measured<Times> {
    let module = compile(example, profile)?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("time.mjs");
    let node = Command::new("node").arg(script).arg(module).arg(runs.to_string()).output();
    let node = node.map_err(|error| format!("node does not start: {error}"))?;
    if !node.status.success() {
        return Err(String::from_utf8_lossy(&node.stderr).trim().into());
    }
    let nanos = serde_json::from_slice(&node.stdout)?;
    Times::new(nanos).ok_or_else(|| "node has timed nothing".into())
}

fn compile(example: &str, profile: Profile) -> Measured<PathBuf> {
    let target_folder = target_folder()?;
    let cargo = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--package", "benches", "--example", example])
        .args(["--profile", profile.name(), "--target", TARGET, "--target-dir"])
        .arg(&target_folder)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()?;
    if !cargo.status.success() {
        let told = String::from_utf8_lossy(&cargo.stderr);
        return Err(told.lines().find(|line| line.starts_with("error")).unwrap_or("it does not compile").into());
    }
    Ok(target_folder.join(TARGET).join(profile.name()).join("examples").join(format!("{example}.wasm")))
}

/// A folder of its own beside what else is built: these flags and those are not each other's business.
fn target_folder() -> Measured<PathBuf> {
    let program = std::env::current_exe()?;
    let outer = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    Ok(outer.ok_or("cargo's target folder is not to be found")?.join("benches"))
}
