//! Actors joined into a machine, with the agenda that says what happens next.

pub mod network;

pub mod metrics;

pub mod timeline;
