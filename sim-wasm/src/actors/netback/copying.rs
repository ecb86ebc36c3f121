//! Copies of packets in dom0's own memory (`skb_linearize`, `netbk_copy_skb` in `drivers/xen/netback/netback.c`).
//!
//! Not modelled: what keeps the head of a linear packet contiguous beyond a page; it is as long as the packet. A linear copy
//! never lacks memory.

use alloc::vec::Vec;

use crate::actors::skb::{Frag, FragPage, MAX_SKB_FRAGS, SkbId, Skbs};
use crate::hypervisor::page::PAGE_SIZE;
use crate::hypervisor::xen::Xen;

/// Where the data begin in a page that a head is copied into: `skb_reserve(nskb, 16 + NET_IP_ALIGN)`.
const HEAD_OFFSET: u16 = 18;

/// Bytes of a head that fit into one page beside what the kernel keeps there: `SKB_MAX_HEAD(0)` less [`HEAD_OFFSET`], where
/// `struct skb_shared_info` takes 320 bytes (x86-64).
pub(super) const MOST_HEAD: u32 = PAGE_SIZE as u32 - 320 - HEAD_OFFSET as u32;

/// Bytes of a packet's linear area.
pub(super) fn head_len(skbs: &Skbs, skb: SkbId) -> u32 {
    let shared = skbs.get(skb);
    let linear = &shared.frags()[..usize::from(shared.linear)];
    shared.head.len() as u32 + linear.iter().map(|frag| u32::from(frag.size)).sum::<u32>()
}

/// A packet with the same bytes, all of them in its head. The packet that was copied stays; `bytes` is memory to work in.
pub(super) fn linear_copy(xen: &Xen, skbs: &mut Skbs, skb: SkbId, bytes: &mut Vec<u8>) -> SkbId {
    copy_bits(xen, skbs, skb, bytes);
    let copy = like(skbs, skb);
    skbs.get_mut(copy).head.extend_from_slice(bytes);
    copy
}

/// A packet with the same bytes in fresh pages, the first of which holds its head (`netbk_copy_skb`); nothing if there are
/// too few, or it has more bytes than the pages of a packet. The packet that was copied stays.
pub(super) fn paged_copy(xen: &mut Xen, skbs: &mut Skbs, skb: SkbId, bytes: &mut Vec<u8>) -> Option<SkbId> {
    copy_bits(xen, skbs, skb, bytes);
    let (head, rest) = bytes.split_at(head_len(skbs, skb).min(MOST_HEAD) as usize);
    let fragments = rest.chunks(PAGE_SIZE);
    if fragments.len() > MAX_SKB_FRAGS || fragments.len() as u32 + 1 > skbs.free_pages() {
        return None;
    }
    let copy = like(skbs, skb);
    let domain = skbs.domain();
    for (piece, offset) in core::iter::once((head, HEAD_OFFSET)).chain(fragments.map(|piece| (piece, 0))) {
        let pfn = skbs.alloc_page().expect("the pages were counted");
        let page = xen.guest_page_mut(domain, pfn).expect("the allocator has the kernel's own pages");
        page.write(usize::from(offset), piece);
        skbs.get_mut(copy).push_frag(Frag { page: FragPage::Own(pfn), offset, size: piece.len() as u16 });
    }
    skbs.get_mut(copy).linear = 1;
    Some(copy)
}

/// An empty packet of which the same is said.
fn like(skbs: &mut Skbs, skb: SkbId) -> SkbId {
    let of = skbs.get(skb);
    let (len, gso, checksum) = (of.len, of.gso, of.checksum);
    let (born, origin, receipt) = (of.born, of.origin, of.receipt);
    let copy = skbs.alloc();
    let shared = skbs.get_mut(copy);
    (shared.len, shared.gso, shared.checksum) = (len, gso, checksum);
    (shared.born, shared.origin, shared.receipt) = (born, origin, receipt);
    copy
}

/// All bytes of a packet (`skb_copy_bits`).
fn copy_bits(xen: &Xen, skbs: &Skbs, skb: SkbId, bytes: &mut Vec<u8>) {
    let shared = skbs.get(skb);
    bytes.clear();
    bytes.extend_from_slice(&shared.head);
    for frag in shared.frags() {
        let page = xen.guest_page(skbs.domain(), frag.page.pfn()).expect("a packet lies in pages that its kernel has");
        bytes.extend_from_slice(&page.bytes()[usize::from(frag.offset)..][..usize::from(frag.size)]);
    }
}
