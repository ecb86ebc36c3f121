//! The notification protocol as two processors see it, one micro-step at a time.
//!
//! ```text
//!   producer, once a request               consumer, for ever
//!   ────────────────────────               ──────────────────
//!   write the entry                  ┌─>   load req_prod; nothing new: go to *
//!   wmb                              │     rmb
//!   store req_prod                   │     read every new entry; go back
//!   mb                               │  *  store req_event, one past what was consumed
//!   load req_event                   │     mb
//!   notify if it was just passed     └──   load req_prod; something new: go back
//!                                          sleep until notified; go back
//! ```
//!
//! Memory is weak in the two ways that the barriers are there for. A store waits in its processor's buffer, and the
//! waiting ones become visible in any order, except that a `wmb` keeps what came before it ahead of what comes after, and
//! that two stores to one place keep their order. And the read of an entry may be carried out before the load of
//! `req_prod` that precedes it, unless an `rmb` stands between them. An `mb` waits until the buffer is empty; so do
//! sending a notification and waking from one, which are locked operations.
//!
//! The producer publishes one request at a time and the ring never fills, so responses do not matter here.

use crate::protocols::ring::{Index, notify_due};
use crate::protocols::store_buffer::{Place, Store, StoreBuffer};

/// The most requests of a [`Protocol`].
pub const MOST_REQUESTS: u8 = 3;

/// Which barriers are in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Barriers {
    /// The producer's `wmb` between entry and `req_prod`.
    pub producer_wmb: bool,
    /// The producer's `mb` between `req_prod` and `req_event`.
    pub producer_mb: bool,
    /// The consumer's `rmb` between `req_prod` and entry.
    pub consumer_rmb: bool,
    /// The consumer's `mb` between `req_event` and `req_prod`.
    pub consumer_mb: bool,
}

impl Barriers {
    /// The protocol as `xen/include/public/io/ring.h` has it.
    pub const ALL: Barriers = Barriers { producer_wmb: true, producer_mb: true, consumer_rmb: true, consumer_mb: true };
}

/// What is played: how many requests, where on the ring, with which barriers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// Requests that the producer publishes, at most [`MOST_REQUESTS`].
    pub requests: u8,
    /// The index of the first.
    pub base: Index,
    /// The barriers in place.
    pub barriers: Barriers,
}

/// What a read of an entry found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Contents {
    /// The request.
    Request,
    /// What was in the slot before.
    Stale,
}

/// One micro-step of one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The producer writes the entry of this index, into its buffer.
    WriteEntry(Index),
    /// The producer orders its stores.
    WriteBarrier,
    /// The producer publishes requests up to this index, into its buffer.
    StoreProd(Index),
    /// The producer has waited until its stores are visible.
    ProducerBarrier,
    /// The producer sees that the consumer asked for this index.
    LoadEvent(Index),
    /// The producer notifies the consumer.
    Notify,
    /// The entry of this index becomes visible.
    EntryVisible(Index),
    /// `req_prod` becomes visible as this index.
    ProdVisible(Index),
    /// The consumer sees requests up to this index.
    LoadProd(Index),
    /// The consumer orders its reads.
    ReadBarrier,
    /// The consumer's processor reads the entry of this index before the load of `req_prod` that would tell it to.
    ReadEntryEarly(Index, Contents),
    /// The consumer takes the entry of this index.
    TakeEntry(Index, Contents),
    /// The consumer asks to be notified at this index, into its buffer.
    StoreEvent(Index),
    /// `req_event` becomes visible as this index.
    EventVisible(Index),
    /// The consumer has waited until its store is visible.
    ConsumerBarrier,
    /// The consumer looks once more and sees requests up to this index.
    RecheckProd(Index),
    /// The consumer sleeps.
    Sleep,
    /// The consumer is woken by a notification.
    Wake,
}

/// Where the producer is in its program: the step that it takes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum ProducerAt {
    WriteEntry,
    WriteBarrier,
    StoreProd,
    Barrier,
    LoadEvent,
    Notify,
    Done,
}

