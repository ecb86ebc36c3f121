//! A packet copied into pages of its own: because it has too many pieces, or because the backend must not see what else lies
//! in its pages.
//!
//! Not modelled: contiguous memory beyond a page: a packet that was copied together still lies in pages.

use crate::actors::kernel::Kernel;
use crate::actors::skb::{Frag, FragPage, SkbId};
use crate::hypervisor::page::PAGE_SIZE;
use crate::hypervisor::xen::Xen;
use crate::words::ids::{DomId, Mfn, Pfn};

/// What may lie in the fresh pages beside the packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Residue {
    /// What was there before (`skb_linearize`).
    Left,
    /// Nothing (`bounce_skb`, XSA-403).
    Zeroed,
}

/// Copies a packet into fresh pages, which are filled one after the other from their start, and frees the old one. Without
/// enough memory the old one is the error.
pub(super) fn copy_to_fresh_pages(k: &mut Kernel, skb: SkbId, residue: Residue) -> Result<SkbId, SkbId> {
    let old = k.skbs.get(skb);
    let bytes: usize = old.frags().iter().map(|frag| usize::from(frag.size)).sum();
    if k.skbs.free_pages() < bytes.div_ceil(PAGE_SIZE) as u32 {
        return Err(skb);
    }
    let (gso, checksum, born, origin, receipt) = (old.gso, old.checksum, old.born, old.origin, old.receipt);
    let pieces = old.frags().len();
    let fresh = k.skbs.alloc();
    let data = k.skbs.get_mut(fresh);
    (data.gso, data.checksum, data.born, data.origin, data.receipt) = (gso, checksum, born, origin, receipt);
    for at in 0..pieces {
        let frag = k.skbs.get(skb).frags()[at];
        append(k, fresh, frag, residue);
    }
    k.skbs.free(skb);
    Ok(fresh)
}

/// Copies one piece to the end of the fresh packet.
fn append(k: &mut Kernel, fresh: SkbId, piece: Frag, residue: Residue) {
    let domain = k.domain();
    let from = frame(k.xen, domain, piece.page.pfn());
    let mut done = 0;
    while done < piece.size {
        let used = k.skbs.get(fresh).len as usize % PAGE_SIZE;
        if used == 0 {
            append_page(k, fresh, residue);
        }
        let data = k.skbs.get_mut(fresh);
        let last = data.frags_mut().last_mut().expect("a page was appended");
        let count = (piece.size - done).min(PAGE_SIZE as u16 - used as u16);
        last.size += count;
        let to = frame(k.xen, domain, last.page.pfn());
        data.len += u32::from(count);
        k.xen.memory.xen_copy((from, piece.offset + done), (to, used as u16), count);
        done += count;
    }
}

fn append_page(k: &mut Kernel, fresh: SkbId, residue: Residue) {
    let pfn = k.skbs.alloc_page().expect("so many pages are free");
    if residue == Residue::Zeroed {
        let domain = k.domain();
        k.xen.guest_page_mut(domain, pfn).expect("a free page is the kernel's own").clear();
    }
    let data = k.skbs.get_mut(fresh);
    data.push_frag(Frag { page: FragPage::Own(pfn), offset: 0, size: 0 });
    data.linear += 1;
}

fn frame(xen: &Xen, domain: DomId, pfn: Pfn) -> Mfn {
    xen.domain(domain).and_then(|guest| guest.mfn(pfn)).expect("a packet lies in pages that its kernel has")
}
