//! Scenario "flow-control": where packets wait, and where they are lost.
//!
//! Not modelled: senders that slow down when packets are lost, as TCP does; the guest offers what it is told to.

use alloc::vec;

use crate::actors::netfilter::Filter;
use crate::machine::metrics::counters::Count;
use crate::machine::metrics::level::Level;
use crate::machine::network::settings::{Destination, Fault, FaultKind, Guest, Settings};
use crate::telling::scenario::metric::Metric;
use crate::telling::scenario::parts::{COPY_SKB, EPOCH, FRONT, card, copy_skb, epoch, front, settings, workload};
use crate::telling::scenario::{Knob, Makes, Preset, Scenario};
use crate::words::time::Time;

pub(super) static SCENARIO: Scenario = Scenario {
    name: "flow-control",
    title: "A guest that is faster than its card",
    question: "A guest produces faster than the card sends: where do packets wait, and where are they lost?",
    presets: &[
        Preset {
            name: "slow-card",
            says: "The ring fills, netfront stops its queue, and the guest's own queue overflows: nothing is lost in dom0.",
            values: &[],
        },
        Preset {
            name: "balanced",
            says: "The card is faster than the guest: queues stay short.",
            values: &[("offered", 900)],
        },
        Preset {
            name: "stalled-card",
            says: "The card stops: what lies in its ring is held until it goes on, and the guest stops with it.",
            values: &[("stall", 10), ("copy-skb", 1)],
        },
        Preset {
            name: "firewall-drop",
            says: "A filter in dom0 drops everything. The guest gets its slots back sooner than ever.",
            values: &[("filter", 1)],
        },
        Preset {
            name: "small-packets",
            says: "Packets of 60 bytes are copied whole, and their slots come back at once: the card pushes back on nobody, and packets are lost in dom0.",
            values: &[("bytes", 60), ("offered", 200), ("card", 100), ("duration", 50)],
        },
        Preset {
            name: "large-segments",
            says: "Packets of 64 KiB take up to 18 slots each: a dozen of them fill the ring.",
            values: &[("bytes", 65_226)],
        },
        Preset {
            name: "copying",
            says: "Netback copies every byte and answers at once: the card pushes back on nobody, and dom0 loses packets.",
            values: &[("netback", 1)],
        },
    ],
    knobs: &[
        Knob::new("offered", "what the guest produces", "Mb/s", [1, 1_400, 20_000]),
        Knob::new("bytes", "bytes in a packet", "bytes", [60, 1_514, 65_226]),
        Knob::new("card", "what the card sends", "Mb/s", [1, 1_000, 40_000]),
        Knob::new("interrupt-delay", "from a packet's end to the card's interrupt", "µs", [0, 20, 1_000]),
        EPOCH,
        FRONT,
        COPY_SKB,
        Knob::choice("filter", "dom0's packet filter", &["accepts", "drops"]),
        Knob::new("stall", "when the card stops fetching; 0 for never", "ms", [0, 0, 2_000]),
        Knob::new("duration", "length of the run", "ms", [1, 100, 2_000]),
        Knob::new("seed", "seed of all chance", "", [0, 1, 1_000_000]),
    ],
    metrics: &[
        Metric::Rate(Count::SentBytes),
        Metric::Count(Count::Offered),
        Metric::Count(Count::Sent),
        Metric::Count(Count::LostInGuest),
        Metric::Count(Count::Filtered),
        Metric::Count(Count::LostAtCard),
        Metric::Count(Count::GuestInterrupts),
        Metric::Most(Level::GuestQueue),
        Metric::Mean(Level::RingOutstanding),
        Metric::Mean(Level::CardQueue),
        Metric::Latency(50),
        Metric::Latency(99),
    ],
    not_modelled: &[
        "the time that code takes, save for the delays of events and softirqs",
        "TCP, which would slow down",
    ],
    makes: Makes::Network(build),
};

fn build(values: &[u32]) -> Settings {
    let &[offered, bytes, megabits, delay, netback, netfront, copying, filter, stall, duration, seed] = values else {
        unreachable!("there is one value for each knob");
    };
    let mut settings = settings(epoch(netback), duration);
    settings.seed = u64::from(seed);
    settings.card = card(megabits, delay);
    settings.dom0.back.copy_skb = copy_skb(copying);
    if filter == 1 {
        settings.dom0.stack.filter = Filter::DROP;
    }
    if stall > 0 {
        settings.faults.push(Fault { at: Time::from_millis(u64::from(stall)), what: FaultKind::StallCard });
    }
    let sends = vec![workload(Destination::Outside, bytes, offered, duration)];
    settings.guests.push(Guest { front: front(netfront), sends, ..Guest::default() });
    settings
}
