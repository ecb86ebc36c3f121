//! Scenario "between-guests": packets from guest to guest, to everybody, and past a listener.
//!
//! Not modelled: answers; packets go one way.

use alloc::vec;
use alloc::vec::Vec;

use crate::actors::bridge::BridgePort;
use crate::actors::stack::TapSettings;
use crate::machine::metrics::counters::Count;
use crate::machine::metrics::level::Level;
use crate::machine::network::settings::{Destination, Fault, FaultKind, Guest, Settings};
use crate::telling::scenario::metric::Metric;
use crate::telling::scenario::parts::{COPY_SKB, EPOCH, FRONT, card, copy_skb, epoch, front, settings, workload};
use crate::telling::scenario::{Knob, Makes, Preset, Scenario};
use crate::words::ids::VifId;
use crate::words::time::Time;

pub(super) static SCENARIO: Scenario = Scenario {
    name: "between-guests",
    title: "From guest to guest",
    question: "Guests send to each other through dom0: who waits for whom?",
    presets: &[
        Preset {
            name: "neighbours",
            says: "One guest sends to the next, and its pages go back when they are copied.",
            values: &[],
        },
        Preset {
            name: "broadcast",
            says: "Everybody gets a clone, and all clones share the sender's pages: the slowest receiver holds them.",
            values: &[("to", 1), ("offered", 50)],
        },
        Preset {
            name: "sleeping-neighbour",
            says: "One receiver of a broadcast looks no more: the sender's slots are held in front of it.",
            values: &[("to", 1), ("offered", 50), ("sleep", 5), ("copy-skb", 1)],
        },
        Preset {
            name: "listener",
            says: "A packet socket in dom0 keeps clones: the classic driver waits for it, the modern one copies instead.",
            values: &[("listen", 1_000), ("copy-skb", 1)],
        },
    ],
    knobs: &[
        Knob::new("guests", "how many guests", "", [2, 3, 8]),
        Knob::choice("to", "to whom the first guest sends", &["its neighbour", "everybody", "nobody there", "dom0"]),
        Knob::new("offered", "what it produces", "Mb/s", [1, 400, 10_000]),
        Knob::new("bytes", "bytes in a packet", "bytes", [60, 1_514, 1_514]),
        Knob::new(
            "listen",
            "how long a listener in dom0 keeps each packet; 0 for no listener",
            "µs",
            [0, 0, 1_000_000],
        )
        .in_steps_of(10),
        Knob::new("sleep", "when the last guest stops looking; 0 for never", "ms", [0, 0, 1_000]),
        EPOCH,
        FRONT,
        COPY_SKB,
        Knob::new("duration", "length of the run", "ms", [1, 50, 1_000]),
    ],
    metrics: &[
        Metric::Count(Count::Offered),
        Metric::Count(Count::Delivered),
        Metric::OfVif(1, Count::Delivered),
        Metric::Count(Count::LostInGuest),
        Metric::Count(Count::LostAtVif),
        Metric::Mean(Level::RingOutstanding),
        Metric::Most(Level::PoolHeld),
        Metric::Latency(50),
        Metric::Latency(99),
    ],
    not_modelled: &["the time that copying takes", "what a listener does with what it reads"],
    makes: Makes::Network(build),
};

fn build(values: &[u32]) -> Settings {
    let &[guests, to, offered, bytes, listen, sleep, netback, netfront, copying, duration] = values else {
        unreachable!("there is one value for each knob");
    };
    let mut settings = settings(epoch(netback), duration);
    settings.card = card(1_000, 20);
    settings.dom0.back.copy_skb = copy_skb(copying);
    let to = match to {
        0 => Destination::Guest(VifId(1)),
        1 => Destination::Everybody,
        2 => Destination::Nobody,
        _ => Destination::Dom0,
    };
    for number in 0..guests {
        let sends = if number == 0 { vec![workload(to, bytes, offered, duration)] } else { Vec::new() };
        settings.guests.push(Guest { front: front(netfront), sends, ..Guest::default() });
    }
    if listen > 0 {
        let tap = TapSettings { hold: u64::from(listen) * 1_000, limit: 1_000 };
        settings.faults.push(Fault { at: Time::ZERO, what: FaultKind::Tap(BridgePort::Vif(VifId(0)), tap) });
    }
    if sleep > 0 {
        let what = FaultKind::SleepGuest(VifId(guests as u16 - 1));
        settings.faults.push(Fault { at: Time::from_millis(u64::from(sleep)), what });
    }
    settings
}
