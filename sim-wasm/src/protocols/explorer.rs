//! Every interleaving of the notification protocol, and what can go wrong in one of them.
//!
//! [`explore`] walks all states that [`notification_model`](crate::protocols::notification_model) can reach, nearest
//! first, so that the interleaving which it reports is one of the shortest. With all barriers in place nothing goes wrong.
//! Without either `mb` of a direction its consumer may sleep for ever beside a published entry; without `wmb` or `rmb` it
//! may take an entry that was not written yet.
//!
//! Not modelled: see [`notification_model`](crate::protocols::notification_model). What is explored is the protocol for a
//! few entries on a small ring; that longer runs add nothing new is an argument, not a result.

use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;

use crate::protocols::notification_model::{Action, Contents, MOST_REQUESTS, MOST_SLOTS, Protocol, State, Step};

/// What [`explore`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exploration {
    /// How many different states there are.
    pub states: u32,
    /// The steps to ends that sleep for ever though not everything is consumed.
    pub lost_wakeup: Option<Vec<Step>>,
    /// The steps to an entry that is taken before it was written.
    pub stale_entry: Option<Vec<Step>>,
}

/// How a state was reached first.
struct Reached {
    state: State,
    /// From which earlier one, by which step; nothing for the start.
    by: Option<(u32, Step)>,
}

/// Walks every interleaving from the start.
///
/// # Panics
/// If the protocol has more requests than [`MOST_REQUESTS`], or its ring is larger than [`MOST_SLOTS`] or no power of two.
#[must_use]
pub fn explore(protocol: &Protocol) -> Exploration {
    explore_from(protocol, State::START)
}

/// Walks every interleaving from a state on.
///
/// # Panics
/// As [`explore`].
#[must_use]
pub fn explore_from(protocol: &Protocol, start: State) -> Exploration {
    assert!(protocol.requests <= MOST_REQUESTS, "the model has room for few requests");
    assert!(protocol.slots.is_power_of_two() && protocol.slots <= MOST_SLOTS, "the model has room for few slots");
    let mut reached = vec![Reached { state: start, by: None }];
    let mut seen = BTreeSet::from([start]);
    let mut lost_wakeup = None;
    let mut stale_entry = None;
    let mut at = 0;
    while let Some(from) = reached.get(at as usize) {
        let state = from.state;
        if lost_wakeup.is_none() && state.is_lost_wakeup(protocol) {
            lost_wakeup = Some(trace(&reached, at));
        }
        for (step, next) in state.steps(protocol) {
            if stale_entry.is_none() && matches!(step.action, Action::TakeEntry(_, Contents::Stale)) {
                let mut steps = trace(&reached, at);
                steps.push(step);
                stale_entry = Some(steps);
            }
            if seen.insert(next) {
                reached.push(Reached { state: next, by: Some((at, step)) });
            }
        }
        at += 1;
    }
    Exploration { states: at, lost_wakeup, stale_entry }
}

fn trace(reached: &[Reached], end: u32) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut at = end;
    while let Some((from, step)) = reached[at as usize].by {
        steps.push(step);
        at = from;
    }
    steps.reverse();
    steps
}
