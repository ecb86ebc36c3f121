//! Figure "grants": what keeps a page where it is while dom0 uses it, whatever either side does.

use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use sim_wasm::actors::log::backend::Backend;
use sim_wasm::actors::log::pages::Pages;
use sim_wasm::actors::log::trouble::Trouble;
use sim_wasm::actors::log::{Entry, Event};
use sim_wasm::hypervisor::grant_entry::{GTF_PERMIT_ACCESS, GTF_READING, GTF_READONLY, GrantStatus};
use sim_wasm::telling::figure;
use sim_wasm::telling::player::Player;
use sim_wasm::telling::story::{FigureSpec, Layout};

const ACCESS: usize = 0;
const KERNEL: usize = 1;

fn spec() -> &'static FigureSpec {
    figure("grants").expect("the catalogue has it")
}

fn preset(name: &str) -> Player {
    Player::new(spec(), spec().preset(name).expect("the figure has the preset"))
}

/// A run of these actions and no others.
fn run(letters: &str, knobs: [u32; 2]) -> Player {
    let mut player = Player::new(spec(), 0);
    player.set_knob(ACCESS, knobs[0]);
    player.set_knob(KERNEL, knobs[1]);
    player.seek(0);
    for letter in letters.chars() {
        assert!(player.act(letter), "`{letter}` of `{letters}` after {}", player.state());
    }
    player
}

fn count(player: &Player, name: &str) -> u64 {
    player.quantity(name).unwrap_or_else(|| panic!("the figure counts `{name}`"))
}

fn last(player: &Player) -> Event {
    player.entries().iter().rfind(|entry: &&Entry| entry.step == player.at()).expect("a step has an event").event
}

#[test]
fn the_bit_that_xen_sets_stands_exactly_while_the_page_is_mapped() {
    for name in ["the-way", "tcpdump", "impatient-guest", "early-answer"] {
        let mut player = preset(name);
        player.seek(0);
        loop {
            let reading = count(&player, "flags") & u64::from(GTF_READING) != 0;
            assert_eq!(reading, count(&player, "pages-mapped") > 0, "{}", player.state());
            assert_eq!(count(&player, "pins"), count(&player, "pages-mapped"), "{}", player.state());
            if !player.step() {
                break;
            }
        }
    }
    let mut player = preset("the-way");
    player.seek(2);
    let flags = u64::from(GTF_PERMIT_ACCESS | GTF_READONLY | GTF_READING);
    assert_eq!((count(&player, "flags"), count(&player, "references")), (flags, 2));
}

#[test]
fn the_safe_order_leaves_everything_as_it_was() {
    for name in ["the-way", "tcpdump"] {
        let mut player = preset(name);
        player.seek(player.steps());
        for name in ["grants-given", "pages-mapped", "packets-in-dom0", "dealloc-ring", "refusals", "pages-lost"] {
            assert_eq!(count(&player, name), 0, "{}: {name}", player.state());
        }
        let answer = player.answer().expect("the page was mapped and unmapped");
        assert_eq!(answer.value, 2, "{}", player.state());
    }
}

#[test]
fn the_page_waits_for_the_last_clone() {
    let mut player = preset("tcpdump");
    let freed = |player: &Player| count(player, "dealloc-ring");
    player.seek(4);
    assert_eq!((count(&player, "packets-in-dom0"), freed(&player)), (2, 0));
    player.seek(5);
    assert_eq!((count(&player, "packets-in-dom0"), freed(&player)), (1, 0));
    assert!(!player.can('u'), "nothing is on the dealloc ring");
    player.seek(6);
    assert_eq!((count(&player, "packets-in-dom0"), freed(&player)), (0, 1));
    assert!(player.can('u'));
}

/// The classic kernel loses page and entry, the modern one tries again until it may.
#[test]
fn a_grant_in_use_cannot_be_ended() {
    let classic = run("gmpe", [0, 0]);
    assert_eq!(last(&classic), Event::Trouble(Trouble::GrantLeaked { gref: 8 }));
    let mut later = run("gmpefua", [0, 0]);
    assert_eq!((count(&later, "pages-lost"), count(&later, "pages-mapped")), (1, 0));
    assert!(!later.can('e'), "nobody comes back for it");
    assert!(later.act('g'));
    assert!(matches!(last(&later), Event::GrantsGiven { first, .. } if first.0 == 9), "entry 8 is lost");

    let modern = run("gmpee", [0, 1]);
    assert_eq!(last(&modern), Event::Trouble(Trouble::GrantDeferred { gref: 8 }));
    let ended = run("gmpefue", [0, 1]);
    assert!(matches!(last(&ended), Event::GrantsEnded { .. }));
    assert_eq!((count(&ended, "pages-lost"), count(&ended, "grants-given")), (0, 0));
}

