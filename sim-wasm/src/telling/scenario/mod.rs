//! A [`Scenario`] is a question to the machine: values for its knobs become a run's settings, and the run's numbers answer.
//!
//! ```text
//!   Scenario ─preset─► Values ─set─► Values ─settings─► Settings ─► Network ─run─► Metrics ─Metric─► numbers
//! ```
//!
//! A figure is looked at step by step; a scenario is run, as often as there are values to try ([`sweep`]). Those about packets
//! run a [`Network`], those about cards that are given away a [`GivenAway`].
//!
//! ```
//! use sim_wasm::machine::metrics::counters::Count;
//! use sim_wasm::machine::network::Network;
//! use sim_wasm::telling::scenario::scenario;
//!
//! let values = scenario("flow-control")?.values("firewall-drop")?.set("offered", 100)?;
//! let mut network = Network::new(&values.settings()?)?;
//! network.run();
//! let total = network.metrics().total().counters;
//! assert_eq!(total.get(Count::Sent), 0);
//! assert_eq!(total.get(Count::Filtered), total.get(Count::Offered));
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! Not modelled: a scenario has no picture; what it asks for is in its own list.

pub mod error;

pub mod metric;

mod parts;

mod flow_control;

mod interrupts;

mod sharing;

mod receiving;

mod between_guests;

pub mod limits;

mod devices;

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::vec::Vec;

#[cfg(not(target_arch = "wasm32"))]
pub mod sweep;

use crate::hypervisor::passthrough::options::Switch;
use crate::machine::given_away::tally::Tally;
use crate::machine::given_away::{self, GivenAway};
use crate::machine::metrics::Metrics;
use crate::machine::network::Network;
use crate::machine::network::settings::{Logging, Settings};
use crate::telling::scenario::error::ScenarioError;
use crate::telling::scenario::metric::Metric;
use crate::words::time::Time;

/// Everything about a scenario that does not depend on values.
#[derive(Debug)]
pub struct Scenario {
    /// Its name.
    pub name: &'static str,
    /// A short title.
    pub title: &'static str,
    /// The one question that it answers.
    pub question: &'static str,
    /// Supplied examples, the best one first; at least one.
    pub presets: &'static [Preset],
    /// What can be chosen.
    pub knobs: &'static [Knob],
    /// The numbers that answer the question.
    pub metrics: &'static [Metric],
    /// Simplifications, each a short phrase.
    pub not_modelled: &'static [&'static str],
    /// Makes settings of one value for each knob, in the order of the knobs; each is one that its knob offers.
    makes: Makes,
}

/// What is run.
#[derive(Clone, Copy, Debug)]
enum Makes {
    /// A network.
    Network(fn(&[u32]) -> Settings),
    /// Cards that are given away.
    GivenAway(fn(&[u32]) -> given_away::settings::Settings),
}

/// A run that is over, as far as numbers are read from it.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Of a network.
    Network {
        /// What was counted and measured.
        metrics: Box<Metrics>,
        /// When it ended.
        end: Time,
        /// How many guests it had.
        guests: u16,
    },
    /// Of cards that are given away.
    GivenAway(Box<Tally>),
}

/// A supplied example: the knobs that differ from their defaults.
#[derive(Debug)]
pub struct Preset {
    /// Its name.
    pub name: &'static str,
    /// One sentence on what to see.
    pub says: &'static str,
    /// Knobs by name, with their values.
    pub values: &'static [(&'static str, u32)],
}

/// A number that can be chosen.
#[derive(Debug)]
pub struct Knob {
    /// Its name.
    pub name: &'static str,
    /// What it means.
    pub title: &'static str,
    /// The unit, or nothing.
    pub unit: &'static str,
    /// The smallest value.
    pub least: u32,
    /// The largest value.
    pub most: u32,
    /// Values lie so far apart, counted from the smallest.
    pub step: u32,
    /// The value unless another is chosen.
    pub default: u32,
    /// What each value is called, where values are not quantities.
    pub names: &'static [&'static str],
}

impl Knob {
    /// A quantity in steps of 1.
    const fn new(
        name: &'static str,
        title: &'static str,
        unit: &'static str,
        [least, default, most]: [u32; 3],
    ) -> Knob {
        Knob { name, title, unit, least, most, step: 1, default, names: &[] }
    }

    /// One of several possibilities; the first is the default.
    const fn choice(name: &'static str, title: &'static str, names: &'static [&'static str]) -> Knob {
        Knob { name, title, unit: "", least: 0, most: names.len() as u32 - 1, step: 1, default: 0, names }
    }

    const fn in_steps_of(self, step: u32) -> Knob {
        Knob { step, ..self }
    }

    /// How many values it offers.
    #[must_use]
    pub const fn count(&self) -> u32 {
        (self.most - self.least) / self.step + 1
    }

    /// A value by its place among all, from 0; the largest where there are fewer.
    #[must_use]
    pub fn value(&self, place: u32) -> u32 {
        self.least + place.min(self.count() - 1) * self.step
    }

    fn check(&'static self, value: u32) -> Result<(), ScenarioError> {
        if !(self.least..=self.most).contains(&value) {
            return Err(ScenarioError::OutOfRange { knob: self, value });
        }
        if !(value - self.least).is_multiple_of(self.step) {
            return Err(ScenarioError::BetweenSteps { knob: self, value });
        }
        Ok(())
    }
}

