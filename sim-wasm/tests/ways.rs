//! Five ways to a card: what one packet, and a burst, come to. The tables hold what follows from how each way is built.

use proptest::prelude::{prop_assert, prop_assert_eq, proptest};
use sim_wasm::actors::costs::Way;
use sim_wasm::machine::own_card::{Kind, OwnCard, Signal};
use sim_wasm::machine::ways::{Trial, spent};

const SIGNALS: [Signal; 3] = [Signal::Line, Signal::Message, Signal::Posted];

const fn one(sends: bool, signal: Signal) -> Trial {
    Trial { sends, bytes: 1514, packets: 1, signal }
}

/// Exits, hypercalls, switches, events, copies.
fn counts(way: Way, trial: &Trial) -> [u64; 5] {
    let costs = spent(way, trial).costs;
    [costs.exits.total(), costs.hypercalls, costs.switches, costs.events, costs.copies]
}

#[test]
fn what_one_packet_takes() {
    let cases = [
        (true, Way::Split, [0, 4, 2, 2, 0]),
        (true, Way::PvOwn, [0, 0, 0, 1, 0]),
        (true, Way::Emulated, [6, 7, 10, 10, 3]),
        (true, Way::HvmSplit, [1, 4, 2, 2, 0]),
        (true, Way::HvmOwn, [2, 0, 0, 0, 0]),
        (false, Way::Split, [0, 2, 1, 1, 1]),
        (false, Way::PvOwn, [0, 0, 0, 1, 0]),
        (false, Way::Emulated, [13, 14, 24, 24, 3]),
        (false, Way::HvmSplit, [0, 2, 1, 1, 1]),
        (false, Way::HvmOwn, [2, 0, 0, 0, 0]),
    ];
    for (sends, way, expect) in cases {
        assert_eq!(counts(way, &one(sends, Signal::Message)), expect, "{way:?}, sends: {sends}");
    }
}

#[test]
fn how_the_card_interrupts_is_what_the_own_card_costs() {
    for sends in [true, false] {
        let of = |way, signal| counts(way, &one(sends, signal));
        assert_eq!(of(Way::HvmOwn, Signal::Posted), [0; 5], "nobody but guest and hardware");
        assert_eq!(of(Way::HvmOwn, Signal::Line)[0], 2, "the interrupt, and its end");
        assert_eq!(of(Way::PvOwn, Signal::Line)[1], 1, "the end of a level-triggered interrupt");
        assert_eq!(of(Way::PvOwn, Signal::Posted), of(Way::PvOwn, Signal::Message), "events are not posted");
        assert_eq!(of(Way::HvmSplit, Signal::Line)[0], of(Way::HvmSplit, Signal::Message)[0] + 1);
    }
}

#[test]
fn an_iommu_looks_up_each_request_and_reads_tables_once_for_a_page() {
    for way in [Way::PvOwn, Way::HvmOwn] {
        let spent_by = |packets| spent(way, &Trial { packets, ..one(true, Signal::Message) });
        let (first, many) = (spent_by(1), spent_by(32));
        // Descriptor, packet, and descriptor again; a context entry, then four levels for each of two pages.
        assert_eq!((first.requests, first.table_reads), (3, 2 + 2 * 4));
        // Eight buffers and the rings' page.
        assert_eq!((many.requests, many.table_reads), (96, 2 + 9 * 4));
    }
}

#[test]
fn a_short_packet_is_copied_by_netback_and_a_long_one_mapped() {
    let short = Trial { bytes: 60, ..one(true, Signal::Message) };
    assert_eq!((counts(Way::Split, &short)[4], counts(Way::Split, &one(true, Signal::Message))[4]), (1, 0));
}

proptest! {
    /// A packet is the same at both ends of a guest's own card, whatever the guest and the interrupt, and costs nobody a
    /// copy or a switch.
    #[test]
    fn an_own_card_moves_bytes_and_copies_none(
        packets in proptest::collection::vec(proptest::collection::vec(0_u8..=255, 14..1514), 1..20),
        signal in 0_usize..3,
        hvm in proptest::bool::ANY,
    ) {
        let mut machine = OwnCard::new(if hvm { Kind::Hvm } else { Kind::Pv }, SIGNALS[signal]);
        for packet in &packets {
            machine.transmit(packet);
            machine.receive(packet);
        }
        prop_assert_eq!(machine.sent(), &packets[..]);
        prop_assert_eq!(machine.received(), &packets[..]);
        let costs = machine.spent().costs;
        prop_assert_eq!((costs.copies, costs.maps, costs.switches, costs.requests), (0, 0, 0, 0));
    }

    /// In a burst split drivers ring at most once each way for a packet, and the ways whose every packet is for itself cost
    /// so many times as much.
    #[test]
    fn bursts_save_bells_on_the_ring_and_nowhere_else(
        packets in 1_u16..=32,
        sends in proptest::bool::ANY,
        signal in 0_usize..3,
    ) {
        let single = one(sends, SIGNALS[signal]);
        let burst = Trial { packets, ..single };
        for way in [Way::PvOwn, Way::Emulated, Way::HvmOwn] {
            prop_assert_eq!(counts(way, &burst), counts(way, &single).map(|count| count * u64::from(packets)), "{:?}", way);
        }
        for way in [Way::Split, Way::HvmSplit] {
            let (once, many) = (counts(way, &single), counts(way, &burst));
            prop_assert!((0..5).all(|at| many[at] <= once[at] * u64::from(packets)), "{:?}: {:?}, {:?}", way, once, many);
        }
    }
}
