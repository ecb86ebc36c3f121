//! A number of a scenario's run: `scenario:NAME,knob=value,…/METRIC`. Among the knobs may stand `preset=NAME`, first.
//!
//! Not modelled: sweeps, and numbers of several runs.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;
use std::sync::{Mutex, PoisonError};

use crate::machine::given_away::tally;
use crate::machine::metrics::counters::Count;
use crate::machine::metrics::level::Level;
use crate::telling::claim::error::ClaimError;
use crate::telling::claim::ratio::Ratio;
use crate::telling::scenario::error::ScenarioError;
use crate::telling::scenario::metric::Metric;
use crate::telling::scenario::{Outcome, Scenario, Values, scenario, scenarios};

/// What a scenario's term begins with.
pub(super) const PREFIX: &str = "scenario:";

/// The key that chooses a preset.
const PRESET: &str = "preset";

/// Percentiles of latency and residence that every run is asked for.
const PERCENTILES: [u32; 5] = [1, 50, 90, 99, 100];

/// A scenario's name and the values of its knobs: what a run is known by.
type Made = (&'static str, Vec<u32>);

/// Runs that were made.
#[derive(Debug, Default)]
pub(super) struct Runs {
    made: Mutex<BTreeMap<Made, Arc<Outcome>>>,
}

impl Runs {
    /// The number, and what it counts; `term` is what stands behind the prefix, and places are bytes of the whole term.
    pub(super) fn read(&self, term: &str) -> Result<(Ratio, String), ClaimError> {
        let behind = |range: Range<usize>| PREFIX.len() + range.start..PREFIX.len() + range.end;
        let Some((setup, name)) = term.rsplit_once('/') else {
            let what = "a scenario is no number: write `/` and the name of a metric behind it";
            return Err(ClaimError::new(0..PREFIX.len() + term.len(), what));
        };
        let values = values(setup).map_err(|error| ClaimError { at: behind(error.at.clone()), ..error })?;
        let known = values.scenario();
        let run = self.run(&values).map_err(|error| ClaimError::new(behind(0..setup.len()), error.to_string()))?;
        let metrics = metrics(known, &run);
        let Some(metric) = metrics.iter().find(|metric| metric.name() == name) else {
            let what = format!("the scenario `{}` has no metric `{name}`", known.name);
            let at = behind(setup.len() + 1..term.len());
            return Err(ClaimError::new(at, what).knowing(metrics.iter().map(|metric| metric.name())));
        };
        let unit = if metric.unit().is_empty() { String::new() } else { format!(" in {}", metric.unit()) };
        let meaning = format!("`{name}`{unit} of the scenario `{}`", known.name);
        Ok((Ratio::from(metric.of(&run)), meaning))
    }

    /// The run with these values, made now unless it was made before.
    fn run(&self, values: &Values) -> Result<Arc<Outcome>, ScenarioError> {
        let key = (values.scenario().name, values.all().to_vec());
        let made = || self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(run) = made().get(&key) {
            return Ok(Arc::clone(run));
        }
        // Two threads may run the same at the same time; both come to the same.
        let run = Arc::new(values.run()?);
        made().insert(key, Arc::clone(&run));
        Ok(run)
    }
}

/// What can be read of a run: the scenario's own metrics first, then what can be read of every run.
fn metrics(known: &Scenario, run: &Outcome) -> Vec<Metric> {
    let mut metrics = known.metrics.to_vec();
    let guests = match run {
        Outcome::Network { guests, .. } => *guests,
        Outcome::GivenAway(_) => {
            metrics.extend(tally::Count::ALL.map(Metric::GivenAway));
            return metrics;
        }
    };
    metrics.extend(Count::ALL.into_iter().flat_map(|count| [Metric::Count(count), Metric::Rate(count)]));
    metrics.push(Metric::Lost);
    metrics.extend(Level::ALL.into_iter().flat_map(|level| [Metric::Most(level), Metric::Mean(level)]));
    metrics.extend(PERCENTILES.into_iter().flat_map(|percent| [Metric::Latency(percent), Metric::Residence(percent)]));
    for vif in 0..guests {
        metrics.extend(Count::ALL.into_iter().flat_map(|count| [Metric::OfVif(vif, count), Metric::Share(vif, count)]));
        metrics.extend(PERCENTILES.map(|percent| Metric::LatencyOfVif(vif, percent)));
    }
    metrics
}

/// The values that `NAME,knob=value,…` asks for; places are bytes of it.
fn values(setup: &str) -> Result<Values, ClaimError> {
    let (name, mut rest) = setup.split_once(',').map_or((setup, None), |(name, rest)| (name, Some(rest)));
    let known = scenario(name).map_err(|_| {
        let what = format!("there is no scenario `{name}`");
        ClaimError::new(0..name.len(), what).knowing(scenarios().iter().map(|known| known.name))
    })?;
    let mut values = known.defaults();
    let mut at = name.len() + 1;
    let mut first = true;
    while let Some(parts) = rest {
        let (part, after) = parts.split_once(',').map_or((parts, None), |(part, after)| (part, Some(after)));
        values = set(values, part, first).map_err(|error| {
            let place = at + error.at.start..at + error.at.end;
            ClaimError { at: place, ..error }
        })?;
        at += part.len() + 1;
        rest = after;
        first = false;
    }
    Ok(values)
}

/// The same with one of them chosen; places are bytes of `part`.
fn set(values: Values, part: &str, first: bool) -> Result<Values, ClaimError> {
    let known = values.scenario();
    let Some((knob, written)) = part.split_once('=') else {
        return Err(ClaimError::new(0..part.len(), format!("`{part}` gives no knob a value: write `knob=value`")));
    };
    let (knob_at, value_at) = (0..knob.len(), knob.len() + 1..part.len());
    if knob == PRESET {
        let names = known.presets.iter().map(|preset| preset.name);
        if !first {
            return Err(ClaimError::new(knob_at, "a preset comes before all knobs"));
        }
        let unknown = |_| {
            let what = format!("the scenario `{}` has no preset `{written}`", known.name);
            ClaimError::new(value_at, what).knowing(names)
        };
        return known.values(written).map_err(unknown);
    }
    let Ok(place) = known.knob(knob) else {
        let what = format!("the scenario `{}` has no knob `{knob}`", known.name);
        return Err(ClaimError::new(knob_at, what).knowing(known.knobs.iter().map(|knob| knob.name)));
    };
    let names = known.knobs[place].names;
    let by_name = names.iter().position(|name| *name == written).and_then(|at| u32::try_from(at).ok());
    let Some(value) = by_name.or_else(|| written.parse().ok()) else {
        let what = format!("the knob `{knob}` cannot be `{written}`");
        return Err(ClaimError::new(value_at, what).knowing(names.iter().copied()));
    };
    values.set(knob, value).map_err(|error| ClaimError::new(value_at, error.to_string()))
}
