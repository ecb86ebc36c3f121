//! What one end does: its program, one step after the other.
//!
//! Not modelled: what [`notification_model`](crate::protocols::notification_model) leaves out.

use alloc::vec::Vec;

use crate::protocols::notification_model::{Action, Asking, Contents, End, MOST_SLOTS, Protocol, State, Step, Ways};
use crate::protocols::ring::notify_due;
use crate::protocols::store_buffer::{Place, StoreBuffer};

/// Where an end is in its program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum At {
    /// It may write an entry, or look for entries.
    Free,
    /// It has written entries, and may write more or publish them.
    Written,
    /// It has published and looks what the other end asked for.
    LoadEvent,
    /// It owes the other end a notification.
    Notify,
    /// It has seen entries and takes the next.
    TakeEntry,
    /// It has found nothing new and asks for an event.
    StoreEvent,
    /// It has asked and looks once more.
    RecheckProd,
    /// It waits for a notification.
    Asleep,
}

/// One end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Processor {
    pub(super) at: At,
    /// Entries written (`req_prod_pvt`, `rsp_prod_pvt`), and those of them that were published.
    made: u8,
    published: u8,
    /// Entries taken (`rsp_cons`, `req_cons`).
    pub(super) taken: u8,
    /// The last producer that it loaded; 0 when it no longer matters.
    seen: u8,
    /// What an entry read early had.
    early: Option<Contents>,
    pub(super) buffer: StoreBuffer,
    pub(super) notified: bool,
}

impl Processor {
    pub(super) const START: Processor = Processor {
        at: At::Free,
        made: 0,
        published: 0,
        taken: 0,
        seen: 0,
        early: None,
        buffer: StoreBuffer::EMPTY,
        notified: false,
    };

    /// Whether it waits for a notification, or has nothing left to do and nothing to wait for.
    pub(super) fn is_at_rest(&self, end: End, protocol: &Protocol) -> bool {
        self.at == At::Asleep || self.is_done(end, protocol)
    }

    /// Whether it is a front that awaits no responses and has published everything.
    pub(super) fn is_done(&self, end: End, protocol: &Protocol) -> bool {
        let alone = (end, protocol.ways) == (End::Front, Ways::RequestsOnly);
        alone && self.at == At::Free && self.made == protocol.requests
    }

    /// Whether an operation is over and the next has not begun.
    #[cfg(test)]
    pub(super) fn is_between(&self) -> bool {
        matches!(self.at, At::Free | At::Asleep)
    }

    /// Whether it has something to produce: the front while requests are left and the ring has room, the back for every
    /// request that it has taken.
    fn can_write(&self, end: End, protocol: &Protocol) -> bool {
        match end {
            End::Front => self.made < protocol.requests && self.made - self.taken < protocol.slots,
            End::Back => protocol.ways == Ways::Both && self.made < self.taken,
        }
    }

    /// Which entry to be told of (`RING_FINAL_CHECK_FOR_*`, `network_tx_buf_gc`).
    fn wanted(&self, end: End, protocol: &Protocol) -> u8 {
        match (end, protocol.asking) {
            (End::Front, Asking::HalfWay) => self.taken + (self.published - self.taken) / 2 + 1,
            (End::Front, Asking::Next) | (End::Back, _) => self.taken + 1,
        }
    }
}

/// What a slot holds after an end wrote the entry of this distance; 0 is what was there before everything.
pub(super) const fn entry(end: End, distance: u8) -> u8 {
    1 + 2 * distance + end as u8
}

pub(super) const fn slot(protocol: &Protocol, distance: u8) -> u8 {
    (protocol.base.0.wrapping_add(distance as u32) % protocol.slots as u32) as u8
}

impl State {
    /// The steps of one end's own program.
    pub(super) fn acts(&self, protocol: &Protocol, end: End, steps: &mut Vec<(Step, State)>) {
        let mine = &self.ends[end as usize];
        let mut add = |made: Option<(Action, State)>| {
            steps.extend(made.map(|(action, state)| (Step { end, action }, state)));
        };
        match mine.at {
            At::Free => {
                add(self.write_entry(protocol, end));
                if end == End::Back || protocol.ways == Ways::Both {
                    add(self.read_early(protocol, end));
                    add(self.load_prod(protocol, end));
                }
            }
            At::Written => {
                add(self.write_entry(protocol, end));
                add(self.store_prod(protocol, end));
            }
            At::LoadEvent => add(self.load_event(protocol, end)),
            At::Notify => add(self.notify(end)),
            At::TakeEntry => add(self.take_entry(protocol, end)),
            At::StoreEvent => add(self.store_event(protocol, end)),
            At::RecheckProd => add(self.recheck_prod(protocol, end)),
            At::Asleep => add(self.wake(end)),
        }
    }

    fn write_entry(&self, protocol: &Protocol, end: End) -> Option<(Action, State)> {
        if !self.ends[end as usize].can_write(end, protocol) {
            return None;
        }
        let mut next = *self;
        let mine = &mut next.ends[end as usize];
        let distance = mine.made;
        mine.made += 1;
        mine.at = At::Written;
        let stored = mine.buffer.push(Place::Slot(slot(protocol, distance)), entry(end, distance));
        stored.then_some((Action::WriteEntry(protocol.index(distance)), next))
    }

