//! What the barriers of `xen/include/public/io/ring.h` are for, shown by taking each away.

use std::collections::BTreeMap;

use sim_wasm::protocols::explorer::{Exploration, explore};
use sim_wasm::protocols::notification_model::{Action, Asking, Barriers, Contents, End, Protocol, State, Step, Ways};
use sim_wasm::protocols::ring::Index;

const ASKINGS: [Asking; 2] = [Asking::Next, Asking::HalfWay];
const BASES: [Index; 5] = [Index(0), Index(u32::MAX), Index(u32::MAX - 1), Index(u32::MAX - 2), Index(u32::MAX - 3)];

/// Three requests on a ring that holds them all: the least at which every full barrier matters.
const THREE: Protocol = Protocol {
    requests: 3,
    slots: 4,
    base: Index(u32::MAX),
    ways: Ways::Both,
    asking: Asking::Next,
    barriers: [Barriers::ALL; 2],
};

/// The directions by their place in [`Protocol::barriers`].
const REQUESTS: usize = 0;
const RESPONSES: usize = 1;

/// Every set of barriers that differs from the whole one in some of those that `missing` names, bit by bit.
fn sets_of_barriers(missing: u8) -> impl Iterator<Item = Barriers> {
    let without = move |set: u8, bit: u8| set & missing & 1 << bit == 0;
    let sets = (0..16_u8).filter(move |set| set & !missing == 0);
    sets.map(move |set| Barriers {
        producer_wmb: without(set, 0),
        producer_mb: without(set, 1),
        consumer_rmb: without(set, 2),
        consumer_mb: without(set, 3),
    })
}

const FULL: u8 = 0b1010;
const ORDERING: u8 = 0b0101;

fn in_direction(direction: usize, barriers: Barriers) -> [Barriers; 2] {
    let mut both = [Barriers::ALL; 2];
    both[direction] = barriers;
    both
}

/// Replays a trace step by step; every one of them must be possible where it stands.
fn replay(protocol: &Protocol, trace: &[Step]) -> State {
    trace.iter().fold(State::START, |state, step| {
        let mut next = state.steps(protocol).into_iter();
        next.find(|(possible, _)| possible == step).expect("a trace is made of possible steps").1
    })
}

#[test]
fn with_all_barriers_nothing_is_lost_and_nothing_is_stale() {
    for asking in ASKINGS {
        for (slots, requests) in [(1, 1), (1, 2), (1, 4), (2, 2), (2, 4), (4, 3), (4, 4)] {
            let found = explore(&Protocol { requests, slots, asking, ..THREE });
            assert_eq!((found.lost_wakeup, found.stale_entry), (None, None), "{requests} on {slots}, {asking:?}");
            assert!(found.states > 500, "only {} states", found.states);
        }
    }
}

/// No end but the good one, and from every state a way to it: nobody waits for ever, nobody runs in a circle for ever.
#[test]
fn every_interleaving_can_end_well_with_all_barriers() {
    for asking in ASKINGS {
        let protocol = Protocol { slots: 2, asking, ..THREE };
        let mut numbers = BTreeMap::from([(State::START, 0)]);
        let mut states = vec![State::START];
        let mut before: Vec<Vec<usize>> = vec![Vec::new()];
        let mut good = Vec::new();
        let mut at = 0;
        while at < states.len() {
            let steps = states[at].steps(&protocol);
            assert_eq!(steps.is_empty(), states[at].is_good_end(&protocol), "{:?}", states[at]);
            if steps.is_empty() {
                good.push(at);
            }
            for (_, next) in steps {
                let number = *numbers.entry(next).or_insert_with(|| {
                    states.push(next);
                    before.push(Vec::new());
                    states.len() - 1
                });
                before[number].push(at);
            }
            at += 1;
        }
        assert_eq!(states.len(), explore(&protocol).states as usize);
        let mut ends_well = vec![false; states.len()];
        while let Some(at) = good.pop() {
            if !std::mem::replace(&mut ends_well[at], true) {
                good.extend(&before[at]);
            }
        }
        assert!(ends_well.into_iter().all(|well| well));
    }
}

/// In each direction: the producer's, or the consumer's, or both.
#[test]
fn a_wakeup_is_lost_exactly_without_one_of_the_full_barriers() {
    for (asking, requests) in [(Asking::Next, 2), (Asking::HalfWay, 3)] {
        for direction in [REQUESTS, RESPONSES] {
            for barriers in sets_of_barriers(FULL) {
                let protocol = Protocol { requests, asking, barriers: in_direction(direction, barriers), ..THREE };
                let Exploration { lost_wakeup, stale_entry, .. } = explore(&protocol);
                assert_eq!(lost_wakeup.is_some(), barriers != Barriers::ALL, "{protocol:?}");
                assert_eq!(stale_entry, None, "{protocol:?}");
                if let Some(trace) = lost_wakeup {
                    let end = replay(&protocol, &trace);
                    assert!(end.is_lost_wakeup(&protocol) && end.steps(&protocol).is_empty());
                }
            }
        }
    }
}

