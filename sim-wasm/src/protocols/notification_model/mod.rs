//! The notification protocol as two processors see it, one micro-step at a time, in both directions at once.
//!
//! ```text
//!   each end produces one way                and consumes the other
//!   ─────────────────────────                ──────────────────────
//!   write entries                      ┌─>   load prod; nothing new: go to *
//!   wmb                                │     rmb
//!   store prod                         │     read every new entry; go back
//!   mb                                 │  *  store event: which entry it wants to be told of
//!   load event                         │     mb
//!   notify if it was just passed       └──   load prod; something new: go back
//!                                            sleep until notified; go back
//! ```
//!
//! The front produces requests while the ring has room, the back a response for each request that it has consumed. How many
//! entries an end writes before it publishes them, and whether it looks for the other's entries in between, is left open:
//! the explorer tries everything. An end with something left to produce does not sleep.
//!
//! Memory is weak in the two ways that the barriers are there for. A store waits in its processor's buffer, and the
//! waiting ones become visible in any order, except that a `wmb` keeps what came before it ahead of what comes after, and
//! that two stores to one place keep their order. And the read of an entry may be carried out before the load of the
//! producer that precedes it, unless an `rmb` stands between them. An `mb` waits until the buffer is empty; so do sending a
//! notification and waking from one, which are locked operations.
//!
//! Sources: `xen/include/public/io/ring.h`; `network_tx_buf_gc()` in `drivers/xen/netfront/netfront.c` of
//! linux-2.6.18-xen for [`Asking::HalfWay`].
//!
//! Not modelled: an end that keeps entries for as long as it likes (netback does: a response that is never written wakes
//! nobody, which is no fault of the protocol), masked ports, more than two processors, and early reads of anything but the
//! next entry.

mod processor;

mod view;

use alloc::vec::Vec;

use crate::protocols::ring::Index;
use crate::protocols::store_buffer::{Place, Store};

pub(crate) use processor::At;

use processor::Processor;

/// The most requests of a [`Protocol`].
pub const MOST_REQUESTS: u8 = 4;
/// The most slots of a [`Protocol`]'s ring.
pub const MOST_SLOTS: u8 = 4;

/// Which barriers of one direction are in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Barriers {
    /// The producer's `wmb` between entries and producer index.
    pub producer_wmb: bool,
    /// The producer's `mb` between producer index and event index.
    pub producer_mb: bool,
    /// The consumer's `rmb` between producer index and entry.
    pub consumer_rmb: bool,
    /// The consumer's `mb` between event index and producer index.
    pub consumer_mb: bool,
}

impl Barriers {
    /// The protocol as `xen/include/public/io/ring.h` has it.
    pub const ALL: Barriers = Barriers { producer_wmb: true, producer_mb: true, consumer_rmb: true, consumer_mb: true };
}

/// Which response the front asks to be told of. The back always asks for the next request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// The next one, when it has found nothing new (`RING_FINAL_CHECK_FOR_RESPONSES`).
    Next,
    /// The one half way through what is under way, after every look (the classic network front).
    HalfWay,
}

/// Which ways entries go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ways {
    /// Requests there and responses back.
    Both,
    /// Requests only: the back answers none, and the front is at rest when it has published its last. Few enough states to
    /// count every interleaving.
    RequestsOnly,
}

/// What is played: how many requests, on which ring, how the front asks, with which barriers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// Requests that the front publishes in all, at most [`MOST_REQUESTS`].
    pub requests: u8,
    /// Slots of the ring, a power of two and at most [`MOST_SLOTS`].
    pub slots: u8,
    /// The index of the first request and of the first response.
    pub base: Index,
    /// Which ways entries go.
    pub ways: Ways,
    /// How the front asks.
    pub asking: Asking,
    /// The barriers on the way of requests, from front to back, and of responses, from back to front.
    pub barriers: [Barriers; 2],
}

impl Protocol {
    fn index(&self, distance: u8) -> Index {
        self.base.plus(distance.into())
    }
}

/// One of the two ends, each a processor of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// Sends requests.
    Front,
    /// Sends responses.
    Back,
}

impl End {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> End {
        match self {
            End::Front => End::Back,
            End::Back => End::Front,
        }
    }

    /// Where the indexes of the direction that it produces stand in an array of both.
    const fn out(self) -> usize {
        self as usize
    }

    /// Where the indexes of the direction that it consumes stand.
    const fn inward(self) -> usize {
        self.other() as usize
    }
}

/// What a read of an entry found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Contents {
    /// What the index promised.
    Entry,
    /// What was in the slot before.
    Stale,
}

