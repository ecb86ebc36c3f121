//! Why a scenario cannot be run.
//!
//! Not modelled: values between the steps of a knob's range.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::machine::given_away::NoMachine;
use crate::machine::network::settings::SettingsError;
use crate::telling::scenario::{Knob, Scenario, scenarios};

/// What is wrong with what was asked of a scenario.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the line above each variant names what it holds")]
pub enum ScenarioError {
    /// No scenario has this name.
    UnknownScenario { name: String },
    /// The scenario has no preset of this name.
    UnknownPreset { scenario: &'static Scenario, name: String },
    /// The scenario has no knob of this name.
    UnknownKnob { scenario: &'static Scenario, name: String },
    /// The value is too small or too large.
    OutOfRange { knob: &'static Knob, value: u32 },
    /// The value lies between two that are offered.
    BetweenSteps { knob: &'static Knob, value: u32 },
    /// An axis of a sweep has no values.
    EmptyAxis { knob: &'static Knob },
    /// A knob is an axis of a sweep twice.
    AxisTwice { knob: &'static Knob },
    /// A sweep has more runs than `most`.
    TooManyRuns { runs: u64, most: u64 },
    /// Each value is fine, but not all of them together.
    Settings(SettingsError),
    /// A network was asked for, and the scenario is about none.
    NoNetwork { scenario: &'static Scenario },
    /// There is no such machine.
    NoMachine(NoMachine),
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownScenario { name } => {
                write!(
                    formatter,
                    "there is no scenario `{name}`, only {}",
                    list(scenarios().iter().map(|known| known.name))
                )
            }
            Self::UnknownPreset { scenario, name } => {
                let known = list(scenario.presets.iter().map(|preset| preset.name));
                write!(formatter, "scenario `{}` has no preset `{name}`, only {known}", scenario.name)
            }
            Self::UnknownKnob { scenario, name } => {
                let known = list(scenario.knobs.iter().map(|knob| knob.name));
                write!(formatter, "scenario `{}` has no knob `{name}`, only {known}", scenario.name)
            }
            Self::OutOfRange { knob, value } => {
                write!(
                    formatter,
                    "knob `{}` cannot be {}, only {}",
                    knob.name,
                    Quantity(*value, knob.unit),
                    Range(knob)
                )
            }
            Self::BetweenSteps { knob, value } => {
                let below = value - (value - knob.least) % knob.step;
                let above = Quantity(below.saturating_add(knob.step).min(knob.most), knob.unit);
                let (name, value) = (knob.name, Quantity(*value, knob.unit));
                write!(
                    formatter,
                    "knob `{name}` cannot be {value}, but {below} or {above}: its steps are {}",
                    knob.step
                )
            }
            Self::EmptyAxis { knob } => write!(formatter, "the sweep has no value for knob `{}`", knob.name),
            Self::AxisTwice { knob } => write!(formatter, "the sweep has knob `{}` twice", knob.name),
            Self::TooManyRuns { runs, most } => write!(formatter, "the sweep has {runs} runs, and may have {most}"),
            Self::Settings(error) => write!(formatter, "these values do not go together: {error}"),
            Self::NoNetwork { scenario } => {
                write!(
                    formatter,
                    "scenario `{}` is about cards that are given away, not about a network",
                    scenario.name
                )
            }
            Self::NoMachine(error) => write!(formatter, "these values do not go together: {error}"),
        }
    }
}

impl core::error::Error for ScenarioError {}

/// A number with its unit.
struct Quantity(u32, &'static str);

impl fmt::Display for Quantity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0)?;
        if self.1.is_empty() { Ok(()) } else { write!(formatter, " {}", self.1) }
    }
}

/// What a knob offers.
struct Range<'a>(&'a Knob);

impl fmt::Display for Range<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let knob = self.0;
        if !knob.names.is_empty() {
            for (value, name) in (knob.least..).zip(knob.names) {
                let comma = if value > knob.least { ", " } else { "" };
                write!(formatter, "{comma}{value} ({name})")?;
            }
            return Ok(());
        }
        write!(formatter, "{} to {}", knob.least, Quantity(knob.most, knob.unit))?;
        if knob.step > 1 { write!(formatter, " in steps of {}", knob.step) } else { Ok(()) }
    }
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
