//! A machine that runs Xen's device-access protocols.
//!
//! The engine is built in floors, and a file uses lower floors only:
//!
//! 0. [`words`]: identifiers, time and the agenda, text, hashes.
//! 1. [`hypervisor`]: machine frames, grant tables and event channels, as the bytes that the public headers describe.
//! 2. [`protocols`]: the shared ring with its two halves, the network interface's formats, the explorer of interleavings.

pub mod words;

pub mod hypervisor;

pub mod protocols;

pub mod actors;

pub mod telling;
