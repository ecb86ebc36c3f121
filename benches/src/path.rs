//! The complete way of packets from a guest to the wire: grant, ring, map, bridge, card, unmap, response, reap.

use sim::actors::nic::{CardSettings, Moderation};
use sim::machine::metrics::counters::Count;
use sim::machine::network::Network;
use sim::machine::network::settings::{Delays, Guest, Logging, Settings, Workload};
use sim::words::time::Time;

/// Packets of a run.
pub const PACKETS: u32 = 200_000;

/// What happens in a run; times in nanoseconds. `network_path.py` is told the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// Bytes of a packet: one slot.
    pub bytes: u32,
    /// Packets that the guest sends at once: more than its ring holds, so that the queue stops and is woken.
    pub burst: u32,
    /// From one burst to the next: what a burst needs on the wire, and a little more, so that none is lost.
    pub every: u64,
    /// The wire.
    pub megabits: u32,
    /// From a packet's end on the wire to the card's interrupt.
    pub interrupt_delay: u64,
    /// From a notification to the handler in the other domain.
    pub event_delay: u64,
    /// From scheduling a tasklet or a softirq to its run.
    pub softirq_delay: u64,
    /// Packets that wait in the guest at most, `tx_queue_len`.
    pub queue: u32,
}

/// The one that is measured.
pub const SCENARIO: Scenario = Scenario {
    bytes: 1514,
    burst: 500,
    every: 650_000,
    megabits: 10_000,
    interrupt_delay: 20_000,
    event_delay: 4_000,
    softirq_delay: 1_000,
    queue: 1_000,
};

/// Whether the engine writes down what happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Telling {
    /// Every change of state is an entry of the log.
    On,
    /// Only counters are kept.
    Off,
}

/// What a run did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Packets that left.
    pub packets: u32,
    /// Changes of state, as the log counts them; 0 without a log.
    pub events: u64,
}

/// The machine of the scenario, with so many packets to send.
#[must_use]
pub fn machine(telling: Telling, packets: u32) -> Network {
    let workload =
        Workload { burst: SCENARIO.burst, ..Workload::every(SCENARIO.bytes, SCENARIO.every, u64::from(packets)) };
    let settings = Settings {
        guests: vec![Guest { sends: vec![workload], queue: SCENARIO.queue, ..Guest::default() }],
        card: CardSettings {
            transmit: Moderation::after(SCENARIO.interrupt_delay),
            ..CardSettings::e1000(SCENARIO.megabits)
        },
        delays: Delays { event: SCENARIO.event_delay, softirq: SCENARIO.softirq_delay, ..Delays::default() },
        until: Time(u64::MAX),
        log: match telling {
            Telling::On => Logging::On,
            Telling::Off => Logging::Off,
        },
        ..Settings::default()
    };
    Network::new(&settings).expect("the scenario makes a machine")
}

/// Sends [`PACKETS`] packets.
#[must_use]
pub fn transmit(telling: Telling) -> Outcome {
    let mut network = machine(telling, PACKETS);
    network.run();
    Outcome {
        packets: network.metrics().total().counters.get(Count::Sent) as u32,
        events: network.log().entries().len() as u64,
    }
}
