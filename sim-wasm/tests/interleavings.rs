//! What the barriers of `xen/include/public/io/ring.h` are for, shown by taking each away.

use std::collections::BTreeSet;

use sim_wasm::protocols::explorer::{Exploration, explore};
use sim_wasm::protocols::notification_model::{Barriers, Contents, Protocol, State, Step};
use sim_wasm::protocols::ring::Index;

const BASES: [Index; 3] = [Index(0), Index(u32::MAX), Index(u32::MAX - 1)];

fn all_sets_of_barriers() -> impl Iterator<Item = Barriers> {
    (0..16_u8).map(|bits| Barriers {
        producer_wmb: bits & 1 != 0,
        producer_mb: bits & 2 != 0,
        consumer_rmb: bits & 4 != 0,
        consumer_mb: bits & 8 != 0,
    })
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
    for (base, requests) in BASES.into_iter().flat_map(|base| (1..=3).map(move |requests| (base, requests))) {
        let found = explore(&Protocol { requests, base, barriers: Barriers::ALL });
        assert_eq!((found.lost_wakeup, found.stale_entry), (None, None), "{requests} from {base:?}");
        assert!(found.states > 50, "only {} states", found.states);
    }
}

#[test]
fn every_interleaving_ends_well_with_all_barriers() {
    let protocol = Protocol { requests: 3, base: Index(u32::MAX - 1), barriers: Barriers::ALL };
    let mut seen = BTreeSet::from([State::START]);
    let mut unexplored = vec![State::START];
    while let Some(state) = unexplored.pop() {
        let steps = state.steps(&protocol);
        assert!(!steps.is_empty() || state.is_good_end(), "{state:?}");
        unexplored.extend(steps.into_iter().map(|(_, next)| next).filter(|next| seen.insert(*next)));
    }
    assert_eq!(seen.len(), explore(&protocol).states as usize);
}

/// From two requests on, since the event index that an empty ring starts with announces the first one in any case.
#[test]
fn a_wakeup_is_lost_exactly_without_one_of_the_full_barriers() {
    for barriers in all_sets_of_barriers() {
        for requests in 1..=3 {
            let protocol = Protocol { requests, base: Index(u32::MAX), barriers };
            let Exploration { lost_wakeup, .. } = explore(&protocol);
            let expect = requests > 1 && !(barriers.producer_mb && barriers.consumer_mb);
            assert_eq!(lost_wakeup.is_some(), expect, "{protocol:?}");
            if let Some(trace) = lost_wakeup {
                let end = replay(&protocol, &trace);
                assert!(end.is_lost_wakeup() && end.steps(&protocol).is_empty());
            }
        }
    }
}

#[test]
fn an_entry_is_stale_exactly_without_the_barrier_of_one_side() {
    for barriers in all_sets_of_barriers() {
        for requests in 1..=2 {
            let protocol = Protocol { requests, base: Index(0), barriers };
            let Exploration { stale_entry, .. } = explore(&protocol);
            assert_eq!(stale_entry.is_some(), !(barriers.producer_wmb && barriers.consumer_rmb), "{protocol:?}");
            if let Some(trace) = stale_entry {
                replay(&protocol, &trace);
                assert!(matches!(trace.last(), Some(Step::TakeEntry(_, Contents::Stale))));
            }
        }
    }
}

/// Without the consumer's barrier, the shortest way: the request for an event waits in the buffer while the consumer looks
/// once more, and the producer reads the old one.
#[test]
fn the_shortest_lost_wakeup_is_told() {
    let barriers = Barriers { consumer_mb: false, ..Barriers::ALL };
    let protocol = Protocol { requests: 2, base: Index(0), barriers };
    let trace = explore(&protocol).lost_wakeup.expect("a full barrier is missing");
    let position = |step| trace.iter().position(|taken| *taken == step).expect("the step is part of the story");
    assert!(position(Step::StoreEvent(Index(2))) < position(Step::RecheckProd(Index(1))));
    assert!(position(Step::RecheckProd(Index(1))) < position(Step::EventVisible(Index(2))));
    let loads = trace.iter().filter(|step| **step == Step::LoadEvent(Index(1)));
    assert_eq!(loads.count(), 2);
    assert_eq!(trace.iter().filter(|step| **step == Step::Notify).count(), 1);
}

#[test]
fn the_story_is_the_same_at_every_base() {
    let barriers = Barriers { producer_mb: false, ..Barriers::ALL };
    let found = BASES.map(|base| explore(&Protocol { requests: 2, base, barriers }));
    let [first, rest @ ..] = &found;
    for other in rest {
        assert_eq!(other.states, first.states);
        assert_eq!(other.lost_wakeup.as_ref().map(Vec::len), first.lost_wakeup.as_ref().map(Vec::len));
    }
}
