//! A guest that owns a card and moves: the order that works, every other order, and the sums of its rounds.

use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use sim_wasm::actors::log::migration::{Interface, Migration, Refusal, Step};
use sim_wasm::actors::log::{Event, Log};
use sim_wasm::actors::migration::{MAX_ROUNDS, Migrating, MigrationSettings, Place};

fn run(settings: MigrationSettings, steps: &[Step]) -> (Migrating, Vec<Result<(), Refusal>>, Log) {
    let (mut guest, mut log) = (Migrating::new(settings), Log::new());
    let answers = steps.iter().map(|step| guest.step(&mut log, *step)).collect();
    (guest, answers, log)
}

#[test]
fn the_order_that_works_loses_what_the_pauses_take() {
    let (guest, answers, _) = run(MigrationSettings::default(), &Step::ALL);
    assert!(answers.iter().all(Result::is_ok) && guest.is_home());
    // Rounds of 262144, 8192, 819, 81 and 8 pages; then 2 ms twice, and 50 ms for resuming with nothing left to go.
    assert_eq!((guest.rounds(), guest.lost(), guest.silence()), (5, 540, (50_000_000, 54_000_000)));
}

#[test]
fn a_guest_with_its_card_is_refused() {
    let (guest, answers, log) = run(MigrationSettings::default(), &[Step::Copy, Step::Switch]);
    assert_eq!(answers, [Err(Refusal::DevicePresent); 2]);
    assert_eq!((guest.place(), guest.lost(), guest.refused(), log.steps()), (Place::Source, 0, 2, 2));
}

#[test]
fn unplugging_what_is_in_use_loses_until_the_bond_notices() {
    let (guest, _, log) = run(MigrationSettings::default(), &[Step::Unplug]);
    assert_eq!((guest.lost(), guest.active()), (1000, Interface::Split));
    let noticed = Event::Migration(Migration::Changed { to: Interface::Split, noticed: true });
    assert!(log.entries().iter().any(|entry| entry.event == noticed));
}

#[test]
fn no_card_is_plugged_while_pages_are_logged() {
    let steps = [Step::Unplug, Step::Copy, Step::Plug, Step::Switch, Step::Plug];
    let (guest, answers, _) = run(MigrationSettings::default(), &steps);
    assert_eq!(answers, [Ok(()), Ok(()), Err(Refusal::PagesLogged), Ok(()), Ok(())]);
    assert!(guest.has_card() && guest.place() == Place::Target);
}

#[test]
fn a_guest_that_writes_faster_than_the_link_stops_for_its_working_set() {
    let settings = MigrationSettings { dirty_per_second: 100_000, ..MigrationSettings::default() };
    let (guest, ..) = run(settings, &Step::ALL);
    assert_eq!(guest.rounds(), MAX_ROUNDS);
    assert_eq!(guest.silence().0, 8_192 * 1_000_000_000 / 30_000 + settings.resume);
}

/// Each order of the six steps: one of 720 is refused nothing and ends at home with the fewest packets lost.
#[test]
fn of_all_orders_one_works_without_a_refusal_and_without_an_outage() {
    let mut orders = vec![Vec::new()];
    for _ in 0..6 {
        let longer = |order: Vec<Step>| {
            let left = Step::ALL.into_iter().filter(|step| !order.contains(step)).collect::<Vec<_>>();
            left.into_iter().map(move |step| [order.clone(), vec![step]].concat())
        };
        orders = orders.into_iter().flat_map(longer).collect();
    }
    assert_eq!(orders.len(), 720);
    let mut clean = Vec::new();
    for order in orders {
        let (guest, answers, _) = run(MigrationSettings::default(), &order);
        let refused = answers.iter().filter(|answer| answer.is_err()).count();
        assert_eq!(refused as u32, guest.refused());
        if refused == 0 && guest.is_home() {
            clean.push((guest.lost(), order));
        }
    }
    clean.sort();
    assert_eq!(clean.len(), 1, "{clean:?}");
    assert_eq!(clean[0].1, Step::ALL);
}

/// What the recipe's rules say, kept apart from the guest: what was done so far, and what then is refused.
#[derive(Clone, Copy, Debug)]
struct Rules {
    card: bool,
    split: bool,
    logged: bool,
    arrived: bool,
}

impl Rules {
    const HOME: Rules = Rules { card: true, split: false, logged: false, arrived: false };

