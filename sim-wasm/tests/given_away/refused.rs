//! What the toolstack refuses changes nothing, and what it cannot give it takes back; what it cannot take stays half taken. And
//! what it does it does with the cards of that moment.

use sim_wasm::actors::log::hvm::Hvm;
use sim_wasm::actors::log::{Entry, Event};
use sim_wasm::hypervisor::io_permissions::{IoPermissions, MmioAccess};
use sim_wasm::hypervisor::passthrough::options::{GuestKind, Options, Version};
use sim_wasm::hypervisor::vtd::capabilities::{Capabilities, ECAP_INTERRUPTS};
use sim_wasm::machine::given_away::hardware::registers_of;
use sim_wasm::machine::given_away::settings::{Act, AtReset, CardId, CardSettings, GuestId, GuestSettings, Settings};
use sim_wasm::machine::given_away::tally::Count;
use sim_wasm::machine::given_away::{GivenAway, NoMachine};
use sim_wasm::words::ids::{DomId, Mfn};
use sim_wasm::words::time::Time;

use crate::world::{BOTH, CARD, GUEST, OTHER, acts, counts, options, run, settings, story};

fn may(machine: &GivenAway, guest: GuestId) -> MmioAccess {
    machine.permissions().frame(GivenAway::domain_of(guest), Mfn((registers_of(CARD) >> 12) as u32))
}

fn resets(machine: &GivenAway) -> usize {
    story(machine).iter().filter(|word| **word == "reset").count()
}

/// Whoever has a card already, or asks for another's, is refused; the owner drives on.
#[test]
fn a_card_that_is_not_given_stays_its_owner_s() {
    for version in BOTH {
        for kind in [GuestKind::Pv, GuestKind::Hvm] {
            let mut settings = settings(kind, version);
            settings.acts = acts(&[Act::Arrive(CARD, 60)]);
            let plain = run(&settings);
            settings.acts = acts(&[Act::Plug(GUEST, CARD), Act::Plug(OTHER, CARD)]);
            settings.acts.push((Time::from_millis(9_000), Act::Arrive(CARD, 60)));
            let machine = run(&settings);
            assert_eq!(counts(&machine, [Count::Refused, Count::Received, Count::RegistersRefused]), [2, 1, 0]);
            assert_eq!(machine.permissions(), plain.permissions(), "{version:?} {kind:?}");
            assert_eq!((may(&machine, GUEST), machine.owner(CARD)), (MmioAccess::ReadWrite, DomId(1)));
            assert_eq!(resets(&machine), resets(&plain));
        }
    }
}

/// Without a unit Xen has no owner to look at: the toolstack keeps books, and looks before it touches the card.
#[test]
fn a_guest_is_not_built_with_another_s_card() {
    for version in BOTH {
        let mut settings = settings(GuestKind::Pv, version);
        settings.guests[1].boots_with.push(CARD);
        settings.unit = None;
        settings.acts = acts(&[Act::Arrive(CARD, 60)]);
        let machine = run(&settings);
        assert!(machine.is_alive(GUEST) && !machine.is_alive(OTHER), "{version:?}");
        assert_eq!(counts(&machine, [Count::Refused, Count::Plugged, Count::Received]), [1, 1, 1]);
        assert_eq!([GUEST, OTHER].map(|guest| may(&machine, guest)), [MmioAccess::ReadWrite, MmioAccess::None]);
        assert_eq!(resets(&machine), usize::from(version.0 == Version::Today));
    }
}

/// Watches are so slow that neither toolstack waits for the drivers to connect.
const SLOW: u64 = 11_000_000_000;

