//! A run of the figure: requests of the card one after the other, each told step by step, and what Xen does in between.
//!
//! The unit answers a request at once; which entries it read on the way is told from its counts and the tables.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec::Vec;

use crate::actors::log::dma::Dma;
use crate::actors::log::vtd::Vtd;
use crate::actors::log::{Event, Log};
use crate::actors::remapping;
use crate::hypervisor::memory::{Memory, Owner};
use crate::hypervisor::message::is_for_interrupts;
use crate::hypervisor::passthrough::options::Quarantine;
use crate::hypervisor::passthrough::step::Step;
use crate::hypervisor::vtd::fault::Fault;
use crate::hypervisor::vtd::interrupts::{Arrival, Interrupt};
use crate::hypervisor::vtd::registers as reg;
use crate::hypervisor::vtd::structures::{ContextEntry, PAGE_SHIFT, Pte, RootEntry, level_index, table_at};
use crate::hypervisor::vtd::unit::Counts as UnitCounts;
use crate::hypervisor::vtd::write_requests::{Completion, Ending};
use crate::telling::dma::frame::{Counts, Frame, Outcome, ROWS, Row, Stage, TARGET, owners, remembered};
use crate::telling::dma::guard::{BUFFER, Guard};
use crate::telling::dma::picture;
use crate::telling::dma::world::{CARD, GUEST, NEIGHBOUR, World, bytes};
use crate::telling::drawing::Drawing;
use crate::telling::story::{Answer, Enacted, Layout, Run, Setup};
use crate::words::ids::{Dfn, DomId, Mfn};
use crate::words::time::Time;

const GUARD: usize = 0;
const WAY: usize = 2;

/// The letters of what a reader can do.
pub(crate) const AGAIN: char = 'd';
pub(crate) const CLEAR: char = 'u';
pub(crate) const GIVE: char = 'g';
pub(crate) const FLUSH: char = 'f';
pub(crate) const DESTROY: char = 'x';

/// What each preset does, one letter after the other, until a reader does something else.
const SCRIPTS: [&str; 5] = ["d", "d", "d", "dugdfd", "dxd"];

/// Time between two of the driver's descriptors.
const BETWEEN: u64 = 1_000_000;

/// A machine and all frames so far.
pub(crate) struct DmaRun {
    guard: Guard,
    /// The page in the descriptor.
    target: Dfn,
    write: bool,
    world: World,
    now: u64,
    state: Frame,
    frames: Vec<Frame>,
    /// The step of the reader's next action: nothing else may take it.
    until: u32,
    log: Log,
}

impl DmaRun {
    pub(crate) fn new(setup: &Setup) -> Self {
        let guard = Guard::of(setup.knobs[GUARD]);
        let world = World::new(guard);
        let (target, write) = (Dfn(setup.knobs[TARGET]), setup.knobs[WAY] == 0);
        let state = Frame {
            stage: Stage::Idle,
            address: address_of(target),
            write,
            rows: [Row::Waits; ROWS],
            outcome: Outcome::Open,
            owners: owners(&world),
            reachable: world.reachable(),
            harmed: 0,
            remembered: Vec::new(),
            record: None,
            master: true,
            counts: Counts::default(),
            rests: true,
            mapped: false,
            owned: true,
            alive: true,
        };
        let mut run =
            Self { guard, target, write, world, now: 0, state, frames: Vec::new(), until: u32::MAX, log: Log::new() };
        run.keep(true);
        run.enact(SCRIPTS[setup.preset], &setup.inputs);
        run
    }

    /// One thing has happened: it is told, and the picture is kept.
    fn step(&mut self, event: Event, rests: bool) {
        if self.log.steps() + 1 < self.until {
            self.log.step(Time(self.now), event);
            self.keep(rests);
        }
    }

    /// Something happened with it.
    fn also(&mut self, event: Event) {
        if self.log.steps() + 1 < self.until {
            self.log.also(Time(self.now), event);
        }
    }

    fn keep(&mut self, rests: bool) {
        self.state.rests = rests;
        self.state.owners = owners(&self.world);
        self.state.reachable = self.world.reachable();
        self.state.remembered = remembered(&self.world);
        self.state.record = self.world.unit.as_ref().and_then(|unit| Some(unit.record(0)?.reason.code()));
        self.state.mapped = self.world.led_to(self.own_page()).is_some();
        self.state.owned = self.frame_is_the_guests(self.own_frame());
        self.frames.push(self.state.clone());
    }

