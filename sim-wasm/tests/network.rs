//! The path from a guest to the wire, whatever is sent: nothing is lost inside, nothing is answered early, and everything
//! is the guest's own again in the end.

use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use sim_wasm::actors::first_netfront::STOP_LINE;
use sim_wasm::actors::log::Event;
use sim_wasm::machine::network::{Filter, Network, Settings};
use sim_wasm::words::time::Time;

const FAST: Settings = Settings { megabits: 1000, interrupt_delay: 0, filter: Filter::Accept };

fn settings() -> impl Strategy<Value = Settings> {
    let megabits = prop_oneof![1_u32..20, 100_u32..10_000];
    (megabits, 0_u64..300_000, any::<bool>()).prop_map(|(megabits, interrupt_delay, drops)| Settings {
        megabits,
        interrupt_delay,
        filter: if drops { Filter::Drop } else { Filter::Accept },
    })
}

fn packets() -> impl Strategy<Value = Vec<(u64, u32)>> {
    let bytes = prop_oneof![14_u32..130, 1400_u32..1600, 4000_u32..9100, 14_u32..=65_535];
    proptest::collection::vec((0_u64..3_000_000, bytes), 1..60)
}

proptest! {
    #[test]
    fn whatever_is_sent_everything_comes_back(settings in settings(), packets in packets()) {
        let mut network = Network::new(settings);
        let references = network.front().free_references();
        for &(time, bytes) in &packets {
            network.offer(Time(time), bytes);
        }
        network.run();

        prop_assert_eq!(network.fault(), None);
        prop_assert_eq!(network.front().outstanding(), 0);
        prop_assert_eq!(network.front().free_references(), references);
        prop_assert_eq!(network.back().held(), 0);
        prop_assert!(!network.front().is_stopped());
        match settings.filter {
            Filter::Accept => prop_assert_eq!(network.departures(), network.accepted()),
            Filter::Drop => prop_assert!(network.departures().is_empty()),
        }

        let times: Vec<Time> = network.log().entries().iter().map(|entry| entry.time).collect();
        prop_assert!(times.is_sorted(), "the log runs forward in time");
        check_slots(&network);
    }
}

/// Every data slot is taken once, answered once and reaped once; never more than the pool holds are mapped; a stopped queue
/// was at its stop line.
fn check_slots(network: &Network) {
    let (mut put, mut taken, mut answered, mut reaped) = (0, 0, 0, 0);
    let (mut mapped, mut unmapped) = (0, 0);
    for entry in network.log().entries() {
        match entry.event {
            Event::RequestWritten { count, .. } => put += count,
            Event::RequestsTaken { count, .. } => taken += count,
            Event::GrantsMapped { count, .. } => mapped += count,
            Event::GrantsUnmapped { count, .. } => unmapped += count,
            Event::ResponsesWritten { count, .. } => answered += count,
            Event::ResponsesReaped { count, .. } => reaped += count,
            Event::QueueStopped { outstanding } => assert!((STOP_LINE..256).contains(&outstanding)),
            _ => {}
        }
        assert!(reaped <= answered && answered <= unmapped && unmapped <= mapped && mapped <= taken && taken <= put);
        assert!(mapped - unmapped <= 256, "the pool has 256 places");
    }
    assert_eq!([put, taken, mapped, unmapped, answered], [reaped; 5]);
}

#[test]
fn the_same_setup_gives_the_same_log() {
    let log = |megabits| {
        let mut network = Network::new(Settings { megabits, ..FAST });
        (0..40).for_each(|number| network.offer(Time(number * 777), 14 + 401 * number as u32));
        network.run();
        network.log().hash()
    };
    assert_eq!(log(100), log(100));
    assert_ne!(log(100), log(101));
}

/// 236 packets of one slot fill the ring to its stop line; a card that reports each packet by itself then causes seven
/// events, since netfront asks to be woken half way each time.
#[test]
fn two_hundred_and_thirty_six_answers_ring_seven_times() {
    let mut network = Network::new(FAST);
    (0..STOP_LINE).for_each(|_| network.offer(Time::ZERO, 1514));
    network.run();
    let bells: Vec<u32> = network
        .log()
        .entries()
        .iter()
        .filter_map(|entry| match entry.event {
            Event::ResponsesPublished { new, notify: true, .. } => Some(new),
            _ => None,
        })
        .collect();
    assert_eq!(bells, [119, 178, 208, 223, 230, 234, 236]);
    let stops = network.log().entries().iter().find_map(|entry| match entry.event {
        Event::QueueStopped { outstanding } => Some(outstanding),
        _ => None,
    });
    assert_eq!(stops, Some(236));
    let woken = network.log().entries().iter().find_map(|entry| match entry.event {
        Event::QueueWoken { outstanding } => Some(outstanding),
        _ => None,
    });
    assert!(woken.is_some_and(|outstanding| outstanding <= 236 - 119), "{woken:?}");
}

