//! Rules broken, and what came of it.
//!
//! Not modelled: lines within a function, and releases between the trees that are named.

use crate::actors::epoch::FrontEpoch;
use crate::actors::log::trouble::{Attack, Trouble};
use crate::telling::source::{EVENTS_BASE, GNTTAB, GRANT_TABLE, NETFRONT, SourceRef, XEN_NETFRONT, by_front};

/// The code behind an event; `None` for what an attacker does.
pub(super) const fn of(event: &Trouble, front: FrontEpoch) -> Option<SourceRef> {
    match event {
        Trouble::Attacked { .. } | Trouble::BytesSeen { .. } => None,
        Trouble::DeviceBroken { attack } | Trouble::GuestCrashed { attack } => match attack {
            Attack::RemovedDevice => {
                by_front(front, ("netfront_remove()", NETFRONT), ("xennet_disconnect_backend()", XEN_NETFRONT))
            }
            Attack::ReadBeside => {
                by_front(front, ("network_start_xmit()", NETFRONT), ("xennet_start_xmit()", XEN_NETFRONT))
            }
            Attack::MalformedPacket | Attack::AwkwardPacket | Attack::WithheldBuffers => {
                by_front(front, ("xennet_get_responses()", NETFRONT), ("xennet_get_responses()", XEN_NETFRONT))
            }
            Attack::ForgedProducer
            | Attack::ChangedRequest
            | Attack::ForgedGrant
            | Attack::EventStorm
            | Attack::ForgedResponse
            | Attack::KeptMapping => {
                by_front(front, ("network_tx_buf_gc()", NETFRONT), ("xennet_tx_buf_gc()", XEN_NETFRONT))
            }
        },
        Trouble::EventDeferred { .. } => {
            by_front(front, ("end_dynirq()", "drivers/xen/core/evtchn.c"), ("xen_irq_lateeoi()", EVENTS_BASE))
        }
        Trouble::GrantLeaked { .. } | Trouble::GrantDeferred { .. } => {
            by_front(front, ("gnttab_end_foreign_access()", GNTTAB), ("gnttab_add_deferred()", GRANT_TABLE))
        }
    }
}
