//! What a guest does with a card of its own that it should not, and what comes of it.

use sim_wasm::hypervisor::passthrough::options::{GuestKind, Switch, Version};
use sim_wasm::hypervisor::passthrough::repairs::Repairs;
use sim_wasm::machine::given_away::settings::{Act, AtReset, CardId, Payload, Settings, Target};
use sim_wasm::machine::given_away::tally::{Count, Landing};
use sim_wasm::words::time::Time;

use crate::world::{BOTH, CARD, GUEST, OTHER, acts, counts, run, settings};

const WROTE: [Count; 4] =
    [Count::Written(Landing::Neighbour), Count::Written(Landing::Dom0), Count::Written(Landing::Xen), Count::Blocked];

/// A PV guest aims at a neighbour, at dom0 and at Xen; 100 bytes each.
fn aims(settings: &mut Settings) {
    let aim = |target| Act::Aim(GUEST, CARD, target, Payload::Packet(100));
    settings.acts = acts(&[aim(Target::PageOf(OTHER, 9)), aim(Target::PageOfDom0(3)), aim(Target::XenHeap(5))]);
}

#[test]
fn what_a_pv_guest_s_card_reaches_is_as_the_options_have_it() {
    for (version, unit, expect) in [
        ((Version::Today, None), false, [100, 100, 100, 0]),
        ((Version::Today, Some("no")), true, [100, 100, 100, 0]),
        ((Version::Today, None), true, [0, 0, 0, 3]),
        ((Version::Xen33, None), true, [100, 100, 100, 0]),
        // The card is dom0's still, and dom0's tables have all but Xen's own.
        ((Version::Xen33, Some("1")), true, [100, 100, 0, 1]),
        ((Version::Xen33, Some("1,pv")), true, [0, 0, 0, 3]),
    ] {
        let mut settings = settings(GuestKind::Pv, version);
        settings.unit = settings.unit.filter(|_| unit);
        aims(&mut settings);
        let machine = run(&settings);
        assert_eq!(counts(&machine, WROTE), expect, "{version:?}, a unit: {unit}");
        let unassigned = u64::from(expect[0] > 0);
        assert_eq!(counts(&machine, [Count::Unassigned]), [unassigned]);
    }
}

/// A PV guest reads what it likes, by having its card send it.
#[test]
fn a_card_sends_what_it_can_read() {
    for (unit, expect) in [(true, [0, 1, 0]), (false, [200, 0, 1])] {
        let mut settings = settings(GuestKind::Pv, BOTH[0]);
        settings.unit = settings.unit.filter(|_| unit);
        settings.acts = acts(&[Act::Peek(GUEST, CARD, Target::PageOf(OTHER, 0), 200)]);
        let machine = run(&settings);
        assert_eq!(counts(&machine, [Count::Read(Landing::Neighbour), Count::Blocked, Count::Sent]), expect);
    }
}

/// An HVM guest whose toolstack does not heed Xen: its card takes the guest's pages for the machine's.
#[test]
fn without_a_unit_an_hvm_guest_s_card_reaches_frames_of_the_same_numbers() {
    let mut settings = settings(GuestKind::Hvm, BOTH[0]);
    settings.unit = None;
    settings.heeds_test = Switch::Off;
    settings.acts = acts(&[Act::Arrive(CARD, 1000)]);
    let machine = run(&settings);
    // The ring is fetched from dom0's memory, which has zeros there: so the packet goes to address 0.
    let what = [
        Count::Written(Landing::Own),
        Count::Read(Landing::Dom0),
        Count::Written(Landing::Xen),
        Count::Written(Landing::Dom0),
        Count::Received,
    ];
    assert_eq!(counts(&machine, what), [0, 16, 1000, 5, 0]);
}

/// XSA-302, XSA-306: a guest goes while its card is in the middle of a packet, and the card does not heed its reset.
#[test]
fn what_is_under_way_when_a_guest_goes_lands_with_nobody_if_there_is_quarantine() {
    for (text, dies, late) in [
        ("no-quarantine", false, true),
        ("quarantine", false, false),
        ("quarantine=scratch-page", false, true),
        ("no-quarantine", true, true),
        ("quarantine", true, false),
    ] {
        let mut settings = settings(GuestKind::Pv, (Version::Today, Some(text)));
        settings.cards[0].at_reset = AtReset::Finishes;
        settings.delays.request = 50_000_000;
        settings.acts = acts(&[Act::Arrive(CARD, 4096)]);
        let end = if dies { Act::Die(GUEST) } else { Act::Destroy(GUEST) };
        settings.acts.push((Time::from_millis(5_320), end));
        let machine = run(&settings);
        assert!(!machine.is_alive(GUEST));
        let [late_bytes, xen] = counts(&machine, [Count::WrittenLate, Count::Written(Landing::Xen)]);
        assert_eq!(late_bytes > 0, late, "{text}, dies: {dies}: {late_bytes}");
        assert_eq!(xen > 0, text == "quarantine=scratch-page", "{text}: the page that is nobody's");
        // The rest of the packet, and the descriptor.
        assert_eq!(counts(&machine, [Count::Blocked]), [if late { 0 } else { 2 }], "{text}");
    }
}

