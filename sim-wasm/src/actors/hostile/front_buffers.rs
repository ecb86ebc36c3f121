//! The receiving side of a hostile guest's driver: buffers out, packets in.
//!
//! Not modelled: taking packets in the guest's stack; they are counted.

use crate::actors::hostile::front::{BUFFERS, Buffer, HostileFront, frame_of, ring_page, ring_page_mut};
use crate::actors::kernel::{Ask, Kernel};
use crate::actors::log::Event;
use crate::actors::log::receive::Receive;
use crate::actors::skb::{Frag, FragPage};
use crate::hypervisor::page::PAGE_SIZE;
use crate::protocols::netif::{NETRXF_MORE_DATA, RX_RESPONSE_SIZE, RX_RING, RxRequest, RxResponse};
use crate::protocols::ring::{Index, Shared};

/// Answers that one poll takes off the receive ring.
const BUDGET: u32 = 64;

impl HostileFront {
    /// Takes what came; true if there is more.
    pub fn poll(&mut self, k: &mut Kernel) -> bool {
        k.log.about(self.vif);
        if !self.connected {
            return false;
        }
        let rsp_prod = Shared::RspProd.load(ring_page(k.xen, self.domain, self.ring_pages[1]));
        // Whoever finds more answers than there can be has lost its place, and starts again where the backend is.
        if self.rx.response_prod_overflow(rsp_prod) {
            self.rx.rsp_cons = rsp_prod;
        }
        let first = self.rx.rsp_cons;
        let count = rsp_prod.since(first).min(BUDGET);
        for index in first.until(first.plus(count)) {
            let page = ring_page(k.xen, self.domain, self.ring_pages[1]);
            let response = RxResponse::decode(self.rx.copy_response::<RX_RESPONSE_SIZE>(page, index));
            self.take_delivery(k, index, response);
        }
        self.rx.rsp_cons = first.plus(count);
        if self.rx.outstanding() > RX_RING.entries() {
            self.rx.req_prod_pvt = self.rx.rsp_cons;
        }
        if count > 0 {
            k.step(Event::Receive(Receive::AnswersTaken { index: first.0, count }));
        }
        self.post_buffers(k);
        self.rx.final_check_for_responses(ring_page_mut(k.xen, self.domain, self.ring_pages[1]))
    }

    /// Takes one piece of a packet that came.
    fn take_delivery(&mut self, k: &mut Kernel, index: Index, response: RxResponse) {
        let Some(buffer) = self.buffers[RX_RING.slot(index) as usize].take() else { return };
        if !self.end(k, buffer.gref) {
            return;
        }
        let size = response.status.max(0) as u16;
        let skb = match self.coming.take() {
            Some(skb) => skb,
            None => k.skbs.alloc(),
        };
        let shared = k.skbs.get_mut(skb);
        if size > 0 && usize::from(response.offset) + usize::from(size) <= PAGE_SIZE && shared.has_room() {
            shared.push_frag(Frag { page: FragPage::Own(buffer.page), offset: response.offset, size });
            shared.len += u32::from(size);
        } else {
            k.skbs.free_page(buffer.page);
        }
        if response.flags & NETRXF_MORE_DATA != 0 {
            self.coming = Some(skb);
        } else if k.skbs.get(skb).len == 0 {
            k.skbs.free(skb);
        } else {
            self.answers.received += 1;
            k.ask(Ask::Arrived(self.vif, skb));
        }
    }

    /// Posts buffers until there are as many as it wants.
    pub(super) fn post_buffers(&mut self, k: &mut Kernel) {
        let first = self.rx.req_prod_pvt;
        while self.rx.outstanding() < u32::from(self.leave.min(BUFFERS)) {
            let Some(page) = k.skbs.alloc_page() else { break };
            let Some(gref) = self.grants.claim_reference() else {
                k.skbs.free_page(page);
                break;
            };
            let frame = frame_of(k.xen, self.domain, page);
            self.grants.grant_access(&mut k.xen.memory, gref, self.backend, frame, self.buffer_access);
            let slot = RX_RING.slot(self.rx.req_prod_pvt);
            let request = RxRequest { id: slot as u16, gref };
            let ring = ring_page_mut(k.xen, self.domain, self.ring_pages[1]);
            self.rx.write_request(ring, &request.encode());
            self.buffers[slot as usize] = Some(Buffer { gref, page });
        }
        let count = self.rx.req_prod_pvt.since(first);
        if count == 0 {
            return;
        }
        let target = u32::from(self.leave);
        k.step(Event::Receive(Receive::BuffersPosted { index: first.0, count, target }));
        let ring = ring_page_mut(k.xen, self.domain, self.ring_pages[1]);
        if self.rx.push_requests_and_check_notify(ring) && self.settings.rx_notify {
            k.notify(self.ports[1]);
        }
    }
}
