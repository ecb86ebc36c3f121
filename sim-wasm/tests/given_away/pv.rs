//! PV guests with pcifront.

use sim_wasm::hypervisor::io_permissions::MmioAccess;
use sim_wasm::hypervisor::passthrough::options::{GuestKind, Switch, Version};
use sim_wasm::machine::given_away::GivenAway;
use sim_wasm::machine::given_away::hardware::registers_of;
use sim_wasm::machine::given_away::settings::{Act, CardId};
use sim_wasm::machine::given_away::tally::{Count, Landing};
use sim_wasm::words::ids::{DomId, Mfn};
use sim_wasm::words::time::Time;

use crate::world::{BOTH, CARD, GUEST, OTHER, acts, counts, run, settings, story};

/// From dom0's driver to the guest's and back: each act in its toolstack's order, and packets while the guest has the card.
#[test]
fn a_card_is_given_driven_and_taken_back() {
    for version in BOTH {
        let mut settings = settings(GuestKind::Pv, version);
        settings.acts = acts(&[Act::Arrive(CARD, 1514), Act::Send(GUEST, CARD, 700), Act::Unplug(GUEST, CARD)]);
        settings.acts.push((Time::from_millis(8_000), Act::GiveBack(CARD)));
        let machine = run(&settings);
        let expect: &[&str] = match version.0 {
            Version::Today => &[
                "to nobody",
                "reset",
                "to guest",
                "exported",
                "found",
                "message",
                "reset",
                "to nobody",
                "removed",
                "released",
                "reset",
                "to dom0",
            ],
            Version::Xen33 => &["to guest", "exported", "found", "message", "removed", "released", "reset", "to dom0"],
        };
        assert_eq!(story(&machine), expect);
        let done = [Count::Received, Count::Sent, Count::Interrupts, Count::Plugged, Count::Unplugged, Count::Damaged];
        assert_eq!(counts(&machine, done), [1, 1, 2, 1, 1, 0]);
        // Two descriptors read and a packet; a packet and two ends of descriptors written.
        let bytes = [Count::Read(Landing::Own), Count::Written(Landing::Own)];
        assert_eq!(counts(&machine, bytes), [16 + 16 + 700, 1514 + 5 + 1]);
        assert_eq!(machine.hardware().cards[0].sent()[0].len(), 700);
        assert_eq!(
            (machine.owner(CARD), machine.owners().of(machine.hardware().place(CARD))),
            (DomId::DOM0, Some(DomId::DOM0))
        );
        assert!(!machine.drives(GUEST, CARD));
    }
}

#[test]
fn a_card_goes_from_one_running_guest_to_another() {
    for version in BOTH {
        let mut settings = settings(GuestKind::Pv, version);
        settings.acts = acts(&[Act::Unplug(GUEST, CARD)]);
        settings.acts.push((Time::from_millis(8_000), Act::Plug(OTHER, CARD)));
        settings.acts.push((Time::from_millis(12_000), Act::Arrive(CARD, 60)));
        let machine = run(&settings);
        assert_eq!(counts(&machine, [Count::Plugged, Count::Unplugged, Count::Received]), [2, 1, 1]);
        let registers = Mfn((registers_of(CARD) >> 12) as u32);
        let may = [GUEST, OTHER].map(|guest| machine.permissions().frame(GivenAway::domain_of(guest), registers));
        assert_eq!(may, [MmioAccess::None, MmioAccess::ReadWrite]);
        assert!(machine.drives(OTHER, CARD) && !machine.drives(GUEST, CARD));
    }
}

/// A card that is dom0's driver's, or another guest's, is not given.
#[test]
fn what_is_not_assignable_is_not_given() {
    for version in BOTH {
        let mut settings = settings(GuestKind::Pv, version);
        let other = CardId(1);
        let before = story(&run(&settings));
        settings.acts =
            acts(&[Act::Plug(OTHER, CARD), Act::Plug(OTHER, other), Act::GiveBack(CARD), Act::Unplug(OTHER, CARD)]);
        let machine = run(&settings);
        assert_eq!(counts(&machine, [Count::Refused, Count::Plugged]), [4, 1]);
        assert_eq!(story(&machine), before, "nobody touches a card of another guest's");
        assert_eq!((machine.owner(CARD), machine.owner(other)), (DomId(1), DomId::DOM0));
    }
}

/// Without a unit Xen refuses to assign, and both toolstacks go on; today pciback gets no message for a card that is dom0's
/// still, and the driver takes its line.
#[test]
fn without_a_unit_the_guest_has_the_card_all_the_same() {
    for version in BOTH {
        let mut settings = settings(GuestKind::Pv, version);
        settings.unit = None;
        settings.acts = acts(&[Act::Arrive(CARD, 60), Act::Arrive(CARD, 60)]);
        let machine = run(&settings);
        let done = [Count::Unassigned, Count::Plugged, Count::Received, Count::Interrupts];
        assert_eq!(counts(&machine, done), [1, 1, 2, 2]);
        assert_eq!(machine.owner(CARD), DomId::DOM0);
        assert_eq!(story(&machine).contains(&"message"), version.0 == Version::Xen33);
    }
}

/// A run is a function of its settings, and its log changes nothing.
#[test]
fn a_run_without_a_log_is_the_same_run() {
    let mut settings = settings(GuestKind::Pv, BOTH[0]);
    settings.acts = acts(&[Act::Arrive(CARD, 1514), Act::Die(GUEST)]);
    let told = run(&settings);
    assert_eq!(told.fingerprint(), run(&settings).fingerprint());
    settings.log = Switch::Off;
    let silent = run(&settings);
    assert_eq!((silent.tally(), silent.log().entries().len()), (told.tally(), 0));
    assert_eq!(silent.state(), told.state());
    assert_ne!(silent.fingerprint(), told.fingerprint(), "one of them has a log");
}
