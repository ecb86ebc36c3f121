//! The ring, and a packet on its way out.
//!
//! Not modelled: lines within a function, and releases between the trees that are named.

use crate::actors::epoch::Drivers;
use crate::actors::log::Event;
use crate::actors::netfront::STOP_LINE;
use crate::telling::source::{
    BR_FORWARD, CORE_DEV, E1000, GNTTAB, GRANT_TABLE, INTEL_E1000, NETBACK, NETDEVICE, NETFRONT, RING, SCH_GENERIC,
    SKBUFF, SourceRef, XEN_GRANTS, XEN_NETBACK, XEN_NETBACK_INTERFACE, XEN_NETFRONT, by_back, by_front, in_dom0, xen,
};

/// The code behind an event; `None` for wires and attackers, and for families of their own.
pub(super) const fn of(event: &Event, Drivers { front, back }: Drivers) -> Option<SourceRef> {
    match event {
        Event::RequestWritten { .. } => xen("RING_GET_REQUEST()", RING),
        Event::RequestsPublished { .. } => xen("RING_PUSH_REQUESTS_AND_CHECK_NOTIFY()", RING),
        // On the network ring it is the stop line that refuses, and no smaller ring has as many slots.
        Event::RingFull { outstanding: STOP_LINE.. } => {
            let function = "netfront_tx_slot_available()";
            by_front(front, (function, NETFRONT), (function, XEN_NETFRONT))
        }
        Event::RingFull { .. } => xen("RING_FULL()", RING),
        Event::ProducerForged { .. } | Event::PacketSent { .. } => None,
        Event::RequestsTaken { .. } => xen("RING_COPY_REQUEST()", RING),
        Event::OverflowCaught { .. } => xen("RING_REQUEST_PROD_OVERFLOW()", RING),
        Event::RequestsAwaited { .. } => xen("RING_FINAL_CHECK_FOR_REQUESTS()", RING),
        Event::ResponsesWritten { .. } => {
            let function = "make_tx_response()";
            by_back(back, (function, NETBACK), (function, XEN_NETBACK), (function, XEN_NETBACK))
        }
        Event::ResponsesPublished { .. } => xen("RING_PUSH_RESPONSES_AND_CHECK_NOTIFY()", RING),
        Event::ResponsesReaped { .. } | Event::ResponsesAwaited { .. } => {
            by_front(front, ("network_tx_buf_gc()", NETFRONT), ("xennet_tx_buf_gc()", XEN_NETFRONT))
        }
        Event::QueueStopped { .. } | Event::PacketUnsent { .. } | Event::PacketOffered { .. } => {
            by_front(front, ("network_start_xmit()", NETFRONT), ("xennet_start_xmit()", XEN_NETFRONT))
        }
        Event::QueueOverflowed { .. } => {
            let place = ("pfifo_fast_enqueue()", SCH_GENERIC);
            by_front(front, place, place)
        }
        Event::PacketQueued { .. } | Event::EgressOverflowed { .. } => {
            in_dom0(back, "pfifo_fast_enqueue()", SCH_GENERIC)
        }
        Event::QueueWoken { .. } => {
            by_front(front, ("network_maybe_wake_tx()", NETFRONT), ("xennet_maybe_wake_tx()", XEN_NETFRONT))
        }
        Event::GrantsGiven { .. } => {
            let function = "gnttab_grant_foreign_access_ref()";
            by_front(front, (function, GNTTAB), (function, GRANT_TABLE))
        }
        Event::EventSent { .. } => xen("evtchn_send()", "xen/common/event_channel.c"),
        Event::GrantsMapped { .. } => xen("gnttab_map_grant_ref()", XEN_GRANTS),
        Event::HeaderCopied { .. } => by_back(
            back,
            ("net_tx_action()", NETBACK),
            ("xen_netbk_tx_submit()", XEN_NETBACK),
            ("xenvif_get_requests()", XEN_NETBACK),
        ),
        Event::SlotReleased { .. } => by_back(
            back,
            ("netif_idx_release()", NETBACK),
            ("xen_netbk_idx_release()", XEN_NETBACK),
            ("xenvif_idx_release()", XEN_NETBACK),
        ),
        Event::PacketReceived { .. } => by_back(
            back,
            ("netif_rx()", CORE_DEV),
            ("xenvif_receive_skb()", XEN_NETBACK_INTERFACE),
            ("netif_receive_skb()", CORE_DEV),
        ),
        Event::PacketForwarded => in_dom0(back, "br_forward()", BR_FORWARD),
        Event::PacketDropped { .. } => in_dom0(back, "nf_hook_slow()", "net/netfilter/core.c"),
        Event::DescriptorsPosted { .. } => {
            let function = "e1000_xmit_frame()";
            by_back(back, (function, E1000), (function, INTEL_E1000), (function, INTEL_E1000))
        }
        Event::TransmitDone => {
            let function = "e1000_clean_tx_irq()";
            by_back(back, (function, E1000), (function, INTEL_E1000), (function, INTEL_E1000))
        }
        Event::PagesFreed { .. } => by_back(
            back,
            ("netif_page_release()", NETBACK),
            ("skb_release_data()", SKBUFF),
            ("xenvif_zerocopy_callback()", XEN_NETBACK),
        ),
        Event::GrantsUnmapped { .. } => xen("gnttab_unmap_grant_ref()", XEN_GRANTS),
        Event::GrantsEnded { .. } => {
            let function = "gnttab_end_foreign_access_ref()";
            by_front(front, (function, GNTTAB), (function, GRANT_TABLE))
        }
        Event::PacketFreed { .. } => {
            let place = ("dev_kfree_skb_irq()", NETDEVICE);
            by_front(front, place, place)
        }
        Event::Backend(_)
        | Event::Receive(_)
        | Event::Stack(_)
        | Event::Bus(_)
        | Event::Trouble(_)
        | Event::Summary(_)
        | Event::Pages(_)
        | Event::Hvm(_)
        | Event::Hotplug(_)
        | Event::Dma(_)
        | Event::Vtd(_)
        | Event::Migration(_)
        | Event::Pciif(_)
        | Event::Wakeups(_)
        | Event::Ways(_)
        | Event::Interleaving(_) => None,
    }
}
