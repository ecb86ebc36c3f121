//! Translations of a device's addresses, by what the unit remembers and by its tables.

use std::hint::black_box;

use sim::hypervisor::memory::{Memory, Owner};
use sim::hypervisor::vtd::caches::CacheSizes;
use sim::hypervisor::vtd::capabilities::Capabilities;
use sim::hypervisor::vtd::registers as reg;
use sim::hypervisor::vtd::structures::{ContextEntry, Did, Pte, RootEntry, address_of};
use sim::hypervisor::vtd::unit::Unit;
use sim::hypervisor::vtd::walk::Request;
use sim::words::ids::{Bdf, Mfn};

/// Translations of a run.
pub const TRANSLATIONS: u32 = 2_000_000;

/// Pages of one table.
const PAGES: u64 = 512;

/// A card with 512 pages behind four levels of tables.
pub struct Requests {
    memory: Memory,
    unit: Unit,
    card: Bdf,
    /// How many of the pages are asked for in turn.
    pages: u64,
}

impl Requests {
    /// 64 pages in turn, which the unit remembers.
    #[must_use]
    pub fn hits() -> Self {
        Self::of(64)
    }

    /// 512 pages in turn, of which the unit has always forgotten the next.
    #[must_use]
    pub fn walks() -> Self {
        Self::of(PAGES)
    }

    fn of(pages: u64) -> Self {
        let mut memory = Memory::new(1024);
        let mut frame = || memory.alloc(Owner::Xen(None)).expect("there is room");
        let (root, contexts, tables) = (frame(), frame(), [frame(), frame(), frame(), frame()]);
        let card = Bdf::new(3, 0, 0);
        RootEntry::new(contexts).write(memory.xen_page_mut(root), card.bus());
        ContextEntry::new(tables[0], 4, Did(1)).write(memory.xen_page_mut(contexts), card.devfn());
        for pair in tables.windows(2) {
            memory.xen_page_mut(pair[0]).write_u64(0, Pte::new(pair[1], 3).0);
        }
        for page in 0..PAGES as u32 {
            memory.xen_page_mut(tables[3]).write_u64(page as usize * 8, Pte::new(Mfn(256 + page), 3).0);
        }
        let mut unit = Unit::new(Capabilities::typical(), CacheSizes::default());
        unit.write_u64(&mut memory, reg::RTADDR, address_of(root));
        unit.write_u32(&mut memory, reg::GCMD, reg::GCMD_SRTP);
        unit.write_u32(&mut memory, reg::GCMD, reg::GCMD_TE);
        Self { memory, unit, card, pages }
    }

    /// Makes all the requests.
    ///
    /// # Panics
    /// If one is blocked.
    pub fn run(&mut self) {
        let mut page = 0;
        for _ in 0..TRANSLATIONS {
            let found = self.unit.translate(&self.memory, Request::read(self.card, page << 12));
            black_box(found).expect("every page is mapped");
            page = if page + 1 == self.pages { 0 } else { page + 1 };
        }
    }
}
