//! A kernel's packets, as `struct sk_buff` and `struct skb_shared_info` keep them (`include/linux/skbuff.h`).
//!
//! ```text
//!   sk_buff ──┐                 shared info                      pages
//!   sk_buff ──┴──> dataref 2 │ head: bytes of its own │ frags ──> own page │ foreign page (a slot that netback holds)
//!   (a clone)
//! ```
//!
//! A clone has a header of its own and shares all else, so the pages stay until the last clone is freed. When the last goes,
//! [`Skbs::free`] says so: pages of the kernel's own return to its allocator, and foreign ones have a destructor, which is
//! netback's business.
//!
//! Not modelled: the room before and after the data, fragment lists, control blocks, and the sharing of one page by two
//! shared infos.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::hypervisor::xen::Xen;
use crate::words::ids::{DomId, Mac, Pfn, VifId};
use crate::words::time::Time;

/// Fragments of a packet besides its head, `MAX_SKB_FRAGS` of a kernel with 4 KiB pages: 65536 / 4096 + 2.
pub const MAX_SKB_FRAGS: usize = 18;

/// Pieces that a guest's packet may have at most: pages of its linear area and fragments. A packet of more is refused long
/// before, and the array has room to find that out.
const MOST_PIECES: usize = 24;

/// Names a packet of one kernel. Each clone has its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SkbId(u32);

/// Names what clones share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SharedId(u32);

/// Whose page a fragment lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FragPage {
    /// The kernel's own page.
    Own(Pfn),
    /// A guest's page, mapped where the kernel has the window `host`; `pending` is the slot of netback's pool that holds it,
    /// in the pool of interface `vif` where pools are several.
    Foreign {
        /// The page of the window.
        host: Pfn,
        /// The interface that it came from.
        vif: VifId,
        /// The slot's place in its pool.
        pending: u16,
    },
}

impl FragPage {
    /// Where the kernel reads the page.
    #[must_use]
    pub const fn pfn(self) -> Pfn {
        match self {
            FragPage::Own(pfn) | FragPage::Foreign { host: pfn, .. } => pfn,
        }
    }
}

/// A piece of a packet within one page (`skb_frag_t`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frag {
    /// The page.
    pub page: FragPage,
    /// Where the piece begins, in bytes; `offset + size` is at most 4096.
    pub offset: u16,
    /// Bytes.
    pub size: u16,
}

/// What is said of a packet's segmentation (`gso_size`, `gso_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segmentation {
    /// Bytes of payload in a segment, 0 for a packet that needs none.
    pub size: u16,
    /// `XEN_NETIF_GSO_TYPE_*`.
    pub kind: u8,
}

impl Segmentation {
    /// A packet that is sent as it is.
    pub const NONE: Segmentation = Segmentation { size: 0, kind: 0 };
}

/// Whether somebody still has to compute or to check the packet's checksum (`ip_summed`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// It is there and must be checked.
    None,
    /// It is to be computed by whoever sends the packet on (`CHECKSUM_PARTIAL`).
    Partial,
    /// It was checked, or needs no check.
    Unnecessary,
}

/// What clones share.
#[derive(Clone, Debug)]
pub struct Shared {
    dataref: u32,
    /// Bytes of the packet.
    pub len: u32,
    /// The linear area, when it is memory of the kernel's own that nobody grants: dom0's copy of a header, or all of a
    /// copied packet. A guest's packet to send has it in `frags`, see `linear`.
    pub head: Vec<u8>,
    frags: [Frag; MOST_PIECES],
    count: u8,
    /// How many of the first fragments are really the linear area of a packet to send, page by page.
    pub linear: u8,
    /// Its segmentation.
    pub gso: Segmentation,
    /// Its checksum.
    pub checksum: Checksum,
    /// Whether a device was told the addresses of its pages (`__gnttab_dma_map_page`): from then on they cannot be replaced.
    pub dma_mapped: bool,
    /// When the packet was made, for latencies.
    pub born: Time,
    /// The interface that made it.
    pub origin: VifId,
    /// Fingerprint of the payload, if somebody keeps accounts; 0 otherwise.
    pub receipt: u64,
}

const NO_FRAG: Frag = Frag { page: FragPage::Own(Pfn(0)), offset: 0, size: 0 };

impl Shared {
    fn new() -> Shared {
        Shared {
            dataref: 0,
            len: 0,
            head: Vec::new(),
            frags: [NO_FRAG; MOST_PIECES],
            count: 0,
            linear: 0,
            gso: Segmentation::NONE,
            checksum: Checksum::None,
            dma_mapped: false,
            born: Time::ZERO,
            origin: VifId(0),
            receipt: 0,
        }
    }

    /// The fragments, those of the linear area first.
    #[must_use]
    pub fn frags(&self) -> &[Frag] {
        &self.frags[..usize::from(self.count)]
    }

    /// The fragments, to change.
    pub fn frags_mut(&mut self) -> &mut [Frag] {
        &mut self.frags[..usize::from(self.count)]
    }