    /// The page that Xen may take away, as the tables count it: where the driver aims, or its usual buffer if that is none
    /// of the guest's pages.
    fn own_page(&self) -> Dfn {
        let aims_at_own = self.guard.frame_of(self.target).is_some();
        if aims_at_own { self.target } else { self.guard.own_page(BUFFER) }
    }

    /// The frame of that page.
    fn own_frame(&self) -> Mfn {
        self.guard.frame_of(self.own_page()).expect("it is one of the guest's")
    }

    fn frame_is_the_guests(&self, frame: Mfn) -> bool {
        self.world.memory.owner(frame) == Ok(Owner::Domain(GUEST))
    }

    fn request(&mut self) {
        let (address, write) = (address_of(self.target), self.write);
        (self.state.rows, self.state.outcome, self.state.stage) = ([Row::Waits; ROWS], Outcome::Open, Stage::Described);
        self.state.counts.requests += 1;
        let described = if self.state.alive {
            Dma::DescriptorWritten { address, write }
        } else {
            Dma::DescriptorLeft { address, write }
        };
        self.step(Event::Dma(described), false);
        if !self.state.master {
            self.state.outcome = Outcome::Silent;
            self.step(Event::Dma(Dma::CardSilent), true);
            return;
        }
        self.state.stage = Stage::Sent;
        self.step(Event::Dma(Dma::RequestSent { source: CARD, address, write }), false);
        let completion = self.send(address, write);
        self.end(address, write, completion);
    }

    /// The request itself, told up to its end.
    fn send(&mut self, address: u64, write: bool) -> Completion {
        let World { memory, unit, .. } = &mut self.world;
        let Some(unit) = unit else { return without_unit(memory, address, write) };
        let before = unit.counts();
        let completion = if write {
            unit.dma_write(memory, CARD, address, &bytes(address))
        } else {
            unit.dma_read(memory, CARD, address, &mut [0; 4])
        };
        if is_for_interrupts(address) {
            self.state.rows = [Row::NotAsked; ROWS];
        } else {
            self.tell_walk(address, before);
        }
        completion
    }

    fn tell_walk(&mut self, address: u64, before: UnitCounts) {
        let Some(unit) = &self.world.unit else { return };
        let (after, root) = (unit.counts(), unit.root());
        let table = table_at(&self.world.memory, root).expect("Xen made the root table");
        let entry = RootEntry::read(table, CARD.bus());
        let table = table_at(&self.world.memory, entry.context_table()).expect("Xen made the context table");
        let context = ContextEntry::read(table, CARD.devfn());
        let (did, levels) = (context.did().0, context.levels());
        if after.context_misses > before.context_misses {
            self.state.rows[0] = Row::Read(entry.low);
            self.state.counts.table_reads += 1;
            self.step(Event::Dma(Dma::RootRead { bus: CARD.bus() }), false);
            self.state.rows[1] = Row::Read(context.low);
            self.state.counts.table_reads += 1;
            self.step(Event::Dma(Dma::ContextRead { source: CARD, did, levels }), false);
        } else {
            self.state.rows[..2].fill(Row::Remembered);
            self.state.counts.remembered += 1;
            self.step(Event::Dma(Dma::ContextRemembered { did }), false);
        }
        if after.iotlb_misses == before.iotlb_misses {
            self.state.rows[2..].fill(Row::Remembered);
            self.state.counts.remembered += 1;
            let page = address >> 12;
            let frame =
                remembered(&self.world).into_iter().find(|(known, _)| *known == page).map_or(0, |found| found.1);
            self.step(Event::Dma(Dma::TranslationRemembered { did, page, frame: Mfn(frame) }), false);
            return;
        }
        let wanted = if self.write { 2 } else { 1 };
        let (mut table, mut level) = (context.table(), levels);
        while level > 0 {
            let page = table_at(&self.world.memory, table).expect("Xen made the tables");
            let index = level_index(address, level);
            let entry = Pte::read(page, index);
            let passes = entry.0 & wanted != 0;
            self.state.rows[2 + usize::from(levels - level)] =
                if passes { Row::Read(entry.0) } else { Row::Denies(entry.0) };
            self.state.counts.table_reads += 1;
            self.step(Event::Dma(Dma::EntryRead { level, index, entry: entry.0 }), false);
            if !passes {
                return;
            }
            (table, level) = (entry.address(), level - 1);
        }
    }

