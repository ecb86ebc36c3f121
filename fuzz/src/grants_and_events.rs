//! Three domains that call the hypervisor with anything, and write anything into every page that is theirs: packets' pages,
//! grant tables, the page about events. A list of who has what mapped is kept beside, and after each command the machine
//! must agree with it.

use sim_wasm::hypervisor::event_calls::Sent;
use sim_wasm::hypervisor::event_channel::Channel;
use sim_wasm::hypervisor::grant_copies::{CopyFrame, CopyPointer, GrantCopy};
use sim_wasm::hypervisor::grant_entry::{
    Access, ENTRIES_PER_FRAME, GTF_PERMIT_ACCESS, GTF_READONLY, GTF_TYPE_MASK, GrantEntry, write_flags,
};
use sim_wasm::hypervisor::memory::{Owner, PageType};
use sim_wasm::hypervisor::page::PAGE_SIZE;
use sim_wasm::hypervisor::shared_info::{self, PORTS, UpcallScan};
use sim_wasm::hypervisor::xen::{Limits, Xen};
use sim_wasm::words::ids::{DomId, GrantRef, Handle, Mfn, Pfn, Port, VcpuId};

use super::bytes::Bytes;

const DOMAINS: [DomId; 3] = [DomId(0), DomId(1), DomId(2)];
/// Numbers of domains as guests name them: the last two do not exist.
const NAMED: [DomId; 5] = [DomId(0), DomId(1), DomId(2), DomId(9), DomId(0x7FF0)];
const FRAMES: u32 = 40;
const PAGES: u32 = 4;
const VCPUS: u8 = 2;
const LIMITS: Limits = Limits { vcpus: VCPUS, grant_frames: 2, mappings: 6 };

/// Plays the bytes.
pub fn play(data: &[u8]) {
    let mut world = World::new();
    let mut bytes = Bytes::new(data);
    while let Some(command) = bytes.command() {
        world.obey(command, &mut bytes);
        world.check();
    }
    world.let_go();
}

/// A mapping that was made and not undone.
#[derive(Clone, Copy, Debug)]
struct Held {
    by: DomId,
    handle: Handle,
    granter: DomId,
    gref: GrantRef,
    access: Access,
    frame: Mfn,
}

struct World {
    xen: Xen,
    scans: [UpcallScan; DOMAINS.len()],
    held: Vec<Held>,
    /// Frames that Xen relies on being page tables.
    tables: Vec<Mfn>,
    ports: Vec<(DomId, Port)>,
    /// Whether a domain wrote into the page about events itself: then its upcalls are its own trouble.
    scribbled: [bool; DOMAINS.len()],
}

impl World {
    fn new() -> Self {
        let mut xen = Xen::new(FRAMES);
        for id in DOMAINS {
            xen.create_domain_with(id, PAGES, LIMITS).expect("there is room for three domains");
        }
        Self {
            xen,
            scans: [UpcallScan::new(VcpuId(0)); DOMAINS.len()],
            held: Vec::new(),
            tables: Vec::new(),
            ports: Vec::new(),
            scribbled: [false; DOMAINS.len()],
        }
    }

    fn obey(&mut self, command: u8, bytes: &mut Bytes) {
        let at = usize::from(bytes.byte()) % DOMAINS.len();
        let by = DOMAINS[at];
        match command % 18 {
            0 => self.grant(by, bytes),
            1 | 2 => self.map(by, bytes),
            3 => self.unmap(by, bytes),
            4 => self.copy(by, bytes),
            5 => drop(self.xen.setup_table(by, u32::from(bytes.byte() % 4)).map(<[Mfn]>::len)),
            6 => self.scribble(by, bytes),
            7 => self.scribble_events(at, bytes),
            8 => self.write_mapped(by, bytes),
            9 => self.populate(by, bytes),
            10 => drop(self.xen.decrease_reservation(by, pfn(bytes))),
            11 => self.page_table(by, bytes),
            12 => self.open_port(by, bytes),
            13 => self.bind(by, bytes),
            14 => self.send(by, bytes),
            15 => self.close(by, bytes),
            16 => self.mask(at, bytes),
            _ => self.upcall(at),
        }
    }

