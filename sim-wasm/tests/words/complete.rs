//! What is tried is all there is, read off the enums' own sources.

use std::collections::BTreeSet;

use sim_wasm::actors::log::migration::Step as MoveStep;
use sim_wasm::actors::log::ways::Hop;

use crate::devices::{
    MOVE_REFUSALS, OUTCOMES, WRITERS, dma_events, hotplug_events, hotplug_values, hvm_events, messages,
    migration_events, pciif_events, vtd_events, vtd_steps, ways_events,
};
use crate::network::{
    ATTACKS, DROPS, LIMITERS, PLACES, REFUSALS, UNSENT, backend_events, bus_events, interleaving_events, pages_events,
    receive_events, stack_events, summary_events, trouble_events, wakeup_events,
};
use crate::tried::events;

/// The variants of an enum, read off its source, since no program can list them.
fn variants(source: &str, of: &str) -> BTreeSet<String> {
    let start = source.find(&format!("pub enum {of} {{")).expect("the enum is in its file");
    let body = &source[start..];
    let body = &body[..body.find("\n}").expect("an enum ends")];
    let named =
        body.lines().filter_map(|line| line.strip_prefix("    ")).filter(|line| line.starts_with(char::is_uppercase));
    named.map(|line| line.split([' ', ',', '(']).next().unwrap_or_default().to_owned()).collect()
}

/// The variant that a value's text begins with.
fn variant(value: &impl std::fmt::Debug) -> String {
    format!("{value:?}").split([' ', ',', '(']).next().unwrap_or_default().to_owned()
}

/// So that the tests below see an event that is added later.
#[test]
fn the_events_tried_here_are_all_there_are() {
    let check = |file: &str, of: &str, tried: BTreeSet<String>| {
        let path = format!("{}/src/actors/log/{file}.rs", env!("CARGO_MANIFEST_DIR"));
        let source = std::fs::read_to_string(path).expect("the log's sources are there");
        assert_eq!(tried, variants(&source, of), "tests/words tries each variant of `{of}`");
    };
    check("mod", "Event", events(1, 1, 1, true).iter().map(variant).collect());
    check("mod", "Unsent", UNSENT.iter().map(variant).collect());
    check("backend", "Backend", backend_events(1, 1).iter().map(variant).collect());
    check("backend", "Refusal", REFUSALS.iter().map(variant).collect());
    check("receive", "Receive", receive_events(1, 1, 1, true).iter().map(variant).collect());
    check("receive", "DropReason", DROPS.iter().map(variant).collect());
    check("stack", "Stack", stack_events(1, 1).iter().map(variant).collect());
    check("bus", "Bus", bus_events(1, 1).iter().map(variant).collect());
    check("trouble", "Trouble", trouble_events(1, 1).iter().map(variant).collect());
    check("summary", "Summary", summary_events(1, 1).iter().map(variant).collect());
    check("dma", "Dma", dma_events(1, 1, true).iter().map(variant).collect());
    check("ways", "Ways", ways_events(1).iter().map(variant).collect());
    check("ways", "Hop", Hop::ALL.iter().map(variant).collect());
    check("vtd", "Vtd", vtd_events(1, 1, 1, true).iter().map(variant).collect());
    check("../../hypervisor/passthrough/step", "Step", vtd_steps(1, 1, 1, true).iter().map(variant).collect());
    check("pages", "Pages", pages_events(1, 1, true).iter().map(variant).collect());
    check("hotplug", "Hotplug", hotplug_events(1, true).iter().map(variant).collect());
    check("hotplug", "Message", messages(1).iter().map(variant).collect());
    check("hotplug", "Value", hotplug_values(1).iter().map(|(_, value)| variant(value)).collect());
    check("hotplug", "Outcome", OUTCOMES.iter().map(variant).collect());
    check("migration", "Migration", migration_events(1, 1, true).iter().map(variant).collect());
    check("migration", "Refusal", MOVE_REFUSALS.iter().map(variant).collect());
    check("migration", "Step", MoveStep::ALL.iter().map(variant).collect());
    check("hvm", "Hvm", hvm_events(1, 1, 1, true).iter().map(variant).collect());
    check("pciif", "Pciif", pciif_events(1, 1, 1, true).iter().map(variant).collect());
    check("pciif", "Writer", WRITERS.iter().map(variant).collect());
    check("summary", "Place", PLACES.iter().map(variant).collect());
    check("wakeups", "Wakeups", wakeup_events(1, 1, true).iter().map(variant).collect());
    check("interleaving", "Interleaving", interleaving_events(1, true).iter().map(variant).collect());
    check("summary", "Limiter", LIMITERS.iter().map(variant).collect());
    check("trouble", "Attack", ATTACKS.iter().map(variant).collect());
}
