//! A device goes to a guest, and comes back.
//!
//! ```text
//!   dom0 ── assign ──> guest ── deassign, destroy ──> quarantine ── assign ──> guest
//!    │ ^                                                 │  ^
//!    │ └──────────────────── give back ──────────────────┘  │
//!    └────────────────────── quarantine ────────────────────┘
//! ```
//!
//! Today: the device's tables for quarantine are made, if there is quarantine and it has none yet; reserved memory is mapped
//! in the new owner's tables, the context entries of all the device's requester IDs change hands, reserved memory is
//! unmapped from the old owner's. In 3.3: the entries first, reserved memory after, and none of USB
//! controllers; and a device that is taken from a guest is dom0's at once, though it may still be writing.
//!
//! Sources: `xen/drivers/passthrough/pci.c`, `assign_device`, `deassign_device`, `iommu_quarantine_dev_init`;
//! `xen/drivers/passthrough/vtd/iommu.c`, `reassign_device_ownership`, `intel_iommu_assign_device`.
//!
//! Not modelled: resets between owners, MSI-X table pages, toolstacks' checks of which devices must go together, and that today
//! a device behind a bridge that has reserved memory stays where it is (`-EOPNOTSUPP`).

use alloc::vec::Vec;

use crate::hypervisor::memory::{Memory, Owner};
use crate::hypervisor::passthrough::context::domain_of;
use crate::hypervisor::passthrough::dids::Holder;
use crate::hypervisor::passthrough::iommus::{Identity, Iommus};
use crate::hypervisor::passthrough::options::{AssignError, GuestKind, Quarantine, Switch};
use crate::hypervisor::passthrough::step::Step;
use crate::hypervisor::passthrough::table::{READ_WRITE, Table};
use crate::words::ids::{Bdf, Dfn, DomId, Mfn};

impl Iommus {
    /// Gives a device to a guest (`XEN_DOMCTL_assign_device`).
    ///
    /// # Errors
    /// See [`AssignError`]; then the device is whose it was. In 3.3 it is the guest's if reserved memory, which is mapped
    /// after the move, was what failed.
    pub fn assign(&mut self, memory: &mut Memory, source: Bdf, to: DomId) -> Result<(), AssignError> {
        let outcome = self.try_assign(memory, source, to);
        match outcome {
            Err(error) => self.step(memory, Step::AssignRefused { source, domain: to, error }),
            Ok(()) if self.units.iter().any(|drhd| drhd.interrupts.is_none()) => self.untrusted_msi = Switch::On,
            Ok(()) => (),
        }
        outcome
    }

    fn try_assign(&mut self, memory: &mut Memory, source: Bdf, to: DomId) -> Result<(), AssignError> {
        if !self.are_enabled() {
            return Err(AssignError::NotImplemented);
        }
        let kind = self.domain(to).ok_or(AssignError::NoSuchDomain)?.kind;
        if kind == GuestKind::Pv && !self.options.pv.is_on() {
            return Err(AssignError::NotImplemented);
        }
        let from = self.device(source).ok_or(AssignError::NoSuchDevice)?.owner;
        if from != DomId::DOM0 && from != DomId::IO {
            return Err(if self.is_old() { AssignError::Invalid } else { AssignError::Busy });
        }
        let shared = self.rmrrs.iter().any(|rmrr| rmrr.devices.contains(&source) && rmrr.devices.len() > 1);
        if shared && !self.is_old() && !self.relaxed_rdm.is_on() {
            return Err(AssignError::NotPermitted);
        }
        if self.is_old() {
            self.move_device(memory, source, Holder::Domain(to))?;
            return self.map_rmrrs(memory, to, source);
        }
        if self.options.quarantine != Quarantine::No {
            self.prepare_quarantine(memory, source)?;
        }
        self.map_rmrrs(memory, to, source)?;
        if let Err(error) = self.move_device(memory, source, Holder::Domain(to)) {
            self.unmap_rmrrs(memory, to, source).ok();
            return Err(error);
        }
        Ok(())
    }

    /// Takes a device from a guest (`XEN_DOMCTL_deassign_device`): into quarantine, or to dom0 where there is none. No memory
    /// is needed for it, since quarantine's tables were made when the device was assigned.
    ///
    /// # Errors
    /// - [`AssignError::NoSuchDevice`] if it is no guest's.
    /// - [`AssignError::NoMemory`] if the unit has no number left, or a context entry cannot be written. The device is the
    ///   guest's still.
    /// - [`AssignError::Invalid`] if reserved memory was not mapped as it should be. The device has been moved all the same,
    ///   where that is repaired.
    pub fn deassign(&mut self, memory: &mut Memory, source: Bdf) -> Result<(), AssignError> {
        let from = self.device(source).map(|device| device.owner).ok_or(AssignError::NoSuchDevice)?;
        if from == DomId::DOM0 || from == DomId::IO {
            return Err(AssignError::NoSuchDevice);
        }
        if !self.repairs.finishes_deassign {
            self.unmap_rmrrs(memory, from, source)?;
        }
        let holder = if self.options.quarantine == Quarantine::No {
            Holder::Domain(DomId::DOM0)
        } else {
            self.prepare_quarantine(memory, source)?;
            Holder::Quarantined(source)
        };
        self.move_device(memory, source, holder)?;
        if self.repairs.finishes_deassign { self.unmap_rmrrs(memory, from, source) } else { Ok(()) }
    }

