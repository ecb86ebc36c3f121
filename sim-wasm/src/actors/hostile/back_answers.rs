//! What a hostile netback writes into the rings: sound answers, and those of its attacks.
//!
//! Not modelled: answers that change between two looks of the guest.

use crate::actors::hostile::back::{HostileBack, Link, ReceiveTrap, TransmitTrap};
use crate::actors::kernel::{Ask, Kernel};
use crate::actors::log::Event;
use crate::actors::log::receive::Receive;
use crate::actors::log::trouble::Trouble;
use crate::actors::skb::{Frag, FragPage, SkbId};
use crate::hypervisor::grant_copies::{CopyFrame, CopyPointer, GrantCopy};
use crate::hypervisor::grant_entry::Access;
use crate::hypervisor::page::{PAGE_SIZE, Page};
use crate::protocols::netif::{
    NETIF_RSP_ERROR, NETIF_RSP_OKAY, NETRXF_MORE_DATA, NETTXF_EXTRA_INFO, NETTXF_MORE_DATA, RX_REQUEST_SIZE, RX_RING,
    RxRequest, RxResponse, TX_REQUEST_SIZE, TX_RING, TxRequest, TxResponse,
};
use crate::protocols::ring::Shared;
use crate::words::ids::{DomId, Handle, Mfn, Pfn, VifId};
use crate::words::rng::Rng;

/// Requests that one turn takes.
const BUDGET: u32 = 64;
/// Requests of one packet.
const MOST_SLOTS: usize = 19;
/// Bytes at the start of a packet that lie in its head.
const HEAD: u16 = 64;
/// An id that no request of a Linux driver has.
const NO_ID: u16 = 0x7FFF;

/// One piece of a packet in dom0's memory.
#[derive(Clone, Copy, Debug)]
struct Source {
    page: Pfn,
    offset: u16,
    size: u16,
}

impl HostileBack {
    /// Takes what a guest sends; true if there is more.
    pub(super) fn take_requests(&mut self, k: &mut Kernel, vif: VifId) -> bool {
        let Some(link) = self.links.get_mut(usize::from(vif.0)).and_then(Option::as_mut) else { return false };
        // Who claims more requests than there can be is not worth a loop (XSA-39), least of all when it is confused by us.
        if link.tx.request_prod_overflow(Shared::ReqProd.load(ring(k, link.tx_page))) {
            return false;
        }
        let mut taken = 0;
        while taken < BUDGET && link.tx.unconsumed_requests(ring(k, link.tx_page)) > 0 {
            taken += link.take_packet(k, vif);
        }
        link.answer_transmit(k);
        link.tx.final_check_for_requests(ring_mut(k, link.tx_page))
    }

    /// Delivers what waits for a guest while it has buffers; true if there is more that could be delivered.
    pub(super) fn deliver(&mut self, k: &mut Kernel, vif: VifId) -> bool {
        let bounce = self.bounce;
        let Some(link) = self.links.get_mut(usize::from(vif.0)).and_then(Option::as_mut) else { return false };
        while let Some(&skb) = link.queue.front() {
            let needed = k.skbs.get(skb).frags().len() as u32 + 1;
            if link.rx.unconsumed_requests(ring(k, link.rx_page)) < needed {
                break;
            }
            link.queue.pop_front();
            link.deliver_packet(k, skb, bounce);
            k.skbs.free(skb);
        }
        link.answer_receive(k);
        false
    }
}

