//! Whose a requester ID is: exactly one domain's, its aliases included.
//!
//! ```text
//!   hardware domain ──give──► guest ──take back──► hardware domain
//!         └────────► quarantine ◄──────┘
//! ```
//!
//! A device goes from the hardware domain or from quarantine to a guest and back, never from guest to guest, and with it every
//! ID under which its requests may come. A device whose requests cannot be stopped goes to quarantine, where they reach
//! nobody's memory. Sources: `xen/drivers/passthrough/pci.c`, `assign_device` and `deassign_device`.
//!
//! Not modelled: that the IOMMU's tables say the same. They are in
//! [`Iommus`](crate::hypervisor::passthrough::iommus::Iommus), which has owners of its own; a machine that has both
//! [follows](Owners::follow) those.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::protocols::pci::topology::Topology;
use crate::words::ids::{Bdf, DomId};

/// Why a device did not change hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refused {
    /// There is no such device, `-ENODEV`.
    NoDevice,
    /// It, or one whose requests look the same, is another guest's, `-EBUSY`.
    Busy(Bdf),
    /// It is not that guest's, `-ENODEV`.
    NotTheirs,
    /// Its requests do not rest yet.
    Restless,
}

/// The owner of each requester ID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owners {
    owners: BTreeMap<Bdf, DomId>,
}

impl Owners {
    /// Everything is the hardware domain's.
    #[must_use]
    pub fn new(topology: &Topology) -> Owners {
        let all = topology.nodes().iter().flat_map(|node| topology.aliases(node.bdf));
        Owners { owners: all.map(|rid| (rid, DomId::DOM0)).collect() }
    }

    /// Whose an ID is; nothing if none sends under it.
    #[must_use]
    pub fn of(&self, rid: Bdf) -> Option<DomId> {
        self.owners.get(&rid).copied()
    }

    /// Gives a device to a guest, with all whose requests cannot be told from its own. Returns the IDs that changed hands: none
    /// if the guest has them all.
    ///
    /// # Errors
    /// If there is no such device, or any of them is another guest's.
    pub fn give(&mut self, topology: &Topology, bdf: Bdf, guest: DomId) -> Result<Vec<Bdf>, Refused> {
        let rids = self.together(topology, bdf)?;
        let is_taken = |owner| owner != guest && !is_free(owner);
        if let Some(&rid) = rids.iter().find(|rid| self.of(**rid).is_some_and(is_taken)) {
            return Err(Refused::Busy(rid));
        }
        let moved = rids.into_iter().filter(|&rid| self.of(rid) != Some(guest)).collect::<Vec<Bdf>>();
        self.set(&moved, guest);
        Ok(moved)
    }

    /// Takes a device from a guest. One that is not `quiet`, with requests still on their way, can only go to quarantine.
    ///
    /// # Errors
    /// If it is not that guest's, or not quiet and meant for the hardware domain.
    pub fn take(
        &mut self,
        topology: &Topology,
        bdf: Bdf,
        guest: DomId,
        to: Taker,
        quiet: bool,
    ) -> Result<Vec<Bdf>, Refused> {
        let rids = self.together(topology, bdf)?;
        if is_free(guest) || self.of(bdf) != Some(guest) {
            return Err(Refused::NotTheirs);
        }
        if to == Taker::HardwareDomain && !quiet {
            return Err(Refused::Restless);
        }
        self.set(&rids, to.domain());
        Ok(rids)
    }

    /// Notes whose a device is, as Xen has it for its unit: it has decided, and all IDs that cannot be told from the device's go
    /// with it. Returns those that changed hands.
    pub fn follow(&mut self, topology: &Topology, bdf: Bdf, owner: DomId) -> Vec<Bdf> {
        let rids = self.together(topology, bdf).unwrap_or_default();
        let moved = rids.into_iter().filter(|&rid| self.of(rid) != Some(owner)).collect::<Vec<Bdf>>();
        self.set(&moved, owner);
        moved
    }

    fn together(&self, topology: &Topology, bdf: Bdf) -> Result<Vec<Bdf>, Refused> {
        topology.node(bdf).ok_or(Refused::NoDevice)?;
        let mut rids: Vec<Bdf> = topology.group(bdf).into_iter().flat_map(|member| topology.aliases(member)).collect();
        rids.push(bdf);
        rids.sort_unstable();
        rids.dedup();
        Ok(rids)
    }

    fn set(&mut self, rids: &[Bdf], owner: DomId) {
        for &rid in rids {
            self.owners.insert(rid, owner);
        }
    }
}

/// Who gets a device that is taken from a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Taker {
    /// dom0.
    HardwareDomain,
    /// Nobody.
    Quarantine,
}

impl Taker {
    /// Its number.
    #[must_use]
    pub const fn domain(self) -> DomId {
        match self {
            Taker::HardwareDomain => DomId::DOM0,
            Taker::Quarantine => DomId::IO,
        }
    }
}

fn is_free(owner: DomId) -> bool {
    owner == DomId::DOM0 || owner == DomId::IO
}
