//! Linux: grants, events, and the stack that dom0's packets go through.
//!
//! Not modelled: what no event and no article names.

use crate::telling::source::index::Place::Line;
use crate::telling::source::index::{SourceFile, function, preprocessor};
use crate::telling::source::{
    AF_PACKET, BR_FDB, BR_FORWARD, BR_INPUT, CORE_DEV, EVENTS_BASE, GRANT_TABLE, INTEL_E1000, NETDEVICE, SCH_GENERIC,
    SKBUFF, Tree, XENBUS_CLIENT,
};

/// Sorted by path, the entries by name.
pub(super) const FILES: &[SourceFile] = &[
    SourceFile {
        path: INTEL_E1000,
        tree: Tree::Upstream,
        entries: &[
            function(
                "e1000_clean_tx_irq",
                Line(3821),
                "Runs after the card has reported: takes back the descriptors of packets that were sent, frees the \
                 packets, and starts the queue again if at least 32 descriptors are free.",
            ),
            function(
                "e1000_xmit_frame",
                Line(3093),
                "Gives a packet to the card: maps its pieces for DMA, writes a descriptor for each and moves the \
                 card's tail. If too few descriptors are left for another packet, it stops the queue.",
            ),
        ],
    },
    SourceFile {
        path: EVENTS_BASE,
        tree: Tree::Upstream,
        entries: &[
            function(
                "xen_evtchn_do_upcall",
                Line(1708),
                "The entry for all events of a CPU: goes through the channels that are pending and calls their \
                 handlers.",
            ),
            function(
                "xen_irq_lateeoi",
                Line(698),
                "Ends an event whose work has been done, so that its channel may ring again. Events that come for \
                 nothing are ended late, and ever later.",
            ),
        ],
    },
    SourceFile {
        path: GRANT_TABLE,
        tree: Tree::Upstream,
        entries: &[
            function(
                "gnttab_add_deferred",
                Line(553),
                "Puts a grant that the other domain still uses onto a list. A timer tries again each second to end it \
                 and to free its page.",
            ),
            function(
                "gnttab_batch_copy",
                Line(1184),
                "Has Xen do many grant copies in one hypercall, and repeats those that found a page paged out.",
            ),
            function(
                "gnttab_end_foreign_access",
                Line(603),
                "Ends a grant and frees its page. If the other domain still uses it, both are left to a timer.",
            ),
            function(
                "gnttab_end_foreign_access_ref",
                Line(470),
                "Takes a grant back by clearing its flags. Fails, with a warning in the log, if Xen has marked it as \
                 being read or written.",
            ),
            function(
                "gnttab_grant_foreign_access_ref",
                Line(405),
                "Fills in a grant entry: the frame and the other domain first, then, after a write barrier, the flags \
                 that make it valid.",
            ),
            function(
                "gnttab_handle_deferred",
                Line(504),
                "The timer for grants that could not be ended: tries each once more, and frees the page of each that \
                 it could end.",
            ),
            function(
                "gnttab_map_refs",
                Line(1245),
                "Has Xen map many granted pages in one hypercall, and notes in dom0's own tables whose they are.",
            ),
            function(
                "gnttab_try_end_foreign_access",
                Line(592),
                "Tries to end a grant, and frees its entry if that worked.",
            ),
            function(
                "gnttab_unmap_refs",
                Line(1290),
                "Has Xen unmap many granted pages in one hypercall, and clears dom0's notes of them.",
            ),
        ],
    },
    SourceFile {
        path: XENBUS_CLIENT,
        tree: Tree::Upstream,
        entries: &[
            function(
                "xenbus_setup_ring",
                Line(388),
                "Allocates the pages of a ring and grants them to the domain at the other end of a device.",
            ),
            function(
                "xenbus_switch_state",
                Line(275),
                "Writes this half's new state into xenstore, where the other half watches it.",
            ),
        ],
    },
    SourceFile {
        path: NETDEVICE,
        tree: Tree::Upstream,
        entries: &[function(
            "dev_kfree_skb_irq",
            Line(3912),
            "Frees a packet from a place where interrupts may be off: drops one reference, and leaves the last \
                 one's work to the transmit softirq.",
        )],
    },
    SourceFile {
        path: "include/linux/skbuff.h",
        tree: Tree::Upstream,
        entries: &[function(
            "skb_orphan_frags",
            Line(3336),
            "Makes a packet independent of whoever lent its pages: copies them first, if they are borrowed and a \
                 second user comes.",
        )],
    },
    SourceFile {
        path: "include/xen/interface/io/ring.h",
        tree: Tree::Upstream,
        entries: &[
            preprocessor(
                "RING_COPY_RESPONSE",
                Line(214),
                "Copies a response out of shared memory, so that what is checked is what is used.",
            ),
            preprocessor(
                "RING_RESPONSE_PROD_OVERFLOW",
                Line(225),
                "Whether a producer of responses claims more of them than requests are out. An honest backend never \
                 does.",
            ),
        ],
    },
    SourceFile {
        path: BR_FDB,
        tree: Tree::Upstream,
        entries: &[function(
            "br_fdb_update",
            Line(900),
            "Learns, from a packet's source address, behind which port of the bridge that address lies.",
        )],
    },
    SourceFile {
        path: BR_FORWARD,
        tree: Tree::Upstream,
        entries: &[
            function(
                "br_flood",
                Line(201),
                "Sends a packet to every port that may have it but the one that it came from. All but the last get a \
                 clone, and clones share the packet's pages.",
            ),
            function("br_forward", Line(144), "Sends a packet on to one port of the bridge, if that port may have it."),
        ],
    },
    SourceFile {
        path: BR_INPUT,
        tree: Tree::Upstream,
        entries: &[function(
            "br_handle_frame_finish",
            Line(76),
            "Decides what the bridge does with a packet: learns its source, then forwards it to the port that is \
                 known, floods it, or hands it to dom0 itself.",
        )],
    },
    SourceFile {
        path: CORE_DEV,
        tree: Tree::Upstream,
        entries: &[
            function(
                "enqueue_to_backlog",
                Line(4983),
                "Puts a packet at the end of a CPU's backlog, at most 1000 packets as a rule, and drops it if there \
                 is no room.",
            ),
            function(
                "netif_receive_skb",
                Line(6048),
                "Takes a packet into the stack at once, without a backlog: first to listeners, then to the bridge or \
                 the protocols.",
            ),
        ],
    },
    SourceFile {
        path: SKBUFF,
        tree: Tree::Upstream,
        entries: &[function(
            "skb_copy_ubufs",
            Line(1954),
            "Copies a packet's borrowed pages into pages of the kernel's own, and tells their owner that they are \
                 free again.",
        )],
    },
    SourceFile {
        path: "net/netfilter/core.c",
        tree: Tree::Upstream,
        entries: &[function(
            "nf_hook_slow",
            Line(619),
            "Asks the firewall's rules at one point of a packet's way. If one says DROP, the packet is freed.",
        )],
    },
    SourceFile {
        path: AF_PACKET,
        tree: Tree::Upstream,
        entries: &[
            function(
                "packet_rcv",
                Line(2167),
                "Gives a program that listens to raw packets, such as tcpdump, a clone of each packet that passes.",
            ),
            function(
                "packet_recvmsg",
                Line(3468),
                "Hands the next captured packet to the program and frees the clone.",
            ),
        ],
    },
    SourceFile {
        path: SCH_GENERIC,
        tree: Tree::Upstream,
        entries: &[function(
            "pfifo_fast_enqueue",
            Line(738),
            "Puts a packet into one of three rings, by its priority, and drops it if that ring is full.",
        )],
    },
];
