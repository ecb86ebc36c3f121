//! Linux 3.4: the netback that copies, and dom0's stack around it.
//!
//! Not modelled: what no event and no article names.

use crate::telling::source::index::Place::File;
use crate::telling::source::index::{SourceFile, constant, function, structure};
use crate::telling::source::{
    AF_PACKET, BR_FDB, BR_FORWARD, BR_INPUT, CORE_DEV, INTEL_E1000, SCH_GENERIC, SKBUFF, Tree, XEN_NETBACK,
    XEN_NETBACK_INTERFACE, XEN_NETBACK_XENBUS, XENBUS_CLIENT,
};

/// Sorted by path, the entries by name.
pub(super) const FILES: &[SourceFile] = &[
    SourceFile {
        path: INTEL_E1000,
        tree: Tree::Linux34,
        entries: &[
            function(
                "e1000_clean_tx_irq",
                File,
                "Runs after the card has reported: takes back the descriptors of packets that were sent, frees the \
                 packets, and starts the queue again if at least 32 descriptors are free.",
            ),
            function(
                "e1000_xmit_frame",
                File,
                "Gives a packet to the card: maps its pieces for DMA, writes a descriptor for each and moves the \
                 card's tail. If too few descriptors are left for another packet, it stops the queue.",
            ),
        ],
    },
    SourceFile {
        path: "drivers/net/xen-netback/common.h",
        tree: Tree::Linux34,
        entries: &[structure(
            "xenvif",
            File,
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
                File,
                "Switches an interface's carrier off and takes it down. Also the end of an interface whose guest \
                 broke the protocol.",
            ),
            function(
                "xenvif_connect",
                File,
                "Maps the two ring pages that a guest has granted, binds the guest's event channel, and switches the \
                 carrier on.",
            ),
            function(
                "xenvif_disconnect",
                File,
                "Takes an interface down, waits until nobody holds a reference to it, and frees the event channel, \
                 the rings and the device.",
            ),
            function(
                "xenvif_interrupt",
                File,
                "The handler for a guest's event: it has xen_netbk_schedule_xenvif put the interface on the list, and \
                 wakes the queue towards the guest if there are buffers.",
            ),
            function(
                "xenvif_receive_skb",
                File,
                "Hands a packet from a guest to dom0's stack, from a thread, with netif_rx_ni.",
            ),
            function(
                "xenvif_start_xmit",
                File,
                "Called by dom0's stack with a packet for a guest. It drops it if the guest has too few buffers, else \
                 reserves as many as the packet needs and queues it for the thread.",
            ),
        ],
    },
    SourceFile {
        path: XEN_NETBACK,
        tree: Tree::Linux34,
        entries: &[
            constant("MAX_PENDING_REQS", File, "How many requests one group of interfaces holds at a time: 256."),
            constant(
                "PKT_PROT_LEN",
                File,
                "How many bytes of a packet go into its linear part, for its headers: enough for Ethernet, VLAN, and \
                 the longest IP and TCP headers.",
            ),
            function(
                "make_rx_response",
                File,
                "Writes one response into the receive ring: which buffer, where the data starts, how many bytes or \
                 which error. It publishes nothing.",
            ),
            function(
                "make_tx_response",
                File,
                "Writes the response for a request, and one NULL response more if the request had extra information. \
                 Then it publishes at once, and sends an event if the guest has asked for one.",
            ),
            function(
                "netbk_check_gop",
                File,
                "Looks at the results of the copies of one packet towards a guest. One that failed turns the packet's \
                 status into ERROR.",
            ),
            function(
                "netbk_count_requests",
                File,
                "Copies a packet's further requests off the ring and checks them. 18 slots are accepted, a few more \
                 only cost the packet; too many, or one across a page's end, end the interface.",
            ),
            function(
                "netbk_fatal_tx_err",
                File,
                "Gives up an interface whose guest broke the protocol: logs it and switches the carrier off. No \
                 request is answered any more.",
            ),
            function(
                "netbk_tx_err",
                File,
                "Answers all requests of a bad packet with ERROR, consumes them, and gives the interface another turn \
                 if more requests wait.",
            ),
            function(
                "tx_add_credit",
                File,
                "Adds one portion of bytes to what a rate-limited interface may send. More than one burst is never \
                 saved up, and a burst is at least 128 KiB.",
            ),
            function(
                "tx_credit_exceeded",
                File,
                "Whether a packet is more than a rate-limited interface may send now. If its time has come, credit is \
                 added first; else a timer is set for when it comes.",
            ),
            structure(
                "xen_netbk",
                File,
                "A group of interfaces that one thread serves: a pool of 256 entries, a list of interfaces in turn, \
                 and the queue of packets towards their guests.",
            ),
            function(
                "xen_netbk_check_rx_xenvif",
                File,
                "Looks at a ring for the last time and asks for the next event. If requests are there after all, the \
                 interface goes to the end of the list.",
            ),
            function(
                "xen_netbk_fill_frags",
                File,
                "Puts the pages with the copied data into the packet as fragments, and releases each slot at once, \
                 since nothing is borrowed.",
            ),
            function(
                "xen_netbk_get_extras",
                File,
                "Reads the extra information that follows a first request, and consumes its slots. A missing slot or \
                 an unknown type ends the interface.",
            ),
            function(
                "xen_netbk_get_requests",
                File,
                "Allocates pages of dom0's own for a packet's further slots, and prepares the grant copies of the \
                 slots' bytes into them, several small slots to a page.",
            ),
            function(
                "xen_netbk_idx_release",
                File,
                "Answers a pending entry's request and returns the entry to the pool, both at once. Slots that were \
                 copied into one page go together.",
            ),
            function("xen_netbk_kick_thread", File, "Wakes the thread that serves a group of interfaces."),
            function(
                "xen_netbk_kthread",
                File,
                "The thread of a group: sleeps until there is something to do in either direction, then does both.",
            ),
            function(
                "xen_netbk_must_stop_queue",
                File,
                "Asks for an event when enough further buffers are posted, and then looks again. If the ring is still \
                 full, the queue towards the guest must stop.",
            ),
            function(
                "xen_netbk_queue_tx_skb",
                File,
                "Puts a packet for a guest into the queue of its group and wakes the thread.",
            ),
            function(
                "xen_netbk_rx_action",
                File,
                "Brings packets to guests: prepares grant copies for a batch, has Xen do all of them in one \
                 hypercall, writes the responses and rings each guest that asked for it.",
            ),
            function(
                "xen_netbk_rx_ring_full",
                File,
                "Whether the ring might lack room for the largest packet possible.",
            ),
            function(
                "xen_netbk_schedule_xenvif",
                File,
                "Puts an interface at the end of its group's list, unless it is there already, and wakes the thread \
                 if fewer than 128 of the group's 256 pending entries are in use.",
            ),
            function(
                "xen_netbk_tx_action",
                File,
                "One pass of guests' packets: builds the copies, has Xen do all of them in one hypercall, and hands \
                 the packets to the stack.",
            ),
            function(
                "xen_netbk_tx_build_gops",
                File,
                "Takes packets off the rings, one per interface in turn, checks them and their credit, and prepares a \
                 grant copy for every slot.",
            ),
            function(
                "xen_netbk_tx_check_gop",
                File,
                "Looks at the results of a packet's copies. A slot that could not be copied is answered with ERROR, \
                 the others are released, and the packet is given up.",
            ),
            function(
                "xen_netbk_tx_submit",
                File,
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
                File,
                "Reads from xenstore where the guest's rings and its event channel are and what the guest can do, and \
                 has xenvif_connect connect them.",
            ),
            function(
                "netback_probe",
                File,
                "Runs when a device appears in xenstore: writes what this backend offers, creates the interface and \
                 says InitWait.",
            ),
        ],
    },
    SourceFile {
        path: XENBUS_CLIENT,
        tree: Tree::Linux34,
        entries: &[function(
            "xenbus_switch_state",
            File,
            "Writes this half's new state into xenstore, where the other half watches it.",
        )],
    },
    SourceFile {
        path: BR_FDB,
        tree: Tree::Linux34,
        entries: &[function(
            "br_fdb_update",
            File,
            "Learns, from a packet's source address, behind which port of the bridge that address lies.",
        )],
    },
    SourceFile {
        path: BR_FORWARD,
        tree: Tree::Linux34,
        entries: &[
            function(
                "br_flood_forward",
                File,
                "Sends a packet to every port but the one that it came from. All but the last get a clone, and clones \
                 share the packet's pages.",
            ),
            function("br_forward", File, "Sends a packet on to one port of the bridge, if that port may have it."),
        ],
    },
    SourceFile {
        path: BR_INPUT,
        tree: Tree::Linux34,
        entries: &[function(
            "br_handle_frame_finish",
            File,
            "Decides what the bridge does with a packet: learns its source, then forwards it to the port that is \
                 known, floods it, or hands it to dom0 itself.",
        )],
    },
    SourceFile {
        path: CORE_DEV,
        tree: Tree::Linux34,
        entries: &[function(
            "enqueue_to_backlog",
            File,
            "Puts a packet at the end of a CPU's backlog, at most 1000 packets, and drops it if there is no room.",
        )],
    },
    SourceFile {
        path: SKBUFF,
        tree: Tree::Linux34,
        entries: &[
            function(
                "__pskb_pull_tail",
                File,
                "Moves bytes from a packet's fragments into its linear part, for whoever wants to read the headers \
                 there.",
            ),
            function(
                "skb_copy_ubufs",
                File,
                "Copies a packet's borrowed pages into pages of the kernel's own, and tells their owner that they are \
                 free again.",
            ),
            function(
                "skb_release_data",
                File,
                "Drops a packet's hold on its data. The last holder puts every fragment's page. In this generation \
                 they are dom0's own.",
            ),
        ],
    },
    SourceFile {
        path: "net/netfilter/core.c",
        tree: Tree::Linux34,
        entries: &[function(
            "nf_hook_slow",
            File,
            "Asks the firewall's rules at one point of a packet's way. If one says DROP, the packet is freed.",
        )],
    },
    SourceFile {
        path: AF_PACKET,
        tree: Tree::Linux34,
        entries: &[
            function(
                "packet_rcv",
                File,
                "Gives a program that listens to raw packets, such as tcpdump, a clone of each packet that passes.",
            ),
            function("packet_recvmsg", File, "Hands the next captured packet to the program and frees the clone."),
        ],
    },
    SourceFile {
        path: SCH_GENERIC,
        tree: Tree::Linux34,
        entries: &[function(
            "pfifo_fast_enqueue",
            File,
            "Puts a packet at the end of one of three queues, by its priority, and drops it if the device's whole \
                 length is used up.",
        )],
    },
];
