//! The whole path, whatever is sent: nothing is lost inside, nothing is answered early, and everything is its owner's again
//! in the end.

use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use sim_wasm::actors::epoch::Epoch;
use sim_wasm::actors::log::Event;
use sim_wasm::actors::log::backend::Backend;
use sim_wasm::actors::netfilter::Filter;
use sim_wasm::actors::nic::{CardSettings, Moderation};
use sim_wasm::machine::metrics::Watch;
use sim_wasm::machine::metrics::counters::Count;
use sim_wasm::machine::metrics::level::Level;
use sim_wasm::machine::network::Network;
use sim_wasm::machine::network::settings::{
    Destination, Dom0, Filling, Guest, PacketLayout, Settings, SettingsError, Workload,
};
use sim_wasm::words::ids::VifId;
use sim_wasm::words::time::Time;

const ETH0: VifId = VifId(0);

/// One classic guest behind a classic netback and a gigabit card that interrupts for each packet.
fn settings(sends: Vec<Workload>) -> Settings {
    Settings {
        guests: vec![Guest { sends, ..Guest::default() }],
        filling: Filling::Whole,
        until: Time::from_millis(60_000),
        ..Settings::default()
    }
}

fn run(settings: &Settings) -> Network {
    let mut network = Network::new(settings).expect("the settings make a machine");
    network.run();
    network
}

fn dropping(settings: Settings) -> Settings {
    let mut dom0 = Dom0::default();
    dom0.stack.filter = Filter::DROP;
    Settings { dom0, ..settings }
}

fn on_card(settings: Settings, megabits: u32, delay: u64) -> Settings {
    Settings { card: CardSettings { transmit: Moderation::after(delay), ..CardSettings::e1000(megabits) }, ..settings }
}

fn workloads() -> impl Strategy<Value = Vec<Workload>> {
    let bytes = prop_oneof![28_u32..130, 1400_u32..1600, 4000_u32..9100, 28_u32..=65_535];
    let packet = (0_u64..3_000_000, bytes)
        .prop_map(|(time, bytes)| Workload { start: Time(time), ..Workload::at_once(bytes, 1) });
    proptest::collection::vec(packet, 1..60)
}

proptest! {
    #[test]
    fn whatever_is_sent_everything_comes_back(
        (megabits, delay, drops) in (prop_oneof![1_u32..20, 100_u32..10_000], 0_u64..300_000, any::<bool>()),
        sends in workloads(),
    ) {
        let settings = on_card(settings(sends), megabits, delay);
        let settings = if drops { dropping(settings) } else { settings };
        let references = Network::new(&settings).expect("a machine").front(ETH0).expect("a guest").free_references();
        let network = run(&settings);
        let front = network.front(ETH0).expect("the machine has a guest");

        prop_assert_eq!(front.broken(), None);
        prop_assert_eq!((front.outstanding(), front.free_references()), (0, references));
        prop_assert_eq!(network.levels().held, 0);
        prop_assert!(!front.is_stopped());
        prop_assert_eq!(network.receipts().damaged, 0);
        let total = network.metrics().total().counters;
        let (accepted, sent) = (total.get(Count::Accepted), total.get(Count::Sent));
        prop_assert_eq!(sent, if drops { 0 } else { accepted });
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
            Event::QueueStopped { outstanding } => assert!((236..256).contains(&outstanding)),
            _ => {}
        }
        assert!(reaped <= answered && answered <= unmapped && unmapped <= mapped && mapped <= taken && taken <= put);
        assert!(mapped - unmapped <= 256, "the pool has 256 places");
    }
    assert_eq!([put, taken, mapped, unmapped, answered], [reaped; 5]);
}

#[test]
fn the_same_setup_gives_the_same_run() {
    let run = |megabits| {
        let sends = (0..40)
            .map(|number| Workload { start: Time(number * 777), ..Workload::at_once(28 + 401 * number as u32, 1) });
        let network = run(&on_card(settings(sends.collect()), megabits, 0));
        (network.log().hash(), network.fingerprint())
    };
    assert_eq!(run(100), run(100));
    assert_ne!(run(100), run(101));
}

