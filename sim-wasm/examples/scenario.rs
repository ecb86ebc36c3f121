//! Runs a scenario's presets and prints their numbers: `cargo run -p sim-wasm --example scenario -- sharing`; a preset and
//! knobs may follow, as `limited credit=250`.

use std::process::ExitCode;

use sim_wasm::telling::scenario::error::ScenarioError;
use sim_wasm::telling::scenario::{Values, scenario, scenarios};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let Some((name, rest)) = words.split_first() else {
        scenarios().iter().for_each(|known| println!("{}: {}", known.name, known.question));
        return ExitCode::SUCCESS;
    };
    match show(name, rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn show(name: &str, rest: &[String]) -> Result<(), ScenarioError> {
    let known = scenario(name)?;
    println!("{}", known.question);
    let Some((preset, changes)) = rest.split_first() else {
        return known.presets.iter().try_for_each(|preset| {
            println!("\n{}: {}", preset.name, preset.says);
            run(&known.values(preset.name)?)
        });
    };
    let change = |values: Values, change: &String| {
        let (knob, value) = change.split_once('=').unwrap_or((change, ""));
        values.set(knob, value.parse().unwrap_or(u32::MAX))
    };
    run(&changes.iter().try_fold(known.values(preset)?, change)?)
}

fn run(values: &Values) -> Result<(), ScenarioError> {
    let outcome = values.run()?;
    for metric in values.scenario().metrics {
        println!("  {:24} {:>12} {}", metric.name(), metric.of(&outcome), metric.unit());
    }
    Ok(())
}
