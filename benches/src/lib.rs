//! What is measured: every call of the engine that the measurements make stands in [`path`] and [`seek`].
//!
//! The program that measures is `engine/main.rs`; `examples/` has the same runs as programs of their own, which the program
//! compiles for wasm32 and times under Node; `network_path.py` is the same model in SimPy.

pub mod path;

pub mod seek;