#[test]
fn a_guest_whose_card_does_not_come_is_taken_down_again() {
    for version in BOTH {
        let mut settings = settings(GuestKind::Pv, version);
        settings.delays.watch = SLOW;
        let machine = run(&settings);
        assert!(!machine.is_alive(GUEST) && machine.is_alive(OTHER), "{version:?}");
        assert_eq!(counts(&machine, [Count::Refused, Count::Plugged]), [1, 0]);
        assert_eq!((machine.owner(CARD), machine.permissions()), (DomId::DOM0, &IoPermissions::new()));
        assert_eq!(machine.xen().domains().len(), 2, "dom0, and the other guest");
    }
}

#[test]
fn a_card_that_does_not_come_is_nobody_s_and_the_guest_runs_on() {
    for version in BOTH {
        let guests = vec![GuestSettings::new(GuestKind::Pv), GuestSettings::with(GuestKind::Hvm, CardId(1))];
        let mut settings = Settings::new(options(version), guests);
        settings.delays.watch = SLOW;
        settings.acts = acts(&[Act::MakeAssignable(CARD), Act::Plug(GUEST, CARD)]);
        let machine = run(&settings);
        assert!(machine.is_alive(GUEST) && !machine.drives(GUEST, CARD), "{version:?}");
        assert_eq!(may(&machine, GUEST), MmioAccess::None);
        let free = if version.0 == Version::Today { DomId::IO } else { DomId::DOM0 };
        assert_eq!(machine.owner(CARD), free);
        assert!(story(&machine).contains(&"released"), "pciback has let it go");
    }
}

/// A guest dies while it gets a card: its device model went with it, and nobody asks that one to let the card go.
#[test]
fn a_dead_guest_s_device_model_is_asked_nothing() {
    for version in BOTH {
        let guests = vec![GuestSettings::new(GuestKind::Hvm), GuestSettings::new(GuestKind::Hvm)];
        let mut settings = Settings::new(options(version), guests);
        settings.acts = acts(&[Act::MakeAssignable(CARD), Act::Plug(GUEST, CARD)]);
        let mut machine = GivenAway::new(&settings).expect("there is such a machine");
        while !story(&machine).contains(&"slot") {
            assert!(machine.step(), "{version:?}: the guest comes to see the card");
        }
        machine.carry_out(Act::Die(GUEST));
        let told = machine.log().entries().len();
        machine.run();
        let is_asked = |entry: &Entry| matches!(entry.event, Event::Hotplug(_));
        assert!(!machine.log().entries()[told..].iter().any(is_asked), "{version:?}");
        assert_eq!(counts(&machine, [Count::Refused, Count::Plugged]), [1, 0]);
        let free = if version.0 == Version::Today { DomId::IO } else { DomId::DOM0 };
        assert_eq!((machine.owner(CARD), may(&machine, GUEST)), (free, MmioAccess::None));
    }
}

/// A guest is so slow that neither toolstack waits for it to let its card go. The card stays the guest's, since nothing was taken
/// before the wait. When the guest lets it go after all, 3.3's device model has Xen take it, and today's only lets it go.
#[test]
fn a_card_that_is_not_let_go_stays_the_guest_s() {
    for version in BOTH {
        let mut settings = settings(GuestKind::Hvm, version);
        settings.delays.system = SLOW;
        let at = Time::from_millis;
        settings.acts = vec![(at(15_000), Act::Unplug(GUEST, CARD)), (at(25_500), Act::Plug(OTHER, CARD))];
        settings.until = at(25_900);
        let machine = run(&settings);
        assert_eq!(counts(&machine, [Count::Refused, Count::Unplugged]), [2, 0], "{version:?}");
        assert!(machine.drives(GUEST, CARD) && !machine.drives(OTHER, CARD));
        assert_eq!((machine.owner(CARD), may(&machine, GUEST)), (DomId(1), MmioAccess::ReadWrite));

        settings.until = at(30_000);
        let late = run(&settings);
        assert!(!late.drives(GUEST, CARD));
        let owner = if version.0 == Version::Today { DomId(1) } else { DomId::DOM0 };
        assert_eq!((late.owner(CARD), may(&late, GUEST)), (owner, MmioAccess::ReadWrite));
        assert_eq!((resets(&late), late.tally().get(Count::Unplugged)), (resets(&machine), 0));
    }
}

