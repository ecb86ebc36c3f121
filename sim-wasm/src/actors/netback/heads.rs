//! Pages for packets' heads: they stand for the memory that a kernel allocates heads from, so that a head can be copied from
//! a frame as Xen copies.
//!
//! Not modelled: where in the kernel's memory a head really lies; here it gets its place when it is to be copied.

use alloc::vec::Vec;

use crate::actors::skb::Skbs;
use crate::hypervisor::page::PAGE_SIZE;
use crate::hypervisor::xen::Xen;
use crate::words::ids::{DomId, Pfn};

/// Heads of one batch, one after the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Heads {
    /// Taken from the kernel's allocator when they are needed, and kept.
    pages: Vec<Pfn>,
    /// Which page the next head goes into,
    page: usize,
    /// and where.
    offset: usize,
}

impl Heads {
    /// Whether there is a page at all, which is enough for one head.
    pub(super) fn has_page(&mut self, skbs: &mut Skbs) -> bool {
        if self.pages.is_empty() {
            self.pages.extend(skbs.alloc_page());
        }
        !self.pages.is_empty()
    }

    /// Makes room for a head of so many bytes, at most a page; false if there is no page for it.
    pub(super) fn make_room(&mut self, skbs: &mut Skbs, len: usize) -> bool {
        if self.offset + len > PAGE_SIZE {
            (self.page, self.offset) = (self.page + 1, 0);
        }
        if self.page == self.pages.len() {
            self.pages.extend(skbs.alloc_page());
        }
        self.page < self.pages.len()
    }

    /// Writes a head down for which room was made, and tells where.
    pub(super) fn write(&mut self, xen: &mut Xen, domain: DomId, head: &[u8]) -> (Pfn, u16) {
        let (pfn, offset) = (self.pages[self.page], self.offset);
        xen.guest_page_mut(domain, pfn).expect("the allocator has the kernel's own pages").write(offset, head);
        self.offset += head.len();
        (pfn, offset as u16)
    }

    /// Forgets the heads of a batch; the pages stay.
    pub(super) fn clear(&mut self) {
        (self.page, self.offset) = (0, 0);
    }
}
