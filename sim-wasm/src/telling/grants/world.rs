//! The machine of the figure: a guest, dom0 and a hypervisor, whose calls are made one action at a time.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec::Vec;

use crate::actors::epoch::FrontEpoch;
use crate::actors::log::backend::Backend;
use crate::actors::log::pages::Pages;
use crate::actors::log::stack::Stack;
use crate::actors::log::trouble::{Attack, Trouble};
use crate::actors::log::{Event, Log};
use crate::actors::netback::MAX_PENDING_REQS;
use crate::actors::skb::{Frag, FragPage, SkbId, Skbs};
use crate::hypervisor::deferred_grants::{Deferred, DeferredGrants, WhenInUse};
use crate::hypervisor::domain::Entry;
use crate::hypervisor::grant_calls::{MapOp, UnmapOp};
use crate::hypervisor::grant_entry::{Access, GTF_INVALID, GTF_READING, GTF_WRITING, write_flags};
use crate::hypervisor::guest_grants::{EndAccess, GuestGrants};
use crate::hypervisor::memory::Owner;
use crate::hypervisor::xen::Xen;
use crate::telling::grants::frame::{Guest, PageState, ROWS};
use crate::telling::story::Setup;
use crate::words::ids::{DomId, GrantRef, Handle, Mfn, Pfn, VifId};
use crate::words::time::Time;

const ACCESS: usize = 0;
const KERNEL: usize = 1;

pub(crate) const GUEST: DomId = DomId(1);
/// Frames of the machine, pages of dom0 beside its windows, and pages of the guest.
const MACHINE: u32 = 128;
const DOM0_PAGES: u32 = 64;
const GUEST_PAGES: u32 = 8;
/// The guest's first page that holds packets.
const FIRST_PAGE: u32 = 4;
/// The first entry of a grant table that drivers use.
pub(crate) const FIRST_ENTRY: u32 = 8;
/// Bytes of the packet, and those that netback copies.
const PACKET: u16 = 1514;
const HEAD: u16 = 64;
/// Packets with the same data, clones included.
const MOST_PACKETS: usize = 3;

/// How far the guest has come with a grant.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Given {
    /// It stands.
    Stands,
    /// The guest ended it.
    Ended,
    /// It could not, and tries again.
    Deferred,
    /// It could not, and gave up.
    Lost,
}

/// How far dom0 has come with it.
pub(crate) enum Taken {
    /// Netback has the reference, and has not asked Xen.
    Not,
    /// Xen refused.
    Refused,
    /// Mapped at a window, with packets that point there, if they were built.
    Mapped { handle: Handle, built: bool, packets: Vec<SkbId>, released: bool },
    /// Unmapped again.
    Unmapped,
}

/// One packet of the guest's and its page, from the grant to the last word about it.
pub(crate) struct Life {
    pub(crate) page: usize,
    pub(crate) gref: GrantRef,
    pub(crate) window: usize,
    pub(crate) given: Given,
    pub(crate) taken: Taken,
    pub(crate) answered: bool,
}

impl Life {
    /// Whether neither half will do anything more about it.
    fn is_over(&self) -> bool {
        let settled = matches!(self.given, Given::Ended | Given::Lost);
        settled && self.answered && matches!(self.taken, Taken::Refused | Taken::Unmapped)
    }

    pub(crate) fn is_mapped(&self) -> bool {
        matches!(self.taken, Taken::Mapped { .. })
    }
}

/// A guest, dom0 and a hypervisor, and what they have done.
pub(crate) struct World {
    pub(crate) xen: Xen,
    pub(crate) grants: GuestGrants,
    deferred: DeferredGrants,
    pub(crate) skbs: Skbs,
    windows: Pfn,
    access: Access,
    pub(crate) front: FrontEpoch,
    pub(crate) lives: Vec<Life>,
    /// Pages that the guest gave up, or gave back.
    pub(crate) gone: [Option<PageState>; ROWS],
    pub(crate) guest: Guest,
    pub(crate) refusals: u32,
    pub(crate) log: Log,
}

