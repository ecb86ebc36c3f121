//! The numbers that a run is asked for.
//!
//! Not modelled: numbers that depend on the run's order, such as how long the longest pause was.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

use crate::machine::given_away::tally;
use crate::machine::metrics::counters::Count;
use crate::machine::metrics::histogram::Histogram;
use crate::machine::metrics::level::Level;
use crate::machine::metrics::{Metrics, OfVif};
use crate::telling::scenario::Outcome;
use crate::words::time::Time;

/// Bits in a second of so many bytes in a nanosecond.
const BITS_PER_SECOND: u128 = 8_000_000_000;

/// A number of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// How often something happened, to all interfaces and the machine.
    Count(Count),
    /// How often something happened to one interface.
    OfVif(u16, Count),
    /// Packets lost anywhere.
    Lost,
    /// A count of bytes as a rate over the whole run, in bits a second.
    Rate(Count),
    /// One interface's part of all that is counted, in thousandths.
    Share(u16, Count),
    /// The highest level.
    Most(Level),
    /// The mean level, in thousandths.
    Mean(Level),
    /// A percentile of the packets' latency, in nanoseconds; 100 for the maximum, 0 where no packet left.
    Latency(u32),
    /// The same of one interface.
    LatencyOfVif(u16, u32),
    /// A percentile of how long slots were in use, in nanoseconds.
    Residence(u32),
    /// What is counted where cards are given away.
    GivenAway(tally::Count),
}

impl Metric {
    /// Its name in tables.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Metric::Count(what) => what.name().to_owned(),
            Metric::OfVif(vif, what) => format!("{}-{vif}", what.name()),
            Metric::Lost => "lost".to_owned(),
            Metric::Rate(what) => format!("{}-rate", what.name()),
            Metric::Share(vif, what) => format!("{}-share-{vif}", what.name()),
            Metric::Most(level) => format!("{}-most", level.name()),
            Metric::Mean(level) => format!("{}-mean", level.name()),
            Metric::Latency(percent) => format!("latency-{percent}"),
            Metric::LatencyOfVif(vif, percent) => format!("latency-{percent}-{vif}"),
            Metric::Residence(percent) => format!("residence-{percent}"),
            Metric::GivenAway(what) => what.name().to_owned(),
        }
    }

    /// The unit, or nothing.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Metric::Count(_) | Metric::OfVif(..) | Metric::Lost | Metric::Most(_) => "",
            Metric::Rate(_) => "bit/s",
            Metric::Share(..) | Metric::Mean(_) => "1/1000",
            Metric::Latency(_) | Metric::LatencyOfVif(..) | Metric::Residence(_) => "ns",
            Metric::GivenAway(tally::Count::Written(_) | tally::Count::Read(_) | tally::Count::WrittenLate) => "bytes",
            Metric::GivenAway(_) => "",
        }
    }

    /// Reads the number of a run of either kind; 0 if it is none that such a run has.
    #[must_use]
    pub fn of(self, outcome: &Outcome) -> u64 {
        match (self, outcome) {
            (Metric::GivenAway(what), Outcome::GivenAway(tally)) => tally.get(what),
            (_, Outcome::GivenAway(_)) => 0,
            (_, Outcome::Network { metrics, end, .. }) => self.read(metrics, *end),
        }
    }

    /// Reads the number of a network's run that ended at `end`.
    #[must_use]
    pub fn read(self, metrics: &Metrics, end: Time) -> u64 {
        let total = |what| metrics.total().counters.get(what);
        let of_vif = |vif: u16| metrics.vifs().get(usize::from(vif));
        let count_of = |vif, what| of_vif(vif).map_or(0, |of_vif| of_vif.counters.get(what));
        match self {
            Metric::Count(what) => total(what),
            Metric::OfVif(vif, what) => count_of(vif, what),
            Metric::Lost => metrics.total().counters.lost(),
            Metric::Rate(what) => per(u128::from(total(what)) * BITS_PER_SECOND, end.0),
            Metric::Share(vif, what) => per(u128::from(count_of(vif, what)) * 1000, total(what)),
            Metric::Most(level) => u64::from(metrics.gauge(level).most()),
            Metric::Mean(level) => metrics.gauge(level).mean_thousandths(end),
            Metric::Latency(percent) => percentile(Some(&metrics.total()), percent, |of_vif| &of_vif.latency),
            Metric::LatencyOfVif(vif, percent) => percentile(of_vif(vif), percent, |of_vif| &of_vif.latency),
            Metric::Residence(percent) => percentile(Some(&metrics.total()), percent, |of_vif| &of_vif.residence),
            Metric::GivenAway(_) => 0,
        }
    }
}

/// Rounded down; 0 of nothing.
fn per(amount: u128, whole: u64) -> u64 {
    if whole == 0 { 0 } else { u64::try_from(amount / u128::from(whole)).unwrap_or(u64::MAX) }
}

fn percentile(of_vif: Option<&OfVif>, percent: u32, which: fn(&OfVif) -> &Histogram) -> u64 {
    of_vif.and_then(|of_vif| which(of_vif).quantile(percent, 100)).unwrap_or(0)
}
