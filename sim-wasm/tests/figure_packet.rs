//! Figure "packet": what a reader can find out with it is true in every generation of netback.

use sim_wasm::actors::epoch::Epoch;
use sim_wasm::actors::log::backend::Backend;
use sim_wasm::actors::log::{Entry, Event};
use sim_wasm::telling::figure;
use sim_wasm::telling::player::Player;
use sim_wasm::telling::story::{FigureSpec, Layout};

const BYTES: usize = 0;
const NETBACK: usize = 1;
const DELAY: usize = 2;
const DOM0: usize = 3;

const COPIED: u32 = 0;
const FREED: u32 = 3;

fn spec() -> &'static FigureSpec {
    figure("packet").expect("the catalogue has it")
}

/// The run of these knobs, at its end.
fn run(knobs: [u32; 4]) -> Player {
    let mut player = Player::new(spec(), 0);
    for (index, value) in knobs.into_iter().enumerate() {
        player.set_knob(index, value);
    }
    player.seek(player.steps());
    player
}

fn every_setup() -> Vec<Player> {
    let options = |knob: usize| spec().knobs[knob].named().iter().map(|option| option.value);
    let mut players = Vec::new();
    for bytes in options(BYTES) {
        for netback in options(NETBACK) {
            for delay in options(DELAY) {
                for dom0 in options(DOM0) {
                    players.push(run([bytes, netback, delay, dom0]));
                }
            }
        }
    }
    players
}

fn count(player: &Player, name: &str) -> u64 {
    player.quantity(name).unwrap_or_else(|| panic!("the figure counts `{name}`"))
}

fn steps_of(player: &Player, test: impl Fn(&Event) -> bool) -> Vec<u32> {
    player.entries().iter().filter(|entry: &&Entry| test(&entry.event)).map(|entry| entry.step).collect()
}

fn answer(player: &Player) -> u32 {
    player.answer().expect("every packet's slot comes back").value
}

#[test]
fn everything_comes_back_in_every_set_up() {
    for player in every_setup() {
        for name in ["slots-held", "grants-given", "pages-mapped", "bytes-borrowed", "packets-in-dom0"] {
            assert_eq!(count(&player, name), 0, "{}: {name}", player.state());
        }
        assert!(player.answer().is_some() && player.steps() <= 30, "{}", player.state());
        let last = player.svg(Layout::Wide, sim_wasm::telling::svg::Ink::Light);
        assert!(last.contains("flags 0x0000 = invalid"), "{}", player.state());
    }
}

/// Unmap, answer, end the grant, reuse: nothing else is safe.
#[test]
fn slots_go_back_in_the_only_safe_order() {
    for player in every_setup() {
        let given: u32 = sum(&player, |event| match event {
            Event::GrantsGiven { count, .. } => count,
            _ => 0,
        });
        let mut unmapped = given - mapped(&player);
        let (mut answered, mut reaped, mut ended) = (0, 0, 0);
        let extras = sum(&player, |event| match event {
            Event::Backend(Backend::ExtrasTaken { count, .. }) => count,
            _ => 0,
        });
        for entry in player.entries() {
            match entry.event {
                Event::GrantsUnmapped { count, .. } => unmapped += count,
                Event::ResponsesWritten { count, .. } => answered += count,
                Event::ResponsesReaped { count, .. } => reaped += count,
                Event::GrantsEnded { count, .. } => ended += count,
                Event::PacketFreed { .. } => assert_eq!(ended, given, "{}", player.state()),
                _ => {}
            }
            let in_order = ended <= reaped && reaped <= answered && answered <= unmapped + extras;
            assert!(in_order, "{}: {:?}", player.state(), entry.event);
        }
    }
}

fn sum(player: &Player, of: impl Fn(Event) -> u32) -> u32 {
    player.entries().iter().map(|entry| of(entry.event)).sum()
}

fn mapped(player: &Player) -> u32 {
    sum(player, |event| match event {
        Event::GrantsMapped { count, .. } => count,
        _ => 0,
    })
}

#[test]
fn a_slot_comes_back_because_the_packet_is_freed_and_not_because_it_is_sent() {
    let player = run([1514, 0, 20, 0]);
    let [sent] = steps_of(&player, |event| matches!(event, Event::PacketSent { .. }))[..] else { panic!("sent once") };
    let [freed] = steps_of(&player, |event| matches!(event, Event::PagesFreed { .. }))[..] else { panic!("once") };
    let answers = steps_of(&player, |event| matches!(event, Event::ResponsesWritten { .. }));
    assert!(sent < freed && answers.iter().all(|answer| *answer > freed));
    assert_eq!(answer(&player), FREED);
    // Sent at the same time, freed later: the slot is back later.
    assert_eq!(count(&run([1514, 0, 250, 0]), "slot-residence") - count(&player, "slot-residence"), (250 - 20) * 1_000);
}

