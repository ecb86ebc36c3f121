//! Measures the engine and prints a table: `cargo bench`.
//!
//! Natively first, then the same run compiled for wasm32 under Node, then the same model in SimPy, all on this machine and
//! in this order. Times are medians of several runs after one that does not count. What is missing (Node, SimPy) leaves its
//! line out and says so.

mod clock;
mod machine;
mod module;
mod simpy;
mod table;
mod wasm;

use std::error::Error;
use std::hint::black_box;

use benches::devices::{ACCESSES, COMPARISONS, ConfigAccesses, compare};
use benches::module::Profile;
use benches::path::{PACKETS, Telling, transmit};
use benches::remapping::{Requests, TRANSLATIONS};
use benches::seek::LongRun;

use crate::clock::Times;
use crate::table::{Row, print_note, print_row, print_title};

/// Runs that count.
const RUNS: u32 = 5;

/// The run without and with its log, and the example that is it alone.
const VARIANTS: [(&str, Telling, &str); 2] =
    [("log off", Telling::Off, "path_log_off"), ("log on", Telling::On, "path_log_on")];

/// A measurement, or why there is none.
type Measured<T> = Result<T, Box<dyn Error>>;

fn main() {
    // Cargo passes `--bench`, and perhaps a filter that is somebody else's.
    println!("{}\n", machine::describe());
    let outcome = transmit(Telling::On);
    let row = |name: &str, times: Times| Row { name: name.to_owned(), times, packets: PACKETS, events: outcome.events };

    print_title(RUNS);
    let mut native = Vec::new();
    for (log, telling, _) in VARIANTS {
        let times = Times::measure(RUNS, || assert_eq!(black_box(transmit(telling)).packets, PACKETS));
        native.push(row(&format!("native, {log}"), times));
    }
    native.iter().for_each(print_row);
    for profile in [Profile::Release, Profile::Browser] {
        for (log, _, example) in VARIANTS {
            let name = format!("Node, {}, {log}", wasm::title(profile));
            match wasm::time(example, profile, RUNS) {
                Ok(times) => print_row(&row(&name, times)),
                Err(reason) => print_note(&name, reason.as_ref()),
            }
        }
    }
    match simpy::run(RUNS) {
        Ok(simpy) => {
            print_row(&simpy);
            let ratio = native[0].events_per_second() / simpy.events_per_second();
            println!("\nchanges of state a second, natively against SimPy: {ratio:.0} to 1");
            println!("changes of state in a run, counted by each: {} and {}", outcome.events, simpy.events);
        }
        Err(reason) => print_note("SimPy", reason.as_ref()),
    }

    let mut run = LongRun::new(outcome.events / u64::from(PACKETS));
    let seek = Times::measure_each(RUNS, &mut run, LongRun::to_end, LongRun::to_middle);
    println!(
        "\nseek from the end of a run of {} events to its middle: {:.1} ms",
        run.events(),
        seek.median() as f64 / 1e6
    );

    println!();
    for (name, mut requests) in [("IOTLB hits", Requests::hits()), ("walks of four levels", Requests::walks())] {
        let times = Times::measure_each(RUNS, &mut requests, |_| (), Requests::run);
        let rate = f64::from(TRANSLATIONS) * 1e3 / times.median() as f64;
        println!("translations of devices' addresses, {name}: {rate:.1} million/s");
    }

    for name in ["reads", "writes"] {
        let run = if name == "reads" { ConfigAccesses::read } else { ConfigAccesses::write };
        let mut accesses = ConfigAccesses::default();
        let times = Times::measure_each(RUNS, &mut accesses, |_| (), run);
        assert_eq!(accesses.resets(), 0, "the card has answered");
        let rate = f64::from(ACCESSES) * 1e3 / times.median() as f64;
        println!("config space through pciback's overlay, {name}: {rate:.1} million/s");
    }
    let times = Times::measure(RUNS, compare);
    let rate = f64::from(COMPARISONS) * 1e9 / times.median() as f64;
    println!("one packet by all five ways: {rate:.0} comparisons/s");

    match module::sizes() {
        Ok(modules) => {
            for module in modules {
                println!("browser module {}: {} bytes, {} under brotli", module.name, module.raw, module.brotli);
            }
        }
        Err(reason) => print_note("browser modules", reason.as_ref()),
    }
}
