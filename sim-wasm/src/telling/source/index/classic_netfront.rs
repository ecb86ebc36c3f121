//! linux-2.6.18-xen: netfront.
//!
//! Not modelled: what no event and no article names.

use crate::telling::source::index::Place::{File, Line};
use crate::telling::source::index::{SourceFile, constant, function, structure};
use crate::telling::source::{NETFRONT, Tree};

/// Sorted by path, the entries by name.
pub(super) const FILES: &[SourceFile] = &[
    SourceFile {
        path: NETFRONT,
        tree: Tree::Classic,
        entries: &[
            constant(
                "RX_COPY_THRESHOLD",
                Line(95),
                "How many bytes of a received packet are copied into its linear part: 256.",
            ),
            function(
                "add_id_to_freelist",
                Line(170),
                "Returns a request's number to the list of free ones. The list is threaded through the array of \
                 packets itself.",
            ),
            function(
                "backend_changed",
                Line(531),
                "Follows the backend's state in xenstore: connects when it is ready, and closes when it closes.",
            ),
            function(
                "get_id_from_freelist",
                Line(176),
                "Takes a free number for a request. The response will carry it, since responses may come in another \
                 order.",
            ),
            function(
                "netfront_probe",
                Line(245),
                "Runs when a network device for this guest appears: creates the interface, in the state before it is \
                 connected.",
            ),
            function(
                "netfront_remove",
                Line(285),
                "Takes the interface away: disconnects it from the backend, stops its timer and unregisters it.",
            ),
            function(
                "netfront_resume",
                Line(327),
                "Runs after the guest was suspended or moved: forgets the old backend, so that it connects anew.",
            ),
            function(
                "netfront_tx_slot_available",
                Line(594),
                "Whether a packet of any size still fits: fewer than 236 slots are out, which is 256 less the 20 that \
                 the largest packet needs.",
            ),
            function(
                "netif_int",
                Line(1053),
                "The handler for the backend's event. One channel serves both directions, so it clears up transmit \
                 responses, and schedules netif_poll if something was received.",
            ),
            function(
                "netif_poll",
                Line(1320),
                "Takes received packets off the ring within its budget, builds packets from them and passes them up. \
                 Then it lowers the number of buffers to post, if many were left, and posts new ones.",
            ),
            function(
                "netif_release_rx_bufs_copy",
                Line(1643),
                "Ends the grants of all posted receive buffers and frees them, where packets are copied.",
            ),
            function(
                "netif_release_tx_bufs",
                Line(1541),
                "Throws away the packets that were in the ring when the backend went: ends their grants and frees \
                 them.",
            ),
            function(
                "network_alloc_rx_buffers",
                Line(712),
                "Allocates receive buffers and posts them, but only once half of the target is due. If less than a \
                 quarter was left with the backend, it doubles the target; without memory it tries again a tenth of a \
                 second later.",
            ),
            function(
                "network_connect",
                Line(1776),
                "Connects the interface to a backend: chooses copying or flipping, writes the keys, discards old \
                 packets, posts the receive buffers again and switches the carrier on.",
            ),
            function(
                "network_maybe_wake_tx",
                Line(601),
                "Starts the stopped transmit queue again if a slot is available by the same test that stopped it.",
            ),
            function(
                "network_open",
                Line(624),
                "Brings the interface up: posts receive buffers, asks for the next event and lets the queue run.",
            ),
            function(
                "network_start_xmit",
                Line(936),
                "Sends a packet: takes a number and grants the page, writes the requests, publishes them and rings \
                 the bell if asked to. Then it clears up responses and stops the queue if the largest packet would no \
                 longer fit.",
            ),
            function(
                "network_tx_buf_gc",
                Line(647),
                "Clears up transmit responses: ends each grant, frees the number and the packet. It asks to be woken \
                 half-way into what is still out, and wakes the queue if it can. A grant still in use stops the \
                 kernel.",
            ),
            function(
                "rx_refill_timeout",
                Line(702),
                "The timer after a failed allocation: it schedules netif_poll, which posts buffers.",
            ),
            function(
                "send_fake_arp",
                Line(570),
                "Announces the interface's address by an ARP packet that nobody asked for, so that switches learn the \
                 new way.",
            ),
            function(
                "setup_device",
                Line(468),
                "Allocates the two ring pages, grants them to the backend and opens an event channel for it.",
            ),
            function(
                "talk_to_backend",
                Line(362),
                "Writes into xenstore, in one transaction, where the rings and the event channel are and what this \
                 frontend can do.",
            ),
            function(
                "xennet_fill_frags",
                Line(1255),
                "Puts the further buffers of a received packet into it as fragments.",
            ),
            function(
                "xennet_get_extras",
                Line(1090),
                "Reads the extra information that follows a received packet's first response, and posts the buffers \
                 that it took again.",
            ),
            function(
                "xennet_get_responses",
                Line(1132),
                "Collects all responses of one received packet, checks each and ends its grant. A bad one is an \
                 error, and its buffer is posted again.",
            ),
            function(
                "xennet_make_frags",
                Line(873),
                "Writes the requests for the rest of a packet, one for each further page of its linear part and one \
                 for each fragment, each page granted for reading.",
            ),
            function(
                "xennet_move_rx_slot",
                Line(1077),
                "Posts a receive buffer again, after its response could not be used.",
            ),
            function(
                "xennet_set_skb_gso",
                Line(1286),
                "Marks a received packet that is longer than the wire allows as one to be segmented later.",
            ),
        ],
    },
    SourceFile {
        path: "drivers/xen/netfront/netfront.h",
        tree: Tree::Classic,
        entries: &[structure(
            "netfront_info",
            File,
            "What netfront keeps for one interface: both rings, the packets and grants in them, the receive \
                 target and its limits.",
        )],
    },
];
