//! What a picture is drawn from: the request, how far its walk has come, what the unit remembers, and whose frames are whose.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec::Vec;

use crate::hypervisor::memory::Owner;
use crate::telling::dma::world::{EACH, FRAMES, World};
use crate::words::ids::{DomId, Mfn};

/// The knob that says where the driver aims: a page's number.
pub(crate) const TARGET: usize = 1;

/// What the unit looks up, one after the other: root entry, context entry, and an entry of each of four levels.
pub(crate) const ROWS: usize = 6;

/// How far a look-up has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    /// Not looked at.
    Waits,
    /// Read from memory: the entry's lower half.
    Read(u64),
    /// Not needed: the unit remembers what it would find.
    Remembered,
    /// Not asked: addresses of the interrupt window are looked up in no table of addresses.
    NotAsked,
    /// Read from memory, and it lets the request not pass.
    Denies(u64),
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is under way, or there is none.
    Open,
    /// It reached a frame; `meant` says whether it is the guest's own.
    Reached { frame: Mfn, meant: bool },
    /// A processor took an interrupt.
    Interrupt { vector: u8 },
    /// The unit blocked it: its tables do not let it pass.
    Blocked { code: u8 },
    /// The unit blocked it as an interrupt, before any table of addresses.
    InterruptBlocked { code: u8 },
    /// Nothing answers.
    Nothing,
    /// The card sent none.
    Silent,
}

/// How far a request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// There is none yet.
    Idle,
    /// Its address stands in a descriptor.
    Described,
    /// The card has sent it.
    Sent,
}

/// Sums from the run's start on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) requests: u32,
    pub(crate) own: u32,
    pub(crate) foreign: u32,
    pub(crate) blocked: u32,
    pub(crate) interrupts: u32,
    pub(crate) logged: u32,
    pub(crate) table_reads: u32,
    pub(crate) remembered: u32,
}

/// The state after one step.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) stage: Stage,
    pub(crate) address: u64,
    pub(crate) write: bool,
    pub(crate) rows: [Row; ROWS],
    pub(crate) outcome: Outcome,
    /// Whose each drawn frame is: 0 Xen's, 1 dom0's, 2 the guest's, 3 its neighbour's, 4 nobody's.
    pub(crate) owners: [u8; FRAMES as usize],
    /// Frames that the card can reach.
    pub(crate) reachable: u32,
    /// Frames that the card reached although they are not its guest's.
    pub(crate) harmed: u32,
    /// Page and frame of what the unit remembers.
    pub(crate) remembered: Vec<(u64, u32)>,
    /// The code in the fault record, if one is pending.
    pub(crate) record: Option<u8>,
    /// Whether the card may send requests.
    pub(crate) master: bool,
    pub(crate) counts: Counts,
    /// Whether nothing is under way, so that the reader may do something.
    pub(crate) rests: bool,
    /// Whether the page's entry lets something pass.
    pub(crate) mapped: bool,
    /// Whether the driver's own page is still the guest's.
    pub(crate) owned: bool,
    /// Whether there is a guest.
    pub(crate) alive: bool,
}

/// Whose the drawn frames are.
pub(crate) fn owners(world: &World) -> [u8; FRAMES as usize] {
    let mut owners = [0; FRAMES as usize];
    for (number, owner) in owners.iter_mut().enumerate() {
        *owner = match world.memory.owner(Mfn(number as u32)) {
            Ok(Owner::Domain(DomId(domain))) => (domain as u8).min(2) + 1,
            Ok(Owner::Nobody) => 4,
            Ok(Owner::Xen(_)) | Err(_) => 0,
        };
    }
    debug_assert!(owners.len() as u32 == 4 * EACH, "four owners have eight frames each at first");
    owners
}

/// What the unit remembers, page and frame.
pub(crate) fn remembered(world: &World) -> Vec<(u64, u32)> {
    let Some(unit) = &world.unit else { return Vec::new() };
    let mut found: Vec<(u64, u32)> = unit
        .iotlb()
        .entries()
        .filter_map(|entry| Some((entry.first, (entry.found.ok()?.address >> 12) as u32)))
        .collect();
    found.sort_unstable();
    found
}
