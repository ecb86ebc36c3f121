//! One remapping unit with what Xen keeps about it, and how Xen speaks to it: descriptors in its queue, or registers.
//!
//! Xen puts a wait descriptor behind each invalidation and looks at the word that it writes until it is written.
//!
//! Sources: `xen/drivers/passthrough/vtd/iommu.c`, `iommu_alloc`, `init_vtd_hw`, `iommu_enable_translation`, `flush_context_reg`,
//! `flush_iotlb_reg`; `vtd/qinval.c`, `enable_qinval`, `queue_invalidate_wait`, `invalidate_sync`.
//!
//! Not modelled: a full queue, since Xen waits after each descriptor, and queues of more than one page.

use alloc::vec::Vec;

use crate::hypervisor::memory::{Memory, Owner};
use crate::hypervisor::passthrough::dids::Dids;
use crate::hypervisor::passthrough::options::{AssignError, Options};
use crate::hypervisor::passthrough::table::LEVELS;
use crate::hypervisor::vtd::caches::{CacheSizes, ContextScope, IotlbScope};
use crate::hypervisor::vtd::capabilities::{CAP_CM, Capabilities, ECAP_QUEUED};
use crate::hypervisor::vtd::invalidation::{DESCRIPTOR_SIZE, Descriptor, Drain, Wait};
use crate::hypervisor::vtd::registers as reg;
use crate::hypervisor::vtd::structures::{PAGE_SHIFT, address_of};
use crate::hypervisor::vtd::unit::Unit;
use crate::words::ids::Mfn;

/// Polls of a wait descriptor's word before a Xen that does not wait goes on; of the order of what fits into 1 ms.
const PATIENCE: u32 = 1000;

/// A unit, and what Xen keeps about it (`struct acpi_drhd_unit`, `struct vtd_iommu`).
#[derive(Clone, Debug)]
pub struct Drhd {
    /// The hardware.
    pub unit: Unit,
    /// The numbers that it knows domains by.
    pub dids: Dids,
    /// Polls for which it takes no descriptor: a slow unit.
    pub slow: u32,
    pub(super) root: Mfn,
    /// The context table of each bus that has one.
    pub(super) contexts: Vec<(u8, Mfn)>,
    /// The table of interrupts, if they are remapped.
    pub(super) interrupts: Option<Mfn>,
    queue: Mfn,
    status: Mfn,
    sequence: u32,
}

/// How waiting for a unit ended.
pub(super) enum Waited {
    /// By a register, which was done at once.
    NoQueue,
    /// When the word had been looked at so often.
    Done(u32),
    /// Not, though the word had been looked at so often.
    Abandoned(u32),
}

impl Drhd {
    pub(super) fn new(memory: &mut Memory, capabilities: Capabilities, options: Options) -> Result<Drhd, AssignError> {
        let mut take = || memory.alloc(Owner::Xen(None)).ok_or(AssignError::NoMemory);
        let (root, queue, status) = (take()?, take()?, take()?);
        let mut unit = Unit::new(capabilities, CacheSizes::default());
        unit.write_u64(memory, reg::RTADDR, address_of(root));
        unit.write_u64(memory, reg::IQA, address_of(queue));
        unit.write_u32(memory, reg::FECTL, 0);
        let queued = capabilities.extends_to(ECAP_QUEUED) && options.qinval.is_on();
        let states = if queued { reg::GCMD_QIE } else { 0 };
        unit.write_u32(memory, reg::GCMD, reg::GCMD_SRTP | states);
        let dids = Dids::new(capabilities.domains(), capabilities.has(CAP_CM));
        let (contexts, interrupts, slow, sequence) = (Vec::new(), None, 0, 0);
        Ok(Drhd { unit, dids, slow, root, contexts, interrupts, queue, status, sequence })
    }

    /// Levels of the tables that it is given.
    pub(super) fn levels(&self) -> u8 {
        self.unit.capabilities().most_levels().min(LEVELS)
    }