    fn end(&mut self, address: u64, write: bool, completion: Completion) {
        let dfn = Dfn((address >> PAGE_SHIFT) as u32);
        match completion.ending {
            Ending::Done => {
                let frame = completion.frame.expect("what moved was or went somewhere");
                let meant = self.frame_is_the_guests(frame);
                if meant {
                    self.state.counts.own += 1;
                } else {
                    self.state.counts.foreign += 1;
                    self.state.harmed |= 1_u32.checked_shl(frame.0).unwrap_or(0);
                }
                self.state.outcome = Outcome::Reached { frame, meant };
                self.step(Event::Dma(Dma::FrameReached { frame, write, meant }), true);
            }
            Ending::Unsupported => self.state.outcome = Outcome::Nothing,
            Ending::Interrupt(Arrival::AsWritten(Interrupt { vector, .. })) => {
                self.state.counts.interrupts += 1;
                self.state.outcome = Outcome::Interrupt { vector };
            }
            // The figure's table of interrupts is empty: what is not blocked was passed on as it was written.
            Ending::Interrupt(Arrival::Remapped(_) | Arrival::Notified(_) | Arrival::Noted) => return,
            Ending::Blocked(reason) => {
                self.state.counts.blocked += 1;
                let code = reason.code();
                self.state.outcome =
                    if reason.is_interrupt() { Outcome::InterruptBlocked { code } } else { Outcome::Blocked { code } };
            }
        }
        let blocked = if let Ending::Blocked(reason) = completion.ending { Some(reason) } else { None };
        if let Some(event) = remapping::told(CARD, dfn, completion.ending) {
            self.step(Event::Vtd(event), blocked.is_none());
        }
        if let Some(reason) = blocked {
            self.log_fault(dfn, reason);
        }
    }

    /// The unit writes a fault down, and Xen's handler looks at it.
    fn log_fault(&mut self, dfn: Dfn, reason: Fault) {
        self.also(Event::Vtd(Vtd::FaultRecorded { source: CARD }));
        self.state.counts.logged += 1;
        self.acknowledge();
        let stops = self.guard.stops_storms() && self.world.faults.one_more(Time(self.now));
        let faults = self.world.faults.count();
        self.state.master &= !stops;
        self.step(Event::Vtd(Vtd::Xen(Step::FaultLogged { source: CARD, page: dfn.0.into(), reason })), true);
        if stops {
            self.also(Event::Vtd(Vtd::Xen(Step::BusMasterCleared { source: CARD, faults })));
        }
    }

    /// Xen's handler reads the fault record and clears it.
    fn acknowledge(&mut self) {
        let World { memory, unit: Some(unit), .. } = &mut self.world else { return };
        let record = unit.capabilities().fault_records_at();
        unit.write_u64(memory, record + 8, reg::FRCD_F);
        unit.write_u32(memory, reg::FSTS, reg::FSTS_PFO);
    }

    fn clear(&mut self) {
        let page = self.own_page();
        self.world.clear_entry(page);
        self.step(Event::Vtd(Vtd::Xen(Step::Unmapped { domain: GUEST, dfn: page })), true);
    }

    fn give(&mut self) {
        let frame = self.own_frame();
        self.world.memory.assign(frame, GUEST, NEIGHBOUR);
        self.step(Event::Dma(Dma::FrameGiven { frame }), true);
    }

    /// The guest goes, and its card to whoever has it then. Memory is let go when the unit has forgotten the guest.
    fn destroy(&mut self) {
        self.state.alive = false;
        self.step(Event::Dma(Dma::GuestDestroyed), false);
        let quarantine = self.guard.quarantine();
        if let Some((quarantine, (table, did))) = quarantine.and_then(|it| Some((it, self.world.take_card(it)?))) {
            let (from, old) = (GUEST, self.world.did);
            let to = if quarantine == Quarantine::No { DomId::DOM0 } else { DomId::IO };
            self.step(Event::Vtd(Vtd::Xen(Step::ContextWritten { source: CARD, did, table })), false);
            self.also(Event::Vtd(Vtd::Xen(Step::Reassigned { source: CARD, from, to })));
            self.world.forget_card();
            self.world.did = did;
            self.step(Event::Vtd(Vtd::Xen(Step::ContextFlushed { unit: 0, source: CARD, did: old })), false);
            self.also(Event::Vtd(Vtd::Xen(Step::DomainFlushed { unit: 0, did: old })));
            let frames = self.world.free_tables();
            self.step(Event::Vtd(Vtd::Xen(Step::TablesFreed { domain: GUEST, frames })), false);
        }
        let frames = self.world.free_guest();
        self.step(Event::Dma(Dma::FramesFreed { frames }), true);
    }

