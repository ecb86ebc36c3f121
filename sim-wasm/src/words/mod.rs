//! The words of the engine: what everything above is said with.
//!
//! Nothing here knows about Xen's mechanisms; [`ids`] only gives its numbers their names.
//!
//! Not modelled: nothing; these are words.

pub mod ids;

pub mod time;

pub mod rng;

pub mod hash;

pub mod text;
