//! Bytes played against the engine.
//!
//! Each module reads its bytes as a sequence of commands, carries them out, and checks after each what must always hold. A
//! broken rule is a panic.
//!
//! - [`grants_and_events`]: domains that call the hypervisor and scribble over every page that is theirs.
//! - [`netback`]: frontends that keep to no rule.
//! - [`netfront`]: a backend that keeps to no rule.
//! - [`machine`]: whole machines with anything going wrong in them.
//! - [`remapping`]: units whose tables, queue and registers say anything.
//! - [`pciif`]: a guest that keeps to no rule on the page that it shares with pciback.
//! - [`ioreq`]: a guest that writes into the pages of its own I/O requests.
//! - [`state_link`]: any text as the address of a frame.

pub mod bytes;

pub mod grants_and_events;

pub mod netback;

pub mod netfront;

pub mod machine;

pub mod remapping;

pub mod pciif;

pub mod ioreq;

pub mod state_link;
