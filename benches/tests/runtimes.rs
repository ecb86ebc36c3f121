//! The same run is the same natively and as WebAssembly: its log, the state that it ends in, and what was measured.
//!
//! A 32-bit browser has other widths, another compiler back end and no overflow checks; what articles say is true only if
//! none of that can be told from a log.

use std::panic::catch_unwind;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use benches::drawn;
use benches::drawn::devices::{self, About, DeviceRun};
use benches::drawn::marks::Marks;
use benches::module::{Profile, compile, node};
use sim::actors::costs::Way;
use sim::actors::epoch::{Epoch, FrontEpoch};
use sim::actors::log::dma::Dma;
use sim::actors::log::hotplug::{Hotplug, Outcome};
use sim::actors::log::hvm::Hvm;
use sim::actors::log::migration::Migration;
use sim::actors::log::pciif::Pciif;
use sim::actors::log::vtd::Vtd;
use sim::actors::log::{Event, Log};
use sim::hypervisor::passthrough::step::Step;
use sim::hypervisor::vtd::fault::Fault;
use sim::machine::network::settings::{FaultKind, Intent, Logging, Settings};
use sim::machine::own_card::Signal;
use sim::machine::ways::Trial;
use sim::words::ids::DomId;
use wasm_bindgen_cli_support::Bindgen;

/// Runs that are compared.
const RUNS: u64 = 1_000;

/// Runs of devices that are given away that are compared.
const DEVICE_RUNS: u64 = 1_200;

/// The module, compiled once for all tests.
static SCRIPT: LazyLock<Script> = LazyLock::new(Script::new);

#[test]
fn native_runs_and_those_of_web_assembly_are_the_same() {
    let native = |seed| {
        let Marks { log, fingerprint, measures } = run(seed);
        vec![log, fingerprint, measures]
    };
    compare("Run", RUNS, native, |seed| (drawn::run(seed).log().clone(), format!("{:#?}", drawn::settings(seed))));
}

#[test]
fn native_runs_of_devices_and_those_of_web_assembly_are_the_same() {
    let native = |seed| {
        let DeviceRun { log, state } = device_run(seed);
        vec![log.hash(), state]
    };
    compare("DeviceRun", DEVICE_RUNS, native, |seed| (devices::run(seed).log, format!("{:?}", About::of(seed))));
}

