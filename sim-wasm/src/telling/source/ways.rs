//! A packet on five ways to a card: told from the classic drivers, Xen, and the device model of Xen 3.3.
//!
//! Not modelled: lines within a function, and releases between the trees that are named.

use crate::actors::log::ways::{Hop, Ways};
use crate::telling::source::{
    E1000, GNTTAB, IOEMU_HELPER, IOEMU_RTL8139, SourceRef, Tree, XEN_GRANTS, XEN33_HVM, xen, xen33,
};

/// The code behind an event; `None` for what cards and units do, and for sums.
pub(crate) const fn of(event: &Ways) -> Option<SourceRef> {
    let Ways::Hopped { hop, .. } = event else { return None };
    match hop {
        Hop::Granted => classic("gnttab_grant_foreign_access_ref()", GNTTAB),
        Hop::Rang | Hop::RangBack => xen("evtchn_send()", "xen/common/event_channel.c"),
        Hop::Dom0Woken | Hop::GuestWoken => classic("evtchn_do_upcall()", "drivers/xen/core/evtchn.c"),
        Hop::Mapped => xen("gnttab_map_grant_ref()", XEN_GRANTS),
        Hop::Unmapped => xen("gnttab_unmap_grant_ref()", XEN_GRANTS),
        Hop::CardDriven | Hop::Described | Hop::TailWritten => classic("e1000_xmit_frame()", E1000),
        Hop::Copied => xen("gnttab_copy()", XEN_GRANTS),
        Hop::Asked => xen33("hvm_send_assist_req()", XEN33_HVM),
        Hop::Answered => xen33("cpu_handle_ioreq()", IOEMU_HELPER),
        Hop::Tapped => xen33("rtl8139_transmit_one()", IOEMU_RTL8139),
        Hop::Filled => xen33("rtl8139_do_receive()", IOEMU_RTL8139),
        Hop::Arrived
        | Hop::Fetched
        | Hop::Stored
        | Hop::Interrupted
        | Hop::Noted
        | Hop::Handled
        | Hop::Ended
        | Hop::Bounced => None,
    }
}

const fn classic(function: &'static str, file: &'static str) -> Option<SourceRef> {
    Some(SourceRef { function, file, tree: Tree::Classic })
}
