//! Netback's half of a guest's receive ring: buffers in, filled buffers out.
//!
//! A response lies in the slot of its request, by which the frontend knows it: so responses are written where the requests
//! are taken, in order, and published when their packets are whole.
//!
//! Not modelled: room before the data for XDP (`xdp_headroom`), and GSO prefixes.

use crate::actors::handshake::Offer;
use crate::actors::kernel::Kernel;
use crate::actors::log::Event;
use crate::actors::log::receive::Receive;
use crate::actors::netback::outcome::Counters;
use crate::actors::netback_upstream::link::MappedRing;
use crate::actors::skb::{Checksum, Shared as Data};
use crate::hypervisor::page::Page;
use crate::protocols::netif::{NETRXF_CSUM_BLANK, NETRXF_DATA_VALIDATED, RX_REQUEST_SIZE, RX_RESPONSE_SIZE, RxRequest};
use crate::protocols::ring::{Index, Shared, notify_due};
use crate::words::ids::{Handle, Port};

/// Where the status lies in a receive response.
const STATUS_OFFSET: usize = RX_RESPONSE_SIZE - 2;

/// The back half of the ring, where it is mapped, the channel for it, and what the guest takes.
#[derive(Clone, Debug)]
pub(crate) struct ReceiveRing {
    mapped: MappedRing,
    port: Port,
    /// Packets of several pieces.
    pub(crate) sg: bool,
    /// Packets that are to be segmented.
    pub(crate) gso: bool,
    /// Packets without a checksum.
    csum_offload: bool,
    published: Index,
}

impl ReceiveRing {
    pub(crate) const fn new(mapped: MappedRing, port: Port, offer: &Offer) -> ReceiveRing {
        let published = mapped.ring.rsp_prod_pvt;
        let csum_offload = !offer.no_csum_offload;
        ReceiveRing { mapped, port, sg: offer.sg, gso: offer.gso, csum_offload, published }
    }

    pub(crate) const fn port(&self) -> Port {
        self.port
    }

    pub(crate) const fn handle(&self) -> Handle {
        self.mapped.handle
    }

    #[inline]
    fn page<'machine>(&self, k: &'machine Kernel) -> &'machine Page {
        k.xen.mapped_page(k.domain(), self.mapped.handle).expect("a connected ring is mapped")
    }

    #[inline]
    fn page_mut<'machine>(&self, k: &'machine mut Kernel) -> &'machine mut Page {
        let domain = k.domain();
        k.xen.mapped_page_mut(domain, self.mapped.handle).expect("a connected ring is mapped")
    }

    /// Buffers are posted up to here, says the guest.
    #[inline]
    pub(crate) fn req_prod(&self, k: &Kernel) -> Index {
        Shared::ReqProd.load(self.page(k))
    }

    /// Buffers are taken up to here.
    #[inline]
    pub(crate) const fn req_cons(&self) -> Index {
        self.mapped.ring.req_cons
    }

    /// Answers are written up to here.
    #[inline]
    pub(crate) const fn rsp_prod(&self) -> Index {
        self.mapped.ring.rsp_prod_pvt
    }

    /// Slots of the ring.
    pub(crate) const fn entries(&self) -> u32 {
        self.mapped.ring.layout.entries()
    }

    /// Asks for an event when buffers are posted up to `event`, and tells so if that is news.
    pub(crate) fn await_buffers(&self, k: &mut Kernel, event: Index) {
        let page = self.page_mut(k);
        if Shared::ReqEvent.load(page) != event {
            Shared::ReqEvent.store(page, event);
            k.step(Event::Receive(Receive::QueueWaits { event: event.0 }));
        }
    }

    /// Takes the next buffer.
    #[inline]
    pub(crate) fn take(&mut self, k: &Kernel) -> (Index, RxRequest) {
        let index = self.mapped.ring.req_cons;
        let request = RxRequest::decode(self.mapped.ring.copy_request::<RX_REQUEST_SIZE>(self.page(k), index));
        self.mapped.ring.req_cons = index.plus(1);
        (index, request)
    }

    /// Writes what becomes of a buffer into its slot.
    #[inline]
    pub(crate) fn write(&self, k: &mut Kernel, index: Index, response: &[u8; RX_RESPONSE_SIZE]) {
        let at = self.mapped.ring.layout.offset(index);
        self.page_mut(k).write(at, response);
    }

    /// Writes another status over that of a buffer.
    pub(crate) fn overwrite_status(&self, k: &mut Kernel, index: Index, status: i16) {
        let at = self.mapped.ring.layout.offset(index) + STATUS_OFFSET;
        self.page_mut(k).write_u16(at, status as u16);
    }

    /// Where the answers begin that are not published yet, and how many there are.
    pub(crate) const fn unpublished(&self) -> (Index, u32) {
        (self.published, self.mapped.ring.rsp_prod_pvt.since(self.published))
    }

    /// All buffers before `index` have their answers.
    pub(crate) const fn answered_to(&mut self, index: Index) {
        self.mapped.ring.rsp_prod_pvt = index;
    }

    /// Publishes the answers, and tells whether the guest asked for one of them and is owed a notification.
    #[must_use = "the front sleeps until it is notified"]
    pub(crate) fn push(&mut self, k: &mut Kernel) -> bool {
        let new = self.mapped.ring.rsp_prod_pvt;
        if self.published == new {
            return false;
        }
        self.published = new;
        let ring = self.mapped.ring;
        let page = self.page_mut(k);
        let (old, event) = (Shared::RspProd.load(page), Shared::RspEvent.load(page));
        ring.push_responses(page);
        let notify = notify_due(old, new, event);
        k.step(Event::Receive(Receive::AnswersPublished { old: old.0, new: new.0, event: event.0, notify }));
        notify
    }

    /// Notifies the guest.
    pub(crate) fn notify(&self, k: &mut Kernel, counters: &mut Counters) {
        counters.notifications += 1;
        k.notify(self.port);
    }

    /// What the first response says of a packet's checksum. For a guest that takes no packet without one, dom0's stack
    /// computes it before.
    pub(crate) const fn checksum_flags(&self, data: &Data) -> u16 {
        match data.checksum {
            Checksum::None => 0,
            Checksum::Partial if self.csum_offload => NETRXF_CSUM_BLANK | NETRXF_DATA_VALIDATED,
            Checksum::Partial => 0,
            Checksum::Unnecessary => NETRXF_DATA_VALIDATED,
        }
    }
}
