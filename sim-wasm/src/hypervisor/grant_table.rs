//! Xen's side of a grant table: who has what pinned, and which mapping a handle names (`xen/common/grant_table.c`).
//!
//! ```text
//!   entry in the guest's memory          Xen's active entry               the mapping domain
//!   permit_access ── map, copy ──> pinned: reading, writing ── map ──> handle in its maptrack
//!   flags keep reading/writing <── until the last such pin goes <── unmap, end of copy
//! ```
//!
//! The hypercalls themselves, which join two domains, are in [`crate::hypervisor::grant_calls`].
//!
//! Not modelled: device mappings and the I/O MMU, the locks and per-vCPU lists of the maptrack, and status frames.

use alloc::vec::Vec;

use crate::hypervisor::grant_entry::{
    Access, ENTRIES_PER_FRAME, GTF_ACCEPT_TRANSFER, GTF_PERMIT_ACCESS, GTF_READING, GTF_READONLY, GTF_SUB_PAGE,
    GTF_TRANSFER_COMMITTED, GTF_TRANSFER_COMPLETED, GTF_TYPE_MASK, GTF_WRITING, GrantEntry, GrantStatus, mark_entry,
    write_flags, write_frame,
};
use crate::hypervisor::memory::{Memory, Owner, PageType};
use crate::hypervisor::page::Page;
use crate::words::ids::{DomId, GrantRef, Handle, Mfn};

/// Frames of a domain's table in the days of Linux 2.6.18, `NR_GRANT_FRAMES` (`xen/include/asm-x86/grant_table.h`).
pub const CLASSIC_GRANT_FRAMES: u32 = 4;
/// Entries in a table of that time.
pub const ENTRIES_PER_CLASSIC_TABLE: u32 = CLASSIC_GRANT_FRAMES * ENTRIES_PER_FRAME;
/// Frames of a domain's table unless the administrator says otherwise, `opt_max_grant_frames` of current Xen.
pub const CURRENT_GRANT_FRAMES: u32 = 64;

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

    #[inline]
    fn count(&mut self, access: Access) -> &mut u8 {
        match access {
            Access::ReadOnly => &mut self.readers,
            Access::ReadWrite => &mut self.writers,
        }
    }

    #[inline]
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

/// Where a mapping is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// Somewhere in the kernel's address space that is no page of its memory (`alloc_vm_area`): named by the handle.
    Handle,
    /// Through the entry of one of the kernel's pages, which is named again to unmap.
    Page,
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
    /// The frame that is mapped, which the entry's pin keeps the same.
    pub frame: Mfn,
    /// Where it is seen.
    pub window: Window,
}

/// One domain's grant table and its mappings of others' grants.
#[derive(Clone, Debug)]
pub struct GrantTable {
    domain: DomId,
    frames: Vec<Mfn>,
    most_frames: u32,
    active: Vec<ActiveEntry>,
    /// Pins of all entries together.
    pins: u32,
    /// What each handle stands for; grows when no handle is free.
    maptrack: Vec<Option<Mapping>>,
    most_mappings: u32,
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
            pins: 0,
            maptrack: Vec::new(),
            most_mappings,
            free_handles: Vec::new(),
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

    /// How many pins there are, of all entries together: reasons for a dying domain to stay.
    pub fn all_pins(&self) -> u32 {
        self.pins
    }

    /// What a handle of this domain stands for.
    #[inline]
    pub fn mapping(&self, handle: Handle) -> Result<Mapping, GrantStatus> {
        self.maptrack.get(handle.0 as usize).copied().flatten().ok_or(GrantStatus::BadHandle)
    }

    /// The handles that name a mapping, lowest first.
    pub fn handles(&self) -> impl Iterator<Item = (Handle, Mapping)> {
        let named = self.maptrack.iter().enumerate();
        named.filter_map(|(number, mapping)| Some((Handle(number as u32), (*mapping)?)))
    }

    /// How many grants of others this domain has mapped.
    pub fn mappings(&self) -> u32 {
        (self.maptrack.len() - self.free_handles.len()) as u32
    }

    /// Whether this domain could map one more.
    #[inline]
    pub fn has_free_handle(&self) -> bool {
        !self.free_handles.is_empty() || (self.maptrack.len() as u32) < self.most_mappings
    }

    /// Writes a mapping of this domain down under the handle freed last, or the lowest that was never used
    /// (`get_maptrack_handle`).
    #[inline]
    pub fn track(&mut self, mapping: Mapping) -> Result<Handle, GrantStatus> {
        if let Some(handle) = self.free_handles.pop() {
            self.maptrack[handle.0 as usize] = Some(mapping);
            return Ok(handle);
        }
        if !self.has_free_handle() {
            return Err(GrantStatus::NoSpace);
        }
        self.maptrack.push(Some(mapping));
        Ok(Handle(self.maptrack.len() as u32 - 1))
    }

    /// Strikes a mapping of this domain out (`put_maptrack_handle`).
    #[inline]
    pub fn untrack(&mut self, handle: Handle) -> Result<Mapping, GrantStatus> {
        let place = self.maptrack.get_mut(handle.0 as usize).ok_or(GrantStatus::BadHandle)?;
        let mapping = place.take().ok_or(GrantStatus::BadHandle)?;
        self.free_handles.push(handle);
        Ok(mapping)
    }