impl Link {
    /// Takes one packet off the ring, copies it and writes its answers; tells how many requests it had.
    fn take_packet(&mut self, k: &mut Kernel, vif: VifId) -> u32 {
        let mut requests = [None; MOST_SLOTS];
        let (mut count, mut sound) = (0, true);
        let first = self.tx.req_cons;
        loop {
            if count == MOST_SLOTS || self.tx.unconsumed_requests(ring(k, self.tx_page)) == 0 {
                sound = false;
                break;
            }
            let bytes = self.tx.copy_request::<TX_REQUEST_SIZE>(ring(k, self.tx_page), self.tx.req_cons);
            let request = TxRequest::decode(bytes);
            self.tx.req_cons = self.tx.req_cons.plus(1);
            requests[count] = Some(request);
            count += 1;
            sound &= request.flags & NETTXF_EXTRA_INFO == 0;
            if request.flags & NETTXF_MORE_DATA == 0 {
                break;
            }
        }
        self.counters.slots += count as u64;
        let id = requests[0].map_or(0, |request| request.id);
        k.step(Event::RequestsTaken { index: first.0, id, count: count as u32 });
        let skb = if sound { self.copy_packet(k, vif, &requests) } else { None };
        let mut previous = None;
        for request in requests.iter().flatten() {
            self.answer(k, *request, (previous, skb.is_some()));
            previous = Some(request.id);
        }
        match skb {
            Some(skb) => {
                self.counters.transmit_packets += 1;
                let bytes = k.skbs.get(skb).len;
                self.counters.transmit_bytes += u64::from(bytes);
                k.also(Event::PacketReceived { bytes });
                k.ask(Ask::Received(vif, skb));
            }
            None => self.counters.transmit_errors += 1,
        }
        count as u32
    }

    /// Copies a packet into dom0's pages; nothing if it makes no sense, or dom0 has no memory.
    fn copy_packet(&mut self, k: &mut Kernel, vif: VifId, requests: &[Option<TxRequest>; MOST_SLOTS]) -> Option<SkbId> {
        let further = requests.iter().skip(1).flatten().map(|request| u32::from(request.size)).sum();
        let total = u32::from(requests[0]?.size);
        let first_len = total.checked_sub(further).filter(|_| total >= 14)? as u16;
        let skb = k.skbs.alloc();
        for (number, request) in requests.iter().flatten().enumerate() {
            let size = if number == 0 { first_len } else { request.size };
            if size == 0 {
                continue;
            }
            let Some(page) = self.copy_piece(k, *request, size) else {
                k.skbs.free(skb);
                return None;
            };
            let head = if number == 0 { pull_head(k, skb, (page, size)) } else { 0 };
            if head < size {
                let frag = Frag { page: FragPage::Own(page), offset: head, size: size - head };
                k.skbs.get_mut(skb).push_frag(frag);
            } else {
                k.skbs.free_page(page);
            }
        }
        let now = k.now;
        let shared = k.skbs.get_mut(skb);
        (shared.len, shared.origin, shared.born) = (total, vif, now);
        Some(skb)
    }

    /// Copies one piece to the start of a page of dom0's, and looks at the rest of the guest's page if it snoops.
    fn copy_piece(&mut self, k: &mut Kernel, request: TxRequest, size: u16) -> Option<Pfn> {
        let page = k.skbs.alloc_page()?;
        let dest = CopyPointer { frame: CopyFrame::Own(frame_of(k, page)), offset: 0 };
        let source = |offset| CopyPointer { frame: CopyFrame::Granted(self.frontend, request.gref), offset };
        if self.snoops {
            let whole = GrantCopy { source: source(0), dest, len: PAGE_SIZE as u16 };
            if k.xen.grant_copy(DomId::DOM0, whole).is_ok() {
                let bytes = dom0_page(k, page).bytes();
                let packet = usize::from(request.offset)..usize::from(request.offset) + usize::from(size);
                let beside = bytes.iter().enumerate().filter(|(at, byte)| !packet.contains(at) && **byte != 0).count();
                self.seen += beside as u32;
                k.also(Event::Trouble(Trouble::BytesSeen { bytes: beside as u32 }));
            }
        }
        let copy = GrantCopy { source: source(request.offset), dest, len: size };
        if k.xen.grant_copy(DomId::DOM0, copy).is_err() {
            k.skbs.free_page(page);
            return None;
        }
        Some(page)
    }

