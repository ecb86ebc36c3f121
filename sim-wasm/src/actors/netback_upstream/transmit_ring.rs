//! Netback's half of a guest's transmit ring: looking for requests, and answering them (`make_tx_response`,
//! `push_tx_responses`).
//!
//! The kernel publishes every response by itself. Here those that are made in one go are published together: nobody can
//! look in between, and whether the guest is notified comes out the same.
//!
//! Not modelled: memory barriers, which `protocols::notification_model` is about, and the response lock.

use crate::actors::kernel::Kernel;
use crate::actors::log::Event;
use crate::actors::netback::outcome::Counters;
use crate::actors::netback_upstream::link::MappedRing;
use crate::hypervisor::page::Page;
use crate::protocols::netif::{NETIF_RSP_NULL, NETIF_RSP_OKAY, TxResponse};
use crate::protocols::ring::{Index, Shared, notify_due};
use crate::words::ids::{Handle, Port};

/// The back half of the ring, where it is mapped, and the channel for it.
#[derive(Clone, Debug)]
pub(crate) struct TransmitRing {
    mapped: MappedRing,
    port: Port,
    /// Answers are published up to here; the ring's page says so too, but the guest may write there.
    published: Index,
    /// Identifier of the first answer that is not published yet.
    first_id: u16,
}

impl TransmitRing {
    pub(crate) const fn new(mapped: MappedRing, port: Port) -> TransmitRing {
        TransmitRing { mapped, port, published: mapped.ring.rsp_prod_pvt, first_id: 0 }
    }

    pub(crate) const fn port(&self) -> Port {
        self.port
    }

    pub(crate) const fn handle(&self) -> Handle {
        self.mapped.handle
    }

    /// The guest's page, as it stands at this moment.
    #[inline]
    pub(crate) fn page<'machine>(&self, k: &'machine Kernel) -> &'machine Page {
        k.xen.mapped_page(k.domain(), self.mapped.handle).expect("a connected ring is mapped")
    }

    /// Requests are consumed up to here.
    #[inline]
    pub(crate) const fn req_cons(&self) -> Index {
        self.mapped.ring.req_cons
    }

    /// Answers are written up to here.
    pub(crate) const fn rsp_prod(&self) -> Index {
        self.mapped.ring.rsp_prod_pvt
    }

    /// Consumes requests up to there.
    #[inline]
    pub(crate) const fn consume_to(&mut self, index: Index) {
        self.mapped.ring.req_cons = index;
    }

    /// Requests that wait (`RING_HAS_UNCONSUMED_REQUESTS`).
    #[inline]
    pub(crate) fn unconsumed(&self, k: &Kernel) -> u32 {
        self.mapped.ring.unconsumed_requests(self.page(k))
    }

    /// How far the guest claims to be ahead.
    #[inline]
    pub(crate) fn claimed(&self, k: &Kernel) -> u32 {
        Shared::ReqProd.load(self.page(k)).since(self.mapped.ring.req_cons)
    }

    /// Whether the guest claims more requests than there are slots.
    #[inline]
    pub(crate) fn is_impossible(&self, claimed: u32) -> bool {
        claimed > self.mapped.ring.layout.entries()
    }

    /// Copies a slot out of the ring, once (`RING_COPY_REQUEST`, XSA-155).
    #[inline]
    pub(crate) fn copy<const N: usize>(&self, k: &Kernel, index: Index) -> [u8; N] {
        self.mapped.ring.copy_request(self.page(k), index)
    }

    /// Asks for an event and looks once more (`RING_FINAL_CHECK_FOR_REQUESTS`); tells so when there is nothing.
    pub(crate) fn final_check(&self, k: &mut Kernel) -> bool {
        let domain = k.domain();
        let page = k.xen.mapped_page_mut(domain, self.mapped.handle).expect("a connected ring is mapped");
        if self.mapped.ring.final_check_for_requests(page) {
            return true;
        }
        let event = self.mapped.ring.req_cons.plus(1);
        k.also(Event::RequestsAwaited { event: event.0 });
        false
    }

    /// Answers a slot, and the extra infos that came with it.
    #[inline]
    pub(crate) fn answer(&mut self, k: &mut Kernel, counters: &mut Counters, answer: TxResponse, extras: u8) {
        let domain = k.domain();
        let page = k.xen.mapped_page_mut(domain, self.mapped.handle).expect("a connected ring is mapped");
        let ring = &mut self.mapped.ring;
        if ring.rsp_prod_pvt == self.published {
            self.first_id = answer.id;
        }
        ring.write_response(page, &answer.encode());
        for _ in 0..extras {
            // Only the status is written: the identifier is whatever the slot held.
            let at = ring.layout.offset(ring.rsp_prod_pvt);
            let id = page.read_u16(at);
            ring.write_response(page, &TxResponse { id, status: NETIF_RSP_NULL }.encode());
        }
        match answer.status {
            NETIF_RSP_OKAY => counters.okay += 1,
            _ => counters.errors += 1,
        }
        counters.nulls += u64::from(extras);
    }

    /// Publishes the answers and notifies the guest if it asked for one of them.
    pub(crate) fn publish(&mut self, k: &mut Kernel, counters: &mut Counters) {
        let new = self.mapped.ring.rsp_prod_pvt;
        if self.published == new {
            return;
        }
        let domain = k.domain();
        let page = k.xen.mapped_page_mut(domain, self.mapped.handle).expect("a connected ring is mapped");
        let old = Shared::RspProd.load(page);
        let event = Shared::RspEvent.load(page);
        let notify = notify_due(old, new, event);
        self.mapped.ring.push_responses(page);
        let first = core::mem::replace(&mut self.published, new);
        k.step(Event::ResponsesWritten { index: first.0, id: self.first_id, count: new.since(first) });
        k.step(Event::ResponsesPublished { old: old.0, new: new.0, event: event.0, notify });
        if notify {
            counters.notifications += 1;
            k.notify(self.port);
        }
    }
}