    /// Takes a device from dom0 into quarantine, before anybody gets it (`xl pci-assignable-add`; the call is
    /// `XEN_DOMCTL_assign_device` to `DOMID_IO`). Without quarantine it stays dom0's.
    ///
    /// # Errors
    /// [`AssignError::NoSuchDevice`] if it is not dom0's; memory may be full.
    pub fn quarantine(&mut self, memory: &mut Memory, source: Bdf) -> Result<(), AssignError> {
        if self.device(source).is_none_or(|device| device.owner != DomId::DOM0) {
            return Err(AssignError::NoSuchDevice);
        }
        if !self.are_enabled() || self.options.quarantine == Quarantine::No {
            return Ok(());
        }
        self.prepare_quarantine(memory, source)?;
        self.move_device(memory, source, Holder::Quarantined(source))
    }

    /// Gives a device in quarantine back to dom0 (`xl pci-assignable-remove`).
    ///
    /// # Errors
    /// [`AssignError::NoSuchDevice`] if it is not in quarantine.
    pub fn give_back(&mut self, memory: &mut Memory, source: Bdf) -> Result<(), AssignError> {
        if self.device(source).is_none_or(|device| device.owner != DomId::IO) {
            return Err(AssignError::NoSuchDevice);
        }
        self.move_device(memory, source, Holder::Domain(DomId::DOM0))
    }

    /// Takes a dying domain's devices from it and frees its tables (`pci_release_devices`, `iommu_domain_destroy`). Its
    /// pages may go when this is done.
    ///
    /// # Errors
    /// As [`deassign`](Iommus::deassign) says, if a device is the domain's still: then so are its tables, and its pages must
    /// stay. Only without [`finishes_deassign`](crate::hypervisor::passthrough::repairs::Repairs::finishes_deassign) are they
    /// freed all the same.
    pub fn destroy_domain(&mut self, memory: &mut Memory, id: DomId) -> Result<(), AssignError> {
        let devices = self.devices.iter().filter(|device| device.owner == id).map(|device| device.source);
        let mut kept = Ok(());
        for source in devices.collect::<Vec<_>>() {
            let outcome = self.deassign(memory, source);
            if self.device(source).is_some_and(|device| device.owner == id) {
                kept = kept.and(outcome);
            }
        }
        if self.repairs.finishes_deassign {
            kept?;
        }
        let Some(place) = self.domains.iter().position(|domain| domain.id == id) else { return Ok(()) };
        let mut domain = self.domains.remove(place);
        let frames = domain.table.as_mut().map_or(0, |table| table.free(memory, &mut self.stores));
        self.step(memory, Step::TablesFreed { domain: id, frames });
        for device in &mut self.devices {
            if device.owner == id {
                // Only without repairs: nobody's, and the unit was not told.
                device.owner = DomId::IO;
            }
        }
        Ok(())
    }

    /// All requester IDs of a device, or none, go to a holder.
    fn move_device(&mut self, memory: &mut Memory, source: Bdf, holder: Holder) -> Result<(), AssignError> {
        let device = self.device(source).expect("who is moved was looked for");
        let (unit, from, sources) = (device.unit, device.owner, device.sources());
        let old = if from == DomId::IO { Holder::Quarantined(source) } else { Holder::Domain(from) };
        for (moved, one) in sources.iter().enumerate() {
            let Err(error) = self.map_context(memory, unit, *one, holder) else { continue };
            if !self.repairs.moves_all_or_none && moved > 0 {
                // The rest stays where it was, and nobody is told.
                continue;
            }
            for back in &sources[..moved] {
                if self.map_context(memory, unit, *back, old).is_err() {
                    self.step(memory, Step::DomainCrashed { domain: domain_of(holder) });
                }
            }
            self.free_did_if_unused(memory, unit, holder);
            return Err(error);
        }
        let to = domain_of(holder);
        let device = self.devices.iter_mut().find(|device| device.source == source);
        device.expect("who is moved was looked for").owner = to;
        self.step(memory, Step::Reassigned { source, from, to });
        self.free_did_if_unused(memory, unit, old);
        Ok(())
    }

