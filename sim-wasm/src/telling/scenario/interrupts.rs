//! Scenario "interrupts": how often the guest is interrupted for so many answers.
//!
//! Not modelled: what an interrupt costs; they are counted.

use alloc::vec;

use crate::machine::metrics::counters::Count;
use crate::machine::network::settings::{Guest, Settings, Workload};
use crate::telling::scenario::metric::Metric;
use crate::telling::scenario::parts::{EPOCH, FRONT, card, epoch, front, settings};
use crate::telling::scenario::{Knob, Makes, Preset, Scenario};

/// Milliseconds after which even the slowest card is done.
const DURATION: u32 = 10_000;

pub(super) static SCENARIO: Scenario = Scenario {
    name: "interrupts",
    title: "Answers and interrupts",
    question: "A full ring of packets is answered one by one: how many interrupts does the guest take?",
    presets: &[
        Preset {
            name: "full-ring",
            says: "236 answers, and seven interrupts: each time the guest asks to be woken half way.",
            values: &[],
        },
        Preset { name: "one-packet", says: "One packet, one interrupt.", values: &[("packets", 1)] },
        Preset {
            name: "moderated-card",
            says: "The card reports its packets together, and so do the answers come.",
            values: &[("interrupt-delay", 500)],
        },
        Preset {
            name: "modern",
            says: "The modern driver asks for the next answer, whatever is under way.",
            values: &[("netfront", 1)],
        },
    ],
    knobs: &[
        Knob::new("packets", "packets sent at once", "", [1, 236, 1_000]),
        Knob::new("bytes", "bytes in a packet", "bytes", [60, 1_514, 1_514]),
        Knob::new("card", "what the card sends", "Mb/s", [10, 1_000, 40_000]),
        Knob::new("interrupt-delay", "from a packet's end to the card's interrupt", "µs", [0, 0, 1_000]),
        EPOCH,
        FRONT,
    ],
    metrics: &[
        Metric::Count(Count::Sent),
        Metric::Count(Count::SlotsAnswered),
        Metric::Count(Count::GuestInterrupts),
        Metric::Count(Count::Dom0Interrupts),
        Metric::Count(Count::CardInterrupts),
        Metric::Latency(50),
        Metric::Latency(100),
    ],
    not_modelled: &["interrupts from other devices", "the time that handlers take"],
    makes: Makes::Network(build),
};

fn build(values: &[u32]) -> Settings {
    let &[packets, bytes, megabits, delay, netback, netfront] = values else {
        unreachable!("there is one value for each knob");
    };
    let mut settings = settings(epoch(netback), DURATION);
    settings.card = card(megabits, delay);
    let sends = vec![Workload { burst: packets, ..Workload::at_once(bytes, u64::from(packets)) }];
    settings.guests.push(Guest { front: front(netfront), sends, ..Guest::default() });
    settings
}
