//! Scenario "receiving": packets from the wire, by copy or by page.
//!
//! Not modelled: what a copy, a transfer or a flush of translations costs; they are counted.

use crate::machine::metrics::counters::Count;
use crate::machine::metrics::level::Level;
use crate::machine::network::settings::{Destination, Fault, FaultKind, Guest, Settings};
use crate::telling::scenario::metric::Metric;
use crate::telling::scenario::parts::{EPOCH, FRONT, card, epoch, front, settings, workload};
use crate::telling::scenario::{Knob, Makes, Preset, Scenario};
use crate::words::ids::VifId;
use crate::words::time::Time;

pub(super) static SCENARIO: Scenario = Scenario {
    name: "receiving",
    title: "By copy or by page",
    question: "Is giving a page away cheaper than copying it, and what happens when the guest does not look?",
    presets: &[
        Preset { name: "copy", says: "Bytes move into the guest's buffers, pages keep their owners.", values: &[] },
        Preset {
            name: "flip",
            says: "Whole pages change hands, and dom0 takes a fresh one for each.",
            values: &[("flip", 1)],
        },
        Preset {
            name: "squeeze",
            says: "Xen has no fresh page: reception pauses for everybody.",
            values: &[("flip", 1), ("squeeze", 5)],
        },
        Preset {
            name: "sleeping-guest",
            says: "The guest looks no more: 32 packets wait for it, the others are lost in dom0.",
            values: &[("sleep", 5)],
        },
    ],
    knobs: &[
        Knob::new("arriving", "what comes from the wire", "Mb/s", [1, 500, 10_000]),
        Knob::new("bytes", "bytes in a packet", "bytes", [60, 1_514, 1_514]),
        Knob::choice("flip", "how packets are delivered", &["by copy", "by page"]),
        Knob::choice("rx-notify", "whether the guest tells of fresh buffers", &["tells", "does not tell"]),
        Knob::new("consumes", "how long an application keeps a packet", "µs", [0, 0, 100_000]).in_steps_of(10),
        Knob::new("squeeze", "when Xen runs out of pages; 0 for never", "ms", [0, 0, 1_000]),
        Knob::new("sleep", "when the guest stops looking; 0 for never", "ms", [0, 0, 1_000]),
        EPOCH,
        FRONT,
        Knob::new("duration", "length of the run", "ms", [1, 50, 3_000]),
    ],
    metrics: &[
        Metric::Rate(Count::DeliveredBytes),
        Metric::Count(Count::Delivered),
        Metric::Count(Count::LostAtVif),
        Metric::Count(Count::Spoiled),
        Metric::Count(Count::GuestInterrupts),
        Metric::Most(Level::VifQueue),
        Metric::Mean(Level::BuffersPosted),
        Metric::Latency(50),
        Metric::Latency(99),
    ],
    not_modelled: &["the time that copying takes", "caches and TLBs, which decided against flipping"],
    makes: Makes::Network(build),
};

fn build(values: &[u32]) -> Settings {
    let &[arriving, bytes, flip, silent, consumes, squeeze, sleep, netback, netfront, duration] = values else {
        unreachable!("there is one value for each knob");
    };
    let mut settings = settings(epoch(netback), duration);
    settings.card = card(10_000, 0);
    settings.dom0.back.rx_flip = flip == 1;
    settings.outside.push(workload(Destination::Guest(VifId(0)), bytes, arriving, duration));
    for (at, what) in [(squeeze, FaultKind::SqueezeMemory), (sleep, FaultKind::SleepGuest(VifId(0)))] {
        if at > 0 {
            settings.faults.push(Fault { at: Time::from_millis(u64::from(at)), what });
        }
    }
    settings.guests.push(Guest {
        front: front(netfront),
        flip: flip == 1,
        rx_notify: silent == 0,
        consumes: u64::from(consumes) * 1_000,
        ..Guest::default()
    });
    settings
}
