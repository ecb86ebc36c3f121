//! The guest's network driver, sending side, as in the classic kernel (`drivers/xen/netfront/netfront.c`, linux-2.6.18-xen).
//!
//! [`Netfront::start_xmit`] turns a packet into grants and requests; [`Netfront::tx_buf_gc`] reads the answers and takes
//! everything back. A packet is the guest's again when the last of its slots has been answered.

use crate::actors::log::{Event, Log};
use crate::hypervisor::event_calls::Sent;
use crate::hypervisor::grant_entry::Access;
use crate::hypervisor::guest_grants::{EndAccess, GuestGrants};
use crate::hypervisor::xen::Xen;
use crate::protocols::front_ring::FrontRing;
use crate::protocols::netif::{NETIF_RSP_NULL, NETTXF_MORE_DATA, TX_RESPONSE_SIZE, TX_RING, TxRequest, TxResponse};
use crate::protocols::ring::{Index, Shared, shared_ring_init};
use crate::words::ids::{DomId, GrantRef, Pfn, Port};
use crate::words::time::Time;

/// Fragments of a packet besides its head, `MAX_SKB_FRAGS` of a kernel with 4 KiB pages: 65536 / 4096 + 2.
pub const MAX_SKB_FRAGS: u32 = 18;

/// Slots in use at which the queue stops: what is left takes the largest packet, with its head and its extra information
/// (`netfront_tx_slot_available()`).
pub const STOP_LINE: u32 = TX_RING.entries() - MAX_SKB_FRAGS - 2;

/// A part of a packet within one page of the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// The page.
    pub page: Pfn,
    /// Where it begins, in bytes; `offset + size` is at most 4096.
    pub offset: u16,
    /// Bytes.
    pub size: u16,
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transmit {
    /// It is on the ring, and this is where the notification went if one was due.
    Queued(Option<Sent>),
    /// It needs more slots than a packet may have, and was freed (`xennet: skb rides the rocket`).
    TooManySlots,
    /// The queue is stopped; the caller keeps the packet.
    Stopped,
}

/// A backend broke the rules. The classic netfront calls `BUG()`, or believes what it reads; later ones give the device up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackendFault {
    /// It answered a request whose page it still has mapped.
    GrantStillInUse(GrantRef),
    /// It answered a request that was not under way.
    UnknownId(u16),
    /// It published more answers than there are requests.
    TooManyResponses,
}

/// A slot under way.
#[derive(Clone, Copy, Debug)]
struct Slot {
    gref: GrantRef,
    /// An index into [`Netfront::packets`].
    packet: usize,
}

/// A packet, how many of its slots are unanswered, and where it lies.
#[derive(Clone, Debug)]
struct Packet {
    bytes: u32,
    slots: u32,
    pages: Vec<Pfn>,
}

/// One interface of a guest.
#[derive(Clone, Debug)]
pub struct Netfront {
    domain: DomId,
    backend: DomId,
    grants: GuestGrants,
    ring_page: Pfn,
    ring_gref: GrantRef,
    ring: FrontRing,
    port: Port,
    /// Ids that no request carries, the next one last.
    free_ids: Vec<u16>,
    /// By id.
    slots: Vec<Option<Slot>>,
    packets: Vec<Option<Packet>>,
    stopped: bool,
}

impl Netfront {
    /// Sets up ring and event channel in the guest, ready for a backend to connect (`setup_device()`).
    ///
    /// # Panics
    /// If the machine has no room for a guest's first ring: a mistake in the scenario.
    pub fn new(xen: &mut Xen, domain: DomId, backend: DomId, ring_page: Pfn) -> Self {
        let frames = xen.setup_table(domain, 1).expect("a domain has a frame of grant table").to_vec();
        let mut grants = GuestGrants::new(domain, &frames);
        let page = xen.guest_page_mut(domain, ring_page).expect("the ring's page is the guest's");
        shared_ring_init(page, Index(0));
        let frame = xen.domain(domain).and_then(|guest| guest.mfn(ring_page)).expect("the ring's page has a frame");
        let ring_gref = grants.claim_reference().expect("a fresh table has free references");
        grants.grant_access(&mut xen.memory, ring_gref, backend, frame, Access::ReadWrite);
        let port = xen.alloc_unbound(domain, backend).expect("a fresh domain has free ports");
        let ids = TX_RING.entries() as u16;
        Self {
            domain,
            backend,
            grants,
            ring_page,
            ring_gref,
            ring: FrontRing::attach(TX_RING, Index(0)),
            port,
            free_ids: (1..=ids).rev().collect(),
            slots: vec![None; usize::from(ids) + 1],
            packets: Vec::new(),
            stopped: false,
        }
    }

