//! Xen's side of a grant table: who has what pinned, and which mapping a handle names (`xen/common/grant_table.c`).
//!
//! ```text
//!   entry in the guest's memory          Xen's active entry               the mapping domain
//!   permit_access ── map, copy ──> pinned: reading, writing ── map ──> handle in its maptrack
//!   flags keep reading/writing <── until the last such pin goes <── unmap, end of copy
//! ```
//!
//! The hypercalls themselves, which join two domains, are in [`crate::hypervisor::xen`].

use crate::hypervisor::grant_entry::{
    Access, ENTRIES_PER_FRAME, GTF_PERMIT_ACCESS, GTF_READING, GTF_READONLY, GTF_SUB_PAGE, GTF_TYPE_MASK, GTF_WRITING,
    GrantEntry, GrantStatus, write_flags,
};
use crate::hypervisor::memory::{Memory, Owner, PageType};
use crate::words::ids::{DomId, GrantRef, Handle, Mfn};

/// One counter of pins may not pass this (`map_grant_ref`: the top bit of each byte of `act->pin`).
const MOST_PINS: u8 = 128;

/// What a grant is pinned for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A mapping, which needs the whole frame.
    Map,
    /// A copy by the hypervisor.
    Copy,
}

/// Why a granted frame may not go away at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pins {
    /// Mappings and copies that read.
    pub readers: u8,
    /// Mappings and copies that read and write.
    pub writers: u8,
}

impl Pins {
    const NONE: Pins = Pins { readers: 0, writers: 0 };

    fn count(&mut self, access: Access) -> &mut u8 {
        match access {
            Access::ReadOnly => &mut self.readers,
            Access::ReadWrite => &mut self.writers,
        }
    }

    fn would_overflow(self) -> bool {
        self.readers >= MOST_PINS || self.writers >= MOST_PINS
    }
}

/// What Xen knows of an entry (`struct active_grant_entry`). Domain and frame were read from the guest when the first pin
/// was made, and hold until the last is gone, whatever the guest writes into its table meanwhile.
#[derive(Clone, Copy, Debug)]
struct ActiveEntry {
    pins: Pins,
    domain: DomId,
    frame: Mfn,
}

impl ActiveEntry {
    const UNUSED: ActiveEntry = ActiveEntry { pins: Pins::NONE, domain: DomId(0), frame: Mfn(0) };
}

/// What one handle of the mapping domain stands for (`struct grant_mapping`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Who granted.
    pub domain: DomId,
    /// By which entry.
    pub gref: GrantRef,
    /// What the mapping is good for.
    pub access: Access,
}

/// One domain's grant table and its mappings of others' grants.
#[derive(Clone, Debug)]
pub struct GrantTable {
    domain: DomId,
    frames: Vec<Mfn>,
    most_frames: u32,
    active: Vec<ActiveEntry>,
    maptrack: Vec<Option<Mapping>>,
    free_handles: Vec<Handle>,
}

impl GrantTable {
    /// A table without frames yet, for a domain that may have so many frames and so many mappings.
    pub fn new(domain: DomId, most_frames: u32, most_mappings: u32) -> GrantTable {
        GrantTable {
            domain,
            frames: Vec::new(),
            most_frames,
            active: Vec::new(),
            maptrack: vec![None; most_mappings as usize],
            free_handles: (0..most_mappings).rev().map(Handle).collect(),
        }
    }

    /// Grows the table to at least so many frames (`gnttab_grow_table`).
    pub fn grow(&mut self, memory: &mut Memory, frames: u32) -> Result<(), GrantStatus> {
        let wanted = frames.saturating_sub(self.frames.len() as u32);
        if frames > self.most_frames || wanted > memory.free_frames() {
            return Err(GrantStatus::GeneralError);
        }
        for _ in 0..wanted {
            let frame = memory.alloc(Owner::Xen(Some(self.domain))).expect("so many frames are free");
            self.frames.push(frame);
        }
        self.active.resize(self.frames.len() * ENTRIES_PER_FRAME as usize, ActiveEntry::UNUSED);
        Ok(())
    }

    /// The frames that hold the table, in order.
    pub fn frames(&self) -> &[Mfn] {
        &self.frames
    }

    /// An entry as the guest has it at this moment, and nothing for one that the table does not have.
    pub fn entry(&self, memory: &Memory, gref: GrantRef) -> Option<GrantEntry> {
        let frame = self.frames.get((gref.0 / ENTRIES_PER_FRAME) as usize)?;
        Some(GrantEntry::read(memory.xen_page(*frame), gref.0 % ENTRIES_PER_FRAME))
    }

    /// Who pins the entry how often, and nothing for an entry that the table does not have.
    pub fn pins(&self, gref: GrantRef) -> Option<Pins> {
        self.active.get(gref.0 as usize).map(|active| active.pins)
    }

    /// The frame that a pinned entry stands for.
    pub fn pinned_frame(&self, gref: GrantRef) -> Option<Mfn> {
        let active = self.active.get(gref.0 as usize)?;
        (active.pins != Pins::NONE).then_some(active.frame)
    }

    /// What a handle of this domain stands for.
    pub fn mapping(&self, handle: Handle) -> Result<Mapping, GrantStatus> {
        self.maptrack.get(handle.0 as usize).copied().flatten().ok_or(GrantStatus::BadHandle)
    }

    /// How many grants of others this domain has mapped.
    pub fn mappings(&self) -> u32 {
        (self.maptrack.len() - self.free_handles.len()) as u32
    }

