//! Sources that something happened to.

use std::fs;

use proptest::prelude::{Strategy, any};
use proptest::sample::select;

/// The seeds of fuzzers, which are also what they found; there are `least` of them and more.
pub(crate) fn seeds(folder: &str, least: usize) -> Vec<Vec<u8>> {
    let folder = format!("{}/fuzz/seeds/{folder}", env!("CARGO_MANIFEST_DIR"));
    let mut seeds: Vec<_> =
        fs::read_dir(folder).expect("there are seeds").map(|seed| seed.expect("listed").path()).collect();
    seeds.sort();
    assert!(seeds.len() >= least, "{} seeds", seeds.len());
    seeds.into_iter().map(|seed| fs::read(seed).expect("a seed can be read")).collect()
}

/// One of the seeds with some of its parts cut out, doubled, or replaced by what trips readers up.
pub(crate) fn damaged(seeds: Vec<Vec<u8>>, trips: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let damage = (any::<u16>(), any::<u16>(), 0..4_usize, select(trips), any::<u8>());
    (select(seeds), proptest::collection::vec(damage, 0..6)).prop_map(|(mut bytes, damages)| {
        for (at, length, kind, trip, byte) in damages {
            let at = usize::from(at) % (bytes.len() + 1);
            let end = (at + usize::from(length) % 40).min(bytes.len());
            match kind {
                0 => drop(bytes.splice(at..end, trip.bytes())),
                1 => drop(bytes.splice(at..at, [byte])),
                2 => {
                    let copy = bytes[at..end].to_vec();
                    bytes.splice(at..at, copy);
                }
                _ => bytes.truncate(bytes.len().saturating_sub(length as usize % 20)),
            }
        }
        bytes
    })
}