    /// Makes a device's tables for when nobody has it, as a whole or not at all; they stay. Made before a guest has it, since
    /// memory may be full when it is to be taken from one (`iommu_quarantine_dev_init`).
    ///
    /// # Errors
    /// Memory may be full.
    fn prepare_quarantine(&mut self, memory: &mut Memory, source: Bdf) -> Result<(), AssignError> {
        let device = self.device(source).expect("who is quarantined was looked for");
        if device.quarantine.is_some() {
            return Ok(());
        }
        let unit = device.unit;
        let mut table = match self.options.quarantine {
            Quarantine::ScratchPage => {
                let scratch = match self.scratch {
                    Some(scratch) => scratch,
                    None => memory.alloc(Owner::Xen(None)).ok_or(AssignError::NoMemory)?,
                };
                self.scratch = Some(scratch);
                Table::of_one_page(memory, &mut self.stores, scratch)?
            }
            Quarantine::No | Quarantine::Basic => Table::new(memory)?,
        };
        if let Err(error) = self.fill_quarantine(memory, &mut table, unit, source) {
            table.free(memory, &mut self.stores);
            return Err(error);
        }
        let device = self.devices.iter_mut().find(|device| device.source == source);
        device.expect("who is quarantined was looked for").quarantine = Some(table);
        self.make_visible(memory);
        Ok(())
    }

    /// The device's reserved memory, and the table that its unit begins with.
    fn fill_quarantine(
        &mut self,
        memory: &mut Memory,
        table: &mut Table,
        unit: u8,
        source: Bdf,
    ) -> Result<(), AssignError> {
        if self.repairs.switches_at_once {
            for (first, pages) in self.rmrrs_of(source) {
                for number in first.0..first.0 + pages {
                    table.map(memory, &mut self.stores, Dfn(number), Mfn(number), READ_WRITE, 1)?;
                }
            }
        }
        if self.repairs.fits_quarantine {
            let levels = self.unit(unit).levels();
            table.root_for(memory, &mut self.stores, levels)?;
        }
        Ok(())
    }

    /// The reserved memory of a device that this Xen looks after.
    fn rmrrs_of(&self, source: Bdf) -> Vec<(Dfn, u32)> {
        let rmrrs = self.rmrrs.iter().filter(|rmrr| rmrr.devices.contains(&source) && !(rmrr.usb && self.is_old()));
        rmrrs.map(|rmrr| (rmrr.first, rmrr.pages)).collect()
    }

    /// Maps a device's reserved memory one to one in a domain's tables. If that fails half way, what was mapped is unmapped again,
    /// but in 3.3.
    pub(super) fn map_rmrrs(&mut self, memory: &mut Memory, id: DomId, source: Bdf) -> Result<(), AssignError> {
        let regions = self.rmrrs_of(source);
        for (place, &(first, pages)) in regions.iter().enumerate() {
            if let Err(error) = self.map_rmrr(memory, id, first, pages) {
                if !self.is_old() {
                    self.unmap_regions(memory, id, &regions[..=place]).ok();
                }
                return Err(error);
            }
        }
        Ok(())
    }

    fn map_rmrr(&mut self, memory: &mut Memory, id: DomId, first: Dfn, pages: u32) -> Result<(), AssignError> {
        let identity = Identity { first, pages, devices: 1 };
        if let Some(mapped) = self.known_mut(id).identity.iter_mut().find(|other| other.is(first, pages)) {
            mapped.devices += 1;
            return Ok(());
        }
        if self.repairs.notes_first {
            self.known_mut(id).identity.push(identity);
        }
        for number in first.0..first.0 + pages {
            self.map_page(memory, id, Dfn(number), Mfn(number), READ_WRITE)?;
        }
        if !self.repairs.notes_first {
            self.known_mut(id).identity.push(identity);
        }
        self.step(memory, Step::RmrrMapped { domain: id, dfn: first, pages });
        Ok(())
    }

    /// Unmaps a device's reserved memory.
    fn unmap_rmrrs(&mut self, memory: &mut Memory, id: DomId, source: Bdf) -> Result<(), AssignError> {
        self.unmap_regions(memory, id, &self.rmrrs_of(source))
    }

    /// Unmaps reserved memory, unless another of the domain's devices has it too; what is not noted as mapped is not looked for.
    fn unmap_regions(&mut self, memory: &mut Memory, id: DomId, regions: &[(Dfn, u32)]) -> Result<(), AssignError> {
        let mut outcome = Ok(());
        for &(first, pages) in regions {
            let Some(domain) = self.domain_mut(id) else { return outcome };
            let Some(place) = domain.identity.iter().position(|other| other.is(first, pages)) else { continue };
            domain.identity[place].devices -= 1;
            if domain.identity[place].devices > 0 {
                continue;
            }
            domain.identity.remove(place);
            for number in first.0..first.0 + pages {
                if self.look_up(memory, id, Dfn(number)).is_none() {
                    outcome = Err(AssignError::Invalid);
                    if !self.repairs.finishes_deassign {
                        return outcome;
                    }
                }
                self.unmap_page(memory, id, Dfn(number))?;
            }
            self.step(memory, Step::RmrrUnmapped { domain: id, dfn: first, pages });
        }
        outcome
    }
}
