//! Cards with memory that firmware has reserved for them: where they get, whoever has them, and who does not get them.

use sim_wasm::actors::log::Event;
use sim_wasm::actors::log::vtd::Vtd;
use sim_wasm::hypervisor::passthrough::options::{GuestKind, Switch, Version};
use sim_wasm::hypervisor::passthrough::repairs::Repairs;
use sim_wasm::hypervisor::passthrough::step::Step;
use sim_wasm::machine::given_away::reserved::frames_of;
use sim_wasm::machine::given_away::settings::{Act, CardId, Payload, Reserved, Settings, Target};
use sim_wasm::machine::given_away::tally::{Count, Landing};
use sim_wasm::machine::given_away::{FRAMES, GivenAway, NoMachine};
use sim_wasm::words::ids::{Dfn, Mfn};
use sim_wasm::words::time::Time;

use crate::world::{BOTH, CARD, GUEST, OTHER, acts, counts, run, settings};

const OTHER_CARD: CardId = CardId(1);
const AIM: Act = Act::Aim(GUEST, CARD, Target::ReservedFor(CARD), Payload::Packet(100));

fn with(mut settings: Settings, reserved: Reserved) -> Settings {
    settings.reserved.push(reserved);
    settings
}

/// Whether a guest's tables lead to what is reserved for a card.
fn is_mapped(machine: &GivenAway, settings: &Settings, card: CardId) -> bool {
    frames_of(&settings.reserved, card).all(|frame| {
        let leads = machine.iommus().look_up(&machine.xen().memory, GivenAway::domain_of(GUEST), Dfn(frame.0));
        leads.is_some_and(|(to, _)| to == frame)
    })
}

#[test]
fn a_card_reaches_what_is_reserved_for_it_while_a_guest_has_it() {
    for version in BOTH {
        for kind in [GuestKind::Pv, GuestKind::Hvm] {
            for usb in [Switch::Off, Switch::On] {
                let reserved = Reserved { pages: 3, usb, ..Reserved::for_card(CARD) };
                let mut settings = with(settings(kind, version), reserved);
                settings.acts = acts(&[AIM]);
                let machine = run(&settings);
                // 3.3 leaves USB controllers out.
                let there = version.0 == Version::Today || !usb.is_on();
                let expect = if there { [100, 0] } else { [0, 1] };
                let what = [Count::Written(Landing::Reserved), Count::Blocked];
                assert_eq!(counts(&machine, what), expect, "{version:?} {kind:?} {usb:?}");
                assert_eq!(is_mapped(&machine, &settings, CARD), there);
                let written = machine.xen().memory.xen_page(Mfn(FRAMES)).read_u8(99);
                assert_eq!(written, if there { 0xEE } else { 0 });

                settings.acts.push((Time::from_millis(6_000), Act::Unplug(GUEST, CARD)));
                assert!(!is_mapped(&run(&settings), &settings, CARD), "{version:?} {kind:?}");
            }
        }
    }
}

/// What is reserved for a card is no other's.
#[test]
fn another_card_does_not_reach_it() {
    for kind in [GuestKind::Pv, GuestKind::Hvm] {
        let mut settings = with(settings(kind, BOTH[0]), Reserved::for_card(OTHER_CARD));
        settings.acts = acts(&[Act::Aim(GUEST, CARD, Target::ReservedFor(OTHER_CARD), Payload::Packet(100))]);
        assert_eq!(counts(&run(&settings), [Count::Written(Landing::Nobody), Count::Blocked]), [0, 1]);
        settings.unit = None;
        if kind == GuestKind::Pv {
            assert_eq!(counts(&run(&settings), [Count::Written(Landing::Nobody), Count::Blocked]), [100, 0]);
        }
    }
}

