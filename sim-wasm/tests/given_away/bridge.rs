//! Cards on a conventional bus, behind a bridge that speaks for all of them.

use sim_wasm::actors::log::Event;
use sim_wasm::actors::log::vtd::Vtd;
use sim_wasm::hypervisor::passthrough::options::{GuestKind, Switch, Version};
use sim_wasm::machine::given_away::GivenAway;
use sim_wasm::machine::given_away::settings::{
    Act, CardId, CardSettings, GuestSettings, Messages, Payload, Settings, Target,
};
use sim_wasm::machine::given_away::tally::{Count, Landing};
use sim_wasm::words::ids::{Bdf, DomId};
use sim_wasm::words::time::Time;

use crate::world::{BOTH, CARD, GUEST, OTHER, acts, counts, run, settings, story};

const OTHER_CARD: CardId = CardId(1);
/// Whom the bridge names.
const BEHIND: Bdf = Bdf::new(12, 0, 0);

/// Two cards behind the bridge: the first is the guest's, and so is the second, or it is the other guest's.
fn neighbours(kind: GuestKind, version: (Version, Option<&str>), together: bool) -> Settings {
    let mut settings = settings(kind, version);
    settings.cards = vec![CardSettings::BEHIND_BRIDGE; 2];
    settings.guests[usize::from(!together)].boots_with.push(OTHER_CARD);
    settings
}

/// A card alone behind its bridge is as good as any, under another's name, by message and by table.
#[test]
fn a_card_alone_behind_its_bridge_is_given_driven_and_taken_back() {
    for version in BOTH {
        for kind in [GuestKind::Pv, GuestKind::Hvm] {
            for messages in [Messages::Msi, Messages::MsiX] {
                let mut settings = settings(kind, version);
                settings.acts = acts(&[Act::Arrive(CARD, 1514), Act::Send(GUEST, CARD, 700), Act::Unplug(GUEST, CARD)]);
                let plain = story(&run(&settings));
                settings.cards[0] = CardSettings { messages, ..CardSettings::BEHIND_BRIDGE };
                let machine = run(&settings);
                assert_eq!(story(&machine), plain, "{version:?} {kind:?}");
                let done = [Count::Received, Count::Sent, Count::Interrupts, Count::ForgedInterrupts, Count::Unplugged];
                assert_eq!(counts(&machine, done), [1, 1, 2, 0, 1], "{version:?} {kind:?}");
                let bytes = [Count::Read(Landing::Own), Count::Written(Landing::Own)];
                assert_eq!(counts(&machine, bytes), [16 + 16 + 700, 1514 + 5 + 1]);
                let free = if version.0 == Version::Today { DomId::IO } else { DomId::DOM0 };
                assert_eq!((machine.owner(CARD), machine.owners().of(BEHIND)), (free, Some(free)));
                let named = |event: &Event| match event {
                    Event::Vtd(Vtd::Passed { source, .. } | Vtd::RangRemapped { source, .. }) => Some(*source),
                    _ => None,
                };
                assert!(
                    machine.log().entries().iter().filter_map(|entry| named(&entry.event)).all(|one| one == BEHIND)
                );
            }
        }
    }
}

#[test]
fn neighbours_are_one_guest_s() {
    for version in BOTH {
        for kind in [GuestKind::Pv, GuestKind::Hvm] {
            let mut settings = neighbours(kind, version, true);
            settings.acts = acts(&[Act::Arrive(CARD, 1514), Act::Arrive(OTHER_CARD, 60)]);
            let machine = run(&settings);
            let what = [Count::Plugged, Count::Received, Count::Interrupts, Count::ForgedInterrupts, Count::Refused];
            assert_eq!(counts(&machine, what), [2, 2, 2, 0, 0], "{version:?} {kind:?}");
        }
    }
}

/// xend does not build a guest with a card of which another guest has a neighbour. Without a unit it cannot know, and does not
/// either.
#[test]
fn xend_refuses_a_neighbour_of_another_guest_s_card() {
    for kind in [GuestKind::Pv, GuestKind::Hvm] {
        let machine = run(&neighbours(kind, BOTH[1], false));
        assert!(machine.is_alive(GUEST) && !machine.is_alive(OTHER), "{kind:?}");
        assert_eq!(counts(&machine, [Count::Plugged, Count::Refused]), [1, 1]);
        assert_eq!((machine.owner(CARD), machine.owner(OTHER_CARD)), (DomId(1), DomId::DOM0));
    }
    let mut settings = neighbours(GuestKind::Pv, BOTH[1], false);
    settings.unit = None;
    assert_eq!(counts(&run(&settings), [Count::Plugged, Count::Refused]), [0, 2]);
}

