//! The hypercalls that map grants and undo it (`GNTTABOP_*` in `xen/include/public/grant_table.h`). Copies are in
//! [`crate::hypervisor::grant_copies`], transfers in [`crate::hypervisor::grant_transfers`].
//!
//! A grant table by hand:
//!
//! ```
//! use sim_wasm::hypervisor::grant_calls::MapOp;
//! use sim_wasm::hypervisor::grant_entry::{Access, GrantStatus};
//! use sim_wasm::hypervisor::guest_grants::{EndAccess, GuestGrants};
//! use sim_wasm::hypervisor::xen::Xen;
//! use sim_wasm::words::ids::{DomId, GrantRef, Pfn};
//!
//! let (dom0, guest) = (DomId(0), DomId(1));
//! let mut xen = Xen::new(64);
//! xen.create_domain(dom0, 8).expect("64 frames are enough");
//! xen.create_domain(guest, 8).expect("64 frames are enough");
//!
//! // The guest writes into a page and lets dom0 read it, by an entry of its own table.
//! xen.guest_page_mut(guest, Pfn(3)).expect("the guest has eight pages").write(0, b"hello");
//! let frame = xen.domain(guest).and_then(|guest| guest.mfn(Pfn(3))).expect("the page has a frame");
//! let table = GuestGrants::new(guest, xen.setup_table(guest, 1).expect("one frame is there from the start"));
//! table.grant_access(&mut xen.memory, GrantRef(8), dom0, frame, Access::ReadOnly);
//! assert_eq!(table.entry(&xen.memory, GrantRef(8)).flags, 0b00101); // permit access, read only
//!
//! // Dom0 maps the grant at a window, and reads the guest's bytes by its own page number.
//! let window = xen.add_holes(dom0, 1);
//! let mut ops = [MapOp::new(window, guest, GrantRef(8), Access::ReadOnly)];
//! xen.map_grant_refs(dom0, &mut ops);
//! let mapped = ops[0].result.expect("it is granted");
//! assert_eq!(xen.guest_page(dom0, window).expect("it is mapped").read(0), *b"hello");
//! assert!(xen.guest_page_mut(dom0, window).is_err());
//!
//! // As long as it does, the guest cannot take the page back.
//! assert_eq!(table.entry(&xen.memory, GrantRef(8)).flags, 0b01101); // and reading, which Xen wrote
//! assert_eq!(table.end_access(&mut xen.memory, GrantRef(8)), EndAccess::StillInUse);
//! assert_eq!(xen.unmap_and_replace(dom0, window, Pfn(0), mapped.handle), Ok(()));
//! assert_eq!(table.end_access(&mut xen.memory, GrantRef(8)), EndAccess::Ended);
//! assert_eq!(xen.unmap_grant_ref(dom0, mapped.handle), Err(GrantStatus::BadHandle));
//! ```
//!
//! Not modelled: device mappings (`GNTMAP_device_map`), mappings by the address of a page-table entry
//! (`GNTMAP_contains_pte`), and mapping over a frame of one's own, which real Xen does and drivers take care not to do.

use crate::hypervisor::domain::{Entry, Life};
use crate::hypervisor::grant_entry::{Access, GrantEntry, GrantStatus};
use crate::hypervisor::grant_table::{Mapping, Purpose, Window};
use crate::hypervisor::memory::AccessError;
use crate::hypervisor::page::Page;
use crate::hypervisor::xen::Xen;
use crate::words::ids::{DomId, GrantRef, Handle, Mfn, Pfn};

/// A mapping that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapped {
    /// By which the mapping is used and undone.
    pub handle: Handle,
    /// Which frame it is, for devices (`dev_bus_addr`).
    pub frame: Mfn,
}

/// One `GNTTABOP_map_grant_ref` with `GNTMAP_host_map`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapOp {
    /// The caller's page at which the frame is to be seen: a hole.
    pub host: Pfn,
    /// Who grants,
    pub granter: DomId,
    /// by which entry,
    pub gref: GrantRef,
    /// and what for.
    pub access: Access,
    /// What Xen answered.
    pub result: Result<Mapped, GrantStatus>,
}

impl MapOp {
    /// A call that was not made yet.
    pub const fn new(host: Pfn, granter: DomId, gref: GrantRef, access: Access) -> MapOp {
        MapOp { host, granter, gref, access, result: Err(GrantStatus::GeneralError) }
    }
}

/// One `GNTTABOP_unmap_grant_ref` of a mapping that is seen at a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnmapOp {
    /// The caller's page at which the frame is seen,
    pub host: Pfn,
    /// by which mapping.
    pub handle: Handle,
    /// What Xen answered.
    pub result: Result<(), GrantStatus>,
}

