//! A machine that runs Xen's device-access protocols.
//!
//! The engine is built in floors, and a file uses lower floors only:
//!
//! 0. [`words`]: identifiers, time and the agenda, text, hashes.
//! 1. [`hypervisor`]: machine frames, grant tables and event channels, as the bytes that the public headers describe.
//! 2. [`protocols`]: the shared ring with its two halves, the network interface's formats, the explorer of interleavings.
//! 3. [`actors`]: drivers and devices, and the log that they report to.
//! 4. [`machine`]: actors joined into a whole that runs by itself.
//! 5. [`telling`]: figures: runs become pictures and words, and a player steps through them.
//! 6. `browser`: the bindings for a page, in the WebAssembly build only.
//!
//! An engine does no input or output and knows no clock: time is a number that is handed in, and the same setup gives the
//! same log on every machine.

// Without its other parts the machine has ends that lead nowhere.
#![cfg_attr(not(feature = "complete"), allow(dead_code, unused_imports))]

pub mod words;

pub mod hypervisor;

pub mod protocols;

pub mod actors;

pub mod machine;

pub mod telling;

#[cfg(target_arch = "wasm32")]
pub mod browser;