    /// Pins an entry of this table for `by`, and its frame with it (`map_grant_ref`, `acquire_grant_for_copy`). The guest's
    /// checks of type and domain are made for the first pin only; that a read-only grant is not written holds for every one.
    ///
    /// `rival` is what another vCPU of this domain does to the entry meanwhile, see [`mark_entry`].
    #[inline]
    pub fn pin(
        &mut self,
        memory: &mut Memory,
        gref: GrantRef,
        (by, access, purpose): (DomId, Access, Purpose),
        rival: impl FnMut(&mut Page, u32),
    ) -> Result<Mfn, GrantStatus> {
        let active = self.active.get_mut(gref.0 as usize).ok_or(GrantStatus::BadGrantRef)?;
        let first = active.pins == Pins::NONE;
        if !first && (active.domain != by || active.pins.would_overflow()) {
            return Err(GrantStatus::GeneralError);
        }
        if first || (access == Access::ReadWrite && active.pins.writers == 0) {
            let page = memory.xen_page_mut(self.frames[(gref.0 / ENTRIES_PER_FRAME) as usize]);
            let number = gref.0 % ENTRIES_PER_FRAME;
            let check = |flags, domain| {
                if first {
                    check_grant(flags, domain, by, purpose)?;
                }
                used_flags(flags, access)
            };
            mark_entry(page, number, check, rival)?;
            if first {
                active.domain = by;
                active.frame = GrantEntry::read(page, number).frame;
            }
        }
        if let Err(status) = claim_frame(memory, active.frame, self.domain, access) {
            self.clear_status(memory, gref, access);
            return Err(status);
        }
        *active.pins.count(access) += 1;
        self.pins += 1;
        Ok(active.frame)
    }

    /// Drops one pin (`unmap_common_complete`, `release_grant_for_copy`).
    ///
    /// # Panics
    /// If there is no such pin: handles and copies return what they took.
    #[inline]
    pub fn unpin(&mut self, memory: &mut Memory, gref: GrantRef, access: Access) {
        let active = &mut self.active[gref.0 as usize];
        let pins = active.pins.count(access);
        *pins = pins.checked_sub(1).expect("a pin is dropped by who made it");
        self.pins -= 1;
        release_frame(memory, active.frame, access);
        self.clear_status(memory, gref, access);
    }

    /// Marks an entry by which a frame may come, so that the guest cannot take it back (`gnttab_prepare_for_transfer`).
    ///
    /// `rival` is what another vCPU of this domain does to the entry meanwhile, see [`mark_entry`].
    pub fn commit_transfer(
        &self,
        memory: &mut Memory,
        gref: GrantRef,
        from: DomId,
        rival: impl FnMut(&mut Page, u32),
    ) -> Result<(), GrantStatus> {
        if gref.0 as usize >= self.active.len() {
            return Err(GrantStatus::GeneralError);
        }
        let check = |flags, domain| match (flags, domain == from) {
            (GTF_ACCEPT_TRANSFER, true) => Ok(GTF_ACCEPT_TRANSFER | GTF_TRANSFER_COMMITTED),
            _ => Err(GrantStatus::GeneralError),
        };
        let (page, number) = self.locate_mut(memory, gref);
        mark_entry(page, number, check, rival)
    }

    /// Tells the guest which frame has come.
    pub fn complete_transfer(&self, memory: &mut Memory, gref: GrantRef, frame: Mfn) {
        let (page, number) = self.locate_mut(memory, gref);
        write_frame(page, number, frame);
        let flags = GrantEntry::read(page, number).flags;
        write_flags(page, number, flags | GTF_TRANSFER_COMPLETED);
    }

    /// Takes the marks of use away that no pin justifies any more (`gnttab_clear_flags`).
    #[inline]
    fn clear_status(&self, memory: &mut Memory, gref: GrantRef, access: Access) {
        let pins = self.active[gref.0 as usize].pins;
        let mut unused = 0;
        if access == Access::ReadWrite && pins.writers == 0 {
            unused |= GTF_WRITING;
        }
        if pins == Pins::NONE {
            unused |= GTF_READING;
        }
        if unused != 0 {
            let (page, number) = self.locate_mut(memory, gref);
            let flags = GrantEntry::read(page, number).flags;
            write_flags(page, number, flags & !unused);
        }
    }

    #[inline]
    fn locate_mut<'memory>(&self, memory: &'memory mut Memory, gref: GrantRef) -> (&'memory mut Page, u32) {
        let frame = self.frames[(gref.0 / ENTRIES_PER_FRAME) as usize];
        (memory.xen_page_mut(frame), gref.0 % ENTRIES_PER_FRAME)
    }
}

/// Whether the guest lets `by` use an entry for that.
#[inline]
fn check_grant(flags: u16, domain: DomId, by: DomId, purpose: Purpose) -> Result<(), GrantStatus> {
    let checked = match purpose {
        Purpose::Map => GTF_TYPE_MASK | GTF_SUB_PAGE,
        Purpose::Copy => GTF_TYPE_MASK,
    };
    if flags & checked == GTF_PERMIT_ACCESS && domain == by { Ok(()) } else { Err(GrantStatus::GeneralError) }
}

/// What the flags of an entry become when it is used like that, unless it is for reading only.
#[inline]
fn used_flags(flags: u16, access: Access) -> Result<u16, GrantStatus> {
    match access {
        Access::ReadOnly => Ok(flags | GTF_READING),
        Access::ReadWrite if flags & GTF_READONLY != 0 => Err(GrantStatus::GeneralError),
        Access::ReadWrite => Ok(flags | GTF_READING | GTF_WRITING),
    }
}

/// Keeps a frame of `owner` where it is, and writable if it is to be written.
#[inline]
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
#[inline]
pub fn release_frame(memory: &mut Memory, frame: Mfn, access: Access) {
    if access == Access::ReadWrite {
        memory.put_page_type(frame);
    }
    memory.put_page(frame);
}