impl UnmapOp {
    /// A call that was not made yet.
    pub const fn new(host: Pfn, handle: Handle) -> UnmapOp {
        UnmapOp { host, handle, result: Err(GrantStatus::GeneralError) }
    }
}

impl Xen {
    /// Grows the caller's grant table to at least so many frames and tells where they are (`GNTTABOP_setup_table`).
    pub fn setup_table(&mut self, caller: DomId, frames: u32) -> Result<&[Mfn], GrantStatus> {
        let (memory, domain) = self.known_mut(caller);
        domain.grants.grow(memory, frames)?;
        Ok(domain.grants.frames())
    }

    /// Maps what others grant the caller, each at a hole among its pages, in one hypercall (`GNTTABOP_map_grant_ref`).
    pub fn map_grant_refs(&mut self, caller: DomId, ops: &mut [MapOp]) {
        self.calls.hypercalls += 1;
        self.calls.maps += ops.len() as u64;
        for op in ops {
            op.result = self.map_at_page(caller, op);
        }
    }

    /// Undoes mappings that are seen at pages, and leaves holes there, in one hypercall (`GNTTABOP_unmap_grant_ref`).
    pub fn unmap_grant_refs(&mut self, caller: DomId, ops: &mut [UnmapOp]) {
        self.calls.hypercalls += 1;
        for op in ops {
            op.result = self.unmap_from_page(caller, op.host, op.handle, Entry::Hole);
        }
    }

    /// Undoes a mapping that is seen at page `host`, and has `host` map in its place what page `new` maps, which becomes a
    /// hole (`GNTTABOP_unmap_and_replace`). Whoever reads `host` sees a frame at every moment: that is how netback's delayed
    /// copy swaps a guest's page for one of its own.
    ///
    /// What page `new` mapped is taken from it first, so a call that fails after that leaves a hole there all the same
    /// (`replace_grant_pv_mapping`); a frame of the caller's own is then still the caller's, see
    /// [`Xen::update_va_mapping`].
    pub fn unmap_and_replace(&mut self, caller: DomId, host: Pfn, new: Pfn, handle: Handle) -> Result<(), GrantStatus> {
        self.calls.hypercalls += 1;
        let (_, domain) = self.known_mut(caller);
        domain.grants.mapping(handle)?;
        let entry = domain.entries.get_mut(new.0 as usize).ok_or(GrantStatus::GeneralError)?;
        let entry = core::mem::replace(entry, Entry::Hole);
        self.unmap_from_page(caller, host, handle, entry)
    }

    /// Maps what `granter` grants the caller by `gref`, somewhere that is no page of the kernel's memory
    /// (`GNTTABOP_map_grant_ref` at an address from `alloc_vm_area`). Rings are mapped so.
    #[inline]
    pub fn map_grant_ref(
        &mut self,
        caller: DomId,
        granter: DomId,
        gref: GrantRef,
        access: Access,
    ) -> Result<Mapped, GrantStatus> {
        self.map(caller, (granter, gref, access), Window::Handle, |_, _| ())
    }

    /// As [`map_grant_ref`](Xen::map_grant_ref), while another vCPU of the granter keeps writing the entry: `rival` is what
    /// it does each time between Xen's look and Xen's compare-and-exchange, given the page of the table and the entry's
    /// number in it. Xen tries [`MOST_TRIES`](crate::hypervisor::grant_entry::MOST_TRIES) times.
    pub fn map_grant_ref_against(
        &mut self,
        caller: DomId,
        (granter, gref, access): (DomId, GrantRef, Access),
        rival: impl FnMut(&mut Page, u32),
    ) -> Result<Mapped, GrantStatus> {
        self.map(caller, (granter, gref, access), Window::Handle, rival)
    }

    /// Undoes a mapping that is seen by its handle (`GNTTABOP_unmap_grant_ref`). When it was the last use of the grant, the
    /// entry's marks of use are gone afterwards and the granter may end the access.
    #[inline]
    pub fn unmap_grant_ref(&mut self, caller: DomId, handle: Handle) -> Result<(), GrantStatus> {
        let (_, domain) = self.known_mut(caller);
        match domain.grants.mapping(handle)?.window {
            Window::Handle => self.unmap(caller, handle),
            Window::Page => Err(GrantStatus::GeneralError),
        }
    }

    /// The page behind a mapping, as the mapping domain reads it.
    #[inline]
    pub fn mapped_page(&self, caller: DomId, handle: Handle) -> Result<&Page, AccessError> {
        let mapping = self.known(caller).grants.mapping(handle).map_err(|_| AccessError::NoSuchMemory)?;
        Ok(self.memory.xen_page(mapping.frame))
    }

