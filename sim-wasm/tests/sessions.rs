//! A thousand sessions of readers who try everything: what each ends with can be sent to somebody else, who sees the same.

use sim_wasm::telling::catalogue;
use sim_wasm::telling::player::Player;
use sim_wasm::telling::story::{FigureSpec, Layout};
use sim_wasm::words::rng::Rng;

const SESSIONS: u64 = 1000;
/// Things that a reader does in a session, at most.
const DOINGS: u32 = 12;

/// Chooses a preset, turns some knobs, puts in order what can be, then steps, jumps and acts.
fn session(spec: &'static FigureSpec, seed: u64) -> Player {
    let mut random = Rng::new(seed);
    let mut player = Player::new(spec, random.below(spec.presets.len() as u32) as usize);
    for (index, knob) in spec.knobs.iter().enumerate() {
        if random.below(3) == 0 {
            let values = knob.some_values();
            player.set_knob(index, values[random.below(values.len() as u32) as usize]);
        }
    }
    if random.below(2) == 0 {
        let mut order: Vec<char> = player.order().chars().collect();
        for place in (1..order.len()).rev() {
            order.swap(place, random.below(place as u32 + 1) as usize);
        }
        player.set_order(&order.into_iter().collect::<String>());
    }
    for _ in 0..random.below(DOINGS + 1) {
        match random.below(4) {
            0 => player.seek(random.below(player.steps() + 1)),
            1 => drop(player.step()),
            2 => drop(player.back()),
            _ if spec.actions.is_empty() => {}
            _ => drop(player.act(spec.actions[random.below(spec.actions.len() as u32) as usize].letter)),
        }
    }
    player
}

#[test]
fn a_thousand_sessions_can_be_sent_and_seen_again() {
    let mut lengths = Vec::new();
    for seed in 0..SESSIONS {
        let spec = catalogue()[(seed % catalogue().len() as u64) as usize];
        let player = session(spec, seed);
        let state = player.state();
        let again = Player::open(&state).unwrap_or_else(|error| panic!("{state}: {error}"));
        assert_eq!(again.state(), state);
        assert_eq!(again.hash(), player.hash(), "{state}");
        assert_eq!(again.log_hash(), player.log_hash(), "{state}");
        for layout in [Layout::Wide, Layout::Narrow] {
            assert_eq!(again.page_svg(layout), player.page_svg(layout), "{state}");
            assert_eq!(again.page_chart(layout, None), player.page_chart(layout, None), "{state}");
        }
        assert_eq!(again.sentence(), player.sentence(), "{state}");
        lengths.push(state.len());
    }
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    assert!(median <= 200, "half of all links are longer than {median}");
    assert!(lengths[0] < lengths[lengths.len() - 1], "sessions differ");
}
