//! Scenarios: each is well formed, says no to what it does not offer, and shows what its presets say.

mod golden;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use golden::golden;
use proptest::prelude::{any, prop_assert, proptest};
use sim_wasm::machine::metrics::Metrics;
use sim_wasm::machine::metrics::counters::Count;
use sim_wasm::machine::metrics::level::Level;
use sim_wasm::machine::network::Network;
use sim_wasm::machine::network::settings::{Logging, Settings};
use sim_wasm::telling::scenario::error::ScenarioError;
use sim_wasm::telling::scenario::metric::Metric;
use sim_wasm::telling::scenario::sweep::{Axis, sweep};
use sim_wasm::telling::scenario::{Values, scenario, scenarios};
use sim_wasm::words::time::Time;

#[test]
fn the_catalogue_keeps_its_rules() {
    let unique = |names: Vec<&str>| names.iter().collect::<BTreeSet<_>>().len() == names.len();
    assert!(unique(scenarios().iter().map(|known| known.name).collect()));
    for &known in scenarios() {
        assert!(known.question.ends_with('?') && !known.not_modelled.is_empty(), "{}", known.name);
        assert!(unique(known.presets.iter().map(|preset| preset.name).collect()), "{}", known.name);
        assert!(unique(known.knobs.iter().map(|knob| knob.name).collect()), "{}", known.name);
        assert!(known.presets.len() >= 3 && known.metrics.len() >= 3, "{}", known.name);
        let metrics: BTreeSet<String> = known.metrics.iter().map(|metric| metric.name()).collect();
        assert_eq!(metrics.len(), known.metrics.len(), "{}", known.name);
        for knob in known.knobs {
            known.defaults().set(knob.name, knob.default).expect("a default is offered");
            assert!(
                knob.least < knob.most && (knob.value(u32::MAX) - knob.least).is_multiple_of(knob.step),
                "{}",
                knob.name
            );
            assert!(knob.names.is_empty() || knob.names.len() as u32 == knob.count(), "{}", knob.name);
        }
        for preset in known.presets {
            assert!(preset.says.ends_with('.'), "{}", preset.name);
            let values = known.values(preset.name).expect("a preset's values are offered");
            values.check().expect("a preset's values go together");
        }
    }
}

/// What users are told.
#[test]
fn what_is_not_offered_is_refused_with_the_reason() {
    let flow = scenario("flow-control").expect("it is in the catalogue");
    let axis = |knob: &str, values: &[u32]| Axis { knob: knob.to_owned(), values: values.to_vec() };
    let swept = |axes: &[Axis]| sweep(&flow.defaults(), axes, &[], 1).map(|_| ());
    let wrong: [(&str, Result<(), ScenarioError>); 13] = [
        ("scenario", scenario("flow").map(|_| ())),
        ("preset", flow.values("fast").map(|_| ())),
        ("knob", flow.defaults().set("nic", 1).map(|_| ())),
        ("too small", flow.defaults().set("bytes", 13).map(|_| ())),
        ("too large", flow.defaults().set("card", 100_000).map(|_| ())),
        ("no such choice", flow.defaults().set("copy-skb", 3).map(|_| ())),
        ("no unit", flow.defaults().set("duration", 0).map(|_| ())),
        (
            "between steps",
            scenario("receiving").and_then(|receiving| receiving.defaults().set("consumes", 15)).map(|_| ()),
        ),
        ("no network", scenario("card-reach").and_then(|reach| reach.defaults().settings()).map(|_| ())),
        ("axis without values", swept(&[axis("card", &[])])),
        ("axis twice", swept(&[axis("card", &[10]), axis("card", &[100])])),
        ("axis out of range", swept(&[axis("bytes", &[60, 59])])),
        (
            "too many runs",
            swept(&[axis("bytes", &(60..1_060).collect::<Vec<_>>()), axis("card", &(1..1_001).collect::<Vec<_>>())]),
        ),
    ];
    let mut found = String::new();
    for (what, result) in wrong {
        writeln!(found, "{what}: {}", result.expect_err(what)).expect("text grows");
    }
    golden("scenarios", &found);
}