    /// The page behind a mapping, as the mapping domain writes it.
    #[inline]
    pub fn mapped_page_mut(&mut self, caller: DomId, handle: Handle) -> Result<&mut Page, AccessError> {
        let mapping = self.known(caller).grants.mapping(handle).map_err(|_| AccessError::NoSuchMemory)?;
        match mapping.access {
            Access::ReadOnly => Err(AccessError::ReadOnly),
            Access::ReadWrite => Ok(self.memory.xen_page_mut(mapping.frame)),
        }
    }

    /// An entry of a domain's grant table as it stands, for whoever tells what is going on.
    pub fn grant_entry(&self, granter: DomId, gref: GrantRef) -> Option<GrantEntry> {
        self.domain(granter)?.grants.entry(&self.memory, gref)
    }

    #[inline]
    fn map_at_page(&mut self, caller: DomId, op: &MapOp) -> Result<Mapped, GrantStatus> {
        let MapOp { host, granter, gref, access, .. } = *op;
        if host.0 >= self.known(caller).pages() {
            return Err(GrantStatus::BadVirtualAddress);
        }
        let frame = self.pin(caller, (granter, gref, access), |_, _| ())?;
        let (_, domain) = self.known_mut(caller);
        let handle = domain.grants.track(Mapping { domain: granter, gref, access, frame, window: Window::Page })?;
        let entry = &mut domain.entries[host.0 as usize];
        if *entry != Entry::Hole {
            self.unmap(caller, handle)?;
            return Err(GrantStatus::GeneralError);
        }
        *entry = Entry::Foreign { frame, access };
        Ok(Mapped { handle, frame })
    }

    #[inline]
    fn map(
        &mut self,
        caller: DomId,
        (granter, gref, access): (DomId, GrantRef, Access),
        window: Window,
        rival: impl FnMut(&mut Page, u32),
    ) -> Result<Mapped, GrantStatus> {
        let frame = self.pin(caller, (granter, gref, access), rival)?;
        let (_, domain) = self.known_mut(caller);
        let handle = domain.grants.track(Mapping { domain: granter, gref, access, frame, window })?;
        Ok(Mapped { handle, frame })
    }

    /// Pins what is to be mapped, for a caller who has a handle free.
    #[inline]
    fn pin(
        &mut self,
        caller: DomId,
        (granter, gref, access): (DomId, GrantRef, Access),
        rival: impl FnMut(&mut Page, u32),
    ) -> Result<Mfn, GrantStatus> {
        let has_free_handle = self.known(caller).grants.has_free_handle();
        let (memory, domain) = self.split_mut(granter).ok_or(GrantStatus::BadDomain)?;
        if !has_free_handle {
            return Err(GrantStatus::NoSpace);
        }
        domain.grants.pin(memory, gref, (caller, access, Purpose::Map), rival)
    }

    /// Undoes a mapping that is seen at page `host`, whose entry must map the mapping's frame as the mapping does
    /// (`unmap_common`, `replace_grant_pv_mapping`), and writes another entry there.
    #[inline]
    fn unmap_from_page(&mut self, caller: DomId, host: Pfn, handle: Handle, new: Entry) -> Result<(), GrantStatus> {
        let (_, domain) = self.known_mut(caller);
        let Mapping { frame, access, window, .. } = domain.grants.mapping(handle)?;
        let entry = domain.entries.get_mut(host.0 as usize).ok_or(GrantStatus::GeneralError)?;
        if window != Window::Page || *entry != (Entry::Foreign { frame, access }) {
            return Err(GrantStatus::GeneralError);
        }
        *entry = new;
        let mapping = domain.grants.untrack(handle)?;
        self.unpin(&mapping);
        Ok(())
    }

    /// Undoes a mapping wherever it is seen.
    #[inline]
    pub(crate) fn unmap(&mut self, caller: DomId, handle: Handle) -> Result<(), GrantStatus> {
        let (_, domain) = self.known_mut(caller);
        let mapping = domain.grants.untrack(handle)?;
        self.unpin(&mapping);
        Ok(())
    }

    /// Undoes the pin of a mapping that is no more.
    #[inline]
    fn unpin(&mut self, mapping: &Mapping) {
        let (memory, domain) = self.known_mut(mapping.domain);
        domain.grants.unpin(memory, mapping.gref, mapping.access);
        if domain.life == Life::Dying {
            self.bury_if_unused(mapping.domain);
        }
    }
}
