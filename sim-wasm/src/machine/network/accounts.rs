//! What a run keeps accounts of beside its metrics.
//!
//! Not modelled: packets' order; only what became of their bytes.

use alloc::vec::Vec;

/// How full everything is at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Levels {
    /// Requests without a consumed response on each guest's transmit ring.
    pub outstanding: Vec<u32>,
    /// Packets in each guest's own queue.
    pub guest_queue: Vec<u32>,
    /// Buffers that each guest has posted.
    pub posted: Vec<u32>,
    /// Slots that netback holds, all guests together.
    pub held: u32,
    /// Packets between dom0's drivers and its stack.
    pub backlog: u32,
    /// Packets in front of the card.
    pub card_queue: u32,
    /// Descriptors in use on the card.
    pub descriptors: u32,
}

/// What must not happen in a sound engine, counted where it would show; kept only with full receipts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Receipts {
    /// Packets that left or arrived with a stamp.
    pub stamped: u64,
    /// Packets that left or arrived without: too short for one.
    pub unstamped: u64,
    /// Packets whose bytes were not those that belong to their stamp.
    pub damaged: u64,
}
