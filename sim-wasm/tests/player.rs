//! Ways through a run: whichever way a reader takes, the same places are met, in order, and each can be found again.

use proptest::prelude::{any, prop_assert, proptest};
use sim_wasm::actors::epoch::Drivers;
use sim_wasm::actors::log::Entry;
use sim_wasm::telling::player::Player;
use sim_wasm::telling::story::Words;
use sim_wasm::telling::{catalogue, figure};
use sim_wasm::words::text::Text;
use sim_wasm::words::time::Time;

fn players() -> Vec<Player> {
    let presets = catalogue().iter().flat_map(|&spec| (0..spec.presets.len()).map(move |preset| (spec, preset)));
    presets.map(|(spec, preset)| Player::new(spec, preset)).collect()
}

/// Whether the run is made again for this frame: in a long one only here and there.
fn is_looked_at(player: &Player) -> bool {
    player.at().is_multiple_of(player.steps().div_ceil(24).max(1))
}

/// The frames at which a way on halts, from the first to the last.
fn halts(player: &mut Player, on: fn(&mut Player) -> bool) -> Vec<u32> {
    player.seek(0);
    let mut halts = vec![0];
    while on(player) {
        assert!(player.event().is_some() || player.at() > halts[halts.len() - 1], "{}", player.state());
        halts.push(player.at());
        assert!(halts.len() < 2_000, "{}", player.state());
    }
    assert_eq!(player.at(), player.steps());
    halts
}

#[test]
fn event_by_event_everything_is_told_once() {
    for mut player in players() {
        player.seek(0);
        let mut told: Vec<Entry> = Vec::new();
        while player.step_event() {
            assert_eq!(player.told().len(), 1);
            told.extend_from_slice(player.told());
            if is_looked_at(&player) {
                let again = Player::open(&player.state()).expect("an event's place is understood");
                assert_eq!((again.sentence(), again.source()), (player.sentence(), player.source()));
            }
        }
        assert_eq!(told, player.entries());
        let mut back: Vec<Entry> = player.told().to_vec();
        while player.back_event() {
            back.extend_from_slice(player.told());
        }
        back.reverse();
        assert_eq!((player.at(), back), (0, told));
    }
}

#[test]
fn a_turn_ends_where_somebody_else_acts() {
    for mut player in players() {
        let who = |player: &Player, step: u32| {
            player.entries().iter().find(|entry| entry.step == step).map(|entry| entry.event.who())
        };
        let halts = halts(&mut player, Player::step_turn);
        for pair in halts.windows(2) {
            let turn: Vec<_> = (pair[0] + 1..=pair[1]).map(|step| who(&player, step)).collect();
            assert!(turn.iter().all(|other| *other == turn[0]), "{}", player.state());
            assert_ne!(who(&player, pair[1] + 1), turn[0], "{}", player.state());
        }
    }
}

#[test]
fn an_instant_ends_where_time_goes_on() {
    for mut player in players() {
        let halts = halts(&mut player, Player::step_time);
        let times: Vec<Time> = halts
            .iter()
            .map(|halt| {
                player.seek(*halt);
                player.now()
            })
            .collect();
        assert!(times[1..].windows(2).all(|pair| pair[0] < pair[1]), "{}: {times:?}", player.state());
    }
}

#[test]
fn ways_back_halt_where_ways_on_do() {
    for (on, back) in [
        (Player::step as fn(&mut Player) -> bool, Player::back as fn(&mut Player) -> bool),
        (Player::step_turn, Player::back_turn),
        (Player::step_time, Player::back_time),
    ] {
        for mut player in players() {
            let mut there = halts(&mut player, on);
            let mut here = vec![player.at()];
            while back(&mut player) {
                here.push(player.at());
            }
            here.reverse();
            // Frame 0 lies before time begins, and may share its instant with the first steps.
            if here.len() < there.len() {
                there.remove(1);
            }
            assert_eq!(here, there, "{}", player.state());
        }
    }
}

#[test]
fn two_places_have_two_hashes() {
    for mut player in players() {
        let mut hashes = std::collections::BTreeSet::new();
        for frame in 0..=player.steps() {
            player.seek(frame);
            assert!(hashes.insert(player.hash()), "{}", player.state());
            if is_looked_at(&player) {
                let mut again = player.fork();
                again.replay();
                assert_eq!((again.state(), again.hash()), (player.state(), player.hash()));
            }
        }
    }
}

#[test]
fn a_figure_has_words_for_all_that_happens_in_it() {
    for player in players() {
        for entry in player.entries() {
            let (mut few, mut all) = (Text::new(), Text::new());
            (player.spec().words.tell)(&mut few, &entry.event, Drivers::default());
            (Words::ALL.tell)(&mut all, &entry.event, Drivers::default());
            assert!(!few.is_empty() && few == all, "{}: {entry:?}", player.state());
            let code = (player.spec().words.source)(&entry.event, Drivers::default());
            assert_eq!(code, (Words::ALL.source)(&entry.event, Drivers::default()));
        }
    }
}

/// A page is drawn after each step, and a run is made again at each action: neither may grow without bounds.
#[test]
fn no_run_of_the_catalogue_is_long() {
    for player in players() {
        assert!(player.steps() <= 20_000 && player.entries().len() <= 100_000, "{}", player.state());
    }
}

#[test]
fn a_fork_leaves_its_origin_alone() {
    let mut player = Player::new(catalogue()[0], 1);
    player.seek(3);
    let mut other = player.fork();
    assert!(other.act('u'));
    assert_eq!(player.state(), "ring=v1.burst.n3");
    assert!(!player.forked() && other.forked());
}

proptest! {
    #[test]
    fn a_time_is_found_where_it_lies(preset in 0_usize..5, nanos in 0_u64..60_000) {
        let mut player = Player::new(figure("packet").expect("the figure is there"), preset);
        player.seek_time(Time(nanos));
        prop_assert!(player.now() <= Time(nanos));
        prop_assert!(!player.step() || player.now() > Time(nanos));
    }

    #[test]
    fn moves_never_leave_the_run(preset in 0_usize..10, moves in proptest::collection::vec(any::<u8>(), 0..40)) {
        let mut player = players().swap_remove(preset);
        for choice in moves {
            match choice % 9 {
                0 => { player.step(); }
                1 => { player.back(); }
                2 => { player.step_event(); }
                3 => { player.back_event(); }
                4 => { player.step_turn(); }
                5 => { player.back_turn(); }
                6 => { player.step_time(); }
                7 => { player.back_time(); }
                _ => player.seek(u32::from(choice)),
            }
            prop_assert!(player.at() <= player.steps());
            prop_assert!(player.at() == 0 || !player.sentence().is_empty());
            let state = player.state();
            let again = Player::open(&state);
            prop_assert!(again.is_ok(), "{}: {again:?}", player.state());
        }
    }
}
