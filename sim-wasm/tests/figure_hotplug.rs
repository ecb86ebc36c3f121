//! Figure "hotplug": three ways to fail, what each of them says and how long it takes, and who is to blame for the silence.

use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use sim_wasm::actors::hotplug::messages::push_message;
use sim_wasm::actors::log::Event;
use sim_wasm::actors::log::hotplug::{Hotplug, Process};
use sim_wasm::telling::figure;
use sim_wasm::telling::player::Player;
use sim_wasm::telling::story::FigureSpec;
use sim_wasm::words::text::Text;

const WITH: u32 = 0;
const WITHOUT: u32 = 1;

const ON: u32 = 0;
const OFF: u32 = 1;
const TAKEN: u32 = 2;

const AT_BOOT: u32 = 0;
const LATER: u32 = 1;
const DEAF: u32 = 2;

const WITH_ITS_CARD: u32 = 0;
const ERROR_AT_ONCE: u32 = 1;
const ERROR_LATE: u32 = 2;
const NO_ERROR: u32 = 3;

fn spec() -> &'static FigureSpec {
    figure("hotplug").expect("the catalogue has it")
}

fn preset(name: &str) -> Player {
    let mut player = Player::new(spec(), spec().preset(name).expect("the figure has the preset"));
    player.seek(player.steps());
    player
}

/// A run under these knobs, at its end.
fn run(knobs: [u32; 4]) -> Player {
    let mut player = Player::new(spec(), 0);
    for (index, value) in knobs.into_iter().enumerate() {
        player.set_knob(index, value);
    }
    player.seek(player.steps());
    player
}

fn count(player: &Player, name: &str) -> u64 {
    player.quantity(name).unwrap_or_else(|| panic!("the figure counts `{name}`"))
}

fn answer(player: &Player) -> u32 {
    player.answer().unwrap_or_else(|| panic!("{} has no answer", player.state())).value
}

/// Does what the letters say, each when what came before is done.
fn act(player: &mut Player, letters: &str) {
    for letter in letters.chars() {
        player.seek(player.steps());
        assert!(player.act(letter), "`{letter}` after {}", player.state());
    }
    player.seek(player.steps());
}

/// The lines of a process's log.
fn log(player: &Player, of: Process) -> Vec<String> {
    let lines = player.entries().iter().filter_map(|entry| match entry.event {
        Event::Hotplug(Hotplug::Logged { by, message }) if by == of => Some(message),
        _ => None,
    });
    let write = |message| {
        let mut text = Text::new();
        push_message(&mut text, message);
        text.into_string()
    };
    lines.map(write).collect()
}

const NO_VTD: &str =
    "failed to assign device: maybe the platform doesn't support VT-d, or VT-d isn't enabled properly?";

#[test]
fn three_failures_have_three_lines_and_take_three_times() {
    let cases = [
        ("no-iommu", ERROR_AT_ONCE, NO_VTD, [0, 0, 1]),
        ("boots-without", NO_ERROR, "Device model didn't tell the vslots for PCI device", [20, 2_000, 0]),
        ("no-answer", ERROR_LATE, "Timed out waiting for device model action", [101, 10_100, 1]),
    ];
    for (name, expect, line, numbers) in cases {
        let player = preset(name);
        assert_eq!(answer(&player), expect, "{name}");
        assert_eq!(log(&player, Process::Xend), [line], "{name}");
        assert_eq!(["looks", "waited", "errors"].map(|name| count(&player, name)), numbers, "{name}");
        assert_eq!((count(&player, "cards"), count(&player, "assigned")), (0, 0), "{name}");
    }
}

#[test]
fn the_silent_one_is_the_device_model() {
    assert!(log(&preset("boots-without"), Process::QemuDm).is_empty(), "not even a line in its own log");
    let player = preset("no-answer");
    assert_eq!(log(&player, Process::QemuDm), ["dm-command: unknown command\"pci-ins\""]);
    // One value is the device model's, from when it started; the other two are xend's.
    assert_eq!(count(&player, "messages"), 3);
}

#[test]
fn as_it_should_be_the_guest_has_its_card_and_both_sides_agree() {
    for name in ["attached", "booted"] {
        let player = preset(name);
        assert_eq!(answer(&player), WITH_ITS_CARD, "{name}");
        assert_eq!(["cards", "known", "assigned", "slots"].map(|name| count(&player, name)), [1; 4], "{name}");
    }
    assert_eq!(["looks", "waited"].map(|name| count(&preset("attached"), name)), [2, 200]);
    assert_eq!(["looks", "waited"].map(|name| count(&preset("booted"), name)), [1, 100]);
}

