//! What a hostile guest's driver writes into its rings: honest packets, and those of its attacks.
//!
//! Not modelled: segmentation and checksums of honest packets.

use alloc::vec;
use alloc::vec::Vec;

use crate::actors::handshake::Xmit;
use crate::actors::hostile::front::{Hold, HostileFront, Slot, frame_of, ring_page, ring_page_mut};
use crate::actors::hostile::front_attack::{BadGrant, FrontAttack};
use crate::actors::kernel::Kernel;
use crate::actors::log::Event;
use crate::actors::skb::{FragPage, SkbId};
use crate::hypervisor::grant_entry::Access;
use crate::hypervisor::guest_grants::EndAccess;
use crate::hypervisor::page::PAGE_SIZE;
use crate::protocols::netif::{
    ExtraInfo, Gso, NETTXF_EXTRA_INFO, NETTXF_MORE_DATA, TX_REQUEST_SIZE, TX_RING, TxRequest, XEN_NETIF_GSO_TYPE_TCPV4,
};
use crate::protocols::ring::{Index, Shared};
use crate::words::ids::{DomId, GrantRef, Mac, Pfn};
use crate::words::rng::Rng;

/// Requests of the longest legal packet: one, and as many as a packet has fragments.
const MOST_SLOTS: usize = 19;
/// The host behind the card, to which the packets of attacks are addressed.
const OUTSIDE: [u8; 6] = [2, 0, 0, 0, 0, 1];
/// The second experimental ether type (IEEE 802): a stamp follows the first one.
const ETHER_TYPE: [u8; 2] = [0x88, 0xB6];
/// A reference that the first frame of a table has, and that no driver gets to.
const LAST_OF_TABLE: GrantRef = GrantRef(511);
/// A type of extra info that no header defines.
const UNKNOWN_EXTRA: u8 = 0x7F;
/// A reference that no table has: Xen's tables end long before.
const BEYOND_TABLE: GrantRef = GrantRef(0x00FF_FFFF);
/// A domain that is not dom0.
const STRANGER: DomId = DomId(0x7FEF);

/// One request of a packet that an attack makes.
#[derive(Clone, Copy, Debug)]
struct Piece {
    offset: u16,
    /// As the request says it; the first one's is the whole packet's.
    size: u16,
    grant: Option<BadGrant>,
}

impl Piece {
    const fn of(size: u16) -> Piece {
        Piece { offset: 0, size, grant: None }
    }
}

/// How a packet ends, beyond its requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// As it should.
    Sound,
    /// With a request that announces another.
    Open,
    /// With a first request that announces an extra info.
    ExtraMissing,
    /// With this extra info.
    Extra(ExtraInfo),
}

impl HostileFront {
    /// Sends a packet that it was handed, by the rules: a request for each piece (`network_start_xmit`).
    pub fn start_xmit(&mut self, k: &mut Kernel, skb: SkbId) -> Xmit {
        if self.is_stopped() {
            return Xmit::Busy(skb);
        }
        k.log.about(self.vif);
        let shared = k.skbs.get(skb);
        let (bytes, count) = (shared.len, shared.frags().len());
        if count == 0 || count > MOST_SLOTS || bytes > u32::from(u16::MAX) || !self.has_room(count as u32) {
            k.skbs.free(skb);
            return Xmit::Dropped;
        }
        k.step(Event::PacketOffered { bytes, slots: count as u32 });
        let index = self.tx.req_prod_pvt;
        for number in 0..count {
            let frag = k.skbs.get(skb).frags()[number];
            let FragPage::Own(page) = frag.page else { continue };
            let hold = Hold::Packet(if number == 0 { skb } else { k.skbs.clone_skb(skb) });
            let (gref, id) = self.grant(k, page, hold);
            let size = if number == 0 { bytes as u16 } else { frag.size };
            let flags = if number + 1 < count { NETTXF_MORE_DATA } else { 0 };
            self.write(k, TxRequest { gref, offset: frag.offset, flags, id, size });
        }
        self.publish(k, index);
        self.reap(k);
        Xmit::Sent
    }

