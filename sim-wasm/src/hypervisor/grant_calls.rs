//! The hypercalls about grants (`GNTTABOP_*` in `xen/include/public/grant_table.h`).

use crate::hypervisor::grant_entry::{Access, GrantEntry, GrantStatus};
use crate::hypervisor::grant_table::{Mapping, Purpose, claim_frame, release_frame};
use crate::hypervisor::memory::AccessError;
use crate::hypervisor::page::{PAGE_SIZE, Page};
use crate::hypervisor::xen::Xen;
use crate::words::ids::{DomId, GrantRef, Handle, Mfn};

/// A mapping that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapped {
    /// By which the mapping is used and undone.
    pub handle: Handle,
    /// Which frame it is, for devices (`dev_bus_addr`).
    pub frame: Mfn,
}

/// One side of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyFrame {
    /// A frame that another domain grants.
    Granted(DomId, GrantRef),
    /// A frame of the caller's own.
    Own(Mfn),
}

/// Where one side of a copy starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyPointer {
    /// In which frame.
    pub frame: CopyFrame,
    /// At which byte.
    pub offset: u16,
}

/// One `GNTTABOP_copy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrantCopy {
    /// From here,
    pub source: CopyPointer,
    /// to there,
    pub dest: CopyPointer,
    /// so many bytes.
    pub len: u16,
}

impl Xen {
    /// Grows the caller's grant table to at least so many frames and tells where they are (`GNTTABOP_setup_table`).
    pub fn setup_table(&mut self, caller: DomId, frames: u32) -> Result<&[Mfn], GrantStatus> {
        let (memory, domain) = self.known_mut(caller);
        domain.grants.grow(memory, frames)?;
        Ok(domain.grants.frames())
    }

    /// Maps what `granter` grants the caller by `gref` (`GNTTABOP_map_grant_ref`).
    pub fn map_grant_ref(
        &mut self,
        caller: DomId,
        granter: DomId,
        gref: GrantRef,
        access: Access,
    ) -> Result<Mapped, GrantStatus> {
        if self.domain(granter).is_none() {
            return Err(GrantStatus::BadDomain);
        }
        if !self.known(caller).grants.has_free_handle() {
            return Err(GrantStatus::NoSpace);
        }
        let (memory, domain) = self.split_mut(granter).ok_or(GrantStatus::BadDomain)?;
        let frame = domain.grants.pin(memory, gref, caller, access, Purpose::Map)?;
        let (_, domain) = self.known_mut(caller);
        let handle = domain.grants.track(Mapping { domain: granter, gref, access })?;
        Ok(Mapped { handle, frame })
    }

    /// Undoes a mapping (`GNTTABOP_unmap_grant_ref`). When it was the last use of the grant, the entry's marks of use are
    /// gone afterwards and the granter may end the access.
    pub fn unmap_grant_ref(&mut self, caller: DomId, handle: Handle) -> Result<(), GrantStatus> {
        let (_, domain) = self.known_mut(caller);
        let mapping = domain.grants.untrack(handle)?;
        let (memory, domain) = self.known_mut(mapping.domain);
        domain.grants.unpin(memory, mapping.gref, mapping.access);
        Ok(())
    }

    /// The page behind a mapping, as the mapping domain reads it.
    pub fn mapped_page(&self, caller: DomId, handle: Handle) -> Result<&Page, AccessError> {
        let (frame, _) = self.mapped_frame(caller, handle)?;
        Ok(self.memory.xen_page(frame))
    }

    /// The page behind a mapping, as the mapping domain writes it.
    pub fn mapped_page_mut(&mut self, caller: DomId, handle: Handle) -> Result<&mut Page, AccessError> {
        match self.mapped_frame(caller, handle)? {
            (_, Access::ReadOnly) => Err(AccessError::ReadOnly),
            (frame, Access::ReadWrite) => Ok(self.memory.xen_page_mut(frame)),
        }
    }

    /// An entry of a domain's grant table as it stands, for whoever tells what is going on.
    pub fn grant_entry(&self, granter: DomId, gref: GrantRef) -> Option<GrantEntry> {
        self.domain(granter)?.grants.entry(&self.memory, gref)
    }

    /// Copies between frames, each of the caller's own or granted to it (`GNTTABOP_copy`). Both are pinned for as long as
    /// the copy takes; a copy that fails changes nothing.
    pub fn grant_copy(&mut self, caller: DomId, copy: GrantCopy) -> Result<(), GrantStatus> {
        for pointer in [copy.source, copy.dest] {
            if let CopyFrame::Granted(granter, _) = pointer.frame
                && self.domain(granter).is_none()
            {
                return Err(GrantStatus::BadDomain);
            }
        }
        let source = self.claim(caller, copy.source.frame, Access::ReadOnly)?;
        let dest = match self.claim(caller, copy.dest.frame, Access::ReadWrite) {
            Ok(dest) => dest,
            Err(status) => {
                self.unclaim(source, copy.source.frame, Access::ReadOnly);
                return Err(status);
            }
        };
        let outcome = self.copy_bytes(copy, source, dest);
        self.unclaim(dest, copy.dest.frame, Access::ReadWrite);
        self.unclaim(source, copy.source.frame, Access::ReadOnly);
        outcome
    }

    fn mapped_frame(&self, caller: DomId, handle: Handle) -> Result<(Mfn, Access), AccessError> {
        let mapping = self.known(caller).grants.mapping(handle).map_err(|_| AccessError::NoSuchMemory)?;
        let frame = self.known(mapping.domain).grants.pinned_frame(mapping.gref);
        Ok((frame.expect("a mapping keeps its grant pinned"), mapping.access))
    }

    fn claim(&mut self, caller: DomId, frame: CopyFrame, access: Access) -> Result<Mfn, GrantStatus> {
        match frame {
            CopyFrame::Granted(granter, gref) => {
                let (memory, domain) = self.split_mut(granter).ok_or(GrantStatus::BadDomain)?;
                domain.grants.pin(memory, gref, caller, access, Purpose::Copy)
            }
            CopyFrame::Own(mfn) => claim_frame(&mut self.memory, mfn, caller, access).map(|()| mfn),
        }
    }

    fn unclaim(&mut self, mfn: Mfn, frame: CopyFrame, access: Access) {
        match frame {
            CopyFrame::Granted(granter, gref) => {
                let (memory, domain) = self.known_mut(granter);
                domain.grants.unpin(memory, gref, access);
            }
            CopyFrame::Own(_) => release_frame(&mut self.memory, mfn, access),
        }
    }

    fn copy_bytes(&mut self, copy: GrantCopy, source: Mfn, dest: Mfn) -> Result<(), GrantStatus> {
        let len = usize::from(copy.len);
        let (from, to) = (usize::from(copy.source.offset), usize::from(copy.dest.offset));
        if from + len > PAGE_SIZE || to + len > PAGE_SIZE {
            return Err(GrantStatus::BadCopyArgument);
        }
        let bytes = *self.memory.xen_page(source).bytes();
        self.memory.xen_page_mut(dest).write(to, &bytes[from..][..len]);
        Ok(())
    }
}
