//! The drivers and devices of the path, and the log that they all report to.
//!
//! An actor owns its private state and works on memory that is lent for the call; it never waits and knows no clock but its
//! arguments. Names are the kernel's own, without their prefix.
//!
//! Not modelled: whatever else a kernel does; each module below says what of its own part is left out.

pub mod epoch;

pub mod parts;

pub mod log;

pub mod skb;

pub mod kernel;

pub mod handshake;

pub mod netback;

pub mod netback_upstream;

pub mod bridge;

pub mod netfilter;

pub mod qdisc;

pub mod stack;

pub mod nic;

pub mod remapping;

pub mod xenbus;

pub mod costs;

pub mod hvm;

pub mod hotplug;

pub mod migration;

pub mod netfront;

pub mod hostile;

pub mod pciback;

pub mod pcifront;

pub mod pcibus;
