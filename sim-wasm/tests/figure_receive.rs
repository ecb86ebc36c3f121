//! Figure "receive": what it lets a reader find out.

use sim_wasm::telling::figure;
use sim_wasm::telling::player::Player;
use sim_wasm::telling::story::Layout;

fn player(preset: &str, changes: &[(&str, u32)]) -> Player {
    let spec = figure("receive").expect("it is in the catalogue");
    let mut player = Player::new(spec, spec.preset(preset).expect("it is a preset"));
    for (knob, value) in changes {
        player.set_knob(spec.knob(knob).expect("it is a knob"), *value);
    }
    player
}

fn at_end(preset: &str, changes: &[(&str, u32)], quantity: &str) -> u64 {
    let mut player = player(preset, changes);
    player.seek(u32::MAX);
    player.quantity(quantity).expect("it is a quantity")
}

#[test]
fn a_page_that_is_given_takes_three_changes_of_owner_and_no_byte() {
    assert_eq!(player("flip", &[]).answer().map(|answer| answer.value), Some(3));
    assert_eq!(at_end("flip", &[], "owner-changes"), 12);
    assert_eq!(at_end("flip", &[], "operations"), 16);
    assert_eq!(at_end("flip", &[], "copied"), 0);
}

#[test]
fn a_copy_changes_no_owner() {
    assert_eq!(player("copy", &[]).answer().map(|answer| answer.value), Some(0));
    assert_eq!(at_end("copy", &[], "operations"), 0);
    assert_eq!(at_end("copy", &[], "copied-by-xen"), 4 * 1514);
    assert_eq!(at_end("copy", &[], "flushes"), 0);
    assert!(at_end("copy", &[], "hypercalls") < at_end("flip", &[], "hypercalls"));
}

/// The price of a page does not depend on the bytes in it; that of a copy is the bytes.
#[test]
fn only_copies_depend_on_the_length() {
    for bytes in [60, 590, 1514] {
        assert_eq!(at_end("flip", &[("bytes", bytes)], "operations"), 16);
        assert_eq!(at_end("copy", &[("bytes", bytes)], "copied"), 4 * u64::from(bytes));
    }
}

#[test]
fn a_packet_that_cannot_go_as_it_is_pays_both_prices() {
    for way in [2, 3, 4] {
        assert_eq!(at_end("flip", &[("way", way)], "copied-in-dom0"), 4 * 1514, "way {way}");
        assert_eq!(at_end("flip", &[("way", way)], "operations"), 16, "way {way}");
    }
    for preset in ["shared", "always-copied"] {
        assert_eq!(at_end(preset, &[], "copied-in-dom0"), 4 * 1514);
    }
}

#[test]
fn calls_and_flushes_are_shared_by_a_batch() {
    let per_packet = |batch, quantity| {
        let changes = [("batch", batch)];
        at_end("flip", &changes, quantity) * 1000 / at_end("flip", &changes, "packets")
    };
    for quantity in ["hypercalls", "flushes"] {
        assert!(per_packet(1, quantity) > per_packet(4, quantity), "{quantity}");
        assert!(per_packet(4, quantity) > per_packet(8, quantity), "{quantity}");
    }
    assert_eq!(per_packet(1, "operations"), per_packet(8, "operations"));
}

/// `mod_timer(&net_timer, jiffies + HZ)`: one second of silence, however short the want.
#[test]
fn a_squeeze_pauses_reception_for_a_second() {
    for (squeeze, pause) in [(1, 1_000_000_000), (2, 2_000_000_000)] {
        let mut player = player("squeeze", &[("squeeze", squeeze)]);
        let (mut most, mut first) = (0, None);
        while player.step() {
            most = most.max(player.quantity("waiting").expect("it is a quantity"));
            if player.quantity("transfers") > Some(0) {
                first.get_or_insert(player.now().0);
            }
        }
        // A second counts from the tick, and the tasklet runs a microsecond after the timer.
        assert_eq!((most, first.map(|time: u64| time / 10_000_000)), (8, Some(pause / 10_000_000)));
    }
    // Who copies needs no frame.
    assert_eq!(at_end("squeeze", &[("way", 0)], "packets"), 8);
    let mut copied = player("squeeze", &[("way", 0)]);
    copied.seek(u32::MAX);
    assert!(copied.now().0 < 1_000_000);
}

