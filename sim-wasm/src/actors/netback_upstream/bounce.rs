//! Pages of dom0's own that the hypervisor copies heads of packets to and from.
//!
//! A head lies in memory of the kernel's own that nobody grants; a real one lies in a page of the slab allocator, which
//! `GNTTABOP_copy` names by its frame. Here it passes through one of these pages, which come from the kernel's allocator
//! when they are first needed, and stay.
//!
//! Not modelled: where in the kernel's memory a head really lies, and that it may cross a page's end.

use alloc::vec::Vec;

use crate::actors::kernel::Kernel;
use crate::hypervisor::page::PAGE_SIZE;
use crate::hypervisor::xen::Xen;
use crate::words::ids::{DomId, Mfn, Pfn};

/// The pages.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bounce {
    pages: Vec<(Pfn, Mfn)>,
    page: usize,
    used: usize,
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
    /// All pages are free again: what lay in them was copied on.
    pub(crate) const fn clear(&mut self) {
        self.page = 0;
        self.used = 0;
    }

    /// Whether there is a page at all, so that after [`Bounce::clear`] one head has room.
    pub(crate) fn has_page(&mut self, k: &mut Kernel) -> bool {
        if self.pages.is_empty() {
            self.grow(k);
        }
        !self.pages.is_empty()
    }

    /// Room for so many bytes, at most a page of them, within one page; nothing when the kernel's memory is used up.
    #[inline]
    pub(crate) fn reserve(&mut self, k: &mut Kernel, bytes: u16) -> Option<Place> {
        let bytes = usize::from(bytes);
        if self.used + bytes > PAGE_SIZE {
            self.page += 1;
            self.used = 0;
        }
        if self.page == self.pages.len() {
            self.grow(k);
        }
        let &(page, frame) = self.pages.get(self.page)?;
        let place = Place { page, frame, offset: self.used as u16 };
        self.used += bytes;
        Some(place)
    }

    fn grow(&mut self, k: &mut Kernel) {
        let Some(pfn) = k.skbs.alloc_page() else { return };
        let domain = k.xen.domain(k.domain()).expect("who runs a driver exists");
        self.pages.push((pfn, domain.mfn(pfn).expect("a kernel has the pages of its allocator")));
    }

    /// The bytes in a place.
    #[inline]
    pub(crate) fn read<'machine>(k: &'machine Kernel, place: Place, bytes: u16) -> &'machine [u8] {
        let page = k.xen.guest_page(k.domain(), place.page).expect("a driver has its own pages");
        &page.bytes()[usize::from(place.offset)..][..usize::from(bytes)]
    }

    /// Writes bytes into a place.
    #[inline]
    pub(crate) fn write(xen: &mut Xen, domain: DomId, place: Place, bytes: &[u8]) {
        let page = xen.guest_page_mut(domain, place.page).expect("a driver has its own pages");
        page.write(usize::from(place.offset), bytes);
    }
}
