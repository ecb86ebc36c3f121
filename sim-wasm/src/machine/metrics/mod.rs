//! What a run is measured by: [`Counters`], [`Level`]s over time, [`Histogram`]s of durations, and [`Series`]
//! over the run, gathered in [`Metrics`].
//!
//! All of it is whole numbers, grows no further once the run is warm, and is a plain value: two runs, or two halves of
//! one, can be merged and compared.
//!
//! Not modelled: nothing here decides anything. A machine without metrics runs the same.

pub mod counters;

pub mod histogram;

pub mod level;

pub mod series;

use alloc::vec::Vec;

use crate::machine::metrics::counters::{Count, Counters};
use crate::machine::metrics::histogram::Histogram;
use crate::machine::metrics::level::{Gauge, Level};
use crate::machine::metrics::series::{Fold, Series};
use crate::words::ids::VifId;
use crate::words::time::Time;

/// What one interface of a guest did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OfVif {
    /// How often what happened.
    pub counters: Counters,
    /// From a packet's being offered to its last byte's leaving, in nanoseconds.
    pub latency: Histogram,
    /// From a request's being published to its response's being read, in nanoseconds.
    pub residence: Histogram,
}

/// What a series follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch {
    /// How often something happened in each stretch of the run, to all interfaces together.
    Count(Count),
    /// How high a level rose in each stretch of the run.
    Level(Level),
}

/// Everything measured in one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// What belongs to no interface: the card's interrupts, dom0's own work.
    pub machine: Counters,
    vifs: Vec<OfVif>,
    /// Durations of packets that come from no interface: from the wire.
    outside: OfVif,
    levels: [Gauge; Level::ALL.len()],
    watched: Vec<(Watch, Series)>,
}

impl Metrics {
    /// Nothing measured yet, of so many interfaces; `watched` is followed over the run.
    #[must_use]
    pub fn new(vifs: u16, watched: &[Watch]) -> Metrics {
        let series = |watch: &Watch| match watch {
            Watch::Count(_) => (*watch, Series::new(Fold::Sum)),
            Watch::Level(_) => (*watch, Series::new(Fold::Most)),
        };
        Metrics {
            machine: Counters::default(),
            vifs: (0..vifs).map(|_| OfVif::default()).collect(),
            outside: OfVif::default(),
            levels: [Gauge::default(); Level::ALL.len()],
            watched: watched.iter().map(series).collect(),
        }
    }

    /// Something happened so often to an interface. An interface that was not announced counts for the machine.
    #[inline]
    pub fn count(&mut self, now: Time, vif: VifId, what: Count, amount: u64) {
        match self.vifs.get_mut(usize::from(vif.0)) {
            Some(of_vif) => of_vif.counters.add(what, amount),
            None => self.machine.add(what, amount),
        }
        if !self.watched.is_empty() {
            self.follow(now, Watch::Count(what), amount);
        }
    }

    /// Something happened so often that belongs to no interface.
    #[inline]
    pub fn count_machine(&mut self, now: Time, what: Count, amount: u64) {
        self.machine.add(what, amount);
        if !self.watched.is_empty() {
            self.follow(now, Watch::Count(what), amount);
        }
    }

    /// A level has changed.
    #[inline]
    pub fn level(&mut self, now: Time, which: Level, height: u32) {
        self.levels[which.index()].set(now, height);
        if !self.watched.is_empty() {
            self.follow(now, Watch::Level(which), u64::from(height));
        }
    }

    /// A packet left or arrived so many nanoseconds after it was offered. One from no interface counts for the whole only.
    #[inline]
    pub fn latency(&mut self, vif: VifId, nanos: u64) {
        self.vifs.get_mut(usize::from(vif.0)).unwrap_or(&mut self.outside).latency.record(nanos);
    }

    /// A slot came back so many nanoseconds after it was published.
    #[inline]
    pub fn residence(&mut self, vif: VifId, nanos: u64) {
        self.vifs.get_mut(usize::from(vif.0)).unwrap_or(&mut self.outside).residence.record(nanos);
    }

    /// Each interface's own numbers, in the order of their ids.
    #[must_use]
    pub fn vifs(&self) -> &[OfVif] {
        &self.vifs
    }

    /// The numbers of all interfaces and of the machine together.
    #[must_use]
    pub fn total(&self) -> OfVif {
        let mut total = OfVif { counters: self.machine.clone(), ..self.outside.clone() };
        for of_vif in &self.vifs {
            total.counters.merge(&of_vif.counters);
            total.latency.merge(&of_vif.latency);
            total.residence.merge(&of_vif.residence);
        }
        total
    }

    /// How a level went.
    #[must_use]
    pub fn gauge(&self, which: Level) -> &Gauge {
        &self.levels[which.index()]
    }

    /// What was followed over the run.
    #[must_use]
    pub fn series(&self, watch: Watch) -> Option<&Series> {
        self.watched.iter().find(|(watched, _)| *watched == watch).map(|(_, series)| series)
    }

    #[inline(never)]
    fn follow(&mut self, now: Time, watch: Watch, amount: u64) {
        for (watched, series) in &mut self.watched {
            if *watched == watch {
                series.add(now, amount);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_to_an_interface_happens_to_the_whole() {
        let mut metrics = Metrics::new(2, &[Watch::Count(Count::Sent), Watch::Level(Level::PoolHeld)]);
        metrics.count(Time(5), VifId(0), Count::Sent, 2);
        metrics.count(Time(6), VifId(1), Count::Sent, 3);
        metrics.count(Time(7), VifId(9), Count::Sent, 1);
        metrics.count_machine(Time(8), Count::CardInterrupts, 1);
        metrics.level(Time(8), Level::PoolHeld, 17);
        metrics.latency(VifId(1), 40);
        metrics.latency(VifId(9), 40);
        metrics.residence(VifId(0), 50);
        assert_eq!(metrics.vifs()[1].counters.get(Count::Sent), 3);
        let total = metrics.total();
        assert_eq!((total.counters.get(Count::Sent), total.counters.get(Count::CardInterrupts)), (6, 1));
        assert_eq!((total.latency.count(), total.residence.count()), (2, 1));
        assert_eq!(metrics.gauge(Level::PoolHeld).most(), 17);
        let sums = |watch| metrics.series(watch).map(|series| series.buckets().iter().sum::<u64>());
        assert_eq!(sums(Watch::Count(Count::Sent)), Some(6));
        assert_eq!(sums(Watch::Level(Level::PoolHeld)), Some(17));
        assert_eq!(sums(Watch::Level(Level::CardRing)), None);
    }
}
