//! Drivers that break the rules on command, and the advisories that tell what came of it in real machines.
//!
//! [`front::HostileFront`] stands in for a guest's netfront and attacks dom0; [`back::HostileBack`] stands in for netback and
//! attacks guests. Until they are told to attack, both behave. What they do is listed in [`front_attack`] and
//! [`back_attack`]; [`advisories`] says which advisory describes it, and what the right reaction is.
//!
//! Not modelled: attacks on other devices than network interfaces, on the store, and on the hypervisor itself.

pub mod advisories;

pub mod front_attack;

pub mod front;

mod front_packets;

mod front_buffers;

pub mod back_attack;

pub mod back;

mod back_answers;
