//! Scenario "sharing": several guests behind one backend and one card.
//!
//! Not modelled: the processor's time, for which guests compete besides; only slots, credit and the wire are shared here.

use alloc::vec;

use crate::machine::metrics::counters::Count;
use crate::machine::metrics::level::Level;
use crate::machine::network::settings::{Destination, Guest, Settings};
use crate::telling::scenario::metric::Metric;
use crate::telling::scenario::parts::{EPOCH, FRONT, card, epoch, front, settings, workload};
use crate::telling::scenario::{Knob, Makes, Preset, Scenario};

/// Length of a credit window in microseconds, `xl`'s default of 50 ms.
const WINDOW: u64 = 50_000;

pub(super) static SCENARIO: Scenario = Scenario {
    name: "sharing",
    title: "Several guests, one backend",
    question: "Guests share one netback: is that fair, and fair in what?",
    presets: &[
        Preset { name: "equal", says: "Guests that send the same get the same.", values: &[("other-bytes", 1_514)] },
        Preset {
            name: "large-and-small",
            says: "Turns are taken by packet: who sends large packets gets more bytes.",
            values: &[],
        },
        Preset {
            name: "segments",
            says: "A guest with packets of 64 KiB gets several times the bytes of a neighbour, although a dozen of them fill its ring and it misses most of its turns.",
            values: &[("first-bytes", 65_226), ("other-bytes", 1_514)],
        },
        Preset {
            name: "limited",
            says: "The first guest has a credit: its requests wait on its own ring, and the others have the card.",
            values: &[("first-bytes", 1_514), ("other-bytes", 1_514), ("credit", 500)],
        },
    ],
    knobs: &[
        Knob::new("guests", "how many guests", "", [2, 3, 8]),
        Knob::new("first-bytes", "bytes in the first guest's packets", "bytes", [60, 1_514, 65_226]),
        Knob::new("other-bytes", "bytes in the others' packets", "bytes", [60, 600, 65_226]),
        Knob::new("offered", "what each guest produces", "Mb/s", [1, 1_000, 10_000]),
        Knob::new("credit", "the first guest's credit in 50 ms; 0 for no limit", "kB", [0, 0, 1_000_000]),
        Knob::new("card", "what the card sends", "Mb/s", [10, 1_000, 40_000]),
        Knob::new("interrupt-delay", "from a packet's end to the card's interrupt", "µs", [0, 20, 1_000]),
        EPOCH,
        FRONT,
        Knob::new("duration", "length of the run", "ms", [1, 100, 1_000]),
    ],
    metrics: &[
        Metric::Rate(Count::SentBytes),
        Metric::Share(0, Count::SentBytes),
        Metric::Share(1, Count::SentBytes),
        Metric::Share(0, Count::Sent),
        Metric::Share(1, Count::Sent),
        Metric::LatencyOfVif(0, 99),
        Metric::LatencyOfVif(1, 99),
        Metric::Mean(Level::PoolHeld),
        Metric::Count(Count::LostInGuest),
        Metric::Count(Count::LostAtCard),
    ],
    not_modelled: &["the time that code takes, save for the delays of events and softirqs", "weights of vCPUs"],
    makes: Makes::Network(build),
};

fn build(values: &[u32]) -> Settings {
    let &[guests, first, other, offered, credit, megabits, delay, netback, netfront, duration] = values else {
        unreachable!("there is one value for each knob");
    };
    let mut settings = settings(epoch(netback), duration);
    settings.card = card(megabits, delay);
    for number in 0..guests {
        let (bytes, limit) = if number == 0 { (first, credit) } else { (other, 0) };
        settings.guests.push(Guest {
            front: front(netfront),
            sends: vec![workload(Destination::Outside, bytes, offered, duration)],
            credit: (limit > 0).then(|| (u64::from(limit) * 1_000, WINDOW)),
            ..Guest::default()
        });
    }
    settings
}
