//! dom0's network stack and the card.
//!
//! Not modelled: lines within a function, and releases between the trees that are named.

use crate::actors::epoch::Epoch;
use crate::actors::log::stack::Stack;
use crate::telling::source::{
    AF_PACKET, BR_FDB, BR_FORWARD, BR_INPUT, CORE_DEV, SCH_GENERIC, SourceRef, by_back, in_dom0,
};

/// The code behind an event; `None` for what the card does by itself, and for what a program decides.
pub(super) const fn of(event: &Stack, back: Epoch) -> Option<SourceRef> {
    match event {
        Stack::BacklogOverflowed { .. } => by_back(
            back,
            ("netif_rx()", CORE_DEV),
            ("enqueue_to_backlog()", CORE_DEV),
            ("enqueue_to_backlog()", CORE_DEV),
        ),
        Stack::AddressLearned { .. } => in_dom0(back, "br_fdb_update()", BR_FDB),
        Stack::ForwardedTo { .. } => in_dom0(back, "br_forward()", BR_FORWARD),
        Stack::Flooded { .. } => by_back(
            back,
            ("br_flood_forward()", BR_FORWARD),
            ("br_flood_forward()", BR_FORWARD),
            ("br_flood()", BR_FORWARD),
        ),
        Stack::NotForwarded { .. } => in_dom0(back, "br_handle_frame_finish()", BR_INPUT),
        Stack::PortOverflowed { .. } | Stack::PortQueued { .. } => in_dom0(back, "pfifo_fast_enqueue()", SCH_GENERIC),
        Stack::Tapped { .. } => in_dom0(back, "packet_rcv()", AF_PACKET),
        Stack::TapFreed { .. } => in_dom0(back, "packet_recvmsg()", AF_PACKET),
        Stack::TapOpened { .. }
        | Stack::TapClosed { .. }
        | Stack::CardStalled
        | Stack::CardResumed
        | Stack::WireReceived { .. }
        | Stack::WireMissed { .. } => None,
    }
}
