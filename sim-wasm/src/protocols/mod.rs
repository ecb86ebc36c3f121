//! The protocols that domains speak over shared pages.
//!
//! Not modelled: rings of several pages, block devices, consoles, and every other protocol.

pub mod ring;

pub mod front_ring;

pub mod back_ring;

pub mod netif;

pub mod xenbus;

pub mod ioreq;

pub mod buffered_ioreq;

pub mod pci;

pub mod pciif;

pub mod pciif_model;

pub mod e1000;

mod store_buffer;

pub mod notification_model;

pub mod explorer;

pub mod futures;
