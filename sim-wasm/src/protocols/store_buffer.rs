//! A processor's store buffer, in which the weakness of memory lies that [`crate::protocols::notification_model`] needs.

/// A place in the shared page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    Entry(u8),
    Prod,
    Event,
}

/// A store that waits to become visible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Store {
    pub(crate) place: Place,
    /// For an index, its distance from the base.
    pub(crate) value: u8,
    /// How many `wmb` came before it.
    epoch: u8,
}

/// A processor's stores that nobody else sees yet, in program order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StoreBuffer {
    stores: [Option<Store>; StoreBuffer::ROOM],
    epoch: u8,
}

impl StoreBuffer {
    /// Two stores for each of three requests: the most that a side of the model has under way.
    const ROOM: usize = 6;
    /// Nothing waits.
    pub(crate) const EMPTY: StoreBuffer = StoreBuffer { stores: [None; StoreBuffer::ROOM], epoch: 0 };

    pub(crate) fn push(&mut self, place: Place, value: u8) {
        let room = self.stores.iter_mut().find(|store| store.is_none());
        *room.expect("a side has few stores under way") = Some(Store { place, value, epoch: self.epoch });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.stores[0].is_none()
    }

    /// A write barrier. An empty buffer has nothing to order.
    pub(crate) fn separate(&mut self) {
        self.epoch += u8::from(!self.is_empty());
    }

    /// Every store that may become visible next, with the buffer that it leaves behind.
    pub(crate) fn drains(&self) -> impl Iterator<Item = (Store, StoreBuffer)> {
        self.stores.iter().enumerate().filter_map(|(at, store)| {
            let store = (*store)?;
            let held_back = |earlier: &Store| earlier.epoch < store.epoch || earlier.place == store.place;
            if self.stores[..at].iter().flatten().any(held_back) {
                return None;
            }
            let mut left = *self;
            left.stores[at..].rotate_left(1);
            left.stores[StoreBuffer::ROOM - 1] = None;
            if left.is_empty() {
                left.epoch = 0;
            }
            Some((store, left))
        })
    }
}
