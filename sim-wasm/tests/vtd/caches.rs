//! What a unit remembers, and what an invalidation leaves of it.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest};
use sim_wasm::hypervisor::memory::Memory;
use sim_wasm::hypervisor::vtd::caches::{ContextScope, IotlbScope};
use sim_wasm::hypervisor::vtd::capabilities::{CAP_CM, Capabilities};
use sim_wasm::hypervisor::vtd::fault::Fault;
use sim_wasm::hypervisor::vtd::invalidation::{Descriptor, Drain, Wait};
use sim_wasm::hypervisor::vtd::structures::{Did, Pte, address_of};
use sim_wasm::hypervisor::vtd::unit::Unit;
use sim_wasm::hypervisor::vtd::walk::Request;
use sim_wasm::hypervisor::vtd::write_requests::Ending;
use sim_wasm::words::ids::{Bdf, Mfn};

use crate::world::{STATUS, TREES, function, memory, put, submit, unit};

pub(crate) fn scopes() -> impl Strategy<Value = IotlbScope> {
    prop_oneof![
        Just(IotlbScope::Global),
        (1_u16..3).prop_map(|did| IotlbScope::Domain(Did(did))),
        (1_u16..3, 0_u64..4, 0_u8..2).prop_map(|(did, page, order)| IotlbScope::Pages {
            did: Did(did),
            first: page >> order << order,
            order
        }),
    ]
}

pub(crate) fn context_scopes() -> impl Strategy<Value = ContextScope> {
    prop_oneof![
        Just(ContextScope::Global),
        (0_u16..3).prop_map(|did| ContextScope::Domain(Did(did))),
        (0_u16..3, 0_u8..4, 0_u8..4).prop_map(|(did, number, mask)| ContextScope::Device {
            did: Did(did),
            source: function(number),
            mask
        }),
    ]
}

proptest! {
    /// Forgetting what is one domain's leaves what is another's.
    #[test]
    fn a_domain_s_invalidation_leaves_the_other_s_entries(pages in vec((0_u8..4, 0_u64..4), 1..12), scope in scopes()) {
        let mut memory = memory();
        let mut unit = unit(Capabilities::typical(), &mut memory);
        for (number, page) in pages {
            let found = unit.translate(&memory, Request::read(function(number), page << 12));
            prop_assert!(found.is_ok());
        }
        let named = match scope {
            IotlbScope::Global => return Ok(()),
            IotlbScope::Domain(did) | IotlbScope::Pages { did, .. } => did,
        };
        let others = |unit: &Unit| unit.iotlb().entries().filter(|entry| entry.did != named).collect::<Vec<_>>();
        let before = others(&unit);
        submit(&mut unit, &mut memory, &[Descriptor::Iotlb(scope, Drain::Nothing)]);
        prop_assert_eq!(others(&unit), before);
        if let IotlbScope::Pages { did, first, order } = scope {
            let left = unit.iotlb().entries().any(|entry| entry.did == did && entry.first >> order == first >> order);
            prop_assert!(!left);
        }
    }

    /// Forgetting context entries leaves those that were not named, and none that was.
    #[test]
    fn an_invalidation_of_context_entries_forgets_those_it_names(numbers in vec(0_u8..4, 1..8), scope in context_scopes()) {
        let mut memory = memory();
        let mut unit = unit(Capabilities::typical(), &mut memory);
        for number in numbers {
            prop_assert!(unit.translate(&memory, Request::read(function(number), 0)).is_ok());
        }
        let named = |source: Bdf, tag: Did| match scope {
            ContextScope::Global => true,
            ContextScope::Domain(did) => tag == did,
            ContextScope::Device { did, source: other, mask } => {
                let kept = [7, 3, 1, 0][usize::from(mask)];
                tag == did && (source.function() ^ other.function()) & kept == 0
            }
        };
        let before: Vec<_> = unit.contexts().entries().filter(|entry| !named(entry.source, entry.did())).collect();
        submit(&mut unit, &mut memory, &[Descriptor::Context(scope)]);
        prop_assert_eq!(unit.contexts().entries().collect::<Vec<_>>(), before);
    }

    /// Bounded caches, however many pages are asked for.
    #[test]
    fn remembering_one_thing_more_forgets_another(pages in vec(0_u64..512, 1..200)) {
        let mut memory = memory();
        for page in 0..512 {
            put(&mut memory, TREES[0][2], page as usize * 8, Pte::new(Mfn(16 + page % 8), 3).0);
        }
        let mut unit = unit(Capabilities::typical(), &mut memory);
        for page in pages {
            let found = unit.translate(&memory, Request::read(function(0), page << 12)).expect("it is mapped");
            prop_assert_eq!(found.address, address_of(Mfn(16 + page as u32 % 8)));
            prop_assert!(unit.iotlb().entries().count() <= 16);
        }
    }
}

