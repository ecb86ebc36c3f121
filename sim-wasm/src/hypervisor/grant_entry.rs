//! The grant table's format, version 1, and the status codes of its hypercalls (`xen/include/public/grant_table.h`).
//!
//! ```text
//!   0        2        4                 8
//!   | flags  | domid  | frame           |     512 entries in a frame
//! ```

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
/// Which bits are the entry's type.
pub const GTF_TYPE_MASK: u16 = 3;
/// The grant is for reading only. Written by the guest.
pub const GTF_READONLY: u16 = 1 << 2;
/// The frame is mapped, or being copied from. Written by Xen.
pub const GTF_READING: u16 = 1 << 3;
/// The frame is mapped for writing, or being copied to. Written by Xen.
pub const GTF_WRITING: u16 = 1 << 4;
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
    pub fn read(page: &Page, number: u32) -> GrantEntry {
        let at = offset(number);
        GrantEntry {
            flags: page.read_u16(at + FLAGS_OFFSET),
            domain: DomId(page.read_u16(at + DOMID_OFFSET)),
            frame: Mfn(page.read_u32(at + FRAME_OFFSET)),
        }
    }

    /// Writes whom the entry lets in, and to what. As long as [`write_flags`] has not followed, nobody is.
    pub fn write_target(page: &mut Page, number: u32, domain: DomId, frame: Mfn) {
        let at = offset(number);
        page.write_u32(at + FRAME_OFFSET, frame.0);
        page.write_u16(at + DOMID_OFFSET, domain.0);
    }
}

/// Writes only the flags of an entry, which is what makes it valid, invalid, or in use.
pub fn write_flags(page: &mut Page, number: u32, flags: u16) {
    page.write_u16(offset(number) + FLAGS_OFFSET, flags);
}

fn offset(number: u32) -> usize {
    assert!(number < ENTRIES_PER_FRAME, "an entry is looked for in its own frame of the table");
    number as usize * ENTRY_SIZE
}

/// Why a grant operation failed, `GNTST_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i16)]
pub enum GrantStatus {
    /// The entry does not allow it.
    GeneralError = -1,
    /// There is no such domain.
    BadDomain = -2,
    /// The table has no such entry.
    BadGrantRef = -3,
    /// The handle names no mapping.
    BadHandle = -4,
    /// Xen has no room for more.
    NoDeviceSpace = -7,
    /// The frame is not one that can be granted.
    BadPage = -9,
    /// The copy crosses the end of a page.
    BadCopyArgument = -10,
    /// The mapping domain has no handle left.
    NoSpace = -13,
}

impl GrantStatus {
    /// The number that the guest sees; 0 would be `GNTST_okay`.
    pub const fn code(self) -> i16 {
        self as i16
    }
}
