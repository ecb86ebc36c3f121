//! What a network ring carries (`xen/include/public/io/netif.h`).
//!
//! ```text
//!               0      2       4       6       8      10      12
//!   TX request  | gref         | offset| flags | id   | size  |
//!   TX response | id   | status|
//!   extra info  | type, flags | what the type says    |
//!   RX request  | id   |  --   | gref          |
//!   RX response | id   | offset| flags | status|
//! ```
//!
//! On the transmit ring a packet is its first request, then its extra infos, then its further requests. The first
//! request's `size` is that of the whole packet, the further ones carry their own. Extra infos take a slot each.
//!
//! Not modelled: what extra infos other than segmentation say, which is not decoded here, and the control ring's messages.

use crate::protocols::ring::RingLayout;
use crate::words::ids::GrantRef;

/// Bytes in a transmit request.
pub const TX_REQUEST_SIZE: usize = 12;
/// Bytes in a transmit response.
pub const TX_RESPONSE_SIZE: usize = 4;
/// Bytes in an extra info.
pub const EXTRA_INFO_SIZE: usize = 8;
/// Bytes in a receive request.
pub const RX_REQUEST_SIZE: usize = 8;
/// Bytes in a receive response.
pub const RX_RESPONSE_SIZE: usize = 8;

/// The transmit ring: 256 slots.
pub const TX_RING: RingLayout = RingLayout::that_fits(TX_REQUEST_SIZE as u16);
/// The receive ring: 256 slots.
pub const RX_RING: RingLayout = RingLayout::that_fits(RX_REQUEST_SIZE as u16);

/// Transmit: the packet's checksum is still to be computed.
pub const NETTXF_CSUM_BLANK: u16 = 1 << 0;
/// Transmit: the packet's data need no check of their checksum.
pub const NETTXF_DATA_VALIDATED: u16 = 1 << 1;
/// Transmit: the packet goes on in the next request.
pub const NETTXF_MORE_DATA: u16 = 1 << 2;
/// Transmit: extra infos follow.
pub const NETTXF_EXTRA_INFO: u16 = 1 << 3;

/// Receive: the packet's data need no check of their checksum. Not the same bit as in transmit.
pub const NETRXF_DATA_VALIDATED: u16 = 1 << 0;
/// Receive: the packet's checksum is still to be computed. Not the same bit as in transmit.
pub const NETRXF_CSUM_BLANK: u16 = 1 << 1;
/// Receive: the packet goes on in the next response.
pub const NETRXF_MORE_DATA: u16 = 1 << 2;
/// Receive: extra infos follow.
pub const NETRXF_EXTRA_INFO: u16 = 1 << 3;

/// The packet was handled.
pub const NETIF_RSP_OKAY: i16 = 0;
/// The request was bad.
pub const NETIF_RSP_ERROR: i16 = -1;
/// The packet was dropped. No Linux backend says so.
pub const NETIF_RSP_DROPPED: i16 = -2;
/// No response: the slot was an extra info's.
pub const NETIF_RSP_NULL: i16 = 1;

/// Another extra info follows.
pub const XEN_NETIF_EXTRA_FLAG_MORE: u8 = 1 << 0;
/// Generic segmentation: the packet is to be cut up.
pub const XEN_NETIF_EXTRA_TYPE_GSO: u8 = 1;
/// Segments of TCP over IPv4.
pub const XEN_NETIF_GSO_TYPE_TCPV4: u8 = 1;
/// Segments of TCP over IPv6.
pub const XEN_NETIF_GSO_TYPE_TCPV6: u8 = 2;

/// A piece of a packet to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TxRequest {
    /// The grant of the frame in which the piece lies.
    pub gref: GrantRef,
    /// Where it begins in the frame.
    pub offset: u16,
    /// `NETTXF_*` bits.
    pub flags: u16,
    /// What the response will repeat.
    pub id: u16,
    /// Bytes in the packet for its first request, in the piece for the others.
    pub size: u16,
}

