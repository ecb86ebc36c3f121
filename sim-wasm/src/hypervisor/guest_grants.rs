//! A guest's own side of its grant table: giving access, looking, taking it back, and which references are free.
//!
//! This is `drivers/xen/core/gnttab.c` of the classic kernel. No call here enters the hypervisor: the table is memory that
//! Xen lends to the guest, and the guest writes it. Grants that could not be ended when their driver wanted to are in
//! [`crate::hypervisor::deferred_grants`].
//!
//! Not modelled: callbacks for drivers that wait for free references, and growing the table by itself when none is left.

use alloc::vec::Vec;

use crate::hypervisor::grant_entry::{
    Access, ENTRIES_PER_FRAME, GTF_ACCEPT_TRANSFER, GTF_INVALID, GTF_PERMIT_ACCESS, GTF_READING, GTF_READONLY,
    GTF_TRANSFER_COMMITTED, GTF_TRANSFER_COMPLETED, GTF_WRITING, GrantEntry, RESERVED_ENTRIES, write_flags,
};
use crate::hypervisor::memory::Memory;
use crate::hypervisor::page::Page;
use crate::words::ids::{DomId, GrantRef, Mfn, Pfn};

/// Whether a grant could be ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a grant that is still in use must not be reused"]
pub enum EndAccess {
    /// The entry is invalid now; frame and reference may be used again.
    Ended,
    /// Somebody has the frame mapped or is copying it: the entry stands.
    StillInUse,
}

/// What became of a page that a guest waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a page that has come belongs to the guest"]
pub enum EndTransfer {
    /// Nobody has begun to send it; the entry is invalid now, and nobody will.
    NotStarted,
    /// Xen has begun, and is not done: a kernel looks again until it is.
    UnderWay,
    /// This frame has come, and is the guest's.
    Completed(Mfn),
}

/// References that a driver took in advance, so that it never finds the table full (`gnttab_alloc_grant_references`).
#[derive(Clone, Debug, Default)]
pub struct ReferenceBatch {
    /// Free ones; the next one to go is last.
    free: Vec<GrantRef>,
}

impl ReferenceBatch {
    /// Takes a reference out of the batch, in the order in which the table would have given them
    /// (`gnttab_claim_grant_reference`); nothing if all are in use.
    #[inline]
    pub fn claim(&mut self) -> Option<GrantRef> {
        self.free.pop()
    }

    /// Puts a reference back into the batch (`gnttab_release_grant_reference`); it is the next one to go.
    #[inline]
    pub fn release(&mut self, gref: GrantRef) {
        self.free.push(gref);
    }

    /// How many references of the batch are free.
    pub fn len(&self) -> u32 {
        self.free.len() as u32
    }

    /// Whether all are in use.
    pub fn is_empty(&self) -> bool {
        self.free.is_empty()
    }
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

    /// Makes the entries of further frames of the table free, which go first (`gnttab_expand`, `grow_gnttab_list`). `frames`
    /// are those of the whole table.
    pub fn expand(&mut self, frames: &[Mfn]) {
        let old = self.frames.len() as u32 * ENTRIES_PER_FRAME;
        let new = frames.len() as u32 * ENTRIES_PER_FRAME;
        self.free.extend((old..new).rev().map(GrantRef));
        self.frames.clear();
        self.frames.extend_from_slice(frames);
    }

    /// Takes a free reference, lowest first and last returned first; nothing if the table is full.
    #[inline]
    pub fn claim_reference(&mut self) -> Option<GrantRef> {
        self.free.pop()
    }

    /// Puts a reference back.
    #[inline]
    pub fn release_reference(&mut self, gref: GrantRef) {
        self.free.push(gref);
    }

    /// Takes so many references in advance; nothing, and none is taken, if there are fewer
    /// (`gnttab_alloc_grant_references`).
    pub fn reserve(&mut self, count: u32) -> Option<ReferenceBatch> {
        let rest = self.free.len().checked_sub(count as usize)?;
        Some(ReferenceBatch { free: self.free.split_off(rest) })
    }

    /// Puts the free references of a batch back (`gnttab_free_grant_references`); they are the next to go.
    pub fn unreserve(&mut self, mut batch: ReferenceBatch) {
        self.free.append(&mut batch.free);
    }

    /// How many references are free.
    pub fn free_references(&self) -> u32 {
        self.free.len() as u32
    }

    /// Lets `to` in to `frame`: frame and domain first, then the flags that make the entry valid
    /// (`gnttab_grant_foreign_access_ref`; the kernel has a write barrier in between).
    #[inline]
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
    #[inline]
    pub fn query_access(&self, memory: &Memory, gref: GrantRef) -> bool {
        self.entry(memory, gref).flags & (GTF_READING | GTF_WRITING) != 0
    }

    /// Takes access back unless it is in use (`gnttab_end_foreign_access_ref`: one compare-and-exchange).
    #[inline]
    pub fn end_access(&self, memory: &mut Memory, gref: GrantRef) -> EndAccess {
        let (page, number) = self.locate_mut(memory, gref);
        if GrantEntry::read(page, number).flags & (GTF_READING | GTF_WRITING) != 0 {
            return EndAccess::StillInUse;
        }
        write_flags(page, number, GTF_INVALID);
        EndAccess::Ended
    }

    /// Waits for a page from `from`, which is to be seen at page `pfn` (`gnttab_grant_foreign_transfer_ref`).
    pub fn grant_transfer(&self, memory: &mut Memory, gref: GrantRef, from: DomId, pfn: Pfn) {
        let (page, number) = self.locate_mut(memory, gref);
        GrantEntry::write_target(page, number, from, Mfn(pfn.0));
        write_flags(page, number, GTF_ACCEPT_TRANSFER);
    }

    /// Stops waiting for a page, or takes the one that has come (`gnttab_end_foreign_transfer_ref`).
    pub fn end_transfer(&self, memory: &mut Memory, gref: GrantRef) -> EndTransfer {
        let (page, number) = self.locate_mut(memory, gref);
        let GrantEntry { flags, frame, .. } = GrantEntry::read(page, number);
        if flags & GTF_TRANSFER_COMMITTED == 0 {
            write_flags(page, number, GTF_INVALID);
            return EndTransfer::NotStarted;
        }
        if flags & GTF_TRANSFER_COMPLETED == 0 { EndTransfer::UnderWay } else { EndTransfer::Completed(frame) }
    }

    /// The entry as it stands.
    #[inline]
    pub fn entry(&self, memory: &Memory, gref: GrantRef) -> GrantEntry {
        let (frame, number) = self.locate(gref);
        let page = memory.page(self.domain, frame).expect("Xen lends a domain its own grant table");
        GrantEntry::read(page, number)
    }

    #[inline]
    fn locate_mut<'memory>(&self, memory: &'memory mut Memory, gref: GrantRef) -> (&'memory mut Page, u32) {
        let (frame, number) = self.locate(gref);
        let page = memory.page_mut(self.domain, frame).expect("Xen lends a domain its own grant table");
        (page, number)
    }

    #[inline]
    fn locate(&self, gref: GrantRef) -> (Mfn, u32) {
        let frame = self.frames.get((gref.0 / ENTRIES_PER_FRAME) as usize);
        (*frame.expect("a guest uses references of its own table"), gref.0 % ENTRIES_PER_FRAME)
    }
}
