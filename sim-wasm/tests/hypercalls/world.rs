//! The hypervisor and the lists beside it.

use std::collections::BTreeSet;

use proptest::sample::Index;
use sim_wasm::hypervisor::domain::Entry;
use sim_wasm::hypervisor::grant_calls::{MapOp, Mapped, UnmapOp};
use sim_wasm::hypervisor::grant_copies::{CopyFrame, CopyOp, CopyPointer, GrantCopy};
use sim_wasm::hypervisor::grant_entry::{Access, GTF_READING, GTF_WRITING, GrantEntry, GrantStatus, write_flags};
use sim_wasm::hypervisor::grant_table::{Purpose, Window};
use sim_wasm::hypervisor::guest_grants::{EndAccess, GuestGrants};
use sim_wasm::hypervisor::memory::Owner;
use sim_wasm::hypervisor::page::PAGE_SIZE;
use sim_wasm::hypervisor::xen::{Errno, Limits, Xen};
use sim_wasm::words::ids::{DomId, GrantRef, Handle, Mfn, Pfn};

use crate::lists::{Held, Lists, Running};
use crate::op::{Op, Side};

pub(crate) const DOMAINS: [DomId; 3] = [DomId(0), DomId(1), DomId(2)];
pub(crate) const FRAMES: u32 = 24;
pub(crate) const PAGES: u32 = 4;
pub(crate) const HOLES: u32 = 3;
pub(crate) const MAPPINGS: u32 = 3;

pub(crate) struct World {
    pub(crate) xen: Xen,
    pub(crate) lists: Lists,
    /// Entries whose marks of use the guest itself has written over.
    pub(crate) defaced: BTreeSet<(DomId, GrantRef)>,
    /// What was answered so far.
    pub(crate) statuses: Vec<Result<(), GrantStatus>>,
}

impl World {
    pub(crate) fn new() -> World {
        let (xen, lists) = (Xen::new(FRAMES), Lists::default());
        let mut world = World { xen, lists, defaced: BTreeSet::new(), statuses: Vec::new() };
        for id in DOMAINS {
            world.create(id);
        }
        world
    }

    /// Does what the domain wants, unless it does not run.
    pub(crate) fn play(&mut self, op: Op) {
        match op {
            Op::Destroy { id } => return self.destroy(id),
            Op::Create { id } => return self.create(id),
            Op::MapGranted { granter, gref, access } => return self.map_granted(granter, gref, access),
            Op::CopyGranted { granter, gref, into } => return self.copy_granted(granter, gref, into),
            Op::TransferAwaited { to, gref, pfn } => return self.transfer_awaited(to, gref, pfn),
            Op::UnmapHeld { which } => return self.unmap_held(which),
            Op::Grant { by, .. }
            | Op::Scribble { by, .. }
            | Op::End { by, .. }
            | Op::Map { by, .. }
            | Op::MapAt { by, .. }
            | Op::Unmap { by, .. }
            | Op::UnmapAt { by, .. }
            | Op::Replace { by, .. }
            | Op::Copy { by, .. }
            | Op::Transfer { by, .. }
            | Op::UpdateMapping { by, .. }
            | Op::Populate { by, .. }
            | Op::Decrease { by, .. }
            | Op::Write { by, .. } => {
                if !self.lists.running.contains_key(&by) {
                    return;
                }
            }
        }
        match op {
            Op::Grant { by, gref, to, pfn, flags } => {
                let frame = self.lists.running[&by].frame(pfn).unwrap_or(Mfn(0));
                self.write_entry(by, gref, (to, frame, flags));
            }
            Op::Scribble { by, gref, to, frame, flags } => self.write_entry(by, gref, (to, frame, flags)),
            Op::End { by, gref } => self.end_access(by, gref),
            Op::Map { by, granter, gref, access } => {
                let expect = self.lists.map(&self.xen, (by, granter), (gref, access), None);
                let mapped = self.xen.map_grant_ref(by, granter, gref, access);
                self.hold(mapped, expect, Held { window: Window::Handle, ..unheld(by, granter, gref, access) });
            }
            Op::MapAt { by, host, granter, gref, access } => {
                let expect = self.lists.map(&self.xen, (by, granter), (gref, access), Some(host));
                let mut ops = [MapOp::new(host, granter, gref, access)];
                self.xen.map_grant_refs(by, &mut ops);
                self.hold(ops[0].result, expect, unheld(by, granter, gref, access));
                if let Ok(Mapped { frame, .. }) = ops[0].result {
                    self.running(by).entries[host.0 as usize] = Entry::Foreign { frame, access };
                }
            }
            Op::Unmap { by, handle } => {
                let expect = self.lists.unmap(by, handle, None);
                let unmapped = self.xen.unmap_grant_ref(by, handle);
                self.let_go((by, handle), unmapped, expect);
            }
            Op::UnmapAt { by, host, handle } => self.unmap_at(by, host, handle),
            Op::Replace { by, host, new, handle } => self.replace(by, host, new, handle),
            Op::Copy { by, source, dest, offsets, len } => self.copy(by, [source, dest], offsets, len),
            Op::Transfer { by, pfn, to, gref } => self.transfer(by, pfn, (to, gref)),
            Op::UpdateMapping { by, pfn, frame } => self.update_mapping(by, pfn, frame),
            Op::Populate { by, pfn } => self.populate(by, pfn),
            Op::Decrease { by, pfn } => self.decrease(by, pfn),
            Op::Write { by, pfn, byte } => self.write(by, pfn, byte),
            Op::MapGranted { .. }
            | Op::CopyGranted { .. }
            | Op::TransferAwaited { .. }
            | Op::UnmapHeld { .. }
            | Op::Destroy { .. }
            | Op::Create { .. } => {}
        }
    }