impl World {
    pub(crate) fn new(setup: &Setup) -> Self {
        let mut xen = Xen::new(MACHINE);
        for (domain, pages) in [(DomId::DOM0, DOM0_PAGES), (GUEST, GUEST_PAGES)] {
            xen.create_domain(domain, pages).expect("the machine has frames for both domains");
        }
        let windows = xen.add_holes(DomId::DOM0, MAX_PENDING_REQS);
        let grants = GuestGrants::new(GUEST, xen.setup_table(GUEST, 1).expect("one frame is there from the start"));
        let (front, when_in_use) = match setup.knobs[KERNEL] {
            0 => (FrontEpoch::Classic, WhenInUse::Leak),
            _ => (FrontEpoch::Modern, WhenInUse::Defer),
        };
        Self {
            xen,
            grants,
            deferred: DeferredGrants::new(when_in_use),
            skbs: Skbs::new(DomId::DOM0, Vec::new()),
            windows,
            access: if setup.knobs[ACCESS] == 0 { Access::ReadOnly } else { Access::ReadWrite },
            front,
            lives: Vec::new(),
            gone: [None; ROWS],
            guest: Guest::Runs,
            refusals: 0,
            log: Log::new(),
        }
    }

    /// Does what a letter stands for, if it makes sense now; whether it did.
    pub(crate) fn act(&mut self, letter: char) -> bool {
        let Some(life) = self.subject(letter) else { return false };
        self.perform(letter, life);
        self.lives.retain(|life| !life.is_over());
        true
    }

    /// The packet that an action is about, the oldest that it makes sense for; the number of packets for a new one.
    pub(crate) fn subject(&self, letter: char) -> Option<usize> {
        let runs = self.guest == Guest::Runs;
        let oldest = |test: &dyn Fn(&Life) -> bool| self.lives.iter().position(test);
        match letter {
            'g' => (runs && self.free_page().is_some() && self.lives.len() < ROWS).then_some(self.lives.len()),
            'e' if runs => oldest(&|life| matches!(life.given, Given::Stands | Given::Deferred)),
            'x' if runs => {
                oldest(&|life| matches!(life.given, Given::Stands) && self.entry_flags(life.gref) != GTF_INVALID)
            }
            'b' if runs => oldest(&|life| life.is_mapped() && self.frame_of(life.page).is_some()),
            'm' => oldest(&|life| matches!(life.taken, Taken::Not)),
            'p' => oldest(&|life| matches!(life.taken, Taken::Mapped { built: false, .. })),
            'c' => oldest(
                &|life| matches!(&life.taken, Taken::Mapped { packets, .. } if (1..MOST_PACKETS).contains(&packets.len())),
            ),
            'f' => oldest(&|life| matches!(&life.taken, Taken::Mapped { packets, .. } if !packets.is_empty())),
            'u' => oldest(&|life| matches!(life.taken, Taken::Mapped { released: true, .. })),
            'a' => oldest(&|life| !life.answered && !matches!(life.taken, Taken::Not)),
            _ => None,
        }
    }

    fn perform(&mut self, letter: char, life: usize) {
        match letter {
            'g' => self.grant(),
            'e' => self.end(life),
            'x' => self.erase(life),
            'b' => self.give_back(life),
            'm' => self.map(life),
            'p' => self.build(life),
            'c' => self.clone_packet(life),
            'f' => self.free(life),
            'u' => self.unmap(life),
            _ => self.answer_guest(life),
        }
    }

    fn step(&mut self, event: Event) {
        self.log.step(Time::ZERO, event);
    }

    fn also(&mut self, event: Event) {
        self.log.also(Time::ZERO, event);
    }

    fn grant(&mut self) {
        let page = self.free_page().expect("a grant makes sense while a page is free");
        let frame = self.frame_of(page).expect("a free page has its frame");
        let gref = self.grants.claim_reference().expect("there are more entries than pages");
        self.grants.grant_access(&mut self.xen.memory, gref, DomId::DOM0, frame, Access::ReadOnly);
        let window = (0..ROWS).find(|window| self.lives.iter().all(|life| life.window != *window));
        let window = window.expect("there are as many windows as packets");
        self.lives.push(Life { page, gref, window, given: Given::Stands, taken: Taken::Not, answered: false });
        let flags = self.entry_flags(gref);
        self.step(Event::GrantsGiven { first: gref, frame, count: 1, flags });
    }