    fn flush(&mut self) {
        self.world.flush();
        self.step(Event::Vtd(Vtd::Xen(Step::DomainFlushed { unit: 0, did: self.world.did })), true);
    }
}

/// Whether the reader's action makes sense after a frame.
fn makes_sense(frame: &Frame, letter: char, has_unit: bool) -> bool {
    frame.rests
        && match letter {
            AGAIN => true,
            CLEAR => frame.alive && frame.mapped,
            GIVE => has_unit && !frame.mapped && frame.owned,
            DESTROY => frame.alive,
            FLUSH => has_unit && !frame.remembered.is_empty(),
            _ => false,
        }
}

/// Where a page begins.
const fn address_of(page: Dfn) -> u64 {
    (page.0 as u64) << PAGE_SHIFT
}

/// Nothing between card and memory: an address is the machine's, and a write into the window is an interrupt.
fn without_unit(memory: &mut Memory, address: u64, write: bool) -> Completion {
    let mut unit = World::open_unit();
    if write {
        unit.dma_write(memory, CARD, address, &bytes(address))
    } else {
        unit.dma_read(memory, CARD, address, &mut [0; 4])
    }
}

impl Enacted for DmaRun {
    fn steps(&self) -> u32 {
        self.log.steps()
    }

    fn leave_room_from(&mut self, step: u32) {
        self.until = step;
    }

    /// Does what a letter says; `false` if it makes no sense.
    fn perform(&mut self, letter: char) -> bool {
        let last = &self.frames[self.frames.len() - 1];
        if !makes_sense(last, letter, self.world.unit.is_some()) {
            return false;
        }
        self.now += BETWEEN;
        match letter {
            AGAIN => self.request(),
            CLEAR => self.clear(),
            GIVE => self.give(),
            DESTROY => self.destroy(),
            _ => self.flush(),
        }
        true
    }
}

impl Run for DmaRun {
    fn log(&self) -> &Log {
        &self.log
    }

    fn draw(&self, step: u32, layout: Layout) -> Drawing {
        picture::draw(self.guard, self.target, &self.frames[step as usize], layout)
    }

    fn can(&self, step: u32, letter: char) -> bool {
        makes_sense(&self.frames[step as usize], letter, self.guard.has_unit())
    }

    fn value(&self, step: u32, quantity: usize) -> u64 {
        let frame = &self.frames[step as usize];
        let counts = &frame.counts;
        u64::from(match quantity {
            0 => counts.requests,
            1 => counts.own,
            2 => counts.foreign,
            3 => counts.blocked,
            4 => counts.interrupts,
            5 => counts.logged,
            6 => counts.table_reads,
            7 => counts.remembered,
            _ => frame.reachable.count_ones(),
        })
    }

    fn answer(&self) -> Option<Answer> {
        let ends = self.frames.iter().map(|frame| frame.outcome);
        let first = ends.into_iter().find(|outcome| *outcome != Outcome::Open)?;
        let (value, why) = match first {
            Outcome::Reached { meant: true, .. } => (0, "The address leads to a page of the guest's own."),
            Outcome::Reached { meant: false, .. } => (1, "Nothing between card and memory asks whose the page is."),
            Outcome::Interrupt { .. } => (3, "A write into this window is an interrupt, and nothing remaps those."),
            Outcome::Blocked { .. } => (2, "The card's tables have no entry that lets it pass."),
            Outcome::InterruptBlocked { .. } => {
                (2, "A write into this window is an interrupt, and the IOMMU lets only those of its own table pass.")
            }
            Outcome::Nothing => (4, "Only writes mean something in this window: no memory answers there."),
            Outcome::Silent | Outcome::Open => return None,
        };
        Some(Answer { value, why })
    }
}
