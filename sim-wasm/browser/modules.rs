//! Compiles this package as genblog's build script asks, once for each module, and binds it.
//!
//! A second cargo builds for wasm32 with the `wasm` profile, one module after the other. It has a target folder of its own:
//! sharing the outer one waits for the outer build's lock for ever. What the outer build put into the environment (flags,
//! wrappers, the jobserver) is taken out again, so the modules are the same however the program is built.

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use wasm_bindgen_cli_support::Bindgen;

const TARGET: &str = "wasm32-unknown-unknown";

/// The modules, each a feature of `sim-browser`: groups of figures (`sim-wasm/src/telling/modules.rs`).
const MODULES: [&str; 9] = ["ring", "path", "flow", "sharing", "receive", "access", "ways", "moving", "toolstack"];

/// Writes `NAME.wasm` of each module to `OUT_DIR`, and the bindings that they share: `sim.js`.
pub(crate) fn build() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(variable("OUT_DIR")?);
    demand_target()?;
    let mut shared: Option<String> = None;
    for name in MODULES {
        let (bindings, module) = bind(&compile(name, &target_folder(&out))?)?;
        fs::write(out.join(name).with_extension("wasm"), module)?;
        // Pages load the bindings once, whichever modules they need.
        if *shared.get_or_insert_with(|| bindings.clone()) != bindings {
            return Err(format!("the module `{name}` has other bindings than `{}`", MODULES[0]).into());
        }
    }
    fs::write(out.join("sim.js"), shared.unwrap_or_default())?;
    Ok(())
}

/// The bindings of a compiled module, and the module as they want it.
fn bind(wasm: &Path) -> Result<(String, Vec<u8>), Box<dyn Error>> {
    let mut output = Bindgen::new()
        .input_path(wasm)
        .out_name("sim")
        .web(true)?
        .omit_default_module_path(true)
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate_output()?;
    Ok((output.js().to_owned(), output.wasm_mut().emit_wasm()))
}

/// Without this check a missing target shows as "can't find crate for `core`" in the middle of a nested build.
fn demand_target() -> Result<(), Box<dyn Error>> {
    let printed = Command::new(variable("RUSTC")?).args(["--print", "target-libdir", "--target", TARGET]).output()?;
    let libraries = String::from_utf8(printed.stdout)?;
    // The compiler prints where the libraries would be; only the folder tells whether they are there.
    if printed.status.success() && Path::new(libraries.trim()).is_dir() {
        return Ok(());
    }
    Err(format!("the figures need the {TARGET} target: run `rustup target add {TARGET}`").into())
}

/// A folder beside the outer build's, one for all profiles; within `OUT_DIR` when the outer one cannot be told.
fn target_folder(out: &Path) -> PathBuf {
    // The tag is there only if cargo made the folder itself.
    let is_outer = |folder: &&Path| ["CACHEDIR.TAG", ".rustc_info.json"].iter().any(|file| folder.join(file).is_file());
    out.ancestors().find(is_outer).unwrap_or(out).join("sim-wasm")
}

fn compile(module: &str, target_folder: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let mut cargo = Command::new(variable("CARGO")?);
    cargo
        .args(["build", "--locked", "--package", "sim-browser", "--features", module])
        .args(["--profile", "wasm", "--target", TARGET, "--target-dir"])
        .arg(target_folder)
        .current_dir(variable("CARGO_MANIFEST_DIR")?);
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(belongs_to_outer_build) {
            cargo.env_remove(name);
        }
    }
    let built = cargo.output()?;
    if !built.status.success() {
        return Err(
            format!("the engine does not compile for {TARGET}\n{}", String::from_utf8_lossy(&built.stderr)).into()
        );
    }
    Ok(target_folder.join(TARGET).join("wasm/sim_browser.wasm"))
}

/// Whether the outer cargo (or its caller) set `name` for the outer build only.
fn belongs_to_outer_build(name: &str) -> bool {
    const PREFIXES: [&str; 6] =
        ["CARGO_CFG_", "CARGO_FEATURE_", "CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_PROFILE_", "DEP_"];
    const NAMES: [&str; 21] = [
        "CARGO_BUILD_RUSTFLAGS",
        "CARGO_BUILD_TARGET",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_MAKEFLAGS",
        "CARGO_PRIMARY_PACKAGE",
        "CARGO_TARGET_DIR",
        "DEBUG",
        "HOST",
        "MAKEFLAGS",
        "MAKELEVEL",
        "MFLAGS",
        "NUM_JOBS",
        "OPT_LEVEL",
        "OUT_DIR",
        "PROFILE",
        "RUSTC_LINKER",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTDOCFLAGS",
        "RUSTFLAGS",
        "TARGET",
        "__CARGO_DEFAULT_LIB_METADATA",
    ];
    PREFIXES.iter().any(|prefix| name.starts_with(prefix)) || NAMES.contains(&name)
}

fn variable(name: &str) -> Result<OsString, Box<dyn Error>> {
    env::var_os(name).ok_or_else(|| format!("cargo did not set {name}").into())
}