    /// Whether this domain could map one more.
    pub fn has_free_handle(&self) -> bool {
        !self.free_handles.is_empty()
    }

    /// Writes a mapping of this domain down (`get_maptrack_handle`).
    pub fn track(&mut self, mapping: Mapping) -> Result<Handle, GrantStatus> {
        let handle = self.free_handles.pop().ok_or(GrantStatus::NoSpace)?;
        self.maptrack[handle.0 as usize] = Some(mapping);
        Ok(handle)
    }

    /// Strikes a mapping of this domain out (`put_maptrack_handle`).
    pub fn untrack(&mut self, handle: Handle) -> Result<Mapping, GrantStatus> {
        let mapping = self.mapping(handle)?;
        self.maptrack[handle.0 as usize] = None;
        self.free_handles.push(handle);
        Ok(mapping)
    }

    /// Pins an entry of this table for `by`, and its frame with it (`map_grant_ref`, `acquire_grant_for_copy`).
    pub fn pin(
        &mut self,
        memory: &mut Memory,
        gref: GrantRef,
        by: DomId,
        access: Access,
        purpose: Purpose,
    ) -> Result<Mfn, GrantStatus> {
        let mut active = *self.active.get(gref.0 as usize).ok_or(GrantStatus::BadGrantRef)?;
        let first = active.pins == Pins::NONE;
        if !first && (active.domain != by || active.pins.would_overflow()) {
            return Err(GrantStatus::GeneralError);
        }
        if first || (access == Access::ReadWrite && active.pins.writers == 0) {
            self.set_status(memory, gref, by, access, purpose)?;
        }
        if first {
            active.domain = by;
            active.frame = self.known_entry(memory, gref).frame;
        }
        if let Err(status) = claim_frame(memory, active.frame, self.domain, access) {
            self.clear_status(memory, gref, access);
            return Err(status);
        }
        *active.pins.count(access) += 1;
        self.active[gref.0 as usize] = active;
        Ok(active.frame)
    }

    /// Drops one pin (`unmap_common_complete`, `release_grant_for_copy`).
    ///
    /// # Panics
    /// If there is no such pin: handles and copies return what they took.
    pub fn unpin(&mut self, memory: &mut Memory, gref: GrantRef, access: Access) {
        let active = &mut self.active[gref.0 as usize];
        let pins = active.pins.count(access);
        *pins = pins.checked_sub(1).expect("a pin is dropped by who made it");
        release_frame(memory, active.frame, access);
        self.clear_status(memory, gref, access);
    }

    /// Checks what the guest wrote and marks the entry as used (`_set_status_v1`). The guest's checks of type and domain
    /// are made for the first pin only; that a read-only grant is not written holds for every one.
    fn set_status(
        &self,
        memory: &mut Memory,
        gref: GrantRef,
        by: DomId,
        access: Access,
        purpose: Purpose,
    ) -> Result<(), GrantStatus> {
        let entry = self.known_entry(memory, gref);
        let checked = match purpose {
            Purpose::Map => GTF_TYPE_MASK | GTF_SUB_PAGE,
            Purpose::Copy => GTF_TYPE_MASK,
        };
        let first = self.active[gref.0 as usize].pins == Pins::NONE;
        if first && (entry.flags & checked != GTF_PERMIT_ACCESS || entry.domain != by) {
            return Err(GrantStatus::GeneralError);
        }
        let used = match access {
            Access::ReadOnly => GTF_READING,
            Access::ReadWrite if entry.flags & GTF_READONLY != 0 => return Err(GrantStatus::GeneralError),
            Access::ReadWrite => GTF_READING | GTF_WRITING,
        };
        self.write_flags(memory, gref, entry.flags | used);
        Ok(())
    }

    /// Takes the marks of use away that no pin justifies any more.
    fn clear_status(&self, memory: &mut Memory, gref: GrantRef, access: Access) {
        let pins = self.active[gref.0 as usize].pins;
        let mut flags = self.known_entry(memory, gref).flags;
        if access == Access::ReadWrite && pins.writers == 0 {
            flags &= !GTF_WRITING;
        }
        if pins == Pins::NONE {
            flags &= !GTF_READING;
        }
        self.write_flags(memory, gref, flags);
    }

    fn known_entry(&self, memory: &Memory, gref: GrantRef) -> GrantEntry {
        self.entry(memory, gref).expect("a pinned entry is one of the table")
    }

    fn write_flags(&self, memory: &mut Memory, gref: GrantRef, flags: u16) {
        let frame = self.frames[(gref.0 / ENTRIES_PER_FRAME) as usize];
        write_flags(memory.xen_page_mut(frame), gref.0 % ENTRIES_PER_FRAME, flags);
    }
}

/// Keeps a frame of `owner` where it is, and writable if it is to be written.
pub fn claim_frame(memory: &mut Memory, frame: Mfn, owner: DomId, access: Access) -> Result<(), GrantStatus> {
    if memory.get_page(frame, owner).is_err() {
        return Err(GrantStatus::BadPage);
    }
    if access == Access::ReadWrite && !memory.get_page_type(frame, PageType::Writable) {
        memory.put_page(frame);
        return Err(GrantStatus::GeneralError);
    }
    Ok(())
}

/// Undoes one [`claim_frame`].
pub fn release_frame(memory: &mut Memory, frame: Mfn, access: Access) {
    if access == Access::ReadWrite {
        memory.put_page_type(frame);
    }
    memory.put_page(frame);
}
