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
//! Where a test holds this against QEMU's model (`hw/i386/intel_iommu.c`): QEMU is not hardware. It has one fault record,
//! tags translations with the function instead of the domain, blocks a write to a remembered read-only page without a
//! record, forgets everything when a domain's context entries are to be forgotten, remembers nothing of entries that let
//! requests pass, takes the snoop bit for reserved, lets interrupts of the old format pass, looks for remembered
//! translations of three sizes only, and drops all of them when there are 1024. None of that is so here.
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
