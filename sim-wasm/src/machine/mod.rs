//! Actors joined into a machine, with the agenda that says what happens next.
//!
//! Not modelled: machines with several hosts, and migration between them.

pub mod network;

pub mod metrics;

pub mod timeline;

pub mod hotplug;

pub mod emulated_nic;

pub mod buffered_io;

pub mod own_card;

pub mod costs;

pub mod ways;

pub mod given_away;