/// 236 packets of one slot fill the ring to its stop line; a card that reports each packet by itself then causes seven
/// events, since netfront asks to be woken half way each time.
#[test]
fn two_hundred_and_thirty_six_answers_ring_seven_times() {
    let network = run(&on_card(settings(vec![Workload::at_once(1514, 236)]), 1000, 0));
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
    let find = |pick: fn(&Event) -> Option<u32>| network.log().entries().iter().find_map(|entry| pick(&entry.event));
    let stopped = find(|event| if let Event::QueueStopped { outstanding } = event { Some(*outstanding) } else { None });
    assert_eq!(stopped, Some(236));
    let woken = find(|event| if let Event::QueueWoken { outstanding } = event { Some(*outstanding) } else { None });
    assert!(woken.is_some_and(|outstanding| outstanding <= 236 - 119), "{woken:?}");
}

/// A guest that produces faster than the wire takes loses packets in its own queue, and nowhere else.
#[test]
fn packets_are_lost_where_they_were_made() {
    let network = run(&on_card(settings(vec![Workload::every(1514, 1_000, 1500)]), 10, 0));
    let total = network.metrics().total().counters;
    assert!(total.get(Count::LostInGuest) > 200);
    assert_eq!(total.lost(), total.get(Count::LostInGuest));
    assert_eq!(total.get(Count::Sent) + total.lost(), 1500);
    assert_eq!(network.receipts().damaged, 0);
}

/// A small packet's slot comes back long before a large one's that was sent earlier; the large one's memory must not be
/// written until its own slot is back.
#[test]
fn memory_is_not_written_while_a_card_reads_it() {
    let sends = vec![
        Workload::at_once(1514, 1),
        Workload { start: Time(18_000), ..Workload::every(54, 18_000, 200) },
        Workload { start: Time(201 * 18_000), ..Workload::every(1514, 18_000, 200) },
    ];
    let network = run(&on_card(settings(sends), 1, 0));
    assert_eq!((network.receipts().stamped, network.receipts().damaged), (401, 0));
}

/// Packets that were copied whole hold no slot, so nothing stops the guest: those that the card is too slow for are lost
/// in dom0.
#[test]
fn copied_packets_are_lost_in_dom0() {
    let network = run(&on_card(settings(vec![Workload::every(54, 18_000, 1500)]), 1, 0));
    let total = network.metrics().total().counters;
    assert!(total.get(Count::LostAtCard) > 0);
    assert_eq!(total.lost(), total.get(Count::LostAtCard));
    assert_eq!(total.get(Count::Sent) + total.lost(), 1500);
}

/// With half of the pool in use an event puts the interface on netback's list and does nothing else: the tasklet runs when
/// a slot is released (`maybe_schedule_tx_action()`).
#[test]
fn half_a_pool_in_use_silences_events() {
    for (held, waits) in [(127, false), (128, true)] {
        let sends = vec![
            Workload::at_once(1514, held),
            Workload { start: Time::from_micros(100), ..Workload::at_once(1514, 1) },
        ];
        let network = run(&on_card(settings(sends), 10, 0));
        let time = |test: &dyn Fn(&Event) -> bool| {
            network.log().entries().iter().find(|entry| test(&entry.event)).map(|entry| entry.time)
        };
        let taken = time(&|event| matches!(event, Event::RequestsTaken { index, .. } if u64::from(*index) == held));
        let freed = time(&|event| matches!(event, Event::PagesFreed { .. }));
        assert!(taken.is_some() && freed.is_some());
        assert_eq!(taken > freed, waits, "{held} held");
        let shut = time(&|event| matches!(event, Event::Backend(Backend::PoolGateShut { held: 128 })));
        assert_eq!(shut.is_some(), waits, "{held} held");
    }
}

/// How long a slot is held, in nanoseconds from put to reap.
fn slot_time(settings: Settings) -> u64 {
    let network = run(&on_card(settings, 1000, 20_000));
    let reaped =
        network.log().entries().iter().rev().find(|entry| matches!(entry.event, Event::ResponsesReaped { .. }));
    reaped.expect("a slot is reaped").time.0
}

#[test]
fn two_bytes_more_hold_a_slot_until_the_card_is_done() {
    let [short, long] = [64, 66].map(|bytes| slot_time(settings(vec![Workload::at_once(bytes, 1)])));
    assert!(short < 11_000, "{short}");
    assert!(long > 20_000 + short, "{long}");
}