#[test]
fn who_shares_reserved_memory_is_not_given_away_today_unless_that_is_relaxed() {
    for (version, relaxed, expect) in
        [(BOTH[0], Switch::Off, [1, 0]), (BOTH[0], Switch::On, [0, 1]), (BOTH[1], Switch::Off, [0, 1])]
    {
        for kind in [GuestKind::Pv, GuestKind::Hvm] {
            let reserved = Reserved { cards: vec![CARD, OTHER_CARD], ..Reserved::for_card(CARD) };
            let mut settings = with(settings(kind, version), reserved);
            settings.relaxed_rdm = relaxed;
            let machine = run(&settings);
            assert_eq!(counts(&machine, [Count::Refused, Count::Plugged]), expect, "{version:?} {kind:?}");
            assert_eq!(machine.is_alive(GUEST), expect[1] == 1);
            assert!(machine.is_alive(OTHER));
        }
    }
}

/// One of two cards that share reserved memory goes, and the other still has it.
#[test]
fn what_two_cards_share_stays_for_the_second() {
    for version in BOTH {
        for kind in [GuestKind::Pv, GuestKind::Hvm] {
            let reserved = Reserved { cards: vec![CARD, OTHER_CARD], ..Reserved::for_card(CARD) };
            let mut settings = with(settings(kind, version), reserved);
            settings.relaxed_rdm = Switch::On;
            settings.guests[0].boots_with.push(OTHER_CARD);
            settings.acts = acts(&[Act::Unplug(GUEST, OTHER_CARD)]);
            settings.acts.push((Time::from_millis(9_000), AIM));
            let machine = run(&settings);
            let what = [Count::Unplugged, Count::Written(Landing::Reserved), Count::Blocked];
            assert_eq!(counts(&machine, what), [1, 100, 0], "{version:?} {kind:?}");
        }
    }
}

/// XSA-400: a card that uses its reserved memory all the time is cut off from it on its way, or not.
#[test]
fn reserved_memory_is_there_on_the_way() {
    for (version, switches_at_once, cut_off) in [(BOTH[0], true, false), (BOTH[0], false, true), (BOTH[1], true, true)]
    {
        let reserved = Reserved { in_use: Switch::On, ..Reserved::for_card(CARD) };
        let mut settings = with(settings(GuestKind::Pv, version), reserved);
        settings.repairs = Repairs { switches_at_once, ..Repairs::ALL };
        settings.acts = acts(&[Act::Unplug(GUEST, CARD)]);
        let machine = run(&settings);
        let blocked = |event: &Event| matches!(event, Event::Vtd(Vtd::Xen(Step::InFlightBlocked { .. })));
        let found = machine.log().entries().iter().any(|entry| blocked(&entry.event));
        assert_eq!(found, cut_off, "{version:?} {switches_at_once}");
        assert_eq!(counts(&machine, [Count::Unplugged]), [1]);
    }
}

/// XSA-378: an HVM guest puts its card's registers over what is reserved for the card, and elsewhere again.
#[test]
fn a_guest_does_not_unmap_reserved_memory() {
    for (protects_rmrr, expect) in [(true, [100, 0]), (false, [0, 1])] {
        let mut settings = with(settings(GuestKind::Hvm, BOTH[0]), Reserved::for_card(CARD));
        settings.repairs = Repairs { protects_rmrr, ..Repairs::ALL };
        settings.acts = acts(&[Act::Move(GUEST, CARD, FRAMES), Act::Move(GUEST, CARD, 0xF_3000), AIM]);
        let machine = run(&settings);
        let what = [Count::Written(Landing::Reserved), Count::Blocked];
        assert_eq!(counts(&machine, what), expect, "{protects_rmrr}");
        settings.acts.push((Time::from_millis(6_000), Act::Destroy(GUEST)));
        let machine = run(&settings);
        assert!(!machine.is_alive(GUEST) && machine.xen().domains().len() == 2, "it goes all the same");
    }
}

#[test]
fn there_is_room_for_so_much() {
    let mut settings = settings(GuestKind::Pv, BOTH[0]);
    for (pages, expect) in [(0, Ok(())), (16, Ok(())), (17, Err(NoMachine::TooMany))] {
        settings.reserved = vec![Reserved { pages, ..Reserved::for_card(CARD) }];
        assert_eq!(settings.check(), expect);
        assert_eq!(GivenAway::new(&settings).map(|_| ()), expect);
    }
}
