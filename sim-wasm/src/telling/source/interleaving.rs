//! One direction of a ring as two processors see it. What becomes visible names the code that stored it.
//!
//! Not modelled: lines within a function, and releases between the trees that are named.

use crate::actors::epoch::Epoch;
use crate::actors::log::interleaving::Interleaving;
use crate::telling::source::{NETBACK, RING, SourceRef, XEN_NETBACK_INTERFACE, by_back, xen};

/// The code behind an event.
pub(super) const fn of(event: &Interleaving, back: Epoch) -> Option<SourceRef> {
    match event {
        Interleaving::EntryStored { .. } | Interleaving::EntryVisible { .. } => xen("RING_GET_REQUEST()", RING),
        Interleaving::ProducerStored { .. }
        | Interleaving::ProducerVisible { .. }
        | Interleaving::EventLoaded { .. } => xen("RING_PUSH_REQUESTS_AND_CHECK_NOTIFY()", RING),
        Interleaving::Notified => xen("evtchn_send()", "xen/common/event_channel.c"),
        Interleaving::ProducerLoaded { .. } => xen("RING_HAS_UNCONSUMED_REQUESTS()", RING),
        Interleaving::EntryReadEarly { .. } | Interleaving::EntryTaken { .. } => xen("RING_COPY_REQUEST()", RING),
        Interleaving::EventStored { .. }
        | Interleaving::EventVisible { .. }
        | Interleaving::ProducerRechecked { .. }
        | Interleaving::Forgotten { .. } => xen("RING_FINAL_CHECK_FOR_REQUESTS()", RING),
        Interleaving::Woken => by_back(
            back,
            ("netif_be_int()", NETBACK),
            ("xenvif_interrupt()", XEN_NETBACK_INTERFACE),
            ("xenvif_interrupt()", XEN_NETBACK_INTERFACE),
        ),
    }
}
