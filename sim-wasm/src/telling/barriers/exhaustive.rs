//! Every order of the steps, for every choice of barriers: what the figure says is what the explorer finds.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::string::String;
use alloc::vec::Vec;

use crate::protocols::explorer::{Exploration, explore_from};
use crate::protocols::futures::{Counted, Futures};
use crate::protocols::notification_model::{Action, Contents, Protocol, State, Step};
use crate::telling::barriers::FIGURE;
use crate::telling::barriers::play::{choices, protocol, start};
use crate::telling::barriers::run::BarrierRun;
use crate::telling::story::{Run, Setup};

fn setup(preset: usize, knobs: [u32; 4]) -> Setup {
    Setup::new(preset, knobs.to_vec())
}

/// Every choice of the four knobs.
fn all_knobs() -> impl Iterator<Item = [u32; 4]> {
    (0..16_u32).map(|set| [0, 1, 2, 3].map(|knob| set >> knob & 1))
}

fn explored(knobs: [u32; 4]) -> (Protocol, Exploration) {
    let protocol = protocol(&setup(0, knobs));
    let found = explore_from(&protocol, start(&protocol));
    (protocol, found)
}

/// The letters of a trace.
fn letters(protocol: &Protocol, trace: &[Step]) -> String {
    let mut state = start(protocol);
    trace
        .iter()
        .map(|step| {
            let mut possible = choices(protocol, &state).into_iter();
            let (letter, _, next) = possible.find(|(_, choice, _)| choice == step).expect("a trace can be replayed");
            state = next;
            letter
        })
        .collect()
}

#[test]
fn scripts_that_go_wrong_are_the_explorers_shortest() {
    for (name, knobs) in [
        ("without-front-mb", [1, 0, 1, 1]),
        ("without-back-mb", [1, 1, 1, 0]),
        ("without-wmb", [0, 1, 1, 1]),
        ("without-rmb", [1, 1, 0, 1]),
    ] {
        let preset = &FIGURE.presets[FIGURE.preset(name).expect("the preset is in the catalogue")];
        assert_eq!(preset.knobs, knobs, "{name}");
        let (protocol, found) = explored(knobs);
        let trace = found.lost_wakeup.or(found.stale_entry).expect("a barrier is missing");
        assert_eq!(preset.script, letters(&protocol, &trace), "{name}");
    }
}

#[test]
fn a_sleep_without_end_needs_a_full_barrier_gone_and_a_false_request_one_of_the_others() {
    for knobs in all_knobs() {
        let run = BarrierRun::new(&setup(0, knobs));
        let [wmb, front_mb, rmb, back_mb] = knobs.map(|knob| knob == 1);
        let Futures { all, lost, stale } = run.futures(0);
        assert_eq!(lost > 0, !front_mb || !back_mb, "{knobs:?}");
        assert_eq!(stale > 0, !wmb || !rmb, "{knobs:?}");
        assert!(all > lost && all > stale, "{knobs:?}: most orders end well");
        let (_, found) = explored(knobs);
        assert_eq!((found.lost_wakeup.is_some(), found.stale_entry.is_some()), (lost > 0, stale > 0), "{knobs:?}");
        assert_eq!(u64::from(found.states), run.counted.states(), "{knobs:?}");
        let answer = run.answer().expect("the question fits every set-up").value;
        assert_eq!(answer, u32::from(lost > 0) + 2 * u32::from(stale > 0), "{knobs:?}");
    }
}

/// Walks every order by itself, with nothing remembered.
fn walk(protocol: &Protocol, state: State, spoiled: bool) -> Futures {
    let steps = state.steps(protocol);
    if steps.is_empty() {
        let lost = u64::from(state.is_lost_wakeup(protocol));
        assert!(lost == 1 || state.is_good_end(protocol), "there are only two kinds of ends");
        return Futures { all: 1, lost, stale: u64::from(spoiled) };
    }
    steps.into_iter().fold(Futures::default(), |sum, (step, next)| {
        let now = matches!(step.action, Action::TakeEntry(_, Contents::Stale));
        let Futures { all, lost, stale } = walk(protocol, next, spoiled || now);
        Futures { all: sum.all + all, lost: sum.lost + lost, stale: sum.stale + stale }
    })
}

#[test]
fn orders_are_counted_as_a_walk_through_all_of_them_counts() {
    for preset in FIGURE.presets {
        let knobs = [0, 1, 2, 3].map(|knob| preset.knobs[knob]);
        let protocol = protocol(&setup(0, knobs));
        let start = start(&protocol);
        assert_eq!(Counted::from(&protocol, start).of(&start), walk(&protocol, start, false), "{}", preset.name);
    }
}

/// From each frame of a run the ways on are those of all its possible next frames together.
#[test]
fn ways_on_add_up() {
    for knobs in all_knobs() {
        let run = BarrierRun::new(&setup(0, knobs));
        for state in &run.states {
            let next = choices(&run.protocol, state);
            let sum: u64 = next.iter().map(|(_, _, next)| run.counted.of(next).all).sum();
            assert_eq!(run.counted.of(state).all, sum.max(1), "{knobs:?}");
            let mut letters: Vec<char> = next.iter().map(|(letter, ..)| *letter).collect();
            letters.sort_unstable();
            letters.dedup();
            assert_eq!(letters.len(), next.len(), "each step has a letter of its own");
        }
    }
}