/// Has Node make so many runs of a kind, and compares their marks with those that `native` makes. Of one that is not the same,
/// `own` has the log and what it was made from.
fn compare(kind: &str, runs: u64, native: impl Fn(u64) -> Vec<u64>, own: impl Fn(u64) -> (Log, String)) {
    let mut node = SCRIPT.command(&[kind, "runs", "0", &runs.to_string()]);
    let node =
        node.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("node starts; `make setup` installs it");
    let native: Vec<Vec<u64>> = (0..runs).map(native).collect();
    let told = lines(&node.wait_with_output().expect("node ends"));
    assert_eq!(told.len(), native.len(), "every run is told of");
    for (seed, (told, native)) in (0..).zip(told.iter().zip(native)) {
        let (told_seed, marks) = parse(told);
        assert_eq!(told_seed, seed, "{told}");
        assert!(marks == native, "{}", SCRIPT.difference(kind, seed, (&native, &marks), own(seed)));
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

/// A run of each kind of devices is among those that are compared, and each kind comes to all that it can come to.
#[test]
fn every_kind_of_run_of_devices_is_drawn() {
    let logs: Vec<(u64, Log)> = (0..DEVICE_RUNS).map(|seed| (seed, device_run(seed).log)).collect();
    let count = |about: About, wanted: &dyn Fn(&Event) -> bool| {
        let of = logs.iter().filter(|(seed, _)| About::of(*seed) == about);
        of.filter(|(_, log)| log.entries().iter().any(|entry| wanted(&entry.event))).count()
    };
    let mut too_few = Vec::new();
    for fault in [
        Fault::RootNotPresent,
        Fault::ContextNotPresent,
        Fault::ContextInvalid,
        Fault::AddressBeyondLimit,
        Fault::WriteDenied,
        Fault::ReadDenied,
        Fault::PteReserved,
        Fault::ContextReserved,
    ] {
        let blocked = |event: &Event| matches!(event, Event::Vtd(Vtd::Blocked { reason, .. }) if *reason == fault);
        let runs = count(About::Unit, &blocked);
        if runs <= 10 {
            too_few.push(format!("{fault:?}: {runs}"));
        }
    }
    type Wanted<'test> = &'test dyn Fn(&Event) -> bool;
    let all: [(About, &str, usize, Wanted<'_>); 36] = [
        (About::Unit, "passes", 100, &|event| matches!(event, Event::Vtd(Vtd::Passed { .. }))),
        (About::Unit, "collapses", 20, &|event| matches!(event, Event::Vtd(Vtd::FaultCollapsed { .. }))),
        (About::Unit, "is lost", 50, &|event| matches!(event, Event::Vtd(Vtd::FaultLost { .. }))),
        (About::Unit, "rings as written", 30, &|event| matches!(event, Event::Vtd(Vtd::RangAsWritten { .. }))),
        (About::Unit, "rings remapped", 30, &|event| matches!(event, Event::Vtd(Vtd::RangRemapped { .. }))),
        (About::Unit, "is posted", 5, &|event| matches!(event, Event::Vtd(Vtd::PostedNotified { .. }))),
        (About::Unit, "does not ring", 30, &|event| matches!(event, Event::Vtd(Vtd::InterruptBlocked { .. }))),
        (About::Unit, "is unanswered", 30, &|event| matches!(event, Event::Vtd(Vtd::Unanswered { .. }))),
        (About::Handshake, "done", 50, &|event| ends(event, Outcome::Done)),
        (About::Handshake, "without", 10, &|event| ends(event, Outcome::Without)),
        (About::Handshake, "failed", 50, &|event| ends(event, Outcome::Failed)),
        (About::Handshake, "ejected", 10, &|event| matches!(event, Event::Hotplug(Hotplug::SlotEjected { .. }))),
        (About::Overlay, "answers", 100, &|event| matches!(event, Event::Pciif(Pciif::Answered { err: 0, .. }))),
        (About::Overlay, "refuses", 100, &|event| matches!(event, Event::Pciif(Pciif::Answered { err: -2, .. }))),
        (About::Overlay, "not there", 50, &|event| matches!(event, Event::Pciif(Pciif::Answered { err: -1, .. }))),
        (About::Overlay, "unknown", 50, &|event| matches!(event, Event::Pciif(Pciif::Answered { err: -4, .. }))),
        (About::Overlay, "on", 50, &|event| matches!(event, Event::Pciif(Pciif::MessagesEnabled { .. }))),
        (About::Overlay, "off", 30, &|event| matches!(event, Event::Pciif(Pciif::MessagesDisabled))),
        (About::Overlay, "changed", 10, &|event| matches!(event, Event::Pciif(Pciif::RequestChanged { .. }))),
        (About::Overlay, "out of order", 5, &|event| matches!(event, Event::Pciif(Pciif::OrderUnchecked { .. }))),
        (About::Migration, "refused", 50, &|event| matches!(event, Event::Migration(Migration::Refused { .. }))),
        (About::Migration, "copied", 50, &|event| matches!(event, Event::Migration(Migration::RoundCopied { .. }))),
        (About::Migration, "resumed", 30, &|event| matches!(event, Event::Migration(Migration::Resumed { .. }))),
        (About::Migration, "lost", 50, &|event| matches!(event, Event::Migration(Migration::Lost { .. }))),
        (About::Migration, "plugged", 30, &|event| matches!(event, Event::Migration(Migration::Plugged { .. }))),
        (About::Ways, "emulated", 10, &|event| matches!(event, Event::Hvm(_))),
        (About::GivenAway, "given", 100, &|event| reassigns(event, |owner| owner != DomId::DOM0 && owner != DomId::IO)),
        (About::GivenAway, "quarantined", 50, &|event| reassigns(event, |owner| owner == DomId::IO)),
        (About::GivenAway, "given back", 20, &|event| reassigns(event, |owner| owner == DomId::DOM0)),
        (About::GivenAway, "reaches its own", 100, &|event| reaches(event, true)),
        (About::GivenAway, "reaches another's", 5, &|event| reaches(event, false)),
        (About::GivenAway, "is blocked", 10, &|event| matches!(event, Event::Vtd(Vtd::Blocked { .. }))),
        (About::GivenAway, "found", 50, &|event| matches!(event, Event::Pciif(Pciif::DeviceFound { .. }))),
        (About::GivenAway, "removed", 10, &|event| matches!(event, Event::Pciif(Pciif::DeviceRemoved { .. }))),
        (About::GivenAway, "mapped", 50, &|event| matches!(event, Event::Hvm(Hvm::BarMapped { .. }))),
        (About::GivenAway, "ejected", 10, &|event| matches!(event, Event::Hotplug(Hotplug::SlotEjected { .. }))),
    ];
    for (about, what, least, wanted) in all {
        let runs = count(about, wanted);
        if runs <= least {
            too_few.push(format!("{about:?}, {what}: {runs}"));
        }
    }
    assert!(too_few.is_empty(), "{too_few:#?}");
    let trials: Vec<_> = (0..DEVICE_RUNS).filter(|seed| About::of(*seed) == About::Ways).map(devices::trial).collect();
    for way in Way::ALL {
        for signal in [Signal::Line, Signal::Message, Signal::Posted] {
            for sends in [true, false] {
                let is_it = |(of, trial): &&(Way, Trial)| (*of, trial.signal, trial.sends) == (way, signal, sends);
                assert!(trials.iter().filter(is_it).count() > 0, "{way:?} {signal:?}, sends: {sends}");
            }
        }
    }
}

fn reassigns(event: &Event, to_whom: fn(DomId) -> bool) -> bool {
    matches!(event, Event::Vtd(Vtd::Xen(Step::Reassigned { to, .. })) if to_whom(*to))
}

fn reaches(event: &Event, its_own: bool) -> bool {
    matches!(event, Event::Dma(Dma::FrameReached { meant, .. }) if *meant == its_own)
}

fn ends(event: &Event, with: Outcome) -> bool {
    matches!(event, Event::Hotplug(Hotplug::Ended { outcome }) if *outcome == with)
}

/// A native run of devices. Whatever is drawn, the engine does not panic.
fn device_run(seed: u64) -> DeviceRun {
    catch_unwind(|| devices::run(seed)).unwrap_or_else(|_| panic!("seed {seed} panics, {:?}", About::of(seed)))
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

    /// What is to be told of a run that is not the same: its marks natively and as WebAssembly, its native log, and what it was
    /// made from.
    fn difference(&self, kind: &str, seed: u64, marks: (&[u64], &[u64]), (own, made_from): (Log, String)) -> String {
        let told = lines(&self.command(&[kind, "log", &seed.to_string()]).output().expect("node runs"));
        let own: Vec<String> = own.entries().iter().map(|entry| format!("{entry:?}")).collect();
        let at = (0..own.len().max(told.len())).find(|at| own.get(*at) != told.get(*at));
        let first = at.map_or("the logs read the same".to_owned(), |at| {
            format!("entry {at} is natively\n  {:?}\nand as WebAssembly\n  {:?}", own.get(at), told.get(at))
        });
        let (native, other) = marks;
        format!("seed {seed}: natively {native:?}, as WebAssembly {other:?}\n{first}\n{made_from}")
    }
}

/// What node said.
fn lines(output: &Output) -> Vec<String> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

/// Reads a seed and marks.
fn parse(line: &str) -> (u64, Vec<u64>) {
    let mut numbers = line.split(' ').map(|number| number.parse().expect("a number"));
    (numbers.next().expect("a seed"), numbers.collect())
}
