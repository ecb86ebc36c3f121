//! The back's half of a ring: requests in, responses out (`BACK_RING_*` in `xen/include/public/io/ring.h`).
//!
//! Not modelled: memory order, which is [`notification_model`](crate::protocols::notification_model)'s subject.

use crate::hypervisor::page::Page;
use crate::protocols::ring::{Index, RingLayout, Shared, notify_due};

/// What the back knows of the ring and does not share. The shared page is lent to each call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackRing {
    /// How the slots lie.
    pub layout: RingLayout,
    /// Responses are written up to here, and published up to the shared `rsp_prod`.
    pub rsp_prod_pvt: Index,
    /// Requests are consumed up to here.
    pub req_cons: Index,
}

impl BackRing {
    /// The back of a ring that is empty at `base` (`BACK_RING_ATTACH`).
    pub const fn attach(layout: RingLayout, base: Index) -> BackRing {
        BackRing { layout, rsp_prod_pvt: base, req_cons: base }
    }

    /// Requests consumed and not answered yet.
    pub const fn in_progress(&self) -> u32 {
        self.req_cons.since(self.rsp_prod_pvt)
    }

    /// How many requests wait (`RING_HAS_UNCONSUMED_REQUESTS`), never more than there are slots free of our own
    /// business, whatever the front claims.
    pub fn unconsumed_requests(&self, page: &Page) -> u32 {
        let published = Shared::ReqProd.load(page).since(self.req_cons);
        published.min(self.layout.entries().wrapping_sub(self.in_progress()))
    }

    /// Whether the slot of `cons` cannot hold a request, since its own earlier one has no response yet
    /// (`RING_REQUEST_CONS_OVERFLOW`).
    pub const fn request_cons_overflow(&self, cons: Index) -> bool {
        cons.since(self.rsp_prod_pvt) >= self.layout.entries()
    }

    /// Whether the front claims more requests than there can be (`RING_REQUEST_PROD_OVERFLOW`).
    pub const fn request_prod_overflow(&self, req_prod: Index) -> bool {
        req_prod.since(self.rsp_prod_pvt) > self.layout.entries()
    }

    /// Copies a request out of its slot, once: what is checked and what is used is the same, though the front may write
    /// the slot at any time (`RING_COPY_REQUEST`, XSA-155). It is consumed when `req_cons` has moved past it.
    pub fn copy_request<const N: usize>(&self, page: &Page, index: Index) -> [u8; N] {
        page.read(self.layout.offset(index))
    }

    /// Writes the next response, privately, into the slot that comes next (`RING_GET_RESPONSE`, then `rsp_prod_pvt++`),
    /// and tells where.
    ///
    /// # Panics
    /// If every consumed request has its response: the slot would be one that the front may be writing.
    pub fn write_response(&mut self, page: &mut Page, response: &[u8]) -> Index {
        assert!(self.in_progress() > 0, "a response answers a consumed request");
        assert!(response.len() <= self.layout.entry_size() as usize, "an entry stays in its slot");
        let index = self.rsp_prod_pvt;
        page.write(self.layout.offset(index), response);
        self.rsp_prod_pvt = index.plus(1);
        index
    }

    /// Publishes what is written: the slots first, then, after a write barrier, the index (`RING_PUSH_RESPONSES`).
    pub fn push_responses(&self, page: &mut Page) {
        Shared::RspProd.store(page, self.rsp_prod_pvt);
    }

    /// Publishes what is written and tells whether the front must be notified
    /// (`RING_PUSH_RESPONSES_AND_CHECK_NOTIFY`). Between publishing and reading `rsp_event` there is a full barrier.
    #[must_use = "the front sleeps until it is notified"]
    pub fn push_responses_and_check_notify(&self, page: &mut Page) -> bool {
        let old = Shared::RspProd.load(page);
        self.push_responses(page);
        notify_due(old, self.rsp_prod_pvt, Shared::RspEvent.load(page))
    }