    pub(crate) fn has_zombie(&self) -> bool {
        !self.lists.dying.is_empty()
    }

    fn running(&mut self, id: DomId) -> &mut Running {
        self.lists.running.get_mut(&id).expect("who calls runs")
    }

    fn create(&mut self, id: DomId) {
        let expect = if self.lists.exists(id) {
            Err(Errno::Exists)
        } else if self.xen.memory.free_frames() < PAGES + 2 {
            Err(Errno::NoMemory)
        } else {
            Ok(())
        };
        let limits = Limits { mappings: MAPPINGS, ..Limits::default() };
        assert_eq!(self.xen.create_domain_with(id, PAGES, limits), expect);
        if expect.is_err() {
            return;
        }
        assert_eq!(self.xen.add_holes(id, HOLES), Pfn(PAGES));
        self.defaced.retain(|(granter, _)| *granter != id);
        let domain = self.xen.domain(id).expect("it was just made");
        let owned = (0..PAGES).map(|pfn| domain.mfn(Pfn(pfn)).expect("a fresh domain has no hole among its pages"));
        let owned: BTreeSet<Mfn> = owned.collect();
        let entries = (0..PAGES + HOLES).map(|pfn| domain.entry(Pfn(pfn)).expect("it has so many pages")).collect();
        assert_eq!(owned.len(), PAGES as usize);
        self.lists.running.insert(id, Running { entries, owned });
    }

    fn destroy(&mut self, id: DomId) {
        self.xen.destroy_domain(id);
        if self.lists.running.remove(&id).is_some() {
            self.lists.held.retain(|held| held.by != id);
            self.lists.dying.insert(id);
            self.lists.bury();
        }
    }

    fn write_entry(&mut self, by: DomId, gref: GrantRef, (to, frame, flags): (DomId, Mfn, u16)) {
        let table = self.xen.domain(by).expect("who calls runs").grants.frames()[0];
        if gref.0 < 512 {
            let page = self.xen.memory.page_mut(by, table).expect("Xen lends a domain its own grant table");
            GrantEntry::write_target(page, gref.0, to, frame);
            write_flags(page, gref.0, flags);
            self.defaced.remove(&(by, gref));
            if self.lists.pins(by, gref).next().is_some() || flags & (GTF_READING | GTF_WRITING) != 0 {
                self.defaced.insert((by, gref));
            }
        }
    }

