//! Time travel: wherever a timeline goes, it finds the machine as a run from the beginning would have made it.

use std::cell::Cell;

use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use sim_wasm::machine::network::Network;
use sim_wasm::machine::network::settings::{FaultKind, Guest, Logging, Settings, Workload};
use sim_wasm::machine::timeline::{MOST_COPIES, Machine, Timeline};
use sim_wasm::words::hash::Fnv1a;
use sim_wasm::words::rng::Rng;
use sim_wasm::words::time::{Agenda, Time};

thread_local! {
    /// Steps that all clocks of this thread have done.
    static DONE: Cell<u64> = const { Cell::new(0) };
}

/// A machine whose every step depends on all that was before.
#[derive(Clone)]
struct Clocks {
    agenda: Agenda<u64>,
    rng: Rng,
    now: Time,
    hash: Fnv1a,
    left: u64,
}

impl Clocks {
    fn new(seed: u64, steps: u64) -> Clocks {
        let mut agenda = Agenda::new();
        for clock in 0..3 {
            agenda.push(Time(clock), clock);
        }
        Clocks { agenda, rng: Rng::new(seed), now: Time::ZERO, hash: Fnv1a::new(), left: steps }
    }
}

impl Machine for Clocks {
    type Action = u64;

    fn due(&self) -> Option<Time> {
        self.agenda.peek_time().filter(|_| self.left > 0)
    }

    fn step(&mut self) {
        DONE.set(DONE.get() + 1);
        let (now, clock) = self.agenda.pop().expect("a clock always ticks again");
        self.now = now;
        self.left -= 1;
        self.hash.write_u64(now.0);
        self.hash.write_u64(clock);
        self.agenda.push(now + u64::from(self.rng.below(5)), clock.wrapping_mul(3) ^ self.rng.next_u64());
    }

    fn act(&mut self, action: &u64) {
        self.hash.write_u64(!action);
        self.agenda.push(self.now + action % 7, *action);
    }
}

#[derive(Clone, Debug)]
enum Doing {
    Step,
    Seek(u64),
    SeekTime(u64),
    Act(u64),
    Fork,
}

fn doings() -> impl Strategy<Value = Vec<Doing>> {
    let doing = prop_oneof![
        2 => proptest::strategy::Just(Doing::Step),
        4 => (0_u64..700).prop_map(Doing::Seek),
        2 => (0_u64..500).prop_map(Doing::SeekTime),
        1 => any::<u64>().prop_map(Doing::Act),
        1 => proptest::strategy::Just(Doing::Fork),
    ];
    proptest::collection::vec(doing, 0..30)
}

/// The machine after so many steps, from the beginning.
fn replayed(beginning: &Clocks, actions: &[(u64, u64)], steps: u64) -> Clocks {
    let mut machine = beginning.clone();
    for at in 0..=steps {
        if at > 0 {
            machine.step();
        }
        actions.iter().filter(|(step, _)| *step == at).for_each(|(_, action)| machine.act(action));
    }
    machine
}

proptest! {
    #[test]
    fn a_place_is_what_a_run_from_zero_makes_it(
        seed in any::<u64>(),
        steps in 0_u64..600,
        spacing in 0_u64..40,
        doings in doings(),
    ) {
        let beginning = Clocks::new(seed, steps);
        let mut timeline = Timeline::with_spacing(beginning.clone(), spacing);
        let mut actions: Vec<(u64, u64)> = Vec::new();
        let mut forks = Vec::new();
        for doing in doings {
            match doing {
                Doing::Step => {
                    let more = timeline.at() < steps;
                    prop_assert_eq!(timeline.step(), more);
                }
                Doing::Seek(to) => prop_assert_eq!(timeline.seek(to), to <= steps),
                Doing::SeekTime(to) => {
                    timeline.seek_time(Time(to));
                    prop_assert!(timeline.machine().due().is_none_or(|due| due > Time(to)));
                    prop_assert!(timeline.machine().now <= Time(to));
                }
                Doing::Act(action) => {
                    actions.retain(|(at, _)| *at <= timeline.at());
                    actions.push((timeline.at(), action));
                    timeline.act(action);
                }
                Doing::Fork => forks.push((timeline.fork(), actions.clone())),
            }
            let expect = replayed(&beginning, &actions, timeline.at());
            prop_assert_eq!(timeline.machine().hash.finish(), expect.hash.finish());
            prop_assert_eq!(timeline.machine().rng, expect.rng);
            prop_assert!(timeline.copies().0 <= MOST_COPIES);
        }
        for (mut fork, actions) in forks {
            fork.seek(steps / 2);
            prop_assert_eq!(fork.machine().hash.finish(), replayed(&beginning, &actions, steps / 2).hash.finish());
        }
    }
}

/// A seek costs a copy and the steps up to the next one, a thirtieth of the run at most.
#[test]
fn a_place_in_a_run_of_a_million_steps_is_near_a_copy() {
    let steps = 1_000_000;
    let mut timeline = Timeline::new(Clocks::new(5, steps));
    assert!(timeline.seek(steps) && !timeline.step());
    let (copies, spacing) = timeline.copies();
    assert!(copies <= MOST_COPIES && spacing <= steps / 30, "{copies} copies, {spacing} apart");
    for to in [steps / 2, 1, steps - 1, steps / 3, 0] {
        let before = DONE.get();
        assert!(timeline.seek(to));
        assert!(DONE.get() - before <= spacing, "to {to}");
    }
}

fn network(log: Logging, packets: u64) -> Network {
    let sends = |bytes| vec![Workload::every(bytes, 9_000, packets)];
    let guests = [1_514, 66].map(|bytes| Guest { sends: sends(bytes), ..Guest::default() });
    Network::new(&Settings { guests: guests.to_vec(), log, ..Settings::default() }).expect("sound settings")
}

/// The whole machine, to random places and back, with a card that stalls and goes on.
#[test]
fn a_network_is_found_again_at_any_place() {
    let replayed = |steps: u64| {
        let mut network = network(Logging::Off, 400);
        (0..steps).for_each(|_| assert!(network.step()));
        network
    };
    let mut timeline = Timeline::with_spacing(network(Logging::Off, 400), 64);
    let mut rng = Rng::new(11);
    for _ in 0..20 {
        let to = u64::from(rng.below(3_000));
        assert!(timeline.seek(to));
        assert_eq!(timeline.machine().fingerprint(), replayed(to).fingerprint(), "at {to}");
    }
    timeline.seek(500);
    let mut unharmed = timeline.fork();
    timeline.act(FaultKind::StallCard);
    timeline.seek(1_500);
    let stalled = timeline.machine().fingerprint();
    unharmed.seek(1_500);
    assert_eq!(unharmed.machine().fingerprint(), replayed(1_500).fingerprint());
    assert_ne!(unharmed.machine().fingerprint(), stalled);
    timeline.seek(3);
    timeline.seek(1_500);
    assert_eq!(timeline.machine().fingerprint(), stalled);
}

/// The log of a copy is the end of the whole log.
#[test]
fn a_network_far_back_tells_what_comes_next() {
    let mut whole = network(Logging::On, 50);
    whole.run();
    let mut timeline = Timeline::with_spacing(network(Logging::On, 50), 10);
    timeline.seek(u64::MAX);
    timeline.seek(333);
    while timeline.step() {}
    let end = timeline.machine().log().entries();
    assert!(!end.is_empty() && end.len() < whole.log().entries().len());
    assert!(whole.log().entries().ends_with(end));
}