#[test]
fn who_gets_what() {
    for (knobs, expect) in [
        ([WITH, ON, AT_BOOT, 1], WITH_ITS_CARD),
        ([WITH, ON, LATER, 2], WITH_ITS_CARD),
        // A third card at boot has an ordinary slot.
        ([WITH, ON, AT_BOOT, 3], WITH_ITS_CARD),
        // Later there is none for it, and the device model says so where nobody looks.
        ([WITH, ON, LATER, 3], ERROR_LATE),
        ([WITHOUT, ON, AT_BOOT, 2], NO_ERROR),
        ([WITHOUT, ON, LATER, 2], ERROR_LATE),
        ([WITH, ON, DEAF, 1], NO_ERROR),
        ([WITHOUT, ON, DEAF, 1], ERROR_LATE),
    ] {
        assert_eq!(answer(&run(knobs)), expect, "{knobs:?}");
    }
    // Xen is asked before anything else, so it does not matter how the device model was built.
    for built in [WITH, WITHOUT] {
        for xen in [OFF, TAKEN] {
            for when in [AT_BOOT, LATER, DEAF] {
                assert_eq!(answer(&run([built, xen, when, 1])), ERROR_AT_ONCE);
            }
        }
    }
}

#[test]
fn a_third_card_later_is_refused_in_a_key_that_nobody_reads() {
    let player = run([WITH, ON, LATER, 3]);
    assert_eq!((count(&player, "looks"), count(&player, "slots"), count(&player, "cards")), (1 + 101, 2, 2));
    let lines = ["dm-command: hot insert pass-through pci dev", "hot add pci slot 0 exceed."];
    assert_eq!(log(&player, Process::QemuDm), lines);
}

#[test]
fn a_third_card_at_boot_stays_for_good() {
    let mut player = run([WITH, ON, AT_BOOT, 3]);
    assert_eq!((count(&player, "cards"), count(&player, "slots")), (3, 2));
    act(&mut player, "d");
    assert_eq!(count(&player, "cards"), 3);
    assert_eq!(log(&player, Process::Xend), ["Device 0000:03:02.0 is not connected"]);
}

#[test]
fn after_the_line_about_vslots_the_card_can_neither_come_nor_go() {
    let mut player = preset("boots-without");
    assert_eq!((count(&player, "known"), count(&player, "cards")), (1, 0), "xend counts a card that is not there");
    act(&mut player, "gd");
    let later = ["device is already inserted", "Device 0000:03:00.0 is not connected"];
    assert_eq!(log(&player, Process::Xend)[1..], later);
    assert_eq!(count(&player, "looks"), 20, "neither is worth a look");
}

#[test]
fn a_card_comes_and_goes_and_comes_again() {
    let mut player = preset("attached");
    act(&mut player, "d");
    assert_eq!(["cards", "known", "assigned", "slots", "errors"].map(|name| count(&player, name)), [0; 5]);
    act(&mut player, "gaa");
    // Two slots: the third attempt ends in time running out.
    assert_eq!(["cards", "known", "assigned", "slots", "errors"].map(|name| count(&player, name)), [2, 2, 2, 2, 1]);
}

#[test]
fn a_deaf_guest_gets_no_card_and_gives_none_back() {
    let mut player = run([WITH, ON, DEAF, 1]);
    let names = ["cards", "known", "assigned", "errors", "waited"];
    assert_eq!(names.map(|name| count(&player, name)), [0, 1, 1, 0, 200], "xend has its answer");
    act(&mut player, "d");
    assert_eq!(names.map(|name| count(&player, name)), [0, 1, 1, 1, 200 + 10_100], "and here it has none");
    assert_eq!(log(&player, Process::Xend).last().expect("it complains"), "Timed out waiting for device model action");
}

#[test]
fn attaching_again_takes_ten_seconds_again() {
    let mut player = preset("no-answer");
    act(&mut player, "gg");
    assert_eq!((count(&player, "looks"), count(&player, "waited"), count(&player, "errors")), (303, 30_300, 3));
}

#[test]
fn a_reader_may_do_something_else_before_the_presets_attempt() {
    let mut player = preset("attached");
    player.seek(3);
    assert!(player.can('a') && !player.can('g'), "nothing was wanted yet");
    assert!(player.act('a'));
    assert_eq!(player.steps(), preset("attached").steps(), "it is the same attempt");
    let none = run([WITH, OFF, AT_BOOT, 1]);
    assert!(!none.can('a') && !none.can('g') && !none.can('d'), "there is no guest");
}

proptest! {
    /// Whatever is tried: a guest's cards are assigned and xend knows of them, at most two have hot-plug slots, and nothing
    /// of it happens without the header.
    #[test]
    fn what_a_guest_has_was_assigned(
        built in WITH..=WITHOUT,
        xen in ON..=TAKEN,
        when in AT_BOOT..=DEAF,
        cards in 1_u32..=3,
        wishes in proptest::collection::vec(any::<u8>(), 0..8),
    ) {
        let mut player = run([built, xen, when, cards]);
        for wish in wishes {
            player.seek(player.steps());
            player.act(['g', 'a', 'd'][usize::from(wish % 3)]);
        }
        for frame in 0..=player.steps() {
            player.seek(frame);
            prop_assert!(count(&player, "cards") <= count(&player, "assigned"), "{}", player.state());
            prop_assert!(count(&player, "slots") <= 2);
        }
        prop_assert!(count(&player, "cards") <= count(&player, "known"), "{}", player.state());
        if (built, xen) != (WITH, ON) {
            prop_assert_eq!(count(&player, "cards"), 0);
        }
        let again = Player::open(&player.state()).expect("its own text names it");
        prop_assert_eq!(again.log_hash(), player.log_hash());
    }
}