proptest! {
    #[test]
    fn whatever_is_offered_makes_a_machine(which in any::<proptest::sample::Index>(), places in proptest::collection::vec(any::<u32>(), 16)) {
        let known = scenarios()[which.index(scenarios().len())];
        let mut values = known.defaults();
        for (knob, place) in known.knobs.iter().zip(places) {
            values = values.set(knob.name, knob.value(place % knob.count())).expect("a value of the knob is offered");
        }
        prop_assert!(values.check().is_ok());
        // Runs of cards are short.
        if values.given_away().is_some() {
            prop_assert!(values.run().is_ok());
        } else {
            prop_assert!(Network::new(&values.settings().expect("just checked")).is_ok());
        }
    }
}

/// A preset's run with some knobs set, to its end.
fn run(scenario_name: &str, preset: &str, changes: &[(&str, u32)]) -> (Metrics, Time) {
    let values = scenario(scenario_name).and_then(|known| known.values(preset)).expect("it is in the catalogue");
    let values = changes.iter().try_fold(values, |values, (knob, value)| values.set(knob, *value)).expect("offered");
    let mut network = Network::new(&values.settings().expect("they go together")).expect("they make a machine");
    network.run();
    (network.metrics(), network.now())
}

fn count(metrics: &Metrics, what: Count) -> u64 {
    metrics.total().counters.get(what)
}

#[test]
fn packets_are_lost_where_they_were_made() {
    let (slow, end) = run("flow-control", "slow-card", &[]);
    assert!(count(&slow, Count::LostInGuest) > 0 && count(&slow, Count::LostAtCard) == 0);
    assert!((950_000_000..=1_000_000_000).contains(&Metric::Rate(Count::SentBytes).read(&slow, end)));
    let (balanced, _) = run("flow-control", "balanced", &[]);
    assert_eq!(balanced.total().counters.lost(), 0);
    assert!(balanced.gauge(Level::GuestQueue).most() < 10);
}

#[test]
fn a_stalled_card_stops_the_guest() {
    let (stalled, _) = run("flow-control", "stalled-card", &[]);
    assert!(stalled.gauge(Level::RingOutstanding).now() >= 236);
    assert!(count(&stalled, Count::LostInGuest) > 0);
}

#[test]
fn small_packets_are_lost_in_dom0() {
    let (small, _) = run("flow-control", "small-packets", &[]);
    assert!(count(&small, Count::LostAtCard) > 0 && count(&small, Count::LostInGuest) == 0);
}

#[test]
fn a_filter_makes_the_guest_faster() {
    let (dropped, _) = run("flow-control", "firewall-drop", &[]);
    assert_eq!(count(&dropped, Count::Sent), 0);
    assert_eq!(count(&dropped, Count::LostInGuest), 0);
    assert_eq!(count(&dropped, Count::SlotsAnswered), count(&dropped, Count::Offered));
}

#[test]
fn a_full_ring_is_answered_with_seven_interrupts() {
    let (full, _) = run("interrupts", "full-ring", &[]);
    assert_eq!(count(&full, Count::SlotsAnswered), 236);
    assert_eq!(count(&full, Count::GuestInterrupts), 7);
    let (one, _) = run("interrupts", "one-packet", &[]);
    assert_eq!(count(&one, Count::GuestInterrupts), 1);
    let (modern, _) = run("interrupts", "modern", &[]);
    assert!(count(&modern, Count::GuestInterrupts) > 7);
}

#[test]
fn turns_are_taken_by_packet() {
    let shares = |preset: &str, what| {
        let (metrics, end) = run("sharing", preset, &[]);
        [0, 1].map(|vif| Metric::Share(vif, what).read(&metrics, end))
    };
    let [first, second] = shares("equal", Count::SentBytes);
    assert!(first.abs_diff(second) < 120, "{first} {second}");
    let [first, second] = shares("segments", Count::SentBytes);
    assert!(first > 4 * second, "{first} {second}");
    let [first, second] = shares("segments", Count::Sent);
    assert!(first < second, "a dozen packets fill the ring: {first} {second}");
    let [first, second] = shares("large-and-small", Count::Sent);
    assert!(first.abs_diff(second) < 20, "{first} {second}");
    let [first, second] = shares("limited", Count::SentBytes);
    assert!(first * 2 < second, "{first} {second}");
}

