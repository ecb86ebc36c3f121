//! What a domain's tables have in them: a PV domain's pages as they are, an HVM domain's where it sees them.
//!
//! A PV guest's driver writes machine addresses into descriptors, so its tables translate nothing: bus page N leads to frame
//! N, or nowhere. What they do is leave out: frames of others, and frames that are page tables, which a device must not be
//! able to write, since nobody would look at what it writes. Frames that others granted are there while they are mapped, for
//! reading only if that was granted.
//!
//! An HVM guest's driver writes guest frames; its tables are the p2m.
//!
//! Sources: `xen/arch/x86/mm.c`, `_get_page_type`, `cleanup_page_mappings`; `xen/drivers/passthrough/iommu.c`, `iommu_legacy_map`;
//! `xen/drivers/passthrough/x86/iommu.c`, `arch_iommu_populate_page_table`; `xen/arch/x86/mm/p2m.c`, `set_identity_p2m_entry`;
//! `xen/common/grant_table.c`.
//!
//! Not modelled: descriptor tables as page types; that a page is mapped only once it was first used as writable (here it is
//! from the start, since the reference that a kernel's page-table entry takes is not modelled).

use crate::hypervisor::grant_entry::Access;
use crate::hypervisor::memory::{Memory, Owner, PageType};
use crate::hypervisor::passthrough::iommus::Iommus;
use crate::hypervisor::passthrough::options::{AssignError, GuestKind};
use crate::hypervisor::passthrough::step::Step;
use crate::hypervisor::passthrough::table::READ_WRITE;
use crate::hypervisor::vtd::structures::PTE_READ;
use crate::words::ids::{Dfn, DomId, Mfn};

/// A frame of another domain that a PV domain has mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrantedPage {
    /// Which.
    pub frame: Mfn,
    /// How often for reading only.
    pub readers: u32,
    /// How often for writing too.
    pub writers: u32,
}

impl Iommus {
    /// Fills a PV domain's tables with what it owns (`arch_iommu_populate_page_table`).
    ///
    /// # Errors
    /// Memory may be full.
    pub(super) fn populate(&mut self, memory: &mut Memory, id: DomId) -> Result<(), AssignError> {
        for number in 0..memory.size() {
            if is_writable(memory, id, Mfn(number)) {
                self.map_page(memory, id, Dfn(number), Mfn(number), READ_WRITE)?;
            }
        }
        Ok(())
    }

    /// Relies on a PV domain's frame, to which a general reference is held, being of a type; the domain's devices lose sight
    /// of it before it is a page table, and see it again when it is writable. Answers as
    /// [`get_page_type`](Memory::get_page_type) does.
    ///
    /// # Errors
    /// Memory may be full.
    pub fn get_page_type(
        &mut self,
        memory: &mut Memory,
        id: DomId,
        frame: Mfn,
        page_type: PageType,
    ) -> Result<bool, AssignError> {
        let free_to_change = memory.page_type(frame).is_ok_and(|(old, count)| count == 0 || old == page_type);
        if !free_to_change {
            return Ok(false);
        }
        let filtered = self.is_filtered(id) && memory.owner(frame) == Ok(Owner::Domain(id));
        if filtered && page_type == PageType::PageTable {
            self.unmap_page(memory, id, Dfn(frame.0))?;
        }
        let taken = memory.get_page_type(frame, page_type);
        if filtered && taken && is_writable(memory, id, frame) && self.look_up(memory, id, Dfn(frame.0)).is_none() {
            self.map_page(memory, id, Dfn(frame.0), frame, READ_WRITE)?;
        }
        Ok(taken)
    }

    /// A PV domain gets a frame (`populate_physmap`).
    ///
    /// # Errors
    /// Memory may be full.
    pub fn frame_gained(&mut self, memory: &mut Memory, id: DomId, frame: Mfn) -> Result<(), AssignError> {
        if !self.is_filtered(id) {
            return Ok(());
        }
        self.map_page(memory, id, Dfn(frame.0), frame, READ_WRITE)
    }

    /// A PV domain is about to give a frame up. When this returns no device of it gets there any more, if the unit was waited
    /// for (`cleanup_page_mappings`).
    ///
    /// # Errors
    /// Memory may be full.
    pub fn frame_given_up(&mut self, memory: &mut Memory, id: DomId, frame: Mfn) -> Result<(), AssignError> {
        if self.is_filtered(id) { self.unmap_page(memory, id, Dfn(frame.0)) } else { Ok(()) }
    }