#[test]
fn a_cleared_entry_stops_nothing_until_it_is_forgotten() {
    let mut memory = memory();
    let mut unit = unit(Capabilities::typical(), &mut memory);
    let card = function(0);
    let write = |unit: &mut Unit, memory: &mut Memory, byte| unit.dma_write(memory, card, 0x1000, &[byte]).ending;
    assert_eq!(write(&mut unit, &mut memory, 1), Ending::Done);
    put(&mut memory, TREES[0][2], 8, 0);
    assert_eq!(write(&mut unit, &mut memory, 2), Ending::Done);
    assert_eq!(memory.xen_page(Mfn(17)).read_u8(0), 2);
    let wait = Descriptor::Wait(Wait { status: Some((address_of(STATUS), 7)), interrupt: false });
    let pages = IotlbScope::Pages { did: Did(1), first: 1, order: 0 };
    submit(&mut unit, &mut memory, &[Descriptor::Iotlb(pages, Drain::ReadsAndWrites), wait]);
    assert_eq!(memory.xen_page(STATUS).read_u32(0), 7);
    assert_eq!(write(&mut unit, &mut memory, 3), Ending::Blocked(Fault::WriteDenied));
    assert_eq!(memory.xen_page(Mfn(17)).read_u8(0), 2);
}

#[test]
fn a_write_under_way_arrives_before_an_invalidation_that_drains_is_done() {
    for drain in [Drain::Nothing, Drain::ReadsAndWrites] {
        let mut memory = memory();
        let mut unit = unit(Capabilities::typical(), &mut memory);
        assert!(unit.post_write(&mut memory, function(0), 0xFFE, &[1, 2, 3, 4]).is_done());
        assert_eq!(unit.under_way().len(), 2, "one request for each page");
        submit(&mut unit, &mut memory, &[Descriptor::Iotlb(IotlbScope::Domain(Did(1)), drain)]);
        let left = unit.under_way().len();
        assert_eq!((drain, left), if left == 0 { (Drain::ReadsAndWrites, 0) } else { (Drain::Nothing, 2) });
        assert_eq!(memory.xen_page(Mfn(17)).read_u16(0) == 0x0403, left == 0);
    }
}

#[test]
fn a_unit_in_caching_mode_remembers_that_nothing_was_there() {
    for (capabilities, expect) in [
        (Capabilities::typical(), Ending::Done),
        (Capabilities::typical().with_cap(CAP_CM), Ending::Blocked(Fault::WriteDenied)),
    ] {
        let mut memory = memory();
        let mut unit = unit(capabilities, &mut memory);
        put(&mut memory, TREES[0][2], 0, 0);
        assert_eq!(unit.dma_write(&mut memory, function(0), 0, &[1]).ending, Ending::Blocked(Fault::WriteDenied));
        put(&mut memory, TREES[0][2], 0, Pte::new(Mfn(16), 3).0);
        assert_eq!(unit.dma_write(&mut memory, function(0), 0, &[1]).ending, expect);
    }
}