    /// What the backend needs to connect: the ring's grant and the event channel.
    #[must_use]
    pub fn offer(&self) -> (GrantRef, Port) {
        (self.ring_gref, self.port)
    }

    /// The guest.
    #[must_use]
    pub fn domain(&self) -> DomId {
        self.domain
    }

    /// Slots whose answers were not read yet.
    #[must_use]
    pub fn outstanding(&self) -> u32 {
        self.ring.outstanding()
    }

    /// Whether the stack must keep its packets.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Whether a packet under way lies in that page: it is the packet's until the last of its slots has been answered.
    #[must_use]
    pub fn is_under_way(&self, page: Pfn) -> bool {
        self.packets.iter().flatten().any(|packet| packet.pages.contains(&page))
    }

    /// Grants that are free to use.
    #[must_use]
    pub fn free_references(&self) -> u32 {
        self.grants.free_references()
    }

    /// Sends a packet (`network_start_xmit()`). `slices` are its head and its fragments; at least one.
    pub fn start_xmit(
        &mut self,
        xen: &mut Xen,
        now: Time,
        slices: &[Slice],
        log: &mut Log,
    ) -> Result<Transmit, BackendFault> {
        if self.stopped {
            return Ok(Transmit::Stopped);
        }
        let count = slices.len() as u32;
        if count > MAX_SKB_FRAGS + 1 {
            return Ok(Transmit::TooManySlots);
        }
        let bytes: u32 = slices.iter().map(|slice| u32::from(slice.size)).sum();
        log.step(now, Event::PacketOffered { bytes, slots: count });

        let packet =
            self.remember(Packet { bytes, slots: count, pages: slices.iter().map(|slice| slice.page).collect() });
        let requests: Vec<TxRequest> = slices
            .iter()
            .enumerate()
            .map(|(position, &slice)| self.grant(xen, slice, position + 1 < slices.len(), packet))
            .collect();
        let first = requests[0];
        let entry = self.grants.entry(&xen.memory, first.gref);
        log.step(now, Event::GrantsGiven { first: first.gref, frame: entry.frame, count, flags: entry.flags });

        let index = self.ring.req_prod_pvt;
        let page = xen.guest_page_mut(self.domain, self.ring_page).expect("the ring's page is the guest's");
        for request in &requests {
            self.ring.write_request(page, &request.encode());
        }
        // The first request of a packet says how long the whole packet is (`xen/include/public/io/netif.h`).
        self.ring.rewrite_request(page, index, &TxRequest { size: bytes as u16, ..first }.encode());
        log.step(now, Event::RequestWritten { index: index.0, id: first.id, count });

        let sent = self.publish(xen, now, log);
        self.tx_buf_gc(xen, now, log)?;
        if self.outstanding() >= STOP_LINE {
            self.stopped = true;
            log.also(now, Event::QueueStopped { outstanding: self.outstanding() });
        }
        Ok(Transmit::Queued(sent))
    }

    /// Reads the answers (`network_tx_buf_gc()`): ends each grant, frees ids and packets, and asks for the next event half
    /// way through what is still under way.
    pub fn tx_buf_gc(&mut self, xen: &mut Xen, now: Time, log: &mut Log) -> Result<(), BackendFault> {
        loop {
            let page = xen.guest_page(self.domain, self.ring_page).expect("the ring's page is the guest's");
            let rsp_prod = Shared::RspProd.load(page);
            if rsp_prod.since(self.ring.rsp_cons) > self.outstanding() {
                return Err(BackendFault::TooManyResponses);
            }
            let first = self.ring.rsp_cons;
            let responses: Vec<TxResponse> = first
                .until(rsp_prod)
                .map(|index| TxResponse::decode(self.ring.copy_response::<TX_RESPONSE_SIZE>(page, index)))
                .collect();
            self.ring.rsp_cons = rsp_prod;
            if let Some(response) = responses.first() {
                let count = responses.len() as u32;
                log.step(now, Event::ResponsesReaped { index: first.0, id: response.id, count });
            }
            self.await_half(xen, rsp_prod, now, log);
            let freed = self.take_back(xen, &responses, now, log)?;
            for bytes in freed {
                log.step(now, Event::PacketFreed { bytes });
            }
            let page = xen.guest_page(self.domain, self.ring_page).expect("the ring's page is the guest's");
            if self.ring.unconsumed_responses(page) == 0 {
                break;
            }
        }
        if self.stopped && self.outstanding() < STOP_LINE {
            self.stopped = false;
            log.also(now, Event::QueueWoken { outstanding: self.outstanding() });
        }
        Ok(())
    }