/// Where the consumer is in its program: the step that it takes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum ConsumerAt {
    LoadProd,
    ReadBarrier,
    TakeEntry,
    StoreEvent,
    Barrier,
    RecheckProd,
    Sleep,
    Asleep,
}

/// Both sides and the memory between them. Indexes are kept as distances from the base.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct State {
    producer: ProducerAt,
    /// Requests whose publication is complete.
    sent: u8,
    producer_buffer: StoreBuffer,
    consumer: ConsumerAt,
    consumed: u8,
    /// The last `req_prod` that the consumer loaded.
    seen: u8,
    /// What an entry read early had.
    early: Option<Contents>,
    consumer_buffer: StoreBuffer,
    /// Bit by bit, which entries are visible.
    entries: u8,
    prod: u8,
    event: u8,
    notified: bool,
}

impl State {
    /// Before the first step: an empty ring as `SHARED_RING_INIT` leaves it, and the consumer awake.
    pub const START: State = State {
        producer: ProducerAt::WriteEntry,
        sent: 0,
        producer_buffer: StoreBuffer::EMPTY,
        consumer: ConsumerAt::LoadProd,
        consumed: 0,
        seen: 0,
        early: None,
        consumer_buffer: StoreBuffer::EMPTY,
        entries: 0,
        prod: 0,
        event: 1,
        notified: false,
    };

    /// Whether the consumer sleeps and nothing is ever going to wake it, though it has not consumed everything.
    pub fn is_lost_wakeup(&self) -> bool {
        self.consumer == ConsumerAt::Asleep
            && !self.notified
            && self.producer == ProducerAt::Done
            && self.producer_buffer.is_empty()
            && self.consumer_buffer.is_empty()
            && self.consumed != self.prod
    }

    /// Whether the producer is done, and the consumer sleeps with everything consumed.
    pub fn is_good_end(&self) -> bool {
        self.consumer == ConsumerAt::Asleep && self.producer == ProducerAt::Done && self.consumed == self.sent
    }

    /// Everything that may happen next.
    pub fn steps(&self, protocol: &Protocol) -> Vec<(Step, State)> {
        let mut steps = Vec::new();
        self.drains(protocol, &mut steps);
        steps.extend(self.producer_step(protocol));
        self.consumer_steps(protocol, &mut steps);
        steps
    }

    fn drains(&self, protocol: &Protocol, steps: &mut Vec<(Step, State)>) {
        for (store, left) in self.producer_buffer.drains() {
            steps.push(State { producer_buffer: left, ..*self }.made_visible(protocol, store));
        }
        for (store, left) in self.consumer_buffer.drains() {
            steps.push(State { consumer_buffer: left, ..*self }.made_visible(protocol, store));
        }
    }

    fn made_visible(mut self, protocol: &Protocol, store: Store) -> (Step, State) {
        let index = |distance: u8| protocol.base.plus(distance.into());
        let step = match store.place {
            Place::Entry(entry) => {
                self.entries |= 1 << entry;
                Step::EntryVisible(index(entry))
            }
            Place::Prod => {
                self.prod = store.value;
                Step::ProdVisible(index(store.value))
            }
            Place::Event => {
                self.event = store.value;
                Step::EventVisible(index(store.value))
            }
        };
        (step, self)
    }

