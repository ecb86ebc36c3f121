//! Figure "sharing": what it lets a reader find out.

use sim_wasm::telling::figure;
use sim_wasm::telling::player::Player;

fn player(preset: &str, changes: &[(&str, u32)]) -> Player {
    let spec = figure("sharing").expect("it is in the catalogue");
    let mut player = Player::new(spec, spec.preset(preset).expect("it is a preset"));
    for (knob, value) in changes {
        player.set_knob(spec.knob(knob).expect("it is a knob"), *value);
    }
    player
}

fn value(player: &Player, quantity: &str) -> u64 {
    player.quantity(quantity).expect("it is a quantity")
}

fn at_end(preset: &str, changes: &[(&str, u32)], quantity: &str) -> u64 {
    let mut player = player(preset, changes);
    player.seek(u32::MAX);
    value(&player, quantity)
}

/// The highest that a quantity is in any frame.
fn most(preset: &str, changes: &[(&str, u32)], quantity: &str) -> u64 {
    let mut player = player(preset, changes);
    let mut most = value(&player, quantity);
    while player.step() {
        most = most.max(value(&player, quantity));
    }
    most
}

#[test]
fn turns_are_packets_and_not_bytes() {
    let packets = ["packets-1", "packets-2", "packets-3"].map(|quantity| at_end("by-packet", &[], quantity));
    assert!(packets.iter().all(|count| count.abs_diff(packets[0]) <= 2), "{packets:?}");
    let bytes = ["bytes-1", "bytes-2", "bytes-3"].map(|quantity| at_end("by-packet", &[], quantity));
    assert_eq!(bytes, [packets[0] * 1514, packets[1] * 66, packets[2] * 590]);
    assert_eq!(player("by-packet", &[]).answer().map(|answer| answer.value), Some(96));
    assert_eq!(player("by-packet", &[("packets", 2)]).answer().map(|answer| answer.value), Some(50));
}

/// 64 bytes are copied whole: their slots do not wait for the card, and turns are not what limits their sender.
#[test]
fn a_packet_that_is_copied_whole_does_not_wait_for_its_turn() {
    let changes = [("packets", 1)];
    assert!(at_end("by-packet", &changes, "packets-2") > 2 * at_end("by-packet", &changes, "packets-1"));
    assert_eq!(at_end("by-packet", &changes, "outstanding-1"), 236);
}

/// A listener that has stopped keeps half of the pool: from then on nobody's event does anything, until it reads on.
#[test]
fn one_stopped_listener_silences_all() {
    let mut player = player("stalled", &[]);
    let (mut silence, mut before) = (0, (0, 0));
    while player.step() {
        let now = (player.now().0, value(&player, "packets-1") + value(&player, "packets-2"));
        if value(&player, "gate") == 1 && now.1 == before.1 && value(&player, "pool") == 128 {
            silence += now.0 - before.0;
            assert_eq!(value(&player, "held-3"), 128);
        }
        before = now;
    }
    assert!((400_000_000..500_000_000).contains(&silence), "{silence} ns");
    assert_eq!(value(&player, "packets-1"), 720, "in the end everybody had what was asked for");
    // Without the listener the same guests leave half of the pool free.
    assert_eq!(most("stalled", &[("third", 1)], "gate"), 0);
}

/// Does what a reader does in the next step after `at`.
fn act(player: &mut Player, at: u32, letter: char) {
    player.seek(at);
    assert!(player.act(letter), "{letter} at {at} of {}", player.state());
}

/// A reader stops a tcpdump while greedy guests send: domU 3's packets pile up in it and take the pool's slots from all
/// guests. Ending it gives the slots back.
#[test]
fn a_reader_stops_a_tcpdump_and_ends_it() {
    let untouched = at_end("by-packet", &[], "packets-2");
    let mut player = player("by-packet", &[]);
    assert!(player.can('t') && !player.can('e'));
    act(&mut player, 1, 't');
    assert!(!player.can('t') && player.can('e'));
    player.seek(u32::MAX);
    assert!(value(&player, "kept") > 128 && value(&player, "held-3") == value(&player, "kept"));
    let slower = value(&player, "packets-2");
    assert!(slower + 20 < untouched, "{slower} of {untouched}");
    let state = player.state();
    assert_eq!(Player::open(&state).expect("it is a state").hash(), player.hash(), "{state}");

    act(&mut player, 40, 'e');
    assert_eq!(value(&player, "kept"), 0);
    player.seek(u32::MAX);
    assert!(value(&player, "held-3") < 100 && value(&player, "packets-2") > slower);
}

/// The preset's own tcpdump can be ended before it reads on by itself.
#[test]
fn ending_the_tcpdump_of_the_preset_ends_the_silence() {
    let mut player = player("stalled", &[]);
    player.seek(14);
    let before = (value(&player, "kept"), player.now().0);
    assert!(before.0 >= 128 && value(&player, "gate") == 1);
    act(&mut player, 14, 'e');
    assert_eq!((value(&player, "kept"), player.now().0), (0, before.1));
    assert!(player.sentence().contains("is closed"), "{}", player.sentence());
    let shut = (0..=player.steps()).rev().find(|&step| {
        player.seek(step);
        value(&player, "gate") == 1
    });
    player.seek(shut.expect("it was shut"));
    let (open, by_itself) = (player.now().0, 548_000_000);
    assert!(open + 200_000_000 < by_itself, "what had piled up is through soon: {open} ns");
}

/// Where each interface has a pool, a listener that stops costs the others nothing; and who sends nothing is not listened to.
#[test]
fn a_tcpdump_matters_where_there_is_one_pool() {
    let mut player = player("own-pools", &[("third", 1)]);
    act(&mut player, 5, 't');
    player.seek(u32::MAX);
    assert!(value(&player, "kept") > 50 && value(&player, "outstanding-1") <= 1);
    assert!(!self::player("broken-off", &[]).can('t'));
}

#[test]
fn with_pools_of_their_own_the_others_do_not_notice() {
    assert_eq!(most("own-pools", &[], "kept"), 150);
    assert!(most("own-pools", &[], "held-3") < 10, "what is kept was copied");
    assert_eq!(most("own-pools", &[], "gate"), 0);
    for quantity in ["outstanding-1", "outstanding-2"] {
        assert!(most("own-pools", &[], quantity) <= 1, "{quantity}");
        assert_eq!(most("stalled", &[], quantity), 236, "{quantity}");
    }
}

#[test]
fn a_limit_fills_a_ring_and_nothing_else() {
    assert_eq!(most("limited", &[], "outstanding-1"), 236);
    assert!(most("limited", &[], "pool") < 20);
    assert!(most("limited", &[], "card") < 50);
    assert!(most("limited", &[], "outstanding-2") <= 1);
    // 15 kB are nine packets, in each window that has begun.
    assert_eq!(at_end("limited", &[], "packets-1"), 7 * 9);
}

/// `break` where the later driver has `continue`: who stands behind the spent interface waits for its timer.
#[test]
fn a_pass_that_breaks_off_makes_others_wait() {
    let waits = |netback| most("broken-off", &[("netback", netback)], "outstanding-2");
    assert!(waits(1) >= 38, "39 ms of a packet each: {}", waits(1));
    assert!(waits(0) <= 8, "a few are on the card behind domU 1's: {}", waits(0));
    assert_eq!(at_end("broken-off", &[], "packets-2"), at_end("broken-off", &[("netback", 0)], "packets-2"));
}
