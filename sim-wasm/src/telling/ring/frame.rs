//! The state of a ring after one step: everything that a picture is drawn from.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec::Vec;

use crate::actors::netfront::STOP_LINE;
use crate::protocols::netif::TX_RING;
use crate::protocols::ring::Index;

/// The eight indexes, the shared ones as the page's bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Registers {
    pub(crate) req_prod: Index,
    pub(crate) req_event: Index,
    pub(crate) rsp_prod: Index,
    pub(crate) rsp_event: Index,
    pub(crate) req_prod_pvt: Index,
    pub(crate) rsp_cons: Index,
    pub(crate) rsp_prod_pvt: Index,
    pub(crate) req_cons: Index,
}

/// What a picture is drawn from.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    /// Slots of the ring.
    pub(crate) entries: u32,
    pub(crate) registers: Registers,
    /// The id in every slot; empty for rings whose slots are too many to label.
    pub(crate) ids: Vec<u16>,
    /// Set once the back end has given the device up.
    pub(crate) broken: bool,
}

impl Frame {
    /// What the slot of a position holds.
    pub(crate) fn holds(&self, index: Index) -> Holds {
        Holds::at(&self.registers, self.entries, index)
    }

    /// Slots in use, as the front end counts them.
    pub(crate) fn outstanding(&self) -> u32 {
        self.registers.req_prod_pvt.since(self.registers.rsp_cons)
    }

    /// Requests that the back end has taken and not answered.
    pub(crate) fn in_progress(&self) -> u32 {
        self.registers.req_cons.since(self.registers.rsp_prod_pvt)
    }

    /// Whether the indexes in use lie on both sides of 2³², where a comparison by size says the contrary of what is so.
    pub(crate) fn is_across_the_wrap(&self) -> bool {
        self.registers.req_prod_pvt.0 < self.registers.rsp_cons.0
    }

    /// Whether the front end may not put another request.
    pub(crate) fn is_full(&self) -> bool {
        self.outstanding() >= stop_line(self.entries)
    }

    /// The position that a slot stands for now: the one between `rsp_cons` and a lap further.
    pub(crate) fn index_of_slot(&self, slot: u32) -> Index {
        let start = self.registers.rsp_cons;
        start.plus(slot.wrapping_sub(start.0) & (self.entries - 1))
    }

    /// The id in a slot, where slots are labelled.
    pub(crate) fn id_of_slot(&self, slot: u32) -> Option<u16> {
        self.ids.get(slot as usize).copied()
    }
}

/// Slots that may be in use when the front end still puts a request: a ring of 256 is netfront's, and netfront keeps room
/// for its largest packet; the smaller rings are nobody's, and fill up.
pub(crate) fn stop_line(entries: u32) -> u32 {
    if entries == TX_RING.entries() { STOP_LINE } else { entries }
}

/// What a slot holds, seen from one position of the endless sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    /// Read and done with.
    Past,
    /// Nothing yet.
    Free,
    /// A request that only the front end knows of.
    PrivateRequest,
    /// A request that both know of.
    Request,
    /// A request that the back end has copied.
    Taken,
    /// A response that only the back end knows of.
    PrivateResponse,
    /// A response that both know of.
    Response,
    /// Nothing, whatever the producer says.
    Claimed,
}

impl Holds {
    fn at(now: &Registers, entries: u32, index: Index) -> Self {
        let ahead = index.since(now.rsp_cons);
        let before = |end: Index| ahead < end.since(now.rsp_cons);
        match () {
            () if ahead >= entries => Self::Past,
            () if before(now.rsp_prod) => Self::Response,
            () if before(now.rsp_prod_pvt) => Self::PrivateResponse,
            () if before(now.req_cons) => Self::Taken,
            () if before(now.req_prod_pvt) && before(now.req_prod) => Self::Request,
            () if before(now.req_prod_pvt) => Self::PrivateRequest,
            () if before(now.req_prod) => Self::Claimed,
            () => Self::Free,
        }
    }
}
