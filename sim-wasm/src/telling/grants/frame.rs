//! What a picture is drawn from: the guest's pages, its grant table, Xen's counts, dom0's windows and packets after one step, all
//! read off the hypervisor's memory and tables, the guest's list of free references, and dom0's packets.
//!
//! Not modelled: what the figure's own entry lists.

use crate::hypervisor::grant_entry::{GTF_INVALID, GrantEntry};
use crate::telling::grants::FIGURE;
use crate::telling::grants::world::{FIRST_ENTRY, GUEST, Given, Life, Taken, World, pfn};
use crate::words::ids::{GrantRef, Mfn, Pfn};

/// Rows of each table: the guest's pages, the entries of its grant table, and the windows of netback that are drawn.
pub(crate) const ROWS: usize = 3;

/// A page of the guest's kernel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageRow {
    pub(crate) pfn: Pfn,
    /// Its frame; nothing once the guest gave it back.
    pub(crate) frame: Option<Mfn>,
    pub(crate) state: PageState,
}

/// What the guest's kernel thinks of a page of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PageState {
    /// Free for whatever comes.
    Free,
    /// A packet lies there, and dom0 may read it.
    Granted,
    /// The same, and dom0 has answered.
    Answered,
    /// The guest could not end the grant and tries again.
    Deferred,
    /// The guest could not end the grant and will not use the page again.
    Lost,
    /// It gave the frame back.
    Returned,
}

/// An entry of the guest's grant table, and what Xen knows of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EntryRow {
    pub(crate) gref: GrantRef,
    /// The eight bytes.
    pub(crate) entry: GrantEntry,
    /// How often Xen has it pinned, for reading and for writing.
    pub(crate) pins: u8,
    /// Xen's references to the frame that it stands for, if it stands for one.
    pub(crate) references: Option<u32>,
}

/// A page of netback's window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WindowRow {
    pub(crate) pfn: Pfn,
    /// The foreign frame that is seen there, and by which grant.
    pub(crate) seen: Option<(Mfn, GrantRef)>,
    /// Packets that point to it, clones counted.
    pub(crate) packets: u32,
    /// Whether its destructor has run: its slot is on the dealloc ring.
    pub(crate) released: bool,
}

/// Whether the guest goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guest {
    /// It does.
    Runs,
    /// It stopped by `BUG()`.
    Crashed,
    /// Its netfront gave the device up.
    DeviceBroken,
}

/// The state after one step.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) pages: [PageRow; ROWS],
    pub(crate) entries: [EntryRow; ROWS],
    pub(crate) windows: [WindowRow; ROWS],
    pub(crate) guest: Guest,
    /// How often Xen or an entry in use refused something so far.
    pub(crate) refusals: u32,
    /// Actions that make sense, one bit for each of the figure's.
    pub(crate) possible: u32,
}

impl Frame {
    pub(crate) fn granted(&self) -> u64 {
        self.entries.iter().filter(|row| row.entry.flags != 0).count() as u64
    }

    pub(crate) fn mapped(&self) -> u64 {
        self.windows.iter().filter(|row| row.seen.is_some()).count() as u64
    }

    pub(crate) fn packets(&self) -> u64 {
        self.windows.iter().map(|row| u64::from(row.packets)).sum()
    }

    pub(crate) fn released(&self) -> u64 {
        self.windows.iter().filter(|row| row.released).count() as u64
    }

    pub(crate) fn lost(&self) -> u64 {
        self.pages.iter().filter(|row| matches!(row.state, PageState::Lost | PageState::Deferred)).count() as u64
    }
}

impl World {
    /// What there is to see now.
    pub(crate) fn frame(&self) -> Frame {
        let possible = FIGURE.actions.iter().enumerate().fold(0, |bits, (number, action)| {
            if self.subject(action.letter).is_some() { bits | 1 << number } else { bits }
        });
        Frame {
            pages: core::array::from_fn(|page| self.page_row(page)),
            entries: core::array::from_fn(|entry| self.entry_row(GrantRef(FIRST_ENTRY + entry as u32))),
            windows: core::array::from_fn(|window| self.window_row(window)),
            guest: self.guest,
            refusals: self.refusals,
            possible,
        }
    }

    fn page_row(&self, page: usize) -> PageRow {
        let of_page = |life: &&Life| life.page == page && life.given != Given::Ended;
        let state = match (self.gone[page], self.lives.iter().rev().find(of_page)) {
            (Some(state), _) => state,
            (None, Some(Life { given: Given::Deferred, .. })) => PageState::Deferred,
            (None, Some(Life { answered: true, .. })) => PageState::Answered,
            (None, Some(_)) => PageState::Granted,
            (None, None) => PageState::Free,
        };
        PageRow { pfn: pfn(page), frame: self.frame_of(page), state }
    }

    fn entry_row(&self, gref: GrantRef) -> EntryRow {
        let entry = self.grants.entry(&self.xen.memory, gref);
        let table = &self.xen.domain(GUEST).expect("the guest was made").grants;
        let pins = table.pins(gref).map_or(0, |pins| pins.readers + pins.writers);
        let named = (entry.flags != GTF_INVALID).then_some(entry.frame);
        let references = table.pinned_frame(gref).or(named).map(|frame| self.references(frame));
        EntryRow { gref, entry, pins, references }
    }

    fn window_row(&self, place: usize) -> WindowRow {
        let mut row = WindowRow { pfn: self.window(place), seen: None, packets: 0, released: false };
        let mapped = self.lives.iter().find(|life| life.window == place && life.is_mapped());
        if let Some(life) = mapped
            && let Taken::Mapped { packets, released, .. } = &life.taken
        {
            row.seen = self.seen_at(place).map(|frame| (frame, life.gref));
            row.packets = packets.first().map_or(0, |skb| self.skbs.get(*skb).dataref());
            row.released = *released;
        }
        row
    }
}
