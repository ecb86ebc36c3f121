//! Any text as the address of a frame: either it names none, or the player that it opens writes it back and comes back to
//! the same frame of the same run.

use sim_wasm::telling::catalogue;
use sim_wasm::telling::player::Player;
use sim_wasm::telling::story::{FigureSpec, Layout};
use sim_wasm::telling::svg::Ink;

use super::bytes::Bytes;

/// Commands after the opening, so that a find stays short.
const MOST_COMMANDS: usize = 64;

/// Opens the bytes as a text; bytes that begin below the space are a reader's play instead.
pub fn play(data: &[u8]) {
    match data.split_first() {
        Some((first, rest)) if *first < b' ' => read(usize::from(*first), &mut Bytes::new(rest)),
        _ => {
            if let Some(player) = std::str::from_utf8(data).ok().and_then(|text| Player::open(text).ok()) {
                check(&player);
            }
        }
    }
}

/// A reader turns knobs, steps and acts, in any order.
fn read(figure: usize, bytes: &mut Bytes) {
    let specs = catalogue();
    let spec: &'static FigureSpec = specs[figure % specs.len()];
    let mut player = Player::new(spec, usize::from(bytes.byte()) % spec.presets.len());
    for _ in 0..MOST_COMMANDS {
        let Some(command) = bytes.command() else { break };
        match command % 8 {
            0 => drop(player.step()),
            1 => drop(player.back()),
            2 => player.seek(bytes.u16().into()),
            3 => player.set_preset(bytes.byte().into()),
            4 => turn(&mut player, bytes),
            5 if command / 8 % 2 == 0 || player.order().is_empty() => drop(player.undo_fork()),
            5 => lay(&mut player, bytes),
            _ if spec.actions.is_empty() => {}
            _ => act(&mut player, spec.actions[usize::from(bytes.byte()) % spec.actions.len()].letter),
        }
    }
    check(&player);
}

/// Turns a knob, most often to a position that it has.
fn turn(player: &mut Player, bytes: &mut Bytes) {
    let (knob, choice) = (usize::from(bytes.byte()), usize::from(bytes.byte()));
    let known = player.spec().knobs.get(knob).and_then(|spec| spec.named().get(choice));
    player.set_knob(knob, known.map_or(choice as u32, |option| option.value));
}

/// Brings the figure's steps into another order.
fn lay(player: &mut Player, bytes: &mut Bytes) {
    let mut order: Vec<char> = player.order().chars().collect();
    let (from, to) = (usize::from(bytes.byte()) % order.len(), usize::from(bytes.byte()) % order.len());
    order.swap(from, to);
    let order: String = order.into_iter().collect();
    player.set_order(&order);
    assert_eq!((player.at(), player.order()), (0, order), "another order is another run");
}

fn act(player: &mut Player, letter: char) {
    let (can, at, before) = (player.can(letter), player.at(), player.state());
    assert_eq!(player.act(letter), can, "what can be done is done");
    assert_eq!(player.at(), at + u32::from(can), "an action is one step");
    assert!(can || player.state() == before, "what cannot be done changes nothing");
}

fn check(player: &Player) {
    assert!(player.at() <= player.steps(), "a player shows a frame of its run");
    let state = player.state();
    let again = Player::open(&state).expect("what a player writes opens");
    assert_eq!(again.state(), state);
    assert_eq!((again.at(), again.steps(), again.log_hash()), (player.at(), player.steps(), player.log_hash()));
    for layout in [Layout::Wide, Layout::Narrow, Layout::Film] {
        assert_eq!(again.svg(layout, Ink::Classes("x")), player.svg(layout, Ink::Classes("x")));
    }
    assert_eq!((again.sentence(), again.time()), (player.sentence(), player.time()));
}
