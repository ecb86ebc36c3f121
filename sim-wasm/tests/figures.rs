//! Every figure, preset and knob: frames can be drawn, named and found again; logs are what they were.

mod golden;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use golden::golden;
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use sim_wasm::telling::knobs::Offers;
use sim_wasm::telling::player::Player;
use sim_wasm::telling::story::{Answers, FigureSpec, Layout};
use sim_wasm::telling::svg::Ink;
use sim_wasm::telling::{catalogue, figure};

fn presets() -> impl Iterator<Item = (&'static FigureSpec, usize)> {
    catalogue().iter().flat_map(|&spec| (0..spec.presets.len()).map(move |preset| (spec, preset)))
}

/// All settings of all knobs, one knob at a time.
fn settings() -> Vec<Player> {
    let mut players = Vec::new();
    for (spec, preset) in presets() {
        players.push(Player::new(spec, preset));
        for (index, knob) in spec.knobs.iter().enumerate() {
            for value in knob.some_values() {
                let mut player = Player::new(spec, preset);
                player.set_knob(index, value);
                players.push(player);
            }
        }
    }
    players
}

/// Frames of a run, evenly apart in a long one: for what makes the run again at each.
fn some_frames(player: &Player) -> impl Iterator<Item = u32> + use<> {
    let apart = player.steps().div_ceil(24).max(1);
    (0..=player.steps()).filter(move |frame| frame % apart == 0)
}

#[test]
fn the_catalogue_keeps_its_rules() {
    for &spec in catalogue() {
        let unique = |names: Vec<&str>| names.iter().collect::<BTreeSet<_>>().len() == names.len();
        assert!(unique(spec.presets.iter().map(|preset| preset.name).collect()), "{}", spec.name);
        assert!((3..=5).contains(&spec.presets.len()) && spec.knobs.len() <= 4, "{}", spec.name);
        assert!(spec.question.ends_with('?') && !spec.not_modelled.is_empty(), "{}", spec.name);
        for (index, preset) in spec.presets.iter().enumerate() {
            let steps = Player::new(spec, index).steps();
            let place = format!("{}: {}", spec.name, preset.name);
            assert_eq!(preset.knobs.len(), spec.knobs.len(), "{place}");
            assert!((3..=6).contains(&preset.film.len()), "{place}");
            assert!(preset.film.iter().all(|(step, _)| *step <= steps), "{place}: {steps} steps");
            assert!(preset.film.is_sorted_by_key(|(step, _)| *step), "{place}");
            assert!(
                preset.script.is_empty() || preset.script.len() as u32 == steps,
                "{place}: the script runs to its end"
            );
            for (knob, &value) in spec.knobs.iter().zip(preset.knobs) {
                assert!(knob.offers(value), "{place}: {}", knob.name);
            }
        }
    }
}

#[test]
fn what_is_counted_is_named_and_charted_sparingly() {
    for &spec in catalogue() {
        let names: BTreeSet<&str> = spec.quantities.iter().map(|quantity| quantity.name).collect();
        assert_eq!(names.len(), spec.quantities.len(), "{}", spec.name);
        assert!(spec.quantities.iter().filter(|quantity| quantity.charted).count() <= 4, "{}", spec.name);
        for preset in 0..spec.presets.len() {
            let mut player = Player::new(spec, preset);
            let records = player.csv();
            assert_eq!(records.lines().count(), player.entries().len() + 1, "{}", player.state());
            for frame in [0, player.steps() / 2, player.steps()] {
                player.seek(frame);
                let chart = player.page_chart(Layout::Wide, None);
                assert_eq!(chart.is_empty(), spec.quantities.iter().all(|quantity| !quantity.charted));
                assert!(chart.matches('<').count() < 100, "{}", player.state());
            }
        }
    }
}

/// An order of so many items the other way round.
fn backwards(order: u32, items: usize) -> u32 {
    let places = Answers::places(order, items).expect("an answer is an order");
    places.into_iter().rev().fold(0, |order, item| order * 10 + item as u32)
}

