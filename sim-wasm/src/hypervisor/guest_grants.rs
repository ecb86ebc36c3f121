//! A guest's own side of its grant table: giving access, looking, taking it back, and which references are free.
//!
//! This is `drivers/xen/core/gnttab.c` of the classic kernel. No call here enters the hypervisor: the table is memory that
//! Xen lends to the guest, and the guest writes it.

use crate::hypervisor::grant_entry::{
    Access, ENTRIES_PER_FRAME, GTF_INVALID, GTF_PERMIT_ACCESS, GTF_READING, GTF_READONLY, GTF_WRITING, GrantEntry,
    RESERVED_ENTRIES, write_flags,
};
use crate::hypervisor::memory::Memory;
use crate::hypervisor::page::Page;
use crate::words::ids::{DomId, GrantRef, Mfn};

/// Whether a grant could be ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a grant that is still in use must not be reused"]
pub enum EndAccess {
    /// The entry is invalid now; frame and reference may be used again.
    Ended,
    /// Somebody has the frame mapped or is copying it: the entry stands.
    StillInUse,
}

/// What a guest remembers of its own grant table.
#[derive(Clone, Debug)]
pub struct GuestGrants {
    domain: DomId,
    frames: Vec<Mfn>,
    /// Free references; the next one to go is last.
    free: Vec<GrantRef>,
}

impl GuestGrants {
    /// The table of `domain` in the frames that the hypervisor lent for it (`GNTTABOP_setup_table`), all entries free but
    /// the reserved ones.
    pub fn new(domain: DomId, frames: &[Mfn]) -> GuestGrants {
        let entries = frames.len() as u32 * ENTRIES_PER_FRAME;
        GuestGrants {
            domain,
            frames: frames.to_vec(),
            free: (RESERVED_ENTRIES.min(entries)..entries).rev().map(GrantRef).collect(),
        }
    }

    /// Takes a free reference, lowest first and last returned first; nothing if the table is full.
    pub fn claim_reference(&mut self) -> Option<GrantRef> {
        self.free.pop()
    }

    /// Puts a reference back.
    pub fn release_reference(&mut self, gref: GrantRef) {
        self.free.push(gref);
    }

    /// How many references are free.
    pub fn free_references(&self) -> u32 {
        self.free.len() as u32
    }

    /// Lets `to` in to `frame`: frame and domain first, then the flags that make the entry valid
    /// (`gnttab_grant_foreign_access_ref`; the kernel has a write barrier in between).
    pub fn grant_access(&self, memory: &mut Memory, gref: GrantRef, to: DomId, frame: Mfn, access: Access) {
        let flags = match access {
            Access::ReadOnly => GTF_PERMIT_ACCESS | GTF_READONLY,
            Access::ReadWrite => GTF_PERMIT_ACCESS,
        };
        let (page, number) = self.locate_mut(memory, gref);
        GrantEntry::write_target(page, number, to, frame);
        write_flags(page, number, flags);
    }

    /// Whether somebody uses the grant at this moment (`gnttab_query_foreign_access`).
    ///
    /// By the next moment the answer may be wrong; only [`end_access`](GuestGrants::end_access) is sure (XSA-396).
    pub fn query_access(&self, memory: &Memory, gref: GrantRef) -> bool {
        self.entry(memory, gref).flags & (GTF_READING | GTF_WRITING) != 0
    }

    /// Takes access back unless it is in use (`gnttab_end_foreign_access_ref`: one compare-and-exchange).
    pub fn end_access(&self, memory: &mut Memory, gref: GrantRef) -> EndAccess {
        if self.query_access(memory, gref) {
            return EndAccess::StillInUse;
        }
        let (page, number) = self.locate_mut(memory, gref);
        write_flags(page, number, GTF_INVALID);
        EndAccess::Ended
    }

    /// The entry as it stands.
    pub fn entry(&self, memory: &Memory, gref: GrantRef) -> GrantEntry {
        let (frame, number) = self.locate(gref);
        let page = memory.page(self.domain, frame).expect("Xen lends a domain its own grant table");
        GrantEntry::read(page, number)
    }

    fn locate_mut<'memory>(&self, memory: &'memory mut Memory, gref: GrantRef) -> (&'memory mut Page, u32) {
        let (frame, number) = self.locate(gref);
        let page = memory.page_mut(self.domain, frame).expect("Xen lends a domain its own grant table");
        (page, number)
    }

    fn locate(&self, gref: GrantRef) -> (Mfn, u32) {
        let frame = self.frames.get((gref.0 / ENTRIES_PER_FRAME) as usize);
        (*frame.expect("a guest uses references of its own table"), gref.0 % ENTRIES_PER_FRAME)
    }
}
