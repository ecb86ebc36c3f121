//! Interfaces that come and go while packets are under way, on the whole machine and in every generation of netback.

use sim_wasm::actors::epoch::{Epoch, FrontEpoch};
use sim_wasm::actors::log::Event;
use sim_wasm::actors::log::bus::Bus;
use sim_wasm::machine::metrics::counters::Count;
use sim_wasm::machine::network::Network;
use sim_wasm::machine::network::settings::{Fault, FaultKind, Filling, Guest, Logging, Settings, Workload};
use sim_wasm::words::ids::{DomId, VifId};
use sim_wasm::words::time::Time;

const ETH0: VifId = VifId(0);
const EPOCHS: [(Epoch, FrontEpoch); 4] = [
    (Epoch::Classic, FrontEpoch::Classic),
    (Epoch::GrantCopy, FrontEpoch::Classic),
    (Epoch::ZeroCopy, FrontEpoch::Classic),
    (Epoch::ZeroCopy, FrontEpoch::Modern),
];

/// One guest that sends a packet every 100 µs for two seconds.
fn settings((epoch, front): (Epoch, FrontEpoch), faults: &[(u64, FaultKind)]) -> Settings {
    Settings {
        epoch,
        guests: vec![Guest { front, sends: vec![Workload::every(1514, 100_000, 20_000)], ..Guest::default() }],
        faults: faults
            .iter()
            .map(|(millis, what)| Fault { at: Time::from_millis(*millis), what: what.clone() })
            .collect(),
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

fn bus_events(network: &Network) -> Vec<(Time, Bus)> {
    let entries = network.log().entries().iter();
    entries
        .filter_map(|entry| if let Event::Bus(event) = entry.event { Some((entry.time, event)) } else { None })
        .collect()
}

/// Everything is whose it was, and nothing is under way.
fn check_rest(network: &Network, name: &str) {
    let front = network.front(ETH0).expect("the guest is honest");
    assert_eq!((front.broken(), front.outstanding()), (None, 0), "{name}");
    assert_eq!(network.levels().held, 0, "{name}");
    assert_eq!(network.receipts().damaged, 0, "{name}");
    assert_eq!(network.packets_alive().0, 0, "{name}");
}

#[test]
fn a_handshake_leads_to_the_state_that_runs_begin_with() {
    for epochs in EPOCHS {
        let name = format!("{epochs:?}");
        let quiet = settings(epochs, &[]);
        let told = Settings { log: Logging::FromHandshake, ..quiet.clone() };
        let mut told = Network::new(&told).expect("a machine");
        told.run_until(Time::from_millis(3));
        let events = bus_events(&told);
        let states: Vec<u8> = events
            .iter()
            .filter_map(|(_, event)| if let Bus::StateChanged { state, .. } = event { Some(*state) } else { None })
            .collect();
        assert!(states.ends_with(&[4, 4]) || states.ends_with(&[4]), "{name}: {states:?}");
        assert_eq!(events.iter().filter(|(_, event)| *event == Bus::Connected).count(), 1, "{name}");
        told.run();
        check_rest(&told, &name);
        let sent = |network: &Network| network.metrics().total().counters.get(Count::Sent);
        assert!(sent(&told) > 19_900, "{name}: {}", sent(&told));
        let untold = run(&quiet);
        assert_eq!(sent(&untold), 20_000, "{name}");
        assert!(bus_events(&untold).is_empty(), "{name}");
    }
}

/// The card is stalled, so that packets are under way when the interface is taken away: netback waits for them, and the
/// next device of the guest works.
#[test]
fn an_interface_leaves_with_its_last_packet_and_comes_again() {
    for epochs in EPOCHS {
        let name = format!("{epochs:?}");
        let network = run(&settings(
            epochs,
            &[
                (400, FaultKind::StallCard),
                (500, FaultKind::Unplug(ETH0)),
                (700, FaultKind::ResumeCard),
                (1_000, FaultKind::Plug(ETH0)),
            ],
        ));
        let events = bus_events(&network);
        let waits = events.iter().find(|(_, event)| matches!(event, Bus::DisconnectWaits { .. }));
        let left = events.iter().find(|(_, event)| *event == Bus::Disconnected).unwrap_or_else(|| panic!("{name}"));
        match epochs.0 {
            // Its pages are mapped until the card is done.
            Epoch::Classic | Epoch::ZeroCopy => {
                assert!(waits.is_some(), "{name}: {events:?}");
                assert!(left.0 >= Time::from_millis(700), "{name}: {left:?}");
            }
            Epoch::GrantCopy => assert!(left.0 < Time::from_millis(700), "{name}: {left:?}"),
        }
        assert_eq!(events.iter().filter(|(_, event)| *event == Bus::Connected).count(), 1, "{name}: {events:?}");
        check_rest(&network, &name);
        assert!(network.metrics().total().counters.get(Count::Sent) > 13_000, "{name}");
    }
}

/// dom0's driver is unloaded and loaded again. Mainline's goes on where the rings are; the classic pair begins the rings anew
/// on one side only, and the guest takes the answers for forged; Linux 3.4 gives the guest up.
#[test]
fn a_backend_that_is_loaded_again_goes_on_only_in_mainline() {
    for epochs in EPOCHS {
        let name = format!("{epochs:?}");
        let mut faults = vec![(500, FaultKind::UnloadBack(ETH0)), (800, FaultKind::LoadBack(ETH0))];
        if epochs.1 == FrontEpoch::Modern {
            // It closed when the backend went, and is bound again by hand.
            faults.push((850, FaultKind::RestartFront(ETH0)));
        }
        let network = run(&settings(epochs, &faults));
        let broken = network.front(ETH0).expect("the guest is honest").broken();
        let sent = network.metrics().total().counters.get(Count::Sent);
        match epochs.0 {
            Epoch::Classic => assert!(broken.is_some() && sent < 6_000, "{name}: {sent}"),
            // It takes a producer so far ahead for an attack, and gives the guest up.
            Epoch::GrantCopy => assert!(network.is_disabled(ETH0) && sent < 6_000, "{name}: {sent}"),
            Epoch::ZeroCopy => {
                check_rest(&network, &name);
                assert!((15_500..18_500).contains(&sent), "{name}: {sent}");
            }
        }
    }
}

#[test]
fn a_driver_that_closes_and_starts_again_goes_on() {
    for epochs in EPOCHS {
        let name = format!("{epochs:?}");
        let network =
            run(&settings(epochs, &[(500, FaultKind::CloseFront(ETH0)), (800, FaultKind::RestartFront(ETH0))]));
        check_rest(&network, &name);
        let sent = network.metrics().total().counters.get(Count::Sent);
        assert!((16_000..18_500).contains(&sent), "{name}: {sent}");
    }
}

/// A guest that is destroyed stays as a zombie while the card has pages of its, and is gone when they are freed.
#[test]
fn a_destroyed_guest_is_a_zombie_while_the_card_has_its_pages() {
    for epochs in EPOCHS {
        let name = format!("{epochs:?}");
        let faults = [(400, FaultKind::StallCard), (500, FaultKind::Destroy(ETH0)), (700, FaultKind::ResumeCard)];
        let mut network = Network::new(&settings(epochs, &faults)).expect("a machine");
        network.run_until(Time::from_millis(699));
        let zombie = network.xen().is_zombie(DomId(1));
        assert_eq!(zombie, epochs.0 != Epoch::GrantCopy, "{name}");
        assert!(bus_events(&network).iter().any(|(_, event)| matches!(event, Bus::Zombie { .. })), "{name}");
        network.run();
        assert!(network.xen().domain(DomId(1)).is_none(), "{name}");
        assert_eq!((network.levels().held, network.packets_alive().0), (0, 0), "{name}");
    }
}