    fn producer_step(&self, protocol: &Protocol) -> Option<(Step, State)> {
        let index = |distance: u8| protocol.base.plus(distance.into());
        let barriers = protocol.barriers;
        let mut next = *self;
        let step = match self.producer {
            ProducerAt::WriteEntry => {
                next.producer_buffer.push(Place::Entry(self.sent), 1);
                next.producer = if barriers.producer_wmb { ProducerAt::WriteBarrier } else { ProducerAt::StoreProd };
                Step::WriteEntry(index(self.sent))
            }
            ProducerAt::WriteBarrier => {
                next.producer_buffer.separate();
                next.producer = ProducerAt::StoreProd;
                Step::WriteBarrier
            }
            ProducerAt::StoreProd => {
                next.producer_buffer.push(Place::Prod, self.sent + 1);
                next.producer = if barriers.producer_mb { ProducerAt::Barrier } else { ProducerAt::LoadEvent };
                Step::StoreProd(index(self.sent + 1))
            }
            ProducerAt::Barrier if !self.producer_buffer.is_empty() => return None,
            ProducerAt::Barrier => {
                next.producer = ProducerAt::LoadEvent;
                Step::ProducerBarrier
            }
            ProducerAt::LoadEvent => {
                let (old, new, event) = (index(self.sent), index(self.sent + 1), index(self.event));
                if notify_due(old, new, event) {
                    next.producer = ProducerAt::Notify;
                } else {
                    next.finish_request(protocol);
                }
                Step::LoadEvent(event)
            }
            ProducerAt::Notify if !self.producer_buffer.is_empty() => return None,
            ProducerAt::Notify => {
                next.notified = true;
                next.finish_request(protocol);
                Step::Notify
            }
            ProducerAt::Done => return None,
        };
        Some((step, next))
    }

    fn finish_request(&mut self, protocol: &Protocol) {
        self.sent += 1;
        self.producer = if self.sent < protocol.requests { ProducerAt::WriteEntry } else { ProducerAt::Done };
    }

    fn consumer_steps(&self, protocol: &Protocol, steps: &mut Vec<(Step, State)>) {
        let index = |distance: u8| protocol.base.plus(distance.into());
        let barriers = protocol.barriers;
        let mut next = *self;
        let step = match self.consumer {
            ConsumerAt::LoadProd => {
                if !barriers.consumer_rmb && self.early.is_none() && self.consumed < protocol.requests {
                    let contents = self.contents(self.consumed);
                    let early = State { early: Some(contents), ..*self };
                    steps.push((Step::ReadEntryEarly(index(self.consumed), contents), early));
                }
                next.seen = self.prod;
                next.consumer = if self.prod == self.consumed {
                    // A read that was made in vain is forgotten, as a processor forgets a wrong guess.
                    next.early = None;
                    ConsumerAt::StoreEvent
                } else if barriers.consumer_rmb {
                    ConsumerAt::ReadBarrier
                } else {
                    ConsumerAt::TakeEntry
                };
                Step::LoadProd(index(self.prod))
            }
            ConsumerAt::ReadBarrier => {
                next.consumer = ConsumerAt::TakeEntry;
                Step::ReadBarrier
            }
            ConsumerAt::TakeEntry => {
                let contents = next.early.take().unwrap_or(self.contents(self.consumed));
                next.consumed += 1;
                if next.consumed == self.seen {
                    next.consumer = ConsumerAt::LoadProd;
                }
                Step::TakeEntry(index(self.consumed), contents)
            }
            ConsumerAt::StoreEvent => {
                next.consumer_buffer.push(Place::Event, self.consumed + 1);
                next.consumer = if barriers.consumer_mb { ConsumerAt::Barrier } else { ConsumerAt::RecheckProd };
                Step::StoreEvent(index(self.consumed + 1))
            }
            ConsumerAt::Barrier if !self.consumer_buffer.is_empty() => return,
            ConsumerAt::Barrier => {
                next.consumer = ConsumerAt::RecheckProd;
                Step::ConsumerBarrier
            }
            ConsumerAt::RecheckProd => {
                next.consumer = if self.prod == self.consumed { ConsumerAt::Sleep } else { ConsumerAt::LoadProd };
                Step::RecheckProd(index(self.prod))
            }
            ConsumerAt::Sleep => {
                next.consumer = ConsumerAt::Asleep;
                Step::Sleep
            }
            ConsumerAt::Asleep if !self.notified || !self.consumer_buffer.is_empty() => return,
            ConsumerAt::Asleep => {
                next.notified = false;
                next.consumer = ConsumerAt::LoadProd;
                Step::Wake
            }
        };
        // The last value loaded matters only while entries up to it are being taken.
        if next.consumer != ConsumerAt::TakeEntry && next.consumer != ConsumerAt::ReadBarrier {
            next.seen = 0;
        }
        steps.push((step, next));
    }

