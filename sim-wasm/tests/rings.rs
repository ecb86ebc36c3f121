//! Both halves of a ring against each other: honest ones at every base, and a front that lies.

use std::collections::VecDeque;

use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::{prop_assert, prop_assert_eq, proptest};
use sim_wasm::hypervisor::page::Page;
use sim_wasm::protocols::back_ring::BackRing;
use sim_wasm::protocols::front_ring::FrontRing;
use sim_wasm::protocols::netif::{NETIF_RSP_OKAY, TxRequest, TxResponse};
use sim_wasm::protocols::ring::{Index, RingLayout, Shared, shared_ring_init};
use sim_wasm::words::ids::GrantRef;
use sim_wasm::words::rng::Rng;

/// An honest pair, what it may expect of each other, and whether each side was told.
struct Pair {
    page: Page,
    front: FrontRing,
    back: BackRing,
    next_id: u16,
    in_flight: Vec<u16>,
    /// Consumed by the back, and not answered yet.
    held: VecDeque<TxRequest>,
    back_sleeps: bool,
    back_notified: bool,
    front_sleeps: bool,
    front_notified: bool,
}

impl Pair {
    fn new(layout: RingLayout, base: Index) -> Pair {
        let mut page = Page::zeroed();
        shared_ring_init(&mut page, base);
        Pair {
            page,
            front: FrontRing::attach(layout, base),
            back: BackRing::attach(layout, base),
            next_id: 0,
            in_flight: Vec::new(),
            held: VecDeque::new(),
            back_sleeps: false,
            back_notified: false,
            front_sleeps: false,
            front_notified: false,
        }
    }

    fn write(&mut self) {
        if self.front.is_full() {
            return;
        }
        let id = self.next_id;
        self.next_id = id.wrapping_add(1);
        self.in_flight.push(id);
        self.front.write_request(&mut self.page, &request(id).encode());
    }

    fn push_requests(&mut self) {
        if self.front.push_requests_and_check_notify(&mut self.page) {
            self.back_notified = true;
        }
    }

    fn take(&mut self) {
        self.back_sleeps = false;
        self.back_notified = false;
        if self.back.unconsumed_requests(&self.page) > 0 {
            let copy = TxRequest::decode(self.back.copy_request(&self.page, self.back.req_cons));
            assert_eq!(copy, request(copy.id), "a request arrives as it was written");
            self.held.push_back(copy);
            self.back.req_cons = self.back.req_cons.plus(1);
        }
    }

    /// Answers any of the requests held: the order is the back's own affair.
    fn answer(&mut self, choice: u32) {
        if self.held.is_empty() {
            return;
        }
        let chosen = choice as usize % self.held.len();
        let id = self.held.remove(chosen).expect("the choice is one of those held").id;
        self.back.write_response(&mut self.page, &TxResponse { id, status: NETIF_RSP_OKAY }.encode());
    }

    fn push_responses(&mut self) {
        if self.back.push_responses_and_check_notify(&mut self.page) {
            self.front_notified = true;
        }
    }

    fn reap(&mut self) {
        self.front_sleeps = false;
        self.front_notified = false;
        let prod = Shared::RspProd.load(&self.page);
        for index in self.front.rsp_cons.until(prod) {
            let response = TxResponse::decode(self.front.copy_response(&self.page, index));
            let place = self.in_flight.iter().position(|id| *id == response.id);
            self.in_flight.swap_remove(place.expect("each request is answered once"));
        }
        self.front.rsp_cons = prod;
    }

    fn back_final_check(&mut self) {
        self.back_sleeps = !self.back.final_check_for_requests(&mut self.page);
    }

    fn front_final_check(&mut self) {
        self.front_sleeps = !self.front.final_check_for_responses(&mut self.page);
    }

    fn check(&self) {
        let entries = self.front.layout.entries();
        let (req_prod, rsp_prod) = (Shared::ReqProd.load(&self.page), Shared::RspProd.load(&self.page));
        ascending(&[rsp_prod, self.back.rsp_prod_pvt, self.back.req_cons, req_prod, rsp_prod.plus(entries)], entries);
        ascending(&[self.front.rsp_cons, rsp_prod], entries);
        ascending(&[req_prod, self.front.req_prod_pvt, self.front.rsp_cons.plus(entries)], entries);
        assert_eq!(self.in_flight.len() as u32, self.front.outstanding());
        assert_eq!(self.held.len() as u32, self.back.in_progress());
        assert!(!self.back.request_prod_overflow(req_prod) && !self.front.response_prod_overflow(rsp_prod));
        let nobody_told = self.back_sleeps && !self.back_notified;
        assert!(!nobody_told || self.back.unconsumed_requests(&self.page) == 0, "the back sleeps beside a request");
        let nobody_told = self.front_sleeps && !self.front_notified;
        assert!(!nobody_told || self.front.unconsumed_responses(&self.page) == 0, "the front sleeps beside a response");
    }
}