impl TxRequest {
    /// The request as it lies in a slot.
    pub fn encode(self) -> [u8; TX_REQUEST_SIZE] {
        let [g0, g1, g2, g3] = self.gref.0.to_le_bytes();
        let [o0, o1] = self.offset.to_le_bytes();
        let [f0, f1] = self.flags.to_le_bytes();
        let [i0, i1] = self.id.to_le_bytes();
        let [s0, s1] = self.size.to_le_bytes();
        [g0, g1, g2, g3, o0, o1, f0, f1, i0, i1, s0, s1]
    }

    /// The request in a copy of its slot.
    pub fn decode(bytes: [u8; TX_REQUEST_SIZE]) -> TxRequest {
        let [g0, g1, g2, g3, o0, o1, f0, f1, i0, i1, s0, s1] = bytes;
        TxRequest {
            gref: GrantRef(u32::from_le_bytes([g0, g1, g2, g3])),
            offset: u16::from_le_bytes([o0, o1]),
            flags: u16::from_le_bytes([f0, f1]),
            id: u16::from_le_bytes([i0, i1]),
            size: u16::from_le_bytes([s0, s1]),
        }
    }
}

/// What became of a transmit request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TxResponse {
    /// The request's own. Responses may come in any order.
    pub id: u16,
    /// `NETIF_RSP_*`.
    pub status: i16,
}

impl TxResponse {
    /// The response as it lies in a slot.
    pub fn encode(self) -> [u8; TX_RESPONSE_SIZE] {
        let [i0, i1] = self.id.to_le_bytes();
        let [s0, s1] = self.status.to_le_bytes();
        [i0, i1, s0, s1]
    }

    /// The response in a copy of its slot.
    pub fn decode(bytes: [u8; TX_RESPONSE_SIZE]) -> TxResponse {
        let [i0, i1, s0, s1] = bytes;
        TxResponse { id: u16::from_le_bytes([i0, i1]), status: i16::from_le_bytes([s0, s1]) }
    }
}

/// Something about a packet that a request has no field for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtraInfo {
    /// `XEN_NETIF_EXTRA_TYPE_*`, whatever the other side wrote.
    pub kind: u8,
    /// `XEN_NETIF_EXTRA_FLAG_*` bits.
    pub flags: u8,
    /// What the type says.
    pub payload: [u8; 6],
}

/// The payload of an extra info about segmentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gso {
    /// Bytes of payload in a segment.
    pub size: u16,
    /// `XEN_NETIF_GSO_TYPE_*`.
    pub kind: u8,
    /// No features are defined.
    pub features: u16,
}

impl ExtraInfo {
    /// An extra info about segmentation, without another after it.
    pub fn gso(gso: Gso) -> ExtraInfo {
        let [s0, s1] = gso.size.to_le_bytes();
        let [f0, f1] = gso.features.to_le_bytes();
        ExtraInfo { kind: XEN_NETIF_EXTRA_TYPE_GSO, flags: 0, payload: [s0, s1, gso.kind, 0, f0, f1] }
    }

    /// The payload as one about segmentation, if that is what it is.
    pub fn as_gso(&self) -> Option<Gso> {
        let [s0, s1, kind, _, f0, f1] = self.payload;
        (self.kind == XEN_NETIF_EXTRA_TYPE_GSO).then_some(Gso {
            size: u16::from_le_bytes([s0, s1]),
            kind,
            features: u16::from_le_bytes([f0, f1]),
        })
    }

    /// The extra info as it lies in a slot.
    pub fn encode(self) -> [u8; EXTRA_INFO_SIZE] {
        let [p0, p1, p2, p3, p4, p5] = self.payload;
        [self.kind, self.flags, p0, p1, p2, p3, p4, p5]
    }

    /// The extra info in a copy of its slot.
    pub fn decode(bytes: [u8; EXTRA_INFO_SIZE]) -> ExtraInfo {
        let [kind, flags, payload @ ..] = bytes;
        ExtraInfo { kind, flags, payload }
    }
}

/// An empty buffer for a packet to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RxRequest {
    /// The requester's own.
    pub id: u16,
    /// The grant of the frame.
    pub gref: GrantRef,
}

impl RxRequest {
    /// The request as it lies in a slot.
    pub fn encode(self) -> [u8; RX_REQUEST_SIZE] {
        let [i0, i1] = self.id.to_le_bytes();
        let [g0, g1, g2, g3] = self.gref.0.to_le_bytes();
        [i0, i1, 0, 0, g0, g1, g2, g3]
    }

