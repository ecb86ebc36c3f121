//! The moment that is played, a letter for each step of it, and the event that a step is.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec::Vec;

use crate::actors::log::interleaving::Interleaving;
use crate::protocols::notification_model::{Action, Asking, At, Barriers, Contents, End, Protocol, State, Step, Ways};
use crate::protocols::ring::Index;
use crate::telling::story::Setup;

/// The request that the moment is about.
pub(crate) const REQUEST: u8 = 1;

/// Two requests on a ring that holds them all, with the barriers that the knobs leave in place.
pub(crate) fn protocol(setup: &Setup) -> Protocol {
    let there = |knob: usize| setup.knobs[knob] == 1;
    let requests =
        Barriers { producer_wmb: there(0), producer_mb: there(1), consumer_rmb: there(2), consumer_mb: there(3) };
    Protocol {
        requests: 2,
        slots: 4,
        base: Index(0),
        ways: Ways::RequestsOnly,
        asking: Asking::Next,
        barriers: [requests, Barriers::ALL],
    }
}

/// The back end slept, was woken by the first request, and has taken it: both sides are free, and nothing waits anywhere.
/// The first request comes with a bell in any case, since an empty ring asks for it; barriers matter from the second on.
pub(crate) fn start(protocol: &Protocol) -> State {
    use Action::{
        EntryVisible, EventVisible, LoadEvent, LoadProd, Notify, ProdVisible, RecheckProd, StoreEvent, StoreProd,
        TakeEntry, Wake, WriteEntry,
    };
    let (front, back) = (End::Front, End::Back);
    let before = [
        (back, LoadProd(Index(0))),
        (back, StoreEvent(Index(1))),
        (back, EventVisible(Index(1))),
        (back, RecheckProd(Index(0))),
        (front, WriteEntry(Index(0))),
        (front, EntryVisible(0)),
        (front, StoreProd(Index(1))),
        (front, ProdVisible(Index(1))),
        (front, LoadEvent(Index(1))),
        (front, Notify),
        (back, Wake),
        (back, LoadProd(Index(1))),
        (back, TakeEntry(Index(0), Contents::Entry)),
    ];
    before.into_iter().fold(State::START, |state, (end, action)| {
        state.after(protocol, Step { end, action }).expect("one side after the other, each step is possible")
    })
}

/// Every step that may happen next, with the letter that takes it.
pub(crate) fn choices(protocol: &Protocol, state: &State) -> Vec<(char, Step, State)> {
    let mut overtaken = false;
    let steps = state.steps(protocol).into_iter();
    steps
        .map(|(step, next)| {
            let letter = match (step.end, step.action) {
                (_, Action::ReadEntryEarly(..)) => 'r',
                (End::Back, Action::EntryVisible(_) | Action::ProdVisible(_) | Action::EventVisible(_)) => 'v',
                (End::Front, Action::EntryVisible(_) | Action::ProdVisible(_) | Action::EventVisible(_)) => {
                    if core::mem::replace(&mut overtaken, true) {
                        'e'
                    } else {
                        'd'
                    }
                }
                (End::Front, _) => 'f',
                (End::Back, _) => 'b',
            };
            (letter, step, next)
        })
        .collect()
}

/// What a step between two states is.
pub(crate) fn event(step: Step, next: &State) -> Interleaving {
    let stale = |contents| contents == Contents::Stale;
    match step.action {
        Action::WriteEntry(index) => Interleaving::EntryStored { index: index.0 },
        Action::StoreProd(index) => Interleaving::ProducerStored { index: index.0 },
        Action::LoadEvent(event) => {
            Interleaving::EventLoaded { event: event.0, due: next.place(step.end) == At::Notify }
        }
        Action::Notify => Interleaving::Notified,
        Action::EntryVisible(slot) => Interleaving::EntryVisible { index: slot.into() },
        Action::ProdVisible(index) => Interleaving::ProducerVisible { index: index.0 },
        Action::EventVisible(index) => Interleaving::EventVisible { index: index.0 },
        Action::LoadProd(index) => {
            Interleaving::ProducerLoaded { index: index.0, new: next.place(step.end) == At::TakeEntry }
        }
        Action::ReadEntryEarly(index, contents) => {
            Interleaving::EntryReadEarly { index: index.0, stale: stale(contents) }
        }
        Action::TakeEntry(index, contents) => Interleaving::EntryTaken { index: index.0, stale: stale(contents) },
        Action::StoreEvent(index) => Interleaving::EventStored { index: index.0 },
        Action::RecheckProd(index) => {
            Interleaving::ProducerRechecked { index: index.0, sleeps: next.place(step.end) == At::Asleep }
        }
        Action::Wake => Interleaving::Woken,
    }
}
