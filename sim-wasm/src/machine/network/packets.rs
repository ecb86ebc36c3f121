//! What lies in the packets of a run: addresses, a stamp, and, if somebody keeps accounts, all the other bytes.
//!
//! ```text
//!   0        6        12     14     16          20                 28
//!   | to     | from   | type | vif  | sequence  | offered at, ns   |  bytes that follow from sequence and place
//! ```
//!
//! The stamp is what `pktgen` writes into its packets for the same purpose. A packet shorter than its end carries none.
//!
//! Not modelled: headers above Ethernet; no packet is IP.

use alloc::vec::Vec;

use crate::actors::skb::{Frag, FragPage, SkbId, Skbs};
use crate::hypervisor::page::PAGE_SIZE;
use crate::hypervisor::xen::Xen;
use crate::machine::network::settings::{Destination, Filling, PacketLayout, Workload};
use crate::words::ids::{Mac, VifId};
use crate::words::time::Time;

/// Bytes of the Ethernet header and the stamp.
pub(super) const STAMP_END: usize = 28;

/// The host behind the card.
pub(super) const OUTSIDE: Mac = Mac([2, 0, 0, 0, 0, 1]);
/// dom0's own address on the bridge.
pub(super) const DOM0: Mac = Mac([2, 0, 0, 0, 0, 2]);
/// An address that nobody has.
const NOBODY: Mac = Mac([2, 0, 0, 0, 0, 3]);

/// An experimental ether type (IEEE 802), so that nothing mistakes the stamp for an IP header.
const ETHER_TYPE: [u8; 2] = [0x88, 0xB5];

/// Bytes of a packet's head at least: its headers lie there.
const LEAST_HEAD: u32 = 64;

/// The stamp of packets that come from the outside.
pub(super) const FROM_OUTSIDE: VifId = VifId(u16::MAX);

/// Who made a packet, which one it is, and when it was offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) origin: VifId,
    pub(super) sequence: u32,
    pub(super) born: Time,
}

/// The destination's address.
fn address(to: Destination) -> Mac {
    match to {
        Destination::Outside => OUTSIDE,
        Destination::Guest(vif) => Mac::of_guest(vif),
        Destination::Everybody => Mac::BROADCAST,
        Destination::Nobody => NOBODY,
        Destination::Dom0 => DOM0,
    }
}

/// The first bytes of a packet.
pub(super) fn header(to: Destination, from: Mac, stamp: Stamp) -> [u8; STAMP_END] {
    let mut bytes = [0; STAMP_END];
    bytes[..6].copy_from_slice(&address(to).0);
    bytes[6..12].copy_from_slice(&from.0);
    bytes[12..14].copy_from_slice(&ETHER_TYPE);
    bytes[14..16].copy_from_slice(&stamp.origin.0.to_le_bytes());
    bytes[16..20].copy_from_slice(&stamp.sequence.to_le_bytes());
    bytes[20..28].copy_from_slice(&stamp.born.0.to_le_bytes());
    bytes
}

/// The stamp in the first bytes of a packet of so many bytes.
pub(super) fn read_stamp(start: &[u8; STAMP_END], len: u32) -> Option<Stamp> {
    let [_, _, _, _, _, _, _, _, _, _, _, _, t0, t1, v0, v1, s0, s1, s2, s3, born @ ..] = *start;
    ((len as usize) >= STAMP_END && [t0, t1] == ETHER_TYPE).then_some(Stamp {
        origin: VifId(u16::from_le_bytes([v0, v1])),
        sequence: u32::from_le_bytes([s0, s1, s2, s3]),
        born: Time(u64::from_le_bytes(born)),
    })
}

/// The byte at a place of a packet, beyond its first bytes.
fn byte_at(sequence: u32, place: usize) -> u8 {
    (place as u8) ^ (sequence.wrapping_mul(0x9E37_79B9) >> 24) as u8
}

/// Where a packet's bytes go, piece by piece: sizes that sum to `workload.bytes`.
pub(super) fn pieces(workload: &Workload) -> impl Iterator<Item = u16> + use<> {
    let (head, piece) = match workload.layout {
        PacketLayout::PagesLast => {
            let left_over = (workload.bytes - 1) % PAGE_SIZE as u32 + 1;
            (left_over.max(LEAST_HEAD).min(workload.bytes), PAGE_SIZE as u32)
        }
        PacketLayout::Pieces { head, piece } => (u32::from(head).min(workload.bytes), u32::from(piece)),
    };
    let mut left = workload.bytes;
    let mut next = head;
    core::iter::from_fn(move || {
        let size = next.min(left);
        left -= size;
        next = piece;
        (size > 0).then_some(size as u16)
    })
}

