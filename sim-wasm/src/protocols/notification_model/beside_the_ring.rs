//! The model beside a real ring: one whole operation at a time, the two must be the same.
//!
//! Not modelled: steps within an operation, which a real ring does not show.

use super::{Action, Asking, Barriers, Contents, End, Protocol, State, Ways};
use crate::hypervisor::page::Page;
use crate::protocols::back_ring::BackRing;
use crate::protocols::front_ring::FrontRing;
use crate::protocols::ring::{Index, RingLayout, Shared, shared_ring_init};
use crate::words::rng::Rng;

const LAYOUT: RingLayout = RingLayout::with_entries(12, 2);

struct Pair {
    protocol: Protocol,
    state: State,
    page: Page,
    front: FrontRing,
    back: BackRing,
    /// Whether the real ring owes a notification that the model has not sent yet.
    due: bool,
}

impl Pair {
    fn new(base: Index, asking: Asking) -> Pair {
        let mut page = Page::zeroed();
        shared_ring_init(&mut page, base);
        Pair {
            protocol: Protocol { requests: 4, slots: 2, base, ways: Ways::Both, asking, barriers: [Barriers::ALL; 2] },
            state: State::START,
            page,
            front: FrontRing::attach(LAYOUT, base),
            back: BackRing::attach(LAYOUT, base),
            due: false,
        }
    }

    /// Lets one end go on until it is free again or asleep, its stores visible at once.
    fn operate(&mut self, end: End, rng: &mut Rng) {
        loop {
            let mut steps = Vec::new();
            self.state.drains(&self.protocol, end, &mut steps);
            if steps.is_empty() {
                self.state.acts(&self.protocol, end, &mut steps);
            }
            if steps.is_empty() {
                break;
            }
            let (step, state) = steps.swap_remove(rng.below(steps.len() as u32) as usize);
            self.state = state;
            self.mirror(end, step.action);
            if self.state.ends[end as usize].is_between() && self.state.ends[end as usize].buffer.is_empty() {
                break;
            }
        }
        assert!(!self.due, "what the ring owes, the model has sent");
    }

    /// Does to the real ring what the model has just done.
    fn mirror(&mut self, end: End, action: Action) {
        let (page, front, back) = (&mut self.page, &mut self.front, &mut self.back);
        match (end, action) {
            (End::Front, Action::WriteEntry(index)) => {
                assert_eq!(front.write_request(page, &[index.0 as u8; 12]), index);
            }
            (End::Back, Action::WriteEntry(index)) => {
                assert_eq!(back.write_response(page, &[!index.0 as u8; 4]), index);
            }
            (End::Front, Action::LoadEvent(event)) => {
                assert_eq!(Shared::ReqEvent.load(page), event);
                self.due = front.push_requests_and_check_notify(page);
            }
            (End::Back, Action::LoadEvent(event)) => {
                assert_eq!(Shared::RspEvent.load(page), event);
                self.due = back.push_responses_and_check_notify(page);
            }
            (_, Action::Notify) => assert!(std::mem::take(&mut self.due), "a notification that is not due"),
            (End::Front, Action::TakeEntry(index, contents)) => {
                assert_eq!((index, contents), (front.rsp_cons, Contents::Entry));
                assert_eq!(front.copy_response::<4>(page, index), [!index.0 as u8; 4]);
                front.rsp_cons = index.plus(1);
            }
            (End::Back, Action::TakeEntry(index, contents)) => {
                assert_eq!((index, contents), (back.req_cons, Contents::Entry));
                assert_eq!(back.copy_request::<12>(page, index), [index.0 as u8; 12]);
                back.req_cons = index.plus(1);
            }
            (End::Front, Action::StoreEvent(event)) => match self.protocol.asking {
                Asking::Next => assert!(!front.final_check_for_responses(page)),
                Asking::HalfWay => {
                    let under_way = Shared::ReqProd.load(page).since(front.rsp_cons);
                    assert_eq!(event, front.rsp_cons.plus(under_way / 2 + 1));
                    Shared::RspEvent.store(page, event);
                }
            },
            (End::Back, Action::StoreEvent(_)) => assert!(!back.final_check_for_requests(page)),
            (_, Action::LoadProd(_) | Action::RecheckProd(_) | Action::StoreProd(_) | Action::Wake) => {}
            (_, Action::EntryVisible(_) | Action::ProdVisible(_) | Action::EventVisible(_)) => {}
            (_, Action::ReadEntryEarly(..)) => panic!("with all barriers nothing is read early"),
        }
    }

    fn compare(&self) {
        let shared = &self.state.shared;
        let fields = [Shared::ReqProd, Shared::RspProd, Shared::ReqEvent, Shared::RspEvent];
        let model = [shared.prod[0], shared.prod[1], shared.event[0], shared.event[1]];
        assert_eq!(fields.map(|field| field.load(&self.page)), model.map(|distance| self.protocol.index(distance)));
    }
}

#[test]
fn one_operation_at_a_time_the_model_is_the_ring() {
    let mut ended = 0;
    for seed in 0..400 {
        let mut rng = Rng::new(seed);
        let asking = if seed % 2 == 0 { Asking::Next } else { Asking::HalfWay };
        let mut pair = Pair::new(Index(rng.below(8).wrapping_sub(4)), asking);
        for _ in 0..80 {
            let end = if rng.chance(1, 2) { End::Front } else { End::Back };
            pair.operate(end, &mut rng);
            pair.compare();
        }
        ended += u32::from(pair.state.is_good_end(&pair.protocol));
    }
    assert!(ended > 300, "only {ended} runs came to their end");
}
