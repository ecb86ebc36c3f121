//! The bell's figure: presets' numbers, and the story that leaves nothing out.

use sim_wasm::actors::log::Event;
use sim_wasm::actors::log::wakeups::Wakeups;
use sim_wasm::telling::player::Player;

fn at_the_end(preset: &str) -> Player {
    let mut player = Player::open(&format!("bell=v1.{preset}.n0")).expect("the preset exists");
    player.seek(player.steps());
    player
}

#[test]
fn seven_interrupts_for_236_answers() {
    let player = at_the_end("half-way");
    let bells: Vec<u32> = player
        .entries()
        .iter()
        .filter_map(|entry| match entry.event {
            Event::ResponsesPublished { new, notify: true, .. } => Some(new),
            _ => None,
        })
        .collect();
    assert_eq!(bells, [119, 178, 208, 223, 230, 234, 236]);
    assert_eq!((player.quantity("interrupts"), player.quantity("restart")), (Some(7), Some(119)));
    assert_eq!(player.quantity("every-answer"), Some(236));
    // 118 periods of 12.112 µs lie between the first answer and the bell.
    assert_eq!(player.quantity("first-answer"), Some(118 * 12_112));
}

/// Sums and single events together tell each answer once, and each bell.
#[test]
fn the_story_adds_up() {
    for preset in ["half-way", "every-answer", "next-answer", "eight-out", "stalled-card"] {
        for delay in [0, 50, 250] {
            let mut player = at_the_end(preset);
            player.set_knob(2, delay);
            player.seek(player.steps());
            let (mut answered, mut bells, mut interrupts) = (0, 0, 0);
            for entry in player.entries() {
                match entry.event {
                    Event::Wakeups(Wakeups::AnsweredSilently { old, new, .. })
                    | Event::ResponsesPublished { old, new, .. }
                    | Event::Wakeups(Wakeups::Rung { old, new, .. } | Wakeups::Repeated { old, new, .. }) => {
                        assert_eq!(old, answered, "{}", player.state());
                        answered = new;
                    }
                    _ => {}
                }
                match entry.event {
                    Event::Wakeups(Wakeups::Repeated { bells: more, interrupts: taken, .. }) => {
                        bells += more;
                        interrupts += taken;
                    }
                    Event::Wakeups(Wakeups::Rung { old, new, .. }) => bells += new - old,
                    Event::ResponsesReaped { .. } => interrupts += 1,
                    event if event.rings() => bells += 1,
                    _ => {}
                }
            }
            let counted = [answered, bells, interrupts].map(|count| Some(u64::from(count)));
            let shown = ["rsp_prod", "bells", "interrupts"].map(|name| player.quantity(name));
            assert_eq!(counted, shown, "{}", player.state());
            assert_eq!(player.answer().map(|answer| answer.value), Some(interrupts), "{}", player.state());
            assert!(player.steps() <= 60 && player.entries().len() <= 120, "{}", player.state());
        }
    }
}

#[test]
fn a_card_that_stalls_one_answer_short_leaves_the_guest_asleep() {
    let player = at_the_end("stalled-card");
    assert_eq!((player.quantity("outstanding"), player.quantity("unread")), (Some(236), Some(118)));
    assert!(player.sentence().contains("sleeps"), "{}", player.sentence());
}
