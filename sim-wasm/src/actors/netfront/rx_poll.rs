//! Receiving, the second half: from responses to packets (`netif_poll`, `xennet_poll`).
//!
//! A response is known by its index: it lies where its buffer's request lay, and its id is not looked at. A packet is a
//! response, its extra infos, and further responses. Whatever is wrong with it, each of its buffers ends somewhere: in the
//! packet, back on the ring, or with the guest's allocator.
//!
//! Not modelled: GSO prefixes, XDP, and merging of packets before the stack sees them (GRO).

use crate::actors::epoch::FrontEpoch;
use crate::actors::kernel::{Ask, Kernel};
use crate::actors::log::Event;
use crate::actors::log::receive::Receive;
use crate::actors::log::trouble::Attack;
use crate::actors::netfront::device::{Device, Reception};
use crate::actors::netfront::rx::{Buffer, RxQueue};
use crate::actors::netfront::settings::{COPY_THRESHOLD, POLL_WEIGHT};
use crate::actors::skb::{Checksum, Frag, FragPage, MAX_SKB_FRAGS, Segmentation, SkbId};
use crate::hypervisor::guest_grants::{EndAccess, EndTransfer};
use crate::hypervisor::page::PAGE_SIZE;
use crate::hypervisor::xen::Translations;
use crate::protocols::netif::{
    ExtraInfo, NETRXF_CSUM_BLANK, NETRXF_DATA_VALIDATED, NETRXF_EXTRA_INFO, NETRXF_MORE_DATA, RX_RESPONSE_SIZE,
    RX_RING, RxResponse, XEN_NETIF_EXTRA_FLAG_MORE, XEN_NETIF_EXTRA_TYPE_GSO, XEN_NETIF_GSO_TYPE_TCPV4,
    XEN_NETIF_GSO_TYPE_TCPV6,
};
use crate::protocols::ring::Index;
use crate::words::ids::Pfn;

/// Extra infos have types below this, `XEN_NETIF_EXTRA_TYPE_MAX` of mainline Linux.
const EXTRA_TYPES: u8 = 6;

const EINVAL: i16 = -22;
const ENOENT: i16 = -2;
const EBADR: i16 = -53;
const E2BIG: i16 = -7;
const ENOMEM: i16 = -12;

/// A filled page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    page: Pfn,
    offset: u16,
    size: u16,
}

/// What became of the responses to one packet.
#[derive(Clone, Copy, Debug)]
pub(super) enum Outcome {
    /// The packet, and its buffers.
    Packet(SkbId, u32),
    /// The first thing that was wrong with it.
    Spoiled(i16),
}

/// Why no further response is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct GrantInUse;

/// A packet that is being read.
struct Reading {
    first: RxResponse,
    gso: Option<ExtraInfo>,
    slots: u32,
    /// The first thing that is wrong with it.
    error: Option<i16>,
}

impl Reading {
    fn spoil(&mut self, error: i16) {
        self.error.get_or_insert(error);
    }
}

impl RxQueue {
    /// Reads responses and hands packets up, [`POLL_WEIGHT`] at most. Answers whether there is more to do.
    pub(super) fn poll(&mut self, device: &mut Device, k: &mut Kernel) -> bool {
        let Some(rsp_prod) = self.shared.responses_until(self.shared.page(k.xen)) else {
            device.give_up(k, Attack::ForgedProducer);
            return false;
        };
        let start = self.shared.half.rsp_cons;
        let mut packets = 0;
        let mut outcomes = core::mem::take(&mut self.outcomes);
        let mut fault = None;
        while self.shared.half.rsp_cons != rsp_prod && packets < POLL_WEIGHT {
            match self.read_packet(device, k, rsp_prod) {
                Ok(outcome) => {
                    packets += u32::from(matches!(outcome, Outcome::Packet(..)));
                    outcomes.push(outcome);
                }
                Err(GrantInUse) => {
                    fault = Some(Attack::KeptMapping);
                    break;
                }
            }
        }
        let count = self.shared.half.rsp_cons.since(start);
        device.counters.responses += u64::from(count);
        if count > 0 && device.reception == Reception::Flip {
            k.xen.multicall(Translations::New);
        }
        self.unconsumed = self.shared.half.unconsumed_responses(self.shared.page(k.xen));
        if count > 0 {
            k.step(Event::Receive(Receive::AnswersTaken { index: start.0, count }));
        }
        outcomes.drain(..).for_each(|outcome| hand_up(device, k, outcome));
        self.outcomes = outcomes;
        if let Some(attack) = fault {
            device.give_up(k, attack);
            return false;
        }

        if device.settings.epoch == FrontEpoch::Classic {
            self.lower_target(device, k);
        }
        self.alloc_rx_buffers(device, k);
        packets == POLL_WEIGHT || self.shared.half.final_check_for_responses(self.shared.page_mut(k.xen))
    }

