//! The hypervisor: what domains share, and who may do what to it.
//!
//! Everything a guest could look at lies in [`memory`] as the bytes that the public headers describe; only what real Xen
//! keeps to itself (owners, pins, handles, the other end of a port) is kept in Rust's own types. [`xen::Xen`] is the
//! machine's hypervisor; its methods are the hypercalls, and the domain that calls is their first argument. Those about
//! grants are in [`grant_calls`], [`grant_copies`] and [`grant_transfers`], those about events in [`event_calls`] and [`pirq_calls`].
//!
//! A guest's own side of both, which enters no hypervisor, is in [`guest_grants`], [`deferred_grants`] and
//! [`guest_irqs`].
//!
//! Devices' own accesses to memory go past all of this, through [`vtd`], the chipset's unit that looks their addresses up;
//! [`passthrough`] is what Xen tells it. What a domain may have of devices is in [`pirqs`] and [`io_permissions`]. An HVM guest
//! comes here by [`vm_exits`].
//!
//! Not modelled: PVH guests, I/O itself, and whatever a network interface does not need; see each module.

pub mod page;

pub mod memory;

pub mod grant_entry;

pub mod guest_grants;

pub mod deferred_grants;

pub mod grant_table;

pub mod shared_info;

pub mod guest_irqs;

pub mod event_channel;

pub mod domain;

pub mod xen;

pub mod domain_destruction;

pub mod grant_calls;

pub mod grant_copies;

pub mod grant_transfers;

pub mod event_calls;

pub mod pirq_calls;

pub mod vm_exits;

pub mod message;

pub mod vtd;

pub mod passthrough;

pub mod pirqs;

pub mod io_permissions;
