//! What a picture of the way of requests shows of a state.
//!
//! Not modelled: the way of responses: nobody looks at it.

use alloc::vec::Vec;

use crate::protocols::notification_model::processor::{entry, slot};
use crate::protocols::notification_model::{Action, At, End, Protocol, State};
use crate::protocols::ring::Index;
use crate::protocols::store_buffer::Place;

impl State {
    /// `req_prod` as everybody sees it.
    pub(crate) fn req_prod(&self, protocol: &Protocol) -> Index {
        protocol.index(self.shared.prod[End::Front as usize])
    }

    /// `req_event` as everybody sees it.
    pub(crate) fn req_event(&self, protocol: &Protocol) -> Index {
        protocol.index(self.shared.event[End::Front as usize])
    }

    /// Whether the slot of the request of this number has it, for everybody.
    pub(crate) fn has_request(&self, protocol: &Protocol, number: u8) -> bool {
        self.shared.slots[usize::from(slot(protocol, number))] == entry(End::Front, number)
    }

    /// Requests taken.
    pub(crate) const fn taken(&self) -> u8 {
        self.ends[End::Back as usize].taken
    }

    /// Where an end is in its program.
    pub(crate) const fn place(&self, end: End) -> At {
        self.ends[end as usize].at
    }

    /// Whether an end has nothing left to do, ever.
    pub(crate) fn is_done(&self, protocol: &Protocol, end: End) -> bool {
        self.ends[end as usize].is_done(end, protocol)
    }

    /// An end's stores that nobody else sees, oldest first, each as what will happen.
    pub(crate) fn waiting(&self, protocol: &Protocol, end: End) -> Vec<Action> {
        let stores = self.ends[end as usize].buffer.waiting();
        stores
            .map(|store| match store.place {
                Place::Slot(slot) => Action::EntryVisible(slot),
                Place::Prod => Action::ProdVisible(protocol.index(store.value)),
                Place::Event => Action::EventVisible(protocol.index(store.value)),
            })
            .collect()
    }
}
