//! The protocols that domains speak over shared pages.

pub mod ring;

pub mod front_ring;

pub mod back_ring;

pub mod netif;

pub mod xenbus;

mod store_buffer;

pub mod notification_model;

pub mod explorer;
