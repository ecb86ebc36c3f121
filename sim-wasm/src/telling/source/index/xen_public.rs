//! Xen: the headers that both sides of a device share.
//!
//! Not modelled: what no event and no article names.

use crate::telling::source::index::Place::Line;
use crate::telling::source::index::{SourceFile, constant, preprocessor, structure};
use crate::telling::source::{RING, Tree};

/// Sorted by path, the entries by name.
pub(super) const FILES: &[SourceFile] = &[
    SourceFile {
        path: "xen/include/public/grant_table.h",
        tree: Tree::Xen,
        entries: &[
            constant(
                "GNTTABOP_copy",
                Line(309),
                "The hypercall by which Xen copies bytes between two domains' pages, each named by a grant or by its \
                 own frame. Nothing is mapped.",
            ),
            constant(
                "GNTTABOP_map_grant_ref",
                Line(304),
                "The hypercall that maps pages which other domains have granted.",
            ),
            constant(
                "GNTTABOP_transfer",
                Line(308),
                "The hypercall that gives a page away to a domain that has said it will accept one.",
            ),
            constant(
                "GNTTABOP_unmap_and_replace",
                Line(311),
                "The hypercall that removes a mapping and puts another page in its place in the same step. Delayed \
                 copying depends on it.",
            ),
            constant(
                "GNTTABOP_unmap_grant_ref",
                Line(305),
                "The hypercall that removes mappings, named by the handles that mapping them returned.",
            ),
            constant(
                "GTF_accept_transfer",
                Line(165),
                "The kind of a grant entry that says: the other domain may give me a page.",
            ),
            constant(
                "GTF_permit_access",
                Line(164),
                "The kind of a grant entry that says: the other domain may use this frame.",
            ),
            constant(
                "GTF_reading",
                Line(184),
                "The flag that Xen sets in a grant entry while the other domain has the frame mapped or is copying \
                 from it.",
            ),
            constant(
                "GTF_readonly",
                Line(182),
                "The flag in a grant entry that allows the other domain to read the frame only.",
            ),
            constant(
                "GTF_writing",
                Line(186),
                "The flag that Xen sets in a grant entry while the other domain has the frame mapped for writing.",
            ),
            structure(
                "grant_entry_v1",
                Line(132),
                "One entry of a guest's grant table, 8 bytes: flags, the domain that may use the frame, and the \
                 frame.",
            ),
        ],
    },
    SourceFile {
        path: "xen/include/public/io/netif.h",
        tree: Tree::Xen,
        entries: &[
            constant(
                "NETIF_RSP_DROPPED",
                Line(1074),
                "The status for a packet that was dropped. Linux backends never send it.",
            ),
            constant("NETIF_RSP_ERROR", Line(1075), "The status for a request that was refused."),
            constant(
                "NETIF_RSP_NULL",
                Line(1078),
                "The status that answers a slot with extra information, which had no number of its own. Frontends \
                 skip it.",
            ),
            constant(
                "NETIF_RSP_OKAY",
                Line(1076),
                "The status for a request that was taken. It does not say that the packet was sent.",
            ),
            constant("NETTXF_csum_blank", Line(958), "The flag for a packet whose checksum is still to be filled in."),
            constant(
                "NETTXF_data_validated",
                Line(962),
                "The flag for a packet whose data was checked, or never left the machine.",
            ),
            constant("NETTXF_extra_info", Line(970), "The flag that says: the next slot is extra information."),
            constant("NETTXF_more_data", Line(966), "The flag that says: this packet goes on in the next request."),
            constant(
                "XEN_NETIF_NR_SLOTS_MIN",
                Line(49),
                "How many slots for one packet every backend must accept: 18.",
            ),
            structure(
                "netif_extra_info",
                Line(1003),
                "Extra information about a packet, in a slot of its own: what kind it is, whether more follows, and \
                 for segmentation the size of the pieces.",
            ),
            structure(
                "netif_rx_request",
                Line(1032),
                "A posted receive buffer, 8 bytes: its number and the grant of its page.",
            ),
            structure(
                "netif_rx_response",
                Line(1059),
                "What came into a receive buffer, 8 bytes: its number, where the data starts, flags, and how many \
                 bytes or which error.",
            ),
            structure(
                "netif_tx_request",
                Line(973),
                "One slot's worth of a packet to send, 12 bytes: the grant of its page, where the data starts, flags, \
                 a number to be returned, and the size. The first slot carries the whole packet's size.",
            ),
            structure("netif_tx_response", Line(1026), "What became of a request, 4 bytes: its number and a status."),
        ],
    },
    SourceFile {
        path: RING,
        tree: Tree::Xen,
        entries: &[
            preprocessor(
                "BACK_RING_INIT",
                Line(194),
                "Sets the backend's private indexes to zero and points them at the shared page.",
            ),
            preprocessor(
                "DEFINE_RING_TYPES",
                Line(109),
                "Declares the types of a ring: the shared page with its four indexes and the slots, and the private \
                 halves of both sides.",
            ),
            preprocessor(
                "FRONT_RING_INIT",
                Line(185),
                "Sets the frontend's private indexes to zero and points them at the shared page.",
            ),
            preprocessor(
                "RING_COPY_REQUEST",
                Line(243),
                "Copies a request out of shared memory, so that what is checked is what is used. Reading it twice in \
                 place would let the guest change it in between.",
            ),
            preprocessor(
                "RING_FINAL_CHECK_FOR_REQUESTS",
                Line(319),
                "The backend's last look before it rests. With nothing to do it asks for an event at the next \
                 request, and then, after a barrier, looks again.",
            ),
            preprocessor(
                "RING_FINAL_CHECK_FOR_RESPONSES",
                Line(327),
                "The frontend's last look before it rests. With nothing to do it asks for an event at the next \
                 response, and then, after a barrier, looks again.",
            ),
            preprocessor(
                "RING_FREE_REQUESTS",
                Line(201),
                "How many slots are free, as the frontend counts: the ring's size less the requests it has written \
                 and not seen answered.",
            ),
            preprocessor("RING_FULL", Line(207), "Whether no slot is free, as the frontend counts."),
            preprocessor(
                "RING_GET_REQUEST",
                Line(231),
                "The slot in which the request with this index lies: the index modulo the ring's size.",
            ),
            preprocessor(
                "RING_GET_RESPONSE",
                Line(248),
                "The slot in which the response with this index lies. It is the same array as the requests'.",
            ),
            preprocessor(
                "RING_HAS_UNCONSUMED_REQUESTS",
                Line(215),
                "How many requests the backend has not yet consumed, but never more than the ring can hold besides \
                 its unanswered ones, whatever the producer claims.",
            ),
            preprocessor(
                "RING_HAS_UNCONSUMED_RESPONSES",
                Line(211),
                "How many responses the frontend has not yet consumed: producer less consumer, with no check.",
            ),
            preprocessor(
                "RING_PUSH_REQUESTS",
                Line(259),
                "Publishes requests: a write barrier, then the shared producer takes the private one's value.",
            ),
            preprocessor(
                "RING_PUSH_REQUESTS_AND_CHECK_NOTIFY",
                Line(299),
                "Publishes requests, and says whether to ring the bell: only if the index that the backend asked for \
                 lies in the stretch just published.",
            ),
            preprocessor(
                "RING_PUSH_RESPONSES",
                Line(264),
                "Publishes responses: a write barrier, then the shared producer takes the private one's value.",
            ),
            preprocessor(
                "RING_PUSH_RESPONSES_AND_CHECK_NOTIFY",
                Line(309),
                "Publishes responses, and says whether to ring the bell: only if the index that the frontend asked \
                 for lies in the stretch just published.",
            ),
            preprocessor(
                "RING_REQUEST_CONS_OVERFLOW",
                Line(252),
                "Whether consuming on would lap the unanswered requests: a whole ring of them is out already.",
            ),
            preprocessor(
                "RING_REQUEST_PROD_OVERFLOW",
                Line(256),
                "Whether a producer of requests claims more of them than the ring has slots. An honest frontend never \
                 does.",
            ),
            preprocessor("RING_SIZE", Line(197), "How many slots a ring has."),
            preprocessor(
                "SHARED_RING_INIT",
                Line(171),
                "Prepares a ring page: both producers zero, and both event indexes one, so that the first push rings.",
            ),
        ],
    },
    SourceFile {
        path: "xen/include/public/io/xenbus.h",
        tree: Tree::Xen,
        entries: &[structure(
            "xenbus_state",
            Line(36),
            "The states of either half of a device, from Initialising over InitWait and Connected to Closed. Each \
                 half writes its own into xenstore.",
        )],
    },
    SourceFile {
        path: "xen/include/public/xen.h",
        tree: Tree::Xen,
        entries: &[
            structure(
                "shared_info",
                Line(744),
                "The page that a domain shares with Xen: the pending and mask bits of its event channels, and a part \
                 for each virtual CPU.",
            ),
            structure(
                "vcpu_info",
                Line(695),
                "What a virtual CPU shares with Xen: whether an upcall is pending or masked, and which words of the \
                 pending bits to look at.",
            ),
        ],
    },
];
