//! What must hold after every call.

use sim_wasm::hypervisor::domain::Entry;
use sim_wasm::hypervisor::grant_entry::{Access, GTF_READING, GTF_WRITING};
use sim_wasm::words::ids::{DomId, GrantRef, Mfn, Pfn};

use crate::world::{DOMAINS, FRAMES, World};

impl World {
    /// What must hold after every call.
    pub(crate) fn check(&self) {
        self.check_domains();
        self.check_frames();
        for held in &self.lists.held {
            let page = self.xen.mapped_page(held.by, held.handle).expect("what is held is mapped");
            assert!(std::ptr::eq(page, self.xen.memory.xen_page(held.frame)), "a mapping stays with its frame");
        }
        for id in DOMAINS.into_iter().filter(|id| self.lists.exists(*id)) {
            for gref in (8..11).map(GrantRef) {
                self.check_marks(id, gref);
            }
        }
    }

    fn check_domains(&self) {
        for id in DOMAINS {
            assert_eq!(self.xen.domain(id).is_some(), self.lists.exists(id));
            assert_eq!(self.xen.is_zombie(id), self.lists.dying.contains(&id));
            let Some(running) = self.lists.running.get(&id) else { continue };
            let domain = self.xen.domain(id).expect("it runs");
            assert_eq!(domain.frames(), running.owned.len() as u32);
            assert_eq!(domain.pages(), running.entries.len() as u32);
            let held = self.lists.held.iter().filter(|held| held.by == id).count();
            assert_eq!(domain.grants.mappings(), held as u32, "each mapping has its handle");
            for pfn in (0..domain.pages()).map(Pfn) {
                assert_eq!(domain.entry(pfn), running.entry(pfn));
                let frame = match running.entry(pfn) {
                    Some(Entry::Foreign { frame, .. }) => Some(frame),
                    Some(Entry::Own(_) | Entry::Hole) | None => running.frame(pfn),
                };
                let page = self.xen.guest_page(id, pfn).ok();
                let expect = frame.map(|frame| self.xen.memory.xen_page(frame));
                assert_eq!(page.map(std::ptr::from_ref), expect.map(std::ptr::from_ref), "a page is its frame");
            }
        }
    }

    /// Every reference to every frame has its reason, and a frame without one is free.
    fn check_frames(&self) {
        let mut references = [0; FRAMES as usize];
        let mut types = [0; FRAMES as usize];
        references[0] = 1;
        for owned in self.lists.running.values().flat_map(|domain| &domain.owned) {
            references[owned.0 as usize] += 1;
        }
        for domain in self.xen.domains() {
            for lent in domain.grants.frames().iter().chain([&domain.shared_info]) {
                references[lent.0 as usize] += 1;
                types[lent.0 as usize] += 1;
            }
        }
        for held in &self.lists.held {
            references[held.frame.0 as usize] += 1;
            types[held.frame.0 as usize] += u32::from(held.access == Access::ReadWrite);
        }
        for (mfn, expect) in (0..FRAMES).map(Mfn).zip(references.into_iter().zip(types)) {
            let found = (self.xen.memory.references(mfn), self.xen.memory.page_type(mfn).map(|(_, count)| count));
            assert_eq!(found, (Ok(expect.0), Ok(expect.1)), "{mfn:?}");
        }
        let free = references.iter().filter(|count| **count == 0).count();
        assert_eq!(self.xen.memory.free_frames() as usize, free, "a frame is free or has a reason not to be");
    }

    /// Xen's marks in an entry stand exactly as long as its pins.
    fn check_marks(&self, id: DomId, gref: GrantRef) {
        let writers = self.lists.pins(id, gref).filter(|held| held.access == Access::ReadWrite).count();
        let readers = self.lists.pins(id, gref).count() - writers;
        let domain = self.xen.domain(id).expect("it exists");
        let pins = domain.grants.pins(gref).expect("the table has the entry");
        assert_eq!((usize::from(pins.readers), usize::from(pins.writers)), (readers, writers));
        if !self.defaced.contains(&(id, gref)) {
            let flags = self.xen.grant_entry(id, gref).expect("the table has the entry").flags;
            assert_eq!(flags & GTF_READING != 0, readers + writers > 0);
            assert_eq!(flags & GTF_WRITING != 0, writers > 0);
        }
    }
}
