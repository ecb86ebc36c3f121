//! The same model in SimPy, a process-based simulator that many people know: `network_path.py`.

use std::path::{Path, PathBuf};
use std::process::Command;

use benches::path::{PACKETS, SCENARIO};
use serde_json::{Value, json};

use crate::Measured;
use crate::clock::Times;
use crate::table::Row;

/// Runs the model as often as it counts.
pub(crate) fn run(runs: u32) -> Measured<Row> {
    let scenario = json!({
        "packets": PACKETS,
        "burst": SCENARIO.burst,
        "every": SCENARIO.every,
        "bytes": SCENARIO.bytes,
        "megabits": SCENARIO.megabits,
        "interrupt_delay": SCENARIO.interrupt_delay,
        "event_delay": SCENARIO.event_delay,
        "softirq_delay": SCENARIO.softirq_delay,
        "queue": SCENARIO.queue,
        "runs": runs,
    });
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let interpreter = interpreter(package);
    let python = Command::new(&interpreter).arg(package.join("network_path.py")).arg(scenario.to_string()).output();
    let python = python.map_err(|error| format!("{} does not start: {error}", interpreter.display()))?;
    if !python.status.success() {
        let told = String::from_utf8_lossy(&python.stderr);
        let reason = told.lines().last().unwrap_or("it failed").to_owned();
        return Err(format!("{reason} (`make bench` installs it)").into());
    }
    let told: Value = serde_json::from_slice(&python.stdout)?;
    let number = |key: &str| told[key].as_u64().ok_or_else(|| format!("the model says no `{key}`"));
    if number("delivered")? != u64::from(PACKETS) {
        return Err("the model lost packets".into());
    }
    let nanos = told["nanos"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect();
    let [python, simpy] = ["python", "simpy"].map(|key| told[key].as_str().unwrap_or("?"));
    Ok(Row {
        name: format!("SimPy {simpy}, Python {python}"),
        times: Times::new(nanos).ok_or("the model has timed nothing")?,
        packets: PACKETS,
        events: number("events")?,
    })
}

/// The one that the environment names, as the tests do; else that of the tools' folder; else whichever there is.
fn interpreter(package: &Path) -> PathBuf {
    let tools = package.join("../target/tools/venv/bin/python");
    match std::env::var_os("GENBLOG_PYTHON") {
        Some(named) => named.into(),
        None if tools.is_file() => tools,
        None => "python3".into(),
    }
}
