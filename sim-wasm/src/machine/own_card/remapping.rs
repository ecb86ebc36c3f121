//! The remapping unit before a guest's own card: tables of the guest's pages, and an entry for the card's interrupt.
//!
//! A paravirtual guest's pages are mapped to themselves, an HVM guest's are translated.
//!
//! Not modelled: how Xen comes to fill the tables, which [`passthrough`](crate::hypervisor::passthrough) has.

use alloc::vec::Vec;

use crate::hypervisor::memory::Owner;
use crate::hypervisor::vtd::caches::CacheSizes;
use crate::hypervisor::vtd::capabilities::{CAP_POSTING, Capabilities};
use crate::hypervisor::vtd::interrupts::{IRTE_POSTED, InterruptEntry, SourceCheck, index_of, remappable};
use crate::hypervisor::vtd::registers as reg;
use crate::hypervisor::vtd::structures::{ContextEntry, Did, Pte, RootEntry, address_of};
use crate::hypervisor::vtd::unit::Unit;
use crate::hypervisor::xen::Xen;
use crate::machine::own_card::{CARD, GUEST, Kind, PAGES, Signal, VECTOR};
use crate::words::ids::{Mfn, Pfn};

/// The unit before the card, with tables in frames of Xen's; and where the vCPU's descriptor for posted interrupts is.
pub(super) fn unit(xen: &mut Xen, kind: Kind, signal: Signal) -> (Unit, u64) {
    let frames: Vec<Mfn> = (0..PAGES).filter_map(|page| xen.domain(GUEST)?.mfn(Pfn(page))).collect();
    let memory = &mut xen.memory;
    let mut table = || memory.alloc(Owner::Xen(None)).expect("64 frames are enough");
    let [root, context, level4, level3, level2, level1, interrupts, descriptors] = core::array::from_fn(|_| table());
    RootEntry::new(context).write(memory.xen_page_mut(root), CARD.bus());
    ContextEntry::new(level4, 4, Did(1)).write(memory.xen_page_mut(context), CARD.devfn());
    for (upper, lower) in [(level4, level3), (level3, level2), (level2, level1)] {
        memory.xen_page_mut(upper).write_u64(0, Pte::new(lower, 3).0);
    }
    for (page, frame) in (0..).zip(frames) {
        let device_page = match kind {
            Kind::Pv => frame.0,
            Kind::Hvm => page,
        };
        memory.xen_page_mut(level1).write_u64(device_page as usize * 8, Pte::new(frame, 3).0);
    }
    let posted = address_of(descriptors);
    let check = SourceCheck::Function(CARD, 0);
    let entry = match (kind, signal) {
        (Kind::Hvm, Signal::Posted) => InterruptEntry::posted(VECTOR, posted, check),
        (Kind::Pv | Kind::Hvm, _) => InterruptEntry::remapped(VECTOR, 0, check),
    };
    debug_assert!(entry.low & IRTE_POSTED == 0 || kind == Kind::Hvm, "only an HVM guest's vCPU has a descriptor");
    entry.write(memory.xen_page_mut(interrupts), index_of(remappable(0)) as usize * 16);

    let capabilities = Capabilities::typical().with_cap(CAP_POSTING);
    let mut unit = Unit::new(capabilities, CacheSizes { context_order: 2, iotlb_order: 6 });
    unit.write_u64(memory, reg::RTADDR, address_of(root));
    unit.write_u32(memory, reg::GCMD, reg::GCMD_SRTP);
    unit.write_u64(memory, reg::IRTA, address_of(interrupts) | 7);
    unit.write_u32(memory, reg::GCMD, reg::GCMD_SIRTP);
    unit.write_u32(memory, reg::GCMD, reg::GCMD_TE | reg::GCMD_IRE);
    (unit, posted)
}