    /// Writes the answer to one request, or what an attack makes of it. `previous` is the id of the request before it in the
    /// packet.
    fn answer(&mut self, k: &mut Kernel, request: TxRequest, (previous, sound): (Option<u16>, bool)) {
        let mut id = request.id;
        match self.transmit_trap.take_if(|trap| *trap != TransmitTrap::IdTwice || previous.is_some()) {
            None => {}
            Some(TransmitTrap::UnknownId) => id = NO_ID,
            Some(TransmitTrap::IdTwice) => id = previous.unwrap_or(id),
            Some(TransmitTrap::KeepMapping) => {
                let mapped = k.xen.map_grant_ref(DomId::DOM0, self.frontend, request.gref, Access::ReadOnly);
                self.kept.extend(mapped.ok().map(|mapped| mapped.handle));
            }
        }
        let status = if sound { NETIF_RSP_OKAY } else { NETIF_RSP_ERROR };
        self.counters.okay += u64::from(sound);
        self.counters.errors += u64::from(!sound);
        let page = ring_mut(k, self.tx_page);
        self.tx.write_response(page, &TxResponse { id, status }.encode());
    }

    /// Publishes the answers to requests.
    fn answer_transmit(&mut self, k: &mut Kernel) {
        let page = ring_mut(k, self.tx_page);
        let (old, event) = (Shared::RspProd.load(page), Shared::RspEvent.load(page));
        let new = self.tx.rsp_prod_pvt;
        if new == old {
            return;
        }
        let notify = self.tx.push_responses_and_check_notify(page);
        k.also(Event::ResponsesPublished { old: old.0, new: new.0, event: event.0, notify });
        if notify {
            self.counters.notifications += 1;
            k.notify(self.ports[0]);
        }
    }

    /// Copies one packet into the guest's buffers and writes the answers.
    fn deliver_packet(&mut self, k: &mut Kernel, skb: SkbId, bounce: Pfn) {
        let shared = k.skbs.get(skb);
        let (head, bytes) = (shared.head.len().min(PAGE_SIZE) as u16, shared.len);
        let count = shared.frags().len();
        if head > 0 {
            let page = k.xen.guest_page_mut(DomId::DOM0, bounce).expect("the page is dom0's");
            page.write(0, &shared.head[..usize::from(head)]);
        }
        let mut left = count + usize::from(head > 0);
        let index = self.rx.req_cons;
        if head > 0 {
            left -= 1;
            self.deliver_piece(k, Source { page: bounce, offset: 0, size: head }, left > 0);
        }
        for number in 0..count {
            left -= 1;
            let frag = k.skbs.get(skb).frags()[number];
            let source = Source { page: frag.page.pfn(), offset: frag.offset, size: frag.size };
            self.deliver_piece(k, source, left > 0);
        }
        self.counters.receive_packets += 1;
        self.counters.receive_bytes += u64::from(bytes);
        let count = self.rx.req_cons.since(index);
        k.step(Event::Receive(Receive::BuffersAnswered { index: index.0, count, bytes }));
    }

    /// Copies one piece into the next buffer and answers it.
    fn deliver_piece(&mut self, k: &mut Kernel, source: Source, more: bool) {
        let bytes = self.rx.copy_request::<RX_REQUEST_SIZE>(ring(k, self.rx_page), self.rx.req_cons);
        let request = RxRequest::decode(bytes);
        self.rx.req_cons = self.rx.req_cons.plus(1);
        let copy = GrantCopy {
            source: CopyPointer { frame: CopyFrame::Own(frame_of(k, source.page)), offset: source.offset },
            dest: CopyPointer { frame: CopyFrame::Granted(self.frontend, request.gref), offset: 0 },
            len: source.size,
        };
        let copied = k.xen.grant_copy(DomId::DOM0, copy);
        let flags = if more { NETRXF_MORE_DATA } else { 0 };
        let status = if copied.is_ok() { source.size as i16 } else { NETIF_RSP_ERROR };
        let mut response = RxResponse { id: request.id, offset: 0, flags, status };
        match self.receive_trap.take() {
            None => {}
            Some(ReceiveTrap::Long) => response.status = i16::MAX,
            Some(ReceiveTrap::Crossing) => (response.offset, response.status) = (4000, 200),
            Some(ReceiveTrap::WrongBuffer) => response.id = request.id.wrapping_add(1),
            Some(ReceiveTrap::Endless) => response.flags |= NETRXF_MORE_DATA,
        }
        let page = ring_mut(k, self.rx_page);
        self.rx.write_response(page, &response.encode());
    }

