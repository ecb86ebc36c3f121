//! A real function leaves an HVM guest: mappings out, silence, then another owner (`unregister_real_device` in
//! `tools/ioemu/hw/pass-through.c`, `deassign_device` in `xen/drivers/passthrough/pci.c`).
//!
//! ```text
//!   3.3     unmap ─► owner dom0 ─► xend resets it, later
//!   today   unmap ─► bus mastering off ─► at rest? ─ yes ─► owner dom0 ─► reset
//!                                             └──── no ──► owner nobody (quarantine) ─► reset
//! ```
//!
//! In 3.3 a function that still masters the bus becomes dom0's as it is, and what it writes from then on lands where dom0's
//! tables point: in all memory (XSA-302).
//!
//! Not modelled: the time between the steps, in which real requests arrive, reset methods other than that of the bus, and functions
//! that share requester IDs: [`handover`](crate::actors::pcibus::handover) looks at those.

use alloc::vec::Vec;

use crate::actors::hvm::Host;
use crate::actors::hvm::pass_through::device::PtDevice;
use crate::actors::hvm::pass_through::mappings::MapCall;
use crate::actors::hvm::release::Release;
use crate::actors::log::hvm::Hvm;
use crate::protocols::pci::config::Width;
use crate::protocols::pci::function::Function;
use crate::protocols::pci::owners::{Owners, Refused, Taker};
use crate::protocols::pci::registers::{PCI_COMMAND, PCI_COMMAND_MASTER};
use crate::protocols::pci::topology::Topology;
use crate::words::ids::DomId;

/// Takes a function from its guest: what was taken out of the guest's memory, and who has it now.
///
/// # Errors
/// If it is not that guest's; then only its mappings are gone.
pub fn leave(
    host: &mut Host<'_>,
    device: &mut PtDevice,
    function: &mut Function,
    (owners, topology): (&mut Owners, &Topology),
    guest: DomId,
    release: Release,
) -> Result<(Vec<MapCall>, DomId), Refused> {
    let calls = device.unmap_all(host);
    if release == Release::Today {
        let command = function.config.command() & !PCI_COMMAND_MASTER;
        function.write(host.now, PCI_COMMAND, Width::Word, u32::from(command));
    }
    let rests = function.is_quiet();
    // 3.3 does not look.
    let taker = match (release, rests) {
        (Release::Xen33, _) | (Release::Today, true) => Taker::HardwareDomain,
        (Release::Today, false) => Taker::Quarantine,
    };
    let owner = taker.domain();
    owners.take(topology, function.bdf, guest, taker, rests || release == Release::Xen33)?;
    host.costs.hypercalls += 1;
    host.step(Hvm::OwnerChanged { owner: owner.0, rests });
    if release == Release::Today {
        function.bus_reset(host.now);
    }
    Ok((calls, owner))
}
