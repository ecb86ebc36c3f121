//! The numbers by which a unit knows domains.

use proptest::collection::vec;
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use sim_wasm::hypervisor::passthrough::dids::{Dids, Holder};
use sim_wasm::hypervisor::vtd::structures::Did;
use sim_wasm::words::ids::DomId;

use crate::world::{DOM1, DOM2};

/// XSA-399: a number that is freed while another processor takes one.
#[test]
fn a_number_s_owner_is_cleared_before_the_number_is_free() {
    let (gone, new) = (Holder::Domain(DOM1), Holder::Domain(DOM2));
    let mut right = Dids::new(1, false);
    let did = right.take(gone).expect("one is free");
    right.clear_holder(did);
    assert_eq!(right.take(new), None, "not yet");
    right.clear_bit(did);
    assert_eq!((right.take(new), right.of(new)), (Some(did), Some(did)));

    let mut wrong = Dids::new(1, false);
    let did = wrong.take(gone).expect("one is free");
    wrong.clear_bit(did);
    assert_eq!(wrong.take(new), Some(did));
    wrong.clear_holder(did);
    assert_eq!((wrong.of(new), wrong.is_in_use(did)), (None, true), "in use, and nobody's: it will never be flushed");
}

proptest! {
    /// Numbers that a unit knows domains by are unique, and who asks gets one while there is one.
    #[test]
    fn numbers_are_unique(
        takes in vec((0_u16..10, any::<bool>()), 1..60), numbers in 2_u32..8, caching in any::<bool>(),
    ) {
        let mut dids = Dids::new(numbers, caching);
        let mut held: Vec<(Holder, Did)> = Vec::new();
        let most = numbers as usize - usize::from(caching);
        for (domain, take) in takes {
            let holder = Holder::Domain(DomId(domain));
            let place = held.iter().position(|(other, _)| *other == holder);
            match (place, take) {
                (None, true) => {
                    let taken = dids.take(holder);
                    prop_assert_eq!(taken.is_some(), held.len() < most, "{:?} of {}", &held, most);
                    held.extend(taken.map(|did| (holder, did)));
                }
                (Some(place), false) => {
                    let (_, did) = held.swap_remove(place);
                    dids.clear_holder(did);
                    dids.clear_bit(did);
                }
                _ => (),
            }
            for domain in (0..10).map(|number| Holder::Domain(DomId(number))) {
                let known = held.iter().find(|(other, _)| *other == domain).map(|(_, did)| *did);
                prop_assert_eq!(dids.of(domain), known);
            }
            for did in (0..numbers as u16).map(Did) {
                let holders: Vec<Holder> = held.iter().filter(|(_, other)| *other == did).map(|(one, _)| *one).collect();
                prop_assert!(holders.len() <= 1, "{:?} stands for {:?}", did, holders);
                prop_assert_eq!(dids.holder(did), holders.first().copied());
                let nobodys = caching && did == Did(0);
                prop_assert_eq!(dids.is_in_use(did), nobodys || !holders.is_empty());
                prop_assert!(!nobodys || holders.is_empty(), "what is not present is remembered with 0");
            }
        }
    }
}