/// Makes a guest's packet in pages of the guest's own; nothing when it has too few.
pub(super) fn build(
    xen: &mut Xen,
    skbs: &mut Skbs,
    workload: &Workload,
    from: Mac,
    stamp: Stamp,
    filling: Filling,
) -> Option<SkbId> {
    let domain = skbs.domain();
    let (skb, shared) = skbs.alloc_mut();
    shared.len = workload.bytes;
    shared.linear = 1;
    shared.gso.size = workload.gso;
    shared.gso.kind = u8::from(workload.gso > 0);
    shared.born = stamp.born;
    shared.origin = stamp.origin;
    let header = header(workload.to, from, stamp);
    let mut place = 0;
    for size in pieces(workload) {
        let Some(pfn) = skbs.alloc_page() else {
            skbs.free(skb);
            return None;
        };
        let page = xen.guest_page_mut(domain, pfn).expect("a packet's page is the guest's");
        let size_here = usize::from(size);
        match filling {
            Filling::Stamps if place == 0 && size_here >= STAMP_END => page.write(0, &header),
            Filling::Stamps if place == 0 => page.write(0, &header[..size_here]),
            Filling::Stamps => {}
            Filling::Whole => {
                let bytes: Vec<u8> = (place..place + size_here)
                    .map(|at| header.get(at).copied().unwrap_or_else(|| byte_at(stamp.sequence, at)))
                    .collect();
                page.write(0, &bytes);
            }
        }
        skbs.get_mut(skb).push_frag(Frag { page: FragPage::Own(pfn), offset: 0, size });
        place += size_here;
    }
    Some(skb)
}

/// Writes a packet of the outside world in one piece.
pub(super) fn write_linear(bytes: &mut Vec<u8>, workload: &Workload, stamp: Stamp, filling: Filling) {
    let header = header(workload.to, OUTSIDE, stamp);
    let len = workload.bytes as usize;
    bytes.clear();
    bytes.extend_from_slice(&header[..len.min(STAMP_END)]);
    match filling {
        Filling::Stamps => bytes.resize(len, 0),
        Filling::Whole => bytes.extend((bytes.len()..len).map(|place| byte_at(stamp.sequence, place))),
    }
}

/// Whether a packet's bytes beyond its first are those that belong to its stamp, wherever they lie.
pub(super) fn is_whole(xen: &Xen, skbs: &Skbs, skb: SkbId, stamp: Stamp) -> bool {
    let shared = skbs.get(skb);
    let pieces = shared.frags().iter().map(|frag| piece(xen, skbs, frag));
    let mut place = 0;
    core::iter::once(shared.head.as_slice()).chain(pieces).all(|bytes| {
        let sound = (place..).zip(bytes).all(|(at, &byte)| at < STAMP_END || byte == byte_at(stamp.sequence, at));
        place += bytes.len();
        sound
    }) && place == shared.len as usize
}

fn piece<'memory>(xen: &'memory Xen, skbs: &Skbs, frag: &Frag) -> &'memory [u8] {
    let page = xen.guest_page(skbs.domain(), frag.page.pfn()).expect("a packet lies in pages that its kernel has");
    &page.bytes()[usize::from(frag.offset)..][..usize::from(frag.size)]
}

#[cfg(test)]
mod tests {
    use super::{STAMP_END, Stamp, header, pieces, read_stamp};
    use crate::machine::network::settings::{Destination, PacketLayout, Workload};
    use crate::words::ids::{Mac, VifId};
    use crate::words::time::Time;

    #[test]
    fn a_stamp_is_read_as_it_was_written() {
        let stamp = Stamp { origin: VifId(3), sequence: 70_000, born: Time(1 << 40) };
        let bytes = header(Destination::Everybody, Mac::of_guest(VifId(3)), stamp);
        assert_eq!(read_stamp(&bytes, 60), Some(stamp));
        assert_eq!(read_stamp(&bytes, STAMP_END as u32 - 1), None);
        assert_eq!(read_stamp(&[0; STAMP_END], 60), None);
    }

    #[test]
    fn a_packet_is_cut_as_its_layout_says() {
        let cut = |bytes, layout| pieces(&Workload { layout, ..Workload::at_once(bytes, 1) }).collect::<Vec<_>>();
        assert_eq!(cut(1514, PacketLayout::PagesLast), [1514]);
        assert_eq!(cut(4096, PacketLayout::PagesLast), [4096]);
        assert_eq!(cut(9014, PacketLayout::PagesLast), [822, 4096, 4096]);
        assert_eq!(cut(4097, PacketLayout::PagesLast), [64, 4033]);
        assert_eq!(cut(300, PacketLayout::Pieces { head: 66, piece: 100 }), [66, 100, 100, 34]);
        assert_eq!(cut(50, PacketLayout::Pieces { head: 66, piece: 100 }), [50]);
    }
}
