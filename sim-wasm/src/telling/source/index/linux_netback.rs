//! Linux: netback.
//!
//! Not modelled: what no event and no article names.

use crate::telling::source::index::Place::Line;
use crate::telling::source::index::{SourceFile, constant, function, structure};
use crate::telling::source::{Tree, XEN_NETBACK, XEN_NETBACK_INTERFACE, XEN_NETBACK_RX, XEN_NETBACK_XENBUS};

/// Sorted by path, the entries by name.
pub(super) const FILES: &[SourceFile] = &[
    SourceFile {
        path: "drivers/net/xen-netback/common.h",
        tree: Tree::Upstream,
        entries: &[
            constant(
                "MAX_PENDING_REQS",
                Line(84),
                "How many requests one queue of an interface holds at a time: as many as its ring has slots, 256.",
            ),
            constant(
                "XEN_NETBK_LEGACY_SLOTS_MAX",
                Line(98),
                "How many slots a packet may take by the old agreement: 18. One that takes a few more is dropped.",
            ),
            structure(
                "pending_tx_info",
                Line(52),
                "What netback remembers of a request that it has taken: a copy of it, how much extra information came \
                 with it, and the note by which the stack says that its page is free.",
            ),
            structure(
                "xenvif",
                Line(279),
                "What netback keeps for one interface of one guest: its queues, what the guest can do, and whether \
                 the interface has been disabled.",
            ),
            structure(
                "xenvif_queue",
                Line(135),
                "What netback keeps for one queue of an interface: both rings, the pool of 256 pending entries, the \
                 dealloc ring, the packets towards the guest and the rate limit.",
            ),
        ],
    },
    SourceFile {
        path: XEN_NETBACK_INTERFACE,
        tree: Tree::Upstream,
        entries: &[
            function(
                "xenvif_carrier_off",
                Line(789),
                "Switches an interface's carrier off and takes it down. Also the end of an interface whose guest \
                 broke the protocol.",
            ),
            function(
                "xenvif_connect_data",
                Line(703),
                "Connects one queue: maps its rings, starts its two threads and binds the guest's event channels, one \
                 for both directions or one for each.",
            ),
            function(
                "xenvif_disconnect_data",
                Line(802),
                "Takes an interface down and disconnects each of its queues.",
            ),
            function(
                "xenvif_disconnect_queue",
                Line(671),
                "Stops a queue's two threads, the second only after all packets in flight are freed, and releases its \
                 event channels and rings.",
            ),
            function(
                "xenvif_interrupt",
                Line(158),
                "The handler where one event channel serves both directions. If nothing was to be done, the event \
                 counts as spurious.",
            ),
            function(
                "xenvif_poll",
                Line(103),
                "The transmit side's turn on a CPU: takes at most 64 packets off the ring. It does nothing for an \
                 interface that has been disabled, and asks for the next event when the ring is empty.",
            ),
            function(
                "xenvif_rx_interrupt",
                Line(142),
                "The handler for events about receive buffers: wakes the receive thread if it has something to do, \
                 else counts the event as spurious.",
            ),
            function(
                "xenvif_start_xmit",
                Line(205),
                "Called by dom0's stack with a packet for a guest. It sets the time at which the packet expires, \
                 queues it and wakes the receive thread; without a queue, a carrier or room, it drops the packet.",
            ),
            function(
                "xenvif_tx_interrupt",
                Line(87),
                "The handler for a guest's event: schedules xenvif_poll if requests are there, else counts the event \
                 as spurious. The channel stays masked until the work is done.",
            ),
        ],
    },
    SourceFile {
        path: XEN_NETBACK,
        tree: Tree::Upstream,
        entries: &[
            constant(
                "XEN_NETBACK_TX_COPY_LEN",
                Line(92),
                "How many bytes of a packet are copied into dom0's own memory, for its headers: 128. A guest cannot \
                 change them any more while they are examined.",
            ),
            function(
                "make_tx_response",
                Line(1477),
                "Writes the response for a request and one NULL for each piece of extra information, and publishes \
                 them, under a lock, since more than one place answers.",
            ),
            function(
                "tx_add_credit",
                Line(180),
                "Adds one portion of bytes to what a rate-limited queue may send. More than one burst is never saved \
                 up, and a burst is at least 128 KiB.",
            ),
            function(
                "tx_credit_exceeded",
                Line(810),
                "Whether a packet is more than a rate-limited queue may send now. If its time has come, credit is \
                 added first; else a timer is set for when it comes.",
            ),
            function(
                "xenvif_count_requests",
                Line(231),
                "Copies a packet's further requests off the ring and checks them. 18 slots are accepted, a few more \
                 only cost the packet, and more than 20 end the interface.",
            ),
            function(
                "xenvif_dealloc_kthread",
                Line(1596),
                "The thread that returns mapped slots: sleeps until the dealloc ring has entries, then has \
                 xenvif_tx_dealloc_action unmap and answer them.",
            ),
            function(
                "xenvif_dealloc_kthread_should_stop",
                Line(1587),
                "Whether the dealloc thread may end: it was told to, and no packet is in flight any more. Until then \
                 a disconnecting interface waits.",
            ),
            function(
                "xenvif_fatal_tx_err",
                Line(222),
                "Gives up an interface whose guest broke the protocol: marks it disabled and leaves the rest to its \
                 first queue's thread, which may sleep. No request is answered any more.",
            ),
            function(
                "xenvif_fill_frags",
                Line(687),
                "Puts the mapped pages into the packet as fragments, and chains their notes, so that one call reports \
                 all of them when the packet is freed.",
            ),
            function(
                "xenvif_get_extras",
                Line(725),
                "Reads the extra information that follows a first request, and consumes its slots. A missing slot or \
                 an unknown type ends the interface.",
            ),
            function(
                "xenvif_get_requests",
                Line(375),
                "Prepares what gets a packet's bytes: grant copies for its first 128 bytes, across slots if need be, \
                 and a map operation for each slot with something left. An empty slot is answered at once.",
            ),
            function(
                "xenvif_handle_frag_list",
                Line(1111),
                "Copies a packet that has more pieces than an sk_buff may have into fresh pages, so that it has few \
                 again. Its slots are released then.",
            ),
            function(
                "xenvif_idx_release",
                Line(1451),
                "Writes the response for a request, returns its pending entry to the pool, and only then publishes, \
                 so that an entry is free before the guest can send more.",
            ),
            function(
                "xenvif_idx_unmap",
                Line(1492),
                "Unmaps a single granted page, for a packet that is given up half-way.",
            ),
            function(
                "xenvif_napi_schedule_or_enable_events",
                Line(166),
                "Looks at a ring for the last time and asks for the next event. If requests are there after all, \
                 xenvif_poll is scheduled again; else the event channel is unmasked.",
            ),
            function(
                "xenvif_set_skb_gso",
                Line(759),
                "Checks what extra information says about segmentation, TCP over IPv4 or IPv6 with a size above zero, \
                 and marks the packet for it.",
            ),
            function(
                "xenvif_tx_action",
                Line(1389),
                "One pass of a queue's transmit side: builds the operations, has Xen do the copies and then the \
                 mappings, and hands the packets to the stack.",
            ),
            function(
                "xenvif_tx_build_gops",
                Line(915),
                "Takes packets off a ring within its budget, checks them and their credit, and prepares their copies \
                 and mappings. A producer that claims more than a ring ends the interface.",
            ),
            function(
                "xenvif_tx_check_gop",
                Line(550),
                "Looks at the results of a packet's copies and mappings. Slots that were copied whole are answered \
                 here; one that failed is answered with ERROR, and the packet is given up.",
            ),
            function(
                "xenvif_tx_dealloc_action",
                Line(1321),
                "Empties the dealloc ring: unmaps all those pages in one hypercall, then answers each slot with OKAY.",
            ),
            function("xenvif_tx_err", Line(206), "Answers all requests of a bad packet with ERROR and consumes them."),
            function(
                "xenvif_tx_submit",
                Line(1171),
                "Finishes the packets whose bytes are there: attaches the pages, sets checksum and segmentation, and \
                 hands them to dom0's stack.",
            ),
            function(
                "xenvif_zerocopy_callback",
                Line(1282),
                "Called by the stack when it needs a packet's borrowed pages no more, because the packet was freed or \
                 its pages were copied. It puts all their slots into the dealloc ring and wakes the thread.",
            ),
        ],
    },
    SourceFile {
        path: XEN_NETBACK_RX,
        tree: Tree::Upstream,
        entries: &[
            function(
                "xenvif_kthread_guest_rx",
                Line(626),
                "The thread that brings packets to a guest: waits for packets and buffers, copies, watches for a \
                 guest that posts nothing, and drops packets that have waited too long.",
            ),
            function(
                "xenvif_queue_carrier_off",
                Line(595),
                "Marks a queue as stalled. With the first one of an interface the carrier goes off, so that dom0 \
                 drops packets earlier.",
            ),
            function(
                "xenvif_queue_carrier_on",
                Line(610),
                "Marks a queue as ready again. When no queue of the interface is stalled any more, the carrier comes \
                 back.",
            ),
            function(
                "xenvif_rx_action",
                Line(491),
                "Copies up to 64 packets into the guest's buffers, as long as the ring has room for the next, and \
                 publishes the responses.",
            ),
            function(
                "xenvif_rx_copy_flush",
                Line(159),
                "Has Xen do the grant copies that have been collected, writes the error into each response whose copy \
                 failed, publishes the responses and rings the bell if asked to.",
            ),
            function(
                "xenvif_rx_data_slot",
                Line(393),
                "Fills one posted buffer: collects the copies of the packet's next bytes, up to one page, and writes \
                 the response with their number.",
            ),
            function(
                "xenvif_rx_queue_drop_expired",
                Line(143),
                "Drops packets that have waited for buffers too long, 10 seconds as a rule. They may hold other \
                 guests' pages, which must not be kept for ever.",
            ),
            function(
                "xenvif_rx_queue_purge",
                Line(135),
                "Drops all packets that wait for a guest, because its interface goes.",
            ),
            function(
                "xenvif_rx_queue_stalled",
                Line(520),
                "Whether a guest has posted too few buffers for the next packet for a long time, 60 seconds as a \
                 rule.",
            ),
            function(
                "xenvif_rx_queue_tail",
                Line(85),
                "Puts a packet at the end of the queue towards a guest. If the queue holds its limit of bytes \
                 already, it is stopped and the packet refused.",
            ),
            function(
                "xenvif_rx_ring_slots_available",
                Line(58),
                "Whether the guest has posted enough buffers for the next packet. If not, it asks for an event when \
                 more are published, and looks once more.",
            ),
            function(
                "xenvif_rx_skb",
                Line(461),
                "Copies one packet into as many of the guest's buffers as it needs, extra information included.",
            ),
            function(
                "xenvif_update_needed_slots",
                Line(42),
                "Notes how many buffers the first packet in the queue needs: one for each page of its length, and one \
                 for each piece of extra information.",
            ),
        ],
    },
    SourceFile {
        path: XEN_NETBACK_XENBUS,
        tree: Tree::Upstream,
        entries: &[
            function(
                "connect",
                Line(724),
                "Runs when both sides are ready: reads limits and features, creates the queues and connects each, and \
                 lets the interface run.",
            ),
            function(
                "connect_data_rings",
                Line(850),
                "Reads from xenstore where a queue's rings and event channels are, and has xenvif_connect_data \
                 connect them.",
            ),
            function(
                "frontend_changed",
                Line(417),
                "Follows the state that the guest's half of the device writes into xenstore, and moves the backend's \
                 own state towards it.",
            ),
            function(
                "netback_probe",
                Line(1002),
                "Runs when a device appears in xenstore: writes what this backend offers, its number of queues \
                 included, and creates the interface.",
            ),
            function(
                "set_backend_state",
                Line(321),
                "Walks the backend's state step by step to the one that is wanted, connecting or disconnecting on the \
                 way.",
            ),
            function(
                "xen_net_read_rate",
                Line(465),
                "Reads an interface's rate limit from xenstore: so many bytes in so many microseconds. Without one \
                 there is no limit.",
            ),
        ],
    },
];