    /// Why a step is refused, by the first rule that says so.
    fn refused(self, step: Step) -> Option<Refusal> {
        let Rules { card, split, logged, arrived } = self;
        let rules: &[(&[Step], bool, Refusal)] = &[
            (&[Step::FailOver], split, Refusal::AlreadyThere),
            (&[Step::FailBack], !split, Refusal::AlreadyThere),
            (&[Step::Plug], card, Refusal::AlreadyThere),
            (&[Step::Copy, Step::Switch], arrived, Refusal::AlreadyThere),
            (&[Step::FailBack, Step::Unplug], !card, Refusal::NoCard),
            (&[Step::Copy, Step::Switch], card, Refusal::DevicePresent),
            (&[Step::Plug], logged, Refusal::PagesLogged),
            (&[Step::Switch], !logged, Refusal::NothingCopied),
        ];
        rules.iter().find(|(steps, holds, _)| *holds && steps.contains(&step)).map(|(_, _, why)| *why)
    }

    fn done(&mut self, step: Step) {
        match step {
            Step::FailOver => self.split = true,
            Step::Unplug => (self.card, self.split) = (false, true),
            Step::Copy => self.logged = true,
            Step::Switch => (self.logged, self.arrived) = (false, true),
            Step::Plug => self.card = true,
            Step::FailBack => self.split = false,
        }
    }
}

/// Each order of up to five steps, with repetitions: exactly what the rules refuse is refused, and every refusal occurs.
#[test]
fn what_is_refused_follows_from_what_was_done() {
    let mut seen = Vec::new();
    let mut states = vec![(Migrating::new(MigrationSettings::default()), Rules::HOME)];
    for _ in 0..5 {
        let mut next = Vec::new();
        for (guest, rules) in states {
            for step in Step::ALL {
                let (mut guest, mut rules) = (guest.clone(), rules);
                let refused = rules.refused(step);
                assert_eq!(guest.refusal(step), refused, "{rules:?} {step:?}");
                assert_eq!(guest.step(&mut Log::new(), step).err(), refused, "{rules:?} {step:?}");
                match refused {
                    Some(why) if !seen.contains(&(step, why)) => seen.push((step, why)),
                    Some(_) => {}
                    None => rules.done(step),
                }
                next.push((guest, rules));
            }
        }
        states = next;
    }
    assert_eq!(seen.len(), 11, "{seen:?}");
}

proptest! {
    /// Whatever is tried in whatever order: a refused step changes nothing, the guest never moves with a card, packets are
    /// lost exactly while it is silent, and its rounds end.
    #[test]
    fn no_order_moves_a_guest_with_its_card(
        picks in proptest::collection::vec(0_usize..6, 0..20),
        pages in 1_u64..1_000_000,
        pages_per_second in 1_000_u64..100_000,
        dirty_per_second in 0_u64..200_000,
        working_set in 0_u64..100_000,
        packets_per_second in any::<u16>(),
    ) {
        let packets_per_second = u64::from(packets_per_second);
        let settings = MigrationSettings {
            pages, pages_per_second, dirty_per_second, working_set, packets_per_second,
            ..MigrationSettings::default()
        };
        let (mut guest, mut log, mut rules) = (Migrating::new(settings), Log::new(), Rules::HOME);
        for pick in picks {
            let (step, before) = (Step::ALL[pick], guest.clone());
            let answer = guest.step(&mut log, step);
            prop_assert_eq!(answer.err(), rules.refused(step));
            prop_assert_eq!(answer.err(), before.refusal(step), "who asks beforehand is told the same");
            if answer.is_ok() {
                rules.done(step);
            }
            prop_assert_eq!((guest.has_card(), guest.active() == Interface::Split), (rules.card, rules.split));
            prop_assert_eq!(guest.place() == Place::Target, rules.arrived);
            if answer.is_err() {
                prop_assert_eq!(
                    (guest.place(), guest.active(), guest.has_card(), guest.lost(), guest.now()),
                    (before.place(), before.active(), before.has_card(), before.lost(), before.now())
                );
            }
            if guest.place() != before.place() {
                prop_assert!(!before.has_card() && step == Step::Switch);
            }
            prop_assert!(guest.has_card() || guest.active() == Interface::Split, "no packet goes where no card is");
            prop_assert!(guest.rounds() - before.rounds() <= MAX_ROUNDS);
            // What is written again and again is missing once.
            prop_assert!(guest.missing() <= before.missing().max(working_set));
            let silent = guest.silence().1 - before.silence().1;
            prop_assert_eq!(guest.lost() - before.lost(), packets_per_second * silent / 1_000_000_000);
        }
    }
}