    fn end_access(&mut self, by: DomId, gref: GrantRef) {
        if gref.0 >= 512 || self.defaced.contains(&(by, gref)) {
            return;
        }
        let guest = GuestGrants::new(by, self.xen.domain(by).expect("who calls runs").grants.frames());
        let ended = guest.end_access(&mut self.xen.memory, gref);
        assert_eq!(ended == EndAccess::StillInUse, self.lists.pins(by, gref).next().is_some());
    }

    fn hold(&mut self, mapped: Result<Mapped, GrantStatus>, expect: Result<Mfn, GrantStatus>, held: Held) {
        assert_eq!(mapped.map(|mapped| mapped.frame), expect, "{held:?}");
        self.statuses.push(mapped.map(drop));
        if let Ok(Mapped { handle, frame }) = mapped {
            assert!(self.lists.find(held.by, handle).is_none(), "a handle names one mapping");
            self.lists.held.push(Held { handle, frame, ..held });
        }
    }

    fn let_go(
        &mut self,
        (by, handle): (DomId, Handle),
        unmapped: Result<(), GrantStatus>,
        expect: Result<(), GrantStatus>,
    ) {
        assert_eq!(unmapped, expect);
        self.statuses.push(unmapped);
        if unmapped.is_ok() {
            self.lists.held.retain(|held| (held.by, held.handle) != (by, handle));
            self.lists.bury();
        }
    }

    fn unmap_at(&mut self, by: DomId, host: Pfn, handle: Handle) {
        let expect = self.lists.unmap(by, handle, Some(host));
        let mut ops = [UnmapOp::new(host, handle), UnmapOp::new(host, handle)];
        self.xen.unmap_grant_refs(by, &mut ops);
        if expect.is_ok() {
            self.running(by).entries[host.0 as usize] = Entry::Hole;
            assert_eq!(ops[1].result, Err(GrantStatus::BadHandle), "a mapping is undone once");
        }
        self.let_go((by, handle), ops[0].result, expect);
    }

    fn map_granted(&mut self, granter: DomId, gref: GrantRef, access: Access) {
        let Some(by) = self.xen.grant_entry(granter, gref).map(|entry| entry.domain) else { return };
        let Some(running) = self.lists.running.get(&by) else { return };
        let hole = running.entries.iter().position(|entry| *entry == Entry::Hole);
        match hole {
            Some(hole) => self.play(Op::MapAt { by, host: Pfn(hole as u32), granter, gref, access }),
            None => self.play(Op::Map { by, granter, gref, access }),
        }
    }

    fn copy_granted(&mut self, granter: DomId, gref: GrantRef, into: Pfn) {
        let Some(by) = self.xen.grant_entry(granter, gref).map(|entry| entry.domain) else { return };
        let (source, dest) = (Side::Granted(granter, gref), Side::Page(into));
        self.play(Op::Copy { by, source, dest, offsets: [0, 8], len: 64 });
    }

    fn transfer_awaited(&mut self, to: DomId, gref: GrantRef, pfn: Pfn) {
        let Some(by) = self.xen.grant_entry(to, gref).map(|entry| entry.domain) else { return };
        self.play(Op::Transfer { by, pfn, to, gref });
    }

    /// Undoes a mapping as a driver would, which knows where it is.
    fn unmap_held(&mut self, which: Index) {
        if self.lists.held.is_empty() {
            return;
        }
        let Held { by, handle, frame, access, window, .. } = self.lists.held[which.index(self.lists.held.len())];
        let seen = Entry::Foreign { frame, access };
        let host = self.running(by).entries.iter().position(|entry| *entry == seen);
        match (window, host) {
            (Window::Handle, _) => self.play(Op::Unmap { by, handle }),
            (Window::Page, Some(host)) => self.unmap_at(by, Pfn(host as u32), handle),
            (Window::Page, None) => {}
        }
    }