    /// Adds a fragment; the packet's length is the caller's business.
    ///
    /// # Panics
    /// If the array is full: who adds counts first.
    pub fn push_frag(&mut self, frag: Frag) {
        self.frags[usize::from(self.count)] = frag;
        self.count += 1;
    }

    /// Whether one more fragment has a place.
    #[must_use]
    pub const fn has_room(&self) -> bool {
        (self.count as usize) < MOST_PIECES
    }

    /// Forgets the fragments; their pages are the caller's business.
    pub fn clear_frags(&mut self) {
        self.count = 0;
        self.linear = 0;
    }

    /// How many share this (`dataref`).
    #[must_use]
    pub const fn dataref(&self) -> u32 {
        self.dataref
    }

    /// Whether any fragment lies in a guest's page.
    #[must_use]
    pub fn has_foreign(&self) -> bool {
        self.frags().iter().any(|frag| matches!(frag.page, FragPage::Foreign { .. }))
    }
}

/// One packet's header.
#[derive(Clone, Copy, Debug)]
struct Header {
    shared: SharedId,
    free: bool,
}

/// All packets of a kernel, and its free pages.
#[derive(Clone, Debug)]
pub struct Skbs {
    domain: DomId,
    headers: Vec<Header>,
    free_headers: Vec<u32>,
    shared: Vec<Shared>,
    free_shared: Vec<u32>,
    pages: Vec<Pfn>,
    unpinned: VecDeque<SharedId>,
    alive: u32,
}

impl Skbs {
    /// No packet yet, in the kernel of `domain`, whose allocator has these pages; the last one goes first.
    #[must_use]
    pub fn new(domain: DomId, pages: Vec<Pfn>) -> Skbs {
        Skbs {
            domain,
            headers: Vec::new(),
            free_headers: Vec::new(),
            shared: Vec::new(),
            free_shared: Vec::new(),
            pages,
            unpinned: VecDeque::new(),
            alive: 0,
        }
    }

    /// Whose packets they are.
    #[must_use]
    pub const fn domain(&self) -> DomId {
        self.domain
    }

    /// An empty packet (`alloc_skb`).
    pub fn alloc(&mut self) -> SkbId {
        self.alloc_mut().0
    }

    /// An empty packet, to fill.
    #[inline]
    pub fn alloc_mut(&mut self) -> (SkbId, &mut Shared) {
        let shared = match self.free_shared.pop() {
            Some(at) => at,
            None => self.add_shared(),
        };
        let skb = self.header(SharedId(shared));
        let fresh = &mut self.shared[shared as usize];
        fresh.dataref = 1;
        fresh.len = 0;
        fresh.head.clear();
        fresh.clear_frags();
        fresh.gso = Segmentation::NONE;
        fresh.checksum = Checksum::None;
        fresh.dma_mapped = false;
        fresh.receipt = 0;
        (skb, fresh)
    }

    #[cold]
    fn add_shared(&mut self) -> u32 {
        self.shared.push(Shared::new());
        self.shared.len() as u32 - 1
    }

    /// Another header for the same data (`skb_clone`).
    pub fn clone_skb(&mut self, skb: SkbId) -> SkbId {
        let shared = self.shared_of(skb);
        self.shared[shared.0 as usize].dataref += 1;
        self.header(shared)
    }

    /// Frees a header (`kfree_skb`), and what it shared if it was the last. Pages of the kernel's own go back to its
    /// allocator at once; if there are foreign ones, the data wait in [`Skbs::take_unpinned`] for whoever maps them.
    ///
    /// # Panics
    /// If the packet was freed before.
    pub fn free(&mut self, skb: SkbId) {
        let header = &mut self.headers[skb.0 as usize];
        assert!(!header.free, "a packet is freed once");
        header.free = true;
        let at = header.shared;
        self.free_headers.push(skb.0);
        self.alive -= 1;
        let shared = &mut self.shared[at.0 as usize];
        shared.dataref -= 1;
        if shared.dataref > 0 {
            return;
        }
        if shared.has_foreign() {
            self.unpinned.push_back(at);
        } else {
            self.recycle(at);
        }
    }

    /// Whether there are data whose foreign pages' destructors have not run yet.
    #[must_use]
    #[inline]
    pub fn has_unpinned(&self) -> bool {
        !self.unpinned.is_empty()
    }

    /// Data whose last packet was freed and whose foreign pages' destructors have not run yet, oldest first. Whoever takes
    /// one lets netback release its slots and then calls [`Skbs::recycle`].
    pub fn take_unpinned(&mut self) -> Option<SharedId> {
        self.unpinned.pop_front()
    }

    /// Returns the data's own pages to the allocator and makes its place free.
    #[inline]
    pub fn recycle(&mut self, at: SharedId) {
        let shared = &mut self.shared[at.0 as usize];
        for frag in &shared.frags[..usize::from(shared.count)] {
            if let FragPage::Own(pfn) = frag.page {
                self.pages.push(pfn);
            }
        }
        shared.clear_frags();
        self.free_shared.push(at.0);
    }

