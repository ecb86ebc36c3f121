//! Interrupts that are posted for an HVM guest's vCPU.

use sim_wasm::actors::log::Event;
use sim_wasm::actors::log::hvm::Hvm;
use sim_wasm::actors::log::vtd::Vtd;
use sim_wasm::hypervisor::passthrough::options::{GuestKind, Version};
use sim_wasm::hypervisor::vtd::capabilities::{CAP_POSTING, Capabilities};
use sim_wasm::machine::given_away::GivenAway;
use sim_wasm::machine::given_away::settings::{Act, CardId, CardSettings, Payload, Settings, Target};
use sim_wasm::machine::given_away::tally::Count;
use sim_wasm::words::time::Time;

use crate::world::{CARD, GUEST, OTHER, acts, counts, run, settings};

const OTHER_CARD: CardId = CardId(1);

/// A guest with a card, before a unit that posts.
fn posting(kind: GuestKind, text: &'static str) -> Settings {
    let mut settings = settings(kind, (Version::Today, Some(text)));
    settings.unit = Some(Capabilities::typical().with_cap(CAP_POSTING));
    settings
}

/// How many interrupts were posted, and how many made a guest exit.
fn posted_and_exits(machine: &GivenAway) -> [usize; 2] {
    let count = |is_it: fn(&Event) -> bool| machine.log().entries().iter().filter(|entry| is_it(&entry.event)).count();
    [
        count(|event| matches!(event, Event::Vtd(Vtd::PostedNotified { .. } | Vtd::Posted { .. }))),
        count(|event| matches!(event, Event::Hvm(Hvm::MsiInjected { .. }))),
    ]
}

#[test]
fn a_message_reaches_the_guest_without_xen() {
    for card in [CardSettings::PLAIN, CardSettings::WITH_TABLE, CardSettings::BEHIND_BRIDGE] {
        for (kind, text, expect) in [
            (GuestKind::Hvm, "intpost", [2, 0]),
            (GuestKind::Hvm, "no-intpost", [0, 2]),
            (GuestKind::Hvm, "intpost,no-intremap", [0, 2]),
            (GuestKind::Pv, "intpost", [0, 0]),
        ] {
            let mut settings = posting(kind, text);
            settings.cards[0] = card;
            settings.acts = acts(&[Act::Arrive(CARD, 1514), Act::Send(GUEST, CARD, 700)]);
            let machine = run(&settings);
            assert_eq!(posted_and_exits(&machine), expect, "{card:?} {kind:?} {text}");
            assert_eq!(counts(&machine, [Count::Received, Count::Interrupts, Count::MessagesIgnored]), [1, 2, 0]);
        }
    }
}

/// A guest that wants another vector gets another entry, and one that masks its own is not told.
#[test]
fn what_is_posted_follows_what_the_guest_wants() {
    let mut settings = posting(GuestKind::Hvm, "intpost");
    settings.cards[0] = CardSettings::WITH_TABLE;
    let write = |at, value| Act::Touch(GUEST, CARD, at, value);
    settings.acts = acts(&[write(0x1008, 0x77), Act::Arrive(CARD, 60)]);
    let what = [Count::Received, Count::Interrupts, Count::MessagesHeld];
    let machine = run(&settings);
    assert_eq!((counts(&machine, what), posted_and_exits(&machine)), ([0, 1, 0], [1, 0]), "no driver has that vector");
    settings.acts = acts(&[write(0x100C, 1), Act::Arrive(CARD, 60)]);
    let machine = run(&settings);
    assert_eq!((counts(&machine, what), posted_and_exits(&machine)), ([0, 0, 1], [0, 0]));
}

/// Two guests have descriptors of their own, and neither's card posts for the other: an entry takes its own card's messages.
#[test]
fn a_card_posts_for_its_own_guest() {
    let mut settings = posting(GuestKind::Hvm, "intpost");
    settings.guests[1].boots_with.push(OTHER_CARD);
    // The second entry of the unit's table is the other card's.
    let forged = Act::Aim(GUEST, CARD, Target::Address(0xFEE0_0030), Payload::Word(0));
    settings.acts = acts(&[Act::Arrive(CARD, 60), Act::Arrive(OTHER_CARD, 60), forged]);
    let machine = run(&settings);
    let what = [Count::Received, Count::Interrupts, Count::ForgedInterrupts, Count::MessagesBlocked];
    assert_eq!(counts(&machine, what), [2, 3, 0, 1]);
    assert_eq!(posted_and_exits(&machine), [3, 0]);
}

/// A descriptor goes with its guest.
#[test]
fn nothing_is_left_of_a_guest() {
    let mut settings = posting(GuestKind::Hvm, "intpost");
    settings.acts = acts(&[Act::Arrive(CARD, 60), Act::Destroy(GUEST), Act::Destroy(OTHER)]);
    let mut left = settings.clone();
    left.unit = Some(Capabilities::typical());
    let free = |settings: &Settings| {
        let machine = run(settings);
        assert!(!machine.is_alive(GUEST) && machine.next().is_none());
        machine.xen().memory.free_frames()
    };
    assert_eq!(free(&settings), free(&left));
    settings.acts.push((Time::from_millis(20_000), Act::Arrive(CARD, 60)));
    assert_eq!(counts(&run(&settings), [Count::Interrupts]), [1]);
}