    fn contents(&self, entry: u8) -> Contents {
        if self.entries & 1 << entry != 0 { Contents::Request } else { Contents::Stale }
    }
}

#[cfg(test)]
mod tests {
    use super::{Barriers, ConsumerAt, ProducerAt, Protocol, State, Step};
    use crate::hypervisor::page::Page;
    use crate::protocols::back_ring::BackRing;
    use crate::protocols::front_ring::FrontRing;
    use crate::protocols::ring::{Index, RingLayout, Shared, shared_ring_init};
    use crate::words::rng::Rng;

    /// The model beside a real ring, both driven one whole operation at a time.
    struct Pair {
        protocol: Protocol,
        state: State,
        page: Page,
        front: FrontRing,
        back: BackRing,
    }

    impl Pair {
        fn new(base: Index) -> Pair {
            let layout = RingLayout::with_entries(12, 4);
            let mut page = Page::zeroed();
            shared_ring_init(&mut page, base);
            Pair {
                protocol: Protocol { requests: 3, base, barriers: Barriers::ALL },
                state: State::START,
                page,
                front: FrontRing::attach(layout, base),
                back: BackRing::attach(layout, base),
            }
        }

        /// Lets one side of the model go on until `done`, its stores visible at once; tells the steps.
        fn run(&mut self, side: fn(&State, &Protocol) -> Option<(Step, State)>, done: fn(&State) -> bool) -> Vec<Step> {
            let mut steps = Vec::new();
            loop {
                let mut drains = Vec::new();
                self.state.drains(&self.protocol, &mut drains);
                let Some((step, state)) = drains.into_iter().next().or_else(|| side(&self.state, &self.protocol))
                else {
                    return steps;
                };
                steps.push(step);
                self.state = state;
                if done(&self.state) && self.state.producer_buffer.is_empty() {
                    return steps;
                }
            }
        }

        fn produce(&mut self) {
            if self.state.producer == ProducerAt::Done {
                return;
            }
            let steps = self
                .run(State::producer_step, |state| matches!(state.producer, ProducerAt::WriteEntry | ProducerAt::Done));
            self.front.write_request(&mut self.page, &[1; 12]);
            let due = self.front.push_requests_and_check_notify(&mut self.page);
            assert_eq!(steps.contains(&Step::Notify), due);
        }

        fn consume(&mut self) {
            let one = |state: &State, protocol: &Protocol| {
                let mut steps = Vec::new();
                state.consumer_steps(protocol, &mut steps);
                steps.pop()
            };
            self.run(one, |state| state.consumer == ConsumerAt::Asleep && !state.notified);
            loop {
                while self.back.unconsumed_requests(&self.page) > 0 {
                    assert_eq!(self.back.copy_request::<12>(&self.page, self.back.req_cons), [1; 12]);
                    self.back.req_cons = self.back.req_cons.plus(1);
                }
                if !self.back.final_check_for_requests(&mut self.page) {
                    break;
                }
            }
        }

        fn compare(&self) {
            let index = |distance: u8| self.protocol.base.plus(distance.into());
            assert_eq!(Shared::ReqProd.load(&self.page), index(self.state.prod));
            assert_eq!(Shared::ReqEvent.load(&self.page), index(self.state.event));
            assert_eq!(self.back.req_cons, index(self.state.consumed));
        }
    }

    #[test]
    fn one_operation_at_a_time_the_model_is_the_ring() {
        for seed in 0..200 {
            let mut rng = Rng::new(seed);
            let mut pair = Pair::new(Index(rng.below(6).wrapping_sub(3)));
            for _ in 0..8 {
                if rng.chance(1, 2) {
                    pair.produce();
                } else {
                    pair.consume();
                }
                pair.compare();
            }
        }
    }
}
