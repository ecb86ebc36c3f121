//! The engine as a page loads it: the bindings, [`figure`], and what a program without `std` has to bring along, [`runtime`].
//!
//! It is a package of its own so that the engine stays a library without dependencies, and so that whoever else compiles the
//! engine for wasm32 brings another allocator.
//!
//! Not modelled: whatever is no figure; scenarios and the explorer run natively only.

#![cfg(target_arch = "wasm32")]
#![no_std]

extern crate alloc;

mod figure;

mod runtime;

#[cfg(feature = "access")]
use sim::telling::modules::ACCESS as MODULE;
#[cfg(feature = "flow")]
use sim::telling::modules::FLOW as MODULE;
#[cfg(feature = "moving")]
use sim::telling::modules::MOVING as MODULE;
#[cfg(feature = "path")]
use sim::telling::modules::PATH as MODULE;
#[cfg(feature = "receive")]
use sim::telling::modules::RECEIVE as MODULE;
#[cfg(feature = "ring")]
use sim::telling::modules::RING as MODULE;
#[cfg(feature = "sharing")]
use sim::telling::modules::SHARING as MODULE;
#[cfg(feature = "toolstack")]
use sim::telling::modules::TOOLSTACK as MODULE;
#[cfg(feature = "ways")]
use sim::telling::modules::WAYS as MODULE;