/// Watches are so slow that a PV guest connects in time, and lets its card go too late. Nothing of the job is undone: in 3.3, which
/// waits first, the card stays the guest's, and today it has been taken. The toolstack counts it as the guest's either way, and
/// gives it to nobody before that guest is destroyed.
#[test]
fn a_card_that_is_let_go_too_late_stays_half_taken() {
    for version in BOTH {
        let mut settings = settings(GuestKind::Pv, version);
        settings.delays.watch = 3_000_000_000;
        let at = Time::from_millis;
        let (plug, unplug) = (Act::Plug(OTHER, CARD), Act::Unplug(GUEST, CARD));
        settings.acts = vec![(at(15_000), unplug), (at(30_000), plug), (at(45_000), Act::Destroy(GUEST))];
        settings.until = at(40_000);
        let machine = run(&settings);
        assert_eq!(counts(&machine, [Count::Refused, Count::Unplugged]), [2, 0], "{version:?}");
        let left = (machine.owner(CARD), may(&machine, GUEST), resets(&machine));
        let expect = match version.0 {
            Version::Today => (DomId::IO, MmioAccess::None, 3),
            Version::Xen33 => (DomId(1), MmioAccess::ReadWrite, 0),
        };
        assert_eq!(left, expect);
        assert!(!machine.drives(GUEST, CARD) && story(&machine).contains(&"removed"), "it was let go after all");

        settings.until = at(60_000);
        settings.acts.push((at(50_000), plug));
        let machine = run(&settings);
        assert_eq!((machine.owner(CARD), may(&machine, GUEST)), (DomId(2), MmioAccess::None), "{version:?}");
        assert_eq!(counts(&machine, [Count::Refused, Count::Plugged]), [2, 2]);
    }
}

/// A guest that dies has nothing to do with a card that it had once.
#[test]
fn a_dead_guest_resets_no_card_that_it_has_lost() {
    for kind in [GuestKind::Pv, GuestKind::Hvm] {
        let mut settings = settings(kind, BOTH[0]);
        settings.acts = acts(&[Act::Unplug(GUEST, CARD)]);
        settings.acts.push((Time::from_millis(20_000), Act::GiveBack(CARD)));
        let before = run(&settings);
        settings.acts.push((Time::from_millis(25_000), Act::Die(GUEST)));
        let machine = run(&settings);
        assert_eq!(story(&machine), story(&before), "{kind:?}");
        assert!(!machine.is_alive(GUEST) && machine.owner(CARD) == DomId::DOM0);
    }
}

/// All of it is put down in one moment: when the guest is destroyed, its card is the neighbour's.
#[test]
fn a_guest_is_destroyed_with_the_cards_that_it_has_then() {
    for version in BOTH {
        let mut settings = settings(GuestKind::Pv, version);
        let put_down = Time::from_millis(5_000);
        let jobs = [Act::Unplug(GUEST, CARD), Act::Plug(OTHER, CARD), Act::Destroy(GUEST)];
        settings.acts = jobs.map(|act| (put_down, act)).to_vec();
        settings.acts.push((Time::from_millis(20_000), Act::Arrive(CARD, 60)));
        let machine = run(&settings);
        assert!(machine.drives(OTHER, CARD) && !machine.is_alive(GUEST), "{version:?}");
        assert_eq!(counts(&machine, [Count::Refused, Count::Received]), [0, 1]);

        // And a card that comes before it is destroyed is reset with it.
        let other = CardId(1);
        let jobs = [Act::MakeAssignable(other), Act::Plug(GUEST, other), Act::Destroy(GUEST)];
        settings.acts = jobs.map(|act| (put_down, act)).to_vec();
        let machine = run(&settings);
        let told = story(&machine);
        let free = if version.0 == Version::Today { "to nobody" } else { "to dom0" };
        let last = told.iter().rposition(|word| *word == free).expect("it was taken");
        assert_eq!(told[last - 1], "reset", "{told:?}");
        assert_eq!(counts(&machine, [Count::Refused, Count::Plugged]), [0, 2]);
    }
}

