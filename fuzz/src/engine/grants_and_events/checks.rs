//! What must hold after every command.

use sim_wasm::hypervisor::domain::{Domain, Entry};
use sim_wasm::hypervisor::event_channel::Channel;
use sim_wasm::hypervisor::grant_entry::Access;
use sim_wasm::hypervisor::memory::Owner;
use sim_wasm::hypervisor::shared_info;
use sim_wasm::words::ids::{Mfn, Pfn, VcpuId};

use super::{DOMAINS, FRAMES, Held, LIMITS, Seen, VCPUS, World};

impl World {
    /// What must hold after every command.
    pub(super) fn check(&self) {
        self.check_frames();
        for held in &self.held {
            let page = self.xen.mapped_page(held.by, held.handle).expect("what is held is mapped");
            assert!(std::ptr::eq(page, self.xen.memory.xen_page(held.frame)), "a mapping stays with its frame");
            let same = || self.held.iter().filter(|other| (other.granter, other.gref) == (held.granter, held.gref));
            let writers = same().filter(|other| other.access == Access::ReadWrite).count();
            let granter = self.xen.domain(held.granter).expect("who granted exists");
            let pins = granter.grants.pins(held.gref).expect("what is held has an entry");
            assert_eq!((pins.readers.into(), pins.writers.into()), (same().count() - writers, writers));
        }
        for (at, id) in DOMAINS.into_iter().enumerate() {
            let Some(domain) = self.xen.domain(id) else { continue };
            let held = self.held.iter().filter(|held| held.by == id).count();
            assert_eq!(domain.grants.mappings() as usize, held, "each mapping has its handle");
            assert!(held <= LIMITS.mappings as usize);
            self.check_pages(domain);
            self.check_events(at);
        }
        for &(id, port) in &self.ports {
            let channel = |id, port| self.xen.domain(id).expect("a channel's ends exist").channels.channel(port);
            if let Channel::Interdomain { remote, remote_port } = channel(id, port) {
                let back = Channel::Interdomain { remote: id, remote_port: port };
                assert_eq!(channel(remote, remote_port), back, "a channel has two ends");
            }
        }
    }

    /// What a domain sees of others' frames is what it has mapped there.
    fn check_pages(&self, domain: &Domain) {
        let entries = || (0..domain.pages()).filter_map(|pfn| domain.entry(Pfn(pfn)));
        for entry in entries() {
            let Entry::Foreign { frame, access } = entry else { continue };
            let shown = entries().filter(|other| *other == entry).count();
            let mapped = |held: &&Held| {
                (held.by, held.seen, held.frame, held.access) == (domain.id, Seen::AtPage, frame, access)
            };
            assert!(shown <= self.held.iter().filter(mapped).count(), "{:?} sees what it has not mapped", domain.id);
        }
    }

    /// Every reference to every frame has its reason, and a frame without references is free.
    fn check_frames(&self) {
        let mut references = [0; FRAMES as usize];
        let mut types = [0; FRAMES as usize];
        references[0] = 1;
        for domain in DOMAINS.into_iter().filter_map(|id| self.xen.domain(id)) {
            let own = |mfn: &Mfn| {
                self.xen.memory.owner(*mfn) == Ok(Owner::Domain(domain.id))
                    && self.xen.memory.page(domain.id, *mfn).is_ok()
            };
            let owned = (0..FRAMES).map(Mfn).filter(own);
            assert_eq!(owned.map(|mfn| references[mfn.0 as usize] += 1).count(), domain.frames() as usize);
            for lent in domain.grants.frames().iter().chain([&domain.shared_info]) {
                references[lent.0 as usize] += 1;
                types[lent.0 as usize] += 1;
            }
        }
        for held in &self.held {
            references[held.frame.0 as usize] += 1;
            types[held.frame.0 as usize] += u32::from(held.access == Access::ReadWrite);
        }
        for table in &self.tables {
            references[table.0 as usize] += 1;
            types[table.0 as usize] += 1;
        }
        for (mfn, expect) in (0..FRAMES).map(Mfn).zip(references.into_iter().zip(types)) {
            let found = (self.xen.memory.references(mfn), self.xen.memory.page_type(mfn).map(|(_, count)| count));
            assert_eq!(found, (Ok(expect.0), Ok(expect.1)), "{mfn:?}");
        }
        let free = references.iter().filter(|count| **count == 0).count();
        assert_eq!(self.xen.memory.free_frames() as usize, free, "a frame is free or has a reason not to be");
    }

    /// No event waits unheard: while one is pending and not masked, its word is selected and an upcall is owed.
    fn check_events(&self, at: usize) {
        if self.scribbled[at] {
            return;
        }
        let page = self.xen.shared_info(DOMAINS[at]);
        let owed = (0..VCPUS).any(|vcpu| shared_info::is_upcall_pending(page, VcpuId(vcpu)));
        let ports = self.ports.iter().filter(|(id, _)| *id == DOMAINS[at]);
        for (_, port) in ports {
            let waits = shared_info::is_pending(page, *port) && !shared_info::is_masked(page, *port);
            assert!(owed || !waits, "{port:?} waits and nobody is going to look");
        }
    }
}
