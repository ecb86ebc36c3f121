//! What fuzzers play against the engine, played here too: every seed, so that a find stays found, and bytes drawn anew.

use std::fs;
use std::path::Path;

use proptest::prelude::{any, proptest};

#[path = "../../fuzz/src/engine/mod.rs"]
pub mod fuzz;

/// Plays all seeds of a target.
fn replay(target: &str, play: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds").join(target);
    let mut seeds = 0;
    for seed in fs::read_dir(folder).expect("each target has seeds") {
        let path = seed.expect("seeds can be listed").path();
        play(&fs::read(&path).expect("a seed can be read"));
        seeds += 1;
    }
    assert!(seeds > 5, "{target} has {seeds} seeds");
}

#[test]
fn seeds_are_played() {
    replay("grants_and_events", fuzz::grants_and_events::play);
    replay("machine", fuzz::machine::play);
    replay("netback", fuzz::netback::play);
    replay("netfront", fuzz::netfront::play);
    replay("ioreq", fuzz::ioreq::play);
    replay("pciif", fuzz::pciif::play);
    replay("remapping", fuzz::remapping::play);
    replay("state_link", fuzz::state_link::play);
}

proptest! {
    #[test]
    fn hypercalls_keep_the_machine_whole(data in proptest::collection::vec(any::<u8>(), 0..600)) {
        fuzz::grants_and_events::play(&data);
    }

    #[test]
    fn no_frontend_breaks_dom0(data in proptest::collection::vec(any::<u8>(), 0..300)) {
        fuzz::netback::play(&data);
    }

    #[test]
    fn no_backend_breaks_a_guest(data in proptest::collection::vec(any::<u8>(), 0..300)) {
        fuzz::netfront::play(&data);
    }

    #[test]
    fn machines_run_to_their_end(data in proptest::collection::vec(any::<u8>(), 0..80)) {
        fuzz::machine::play(&data);
    }

    #[test]
    fn no_guest_misleads_its_device_model(data in proptest::collection::vec(any::<u8>(), 0..300)) {
        fuzz::ioreq::play(&data);
    }

    #[test]
    fn no_tables_mislead_a_unit(data in proptest::collection::vec(any::<u8>(), 0..600)) {
        fuzz::remapping::play(&data);
    }

    #[test]
    fn no_guest_misleads_pciback(data in proptest::collection::vec(any::<u8>(), 0..300)) {
        fuzz::pciif::play(&data);
    }

    #[test]
    fn a_reader_can_do_nothing_wrong(figure in 0..32_u8, play in proptest::collection::vec(any::<u8>(), 0..40)) {
        let data: Vec<u8> = std::iter::once(figure).chain(play).collect();
        fuzz::state_link::play(&data);
    }
}
