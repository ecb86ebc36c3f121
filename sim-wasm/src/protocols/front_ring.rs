//! The front's half of a ring: requests out, responses in (`FRONT_RING_*` in `xen/include/public/io/ring.h`).
//!
//! Not modelled: memory order, which is [`notification_model`](crate::protocols::notification_model)'s subject.

use crate::hypervisor::page::Page;
use crate::protocols::ring::{Index, RingLayout, Shared, notify_due};

/// What the front knows of the ring and does not share. The shared page is lent to each call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrontRing {
    /// How the slots lie.
    pub layout: RingLayout,
    /// Requests are written up to here, and published up to the shared `req_prod`.
    pub req_prod_pvt: Index,
    /// Responses are consumed up to here.
    pub rsp_cons: Index,
}

impl FrontRing {
    /// The front of a ring that is empty at `base` (`FRONT_RING_ATTACH`).
    pub const fn attach(layout: RingLayout, base: Index) -> FrontRing {
        FrontRing { layout, req_prod_pvt: base, rsp_cons: base }
    }

    /// Requests without a consumed response: those on the way, and those not published yet.
    pub const fn outstanding(&self) -> u32 {
        self.req_prod_pvt.since(self.rsp_cons)
    }

    /// How many requests may still be written (`RING_FREE_REQUESTS`).
    pub const fn free_requests(&self) -> u32 {
        self.layout.entries() - self.outstanding()
    }

    /// Whether every slot is taken (`RING_FULL`).
    pub const fn is_full(&self) -> bool {
        self.free_requests() == 0
    }

    /// Writes the next request into its slot, privately (`RING_GET_REQUEST`, then `req_prod_pvt++`), and tells where.
    ///
    /// # Panics
    /// If the ring is full: the front tests for room, as nobody else does.
    #[inline]
    pub fn write_request(&mut self, page: &mut Page, request: &[u8]) -> Index {
        assert!(!self.is_full(), "a front tests for room before it writes");
        let index = self.req_prod_pvt;
        self.rewrite_request(page, index, request);
        self.req_prod_pvt = index.plus(1);
        index
    }

    /// Replaces a request that is written and not published, as the network front does once it knows a packet's length.
    #[inline]
    pub fn rewrite_request(&self, page: &mut Page, index: Index, request: &[u8]) {
        assert!(request.len() <= self.layout.entry_size() as usize, "an entry stays in its slot");
        page.write(self.layout.offset(index), request);
    }

    /// Publishes what is written: the slots first, then, after a write barrier, the index (`RING_PUSH_REQUESTS`).
    pub fn push_requests(&self, page: &mut Page) {
        Shared::ReqProd.store(page, self.req_prod_pvt);
    }

    /// Publishes what is written and tells whether the back must be notified
    /// (`RING_PUSH_REQUESTS_AND_CHECK_NOTIFY`). Between publishing and reading `req_event` there is a full barrier; what
    /// happens without it is [`crate::protocols::explorer`]'s subject.
    #[must_use = "the back sleeps until it is notified"]
    pub fn push_requests_and_check_notify(&self, page: &mut Page) -> bool {
        let old = Shared::ReqProd.load(page);
        self.push_requests(page);
        notify_due(old, self.req_prod_pvt, Shared::ReqEvent.load(page))
    }

    /// How many responses wait (`RING_HAS_UNCONSUMED_RESPONSES`). Nothing bounds what a hostile back may claim here.
    pub fn unconsumed_responses(&self, page: &Page) -> u32 {
        Shared::RspProd.load(page).since(self.rsp_cons)
    }

    /// Whether the back claims more responses than there can be (`RING_RESPONSE_PROD_OVERFLOW`).
    pub const fn response_prod_overflow(&self, rsp_prod: Index) -> bool {
        rsp_prod.since(self.rsp_cons) > self.layout.entries()
    }

    /// Copies a response out of its slot (`RING_COPY_RESPONSE`). It is consumed when `rsp_cons` has moved past it.
    pub fn copy_response<const N: usize>(&self, page: &Page, index: Index) -> [u8; N] {
        page.read(self.layout.offset(index))
    }

    /// Before sleeping: asks to be notified of the next response and looks once more; true if there is work after all
    /// (`RING_FINAL_CHECK_FOR_RESPONSES`).
    #[must_use = "a front with work does not sleep"]
    pub fn final_check_for_responses(&self, page: &mut Page) -> bool {
        if self.unconsumed_responses(page) > 0 {
            return true;
        }
        Shared::RspEvent.store(page, self.rsp_cons.plus(1));
        self.unconsumed_responses(page) > 0
    }
}