/// The event index that an empty ring starts with announces the first entry in any case.
#[test]
fn a_single_request_needs_no_full_barrier() {
    let none = Barriers { producer_mb: false, consumer_mb: false, ..Barriers::ALL };
    for asking in ASKINGS {
        let found = explore(&Protocol { requests: 1, asking, barriers: [none; 2], ..THREE });
        assert_eq!((found.lost_wakeup, found.stale_entry), (None, None));
    }
}

/// Asking half way, the front has asked for the second of two responses before the first is there: what a missing barrier
/// holds back says nothing new. From three under way on it does.
#[test]
fn half_way_the_fronts_barrier_matters_from_three_requests_under_way() {
    let barriers = in_direction(RESPONSES, Barriers { consumer_mb: false, ..Barriers::ALL });
    let lost = |requests, slots| {
        explore(&Protocol { requests, slots, asking: Asking::HalfWay, barriers, ..THREE }).lost_wakeup.is_some()
    };
    assert_eq!([lost(2, 4), lost(3, 2), lost(4, 2), lost(3, 4)], [false, false, false, true]);
}

#[test]
fn an_entry_is_stale_exactly_without_the_barrier_of_one_side() {
    for asking in ASKINGS {
        for (direction, taker) in [(REQUESTS, End::Back), (RESPONSES, End::Front)] {
            for barriers in sets_of_barriers(ORDERING) {
                let protocol =
                    Protocol { requests: 2, slots: 2, asking, barriers: in_direction(direction, barriers), ..THREE };
                let Exploration { stale_entry, .. } = explore(&protocol);
                assert_eq!(stale_entry.is_some(), barriers != Barriers::ALL, "{protocol:?}");
                if let Some(trace) = stale_entry {
                    replay(&protocol, &trace);
                    let last = trace.last().expect("a stale entry is taken by a step");
                    assert_eq!(last.end, taker);
                    assert!(matches!(last.action, Action::TakeEntry(_, Contents::Stale)));
                }
            }
        }
    }
}

/// Without the consumer's barrier, the shortest way: the request for an event waits in the buffer while the back looks
/// once more, and the front reads the old one.
#[test]
fn the_shortest_lost_wakeup_is_told() {
    let barriers = in_direction(REQUESTS, Barriers { consumer_mb: false, ..Barriers::ALL });
    let protocol = Protocol { requests: 2, base: Index(0), barriers, ..THREE };
    let trace = explore(&protocol).lost_wakeup.expect("a full barrier is missing");
    let position = |end, action| {
        trace.iter().rposition(|taken| *taken == Step { end, action }).expect("the step is part of the story")
    };
    let stored = position(End::Back, Action::StoreEvent(Index(2)));
    let rechecked = position(End::Back, Action::RecheckProd(Index(1)));
    let visible = position(End::Back, Action::EventVisible(Index(2)));
    let published = position(End::Front, Action::ProdVisible(Index(2)));
    let loaded = position(End::Front, Action::LoadEvent(Index(1)));
    assert!(stored < rechecked && rechecked < visible, "{trace:?}");
    assert!(rechecked < published && published < loaded && loaded < visible, "{trace:?}");
}

/// Without the producer's write barrier, the shortest way: the index becomes visible before the entry.
#[test]
fn the_shortest_stale_entry_is_told() {
    let barriers = in_direction(REQUESTS, Barriers { producer_wmb: false, ..Barriers::ALL });
    let trace = explore(&Protocol { base: Index(0), barriers, ..THREE }).stale_entry.expect("a barrier is missing");
    let told: Vec<(End, Action)> = trace.iter().map(|step| (step.end, step.action)).collect();
    let expect = [
        (End::Front, Action::WriteEntry(Index(0))),
        (End::Front, Action::StoreProd(Index(1))),
        (End::Front, Action::ProdVisible(Index(1))),
        (End::Back, Action::LoadProd(Index(1))),
        (End::Back, Action::TakeEntry(Index(0), Contents::Stale)),
    ];
    assert_eq!(told, expect);
}

#[test]
fn the_story_is_the_same_at_every_base() {
    for direction in [REQUESTS, RESPONSES] {
        let barriers = in_direction(direction, Barriers { producer_mb: false, ..Barriers::ALL });
        let found = BASES.map(|base| explore(&Protocol { base, barriers, ..THREE }));
        let [first, rest @ ..] = &found;
        for other in rest {
            assert_eq!(other.states, first.states);
            assert_eq!(other.lost_wakeup.as_ref().map(Vec::len), first.lost_wakeup.as_ref().map(Vec::len));
        }
    }
}