    /// Before sleeping: asks to be notified of the next request and looks once more; true if there is work after all
    /// (`RING_FINAL_CHECK_FOR_REQUESTS`).
    #[must_use = "a back with work does not sleep"]
    pub fn final_check_for_requests(&self, page: &mut Page) -> bool {
        if self.unconsumed_requests(page) > 0 {
            return true;
        }
        Shared::ReqEvent.store(page, self.req_cons.plus(1));
        self.unconsumed_requests(page) > 0
    }
}

#[cfg(test)]
mod tests {
    use super::BackRing;
    use crate::hypervisor::page::Page;
    use crate::protocols::front_ring::FrontRing;
    use crate::protocols::ring::{Index, RingLayout, Shared, shared_ring_init};

    const LAYOUT: RingLayout = RingLayout::that_fits(12);

    fn empty_at(base: u32) -> (Page, FrontRing, BackRing) {
        let mut page = Page::zeroed();
        shared_ring_init(&mut page, Index(base));
        (page, FrontRing::attach(LAYOUT, Index(base)), BackRing::attach(LAYOUT, Index(base)))
    }

    #[test]
    fn a_lying_producer_is_believed_up_to_the_ring() {
        let (mut page, _, mut back) = empty_at(0);
        for claimed in [1000, u32::MAX] {
            Shared::ReqProd.store(&mut page, Index(claimed));
            assert_eq!(back.unconsumed_requests(&page), 256);
            assert!(back.request_prod_overflow(Index(claimed)));
        }
        back.req_cons = Index(200);
        assert_eq!(back.unconsumed_requests(&page), 56);
        assert!(!back.request_cons_overflow(Index(255)) && back.request_cons_overflow(Index(256)));
        assert!(!back.request_prod_overflow(Index(256)) && back.request_prod_overflow(Index(257)));
    }

    #[test]
    fn one_slot_serves_both_directions_across_the_wrap() {
        let (mut page, mut front, mut back) = empty_at(u32::MAX);
        let at = front.write_request(&mut page, &[1; 12]);
        front.write_request(&mut page, &[2; 12]);
        assert!(front.push_requests_and_check_notify(&mut page));
        assert_eq!((at, front.req_prod_pvt, back.unconsumed_requests(&page)), (Index(u32::MAX), Index(1), 2));
        assert_eq!(back.copy_request::<12>(&page, at), [1; 12]);
        back.req_cons = back.req_cons.plus(1);
        assert_eq!(back.write_response(&mut page, &[9; 4]), at);
        assert!(back.push_responses_and_check_notify(&mut page));
        assert_eq!(front.copy_response::<12>(&page, at), [9, 9, 9, 9, 1, 1, 1, 1, 1, 1, 1, 1]);
        assert!(!front.response_prod_overflow(back.rsp_prod_pvt));
        assert!(front.final_check_for_responses(&mut page));
        front.rsp_cons = front.rsp_cons.plus(1);
        assert!(!front.final_check_for_responses(&mut page));
        assert_eq!(Shared::RspEvent.load(&page), Index(1));
        assert_eq!((front.free_requests(), back.in_progress()), (255, 0));
    }

    #[test]
    fn an_event_once_passed_is_silent_until_it_is_asked_for_again() {
        let (mut page, mut front, mut back) = empty_at(0);
        let mut push = |page: &mut Page| {
            front.write_request(page, &[0; 12]);
            front.push_requests_and_check_notify(page)
        };
        assert!(push(&mut page));
        assert!(!push(&mut page) && !push(&mut page));
        assert!(back.final_check_for_requests(&mut page));
        back.req_cons = Index(3);
        assert!(!back.final_check_for_requests(&mut page));
        assert!(push(&mut page));
        assert!(!front.push_requests_and_check_notify(&mut page));
    }

    #[test]
    fn a_ring_is_full_at_its_size() {
        let (mut page, mut front, _) = empty_at(7);
        for _ in 0..256 {
            assert!(!front.is_full());
            front.write_request(&mut page, &[0; 12]);
        }
        assert!(front.is_full());
    }
}