    /// Writes a grant as a guest's kernel would, over whatever is there.
    fn grant(&mut self, by: DomId, bytes: &mut Bytes) {
        let (gref, to) = (gref(bytes), bytes.one_of(&NAMED));
        let flags = match bytes.byte() {
            choice @ 0..=7 => u16::from(choice),
            8 => bytes.u16(),
            choice if choice & 1 == 0 => GTF_PERMIT_ACCESS,
            _ => GTF_PERMIT_ACCESS | GTF_READONLY,
        };
        let mfn = self.any_frame(by, bytes);
        let table = self.xen.setup_table(by, 1).expect("one frame is there from the start");
        let Some(table) = table.get((gref.0 / ENTRIES_PER_FRAME) as usize).copied() else { return };
        let page = self.xen.memory.page_mut(by, table).expect("Xen lends a domain its own grant table");
        GrantEntry::write_target(page, gref.0 % ENTRIES_PER_FRAME, to, mfn);
        write_flags(page, gref.0 % ENTRIES_PER_FRAME, flags);
    }

    fn map(&mut self, by: DomId, bytes: &mut Bytes) {
        let (granter, gref, access) = (bytes.one_of(&NAMED), gref(bytes), access(bytes));
        let before = self.xen.grant_entry(granter, gref);
        let pinned = self.held.iter().find(|held| (held.granter, held.gref) == (granter, gref)).copied();
        let Ok(mapped) = self.xen.map_grant_ref(by, granter, gref, access) else { return };
        // The first mapping reads the guest's entry; later ones go by what was read then.
        let entry = before.expect("what was mapped has an entry");
        match pinned {
            None => {
                assert_eq!(entry.flags & GTF_TYPE_MASK, GTF_PERMIT_ACCESS, "only a grant is mapped");
                assert_eq!((entry.domain, entry.frame), (by, mapped.frame), "a grant is for one domain and one frame");
                assert!(access == Access::ReadOnly || entry.flags & GTF_READONLY == 0, "to read is not to write");
            }
            Some(pinned) => assert_eq!((pinned.by, pinned.frame), (by, mapped.frame), "a pinned entry stands"),
        }
        assert_eq!(self.xen.memory.owner(mapped.frame), Ok(Owner::Domain(granter)), "one grants what is one's own");
        self.held.push(Held { by, handle: mapped.handle, granter, gref, access, frame: mapped.frame });
    }

    fn unmap(&mut self, by: DomId, bytes: &mut Bytes) {
        let handle = handle(bytes);
        let place = self.held.iter().position(|held| (held.by, held.handle) == (by, handle));
        assert_eq!(self.xen.unmap_grant_ref(by, handle).is_ok(), place.is_some());
        if let Some(place) = place {
            self.held.swap_remove(place);
        }
    }

    fn copy(&mut self, by: DomId, bytes: &mut Bytes) {
        let source = CopyPointer { frame: self.copy_frame(by, bytes), offset: bytes.u16() };
        let dest = CopyPointer { frame: self.copy_frame(by, bytes), offset: bytes.u16() };
        let len = bytes.u16();
        let copied = self.xen.grant_copy(by, GrantCopy { source, dest, len });
        let fits = |offset: u16| usize::from(offset) + usize::from(len) <= PAGE_SIZE;
        assert!(copied.is_err() || (fits(source.offset) && fits(dest.offset)), "a copy stays in its pages");
    }

    fn copy_frame(&self, by: DomId, bytes: &mut Bytes) -> CopyFrame {
        if bytes.byte() & 1 == 0 {
            CopyFrame::Granted(bytes.one_of(&NAMED), gref(bytes))
        } else {
            CopyFrame::Own(self.any_frame(by, bytes))
        }
    }

    /// Writes anything anywhere in memory, if it is the domain's.
    fn scribble(&mut self, by: DomId, bytes: &mut Bytes) {
        let (mfn, offset) = (self.any_frame(by, bytes), u32::from(bytes.u16()));
        if let Some(at) = DOMAINS.iter().position(|id| self.xen.domain(*id).is_some_and(|it| it.shared_info == mfn)) {
            self.scribbled[at] = true;
        }
        let written = bytes.take(8);
        let outcome = self.xen.memory.write(by, mfn, offset, written);
        let theirs = matches!(self.xen.memory.owner(mfn), Ok(Owner::Domain(id) | Owner::Xen(Some(id))) if id == by);
        assert!(theirs || outcome.is_err(), "{by:?} wrote into {mfn:?}");
        assert!(!(outcome.is_ok() && self.tables.contains(&mfn)), "a page table is not written");
    }