    /// Grants one slice and makes its request.
    fn grant(&mut self, xen: &mut Xen, slice: Slice, more: bool, packet: usize) -> TxRequest {
        let frame = xen
            .domain(self.domain)
            .and_then(|guest| guest.mfn(slice.page))
            .expect("a packet lies in the guest's pages");
        let gref = self.grants.claim_reference().expect("there are more references than slots");
        let id = self.free_ids.pop().expect("there are as many ids as slots");
        self.grants.grant_access(&mut xen.memory, gref, self.backend, frame, Access::ReadOnly);
        self.slots[usize::from(id)] = Some(Slot { gref, packet });
        TxRequest { gref, offset: slice.offset, flags: if more { NETTXF_MORE_DATA } else { 0 }, id, size: slice.size }
    }

    fn publish(&mut self, xen: &mut Xen, now: Time, log: &mut Log) -> Option<Sent> {
        let page = xen.guest_page_mut(self.domain, self.ring_page).expect("the ring's page is the guest's");
        let (old, event) = (Shared::ReqProd.load(page), Shared::ReqEvent.load(page));
        let notify = self.ring.push_requests_and_check_notify(page);
        let new = self.ring.req_prod_pvt;
        log.step(now, Event::RequestsPublished { old: old.0, new: new.0, event: event.0, notify });
        if !notify {
            return None;
        }
        let sent = xen.send(self.domain, self.port).expect("the port is bound");
        if let Sent::Delivered { port, .. } = sent {
            log.also(now, Event::EventSent { port, from_guest: true });
        }
        Some(sent)
    }

    fn await_half(&self, xen: &mut Xen, rsp_prod: Index, now: Time, log: &mut Log) {
        let page = xen.guest_page_mut(self.domain, self.ring_page).expect("the ring's page is the guest's");
        let under_way = Shared::ReqProd.load(page).since(rsp_prod);
        let event = rsp_prod.plus(under_way / 2 + 1);
        if Shared::RspEvent.load(page) != event {
            Shared::RspEvent.store(page, event);
            log.also(now, Event::ResponsesAwaited { event: event.0 });
        }
    }

    /// Ends the grants of answered requests; returns the sizes of the packets that are whole again.
    fn take_back(
        &mut self,
        xen: &mut Xen,
        responses: &[TxResponse],
        now: Time,
        log: &mut Log,
    ) -> Result<Vec<u32>, BackendFault> {
        let mut freed = Vec::new();
        let mut ended: Option<(GrantRef, u32)> = None;
        for response in responses.iter().filter(|response| response.status != NETIF_RSP_NULL) {
            let slot = self.slots.get_mut(usize::from(response.id)).and_then(Option::take);
            let slot = slot.ok_or(BackendFault::UnknownId(response.id))?;
            if self.grants.end_access(&mut xen.memory, slot.gref) == EndAccess::StillInUse {
                return Err(BackendFault::GrantStillInUse(slot.gref));
            }
            self.grants.release_reference(slot.gref);
            self.free_ids.push(response.id);
            ended = Some(ended.map_or((slot.gref, 1), |(first, count)| (first, count + 1)));
            let packet = self.packets[slot.packet].as_mut().expect("a slot under way belongs to a packet");
            packet.slots -= 1;
            if packet.slots == 0 {
                freed.push(packet.bytes);
                self.packets[slot.packet] = None;
            }
        }
        if let Some((first, count)) = ended {
            let flags = self.grants.entry(&xen.memory, first).flags;
            log.step(now, Event::GrantsEnded { first, count, flags });
        }
        Ok(freed)
    }

    fn remember(&mut self, packet: Packet) -> usize {
        let free = self.packets.iter().position(Option::is_none).unwrap_or(self.packets.len());
        if free == self.packets.len() {
            self.packets.push(None);
        }
        self.packets[free] = Some(packet);
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_to_nothing_are_a_fault() {
        let mut xen = Xen::new(40);
        for id in [DomId::DOM0, DomId(1)] {
            xen.create_domain(id, 4).expect("there is room for two domains");
        }
        let mut front = Netfront::new(&mut xen, DomId(1), DomId::DOM0, Pfn(0));
        assert_eq!(front.tx_buf_gc(&mut xen, Time::ZERO, &mut Log::new()), Ok(()));
        let page = xen.guest_page_mut(DomId(1), Pfn(0)).expect("the guest has the page");
        Shared::RspProd.store(page, Index(1));
        let fault = front.tx_buf_gc(&mut xen, Time::ZERO, &mut Log::new());
        assert_eq!((fault, front.outstanding()), (Err(BackendFault::TooManyResponses), 0));
    }
}
