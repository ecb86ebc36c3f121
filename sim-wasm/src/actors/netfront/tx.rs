//! Sending: from a packet to grants and requests (`network_start_xmit`, `xennet_start_xmit`).
//!
//! Not modelled: several queues and the choice among them.

use alloc::vec::Vec;

use crate::actors::epoch::FrontEpoch;
use crate::actors::handshake::Xmit;
use crate::actors::kernel::Kernel;
use crate::actors::log::{Event, Unsent};
use crate::actors::netfront::device::Device;
use crate::actors::netfront::fresh_pages::{Residue, copy_to_fresh_pages};
use crate::actors::netfront::settings::{HEADER_BYTES, MOST_BYTES};
use crate::actors::netfront::shared_ring::SharedRing;
use crate::actors::netfront::tx_slots::TxSlots;
use crate::actors::skb::{Checksum, Segmentation, SkbId};
use crate::hypervisor::grant_entry::Access;
use crate::hypervisor::guest_grants::ReferenceBatch;
use crate::hypervisor::page::PAGE_SIZE;
use crate::protocols::netif::{
    ExtraInfo, Gso, NETTXF_CSUM_BLANK, NETTXF_DATA_VALIDATED, NETTXF_EXTRA_INFO, NETTXF_MORE_DATA, TX_RING, TxRequest,
    TxResponse,
};
use crate::protocols::ring::Shared;
use crate::words::ids::{DomId, Pfn};

/// The transmit ring, and what is under way on it.
#[derive(Clone, Debug)]
pub(super) struct TxQueue {
    pub(super) shared: SharedRing,
    /// A reference for each slot, while the ring is set up.
    pub(super) references: ReferenceBatch,
    pub(super) slots: TxSlots,
    /// The guest's stack must keep its packets.
    pub(super) stopped: bool,
    /// Packets that the present reaping made whole: kept between calls for its memory.
    pub(super) whole: Vec<u32>,
    /// Responses that the present reaping reads: kept likewise.
    pub(super) responses: Vec<TxResponse>,
    /// The requests of the packet that is being sent: kept likewise.
    requests: Vec<TxRequest>,
}

impl TxQueue {
    pub(super) fn new(domain: DomId, page: Pfn, epoch: FrontEpoch) -> TxQueue {
        TxQueue {
            shared: SharedRing::new(domain, page, TX_RING),
            references: ReferenceBatch::default(),
            slots: TxSlots::new(epoch.first_id()),
            stopped: false,
            whole: Vec::new(),
            responses: Vec::new(),
            requests: Vec::new(),
        }
    }

    /// Sends a packet.
    pub(super) fn start_xmit(&mut self, device: &mut Device, k: &mut Kernel, skb: SkbId) -> Xmit {
        if self.stopped {
            return Xmit::Busy(skb);
        }
        let skb = match prepare(device, k, skb) {
            Ok(skb) => skb,
            Err((skb, why)) => return drop_packet(device, k, skb, why),
        };
        let bytes = self.write_packet(device, k, skb);
        device.counters.tx_packets += 1;
        device.counters.tx_bytes += u64::from(bytes);
        self.tx_buf_gc(device, k);
        if !self.has_room(device) && device.broken.is_none() {
            self.stopped = true;
            device.counters.stops += 1;
            k.also(Event::QueueStopped { outstanding: self.shared.half.outstanding() });
        }
        Xmit::Sent
    }

    /// Whether the largest packet would fit (`netfront_tx_slot_available`). A sender looks after it has sent, not before,
    /// and so the line is drawn that far below the ring's end.
    #[inline]
    pub(super) fn has_room(&self, device: &Device) -> bool {
        self.shared.half.outstanding() < device.settings.epoch.stop_line()
    }

