//! An HVM guest and who works for it: Xen's side of its I/O, the device model in dom0, and the devices that it sees.
//!
//! A guest that knows nothing of Xen reads and writes registers. Each such access is a VM exit, and most of them end at a
//! process in dom0, the device model, which was made from QEMU:
//!
//! ```text
//!   guest            Xen                               dom0: device model
//!   IN, OUT, MMIO ─► exit, decode ─► slot of a page ─► event ─► take, work, answer ─► event ─┐
//!        ▲                                                                                 │
//!        └──── vCPU runs again ◄─ take the answer ◄────────────────────────────────────────┘
//! ```
//!
//! [`io_requests`] is Xen's half of that trip and [`device_model`] the other one. Like all actors they do not wait: each
//! call does one step of one side, with hypervisor, counts, log and time [lent](Host) for it.
//!
//! Not modelled: instruction decoding (an access is given as what it comes to), several device models for one guest, stub
//! domains, and emulated devices other than those below.

pub mod release;

pub mod io_requests;

pub mod device_model;

pub mod pass_through;

pub mod intx;

pub mod msi_binding;

pub mod platform;

pub mod rtl8139;

pub mod rtl8139_driver;

use crate::actors::costs::Costs;
use crate::actors::log::hvm::Hvm;
use crate::actors::log::{Event, Log};
use crate::hypervisor::xen::Xen;
use crate::words::time::Time;

/// What an actor of an HVM guest works with during one call.
#[derive(Debug)]
pub struct Host<'machine> {
    /// The hypervisor.
    pub xen: &'machine mut Xen,
    /// Where is counted what it takes.
    pub costs: &'machine mut Costs,
    /// The time of the call.
    pub now: Time,
    /// Where what happens is told.
    pub log: &'machine mut Log,
}

impl Host<'_> {
    /// Tells a new step.
    pub fn step(&mut self, event: Hvm) {
        self.log.step(self.now, Event::Hvm(event));
    }

    /// Tells more of the present step.
    pub fn also(&mut self, event: Hvm) {
        self.log.also(self.now, Event::Hvm(event));
    }
}