    fn map(&mut self, life: usize) {
        let gref = self.lives[life].gref;
        let window = self.window(self.lives[life].window);
        let mut ops = [MapOp::new(window, GUEST, gref, self.access)];
        self.xen.map_grant_refs(DomId::DOM0, &mut ops);
        match ops[0].result {
            Ok(mapped) => {
                let handle = mapped.handle;
                self.lives[life].taken = Taken::Mapped { handle, built: false, packets: Vec::new(), released: false };
                let flags = self.entry_flags(gref);
                self.step(Event::GrantsMapped { first: gref, frame: mapped.frame, count: 1, flags });
                self.also(Event::Pages(Pages::MarkedForeign { window }));
            }
            Err(status) => {
                self.lives[life].taken = Taken::Refused;
                self.refusals += 1;
                self.step(Event::Backend(Backend::MapRefused { gref, status: status.code() }));
            }
        }
    }

    fn build(&mut self, life: usize) {
        let place = self.lives[life].window;
        let host = self.window(place);
        let page = self.xen.guest_page(DomId::DOM0, host).expect("the page was mapped");
        let head = &page.bytes()[..usize::from(HEAD)];
        let (skb, shared) = self.skbs.alloc_mut();
        shared.len = u32::from(PACKET);
        shared.head.extend_from_slice(head);
        let page = FragPage::Foreign { host, vif: VifId(0), pending: place as u16 };
        shared.push_frag(Frag { page, offset: HEAD, size: PACKET - HEAD });
        if let Taken::Mapped { built, packets, .. } = &mut self.lives[life].taken {
            *built = true;
            packets.push(skb);
        }
        self.step(Event::HeaderCopied { bytes: u32::from(HEAD), pages_kept: 1 });
        self.also(Event::PacketReceived { bytes: u32::from(PACKET) });
    }

    fn clone_packet(&mut self, life: usize) {
        if let Taken::Mapped { packets, .. } = &mut self.lives[life].taken {
            packets.push(self.skbs.clone_skb(packets[0]));
        }
        self.step(Event::Stack(Stack::Tapped { bytes: u32::from(PACKET) }));
    }

    /// Frees one packet. With the last one its page is freed, which is foreign: the destructor runs instead.
    fn free(&mut self, life: usize) {
        let mut left = 0;
        if let Taken::Mapped { packets, released, .. } = &mut self.lives[life].taken {
            self.skbs.free(packets.remove(0));
            left = packets.len() as u32;
            if let Some(data) = self.skbs.take_unpinned() {
                *released = true;
                self.skbs.recycle(data);
            }
        }
        if left > 0 {
            self.step(Event::Pages(Pages::HeaderFreed { left }));
        } else {
            self.step(Event::PagesFreed { count: 1 });
        }
    }

    fn unmap(&mut self, life: usize) {
        let Life { gref, window, .. } = self.lives[life];
        let Taken::Mapped { handle, .. } = self.lives[life].taken else { return };
        let frame = self.seen_at(window).expect("a mapped page is seen");
        let mut ops = [UnmapOp::new(self.window(window), handle)];
        self.xen.unmap_grant_refs(DomId::DOM0, &mut ops);
        debug_assert!(ops[0].result.is_ok(), "a held page is mapped once");
        self.lives[life].taken = Taken::Unmapped;
        let flags = self.entry_flags(gref);
        self.step(Event::GrantsUnmapped { first: gref, count: 1, flags });
        if self.xen.memory.owner(frame) == Ok(Owner::Nobody) {
            self.also(Event::Pages(Pages::FrameFreed { frame }));
        }
    }

    fn answer_guest(&mut self, life: usize) {
        let mapped = self.lives[life].is_mapped();
        self.lives[life].answered = true;
        self.step(Event::Pages(Pages::Answered { gref: self.lives[life].gref, mapped }));
    }

