//! All orders of the steps that are left, tried from a frame on, and how many of them come to something.
//!
//! Not modelled: orders in which a step is taken twice.

use alloc::vec::Vec;

use crate::actors::log::Log;
use crate::actors::log::migration::{Interface, Step};
use crate::actors::migration::Migrating;

/// How many orders there are, and what they come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Orders {
    pub(crate) all: u64,
    /// Those that end on the other host with a card in use, and never had a card in use taken out.
    pub(crate) work: u64,
    /// Those that end so too, with an outage on the way: the card was taken out in use.
    pub(crate) late: u64,
}

impl Orders {
    /// Tries every order of the steps that are left, after an outage or none. A step that is refused, or is not needed when its turn comes, is passed over.
    pub(crate) fn of(guest: &Migrating, left: &[Step], outage: bool) -> Orders {
        let mut orders = Orders::default();
        orders.try_all(guest, left, outage);
        orders
    }

    fn try_all(&mut self, guest: &Migrating, left: &[Step], outage: bool) {
        if left.is_empty() {
            self.all += 1;
            self.work += u64::from(guest.is_home() && !outage);
            self.late += u64::from(guest.is_home() && outage);
        }
        for step in left {
            let rest: Vec<Step> = left.iter().copied().filter(|other| other != step).collect();
            let mut next = guest.clone();
            let taken = next.step(&mut Log::new(), *step).is_ok();
            let in_use = taken && *step == Step::Unplug && guest.active() == Interface::Card;
            self.try_all(&next, &rest, outage || in_use);
        }
    }
}