    fn replace(&mut self, by: DomId, host: Pfn, new: Pfn, handle: Handle) {
        let replaced = self.xen.unmap_and_replace(by, host, new, handle);
        let mut expect = Err(GrantStatus::BadHandle);
        if self.lists.find(by, handle).is_some() {
            expect = Err(GrantStatus::GeneralError);
            if let Some(entry) = self.running(by).entries.get_mut(new.0 as usize) {
                let stolen = std::mem::replace(entry, Entry::Hole);
                expect = self.lists.unmap(by, handle, Some(host));
                if expect.is_ok() {
                    self.running(by).entries[host.0 as usize] = stolen;
                }
            }
        }
        self.let_go((by, handle), replaced, expect);
    }

    fn copy(&mut self, by: DomId, sides: [Side; 2], [from, to]: [u16; 2], len: u16) {
        let [source, dest] = sides.map(|side| match side {
            Side::Granted(domain, gref) => CopyFrame::Granted(domain, gref),
            Side::Page(pfn) => CopyFrame::Own(self.lists.running[&by].frame(pfn).unwrap_or(Mfn(0))),
            Side::Own(frame) => CopyFrame::Own(frame),
            Side::Foreign(domain, frame) => CopyFrame::Foreign(domain, frame),
        });
        let expect = self.expect_copy(by, [source, dest]).and_then(|frames| {
            let fits = |offset: u16| usize::from(offset) + usize::from(len) <= PAGE_SIZE;
            if fits(from) && fits(to) { Ok(frames) } else { Err(GrantStatus::BadCopyArgument) }
        });
        let len_bytes = usize::from(len);
        let before = expect
            .map(|[source, _]| self.xen.memory.xen_page(source).bytes()[usize::from(from)..][..len_bytes].to_vec());
        let source = CopyPointer { frame: source, offset: from };
        let dest = CopyPointer { frame: dest, offset: to };
        let mut ops = [CopyOp::new(GrantCopy { source, dest, len })];
        self.xen.grant_copies(by, &mut ops);
        assert_eq!(ops[0].result, expect.map(drop), "{ops:?}");
        self.statuses.push(ops[0].result);
        if let (Ok([_, dest]), Ok(before)) = (expect, before) {
            assert_eq!(self.xen.memory.xen_page(dest).bytes()[usize::from(to)..][..len_bytes], before);
        }
    }

    /// Which frames a copy is from and to, if it may be made.
    fn expect_copy(&self, by: DomId, frames: [CopyFrame; 2]) -> Result<[Mfn; 2], GrantStatus> {
        for frame in frames {
            match frame {
                CopyFrame::Foreign(..) => return Err(GrantStatus::PermissionDenied),
                CopyFrame::Granted(granter, _) if !self.lists.exists(granter) => return Err(GrantStatus::BadDomain),
                CopyFrame::Granted(..) | CopyFrame::Own(_) => {}
            }
        }
        let mut lists = self.lists.clone();
        let mut claim = |frame, access| match frame {
            CopyFrame::Granted(granter, gref) => {
                if lists.dying.contains(&granter) && lists.pins(granter, gref).next().is_some() {
                    return Err(GrantStatus::BadDomain);
                }
                let frame = lists.pin(&self.xen, (by, granter), gref, (access, Purpose::Copy))?;
                lists.held.push(Held { frame, ..unheld(by, granter, gref, access) });
                Ok(frame)
            }
            CopyFrame::Own(frame) | CopyFrame::Foreign(_, frame) => {
                let own = self.xen.memory.owner(frame) == Ok(Owner::Domain(by));
                if own { Ok(frame) } else { Err(GrantStatus::BadPage) }
            }
        };
        Ok([claim(frames[0], Access::ReadOnly)?, claim(frames[1], Access::ReadWrite)?])
    }