#[test]
fn an_order_is_a_digit_for_each_place() {
    assert_eq!(Answers::places(201, 3), Some(vec![2, 0, 1]));
    assert_eq!(Answers::places(12, 3), Some(vec![0, 1, 2]), "the first place may be 0");
    assert_eq!(Answers::places(120, 3), Some(vec![1, 2, 0]));
    for order in [3, 11, 22, 1201, u32::MAX] {
        assert_eq!(Answers::places(order, 3), None, "{order}");
    }
    assert_eq!(Answers::order_of(&[5, 0, 5, 2]), 1302, "the least first, and of equals the first");
}

#[test]
fn a_guess_is_held_against_the_run() {
    for (spec, preset) in presets() {
        let player = Player::new(spec, preset);
        let Some(answer) = player.answer() else { continue };
        let right = player.gap(answer.value);
        assert!(right.contains("So it is. ") && right.ends_with(answer.why), "{right}");
        let wrong = player.gap(match spec.guess.expect("it was asked").answers {
            Answers::Order { items, .. } => backwards(answer.value, items.len()),
            Answers::Choice(_) | Answers::Number { .. } if answer.value == 0 => 1,
            Answers::Choice(_) | Answers::Number { .. } => answer.value - 1,
        });
        assert!(!wrong.contains("So it is") && wrong.ends_with(answer.why), "{wrong}");
        assert!(answer.why.ends_with('.'), "{}", answer.why);
    }
}