/// One value for each knob of a scenario, all of them offered.
#[derive(Clone, Debug)]
pub struct Values {
    scenario: &'static Scenario,
    values: Vec<u32>,
}

impl Scenario {
    /// The knobs' defaults.
    #[must_use]
    pub fn defaults(&'static self) -> Values {
        Values { scenario: self, values: self.knobs.iter().map(|knob| knob.default).collect() }
    }

    /// A preset's values.
    pub fn values(&'static self, preset: &str) -> Result<Values, ScenarioError> {
        let known = self.presets.iter().find(|known| known.name == preset);
        let known = known.ok_or_else(|| ScenarioError::UnknownPreset { scenario: self, name: preset.to_owned() })?;
        known.values.iter().try_fold(self.defaults(), |values, (knob, value)| values.set(knob, *value))
    }

    /// The knob of that name, by its place.
    pub fn knob(&'static self, name: &str) -> Result<usize, ScenarioError> {
        let place = self.knobs.iter().position(|knob| knob.name == name);
        place.ok_or_else(|| ScenarioError::UnknownKnob { scenario: self, name: name.to_owned() })
    }
}

impl Values {
    /// The same with another value for the knob of that name.
    pub fn set(mut self, knob: &str, value: u32) -> Result<Values, ScenarioError> {
        let place = self.scenario.knob(knob)?;
        self.scenario.knobs[place].check(value)?;
        self.values[place] = value;
        Ok(self)
    }

    /// Whose values they are.
    #[must_use]
    pub fn scenario(&self) -> &'static Scenario {
        self.scenario
    }

    /// The values, in the order of the knobs.
    #[must_use]
    pub fn all(&self) -> &[u32] {
        &self.values
    }

    /// The settings of the network that they make.
    ///
    /// # Errors
    /// If they do not go together, or the scenario is about no network.
    pub fn settings(&self) -> Result<Settings, ScenarioError> {
        let Makes::Network(make) = self.scenario.makes else {
            return Err(ScenarioError::NoNetwork { scenario: self.scenario });
        };
        let settings = make(&self.values);
        settings.check().map_err(ScenarioError::Settings)?;
        Ok(settings)
    }

    /// Whether they go together.
    ///
    /// # Errors
    /// If not.
    pub fn check(&self) -> Result<(), ScenarioError> {
        match self.scenario.makes {
            Makes::Network(_) => self.settings().map(|_| ()),
            Makes::GivenAway(make) => make(&self.values).check().map_err(ScenarioError::NoMachine),
        }
    }

    /// The settings of the cards that are given away, if the scenario is about such.
    #[must_use]
    pub fn given_away(&self) -> Option<given_away::settings::Settings> {
        match self.scenario.makes {
            Makes::Network(_) => None,
            Makes::GivenAway(make) => Some(make(&self.values)),
        }
    }

    /// Runs it to its end, without a log.
    ///
    /// # Errors
    /// If the values do not go together.
    pub fn run(&self) -> Result<Outcome, ScenarioError> {
        if let Some(settings) = self.given_away() {
            let settings = given_away::settings::Settings { log: Switch::Off, ..settings };
            let mut machine = GivenAway::new(&settings).map_err(ScenarioError::NoMachine)?;
            machine.run();
            return Ok(Outcome::GivenAway(Box::new(machine.tally().clone())));
        }
        let settings = Settings { log: Logging::Off, ..self.settings()? };
        let mut network = Network::new(&settings).map_err(ScenarioError::Settings)?;
        network.run();
        let guests = u16::try_from(settings.guests.len()).unwrap_or(u16::MAX);
        Ok(Outcome::Network { metrics: Box::new(network.metrics()), end: network.now(), guests })
    }
}

/// All scenarios.
#[must_use]
pub fn scenarios() -> &'static [&'static Scenario] {
    static SCENARIOS: [&Scenario; 12] = [
        &flow_control::SCENARIO,
        &interrupts::SCENARIO,
        &sharing::SCENARIO,
        &receiving::SCENARIO,
        &between_guests::SCENARIO,
        &limits::SCENARIO,
        &devices::reach::SCENARIO,
        &devices::wrong_page::SCENARIO,
        &devices::after_the_end::SCENARIO,
        &devices::forged_message::SCENARIO,
        &devices::peers::SCENARIO,
        &devices::stale_page::SCENARIO,
    ];
    &SCENARIOS
}

/// The scenario of that name.
pub fn scenario(name: &str) -> Result<&'static Scenario, ScenarioError> {
    let known = scenarios().iter().copied().find(|scenario| scenario.name == name);
    known.ok_or_else(|| ScenarioError::UnknownScenario { name: name.to_owned() })
}
