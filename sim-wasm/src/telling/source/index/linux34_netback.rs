//! Linux 3.4: the netback that copies.
//!
//! Not modelled: what no event and no article names.

use crate::telling::source::index::Place::Line;
use crate::telling::source::index::{SourceFile, constant, function, structure};
use crate::telling::source::{Tree, XEN_NETBACK, XEN_NETBACK_INTERFACE, XEN_NETBACK_XENBUS};

/// Sorted by path, the entries by name.
pub(super) const FILES: &[SourceFile] = &[
    SourceFile {
        path: "drivers/net/xen-netback/common.h",
        tree: Tree::Linux34,
        entries: &[structure(
            "xenvif",
            Line(50),
            "What netback keeps for one interface of one guest: both rings, the event channel, the rate limit and \
                 a count of references.",
        )],
    },
    SourceFile {
        path: XEN_NETBACK_INTERFACE,
        tree: Tree::Linux34,
        entries: &[
            function(
                "xenvif_carrier_off",
                Line(346),
                "Switches an interface's carrier off and takes it down. Also the end of an interface whose guest \
                 broke the protocol.",
            ),
            function(
                "xenvif_connect",
                Line(307),
                "Maps the two ring pages that a guest has granted, binds the guest's event channel, and switches the \
                 carrier on.",
            ),
            function(
                "xenvif_disconnect",
                Line(358),
                "Takes an interface down, waits until nobody holds a reference to it, and frees the event channel, \
                 the rings and the device.",
            ),
            function(
                "xenvif_interrupt",
                Line(63),
                "The handler for a guest's event: it has xen_netbk_schedule_xenvif put the interface on the list, and \
                 wakes the queue towards the guest if there are buffers.",
            ),
            function(
                "xenvif_receive_skb",
                Line(108),
                "Hands a packet from a guest to dom0's stack, from a thread, with netif_rx_ni.",
            ),
            function(
                "xenvif_start_xmit",
                Line(78),
                "Called by dom0's stack with a packet for a guest. It drops it if the guest has too few buffers, else \
                 reserves as many as the packet needs and queues it for the thread.",
            ),
        ],
    },
    SourceFile {
        path: XEN_NETBACK,
        tree: Tree::Linux34,
        entries: &[
            constant("MAX_PENDING_REQS", Line(75), "How many requests one group of interfaces holds at a time: 256."),
            constant(
                "PKT_PROT_LEN",
                Line(245),
                "How many bytes of a packet go into its linear part, for its headers: enough for Ethernet, VLAN, and \
                 the longest IP and TCP headers.",
            ),
            function(
                "make_rx_response",
                Line(1722),
                "Writes one response into the receive ring: which buffer, where the data starts, how many bytes or \
                 which error. It publishes nothing.",
            ),
            function(
                "make_tx_response",
                Line(1701),
                "Writes the response for a request, and one NULL response more if the request had extra information. \
                 Then it publishes at once, and sends an event if the guest has asked for one.",
            ),
            function(
                "netbk_add_frag_responses",
                Line(593),
                "Writes the receive responses for a packet's further buffers, each with more_data set but the last.",
            ),
            function(
                "netbk_check_gop",
                Line(573),
                "Looks at the results of the copies of one packet towards a guest. One that failed turns the packet's \
                 status into ERROR.",
            ),
            function(
                "netbk_count_requests",
                Line(899),
                "Copies a packet's further requests off the ring and checks them. 18 slots are accepted, a few more \
                 only cost the packet; too many, or one across a page's end, end the interface.",
            ),
            function(
                "netbk_fatal_tx_err",
                Line(892),
                "Gives up an interface whose guest broke the protocol: logs it and switches the carrier off. No \
                 request is answered any more.",
            ),
            function(
                "netbk_gop_frag_copy",
                Line(420),
                "Prepares the grant copies of one piece of a packet into posted buffers, from the sender's own page \
                 if it is another guest's.",
            ),
            function(
                "netbk_gop_skb",
                Line(507),
                "Prepares the copies for a whole packet, head and fragments, and takes as many posted buffers as they \
                 fill.",
            ),
            function(
                "netbk_set_skb_gso",
                Line(1245),
                "Checks what extra information says about segmentation, TCP over IPv4 with a size above zero, and \
                 marks the packet for it. Anything else ends the interface.",
            ),
            function(
                "netbk_tx_err",
                Line(876),
                "Answers all requests of a bad packet with ERROR, consumes them, and gives the interface another turn \
                 if more requests wait.",
            ),
            function("poll_net_schedule_list", Line(789), "Takes the interface whose turn it is off its group's list."),
            function(
                "tx_add_credit",
                Line(851),
                "Adds one portion of bytes to what a rate-limited interface may send. More than one burst is never \
                 saved up, and a burst is at least 128 KiB.",
            ),
            function(
                "tx_credit_callback",
                Line(869),
                "The timer of a rate limit: it adds credit and gives the interface a turn.",
            ),
            function(
                "tx_credit_exceeded",
                Line(1342),
                "Whether a packet is more than a rate-limited interface may send now. If its time has come, credit is \
                 added first; else a timer is set for when it comes.",
            ),
            structure(
                "xen_netbk",
                Line(97),
                "A group of interfaces that one thread serves: a pool of 256 entries, a list of interfaces in turn, \
                 and the queue of packets towards their guests.",
            ),
            function("xen_netbk_add_xenvif", Line(148), "Assigns an interface to the group that has the fewest."),
            function(
                "xen_netbk_check_rx_xenvif",
                Line(841),
                "Looks at a ring for the last time and asks for the next event. If requests are there after all, the \
                 interface goes to the end of the list.",
            ),
            function(
                "xen_netbk_count_skb_slots",
                Line(353),
                "How many posted buffers a packet will fill, by a rehearsal of the copying.",
            ),
            function(
                "xen_netbk_fill_frags",
                Line(1187),
                "Puts the pages with the copied data into the packet as fragments, and releases each slot at once, \
                 since nothing is borrowed.",
            ),
            function(
                "xen_netbk_get_extras",
                Line(1214),
                "Reads the extra information that follows a first request, and consumes its slots. A missing slot or \
                 an unknown type ends the interface.",
            ),
            function(
                "xen_netbk_get_requests",
                Line(996),
                "Allocates pages of dom0's own for a packet's further slots, and prepares the grant copies of the \
                 slots' bytes into them, several small slots to a page.",
            ),
            function(
                "xen_netbk_idx_release",
                Line(1650),
                "Answers a pending entry's request and returns the entry to the pool, both at once. Slots that were \
                 copied into one page go together.",
            ),
            function("xen_netbk_kick_thread", Line(271), "Wakes the thread that serves a group of interfaces."),
            function(
                "xen_netbk_kthread",
                Line(1761),
                "The thread of a group: sleeps until there is something to do in either direction, then does both.",
            ),
            function(
                "xen_netbk_must_stop_queue",
                Line(296),
                "Asks for an event when enough further buffers are posted, and then looks again. If the ring is still \
                 full, the queue towards the guest must stop.",
            ),
            function(
                "xen_netbk_queue_tx_skb",
                Line(760),
                "Puts a packet for a guest into the queue of its group and wakes the thread.",
            ),
            function(
                "xen_netbk_rx_action",
                Line(623),
                "Brings packets to guests: prepares grant copies for a batch, has Xen do all of them in one \
                 hypercall, writes the responses and rings each guest that asked for it.",
            ),
            function(
                "xen_netbk_rx_ring_full",
                Line(287),
                "Whether the ring might lack room for the largest packet possible.",
            ),
            function(
                "xen_netbk_schedule_xenvif",
                Line(810),
                "Puts an interface at the end of its group's list, unless it is there already, and wakes the thread \
                 if fewer than 128 of the group's 256 pending entries are in use.",
            ),
            function(
                "xen_netbk_tx_action",
                Line(1633),
                "One pass of guests' packets: builds the copies, has Xen do all of them in one hypercall, and hands \
                 the packets to the stack.",
            ),
            function(
                "xen_netbk_tx_build_gops",
                Line(1374),
                "Takes packets off the rings, one per interface in turn, checks them and their credit, and prepares a \
                 grant copy for every slot.",
            ),
            function(
                "xen_netbk_tx_check_gop",
                Line(1121),
                "Looks at the results of a packet's copies. A slot that could not be copied is answered with ERROR, \
                 the others are released, and the packet is given up.",
            ),
            function(
                "xen_netbk_tx_submit",
                Line(1562),
                "Finishes the packets whose bytes have been copied: fills their linear part, attaches the pages, sets \
                 checksum flags and hands them to dom0's stack.",
            ),
        ],
    },
    SourceFile {
        path: XEN_NETBACK_XENBUS,
        tree: Tree::Linux34,
        entries: &[
            function(
                "connect_rings",
                Line(396),
                "Reads from xenstore where the guest's rings and its event channel are and what the guest can do, and \
                 has xenvif_connect connect them.",
            ),
            function(
                "netback_probe",
                Line(61),
                "Runs when a device appears in xenstore: writes what this backend offers, creates the interface and \
                 says InitWait.",
            ),
        ],
    },
];
