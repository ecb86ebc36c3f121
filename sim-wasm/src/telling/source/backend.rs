//! What a transmitting backend does beside its way with a sound packet.
//!
//! Not modelled: lines within a function, and releases between the trees that are named.

use crate::actors::epoch::Epoch;
use crate::actors::log::backend::{Backend, Refusal};
use crate::telling::source::{NETBACK, SKBUFF, SourceRef, XEN_GRANTS, XEN_NETBACK, by_back, xen};

/// The code behind an event.
pub(super) const fn of(event: &Backend, back: Epoch) -> Option<SourceRef> {
    match event {
        Backend::PoolGateShut { .. } => by_back(
            back,
            ("maybe_schedule_tx_action()", NETBACK),
            ("xen_netbk_schedule_xenvif()", XEN_NETBACK),
            ("xenvif_poll()", "drivers/net/xen-netback/interface.c"),
        ),
        Backend::CreditExhausted { .. } => by_back(
            back,
            ("net_tx_action()", NETBACK),
            ("tx_credit_exceeded()", XEN_NETBACK),
            ("tx_credit_exceeded()", XEN_NETBACK),
        ),
        Backend::CreditGranted { .. } => {
            let function = "tx_add_credit()";
            by_back(back, (function, NETBACK), (function, XEN_NETBACK), (function, XEN_NETBACK))
        }
        Backend::ExtrasTaken { .. } => by_back(
            back,
            ("netbk_get_extras()", NETBACK),
            ("xen_netbk_get_extras()", XEN_NETBACK),
            ("xenvif_get_extras()", XEN_NETBACK),
        ),
        Backend::RequestsRefused { why: Refusal::BadGrant, .. } => by_back(
            back,
            ("netbk_tx_check_mop()", NETBACK),
            ("xen_netbk_tx_check_gop()", XEN_NETBACK),
            ("xenvif_tx_check_gop()", XEN_NETBACK),
        ),
        Backend::RequestsRefused { .. } => by_back(
            back,
            ("netbk_tx_err()", NETBACK),
            ("netbk_tx_err()", XEN_NETBACK),
            ("xenvif_tx_err()", XEN_NETBACK),
        ),
        Backend::MapRefused { .. } => xen("gnttab_map_grant_ref()", XEN_GRANTS),
        Backend::PacketLinearized { .. } => by_back(
            back,
            ("net_tx_action()", NETBACK),
            ("__pskb_pull_tail()", SKBUFF),
            ("xenvif_handle_frag_list()", XEN_NETBACK),
        ),
        Backend::PageReplaced { .. } => {
            by_back(back, ("copy_pending_req()", NETBACK), ("skb_copy_ubufs()", SKBUFF), ("skb_copy_ubufs()", SKBUFF))
        }
        Backend::PageBusy { .. } => by_back(
            back,
            ("gnttab_copy_grant_page()", "drivers/xen/core/gnttab.c"),
            ("skb_copy_ubufs()", SKBUFF),
            ("skb_copy_ubufs()", SKBUFF),
        ),
        Backend::GrantsCopied { .. } => xen("gnttab_copy()", XEN_GRANTS),
        Backend::PagesOrphaned { .. } => {
            by_back(back, ("skb_copy()", SKBUFF), ("skb_copy_ubufs()", SKBUFF), ("skb_copy_ubufs()", SKBUFF))
        }
        Backend::BudgetSpent { .. } => by_back(
            back,
            ("net_tx_action()", NETBACK),
            ("xen_netbk_tx_build_gops()", XEN_NETBACK),
            ("xenvif_tx_build_gops()", XEN_NETBACK),
        ),
        Backend::FrontendDisabled { .. } => by_back(
            back,
            ("netbk_tx_err()", NETBACK),
            ("netbk_fatal_tx_err()", XEN_NETBACK),
            ("xenvif_fatal_tx_err()", XEN_NETBACK),
        ),
    }
}