    /// Has everything forgotten, then translates (`iommu_flush_all`, `iommu_enable_translation`).
    pub(super) fn enable(&mut self, memory: &mut Memory) {
        self.submit(memory, Descriptor::Context(ContextScope::Global), true);
        self.submit(memory, Descriptor::Iotlb(IotlbScope::Global, Drain::ReadsAndWrites), true);
        let states = self.unit.read_u32(reg::GSTS) & reg::GCMD_STATES;
        self.unit.write_u32(memory, reg::GCMD, states | reg::GCMD_TE);
    }

    pub(super) fn submit(&mut self, memory: &mut Memory, descriptor: Descriptor, waits: bool) -> Waited {
        if self.unit.read_u32(reg::GSTS) & reg::GCMD_QIE == 0 {
            self.by_register(memory, descriptor);
            return Waited::NoQueue;
        }
        self.sequence += 1;
        let status = Some((address_of(self.status), self.sequence));
        let wait = Descriptor::Wait(Wait { status, interrupt: false });
        let mut tail = self.unit.read_u64(reg::IQT);
        for [low, high] in [descriptor.encode(), wait.encode()] {
            let page = memory.xen_page_mut(self.queue);
            page.write_u64(tail as usize, low);
            page.write_u64(tail as usize + 8, high);
            tail = (tail + u64::from(DESCRIPTOR_SIZE)) % 0x1000;
        }
        self.unit.write_u64(memory, reg::IQT, tail);
        let mut polls = 0;
        loop {
            polls += 1;
            if self.slow > 0 {
                self.slow -= 1;
            } else {
                let taken = self.unit.take_descriptor(memory);
                assert!(taken.is_some(), "Xen's descriptors make sense, and the one it waits for is among them");
            }
            if memory.xen_page(self.status).read_u32(0) == self.sequence {
                return Waited::Done(polls);
            }
            if polls == PATIENCE && !waits {
                return Waited::Abandoned(polls);
            }
        }
    }

    fn by_register(&mut self, memory: &mut Memory, descriptor: Descriptor) {
        let iotlb = self.unit.capabilities().iotlb_registers_at() + 8;
        let drains = reg::IOTLB_DRAIN_READS | reg::IOTLB_DRAIN_WRITES;
        let word = |granularity: u64, did: u16| {
            reg::IOTLB_IVT | granularity << reg::IOTLB_REQUEST_SHIFT | drains | u64::from(did) << 32
        };
        match descriptor {
            Descriptor::Context(scope) => {
                let fields = match scope {
                    ContextScope::Global => 1 << reg::CCMD_REQUEST_SHIFT,
                    ContextScope::Domain(did) => 2 << reg::CCMD_REQUEST_SHIFT | u64::from(did.0),
                    ContextScope::Device { did, source, mask } => {
                        let names = u64::from(source.0) << 16 | u64::from(did.0);
                        3 << reg::CCMD_REQUEST_SHIFT | u64::from(mask) << 32 | names
                    }
                };
                self.unit.write_u64(memory, reg::CCMD, reg::CCMD_ICC | fields);
            }
            Descriptor::Iotlb(IotlbScope::Global, _) => self.unit.write_u64(memory, iotlb, word(1, 0)),
            Descriptor::Iotlb(IotlbScope::Domain(did), _) => self.unit.write_u64(memory, iotlb, word(2, did.0)),
            Descriptor::Iotlb(IotlbScope::Pages { did, first, order }, _) => {
                self.unit.write_u64(memory, iotlb - 8, first << PAGE_SHIFT | u64::from(order));
                self.unit.write_u64(memory, iotlb, word(3, did.0));
            }
            Descriptor::DeviceIotlb { .. } | Descriptor::InterruptEntries(_) | Descriptor::Wait(_) => {
                unreachable!("only a queue takes these")
            }
        }
    }
}
