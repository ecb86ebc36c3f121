//! The same run is the same natively and as WebAssembly: its log, the state that it ends in, and what was measured.
//!
//! A 32-bit browser has other widths, another compiler back end and no overflow checks; what articles say is true only if
//! none of that can be told from a log.

use std::panic::catch_unwind;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use benches::drawn;
use benches::drawn::marks::Marks;
use benches::module::{Profile, compile, node};
use sim::actors::epoch::{Epoch, FrontEpoch};
use sim::machine::network::settings::{FaultKind, Intent, Logging, Settings};
use wasm_bindgen_cli_support::Bindgen;

/// Runs that are compared.
const RUNS: u64 = 1_000;

#[test]
fn native_runs_and_those_of_web_assembly_are_the_same() {
    let script = Script::new();
    let node = script.command(&["runs", "0", &RUNS.to_string()]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let node = node.expect("node starts; `make setup` installs it");
    let native: Vec<Marks> = (0..RUNS).map(run).collect();
    let told = lines(&node.wait_with_output().expect("node ends"));
    assert_eq!(told.len(), native.len(), "every run is told of");
    for (seed, (told, native)) in (0..).zip(told.iter().zip(native)) {
        let (told_seed, marks) = parse(told);
        assert_eq!(told_seed, seed, "{told}");
        assert!(marks == native, "{}", script.difference(seed, native, marks));
    }
}

/// A run of each kind is among those that are compared.
#[test]
fn every_kind_of_run_is_drawn() {
    let all: Vec<Settings> = (0..RUNS).map(drawn::settings).collect();
    let count = |test: &dyn Fn(&Settings) -> bool| all.iter().filter(|settings| test(settings)).count();
    for epoch in [Epoch::Classic, Epoch::GrantCopy, Epoch::ZeroCopy] {
        for front in [FrontEpoch::Classic, FrontEpoch::Modern] {
            for log in [Logging::On, Logging::FromHandshake] {
                let runs = count(&|settings| {
                    let fronts = settings.guests.iter().any(|guest| guest.front == front && !guest.sends.is_empty());
                    settings.epoch == epoch && fronts && settings.log == log
                });
                assert!(runs > 30, "{epoch:?} {front:?} {log:?}: {runs}");
            }
        }
        let runs =
            count(&|settings| settings.epoch == epoch && settings.dom0.intent == Intent::Honest && attacked(settings));
        assert!(runs > 30, "{epoch:?}, a guest attacks: {runs}");
    }
    for guests in 1..=4 {
        assert!(count(&|settings| settings.guests.len() == guests) > 150, "{guests} guests");
    }
    assert!(count(&|settings| !settings.outside.is_empty()) > 200, "packets from the wire");
    let hostile = count(&|settings| {
        let attacks = settings.faults.iter().any(|fault| matches!(fault.what, FaultKind::BackAttack(..)));
        settings.dom0.intent == Intent::Hostile && attacks
    });
    assert!(hostile > 30, "a hostile backend attacks: {hostile}");
}

/// The marks of a native run. Whatever is drawn, the engine does not panic.
fn run(seed: u64) -> Marks {
    let marks = catch_unwind(|| Marks::of(&drawn::run(seed)));
    marks.unwrap_or_else(|_| panic!("seed {seed} panics\n{:#?}", drawn::settings(seed)))
}

/// Whether a hostile guest is told to attack.
fn attacked(settings: &Settings) -> bool {
    settings.faults.iter().any(|fault| match fault.what {
        FaultKind::Attack(vif, _) => settings.guests[usize::from(vif.0)].intent == Intent::Hostile,
        _ => false,
    })
}

/// The module, bound for Node.
struct Script {
    bindings: PathBuf,
}

impl Script {
    fn new() -> Script {
        let module = compile("drawn_runs", Profile::Release).expect("the runs compile for wasm32");
        let folder = module.with_extension("node");
        let mut bindings = Bindgen::new();
        let bindings = bindings.input_path(&module).out_name("drawn_runs").typescript(false).nodejs(true);
        bindings.expect("one kind of bindings is asked for").generate(&folder).expect("the module can be bound");
        Script { bindings: folder.join("drawn_runs.js") }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut node = node("drawn_runs.mjs");
        node.arg(&self.bindings).args(arguments);
        node
    }

    /// What is to be told of a run that is not the same.
    fn difference(&self, seed: u64, native: Marks, marks: Marks) -> String {
        let told = lines(&self.command(&["log", &seed.to_string()]).output().expect("node runs"));
        let own = drawn::run(seed);
        let own: Vec<String> = own.log().entries().iter().map(|entry| format!("{entry:?}")).collect();
        let at = (0..own.len().max(told.len())).find(|at| own.get(*at) != told.get(*at));
        let first = at.map_or("the logs read the same".to_owned(), |at| {
            format!("entry {at} is natively\n  {:?}\nand as WebAssembly\n  {:?}", own.get(at), told.get(at))
        });
        let settings = drawn::settings(seed);
        format!("seed {seed}: natively {native:?}, as WebAssembly {marks:?}\n{first}\n{settings:#?}")
    }
}

/// What node said.
fn lines(output: &Output) -> Vec<String> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

/// Reads a seed and marks.
fn parse(line: &str) -> (u64, Marks) {
    let numbers: Vec<u64> = line.split(' ').map(|number| number.parse().expect("a number")).collect();
    let [seed, log, fingerprint, measures] = numbers[..] else { panic!("{line}") };
    (seed, Marks { log, fingerprint, measures })
}
