//! Who is woken how often.
//!
//! Not modelled: lines within a function, and releases between the trees that are named.

use crate::actors::epoch::FrontEpoch;
use crate::actors::log::wakeups::Wakeups;
use crate::telling::source::{NETFRONT, RING, SourceRef, XEN_NETFRONT, by_front, xen};

/// The code behind an event.
pub(super) const fn of(event: &Wakeups, front: FrontEpoch) -> Option<SourceRef> {
    match event {
        Wakeups::AnsweredSilently { .. } => xen("RING_PUSH_RESPONSES_AND_CHECK_NOTIFY()", RING),
        Wakeups::Rung { .. } | Wakeups::Repeated { .. } => xen("evtchn_send()", "xen/common/event_channel.c"),
        Wakeups::LeftWaiting { .. } => {
            by_front(front, ("network_tx_buf_gc()", NETFRONT), ("xennet_tx_buf_gc()", XEN_NETFRONT))
        }
    }
}
