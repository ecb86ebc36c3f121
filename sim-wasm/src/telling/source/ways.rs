//! A packet on five ways to a card: told from the classic drivers, Xen, and the device model of Xen 3.3.
//!
//! Not modelled: lines within a function, and releases between the trees that are named.

use crate::actors::costs::Way;
use crate::actors::log::ways::{Hop, Ways};
use crate::telling::source::{
    E1000, GNTTAB, IOEMU_HELPER, IOEMU_RTL8139, RTL8139, SourceRef, Tree, XEN_GRANTS, XEN33_HVM, XEN33_VMX, xen, xen33,
};

/// The code behind an event; `None` for what cards and units do.
pub(crate) const fn of(event: &Ways) -> Option<SourceRef> {
    let Ways::Hopped { way, hop } = event else { return None };
    match hop {
        Hop::Granted => classic("gnttab_grant_foreign_access_ref()", GNTTAB),
        Hop::Rang | Hop::RangBack => xen("evtchn_send()", "xen/common/event_channel.c"),
        Hop::Dom0Woken | Hop::GuestWoken => classic("evtchn_do_upcall()", EVTCHN),
        Hop::Mapped => xen("gnttab_map_grant_ref()", XEN_GRANTS),
        Hop::Unmapped | Hop::Released => xen("gnttab_unmap_grant_ref()", XEN_GRANTS),
        Hop::CardDriven | Hop::Described | Hop::TailWritten => classic("e1000_xmit_frame()", E1000),
        Hop::Arrived => classic("e1000_clean_rx_irq()", E1000),
        Hop::Copied => xen("gnttab_copy()", XEN_GRANTS),
        Hop::Handled => match way {
            Way::Emulated => classic("rtl8139_interrupt()", RTL8139),
            Way::Split | Way::PvOwn | Way::HvmSplit | Way::HvmOwn => classic("e1000_intr()", E1000),
        },
        Hop::Ended => match way {
            Way::Split => classic("unmask_evtchn()", EVTCHN),
            Way::PvOwn => classic("pirq_unmask_notify()", EVTCHN),
            Way::Emulated | Way::HvmSplit | Way::HvmOwn => xen33("vmx_vmexit_handler()", XEN33_VMX),
        },
        Hop::Bounced => classic("rtl8139_start_xmit()", RTL8139),
        Hop::TakenOut => classic("rtl8139_rx()", RTL8139),
        Hop::Asked => xen33("hvm_send_assist_req()", XEN33_HVM),
        Hop::Answered => xen33("cpu_handle_ioreq()", IOEMU_HELPER),
        Hop::Tapped => xen33("rtl8139_transmit_one()", IOEMU_RTL8139),
        Hop::Filled => xen33("rtl8139_do_receive()", IOEMU_RTL8139),
        Hop::Fetched | Hop::Stored | Hop::Interrupted | Hop::Noted => None,
    }
}

const EVTCHN: &str = "drivers/xen/core/evtchn.c";

const fn classic(function: &'static str, file: &'static str) -> Option<SourceRef> {
    Some(SourceRef { function, file, tree: Tree::Classic })
}