#[test]
fn an_answer_before_the_unmapping_is_found_out() {
    let classic = run("gmpfae", [0, 0]);
    assert!(matches!(last(&classic), Event::Trouble(Trouble::GuestCrashed { .. })));
    assert!(!classic.can('g') && classic.can('u'), "dom0 goes on without the guest");
    let modern = run("gmpfae", [0, 1]);
    assert!(matches!(last(&modern), Event::Trouble(Trouble::DeviceBroken { .. })));
    assert!(matches!(last(&run("gmpfuae", [0, 1])), Event::PacketFreed { .. }));
}

#[test]
fn xen_refuses_what_was_not_granted() {
    let refused = Event::Backend(Backend::MapRefused {
        gref: sim_wasm::words::ids::GrantRef(8),
        status: GrantStatus::GeneralError.code(),
    });
    assert_eq!(last(&run("gm", [1, 0])), refused, "the grant is read-only");
    assert_eq!(last(&run("gem", [0, 0])), refused, "the grant has ended");
    assert_eq!(last(&run("gxm", [0, 0])), refused, "the entry was erased");
}

/// An erased entry deceives only the guest: Xen's own count keeps the frame, even when the guest gives it back.
#[test]
fn a_frame_in_use_is_nobody_else_s() {
    let mut player = run("gmpx", [0, 0]);
    assert_eq!((count(&player, "flags"), count(&player, "pins"), count(&player, "references")), (0, 1, 2));
    assert!(player.act('b'));
    assert_eq!((count(&player, "references"), count(&player, "pages-mapped")), (1, 1));
    assert!(player.act('f') && player.act('u'));
    assert!(matches!(last(&player), Event::Pages(Pages::FrameFreed { .. })));
    let freed = |player: &Player| {
        let frees = |entry: &&Entry| matches!(entry.event, Event::Pages(Pages::FrameFreed { .. }));
        player.entries().iter().filter(frees).count()
    };
    assert_eq!(freed(&player), 1);
}

#[test]
fn things_have_names_in_the_picture() {
    let mut player = preset("tcpdump");
    player.seek(4);
    for layout in [Layout::Wide, Layout::Narrow] {
        let svg = player.page_svg(layout);
        for name in ["page", "grant", "mapping", "skb", "pins", "references", "grants-given", "packets-in-dom0"] {
            assert!(svg.contains(&format!("data-e=\"{name}\"")), "{name}");
        }
        player.seek(6);
        assert!(player.page_svg(layout).contains("data-e=\"dealloc-ring\""));
        player.seek(4);
    }
}

proptest! {
    /// Whatever is pressed: a mapped page has a frame with a reference, no frame is free while it is mapped, and each
    /// action offered is one that can be done.
    #[test]
    fn no_order_of_actions_does_harm(
        choices in proptest::collection::vec(any::<u8>(), 0..60),
        access in 0_u32..2,
        kernel in 0_u32..2,
    ) {
        let mut player = run("", [access, kernel]);
        for choice in choices {
            let letter = spec().actions[usize::from(choice) % spec().actions.len()].letter;
            let possible = player.can(letter);
            let before = count(&player, "pages-mapped");
            prop_assert_eq!(player.act(letter), possible);
            if !possible {
                continue;
            }
            if player.entries().iter().any(|entry| {
                entry.step == player.at() && matches!(entry.event, Event::Pages(Pages::FrameFreed { .. }))
            }) {
                prop_assert_eq!(count(&player, "pages-mapped") + 1, before);
            }
            let (mapped, released) = (count(&player, "pages-mapped"), count(&player, "dealloc-ring"));
            prop_assert!(released <= mapped && mapped <= 3);
            if count(&player, "pins") > 0 {
                prop_assert!(count(&player, "references") > 0);
            }
        }
        let again = Player::open(&player.state()).expect("a player's state is understood");
        prop_assert_eq!(again.hash(), player.hash());
    }
}
