//! Figure "flow": where packets wait and where they are lost, and what of it the guest notices.

use sim_wasm::actors::log::Event;
use sim_wasm::actors::log::summary::Summary;
use sim_wasm::telling::figure;
use sim_wasm::telling::player::Player;
use sim_wasm::words::time::Time;

fn open(state: &str) -> Player {
    Player::open(state).unwrap_or_else(|error| panic!("{state}: {error}"))
}

/// A preset or a set-up at its end.
fn end(state: &str) -> Player {
    let mut player = open(&format!("flow=v1.{state}.n0"));
    player.seek(player.steps());
    player
}

fn value(player: &Player, quantity: &str) -> u64 {
    player.quantity(quantity).unwrap_or_else(|| panic!("the figure counts {quantity}"))
}

/// The first frame at which something holds.
fn first(player: &mut Player, holds: impl Fn(&Player) -> bool) -> u32 {
    player.seek(0);
    while !holds(player) {
        assert!(player.step(), "{}: never", player.state());
    }
    player.at()
}

/// What a choice's index stands for.
fn answer(state: &str) -> u32 {
    end(state).answer().expect("every run has an answer").value
}

const IN_GUEST: u32 = 0;
const IN_DOM0: u32 = 1;
const IN_FILTER: u32 = 2;
const NOWHERE: u32 = 3;

#[test]
fn drops_move_to_the_guest() {
    let overload = end("overload");
    assert!(value(&overload, "guest-drops") > 500);
    assert_eq!((value(&overload, "dom0-drops"), value(&overload, "filtered")), (0, 0));
    assert_eq!(value(&overload, "drops"), value(&overload, "guest-drops"));
    assert_eq!(answer("overload"), IN_GUEST);
    // The copying netback answers at once, so nothing tells the guest to wait: the same packets are lost in dom0.
    let copies = end("overload.k3-4");
    assert!(value(&copies, "dom0-drops") > 0 && value(&copies, "guest-drops") == 0);
    assert_eq!((answer("overload.k3-4"), value(&copies, "stops")), (IN_DOM0, 0));
    // Mainline maps again, and pushes back again.
    assert_eq!(answer("overload.k3-5"), IN_GUEST);
}

#[test]
fn the_queue_stops_at_236_and_runs_again_119_answers_later() {
    let mut player = open("flow=v1.overload.n0");
    first(&mut player, |player| value(player, "stops") == 1);
    assert_eq!(value(&player, "outstanding"), 236);
    assert_eq!(player.told()[0].event, Event::QueueStopped { outstanding: 236 });
    // Slots came back, and the queue stays stopped: the guest has not looked.
    first(&mut player, |player| value(player, "answered") > 100);
    assert_eq!((value(&player, "outstanding"), value(&player, "stops")), (236, 1 + u64::from(player.at() > 12)));
    first(&mut player, |player| value(player, "answers-to-restart") > 0);
    let answers = value(&player, "answers-to-restart");
    assert!((119..=121).contains(&answers), "half of 236 and one more, as far as the card's interrupts go: {answers}");
    // In the same moment the queue fills the ring again.
    assert_eq!(player.told().len(), 2);
    assert_eq!(value(&player, "outstanding"), 236);
    // Mainline asks for the next answer instead.
    let mainline = end("overload.k3-5");
    assert!(value(&mainline, "answers-to-restart") < 20, "{}", value(&mainline, "answers-to-restart"));
}

#[test]
fn a_full_ring_is_2_86_ms_of_the_card() {
    let mut player = open("flow=v1.stalled.n0");
    first(&mut player, |player| value(player, "stops") == 1);
    assert_eq!((value(&player, "pipe-bytes"), value(&player, "pipe-time")), (236 * 1514, 236 * 12_112));
    // Whatever is offered, no more is ever under way.
    for state in ["overload", "overload.k0-10000", "stalled"] {
        let mut player = open(&format!("flow=v1.{state}.n0"));
        while player.step() {
            assert!(value(&player, "pipe-time") <= 236 * 12_112, "{}", player.state());
        }
    }
    // A packet waits as long in the pipe, and no longer: a slot comes back within that time and the wait for the bell.
    let overload = end("overload");
    assert!((2_000_000..236 * 12_112).contains(&value(&overload, "slot-time")));
}

#[test]
fn a_late_report_makes_a_fast_card_slow() {
    let rate = |state| value(&end(state), "guest-rate");
    let (prompt, late) = (rate("overload.k0-10000.k2-10000"), rate("overload.k0-10000.k2-10000.k3-3"));
    assert!(prompt > 2 * late, "{prompt} {late}");
    // 236 packets, and no new ones before the report.
    assert!(late * 1_000_000 / 8_000 <= 236 * 1514 * 1_000, "{late}");
}

