//! Scenario "limits": guests that offer more than gets through, and what it is that holds them back.
//!
//! Not modelled: guests whose packets differ, and what a guest's processor does beside making packets.

use alloc::vec::Vec;

use crate::actors::log::summary::Limiter;
use crate::actors::nic::CardSettings;
use crate::machine::metrics::counters::Count;
use crate::machine::metrics::level::Level;
use crate::machine::network::settings::{Destination, Guest, Settings, Workload};
use crate::telling::scenario::metric::Metric;
use crate::telling::scenario::parts::{EPOCH, FRONT, card, epoch, front, settings, workload};
use crate::telling::scenario::{Knob, Makes, Preset, Scenario};
use crate::words::time::Time;

pub(super) static SCENARIO: Scenario = Scenario {
    name: "limits",
    title: "What holds packets back",
    question: "Guests offer more than gets through: is it the card that holds them back, the ring, netback's pool, or the guests themselves?",
    presets: &[
        Preset {
            name: "late-reports",
            says: "The card reports late, so slots come back late: the ring is the limit, and the card has time to spare.",
            values: &[],
        },
        Preset { name: "prompt-reports", says: "Now the card is the limit.", values: &[("interrupt-delay", 10)] },
        Preset {
            name: "four-guests",
            says: "Four rings share the classic netback's pool of 256: the pool is the limit before the rings are.",
            values: &[("guests", 4), ("interrupt-delay", 300)],
        },
        Preset {
            name: "slow-guest",
            says: "Small packets: the guest makes them no faster.",
            values: &[("bytes", 256), ("interrupt-delay", 10)],
        },
    ],
    knobs: &[
        Knob::new("guests", "how many guests", "", [1, 1, 8]),
        Knob::new("pace", "the guests together make a packet in", "ns", [500, 2_000, 100_000]),
        Knob::new("bytes", "bytes in a packet", "bytes", [60, 1_514, 65_226]),
        Knob::new("card", "what the card sends", "Mb/s", [10, 10_000, 40_000]),
        Knob::new("descriptors", "descriptors of the card's transmit ring", "", [64, 4_096, 4_096]),
        Knob::new("interrupt-delay", "from a packet's end to the card's interrupt", "µs", [0, 1_000, 2_000]),
        EPOCH,
        FRONT,
        Knob::new("duration", "length of the run", "ms", [1, 6, 100]),
    ],
    metrics: &[
        Metric::Rate(Count::SentBytes),
        Metric::Mean(Level::RingOutstanding),
        Metric::Mean(Level::PoolHeld),
        Metric::Mean(Level::CardQueue),
        Metric::Count(Count::Offered),
        Metric::Count(Count::Sent),
        Metric::Lost,
    ],
    not_modelled: &[
        "the time that code takes, save for a guest's making a packet and the delays of events and softirqs",
        "TCP, which would slow down",
    ],
    makes: Makes::Network(build),
};

fn build(values: &[u32]) -> Settings {
    let &[guests, pace, bytes, megabits, descriptors, delay, netback, netfront, duration] = values else {
        unreachable!("there is one value for each knob");
    };
    let mut settings = settings(epoch(netback), duration);
    settings.card = CardSettings { descriptors, ..card(megabits, delay) };
    let every = u64::from(pace) * u64::from(guests);
    let count = u64::from(duration) * 1_000_000 / every;
    for number in 0..guests {
        // Guests begin one after the other, so that turns are not taken in step.
        let start = Time(u64::from(number) * every / u64::from(guests));
        let sends = Workload { every, count, start, ..workload(Destination::Outside, bytes, 1, duration) };
        settings.guests.push(Guest { front: front(netfront), sends: Vec::from([sends]), ..Guest::default() });
    }
    settings
}

/// Packets that wait in a queue by chance.
const BY_CHANCE: u64 = 4;

/// Slots that netback holds when its pool is nearly full: seven tenths of 256, in thousandths.
const NEARLY_FULL: u64 = 180_000;

/// What held packets back in a run of this scenario, told from what was measured, in this order:
///
/// - the **wire**, if packets left at nine tenths of its rate or more (headers of segments take the rest);
/// - the card's **descriptors**, if packets waited in dom0's queue in front of a wire that was idle part of the time;
/// - the **guests**, if nineteen of twenty packets that they made have left;
/// - the **pool**, if it was nearly full in the mean, and half as many slots again were in use on the rings;
/// - the **ring** otherwise: guests wait, and nothing waits behind the ring.
///
/// # Panics
/// When the numbers are not those of the scenario's metrics.
#[must_use]
pub fn limiter(megabits: u32, numbers: &[u64]) -> Limiter {
    let &[rate, outstanding, held, in_dom0, offered, sent, ..] = numbers else {
        unreachable!("the scenario's own metrics are read");
    };
    match () {
        () if rate / 100_000 >= u64::from(megabits) * 9 => Limiter::Wire,
        () if in_dom0 >= BY_CHANCE * 1_000 => Limiter::Descriptors,
        () if sent * 20 >= offered * 19 => Limiter::Guest,
        () if held >= NEARLY_FULL && outstanding * 2 >= held * 3 => Limiter::Pool,
        () => Limiter::Ring,
    }
}
