//! Packets on their way to a guest.
//!
//! Not modelled: lines within a function, and releases between the trees that are named.

use crate::actors::epoch::Drivers;
use crate::actors::log::receive::{DropReason, Receive};
use crate::telling::source::{
    NETBACK, NETFRONT, RING, SourceRef, XEN_DOMAIN, XEN_GRANTS, XEN_NETBACK, XEN_NETBACK_INTERFACE, XEN_NETBACK_RX,
    XEN_NETFRONT, by_back, by_front, xen,
};

/// The code behind an event.
pub(super) const fn of(event: &Receive, Drivers { front, back }: Drivers) -> Option<SourceRef> {
    match event {
        Receive::BuffersPosted { .. } | Receive::RefillPostponed { .. } => {
            by_front(front, ("network_alloc_rx_buffers()", NETFRONT), ("xennet_alloc_rx_buffers()", XEN_NETFRONT))
        }
        // A full ring needs no target: the modern driver has none.
        Receive::TargetChanged { .. } => {
            by_front(front, ("netif_poll()", NETFRONT), ("xennet_alloc_rx_buffers()", XEN_NETFRONT))
        }
        Receive::PacketAccepted { .. } => by_back(
            back,
            ("netif_be_start_xmit()", NETBACK),
            ("xen_netbk_queue_tx_skb()", XEN_NETBACK),
            ("xenvif_rx_queue_tail()", XEN_NETBACK_RX),
        ),
        Receive::PacketRefused { why: DropReason::QueueFull | DropReason::NoBuffers, .. } => by_back(
            back,
            ("netif_be_start_xmit()", NETBACK),
            ("xenvif_start_xmit()", XEN_NETBACK_INTERFACE),
            ("xenvif_rx_queue_tail()", XEN_NETBACK_RX),
        ),
        Receive::PacketRefused { why: DropReason::Expired, .. } => by_back(
            back,
            ("netif_be_start_xmit()", NETBACK),
            ("xenvif_start_xmit()", XEN_NETBACK_INTERFACE),
            ("xenvif_rx_queue_drop_expired()", XEN_NETBACK_RX),
        ),
        Receive::PacketRefused { why: DropReason::NoCarrier | DropReason::NoMemory, .. } => by_back(
            back,
            ("netif_be_start_xmit()", NETBACK),
            ("xenvif_start_xmit()", XEN_NETBACK_INTERFACE),
            ("xenvif_start_xmit()", XEN_NETBACK_INTERFACE),
        ),
        Receive::QueueWaits { .. } => by_back(
            back,
            ("netif_be_start_xmit()", NETBACK),
            ("xen_netbk_must_stop_queue()", XEN_NETBACK),
            ("xenvif_rx_ring_slots_available()", XEN_NETBACK_RX),
        ),
        Receive::QueueDrains => by_back(
            back,
            ("tx_queue_callback()", NETBACK),
            ("xen_netbk_rx_action()", XEN_NETBACK),
            ("xenvif_rx_queue_drop_expired()", XEN_NETBACK_RX),
        ),
        Receive::QueueRuns => by_back(
            back,
            ("netif_be_int()", NETBACK),
            ("xenvif_interrupt()", XEN_NETBACK_INTERFACE),
            ("xenvif_kthread_guest_rx()", XEN_NETBACK_RX),
        ),
        Receive::PagesFlipped { .. } => xen("gnttab_transfer()", XEN_GRANTS),
        Receive::DeliveryRefused { .. } | Receive::BytesCopied { .. } => xen("gnttab_copy()", XEN_GRANTS),
        Receive::MemorySqueeze { .. } => by_back(
            back,
            ("net_rx_action()", NETBACK),
            ("xen_netbk_rx_action()", XEN_NETBACK),
            ("xenvif_rx_action()", XEN_NETBACK_RX),
        ),
        Receive::BuffersAnswered { .. } => by_back(
            back,
            ("make_rx_response()", NETBACK),
            ("make_rx_response()", XEN_NETBACK),
            ("xenvif_rx_data_slot()", XEN_NETBACK_RX),
        ),
        Receive::AnswersPublished { .. } => xen("RING_PUSH_RESPONSES_AND_CHECK_NOTIFY()", RING),
        Receive::AnswersTaken { .. } => {
            let function = "xennet_get_responses()";
            by_front(front, (function, NETFRONT), (function, XEN_NETFRONT))
        }
        Receive::PacketDelivered { .. } => {
            by_front(front, ("netif_poll()", NETFRONT), ("handle_incoming_queue()", XEN_NETFRONT))
        }
        Receive::PacketSpoiled { .. } => by_front(front, ("netif_poll()", NETFRONT), ("xennet_poll()", XEN_NETFRONT)),
        // Only the classic driver does.
        Receive::CopiedFirst { .. } => by_back(
            back,
            ("netbk_copy_skb()", NETBACK),
            ("xen_netbk_queue_tx_skb()", XEN_NETBACK),
            ("xenvif_rx_queue_tail()", XEN_NETBACK_RX),
        ),
        Receive::FramesFreed { .. } => xen("domain_kill()", XEN_DOMAIN),
        // What an administrator decides.
        Receive::FramesTaken { .. } | Receive::ListenerBegan => None,
        Receive::CarrierLost => by_back(
            back,
            ("netif_disconnect()", "drivers/xen/netback/interface.c"),
            ("xenvif_carrier_off()", XEN_NETBACK_INTERFACE),
            ("xenvif_queue_carrier_off()", XEN_NETBACK_RX),
        ),
        Receive::CarrierBack => by_back(
            back,
            ("netif_map()", "drivers/xen/netback/interface.c"),
            ("xenvif_connect()", XEN_NETBACK_INTERFACE),
            ("xenvif_queue_carrier_on()", XEN_NETBACK_RX),
        ),
    }
}