    /// The request in a copy of its slot.
    pub fn decode(bytes: [u8; RX_REQUEST_SIZE]) -> RxRequest {
        let [i0, i1, _, _, g0, g1, g2, g3] = bytes;
        RxRequest { id: u16::from_le_bytes([i0, i1]), gref: GrantRef(u32::from_le_bytes([g0, g1, g2, g3])) }
    }
}

/// A filled buffer. It lies in the same slot as its request, by which the front knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RxResponse {
    /// The request's own.
    pub id: u16,
    /// Where the piece begins in the frame.
    pub offset: u16,
    /// `NETRXF_*` bits.
    pub flags: u16,
    /// Bytes in the piece, or a negative `NETIF_RSP_*`.
    pub status: i16,
}

impl RxResponse {
    /// The response as it lies in a slot.
    pub fn encode(self) -> [u8; RX_RESPONSE_SIZE] {
        let [i0, i1] = self.id.to_le_bytes();
        let [o0, o1] = self.offset.to_le_bytes();
        let [f0, f1] = self.flags.to_le_bytes();
        let [s0, s1] = self.status.to_le_bytes();
        [i0, i1, o0, o1, f0, f1, s0, s1]
    }

    /// The response in a copy of its slot.
    pub fn decode(bytes: [u8; RX_RESPONSE_SIZE]) -> RxResponse {
        let [i0, i1, o0, o1, f0, f1, s0, s1] = bytes;
        RxResponse {
            id: u16::from_le_bytes([i0, i1]),
            offset: u16::from_le_bytes([o0, o1]),
            flags: u16::from_le_bytes([f0, f1]),
            status: i16::from_le_bytes([s0, s1]),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::{ExtraInfo, Gso, RX_RING, RxRequest, RxResponse, TX_RING, TxRequest, TxResponse};
    use crate::words::ids::GrantRef;

    #[test]
    fn fields_lie_where_the_header_puts_them() {
        let request =
            TxRequest { gref: GrantRef(0x0403_0201), offset: 0x0605, flags: 0x0807, id: 0x0A09, size: 0x0C0B };
        assert_eq!(request.encode(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
        assert_eq!(TxResponse { id: 0x0201, status: -2 }.encode(), [1, 2, 0xFE, 0xFF]);
        assert_eq!(RxRequest { id: 0x0201, gref: GrantRef(0x0807_0605) }.encode(), [1, 2, 0, 0, 5, 6, 7, 8]);
        let response = RxResponse { id: 0x0201, offset: 0x0403, flags: 0x0605, status: 0x0807 };
        assert_eq!(response.encode(), [1, 2, 3, 4, 5, 6, 7, 8]);
        let gso = Gso { size: 0x05B4, kind: 1, features: 0x0807 };
        assert_eq!(ExtraInfo::gso(gso).encode(), [1, 0, 0xB4, 5, 1, 0, 7, 8]);
        assert_eq!(ExtraInfo::gso(gso).as_gso(), Some(gso));
        assert_eq!(ExtraInfo { kind: 2, flags: 0, payload: [0; 6] }.as_gso(), None);
    }

    #[test]
    fn both_rings_have_256_slots() {
        assert_eq!((TX_RING.entries(), RX_RING.entries()), (256, 256));
    }

    proptest! {
        /// Whatever the other side wrote is read, and written again as it was.
        #[test]
        fn every_slot_decodes(bytes in any::<[u8; 12]>()) {
            let [b0, b1, b2, b3, b4, b5, b6, b7, ..] = bytes;
            let eight = [b0, b1, b2, b3, b4, b5, b6, b7];
            prop_assert_eq!(TxRequest::decode(bytes).encode(), bytes);
            prop_assert_eq!(TxResponse::decode([b0, b1, b2, b3]).encode(), [b0, b1, b2, b3]);
            prop_assert_eq!(ExtraInfo::decode(eight).encode(), eight);
            prop_assert_eq!(RxRequest::decode(eight).encode(), [b0, b1, 0, 0, b4, b5, b6, b7]);
            prop_assert_eq!(RxResponse::decode(eight).encode(), eight);
        }
    }
}