/// A guest that produces faster than the wire takes loses packets in its own queue, and nowhere else.
#[test]
fn packets_are_lost_where_they_were_made() {
    let mut network = Network::new(Settings { megabits: 10, ..FAST });
    (0..1500).for_each(|number| network.offer(Time(number * 1_000), 1514));
    network.run();
    let count = |test: fn(&Event) -> bool| network.log().entries().iter().filter(|entry| test(&entry.event)).count();
    let lost = count(|event| matches!(event, Event::QueueOverflowed { .. }));
    assert!(lost > 200, "{lost}");
    assert_eq!(count(|event| matches!(event, Event::PacketDropped { .. })), 0);
    assert_eq!(network.departures().len() + lost, 1500);
    assert_eq!(network.departures(), network.accepted());
}

/// A small packet's slot comes back long before a large one's that was sent earlier; the large one's memory must not be
/// written until its own slot is back.
#[test]
fn memory_is_not_written_while_a_card_reads_it() {
    let mut network = Network::new(Settings { megabits: 1, ..FAST });
    network.offer(Time::ZERO, 1514);
    (1..=400).for_each(|number| network.offer(Time(number * 18_000), if number <= 200 { 54 } else { 1514 }));
    network.run();
    assert_eq!(network.departures().len(), 401);
    assert_eq!(network.departures(), network.accepted());
}

/// Packets that were copied whole hold no slot, so nothing stops the guest: those that the card is too slow for are lost
/// in dom0.
#[test]
fn copied_packets_are_lost_in_dom0() {
    let mut network = Network::new(Settings { megabits: 1, ..FAST });
    (0..1500).for_each(|number| network.offer(Time(number * 18_000), 54));
    network.run();
    let count = |test: fn(&Event) -> bool| network.log().entries().iter().filter(|entry| test(&entry.event)).count();
    let lost = count(|event| matches!(event, Event::EgressOverflowed { .. }));
    assert!(lost > 0);
    assert_eq!(count(|event| matches!(event, Event::QueueOverflowed { .. } | Event::PacketDropped { .. })), 0);
    assert_eq!(network.departures().len() + lost, 1500);
}

/// With half of the pool in use an event puts the interface on netback's list and does nothing else: the tasklet runs when
/// a slot is released (`maybe_schedule_tx_action()`).
#[test]
fn half_a_pool_in_use_silences_events() {
    for (held, waits) in [(127, false), (128, true)] {
        let mut network = Network::new(Settings { megabits: 10, ..FAST });
        (0..held).for_each(|_| network.offer(Time::ZERO, 1514));
        network.offer(Time::from_micros(100), 1514);
        network.run();
        let time = |test: &dyn Fn(&Event) -> bool| {
            network.log().entries().iter().find(|entry| test(&entry.event)).map(|entry| entry.time)
        };
        let taken = time(&|event| matches!(event, Event::RequestsTaken { index, .. } if *index == held));
        let freed = time(&|event| matches!(event, Event::PagesFreed { .. }));
        assert!(taken.is_some() && freed.is_some());
        assert_eq!(taken > freed, waits, "{held} held");
    }
}

/// How long a slot is held, in nanoseconds from put to reap.
fn slot_time(bytes: u32, filter: Filter) -> u64 {
    let mut network = Network::new(Settings { filter, interrupt_delay: 20_000, ..FAST });
    network.offer(Time::ZERO, bytes);
    network.run();
    let reaped =
        network.log().entries().iter().rev().find(|entry| matches!(entry.event, Event::ResponsesReaped { .. }));
    reaped.expect("a slot is reaped").time.0
}

#[test]
fn two_bytes_more_hold_a_slot_until_the_card_is_done() {
    let (short, long) = (slot_time(64, Filter::Accept), slot_time(66, Filter::Accept));
    assert!(short < 11_000, "{short}");
    assert!(long > 20_000 + short, "{long}");
}

#[test]
fn a_dropped_packet_gives_its_slot_back_sooner() {
    assert!(slot_time(1514, Filter::Drop) + 20_000 < slot_time(1514, Filter::Accept));
}