    /// A PV domain has mapped a frame that another granted it.
    ///
    /// # Errors
    /// Memory may be full.
    pub fn grant_mapped(
        &mut self,
        memory: &mut Memory,
        id: DomId,
        frame: Mfn,
        access: Access,
    ) -> Result<(), AssignError> {
        self.change_grant(memory, id, frame, |page| match access {
            Access::ReadOnly => page.readers += 1,
            Access::ReadWrite => page.writers += 1,
        })
    }

    /// A PV domain has unmapped one. When this returns no device of it gets there any more.
    ///
    /// # Errors
    /// Memory may be full.
    ///
    /// # Panics
    /// If it had not mapped it.
    pub fn grant_unmapped(
        &mut self,
        memory: &mut Memory,
        id: DomId,
        frame: Mfn,
        access: Access,
    ) -> Result<(), AssignError> {
        self.change_grant(memory, id, frame, |page| {
            let count = match access {
                Access::ReadOnly => &mut page.readers,
                Access::ReadWrite => &mut page.writers,
            };
            *count = count.checked_sub(1).expect("what is unmapped was mapped");
        })
    }

    fn change_grant(
        &mut self,
        memory: &mut Memory,
        id: DomId,
        frame: Mfn,
        change: impl FnOnce(&mut GrantedPage),
    ) -> Result<(), AssignError> {
        if !self.is_filtered(id) {
            return Ok(());
        }
        let granted = &mut self.known_mut(id).granted;
        let place = granted.iter().position(|page| page.frame == frame).unwrap_or(granted.len());
        if place == granted.len() {
            granted.push(GrantedPage { frame, readers: 0, writers: 0 });
        }
        let page = &mut granted[place];
        change(page);
        let page = *page;
        if (page.readers, page.writers) == (0, 0) {
            granted.remove(place);
        }
        let dfn = Dfn(frame.0);
        let now = self.look_up(memory, id, dfn).map(|(_, bits)| bits);
        match (page.readers, page.writers) {
            // A domain that maps its own frame keeps it.
            (0, 0) if !is_writable(memory, id, frame) => self.unmap_page(memory, id, dfn),
            (_, 0) if !is_writable(memory, id, frame) && now != Some(PTE_READ) => {
                self.map_page(memory, id, dfn, frame, PTE_READ)
            }
            (_, 1..) if now != Some(READ_WRITE) => self.map_page(memory, id, dfn, frame, READ_WRITE),
            _ => Ok(()),
        }
    }

    /// An HVM guest sees a frame at a page from now on, or `2^order` frames, which is 0, 9 or 18; or none at that page.
    ///
    /// # Errors
    /// Memory may be full; [`AssignError::NotPermitted`] where reserved memory of its devices is.
    pub fn p2m_changed(
        &mut self,
        memory: &mut Memory,
        id: DomId,
        dfn: Dfn,
        frame: Option<Mfn>,
        order: u8,
    ) -> Result<(), AssignError> {
        let Some(domain) = self.domain(id) else { return Ok(()) };
        let pages = 1_u32 << order;
        let reserved = domain
            .identity
            .iter()
            .any(|identity| dfn.0 < identity.first.0 + identity.pages && identity.first.0 < dfn.0 + pages);
        if reserved && self.repairs.protects_rmrr {
            self.step(memory, Step::RmrrKept { domain: id, dfn });
            return Err(AssignError::NotPermitted);
        }
        match frame {
            Some(frame) if order > 0 && !self.options.superpages.is_on() => {
                for number in 0..pages {
                    self.map_page(memory, id, Dfn(dfn.0 + number), Mfn(frame.0 + number), READ_WRITE)?;
                }
                Ok(())
            }
            Some(frame) => self.map_pages(memory, id, (dfn, frame), READ_WRITE, order / 9 + 1),
            None => {
                for number in 0..pages {
                    self.unmap_page(memory, id, Dfn(dfn.0 + number))?;
                }
                Ok(())
            }
        }
    }

    /// Whether a domain's tables follow the types of its pages.
    fn is_filtered(&self, id: DomId) -> bool {
        self.domain(id).is_some_and(|domain| domain.kind == GuestKind::Pv && domain.table.is_some())
            && id != DomId::DOM0
            && self.options.pv.is_on()
    }
}

/// Whether a domain's devices may see a frame: it is the domain's, and no page table. A frame keeps its type until it gets
/// another, even while nobody relies on it.
fn is_writable(memory: &Memory, id: DomId, frame: Mfn) -> bool {
    memory.page(id, frame).is_ok()
        && memory.owner(frame) == Ok(Owner::Domain(id))
        && memory.page_type(frame).is_ok_and(|(page_type, _)| page_type != PageType::PageTable)
}
