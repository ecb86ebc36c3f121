//! What tells two runs apart.

use sim::machine::metrics::OfVif;
use sim::machine::metrics::counters::Count;
use sim::machine::metrics::histogram::Histogram;
use sim::machine::metrics::level::Level;
use sim::machine::network::Network;
use sim::words::hash::Fnv1a;

/// What a run is compared by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks {
    /// The hash of its log.
    pub log: u64,
    /// The fingerprint of the state that it ends in.
    pub fingerprint: u64,
    /// The hash of what was counted and measured, which articles give as numbers.
    pub measures: u64,
}

impl Marks {
    /// The marks of a run.
    #[must_use]
    pub fn of(network: &Network) -> Marks {
        Marks { log: network.log().hash(), fingerprint: network.fingerprint(), measures: measures(network) }
    }
}

fn measures(network: &Network) -> u64 {
    let metrics = network.metrics();
    let mut hash = Fnv1a::new();
    for of_vif in metrics.vifs().iter().chain([&metrics.total()]) {
        take_in_interface(&mut hash, of_vif);
    }
    for gauge in Level::ALL.map(|level| metrics.gauge(level)) {
        hash.write_u32(gauge.most());
        hash.write_u64(gauge.mean_thousandths(network.now()));
    }
    hash.finish()
}

fn take_in_interface(hash: &mut Fnv1a, of_vif: &OfVif) {
    for count in Count::ALL {
        hash.write_u64(of_vif.counters.get(count));
    }
    take_in_durations(hash, &of_vif.latency);
    take_in_durations(hash, &of_vif.residence);
}

fn take_in_durations(hash: &mut Fnv1a, durations: &Histogram) {
    hash.write_u64(durations.count());
    for measure in [durations.mean(), durations.quantile(1, 2), durations.quantile(99, 100), durations.most()] {
        hash.write_u64(measure.unwrap_or(u64::MAX));
    }
}
