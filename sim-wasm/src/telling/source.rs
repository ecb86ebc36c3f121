//! Where the code stands that does what an event tells: function, file and tree, one line per event.

use crate::actors::first_netfront::STOP_LINE;
use crate::actors::log::Event;

/// A place in public source code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceRef {
    /// The function or macro, with its parentheses.
    pub function: &'static str,
    /// The file's path in its tree.
    pub file: &'static str,
    /// The tree.
    pub tree: Tree,
}

/// A tree of public source code, at one age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tree {
    /// linux-2.6.18-xen, the classic drivers.
    Classic,
    /// Xen's own tree.
    Xen,
}

impl Tree {
    /// The word for it in narration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Classic => "classic",
            Self::Xen => "xen",
        }
    }
}

impl SourceRef {
    /// The file's name without its folder.
    #[must_use]
    pub fn file_name(&self) -> &'static str {
        self.file.rsplit('/').next().unwrap_or(self.file)
    }
}

const fn classic(function: &'static str, file: &'static str) -> Option<SourceRef> {
    Some(SourceRef { function, file, tree: Tree::Classic })
}

const fn xen(function: &'static str, file: &'static str) -> Option<SourceRef> {
    Some(SourceRef { function, file, tree: Tree::Xen })
}

const RING: &str = "xen/include/public/io/ring.h";
const NETFRONT: &str = "drivers/xen/netfront/netfront.c";
const NETBACK: &str = "drivers/xen/netback/netback.c";
const GNTTAB: &str = "drivers/xen/core/gnttab.c";

/// The code behind an event; `None` where no public code does it (wires and attackers).
#[must_use]
pub const fn of(event: &Event) -> Option<SourceRef> {
    match event {
        Event::RequestWritten { .. } => xen("RING_GET_REQUEST()", RING),
        Event::RequestsPublished { .. } => xen("RING_PUSH_REQUESTS_AND_CHECK_NOTIFY()", RING),
        // On the network ring it is the stop line that refuses, and no smaller ring has as many slots.
        Event::RingFull { outstanding: STOP_LINE.. } => classic("netfront_tx_slot_available()", NETFRONT),
        Event::RingFull { .. } => xen("RING_FULL()", RING),
        Event::ProducerForged { .. } | Event::PacketSent { .. } => None,
        Event::RequestsTaken { .. } => xen("RING_COPY_REQUEST()", RING),
        Event::OverflowCaught { .. } => xen("RING_REQUEST_PROD_OVERFLOW()", RING),
        Event::RequestsAwaited { .. } => xen("RING_FINAL_CHECK_FOR_REQUESTS()", RING),
        Event::ResponsesWritten { .. } => classic("make_tx_response()", NETBACK),
        Event::ResponsesPublished { .. } => xen("RING_PUSH_RESPONSES_AND_CHECK_NOTIFY()", RING),
        Event::ResponsesReaped { .. } | Event::ResponsesAwaited { .. } => classic("network_tx_buf_gc()", NETFRONT),
        Event::QueueStopped { .. } | Event::PacketOffered { .. } => classic("network_start_xmit()", NETFRONT),
        Event::QueueOverflowed { .. } | Event::PacketQueued { .. } | Event::EgressOverflowed { .. } => {
            classic("pfifo_fast_enqueue()", "net/sched/sch_generic.c")
        }
        Event::QueueWoken { .. } => classic("network_maybe_wake_tx()", NETFRONT),
        Event::GrantsGiven { .. } => classic("gnttab_grant_foreign_access_ref()", GNTTAB),
        Event::EventSent { .. } => xen("evtchn_send()", "xen/common/event_channel.c"),
        Event::GrantsMapped { .. } => xen("gnttab_map_grant_ref()", "xen/common/grant_table.c"),
        Event::HeaderCopied { .. } => classic("net_tx_action()", NETBACK),
        Event::SlotReleased { .. } => classic("netif_idx_release()", NETBACK),
        Event::PacketReceived { .. } => classic("netif_rx()", "net/core/dev.c"),
        Event::PacketForwarded => classic("br_forward()", "net/bridge/br_forward.c"),
        Event::PacketDropped { .. } => classic("nf_hook_slow()", "net/netfilter/core.c"),
        Event::DescriptorsPosted { .. } => classic("e1000_xmit_frame()", "drivers/net/e1000/e1000_main.c"),
        Event::TransmitDone => classic("e1000_clean_tx_irq()", "drivers/net/e1000/e1000_main.c"),
        Event::PagesFreed { .. } => classic("netif_page_release()", NETBACK),
        Event::GrantsUnmapped { .. } => xen("gnttab_unmap_grant_ref()", "xen/common/grant_table.c"),
        Event::GrantsEnded { .. } => classic("gnttab_end_foreign_access_ref()", GNTTAB),
        Event::PacketFreed { .. } => classic("dev_kfree_skb_irq()", "include/linux/netdevice.h"),
        Event::Backend(_) | Event::Receive(_) | Event::Stack(_) | Event::Bus(_) | Event::Trouble(_) => None,
    }
}
