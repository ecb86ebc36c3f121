//! A device changes hands: what has to happen in which order, so that its DMA never reaches the wrong domain.
//!
//! ```text
//!   give   Xen: owner, aliases too ──► toolstack: frames, ports ──► pciback: exports it
//!   take   pciback: releases it, bus mastering off ──► still requests on their way? ──no──► reset ──► Xen: owner dom0
//!                                                        └─yes──► Xen: owner nobody (quarantine) ──► reset
//! ```
//!
//! A device that was told to stop may still have requests under way, and they land wherever its owner's tables point at that
//! moment. Those of dom0 point at dom0 (XSA-302), so a device that does not rest goes to nobody first.
//!
//! Sources: `deassign_device` and quarantine in `xen/drivers/passthrough/pci.c`; `pcistub_put_pci_dev` in
//! `drivers/xen/xen-pciback/pci_stub.c`.
//!
//! Not modelled: that the IOMMU's tables and their caches follow the owner before anybody goes on. They are in
//! [`Iommus`](crate::hypervisor::passthrough::iommus::Iommus), and the machine that has both,
//! `machine::given_away`, takes the toolstacks' own steps instead of these.

use alloc::vec::Vec;

use crate::actors::log::pciif::Pciif;
use crate::actors::log::{Event, Log};
use crate::actors::pciback::resources::{ResourceError, Resources, Toolstack};
use crate::actors::pciback::{Call, Pciback};
use crate::hypervisor::io_permissions::IoPermissions;
use crate::hypervisor::page::Page;
use crate::hypervisor::pirqs::Pirqs;
use crate::protocols::pci::bar::Region;
use crate::protocols::pci::config::Width;
use crate::protocols::pci::function::Function;
use crate::protocols::pci::owners::{Owners, Refused, Taker};
use crate::protocols::pci::topology::Topology;
use crate::words::ids::{Bdf, DomId};
use crate::words::time::Time;

/// Why a device is not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GiveError {
    /// Xen refuses.
    Owner(Refused),
    /// The toolstack does.
    Resources(ResourceError),
}

/// What a change of hands works with.
#[derive(Debug)]
pub struct Hands<'machine> {
    /// The machine's buses.
    pub topology: &'machine Topology,
    /// Whose devices are.
    pub owners: &'machine mut Owners,
    /// Who may touch what.
    pub may: &'machine mut IoPermissions,
    /// All functions.
    pub functions: &'machine mut [Function],
    /// Physical interrupts.
    pub pirqs: &'machine mut Pirqs,
    /// The time of the call.
    pub now: Time,
    /// Where what happens is told.
    pub log: &'machine mut Log,
}

/// Gives a device to a guest: Xen first, then what the guest may touch. pciback exports it afterwards.
///
/// # Errors
/// If Xen or the toolstack refuses; then nothing has changed.
pub fn give(hands: &mut Hands<'_>, real: Bdf, guest: DomId, toolstack: Toolstack) -> Result<(), GiveError> {
    let function = hands.functions.iter().find(|function| function.bdf == real);
    let function = function.ok_or(GiveError::Owner(Refused::NoDevice))?;
    let before = hands.owners.clone();
    let rids = hands.owners.give(hands.topology, real, guest).map_err(GiveError::Owner)?;
    if let Err(error) = Resources::of(&function.config).grant(hands.may, guest, toolstack) {
        *hands.owners = before;
        return Err(GiveError::Resources(error));
    }
    for device in rids {
        hands.log.step(hands.now, Event::Pciif(Pciif::OwnerChanged { device, owner: guest }));
    }
    Ok(())
}

/// Takes a device from a guest: silence, then a reset and dom0; or nobody, and then a reset, if it does not rest. Returns who
/// has it now; still the guest if it keeps another device whose requests cannot be told from this one's. Nothing if the
/// guest did not have it.
pub fn take(hands: &mut Hands<'_>, pciback: &mut Pciback, page: &mut Page, real: Bdf, guest: DomId) -> Option<DomId> {
    let noted: Vec<Region> = pciback.overlay(real)?.regions().to_vec();
    let Hands { topology, owners, functions, pirqs, now, log, .. } = hands;
    let mut call = Call { page, functions, pirqs, owners, now: *now, log };
    if !pciback.release(&mut call, real) {
        return None;
    }
    let members = topology.group(real);
    if members.iter().any(|&member| pciback.slots.shown(member).is_some()) {
        reset(hands, real, guest, &noted);
        return Some(guest);
    }
    let quiet = functions.iter().filter(|function| members.contains(&function.bdf)).all(Function::is_quiet);
    let taker = if quiet { Taker::HardwareDomain } else { Taker::Quarantine };
    if quiet {
        reset(hands, real, guest, &noted);
    }
    let rids = hands.owners.take(hands.topology, real, guest, taker, quiet).ok()?;
    let owner = taker.domain();
    for device in rids {
        hands.log.step(hands.now, Event::Pciif(Pciif::OwnerChanged { device, owner }));
    }
    if !quiet {
        reset(hands, real, guest, &noted);
    }
    Some(owner)
}

/// The guest may touch nothing of the device any more, and it begins anew.
fn reset(hands: &mut Hands<'_>, real: Bdf, guest: DomId, noted: &[Region]) {
    let Hands { may, functions, now, log, .. } = hands;
    if let Some(function) = functions.iter_mut().find(|function| function.bdf == real) {
        Resources::noted(noted.iter().copied(), &function.config).revoke(may, guest);
        reset_and_restore(function, noted, *now);
        log.step(*now, Event::Pciif(Pciif::DeviceReset { real }));
    }
}

/// Everything of the guest's is gone, and BARs are again where they were before it had the device, whatever it did to them. How
/// long it takes is [`reset`](crate::protocols::pci::reset)'s business; here it is over at once.
fn reset_and_restore(function: &mut Function, noted: &[Region], now: Time) {
    function.bus_reset(now);
    for region in noted {
        let offset = region.place.offset();
        function.write(now, offset, Width::Dword, region.base as u32 | region.kind.type_bits());
        if region.kind.is_64() {
            function.write(now, offset + 4, Width::Dword, (region.base >> 32) as u32);
        }
    }
}