    /// The attacks that consist in what is on the rings.
    pub(super) fn attack_by_ring(&mut self, k: &mut Kernel, attack: FrontAttack) {
        match attack {
            FrontAttack::ForgeProducer { distance } => self.forge_producer(k, distance),
            FrontAttack::TransmitGarbage { seed, slots } => self.transmit_garbage(k, seed, slots),
            FrontAttack::BufferGarbage { seed, slots } => self.buffer_garbage(k, seed, slots),
            FrontAttack::ManySlots { further } => {
                let mut pieces = vec![Piece::of(100); usize::from(further) + 1];
                pieces[0].size = 100 * (u16::from(further) + 1);
                self.send(k, &pieces, Ending::Sound);
            }
            FrontAttack::LongSlot => self.send(k, &[Piece::of(200), Piece::of(300)], Ending::Sound),
            FrontAttack::Truncated => self.send(k, &[Piece::of(200), Piece::of(100)], Ending::Open),
            FrontAttack::CrossesPage => {
                self.send(k, &[Piece { offset: 4000, ..Piece::of(200) }], Ending::Sound);
            }
            FrontAttack::Runt => self.send(k, &[Piece::of(13)], Ending::Sound),
            FrontAttack::MissingExtra => self.send(k, &[Piece::of(200)], Ending::ExtraMissing),
            FrontAttack::UnknownExtra => {
                let extra = ExtraInfo { kind: UNKNOWN_EXTRA, flags: 0, payload: [0; 6] };
                self.send(k, &[Piece::of(200)], Ending::Extra(extra));
            }
            FrontAttack::BadSegmentation => {
                let extra = ExtraInfo::gso(Gso { size: 0, kind: XEN_NETIF_GSO_TYPE_TCPV4, features: 0 });
                self.send(k, &[Piece::of(200)], Ending::Extra(extra));
            }
            FrontAttack::ChangeSize { to } => self.change_size(k, to),
            FrontAttack::BadGrant { grant, slots, at } => {
                let slots = usize::from(slots).clamp(1, MOST_SLOTS);
                let mut pieces = vec![Piece::of(200); slots];
                pieces[0].size = 200 * slots as u16;
                if let Some(piece) = pieces.get_mut(usize::from(at)) {
                    piece.grant = Some(grant);
                }
                self.send(k, &pieces, Ending::Sound);
            }
            FrontAttack::SplitHeader { piece } => {
                let mut pieces = cut(66, u16::from(piece.max(14)));
                pieces[0].size = 66;
                self.send(k, &pieces, Ending::Sound);
            }
            FrontAttack::TinySlots => {
                let mut pieces = vec![Piece::of(6); MOST_SLOTS];
                pieces[0].size = 128;
                self.send(k, &pieces, Ending::Sound);
            }
            FrontAttack::EmptySlots { count } => {
                let mut pieces = vec![Piece::of(0); usize::from(count).min(MOST_SLOTS - 1) + 1];
                pieces[0].size = 66;
                self.send(k, &pieces, Ending::Sound);
            }
            FrontAttack::Longest => {
                let mut pieces = cut(u16::MAX, u16::MAX.div_ceil(MOST_SLOTS as u16));
                pieces[0].size = u16::MAX;
                self.send(k, &pieces, Ending::Sound);
            }
            FrontAttack::ReadOnlyBuffers | FrontAttack::EventStorm { .. } | FrontAttack::WithholdBuffers { .. } => {}
        }
    }

    /// Writes a packet in pages of its own, publishes it, and takes back what is said to be revoked. Nothing if the ring has
    /// no room.
    fn send(&mut self, k: &mut Kernel, pieces: &[Piece], ending: Ending) {
        if !self.has_room(pieces.len() as u32 + 1) {
            return;
        }
        let index = self.tx.req_prod_pvt;
        let mut place = 0;
        for (number, piece) in pieces.iter().enumerate() {
            let Some(page) = k.skbs.alloc_page() else { break };
            let first = number == 0;
            let others = pieces.iter().skip(1).map(|piece| usize::from(piece.size)).sum();
            let len = if first { usize::from(piece.size).saturating_sub(others) } else { usize::from(piece.size) };
            self.write_header(k, page, (usize::from(piece.offset), place, len));
            place += len;
            let (gref, id) = self.grant(k, page, Hold::Page(page));
            let gref = self.spoil(k, (gref, page), piece.grant);
            let more = number + 1 < pieces.len() || ending == Ending::Open;
            let extra = first && matches!(ending, Ending::ExtraMissing | Ending::Extra(_));
            let flags = if more { NETTXF_MORE_DATA } else { 0 } | if extra { NETTXF_EXTRA_INFO } else { 0 };
            self.write(k, TxRequest { gref, offset: piece.offset, flags, id, size: piece.size });
            if let (true, Ending::Extra(extra)) = (first, ending) {
                let ring = ring_page_mut(k.xen, self.domain, self.ring_pages[0]);
                self.tx.write_request(ring, &extra.encode());
            }
        }
        self.publish(k, index);
    }

    /// Makes an entry bad, and tells which reference the request is to name.
    fn spoil(&mut self, k: &mut Kernel, (gref, page): (GrantRef, Pfn), how: Option<BadGrant>) -> GrantRef {
        let Some(how) = how else { return gref };
        match how {
            BadGrant::NeverGiven => LAST_OF_TABLE,
            BadGrant::Revoked => {
                let (EndAccess::Ended | EndAccess::StillInUse) = self.grants.end_access(&mut k.xen.memory, gref);
                gref
            }
            BadGrant::BeyondTable => BEYOND_TABLE,
            BadGrant::ToAnotherDomain => {
                let frame = frame_of(k.xen, self.domain, page);
                self.grants.grant_access(&mut k.xen.memory, gref, STRANGER, frame, Access::ReadOnly);
                gref
            }
        }
    }

