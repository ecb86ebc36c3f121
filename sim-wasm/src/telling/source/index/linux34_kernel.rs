//! Linux 3.4: the stack that dom0's packets go through, and xenbus.
//!
//! Not modelled: what no event and no article names.

use crate::telling::source::index::Place::{File, Line};
use crate::telling::source::index::{SourceFile, function};
use crate::telling::source::{
    AF_PACKET, BR_FDB, BR_FORWARD, BR_INPUT, CORE_DEV, INTEL_E1000, SCH_GENERIC, SKBUFF, Tree, XENBUS_CLIENT,
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
        path: XENBUS_CLIENT,
        tree: Tree::Linux34,
        entries: &[function(
            "xenbus_switch_state",
            Line(232),
            "Writes this half's new state into xenstore, where the other half watches it.",
        )],
    },
    SourceFile {
        path: BR_FDB,
        tree: Tree::Linux34,
        entries: &[function(
            "br_fdb_update",
            Line(414),
            "Learns, from a packet's source address, behind which port of the bridge that address lies.",
        )],
    },
    SourceFile {
        path: BR_FORWARD,
        tree: Tree::Linux34,
        entries: &[
            function(
                "br_flood_forward",
                Line(203),
                "Sends a packet to every port but the one that it came from. All but the last get a clone, and clones \
                 share the packet's pages.",
            ),
            function("br_forward", Line(111), "Sends a packet on to one port of the bridge, if that port may have it."),
        ],
    },
    SourceFile {
        path: BR_INPUT,
        tree: Tree::Linux34,
        entries: &[function(
            "br_handle_frame_finish",
            Line(48),
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
                Line(1338),
                "Moves bytes from a packet's fragments into its linear part, for whoever wants to read the headers \
                 there.",
            ),
            function(
                "skb_copy_ubufs",
                Line(692),
                "Copies a packet's borrowed pages into pages of the kernel's own, and tells their owner that they are \
                 free again.",
            ),
            function(
                "skb_release_data",
                Line(382),
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
            Line(169),
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
