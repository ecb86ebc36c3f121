//! Figure "ways": what it draws is what the machines take.

use sim_wasm::actors::costs::Way;
use sim_wasm::machine::own_card::Signal;
use sim_wasm::machine::ways::{Trial, spent};
use sim_wasm::telling::figure;
use sim_wasm::telling::player::Player;

const NAMES: [&str; 5] = ["split", "pv-own", "emulated", "hvm-split", "hvm-own"];
const SIGNALS: [Signal; 3] = [Signal::Line, Signal::Message, Signal::Posted];

/// A run under these knobs, at its end.
fn run(knobs: [u32; 4]) -> Player {
    let mut player = Player::new(figure("ways").expect("the catalogue has it"), 0);
    for (index, value) in knobs.into_iter().enumerate() {
        player.set_knob(index, value);
    }
    player.seek(player.steps());
    player
}

/// What a way has taken: exits, hypercalls, switches, events, interrupts, copies, look-ups.
fn drawn(player: &Player, way: &str) -> [u64; 7] {
    ["exits", "hypercalls", "switches", "events", "interrupts", "copies", "look-ups"].map(|what| {
        let name = format!("{what}-{way}");
        player.quantity(&name).unwrap_or_else(|| panic!("the figure counts `{name}`"))
    })
}

#[test]
fn the_hops_come_to_what_the_machines_take() {
    let mut wrong = Vec::new();
    for direction in [0, 1] {
        for bytes in [60, 1514] {
            for packets in [1, 32] {
                for (interrupts, signal) in (0..).zip(SIGNALS) {
                    let player = run([direction, bytes * packets, interrupts, 0]);
                    let trial = Trial { sends: direction == 0, bytes: bytes as u16, packets: packets as u16, signal };
                    for (way, name) in Way::ALL.into_iter().zip(NAMES) {
                        let took = spent(way, &trial);
                        let costs = took.costs;
                        let taken = [
                            costs.exits.total(),
                            costs.hypercalls,
                            costs.switches,
                            costs.events,
                            costs.guest_interrupts + costs.dom0_interrupts,
                            costs.copies,
                            took.requests,
                        ];
                        if drawn(&player, name) != taken {
                            wrong.push(format!(
                                "{name} in {}: {:?}, took {taken:?} {}",
                                player.state(),
                                drawn(&player, name),
                                costs.guest_interrupts
                            ));
                        }
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_way_that_has_arrived_waits_for_the_others() {
    let mut player = run([0, 1514, 1, 0]);
    let mut before = NAMES.map(|_| [0; 7]);
    for step in 0..=player.steps() {
        player.seek(step);
        let now = NAMES.map(|name| drawn(&player, name));
        assert!(now.iter().flatten().zip(before.iter().flatten()).all(|(now, before)| now >= before), "step {step}");
        before = now;
    }
    assert_eq!(before[4], [2, 0, 0, 0, 1, 0, 3]);
    // To send, neither kind of own card needs anybody: that is so until it interrupts.
    player.seek(3);
    assert_eq!([drawn(&player, "pv-own"), drawn(&player, "hvm-own")], [[0, 0, 0, 0, 0, 0, 3]; 2]);
}

#[test]
fn the_answer_is_the_emulated_cards_exits() {
    for (knobs, exits) in [([0, 1514, 1, 0], 6), ([1, 1514, 1, 0], 13), ([0, 32 * 60, 1, 0], 192)] {
        assert_eq!(run(knobs).answer().map(|answer| answer.value), Some(exits));
    }
}

/// The weights of a hypercall and of a switch are those that the figure names.
#[test]
fn weights_are_applied_to_exits_hypercalls_and_switches() {
    for exit in [0, 761, 1_266, 3_963] {
        for knobs in [[0, 1514, 1, exit], [1, 60, 0, exit], [0, 32 * 1514, 2, exit]] {
            let player = run(knobs);
            for name in NAMES {
                let [exits, hypercalls, switches, ..] = drawn(&player, name);
                let wanted =
                    if exit == 0 { 0 } else { exits * u64::from(exit) + hypercalls * 1_228 + switches * 10_534 };
                assert_eq!(player.quantity(&format!("cycles-{name}")), Some(wanted), "{name} under {knobs:?}");
            }
        }
    }
    // What lies between the ways is more than what exits weigh on any of those processors.
    for exit in [761, 3_963] {
        let player = run([0, 1514, 1, exit]);
        let cycles = |name: &str| player.quantity(&format!("cycles-{name}"));
        assert!(cycles("emulated") > cycles("split") && cycles("split") > cycles("hvm-own"), "an exit weighs {exit}");
    }
}