    fn store_prod(&self, protocol: &Protocol, end: End) -> Option<(Action, State)> {
        let mut next = *self;
        let mine = &mut next.ends[end as usize];
        if protocol.barriers[end.out()].producer_wmb {
            mine.buffer.separate();
        }
        mine.at = At::LoadEvent;
        let stored = mine.buffer.push(Place::Prod, mine.made);
        stored.then_some((Action::StoreProd(protocol.index(mine.made)), next))
    }

    fn load_event(&self, protocol: &Protocol, end: End) -> Option<(Action, State)> {
        let mut next = *self;
        let mine = &mut next.ends[end as usize];
        if protocol.barriers[end.out()].producer_mb && !mine.buffer.is_empty() {
            return None;
        }
        let event = protocol.index(self.shared.event[end.out()]);
        let due = notify_due(protocol.index(mine.published), protocol.index(mine.made), event);
        mine.published = mine.made;
        mine.at = if due { At::Notify } else { At::Free };
        Some((Action::LoadEvent(event), next))
    }

    fn notify(&self, end: End) -> Option<(Action, State)> {
        let mut next = *self;
        next.ends[end as usize].at = At::Free;
        next.ends[end.other() as usize].notified = true;
        self.ends[end as usize].buffer.is_empty().then_some((Action::Notify, next))
    }

    fn read_early(&self, protocol: &Protocol, end: End) -> Option<(Action, State)> {
        let mine = &self.ends[end as usize];
        let barrier = protocol.barriers[end.inward()].consumer_rmb;
        if barrier || mine.early.is_some() || mine.taken == protocol.requests {
            return None;
        }
        let contents = self.contents(protocol, end);
        let mut next = *self;
        next.ends[end as usize].early = Some(contents);
        Some((Action::ReadEntryEarly(protocol.index(mine.taken), contents), next))
    }

    fn load_prod(&self, protocol: &Protocol, end: End) -> Option<(Action, State)> {
        let prod = self.shared.prod[end.inward()];
        let mut next = *self;
        let mine = &mut next.ends[end as usize];
        if prod == mine.taken {
            // A read that was made in vain is forgotten, as a processor forgets a wrong guess.
            mine.early = None;
            mine.at = At::StoreEvent;
        } else {
            mine.seen = prod;
            mine.at = At::TakeEntry;
        }
        Some((Action::LoadProd(protocol.index(prod)), next))
    }

    fn take_entry(&self, protocol: &Protocol, end: End) -> Option<(Action, State)> {
        let contents = self.ends[end as usize].early.unwrap_or_else(|| self.contents(protocol, end));
        let mut next = *self;
        let mine = &mut next.ends[end as usize];
        let distance = mine.taken;
        mine.early = None;
        mine.taken += 1;
        if mine.taken == mine.seen {
            mine.seen = 0;
            mine.at = match (end, protocol.asking) {
                (End::Front, Asking::HalfWay) => At::StoreEvent,
                (End::Front, Asking::Next) | (End::Back, _) => At::Free,
            };
        }
        Some((Action::TakeEntry(protocol.index(distance), contents), next))
    }

    fn store_event(&self, protocol: &Protocol, end: End) -> Option<(Action, State)> {
        let mut next = *self;
        let mine = &mut next.ends[end as usize];
        let wanted = mine.wanted(end, protocol);
        mine.at = At::RecheckProd;
        mine.buffer.push(Place::Event, wanted).then_some((Action::StoreEvent(protocol.index(wanted)), next))
    }

    fn recheck_prod(&self, protocol: &Protocol, end: End) -> Option<(Action, State)> {
        let mut next = *self;
        let mine = &mut next.ends[end as usize];
        if protocol.barriers[end.inward()].consumer_mb && !mine.buffer.is_empty() {
            return None;
        }
        let prod = self.shared.prod[end.inward()];
        let idle = prod == mine.taken && !mine.can_write(end, protocol);
        mine.at = if idle { At::Asleep } else { At::Free };
        Some((Action::RecheckProd(protocol.index(prod)), next))
    }

    fn wake(&self, end: End) -> Option<(Action, State)> {
        let mut next = *self;
        let mine = &mut next.ends[end as usize];
        mine.at = At::Free;
        let woken = core::mem::take(&mut mine.notified);
        (woken && mine.buffer.is_empty()).then_some((Action::Wake, next))
    }

    /// What a read of the next entry finds: the processor's own last store, if one waits, else what is visible.
    fn contents(&self, protocol: &Protocol, end: End) -> Contents {
        let mine = &self.ends[end as usize];
        let slot = slot(protocol, mine.taken);
        debug_assert!(slot < MOST_SLOTS, "a slot is one of the ring");
        let found = mine.buffer.forwarded(Place::Slot(slot)).unwrap_or(self.shared.slots[usize::from(slot)]);
        if found == entry(end.other(), mine.taken) { Contents::Entry } else { Contents::Stale }
    }
}
