//! The programs of `examples/`, compiled for wasm32.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGET: &str = "wasm32-unknown-unknown";

/// How a module is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// For speed.
    Release,
    /// For size, as the module that readers load.
    Browser,
}

impl Profile {
    /// What cargo calls it.
    const fn name(self) -> &'static str {
        match self {
            Profile::Release => "release",
            Profile::Browser => "wasm",
        }
    }
}

/// Compiles one of the examples, and says where the module lies.
pub fn compile(example: &str, profile: Profile) -> Result<PathBuf, Box<dyn Error>> {
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

/// Node with a script of this package.
#[must_use]
pub fn node(script: &str) -> Command {
    let mut node = Command::new("node");
    node.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(script));
    node
}

/// A folder of its own beside what else is built: these flags and those are not each other's business.
fn target_folder() -> Result<PathBuf, Box<dyn Error>> {
    let program = std::env::current_exe()?;
    // Cargo puts tests and benches into PROFILE/deps of its target folder.
    let outer = program.ancestors().nth(3).ok_or("cargo's target folder is not to be found")?;
    Ok(outer.join("benches"))
}
