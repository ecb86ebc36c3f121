//! How large the modules are that readers' browsers load.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::Measured;

/// The modules.
const MODULES: [&str; 9] = ["ring", "path", "flow", "sharing", "receive", "access", "ways", "moving", "toolstack"];

/// Bytes of a module as it is served.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub(crate) name: &'static str,
    pub(crate) raw: usize,
    pub(crate) brotli: usize,
}

/// Builds the generator, whose build script makes the modules, and measures what it made.
pub(crate) fn sizes() -> Measured<Vec<Sizes>> {
    let folder = out_folder()?;
    let measure = |name: &'static str| {
        let module = fs::read(folder.join(name).with_extension("wasm"))?;
        let mut packed = Vec::new();
        brotli::BrotliCompress(&mut &module[..], &mut packed, &brotli::enc::BrotliEncoderParams::default())?;
        Ok(Sizes { name, raw: module.len(), brotli: packed.len() })
    };
    MODULES.into_iter().map(measure).collect()
}

/// Where the build script of the generator writes.
fn out_folder() -> Measured<PathBuf> {
    let cargo = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--package", "genblog", "--message-format", "json"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()?;
    if !cargo.status.success() {
        return Err("the generator does not compile".into());
    }
    let told = String::from_utf8(cargo.stdout)?;
    let messages = told.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let folder = messages.filter(|message| message["reason"] == "build-script-executed").find_map(|message| {
        let ours = message["package_id"].as_str()?.contains("genblog@")
            || message["package_id"].as_str()?.contains("#genblog");
        ours.then(|| message["out_dir"].as_str().map(PathBuf::from)).flatten()
    });
    folder.ok_or_else(|| "the generator's build script has not run".into())
}