    /// The guest takes its grant back: when it has its answer as netfront does, and before that as a driver that is closed.
    fn end(&mut self, life: usize) {
        let Life { gref, page, answered, given, .. } = self.lives[life];
        let ended = match given {
            Given::Deferred => self.try_again(gref),
            _ if answered => {
                let ended = self.grants.end_access(&mut self.xen.memory, gref);
                if ended == EndAccess::Ended {
                    self.grants.release_reference(gref);
                }
                ended
            }
            _ => {
                let grant = Deferred { gref, page: None };
                self.deferred.end_access(&mut self.grants, &mut self.xen.memory, grant, Time::ZERO)
            }
        };
        let flags = self.entry_flags(gref);
        if ended == EndAccess::Ended {
            self.lives[life].given = Given::Ended;
            self.step(Event::GrantsEnded { first: gref, count: 1, flags });
            if answered {
                self.also(Event::PacketFreed { bytes: u32::from(PACKET) });
            }
            return;
        }
        self.refusals += 1;
        let attack = Attack::KeptMapping;
        match (answered && given == Given::Stands, self.front) {
            (true, FrontEpoch::Classic) => {
                self.guest = Guest::Crashed;
                self.step(Event::Trouble(Trouble::GuestCrashed { attack }));
            }
            (true, FrontEpoch::Modern) => {
                self.guest = Guest::DeviceBroken;
                self.step(Event::Trouble(Trouble::DeviceBroken { attack }));
            }
            (false, FrontEpoch::Classic) => {
                self.lives[life].given = Given::Lost;
                self.gone[page] = Some(PageState::Lost);
                self.step(Event::Trouble(Trouble::GrantLeaked { gref: gref.0 }));
            }
            (false, FrontEpoch::Modern) => {
                self.lives[life].given = Given::Deferred;
                self.step(Event::Trouble(Trouble::GrantDeferred { gref: gref.0 }));
            }
        }
    }

    /// The timer of the modern kernel tries the grants that it could not end.
    fn try_again(&mut self, gref: GrantRef) -> EndAccess {
        let mut ended = EndAccess::StillInUse;
        self.deferred.handle(&mut self.grants, &mut self.xen.memory, Time::ZERO, |grant| {
            if grant.gref == gref {
                ended = EndAccess::Ended;
            }
        });
        ended
    }

    /// A guest that goes astray writes zero over its entry's flags: the table is its own memory.
    fn erase(&mut self, life: usize) {
        let gref = self.lives[life].gref;
        let in_use = self.entry_flags(gref) & (GTF_READING | GTF_WRITING) != 0;
        let table = self.xen.domain(GUEST).expect("the guest was made").grants.frames()[0];
        let page = self.xen.memory.page_mut(GUEST, table).expect("Xen lends a domain its own grant table");
        write_flags(page, gref.0, GTF_INVALID);
        self.step(Event::Pages(Pages::EntryErased { gref, in_use }));
    }

    fn give_back(&mut self, life: usize) {
        let page = self.lives[life].page;
        let frame = self.frame_of(page).expect("the guest has the frame until it gives it back");
        self.xen.decrease_reservation(GUEST, pfn(page)).expect("the frame is the guest's");
        self.gone[page] = Some(PageState::Returned);
        let references = self.references(frame);
        self.step(Event::Pages(Pages::FrameReturned { frame, references }));
    }

    /// The guest's first page that no packet lies in.
    fn free_page(&self) -> Option<usize> {
        (0..ROWS).find(|page| {
            let used = |life: &Life| life.page == *page && matches!(life.given, Given::Stands | Given::Deferred);
            self.gone[*page].is_none() && !self.lives.iter().any(used)
        })
    }

    pub(crate) fn frame_of(&self, page: usize) -> Option<Mfn> {
        self.xen.domain(GUEST)?.mfn(pfn(page))
    }

    pub(crate) fn window(&self, place: usize) -> Pfn {
        Pfn(self.windows.0 + place as u32)
    }

    pub(crate) fn seen_at(&self, place: usize) -> Option<Mfn> {
        match self.xen.domain(DomId::DOM0)?.entry(self.window(place))? {
            Entry::Foreign { frame, .. } => Some(frame),
            Entry::Own(_) | Entry::Hole => None,
        }
    }

    fn entry_flags(&self, gref: GrantRef) -> u16 {
        self.grants.entry(&self.xen.memory, gref).flags
    }

    pub(crate) fn references(&self, frame: Mfn) -> u32 {
        self.xen.memory.references(frame).unwrap_or(0)
    }
}

/// The guest's page of a row.
pub(crate) const fn pfn(page: usize) -> Pfn {
    Pfn(FIRST_PAGE + page as u32)
}
