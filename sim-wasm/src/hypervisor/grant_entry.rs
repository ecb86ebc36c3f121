//! The grant table's format, version 1, and the status codes of its hypercalls (`xen/include/public/grant_table.h`).
//!
//! ```text
//!   0        2        4                 8
//!   | flags  | domid  | frame           |     512 entries in a frame
//! ```
//!
//! Not modelled: version 2 of the table with its sub-page and transitive grants, and cache attributes.

use crate::hypervisor::page::{PAGE_SIZE, Page};
use crate::words::ids::{DomId, Mfn};

/// Bytes in an entry, `grant_entry_v1_t`.
pub const ENTRY_SIZE: usize = FRAME_OFFSET + 4;
/// Entries in one frame of the table.
pub const ENTRIES_PER_FRAME: u32 = (PAGE_SIZE / ENTRY_SIZE) as u32;
/// Entries at the start of the table that tools and firmware use, `NR_RESERVED_ENTRIES` (`drivers/xen/core/gnttab.c`).
pub const RESERVED_ENTRIES: u32 = 8;

const FLAGS_OFFSET: usize = 0;
const DOMID_OFFSET: usize = 2;
const FRAME_OFFSET: usize = 4;

/// The entry grants nothing.
pub const GTF_INVALID: u16 = 0;
/// The entry lets `domid` map `frame` or copy from or to it.
pub const GTF_PERMIT_ACCESS: u16 = 1;
/// The entry lets `domid` give a frame away to the table's owner.
pub const GTF_ACCEPT_TRANSFER: u16 = 2;
/// Which bits are the entry's type.
pub const GTF_TYPE_MASK: u16 = 3;
/// The grant is for reading only. Written by the guest.
pub const GTF_READONLY: u16 = 1 << 2;
/// The frame is mapped, or being copied from. Written by Xen.
pub const GTF_READING: u16 = 1 << 3;
/// The frame is mapped for writing, or being copied to. Written by Xen.
pub const GTF_WRITING: u16 = 1 << 4;
/// A frame is on its way. Written by Xen, in an entry of type `GTF_ACCEPT_TRANSFER` only.
pub const GTF_TRANSFER_COMMITTED: u16 = 1 << 2;
/// The frame has come, and the entry names it. Written by Xen, in an entry of type `GTF_ACCEPT_TRANSFER` only.
pub const GTF_TRANSFER_COMPLETED: u16 = 1 << 3;
/// The grant is for a part of the frame: a thing of version 2, and an entry that has it cannot be mapped.
pub const GTF_SUB_PAGE: u16 = 1 << 8;

/// What a grant, a mapping or a copy is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reading.
    ReadOnly,
    /// Reading and writing.
    ReadWrite,
}

/// One entry of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrantEntry {
    /// `GTF_*` bits.
    pub flags: u16,
    /// Who is let in.
    pub domain: DomId,
    /// To which frame.
    pub frame: Mfn,
}

impl GrantEntry {
    /// Reads the entry of the given number within its frame of the table.
    #[inline]
    pub fn read(page: &Page, number: u32) -> GrantEntry {
        let [f0, f1, d0, d1, frame @ ..] = page.read::<ENTRY_SIZE>(offset(number));
        GrantEntry {
            flags: u16::from_le_bytes([f0, f1]),
            domain: DomId(u16::from_le_bytes([d0, d1])),
            frame: Mfn(u32::from_le_bytes(frame)),
        }
    }

    /// Writes whom the entry lets in, and to what. As long as [`write_flags`] has not followed, nobody is.
    #[inline]
    pub fn write_target(page: &mut Page, number: u32, domain: DomId, frame: Mfn) {
        let at = offset(number);
        page.write_u32(at + FRAME_OFFSET, frame.0);
        page.write_u16(at + DOMID_OFFSET, domain.0);
    }
}

/// Writes only the frame of an entry, as Xen does when one has been transferred.
pub fn write_frame(page: &mut Page, number: u32, frame: Mfn) {
    page.write_u32(offset(number) + FRAME_OFFSET, frame.0);
}

/// Writes only the flags of an entry, which is what makes it valid, invalid, or in use.
#[inline]
pub fn write_flags(page: &mut Page, number: u32, flags: u16) {
    page.write_u16(offset(number) + FLAGS_OFFSET, flags);
}

#[inline]
fn offset(number: u32) -> usize {
    assert!(number < ENTRIES_PER_FRAME, "an entry is looked for in its own frame of the table");
    number as usize * ENTRY_SIZE
}

/// Times that Xen tries to mark an entry before it calls it unstable (`_set_status_v1`, `gnttab_prepare_for_transfer`).
pub const MOST_TRIES: u32 = 5;

/// Marks an entry as used: reads flags and domain as one word, has `check` look at them and say the new flags, and writes
/// those if the word is still the same, as one compare-and-exchange. If not, looks again, at most [`MOST_TRIES`] times.
///
/// `rival` is what another vCPU of the granter does to the page between look and exchange, given the entry's number.
#[inline]
pub fn mark_entry(
    page: &mut Page,
    number: u32,
    check: impl Fn(u16, DomId) -> Result<u16, GrantStatus>,
    mut rival: impl FnMut(&mut Page, u32),
) -> Result<(), GrantStatus> {
    let at = offset(number);
    let look = |page: &Page| {
        let [f0, f1, d0, d1] = page.read(at);
        (u16::from_le_bytes([f0, f1]), DomId(u16::from_le_bytes([d0, d1])))
    };
    let mut seen = look(page);
    for _ in 0..MOST_TRIES {
        let flags = check(seen.0, seen.1)?;
        rival(page, number);
        let found = look(page);
        if found == seen {
            write_flags(page, number, flags);
            return Ok(());
        }
        seen = found;
    }
    Err(GrantStatus::GeneralError)
}

/// Why a grant operation failed, `GNTST_*`.
///
/// Four of them never come about here, because what they complain of does not exist in this machine: each says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i16)]
pub enum GrantStatus {
    /// The entry does not allow it, or what is asked does not fit the state of things.
    GeneralError = -1,
    /// There is no such domain.
    BadDomain = -2,
    /// The table has no such entry.
    BadGrantRef = -3,
    /// The handle names no mapping.
    BadHandle = -4,
    /// The kernel has no such page to map at.
    BadVirtualAddress = -5,
    /// The device address is not that of the mapping. Never here: mappings are for the host only.
    BadDeviceAddress = -6,
    /// The I/O MMU is full; before Xen had [`GrantStatus::NoSpace`], also that handles were. Never here: there is none.
    NoDeviceSpace = -7,
    /// The caller may not ask for that.
    PermissionDenied = -8,
    /// The frame is not one that can be granted or transferred.
    BadPage = -9,
    /// The copy crosses the end of a page.
    BadCopyArgument = -10,
    /// The frame's number does not fit an entry. Never here: every frame has a number of 32 bits.
    AddressTooBig = -11,
    /// The frame is paged out or shared: ask again later. Never here: no frame is.
    Again = -12,
    /// The mapping domain has no handle left.
    NoSpace = -13,
}

impl GrantStatus {
    /// The number that the guest sees; 0 would be `GNTST_okay`.
    pub const fn code(self) -> i16 {
        self as i16
    }
}