#[test]
fn every_frame_is_a_sound_picture() {
    for mut player in settings() {
        assert!(player.steps() > 0, "{}: the player's tools have nothing to do", player.state());
        for frame in 0..=player.steps() {
            player.seek(frame);
            for layout in [Layout::Wide, Layout::Narrow, Layout::Film] {
                let svg = player.page_svg(layout);
                let elements = svg.matches('<').count() - svg.matches("</").count();
                assert!(elements <= 1000, "{}: {elements} elements", player.state());
                let keys: Vec<&str> =
                    svg.split("data-k=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
                let different: BTreeSet<&&str> = keys.iter().collect();
                assert_eq!(keys.len(), different.len(), "{}: a key twice", player.state());
                assert!(!svg.contains("style="), "{}", player.state());
            }
            assert!(!player.sentence().is_empty(), "{}", player.state());
        }
    }
}

/// Only the whole shell chooses among places of a picture (`templates/shell/2-fields.js`), and a page loads it for a knob whose
/// number can be written. So each place turns such a knob, and to a number that it offers.
#[test]
fn places_of_a_picture_turn_numbers() {
    let mut figures = BTreeSet::new();
    for mut player in settings() {
        for frame in some_frames(&player) {
            player.seek(frame);
            for layout in [Layout::Wide, Layout::Narrow] {
                let svg = player.page_svg(layout);
                for place in svg.split(" data-turn=\"").skip(1) {
                    let (index, rest) = place.split_once("\" data-to=\"").expect("a place has a value");
                    let (value, _) = rest.split_once('"').expect("an attribute ends");
                    let knob = &player.spec().knobs[index.parse::<usize>().expect("a knob's place in the list")];
                    let is_number = matches!(knob.offers, Offers::Number(_));
                    let offered = knob.offers(value.parse().expect("a number"));
                    assert!(is_number && offered, "{}: {} {value}", player.state(), knob.name);
                    figures.insert(player.spec().name);
                }
            }
        }
    }
    assert_eq!(figures, BTreeSet::from(["dma"]));
}

#[test]
fn every_frame_can_be_named_and_found_again() {
    for mut player in settings() {
        for frame in some_frames(&player) {
            player.seek(frame);
            let again = Player::open(&player.state()).expect("a player's state is understood");
            assert_eq!(again.state(), player.state());
            assert_eq!(again.log_hash(), player.log_hash());
            assert_eq!(again.svg(Layout::Wide, Ink::Light), player.svg(Layout::Wide, Ink::Light));
        }
    }
}

#[test]
fn a_step_has_each_mark_once() {
    for player in settings() {
        let ticks = player.ticks();
        assert!(ticks.is_sorted_by_key(|(step, _)| *step), "{}", player.state());
        assert!((1..ticks.len()).all(|at| ticks[at] != ticks[at - 1]), "{}", player.state());
    }
    let packet = Player::new(figure("packet").expect("the figure is there"), 0);
    assert_eq!(packet.ticks().len(), 2, "a packet and its answer each ring once");
}

#[test]
fn acting_in_the_past_forks_and_can_be_undone() {
    let mut player = Player::new(catalogue()[0], 1);
    player.seek(3);
    let (before, steps) = (player.state(), player.steps());
    assert!(!player.forked() && player.act('u'));
    assert!(player.forked() && player.steps() == 4 && player.at() == 4);
    assert_eq!(player.state(), "ring=v1.burst.i4-u.n4");
    assert_eq!((player.left_steps(), player.left_ticks().is_empty()), (steps, false));
    assert!(player.undo_fork() && !player.forked());
    assert_eq!((player.state(), player.steps()), (before, steps));
}

/// An address holds only so many actions, but who goes back leaves those behind.
#[test]
fn a_full_address_takes_actions_in_its_past() {
    let mut player = Player::new(catalogue()[0], 0);
    while ['p', 'u', 't', 'r', 'v', 'g'].into_iter().any(|letter| player.act(letter)) {}
    assert_eq!(player.steps(), 512);
    player.seek(100);
    assert!(player.act('x') && player.steps() == 101);
    assert!(Player::open(&player.state()).is_ok());
}

proptest! {
    #[test]
    fn whatever_a_reader_does_can_be_shared(
        preset in 0_usize..5,
        size in 0_usize..4,
        start in 0_usize..3,
        doings in proptest::collection::vec((any::<u8>(), any::<bool>()), 0..60),
    ) {
        let spec = catalogue()[0];
        let mut player = Player::new(spec, preset);
        player.set_knob(0, spec.knobs[0].named()[size].value);
        player.set_knob(1, spec.knobs[1].named()[start].value);
        for (choice, wander) in doings {
            if wander {
                player.seek(u32::from(choice) % (player.steps() + 1));
            } else {
                let letter = spec.actions[usize::from(choice) % spec.actions.len()].letter;
                let possible = player.can(letter);
                prop_assert_eq!(player.act(letter), possible);
            }
        }
        let state = player.state();
            let again = Player::open(&state);
        prop_assert!(again.is_ok(), "{}: {again:?}", player.state());
        let again = again.expect("just checked");
        prop_assert_eq!(again.state(), player.state());
        prop_assert_eq!(again.log_hash(), player.log_hash());
        prop_assert_eq!(again.page_svg(Layout::Wide), player.page_svg(Layout::Wide));
        prop_assert_eq!(again.page_svg(Layout::Narrow), player.page_svg(Layout::Narrow));
    }

    #[test]
    fn no_text_makes_the_player_panic(
        preset in 0_usize..10,
        knobs in r"(\.k[01]-(4|8|32|256|0)){0,2}",
        rest in r"(\.(i[0-9]{1,2}-[pugxtrsv]{1,8}|n[0-9]{1,2}|[kin][a-z0-9-]{0,9})){0,3}",
    ) {
        let (spec, preset) = presets().nth(preset).expect("there are ten presets");
        let state = format!("{}=v1.{}{knobs}{rest}", spec.name, spec.presets[preset].name);
        if let Ok(player) = Player::open(&state) {
            let _ = (player.sentence(), player.source(), player.rows(), player.ticks());
            for layout in [Layout::Wide, Layout::Narrow, Layout::Film] {
                let _ = player.page_svg(layout);
            }
        }
    }

    #[test]
    fn no_other_text_names_a_frame(state in "[a-z0-9.=-]{0,40}") {
        prop_assert!(Player::open(&state).is_err());
    }
}

/// Logs are part of what the articles say. A change here is a change of behaviour: look at it before you accept it.
#[test]
fn logs_are_what_they_were() {
    let mut found = String::new();
    for (spec, preset) in presets() {
        let player = Player::new(spec, preset);
        let name = spec.presets[preset].name;
        writeln!(found, "{} {name}: {} steps, {:016x}", spec.name, player.steps(), player.log_hash())
            .expect("text grows");
    }
    golden("logs", &found);
}
