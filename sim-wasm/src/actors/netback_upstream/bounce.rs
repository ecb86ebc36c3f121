//! Pages of dom0's own that the hypervisor copies heads of packets to and from.
//!
//! A head lies in memory of the kernel's own that nobody grants; a real one lies in a page of the slab allocator, which
//! `GNTTABOP_copy` names by its frame. Here it passes through one of these pages.

use crate::actors::kernel::Kernel;
use crate::hypervisor::page::PAGE_SIZE;
use crate::hypervisor::xen::Xen;
use crate::words::ids::{DomId, Mfn, Pfn};

/// How many pages there are. A head has a page at most; of those longer than a few headers there can be one for each
/// nineteen slots of a ring, that is 13, and each may leave the rest of two pages unused.
const PAGES: u32 = 64;

/// The pages.
#[derive(Clone, Debug)]
pub(crate) struct Bounce {
    first: Pfn,
    frames: Vec<Mfn>,
    page: u32,
    used: u16,
}

/// Room for one head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    page: Pfn,
    /// Which frame the hypervisor copies to or from.
    pub(crate) frame: Mfn,
    /// Where in it the head begins.
    pub(crate) offset: u16,
}

impl Bounce {
    /// Takes the pages from the machine, for good.
    ///
    /// # Panics
    /// If the machine has no memory for its own drivers: such a machine is a mistake.
    pub(crate) fn new(k: &mut Kernel) -> Bounce {
        let domain = k.domain();
        let first = k.xen.add_holes(domain, PAGES);
        let mut populate =
            |page| k.xen.populate(domain, Pfn(first.0 + page)).expect("a machine has room for its drivers");
        let frames = (0..PAGES).map(&mut populate).collect();
        Bounce { first, frames, page: 0, used: 0 }
    }

    /// All pages are free again: what lay in them was copied on.
    pub(crate) const fn clear(&mut self) {
        self.page = 0;
        self.used = 0;
    }

    /// Room for so many bytes, at most a page of them, within one page; nothing when all pages are used.
    pub(crate) fn reserve(&mut self, bytes: u16) -> Option<Place> {
        if usize::from(self.used) + usize::from(bytes) > PAGE_SIZE {
            self.page += 1;
            self.used = 0;
        }
        let frame = *self.frames.get(self.page as usize)?;
        let place = Place { page: Pfn(self.first.0 + self.page), frame, offset: self.used };
        self.used += bytes;
        Some(place)
    }

    /// The bytes in a place.
    pub(crate) fn read<'machine>(k: &'machine Kernel, place: Place, bytes: u16) -> &'machine [u8] {
        let page = k.xen.guest_page(k.domain(), place.page).expect("a driver has its own pages");
        &page.bytes()[usize::from(place.offset)..][..usize::from(bytes)]
    }

    /// Writes bytes into a place.
    pub(crate) fn write(xen: &mut Xen, domain: DomId, place: Place, bytes: &[u8]) {
        let page = xen.guest_page_mut(domain, place.page).expect("a driver has its own pages");
        page.write(usize::from(place.offset), bytes);
    }
}