    fn scribble_events(&mut self, at: usize, bytes: &mut Bytes) {
        self.scribbled[at] = true;
        let offset = usize::from(bytes.u16()) % (PAGE_SIZE - 8);
        self.xen.shared_info_mut(DOMAINS[at]).write(offset, bytes.take(8));
    }

    fn write_mapped(&mut self, by: DomId, bytes: &mut Bytes) {
        let (handle, offset) = (handle(bytes), usize::from(bytes.u16()) % PAGE_SIZE);
        let held = self.held.iter().find(|held| (held.by, held.handle) == (by, handle));
        let page = self.xen.mapped_page_mut(by, handle);
        assert_eq!(page.is_ok(), held.is_some_and(|held| held.access == Access::ReadWrite));
        if let Ok(page) = page {
            page.write_u8(offset, bytes.byte());
        }
    }

    fn populate(&mut self, by: DomId, bytes: &mut Bytes) {
        if let Ok(mfn) = self.xen.populate(by, pfn(bytes)) {
            assert!(self.held.iter().all(|held| held.frame != mfn), "a frame in use is not given out");
            assert!(self.xen.memory.xen_page(mfn).bytes().iter().all(|byte| *byte == 0), "a fresh frame tells nothing");
        }
    }

    /// Xen takes a frame for a page table, or no longer needs the one that it took last.
    fn page_table(&mut self, by: DomId, bytes: &mut Bytes) {
        let mfn = self.any_frame(by, bytes);
        if bytes.byte() & 1 == 0 {
            if let Some(mfn) = self.tables.pop() {
                self.xen.memory.put_page_type(mfn);
                self.xen.memory.put_page(mfn);
            }
        } else if self.xen.memory.get_page(mfn, by).is_ok() {
            if self.xen.memory.get_page_type(mfn, PageType::PageTable) {
                self.tables.push(mfn);
            } else {
                self.xen.memory.put_page(mfn);
            }
        }
    }

    fn open_port(&mut self, by: DomId, bytes: &mut Bytes) {
        if let Ok(port) = self.xen.alloc_unbound(by, bytes.one_of(&NAMED)) {
            self.ports.push((by, port));
        }
    }

    fn bind(&mut self, by: DomId, bytes: &mut Bytes) {
        let (remote, remote_port) = (bytes.one_of(&NAMED), port(bytes));
        if let Ok((port, sent)) = self.xen.bind_interdomain(by, remote, remote_port) {
            assert!(matches!(sent, Sent::Delivered { domain, port: to, .. } if (domain, to) == (by, port)));
            self.ports.push((by, port));
        }
    }

    fn send(&mut self, by: DomId, bytes: &mut Bytes) {
        let port = port(bytes);
        let channel = self.xen.domain(by).expect("the domain was made").channels.channel(port);
        match (self.xen.send(by, port), channel) {
            (Ok(Sent::Delivered { domain, port, .. }), Channel::Interdomain { remote, remote_port }) => {
                assert_eq!((domain, port), (remote, remote_port));
                assert!(shared_info::is_pending(self.xen.shared_info(domain), port), "what was sent is pending");
            }
            (Ok(Sent::Dropped), Channel::Unbound { .. }) | (Err(_), Channel::Free | Channel::Reserved) => {}
            (sent, channel) => panic!("a send on {channel:?} ended as {sent:?}"),
        }
    }

    fn close(&mut self, by: DomId, bytes: &mut Bytes) {
        let port = port(bytes);
        let known = self.ports.iter().position(|end| *end == (by, port));
        assert_eq!(self.xen.close(by, port).is_ok(), known.is_some());
        if let Some(known) = known {
            self.ports.swap_remove(known);
        }
    }

    fn mask(&mut self, at: usize, bytes: &mut Bytes) {
        let (port, vcpu) = (Port(port(bytes).0 % PORTS), VcpuId(bytes.byte() % 3));
        match bytes.byte() % 3 {
            0 => shared_info::mask(self.xen.shared_info_mut(DOMAINS[at]), port),
            1 => {
                let vcpu = self.xen.domain(DOMAINS[at]).expect("the domain was made").channels.vcpu(port);
                shared_info::unmask(self.xen.shared_info_mut(DOMAINS[at]), port, vcpu);
            }
            _ => drop(self.xen.bind_vcpu(DOMAINS[at], port, vcpu)),
        }
    }

