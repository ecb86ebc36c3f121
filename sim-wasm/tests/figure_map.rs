//! Figure "map": every cell is made again, and what held packets back is what is written down; far from its borders, that is
//! what Little's law says.

use sim_wasm::actors::log::summary::Limiter;
use sim_wasm::telling::map::FIGURE;
use sim_wasm::telling::map::cells::{DELAYS, MAPS, Map, SIZES, letter};
use sim_wasm::telling::player::Player;
use sim_wasm::telling::scenario::limits::limiter;
use sim_wasm::telling::scenario::scenario;
use sim_wasm::telling::scenario::sweep::{Axis, sweep};
use sim_wasm::telling::story::Layout;

/// All runs of a map, as its letters.
fn run(map: &Map) -> String {
    let scenario = scenario("limits").expect("it is in the catalogue");
    let base = map.knobs.iter().try_fold(scenario.defaults(), |values, (knob, value)| values.set(knob, *value));
    let base = base.expect("the scenario offers it");
    let axes = [("interrupt-delay", &DELAYS[..]), ("bytes", &SIZES[..])];
    let axes = axes.map(|(knob, values)| Axis { knob: knob.to_owned(), values: values.to_vec() });
    let rows = sweep(&base, &axes, scenario.metrics, 0).expect("the scenario offers it");
    let line = |line: &[sim_wasm::telling::scenario::sweep::Row]| {
        line.iter().map(|row| letter(limiter(10_000, &row.numbers))).chain(['\n']).collect::<String>()
    };
    rows.chunks(SIZES.len()).map(line).collect()
}

/// The runs are what pages tell. A change here is a change of behaviour: look at it, then run with `UPDATE_GOLDEN=1` to
/// accept it.
#[test]
fn every_cell_is_what_its_run_came_to() {
    for (map, preset) in MAPS.iter().zip(FIGURE.presets) {
        let found = run(map);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            let path = format!("{}/src/telling/map/{}.txt", env!("CARGO_MANIFEST_DIR"), preset.name);
            std::fs::write(path, &found).expect("the file can be written");
        } else {
            assert_eq!(found, map.letters, "{}", preset.name);
        }
    }
}

fn cells() -> impl Iterator<Item = (&'static Map, usize, usize)> {
    let of_map = |map| (0..DELAYS.len()).flat_map(move |row| (0..SIZES.len()).map(move |column| (map, row, column)));
    MAPS.iter().flat_map(of_map)
}

/// Where one thing costs half as much again as any other, it is the limit.
#[test]
fn far_from_the_borders_little_is_right() {
    let mut far = 0;
    for (map, row, column) in cells() {
        let mut costs = map.costs(row, column);
        costs.sort_by_key(|(_, nanos)| *nanos);
        let [.., second, most] = costs;
        if most.1 * 2 > second.1 * 3 {
            far += 1;
            assert_eq!(map.at(row, column), most.0, "{} µs, {} bytes: {costs:?}", DELAYS[row], SIZES[column]);
        }
    }
    assert!(far > 800, "{far} of {}", cells().count());
}

fn value(preset: usize, quantity: &str) -> u64 {
    Player::new(&FIGURE, preset).quantity(quantity).expect("the figure counts it")
}

#[test]
fn what_the_maps_teach() {
    let [classic, four, few, copies] = [0, 1, 2, 3];
    for preset in 0..FIGURE.presets.len() {
        let parts = ["guest-cells", "ring-cells", "pool-cells", "descriptor-cells", "wire-cells"];
        let sum: u64 = parts.iter().map(|part| value(preset, part)).sum();
        assert_eq!((sum, value(preset, "cells")), (432, 432));
        assert!(value(preset, "as-predicted") > 380, "{}", value(preset, "as-predicted"));
    }
    // One ring is the limit of one guest; of four, it is the pool that they share.
    assert!(value(classic, "ring-cells") > 80 && value(classic, "pool-cells") == 0);
    assert!(value(four, "pool-cells") > 80 && value(four, "ring-cells") == 0);
    // 256 descriptors are gone before 236 slots, since a packet of one slot takes two of them.
    assert!(value(few, "descriptor-cells") > 80 && value(few, "ring-cells") < value(classic, "ring-cells"));
    // Who answers at once is held back by nobody but the wire, and the delay plays no part.
    assert_eq!(value(copies, "ring-cells") + value(copies, "pool-cells"), 0);
    assert!(
        (0..SIZES.len())
            .all(|column| (0..DELAYS.len()).all(|row| MAPS[copies].at(row, column) == MAPS[copies].at(0, column)))
    );
    // A faster wire changes nothing where the wire is not the limit.
    let wire = (0..4).map(|preset| Player::new(&FIGURE, preset).answer().expect("it asks").value);
    assert!(wire.zip(0..4).all(|(answer, preset)| u64::from(answer) + value(preset, "wire-cells") == 432));
}

#[test]
fn packets_of_64_bytes_keep_no_slot() {
    let column = SIZES.iter().position(|size| *size == 64).expect("a column");
    let last = DELAYS.len() - 1;
    assert_eq!((MAPS[0].at(last, column), MAPS[0].at(last, column + 1)), (Limiter::Guest, Limiter::Ring));
}

/// Each cell leads to a run of the figure that shows one.
#[test]
fn cells_lead_to_runs() {
    let svg = Player::new(&FIGURE, 0).page_svg(Layout::Wide);
    let states: Vec<&str> = svg.split("<a href=\"#").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(states.len(), 432);
    assert!(states.iter().all(|state| Player::open(state).is_ok()), "{states:?}");
    let elements = svg.matches('<').count() - svg.matches("</").count();
    assert!(elements < 1000, "{elements}");
}
