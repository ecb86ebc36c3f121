//! A processor's store buffer, in which the weakness of memory lies that [`crate::protocols::notification_model`] needs.
//!
//! Not modelled: how long a store waits, and that real processors promise more (x86 makes stores visible in their order).

/// A place in the shared page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// The slot of this number.
    Slot(u8),
    /// The producer of the direction that the storing end produces.
    Prod,
    /// The event index of the direction that the storing end consumes.
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
    /// Enough for three entries, their publication and a request for an event.
    const ROOM: usize = 5;
    /// Nothing waits.
    pub(crate) const EMPTY: StoreBuffer = StoreBuffer { stores: [None; StoreBuffer::ROOM], epoch: 0 };

    /// Puts a store behind the others; nothing happens, and the answer is false, if the buffer is full: the processor waits.
    pub(crate) fn push(&mut self, place: Place, value: u8) -> bool {
        let Some(room) = self.stores.iter_mut().find(|store| store.is_none()) else { return false };
        *room = Some(Store { place, value, epoch: self.epoch });
        true
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.stores[0].is_none()
    }

    /// A write barrier. An empty buffer has nothing to order.
    pub(crate) fn separate(&mut self) {
        self.epoch += u8::from(!self.is_empty());
    }

    /// What the storing processor itself finds at a place: its own last store, if one waits.
    pub(crate) fn forwarded(&self, place: Place) -> Option<u8> {
        self.stores.iter().rev().flatten().find(|store| store.place == place).map(|store| store.value)
    }

    /// The stores that wait, oldest first.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = Store> {
        self.stores.iter().flatten().copied()
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
            left.forget_epochs();
            Some((store, left))
        })
    }

    /// Barriers before the oldest store order nothing any more, so that buffers which behave alike are alike.
    fn forget_epochs(&mut self) {
        let passed = self.stores[0].map_or(self.epoch, |oldest| oldest.epoch);
        self.epoch -= passed;
        for store in self.stores.iter_mut().flatten() {
            store.epoch -= passed;
        }
    }
}
