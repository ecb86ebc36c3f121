//! VT-d: the chipset's unit between devices and memory, which looks a device's addresses up in tables and its interrupts too.
//!
//! [`walk::translate`] is the whole of the tables' meaning in one function without memory of its own; [`unit::Unit`] is the
//! hardware around it, which remembers, records and is told what to forget. How Xen uses it is
//! [`passthrough`](crate::hypervisor::passthrough).
//!
//! ```text
//!   device ── request (who, where, which way) ──> unit ── frame ──> memory
//!                                                  ├──── blocked: fault record, message
//!                                                  └──── FEExxxxx: interrupt
//! ```
//!
//! Source: *Intel Virtualization Technology for Directed I/O, Architecture Specification*, legacy mode.
//!
//! Not modelled: scalable mode, paging-structure caches, devices that cache translations, page requests, and time.

pub mod structures;

pub mod capabilities;

pub mod fault;

pub mod walk;

pub mod caches;

pub mod registers;

pub mod unit;

pub mod fault_records;

pub mod invalidation;

pub mod write_requests;

pub mod interrupts;