/// Nobody looks today: the ID of both goes with the card that was given last, and the other card then takes its guest's
/// descriptors from the neighbour's memory.
#[test]
fn today_neighbours_go_to_two_guests_and_the_last_one_s_tables_count() {
    for (kind, expect) in [(GuestKind::Pv, [0, 1]), (GuestKind::Hvm, [1000 + 5, 0])] {
        let mut settings = neighbours(kind, BOTH[0], false);
        settings.acts = acts(&[Act::Arrive(OTHER_CARD, 60), Act::Arrive(CARD, 1000)]);
        let machine = run(&settings);
        assert_eq!((machine.owner(CARD), machine.owner(OTHER_CARD)), (DomId(1), DomId(2)));
        assert_eq!(machine.owners().of(BEHIND), Some(DomId(2)));
        // A PV guest's tables have none of the other's frames; two HVM guests have their rings at the same pages.
        assert_eq!(counts(&machine, [Count::Written(Landing::Neighbour), Count::Blocked]), expect, "{kind:?}");
    }
}

/// One of two neighbours is taken from the guest that has both: the other has lost its tables, and in 3.3 has dom0's, and was
/// reset with it.
#[test]
fn who_goes_takes_the_neighbour_s_tables_along() {
    for (version, blocked) in [(BOTH[0], 1), (BOTH[1], 0)] {
        for kind in [GuestKind::Pv, GuestKind::Hvm] {
            let mut settings = neighbours(kind, version, true);
            settings.acts = acts(&[Act::Unplug(GUEST, CARD)]);
            settings.acts.push((Time::from_millis(9_000), Act::Arrive(OTHER_CARD, 60)));
            let machine = run(&settings);
            let holder = if version.0 == Version::Today { DomId::IO } else { DomId::DOM0 };
            assert_eq!((machine.owner(OTHER_CARD), machine.owners().of(BEHIND)), (DomId(1), Some(holder)));
            // Today its ring is out of reach; in 3.3 it has none any more, and drops what comes.
            assert_eq!(counts(&machine, [Count::Blocked, Count::Received]), [blocked, 0], "{version:?} {kind:?}");
            assert_eq!(machine.hardware().cards[1].dropped(), 1);
        }
    }
}

/// On a conventional bus everybody hears everybody, whatever ports may redirect.
#[test]
fn neighbours_write_each_other_s_registers_and_tables() {
    let mut settings = neighbours(GuestKind::Pv, BOTH[0], true);
    settings.cards[1].messages = Messages::MsiX;
    let aim = |target, payload| Act::Aim(GUEST, CARD, target, payload);
    settings.acts = acts(&[
        aim(Target::RegistersOf(OTHER_CARD), Payload::Packet(64)),
        aim(Target::TableOf(OTHER_CARD), Payload::Word(0xFEE0_0000)),
    ]);
    let machine = run(&settings);
    assert_eq!(settings.access_control, Switch::On);
    assert_eq!(counts(&machine, [Count::Written(Landing::Registers), Count::Blocked]), [64 + 4, 0]);
    let table = machine.hardware().functions[1].msix.as_ref().expect("it has one");
    assert_eq!(table.message(0).address, 0xFEE0_0000);
    assert_ne!(machine.message_of(OTHER_CARD, 0), Some(table.message(0)));
}

/// Xen counts the faults of a card by its ID, and a card behind a bridge has none of its own.
#[test]
fn a_card_behind_a_bridge_is_not_silenced() {
    for (card, expect) in [(CardSettings::PLAIN, [1, 10]), (CardSettings::BEHIND_BRIDGE, [0, 12])] {
        let mut settings = settings(GuestKind::Pv, BOTH[0]);
        settings.cards[0] = card;
        let started = Time::from_millis(5_000);
        let peek = Act::Peek(GUEST, CARD, Target::XenHeap(0), 60);
        settings.acts = (0..12).map(|number| (started + number * 100_000, peek)).collect();
        let machine = run(&settings);
        assert_eq!(counts(&machine, [Count::Silenced, Count::FaultsRecorded]), expect);
    }
}

/// Cards with ports of their own are where they were.
#[test]
fn a_bridge_moves_nobody_else() {
    let mut settings = settings(GuestKind::Hvm, BOTH[0]);
    settings.cards = vec![CardSettings::PLAIN, CardSettings::BEHIND_BRIDGE, CardSettings::PLAIN];
    settings.guests[1] = GuestSettings::with(GuestKind::Pv, CardId(2));
    let machine = GivenAway::new(&settings).expect("there is such a machine");
    let places = [0, 1, 2].map(|card| machine.hardware().place(CardId(card)));
    assert_eq!(places, [Bdf::new(3, 0, 0), Bdf::new(12, 2, 0), Bdf::new(5, 0, 0)]);
}
