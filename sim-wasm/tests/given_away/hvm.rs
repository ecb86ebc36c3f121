//! HVM guests with a device model.

use sim_wasm::hypervisor::passthrough::options::{GuestKind, Version};
use sim_wasm::machine::given_away::settings::{Act, CardId, GuestSettings, Settings};
use sim_wasm::machine::given_away::tally::{Count, Landing};
use sim_wasm::words::ids::DomId;
use sim_wasm::words::time::Time;

use crate::world::{BOTH, CARD, GUEST, OTHER, acts, counts, options, run, settings, story};

#[test]
fn a_card_is_given_driven_and_taken_back() {
    for version in BOTH {
        let mut settings = settings(GuestKind::Hvm, version);
        settings.acts = acts(&[Act::Arrive(CARD, 1514), Act::Send(GUEST, CARD, 700), Act::Unplug(GUEST, CARD)]);
        let machine = run(&settings);
        let expect: &[&str] = match version.0 {
            Version::Today => &[
                "to nobody",
                "asked",
                "reset",
                "slot",
                "to guest",
                "mapped",
                "bound",
                "event",
                "unmapped",
                "ejected",
                "reset",
                "to nobody",
            ],
            Version::Xen33 => {
                &["asked", "slot", "to guest", "mapped", "bound", "event", "unmapped", "ejected", "to dom0", "reset"]
            }
        };
        assert_eq!(story(&machine), expect);
        let done = [Count::Received, Count::Sent, Count::Interrupts, Count::Plugged, Count::Unplugged, Count::Damaged];
        assert_eq!(counts(&machine, done), [1, 1, 2, 1, 1, 0]);
        let bytes = [Count::Read(Landing::Own), Count::Written(Landing::Own)];
        assert_eq!(counts(&machine, bytes), [16 + 16 + 700, 1514 + 5 + 1]);
    }
}

#[test]
fn a_card_comes_while_the_guest_runs() {
    for version in BOTH {
        let guests = vec![GuestSettings::new(GuestKind::Hvm), GuestSettings::new(GuestKind::Pv)];
        let mut settings = Settings::new(options(version), guests);
        settings.acts = acts(&[Act::MakeAssignable(CARD), Act::Plug(GUEST, CARD)]);
        settings.acts.push((Time::from_millis(9_000), Act::Arrive(CARD, 3_000)));
        settings.acts.push((Time::from_millis(9_500), Act::Plug(OTHER, CARD)));
        let machine = run(&settings);
        assert_eq!(counts(&machine, [Count::Plugged, Count::Received, Count::Refused]), [1, 1, 1]);
        assert_eq!(machine.owner(CARD), DomId(1));
    }
}

/// Either toolstack asks before it begins, and an HVM guest that cannot have its card is not built.
#[test]
fn without_a_unit_there_is_no_guest() {
    for version in BOTH {
        let mut settings = settings(GuestKind::Hvm, version);
        settings.unit = None;
        let machine = run(&settings);
        assert_eq!(story(&machine), ["not assignable"]);
        assert_eq!(counts(&machine, [Count::Refused, Count::Plugged]), [1, 0]);
        assert!(!machine.is_alive(GUEST) && machine.is_alive(OTHER));
    }
}

/// 3.3 has two slots that a card can be taken out of: the third stays.
#[test]
fn a_third_card_of_3_3_cannot_be_taken_out() {
    let mut guest = GuestSettings::new(GuestKind::Hvm);
    guest.boots_with = (0..3).map(CardId).collect();
    let mut settings = Settings::new(options(BOTH[1]), vec![guest]);
    settings.cards.push(settings.cards[0]);
    settings.acts = acts(&[Act::Arrive(CardId(2), 60), Act::Unplug(GUEST, CardId(2)), Act::Unplug(GUEST, CardId(1))]);
    let machine = run(&settings);
    assert_eq!(counts(&machine, [Count::Plugged, Count::Received, Count::Refused, Count::Unplugged]), [3, 1, 1, 1]);
    assert_eq!([0, 1, 2].map(|card| machine.owner(CardId(card))), [DomId(1), DomId::DOM0, DomId(1)]);
}
