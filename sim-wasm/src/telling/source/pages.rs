//! What becomes of one granted page.
//!
//! Not modelled: lines within a function, and releases between the trees that are named.

use crate::actors::epoch::Epoch;
use crate::actors::log::pages::Pages;
use crate::telling::source::{NETBACK, NETDEVICE, SKBUFF, SourceRef, XEN_GRANTS, XEN_NETBACK, by_back, xen};

/// The code behind an event; `None` for what no honest kernel does.
pub(super) const fn of(event: &Pages, back: Epoch) -> Option<SourceRef> {
    match event {
        // Later netbacks leave a callback in the packet instead of a mark on the page.
        Pages::MarkedForeign { .. } => by_back(
            back,
            ("SetPageForeign()", "include/linux/page-flags.h"),
            ("xen_netbk_tx_build_gops()", XEN_NETBACK),
            ("xenvif_fill_frags()", XEN_NETBACK),
        ),
        Pages::HeaderFreed { .. } => {
            let function = "skb_release_data()";
            by_back(back, (function, SKBUFF), (function, SKBUFF), ("dev_kfree_skb_irq()", NETDEVICE))
        }
        Pages::Answered { .. } => {
            let function = "make_tx_response()";
            by_back(back, (function, NETBACK), (function, XEN_NETBACK), (function, XEN_NETBACK))
        }
        Pages::EntryErased { .. } | Pages::FrameReturned { .. } => None,
        Pages::FrameFreed { .. } => xen("gnttab_unmap_grant_ref()", XEN_GRANTS),
    }
}