    fn transfer(&mut self, by: DomId, pfn: Pfn, (to, gref): (DomId, GrantRef)) {
        let stolen = self.lists.steal(by, pfn);
        if let Ok(frame) = stolen {
            let domain = self.running(by);
            domain.owned.remove(&frame);
            domain.entries[pfn.0 as usize] = Entry::Hole;
        }
        let expect = stolen.and_then(|frame| self.lists.accept(&self.xen, by, (to, gref)).map(|()| frame));
        let transferred = self.xen.transfer(by, pfn, to, gref);
        assert_eq!(transferred, expect.map(drop));
        self.statuses.push(transferred);
        if let Ok(frame) = expect {
            self.running(to).owned.insert(frame);
            assert_eq!(self.xen.grant_entry(to, gref).map(|entry| (entry.flags, entry.frame)), Some((0b1110, frame)));
            self.defaced.insert((to, gref));
        }
    }

    fn update_mapping(&mut self, by: DomId, pfn: Pfn, frame: Mfn) {
        let domain = self.running(by);
        let expect = match domain.entry(pfn) {
            Some(Entry::Hole) if domain.owned.contains(&frame) => Ok(()),
            Some(Entry::Hole) => Err(Errno::Fault),
            Some(Entry::Own(_) | Entry::Foreign { .. }) | None => Err(Errno::Invalid),
        };
        if expect.is_ok() {
            domain.entries[pfn.0 as usize] = Entry::Own(frame);
        }
        assert_eq!(self.xen.update_va_mapping(by, pfn, frame), expect);
    }

    fn populate(&mut self, by: DomId, pfn: Pfn) {
        let hole = self.running(by).entry(pfn) == Some(Entry::Hole);
        let free = self.xen.memory.free_frames() > 0;
        match self.xen.populate(by, pfn) {
            Ok(frame) => {
                assert!(hole && free && *self.xen.memory.xen_page(frame).bytes() == [0; PAGE_SIZE]);
                self.running(by).entries[pfn.0 as usize] = Entry::Own(frame);
                self.running(by).owned.insert(frame);
            }
            Err(error) => assert_eq!(error, if hole { Errno::NoMemory } else { Errno::Invalid }),
        }
    }

    fn decrease(&mut self, by: DomId, pfn: Pfn) {
        let domain = self.running(by);
        let expect = match (domain.entry(pfn), domain.frame(pfn)) {
            (_, Some(_)) => Ok(()),
            (Some(Entry::Own(_)), None) => Err(Errno::Fault),
            (Some(Entry::Hole | Entry::Foreign { .. }) | None, None) => Err(Errno::Invalid),
        };
        if let Some(frame) = domain.frame(pfn) {
            domain.owned.remove(&frame);
            domain.entries[pfn.0 as usize] = Entry::Hole;
        }
        assert_eq!(self.xen.decrease_reservation(by, pfn), expect);
    }

    /// Writes through a page's entry, whatever it maps.
    fn write(&mut self, by: DomId, pfn: Pfn, byte: u8) {
        let frame = match self.running(by).entry(pfn) {
            Some(Entry::Foreign { frame, access: Access::ReadWrite }) => Some(frame),
            Some(Entry::Own(_) | Entry::Hole | Entry::Foreign { .. }) | None => self.running(by).frame(pfn),
        };
        let page = self.xen.guest_page_mut(by, pfn);
        assert_eq!(page.is_ok(), frame.is_some());
        if let (Ok(page), Some(frame)) = (page, frame) {
            page.write_u8(7, byte);
            assert_eq!(self.xen.memory.xen_page(frame).read_u8(7), byte);
        }
    }

    /// When all domains have ended, all memory is free but Xen's own frame.
    pub(crate) fn end(mut self) {
        for id in DOMAINS {
            self.destroy(id);
        }
        self.check();
        assert_eq!((self.xen.domains().len(), self.xen.memory.free_frames()), (0, FRAMES - 1));
    }
}

fn unheld(by: DomId, granter: DomId, gref: GrantRef, access: Access) -> Held {
    Held { by, handle: Handle(u32::MAX), granter, gref, access, frame: Mfn(0), window: Window::Page }
}
