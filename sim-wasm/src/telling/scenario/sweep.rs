//! A scenario run for every combination of some knobs' values, on all processors at once.
//!
//! A run is a function of its settings, so the rows of a [`sweep`] are the same on any number of threads, in the order of
//! the grid: the last axis changes fastest.
//!
//! Not modelled: stopping when enough is known: every combination is run to its end.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use std::sync::Mutex;
use std::thread;

use crate::telling::scenario::Values;
use crate::telling::scenario::error::ScenarioError;
use crate::telling::scenario::metric::Metric;

/// Runs of one sweep at most.
pub const MOST_RUNS: u64 = 100_000;

/// One knob and the values that it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// The knob's name.
    pub knob: String,
    /// Its values, in the order of the rows.
    pub values: Vec<u32>,
}

impl Axis {
    /// So many values of a knob, from the smallest to the largest, evenly apart as far as its steps allow.
    pub fn even(base: &Values, knob: &str, count: u32) -> Result<Axis, ScenarioError> {
        let scenario = base.scenario();
        let offered = &scenario.knobs[scenario.knob(knob)?];
        let (last, count) = (offered.count() - 1, count.clamp(1, offered.count()));
        let gaps = u64::from((count - 1).max(1));
        let place = |position: u32| (u64::from(position) * u64::from(last) / gaps) as u32;
        Ok(Axis { knob: knob.to_owned(), values: (0..count).map(|position| offered.value(place(position))).collect() })
    }
}

/// One run of a sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The axes' values, in their order.
    pub values: Vec<u32>,
    /// The metrics' numbers, in their order.
    pub numbers: Vec<u64>,
}

/// Runs every combination of the axes' values, the other knobs as in `base`, on so many threads; 0 for as many as the
/// machine has processors.
pub fn sweep(base: &Values, axes: &[Axis], metrics: &[Metric], threads: usize) -> Result<Vec<Row>, ScenarioError> {
    let runs = grid(base, axes)?;
    let threads = if threads == 0 { thread::available_parallelism().map_or(1, usize::from) } else { threads };
    let queue = Mutex::new(runs.into_iter().enumerate());
    let worker = || {
        let mut rows = Vec::new();
        loop {
            // Held while the next run is taken, and no longer.
            let taken = queue.lock().expect("nobody panics with the queue in hand").next();
            let Some((place, (values, made))) = taken else { return rows };
            rows.push((place, run(&made, metrics).map(|numbers| Row { values, numbers })));
        }
    };
    let mut rows = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(worker)).collect();
        let done = workers.into_iter().map(|worker| worker.join().expect("a run of sound settings does not panic"));
        done.flatten().collect::<Vec<_>>()
    });
    rows.sort_unstable_by_key(|(place, _)| *place);
    rows.into_iter().map(|(_, row)| row).collect()
}

/// One run to its end.
fn run(values: &Values, metrics: &[Metric]) -> Result<Vec<u64>, ScenarioError> {
    let outcome = values.run()?;
    Ok(metrics.iter().map(|metric| metric.of(&outcome)).collect())
}

/// Every combination of the axes' values, with the values that they make of all knobs.
fn grid(base: &Values, axes: &[Axis]) -> Result<Vec<(Vec<u32>, Values)>, ScenarioError> {
    let scenario = base.scenario();
    let mut runs = 1_u64;
    let mut knobs: Vec<usize> = Vec::new();
    for axis in axes {
        let place = scenario.knob(&axis.knob)?;
        let knob = &scenario.knobs[place];
        if axis.values.is_empty() {
            return Err(ScenarioError::EmptyAxis { knob });
        }
        if knobs.contains(&place) {
            return Err(ScenarioError::AxisTwice { knob });
        }
        knobs.push(place);
        runs = runs.saturating_mul(axis.values.len() as u64);
    }
    if runs > MOST_RUNS {
        return Err(ScenarioError::TooManyRuns { runs, most: MOST_RUNS });
    }
    let combination = |number: u64| {
        let mut rest = number;
        let mut values = base.clone();
        let mut chosen = vec![0; axes.len()];
        for (position, axis) in axes.iter().enumerate().rev() {
            let count = axis.values.len() as u64;
            chosen[position] = axis.values[(rest % count) as usize];
            rest /= count;
            values = values.set(&axis.knob, chosen[position])?;
        }
        values.check()?;
        Ok((chosen, values))
    };
    (0..runs).map(combination).collect()
}