#[test]
fn sixty_four_bytes_are_free_and_two_more_are_not() {
    for (bytes, borrowed, residence) in [(54, 0, 10_000), (64, 0, 10_000), (66, 2, 31_528)] {
        let mut player = run([bytes, 0, 20, 0]);
        assert_eq!(count(&player, "slot-residence"), residence, "{bytes} bytes");
        assert_eq!(answer(&player), if borrowed == 0 { COPIED } else { FREED });
        player.seek(7);
        assert_eq!(count(&player, "bytes-borrowed"), borrowed);
        assert_eq!(count(&player, "bytes-copied") + borrowed, u64::from(bytes));
    }
    // Mainline's 128 bytes take both.
    assert_eq!(answer(&run([66, 2, 20, 0])), COPIED);
    assert_eq!(answer(&run([1514, 2, 20, 0])), FREED);
}

#[test]
fn a_netback_that_copies_all_answers_before_the_stack_has_the_packet() {
    for bytes in [54, 1514, 9014, 65_535] {
        let player = run([bytes, 1, 20, 0]);
        let answers = steps_of(&player, |event| matches!(event, Event::ResponsesPublished { .. }));
        let received = steps_of(&player, |event| matches!(event, Event::PacketReceived { .. }));
        assert!(answers.iter().max() < received.iter().min(), "{}", player.state());
        assert_eq!((count(&player, "bytes-copied"), mapped(&player)), (u64::from(bytes), 0));
        // Neither the card nor a filter makes a difference: there is no pressure back.
        let residence = count(&player, "slot-residence");
        for other in [run([bytes, 1, 250, 0]), run([bytes, 1, 20, 1]), run([bytes, 1, 20, 2])] {
            assert_eq!(count(&other, "slot-residence"), residence, "{}", other.state());
            assert_eq!(answer(&other), COPIED);
        }
    }
}

#[test]
fn tcpdump_holds_slots_longer_in_the_classic_netback_and_shorter_in_mainline() {
    let residence = |netback, dom0| count(&run([1514, netback, 20, dom0]), "slot-residence");
    assert!(residence(0, 2) > residence(0, 0));
    assert!(residence(2, 2) < residence(2, 0));
    assert_eq!((answer(&run([1514, 0, 20, 2])), answer(&run([1514, 2, 20, 2]))), (FREED, COPIED));
    assert_eq!(count(&run([1514, 2, 20, 2]), "bytes-copied"), 1514);
}

#[test]
fn a_dropped_packet_comes_back_sooner_and_with_the_same_answer() {
    for netback in [0, 2] {
        let (sent, dropped) = (run([1514, netback, 20, 0]), run([1514, netback, 20, 1]));
        assert!(count(&dropped, "slot-residence") < count(&sent, "slot-residence"));
        assert_eq!((answer(&dropped), count(&dropped, "responses")), (FREED, count(&sent, "responses")));
    }
}

/// 17 pages and an extra info for 64 KiB: eighteen slots of one packet.
#[test]
fn a_segment_of_64_kib_takes_eighteen_slots() {
    for netback in [0, 1, 2] {
        let mut player = run([65_535, netback, 20, 0]);
        assert_eq!((count(&player, "responses"), count(&player, "slots-held")), (18, 0));
        player.seek(4);
        assert_eq!((count(&player, "slots-held"), count(&player, "grants-given")), (18, 17));
    }
    // Two of its 66 header bytes do not fit into the classic copy; in mainline they do, and the first slot is back early.
    assert_eq!((mapped(&run([65_535, 0, 20, 0])), mapped(&run([65_535, 2, 20, 0]))), (17, 16));
}

#[test]
fn a_run_is_told_by_the_drivers_that_it_has() {
    let trees = |netback| {
        let references = run([1514, netback, 20, 0]).source_refs();
        references.iter().map(|reference| reference.tree.name()).collect::<std::collections::BTreeSet<_>>()
    };
    assert!(trees(0).contains("classic") && !trees(0).contains("linux"));
    assert!(trees(1).contains("linux 3.4") && !trees(1).contains("classic"));
    assert!(trees(2).contains("linux") && !trees(2).contains("linux 3.4"));
    assert_eq!(Epoch::default(), Epoch::Classic);
}

/// Steps are pressed in the picture, and things are named as articles name them.
#[test]
fn hops_lead_to_their_steps_and_things_have_names() {
    for (layout, hops) in [(Layout::Wide, true), (Layout::Narrow, true), (Layout::Film, false)] {
        let player = run([1514, 0, 20, 0]);
        let svg = player.page_svg(layout);
        for step in 1..=player.steps() {
            assert_eq!(svg.contains(&format!("data-n=\"{step}\"")), hops, "step {step}");
        }
        for name in ["slot", "grant", "mapping", "skb", "slots-held", "pages-mapped", "netback", "card"] {
            assert_eq!(svg.contains(&format!("data-e=\"{name}\"")), hops, "{name}");
        }
    }
}