    /// Publishes the answers to buffers.
    fn answer_receive(&mut self, k: &mut Kernel) {
        let page = ring_mut(k, self.rx_page);
        let (old, event) = (Shared::RspProd.load(page), Shared::RspEvent.load(page));
        let new = self.rx.rsp_prod_pvt;
        if new == old {
            return;
        }
        let notify = self.rx.push_responses_and_check_notify(page);
        k.also(Event::Receive(Receive::AnswersPublished { old: old.0, new: new.0, event: event.0, notify }));
        if notify {
            self.counters.notifications += 1;
            k.notify(self.ports[1]);
        }
    }

    /// Publishes answers that were never written, so many in each ring, and notifies.
    pub(super) fn forge(&mut self, k: &mut Kernel, distances: [u32; 2]) {
        let ends = [self.tx.req_cons, self.rx.req_cons];
        for ((page, end), distance) in [self.tx_page, self.rx_page].into_iter().zip(ends).zip(distances) {
            if distance > 0 {
                Shared::RspProd.store(ring_mut(k, page), end.plus(distance));
            }
        }
        k.notify(self.ports[0]);
        if self.ports[1] != self.ports[0] {
            k.notify(self.ports[1]);
        }
    }

    /// Writes drawn bytes as answers into both rings, publishes them and notifies.
    pub(super) fn scribble(&mut self, k: &mut Kernel, seed: u32, slots: u16) {
        let mut rng = Rng::new(u64::from(seed));
        let slots = u32::from(slots).min(TX_RING.entries());
        for (page, layout) in [(self.tx_page, TX_RING), (self.rx_page, RX_RING)] {
            let page = ring_mut(k, page);
            let from = Shared::RspProd.load(page);
            for index in from.until(from.plus(slots)) {
                page.write_u64(layout.offset(index), rng.next_u64());
            }
            Shared::RspProd.store(page, from.plus(slots));
        }
        k.notify(self.ports[0]);
        if self.ports[1] != self.ports[0] {
            k.notify(self.ports[1]);
        }
    }
}

/// Copies the packet's first bytes into its head, and tells how many.
fn pull_head(k: &mut Kernel, skb: SkbId, (page, size): (Pfn, u16)) -> u16 {
    let head = size.min(HEAD);
    let page = k.xen.guest_page(DomId::DOM0, page).expect("the page is dom0's");
    k.skbs.get_mut(skb).head.extend_from_slice(&page.bytes()[..usize::from(head)]);
    head
}

fn ring<'k>(k: &'k Kernel, page: Handle) -> &'k Page {
    k.xen.mapped_page(DomId::DOM0, page).expect("the ring of a connected interface is mapped")
}

fn ring_mut<'k>(k: &'k mut Kernel, page: Handle) -> &'k mut Page {
    k.xen.mapped_page_mut(DomId::DOM0, page).expect("the ring of a connected interface is mapped for writing")
}

fn dom0_page<'k>(k: &'k Kernel, page: Pfn) -> &'k Page {
    k.xen.guest_page(DomId::DOM0, page).expect("the page is dom0's")
}

fn frame_of(k: &Kernel, page: Pfn) -> Mfn {
    k.xen.domain(DomId::DOM0).and_then(|dom0| dom0.mfn(page)).expect("a page of dom0's own has a frame")
}
