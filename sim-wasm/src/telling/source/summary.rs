//! What a stretch of time came to: the code that did it most often.
//!
//! Not modelled: lines within a function, and releases between the trees that are named.

use crate::actors::epoch::Drivers;
use crate::actors::log::summary::{Limiter, Place, Summary};
use crate::telling::source::{
    CORE_DEV, NETBACK, NETFRONT, SCH_GENERIC, SourceRef, XEN_NETBACK, XEN_NETFRONT, by_back, by_front, in_dom0,
};

/// The code behind an event; `None` where a whole way was gone.
pub(crate) const fn of(event: &Summary, Drivers { front, back }: Drivers) -> Option<SourceRef> {
    match event {
        Summary::Passed { .. }
        | Summary::Reported { .. }
        | Summary::Limited { by: Limiter::Descriptors | Limiter::Wire, .. } => None,
        Summary::Lost { place: Place::GuestQueue, .. } => {
            let place = ("pfifo_fast_enqueue()", SCH_GENERIC);
            by_front(front, place, place)
        }
        Summary::Lost { place: Place::Backlog, .. } => by_back(
            back,
            ("netif_rx()", CORE_DEV),
            ("enqueue_to_backlog()", CORE_DEV),
            ("enqueue_to_backlog()", CORE_DEV),
        ),
        Summary::Lost { place: Place::Filter, .. } => in_dom0(back, "nf_hook_slow()", "net/netfilter/core.c"),
        Summary::Lost { place: Place::CardQueue | Place::VifQueue, .. } => {
            in_dom0(back, "pfifo_fast_enqueue()", SCH_GENERIC)
        }
        Summary::Taken { .. } => by_back(
            back,
            ("net_tx_action()", NETBACK),
            ("xen_netbk_tx_build_gops()", XEN_NETBACK),
            ("xenvif_tx_build_gops()", XEN_NETBACK),
        ),
        Summary::Limited { by: Limiter::Guest, .. } => {
            by_front(front, ("network_start_xmit()", NETFRONT), ("xennet_start_xmit()", XEN_NETFRONT))
        }
        Summary::Limited { by: Limiter::Ring, .. } => {
            let function = "netfront_tx_slot_available()";
            by_front(front, (function, NETFRONT), (function, XEN_NETFRONT))
        }
        Summary::Limited { by: Limiter::Pool, .. } => by_back(
            back,
            ("net_tx_action()", NETBACK),
            ("xen_netbk_tx_build_gops()", XEN_NETBACK),
            ("xenvif_tx_build_gops()", XEN_NETBACK),
        ),
        Summary::Alternated { .. } => {
            by_front(front, ("network_maybe_wake_tx()", NETFRONT), ("xennet_maybe_wake_tx()", XEN_NETFRONT))
        }
    }
}