/// One micro-step of one end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Whose.
    pub end: End,
    /// What it does.
    pub action: Action,
}

/// What an end does in one micro-step. Whether it is about requests or responses follows from the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Writes the entry of this index, into its buffer.
    WriteEntry(Index),
    /// Publishes entries up to this index, into its buffer.
    StoreProd(Index),
    /// Sees that the other end asked for this index.
    LoadEvent(Index),
    /// Notifies the other end.
    Notify,
    /// An entry becomes visible, in the slot of this number.
    EntryVisible(u8),
    /// Its producer becomes visible as this index.
    ProdVisible(Index),
    /// Its event index becomes visible as this one.
    EventVisible(Index),
    /// Sees entries up to this index.
    LoadProd(Index),
    /// Its processor reads the entry of this index before the load of the producer that would tell it to.
    ReadEntryEarly(Index, Contents),
    /// Takes the entry of this index.
    TakeEntry(Index, Contents),
    /// Asks to be notified at this index, into its buffer.
    StoreEvent(Index),
    /// Looks once more and sees entries up to this index; sleeps if there are none and it has nothing else to do.
    RecheckProd(Index),
    /// Is woken by a notification.
    Wake,
}

/// What both ends see. Indexes are kept as distances from the base.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Shared {
    slots: [u8; MOST_SLOTS as usize],
    prod: [u8; 2],
    event: [u8; 2],
}

/// Both processors and the memory between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct State {
    shared: Shared,
    ends: [Processor; 2],
}

impl State {
    /// Before the first step: an empty ring as `SHARED_RING_INIT` leaves it, and both ends awake.
    pub const START: State = State {
        shared: Shared { slots: [0; MOST_SLOTS as usize], prod: [0; 2], event: [1; 2] },
        ends: [Processor::START; 2],
    };

    /// Whether every request was taken and answered, every response taken, and both ends sleep.
    #[must_use]
    pub fn is_good_end(&self, protocol: &Protocol) -> bool {
        self.is_asleep(protocol) && self.is_all_taken(protocol)
    }

    /// Whether both ends sleep and nothing is ever going to wake them, though something was not consumed.
    #[must_use]
    pub fn is_lost_wakeup(&self, protocol: &Protocol) -> bool {
        self.is_asleep(protocol) && !self.is_all_taken(protocol)
    }

    fn is_asleep(&self, protocol: &Protocol) -> bool {
        [End::Front, End::Back].into_iter().all(|end| {
            let mine = &self.ends[end as usize];
            mine.is_at_rest(end, protocol) && !mine.notified && mine.buffer.is_empty()
        })
    }

    /// Whether the last taker has taken everything.
    const fn is_all_taken(&self, protocol: &Protocol) -> bool {
        let last = match protocol.ways {
            Ways::Both => End::Front,
            Ways::RequestsOnly => End::Back,
        };
        self.ends[last as usize].taken == protocol.requests
    }

    /// The state after a step; nothing if the step cannot happen here.
    #[must_use]
    pub fn after(&self, protocol: &Protocol, step: Step) -> Option<State> {
        self.steps(protocol).into_iter().find(|(possible, _)| *possible == step).map(|(_, next)| next)
    }

    /// Everything that may happen next.
    #[must_use]
    pub fn steps(&self, protocol: &Protocol) -> Vec<(Step, State)> {
        let mut steps = Vec::new();
        for end in [End::Front, End::Back] {
            self.drains(protocol, end, &mut steps);
            self.acts(protocol, end, &mut steps);
        }
        steps
    }

    fn drains(&self, protocol: &Protocol, end: End, steps: &mut Vec<(Step, State)>) {
        for (store, left) in self.ends[end as usize].buffer.drains() {
            let mut next = *self;
            next.ends[end as usize].buffer = left;
            let action = next.shared.make_visible(protocol, end, store);
            steps.push((Step { end, action }, next));
        }
    }
}

impl Shared {
    fn make_visible(&mut self, protocol: &Protocol, end: End, store: Store) -> Action {
        match store.place {
            Place::Slot(slot) => {
                self.slots[usize::from(slot)] = store.value;
                Action::EntryVisible(slot)
            }
            Place::Prod => {
                self.prod[end.out()] = store.value;
                Action::ProdVisible(protocol.index(store.value))
            }
            Place::Event => {
                self.event[end.inward()] = store.value;
                Action::EventVisible(protocol.index(store.value))
            }
        }
    }
}

#[cfg(test)]
mod beside_the_ring;