    /// Reads one packet's responses (`xennet_get_responses`), and makes a packet of them.
    fn read_packet(&mut self, device: &mut Device, k: &mut Kernel, rsp_prod: Index) -> Result<Outcome, GrantInUse> {
        let (first, buffer) = self.next(k);
        let mut reading = Reading { first, gso: None, slots: 1, error: None };
        // A first piece that is copied whole leaves its fragment to one more.
        let most = MAX_SKB_FRAGS as u32 + u32::from(first.status <= COPY_THRESHOLD as i16);
        if first.flags & NETRXF_EXTRA_INFO != 0 {
            self.read_extras(k, rsp_prod, &mut reading);
        }
        let taken = self.read_pieces(device, k, rsp_prod, &mut reading, (first, buffer));
        if reading.slots > most {
            reading.spoil(E2BIG);
        }
        if reading.gso.is_some_and(|extra| !is_segmentation(&extra, device.settings.epoch)) {
            reading.spoil(EINVAL);
        }
        if taken.is_err() || reading.error.is_some() {
            self.pieces.drain(..).for_each(|piece| k.skbs.free_page(piece.page));
        }
        taken?;
        Ok(match reading.error {
            Some(error) => Outcome::Spoiled(error),
            None => Outcome::Packet(self.build(device, k, &reading), reading.slots),
        })
    }

    /// Consumes the next response, and takes the buffer that was posted in its slot.
    #[inline]
    fn next(&mut self, k: &Kernel) -> (RxResponse, Option<Buffer>) {
        let (bytes, buffer) = self.next_bytes(k);
        (RxResponse::decode(bytes), buffer)
    }

    #[inline]
    fn next_bytes(&mut self, k: &Kernel) -> ([u8; RX_RESPONSE_SIZE], Option<Buffer>) {
        let index = self.shared.half.rsp_cons;
        let bytes = self.shared.half.copy_response(self.shared.page(k.xen), index);
        self.shared.half.rsp_cons = index.plus(1);
        (bytes, self.buffers[RX_RING.slot(index) as usize].take())
    }

    /// Reads the extra infos after a first response (`xennet_get_extras`), whose buffers were not used.
    fn read_extras(&mut self, k: &mut Kernel, rsp_prod: Index, reading: &mut Reading) {
        loop {
            if self.shared.half.rsp_cons == rsp_prod {
                return reading.spoil(EBADR);
            }
            let (bytes, buffer) = self.next_bytes(k);
            let extra = ExtraInfo::decode(bytes);
            match extra.kind {
                XEN_NETIF_EXTRA_TYPE_GSO => reading.gso = Some(extra),
                1.. if extra.kind < EXTRA_TYPES => {}
                _ => reading.spoil(EINVAL),
            }
            if let Some(buffer) = buffer {
                self.write(k, buffer);
            }
            if extra.flags & XEN_NETIF_EXTRA_FLAG_MORE == 0 {
                return;
            }
        }
    }

    /// Takes the pages of a packet back, as far as its responses are there.
    fn read_pieces(
        &mut self,
        device: &mut Device,
        k: &mut Kernel,
        rsp_prod: Index,
        reading: &mut Reading,
        first: (RxResponse, Option<Buffer>),
    ) -> Result<(), GrantInUse> {
        let (mut response, mut buffer) = first;
        loop {
            match (fits_in_page(response), buffer) {
                (_, None) => reading.spoil(EINVAL),
                (None, Some(buffer)) => {
                    reading.spoil(if response.status < 0 { response.status } else { EINVAL });
                    self.write(k, buffer);
                }
                (Some(size), Some(buffer)) => match self.take_back(device, k, buffer)? {
                    Some(page) => self.pieces.push(Piece { page, offset: response.offset, size }),
                    None => {
                        reading.spoil(ENOMEM);
                        self.write(k, buffer);
                    }
                },
            }
            if response.flags & NETRXF_MORE_DATA == 0 {
                return Ok(());
            }
            if self.shared.half.rsp_cons == rsp_prod {
                reading.spoil(ENOENT);
                return Ok(());
            }
            (response, buffer) = self.next(k);
            reading.slots += 1;
        }
    }

