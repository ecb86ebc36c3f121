//! What is measured and compared: the runs that the measurements make stand in [`path`], [`seek`], [`remapping`] and
//! [`devices`], those that are compared between a native program and WebAssembly in [`drawn`].
//!
//! The program that measures is `engine/main.rs`, the test that compares is `tests/runtimes.rs`. `examples/` has the same runs
//! as programs of their own, which [`module`] compiles for wasm32 and Node runs; `network_path.py` is the same model in
//! SimPy.

pub mod path;

pub mod seek;

pub mod remapping;

pub mod devices;

pub mod drawn;

#[cfg(not(target_arch = "wasm32"))]
pub mod module;
