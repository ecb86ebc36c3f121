//! Cards with a table of messages: whose it is, and what becomes of a message by what stands in it.

use sim_wasm::hypervisor::io_permissions::MmioAccess;
use sim_wasm::hypervisor::passthrough::options::{GuestKind, Options, Switch, Version};
use sim_wasm::hypervisor::passthrough::repairs::Repairs;
use sim_wasm::machine::given_away::GivenAway;
use sim_wasm::machine::given_away::hardware::table_of;
use sim_wasm::machine::given_away::settings::{
    Act, CardId, CardSettings, GuestSettings, Messages, Payload, Settings, Target,
};
use sim_wasm::machine::given_away::tally::{Count, Landing};
use sim_wasm::protocols::pci::msix::{MsixMemory, is_enabled};
use sim_wasm::words::ids::Mfn;
use sim_wasm::words::time::Time;

use crate::world::{BOTH, CARD, GUEST, OTHER, acts, counts, run, settings, story};

/// Where a guest's driver has the first entry's words among its card's registers.
const DATA: u16 = 0x1008;
const CONTROL: u16 = 0x100C;
/// And those of an entry that there is not.
const BEHIND: u16 = 0x1030;

/// A guest whose card has a table, and one of the same kind without any card.
fn with_table(kind: GuestKind, version: (Version, Option<&str>)) -> Settings {
    let mut settings = settings(kind, version);
    settings.cards[0] = CardSettings::WITH_TABLE;
    settings
}

fn table(machine: &GivenAway, card: CardId) -> &MsixMemory {
    machine.hardware().functions[usize::from(card.0)].msix.as_ref().expect("it has one")
}

#[test]
fn a_card_rings_by_an_entry_that_xen_wrote() {
    for version in BOTH {
        for kind in [GuestKind::Pv, GuestKind::Hvm] {
            let mut settings = with_table(kind, version);
            settings.acts = acts(&[Act::Arrive(CARD, 1514), Act::Send(GUEST, CARD, 700)]);
            let machine = run(&settings);
            let done = [Count::Received, Count::Sent, Count::Interrupts, Count::MessagesIgnored, Count::MessagesHeld];
            assert_eq!(counts(&machine, done), [1, 1, 2, 0, 0], "{version:?} {kind:?}");
            let entries = table(&machine, CARD);
            assert_eq!(machine.message_of(CARD, 0), Some(entries.message(0)));
            assert_eq!([0, 1, 2].map(|entry| entries.is_masked(entry)), [false, true, true]);
            let frame = Mfn((table_of(CARD) >> 12) as u32);
            let may = match version.0 {
                Version::Today => MmioAccess::ReadOnly,
                Version::Xen33 => MmioAccess::None,
            };
            assert_eq!(machine.permissions().frame(GivenAway::domain_of(GUEST), frame), may);

            // A plain card's story is the same.
            settings.acts.push((Time::from_millis(6_000), Act::Unplug(GUEST, CARD)));
            let machine = run(&settings);
            settings.cards[0].messages = Messages::Msi;
            assert_eq!(story(&machine), story(&run(&settings)), "{version:?} {kind:?}");
            assert_eq!((machine.message_of(CARD, 0), table(&machine, CARD).is_masked(0)), (None, true));
            assert!(!is_enabled(&machine.hardware().functions[0].config));
        }
    }
}

/// Without a unit Xen maps no message for a card that is dom0's still.
#[test]
fn a_card_whose_table_is_refused_is_driven_by_its_line() {
    let mut settings = with_table(GuestKind::Pv, BOTH[0]);
    settings.unit = None;
    settings.acts = acts(&[Act::Arrive(CARD, 60)]);
    let machine = run(&settings);
    assert_eq!(counts(&machine, [Count::Received, Count::Interrupts]), [1, 1]);
    assert!(!is_enabled(&machine.hardware().functions[0].config) && !story(&machine).contains(&"message"));
}

/// An HVM guest masks what it takes for the entry, and Xen masks the real one.
#[test]
fn a_masked_message_waits_in_the_card() {
    for version in BOTH {
        let mut settings = with_table(GuestKind::Hvm, version);
        let mask = |bit| Act::Touch(GUEST, CARD, CONTROL, bit);
        settings.acts = acts(&[mask(1), Act::Arrive(CARD, 60), Act::Arrive(CARD, 60)]);
        let machine = run(&settings);
        let done = [Count::Received, Count::Interrupts, Count::MessagesHeld];
        assert_eq!(counts(&machine, done), [0, 0, 2], "{version:?}");
        assert!(table(&machine, CARD).is_masked(0) && table(&machine, CARD).is_pending(0));
        settings.acts.push((Time::from_millis(6_000), mask(0)));
        let machine = run(&settings);
        assert_eq!(counts(&machine, done), [2, 1, 2], "{version:?}");
        assert!(!table(&machine, CARD).is_masked(0) && !table(&machine, CARD).is_pending(0));
    }
}

/// An HVM guest may write its own table as it likes, which says what it gets and not what its card sends. A PV guest has none.
#[test]
fn a_guest_does_not_write_what_its_card_sends() {
    for version in BOTH {
        for (kind, expect) in [(GuestKind::Pv, [1, 1, 1]), (GuestKind::Hvm, [0, 0, 1])] {
            let mut settings = with_table(kind, version);
            let before = table(&run(&settings), CARD).table().to_vec();
            settings.acts = acts(&[Act::Touch(GUEST, CARD, DATA, 0x32), Act::Arrive(CARD, 60)]);
            let machine = run(&settings);
            // The guest that is interrupted by a vector that none of its drivers has looks no further.
            let what = [Count::RegistersRefused, Count::Received, Count::Interrupts];
            assert_eq!(counts(&machine, what), expect, "{version:?} {kind:?}");
            assert_eq!(table(&machine, CARD).table(), before);
        }
    }
}