    /// Writes into a page what it holds of the packet's Ethernet header: `len` bytes lie at `offset` of the page, and at
    /// `place` of the packet.
    fn write_header(&self, k: &mut Kernel, page: Pfn, (offset, place, len): (usize, usize, usize)) {
        let mut header = [0; 14];
        header[..6].copy_from_slice(&OUTSIDE);
        header[6..12].copy_from_slice(&Mac::of_guest(self.vif).0);
        header[12..].copy_from_slice(&ETHER_TYPE);
        let rest = header.get(place..).unwrap_or_default();
        let room = PAGE_SIZE.saturating_sub(offset).min(rest.len()).min(len);
        let bytes = k.xen.guest_page_mut(self.domain, page).expect("the page is the guest's");
        // What lay in it before is no part of the packet, whatever netback makes of the requests.
        bytes.clear();
        bytes.write(offset, &rest[..room]);
    }

    /// Whether so many requests find slots, ids and grants. What netback keeps mapped is lost to the guest.
    fn has_room(&self, requests: u32) -> bool {
        let ids = self.free_ids.len() as u32;
        self.tx.free_requests().min(ids).min(self.grants.free_references()) >= requests
    }

    /// Grants a page for reading and takes an id.
    fn grant(&mut self, k: &mut Kernel, page: Pfn, hold: Hold) -> (GrantRef, u16) {
        let gref = self.grants.claim_reference().expect("there is room");
        let id = self.free_ids.pop().expect("there is room");
        let frame = frame_of(k.xen, self.domain, page);
        self.grants.grant_access(&mut k.xen.memory, gref, self.backend, frame, Access::ReadOnly);
        self.slots[usize::from(id)] = Some(Slot { gref, hold });
        (gref, id)
    }

    fn write(&mut self, k: &mut Kernel, request: TxRequest) {
        let ring = ring_page_mut(k.xen, self.domain, self.ring_pages[0]);
        self.tx.write_request(ring, &request.encode());
    }

    /// Publishes what was written from `index` on.
    fn publish(&mut self, k: &mut Kernel, index: Index) {
        let ring = ring_page_mut(k.xen, self.domain, self.ring_pages[0]);
        let request = TxRequest::decode(ring.read::<TX_REQUEST_SIZE>(TX_RING.offset(index)));
        let (old, event) = (Shared::ReqProd.load(ring), Shared::ReqEvent.load(ring));
        let notify = self.tx.push_requests_and_check_notify(ring);
        let new = self.tx.req_prod_pvt;
        k.also(Event::RequestWritten { index: index.0, id: request.id, count: new.since(index) });
        k.also(Event::RequestsPublished { old: old.0, new: new.0, event: event.0, notify });
        if notify {
            k.notify(self.ports[0]);
        }
    }

    fn forge_producer(&mut self, k: &mut Kernel, distance: u32) {
        let to = self.tx.req_prod_pvt.plus(distance);
        Shared::ReqProd.store(ring_page_mut(k.xen, self.domain, self.ring_pages[0]), to);
        k.also(Event::ProducerForged { to: to.0 });
        k.notify(self.ports[0]);
    }

    fn transmit_garbage(&mut self, k: &mut Kernel, seed: u32, slots: u16) {
        let mut rng = Rng::new(u64::from(seed));
        let index = self.tx.req_prod_pvt;
        let count = u32::from(slots).min(self.tx.free_requests());
        let ring = ring_page_mut(k.xen, self.domain, self.ring_pages[0]);
        for _ in 0..count {
            self.tx.write_request(ring, &drawn::<TX_REQUEST_SIZE>(&mut rng));
        }
        if count > 0 {
            self.publish(k, index);
            k.notify(self.ports[0]);
        }
    }

    fn buffer_garbage(&mut self, k: &mut Kernel, seed: u32, slots: u16) {
        let mut rng = Rng::new(u64::from(seed));
        let count = u32::from(slots).min(self.rx.free_requests());
        let ring = ring_page_mut(k.xen, self.domain, self.ring_pages[1]);
        for _ in 0..count {
            self.rx.write_request(ring, &drawn::<8>(&mut rng));
        }
        if self.rx.push_requests_and_check_notify(ring) {
            k.notify(self.ports[1]);
        }
    }

    /// Writes another size into each slot whose request netback may not have taken yet.
    fn change_size(&mut self, k: &mut Kernel, to: u16) {
        let answered = Shared::RspProd.load(ring_page(k.xen, self.domain, self.ring_pages[0]));
        let count = self.tx.req_prod_pvt.since(answered).min(TX_RING.entries());
        let ring = ring_page_mut(k.xen, self.domain, self.ring_pages[0]);
        for index in answered.until(answered.plus(count)) {
            let at = TX_RING.offset(index);
            let request = TxRequest::decode(ring.read::<TX_REQUEST_SIZE>(at));
            ring.write(at, &TxRequest { size: to, ..request }.encode());
        }
    }
}

/// Pieces of `piece` bytes and a last one, together `bytes`.
fn cut(bytes: u16, piece: u16) -> Vec<Piece> {
    let rest = bytes % piece;
    let whole = core::iter::repeat_n(Piece::of(piece), usize::from(bytes / piece));
    whole.chain((rest > 0).then(|| Piece::of(rest))).collect()
}

fn drawn<const N: usize>(rng: &mut Rng) -> [u8; N] {
    core::array::from_fn(|_| rng.next_u32() as u8)
}