#[test]
fn a_filter_makes_the_guest_faster() {
    let (sent, dropped) = (end("overload"), end("firewall"));
    assert_eq!(value(&dropped, "guest-rate"), 1400);
    assert!(value(&sent, "guest-rate") < 1100);
    assert_eq!((value(&dropped, "sent"), value(&dropped, "guest-drops"), value(&dropped, "stops")), (0, 0, 0));
    assert!(value(&dropped, "slot-time") < value(&sent, "slot-time") / 100);
    assert_eq!(answer("firewall"), IN_FILTER);
}

#[test]
fn small_packets_tell_nobody_to_wait() {
    let mut player = open("flow=v1.small.n0");
    while player.step() {
        assert!(value(&player, "outstanding") < 10 && value(&player, "qdisc") < 10, "{}", player.state());
    }
    assert!(value(&player, "dom0-drops") > 100 && value(&player, "guest-drops") == 0);
    assert_eq!(answer("small"), IN_DOM0);
}

#[test]
fn fourteen_large_packets_fill_the_ring_and_keep_the_card_busy() {
    let mut player = open("flow=v1.segments.n0");
    first(&mut player, |player| value(player, "stops") == 1);
    assert_eq!(value(&player, "outstanding"), 14 * 17);
    assert_eq!(value(&player, "pipe-bytes"), 14 * 65_226);
    // Each segment of 1460 bytes has 54 bytes of headers on the wire.
    let most = 1_000 * 65_226 / (65_226 + 44 * 54);
    let end = end("segments");
    assert!((most - 30..=most + 30).contains(&value(&end, "goodput")), "{}", value(&end, "goodput"));
}

#[test]
fn nothing_waits_where_the_card_keeps_up() {
    let balanced = end("overload.k0-900");
    assert_eq!((value(&balanced, "drops"), value(&balanced, "stops"), answer("overload.k0-900")), (0, 0, NOWHERE));
}

#[test]
fn every_packet_is_somewhere() {
    for preset in figure("flow").expect("it is in the catalogue").presets {
        let mut player = open(&format!("flow=v1.{}.n0", preset.name));
        let packet = preset.knobs[1];
        loop {
            let of = |name| value(&player, name);
            let pipe = of("pipe-bytes") / u64::from(packet);
            assert_eq!(of("offered"), of("sent") + of("drops") + of("qdisc") + pipe, "{}", player.state());
            assert!(of("answered") <= of("outstanding"), "{}", player.state());
            if !player.step() {
                break;
            }
        }
    }
}

/// What the sums of all stretches come to is what was counted.
#[test]
fn sums_add_up() {
    let player = end("overload");
    let (mut offered, mut sent, mut lost, mut restarts) = (0, 0, 0, 0);
    for entry in player.entries() {
        match entry.event {
            Event::Summary(Summary::Passed { offered: more, sent: left, .. }) => {
                offered += u64::from(more);
                sent += u64::from(left);
            }
            Event::Summary(Summary::Lost { packets, .. }) => lost += u64::from(packets),
            Event::Summary(Summary::Alternated { times }) => restarts += u64::from(times),
            Event::QueueWoken { .. } => restarts += 1,
            _ => {}
        }
    }
    let counted = ["offered", "sent", "drops"].map(|name| value(&player, name));
    assert_eq!([offered, sent, lost], counted);
    assert_eq!(restarts + 1, value(&player, "stops"), "it ran again after each stop but the last");
}

#[test]
fn a_reader_stalls_the_card_and_lets_it_go_on() {
    let mut player = open("flow=v1.overload.n20");
    let (time, sent) = (player.now(), value(&player, "sent"));
    assert!(player.can('s') && !player.can('w') && player.act('s'));
    assert_eq!((player.now(), value(&player, "sent")), (time, sent));
    assert!(!player.act('s'), "it stands still");
    let steps = player.steps();
    player.seek(player.at() + 8);
    // The packet on the wire has left; nothing else does.
    assert_eq!((value(&player, "sent"), value(&player, "goodput")), (sent + 1, 0));
    assert!(player.act('w'));
    player.seek(player.steps());
    assert!(value(&player, "sent") > sent + 1_000 && player.steps() >= steps);
    assert_eq!(value(&player, "dom0-drops"), 0);
    let again = open(&player.state());
    assert_eq!(again.hash(), player.hash());
    assert!(Player::open("flow=v1.overload.i5-w.n5").is_err() && Player::open("flow=v1.overload.i5-ss.n5").is_err());
    assert!(Player::open("flow=v1.stalled.i30-w.n40").is_ok());
}

#[test]
fn a_run_ends_when_its_time_is_over() {
    let mut player = end("overload");
    assert_eq!(player.now(), Time::from_millis(60));
    assert!(!player.can('s') && !player.can('w') && !player.act('s'));
}

/// Pages list every row, and a reader goes through every step.
#[test]
fn runs_are_short_to_read() {
    let spec = figure("flow").expect("it is in the catalogue");
    for preset in 0..spec.presets.len() {
        for (index, knob) in spec.knobs.iter().enumerate() {
            for option in knob.named() {
                let mut player = Player::new(spec, preset);
                player.set_knob(index, option.value);
                assert!(player.steps() <= 120 && player.entries().len() <= 400, "{}", player.state());
            }
        }
    }
}
