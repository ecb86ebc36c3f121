//! Xen's list of a guest's ports that are a real device's (`dpci_ioport_intercept` in `xen/arch/x86/hvm/io.c`).
//!
//! `IN` and `OUT` of an HVM guest always exit. For a port on this list Xen executes the access itself, at the machine's port,
//! and the device model is not asked: that is all that is direct about it.
//!
//! Not modelled: ports of a guest that overlap those of an emulated device; the first stretch that has the port is taken.

use alloc::vec::Vec;

use crate::actors::hvm::Host;
use crate::actors::hvm::pass_through::mappings::MapCall;
use crate::actors::log::hvm::Hvm;
use crate::hypervisor::vm_exits::ExitReason;
use crate::protocols::ioreq::Direction;

/// A stretch of ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stretch {
    guest: u16,
    machine: u16,
    count: u16,
}

/// The list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GuestPorts(Vec<Stretch>);

impl GuestPorts {
    /// No port.
    #[must_use]
    pub const fn new() -> GuestPorts {
        GuestPorts(Vec::new())
    }

    /// Takes note of a mapping of ports; of memory it knows nothing.
    pub fn apply(&mut self, call: &MapCall) {
        match *call {
            MapCall::AddPorts { guest, machine, count } => self.0.push(Stretch { guest, machine, count }),
            MapCall::RemovePorts { guest, count } => {
                self.0.retain(|stretch| (stretch.guest, stretch.count) != (guest, count));
            }
            MapCall::AddMemory { .. } | MapCall::RemoveMemory { .. } => {}
        }
    }

    /// The machine's port that a guest's port means, if it is on the list.
    #[must_use]
    pub fn translate(&self, port: u16) -> Option<u16> {
        let found = self.0.iter().find(|stretch| port.wrapping_sub(stretch.guest) < stretch.count)?;
        Some(found.machine + (port - found.guest))
    }

    /// The guest's access to a port: an exit in any case, and Xen's own access if the port is on the list.
    pub fn intercept(&self, host: &mut Host<'_>, port: u16, direction: Direction) -> Option<u16> {
        let machine = self.translate(port)?;
        host.costs.exits.count(ExitReason::IoInstruction);
        host.step(Hvm::Exited { reason: ExitReason::IoInstruction, at: u32::from(port) });
        host.also(Hvm::PortTranslated { guest: port, machine, reads: direction == Direction::Read });
        Some(machine)
    }
}