/// CVE-2011-1898: a card writes a vector of another's, or one that is no interrupt's.
#[test]
fn a_forged_message_rings_unless_interrupts_are_remapped() {
    for (text, expect) in [("no-intremap", [1, 0, 0]), ("intremap", [0, 1, 0])] {
        let mut settings = settings(GuestKind::Pv, (Version::Today, Some(text)));
        settings.guests[1].boots_with.push(CardId(1));
        // The second card's vector is the second of Xen's.
        settings.acts = acts(&[Act::Aim(GUEST, CARD, Target::Interrupts, Payload::Word(0x32))]);
        let machine = run(&settings);
        let what = [Count::ForgedInterrupts, Count::MessagesBlocked, Count::MessagesMistaken];
        assert_eq!(counts(&machine, what), expect, "{text}");
    }
    for (version, word, expect) in [
        (BOTH[1], 0x0E, [1, 0, 0]),
        ((Version::Today, Some("no-intremap")), 0x0E, [0, 1, 0]),
        ((Version::Today, Some("no-intremap")), 0x82, [0, 0, 1]),
        (BOTH[1], 0x82, [1, 0, 0]),
    ] {
        let mut settings = settings(GuestKind::Pv, version);
        settings.acts = acts(&[Act::Aim(GUEST, CARD, Target::Interrupts, Payload::Word(word))]);
        let machine = run(&settings);
        let what = [Count::MessagesMistaken, Count::MessagesIgnored, Count::HostStopped];
        assert_eq!(counts(&machine, what), expect, "{version:?} {word:x}");
    }
}

/// A card writes another's registers below the switch, where no unit sees it.
#[test]
fn a_request_turns_round_in_the_switch_unless_its_ports_redirect_it() {
    for (access_control, expect) in [(Switch::Off, [64, 0]), (Switch::On, [0, 1])] {
        for kind in [GuestKind::Pv, GuestKind::Hvm] {
            let mut settings = settings(kind, BOTH[0]);
            settings.access_control = access_control;
            settings.guests[1].boots_with.push(CardId(1));
            let target = Target::RegistersOf(CardId(1));
            settings.acts = acts(&[Act::Aim(GUEST, CARD, target, Payload::Packet(64))]);
            let machine = run(&settings);
            assert_eq!(counts(&machine, [Count::Written(Landing::Registers), Count::Blocked]), expect, "{kind:?}");
        }
    }
}

/// XSA-373: a page goes to a neighbour before the unit has forgotten that it was the guest's.
#[test]
fn a_page_is_another_s_only_when_the_unit_has_forgotten_it() {
    for kind in [GuestKind::Pv, GuestKind::Hvm] {
        for (waits, expect) in [(true, [0, 1]), (false, [60, 0])] {
            let mut settings = settings(kind, BOTH[0]);
            settings.repairs = Repairs { waits, ..Repairs::ALL };
            let page = Target::PageOf(GUEST, 4);
            settings.acts = acts(&[
                // The neighbour has a hole, and takes the frame that was freed last. The unit knows the page.
                Act::GiveUpPage(OTHER, 4),
                Act::Aim(GUEST, CARD, page, Payload::Packet(100)),
                Act::Point(GUEST, CARD, page),
                Act::Slow(5_000),
                Act::GiveUpPage(GUEST, 4),
                Act::TakePage(OTHER, 4),
                Act::Arrive(CARD, 60),
            ]);
            let machine = run(&settings);
            let what = [Count::Written(Landing::Neighbour), Count::Blocked];
            assert_eq!(counts(&machine, what), expect, "{kind:?}, waits: {waits}");
        }
    }
}

/// A storm of faults, after which Xen takes the bus from the card.
#[test]
fn a_card_that_faults_ten_times_is_silenced() {
    let mut settings = settings(GuestKind::Pv, BOTH[0]);
    settings.acts = acts(&[Act::Peek(GUEST, CARD, Target::XenHeap(0), 60); 3]);
    let started = settings.acts[0].0;
    settings.acts = (0..12).map(|number| (started + number * 100_000, settings.acts[0].1)).collect();
    settings.acts.push((Time::from_millis(5_500), Act::Arrive(CARD, 60)));
    let machine = run(&settings);
    assert_eq!(counts(&machine, [Count::Silenced, Count::FaultsRecorded, Count::Received]), [1, 10, 0]);
    assert!(!machine.hardware().functions[0].config.masters_bus() && machine.drives(GUEST, CARD));
}
