//! Which places of the pool are watched for being held too long, oldest first (`pending_inuse_head` in
//! `drivers/xen/netback/netback.c`).
//!
//! A list that runs through an array, so that any place leaves it at once.
//!
//! Not modelled: what else the driver keeps on such lists; its list of places that are done is a plain vector here.

use alloc::vec;
use alloc::vec::Vec;

use crate::actors::netback::jiffies::Jiffies;
use crate::actors::netback::pool::{MAX_PENDING_REQS, Place};
use crate::actors::skb::SharedId;

const END: u16 = u16::MAX;

/// A place that is watched.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watched {
    /// Which.
    pub(super) place: Place,
    /// Since when its page is a packet's (`alloc_time`).
    pub(super) since: Jiffies,
    /// Which packet's.
    pub(super) data: SharedId,
}

#[derive(Clone, Copy, Debug)]
struct Link {
    watched: Option<Watched>,
    previous: u16,
    next: u16,
}

/// The list.
#[derive(Clone, Debug)]
pub(super) struct WatchList {
    links: Vec<Link>,
    first: u16,
    last: u16,
}

impl WatchList {
    /// Nothing is watched.
    pub(super) fn new() -> WatchList {
        let link = Link { watched: None, previous: END, next: END };
        WatchList { links: vec![link; MAX_PENDING_REQS as usize], first: END, last: END }
    }

    /// Watches a place from now on.
    pub(super) fn push(&mut self, watched: Watched) {
        let at = watched.place.0;
        debug_assert!(self.links[usize::from(at)].watched.is_none(), "a place is watched once");
        self.links[usize::from(at)] = Link { watched: Some(watched), previous: self.last, next: END };
        match self.last {
            END => self.first = at,
            last => self.links[usize::from(last)].next = at,
        }
        self.last = at;
    }

    /// Watches a place no longer, if it was watched.
    pub(super) fn remove(&mut self, place: Place) {
        let link = &mut self.links[usize::from(place.0)];
        if link.watched.take().is_none() {
            return;
        }
        let (previous, next) = (link.previous, link.next);
        match previous {
            END => self.first = next,
            previous => self.links[usize::from(previous)].next = next,
        }
        match next {
            END => self.last = previous,
            next => self.links[usize::from(next)].previous = previous,
        }
    }

    /// The place that is watched for longest.
    pub(super) fn first(&self) -> Option<Watched> {
        self.at(self.first)
    }

    /// The place that was watched next after this one, which is watched.
    pub(super) fn after(&self, place: Place) -> Option<Watched> {
        self.at(self.links[usize::from(place.0)].next)
    }

    fn at(&self, at: u16) -> Option<Watched> {
        self.links.get(usize::from(at)).and_then(|link| link.watched)
    }
}

#[cfg(test)]
mod tests {
    use super::{WatchList, Watched};
    use crate::actors::netback::jiffies::Jiffies;
    use crate::actors::netback::pool::Place;
    use crate::actors::skb::Skbs;
    use crate::words::ids::DomId;
    use crate::words::rng::Rng;

    #[test]
    fn the_list_keeps_its_order() {
        let mut skbs = Skbs::new(DomId::DOM0, Vec::new());
        let skb = skbs.alloc();
        let data = skbs.shared_of(skb);
        let mut list = WatchList::new();
        let mut model: Vec<u16> = Vec::new();
        let mut rng = Rng::new(3);
        for since in 0..5_000 {
            let place = (rng.next_u32() % 8) as u16 * 36;
            if model.contains(&place) {
                model.retain(|other| *other != place);
                list.remove(Place(place));
            } else {
                model.push(place);
                list.push(Watched { place: Place(place), since: Jiffies(since), data });
            }
            list.remove(Place(255));
            let walk = core::iter::successors(list.first(), |watched| list.after(watched.place));
            assert_eq!(walk.map(|watched| watched.place.0).collect::<Vec<_>>(), model);
        }
    }
}