fn request(id: u16) -> TxRequest {
    TxRequest { gref: GrantRef(0x100 + u32::from(id)), offset: id ^ 0xFFF, flags: 0, id, size: id ^ 0x55AA }
}

/// Each index is at most a ring further on than the one before it.
fn ascending(indexes: &[Index], entries: u32) {
    for pair in indexes.windows(2) {
        assert!(pair[1].since(pair[0]) <= entries, "{indexes:?}");
    }
}

fn any_layout() -> impl Strategy<Value = RingLayout> {
    prop_oneof![
        proptest::strategy::Just(RingLayout::with_entries(12, 4)),
        proptest::strategy::Just(RingLayout::with_entries(12, 8)),
        proptest::strategy::Just(RingLayout::with_entries(12, 32)),
        proptest::strategy::Just(RingLayout::that_fits(12)),
    ]
}

/// Bases at which a run of some hundred requests wraps, and others.
fn any_base() -> impl Strategy<Value = Index> {
    prop_oneof![any::<u32>(), (0_u32..200).prop_map(u32::wrapping_neg)].prop_map(Index)
}

proptest! {
    #[test]
    fn an_honest_pair_keeps_its_indexes_in_order(layout in any_layout(), base in any_base(), seed in any::<u64>()) {
        let mut rng = Rng::new(seed);
        let mut pair = Pair::new(layout, base);
        // Some runs crowd the ring, others keep it nearly empty.
        let eagerness = 1 + rng.below(6);
        for _ in 0..600 {
            match rng.below(8 + 2 * eagerness) {
                0 => pair.push_requests(),
                1 => pair.answer(rng.next_u32()),
                2 => pair.push_responses(),
                3 => pair.reap(),
                4 => pair.back_final_check(),
                5 => pair.front_final_check(),
                6 | 7 => pair.take(),
                _ => pair.write(),
            }
            pair.check();
        }
    }

    #[test]
    fn a_run_to_the_end_answers_everything(layout in any_layout(), base in any_base(), burst in 1_u32..300) {
        let mut pair = Pair::new(layout, base);
        for round in 0..3 {
            for _ in 0..burst {
                pair.write();
            }
            pair.push_requests();
            while pair.back.unconsumed_requests(&pair.page) > 0 {
                pair.take();
            }
            while !pair.held.is_empty() {
                pair.answer(round);
            }
            pair.push_responses();
            pair.reap();
            pair.check();
            prop_assert!(pair.in_flight.is_empty());
            prop_assert_eq!(pair.front.free_requests(), layout.entries());
        }
    }

    /// Whatever a front writes into the shared page, a pass of the back is bounded by the ring.
    #[test]
    fn a_lying_front_causes_bounded_work(
        layout in any_layout(),
        base in any_base(),
        lies in proptest::collection::vec(any::<u32>(), 1..20),
        answered in any::<u32>(),
    ) {
        let mut page = Page::zeroed();
        shared_ring_init(&mut page, base);
        let mut back = BackRing::attach(layout, base);
        for lie in lies {
            Shared::ReqProd.store(&mut page, Index(lie));
            let claimed = Index(lie).since(back.rsp_prod_pvt);
            prop_assert_eq!(back.request_prod_overflow(Index(lie)), claimed > layout.entries());
            let mut pass = 0;
            while back.unconsumed_requests(&page) > 0 {
                prop_assert!(!back.request_cons_overflow(back.req_cons));
                back.req_cons = back.req_cons.plus(1);
                pass += 1;
            }
            prop_assert!(pass <= layout.entries());
            for _ in 0..answered.min(back.in_progress()) {
                back.write_response(&mut page, &[0; 4]);
            }
        }
    }
}

/// The public header's rule, and every count of the two halves, at each place of a small ring near the wrap.
#[test]
fn every_small_ring_counts_right() {
    let layout = RingLayout::with_entries(12, 4);
    for base in (0..12).map(|step| Index(0_u32.wrapping_sub(6)).plus(step)) {
        // Distances of rsp_prod_pvt, req_cons and req_prod from one another, none beyond the ring.
        for (held, waiting) in (0..=4).flat_map(|held| (0..=4 - held).map(move |waiting| (held, waiting))) {
            let mut page = Page::zeroed();
            shared_ring_init(&mut page, base);
            Shared::ReqProd.store(&mut page, base.plus(held + waiting));
            let back = BackRing { layout, rsp_prod_pvt: base, req_cons: base.plus(held) };
            let front = FrontRing { layout, req_prod_pvt: base.plus(held + waiting), rsp_cons: base };
            assert_eq!((back.in_progress(), back.unconsumed_requests(&page)), (held, waiting));
            assert_eq!(front.free_requests(), 4 - held - waiting);
            assert_eq!(front.is_full(), held + waiting == 4);
            let mut asleep = page.clone();
            assert_eq!(back.final_check_for_requests(&mut asleep), waiting > 0);
            let event = if waiting > 0 { base.plus(1) } else { base.plus(held + 1) };
            assert_eq!(Shared::ReqEvent.load(&asleep), event);
        }
    }
}
