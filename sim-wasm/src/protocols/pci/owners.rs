//! Whose a requester ID is: exactly one domain's, its aliases included.
//!
//! ```text
//!   hardware domain ──give──► guest ──take back──► hardware domain
//!         └────────► quarantine ◄──────┘
//! ```
//!
//! A device goes from the hardware domain or from quarantine to a guest and back, never from guest to guest, and with it every
//! ID under which its requests may come. Who has it after a guest is decided where the tables are, and
//! [noted](Owners::note) here.
//!
//! Sources: `xen/drivers/passthrough/pci.c`, `assign_device` and `deassign_device`.
//!
//! Not modelled: that the IOMMU's tables say the same. They are in
//! [`Iommus`](crate::hypervisor::passthrough::iommus::Iommus), which has owners of its own.

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
        Ok(self.note(&rids, guest))
    }

    /// Notes whose these IDs are, and no others. Returns those that changed hands.
    pub fn note(&mut self, rids: &[Bdf], owner: DomId) -> Vec<Bdf> {
        let moved = rids.iter().copied().filter(|&rid| self.of(rid) != Some(owner)).collect::<Vec<Bdf>>();
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

fn is_free(owner: DomId) -> bool {
    owner == DomId::DOM0 || owner == DomId::IO
}