#[test]
fn a_sleeping_guest_loses_its_packets_in_dom0() {
    let (asleep, _) = run("receiving", "sleeping-guest", &[]);
    let (awake, _) = run("receiving", "copy", &[]);
    assert_eq!(count(&awake, Count::LostAtVif), 0);
    assert!(count(&asleep, Count::LostAtVif) > 0);
    assert!(count(&asleep, Count::Delivered) < count(&awake, Count::Delivered));
    let (squeezed, _) = run("receiving", "squeeze", &[]);
    let (flipped, _) = run("receiving", "flip", &[]);
    assert!(count(&flipped, Count::Delivered) > count(&squeezed, Count::Delivered));
}

#[test]
fn guests_reach_each_other() {
    let (neighbours, _) = run("between-guests", "neighbours", &[]);
    assert!(count(&neighbours, Count::Delivered) > 0 && count(&neighbours, Count::LostAtVif) == 0);
    let (broadcast, _) = run("between-guests", "broadcast", &[]);
    let accepted = count(&broadcast, Count::Accepted);
    assert!(count(&broadcast, Count::Delivered) > accepted, "everybody has a clone");
}

#[test]
fn copies_push_back_on_nobody() {
    let (copied, _) = run("flow-control", "copying", &[]);
    assert!(count(&copied, Count::LostInGuest) == 0 && count(&copied, Count::LostAtCard) > 0);
    assert!(copied.gauge(Level::RingOutstanding).most() < 10);
    let (mapped, _) = run("flow-control", "slow-card", &[("netback", 2), ("netfront", 1)]);
    assert!(count(&mapped, Count::LostInGuest) > 0 && count(&mapped, Count::LostAtCard) == 0);
}

#[test]
fn a_listener_holds_the_classic_drivers_slots_only() {
    let held = |netback| {
        let (metrics, _) = run("between-guests", "listener", &[("netback", netback)]);
        assert_eq!(count(&metrics, Count::Delivered), count(&metrics, Count::Offered));
        metrics.gauge(Level::PoolHeld).most()
    };
    assert!(held(0) > 20 && held(2) < 5, "{} {}", held(0), held(2));
}

#[test]
fn a_sweep_is_the_same_on_any_number_of_threads() {
    let base = scenario("flow-control").and_then(|known| known.defaults().set("duration", 3)).expect("offered");
    let axes = [
        Axis::even(&base, "card", 4).expect("a knob"),
        Axis { knob: "bytes".to_owned(), values: vec![60, 1_514, 9_014] },
    ];
    let metrics = [Metric::Count(Count::Sent), Metric::Lost, Metric::Latency(99), Metric::Mean(Level::RingOutstanding)];
    let alone = sweep(&base, &axes, &metrics, 1).expect("all of it is offered");
    assert_eq!(alone.len(), 12);
    assert_eq!(alone[4].values, [axes[0].values[1], 1_514]);
    for threads in [0, 2, 5] {
        assert_eq!(sweep(&base, &axes, &metrics, threads).expect("all of it is offered"), alone);
    }
    for row in alone {
        let changes = [("duration", 3), ("card", row.values[0]), ("bytes", row.values[1])];
        let (measured, end) = run("flow-control", "slow-card", &changes);
        assert_eq!(row.numbers, metrics.map(|metric| metric.read(&measured, end)));
    }
}

#[test]
fn even_values_reach_from_end_to_end() {
    let base = scenario("receiving").expect("it is in the catalogue").defaults();
    let even = |knob, count| Axis::even(&base, knob, count).expect("a knob").values;
    assert_eq!(even("flip", 9), [0, 1]);
    assert_eq!(even("arriving", 1), [1]);
    assert_eq!(even("consumes", 5), [0, 25_000, 50_000, 75_000, 100_000]);
}

