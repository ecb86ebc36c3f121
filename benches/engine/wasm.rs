//! The runs of `examples/`, compiled for wasm32 and timed under Node.
//!
//! A program for `wasm32-unknown-unknown` exports its `main`, takes nothing from outside and gives nothing back, which is
//! all that timing it needs: no bindings.

use benches::module::{Profile, compile, node};

use crate::Measured;
use crate::clock::Times;

/// Times one of the examples.
pub(crate) fn time(example: &str, profile: Profile, runs: u32) -> Measured<Times> {
    let module = compile(example, profile)?;
    let node = node("time.mjs").arg(module).arg(runs.to_string()).output();
    let node = node.map_err(|error| format!("node does not start: {error}"))?;
    if !node.status.success() {
        return Err(String::from_utf8_lossy(&node.stderr).trim().into());
    }
    let nanos = serde_json::from_slice(&node.stdout)?;
    Times::new(nanos).ok_or_else(|| "node has timed nothing".into())
}

/// What the table says of a profile.
pub(crate) const fn title(profile: Profile) -> &'static str {
    match profile {
        Profile::Release => "compiled for speed",
        Profile::Browser => "compiled for size",
    }
}
