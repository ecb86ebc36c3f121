//! Linux: netfront.
//!
//! Not modelled: what no event and no article names.

use crate::telling::source::index::Place::Line;
use crate::telling::source::index::{SourceFile, constant, function, structure};
use crate::telling::source::{Tree, XEN_NETFRONT};

/// Sorted by path, the entries by name.
pub(super) const FILES: &[SourceFile] = &[SourceFile {
    path: XEN_NETFRONT,
    tree: Tree::Upstream,
    entries: &[
        constant(
            "NET_RX_SLOTS_MIN",
            Line(89),
            "How few posted receive buffers are too few to be worth publishing: fewer than 19, which is what the \
                 largest packet needs.",
        ),
        constant(
            "RX_COPY_THRESHOLD",
            Line(83),
            "How many bytes of a received packet are pulled into its linear part: 256.",
        ),
        function(
            "bounce_skb",
            Line(675),
            "Copies a packet into fresh zeroed pages. Used for a backend that is not trusted, which could \
                 otherwise read what else lies in the granted pages.",
        ),
        function(
            "handle_incoming_queue",
            Line(1226),
            "Passes the packets of one poll up to the guest's stack, after their headers have been pulled into \
                 linear memory.",
        ),
        function(
            "netback_changed",
            Line(2491),
            "Follows the backend's state in xenstore: connects when it is ready, and closes when it closes.",
        ),
        structure(
            "netfront_info",
            Line(160),
            "What netfront keeps for one interface: its queues, whether the backend is trusted, and whether the \
                 device is broken.",
        ),
        function(
            "netfront_probe",
            Line(1784),
            "Runs when a network device for this guest appears: creates and registers the interface.",
        ),
        structure(
            "netfront_queue",
            Line(107),
            "What netfront keeps for one queue: both rings, the packets, pages and grants in them, and its \
                 interrupts.",
        ),
        function(
            "netfront_resume",
            Line(1862),
            "Runs after the guest was suspended or moved: forgets the old backend, so that it connects anew.",
        ),
        function(
            "netfront_tx_slot_available",
            Line(252),
            "Whether a packet of any size still fits: fewer than 237 slots are out, which is 256 less 18 and one.",
        ),
        function(
            "setup_netfront",
            Line(1974),
            "Allocates the two ring pages of a queue, grants them to the backend and opens one event channel or \
                 two.",
        ),
        function(
            "talk_to_netback",
            Line(2256),
            "Writes into xenstore, in one transaction, where each queue's rings and event channels are and what \
                 this frontend can do.",
        ),
        function(
            "xennet_alloc_one_rx_buffer",
            Line(270),
            "Allocates one receive buffer: a packet with one empty page.",
        ),
        function(
            "xennet_alloc_rx_buffers",
            Line(298),
            "Allocates and posts receive buffers until the ring is full. With too few to be worth it, or without \
                 memory, it tries again later by a timer.",
        ),
        function(
            "xennet_connect",
            Line(2423),
            "Connects the interface to a backend: makes the queues, writes the keys, reads the features, switches \
                 the carrier on and posts buffers.",
        ),
        function(
            "xennet_count_skb_slots",
            Line(563),
            "How many slots a packet needs: one for each page that its pieces touch.",
        ),
        function(
            "xennet_disconnect_backend",
            Line(1814),
            "Lets go of a backend: carrier off, interrupts released, packets in the rings thrown away, all grants \
                 ended.",
        ),
        function(
            "xennet_fill_frags",
            Line(1163),
            "Puts the further buffers of a received packet into it as fragments.",
        ),
        function(
            "xennet_get_extras",
            Line(924),
            "Reads the extra information that follows a received packet's first response, and posts the buffers \
                 that it took again.",
        ),
        function(
            "xennet_get_responses",
            Line(1020),
            "Collects all responses of one received packet, checks each and ends its grant. A grant that the \
                 backend still uses marks the device as broken.",
        ),
        function(
            "xennet_handle_rx",
            Line(1538),
            "Looks at new receive responses when an event comes. A producer that has gone backwards marks the \
                 device as broken.",
        ),
        function(
            "xennet_handle_tx",
            Line(1513),
            "Clears up transmit responses when an event comes, and says whether there were any, so that a \
                 spurious event can be delayed.",
        ),
        function("xennet_interrupt", Line(1578), "The handler where one event channel serves both directions."),
        function("xennet_make_first_txreq", Line(515), "Writes a packet's first request and grants its page."),
        function(
            "xennet_make_txreqs",
            Line(536),
            "Writes the requests for a further piece of a packet, one for each page it touches.",
        ),
        function(
            "xennet_maybe_wake_tx",
            Line(258),
            "Starts the stopped transmit queue again if a slot is available by the same test that stopped it.",
        ),
        function(
            "xennet_move_rx_slot",
            Line(911),
            "Posts a receive buffer again, after its response could not be used.",
        ),
        function(
            "xennet_open",
            Line(360),
            "Brings the interface up: posts receive buffers, asks for the next event and lets the queues run.",
        ),
        function(
            "xennet_poll",
            Line(1262),
            "Takes received packets off the ring within its budget, builds packets from them, passes them up and \
                 posts new buffers. A producer that claims too much marks the device as broken.",
        ),
        function(
            "xennet_release_rx_bufs",
            Line(1444),
            "Ends the grants of all posted receive buffers and frees them, or leaves that to a timer if the \
                 backend still uses one.",
        ),
        function(
            "xennet_release_tx_bufs",
            Line(1422),
            "Throws away the packets that were in a queue's ring when the backend went: ends their grants and \
                 frees them.",
        ),
        function(
            "xennet_remove",
            Line(2657),
            "Takes the interface away: says Closing and then Closed, waits for the backend each time, then frees \
                 everything.",
        ),
        function(
            "xennet_start_xmit",
            Line(705),
            "Sends a packet: grants its pages, writes the requests, publishes them and rings the bell if asked \
                 to. Then it stops the queue if the largest packet would no longer fit.",
        ),
        function(
            "xennet_tx_buf_gc",
            Line(389),
            "Clears up transmit responses: checks each, ends its grant, frees its number and the packet, and asks \
                 for an event at the next one. A response that cannot be true marks the device as broken.",
        ),
        function(
            "xennet_tx_setup_grant",
            Line(473),
            "Writes one request: takes a free number, grants one frame for reading, and fills in where the data \
                 lies.",
        ),
    ],
}];