/// A log changes nothing: the same run with and without one ends with the same numbers.
#[test]
fn a_run_without_a_log_is_the_same_run() {
    let values: Values = scenario("sharing").and_then(|known| known.defaults().set("duration", 5)).expect("offered");
    let measured = |log| {
        let mut network =
            Network::new(&Settings { log, ..values.settings().expect("they go together") }).expect("sound");
        network.run();
        network.metrics()
    };
    assert_eq!(measured(Logging::Off), measured(Logging::On));
}

/// The numbers of a preset of a scenario about cards, by name.
fn cards<const N: usize>(name: &str, preset: &str, metrics: [&str; N]) -> [u64; N] {
    let values = scenario(name).and_then(|known| known.values(preset)).expect("it is in the catalogue");
    let outcome = values.run().expect("a preset's values go together");
    metrics.map(|metric| {
        let found = values.scenario().metrics.iter().find(|known| known.name() == metric);
        found.unwrap_or_else(|| panic!("{name} has no {metric}")).of(&outcome)
    })
}

#[test]
fn a_card_reaches_what_its_preset_says() {
    let reach = |preset| cards("card-reach", preset, ["written-neighbour", "blocked", "unassigned"]);
    assert_eq!(reach("no-unit"), [1_514, 0, 1]);
    assert_eq!(reach("not-for-pv"), [1_514, 0, 1]);
    assert_eq!([reach("for-pv"), reach("today")], [[0, 1, 0]; 2]);
    let wrong = |preset| cards("wrong-page", preset, ["received", "written-own", "written-xen", "refused"]);
    let [received, own, xen, refused] = wrong("untranslated");
    assert!(received == 0 && own == 0 && xen > 0 && refused == 0, "{own} {xen}");
    assert_eq!(wrong("asked-first"), [0, 0, 0, 1]);
    assert_eq!(wrong("translated")[0], 4);
}

#[test]
fn what_is_under_way_lands_where_its_preset_says() {
    let end = |preset| cards("after-the-end", preset, ["written-late", "written-xen", "blocked"]);
    let [late, xen, blocked] = end("dom0-s");
    assert!(late > 2_000 && xen == 0 && blocked == 0, "{late}");
    assert_eq!(end("nobody-s"), [0, 0, 2]);
    let [late, xen, blocked] = end("scratch-page");
    assert!(late == xen && late > 2_000 && blocked == 0, "{late}");
    assert_eq!(end("heeds-its-reset"), [0, 0, 0]);
    let stale = |preset| cards("stale-page", preset, ["written-neighbour", "blocked"]);
    assert_eq!(stale("not-waited-for"), [1_514, 0]);
    assert_eq!([stale("waited-for"), stale("quick")], [[0, 1]; 2]);
}

#[test]
fn a_forged_message_comes_to_what_its_preset_says() {
    let names = ["forged-interrupts", "messages-blocked", "messages-mistaken", "host-stopped"];
    let forged = |preset| cards("forged-message", preset, names);
    assert_eq!(forged("another-s"), [1, 0, 0, 0]);
    assert_eq!(forged("an-exception-s"), [0, 0, 1, 0]);
    assert_eq!(forged("a-call-s"), [0, 0, 0, 1]);
    assert_eq!(forged("remapped"), [0, 1, 0, 0]);
    let peers = |preset| cards("peer-to-peer", preset, ["written-registers", "blocked"]);
    assert_eq!([peers("no-access-control"), peers("hvm")], [[64, 0]; 2]);
    assert_eq!(peers("redirected"), [0, 1]);
}

/// A sweep of cards' runs is one of numbers by name, as a network's is.
#[test]
fn a_sweep_of_cards_has_a_row_for_each_value() {
    let base = scenario("card-reach").expect("it is in the catalogue").defaults();
    let axes = [Axis { knob: "unit".to_owned(), values: vec![0, 1] }, Axis::even(&base, "target", 4).expect("a knob")];
    let rows = sweep(&base, &axes, base.scenario().metrics, 2).expect("all of it is offered");
    let reached: Vec<bool> = rows.iter().map(|row| row.numbers[..4].iter().sum::<u64>() > 100).collect();
    assert_eq!(reached, [false, false, false, true, true, true, true, true]);
}