/// Nobody resets a card in 3.3 before the next guest has it: its driver does, or it takes descriptors that were never filled.
#[test]
fn a_driver_begins_with_a_card_as_the_last_one_left_it() {
    for version in BOTH {
        let mut settings = settings(GuestKind::Pv, version);
        let packet = Act::Arrive(CARD, 60);
        settings.acts = acts(&[packet, packet, packet, Act::Die(GUEST), Act::Plug(OTHER, CARD)]);
        settings.acts.push((Time::from_millis(15_000), packet));
        let machine = run(&settings);
        assert_eq!(counts(&machine, [Count::Received, Count::Damaged, Count::Dropped]), [4, 0, 0], "{version:?}");
    }
}

/// A card whose driver has not enabled it takes nothing from the wire, and says so at once.
#[test]
fn what_comes_before_a_driver_is_dropped() {
    let mut settings = settings(GuestKind::Pv, BOTH[0]);
    let other = CardId(1);
    settings.acts = acts(&[Act::Arrive(other, 60), Act::Arrive(other, 60)]);
    assert_eq!(counts(&run(&settings), [Count::Dropped, Count::Received]), [2, 0]);
}

/// XSA-302: a card that is given up while it may still send is dom0's at once in 3.3, and nobody's today. A guest that lets it
/// go has silenced it.
#[test]
fn a_card_of_an_hvm_guest_changes_hands_at_rest_or_not() {
    for version in BOTH {
        for (act, rests) in [(Act::Unplug(GUEST, CARD), true), (Act::Die(GUEST), false)] {
            let mut settings = settings(GuestKind::Hvm, version);
            settings.cards[0].at_reset = AtReset::Finishes;
            settings.acts = acts(&[act]);
            let machine = run(&settings);
            let changes = machine.log().entries().iter().filter_map(|entry| match entry.event {
                Event::Hvm(Hvm::OwnerChanged { owner, rests }) => Some((owner, rests)),
                _ => None,
            });
            let owner = if version.0 == Version::Today { DomId::IO } else { DomId::DOM0 };
            assert_eq!(changes.collect::<Vec<_>>(), [(owner.0, rests)], "{version:?} {act:?}");
        }
    }
}

/// Whether there is a machine is known before one is built: Xen boots without a unit that will do if none is required, and there
/// is room for four guests and eight cards.
#[test]
fn settings_say_what_building_would() {
    let plain = Capabilities::typical().without_ecap(ECAP_INTERRUPTS);
    let units = [None, Some(plain), Some(Capabilities::typical())];
    for (text, boots) in [
        (None, [true, true, true]),
        (Some("no"), [true, true, true]),
        (Some("force"), [false, false, true]),
        (Some("force,no-intremap"), [false, true, true]),
    ] {
        for (unit, boots) in units.into_iter().zip(boots) {
            for (guests, cards, fits) in [(1, 0, true), (4, 8, true), (5, 8, false), (4, 9, false), (5, 9, false)] {
                let (options, _) = Options::parse(Version::Today, text, None);
                let mut settings = Settings::new(options, vec![GuestSettings::new(GuestKind::Pv); guests]);
                settings.cards = vec![CardSettings::PLAIN; cards];
                settings.unit = unit;
                let expect = match (fits, boots) {
                    (false, _) => Err(NoMachine::TooMany),
                    (true, false) => Err(NoMachine::NoBoot),
                    (true, true) => Ok(()),
                };
                let place = format!("{text:?} {unit:?} {guests} {cards}");
                assert_eq!(settings.check(), expect, "{place}");
                assert_eq!(GivenAway::new(&settings).map(|_| ()), expect, "{place}");
            }
        }
    }
}
