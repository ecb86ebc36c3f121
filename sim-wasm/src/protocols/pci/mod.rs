//! PCI as hardware has it: config spaces, BARs, interrupts by message, resets, virtual functions, and the ways between
//! functions.
//!
//! [`builder`] makes a [`config::ConfigSpace`] from a description, [`function::Function`] puts it onto the bus, and
//! [`topology`] says which way its requests go. The parts stand alone: a config space needs none of the others.
//!
//! Not modelled: transactions of the bus and its arbitration, links and their training, hotplug slots, and what is said of
//! each part below.

pub mod registers;

pub mod config;

pub mod bar;

pub mod msi;

pub mod msix;

pub mod builder;

pub mod sriov;

pub mod function;

pub mod reset;

pub mod topology;

pub mod owners;

pub mod sharing;

pub mod msix_base;
