//! One function's context entry goes from one holder to another, and units forget what they knew.
//!
//! The order: the new entry, in one store of 16 bytes; then the old entry is forgotten, by function and old number; then
//! what was remembered with the old number. In between, requests go by the old tables or the new, never by a mixture.
//!
//! Source: `xen/drivers/passthrough/vtd/iommu.c`, `domain_context_mapping_one`, `context_set_domain_id`,
//! `cleanup_domid_map`.
//!
//! Not modelled: units whose processor has no store of 16 bytes.

use crate::hypervisor::memory::{Memory, Owner};
use crate::hypervisor::passthrough::dids::Holder;
use crate::hypervisor::passthrough::iommus::Iommus;
use crate::hypervisor::passthrough::options::AssignError;
use crate::hypervisor::passthrough::step::Step;
use crate::hypervisor::vtd::caches::{ContextScope, IotlbScope};
use crate::hypervisor::vtd::capabilities::CAP_CM;
use crate::hypervisor::vtd::invalidation::{Descriptor, Drain};
use crate::hypervisor::vtd::structures::{ContextEntry, Did, RootEntry};
use crate::words::ids::{Bdf, DomId, Mfn};

impl Iommus {
    /// The context entry of a function, as it lies in memory; an empty one if its bus has no table.
    #[must_use]
    pub fn context(&self, memory: &Memory, unit: u8, source: Bdf) -> ContextEntry {
        let table = self.context_table(unit, source.bus());
        table.map_or(ContextEntry::default(), |table| ContextEntry::read(memory.xen_page(table), source.devfn()))
    }

    /// Gives a function's requests to a holder's tables.
    pub(super) fn map_context(
        &mut self,
        memory: &mut Memory,
        unit: u8,
        source: Bdf,
        holder: Holder,
    ) -> Result<(), AssignError> {
        if self.refuses == Some(source) {
            return Err(AssignError::NoMemory);
        }
        let table = self.table_of_bus(memory, unit, source.bus())?;
        let new = self.entry_for(memory, unit, holder)?;
        let old = ContextEntry::read(memory.xen_page(table), source.devfn());
        if old == new {
            return Ok(());
        }
        if !self.repairs.switches_at_once && old.is_present() {
            ContextEntry::default().write(memory.xen_page_mut(table), source.devfn());
            self.step(memory, Step::ContextCleared { source, did: old.did() });
            self.forget_context(memory, unit, source, old);
        }
        new.write(memory.xen_page_mut(table), source.devfn());
        let (did, root) = (new.did(), Mfn((new.table() >> 12) as u32));
        self.step(memory, Step::ContextWritten { source, did, table: root });
        self.flush_write_buffers(memory);
        self.forget_context(memory, unit, source, old);
        Ok(())
    }

    /// What follows a change: the function's entry is forgotten, then the translations of its old number.
    fn forget_context(&mut self, memory: &mut Memory, unit: u8, source: Bdf, old: ContextEntry) {
        let caching = self.unit(unit).unit.capabilities().has(CAP_CM);
        if !old.is_present() {
            if caching {
                // What was not there is remembered with number 0.
                self.step(memory, Step::ContextFlushed { unit, source, did: Did(0) });
                self.submit(memory, unit, Descriptor::Context(ContextScope::Device { did: Did(0), source, mask: 0 }));
            }
            return;
        }
        let did = old.did();
        self.step(memory, Step::ContextFlushed { unit, source, did });
        self.submit(memory, unit, Descriptor::Context(ContextScope::Device { did, source, mask: 0 }));
        if self.repairs.flushes_old {
            self.step(memory, Step::DomainFlushed { unit, did });
            self.submit(memory, unit, Descriptor::Iotlb(IotlbScope::Domain(did), Drain::ReadsAndWrites));
        }
    }

    /// A holder's number in a unit, taken if it has none.
    fn did_of(&mut self, memory: &Memory, unit: u8, holder: Holder) -> Result<Did, AssignError> {
        let dids = &mut self.units[usize::from(unit)].dids;
        if let Some(did) = dids.of(holder) {
            return Ok(did);
        }
        let did = dids.take(holder).ok_or(AssignError::NoMemory)?;
        self.step(memory, Step::DidTaken { unit, domain: domain_of(holder), did });
        Ok(did)
    }

    /// Frees a holder's number in a unit, if no function there is the holder's any more.
    pub(super) fn free_did_if_unused(&mut self, memory: &Memory, unit: u8, holder: Holder) {
        let Some(did) = self.unit(unit).dids.of(holder) else { return };
        let used = self.devices.iter().any(|device| {
            device.unit == unit
                && device.sources().into_iter().any(|source| {
                    let entry = self.context(memory, unit, source);
                    entry.is_present() && entry.did() == did
                })
        });
        if !used && holder != Holder::Domain(DomId::DOM0) {
            let dids = &mut self.units[usize::from(unit)].dids;
            dids.clear_holder(did);
            dids.clear_bit(did);
            self.step(memory, Step::DidFreed { unit, domain: domain_of(holder), did });
        }
    }

    fn entry_for(&mut self, memory: &mut Memory, unit: u8, holder: Holder) -> Result<ContextEntry, AssignError> {
        let did = self.did_of(memory, unit, holder)?;
        let (most, levels) = (self.unit(unit).unit.capabilities().most_levels(), self.unit(unit).levels());
        let fits = self.repairs.fits_quarantine;
        let table = match holder {
            Holder::Domain(id) => {
                let domain = self.domains.iter_mut().find(|domain| domain.id == id);
                domain.expect("devices are given to domains that were added").table.as_mut()
            }
            Holder::Quarantined(source) => {
                let device = self.devices.iter_mut().find(|device| device.source == source);
                device.expect("devices in quarantine were added").quarantine.as_mut()
            }
        };
        let Some(table) = table else { return Ok(ContextEntry::pass_through(most, did)) };
        let root = match holder {
            Holder::Quarantined(_) if !fits => table.root(),
            Holder::Domain(_) | Holder::Quarantined(_) => table.root_for(memory, &mut self.stores, levels)?,
        };
        // A table that was made for this is linked from the uppermost, which another unit may begin with.
        self.make_visible(memory);
        Ok(ContextEntry::new(root, levels, did))
    }

    fn context_table(&self, unit: u8, bus: u8) -> Option<Mfn> {
        self.unit(unit).contexts.iter().find(|(other, _)| *other == bus).map(|(_, table)| *table)
    }

    fn table_of_bus(&mut self, memory: &mut Memory, unit: u8, bus: u8) -> Result<Mfn, AssignError> {
        if let Some(table) = self.context_table(unit, bus) {
            return Ok(table);
        }
        let table = memory.alloc(Owner::Xen(None)).ok_or(AssignError::NoMemory)?;
        let drhd = self.unit_mut(unit);
        drhd.contexts.push((bus, table));
        let root = drhd.root;
        RootEntry::new(table).write(memory.xen_page_mut(root), bus);
        Ok(table)
    }
}

/// The domain that a holder is, or stands in for.
pub(super) const fn domain_of(holder: Holder) -> DomId {
    match holder {
        Holder::Domain(id) => id,
        Holder::Quarantined(_) => DomId::IO,
    }
}
