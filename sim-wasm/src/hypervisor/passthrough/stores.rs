//! Table writes on their way: a processor's stores may lie in its cache, or in the chipset's write buffer, where a unit does
//! not see them.
//!
//! Sources: `xen/drivers/passthrough/vtd/iommu.c`, `sync_cache`, `iommu_flush_write_buffer`; XSA-321.
//!
//! Not modelled: that a cache gives stores up by itself, in any order and at any time: here they lie until they are synced.

use alloc::vec::Vec;

use crate::hypervisor::memory::Memory;
use crate::words::ids::Mfn;

/// Where table writes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// Units see them at once.
    AtOnce,
    /// They wait until they are synced or flushed.
    WhenSynced,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Store {
    frame: Mfn,
    offset: u16,
    value: u64,
}

/// Table writes that no unit sees yet. The processor does.
#[derive(Clone, Debug)]
pub struct Stores {
    visibility: Visibility,
    held: Vec<Store>,
}

impl Stores {
    /// Stores of a machine whose units see them at once, or do not.
    #[must_use]
    pub const fn new(visibility: Visibility) -> Stores {
        Stores { visibility, held: Vec::new() }
    }

    /// What the processor reads.
    #[must_use]
    pub fn read(&self, memory: &Memory, frame: Mfn, offset: u16) -> u64 {
        let held = self.held.iter().rev().find(|store| (store.frame, store.offset) == (frame, offset));
        held.map_or_else(|| memory.xen_page(frame).read_u64(usize::from(offset)), |store| store.value)
    }

    /// The processor writes.
    pub fn write(&mut self, memory: &mut Memory, frame: Mfn, offset: u16, value: u64) {
        match self.visibility {
            Visibility::AtOnce => memory.xen_page_mut(frame).write_u64(usize::from(offset), value),
            Visibility::WhenSynced => self.held.push(Store { frame, offset, value }),
        }
    }

    /// How many writes no unit sees.
    #[must_use]
    pub fn held(&self) -> u32 {
        self.held.len() as u32
    }

    /// Everything becomes visible, in order; answers how many writes that were.
    pub fn sync(&mut self, memory: &mut Memory) -> u32 {
        let held = core::mem::take(&mut self.held);
        for store in &held {
            memory.xen_page_mut(store.frame).write_u64(usize::from(store.offset), store.value);
        }
        held.len() as u32
    }

    /// Writes to a frame that is given back are of no interest any more.
    pub fn forget(&mut self, frame: Mfn) {
        self.held.retain(|store| store.frame != frame);
    }
}