    /// Takes a buffer's page back from the backend. Nothing if a page was to come and did not: its grant is used up all the
    /// same, and the classic driver posts it again as it is.
    fn take_back(&mut self, device: &Device, k: &mut Kernel, buffer: Buffer) -> Result<Option<Pfn>, GrantInUse> {
        let Buffer { page, gref } = buffer;
        match device.reception {
            Reception::Copy => {
                if device.grants.end_access(&mut k.xen.memory, gref) == EndAccess::StillInUse {
                    // Whoever tears the ring down finds it in its slot.
                    let slot = RX_RING.slot(self.shared.half.rsp_cons.plus(u32::MAX));
                    self.buffers[slot as usize] = Some(buffer);
                    return Err(GrantInUse);
                }
            }
            Reception::Flip => match device.grants.end_transfer(&mut k.xen.memory, gref) {
                EndTransfer::Completed(frame) => {
                    let placed = k.xen.update_va_mapping(device.domain, page, frame);
                    placed.expect("a page that was given back left a hole");
                }
                EndTransfer::NotStarted | EndTransfer::UnderWay => return Ok(None),
            },
        }
        self.references.release(gref);
        Ok(Some(page))
    }

    /// Makes a packet of the pieces: what the threshold says is copied out of the first page, which is free if that was all.
    fn build(&mut self, device: &Device, k: &mut Kernel, reading: &Reading) -> SkbId {
        let skb = k.skbs.alloc();
        let data = k.skbs.get_mut(skb);
        data.born = k.now;
        data.origin = device.vif;
        data.checksum = match reading.first.flags {
            flags if flags & NETRXF_CSUM_BLANK != 0 => Checksum::Partial,
            flags if flags & NETRXF_DATA_VALIDATED != 0 => Checksum::Unnecessary,
            _ => Checksum::None,
        };
        if let Some(gso) = reading.gso.and_then(|extra| extra.as_gso()) {
            data.gso = Segmentation { size: gso.size, kind: gso.kind };
            // Backends forget the flag, and a packet to be segmented has no checksum yet: the modern driver mends that.
            if device.settings.epoch == FrontEpoch::Modern {
                data.checksum = Checksum::Partial;
            }
        }
        let mut empty = None;
        for (at, piece) in self.pieces.drain(..).enumerate() {
            data.len += u32::from(piece.size);
            let copied = if at == 0 { piece.size.min(COPY_THRESHOLD) } else { 0 };
            if at == 0 {
                let page = k.xen.guest_page(device.domain, piece.page).expect("a page that came back is the guest's");
                let bytes = &page.bytes()[usize::from(piece.offset)..][..usize::from(copied)];
                data.head.extend_from_slice(bytes);
            }
            if at == 0 && copied == piece.size {
                empty = Some(piece.page);
            } else {
                let (offset, size) = (piece.offset + copied, piece.size - copied);
                data.push_frag(Frag { page: FragPage::Own(piece.page), offset, size });
            }
        }
        if let Some(page) = empty {
            k.skbs.free_page(page);
        }
        skb
    }
}

/// The piece's bytes, if the response says a number of them that ends in its page.
fn fits_in_page(response: RxResponse) -> Option<u16> {
    let size = u16::try_from(response.status).ok()?;
    (u32::from(response.offset) + u32::from(size) <= PAGE_SIZE as u32).then_some(size)
}

/// Whether an extra info says something about segmentation that the driver can pass on (`xennet_set_skb_gso`).
fn is_segmentation(extra: &ExtraInfo, epoch: FrontEpoch) -> bool {
    extra.as_gso().is_some_and(|gso| {
        let known = match epoch {
            FrontEpoch::Classic => gso.kind == XEN_NETIF_GSO_TYPE_TCPV4,
            FrontEpoch::Modern => matches!(gso.kind, XEN_NETIF_GSO_TYPE_TCPV4 | XEN_NETIF_GSO_TYPE_TCPV6),
        };
        gso.size > 0 && known
    })
}

fn hand_up(device: &mut Device, k: &mut Kernel, outcome: Outcome) {
    match outcome {
        Outcome::Packet(skb, slots) => {
            let bytes = k.skbs.get(skb).len;
            device.counters.rx_packets += 1;
            device.counters.rx_bytes += u64::from(bytes);
            k.step(Event::Receive(Receive::PacketDelivered { bytes, slots }));
            k.ask(Ask::Arrived(device.vif, skb));
        }
        Outcome::Spoiled(status) => {
            device.counters.rx_errors += 1;
            k.step(Event::Receive(Receive::PacketSpoiled { status }));
        }
    }
}