#[test]
fn a_dropped_packet_gives_its_slot_back_sooner() {
    let one = || settings(vec![Workload::at_once(1514, 1)]);
    assert!(slot_time(dropping(one())) + 20_000 < slot_time(one()));
}

/// What is measured of one slot: it is held from the ring to the card's interrupt and back, in three hypercalls and two
/// notifications; a packet that is copied costs a copy.
#[test]
fn a_slot_is_timed_and_hypercalls_are_counted() {
    let mut one = settings(vec![Workload::at_once(1514, 1)]);
    one.watched = vec![Watch::Level(Level::RingOutstanding)];
    let network = run(&on_card(one.clone(), 1000, 20_000));
    let total = network.metrics().total();
    assert_eq!(total.residence.most(), Some(slot_time(settings(vec![Workload::at_once(1514, 1)]))));
    let count = |what| total.counters.get(what);
    // A notification to netback, a map, an unmap, and a notification to netfront.
    assert_eq!((count(Count::Hypercalls), count(Count::Maps), count(Count::Copies)), (4, 1, 0));
    assert_eq!(count(Count::SlotsAnswered), 1);
    let copied = run(&on_card(Settings { epoch: Epoch::GrantCopy, ..one }, 1000, 20_000)).metrics().total();
    assert_eq!((copied.counters.get(Count::Maps), copied.counters.get(Count::CopiedBytes)), (0, 1514));
    assert!(copied.residence.most() < total.residence.most(), "the slot comes back before the packet is sent");
}

/// Turns are counted in packets: while both rings have requests, a guest that sends packets of 64 KiB to be segmented gets
/// 43 times the bytes of one that sends packets of 1514. (Over a long run it gets less, since its ring holds only a dozen.)
#[test]
fn a_turn_is_a_packet_of_whatever_size() {
    let guest =
        |bytes, gso| Guest { sends: vec![Workload { gso, ..Workload::at_once(bytes, 200) }], ..Guest::default() };
    let mut both = settings(Vec::new());
    both.guests = vec![guest(65_535, 1448), guest(1514, 0)];
    let mut network = Network::new(&both).expect("the settings make a machine");
    network.run_until(Time::from_micros(5));
    let mut bytes = [0, 0];
    for entry in network.log().entries() {
        if let Event::PacketReceived { bytes: of_packet } = entry.event {
            bytes[usize::from(entry.vif.0)] += of_packet;
        }
    }
    assert!(bytes[1] >= 12 * 1514, "{bytes:?}");
    assert_eq!(bytes[0] / bytes[1], 43, "{bytes:?}");
}

#[test]
fn settings_that_make_no_machine_are_refused() {
    let with = |change: fn(&mut Settings)| {
        let mut changed = settings(vec![Workload::at_once(1514, 1)]);
        change(&mut changed);
        Network::new(&changed).map(|_| ())
    };
    let pieces = PacketLayout::Pieces { head: 13, piece: 1 };
    for (change, error) in [
        ((|changed| changed.guests.clear()) as fn(&mut Settings), SettingsError::Guests(0)),
        (|changed| changed.guests = vec![Guest::default(); 33], SettingsError::Guests(33)),
        (|changed| changed.guests[0].sends[0].bytes = 13, SettingsError::PacketSize(13)),
        (|changed| changed.guests[0].sends[0].bytes = 65_536, SettingsError::PacketSize(65_536)),
        (
            |changed| changed.guests[0].sends[0].layout = PacketLayout::Pieces { head: 13, piece: 1 },
            SettingsError::Layout(pieces),
        ),
        (|changed| changed.guests[0].sends[0].burst = 0, SettingsError::Burst),
        (|changed| changed.guests[0].sends[0].to = Destination::Guest(VifId(1)), SettingsError::NoSuchGuest(VifId(1))),
        (|changed| changed.delays.softirq = 0, SettingsError::Softirq),
        (|changed| changed.card.megabits = 0, SettingsError::Card),
        (|changed| changed.dom0.back.hz = 1001, SettingsError::Hz(1001)),
    ] {
        assert_eq!(with(change), Err(error));
    }
    assert_eq!(with(|_| ()), Ok(()));
}
