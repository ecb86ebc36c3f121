//! linux-2.6.18-xen: netback.
//!
//! Not modelled: what no event and no article names.

use crate::telling::source::index::Place::{File, Line};
use crate::telling::source::index::{SourceFile, constant, function, preprocessor, structure, variable};
use crate::telling::source::{NETBACK, NETBACK_INTERFACE, NETBACK_XENBUS, Tree};

/// Sorted by path, the entries by name.
pub(super) const FILES: &[SourceFile] = &[
    SourceFile {
        path: "drivers/xen/netback/common.h",
        tree: Tree::Classic,
        entries: &[structure(
            "netif_st",
            Line(58),
            "What netback keeps for one interface of one guest: both rings, the event channel, the rate limit and \
                 a count of references. Its type is also called netif_t.",
        )],
    },
    SourceFile {
        path: NETBACK_INTERFACE,
        tree: Tree::Classic,
        entries: &[
            function(
                "netif_alloc",
                File,
                "Creates the network device vifX.Y for a guest's interface, with carrier off, a queue of at most 32 \
                 packets and no rate limit.",
            ),
            function(
                "netif_disconnect",
                File,
                "Takes an interface down, waits until nobody holds a reference to it, a packet's page included, and \
                 then frees the rings and the event channel.",
            ),
            function(
                "netif_map",
                File,
                "Maps the two ring pages that a guest has granted, binds the guest's event channel, and starts the \
                 interface.",
            ),
        ],
    },
    SourceFile {
        path: NETBACK,
        tree: Tree::Classic,
        entries: &[
            constant(
                "MAX_PENDING_REQS",
                Line(78),
                "How many requests of all guests together netback holds at a time: 256.",
            ),
            preprocessor(
                "NR_PENDING_REQS",
                Line(103),
                "How many of the 256 pending entries are in use now: 256 less those in the pending ring.",
            ),
            constant(
                "PKT_PROT_LEN",
                Line(93),
                "How many bytes of a packet are copied into dom0's own memory, for its headers: 64. A guest cannot \
                 change them any more while they are examined.",
            ),
            function(
                "add_to_net_schedule_list_tail",
                Line(777),
                "Puts an interface at the end of net_schedule_list, with a reference held, unless it is there already \
                 or may not be scheduled. So each interface has at most one place in the round.",
            ),
            function(
                "check_mfn",
                Line(139),
                "Makes sure that netback has enough spare machine frames for a packet that is to be flipped, and asks \
                 Xen for up to 64 at a time. If Xen has none, reception pauses.",
            ),
            function(
                "copy_pending_req",
                Line(848),
                "Copies one granted page that has been in use for too long into a page of dom0's own, by way of \
                 gnttab_copy_grant_page. The slot can then be answered while the packet lives on.",
            ),
            variable(
                "dealloc_ring",
                Line(106),
                "The list of slots whose pages have been freed and that wait for net_tx_action_dealloc. Its entries \
                 are pending indexes.",
            ),
            function(
                "make_rx_response",
                Line(1487),
                "Writes one response into the receive ring: which buffer, where the data starts, how many bytes or \
                 which error. It publishes nothing.",
            ),
            function(
                "make_tx_response",
                Line(1457),
                "Writes the response for a request, and one NULL response more if the request had extra information. \
                 Then it publishes at once, and sends an event if the guest has asked for one.",
            ),
            function(
                "maybe_schedule_tx_action",
                Line(159),
                "Starts netback's transmit tasklet if an interface waits on the list and fewer than 128 of the 256 \
                 pending entries are in use. Otherwise nothing happens until an entry is freed.",
            ),
            variable(
                "mmap_pages",
                Line(82),
                "The 256 pages of dom0's address space into which Xen maps the pages of guests, one for each pending \
                 entry.",
            ),
            function(
                "net_alarm",
                Line(745),
                "The timer after a memory squeeze: one second later it lets the receive tasklet try again.",
            ),
            function(
                "net_rx_action",
                Line(541),
                "The tasklet that brings packets to guests: it prepares copies or transfers for a batch, has Xen do \
                 all of them in one multicall, writes the responses and rings each guest once. Without spare frames \
                 it rests for a second.",
            ),
            variable(
                "net_schedule_list",
                Line(119),
                "The interfaces that have requests to be looked at, in the order of their turns. One list serves all \
                 guests.",
            ),
            function(
                "net_tx_action",
                Line(1178),
                "The transmit tasklet. It returns freed slots, takes one packet per interface in turn, maps all their \
                 pages in one hypercall, copies up to 64 bytes of each into an sk_buff and hands the packets to the \
                 stack.",
            ),
            function(
                "net_tx_action_dealloc",
                Line(854),
                "Empties the dealloc ring: one hypercall unmaps all those pages, then each slot gets its OKAY and \
                 returns to the pool. On the way it may copy pages that were held for half a second.",
            ),
            function(
                "netback_init",
                Line(1544),
                "Sets up the pool of 256 foreign pages with netif_page_release as their destructor, the list and the \
                 queues, and finds out whether Xen can replace a mapping, on which delayed copying depends.",
            ),
            function(
                "netbk_add_frag_responses",
                Line(522),
                "Writes the receive responses for a packet's fragments, each with more_data set but the last.",
            ),
            function(
                "netbk_check_gop",
                Line(479),
                "Looks at the results of a packet's copies or transfers. One that failed turns the whole packet's \
                 status into ERROR.",
            ),
            function(
                "netbk_copy_skb",
                Line(167),
                "Makes a copy of a packet in fresh pages, because the original cannot be given away page by page. \
                 Used for guests that receive by flipping.",
            ),
            variable(
                "netbk_copy_skb_mode",
                Line(131),
                "What is done about pages that a packet holds for long: nothing, copy every packet at once, or copy \
                 the lingering ones after half a second.",
            ),
            function(
                "netbk_count_requests",
                Line(957),
                "Copies a packet's further requests off the ring and checks them: at most 18, none longer than what \
                 is left of the packet, none across a page's end. The first request's size becomes what the others \
                 leave.",
            ),
            function(
                "netbk_fill_frags",
                Line(1098),
                "Puts the mapped pages into the packet as fragments, notes the time for each, and lists them among \
                 the pages in use.",
            ),
            function(
                "netbk_get_extras",
                Line(1126),
                "Reads the extra information that follows a first request, and consumes its slots. A type that is \
                 unknown, or a missing slot, is an error.",
            ),
            function(
                "netbk_get_requests",
                Line(997),
                "Takes a pending entry for each further slot of a packet and prepares the operation that maps its \
                 page, for reading only.",
            ),
            function(
                "netbk_gop_frag",
                Line(363),
                "Prepares how one piece of a packet gets to the guest: a grant copy into the posted buffer, or the \
                 transfer of the page with a fresh frame in its place.",
            ),
            function(
                "netbk_gop_skb",
                Line(431),
                "Prepares the operations for a whole packet, fragments first and the head last, and consumes as many \
                 posted buffers.",
            ),
            function(
                "netbk_max_required_rx_slots",
                Line(243),
                "The most buffers that a packet can need: 20 if the guest takes scattered packets, else one.",
            ),
            function(
                "netbk_queue_full",
                Line(250),
                "Whether the ring might lack room for the largest packet possible. The size of the packet at hand \
                 does not matter.",
            ),
            function(
                "netbk_set_skb_gso",
                Line(1154),
                "Checks what extra information says about segmentation, TCP over IPv4 with a size above zero, and \
                 marks the packet for it.",
            ),
            function(
                "netbk_tx_check_mop",
                Line(1026),
                "Looks at the results of a packet's map operations. A slot that could not be mapped is answered with \
                 ERROR at once, the sound ones are released, and the packet is given up.",
            ),
            function(
                "netbk_tx_err",
                Line(942),
                "Answers all requests of a bad packet with ERROR, consumes them, and gives the interface another turn \
                 if more requests wait.",
            ),
            function(
                "netbk_tx_pending_timeout",
                Line(750),
                "The timer for pages that are held for long: it starts the transmit tasklet, which may then copy \
                 them.",
            ),
            function(
                "netif_be_int",
                Line(1444),
                "The handler for a guest's event. It puts the interface on the list, starts the tasklet if the pool \
                 allows, and wakes the queue towards the guest if there are buffers again.",
            ),
            function(
                "netif_be_start_xmit",
                Line(266),
                "Called by dom0's stack with a packet for a guest. It drops it if the guest has too few buffers, else \
                 queues it for net_rx_action; if the ring may now be full, it stops the queue for up to half a \
                 second.",
            ),
            function("netif_deschedule_work", Line(815), "Takes an interface off the list, because it goes down."),
            function(
                "netif_idx_release",
                Line(1424),
                "Puts a slot's number into the dealloc ring and schedules the transmit tasklet, whatever the state of \
                 the pool. The answer is written later, there.",
            ),
            function(
                "netif_page_release",
                Line(1439),
                "The destructor of netback's foreign pages. The page allocator calls it in place of freeing such a \
                 page, and it passes the page's slot to netif_idx_release.",
            ),
            function(
                "netif_schedule_work",
                Line(799),
                "Looks at a ring for the last time and asks for the next event. If requests are there after all, the \
                 interface goes to the end of the list.",
            ),
            variable(
                "pending_ring",
                Line(99),
                "The free pending entries, taken from its front and given back at its end.",
            ),
            structure(
                "pending_tx_info",
                Line(95),
                "What netback remembers of a request that it has taken: a copy of it, and the interface that it came \
                 from.",
            ),
            function(
                "remove_from_net_schedule_list",
                Line(766),
                "Takes an interface off the list and drops the list's reference to it.",
            ),
            variable("rx_queue", Line(80), "The packets on their way to guests, of all guests in one queue."),
            function(
                "tx_add_credit",
                Line(821),
                "Adds one portion of bytes to what a rate-limited interface may send. More than one burst is never \
                 saved up, and a burst is at least one large packet.",
            ),
            function(
                "tx_credit_callback",
                Line(841),
                "The timer of a rate limit: it adds credit and gives the interface a turn.",
            ),
            function(
                "tx_queue_callback",
                Line(259),
                "Half a second after the queue towards a guest was stopped, it is started again. If there are still \
                 no buffers, the packets in it are dropped.",
            ),
        ],
    },
    SourceFile {
        path: NETBACK_XENBUS,
        tree: Tree::Classic,
        entries: &[
            function(
                "backend_create_netif",
                Line(182),
                "Creates the network device for an interface, once, and tells hotplug, whose script adds it to a \
                 bridge.",
            ),
            function(
                "connect",
                Line(324),
                "Runs when both sides are ready: connects the rings, reads the address and the rate limit, says \
                 Connected and starts the queue.",
            ),
            function(
                "connect_rings",
                Line(349),
                "Reads from xenstore where the guest's rings and its event channel are and what the guest can do, and \
                 has netif_map connect them.",
            ),
            function(
                "frontend_changed",
                Line(212),
                "Follows the state that the guest's half of the device writes into xenstore, and connects, \
                 disconnects or takes the device away.",
            ),
            function(
                "netback_probe",
                Line(56),
                "Runs when a device appears in xenstore: writes what this backend offers, creates the interface and \
                 says InitWait.",
            ),
            function(
                "xen_net_read_rate",
                Line(266),
                "Reads an interface's rate limit from xenstore: so many bytes in so many microseconds. Without one \
                 there is no limit.",
            ),
        ],
    },
];
