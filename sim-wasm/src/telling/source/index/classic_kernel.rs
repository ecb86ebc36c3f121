//! linux-2.6.18-xen: grants, events, foreign pages, and the stack that dom0's packets go through.
//!
//! Not modelled: what no event and no article names.

use crate::telling::source::index::Place::{File, Line};
use crate::telling::source::index::{SourceFile, function, preprocessor};
use crate::telling::source::{
    AF_PACKET, BONDING, BR_FDB, BR_FORWARD, BR_INPUT, CORE_DEV, E1000, GNTTAB, NETDEVICE, RTL8139, SCH_GENERIC, SKBUFF,
    Tree, XENBUS_CLIENT,
};

/// Sorted by path, the entries by name.
pub(super) const FILES: &[SourceFile] = &[
    SourceFile {
        path: RTL8139,
        tree: Tree::Classic,
        entries: &[
            function(
                "rtl8139_interrupt",
                File,
                "Asks the card why it interrupts and acknowledges that, and has the packets looked after.",
            ),
            function(
                "rtl8139_rx",
                File,
                "Copies packets out of the card's ring of bytes into packets of their own, as long as the card says \
                 that there are any, and tells the card how far it has read.",
            ),
            function(
                "rtl8139_start_xmit",
                File,
                "Copies a packet into one of the card's four transmit buffers, and tells the card its length.",
            ),
        ],
    },
    SourceFile {
        path: BONDING,
        tree: Tree::Classic,
        entries: &[function(
            "bond_change_active_slave",
            File,
            "Makes another interface of a bond the one that packets go through, and tells the network of it.",
        )],
    },
    SourceFile {
        path: E1000,
        tree: Tree::Classic,
        entries: &[
            function(
                "e1000_alloc_rx_buffers",
                File,
                "Gives the card room for packets: maps empty buffers for DMA, writes the address of each into a \
                 descriptor and moves the card's tail.",
            ),
            function(
                "e1000_clean_rx_irq",
                File,
                "Takes the packets that the card has stored, hands them to the stack, and gives the card fresh buffers.",
            ),
            function(
                "e1000_clean_tx_irq",
                File,
                "Runs after the card has reported: takes back the descriptors of packets that were sent, frees the \
                 packets, and starts the queue again if at least 32 descriptors are free.",
            ),
            function("e1000_intr", File, "Asks the card why it interrupts, and has its rings looked after."),
            function(
                "e1000_xmit_frame",
                File,
                "Gives a packet to the card: maps its pieces for DMA, writes a descriptor for each and moves the \
                 card's tail. If too few descriptors are left for another packet, it stops the queue.",
            ),
        ],
    },
    SourceFile {
        path: "drivers/xen/core/evtchn.c",
        tree: Tree::Classic,
        entries: &[
            function(
                "ack_dynirq",
                Line(711),
                "Begins the handling of an event: masks its channel and clears its pending bit, so that the next \
                 event can be told from this one.",
            ),
            function(
                "end_dynirq",
                Line(723),
                "Ends the handling of an event: unmasks its channel, so that an event that came meanwhile is \
                 delivered now.",
            ),
            function(
                "evtchn_do_upcall",
                Line(225),
                "The entry for all events of a CPU: scans the words with pending bits, goes on after the channel that \
                 was served last, and calls each channel's handler.",
            ),
            function(
                "notify_remote_via_irq",
                Line(880),
                "Rings the bell at the other end of the event channel that belongs to an interrupt number.",
            ),
            function(
                "pirq_unmask_notify",
                Line(745),
                "Ends an interrupt of a card of the domain's own by the hypercall PHYSDEVOP_eoi, if Xen said when it was \
                 bound that it waits for the end.",
            ),
            function(
                "unmask_evtchn",
                Line(902),
                "Unmasks an event channel. An event that was pending all the time is raised again.",
            ),
        ],
    },
    SourceFile {
        path: GNTTAB,
        tree: Tree::Classic,
        entries: &[
            function(
                "gnttab_copy_grant_page",
                File,
                "Replaces a mapped page of a guest by a copy in dom0's memory, behind the back of whoever uses it. \
                 Refuses if the page was ever mapped for DMA, since a device may be reading it.",
            ),
            function(
                "gnttab_end_foreign_access",
                File,
                "Ends a grant and frees its page. If the page is still in use by the other domain, page and grant are \
                 leaked, with a line in the log.",
            ),
            function(
                "gnttab_end_foreign_access_ref",
                File,
                "Takes a grant back by clearing its flags. Fails if Xen has marked it as being read or written.",
            ),
            function(
                "gnttab_end_foreign_transfer_ref",
                File,
                "Takes back an entry that accepts a page. If a transfer has begun it waits for its end and returns \
                 the new frame.",
            ),
            function(
                "gnttab_grant_foreign_access_ref",
                File,
                "Fills in a grant entry: the frame and the other domain first, then, after a write barrier, the flags \
                 that make it valid.",
            ),
            function(
                "gnttab_grant_foreign_transfer_ref",
                File,
                "Fills in a grant entry that accepts a page: whatever frame the other domain transfers will belong to \
                 this one.",
            ),
            function(
                "gnttab_query_foreign_access",
                File,
                "Whether the other domain has a granted page mapped now, by the reading and writing bits of the \
                 entry.",
            ),
            function(
                "gnttab_reset_grant_page",
                File,
                "Makes a page of netback's window fit for its next use: one reference, and no mark of an earlier DMA \
                 mapping.",
            ),
        ],
    },
    SourceFile {
        path: XENBUS_CLIENT,
        tree: Tree::Classic,
        entries: &[
            function(
                "xenbus_grant_ring",
                Line(229),
                "Grants a ring page to the domain at the other end of a device, for reading and writing.",
            ),
            function(
                "xenbus_switch_state",
                Line(104),
                "Writes this half's new state into xenstore, where the other half watches it.",
            ),
        ],
    },
    SourceFile {
        path: "include/asm-i386/mach-xen/asm/maddr.h",
        tree: Tree::Classic,
        entries: &[preprocessor(
            "FOREIGN_FRAME",
            File,
            "Marks a frame number, in the table from pages to machine frames, as one that belongs to another \
                 domain.",
        )],
    },
    SourceFile {
        path: NETDEVICE,
        tree: Tree::Classic,
        entries: &[function(
            "dev_kfree_skb_irq",
            File,
            "Frees a packet from a place where interrupts may be off: drops one reference, and leaves the last \
                 one's work to the transmit softirq.",
        )],
    },
    SourceFile {
        path: "include/linux/page-flags.h",
        tree: Tree::Classic,
        entries: &[
            preprocessor(
                "PageForeign",
                Line(252),
                "Whether a page belongs to another domain, and has a function of its own to be called when it is \
                 freed.",
            ),
            preprocessor(
                "SetPageForeign",
                Line(253),
                "Marks a page as foreign and stores the function that is to be called instead of freeing it.",
            ),
        ],
    },
    SourceFile {
        path: "include/xen/gnttab.h",
        tree: Tree::Classic,
        entries: &[
            function(
                "gnttab_set_map_op",
                File,
                "Fills in one map operation for Xen: at which address, for which use, which grant of which domain.",
            ),
            function(
                "gnttab_set_unmap_op",
                File,
                "Fills in one unmap operation for Xen: which address, and the handle that the mapping returned.",
            ),
        ],
    },
    SourceFile {
        path: "mm/page_alloc.c",
        tree: Tree::Classic,
        entries: &[
            function(
                "__free_pages_ok",
                Line(448),
                "Frees a block of pages. For a foreign page its own function is called instead.",
            ),
            function(
                "free_hot_cold_page",
                Line(732),
                "Frees a single page. A foreign page is not freed: its own function is called with it instead.",
            ),
        ],
    },
    SourceFile {
        path: BR_FDB,
        tree: Tree::Classic,
        entries: &[function(
            "br_fdb_update",
            File,
            "Learns, from a packet's source address, behind which port of the bridge that address lies.",
        )],
    },
    SourceFile {
        path: BR_FORWARD,
        tree: Tree::Classic,
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
        tree: Tree::Classic,
        entries: &[function(
            "br_handle_frame_finish",
            File,
            "Decides what the bridge does with a packet: learns its source, then forwards it to the port that is \
                 known, floods it, or hands it to dom0 itself.",
        )],
    },
    SourceFile {
        path: CORE_DEV,
        tree: Tree::Classic,
        entries: &[function(
            "netif_rx",
            Line(1623),
            "Puts a packet at the end of this CPU's backlog, at most 1000 packets, and drops it if there is no \
                 room.",
        )],
    },
    SourceFile {
        path: SKBUFF,
        tree: Tree::Classic,
        entries: &[
            function(
                "skb_copy",
                Line(588),
                "Makes a copy of a packet with all its data in fresh linear memory. The original can then be freed.",
            ),
            function(
                "skb_release_data",
                Line(305),
                "Drops a packet's hold on its data. The last holder puts every fragment's page, and for a foreign \
                 page that is what returns the slot.",
            ),
        ],
    },
    SourceFile {
        path: "net/netfilter/core.c",
        tree: Tree::Classic,
        entries: &[function(
            "nf_hook_slow",
            File,
            "Asks the firewall's rules at one point of a packet's way. If one says DROP, the packet is freed.",
        )],
    },
    SourceFile {
        path: AF_PACKET,
        tree: Tree::Classic,
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
        tree: Tree::Classic,
        entries: &[function(
            "pfifo_fast_enqueue",
            File,
            "Puts a packet at the end of one of three queues, by its priority, and drops it if that queue has \
                 reached the device's length.",
        )],
    },
];