    /// What a packet shares with its clones.
    #[must_use]
    pub fn shared_of(&self, skb: SkbId) -> SharedId {
        let header = self.headers[skb.0 as usize];
        assert!(!header.free, "a packet is used until it is freed");
        header.shared
    }

    /// A packet's data.
    #[must_use]
    pub fn get(&self, skb: SkbId) -> &Shared {
        let at = self.shared_of(skb);
        &self.shared[at.0 as usize]
    }

    /// A packet's data, to change.
    pub fn get_mut(&mut self, skb: SkbId) -> &mut Shared {
        let at = self.shared_of(skb);
        &mut self.shared[at.0 as usize]
    }

    /// Data by their own name, also when the last header is gone already.
    #[must_use]
    pub fn data(&self, at: SharedId) -> &Shared {
        &self.shared[at.0 as usize]
    }

    /// Data by their own name, to change.
    pub fn data_mut(&mut self, at: SharedId) -> &mut Shared {
        &mut self.shared[at.0 as usize]
    }

    /// A page of the kernel's own; nothing when its memory is used up.
    pub fn alloc_page(&mut self) -> Option<Pfn> {
        self.pages.pop()
    }

    /// Gives a page of the kernel's own back.
    pub fn free_page(&mut self, pfn: Pfn) {
        self.pages.push(pfn);
    }

    /// Pages that the allocator has.
    #[must_use]
    pub fn free_pages(&self) -> u32 {
        self.pages.len() as u32
    }

    /// Packets that are not freed, clones included.
    #[must_use]
    pub const fn alive(&self) -> u32 {
        self.alive
    }

    /// The first `N` bytes of a packet, as far as it has them: from the head, or else from the pages.
    #[inline]
    pub fn read_start<const N: usize>(&self, xen: &Xen, skb: SkbId) -> [u8; N] {
        let shared = self.get(skb);
        if let Some(start) = shared.head.first_chunk() {
            return *start;
        }
        let mut bytes = [0; N];
        let mut filled = shared.head.len().min(N);
        bytes[..filled].copy_from_slice(&shared.head[..filled]);
        for frag in shared.frags() {
            let take = usize::from(frag.size).min(N - filled);
            if take == 0 {
                break;
            }
            let page =
                xen.guest_page(self.domain, frag.page.pfn()).expect("a packet lies in pages that its kernel has");
            bytes[filled..filled + take].copy_from_slice(&page.bytes()[usize::from(frag.offset)..][..take]);
            filled += take;
        }
        bytes
    }

    /// Destination and source of the Ethernet frame.
    #[inline]
    pub fn addresses(&self, xen: &Xen, skb: SkbId) -> (Mac, Mac) {
        let [d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5] = self.read_start::<12>(xen, skb);
        (Mac([d0, d1, d2, d3, d4, d5]), Mac([s0, s1, s2, s3, s4, s5]))
    }

    #[inline]
    fn header(&mut self, shared: SharedId) -> SkbId {
        self.alive += 1;
        let header = Header { shared, free: false };
        match self.free_headers.pop() {
            Some(at) => {
                self.headers[at as usize] = header;
                SkbId(at)
            }
            None => {
                self.headers.push(header);
                SkbId(self.headers.len() as u32 - 1)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Frag, FragPage, Skbs};
    use crate::words::ids::{DomId, Pfn, VifId};

    fn frag(page: FragPage) -> Frag {
        Frag { page, offset: 0, size: 100 }
    }

    #[test]
    fn pages_stay_until_the_last_clone_goes() {
        let mut skbs = Skbs::new(DomId::DOM0, vec![Pfn(7)]);
        let skb = skbs.alloc();
        let page = skbs.alloc_page().expect("one page is free");
        skbs.get_mut(skb).push_frag(frag(FragPage::Own(page)));
        let clone = skbs.clone_skb(skb);
        skbs.free(skb);
        assert_eq!((skbs.free_pages(), skbs.alive(), skbs.get(clone).dataref()), (0, 1, 1));
        skbs.free(clone);
        assert_eq!((skbs.free_pages(), skbs.alive(), skbs.take_unpinned()), (1, 0, None));
    }

    #[test]
    fn foreign_pages_wait_for_their_destructor() {
        let mut skbs = Skbs::new(DomId::DOM0, Vec::new());
        let skb = skbs.alloc();
        let foreign = FragPage::Foreign { host: Pfn(9), vif: VifId(0), pending: 3 };
        skbs.get_mut(skb).push_frag(frag(foreign));
        skbs.free(skb);
        let data = skbs.take_unpinned().expect("the packet had a foreign page");
        assert_eq!(skbs.data(data).frags().len(), 1);
        skbs.recycle(data);
        assert_eq!((skbs.take_unpinned(), skbs.free_pages()), (None, 0));
    }

    #[test]
    #[should_panic(expected = "a packet is freed once")]
    fn a_packet_is_freed_once() {
        let mut skbs = Skbs::new(DomId::DOM0, Vec::new());
        let skb = skbs.alloc();
        let _clone = skbs.clone_skb(skb);
        skbs.free(skb);
        skbs.free(skb);
    }
}
