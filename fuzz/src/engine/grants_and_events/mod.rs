//! Three domains that call the hypervisor with anything, and write anything into every page that is theirs: packets' pages,
//! grant tables, the page about events. They give pages away, end, and begin anew. A list of who has what mapped is kept
//! beside, and after each command the machine must agree with it.

mod checks;

use sim_wasm::hypervisor::domain::Life;
use sim_wasm::hypervisor::event_calls::Sent;
use sim_wasm::hypervisor::event_channel::Channel;
use sim_wasm::hypervisor::grant_calls::{MapOp, Mapped, UnmapOp};
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
/// Pages without a frame, for foreign ones to be seen through.
const HOLES: u32 = 2;
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
    seen: Seen,
    granter: DomId,
    gref: GrantRef,
    access: Access,
    frame: Mfn,
}

/// Where a mapping is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// By its handle only.
    ByHandle,
    /// At a page of the kernel's.
    AtPage,
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
            xen.add_holes(id, HOLES);
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
        if self.xen.domain(by).is_none_or(|domain| domain.life == Life::Dying) {
            self.begin_anew(at);
            return;
        }
        match command % 24 {
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
            17 => self.upcall(at),
            18 => self.map_at_page(by, bytes),
            19 => self.unmap_from_page(by, bytes),
            20 => self.replace(by, bytes),
            21 => drop(self.xen.transfer(by, pfn(bytes), bytes.one_of(&NAMED), gref(bytes))),
            22 => drop(self.xen.update_va_mapping(by, pfn(bytes), self.any_frame(by, bytes))),
            _ => self.end_or_reset(at, bytes),
        }
    }

    /// A domain that has ended is made again, once nothing is left of it.
    fn begin_anew(&mut self, at: usize) {
        if self.xen.domain(DOMAINS[at]).is_none() && self.xen.create_domain_with(DOMAINS[at], PAGES, LIMITS).is_ok() {
            self.xen.add_holes(DOMAINS[at], HOLES);
            self.scribbled[at] = false;
            self.scans[at] = UpcallScan::new(VcpuId(0));
        }
    }

    fn end_or_reset(&mut self, at: usize, bytes: &mut Bytes) {
        let id = DOMAINS[at];
        // The frames of page tables are held by nobody's mapping, so their domain cannot end before they are let go.
        if bytes.byte() & 1 == 0 || !self.tables.is_empty() {
            self.xen.reset_channels(id);
        } else {
            self.xen.destroy_domain(id);
            self.held.retain(|held| held.by != id);
        }
        self.ports.retain(|(domain, _)| *domain != id);
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
        self.expect_mapped(by, (granter, gref, access), Seen::ByHandle, |xen| {
            xen.map_grant_ref(by, granter, gref, access).ok()
        });
    }

    fn map_at_page(&mut self, by: DomId, bytes: &mut Bytes) {
        let (host, granter, gref, access) = (pfn(bytes), bytes.one_of(&NAMED), gref(bytes), access(bytes));
        self.expect_mapped(by, (granter, gref, access), Seen::AtPage, |xen| {
            let mut ops = [MapOp::new(host, granter, gref, access)];
            xen.map_grant_refs(by, &mut ops);
            ops[0].result.ok()
        });
    }

    /// Writes a mapping down, if there is one, and looks whether there may be.
    fn expect_mapped(
        &mut self,
        by: DomId,
        (granter, gref, access): (DomId, GrantRef, Access),
        seen: Seen,
        map: impl FnOnce(&mut Xen) -> Option<Mapped>,
    ) {
        let before = self.xen.grant_entry(granter, gref);
        let pinned = self.held.iter().find(|held| (held.granter, held.gref) == (granter, gref)).copied();
        let Some(mapped) = map(&mut self.xen) else { return };
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
        self.held.push(Held { by, handle: mapped.handle, seen, granter, gref, access, frame: mapped.frame });
    }

    fn unmap(&mut self, by: DomId, bytes: &mut Bytes) {
        let handle = handle(bytes);
        let wanted = |held: &Held| (held.by, held.handle, held.seen) == (by, handle, Seen::ByHandle);
        let place = self.held.iter().position(wanted);
        assert_eq!(self.xen.unmap_grant_ref(by, handle).is_ok(), place.is_some());
        if let Some(place) = place {
            self.held.swap_remove(place);
        }
    }

    fn unmap_from_page(&mut self, by: DomId, bytes: &mut Bytes) {
        let mut ops = [UnmapOp::new(pfn(bytes), handle(bytes))];
        self.xen.unmap_grant_refs(by, &mut ops);
        self.expect_unmapped(by, ops[0].handle, ops[0].result.is_ok());
    }

    fn replace(&mut self, by: DomId, bytes: &mut Bytes) {
        let (host, new, handle) = (pfn(bytes), pfn(bytes), handle(bytes));
        let replaced = self.xen.unmap_and_replace(by, host, new, handle);
        self.expect_unmapped(by, handle, replaced.is_ok());
    }

    /// Strikes a mapping out that was seen at a page, if Xen did.
    fn expect_unmapped(&mut self, by: DomId, handle: Handle, unmapped: bool) {
        if unmapped {
            let wanted = |held: &Held| (held.by, held.handle, held.seen) == (by, handle, Seen::AtPage);
            let place = self.held.iter().position(wanted).expect("only what was mapped at a page is unmapped from one");
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
        let channel = self.xen.domain(by).expect("who calls exists").channels.channel(port);
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
                let vcpu = self.xen.domain(DOMAINS[at]).expect("who calls exists").channels.vcpu(port);
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

    /// Everything taken is given back, and nothing is left over.
    fn let_go(mut self) {
        for held in self.held.extract_if(.., |held| held.seen == Seen::ByHandle) {
            self.xen.unmap_grant_ref(held.by, held.handle).expect("what is held can be given back");
        }
        for table in std::mem::take(&mut self.tables) {
            self.xen.memory.put_page_type(table);
            self.xen.memory.put_page(table);
        }
        self.check();
        for id in DOMAINS {
            self.xen.destroy_domain(id);
            self.held.retain(|held| held.by != id);
        }
        assert_eq!(self.xen.memory.free_frames(), FRAMES - 1, "nothing is left of domains that have ended");
    }

    /// A frame of the domain's own, one of its grant table, or any number at all.
    fn any_frame(&self, by: DomId, bytes: &mut Bytes) -> Mfn {
        let domain = self.xen.domain(by).expect("who calls exists");
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
        few @ 0..=247 => Pfn(u32::from(few) % (PAGES + HOLES + 1)),
        248..=255 => Pfn(bytes.u32()),
    }
}

fn port(bytes: &mut Bytes) -> Port {
    match bytes.byte() {
        few @ 0..=247 => Port(u32::from(few) % 8),
        248..=255 => Port(bytes.u32()),
    }
}
