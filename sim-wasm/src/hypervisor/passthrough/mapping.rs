//! A page of a domain's devices is mapped or unmapped: the entry, then what makes it visible, then what makes units forget.
//!
//! ```text
//!   entry written ─> cache synced, write buffer flushed ─> units told, by page or by domain ─> units say that they have
//! ```
//!
//! Only when the last is done may a page that was unmapped be another's.
//!
//! Source: `xen/drivers/passthrough/vtd/iommu.c`, `intel_iommu_map_page`, `dma_pte_clear_one`, `iommu_flush_iotlb`.
//!
//! Not modelled: batches of pages with one flush for all (`iommu_dont_flush_iotlb`).

use crate::hypervisor::memory::Memory;
use crate::hypervisor::passthrough::dids::Holder;
use crate::hypervisor::passthrough::drhd::Waited;
use crate::hypervisor::passthrough::iommus::Iommus;
use crate::hypervisor::passthrough::options::AssignError;
use crate::hypervisor::passthrough::step::Step;
use crate::hypervisor::passthrough::table::READ_WRITE;
use crate::hypervisor::vtd::caches::IotlbScope;
use crate::hypervisor::vtd::capabilities::{CAP_CM, CAP_PSI, CAP_RWBF, ECAP_COHERENT};
use crate::hypervisor::vtd::invalidation::{Descriptor, Drain};
use crate::hypervisor::vtd::registers as reg;
use crate::words::ids::{Dfn, DomId, Mfn};

impl Iommus {
    /// Maps a page in a domain's tables, or changes how it is mapped, up to the flush.
    pub(super) fn map_page(
        &mut self,
        memory: &mut Memory,
        id: DomId,
        dfn: Dfn,
        frame: Mfn,
        bits: u64,
    ) -> Result<(), AssignError> {
        self.map_pages(memory, id, (dfn, frame), bits, 1)
    }

    /// The same for pages of an order that a level maps.
    pub(super) fn map_pages(
        &mut self,
        memory: &mut Memory,
        id: DomId,
        (dfn, frame): (Dfn, Mfn),
        bits: u64,
        level: u8,
    ) -> Result<(), AssignError> {
        let domain = self.domains.iter_mut().find(|domain| domain.id == id);
        let domain = domain.expect("who is mapped for was added before");
        let Some(table) = &mut domain.table else { return Ok(()) };
        let change = table.map(memory, &mut self.stores, dfn, frame, bits, level)?;
        if change.split > 0 {
            self.step(memory, Step::SuperpageSplit { domain: id, dfn, order: change.split });
        }
        let writable = bits & READ_WRITE == READ_WRITE;
        self.step(memory, Step::Mapped { domain: id, dfn, frame, writable });
        self.make_visible(memory);
        let order = 9 * (level - 1);
        if change.old.is_present() || change.split > 0 {
            self.flush_pages(memory, id, dfn, order.max(change.split));
        } else if self.units.iter().any(|drhd| drhd.unit.capabilities().has(CAP_CM)) {
            self.flush_pages(memory, id, dfn, order);
        }
        Ok(())
    }

    /// Unmaps a page from a domain's tables, and has units forget it. When this returns nothing goes there any more, if the
    /// unit was waited for.
    pub(super) fn unmap_page(&mut self, memory: &mut Memory, id: DomId, dfn: Dfn) -> Result<(), AssignError> {
        let domain = self.domains.iter_mut().find(|domain| domain.id == id);
        let domain = domain.expect("who is unmapped for was added before");
        let Some(table) = &mut domain.table else { return Ok(()) };
        let change = table.unmap(memory, &mut self.stores, dfn)?;
        if !change.old.is_present() {
            return Ok(());
        }
        if change.split > 0 {
            self.step(memory, Step::SuperpageSplit { domain: id, dfn, order: change.split });
        }
        self.step(memory, Step::Unmapped { domain: id, dfn });
        self.make_visible(memory);
        self.flush_pages(memory, id, dfn, change.split);
        Ok(())
    }

    /// Where a domain's devices get by its tables, as the processor sees them.
    #[must_use]
    pub fn look_up(&self, memory: &Memory, id: DomId, dfn: Dfn) -> Option<(Mfn, u64)> {
        let domain = self.domain(id)?;
        match &domain.table {
            Some(table) => table.look_up(memory, &self.stores, dfn),
            None => Some((Mfn(dfn.0), READ_WRITE)),
        }
    }

    /// Lets units see what was written into tables.
    pub(super) fn make_visible(&mut self, memory: &mut Memory) {
        if self.stores.held() == 0 {
            return;
        }
        let incoherent = self.units.iter().any(|drhd| !drhd.unit.capabilities().extends_to(ECAP_COHERENT));
        if incoherent && !self.repairs.syncs_cache {
            return;
        }
        let entries = self.stores.sync(memory);
        if incoherent {
            self.step(memory, Step::CacheSynced { entries });
        }
        self.flush_write_buffers(memory);
    }

    /// Has the chipset let writes through, where it holds them back.
    pub(super) fn flush_write_buffers(&mut self, memory: &mut Memory) {
        for number in 0..self.units.len() {
            let unit = &mut self.units[number].unit;
            if unit.capabilities().has(CAP_RWBF) {
                let states = unit.read_u32(reg::GSTS) & reg::GCMD_STATES;
                unit.write_u32(memory, reg::GCMD, states | reg::GCMD_WBF);
                self.step(memory, Step::WriteBufferFlushed { unit: number as u8 });
            }
        }
    }

    /// Has all units forget some pages of a domain (`iommu_flush_iotlb_pages`): by page if the unit can name so many, else all
    /// of the domain's.
    pub(super) fn flush_pages(&mut self, memory: &mut Memory, id: DomId, dfn: Dfn, order: u8) {
        for number in 0..self.units.len() as u8 {
            let drhd = self.unit(number);
            let Some(did) = drhd.dids.of(Holder::Domain(id)) else { continue };
            let capabilities = drhd.unit.capabilities();
            let dfn = Dfn(dfn.0 >> order << order);
            if capabilities.has(CAP_PSI) && order <= capabilities.largest_mask() {
                self.step(memory, Step::PagesFlushed { unit: number, did, dfn, order });
                let scope = IotlbScope::Pages { did, first: u64::from(dfn.0), order };
                self.submit(memory, number, Descriptor::Iotlb(scope, Drain::ReadsAndWrites));
            } else {
                self.step(memory, Step::DomainFlushed { unit: number, did });
                self.submit(memory, number, Descriptor::Iotlb(IotlbScope::Domain(did), Drain::ReadsAndWrites));
            }
        }
    }

    /// Has a unit do something, and waits until it says that it has (`invalidate_sync`).
    pub(super) fn submit(&mut self, memory: &mut Memory, number: u8, descriptor: Descriptor) {
        let waits = self.repairs.waits;
        let outcome = self.units[usize::from(number)].submit(memory, descriptor, waits);
        match outcome {
            Waited::NoQueue => (),
            Waited::Done(polls) => self.step(memory, Step::WaitDone { unit: number, polls }),
            Waited::Abandoned(polls) => self.step(memory, Step::WaitAbandoned { unit: number, polls }),
        }
    }
}