    /// A walk ends, whatever the guest wrote into its own page.
    fn upcall(&mut self, at: usize) {
        let page = self.xen.shared_info_mut(DOMAINS[at]);
        self.scans[at].begin(page);
        let mut served = 0;
        while let Some(port) = self.scans[at].next_port(page) {
            shared_info::clear_pending(page, port);
            served += 1;
            assert!(served <= PORTS, "a walk serves each port once");
        }
    }

    /// What must hold after every command.
    fn check(&self) {
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
            let domain = self.xen.domain(id).expect("the domain was made");
            let held = self.held.iter().filter(|held| held.by == id).count();
            assert_eq!(domain.grants.mappings() as usize, held, "each mapping has its handle");
            assert!(held <= LIMITS.mappings as usize);
            self.check_events(at);
        }
        for &(id, port) in &self.ports {
            let channel = |id, port| self.xen.domain(id).expect("the domain was made").channels.channel(port);
            if let Channel::Interdomain { remote, remote_port } = channel(id, port) {
                let back = Channel::Interdomain { remote: id, remote_port: port };
                assert_eq!(channel(remote, remote_port), back, "a channel has two ends");
            }
        }
    }

    /// Every reference to every frame has its reason, and a frame without references is free.
    fn check_frames(&self) {
        let mut references = [0; FRAMES as usize];
        let mut types = [0; FRAMES as usize];
        references[0] = 1;
        for id in DOMAINS {
            let domain = self.xen.domain(id).expect("the domain was made");
            let own = (0..domain.pages()).filter_map(|pfn| domain.mfn(Pfn(pfn)));
            own.for_each(|mfn| references[mfn.0 as usize] += 1);
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

    /// Everything taken is given back, and nothing is left over.
    fn let_go(mut self) {
        for held in std::mem::take(&mut self.held) {
            self.xen.unmap_grant_ref(held.by, held.handle).expect("what is held can be given back");
        }
        for table in std::mem::take(&mut self.tables) {
            self.xen.memory.put_page_type(table);
            self.xen.memory.put_page(table);
        }
        self.check();
    }

    /// A frame of the domain's own, one of its grant table, or any number at all.
    fn any_frame(&self, by: DomId, bytes: &mut Bytes) -> Mfn {
        let domain = self.xen.domain(by).expect("the domain was made");
        match bytes.byte() {
            own @ 0..=159 => domain.mfn(Pfn(u32::from(own) % PAGES)).unwrap_or(Mfn(0)),
            table @ 160..=191 => domain.grants.frames()[usize::from(table) % domain.grants.frames().len()],
            any @ 192..=247 => Mfn(u32::from(any - 192)),
            248..=255 => Mfn(bytes.u32()),
        }
    }
}

/// Few references, so that they meet: some of each frame of the table, and some beyond.
fn gref(bytes: &mut Bytes) -> GrantRef {
    match bytes.byte() {
        few @ 0..=199 => GrantRef(8 + u32::from(few % 6)),
        reserved @ 200..=207 => GrantRef(u32::from(reserved - 200)),
        second @ 208..=239 => GrantRef(ENTRIES_PER_FRAME + u32::from(second % 4)),
        240..=255 => GrantRef(bytes.u32()),
    }
}

fn access(bytes: &mut Bytes) -> Access {
    bytes.one_of(&[Access::ReadOnly, Access::ReadWrite])
}

fn handle(bytes: &mut Bytes) -> Handle {
    match bytes.byte() {
        few @ 0..=247 => Handle(u32::from(few) % (LIMITS.mappings + 1)),
        248..=255 => Handle(bytes.u32()),
    }
}

fn pfn(bytes: &mut Bytes) -> Pfn {
    match bytes.byte() {
        few @ 0..=247 => Pfn(u32::from(few) % (PAGES + 1)),
        248..=255 => Pfn(bytes.u32()),
    }
}

fn port(bytes: &mut Bytes) -> Port {
    match bytes.byte() {
        few @ 0..=247 => Port(u32::from(few) % 8),
        248..=255 => Port(bytes.u32()),
    }
}
