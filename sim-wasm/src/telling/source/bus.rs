//! Devices that come and go.
//!
//! Not modelled: lines within a function, and releases between the trees that are named.

use crate::actors::epoch::Drivers;
use crate::actors::log::bus::{Bus, Half};
use crate::telling::source::{
    NETBACK_INTERFACE, NETBACK_XENBUS, NETFRONT, SourceRef, XEN_DOMAIN, XEN_NETBACK, XEN_NETBACK_INTERFACE,
    XEN_NETBACK_XENBUS, XEN_NETFRONT, XENBUS_CLIENT, by_back, by_front, in_dom0, xen,
};

/// The code behind an event.
pub(super) const fn of(event: &Bus, Drivers { front, back }: Drivers) -> Option<SourceRef> {
    match event {
        Bus::StateChanged { half: Half::Front, .. } => {
            let place = ("xenbus_switch_state()", XENBUS_CLIENT);
            by_front(front, place, place)
        }
        Bus::StateChanged { half: Half::Back, .. } => in_dom0(back, "xenbus_switch_state()", XENBUS_CLIENT),
        Bus::KeysWritten { half: Half::Front, .. } => {
            by_front(front, ("talk_to_backend()", NETFRONT), ("talk_to_netback()", XEN_NETFRONT))
        }
        Bus::KeysWritten { half: Half::Back, .. } => {
            let function = "netback_probe()";
            by_back(back, (function, NETBACK_XENBUS), (function, XEN_NETBACK_XENBUS), (function, XEN_NETBACK_XENBUS))
        }
        Bus::Connected => by_back(
            back,
            ("netif_map()", NETBACK_INTERFACE),
            ("xenvif_connect()", XEN_NETBACK_INTERFACE),
            ("xenvif_connect_data()", XEN_NETBACK_INTERFACE),
        ),
        Bus::ConnectFailed { .. } => by_back(
            back,
            ("connect_rings()", NETBACK_XENBUS),
            ("connect_rings()", XEN_NETBACK_XENBUS),
            ("connect_data_rings()", XEN_NETBACK_XENBUS),
        ),
        Bus::DisconnectWaits { .. } => by_back(
            back,
            ("netif_disconnect()", NETBACK_INTERFACE),
            ("xenvif_disconnect()", XEN_NETBACK_INTERFACE),
            ("xenvif_dealloc_kthread_should_stop()", XEN_NETBACK),
        ),
        Bus::Disconnected => by_back(
            back,
            ("netif_disconnect()", NETBACK_INTERFACE),
            ("xenvif_disconnect()", XEN_NETBACK_INTERFACE),
            ("xenvif_disconnect_data()", XEN_NETBACK_INTERFACE),
        ),
        Bus::Resumed { .. } => {
            by_front(front, ("netif_release_tx_bufs()", NETFRONT), ("xennet_release_tx_bufs()", XEN_NETFRONT))
        }
        Bus::Zombie { .. } => xen("domain_kill()", XEN_DOMAIN),
    }
}
