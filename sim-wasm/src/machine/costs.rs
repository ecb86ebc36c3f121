//! What the split drivers' path came to, as the counts that all ways to a card are compared by.
//!
//! Not modelled: domain switches of that path, which the network's machine does not follow.

use crate::actors::costs::Costs;
use crate::actors::log::{Event, Log};
use crate::machine::metrics::counters::{Count, Counters};

/// The counts of a run of the network's machine. Notifications are counted in its log, so a log that leaves them out gives
/// none.
#[must_use]
pub fn of_network(counters: &Counters, log: &Log) -> Costs {
    let events = log.entries().iter().filter(|entry| matches!(entry.event, Event::EventSent { .. })).count();
    Costs {
        hypercalls: counters.get(Count::Hypercalls),
        events: events as u64,
        guest_interrupts: counters.get(Count::GuestInterrupts),
        dom0_interrupts: counters.get(Count::Dom0Interrupts),
        card_interrupts: counters.get(Count::CardInterrupts),
        maps: counters.get(Count::Maps),
        copies: counters.get(Count::Copies),
        copied_bytes: counters.get(Count::CopiedBytes),
        ..Costs::default()
    }
}