/// Does what a reader does in the next step after `at`.
fn act(player: &mut Player, at: u32, letter: char) {
    player.seek(at);
    assert!(player.act(letter), "{letter} at {at} of {}", player.state());
}

/// What a quantity is at the end of a player's run.
fn last(player: &mut Player, quantity: &str) -> u64 {
    player.seek(u32::MAX);
    player.quantity(quantity).expect("it is a quantity")
}

/// A reader takes Xen's free frames before the packets are delivered: nothing moves for a second, unless they are freed
/// before netback has found out.
#[test]
fn a_reader_takes_the_frames_and_frees_them() {
    let mut player = player("flip", &[]);
    player.seek(4);
    assert!(player.can('m') && !player.can('f') && !player.can('l'), "all packets are netback's already");
    act(&mut player, 4, 'm');
    assert_eq!(player.quantity("free-frames"), Some(0));
    assert!(player.sentence().starts_with("Another domain starts"), "{}", player.sentence());
    assert!(player.can('f') && !player.can('m'));
    assert_eq!(last(&mut player, "packets"), 4, "it goes on when that domain has ended by itself");
    assert!(player.now().0 > 1_500_000_000, "{:?}", player.now());
    let state = player.state();
    assert_eq!(Player::open(&state).expect("it is a state").hash(), player.hash(), "{state}");

    act(&mut player, 5, 'f');
    assert!(player.quantity("free-frames") > Some(20));
    assert_eq!(last(&mut player, "packets"), 4);
    assert!(player.now().0 < 1_000_000, "netback has not noticed: {:?}", player.now());
}

/// One who frees them later has to wait for netback's timer all the same.
#[test]
fn a_squeeze_that_netback_has_met_lasts_a_second() {
    let mut player = player("flip", &[]);
    act(&mut player, 4, 'm');
    let paused = (5..=player.steps()).find(|&step| {
        player.seek(step);
        player.sentence().contains("no page to put in place")
    });
    act(&mut player, paused.expect("netback asks for frames"), 'f');
    assert_eq!(last(&mut player, "packets"), 4);
    assert_eq!(player.now().0 / 10_000_000, 100, "a second: {:?}", player.now());
}

/// From when on somebody listens, packets that were to be given are copied first; a copy costs as much as before.
#[test]
fn a_reader_listens_and_pages_cannot_go() {
    for (at, copied) in [(0, 4), (2, 2)] {
        let mut player = player("flip", &[]);
        act(&mut player, at, 'l');
        assert!(!player.can('l'));
        assert_eq!(last(&mut player, "copied-in-dom0"), copied * 1514, "after step {at}");
        assert_eq!(last(&mut player, "operations"), 16);
    }
    let mut copy = player("copy", &[]);
    act(&mut copy, 0, 'l');
    assert_eq!((last(&mut copy, "copied"), last(&mut copy, "operations")), (4 * 1514, 0));
    assert!(!player("shared", &[]).can('l'), "somebody listens already");
}

/// Frames up to a reader's action look as they did; only the pages of packets that are still to come may be others.
#[test]
fn the_past_of_an_action_stays_as_it_was() {
    let mut acted = player("flip", &[]);
    act(&mut acted, 2, 'l');
    let mut untouched = player("flip", &[]);
    let without_words = |svg: &str| -> String { svg.split('<').filter_map(|tag| tag.split('>').next()).collect() };
    for step in 0..=2 {
        acted.seek(step);
        untouched.seek(step);
        assert_eq!(acted.sentence(), untouched.sentence());
        for layout in [Layout::Wide, Layout::Narrow] {
            let [svg, before] = [&acted, &untouched].map(|player| without_words(&player.page_svg(layout)));
            assert_eq!(svg, before, "step {step}");
        }
    }
}