/// XSA-164, XSA-130: an HVM guest writes behind the end of its table, on the same page.
#[test]
fn a_write_behind_a_table_s_end_hits_the_device_model_of_3_3() {
    for (version, expect) in [(BOTH[0], [1, 0, 0]), (BOTH[1], [0, 1, 1])] {
        let mut settings = with_table(GuestKind::Hvm, version);
        settings.acts = acts(&[Act::Touch(GUEST, CARD, BEHIND, 0xEEEE_EEEE)]);
        let what = [Count::RegistersRefused, Count::ModelOverruns, Count::ModelLines];
        assert_eq!(counts(&run(&settings), what), expect, "{version:?}");
    }
}

/// A card writes into another's table below the switch. Remapped interrupts keep the vectors apart, and not the guest's card
/// from being silenced.
#[test]
fn a_table_is_written_below_the_switch_unless_its_ports_redirect() {
    let other = CardId(1);
    let held = [0, 0, 0, 1];
    for (text, word, value, expect) in [
        // The attacker's own vector, the first of Xen's: the other guest's packet interrupts it.
        (Some("no-intremap"), 8, 0x31, [0, 1, 0, 0]),
        (Some("no-intremap"), 12, 1, held),
        (None, 12, 1, held),
        // The attacker's entry of the unit's table takes no message of the other card.
        (None, 0, 0xFEE0_0010, [0, 0, 1, 0]),
    ] {
        for kind in [GuestKind::Pv, GuestKind::Hvm] {
            for access_control in [Switch::Off, Switch::On] {
                let mut settings = settings(kind, (Version::Today, text));
                settings.guests[1] = GuestSettings::with(kind, other);
                (settings.cards, settings.access_control) = (vec![CardSettings::WITH_TABLE; 2], access_control);
                let target = Target::Address(table_of(other) + word);
                settings.acts = acts(&[Act::Aim(GUEST, CARD, target, Payload::Word(value)), Act::Arrive(other, 60)]);
                let machine = run(&settings);
                // The attacker's card tells its driver of the packet that it sent to itself.
                let [rung, forged, blocked, held] = counts(
                    &machine,
                    [Count::Interrupts, Count::ForgedInterrupts, Count::MessagesBlocked, Count::MessagesHeld],
                );
                let written = counts(&machine, [Count::Written(Landing::Registers), Count::Blocked]);
                if access_control.is_on() {
                    assert_eq!((written, [rung, forged, blocked, held]), ([0, 1], [2, 0, 0, 0]), "{text:?} {kind:?}");
                } else {
                    let found = [rung - 1, forged, blocked, held];
                    assert_eq!((written, found), ([4, 0], expect), "{text:?} {word} {kind:?}");
                }
            }
        }
    }
}

/// A message is a write like any other: with another address in its entry, a card writes it into its own guest's memory.
#[test]
fn a_message_with_another_address_is_a_write() {
    let other = CardId(1);
    let mut settings = settings(GuestKind::Hvm, BOTH[0]);
    settings.guests[1] = GuestSettings::with(GuestKind::Hvm, other);
    (settings.cards, settings.access_control) = (vec![CardSettings::WITH_TABLE; 2], Switch::Off);
    let aim = |word, value| Act::Aim(GUEST, CARD, Target::Address(table_of(other) + word), Payload::Word(value));
    settings.acts = acts(&[aim(8, 0xABCD_EF01), aim(0, 0x3010), Act::Arrive(other, 60)]);
    let machine = run(&settings);
    let page = machine.xen().guest_page(GivenAway::domain_of(OTHER), sim_wasm::words::ids::Pfn(3)).expect("it has it");
    assert_eq!(page.read_u32(0x10), 0xABCD_EF01);
    assert_eq!(counts(&machine, [Count::Received, Count::Written(Landing::Neighbour)]), [0, 0]);
}

/// XSA-337: the guest dies while its card is being reset, and Xen masks the card's entry.
#[test]
fn xen_masks_where_it_found_the_table_and_not_where_a_bar_says() {
    for (records_tables, astray) in [(true, 0), (false, 1)] {
        let mut settings = with_table(GuestKind::Pv, BOTH[0]);
        settings.repairs = Repairs { records_tables, ..Repairs::ALL };
        settings.acts = acts(&[Act::Unplug(GUEST, CARD)]);
        settings.acts.push((Time::from_millis(5_050), Act::Die(GUEST)));
        let machine = run(&settings);
        assert_eq!(counts(&machine, [Count::MasksAstray]), [astray]);
        // The BAR reads 0, so the second of Xen's own frames has the bit.
        let heap = machine.xen().memory.xen_page(Mfn(1));
        assert_eq!(u64::from(heap.read_u32(0xC)), astray);
    }
}

/// Cards that have tables and those that have none, in one machine.
#[test]
fn each_card_rings_in_its_way() {
    let guests = vec![GuestSettings::with(GuestKind::Pv, CARD), GuestSettings::with(GuestKind::Pv, CardId(1))];
    let mut settings = Settings::new(Options::default_of(Version::Today), guests);
    settings.cards[1].messages = Messages::MsiX;
    settings.acts = acts(&[Act::Arrive(CARD, 60), Act::Arrive(CardId(1), 60)]);
    let machine = run(&settings);
    assert_eq!(counts(&machine, [Count::Received, Count::Interrupts, Count::ForgedInterrupts]), [2, 2, 0]);
    assert!(machine.hardware().functions[0].msix.is_none() && is_enabled(&machine.hardware().functions[1].config));
}