    /// Grants the packet's pages and writes its requests: the first, which has the length of the whole, then an extra info,
    /// then the others, which have their own. Then publishes them (`RING_PUSH_REQUESTS_AND_CHECK_NOTIFY`). Answers how many
    /// bytes the packet has.
    fn write_packet(&mut self, device: &mut Device, k: &mut Kernel, skb: SkbId) -> u32 {
        let packet = self.slots.begin(skb, k.now);
        let data = k.skbs.get(skb);
        let (bytes, frags, count) = (data.len, data.frags(), data.frags().len());
        let gso = (data.gso != Segmentation::NONE).then_some(data.gso);
        let slots = count as u32 + u32::from(gso.is_some());
        k.log.step(k.now, Event::PacketOffered { bytes: data.len, slots });

        self.requests.clear();
        for (at, frag) in frags.iter().enumerate() {
            let gref = self.references.claim().expect("there are as many references as slots");
            let frame = k.xen.domain(device.domain).and_then(|guest| guest.mfn(frag.page.pfn()));
            let frame = frame.expect("a packet lies in pages that its guest has");
            device.grants.grant_access(&mut k.xen.memory, gref, device.backend, frame, Access::ReadOnly);
            let flags = if at + 1 < count { NETTXF_MORE_DATA } else { 0 };
            let id = self.slots.claim(gref, packet);
            self.requests.push(TxRequest { gref, offset: frag.offset, flags, id, size: frag.size });
        }
        let (first, further) = self.requests.split_first_mut().expect("a packet to send has a piece");
        first.size = data.len as u16;
        first.flags |= match data.checksum {
            Checksum::None => 0,
            Checksum::Partial => NETTXF_CSUM_BLANK | NETTXF_DATA_VALIDATED,
            Checksum::Unnecessary => NETTXF_DATA_VALIDATED,
        };
        if gso.is_some() {
            first.flags |= NETTXF_EXTRA_INFO;
        }
        let first = *first;
        if !k.log.is_off() {
            let entry = device.grants.entry(&k.xen.memory, first.gref);
            let (frame, flags) = (entry.frame, entry.flags);
            k.step(Event::GrantsGiven { first: first.gref, frame, count: count as u32, flags });
        }

        let page = self.shared.page_mut(k.xen);
        let index = self.shared.half.write_request(page, &first.encode());
        if let Some(Segmentation { size, kind }) = gso {
            let extra = ExtraInfo::gso(Gso { size, kind, features: 0 });
            self.shared.half.write_request(page, &extra.encode());
        }
        for request in further {
            self.shared.half.write_request(page, &request.encode());
        }
        let (old, event) = (Shared::ReqProd.load(page).0, Shared::ReqEvent.load(page).0);
        let notify = self.shared.half.push_requests_and_check_notify(page);
        k.step(Event::RequestWritten { index: index.0, id: first.id, count: slots });
        k.step(Event::RequestsPublished { old, new: self.shared.half.req_prod_pvt.0, event, notify });
        self.shared.notify(device, k, notify);
        bytes
    }
}

fn drop_packet(device: &mut Device, k: &mut Kernel, skb: SkbId, why: Unsent) -> Xmit {
    let data = k.skbs.get(skb);
    let (bytes, pieces) = (data.len, data.frags().len() as u32);
    device.counters.tx_dropped += 1;
    k.step(Event::PacketUnsent { bytes, pieces, why });
    k.skbs.free(skb);
    Xmit::Dropped
}

/// The packet that the driver sends: the one that it was given, or a copy, if that has too many pieces or may not be shown as
/// it lies. The classic driver looks at the pieces before it looks for a backend.
fn prepare(device: &mut Device, k: &mut Kernel, skb: SkbId) -> Result<SkbId, (SkbId, Unsent)> {
    let data = k.skbs.get(skb);
    let (pieces, bytes, gso) = (data.frags().len(), data.len, data.gso != Segmentation::NONE);
    let start = data.frags().first().expect("a packet to send has a piece").offset;
    let epoch = device.settings.epoch;
    let many = pieces > epoch.most_pieces();
    if many && epoch == FrontEpoch::Classic {
        return Err((skb, Unsent::TooManyPieces));
    }
    if !device.is_up() {
        return Err((skb, Unsent::NoCarrier));
    }
    if bytes > MOST_BYTES && epoch == FrontEpoch::Modern {
        return Err((skb, Unsent::TooLong));
    }
    if (pieces > 1 && !device.sg) || (gso && !device.gso) {
        return Err((skb, Unsent::NotTaken));
    }
    match epoch {
        FrontEpoch::Classic => Ok(skb),
        FrontEpoch::Modern => {
            let mut skb = skb;
            if many {
                skb = copy_to_fresh_pages(k, skb, Residue::Left).map_err(|skb| (skb, Unsent::NoMemory))?;
                device.counters.linearized += 1;
            }
            if !device.settings.trusted || PAGE_SIZE as u16 - start < HEADER_BYTES {
                skb = copy_to_fresh_pages(k, skb, Residue::Zeroed).map_err(|skb| (skb, Unsent::NoMemory))?;
                device.counters.bounced += 1;
            }
            Ok(skb)
        }
    }
}
